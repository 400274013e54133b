/*
 * likeness - how much two short texts are the same.
 * Threads: no state.
 */
#ifndef HP_CORE_LIKENESS_H
#define HP_CORE_LIKENESS_H

#include <stddef.h>

/* Longer texts are compared by their first so many bytes. */
enum { HP_LIKENESS_BYTES = 1024 };

/*
 * 100: the same pairs of neighbouring bytes, in any order; 0: none in common. ASCII case does not
 * matter. Two texts too short for a pair are alike when they are equal. Source: the coefficient of
 * Dice and Sørensen, over bigrams.
 */
unsigned hp_likeness(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
