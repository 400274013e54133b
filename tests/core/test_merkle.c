#include "tests/core/vectors.h"

#include "tests/core/memory_tree.h"

enum { MOST = 130 };

/* A tree of `size` leaves, each its own number in two bytes. */
static struct memory_tree *
grow_tree(uint64_t size)
{
	struct memory_tree *tree = calloc(1, sizeof *tree);
	cr_assert_not_null(tree);
	for (uint64_t i = 0; i < size; i++) {
		const uint8_t leaf[2] = {(uint8_t)(i >> 8), (uint8_t)i};
		cr_assert_eq(memory_tree_add(tree, leaf, sizeof leaf), HP_OK);
	}
	return tree;
}

/* MTH(D[start:end]) as RFC 6962 §2.1 defines it, from the leaves alone. */
static struct hp_hash
reference(uint64_t start, uint64_t end)
{
	struct hp_hash hash;
	if (end - start == 0) {
		hp_crypto_sha256(NULL, 0, hash.bytes);
	} else if (end - start == 1) {
		const uint8_t leaf[2] = {(uint8_t)(start >> 8), (uint8_t)start};
		hp_merkle_leaf_hash(leaf, sizeof leaf, &hash);
	} else {
		uint64_t k = 1;
		while (2 * k < end - start)
			k *= 2;
		struct hp_hash left = reference(start, start + k);
		struct hp_hash right = reference(start + k, end);
		hp_merkle_node_hash(&left, &right, &hash);
	}
	return hash;
}

static void
assert_hash(const struct hp_hash *hash, const char *hex)
{
	struct hp_buf text = {0};
	hp_buf_add_hex(&text, hash->bytes, sizeof hash->bytes);
	cr_assert_str_eq(hp_buf_text(&text), hex);
	hp_buf_release(&text);
}

static void
assert_proof(const struct hp_hash *proof, size_t count, const struct hp_value *want)
{
	cr_assert_eq(count, hp_value_count(want));
	for (size_t i = 0; i < count; i++)
		assert_hash(&proof[i], hp_array_get(want, i)->str.p);
}

/* The eight leaves of the vectors, which are those of RFC 6962's reference implementations. */
static void
grow_vectors(struct hp_arena *arena, const struct hp_value *leaves, struct memory_tree *tree)
{
	for (size_t i = 0; i < hp_value_count(leaves); i++) {
		struct hp_str leaf = from_hex(arena, hp_array_get(leaves, i)->str.p);
		cr_assert_eq(memory_tree_add(tree, leaf.p, leaf.len), HP_OK);
	}
}

Test(merkle, roots_of_the_vectors)
{
	struct hp_arena arena = {0};
	struct memory_tree *tree = grow_tree(0);
	const struct hp_value *vectors = load_vectors(&arena, "rfc6962");
	const struct hp_value *roots = hp_map_get(vectors, "roots");
	grow_vectors(&arena, hp_map_get(vectors, "leaves"), tree);
	cr_assert_eq(hp_value_count(roots), 9);
	for (uint64_t size = 0; size <= 8; size++) {
		struct hp_hash root;
		cr_assert_eq(hp_merkle_root(size, memory_tree_get, tree, &root), HP_OK);
		assert_hash(&root, hp_array_get(roots, size)->str.p);
	}
	free(tree);
	hp_arena_release(&arena);
}

