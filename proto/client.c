#include "proto/client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "core/limits.h"
#include "core/msgpack.h"
#include "proto/link.h"

enum { IN_FLIGHT_MAX = 1024 }; /* messages sent and not answered, of one session */

/* A reply that came while another was awaited. */
struct kept {
	struct kept *next;
	uint64_t seq;
	zmq_msg_t payload;
};

struct hp_client {
	void *context;
	struct hp_link link, events;
	struct hp_keyfile key;
	uint8_t server_key[HP_CURVE_BYTES];
	char *events_endpoint;
	bool on_control;
	uint64_t next_seq;
	uint64_t in_flight[IN_FLIGHT_MAX]; /* seqs of hp_client_send() */
	size_t in_flight_count;
	unsigned in_flight_times; /* link.times when they were sent */
	struct kept *kept, **kept_end;
};

/* Both sockets were tried: what a person has to know of the first beside the second. */
static enum hp_status
join_errors(enum hp_status control, const struct hp_error *control_err, enum hp_status agents,
	    struct hp_error *err)
{
	if (!err)
		return control == HP_REFUSED ? agents : control;
	if (control == HP_REFUSED && agents == HP_REFUSED)
		return hp_fail(err, HP_REFUSED,
			       "the broker refuses this key (unknown or revoked)");
	if (control == HP_UNAVAILABLE && agents == HP_UNAVAILABLE) {
		*err = *control_err;
		return HP_UNAVAILABLE;
	}
	struct hp_error agents_err = *err;
	hp_fail(err, agents, "%.240s; %.240s", control_err->message, agents_err.message);
	return control == HP_REFUSED ? agents : control;
}

static enum hp_status
open_side(struct hp_client *client, bool control, const char *endpoint, int64_t deadline_ms,
	  struct hp_error *err)
{
	client->on_control = control;
	return hp_link_open(client->context, ZMQ_DEALER, control ? "control" : "agents", endpoint,
			    client->server_key, &client->key, deadline_ms, &client->link, err);
}

static enum hp_status
open_link(struct hp_client *client, const struct hp_broker_info *info, enum hp_client_side side,
	  int64_t deadline_ms, struct hp_error *err)
{
	if (side == HP_SIDE_AGENTS)
		return open_side(client, false, info->agents, deadline_ms, err);
	struct hp_error control_err = {0};
	enum hp_status status = open_side(client, true, info->control, deadline_ms, &control_err);
	if (status == HP_OK)
		return HP_OK;
	/* A machine of agents need not reach `control` at all. */
	if (side == HP_SIDE_CONTROL || (status != HP_REFUSED && status != HP_UNAVAILABLE)) {
		if (err)
			*err = control_err;
		return status;
	}
	enum hp_status agents = open_side(client, false, info->agents, deadline_ms, err);
	return agents == HP_OK ? HP_OK : join_errors(status, &control_err, agents, err);
}

enum hp_status
hp_client_new(const struct hp_broker_info *info, const struct hp_keyfile *key,
	      enum hp_client_side side, int timeout_ms, struct hp_client **ret_client,
	      struct hp_error *err)
{
	struct hp_client *client = calloc(1, sizeof *client);
	if (!client)
		return hp_fail(err, HP_NOMEM, "out of memory");
	client->kept_end = &client->kept;
	client->next_seq = 1;
	client->key = *key;
	memcpy(client->server_key, info->curve_public, sizeof client->server_key);
	client->events_endpoint = strdup(info->events);
	client->context = zmq_ctx_new();

	enum hp_status status;
	if (!client->events_endpoint)
		status = hp_fail(err, HP_NOMEM, "out of memory");
	else if (!client->context)
		status = hp_fail(err, HP_IO, "cannot start ZeroMQ: %s", zmq_strerror(errno));
	else
		status = open_link(client, info, side, hp_link_now_ms() + timeout_ms, err);
	if (status != HP_OK)
		hp_client_free(client);
	else
		*ret_client = client;
	return status;
}

