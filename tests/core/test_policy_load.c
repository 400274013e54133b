#include "tests/core/vectors.h"
#include "tests/stride.h"

#include "core/limits.h"
#include "core/policy.h"

static enum hp_status
load(const char *text, struct hp_policy **ret_policy, struct hp_error *err)
{
	*ret_policy = NULL;
	return hp_policy_load(text, strlen(text), ret_policy, err);
}

static struct hp_policy *
must_load(const char *text)
{
	struct hp_policy *policy;
	struct hp_error err = {0};
	cr_assert_eq(load(text, &policy, &err), HP_OK, "%u:%u: %s", err.line, err.column,
		     err.message);
	return policy;
}

/* Few classes: those of the shipped default are slow to compile. */
#define QUICK                                                                                      \
	"classes: [{name: read, match: []}, {name: delete, match: []}, {name: modify_iam, match: " \
	"[]}]\n"

/* --- what loads --- */

Test(policy_load, the_shipped_default)
{
	struct hp_policy *policy = must_load(hp_policy_default_text());
	const struct hp_policy_times *times = hp_policy_times(policy);
	cr_assert_eq(times->timeout_ms, 30 * 60 * 1000);
	cr_assert_eq(times->max_timeout_ms, 4 * 3600 * 1000);
	cr_assert_eq(times->extend_by_ms, 15 * 60 * 1000);
	cr_assert_eq(times->extend_times, 2);
	cr_assert_eq(times->grant_ttl_ms, 30 * 60 * 1000);
	cr_assert_eq(times->lease_ms, 60 * 1000);
	cr_assert_eq(times->lease_max_ms, 3600 * 1000);
	cr_assert(hp_policy_self_run(policy, "autonomous"));
	cr_assert(hp_policy_self_run(policy, "supervised"));
	cr_assert_not(hp_policy_self_run(policy, "gated"));
	cr_assert_not(hp_policy_self_run(policy, "no such tier"));
	cr_assert(hp_policy_has_environment(policy, "production"));
	cr_assert(hp_policy_has_environment(policy, "development"));
	cr_assert_not(hp_policy_has_environment(policy, "Production"));
	hp_policy_free(policy);
}

Test(policy_load, the_article_as_it_is)
{
	size_t len;
	char *text = read_source("tests/fixtures/article-policy.yaml", &len);
	struct hp_policy *policy = NULL;
	struct hp_error err = {0};
	cr_assert_eq(hp_policy_load(text, len, &policy, &err), HP_OK, "%u:%u: %s", err.line,
		     err.column, err.message);
	cr_assert(hp_policy_has_environment(policy, "production"));
	hp_policy_free(policy);
	free(text);
}

