#include "tests/bench/floor.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "proto/frames.h"

enum {
	BATCH_MAX = 256,	/* as the broker's messages_per_turn */
	PAGE_BYTES = 8192,	/* as the broker's database */
	CHECKPOINT_PAGES = 2048,
};

double
floor_rows(const struct floor_shape *shape)
{
	double rows = 0;
	for (size_t i = 0; i < shape->count; i++)
		rows += shape->tables[i].rows;
	return rows;
}

double
floor_bytes(const struct floor_shape *shape)
{
	double bytes = 0;
	for (size_t i = 0; i < shape->count; i++)
		bytes += shape->tables[i].bytes;
	return bytes;
}

struct table {
	sqlite3_stmt *insert;
	double per_message, owed; /* rows; a fraction of one is owed until it is whole */
	int row_bytes;
};

struct floor {
	sqlite3 *db;
	sqlite3_stmt *begin, *commit;
	struct table tables[FLOOR_TABLES];
	size_t count;
	uint8_t *row;
	uint8_t *reply;
	size_t reply_bytes;
	void *router;
	struct hp_frames batch[BATCH_MAX];
};

static int
fail(const struct floor *floor, const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what,
		floor->db ? sqlite3_errmsg(floor->db) : strerror(errno));
	return 1;
}

static int
open_database(struct floor *floor, const char *path, const struct floor_shape *shape)
{
	char sql[256];
	int largest = 0;
	snprintf(sql, sizeof sql,
		 "PRAGMA page_size=%d; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		 "PRAGMA wal_autocheckpoint=%d; PRAGMA cache_size=-65536",
		 PAGE_BYTES, CHECKPOINT_PAGES);
	if (sqlite3_open(path, &floor->db) != SQLITE_OK ||
	    sqlite3_exec(floor->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(floor, path);
	for (size_t i = 0; i < shape->count; i++) {
		struct table *table = &floor->tables[floor->count++];
		table->per_message = shape->tables[i].rows;
		if (shape->tables[i].rows > 0)
			table->row_bytes = (int)(shape->tables[i].bytes / shape->tables[i].rows);
		if (table->row_bytes > largest)
			largest = table->row_bytes;
		snprintf(sql, sizeof sql, "CREATE TABLE t%zu(key INTEGER PRIMARY KEY, row BLOB)",
			 i);
		if (sqlite3_exec(floor->db, sql, NULL, NULL, NULL) != SQLITE_OK)
			return fail(floor, sql);
		snprintf(sql, sizeof sql, "INSERT INTO t%zu(row) VALUES(?1)", i);
		if (sqlite3_prepare_v2(floor->db, sql, -1, &table->insert, NULL) != SQLITE_OK)
			return fail(floor, sql);
	}
	if (sqlite3_prepare_v2(floor->db, "BEGIN", -1, &floor->begin, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(floor->db, "COMMIT", -1, &floor->commit, NULL) != SQLITE_OK)
		return fail(floor, "prepare");
	floor->row = calloc(1, (size_t)largest + 1);
	return floor->row ? 0 : fail(floor, "memory");
}

static bool
step(sqlite3_stmt *stmt)
{
	bool done = sqlite3_step(stmt) == SQLITE_DONE;
	sqlite3_reset(stmt);
	return done;
}

static bool
store(struct floor *floor)
{
	for (size_t i = 0; i < floor->count; i++) {
		struct table *table = &floor->tables[i];
		for (table->owed += table->per_message; table->owed >= 1; table->owed -= 1) {
			sqlite3_bind_blob(table->insert, 1, floor->row, table->row_bytes,
					  SQLITE_STATIC);
			if (!step(table->insert))
				return false;
		}
	}
	return true;
}

/* The reply carries the message's number where bench_broker.c looks for it. */
static bool
answer(struct floor *floor, struct hp_frames *frames)
{
	const uint8_t *seq = memmem(zmq_msg_data(&frames->payload),
				    zmq_msg_size(&frames->payload), "\xa3seq\xcf", 5);
	if (!seq)
		return true;
	memcpy(floor->reply + 4, seq + 5, 8);
	enum hp_status status = hp_frames_send(floor->router, &frames->envelope, floor->reply,
					       floor->reply_bytes);
	return status == HP_OK || status == HP_UNAVAILABLE;
}

/* Everything that is there by now, at most a batch; one transaction; the answers. */
static int
turn(struct floor *floor)
{
	size_t count = 0;
	while (count < BATCH_MAX &&
	       hp_frames_receive(floor->router, &floor->batch[count]) == HP_OK)
		count++;
	bool ok = count == 0 || step(floor->begin);
	for (size_t i = 0; i < count && ok; i++)
		ok = store(floor);
	if (count && ok)
		ok = step(floor->commit);
	if (!ok)
		return fail(floor, "transaction");
	for (size_t i = 0; i < count; i++) {
		if (!floor->batch[i].has_payload || !answer(floor, &floor->batch[i]))
			ok = false;
		hp_frames_release(&floor->batch[i]);
	}
	return ok ? 0 : fail(floor, "answer");
}

static bool
open_router(struct floor *floor, void *context, const char *endpoint, const struct hp_keyfile *key)
{
	const int yes = 1, unbounded = 0; /* it drops no answer, however far behind its peer is */
	floor->router = zmq_socket(context, ZMQ_ROUTER);
	return floor->router &&
	       zmq_setsockopt(floor->router, ZMQ_CURVE_SERVER, &yes, sizeof yes) == 0 &&
	       zmq_setsockopt(floor->router, ZMQ_CURVE_SECRETKEY, key->curve_secret,
			      HP_CURVE_BYTES) == 0 &&
	       zmq_setsockopt(floor->router, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes) == 0 &&
	       zmq_setsockopt(floor->router, ZMQ_SNDHWM, &unbounded, sizeof unbounded) == 0 &&
	       zmq_bind(floor->router, endpoint) == 0;
}

static volatile sig_atomic_t stopped;

static void
stop(int signal)
{
	stopped = 1;
}

int
floor_serve(const char *database, const char *endpoint, const struct hp_keyfile *key,
	    const struct floor_shape *shape)
{
	static struct floor floor;
	static const char head[] = "\xa2re\xcf\0\0\0\0\0\0\0\0\xa4type\xa7receipt";
	struct sigaction action = {.sa_handler = stop};
	void *context = zmq_ctx_new();

	floor.reply_bytes = shape->reply_bytes > sizeof head ? shape->reply_bytes : sizeof head;
	floor.reply = calloc(1, floor.reply_bytes);
	if (!floor.reply || !context)
		return fail(&floor, "memory");
	memcpy(floor.reply, head, sizeof head - 1);
	if (open_database(&floor, database, shape) != 0)
		return 1;
	if (!open_router(&floor, context, endpoint, key)) {
		fprintf(stderr, "floor: %s: %s\n", endpoint, zmq_strerror(errno));
		return 1;
	}
	sigaction(SIGTERM, &action, NULL);
	puts("ready");
	fflush(stdout);
	int code = 0;
	while (!stopped && code == 0) {
		zmq_pollitem_t item = {.socket = floor.router, .events = ZMQ_POLLIN};
		if (zmq_poll(&item, 1, 1000) > 0)
			code = turn(&floor);
	}
	zmq_close(floor.router);
	zmq_ctx_term(context);
	for (size_t i = 0; i < floor.count; i++)
		sqlite3_finalize(floor.tables[i].insert);
	sqlite3_finalize(floor.begin);
	sqlite3_finalize(floor.commit);
	sqlite3_close(floor.db);
	free(floor.row);
	free(floor.reply);
	return code;
}