Test(merkle, proofs_of_the_vectors)
{
	struct hp_arena arena = {0};
	struct memory_tree *tree = grow_tree(0);
	const struct hp_value *vectors = load_vectors(&arena, "rfc6962");
	const struct hp_value *inclusions = hp_map_get(vectors, "inclusions");
	const struct hp_value *consistencies = hp_map_get(vectors, "consistencies");
	struct hp_hash proof[HP_MERKLE_PROOF_MAX];
	size_t count;
	grow_vectors(&arena, hp_map_get(vectors, "leaves"), tree);
	cr_assert_eq(hp_value_count(inclusions), 36);
	cr_assert_eq(hp_value_count(consistencies), 36);
	for (unsigned size = 1; size <= 8; size++) {
		for (unsigned from = 0; from <= size; from++) {
			const char *key = hp_arena_printf(&arena, "%u_%u", from, size);
			if (from < size) {
				cr_assert_eq(hp_merkle_inclusion(from, size, memory_tree_get,
								 tree, proof, &count), HP_OK);
				assert_proof(proof, count, hp_map_get(inclusions, key));
			}
			if (from) {
				cr_assert_eq(hp_merkle_consistency(from, size, memory_tree_get,
								   tree, proof, &count), HP_OK);
				assert_proof(proof, count, hp_map_get(consistencies, key));
			}
		}
	}
	cr_assert_eq(hp_merkle_inclusion(5, 8, memory_tree_get, tree, proof, &count), HP_OK);
	assert_proof(proof, count, hp_map_get(vectors, "inclusion_5_8"));
	cr_assert_eq(hp_merkle_consistency(6, 8, memory_tree_get, tree, proof, &count), HP_OK);
	assert_proof(proof, count, hp_map_get(vectors, "consistency_6_8"));
	free(tree);
	hp_arena_release(&arena);
}

/* The places that trust.md gives, and that storage grows without a hole or a second write. */
Test(merkle, nodes_are_stored_where_tlog_stores_them)
{
	static const struct {
		unsigned level;
		uint64_t n, index;
	} places[] = {
		{0, 0, 0}, {0, 1, 1}, {1, 0, 2}, {0, 2, 3}, {0, 3, 4}, {1, 1, 5}, {2, 0, 6},
		{0, 4, 7}, {3, 0, 14}, {0, 8, 15},
	};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		cr_assert_eq(hp_merkle_index(places[i].level, places[i].n), places[i].index);
	struct memory_tree *tree = grow_tree(0);
	uint64_t stored = 0;
	for (uint64_t size = 0; size < MOST; size++) {
		const uint8_t leaf[2] = {0, (uint8_t)size};
		cr_assert_eq(hp_merkle_index(0, size), stored);
		cr_assert_eq(memory_tree_add(tree, leaf, sizeof leaf), HP_OK);
		while (tree->written[stored])
			stored++;
		for (uint64_t index = stored; index < MEMORY_TREE_HASHES; index++)
			cr_assert_not(tree->written[index]);
	}
	free(tree);
}

Test(merkle, roots_are_those_of_the_definition)
{
	struct memory_tree *tree = grow_tree(MOST);
	for (uint64_t size = 0; size <= MOST; size++) {
		struct hp_hash root, want = reference(0, size);
		cr_assert_eq(hp_merkle_root(size, memory_tree_get, tree, &root), HP_OK);
		cr_assert_arr_eq(root.bytes, want.bytes, HP_HASH_BYTES, "size %d", (int)size);
	}
	free(tree);
}

/* What one proof claims, and how to ask whether it holds. */
struct claim {
	uint64_t from, size;
	struct hp_hash start; /* the leaf's hash, or the old root */
	struct hp_hash root;
	struct hp_hash proof[HP_MERKLE_PROOF_MAX + 1];
	size_t count;
	bool inclusion;
};

static bool
holds(const struct claim *claim)
{
	enum hp_status status =
		claim->inclusion
			? hp_merkle_verify_inclusion(claim->from, claim->size, &claim->start,
						     claim->proof, claim->count, &claim->root)
			: hp_merkle_verify_consistency(claim->from, claim->size, &claim->start,
						       &claim->root, claim->proof, claim->count);
	cr_assert(status == HP_OK || status == HP_BAD_SIGNATURE);
	return status == HP_OK;
}

