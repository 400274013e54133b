#include "tests/core/vectors.h"

#include "core/policy.h"

/* The principals that `init` makes, as far as they ask for something. */
static const struct hp_principal askers[] = {
	{.name = "demo-agent", .roles = HP_ROLE_AGENT, .mode = HP_MODE_AUTONOMOUS, .person = "",
	 .owner = "dev", .audience = ""},
	{.name = "demo-agent-supervised", .roles = HP_ROLE_AGENT, .mode = HP_MODE_SUPERVISED,
	 .person = "", .owner = "dev", .audience = ""},
	{.name = "developer", .roles = HP_ROLE_HUMAN, .mode = HP_MODE_HUMAN, .person = "dev",
	 .owner = "", .audience = ""},
	/* Not of `init`: what speaks for software though nothing says how. */
	{.name = "gateway", .roles = HP_ROLE_GATEWAY, .mode = HP_MODE_HUMAN, .person = "",
	 .owner = "", .audience = ""},
};

static const struct hp_principal *
asker(const char *name)
{
	for (size_t i = 0; i < sizeof askers / sizeof askers[0]; i++)
		if (strcmp(askers[i].name, name) == 0)
			return &askers[i];
	cr_assert_fail("no principal %s", name);
	return NULL;
}

static struct hp_policy *
load(const char *text)
{
	struct hp_policy *policy = NULL;
	struct hp_error err = {0};
	cr_assert_eq(hp_policy_load(text, strlen(text), &policy, &err), HP_OK, "%u:%u: %s",
		     err.line, err.column, err.message);
	return policy;
}

static struct hp_verdict
judge_map(const struct hp_policy *policy, struct hp_arena *arena,
	  const struct hp_principal *principal, const struct hp_value *map)
{
	struct hp_request request;
	struct hp_verdict verdict = {0};
	struct hp_error err = {0};
	cr_assert_eq(hp_request_parse(arena, map, HP_REQUEST_EXEC, &request, &err), HP_OK,
		     "%u:%u: %s", err.line, err.column, err.message);
	cr_assert_eq(hp_policy_evaluate(policy, arena, principal, &request, &verdict, &err), HP_OK,
		     "%s", err.message);
	return verdict;
}

static struct hp_verdict
judge(const struct hp_policy *policy, struct hp_arena *arena, const char *as, const char *text)
{
	const struct hp_value *map = NULL;
	struct hp_error err = {0};
	cr_assert_eq(hp_yaml_load(arena, text, strlen(text), &map, &err), HP_OK, "%s: %s", text,
		     err.message);
	return judge_map(policy, arena, asker(as), map);
}

static const struct hp_finding *
find(const struct hp_verdict *verdict, const char *rule)
{
	for (size_t i = 0; i < verdict->finding_count; i++)
		if (strcmp(verdict->findings[i].rule, rule) == 0)
			return &verdict->findings[i];
	return NULL;
}

