#include "broker/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "broker/log.h"
#include "core/msgpack.h"

enum item_kind { ITEM_REPLY, ITEM_EVENT, ITEM_CHECKPOINT, ITEM_PROOF };

struct item {
	struct item *next;
	enum item_kind kind;
	enum hp_door door;
	struct hp_envelope envelope;
	uint64_t seq;	   /* of the call, for what is made after the commit */
	uint64_t leaf_seq; /* ITEM_PROOF */
	char topic[32];	   /* ITEM_EVENT */
	struct hp_buf payload;
};

struct hp_outbox {
	struct item *first, **last;
	size_t bytes; /* of the payloads */
};

struct hp_outbox *
hp_outbox_new(void)
{
	struct hp_outbox *outbox = calloc(1, sizeof *outbox);
	if (outbox)
		outbox->last = &outbox->first;
	return outbox;
}

static void
free_item(struct item *item)
{
	hp_envelope_release(&item->envelope);
	hp_buf_release(&item->payload);
	free(item);
}

static void
clear(struct hp_outbox *outbox)
{
	while (outbox->first) {
		struct item *item = outbox->first;
		outbox->first = item->next;
		free_item(item);
	}
	outbox->last = &outbox->first;
	outbox->bytes = 0;
}

void
hp_outbox_free(struct hp_outbox *outbox)
{
	if (!outbox)
		return;
	clear(outbox);
	free(outbox);
}

size_t
hp_outbox_bytes(const struct hp_outbox *outbox)
{
	return outbox->bytes;
}

static struct item *
add(struct hp_broker *broker, enum item_kind kind)
{
	struct item *item = calloc(1, sizeof *item);
	if (!item) {
		broker->fatal = true;
		return NULL;
	}
	item->kind = kind;
	*broker->outbox->last = item;
	broker->outbox->last = &item->next;
	return item;
}

/* False: it cannot be sent as it is, which what a peer wrote must never be able to cause; should it
 * happen, this one message is lost and not the broker. */
static bool
encode(struct hp_broker *broker, struct item *item, const struct hp_value *map)
{
	struct hp_error err = {0};
	enum hp_status status = !map || broker->arena.failed
					? HP_NOMEM
					: hp_msgpack_encode(map, &item->payload, &err);
	if (status == HP_NOMEM)
		broker->fatal = true;
	if (status == HP_OK && item->payload.len > HP_LIMIT_MESSAGE_BYTES)
		status = hp_fail(&err, HP_TOO_LARGE, "it would have %zu bytes",
				 item->payload.len);
	if (status == HP_OK) {
		broker->outbox->bytes += item->payload.len;
		return true;
	}
	HP_LOG("error", "encode", "reason", err.message);
	hp_buf_reset(&item->payload);
	return false;
}

static void
encode_reply(struct hp_broker *broker, struct item *item, bool has_seq, uint64_t seq,
	     struct hp_value *map)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_value *re = has_seq ? hp_value_uint(arena, seq) : hp_value_nil(arena);
	hp_map_set(arena, map, "re", re);
	if (encode(broker, item, map) || broker->fatal)
		return;
	map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "error");
	hp_map_set_str(arena, map, "code", hp_code_name(HP_CODE_too_large));
	hp_map_set_str(arena, map, "message", "the reply does not fit a message");
	hp_map_set(arena, map, "re", re);
	broker->fatal |= !encode(broker, item, map);
}

static void
take(struct item *item, enum hp_door door, struct hp_envelope *take_envelope)
{
	item->door = door;
	item->envelope = *take_envelope;
	*take_envelope = (struct hp_envelope){0};
}

void
hp_outbox_reply(struct hp_broker *broker, enum hp_door door, struct hp_envelope *take_envelope,
		bool has_seq, uint64_t seq, struct hp_value *map)
{
	struct item *item = add(broker, ITEM_REPLY);
	if (!item)
		return;
	take(item, door, take_envelope);
	encode_reply(broker, item, has_seq, seq, map);
}

