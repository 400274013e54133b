#include "core/export.h"

#include <string.h>

#include "core/checkpoint.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/schema.h"

static const struct hp_field leaf_fields[] = {
	{.name = "seq", .kinds = HP_K_INT, .required = true, .min = 0, .max = INT64_MAX},
	{.name = "leaf", .kinds = HP_K_STR, .required = true, .max = HP_LIMIT_EXPORT_LINE_BYTES},
	{.name = "body", .kinds = HP_K_STR, .max = HP_LIMIT_EXPORT_LINE_BYTES},
	{.name = "salt", .kinds = HP_K_STR, .max = HP_LIMIT_EXPORT_LINE_BYTES},
	{.name = "event", .kinds = HP_K_STR, .required = true, .max = HP_LIMIT_EXPORT_LINE_BYTES},
	{.name = "actor", .kinds = HP_K_STR, .required = true, .max = HP_LIMIT_EXPORT_LINE_BYTES},
	{.name = "request", .kinds = HP_K_STR, .required = true,
	 .max = HP_LIMIT_EXPORT_LINE_BYTES},
	{.name = "wall_ms", .kinds = HP_K_INT, .required = true, .min = 0, .max = INT64_MAX},
	{.name = NULL},
};

static const struct hp_field checkpoint_fields[] = {
	{.name = "checkpoint", .kinds = HP_K_STR, .required = true,
	 .max = HP_LIMIT_EXPORT_LINE_BYTES},
	{.name = NULL},
};

static void
add_bytes(struct hp_arena *arena, struct hp_value *map, const char *key, struct hp_str bytes)
{
	hp_map_set(arena, map, key,
		   bytes.p ? hp_value_bin(arena, bytes.p, bytes.len) : hp_value_nil(arena));
}

enum hp_status
hp_export_add_leaf(struct hp_buf *buf, struct hp_arena *scratch, const struct hp_export_line *line)
{
	struct hp_leaf leaf;
	enum hp_status status =
		hp_leaf_decode(scratch, line->leaf.p, line->leaf.len, &leaf, NULL);
	if (status != HP_OK)
		return status == HP_NOMEM ? status : HP_INVALID;
	struct hp_value *map = hp_value_map(scratch);
	hp_map_set(scratch, map, "seq", hp_value_uint(scratch, line->seq));
	add_bytes(scratch, map, "leaf", line->leaf);
	add_bytes(scratch, map, "body", line->body);
	add_bytes(scratch, map, "salt", line->salt);
	hp_map_set_str(scratch, map, "event", leaf.event);
	hp_map_set_str(scratch, map, "actor", leaf.actor);
	hp_map_set_str(scratch, map, "request", leaf.request);
	hp_map_set_int(scratch, map, "wall_ms", leaf.wall_ms);
	if (scratch->failed)
		return HP_NOMEM;
	hp_json_dump(map, HP_JSON_LINE, buf);
	hp_buf_add_text(buf, "\n");
	return buf->failed ? HP_NOMEM : HP_OK;
}

void
hp_export_add_checkpoint(struct hp_buf *buf, const char *text)
{
	struct hp_arena scratch = {0};
	struct hp_value *map = hp_value_map(&scratch);
	hp_map_set_str(&scratch, map, "checkpoint", text);
	hp_json_dump(map, HP_JSON_LINE, buf);
	hp_buf_add_text(buf, "\n");
	buf->failed |= scratch.failed;
	hp_arena_release(&scratch);
}

/* Lower-case hex of whole bytes; null stays absent. */
static enum hp_status
read_hex(struct hp_arena *arena, const struct hp_value *map, const char *key,
	 struct hp_str *ret_bytes, struct hp_error *err)
{
	const struct hp_value *hex = hp_map_get(map, key);
	if (!hex)
		return HP_OK;
	size_t len = hex->str.len / 2;
	char *bytes = hp_arena_alloc(arena, len + 1);
	if (!bytes)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < hex->str.len; i++)
		if (hex->str.p[i] >= 'A' && hex->str.p[i] <= 'F')
			return hp_fail(err, HP_INVALID, "'%s' is not lower-case hex", key);
	if (hp_crypto_hex(hex->str.p, hex->str.len, bytes, len) != HP_OK)
		return hp_fail(err, HP_INVALID, "'%s' is not lower-case hex", key);
	*ret_bytes = (struct hp_str){bytes, len};
	return HP_OK;
}

/* What stands decoded beside the leaf is what the leaf says. */
static enum hp_status
check_beside(struct hp_arena *arena, const struct hp_value *map, const struct hp_export_line *line,
	     struct hp_error *err)
{
	struct hp_leaf leaf;
	enum hp_status status = hp_leaf_decode(arena, line->leaf.p, line->leaf.len, &leaf, NULL);
	if (status != HP_OK)
		return status == HP_NOMEM ? status : HP_OK;
	const char *other = !hp_value_is(hp_map_get(map, "event"), leaf.event)	     ? "event"
			    : !hp_value_is(hp_map_get(map, "actor"), leaf.actor)     ? "actor"
			    : !hp_value_is(hp_map_get(map, "request"), leaf.request) ? "request"
			    : hp_map_get_int(map, "wall_ms", -1) != leaf.wall_ms     ? "wall_ms"
										     : NULL;
	return other ? hp_fail(err, HP_INVALID, "'%s' is not what the leaf says", other) : HP_OK;
}

enum hp_status
hp_export_parse(struct hp_arena *arena, const char *text, size_t len,
		struct hp_export_line *ret_line, struct hp_error *err)
{
	const struct hp_value *map;
	struct hp_export_line line = {0};
	if (len > HP_LIMIT_EXPORT_LINE_BYTES)
		return hp_fail(err, HP_TOO_LARGE, "a line is longer than %u bytes",
			       HP_LIMIT_EXPORT_LINE_BYTES);
	enum hp_status status = hp_json_load(arena, text, len, &map, err);
	if (status != HP_OK)
		return status;
	if (map->type != HP_MAP)
		return hp_fail(err, HP_INVALID, "expected an object");
	bool is_checkpoint = hp_map_get(map, "checkpoint") != NULL;
	status = hp_schema_check(map, is_checkpoint ? checkpoint_fields : leaf_fields, "line", err);
	if (status != HP_OK)
		return status;
	if (is_checkpoint) {
		line.checkpoint = hp_map_get(map, "checkpoint")->str;
		*ret_line = line;
		return HP_OK;
	}
	line.seq = (uint64_t)hp_map_get_int(map, "seq", 0);
	if ((status = read_hex(arena, map, "leaf", &line.leaf, err)) != HP_OK ||
	    (status = read_hex(arena, map, "body", &line.body, err)) != HP_OK ||
	    (status = read_hex(arena, map, "salt", &line.salt, err)) != HP_OK ||
	    (status = check_beside(arena, map, &line, err)) != HP_OK)
		return status;
	*ret_line = line;
	return HP_OK;
}
