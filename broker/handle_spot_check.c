/*
 * handle_spot_check - people look at a share of what agents were let do without asking.
 *
 * Which requests those are is drawn at submit from their digest (hp_policy_samples()); they bear the
 * flag "spot-check". One look a person, and none by the owner. A finding changes no state: what ran
 * has run; it is in the log, and in the event that somebody may act on.
 */
#include <string.h>

#include "broker/hide.h"
#include "broker/reply.h"
#include "broker/zap.h"

static bool
is_sampled(struct hp_broker *broker, const struct hp_row *row)
{
	const struct hp_value *flags = hp_reply_decode(broker, row->flags);
	for (size_t i = 0; i < hp_value_count(flags); i++)
		if (hp_value_is(hp_array_get(flags, i), HP_FLAG_SPOT_CHECK))
			return true;
	return false;
}

static bool
never_ran(enum hp_state state)
{
	return state == HP_STATE_WITHDRAWN || state == HP_STATE_HALTED ||
	       state == HP_STATE_DENIED || state == HP_STATE_LAPSED;
}

/* Whether it is there to be looked at, and by this person. NULL: it is. */
static struct hp_value *
refuse(struct hp_call *call, const struct hp_row *row)
{
	struct hp_broker *broker = call->broker;
	const struct hp_principal *who = call->who;
	const struct hp_principal *requester =
		hp_directory_by_name(broker->directory, row->requester);
	struct hp_stored_spot_check *checks = NULL;
	size_t count = 0;
	if (!is_sampled(broker, row))
		return hp_refuse(call, HP_CODE_conflict, NULL,
				 "this request is not sampled for a spot check");
	if (row->erased_ms) /* nothing is there to look at, and a note would stay */
		return hp_refuse(call, HP_CODE_final, NULL, "the request was erased");
	if (never_ran(row->state))
		return hp_refuse(call, HP_CODE_conflict, NULL,
				 "the request is %s: it never ran", hp_state_name(row->state));
	if (!broker->config.same_uid_allow && hp_zap_is_agent_uid(broker, call->uid))
		return hp_refuse(call, HP_CODE_not_eligible, NULL,
				 "this connection's user also runs agents: such spot checks do not "
				 "count (same_uid)");
	if (strcmp(who->person, row->owner) == 0 ||
	    (requester && strcmp(who->person, hp_principal_owner(requester)) == 0))
		return hp_refuse(call, HP_CODE_self_approval, NULL,
				 "\"%s\" owns this request: somebody else looks at it",
				 who->person);
	if (hp_store_spot_checks(broker->store, &broker->arena, row->key, &checks, &count) != HP_OK)
		return hp_store_failed(broker, "reading spot checks");
	for (size_t i = 0; i < count; i++)
		if (strcmp(checks[i].person, who->person) == 0)
			return hp_refuse(call, HP_CODE_already_voted, NULL,
					 "\"%s\" has looked at this already", who->person);
	if (count >= HP_LIMIT_SPOT_CHECKS)
		return hp_refuse(call, HP_CODE_queue_full, NULL,
				 "%u persons have looked at this already", HP_LIMIT_SPOT_CHECKS);
	return NULL;
}

struct hp_value *
hp_handle_spot_check(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	struct hp_row row;
	struct hp_value *refusal;
	if (!hp_reply_find(call, &row, &refusal))
		return refusal;
	if ((refusal = refuse(call, &row)) || broker->fatal)
		return refusal;
	const struct hp_stored_spot_check check = {
		.by = call->who->name,
		.person = call->who->person,
		.ok = hp_value_is(hp_map_get(call->map, "finding"), "ok"),
		.note = hp_hide_field(call, "note"),
		.at_ms = broker->clock.wall_ms,
	};
	if (hp_store_add_spot_check(broker->store, row.key, &check) != HP_OK)
		return hp_store_failed(broker, "storing a spot check");
	struct hp_value *body = hp_value_map(arena);
	hp_map_set_str(arena, body, "finding", check.ok ? "ok" : "concern");
	hp_map_set_str(arena, body, "person", check.person);
	if (*check.note)
		hp_map_set_str(arena, body, "note", check.note);
	hp_record(broker, "spot_check", check.by, &row, body, true);
	return broker->fatal ? NULL : hp_reply_status(broker, &row);
}
