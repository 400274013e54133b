/*
 * bench_broker - durable submits a second, beside the floor measured in the same run.
 *
 *   bench_broker [--seconds S] [--windows 1,16,256] BUILDDIR EMPTYDIR
 *
 * Spawns holdpointd on a trial instance and the floor (floor.h), both under EMPTYDIR, and drives
 * each with one DEALER that keeps a window of messages unanswered. The two take turns, so that a
 * disk that is slow for a while is slow for both. A submit counts when its receipt has come: by
 * then it is on disk. "cpu us" is the server's processor time for each, all its threads together.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/msgpack.h"
#include "core/yaml.h"
#include "proto/link.h"
#include "tests/bench/floor.h"

enum {
	WARM_UP = 2000, /* submits from which the shape of one is measured */
	WINDOWS_MAX = 8,
	ROUNDS = 4, /* in which broker and floor take turns */
	ANSWER_MS = 30000,
};

static const char request[] =
	"type: submit\n"
	"seq: 0\n"
	"id: 00000000-0000-4000-8000-000000000000\n"
	"action:\n"
	"  operation: lambda:UpdateFunctionConfiguration\n"
	"  environment: development\n"
	"  resources: [\"function/cost-refresh-dev\"]\n"
	"  arguments:\n"
	"    FunctionName: cost-refresh-dev\n"
	"    Environment: {Variables: {RETRY_STALE_ROWS: \"true\"}}\n"
	"  audience: executor\n"
	"summary: Let the refresh job retry stale cost rows\n"
	"why: Only the rows of 2025-12 are stale; the refresh job skips rows that failed once.\n"
	"  With this setting it tries them again on its next run, in ten minutes.\n"
	"impact: {resources_affected: 1, cost_usd: 0, downtime_s: 0, users_affected: 0, "
	"reversible: true}\n"
	"alternatives:\n"
	"  - approach: Delete and recreate the stack\n"
	"    rejected_because: hours of downtime for a few stale rows\n"
	"rollback:\n"
	"  plan: Unset RETRY_STALE_ROWS\n"
	"  operation: lambda:UpdateFunctionConfiguration\n"
	"  minutes: 1\n"
	"confidence: 0.88\n"
	"session: fix-cost-explorer-7\n"
	"branch: remediate\n";

_Noreturn static void HP_PRINTF(1, 2)
die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("bench_broker: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1); /* stop_all() takes the children along */
}

static char *
format(const char *text, ...)
{
	static char texts[16][512];
	static unsigned next;
	char *result = texts[next++ % 16];
	va_list args;
	va_start(args, text);
	vsnprintf(result, sizeof texts[0], text, args);
	va_end(args);
	return result;
}

/* ---- children ---- */

static pid_t children[2];
static size_t child_count;

static void
stop_all(void)
{
	while (child_count > 0) {
		kill(children[--child_count], SIGTERM);
		waitpid(children[child_count], NULL, 0);
	}
}

/* In a child. */
_Noreturn static void
become(const char *const *argv)
{
	char *copy[8] = {0};
	for (size_t i = 0; i < 7 && argv[i]; i++)
		copy[i] = strdup(argv[i]);
	execv(copy[0], copy);
	_exit(127);
}

/* Starts a server and waits until it says "ready". */
static pid_t
start(const char *const *argv)
{
	int fds[2];
	char line[16] = "";
	if (pipe(fds) != 0)
		die("pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		become(argv);
	}
	children[child_count++] = pid;
	close(fds[1]);
	FILE *out = fdopen(fds[0], "r"); /* stays open: a server may write more */
	if (!out || !fgets(line, sizeof line, out) || strcmp(line, "ready\n") != 0)
		die("%s did not start", argv[0]);
	return pid;
}

