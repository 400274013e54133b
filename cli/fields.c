#include "cli/fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "core/units.h"
#include "core/yaml.h"
#include "proto/file.h"
#include "proto/instance.h"

int
hp_fields_refuse(struct hp_cli *cli, enum hp_status status, const char *path,
		 struct hp_error *err)
{
	if (path)
		hp_instance_locate(err, strcmp(path, "-") == 0 ? "standard input" : path);
	return hp_cli_fail_file(cli, status, err);
}

int
hp_fields_load(struct hp_cli *cli, const char *path, const struct hp_value **ret_value)
{
	struct hp_buf text = {0};
	struct hp_error err = {0};
	int exit_code = HP_EXIT_OK;
	enum hp_status status = hp_file_read(path, &text, &err);
	if (status != HP_OK) {
		exit_code = hp_cli_fail_file(cli, status, &err);
	} else {
		status = hp_yaml_load(&cli->arena, hp_buf_text(&text), text.len, ret_value, &err);
		if (status != HP_OK)
			exit_code = hp_fields_refuse(cli, status, path, &err);
	}
	hp_buf_release(&text);
	return exit_code;
}

static struct hp_pair *
find(struct hp_value *map, const char *key)
{
	size_t len = strlen(key);
	for (size_t i = 0; map && map->type == HP_MAP && i < map->map.count; i++) {
		struct hp_pair *pair = &map->map.pairs[i];
		if (pair->key.len == len && memcmp(pair->key.p, key, len) == 0)
			return pair;
	}
	return NULL;
}

struct hp_value *
hp_fields_map(struct hp_value *map, const char *key)
{
	struct hp_pair *pair = find(map, key);
	return pair && pair->value && pair->value->type == HP_MAP ? pair->value : NULL;
}

void
hp_fields_put(struct hp_arena *arena, struct hp_value *map, const char *key,
	      struct hp_value *value)
{
	struct hp_pair *pair = find(map, key);
	if (pair)
		pair->value = value;
	else
		hp_map_set(arena, map, key, value);
}

const char *
hp_fields_new_id(struct hp_arena *arena)
{
	char id[HP_UUID_BYTES];
	hp_crypto_uuid(id);
	return hp_arena_strdup(arena, id);
}

/* --- kinds of option: each turns one value of the command line into one of the request --- */

typedef int convert(struct hp_cli *cli, const char *name, const char *text,
		    struct hp_value **ret_value);

static int
as_text(struct hp_cli *cli, const char *name, const char *text, struct hp_value **ret_value)
{
	if (!hp_text_is_utf8(text, strlen(text)))
		return hp_cli_usage(cli, "--%s: expected UTF-8, not \"%s\"", name,
				    hp_text_safe(&cli->arena, text, 0));
	*ret_value = hp_value_str(&cli->arena, text);
	return HP_EXIT_OK;
}

static int
as_number(struct hp_cli *cli, const char *name, const char *text, struct hp_value **ret_value)
{
	char *end;
	double real;
	struct hp_error err = {0};
	errno = 0;
	long long whole = strtoll(text, &end, 10);
	if (*text && !*end && errno == 0) {
		*ret_value = hp_value_int(&cli->arena, whole);
		return HP_EXIT_OK;
	}
	if (hp_units_real(text, &real, &err) != HP_OK)
		return hp_cli_usage(cli, "--%s: expected a number, not \"%s\"", name,
				    hp_text_safe(&cli->arena, text, 0));
	*ret_value = hp_value_float(&cli->arena, real);
	return HP_EXIT_OK;
}

static int
as_whole(struct hp_cli *cli, const char *name, const char *text, struct hp_value **ret_value)
{
	int exit_code = as_number(cli, name, text, ret_value);
	if (exit_code == HP_EXIT_OK && *ret_value && (*ret_value)->type != HP_INT)
		return hp_cli_usage(cli, "--%s: expected a whole number, not \"%s\"", name,
				    hp_text_safe(&cli->arena, text, 0));
	return exit_code;
}

