/* The checks of preflight that policy and principals alone decide, each made to fail and to pass. */
#include "tests/core/judging.h"

#include "core/preflight.h"

static struct hp_arena arena;

static void
stop(void)
{
	hp_arena_release(&arena);
}

TestSuite(preflight, .fini = stop);

/* People and machines of one instance; what a case changes, it changes in a copy. */
enum { ADA, BO, FIXER, WRITER, RUNNER, DEE, COUNT };
static const char *const groups[] = {"oncall", "admins", "leads"};
static const char *const where[] = {"production", "staging"};
static const char *const what[] = {"lambda:*"};

static void
fill(struct hp_principal *all)
{
	static const struct hp_principal entries[COUNT] = {
		[ADA] = {.name = "ada", .roles = HP_ROLE_REVIEWER, .person = "ada", .owner = "",
			 .audience = "", .groups = groups, .group_count = 3},
		[BO] = {.name = "bo", .roles = HP_ROLE_REVIEWER, .person = "bo", .owner = "",
			.audience = "", .groups = groups, .group_count = 3},
		[FIXER] = {.name = "fixer", .roles = HP_ROLE_AGENT, .mode = HP_MODE_SUPERVISED,
			   .person = "", .owner = "dee", .audience = "", .environments = where,
			   .environment_count = 2, .operations = what, .operation_count = 1},
		[WRITER] = {.name = "writer", .roles = HP_ROLE_AGENT, .mode = HP_MODE_AUTONOMOUS,
			    .person = "", .owner = "dee", .audience = "", .environments = where,
			    .environment_count = 1, .operations = what, .operation_count = 1},
		[RUNNER] = {.name = "runner", .roles = HP_ROLE_EXECUTOR, .person = "", .owner = "",
			    .audience = "runner", .environments = where, .environment_count = 1},
		[DEE] = {.name = "dee", .roles = HP_ROLE_HUMAN, .mode = HP_MODE_HUMAN,
			 .person = "dee", .owner = "", .audience = ""},
	};
	for (int i = 0; i < COUNT; i++) {
		all[i] = entries[i];
		all[i].curve_public[0] = (uint8_t)(i + 1);
	}
}

static struct hp_preflight report;

/* Judges; the results of checks 1, 2, 3, 7 and 8 by their first letters, as "pwpfn". */
static const char *
judged(const char *text, const struct hp_principal *all, size_t count)
{
	static const enum hp_check checks[] = {HP_CHECK_SCOPING, HP_CHECK_DESTRUCTIVE,
					       HP_CHECK_REVIEW, HP_CHECK_RADIUS, HP_CHECK_ISOLATION};
	struct hp_policy *policy = load(text);
	struct hp_directory *directory = NULL;
	struct hp_error err = {0};
	const char *letters = "";
	cr_assert_eq(hp_directory_new(all, count, &directory, &err), HP_OK, "%s", err.message);
	report = (struct hp_preflight){.arena = &arena, .policy = policy, .directory = directory};
	cr_assert_eq(hp_preflight_judge(&report, &err), HP_OK, "%s", err.message);
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		letters = hp_arena_printf(
			&arena, "%s%c", letters,
			hp_check_result_name(hp_preflight_result(&report, checks[i]))[0]);
	hp_directory_free(directory);
	hp_policy_free(policy);
	return letters;
}

/* The first evidence with this result; "". */
static const char *
evidence(enum hp_check check, enum hp_check_result result)
{
	for (size_t i = 0; i < report.count; i++)
		if (report.findings[i].check == check && report.findings[i].result == result)
			return report.findings[i].evidence;
	return "";
}

#define BOUNDED                                                                                    \
	"permissions: {task_scope: {production: required}}\n"                                      \
	"gateway: {rate_limits: [{per_minute: 5, effect: block}], redaction: {rules: []}}\n"

Test(preflight, what_is_in_order_passes)
{
	struct hp_principal all[COUNT];
	fill(all);
	cr_expect_str_eq(judged(BOUNDED, all, COUNT), "ppppp");
	for (size_t i = 0; i < report.count; i++)
		cr_expect_null(report.findings[i].todo, "%s", report.findings[i].evidence);
	cr_expect_str_eq(judged("version: 1\n", all, COUNT), "wppwp", "the shipped policy warns");
	cr_expect_str_eq(judged(BOUNDED, all, FIXER), "npppn", "nobody to be bound, nobody who runs");
}

Test(preflight, agents_have_to_be_bound)
{
	struct hp_principal all[COUNT];
	fill(all);
	all[FIXER].environment_count = 0;
	cr_expect_str_eq(judged(BOUNDED, all, COUNT), "fpppp");
	cr_expect_str_eq(evidence(HP_CHECK_SCOPING, HP_FAILED),
			 "a probe in each environment is refused by no bound of fixer");
	static const char *const everywhere[] = {"production", "staging", "development"};
	all[FIXER].environments = everywhere;
	all[FIXER].environment_count = 3;
	cr_expect_str_eq(judged(BOUNDED, all, COUNT), "fpppp", "all of them is no bound");
	fill(all);
	all[WRITER].operation_count = 0;
	cr_expect_str_eq(judged(BOUNDED, all, COUNT), "fpppp");
	static const char *const anything[] = {"*"};
	all[WRITER].operations = anything;
	all[WRITER].operation_count = 1;
	cr_expect_str_eq(judged(BOUNDED, all, COUNT), "fpppp", "nor is *");
	all[WRITER].revoked = true;
	cr_expect_str_eq(judged(BOUNDED, all, COUNT), "ppppp", "who is revoked asks nothing");
}

