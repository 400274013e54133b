#include "broker/meters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/dispatch.h"
#include "broker/log.h"
#include "broker/outbox.h"
#include "broker/reply.h"
#include "core/units.h"

/* ---- the store as a source of meters ---- */

struct keeper {
	struct hp_broker *broker;
	const char *agent;
};

static enum hp_status
read_meter(void *context, const char *name, struct hp_str *ret_state)
{
	struct keeper *keeper = context;
	return hp_store_get_meter(keeper->broker->store, &keeper->broker->arena, keeper->agent,
				  name, ret_state);
}

static enum hp_status
count_meters(void *context, const char *prefix, int64_t *ret_count)
{
	struct keeper *keeper = context;
	return hp_store_count_meters(keeper->broker->store, keeper->agent, prefix, ret_count);
}

static enum hp_status
count_pending(void *context, int64_t most, int64_t *ret_count)
{
	struct keeper *keeper = context;
	return hp_store_count_pending(keeper->broker->store, keeper->agent, most, ret_count);
}

static enum hp_status
last_denied(void *context, const uint8_t deed[HP_HASH_BYTES], int64_t *ret_at_ms)
{
	struct keeper *keeper = context;
	return hp_store_last_denied(keeper->broker->store, keeper->agent, deed, ret_at_ms);
}

static enum hp_status
read_spent(void *context, int64_t from_ms, int64_t slice_ms, struct hp_spent **ret_spent,
	   size_t *ret_count)
{
	struct keeper *keeper = context;
	struct hp_arena *arena = &keeper->broker->arena;
	struct hp_stored_cost *costs = NULL;
	size_t count = 0;
	enum hp_status status = hp_store_costs(keeper->broker->store, arena, keeper->agent, from_ms,
					       slice_ms, &costs, &count);
	if (status != HP_OK)
		return status;
	struct hp_spent *spent = hp_arena_array(arena, count + 1, sizeof *spent);
	for (size_t i = 0; spent && i < count; i++)
		spent[i] = (struct hp_spent){costs[i].at_ms, costs[i].cost_micros, costs[i].asked};
	*ret_spent = spent;
	*ret_count = count;
	return spent ? HP_OK : HP_NOMEM;
}

static struct hp_gateway_source
source_of(struct keeper *keeper)
{
	return (struct hp_gateway_source){
		.context = keeper,
		.read = read_meter,
		.count = count_meters,
		.pending = count_pending,
		.denied = last_denied,
		.spent = read_spent,
	};
}

static struct hp_gateway_asked
asked_of(struct hp_broker *broker, const struct hp_principal *requester,
	 const struct hp_gateway_source *source)
{
	return (struct hp_gateway_asked){
		.policy = broker->policy,
		.arena = &broker->arena,
		.requester = requester,
		.source = source,
		.now_ms = broker->clock.wall_ms,
	};
}

/* Fatal where the store or the memory is to blame; true: only this request is refused. */
static bool
survives(struct hp_broker *broker, enum hp_status status)
{
	if (status == HP_IO)
		hp_store_failed(broker, "reading meters");
	if (status == HP_NOMEM || broker->arena.failed)
		broker->fatal = true;
	return !broker->fatal;
}

/* ---- submit ---- */

bool
hp_meters_judge(struct hp_call *call, const struct hp_principal *requester,
		const struct hp_request *request, size_t bytes, struct hp_verdict *verdict,
		struct hp_gateway_result *ret_result, struct hp_value **ret_refusal)
{
	struct hp_broker *broker = call->broker;
	struct keeper keeper = {broker, requester->name};
	const struct hp_gateway_source source = source_of(&keeper);
	const struct hp_gateway_asked asked = asked_of(broker, requester, &source);
	struct hp_error err = {0};
	*ret_refusal = NULL;
	/* What meters remember of a request is what may be shown of it. */
	enum hp_status status = hp_gateway_submit(&asked, verdict->shown, (int64_t)bytes,
						  verdict, ret_result, &err);
	if (status != HP_OK) {
		if (survives(broker, status)) {
			HP_LOG("error", "meters-failed", "request", request->id, "reason",
			       err.message);
			*ret_refusal = hp_meters_refuse(call, HP_CODE_unavailable, err.message);
		}
		return false;
	}
	if (ret_result->answer == HP_GATEWAY_PASS)
		return true;
	*ret_refusal = hp_meters_refuse(call,
					ret_result->answer == HP_GATEWAY_BYTES
						? HP_CODE_rate_limited
						: HP_CODE_queue_full,
					ret_result->why);
	return false;
}

