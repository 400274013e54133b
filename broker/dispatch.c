#include "broker/dispatch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/hide.h"
#include "broker/log.h"
#include "broker/outbox.h"
#include "broker/refusals.h"
#include "broker/zap.h"
#include "core/msgpack.h"
#include "core/text.h"

static hp_handler *const handlers[HP_MSG_COUNT] = {
	[HP_MSG_hello] = hp_handle_hello,
	[HP_MSG_submit] = hp_handle_submit,
	[HP_MSG_wait] = hp_handle_wait,
	[HP_MSG_withdraw] = hp_handle_withdraw,
	[HP_MSG_list] = hp_handle_list,
	[HP_MSG_show] = hp_handle_show,
	[HP_MSG_decide] = hp_handle_decide,
	[HP_MSG_extend] = hp_handle_extend,
	[HP_MSG_note] = hp_handle_note,
	[HP_MSG_claim] = hp_handle_claim,
	[HP_MSG_progress] = hp_handle_progress,
	[HP_MSG_report] = hp_handle_report,
	[HP_MSG_settle] = hp_handle_settle,
	[HP_MSG_halt] = hp_handle_halt,
	[HP_MSG_resume] = hp_handle_resume,
	[HP_MSG_task] = hp_handle_task,
	[HP_MSG_tasks] = hp_handle_tasks,
	[HP_MSG_task_close] = hp_handle_task_close,
	[HP_MSG_spot_check] = hp_handle_spot_check,
	[HP_MSG_audit] = hp_handle_audit,
	[HP_MSG_checkpoint] = hp_handle_checkpoint,
	[HP_MSG_proof] = hp_handle_proof,
	[HP_MSG_erase] = hp_handle_erase,
	[HP_MSG_reload] = hp_handle_reload,
	[HP_MSG_agents] = hp_handle_agents,
	[HP_MSG_stats] = hp_handle_stats,
	[HP_MSG_ping] = hp_handle_ping,
};

/* What the wire says of a parser's status. */
static enum hp_code
code_of(enum hp_status status)
{
	return status == HP_TOO_LARGE ? HP_CODE_too_large : HP_CODE_malformed;
}

/* `field` and `message` are plain text by now: hp_hide_line(). */
static struct hp_value *
error_reply(struct hp_arena *arena, enum hp_code code, const char *field, const char *message)
{
	struct hp_value *reply = hp_value_map(arena);
	hp_map_set_str(arena, reply, "type", "error");
	hp_map_set_str(arena, reply, "code", hp_code_name(code));
	hp_map_set_str(arena, reply, "message", message);
	if (field && *field)
		hp_map_set_str(arena, reply, "field", field);
	return reply;
}

/* Who was refused what. */
struct refused {
	const char *actor; /* NULL: nobody we know */
	const char *key;   /* Z85, where it is all that is known; NULL otherwise */
	const char *type;  /* plain text, "" before it is known */
	const struct hp_value *submit; /* what was asked; NULL: it was no submit of anybody's */
	const char *request;
};

/* Whose erasure takes a refusal's body along: the request that it names, if there is one. */
static int64_t
about(struct hp_broker *broker, const char *id)
{
	int64_t key = HP_STORE_REFUSED;
	if (!id || !*id)
		return key;
	enum hp_status status = hp_store_find_key(broker->store, id, &key);
	if (status != HP_OK && status != HP_NOT_FOUND)
		hp_store_failed(broker, "reading a request");
	return key;
}

