#include "tui/session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/reads.h"

enum {
	FLIGHTS_MAX = 32,
	FLIGHTS_FOR_READS = 24, /* the rest is for heartbeats, the queue and orders */
};

enum flight_kind { FLIGHT_HELLO, FLIGHT_LIST, FLIGHT_SHOW, FLIGHT_ORDER, FLIGHT_READ };

/* A message that was sent and not answered. */
struct flight {
	enum flight_kind kind;
	uint64_t seq;
	int64_t sent_ms;
	bool first;            /* of a listing: its first page */
	const struct hp_read *read; /* of a read */
	struct hp_order order; /* of an order */
};

struct hp_session {
	struct hp_client *client;
	const struct hp_keyfile *key;
	struct hp_arena arena; /* of one message */
	struct flight flights[FLIGHTS_MAX];
	size_t flight_count;
	int64_t heard_ms, beat_ms, list_ms;
	unsigned connections;
	bool listing;
	bool started;
	char after[HP_ID_BYTES]; /* next page of a listing; "" for the first */
};

static int64_t
steady_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A handshake takes a few round trips: over a long line, longer than a person should be kept
 * without a word. */
static enum hp_status
connect_to(const struct hp_broker_info *info, const struct hp_keyfile *key,
           void (*say_slow)(const char *why), struct hp_client **ret_client, struct hp_error *err)
{
	int64_t start_ms = steady_ms();
	enum hp_status status =
		hp_client_new(info, key, HP_SIDE_CONTROL, HP_CONNECT_MS, ret_client, err);

	if (status != HP_UNAVAILABLE || steady_ms() - start_ms < HP_CONNECT_MS ||
	    strncmp(info->control, "tcp:", 4) != 0)
		return status;
	say_slow(err->message);
	return hp_client_new(info, key, HP_SIDE_CONTROL, HP_SLOW_MS, ret_client, err);
}

enum hp_status
hp_session_new(const struct hp_broker_info *info, const struct hp_keyfile *key,
               void (*say_slow)(const char *why), struct hp_session **ret_session,
               struct hp_error *err)
{
	struct hp_session *session = calloc(1, sizeof *session);
	int64_t start_ms = steady_ms();

	if (!session)
		return hp_fail(err, HP_NOMEM, "out of memory");
	session->key = key;
	enum hp_status status = connect_to(info, key, say_slow, &session->client, err);
	if (status == HP_OK) {
		/* Owners may decide and get no events: they are served by listing often. */
		int64_t took_ms = steady_ms() - start_ms;
		enum hp_status events = hp_client_subscribe(
			session->client, (int)(2 * took_ms) + HP_SUBSCRIBE_MS, NULL);
		(void)events;
		session->connections = hp_client_connections(session->client);
		*ret_session = session;
	} else {
		hp_session_free(session);
	}
	return status;
}

void
hp_session_free(struct hp_session *session)
{
	if (!session)
		return;
	hp_client_free(session->client);
	hp_arena_release(&session->arena);
	free(session);
}

void *
hp_session_socket(struct hp_session *session)
{
	return hp_client_socket(session->client);
}

void *
hp_session_events_socket(struct hp_session *session)
{
	return hp_client_events_socket(session->client);
}

/* --- sending --- */

static struct hp_value *
message(struct hp_session *session, const char *type)
{
	struct hp_value *map;

	hp_arena_reset(&session->arena);
	map = hp_value_map(&session->arena);
	hp_map_set_str(&session->arena, map, "type", type);
	return map;
}

/* Sends and remembers. NULL when it could not be sent: the caller tries again in a later turn. */
static struct flight *
send_map(struct hp_session *session, struct hp_value *map, enum flight_kind kind, int64_t now_ms)
{
	uint64_t seq;

	if (!map || session->flight_count == FLIGHTS_MAX ||
	    hp_client_send(session->client, &session->arena, map, &seq, NULL) != HP_OK)
		return NULL;
	struct flight *flight = &session->flights[session->flight_count++];
	*flight = (struct flight){.kind = kind, .seq = seq, .sent_ms = now_ms};
	return flight;
}

