/*
 * scripts - words, and whether one mixes scripts that nobody mixes honestly.
 *
 * Private to text. Han, kana, Hangul and Bopomofo count as one script and go with Latin (UTS #39,
 * "highly restrictive"); ASCII digits and marks go with all.
 * Threads: no state.
 */
#ifndef HP_CORE_SCRIPTS_H
#define HP_CORE_SCRIPTS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes (≥ 1) of the word, or of the stretch between words, that `text` (len ≥ 1) begins with, and
 * whether it is a word that mixes scripts. Invisible characters do not end a word.
 */
size_t hp_script_word(const char *text, size_t len, bool *ret_mixed);

#endif
