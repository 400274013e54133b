/*
 * Opening the log: nothing is served from a database that is not the one last vouched for.
 *
 * The lock file is the witness: its checkpoint was durable before anybody saw it. So the database
 * holds at least its leaves, with its root; what lies beyond was committed in the moment before a
 * crash and is recomputed leaf by leaf.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/audit_private.h"
#include "broker/lockfile.h"
#include "core/text.h"
#include "proto/file.h"

#define REMEDY "; after finding out why, `holdpointd --rebase REASON` accepts the database"

enum { TAIL_LEAVES = 256 }; /* leaves read at a time */

enum hp_status
hp_audit_fail_lock(const struct hp_audit *audit, struct hp_error *err, enum hp_status status,
		   const char *reason)
{
	struct hp_arena arena = {0};
	const char *shown = hp_text_safe(&arena, audit->lock_path, 0);
	hp_fail(err, status, "checkpoint lock \"%s\": %s", shown ? shown : "", reason);
	hp_arena_release(&arena);
	return status;
}

static enum hp_status
fail_store(const struct hp_audit *audit, struct hp_error *err, enum hp_status status)
{
	return hp_fail(err, status, "cannot read the log: %s",
		       *hp_store_error(audit->store) ? hp_store_error(audit->store)
						     : hp_status_text(status));
}

/* Verifies a checkpoint's text, wherever it stood. */
static enum hp_status
verify_text(const struct hp_audit *audit, const char *text, size_t len,
	    struct hp_checkpoint *ret_checkpoint, const char **ret_reason)
{
	static const char reason[] =
		"its checkpoint is not signed by this instance's log key" REMEDY;
	enum hp_status status = hp_checkpoint_verify(text, len, audit->instance,
						     audit->public_key, ret_checkpoint, NULL);
	*ret_reason = reason;
	return status == HP_NOMEM || status == HP_OK ? status : HP_BAD_SIGNATURE;
}

/* *ret_locked is false for an absent file. */
static enum hp_status
read_lock(struct hp_audit *audit, bool *ret_locked, struct hp_checkpoint *ret_checkpoint,
	  struct hp_error *err)
{
	const char *reason;
	enum hp_status status = hp_file_read(audit->lock_path, &audit->text, err);
	*ret_locked = status == HP_OK;
	if (status == HP_NOT_FOUND)
		return HP_OK;
	if (status != HP_OK)
		return status;
	status = verify_text(audit, hp_buf_text(&audit->text), audit->text.len, ret_checkpoint,
			     &reason);
	return status == HP_OK ? HP_OK : hp_audit_fail_lock(audit, err, status, reason);
}

/* The root of the first `size` leaves, from stored nodes, is `root`. */
static enum hp_status
check_root(struct hp_audit *audit, const struct hp_checkpoint *checkpoint, const char *reason,
	   struct hp_error *err)
{
	struct hp_audit_nodes nodes = {.tree = &audit->tree, .store = audit->store};
	struct hp_hash root;
	enum hp_status status =
		hp_merkle_root(checkpoint->size, hp_audit_node_get, &nodes, &root);
	if (status == HP_NOT_FOUND)
		return hp_audit_fail_lock(audit, err, HP_CONFLICT, reason);
	if (status != HP_OK)
		return fail_store(audit, err, status);
	return memcmp(&root, &checkpoint->root, sizeof root) == 0
		       ? HP_OK
		       : hp_audit_fail_lock(audit, err, HP_CONFLICT, reason);
}

static enum hp_status
check_rollback(struct hp_audit *audit, uint64_t count, const struct hp_checkpoint *lock,
	       struct hp_error *err)
{
	char reason[256];
	if (lock->size <= count)
		return HP_OK;
	snprintf(reason, sizeof reason,
		 "it vouches for %" PRIu64 " leaves but the database has %" PRIu64
		 ": the database was rolled back" REMEDY,
		 lock->size, count);
	return hp_audit_fail_lock(audit, err, HP_CONFLICT, reason);
}

/*
 * The newest checkpoint in the store. Normally it is the lock's; after a crash between the two it
 * is the one before, and the lock's is kept now. One that is newer than the lock means that an old
 * lock file was put back.
 */
static enum hp_status
check_kept(struct hp_audit *audit, const struct hp_checkpoint *lock, struct hp_error *err)
{
	struct hp_arena arena = {0};
	struct hp_checkpoint kept = {0};
	const char *text = NULL, *reason = NULL;
	uint64_t size = 0;

	enum hp_status status = hp_store_last_checkpoint(audit->store, &arena, &size, &text);
	if (status != HP_OK)
		status = fail_store(audit, err, status);
	else if (text && verify_text(audit, text, strlen(text), &kept, &reason) != HP_OK)
		status = hp_fail(err, HP_BAD_SIGNATURE,
				 "the database's last checkpoint is not signed by this "
				 "instance's log key" REMEDY);
	else if (text && (kept.size != size || size > lock->size))
		status = hp_audit_fail_lock(audit, err, HP_CONFLICT,
					    "the database has a newer checkpoint: an old lock "
					    "file was put back" REMEDY);
	else if (text)
		status = check_root(audit, &kept,
				    "the database's own last checkpoint has another root: the "
				    "database was changed" REMEDY,
				    err);
	if (status == HP_OK && audit->text.len > 0 && (!text || size < lock->size))
		status = hp_audit_keep_checkpoint(audit, lock->size, err);
	hp_arena_release(&arena);
	return status;
}

