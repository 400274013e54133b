/*
 * handle_submit - what is asked: judged, stored, answered; and taken back.
 */
#include <string.h>

#include "broker/hide.h"
#include "broker/log.h"
#include "broker/meters.h"
#include "broker/park.h"
#include "broker/reply.h"
#include "core/msgpack.h"
#include "core/text.h"

const struct hp_principal *
hp_spoken_for(const struct hp_broker *broker, const struct hp_principal *gateway,
	      const char *agent)
{
	const struct hp_principal *found = hp_directory_by_name(broker->directory, agent);
	if (gateway->revoked || !(gateway->roles & HP_ROLE_GATEWAY) || !found ||
	    found->revoked || !(found->roles & HP_ROLE_AGENT))
		return NULL;
	for (size_t i = 0; i < gateway->agent_count; i++)
		if (strcmp(gateway->agents[i], agent) == 0)
			return found;
	return NULL;
}

const struct hp_principal *
hp_find_requester(struct hp_call *call, struct hp_value **ret_refusal)
{
	const char *agent = hp_map_get_str(call->map, "for", NULL);
	bool is_gateway = call->who->roles & HP_ROLE_GATEWAY;
	*ret_refusal = NULL;
	if (!agent && !is_gateway)
		return call->who;
	if (!is_gateway || !agent) {
		*ret_refusal = hp_refuse(call, HP_CODE_malformed, "for",
					 is_gateway ? "a gateway must say for whom it asks"
						    : "only a gateway asks for another");
		return NULL;
	}
	const struct hp_principal *found = hp_spoken_for(call->broker, call->who, agent);
	if (found)
		return found;
	*ret_refusal = hp_refuse(call, HP_CODE_unauthorised, "for",
				 "\"%s\" does not speak for an agent \"%s\"", call->who->name,
				 hp_hide_line(call->broker, agent));
	return NULL;
}

/* Everything about one submit while its row is made. */
struct intake {
	struct hp_request request;
	size_t bytes; /* of what was sent */
	const struct hp_principal *requester;
	struct hp_verdict verdict;
	struct hp_gateway_result meters;
	struct hp_row row;
	struct hp_buf action, canonical, quorum, classes, flags;
	const struct hp_value *frozen; /* the quorum */
	uint8_t salt[HP_SALT_BYTES];
	bool sampled; /* for a spot check */
};

static void
release(struct intake *intake)
{
	hp_crypto_wipe(intake->salt, sizeof intake->salt);
	hp_buf_release(&intake->action);
	hp_buf_release(&intake->canonical);
	hp_buf_release(&intake->quorum);
	hp_buf_release(&intake->classes);
	hp_buf_release(&intake->flags);
}

static struct hp_str
bytes_of(const struct hp_buf *buf)
{
	return (struct hp_str){(const char *)buf->data, buf->len};
}

static enum hp_status
encode_words(struct hp_arena *arena, const char *const *words, size_t count, struct hp_buf *buf)
{
	struct hp_value *list = hp_value_array(arena);
	for (size_t i = 0; i < count; i++)
		hp_array_add(arena, list, hp_value_str(arena, words[i]));
	return list ? hp_msgpack_encode(list, buf, NULL) : HP_NOMEM;
}

/* The verdict's flags, and the one that the digest decides. */
static enum hp_status
encode_flags(struct hp_arena *arena, struct intake *intake)
{
	size_t count = intake->verdict.flag_count;
	const char **flags = hp_arena_array(arena, count + 1, sizeof *flags);
	if (!flags)
		return HP_NOMEM;
	for (size_t i = 0; i < count; i++)
		flags[i] = intake->verdict.flags[i];
	if (intake->sampled)
		flags[count++] = HP_FLAG_SPOT_CHECK;
	return encode_words(arena, flags, count, &intake->flags);
}