Test(policy_load, what_is_left_out_is_shipped)
{
	static const char *const texts[] = {
		"",
		QUICK "version: 1\n",
		QUICK "agent_constraints: ~\n",
		QUICK "permissions: {production: {read: {human: allow, supervised: allow, "
		      "autonomous: "
		"allow}}}\n",
		QUICK "approvals: {timeout: 5m}\n",
		QUICK "gateway: {}\n",
		QUICK "gateway: {rate_limits: [], budgets: [], redaction: {rules: [], patterns: "
		      "[]}, "
		"anomaly: {}}\n",
		QUICK "permissions: {task_scope: {production: optional}}\n",
		QUICK "tiers: [{name: all, effect: hold, spot_check: 0}]\n",
		QUICK "tiers: [{name: all, effect: hold, spot_check: 0.0}]\n",
		QUICK "environments: [{name: live, words: [live]}, {name: lab, words: [lab]}]\n",
		"classes: [{name: look, match: [\"*:Get*\"]}]\n",
		QUICK "agent_constraints: {destructive_actions: []}\n",
		QUICK "agent_constraints: {environment_rules: {staging: {blocked_operations: "
		"[delete]}}}\n",
		QUICK "approvals: {rules: [{effect: hold, require: [{groups: [dba], count: "
		      "1}]}]}\n",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		hp_policy_free(must_load(texts[i]));
}

Test(policy_load, version_is_of_the_bytes)
{
	static const uint8_t of_nothing[HP_HASH_BYTES] = {
		0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
		0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
		0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
	};
	struct hp_policy *empty = must_load("");
	struct hp_policy *one = must_load(QUICK);
	struct hp_policy *same = must_load(QUICK "# the same meaning in other bytes\n");
	size_t len;
	cr_assert_arr_eq(hp_policy_version(empty), of_nothing, HP_HASH_BYTES);
	cr_assert_neq(memcmp(hp_policy_version(one), hp_policy_version(same), HP_HASH_BYTES), 0);
	cr_assert_str_eq(hp_policy_text(one, &len), QUICK);
	cr_assert_eq(len, strlen(QUICK));
	hp_policy_free(empty);
	hp_policy_free(one);
	hp_policy_free(same);
}

/* --- what does not --- */

#define ROW "{human: allow, supervised: log, autonomous: hold}"

static const struct {
	const char *text;
	unsigned line, column;
	const char *message;
} bad[] = {
	{"version: 2\n", 1, 10, "\"version\" must be exactly 1"},
	{"version: one\n", 1, 10, "\"version\" must be an integer"},
	{"versoin: 1\n", 1, 1, "unknown key \"versoin\" (did you mean \"version\"?)"},
	{"[]\n", 1, 1, "policy must be a map"},
	{"version: 1\nversion: 1\n", 2, 1, "version"},
	{"a: &b 1\n", 1, 4, ""},
	{"default_environment: mars\n", 1, 22,
	 "default_environment: no environment \"mars\"; there are production, staging, "
	 "development"},
	{"environments: []\n", 1, 15, "\"environments\" must have 1 to 16 items"},
	{"environments:\n  - {name: a}\n", 2, 5, "\"environments[0].words\" is missing"},
	{"environments:\n  - {name: a, words: [x], word: y}\n", 2, 27, "unknown key \"word\""},
	{"environments:\n  - {name: a, words: [pre-prod]}\n", 2, 23,
	 "environments[0].words: a word of letters and digits"},
	{"environments:\n  - {name: a, words: [\"\"]}\n", 2, 23, "environments[0].words[0]"},
	{"environments:\n  - {name: a, words: [x]}\n  - {name: a, words: [y]}\n", 3, 12,
	 "environments[1].name: \"a\" is there twice"},
	{"environments:\n  - {name: other, words: [x]}\n", 2, 12, "\"other\" is reserved"},
	{"environments:\n  - {name: \"a b\", words: [x]}\n", 2, 12, "must be a name"},
	{"classes: []\n", 1, 10, "\"classes\" must have 1 to 64 items"},
	{"classes:\n  - {name: read}\n", 2, 5, "\"classes[0].match\" is missing"},
	{"classes:\n  - {name: unknown, match: []}\n", 2, 12, "\"unknown\" is reserved"},
	{"classes:\n  - {name: x, match: []}\n  - {name: x, match: []}\n", 3, 12,
	 "classes[1].name: \"x\" is there twice"},
	{"classes:\n  - {name: x, match: [\"!\"]}\n", 2, 23, "a glob cannot be empty"},
	{"classes:\n  - {name: x, match: [1]}\n", 2, 23, "must be a string"},

	{"agent_constraints:\n  destructive_action: []\n", 2, 3,
	 "unknown key \"destructive_action\" in \"agent_constraints\""},
	{"agent_constraints:\n  destructive_actions:\n    - {pattern: x}\n", 3, 7,
	 "policy\" is missing"},
	{"agent_constraints:\n  destructive_actions:\n    - {pattern: x, policy: MAYBE}\n", 3, 28,
	 "must be \"BLOCK\", \"BLOCK_AND_ESCALATE\" or \"REQUIRE_APPROVAL\""},
	{"agent_constraints:\n  destructive_actions:\n"
	 "    - {pattern: x, policy: REQUIRE_APPROVAL_IF_EXCEEDED}\n",
	 3, 28, "must be \"BLOCK\""},
	{"agent_constraints:\n  destructive_actions:\n    - {pattern: \"a(\", policy: BLOCK}\n", 3,
	 17, "agent_constraints.destructive_actions[0].pattern: "},
	{"agent_constraints:\n  destructive_actions:\n    - {pattern: \"a)|(b\", policy: BLOCK}\n",
	 3, 17, "agent_constraints.destructive_actions[0].pattern: "},
	{"agent_constraints:\n  destructive_actions:\n"
	 "    - {pattern: x, scope: moon, policy: BLOCK}\n",
	 3, 27, "no environment \"moon\""},
	{"agent_constraints:\n  change_magnitude: {max_resources_affected: -1}\n", 2, 46,
	 "max_resources_affected\" must be"},
	{"agent_constraints:\n  change_magnitude: {max_resources_affected: many}\n", 2, 46,
	 "must be an integer"},
	{"agent_constraints:\n  change_magnitude: {max_cost_impact_usd: -0.5}\n", 2, 43,
	 "max_cost_impact_usd\" must be"},
	{"agent_constraints:\n  change_magnitude: {policy: hold}\n", 2, 30, "REQUIRE_APPROVAL"},
	{"agent_constraints:\n  change_magnitude: {hard_max_resources_affected: 3}\n", 2, 51,
	 "3 is below max_resources_affected 5"},
	{"agent_constraints:\n  change_magnitude: {max_resources_affected: 60}\n", 2, 46,
	 "50, the shipped default, is below max_resources_affected 60"},
	{"agent_constraints:\n  environment_rules: {prod: {}}\n", 2, 23,
	 "no environment \"prod\"; there are production, staging, development"},
	{"agent_constraints:\n  environment_rules: {production: {allowed: []}}\n", 2, 36,
	 "unknown key \"allowed\""},
	{"agent_constraints:\n  environment_rules: {production: {allowed_operations: [raed]}}\n", 2,
	 57, "no class \"raed\"; there are read, minor_update"},
	{"agent_constraints:\n  environment_rules:\n    production: {allowed_operations: [read], "
	 "blocked_operations: [read]}\n",
	 3, 66, "class \"read\" is both allowed and blocked"},
	{"agent_constraints:\n  confidence: {min: 1.5}\n", 2, 21,
	 "\"agent_constraints.confidence.min\""},
	{"agent_constraints:\n  confidence: {min: 0.5, policy: ASK}\n", 2, 34, "must be \"BLOCK\""},
	{"agent_constraints:\n  context: {alternatives: maybe}\n", 2, 27,
	 "must be \"flag\" or \"require\""},

	{"permissions:\n  mars: {read: " ROW "}\n", 2, 3,
	 "no environment \"mars\"; there are production, staging, development, other"},
	{"permissions:\n  production: {raed: " ROW "}\n", 2, 16, "no class \"raed\""},
	{"permissions:\n  production: {read: {human: allow, supervised: log}}\n", 2, 22,
	 "autonomous\" is missing"},
	{"permissions:\n  production: {read: {human: yes, supervised: log, autonomous: log}}\n", 2,
	 30, "must be \"allow\", \"log\""},
	{"permissions:\n  production: {read: {robot: allow}}\n", 2, 23, "unknown key \"robot\""},
	{"permissions:\n  task_scope: {mars: required}\n", 2, 16, "no environment of that name"},
	{"permissions:\n  task_scope: {production: maybe}\n", 2, 28,
	 "must be \"optional\" or \"required\""},

	{"gateway:\n  rate_limits: [{environment: mars, per_minute: 5, effect: block}]\n", 2, 31,
	 "no environment \"mars\""},
	{"gateway:\n  rate_limits: [{except: [raed], per_minute: 5, effect: block}]\n", 2, 27,
	 "no class \"raed\""},
	{"gateway:\n  rate_limits: [{per_minute: 0, effect: block}]\n", 2, 30, "per_minute\" must"},
	{"gateway:\n  rate_limits: [{per_minute: 5}]\n", 2, 17, "effect\" is missing"},
	{"gateway:\n  budgets: [{window: 24, max_cost_usd: 5, effect: hold}]\n", 2, 22,
	 "must be a duration"},
	{"gateway:\n  budgets: [{window: 24h, effect: hold}]\n", 2, 13,
	 "max_cost_usd\" is missing"},
	{"gateway:\n  redaction: {rules: [names]}\n", 2, 23,
	 "must be \"pii\", \"phi\" or \"secrets\""},
	{"gateway:\n  redaction: {patterns: [\"a(\"]}\n", 2, 26, "gateway.redaction.patterns[0]: "},
	{"gateway:\n  redaction:\n    patterns:\n    - ok\n    - {name: n, pattern: \"a*\"}\n", 5, 26,
	 "gateway.redaction.patterns[1]: pattern \"a*\": matches the empty text"},
	{"gateway:\n  redaction: {patterns: [\"(ab|c){9999}\"]}\n", 2, 26, "too much to unroll"},
	{"gateway:\n  redaction: {patterns: [\"(ab+)+c\"]}\n", 2, 26, "without end within another"},
	{"gateway:\n  redaction: {patterns: [\"((x|a*)b){2,}\"]}\n", 2, 26,
	 "without end within another"},
	{"gateway:\n  redaction: {patterns: [{name: \"a b\", pattern: x}]}\n", 2, 49, "name is 1 to 64"},
	{"gateway:\n  redaction: {patterns: [{name: a}]}\n", 2, 26, "pattern\" is missing"},
	{"gateway:\n  redaction: {patterns: [7]}\n", 2, 26, "must be a string or a map"},
	{"gateway:\n  anomaly: {first_time: block}\n", 2, 25, "must be \"alert\" or \"hold\""},
	{"gateway:\n  pending_cap: 0\n", 2, 16, "pending_cap\" must be"},
	{"gateway:\n  bytes_per_day: lots\n", 2, 18, "must be a size"},
	{"gateway:\n  limits: []\n", 2, 3, "unknown key \"limits\""},

	{"approvals:\n  timeout: 30\n", 2, 12, "must be a duration"},
	{"approvals:\n  timeout: 5h\n", 2, 12, "approvals.timeout: longer than max_timeout"},
	{"approvals:\n  max_timeout: 5m\n", 2, 16, "approvals.timeout: longer than max_timeout"},
	{"approvals:\n  lease: 2h\n", 2, 10, "approvals.lease: longer than lease_max"},
	{"approvals:\n  extend: {by: 5m}\n", 2, 11, "extend.times\" is missing"},
	{"approvals:\n  rules: [{effect: block, require: []}]\n", 2, 20,
	 "must be \"hold\", \"admin\" or \"escalate\""},
	{"approvals:\n  rules: [{effect: hold, require: []}]\n", 2, 35, "1 to 16 items"},
	{"approvals:\n  rules: [{effect: hold, require: [{groups: [], count: 1}]}]\n", 2, 45,
	 "1 to 16 items"},
	{"approvals:\n  rules: [{effect: hold, require: [{groups: [a], count: 0}]}]\n", 2, 57,
	 "count\" must be"},
	{"approvals:\n  rules: [{effect: hold, require: [{groups: [a, a], count: 1}]}]\n", 2, 49,
	 "group \"a\" is there twice"},
	{"approvals:\n  rules: [{effect: hold, require: [{groups: [a, b], count: 1}, {groups: "
	 "[b, a], count: 1}]}]\n",
	 2, 64, "the same groups twice"},
	{"approvals:\n  rules:\n    - {effect: hold, require: [{groups: [a], count: 9}, {groups: "
	 "[b], count: 9}]}\n",
	 3, 7, "more than 16 persons"},
	{"approvals:\n  escalate_after: [{after: 10m}]\n", 2, 20, "groups\" is missing"},
	{"approvals:\n  self_run: [automatic]\n", 2, 14,
	 "no tier \"automatic\"; there are autonomous, supervised"},

	{"tiers: []\n", 1, 8, "\"tiers\" must have 1 to 64 items"},
	{"tiers:\n  - {name: a, classes: [read], effect: allow}\n", 2, 5,
	 "the last tier must take whatever the others leave"},
	{"tiers:\n  - {name: a, classes: [raed], effect: allow}\n  - {name: b, effect: hold}\n", 2,
	 25, "no class \"raed\""},
	{"tiers:\n  - {name: a, environments: [mars], effect: allow}\n  - {name: b, effect: "
	 "hold}\n",
	 2, 30, "no environment \"mars\""},
	{"tiers:\n  - {name: a}\n", 2, 5, "effect\" is missing"},
	{"tiers:\n  - {name: a, effect: hold, spot_check: 0.00001}\n", 2, 41, "at least 0.0001"},
	{"tiers:\n  - {name: a, effect: hold, spot_check: 2}\n", 2, 41, "spot_check\" must be"},
};

Test(policy_load, what_is_wrong_has_its_place)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct hp_policy *policy;
		struct hp_error err = {0};
		cr_expect_eq(load(bad[i].text, &policy, &err), HP_INVALID, "%s", bad[i].text);
		cr_expect_null(policy);
		cr_expect_eq(err.line, bad[i].line, "%s%u:%u: %s", bad[i].text, err.line,
			     err.column, err.message);
		cr_expect_eq(err.column, bad[i].column, "%s%u:%u: %s", bad[i].text, err.line,
			     err.column, err.message);
		cr_expect_not_null(strstr(err.message, bad[i].message), "%s%s", bad[i].text,
				   err.message);
		hp_policy_free(policy);
	}
}

