/*
 * verify - a whole log, leaf by leaf as it streams past: bytes, hashes, tree, signatures, replay.
 *
 * Signed checkpoints are witnesses: those kept beside the log, the lock file's, an anchor's. Each is
 * verified when it is added, and compared with the leaves when they have come to its size.
 *
 * Invariants:
 *  1. What is wrong is a problem with the sequence number of the first leaf that is not vouched for;
 *     status codes are for memory alone.
 *  2. After a leaf that is not itself, or is not the tree's, no more are believed: hp_verify_leaf()
 *     answers HP_REFUSED from then on.
 *  3. Every leaf must lie under a witness: what nobody has signed is not verified. Only of a log that
 *     is `growing` the last ones may be newer.
 *  4. Memory: a witness takes about 50 bytes; the rest is the replay's.
 * Threads: one at a time. Source: trust.md "Audit log".
 */
#ifndef HP_CORE_VERIFY_H
#define HP_CORE_VERIFY_H

#include "core/replay.h"

enum hp_witness {
	HP_WITNESS_KEPT, /* beside the log: in the database, in the export */
	HP_WITNESS_LOCK,
	HP_WITNESS_ANCHOR,
	HP_WITNESS_COUNT,
};

struct hp_verify_options {
	const char *origin; /* the instance */
	const uint8_t *public_key; /* of the log; HP_SIGN_PUBLIC_BYTES */
	/* The stored node that comes next, in the order of their indices; NULL: no nodes are stored.
	 * HP_NOT_FOUND: there are no more. */
	enum hp_status (*next_node)(void *context, uint64_t *ret_index, struct hp_hash *ret_hash);
	const struct hp_replay_hooks *hooks;
	void *context; /* of next_node and of the hooks */
	/* Leaves may be newer than every witness: somebody is about to sign them. */
	bool growing;
};

struct hp_verify_result {
	struct hp_problems problems; /* none: verified */
	struct hp_replay_counts counts;
	uint64_t leaves, covered; /* sound ones; those under the largest witness that holds */
	uint64_t witnesses[HP_WITNESS_COUNT];
	struct hp_hash root;
};

struct hp_verify;
/* `ret` is the caller's, filled as it goes; released with hp_problems_release(). */
HP_MUST_CHECK enum hp_status hp_verify_new(const struct hp_verify_options *options,
					   struct hp_verify_result *result,
					   struct hp_verify **ret_verify);
void hp_verify_free(struct hp_verify *verify);

/* Before the first leaf. `size`: what is said beside the checkpoint about its size; NULL: nothing. */
HP_MUST_CHECK enum hp_status hp_verify_witness(struct hp_verify *verify, enum hp_witness kind,
					       const char *text, size_t len,
					       const uint64_t *size);

/* The next leaf as stored; `seq` is where it says that it stands. Body or salt with p NULL: gone.
 * `ret_leaf` (may be NULL) is what it holds, until the next one. */
HP_MUST_CHECK enum hp_status hp_verify_leaf(struct hp_verify *verify, uint64_t seq,
					    struct hp_str leaf, struct hp_str body,
					    struct hp_str salt, struct hp_leaf *ret_leaf);

/* No more leaves. */
HP_MUST_CHECK enum hp_status hp_verify_finish(struct hp_verify *verify);
/* For checks beside the log; of one that broke off they tell nothing. */
bool hp_verify_is_broken(const struct hp_verify *verify);
const struct hp_replay *hp_verify_replay(const struct hp_verify *verify);

#endif
