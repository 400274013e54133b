/*
 * json - strict JSON in, ASCII-only JSON out.
 *
 * Invariants: duplicate keys, trailing text, invalid UTF-8, integers beyond int64 and depth over
 * HP_LIMIT_DEPTH×4 are refused with line and column. Output is ASCII: everything else and DEL as
 * \u escapes, bin as lower-case hex, so no byte of a stranger's reaches a terminal raw
 * (protocol.md, "Command line").
 */
#ifndef HP_CORE_JSON_H
#define HP_CORE_JSON_H

#include "core/buf.h"
#include "core/value.h"

/* Any JSON value. Nodes carry no line or column. Duplicates, depth, syntax: see above. */
HP_MUST_CHECK enum hp_status hp_json_load(struct hp_arena *arena, const char *text, size_t len,
					  const struct hp_value **ret_value, struct hp_error *err);

enum hp_json_style {
	HP_JSON_LINE,	/* one line, no newline at the end */
	HP_JSON_INDENT, /* two spaces; for files a person reads */
};

/* Appends. Keys keep the value's order. Floats by hp_units_add_real(); non-finite: null. */
void hp_json_dump(const struct hp_value *value, enum hp_json_style style, struct hp_buf *buf);

#endif
