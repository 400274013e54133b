/* The rules one by one, under policies made for it. */
#include "tests/core/judging.h"

/* --- layers, one at a time --- */

#define CHANGE(operation, environment, rest) \
	"{action: {operation: \"" operation "\", environment: " environment "}, " \
	"impact: {resources_affected: 1, reversible: true}, alternatives: [{approach: a}], " \
	"rollback: {plan: p}, confidence: 1" rest "}"

struct layer_case {
	const char *policy, *as, *request, *effect, *rule;
};

/* Neighbours of one policy share it: loading is slow. */
static void
run_layers(const struct layer_case *cases, size_t count)
{
	struct hp_policy *policy = NULL;
	for (size_t i = 0; i < count; i++) {
		struct hp_arena arena = {0};
		if (i == 0 || strcmp(cases[i].policy, cases[i - 1].policy) != 0) {
			hp_policy_free(policy);
			policy = load(cases[i].policy);
		}
		struct hp_verdict verdict =
			judge(policy, &arena, cases[i].as, cases[i].request);
		const char *story = told(&arena, &verdict);
		cr_expect_str_eq(hp_effect_name(verdict.effect), cases[i].effect, "case %zu: %s", i,
				 story);
		if (cases[i].rule)
			cr_expect_not_null(find(&verdict, cases[i].rule), "case %zu: no %s in %s",
					   i, cases[i].rule, story);
		hp_arena_release(&arena);
	}
	hp_policy_free(policy);
}

/* Few classes, so that loading is quick. */
#define CLASSES                                                                                    \
	"classes: [{name: read, match: [\"*:List*\"]}, {name: minor_update, match: []}, "          \
	"{name: patch, match: [\"*:Update*\"]}, {name: create, match: [\"*:Create*\"]}, "         \
	"{name: modify_data, match: [\"*:Send*\"]}, {name: bulk_modify, match: []}, "              \
	"{name: delete, match: [\"*:Delete*\"]}, "                                                \
	"{name: create_environment, match: []}, "                                                 \
	"{name: delete_environment, match: [\"*:DeleteNamespace\"]}]\n"
#define OPEN                                                                                       \
	CLASSES                                                                                    \
	"permissions: {production: {other: {human: allow, supervised: allow, autonomous: "         \
	"allow}}, other: {other: {human: allow, supervised: allow, autonomous: allow}}}\n"         \
	"tiers: [{name: any, effect: allow}]\n"
#define FREE                                                                                       \
	OPEN "agent_constraints: {destructive_actions: [], environment_rules: {production: "       \
	     "{allowed_operations: [read, minor_update, patch, create, modify_data, delete]}}}\n"

Test(policy, each_rule_speaks_for_itself)
{
	static const struct layer_case cases[] = {
		/* with all rules out of the way nothing is held */
		{FREE, "demo-agent", CHANGE("s3:DeleteBucket", "production", ""), "allow", NULL},
		{FREE, "demo-agent", CHANGE("s3:UpdateBucket", "staging", ""), "allow", NULL},
		/* unknown fails closed in production only, and for a person too */
		{FREE, "developer", CHANGE("shell:frobnicate", "production", ""), "hold",
		 "classes"},
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
		{OPEN "agent_constraints: {destructive_actions: [{pattern: buck, policy: "
		      "BLOCK}]}\n",
		 "demo-agent", CHANGE("s3:UpdateBucket", "development", ""), "allow", NULL},
		{OPEN "agent_constraints: {destructive_actions: [{pattern: \"update bucket\", "
		      "policy: REQUIRE_APPROVAL}]}\n",
		 "demo-agent", CHANGE("s3:UpdateBucket", "development", ""), "hold",
		 "destructive_actions[0]"},
		{FREE, "demo-agent",
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
		 "{action: {operation: \"s3:ListBuckets\", environment: staging}, confidence: "
		 "0.99}",
		 "block", "confidence.min"},
		{OPEN, "demo-agent",
		 "{action: {operation: \"s3:ListBuckets\", environment: staging}}", "allow",
		 "confidence.min"},
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
		{CLASSES "permissions: {staging: {read: {human: allow, supervised: allow, "
			 "autonomous: allow}}}\n",
		 "developer", CHANGE("s3:UpdateBucket", "staging", ""), "block",
		 "permissions.staging.other"},
		{CLASSES "permissions: {staging: {read: {human: allow, supervised: allow, "
			 "autonomous: allow}}}\n",
		 "developer", CHANGE("s3:ListBuckets", "staging", ""), "allow", NULL},
		/* tiers: a floor for agents, none for people */
		{OPEN "agent_constraints: {destructive_actions: []}\n", "demo-agent",
		 CHANGE("s3:ListBuckets", "production", ""), "allow", NULL},
		{CLASSES "tiers: [{name: all, effect: admin}]\n", "demo-agent",
		 CHANGE("s3:ListBuckets", "production", ""), "admin", "tiers.all"},
		{CLASSES "tiers: [{name: all, effect: admin}]\n", "developer",
		 CHANGE("s3:ListBuckets", "production", ""), "allow", NULL},
	};
	run_layers(cases, sizeof cases / sizeof cases[0]);
}

