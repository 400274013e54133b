/*
 * load - one message sent again and again under new ids, and what its answers took.
 */
#ifndef HP_TESTS_BENCH_LOAD_H
#define HP_TESTS_BENCH_LOAD_H

#include <sys/types.h>

#include "proto/link.h"

struct message {
	struct hp_buf bytes;
	size_t id_at, seq_at;
};
/* From the YAML of a submit that has `seq: 0` and an `id` of zeros first. */
void message_make(struct message *message, const char *yaml);

struct samples {
	uint32_t *us;
	size_t count, capacity;
	double seconds, cpu_seconds;
};
void samples_add(struct samples *samples, int64_t us);

struct point {
	double rate, p50_ms, p99_ms, cpu_us;
};
/* Empties the samples. */
struct point samples_sum_up(struct samples *samples);

/* A server, and our connection to it. */
struct peer {
	pid_t pid;
	struct hp_link link;
	uint64_t sent, received;
	size_t reply_bytes;
};

/* Keeps `window` messages unanswered for so long, or until so many are sent; then waits for the
 * rest. A submit counts when its receipt has come: by then it is on disk. */
void drive(struct peer *peer, struct message *message, size_t window, double seconds,
	   uint64_t count, struct samples *samples);

#endif
