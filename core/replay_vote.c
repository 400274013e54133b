/* Votes: signed, by whom they must be, in time; and quorums made of them. */
#include <string.h>

#include "core/limits.h"
#include "core/replay_private.h"
#include "core/vote.h"

/* What a leaf `vote` says. */
struct ballot {
	struct hp_str bytes; /* what was signed */
	const uint8_t *signature, *key;
	const char *person;
	struct hp_vote vote;
};

static bool
same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Taken apart, its signature verified. */
static bool
read_ballot(struct hp_replay *replay, struct ballot *ballot)
{
	const struct hp_value *bytes = hp_map_get(replay->body, "body");
	ballot->signature = hp_map_get_bin(replay->body, "signature", HP_SIGNATURE_BYTES);
	ballot->key = hp_map_get_bin(replay->body, "sign_public", HP_SIGN_PUBLIC_BYTES);
	ballot->person = hp_map_get_str(replay->body, "person", "");
	if (!bytes || bytes->type != HP_BIN || !ballot->signature || !ballot->key)
		return hp_replay_bad(replay, "the vote lacks its body, signature or key");
	ballot->bytes = bytes->str;
	if (hp_vote_verify(bytes->str.p, bytes->str.len, ballot->key, ballot->signature) != HP_OK)
		return hp_replay_bad(replay, "the vote's signature does not verify");
	if (hp_vote_decode(replay->scratch, bytes->str.p, bytes->str.len, &ballot->vote, NULL) !=
	    HP_OK)
		return hp_replay_bad(replay, "the vote does not have its eight keys");
	if (!*ballot->person)
		return hp_replay_bad(replay, "the vote is nobody's");
	return true;
}

/* What was signed is about this request and says what the leaf says. */
static bool
check_subject(struct hp_replay *replay, const struct hp_replay_request *request,
	      const struct ballot *ballot)
{
	const struct hp_vote *vote = &ballot->vote;
	const char *decision = vote->approve ? "approve" : "deny";
	const char *about = !same(vote->request, replay->leaf->request)   ? "request"
			    : !same(vote->instance, replay->instance)	   ? "instance"
			    : !same(vote->by, replay->leaf->actor)	   ? "by"
			    : !hp_value_is(hp_map_get(replay->body, "decision"), decision)
				    ? "decision"
			    : request->known && memcmp(vote->digest, request->digest, HP_HASH_BYTES)
				    ? "digest"
				    : NULL;
	if (about)
		return hp_replay_bad(replay, "the vote is about another %s", about);
	int64_t skew;
	if (__builtin_sub_overflow(vote->at_ms, replay->leaf->wall_ms, &skew) ||
	    skew < -HP_LIMIT_VOTE_SKEW_MS || skew > HP_LIMIT_VOTE_SKEW_MS)
		return hp_replay_bad(replay, "the vote was signed more than two minutes away from "
					     "its leaf");
	return true;
}

/* Who cast it was enrolled then, with that key, as that person, and may decide. */
static bool
check_voter(struct hp_replay *replay, const struct hp_replay_request *request,
	    const struct ballot *ballot)
{
	const char *name = replay->leaf->actor, *person = ballot->person;
	const struct hp_replay_person *who = hp_replay_people_find(&replay->people, name);
	bool approve = ballot->vote.approve;
	if (!replay->people.known)
		return hp_replay_bad(replay, "a vote, and no leaf says who was enrolled");
	if (!who)
		return hp_replay_bad(replay, "\"%s\" was no principal at that time", name);
	if (who->revoked)
		return hp_replay_bad(replay, "\"%s\" was no principal at that time: revoked", name);
	if (!same(who->person, person))
		return hp_replay_bad(replay, "\"%s\" is not the person \"%s\"", name, person);
	if (!who->has_sign || memcmp(who->sign_public, ballot->key, HP_SIGN_PUBLIC_BYTES) != 0)
		return hp_replay_bad(replay, "the key is not \"%s\"'s", name);
	if (approve && request->known &&
	    (hp_replay_owns(replay, request, person) || same(name, request->requester)))
		return hp_replay_bad(replay, "the owner approved");
	if (!(who->roles & HP_ROLE_REVIEWER) &&
	    (approve || (request->known && !hp_replay_owns(replay, request, person))))
		return hp_replay_bad(replay, "\"%s\" is no reviewer", name);
	return true;
}

