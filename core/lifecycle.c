#include "core/lifecycle.h"

#include <stdint.h>
#include <string.h>

/* A cell holds the next state plus one, so that everything left out is 0: refused. */
#define ON(event) [HP_EVENT_##event]
#define GO(state) (HP_STATE_##state + 1)

/*
 * The whole of a request's life. A state without a row is final. An executor reports a rollback
 * only from `rolling_back`, so that nothing can skip the failure it answers. `granted` still takes
 * a withdrawal: the requester may give up what nobody has claimed. `unknown` takes no report: the
 * lease that allowed one has ended, and a person settles it.
 */
static const uint8_t table[HP_STATE_COUNT][HP_EVENT_COUNT] = {
	[HP_STATE_PENDING] = {
		ON(APPROVE) = GO(PENDING),
		ON(QUORUM) = GO(GRANTED),
		ON(DENY) = GO(DENIED),
		ON(DEADLINE) = GO(EXPIRED),
		ON(EXTEND) = GO(PENDING),
		ON(WITHDRAW) = GO(WITHDRAWN),
		ON(HALT) = GO(HALTED),
	},
	[HP_STATE_GRANTED] = {
		ON(DENY) = GO(DENIED),
		ON(WITHDRAW) = GO(WITHDRAWN),
		ON(HALT) = GO(HALTED),
		ON(CLAIM) = GO(EXECUTING),
		ON(CLAIM_DETACHED) = GO(RELEASED),
		ON(GRANT_TTL) = GO(LAPSED),
	},
	[HP_STATE_EXECUTING] = {
		ON(HALT) = GO(EXECUTING),
		ON(PROGRESS) = GO(EXECUTING),
		ON(SUCCEEDED) = GO(SUCCEEDED),
		ON(FAILED) = GO(FAILED),
		ON(FAILED_ROLLBACK) = GO(ROLLING_BACK),
		ON(LEASE_END) = GO(UNKNOWN),
	},
	[HP_STATE_ROLLING_BACK] = {
		ON(HALT) = GO(ROLLING_BACK),
		ON(PROGRESS) = GO(ROLLING_BACK),
		ON(ROLLED_BACK) = GO(ROLLED_BACK),
		ON(ROLLBACK_FAILED) = GO(ROLLBACK_FAILED),
		ON(LEASE_END) = GO(UNKNOWN),
	},
	[HP_STATE_UNKNOWN] = {
		ON(SETTLE_SUCCEEDED) = GO(SUCCEEDED),
		ON(SETTLE_FAILED) = GO(FAILED),
	},
};

static const char *const state_names[HP_STATE_COUNT] = {
	[HP_STATE_BLOCKED] = "blocked",
	[HP_STATE_PENDING] = "pending",
	[HP_STATE_GRANTED] = "granted",
	[HP_STATE_EXECUTING] = "executing",
	[HP_STATE_SUCCEEDED] = "succeeded",
	[HP_STATE_FAILED] = "failed",
	[HP_STATE_ROLLING_BACK] = "rolling_back",
	[HP_STATE_ROLLED_BACK] = "rolled_back",
	[HP_STATE_ROLLBACK_FAILED] = "rollback_failed",
	[HP_STATE_UNKNOWN] = "unknown",
	[HP_STATE_RELEASED] = "released",
	[HP_STATE_DENIED] = "denied",
	[HP_STATE_EXPIRED] = "expired",
	[HP_STATE_WITHDRAWN] = "withdrawn",
	[HP_STATE_HALTED] = "halted",
	[HP_STATE_LAPSED] = "lapsed",
};

static const char *const event_names[HP_EVENT_COUNT] = {
	[HP_EVENT_APPROVE] = "approve",
	[HP_EVENT_QUORUM] = "quorum",
	[HP_EVENT_DENY] = "deny",
	[HP_EVENT_DEADLINE] = "deadline",
	[HP_EVENT_EXTEND] = "extend",
	[HP_EVENT_WITHDRAW] = "withdraw",
	[HP_EVENT_HALT] = "halt",
	[HP_EVENT_CLAIM] = "claim",
	[HP_EVENT_CLAIM_DETACHED] = "claim_detached",
	[HP_EVENT_GRANT_TTL] = "grant_ttl",
	[HP_EVENT_PROGRESS] = "progress",
	[HP_EVENT_SUCCEEDED] = "succeeded",
	[HP_EVENT_FAILED] = "failed",
	[HP_EVENT_FAILED_ROLLBACK] = "failed_rollback",
	[HP_EVENT_ROLLED_BACK] = "rolled_back",
	[HP_EVENT_ROLLBACK_FAILED] = "rollback_failed",
	[HP_EVENT_LEASE_END] = "lease_end",
	[HP_EVENT_SETTLE_SUCCEEDED] = "settle_succeeded",
	[HP_EVENT_SETTLE_FAILED] = "settle_failed",
};

enum hp_status
hp_lifecycle_step(enum hp_state state, enum hp_event event, enum hp_state *ret_state)
{
	if (hp_state_is_final(state))
		return HP_REFUSED;
	if ((unsigned)event >= HP_EVENT_COUNT || !table[state][event])
		return HP_CONFLICT;
	*ret_state = (enum hp_state)(table[state][event] - 1);
	return HP_OK;
}

/* Read off the table, so that the two cannot differ. What is no state at all never moves. */
bool
hp_state_is_final(enum hp_state state)
{
	if ((unsigned)state >= HP_STATE_COUNT)
		return true;
	for (unsigned event = 0; event < HP_EVENT_COUNT; event++)
		if (table[state][event])
			return false;
	return true;
}

bool
hp_state_is_decided(enum hp_state state)
{
	return state != HP_STATE_PENDING;
}

const char *
hp_state_name(enum hp_state state)
{
	return (unsigned)state < HP_STATE_COUNT ? state_names[state] : "invalid";
}

bool
hp_state_parse(const char *name, enum hp_state *ret_state)
{
	for (unsigned state = 0; name && state < HP_STATE_COUNT; state++) {
		if (strcmp(name, state_names[state]) == 0) {
			*ret_state = (enum hp_state)state;
			return true;
		}
	}
	return false;
}

const char *
hp_event_name(enum hp_event event)
{
	return (unsigned)event < HP_EVENT_COUNT ? event_names[event] : "invalid";
}
