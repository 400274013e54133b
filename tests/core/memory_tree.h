/*
 * memory_tree - a tree's stored hashes in memory, for unit tests.
 *
 * Every index is written once; a second write, or a read of what was never written, fails.
 */
#ifndef HP_TESTS_CORE_MEMORY_TREE_H
#define HP_TESTS_CORE_MEMORY_TREE_H

#include "core/merkle.h"

enum { MEMORY_TREE_HASHES = 1024 };

struct memory_tree {
	struct hp_hash hashes[MEMORY_TREE_HASHES];
	bool written[MEMORY_TREE_HASHES];
	uint64_t size;
	unsigned gets, fail_at; /* the fail_at'th read fails; 0: none */
};

static inline enum hp_status
memory_tree_get(void *context, uint64_t index, struct hp_hash *ret_hash)
{
	struct memory_tree *tree = context;
	if (++tree->gets == tree->fail_at)
		return HP_IO;
	if (index >= MEMORY_TREE_HASHES || !tree->written[index])
		return HP_NOT_FOUND;
	*ret_hash = tree->hashes[index];
	return HP_OK;
}

static inline enum hp_status
memory_tree_put(void *context, uint64_t index, const struct hp_hash *hash)
{
	struct memory_tree *tree = context;
	if (index >= MEMORY_TREE_HASHES || tree->written[index])
		return HP_CONFLICT;
	tree->hashes[index] = *hash;
	tree->written[index] = true;
	return HP_OK;
}

static inline enum hp_status
memory_tree_add(struct memory_tree *tree, const void *leaf, size_t len)
{
	struct hp_hash hash;
	hp_merkle_leaf_hash(leaf, len, &hash);
	enum hp_status status = hp_merkle_append(tree->size, &hash, memory_tree_get,
						 memory_tree_put, tree);
	tree->size += status == HP_OK;
	return status;
}

#endif
