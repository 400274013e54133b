/*
 * handle_stop - halt and resume (EU AI Act Art. 14; lifecycle invariant 7).
 *
 * A halt is one transaction: everything waiting in its scope ends as `halted`, everything running is
 * told to stop. Sessions are keyed (agent, session); a halt of an agent covers all its sessions.
 */
#include <string.h>

#include "broker/hide.h"
#include "broker/log.h"
#include "broker/park.h"
#include "broker/reply.h"
#include "core/text.h"

/* Whether a halt covers this session; the oldest that does. Where that cannot be read the broker ends:
 * then one does. */
static bool
find_halt(struct hp_broker *broker, const char *agent, const char *session,
	  struct hp_stored_halt *ret_halt)
{
	enum hp_status status = hp_store_covering_halt(broker->store, &broker->arena, agent,
						       session ? session : "", ret_halt);
	if (status != HP_OK && status != HP_NOT_FOUND)
		hp_store_failed(broker, "reading halts");
	return status != HP_NOT_FOUND;
}

bool
hp_halted(struct hp_broker *broker, const char *agent, const char *session)
{
	struct hp_stored_halt halt;
	return find_halt(broker, agent, session, &halt);
}

void
hp_halt_measure(struct hp_broker *broker, const struct hp_row *row, const char *name, bool stops,
		struct hp_value *body)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_stored_halt first = {0};
	int64_t running = 0;
	if (!row->stop || !find_halt(broker, row->requester, row->session, &first) ||
	    broker->fatal)
		return;
	hp_map_set_int(arena, body, name, broker->clock.wall_ms - first.at_ms);
	if (!stops)
		return;
	if (hp_store_count_stopping(broker->store, *first.agent ? first.agent : NULL,
				    *first.session ? first.session : NULL, &running) != HP_OK)
		hp_store_failed(broker, "counting what still runs");
	running -= row->state == HP_STATE_EXECUTING;
	hp_map_set_int(arena, body, "stopping", running > 0 ? running : 0);
}

/* What a halt or resume is about. agent and session are "" for all. */
struct scope {
	const char *name, *agent, *session, *reason;
};

/* The message table sees to it that only "all" leaves the agent out, and only "session" has one. */
static struct scope
read_scope(const struct hp_call *call)
{
	return (struct scope){
		.name = hp_map_get_str(call->map, "scope", ""),
		.agent = hp_map_get_str(call->map, "agent", ""),
		.session = hp_map_get_str(call->map, "session", ""),
		.reason = hp_hide_field(call, "reason"),
	};
}

/* Whether there is such an agent, and this caller may stop it: a human without another role only
 * what it owns. NULL: fine. */
static struct hp_value *
refuse_halt(struct hp_call *call, const struct scope *scope)
{
	struct hp_broker *broker = call->broker;
	const struct hp_principal *agent =
		*scope->agent ? hp_directory_by_name(broker->directory, scope->agent) : NULL;
	if (*scope->agent && !agent)
		return hp_refuse(call, HP_CODE_not_found, "agent", "no principal \"%s\"",
				 hp_hide_line(broker, scope->agent));
	if (call->who->roles & (HP_ROLE_REVIEWER | HP_ROLE_ADMIN))
		return NULL;
	if (agent && *call->who->person &&
	    strcmp(hp_principal_owner(agent), call->who->person) == 0)
		return NULL;
	return hp_refuse(call, HP_CODE_unauthorised, "scope",
			 "an owner may halt only agents of its own");
}

static struct hp_value *
scope_value(struct hp_broker *broker, const struct scope *scope, const char *type)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_value *map = type ? hp_reply_new(broker, type) : hp_value_map(arena);
	hp_map_set_str(arena, map, "scope", scope->name);
	if (*scope->agent)
		hp_map_set_str(arena, map, "agent", scope->agent);
	if (*scope->session)
		hp_map_set_str(arena, map, "session", scope->session);
	hp_map_set_str(arena, map, "reason", scope->reason);
	return map;
}

/* What a halt or resume did to the requests of its scope. */
struct outcome {
	int64_t halted, told;
};

typedef void visitor(struct hp_call *call, const struct scope *scope, struct hp_row *row,
		     struct outcome *outcome);

/* Calls `visit` for every active request of the scope. There may be very many, each with its bytes:
 * every one has the turn's memory to itself. */