/* Salt, digests, canonical bytes and the columns that never change. */
static enum hp_status
compose(struct hp_call *call, struct intake *intake, struct hp_error *err)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	struct hp_row *row = &intake->row;
	const struct hp_verdict *verdict = &intake->verdict;
	/* The action is kept whole, for who runs it; all else is of what may be shown. */
	const struct hp_request *request = verdict->shown;
	hp_crypto_random(intake->salt, sizeof intake->salt);
	enum hp_status status = hp_request_action_bytes(&intake->request, &intake->action);
	if (status != HP_OK)
		return status;
	hp_request_action_digest(intake->salt, intake->action.data, intake->action.len,
				 row->action_digest);
	struct hp_request_facts facts = {
		.instance = broker->config.instance,
		.requester = intake->requester->name,
		.owner = hp_principal_owner(intake->requester),
		.mode = hp_mode_name(intake->requester->mode),
		.submitted_ms = broker->clock.wall_ms,
		.policy_version = hp_policy_version(broker->policy),
		.action_digest = row->action_digest,
	};
	struct hp_value *quorum = hp_quorum_freeze(arena, &verdict->quorum);
	if (!quorum ||
	    (status = hp_request_canonical(arena, request, verdict, &facts, &intake->canonical,
					   err)) != HP_OK ||
	    (status = hp_msgpack_encode(quorum, &intake->quorum, err)) != HP_OK ||
	    (status = encode_words(arena, verdict->classes, verdict->class_count,
				   &intake->classes)) != HP_OK)
		return quorum ? status : HP_NOMEM;
	hp_request_digest(intake->canonical.data, intake->canonical.len, row->digest);
	intake->sampled = verdict->effect <= HP_EFFECT_LOG &&
			  hp_policy_samples(verdict->spot_check_bp, row->digest);
	if ((status = encode_flags(arena, intake)) != HP_OK)
		return status;
	intake->frozen = quorum;
	row->requester = facts.requester;
	row->owner = facts.owner;
	row->mode = facts.mode;
	row->id = request->id;
	row->via = intake->requester == call->who ? "" : call->who->name;
	row->session = request->session ? request->session : "";
	row->audience = request->audience ? request->audience : "";
	row->tier = verdict->tier;
	row->effect = hp_effect_name(verdict->effect);
	row->environment = verdict->environment;
	row->operation = request->operation;
	const struct hp_value *first = hp_array_get(request->resources, 0);
	row->resource = first && first->type == HP_STR ? first->str.p : "";
	row->resource_count = (int64_t)hp_value_count(request->resources);
	row->summary = request->summary;
	row->classes = bytes_of(&intake->classes);
	row->flags = bytes_of(&intake->flags);
	row->canonical = bytes_of(&intake->canonical);
	row->quorum = bytes_of(&intake->quorum);
	row->submitted_ms = facts.submitted_ms;
	row->submitted_at = hp_clock_after(&broker->clock, 0);
	row->needed = hp_quorum_needed(&verdict->quorum);
	return HP_OK;
}

/* Whether it can be shown to people, and handed to who runs it, in one message each. */
static bool
fits_messages(const struct intake *intake)
{
	size_t story = HP_REPLY_NOTES_BYTES + HP_REPLY_STORY_BYTES;
	size_t beside = intake->action.len > story ? intake->action.len + 1024 : story;
	size_t votes = ((size_t)intake->row.needed + 1) * HP_REPLY_VOTE_BYTES;
	return intake->canonical.len + beside + votes <= HP_LIMIT_MESSAGE_BYTES;
}

/* Where a judged request starts its life, and its first timer. */
static void
set_state(struct hp_broker *broker, struct intake *intake)
{
	const struct hp_policy_times *times = hp_policy_times(broker->policy);
	struct hp_row *row = &intake->row;
	int64_t ttl_ms = intake->request.ttl_ms > 0 ? intake->request.ttl_ms : times->timeout_ms;
	if (ttl_ms > times->max_timeout_ms)
		ttl_ms = times->max_timeout_ms;
	row->max_deadline_ms = row->submitted_ms + times->max_timeout_ms;
	row->reason = row->by = row->claimer = "";
	if (intake->verdict.effect == HP_EFFECT_BLOCK) {
		row->state = HP_STATE_BLOCKED;
	} else if (intake->verdict.effect <= HP_EFFECT_LOG) {
		row->state = HP_STATE_GRANTED;
		row->due = hp_clock_after(&broker->clock, times->grant_ttl_ms);
	} else {
		row->state = HP_STATE_PENDING;
		row->due = hp_clock_after(&broker->clock, ttl_ms);
	}
	if (row->state != HP_STATE_BLOCKED) { /* what can never run is not kept */
		row->action = bytes_of(&intake->action);
		row->salt = (struct hp_str){(const char *)intake->salt, sizeof intake->salt};
	}
	if (row->state != HP_STATE_PENDING)
		row->by = "policy";
}

