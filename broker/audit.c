#include "broker/audit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/audit_private.h"
#include "core/msgpack.h"
#include "core/text.h"
#include "proto/file.h"

void
hp_audit_close(struct hp_audit *audit)
{
	if (!audit)
		return;
	hp_crypto_wipe(audit->seed, sizeof audit->seed);
	hp_buf_release(&audit->text);
	hp_buf_release(&audit->leaf);
	hp_buf_release(&audit->body);
	if (audit->held_fd >= 0)
		close(audit->held_fd);
	free(audit->instance);
	free(audit->lock_path);
	free(audit);
}

/* The leaf's bytes in audit->leaf, its body's in audit->body. */
static enum hp_status
encode(struct hp_audit *audit, const struct hp_clock *clock, const struct hp_audit_entry *entry,
       const uint8_t salt[HP_SALT_BYTES], struct hp_error *err)
{
	struct hp_leaf leaf = {
		.seq = audit->tree.size,
		.wall_ms = clock->wall_ms,
		.boot_id = clock->boot_id,
		.boottime_ms = clock->boottime_ms,
		.event = entry->event,
		.actor = entry->actor,
		.request = entry->request,
		.digest = entry->digest,
	};
	hp_buf_reset(&audit->body);
	hp_buf_reset(&audit->leaf);
	enum hp_status status = hp_msgpack_encode(entry->body, &audit->body, err);
	if (status != HP_OK)
		return status;
	hp_leaf_body_hash(salt, audit->body.data, audit->body.len, leaf.body_hash);
	status = hp_leaf_encode(&leaf, &audit->leaf);
	if (status == HP_OK && (audit->body.failed || audit->leaf.failed))
		status = HP_NOMEM;
	return status == HP_OK ? HP_OK
			       : hp_fail(err, status, "cannot encode a leaf of the log: %s",
					 hp_status_text(status));
}

/* A start reads the last leaf only: a clock that went backwards is remembered beside the log. */
static enum hp_status
keep_wall(struct hp_audit *audit, int64_t wall_ms)
{
	if (wall_ms >= audit->last_wall_ms) {
		audit->last_wall_ms = wall_ms;
		audit->wall_kept = false;
		return HP_OK;
	}
	if (audit->wall_kept)
		return HP_OK;
	audit->wall_kept = true;
	return hp_store_put_int(audit->store, HP_AUDIT_WALL_SETTING, audit->last_wall_ms);
}

enum hp_status
hp_audit_append(struct hp_audit *audit, const struct hp_clock *clock,
		const struct hp_audit_entry *entry, struct hp_error *err)
{
	struct hp_audit_nodes nodes = {.tree = &audit->tree, .store = audit->store};
	uint8_t salt[HP_SALT_BYTES];
	struct hp_hash hash;

	hp_crypto_random(salt, sizeof salt);
	enum hp_status status = encode(audit, clock, entry, salt, err);
	if (status != HP_OK)
		return status;
	struct hp_stored_leaf stored = {
		.seq = audit->tree.size,
		.leaf = {(const char *)audit->leaf.data, audit->leaf.len},
		.body = {(const char *)audit->body.data, audit->body.len},
		.salt = {(const char *)salt, sizeof salt},
	};
	status = hp_store_add_leaf(audit->store, &stored);
	if (status == HP_OK && entry->about != HP_STORE_NOTHING)
		status = hp_store_add_leaf_about(audit->store, entry->about, stored.seq,
						 clock->wall_ms);
	if (status == HP_OK) {
		hp_merkle_leaf_hash(audit->leaf.data, audit->leaf.len, &hash);
		status = hp_audit_tree_append(&nodes, &hash);
	}
	if (status == HP_OK)
		status = keep_wall(audit, clock->wall_ms);
	if (status != HP_OK)
		return hp_fail(err, status, "cannot add a leaf to the log: %s",
			       *hp_store_error(audit->store) ? hp_store_error(audit->store)
							     : hp_status_text(status));
	return HP_OK;
}

enum hp_status
hp_audit_forget_clock(struct hp_audit *audit, const struct hp_clock *clock, struct hp_error *err)
{
	audit->last_wall_ms = clock->wall_ms;
	audit->wall_kept = false;
	enum hp_status status = hp_store_put_int(audit->store, HP_AUDIT_WALL_SETTING, 0);
	return status == HP_OK ? HP_OK
			       : hp_fail(err, status, "cannot forget the log's latest time: %s",
					 hp_store_error(audit->store));
}

void
hp_audit_rolled_back(struct hp_audit *audit)
{
	audit->tree = audit->committed;
	audit->last_wall_ms = audit->committed_wall_ms;
	audit->wall_kept = false;
}

