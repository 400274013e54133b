/* What people added to requests, halts, and the broker's own small values. */
#include "broker/store_sqlite.h"

#include <string.h>

/* ---- votes, notes, history ---- */

enum hp_status
hp_store_put_vote(struct hp_store *store, int64_t key, const struct hp_stored_vote *vote)
{
	static const char sql[] =
		"INSERT INTO vote(request, person, by_name, approve, body, signature, sign_public,"
		" at_ms) VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(request, person) DO UPDATE SET"
		" by_name = excluded.by_name, approve = excluded.approve, body = excluded.body,"
		" signature = excluded.signature, sign_public = excluded.sign_public,"
		" at_ms = excluded.at_ms WHERE vote.approve = 1 AND excluded.approve = 0";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, key);
	hp_query_text(&query, vote->person);
	hp_query_text(&query, vote->by);
	hp_query_int(&query, vote->approve);
	hp_query_must_str(&query, vote->body);
	hp_query_blob(&query, vote->signature, sizeof vote->signature);
	hp_query_blob(&query, vote->sign_public, sizeof vote->sign_public);
	hp_query_int(&query, vote->at_ms);
	return hp_query_change(&query);
}

static void
read_vote(struct hp_query *query, struct hp_arena *arena, void *item)
{
	struct hp_stored_vote *vote = item;
	vote->person = hp_query_read_text(query, arena);
	vote->by = hp_query_read_text(query, arena);
	vote->approve = hp_query_read_int(query) != 0;
	vote->body = hp_query_read_str(query, arena);
	(void)hp_query_read_bytes(query, vote->signature, sizeof vote->signature);
	(void)hp_query_read_bytes(query, vote->sign_public, sizeof vote->sign_public);
	vote->at_ms = hp_query_read_int(query);
}

enum hp_status
hp_store_votes(struct hp_store *store, struct hp_arena *arena, int64_t key,
	       struct hp_stored_vote **ret_votes, size_t *ret_count)
{
	static const char sql[] =
		"SELECT person, by_name, approve, body, signature, sign_public, at_ms FROM vote"
		" WHERE request = ? ORDER BY at_ms, person";
	void *votes;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, key);
	enum hp_status status = hp_query_collect(&query, arena, sizeof(struct hp_stored_vote),
						 read_vote, &votes, ret_count);
	if (status == HP_OK)
		*ret_votes = votes;
	return status;
}

enum hp_status
hp_store_add_note(struct hp_store *store, int64_t key, const struct hp_stored_note *note)
{
	static const char sql[] =
		"INSERT INTO note(request, n, by_name, text, at_ms) VALUES(?1,"
		" (SELECT coalesce(max(n) + 1, 0) FROM note WHERE request = ?1), ?2, ?3, ?4)";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, key);
	hp_query_text(&query, note->by);
	hp_query_text(&query, note->text);
	hp_query_int(&query, note->at_ms);
	return hp_query_run(&query);
}

static void
read_note(struct hp_query *query, struct hp_arena *arena, void *item)
{
	struct hp_stored_note *note = item;
	note->by = hp_query_read_text(query, arena);
	note->text = hp_query_read_text(query, arena);
	note->at_ms = hp_query_read_int(query);
}

enum hp_status
hp_store_notes(struct hp_store *store, struct hp_arena *arena, int64_t key,
	       struct hp_stored_note **ret_notes, size_t *ret_count)
{
	static const char sql[] =
		"SELECT by_name, text, at_ms FROM note WHERE request = ? ORDER BY n";
	void *notes;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, key);
	enum hp_status status = hp_query_collect(&query, arena, sizeof(struct hp_stored_note),
						 read_note, &notes, ret_count);
	if (status == HP_OK)
		*ret_notes = notes;
	return status;
}

static void
read_history(struct hp_query *query, struct hp_arena *arena, void *item)
{
	struct hp_stored_history *line = item;
	line->at_ms = hp_query_read_int(query);
	line->state = hp_query_read_state(query);
	line->by = hp_query_read_text(query, arena);
	line->reason = hp_query_read_text(query, arena);
}

enum hp_status
hp_store_history(struct hp_store *store, struct hp_arena *arena, int64_t key,
		 struct hp_stored_history **ret_history, size_t *ret_count)
{
	static const char sql[] =
		"SELECT at_ms, state, by_name, reason FROM history WHERE request = ? ORDER BY n";
	void *history;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, key);
	enum hp_status status = hp_query_collect(&query, arena, sizeof(struct hp_stored_history),
						 read_history, &history, ret_count);
	if (status == HP_OK)
		*ret_history = history;
	return status;
}

/* ---- spot checks ---- */

static enum hp_status
write_key(struct hp_store *store, const char *sql, int64_t key)
{
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, key);
	return hp_query_run(&query);
}

enum hp_status
hp_store_sample(struct hp_store *store, int64_t key)
{
	static const char sql[] = "INSERT INTO spot_check_due(request) VALUES(?)";
	return write_key(store, sql, key);
}

enum hp_status
hp_store_unsample(struct hp_store *store, int64_t key)
{
	static const char sql[] = "DELETE FROM spot_check_due WHERE request = ?";
	return write_key(store, sql, key);
}

enum hp_status
hp_store_add_spot_check(struct hp_store *store, int64_t key,
			const struct hp_stored_spot_check *check)
{
	static const char sql[] =
		"INSERT INTO spot_check(request, person, by_name, ok, note, at_ms)"
		" VALUES(?,?,?,?,?,?)";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, key);
	hp_query_text(&query, check->person);
	hp_query_text(&query, check->by);
	hp_query_int(&query, check->ok);
	hp_query_text(&query, check->note);
	hp_query_int(&query, check->at_ms);
	enum hp_status status = hp_query_run(&query);
	return status == HP_OK ? hp_store_unsample(store, key) : status;
}

