/* The log: its leaves, tree and checkpoints are what RFC 6962 and trust.md say, at every size. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/store_sqlite.h"
#include "log_fixture.h"
#include "proto/file.h"

static struct log_fixture log1;

static void
start(void)
{
	log_fixture_open(&log1);
}

static void
stop(void)
{
	log_fixture_close(&log1);
}

TestSuite(audit, .init = start, .fini = stop);

static const char *
read_lock(void)
{
	struct hp_buf buf = {0};
	cr_assert_eq(hp_file_read(log1.lock, &buf, NULL), HP_OK);
	const char *text = hp_arena_strdup(&log1.f.arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return text;
}

/* What is locked, kept and told is one text, and it signs the tree of `size` leaves. */
static void
expect_checkpoint(uint64_t size)
{
	uint8_t public_key[HP_SIGN_PUBLIC_BYTES];
	struct hp_checkpoint checkpoint;
	const char *kept, *locked = read_lock();
	uint64_t told_size = 0, kept_size = 0;
	hp_crypto_sign_public(log1.seed, public_key);
	const char *told = hp_audit_checkpoint_text(log1.audit, &told_size);
	cr_assert_not_null(told);
	cr_assert_eq(hp_store_last_checkpoint(log1.f.store, &log1.f.arena, &kept_size, &kept),
		     HP_OK);
	cr_assert_str_eq(told, locked);
	cr_assert_str_eq(kept, locked);
	cr_assert_eq(kept_size, size);
	cr_assert_eq(told_size, size);
	cr_assert_eq(hp_checkpoint_verify(locked, strlen(locked), LOG_INSTANCE, public_key,
					  &checkpoint, NULL),
		     HP_OK);
	struct hp_hash root = log_fixture_hash(&log1, 0, size);
	cr_assert_eq(checkpoint.size, size);
	cr_assert_arr_eq(checkpoint.root.bytes, root.bytes, sizeof root.bytes);
}

Test(audit, an_empty_log_is_vouched_for)
{
	cr_assert_eq(hp_audit_size(log1.audit), 0);
	cr_assert_eq(hp_audit_last_wall_ms(log1.audit), 0);
	expect_checkpoint(0);
}

Test(audit, a_leaf_says_what_happened)
{
	struct hp_arena *arena = &log1.f.arena;
	struct hp_value *body = hp_value_map(arena);
	uint8_t digest[32] = {1, 2, 3}, body_hash[32];
	hp_map_set_str(arena, body, "state", "denied");
	struct hp_audit_entry entry = {
		.event = "request.denied",
		.actor = "ana",
		.request = "0193f3a2-7c00-7000-8000-000000000001",
		.digest = digest,
		.body = body,
	};
	fixture_begin(&log1.f);
	cr_assert_eq(hp_audit_append(log1.audit, &log1.clock, &entry, NULL), HP_OK);
	cr_assert_eq(hp_audit_append(log1.audit, &log1.clock, &entry, NULL), HP_OK);
	fixture_commit(&log1.f);
	hp_audit_committed(log1.audit);

	struct hp_stored_leaf *leaves;
	struct hp_leaf leaf;
	size_t count;
	cr_assert_eq(hp_store_leaves(log1.f.store, arena, 0, 9, &leaves, &count), HP_OK);
	cr_assert_eq(count, 2);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(hp_leaf_decode(arena, leaves[i].leaf.p, leaves[i].leaf.len, &leaf,
					    NULL),
			     HP_OK);
		cr_assert_eq(leaf.seq, i);
		cr_assert_eq(leaf.wall_ms, log1.clock.wall_ms);
		cr_assert_eq(leaf.boottime_ms, log1.clock.boottime_ms);
		cr_assert_arr_eq(leaf.boot_id, log1.clock.boot_id, 16);
		cr_assert_str_eq(leaf.event, "request.denied");
		cr_assert_str_eq(leaf.actor, "ana");
		cr_assert_str_eq(leaf.request, entry.request);
		cr_assert_arr_eq(leaf.digest, digest, sizeof digest);
		cr_assert_eq(leaves[i].salt.len, HP_SALT_BYTES);
		hp_leaf_body_hash((const uint8_t *)leaves[i].salt.p, leaves[i].body.p,
				  leaves[i].body.len, body_hash);
		cr_assert_arr_eq(leaf.body_hash, body_hash, sizeof body_hash);
	}
	/* Equal bodies have different salts: an erased one cannot be guessed from its twin. */
	cr_assert_arr_neq(leaves[0].salt.p, leaves[1].salt.p, HP_SALT_BYTES);
}

Test(audit, the_tree_is_right_at_every_size)
{
	for (uint64_t size = 1; size <= 70; size++) {
		log_fixture_grow(&log1, size);
		log_fixture_checkpoint(&log1);
		expect_checkpoint(size);
		for (unsigned level = 0; size >> level > 0; level++) {
			struct hp_hash node, wanted;
			uint64_t n = (size >> level) - 1;
			wanted = log_fixture_hash(&log1, n << level, (n + 1) << level);
			cr_assert_eq(hp_store_node_get(log1.f.store, hp_merkle_index(level, n),
						       &node), HP_OK);
			cr_assert_arr_eq(node.bytes, wanted.bytes, sizeof node.bytes);
		}
	}
}