/* A line of the shipped default is never taken for one of the file's. */
Test(policy_load, faults_of_the_shipped_part_say_so)
{
	struct hp_policy *policy;
	struct hp_error err = {.line = 7, .column = 7};
	cr_assert_eq(load("tiers: [{name: all, effect: hold}]\n"
			  "classes: [{name: read, match: [\"*\"]}]\n"
			  "approvals: {escalate_after: [{after: 1m, groups: [x]}]}\n",
			  &policy, &err),
		     HP_OK, "%s", err.message);
	hp_policy_free(policy);
	cr_assert_eq(load("approvals: {timeout: 1s, max_timeout: 30s, lease_max: 59s}\n", &policy,
			  &err),
		     HP_INVALID);
	cr_assert_eq(err.line, 1);
	cr_assert_eq(err.column, 55);
}

/* What is slow to compile comes first and is little: see QUICK. */
static const char whole[] =
	"classes: [{name: read, match: [\"*:Get*\"]}, {name: delete, match: [\"*:Delete*\"]}]\n"
	"gateway: {redaction: {rules: [], patterns: [\"x[0-9]\"]}}\n"
	"version: 1\n"
	"environments: [{name: live, words: [live, prod]}, {name: lab, words: [lab]}]\n"
	"default_environment: live\n"
	"agent_constraints:\n"
	"  destructive_actions:\n"
	"    - {pattern: \"delete|drop\", scope: live, policy: BLOCK, message: no}\n"
	"  change_magnitude:\n"
	"    max_resources_affected: 2\n"
	"    max_cost_impact_usd: 0.5\n"
	"    policy: REQUIRE_APPROVAL\n"
	"    hard_max_resources_affected: 9\n"
	"  environment_rules:\n"
	"    live: {allowed_operations: [read], blocked_operations: [delete]}\n"
	"  confidence: {min: 0.5, policy: BLOCK_AND_ESCALATE}\n"
	"  context: {alternatives: require, rollback: flag}\n"
	"permissions:\n"
	"  live: {read: " ROW ", other: " ROW "}\n"
	"  task_scope: {live: optional}\n"
	"approvals:\n"
	"  extend: {by: 1m, times: 1}\n"
	"  rules: [{effect: hold, require: [{groups: [a, b], count: 2}]}]\n"
	"  escalate_after: [{after: 30s, groups: [d]}]\n"
	"  self_run: [open]\n"
	"tiers: [{name: open, classes: [read], effect: log}, {name: gated, effect: hold}]\n";

