/*
 * The tables, and the check that a file holds them.
 *
 * What never changes and what moves lie in one narrow row, so that a move rewrites a few hundred
 * bytes; the canonical bytes and the erasable ones lie beside it. Triggers hold invariant 3 of
 * store.h against our own mistakes; they cost nothing on the paths that obey it.
 */
#include "broker/store_sqlite.h"

#include <stdio.h>
#include <string.h>

#include "core/checkpoint.h"

enum {
	APPLICATION_ID = 0x48506f31, /* "HPo1" */
	SCHEMA_VERSION = 3,
};

static const char *const tables[] = {
	"CREATE TABLE request("
	"key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, requester TEXT NOT NULL,"
	"owner TEXT NOT NULL, via TEXT NOT NULL, mode TEXT NOT NULL, session TEXT NOT NULL,"
	"audience TEXT NOT NULL, tier TEXT NOT NULL, effect TEXT NOT NULL,"
	"environment TEXT NOT NULL, operation TEXT NOT NULL, resource TEXT NOT NULL,"
	"summary TEXT NOT NULL, classes BLOB NOT NULL, flags BLOB NOT NULL,"
	"resource_count INTEGER NOT NULL, content_hash BLOB NOT NULL, digest BLOB NOT NULL,"
	"action_digest BLOB NOT NULL, submitted_ms INTEGER NOT NULL,"
	"submitted_wall_ms INTEGER NOT NULL, submitted_boottime_ms INTEGER NOT NULL,"
	"submitted_boot_id BLOB NOT NULL, max_deadline_ms INTEGER NOT NULL,"
	"needed INTEGER NOT NULL,"
	/* moves */
	"state TEXT NOT NULL, reason TEXT NOT NULL, moved_by TEXT NOT NULL,"
	"due_wall_ms INTEGER, due_boottime_ms INTEGER, due_boot_id BLOB,"
	"approvals INTEGER NOT NULL, extensions INTEGER NOT NULL, claimer TEXT NOT NULL,"
	"nonce BLOB, lease_ms INTEGER NOT NULL, lease_max_wall_ms INTEGER,"
	"lease_max_boottime_ms INTEGER, lease_max_boot_id BLOB, stop INTEGER NOT NULL) STRICT",

	"CREATE TABLE request_canonical(key INTEGER PRIMARY KEY REFERENCES request,"
	"canonical BLOB NOT NULL, quorum BLOB NOT NULL) STRICT",
	/* No row: erased. */
	"CREATE TABLE request_secret(key INTEGER PRIMARY KEY REFERENCES request,"
	"action BLOB, salt BLOB) STRICT",

	"CREATE TABLE vote(request INTEGER NOT NULL REFERENCES request, person TEXT NOT NULL,"
	"by_name TEXT NOT NULL, approve INTEGER NOT NULL, body BLOB NOT NULL,"
	"signature BLOB NOT NULL, sign_public BLOB NOT NULL, at_ms INTEGER NOT NULL,"
	"PRIMARY KEY(request, person)) STRICT, WITHOUT ROWID",
	"CREATE TABLE note(request INTEGER NOT NULL REFERENCES request, n INTEGER NOT NULL,"
	"by_name TEXT NOT NULL, text TEXT NOT NULL, at_ms INTEGER NOT NULL,"
	"PRIMARY KEY(request, n)) STRICT, WITHOUT ROWID",
	"CREATE TABLE history(request INTEGER NOT NULL REFERENCES request, n INTEGER NOT NULL,"
	"at_ms INTEGER NOT NULL, state TEXT NOT NULL, by_name TEXT NOT NULL,"
	"reason TEXT NOT NULL, PRIMARY KEY(request, n)) STRICT, WITHOUT ROWID",

	"CREATE TABLE halt(agent TEXT NOT NULL, session TEXT NOT NULL, by_name TEXT NOT NULL,"
	"reason TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY(agent, session))"
	"STRICT, WITHOUT ROWID",
	"CREATE TABLE setting(name TEXT NOT NULL PRIMARY KEY, integer INTEGER, text TEXT)"
	"STRICT, WITHOUT ROWID",

	"CREATE TABLE leaf(seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL, body BLOB, salt BLOB)"
	"STRICT",
	"CREATE TABLE node(idx INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT",
	"CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT",
};

