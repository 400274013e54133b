#include "core/config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/schema.h"
#include "core/text.h"
#include "core/units.h"
#include "core/yaml.h"

/* sun_path holds 108 bytes with its NUL (unix(7)); libzmq refuses more (trust.md, trap 5). */
#define IPC_PATH_MAX 107u

#define PATH .kinds = HP_K_STR, .min = 1, .max = 4095

static const char *const same_uid_words[] = {"allow", "refuse", NULL};
static const char *const never_words[] = {"never", NULL};

static const struct hp_field limit_fields[] = {
	{.name = "messages_per_turn", .kinds = HP_K_INT, .min = 1, .max = 65536},
	{.name = "connections", .kinds = HP_K_INT, .min = 1, .max = 1048576},
	{0},
};

static const struct hp_field anchor_fields[] = {
	{.name = "file", PATH},
	{.name = "syslog", .kinds = HP_K_BOOL},
	{0},
};
static const struct hp_field anchor_item = {.kinds = HP_K_STR | HP_K_MAP, .min = 1, .max = 16,
					    .fields = anchor_fields};

static const struct hp_field fields[] = {
	{.name = "instance", .kinds = HP_K_STR, .required = true, .min = 1, .max = 128},
	{.name = "agents", PATH},
	{.name = "control", PATH},
	{.name = "events", PATH},
	{.name = "state_dir", PATH},
	{.name = "run_dir", PATH},
	{.name = "lock_file", PATH},
	{.name = "limits", .kinds = HP_K_MAP, .fields = limit_fields},
	{.name = "anchors", .kinds = HP_K_LIST, .min = 0, .max = 16, .item = &anchor_item},
	{.name = "erase_after", .kinds = HP_K_ENUM | HP_K_DURATION, .words = never_words,
	 .min = 1000, .max = INT64_MAX},
	{.name = "same_uid", .kinds = HP_K_ENUM, .words = same_uid_words},
	{.name = "trial", .kinds = HP_K_BOOL},
	{0},
};

struct reader {
	struct hp_arena *arena;
	const struct hp_value *file;
	const char *home;
	struct hp_error *err;
};

static HP_PRINTF(5, 6) enum hp_status
refuse(const struct reader *reader, enum hp_status status, const struct hp_value *at,
       const char *field, const char *format, ...)
{
	char message[400];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	if (reader->err)
		snprintf(reader->err->field, sizeof reader->err->field, "%s", field);
	return hp_fail_at(reader->err, status, at ? at->line : 0, at ? at->column : 0,
			  "\"%s\" %s", field, message);
}

static bool
holds_control(const struct hp_value *text)
{
	for (size_t i = 0; i < text->str.len; i++)
		if ((unsigned char)text->str.p[i] < ' ' || text->str.p[i] == 127)
			return true;
	return false;
}

/* --- paths --- */

static enum hp_status
make_path(const struct reader *reader, const struct hp_value *at, const char *field,
	  const char *path, const char **ret_path)
{
	if (at && holds_control(at))
		return refuse(reader, HP_INVALID, at, field, "cannot hold control characters");
	const char *absolute = hp_arena_printf(reader->arena, "%s%s%s",
					       *path == '/' ? "" : reader->home,
					       *path == '/' ? "" : "/", path);
	if (!absolute)
		return hp_fail(reader->err, HP_NOMEM, "out of memory");
	*ret_path = absolute;
	return HP_OK;
}

static enum hp_status
read_path(const struct reader *reader, const char *field, const char *fallback,
	  const char **ret_path)
{
	const struct hp_value *value = hp_map_get(reader->file, field);
	return make_path(reader, value, field, value ? value->str.p : fallback, ret_path);
}

/* --- endpoints --- */

/* HOST:PORT with a number to bind; the host may be a name, an address, [v6] or `*`. */
static bool
is_tcp(const char *rest)
{
	const char *colon = strrchr(rest, ':');
	if (!colon || colon == rest || strpbrk(rest, " /;"))
		return false;
	size_t digits = strspn(colon + 1, "0123456789");
	if (!digits || digits > 5 || colon[1 + digits])
		return false;
	long port = strtol(colon + 1, NULL, 10);
	return port >= 1 && port <= 65535;
}