static bool
has(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* "delete unknown" */
static const char *
joined(struct hp_arena *arena, const char *const *names, size_t count)
{
	struct hp_buf buf = {0};
	for (size_t i = 0; i < count; i++)
		hp_buf_printf(&buf, "%s%s", i ? " " : "", names[i]);
	const char *text = hp_arena_strdup(arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return text;
}

static const char *
told(struct hp_arena *arena, const struct hp_verdict *verdict)
{
	struct hp_buf buf = {0};
	hp_buf_printf(&buf, "%s in %s, tier %s, class %s", hp_effect_name(verdict->effect),
		      verdict->environment, verdict->tier,
		      joined(arena, verdict->classes, verdict->class_count));
	for (size_t i = 0; i < verdict->finding_count; i++)
		hp_buf_printf(&buf, "\n  %u %s → %s: %s", verdict->findings[i].layer,
			      verdict->findings[i].rule,
			      hp_effect_name(verdict->findings[i].effect),
			      verdict->findings[i].message);
	const char *text = hp_arena_strdup(arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return text;
}

/* --- the shipped cases --- */

/* A string or a list of them. */
static size_t
count_of(const struct hp_value *names)
{
	return names && names->type == HP_STR ? 1 : hp_value_count(names);
}

static const char *
name_at(const struct hp_value *names, size_t index)
{
	return names->type == HP_STR ? names->str.p : hp_array_get(names, index)->str.p;
}

static void
check_word(const char *expected, const char *found, const char *what, const char *where,
	   const char *story)
{
	if (expected)
		cr_expect_str_eq(found, expected, "%s: %s expected %s, found %s", where, what,
				 expected, story);
}

static void
check_case(struct hp_arena *arena, const char *path, const struct hp_value *one,
	   const struct hp_verdict *verdict)
{
	const struct hp_value *expect = hp_map_get(one, "expect");
	const struct hp_value *class = hp_map_get(expect, "class");
	const struct hp_value *not_class = hp_map_get(expect, "not_class");
	const struct hp_value *rule = hp_map_get(expect, "rule");
	const char *story = told(arena, verdict);
	const char *where = hp_arena_printf(arena, "%s:%u: %s", path, one->line,
					    hp_map_get_str(one, "name", "?"));
	cr_assert_gt(hp_value_count(expect), 0, "%s", where);
	check_word(hp_map_get_str(expect, "verdict", NULL), hp_effect_verdict(verdict->effect),
		   "verdict", where, story);
	check_word(hp_map_get_str(expect, "effect", NULL), hp_effect_name(verdict->effect),
		   "effect", where, story);
	check_word(hp_map_get_str(expect, "environment", NULL), verdict->environment,
		   "environment", where, story);
	check_word(hp_map_get_str(expect, "tier", NULL), verdict->tier, "tier", where, story);
	for (size_t i = 0; i < count_of(class); i++)
		cr_expect(has(verdict->classes, verdict->class_count, name_at(class, i)),
			  "%s: no class %s in %s", where, name_at(class, i), story);
	for (size_t i = 0; i < count_of(not_class); i++)
		cr_expect_not(has(verdict->classes, verdict->class_count, name_at(not_class, i)),
			      "%s: class %s in %s", where, name_at(not_class, i), story);
	for (size_t i = 0; i < count_of(rule); i++)
		cr_expect_not_null(find(verdict, name_at(rule, i)), "%s: no finding of %s in %s",
				   where, name_at(rule, i), story);
}

static void
run_cases(const char *path)
{
	struct hp_arena file = {0};
	size_t len;
	char *text = read_source(path, &len);
	const struct hp_value *cases = NULL;
	struct hp_error err = {0};
	struct hp_policy *policy = load(hp_policy_default_text());
	cr_assert_eq(hp_yaml_load(&file, text, len, &cases, &err), HP_OK, "%s:%u: %s", path,
		     err.line, err.message);
	cr_assert_gt(hp_value_count(cases), 0);
	for (size_t i = 0; i < hp_value_count(cases); i++) {
		struct hp_arena arena = {0};
		const struct hp_value *one = hp_array_get(cases, i);
		struct hp_verdict verdict =
			judge_map(policy, &arena, asker(hp_map_get_str(one, "as", "")),
				  hp_map_get(one, "request"));
		check_case(&arena, path, one, &verdict);
		hp_arena_release(&arena);
	}
	hp_policy_free(policy);
	hp_arena_release(&file);
	free(text);
}

Test(policy, shipped_cases_of_the_article)
{
	run_cases("tests/policy/article.yaml");
}

Test(policy, shipped_cases_of_the_incident)
{
	run_cases("tests/policy/kiro.yaml");
}

Test(policy, shipped_cases_of_evasion)
{
	run_cases("tests/policy/evasion.yaml");
}

/* --- the incident, whole --- */

static const char *
read_text(struct hp_arena *arena, const char *path)
{
	size_t len;
	char *bytes = read_source(path, &len);
	const char *text = hp_arena_copy(arena, bytes, len);
	free(bytes);
	return text;
}

static struct hp_verdict
judge_fixture(const struct hp_policy *policy, struct hp_arena *arena, const char *as,
	      const char *path)
{
	return judge(policy, arena, as, read_text(arena, path));
}

Test(policy, kiro_delete_is_escalated)
{
	struct hp_arena arena = {0};
	struct hp_policy *policy = load(hp_policy_default_text());
	struct hp_verdict verdict = judge_fixture(policy, &arena, "demo-agent",
						  "tests/fixtures/kiro-delete.yaml");
	cr_assert_eq(verdict.effect, HP_EFFECT_ESCALATE);
	cr_assert_str_eq(verdict.environment, "production");
	cr_assert_str_eq(joined(&arena, verdict.classes, verdict.class_count), "delete");
	cr_assert_str_eq(verdict.tier, "gated");
	cr_assert_eq(verdict.resources_affected, 14);
	cr_assert_eq(verdict.quorum.slot_count, 1);
	cr_assert_eq(verdict.quorum.slots[0].count, 2);
	cr_assert_eq(verdict.quorum.slots[0].group_count, 1);
	cr_assert_str_eq(verdict.quorum.slots[0].groups[0], "oncall");
	cr_assert_eq(verdict.quorum.widening_count, 1);
	cr_assert_eq(verdict.quorum.widenings[0].after_ms, 10 * 60 * 1000);
	cr_assert_str_eq(joined(&arena, verdict.flags, verdict.flag_count),
			 "no-alternatives no-rollback irreversible");

	/* Strictest first, then by layer; in the words that a person reads at night. */
	static const struct {
		unsigned layer;
		const char *rule, *effect, *message;
	} expected[] = {
		{1, "destructive_actions[0]", "escalate",
		 "Destructive action detected. Routing to human approval. (\"Delete\")"},
		{2, "permissions.production.delete", "escalate",
		 "delete in production by an autonomous agent needs two persons of oncall"},
		{1, "change_magnitude.max_resources_affected", "hold",
		 "14 resources affected; the cap is 5"},
		{1, "environment_rules.production.allowed_operations", "hold",
		 "delete is not on the list of what agents may do in production: needs one person "
		 "of oncall"},
		{4, "reversible", "hold", "cannot be undone: needs one person of oncall"},
		{4, "tiers.gated", "hold", "tier gated needs one person of oncall"},
		{1, "context.alternatives", "allow", "the agent considered no alternatives"},
		{1, "context.rollback", "allow", "the agent gives no way back (rollback)"},
	};
	cr_assert_eq(verdict.finding_count, sizeof expected / sizeof expected[0], "%s",
		     told(&arena, &verdict));
	for (size_t i = 0; i < verdict.finding_count; i++) {
		const struct hp_finding *finding = &verdict.findings[i];
		cr_expect_eq(finding->layer, expected[i].layer);
		cr_expect_str_eq(finding->rule, expected[i].rule);
		cr_expect_str_eq(hp_effect_name(finding->effect), expected[i].effect);
		cr_expect_str_eq(finding->message, expected[i].message);
	}
	hp_policy_free(policy);
	hp_arena_release(&arena);
}

Test(policy, kiro_patch_goes_ahead)
{
	struct hp_arena arena = {0};
	struct hp_policy *policy = load(hp_policy_default_text());
	struct hp_verdict verdict = judge_fixture(policy, &arena, "demo-agent-supervised",
						  "tests/fixtures/kiro-patch.yaml");
	cr_assert_eq(verdict.effect, HP_EFFECT_LOG, "%s", told(&arena, &verdict));
	cr_assert_str_eq(verdict.tier, "supervised");
	cr_assert_eq(verdict.quorum.slot_count, 0);
	cr_assert_eq(verdict.flag_count, 0);
	cr_assert(hp_policy_self_run(policy, verdict.tier));
	hp_policy_free(policy);
	hp_arena_release(&arena);
}

/* The article's file by itself stops the incident by its own rules, and says where they stand. */
Test(policy, the_article_names_its_lines)
{
	struct hp_arena arena = {0};
	struct hp_policy *policy = load(read_text(&arena, "tests/fixtures/article-policy.yaml"));
	struct hp_verdict verdict = judge_fixture(policy, &arena, "demo-agent",
						  "tests/fixtures/kiro-delete.yaml");
	static const struct {
		const char *rule;
		unsigned line;
	} lines[] = {
		{"destructive_actions[0]", 3},
		{"change_magnitude.max_resources_affected", 8},
		{"environment_rules.production.allowed_operations", 13},
		{"permissions.production.delete", 0}, /* the shipped default */
		{"tiers.gated", 0},
	};
	cr_assert_eq(verdict.effect, HP_EFFECT_ESCALATE);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		const struct hp_finding *finding = find(&verdict, lines[i].rule);
		cr_assert_not_null(finding, "%s: %s", lines[i].rule, told(&arena, &verdict));
		cr_assert_eq(finding->line, lines[i].line, "%s: line %u", lines[i].rule,
			     finding->line);
	}
	hp_policy_free(policy);
	hp_arena_release(&arena);
}

/* --- layers, one at a time --- */

#define CHANGE(operation, environment, rest) \
	"{action: {operation: \"" operation "\", environment: " environment "}, " \
	"impact: {resources_affected: 1, reversible: true}, alternatives: [{approach: a}], " \
	"rollback: {plan: p}, confidence: 1" rest "}"

struct layer_case {
	const char *policy, *as, *request, *effect, *rule;
};

static void
run_layers(const struct layer_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct hp_arena arena = {0};
		struct hp_policy *policy = load(cases[i].policy);
		struct hp_verdict verdict =
			judge(policy, &arena, cases[i].as, cases[i].request);
		const char *story = told(&arena, &verdict);
		cr_expect_str_eq(hp_effect_name(verdict.effect), cases[i].effect, "case %zu: %s", i,
				 story);
		if (cases[i].rule)
			cr_expect_not_null(find(&verdict, cases[i].rule), "case %zu: no %s in %s",
					   i, cases[i].rule, story);
		hp_policy_free(policy);
		hp_arena_release(&arena);
	}
}

#define OPEN                                                                                       \
	"permissions: {production: {other: {human: allow, supervised: allow, autonomous: allow}}, " \
	"other: {other: {human: allow, supervised: allow, autonomous: allow}}}\n"                  \
	"tiers: [{name: any, effect: allow}]\n"
#define FREE                                                                                       \
	OPEN "agent_constraints: {destructive_actions: [], environment_rules: {production: "       \
	     "{allowed_operations: [read, minor_update, patch, interrupt, create, modify_data, "   \
	     "delete]}}}\n"

Test(policy, each_rule_speaks_for_itself)
{
	static const struct layer_case cases[] = {
		/* with all rules out of the way nothing is held */
		{FREE, "demo-agent", CHANGE("s3:DeleteBucket", "production", ""), "allow", NULL},
		{FREE, "demo-agent", CHANGE("s3:UpdateBucket", "staging", ""), "allow", NULL},
		/* unknown fails closed in production only, and for a person too */
		{FREE, "developer", CHANGE("shell:frobnicate", "production", ""), "hold", "classes"},
		{FREE, "developer", CHANGE("shell:frobnicate", "staging", ""), "allow", "classes"},
		/* layer 1 binds agents, not humans */
		{OPEN, "demo-agent", CHANGE("s3:DeleteBucket", "production", ""), "escalate",
		 "destructive_actions[0]"},
		{OPEN, "developer", CHANGE("s3:DeleteBucket", "production", ""), "allow", NULL},
		{OPEN, "demo-agent", CHANGE("s3:DeleteBucket", "staging", ""), "allow", NULL},
		{OPEN, "gateway", CHANGE("s3:DeleteBucket", "production", ""), "escalate",
		 "destructive_actions[0]"},
		{OPEN "agent_constraints: {destructive_actions: [{pattern: \"bu[ck]+et\", scope: "
		      "all, policy: BLOCK}]}\n",
		 "demo-agent", CHANGE("s3:UpdateBucket", "development", ""), "block",
		 "destructive_actions[0]"},
		{OPEN "agent_constraints: {destructive_actions: [{pattern: buck, policy: BLOCK}]}\n",
		 "demo-agent", CHANGE("s3:UpdateBucket", "development", ""), "allow", NULL},
		{OPEN "agent_constraints: {destructive_actions: [{pattern: \"update bucket\", "
		      "policy: REQUIRE_APPROVAL}]}\n",
		 "demo-agent", CHANGE("s3:UpdateBucket", "development", ""), "hold",
		 "destructive_actions[0]"},
		{FREE "version: 1\n", "demo-agent",
		 "{action: {operation: \"s3:UpdateBucket\", environment: staging}, impact: "
		 "{resources_affected: 6, reversible: true}, confidence: 1}",
		 "hold", "change_magnitude.max_resources_affected"},
		{OPEN "agent_constraints: {change_magnitude: {policy: BLOCK}}\n", "demo-agent",
		 "{action: {operation: \"s3:UpdateBucket\", environment: staging}, confidence: 1}",
		 "block", "change_magnitude.max_resources_affected"},
		{OPEN "agent_constraints: {change_magnitude: {policy: BLOCK_AND_ESCALATE}}\n",
		 "demo-agent",
		 "{action: {operation: \"s3:UpdateBucket\", environment: staging}, confidence: 1}",
		 "escalate", "change_magnitude.max_resources_affected"},
		{OPEN "agent_constraints: {environment_rules: {staging: {blocked_operations: "
		      "[patch]}}}\n",
		 "demo-agent", CHANGE("s3:UpdateBucket", "staging", ""), "block",
		 "environment_rules.staging.blocked_operations"},
		{OPEN "agent_constraints: {environment_rules: {staging: {blocked_operations: "
		      "[patch]}}}\n",
		 "demo-agent", CHANGE("s3:CreateBucket", "staging", ""), "hold",
		 "environment_rules.staging.allowed_operations"},
		{OPEN "agent_constraints: {environment_rules: {staging: {blocked_operations: "
		      "[patch]}}}\n",
		 "developer", CHANGE("s3:UpdateBucket", "staging", ""), "allow", NULL},
		{OPEN "agent_constraints: {confidence: {min: 1, policy: BLOCK}}\n", "demo-agent",
		 "{action: {operation: \"s3:ListBuckets\", environment: staging}, confidence: 0.99}",
		 "block", "confidence.min"},
		{OPEN, "demo-agent", "{action: {operation: \"s3:ListBuckets\", environment: staging}}",
		 "allow", "confidence.min"},
		{OPEN "agent_constraints: {context: {alternatives: require}}\n", "demo-agent",
		 "{action: {operation: \"s3:UpdateBucket\", environment: staging}, impact: "
		 "{resources_affected: 1}, confidence: 1}",
		 "hold", "context.alternatives"},
		{OPEN "agent_constraints: {context: {rollback: require}}\n", "demo-agent",
		 "{action: {operation: \"s3:UpdateBucket\", environment: staging}, impact: "
		 "{resources_affected: 1}, confidence: 1}",
		 "hold", "context.rollback"},
		{OPEN "agent_constraints: {context: {rollback: require, alternatives: require}}\n",
		 "demo-agent",
		 "{action: {operation: \"s3:ListBuckets\", environment: staging}, confidence: 1}",
		 "allow", "context.rollback"},
		{OPEN "agent_constraints: {context: {rollback: require}}\n", "developer",
		 "{action: {operation: \"s3:UpdateBucket\", environment: staging}}", "allow", NULL},
		/* a matrix without a row blocks */
		{"permissions: {staging: {read: {human: allow, supervised: allow, autonomous: "
		 "allow}}}\n",
		 "developer", CHANGE("s3:UpdateBucket", "staging", ""), "block",
		 "permissions.staging.other"},
		{"permissions: {staging: {read: {human: allow, supervised: allow, autonomous: "
		 "allow}}}\n",
		 "developer", CHANGE("s3:ListBuckets", "staging", ""), "allow", NULL},
		/* tiers: a floor for agents, none for people */
		{OPEN "agent_constraints: {destructive_actions: []}\n", "demo-agent",
		 CHANGE("s3:ListBuckets", "production", ""), "allow", NULL},
		{"tiers: [{name: all, effect: admin}]\n", "demo-agent",
		 CHANGE("s3:ListBuckets", "production", ""), "admin", "tiers.all"},
		{"tiers: [{name: all, effect: admin}]\n", "developer",
		 CHANGE("s3:ListBuckets", "production", ""), "allow", NULL},
	};
	run_layers(cases, sizeof cases / sizeof cases[0]);
}

/* A file that names its strictest environment otherwise has the shipped rules of production there. */
Test(policy, production_cannot_be_renamed_away)
{
	static const char text[] = "environments: [{name: live, words: [live]}, {name: lab, words: "
				   "[lab]}]\n";
	static const struct layer_case cases[] = {
		{text, "demo-agent", CHANGE("s3:DeleteBucket", "live", ""), "escalate",
		 "destructive_actions[0]"},
		{text, "demo-agent", CHANGE("s3:UpdateBucket", "live", ""), "block",
		 "permissions.production.patch"},
		{text, "demo-agent", CHANGE("s3:UpdateBucket", "nowhere", ""), "block",
		 "permissions.production.patch"},
		{text, "demo-agent", CHANGE("eks:DeleteNamespace", "live", ""), "block",
		 "environment_rules.live.blocked_operations"},
		{text, "demo-agent-supervised", CHANGE("s3:UpdateBucket", "lab", ""), "log", NULL},
	};
	run_layers(cases, sizeof cases / sizeof cases[0]);
}

/* --- quorums --- */

Test(policy, quorums_are_united)
{
	static const char base[] =
		"approvals:\n"
		"  rules:\n"
		"    - {effect: escalate, require: [{groups: [oncall, dba], count: 2}]}\n"
		"    - {effect: admin, require: [{groups: [admins], count: 1}]}\n"
		"    - {effect: hold, require: [{groups: [dba, oncall], count: 1}, {groups: [leads], "
		"count: 1}]}\n"
		"permissions:\n"
		"  other:\n"
		"    read: {human: hold, supervised: admin, autonomous: escalate}\n"
		"    patch: {human: admin, supervised: escalate, autonomous: admin}\n"
		"    create: {human: block, supervised: block, autonomous: block}\n"
		"    other: {human: hold, supervised: hold, autonomous: hold}\n"
		"agent_constraints: {destructive_actions: []}\n"
		"tiers: [{name: all, effect: allow}]\n";
	static const struct {
		const char *as, *operation, *rollback, *quorum;
	} cases[] = {
		{"developer", "s3:ListBuckets", NULL, "1 dba oncall, 1 leads"},
		{"developer", "s3:UpdateBucket", NULL, "1 admins"},
		{"demo-agent-supervised", "s3:UpdateBucket", NULL, "2 oncall dba"},
		/* equal groups in any order merge with the larger count */
		{"demo-agent-supervised", "s3:UpdateBucket", "sqs:SendMessage",
		 "2 oncall dba, 1 leads"},
		{"demo-agent-supervised", "s3:UpdateBucket", "s3:ListBuckets",
		 "2 oncall dba, 1 admins"},
		/* nobody approves what is blocked */
		{"demo-agent-supervised", "s3:UpdateBucket", "s3:CreateBucket", ""},
	};
	struct hp_policy *policy = load(base);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_buf buf = {0};
		const char *rollback =
			cases[i].rollback ? hp_arena_printf(&arena, "{operation: \"%s\"}",
							    cases[i].rollback)
					  : "{plan: p}";
		const char *request = hp_arena_printf(
			&arena,
			"{action: {operation: \"%s\", environment: staging}, impact: "
			"{resources_affected: 1, reversible: true}, rollback: %s, confidence: 1}",
			cases[i].operation, rollback);
		struct hp_verdict verdict = judge(policy, &arena, cases[i].as, request);
		for (size_t j = 0; j < verdict.quorum.slot_count; j++) {
			const struct hp_quorum_slot *slot = &verdict.quorum.slots[j];
			hp_buf_printf(&buf, "%s%u %s", j ? ", " : "", slot->count,
				      joined(&arena, slot->groups, slot->group_count));
		}
		cr_expect_str_eq(hp_buf_text(&buf), cases[i].quorum, "case %zu: %s", i,
				 told(&arena, &verdict));
		hp_buf_release(&buf);
		hp_arena_release(&arena);
	}
	hp_policy_free(policy);
}