/* Processor time a server has used in all its threads: what a busy machine does not blur. */
static double
cpu_seconds(pid_t pid)
{
	char path[64], line[512];
	unsigned long user = 0, kernel = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	const char *at = file && fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			  &kernel) != 2)
		die("%s: cannot read it", path);
	fclose(file);
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static void
run(const char *const *argv)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(127);
		become(argv);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		die("%s %s failed", argv[0], argv[1]);
}

/* ---- one message, ready to be sent again and again ---- */

struct message {
	struct hp_buf bytes;
	size_t id_at, seq_at;
};

static size_t
find(const struct hp_buf *buf, const char *text, size_t len)
{
	const uint8_t *at = memmem(buf->data, buf->len, text, len);
	if (!at)
		die("the request does not hold what it should");
	return (size_t)(at - buf->data);
}

static void
make_message(struct message *message)
{
	struct hp_arena arena = {0};
	const struct hp_value *map;
	struct hp_error err = {0};
	if (hp_yaml_load(&arena, request, sizeof request - 1, &map, &err) != HP_OK)
		die("request:%u: %s", err.line, err.message);
	struct hp_value *copy = hp_value_copy(&arena, map);
	copy->map.pairs[1].value = hp_value_uint(&arena, UINT64_C(1) << 40); /* nine bytes */
	if (hp_msgpack_encode(copy, &message->bytes, &err) != HP_OK)
		die("request: %s", err.message);
	message->id_at = find(&message->bytes, "00000000-0000-4000", 18);
	message->seq_at = find(&message->bytes, "\xa3seq\xcf", 5) + 5;
	hp_arena_release(&arena);
}

/* A fresh random id, as uuid4() gives, and the number. */
static void
number_message(struct message *message, uint64_t seq)
{
	static uint64_t state = 0x9e3779b97f4a7c15;
	if (state == 0x9e3779b97f4a7c15)
		hp_crypto_random(&state, sizeof state);
	char *id = (char *)message->bytes.data + message->id_at;
	for (size_t i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23 || i == 14 || i == 19)
			continue;
		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		id[i] = "0123456789abcdef"[state >> 60];
	}
	for (size_t i = 0; i < 8; i++)
		message->bytes.data[message->seq_at + i] =
			(uint8_t)(((UINT64_C(1) << 40) + seq) >> (56 - 8 * i));
}

/* ---- driving ---- */

struct samples {
	uint32_t *us;
	size_t count, capacity;
	double seconds, cpu_seconds;
};

struct peer {
	pid_t pid;
	struct hp_link link;
	uint64_t sent, received;
	size_t reply_bytes;
};

