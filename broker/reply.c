#include "broker/reply.h"

#include <string.h>

#include "broker/hide.h"
#include "core/msgpack.h"
#include "core/text.h"

struct hp_value *
hp_reply_new(struct hp_broker *broker, const char *type)
{
	struct hp_value *reply = hp_value_map(&broker->arena);
	hp_map_set_str(&broker->arena, reply, "type", type);
	return reply;
}

struct hp_value *
hp_reply_nothing(struct hp_broker *broker)
{
	struct hp_value *reply = hp_reply_new(broker, "status");
	hp_map_set_bool(&broker->arena, reply, "stop", false);
	return reply;
}

struct hp_value *
hp_reply_lend(struct hp_arena *arena, const struct hp_value *value)
{
	struct hp_value *node = hp_value_nil(arena);
	if (node && value)
		*node = *value;
	return node;
}

struct hp_value *
hp_reply_decode(struct hp_broker *broker, struct hp_str bytes)
{
	const struct hp_value *value = NULL;
	if (!bytes.p || hp_msgpack_decode(&broker->arena, bytes.p, bytes.len, &value, NULL) != HP_OK)
		return hp_value_nil(&broker->arena);
	return hp_reply_lend(&broker->arena, value);
}

static void
set_text(struct hp_arena *arena, struct hp_value *map, const char *key, const char *text)
{
	if (text && *text)
		hp_map_set_str(arena, map, key, text);
}

/* The first resource as one line of a queue: what is longer is cut, and shows it. */
static const char *
shorten(struct hp_arena *arena, const char *text)
{
	enum { LINE_BYTES = 1024 };
	size_t len = strlen(text);
	if (len <= LINE_BYTES)
		return text;
	len = LINE_BYTES;
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return hp_arena_printf(arena, "%.*s…", (int)len, text);
}

/* The moment that silence becomes a no: for a person (pending) or an enforcement point (granted). */
static void
set_deadline(struct hp_arena *arena, struct hp_value *map, const struct hp_row *row)
{
	if ((row->state == HP_STATE_PENDING || row->state == HP_STATE_GRANTED) && row->due.wall_ms)
		hp_map_set_int(arena, map, "deadline_ms", row->due.wall_ms);
}

/* What was said is gone: who made it go, and when. */
static void
set_erased(struct hp_arena *arena, struct hp_value *map, const struct hp_row *row)
{
	if (!row->erased_ms)
		return;
	hp_map_set_int(arena, map, "erased_ms", row->erased_ms);
	hp_map_set_str(arena, map, "erased_by", row->erased_by);
}

struct hp_value *
hp_reply_summary(struct hp_broker *broker, const struct hp_row *row)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "id", row->id);
	hp_map_set_str(arena, map, "state", hp_state_name(row->state));
	hp_map_set_str(arena, map, "tier", row->tier);
	hp_map_set_str(arena, map, "effect", row->effect);
	hp_map_set_str(arena, map, "environment", row->environment);
	hp_map_set(arena, map, "class", hp_reply_decode(broker, row->classes));
	hp_map_set_str(arena, map, "operation", row->operation);
	set_text(arena, map, "resource", shorten(arena, row->resource));
	hp_map_set_int(arena, map, "resources", row->resource_count);
	hp_map_set_str(arena, map, "requester", row->requester);
	hp_map_set_str(arena, map, "summary", row->summary);
	hp_map_set_int(arena, map, "submitted_ms", row->submitted_ms);
	set_deadline(arena, map, row);
	hp_map_set_int(arena, map, "approvals", row->approvals);
	hp_map_set_int(arena, map, "needed", row->needed);
	hp_map_set(arena, map, "flags", hp_reply_decode(broker, row->flags));
	set_erased(arena, map, row);
	hp_map_set_bin(arena, map, "digest", row->digest, HP_HASH_BYTES);
	return map;
}

struct hp_value *
hp_reply_notes(struct hp_broker *broker, int64_t key)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_stored_note *notes = NULL;
	size_t count = 0;
	if (hp_store_notes(broker->store, arena, key, &notes, &count) != HP_OK)
		return hp_store_failed(broker, "reading notes");
	struct hp_value *list = hp_value_array(arena);
	for (size_t i = 0; i < count; i++) {
		struct hp_value *note = hp_value_map(arena);
		hp_map_set_str(arena, note, "by", notes[i].by);
		hp_map_set_int(arena, note, "at_ms", notes[i].at_ms);
		hp_map_set_str(arena, note, "text", notes[i].text);
		hp_array_add(arena, list, note);
	}
	return list;
}

