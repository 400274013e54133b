/* Requests: inserted once, moved from the state the caller saw, found by id, key, nonce, scope. */
#include "broker/store_sqlite.h"

#include <string.h>

static void
bind_due(struct hp_query *query, const struct hp_due *due)
{
	if (due->wall_ms == 0) {
		for (int i = 0; i < 3; i++)
			hp_query_null(query);
		return;
	}
	hp_query_int(query, due->wall_ms);
	hp_query_int(query, due->boottime_ms);
	hp_query_blob(query, due->boot_id, sizeof due->boot_id);
}

static void
read_due(struct hp_query *query, struct hp_due *ret_due)
{
	ret_due->wall_ms = hp_query_read_int(query);
	ret_due->boottime_ms = hp_query_read_int(query);
	(void)hp_query_read_bytes(query, ret_due->boot_id, sizeof ret_due->boot_id);
}

/* The columns that a move writes, in their order in insert and update. */
static void
bind_moves(struct hp_query *query, const struct hp_row *row)
{
	hp_query_text(query, hp_state_name(row->state));
	hp_query_text(query, row->reason);
	hp_query_text(query, row->by);
	bind_due(query, &row->due);
	hp_query_int(query, row->approvals);
	hp_query_int(query, row->extensions);
	hp_query_text(query, row->claimer);
	hp_query_blob(query, row->has_nonce ? row->nonce : NULL, sizeof row->nonce);
	hp_query_int(query, row->lease_ms);
	bind_due(query, &row->lease_end_max);
	hp_query_int(query, row->stop);
}

static enum hp_status
insert_row(struct hp_store *store, const struct hp_row *row)
{
	static const char sql[] =
		"INSERT INTO request(id, requester, owner, via, mode, session, audience, tier,"
		" effect, environment, operation, resource, summary, classes, flags,"
		" resource_count, content_hash, digest, action_digest, submitted_ms,"
		" submitted_wall_ms, submitted_boottime_ms, submitted_boot_id, max_deadline_ms,"
		" needed, state, reason, moved_by, due_wall_ms, due_boottime_ms, due_boot_id,"
		" approvals, extensions, claimer, nonce, lease_ms, lease_max_wall_ms,"
		" lease_max_boottime_ms, lease_max_boot_id, stop) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,"
		"?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
	const char *const texts[] = {
		row->id,	  row->requester,   row->owner,	    row->via,	   row->mode,
		row->session,	  row->audience,    row->tier,	    row->effect,   row->environment,
		row->operation,	  row->resource,    row->summary,
	};
	struct hp_query query = hp_query_start_write(store, sql);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		hp_query_text(&query, texts[i]);
	hp_query_must_str(&query, row->classes);
	hp_query_must_str(&query, row->flags);
	hp_query_int(&query, row->resource_count);
	hp_query_blob(&query, row->content_hash, sizeof row->content_hash);
	hp_query_blob(&query, row->digest, sizeof row->digest);
	hp_query_blob(&query, row->action_digest, sizeof row->action_digest);
	hp_query_int(&query, row->submitted_ms);
	hp_query_int(&query, row->submitted_at.wall_ms);
	hp_query_int(&query, row->submitted_at.boottime_ms);
	hp_query_blob(&query, row->submitted_at.boot_id, sizeof row->submitted_at.boot_id);
	hp_query_int(&query, row->max_deadline_ms);
	hp_query_int(&query, row->needed);
	bind_moves(&query, row);
	return hp_query_run(&query);
}

static enum hp_status
insert_bytes(struct hp_store *store, const char *sql, int64_t key, struct hp_str first,
	     struct hp_str second)
{
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, key);
	hp_query_must_str(&query, first);
	hp_query_must_str(&query, second);
	return hp_query_run(&query);
}

static enum hp_status
add_history(struct hp_store *store, int64_t key, const struct hp_row *row, int64_t at_ms)
{
	static const char sql[] =
		"INSERT INTO history(request, n, at_ms, state, by_name, reason) VALUES(?1,"
		" (SELECT coalesce(max(n) + 1, 0) FROM history WHERE request = ?1),"
		" ?2, ?3, ?4, ?5)";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, key);
	hp_query_int(&query, at_ms);
	hp_query_text(&query, hp_state_name(row->state));
	hp_query_text(&query, row->by);
	hp_query_text(&query, row->reason);
	return hp_query_run(&query);
}

