/*
 * output - what a command prints, redacted on its way to others.
 *
 * Purpose: a reviewer wants to read along, and a secret may come in any number of pieces. Text is
 * given out by whole lines, each judged with what came before it.
 *
 * Invariants:
 *  1. Nothing is given out that was not judged; after a failure nothing more is (redact.h 5).
 *  2. A line is given out once. What a hit hides stays hidden however the text was cut, as far back
 *     as HP_OUTPUT_CONTEXT_BYTES.
 * Threads: as the redaction set.
 */
#ifndef HP_ENFORCE_OUTPUT_H
#define HP_ENFORCE_OUTPUT_H

#include "core/redact.h"

enum {
	HP_OUTPUT_CONTEXT_BYTES = 64 * 1024, /* twice redact's reach */
	HP_OUTPUT_LINE_BYTES = 64 * 1024,    /* a longer line is cut */
};

struct hp_output {
	struct hp_redact *set;
	struct hp_buf raw; /* what was given out lately, and what was not yet */
	size_t given;	   /* of raw */
	bool failed;
};

/* Takes what was printed. HP_NOMEM. */
HP_MUST_CHECK enum hp_status hp_output_add(struct hp_output *output, const void *bytes, size_t len);
/* Appends what may go out by now: whole lines; with `all` the rest too. */
HP_MUST_CHECK enum hp_status hp_output_take(struct hp_output *output, bool all,
					    struct hp_buf *buf);
/* Bytes that were not given out. */
size_t hp_output_waiting(const struct hp_output *output);
void hp_output_release(struct hp_output *output);

/* Appends `len` bytes as UTF-8 without NULs: what is neither becomes U+FFFD. For text on the wire. */
void hp_output_add_utf8(struct hp_buf *buf, const char *bytes, size_t len);

#endif
