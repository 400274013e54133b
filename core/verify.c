#include "core/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/msgpack.h"

struct witness {
	uint64_t size;
	struct hp_hash root;
	enum hp_witness kind;
};

struct hp_verify {
	struct hp_verify_options options;
	struct hp_verify_result *result;
	struct hp_replay *replay;
	struct hp_merkle_edge edge;
	struct hp_arena scratch;
	struct witness *witnesses; /* sorted by size at the first leaf */
	size_t count, room, next;
	bool began, broken, forked, locked;
	uint64_t newest_kept, lock_size;
	bool moved; /* of the leaf before: */
	int64_t boottime_ms;
	uint8_t boot_id[16];
};

static const char *const kinds[HP_WITNESS_COUNT] = {
	[HP_WITNESS_KEPT] = "checkpoint",
	[HP_WITNESS_LOCK] = "the lock file's checkpoint",
	[HP_WITNESS_ANCHOR] = "the anchor's checkpoint",
};

enum hp_status
hp_verify_new(const struct hp_verify_options *options, struct hp_verify_result *result,
	      struct hp_verify **ret_verify)
{
	struct hp_verify *verify = calloc(1, sizeof *verify);
	if (!verify)
		return HP_NOMEM;
	verify->options = *options;
	verify->result = result;
	*result = (struct hp_verify_result){0};
	enum hp_status status = hp_replay_new(options->origin, &result->problems, options->hooks,
					      options->context, &verify->replay);
	if (status == HP_OK)
		*ret_verify = verify;
	else
		hp_verify_free(verify);
	return status;
}

void
hp_verify_free(struct hp_verify *verify)
{
	if (!verify)
		return;
	hp_replay_free(verify->replay);
	hp_arena_release(&verify->scratch);
	free(verify->witnesses);
	free(verify);
}

bool
hp_verify_is_broken(const struct hp_verify *verify)
{
	return verify->broken;
}

const struct hp_replay *
hp_verify_replay(const struct hp_verify *verify)
{
	return verify->replay;
}

/* ---- witnesses ---- */

static bool
add(struct hp_verify *verify, const struct witness *witness)
{
	if (verify->count == verify->room) {
		size_t room = verify->room ? verify->room * 2 : 64;
		struct witness *more = realloc(verify->witnesses, room * sizeof *more);
		if (!more)
			return false;
		verify->witnesses = more;
		verify->room = room;
	}
	verify->witnesses[verify->count++] = *witness;
	return true;
}

/* The last leaf that a checkpoint of this size speaks of. */
static uint64_t
last_of(uint64_t size)
{
	return size ? size - 1 : 0;
}

enum hp_status
hp_verify_witness(struct hp_verify *verify, enum hp_witness kind, const char *text, size_t len,
		  const uint64_t *size)
{
	struct hp_problems *problems = &verify->result->problems;
	struct hp_checkpoint checkpoint;
	struct hp_error err = {0};
	enum hp_status status =
		hp_checkpoint_verify(text, len, verify->options.origin, verify->options.public_key,
				     &checkpoint, &err);
	verify->result->witnesses[kind]++;
	if (status == HP_NOMEM)
		return status;
	if (status != HP_OK && size) {
		hp_problems_add(problems, last_of(*size), "%s %" PRIu64 ": %s", kinds[kind], *size,
				err.message);
	} else if (status != HP_OK) {
		hp_problems_add(problems, HP_NO_SEQ, "%s: %s", kinds[kind], err.message);
	} else if (size && checkpoint.size != *size) {
		hp_problems_add(problems, last_of(*size), "%s %" PRIu64 " is one of %" PRIu64,
				kinds[kind], *size, checkpoint.size);
	} else {
		const struct witness witness = {checkpoint.size, checkpoint.root, kind};
		return add(verify, &witness) ? HP_OK : HP_NOMEM;
	}
	return HP_OK;
}

static int
compare_witnesses(const void *a, const void *b)
{
	const struct witness *first = a, *second = b;
	if (first->size != second->size)
		return first->size < second->size ? -1 : 1;
	return (int)first->kind - (int)second->kind;
}

/* The first that tells of another log is told; what comes after it differs too. */
static void
compare_root(struct hp_verify *verify, const struct witness *witness, const struct hp_hash *root)
{
	struct hp_verify_result *result = verify->result;
	if (verify->forked)
		return;
	if (memcmp(root, &witness->root, sizeof *root) == 0) {
		result->covered = witness->size;
		return;
	}
	verify->forked = true;
	hp_problems_add(&result->problems, result->covered,
			"leaf %" PRIu64 ": %s of %" PRIu64 " leaves has another root: from here on "
			"the log was forked or changed",
			result->covered, kinds[witness->kind], witness->size);
}