/* The claim as it is holds; with anything changed it does not. */
static void
assert_exact(struct claim *claim)
{
	cr_assert(holds(claim), "%d of %d", (int)claim->from, (int)claim->size);
	for (size_t i = 0; i < claim->count; i++) {
		claim->proof[i].bytes[i % HP_HASH_BYTES] ^= 0x80;
		cr_assert_not(holds(claim), "hash %zu changed", i);
		claim->proof[i].bytes[i % HP_HASH_BYTES] ^= 0x80;
	}
	claim->start.bytes[31] ^= 1;
	cr_assert_not(holds(claim), "start changed");
	claim->start.bytes[31] ^= 1;
	claim->root.bytes[0] ^= 1;
	cr_assert_not(holds(claim), "root changed");
	claim->root.bytes[0] ^= 1;
	claim->proof[claim->count++] = claim->root;
	cr_assert_not(holds(claim), "a hash too many");
	claim->count--;
	if (claim->count) {
		claim->count--;
		cr_assert_not(holds(claim), "a hash too few");
		claim->count++;
	}
	for (size_t i = 1; i < claim->count; i++) {
		struct hp_hash swapped = claim->proof[i];
		claim->proof[i] = claim->proof[i - 1];
		claim->proof[i - 1] = swapped;
		cr_assert_not(holds(claim), "hashes swapped");
		claim->proof[i - 1] = claim->proof[i];
		claim->proof[i] = swapped;
	}
}

Test(merkle, every_inclusion_proof_holds_and_no_altered_one)
{
	struct memory_tree *tree = grow_tree(MOST);
	for (uint64_t size = 1; size <= MOST; size++) {
		struct claim claim = {.size = size, .inclusion = true};
		cr_assert_eq(hp_merkle_root(size, memory_tree_get, tree, &claim.root), HP_OK);
		for (uint64_t index = 0; index < size; index++) {
			claim.from = index;
			claim.start = tree->hashes[hp_merkle_index(0, index)];
			cr_assert_eq(hp_merkle_inclusion(index, size, memory_tree_get, tree,
							 claim.proof, &claim.count), HP_OK);
			assert_exact(&claim);
			for (claim.from = 0; size <= 40 && claim.from <= size; claim.from++)
				cr_assert_eq(holds(&claim), claim.from == index);
		}
	}
	free(tree);
}

Test(merkle, every_consistency_proof_holds_and_no_altered_one)
{
	struct memory_tree *tree = grow_tree(MOST);
	for (uint64_t size = 0; size <= MOST; size++) {
		struct claim claim = {.size = size};
		cr_assert_eq(hp_merkle_root(size, memory_tree_get, tree, &claim.root), HP_OK);
		for (uint64_t old_size = 0; old_size <= size; old_size++) {
			claim.from = old_size;
			cr_assert_eq(hp_merkle_root(old_size, memory_tree_get, tree,
						    &claim.start), HP_OK);
			cr_assert_eq(hp_merkle_consistency(old_size, size, memory_tree_get, tree,
							   claim.proof, &claim.count), HP_OK);
			if (old_size && old_size < size) {
				assert_exact(&claim);
				continue;
			}
			cr_assert_eq(claim.count, 0);
			cr_assert(holds(&claim));
			claim.start.bytes[5] ^= 1;
			cr_assert_not(holds(&claim));
			claim.start.bytes[5] ^= 1;
			claim.proof[0] = claim.root;
			claim.count = 1;
			cr_assert_not(holds(&claim), "a hash too many");
		}
	}
	free(tree);
}

/* A tree that lost, changed or swapped a leaf is no continuation. */
Test(merkle, a_fork_is_inconsistent)
{
	struct memory_tree *tree = grow_tree(20), *fork = grow_tree(9);
	struct claim claim = {.from = 12, .size = 20};
	for (unsigned i = 0; i < 11; i++)
		cr_assert_eq(memory_tree_add(fork, "forked", 6), HP_OK);
	cr_assert_eq(hp_merkle_root(12, memory_tree_get, tree, &claim.start), HP_OK);
	cr_assert_eq(hp_merkle_root(20, memory_tree_get, fork, &claim.root), HP_OK);
	cr_assert_eq(hp_merkle_consistency(12, 20, memory_tree_get, fork, claim.proof,
					   &claim.count), HP_OK);
	cr_assert_not(holds(&claim));
	claim.from = 9; /* up to there they are one */
	cr_assert_eq(hp_merkle_root(9, memory_tree_get, tree, &claim.start), HP_OK);
	cr_assert_eq(hp_merkle_consistency(9, 20, memory_tree_get, fork, claim.proof,
					   &claim.count), HP_OK);
	cr_assert(holds(&claim));
	free(tree);
	free(fork);
}