Test(policy_load, a_file_cut_anywhere_never_crashes)
{
	size_t refused = 0, cuts = 0;
	hp_policy_free(must_load(whole));
	for (size_t cut = 1; cut < strlen(whole); cut += stride(3)) {
		struct hp_policy *policy = NULL;
		struct hp_error err = {0};
		enum hp_status status = hp_policy_load(whole, cut, &policy, &err);
		cr_assert((status == HP_OK) == (policy != NULL));
		refused += status != HP_OK;
		cuts++;
		if (status != HP_OK)
			cr_assert(err.message[0] && (err.line || strstr(err.message, "shipped")),
				  "at %zu: %s", cut, err.message);
		hp_policy_free(policy);
	}
	cr_assert_gt(refused, cuts / 2);
}

Test(policy_load, a_file_has_a_size)
{
	struct hp_policy *policy = NULL;
	struct hp_error err = {0};
	char *text = malloc(HP_LIMIT_POLICY_BYTES + 1);
	memset(text, '\n', HP_LIMIT_POLICY_BYTES + 1);
	memcpy(text, QUICK, strlen(QUICK));
	cr_assert_eq(hp_policy_load(text, HP_LIMIT_POLICY_BYTES, &policy, &err), HP_OK, "%s",
		     err.message);
	hp_policy_free(policy);
	cr_assert_eq(hp_policy_load(text, HP_LIMIT_POLICY_BYTES + 1, &policy, &err), HP_TOO_LARGE);
	free(text);
}