Test(audit, it_grows_on_from_every_size_after_a_restart)
{
	const char *message;
	for (uint64_t size = 1; size <= 40; size++) {
		log_fixture_grow(&log1, size);
		if (size % 3 == 0) /* else the tail lies beyond the lock, as after a crash */
			log_fixture_checkpoint(&log1);
		cr_assert_eq(log_fixture_reopen(&log1, &message), HP_OK, "%s", message);
		cr_assert_eq(hp_audit_size(log1.audit), size);
		cr_assert_eq(hp_audit_last_wall_ms(log1.audit), log1.clock.wall_ms);
	}
	log_fixture_checkpoint(&log1);
	expect_checkpoint(40);
}

Test(audit, adding_a_leaf_reads_no_node)
{
	sqlite3_stmt *get = NULL;
	const char *message;
	log_fixture_grow(&log1, 13);
	cr_assert_eq(log_fixture_reopen(&log1, &message), HP_OK, "%s", message);
	for (size_t i = 0; i < HP_STORE_STATEMENTS; i++) {
		sqlite3_stmt *stmt = log1.f.store->statements[i].stmt;
		if (stmt && strstr(sqlite3_sql(stmt), "SELECT hash FROM node"))
			get = stmt;
	}
	cr_assert_not_null(get); /* it was used to read the edge */
	sqlite3_stmt_status(get, SQLITE_STMTSTATUS_RUN, 1);
	log_fixture_grow(&log1, 77);
	log_fixture_checkpoint(&log1);
	cr_assert_eq(sqlite3_stmt_status(get, SQLITE_STMTSTATUS_RUN, 0), 0);
	expect_checkpoint(77);
}

Test(audit, a_rollback_forgets_its_leaves)
{
	log_fixture_grow(&log1, 5);
	int64_t wall_ms = hp_audit_last_wall_ms(log1.audit);
	for (int again = 0; again < 3; again++) {
		fixture_begin(&log1.f);
		for (int i = 0; i < 4; i++)
			log_fixture_append(&log1, -1);
		cr_assert_eq(hp_audit_size(log1.audit), 9);
		hp_store_rollback(log1.f.store);
		hp_audit_rolled_back(log1.audit);
		cr_assert_eq(hp_audit_size(log1.audit), 5);
		cr_assert_eq(hp_audit_last_wall_ms(log1.audit), wall_ms);
	}
	log_fixture_grow(&log1, 11);
	log_fixture_checkpoint(&log1);
	expect_checkpoint(11);
}

/* lifecycle.md "Clocks": leaves written while approvals are frozen do not thaw them. */
Test(audit, the_latest_wall_clock_stands_when_the_clock_goes_back)
{
	const char *message;
	log_fixture_grow(&log1, 3);
	int64_t latest = log1.clock.wall_ms;
	log1.clock.wall_ms -= 3600000;
	fixture_begin(&log1.f); /* what remembers it is rolled back with the leaf that made it */
	log_fixture_append(&log1, 1);
	hp_store_rollback(log1.f.store);
	hp_audit_rolled_back(log1.audit);
	for (uint64_t size = 4; size < 8; size++) {
		log_fixture_grow(&log1, size);
		cr_assert_eq(hp_audit_last_wall_ms(log1.audit), latest);
		if (size % 2 == 0)
			cr_assert_eq(log_fixture_reopen(&log1, &message), HP_OK, "%s", message);
		cr_assert_eq(hp_audit_last_wall_ms(log1.audit), latest);
	}
	log1.clock.wall_ms = latest + 1;
	log_fixture_grow(&log1, 8);
	latest = log1.clock.wall_ms;
	cr_assert_eq(hp_audit_last_wall_ms(log1.audit), latest);
	cr_assert_eq(log_fixture_reopen(&log1, &message), HP_OK, "%s", message);
	cr_assert_eq(hp_audit_last_wall_ms(log1.audit), latest);
}

Test(audit, what_cannot_be_encoded_is_not_half_logged)
{
	struct hp_arena *arena = &log1.f.arena;
	struct hp_value *body = hp_value_map(arena);
	struct hp_error err = {0};
	struct hp_audit_entry entry = {
		.event = "note", .actor = "ana", .request = "", .body = body};
	hp_map_set(arena, body, "x", hp_value_float(arena, (double)NAN));
	fixture_begin(&log1.f);
	cr_assert_neq(hp_audit_append(log1.audit, &log1.clock, &entry, &err), HP_OK);
	cr_assert_neq(err.message[0], '\0');
	cr_assert_eq(hp_audit_size(log1.audit), 0);
	log_fixture_append(&log1, 1);
	fixture_commit(&log1.f);
	hp_audit_committed(log1.audit);
	log_fixture_checkpoint(&log1);
	expect_checkpoint(1);
}

