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

enum hp_status
hp_policy_check_unenforced(struct hp_policy *policy, const struct hp_value *file,
			   struct hp_error *err)
{
	struct feature first = {0};
	const struct hp_value *gateway = hp_map_get(file, "gateway");
	enum hp_status status =
		check_patterns(hp_map_get(hp_map_get(gateway, "redaction"), "patterns"), err);
	if (status != HP_OK)
		return status;
	find_in_gateway(gateway, &first);
	if (!first.at)
		return HP_OK;
	(void)hp_policy_refuse(err, first.at, first.name, "not enforced by this version; leave it "
							 "out");
	return HP_UNSUPPORTED;
}