/* The state takes such a vote, now, and this person has not cast it before. */
static bool
check_moment(struct hp_replay *replay, const struct hp_replay_request *request,
	     const struct ballot *ballot)
{
	bool approve = ballot->vote.approve;
	enum hp_state state = request->step_count ? request->steps[request->step_count - 1].state
						  : HP_STATE_PENDING;
	if (state != HP_STATE_PENDING && (approve || state != HP_STATE_GRANTED))
		return hp_replay_bad(replay, "a vote on a request that is %s",
				     hp_state_name(state));
	if (approve && hp_replay_is_late(replay, &request->due))
		return hp_replay_bad(replay, "approved after the deadline");
	if (approve && hp_replay_frozen(replay))
		return hp_replay_bad(replay, "approved while the clock was behind the log");
	for (size_t i = 0; i < request->vote_count; i++) {
		const struct hp_replay_vote *other = &request->votes[i];
		if (same(other->person, ballot->person) && !other->replaced &&
		    (approve || !other->approve))
			return hp_replay_bad(replay, "a second vote of \"%s\"", ballot->person);
	}
	return true;
}

static struct hp_replay_vote *
add_vote(struct hp_replay_request *request)
{
	if (request->vote_count == request->vote_room) {
		size_t room = request->vote_room ? request->vote_room * 2 : 2;
		struct hp_replay_vote *more =
			hp_arena_array(&request->arena, room, sizeof *more);
		if (!more)
			return NULL;
		if (request->vote_count)
			memcpy(more, request->votes, request->vote_count * sizeof *more);
		request->votes = more;
		request->vote_room = room;
	}
	return &request->votes[request->vote_count++];
}

void
hp_replay_vote(struct hp_replay *replay, struct hp_replay_request *request)
{
	struct ballot ballot = {0};
	replay->counts.votes++;
	if (!replay->body || !read_ballot(replay, &ballot) ||
	    !check_subject(replay, request, &ballot) || !check_voter(replay, request, &ballot) ||
	    !check_moment(replay, request, &ballot))
		return;
	for (size_t i = 0; i < request->vote_count; i++)
		if (same(request->votes[i].person, ballot.person))
			request->votes[i].replaced = true;
	struct hp_replay_vote *vote = add_vote(request);
	if (!vote)
		return;
	*vote = (struct hp_replay_vote){
		.person = hp_arena_strdup(&request->arena, ballot.person),
		.by = hp_arena_strdup(&request->arena, ballot.vote.by),
		.approve = ballot.vote.approve,
		.body = {hp_arena_copy(&request->arena, ballot.bytes.p, ballot.bytes.len),
			 ballot.bytes.len},
		.at_ms = ballot.vote.at_ms,
	};
	memcpy(vote->signature, ballot.signature, sizeof vote->signature);
	memcpy(vote->sign_public, ballot.key, sizeof vote->sign_public);
}

/* The voter as enrolled now, if the approve still counts (lifecycle invariant 12). */
static const struct hp_replay_person *
standing(const struct hp_replay *replay, const struct hp_replay_request *request,
	 const struct hp_replay_vote *vote)
{
	const struct hp_replay_person *who = hp_replay_people_find(&replay->people, vote->by);
	if (vote->replaced || !vote->approve || !who || who->revoked ||
	    !(who->roles & HP_ROLE_REVIEWER) || !who->has_sign ||
	    !same(who->person, vote->person) || hp_replay_owns(replay, request, vote->person) ||
	    memcmp(who->sign_public, vote->sign_public, HP_SIGN_PUBLIC_BYTES) != 0)
		return NULL;
	return who;
}

void
hp_replay_check_quorum(struct hp_replay *replay, struct hp_replay_request *request,
		       const char *what)
{
	size_t count = 0, approvals = 0;
	struct hp_voter *voters =
		hp_arena_array(replay->scratch, request->vote_count + 1, sizeof *voters);
	if (!voters)
		return;
	for (size_t i = 0; i < request->vote_count; i++) {
		const struct hp_replay_vote *vote = &request->votes[i];
		const struct hp_replay_person *who = standing(replay, request, vote);
		approvals += vote->approve && !vote->replaced;
		if (!who)
			continue;
		voters[count++] = (struct hp_voter){
			.person = who->person,
			.groups = who->groups,
			.group_count = who->group_count,
		};
	}
	unsigned filled = hp_quorum_filled(&request->quorum, voters, count,
					   hp_replay_age_ms(replay, &request->submitted));
	if (filled >= request->needed)
		return;
	if (approvals < request->needed)
		hp_replay_bad(replay, "%s with %zu of %u persons", what, approvals,
			      request->needed);
	else if (count < approvals)
		hp_replay_bad(replay, "%s although %zu of its %zu votes counted no more: revoked "
				      "or changed", what, approvals - count, approvals);
	else
		hp_replay_bad(replay, "%s by persons whose groups fill %u of %u places", what,
			      filled, request->needed);
}
