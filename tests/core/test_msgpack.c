#include "tests/core/vectors.h"

#include <math.h>

#include "core/limits.h"
#include "core/msgpack.h"

static enum hp_status
decode_hex(struct hp_arena *arena, const char *hex, const struct hp_value **ret_value,
	   struct hp_error *err)
{
	struct hp_str bytes = from_hex(arena, hex);
	/* Exactly as many bytes as that, so that the sanitizer sees one byte more being read. */
	char *exact = malloc(bytes.len ? bytes.len : 1);
	memcpy(exact, bytes.p, bytes.len);
	enum hp_status status = hp_msgpack_decode(arena, exact, bytes.len, ret_value, err);
	free(exact);
	return status;
}

static void
assert_encodes(const struct hp_value *value, const char *hex)
{
	struct hp_buf bytes = {0}, text = {0};
	struct hp_error err = {0};
	cr_assert_eq(hp_msgpack_encode(value, &bytes, &err), HP_OK, "%s: %s", hex, err.message);
	hp_buf_add_hex(&text, bytes.data, bytes.len);
	cr_assert_str_eq(hp_buf_text(&text), hex);
	hp_buf_release(&bytes);
	hp_buf_release(&text);
}

/* JSON has no bin: the vectors write {"bin": hex}, with type "bytes". */
static const struct hp_value *
vector_value(struct hp_arena *arena, const struct hp_value *vector)
{
	if (!hp_value_is(hp_map_get(vector, "type"), "bytes"))
		for (size_t i = 0; i < vector->map.count; i++)
			if (strcmp(vector->map.pairs[i].key.p, "value") == 0)
				return vector->map.pairs[i].value; /* nil too */
	struct hp_str bytes =
		from_hex(arena, hp_map_get_str(hp_map_get(vector, "value"), "bin", ""));
	return hp_value_bin(arena, bytes.p, bytes.len);
}

Test(msgpack, every_canonical_vector_is_exact)
{
	struct hp_arena arena = {0};
	const struct hp_value *vectors = load_vectors(&arena, "canon");
	cr_assert_geq(hp_value_count(vectors), 34);
	for (size_t i = 0; i < vectors->array.count; i++) {
		const struct hp_value *vector = vectors->array.items[i], *back = NULL;
		const char *hex = hp_map_get_str(vector, "hex", "");
		struct hp_str bytes = from_hex(&arena, hex);
		const struct hp_value *value = vector_value(&arena, vector);
		assert_encodes(value, hex);
		cr_assert_eq(hp_msgpack_decode_canonical(&arena, bytes.p, bytes.len, &back, NULL),
			     HP_OK, "%s", hex);
		cr_assert(hp_value_equal(value, back), "%s", hex);
	}
	hp_arena_release(&arena);
}