static bool
is_flying(const struct hp_session *session, enum flight_kind kind)
{
	for (size_t i = 0; i < session->flight_count; i++) {
		if (session->flights[i].kind == kind)
			return true;
	}
	return false;
}

static void
beat(struct hp_session *session, int64_t now_ms)
{
	struct hp_value *map;

	if (now_ms < session->beat_ms)
		return;
	session->beat_ms = now_ms + HP_BEAT_MS;
	if (is_flying(session, FLIGHT_HELLO))
		return;
	map = message(session, "hello");
	hp_map_set_str(&session->arena, map, "client", "holdpoint console " HP_VERSION);
	send_map(session, map, FLIGHT_HELLO, now_ms);
}

static void
list(struct hp_session *session, struct hp_model *model, int64_t now_ms)
{
	struct hp_value *map;

	if (is_flying(session, FLIGHT_LIST))
		return;
	if (!session->listing && !model->want_list && now_ms < session->list_ms)
		return;
	map = message(session, "list");
	hp_map_set_str(&session->arena, map, "state", hp_state_name(HP_STATE_PENDING));
	hp_map_set_int(&session->arena, map, "limit", HP_LIMIT_LIST_ITEMS);
	if (session->listing)
		hp_map_set_str(&session->arena, map, "after", session->after);
	struct flight *flight = send_map(session, map, FLIGHT_LIST, now_ms);
	if (!flight)
		return;
	flight->first = !session->listing;
	if (flight->first) {
		model->want_list = false;
		session->listing = true;
		session->list_ms =
			now_ms + (hp_session_events_socket(session) ? HP_RELIST_MS : HP_POLL_MS);
	}
}

static void
show(struct hp_session *session, struct hp_model *model, int64_t now_ms)
{
	struct hp_value *map;

	if (!model->pinned.want_show || is_flying(session, FLIGHT_SHOW))
		return;
	map = message(session, "show");
	hp_map_set_str(&session->arena, map, "id", model->pinned.id);
	struct flight *flight = send_map(session, map, FLIGHT_SHOW, now_ms);
	if (!flight)
		return;
	memcpy(flight->order.id, model->pinned.id, sizeof flight->order.id);
	model->pinned.want_show = false;
}

/* The message of an order; NULL (with the reason said) when it cannot be made. */
static struct hp_value *
order_map(struct hp_session *session, struct hp_model *model, const struct hp_order *order,
          int64_t now_ms)
{
	struct hp_arena *arena = &session->arena;
	struct hp_error err = {0};
	struct hp_value *map = NULL;

	switch (order->kind) {
	case HP_ORDER_DECIDE:
		hp_arena_reset(arena);
		if (hp_client_make_decide(arena, session->key, model->instance, order->id,
		                          order->digest, order->approve, order->text,
		                          hp_model_broker_ms(model, now_ms), &map, &err) != HP_OK)
			hp_model_say(model, true, "nothing sent: %s", err.message);
		return map;
	case HP_ORDER_EXTEND:
		map = message(session, "extend");
		hp_map_set_str(arena, map, "id", order->id);
		hp_map_set_int(arena, map, "by_ms", order->by_ms);
		hp_map_set_str(arena, map, "reason", order->text);
		return map;
	case HP_ORDER_NOTE:
		map = message(session, "note");
		hp_map_set_str(arena, map, "id", order->id);
		hp_map_set_str(arena, map, "text", order->text);
		return map;
	case HP_ORDER_CHECK:
		map = message(session, "spot_check");
		hp_map_set_str(arena, map, "id", order->id);
		hp_map_set_str(arena, map, "finding", order->approve ? "ok" : "concern");
		if (order->text[0])
			hp_map_set_str(arena, map, "note", order->text);
		return map;
	case HP_ORDER_HALT:
	case HP_ORDER_RESUME:
		map = message(session, order->kind == HP_ORDER_HALT ? "halt" : "resume");
		hp_map_set_str(arena, map, "scope", order->agent[0] ? "agent" : "all");
		if (order->agent[0])
			hp_map_set_str(arena, map, "agent", order->agent);
		hp_map_set_str(arena, map, "reason", order->text);
		return map;
	}
	return NULL;
}