static void
drop_kept(struct hp_client *client)
{
	while (client->kept) {
		struct kept *kept = client->kept;
		client->kept = kept->next;
		zmq_msg_close(&kept->payload);
		free(kept);
	}
	client->kept_end = &client->kept;
}

void
hp_client_free(struct hp_client *client)
{
	if (!client)
		return;
	drop_kept(client);
	hp_link_close(&client->link);
	hp_link_close(&client->events);
	while (client->context && zmq_ctx_term(client->context) != 0 && errno == EINTR)
		;
	hp_keyfile_release(&client->key);
	free(client->events_endpoint);
	free(client);
}

bool
hp_client_on_control(const struct hp_client *client)
{
	return client->on_control;
}

void *
hp_client_socket(struct hp_client *client)
{
	return client->link.socket;
}

void *
hp_client_events_socket(struct hp_client *client)
{
	return client->events.socket;
}

bool
hp_client_connected(struct hp_client *client)
{
	hp_link_update(&client->link);
	hp_link_update(&client->events);
	return client->link.connected && (!client->events.socket || client->events.connected);
}

unsigned
hp_client_connections(struct hp_client *client)
{
	hp_link_update(&client->link);
	hp_link_update(&client->events);
	return client->link.times + client->events.times;
}

/* Puts `seq` into the map, also when a call is made again with the same one. */
static void
set_seq(struct hp_arena *arena, struct hp_value *map, uint64_t seq)
{
	struct hp_value *value = hp_value_uint(arena, seq);
	for (size_t i = 0; value && i < map->map.count; i++) {
		struct hp_pair *pair = &map->map.pairs[i];
		if (pair->key.len == 3 && memcmp(pair->key.p, "seq", 3) == 0) {
			pair->value = value;
			return;
		}
	}
	hp_map_set(arena, map, "seq", value);
}

/* Waits until there is room for a message on a connection that stands. libzmq makes room before the
 * handshake is through, so only the monitor's word counts for the connection. */
static enum hp_status
await_room(struct hp_client *client, int64_t deadline_ms, struct hp_error *err)
{
	struct hp_link *link = &client->link;
	for (;;) {
		zmq_pollitem_t items[] = {
			{.socket = link->monitor, .events = ZMQ_POLLIN},
			{.socket = link->socket, .events = ZMQ_POLLOUT},
		};
		hp_link_update(link);
		if (link->refused)
			return hp_fail(err, HP_REFUSED,
				       "the broker refuses this key now (revoked?)");
		int64_t left = deadline_ms - hp_link_now_ms();
		int rc = zmq_poll(items, link->connected ? 2 : 1, left > 0 ? (long)left : 0);
		if (rc < 0 && errno != EINTR)
			return hp_fail(err, HP_IO, "cannot wait for the broker: %s",
				       zmq_strerror(errno));
		if (rc > 0 && !items[0].revents && (items[1].revents & ZMQ_POLLOUT))
			return HP_OK;
		if (left <= 0 && !items[0].revents)
			return hp_fail(err, HP_UNAVAILABLE, "the broker is not there");
	}
}

