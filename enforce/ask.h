/*
 * ask - one request asked, awaited and claimed, for an enforcement point that has nothing else to
 * do meanwhile and lets somebody else run it.
 *
 * Invariants:
 *  1. `granted` only after the broker's `claimed` for this id; the claim is `detached`.
 *  2. What is not waited for any longer is withdrawn.
 *  3. `reason` is one line, escaped, and bounded.
 * Threads: as enforce/talk.h.
 */
#ifndef HP_ENFORCE_ASK_H
#define HP_ENFORCE_ASK_H

#include "core/lifecycle.h"
#include "enforce/talk.h"

struct hp_asked {
	bool granted;
	bool by_person; /* people were asked, whatever they said */
	enum hp_state state; /* the last one heard of; HP_STATE_COUNT: none */
	const char *reason;
};

/* Asks `message`, a whole `submit` with this id, until talk->deadline_ms. HP_OK with an answer,
 * whatever it is; HP_NOMEM. Anything that keeps the broker from saying yes is an answer: no. */
HP_MUST_CHECK enum hp_status hp_ask_detached(struct hp_talk *talk, struct hp_value *message,
					     const char *id, struct hp_asked *ret_asked);

/*
 * Whether the agent (NULL: who asks) and its session (NULL: none) may go on with what needs no
 * grant: `granted` only where the broker says that no halt covers them. Otherwise as above.
 */
HP_MUST_CHECK enum hp_status hp_ask_free(struct hp_talk *talk, const char *agent,
					 const char *session, struct hp_asked *ret_asked);

#endif