/* What the views want to know. */
static void
send_reads(struct hp_session *session, struct hp_model *model, int64_t now_ms)
{
	for (size_t i = 0; i < hp_read_count; i++) {
		while (session->flight_count < FLIGHTS_FOR_READS) {
			hp_arena_reset(&session->arena);
			struct hp_value *map = hp_reads[i].want(model, &session->arena, now_ms);
			if (!map)
				break;
			struct flight *flight = send_map(session, map, FLIGHT_READ, now_ms);
			if (!flight) {
				hp_reads[i].take(model, NULL, now_ms);
				return;
			}
			flight->read = &hp_reads[i];
		}
	}
}

/* A bulk denial goes out as fast as it is answered. */
static void
send_bulk(struct hp_session *session, struct hp_model *model, int64_t now_ms)
{
	struct hp_order order;

	while (!model->lost && session->flight_count < FLIGHTS_FOR_READS &&
	       hp_bulk_next(model, &order)) {
		struct hp_value *map = order_map(session, model, &order, now_ms);
		struct flight *flight =
			map ? send_map(session, map, FLIGHT_ORDER, now_ms) : NULL;
		if (flight)
			flight->order = order;
		else
			hp_bulk_answer(model, NULL);
	}
}

/* Orders are tried once. What cannot be sent now is dropped and said, never sent later: the person
 * may have changed their mind, and the request its state. */
static unsigned
send_orders(struct hp_session *session, struct hp_model *model, int64_t now_ms)
{
	unsigned changed = HP_CHANGED_NOTHING;

	for (size_t i = 0; i < model->order_count; i++) {
		const struct hp_order *order = &model->orders[i];
		struct hp_value *map = order_map(session, model, order, now_ms);
		struct flight *flight = NULL;

		changed |= HP_CHANGED_SCREEN;
		if (!map)
			continue;
		if (!model->lost)
			flight = send_map(session, map, FLIGHT_ORDER, now_ms);
		if (flight)
			flight->order = *order;
		else
			hp_model_say(model, true, "the broker cannot be reached: nothing sent");
	}
	model->order_count = 0;
	return changed;
}

/* --- receiving --- */

static unsigned
take_list(struct hp_session *session, struct hp_model *model, const struct flight *flight,
          const struct hp_value *reply, int64_t now_ms)
{
	if (!reply || !hp_value_is(hp_map_get(reply, "type"), "requests")) {
		session->listing = false;
		model->want_list = !reply;
		return HP_CHANGED_NOTHING;
	}
	unsigned changed = hp_queue_page(model, reply, flight->first, session->after, now_ms);
	session->listing = session->after[0] != '\0';
	return changed;
}

static unsigned
take_hello(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	if (!reply)
		return HP_CHANGED_NOTHING;
	if (hp_value_is(hp_map_get(reply, "type"), "welcome"))
		return hp_model_welcome(model, reply, now_ms);
	return hp_model_lose(model, "the broker refuses this key", now_ms);
}

/* What was asked has been answered, or (NULL) will not be. */
static unsigned
land(struct hp_session *session, struct hp_model *model, const struct flight *flight,
     const struct hp_value *reply, int64_t now_ms)
{
	switch (flight->kind) {
	case FLIGHT_HELLO:
		return take_hello(model, reply, now_ms);
	case FLIGHT_LIST:
		return take_list(session, model, flight, reply, now_ms);
	case FLIGHT_SHOW:
		if (strcmp(flight->order.id, model->pinned.id) != 0)
			return HP_CHANGED_NOTHING; /* another request is open by now */
		if (reply)
			return hp_pinned_load(model, reply);
		model->pinned.want_show = true;
		return HP_CHANGED_NOTHING;
	case FLIGHT_READ:
		return flight->read->take(model, reply, now_ms);
	case FLIGHT_ORDER:
		return hp_model_answer(model, &flight->order, reply);
	}
	return HP_CHANGED_NOTHING;
}

