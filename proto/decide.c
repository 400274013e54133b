/*
 * decide - a vote as a message: signed where the person saw the request, by their own key.
 */
#include "core/vote.h"
#include "proto/client.h"

enum hp_status
hp_client_make_decide(struct hp_arena *arena, const struct hp_keyfile *key, const char *instance,
		      const char *id, const uint8_t digest[HP_HASH_BYTES], bool approve,
		      const char *reason, int64_t at_ms, struct hp_value **ret_map,
		      struct hp_error *err)
{
	const struct hp_vote vote = {
		.instance = instance,
		.request = id,
		.digest = digest,
		.approve = approve,
		.reason = reason ? reason : "",
		.by = key->name,
		.at_ms = at_ms,
	};
	uint8_t signature[HP_SIGNATURE_BYTES];
	enum hp_status status = hp_vote_sign(&vote, key->sign_secret, signature);
	if (status != HP_OK)
		return hp_fail(err, status, "cannot sign the vote: %s", hp_status_text(status));

	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "decide");
	hp_map_set_str(arena, map, "id", id);
	hp_map_set_bin(arena, map, "digest", digest, HP_HASH_BYTES);
	hp_map_set_str(arena, map, "decision", approve ? "approve" : "deny");
	hp_map_set_str(arena, map, "reason", vote.reason);
	hp_map_set_int(arena, map, "at_ms", at_ms);
	hp_map_set_bin(arena, map, "signature", signature, sizeof signature);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	*ret_map = map;
	return HP_OK;
}
