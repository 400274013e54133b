#include "core/request.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/limits.h"
#include "core/msgpack.h"
#include "core/policy.h"
#include "core/text.h"
#include "core/units.h"

/*
 * What is run or matched against rules is exact: a NUL in it would show a person one thing and
 * run another. So is the summary, which is a line of a list. Other prose and `arguments` may hold
 * NULs; they are shown escaped.
 */

static const struct hp_field text_item = {.kinds = HP_K_STR, .max = HP_LIMIT_STRING_BYTES};

static const struct hp_field file_fields[] = {
	{.name = "path", .kinds = HP_K_STR, .required = true, .min = 1, .max = 4096},
	{.name = "sha256", .kinds = HP_K_STR | HP_K_BIN, .required = true, .min = 32, .max = 64},
	{0},
};
static const struct hp_field file_item = {.kinds = HP_K_MAP, .fields = file_fields};

static const struct hp_field action_fields[] = {
	{.name = "operation", .kinds = HP_K_STR, .required = true, .min = 1,
	 .max = HP_LIMIT_OPERATION_BYTES},
	{.name = "environment", .kinds = HP_K_STR, .required = true, .min = 1,
	 .max = HP_LIMIT_NAME_BYTES},
	{.name = "resources", .kinds = HP_K_LIST, .item = &text_item},
	{.name = "arguments", .kinds = HP_K_MAP},
	{.name = "payload", .kinds = HP_K_BIN, .max = HP_LIMIT_STRING_BYTES},
	{.name = "command", .kinds = HP_K_LIST, .min = 1, .max = HP_LIMIT_ELEMENTS,
	 .item = &text_item},
	{.name = "cwd", .kinds = HP_K_STR, .min = 1, .max = 4096},
	{.name = "env", .kinds = HP_K_MAP_OF, .item = &text_item},
	{.name = "files", .kinds = HP_K_LIST, .item = &file_item},
	{.name = "audience", .kinds = HP_K_STR, .min = 1, .max = HP_LIMIT_NAME_BYTES},
	{0},
};

#define NATURAL .kinds = HP_K_INT, .min = 0, .max = INT64_MAX

static const struct hp_field impact_fields[] = {
	{.name = "resources_affected", NATURAL},
	{.name = "cost_usd", .kinds = HP_K_NUMBER, .min = 0, .max = INT64_MAX},
	{.name = "downtime_s", NATURAL},
	{.name = "users_affected", NATURAL},
	{.name = "reversible", .kinds = HP_K_BOOL},
	{.name = "note", .kinds = HP_K_STR, .max = HP_LIMIT_STRING_BYTES},
	{0},
};

static const struct hp_field alternative_fields[] = {
	{.name = "approach", .kinds = HP_K_STR, .required = true, .min = 1,
	 .max = HP_LIMIT_STRING_BYTES},
	{.name = "rejected_because", .kinds = HP_K_STR, .max = HP_LIMIT_STRING_BYTES},
	{0},
};
static const struct hp_field alternative_item = {.kinds = HP_K_MAP, .fields = alternative_fields};

static const struct hp_field rollback_fields[] = {
	{.name = "plan", .kinds = HP_K_STR, .min = 1, .max = HP_LIMIT_STRING_BYTES},
	{.name = "operation", .kinds = HP_K_STR, .min = 1, .max = HP_LIMIT_OPERATION_BYTES},
	{.name = "command", .kinds = HP_K_LIST, .min = 1, .max = HP_LIMIT_ELEMENTS,
	 .item = &text_item},
	{.name = "arguments", .kinds = HP_K_MAP},
	{.name = "minutes", .kinds = HP_K_NUMBER, .min = 0, .max = INT32_MAX},
	{0},
};

static const struct hp_field evidence_fields[] = {
	{.name = "label", .kinds = HP_K_STR, .required = true, .max = HP_LIMIT_STRING_BYTES},
	{.name = "text", .kinds = HP_K_STR, .required = true, .max = HP_LIMIT_STRING_BYTES},
	{0},
};
static const struct hp_field evidence_item = {.kinds = HP_K_MAP, .fields = evidence_fields};