static void
remove_flight(struct hp_session *session, size_t index)
{
	session->flights[index] = session->flights[--session->flight_count];
}

static unsigned
receive_replies(struct hp_session *session, struct hp_model *model, int64_t now_ms)
{
	const struct hp_value *reply;
	unsigned changed = HP_CHANGED_NOTHING;
	uint64_t seq;

	hp_arena_reset(&session->arena);
	while (hp_client_receive(session->client, &session->arena, &seq, &reply) == HP_OK) {
		session->heard_ms = now_ms;
		for (size_t i = 0; i < session->flight_count; i++) {
			if (session->flights[i].seq != seq)
				continue;
			struct flight flight = session->flights[i];
			remove_flight(session, i);
			changed |= land(session, model, &flight, reply, now_ms);
			break;
		}
		hp_arena_reset(&session->arena);
	}
	return changed;
}

static unsigned
receive_events(struct hp_session *session, struct hp_model *model, int64_t now_ms)
{
	const struct hp_value *event;
	unsigned changed = HP_CHANGED_NOTHING;

	hp_arena_reset(&session->arena);
	while (hp_client_event(session->client, &session->arena, &event) == HP_OK) {
		changed |= hp_model_event(model, event, now_ms);
		hp_arena_reset(&session->arena);
	}
	return changed;
}

/* Gives up on all that is older than `limit_ms`. */
static unsigned
give_up(struct hp_session *session, struct hp_model *model, int64_t limit_ms, int64_t now_ms)
{
	unsigned changed = HP_CHANGED_NOTHING;

	for (size_t i = session->flight_count; i-- > 0;) {
		struct flight flight = session->flights[i];
		if (now_ms - flight.sent_ms < limit_ms)
			continue;
		remove_flight(session, i);
		changed |= land(session, model, &flight, NULL, now_ms);
	}
	return changed;
}

static unsigned
watch_connection(struct hp_session *session, struct hp_model *model, int64_t now_ms)
{
	unsigned connections = hp_client_connections(session->client);
	unsigned changed = HP_CHANGED_NOTHING;

	if (connections != session->connections) {
		/* Another connection: what was sent on the old one is gone, events may be. */
		session->connections = connections;
		model->want_list = true;
		model->pinned.want_show = model->pinned.phase != HP_PIN_NONE;
		changed |= give_up(session, model, 0, now_ms);
		session->beat_ms = now_ms;
	}
	if (now_ms - session->heard_ms >= HP_SILENCE_MS)
		changed |= hp_model_lose(model, "no answer from the broker", session->heard_ms);
	return changed;
}

unsigned
hp_session_turn(struct hp_session *session, struct hp_model *model, int64_t now_ms)
{
	unsigned changed;

	if (!session->started) {
		session->started = true;
		session->heard_ms = now_ms; /* the handshake was an answer */
	}
	changed = receive_replies(session, model, now_ms);
	changed |= receive_events(session, model, now_ms);
	changed |= watch_connection(session, model, now_ms);
	changed |= give_up(session, model, HP_ANSWER_MS, now_ms);
	/* A heartbeat that is late does not hold back the next: one of them may get through. */
	for (size_t i = session->flight_count; i-- > 0;) {
		if (session->flights[i].kind == FLIGHT_HELLO &&
		    now_ms - session->flights[i].sent_ms >= HP_SILENCE_MS)
			remove_flight(session, i);
	}
	beat(session, now_ms);
	changed |= send_orders(session, model, now_ms);
	send_bulk(session, model, now_ms);
	if (!model->lost) {
		list(session, model, now_ms);
		show(session, model, now_ms);
		send_reads(session, model, now_ms);
	}
	return changed;
}

int64_t
hp_session_due_ms(const struct hp_session *session, int64_t now_ms)
{
	int64_t silence_ms = session->heard_ms + HP_SILENCE_MS;

	return silence_ms > now_ms && silence_ms < session->beat_ms ? silence_ms : session->beat_ms;
}
