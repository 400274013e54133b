/*
 * floor - the least that durable answers cost here: what the broker's rate is held against.
 *
 * A CURVE ROUTER that answers each message with as many bytes as a receipt has, after one SQLite
 * transaction (WAL, synchronous=FULL) a batch that adds as many rows of as many bytes as a submit
 * adds. It reads nothing, judges nothing, and keeps no index. Batches form as in the broker: what
 * has come in while the last one was being committed.
 */
#ifndef HP_TESTS_BENCH_FLOOR_H
#define HP_TESTS_BENCH_FLOOR_H

#include <stddef.h>

#include "proto/keyfile.h"

enum { FLOOR_TABLES = 32 };

/* What one submit leaves in one table, on average. */
struct floor_table {
	double rows, bytes;
};

struct floor_shape {
	struct floor_table tables[FLOOR_TABLES];
	size_t count;
	size_t reply_bytes;
};

double floor_rows(const struct floor_shape *shape);
double floor_bytes(const struct floor_shape *shape);

/* Serves until SIGTERM: prints "ready" on standard output once it does. Returns an exit code. */
int floor_serve(const char *database, const char *endpoint, const struct hp_keyfile *key,
		const struct floor_shape *shape);

#endif
