#include "core/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer every piece is a chunk, so that a stray byte between pieces is seen. */
#if defined __SANITIZE_ADDRESS__
#define CHUNK_BYTES ((size_t)0)
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define CHUNK_BYTES ((size_t)0)
#endif
#endif
#ifndef CHUNK_BYTES
#define CHUNK_BYTES ((size_t)16 * 1024)
#endif

/* A chunk is twice the last one up to here: an arena that is filled and reset for ever soon lives in
 * one chunk. */
#define CHUNK_MAX_BYTES (16 * CHUNK_BYTES)

struct hp_arena_chunk {
	struct hp_arena_chunk *next;
	size_t size_bytes;
	alignas(max_align_t) unsigned char data[];
};

void
hp_arena_init(struct hp_arena *arena)
{
	*arena = (struct hp_arena){0};
}

static void
free_chunks(struct hp_arena_chunk *chunk)
{
	while (chunk) {
		struct hp_arena_chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
}

void
hp_arena_release(struct hp_arena *arena)
{
	if (!arena)
		return;
	free_chunks(arena->chunks);
	hp_arena_init(arena);
}

void
hp_arena_reset(struct hp_arena *arena)
{
	struct hp_arena_chunk *keep = arena->chunks;
	if (keep) {
		free_chunks(keep->next);
		keep->next = NULL;
		arena->left_bytes = keep->size_bytes;
	}
	arena->failed = false;
}

static bool
grow(struct hp_arena *arena, size_t bytes)
{
	size_t size = arena->chunks ? 2 * arena->chunks->size_bytes : CHUNK_BYTES;
	if (size > CHUNK_MAX_BYTES)
		size = CHUNK_MAX_BYTES;
	if (size < bytes)
		size = bytes;
	struct hp_arena_chunk *chunk = malloc(sizeof *chunk + size);
	if (!chunk)
		return false;
	chunk->size_bytes = size;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->left_bytes = size;
	return true;
}

/* Room whose bytes are whatever they are. */
static void *
take(struct hp_arena *arena, size_t bytes)
{
	const size_t align = alignof(max_align_t);
	if (arena->failed || bytes > SIZE_MAX / 2) {
		arena->failed = true;
		return NULL;
	}
	size_t need = (bytes ? bytes : 1) + align - 1;
	need -= need % align;
	if (need > arena->left_bytes && !grow(arena, need)) {
		arena->failed = true;
		return NULL;
	}
	struct hp_arena_chunk *chunk = arena->chunks;
	void *p = chunk->data + (chunk->size_bytes - arena->left_bytes);
	arena->left_bytes -= need;
	return p;
}

void *
hp_arena_alloc(struct hp_arena *arena, size_t bytes)
{
	void *p = take(arena, bytes);
	return p ? memset(p, 0, bytes) : NULL;
}

void *
hp_arena_array(struct hp_arena *arena, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / 2 / size) {
		arena->failed = true;
		return NULL;
	}
	return hp_arena_alloc(arena, count * size);
}

char *
hp_arena_copy(struct hp_arena *arena, const void *bytes, size_t len)
{
	char *p = take(arena, len < SIZE_MAX ? len + 1 : len);
	if (p && len)
		memcpy(p, bytes, len);
	if (p)
		p[len] = 0;
	return p;
}

char *
hp_arena_strdup(struct hp_arena *arena, const char *text)
{
	return text ? hp_arena_copy(arena, text, strlen(text)) : NULL;
}

char *
hp_arena_printf(struct hp_arena *arena, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *p = len < 0 ? NULL : take(arena, (size_t)len + 1);
	if (p)
		vsnprintf(p, (size_t)len + 1, format, again);
	va_end(again);
	return p;
}
