/*
 * What a start finds: crashes between any two steps are repaired, everything else is refused and
 * says why (audit.h, invariant 3).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log_fixture.h"
#include "proto/file.h"

static struct log_fixture log1;

/* Five leaves under a checkpoint of five, two more under one of seven. */
static void
start(void)
{
	log_fixture_open(&log1);
	log_fixture_grow(&log1, 5);
	log_fixture_checkpoint(&log1);
	log_fixture_grow(&log1, 7);
	log_fixture_checkpoint(&log1);
}

static void
stop(void)
{
	log_fixture_close(&log1);
}

TestSuite(audit_open, .init = start, .fini = stop);

static void
expect_refusal(enum hp_status status, const char *why)
{
	const char *message;
	cr_assert_eq(log_fixture_reopen(&log1, &message), status, "%s", message);
	cr_assert_null(log1.audit);
	cr_assert(strstr(message, why), "\"%s\" lacks \"%s\"", message, why);
	cr_assert(strstr(message, "holdpointd --rebase"), "%s", message);
}

static void
expect_size(uint64_t size)
{
	const char *message;
	uint64_t told = 0;
	cr_assert_eq(log_fixture_reopen(&log1, &message), HP_OK, "%s", message);
	cr_assert_eq(hp_audit_size(log1.audit), size);
	log_fixture_checkpoint(&log1);
	cr_assert_not_null(hp_audit_checkpoint_text(log1.audit, &told));
	cr_assert_eq(told, size);
}

static const char *
saved(const char *name)
{
	return fixture_file(&log1.f, name);
}

/* Changes the database behind the broker's back, triggers notwithstanding. */
static void
tamper(const char *sql)
{
	log_fixture_shut(&log1);
	const char *error = fixture_sql(
		&log1.f, hp_arena_printf(&log1.f.arena,
					 "DROP TRIGGER leaf_kept; DROP TRIGGER leaf_fixed;"
					 "DROP TRIGGER node_kept; DROP TRIGGER node_fixed; %s",
					 sql));
	cr_assert_str_eq(error, "", "%s", error);
}

/* ---- what a crash leaves ---- */

Test(audit_open, killed_between_commit_and_lock)
{
	log_fixture_grow(&log1, 12);
	expect_size(12);
}

Test(audit_open, killed_before_the_first_checkpoint_of_any_leaf)
{
	log_fixture_close(&log1);
	log_fixture_open(&log1);
	log_fixture_grow(&log1, 3);
	expect_size(3);
}

Test(audit_open, killed_between_lock_and_its_row)
{
	const char *text;
	uint64_t size;
	log_fixture_shut(&log1);
	fixture_sql(&log1.f, "DELETE FROM checkpoint WHERE size = 7");
	expect_size(7);
	cr_assert_eq(hp_store_last_checkpoint(log1.f.store, &log1.f.arena, &size, &text), HP_OK);
	cr_assert_eq(size, 7); /* what was published is kept */
}

Test(audit_open, erased_bodies_are_no_damage)
{
	tamper("UPDATE leaf SET body = NULL, salt = NULL");
	expect_size(7);
}

/* ---- what somebody did ---- */

Test(audit_open, a_missing_lock_is_refused)
{
	cr_assert_eq(unlink(log1.lock), 0);
	expect_refusal(HP_CONFLICT, "it is missing although the log is not empty");
}

Test(audit_open, a_rolled_back_database_is_refused)
{
	log_fixture_shut(&log1);
	copy_file(log1.f.path, saved("old.db"));
	const char *message;
	cr_assert_eq(log_fixture_reopen(&log1, &message), HP_OK);
	log_fixture_grow(&log1, 9);
	log_fixture_checkpoint(&log1);
	log_fixture_shut(&log1);
	cr_assert_eq(rename(saved("old.db"), log1.f.path), 0);
	expect_refusal(HP_CONFLICT, "vouches for 9 leaves but the database has 7");
}

Test(audit_open, an_empty_database_is_a_rolled_back_one)
{
	log_fixture_shut(&log1);
	cr_assert_eq(unlink(log1.f.path), 0);
	expect_refusal(HP_CONFLICT, "vouches for 7 leaves but the database has 0");
}

Test(audit_open, a_fork_is_refused)
{
	log_fixture_shut(&log1);
	copy_file(log1.f.path, saved("old.db"));
	copy_file(log1.lock, saved("old.lock"));
	const char *message;
	cr_assert_eq(log_fixture_reopen(&log1, &message), HP_OK);
	log_fixture_grow(&log1, 9);
	log_fixture_checkpoint(&log1);
	copy_file(log1.lock, saved("new.lock"));
	log_fixture_shut(&log1);
	/* Another history from leaf 7 on, longer than the one that was vouched for. */
	cr_assert_eq(rename(saved("old.db"), log1.f.path), 0);
	cr_assert_eq(rename(saved("old.lock"), log1.lock), 0);
	cr_assert_eq(log_fixture_reopen(&log1, &message), HP_OK);
	log_fixture_grow(&log1, 12);
	log_fixture_shut(&log1);
	cr_assert_eq(rename(saved("new.lock"), log1.lock), 0);
	expect_refusal(HP_CONFLICT, "it was forked or changed");
}

