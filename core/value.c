#include "core/value.h"

#include <stdlib.h>
#include <string.h>

static struct hp_value *
make(struct hp_arena *arena, enum hp_type type)
{
	struct hp_value *value = hp_arena_alloc(arena, sizeof *value);
	if (value)
		value->type = type;
	return value;
}

struct hp_value *
hp_value_nil(struct hp_arena *arena)
{
	return make(arena, HP_NIL);
}

struct hp_value *
hp_value_bool(struct hp_arena *arena, bool boolean)
{
	struct hp_value *value = make(arena, HP_BOOL);
	if (value)
		value->boolean = boolean;
	return value;
}

struct hp_value *
hp_value_int(struct hp_arena *arena, int64_t integer)
{
	struct hp_value *value = make(arena, HP_INT);
	if (value)
		value->integer = integer;
	return value;
}

struct hp_value *
hp_value_uint(struct hp_arena *arena, uint64_t natural)
{
	if (natural <= INT64_MAX)
		return hp_value_int(arena, (int64_t)natural);
	struct hp_value *value = make(arena, HP_UINT);
	if (value)
		value->natural = natural;
	return value;
}

struct hp_value *
hp_value_float(struct hp_arena *arena, double real)
{
	struct hp_value *value = make(arena, HP_FLOAT);
	if (value)
		value->real = real;
	return value;
}

static struct hp_value *
make_bytes(struct hp_arena *arena, enum hp_type type, const void *bytes, size_t len)
{
	char *copy = hp_arena_copy(arena, bytes, len);
	struct hp_value *value = copy ? make(arena, type) : NULL;
	if (value)
		value->str = (struct hp_str){copy, len};
	return value;
}

struct hp_value *
hp_value_str(struct hp_arena *arena, const char *text)
{
	return text ? make_bytes(arena, HP_STR, text, strlen(text)) : hp_value_nil(arena);
}

struct hp_value *
hp_value_strn(struct hp_arena *arena, const char *text, size_t len)
{
	return make_bytes(arena, HP_STR, text, len);
}

struct hp_value *
hp_value_bin(struct hp_arena *arena, const void *bytes, size_t len)
{
	return make_bytes(arena, HP_BIN, bytes, len);
}

struct hp_value *
hp_value_array(struct hp_arena *arena)
{
	return make(arena, HP_ARRAY);
}

struct hp_value *
hp_value_map(struct hp_arena *arena)
{
	return make(arena, HP_MAP);
}

/* `items` with room for one more than `count`; NULL without memory. */
static void *
with_room(struct hp_arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	size_t wider = *capacity ? *capacity * 2 : 8;
	void *grown = hp_arena_array(arena, wider, size);
	if (!grown)
		return NULL;
	if (count)
		memcpy(grown, items, count * size);
	*capacity = wider;
	return grown;
}

void
hp_array_add(struct hp_arena *arena, struct hp_value *array, struct hp_value *item)
{
	if (!array || !item || array->type != HP_ARRAY)
		return;
	struct hp_value **items = with_room(arena, array->array.items, array->array.count,
					    &array->array.capacity, sizeof *items);
	if (!items)
		return;
	array->array.items = items;
	items[array->array.count++] = item;
}

void
hp_map_setn(struct hp_arena *arena, struct hp_value *map, const char *key, size_t key_len,
	    struct hp_value *value)
{
	if (!map || !value || map->type != HP_MAP)
		return;
	struct hp_pair *pairs = with_room(arena, map->map.pairs, map->map.count,
					  &map->map.capacity, sizeof *pairs);
	char *copy = pairs ? hp_arena_copy(arena, key, key_len) : NULL;
	if (!copy)
		return;
	map->map.pairs = pairs;
	pairs[map->map.count++] = (struct hp_pair){.key = {copy, key_len}, .value = value};
}

void
hp_map_set(struct hp_arena *arena, struct hp_value *map, const char *key, struct hp_value *value)
{
	hp_map_setn(arena, map, key, strlen(key), value);
}

void
hp_map_set_bool(struct hp_arena *arena, struct hp_value *map, const char *key, bool value)
{
	hp_map_set(arena, map, key, hp_value_bool(arena, value));
}

void
hp_map_set_int(struct hp_arena *arena, struct hp_value *map, const char *key, int64_t value)
{
	hp_map_set(arena, map, key, hp_value_int(arena, value));
}