/* --- a principal's own bounds --- */

Test(policy, principals_stay_within_their_bounds)
{
	static const char *const staging[] = {"staging", "development"};
	static const char *const lambda[] = {"lambda:*", "shell:kubectl-get*", "Shell:LS"};
	struct hp_principal bound = *asker("developer");
	bound.environments = staging;
	bound.environment_count = 2;
	bound.operations = lambda;
	bound.operation_count = 3;
	static const struct {
		const char *operation, *environment, *command, *rollback, *rule;
	} cases[] = {
		{"lambda:UpdateFunctionCode", "staging", NULL, NULL, NULL},
		{"LAMBDA:updatefunctioncode", "development", NULL, NULL, NULL},
		{"lambda:UpdateFunctionCode", "production", NULL, NULL, "principal.environments"},
		{"lambda:UpdateFunctionCode", "nowhere", NULL, NULL, "principal.environments"},
		{"s3:ListBuckets", "staging", NULL, NULL, "principal.operations"},
		{"xlambda:Update", "staging", NULL, NULL, "principal.operations"},
		{"shell:ls", "staging", "[ls, -l]", NULL, NULL},
		{"lambda:Invoke", "staging", "[rm, -rf, /]", NULL, "principal.operations"},
		{"lambda:Invoke", "staging", "[sudo, ls]", NULL, "principal.operations"},
		{"lambda:Invoke", "staging", "[aws, lambda, invoke]", NULL, NULL},
		{"lambda:Invoke", "staging", "[aws, s3api, delete-bucket]", NULL,
		 "principal.operations"},
		{"lambda:Invoke", "staging", "[/usr/bin/kubectl, get, pods]", NULL, NULL},
		{"lambda:Invoke", "staging", "[kubectl, delete, pods]", NULL,
		 "principal.operations"},
		{"lambda:Invoke", "staging", NULL, "{operation: \"s3:DeleteBucket\"}",
		 "principal.operations"},
		{"lambda:Invoke", "staging", NULL, "{command: [rm, x]}", "principal.operations"},
		{"lambda:Invoke", "staging", NULL, "{plan: rm x}", NULL},
	};
	struct hp_policy *policy = load("");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_error err = {0};
		const struct hp_value *map = NULL;
		const char *text = hp_arena_printf(
			&arena,
			"{action: {operation: \"%s\", environment: %s, command: %s}, rollback: %s}",
			cases[i].operation, cases[i].environment,
			cases[i].command ? cases[i].command : "null",
			cases[i].rollback ? cases[i].rollback : "null");
		cr_assert_eq(hp_yaml_load(&arena, text, strlen(text), &map, &err), HP_OK);
		struct hp_verdict verdict = judge_map(policy, &arena, &bound, map);
		const struct hp_finding *environment = find(&verdict, "principal.environments");
		const struct hp_finding *operation = find(&verdict, "principal.operations");
		const struct hp_finding *found = environment ? environment : operation;
		cr_expect_str_eq(found ? found->rule : "", cases[i].rule ? cases[i].rule : "", "%s",
				 text);
		if (found)
			cr_expect_eq(verdict.effect, HP_EFFECT_BLOCK, "%s", text);
		hp_arena_release(&arena);
	}
	hp_policy_free(policy);
}

