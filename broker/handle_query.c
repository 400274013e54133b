/*
 * handle_query - messages that only look: wait, list, show.
 */
#include <string.h>

#include "broker/hide.h"
#include "broker/outbox.h"
#include "broker/park.h"
#include "broker/reply.h"
#include "core/text.h"

static bool
reached(const struct hp_row *row, const char *until)
{
	if (strcmp(until, "decided") == 0)
		return hp_state_is_decided(row->state);
	if (strcmp(until, "done") == 0)
		return hp_state_is_final(row->state);
	return row->stop || hp_state_is_final(row->state);
}

/* What was reported of the command itself, from its leaf, so that who asked gets it back; what came
 * of a rollback is the state's to say. false: the report is not among the last leaves. */
static bool
add_report(struct hp_broker *broker, const struct hp_row *row, size_t leaves_looked_at,
	   struct hp_value *reply)
{
	static const char *const told[] = {"exit_code", "output"};
	struct hp_stored_leaf *leaves = NULL;
	size_t count = 0;
	if (hp_store_leaves_about(broker->store, &broker->arena, row->key, leaves_looked_at,
				  &leaves, &count) != HP_OK)
		return hp_store_failed(broker, "reading a report") != NULL;
	for (size_t i = 0; i < count; i++) {
		const struct hp_value *body = hp_reply_decode(broker, leaves[i].body);
		const struct hp_value *result = hp_map_get(body, "result");
		if (!hp_value_is(result, "succeeded") && !hp_value_is(result, "failed"))
			continue;
		for (size_t j = 0; j < sizeof told / sizeof told[0]; j++)
			if (hp_map_get(body, told[j]))
				hp_map_set(&broker->arena, reply, told[j],
					   hp_reply_lend(&broker->arena,
							 hp_map_get(body, told[j])));
		return true;
	}
	return false;
}

static struct hp_value *
status_and_report(struct hp_broker *broker, const struct hp_row *row)
{
	enum { FEW_LEAVES = 4, MOST_LEAVES = 128 }; /* a rollback's progress may lie behind it */
	struct hp_value *reply = hp_reply_status(broker, row);
	if (reply && *row->claimer && hp_state_is_final(row->state) &&
	    !add_report(broker, row, FEW_LEAVES, reply) && !broker->fatal)
		add_report(broker, row, MOST_LEAVES, reply);
	return broker->fatal ? NULL : reply;
}

struct hp_value *
hp_handle_wait(struct hp_call *call)
{
	struct hp_row row;
	struct hp_value *refusal;
	if (!hp_reply_find(call, &row, &refusal))
		return refusal;
	int64_t left_ms = hp_park_left_ms(call);
	if (left_ms <= 0 || reached(&row, hp_map_get_str(call->map, "until", "decided")))
		return status_and_report(call->broker, &row);
	return hp_park(call, row.id, left_ms) ? NULL : hp_park_refuse(call);
}

/* Fills a filter from the message; false when a word of it is not known. */
static bool
read_filter(const struct hp_call *call, struct hp_filter *filter)
{
	const struct hp_principal *who = call->who;
	const char *state = hp_map_get_str(call->map, "state", NULL);
	*filter = (struct hp_filter){
		.requester = hp_map_get_str(call->map, "requester", NULL),
		.environment = hp_map_get_str(call->map, "environment", NULL),
		.tier = hp_map_get_str(call->map, "tier", NULL),
		.session = hp_map_get_str(call->map, "session", NULL),
		.text = hp_map_get_str(call->map, "text", NULL),
		.after = hp_reply_id(call, "after"),
		.spot_checks = hp_map_get_bool(call->map, "spot_checks", false),
		.limit = (size_t)hp_map_get_int(call->map, "limit", HP_LIMIT_LIST_ITEMS),
	};
	if (!(who->roles & (HP_ROLE_REVIEWER | HP_ROLE_ADMIN | HP_ROLE_AUDITOR))) {
		filter->owner_or_requester = who->name;
		filter->person =
			(who->roles & HP_ROLE_HUMAN) && *who->person ? who->person : NULL;
	}
	filter->has_state = state != NULL;
	return !state || hp_state_parse(state, &filter->state);
}

/* About what a summary takes on the wire; its keys and numbers are under 512 bytes. */
static size_t
summary_bytes(const struct hp_row *row)
{
	return 512 + strlen(row->summary) + strlen(row->resource) + strlen(row->operation) +
	       row->classes.len + row->flags.len;
}

struct hp_value *
hp_handle_list(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	struct hp_filter filter;
	if (!read_filter(call, &filter))
		return hp_refuse(call, HP_CODE_malformed, "state", "no such state \"%s\"",
				 hp_hide_line(broker, hp_map_get_str(call->map, "state", "")));
	size_t limit = filter.limit;
	filter.limit++; /* one more tells whether there is a next page */
	struct hp_row *rows = NULL;
	size_t count = 0;
	enum hp_status status = hp_store_list(broker->store, arena, &filter, &rows, &count);
	if (status == HP_NOT_FOUND)
		return hp_refuse(call, HP_CODE_not_found, "after", "no request \"%s\"",
				 hp_hide_line(broker, filter.after));
	if (status != HP_OK)
		return hp_store_failed(broker, "listing requests");
	struct hp_value *reply = hp_reply_new(broker, "requests");
	struct hp_value *items = hp_value_array(arena);
	size_t shown = 0, bytes = 512; /* the reply's own fields */
	for (; shown < count && shown < limit; shown++) {
		/* A page is one message: it ends early rather than grow past the limit. */
		bytes += summary_bytes(&rows[shown]);
		if (shown && bytes > HP_LIMIT_MESSAGE_BYTES)
			break;
		hp_array_add(arena, items, hp_reply_summary(broker, &rows[shown]));
	}
	hp_map_set(arena, reply, "items", items);
	if (shown < count && shown)
		hp_map_set_str(arena, reply, "next", rows[shown - 1].id);
	hp_map_set(arena, reply, "event_seq", hp_value_uint(arena, broker->event_seq));
	hp_map_set_int(arena, reply, "now_ms", broker->clock.wall_ms);
	return reply;
}

struct hp_value *
hp_handle_show(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	struct hp_row row;
	struct hp_value *refusal;
	if (!hp_reply_find(call, &row, &refusal))
		return refusal;
	struct hp_stored_vote *votes = NULL;
	size_t count = 0;
	if (hp_store_votes(broker->store, arena, row.key, &votes, &count) != HP_OK)
		return hp_store_failed(broker, "reading votes");
	/* The request's own row says what a status says; this adds the bytes and their story. */
	struct hp_value *reply = hp_reply_summary(broker, &row);
	hp_map_set_str(arena, reply, "type", "request");
	if (row.canonical.p)
		hp_map_set_bin(arena, reply, "canonical", row.canonical.p, row.canonical.len);
	hp_map_set(arena, reply, "votes", hp_reply_votes(broker, votes, count));
	hp_map_set(arena, reply, "notes", hp_reply_notes(broker, row.key));
	hp_map_set(arena, reply, "history", hp_reply_history(broker, row.key));
	struct hp_value *checks = hp_reply_spot_checks(broker, row.key);
	if (hp_value_count(checks))
		hp_map_set(arena, reply, "spot_checks", checks);
	if (*row.reason)
		hp_map_set_str(arena, reply, "reason", row.reason);
	if (*row.by)
		hp_map_set_str(arena, reply, "by", row.by);
	hp_map_set_bool(arena, reply, "stop", row.stop);
	hp_map_set_int(arena, reply, "now_ms", broker->clock.wall_ms);
	return reply;
}