Test(audit, a_checkpoint_of_the_same_size_writes_nothing)
{
	struct stat before, after;
	log_fixture_grow(&log1, 3);
	log_fixture_checkpoint(&log1);
	cr_assert_eq(stat(log1.lock, &before), 0);
	log_fixture_checkpoint(&log1);
	cr_assert_eq(stat(log1.lock, &after), 0);
	cr_assert_eq(before.st_ino, after.st_ino);
	log_fixture_grow(&log1, 4);
	log_fixture_checkpoint(&log1);
	cr_assert_eq(stat(log1.lock, &after), 0);
	cr_assert_neq(before.st_ino, after.st_ino); /* replaced, never rewritten in place */
	cr_assert_eq(after.st_mode & 0777, 0644);
}

/* Reads "c2sp.org/tlog-proof@v1\nindex N\n" hashes "\n" checkpoint. */
static size_t
read_proof(const char *text, uint64_t seq, struct hp_hash *proof, const char **ret_checkpoint)
{
	const char *head = hp_arena_printf(&log1.f.arena, "c2sp.org/tlog-proof@v1\nindex %d\n",
					   (int)seq);
	size_t count = 0;
	cr_assert_eq(strncmp(text, head, strlen(head)), 0, "%s", text);
	for (text += strlen(head); *text != '\n'; text = strchr(text, '\n') + 1)
		cr_assert_eq(hp_crypto_base64(text, strcspn(text, "\n"), proof[count++].bytes, 32),
			     HP_OK);
	*ret_checkpoint = text + 1;
	return count;
}

Test(audit, every_leaf_under_the_checkpoint_has_a_proof)
{
	struct hp_hash proof[HP_MERKLE_PROOF_MAX];
	struct hp_buf buf = {0};
	log_fixture_grow(&log1, 21);
	log_fixture_checkpoint(&log1);
	log_fixture_grow(&log1, 26); /* not under it yet */
	struct hp_hash root = log_fixture_hash(&log1, 0, 21);
	for (uint64_t seq = 0; seq < 26; seq++) {
		const char *checkpoint;
		hp_buf_reset(&buf);
		enum hp_status status = hp_audit_proof(log1.audit, seq, &buf, NULL);
		cr_assert_eq(status, seq < 21 ? HP_OK : HP_NOT_FOUND);
		if (status != HP_OK)
			continue;
		struct hp_hash leaf = log_fixture_hash(&log1, seq, seq + 1);
		size_t count = read_proof(hp_buf_text(&buf), seq, proof, &checkpoint);
		cr_assert_str_eq(checkpoint, read_lock());
		cr_assert_eq(hp_merkle_verify_inclusion(seq, 21, &leaf, proof, count, &root),
			     HP_OK);
	}
	hp_buf_release(&buf);
}

/* ---- the lock file, while running ---- */

Test(audit, a_lock_that_another_replaced_stops_us)
{
	struct hp_error err = {0};
	log_fixture_grow(&log1, 1);
	log_fixture_checkpoint(&log1);
	const char *ours = read_lock();
	log_fixture_grow(&log1, 2);
	cr_assert_eq(hp_file_write(log1.lock, "theirs\n", 7, 0644, HP_FILE_REPLACE, NULL), HP_OK);
	cr_assert_eq(hp_audit_checkpoint(log1.audit, &err), HP_CONFLICT);
	cr_assert(strstr(err.message, log1.lock), "%s", err.message);
	cr_assert_str_eq(read_lock(), "theirs\n");
	cr_assert_eq(unlink(log1.lock), 0);
	cr_assert_eq(hp_audit_checkpoint(log1.audit, &err), HP_CONFLICT);
	cr_assert_neq(access(log1.lock, F_OK), 0);
	cr_assert_eq(hp_file_write(log1.lock, ours, strlen(ours), 0644, HP_FILE_REPLACE, NULL),
		     HP_OK);
	log_fixture_checkpoint(&log1);
	expect_checkpoint(2);
}

Test(audit, two_databases_cannot_share_a_lock)
{
	struct hp_store *store;
	struct hp_audit *audit = NULL;
	struct hp_error err = {0};
	const char *dir = fixture_file(&log1.f, "copy");
	cr_assert_eq(mkdir(dir, 0700), 0);
	const char *path = fixture_file(&log1.f, "copy/holdpoint.db");
	cr_assert_eq(hp_store_open(path, &store, NULL), HP_OK);
	cr_assert_eq(hp_audit_open(store, LOG_INSTANCE, log1.seed, log1.lock, &audit, &err),
		     HP_CONFLICT);
	cr_assert(strstr(err.message, ".held"), "%s", err.message);
	hp_store_close(store);
	unlink(path);
	unlink(fixture_file(&log1.f, "copy/lock"));
	cr_assert_eq(rmdir(dir), 0);
}

Test(audit, a_lock_that_cannot_be_written_is_an_io_error)
{
	const char *message;
	free((void *)(uintptr_t)log1.lock);
	log1.lock = strdup(fixture_file(&log1.f, "absent/checkpoint.lock"));
	cr_assert_eq(log_fixture_reopen(&log1, &message), HP_IO, "%s", message);
	cr_assert(strstr(message, "absent"), "%s", message);
}