/* What is refused for not being canonical alone: clients need not be. */
static bool
is_merely_not_canonical(const char *name)
{
	static const char *const names[] = {
		"map keys unsorted", "int not shortest", "str not shortest",
		"negative as wide",  "float32",		 "signed for positive",
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

Test(msgpack, every_invalid_vector_is_refused)
{
	struct hp_arena arena = {0};
	const struct hp_value *vectors = load_vectors(&arena, "canon_invalid_hex"), *value = NULL;
	size_t lenient = 0;
	for (size_t i = 0; i < vectors->map.count; i++) {
		const char *name = vectors->map.pairs[i].key.p;
		struct hp_str bytes = from_hex(&arena, vectors->map.pairs[i].value->str.p);
		bool merely = is_merely_not_canonical(name);
		struct hp_error err = {0};
		lenient += merely;
		cr_expect_eq(hp_msgpack_decode_canonical(&arena, bytes.p, bytes.len, &value, &err),
			     HP_INVALID, "%s", name);
		cr_expect_null(value, "%s", name);
		cr_expect_neq(err.message[0], '\0', "%s", name);
		const struct hp_value *loose = NULL;
		cr_expect_eq(hp_msgpack_decode(&arena, bytes.p, bytes.len, &loose, NULL),
			     merely ? HP_OK : HP_INVALID, "%s", name);
	}
	cr_assert_eq(lenient, 6);
	hp_arena_release(&arena);
}

#define NOT_FINITE "a float is infinite or not a number"
#define ANNOUNCES "a container announces more items than the message holds"

Test(msgpack, refusals_name_the_byte)
{
	static const struct {
		const char *hex;
		enum hp_status status;
		const char *message;
	} cases[] = {
		{"", HP_INVALID, "at byte 0: it ends too early"},
		{"92c0", HP_INVALID, "at byte 0: " ANNOUNCES},
		{"92c0cd01", HP_INVALID, "at byte 2: it ends too early"},
		{"c0c0", HP_INVALID, "at byte 1: bytes follow the value"},
		{"91c1", HP_INVALID, "at byte 1: 0xc1 is not a value"},
		{"91c7020000", HP_INVALID, "at byte 1: extension types are not supported"},
		{"d6ff00000000", HP_INVALID, "at byte 0: extension types are not supported"},
		{"8101c0", HP_INVALID, "at byte 1: a map key is not a string"},
		{"81c0c0", HP_INVALID, "at byte 1: a map key is not a string"},
		{"81c40161c0", HP_INVALID, "at byte 1: a map key is not a string"},
		{"8190c0", HP_INVALID, "at byte 1: a map key is not a string"},
		{"91a2c328", HP_INVALID, "at byte 1: a string is not valid UTF-8"},
		{"a3eda080", HP_INVALID, "at byte 0: a string is not valid UTF-8"}, /* surrogate */
		{"a2c080", HP_INVALID, "at byte 0: a string is not valid UTF-8"},   /* overlong */
		{"81a1ffc0", HP_INVALID, "at byte 1: a string is not valid UTF-8"},
		{"cb7ff0000000000000", HP_INVALID, "at byte 0: " NOT_FINITE},
		{"ca7fc00000", HP_INVALID, "at byte 0: " NOT_FINITE},
		{"dbffffffff61", HP_INVALID, "at byte 0: a string is longer than the message"},
		{"c6ffffffff61", HP_INVALID, "at byte 0: a string is longer than the message"},
		{"ddffffffffc0", HP_INVALID, "at byte 0: " ANNOUNCES},
		{"dfffffffffc0", HP_INVALID, "at byte 0: " ANNOUNCES},
		{"83a161c0a162", HP_INVALID, "at byte 0: " ANNOUNCES},
		/* Each fits the bytes left, both together do not. */
		{"9393c0c0c0c0", HP_INVALID, "at byte 1: " ANNOUNCES},
		{"8182a161c0a162c0", HP_INVALID, "at byte 1: a map key is not a string"},
		{"82a162c0a162c0", HP_INVALID, "duplicate key \"b\""},
		{"83a162c0a161c0a162c0", HP_INVALID, "duplicate key \"b\""},
		{"9182a10ac0a10ac0", HP_INVALID, "duplicate key \"<U+000A>\""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_error err = {0};
		const struct hp_value *value = NULL;
		cr_expect_eq(decode_hex(&arena, cases[i].hex, &value, &err), cases[i].status, "%s",
			     cases[i].hex);
		cr_expect_str_eq(err.message, cases[i].message, "%s: %s", cases[i].hex,
				 err.message);
		cr_expect_null(value);
		hp_arena_release(&arena);
	}
}

/* `count` times `lead`, then nil. */
static enum hp_status
decode_nested(unsigned count, uint8_t lead)
{
	uint8_t bytes[64];
	struct hp_arena arena = {0};
	const struct hp_value *value = NULL;
	size_t len = 0;
	for (unsigned i = 0; i < count; i++) {
		bytes[len++] = lead;
		if (lead == 0x81)
			bytes[len++] = 0xa0; /* key "" */
	}
	bytes[len++] = 0xc0;
	enum hp_status status = hp_msgpack_decode(&arena, bytes, len, &value, NULL);
	hp_arena_release(&arena);
	return status;
}

Test(msgpack, depth_is_bounded)
{
	static const uint8_t leads[] = {0x91, 0x81};
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(decode_nested(HP_LIMIT_DEPTH, leads[i]), HP_OK);
		cr_expect_eq(decode_nested(HP_LIMIT_DEPTH + 1, leads[i]), HP_TOO_LARGE);
	}
}

/* A header, then `count` bytes of `fill`. */
static enum hp_status
decode_filled(const char *header_hex, uint8_t fill, size_t count)
{
	struct hp_arena arena = {0};
	struct hp_str header = from_hex(&arena, header_hex);
	uint8_t *bytes = malloc(header.len + count);
	const struct hp_value *value = NULL;
	memcpy(bytes, header.p, header.len);
	memset(bytes + header.len, fill, count);
	enum hp_status status =
		hp_msgpack_decode(&arena, bytes, header.len + count, &value, NULL);
	free(bytes);
	hp_arena_release(&arena);
	return status;
}

Test(msgpack, sizes_are_bounded)
{
	cr_expect_eq(decode_filled("dc1000", 0xc0, 4096), HP_OK);
	cr_expect_eq(decode_filled("dc1001", 0xc0, 4097), HP_TOO_LARGE);
	cr_expect_eq(decode_filled("de1001", 0xa0, 2 * 4097), HP_TOO_LARGE);
	cr_expect_eq(decode_filled("db00010000", 'a', 65536), HP_OK);
	cr_expect_eq(decode_filled("db00010001", 'a', 65537), HP_TOO_LARGE);
	cr_expect_eq(decode_filled("c600040000", 0xff, 262144), HP_OK);
	cr_expect_eq(decode_filled("c600040001", 0xff, 262145), HP_TOO_LARGE);
}

/* A map of `count` keys "k0000" …, descending, so that nothing comes sorted. */
static struct hp_value *
wide_map(struct hp_arena *arena, size_t count)
{
	struct hp_value *map = hp_value_map(arena);
	for (size_t i = count; i-- > 0;)
		hp_map_set_int(arena, map, hp_arena_printf(arena, "k%04zu", i), (int64_t)i);
	return map;
}

/* The map as a peer may send it: unsorted. */
static void
encode_unsorted(struct hp_buf *buf, const struct hp_value *map)
{
	hp_buf_add_byte(buf, 0xde);
	hp_buf_add_byte(buf, (uint8_t)(map->map.count >> 8));
	hp_buf_add_byte(buf, (uint8_t)map->map.count);
	for (size_t i = 0; i < map->map.count; i++) {
		const struct hp_str *key = &map->map.pairs[i].key;
		hp_buf_add_byte(buf, (uint8_t)(0xa0 | key->len));
		hp_buf_add(buf, key->p, key->len);
		hp_buf_add_byte(buf, 0xc0);
	}
}

Test(msgpack, duplicates_are_found_in_wide_maps)
{
	struct hp_arena arena = {0};
	struct hp_value *map = wide_map(&arena, HP_LIMIT_ELEMENTS);
	const struct hp_value *value = NULL;
	struct hp_error err = {0};
	struct hp_buf buf = {0};
	encode_unsorted(&buf, map);
	cr_assert_eq(hp_msgpack_decode(&arena, buf.data, buf.len, &value, NULL), HP_OK);
	cr_assert_eq(hp_value_count(value), HP_LIMIT_ELEMENTS);
	map->map.pairs[4000].key = map->map.pairs[7].key;
	hp_buf_reset(&buf);
	encode_unsorted(&buf, map);
	cr_assert_eq(hp_msgpack_decode(&arena, buf.data, buf.len, &value, &err), HP_INVALID);
	cr_assert_str_eq(err.message, "duplicate key \"k4088\"");
	hp_buf_release(&buf);
	hp_arena_release(&arena);
}

Test(msgpack, keys_are_encoded_ascending)
{
	struct hp_arena arena = {0};
	struct hp_buf buf = {0};
	const struct hp_value *value = NULL;
	cr_assert_eq(hp_msgpack_encode(wide_map(&arena, 1000), &buf, NULL), HP_OK);
	cr_assert_eq(hp_msgpack_decode_canonical(&arena, buf.data, buf.len, &value, NULL), HP_OK);
	for (size_t i = 0; i < 1000; i++)
		cr_assert_eq(value->map.pairs[i].value->integer, (int64_t)i);
	/* Bytes, not characters or lengths: "a" < "a\0" < "aa" < "b" < "é". */
	struct hp_value *map = hp_value_map(&arena);
	static const struct hp_str keys[] = {
		{"\xc3\xa9", 2}, {"b", 1}, {"aa", 2}, {"a\0", 2}, {"a", 1},
	};
	for (int i = 0; i < 5; i++)
		hp_map_setn(&arena, map, keys[i].p, keys[i].len, hp_value_int(&arena, i));
	assert_encodes(map, "85a16104a2610003a2616102a16201a2c3a900");
	hp_buf_release(&buf);
	hp_arena_release(&arena);
}

static struct hp_value *
nested(struct hp_arena *arena, unsigned depth)
{
	struct hp_value *value = hp_value_nil(arena);
	for (unsigned i = 0; i < depth; i++) {
		struct hp_value *list = hp_value_array(arena);
		hp_array_add(arena, list, value);
		value = list;
	}
	return value;
}

static void
assert_unencodable(const struct hp_value *value, enum hp_status status, const char *message)
{
	struct hp_buf buf = {0};
	struct hp_error err = {0};
	hp_buf_add_text(&buf, "before");
	cr_expect_eq(hp_msgpack_encode(value, &buf, &err), status, "%s", message);
	cr_expect_str_eq(err.message, message);
	cr_expect_str_eq(hp_buf_text(&buf), "before");
	cr_expect_eq(buf.len, 6);
	hp_buf_release(&buf);
}

Test(msgpack, what_canon_cannot_hold_is_not_written)
{
	struct hp_arena arena = {0};
	struct hp_value *twice = hp_value_map(&arena), *list = hp_value_array(&arena);
	char *long_text = calloc(HP_LIMIT_BIN_BYTES + 1, 1);
	hp_map_set_int(&arena, twice, "a", 1);
	hp_map_set_int(&arena, twice, "a", 2);
	hp_array_add(&arena, list, hp_value_int(&arena, 1));
	hp_array_add(&arena, list, hp_value_float(&arena, NAN));
	assert_unencodable(list, HP_INVALID, "a float is infinite or not a number");
	assert_unencodable(hp_value_float(&arena, -INFINITY), HP_INVALID,
			   "a float is infinite or not a number");
	assert_unencodable(hp_value_str(&arena, "\xff"), HP_INVALID,
			   "a string is not valid UTF-8");
	assert_unencodable(twice, HP_INVALID, "a map has two equal keys");
	assert_unencodable(nested(&arena, 17), HP_TOO_LARGE, "containers nest deeper than 16");
	assert_unencodable(wide_map(&arena, 4097), HP_TOO_LARGE, "a map has over 4096 items");
	assert_unencodable(hp_value_bin(&arena, long_text, HP_LIMIT_BIN_BYTES + 1),
			   HP_TOO_LARGE, "a bin of 262145 bytes is over 256 KiB");
	assert_unencodable(NULL, HP_INVALID, "a value is missing");
	assert_encodes(nested(&arena, 16), "91919191919191919191919191919191c0");
	free(long_text);
	hp_arena_release(&arena);
}

Test(msgpack, numbers_have_one_type)
{
	static const struct {
		const char *hex;
		enum hp_type type;
		uint64_t natural;
	} cases[] = {
		{"cf7fffffffffffffff", HP_INT, INT64_MAX},
		{"cf8000000000000000", HP_UINT, (uint64_t)INT64_MAX + 1},
		{"d38000000000000000", HP_INT, (uint64_t)INT64_MIN},
		{"d3ffffffffffffffff", HP_INT, (uint64_t)-1},
		{"d2ffffffff", HP_INT, (uint64_t)-1},
		{"d1ffff", HP_INT, (uint64_t)-1},
		{"d0ff", HP_INT, (uint64_t)-1},
		{"d00f", HP_INT, 15},
		{"cf0000000000000001", HP_INT, 1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		const struct hp_value *value = NULL;
		cr_assert_eq(decode_hex(&arena, cases[i].hex, &value, NULL), HP_OK);
		cr_expect_eq(value->type, cases[i].type, "%s", cases[i].hex);
		cr_expect_eq(value->natural, cases[i].natural, "%s", cases[i].hex);
		hp_arena_release(&arena);
	}
}

/* A tree out of a small generator, the same in every run. */
static struct hp_value *
grow_tree(struct hp_arena *arena, uint64_t *seed, unsigned depth)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	uint64_t random = *seed >> 20;
	unsigned width = random >> 8 & 7;
	struct hp_value *value;
	switch (random % (depth < HP_LIMIT_DEPTH ? 8 : 6)) {
	case 0:
		return hp_value_nil(arena);
	case 1:
		return hp_value_bool(arena, random & 256);
	case 2:
		return hp_value_uint(arena, *seed >> (random & 63));
	case 3:
		return hp_value_int(arena, -(int64_t)(*seed >> (1 + (random & 31))));
	case 4:
		return hp_value_float(arena, (double)random / 3);
	case 5:
		return hp_value_bin(arena, seed, width);
	case 6:
		value = hp_value_array(arena);
		while (width--)
			hp_array_add(arena, value, grow_tree(arena, seed, depth + 1));
		return value;
	default:
		value = hp_value_map(arena);
		while (width--)
			hp_map_set(arena, value,
				   hp_arena_printf(arena, "%u%c", width * 7 % 5, 'a' + width),
				   grow_tree(arena, seed, depth + 1));
		return value;
	}
}

Test(msgpack, trees_survive_and_no_prefix_does)
{
	uint64_t seed = 20251215;
	for (int round = 0; round < 300; round++) {
		struct hp_arena arena = {0};
		struct hp_buf buf = {0};
		struct hp_value *list = hp_value_array(&arena);
		const struct hp_value *back = NULL;
		for (int i = 0; i < 4; i++)
			hp_array_add(&arena, list, grow_tree(&arena, &seed, 1));
		cr_assert_eq(hp_msgpack_encode(list, &buf, NULL), HP_OK);
		cr_assert_eq(hp_msgpack_decode_canonical(&arena, buf.data, buf.len, &back, NULL),
			     HP_OK);
		cr_assert(hp_value_equal(list, back));
		for (size_t len = 0; len < buf.len; len++) {
			const struct hp_value *none = NULL;
			cr_assert_eq(hp_msgpack_decode(&arena, buf.data, len, &none, NULL),
				     HP_INVALID);
			cr_assert_null(none);
		}
		hp_buf_release(&buf);
		hp_arena_release(&arena);
	}
}

Test(msgpack, memory_failures_are_reported)
{
	struct hp_arena arena = {.failed = true};
	const struct hp_value *value = NULL;
	struct hp_buf buf = {.failed = true};
	cr_expect_eq(hp_msgpack_decode(&arena, "\xc0", 1, &value, NULL), HP_NOMEM);
	arena.failed = false;
	cr_expect_eq(hp_msgpack_encode(hp_value_nil(&arena), &buf, NULL), HP_NOMEM);
	hp_arena_release(&arena);
}