/* --- quorums against principals --- */

struct person {
	const char *name, *person;
	unsigned roles;
	const char *groups[4];
	bool revoked;
};

static enum hp_status
check(const char *text, const struct person *people, size_t count, struct hp_error *err)
{
	struct hp_policy *policy = must_load(text);
	struct hp_principal *principals = calloc(count, sizeof *principals);
	struct hp_directory *directory = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t groups = 0;
		while (groups < 4 && people[i].groups[groups])
			groups++;
		principals[i] = (struct hp_principal){
			.name = people[i].name,
			.roles = people[i].roles,
			.person = people[i].person,
			.owner = "",
			.audience = "",
			.groups = people[i].groups,
			.group_count = groups,
			.curve_public = {(uint8_t)(i + 1)},
			.sign_public = {(uint8_t)(i + 1)},
			.has_sign = true,
			.revoked = people[i].revoked,
		};
	}
	cr_assert_eq(hp_directory_new(principals, count, &directory, err), HP_OK, "%s",
		     err->message);
	enum hp_status status = hp_policy_check_quorums(policy, directory, err);
	hp_directory_free(directory);
	free(principals);
	hp_policy_free(policy);
	return status;
}

#define R HP_ROLE_REVIEWER

Test(policy_load, quorums_need_their_persons)
{
	static const struct {
		const char *text;
		struct person people[4];
		size_t count;
		const char *message; /* NULL: can be filled */
		unsigned line;
	} cases[] = {
		{QUICK, {{"a", "ana", R, {"oncall", "admins", "leads"}, false},
		      {"b", "ben", R, {"oncall", "admins", "leads"}, false},
		      {"c", "cleo", R, {"oncall", "admins", "leads"}, false}},
		 3, NULL, 0},
		/* as `init` makes them */
		{QUICK, {{"a", "ana", R, {"oncall", "dba", "leads", "admins"}, false},
		      {"b", "ben", R, {"oncall", "dba", "leads", "admins"}, false}},
		 2, NULL, 0},
		/* every slot has its person, and it is the same one */
		{QUICK "approvals:\n  rules:\n    - {effect: hold, require: "
		       "[{groups: [dba], count: 1}, {groups: [leads], count: 1}]}\n",
		 {{"a", "ana", R, {"oncall", "admins"}, false},
		  {"b", "ben", R, {"oncall", "dba", "leads"}, false}},
		 2, "approvals.rules[0]: needs 2 distinct persons, and these groups fill 1", 4},
		{QUICK, {{"a", "ana", R, {"oncall", "leads"}, false},
		      {"b", "ben", R, {"oncall", "leads"}, false}},
		 2, "approvals.rules[1]: no reviewer is in group \"admins\"", 0},
		{QUICK, {{"a", "ana", R, {"oncall", "admins"}, false},
		      {"b", "ben", R, {"oncall"}, false},
		      {"c", "cleo", R, {"admins"}, false}},
		 3, "approvals.escalate_after[0]: no reviewer is in group \"leads\"", 0},
		/* two keys of one person are one person */
		{QUICK, {{"a", "ana", R, {"oncall", "admins", "leads"}, false},
		      {"a2", "ana", R, {"oncall"}, false}},
		 2, "asks for 2 persons of oncall, and there is 1", 0},
		/* the revoked and the rest do not count */
		{QUICK, {{"a", "ana", R, {"oncall", "admins", "leads"}, false},
		      {"b", "ben", R, {"oncall"}, true},
		      {"c", "cleo", HP_ROLE_AUDITOR, {"oncall"}, false}},
		 3, "asks for 2 persons of oncall, and there is 1", 0},
		{QUICK "approvals:\n  rules:\n    - {effect: hold, require: [{groups: [dba], "
		 "count: 2}]}\n",
		 {{"a", "ana", R, {"oncall", "admins", "leads"}, false},
		  {"b", "ben", R, {"oncall", "dba"}, false}},
		 2, "approvals.rules[0]: asks for 2 persons of dba, and there is 1", 4},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_error err = {0};
		enum hp_status status =
			check(cases[i].text, cases[i].people, cases[i].count, &err);
		cr_expect_eq(status, cases[i].message ? HP_INVALID : HP_OK, "case %zu: %s", i,
			     err.message);
		if (cases[i].message) {
			cr_expect_not_null(strstr(err.message, cases[i].message), "case %zu: %s",
					   i, err.message);
			cr_expect_eq(err.line, cases[i].line, "case %zu", i);
		}
	}
}

