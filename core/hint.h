/*
 * hint - the word that was surely meant.
 * Threads: no state.
 */
#ifndef HP_CORE_HINT_H
#define HP_CORE_HINT_H

#include "core/value.h"

/* Begins with the word as it was written; `best` is the nearest of those tried, NULL for none. */
struct hp_hint {
	struct hp_str word;
	const char *best;
	unsigned edits;
};

/* Far ones are no hint at all. Borrows `candidate`. */
void hp_hint_try(struct hp_hint *hint, const char *candidate);

#endif