/* A year: longer than any max_timeout makes sense, short enough that milliseconds cannot wrap. */
#define TTL_MAX_S (366 * 24 * 3600)

const struct hp_field hp_request_fields[] = {
	{.name = "id", .kinds = HP_K_UUID, .required = true},
	{.name = "action", .kinds = HP_K_MAP, .required = true, .fields = action_fields},
	{.name = "summary", .kinds = HP_K_STR, .required = true, .min = 1,
	 .max = HP_LIMIT_SUMMARY_BYTES},
	{.name = "why", .kinds = HP_K_STR, .required = true, .min = 1,
	 .max = HP_LIMIT_STRING_BYTES},
	{.name = "impact", .kinds = HP_K_MAP, .required = true, .fields = impact_fields},
	{.name = "alternatives", .kinds = HP_K_LIST, .required = true, .item = &alternative_item},
	/* The key is required (see check_rollback), but nil is a value of it: no rollback. */
	{.name = "rollback", .kinds = HP_K_MAP, .fields = rollback_fields},
	{.name = "confidence", .kinds = HP_K_NUMBER, .min = 0, .max = 1},
	{.name = "session", .kinds = HP_K_STR, .min = 1, .max = HP_LIMIT_NAME_BYTES},
	{.name = "branch", .kinds = HP_K_STR, .min = 1, .max = 256},
	{.name = "ttl_s", .kinds = HP_K_INT, .min = 1, .max = TTL_MAX_S},
	{.name = "supersedes", .kinds = HP_K_UUID},
	{.name = "evidence", .kinds = HP_K_LIST, .item = &evidence_item},
	{0},
};
enum { FIELD_COUNT = sizeof hp_request_fields / sizeof hp_request_fields[0] };

/* What a source may leave out although the wire requires it. */
static const struct {
	const char *name;
	enum hp_request_source from; /* this source and the laxer ones */
} lenient[] = {
	{"id", HP_REQUEST_FILE},	   {"impact", HP_REQUEST_EXEC},
	{"alternatives", HP_REQUEST_EXEC}, {"rollback", HP_REQUEST_EXEC},
	{"summary", HP_REQUEST_EXEC},	   {"why", HP_REQUEST_EXEC},
};

static bool
may_lack(const char *name, enum hp_request_source source)
{
	for (size_t i = 0; i < sizeof lenient / sizeof lenient[0]; i++)
		if (strcmp(lenient[i].name, name) == 0)
			return source >= lenient[i].from;
	return false;
}

static HP_PRINTF(4, 5) enum hp_status
refuse(struct hp_error *err, const struct hp_value *at, const char *field, const char *format, ...)
{
	if (err) {
		va_list args;
		va_start(args, format);
		vsnprintf(err->message, sizeof err->message, format, args);
		va_end(args);
		snprintf(err->field, sizeof err->field, "%s", field);
		err->line = at ? at->line : 0;
		err->column = at ? at->column : 0;
	}
	return HP_INVALID;
}

/* --- checks that a table cannot say --- */

static enum hp_status
check_exact(const struct hp_value *text, const char *field, struct hp_error *err)
{
	if (text && text->type == HP_STR && memchr(text->str.p, '\0', text->str.len))
		return refuse(err, text, field, "\"%s\" cannot hold NUL characters", field);
	return HP_OK;
}

static enum hp_status
check_list(const struct hp_value *list, const char *field, struct hp_error *err)
{
	for (size_t i = 0; i < hp_value_count(list); i++) {
		char path[128];
		snprintf(path, sizeof path, "%s[%zu]", field, i);
		enum hp_status status = check_exact(hp_array_get(list, i), path, err);
		if (status != HP_OK)
			return status;
	}
	return HP_OK;
}

