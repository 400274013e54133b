/* One run of a cached statement: bind, step, read, with failures that stick. */
#include "broker/store_sqlite.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum hp_status
hp_store_fail(struct hp_store *store, const char *what)
{
	if (!store->failed) {
		int code = sqlite3_extended_errcode(store->db);
		snprintf(store->error, sizeof store->error, "cannot %s: %s (%d)", what,
			 sqlite3_errmsg(store->db), code);
		store->damaged = (code & 0xff) == SQLITE_CORRUPT || code == SQLITE_TOOBIG;
		store->foreign = code == SQLITE_NOTADB;
	}
	store->failed = true;
	return HP_IO;
}

/* The statement's slot: its own, or the free one where it belongs. */
static sqlite3_stmt **
find_slot(struct hp_store *store, const char *sql)
{
	size_t i = (size_t)((uintptr_t)sql >> 4);
	for (;; i++) {
		size_t at = i & (HP_STORE_STATEMENTS - 1);
		if (store->statements[at].sql == sql)
			return &store->statements[at].stmt;
		if (!store->statements[at].sql) {
			store->statements[at].sql = sql;
			return &store->statements[at].stmt;
		}
	}
}

struct hp_query
hp_query_start(struct hp_store *store, const char *sql)
{
	struct hp_query query = {.store = store};
	if (store->failed)
		return query;
	sqlite3_stmt **slot = find_slot(store, sql);
	if (!*slot && sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, slot,
					 NULL) != SQLITE_OK)
		hp_store_fail(store, "prepare a statement");
	query.stmt = *slot;
	return query;
}

struct hp_query
hp_query_start_write(struct hp_store *store, const char *sql)
{
	assert(store->writing); /* store.h, invariant 1 */
	return hp_query_start(store, sql);
}

static void
bound(struct hp_query *query, int result)
{
	if (result != SQLITE_OK)
		query->bad = true;
}

void
hp_query_int(struct hp_query *query, int64_t integer)
{
	if (query->stmt)
		bound(query, sqlite3_bind_int64(query->stmt, ++query->parameter, integer));
}

void
hp_query_text(struct hp_query *query, const char *text)
{
	if (query->stmt)
		bound(query, sqlite3_bind_text(query->stmt, ++query->parameter, text, -1,
					       SQLITE_STATIC));
}

void
hp_query_blob(struct hp_query *query, const void *bytes, size_t len)
{
	if (query->stmt)
		bound(query, sqlite3_bind_blob64(query->stmt, ++query->parameter, bytes, len,
						 SQLITE_STATIC));
}

void
hp_query_str(struct hp_query *query, struct hp_str bytes)
{
	hp_query_blob(query, bytes.p, bytes.len);
}

void
hp_query_must_str(struct hp_query *query, struct hp_str bytes)
{
	hp_query_blob(query, bytes.p ? bytes.p : "", bytes.p ? bytes.len : 0);
}

void
hp_query_null(struct hp_query *query)
{
	hp_query_blob(query, NULL, 0);
}

/* What a statement that did not succeed means. */
static enum hp_status
judge(struct hp_query *query)
{
	switch (sqlite3_extended_errcode(query->store->db)) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return HP_CONFLICT;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return HP_NOT_FOUND;
	default:
		return hp_store_fail(query->store, "run a statement");
	}
}

enum hp_status
hp_query_row(struct hp_query *query)
{
	if (!query->stmt || query->store->failed)
		return HP_IO;
	if (query->bad) /* of the row before, which hp_query_end() tells; or there was none */
		return query->column ? HP_INVALID : hp_store_fail(query->store, "bind a value");
	query->column = 0;
	switch (sqlite3_step(query->stmt)) {
	case SQLITE_ROW:
		return HP_OK;
	case SQLITE_DONE:
		query->done = true;
		return HP_NOT_FOUND;
	default:
		return judge(query);
	}
}

enum hp_status
hp_query_run(struct hp_query *query)
{
	enum hp_status status = hp_query_row(query);
	return hp_query_end(query, NULL, query->done ? HP_OK : status);
}

enum hp_status
hp_query_change(struct hp_query *query)
{
	enum hp_status status = hp_query_run(query);
	if (status == HP_OK && sqlite3_changes64(query->store->db) == 0)
		status = HP_CONFLICT;
	return status;
}

int64_t
hp_query_read_int(struct hp_query *query)
{
	return sqlite3_column_int64(query->stmt, query->column++);
}

const char *
hp_query_read_text(struct hp_query *query, struct hp_arena *arena)
{
	int column = query->column++;
	const unsigned char *text = sqlite3_column_text(query->stmt, column);
	if (!text)
		return "";
	return hp_arena_copy(arena, text, (size_t)sqlite3_column_bytes(query->stmt, column));
}

struct hp_str
hp_query_read_str(struct hp_query *query, struct hp_arena *arena)
{
	int column = query->column++;
	if (sqlite3_column_type(query->stmt, column) == SQLITE_NULL)
		return (struct hp_str){0};
	const void *bytes = sqlite3_column_blob(query->stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(query->stmt, column);
	return (struct hp_str){hp_arena_copy(arena, bytes ? bytes : "", len), len};
}

bool
hp_query_read_bytes(struct hp_query *query, void *ret_bytes, size_t len)
{
	int column = query->column++;
	memset(ret_bytes, 0, len);
	if (sqlite3_column_type(query->stmt, column) == SQLITE_NULL)
		return false;
	const void *bytes = sqlite3_column_blob(query->stmt, column);
	if ((size_t)sqlite3_column_bytes(query->stmt, column) != len || !bytes) {
		query->bad = true;
		return false;
	}
	memcpy(ret_bytes, bytes, len);
	return true;
}

enum hp_state
hp_query_read_state(struct hp_query *query)
{
	const char *name = (const char *)sqlite3_column_text(query->stmt, query->column++);
	enum hp_state state = HP_STATE_BLOCKED;
	if (!name || !hp_state_parse(name, &state))
		query->bad = true;
	return state;
}

const char *
hp_query_peek(struct hp_query *query, int column, size_t *ret_len)
{
	const char *bytes = sqlite3_column_blob(query->stmt, column);
	*ret_len = (size_t)sqlite3_column_bytes(query->stmt, column);
	return bytes ? bytes : "";
}

enum hp_status
hp_query_end(struct hp_query *query, struct hp_arena *arena, enum hp_status status)
{
	if (query->stmt)
		sqlite3_reset(query->stmt);
	if (query->bad && status != HP_IO) {
		if (!query->store->failed) {
			snprintf(query->store->error, sizeof query->store->error,
				 "a stored row is damaged");
			query->store->damaged = true;
		}
		query->store->failed = true;
		return HP_IO;
	}
	return status == HP_OK && arena && arena->failed ? HP_NOMEM : status;
}

enum hp_status
hp_query_collect(struct hp_query *query, struct hp_arena *arena, size_t item_bytes,
		 hp_query_read_item *read, void **ret_items, size_t *ret_count)
{
	char *items = NULL;
	size_t count = 0, capacity = 0;
	enum hp_status status;

	while ((status = hp_query_row(query)) == HP_OK) {
		if (count == capacity) {
			capacity = capacity ? capacity * 2 : 8;
			char *grown = hp_arena_array(arena, capacity, item_bytes);
			if (!grown)
				break;
			if (count > 0)
				memcpy(grown, items, count * item_bytes);
			items = grown;
		}
		read(query, arena, items + count++ * item_bytes);
	}
	status = hp_query_end(query, arena, query->done ? HP_OK : status);
	if (status == HP_OK) {
		*ret_items = items;
		*ret_count = count;
	}
	return status;
}
