#include "core/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#define DASH "\xe2\x80\x94 " /* U+2014 and a space begin a signature line */
#define PROOF_TYPE "c2sp.org/tlog-proof@v1"

enum {
	KEY_ID_BYTES = 4,
	ED25519 = 1, /* the signature type of signed-note */
	NOTE_SIGNATURE_BYTES = KEY_ID_BYTES + HP_SIGNATURE_BYTES,
	NOTE_KEY_BYTES = 1 + HP_SIGN_PUBLIC_BYTES,
};

/* SHA-256(origin ‖ 0A ‖ 01 ‖ pk)[:4]. */
static void
key_id(const char *origin, const uint8_t public_key[HP_SIGN_PUBLIC_BYTES],
       uint8_t ret_id[KEY_ID_BYTES])
{
	const struct hp_str parts[] = {
		{origin, strlen(origin)},
		{"\n\1", 2},
		{(const char *)public_key, HP_SIGN_PUBLIC_BYTES},
	};
	uint8_t hash[HP_HASH_BYTES];
	hp_crypto_sha256(parts, 3, hash);
	memcpy(ret_id, hash, KEY_ID_BYTES);
}

/* What signed-note allows as a name: no space, no plus, nothing that ends a line. */
static bool
origin_fits(const char *origin, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)origin[i] <= ' ' || origin[i] == '+' || origin[i] == 0x7f)
			return false;
	return len > 0;
}

void
hp_checkpoint_sign(struct hp_buf *buf, const struct hp_checkpoint *checkpoint,
		   const uint8_t seed[HP_SIGN_SEED_BYTES])
{
	struct hp_buf text = {0};
	uint8_t public_key[HP_SIGN_PUBLIC_BYTES], signature[NOTE_SIGNATURE_BYTES];
	hp_buf_printf(&text, "%s\n%" PRIu64 "\n", checkpoint->origin, checkpoint->size);
	hp_crypto_add_base64(&text, checkpoint->root.bytes, HP_HASH_BYTES);
	hp_buf_add_text(&text, "\n");
	if (text.failed) {
		buf->failed = true;
		goto out;
	}
	hp_crypto_sign_public(seed, public_key);
	key_id(checkpoint->origin, public_key, signature);
	hp_crypto_sign(seed, text.data, text.len, signature + KEY_ID_BYTES);
	hp_buf_add(buf, text.data, text.len);
	hp_buf_printf(buf, "\n" DASH "%s ", checkpoint->origin);
	hp_crypto_add_base64(buf, signature, sizeof signature);
	hp_buf_add_text(buf, "\n");
out:
	hp_buf_release(&text);
}

/* Takes the next line, without its newline; false when there is none that ends in one. */
static bool
next_line(struct hp_str *rest, struct hp_str *ret_line)
{
	const char *end = rest->len ? memchr(rest->p, '\n', rest->len) : NULL;
	if (!end)
		return false;
	*ret_line = (struct hp_str){rest->p, (size_t)(end - rest->p)};
	rest->len -= ret_line->len + 1;
	rest->p = end + 1;
	return true;
}

static bool
is(const struct hp_str *line, const char *text, size_t len)
{
	return line->len == len && memcmp(line->p, text, len) == 0;
}

/* Takes `text` off the front of the line. */
static bool
skip(struct hp_str *line, const char *text, size_t len)
{
	if (line->len < len || memcmp(line->p, text, len) != 0)
		return false;
	line->p += len;
	line->len -= len;
	return true;
}

