/*
 * A disk that fails (trust.md, trap 6): each write of a turn fails in its turn. The store says so,
 * says so from then on, and after a restart the turn is there whole or not at all.
 */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "fault_vfs.h"
#include "store_fixture.h"
#include "tests/stride.h"

static struct fixture f;

static void
start(void)
{
	fault_vfs_install();
	fixture_open(&f);
}

static void
stop(void)
{
	fixture_close(&f);
}

TestSuite(store_faults, .init = start, .fini = stop);

/* One turn: request `n` arrives, request `before` is granted, with vote, leaf and node. */
static enum hp_status
turn(unsigned n, struct hp_row *before)
{
	struct hp_row row = fixture_row(&f, n, HP_STATE_PENDING);
	struct hp_row moved = *before;
	moved.state = HP_STATE_GRANTED;
	struct hp_stored_vote vote = {.by = "ana", .person = "ana", .approve = true};
	struct hp_stored_leaf leaf = {.seq = n - 1, .leaf = fixture_str("leaf")};
	struct hp_hash hash = {{1}};
	enum hp_status status = hp_store_begin(f.store);
	if (status == HP_OK)
		status = hp_store_insert(f.store, &row);
	if (status == HP_OK)
		status = hp_store_move(f.store, &moved, HP_STATE_PENDING, 1);
	if (status == HP_OK)
		status = hp_store_put_vote(f.store, before->key, &vote);
	if (status == HP_OK)
		status = hp_store_add_leaf(f.store, &leaf);
	if (status == HP_OK)
		status = hp_store_node_put(f.store, n, &hash);
	if (status == HP_OK)
		status = hp_store_put_int(f.store, "event_seq", n);
	if (status == HP_OK)
		status = hp_store_commit(f.store);
	if (status == HP_OK)
		status = hp_store_checkpoint_wal(f.store);
	return status;
}

/* What of the turn is in the database: 0 nothing, 1 all; anything else fails the test. */
static int
found(unsigned n, const struct hp_row *before)
{
	struct hp_row row;
	struct hp_stored_vote *votes;
	struct hp_hash hash;
	uint64_t leaves = 0;
	int64_t event_seq = -1;
	size_t count = 0;
	const char *id = fixture_row(&f, n, HP_STATE_PENDING).id;
	bool inserted = hp_store_get(f.store, &f.arena, id, &row) == HP_OK;
	cr_assert_eq(hp_store_votes(f.store, &f.arena, before->key, &votes, &count), HP_OK);
	cr_assert_eq(hp_store_leaf_count(f.store, &leaves), HP_OK);
	cr_assert_eq(hp_store_get_int(f.store, "event_seq", 0, &event_seq), HP_OK);
	struct hp_row seen = fixture_get(&f, before->key);
	cr_assert_eq(seen.state == HP_STATE_GRANTED, inserted);
	cr_assert_eq(count == 1, inserted);
	cr_assert_eq(leaves, inserted ? n : n - 1);
	cr_assert_eq(hp_store_node_get(f.store, n, &hash) == HP_OK, inserted);
	cr_assert_eq(event_seq == n, inserted);
	return inserted;
}

/* After a failure nothing is believed, whatever the engine has done behind our back. */
static void
expect_failed_for_good(void)
{
	struct hp_row row;
	int64_t counts[HP_STATE_COUNT];
	hp_store_rollback(f.store);
	cr_assert_eq(hp_store_begin(f.store), HP_IO);
	cr_assert_eq(hp_store_get_key(f.store, &f.arena, 1, &row), HP_IO);
	cr_assert_eq(hp_store_count_states(f.store, counts), HP_IO);
	cr_assert_eq(hp_store_checkpoint_wal(f.store), HP_IO);
	cr_assert_neq(hp_store_error(f.store)[0], '\0');
}

