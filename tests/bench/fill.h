/*
 * fill - requests put into a store without asking anybody, some tens of thousands a second.
 *
 * They are rows as a broker's own are, of the sizes that the shipped example has; but no leaves of
 * the log stand behind them, whose tree would have to be made too, and which no figure here reads.
 */
#ifndef HP_TESTS_BENCH_FILL_H
#define HP_TESTS_BENCH_FILL_H

#include <stddef.h>

#include "core/crypto.h"
#include "core/lifecycle.h"

/* Requests from `from` up to `to`, not counting it; `home` is not served. Those that have ended are
 * of several states and requesters. Those that wait have a day left. */
void fill_store(const char *home, size_t from, size_t to, bool pending);

/* The id of the n-th. */
void fill_id(size_t n, char ret_id[HP_UUID_BYTES]);

#endif
