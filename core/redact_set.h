/*
 * redact_set - inside redact: a compiled set, and how windows of a text are judged and written.
 *
 * A text is judged in windows at fixed offsets of it: window k decides on the candidates that begin
 * in [k·stride, (k+1)·stride), and sees `behind` bytes before and `reach` bytes after. A text that
 * is there whole and one that comes in pieces have the same windows, so they have the same hits.
 *
 *   begin → (window …)* → last window → hits that overlap fused, told and written in order
 *
 * Invariants:
 *  1. Hits before `settled` are final: no later window can add one there.
 *  2. Everything before `done` is written; done only grows.
 * Threads: as the set.
 */
#ifndef HP_CORE_REDACT_SET_H
#define HP_CORE_REDACT_SET_H

#include "core/pattern.h"
#include "core/redact_judge.h"

/* A hit as found; kinds of equal name are one kind. */
struct hp_redact_mark {
	size_t from, to;
	unsigned rule; /* index of names: shipped rules first, then the policy's own */
};

struct hp_redact_marks {
	struct hp_redact_mark *items;
	size_t count, capacity;
	bool failed;
};

struct hp_redact {
	struct hp_pattern_set *patterns; /* the shipped ones */
	struct hp_pattern_set *owns;	 /* the policy's own; ids go on behind the shipped ones */
	char (*own)[HP_REDACT_NAME_BYTES + 1]; /* names of the policy's own */
	size_t own_count;
	size_t *until; /* of each shipped rule, in what is scanned now */
	/* of redact_value.c, kept from call to call */
	struct hp_buf text;
	struct hp_redact_piece *pieces;
	struct hp_redact_place *places;
	size_t piece_capacity, place_capacity;
};

/* One text on its way through. */
struct hp_redact_pass {
	struct hp_redact *set;
	hp_redact_tell *tell; /* NULL: nobody */
	void *context;
	struct hp_buf *buf; /* where the text goes; NULL: nowhere */
	struct hp_redact_marks marks;
	size_t done;		   /* bytes of the text that are written */
	struct hp_redact_mark open; /* the hit being fused; to == 0: none */
	size_t longest;
};

const char *hp_redact_kind(const struct hp_redact *set, unsigned rule);

/* A text whose matches are being judged. */
struct hp_redact_window {
	struct hp_redact *set;
	const struct hp_redact_text *text;
	size_t base;    /* of the text, within the whole that marks are of */
	size_t lies_at; /* of the text, within what is scanned: `until` is of that */
	struct hp_redact_marks *marks;
	size_t first; /* mark of this text */
};

/* Judges one match, and marks it if it is a hit; the pattern engine's callback. */
bool hp_redact_take(const struct hp_redact_window *window, unsigned id, size_t from, size_t to);

/* Sorts the marks, fuses those that overlap, tells and writes what lies before `settled`; all of
 * it when `last`. */
void hp_redact_settle(struct hp_redact_pass *pass, const struct hp_redact_text *text, size_t base,
		      size_t settled, bool last);

/* Judges the window of `text` (its bytes from offset `base` on) that owns [own_from, own_to), and
 * writes what is settled by it: everything when `last`. */
HP_MUST_CHECK enum hp_status hp_redact_judge_window(struct hp_redact_pass *pass,
						    const struct hp_redact_text *text, size_t base,
						    size_t own_from, size_t own_to, bool last);
void hp_redact_pass_release(struct hp_redact_pass *pass);

/* All windows of a text that is there. */
HP_MUST_CHECK enum hp_status hp_redact_whole(struct hp_redact_pass *pass,
					     const struct hp_redact_text *text);

#endif