static void
record(struct hp_broker *broker, const struct intake *intake)
{
	struct hp_arena *arena = &broker->arena;
	const struct hp_row *row = &intake->row;
	const char *state = hp_state_name(row->state);
	struct hp_value *body = hp_value_map(arena);
	hp_map_set_str(arena, body, "state", state);
	hp_map_set_str(arena, body, "effect", row->effect);
	hp_map_set_int(arena, body, "needed", row->needed);
	if (row->due.wall_ms)
		hp_map_set_int(arena, body, "deadline_ms", row->due.wall_ms);
	if (*row->via)
		hp_map_set_str(arena, body, "via", row->via);
	if (intake->sampled)
		hp_map_set_int(arena, body, "spot_check_bp", intake->verdict.spot_check_bp);
	/* Who may step in later is not in the canonical bytes, and decides whether a quorum is one. */
	if (row->needed)
		hp_map_set(arena, body, "widenings",
			   hp_reply_lend(arena, hp_map_get(intake->frozen, "widenings")));
	hp_map_set_bin(arena, body, "canonical", row->canonical.p, row->canonical.len);
	hp_record(broker, hp_arena_printf(arena, "request.%s", state), row->requester, row, body,
		  true);
	hp_park_touch(broker, row->id, row->state == HP_STATE_GRANTED);
}

/* A submit whose id is known: the current receipt for the same content, else `conflict`. */
static struct hp_value *
answer_again(struct hp_call *call, const struct intake *intake, struct hp_row *row)
{
	if (row->erased_ms && strcmp(row->requester, intake->requester->name) == 0)
		return hp_refuse(call, HP_CODE_final, "id",
				 "the request with this id was %s, and then erased",
				 hp_state_name(row->state));
	if (strcmp(row->requester, intake->requester->name) != 0 ||
	    memcmp(row->content_hash, intake->row.content_hash, HP_HASH_BYTES) != 0)
		return hp_refuse(call, HP_CODE_conflict, "id",
				 "the id \"%s\" is taken by another request", intake->request.id);
	hp_timer_run_one(call->broker, row);
	return hp_reply_receipt(call->broker, row);
}

/* What must hold before a request is judged at all. NULL: it does. */
static struct hp_value *
object_to(struct hp_call *call, const struct intake *intake, bool *ret_answered)
{
	struct hp_broker *broker = call->broker;
	const struct hp_request *request = &intake->request;
	struct hp_row other;
	*ret_answered = true;
	enum hp_status status = hp_store_get(broker->store, &broker->arena, request->id, &other);
	if (status == HP_OK)
		return answer_again(call, intake, &other);
	if (status != HP_NOT_FOUND)
		return hp_store_failed(broker, "reading a request");
	if (request->supersedes) {
		status = hp_store_get(broker->store, &broker->arena, request->supersedes, &other);
		if (status != HP_OK && status != HP_NOT_FOUND)
			return hp_store_failed(broker, "reading a request");
		if (status == HP_NOT_FOUND ||
		    strcmp(other.requester, intake->requester->name) != 0)
			return hp_refuse(call, HP_CODE_not_found, "supersedes",
					 "no request \"%s\" of yours", request->supersedes);
	}
	if (hp_halted(broker, intake->requester->name, request->session))
		return broker->fatal ? NULL
				     : hp_refuse(call, HP_CODE_halted, NULL,
						 "\"%s\" is halted; only an admin resumes",
						 intake->requester->name);
	*ret_answered = false;
	return NULL;
}