/* A leaf must not pass for a node, nor a node for a leaf. */
Test(merkle, leaves_and_nodes_hash_apart)
{
	struct hp_hash left = {{1}}, right = {{2}}, node, leaf;
	uint8_t both[2 * HP_HASH_BYTES];
	memcpy(both, left.bytes, HP_HASH_BYTES);
	memcpy(both + HP_HASH_BYTES, right.bytes, HP_HASH_BYTES);
	hp_merkle_node_hash(&left, &right, &node);
	hp_merkle_leaf_hash(both, sizeof both, &leaf);
	cr_assert_neq(memcmp(node.bytes, leaf.bytes, HP_HASH_BYTES), 0);
}

Test(merkle, out_of_range_is_refused)
{
	struct memory_tree *tree = grow_tree(5);
	struct hp_hash proof[HP_MERKLE_PROOF_MAX], hash = {{7}};
	size_t count = 99;
	const uint64_t over = HP_MERKLE_SIZE_MAX + 1;
	cr_assert_eq(hp_merkle_inclusion(5, 5, memory_tree_get, tree, proof, &count),
		     HP_NOT_FOUND);
	cr_assert_eq(hp_merkle_inclusion(0, 0, memory_tree_get, tree, proof, &count),
		     HP_NOT_FOUND);
	cr_assert_eq(hp_merkle_inclusion(0, 6, memory_tree_get, tree, proof, &count),
		     HP_NOT_FOUND);
	cr_assert_eq(hp_merkle_consistency(6, 5, memory_tree_get, tree, proof, &count),
		     HP_NOT_FOUND);
	cr_assert_eq(hp_merkle_inclusion(0, over, memory_tree_get, tree, proof, &count),
		     HP_TOO_LARGE);
	cr_assert_eq(hp_merkle_consistency(1, over, memory_tree_get, tree, proof, &count),
		     HP_TOO_LARGE);
	cr_assert_eq(hp_merkle_root(over, memory_tree_get, tree, &hash), HP_TOO_LARGE);
	cr_assert_eq(hp_merkle_append(HP_MERKLE_SIZE_MAX, &hash, memory_tree_get,
				      memory_tree_put, tree), HP_TOO_LARGE);
	cr_assert_eq(hp_merkle_verify_inclusion(5, 5, &hash, proof, 0, &hash), HP_BAD_SIGNATURE);
	cr_assert_eq(hp_merkle_verify_inclusion(0, 0, &hash, proof, 0, &hash), HP_BAD_SIGNATURE);
	cr_assert_eq(hp_merkle_verify_consistency(6, 5, &hash, &hash, proof, 0),
		     HP_BAD_SIGNATURE);
	cr_assert_eq(hp_merkle_verify_consistency(3, 5, &hash, &hash, proof, 0),
		     HP_BAD_SIGNATURE);
	cr_assert_eq(count, 99);
	cr_assert_eq(hash.bytes[0], 7);
	free(tree);
}

/* Every read that can fail does once: the error comes out, and nothing else. */
Test(merkle, a_store_that_fails_fails_the_whole)
{
	struct memory_tree *tree = grow_tree(107);
	for (unsigned what = 0; what < 4; what++) {
		enum hp_status status = HP_IO;
		unsigned tries = 0;
		while (status == HP_IO) {
			struct hp_hash proof[HP_MERKLE_PROOF_MAX] = {0}, root = {{9}};
			size_t count = 99;
			tree->gets = 0;
			tree->fail_at = ++tries;
			switch (what) {
			case 0:
				status = hp_merkle_root(107, memory_tree_get, tree, &root);
				break;
			case 1:
				status = hp_merkle_inclusion(77, 107, memory_tree_get, tree, proof,
							     &count);
				break;
			case 2:
				status = hp_merkle_consistency(77, 107, memory_tree_get, tree,
							       proof, &count);
				break;
			default:
				status = memory_tree_add(tree, "x", 1);
				memset(tree->written + hp_merkle_index(0, 107), 0, 100);
				break;
			}
			cr_assert(status == HP_OK || (status == HP_IO && count == 99 &&
						      root.bytes[0] == 9 && !proof[0].bytes[0]));
		}
		cr_assert_eq(status, HP_OK);
		cr_assert_gt(tries, 1);
	}
	free(tree);
}