void
hp_map_set_str(struct hp_arena *arena, struct hp_value *map, const char *key, const char *text)
{
	hp_map_set(arena, map, key, hp_value_str(arena, text));
}

void
hp_map_set_bin(struct hp_arena *arena, struct hp_value *map, const char *key, const void *bytes,
	       size_t len)
{
	hp_map_set(arena, map, key, hp_value_bin(arena, bytes, len));
}

static const struct hp_value *
find(const struct hp_value *map, const char *key, size_t len)
{
	if (!map || map->type != HP_MAP)
		return NULL;
	for (size_t i = 0; i < map->map.count; i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		if (pair->key.len == len && *pair->key.p == *key &&
		    memcmp(pair->key.p, key, len) == 0)
			return pair->value;
	}
	return NULL;
}

const struct hp_value *
hp_map_get(const struct hp_value *map, const char *key)
{
	const struct hp_value *value = find(map, key, strlen(key));
	return value && value->type != HP_NIL ? value : NULL;
}

const char *
hp_map_get_str(const struct hp_value *map, const char *key, const char *fallback)
{
	const struct hp_value *value = hp_map_get(map, key);
	return value && value->type == HP_STR ? value->str.p : fallback;
}

int64_t
hp_map_get_int(const struct hp_value *map, const char *key, int64_t fallback)
{
	const struct hp_value *value = hp_map_get(map, key);
	return value && value->type == HP_INT ? value->integer : fallback;
}

bool
hp_map_get_bool(const struct hp_value *map, const char *key, bool fallback)
{
	const struct hp_value *value = hp_map_get(map, key);
	return value && value->type == HP_BOOL ? value->boolean : fallback;
}

const uint8_t *
hp_map_get_bin(const struct hp_value *map, const char *key, size_t len)
{
	const struct hp_value *value = hp_map_get(map, key);
	if (!value || value->type != HP_BIN || value->str.len != len)
		return NULL;
	return (const uint8_t *)value->str.p;
}

size_t
hp_value_count(const struct hp_value *value)
{
	if (!value)
		return 0;
	return value->type == HP_ARRAY ? value->array.count
				       : value->type == HP_MAP ? value->map.count : 0;
}

const struct hp_value *
hp_array_get(const struct hp_value *array, size_t index)
{
	if (!array || array->type != HP_ARRAY || index >= array->array.count)
		return NULL;
	return array->array.items[index];
}

bool
hp_value_is(const struct hp_value *value, const char *text)
{
	return value && value->type == HP_STR && value->str.len == strlen(text) &&
	       memcmp(value->str.p, text, value->str.len) == 0;
}

struct hp_value *
hp_value_copy(struct hp_arena *arena, const struct hp_value *value)
{
	if (!value)
		return NULL;
	struct hp_value *copy = hp_arena_alloc(arena, sizeof *copy);
	if (!copy)
		return NULL;
	*copy = *value;
	switch (value->type) {
	case HP_STR:
	case HP_BIN:
		copy->str.p = hp_arena_copy(arena, value->str.p, value->str.len);
		break;
	case HP_ARRAY:
		copy->array.items = NULL;
		copy->array.count = copy->array.capacity = 0;
		for (size_t i = 0; i < value->array.count; i++)
			hp_array_add(arena, copy, hp_value_copy(arena, value->array.items[i]));
		break;
	case HP_MAP:
		copy->map.pairs = NULL;
		copy->map.count = copy->map.capacity = 0;
		for (size_t i = 0; i < value->map.count; i++) {
			const struct hp_pair *pair = &value->map.pairs[i];
			hp_map_setn(arena, copy, pair->key.p, pair->key.len,
				    hp_value_copy(arena, pair->value));
			if (arena->failed)
				return NULL;
			copy->map.pairs[i].line = pair->line;
			copy->map.pairs[i].column = pair->column;
		}
		break;
	default:
		break;
	}
	return arena->failed ? NULL : copy;
}

static bool
maps_equal(const struct hp_value *a, const struct hp_value *b)
{
	for (size_t i = 0; i < a->map.count; i++) {
		const struct hp_pair *pair = &a->map.pairs[i];
		const struct hp_value *other = find(b, pair->key.p, pair->key.len);
		if (!other || !hp_value_equal(pair->value, other))
			return false;
	}
	return true;
}

