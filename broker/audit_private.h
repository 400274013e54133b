/*
 * audit_private - what audit.c and audit_open.c share.
 */
#ifndef HP_BROKER_AUDIT_PRIVATE_H
#define HP_BROKER_AUDIT_PRIVATE_H

#include "broker/audit.h"
#include "broker/audit_tree.h"

struct hp_audit {
	struct hp_store *store;
	char *instance, *lock_path;
	int held_fd; /* one broker a lock file, even where two copies of a database are */
	uint8_t seed[HP_SIGN_SEED_BYTES], public_key[HP_SIGN_PUBLIC_BYTES];
	struct hp_audit_tree committed, tree; /* as of the last commit; with the open transaction */
	int64_t committed_wall_ms, last_wall_ms; /* the latest of all leaves */
	bool wall_kept; /* the store has last_wall_ms, because the last leaf has an earlier one */
	struct hp_buf text; /* the last checkpoint: what the lock file holds, byte by byte */
	uint64_t text_size; /* its size; 0 with an empty `text` */
	struct hp_buf leaf, body;
};

/* The store's setting where the last leaf does not tell the latest wall clock. */
#define HP_AUDIT_WALL_SETTING "log_wall_ms"

/* "checkpoint lock "PATH" and database …": returns `status`. */
enum hp_status hp_audit_fail_lock(const struct hp_audit *audit, struct hp_error *err,
				  enum hp_status status, const char *reason);

HP_MUST_CHECK enum hp_status hp_audit_keep_checkpoint(struct hp_audit *audit, uint64_t size,
						      struct hp_error *err);

#endif