/*
 * A tree of equal leaves, of any size: a node's hash depends on its level alone. The level of an
 * index is found by walking to its leaf, the other way round than hp_merkle_index().
 */
static enum hp_status
get_uniform(void *context, uint64_t index, struct hp_hash *ret_hash)
{
	const struct hp_hash *levels = context;
	uint64_t n = index / 2;
	while (hp_merkle_index(0, n + 1) <= index)
		n++;
	*ret_hash = levels[index - hp_merkle_index(0, n)];
	return HP_OK;
}

Test(merkle, the_largest_trees_have_proofs)
{
	static const uint64_t sizes[] = {
		HP_MERKLE_SIZE_MAX, HP_MERKLE_SIZE_MAX - 1, HP_MERKLE_SIZE_MAX / 2 + 1,
		((uint64_t)1 << 40) + 12345, 1000003,
	};
	struct hp_hash levels[64] = {{{42}}};
	for (unsigned i = 1; i < 64; i++)
		hp_merkle_node_hash(&levels[i - 1], &levels[i - 1], &levels[i]);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		const uint64_t size = sizes[i];
		const uint64_t froms[] = {1, 2, 3, size / 3, size / 2, size / 2 + 1, size - 1};
		struct claim claim = {.size = size, .start = levels[0]};
		cr_assert_eq(hp_merkle_root(size, get_uniform, levels, &claim.root), HP_OK);
		for (size_t j = 0; j < sizeof froms / sizeof froms[0]; j++) {
			claim.from = froms[j];
			claim.start = levels[0];
			claim.inclusion = true;
			cr_assert_eq(hp_merkle_inclusion(froms[j], size, get_uniform, levels,
							 claim.proof, &claim.count), HP_OK);
			cr_assert(holds(&claim));
			claim.inclusion = false;
			cr_assert_eq(hp_merkle_root(froms[j], get_uniform, levels, &claim.start),
				     HP_OK);
			cr_assert_eq(hp_merkle_consistency(froms[j], size, get_uniform, levels,
							   claim.proof, &claim.count), HP_OK);
			cr_assert(holds(&claim));
		}
	}
	cr_assert_leq(hp_merkle_index(0, HP_MERKLE_SIZE_MAX - 1) + 62, INT64_MAX);
}

/* ---- the right edge alone ---- */

struct made {
	struct memory_tree *tree;
	uint64_t next;
};

static enum hp_status
compare_node(void *context, uint64_t index, const struct hp_hash *hash)
{
	struct made *made = context;
	struct hp_hash stored;
	cr_assert_eq(index, made->next++, "nodes come in the order of their indices");
	cr_assert_eq(memory_tree_get(made->tree, index, &stored), HP_OK);
	cr_assert_arr_eq(hash->bytes, stored.bytes, HP_HASH_BYTES);
	return HP_OK;
}

Test(merkle, an_edge_makes_the_same_nodes_and_roots)
{
	struct memory_tree *tree = grow_tree(MOST);
	struct made made = {.tree = tree};
	struct hp_merkle_edge edge = {0};
	for (uint64_t size = 0; size <= MOST; size++) {
		struct hp_hash root, leaf, want = reference(0, size);
		hp_merkle_edge_root(&edge, &root);
		cr_assert_arr_eq(root.bytes, want.bytes, HP_HASH_BYTES, "size %d", (int)size);
		const uint8_t bytes[2] = {(uint8_t)(size >> 8), (uint8_t)size};
		hp_merkle_leaf_hash(bytes, sizeof bytes, &leaf);
		if (size < MOST)
			cr_assert_eq(hp_merkle_edge_add(&edge, &leaf, compare_node, &made), HP_OK);
	}
	cr_assert_eq(edge.nodes_made, made.next);
	edge.size = HP_MERKLE_SIZE_MAX;
	cr_assert_eq(hp_merkle_edge_add(&edge, &edge.nodes[0], NULL, NULL), HP_TOO_LARGE);
	free(tree);
}
