/*
 * judging - the principals that ask, and a request judged under a policy, for unit tests.
 */
#ifndef HP_TESTS_CORE_JUDGING_H
#define HP_TESTS_CORE_JUDGING_H

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

static inline const struct hp_principal *
asker(const char *name)
{
	for (size_t i = 0; i < sizeof askers / sizeof askers[0]; i++)
		if (strcmp(askers[i].name, name) == 0)
			return &askers[i];
	cr_assert_fail("no principal %s", name);
	return NULL;
}

static inline struct hp_policy *
load(const char *text)
{
	struct hp_policy *policy = NULL;
	struct hp_error err = {0};
	cr_assert_eq(hp_policy_load(text, strlen(text), &policy, &err), HP_OK, "%u:%u: %s",
		     err.line, err.column, err.message);
	return policy;
}

static inline struct hp_verdict
judge_map(const struct hp_policy *policy, struct hp_arena *arena,
	  const struct hp_principal *principal, const struct hp_value *map)
{
	/* What is shown of it may be it itself. */
	struct hp_request *request = hp_arena_alloc(arena, sizeof *request);
	struct hp_verdict verdict = {0};
	struct hp_error err = {0};
	cr_assert_not_null(request);
	cr_assert_eq(hp_request_parse(arena, map, HP_REQUEST_EXEC, request, &err), HP_OK,
		     "%u:%u: %s", err.line, err.column, err.message);
	cr_assert_eq(hp_policy_evaluate(policy, arena, principal, request, &verdict, &err), HP_OK,
		     "%s", err.message);
	return verdict;
}

static inline struct hp_verdict
judge(const struct hp_policy *policy, struct hp_arena *arena, const char *as, const char *text)
{
	const struct hp_value *map = NULL;
	struct hp_error err = {0};
	cr_assert_eq(hp_yaml_load(arena, text, strlen(text), &map, &err), HP_OK, "%s: %s", text,
		     err.message);
	return judge_map(policy, arena, asker(as), map);
}

static inline const struct hp_finding *
find(const struct hp_verdict *verdict, const char *rule)
{
	for (size_t i = 0; i < verdict->finding_count; i++)
		if (strcmp(verdict->findings[i].rule, rule) == 0)
			return &verdict->findings[i];
	return NULL;
}

static inline bool
has(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* "delete unknown" */
static inline const char *
joined(struct hp_arena *arena, const char *const *names, size_t count)
{
	struct hp_buf buf = {0};
	for (size_t i = 0; i < count; i++)
		hp_buf_printf(&buf, "%s%s", i ? " " : "", names[i]);
	const char *text = hp_arena_strdup(arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return text;
}

static inline const char *
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

#endif