void
hp_outbox_event(struct hp_broker *broker, const char *topic, struct hp_value *map)
{
	struct item *item = add(broker, ITEM_EVENT);
	if (!item)
		return;
	struct hp_arena *arena = &broker->arena;
	size_t len = strlen(topic);
	memcpy(item->topic, topic, len < sizeof item->topic ? len : sizeof item->topic - 1);
	hp_map_set(arena, map, "event_seq", hp_value_uint(arena, ++broker->event_seq));
	hp_map_set_str(arena, map, "type", topic);
	hp_map_set_int(arena, map, "at_ms", broker->clock.wall_ms);
	broker->event_seq_changed = true;
	broker->counters.events++;
	encode(broker, item, map);
}

void
hp_outbox_checkpoint(struct hp_broker *broker, struct hp_call *call)
{
	struct item *item = add(broker, ITEM_CHECKPOINT);
	if (!item)
		return;
	take(item, call->door, call->envelope);
	item->seq = call->seq;
	broker->checkpoint_now = true;
}

void
hp_outbox_proof(struct hp_broker *broker, struct hp_call *call, uint64_t leaf_seq)
{
	struct item *item = add(broker, ITEM_PROOF);
	if (!item)
		return;
	take(item, call->door, call->envelope);
	item->seq = call->seq;
	item->leaf_seq = leaf_seq;
	broker->checkpoint_now = true;
}

/* What could only be made under the new checkpoint. */
static void
finish(struct hp_broker *broker, struct item *item)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_value *map = hp_value_map(arena);
	struct hp_buf text = {0};
	struct hp_error err = {0};
	uint64_t size = 0;
	const char *checkpoint = hp_audit_checkpoint_text(broker->audit, &size);
	if (item->kind == ITEM_PROOF &&
	    hp_audit_proof(broker->audit, item->leaf_seq, &text, &err) != HP_OK) {
		hp_map_set_str(arena, map, "type", "error");
		hp_map_set_str(arena, map, "code", hp_code_name(HP_CODE_not_found));
		hp_map_set_str(arena, map, "message", err.message);
	} else {
		hp_map_set_str(arena, map, "type",
			       item->kind == ITEM_PROOF ? "proof" : "checkpoint");
		hp_map_set_str(arena, map, "text",
			       item->kind == ITEM_PROOF ? hp_buf_text(&text) : checkpoint);
	}
	encode_reply(broker, item, true, item->seq, map);
	hp_buf_release(&text);
}

static void
publish(struct hp_broker *broker, const struct item *item)
{
	void *socket = broker->events;
	if (!socket || !item->payload.len)
		return;
	/* Events are hints: a full queue or a missing subscriber loses them, and the gap tells. */
	if (zmq_send(socket, item->topic, strlen(item->topic), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
	    zmq_send(socket, HP_PROTOCOL, strlen(HP_PROTOCOL), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
	    zmq_send(socket, item->payload.data, item->payload.len, ZMQ_DONTWAIT) < 0)
		HP_LOG("warning", "event-lost", "topic", item->topic);
}

/* Replies first: somebody waits for them. */
void
hp_outbox_flush(struct hp_broker *broker)
{
	struct item *first = broker->outbox->first;
	for (struct item *item = first; item && !broker->fatal; item = item->next) {
		if (item->kind == ITEM_EVENT)
			continue;
		if (item->kind != ITEM_REPLY)
			finish(broker, item);
		if (!broker->fatal && hp_frames_send(broker->sockets[item->door], &item->envelope,
						     item->payload.data, item->payload.len) == HP_IO)
			HP_LOG("warning", "reply-lost", "reason", zmq_strerror(zmq_errno()));
	}
	for (struct item *item = first; item && !broker->fatal; item = item->next)
		if (item->kind == ITEM_EVENT)
			publish(broker, item);
	clear(broker->outbox);
}
