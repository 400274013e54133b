/*
 * mcp_ask - one request at the broker, moved by replies and time instead of by waiting.
 *
 *   submitting ─► held ─► granted ─► claiming ─► running ─► reporting ─► over
 *        └───────────┴────────┴─────────┴─► refused     └─► stopped
 *   Before running it can be withdrawn: ─► withdrawing ─► over.
 *
 * Many are open at once on one connection; each sends what its state needs, again when an answer
 * went with a lost connection (ids and nonces make that safe), and hears its replies by their `re`.
 * Invariants:
 *  1. It runs only after `claimed` for our own bytes (enforce/ours.h), and only when wanted: a
 *     grant that nobody waits for is not taken up.
 *  2. Whatever else comes, and nothing in time, is `refused` with its reason.
 *  3. While it runs the lease is renewed; a stop, a refused or unanswered `progress` make it
 *     `stopped` before the lease ends (lifecycle.h 7, 11).
 * Threads: one.
 */
#ifndef HP_ENFORCE_MCP_ASK_H
#define HP_ENFORCE_MCP_ASK_H

#include "core/lifecycle.h"
#include "core/request.h"
#include "proto/client.h"

enum hp_mcp_ask_state {
	HP_MCP_ASK_SUBMITTING,
	HP_MCP_ASK_HELD,
	HP_MCP_ASK_GRANTED,
	HP_MCP_ASK_CLAIMING,
	HP_MCP_ASK_RUNNING,
	HP_MCP_ASK_REPORTING,
	HP_MCP_ASK_WITHDRAWING,
	HP_MCP_ASK_REFUSED, /* `why` */
	HP_MCP_ASK_STOPPED, /* while it ran; `why` */
	HP_MCP_ASK_OVER,
};

struct hp_mcp_ask {
	enum hp_mcp_ask_state state;
	struct hp_arena arena;	      /* of what it keeps */
	struct hp_value *message;     /* the `submit` */
	struct hp_request request;    /* of it */
	const struct hp_value *receipt;
	bool wanted;		      /* to be claimed once granted */
	bool sent;		      /* the broker may have it */
	enum hp_state ended;	      /* why it is refused: denied, expired …; COUNT: otherwise */
	const char *why;	      /* one line, escaped */
	unsigned approvals;	      /* votes that let it through, at the claim */
	uint8_t nonce[16];
	struct hp_value *last;	      /* `report` or `withdraw` */

	uint64_t seq, stop_seq;	      /* out; 0: none */
	unsigned connections;	      /* when they were sent */
	int64_t sent_ms, stop_sent_ms, next_ms; /* next: not before */
	int64_t heard_ms;	      /* of the broker, about this */
	int64_t away_ms;	      /* since when there is no connection; 0: there is */
	int64_t lease_ms, lease_end_ms, progress_ms;
};

/* Begins with `message`, a whole `submit` made in ask->arena, which was zeroed before. HP_INVALID
 * says what is wrong with the request. Release it in any case. */
HP_MUST_CHECK enum hp_status hp_mcp_ask_begin(struct hp_mcp_ask *ask, struct hp_value *message,
					      int64_t now_ms, struct hp_error *err);
/* Forgets it; the broker is told nothing. */
void hp_mcp_ask_release(struct hp_mcp_ask *ask);

/* Whether `reply` was its own. */
bool hp_mcp_ask_hear(struct hp_mcp_ask *ask, uint64_t seq, const struct hp_value *reply,
		     int64_t now_ms);
/* Sends what is due. `scratch` is of this turn. */
void hp_mcp_ask_turn(struct hp_mcp_ask *ask, struct hp_client *client, struct hp_arena *scratch,
		     int64_t now_ms);

/* What ran has ended; or it was granted and is not made after all. */
void hp_mcp_ask_report(struct hp_mcp_ask *ask, bool succeeded, const char *output, int64_t now_ms);
/* Nobody waits any longer, and what it was for was not begun: a claim that was taken is given back
 * as failed. */
void hp_mcp_ask_withdraw(struct hp_mcp_ask *ask, const char *reason, int64_t now_ms);
/* Nothing more will come of it. */
bool hp_mcp_ask_is_over(const struct hp_mcp_ask *ask);

#endif
