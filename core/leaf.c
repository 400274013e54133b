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

/* Borrowed bytes as a value: the encoder only reads. */
static struct hp_value
lend(enum hp_type type, const void *bytes, size_t len)
{
	return (struct hp_value){.type = bytes ? type : HP_NIL, .str = {bytes, len}};
}

static struct hp_value
lend_text(const char *text)
{
	return lend(HP_STR, text, text ? strlen(text) : 0);
}

enum hp_status
hp_leaf_encode(const struct hp_leaf *leaf, struct hp_buf *buf)
{
	struct hp_value values[ITEMS] = {
		[TYPE] = lend_text(LEAF_TYPE),
		[SEQ] = {.type = leaf->seq > INT64_MAX ? HP_UINT : HP_INT, .natural = leaf->seq},
		[WALL_MS] = {.type = HP_INT, .integer = leaf->wall_ms},
		[BOOT_ID] = lend(HP_BIN, leaf->boot_id, BOOT_ID_BYTES),
		[BOOTTIME_MS] = {.type = HP_INT, .integer = leaf->boottime_ms},
		[EVENT] = lend_text(leaf->event),
		[ACTOR] = lend_text(leaf->actor),
		[REQUEST] = lend_text(leaf->request),
		[DIGEST] = lend(HP_BIN, leaf->digest, HP_HASH_BYTES),
		[BODY_HASH] = lend(HP_BIN, leaf->body_hash, HP_HASH_BYTES),
	};
	struct hp_value *borrowed[ITEMS];
	for (unsigned i = 0; i < ITEMS; i++)
		borrowed[i] = &values[i];
	const struct hp_value list = {.type = HP_ARRAY, .array = {borrowed, ITEMS, ITEMS}};
	/* What the reader would refuse is not written. */
	enum hp_status status = check(&list, NULL);
	return status ? status : hp_msgpack_encode(&list, buf, NULL);
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