/* Every refusal has its leaf (lifecycle invariant 6), a flood of them one together. */
static void
record_refusal(struct hp_broker *broker, const struct refused *refused, enum hp_code code,
	       const char *field, const char *message)
{
	struct hp_arena *arena = &broker->arena;
	broker->counters.refusals++;
	if (!hp_refusals_add(broker, refused->actor, refused->key))
		return;
	struct hp_value *body = hp_value_map(arena);
	hp_map_set_str(arena, body, "code", hp_code_name(code));
	hp_map_set_str(arena, body, "type", refused->type);
	hp_map_set_str(arena, body, "message", message);
	if (field && *field)
		hp_map_set_str(arena, body, "field", field);
	if (refused->request && *refused->request)
		hp_map_set_str(arena, body, "request", refused->request);
	if (refused->key)
		hp_map_set_str(arena, body, "key", refused->key);
	if (refused->submit)
		hp_refusals_asked(broker, refused->actor, refused->submit, body);
	hp_record_about(broker, "refused", refused->actor ? refused->actor : "unknown", NULL,
			about(broker, refused->request), body);
}

struct hp_value *
hp_refuse(struct hp_call *call, enum hp_code code, const char *field, const char *format, ...)
{
	char message[512];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	const struct refused refused = {
		.actor = call->who->name,
		.type = hp_message_name(call->type),
		.submit = call->type == HP_MSG_submit ? call->map : NULL,
		.request = hp_hide_line(call->broker, hp_map_get_str(call->map, "id", "")),
	};
	const char *line = hp_hide_line(call->broker, message);
	field = field ? hp_hide_line(call->broker, field) : NULL;
	record_refusal(call->broker, &refused, code, field, line);
	return error_reply(&call->broker->arena, code, field, line);
}

struct hp_value *
hp_refuse_again(struct hp_call *call, enum hp_code code, const char *message)
{
	call->broker->counters.refusals++;
	return error_reply(&call->broker->arena, code, NULL, hp_hide_line(call->broker, message));
}

struct hp_value *
hp_store_failed(struct hp_broker *broker, const char *doing)
{
	if (!broker->fatal)
		HP_LOG("error", "store-failed", "doing", doing, "reason",
		       hp_store_error(broker->store));
	broker->fatal = true;
	return NULL;
}

/* A message on its way to its handler. */
struct arrival {
	struct hp_broker *broker;
	enum hp_door door;
	struct hp_envelope *envelope;
	const char *key; /* Z85 of the connection's CURVE key; NULL: it tells none */
	int64_t uid;
	struct hp_peer peer;
	bool has_seq;
	uint64_t seq;
};

/* Refuses before there is a call: nobody, or nothing decodable. */
static void
refuse_early(struct arrival *arrival, const struct hp_principal *who, const char *type,
	     const struct hp_value *map, enum hp_code code, const struct hp_error *err)
{
	struct hp_broker *broker = arrival->broker;
	const struct refused refused = {
		.actor = who ? who->name : NULL,
		.key = who ? NULL : arrival->key,
		.type = type,
		.submit = who && map && hp_value_is(hp_map_get(map, "type"), "submit") ? map : NULL,
		.request = who && map ? hp_hide_line(broker, hp_map_get_str(map, "id", ""))
				      : NULL,
	};
	const char *message = hp_hide_line(broker, err->message);
	const char *field = hp_hide_line(broker, err->field);
	record_refusal(broker, &refused, code, field, message);
	hp_outbox_reply(broker, arrival->door, arrival->envelope, arrival->has_seq, arrival->seq,
			error_reply(&broker->arena, code, field, message));
}

/* `seq` of a map, however wrong the rest is. */
static void
find_seq(const struct hp_value *map, struct arrival *arrival)
{
	const struct hp_value *seq = hp_map_get(map, "seq");
	arrival->has_seq = seq && (seq->type == HP_UINT ||
				   (seq->type == HP_INT && seq->integer >= 0));
	if (arrival->has_seq)
		arrival->seq = seq->natural;
}

static enum hp_code
malformed(struct hp_error *err, const char *field, const char *message)
{
	snprintf(err->field, sizeof err->field, "%s", field);
	hp_fail(err, HP_INVALID, "%s", message);
	return HP_CODE_malformed;
}

static bool
has_nul(const struct hp_value *value)
{
	for (size_t i = 0; value->type == HP_ARRAY && i < value->array.count; i++)
		if (has_nul(value->array.items[i]))
			return true;
	return value->type == HP_STR && memchr(value->str.p, 0, value->str.len);
}

