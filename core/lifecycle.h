/*
 * lifecycle - one request's states and what may move it: a const table, nothing else.
 *
 * What is not in the table is refused: `final` in a final state, `conflict` otherwise. The numbered
 * invariants of a request's life; tests cite them by number:
 *  1. Nothing is granted except by policy or by valid votes of distinct, eligible persons, none of
 *     them the owner, on the digest they saw, before the deadline. One person fills one slot.
 *  2. Silence is a no. Timers run before messages in each turn.
 *  3. A final state never changes. The first deny is final; it replaces the same person's approve
 *     and is accepted in `granted` too.
 *  4. A claim succeeds once, only in `granted`. The same nonce repeats the same reply.
 *  5. An acknowledged reply is durable.
 *  6. Every transition, refusal, load and erasure has its leaf in the same transaction.
 *  7. Halt moves pending and granted requests in scope to `halted` in one transaction; executing
 *     ones are told to stop. Only an admin resumes.
 *  8. A restart loses nothing.
 *  9. A disconnected requester may come back and wait.
 * 10. The rollback that runs is the one inside the action digest.
 * 11. An executor stops when its lease ends without an answered progress, and never repeats an id.
 * 12. Group rules freeze at submit; membership, keys and persons are checked at vote and claim.
 *
 *   (submit) ─ policy ─► blocked | pending | granted
 *   pending ──────► granted | denied | expired | withdrawn | halted; approve and extend stay
 *   granted ──────► executing | released | denied | withdrawn | halted | lapsed
 *   executing ────► succeeded | failed | rolling_back | unknown; progress and halt stay
 *   rolling_back ─► rolled_back | rollback_failed | unknown; progress and halt stay
 *   unknown ──────► succeeded | failed, when a person settles it; a late report is a conflict
 *   every other state is final
 *
 * The requester may withdraw until somebody has claimed, in `granted` too. Halt leaves `unknown`
 * alone: nothing of it is known to run.
 * Threads: no state.
 */
#ifndef HP_CORE_LIFECYCLE_H
#define HP_CORE_LIFECYCLE_H

#include <stdbool.h>

#include "core/status.h"

enum hp_state {
	HP_STATE_BLOCKED,
	HP_STATE_PENDING,
	HP_STATE_GRANTED,
	HP_STATE_EXECUTING,
	HP_STATE_SUCCEEDED,
	HP_STATE_FAILED,
	HP_STATE_ROLLING_BACK,
	HP_STATE_ROLLED_BACK,
	HP_STATE_ROLLBACK_FAILED,
	HP_STATE_UNKNOWN,
	HP_STATE_RELEASED,
	HP_STATE_DENIED,
	HP_STATE_EXPIRED,
	HP_STATE_WITHDRAWN,
	HP_STATE_HALTED,
	HP_STATE_LAPSED,
	HP_STATE_COUNT,
};

enum hp_event {
	HP_EVENT_APPROVE,	  /* a vote that leaves the quorum open */
	HP_EVENT_QUORUM,	  /* the vote that fills the quorum */
	HP_EVENT_DENY,
	HP_EVENT_DEADLINE,
	HP_EVENT_EXTEND,
	HP_EVENT_WITHDRAW,
	HP_EVENT_HALT,
	HP_EVENT_CLAIM,
	HP_EVENT_CLAIM_DETACHED,
	HP_EVENT_GRANT_TTL,	  /* granted and unclaimed for grant_ttl */
	HP_EVENT_PROGRESS,
	HP_EVENT_SUCCEEDED,
	HP_EVENT_FAILED,	  /* with nothing to roll back */
	HP_EVENT_FAILED_ROLLBACK, /* with a runnable rollback */
	HP_EVENT_ROLLED_BACK,
	HP_EVENT_ROLLBACK_FAILED,
	HP_EVENT_LEASE_END,
	HP_EVENT_SETTLE_SUCCEEDED,
	HP_EVENT_SETTLE_FAILED,
	HP_EVENT_COUNT,
};

/* HP_OK and the next state (which may be the same); HP_REFUSED when `state` is final;
 * HP_CONFLICT when the event does not fit the state. */
HP_MUST_CHECK enum hp_status hp_lifecycle_step(enum hp_state state, enum hp_event event,
					       enum hp_state *ret_state);

/* No event moves it any more. `released` is final: the host reports nothing. `unknown` is not. */
bool hp_state_is_final(enum hp_state state);
/* A decision has been taken: anything but pending. */
bool hp_state_is_decided(enum hp_state state);

/* The wire's word, and back (false: no such state). */
const char *hp_state_name(enum hp_state state);
bool hp_state_parse(const char *name, enum hp_state *ret_state);
const char *hp_event_name(enum hp_event event);

#endif
