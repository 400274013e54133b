/*
 * vectors - tests/vectors/trust.json and hexadecimal, for unit tests.
 *
 * The file is read by the YAML loader: jansson has no integers above INT64_MAX, the vectors do.
 */
#ifndef HP_TESTS_CORE_VECTORS_H
#define HP_TESTS_CORE_VECTORS_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/yaml.h"

/* A file of the source tree, whole. Free it. */
static inline char *
read_source(const char *path, size_t *ret_len)
{
	const char *dir = getenv("HP_SRCDIR");
	char full[4096];
	snprintf(full, sizeof full, "%s/%s", dir ? dir : ".", path);
	FILE *file = fopen(full, "rb");
	cr_assert_not_null(file, "cannot open %s", full);
	size_t capacity = 1 << 20;
	char *text = malloc(capacity);
	cr_assert_not_null(text);
	*ret_len = fread(text, 1, capacity, file);
	cr_assert_lt(*ret_len, capacity);
	fclose(file);
	return text;
}

/* One section of the vectors. */
static inline const struct hp_value *
load_vectors(struct hp_arena *arena, const char *section)
{
	const struct hp_value *all = NULL;
	struct hp_error err = {0};
	size_t len = 0;
	char *text = read_source("tests/vectors/trust.json", &len);
	enum hp_status status = hp_yaml_load(arena, text, len, &all, &err);
	free(text);
	cr_assert_eq(status, HP_OK, "%u:%u: %s", err.line, err.column, err.message);
	const struct hp_value *found = hp_map_get(all, section);
	cr_assert_not_null(found, "no section %s", section);
	return found;
}

/* Bytes of a hexadecimal text, in `arena`. */
static inline struct hp_str
from_hex(struct hp_arena *arena, const char *hex)
{
	size_t len = strlen(hex) / 2;
	unsigned char *bytes = hp_arena_alloc(arena, len + 1);
	for (size_t i = 0; i < len; i++) {
		unsigned byte = 0;
		cr_assert_eq(sscanf(hex + 2 * i, "%2x", &byte), 1, "not hex: %s", hex);
		bytes[i] = (unsigned char)byte;
	}
	return (struct hp_str){(const char *)bytes, len};
}

#endif