/* --- what a reviewer is told --- */

Test(policy, claims_that_differ_are_findings)
{
	static const struct {
		const char *environment, *resource, *message;
	} cases[] = {
		{"production", "stack/live-eu", NULL},
		{"Production", "x", NULL},
		{"staging", "stack/prod-eu",
		 "the agent said \"staging\"; the word \"prod\" makes it production"},
		{"qa7", "x",
		 "the agent said \"qa7\", which this policy does not know: treated as production"},
		{"\"qa\\u202e\"", "x",
		 "the agent said \"qa<U+202E>\", which this policy does not know: treated as "
		 "production"},
	};
	struct hp_policy *policy = load("");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		const char *text = hp_arena_printf(
			&arena, "{action: {operation: \"s3:ListBuckets\", environment: %s, "
				"resources: [%s]}, confidence: 1}",
			cases[i].environment, cases[i].resource);
		struct hp_verdict verdict = judge(policy, &arena, "demo-agent", text);
		const struct hp_finding *finding = find(&verdict, "environment");
		cr_expect_str_eq(verdict.environment, "production");
		cr_expect_str_eq(finding ? finding->message : "",
				 cases[i].message ? cases[i].message : "", "%s", text);
		if (finding)
			cr_expect_eq(finding->effect, HP_EFFECT_ALLOW);
		cr_expect_eq(has(verdict.flags, verdict.flag_count, "environment-differs"),
			     finding != NULL);
		hp_arena_release(&arena);
	}
	hp_policy_free(policy);
}

