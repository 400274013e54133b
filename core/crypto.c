#include "core/crypto.h"

#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(HP_HASH_BYTES == SHA256_DIGEST_SIZE, "SHA-256");
_Static_assert(HP_SIGN_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "Ed25519 public key");
_Static_assert(HP_SIGN_SEED_BYTES == crypto_sign_SEEDBYTES, "Ed25519 seed");
_Static_assert(HP_SIGNATURE_BYTES == crypto_sign_BYTES, "Ed25519 signature");
_Static_assert(HP_CURVE_BYTES == crypto_box_PUBLICKEYBYTES, "X25519 public key");
_Static_assert(HP_CURVE_BYTES == crypto_box_SECRETKEYBYTES, "X25519 secret key");
_Static_assert(HP_SEAL_SALT_BYTES == crypto_pwhash_argon2id_SALTBYTES, "Argon2id salt");

enum {
	SEAL_OVERHEAD_BYTES = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES,
	BASE64 = sodium_base64_VARIANT_ORIGINAL,
};

/* A file states its own cost: above these it is an attack on the reader, not a slow key. */
#define SEAL_OPS_MAX 16u
#define SEAL_MEM_MAX_BYTES ((uint64_t)1 << 30)

const struct hp_seal_cost hp_seal_default = {
	.ops = crypto_pwhash_argon2id_OPSLIMIT_MODERATE,
	.mem_bytes = crypto_pwhash_argon2id_MEMLIMIT_MODERATE,
};

enum hp_status
hp_crypto_start(void)
{
	return sodium_init() < 0 ? HP_IO : HP_OK;
}

void
hp_crypto_random(void *bytes, size_t len)
{
	randombytes_buf(bytes, len);
}

void
hp_crypto_wipe(void *bytes, size_t len)
{
	if (bytes)
		sodium_memzero(bytes, len);
}

void
hp_crypto_uuid(char ret_text[HP_UUID_BYTES])
{
	uint8_t b[16];
	char *at = ret_text;
	hp_crypto_random(b, sizeof b);
	b[6] = (b[6] & 0x0f) | 0x40; /* version 4 */
	b[8] = (b[8] & 0x3f) | 0x80; /* variant */
	for (size_t i = 0; i < sizeof b; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = "0123456789abcdef"[b[i] >> 4];
		*at++ = "0123456789abcdef"[b[i] & 15];
	}
	*at = '\0';
}

bool
hp_crypto_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

void
hp_crypto_mac(const uint8_t key[HP_HASH_BYTES], const void *bytes, size_t len,
	      uint8_t ret_mac[HP_HASH_BYTES])
{
	struct hmac_sha256_ctx state;
	hmac_sha256_set_key(&state, HP_HASH_BYTES, key);
	hmac_sha256_update(&state, len, bytes);
	hmac_sha256_digest(&state, HP_HASH_BYTES, ret_mac);
	sodium_memzero(&state, sizeof state);
}

void
hp_crypto_sha256(const struct hp_str *parts, size_t count, uint8_t ret_hash[HP_HASH_BYTES])
{
	struct sha256_ctx state;
	sha256_init(&state);
	for (size_t i = 0; i < count; i++)
		if (parts[i].len)
			sha256_update(&state, parts[i].len, (const uint8_t *)parts[i].p);
	sha256_digest(&state, HP_HASH_BYTES, ret_hash);
}

enum hp_status
hp_crypto_sha256_pieces(hp_crypto_pieces *next, void *context, uint8_t ret_hash[HP_HASH_BYTES])
{
	struct sha256_ctx state;
	struct hp_str piece = {0};
	enum hp_status status;
	sha256_init(&state);
	while ((status = next(context, &piece)) == HP_OK && piece.len > 0)
		sha256_update(&state, piece.len, (const uint8_t *)piece.p);
	if (status == HP_OK)
		sha256_digest(&state, HP_HASH_BYTES, ret_hash);
	return status;
}

