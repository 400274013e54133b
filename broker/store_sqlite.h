/*
 * store_sqlite - what the files of the SQLite store share, and nobody else sees.
 *
 * Invariants:
 *  1. One connection writes and checkpoints (trust.md, trap 7); a lock on a side file keeps it so.
 *  2. Any result of the engine but success and a broken uniqueness or reference makes the store
 *     `failed` for good: the engine may have rolled the transaction back behind our back, and what
 *     ran after that would commit alone. From then on everything answers HP_IO.
 *  3. A statement is prepared once for the connection's life. It stands beside the code that binds
 *     it, as a `static const char[]`: that array's address is its name in the cache.
 *  4. Words, not numbers, are stored for states: the file outlives this program's enumerations.
 */
#ifndef HP_BROKER_STORE_SQLITE_H
#define HP_BROKER_STORE_SQLITE_H

#include <sqlite3.h>

#include "broker/store.h"

enum { HP_STORE_STATEMENTS = 128 }; /* slots of the cache, a power of two well above their number */

struct hp_store {
	sqlite3 *db;
	int lock_fd; /* -1: read-only */
	bool readonly, writing, failed;
	bool damaged, foreign; /* why it failed: what the file holds; that it is no database */
	unsigned wal_pages, wal_next; /* now; when to checkpoint next */
	/* Rows in each state, as of the last commit and of the open transaction. */
	int64_t committed_counts[HP_STATE_COUNT], counts[HP_STATE_COUNT];
	struct {
		const char *sql;
		sqlite3_stmt *stmt;
	} statements[HP_STORE_STATEMENTS];
	char error[256];
};

/* Remembers the engine's words, fails the store, returns HP_IO. */
enum hp_status hp_store_fail(struct hp_store *store, const char *what);

/* Creates the tables in an empty file, or checks that the file is ours and of this version. */
HP_MUST_CHECK enum hp_status hp_store_schema(struct hp_store *store, struct hp_error *err);

/* Takes a request out of the queue of spot checks, if it is there. */
HP_MUST_CHECK enum hp_status hp_store_unsample(struct hp_store *store, int64_t key);

/*
 * States that end a request, and those in which it waits or runs. An index and a query that uses it must spell it
 * the same. Not as IN: SQLite makes a table of a list of more than two, for each row it judges.
 */
#define HP_STORE_IS_FINAL(state)                                                                   \
	"(" state " <> 'pending' AND " state " <> 'granted' AND " state " <> 'executing'"          \
	" AND " state " <> 'rolling_back' AND " state " <> 'unknown')"
#define HP_STORE_IS_LIVE(state)                                                                    \
	"(" state " = 'pending' OR " state " = 'granted' OR " state " = 'executing'"               \
	" OR " state " = 'rolling_back')"

/* One run of a statement: bind in order, step, read columns in order, end. Failures stick. */
struct hp_query {
	struct hp_store *store;
	sqlite3_stmt *stmt; /* NULL: could not be prepared */
	int parameter, column;
	bool bad;  /* a binding failed, or a column held what it must not */
	bool done; /* no more rows */
};

struct hp_query hp_query_start(struct hp_store *store, const char *sql);
/* As above for a statement that writes: a transaction must be open. */
struct hp_query hp_query_start_write(struct hp_store *store, const char *sql);

void hp_query_int(struct hp_query *query, int64_t integer);
void hp_query_text(struct hp_query *query, const char *text);		    /* NULL → NULL */
void hp_query_blob(struct hp_query *query, const void *bytes, size_t len); /* NULL → NULL */
void hp_query_str(struct hp_query *query, struct hp_str bytes);		    /* p NULL → NULL */
void hp_query_must_str(struct hp_query *query, struct hp_str bytes); /* p NULL → no bytes */
void hp_query_null(struct hp_query *query);

/* HP_OK: a row stands ready, its columns are read from the first on. HP_NOT_FOUND: no more. */
HP_MUST_CHECK enum hp_status hp_query_row(struct hp_query *query);
/* Runs to the end and ends: HP_CONFLICT (taken), HP_NOT_FOUND (refers to nothing), HP_IO. */
HP_MUST_CHECK enum hp_status hp_query_run(struct hp_query *query);
/* As hp_query_run; HP_CONFLICT too when no row was changed. */
HP_MUST_CHECK enum hp_status hp_query_change(struct hp_query *query);

int64_t hp_query_read_int(struct hp_query *query);
const char *hp_query_read_text(struct hp_query *query, struct hp_arena *arena);
struct hp_str hp_query_read_str(struct hp_query *query, struct hp_arena *arena);
/* Exactly `len` bytes, else the query is bad; NULL reads as zeros and false. */
bool hp_query_read_bytes(struct hp_query *query, void *ret_bytes, size_t len);
enum hp_state hp_query_read_state(struct hp_query *query);

/* Any column's bytes, borrowed until the next step; the reading order stays as it is. */
const char *hp_query_peek(struct hp_query *query, int column, size_t *ret_len);

/* Ends a read; `status` but HP_IO for a bad row and HP_NOMEM for a failed arena (may be NULL). */
HP_MUST_CHECK enum hp_status hp_query_end(struct hp_query *query, struct hp_arena *arena,
					  enum hp_status status);

/*
 * Collects all rows that are left: `read` fills one item of `item_bytes`. Ends the query.
 * *ret_items is an array in `arena`.
 */
typedef void hp_query_read_item(struct hp_query *query, struct hp_arena *arena, void *item);
HP_MUST_CHECK enum hp_status hp_query_collect(struct hp_query *query, struct hp_arena *arena,
					      size_t item_bytes, hp_query_read_item *read,
					      void **ret_items, size_t *ret_count);

/* The columns of table request (as `r`) in the order that hp_store_read_row() reads, then four for
 * the large ones: HP_STORE_ROW_LARGE, or NULLs for a list. */
#define HP_STORE_ROW_SMALL                                                                         \
	"r.key, r.id, r.requester, r.owner, r.via, r.mode, r.session, r.audience, r.tier, "        \
	"r.effect, r.environment, r.operation, r.resource, r.summary, r.classes, r.flags, "        \
	"r.resource_count, r.content_hash, r.digest, r.action_digest, r.submitted_ms, "            \
	"r.submitted_wall_ms, r.submitted_boottime_ms, r.submitted_boot_id, r.max_deadline_ms, "   \
	"r.needed, r.state, r.reason, r.moved_by, r.due_wall_ms, r.due_boottime_ms, "              \
	"r.due_boot_id, r.approvals, r.extensions, r.claimer, r.nonce, r.lease_ms, "               \
	"r.lease_max_wall_ms, r.lease_max_boottime_ms, r.lease_max_boot_id, r.stop, "              \
	"r.erased_ms, coalesce(r.erased_by, ''), "
#define HP_STORE_ROW_LARGE                                                                         \
	"c.canonical, c.quorum, s.action, s.salt FROM request r "                                  \
	"LEFT JOIN request_canonical c ON c.key = r.key LEFT JOIN request_secret s ON s.key = r.key "
void hp_store_read_row(struct hp_query *query, struct hp_arena *arena, void *row);

#endif
