/*
 * audit_tree - the right edge of the log's tree in memory, so that adding a leaf reads nothing.
 *
 * For a tree of `size` leaves, the nodes that later ones still combine with are the complete
 * subtrees of its binary decomposition: at most one a level. They are held here; the rest is read
 * from the store when a proof needs it.
 */
#ifndef HP_BROKER_AUDIT_TREE_H
#define HP_BROKER_AUDIT_TREE_H

#include <stdbool.h>

#include "broker/store.h"

enum { HP_AUDIT_LEVELS = 64 };

struct hp_audit_tree {
	uint64_t size;
	struct {
		bool known;
		uint64_t index; /* hp_merkle_index() of `hash` */
		struct hp_hash hash;
	} edge[HP_AUDIT_LEVELS];
};

/* A tree beside its store; the context of hp_merkle_get and hp_merkle_put below. */
struct hp_audit_nodes {
	struct hp_audit_tree *tree;
	struct hp_store *store;
	bool check_only; /* a put compares with what is stored: HP_CONFLICT when it differs */
};

enum hp_status hp_audit_node_get(void *nodes, uint64_t index, struct hp_hash *ret_hash);
enum hp_status hp_audit_node_put(void *nodes, uint64_t index, const struct hp_hash *hash);

/* Reads the edge of the first `size` leaves. HP_NOT_FOUND: the store lacks a node of it. */
HP_MUST_CHECK enum hp_status hp_audit_tree_load(struct hp_audit_nodes *nodes, uint64_t size);

/* Adds a leaf's hash and counts it. */
HP_MUST_CHECK enum hp_status hp_audit_tree_append(struct hp_audit_nodes *nodes,
						  const struct hp_hash *leaf);

#endif