static enum hp_status
make_ipc(const struct reader *reader, const struct hp_value *at, const char *field,
	 const char *path, const char **ret_endpoint)
{
	const char *endpoint = hp_arena_printf(reader->arena, "ipc://%s%s%s",
					       *path == '/' ? "" : reader->home,
					       *path == '/' ? "" : "/", path);
	if (!endpoint)
		return hp_fail(reader->err, HP_NOMEM, "out of memory");
	size_t len = strlen(endpoint) - strlen("ipc://");
	if (len > IPC_PATH_MAX)
		return refuse(reader, HP_INVALID, at, field,
			      "has a socket path of %zu bytes, and the system allows %u: put "
			      "run_dir or the endpoint on a shorter path",
			      len, IPC_PATH_MAX);
	*ret_endpoint = endpoint;
	return HP_OK;
}

static enum hp_status
read_endpoint(const struct reader *reader, const char *field, const char *run_dir,
	      const char **ret_endpoint)
{
	const struct hp_value *value = hp_map_get(reader->file, field);
	if (!value) {
		const char *path = hp_arena_printf(reader->arena, "%s/%s", run_dir, field);
		if (!path)
			return hp_fail(reader->err, HP_NOMEM, "out of memory");
		return make_ipc(reader, NULL, field, path, ret_endpoint);
	}
	const char *text = value->str.p;
	if (holds_control(value))
		return refuse(reader, HP_INVALID, value, field,
			      "cannot hold control characters");
	if (strncmp(text, "ipc://", 6) == 0 && text[6] && text[6] != '@')
		return make_ipc(reader, value, field, text + 6, ret_endpoint);
	if (strncmp(text, "tcp://", 6) != 0 || !is_tcp(text + 6))
		return refuse(reader, HP_INVALID, value, field,
			      "must be ipc://PATH or tcp://HOST:PORT");
	*ret_endpoint = hp_arena_strdup(reader->arena, text);
	return *ret_endpoint ? HP_OK : hp_fail(reader->err, HP_NOMEM, "out of memory");
}

static enum hp_status
read_endpoints(const struct reader *reader, struct hp_config *config)
{
	const struct {
		const char *field;
		const char **to;
	} all[] = {
		{"agents", &config->agents},
		{"control", &config->control},
		{"events", &config->events},
	};
	for (size_t i = 0; i < 3; i++) {
		enum hp_status status =
			read_endpoint(reader, all[i].field, config->run_dir, all[i].to);
		if (status != HP_OK)
			return status;
		for (size_t j = 0; j < i; j++)
			if (strcmp(*all[i].to, *all[j].to) == 0)
				return refuse(reader, HP_INVALID,
					      hp_map_get(reader->file, all[i].field), all[i].field,
					      "is the same endpoint as \"%s\"", all[j].field);
	}
	return HP_OK;
}

/* --- the rest --- */

/* A checkpoint's origin and key name: no white space, no plus sign (C2SP signed-note). */
static enum hp_status
read_instance(const struct reader *reader, const char **ret_instance)
{
	const struct hp_value *value = hp_map_get(reader->file, "instance");
	for (size_t i = 0; i < value->str.len; i++) {
		unsigned char c = (unsigned char)value->str.p[i];
		if (c <= ' ' || c > '~' || c == '+')
			return refuse(reader, HP_INVALID, value, "instance",
				      "must be printable ASCII without spaces and \"+\", such as "
				      "hp.example/prod");
	}
	*ret_instance = hp_arena_strdup(reader->arena, value->str.p);
	return *ret_instance ? HP_OK : hp_fail(reader->err, HP_NOMEM, "out of memory");
}

