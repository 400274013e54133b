/*
 * audit - the tamper-evident log: leaves in the turn's transaction, checkpoints after its commit.
 *
 * Invariants:
 *  1. hp_audit_append() writes leaf, body and tree nodes in the transaction that is open: state and
 *     evidence commit together or not at all (lifecycle invariant 6).
 *  2. A checkpoint is signed only over committed leaves, stands in the lock file (fsynced, replaced
 *     by compare-and-swap) before anyone sees it, and never goes backwards.
 *  3. A database smaller than, or inconsistent with, the lock file is not served.
 * Source: trust.md "Audit log".
 */
#ifndef HP_BROKER_AUDIT_H
#define HP_BROKER_AUDIT_H

#include "broker/clock.h"
#include "broker/store.h"
#include "core/checkpoint.h"

struct hp_audit;

struct hp_audit_entry {
	const char *event;   /* topic */
	const char *actor;   /* principal's name, "policy" or "broker" */
	const char *request; /* id or "" */
	const uint8_t *digest; /* 32 bytes or NULL */
	const struct hp_value *body; /* a map; never NULL */
	int64_t about; /* whose erasure takes the body along (store.h); HP_STORE_NOTHING: none's */
};

/*
 * Opens the log of `store`: reads the tree's right edge, checks the last leaf's place, and the lock
 * file against the tree. HP_CONFLICT with a message that names lock and database: rolled back or
 * forked; HP_BAD_SIGNATURE: a lock that is not ours. A missing lock is accepted only for an empty
 * log, whose first checkpoint (of no leaves) it then writes. HP_CONFLICT too when another broker
 * holds LOCK_PATH.held, whatever its database. `seed` is copied and wiped at close.
 */
HP_MUST_CHECK enum hp_status hp_audit_open(struct hp_store *store, const char *instance,
					   const uint8_t seed[HP_SIGN_SEED_BYTES],
					   const char *lock_path, struct hp_audit **ret_audit,
					   struct hp_error *err);
/*
 * Opens the log although the lock file does not vouch for it (`holdpointd --rebase`): checks only
 * that leaves and tree agree with each other. The caller appends a leaf that says why, commits, and
 * makes a checkpoint, which replaces the lock; hp_audit_checkpoint_text() is the old one's until
 * then. HP_CONFLICT: the log does not agree with itself.
 */
HP_MUST_CHECK enum hp_status hp_audit_accept(struct hp_store *store, const char *instance,
					     const uint8_t seed[HP_SIGN_SEED_BYTES],
					     const char *lock_path, struct hp_audit **ret_audit,
					     struct hp_error *err);
void hp_audit_close(struct hp_audit *audit);

/*
 * Whether the newest checkpoint of this log among `texts` (an anchor's, hp_checkpoint_next()) is one
 * of this database, as the lock file's is: a database and a lock that were both put back disagree
 * with it. HP_CONFLICT with a message that names `place`; nothing of this log in there is HP_OK.
 */
HP_MUST_CHECK enum hp_status hp_audit_witness(struct hp_audit *audit, const char *place,
					      struct hp_str texts, struct hp_error *err);

/* From now on this clock is believed, however far ahead an earlier one was; part of a rebase. Needs
 * an open transaction. */
HP_MUST_CHECK enum hp_status hp_audit_forget_clock(struct hp_audit *audit,
						   const struct hp_clock *clock,
						   struct hp_error *err);

/* Adds one leaf; needs an open transaction. */
HP_MUST_CHECK enum hp_status hp_audit_append(struct hp_audit *audit, const struct hp_clock *clock,
					     const struct hp_audit_entry *entry,
					     struct hp_error *err);

/* Forgets what was appended since the last commit (the transaction was rolled back). */
void hp_audit_rolled_back(struct hp_audit *audit);
/* What was appended is committed. */
void hp_audit_committed(struct hp_audit *audit);

/* Leaves so far, committed ones and those of the open transaction. */
uint64_t hp_audit_size(const struct hp_audit *audit);
/* The latest wall clock of all leaves; 0 for an empty log. Earlier now: approvals freeze. */
int64_t hp_audit_last_wall_ms(const struct hp_audit *audit);

/*
 * Signs the committed tree, replaces the lock file, keeps the checkpoint in the store (in a
 * transaction of its own). Does nothing when the last checkpoint has that size. HP_CONFLICT: the
 * lock file is no longer the one we wrote (another broker): exit. HP_IO: exit.
 */
HP_MUST_CHECK enum hp_status hp_audit_checkpoint(struct hp_audit *audit, struct hp_error *err);

/* The last signed checkpoint's text, borrowed until the next; NULL when there is none. */
const char *hp_audit_checkpoint_text(const struct hp_audit *audit, uint64_t *ret_size);

/* Appends the tlog-proof of leaf `seq` under the last checkpoint. HP_NOT_FOUND: not under it. */
HP_MUST_CHECK enum hp_status hp_audit_proof(struct hp_audit *audit, uint64_t seq,
					    struct hp_buf *buf, struct hp_error *err);

#endif
