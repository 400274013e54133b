/* The votes of a claim, against the keys of the executor's own file. */
#include <string.h>

#include "core/claimed.h"
#include "core/limits.h"
#include "core/vote.h"

struct ballot {
	const char *by, *person; /* as served */
	struct hp_str body;
	const uint8_t *signature, *sign_public;
	struct hp_vote vote; /* as signed */
};

static enum hp_status
altered(struct hp_error *err, const char *what)
{
	return hp_fail(err, HP_BAD_SIGNATURE, "bad_signature: a vote %s", what);
}

static enum hp_status
read_ballot(struct hp_arena *arena, const struct hp_value *value, struct ballot *ballot,
	    struct hp_error *err)
{
	const struct hp_value *body = hp_map_get(value, "body");
	*ballot = (struct ballot){
		.by = hp_map_get_str(value, "by", ""),
		.person = hp_map_get_str(value, "person", ""),
		.signature = hp_map_get_bin(value, "signature", HP_SIGNATURE_BYTES),
		.sign_public = hp_map_get_bin(value, "sign_public", HP_SIGN_PUBLIC_BYTES),
	};
	if (!body || body->type != HP_BIN || !ballot->signature || !ballot->sign_public)
		return altered(err, "is not whole");
	ballot->body = body->str;
	enum hp_status status =
		hp_vote_decode(arena, body->str.p, body->str.len, &ballot->vote, NULL);
	if (status != HP_OK)
		return status == HP_NOMEM ? status : altered(err, "cannot be read");
	return HP_OK;
}

static const struct hp_boundary_reviewer *
find(const struct hp_boundary *boundary, const char *name)
{
	for (size_t i = 0; i < boundary->reviewer_count; i++)
		if (strcmp(boundary->reviewers[i].name, name) == 0)
			return &boundary->reviewers[i];
	return NULL;
}

/* Whether the vote is what its reviewer signed, about this request. `known` may be NULL: then it
 * must at least agree with itself. */
static enum hp_status
verify(const struct ballot *ballot, const struct hp_boundary_reviewer *known,
       const struct hp_claimed *claimed, const char *instance, struct hp_error *err)
{
	const struct hp_vote *vote = &ballot->vote;
	if (strcmp(ballot->by, vote->by) != 0)
		return altered(err, "is served under another name than it was signed with");
	if (strcmp(vote->instance, instance) != 0 || strcmp(vote->request, claimed->id) != 0 ||
	    !hp_crypto_equal(vote->digest, claimed->digest, HP_HASH_BYTES))
		return altered(err, "is about something else");
	if (known && strcmp(ballot->person, known->person) != 0)
		return altered(err, "is served as another person's");
	if (known && memcmp(ballot->sign_public, known->sign_public, HP_SIGN_PUBLIC_BYTES) != 0)
		return altered(err, "is served with a key that is not in the executor's file");
	enum hp_status status = hp_vote_verify(ballot->body.p, ballot->body.len,
					       known ? known->sign_public : ballot->sign_public,
					       ballot->signature);
	return status == HP_BAD_SIGNATURE ? altered(err, "has a signature that does not verify")
					  : status;
}

/* Distinct persons that approved. */
struct tally {
	const char *persons[HP_LIMIT_QUORUM_SLOTS * HP_LIMIT_QUORUM_SLOTS];
	size_t count;
};

static void
count_person(struct tally *tally, const char *person)
{
	for (size_t i = 0; i < tally->count; i++)
		if (strcmp(tally->persons[i], person) == 0)
			return;
	if (tally->count < sizeof tally->persons / sizeof tally->persons[0])
		tally->persons[tally->count++] = person;
}

static enum hp_status
take(struct hp_arena *arena, const struct hp_value *value, const struct hp_claimed *claimed,
     const struct hp_boundary *boundary, const char *instance, struct tally *tally,
     struct hp_error *err)
{
	struct ballot ballot;
	enum hp_status status = read_ballot(arena, value, &ballot, err);
	if (status != HP_OK)
		return status;
	const struct hp_boundary_reviewer *known = find(boundary, ballot.vote.by);
	status = verify(&ballot, known, claimed, instance, err);
	if (status != HP_OK || !known)
		return status;
	if (!ballot.vote.approve)
		return hp_fail(err, HP_REFUSED, "denied: \"%s\" voted against it", known->name);
	if (strcmp(known->person, claimed->owner) != 0)
		count_person(tally, known->person);
	return HP_OK;
}

/* What the canonical bytes themselves ask for: a broker cannot lower it behind the voters' backs. */
static int64_t
quorum_of(const struct hp_claimed *claimed)
{
	const struct hp_value *slots = hp_map_get(claimed->canonical, "quorum");
	int64_t needed = 0;
	for (size_t i = 0; i < hp_value_count(slots); i++)
		needed += hp_map_get_int(hp_array_get(slots, i), "count", 0);
	return needed;
}

enum hp_status
hp_claimed_check_votes(const struct hp_claimed *claimed, const struct hp_boundary *boundary,
		       const char *instance, struct hp_error *err)
{
	struct hp_arena arena = {0};
	struct tally tally = {.count = 0};
	enum hp_status status = HP_OK;
	int64_t needed = -1;
	for (size_t i = 0; i < boundary->tier_count; i++)
		if (strcmp(boundary->min_votes[i].name, claimed->tier) == 0)
			needed = boundary->min_votes[i].votes;
	if (needed < 0)
		return hp_fail(err, HP_REFUSED,
			       "the executor's file has no \"min_votes\" for the request's tier");
	if (quorum_of(claimed) > needed)
		needed = quorum_of(claimed);
	for (size_t i = 0; i < hp_value_count(claimed->votes) && status == HP_OK; i++)
		status = take(&arena, hp_array_get(claimed->votes, i), claimed, boundary, instance,
			      &tally, err);
	hp_arena_release(&arena); /* what the tally holds is the boundary's */
	if (status == HP_OK && (int64_t)tally.count < needed)
		return hp_fail(err, HP_REFUSED,
			       "%zu of %lld votes needed are by persons that the executor knows",
			       tally.count, (long long)needed);
	return status;
}
