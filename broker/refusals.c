#include "broker/refusals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PEERS = 64, /* told apart in one second; of further ones each refusal has its leaf */
	OWN_LEAVES = 32, /* of one peer in one second */
	PEER_BYTES = HP_LIMIT_NAME_BYTES + 1,
};

struct peer {
	char name[PEER_BYTES]; /* or key; "" in a free slot */
	bool stranger;
	int64_t second; /* of boot time */
	int64_t count;
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
	if (peer->count > OWN_LEAVES) {
		struct hp_value *body = hp_value_map(arena);
		hp_map_set_str(arena, body, "message", "refused again in the same second");
		hp_map_set_int(arena, body, "count", peer->count - OWN_LEAVES);
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

bool
hp_refusals_add(struct hp_broker *broker, const char *name, const char *key)
{
	struct peer *slot = NULL;
	const char *shown = name ? name : key ? key : "no key";
	for (size_t i = 0; i < PEERS; i++) {
		struct peer *peer = &broker->refusals->peers[i];
		if (peer->stranger == !name && strcmp(peer->name, shown) == 0)
			return ++peer->count <= OWN_LEAVES;
		if (!*peer->name && !slot)
			slot = peer;
	}
	if (slot) {
		*slot = (struct peer){.stranger = !name, .second = this_second(broker), .count = 1};
		snprintf(slot->name, sizeof slot->name, "%s", shown);
	}
	return true;
}
