/*
 * replay - what the log says happened, leaf by leaf, and whether it was allowed.
 *
 * The state machine is core/lifecycle's own table; quorums are core/quorum's. The replay holds every
 * leaf to the invariants of core/lifecycle.h: nothing is granted but by the policy's word or by valid
 * votes of distinct, enrolled, unrevoked persons, none of them the owner, on the digest, before the
 * deadline; nothing is claimed without a grant, nor twice, nor by another than its enforcement point;
 * nothing moves outside the table. Who was enrolled, with which key, is what the log said last.
 *
 * Invariants:
 *  1. Memory grows by one index entry (about 100 bytes) a request, by 24 bytes an erased body, and by
 *     what is not yet final; it does not grow with leaves, bodies or finished requests otherwise.
 *  2. A wrong leaf is a problem with its sequence number, never a failure: the replay goes on.
 *  3. A body that is gone is excused by a later leaf `erase` that lists it, of the same request (a
 *     refusal's by any, since its body said which one it named), else it is a problem. What it said cannot be checked; the erased
 *     bodies are counted.
 * Threads: one at a time. Source: lifecycle.md; trust.md "Votes", "Audit log".
 */
#ifndef HP_CORE_REPLAY_H
#define HP_CORE_REPLAY_H

#include "core/checkpoint.h"
#include "core/lifecycle.h"
#include "core/problems.h"
#include "core/quorum.h"

/* A moment by all clocks. */
struct hp_replay_time {
	int64_t wall_ms, boottime_ms;
	uint8_t boot_id[16];
};

struct hp_replay_vote {
	const char *person, *by;
	bool approve, replaced; /* replaced: an approve that the same person's deny took back */
	struct hp_str body;
	uint8_t signature[HP_SIGNATURE_BYTES], sign_public[HP_SIGN_PUBLIC_BYTES];
	int64_t at_ms;
};

struct hp_replay_step {
	enum hp_state state;
	int64_t at_ms;
	const char *by, *reason; /* reason NULL: erased */
};

/* A request as far as the log has told it; its memory ends when its last state has been looked at. */
struct hp_replay_request {
	struct hp_arena arena;
	const char *id;
	uint64_t seq; /* of the latest leaf about it */
	uint8_t digest[HP_HASH_BYTES];
	bool blind; /* a body of it is erased */
	bool known; /* its canonical bytes are */
	const char *requester, *owner, *effect, *audience, *environment, *session, *via;
	uint8_t action_digest[HP_HASH_BYTES];
	unsigned needed;
	struct hp_quorum quorum;
	bool widenings_said; /* by its first leaf; logs of before say nothing */
	struct hp_replay_time submitted;
	struct hp_replay_time due; /* wall_ms 0: none that is known */
	struct hp_replay_step *steps; /* the last one is its state */
	size_t step_count, step_room;
	struct hp_replay_vote *votes;
	size_t vote_count, vote_room;
	unsigned extensions;
	const char *claimer;
	int64_t row_key; /* the hooks' own: its row, … */
	void *row;	 /* … and what they remember of it */
};

/* What looks at the replay's results beside the log. Any may be NULL. */
struct hp_replay_hooks {
	/* Its first leaf; `canonical` (map and bytes) lives as long as the leaf; NULL: erased, or
	 * none that holds. */
	void (*submitted)(void *context, struct hp_replay_request *request,
			  const struct hp_value *canonical, struct hp_str bytes);
	/* No leaf moves it any more: a final state, or the log's end. */
	void (*left)(void *context, struct hp_replay_request *request);
	/* The n-th note of a request. */
	void (*noted)(void *context, uint64_t seq, const char *id, int64_t row_key, unsigned n,
		      const char *by, const struct hp_value *text, int64_t at_ms);
};

struct hp_replay_halt {
	const char *agent, *session, *by, *reason;
	int64_t at_ms;
};

struct hp_replay_counts {
	uint64_t requests, votes, steps, notes, erased;
};

struct hp_replay;
HP_MUST_CHECK enum hp_status hp_replay_new(const char *instance, struct hp_problems *problems,
					   const struct hp_replay_hooks *hooks, void *context,
					   struct hp_replay **ret_replay);
void hp_replay_free(struct hp_replay *replay);

/* The next leaf; `body` NULL: it is gone. `scratch` is the caller's, reset after each leaf.
 * HP_NOMEM. */
HP_MUST_CHECK enum hp_status hp_replay_leaf(struct hp_replay *replay, const struct hp_leaf *leaf,
					    const struct hp_value *body, struct hp_arena *scratch);
/* The log has ended. HP_NOMEM. */
HP_MUST_CHECK enum hp_status hp_replay_finish(struct hp_replay *replay);

const struct hp_replay_counts *hp_replay_counted(const struct hp_replay *replay);
/* What is halted now. Borrowed; the count. */
size_t hp_replay_halted(const struct hp_replay *replay, const struct hp_replay_halt **ret_halts);
/* Whether the log knows a request of this id. */
bool hp_replay_knows(const struct hp_replay *replay, const char *id);

#endif
