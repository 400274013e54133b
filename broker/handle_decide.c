/*
 * handle_decide - what people do with a request: vote, extend, note, settle.
 */
#include <string.h>

#include "broker/dispatch.h"
#include "broker/hide.h"
#include "broker/outbox.h"
#include "broker/reply.h"
#include "broker/zap.h"
#include "core/msgpack.h"
#include "core/vote.h"

/* ---- whose votes count ---- */

/* Whether the person owns what is asked: then, or by what is enrolled now. */
static bool
is_own(const struct hp_broker *broker, const char *person, const struct hp_row *row)
{
	const struct hp_principal *requester =
		hp_directory_by_name(broker->directory, row->requester);
	return *person && (strcmp(person, row->owner) == 0 ||
			   (requester && strcmp(person, hp_principal_owner(requester)) == 0));
}

/* How long it has waited, by the clock that says less: a clock put forward widens no rule. */
static int64_t
age_ms(const struct hp_broker *broker, const struct hp_row *row)
{
	const struct hp_clock *now = &broker->clock;
	const struct hp_due *then = &row->submitted_at;
	int64_t by_wall = now->wall_ms - then->wall_ms;
	int64_t by_boot = now->boottime_ms - then->boottime_ms;
	bool same_boot = memcmp(now->boot_id, then->boot_id, sizeof now->boot_id) == 0;
	return same_boot && by_boot < by_wall ? by_boot : by_wall;
}

/* The voter as enrolled now, if the vote may still count (lifecycle invariant 12). */
static const struct hp_principal *
standing(const struct hp_broker *broker, const struct hp_row *row,
	 const struct hp_stored_vote *vote)
{
	const struct hp_principal *who = hp_directory_by_name(broker->directory, vote->by);
	if (!vote->approve || !who || who->revoked || !(who->roles & HP_ROLE_REVIEWER) ||
	    !who->has_sign || strcmp(who->person, vote->person) != 0 ||
	    is_own(broker, who->person, row) ||
	    memcmp(who->sign_public, vote->sign_public, HP_SIGN_PUBLIC_BYTES) != 0)
		return NULL;
	return who;
}

static bool
thaw(struct hp_broker *broker, const struct hp_row *row, struct hp_quorum *ret_quorum)
{
	return hp_quorum_thaw(&broker->arena, hp_reply_decode(broker, row->quorum), ret_quorum,
			      NULL) == HP_OK;
}

unsigned
hp_votes_standing(struct hp_broker *broker, const struct hp_row *row,
		  const struct hp_stored_vote *votes, size_t count)
{
	struct hp_quorum quorum;
	struct hp_voter *voters = hp_arena_array(&broker->arena, count + 1, sizeof *voters);
	if (!voters || !thaw(broker, row, &quorum)) {
		hp_store_failed(broker, "reading a quorum");
		return 0;
	}
	size_t voter_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct hp_principal *who = standing(broker, row, &votes[i]);
		if (who)
			voters[voter_count++] = (struct hp_voter){
				.person = who->person,
				.groups = who->groups,
				.group_count = who->group_count,
			};
	}
	return hp_quorum_filled(&quorum, voters, voter_count, age_ms(broker, row));
}

/* ---- decide ---- */

struct ballot {
	struct hp_row row;
	bool approve;
	const char *reason;
	const uint8_t *digest, *signature;
	int64_t at_ms;
	struct hp_stored_vote *votes; /* so far */
	size_t vote_count;
};

/* Places filled once this vote counts; a person's vote replaces the one before. */
static unsigned
filled_with(const struct hp_call *call, const struct ballot *ballot)
{
	struct hp_broker *broker = call->broker;
	size_t count = 0;
	struct hp_stored_vote *votes =
		hp_arena_array(&broker->arena, ballot->vote_count + 1, sizeof *votes);
	if (!votes)
		return 0;
	for (size_t i = 0; i < ballot->vote_count; i++)
		if (strcmp(ballot->votes[i].person, call->who->person) != 0)
			votes[count++] = ballot->votes[i];
	if (ballot->approve) {
		votes[count] = (struct hp_stored_vote){
			.by = call->who->name, .person = call->who->person, .approve = true,
		};
		memcpy(votes[count++].sign_public, call->who->sign_public, HP_SIGN_PUBLIC_BYTES);
	}
	return hp_votes_standing(broker, &ballot->row, votes, count);
}

/* Why a request in this state takes no vote any more. */
static struct hp_value *
refuse_state(struct hp_call *call, const struct hp_row *row)
{
	enum hp_code code = row->state == HP_STATE_EXPIRED  ? HP_CODE_expired
			    : row->state == HP_STATE_HALTED ? HP_CODE_halted
			    : hp_state_is_final(row->state) ? HP_CODE_final
							    : HP_CODE_conflict;
	return hp_refuse(call, code, NULL, "the request is %s: it takes no such decision any more",
			 hp_state_name(row->state));
}

