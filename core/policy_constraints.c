/* Loading layers 1 and 2: what agents may plan, and the matrix of who may do what where. */
#include <stdio.h>
#include <string.h>

#include "core/policy_rules.h"
#include "core/text.h"
#include "core/units.h"

static unsigned
line_of(const struct hp_value *map, const char *key)
{
	const struct hp_value *value = hp_map_get(map, key);
	return value ? value->line : 0;
}

/* --- destructive_actions --- */

static enum hp_status
load_scope(struct hp_policy *policy, const struct hp_value *scope, const char *field,
	   uint32_t *ret_scope, struct hp_error *err)
{
	if (!scope || hp_value_is(scope, "all")) {
		*ret_scope = UINT32_MAX;
		return HP_OK;
	}
	struct hp_value *item = hp_value_copy(&policy->arena, scope);
	struct hp_value *list = hp_value_array(&policy->arena);
	hp_array_add(&policy->arena, list, item);
	if (policy->arena.failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	uint32_t bits = 0;
	enum hp_status status = hp_policy_environment_bits(policy, list, field, &bits, err);
	/* The shipped `production` under another name: the strictest (see policy_load.c). */
	if (status == HP_OK && !bits)
		bits = UINT32_C(1) << policy->production;
	if (status == HP_OK)
		*ret_scope = bits;
	return status;
}

/* A word is what stands between spaces in the classifier's texts: the pattern must take whole
 * ones, so that `drop` is not found in "Dropdown". */
static enum hp_status
compile_destructive(struct hp_policy *policy, const struct hp_value *list,
		    struct hp_pattern *patterns, struct hp_error *err)
{
	for (size_t i = 0; i < policy->destructive_count; i++) {
		char field[128];
		const struct hp_value *pattern = hp_map_get(hp_array_get(list, i), "pattern");
		struct hp_pattern alone = {.expression = pattern->str.p, .line = pattern->line};
		struct hp_pattern_set *set = NULL;
		struct hp_error why = {0};
		snprintf(field, sizeof field, "agent_constraints.destructive_actions[%zu].pattern",
			 i);
		if (memchr(pattern->str.p, '\0', pattern->str.len))
			return hp_policy_refuse(err, pattern, field, "a pattern cannot hold NUL");
		/* Alone first: "a)|(b" must not become valid by being wrapped. */
		enum hp_status status = hp_pattern_set_new(&alone, 1, &set, &why);
		hp_pattern_set_free(set);
		if (status == HP_INVALID)
			return hp_policy_refuse(err, pattern, field, "%s", why.message);
		if (status != HP_OK)
			return hp_fail(err, status, "%s: %s", field, why.message);
		patterns[i] = (struct hp_pattern){
			.expression = hp_arena_printf(&policy->arena, "(?:^| )(?:%s)(?: |$)",
						      pattern->str.p),
			.flags = HP_PATTERN_CASELESS | HP_PATTERN_ONCE |
				 HP_PATTERN_UNTRIED,
			.id = (unsigned)i,
			.line = pattern->line,
		};
	}
	if (policy->arena.failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	return hp_pattern_set_new(patterns, policy->destructive_count, &policy->destructive_set,
				  err);
}

static enum hp_status
load_destructive(struct hp_policy *policy, const struct hp_value *list, struct hp_error *err)
{
	struct hp_arena *arena = &policy->arena;
	size_t count = hp_value_count(list);
	policy->destructive = hp_arena_array(arena, count + 1, sizeof *policy->destructive);
	struct hp_pattern *patterns = hp_arena_array(arena, count + 1, sizeof *patterns);
	if (!policy->destructive || !patterns)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		char field[128];
		const struct hp_value *item = hp_array_get(list, i);
		struct hp_policy_destructive *rule = &policy->destructive[i];
		const char *message = hp_map_get_str(item, "message", "destructive action");
		snprintf(field, sizeof field, "agent_constraints.destructive_actions[%zu].scope",
			 i);
		rule->rule = hp_arena_printf(arena, "destructive_actions[%zu]", i);
		rule->message = hp_text_safe(arena, message, 0);
		rule->effect = hp_effect_of_word(hp_map_get_str(item, "policy", ""));
		rule->line = item->line;
		enum hp_status status =
			load_scope(policy, hp_map_get(item, "scope"), field, &rule->scope, err);
		if (status != HP_OK)
			return status;
		policy->destructive_scope |= rule->scope;
	}
	policy->destructive_count = count;
	return compile_destructive(policy, list, patterns, err);
}

/* --- change_magnitude, confidence, context --- */

static enum hp_status
load_magnitude(struct hp_policy *policy, const struct hp_value *map, struct hp_error *err)
{
	const struct hp_value *cost = hp_map_get(map, "max_cost_impact_usd");
	const struct hp_value *hard = hp_map_get(map, "hard_max_resources_affected");
	const struct hp_value *soft = hp_map_get(map, "max_resources_affected");
	struct hp_policy_magnitude *magnitude = &policy->magnitude;
	struct hp_error why = {0};
	*magnitude = (struct hp_policy_magnitude){
		.max_resources = soft->integer,
		.hard_max_resources = hard->integer,
		.effect = hp_effect_of_word(hp_map_get_str(map, "policy", "")),
		.resources_line = soft->line,
		.hard_line = hard->line,
		.cost_line = cost->line,
	};
	if (hp_units_usd_micros(cost, &magnitude->max_cost_micros, &why) != HP_OK)
		return hp_policy_refuse(err, cost,
					"agent_constraints.change_magnitude.max_cost_impact_usd",
					"%s", why.message);
	if (magnitude->hard_max_resources < magnitude->max_resources)
		return hp_policy_refuse(
			err, hard->line ? hard : soft,
			"agent_constraints.change_magnitude.hard_max_resources_affected",
			"%lld%s is below max_resources_affected %lld",
			(long long)magnitude->hard_max_resources,
			hard->line ? "" : ", the shipped default,",
			(long long)magnitude->max_resources);
	return HP_OK;
}

static enum hp_status
load_confidence(struct hp_policy *policy, const struct hp_value *map, struct hp_error *err)
{
	const struct hp_value *min = hp_map_get(map, "min");
	struct hp_error why = {0};
	policy->confidence.effect = hp_effect_of_word(hp_map_get_str(map, "policy", ""));
	policy->confidence.line = min->line;
	if (hp_units_basis_points(min, &policy->confidence.min_bp, &why) != HP_OK)
		return hp_policy_refuse(err, min, "agent_constraints.confidence.min", "%s",
					why.message);
	return HP_OK;
}

static void
load_context(struct hp_policy *policy, const struct hp_value *map)
{
	policy->context = (struct hp_policy_context){
		.require_alternatives = hp_value_is(hp_map_get(map, "alternatives"), "require"),
		.require_rollback = hp_value_is(hp_map_get(map, "rollback"), "require"),
		.alternatives_line = line_of(map, "alternatives"),
		.rollback_line = line_of(map, "rollback"),
	};
}

/* --- environment_rules --- */

/* The environment of a key; the shipped `production` under another name is the strictest. */
static size_t
environment_of(const struct hp_policy *policy, const struct hp_pair *pair)
{
	size_t index = hp_policy_find_environment(policy, pair->key.p);
	if (index == policy->environment_count && !pair->line &&
	    strcmp(pair->key.p, "production") == 0)
		return policy->production;
	return index;
}

/* What is said of each class that is not allowed; the last is `unknown`. */
static const char *const *
operation_messages(struct hp_policy *policy, const struct hp_policy_operations *rules,
		   const char *environment)
{
	size_t count = policy->class_count + 1;
	const char **messages = hp_arena_array(&policy->arena, count, sizeof *messages);
	for (size_t i = 0; messages && i < count; i++) {
		bool unknown = i == policy->class_count;
		const char *class = unknown ? "an action of unknown class" : policy->classes[i];
		if (!unknown && (rules->blocked & UINT64_C(1) << i))
			messages[i] = hp_arena_printf(&policy->arena,
						      "%s in %s is blocked for agents", class,
						      environment);
		else
			messages[i] = hp_arena_printf(
				&policy->arena,
				"%s is not on the list of what agents may do in %s: %s", class,
				environment, policy->needs[HP_EFFECT_HOLD]);
	}
	return messages;
}

static enum hp_status
load_operations(struct hp_policy *policy, const struct hp_pair *pair, size_t environment,
		struct hp_error *err)
{
	const struct hp_value *allowed = hp_map_get(pair->value, "allowed_operations");
	const struct hp_value *blocked = hp_map_get(pair->value, "blocked_operations");
	const char *name = policy->environments[environment].name;
	struct hp_policy_operations *rules = &policy->operations[environment];
	char field[160];
	snprintf(field, sizeof field, "agent_constraints.environment_rules.%.64s", name);
	rules->present = true;
	rules->allowed_rule = hp_arena_printf(&policy->arena,
					      "environment_rules.%s.allowed_operations", name);
	rules->blocked_rule = hp_arena_printf(&policy->arena,
					      "environment_rules.%s.blocked_operations", name);
	rules->allowed_line = allowed ? allowed->line : pair->line;
	rules->blocked_line = blocked ? blocked->line : pair->line;
	if (policy->arena.failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	enum hp_status status =
		hp_policy_class_bits(policy, allowed, field, &rules->allowed, err);
	if (status == HP_OK)
		status = hp_policy_class_bits(policy, blocked, field, &rules->blocked, err);
	if (status == HP_OK && (rules->allowed & rules->blocked))
		status = hp_policy_refuse(
			err, blocked, field, "class \"%s\" is both allowed and blocked",
			policy->classes[__builtin_ctzll(rules->allowed & rules->blocked)]);
	rules->messages = operation_messages(policy, rules, name);
	return status == HP_OK && policy->arena.failed ? hp_fail(err, HP_NOMEM, "out of memory")
						       : status;
}

static enum hp_status
refuse_key(const struct hp_policy *policy, const struct hp_pair *pair, const char *field,
	   const char *what, const char *const *known, size_t count, struct hp_error *err)
{
	struct hp_value at = {.type = HP_STR,
			      .line = pair->line,
			      .column = pair->column,
			      .str = pair->key};
	const char *names[HP_LIMIT_ENVIRONMENTS + 1];
	size_t i = 0;
	if (known)
		return hp_policy_refuse_name(err, &at, field, what, known, count);
	for (; i < policy->environment_count; i++)
		names[i] = policy->environments[i].name;
	if (count > i)
		names[i++] = "other";
	return hp_policy_refuse_name(err, &at, field, what, names, i);
}

/* The file's own first: a shipped entry only fills an environment that the file says nothing of. */
static enum hp_status
load_environment_rules(struct hp_policy *policy, const struct hp_value *map, struct hp_error *err)
{
	for (int shipped = 0; shipped <= 1; shipped++)
		for (size_t i = 0; i < hp_value_count(map); i++) {
			const struct hp_pair *pair = &map->map.pairs[i];
			size_t environment = environment_of(policy, pair);
			if ((pair->line == 0) != shipped)
				continue;
			if (environment == policy->environment_count && !shipped)
				return refuse_key(policy, pair,
						  "agent_constraints.environment_rules",
						  "environment", NULL, 0, err);
			if (environment == policy->environment_count ||
			    policy->operations[environment].present)
				continue;
			enum hp_status status = load_operations(policy, pair, environment, err);
			if (status != HP_OK)
				return status;
		}
	return HP_OK;
}

enum hp_status
hp_policy_load_constraints(struct hp_policy *policy, const struct hp_value *file,
			   struct hp_error *err)
{
	const struct hp_value *map = hp_map_get(file, "agent_constraints");
	enum hp_status status =
		load_destructive(policy, hp_map_get(map, "destructive_actions"), err);
	if (status == HP_OK)
		status = load_magnitude(policy, hp_map_get(map, "change_magnitude"), err);
	if (status == HP_OK)
		status = load_environment_rules(policy, hp_map_get(map, "environment_rules"), err);
	if (status == HP_OK)
		status = load_confidence(policy, hp_map_get(map, "confidence"), err);
	if (status == HP_OK)
		load_context(policy, hp_map_get(map, "context"));
	return status;
}

/* --- permissions: the matrix --- */

static const char *const columns[HP_POLICY_MODES] = {
	[HP_MODE_HUMAN] = "human",
	[HP_MODE_SUPERVISED] = "supervised",
	[HP_MODE_AUTONOMOUS] = "autonomous",
};
static const char *const askers[HP_POLICY_MODES] = {
	[HP_MODE_HUMAN] = "a person",
	[HP_MODE_SUPERVISED] = "a supervised agent",
	[HP_MODE_AUTONOMOUS] = "an autonomous agent",
};

/* Fills one class's row from the cells; no cells: nobody said that it may be done. */
static void
make_row(struct hp_policy *policy, const struct hp_policy_environment *environment,
	 const char *matrix, const char *class, const char *row, const struct hp_value *cells,
	 unsigned line, struct hp_policy_row *out)
{
	out->rule = hp_arena_printf(&policy->arena, "permissions.%s.%s", matrix, row);
	out->line = line;
	out->own = strcmp(row, "other") != 0;
	out->said = cells != NULL;
	for (size_t mode = 0; mode < HP_POLICY_MODES; mode++) {
		out->effect[mode] = HP_EFFECT_BLOCK;
		if (cells && !hp_effect_parse(hp_map_get_str(cells, columns[mode], ""),
					      &out->effect[mode]))
			out->effect[mode] = HP_EFFECT_BLOCK;
		out->message[mode] = hp_arena_printf(
			&policy->arena, "%s in %s by %s %s", class, environment->name,
			askers[mode], policy->needs[out->effect[mode]]);
	}
}

static const struct hp_pair *
pair_of(const struct hp_value *map, const char *key)
{
	for (size_t i = 0; i < hp_value_count(map); i++)
		if (strcmp(map->map.pairs[i].key.p, key) == 0)
			return &map->map.pairs[i];
	return NULL;
}

static enum hp_status
make_rows(struct hp_policy *policy, struct hp_policy_environment *environment,
	  const struct hp_pair *matrix, struct hp_error *err)
{
	size_t count = policy->class_count + 1;
	const struct hp_pair *other = pair_of(matrix->value, "other");
	environment->rows = hp_arena_array(&policy->arena, count, sizeof *environment->rows);
	for (size_t i = 0; environment->rows && i < count; i++) {
		bool unknown = i == policy->class_count;
		const struct hp_pair *own =
			unknown ? NULL : pair_of(matrix->value, policy->classes[i]);
		const struct hp_pair *row = own ? own : other;
		make_row(policy, environment, matrix->key.p,
			 unknown ? "an action of unknown class" : policy->classes[i],
			 own ? own->key.p : "other", row ? row->value : NULL,
			 row ? row->line : matrix->line, &environment->rows[i]);
	}
	return policy->arena.failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
}

static enum hp_status
check_rows(const struct hp_policy *policy, const struct hp_pair *matrix, struct hp_error *err)
{
	char field[128];
	snprintf(field, sizeof field, "permissions.%.64s", matrix->key.p);
	for (size_t i = 0; i < hp_value_count(matrix->value); i++) {
		const struct hp_pair *row = &matrix->value->map.pairs[i];
		if (row->line && strcmp(row->key.p, "other") != 0 &&
		    hp_policy_find_class(policy, row->key.p) == policy->class_count)
			return refuse_key(policy, row, field, "class", policy->classes,
					  policy->class_count, err);
	}
	return HP_OK;
}

/* The matrix of one environment: its own, the shipped one where it applies, `other`. */
static const struct hp_pair *
matrix_of(const struct hp_policy *policy, const struct hp_value *permissions, size_t environment)
{
	const struct hp_pair *found =
		pair_of(permissions, policy->environments[environment].name);
	if (found)
		return found;
	for (size_t i = 0; i < hp_value_count(permissions); i++)
		if (environment_of(policy, &permissions->map.pairs[i]) == environment)
			return &permissions->map.pairs[i];
	return pair_of(permissions, "other");
}

/* Where agents need an open task: as said of the environment, else of `other`, else nowhere. */
static enum hp_status
load_task_scope(struct hp_policy *policy, const struct hp_value *scope, struct hp_error *err)
{
	const struct hp_pair *other = pair_of(scope, "other");
	for (size_t i = 0; i < hp_value_count(scope); i++) {
		const struct hp_pair *pair = &scope->map.pairs[i];
		struct hp_value at = {.line = pair->line, .column = pair->column};
		if (pair->line && pair != other &&
		    hp_policy_find_environment(policy, pair->key.p) == policy->environment_count)
			return hp_policy_refuse(err, &at, "permissions.task_scope",
						"no environment of that name");
	}
	for (size_t i = 0; i < policy->environment_count; i++) {
		struct hp_policy_environment *environment = &policy->environments[i];
		const struct hp_pair *own = pair_of(scope, environment->name);
		const struct hp_pair *said = own ? own : other;
		if (!said)
			continue;
		environment->task_required = hp_value_is(said->value, "required");
		environment->task_rule = hp_arena_printf(
			&policy->arena, "permissions.task_scope.%s", said->key.p);
		environment->task_line = said->line;
	}
	return policy->arena.failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
}

enum hp_status
hp_policy_load_permissions(struct hp_policy *policy, const struct hp_value *file,
			   struct hp_error *err)
{
	const struct hp_value *permissions = hp_map_get(file, "permissions");
	for (size_t i = 0; i < hp_value_count(permissions); i++) {
		const struct hp_pair *pair = &permissions->map.pairs[i];
		if (strcmp(pair->key.p, "task_scope") == 0)
			continue;
		if (pair->line && strcmp(pair->key.p, "other") != 0 &&
		    hp_policy_find_environment(policy, pair->key.p) == policy->environment_count)
			return refuse_key(policy, pair, "permissions", "environment", NULL,
					  policy->environment_count + 1, err);
		enum hp_status status = check_rows(policy, pair, err);
		if (status != HP_OK)
			return status;
	}
	for (size_t i = 0; i < policy->environment_count; i++) {
		enum hp_status status = make_rows(policy, &policy->environments[i],
						  matrix_of(policy, permissions, i), err);
		if (status != HP_OK)
			return status;
	}
	return load_task_scope(policy, hp_map_get(permissions, "task_scope"), err);
}
