/*
 * Leaves, votes and frozen quorums: what the strict readers accept, the writers write back byte for
 * byte; and no signature that nobody made verifies.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/checkpoint.h"
#include "core/msgpack.h"
#include "core/quorum.h"
#include "core/vote.h"

static void
read_leaf(struct hp_arena *arena, const uint8_t *data, size_t size)
{
	struct hp_leaf leaf;
	struct hp_error err = {0};
	struct hp_buf again = {0};
	enum hp_status status = hp_leaf_decode(arena, data, size, &leaf, &err);
	fuzz_check_error(status, &err);
	if (status == HP_OK) {
		FUZZ_CHECK(hp_leaf_encode(&leaf, &again) == HP_OK);
		FUZZ_CHECK(again.len == size && memcmp(again.data, data, size) == 0);
	}
	hp_buf_release(&again);
}

static void
read_vote(struct hp_arena *arena, const uint8_t *data, size_t size)
{
	static const uint8_t seed[HP_SIGN_SEED_BYTES] = {1};
	uint8_t public_key[HP_SIGN_PUBLIC_BYTES], signature[HP_SIGNATURE_BYTES] = {0};
	struct hp_vote vote;
	struct hp_error err = {0};
	struct hp_buf again = {0};
	enum hp_status status = hp_vote_decode(arena, data, size, &vote, &err);
	fuzz_check_error(status, &err);
	if (status == HP_OK) {
		FUZZ_CHECK(hp_vote_encode(&vote, &again) == HP_OK);
		FUZZ_CHECK(again.len == size && memcmp(again.data, data, size) == 0);
		FUZZ_CHECK(hp_vote_sign(&vote, seed, signature) == HP_OK);
		hp_crypto_sign_public(seed, public_key);
		FUZZ_CHECK(hp_vote_verify(data, size, public_key, signature) == HP_OK);
		signature[size % sizeof signature] ^= 1;
		FUZZ_CHECK(hp_vote_verify(data, size, public_key, signature) ==
			   HP_BAD_SIGNATURE);
	}
	hp_buf_release(&again);
}

static void
read_quorum(struct hp_arena *arena, const uint8_t *data, size_t size)
{
	const struct hp_value *frozen;
	struct hp_quorum quorum;
	struct hp_error err = {0};
	if (hp_msgpack_decode(arena, data, size, &frozen, NULL) != HP_OK)
		return;
	enum hp_status status = hp_quorum_thaw(arena, frozen, &quorum, &err);
	fuzz_check_error(status, &err);
	if (status != HP_OK)
		return;
	FUZZ_CHECK(hp_value_equal(hp_quorum_freeze(arena, &quorum), frozen));
	/* A voter from each slot, fitting at least that one: all of them find a place. */
	struct hp_voter voters[16] = {0};
	char names[16][4];
	for (size_t i = 0; i < quorum.slot_count && i < 16; i++) {
		snprintf(names[i], sizeof names[i], "%zu", i);
		voters[i] = (struct hp_voter){names[i], quorum.slots[i].groups,
					      quorum.slots[i].group_count};
	}
	unsigned filled = hp_quorum_filled(&quorum, voters, quorum.slot_count, 0);
	unsigned groups = 0;
	for (size_t i = 0; i < quorum.slot_count; i++)
		groups += quorum.slots[i].group_count > 0;
	FUZZ_CHECK(filled <= hp_quorum_needed(&quorum) && filled == groups);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	read_leaf(&arena, data, size);
	read_vote(&arena, data, size);
	read_quorum(&arena, data, size);
	hp_arena_release(&arena);
	return 0;
}