void
hp_meters_write(struct hp_broker *broker, const char *agent,
		const struct hp_gateway_change *changes)
{
	for (const struct hp_gateway_change *change = changes; change; change = change->next)
		if (hp_store_put_meter(broker->store, agent, change->name, change->state) !=
		    HP_OK) {
			hp_store_failed(broker, "writing a meter");
			return;
		}
}

/* An event and a leaf in plain words, for whoever watches. */
static void
tell_anomalies(struct hp_broker *broker, const struct hp_row *row,
	       const struct hp_gateway_result *result)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_value *body = hp_value_map(arena);
	const char *message = "";
	for (size_t i = 0; i < result->anomaly_count; i++)
		message = hp_arena_printf(arena, "%s%s%s", message ? message : "", i ? "; " : "",
					  result->anomalies[i]);
	hp_map_set_str(arena, body, "message", message);
	hp_record(broker, "anomaly", row->requester, row, body, false);
	if (broker->fatal)
		return;
	struct hp_value *event = hp_reply_summary(broker, row);
	hp_map_set_str(arena, event, "message", message);
	hp_outbox_event(broker, "anomaly", event);
}

void
hp_meters_charge(struct hp_broker *broker, const struct hp_row *row,
		 const struct hp_gateway_result *result)
{
	if (!result->metered || broker->fatal)
		return;
	struct hp_metered metered = {
		.agent = row->requester,
		.at_ms = result->at_ms,
		.cost_micros = result->cost_micros,
		.asked = result->asked,
		.chain_resources = result->chain_resources,
		.chain_micros = result->chain_micros,
	};
	memcpy(metered.deed, result->deed, sizeof metered.deed);
	if (hp_store_add_metered(broker->store, row->key, &metered) != HP_OK) {
		hp_store_failed(broker, "writing what a request costs");
		return;
	}
	hp_meters_write(broker, row->requester, result->changes);
	if (result->anomaly_count && !broker->fatal)
		tell_anomalies(broker, row, result);
}

/* ---- claim ---- */

static const char *const *
names_of(struct hp_broker *broker, struct hp_str list, size_t *ret_count)
{
	const struct hp_value *value = hp_reply_decode(broker, list);
	size_t count = hp_value_count(value);
	const char **names = hp_arena_array(&broker->arena, count + 1, sizeof *names);
	for (size_t i = 0; names && i < count; i++)
		names[i] = hp_array_get(value, i)->str.p;
	*ret_count = names ? count : 0;
	return names;
}

enum hp_code
hp_meters_may_claim(struct hp_broker *broker, const struct hp_principal *requester,
		    const struct hp_row *row, struct hp_gateway_change **ret_changes,
		    const char **ret_why)
{
	struct keeper keeper = {broker, row->requester};
	const struct hp_gateway_source source = source_of(&keeper);
	const struct hp_gateway_asked asked = asked_of(broker, requester, &source);
	struct hp_gateway_grant grant = {.environment = row->environment, .asked = row->needed > 0};
	struct hp_metered metered;
	struct hp_error err = {0};
	enum hp_status status =
		hp_store_get_metered(broker->store, &broker->arena, row->key, &metered);
	if (status == HP_OK) {
		grant.cost_micros = metered.cost_micros;
		grant.asked = metered.asked;
	} else if (status != HP_NOT_FOUND) {
		hp_store_failed(broker, "reading what a request costs");
		return HP_CODE_unavailable;
	}
	grant.classes = names_of(broker, row->classes, &grant.class_count);
	*ret_changes = NULL;
	status = hp_gateway_claim(&asked, &grant, ret_changes, ret_why, &err);
	if (status == HP_OK)
		return HP_CODE_ok;
	if (status == HP_REFUSED)
		return HP_CODE_rate_limited;
	(void)survives(broker, status);
	HP_LOG("error", "meters-failed", "request", row->id, "reason", err.message);
	*ret_why = "its meters cannot be read";
	return HP_CODE_unavailable;
}

