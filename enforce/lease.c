#include "enforce/lease.h"

#include "enforce/spawn.h"

enum {
	STOP_POLL_MS = 30000, /* one `wait until:stop` */
	LEASE_MIN_MS = 1000,
};

static void
renew(struct hp_lease *lease, int64_t from_ms)
{
	lease->end_ms = from_ms + lease->lease_ms;
	lease->next_progress_ms = from_ms + lease->lease_ms / 3;
}

void
hp_lease_begin(struct hp_lease *lease, struct hp_client *client, const char *id, int64_t lease_ms)
{
	*lease = (struct hp_lease){
		.id = id,
		.lease_ms = lease_ms < LEASE_MIN_MS ? LEASE_MIN_MS : lease_ms,
		.connections = hp_client_connections(client),
	};
	renew(lease, hp_enforce_now_ms());
	lease->next_progress_ms = 0; /* at once: the lease began before the claim's reply came */
}

static struct hp_value *
message(const struct hp_lease *lease, struct hp_arena *arena, const char *type)
{
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", type);
	hp_map_set_str(arena, map, "id", lease->id);
	return map;
}

bool
hp_lease_send(struct hp_lease *lease, struct hp_client *client, struct hp_arena *arena,
	      const char *text)
{
	int64_t now_ms = hp_enforce_now_ms();
	uint64_t seq;
	if (!hp_client_connected(client) || hp_client_connections(client) != lease->connections) {
		lease->connections = hp_client_connections(client);
		lease->progress_seq = lease->stop_seq = 0; /* went with the connection */
	}
	if (!lease->stop_seq && !lease->stopped) {
		struct hp_value *map = message(lease, arena, "wait");
		hp_map_set_str(arena, map, "until", "stop");
		hp_map_set_int(arena, map, "timeout_ms", STOP_POLL_MS);
		if (hp_client_send(client, arena, map, &seq, NULL) == HP_OK)
			lease->stop_seq = seq;
	}
	if (lease->progress_seq || (!text && now_ms < lease->next_progress_ms))
		return false;
	struct hp_value *map = message(lease, arena, "progress");
	if (text)
		hp_map_set_str(arena, map, "text", text);
	if (hp_client_send(client, arena, map, &seq, NULL) != HP_OK)
		return false;
	lease->progress_seq = seq;
	lease->progress_sent_ms = now_ms;
	return text != NULL;
}

/* An error to `progress` means that the claim is not ours any more; `wait` is only the faster
 * messenger, and what it cannot tell `progress` will. */
enum hp_lease_word
hp_lease_hear(struct hp_lease *lease, uint64_t seq, const struct hp_value *reply)
{
	bool error = hp_value_is(hp_map_get(reply, "type"), "error");
	if (!seq || (seq != lease->progress_seq && seq != lease->stop_seq))
		return HP_LEASE_NOT_MINE;
	if (seq == lease->progress_seq) {
		lease->progress_seq = 0;
		if (error)
			return HP_LEASE_OVER;
		renew(lease, lease->progress_sent_ms);
		lease->confirmed = true;
	} else if (!error) {
		lease->stop_seq = 0;
	}
	if (!error)
		lease->stopped = hp_map_get_bool(reply, "stop", false);
	return lease->stopped ? HP_LEASE_STOP : HP_LEASE_STANDS;
}

int64_t
hp_lease_left_ms(const struct hp_lease *lease, int margin_ms)
{
	return lease->end_ms - margin_ms - hp_enforce_now_ms();
}

int
hp_lease_wait_ms(const struct hp_lease *lease, int cap_ms)
{
	int64_t left = lease->next_progress_ms - hp_enforce_now_ms();
	if (lease->progress_seq || left > cap_ms)
		return cap_ms;
	return left < 0 ? 0 : (int)left;
}
