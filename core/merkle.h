/*
 * merkle - the RFC 6962 tree over the audit log, stored as Go's tlog stores it.
 *
 * Invariants:
 *  1. Leaf hash SHA-256(00 ‖ leaf), node SHA-256(01 ‖ left ‖ right), empty tree SHA-256("").
 *  2. Node (level, n) covers leaves [n·2^level, (n+1)·2^level) and, once stored, never changes.
 *     Only complete nodes are stored, at hp_merkle_index().
 *  3. This module does no I/O: it asks `get` for stored hashes.
 * Threads: no state.
 * Sources: RFC 6962 §2.1; RFC 9162 §2.1.3–2.1.4; golang.org/x/mod/sumdb/tlog for the index.
 */
#ifndef HP_CORE_MERKLE_H
#define HP_CORE_MERKLE_H

#include "core/crypto.h"

enum { HP_MERKLE_PROOF_MAX = 64 };

/* Leaves of a tree. Node indices stay below twice this, so they fit a database's signed integer,
 * and no proof is longer than HP_MERKLE_PROOF_MAX. Beyond it: HP_TOO_LARGE. */
#define HP_MERKLE_SIZE_MAX ((uint64_t)1 << 62)

struct hp_hash {
	uint8_t bytes[HP_HASH_BYTES];
};

/* Reads the stored hash at `index`. HP_NOT_FOUND or HP_IO fail the whole operation. */
typedef enum hp_status hp_merkle_get(void *context, uint64_t index, struct hp_hash *ret_hash);
/* Stores a hash at `index`. */
typedef enum hp_status hp_merkle_put(void *context, uint64_t index, const struct hp_hash *hash);

void hp_merkle_leaf_hash(const void *leaf, size_t len, struct hp_hash *ret_hash);
void hp_merkle_node_hash(const struct hp_hash *left, const struct hp_hash *right,
			 struct hp_hash *ret_hash);

/* Where (level, n) is stored: (0,0)=0 (0,1)=1 (1,0)=2 (0,2)=3 … */
uint64_t hp_merkle_index(unsigned level, uint64_t n);

/* Adds leaf number `size` (the tree has `size` leaves): puts its hash and every node that it
 * completes. */
HP_MUST_CHECK enum hp_status hp_merkle_append(uint64_t size, const struct hp_hash *leaf,
					      hp_merkle_get *get, hp_merkle_put *put,
					      void *context);

/*
 * The right edge of a tree that grows leaf by leaf: enough to go on and to tell the root, in constant
 * memory. nodes[l] is the last complete subtree of 2^l leaves where bit l of `size` is set. Zeroed:
 * the empty tree.
 */
struct hp_merkle_edge {
	uint64_t size, nodes_made;
	struct hp_hash nodes[HP_MERKLE_PROOF_MAX];
};

/* Adds the next leaf; `put` (may be NULL) is given each node that it completes, in the order of
 * their indices, which leaves no gap. HP_TOO_LARGE, and what `put` fails with. */
HP_MUST_CHECK enum hp_status hp_merkle_edge_add(struct hp_merkle_edge *edge,
						const struct hp_hash *leaf, hp_merkle_put *put,
						void *context);
void hp_merkle_edge_root(const struct hp_merkle_edge *edge, struct hp_hash *ret_root);

/* The root of the first `size` leaves. */
HP_MUST_CHECK enum hp_status hp_merkle_root(uint64_t size, hp_merkle_get *get, void *context,
					    struct hp_hash *ret_root);

/* Inclusion proof of leaf `index` in `size` leaves, leaf sibling first. HP_NOT_FOUND: index is not
 * below size. */
HP_MUST_CHECK enum hp_status hp_merkle_inclusion(uint64_t index, uint64_t size,
						 hp_merkle_get *get, void *context,
						 struct hp_hash ret_proof[HP_MERKLE_PROOF_MAX],
						 size_t *ret_count);
/* Consistency proof of the first `old_size` leaves with all `size`; empty for old_size 0 or equal
 * sizes. HP_NOT_FOUND: old_size > size. */
HP_MUST_CHECK enum hp_status hp_merkle_consistency(uint64_t old_size, uint64_t size,
						   hp_merkle_get *get, void *context,
						   struct hp_hash ret_proof[HP_MERKLE_PROOF_MAX],
						   size_t *ret_count);

/* HP_BAD_SIGNATURE when the proof does not hold. Every tree extends the empty one, whose root is
 * the hash of nothing. */
HP_MUST_CHECK enum hp_status hp_merkle_verify_inclusion(uint64_t index, uint64_t size,
							const struct hp_hash *leaf,
							const struct hp_hash *proof, size_t count,
							const struct hp_hash *root);
HP_MUST_CHECK enum hp_status hp_merkle_verify_consistency(uint64_t old_size, uint64_t size,
							  const struct hp_hash *old_root,
							  const struct hp_hash *root,
							  const struct hp_hash *proof,
							  size_t count);

#endif
