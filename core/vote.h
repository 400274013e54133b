/*
 * vote - a person's signed decision on the digest they saw.
 *
 * B = HP-canon {v, instance, request, digest, decision, reason, by, at_ms}, signed with Ed25519
 * over the DSSE PAE with type application/vnd.holdpoint.vote.v1+msgpack (trust.md, "Votes").
 * Threads: no state.
 * Anyone who has the body, the signature and the key can verify it; the broker cannot make one.
 */
#ifndef HP_CORE_VOTE_H
#define HP_CORE_VOTE_H

#include "core/crypto.h"

#define HP_VOTE_TYPE "application/vnd.holdpoint.vote.v1+msgpack"

struct hp_vote {
	const char *instance;
	const char *request;
	const uint8_t *digest; /* HP_HASH_BYTES */
	bool approve;	       /* decision "approve", else "deny" */
	const char *reason;    /* "" for none */
	const char *by;	       /* the principal's name */
	int64_t at_ms;
};

/* Appends the body. HP_INVALID for what hp_vote_decode() would refuse. */
HP_MUST_CHECK enum hp_status hp_vote_encode(const struct hp_vote *vote, struct hp_buf *buf);
/* Strict reverse; pointers borrow the arena. Says nothing of the signature. */
HP_MUST_CHECK enum hp_status hp_vote_decode(struct hp_arena *arena, const void *body, size_t len,
					    struct hp_vote *ret_vote, struct hp_error *err);
/* Encodes, wraps, signs. */
HP_MUST_CHECK enum hp_status hp_vote_sign(const struct hp_vote *vote,
					  const uint8_t seed[HP_SIGN_SEED_BYTES],
					  uint8_t ret_signature[HP_SIGNATURE_BYTES]);
/* Over a body as served. HP_BAD_SIGNATURE. */
HP_MUST_CHECK enum hp_status hp_vote_verify(const void *body, size_t len,
					    const uint8_t public_key[HP_SIGN_PUBLIC_BYTES],
					    const uint8_t signature[HP_SIGNATURE_BYTES]);

#endif
