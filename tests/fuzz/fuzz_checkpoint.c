/*
 * Checkpoints, proofs and verifier keys: what is accepted has one spelling, and a signed checkpoint
 * with any byte changed is refused. The bytes are read as each of the three; the first of them also
 * say which checkpoint to sign, and where to spoil it.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/checkpoint.h"

static const char origin[] = "hp.example/log1";
static uint8_t seed[HP_SIGN_SEED_BYTES], public_key[HP_SIGN_PUBLIC_BYTES];

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The key of tests/vectors/trust.json, so that its checkpoint is a seed that verifies. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	FUZZ_CHECK(hp_crypto_start() == HP_OK);
	for (unsigned i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t)i;
	hp_crypto_sign_public(seed, public_key);
	return 0;
}

static void
check_status(enum hp_status status, const struct hp_error *err)
{
	FUZZ_CHECK(status == HP_OK || status == HP_INVALID || status == HP_BAD_SIGNATURE);
	fuzz_check_error(status, err);
}

static void
read_checkpoint(const char *text, size_t size)
{
	struct hp_checkpoint checkpoint;
	struct hp_error err = {0};
	struct hp_buf again = {0};
	enum hp_status status =
		hp_checkpoint_verify(text, size, origin, public_key, &checkpoint, &err);
	check_status(status, &err);
	if (status == HP_OK) {
		hp_checkpoint_sign(&again, &checkpoint, seed);
		FUZZ_CHECK(again.len == size && memcmp(again.data, text, size) == 0);
	}
	hp_buf_release(&again);
}

static void
read_proof(const char *text, size_t size)
{
	static const struct hp_hash leaf;
	struct hp_checkpoint checkpoint;
	struct hp_error err = {0};
	uint64_t index;
	check_status(hp_checkpoint_verify_proof(text, size, origin, public_key, &leaf, &index,
						&checkpoint, &err),
		     &err);
}

static void
read_vkey(const char *text, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	struct hp_buf again = {0};
	uint8_t key[HP_SIGN_PUBLIC_BYTES];
	const char *name, *vkey = hp_arena_copy(&arena, text, size);
	enum hp_status status = hp_checkpoint_parse_vkey(&arena, vkey, &name, key, &err);
	check_status(status, &err);
	if (status == HP_OK) {
		hp_checkpoint_add_vkey(&again, name, key);
		FUZZ_CHECK(strcmp(hp_buf_text(&again), vkey) == 0);
	}
	hp_buf_release(&again);
	hp_arena_release(&arena);
}

static void
sign_and_spoil(const uint8_t *data, size_t size)
{
	struct hp_checkpoint made = {.origin = origin}, read;
	struct hp_buf text = {0};
	if (size < sizeof made.size + sizeof made.root + 2)
		return;
	memcpy(&made.size, data, sizeof made.size);
	made.size %= HP_MERKLE_SIZE_MAX + 1;
	memcpy(made.root.bytes, data + sizeof made.size, sizeof made.root.bytes);
	hp_checkpoint_sign(&text, &made, seed);
	FUZZ_CHECK(hp_checkpoint_verify(hp_buf_text(&text), text.len, origin, public_key, &read,
					NULL) == HP_OK);
	FUZZ_CHECK(read.size == made.size &&
		   memcmp(&read.root, &made.root, sizeof made.root) == 0);
	data += sizeof made.size + sizeof made.root;
	text.data[data[0] % text.len] ^= data[1];
	FUZZ_CHECK((hp_checkpoint_verify(hp_buf_text(&text), text.len, origin, public_key, &read,
					 NULL) == HP_OK) == !data[1]);
	hp_buf_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_checkpoint((const char *)data, size);
	read_proof((const char *)data, size);
	read_vkey((const char *)data, size);
	sign_and_spoil(data, size);
	return 0;
}
