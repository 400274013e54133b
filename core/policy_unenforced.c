/*
 * What the format has and this version does not enforce: checked like everything else, so that a
 * file is right on the day it is, then refused. A limit read and ignored is worse than none.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/policy_rules.h"

/* The first feature of the file, by line. */
struct feature {
	const struct hp_value *at;
	char name[128];
};

static HP_PRINTF(3, 4) void
rely(struct feature *first, const struct hp_value *at, const char *format, ...)
{
	if (first->at && (first->at->line < at->line ||
			  (first->at->line == at->line && first->at->column <= at->column)))
		return;
	va_list args;
	va_start(args, format);
	vsnprintf(first->name, sizeof first->name, format, args);
	va_end(args);
	first->at = at;
}

static enum hp_status
check_patterns(const struct hp_value *list, struct hp_error *err)
{
	for (size_t i = 0; i < hp_value_count(list); i++) {
		char field[128];
		const struct hp_value *item = hp_array_get(list, i);
		struct hp_pattern pattern = {.expression = item->str.p, .line = item->line};
		struct hp_pattern_set *set = NULL;
		struct hp_error why = {0};
		snprintf(field, sizeof field, "gateway.redaction.patterns[%zu]", i);
		enum hp_status status = hp_pattern_set_new(&pattern, 1, &set, &why);
		hp_pattern_set_free(set);
		if (status == HP_INVALID)
			return hp_policy_refuse(err, item, field, "%s", why.message);
		if (status != HP_OK)
			return status;
	}
	return HP_OK;
}

static void
find_in_gateway(const struct hp_value *gateway, struct feature *first)
{
	static const char *const lists[] = {"rules", "patterns"};
	const struct hp_value *redaction = hp_map_get(gateway, "redaction");
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		const struct hp_value *list = hp_map_get(redaction, lists[i]);
		if (hp_value_count(list))
			rely(first, hp_array_get(list, 0), "gateway.redaction.%s", lists[i]);
	}
}

static enum hp_status
check_task_scope(const struct hp_policy *policy, const struct hp_value *scope,
		 struct feature *first, struct hp_error *err)
{
	for (size_t i = 0; i < hp_value_count(scope); i++) {
		const struct hp_pair *pair = &scope->map.pairs[i];
		struct hp_value at = {.line = pair->line, .column = pair->column};
		if (strcmp(pair->key.p, "other") != 0 &&
		    hp_policy_find_environment(policy, pair->key.p) == policy->environment_count)
			return hp_policy_refuse(err, &at, "permissions.task_scope",
						"no environment of that name");
		if (hp_value_is(pair->value, "required"))
			rely(first, pair->value, "permissions.task_scope.%s: required",
			     pair->key.p);
	}
	return HP_OK;
}

static bool
is_positive(const struct hp_value *number)
{
	return number && (number->type == HP_INT ? number->integer > 0 : number->real > 0);
}

static void
find_spot_checks(const struct hp_value *tiers, struct feature *first)
{
	for (size_t i = 0; i < hp_value_count(tiers); i++) {
		const struct hp_value *share = hp_map_get(hp_array_get(tiers, i), "spot_check");
		if (is_positive(share))
			rely(first, share, "tiers[%zu].spot_check", i);
	}
}

enum hp_status
hp_policy_check_unenforced(struct hp_policy *policy, const struct hp_value *file,
			   struct hp_error *err)
{
	struct feature first = {0};
	const struct hp_value *gateway = hp_map_get(file, "gateway");
	const struct hp_value *permissions = hp_map_get(file, "permissions");
	enum hp_status status =
		check_patterns(hp_map_get(hp_map_get(gateway, "redaction"), "patterns"), err);
	if (status == HP_OK)
		status = check_task_scope(policy, hp_map_get(permissions, "task_scope"), &first,
					  err);
	if (status != HP_OK)
		return status;
	find_in_gateway(gateway, &first);
	find_spot_checks(hp_map_get(file, "tiers"), &first);
	if (!first.at)
		return HP_OK;
	(void)hp_policy_refuse(err, first.at, first.name, "not enforced by this version; leave it "
							 "out");
	return HP_UNSUPPORTED;
}
