#include "broker/park.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "broker/dispatch.h"
#include "broker/outbox.h"
#include "broker/reply.h"
#include "core/msgpack.h"

enum { ID_BYTES = 40, NONCE_BYTES = 16 };

struct parked {
	struct parked *next;
	char id[ID_BYTES]; /* "" : anything granted */
	char key[41];	   /* Z85 of the caller's CURVE key: looked up anew when it runs */
	enum hp_door door;
	int64_t uid;
	struct hp_peer peer;
	bool claims;
	uint8_t nonce[NONCE_BYTES]; /* of a claim */
	uint64_t seq;
	struct hp_envelope envelope;
	struct hp_buf message; /* the map, as HP-canon */
	int64_t until_ms;      /* boot time */
	int64_t after;	       /* of a claim that has more to look at; 0 otherwise */
};

struct hp_parking {
	struct parked *first, **last;
	char (*touched)[ID_BYTES];
	size_t touched_count, touched_capacity;
	bool granted;		 /* something was granted in this turn */
	const struct parked *running; /* the call whose handler runs now */
};

struct hp_parking *
hp_parking_new(void)
{
	struct hp_parking *parking = calloc(1, sizeof *parking);
	if (parking)
		parking->last = &parking->first;
	return parking;
}

static void
free_parked(struct parked *parked)
{
	hp_envelope_release(&parked->envelope);
	hp_buf_release(&parked->message);
	free(parked);
}

void
hp_parking_free(struct hp_parking *parking)
{
	if (!parking)
		return;
	while (parking->first) {
		struct parked *next = parking->first->next;
		free_parked(parking->first);
		parking->first = next;
	}
	free(parking->touched);
	free(parking);
}

/* The inode of the socket behind a descriptor; 0: none. libzmq's threads close descriptors and reuse
 * their numbers; among those that are open an inode has one socket. */