static bool
may_deny(const struct hp_call *call, const struct hp_row *row)
{
	return (call->who->roles & HP_ROLE_REVIEWER) || is_own(call->broker, call->who->person, row);
}

/* The person's standing towards this request; NULL: may vote. */
static struct hp_value *
refuse_person(struct hp_call *call, const struct ballot *ballot)
{
	const struct hp_principal *who = call->who;
	const struct hp_row *row = &ballot->row;
	struct hp_quorum quorum;
	if (!who->has_sign || !*who->person)
		return hp_refuse(call, HP_CODE_not_eligible, NULL,
				 "\"%s\" has no signing key or no person", who->name);
	if (!call->broker->config.same_uid_allow && hp_zap_is_agent_uid(call->broker, call->uid))
		return hp_refuse(call, HP_CODE_not_eligible, NULL,
				 "this connection's user also runs agents: such votes do not "
				 "count (same_uid)");
	if (!ballot->approve)
		return may_deny(call, row)
			       ? NULL
			       : hp_refuse(call, HP_CODE_not_eligible, NULL,
					   "only a reviewer or the owner may deny this");
	if (is_own(call->broker, who->person, row) ||
	    strcmp(who->name, row->requester) == 0)
		return hp_refuse(call, HP_CODE_self_approval, NULL,
				 "\"%s\" owns this request and cannot approve it", who->person);
	if (!(who->roles & HP_ROLE_REVIEWER))
		return hp_refuse(call, HP_CODE_not_eligible, NULL, "only a reviewer may approve");
	if (!thaw(call->broker, row, &quorum))
		return hp_store_failed(call->broker, "reading a quorum");
	if (!hp_quorum_eligible(&quorum, who->groups, who->group_count,
				age_ms(call->broker, row)))
		return hp_refuse(call, HP_CODE_not_eligible, NULL,
				 "\"%s\" is in none of the groups that may approve this",
				 who->person);
	for (size_t i = 0; i < ballot->vote_count; i++)
		if (strcmp(ballot->votes[i].person, who->person) == 0)
			return hp_refuse(call, HP_CODE_already_voted, NULL,
					 "\"%s\" has voted on this already", who->person);
	if (filled_with(call, ballot) <=
	    hp_votes_standing(call->broker, row, ballot->votes, ballot->vote_count))
		return hp_refuse(call, HP_CODE_not_eligible, NULL,
				 "every place that \"%s\" could fill is filled; others are needed",
				 who->person);
	return NULL;
}

/* The signature over what this broker knows the vote to be about. Fills `body`; NULL: it holds. */
static struct hp_value *
refuse_signature(struct hp_call *call, const struct ballot *ballot, struct hp_buf *body)
{
	struct hp_broker *broker = call->broker;
	struct hp_vote vote = {
		.instance = broker->config.instance,
		.request = ballot->row.id,
		.digest = ballot->row.digest,
		.approve = ballot->approve,
		.reason = ballot->reason,
		.by = call->who->name,
		.at_ms = ballot->at_ms,
	};
	int64_t now_ms = broker->clock.wall_ms;
	if (ballot->at_ms < now_ms - HP_LIMIT_VOTE_SKEW_MS ||
	    ballot->at_ms > now_ms + HP_LIMIT_VOTE_SKEW_MS || ballot->at_ms < 0)
		return hp_refuse(call, HP_CODE_bad_signature, "at_ms",
				 "the vote's time is not within 2 minutes of the broker's clock");
	if (hp_vote_encode(&vote, body) != HP_OK || body->failed) {
		broker->fatal = true;
		return NULL;
	}
	if (hp_vote_verify(body->data, body->len, call->who->sign_public, ballot->signature) !=
	    HP_OK)
		return hp_refuse(call, HP_CODE_bad_signature, "signature",
				 "the vote's signature does not verify with \"%s\"'s key",
				 call->who->name);
	return NULL;
}

static void
store_vote(struct hp_call *call, struct ballot *ballot, const struct hp_buf *body)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	struct hp_stored_vote vote = {
		.by = call->who->name,
		.person = call->who->person,
		.approve = ballot->approve,
		.body = {(const char *)body->data, body->len},
		.at_ms = ballot->at_ms,
	};
	memcpy(vote.signature, ballot->signature, sizeof vote.signature);
	memcpy(vote.sign_public, call->who->sign_public, sizeof vote.sign_public);
	if (hp_store_put_vote(broker->store, ballot->row.key, &vote) != HP_OK) {
		hp_store_failed(broker, "storing a vote");
		return;
	}
	broker->counters.votes++;
	ballot->row.approvals = filled_with(call, ballot);
	struct hp_value *leaf = hp_value_map(arena);
	hp_map_set_str(arena, leaf, "decision", ballot->approve ? "approve" : "deny");
	hp_map_set_str(arena, leaf, "person", vote.person);
	hp_map_set_str(arena, leaf, "reason", ballot->reason);
	hp_map_set_bin(arena, leaf, "body", body->data, body->len);
	hp_map_set_bin(arena, leaf, "signature", vote.signature, sizeof vote.signature);
	hp_map_set_bin(arena, leaf, "sign_public", vote.sign_public, sizeof vote.sign_public);
	hp_record(broker, "vote", vote.by, &ballot->row, leaf, true);
}

