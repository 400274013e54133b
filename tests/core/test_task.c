/* Task scopes, and which requests are sampled for a spot check. */
#include "tests/core/judging.h"

#include "core/task.h"

static struct hp_arena arena;
static struct hp_policy *policy;

static void
start(void)
{
	policy = load("permissions: {task_scope: {production: required, other: optional}}\n"
		      "tiers:\n"
		      "  - {name: autonomous, classes: [read], effect: allow, spot_check: 1}\n"
		      "  - {name: supervised, environments: [staging], effect: log, spot_check: 0.05}\n"
		      "  - {name: gated, effect: hold}\n");
}

static void
stop(void)
{
	hp_policy_free(policy);
	hp_arena_release(&arena);
}

TestSuite(task, .init = start, .fini = stop);

static const char *const some_operations[] = {"lambda:*", "shell:aws-s3", "S3:Get*"};
static const char *const some_resources[] = {"function/cost-*", "bucket?"};
static const char *const any[] = {"*"};

static struct hp_task
scope(void)
{
	return (struct hp_task){
		.session = "s1",
		.operations = {some_operations, 3},
		.resources = {some_resources, 2},
		.environment = "staging",
		.open = true,
	};
}

#define AFTER                                                                                      \
	", summary: s, why: w, impact: {resources_affected: 1, reversible: true}, "                \
	"alternatives: []"

/* Rules of the findings that block, in their order, joined by spaces. */
static const char *
judged(const char *as, const char *action, const char *rest, const struct hp_task *task)
{
	const struct hp_value *map = NULL;
	struct hp_request request;
	struct hp_verdict verdict = {0};
	struct hp_error err = {0};
	const char *found = "";
	const char *text = hp_arena_printf(&arena, "{id: 01936f2a-7c00-7000-8000-000000000001, "
					   "session: s1, action: {%s}" AFTER ", %s}", action, rest);
	cr_assert_eq(hp_yaml_load(&arena, text, strlen(text), &map, &err), HP_OK, "%s", text);
	cr_assert_eq(hp_request_parse(&arena, map, HP_REQUEST_WIRE, &request, &err), HP_OK, "%s: %s",
		     text, err.message);
	cr_assert_eq(hp_policy_evaluate(policy, &arena, asker(as), &request, &verdict, &err), HP_OK);
	cr_assert_eq(hp_task_judge(policy, &arena, asker(as), &request, task, &verdict, &err), HP_OK);
	for (size_t i = 0; i < verdict.finding_count; i++) {
		const struct hp_finding *finding = &verdict.findings[i];
		if (strncmp(finding->rule, "task", 4) && strncmp(finding->rule, "permissions.task", 16))
			continue;
		cr_expect_eq(finding->layer, 2);
		cr_expect_eq(finding->effect, HP_EFFECT_BLOCK);
		cr_expect_eq(verdict.effect, HP_EFFECT_BLOCK);
		cr_expect_eq(verdict.quorum.slot_count, 0, "nobody can approve it");
		found = hp_arena_printf(&arena, "%s%s%s", found, *found ? " " : "", finding->rule);
	}
	return found;
}

Test(task, whatever_lies_outside_is_blocked)
{
	static const struct {
		const char *action, *rest, *found;
	} cases[] = {
		{"operation: 'lambda:Invoke', environment: staging, resources: [function/cost-a]",
		 "rollback: null", ""},
		{"operation: 'LAMBDA:invoke', environment: staging, resources: [BUCKET1]",
		 "rollback: null", ""},
		{"operation: 'lambda:Invoke', environment: staging, resources: [function/cost-a, x]",
		 "rollback: null", "task.resources"},
		{"operation: 'lambda:Invoke', environment: staging, resources: [bucket12]",
		 "rollback: null", "task.resources"},
		{"operation: 'lambda:Invoke', environment: staging", "rollback: null",
		 "task.resources"},
		{"operation: 'xlambda:Invoke', environment: staging, resources: [bucket1]",
		 "rollback: null", "task.operations"},
		{"operation: 'lambda:Invoke', environment: development, resources: [bucket1]",
		 "rollback: null", "task.environment"},
		/* What it says is staging and the words make production is not staging. */
		{"operation: 'lambda:Invoke', environment: staging, resources: [function/cost-prod]",
		 "rollback: null", "task.environment"},
		/* A command is judged by its own name, a rollback as a second action. */
		{"operation: 'lambda:x', environment: staging, resources: [bucket1], "
		 "command: [aws, s3, ls]", "rollback: null", ""},
		{"operation: 'lambda:x', environment: staging, resources: [bucket1], "
		 "command: [aws, s3, get-object]", "rollback: null", ""},
		{"operation: 'lambda:x', environment: staging, resources: [bucket1], "
		 "command: [sudo, aws, s3, ls]", "rollback: null", "task.operations"},
		{"operation: 'lambda:x', environment: staging, resources: [bucket1]",
		 "rollback: {plan: p, operation: 'ecs:Stop'}", "task.operations"},
		{"operation: 'lambda:x', environment: staging, resources: [bucket1]",
		 "rollback: {plan: p, command: [rm, x]}", "task.operations"},
		{"operation: 'lambda:x', environment: staging, resources: [bucket1]",
		 "rollback: {plan: 'call ann'}", ""},
		{"operation: x, environment: development, resources: [x]", "rollback: null",
		 "task.environment task.resources task.operations"},
		/* A full-width letter is the letter. */
		{"operation: '\xef\xbd\x8c" "ambda:x', environment: staging, resources: [bucket1]",
		 "rollback: null", ""},
	};
	struct hp_task task = scope();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_expect_str_eq(judged("demo-agent-supervised", cases[i].action, cases[i].rest,
					&task),
				 cases[i].found, "%s, %s", cases[i].action, cases[i].rest);
}

