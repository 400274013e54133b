/* The shape of a policy file: tables of fields. What names mean is the business of policy_load. */
#include <stdio.h>
#include <string.h>

#include "core/policy_rules.h"
#include "core/schema.h"

#define SECOND ((int64_t)1000)
#define DAY (24 * 3600 * SECOND)

static const struct hp_field name_item = {.kinds = HP_K_NAME};
static const struct hp_field text_item = {.kinds = HP_K_STR, .min = 1, .max = 4096};
static const struct hp_field word_item = {.kinds = HP_K_STR, .min = 1, .max = HP_LIMIT_NAME_BYTES};

#define NAMES .kinds = HP_K_LIST, .item = &name_item
#define POSITIVE .kinds = HP_K_INT, .min = 1, .max = INT32_MAX

static const struct hp_field environment_fields[] = {
	{.name = "name", .kinds = HP_K_NAME, .required = true},
	{.name = "words", .kinds = HP_K_LIST, .required = true, .item = &word_item},
	{0},
};
static const struct hp_field environment_item = {.kinds = HP_K_MAP, .fields = environment_fields};

static const struct hp_field class_fields[] = {
	{.name = "name", .kinds = HP_K_NAME, .required = true},
	{.name = "match", .kinds = HP_K_LIST, .required = true, .item = &text_item},
	{0},
};
static const struct hp_field class_item = {.kinds = HP_K_MAP, .fields = class_fields};

/* --- layer 1 --- */

static const char *const always_words[] = {"BLOCK", "BLOCK_AND_ESCALATE", "REQUIRE_APPROVAL", NULL};
static const char *const exceeded_words[] = {"BLOCK", "BLOCK_AND_ESCALATE", "REQUIRE_APPROVAL",
					     "REQUIRE_APPROVAL_IF_EXCEEDED", NULL};
static const char *const context_words[] = {"flag", "require", NULL};

static const struct hp_field destructive_fields[] = {
	{.name = "pattern", .kinds = HP_K_STR, .required = true, .min = 1, .max = 4096},
	{.name = "scope", .kinds = HP_K_NAME},
	{.name = "policy", .kinds = HP_K_ENUM, .required = true, .words = always_words},
	{.name = "message", .kinds = HP_K_STR, .min = 1, .max = 512},
	{0},
};
static const struct hp_field destructive_item = {.kinds = HP_K_MAP, .fields = destructive_fields};

static const struct hp_field magnitude_fields[] = {
	{.name = "max_resources_affected", .kinds = HP_K_INT, .min = 0, .max = INT64_MAX},
	{.name = "max_cost_impact_usd", .kinds = HP_K_NUMBER, .min = 0, .max = INT64_MAX},
	{.name = "policy", .kinds = HP_K_ENUM, .words = exceeded_words},
	{.name = "hard_max_resources_affected", .kinds = HP_K_INT, .min = 0, .max = INT64_MAX},
	{0},
};

static const struct hp_field operations_fields[] = {
	{.name = "allowed_operations", NAMES},
	{.name = "blocked_operations", NAMES},
	{0},
};
static const struct hp_field operations_item = {.kinds = HP_K_MAP, .fields = operations_fields};

static const struct hp_field confidence_fields[] = {
	{.name = "min", .kinds = HP_K_NUMBER, .min = 0, .max = 1},
	{.name = "policy", .kinds = HP_K_ENUM, .words = always_words},
	{0},
};

static const struct hp_field context_fields[] = {
	{.name = "alternatives", .kinds = HP_K_ENUM, .words = context_words},
	{.name = "rollback", .kinds = HP_K_ENUM, .words = context_words},
	{0},
};

static const struct hp_field constraint_fields[] = {
	{.name = "destructive_actions", .kinds = HP_K_LIST, .min = 0, .max = HP_POLICY_DESTRUCTIVE,
	 .item = &destructive_item},
	{.name = "change_magnitude", .kinds = HP_K_MAP, .fields = magnitude_fields},
	{.name = "environment_rules", .kinds = HP_K_MAP_OF, .item = &operations_item},
	{.name = "confidence", .kinds = HP_K_MAP, .fields = confidence_fields},
	{.name = "context", .kinds = HP_K_MAP, .fields = context_fields},
	{0},
};

