/*
 * checkpoint - C2SP signed checkpoints and tlog proofs, and the log's leaves.
 *
 * Invariants: the bytes are those of trust.md, reproduced against tests/vectors/trust.json. A
 * checkpoint that does not parse exactly is refused; the signature covers the text through its
 * third newline. There is one signature line, the log's own.
 * Threads: no state.
 * Sources: C2SP tlog-checkpoint, signed-note, tlog-proof.
 */
#ifndef HP_CORE_CHECKPOINT_H
#define HP_CORE_CHECKPOINT_H

#include "core/merkle.h"

struct hp_checkpoint {
	const char *origin; /* the instance */
	uint64_t size;
	struct hp_hash root;
};

/* Appends the signed text. `origin` must be a signed-note name (no space, no plus), as the
 * configuration sees to; with another one nothing would verify. */
void hp_checkpoint_sign(struct hp_buf *buf, const struct hp_checkpoint *checkpoint,
			const uint8_t seed[HP_SIGN_SEED_BYTES]);

/* Parses and verifies `text` against `public_key` and `origin`. ret->origin borrows `origin`.
 * HP_INVALID with the line for another form; HP_BAD_SIGNATURE for another log, key or signature. */
HP_MUST_CHECK enum hp_status hp_checkpoint_verify(const char *text, size_t len, const char *origin,
						  const uint8_t public_key[HP_SIGN_PUBLIC_BYTES],
						  struct hp_checkpoint *ret_checkpoint,
						  struct hp_error *err);

/*
 * Anchors. An anchor file is signed checkpoints one after the other, in the order they were made,
 * each followed by an empty line. What a full disk tore off, and what others wrote between, stands
 * on lines of its own. Takes the next text that has the form of a checkpoint off *rest, not yet
 * verified; adds the lines that were passed over to *skipped. False: there is none.
 */
bool hp_checkpoint_next(struct hp_str *rest, struct hp_str *ret_text, size_t *skipped);

/* "origin+keyid+base64(01 ‖ pk)", and back. The parsed origin is copied into arena. */
void hp_checkpoint_add_vkey(struct hp_buf *buf, const char *origin,
			    const uint8_t public_key[HP_SIGN_PUBLIC_BYTES]);
HP_MUST_CHECK enum hp_status hp_checkpoint_parse_vkey(struct hp_arena *arena, const char *vkey,
						      const char **ret_origin,
						      uint8_t ret_public[HP_SIGN_PUBLIC_BYTES],
						      struct hp_error *err);

/* Appends a tlog-proof: index, hashes, blank line, checkpoint. */
void hp_checkpoint_add_proof(struct hp_buf *buf, uint64_t index, const struct hp_hash *proof,
			     size_t count, const char *checkpoint_text);

/* The reverse: that `leaf` stands at the proof's index in the tree of its checkpoint, which
 * verifies as hp_checkpoint_verify() says. HP_INVALID with the line, HP_BAD_SIGNATURE. */
HP_MUST_CHECK enum hp_status hp_checkpoint_verify_proof(
	const char *text, size_t len, const char *origin,
	const uint8_t public_key[HP_SIGN_PUBLIC_BYTES], const struct hp_hash *leaf,
	uint64_t *ret_index, struct hp_checkpoint *ret_checkpoint, struct hp_error *err);

/* One audit leaf. `boot_id` 16 bytes; `digest` NULL for none; body is HP-canon of a map. */
struct hp_leaf {
	uint64_t seq;
	int64_t wall_ms;
	const uint8_t *boot_id;
	int64_t boottime_ms;
	const char *event;   /* the topic: "request.blocked" */
	const char *actor;   /* a principal's name, or "policy", "broker" */
	const char *request; /* id or "" */
	const uint8_t *digest;
	uint8_t body_hash[HP_HASH_BYTES]; /* SHA-256(salt ‖ body) */
};

/* SHA-256(salt32 ‖ body). */
void hp_leaf_body_hash(const uint8_t salt[HP_SALT_BYTES], const void *body, size_t len,
		       uint8_t ret_hash[HP_HASH_BYTES]);
/* Appends HP-canon of the leaf. HP_INVALID for what hp_leaf_decode() would refuse. */
HP_MUST_CHECK enum hp_status hp_leaf_encode(const struct hp_leaf *leaf, struct hp_buf *buf);
/* Strict reverse; pointers borrow the arena. Numbers are not negative, strings hold no NUL, `event`
 * and `actor` are not empty. */
HP_MUST_CHECK enum hp_status hp_leaf_decode(struct hp_arena *arena, const void *bytes, size_t len,
					    struct hp_leaf *ret_leaf, struct hp_error *err);

#endif
