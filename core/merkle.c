#include "core/merkle.h"

#include <string.h>

void
hp_merkle_leaf_hash(const void *leaf, size_t len, struct hp_hash *ret_hash)
{
	const struct hp_str parts[] = {{"\0", 1}, {leaf, len}};
	hp_crypto_sha256(parts, 2, ret_hash->bytes);
}

void
hp_merkle_node_hash(const struct hp_hash *left, const struct hp_hash *right,
		    struct hp_hash *ret_hash)
{
	const struct hp_str parts[] = {
		{"\1", 1},
		{(const char *)left->bytes, HP_HASH_BYTES},
		{(const char *)right->bytes, HP_HASH_BYTES},
	};
	hp_crypto_sha256(parts, 3, ret_hash->bytes);
}

static bool
same(const struct hp_hash *a, const struct hp_hash *b)
{
	return hp_crypto_equal(a->bytes, b->bytes, HP_HASH_BYTES);
}

uint64_t
hp_merkle_index(unsigned level, uint64_t n)
{
	for (unsigned i = 0; i < level; i++)
		n = 2 * n + 1;
	uint64_t index = level;
	for (; n; n >>= 1)
		index += n;
	return index;
}

enum hp_status
hp_merkle_append(uint64_t size, const struct hp_hash *leaf, hp_merkle_get *get,
		 hp_merkle_put *put, void *context)
{
	if (size >= HP_MERKLE_SIZE_MAX)
		return HP_TOO_LARGE;
	struct hp_hash hash = *leaf;
	enum hp_status status = put(context, hp_merkle_index(0, size), &hash);
	/* An odd n is a right child: its parent is complete now. */
	uint64_t n = size;
	for (unsigned level = 0; !status && n & 1; n >>= 1) {
		struct hp_hash left;
		status = get(context, hp_merkle_index(level, n - 1), &left);
		if (status)
			break;
		hp_merkle_node_hash(&left, &hash, &hash);
		status = put(context, hp_merkle_index(++level, n >> 1), &hash);
	}
	return status;
}

enum hp_status
hp_merkle_edge_add(struct hp_merkle_edge *edge, const struct hp_hash *leaf, hp_merkle_put *put,
		   void *context)
{
	struct hp_hash hash = *leaf;
	unsigned level = 0;
	if (edge->size >= HP_MERKLE_SIZE_MAX)
		return HP_TOO_LARGE;
	for (;; level++) {
		enum hp_status status = put ? put(context, edge->nodes_made, &hash) : HP_OK;
		if (status)
			return status;
		edge->nodes_made++;
		if (!(edge->size >> level & 1))
			break;
		hp_merkle_node_hash(&edge->nodes[level], &hash, &hash);
	}
	edge->nodes[level] = hash;
	edge->size++;
	return HP_OK;
}

/* From the smallest subtree, which is the rightmost, to the largest (RFC 6962 §2.1). */
void
hp_merkle_edge_root(const struct hp_merkle_edge *edge, struct hp_hash *ret_root)
{
	struct hp_hash hash;
	bool first = true;
	if (!edge->size)
		hp_crypto_sha256(NULL, 0, hash.bytes);
	for (unsigned level = 0; edge->size >> level; level++) {
		if (!(edge->size >> level & 1))
			continue;
		if (first)
			hash = edge->nodes[level];
		else
			hp_merkle_node_hash(&edge->nodes[level], &hash, &hash);
		first = false;
	}
	*ret_root = hash;
}

/*
 * The hash of leaves [start, start + count), count ≥ 1. `start` is a multiple of the power of two
 * that is ≥ count, as every split of RFC 6962 leaves it; so the complete subtrees of the range, one
 * for each bit of count, are stored nodes. They are joined from the right.
 */
static enum hp_status
range_hash(uint64_t start, uint64_t count, hp_merkle_get *get, void *context,
	   struct hp_hash *ret_hash)
{
	struct hp_hash hash;
	bool first = true;
	for (unsigned level = 0; count >> level; level++) {
		if (!(count >> level & 1))
			continue;
		struct hp_hash node;
		uint64_t n = (start >> level) + (count >> level) - 1;
		enum hp_status status = get(context, hp_merkle_index(level, n), &node);
		if (status)
			return status;
		if (first)
			hash = node;
		else
			hp_merkle_node_hash(&node, &hash, &hash);
		first = false;
	}
	*ret_hash = hash;
	return HP_OK;
}

enum hp_status
hp_merkle_root(uint64_t size, hp_merkle_get *get, void *context, struct hp_hash *ret_root)
{
	if (size > HP_MERKLE_SIZE_MAX)
		return HP_TOO_LARGE;
	if (size)
		return range_hash(0, size, get, context, ret_root);
	hp_crypto_sha256(NULL, 0, ret_root->bytes);
	return HP_OK;
}

/* The largest power of two below count, count ≥ 2. */
static uint64_t
split(uint64_t count)
{
	return (uint64_t)1 << (63 - __builtin_clzll(count - 1));
}

/* A proof as it is gathered: from the root down, so the other way round. */
struct path {
	struct hp_hash hashes[HP_MERKLE_PROOF_MAX];
	size_t count;
};

static enum hp_status
path_add(struct path *path, uint64_t start, uint64_t count, hp_merkle_get *get, void *context)
{
	if (path->count == HP_MERKLE_PROOF_MAX)
		return HP_TOO_LARGE;
	enum hp_status status =
		range_hash(start, count, get, context, &path->hashes[path->count]);
	if (!status)
		path->count++;
	return status;
}