/* One of `syslog`, {syslog: true} and {file: PATH}. */
static enum hp_status
read_anchor(const struct reader *reader, const struct hp_value *anchor, size_t index,
	    struct hp_config_anchor *ret_anchor)
{
	char field[32];
	const struct hp_value *file = hp_map_get(anchor, "file");
	bool syslog = hp_value_is(anchor, "syslog") || hp_map_get_bool(anchor, "syslog", false);
	snprintf(field, sizeof field, "anchors[%zu]", index);
	if ((file != NULL) == syslog)
		return refuse(reader, HP_INVALID, anchor, field,
			      "must be one of \"syslog\" and {file: PATH}");
	*ret_anchor = (struct hp_config_anchor){0};
	return file ? make_path(reader, file, field, file->str.p, &ret_anchor->file) : HP_OK;
}

static enum hp_status
read_anchors(const struct reader *reader, struct hp_config *config)
{
	const struct hp_value *list = hp_map_get(reader->file, "anchors");
	size_t count = hp_value_count(list);
	struct hp_config_anchor *anchors =
		hp_arena_array(reader->arena, count + 1, sizeof *anchors);
	if (!anchors)
		return hp_fail(reader->err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		enum hp_status status =
			read_anchor(reader, hp_array_get(list, i), i, &anchors[i]);
		if (status != HP_OK)
			return status;
	}
	config->anchors = anchors;
	config->anchor_count = count;
	return HP_OK;
}

/* -1: never, the default. */
static enum hp_status
read_erase_after(const struct reader *reader, int64_t *ret_ms)
{
	struct hp_error why = {0};
	const struct hp_value *erase = hp_map_get(reader->file, "erase_after");
	if (!erase || hp_value_is(erase, "never"))
		return HP_OK;
	if (hp_units_duration(erase->str.p, ret_ms, &why) != HP_OK)
		return refuse(reader, HP_INVALID, erase, "erase_after", "%s", why.message);
	return HP_OK;
}

static enum hp_status
read_trust(const struct reader *reader, struct hp_config *config)
{
	const struct hp_value *same_uid = hp_map_get(reader->file, "same_uid");
	config->trial = hp_map_get_bool(reader->file, "trial", false);
	config->same_uid_allow = hp_value_is(same_uid, "allow");
	if (config->same_uid_allow && !config->trial)
		return refuse(reader, HP_INVALID, same_uid, "same_uid",
			      "can be \"allow\" only with \"trial: true\": an agent that shares "
			      "its user with a reviewer could approve its own requests");
	return HP_OK;
}

enum hp_status
hp_config_parse(struct hp_arena *arena, const char *text, size_t len, const char *home,
		struct hp_config *ret_config, struct hp_error *err)
{
	struct reader reader = {.arena = arena, .home = home, .err = err};
	struct hp_config config = {.erase_after_ms = -1};
	enum hp_status status = hp_yaml_load(arena, text, len, &reader.file, err);
	if (status == HP_OK)
		status = hp_schema_check(reader.file, fields, "configuration", err);
	if (status == HP_OK)
		status = read_instance(&reader, &config.instance);
	if (status == HP_OK)
		status = read_path(&reader, "state_dir", "state", &config.state_dir);
	if (status == HP_OK)
		status = read_path(&reader, "run_dir", "run", &config.run_dir);
	if (status == HP_OK)
		status = read_path(&reader, "lock_file", "state/checkpoint.lock",
				   &config.lock_file);
	if (status == HP_OK)
		status = read_endpoints(&reader, &config);
	if (status == HP_OK)
		status = read_trust(&reader, &config);
	if (status == HP_OK)
		status = read_anchors(&reader, &config);
	if (status == HP_OK)
		status = read_erase_after(&reader, &config.erase_after_ms);
	if (status != HP_OK)
		return status;

	const struct hp_value *limits = hp_map_get(reader.file, "limits");
	config.max_messages_per_turn = hp_map_get_int(limits, "messages_per_turn", 256);
	config.max_connections = hp_map_get_int(limits, "connections", 4096);
	*ret_config = config;
	return HP_OK;
}