struct hp_value *
hp_reply_votes(struct hp_broker *broker, const struct hp_stored_vote *votes, size_t count)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_value *list = hp_value_array(arena);
	for (size_t i = 0; i < count; i++) {
		struct hp_value *vote = hp_value_map(arena);
		hp_map_set_str(arena, vote, "by", votes[i].by);
		hp_map_set_str(arena, vote, "person", votes[i].person);
		hp_map_set_str(arena, vote, "decision", votes[i].approve ? "approve" : "deny");
		hp_map_set_int(arena, vote, "at_ms", votes[i].at_ms);
		if (votes[i].body.len) { /* none: erased with its request */
			hp_map_set_bin(arena, vote, "body", votes[i].body.p, votes[i].body.len);
			hp_map_set_bin(arena, vote, "signature", votes[i].signature,
				       HP_SIGNATURE_BYTES);
		}
		hp_map_set_bin(arena, vote, "sign_public", votes[i].sign_public,
			       HP_SIGN_PUBLIC_BYTES);
		hp_array_add(arena, list, vote);
	}
	return list;
}

struct hp_value *
hp_reply_history(struct hp_broker *broker, int64_t key)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_stored_history *history = NULL;
	size_t count = 0;
	if (hp_store_history(broker->store, arena, key, &history, &count) != HP_OK)
		return hp_store_failed(broker, "reading history");
	struct hp_value *list = hp_value_array(arena);
	for (size_t i = 0; i < count; i++) {
		struct hp_value *step = hp_value_map(arena);
		hp_map_set_int(arena, step, "at_ms", history[i].at_ms);
		hp_map_set_str(arena, step, "state", hp_state_name(history[i].state));
		set_text(arena, step, "by", history[i].by);
		set_text(arena, step, "reason", history[i].reason);
		hp_array_add(arena, list, step);
	}
	return list;
}

struct hp_value *
hp_reply_spot_checks(struct hp_broker *broker, int64_t key)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_stored_spot_check *checks = NULL;
	size_t count = 0;
	if (hp_store_spot_checks(broker->store, arena, key, &checks, &count) != HP_OK)
		return hp_store_failed(broker, "reading spot checks");
	struct hp_value *list = hp_value_array(arena);
	for (size_t i = 0; i < count; i++) {
		struct hp_value *check = hp_value_map(arena);
		hp_map_set_str(arena, check, "by", checks[i].by);
		hp_map_set_str(arena, check, "person", checks[i].person);
		hp_map_set_int(arena, check, "at_ms", checks[i].at_ms);
		hp_map_set_str(arena, check, "finding", checks[i].ok ? "ok" : "concern");
		set_text(arena, check, "note", checks[i].note);
		hp_array_add(arena, list, check);
	}
	return list;
}

struct hp_value *
hp_reply_status(struct hp_broker *broker, const struct hp_row *row)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_value *notes = hp_reply_notes(broker, row->key);
	if (!notes)
		return NULL;
	struct hp_value *reply = hp_reply_new(broker, "status");
	hp_map_set_str(arena, reply, "id", row->id);
	hp_map_set_str(arena, reply, "state", hp_state_name(row->state));
	set_text(arena, reply, "reason", row->reason);
	set_text(arena, reply, "by", row->by);
	hp_map_set_int(arena, reply, "approvals", row->approvals);
	hp_map_set_int(arena, reply, "needed", row->needed);
	set_deadline(arena, reply, row);
	if (hp_value_count(notes))
		hp_map_set(arena, reply, "notes", notes);
	hp_map_set_bool(arena, reply, "stop", row->stop);
	set_erased(arena, reply, row);
	return reply;
}

/* What a receipt says in words: the state's meaning for the one who asks, and what spoke first. */
static const char *
receipt_message(struct hp_broker *broker, const struct hp_row *row, const struct hp_value *findings)
{
	static const char *const meaning[HP_STATE_COUNT] = {
		[HP_STATE_BLOCKED] = "blocked; nobody can approve it here",
		[HP_STATE_PENDING] = "held for approval; go on with other work and wait",
		[HP_STATE_GRANTED] = "granted; claim it to run it",
		[HP_STATE_EXECUTING] = "claimed and running",
		[HP_STATE_DENIED] = "denied by a person",
		[HP_STATE_EXPIRED] = "nobody approved it in time, so it is denied",
		[HP_STATE_HALTED] = "stopped by a halt",
		[HP_STATE_LAPSED] = "granted, but not claimed in time",
	};
	const char *text = meaning[row->state] ? meaning[row->state] : hp_state_name(row->state);
	const char *why = row->reason && *row->reason
				  ? row->reason
				  : hp_map_get_str(hp_array_get(findings, 0), "message", NULL);
	if (!why || (row->state != HP_STATE_BLOCKED && row->state != HP_STATE_PENDING &&
		     row->state != HP_STATE_DENIED))
		return text;
	return hp_arena_printf(&broker->arena, "%s: %s", text, why);
}