static int
as_seconds(struct hp_cli *cli, const char *name, const char *text, struct hp_value **ret_value)
{
	struct hp_error err = {0};
	int64_t ms;
	if (hp_units_duration(text, &ms, &err) != HP_OK)
		return hp_cli_usage(cli, "--%s: %s", name, err.message);
	*ret_value = hp_value_int(&cli->arena, ms / 1000 + (ms % 1000 != 0));
	return HP_EXIT_OK;
}

static int
as_true(struct hp_cli *cli, const char *name, const char *text, struct hp_value **ret_value)
{
	*ret_value = hp_value_bool(&cli->arena, true);
	return HP_EXIT_OK;
}

static int
as_false(struct hp_cli *cli, const char *name, const char *text, struct hp_value **ret_value)
{
	*ret_value = hp_value_bool(&cli->arena, false);
	return HP_EXIT_OK;
}

/* "LEFT=RIGHT"; LEFT is not empty. */
static int
split(struct hp_cli *cli, const char *name, const char *text, struct hp_value **ret_left,
      struct hp_value **ret_right)
{
	const char *equals = strchr(text, '=');
	if (!equals || equals == text)
		return hp_cli_usage(cli, "--%s: expected NAME=VALUE, not \"%s\"", name,
				    hp_text_safe(&cli->arena, text, 0));
	*ret_left = hp_value_strn(&cli->arena, text, (size_t)(equals - text));
	return as_text(cli, name, equals + 1, ret_right);
}

static int
as_two(struct hp_cli *cli, const char *name, const char *text, const char *first,
       const char *second, struct hp_value **ret_value)
{
	struct hp_value *left = NULL, *right = NULL;
	int exit_code = split(cli, name, text, &left, &right);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	*ret_value = hp_value_map(&cli->arena);
	hp_map_set(&cli->arena, *ret_value, first, left);
	hp_map_set(&cli->arena, *ret_value, second, right);
	return HP_EXIT_OK;
}

static int
as_alternative(struct hp_cli *cli, const char *name, const char *text,
	       struct hp_value **ret_value)
{
	return as_two(cli, name, text, "approach", "rejected_because", ret_value);
}

static int
as_evidence(struct hp_cli *cli, const char *name, const char *text, struct hp_value **ret_value)
{
	return as_two(cli, name, text, "label", "text", ret_value);
}

/* A file's absolute path and the hash of what is in it now. */
static int
as_pin(struct hp_cli *cli, const char *name, const char *text, struct hp_value **ret_value)
{
	struct hp_buf bytes = {0};
	struct hp_error err = {0};
	uint8_t hash[HP_HASH_BYTES];
	enum hp_status status = strcmp(text, "-") == 0
					? hp_fail(&err, HP_INVALID, "--%s: expected a file", name)
					: hp_file_read(text, &bytes, &err);
	if (status != HP_OK) {
		hp_buf_release(&bytes);
		return hp_cli_fail_file(cli, status, &err);
	}
	const struct hp_str part = {hp_buf_text(&bytes), bytes.len};
	hp_crypto_sha256(&part, 1, hash);
	hp_buf_release(&bytes);
	char *path = realpath(text, NULL);
	*ret_value = hp_value_map(&cli->arena);
	hp_map_set_str(&cli->arena, *ret_value, "path", path ? path : text);
	hp_map_set_bin(&cli->arena, *ret_value, "sha256", hash, sizeof hash);
	free(path);
	return HP_EXIT_OK;
}

/* --- the table: where each option goes --- */

static const struct placement {
	const char *option;
	const char *parent; /* "" for the request itself */
	const char *key;
	convert *convert;
	bool list;
} placements[] = {
	{"operation", "action", "operation", as_text, false},
	{"environment", "action", "environment", as_text, false},
	{"resource", "action", "resources", as_text, true},
	{"audience", "action", "audience", as_text, false},
	{"pin", "action", "files", as_pin, true},
	{"summary", "", "summary", as_text, false},
	{"why", "", "why", as_text, false},
	{"resources-affected", "impact", "resources_affected", as_whole, false},
	{"cost-usd", "impact", "cost_usd", as_number, false},
	{"downtime", "impact", "downtime_s", as_seconds, false},
	{"users-affected", "impact", "users_affected", as_whole, false},
	{"reversible", "impact", "reversible", as_true, false},
	{"irreversible", "impact", "reversible", as_false, false},
	{"impact-note", "impact", "note", as_text, false},
	{"alternative", "", "alternatives", as_alternative, true},
	{"rollback-plan", "rollback", "plan", as_text, false},
	{"rollback-operation", "rollback", "operation", as_text, false},
	{"rollback-minutes", "rollback", "minutes", as_number, false},
	{"evidence", "", "evidence", as_evidence, true},
	{"confidence", "", "confidence", as_number, false},
	{"session", "", "session", as_text, false},
	{"branch", "", "branch", as_text, false},
	{"ttl", "", "ttl_s", as_seconds, false},
	{"supersedes", "", "supersedes", as_text, false},
	{"id", "", "id", as_text, false},
};

