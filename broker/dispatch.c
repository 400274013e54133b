#include "broker/dispatch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/log.h"
#include "broker/outbox.h"
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
	[HP_MSG_audit] = hp_handle_audit,
	[HP_MSG_checkpoint] = hp_handle_checkpoint,
	[HP_MSG_proof] = hp_handle_proof,
	[HP_MSG_reload] = hp_handle_reload,
	[HP_MSG_stats] = hp_handle_stats,
	[HP_MSG_ping] = hp_handle_ping,
};

/* What the wire says of a parser's status. */
static enum hp_code
code_of(enum hp_status status)
{
	return status == HP_TOO_LARGE ? HP_CODE_too_large : HP_CODE_malformed;
}

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

/* Every refusal has its leaf (lifecycle invariant 6). */
static void
record_refusal(struct hp_broker *broker, const char *actor, const char *type, const char *request,
	       enum hp_code code, const char *field, const char *message)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_value *body = hp_value_map(arena);
	hp_map_set_str(arena, body, "code", hp_code_name(code));
	hp_map_set_str(arena, body, "type", type);
	hp_map_set_str(arena, body, "message", message);
	if (field && *field)
		hp_map_set_str(arena, body, "field", field);
	if (request && *request)
		hp_map_set_str(arena, body, "request", request);
	broker->counters.refusals++;
	hp_record(broker, "refused", actor, NULL, body, false);
}

struct hp_value *
hp_refuse(struct hp_call *call, enum hp_code code, const char *field, const char *format, ...)
{
	char message[512];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	const char *id = hp_map_get_str(call->map, "id", "");
	record_refusal(call->broker, call->who->name, hp_message_name(call->type),
		       hp_text_safe(&call->broker->arena, id, 0), code, field, message);
	return error_reply(&call->broker->arena, code, field, message);
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

/* Refuses before there is a call: nobody, or nothing decodable. */
static void
refuse_early(struct hp_broker *broker, enum hp_door door, struct hp_envelope *envelope,
	     const char *actor, bool has_seq, uint64_t seq, const char *type, enum hp_code code,
	     const struct hp_error *err)
{
	record_refusal(broker, actor, type, NULL, code, err->field, err->message);
	hp_outbox_reply(broker, door, envelope, has_seq, seq,
			error_reply(&broker->arena, code, err->field, err->message));
}

/* `seq` of a map, however wrong the rest is. */
static bool
find_seq(const struct hp_value *map, uint64_t *ret_seq)
{
	const struct hp_value *seq = hp_map_get(map, "seq");
	if (!seq || (seq->type != HP_INT && seq->type != HP_UINT) ||
	    (seq->type == HP_INT && seq->integer < 0))
		return false;
	*ret_seq = seq->type == HP_UINT ? seq->natural : (uint64_t)seq->integer;
	return true;
}

static void
answer(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_value *reply = handlers[call->type](call);
	if (reply && !broker->fatal)
		hp_outbox_reply(broker, call->door, call->envelope, true, call->seq, reply);
}

/* Decode, type, role, fields; then the handler. */
static void
take(struct hp_broker *broker, enum hp_door door, struct hp_envelope *envelope,
     const struct hp_principal *who, int64_t uid, const void *bytes, size_t len)
{
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
		refuse_early(broker, door, envelope, who->name, false, 0, "", code_of(status),
			     &err);
		return;
	}
	struct hp_call call = {.broker = broker, .who = who, .door = door, .uid = uid,
			       .map = map, .envelope = envelope};
	bool has_seq = find_seq(map, &call.seq);
	const char *type = hp_map_get_str(map, "type", NULL);
	const char *shown = type ? hp_text_safe(&broker->arena, type, 0) : "";
	enum hp_code code = HP_CODE_ok;
	if (!has_seq) {
		strcpy(err.field, "seq");
		hp_fail(&err, HP_INVALID, "\"seq\" must be a non-negative integer");
		code = HP_CODE_malformed;
	} else if (!type) {
		strcpy(err.field, "type");
		hp_fail(&err, HP_INVALID, "\"type\" must be a string");
		code = HP_CODE_malformed;
	} else if (hp_message_parse(type, &call.type) != HP_OK) {
		strcpy(err.field, "type");
		hp_fail(&err, HP_INVALID, "unknown message type \"%s\"", shown);
		code = HP_CODE_unsupported;
	} else if (!(hp_message_roles(call.type) & who->roles) ||
		   (hp_message_control_only(call.type) && door != HP_DOOR_CONTROL)) {
		hp_fail(&err, HP_REFUSED, "\"%s\" may not send \"%s\" here", who->name, type);
		code = HP_CODE_unauthorised;
	} else if ((status = hp_message_check(call.type, map, &err)) != HP_OK) {
		code = code_of(status);
	}
	if (code != HP_CODE_ok)
		refuse_early(broker, door, envelope, who->name, has_seq, call.seq, shown, code,
			     &err);
	else
		answer(&call);
}