/* Those whose size the leaves have reached. What the lock file or an anchor has must be kept beside
 * the log too; of one size the kept one comes first. */
static void
consult(struct hp_verify *verify)
{
	struct hp_hash root;
	const struct witness *first = &verify->witnesses[verify->next], *at = first;
	const struct witness *end = verify->witnesses + verify->count;
	if (at == end || at->size != verify->edge.size)
		return;
	hp_merkle_edge_root(&verify->edge, &root);
	for (; at < end && at->size == verify->edge.size; at++)
		compare_root(verify, at, &root);
	verify->next += (size_t)(at - first);
	if (first->kind == HP_WITNESS_KEPT)
		verify->newest_kept = first->size;
	else if (!verify->options.growing)
		hp_problems_add(&verify->result->problems, last_of(first->size),
				"checkpoint %" PRIu64 " is not kept beside the log, and %s has it: "
				"it was taken away", first->size, kinds[first->kind]);
	if (at[-1].kind == HP_WITNESS_LOCK || (at - first > 1 && first[1].kind == HP_WITNESS_LOCK)) {
		verify->locked = true;
		verify->lock_size = first->size;
	}
}

static void
begin(struct hp_verify *verify)
{
	verify->began = true;
	if (verify->count)
		qsort(verify->witnesses, verify->count, sizeof *verify->witnesses,
		      compare_witnesses);
	consult(verify);
}

/* ---- leaves ---- */

/* Notes why the leaf at hand is not to be believed, and ends the reading. */
static enum hp_status
broken(struct hp_verify *verify, const char *why)
{
	verify->broken = true;
	hp_problems_add(&verify->result->problems, verify->edge.size, "leaf %" PRIu64 " %s",
			verify->edge.size, why);
	return HP_REFUSED;
}

struct stored {
	struct hp_str leaf, body, salt;
};

/* The leaf's own bytes, and that its body is the one it vouches for. */
static enum hp_status
open_leaf(struct hp_verify *verify, uint64_t seq, const struct stored *stored,
	  struct hp_leaf *ret_leaf, const struct hp_value **ret_body)
{
	uint8_t hash[HP_HASH_BYTES];
	char why[96];
	if (seq != verify->edge.size) {
		snprintf(why, sizeof why, "is missing: the next one stored is %" PRIu64, seq);
		return broken(verify, why);
	}
	enum hp_status status = hp_leaf_decode(&verify->scratch, stored->leaf.p, stored->leaf.len,
					       ret_leaf, NULL);
	if (status != HP_OK)
		return status == HP_NOMEM ? status
					  : broken(verify, "does not have the fields of a leaf");
	if (ret_leaf->seq != seq) {
		snprintf(why, sizeof why, "says that it is number %" PRIu64, ret_leaf->seq);
		return broken(verify, why);
	}
	*ret_body = NULL;
	if (!stored->body.p != !stored->salt.p)
		return broken(verify, "has lost half of its body");
	if (!stored->body.p)
		return HP_OK;
	if (stored->salt.len == HP_SALT_BYTES)
		hp_leaf_body_hash((const uint8_t *)stored->salt.p, stored->body.p,
				  stored->body.len, hash);
	if (stored->salt.len != HP_SALT_BYTES ||
	    memcmp(hash, ret_leaf->body_hash, sizeof hash) != 0)
		return broken(verify, "has another body than it vouches for");
	status = hp_msgpack_decode_canonical(&verify->scratch, stored->body.p, stored->body.len,
					     ret_body, NULL);
	if (status == HP_NOMEM)
		return status;
	return status == HP_OK && (*ret_body)->type == HP_MAP
		       ? HP_OK
		       : broken(verify, "has a body that is no map");
}

/* A node as computed, against the stored one of that index. */
static enum hp_status
check_node(void *context, uint64_t index, const struct hp_hash *hash)
{
	struct hp_verify *verify = context;
	struct hp_hash stored;
	uint64_t at;
	enum hp_status status = verify->options.next_node(verify->options.context, &at, &stored);
	if (status == HP_NOT_FOUND)
		return HP_CONFLICT;
	if (status != HP_OK)
		return status;
	return at == index && memcmp(&stored, hash, sizeof stored) == 0 ? HP_OK : HP_CONFLICT;
}