/* One stored leaf is what its place in the log and the tree say. */
static enum hp_status
check_leaf(struct hp_audit *audit, struct hp_audit_nodes *nodes, struct hp_arena *arena,
	   const struct hp_stored_leaf *stored, struct hp_error *err)
{
	struct hp_leaf leaf;
	struct hp_hash hash;
	uint8_t body_hash[HP_HASH_BYTES];
	uint64_t seq = audit->tree.size;

	if (stored->seq != seq)
		return hp_fail(err, HP_CONFLICT, "leaf %" PRIu64 " is missing" REMEDY, seq);
	enum hp_status status =
		hp_leaf_decode(arena, stored->leaf.p, stored->leaf.len, &leaf, NULL);
	if (status == HP_NOMEM)
		return hp_fail(err, status, "out of memory");
	bool sound = status == HP_OK && leaf.seq == seq;
	if (sound && stored->body.p && stored->salt.len == HP_SALT_BYTES) {
		hp_leaf_body_hash((const uint8_t *)stored->salt.p, stored->body.p,
				  stored->body.len, body_hash);
		sound = memcmp(body_hash, leaf.body_hash, sizeof body_hash) == 0;
	}
	if (!sound)
		return hp_fail(err, HP_CONFLICT, "leaf %" PRIu64 " is damaged" REMEDY, seq);
	hp_merkle_leaf_hash(stored->leaf.p, stored->leaf.len, &hash);
	status = hp_audit_tree_append(nodes, &hash);
	if (status == HP_CONFLICT || status == HP_NOT_FOUND)
		return hp_fail(err, HP_CONFLICT,
			       "leaf %" PRIu64 " is not the one the tree holds" REMEDY, seq);
	if (leaf.wall_ms > audit->last_wall_ms)
		audit->last_wall_ms = leaf.wall_ms;
	return status == HP_OK ? HP_OK : fail_store(audit, err, status);
}

/* Grows audit->tree from `from` leaves to `count`, checking each against the stored nodes. */
static enum hp_status
check_tail(struct hp_audit *audit, uint64_t from, uint64_t count, struct hp_error *err)
{
	struct hp_audit_nodes nodes = {
		.tree = &audit->tree, .store = audit->store, .check_only = true};
	struct hp_arena arena = {0};

	enum hp_status status = hp_audit_tree_load(&nodes, from);
	if (status == HP_NOT_FOUND)
		status = hp_fail(err, HP_CONFLICT, "a node of the log's tree is missing" REMEDY);
	else if (status != HP_OK)
		status = fail_store(audit, err, status);
	while (status == HP_OK && audit->tree.size < count) {
		struct hp_stored_leaf *leaves;
		size_t got;
		hp_arena_reset(&arena);
		status = hp_store_leaves(audit->store, &arena, audit->tree.size, TAIL_LEAVES,
					 &leaves, &got);
		if (status != HP_OK)
			status = fail_store(audit, err, status);
		for (size_t i = 0; status == HP_OK && i < got; i++)
			status = check_leaf(audit, &nodes, &arena, &leaves[i], err);
	}
	hp_arena_release(&arena);
	return status;
}

static enum hp_status
check(struct hp_audit *audit, struct hp_error *err)
{
	struct hp_checkpoint lock = {0};
	bool locked = false;
	uint64_t count = 0;

	enum hp_status status = hp_store_leaf_count(audit->store, &count);
	if (status != HP_OK)
		return fail_store(audit, err, status);
	status = hp_store_get_int(audit->store, HP_AUDIT_WALL_SETTING, 0, &audit->last_wall_ms);
	if (status != HP_OK)
		return fail_store(audit, err, status);
	status = read_lock(audit, &locked, &lock, err);
	if (status == HP_OK && !locked && count > 0)
		status = hp_audit_fail_lock(audit, err, HP_CONFLICT,
					    "it is missing although the log is not empty" REMEDY);
	if (status == HP_OK)
		status = check_rollback(audit, count, &lock, err);
	if (status == HP_OK && locked)
		status = check_root(audit, &lock,
				    "the database has another root at its size: it was forked or "
				    "changed" REMEDY,
				    err);
	if (status == HP_OK)
		status = check_kept(audit, &lock, err);
	/* The last leaf is checked even when the lock covers it: its clock is believed. */
	if (status == HP_OK)
		status = check_tail(audit, lock.size == count && count > 0 ? count - 1 : lock.size,
				    count, err);
	if (status == HP_OK) {
		audit->text_size = lock.size;
		hp_audit_committed(audit);
	}
	return status;
}

