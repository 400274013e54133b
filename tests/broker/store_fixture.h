/* store_fixture - a store in a directory of its own, and rows that differ in every column. */
#ifndef HP_TESTS_BROKER_STORE_FIXTURE_H
#define HP_TESTS_BROKER_STORE_FIXTURE_H

#include "broker/store.h"

struct fixture {
	char dir[64];
	char path[96]; /* of the database */
	struct hp_store *store;
	struct hp_arena arena;
};

/* A new directory; the store in it is open. */
void fixture_open(struct fixture *fixture);
void fixture_reopen(struct fixture *fixture);
/* Closes and removes everything. */
void fixture_close(struct fixture *fixture);
/* DIR/name, in the arena. */
const char *fixture_file(struct fixture *fixture, const char *name);

void fixture_begin(struct fixture *fixture);
void fixture_commit(struct fixture *fixture);

/* The nth request: id "00000000-…-n" in this state, no timer; strings name column and n. */
struct hp_row fixture_row(struct fixture *fixture, unsigned n, enum hp_state state);
/* Inserts it in a transaction of its own; the row with its key. */
struct hp_row fixture_insert(struct fixture *fixture, unsigned n, enum hp_state state);
struct hp_row fixture_get(struct fixture *fixture, int64_t key);

/* Runs SQL on the file behind the store's back; the engine's message or "". */
const char *fixture_sql(struct fixture *fixture, const char *sql);

/* What makes a file of today one of schema version 2. */
#define FIXTURE_TO_VERSION_2                                                                       \
	"DROP TABLE task; DROP TABLE spot_check; DROP TABLE spot_check_due;"                       \
	"DROP TRIGGER request_erased; DROP TRIGGER canonical_kept; DROP INDEX request_erasable;"   \
	"DROP TABLE leaf_about; ALTER TABLE request DROP COLUMN erased_ms;"                        \
	"ALTER TABLE request DROP COLUMN erased_by; PRAGMA user_version=2"

/* Every column equal. */
void fixture_expect_row(const struct hp_row *got, const struct hp_row *wanted);

struct hp_str fixture_str(const char *text);

#endif
