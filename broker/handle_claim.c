/*
 * handle_claim - what enforcement points do: take a grant once, keep it alive, report.
 */
#include <string.h>

#include "broker/hide.h"
#include "broker/log.h"
#include "broker/meters.h"
#include "broker/park.h"
#include "broker/reply.h"
#include "core/msgpack.h"

/* ---- may it still run? Checked again at claim, not only at submit. ---- */

static int64_t
int_of(const struct hp_value *map, const char *key)
{
	return hp_map_get_int(map, key, -1);
}

/*
 * The request as its agent sent it, rebuilt from what is kept, to be judged by today's policy. Prose
 * is left out: no rule judges by it, and redaction may have made it longer than a request's may be.
 */
static struct hp_value *
rebuild(struct hp_broker *broker, const struct hp_row *row)
{
	struct hp_arena *arena = &broker->arena;
	const struct hp_value *canonical = hp_reply_decode(broker, row->canonical);
	const struct hp_value *kept = hp_reply_decode(broker, row->action);
	const struct hp_value *impact = hp_map_get(canonical, "impact");
	static const char *const copied[] = {"id", "alternatives", "session", "branch"};
	struct hp_value *map = hp_value_map(arena), *same = hp_value_map(arena);
	for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++)
		hp_map_set(arena, map, copied[i],
			   hp_reply_lend(arena, hp_map_get(canonical, copied[i])));
	hp_map_set(arena, map, "action", hp_reply_lend(arena, hp_map_get(kept, "action")));
	hp_map_set(arena, map, "rollback", hp_reply_lend(arena, hp_map_get(kept, "rollback")));
	for (size_t i = 0; impact && i < impact->map.count; i++) {
		const struct hp_pair *pair = &impact->map.pairs[i];
		if (strcmp(pair->key.p, "cost_usd") != 0)
			hp_map_set(arena, same, pair->key.p, hp_reply_lend(arena, pair->value));
		else if (pair->value->type == HP_INT)
			hp_map_set(arena, same, pair->key.p,
				   hp_value_float(arena, (double)pair->value->integer / 1e6));
	}
	hp_map_set(arena, map, "impact", same);
	if (int_of(canonical, "confidence") >= 0)
		hp_map_set(arena, map, "confidence",
			   hp_value_float(arena, (double)int_of(canonical, "confidence") / 1e4));
	return map;
}

/* Whether the policy in force now blocks it, or its session's task does not cover it any more, for its
 * requester as enrolled now. Anything that cannot be judged is blocked. */
static const char *
blocked_now(struct hp_broker *broker, const struct hp_principal *requester,
	    const struct hp_row *row)
{
	struct hp_request request;
	struct hp_verdict verdict;
	struct hp_error err = {0};
	struct hp_value *map = rebuild(broker, row);
	if (!map ||
	    hp_request_parse(&broker->arena, map, HP_REQUEST_EXEC, &request, &err) != HP_OK ||
	    hp_policy_evaluate(broker->policy, &broker->arena, requester, &request, &verdict,
			       &err) != HP_OK ||
	    hp_judge_task(broker, requester, &request, &verdict, &err) != HP_OK) {
		HP_LOG("error", "re-evaluation-failed", "request", row->id, "reason", err.message);
		return "the policy in force now cannot judge it";
	}
	if (verdict.effect != HP_EFFECT_BLOCK)
		return NULL;
	return verdict.finding_count ? verdict.findings[0].message : "the policy blocks it";
}

/* Whether who submitted it for the requester, if anybody did, still may. */
static bool
gateway_stands(const struct hp_broker *broker, const struct hp_row *row)
{
	const struct hp_principal *gateway = hp_directory_by_name(broker->directory, row->via);
	return !*row->via || (gateway && hp_spoken_for(broker, gateway, row->requester));
}

