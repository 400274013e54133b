/*
 * bench_audit - a log of a million leaves: appended, verified, proved, exported, beside what the
 * hashing and the reading alone cost here.
 *
 * The log is that of a busy broker: of ten requests nine are allowed by policy (granted, executing,
 * succeeded) and one is held, approved with one vote, and run; each has its rows. A checkpoint every
 * 4,096 leaves, as a broker makes at that many a second.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/broker/made_log.h"

enum { BATCH = 256, CHECKPOINT_EVERY = 4096, APPENDED = 200000, PROOFS = 2000 };

static void
die(const char *what)
{
	fprintf(stderr, "bench_audit: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double
now_s(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static char *
join(const char *dir, const char *name)
{
	char *path = NULL;
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		die("memory");
	return path;
}

/* ---- a log ---- */

static void
make_request(unsigned n)
{
	bool held = n % 10 == 0;
	struct hp_row row = made_submit(n, held ? "hold" : "allow",
					held ? HP_STATE_PENDING : HP_STATE_GRANTED, held);
	if (held)
		made_decide(&row, MADE_ANA, true, HP_STATE_GRANTED);
	made_move(&row, HP_STATE_EXECUTING, "exec", "");
	made_move(&row, HP_STATE_SUCCEEDED, "exec", "");
	hp_arena_reset(&made_arena);
}