/* A stored vote's effect on the request's state. */
static enum hp_code
count_vote(struct hp_call *call, struct ballot *ballot)
{
	struct hp_broker *broker = call->broker;
	struct hp_row *row = &ballot->row;
	if (!ballot->approve) {
		row->due = (struct hp_due){0};
		return hp_transition(broker, row, HP_EVENT_DENY, call->who->name, ballot->reason,
				     NULL);
	}
	if (row->approvals < row->needed)
		return hp_transition(broker, row, HP_EVENT_APPROVE, call->who->name, NULL, NULL);
	row->due = hp_clock_after(&broker->clock, hp_policy_times(broker->policy)->grant_ttl_ms);
	struct hp_value *detail = hp_value_map(&broker->arena);
	hp_map_set_int(&broker->arena, detail, "approvals", row->approvals);
	hp_map_set_int(&broker->arena, detail, "deadline_ms", row->due.wall_ms);
	return hp_transition(broker, row, HP_EVENT_QUORUM, call->who->name, ballot->reason, detail);
}

static struct hp_value *
cast(struct hp_call *call, struct ballot *ballot, struct hp_buf *body)
{
	struct hp_broker *broker = call->broker;
	struct hp_row *row = &ballot->row;
	bool open = row->state == HP_STATE_PENDING ||
		    (row->state == HP_STATE_GRANTED && !ballot->approve);
	if (!open)
		return refuse_state(call, row);
	if (memcmp(ballot->digest, row->digest, HP_HASH_BYTES) != 0)
		return hp_refuse(call, HP_CODE_digest_mismatch, "digest",
				 "the digest is not this request's: look at it again");
	if (ballot->approve && broker->disk.low)
		return hp_refuse_again(call, HP_CODE_unavailable,
				       "the broker's disk is nearly full: nothing is approved");
	if (ballot->approve && broker->frozen)
		return hp_refuse(call, HP_CODE_unavailable, NULL,
				 "the broker's clock went backwards: approvals are frozen");
	if (hp_store_votes(broker->store, &broker->arena, row->key, &ballot->votes,
			   &ballot->vote_count) != HP_OK)
		return hp_store_failed(broker, "reading votes");
	struct hp_value *refusal = refuse_person(call, ballot);
	if (!refusal && !broker->fatal)
		refusal = refuse_signature(call, ballot, body);
	if (refusal || broker->fatal)
		return refusal;
	store_vote(call, ballot, body);
	if (!broker->fatal && count_vote(call, ballot) != HP_CODE_ok && !broker->fatal)
		return hp_store_failed(broker, "counting a vote");
	return broker->fatal ? NULL : hp_reply_status(broker, row);
}

struct hp_value *
hp_handle_decide(struct hp_call *call)
{
	struct ballot ballot = {
		.approve = hp_value_is(hp_map_get(call->map, "decision"), "approve"),
		.reason = hp_map_get_str(call->map, "reason", ""),
		.digest = hp_map_get_bin(call->map, "digest", HP_HASH_BYTES),
		.signature = hp_map_get_bin(call->map, "signature", HP_SIGNATURE_BYTES),
		.at_ms = hp_map_get_int(call->map, "at_ms", -1),
	};
	struct hp_value *refusal;
	if (!hp_reply_find(call, &ballot.row, &refusal))
		return refusal;
	/* The reason is signed, kept as it is and shown to everybody: it can only be clean or refused. */
	if (strcmp(ballot.reason, hp_hide_field(call, "reason")) != 0)
		return hp_refuse(call, HP_CODE_malformed, "reason",
				 "the reason holds a secret or personal data, and what is signed "
				 "cannot be redacted: vote again without it");
	struct hp_buf body = {0};
	struct hp_value *reply = cast(call, &ballot, &body);
	hp_buf_release(&body);
	return reply;
}

/* ---- extend, note, settle ---- */