/* Each serves one look-up of the broker; what is rare is indexed where it holds only. */
static const char *const indexes[] = {
	"CREATE INDEX request_state ON request(state)",
	"CREATE INDEX request_requester ON request(requester)",
	"CREATE INDEX request_owner ON request(owner)",
	"CREATE INDEX request_via ON request(via) WHERE via <> ''",
	"CREATE INDEX request_due_wall ON request(due_wall_ms) WHERE due_wall_ms IS NOT NULL",
	"CREATE INDEX request_due_boot ON request(due_boot_id, due_boottime_ms)"
	" WHERE due_boot_id IS NOT NULL",
	"CREATE INDEX request_granted ON request(audience, environment) WHERE state = 'granted'",
	"CREATE INDEX request_active ON request(requester, session)"
	" WHERE " HP_STORE_IS_LIVE("state"),
	"CREATE UNIQUE INDEX request_nonce ON request(claimer, nonce) WHERE nonce IS NOT NULL",
};

static const char *const triggers[] = {
	"CREATE TRIGGER request_kept BEFORE DELETE ON request"
	" BEGIN SELECT RAISE(ABORT, 'requests are kept'); END",
	"CREATE TRIGGER request_fixed BEFORE UPDATE OF id, requester, owner, digest, action_digest,"
	" submitted_ms, needed ON request BEGIN SELECT RAISE(ABORT, 'requests are fixed'); END",
	"CREATE TRIGGER request_final BEFORE UPDATE OF state ON request"
	" WHEN " HP_STORE_IS_FINAL("OLD.state")
	" BEGIN SELECT RAISE(ABORT, 'a final state never changes'); END",
	"CREATE TRIGGER canonical_fixed BEFORE UPDATE ON request_canonical"
	" BEGIN SELECT RAISE(ABORT, 'canonical bytes are fixed'); END",
	"CREATE TRIGGER leaf_kept BEFORE DELETE ON leaf"
	" BEGIN SELECT RAISE(ABORT, 'leaves are kept'); END",
	"CREATE TRIGGER leaf_fixed BEFORE UPDATE OF seq, leaf ON leaf"
	" BEGIN SELECT RAISE(ABORT, 'leaves are fixed'); END",
	"CREATE TRIGGER node_kept BEFORE DELETE ON node"
	" BEGIN SELECT RAISE(ABORT, 'nodes are kept'); END",
	"CREATE TRIGGER node_fixed BEFORE UPDATE ON node"
	" BEGIN SELECT RAISE(ABORT, 'nodes are fixed'); END",
};

/* What version 2 added: meters, each found by its agent alone, however many agents there are. */
static const char *const meters[] = {
	"CREATE TABLE meter(agent TEXT NOT NULL, name TEXT NOT NULL, state BLOB NOT NULL,"
	"PRIMARY KEY(agent, name)) STRICT, WITHOUT ROWID",
	"CREATE TABLE metered(request INTEGER PRIMARY KEY REFERENCES request,"
	"agent TEXT NOT NULL, at_ms INTEGER NOT NULL, cost_micros INTEGER NOT NULL,"
	"asked INTEGER NOT NULL, chain_resources INTEGER NOT NULL,"
	"chain_micros INTEGER NOT NULL, deed BLOB NOT NULL, denied_ms INTEGER) STRICT",
	"CREATE INDEX metered_cost ON metered(agent, at_ms) WHERE cost_micros > 0",
	"CREATE INDEX metered_denied ON metered(agent, deed, denied_ms)"
	" WHERE denied_ms IS NOT NULL",
	"CREATE INDEX request_pending ON request(requester) WHERE state = 'pending'",
};

