#include "core/preflight.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/policy_rules.h"
#include "core/task.h"
#include "core/text.h"

static const char *const check_names[HP_CHECK_COUNT] = {
	[HP_CHECK_TRIAL] = "trial-settings",
	[HP_CHECK_SCOPING] = "permission-scoping",
	[HP_CHECK_DESTRUCTIVE] = "destructive-blocklist",
	[HP_CHECK_REVIEW] = "peer-review",
	[HP_CHECK_TIMEOUT] = "timeout",
	[HP_CHECK_ROLLBACK] = "rollback",
	[HP_CHECK_AUDIT] = "audit-trail",
	[HP_CHECK_RADIUS] = "blast-radius",
	[HP_CHECK_ISOLATION] = "environment-isolation",
};
static const char *const result_names[] = {
	[HP_PASSED] = "passed",
	[HP_NOT_CHECKED] = "not-checked",
	[HP_WARNED] = "warned",
	[HP_FAILED] = "failed",
};

const char *
hp_check_name(enum hp_check check)
{
	return check_names[check];
}

const char *
hp_check_result_name(enum hp_check_result result)
{
	return result_names[result];
}

/* ---- the report ---- */

void
hp_preflight_say(struct hp_preflight *preflight, enum hp_check check, enum hp_check_result result,
		 const char *todo, const char *format, ...)
{
	char evidence[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(evidence, sizeof evidence, format, args);
	va_end(args);
	if (preflight->count == HP_PREFLIGHT_FINDINGS) /* the last one may be no less bad */
		preflight->count--;
	preflight->findings[preflight->count++] = (struct hp_preflight_finding){
		.check = check,
		.result = result,
		.evidence = hp_arena_strdup(preflight->arena, evidence),
		.todo = todo,
	};
}

enum hp_check_result
hp_preflight_result(const struct hp_preflight *preflight, enum hp_check check)
{
	enum hp_check_result worst = HP_PASSED;
	bool any = false;
	for (size_t i = 0; i < preflight->count; i++) {
		if (preflight->findings[i].check != check)
			continue;
		any = true;
		if (preflight->findings[i].result > worst)
			worst = preflight->findings[i].result;
	}
	return any ? worst : HP_NOT_CHECKED;
}

void
hp_names_add(struct hp_arena *arena, struct hp_names *names, const char *name)
{
	enum { NAMED = 5 };
	if (names->count++ < NAMED)
		names->text = hp_arena_printf(arena, "%s%s%s", names->text ? names->text : "",
					      names->text ? ", " : "",
					      hp_text_safe(arena, name, HP_TEXT_ASCII));
	if (names->count == NAMED + 1)
		names->text = hp_arena_printf(arena, "%s, ...", names->text);
}

const char *
hp_names_text(struct hp_arena *arena, const struct hp_names *names)
{
	enum { NAMED = 5 };
	if (names->count <= NAMED)
		return names->text ? names->text : "";
	return hp_arena_printf(arena, "%s (%zu in all)", names->text, names->count);
}

/* ---- probes ---- */

struct hp_value *
hp_preflight_probe(struct hp_arena *arena, const char *operation, const char *environment)
{
	struct hp_value *map = hp_value_map(arena), *action = hp_value_map(arena);
	struct hp_value *impact = hp_value_map(arena);
	hp_map_set_str(arena, action, "operation", operation);
	hp_map_set_str(arena, action, "environment", environment);
	hp_map_set_int(arena, impact, "resources_affected", 1);
	hp_map_set_bool(arena, impact, "reversible", true);
	hp_map_set(arena, map, "action", action);
	hp_map_set_str(arena, map, "summary", HP_PROBE_SUMMARY);
	hp_map_set_str(arena, map, "why", HP_PROBE_WHY);
	hp_map_set(arena, map, "impact", impact);
	hp_map_set(arena, map, "alternatives", hp_value_array(arena));
	hp_map_set(arena, map, "rollback", hp_value_nil(arena));
	return map;
}

void
hp_preflight_set_impact(struct hp_arena *arena, struct hp_value *map, const char *key,
			struct hp_value *value)
{
	for (size_t i = 0; i < hp_value_count(map); i++) {
		struct hp_value *impact = map->map.pairs[i].value;
		if (strcmp(map->map.pairs[i].key.p, "impact") != 0)
			continue;
		for (size_t j = 0; j < impact->map.count; j++)
			if (strcmp(impact->map.pairs[j].key.p, key) == 0) {
				impact->map.pairs[j].value = value;
				return;
			}
		hp_map_set(arena, impact, key, value);
	}
}

enum hp_status
hp_preflight_evaluate(const struct hp_policy *policy, struct hp_arena *arena,
		      const struct hp_principal *asker, const struct hp_value *map,
		      bool with_task_scope, struct hp_verdict *ret_verdict, struct hp_error *err)
{
	struct hp_request request;
	enum hp_status status =
		hp_request_parse(arena, map, HP_REQUEST_FILE, &request, err);
	if (status == HP_OK)
		status = hp_policy_evaluate(policy, arena, asker, &request, ret_verdict, err);
	if (status == HP_OK && with_task_scope)
		status = hp_task_judge(policy, arena, asker, &request, NULL, ret_verdict, err);
	return status;
}

/* An operation that a bound asker may name: its first pattern with the wild cards filled. */
static const char *
operation_of(struct hp_arena *arena, const struct hp_principal *asker)
{
	if (!asker->operation_count)
		return "preflight:probe";
	struct hp_buf buf = {0};
	for (const char *c = asker->operations[0]; *c; c++)
		if (*c == '*')
			hp_buf_add_text(&buf, "probe");
		else
			hp_buf_add_byte(&buf, *c == '?' ? 'p' : (uint8_t)*c);
	const char *text = hp_arena_strdup(arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return text && strlen(text) <= HP_LIMIT_OPERATION_BYTES ? text : "preflight:probe";
}

enum hp_status
hp_preflight_held(const struct hp_preflight *preflight, const struct hp_principal *asker,
		  struct hp_value **ret_map, struct hp_error *err)
{
	const struct hp_policy *policy = preflight->policy;
	for (size_t i = policy->environment_count; i-- > 0;) {
		struct hp_verdict verdict;
		struct hp_value *map = hp_preflight_probe(preflight->arena,
							  operation_of(preflight->arena, asker),
							  policy->environments[i].name);
		hp_preflight_set_impact(preflight->arena, map, "reversible",
					hp_value_bool(preflight->arena, false));
		enum hp_status status = hp_preflight_evaluate(policy, preflight->arena, asker, map,
							      true, &verdict, err);
		if (status != HP_OK)
			return status;
		if (verdict.effect > HP_EFFECT_LOG && verdict.effect < HP_EFFECT_BLOCK) {
			*ret_map = map;
			return HP_OK;
		}
	}
	return hp_fail(err, HP_NOT_FOUND, "no probe of %s would be held", asker->name);
}

const char *
hp_preflight_gated(const struct hp_policy *policy)
{
	return policy->tiers[policy->gated].name;
}

enum hp_status
hp_preflight_judge(struct hp_preflight *preflight, struct hp_error *err)
{
	enum hp_status status = hp_preflight_scoping(preflight, err);
	if (status == HP_OK)
		status = hp_preflight_destructive(preflight, err);
	if (status == HP_OK)
		status = hp_preflight_people(preflight, err);
	if (status == HP_OK)
		status = hp_preflight_radius(preflight, err);
	if (status == HP_OK)
		status = hp_preflight_executors(preflight, err);
	return status == HP_OK && preflight->arena->failed
		       ? hp_fail(err, HP_NOMEM, "out of memory")
		       : status;
}