void
hp_crypto_sign_keypair(uint8_t ret_seed[HP_SIGN_SEED_BYTES],
		       uint8_t ret_public[HP_SIGN_PUBLIC_BYTES])
{
	randombytes_buf(ret_seed, HP_SIGN_SEED_BYTES);
	hp_crypto_sign_public(ret_seed, ret_public);
}

void
hp_crypto_sign_public(const uint8_t seed[HP_SIGN_SEED_BYTES],
		      uint8_t ret_public[HP_SIGN_PUBLIC_BYTES])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	crypto_sign_seed_keypair(ret_public, secret, seed);
	sodium_memzero(secret, sizeof secret);
}

void
hp_crypto_curve_keypair(uint8_t ret_secret[HP_CURVE_BYTES], uint8_t ret_public[HP_CURVE_BYTES])
{
	crypto_box_keypair(ret_public, ret_secret);
}

void
hp_crypto_sign(const uint8_t seed[HP_SIGN_SEED_BYTES], const void *message, size_t len,
	       uint8_t ret_signature[HP_SIGNATURE_BYTES])
{
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	crypto_sign_seed_keypair(public_key, secret, seed);
	crypto_sign_detached(ret_signature, NULL, message, len, secret);
	sodium_memzero(secret, sizeof secret);
}

enum hp_status
hp_crypto_verify(const uint8_t public_key[HP_SIGN_PUBLIC_BYTES], const void *message, size_t len,
		 const uint8_t signature[HP_SIGNATURE_BYTES])
{
	if (crypto_sign_verify_detached(signature, message, len, public_key) != 0)
		return HP_BAD_SIGNATURE;
	return HP_OK;
}

void
hp_crypto_pae(struct hp_buf *buf, const char *type, const void *body, size_t len)
{
	hp_buf_printf(buf, "DSSEv1 %zu %s %zu ", strlen(type), type, len);
	hp_buf_add(buf, body, len);
}

/* The sealing key of a passphrase. */
static enum hp_status
derive(const char *passphrase, size_t len, const uint8_t salt[HP_SEAL_SALT_BYTES],
       struct hp_seal_cost cost, uint8_t ret_key[crypto_secretbox_KEYBYTES])
{
	if (cost.ops < crypto_pwhash_argon2id_OPSLIMIT_MIN || cost.ops > SEAL_OPS_MAX ||
	    cost.mem_bytes < crypto_pwhash_argon2id_MEMLIMIT_MIN ||
	    cost.mem_bytes > SEAL_MEM_MAX_BYTES || len > crypto_pwhash_argon2id_PASSWD_MAX)
		return HP_INVALID;
	if (crypto_pwhash(ret_key, crypto_secretbox_KEYBYTES, passphrase, len, salt, cost.ops,
			  (size_t)cost.mem_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return HP_NOMEM; /* with the range checked above, the only way to fail */
	return HP_OK;
}

enum hp_status
hp_crypto_seal(const char *passphrase, size_t passphrase_len,
	       const uint8_t salt[HP_SEAL_SALT_BYTES], struct hp_seal_cost cost,
	       const void *secret, size_t len, struct hp_buf *buf)
{
	uint8_t key[crypto_secretbox_KEYBYTES];
	if (len > SIZE_MAX - SEAL_OVERHEAD_BYTES)
		return HP_TOO_LARGE;
	enum hp_status status = derive(passphrase, passphrase_len, salt, cost, key);
	if (status)
		return status;
	uint8_t *box = malloc(len + SEAL_OVERHEAD_BYTES);
	if (!box) {
		sodium_memzero(key, sizeof key);
		return HP_NOMEM;
	}
	randombytes_buf(box, crypto_secretbox_NONCEBYTES);
	crypto_secretbox_easy(box + crypto_secretbox_NONCEBYTES, secret, len, box, key);
	sodium_memzero(key, sizeof key);
	hp_buf_add(buf, box, len + SEAL_OVERHEAD_BYTES);
	free(box);
	return buf->failed ? HP_NOMEM : HP_OK;
}

enum hp_status
hp_crypto_open(const char *passphrase, size_t passphrase_len,
	       const uint8_t salt[HP_SEAL_SALT_BYTES], struct hp_seal_cost cost, const void *box,
	       size_t len, struct hp_buf *buf)
{
	const uint8_t *sealed = box;
	uint8_t key[crypto_secretbox_KEYBYTES];
	if (len < SEAL_OVERHEAD_BYTES)
		return HP_BAD_SIGNATURE;
	enum hp_status status = derive(passphrase, passphrase_len, salt, cost, key);
	if (status)
		return status;
	size_t plain_len = len - SEAL_OVERHEAD_BYTES;
	uint8_t *plain = malloc(plain_len + 1);
	if (!plain) {
		status = HP_NOMEM;
	} else if (crypto_secretbox_open_easy(plain, sealed + crypto_secretbox_NONCEBYTES,
					      len - crypto_secretbox_NONCEBYTES, sealed,
					      key) != 0) {
		status = HP_BAD_SIGNATURE;
	} else {
		hp_buf_add(buf, plain, plain_len);
		status = buf->failed ? HP_NOMEM : HP_OK;
		sodium_memzero(plain, plain_len);
	}
	sodium_memzero(key, sizeof key);
	free(plain);
	return status;
}

/* Base64 goes in pieces of whole groups, so that no input needs memory of its own. */
enum { PIECE_BYTES = 48, PIECE_CHARS = PIECE_BYTES / 3 * 4 };

void
hp_crypto_add_base64(struct hp_buf *buf, const void *bytes, size_t len)
{
	char text[PIECE_CHARS + 1];
	const uint8_t *from = bytes;
	while (len) {
		size_t part = len < PIECE_BYTES ? len : PIECE_BYTES;
		sodium_bin2base64(text, sizeof text, from, part, BASE64);
		hp_buf_add_text(buf, text);
		from += part;
		len -= part;
	}
	sodium_memzero(text, sizeof text); /* seeds go through here */
}

/* libsodium 1.0.18 takes some bytes above 0x7f for letters of base64. */
static bool
is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] > 0x7f)
			return false;
	return true;
}