/* Why a granted request cannot be claimed now; HP_CODE_ok: it can. */
static enum hp_code
object_to(struct hp_broker *broker, const struct hp_row *row,
	  const struct hp_stored_vote *votes, size_t count,
	  struct hp_gateway_change **ret_meters, const char **ret_why)
{
	const struct hp_principal *requester =
		hp_directory_by_name(broker->directory, row->requester);
	if (hp_halted(broker, row->requester, row->session)) {
		*ret_why = "its agent or session is halted";
		return HP_CODE_halted;
	}
	if (broker->frozen) {
		*ret_why = "the broker's clock went backwards: nothing can be claimed until it "
			   "has caught up with the log";
		return HP_CODE_unavailable;
	}
	if (!requester || requester->revoked) {
		*ret_why = "its requester was revoked";
		return HP_CODE_conflict;
	}
	if (!gateway_stands(broker, row)) {
		*ret_why = "its gateway does not speak for its requester any more";
		return HP_CODE_conflict;
	}
	if (row->needed && hp_votes_standing(broker, row, votes, count) < row->needed) {
		*ret_why = "its quorum no longer stands: a voter was revoked or changed";
		return HP_CODE_conflict;
	}
	*ret_why = blocked_now(broker, requester, row);
	return *ret_why ? HP_CODE_conflict
			: hp_meters_may_claim(broker, requester, row, ret_meters, ret_why);
}

/* A grant that does not stand any more ends: who asked learns it, and no claim comes to it again. */
static void
end_grant(struct hp_broker *broker, struct hp_row *row, const char *why)
{
	row->due = (struct hp_due){0};
	hp_transition(broker, row, HP_EVENT_GRANT_TTL, "broker",
		      hp_arena_printf(&broker->arena, "cannot be claimed: %s", why), NULL);
}

/* ---- claim ---- */

struct claim {
	struct hp_row row;
	struct hp_stored_vote *votes;
	size_t vote_count;
	struct hp_gateway_change *meters; /* to be written when it is taken */
	const uint8_t *nonce;
	const char *id; /* NULL: the next of the audience */
	bool detached;
};

static struct hp_value *
claimed_reply(struct hp_call *call, const struct claim *claim)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	const struct hp_row *row = &claim->row;
	const struct hp_value *kept = hp_reply_decode(broker, row->action);
	struct hp_value *reply = hp_reply_new(broker, "claimed");
	hp_map_set_str(arena, reply, "id", row->id);
	hp_map_set(arena, reply, "action", hp_reply_lend(arena, hp_map_get(kept, "action")));
	hp_map_set(arena, reply, "rollback", hp_reply_lend(arena, hp_map_get(kept, "rollback")));
	hp_map_set_bin(arena, reply, "salt", row->salt.p, row->salt.len);
	hp_map_set_bin(arena, reply, "canonical", row->canonical.p, row->canonical.len);
	hp_map_set(arena, reply, "votes",
		   hp_reply_votes(broker, claim->votes, claim->vote_count));
	hp_map_set_int(arena, reply, "lease_ms", row->lease_ms);
	broker->checkpoint_now = true; /* lifecycle invariant 5 */
	return reply;
}

static bool
read_votes(struct hp_broker *broker, struct claim *claim)
{
	if (hp_store_votes(broker->store, &broker->arena, claim->row.key, &claim->votes,
			   &claim->vote_count) == HP_OK)
		return true;
	hp_store_failed(broker, "reading votes");
	return false;
}

/* Takes a granted request that nothing objects to. */
static struct hp_value *
take(struct hp_call *call, struct claim *claim)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	const struct hp_policy_times *times = hp_policy_times(broker->policy);
	struct hp_row *row = &claim->row;
	struct hp_str action = row->action, salt = row->salt;
	int64_t lease_ms = hp_map_get_int(call->map, "lease_s", 0) * 1000;
	if (lease_ms <= 0)
		lease_ms = times->lease_ms;
	if (lease_ms > times->lease_max_ms)
		lease_ms = times->lease_max_ms;
	row->claimer = call->who->name;
	memcpy(row->nonce, claim->nonce, sizeof row->nonce);
	row->has_nonce = true;
	row->lease_ms = claim->detached ? 0 : lease_ms;
	row->due = claim->detached ? (struct hp_due){0} : hp_clock_after(&broker->clock, lease_ms);
	row->lease_end_max = hp_clock_after(&broker->clock, times->lease_max_ms);
	struct hp_value *detail = hp_value_map(arena);
	hp_map_set_str(arena, detail, "claimer", row->claimer);
	hp_map_set_bin(arena, detail, "action_digest", row->action_digest, HP_HASH_BYTES);
	enum hp_code code = hp_transition(
		broker, row, claim->detached ? HP_EVENT_CLAIM_DETACHED : HP_EVENT_CLAIM,
		call->who->name, NULL, detail);
	if (code != HP_CODE_ok)
		return broker->fatal ? NULL
				     : hp_refuse(call, code, NULL, "the request is %s",
						 hp_state_name(row->state));
	hp_meters_write(broker, row->requester, claim->meters);
	if (broker->fatal)
		return NULL;
	broker->counters.claims++;
	row->action = action; /* a detached claim ends the request and so erases it: not yet here */
	row->salt = salt;
	return claimed_reply(call, claim);
}

