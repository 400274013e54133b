/* The shipped policy: the cases of tests/policy, and the incident. */
#include "tests/core/judging.h"

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