/* What version 3 added: tasks, of which the last one of a session counts, and spot checks. */
static const char *const tasks[] = {
	"CREATE TABLE task(key INTEGER PRIMARY KEY, agent TEXT NOT NULL, session TEXT NOT NULL,"
	"owner TEXT NOT NULL, by_name TEXT NOT NULL, person TEXT NOT NULL, reason TEXT NOT NULL,"
	"operations BLOB NOT NULL, resources BLOB NOT NULL, environment TEXT NOT NULL,"
	"opened_ms INTEGER NOT NULL, until_wall_ms INTEGER NOT NULL,"
	"until_boottime_ms INTEGER NOT NULL, until_boot_id BLOB NOT NULL,"
	"closed_ms INTEGER) STRICT",
	"CREATE INDEX task_session ON task(agent, session)",
	"CREATE INDEX task_open ON task(until_wall_ms) WHERE closed_ms IS NULL",
	/* Sampled, not taken back, looked at by nobody yet. */
	"CREATE TABLE spot_check_due(request INTEGER PRIMARY KEY REFERENCES request) STRICT",
	"CREATE TABLE spot_check(request INTEGER NOT NULL REFERENCES request,"
	"person TEXT NOT NULL, by_name TEXT NOT NULL, ok INTEGER NOT NULL, note TEXT NOT NULL,"
	"at_ms INTEGER NOT NULL, PRIMARY KEY(request, person)) STRICT, WITHOUT ROWID",
};

/* What version 3 added: erasure. Which leaves are about what, and which requests were erased. The
 * last of the meters' names were parts of resources; they are hashed now. */
static const char *const erasure[] = {
	"ALTER TABLE request ADD COLUMN erased_ms INTEGER",
	"ALTER TABLE request ADD COLUMN erased_by TEXT",
	"CREATE INDEX request_erasable ON request(submitted_ms)"
	" WHERE erased_ms IS NULL AND " HP_STORE_IS_FINAL("state"),
	"CREATE TABLE leaf_about(request INTEGER NOT NULL, seq INTEGER NOT NULL,"
	"at_ms INTEGER NOT NULL, PRIMARY KEY(request, seq)) STRICT, WITHOUT ROWID",
	"DROP TRIGGER request_fixed",
	"CREATE TRIGGER request_fixed BEFORE UPDATE OF id, requester, owner, digest, submitted_ms,"
	" needed ON request BEGIN SELECT RAISE(ABORT, 'requests are fixed'); END",
	"CREATE TRIGGER request_erased BEFORE UPDATE OF erased_ms, action_digest, operation,"
	" resource, summary ON request WHEN OLD.erased_ms IS NOT NULL OR NEW.erased_ms IS NULL OR"
	" NOT " HP_STORE_IS_FINAL("OLD.state")
	" BEGIN SELECT RAISE(ABORT, 'only what has ended is erased, and once'); END",
	"CREATE TRIGGER canonical_kept BEFORE DELETE ON request_canonical"
	" WHEN NOT EXISTS (SELECT 1 FROM request WHERE key = OLD.key AND erased_ms IS NOT NULL)"
	" BEGIN SELECT RAISE(ABORT, 'canonical bytes are kept'); END",
	"DELETE FROM meter WHERE name GLOB 'family *'",
};

/* What version 3 spells otherwise (HP_STORE_IS_LIVE). */
static const char *const respelled[] = {
	"DROP INDEX request_active",
	"CREATE INDEX request_active ON request(requester, session)"
	" WHERE " HP_STORE_IS_LIVE("state"),
	"DROP TRIGGER request_final",
	"CREATE TRIGGER request_final BEFORE UPDATE OF state ON request"
	" WHEN " HP_STORE_IS_FINAL("OLD.state")
	" BEGIN SELECT RAISE(ABORT, 'a final state never changes'); END",
};

/* ---- migration ---- */

/* Whose erasure takes the leaf's body along; HP_STORE_NOTHING for what is no request's. */
static enum hp_status
about_of(struct hp_store *store, const struct hp_leaf *leaf, int64_t *ret_about)
{
	*ret_about = strcmp(leaf->event, "refused") == 0 ? HP_STORE_REFUSED : HP_STORE_NOTHING;
	if (!*leaf->request)
		return HP_OK;
	enum hp_status status = hp_store_find_key(store, leaf->request, ret_about);
	return status == HP_NOT_FOUND ? HP_OK : status;
}

