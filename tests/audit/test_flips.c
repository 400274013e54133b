/*
 * Everything that can be done to a small log, one thing at a time: every byte of its tables changed,
 * every row deleted, swapped, inserted, the log cut off at every place, an old copy put back, and a
 * copy that went its own way. `audit verify` must find each, and name the leaf where it is one.
 *
 * The verifier is called in this process, on a database in memory-backed storage; what it finds is
 * counted. Where a byte of the file itself is changed, it may also read the same as before.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/audit.h"
#include "cli/auditor.h"

#define INSTANCE "hp.example/made"

static char dir[64], db_path[96], lock_path[96], anchor_path[96], key[128];
static const char *anchor; /* NULL: none is given */
static sqlite3 *db;
static int checks, failures;

static void
check(bool good, const char *what)
{
	checks++;
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", checks, what);
	fflush(stdout);
}

static void
die(const char *what)
{
	printf("Bail out! %s: %s\n", what, db ? sqlite3_errmsg(db) : "");
	exit(1);
}

static bool
run(const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static void
must(const char *sql)
{
	if (!run(sql))
		die(sql);
}

static int64_t
number(const char *sql)
{
	sqlite3_stmt *stmt;
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		die(sql);
	int64_t answer = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return answer;
}

/* ---- the verifier ---- */

enum { ACCEPTED = -2, NO_PLACE = -1 };

/* The first bad sequence number, NO_PLACE for a problem without one, or ACCEPTED. */
static int64_t
verify(const char *path, bool lock)
{
	struct hp_cli cli = {.deadline_ms = -1, .quiet = true};
	struct hp_auditor_place place = {.db = path, .lock = lock ? lock_path : NULL,
					  .anchor = anchor};
	struct hp_verify_result result = {0};
	int64_t found = NO_PLACE;
	if (hp_checkpoint_parse_vkey(&cli.arena, key, &place.origin, place.key, NULL) != HP_OK)
		die("key");
	int exit_code = hp_auditor_verify(&cli, &place, &result);
	if (exit_code != HP_EXIT_OK && exit_code != HP_EXIT_CHECK_FAILED)
		die("audit verify did not end with 0 or 11");
	if (exit_code == HP_EXIT_OK && result.problems.count == 0)
		found = ACCEPTED;
	else if (result.problems.kept && result.problems.list[0].seq != HP_NO_SEQ)
		found = (int64_t)result.problems.list[0].seq;
	hp_problems_release(&result.problems);
	hp_arena_release(&cli.arena);
	return found;
}

/* What one loop found. */
struct tally {
	const char *what;
	uint64_t done, missed, misplaced, same;
};

static void
tell(const struct tally *tally)
{
	char text[256];
	snprintf(text, sizeof text, "%s: %llu, every one found%s", tally->what,
		 (unsigned long long)tally->done,
		 tally->misplaced ? ", some at another leaf" : "");
	check(tally->done > 0 && !tally->missed && !tally->misplaced, text);
	if (tally->missed || tally->misplaced)
		printf("# %llu missed, %llu at another leaf\n", (unsigned long long)tally->missed,
		       (unsigned long long)tally->misplaced);
	if (tally->same)
		printf("# and %llu that change nothing that is read\n",
		       (unsigned long long)tally->same);
}

/* Verifies what was just done; `seq` is the leaf to be named, or NO_PLACE for any. */
static void
judge(struct tally *tally, int64_t seq)
{
	int64_t found = verify(db_path, true);
	tally->done++;
	tally->missed += found == ACCEPTED;
	tally->misplaced += seq != NO_PLACE && found != seq && found != ACCEPTED;
}

/* ---- bytes ---- */

/* Every byte of a column, in every row. */
static void
flip_column(const char *table, const char *row_key, const char *column, bool names_leaf)
{
	char sql[256], what[96];
	struct tally tally = {.what = what};
	sqlite3_stmt *rows, *set;
	snprintf(what, sizeof what, "bytes of %s.%s changed", table, column);
	snprintf(sql, sizeof sql, "CREATE TEMP TABLE kept AS SELECT %s AS k, %s AS v FROM %s",
		 row_key, column, table);
	must(sql);
	snprintf(sql, sizeof sql, "UPDATE %s SET %s = ? WHERE %s = ?", table, column, row_key);
	if (sqlite3_prepare_v2(db, "SELECT k, v, typeof(v) FROM kept WHERE v IS NOT NULL", -1, &rows,
			       NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, sql, -1, &set, NULL) != SQLITE_OK)
		die(sql);
	while (sqlite3_step(rows) == SQLITE_ROW) {
		int64_t seq = sqlite3_column_int64(rows, 0);
		bool text = strcmp((const char *)sqlite3_column_text(rows, 2), "text") == 0;
		int len = sqlite3_column_bytes(rows, 1);
		unsigned char *bytes = malloc((size_t)len + 1);
		memcpy(bytes, sqlite3_column_blob(rows, 1), (size_t)len);
		for (int i = 0; i <= len; i++) { /* the last time as it was */
			if (i > 0)
				bytes[i - 1] ^= (unsigned char)(1u << ((i - 1) % 7));
			if (i < len)
				bytes[i] ^= (unsigned char)(1u << (i % 7));
			if (text)
				sqlite3_bind_text(set, 1, (const char *)bytes, len, SQLITE_STATIC);
			else
				sqlite3_bind_blob(set, 1, bytes, len, SQLITE_STATIC);
			sqlite3_bind_int64(set, 2, seq);
			if (sqlite3_step(set) != SQLITE_DONE)
				die(sql);
			sqlite3_reset(set);
			if (i < len)
				judge(&tally, names_leaf ? seq : NO_PLACE);
		}
		free(bytes);
	}
	sqlite3_finalize(rows);
	sqlite3_finalize(set);
	must("DROP TABLE kept");
	tell(&tally);
}

/* Every byte of the eight of a row's number; where the other number is taken the table refuses. */
static void
flip_keys(const char *table, const char *row_key)
{
	char sql[160], what[96];
	struct tally tally = {.what = what};
	snprintf(what, sizeof what, "bytes of %s.%s changed", table, row_key);
	snprintf(sql, sizeof sql, "SELECT coalesce(max(%s), -1) FROM %s", row_key, table);
	int64_t last = number(sql);
	for (int64_t at = 0; at <= last; at++) {
		snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE %s = %lld", table, row_key,
			 (long long)at);
		for (unsigned byte = 0; number(sql) && byte < 8; byte++) {
			int64_t other = (int64_t)((uint64_t)at ^ (uint64_t)1 << (byte * 8 + 7));
			char set[192];
			snprintf(set, sizeof set, "UPDATE OR IGNORE %s SET %s = %lld WHERE %s = %lld",
				 table, row_key, (long long)other, row_key, (long long)at);
			must(set);
			if (sqlite3_changes(db) == 0)
				continue;
			judge(&tally, NO_PLACE);
			snprintf(set, sizeof set, "UPDATE %s SET %s = %lld WHERE %s = %lld", table,
				 row_key, (long long)at, row_key, (long long)other);
			must(set);
		}
	}
	tell(&tally);
}

