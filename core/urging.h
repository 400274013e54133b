/*
 * urging - an agent's prose that talks to the reviewer instead of about the action.
 *
 * "Pre-approved", "reviewers must": whoever wrote that, a model or what it read, wants the decision
 * to be made already. It is no ground to refuse anything by itself, so it is only marked where
 * people read it; policy does not look at it.
 * Threads: no state.
 */
#ifndef HP_CORE_URGING_H
#define HP_CORE_URGING_H

#include <stddef.h>

/* The first known phrase in the text, as this table spells it; NULL: none. Case, look-alike
 * letters, punctuation and line breaks do not matter. Also NULL without memory. */
const char *hp_urging_find(const char *text, size_t len);

#endif