/*
 * Handlers read strings up to their first NUL: behind it something could hide. Only a submit's own
 * reader (core/request.h) and a report's output take NULs.
 */
static enum hp_code
check_nuls(const struct hp_call *call, struct hp_error *err)
{
	if (call->type == HP_MSG_submit || call->type == HP_MSG_report)
		return HP_CODE_ok;
	for (size_t i = 0; i < call->map->map.count; i++) {
		const struct hp_pair *pair = &call->map->map.pairs[i];
		if (has_nul(pair->value))
			return malformed(err, pair->key.p, "a text cannot hold NUL characters");
	}
	return HP_CODE_ok;
}

/* What brings new work, and waits for room on the disk; what stops and ends things does not. Of
 * `decide` it is the approval alone (handle_decide.c). */
static const bool new_work[HP_MSG_COUNT] = {
	[HP_MSG_submit] = true, [HP_MSG_extend] = true, [HP_MSG_note] = true,
	[HP_MSG_claim] = true,	[HP_MSG_task] = true,	[HP_MSG_spot_check] = true,
};

/* A type as it is quoted: a stranger's text, of a bounded length. */
static const char *
show_type(struct hp_broker *broker, const struct hp_value *map)
{
	enum { SHOWN_BYTES = 48 };
	const struct hp_value *type = hp_hide(broker, hp_map_get(map, "type"));
	if (!type || type->type != HP_STR)
		return "";
	size_t len = type->str.len < SHOWN_BYTES ? type->str.len : SHOWN_BYTES;
	return hp_text_safen(&broker->arena, type->str.p, len, 0);
}

/* Type, role, fields (protocol.md's order). */
static enum hp_code
check(struct hp_call *call, const struct arrival *arrival, struct hp_error *err)
{
	const char *type = hp_map_get_str(call->map, "type", NULL);
	if (!arrival->has_seq)
		return malformed(err, "seq", "\"seq\" must be a non-negative integer");
	if (!type)
		return malformed(err, "type", "\"type\" must be a string");
	if (hp_message_parse(type, &call->type) != HP_OK) {
		snprintf(err->field, sizeof err->field, "type");
		hp_fail(err, HP_INVALID, "unknown message type \"%s\"",
			show_type(call->broker, call->map));
		return HP_CODE_unsupported;
	}
	if (!(hp_message_roles(call->type) & call->who->roles) ||
	    (hp_message_control_only(call->type) && call->door != HP_DOOR_CONTROL)) {
		hp_fail(err, HP_REFUSED, "\"%s\" may not send \"%s\" here", call->who->name, type);
		return HP_CODE_unauthorised;
	}
	enum hp_status status = hp_message_check(call->type, call->map, err);
	if (status == HP_OK)
		return check_nuls(call, err);
	hp_hide_error(call, err);
	return code_of(status);
}

/* Decode, type, role, fields; then the handler. */
static void
take(struct arrival *arrival, const struct hp_principal *who, const void *bytes, size_t len)
{
	struct hp_broker *broker = arrival->broker;
	struct hp_error err = {0};
	const struct hp_value *map = NULL;
	enum hp_status status = hp_msgpack_decode(&broker->arena, bytes, len, &map, &err);
	if (status == HP_NOMEM) {
		broker->fatal = true;
		return;
	}
	if (status == HP_OK && map->type != HP_MAP)
		status = hp_fail(&err, HP_INVALID, "a message is a map, found %s",
				 hp_type_name(map->type));
	if (status != HP_OK) {
		refuse_early(arrival, who, "", NULL, code_of(status), &err);
		return;
	}
	find_seq(map, arrival);
	struct hp_call call = {.broker = broker, .who = who, .door = arrival->door,
			       .uid = arrival->uid, .peer = arrival->peer, .map = map,
			       .envelope = arrival->envelope, .seq = arrival->seq};
	enum hp_code code = check(&call, arrival, &err);
	if (code != HP_CODE_ok) {
		refuse_early(arrival, who, show_type(broker, map), map, code, &err);
		return;
	}
	struct hp_value *reply =
		new_work[call.type] && broker->disk.low
			? hp_refuse_again(&call, HP_CODE_unavailable,
					  "the broker's disk is nearly full: no new work is taken")
			: handlers[call.type](&call);
	if (reply && !broker->fatal)
		hp_outbox_reply(broker, call.door, call.envelope, true, call.seq, reply);
}

