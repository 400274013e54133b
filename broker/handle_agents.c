/*
 * handle_agents - who asks here, how often, and with what luck: the console's view of the agents.
 *
 * Bounded work a message: a page of agents, the newest requests of each, its meters. Counts are of
 * the last 24 hours and of no more requests than that.
 */
#include <string.h>

#include "broker/meters.h"
#include "broker/reply.h"

enum { DAY_MS = 24 * 3600 * 1000, NEWEST = 200 };

/* The flags that layer 3's anomalies leave on a request (core/gateway_anomaly.c). */
static const char *const anomalies[] = {"first-time", "asked-again", "busy"};

static bool
is_anomaly(const struct hp_value *flag)
{
	for (size_t i = 0; i < sizeof anomalies / sizeof anomalies[0]; i++)
		if (hp_value_is(flag, anomalies[i]))
			return true;
	return false;
}

struct counts {
	int64_t asked, approved, denied, expired, blocked, anomalies, last_ms;
};

static void
count_one(struct hp_broker *broker, const struct hp_stored_brief *brief, struct counts *counts)
{
	const struct hp_value *flags = hp_reply_decode(broker, brief->flags);
	counts->asked++;
	counts->approved += brief->approved;
	counts->denied += brief->state == HP_STATE_DENIED;
	counts->expired += brief->state == HP_STATE_EXPIRED;
	counts->blocked += brief->state == HP_STATE_BLOCKED;
	for (size_t i = 0; i < hp_value_count(flags); i++)
		if (is_anomaly(hp_array_get(flags, i))) {
			counts->anomalies++;
			break;
		}
}

static void
add_counts(struct hp_broker *broker, const char *agent, struct hp_value *item)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_stored_brief *briefs = NULL;
	struct counts counts = {0};
	size_t count = 0;
	int64_t pending = 0;
	if (hp_store_newest(broker->store, arena, agent, NEWEST, &briefs, &count) != HP_OK ||
	    hp_store_count_pending(broker->store, agent, INT32_MAX, &pending) != HP_OK) {
		hp_store_failed(broker, "counting an agent's requests");
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (briefs[i].submitted_ms > broker->clock.wall_ms - DAY_MS)
			count_one(broker, &briefs[i], &counts);
	hp_map_set_int(arena, item, "pending", pending);
	hp_map_set_int(arena, item, "asked", counts.asked);
	hp_map_set_int(arena, item, "approved", counts.approved);
	hp_map_set_int(arena, item, "denied", counts.denied);
	hp_map_set_int(arena, item, "expired", counts.expired);
	hp_map_set_int(arena, item, "blocked", counts.blocked);
	hp_map_set_int(arena, item, "anomalies", counts.anomalies);
	if (count)
		hp_map_set_int(arena, item, "last_ms", briefs[0].submitted_ms);
}

/* Meters that cannot be read are left out: nil means that nobody knows. */
static void
add_meters(struct hp_broker *broker, const struct hp_principal *agent, struct hp_value *item)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_value *rates = hp_value_array(arena), *spend = hp_value_array(arena);
	struct hp_gateway_report report;
	if (hp_meters_look(broker, agent, &report) != HP_OK)
		return;
	for (size_t i = 0; i < report.rate_count; i++) {
		struct hp_value *rate = hp_value_map(arena);
		hp_map_set_str(arena, rate, "rule", report.rates[i].rule);
		if (*report.rates[i].environment)
			hp_map_set_str(arena, rate, "environment", report.rates[i].environment);
		hp_map_set_int(arena, rate, "left", report.rates[i].left);
		hp_map_set_int(arena, rate, "burst", report.rates[i].burst);
		hp_map_set_int(arena, rate, "per_minute", report.rates[i].per_minute);
		hp_array_add(arena, rates, rate);
	}
	for (size_t i = 0; i < report.spend_count; i++) {
		struct hp_value *one = hp_value_map(arena);
		hp_map_set_str(arena, one, "rule", report.spends[i].rule);
		hp_map_set_int(arena, one, "window_ms", report.spends[i].window_ms);
		hp_map_set_int(arena, one, "spent_micros", report.spends[i].spent_micros);
		hp_map_set_int(arena, one, "cap_micros", report.spends[i].cap_micros);
		hp_array_add(arena, spend, one);
	}
	hp_map_set(arena, item, "rates", rates);
	hp_map_set(arena, item, "spend", spend);
}

static struct hp_value *
item_of(struct hp_broker *broker, const struct hp_principal *agent)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_value *item = hp_value_map(arena);
	hp_map_set_str(arena, item, "name", agent->name);
	hp_map_set_str(arena, item, "mode", hp_mode_name(agent->mode));
	if (*agent->owner)
		hp_map_set_str(arena, item, "owner", agent->owner);
	hp_map_set_bool(arena, item, "halted", hp_halted(broker, agent->name, ""));
	add_counts(broker, agent->name, item);
	add_meters(broker, agent, item);
	return item;
}

/* A human without another role sees the agents that its person owns. */
static bool
sees(const struct hp_principal *who, const struct hp_principal *agent)
{
	if (who->roles & (HP_ROLE_REVIEWER | HP_ROLE_ADMIN | HP_ROLE_AUDITOR))
		return true;
	return *who->person && strcmp(hp_principal_owner(agent), who->person) == 0;
}

static struct hp_value *
halts_for(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	struct hp_value *list = hp_value_array(arena);
	struct hp_stored_halt *halts = NULL;
	size_t count = 0;
	if (hp_store_halts(broker->store, arena, &halts, &count) != HP_OK) {
		hp_store_failed(broker, "reading halts");
		return list;
	}
	for (size_t i = 0; i < count && i < HP_LIMIT_LIST_ITEMS; i++) {
		const struct hp_principal *agent =
			*halts[i].agent ? hp_directory_by_name(broker->directory, halts[i].agent)
					: NULL;
		struct hp_value *halt = hp_value_map(arena);
		if (*halts[i].agent && !(agent && sees(call->who, agent)))
			continue;
		if (*halts[i].agent)
			hp_map_set_str(arena, halt, "agent", halts[i].agent);
		if (*halts[i].session)
			hp_map_set_str(arena, halt, "session", halts[i].session);
		hp_map_set_str(arena, halt, "by", halts[i].by);
		hp_map_set_int(arena, halt, "at_ms", halts[i].at_ms);
		hp_array_add(arena, list, halt);
	}
	return list;
}

struct hp_value *
hp_handle_agents(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	const char *after = hp_map_get_str(call->map, "after", "");
	size_t limit = (size_t)hp_map_get_int(call->map, "limit", HP_LIMIT_AGENT_ITEMS);
	struct hp_value *reply = hp_reply_new(broker, "agents"), *items = hp_value_array(arena);
	const char *last = NULL;
	size_t given = 0;
	for (size_t i = 0; i < hp_directory_count(broker->directory) && !broker->fatal; i++) {
		const struct hp_principal *agent = hp_directory_at(broker->directory, i);
		if (!(agent->roles & HP_ROLE_AGENT) || agent->revoked ||
		    strcmp(agent->name, after) <= 0 || !sees(call->who, agent))
			continue;
		if (given == limit) {
			hp_map_set_str(arena, reply, "next", last);
			break;
		}
		hp_array_add(arena, items, item_of(broker, agent));
		last = agent->name;
		given++;
	}
	hp_map_set(arena, reply, "items", items);
	hp_map_set(arena, reply, "halts", halts_for(call));
	hp_map_set_int(arena, reply, "now_ms", broker->clock.wall_ms);
	return broker->fatal ? NULL : reply;
}