Test(policy, a_payload_is_told_by_length_and_hash)
{
	struct hp_arena arena = {0};
	struct hp_policy *policy = load("");
	struct hp_value *map = hp_value_map(&arena), *action = hp_value_map(&arena);
	hp_map_set_str(&arena, action, "operation", "mcp:fs/read_file");
	hp_map_set_str(&arena, action, "environment", "staging");
	hp_map_set_bin(&arena, action, "payload", "abc", 3);
	hp_map_set(&arena, map, "action", action);
	struct hp_verdict verdict = judge_map(policy, &arena, asker("demo-agent"), map);
	const struct hp_finding *finding = find(&verdict, "payload");
	cr_assert_not_null(finding);
	cr_assert_eq(finding->effect, HP_EFFECT_ALLOW);
	cr_assert_str_eq(finding->message,
			 "payload of 3 bytes, SHA-256 "
			 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hp_policy_free(policy);
	hp_arena_release(&arena);
}

Test(policy, findings_fit_a_page_and_say_when_they_do_not)
{
	struct hp_arena arena = {0};
	struct hp_buf buf = {0};
	hp_buf_add_text(&buf, "agent_constraints:\n  destructive_actions:\n");
	for (int i = 0; i < 64; i++)
		hp_buf_printf(&buf, "    - {pattern: delete, policy: %s, message: m%d}\n",
			      i < 63 ? "REQUIRE_APPROVAL" : "BLOCK", i);
	struct hp_policy *policy = load(hp_buf_text(&buf));
	struct hp_verdict verdict = judge(policy, &arena, "demo-agent",
					  "{action: {operation: \"s3:DeleteBucket\", environment: "
					  "production}}");
	cr_assert_eq(verdict.effect, HP_EFFECT_BLOCK);
	cr_assert_eq(verdict.finding_count, 64);
	cr_assert_str_eq(verdict.findings[0].rule, "destructive_actions[63]", "%s",
			 told(&arena, &verdict));
	cr_assert_str_eq(verdict.findings[63].rule, "findings");
	cr_assert_str_eq(verdict.findings[63].message,
			 "9 more findings, none stricter than these");
	hp_policy_free(policy);
	hp_buf_release(&buf);
	hp_arena_release(&arena);
}

Test(policy, findings_go_to_the_wire)
{
	struct hp_arena arena = {0};
	const struct hp_finding finding = {.layer = 2, .rule = "r", .effect = HP_EFFECT_ADMIN,
					   .message = "m", .line = 9};
	struct hp_value *list = hp_findings_to_value(&arena, &finding, 1);
	const struct hp_value *map = hp_array_get(list, 0);
	cr_assert_eq(hp_value_count(map), 5);
	cr_assert_eq(hp_map_get_int(map, "layer", 0), 2);
	cr_assert_str_eq(hp_map_get_str(map, "rule", ""), "r");
	cr_assert_str_eq(hp_map_get_str(map, "effect", ""), "admin");
	cr_assert_str_eq(hp_map_get_str(map, "message", ""), "m");
	cr_assert_eq(hp_map_get_int(map, "line", 0), 9);
	cr_assert_eq(hp_value_count(hp_findings_to_value(&arena, NULL, 0)), 0);
	hp_arena_release(&arena);
}

/* --- strangers' text --- */

/* Nothing that an agent writes reaches a finding unescaped, and no hostile name is allowed. */
Test(policy, hostile_text_stays_visible)
{
	struct hp_arena file = {0};
	size_t len;
	char *text = read_source("tests/fixtures/hostile-text.json", &len);
	const struct hp_value *all = NULL;
	struct hp_policy *policy = load("");
	cr_assert_eq(hp_yaml_load(&file, text, len, &all, NULL), HP_OK);
	const struct hp_value *cases = hp_map_get(all, "cases");
	for (size_t i = 0; i < hp_value_count(cases); i++) {
		struct hp_arena arena = {0};
		struct hp_value *map = hp_value_map(&arena), *action = hp_value_map(&arena);
		const struct hp_value *hostile = cases->map.pairs[i].value;
		if (memchr(hostile->str.p, '\0', hostile->str.len))
			continue; /* refused by hp_request_parse() */
		static const char *const keys[] = {"operation", "environment", "cwd", "audience"};
		if (hostile->str.len > 64)
			continue; /* longer than an environment may be */
		for (size_t j = 0; j < 4; j++)
			hp_map_set(&arena, action, keys[j], hp_value_copy(&arena, hostile));
		struct hp_value *list = hp_value_array(&arena);
		hp_array_add(&arena, list, hp_value_copy(&arena, hostile));
		hp_map_set(&arena, action, "command", list);
		hp_map_set(&arena, action, "resources", list);
		hp_map_set(&arena, map, "action", action);
		struct hp_verdict verdict = judge_map(policy, &arena, asker("demo-agent"), map);
		cr_expect_eq(verdict.effect >= HP_EFFECT_HOLD, true, "%s: %s",
			     cases->map.pairs[i].key.p, told(&arena, &verdict));
		for (size_t j = 0; j < verdict.finding_count; j++)
			for (const char *p = verdict.findings[j].message; *p; p++)
				cr_expect(*p >= ' ' && *p < 127, "%s: %s",
					  cases->map.pairs[i].key.p, verdict.findings[j].message);
		hp_arena_release(&arena);
	}
	hp_policy_free(policy);
	hp_arena_release(&file);
	free(text);
}