static void
read_spot_check(struct hp_query *query, struct hp_arena *arena, void *item)
{
	struct hp_stored_spot_check *check = item;
	check->by = hp_query_read_text(query, arena);
	check->person = hp_query_read_text(query, arena);
	check->note = hp_query_read_text(query, arena);
	check->ok = hp_query_read_int(query) != 0;
	check->at_ms = hp_query_read_int(query);
}

enum hp_status
hp_store_spot_checks(struct hp_store *store, struct hp_arena *arena, int64_t key,
		     struct hp_stored_spot_check **ret_checks, size_t *ret_count)
{
	static const char sql[] = "SELECT by_name, person, note, ok, at_ms FROM spot_check"
				  " WHERE request = ? ORDER BY at_ms, person";
	void *checks;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, key);
	enum hp_status status = hp_query_collect(&query, arena,
						 sizeof(struct hp_stored_spot_check),
						 read_spot_check, &checks, ret_count);
	if (status == HP_OK)
		*ret_checks = checks;
	return status;
}

/* ---- halts ---- */

enum hp_status
hp_store_add_halt(struct hp_store *store, const struct hp_stored_halt *halt)
{
	static const char sql[] =
		"INSERT INTO halt(agent, session, by_name, reason, at_ms) VALUES(?,?,?,?,?)";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_text(&query, halt->agent);
	hp_query_text(&query, halt->session);
	hp_query_text(&query, halt->by);
	hp_query_text(&query, halt->reason);
	hp_query_int(&query, halt->at_ms);
	return hp_query_run(&query);
}

enum hp_status
hp_store_remove_halt(struct hp_store *store, const char *agent, const char *session)
{
	static const char sql[] = "DELETE FROM halt WHERE agent = ? AND session = ?";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_text(&query, agent);
	hp_query_text(&query, session);
	return hp_query_change(&query);
}

static void
read_halt(struct hp_query *query, struct hp_arena *arena, void *item)
{
	struct hp_stored_halt *halt = item;
	halt->agent = hp_query_read_text(query, arena);
	halt->session = hp_query_read_text(query, arena);
	halt->by = hp_query_read_text(query, arena);
	halt->reason = hp_query_read_text(query, arena);
	halt->at_ms = hp_query_read_int(query);
}

enum hp_status
hp_store_covering_halt(struct hp_store *store, struct hp_arena *arena, const char *agent,
		       const char *session, struct hp_stored_halt *ret_halt)
{
#define OF "SELECT agent, session, by_name, reason, at_ms FROM halt WHERE "
	static const char sql[] = OF "agent = '' AND session = ''"
				     " UNION ALL " OF "agent = ?1 AND session = ''"
				     " UNION ALL " OF "agent = ?1 AND session = ?2";
#undef OF
	struct hp_query query = hp_query_start(store, sql);
	enum hp_status status;
	bool found = false;
	hp_query_text(&query, agent);
	hp_query_text(&query, session);
	while ((status = hp_query_row(&query)) == HP_OK) {
		struct hp_stored_halt halt;
		read_halt(&query, arena, &halt);
		if (!found || halt.at_ms < ret_halt->at_ms)
			*ret_halt = halt;
		found = true;
	}
	return hp_query_end(&query, arena,
			    query.done ? (found ? HP_OK : HP_NOT_FOUND) : status);
}

enum hp_status
hp_store_halts(struct hp_store *store, struct hp_arena *arena, struct hp_stored_halt **ret_halts,
	       size_t *ret_count)
{
	static const char sql[] =
		"SELECT agent, session, by_name, reason, at_ms FROM halt ORDER BY agent, session";
	void *halts;
	struct hp_query query = hp_query_start(store, sql);
	enum hp_status status = hp_query_collect(&query, arena, sizeof(struct hp_stored_halt),
						 read_halt, &halts, ret_count);
	if (status == HP_OK)
		*ret_halts = halts;
	return status;
}

/* ---- settings ---- */

enum hp_status
hp_store_get_int(struct hp_store *store, const char *name, int64_t fallback, int64_t *ret_value)
{
	static const char sql[] =
		"SELECT integer FROM setting WHERE name = ? AND integer IS NOT NULL";
	int64_t value = fallback;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, name);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK)
		value = hp_query_read_int(&query);
	status = hp_query_end(&query, NULL, query.done ? HP_OK : status);
	if (status == HP_OK)
		*ret_value = value;
	return status;
}

enum hp_status
hp_store_put_int(struct hp_store *store, const char *name, int64_t value)
{
	static const char sql[] =
		"INSERT INTO setting(name, integer) VALUES(?,?)"
		" ON CONFLICT(name) DO UPDATE SET integer = excluded.integer";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_text(&query, name);
	hp_query_int(&query, value);
	return hp_query_run(&query);
}

enum hp_status
hp_store_get_text(struct hp_store *store, struct hp_arena *arena, const char *name,
		  const char **ret_text)
{
	static const char sql[] = "SELECT text FROM setting WHERE name = ? AND text IS NOT NULL";
	const char *text = NULL;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, name);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK)
		text = hp_query_read_text(&query, arena);
	status = hp_query_end(&query, arena, status);
	if (status == HP_OK)
		*ret_text = text;
	return status;
}

enum hp_status
hp_store_put_text(struct hp_store *store, const char *name, const char *text)
{
	static const char sql[] =
		"INSERT INTO setting(name, text) VALUES(?,?)"
		" ON CONFLICT(name) DO UPDATE SET text = excluded.text";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_text(&query, name);
	hp_query_text(&query, text);
	return hp_query_run(&query);
}