/* Whatever a file calls its strictest environment, the shipped rules of production hold there. */
Test(policy, production_cannot_be_renamed_away)
{
	static const char text[] =
		CLASSES "environments: [{name: live, words: [live]}, {name: lab, words: [lab]}]\n";
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
	static const char base[] = CLASSES
		"approvals:\n"
		"  rules:\n"
		"    - {effect: escalate, require: [{groups: [oncall, dba], count: 2}]}\n"
		"    - {effect: admin, require: [{groups: [admins], count: 1}]}\n"
		"    - {effect: hold, require: [{groups: [dba, oncall], count: 1}, {groups: "
		"[leads], count: 1}]}\n"
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
	struct hp_policy *policy = load(CLASSES);
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
	struct hp_policy *policy = load(CLASSES);
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
	struct hp_policy *policy = load(CLASSES);
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
	hp_buf_add_text(&buf, CLASSES "agent_constraints:\n  destructive_actions:\n");
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
	size_t judged = 0;
	cr_assert_eq(hp_yaml_load(&file, text, len, &all, NULL), HP_OK);
	const struct hp_value *cases = hp_map_get(all, "cases");
	for (size_t i = 0; i < hp_value_count(cases); i++) {
		static const char *const keys[] = {"operation", "environment", "cwd", "audience"};
		const struct hp_value *hostile = cases->map.pairs[i].value;
		/* Refused by hp_request_parse(), or longer than an environment may be. */
		if (memchr(hostile->str.p, '\0', hostile->str.len) || hostile->str.len > 64)
			continue;
		struct hp_arena arena = {0};
		struct hp_value *map = hp_value_map(&arena), *action = hp_value_map(&arena);
		for (size_t j = 0; j < 4; j++)
			hp_map_set(&arena, action, keys[j], hp_value_copy(&arena, hostile));
		struct hp_value *list = hp_value_array(&arena);
		hp_array_add(&arena, list, hp_value_copy(&arena, hostile));
		hp_map_set(&arena, action, "command", list);
		hp_map_set(&arena, action, "resources", list);
		hp_map_set(&arena, map, "action", action);
		struct hp_verdict verdict = judge_map(policy, &arena, asker("demo-agent"), map);
		judged++;
		cr_expect_eq(verdict.effect >= HP_EFFECT_HOLD, true, "%s: %s",
			     cases->map.pairs[i].key.p, told(&arena, &verdict));
		for (size_t j = 0; j < verdict.finding_count; j++)
			for (const char *p = verdict.findings[j].message; *p; p++)
				cr_expect(*p >= ' ' && *p < 127, "%s: %s",
					  cases->map.pairs[i].key.p, verdict.findings[j].message);
		hp_arena_release(&arena);
	}
	cr_assert_gt(judged, 10);
	hp_policy_free(policy);
	hp_arena_release(&file);
	free(text);
}