static struct hp_value *
parent_of(struct hp_cli *cli, struct hp_value *map, const char *name)
{
	if (!*name)
		return map;
	struct hp_value *parent = hp_fields_map(map, name);
	if (!parent) {
		parent = hp_value_map(&cli->arena);
		hp_fields_put(&cli->arena, map, name, parent);
	}
	return parent;
}

static int
place(struct hp_cli *cli, struct hp_value *map, const struct placement *row)
{
	struct hp_value *value = NULL;
	int exit_code = HP_EXIT_OK;
	if (!hp_cli_flag(cli, row->option))
		return HP_EXIT_OK;
	if (!row->list) {
		exit_code = row->convert(cli, row->option, hp_cli_option(cli, row->option), &value);
	} else {
		size_t at = 0;
		const char *text;
		value = hp_value_array(&cli->arena);
		while (exit_code == HP_EXIT_OK && (text = hp_cli_next(cli, row->option, &at))) {
			struct hp_value *item = NULL;
			exit_code = row->convert(cli, row->option, text, &item);
			hp_array_add(&cli->arena, value, item);
		}
	}
	if (exit_code == HP_EXIT_OK)
		hp_fields_put(&cli->arena, parent_of(cli, map, row->parent), row->key, value);
	return exit_code;
}

/* "K=V" is a string, "K:=JSON" anything. */
static int
argument(struct hp_cli *cli, struct hp_value *arguments, const char *text)
{
	struct hp_value *key = NULL, *value = NULL;
	int exit_code = split(cli, "argument", text, &key, &value);
	if (exit_code != HP_EXIT_OK || !key || !value)
		return exit_code;
	size_t len = key->str.len;
	if (len > 1 && text[len - 1] == ':') {
		const struct hp_value *parsed;
		struct hp_error err = {0};
		enum hp_status status = hp_json_load(&cli->arena, text + len + 1,
						     strlen(text + len + 1), &parsed, &err);
		if (status != HP_OK)
			return hp_cli_usage(cli, "--argument: \"%s\" is not JSON: %s",
					    hp_text_safe(&cli->arena, text + len + 1, 0),
					    err.message);
		value = hp_value_copy(&cli->arena, parsed);
		len--;
	}
	const char *name = hp_arena_copy(&cli->arena, text, len);
	if (name)
		hp_fields_put(&cli->arena, arguments, name, value);
	return HP_EXIT_OK;
}

int
hp_fields_apply(struct hp_cli *cli, struct hp_value *map)
{
	if (hp_cli_flag(cli, "reversible") && hp_cli_flag(cli, "irreversible"))
		return hp_cli_usage(cli, "give --reversible or --irreversible, not both");
	for (size_t i = 0; i < sizeof placements / sizeof placements[0]; i++) {
		int exit_code = place(cli, map, &placements[i]);
		if (exit_code != HP_EXIT_OK)
			return exit_code;
	}
	if (!hp_cli_flag(cli, "argument"))
		return HP_EXIT_OK;
	struct hp_value *arguments = parent_of(cli, parent_of(cli, map, "action"), "arguments");
	size_t at = 0;
	const char *text;
	while ((text = hp_cli_next(cli, "argument", &at))) {
		int exit_code = argument(cli, arguments, text);
		if (exit_code != HP_EXIT_OK)
			return exit_code;
	}
	return HP_EXIT_OK;
}
