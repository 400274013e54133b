#include "enforce/ours.h"

#include <string.h>

bool
hp_ours_is(struct hp_arena *arena, const struct hp_request *request,
	   const struct hp_value *receipt, const struct hp_value *claimed)
{
	const uint8_t *salt = hp_map_get_bin(claimed, "salt", HP_SALT_BYTES);
	const uint8_t *told = hp_map_get_bin(receipt, "action_digest", HP_HASH_BYTES);
	const struct hp_value *bytes = hp_map_get(claimed, "canonical"), *canonical;
	uint8_t digest[HP_HASH_BYTES];
	struct hp_buf action = {0};
	if (!salt || !told || !bytes || bytes->type != HP_BIN ||
	    hp_request_action_bytes(request, &action) != HP_OK) {
		hp_buf_release(&action);
		return false;
	}
	hp_request_action_digest(salt, action.data, action.len, digest);
	hp_buf_release(&action);
	if (memcmp(digest, told, sizeof digest) != 0 ||
	    hp_request_open_canonical(arena, bytes->str.p, bytes->str.len, &canonical, NULL) !=
		    HP_OK)
		return false;
	const uint8_t *decided = hp_map_get_bin(canonical, "action_digest", HP_HASH_BYTES);
	return decided && memcmp(digest, decided, sizeof digest) == 0 &&
	       hp_value_is(hp_map_get(canonical, "id"), request->id);
}