/* The principal behind a connection's key, now; NULL when unknown, revoked or at the wrong door. */
static const struct hp_principal *
identify(const struct arrival *arrival)
{
	uint8_t curve_public[HP_CURVE_BYTES];
	if (!arrival->key || hp_z85_decode(arrival->key, curve_public) != HP_OK)
		return NULL;
	const struct hp_principal *who =
		hp_directory_by_key(arrival->broker->directory, curve_public);
	return who && hp_zap_may_enter(who, arrival->door) ? who : NULL;
}

/* "localhost:UID:GID:PID" of an ipc peer (trust.md, trap 5); -1 otherwise. */
static int64_t
peer_uid(zmq_msg_t *payload)
{
	const char *address = zmq_msg_gets(payload, "Peer-Address");
	return address ? hp_zap_parse_uid(address) : -1;
}

static void
refuse_stranger(struct arrival *arrival, const void *bytes, size_t len)
{
	struct hp_error err = {0};
	const struct hp_value *map = NULL;
	if (hp_msgpack_decode(&arrival->broker->arena, bytes, len, &map, NULL) == HP_OK)
		find_seq(map, arrival);
	hp_fail(&err, HP_REFUSED, "this key is not enrolled for this socket, or was revoked");
	refuse_early(arrival, NULL, "", NULL, HP_CODE_unauthorised, &err);
}

/* Nothing of one message is needed by the next one: a turn takes the memory of its largest. */
static bool
begin(struct hp_broker *broker)
{
	broker->fatal |= broker->arena.failed;
	hp_arena_reset(&broker->arena);
	return !broker->fatal;
}

void
hp_dispatch(struct hp_broker *broker, enum hp_door door, struct hp_frames *frames)
{
	broker->counters.messages++;
	if (frames->dropped || !begin(broker))
		return;
	/* From the payload frame, never the routing id (trust.md, trap 2). */
	struct arrival arrival = {
		.broker = broker,
		.door = door,
		.envelope = &frames->envelope,
		.key = frames->has_payload ? zmq_msg_gets(&frames->payload, "User-Id") : NULL,
	};
	const struct hp_principal *who = identify(&arrival);
	if (!frames->has_payload || frames->bad_protocol) {
		struct hp_error err = {0};
		malformed(&err, "", "a message is \"" HP_PROTOCOL "\" and one map");
		refuse_early(&arrival, who, "", NULL, HP_CODE_malformed, &err);
		return;
	}
	const void *bytes = zmq_msg_data(&frames->payload);
	size_t len = zmq_msg_size(&frames->payload);
	if (!who) {
		refuse_stranger(&arrival, bytes, len);
		return;
	}
	arrival.uid = peer_uid(&frames->payload);
	arrival.peer.fd = zmq_msg_get(&frames->payload, ZMQ_SRCFD);
	hp_zap_saw(broker, who, arrival.uid);
	take(&arrival, who, bytes, len);
}

void
hp_dispatch_again(struct hp_broker *broker, enum hp_door door, struct hp_envelope *envelope,
		  const char *key, int64_t uid, struct hp_peer peer, const struct hp_buf *message)
{
	struct arrival arrival = {
		.broker = broker, .door = door, .envelope = envelope, .key = key, .uid = uid,
		.peer = peer,
	};
	if (!begin(broker))
		return;
	const struct hp_principal *who = identify(&arrival);
	if (who)
		take(&arrival, who, message->data, message->len);
	else
		refuse_stranger(&arrival, message->data, message->len);
}
