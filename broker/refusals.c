#include "broker/refusals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/hide.h"
#include "core/msgpack.h"

enum {
	PEERS = 64, /* told apart in one second; of further ones each refusal has its leaf */
	OWN_LEAVES = 32, /* of one peer in one second; one alone when the disk is low */
	ASKED_BYTES = 256 * 1024, /* of one peer in one second: the largest request whole */
	PEER_BYTES = HP_LIMIT_NAME_BYTES + 1,
};

struct peer {
	char name[PEER_BYTES]; /* or key; "" in a free slot */
	bool stranger;
	int64_t second; /* of boot time */
	int64_t count, left_out; /* of it without a leaf of their own */
	size_t asked_bytes; /* kept */
};

struct hp_refusals {
	struct peer peers[PEERS];
};

struct hp_refusals *
hp_refusals_new(void)
{
	return calloc(1, sizeof(struct hp_refusals));
}

void
hp_refusals_free(struct hp_refusals *refusals)
{
	free(refusals);
}

static void
flush(struct hp_broker *broker, struct peer *peer)
{
	struct hp_arena *arena = &broker->arena;
	if (peer->left_out) {
		struct hp_value *body = hp_value_map(arena);
		hp_map_set_str(arena, body, "message", "refused again in the same second");
		hp_map_set_int(arena, body, "count", peer->left_out);
		if (peer->stranger)
			hp_map_set_str(arena, body, "key", peer->name);
		hp_record(broker, "refused", peer->stranger ? "unknown" : peer->name, NULL, body,
			  false);
	}
	*peer = (struct peer){0};
}

static int64_t
this_second(const struct hp_broker *broker)
{
	return broker->clock.boottime_ms / 1000;
}

void
hp_refusals_flush(struct hp_broker *broker)
{
	for (size_t i = 0; i < PEERS; i++) {
		struct peer *peer = &broker->refusals->peers[i];
		if (*peer->name && peer->second != this_second(broker))
			flush(broker, peer);
	}
}

static bool
has_own_leaf(const struct hp_broker *broker, struct peer *peer)
{
	bool own = ++peer->count <= (broker->disk.low ? 1 : OWN_LEAVES);
	peer->left_out += !own;
	return own;
}

bool
hp_refusals_add(struct hp_broker *broker, const char *name, const char *key)
{
	struct peer *slot = NULL;
	const char *shown = name ? name : key ? key : "no key";
	for (size_t i = 0; i < PEERS; i++) {
		struct peer *peer = &broker->refusals->peers[i];
		if (peer->stranger == !name && strcmp(peer->name, shown) == 0)
			return has_own_leaf(broker, peer);
		if (!*peer->name && !slot)
			slot = peer;
	}
	if (slot) {
		*slot = (struct peer){.stranger = !name, .second = this_second(broker), .count = 1};
		snprintf(slot->name, sizeof slot->name, "%s", shown);
	}
	return slot || !broker->disk.low;
}

static struct peer *
find(struct hp_refusals *refusals, const char *name)
{
	for (size_t i = 0; i < PEERS; i++)
		if (!refusals->peers[i].stranger && strcmp(refusals->peers[i].name, name) == 0)
			return &refusals->peers[i];
	return NULL;
}

void
hp_refusals_asked(struct hp_broker *broker, const char *name, const struct hp_value *submit,
		  struct hp_value *body)
{
	struct hp_arena *arena = &broker->arena;
	struct peer *peer = find(broker->refusals, name);
	const struct hp_value *shown = hp_hide(broker, submit);
	struct hp_buf bytes = {0};
	/* It may break every rule of a request: then it is not encoded, and only said to be there. */
	bool whole = shown && hp_msgpack_encode(shown, &bytes, NULL) == HP_OK && !bytes.failed;
	if (whole && peer && !broker->disk.low && bytes.len <= HP_LIMIT_CANONICAL_BYTES &&
	    peer->asked_bytes + bytes.len <= ASKED_BYTES) {
		peer->asked_bytes += bytes.len;
		hp_map_set_bin(arena, body, "asked", bytes.data, bytes.len);
	} else if (whole) {
		hp_map_set_int(arena, body, "asked_bytes", (int64_t)bytes.len);
	}
	hp_buf_release(&bytes);
}
