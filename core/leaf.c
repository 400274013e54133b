/* One audit leaf, to and from its bytes (trust.md, "Audit log"). */
#include <string.h>

#include "core/checkpoint.h"
#include "core/msgpack.h"

#define LEAF_TYPE "holdpoint/leaf/v1"

enum { BOOT_ID_BYTES = 16 };

/* The items of a leaf, in order, and what each may be. */
enum item { TYPE, SEQ, WALL_MS, BOOT_ID, BOOTTIME_MS, EVENT, ACTOR, REQUEST, DIGEST, BODY_HASH };

static const struct {
	const char *name;
	enum hp_type type;
	size_t bytes; /* of a bin */
	bool empty;   /* nil, or the empty string */
} items[] = {
	[TYPE] = {.name = "type", .type = HP_STR},
	[SEQ] = {.name = "seq", .type = HP_INT},
	[WALL_MS] = {.name = "wall_ms", .type = HP_INT},
	[BOOT_ID] = {.name = "boot_id", .type = HP_BIN, .bytes = BOOT_ID_BYTES},
	[BOOTTIME_MS] = {.name = "boottime_ms", .type = HP_INT},
	[EVENT] = {.name = "event", .type = HP_STR},
	[ACTOR] = {.name = "actor", .type = HP_STR},
	[REQUEST] = {.name = "request", .type = HP_STR, .empty = true},
	[DIGEST] = {.name = "digest", .type = HP_BIN, .bytes = HP_HASH_BYTES, .empty = true},
	[BODY_HASH] = {.name = "body_hash", .type = HP_BIN, .bytes = HP_HASH_BYTES},
};

enum { ITEMS = sizeof items / sizeof items[0] };

void
hp_leaf_body_hash(const uint8_t salt[HP_SALT_BYTES], const void *body, size_t len,
		  uint8_t ret_hash[HP_HASH_BYTES])
{
	const struct hp_str parts[] = {{(const char *)salt, HP_SALT_BYTES}, {body, len}};
	hp_crypto_sha256(parts, 2, ret_hash);
}

/* Whether item `i` of a leaf is what the table says; what else it holds is checked by nobody. */
static bool
item_fits(enum item i, const struct hp_value *value)
{
	if (value->type == HP_NIL)
		return items[i].type == HP_BIN && items[i].empty;
	if (value->type != items[i].type)
		return false;
	switch (value->type) {
	case HP_INT:
		return value->integer >= 0;
	case HP_BIN:
		return value->str.len == items[i].bytes;
	default: /* a string, and a C string from here on */
		return strlen(value->str.p) == value->str.len &&
		       (items[i].empty || value->str.len) &&
		       (i != TYPE || strcmp(value->str.p, LEAF_TYPE) == 0);
	}
}

static enum hp_status
check(const struct hp_value *list, struct hp_error *err)
{
	if (list->type != HP_ARRAY || list->array.count != ITEMS)
		return hp_fail(err, HP_INVALID, "leaf: a list of %d is needed", ITEMS);
	for (unsigned i = 0; i < ITEMS; i++)
		if (!item_fits(i, list->array.items[i]))
			return hp_fail(err, HP_INVALID, "leaf: '%s' is not as it must be",
				       items[i].name);
	return HP_OK;
}

enum hp_status
hp_leaf_encode(const struct hp_leaf *leaf, struct hp_buf *buf)
{
	struct hp_arena arena = {0};
	struct hp_value *list = hp_value_array(&arena);
	struct hp_value *digest = leaf->digest ? hp_value_bin(&arena, leaf->digest, HP_HASH_BYTES)
					       : hp_value_nil(&arena);
	struct hp_value *const values[ITEMS] = {
		[TYPE] = hp_value_str(&arena, LEAF_TYPE),
		[SEQ] = hp_value_uint(&arena, leaf->seq),
		[WALL_MS] = hp_value_int(&arena, leaf->wall_ms),
		[BOOT_ID] = hp_value_bin(&arena, leaf->boot_id, BOOT_ID_BYTES),
		[BOOTTIME_MS] = hp_value_int(&arena, leaf->boottime_ms),
		[EVENT] = hp_value_str(&arena, leaf->event),
		[ACTOR] = hp_value_str(&arena, leaf->actor),
		[REQUEST] = hp_value_str(&arena, leaf->request),
		[DIGEST] = digest,
		[BODY_HASH] = hp_value_bin(&arena, leaf->body_hash, HP_HASH_BYTES),
	};
	for (unsigned i = 0; i < ITEMS; i++)
		hp_array_add(&arena, list, values[i]);
	/* What the reader would refuse is not written. */
	enum hp_status status = arena.failed ? HP_NOMEM : check(list, NULL);
	if (!status)
		status = hp_msgpack_encode(list, buf, NULL);
	hp_arena_release(&arena);
	return status;
}

enum hp_status
hp_leaf_decode(struct hp_arena *arena, const void *bytes, size_t len, struct hp_leaf *ret_leaf,
	       struct hp_error *err)
{
	const struct hp_value *list;
	enum hp_status status = hp_msgpack_decode_canonical(arena, bytes, len, &list, err);
	if (!status)
		status = check(list, err);
	if (status)
		return status;
	struct hp_value *const *at = list->array.items;
	struct hp_leaf leaf = {
		.seq = (uint64_t)at[SEQ]->integer,
		.wall_ms = at[WALL_MS]->integer,
		.boot_id = (const uint8_t *)at[BOOT_ID]->str.p,
		.boottime_ms = at[BOOTTIME_MS]->integer,
		.event = at[EVENT]->str.p,
		.actor = at[ACTOR]->str.p,
		.request = at[REQUEST]->str.p,
	};
	if (at[DIGEST]->type == HP_BIN)
		leaf.digest = (const uint8_t *)at[DIGEST]->str.p;
	memcpy(leaf.body_hash, at[BODY_HASH]->str.p, HP_HASH_BYTES);
	*ret_leaf = leaf;
	return HP_OK;
}