static void
path_return(const struct path *path, struct hp_hash *ret_proof, size_t *ret_count)
{
	for (size_t i = 0; i < path->count; i++)
		ret_proof[i] = path->hashes[path->count - 1 - i];
	*ret_count = path->count;
}

/* RFC 6962 §2.1.1, PATH(m, D[n]), from the root down. */
enum hp_status
hp_merkle_inclusion(uint64_t index, uint64_t size, hp_merkle_get *get, void *context,
		    struct hp_hash ret_proof[HP_MERKLE_PROOF_MAX], size_t *ret_count)
{
	if (size > HP_MERKLE_SIZE_MAX)
		return HP_TOO_LARGE;
	if (index >= size)
		return HP_NOT_FOUND;
	struct path path = {.count = 0};
	uint64_t start = 0, end = size;
	while (end - start > 1) {
		uint64_t middle = start + split(end - start);
		enum hp_status status;
		if (index < middle) {
			status = path_add(&path, middle, end - middle, get, context);
			end = middle;
		} else {
			status = path_add(&path, start, middle - start, get, context);
			start = middle;
		}
		if (status)
			return status;
	}
	path_return(&path, ret_proof, ret_count);
	return HP_OK;
}

/* RFC 6962 §2.1.2, SUBPROOF(m, D[n], true), from the root down. */
enum hp_status
hp_merkle_consistency(uint64_t old_size, uint64_t size, hp_merkle_get *get, void *context,
		      struct hp_hash ret_proof[HP_MERKLE_PROOF_MAX], size_t *ret_count)
{
	if (size > HP_MERKLE_SIZE_MAX)
		return HP_TOO_LARGE;
	if (old_size > size)
		return HP_NOT_FOUND;
	struct path path = {.count = 0};
	uint64_t start = 0, end = old_size ? size : 0;
	enum hp_status status = HP_OK;
	while (!status && end != old_size) {
		uint64_t middle = start + split(end - start);
		if (old_size <= middle) {
			status = path_add(&path, middle, end - middle, get, context);
			end = middle;
		} else {
			status = path_add(&path, start, middle - start, get, context);
			start = middle;
		}
	}
	/* The verifier knows the old root; it needs the old right edge only when that is not it. */
	if (!status && start)
		status = path_add(&path, start, end - start, get, context);
	if (!status)
		path_return(&path, ret_proof, ret_count);
	return status;
}

/* RFC 9162 §2.1.3.2. */
enum hp_status
hp_merkle_verify_inclusion(uint64_t index, uint64_t size, const struct hp_hash *leaf,
			   const struct hp_hash *proof, size_t count, const struct hp_hash *root)
{
	if (index >= size)
		return HP_BAD_SIGNATURE;
	struct hp_hash hash = *leaf;
	uint64_t fn = index, sn = size - 1;
	for (size_t i = 0; i < count; i++) {
		if (!sn)
			return HP_BAD_SIGNATURE;
		if (fn & 1 || fn == sn) {
			hp_merkle_node_hash(&proof[i], &hash, &hash);
			for (; fn && !(fn & 1); sn >>= 1)
				fn >>= 1;
		} else {
			hp_merkle_node_hash(&hash, &proof[i], &hash);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return !sn && same(&hash, root) ? HP_OK : HP_BAD_SIGNATURE;
}

/* The sizes at which there is nothing to climb: an empty old tree, or no growth. */
static bool
flat_holds(uint64_t old_size, uint64_t size, const struct hp_hash *old_root,
	   const struct hp_hash *root)
{
	struct hp_hash empty;
	hp_crypto_sha256(NULL, 0, empty.bytes);
	return (old_size || same(old_root, &empty)) && (old_size != size || same(old_root, root));
}

/* RFC 9162 §2.1.4.2. */
enum hp_status
hp_merkle_verify_consistency(uint64_t old_size, uint64_t size, const struct hp_hash *old_root,
			     const struct hp_hash *root, const struct hp_hash *proof, size_t count)
{
	if (old_size > size)
		return HP_BAD_SIGNATURE;
	if (!old_size || old_size == size)
		return !count && flat_holds(old_size, size, old_root, root) ? HP_OK
									    : HP_BAD_SIGNATURE;
	/* A power of two: the old root is a node of the new tree, and the proof leaves it out. */
	bool whole = !(old_size & (old_size - 1));
	if (!whole && !count)
		return HP_BAD_SIGNATURE;
	uint64_t fn = old_size - 1, sn = size - 1;
	for (; fn & 1; sn >>= 1)
		fn >>= 1;
	struct hp_hash old_hash = whole ? *old_root : proof[0], hash = old_hash;
	for (size_t i = whole ? 0 : 1; i < count; i++) {
		if (!sn)
			return HP_BAD_SIGNATURE;
		if (fn & 1 || fn == sn) {
			hp_merkle_node_hash(&proof[i], &old_hash, &old_hash);
			hp_merkle_node_hash(&proof[i], &hash, &hash);
			for (; fn && !(fn & 1); sn >>= 1)
				fn >>= 1;
		} else {
			hp_merkle_node_hash(&hash, &proof[i], &hash);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return !sn && same(&old_hash, old_root) && same(&hash, root) ? HP_OK : HP_BAD_SIGNATURE;
}