static struct outcome
for_each(struct hp_call *call, const struct scope *scope, visitor *visit)
{
	struct hp_broker *broker = call->broker;
	struct outcome outcome = {0};
	int64_t *keys = NULL;
	size_t count = 0;
	if (hp_store_in_scope(broker->store, &broker->arena, *scope->agent ? scope->agent : NULL,
			      *scope->session ? scope->session : NULL, &keys, &count) != HP_OK) {
		hp_store_failed(broker, "reading a halt's scope");
		return outcome;
	}
	struct hp_arena message = broker->arena;
	hp_arena_init(&broker->arena);
	for (size_t i = 0; i < count && !broker->fatal; i++) {
		struct hp_row row;
		if (hp_store_get_key(broker->store, &broker->arena, keys[i], &row) == HP_OK)
			visit(call, scope, &row, &outcome);
		else
			hp_store_failed(broker, "reading a request");
		message.failed |= broker->arena.failed;
		hp_arena_reset(&broker->arena);
	}
	hp_arena_release(&broker->arena);
	broker->arena = message;
	return outcome;
}

static void
set_stop(struct hp_broker *broker, const struct hp_row *row, bool stop)
{
	if (hp_store_set_stop(broker->store, row->key, stop) != HP_OK)
		hp_store_failed(broker, "stopping a request");
	hp_park_touch(broker, row->id, false);
}

/* Ends what waits and tells what runs to stop. */
static void
stop_one(struct hp_call *call, const struct scope *scope, struct hp_row *row,
	 struct outcome *outcome)
{
	if (row->state == HP_STATE_PENDING || row->state == HP_STATE_GRANTED) {
		row->due = (struct hp_due){0};
		hp_transition(call->broker, row, HP_EVENT_HALT, call->who->name, scope->reason,
			      NULL);
		outcome->halted++;
	} else {
		set_stop(call->broker, row, true);
		outcome->told++;
	}
}

struct hp_value *
hp_handle_halt(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	struct scope scope = read_scope(call);
	struct hp_value *refusal = refuse_halt(call, &scope);
	if (refusal)
		return refusal;
	struct hp_stored_halt halt = {
		.agent = scope.agent,
		.session = scope.session,
		.by = call->who->name,
		.reason = scope.reason,
		.at_ms = broker->clock.wall_ms,
	};
	/* A scope that is halted already stays so; whatever slipped in since is stopped too. */
	enum hp_status status = hp_store_add_halt(broker->store, &halt);
	if (status != HP_OK && status != HP_CONFLICT)
		return hp_store_failed(broker, "storing a halt");
	struct outcome outcome = for_each(call, &scope, stop_one);
	struct hp_value *body = scope_value(broker, &scope, NULL);
	hp_map_set_int(arena, body, "halted", outcome.halted);
	hp_map_set_int(arena, body, "stopping", outcome.told);
	hp_record(broker, "halt", call->who->name, NULL, body, true);
	HP_LOG("warning", "halt", "scope", scope.name, "agent", scope.agent, "session",
	       scope.session, "by", call->who->name, "reason", scope.reason);
	struct hp_value *reply = scope_value(broker, &scope, "halted");
	hp_map_set_int(arena, reply, "halted", outcome.halted);
	hp_map_set_int(arena, reply, "stopping", outcome.told);
	return broker->fatal ? NULL : reply;
}

/* What runs on and is covered by no other halt may go on (a rollback that waited). */
static void
unstop_one(struct hp_call *call, const struct scope *scope, struct hp_row *row,
	   struct outcome *outcome)
{
	if (!row->stop || hp_halted(call->broker, row->requester, row->session))
		return;
	set_stop(call->broker, row, false);
	outcome->told++;
}

struct hp_value *
hp_handle_resume(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct scope scope = read_scope(call);
	enum hp_status status =
		hp_store_remove_halt(broker->store, scope.agent, scope.session);
	if (status == HP_CONFLICT || status == HP_NOT_FOUND)
		return hp_refuse(call, HP_CODE_conflict, "scope", "this scope is not halted");
	if (status != HP_OK)
		return hp_store_failed(broker, "removing a halt");
	for_each(call, &scope, unstop_one);
	hp_record(broker, "resume", call->who->name, NULL, scope_value(broker, &scope, NULL), true);
	HP_LOG("warning", "resume", "scope", scope.name, "agent", scope.agent, "session",
	       scope.session, "by", call->who->name, "reason", scope.reason);
	return broker->fatal ? NULL : scope_value(broker, &scope, "resumed");
}