static int64_t
now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
add_sample(struct samples *samples, int64_t us)
{
	if (samples->count == samples->capacity) {
		samples->capacity = samples->capacity ? samples->capacity * 2 : 65536;
		samples->us = realloc(samples->us, samples->capacity * sizeof *samples->us);
		if (!samples->us)
			die("out of memory");
	}
	samples->us[samples->count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

/* Takes the replies that are there; each must be a receipt, in the order of the messages. */
static void
take_replies(struct peer *peer, int64_t *sent_at_us, size_t window, struct samples *samples)
{
	struct hp_link *link = &peer->link;
	zmq_msg_t frame;
	zmq_msg_init(&frame);
	while (zmq_msg_recv(&frame, link->socket, ZMQ_DONTWAIT) >= 0) {
		if (zmq_msg_more(&frame))
			continue;
		const uint8_t *bytes = zmq_msg_data(&frame);
		size_t len = zmq_msg_size(&frame);
		const uint8_t *re = memmem(bytes, len, "\xa2re\xcf", 4);
		uint64_t seq = 0;
		for (size_t i = 0; re && i < 8; i++)
			seq = seq << 8 | re[4 + i];
		if (seq - (UINT64_C(1) << 40) != peer->received ||
		    !memmem(bytes, len, "\xa4type\xa7receipt", 13))
			die("not the receipt expected: %.*s", (int)len, (const char *)bytes);
		add_sample(samples, now_us() - sent_at_us[peer->received % window]);
		peer->received++;
		peer->reply_bytes = len;
	}
	zmq_msg_close(&frame);
}

/* Keeps `window` messages unanswered for so long, or until so many are sent; then drains. */
static void
drive(struct peer *peer, struct message *message, size_t window, double seconds, uint64_t count,
      struct samples *samples)
{
	int64_t *sent_at_us = calloc(window, sizeof *sent_at_us);
	double cpu_before = cpu_seconds(peer->pid);
	int64_t start_us = now_us(), end_us = start_us + (int64_t)(seconds * 1e6);
	uint64_t last = peer->sent + count;
	if (!sent_at_us)
		die("out of memory");
	for (bool sending = true; sending || peer->received < peer->sent;) {
		sending = count ? peer->sent < last : now_us() < end_us;
		while (sending && peer->sent - peer->received < window) {
			number_message(message, peer->sent);
			sent_at_us[peer->sent % window] = now_us();
			if (hp_link_send(&peer->link, message->bytes.data, message->bytes.len) !=
			    HP_OK)
				die("cannot send: %s", zmq_strerror(errno));
			peer->sent++;
			sending = !count || peer->sent < last;
		}
		if (peer->received == peer->sent)
			break;
		zmq_pollitem_t item = {.socket = peer->link.socket, .events = ZMQ_POLLIN};
		if (zmq_poll(&item, 1, ANSWER_MS) <= 0)
			die("no answer in %d s", ANSWER_MS / 1000);
		take_replies(peer, sent_at_us, window, samples);
	}
	samples->seconds += (double)(now_us() - start_us) / 1e6;
	samples->cpu_seconds += cpu_seconds(peer->pid) - cpu_before;
	free(sent_at_us);
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

struct point {
	double rate, p50_ms, p99_ms, cpu_us;
};

static struct point
sum_up(struct samples *samples)
{
	if (samples->count == 0)
		die("nothing was answered");
	qsort(samples->us, samples->count, sizeof *samples->us, by_size);
	struct point point = {
		.rate = (double)samples->count / samples->seconds,
		.p50_ms = samples->us[samples->count / 2] / 1e3,
		.p99_ms = samples->us[samples->count * 99 / 100] / 1e3,
		.cpu_us = samples->cpu_seconds * 1e6 / (double)samples->count,
	};
	free(samples->us);
	*samples = (struct samples){0};
	return point;
}

/* ---- what a submit writes ---- */

/* Rows and bytes of each table of the broker's database, indexes left out. */
static void
measure_tables(const char *path, struct floor_shape *ret_shape)
{
	static const char list_sql[] = "SELECT name FROM sqlite_schema WHERE type = 'table' "
				       "AND name NOT LIKE 'sqlite_%' ORDER BY name";
	struct floor_shape shape = {0};
	sqlite3 *db;
	sqlite3_stmt *names, *sizes;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, list_sql, -1, &names, NULL) != SQLITE_OK)
		die("%s: %s", path, sqlite3_errmsg(db));
	while (sqlite3_step(names) == SQLITE_ROW && shape.count < FLOOR_TABLES) {
		const char *name = (const char *)sqlite3_column_text(names, 0);
		char sql[256]; /* not format(): there are more tables than it keeps texts */
		snprintf(sql, sizeof sql,
			 "SELECT (SELECT count(*) FROM \"%s\"), "
			 "(SELECT sum(payload) FROM dbstat WHERE name = '%s')",
			 name, name);
		if (sqlite3_prepare_v2(db, sql, -1, &sizes, NULL) != SQLITE_OK ||
		    sqlite3_step(sizes) != SQLITE_ROW)
			die("%s: %s", sql, sqlite3_errmsg(db));
		shape.tables[shape.count++] = (struct floor_table){
			sqlite3_column_double(sizes, 0), sqlite3_column_double(sizes, 1)};
		sqlite3_finalize(sizes);
	}
	sqlite3_finalize(names);
	sqlite3_close(db);
	*ret_shape = shape;
}

static void
measure_shape(struct peer *broker, struct message *message, const char *database,
	      struct floor_shape *ret_shape)
{
	struct floor_shape before, after;
	struct samples ignored = {0};
	measure_tables(database, &before);
	drive(broker, message, 64, 0, WARM_UP, &ignored);
	measure_tables(database, &after);
	for (size_t i = 0; i < after.count; i++) {
		after.tables[i].rows = (after.tables[i].rows - before.tables[i].rows) / WARM_UP;
		after.tables[i].bytes = (after.tables[i].bytes - before.tables[i].bytes) / WARM_UP;
	}
	after.reply_bytes = broker->reply_bytes;
	free(ignored.us);
	*ret_shape = after;
}

/* ---- the two ---- */

static void
connect_to(struct peer *peer, void *context, const char *endpoint, const uint8_t *server_key,
	   const struct hp_keyfile *key)
{
	struct hp_error err = {0};
	if (hp_link_open(context, ZMQ_DEALER, "agents", endpoint, server_key, key,
			 hp_link_now_ms() + ANSWER_MS, &peer->link, &err) != HP_OK)
		die("%s", err.message);
}

static void
start_broker(struct peer *peer, void *context, const char *build, const char *home,
	     const struct hp_keyfile *key)
{
	struct hp_arena arena = {0};
	struct hp_broker_info info;
	struct hp_error err = {0};
	peer->pid = start((const char *[]){format("%s/holdpointd", build), "--home", home, NULL});
	if (hp_broker_info_read(&arena, format("%s/broker.json", home), &info, &err) != HP_OK)
		die("%s", err.message);
	connect_to(peer, context, info.agents, info.curve_public, key);
	hp_arena_release(&arena);
}

/* The floor runs as this program again: its key and its shape go by file and argument. */
static void
start_floor(struct peer *peer, void *context, const char *dir, const struct floor_shape *shape,
	    const struct hp_keyfile *key)
{
	struct hp_keyfile own;
	struct hp_error err = {0};
	struct hp_buf text = {0};
	char *key_path = format("%s/floor.key", dir), *endpoint = format("ipc://%s/floor", dir);
	hp_keyfile_generate("floor", &own);
	if (hp_keyfile_write(key_path, &own, NULL, 0, &err) != HP_OK)
		die("%s", err.message);
	hp_buf_printf(&text, "%zu", shape->reply_bytes);
	for (size_t i = 0; i < shape->count; i++)
		hp_buf_printf(&text, ",%.9g:%.9g", shape->tables[i].rows, shape->tables[i].bytes);
	peer->pid = start((const char *[]){"/proc/self/exe", "--floor",
					   format("%s/floor.db", dir), endpoint, key_path,
					   hp_buf_text(&text), NULL});
	connect_to(peer, context, endpoint, own.curve_public, key);
	hp_buf_release(&text);
}

static int
be_floor(char **argv)
{
	struct hp_keyfile key;
	struct hp_error err = {0};
	struct floor_shape shape = {0};
	char *at;
	if (hp_keyfile_read(argv[4], NULL, NULL, &key, &err) != HP_OK)
		die("%s", err.message);
	shape.reply_bytes = strtoul(argv[5], &at, 10);
	while (*at == ',' && shape.count < FLOOR_TABLES) {
		struct floor_table *table = &shape.tables[shape.count++];
		table->rows = strtod(at + 1, &at);
		table->bytes = *at == ':' ? strtod(at + 1, &at) : 0;
	}
	return floor_serve(argv[2], argv[3], &key, &shape);
}

static void
print_point(size_t window, const struct point *broker, const struct point *floor)
{
	const struct point *const points[] = {broker, floor};
	printf("%6zu", window);
	for (size_t i = 0; i < 2; i++)
		printf("  %9.0f %7.2f %7.2f %6.0f", points[i]->rate, points[i]->p50_ms,
		       points[i]->p99_ms, points[i]->cpu_us);
	printf("  %5.2f\n", broker->rate / floor->rate);
	fflush(stdout);
}

static void
bench(const char *build, const char *dir, const size_t *windows, size_t count, double seconds)
{
	struct hp_error err = {0};
	struct hp_keyfile key;
	struct message message = {0};
	struct peer broker = {0}, floor = {0};
	struct floor_shape shape;
	void *context = zmq_ctx_new();
	char *home = format("%s/hp", dir);

	run((const char *[]){format("%s/holdpoint", build), "--quiet", "init", home, NULL});
	/* Thousands of requests of one agent are one chain, far over the caps of one action. */
	run((const char *[]){"/bin/sed", "-i", "-E", "s/(max_resources_affected): [0-9]+/\\1: 100000000/",
			     format("%s/policy.yaml", home), NULL});
	if (hp_keyfile_read(format("%s/keys/demo-agent-supervised.key", home), NULL, NULL, &key,
			    &err) != HP_OK)
		die("%s", err.message);
	make_message(&message);
	start_broker(&broker, context, build, home, &key);
	measure_shape(&broker, &message, format("%s/state/holdpoint.db", home), &shape);
	start_floor(&floor, context, dir, &shape, &key);

	printf("One client; a submit has %zu bytes, its receipt %zu, and it leaves %.1f rows of "
	       "%.0f bytes.\n",
	       message.bytes.len, shape.reply_bytes, floor_rows(&shape), floor_bytes(&shape));
	printf("window  submits/s  p50 ms  p99 ms cpu us    floor/s  p50 ms  p99 ms cpu us  "
	       "ratio\n");
	fflush(stdout);
	for (size_t i = 0; i < count; i++) {
		struct samples ours = {0}, theirs = {0};
		for (int round = 0; round < ROUNDS; round++) {
			drive(&floor, &message, windows[i], seconds / ROUNDS, 0, &theirs);
			drive(&broker, &message, windows[i], seconds / ROUNDS, 0, &ours);
		}
		struct point ours_point = sum_up(&ours), floor_point = sum_up(&theirs);
		print_point(windows[i], &ours_point, &floor_point);
	}
	hp_link_close(&broker.link);
	hp_link_close(&floor.link);
	zmq_ctx_term(context);
	hp_buf_release(&message.bytes);
}

static size_t
parse_windows(char *text, size_t windows[WINDOWS_MAX])
{
	size_t count = 0;
	char *rest;
	for (char *word = strtok_r(text, ",", &rest); word && count < WINDOWS_MAX;
	     word = strtok_r(NULL, ",", &rest)) {
		windows[count] = strtoul(word, NULL, 10);
		if (windows[count] < 1 || windows[count] > 900) /* below libzmq's high-water mark */
			die("--windows: expected 1 to 900, not \"%s\"", word);
		count++;
	}
	return count;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"seconds", required_argument, NULL, 's'},
		{"windows", required_argument, NULL, 'w'},
		{0},
	};
	size_t windows[WINDOWS_MAX] = {1, 16, 256}, count = 3;
	double seconds = 10;
	if (hp_crypto_start() != HP_OK)
		die("the cryptographic library does not start");
	if (argc == 6 && strcmp(argv[1], "--floor") == 0)
		return be_floor(argv);
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 's')
			seconds = strtod(optarg, NULL);
		else if (c == 'w')
			count = parse_windows(optarg, windows);
		else
			return 2;
	}
	if (argc - optind != 2 || seconds <= 0 || count == 0) {
		fputs("usage: bench_broker [--seconds S] [--windows N,…] BUILDDIR EMPTYDIR\n",
		      stderr);
		return 2;
	}
	atexit(stop_all);
	bench(argv[optind], argv[optind + 1], windows, count, seconds);
	return 0;
}
