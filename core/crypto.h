/*
 * crypto - hash, sign, seal; by libsodium and nettle, nothing invented.
 *
 * SHA-256 is nettle's, which uses the processor's instructions for it where there are any; a submit
 * hashes some six kilobytes, and libsodium's takes five times as long.
 *
 * Invariants: secrets are wiped with hp_crypto_wipe() by whoever holds them; comparisons of secret
 * or signed bytes are constant-time. Call hp_crypto_start() once before anything else here.
 * Threads: no state after hp_crypto_start().
 * Sources: FIPS 180-4 (SHA-256), RFC 8032 (Ed25519), RFC 9106 (Argon2id), NaCl secretbox.
 */
#ifndef HP_CORE_CRYPTO_H
#define HP_CORE_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/status.h"
#include "core/value.h"

enum {
	HP_HASH_BYTES = 32,
	HP_SALT_BYTES = 32,
	HP_SIGN_PUBLIC_BYTES = 32,
	HP_SIGN_SEED_BYTES = 32,
	HP_SIGNATURE_BYTES = 64,
	HP_CURVE_BYTES = 32,
	HP_SEAL_SALT_BYTES = 16,
	HP_UUID_BYTES = 37, /* with its NUL */
};

/* HP_IO when the library cannot start. Idempotent. */
HP_MUST_CHECK enum hp_status hp_crypto_start(void);

void hp_crypto_random(void *bytes, size_t len);
void hp_crypto_wipe(void *bytes, size_t len);

/* A random UUID in lower case. Source: RFC 9562 section 5.4. */
void hp_crypto_uuid(char ret_text[HP_UUID_BYTES]);

/* In constant time. */
bool hp_crypto_equal(const void *a, const void *b, size_t len);

/* SHA-256 over the concatenation of `count` parts. */
void hp_crypto_sha256(const struct hp_str *parts, size_t count, uint8_t ret_hash[HP_HASH_BYTES]);

/* HMAC-SHA-256 (RFC 2104) under a key of HP_HASH_BYTES. */
void hp_crypto_mac(const uint8_t key[HP_HASH_BYTES], const void *bytes, size_t len,
		   uint8_t ret_mac[HP_HASH_BYTES]);

/* SHA-256 of bytes that come in pieces: `next` gives one after the other, an empty one at the end. A
 * status of it other than HP_OK ends the matter and is returned. */
typedef enum hp_status hp_crypto_pieces(void *context, struct hp_str *ret_piece);
HP_MUST_CHECK enum hp_status hp_crypto_sha256_pieces(hp_crypto_pieces *next, void *context,
						     uint8_t ret_hash[HP_HASH_BYTES]);

/* A new Ed25519 seed and its public key; a new X25519 pair for CURVE. */
void hp_crypto_sign_keypair(uint8_t ret_seed[HP_SIGN_SEED_BYTES],
			    uint8_t ret_public[HP_SIGN_PUBLIC_BYTES]);
void hp_crypto_sign_public(const uint8_t seed[HP_SIGN_SEED_BYTES],
			   uint8_t ret_public[HP_SIGN_PUBLIC_BYTES]);
void hp_crypto_curve_keypair(uint8_t ret_secret[HP_CURVE_BYTES],
			     uint8_t ret_public[HP_CURVE_BYTES]);

void hp_crypto_sign(const uint8_t seed[HP_SIGN_SEED_BYTES], const void *message, size_t len,
		    uint8_t ret_signature[HP_SIGNATURE_BYTES]);

/* HP_BAD_SIGNATURE when it does not verify. */
HP_MUST_CHECK enum hp_status hp_crypto_verify(const uint8_t public_key[HP_SIGN_PUBLIC_BYTES],
					      const void *message, size_t len,
					      const uint8_t signature[HP_SIGNATURE_BYTES]);

/* DSSE pre-authentication encoding: "DSSEv1 SP len(type) SP type SP len(body) SP body", appended.
 * Source: github.com/secure-systems-lab/dsse protocol.md. */
void hp_crypto_pae(struct hp_buf *buf, const char *type, const void *body, size_t len);

/* Argon2id cost of a seal; protocol.md's `ops` and `mem`. */
struct hp_seal_cost {
	uint64_t ops;
	uint64_t mem_bytes;
};
extern const struct hp_seal_cost hp_seal_default; /* libsodium's MODERATE */

/* Appends nonce24 ‖ secretbox of `secret` under Argon2id(passphrase, salt). HP_NOMEM, HP_INVALID
 * (cost out of libsodium's range or over 1 GiB / 16 passes). */
HP_MUST_CHECK enum hp_status hp_crypto_seal(const char *passphrase, size_t passphrase_len,
					    const uint8_t salt[HP_SEAL_SALT_BYTES],
					    struct hp_seal_cost cost, const void *secret,
					    size_t len, struct hp_buf *buf);
/* The reverse; HP_BAD_SIGNATURE for a wrong passphrase or altered box. Appends to buf. */
HP_MUST_CHECK enum hp_status hp_crypto_open(const char *passphrase, size_t passphrase_len,
					    const uint8_t salt[HP_SEAL_SALT_BYTES],
					    struct hp_seal_cost cost, const void *box, size_t len,
					    struct hp_buf *buf);

/* Base64 (RFC 4648 §4, padded; its unused bits zero) and hex (either case). Decoders are strict:
 * HP_INVALID for anything else, and for more or fewer than `len` bytes. */
void hp_crypto_add_base64(struct hp_buf *buf, const void *bytes, size_t len);
HP_MUST_CHECK enum hp_status hp_crypto_base64(const char *text, size_t text_len, void *ret_bytes,
					      size_t len);
HP_MUST_CHECK enum hp_status hp_crypto_base64_any(struct hp_arena *arena, const char *text,
						  size_t text_len, struct hp_str *ret_bytes);
HP_MUST_CHECK enum hp_status hp_crypto_hex(const char *text, size_t text_len, void *ret_bytes,
					   size_t len);

#endif