/* The leaves of an older database are about what they say. */
static enum hp_status
fill_leaf_about(struct hp_store *store)
{
	enum { AT_ONCE = 256 };
	struct hp_arena arena = {0};
	enum hp_status status = HP_OK;
	size_t count = AT_ONCE;
	for (uint64_t from = 0; status == HP_OK && count == AT_ONCE; from += count) {
		struct hp_stored_leaf *leaves;
		hp_arena_reset(&arena);
		status = hp_store_leaves(store, &arena, from, AT_ONCE, &leaves, &count);
		for (size_t i = 0; status == HP_OK && i < count; i++) {
			struct hp_leaf leaf;
			int64_t about;
			if (!leaves[i].body.p ||
			    hp_leaf_decode(&arena, leaves[i].leaf.p, leaves[i].leaf.len, &leaf, NULL))
				continue; /* a damaged one is found when the log is opened */
			status = about_of(store, &leaf, &about);
			if (status == HP_OK && about != HP_STORE_NOTHING)
				status = hp_store_add_leaf_about(store, about, leaves[i].seq,
								 leaf.wall_ms);
		}
	}
	hp_arena_release(&arena);
	return status;
}

/* Creates what a file of version `from` (0: an empty one) lacks. */
static enum hp_status
create(struct hp_store *store, int64_t from)
{
	static const struct {
		int64_t version; /* that has it */
		const char *const *sql;
		size_t count;
	} parts[] = {
		{1, tables, sizeof tables / sizeof tables[0]},
		{1, indexes, sizeof indexes / sizeof indexes[0]},
		{1, triggers, sizeof triggers / sizeof triggers[0]},
		{2, meters, sizeof meters / sizeof meters[0]},
		{3, tasks, sizeof tasks / sizeof tasks[0]},
		{3, erasure, sizeof erasure / sizeof erasure[0]},
		{3, respelled, sizeof respelled / sizeof respelled[0]},
	};
	char header[80];
	snprintf(header, sizeof header, "PRAGMA application_id=%d; PRAGMA user_version=%d",
		 APPLICATION_ID, SCHEMA_VERSION);

	if (sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return hp_store_fail(store, "create tables");
	store->writing = true;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		for (size_t j = 0; from < parts[i].version && j < parts[i].count; j++)
			if (sqlite3_exec(store->db, parts[i].sql[j], NULL, NULL, NULL) != SQLITE_OK)
				return hp_store_fail(store, "create tables");
	if (from > 0 && from < 3 && fill_leaf_about(store) != HP_OK)
		return hp_store_fail(store, "fill a new table");
	store->writing = false;
	if (sqlite3_exec(store->db, header, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return hp_store_fail(store, "create tables");
	return HP_OK;
}

static enum hp_status
ask(struct hp_store *store, const char *sql, int64_t *ret_answer)
{
	struct hp_query query = hp_query_start(store, sql);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK)
		*ret_answer = hp_query_read_int(&query);
	return hp_query_end(&query, NULL, status);
}

enum hp_status
hp_store_schema(struct hp_store *store, struct hp_error *err)
{
	static const char application_sql[] = "PRAGMA application_id";
	static const char version_sql[] = "PRAGMA user_version";
	static const char objects_sql[] = "SELECT count(*) FROM sqlite_schema";
	int64_t application = 0, version = 0, objects = 0;

	enum hp_status status = ask(store, objects_sql, &objects);
	if (status == HP_OK)
		status = ask(store, application_sql, &application);
	if (status == HP_OK)
		status = ask(store, version_sql, &version);
	if (status == HP_OK && objects == 0 && application == 0 && version == 0 &&
	    !store->readonly) {
		status = create(store, 0);
		application = APPLICATION_ID;
		version = SCHEMA_VERSION;
	}
	if (status == HP_OK && application == APPLICATION_ID && version >= 1 &&
	    version < SCHEMA_VERSION) {
		/* A reader of the log needs none of what is new. */
		status = store->readonly ? HP_OK : create(store, version);
		version = SCHEMA_VERSION;
	}
	if (status != HP_OK)
		return hp_fail(err, status, "%s", store->error);
	if (application != APPLICATION_ID)
		return hp_fail(err, HP_REFUSED, "it is not a database of holdpoint");
	if (version != SCHEMA_VERSION)
		return hp_fail(err, HP_UNSUPPORTED,
			       "its schema has version %lld, this program knows version %d",
			       (long long)version, SCHEMA_VERSION);
	return HP_OK;
}
