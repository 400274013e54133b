/*
 * export - the log as lines of JSON that anybody can check elsewhere.
 *
 * One line a leaf: {"seq", "leaf" hex, "body" hex or null, "salt" hex or null, "event", "actor",
 * "request", "wall_ms"}; then one line {"checkpoint": text} for each checkpoint kept, the newest
 * last (trust.md, "Export"). Output is ASCII and safe to print.
 *
 * Invariants: `leaf` is what is hashed; what stands decoded beside it is for people, and a reader
 * refuses a line whose two halves differ. A line has these keys and no others.
 * Threads: no state.
 */
#ifndef HP_CORE_EXPORT_H
#define HP_CORE_EXPORT_H

#include "core/buf.h"
#include "core/value.h"

struct hp_export_line {
	struct hp_str checkpoint; /* p NULL: a leaf */
	uint64_t seq;
	struct hp_str leaf, body, salt; /* body and salt: p NULL when erased */
};

/* Append a line with its newline. HP_INVALID: the leaf is none (its bytes cannot be decoded). */
HP_MUST_CHECK enum hp_status hp_export_add_leaf(struct hp_buf *buf, struct hp_arena *scratch,
						const struct hp_export_line *line);
void hp_export_add_checkpoint(struct hp_buf *buf, const char *text);

/* Reads one line, without its newline. HP_INVALID, HP_TOO_LARGE with the reason. Strict: a leaf that
 * is one must have the fields that stand beside it; a leaf that is none is the verifier's to refuse.
 * Pointers borrow the arena. */
HP_MUST_CHECK enum hp_status hp_export_parse(struct hp_arena *arena, const char *text, size_t len,
					     struct hp_export_line *ret_line,
					     struct hp_error *err);

#endif
