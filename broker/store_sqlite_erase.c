/*
 * Erasure: what was said about a request that has ended goes, that it was stays.
 *
 * Texts are set empty and bodies NULL; secure_delete overwrites them in the pages they leave, and
 * hp_store_truncate_wal() ends the write-ahead log that still has them. The digests that could be
 * compared with a guess go too: content_hash and deed are without salt, and without action_digest
 * (whose salt is gone) nobody can make the canonical bytes that `digest` is of.
 */
#include "broker/store_sqlite.h"

static enum hp_status
run_for(struct hp_store *store, const char *sql, int64_t key)
{
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, key);
	return hp_query_run(&query);
}

enum hp_status
hp_store_erase_request(struct hp_store *store, int64_t key, const char *by, int64_t at_ms)
{
	static const char request_sql[] =
		"UPDATE request SET session = '', audience = '', operation = '', resource = '',"
		" summary = '', reason = '', content_hash = zeroblob(32),"
		" action_digest = zeroblob(32), erased_ms = ?2, erased_by = ?3"
		" WHERE key = ?1 AND erased_ms IS NULL AND " HP_STORE_IS_FINAL("state");
	static const char canonical_sql[] = "DELETE FROM request_canonical WHERE key = ?";
	static const char secret_sql[] = "DELETE FROM request_secret WHERE key = ?";
	/* A signature without what it signs proves nothing, and is something to try guesses on. */
	static const char vote_sql[] =
		"UPDATE vote SET body = x'', signature = zeroblob(64) WHERE request = ?";
	static const char note_sql[] = "UPDATE note SET text = '' WHERE request = ?";
	static const char history_sql[] = "UPDATE history SET reason = '' WHERE request = ?";
	static const char check_sql[] = "UPDATE spot_check SET note = '' WHERE request = ?";
	static const char metered_sql[] =
		"UPDATE metered SET deed = zeroblob(32) WHERE request = ?";

	struct hp_query query = hp_query_start_write(store, request_sql);
	hp_query_int(&query, key);
	hp_query_int(&query, at_ms);
	hp_query_text(&query, by);
	enum hp_status status = hp_query_change(&query);
	if (status != HP_OK)
		return status;
	if ((status = run_for(store, canonical_sql, key)) != HP_OK ||
	    (status = run_for(store, secret_sql, key)) != HP_OK ||
	    (status = run_for(store, vote_sql, key)) != HP_OK ||
	    (status = run_for(store, note_sql, key)) != HP_OK ||
	    (status = run_for(store, history_sql, key)) != HP_OK ||
	    (status = run_for(store, check_sql, key)) != HP_OK ||
	    (status = hp_store_unsample(store, key)) != HP_OK ||
	    (status = run_for(store, metered_sql, key)) != HP_OK)
		return hp_store_fail(store, "erase a request");
	return HP_OK;
}

static void
read_int(struct hp_query *query, struct hp_arena *arena, void *item)
{
	*(int64_t *)item = hp_query_read_int(query);
}

static enum hp_status
collect_ints(struct hp_query *query, struct hp_arena *arena, int64_t **ret_items,
	     size_t *ret_count)
{
	void *items;
	enum hp_status status =
		hp_query_collect(query, arena, sizeof(int64_t), read_int, &items, ret_count);
	if (status == HP_OK)
		*ret_items = items;
	return status;
}

enum hp_status
hp_store_erasable(struct hp_store *store, struct hp_arena *arena, int64_t before_ms, size_t limit,
		  int64_t **ret_keys, size_t *ret_count)
{
	static const char sql[] =
		"SELECT key FROM request INDEXED BY request_erasable WHERE erased_ms IS NULL"
		" AND " HP_STORE_IS_FINAL("state")
		" AND submitted_ms <= ? ORDER BY submitted_ms LIMIT ?";
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, before_ms);
	hp_query_int(&query, (int64_t)limit);
	return collect_ints(&query, arena, ret_keys, ret_count);
}

enum hp_status
hp_store_find_key(struct hp_store *store, const char *id, int64_t *ret_key)
{
	static const char sql[] = "SELECT key FROM request WHERE id = ? AND erased_ms IS NULL";
	int64_t key = 0;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, id);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK)
		key = hp_query_read_int(&query);
	status = hp_query_end(&query, NULL, status);
	if (status == HP_OK)
		*ret_key = key;
	return status;
}

enum hp_status
hp_store_add_leaf_about(struct hp_store *store, int64_t about, uint64_t seq, int64_t at_ms)
{
	static const char sql[] = "INSERT INTO leaf_about(request, seq, at_ms) VALUES(?,?,?)";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, about);
	hp_query_int(&query, (int64_t)seq);
	hp_query_int(&query, at_ms);
	return hp_query_run(&query);
}

static enum hp_status
erase_leaf(struct hp_store *store, int64_t about, int64_t seq)
{
	static const char body_sql[] = "UPDATE leaf SET body = NULL, salt = NULL WHERE seq = ?";
	static const char about_sql[] = "DELETE FROM leaf_about WHERE request = ? AND seq = ?";
	enum hp_status status = run_for(store, body_sql, seq);
	if (status != HP_OK)
		return status;
	struct hp_query query = hp_query_start_write(store, about_sql);
	hp_query_int(&query, about);
	hp_query_int(&query, seq);
	return hp_query_run(&query);
}

enum hp_status
hp_store_erase_leaves(struct hp_store *store, struct hp_arena *arena, int64_t about,
		      int64_t before_ms, size_t limit, int64_t **ret_seqs, size_t *ret_count)
{
	static const char sql[] = "SELECT seq FROM leaf_about WHERE request = ? AND at_ms <= ?"
				  " ORDER BY seq LIMIT ?";
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, about);
	hp_query_int(&query, before_ms);
	hp_query_int(&query, (int64_t)limit);
	int64_t *seqs;
	size_t count;
	enum hp_status status = collect_ints(&query, arena, &seqs, &count);
	for (size_t i = 0; status == HP_OK && i < count; i++)
		if (erase_leaf(store, about, seqs[i]) != HP_OK)
			status = hp_store_fail(store, "erase a leaf's body");
	if (status == HP_OK) {
		*ret_seqs = seqs;
		*ret_count = count;
	}
	return status;
}