enum hp_status
hp_store_insert(struct hp_store *store, struct hp_row *row)
{
	static const char canonical_sql[] =
		"INSERT INTO request_canonical(key, canonical, quorum) VALUES(?,?,?)";
	static const char secret_sql[] =
		"INSERT INTO request_secret(key, action, salt) VALUES(?,?,?)";

	enum hp_status status = insert_row(store, row);
	if (status != HP_OK)
		return status;
	int64_t key = sqlite3_last_insert_rowid(store->db);
	status = insert_bytes(store, canonical_sql, key, row->canonical, row->quorum);
	if (status == HP_OK && row->action.p)
		status = insert_bytes(store, secret_sql, key, row->action, row->salt);
	if (status == HP_OK)
		status = add_history(store, key, row, row->submitted_ms);
	if (status != HP_OK) /* half a request stands in the transaction: it must not commit */
		return hp_store_fail(store, "insert a request");
	store->counts[row->state]++;
	row->key = key;
	return HP_OK;
}

void
hp_store_read_row(struct hp_query *query, struct hp_arena *arena, void *item)
{
	struct hp_row *row = item;
	row->key = hp_query_read_int(query);
	const char **const texts[] = {
		&row->id,	 &row->requester, &row->owner,	&row->via,    &row->mode,
		&row->session,	 &row->audience,  &row->tier,	&row->effect, &row->environment,
		&row->operation, &row->resource,  &row->summary,
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		*texts[i] = hp_query_read_text(query, arena);
	row->classes = hp_query_read_str(query, arena);
	row->flags = hp_query_read_str(query, arena);
	row->resource_count = hp_query_read_int(query);
	(void)hp_query_read_bytes(query, row->content_hash, sizeof row->content_hash);
	(void)hp_query_read_bytes(query, row->digest, sizeof row->digest);
	(void)hp_query_read_bytes(query, row->action_digest, sizeof row->action_digest);
	row->submitted_ms = hp_query_read_int(query);
	read_due(query, &row->submitted_at);
	row->max_deadline_ms = hp_query_read_int(query);
	row->needed = (unsigned)hp_query_read_int(query);
	row->state = hp_query_read_state(query);
	row->reason = hp_query_read_text(query, arena);
	row->by = hp_query_read_text(query, arena);
	read_due(query, &row->due);
	row->approvals = (unsigned)hp_query_read_int(query);
	row->extensions = (unsigned)hp_query_read_int(query);
	row->claimer = hp_query_read_text(query, arena);
	row->has_nonce = hp_query_read_bytes(query, row->nonce, sizeof row->nonce);
	row->lease_ms = hp_query_read_int(query);
	read_due(query, &row->lease_end_max);
	row->stop = hp_query_read_int(query) != 0;
	row->erased_ms = hp_query_read_int(query);
	row->erased_by = hp_query_read_text(query, arena);
	row->canonical = hp_query_read_str(query, arena);
	row->quorum = hp_query_read_str(query, arena);
	row->action = hp_query_read_str(query, arena);
	row->salt = hp_query_read_str(query, arena);
}

/* Ends a bound query that has one row or none. */
static enum hp_status
read_one(struct hp_query *query, struct hp_arena *arena, struct hp_row *ret_row)
{
	struct hp_row row;
	enum hp_status status = hp_query_row(query);
	if (status == HP_OK)
		hp_store_read_row(query, arena, &row);
	status = hp_query_end(query, arena, status);
	if (status == HP_OK)
		*ret_row = row;
	return status;
}

enum hp_status
hp_store_get(struct hp_store *store, struct hp_arena *arena, const char *id,
	     struct hp_row *ret_row)
{
	static const char sql[] =
		"SELECT " HP_STORE_ROW_SMALL HP_STORE_ROW_LARGE "WHERE r.id = ?";
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, id);
	return read_one(&query, arena, ret_row);
}

enum hp_status
hp_store_get_key(struct hp_store *store, struct hp_arena *arena, int64_t key,
		 struct hp_row *ret_row)
{
	static const char sql[] =
		"SELECT " HP_STORE_ROW_SMALL HP_STORE_ROW_LARGE "WHERE r.key = ?";
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, key);
	return read_one(&query, arena, ret_row);
}

enum hp_status
hp_store_rows(struct hp_store *store, struct hp_arena *arena, int64_t after_key, size_t limit,
	      struct hp_row **ret_rows, size_t *ret_count)
{
	/* A row without its canonical bytes is shown without them, not passed over. */
	static const char sql[] =
		"SELECT " HP_STORE_ROW_SMALL "c.canonical, c.quorum, s.action, s.salt"
		" FROM request r LEFT JOIN request_canonical c ON c.key = r.key"
		" LEFT JOIN request_secret s ON s.key = r.key"
		" WHERE r.key > ? ORDER BY r.key LIMIT ?";
	void *rows;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, after_key);
	hp_query_int(&query, (int64_t)limit);
	enum hp_status status = hp_query_collect(&query, arena, sizeof(struct hp_row),
						 hp_store_read_row, &rows, ret_count);
	if (status == HP_OK)
		*ret_rows = rows;
	return status;
}