static enum hp_status
check_command(const struct hp_value *command, const char *field, struct hp_error *err)
{
	const struct hp_value *program = hp_array_get(command, 0);
	if (program && !program->str.len)
		return refuse(err, program, field, "\"%s\" must begin with a program, found \"\"",
			      field);
	return check_list(command, field, err);
}

static enum hp_status
check_env(const struct hp_value *env, struct hp_error *err)
{
	for (size_t i = 0; i < hp_value_count(env); i++) {
		const struct hp_pair *pair = &env->map.pairs[i];
		if (!pair->key.len || memchr(pair->key.p, '=', pair->key.len) ||
		    memchr(pair->key.p, '\0', pair->key.len))
			return refuse(err, pair->value, "action.env",
				      "\"action.env\": a variable's name cannot be empty or hold "
				      "= or NUL");
		if (pair->value->type != HP_STR)
			return refuse(err, pair->value, "action.env",
				      "\"action.env\": a variable's value must be a string");
		enum hp_status status = check_exact(pair->value, "action.env", err);
		if (status != HP_OK)
			return status;
	}
	return HP_OK;
}

static bool
is_sha256(const struct hp_value *value)
{
	if (value->type == HP_BIN)
		return value->str.len == HP_HASH_BYTES;
	for (size_t i = 0; i < value->str.len; i++)
		if (!isxdigit((unsigned char)value->str.p[i]))
			return false;
	return value->str.len == 2 * HP_HASH_BYTES;
}

static enum hp_status
check_files(const struct hp_value *files, struct hp_error *err)
{
	for (size_t i = 0; i < hp_value_count(files); i++) {
		char path[128];
		const struct hp_value *file = hp_array_get(files, i);
		const struct hp_value *sha256 = hp_map_get(file, "sha256");
		snprintf(path, sizeof path, "action.files[%zu].sha256", i);
		if (!is_sha256(sha256))
			return refuse(err, sha256, path,
				      "\"%s\" must be 32 bytes, or 64 hexadecimal digits", path);
		snprintf(path, sizeof path, "action.files[%zu].path", i);
		enum hp_status status = check_exact(hp_map_get(file, "path"), path, err);
		if (status != HP_OK)
			return status;
	}
	return HP_OK;
}

static enum hp_status
check_action(const struct hp_value *action, struct hp_error *err)
{
	static const char *const exact[] = {"operation", "environment", "cwd", "audience"};
	for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
		char path[128];
		snprintf(path, sizeof path, "action.%s", exact[i]);
		enum hp_status status = check_exact(hp_map_get(action, exact[i]), path, err);
		if (status != HP_OK)
			return status;
	}
	enum hp_status status =
		check_list(hp_map_get(action, "resources"), "action.resources", err);
	if (status == HP_OK)
		status = check_command(hp_map_get(action, "command"), "action.command", err);
	if (status == HP_OK)
		status = check_env(hp_map_get(action, "env"), err);
	if (status == HP_OK)
		status = check_files(hp_map_get(action, "files"), err);
	return status;
}

static bool
has_key(const struct hp_value *map, const char *key)
{
	size_t len = strlen(key);
	for (size_t i = 0; i < hp_value_count(map); i++)
		if (map->map.pairs[i].key.len == len &&
		    memcmp(map->map.pairs[i].key.p, key, len) == 0)
			return true;
	return false;
}

/* nil is "none", said on purpose; a missing key is a forgotten field. */
static enum hp_status
check_rollback(const struct hp_value *map, enum hp_request_source source, struct hp_error *err)
{
	const struct hp_value *rollback = hp_map_get(map, "rollback");
	if (!rollback)
		return has_key(map, "rollback") || may_lack("rollback", source)
			       ? HP_OK
			       : refuse(err, map, "rollback",
					"\"rollback\" is missing (a map, or nil for none)");
	if (!hp_map_get(rollback, "plan") && !hp_map_get(rollback, "operation") &&
	    !hp_map_get(rollback, "command"))
		return refuse(err, rollback, "rollback",
			      "\"rollback\" must have a plan, an operation or a command");
	enum hp_status status =
		check_exact(hp_map_get(rollback, "operation"), "rollback.operation", err);
	if (status == HP_OK)
		status = check_command(hp_map_get(rollback, "command"), "rollback.command", err);
	return status;
}