/* Whether this caller may claim this very request at all. */
static struct hp_value *
refuse_claimer(struct hp_call *call, const struct hp_row *row)
{
	const struct hp_principal *who = call->who;
	if (who->roles & HP_ROLE_EXECUTOR) {
		if (*row->audience && strcmp(row->audience, who->audience) == 0 &&
		    who->environment_count == 1 &&
		    strcmp(row->environment, who->environments[0]) == 0)
			return NULL;
	} else if (who->roles & HP_ROLE_GATEWAY) {
		if (strcmp(row->via, who->name) == 0)
			return NULL;
	} else if (strcmp(row->requester, who->name) == 0) {
		if (hp_policy_self_run(call->broker->policy, row->tier))
			return NULL;
		return hp_refuse(call, HP_CODE_unauthorised, NULL,
				 "a %s request is run by an executor or a gateway, not by who asked",
				 row->tier);
	}
	return hp_refuse(call, HP_CODE_unauthorised, NULL,
			 "\"%s\" is not an enforcement point of this request", who->name);
}

static struct hp_value *
claim_by_id(struct hp_call *call, struct claim *claim)
{
	struct hp_broker *broker = call->broker;
	struct hp_value *refusal;
	if (!hp_reply_find(call, &claim->row, &refusal))
		return refusal;
	struct hp_row *row = &claim->row;
	if ((refusal = refuse_claimer(call, row)) || broker->fatal)
		return refusal;
	int64_t left_ms = hp_park_left_ms(call);
	if (row->state == HP_STATE_PENDING) {
		if (left_ms <= 0)
			return hp_reply_status(broker, row);
		return hp_park(call, row->id, left_ms) ? NULL : hp_park_refuse(call);
	}
	if (row->state != HP_STATE_GRANTED) {
		enum hp_code code = row->state == HP_STATE_HALTED      ? HP_CODE_halted
				    : row->state == HP_STATE_EXPIRED   ? HP_CODE_expired
				    : hp_state_is_final(row->state) && !*row->claimer
					    ? HP_CODE_final
					    : HP_CODE_conflict;
		return hp_refuse(call, code, NULL, "the request is %s and cannot be claimed",
				 hp_state_name(row->state));
	}
	const char *why = NULL;
	if (!read_votes(broker, claim))
		return NULL;
	enum hp_code code =
		object_to(broker, row, claim->votes, claim->vote_count, &claim->meters, &why);
	if (broker->fatal)
		return NULL;
	if (code == HP_CODE_ok)
		return take(call, claim);
	if (code == HP_CODE_conflict)
		end_grant(broker, row, why);
	const char *message = hp_arena_printf(&broker->arena, "cannot be claimed: %s", why);
	if (code == HP_CODE_rate_limited)
		return hp_meters_refuse(call, code, message);
	return hp_refuse(call, code, NULL, "%s", message);
}

/*
 * Looks through the oldest grants of the caller's audience; true: claim->row is one that nothing
 * objects to. Those that do not stand any more end here. There may be very many: *after is where to
 * look on in the next turn, 0 when all have been looked at. Who does not wait has this turn alone.
 */