/* ---- rows ---- */

static const struct {
	const char *name, *key, *rest;
} tables[] = {
	{"leaf", "seq", "leaf, body, salt"},
	{"node", "idx", "hash"},
	{"checkpoint", "size", "text"},
};

enum { TABLES = sizeof tables / sizeof tables[0] };

/* In a transaction that is taken back; the verifier reads by another connection, so it is committed
 * and the rows are put back from a copy. */
static void
restore(const char *table)
{
	char sql[128];
	snprintf(sql, sizeof sql, "DELETE FROM %s; INSERT INTO %s SELECT * FROM temp.kept_%s", table,
		 table, table);
	must("BEGIN");
	must(sql);
	must("COMMIT");
}

/* Every checkpoint as an anchor has it, each followed by an empty line. */
static void
write_anchor(void)
{
	sqlite3_stmt *stmt;
	FILE *file = fopen(anchor_path, "w");
	if (!file || sqlite3_prepare_v2(db, "SELECT text FROM checkpoint ORDER BY size", -1, &stmt,
					NULL) != SQLITE_OK)
		die("anchor");
	while (sqlite3_step(stmt) == SQLITE_ROW)
		fprintf(file, "%s\n", sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	if (fclose(file) != 0)
		die("anchor");
}

static void
keep_rows(void)
{
	char sql[128];
	for (size_t i = 0; i < TABLES; i++) {
		snprintf(sql, sizeof sql, "CREATE TEMP TABLE kept_%s AS SELECT * FROM %s",
			 tables[i].name, tables[i].name);
		must(sql);
	}
}

static void
delete_rows(size_t t)
{
	char sql[192], what[96];
	struct tally tally = {.what = what};
	const char *name = tables[t].name, *row_key = tables[t].key;
	/* A checkpoint is no leaf's business: another one vouches for the same leaves. Only who has
	 * all of them knows that one is gone. */
	anchor = t == TABLES - 1 ? anchor_path : NULL;
	snprintf(what, sizeof what, "rows of %s deleted%s", name, anchor ? ", against an anchor" : "");
	snprintf(sql, sizeof sql, "SELECT max(%s) FROM %s", row_key, name);
	int64_t last = number(sql);
	for (int64_t at = 0; at <= last; at++) {
		snprintf(sql, sizeof sql, "DELETE FROM %s WHERE %s = %lld", name, row_key,
			 (long long)at);
		must(sql);
		if (sqlite3_changes(db) == 0)
			continue;
		judge(&tally, t == 0 ? at : NO_PLACE);
		restore(name);
	}
	anchor = NULL;
	tell(&tally);
}

/* Any two rows: the one stands in the other's place. */
static void
swap_rows(size_t t)
{
	char sql[512], what[96];
	struct tally tally = {.what = what};
	const char *name = tables[t].name, *row_key = tables[t].key, *rest = tables[t].rest;
	snprintf(what, sizeof what, "pairs of rows of %s swapped", name);
	snprintf(sql, sizeof sql, "SELECT max(%s) FROM %s", row_key, name);
	int64_t last = number(sql);
	for (int64_t a = 0; a < last; a++)
		for (int64_t b = a + 1; b <= last; b++) {
			snprintf(sql, sizeof sql,
				 "UPDATE %s SET (%s) = (SELECT %s FROM temp.kept_%s WHERE %s = "
				 "%lld + %lld - %s.%s) WHERE %s IN (%lld, %lld) AND (SELECT count(*)"
				 " FROM temp.kept_%s WHERE %s IN (%lld, %lld)) = 2",
				 name, rest, rest, name, row_key, (long long)a, (long long)b, name,
				 row_key, row_key, (long long)a, (long long)b, name, row_key,
				 (long long)a, (long long)b);
			must(sql);
			if (sqlite3_changes(db) == 0)
				continue;
			judge(&tally, t == 0 ? a : NO_PLACE);
			restore(name);
		}
	tell(&tally);
}

/* A copy of any row in front of any place, those behind moved on; and behind the last. */
static void
insert_rows(size_t t)
{
	char sql[512], what[96];
	struct tally tally = {.what = what};
	const char *name = tables[t].name, *row_key = tables[t].key, *rest = tables[t].rest;
	snprintf(what, sizeof what, "copies of rows of %s inserted", name);
	snprintf(sql, sizeof sql, "SELECT max(%s) + 1 FROM %s", row_key, name);
	int64_t end = number(sql);
	for (int64_t from = 0; from < end; from += 1 + end / 8)
		for (int64_t at = 0; at <= end; at++) {
			must("BEGIN");
			snprintf(sql, sizeof sql,
				 "DELETE FROM %s WHERE %s >= %lld;"
				 "INSERT INTO %s(%s, %s) SELECT %s + 1, %s FROM temp.kept_%s WHERE %s >= "
				 "%lld", name, row_key, (long long)at, name, row_key, rest, row_key,
				 rest, name, row_key, (long long)at);
			must(sql);
			snprintf(sql, sizeof sql,
				 "INSERT INTO %s(%s, %s) SELECT %lld, %s FROM temp.kept_%s WHERE %s = "
				 "%lld", name, row_key, rest, (long long)at, rest, name, row_key,
				 (long long)from);
			bool done = run(sql) && sqlite3_changes(db) == 1;
			must("COMMIT");
			if (done)
				judge(&tally, NO_PLACE);
			restore(name);
		}
	tell(&tally);
}

/* The log ends early, its nodes and checkpoints with it: only the lock file tells. */
static void
cut_off(void)
{
	struct tally tally = {.what = "cut off with nodes and checkpoints, against the lock file"};
	int64_t size = number("SELECT count(*) FROM leaf");
	for (int64_t left = 0; left < size; left++) {
		char sql[256];
		int64_t nodes = 0;
		for (int64_t part = left; part; part >>= 1)
			nodes += part;
		snprintf(sql, sizeof sql,
			 "DELETE FROM leaf WHERE seq >= %lld; DELETE FROM node WHERE idx >= %lld;"
			 "DELETE FROM checkpoint WHERE size > %lld", (long long)left,
			 (long long)nodes, (long long)left);
		must("BEGIN");
		must(sql);
		must("COMMIT");
		judge(&tally, left);
		for (size_t t = 0; t < TABLES; t++)
			restore(tables[t].name);
	}
	tell(&tally);
}

/* ---- the file ---- */

/* All that the log's tables say, as one number. */
static int64_t
read_all(void)
{
	sqlite3 *own = db;
	int64_t sum = -1;
	char uri[128];
	sqlite3_stmt *stmt = NULL;
	snprintf(uri, sizeof uri, "file:%s?immutable=1", db_path);
	if (sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, "SELECT seq || hex(leaf) || hex(body) || hex(salt) FROM leaf UNION ALL "
			       "SELECT idx || hex(hash) FROM node UNION ALL SELECT size || hex(text) "
			       "FROM checkpoint", -1, &stmt, NULL) == SQLITE_OK) {
		int result;
		sum = 0;
		while ((result = sqlite3_step(stmt)) == SQLITE_ROW) {
			const unsigned char *c = sqlite3_column_text(stmt, 0);
			for (; c && *c; c++)
				sum = (int64_t)((uint64_t)sum * 1099511628211u ^ *c);
		}
		if (result != SQLITE_DONE)
			sum = -1;
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	db = own;
	return sum;
}

/* Bytes of the pages that hold the log's tables, every `stride`th: what is accepted reads the same. */
static void
flip_pages(unsigned stride)
{
	static unsigned char page[65536];
	struct tally tally = {.what = "bytes of the file's pages changed"};
	sqlite3_stmt *pages;
	int64_t before = read_all(), size = number("PRAGMA page_size");
	int fd = open(db_path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || size > (int64_t)sizeof page ||
	    sqlite3_prepare_v2(db, "SELECT pageno FROM dbstat WHERE name IN ('leaf', 'node', "
			       "'checkpoint')", -1, &pages, NULL) != SQLITE_OK)
		die("pages");
	while (sqlite3_step(pages) == SQLITE_ROW) {
		off_t start = (sqlite3_column_int64(pages, 0) - 1) * size;
		if (pread(fd, page, (size_t)size, start) != size)
			die("pread");
		for (int64_t i = start % stride; i < size; i += stride) {
			unsigned char changed = page[i] ^ (unsigned char)(1u << (i % 8));
			if (pwrite(fd, &changed, 1, start + i) != 1)
				die("pwrite");
			tally.done++;
			if (verify(db_path, true) == ACCEPTED) {
				bool same = read_all() == before;
				tally.same += same;
				tally.missed += !same;
			}
			if (pwrite(fd, &page[i], 1, start + i) != 1)
				die("pwrite");
		}
	}
	sqlite3_finalize(pages);
	close(fd);
	tell(&tally);
}

/* ---- other copies ---- */

/* The old copy goes on by itself: another leaf, signed with the same key. */
static void
fork_log(const char *path, const char *fork_lock)
{
	struct hp_store *store = NULL;
	struct hp_audit *audit = NULL;
	struct hp_error err = {0};
	struct hp_arena arena = {0};
	const uint8_t seed[HP_SIGN_SEED_BYTES] = {42};
	const struct hp_clock clock = {.wall_ms = 1767225700000, .boottime_ms = 200000,
				       .boot_id = {7}};
	const struct hp_audit_entry entry = {.event = "rebase", .actor = "broker", .request = "",
					     .body = hp_value_map(&arena)};
	bool done = hp_store_open(path, &store, &err) == HP_OK &&
		    hp_audit_accept(store, INSTANCE, seed, fork_lock, &audit, &err) == HP_OK;
	for (int i = 0; done && i < 9; i++) {
		done = hp_store_begin(store) == HP_OK &&
		       hp_audit_append(audit, &clock, &entry, &err) == HP_OK &&
		       hp_store_commit(store) == HP_OK;
		hp_audit_committed(audit);
	}
	done = done && hp_audit_checkpoint(audit, &err) == HP_OK;
	hp_audit_close(audit);
	hp_store_close(store);
	hp_arena_release(&arena);
	if (!done)
		die(err.message);
}

static void
other_copies(void)
{
	char old[96], fork_lock[96];
	snprintf(old, sizeof old, "%s/old.db", dir);
	snprintf(fork_lock, sizeof fork_lock, "%s/fork.lock", dir);
	int64_t old_size = 8;
	check(verify(old, false) == ACCEPTED, "an old copy is sound by itself");
	check(verify(old, true) == old_size,
	      "an old copy put back: the lock file names the first leaf that is missing");
	fork_log(old, fork_lock);
	check(verify(old, false) == ACCEPTED, "a fork is sound by itself: it is signed too");
	check(verify(old, true) == old_size,
	      "a fork after a restore: the lock file names the first leaf that differs");
}

static void
make(const char *build)
{
	char command[512];
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(dir, sizeof dir, "%s/hp-flips-XXXXXX", base);
	if (!mkdtemp(dir))
		die("mkdtemp");
	snprintf(command, sizeof command, "'%s/tests/broker/make_log' '%s' small", build, dir);
	FILE *made = popen(command, "r");
	if (!made || !fgets(key, sizeof key, made) || pclose(made) != 0)
		die("make_log");
	key[strcspn(key, "\n")] = '\0';
	snprintf(db_path, sizeof db_path, "%s/holdpoint.db", dir);
	snprintf(anchor_path, sizeof anchor_path, "%s/anchor", dir);
	snprintf(lock_path, sizeof lock_path, "%s/checkpoint.lock", dir);
	if (sqlite3_open(db_path, &db) != SQLITE_OK)
		die("open");
	must("PRAGMA journal_mode=DELETE; PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;"
	     "PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY");
	must("DROP TRIGGER leaf_kept; DROP TRIGGER leaf_fixed; DROP TRIGGER node_kept;"
	     "DROP TRIGGER node_fixed");
}

int
main(void)
{
	const char *build = getenv("HP_BUILDDIR");
	char command[128];
	/* What is damaged is told on standard error, thousands of times. */
	if (!freopen("/dev/null", "w", stderr) || hp_crypto_start() != HP_OK)
		die("start");
	make(build ? build : ".");
	check(verify(db_path, true) == ACCEPTED, "a small log verifies");
	keep_rows();
	write_anchor();
	flip_column("leaf", "seq", "leaf", true);
	flip_column("leaf", "seq", "body", true);
	flip_column("leaf", "seq", "salt", true);
	flip_column("node", "idx", "hash", false);
	flip_column("checkpoint", "size", "text", false);
	for (size_t t = 0; t < TABLES; t++) {
		flip_keys(tables[t].name, tables[t].key);
		delete_rows(t);
		swap_rows(t);
		insert_rows(t);
	}
	cut_off();
	check(verify(db_path, true) == ACCEPTED, "it is as it was");
	flip_pages(getenv("HP_SLOW") ? 1 : 13);
	check(verify(db_path, true) == ACCEPTED, "it is as it was");
	other_copies();
	sqlite3_close(db);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	if (system(command) != 0)
		die("clean up");
	printf("1..%d\n", checks);
	return failures ? 1 : 0;
}