enum hp_status
hp_store_count_rows(struct hp_store *store, struct hp_store_totals *ret_totals)
{
	static const char sql[] =
		"SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM request_canonical),"
		" (SELECT count(*) FROM vote), (SELECT count(*) FROM note),"
		" (SELECT count(*) FROM history), EXISTS(SELECT 1 FROM leaf WHERE seq < 0)"
		" OR EXISTS(SELECT 1 FROM node WHERE idx < 0)"
		" OR EXISTS(SELECT 1 FROM checkpoint WHERE size < 0)";
	struct hp_store_totals totals = {0};
	int64_t *const counts[] = {&totals.requests, &totals.canonicals, &totals.votes,
				   &totals.notes,    &totals.steps,	 &totals.strays};
	struct hp_query query = hp_query_start(store, sql);
	enum hp_status status = hp_query_row(&query);
	for (size_t i = 0; status == HP_OK && i < sizeof counts / sizeof counts[0]; i++)
		*counts[i] = hp_query_read_int(&query);
	status = hp_query_end(&query, NULL, status);
	if (status == HP_OK)
		*ret_totals = totals;
	return status;
}

enum hp_status
hp_store_next_granted(struct hp_store *store, struct hp_arena *arena, const char *audience,
		      const char *environment, int64_t after_key, struct hp_row *ret_row)
{
	static const char sql[] =
		"SELECT " HP_STORE_ROW_SMALL HP_STORE_ROW_LARGE
		"WHERE r.key = (SELECT min(key) FROM request INDEXED BY request_granted"
		" WHERE state = 'granted' AND audience = ? AND environment = ? AND key > ?)";
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, audience);
	hp_query_text(&query, environment);
	hp_query_int(&query, after_key);
	return read_one(&query, arena, ret_row);
}

enum hp_status
hp_store_by_nonce(struct hp_store *store, struct hp_arena *arena, const char *claimer,
		  const uint8_t nonce[16], struct hp_row *ret_row)
{
	static const char sql[] = "SELECT " HP_STORE_ROW_SMALL HP_STORE_ROW_LARGE
				  "WHERE r.claimer = ? AND r.nonce = ?";
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, claimer);
	hp_query_blob(&query, nonce, 16);
	return read_one(&query, arena, ret_row);
}

enum hp_status
hp_store_move(struct hp_store *store, const struct hp_row *row, enum hp_state from, int64_t at_ms)
{
	static const char move_sql[] =
		"UPDATE request SET state = ?, reason = ?, moved_by = ?, due_wall_ms = ?,"
		" due_boottime_ms = ?, due_boot_id = ?, approvals = ?, extensions = ?, claimer = ?,"
		" nonce = ?, lease_ms = ?, lease_max_wall_ms = ?, lease_max_boottime_ms = ?,"
		" lease_max_boot_id = ?, stop = ? WHERE key = ? AND state = ?";
	static const char erase_sql[] = "DELETE FROM request_secret WHERE key = ?";

	if (hp_state_is_final(from))
		return HP_CONFLICT;
	struct hp_query query = hp_query_start_write(store, move_sql);
	bind_moves(&query, row);
	hp_query_int(&query, row->key);
	hp_query_text(&query, hp_state_name(from));
	enum hp_status status = hp_query_change(&query);
	if (status != HP_OK || row->state == from)
		return status;
	store->counts[from]--;
	store->counts[row->state]++;
	status = add_history(store, row->key, row, at_ms);
	if (status == HP_OK && hp_state_is_final(row->state)) {
		query = hp_query_start_write(store, erase_sql);
		hp_query_int(&query, row->key);
		status = hp_query_run(&query);
	}
	/* What never ran leaves nothing to look at. */
	if (status == HP_OK && from == HP_STATE_GRANTED && hp_state_is_final(row->state) &&
	    row->state != HP_STATE_RELEASED)
		status = hp_store_unsample(store, row->key);
	return status == HP_OK ? HP_OK : hp_store_fail(store, "move a request");
}

enum hp_status
hp_store_set_stop(struct hp_store *store, int64_t key, bool stop)
{
	static const char sql[] = "UPDATE request SET stop = ? WHERE key = ?"
				  " AND state IN ('executing','rolling_back')";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, stop);
	hp_query_int(&query, key);
	return hp_query_change(&query);
}