/* Nobody needs a group that the policy never asks for. */
Test(policy_load, quorums_of_effects_that_cannot_be_are_not_asked_for)
{
	static const struct person people[] = {{"a", "ana", R, {"oncall"}, false}};
	struct hp_error err = {0};
	const char *text = QUICK
			   "permissions:\n"
			   "  production: {other: {human: hold, supervised: hold, autonomous: "
			   "block}}\n"
			   "  other: {other: {human: log, supervised: log, autonomous: hold}}\n"
			   "agent_constraints: {destructive_actions: []}\n"
			   "approvals: {escalate_after: []}\n";
	cr_assert_eq(check(text, people, 1, &err), HP_OK, "%s", err.message);
}

/* --- lint --- */

struct warnings {
	char text[2048];
};

static void
collect(void *context, unsigned line, const char *message)
{
	struct warnings *warnings = context;
	size_t len = strlen(warnings->text);
	snprintf(warnings->text + len, sizeof warnings->text - len, "%u: %s\n", line, message);
}

Test(policy_load, lint_tells_what_nothing_reaches)
{
	static const struct {
		const char *text, *warnings;
	} cases[] = {
		{"", ""},
		{QUICK "approvals:\n  rules:\n"
		       "    - {effect: hold, require: [{groups: [a], count: 1}]}\n"
		 "    - {effect: hold, require: [{groups: [b], count: 1}]}\n",
		 "5: approvals.rules[1]: never reached; an earlier rule takes \"hold\"\n"},
		{QUICK "tiers:\n  - {name: a, effect: hold}\n  - {name: b, effect: hold}\n",
		 "4: tiers[1]: never reached; earlier tiers take all that \"b\" could\n"},
		{"classes: [{name: read, match: []}, {name: x, match: []}]\npermissions:\n"
		 "  production: {read: " ROW "}\n",
		 "3: permissions.production.other: class \"x\" has no row and there is no row "
		 "`other`: it is blocked in production\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_policy *policy = must_load(cases[i].text);
		struct warnings warnings = {""};
		hp_policy_lint(policy, collect, &warnings);
		cr_expect_str_eq(warnings.text, cases[i].warnings);
		hp_policy_free(policy);
	}
	struct hp_policy *policy = must_load(hp_policy_default_text());
	struct warnings warnings = {""};
	hp_policy_lint(policy, collect, &warnings);
	cr_expect_str_empty(warnings.text);
	hp_policy_free(policy);
}

/* --- effects --- */

Test(policy_load, effects_and_verdicts)
{
	static const struct {
		enum hp_effect effect;
		const char *name, *verdict;
	} cases[] = {
		{HP_EFFECT_ALLOW, "allow", "allow"}, {HP_EFFECT_LOG, "log", "log"},
		{HP_EFFECT_HOLD, "hold", "hold"},    {HP_EFFECT_ADMIN, "admin", "hold"},
		{HP_EFFECT_ESCALATE, "escalate", "hold"}, {HP_EFFECT_BLOCK, "block", "block"},
	};
	enum hp_effect read = HP_EFFECT_LOG;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		cr_assert_eq(cases[i].effect, i, "strictest last");
		cr_assert_str_eq(hp_effect_name(cases[i].effect), cases[i].name);
		cr_assert_str_eq(hp_effect_verdict(cases[i].effect), cases[i].verdict);
		cr_assert(hp_effect_parse(cases[i].name, &read));
		cr_assert_eq(read, cases[i].effect);
	}
	cr_assert_not(hp_effect_parse("BLOCK", &read));
	cr_assert_str_eq(hp_effect_name((enum hp_effect)99), "block");
	cr_assert_str_eq(hp_effect_verdict((enum hp_effect)99), "block");
}
