/*
 * value - one tree for what comes from the wire, from YAML and from JSON.
 *
 * Purpose: policy, requests and messages are judged by one validator and one set of accessors,
 * whatever syntax they came in.
 *
 * Invariants:
 *  1. Every node lives in the arena it was made in. No node is freed alone.
 *  2. Strings are UTF-8 and NUL-terminated behind `len`; they may hold NULs inside. Bins likewise
 *     end in a NUL that is not counted.
 *  3. HP_UINT is used only above INT64_MAX; everything smaller is HP_INT. So equal numbers have
 *     equal types.
 *  4. Map keys are strings, unique (parsers refuse duplicates). Order is the source's; the
 *     canonical encoder sorts.
 *  5. nil means absent: hp_map_get() returns NULL for both.
 * Threads: as the arena.
 */
#ifndef HP_CORE_VALUE_H
#define HP_CORE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"

enum hp_type { HP_NIL, HP_BOOL, HP_INT, HP_UINT, HP_FLOAT, HP_STR, HP_BIN, HP_ARRAY, HP_MAP };

struct hp_str {
	const char *p;
	size_t len;
};

struct hp_pair;

struct hp_value {
	enum hp_type type;
	unsigned line, column; /* of the source text, from 1; 0 from the wire */
	union {
		bool boolean;
		int64_t integer;
		uint64_t natural; /* HP_UINT */
		double real;
		struct hp_str str; /* HP_STR and HP_BIN */
		struct {
			struct hp_value **items;
			size_t count, capacity;
		} array;
		struct {
			struct hp_pair *pairs;
			size_t count, capacity;
		} map;
	};
};

struct hp_pair {
	struct hp_str key;
	unsigned line, column; /* of the key */
	struct hp_value *value;
};

/* Constructors: a node in `arena`, or NULL with the arena failed (see arena.h 2). */
struct hp_value *hp_value_nil(struct hp_arena *arena);
struct hp_value *hp_value_bool(struct hp_arena *arena, bool boolean);
struct hp_value *hp_value_int(struct hp_arena *arena, int64_t integer);
struct hp_value *hp_value_uint(struct hp_arena *arena, uint64_t natural); /* HP_INT if it fits */
struct hp_value *hp_value_float(struct hp_arena *arena, double real);
struct hp_value *hp_value_str(struct hp_arena *arena, const char *text); /* copies; NULL → nil */
struct hp_value *hp_value_strn(struct hp_arena *arena, const char *text, size_t len);
struct hp_value *hp_value_bin(struct hp_arena *arena, const void *bytes, size_t len);
struct hp_value *hp_value_array(struct hp_arena *arena);
struct hp_value *hp_value_map(struct hp_arena *arena);

/* Appends. A NULL container or item does nothing (the arena has failed). */
void hp_array_add(struct hp_arena *arena, struct hp_value *array, struct hp_value *item);

/* Appends a pair; `key` is copied. The caller sees to it that keys are unique. */
void hp_map_set(struct hp_arena *arena, struct hp_value *map, const char *key,
		struct hp_value *value);
void hp_map_setn(struct hp_arena *arena, struct hp_value *map, const char *key, size_t key_len,
		 struct hp_value *value);
void hp_map_set_bool(struct hp_arena *arena, struct hp_value *map, const char *key, bool value);
void hp_map_set_int(struct hp_arena *arena, struct hp_value *map, const char *key, int64_t value);
void hp_map_set_str(struct hp_arena *arena, struct hp_value *map, const char *key,
		    const char *text);
void hp_map_set_bin(struct hp_arena *arena, struct hp_value *map, const char *key,
		    const void *bytes, size_t len);

/* The value of `key`, borrowed; NULL when `map` is NULL or no map, or the key is absent or nil. */
const struct hp_value *hp_map_get(const struct hp_value *map, const char *key);

/* Typed look-ups; the default when absent or of another type. Strings may hold NULs. */
const char *hp_map_get_str(const struct hp_value *map, const char *key, const char *fallback);
int64_t hp_map_get_int(const struct hp_value *map, const char *key, int64_t fallback);
bool hp_map_get_bool(const struct hp_value *map, const char *key, bool fallback);

/* The bin of `key` when it has exactly `len` bytes, else NULL. */
const uint8_t *hp_map_get_bin(const struct hp_value *map, const char *key, size_t len);

/* Items of an array or pairs of a map; 0 for anything else and for NULL. */
size_t hp_value_count(const struct hp_value *value);

/* The `index`th item, borrowed; NULL when out of range or no array. */
const struct hp_value *hp_array_get(const struct hp_value *array, size_t index);

/* Whether a string value equals `text` (no embedded NUL). */
bool hp_value_is(const struct hp_value *value, const char *text);

/* A deep copy into another arena; NULL gives NULL. Depth is bounded by the parsers. */
struct hp_value *hp_value_copy(struct hp_arena *arena, const struct hp_value *value);

/* Structural equality; maps regardless of order. */
bool hp_value_equal(const struct hp_value *a, const struct hp_value *b);

/* Keys in HP-canon order: bytewise, a prefix first. <0, 0, >0. */
int hp_key_compare(const struct hp_str *a, const struct hp_str *b);

/* Fills `ret_sorted` (room for hp_value_count) with the pairs of `map` in HP-canon order. */
void hp_map_sort(const struct hp_value *map, const struct hp_pair **ret_sorted);

/*
 * The first pair of the source whose key an earlier pair has too, or NULL when all keys differ.
 * n log n; HP_NOMEM for want of scratch memory. For parsers (value.h 4).
 */
HP_MUST_CHECK enum hp_status hp_map_duplicate(const struct hp_value *map,
					      const struct hp_pair **ret_pair);

/* "nil", "string", "map" …, for error messages. */
const char *hp_type_name(enum hp_type type);

#endif
