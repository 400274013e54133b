/* The SQLite file: opened, locked, written in transactions, its write-ahead log kept short. */
#include "broker/store_sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/lockfile.h"
#include "core/buf.h"
#include "core/text.h"

enum {
	BUSY_MS = 2000,	       /* a reader that recovers a crashed log holds us up for so long */
	WAL_LIMIT_PAGES = 2048, /* 8 MiB: a checkpoint of this takes some milliseconds */
	READ_LIMIT_BYTES = 16 << 20, /* of one column, for who reads a file that may be anybody's */
};

static enum hp_status
fail_path(struct hp_error *err, enum hp_status status, const char *path, const char *reason)
{
	struct hp_arena arena = {0};
	const char *shown = hp_text_safe(&arena, path, 0);
	hp_fail(err, status, "cannot open database \"%s\": %s", shown ? shown : "", reason);
	hp_arena_release(&arena);
	return status;
}

/* The directory belongs to one broker: its lock file is `lock` beside the database. */
static enum hp_status
take_lock(struct hp_store *store, const char *path, struct hp_error *err)
{
	struct hp_buf lock = {0};
	const char *slash = strrchr(path, '/');
	hp_buf_add(&lock, path, slash ? (size_t)(slash - path) + 1 : 0);
	hp_buf_add_text(&lock, "lock");
	enum hp_status status = lock.failed ? hp_fail(err, HP_NOMEM, "out of memory")
					    : hp_lockfile_take(hp_buf_text(&lock), &store->lock_fd,
							       err);
	hp_buf_release(&lock);
	return status;
}

/*
 * SQLite would create the file readable by others. Only a file that is not there is opened here:
 * closing a descriptor of one that some connection of this process has open drops its locks.
 */
static enum hp_status
create_private(const char *path, struct hp_error *err)
{
	struct stat st;
	if (stat(path, &st) == 0)
		return HP_OK;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail_path(err, HP_IO, path, strerror(errno));
	close(fd);
	return HP_OK;
}

static int
note_wal_pages(void *context, sqlite3 *db, const char *schema, int pages)
{
	struct hp_store *store = context;
	store->wal_pages = pages > 0 ? (unsigned)pages : 0;
	return SQLITE_OK;
}

static bool
run(struct hp_store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool
is_wal(struct hp_store *store)
{
	sqlite3_stmt *stmt = NULL;
	bool wal = sqlite3_prepare_v2(store->db, "PRAGMA journal_mode=WAL", -1, &stmt, NULL) ==
			   SQLITE_OK &&
		   sqlite3_step(stmt) == SQLITE_ROW &&
		   strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
	sqlite3_finalize(stmt);
	return wal;
}

/* Small pages: a submit alone touches two dozen, most of them an index's, and each is written whole.
 * cell_size_check finds a damaged page before it is believed; no mmap, so that a failing disk is
 * an error and not a signal. */
static enum hp_status
set_up(struct hp_store *store)
{
	sqlite3_busy_timeout(store->db, BUSY_MS);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (!run(store, "PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"
			"PRAGMA temp_store=MEMORY; PRAGMA cache_size=-65536"))
		return hp_store_fail(store, "set the database up");
	if (store->readonly) {
		sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, READ_LIMIT_BYTES);
		return HP_OK;
	}
	if (!run(store, "PRAGMA page_size=4096") || !is_wal(store))
		return hp_store_fail(store, "keep a write-ahead log");
	if (!run(store, "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
			"PRAGMA secure_delete=ON; PRAGMA journal_size_limit=67108864"))
		return hp_store_fail(store, "set the database up");
	sqlite3_wal_hook(store->db, note_wal_pages, store);
	store->wal_next = WAL_LIMIT_PAGES;
	return HP_OK;
}

static enum hp_status
load_counts(struct hp_store *store)
{
	static const char sql[] = "SELECT state, count(*) FROM request GROUP BY state";
	struct hp_query query = hp_query_start(store, sql);
	enum hp_status status;
	while ((status = hp_query_row(&query)) == HP_OK) {
		enum hp_state state = hp_query_read_state(&query);
		store->counts[state] = hp_query_read_int(&query);
	}
	memcpy(store->committed_counts, store->counts, sizeof store->counts);
	return hp_query_end(&query, NULL, query.done ? HP_OK : status);
}

/*
 * A database at rest has no log beside it. Opened as one that may change, SQLite would make that
 * log, and fail where the directory cannot be written; so it is opened as one that will not.
 */
static void
add_uri(struct hp_buf *uri, const char *path)
{
	struct hp_buf wal = {0};
	struct stat st;
	hp_buf_add_text(uri, "file:");
	for (const char *c = path; *c; c++)
		if (*c == '%' || *c == '?' || *c == '#')
			hp_buf_printf(uri, "%%%02x", (unsigned)*c);
		else
			hp_buf_add_byte(uri, (uint8_t)*c);
	hp_buf_printf(&wal, "%s-wal", path);
	if (!wal.failed && stat(hp_buf_text(&wal), &st) != 0 && errno == ENOENT)
		hp_buf_add_text(uri, "?immutable=1");
	uri->failed |= wal.failed;
	hp_buf_release(&wal);
}

static enum hp_status
open_file(struct hp_store *store, const char *path, struct hp_error *err)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int result = SQLITE_NOMEM;
	if (store->readonly) {
		struct hp_buf uri = {0};
		add_uri(&uri, path);
		if (!uri.failed)
			result = sqlite3_open_v2(hp_buf_text(&uri), &store->db,
						 flags | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
						 NULL);
		hp_buf_release(&uri);
	} else {
		enum hp_status status = take_lock(store, path, err);
		if (status == HP_OK)
			status = create_private(path, err);
		if (status != HP_OK)
			return status;
		result = sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_READWRITE, NULL);
	}
	if (result == SQLITE_OK)
		return HP_OK;
	return fail_path(err, (result & 0xff) == SQLITE_CANTOPEN ? HP_NOT_FOUND : HP_IO, path,
			 sqlite3_errstr(result));
}