bool
hp_meters_keep_words(struct hp_broker *broker, const struct hp_row *row, size_t bytes)
{
	const struct hp_principal *requester =
		hp_directory_by_name(broker->directory, row->requester);
	struct keeper keeper = {broker, row->requester};
	const struct hp_gateway_source source = source_of(&keeper);
	const struct hp_gateway_asked asked = asked_of(broker, requester, &source);
	struct hp_gateway_change *changes = NULL;
	struct hp_error err = {0};
	if (!requester) /* gone from the directory, and so is its meter's limit */
		return true;
	enum hp_status status = hp_gateway_words(&asked, (int64_t)bytes, &changes, &err);
	if (status == HP_OK) {
		hp_meters_write(broker, row->requester, changes);
	} else if (status != HP_REFUSED && survives(broker, status)) {
		HP_LOG("error", "meters-failed", "request", row->id, "reason", err.message);
	}
	return status == HP_OK;
}

enum hp_status
hp_meters_look(struct hp_broker *broker, const struct hp_principal *agent,
	       struct hp_gateway_report *ret_report)
{
	struct keeper keeper = {broker, agent->name};
	const struct hp_gateway_source source = source_of(&keeper);
	const struct hp_gateway_asked asked = asked_of(broker, agent, &source);
	struct hp_error err = {0};
	enum hp_status status = hp_gateway_look(&asked, ret_report, &err);
	if (status != HP_OK)
		(void)survives(broker, status);
	return status;
}

/* ---- what it did cost ---- */

/* States that end a request which never ran. */
static bool
never_ran(enum hp_state from, enum hp_state to)
{
	return (from == HP_STATE_PENDING || from == HP_STATE_GRANTED) && hp_state_is_final(to) &&
	       to != HP_STATE_RELEASED;
}

/*
 * The cost that is to stand, from what was reserved. Who asked for the action and ran it itself
 * cannot talk its cost down; and a report on the rollback never lowers the one on the action.
 */
static int64_t
cost_after(const struct hp_row *row, enum hp_state from, const struct hp_value *detail,
	   int64_t reserved)
{
	int64_t reported;
	const struct hp_value *said = hp_map_get(detail, "cost_usd");
	if (never_ran(from, row->state))
		return 0;
	if (!said || hp_units_usd_micros(said, &reported, NULL) != HP_OK)
		return reserved;
	bool may_lower =
		from == HP_STATE_EXECUTING && strcmp(row->claimer, row->requester) != 0;
	return may_lower || reported > reserved ? reported : reserved;
}

/* What never ran is no link of a chain. */
static void
leave_chains(struct hp_broker *broker, const struct hp_row *row, const struct hp_metered *metered)
{
	struct keeper keeper = {broker, metered->agent};
	const struct hp_gateway_source source = source_of(&keeper);
	const struct hp_gateway_asked asked = asked_of(broker, NULL, &source);
	struct hp_gateway_link link = {
		.environment = row->environment,
		.at_ms = metered->at_ms,
		.resources = metered->chain_resources,
		.cost_micros = metered->chain_micros,
	};
	struct hp_gateway_change *changes = NULL;
	struct hp_error err = {0};
	link.classes = names_of(broker, row->classes, &link.class_count);
	enum hp_status status = hp_gateway_unlink(&asked, &link, &changes, &err);
	if (status == HP_OK)
		hp_meters_write(broker, metered->agent, changes);
	else if (survives(broker, status))
		HP_LOG("error", "meters-failed", "request", row->id, "reason", err.message);
}

static void
settle(struct hp_broker *broker, const struct hp_row *row, const struct hp_metered *metered,
       int64_t cost_micros)
{
	struct keeper keeper = {broker, metered->agent};
	const struct hp_gateway_source source = source_of(&keeper);
	const struct hp_gateway_asked asked = asked_of(broker, NULL, &source);
	const struct hp_spent was = {metered->at_ms, metered->cost_micros, metered->asked};
	struct hp_gateway_change *changes = NULL;
	struct hp_error err = {0};
	enum hp_status status = hp_gateway_settle(&asked, &was, cost_micros, &changes, &err);
	if (status != HP_OK) { /* the reservation stands */
		if (survives(broker, status))
			HP_LOG("error", "meters-failed", "request", row->id, "reason", err.message);
		return;
	}
	hp_meters_write(broker, metered->agent, changes);
	if (!broker->fatal &&
	    hp_store_settle_metered(broker->store, row->key, cost_micros) != HP_OK)
		hp_store_failed(broker, "writing what a request cost");
}