Test(preflight, nothing_destructive_may_be_allowed)
{
	struct hp_principal all[COUNT];
	fill(all);
	const char *lax = "agent_constraints:\n"
			  "  destructive_actions: []\n"
			  "  environment_rules: {production: {allowed_operations: [read, delete], "
			  "blocked_operations: []}}\n"
			  "permissions:\n"
			  "  task_scope: {production: required}\n"
			  "  production:\n"
			  "    delete: {human: allow, supervised: allow, autonomous: block}\n"
			  "    other:  {human: hold, supervised: hold, autonomous: block}\n"
			  "tiers: [{name: all, effect: allow}]\n";
	cr_expect_str_eq(judged(lax, all, COUNT), "pfpwp");
	cr_expect(strstr(evidence(HP_CHECK_DESTRUCTIVE, HP_FAILED), "a supervised agent in production "
								     "is allowed"),
		  "%s", evidence(HP_CHECK_DESTRUCTIVE, HP_FAILED));
	cr_expect(strstr(evidence(HP_CHECK_DESTRUCTIVE, HP_PASSED), "an autonomous agent"));
}

Test(preflight, an_owner_who_reviews_is_not_counted)
{
	struct hp_principal all[COUNT];
	fill(all);
	all[FIXER].owner = "ada";
	cr_expect_str_eq(judged(BOUNDED, all, COUNT), "ppfpp", "bo alone is no two persons");
	cr_expect(strstr(evidence(HP_CHECK_REVIEW, HP_FAILED), "what fixer asks cannot be released "
							       "without its owner ada"));
	all[RUNNER] = all[BO]; /* one more reviewer */
	all[RUNNER].name = all[RUNNER].person = "cy";
	all[RUNNER].curve_public[0] = RUNNER + 1;
	cr_expect_str_eq(judged(BOUNDED, all, COUNT), "ppppn");
	fill(all);
	all[BO].revoked = true;
	cr_expect_str_eq(judged(BOUNDED, all, COUNT), "ppfpp", "a rule that nobody fills");
}

Test(preflight, caps_are_found_by_probing)
{
	static const struct {
		const char *magnitude;
		char letter;
		const char *evidence;
	} cases[] = {
		{"hard_max_resources_affected: 50", 'p', "probes of 51 resources and more at once"},
		{"hard_max_resources_affected: 7", 'p', "probes of 8 resources and more at once"},
		{"hard_max_resources_affected: 20000", 'f', "a probe of 10000 resources at once is not "
							    "blocked"},
		{"hard_max_resources_affected: 9000000000", 'f', "a probe of 1000000000 resources"},
		{"max_cost_impact_usd: 9000000000", 'f', "a probe that costs a billion dollars"},
	};
	struct hp_principal all[COUNT];
	fill(all);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *text = hp_arena_printf(
			&arena, BOUNDED "agent_constraints: {change_magnitude: {%s}}\n",
			cases[i].magnitude);
		cr_expect_eq(judged(text, all, COUNT)[3], cases[i].letter, "%s", cases[i].magnitude);
		const char *found = evidence(HP_CHECK_RADIUS,
					     cases[i].letter == 'p' ? HP_PASSED : HP_FAILED);
		cr_expect(strstr(found, cases[i].evidence), "%s: %s", cases[i].magnitude, found);
	}
}

Test(preflight, a_burst_meets_rates_and_budgets)
{
	static const struct {
		const char *gateway;
		char letter;
		const char *evidence;
	} cases[] = {
		{"rate_limits: [{per_minute: 5, effect: block}]", 'p', "number 6 met a rate limit"},
		{"rate_limits: [{per_minute: 5, burst: 9, environment: production, effect: hold}]",
		 'p', "number 10 met a rate limit"},
		{"rate_limits: [{per_minute: 5, environment: staging, effect: block}]", 'w',
		 "met no rate limit and no budget"},
		{"rate_limits: [{per_minute: 5, except: [patch], effect: block}]", 'w',
		 "met no rate limit and no budget"},
		{"rate_limits: [{per_minute: 5000, effect: block}]", 'w', "a burst of 500 probes"},
		{"budgets: [{window: 24h, max_cost_usd: 1000, effect: hold}]", 'p',
		 "number 11 met a budget"},
	};
	struct hp_principal all[COUNT];
	fill(all);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *text = hp_arena_printf(&arena, "gateway: {%s}\n", cases[i].gateway);
		bool found = false;
		cr_expect_eq(judged(text, all, COUNT)[3], cases[i].letter, "%s", cases[i].gateway);
		for (size_t j = 0; j < report.count; j++)
			found |= strstr(report.findings[j].evidence, cases[i].evidence) != NULL;
		cr_expect(found, "%s", cases[i].gateway);
	}
}

