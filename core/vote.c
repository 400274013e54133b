#include "core/vote.h"

#include <string.h>

#include "core/limits.h"
#include "core/msgpack.h"
#include "core/schema.h"

static const char *const decisions[] = {"approve", "deny", NULL};

enum { ORIGIN_MAX_BYTES = 255 };

static const struct hp_field fields[] = {
	{.name = "v", .kinds = HP_K_INT, .required = true, .min = 1, .max = 1},
	{.name = "instance", .kinds = HP_K_STR, .required = true, .min = 1,
	 .max = ORIGIN_MAX_BYTES},
	{.name = "request", .kinds = HP_K_STR, .required = true, .min = 1,
	 .max = HP_LIMIT_NAME_BYTES},
	{.name = "digest", .kinds = HP_K_BIN, .required = true, .min = HP_HASH_BYTES,
	 .max = HP_HASH_BYTES},
	{.name = "decision", .kinds = HP_K_ENUM, .required = true, .words = decisions},
	{.name = "reason", .kinds = HP_K_STR, .required = true, .max = HP_LIMIT_REASON_BYTES},
	{.name = "by", .kinds = HP_K_STR, .required = true, .min = 1, .max = HP_LIMIT_NAME_BYTES},
	{.name = "at_ms", .kinds = HP_K_INT, .required = true, .min = 0, .max = INT64_MAX},
	{.name = NULL},
};

enum hp_status
hp_vote_encode(const struct hp_vote *vote, struct hp_buf *buf)
{
	struct hp_arena arena = {0};
	struct hp_value *map = hp_value_map(&arena);
	hp_map_set_int(&arena, map, "v", 1);
	hp_map_set_str(&arena, map, "instance", vote->instance);
	hp_map_set_str(&arena, map, "request", vote->request);
	hp_map_set_bin(&arena, map, "digest", vote->digest, HP_HASH_BYTES);
	hp_map_set_str(&arena, map, "decision", decisions[vote->approve ? 0 : 1]);
	hp_map_set_str(&arena, map, "reason", vote->reason);
	hp_map_set_str(&arena, map, "by", vote->by);
	hp_map_set_int(&arena, map, "at_ms", vote->at_ms);
	enum hp_status status = HP_NOMEM;
	/* What a reader would refuse is not signed either. */
	if (!arena.failed)
		status = hp_schema_check(map, fields, "vote", NULL);
	if (!status)
		status = hp_msgpack_encode(map, buf, NULL);
	hp_arena_release(&arena);
	return status;
}

enum hp_status
hp_vote_decode(struct hp_arena *arena, const void *body, size_t len, struct hp_vote *ret_vote,
	       struct hp_error *err)
{
	static const char *const texts[] = {"instance", "request", "reason", "by"};
	const struct hp_value *map;
	enum hp_status status = hp_msgpack_decode_canonical(arena, body, len, &map, err);
	if (!status)
		status = hp_schema_check(map, fields, "vote", err);
	if (status)
		return status;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		const struct hp_value *text = hp_map_get(map, texts[i]);
		if (strlen(text->str.p) != text->str.len)
			return hp_fail(err, HP_INVALID, "vote: '%s' holds a NUL", texts[i]);
	}
	*ret_vote = (struct hp_vote){
		.instance = hp_map_get_str(map, "instance", ""),
		.request = hp_map_get_str(map, "request", ""),
		.digest = hp_map_get_bin(map, "digest", HP_HASH_BYTES),
		.approve = hp_value_is(hp_map_get(map, "decision"), "approve"),
		.reason = hp_map_get_str(map, "reason", ""),
		.by = hp_map_get_str(map, "by", ""),
		.at_ms = hp_map_get_int(map, "at_ms", 0),
	};
	return HP_OK;
}

enum hp_status
hp_vote_sign(const struct hp_vote *vote, const uint8_t seed[HP_SIGN_SEED_BYTES],
	     uint8_t ret_signature[HP_SIGNATURE_BYTES])
{
	struct hp_buf body = {0}, pae = {0};
	enum hp_status status = hp_vote_encode(vote, &body);
	if (!status) {
		hp_crypto_pae(&pae, HP_VOTE_TYPE, body.data, body.len);
		status = pae.failed ? HP_NOMEM : HP_OK;
	}
	if (!status)
		hp_crypto_sign(seed, pae.data, pae.len, ret_signature);
	hp_buf_release(&body);
	hp_buf_release(&pae);
	return status;
}

enum hp_status
hp_vote_verify(const void *body, size_t len, const uint8_t public_key[HP_SIGN_PUBLIC_BYTES],
	       const uint8_t signature[HP_SIGNATURE_BYTES])
{
	struct hp_buf pae = {0};
	hp_crypto_pae(&pae, HP_VOTE_TYPE, body, len);
	enum hp_status status = HP_NOMEM;
	if (!pae.failed)
		status = hp_crypto_verify(public_key, pae.data, pae.len, signature);
	hp_buf_release(&pae);
	return status;
}
