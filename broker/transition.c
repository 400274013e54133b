/*
 * transition - how a request moves: the table, the row, the leaf, the event, the waiters; together
 * or not at all, since all of it is in the turn's transaction (lifecycle invariants 3 and 6).
 */
#include <string.h>

#include "broker/log.h"
#include "broker/meters.h"
#include "broker/outbox.h"
#include "broker/park.h"
#include "broker/reply.h"
#include "core/msgpack.h"

void
hp_record_about(struct hp_broker *broker, const char *topic, const char *actor,
		const struct hp_row *row, int64_t about, struct hp_value *body)
{
	if (broker->fatal)
		return;
	struct hp_error err = {0};
	struct hp_audit_entry entry = {
		.event = topic,
		.actor = actor,
		.request = row ? row->id : "",
		.digest = row ? row->digest : NULL,
		.body = body,
		.about = about,
	};
	if (!body || hp_audit_append(broker->audit, &broker->clock, &entry, &err) != HP_OK) {
		HP_LOG("error", "audit-failed", "event", topic, "reason", err.message);
		broker->fatal = true;
	}
}

void
hp_record(struct hp_broker *broker, const char *topic, const char *actor, const struct hp_row *row,
	  struct hp_value *body, bool publish)
{
	struct hp_arena *arena = &broker->arena;
	if (!body)
		body = hp_value_map(arena);
	hp_record_about(broker, topic, actor, row, row ? row->key : HP_STORE_NOTHING, body);
	if (publish && !broker->fatal)
		hp_outbox_event(broker, topic,
				row ? hp_reply_summary(broker, row) : hp_value_copy(arena, body));
}

static void
merge(struct hp_arena *arena, struct hp_value *body, const struct hp_value *detail)
{
	for (size_t i = 0; detail && i < detail->map.count; i++)
		hp_map_setn(arena, body, detail->map.pairs[i].key.p, detail->map.pairs[i].key.len,
			    detail->map.pairs[i].value);
}

enum hp_code
hp_transition(struct hp_broker *broker, struct hp_row *row, enum hp_event event, const char *actor,
	      const char *reason, struct hp_value *detail)
{
	struct hp_arena *arena = &broker->arena;
	enum hp_state from = row->state, to;
	enum hp_status status = hp_lifecycle_step(from, event, &to);
	if (status != HP_OK)
		return status == HP_REFUSED ? HP_CODE_final : HP_CODE_conflict;
	row->state = to;
	if (to != from) {
		row->reason = reason ? reason : "";
		row->by = actor;
	}
	status = hp_store_move(broker->store, row, from, broker->clock.wall_ms);
	if (status == HP_CONFLICT) {
		row->state = from;
		return HP_CODE_conflict;
	}
	if (status != HP_OK) {
		hp_store_failed(broker, "moving a request");
		return HP_CODE_unavailable;
	}
	if (to != from)
		hp_meters_moved(broker, row, from, detail);
	if (to != from) {
		struct hp_value *body = hp_value_map(arena);
		hp_map_set_str(arena, body, "state", hp_state_name(to));
		hp_map_set_str(arena, body, "from", hp_state_name(from));
		hp_map_set_str(arena, body, "cause", hp_event_name(event));
		if (reason && *reason)
			hp_map_set_str(arena, body, "reason", reason);
		merge(arena, body, detail);
		hp_record(broker, hp_arena_printf(arena, "request.%s", hp_state_name(to)), actor,
			  row, body, true);
		hp_park_touch(broker, row->id, to == HP_STATE_GRANTED);
	}
	return HP_CODE_ok;
}