Test(audit_open, an_old_lock_put_back_is_refused)
{
	copy_file(log1.lock, saved("old.lock"));
	log_fixture_grow(&log1, 9);
	log_fixture_checkpoint(&log1);
	cr_assert_eq(rename(saved("old.lock"), log1.lock), 0);
	expect_refusal(HP_CONFLICT, "an old lock file was put back");
}

Test(audit_open, a_foreign_lock_is_refused)
{
	static const struct {
		const char *origin;
		uint8_t key; /* first byte of the seed; ours is 9 */
	} cases[] = {{LOG_INSTANCE, 1}, {"hp.example/other", 9}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_buf text = {0};
		struct hp_checkpoint checkpoint = {.origin = cases[i].origin, .size = 7};
		uint8_t seed[HP_SIGN_SEED_BYTES] = {cases[i].key, 8, 7};
		hp_checkpoint_sign(&text, &checkpoint, seed);
		cr_assert_eq(hp_file_write(log1.lock, text.data, text.len, 0644, HP_FILE_REPLACE,
					   NULL),
			     HP_OK);
		hp_buf_release(&text);
		expect_refusal(HP_BAD_SIGNATURE, "is not signed by this instance's log key");
	}
}

Test(audit_open, a_damaged_lock_is_refused)
{
	struct hp_buf text = {0};
	cr_assert_eq(hp_file_read(log1.lock, &text, NULL), HP_OK);
	for (size_t i = 0; i < text.len; i += 3) {
		text.data[i] ^= 1;
		cr_assert_eq(hp_file_write(log1.lock, text.data, text.len, 0644, HP_FILE_REPLACE,
					   NULL),
			     HP_OK);
		expect_refusal(HP_BAD_SIGNATURE, log1.lock);
		text.data[i] ^= 1;
	}
	for (size_t len = 0; len < text.len; len += 7) {
		cr_assert_eq(hp_file_write(log1.lock, text.data, len, 0644, HP_FILE_REPLACE, NULL),
			     HP_OK);
		expect_refusal(HP_BAD_SIGNATURE, log1.lock);
	}
	cr_assert_eq(hp_file_write(log1.lock, text.data, text.len, 0644, HP_FILE_REPLACE, NULL),
		     HP_OK);
	hp_buf_release(&text);
	expect_size(7);
}

Test(audit_open, a_changed_database_is_refused)
{
	static const struct {
		const char *sql;
		enum hp_status status;
		const char *why;
	} cases[] = {
		/* Under the lock: the nodes of the root. */
		{"UPDATE node SET hash = zeroblob(32) WHERE idx = 6", HP_CONFLICT, "another root"},
		{"DELETE FROM node WHERE idx = 6", HP_CONFLICT, "another root"},
		{"DELETE FROM leaf WHERE seq = 6", HP_CONFLICT, "the database has 6"},
		/* The last leaf, whose clock is believed. */
		{"UPDATE leaf SET leaf = (SELECT leaf FROM leaf WHERE seq = 5) WHERE seq = 6",
		 HP_CONFLICT, "leaf 6 is damaged"},
		{"UPDATE leaf SET leaf = x'c0' WHERE seq = 6", HP_CONFLICT, "leaf 6 is damaged"},
		{"UPDATE leaf SET body = x'80' WHERE seq = 6", HP_CONFLICT, "leaf 6 is damaged"},
		{"UPDATE leaf SET salt = zeroblob(32) WHERE seq = 6", HP_CONFLICT,
		 "leaf 6 is damaged"},
		/* Checkpoints. */
		{"UPDATE checkpoint SET text = replace(text, '7', '8') WHERE size = 7",
		 HP_BAD_SIGNATURE, "not signed by this instance's log key"},
		{"DELETE FROM checkpoint WHERE size = 7;"
		 "UPDATE checkpoint SET text = '' WHERE size = 5",
		 HP_BAD_SIGNATURE, "not signed by this instance's log key"},
		{"UPDATE checkpoint SET size = 6 WHERE size = 7", HP_CONFLICT, ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		log_fixture_close(&log1);
		start();
		tamper(cases[i].sql);
		expect_refusal(cases[i].status, cases[i].why);
	}
}

Test(audit_open, a_changed_tail_is_refused)
{
	static const struct {
		const char *sql, *why;
	} cases[] = {
		{"UPDATE leaf SET leaf = (SELECT leaf FROM leaf WHERE seq = 9) WHERE seq = 8",
		 "leaf 8 is damaged"},
		{"UPDATE leaf SET body = x'80' WHERE seq = 9", "leaf 9 is damaged"},
		{"DELETE FROM leaf WHERE seq = 8", "leaf 8 is missing"},
		{"DELETE FROM leaf WHERE seq = 7", "leaf 7 is missing"},
		{"INSERT INTO leaf SELECT 30, leaf, body, salt FROM leaf WHERE seq = 9",
		 "leaf 10 is missing"},
		/* Leaves that are sound in themselves. */
		{"UPDATE node SET hash = zeroblob(32) WHERE idx = (SELECT max(idx) FROM node)",
		 "is not the one the tree holds"},
		{"DELETE FROM node WHERE idx = (SELECT max(idx) FROM node)",
		 "is not the one the tree holds"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		log_fixture_close(&log1);
		start();
		log_fixture_grow(&log1, 10); /* beyond the lock, as after a crash */
		tamper(cases[i].sql);
		expect_refusal(HP_CONFLICT, cases[i].why);
	}
}