static bool
find_next(struct hp_call *call, struct claim *claim, bool waits, int64_t *after)
{
	enum { LOOKED_AT = 32, LOOKED_AT_ALONE = 1024 };
	struct hp_broker *broker = call->broker;
	const struct hp_principal *who = call->who;
	struct hp_row *row = &claim->row;
	*after = hp_park_after(call);
	for (int i = 0; i < (waits ? LOOKED_AT : LOOKED_AT_ALONE) && !broker->fatal; i++) {
		enum hp_status status =
			hp_store_next_granted(broker->store, &broker->arena, who->audience,
					      who->environments[0], *after, row);
		if (status != HP_OK) {
			*after = 0;
			if (status != HP_NOT_FOUND)
				hp_store_failed(broker, "looking for a grant");
			return false;
		}
		*after = row->key;
		hp_timer_run_one(broker, row);
		if (row->state != HP_STATE_GRANTED || !read_votes(broker, claim))
			continue;
		const char *why;
		enum hp_code code = object_to(broker, row, claim->votes, claim->vote_count,
					      &claim->meters, &why);
		if (code == HP_CODE_ok)
			return true;
		if (code == HP_CODE_conflict)
			end_grant(broker, row, why);
	}
	return false;
}

static struct hp_value *
claim_next(struct hp_call *call, struct claim *claim)
{
	struct hp_broker *broker = call->broker;
	const struct hp_principal *who = call->who;
	if (!(who->roles & HP_ROLE_EXECUTOR) || who->environment_count != 1 || !*who->audience)
		return hp_refuse(call, HP_CODE_malformed, "id",
				 "only an executor may claim without an id");
	int64_t after = 0, left_ms = hp_park_left_ms(call);
	if (!broker->frozen && find_next(call, claim, left_ms > 0, &after))
		return take(call, claim);
	if (broker->fatal)
		return NULL;
	if (left_ms > 0)
		return hp_park_claim(call, after, left_ms) ? NULL : hp_park_refuse(call);
	return hp_reply_nothing(broker);
}

/* The same nonce repeats the same reply (lifecycle invariant 4), while that is still true: whoever
 * missed it begins to run what it says, and may not once the lease has ended or a halt has come. */
static struct hp_value *
claim_again(struct hp_call *call, struct claim *claim)
{
	struct hp_broker *broker = call->broker;
	struct hp_row *row = &claim->row;
	if (claim->id && strcmp(claim->id, row->id) != 0)
		return hp_refuse(call, HP_CODE_conflict, "nonce",
				 "this nonce claimed another request");
	hp_timer_run_one(broker, row);
	if (broker->fatal)
		return NULL;
	if (row->state != HP_STATE_EXECUTING)
		return hp_refuse(call, HP_CODE_final, NULL,
				 "the request is %s: what this nonce claimed is over",
				 hp_state_name(row->state));
	if (row->stop)
		return hp_refuse(call, HP_CODE_halted, NULL,
				 "the request was told to stop: do not run it");
	return read_votes(broker, claim) ? claimed_reply(call, claim) : NULL;
}

struct hp_value *
hp_handle_claim(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct claim claim = {
		.id = hp_reply_id(call, "id"),
		.nonce = hp_map_get_bin(call->map, "nonce", 16),
		.detached = hp_map_get_bool(call->map, "detached", false),
	};
	if (!claim.nonce)
		return hp_refuse(call, HP_CODE_malformed, "nonce", "\"nonce\" must be 16 bytes");
	enum hp_status status = hp_store_by_nonce(broker->store, &broker->arena, call->who->name,
						  claim.nonce, &claim.row);
	if (status == HP_OK)
		return claim_again(call, &claim);
	if (status != HP_NOT_FOUND)
		return hp_store_failed(broker, "looking for a claim");
	/* Sent again, over another connection say: nobody listens to the older one any more. */
	hp_park_end_claim(call, claim.nonce);
	if (hp_map_get_bool(call->map, "withdraw", false))
		return hp_reply_nothing(broker);
	return claim.id ? claim_by_id(call, &claim) : claim_next(call, &claim);
}

/* ---- progress and report ---- */

/* The row of a request that this caller has claimed. */
static bool
find_claimed(struct hp_call *call, struct hp_row *ret_row, struct hp_value **ret_refusal)
{
	if (!hp_reply_find(call, ret_row, ret_refusal))
		return false;
	if (strcmp(ret_row->claimer, call->who->name) == 0)
		return true;
	*ret_refusal = hp_refuse(call, HP_CODE_unauthorised, NULL,
				 "\"%s\" has not claimed this request", call->who->name);
	return false;
}