/* The principal behind a connection's key, now; NULL when unknown, revoked or at the wrong door. */
static const struct hp_principal *
identify(struct hp_broker *broker, enum hp_door door, const char *key)
{
	uint8_t curve_public[HP_CURVE_BYTES];
	if (!key || hp_z85_decode(key, curve_public) != HP_OK)
		return NULL;
	const struct hp_principal *who = hp_directory_by_key(broker->directory, curve_public);
	return who && hp_zap_may_enter(who, door) ? who : NULL;
}

/* "localhost:UID:GID:PID" of an ipc peer (trust.md, trap 5); -1 otherwise. */
static int64_t
peer_uid(zmq_msg_t *payload)
{
	const char *address = zmq_msg_gets(payload, "Peer-Address");
	return address ? hp_zap_parse_uid(address) : -1;
}

void
hp_dispatch(struct hp_broker *broker, enum hp_door door, struct hp_frames *frames)
{
	broker->counters.messages++;
	if (frames->dropped)
		return;
	/* From the payload frame, never the routing id (trust.md, trap 2). */
	const char *key = frames->has_payload ? zmq_msg_gets(&frames->payload, "User-Id") : NULL;
	struct hp_error err = {0};
	const struct hp_principal *who = identify(broker, door, key);
	if (!frames->has_payload || frames->bad_protocol) {
		hp_fail(&err, HP_INVALID, "a message is \"" HP_PROTOCOL "\" and one map");
		refuse_early(broker, door, &frames->envelope, who ? who->name : "unknown", false, 0,
			     "", HP_CODE_malformed, &err);
		return;
	}
	if (!who) {
		const struct hp_value *map = NULL;
		uint64_t seq = 0;
		bool has_seq = hp_msgpack_decode(&broker->arena, zmq_msg_data(&frames->payload),
						 zmq_msg_size(&frames->payload), &map,
						 NULL) == HP_OK &&
			       find_seq(map, &seq);
		hp_fail(&err, HP_REFUSED, "this key is not enrolled for this socket, or was revoked");
		refuse_early(broker, door, &frames->envelope, "unknown", has_seq, seq, "",
			     HP_CODE_unauthorised, &err);
		return;
	}
	int64_t uid = peer_uid(&frames->payload);
	hp_zap_saw(broker->zap, who, uid);
	take(broker, door, &frames->envelope, who, uid, zmq_msg_data(&frames->payload),
	     zmq_msg_size(&frames->payload));
}

void
hp_dispatch_again(struct hp_broker *broker, enum hp_door door, struct hp_envelope *envelope,
		  const char *key, int64_t uid, uint64_t seq, const struct hp_buf *message)
{
	const struct hp_principal *who = identify(broker, door, key);
	if (who) {
		take(broker, door, envelope, who, uid, message->data, message->len);
		return;
	}
	struct hp_error err = {0};
	hp_fail(&err, HP_REFUSED, "this key was revoked");
	refuse_early(broker, door, envelope, "unknown", true, seq, "", HP_CODE_unauthorised, &err);
}