#define INSIDE "operation: 'lambda:x', environment: staging, resources: [bucket1]"
#define LIVE "operation: 'lambda:GetX', environment: production, resources: [bucket1]"
#define BARE "operation: 'lambda:x', environment: staging"

Test(task, an_ended_one_covers_nothing_and_none_nothing_of_production)
{
	struct hp_task open = scope(), ended = scope(), wide = scope(), empty = scope();
	ended.open = false;
	wide.resources = (struct hp_globs){any, 1};
	wide.environment = "*";
	empty.resources.count = 0;
	const struct {
		const char *as, *action;
		const struct hp_task *task;
		const char *found;
	} cases[] = {
		{"demo-agent", INSIDE, &open, ""},
		{"demo-agent", INSIDE, &ended, "task"},
		{"demo-agent", INSIDE, NULL, ""},
		{"demo-agent", LIVE, NULL, "permissions.task_scope.production"},
		{"demo-agent", LIVE, &ended, "permissions.task_scope.production task"},
		{"demo-agent", LIVE, &open, "task.environment"},
		{"demo-agent", LIVE, &wide, ""},
		{"demo-agent", BARE, &wide, ""},
		{"demo-agent", BARE, &empty, ""},
		{"demo-agent", INSIDE, &empty, "task.resources"},
		{"gateway", LIVE, NULL, "permissions.task_scope.production"},
		{"developer", LIVE, NULL, ""},
		{"developer", LIVE, &ended, ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_expect_str_eq(judged(cases[i].as, cases[i].action, "rollback: null",
					cases[i].task),
				 cases[i].found, "case %zu", i);
}

Test(task, a_bound_agent_in_the_article_s_default_needs_none)
{
	hp_policy_free(policy);
	policy = load(hp_policy_default_text());
	cr_expect_str_eq(judged("demo-agent", LIVE, "rollback: null", NULL), "");
}

/* --- spot checks --- */

Test(task, a_share_is_the_tier_s_and_never_a_person_s)
{
	static const struct {
		const char *as, *action;
		int64_t share_bp;
	} cases[] = {
		{"demo-agent", "operation: 'lambda:GetX', environment: staging", 10000},
		{"demo-agent", "operation: 'lambda:UpdateAlias', environment: staging", 500},
		{"demo-agent", "operation: 'lambda:DeleteX', environment: development", 0},
		{"developer", "operation: 'lambda:GetX', environment: staging", 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *text = hp_arena_printf(&arena, "{action: {%s}}", cases[i].action);
		struct hp_verdict verdict = judge(policy, &arena, cases[i].as, text);
		cr_expect_eq(verdict.spot_check_bp, cases[i].share_bp, "case %zu", i);
	}
}

Test(task, the_digest_alone_decides)
{
	static const struct {
		uint8_t first[8];
		int64_t least; /* the smallest share that draws it */
	} cases[] = {
		{{0}, 1},
		{{0, 0, 0, 0, 0, 0, 0, 1}, 2},
		{{0, 0, 0, 0, 0, 0, 0x27, 0x0f}, 10000},   /* 9,999 */
		{{0, 0, 0, 0, 0, 0, 0x27, 0x10}, 1},	    /* 10,000 */
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 1616}, /* 2^64 - 1 */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t digest[HP_HASH_BYTES];
		memset(digest, 0xa5, sizeof digest); /* the rest says nothing */
		memcpy(digest, cases[i].first, sizeof cases[i].first);
		cr_expect(hp_policy_samples(cases[i].least, digest), "case %zu", i);
		cr_expect_not(hp_policy_samples(cases[i].least - 1, digest), "case %zu", i);
		cr_expect_not(hp_policy_samples(0, digest));
		cr_expect(hp_policy_samples(10000, digest));
	}
}
