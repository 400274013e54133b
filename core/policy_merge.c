/* What a policy file leaves out takes the shipped default (policy.md, "Evaluation"). */
#include <string.h>

#include "core/policy_rules.h"
#include "core/yaml.h"

static const char default_text[] =
#include "core/policy_default.inc"
	;

const char *
hp_policy_default_text(void)
{
	return default_text;
}

/*
 * How deep a section is filled: 1 adds the keys it lacks, 2 also those of the maps inside it.
 * Every other section stands or falls whole: a list of classes, a row of the matrix or a list of
 * tiers means something only as its author wrote it.
 */
static const struct {
	const char *name;
	unsigned depth;
} filled[] = {
	{"agent_constraints", 2},
	{"permissions", 1},
	{"gateway", 2},
	{"approvals", 1},
};

static unsigned
depth_of(const char *section)
{
	for (size_t i = 0; i < sizeof filled / sizeof filled[0]; i++)
		if (strcmp(filled[i].name, section) == 0)
			return filled[i].depth;
	return 0;
}

/* A line of the default's text would be taken for one of the file's. */
static void
forget_lines(struct hp_value *value)
{
	value->line = value->column = 0;
	if (value->type == HP_ARRAY)
		for (size_t i = 0; i < value->array.count; i++)
			forget_lines(value->array.items[i]);
	if (value->type == HP_MAP)
		for (size_t i = 0; i < value->map.count; i++) {
			value->map.pairs[i].line = value->map.pairs[i].column = 0;
			forget_lines(value->map.pairs[i].value);
		}
}

static void
add_pair(struct hp_arena *arena, struct hp_value *map, const struct hp_pair *pair,
	 struct hp_value *value)
{
	hp_map_setn(arena, map, pair->key.p, pair->key.len, value);
	if (arena->failed)
		return;
	struct hp_pair *added = &map->map.pairs[map->map.count - 1];
	added->line = pair->line;
	added->column = pair->column;
}

/* `own` with what it lacks of `shipped`; `top` chooses each section's depth itself. */
static struct hp_value *
fill(struct hp_arena *arena, const struct hp_value *own, const struct hp_value *shipped, bool top,
     unsigned depth)
{
	struct hp_value *out = hp_value_map(arena);
	if (!out)
		return NULL;
	out->line = own->line;
	out->column = own->column;
	for (size_t i = 0; i < own->map.count; i++) {
		const struct hp_pair *pair = &own->map.pairs[i];
		const struct hp_value *other = hp_map_get(shipped, pair->key.p);
		unsigned inner = top ? depth_of(pair->key.p) : depth ? depth - 1 : 0;
		if (pair->value->type == HP_NIL)
			continue;
		bool deeper = inner && pair->value->type == HP_MAP && other;
		add_pair(arena, out, pair,
			 deeper ? fill(arena, pair->value, other, false, inner) : pair->value);
	}
	for (size_t i = 0; i < shipped->map.count; i++) {
		const struct hp_pair *pair = &shipped->map.pairs[i];
		if (!hp_map_get(own, pair->key.p))
			add_pair(arena, out, pair, pair->value);
	}
	return out;
}

/* The file's approval rules come first, the shipped ones after them: they speak for the effects
 * that the file has no rule for (the first match counts). */
static void
append_rules(struct hp_arena *arena, struct hp_value *merged, const struct hp_value *shipped)
{
	const struct hp_value *more = hp_map_get(hp_map_get(shipped, "approvals"), "rules");
	const struct hp_value *approvals = hp_map_get(merged, "approvals");
	for (size_t i = 0; i < hp_value_count(approvals); i++) {
		struct hp_pair *pair = &approvals->map.pairs[i];
		if (strcmp(pair->key.p, "rules") != 0 || pair->value == more)
			continue;
		struct hp_value *both = hp_value_array(arena);
		if (!both)
			return;
		both->line = pair->value->line;
		both->column = pair->value->column;
		for (size_t j = 0; j < hp_value_count(pair->value); j++)
			hp_array_add(arena, both, pair->value->array.items[j]);
		for (size_t j = 0; j < hp_value_count(more); j++)
			hp_array_add(arena, both, more->array.items[j]);
		pair->value = both;
	}
}

enum hp_status
hp_policy_merge(struct hp_arena *arena, const struct hp_value *file,
		const struct hp_value **ret_file, struct hp_error *err)
{
	const struct hp_value *parsed;
	struct hp_error why = {0};
	enum hp_status status =
		hp_yaml_load(arena, default_text, sizeof default_text - 1, &parsed, &why);
	if (status == HP_OK)
		status = hp_policy_shape(arena, parsed, &why);
	if (status != HP_OK)
		return hp_fail(err, status, "the shipped default: line %u: %s", why.line,
			       why.message);
	struct hp_value *shipped = hp_value_copy(arena, parsed);
	if (!shipped)
		return hp_fail(err, HP_NOMEM, "out of memory");
	forget_lines(shipped);
	struct hp_value *merged = fill(arena, file, shipped, true, 0);
	append_rules(arena, merged, shipped);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	*ret_file = merged;
	return HP_OK;
}