Test(preflight, executors_have_one_environment)
{
	struct hp_principal all[COUNT];
	fill(all);
	all[RUNNER].environment_count = 2;
	cr_expect_str_eq(judged(BOUNDED, all, COUNT), "ppppf");
	static const char *const mars[] = {"mars"};
	fill(all);
	all[RUNNER].environments = mars;
	cr_expect_str_eq(judged(BOUNDED, all, COUNT), "ppppw");
}

Test(preflight, a_probe_that_is_held_is_found_or_not)
{
	struct hp_principal all[COUNT];
	struct hp_policy *policy = load("version: 1\n");
	struct hp_value *map = NULL;
	struct hp_verdict verdict;
	struct hp_error err = {0};
	report = (struct hp_preflight){.arena = &arena, .policy = policy};
	fill(all);
	cr_assert_eq(hp_preflight_held(&report, &all[DEE], &map, &err), HP_OK, "%s", err.message);
	cr_assert_eq(hp_preflight_evaluate(policy, &arena, &all[DEE], map, false, &verdict, &err),
		     HP_OK);
	cr_expect_eq(verdict.effect, HP_EFFECT_HOLD);
	cr_expect_str_neq(verdict.environment, "production", "the mildest that will do");
	cr_expect_str_eq(hp_map_get_str(map, "summary", ""), HP_PROBE_SUMMARY);
	cr_expect_str_eq(hp_map_get_str(map, "why", ""), HP_PROBE_WHY);
	cr_expect_null(hp_map_get(hp_map_get(map, "action"), "command"));
	cr_expect_null(hp_map_get(hp_map_get(map, "action"), "audience"));
	static const char *const mars[] = {"mars"};
	all[DEE].environments = mars;
	all[DEE].environment_count = 1;
	cr_expect_eq(hp_preflight_held(&report, &all[DEE], &map, &err), HP_NOT_FOUND);
	fill(all);
	all[DEE].operations = what; /* a bound asker names what it may */
	all[DEE].operation_count = 1;
	cr_assert_eq(hp_preflight_held(&report, &all[DEE], &map, &err), HP_OK, "%s", err.message);
	cr_expect_str_eq(hp_map_get_str(hp_map_get(map, "action"), "operation", ""),
			 "lambda:probe");
	cr_expect_str_eq(hp_preflight_gated(policy), "gated");
	hp_policy_free(policy);
}

Test(preflight, tools_without_a_class_are_told)
{
	static const struct {
		const char *names;
		enum hp_status status;
		char letter;
	} cases[] = {
		{"[read_file, delete_file]", HP_OK, 'p'},
		{"[{name: read_file, description: x}]", HP_OK, 'p'},
		{"[read_file, frobnicate]", HP_OK, 'w'},
		{"[]", HP_OK, 'p'},
		{"[3]", HP_INVALID, 'n'},
		{"[{title: x}]", HP_INVALID, 'n'},
	};
	struct hp_policy *policy = load("version: 1\n");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct hp_value *names = NULL;
		struct hp_error err = {0};
		report = (struct hp_preflight){.arena = &arena, .policy = policy};
		cr_assert_eq(hp_yaml_load(&arena, cases[i].names, strlen(cases[i].names), &names,
					  &err),
			     HP_OK);
		cr_expect_eq(hp_preflight_tools(&report, "files", names, &err), cases[i].status);
		cr_expect_eq(hp_check_result_name(hp_preflight_result(&report,
								      HP_CHECK_DESTRUCTIVE))[0],
			     cases[i].letter, "%s", cases[i].names);
	}
	hp_policy_free(policy);
}

Test(preflight, names_are_cut_after_five)
{
	static const struct {
		size_t count;
		const char *text;
	} cases[] = {
		{0, ""}, {1, "a"}, {5, "a, a, a, a, a"}, {6, "a, a, a, a, a, ... (6 in all)"},
		{900, "a, a, a, a, a, ... (900 in all)"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_names names = {0};
		for (size_t j = 0; j < cases[i].count; j++)
			hp_names_add(&arena, &names, "a");
		cr_expect_str_eq(hp_names_text(&arena, &names), cases[i].text);
	}
}

Test(preflight, a_report_that_is_full_keeps_the_last)
{
	report = (struct hp_preflight){.arena = &arena};
	cr_expect_eq(hp_preflight_result(&report, HP_CHECK_TIMEOUT), HP_NOT_CHECKED);
	for (int i = 0; i < 2 * HP_PREFLIGHT_FINDINGS; i++)
		hp_preflight_say(&report, HP_CHECK_TIMEOUT, HP_PASSED, NULL, "%d", i);
	hp_preflight_say(&report, HP_CHECK_TIMEOUT, HP_FAILED, NULL, "at last");
	cr_expect_eq(report.count, (size_t)HP_PREFLIGHT_FINDINGS);
	cr_expect_eq(hp_preflight_result(&report, HP_CHECK_TIMEOUT), HP_FAILED);
}