static struct hp_value *
receipt(struct hp_broker *broker, const struct hp_row *row, struct hp_value *findings)
{
	struct hp_arena *arena = &broker->arena;
	enum hp_effect effect = HP_EFFECT_BLOCK;
	if (!hp_effect_parse(row->effect, &effect))
		effect = HP_EFFECT_BLOCK;
	struct hp_value *reply = hp_reply_new(broker, "receipt");
	hp_map_set_str(arena, reply, "id", row->id);
	hp_map_set_str(arena, reply, "verdict", hp_effect_verdict(effect));
	hp_map_set_str(arena, reply, "effect", row->effect);
	hp_map_set_str(arena, reply, "state", hp_state_name(row->state));
	hp_map_set_str(arena, reply, "tier", row->tier);
	hp_map_set_str(arena, reply, "environment", row->environment);
	hp_map_set(arena, reply, "class", hp_reply_decode(broker, row->classes));
	set_deadline(arena, reply, row);
	hp_map_set_bin(arena, reply, "digest", row->digest, HP_HASH_BYTES);
	hp_map_set_bin(arena, reply, "action_digest", row->action_digest, HP_HASH_BYTES);
	hp_map_set(arena, reply, "findings", findings);
	hp_map_set_str(arena, reply, "message", receipt_message(broker, row, findings));
	return reply;
}

struct hp_value *
hp_reply_first_receipt(struct hp_broker *broker, const struct hp_row *row,
		       const struct hp_verdict *verdict)
{
	return receipt(broker, row,
		       hp_findings_to_value(&broker->arena, verdict->findings,
					    verdict->finding_count));
}

struct hp_value *
hp_reply_receipt(struct hp_broker *broker, const struct hp_row *row)
{
	struct hp_arena *arena = &broker->arena;
	const struct hp_value *canonical = hp_reply_decode(broker, row->canonical);
	const struct hp_value *findings = hp_map_get(canonical, "findings");
	return receipt(broker, row, findings ? hp_reply_lend(arena, findings)
					     : hp_value_array(arena));
}

bool
hp_reply_is_requester(const struct hp_principal *who, const struct hp_row *row)
{
	return strcmp(who->name, row->requester) == 0 ||
	       (*row->via && strcmp(who->name, row->via) == 0);
}

/* Who may know that a request exists (protocol.md: "another's id too" is not_found). */
static bool
may_see(const struct hp_call *call, const struct hp_row *row)
{
	const struct hp_principal *who = call->who;
	if (who->roles & (HP_ROLE_REVIEWER | HP_ROLE_ADMIN | HP_ROLE_AUDITOR))
		return true;
	if (hp_reply_is_requester(who, row))
		return true;
	if ((who->roles & HP_ROLE_HUMAN) && *who->person && strcmp(who->person, row->owner) == 0)
		return true;
	if (!(who->roles & HP_ROLE_EXECUTOR))
		return false;
	/* Its executor: who claimed it; or, but for what it says, who could. */
	if (*row->claimer)
		return strcmp(who->name, row->claimer) == 0;
	return call->type != HP_MSG_show && *row->audience && strcmp(who->audience, row->audience) == 0 &&
	       who->environment_count == 1 &&
	       strcmp(who->environments[0], row->environment) == 0;
}

const char *
hp_reply_id(const struct hp_call *call, const char *field)
{
	char *id = hp_arena_strdup(&call->broker->arena, hp_map_get_str(call->map, field, NULL));
	for (char *c = id; c && *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	return id;
}

bool
hp_reply_find(struct hp_call *call, struct hp_row *ret_row, struct hp_value **ret_refusal)
{
	struct hp_broker *broker = call->broker;
	const char *id = hp_reply_id(call, "id");
	enum hp_status status = hp_store_get(broker->store, &broker->arena, id ? id : "", ret_row);
	*ret_refusal = NULL;
	if (status != HP_OK && status != HP_NOT_FOUND) {
		hp_store_failed(broker, "reading a request");
		return false;
	}
	if (status == HP_OK && may_see(call, ret_row)) {
		hp_timer_run_one(broker, ret_row);
		return !broker->fatal;
	}
	*ret_refusal = hp_refuse(call, HP_CODE_not_found, "id", "no request \"%s\"",
				 hp_hide_line(broker, id ? id : ""));
	return false;
}