/* --- layer 2 --- */

#define CELL .kinds = HP_K_ENUM, .required = true, .words = hp_effect_words
static const struct hp_field row_fields[] = {
	{.name = "human", CELL},
	{.name = "supervised", CELL},
	{.name = "autonomous", CELL},
	{0},
};
static const struct hp_field row_item = {.kinds = HP_K_MAP, .fields = row_fields};

static const char *const scope_words[] = {"optional", "required", NULL};
static const struct hp_field scope_item = {.kinds = HP_K_ENUM, .words = scope_words};

/* --- layer 3 --- */

static const char *const alert_words[] = {"alert", "hold", NULL};
static const char *const redaction_words[] = {"pii", "phi", "secrets", NULL};
static const struct hp_field redaction_item = {.kinds = HP_K_ENUM, .words = redaction_words};

static const struct hp_field rate_fields[] = {
	{.name = "environment", .kinds = HP_K_NAME},
	{.name = "except", NAMES},
	{.name = "per_minute", POSITIVE, .required = true},
	{.name = "burst", POSITIVE},
	{.name = "effect", CELL},
	{0},
};
static const struct hp_field rate_item = {.kinds = HP_K_MAP, .fields = rate_fields};

static const struct hp_field budget_fields[] = {
	{.name = "window", .kinds = HP_K_DURATION, .required = true, .min = SECOND,
	 .max = 366 * DAY},
	{.name = "max_cost_usd", .kinds = HP_K_NUMBER, .required = true, .min = 0,
	 .max = INT64_MAX},
	{.name = "effect", CELL},
	{0},
};
static const struct hp_field budget_item = {.kinds = HP_K_MAP, .fields = budget_fields};

static const struct hp_field pattern_fields[] = {
	{.name = "name", .kinds = HP_K_STR, .required = true, .min = 1, .max = 64},
	{.name = "pattern", .kinds = HP_K_STR, .required = true, .min = 1, .max = 4096},
	{0},
};
static const struct hp_field pattern_item = {.kinds = HP_K_STR | HP_K_MAP, .min = 1, .max = 4096,
					     .fields = pattern_fields};

static const struct hp_field redaction_fields[] = {
	{.name = "rules", .kinds = HP_K_LIST, .item = &redaction_item},
	{.name = "patterns", .kinds = HP_K_LIST, .min = 0, .max = HP_POLICY_PATTERNS,
	 .item = &pattern_item},
	{0},
};

static const struct hp_field anomaly_fields[] = {
	{.name = "first_time", .kinds = HP_K_ENUM, .words = alert_words},
	{.name = "asked_again", .kinds = HP_K_ENUM, .words = alert_words},
	{.name = "rate", .kinds = HP_K_ENUM, .words = alert_words},
	{0},
};

static const struct hp_field gateway_fields[] = {
	{.name = "rate_limits", .kinds = HP_K_LIST, .min = 0, .max = HP_POLICY_RATES,
	 .item = &rate_item},
	{.name = "budgets", .kinds = HP_K_LIST, .min = 0, .max = HP_POLICY_BUDGETS,
	 .item = &budget_item},
	{.name = "redaction", .kinds = HP_K_MAP, .fields = redaction_fields},
	{.name = "anomaly", .kinds = HP_K_MAP, .fields = anomaly_fields},
	{.name = "pending_cap", POSITIVE},
	{.name = "bytes_per_day", .kinds = HP_K_SIZE, .min = 1, .max = INT64_MAX},
	{0},
};

/* --- layer 4 --- */

static const char *const ask_words[] = {"hold", "admin", "escalate", NULL};

#define DURATION .kinds = HP_K_DURATION, .min = SECOND, .max = 30 * DAY

static const struct hp_field slot_fields[] = {
	{.name = "groups", NAMES, .required = true, .min = 1, .max = HP_LIMIT_GROUPS},
	{.name = "count", .kinds = HP_K_INT, .required = true, .min = 1,
	 .max = HP_LIMIT_QUORUM_SLOTS},
	{0},
};
static const struct hp_field slot_item = {.kinds = HP_K_MAP, .fields = slot_fields};