void
hp_meters_moved(struct hp_broker *broker, const struct hp_row *row, enum hp_state from,
		const struct hp_value *detail)
{
	struct hp_metered metered;
	if (broker->fatal ||
	    (!never_ran(from, row->state) && !hp_map_get(detail, "cost_usd")))
		return;
	enum hp_status status =
		hp_store_get_metered(broker->store, &broker->arena, row->key, &metered);
	if (status == HP_NOT_FOUND)
		return;
	if (status != HP_OK) {
		hp_store_failed(broker, "reading what a request costs");
		return;
	}
	int64_t cost_micros = cost_after(row, from, detail, metered.cost_micros);
	if (cost_micros != metered.cost_micros)
		settle(broker, row, &metered, cost_micros);
	if (never_ran(from, row->state) && !broker->fatal)
		leave_chains(broker, row, &metered);
	if (row->state == HP_STATE_DENIED && !broker->fatal &&
	    hp_store_deny_metered(broker->store, row->key, broker->clock.wall_ms) != HP_OK)
		hp_store_failed(broker, "writing a denial");
}

/* ---- refusals ---- */

enum { COALESCED = 64 }; /* principals refused in one second that are told apart */

struct hp_meters {
	struct refused {
		char name[HP_LIMIT_NAME_BYTES + 1]; /* "": free */
		int64_t second;
		int64_t more; /* after the first one */
		enum hp_code code;
		enum hp_message type;
	} refused[COALESCED];
};

struct hp_meters *
hp_meters_new(void)
{
	return calloc(1, sizeof(struct hp_meters));
}

void
hp_meters_free(struct hp_meters *meters)
{
	free(meters);
}

static void
flush(struct hp_broker *broker, struct refused *refused)
{
	struct hp_arena *arena = &broker->arena;
	if (refused->more) {
		struct hp_value *body = hp_value_map(arena);
		hp_map_set_str(arena, body, "code", hp_code_name(refused->code));
		hp_map_set_str(arena, body, "type", hp_message_name(refused->type));
		hp_map_set_str(arena, body, "message", "refused again in the same second");
		hp_map_set_int(arena, body, "count", refused->more);
		hp_record(broker, "refused", refused->name, NULL, body, false);
	}
	*refused = (struct refused){0};
}

void
hp_meters_flush(struct hp_broker *broker)
{
	int64_t second = broker->clock.wall_ms / 1000;
	for (size_t i = 0; broker->meters && i < COALESCED; i++) {
		struct refused *refused = &broker->meters->refused[i];
		if (*refused->name && refused->second != second)
			flush(broker, refused);
	}
}

/* Whether this refusal needs no leaf of its own. */
static bool
coalesce(struct hp_call *call, enum hp_code code)
{
	struct refused *free_one = NULL;
	struct hp_broker *broker = call->broker;
	int64_t second = broker->clock.wall_ms / 1000;
	hp_meters_flush(broker);
	for (size_t i = 0; broker->meters && i < COALESCED; i++) {
		struct refused *refused = &broker->meters->refused[i];
		if (strcmp(refused->name, call->who->name) == 0) {
			refused->more++;
			return true;
		}
		if (!*refused->name && !free_one)
			free_one = refused;
	}
	if (free_one) {
		*free_one = (struct refused){.second = second, .code = code, .type = call->type};
		snprintf(free_one->name, sizeof free_one->name, "%s", call->who->name);
	}
	return false;
}

struct hp_value *
hp_meters_refuse(struct hp_call *call, enum hp_code code, const char *message)
{
	if (coalesce(call, code))
		return hp_refuse_again(call, code, message);
	return hp_refuse(call, code, NULL, "%s", message);
}