static unsigned
try_every_write(int result, bool for_good)
{
	unsigned n = 1, failures = 0;
	struct hp_row before = fixture_insert(&f, 1000, HP_STATE_PENDING);
	for (unsigned nth = 1;; nth++) {
		fault_vfs_arm(nth, result, for_good);
		enum hp_status status = turn(n, &before);
		bool struck = fault_vfs_struck();
		if (status != HP_OK) {
			cr_assert_eq(status, HP_IO, "write %u", nth);
			expect_failed_for_good();
			failures++;
		}
		fault_vfs_arm(0, 0, false);
		fixture_reopen(&f);
		bool there = found(n, &before);
		cr_assert(there || status != HP_OK, "write %u: committed, and gone", nth);
		if (!struck)
			return failures;
		if (there) {
			before = fixture_get(&f, 1);
			cr_assert_eq(hp_store_get(f.store, &f.arena,
						  fixture_row(&f, n, HP_STATE_PENDING).id, &before),
				     HP_OK);
			n++;
		}
	}
}

Test(store_faults, every_write_may_fail_once)
{
	cr_assert_gt(try_every_write(SQLITE_IOERR_WRITE, false), 5);
}

Test(store_faults, every_write_may_fail_for_good)
{
	cr_assert_gt(try_every_write(SQLITE_IOERR_WRITE, true), 5);
}

Test(store_faults, a_full_disk)
{
	cr_assert_gt(try_every_write(SQLITE_FULL, true), 5);
}

Test(store_faults, a_failed_sync)
{
	cr_assert_gt(try_every_write(SQLITE_IOERR_FSYNC, false), 5);
}

/* store.h: what is committed is on the disk, not only with the system. */
Test(store_faults, every_commit_is_synced)
{
	for (unsigned n = 1; n < 5; n++) {
		unsigned before = fault_vfs_syncs();
		fixture_insert(&f, n, HP_STATE_PENDING);
		cr_assert_gt(fault_vfs_syncs(), before);
	}
}

/* The engine rolls back on FULL by itself: what follows must not commit alone. */
Test(store_faults, nothing_commits_after_a_failure_inside_the_turn)
{
	static char large[60000];
	struct hp_row before = fixture_insert(&f, 1000, HP_STATE_PENDING);
	struct hp_row row = fixture_row(&f, 1, HP_STATE_PENDING);
	int64_t value;
	fixture_begin(&f);
	cr_assert_eq(hp_store_put_int(f.store, "first", 1), HP_OK);
	/* Pages spill from the cache into the log inside the transaction, and the disk is full. */
	fault_vfs_arm(1, SQLITE_FULL, true);
	row.canonical = (struct hp_str){large, sizeof large};
	enum hp_status status = HP_OK;
	for (unsigned n = 1; status == HP_OK && n < 5000; n++) {
		row.id = hp_arena_printf(&f.arena, "id-%u", n);
		status = hp_store_insert(f.store, &row);
	}
	cr_assert_eq(status, HP_IO);
	fault_vfs_arm(0, 0, false); /* there is room again */
	cr_assert_eq(hp_store_put_int(f.store, "second", 2), HP_IO);
	cr_assert_eq(hp_store_commit(f.store), HP_IO);
	hp_store_rollback(f.store);
	fixture_reopen(&f);
	cr_assert_eq(hp_store_get_int(f.store, "first", 0, &value), HP_OK);
	cr_assert_eq(value, 0);
	cr_assert_eq(hp_store_get_int(f.store, "second", 0, &value), HP_OK);
	cr_assert_eq(value, 0);
	struct hp_row seen = fixture_get(&f, before.key);
	fixture_expect_row(&seen, &before);
}

/* A new database is made whole or refused; the next start completes it. */
Test(store_faults, creation_may_fail_at_every_write)
{
	for (unsigned nth = 1;; nth += stride(3)) {
		hp_store_close(f.store);
		f.store = NULL;
		unlink(f.path);
		fault_vfs_arm(nth, SQLITE_IOERR_WRITE, true);
		enum hp_status status = hp_store_open(f.path, &f.store, NULL);
		bool struck = fault_vfs_struck();
		cr_assert(status == HP_OK || status == HP_IO);
		fault_vfs_arm(0, 0, false);
		fixture_reopen(&f);
		fixture_insert(&f, nth, HP_STATE_PENDING);
		if (!struck)
			break;
	}
}
