/*
 * kill -9 in the middle of every write (lifecycle invariant 8): a child takes turns as a broker
 * does and dies at its n-th operation, for every n. What it acknowledged is there, whole turns
 * only, the log verifies, and the next broker goes on from there.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault_vfs.h"
#include "log_fixture.h"
#include "tests/stride.h"

enum { TURNS = 4, LEAVES_A_TURN = 3 };

/* Operations of the writer of the lock file count too. */
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

ssize_t
__wrap_write(int fd, const void *bytes, size_t len)
{
	(void)fault_vfs_step();
	return __real_write(fd, bytes, len);
}

int
__wrap_fsync(int fd)
{
	(void)fault_vfs_step();
	return __real_fsync(fd);
}

int
__wrap_rename(const char *from, const char *to)
{
	(void)fault_vfs_step();
	return __real_rename(from, to);
}

static struct log_fixture log1;

static void
start(void)
{
	fault_vfs_install();
	log_fixture_open(&log1);
}

static void
stop(void)
{
	log_fixture_close(&log1);
}

TestSuite(crash, .init = start, .fini = stop);

static bool
append(int64_t n)
{
	struct hp_arena arena = {0};
	struct hp_value *body = hp_value_map(&arena);
	struct hp_audit_entry entry = {
		.event = "policy", .actor = "b", .request = "", .body = body};
	hp_map_set_int(&arena, body, "n", n);
	log1.clock.wall_ms++;
	enum hp_status status = hp_audit_append(log1.audit, &log1.clock, &entry, NULL);
	hp_arena_release(&arena);
	return status == HP_OK;
}

/* A request comes, the one before it is granted; three leaves; one commit. */
static bool
turn(uint64_t n)
{
	struct hp_row row = fixture_row(&log1.f, (unsigned)n, HP_STATE_PENDING), before;
	if (hp_store_begin(log1.f.store) != HP_OK)
		return false;
	if (n > 0) {
		if (hp_store_get_key(log1.f.store, &log1.f.arena, (int64_t)n, &before) != HP_OK)
			return false;
		before.state = HP_STATE_GRANTED;
		if (hp_store_move(log1.f.store, &before, HP_STATE_PENDING, 1) != HP_OK)
			return false;
	}
	if (hp_store_insert(log1.f.store, &row) != HP_OK)
		return false;
	for (int64_t i = 0; i < LEAVES_A_TURN; i++)
		if (!append(i))
			return false;
	if (hp_store_commit(log1.f.store) != HP_OK)
		return false;
	hp_audit_committed(log1.audit);
	return true;
}

/* Says on `out` what it would have acknowledged: 'c' a commit, 'l' a checkpoint. */
static void
child(int out, unsigned nth)
{
	const char *message;
	fault_vfs_arm(nth, FAULT_KILL, false);
	if (log_fixture_reopen(&log1, &message) != HP_OK)
		_exit(3);
	uint64_t first = hp_audit_size(log1.audit) / LEAVES_A_TURN;
	for (uint64_t n = first; n < first + TURNS; n++) {
		if (!turn(n) || __real_write(out, "c", 1) != 1)
			_exit(4);
		if (n % 2 && (hp_audit_checkpoint(log1.audit, NULL) != HP_OK ||
			      __real_write(out, "l", 1) != 1))
			_exit(5);
	}
	log_fixture_shut(&log1); /* the log is moved into the database here */
	_exit(0);
}

/* What the child said before it ended; *ret_code as of waitpid(). */
static size_t
run_child(unsigned nth, char *said, size_t size, int *ret_code)
{
	int ends[2];
	size_t len = 0;
	ssize_t got;
	cr_assert_eq(pipe(ends), 0);
	log_fixture_shut(&log1);
	fflush(NULL);
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		close(ends[0]);
		child(ends[1], nth);
	}
	close(ends[1]);
	while ((got = read(ends[0], said + len, size - len)) > 0)
		len += (size_t)got;
	close(ends[0]);
	cr_assert_eq(waitpid(pid, ret_code, 0), pid);
	return len;
}

static void
expect_state(uint64_t before, const char *said, size_t len, unsigned nth)
{
	uint64_t commits = before, locked = 0, told = 0;
	const char *message;
	for (size_t i = 0; i < len; i++) {
		commits += said[i] == 'c';
		locked = said[i] == 'l' ? commits : locked;
	}
	cr_assert_eq(log_fixture_reopen(&log1, &message), HP_OK, "operation %u: %s", nth, message);
	uint64_t size = hp_audit_size(log1.audit), turns = size / LEAVES_A_TURN;
	cr_assert_eq(size % LEAVES_A_TURN, 0, "operation %u: half a turn", nth);
	cr_assert_geq(turns, commits, "operation %u: an acknowledged turn is gone", nth);
	cr_assert_leq(turns, commits + 1, "operation %u", nth);
	cr_assert_not_null(hp_audit_checkpoint_text(log1.audit, &told));
	cr_assert_geq(told, locked * LEAVES_A_TURN);
	/* State and evidence together: a request a turn, all but the last one granted. */
	int64_t counts[HP_STATE_COUNT];
	cr_assert_eq(hp_store_count_states(log1.f.store, counts), HP_OK);
	cr_assert_eq(counts[HP_STATE_PENDING], turns > 0 ? 1 : 0);
	cr_assert_eq(counts[HP_STATE_GRANTED], turns > 0 ? (int64_t)turns - 1 : 0);
}

Test(crash, killed_in_every_operation, .timeout = 300)
{
	char said[4 * TURNS];
	int code = 0;
	for (unsigned nth = 1;; nth += stride(5)) {
		uint64_t before = hp_audit_size(log1.audit) / LEAVES_A_TURN;
		size_t len = run_child(nth, said, sizeof said, &code);
		cr_assert(WIFEXITED(code) ? WEXITSTATUS(code) == 0 : WTERMSIG(code) == SIGKILL,
			  "operation %u: %d", nth, code);
		expect_state(before, said, len, nth);
		/* The next broker signs the whole tree, and it is the tree of these leaves. */
		log_fixture_checkpoint(&log1);
		if (WIFEXITED(code)) {
			cr_assert_gt(nth, 50);
			break;
		}
	}
	uint8_t public_key[HP_SIGN_PUBLIC_BYTES];
	struct hp_checkpoint checkpoint;
	const char *text = hp_audit_checkpoint_text(log1.audit, NULL);
	hp_crypto_sign_public(log1.seed, public_key);
	cr_assert_eq(hp_checkpoint_verify(text, strlen(text), LOG_INSTANCE, public_key,
					  &checkpoint, NULL),
		     HP_OK);
	struct hp_hash root = log_fixture_hash(&log1, 0, hp_audit_size(log1.audit));
	cr_assert_arr_eq(checkpoint.root.bytes, root.bytes, sizeof root.bytes);
}
