#include <stdlib.h>
#include <string.h>

#include "core/replay_private.h"

enum { FIRST_ROOM = 256 };

bool
hp_replay_id(const char *text, uint8_t ret_id[HP_REPLAY_ID_BYTES])
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	char hex[HP_REPLAY_ID_BYTES * 2];
	size_t count = 0;
	if (strlen(text) != sizeof shape - 1)
		return false;
	for (size_t i = 0; shape[i]; i++) {
		if (shape[i] == '-' ? text[i] != '-' : text[i] >= 'A' && text[i] <= 'F')
			return false;
		if (shape[i] == 'x')
			hex[count++] = text[i];
	}
	return hp_crypto_hex(hex, sizeof hex, ret_id, HP_REPLAY_ID_BYTES) == HP_OK;
}

static size_t
slot_of(const struct hp_replay_index *index, const uint8_t id[HP_REPLAY_ID_BYTES])
{
	uint64_t halves[2];
	memcpy(halves, id, sizeof halves);
	unsigned __int128 product = (unsigned __int128)(halves[0] ^ index->secret[0]) *
				    (halves[1] ^ index->secret[1]);
	return (size_t)((uint64_t)product ^ (uint64_t)(product >> 64)) & (index->room - 1);
}

/* Its entry, or the free one where it belongs. There is always a free one. */
static struct hp_replay_entry *
look(const struct hp_replay_index *index, const uint8_t id[HP_REPLAY_ID_BYTES])
{
	for (size_t i = slot_of(index, id);; i = (i + 1) & (index->room - 1)) {
		struct hp_replay_entry *entry = &index->entries[i];
		if (!entry->used || memcmp(entry->id, id, HP_REPLAY_ID_BYTES) == 0)
			return entry;
	}
}

static bool
grow(struct hp_replay_index *index)
{
	struct hp_replay_index larger = *index;
	larger.room = index->room ? index->room * 2 : FIRST_ROOM;
	larger.entries = calloc(larger.room, sizeof *larger.entries);
	if (!larger.entries)
		return false;
	if (!index->room)
		hp_crypto_random(larger.secret, sizeof larger.secret);
	for (size_t i = 0; i < index->room; i++)
		if (index->entries[i].used)
			*look(&larger, index->entries[i].id) = index->entries[i];
	free(index->entries);
	*index = larger;
	return true;
}

struct hp_replay_entry *
hp_replay_index_find(const struct hp_replay_index *index, const uint8_t id[HP_REPLAY_ID_BYTES])
{
	struct hp_replay_entry *entry = index->room ? look(index, id) : NULL;
	return entry && entry->used ? entry : NULL;
}

struct hp_replay_entry *
hp_replay_index_get(struct hp_replay_index *index, const uint8_t id[HP_REPLAY_ID_BYTES])
{
	struct hp_replay_entry *entry = hp_replay_index_find(index, id);
	if (entry)
		return entry;
	if (index->count >= index->room / 4 * 3 && !grow(index))
		return NULL;
	entry = look(index, id);
	memcpy(entry->id, id, sizeof entry->id);
	entry->used = true;
	index->count++;
	return entry;
}