/*
 * Whatever the lock file says: only that the log agrees with itself, from its first leaf on. The
 * lock's bytes are read so that they can be replaced.
 */
static enum hp_status
check_itself(struct hp_audit *audit, struct hp_error *err)
{
	uint64_t count = 0;
	enum hp_status status = hp_store_leaf_count(audit->store, &count);
	if (status != HP_OK)
		return fail_store(audit, err, status);
	status = hp_file_read(audit->lock_path, &audit->text, err);
	if (status == HP_OK || status == HP_NOT_FOUND)
		status = check_tail(audit, 0, count, err);
	if (status == HP_OK)
		hp_audit_committed(audit);
	return status;
}

/* `accept`: the operator vouches for the database instead of the lock file. */
static enum hp_status
open_log(struct hp_store *store, const char *instance, const uint8_t seed[HP_SIGN_SEED_BYTES],
	 const char *lock_path, bool accept, struct hp_audit **ret_audit, struct hp_error *err)
{
	struct hp_buf held = {0};
	struct hp_audit *audit = calloc(1, sizeof *audit);
	if (!audit)
		return hp_fail(err, HP_NOMEM, "out of memory");
	audit->store = store;
	audit->held_fd = -1;
	audit->instance = strdup(instance);
	audit->lock_path = strdup(lock_path);
	memcpy(audit->seed, seed, sizeof audit->seed);
	hp_buf_printf(&held, "%s.held", lock_path);

	enum hp_status status = HP_OK;
	if (!audit->instance || !audit->lock_path || held.failed)
		status = hp_fail(err, HP_NOMEM, "out of memory");
	else if (hp_crypto_start() != HP_OK)
		status = hp_fail(err, HP_IO, "the crypto library does not start");
	else
		hp_crypto_sign_public(seed, audit->public_key);
	if (status == HP_OK)
		status = hp_lockfile_take(hp_buf_text(&held), &audit->held_fd, err);
	if (status == HP_OK)
		status = accept ? check_itself(audit, err) : check(audit, err);
	/* An empty log is vouched for too: from now on a missing lock file means something. */
	if (status == HP_OK && audit->text.len == 0 && !accept)
		status = hp_audit_checkpoint(audit, err);
	if (status == HP_OK)
		*ret_audit = audit;
	else
		hp_audit_close(audit);
	hp_buf_release(&held);
	return status;
}

enum hp_status
hp_audit_open(struct hp_store *store, const char *instance, const uint8_t seed[HP_SIGN_SEED_BYTES],
	      const char *lock_path, struct hp_audit **ret_audit, struct hp_error *err)
{
	return open_log(store, instance, seed, lock_path, false, ret_audit, err);
}

enum hp_status
hp_audit_accept(struct hp_store *store, const char *instance,
		const uint8_t seed[HP_SIGN_SEED_BYTES], const char *lock_path,
		struct hp_audit **ret_audit, struct hp_error *err)
{
	return open_log(store, instance, seed, lock_path, true, ret_audit, err);
}

/* ---- anchors ---- */

static enum hp_status
refuse_anchor(struct hp_error *err, const char *place, const char *reason)
{
	struct hp_arena arena = {0};
	const char *shown = hp_text_safe(&arena, place, 0);
	hp_fail(err, HP_CONFLICT, "anchor \"%s\": %s" REMEDY, shown ? shown : "", reason);
	hp_arena_release(&arena);
	return HP_CONFLICT;
}

enum hp_status
hp_audit_witness(struct hp_audit *audit, const char *place, struct hp_str texts,
		 struct hp_error *err)
{
	struct hp_audit_nodes nodes = {.tree = &audit->tree, .store = audit->store};
	struct hp_checkpoint found, newest = {.size = 0};
	struct hp_str text;
	struct hp_hash root;
	size_t skipped = 0;
	bool any = false;
	while (hp_checkpoint_next(&texts, &text, &skipped))
		if (hp_checkpoint_verify(text.p, text.len, audit->instance, audit->public_key,
					 &found, NULL) == HP_OK) {
			newest = found; /* the last one: after a rebase it may be smaller */
			any = true;
		}
	if (!any)
		return HP_OK;
	if (newest.size > audit->committed.size)
		return refuse_anchor(err, place,
				     "it vouches for more leaves than the database has: the "
				     "database was rolled back");
	enum hp_status status = hp_merkle_root(newest.size, hp_audit_node_get, &nodes, &root);
	if (status != HP_OK && status != HP_NOT_FOUND)
		return fail_store(audit, err, status);
	if (status == HP_NOT_FOUND || memcmp(&root, &newest.root, sizeof root) != 0)
		return refuse_anchor(err, place,
				     "the database has another root at its size: it was forked or "
				     "changed");
	return HP_OK;
}