/* YAML can say .inf; HP-canon cannot. Depth is bounded by the parsers. */
static bool
is_finite(const struct hp_value *value)
{
	if (value && value->type == HP_FLOAT)
		return isfinite(value->real);
	for (size_t i = 0; i < hp_value_count(value); i++)
		if (!is_finite(value->type == HP_MAP ? value->map.pairs[i].value
						     : value->array.items[i]))
			return false;
	return true;
}

static enum hp_status
check(const struct hp_value *map, enum hp_request_source source, struct hp_error *err)
{
	struct hp_field fields[FIELD_COUNT];
	memcpy(fields, hp_request_fields, sizeof fields);
	for (size_t i = 0; fields[i].name; i++)
		if (may_lack(fields[i].name, source))
			fields[i].required = false;

	enum hp_status status = hp_schema_check(map, fields, "request", err);
	if (status != HP_OK)
		return status;
	for (size_t i = 0; i < hp_value_count(map); i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		if (!is_finite(pair->value))
			return refuse(err, pair->value, pair->key.p,
				      "\"%s\" can hold finite numbers only", pair->key.p);
	}
	static const char *const exact[] = {"summary", "session", "branch"};
	for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++)
		if ((status = check_exact(hp_map_get(map, exact[i]), exact[i], err)) != HP_OK)
			return status;
	status = check_action(hp_map_get(map, "action"), err);
	return status == HP_OK ? check_rollback(map, source, err) : status;
}

/* --- reading --- */

/* UUIDs compare as text everywhere else, so they have one spelling: lower case. */
static struct hp_value *
lower(struct hp_arena *arena, const struct hp_value *text)
{
	struct hp_value *copy = hp_value_strn(arena, text->str.p, text->str.len);
	char *bytes = copy ? hp_arena_copy(arena, text->str.p, text->str.len) : NULL;
	if (!bytes)
		return NULL;
	for (size_t i = 0; i < text->str.len; i++)
		bytes[i] = (char)tolower((unsigned char)bytes[i]);
	copy->str.p = bytes;
	copy->line = text->line;
	copy->column = text->column;
	return copy;
}

static bool
key_is(const struct hp_pair *pair, const char *name)
{
	return pair->key.len == strlen(name) && memcmp(pair->key.p, name, pair->key.len) == 0;
}

/* The request part of a message: same pairs, less the envelope's, ids in lower case. */
static const struct hp_value *
strip(struct hp_arena *arena, const struct hp_value *map)
{
	struct hp_value *part = hp_value_map(arena);
	struct hp_pair *pairs = hp_arena_array(arena, hp_value_count(map) + 1, sizeof *pairs);
	if (!part || !pairs)
		return NULL;
	size_t count = 0;
	for (size_t i = 0; i < hp_value_count(map); i++) {
		struct hp_pair pair = map->map.pairs[i];
		if (key_is(&pair, "type") || key_is(&pair, "seq") || key_is(&pair, "for"))
			continue;
		if ((key_is(&pair, "id") || key_is(&pair, "supersedes")) &&
		    pair.value->type == HP_STR)
			pair.value = lower(arena, pair.value);
		if (!pair.value)
			return NULL;
		pairs[count++] = pair;
	}
	part->line = map->line;
	part->column = map->column;
	part->map.pairs = pairs;
	part->map.count = part->map.capacity = count;
	return part;
}

