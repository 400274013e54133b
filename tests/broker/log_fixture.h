/* log_fixture - a log over a store of its own, with a fake clock and a known key. */
#ifndef HP_TESTS_BROKER_LOG_FIXTURE_H
#define HP_TESTS_BROKER_LOG_FIXTURE_H

#include "broker/audit.h"
#include "store_fixture.h"

#define LOG_INSTANCE "hp.example/log1"

struct log_fixture {
	struct fixture f;
	struct hp_audit *audit;
	struct hp_clock clock; /* one second later at each leaf */
	uint8_t seed[HP_SIGN_SEED_BYTES];
	const char *lock; /* path */
};

void log_fixture_open(struct log_fixture *log);
void log_fixture_close(struct log_fixture *log);

/* Closes both and opens the store; then the log: its status, and message in the arena. */
enum hp_status log_fixture_reopen(struct log_fixture *log, const char **ret_message);
void log_fixture_shut(struct log_fixture *log);

/* Appends a leaf whose body says {"n": n}; a transaction must be open. */
void log_fixture_append(struct log_fixture *log, int64_t n);
/* Appends and commits leaves until the log has `size`. */
void log_fixture_grow(struct log_fixture *log, uint64_t size);
void log_fixture_checkpoint(struct log_fixture *log);

/* The hash of leaves [from, to) of the stored log, by RFC 6962's own recursive definition. */
struct hp_hash log_fixture_hash(struct log_fixture *log, uint64_t from, uint64_t to);

void copy_file(const char *from, const char *to);

#endif