/* Who verifies a file needs to know whether it is at fault. */
static enum hp_status
judge_file(const struct hp_store *store, enum hp_status status)
{
	if (!store->readonly || status != HP_IO)
		return status;
	return store->damaged ? HP_INVALID : store->foreign ? HP_REFUSED : status;
}

static enum hp_status
open_store(struct hp_store *store, const char *path, struct hp_error *err)
{
	struct hp_error why = {0};
	enum hp_status status = open_file(store, path, err);
	if (status != HP_OK)
		return status;
	status = set_up(store);
	/* A verifier sees one moment of a database that a broker goes on writing. */
	if (status == HP_OK && store->readonly && !run(store, "BEGIN"))
		status = hp_store_fail(store, "begin to read");
	if (status != HP_OK)
		return fail_path(err, judge_file(store, status), path, store->error);
	status = hp_store_schema(store, &why);
	if (status != HP_OK)
		return fail_path(err, judge_file(store, status), path, why.message);
	status = load_counts(store);
	return status == HP_OK ? HP_OK
			       : fail_path(err, judge_file(store, status), path, store->error);
}

static enum hp_status
open_new(const char *path, bool readonly, struct hp_store **ret_store, struct hp_error *err)
{
	struct hp_store *store = calloc(1, sizeof *store);
	if (!store)
		return hp_fail(err, HP_NOMEM, "out of memory");
	store->readonly = readonly;
	store->lock_fd = -1;
	/* Counting its memory costs SQLite a tenth of a submit. Too late in a process that has used
	 * it before, which is no failure. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	enum hp_status status = open_store(store, path, err);
	if (status == HP_OK)
		*ret_store = store;
	else
		hp_store_close(store);
	return status;
}

enum hp_status
hp_store_open(const char *path, struct hp_store **ret_store, struct hp_error *err)
{
	return open_new(path, false, ret_store, err);
}

enum hp_status
hp_store_open_readonly(const char *path, struct hp_store **ret_store, struct hp_error *err)
{
	return open_new(path, true, ret_store, err);
}

void
hp_store_close(struct hp_store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < HP_STORE_STATEMENTS; i++)
		sqlite3_finalize(store->statements[i].stmt);
	sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store);
}

enum hp_status
hp_store_begin(struct hp_store *store)
{
	static const char sql[] = "BEGIN IMMEDIATE";
	assert(!store->writing);
	if (store->readonly)
		return HP_REFUSED;
	struct hp_query query = hp_query_start(store, sql);
	enum hp_status status = hp_query_run(&query);
	store->writing = status == HP_OK;
	return status;
}

enum hp_status
hp_store_commit(struct hp_store *store)
{
	static const char sql[] = "COMMIT";
	assert(store->writing);
	struct hp_query query = hp_query_start(store, sql);
	enum hp_status status = hp_query_run(&query);
	if (status != HP_OK)
		return status; /* `writing` stays: hp_store_rollback() ends it */
	store->writing = false;
	memcpy(store->committed_counts, store->counts, sizeof store->counts);
	return HP_OK;
}

void
hp_store_rollback(struct hp_store *store)
{
	if (!store->writing)
		return;
	store->writing = false;
	memcpy(store->counts, store->committed_counts, sizeof store->counts);
	/* The engine may have rolled back by itself; after a failure nothing is used any more. */
	if (!sqlite3_get_autocommit(store->db) && !run(store, "ROLLBACK"))
		(void)hp_store_fail(store, "roll back");
}

enum hp_status
hp_store_checkpoint_wal(struct hp_store *store)
{
	int left = 0, done = 0;
	assert(!store->writing);
	if (store->failed)
		return HP_IO;
	if (store->wal_pages < store->wal_next)
		return HP_OK;
	/* A reader that is still at old pages is no failure: the log grows until it has gone. */
	sqlite3_busy_timeout(store->db, 0);
	int result = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_RESTART, &left,
					       &done);
	sqlite3_busy_timeout(store->db, BUSY_MS);
	if ((result & 0xff) == SQLITE_BUSY) {
		store->wal_next = store->wal_pages + WAL_LIMIT_PAGES;
		return HP_OK;
	}
	if (result != SQLITE_OK)
		return hp_store_fail(store, "move the write-ahead log");
	store->wal_pages = 0;
	store->wal_next = WAL_LIMIT_PAGES;
	return HP_OK;
}

enum hp_status
hp_store_truncate_wal(struct hp_store *store)
{
	assert(!store->writing);
	if (store->failed)
		return HP_IO;
	sqlite3_busy_timeout(store->db, 0);
	int result = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
					       NULL);
	sqlite3_busy_timeout(store->db, BUSY_MS);
	if ((result & 0xff) == SQLITE_BUSY)
		return HP_UNAVAILABLE;
	if (result != SQLITE_OK)
		return hp_store_fail(store, "empty the write-ahead log");
	store->wal_pages = 0;
	store->wal_next = WAL_LIMIT_PAGES;
	return HP_OK;
}

bool
hp_store_is_damaged(const struct hp_store *store)
{
	return store->damaged;
}

const char *
hp_store_error(const struct hp_store *store)
{
	return store->error;
}

enum hp_status
hp_store_count_states(struct hp_store *store, int64_t ret_counts[HP_STATE_COUNT])
{
	if (store->failed)
		return HP_IO;
	memcpy(ret_counts, store->counts, sizeof store->counts);
	return HP_OK;
}