/* Writes DIR/holdpoint.db, and its verifier key to DIR/key. */
static void
make_log(const char *dir, uint64_t leaves)
{
	char *key = join(dir, "key");
	uint64_t next = CHECKPOINT_EVERY;
	double start = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
	int out = dup(STDOUT_FILENO);
	made_open(dir);
	made_batch(BATCH);
	for (unsigned n = 1; made_size() < leaves; n++) {
		make_request(n);
		if (made_size() >= next) {
			made_checkpoint();
			next = made_size() + CHECKPOINT_EVERY;
		}
	}
	uint64_t size = made_size();
	fflush(stdout);
	if (!freopen(key, "w", stdout))
		die(key);
	made_close();
	fflush(stdout);
	if (out < 0 || dup2(out, STDOUT_FILENO) < 0)
		die("standard output");
	close(out);
	double wall = now_s(CLOCK_MONOTONIC) - start;
	printf("made      %9llu leaves with their requests' rows in %6.1f s, %7.0f a second (cpu %.1f "
	       "s)\n", (unsigned long long)size, wall, (double)size / wall,
	       now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	free(key);
}

/* Leaves alone, in transactions of 256. */
static void
append(const char *dir)
{
	static const struct hp_clock clock = {.wall_ms = 1767225600000, .boottime_ms = 1};
	const uint8_t seed[HP_SIGN_SEED_BYTES] = {1};
	char *path = join(dir, "append.db"), *lock = join(dir, "append.lock");
	struct hp_store *store = NULL;
	struct hp_audit *audit = NULL;
	struct hp_arena arena = {0};
	struct hp_value *body = hp_value_map(&arena);
	hp_map_set_str(&arena, body, "state", "succeeded");
	hp_map_set_str(&arena, body, "from", "executing");
	hp_map_set_str(&arena, body, "cause", "succeeded");
	const struct hp_audit_entry entry = {
		.event = "request.succeeded", .actor = "executor",
		.request = "65d4d3c3-0000-4000-8000-000000000000", .body = body};
	made_must(hp_store_open(path, &store, NULL), "open");
	made_must(hp_audit_open(store, MADE_INSTANCE, seed, lock, &audit, NULL), "open the log");
	double start = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
	for (unsigned done = 0; done < APPENDED; done += BATCH) {
		made_must(hp_store_begin(store), "begin");
		for (unsigned i = 0; i < BATCH; i++)
			made_must(hp_audit_append(audit, &clock, &entry, NULL), "append");
		made_must(hp_store_commit(store), "commit");
		hp_audit_committed(audit);
		made_must(hp_store_checkpoint_wal(store), "move the write-ahead log");
	}
	double wall = now_s(CLOCK_MONOTONIC) - start;
	uint64_t size = hp_audit_size(audit);
	printf("appended  %9llu leaves alone, durable, 256 at once, %7.0f a second (cpu %.1f us each)\n",
	       (unsigned long long)size, (double)size / wall,
	       (now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)size * 1e6);
	hp_audit_close(audit);
	hp_store_close(store);
	hp_arena_release(&arena);
	free(path);
	free(lock);
}

/* ---- the programs ---- */

struct ran {
	double wall, cpu, rss_mib;
};

static struct ran
run(const char *const *argv, const char *out)
{
	struct rusage usage;
	int status;
	double start = now_s(CLOCK_MONOTONIC);
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0)
			execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		die("run");
	if (status != 0) {
		fprintf(stderr, "bench_audit: %s %s failed; see %s\n", argv[1], argv[2], out);
		exit(1);
	}
	return (struct ran){
		now_s(CLOCK_MONOTONIC) - start,
		(double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
			(double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6,
		(double)usage.ru_maxrss / 1024};
}

/* ---- the floor: the same bytes hashed once, the same file read once ---- */

static int64_t
ask(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		die(sql);
	int64_t answer = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return answer;
}

static struct ran
measure_floor(const char *path, int64_t leaves)
{
	static char piece[1 << 20];
	int64_t leaf = ask(path, "SELECT avg(length(leaf)) FROM leaf") + 1;
	int64_t body = ask(path, "SELECT avg(length(body)) FROM leaf") + 32;
	uint8_t hash[HP_HASH_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	double start = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
	if (fd < 0)
		die(path);
	while (read(fd, piece, sizeof piece) > 0)
		continue;
	close(fd);
	for (int64_t i = 0; i < leaves; i++) {
		const struct hp_str parts[] = {
			{piece, (size_t)leaf}, {piece, (size_t)body}, {piece, 65}};
		for (size_t j = 0; j < 3; j++)
			hp_crypto_sha256(&parts[j], 1, hash);
	}
	return (struct ran){now_s(CLOCK_MONOTONIC) - start, now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu, 0};
}

static void
print_ran(const char *what, struct ran ran, int64_t leaves, struct ran floor)
{
	printf("%-9s %9lld leaves in %5.2f s, %7.0f a second; cpu %5.2f s, %3.0f MiB; %.1f times the "
	       "floor, by cpu %.1f\n", what, (long long)leaves, ran.wall,
	       (double)leaves / ran.wall, ran.cpu, ran.rss_mib, ran.wall / floor.wall,
	       ran.cpu / floor.cpu);
	fflush(stdout);
}

/* ---- proofs ---- */

static void
prove(const char *path, uint64_t leaves)
{
	struct hp_store *store = NULL;
	struct hp_arena arena = {0};
	struct hp_hash hashes[HP_MERKLE_PROOF_MAX];
	const char *checkpoint = NULL;
	uint64_t size = 0;
	size_t count = 0, bytes = 0;
	double start = now_s(CLOCK_MONOTONIC);
	made_must(hp_store_open_readonly(path, &store, NULL), "open");
	made_must(hp_store_last_checkpoint(store, &arena, &size, &checkpoint), "checkpoint");
	for (unsigned i = 0; i < PROOFS; i++) {
		struct hp_buf buf = {0};
		uint64_t seq = (uint64_t)i * 2654435761u % leaves;
		made_must(hp_merkle_inclusion(seq, size, hp_store_node_get, store, hashes, &count),
			  "prove");
		hp_checkpoint_add_proof(&buf, seq, hashes, count, checkpoint);
		bytes += buf.len;
		hp_buf_release(&buf);
	}
	printf("proved    %9d leaves, %5.0f us and %zu bytes each\n", PROOFS,
	       (now_s(CLOCK_MONOTONIC) - start) / PROOFS * 1e6, bytes / PROOFS);
	hp_store_close(store);
	hp_arena_release(&arena);
}

int
main(int argc, char **argv)
{
	uint64_t leaves = argc > 3 ? strtoull(argv[3], NULL, 10) : 1000000;
	char vkey[128] = "";
	if (argc < 3 || !leaves) {
		fputs("usage: bench_audit BUILDDIR EMPTYDIR [LEAVES]\n", stderr);
		return 2;
	}
	char *db = join(argv[2], "holdpoint.db"), *export = join(argv[2], "export");
	char *key = join(argv[2], "key"), *out = join(argv[2], "out");
	char *holdpoint = join(argv[1], "holdpoint");
	made_must(hp_crypto_start(), "crypto");
	append(argv[2]);
	make_log(argv[2], leaves);
	FILE *file = fopen(key, "r");
	if (!file || !fgets(vkey, sizeof vkey, file) || fclose(file) != 0)
		die(key);
	vkey[strcspn(vkey, "\n")] = '\0';
	int64_t size = ask(db, "SELECT count(*) FROM leaf");
	printf("          %9lld votes, %lld checkpoints, %.0f MB, a body of %lld bytes on average\n",
	       (long long)ask(db, "SELECT count(*) FROM vote"),
	       (long long)ask(db, "SELECT count(*) FROM checkpoint"),
	       (double)ask(db, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") /
		       1e6,
	       (long long)ask(db, "SELECT avg(length(body)) FROM leaf"));
	struct ran floor = measure_floor(db, size);
	printf("floor     %9lld leaves in %5.2f s, cpu %5.2f s: SHA-256 of the same bytes, the file read "
	       "once\n", (long long)size, floor.wall, floor.cpu);
	print_ran("verified",
		  run((const char *[]){holdpoint, "audit", "verify", "--db", db, "--log-key", vkey,
				       NULL}, out), size, floor);
	print_ran("exported",
		  run((const char *[]){holdpoint, "audit", "export", "--db", db, NULL}, export),
		  size, floor);
	print_ran("… checked",
		  run((const char *[]){holdpoint, "audit", "verify", "--export", export, "--log-key",
				       vkey, NULL}, out), size, floor);
	prove(db, (uint64_t)size);
	free(db);
	free(export);
	free(key);
	free(out);
	free(holdpoint);
	return 0;
}