enum hp_status
hp_store_count_stopping(struct hp_store *store, const char *requester, const char *session,
			int64_t *ret_count)
{
	static const char sql[] =
		"SELECT count(*) FROM request INDEXED BY request_active"
		" WHERE " HP_STORE_IS_LIVE("state")
		" AND (?1 IS NULL OR requester = ?1) AND (?2 IS NULL OR session = ?2)"
		" AND state = 'executing' AND stop = 1";
	int64_t count = 0;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, requester);
	hp_query_text(&query, session);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK)
		count = hp_query_read_int(&query);
	status = hp_query_end(&query, NULL, status);
	if (status == HP_OK)
		*ret_count = count;
	return status;
}

/* Milliseconds from `now` to the first row's only column; *earliest (-1: none) when earlier. */
static enum hp_status
take_earlier(struct hp_query *query, int64_t now, int64_t *earliest)
{
	enum hp_status status = hp_query_row(query);
	if (status == HP_OK) {
		int64_t due = hp_query_read_int(query), in_ms = due > now ? due - now : 0;
		if (*earliest < 0 || in_ms < *earliest)
			*earliest = in_ms;
	}
	return hp_query_end(query, NULL, query->done ? HP_OK : status);
}

enum hp_status
hp_store_next_due(struct hp_store *store, const struct hp_due *now, int64_t *ret_in_ms)
{
	static const char wall_sql[] =
		"SELECT due_wall_ms FROM request INDEXED BY request_due_wall"
		" WHERE due_wall_ms IS NOT NULL ORDER BY due_wall_ms LIMIT 1";
	static const char boot_sql[] =
		"SELECT due_boottime_ms FROM request INDEXED BY request_due_boot"
		" WHERE due_boot_id = ? ORDER BY due_boottime_ms LIMIT 1";
	int64_t earliest = -1;

	struct hp_query query = hp_query_start(store, wall_sql);
	enum hp_status status = take_earlier(&query, now->wall_ms, &earliest);
	if (status == HP_OK && earliest != 0) {
		query = hp_query_start(store, boot_sql);
		hp_query_blob(&query, now->boot_id, sizeof now->boot_id);
		status = take_earlier(&query, now->boottime_ms, &earliest);
	}
	if (status == HP_OK)
		*ret_in_ms = earliest;
	return status;
}

enum hp_status
hp_store_due(struct hp_store *store, struct hp_arena *arena, const struct hp_due *now,
	     size_t limit, struct hp_row **ret_rows, size_t *ret_count)
{
	static const char sql[] =
		"SELECT " HP_STORE_ROW_SMALL HP_STORE_ROW_LARGE "WHERE r.key IN ("
		"SELECT key FROM (SELECT key FROM request INDEXED BY request_due_wall"
		" WHERE due_wall_ms <= ?1 ORDER BY due_wall_ms LIMIT ?4) UNION "
		"SELECT key FROM (SELECT key FROM request INDEXED BY request_due_boot"
		" WHERE due_boot_id = ?3 AND due_boottime_ms <= ?2"
		" ORDER BY due_boottime_ms LIMIT ?4)) ORDER BY r.due_wall_ms, r.key LIMIT ?4";
	void *rows;
	int64_t in_ms = -1;
	*ret_count = 0;
	/* Asked each turn, and mostly nothing is due: two look-ups tell. */
	enum hp_status status = hp_store_next_due(store, now, &in_ms);
	if (status != HP_OK || in_ms != 0)
		return status;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, now->wall_ms);
	hp_query_int(&query, now->boottime_ms);
	hp_query_blob(&query, now->boot_id, sizeof now->boot_id);
	hp_query_int(&query, (int64_t)limit);
	status = hp_query_collect(&query, arena, sizeof(struct hp_row), hp_store_read_row, &rows,
				  ret_count);
	if (status == HP_OK)
		*ret_rows = rows;
	return status;
}

static void
read_key(struct hp_query *query, struct hp_arena *arena, void *item)
{
	*(int64_t *)item = hp_query_read_int(query);
}

enum hp_status
hp_store_in_scope(struct hp_store *store, struct hp_arena *arena, const char *requester,
		  const char *session, int64_t **ret_keys, size_t *ret_count)
{
#define ACTIVE                                                                                     \
	"SELECT key FROM request INDEXED BY request_active"                                        \
	" WHERE " HP_STORE_IS_LIVE("state") " "
	static const char all_sql[] = ACTIVE "AND (?2 IS NULL OR session = ?2) ORDER BY key";
	static const char agent_sql[] =
		ACTIVE "AND requester = ?1 AND (?2 IS NULL OR session = ?2) ORDER BY key";
#undef ACTIVE
	void *keys;
	struct hp_query query = hp_query_start(store, requester ? agent_sql : all_sql);
	hp_query_text(&query, requester);
	hp_query_text(&query, session);
	enum hp_status status = hp_query_collect(&query, arena, sizeof(int64_t), read_key, &keys,
						 ret_count);
	if (status == HP_OK)
		*ret_keys = keys;
	return status;
}