static void
read_action(const struct hp_value *action, struct hp_request *request)
{
	request->action = action;
	request->operation = hp_map_get_str(action, "operation", "");
	request->environment = hp_map_get_str(action, "environment", "");
	request->resources = hp_map_get(action, "resources");
	request->arguments = hp_map_get(action, "arguments");
	request->payload = hp_map_get(action, "payload");
	request->command = hp_map_get(action, "command");
	request->env = hp_map_get(action, "env");
	request->files = hp_map_get(action, "files");
	request->cwd = hp_map_get_str(action, "cwd", NULL);
	request->audience = hp_map_get_str(action, "audience", NULL);
}

static enum hp_status
read_impact(const struct hp_value *impact, struct hp_request *request, struct hp_error *err)
{
	const struct hp_value *reversible = hp_map_get(impact, "reversible");
	const struct hp_value *cost = hp_map_get(impact, "cost_usd");
	request->impact = impact;
	request->resources_affected = hp_map_get_int(impact, "resources_affected", -1);
	request->downtime_s = hp_map_get_int(impact, "downtime_s", -1);
	request->users_affected = hp_map_get_int(impact, "users_affected", -1);
	request->reversible = !reversible ? HP_UNSAID : reversible->boolean ? HP_YES : HP_NO;
	request->cost_usd_micros = -1;
	if (!cost)
		return HP_OK;
	struct hp_error why = {0};
	enum hp_status status = hp_units_usd_micros(cost, &request->cost_usd_micros, &why);
	if (status != HP_OK)
		return refuse(err, cost, "impact.cost_usd", "\"impact.cost_usd\": %s", why.message);
	return HP_OK;
}

static void
read_texts(const struct hp_value *map, struct hp_request *request)
{
	request->id = hp_map_get_str(map, "id", "");
	request->rollback = hp_map_get(map, "rollback");
	request->summary = hp_map_get_str(map, "summary", "");
	request->why = hp_map_get_str(map, "why", "");
	request->alternatives = hp_map_get(map, "alternatives");
	request->evidence = hp_map_get(map, "evidence");
	request->session = hp_map_get_str(map, "session", NULL);
	request->branch = hp_map_get_str(map, "branch", NULL);
	request->supersedes = hp_map_get_str(map, "supersedes", NULL);
}

static enum hp_status
read_rest(const struct hp_value *map, struct hp_request *request, struct hp_error *err)
{
	const struct hp_value *confidence = hp_map_get(map, "confidence");
	int64_t ttl_s = hp_map_get_int(map, "ttl_s", -1);
	read_texts(map, request);
	request->ttl_ms = ttl_s < 0 ? -1 : ttl_s * 1000;
	request->confidence_bp = -1;
	if (!confidence)
		return HP_OK;
	struct hp_error why = {0};
	enum hp_status status = hp_units_basis_points(confidence, &request->confidence_bp, &why);
	if (status != HP_OK)
		return refuse(err, confidence, "confidence", "\"confidence\": %s", why.message);
	return HP_OK;
}

enum hp_status
hp_request_parse(struct hp_arena *arena, const struct hp_value *map, enum hp_request_source source,
		 struct hp_request *ret_request, struct hp_error *err)
{
	if (!map || map->type != HP_MAP)
		return refuse(err, map, "", "request must be a map, found %s",
			      hp_type_name(map ? map->type : HP_NIL));
	const struct hp_value *part = strip(arena, map);
	if (!part)
		return hp_fail(err, HP_NOMEM, "out of memory");
	enum hp_status status = check(part, source, err);
	if (status != HP_OK)
		return status;

	struct hp_request request = {.map = part};
	read_action(hp_map_get(part, "action"), &request);
	status = read_impact(hp_map_get(part, "impact"), &request, err);
	if (status == HP_OK)
		status = read_rest(part, &request, err);
	if (status == HP_OK)
		*ret_request = request;
	return status;
}

void
hp_request_reworded(const struct hp_request *request, const struct hp_value *map,
		    struct hp_request *ret_request)
{
	struct hp_request reworded = *request;
	reworded.map = map;
	read_action(hp_map_get(map, "action"), &reworded);
	reworded.impact = hp_map_get(map, "impact");
	read_texts(map, &reworded);
	*ret_request = reworded;
}
