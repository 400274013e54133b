/*
 * confusables - which characters look like an ASCII letter, digit or delimiter.
 *
 * Private to text. The table holds the single code points whose UTS #39 skeleton, less marks, is
 * one ASCII character and that NFKC does not already turn into it (confusables.txt 15.0), and adds
 * what UTS #39 keeps apart but a tired reader does not: small capitals, the Cyrillic letters of
 * that shape, regional indicators, letters on black circles and squares. ASCII is never mapped to
 * ASCII. Threads: no state.
 */
#ifndef HP_CORE_CONFUSABLES_H
#define HP_CORE_CONFUSABLES_H

#include <stdint.h>

/* The ASCII character that `point` looks like, else `point` itself. */
int32_t hp_confusable_map(int32_t point);

#endif