static enum hp_status
grow(struct hp_verify *verify, const struct stored *stored)
{
	struct hp_hash hash;
	char why[96];
	hp_merkle_leaf_hash(stored->leaf.p, stored->leaf.len, &hash);
	enum hp_status status =
		hp_merkle_edge_add(&verify->edge, &hash,
				   verify->options.next_node ? check_node : NULL, verify);
	if (status != HP_CONFLICT)
		return status;
	snprintf(why, sizeof why, "is not the one the tree holds: node %" PRIu64 " differs",
		 verify->edge.nodes_made);
	return broken(verify, why);
}

/* Boot time never runs backwards while the machine is up. */
static void
check_clock(struct hp_verify *verify, const struct hp_leaf *leaf)
{
	if (verify->moved && memcmp(verify->boot_id, leaf->boot_id, sizeof verify->boot_id) == 0 &&
	    leaf->boottime_ms < verify->boottime_ms)
		hp_problems_add(&verify->result->problems, leaf->seq,
				"leaf %" PRIu64 " (%s): was written before the one in front of it",
				leaf->seq, leaf->event);
	verify->moved = true;
	verify->boottime_ms = leaf->boottime_ms;
	memcpy(verify->boot_id, leaf->boot_id, sizeof verify->boot_id);
}

enum hp_status
hp_verify_leaf(struct hp_verify *verify, uint64_t seq, struct hp_str leaf_bytes,
	       struct hp_str body_bytes, struct hp_str salt, struct hp_leaf *ret_leaf)
{
	const struct stored stored = {leaf_bytes, body_bytes, salt};
	const struct hp_value *body = NULL;
	struct hp_leaf leaf;
	if (!verify->began)
		begin(verify);
	if (verify->broken)
		return HP_REFUSED;
	hp_arena_reset(&verify->scratch);
	enum hp_status status = open_leaf(verify, seq, &stored, &leaf, &body);
	if (status == HP_OK)
		status = grow(verify, &stored);
	if (status != HP_OK)
		return status;
	check_clock(verify, &leaf);
	status = hp_replay_leaf(verify->replay, &leaf, body, &verify->scratch);
	consult(verify);
	if (status == HP_OK && ret_leaf)
		*ret_leaf = leaf;
	return status;
}

/* ---- the end ---- */

/* Leaves that are known to have stood behind the last one. */
static void
check_cut(struct hp_verify *verify)
{
	struct hp_verify_result *result = verify->result;
	struct hp_hash hash;
	uint64_t size = verify->edge.size, index;
	if (verify->options.next_node &&
	    verify->options.next_node(verify->options.context, &index, &hash) == HP_OK) {
		verify->broken = true;
		hp_problems_add(&result->problems, size,
				"leaf %" PRIu64 " is missing: the tree has nodes behind the last "
				"leaf: cut off", size);
	}
	if (verify->next < verify->count) {
		const struct witness *largest = &verify->witnesses[verify->count - 1];
		verify->broken = true;
		hp_problems_add(&result->problems, size,
				"leaf %" PRIu64 " is missing: %s vouches for %" PRIu64
				" leaves: rolled back or cut off", size, kinds[largest->kind],
				largest->size);
	}
}

static void
check_end(struct hp_verify *verify)
{
	struct hp_verify_result *result = verify->result;
	check_cut(verify);
	if (verify->locked && verify->lock_size < verify->newest_kept && !verify->options.growing)
		hp_problems_add(&result->problems, last_of(verify->newest_kept),
				"the lock file's checkpoint is of %" PRIu64 " leaves, the newest one "
				"kept of %" PRIu64 ": an old lock file was put back",
				verify->lock_size, verify->newest_kept);
	if (result->covered < verify->edge.size && !verify->broken && !verify->options.growing &&
	    !verify->forked)
		hp_problems_add(&result->problems, result->covered,
				"leaf %" PRIu64 " is under no signed checkpoint, nor is what "
				"follows: nobody vouches for it", result->covered);
}

enum hp_status
hp_verify_finish(struct hp_verify *verify)
{
	struct hp_verify_result *result = verify->result;
	if (!verify->began)
		begin(verify);
	if (!verify->broken)
		check_end(verify);
	/* Of a log that broke off nobody knows how its requests ended. */
	enum hp_status status = verify->broken ? HP_OK : hp_replay_finish(verify->replay);
	result->leaves = verify->edge.size;
	result->counts = *hp_replay_counted(verify->replay);
	hp_merkle_edge_root(&verify->edge, &result->root);
	return status;
}
