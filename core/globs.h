/*
 * globs - a set of globs as one trie: what a subject matches costs its length, not their number.
 *
 * A glob is anchored at both ends; `*` is any run of bytes, `?` any one byte, all else itself. The
 * caller folds case, of globs and subjects alike. Globs with the same beginning share its nodes; a
 * scan follows all of them at once, as one would a nondeterministic automaton's states, so nothing
 * is ever tried again from an earlier place. Building is linear in the globs' bytes: the shipped
 * policy's 1,400 take about a millisecond (a general pattern compiler takes several hundred).
 *
 * Invariants:
 *  1. A node has one parent, so that a scan meets it at most once at each byte.
 *  2. A scan never takes more than the steps that it is given; then it fails, and so must what
 *     depended on it. A step is one node looked at.
 * Threads: a set is immutable once built, but carries its own scratch; one thread at a time.
 */
#ifndef HP_CORE_GLOBS_H
#define HP_CORE_GLOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

struct hp_globs;

/* NULL without memory. */
struct hp_globs *hp_globs_new(void);
void hp_globs_free(struct hp_globs *globs);

/* Adds a glob, whose matches are told as `id`; several may share one. HP_NOMEM: free the set. */
HP_MUST_CHECK enum hp_status hp_globs_add(struct hp_globs *globs, const char *glob, size_t len,
					  unsigned id);

/* Adds what begins like the glob and is at least `shortest` of its bytes long: with 8 of
 * `cmd-output` that is `cmd-outp`, `cmd-outpu` and the whole. No `*` may come behind `shortest`. */
HP_MUST_CHECK enum hp_status hp_globs_add_beginnings(struct hp_globs *globs, const char *glob,
						     size_t len, size_t shortest, unsigned id);

typedef void hp_globs_match(void *context, unsigned id);

/* Tells every glob that matches the whole subject, each at least once. Takes the steps from
 * `*steps_left`; HP_TOO_LARGE when they do not suffice. */
HP_MUST_CHECK enum hp_status hp_globs_scan(const struct hp_globs *globs, const char *subject,
					   size_t len, size_t *steps_left, hp_globs_match *match,
					   void *context);

#endif