/* Decodes into `bytes` (NULL: only checks); false for anything but base64. Padding inside shows as
 * a piece that is short but not the last. */
static bool
decode_base64(const char *text, size_t text_len, uint8_t *bytes, size_t *ret_len)
{
	uint8_t piece[PIECE_BYTES];
	size_t total = 0, got = PIECE_BYTES;
	bool good = true;
	while (good && text_len) {
		size_t part = text_len < PIECE_CHARS ? text_len : PIECE_CHARS;
		good = got == PIECE_BYTES && is_ascii(text, part) &&
		       sodium_base642bin(piece, sizeof piece, text, part, NULL, &got, NULL,
					 BASE64) == 0;
		if (good && bytes)
			memcpy(bytes + total, piece, got);
		if (good)
			total += got;
		text += part;
		text_len -= part;
	}
	sodium_memzero(piece, sizeof piece);
	*ret_len = total;
	return good;
}

enum hp_status
hp_crypto_base64(const char *text, size_t text_len, void *ret_bytes, size_t len)
{
	size_t got;
	if (!decode_base64(text, text_len, NULL, &got) || got != len)
		return HP_INVALID;
	decode_base64(text, text_len, ret_bytes, &got);
	return HP_OK;
}

enum hp_status
hp_crypto_base64_any(struct hp_arena *arena, const char *text, size_t text_len,
		     struct hp_str *ret_bytes)
{
	size_t len;
	if (!decode_base64(text, text_len, NULL, &len))
		return HP_INVALID;
	char *bytes = hp_arena_alloc(arena, len + 1);
	if (!bytes)
		return HP_NOMEM;
	decode_base64(text, text_len, (uint8_t *)bytes, &len);
	*ret_bytes = (struct hp_str){bytes, len};
	return HP_OK;
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum hp_status
hp_crypto_hex(const char *text, size_t text_len, void *ret_bytes, size_t len)
{
	uint8_t *bytes = ret_bytes;
	if (text_len / 2 != len || text_len % 2)
		return HP_INVALID;
	for (size_t i = 0; i < text_len; i++)
		if (nibble(text[i]) < 0)
			return HP_INVALID;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
	return HP_OK;
}
