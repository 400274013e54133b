/*
 * things - what a deed is made of, in words that class globs are matched against.
 *
 * Private to classify. The modules that read operations, commands and SQL (names, shell, aws, sql)
 * say what they found here; classify alone judges it. A thing has spellings (subjects); see
 * classify.h for the naming.
 *
 * Invariants:
 *  1. Subjects are folded and lower-cased, in the arena.
 *  2. Whatever cannot be told sets `unknown`. It is never cleared.
 *  3. At most HP_SUBJECTS_MAX subjects and HP_THINGS_WORK_MAX work; more sets `overflow`, and the
 *     deed must be refused.
 * Threads: as the arena.
 */
#ifndef HP_CORE_THINGS_H
#define HP_CORE_THINGS_H

#include "core/value.h"

#define HP_SUBJECTS_MAX 2048u         /* of one deed: bounds the scans of an evaluation */
#define HP_THINGS_WORK_MAX (1u << 20) /* words and bytes looked at, those of inner commands again  \
	                               */
#define HP_THINGS_DEPTH_MAX 8u /* commands within commands (`sudo sh -c "ssh h 'sh -c …'"`) */

/* A spelling. */
struct hp_subject {
	const char *p;
	size_t len;
	bool abbreviated; /* ends in a long option, which may be cut short: --outp for --output */
};

struct hp_thing {
	size_t first;   /* subjects from here to the next thing's first */
	bool ambiguous; /* the subjects behind the first may be of an option's value, or look-alikes
	                 */
	bool disguised; /* has look-alikes in its name */
};

struct hp_things {
	struct hp_arena *arena;
	struct hp_subject *subjects;
	size_t subject_count, subject_capacity;
	struct hp_thing *things, spare;
	size_t count, capacity;
	const char *claimed; /* the `shell:…` subject that the operation claims; NULL: none */
	bool claimed_seen;   /* the command runs that */
	size_t work;
	bool unknown;
	bool overflow;
};

/* Pays for looking at `amount` words or bytes; false when there is too much to look at. */
bool hp_things_spend(struct hp_things *things, size_t amount);

/* Begins a thing; the subjects that follow are its spellings. Never NULL: without memory or room it
 * is `spare`, and the arena has failed or `overflow` is set. */
struct hp_thing *hp_things_begin(struct hp_things *things);

/* Adds a spelling of the current thing: the parts, up to a NULL, joined and lower-cased. */
void hp_things_spell(struct hp_things *things, const char *part, ...) __attribute__((sentinel));

/* Says that the last spelling ends in a long option. */
void hp_things_may_abbreviate(struct hp_things *things);

/* Notes that the command runs this program, so that an operation `shell:NAME` says nothing new. */
void hp_things_runs(struct hp_things *things, const char *name);

/* The folded form, case kept, in the arena; `text` itself when it is ASCII. `ret_disguised` (may be
 * NULL) gets whether it was not. "" when the arena fails. */
const char *hp_things_fold(struct hp_things *things, const char *text, size_t len,
                           bool *ret_disguised);

#endif