struct hp_value *
hp_handle_progress(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_row row;
	struct hp_value *refusal;
	if (!find_claimed(call, &row, &refusal))
		return refusal;
	struct hp_due due = hp_clock_after(&broker->clock, row.lease_ms);
	/* A lease is renewed only up to lease_max after the claim. */
	if (due.wall_ms > row.lease_end_max.wall_ms ||
	    (memcmp(due.boot_id, row.lease_end_max.boot_id, sizeof due.boot_id) == 0 &&
	     due.boottime_ms > row.lease_end_max.boottime_ms))
		due = row.lease_end_max;
	row.due = due;
	enum hp_code code =
		hp_transition(broker, &row, HP_EVENT_PROGRESS, call->who->name, NULL, NULL);
	if (code != HP_CODE_ok)
		return broker->fatal ? NULL
				     : hp_refuse(call, code, NULL, "the request is %s: stop",
						 hp_state_name(row.state));
	struct hp_value *body = hp_value_map(&broker->arena);
	const char *text = hp_hide_field(call, "text");
	/* Words can be said without end. */
	if (*text && !broker->disk.low && hp_meters_keep_words(broker, &row, strlen(text)))
		hp_map_set_str(&broker->arena, body, "text", text);
	hp_halt_measure(broker, &row, "told_to_stop_ms", false, body);
	if (hp_value_count(body))
		hp_record(broker, "progress", call->who->name, &row, body, false);
	return broker->fatal ? NULL : hp_reply_status(broker, &row);
}

/* Whether the approved rollback is something that can be run. */
static bool
has_runnable_rollback(struct hp_broker *broker, const struct hp_row *row)
{
	const struct hp_value *kept = hp_reply_decode(broker, row->action);
	const struct hp_value *rollback = hp_map_get(kept, "rollback");
	return hp_map_get(rollback, "operation") || hp_map_get(rollback, "command");
}

static enum hp_event
event_of_report(struct hp_broker *broker, const struct hp_row *row, const char *result)
{
	if (strcmp(result, "succeeded") == 0)
		return HP_EVENT_SUCCEEDED;
	if (strcmp(result, "rolled_back") == 0)
		return HP_EVENT_ROLLED_BACK;
	if (strcmp(result, "rollback_failed") == 0)
		return HP_EVENT_ROLLBACK_FAILED;
	return has_runnable_rollback(broker, row) ? HP_EVENT_FAILED_ROLLBACK : HP_EVENT_FAILED;
}

struct hp_value *
hp_handle_report(struct hp_call *call)
{
	static const char *const told[] = {"result", "exit_code", "output", "resources_affected",
					   "cost_usd"};
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	struct hp_row row;
	struct hp_value *refusal;
	if (!find_claimed(call, &row, &refusal))
		return refusal;
	const char *result = hp_map_get_str(call->map, "result", "");
	/* A report said again, because its reply was lost, is answered again. */
	if (strcmp(result, hp_state_name(row.state)) == 0 ||
	    (row.state == HP_STATE_ROLLING_BACK && strcmp(result, "failed") == 0))
		return hp_reply_status(broker, &row);
	struct hp_value *detail = hp_value_map(arena);
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
		const struct hp_value *value = hp_hide(broker, hp_map_get(call->map, told[i]));
		bool words = value && strcmp(told[i], "output") == 0;
		if (words && !hp_meters_keep_words(broker, &row, value->str.len))
			value = hp_value_str(arena, "(left out: over bytes_per_day)");
		if (value && !(words && broker->disk.low))
			hp_map_set(arena, detail, told[i], hp_reply_lend(arena, value));
	}
	enum hp_event event = event_of_report(broker, &row, result);
	row.due = event == HP_EVENT_FAILED_ROLLBACK ? hp_clock_after(&broker->clock, row.lease_ms)
						    : (struct hp_due){0};
	if (event == HP_EVENT_FAILED_ROLLBACK)
		row.lease_end_max = hp_clock_after(&broker->clock,
						   hp_policy_times(broker->policy)->lease_max_ms);
	hp_halt_measure(broker, &row, "stopped_ms", true, detail);
	enum hp_code code = hp_transition(broker, &row, event, call->who->name, NULL, detail);
	if (broker->fatal)
		return NULL;
	if (code != HP_CODE_ok)
		return hp_refuse(call, code, NULL, "a request that is %s takes no report \"%s\"",
				 hp_state_name(row.state), result);
	return hp_reply_status(broker, &row);
}
