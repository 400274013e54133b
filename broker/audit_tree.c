#include "broker/audit_tree.h"

#include <string.h>

/* The last complete node of `level` in a tree of `size` leaves. */
static uint64_t
last_index(unsigned level, uint64_t size)
{
	return hp_merkle_index(level, (size >> level) - 1);
}

enum hp_status
hp_audit_node_get(void *context, uint64_t index, struct hp_hash *ret_hash)
{
	struct hp_audit_nodes *nodes = context;
	const struct hp_audit_tree *tree = nodes->tree;
	for (unsigned level = 0; level < HP_AUDIT_LEVELS; level++)
		if (tree->edge[level].known && tree->edge[level].index == index) {
			*ret_hash = tree->edge[level].hash;
			return HP_OK;
		}
	return hp_store_node_get(nodes->store, index, ret_hash);
}

static enum hp_status
compare(struct hp_store *store, uint64_t index, const struct hp_hash *hash)
{
	struct hp_hash stored;
	enum hp_status status = hp_store_node_get(store, index, &stored);
	if (status == HP_NOT_FOUND)
		return HP_CONFLICT;
	if (status == HP_OK && memcmp(&stored, hash, sizeof stored) != 0)
		return HP_CONFLICT;
	return status;
}

enum hp_status
hp_audit_node_put(void *context, uint64_t index, const struct hp_hash *hash)
{
	struct hp_audit_nodes *nodes = context;
	struct hp_audit_tree *tree = nodes->tree;
	uint64_t size = tree->size + 1;
	enum hp_status status = nodes->check_only ? compare(nodes->store, index, hash)
						  : hp_store_node_put(nodes->store, index, hash);
	if (status != HP_OK)
		return status;
	/* Leaf number size-1 completes a node at each level that divides size. All but the highest
	 * are right children, whose parent follows at once: a later leaf asks only for the highest,
	 * and for the left children below it that stand here already. */
	unsigned level = (unsigned)__builtin_ctzll(size);
	if (last_index(level, size) == index) {
		tree->edge[level].known = true;
		tree->edge[level].index = index;
		tree->edge[level].hash = *hash;
	}
	return HP_OK;
}

enum hp_status
hp_audit_tree_load(struct hp_audit_nodes *nodes, uint64_t size)
{
	struct hp_audit_tree tree = {.size = size};
	for (unsigned level = 0; level < HP_AUDIT_LEVELS && size >> level > 0; level++) {
		uint64_t index = last_index(level, size);
		if ((size >> level & 1) == 0)
			continue;
		enum hp_status status =
			hp_store_node_get(nodes->store, index, &tree.edge[level].hash);
		if (status != HP_OK)
			return status;
		tree.edge[level].known = true;
		tree.edge[level].index = index;
	}
	*nodes->tree = tree;
	return HP_OK;
}

enum hp_status
hp_audit_tree_append(struct hp_audit_nodes *nodes, const struct hp_hash *leaf)
{
	enum hp_status status = hp_merkle_append(nodes->tree->size, leaf, hp_audit_node_get,
						 hp_audit_node_put, nodes);
	if (status == HP_OK)
		nodes->tree->size++;
	return status;
}