static const struct hp_field rule_fields[] = {
	{.name = "effect", .kinds = HP_K_ENUM, .required = true, .words = ask_words},
	{.name = "require", .kinds = HP_K_LIST, .required = true, .min = 1,
	 .max = HP_LIMIT_QUORUM_SLOTS, .item = &slot_item},
	{0},
};
static const struct hp_field rule_item = {.kinds = HP_K_MAP, .fields = rule_fields};

static const struct hp_field widening_fields[] = {
	{.name = "after", DURATION, .required = true},
	{.name = "groups", NAMES, .required = true, .min = 1, .max = HP_LIMIT_GROUPS},
	{0},
};
static const struct hp_field widening_item = {.kinds = HP_K_MAP, .fields = widening_fields};

static const struct hp_field extend_fields[] = {
	{.name = "by", DURATION, .required = true},
	{.name = "times", .kinds = HP_K_INT, .required = true, .min = 0, .max = 100},
	{0},
};

static const struct hp_field approval_fields[] = {
	{.name = "timeout", DURATION},
	{.name = "max_timeout", DURATION},
	{.name = "extend", .kinds = HP_K_MAP, .fields = extend_fields},
	{.name = "grant_ttl", DURATION},
	{.name = "lease", DURATION},
	{.name = "lease_max", DURATION},
	{.name = "rules", .kinds = HP_K_LIST, .min = 0, .max = 64, .item = &rule_item},
	{.name = "escalate_after", .kinds = HP_K_LIST, .min = 0, .max = 16,
	 .item = &widening_item},
	{.name = "self_run", NAMES},
	{0},
};

static const struct hp_field tier_fields[] = {
	{.name = "name", .kinds = HP_K_NAME, .required = true},
	{.name = "classes", NAMES},
	{.name = "environments", NAMES},
	{.name = "effect", CELL},
	{.name = "spot_check", .kinds = HP_K_NUMBER, .min = 0, .max = 1},
	{0},
};
static const struct hp_field tier_item = {.kinds = HP_K_MAP, .fields = tier_fields};

/* --- the file --- */

static const struct hp_field file_fields[] = {
	{.name = "version", .kinds = HP_K_INT, .min = 1, .max = 1},
	{.name = "default_environment", .kinds = HP_K_NAME},
	{.name = "environments", .kinds = HP_K_LIST, .min = 1, .max = HP_LIMIT_ENVIRONMENTS,
	 .item = &environment_item},
	{.name = "classes", .kinds = HP_K_LIST, .min = 1, .max = HP_LIMIT_CLASSES,
	 .item = &class_item},
	{.name = "agent_constraints", .kinds = HP_K_MAP, .fields = constraint_fields},
	{.name = "permissions", .kinds = HP_K_MAP}, /* fields: see below */
	{.name = "gateway", .kinds = HP_K_MAP, .fields = gateway_fields},
	{.name = "approvals", .kinds = HP_K_MAP, .fields = approval_fields},
	{.name = "tiers", .kinds = HP_K_LIST, .min = 1, .max = 64, .item = &tier_item},
	{0},
};
enum { FILE_FIELDS = sizeof file_fields / sizeof file_fields[0] };

/* The environments of `permissions` are keys of the file's choosing, beside a fixed `task_scope`:
 * a table made from the keys that are there. */
static const struct hp_field *
permission_fields(struct hp_arena *arena, const struct hp_value *permissions)
{
	size_t count = permissions && permissions->type == HP_MAP ? permissions->map.count : 0;
	struct hp_field *fields = hp_arena_array(arena, count + 1, sizeof *fields);
	if (!fields)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const char *key = permissions->map.pairs[i].key.p;
		const struct hp_field *item = strcmp(key, "task_scope") ? &row_item : &scope_item;
		fields[i] = (struct hp_field){.name = key, .kinds = HP_K_MAP_OF, .item = item};
	}
	return fields;
}

enum hp_status
hp_policy_shape(struct hp_arena *arena, const struct hp_value *file, struct hp_error *err)
{
	struct hp_field fields[FILE_FIELDS];
	const struct hp_value *permissions = hp_map_get(file, "permissions");
	memcpy(fields, file_fields, sizeof fields);
	for (size_t i = 0; fields[i].name; i++)
		if (strcmp(fields[i].name, "permissions") == 0)
			fields[i].fields = permission_fields(arena, permissions);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	return hp_schema_check(file, fields, "policy", err);
}