struct hp_value *
hp_handle_extend(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	const struct hp_policy_times *times = hp_policy_times(broker->policy);
	struct hp_row row;
	struct hp_value *refusal;
	if (!hp_reply_find(call, &row, &refusal))
		return refusal;
	if (row.state != HP_STATE_PENDING)
		return refuse_state(call, &row);
	int64_t by_ms = hp_map_get_int(call->map, "by_ms", 0);
	if (by_ms > times->extend_by_ms)
		return hp_refuse(call, HP_CODE_conflict, "by_ms",
				 "the policy extends by at most %lld s at a time",
				 (long long)(times->extend_by_ms / 1000));
	if (row.extensions >= times->extend_times)
		return hp_refuse(call, HP_CODE_conflict, NULL,
				 "the policy extends a request at most %u times",
				 times->extend_times);
	if (row.due.wall_ms + by_ms > row.max_deadline_ms)
		return hp_refuse(call, HP_CODE_conflict, "by_ms",
				 "this would pass the policy's longest deadline");
	const char *reason = hp_hide_field(call, "reason");
	row.due.wall_ms += by_ms;
	row.due.boottime_ms += by_ms;
	row.extensions++;
	enum hp_code code =
		hp_transition(broker, &row, HP_EVENT_EXTEND, call->who->name, reason, NULL);
	if (code != HP_CODE_ok)
		return broker->fatal ? NULL : refuse_state(call, &row);
	struct hp_value *body = hp_value_map(&broker->arena);
	hp_map_set_int(&broker->arena, body, "by_ms", by_ms);
	hp_map_set_int(&broker->arena, body, "deadline_ms", row.due.wall_ms);
	hp_map_set_str(&broker->arena, body, "reason", reason);
	hp_record(broker, "extend", call->who->name, &row, body, true);
	return broker->fatal ? NULL : hp_reply_status(broker, &row);
}

/* Whether one more note fits. Who asked fills at most half, so that reviewers always find room. */
static bool
has_room(const struct hp_call *call, const struct hp_stored_note *notes, size_t count,
	 const char *text)
{
	enum { BESIDE_TEXT = 128 }; /* a note's other fields */
	unsigned share = call->who->roles & HP_ROLE_REVIEWER ? 1 : 2;
	size_t bytes = strlen(text) + BESIDE_TEXT;
	for (size_t i = 0; i < count; i++)
		bytes += strlen(notes[i].text) + BESIDE_TEXT;
	return count < HP_LIMIT_NOTES / share && bytes <= HP_REPLY_NOTES_BYTES / share;
}

struct hp_value *
hp_handle_note(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_row row;
	struct hp_value *refusal;
	if (!hp_reply_find(call, &row, &refusal))
		return refusal;
	if (!(call->who->roles & HP_ROLE_REVIEWER) && !hp_reply_is_requester(call->who, &row))
		return hp_refuse(call, HP_CODE_unauthorised, NULL,
				 "only a reviewer or who asked may add a note");
	if (row.erased_ms) /* once is all: what is added now would stay */
		return hp_refuse(call, HP_CODE_final, NULL, "the request was erased");
	struct hp_stored_note note = {
		.by = call->who->name,
		.text = hp_hide_field(call, "text"),
		.at_ms = broker->clock.wall_ms,
	};
	struct hp_stored_note *notes = NULL;
	size_t count = 0;
	if (hp_store_notes(broker->store, &broker->arena, row.key, &notes, &count) != HP_OK)
		return hp_store_failed(broker, "reading notes");
	if (!has_room(call, notes, count, note.text))
		return hp_refuse(call, HP_CODE_queue_full, NULL,
				 "a request's notes are full: %u notes or %u KiB, half of it for "
				 "who asked", HP_LIMIT_NOTES, HP_REPLY_NOTES_BYTES / 1024);
	if (hp_store_add_note(broker->store, row.key, &note) != HP_OK)
		return hp_store_failed(broker, "storing a note");
	struct hp_value *body = hp_value_map(&broker->arena);
	hp_map_set_str(&broker->arena, body, "text", note.text);
	hp_record(broker, "note", note.by, &row, body, true);
	return broker->fatal ? NULL : hp_reply_status(broker, &row);
}

struct hp_value *
hp_handle_settle(struct hp_call *call)
{
	struct hp_row row;
	struct hp_value *refusal;
	if (!hp_reply_find(call, &row, &refusal))
		return refusal;
	bool succeeded = hp_value_is(hp_map_get(call->map, "result"), "succeeded");
	row.due = (struct hp_due){0};
	enum hp_code code = hp_transition(
		call->broker, &row, succeeded ? HP_EVENT_SETTLE_SUCCEEDED : HP_EVENT_SETTLE_FAILED,
		call->who->name, hp_hide_field(call, "reason"), NULL);
	if (call->broker->fatal)
		return NULL;
	if (code != HP_CODE_ok)
		return hp_refuse(call, code, NULL, "only a request that is unknown can be settled; "
				 "this one is %s", hp_state_name(row.state));
	return hp_reply_status(call->broker, &row);
}
