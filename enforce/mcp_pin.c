/* The pin of a server's tools: a small file, and what differs from it. */
#include <string.h>

#include "core/crypto.h"
#include "core/json.h"
#include "core/limits.h"
#include "enforce/mcp_tools.h"
#include "proto/file.h"

enum { NAMES_MAX = 64 /* of each kind that are told: a page */ };

static enum hp_status
bad_file(struct hp_error *err, const char *path, const char *why)
{
	return hp_fail(err, HP_INVALID,
		       "%.200s: no list of pinned tools (%.200s); look at it, and remove it to pin "
		       "the server's list anew",
		       path, why);
}

enum hp_status
hp_mcp_pin_read(const char *path, struct hp_arena *arena, struct hp_value **ret_pin,
		struct hp_error *err)
{
	struct hp_buf bytes = {0};
	const struct hp_value *file;
	struct hp_error inner = {0};
	enum hp_status status = hp_file_read(path, &bytes, err);
	if (status == HP_NOT_FOUND) {
		*ret_pin = NULL;
		hp_buf_release(&bytes);
		return HP_OK;
	}
	if (status == HP_OK) {
		status = hp_json_load(arena, hp_buf_text(&bytes), bytes.len, &file, &inner);
		if (status != HP_OK && status != HP_NOMEM)
			status = bad_file(err, path, inner.message);
	}
	hp_buf_release(&bytes);
	if (status != HP_OK)
		return status;
	const struct hp_value *tools = hp_map_get(file, "tools");
	if (hp_map_get_int(file, "v", 0) != 1 || !tools || tools->type != HP_MAP)
		return bad_file(err, path, "unknown content");
	for (size_t i = 0; i < tools->map.count; i++)
		if (tools->map.pairs[i].value->type != HP_STR)
			return bad_file(err, path, "a hash is no text");
	*ret_pin = hp_value_copy(arena, tools);
	return *ret_pin && !arena->failed ? HP_OK : hp_fail(err, HP_NOMEM, "out of memory");
}

enum hp_status
hp_mcp_pin_write(const char *path, const struct hp_value *pin, struct hp_error *err)
{
	struct hp_arena arena = {0};
	struct hp_buf text = {0};
	struct hp_value *file = hp_value_map(&arena);
	hp_map_set_int(&arena, file, "v", 1);
	hp_map_set(&arena, file, "tools", hp_value_copy(&arena, pin));
	hp_json_dump(file, HP_JSON_INDENT, &text);
	hp_buf_add_byte(&text, '\n');
	enum hp_status status = arena.failed || text.failed
					? hp_fail(err, HP_NOMEM, "out of memory")
					: hp_file_write(path, text.data, text.len, 0600,
							HP_FILE_REPLACE, err);
	hp_buf_release(&text);
	hp_arena_release(&arena);
	return status;
}

/* Names of `in` that `other` lacks, or has with another value (`changed`). */
static bool
add_names(struct hp_arena *arena, struct hp_value *difference, const char *kind,
	  const struct hp_value *in, const struct hp_value *other, bool changed)
{
	struct hp_value *names = hp_value_array(arena);
	size_t count = 0;
	for (size_t i = 0; i < hp_value_count(in); i++) {
		const struct hp_pair *pair = &in->map.pairs[i];
		const struct hp_value *there = hp_map_get(other, pair->key.p);
		if (changed ? !there || hp_value_equal(there, pair->value) : there != NULL)
			continue;
		if (count++ < NAMES_MAX)
			hp_array_add(arena, names, hp_value_str(arena, pair->key.p));
	}
	if (count > NAMES_MAX)
		hp_array_add(arena, names,
			     hp_value_str(arena, hp_arena_printf(arena, "and %zu more",
								 count - NAMES_MAX)));
	if (count > 0)
		hp_map_set(arena, difference, kind, names);
	return count > 0;
}

/* Over the names and hashes, sorted. */
static void
add_list_hash(struct hp_arena *arena, struct hp_value *difference, const struct hp_value *listed)
{
	size_t count = hp_value_count(listed);
	const struct hp_pair **pairs = hp_arena_array(arena, count + 1, sizeof(struct hp_pair *));
	struct hp_buf text = {0}, hex = {0};
	uint8_t hash[HP_HASH_BYTES];
	if (!pairs)
		return;
	hp_map_sort(listed, pairs);
	for (size_t i = 0; i < count; i++)
		hp_buf_printf(&text, "%s %s\n", pairs[i]->key.p,
			      hp_map_get_str(listed, pairs[i]->key.p, ""));
	const struct hp_str part = {hp_buf_text(&text), text.len};
	hp_crypto_sha256(&part, 1, hash);
	hp_buf_add_hex(&hex, hash, sizeof hash);
	hp_map_set_str(arena, difference, "list", hp_buf_text(&hex));
	arena->failed |= text.failed || hex.failed;
	hp_buf_release(&text);
	hp_buf_release(&hex);
}

struct hp_value *
hp_mcp_pin_compare(struct hp_arena *arena, const struct hp_value *pinned,
		   const struct hp_value *listed)
{
	struct hp_value *difference = hp_value_map(arena);
	bool differs = add_names(arena, difference, "added", listed, pinned, false);
	differs |= add_names(arena, difference, "removed", pinned, listed, false);
	differs |= add_names(arena, difference, "changed", listed, pinned, true);
	if (!differs)
		return NULL;
	add_list_hash(arena, difference, listed);
	return difference;
}
