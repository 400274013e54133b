/*
 * pattern - compiled sets of patterns: one linear-time pass over a subject, all matches.
 *
 * Vectorscan is the only regex engine, so hostile text or patterns cannot cost more than linear
 * time. A set is immutable after compilation.
 * Threads: a set carries its own scratch; one thread at a time.
 */
#ifndef HP_CORE_PATTERN_H
#define HP_CORE_PATTERN_H

#include "core/buf.h"
#include "core/value.h"

enum hp_pattern_flags {
	HP_PATTERN_CASELESS = 1 << 0,
	HP_PATTERN_SPAN = 1 << 1, /* report the start of a match too (start-of-match) */
	HP_PATTERN_ONCE = 1 << 2, /* at most one report a scan; excludes SPAN */
	HP_PATTERN_UNTRIED = 1 << 4, /* an operator's: no test of ours has seen it; a little slower */
	HP_PATTERN_UTF8 = 1 << 3, /* `.` and classes are of characters; subjects must be UTF-8 */
};

struct hp_pattern {
	const char *expression;
	unsigned flags;
	unsigned id; /* given back at a match; several patterns may share one */
	unsigned line; /* where it stands, for errors; 0 unknown */
};

/* Bounds of what is compiled: the engine's compile time is not linear. */
#define HP_PATTERN_COUNT 20000u	 /* patterns of one set */
#define HP_PATTERN_BYTES 4096u	 /* one expression */
#define HP_PATTERN_POSITIONS 4096u /* of one, its counted repeats unrolled: (ab|c){2,50} is 150 */
#define HP_PATTERN_DEPTH 64u	   /* groups within groups */

struct hp_pattern_set;

/* Called for each match, in order of its end; return false to stop. Offsets in bytes; `from` is 0
 * without SPAN. */
typedef bool hp_pattern_match(void *context, unsigned id, size_t from, size_t to);

/* `.` matches newlines too. HP_INVALID names the expression (escaped) and its line. An empty set is
 * valid and matches nothing. */
HP_MUST_CHECK enum hp_status hp_pattern_set_new(const struct hp_pattern *patterns, size_t count,
						struct hp_pattern_set **ret_set,
						struct hp_error *err);
void hp_pattern_set_free(struct hp_pattern_set *set);

/* HP_OK also when stopped by the callback; anything else is an engine failure (HP_INVALID: no UTF-8
 * for a set that needs it): fail closed. The callback must not scan the same set. */
HP_MUST_CHECK enum hp_status hp_pattern_set_scan(const struct hp_pattern_set *set,
						 const char *subject, size_t len,
						 hp_pattern_match *match, void *context);

/* Appends the anchored expression of a glob: `*` crosses everything, `?` is one character (one byte
 * without HP_PATTERN_UTF8), all else literal. For use with HP_PATTERN_ONCE. */
void hp_pattern_add_glob(struct hp_buf *buf, const char *glob);

/* Appends `text` with every metacharacter quoted. */
void hp_pattern_add_literal(struct hp_buf *buf, const char *text, size_t len);

#endif