static uint64_t
inode_of(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

static bool
is_gone(const struct parked *parked)
{
	return parked->peer.fd >= 0 && (!parked->peer.inode ||
					inode_of(parked->peer.fd) != parked->peer.inode);
}

/* Takes the call at *at out of the list. */
static struct parked *
unlink_parked(struct hp_parking *parking, struct parked **at)
{
	struct parked *parked = *at;
	*at = parked->next;
	if (!*at)
		parking->last = at;
	parked->next = NULL;
	return parked;
}

/* Whether this key may park another call. What its closed connections left makes room. */
static bool
has_room(struct hp_parking *parking, const char *key)
{
	size_t count = 0;
	for (const struct parked *p = parking->first; p; p = p->next)
		count += strcmp(p->key, key) == 0;
	if (count < HP_LIMIT_WAITS_PER_PEER)
		return true;
	for (struct parked **at = &parking->first; *at;) {
		if (strcmp((*at)->key, key) != 0 || !is_gone(*at)) {
			at = &(*at)->next;
			continue;
		}
		free_parked(unlink_parked(parking, at));
		count--;
	}
	return count < HP_LIMIT_WAITS_PER_PEER;
}

int64_t
hp_park_left_ms(const struct hp_call *call)
{
	const struct parked *running = call->broker->parking->running;
	if (!running)
		return hp_map_get_int(call->map, "timeout_ms", 0);
	int64_t left = running->until_ms - call->broker->clock.boottime_ms;
	return left > 0 ? left : 0;
}

int64_t
hp_park_after(const struct hp_call *call)
{
	const struct parked *running = call->broker->parking->running;
	return running ? running->after : 0;
}

static bool
park(struct hp_call *call, const char *id, int64_t after, int64_t timeout_ms)
{
	struct hp_parking *parking = call->broker->parking;
	char key[41];
	hp_z85_encode(call->who->curve_public, key);
	if (!has_room(parking, key))
		return false;
	struct parked *parked = calloc(1, sizeof *parked);
	if (!parked)
		return false;
	struct hp_error err;
	if (hp_msgpack_encode(call->map, &parked->message, &err) != HP_OK ||
	    parked->message.failed || strlen(id) >= ID_BYTES) {
		free_parked(parked);
		return false;
	}
	memcpy(parked->id, id, strlen(id));
	parked->after = after;
	memcpy(parked->key, key, sizeof key);
	parked->door = call->door;
	parked->uid = call->uid;
	parked->seq = call->seq;
	parked->peer = call->peer;
	if (parked->peer.fd >= 0 && !parked->peer.inode)
		parked->peer.inode = inode_of(parked->peer.fd);
	parked->claims = call->type == HP_MSG_claim;
	if (parked->claims)
		memcpy(parked->nonce, hp_map_get_bin(call->map, "nonce", NONCE_BYTES), NONCE_BYTES);
	parked->until_ms = call->broker->clock.boottime_ms + timeout_ms;
	parked->envelope = *call->envelope;
	*call->envelope = (struct hp_envelope){0};
	*parking->last = parked;
	parking->last = &parked->next;
	return true;
}

bool
hp_park(struct hp_call *call, const char *id, int64_t timeout_ms)
{
	return park(call, id, 0, timeout_ms);
}

bool
hp_park_claim(struct hp_call *call, int64_t after, int64_t timeout_ms)
{
	return park(call, "", after, timeout_ms);
}

void
hp_park_end_claim(struct hp_call *call, const uint8_t nonce[16])
{
	struct hp_parking *parking = call->broker->parking;
	char key[41];
	hp_z85_encode(call->who->curve_public, key);
	for (struct parked **at = &parking->first; *at; at = &(*at)->next) {
		if (!(*at)->claims || memcmp((*at)->nonce, nonce, NONCE_BYTES) != 0 ||
		    strcmp((*at)->key, key) != 0)
			continue;
		struct parked *parked = unlink_parked(parking, at);
		hp_outbox_reply(call->broker, parked->door, &parked->envelope, true, parked->seq,
				hp_reply_nothing(call->broker));
		free_parked(parked);
		return;
	}
}

struct hp_value *
hp_park_refuse(struct hp_call *call)
{
	return hp_refuse(call, HP_CODE_queue_full, NULL,
			 "more than %u outstanding long polls of one key",
			 HP_LIMIT_WAITS_PER_PEER);
}

void
hp_park_touch(struct hp_broker *broker, const char *id, bool granted)
{
	struct hp_parking *parking = broker->parking;
	parking->granted |= granted;
	if (!parking->first || strlen(id) >= ID_BYTES)
		return;
	if (parking->touched_count == parking->touched_capacity) {
		size_t wider = parking->touched_capacity ? parking->touched_capacity * 2 : 64;
		void *grown = realloc(parking->touched, wider * ID_BYTES);
		if (!grown) {
			broker->fatal = true;
			return;
		}
		parking->touched = grown;
		parking->touched_capacity = wider;
	}
	strcpy(parking->touched[parking->touched_count++], id);
}

static int
compare_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool
is_due(const struct hp_broker *broker, const struct parked *parked)
{
	const struct hp_parking *parking = broker->parking;
	if (parked->until_ms <= broker->clock.boottime_ms || parked->after)
		return true;
	if (!parked->id[0])
		return parking->granted;
	return parking->touched_count && bsearch(parked->id, parking->touched,
						 parking->touched_count, ID_BYTES, compare_ids);
}

void
hp_park_run(struct hp_broker *broker)
{
	struct hp_parking *parking = broker->parking;
	if (parking->touched_count)
		qsort(parking->touched, parking->touched_count, ID_BYTES, compare_ids);
	struct parked *due = NULL, **end = &due, **at = &parking->first;
	while (*at) {
		struct parked *parked = *at;
		if (!is_due(broker, parked)) {
			at = &parked->next;
			continue;
		}
		*end = unlink_parked(parking, at);
		end = &parked->next;
	}
	parking->touched_count = 0;
	parking->granted = false;
	while (due) {
		struct parked *parked = due;
		due = parked->next;
		parking->running = parked;
		if (!broker->fatal && !is_gone(parked))
			hp_dispatch_again(broker, parked->door, &parked->envelope, parked->key,
					  parked->uid, parked->peer, &parked->message);
		parking->running = NULL;
		free_parked(parked);
	}
}

int64_t
hp_park_next_ms(const struct hp_broker *broker)
{
	int64_t next = -1;
	if (broker->parking->first && (broker->parking->granted || broker->parking->touched_count))
		return 0;
	for (const struct parked *p = broker->parking->first; p; p = p->next) {
		int64_t left = p->until_ms - broker->clock.boottime_ms;
		if (left < 0 || p->after)
			left = 0;
		if (next < 0 || left < next)
			next = left;
	}
	return next;
}