/* A decimal number in its one spelling, at most HP_MERKLE_SIZE_MAX. */
static bool
read_number(const struct hp_str *line, uint64_t *ret_number)
{
	uint64_t number = 0;
	if (!line->len || line->len > 19 || (line->p[0] == '0' && line->len > 1))
		return false;
	for (size_t i = 0; i < line->len; i++) {
		if (line->p[i] < '0' || line->p[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(line->p[i] - '0');
	}
	*ret_number = number;
	return number <= HP_MERKLE_SIZE_MAX;
}

static enum hp_status
malformed(struct hp_error *err, unsigned line, const char *what)
{
	return hp_fail_at(err, HP_INVALID, line, 1, "checkpoint: line %u is not %s", line, what);
}

/* A checkpoint taken apart, not yet believed. */
struct note {
	struct hp_checkpoint checkpoint;
	size_t signed_len; /* through the third newline */
	uint8_t signature[NOTE_SIGNATURE_BYTES];
};

static enum hp_status
parse(const char *text, size_t len, const char *origin, struct note *ret_note,
      struct hp_error *err)
{
	struct hp_str rest = {text, len}, line;
	struct note note = {.checkpoint.origin = origin};
	size_t origin_len = strlen(origin);
	if (!next_line(&rest, &line) || !origin_fits(line.p, line.len))
		return malformed(err, 1, "an origin");
	if (!is(&line, origin, origin_len))
		return hp_fail_at(err, HP_BAD_SIGNATURE, 1, 1,
				  "checkpoint: it is of another log than this one");
	if (!next_line(&rest, &line) || !read_number(&line, &note.checkpoint.size))
		return malformed(err, 2, "a tree size");
	if (!next_line(&rest, &line) ||
	    hp_crypto_base64(line.p, line.len, note.checkpoint.root.bytes, HP_HASH_BYTES))
		return malformed(err, 3, "a root hash");
	note.signed_len = (size_t)(rest.p - text);
	if (!next_line(&rest, &line) || line.len)
		return malformed(err, 4, "empty");
	if (!next_line(&rest, &line) || !skip(&line, DASH, strlen(DASH)) ||
	    !skip(&line, origin, origin_len) || !skip(&line, " ", 1) ||
	    hp_crypto_base64(line.p, line.len, note.signature, sizeof note.signature))
		return malformed(err, 5, "a signature of the origin");
	if (rest.len)
		return malformed(err, 6, "absent");
	*ret_note = note;
	return HP_OK;
}

enum hp_status
hp_checkpoint_verify(const char *text, size_t len, const char *origin,
		     const uint8_t public_key[HP_SIGN_PUBLIC_BYTES],
		     struct hp_checkpoint *ret_checkpoint, struct hp_error *err)
{
	struct note note;
	uint8_t id[KEY_ID_BYTES];
	enum hp_status status = parse(text, len, origin, &note, err);
	if (status)
		return status;
	key_id(origin, public_key, id);
	if (!hp_crypto_equal(id, note.signature, KEY_ID_BYTES))
		return hp_fail_at(err, HP_BAD_SIGNATURE, 5, 1,
				  "checkpoint: it is signed by another key than the log's");
	if (hp_crypto_verify(public_key, text, note.signed_len, note.signature + KEY_ID_BYTES))
		return hp_fail_at(err, HP_BAD_SIGNATURE, 5, 1,
				  "checkpoint: its signature does not verify");
	*ret_checkpoint = note.checkpoint;
	return HP_OK;
}

/* Whether `rest` begins with what has a checkpoint's form: its five lines. */
static bool
takes_form(struct hp_str rest, size_t *ret_len)
{
	enum { LINES = 5 };
	const char *start = rest.p;
	struct hp_str line[LINES];
	for (size_t i = 0; i < LINES; i++)
		if (!next_line(&rest, &line[i]))
			return false;
	*ret_len = (size_t)(rest.p - start);
	return line[0].len && line[1].len && line[2].len && !line[3].len &&
	       skip(&line[4], DASH, strlen(DASH));
}

bool
hp_checkpoint_next(struct hp_str *rest, struct hp_str *ret_text, size_t *skipped)
{
	struct hp_str line;
	size_t len;
	while (rest->len) {
		if (takes_form(*rest, &len)) {
			*ret_text = (struct hp_str){rest->p, len};
			rest->p += len;
			rest->len -= len;
			if (rest->len && *rest->p == '\n') {
				rest->p++;
				rest->len--;
			}
			return true;
		}
		++*skipped;
		if (!next_line(rest, &line))
			break;
	}
	rest->len = 0;
	return false;
}

void
hp_checkpoint_add_vkey(struct hp_buf *buf, const char *origin,
		       const uint8_t public_key[HP_SIGN_PUBLIC_BYTES])
{
	uint8_t id[KEY_ID_BYTES], key[NOTE_KEY_BYTES] = {ED25519};
	key_id(origin, public_key, id);
	memcpy(key + 1, public_key, HP_SIGN_PUBLIC_BYTES);
	hp_buf_printf(buf, "%s+", origin);
	hp_buf_add_hex(buf, id, sizeof id);
	hp_buf_add_text(buf, "+");
	hp_crypto_add_base64(buf, key, sizeof key);
}

enum hp_status
hp_checkpoint_parse_vkey(struct hp_arena *arena, const char *vkey, const char **ret_origin,
			 uint8_t ret_public[HP_SIGN_PUBLIC_BYTES], struct hp_error *err)
{
	/* Base64 may hold a plus, an origin may not: the first two separate. */
	const size_t hex_len = 2 * (size_t)KEY_ID_BYTES;
	const char *hex = strchr(vkey, '+');
	uint8_t key[NOTE_KEY_BYTES];
	if (!hex || !origin_fits(vkey, (size_t)(hex - vkey)) ||
	    strspn(hex + 1, "0123456789abcdef") != hex_len || hex[1 + hex_len] != '+')
		return hp_fail(err, HP_INVALID, "verifier key: it is not ORIGIN+KEYID+KEY");
	const char *base64 = hex + hex_len + 2;
	if (hp_crypto_base64(base64, strlen(base64), key, sizeof key) || key[0] != ED25519)
		return hp_fail(err, HP_INVALID, "verifier key: it holds no Ed25519 key");
	uint8_t stated[KEY_ID_BYTES], id[KEY_ID_BYTES];
	char *origin = hp_arena_copy(arena, vkey, (size_t)(hex - vkey));
	if (!origin)
		return hp_fail(err, HP_NOMEM, "out of memory");
	key_id(origin, key + 1, id);
	if (hp_crypto_hex(hex + 1, hex_len, stated, sizeof stated) ||
	    memcmp(stated, id, sizeof id) != 0)
		return hp_fail(err, HP_INVALID,
			       "verifier key: its key id does not fit its origin and key");
	*ret_origin = origin;
	memcpy(ret_public, key + 1, HP_SIGN_PUBLIC_BYTES);
	return HP_OK;
}

void
hp_checkpoint_add_proof(struct hp_buf *buf, uint64_t index, const struct hp_hash *proof,
			size_t count, const char *checkpoint_text)
{
	hp_buf_printf(buf, PROOF_TYPE "\nindex %" PRIu64 "\n", index);
	for (size_t i = 0; i < count; i++) {
		hp_crypto_add_base64(buf, proof[i].bytes, HP_HASH_BYTES);
		hp_buf_add_text(buf, "\n");
	}
	hp_buf_printf(buf, "\n%s", checkpoint_text);
}

static enum hp_status
bad_proof(struct hp_error *err, unsigned line, const char *what)
{
	return hp_fail_at(err, HP_INVALID, line, 1, "proof: line %u is not %s", line, what);
}

enum hp_status
hp_checkpoint_verify_proof(const char *text, size_t len, const char *origin,
			   const uint8_t public_key[HP_SIGN_PUBLIC_BYTES],
			   const struct hp_hash *leaf, uint64_t *ret_index,
			   struct hp_checkpoint *ret_checkpoint, struct hp_error *err)
{
	struct hp_str rest = {text, len}, line;
	struct hp_hash proof[HP_MERKLE_PROOF_MAX];
	struct hp_checkpoint checkpoint;
	size_t count = 0;
	uint64_t index;
	if (!next_line(&rest, &line) || !is(&line, PROOF_TYPE, strlen(PROOF_TYPE)))
		return bad_proof(err, 1, "'" PROOF_TYPE "'");
	if (!next_line(&rest, &line) || !skip(&line, "index ", 6) || !read_number(&line, &index))
		return bad_proof(err, 2, "the leaf's index");
	for (;;) {
		unsigned number = (unsigned)count + 3;
		if (!next_line(&rest, &line))
			return bad_proof(err, number, "whole");
		if (!line.len)
			break;
		if (count == HP_MERKLE_PROOF_MAX ||
		    hp_crypto_base64(line.p, line.len, proof[count].bytes, HP_HASH_BYTES))
			return bad_proof(err, number, "a hash");
		count++;
	}
	enum hp_status status = hp_checkpoint_verify(rest.p, rest.len, origin, public_key,
						     &checkpoint, err);
	if (status) {
		if (err && err->line)
			err->line += (unsigned)count + 3;
		return status;
	}
	if (hp_merkle_verify_inclusion(index, checkpoint.size, leaf, proof, count,
				       &checkpoint.root))
		return hp_fail_at(err, HP_BAD_SIGNATURE, 2, 1,
				  "proof: it does not lead from the leaf to the checkpoint's root");
	*ret_index = index;
	*ret_checkpoint = checkpoint;
	return HP_OK;
}
