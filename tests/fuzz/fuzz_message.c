/*
 * Messages, as MessagePack from the wire: one that is taken has its type and a natural number of
 * its own, and is no other message; a refusal says why.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/msgpack.h"
#include "proto/message.h"

static void
check(const struct hp_value *map)
{
	struct hp_error err = {0};
	enum hp_message type = HP_MSG_COUNT;
	const char *name = hp_map_get_str(map, "type", NULL);
	if (!name || hp_message_parse(name, &type) != HP_OK)
		type = HP_MSG_COUNT;
	for (enum hp_message message = 0; message < HP_MSG_COUNT; message++) {
		enum hp_status status = hp_message_check(message, map, &err);
		FUZZ_CHECK(status == HP_OK || status == HP_INVALID || status == HP_TOO_LARGE);
		fuzz_check_error(status, &err);
		FUZZ_CHECK(status != HP_OK || message == type);
		if (status != HP_OK)
			continue;
		const struct hp_value *seq = hp_map_get(map, "seq");
		FUZZ_CHECK(seq->type == HP_UINT || (seq->type == HP_INT && seq->integer >= 0));
		FUZZ_CHECK(hp_message_roles(message) || !hp_message_control_only(message));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	const struct hp_value *map = NULL;
	if (hp_msgpack_decode(&arena, data, size, &map, NULL) == HP_OK && map->type == HP_MAP)
		check(map);
	hp_arena_release(&arena);
	return 0;
}