void
hp_audit_committed(struct hp_audit *audit)
{
	audit->committed = audit->tree;
	audit->committed_wall_ms = audit->last_wall_ms;
}

uint64_t
hp_audit_size(const struct hp_audit *audit)
{
	return audit->tree.size;
}

int64_t
hp_audit_last_wall_ms(const struct hp_audit *audit)
{
	return audit->last_wall_ms;
}

/* The lock file must still hold what we wrote, or nothing where we wrote nothing. */
static enum hp_status
check_lock(struct hp_audit *audit, struct hp_error *err)
{
	struct hp_buf present = {0};
	enum hp_status status = hp_file_read(audit->lock_path, &present, err);
	bool same = status == HP_NOT_FOUND ? audit->text.len == 0
					   : present.len == audit->text.len && present.len > 0 &&
						     memcmp(present.data, audit->text.data,
							    present.len) == 0;
	hp_buf_release(&present);
	if (status != HP_OK && status != HP_NOT_FOUND)
		return status;
	return same ? HP_OK
		    : hp_audit_fail_lock(audit, err, HP_CONFLICT,
					 "it is not what this broker wrote last: another one has "
					 "replaced it, or somebody took it away");
}

/* Keeps the text that stands in the lock file also in the store, in a transaction of its own. */
enum hp_status
hp_audit_keep_checkpoint(struct hp_audit *audit, uint64_t size, struct hp_error *err)
{
	enum hp_status status = hp_store_begin(audit->store);
	if (status == HP_OK) {
		status = hp_store_add_checkpoint(audit->store, size, hp_buf_text(&audit->text));
		if (status == HP_OK)
			status = hp_store_commit(audit->store);
		if (status != HP_OK)
			hp_store_rollback(audit->store);
	}
	return status == HP_OK ? HP_OK
			       : hp_fail(err, HP_IO, "cannot keep a checkpoint: %s",
					 hp_store_error(audit->store));
}

enum hp_status
hp_audit_checkpoint(struct hp_audit *audit, struct hp_error *err)
{
	struct hp_audit_nodes nodes = {.tree = &audit->tree, .store = audit->store};
	struct hp_checkpoint checkpoint = {
		.origin = audit->instance,
		.size = audit->committed.size,
	};
	struct hp_buf text = {0};

	assert(audit->tree.size == audit->committed.size); /* no transaction is open */
	if (checkpoint.size == audit->text_size && audit->text.len > 0)
		return HP_OK;
	enum hp_status status =
		hp_merkle_root(checkpoint.size, hp_audit_node_get, &nodes, &checkpoint.root);
	if (status != HP_OK)
		return hp_fail(err, HP_IO, "cannot compute the log's root: %s",
			       hp_store_error(audit->store));
	hp_checkpoint_sign(&text, &checkpoint, audit->seed);
	if (text.failed)
		status = hp_fail(err, HP_NOMEM, "out of memory");
	if (status == HP_OK)
		status = check_lock(audit, err);
	if (status == HP_OK)
		status = hp_file_write(audit->lock_path, text.data, text.len, 0644,
				       HP_FILE_REPLACE, err);
	if (status != HP_OK) {
		hp_buf_release(&text);
		return status == HP_NOT_FOUND ? HP_IO : status;
	}
	hp_buf_release(&audit->text);
	audit->text = text;
	audit->text_size = checkpoint.size;
	return hp_audit_keep_checkpoint(audit, checkpoint.size, err);
}

const char *
hp_audit_checkpoint_text(const struct hp_audit *audit, uint64_t *ret_size)
{
	if (audit->text.len == 0)
		return NULL;
	if (ret_size)
		*ret_size = audit->text_size;
	return hp_buf_text(&audit->text);
}

enum hp_status
hp_audit_proof(struct hp_audit *audit, uint64_t seq, struct hp_buf *buf, struct hp_error *err)
{
	struct hp_audit_nodes nodes = {.tree = &audit->tree, .store = audit->store};
	struct hp_hash proof[HP_MERKLE_PROOF_MAX];
	size_t count;

	if (seq >= audit->text_size)
		return hp_fail(err, HP_NOT_FOUND,
			       "leaf %llu is not under a checkpoint, the last one covers %llu",
			       (unsigned long long)seq, (unsigned long long)audit->text_size);
	enum hp_status status = hp_merkle_inclusion(seq, audit->text_size, hp_audit_node_get,
						    &nodes, proof, &count);
	if (status != HP_OK)
		return hp_fail(err, HP_IO, "cannot prove leaf %llu: %s", (unsigned long long)seq,
			       hp_store_error(audit->store));
	hp_checkpoint_add_proof(buf, seq, proof, count, hp_buf_text(&audit->text));
	return buf->failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
}