bool
hp_value_equal(const struct hp_value *a, const struct hp_value *b)
{
	if (!a || !b)
		return a == b;
	if (a->type != b->type || hp_value_count(a) != hp_value_count(b))
		return false;
	switch (a->type) {
	case HP_NIL:
		return true;
	case HP_BOOL:
		return a->boolean == b->boolean;
	case HP_INT:
		return a->integer == b->integer;
	case HP_UINT:
		return a->natural == b->natural;
	case HP_FLOAT: /* by bits, as the encoding is: -0.0 differs from 0.0 */
		return memcmp(&a->real, &b->real, sizeof a->real) == 0;
	case HP_STR:
	case HP_BIN:
		return a->str.len == b->str.len &&
		       (!a->str.len || memcmp(a->str.p, b->str.p, a->str.len) == 0);
	case HP_ARRAY:
		for (size_t i = 0; i < a->array.count; i++)
			if (!hp_value_equal(a->array.items[i], b->array.items[i]))
				return false;
		return true;
	case HP_MAP:
		return maps_equal(a, b);
	}
	return false;
}

int
hp_key_compare(const struct hp_str *a, const struct hp_str *b)
{
	size_t shorter = a->len < b->len ? a->len : b->len;
	if (shorter && a->p[0] != b->p[0]) /* mostly */
		return (unsigned char)a->p[0] < (unsigned char)b->p[0] ? -1 : 1;
	int order = shorter ? memcmp(a->p, b->p, shorter) : 0;
	return order ? order : (a->len > b->len) - (a->len < b->len);
}

enum { FEW = 24 };

static int
compare_pairs(const void *a, const void *b)
{
	const struct hp_pair *const *x = a, *const *y = b;
	return hp_key_compare(&(*x)->key, &(*y)->key);
}

/* For few pairs, in place and without a call for each comparison. */
static void
sort_few(const struct hp_pair **pairs, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const struct hp_pair *pair = pairs[i];
		size_t at = i;
		for (; at && hp_key_compare(&pairs[at - 1]->key, &pair->key) > 0; at--)
			pairs[at] = pairs[at - 1];
		pairs[at] = pair;
	}
}

void
hp_map_sort(const struct hp_value *map, const struct hp_pair **ret_sorted)
{
	size_t count = map->map.count;
	bool ascending = true;
	for (size_t i = 0; i < count; i++) {
		ret_sorted[i] = &map->map.pairs[i];
		if (i && hp_key_compare(&ret_sorted[i - 1]->key, &ret_sorted[i]->key) >= 0)
			ascending = false;
	}
	if (!ascending && count <= FEW)
		sort_few(ret_sorted, count);
	else if (!ascending)
		qsort(ret_sorted, count, sizeof *ret_sorted, compare_pairs);
}

enum hp_status
hp_map_duplicate(const struct hp_value *map, const struct hp_pair **ret_pair)
{
	const struct hp_pair *few[64], **sorted = few, *first = NULL;
	size_t count = map->map.count;
	if (count > sizeof few / sizeof few[0]) {
		sorted = calloc(count, sizeof *sorted);
		if (!sorted)
			return HP_NOMEM;
	}
	hp_map_sort(map, sorted);
	for (size_t i = 1; i < count; i++) {
		const struct hp_pair *a = sorted[i - 1], *b = sorted[i];
		if (hp_key_compare(&a->key, &b->key) != 0)
			continue;
		/* Both lie in one array: the later one of the source repeats the other. */
		const struct hp_pair *later = a > b ? a : b;
		if (!first || later < first)
			first = later;
	}
	if (sorted != few)
		free(sorted);
	*ret_pair = first;
	return HP_OK;
}

const char *
hp_type_name(enum hp_type type)
{
	static const char *const names[] = {
		[HP_NIL] = "nil",     [HP_BOOL] = "boolean", [HP_INT] = "integer",
		[HP_UINT] = "integer", [HP_FLOAT] = "float",  [HP_STR] = "string",
		[HP_BIN] = "bin",     [HP_ARRAY] = "list",    [HP_MAP] = "map",
	};
	return (unsigned)type < sizeof names / sizeof names[0] ? names[type] : "unknown";
}
