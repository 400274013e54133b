/*
 * arena - memory of one message, one file, one turn: allocated piecewise, freed at once.
 *
 * Purpose: trees of values have hundreds of small parts and one lifetime.
 *
 * Invariants:
 *  1. What an arena hands out stays valid, at its address, until release or reset.
 *  2. A failed allocation is sticky: `failed` stays true until reset, so a builder may make a
 *     whole tree and check once. Nothing built on a failed arena may be used.
 * Threads: one at a time.
 */
#ifndef HP_CORE_ARENA_H
#define HP_CORE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

struct hp_arena_chunk;

struct hp_arena {
	struct hp_arena_chunk *chunks; /* newest first */
	size_t left_bytes;	       /* free at the end of the newest chunk */
	bool failed;
};

/* An empty arena; allocates nothing yet. `(struct hp_arena){0}` is the same. */
void hp_arena_init(struct hp_arena *arena);

/* Frees everything. Takes NULL and a zeroed arena. The arena may be used again. */
void hp_arena_release(struct hp_arena *arena);

/* Forgets everything, keeping one chunk for the next use. Clears `failed`. */
void hp_arena_reset(struct hp_arena *arena);

/* `bytes` of zeroed memory aligned for any object; NULL (and `failed`) without memory. */
void *hp_arena_alloc(struct hp_arena *arena, size_t bytes);

/* `count` × `size` zeroed, checked for overflow. */
void *hp_arena_array(struct hp_arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of `len` bytes (which may hold NULs). */
char *hp_arena_copy(struct hp_arena *arena, const void *bytes, size_t len);

/* A copy of a C string; NULL gives NULL. */
char *hp_arena_strdup(struct hp_arena *arena, const char *text);

/* A formatted C string. */
char *hp_arena_printf(struct hp_arena *arena, const char *format, ...) HP_PRINTF(2, 3);

#endif