static struct hp_value *
take_in(struct hp_call *call, struct intake *intake)
{
	struct hp_broker *broker = call->broker;
	struct hp_error err = {0};
	bool answered;
	struct hp_value *reply = object_to(call, intake, &answered);
	if (answered)
		return reply;
	enum hp_status status =
		hp_policy_evaluate(broker->policy, &broker->arena, intake->requester,
				   &intake->request, &intake->verdict, &err);
	if (status == HP_OK)
		status = hp_judge_task(broker, intake->requester, &intake->request,
				       &intake->verdict, &err);
	if (broker->fatal)
		return NULL;
	if (status != HP_OK) {
		HP_LOG("error", "evaluation-failed", "request", intake->request.id, "reason",
		       err.message);
		return hp_refuse(call, HP_CODE_unavailable, NULL,
				 "the policy could not be evaluated: %s", err.message);
	}
	if (!hp_meters_judge(call, intake->requester, &intake->request, intake->bytes,
			     &intake->verdict, &intake->meters, &reply))
		return reply;
	bool needs_person = intake->verdict.effect > HP_EFFECT_LOG &&
			    intake->verdict.effect < HP_EFFECT_BLOCK;
	if (needs_person && !hp_quorum_needed(&intake->verdict.quorum))
		return hp_refuse(call, HP_CODE_unavailable, NULL,
				 "the policy holds this but names nobody who may approve it");
	if (intake->verdict.effect <= HP_EFFECT_LOG && broker->frozen)
		return hp_refuse(call, HP_CODE_unavailable, NULL,
				 "the broker's clock went backwards: nothing is granted until it "
				 "has caught up with the log");
	status = compose(call, intake, &err);
	if (status == HP_NOMEM || broker->arena.failed) {
		broker->fatal = true;
		return NULL;
	}
	if (status != HP_OK)
		return hp_refuse(call, status == HP_TOO_LARGE ? HP_CODE_too_large
							      : HP_CODE_malformed,
				 err.field, "%s", err.message);
	if (!fits_messages(intake))
		return hp_refuse(call, HP_CODE_too_large, NULL,
				 "the request would not fit a message with its votes and its story");
	set_state(broker, intake);
	status = hp_store_insert(broker->store, &intake->row);
	if (status == HP_OK && intake->sampled)
		status = hp_store_sample(broker->store, intake->row.key);
	if (status != HP_OK)
		return hp_store_failed(broker, "storing a request");
	broker->counters.submits++;
	record(broker, intake);
	hp_meters_charge(broker, &intake->row, &intake->meters);
	if (broker->fatal)
		return NULL;
	return hp_reply_first_receipt(broker, &intake->row, &intake->verdict);
}

struct hp_value *
hp_handle_submit(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct intake intake = {0};
	struct hp_error err = {0};
	struct hp_value *refusal;
	intake.requester = hp_find_requester(call, &refusal);
	if (!intake.requester)
		return refusal;
	enum hp_status status = hp_request_parse(&broker->arena, call->map, HP_REQUEST_WIRE,
						 &intake.request, &err);
	if (status == HP_OK)
		status = hp_request_content_mac(&intake.request, broker->content_key,
						intake.row.content_hash, &intake.bytes);
	if (status == HP_NOMEM) {
		broker->fatal = true;
		return NULL;
	}
	if (status != HP_OK) {
		hp_hide_error(call, &err);
		return hp_refuse(call,
				 status == HP_TOO_LARGE ? HP_CODE_too_large : HP_CODE_malformed,
				 err.field, "%s", err.message);
	}
	struct hp_value *reply = take_in(call, &intake);
	release(&intake);
	return reply;
}

struct hp_value *
hp_handle_withdraw(struct hp_call *call)
{
	struct hp_row row;
	struct hp_value *refusal;
	if (!hp_reply_find(call, &row, &refusal))
		return refusal;
	if (!hp_reply_is_requester(call->who, &row))
		return hp_refuse(call, HP_CODE_unauthorised, NULL,
				 "only who asked may withdraw a request");
	const char *reason = hp_hide_field(call, "reason");
	row.due = (struct hp_due){0};
	enum hp_code code = hp_transition(call->broker, &row, HP_EVENT_WITHDRAW, call->who->name,
					  reason, NULL);
	if (call->broker->fatal)
		return NULL;
	if (code != HP_CODE_ok)
		return hp_refuse(call, code, NULL, "cannot withdraw a request that is %s",
				 hp_state_name(row.state));
	return hp_reply_status(call->broker, &row);
}