static enum hp_status
send_map(struct hp_client *client, struct hp_arena *arena, struct hp_value *map,
	 int64_t deadline_ms, uint64_t *ret_seq, struct hp_error *err)
{
	struct hp_buf bytes = {0};
	uint64_t seq = client->next_seq++;

	if (map)
		set_seq(arena, map, seq);
	if (!map || arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	enum hp_status status = hp_msgpack_encode(map, &bytes, err);
	if (status == HP_OK && bytes.len > HP_LIMIT_MESSAGE_BYTES)
		status = hp_fail(err, HP_TOO_LARGE,
				 "the message has %zu bytes; the broker takes %u", bytes.len,
				 HP_LIMIT_MESSAGE_BYTES);
	if (status == HP_OK)
		status = await_room(client, deadline_ms, err);
	if (status == HP_OK) {
		status = hp_link_send(&client->link, bytes.data, bytes.len);
		if (status != HP_OK)
			hp_fail(err, status, "cannot send to the broker: %s",
				zmq_strerror(errno));
	}
	if (status == HP_OK)
		*ret_seq = seq;
	hp_buf_release(&bytes);
	return status;
}

/* Answers to messages of a connection that is gone will not come. */
static void
forget_lost(struct hp_client *client)
{
	hp_link_update(&client->link);
	if (client->in_flight_times != client->link.times) {
		client->in_flight_times = client->link.times;
		client->in_flight_count = 0;
	}
}

static bool
take_in_flight(struct hp_client *client, uint64_t seq)
{
	for (size_t i = 0; i < client->in_flight_count; i++) {
		if (client->in_flight[i] == seq) {
			client->in_flight[i] = client->in_flight[--client->in_flight_count];
			return true;
		}
	}
	return false;
}

enum hp_status
hp_client_send(struct hp_client *client, struct hp_arena *arena, struct hp_value *map,
	       uint64_t *ret_seq, struct hp_error *err)
{
	uint64_t seq;
	forget_lost(client);
	if (client->in_flight_count == IN_FLIGHT_MAX)
		return hp_fail(err, HP_UNAVAILABLE, "%d messages wait for an answer already",
			       IN_FLIGHT_MAX);
	enum hp_status status = send_map(client, arena, map, 0, &seq, err);
	if (status != HP_OK)
		return status;
	client->in_flight[client->in_flight_count++] = seq;
	*ret_seq = seq;
	return HP_OK;
}

static bool
get_re(const struct hp_value *map, uint64_t *ret_re)
{
	const struct hp_value *re = hp_map_get(map, "re");
	if (!re || (re->type == HP_INT && re->integer < 0) ||
	    (re->type != HP_INT && re->type != HP_UINT))
		return false;
	*ret_re = re->type == HP_INT ? (uint64_t)re->integer : re->natural;
	return true;
}

static void
keep(struct hp_client *client, uint64_t seq, zmq_msg_t *payload)
{
	struct kept *kept = calloc(1, sizeof *kept);
	if (!kept)
		return; /* as if it had been lost on the way */
	kept->seq = seq;
	zmq_msg_init(&kept->payload);
	zmq_msg_move(&kept->payload, payload);
	*client->kept_end = kept;
	client->kept_end = &kept->next;
}

/* The next reply from the socket that answers `wanted` (0: any of hp_client_send()). */
static enum hp_status
next_reply(struct hp_client *client, struct hp_arena *arena, uint64_t wanted, uint64_t *ret_seq,
	   const struct hp_value **ret_reply)
{
	struct hp_link_message message;
	enum hp_status status;
	hp_link_message_init(&message);
	while ((status = hp_link_receive(&client->link, arena, &message)) == HP_OK) {
		uint64_t seq;
		if (message.topic_len != 0 || !get_re(message.map, &seq))
			continue;
		if (wanted != seq && !take_in_flight(client, seq))
			continue;
		if (wanted && wanted != seq) {
			keep(client, seq, &message.frames[2]);
			continue;
		}
		*ret_seq = seq;
		*ret_reply = message.map;
		break;
	}
	hp_link_message_close(&message);
	return status;
}

enum hp_status
hp_client_receive(struct hp_client *client, struct hp_arena *arena, uint64_t *ret_seq,
		  const struct hp_value **ret_reply)
{
	while (client->kept) {
		struct kept *kept = client->kept;
		client->kept = kept->next;
		if (!client->kept)
			client->kept_end = &client->kept;
		enum hp_status status = hp_msgpack_decode(arena, zmq_msg_data(&kept->payload),
							  zmq_msg_size(&kept->payload), ret_reply,
							  NULL);
		if (status == HP_OK)
			*ret_seq = kept->seq;
		zmq_msg_close(&kept->payload);
		free(kept);
		if (status == HP_OK)
			return HP_OK;
	}
	enum hp_status status = next_reply(client, arena, 0, ret_seq, ret_reply);
	if (status == HP_NOT_FOUND)
		forget_lost(client);
	return status;
}

/* Waits for the reply to `seq`. A connection that is lost meanwhile took it along. */
static enum hp_status
await_reply(struct hp_client *client, struct hp_arena *arena, uint64_t seq, int64_t deadline_ms,
	    const struct hp_value **ret_reply, struct hp_error *err)
{
	unsigned times = client->link.times;
	for (;;) {
		uint64_t got;
		enum hp_status status = next_reply(client, arena, seq, &got, ret_reply);
		if (status != HP_NOT_FOUND)
			return status == HP_OK ? HP_OK : hp_fail(err, status, "%s",
								 hp_status_text(status));
		if (!client->link.connected || client->link.times != times)
			return hp_fail(err, HP_UNAVAILABLE,
				       "the connection was lost before the broker answered");
		int64_t left = deadline_ms - hp_link_now_ms();
		if (left <= 0)
			return hp_fail(err, HP_TIMEOUT, "the broker did not answer in time");
		zmq_pollitem_t items[] = {
			{.socket = client->link.socket, .events = ZMQ_POLLIN},
			{.socket = client->link.monitor, .events = ZMQ_POLLIN},
		};
		if (zmq_poll(items, 2, (long)left) < 0 && errno != EINTR)
			return hp_fail(err, HP_IO, "cannot wait for the broker: %s",
				       zmq_strerror(errno));
		if (!(items[0].revents & ZMQ_POLLIN)) /* what has arrived is read first */
			hp_link_update(&client->link);
	}
}

enum hp_status
hp_client_call(struct hp_client *client, struct hp_arena *arena, struct hp_value *map,
	       int timeout_ms, const struct hp_value **ret_reply, struct hp_error *err)
{
	int64_t deadline_ms = hp_link_now_ms() + timeout_ms;
	uint64_t seq;
	enum hp_status status = send_map(client, arena, map, deadline_ms, &seq, err);
	if (status != HP_OK)
		return status;
	return await_reply(client, arena, seq, deadline_ms, ret_reply, err);
}

enum hp_status
hp_client_subscribe(struct hp_client *client, int timeout_ms, struct hp_error *err)
{
	if (client->events.socket)
		return HP_OK;
	return hp_link_open(client->context, ZMQ_SUB, "events", client->events_endpoint,
			    client->server_key, &client->key, hp_link_now_ms() + timeout_ms,
			    &client->events, err);
}

enum hp_status
hp_client_event(struct hp_client *client, struct hp_arena *arena, const struct hp_value **ret_event)
{
	struct hp_link_message message;
	enum hp_status status;

	if (!client->events.socket)
		return HP_NOT_FOUND;
	hp_link_message_init(&message);
	while ((status = hp_link_receive(&client->events, arena, &message)) == HP_OK) {
		const struct hp_value *seq = hp_map_get(message.map, "event_seq");
		const struct hp_value *type = hp_map_get(message.map, "type");
		if (!seq || seq->type != HP_INT || !type || type->type != HP_STR ||
		    type->str.len != message.topic_len ||
		    memcmp(type->str.p, message.topic, message.topic_len) != 0)
			continue;
		*ret_event = message.map;
		break;
	}
	hp_link_message_close(&message);
	return status;
}

enum hp_code
hp_client_code(const struct hp_value *reply)
{
	if (!hp_value_is(hp_map_get(reply, "type"), "error"))
		return HP_CODE_ok;
	enum hp_code code = hp_code_parse(hp_map_get_str(reply, "code", ""));
	return code == HP_CODE_ok ? HP_CODE_unsupported : code; /* a newer broker's word */
}
