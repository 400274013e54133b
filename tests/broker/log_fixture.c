#include "log_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
log_fixture_open(struct log_fixture *log)
{
	*log = (struct log_fixture){
		.clock = {.wall_ms = 1700000000000, .boottime_ms = 1000, .boot_id = {1, 2, 3}},
		.seed = {9, 8, 7},
	};
	fixture_open(&log->f);
	log->lock = strdup(fixture_file(&log->f, "checkpoint.lock"));
	const char *message;
	cr_assert_eq(log_fixture_reopen(log, &message), HP_OK, "%s", message);
}

void
log_fixture_shut(struct log_fixture *log)
{
	hp_audit_close(log->audit);
	hp_store_close(log->f.store);
	log->audit = NULL;
	log->f.store = NULL;
}

void
log_fixture_close(struct log_fixture *log)
{
	log_fixture_shut(log);
	fixture_close(&log->f);
	free((void *)(uintptr_t)log->lock);
}

enum hp_status
log_fixture_reopen(struct log_fixture *log, const char **ret_message)
{
	struct hp_error err = {0};
	log_fixture_shut(log);
	fixture_reopen(&log->f);
	enum hp_status status = hp_audit_open(log->f.store, LOG_INSTANCE, log->seed, log->lock,
					      &log->audit, &err);
	*ret_message = hp_arena_strdup(&log->f.arena, status == HP_OK ? "" : err.message);
	return status;
}

void
log_fixture_append(struct log_fixture *log, int64_t n)
{
	struct hp_error err = {0};
	struct hp_arena arena = {0};
	struct hp_value *body = hp_value_map(&arena);
	hp_map_set_int(&arena, body, "n", n);
	struct hp_audit_entry entry = {
		.event = "policy",
		.actor = "broker",
		.request = "",
		.body = body,
	};
	log->clock.wall_ms += 1000;
	log->clock.boottime_ms += 1000;
	enum hp_status status = hp_audit_append(log->audit, &log->clock, &entry, &err);
	cr_assert_eq(status, HP_OK, "%s", err.message);
	hp_arena_release(&arena);
}

void
log_fixture_grow(struct log_fixture *log, uint64_t size)
{
	fixture_begin(&log->f);
	while (hp_audit_size(log->audit) < size)
		log_fixture_append(log, (int64_t)hp_audit_size(log->audit));
	fixture_commit(&log->f);
	hp_audit_committed(log->audit);
}

void
log_fixture_checkpoint(struct log_fixture *log)
{
	struct hp_error err = {0};
	cr_assert_eq(hp_audit_checkpoint(log->audit, &err), HP_OK, "%s", err.message);
}

struct hp_hash
log_fixture_hash(struct log_fixture *log, uint64_t from, uint64_t to)
{
	struct hp_hash hash, left, right;
	struct hp_stored_leaf *leaf;
	size_t count;
	if (from == to) {
		hp_crypto_sha256(NULL, 0, hash.bytes);
		return hash;
	}
	if (to - from == 1) {
		struct hp_arena arena = {0};
		cr_assert_eq(hp_store_leaves(log->f.store, &arena, from, 1, &leaf, &count), HP_OK);
		cr_assert_eq(count, 1);
		hp_merkle_leaf_hash(leaf->leaf.p, leaf->leaf.len, &hash);
		hp_arena_release(&arena);
		return hash;
	}
	uint64_t split = 1;
	while (split * 2 < to - from)
		split *= 2;
	left = log_fixture_hash(log, from, from + split);
	right = log_fixture_hash(log, from + split, to);
	hp_merkle_node_hash(&left, &right, &hash);
	return hash;
}

void
copy_file(const char *from, const char *to)
{
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	char bytes[4096];
	size_t len;
	cr_assert(in && out);
	while ((len = fread(bytes, 1, sizeof bytes, in)) > 0)
		cr_assert_eq(fwrite(bytes, 1, len, out), len);
	fclose(in);
	cr_assert_eq(fclose(out), 0);
}
