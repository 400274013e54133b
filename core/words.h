/*
 * words - texts taken apart into words, for environments and destructive patterns.
 *
 * Private to classify.
 * Threads: no state.
 */
#ifndef HP_CORE_WORDS_H
#define HP_CORE_WORDS_H

#include "core/buf.h"
#include "core/value.h"

/*
 * Appends the words of folded text (case kept), each behind a single space but the first: split at
 * everything that is no ASCII letter or digit and, when `at_case`, at case changes (`DeleteStack`,
 * `deleteStack`, `HTTPServer` are two words each). Non-ASCII letters stay in words.
 */
void hp_words_split(struct hp_buf *buf, const char *text, size_t len, bool at_case);

/* Called for each string in a value, keys of maps included when `keys`; false stops. */
typedef bool hp_words_visit(void *context, const char *text, size_t len);
bool hp_words_walk(const struct hp_value *value, bool keys, hp_words_visit *visit, void *context);

#endif
