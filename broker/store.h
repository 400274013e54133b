/*
 * store - all authoritative state, behind one interface.
 *
 * The broker's memory is only a cache of this. SQLite today (store_sqlite*.c); no SQL stands
 * outside those files, and every change of state is a conditional update, so that a store shared
 * by several brokers can follow.
 *
 * Invariants:
 *  1. Changes happen between hp_store_begin() and hp_store_commit(). A commit that does not return
 *     HP_OK is indeterminate (trust.md, trap 6): send nothing, exit, recover at the next start.
 *  2. hp_store_move() changes a request only from the state the caller saw: HP_CONFLICT otherwise.
 *  3. Leaves, nodes and final states are never changed, only added. Bodies, salts, actions and the
 *     texts of a request that has ended may be erased (set NULL or empty), once.
 *  4. HP_IO from any function here means that the database cannot be trusted any more: exit.
 *  5. What a read returns lives in the caller's arena.
 * Threads: one.
 */
#ifndef HP_BROKER_STORE_H
#define HP_BROKER_STORE_H

#include "core/lifecycle.h"
#include "core/merkle.h"
#include "core/value.h"

struct hp_store;

/* Opens or creates the database file (0600). WAL, synchronous=FULL, STRICT tables, foreign keys;
 * refuses another schema version, and another application's file. */
HP_MUST_CHECK enum hp_status hp_store_open(const char *path, struct hp_store **ret_store,
					   struct hp_error *err);
/* As above, read-only, for verification: no lock is taken, nothing is created, and what is read is
 * one moment's state although a broker goes on writing. HP_NOT_FOUND. Of a database of an older
 * schema the log can be read, requests cannot. */
HP_MUST_CHECK enum hp_status hp_store_open_readonly(const char *path, struct hp_store **ret_store,
						    struct hp_error *err);
/* Read-only, HP_INVALID: what the file holds is damaged. HP_REFUSED: not a database of holdpoint. */
void hp_store_close(struct hp_store *store);
/* After HP_IO: what the file holds is at fault, not the reading of it. */
bool hp_store_is_damaged(const struct hp_store *store);

HP_MUST_CHECK enum hp_status hp_store_begin(struct hp_store *store);
HP_MUST_CHECK enum hp_status hp_store_commit(struct hp_store *store);
void hp_store_rollback(struct hp_store *store);
/* Keeps the WAL bounded; call between transactions, now and then (trap 7). */
HP_MUST_CHECK enum hp_status hp_store_checkpoint_wal(struct hp_store *store);
/* The engine's last words, borrowed, for the log. */
const char *hp_store_error(const struct hp_store *store);

/* ---- requests ---- */

/* When a timer of a request is due: by wall clock, or by boot time if the boot is the same. */
struct hp_due {
	int64_t wall_ms; /* 0: no timer */
	int64_t boottime_ms;
	uint8_t boot_id[16];
};

/* One request. Columns never change after insert but for those under "moves". */
struct hp_row {
	int64_t key; /* order of arrival; set by insert */
	const char *id, *requester, *owner, *via; /* via: gateway's name or "" */
	const char *mode, *session, *audience;	  /* "" for none */
	const char *tier, *effect, *environment, *operation, *resource, *summary;
	struct hp_str classes; /* HP-canon list of str */
	struct hp_str flags;   /* HP-canon list of str */
	int64_t resource_count;
	uint8_t content_hash[32], digest[32], action_digest[32];
	struct hp_str canonical;
	struct hp_str quorum; /* frozen, hp_quorum_freeze() as HP-canon */
	int64_t submitted_ms;
	struct hp_due submitted_at; /* same moment, all clocks */
	int64_t max_deadline_ms;    /* submitted + max_timeout: no extension goes past it */
	unsigned needed;
	/* erasable */
	struct hp_str action; /* HP-canon {action, rollback}; p NULL once erased */
	struct hp_str salt;   /* 32 bytes; p NULL once erased */
	int64_t erased_ms;    /* 0: what was said is all there; else `canonical` is NULL, texts "" */
	const char *erased_by;
	/* moves */
	enum hp_state state;
	const char *reason, *by; /* of the last move; "" for none */
	struct hp_due due;	 /* the state's timer */
	unsigned approvals;
	unsigned extensions;
	const char *claimer; /* "" before a claim */
	uint8_t nonce[16];
	bool has_nonce;
	int64_t lease_ms;
	struct hp_due lease_end_max; /* lease_max from the claim: progress renews no further */
	bool stop; /* an executing request that a halt covers */
};

/* HP_CONFLICT when the id is taken. Sets row->key. Also the first line of its history. Strings must
 * not be NULL; `action` may be (never to be claimed). */
HP_MUST_CHECK enum hp_status hp_store_insert(struct hp_store *store, struct hp_row *row);

/* HP_NOT_FOUND. */
HP_MUST_CHECK enum hp_status hp_store_get(struct hp_store *store, struct hp_arena *arena,
					  const char *id, struct hp_row *ret_row);
HP_MUST_CHECK enum hp_status hp_store_get_key(struct hp_store *store, struct hp_arena *arena,
					      int64_t key, struct hp_row *ret_row);

/*
 * Writes the "moves" columns of `row` where key and state still are (row->key, from). HP_CONFLICT
 * when nothing matched. When row->state differs from `from`, adds a line of history (at_ms, state,
 * by, reason); if the new state is final, also sets `action` and `salt` NULL (the executor's copy
 * ends with the request).
 */
HP_MUST_CHECK enum hp_status hp_store_move(struct hp_store *store, const struct hp_row *row,
					   enum hp_state from, int64_t at_ms);

/* Requests whose timer is due at these clocks, earliest first, at most `limit`. */
HP_MUST_CHECK enum hp_status hp_store_due(struct hp_store *store, struct hp_arena *arena,
					  const struct hp_due *now, size_t limit,
					  struct hp_row **ret_rows, size_t *ret_count);
/* The earliest timer of all as milliseconds from `now` (0: due; -1: none). */
HP_MUST_CHECK enum hp_status hp_store_next_due(struct hp_store *store, const struct hp_due *now,
					       int64_t *ret_in_ms);

enum {
	/* A page ends after so many candidates of the best index, whatever it has found by then:
	 * any peer may ask for any filter, and the broker does nothing else meanwhile. */
	HP_STORE_SEARCHED_ROWS = 20000,
	/* A prefix of an id from this length on finds requests of any age. */
	HP_STORE_ID_PREFIX = 4,
};

struct hp_filter {
	bool has_state;
	enum hp_state state;
	const char *requester, *environment, *tier, *session; /* NULL: any */
	/* NULL: any; else only rows whose requester or gateway (via) has this name … */
	const char *owner_or_requester;
	/* … or whose owner is this person. Names and persons are different name spaces. */
	const char *person;
	const char *text; /* NULL; else case-insensitive part of operation, resource, summary,
			     requester, or a prefix of the id */
	const char *after; /* NULL; else the id of the last item of the page before */
	bool spot_checks;  /* only what waits for a spot check */
	size_t limit;
};
/* Newest first. HP_NOT_FOUND when `after` names nothing. `canonical`, `quorum`, `action` and `salt`
 * stay NULL. */
HP_MUST_CHECK enum hp_status hp_store_list(struct hp_store *store, struct hp_arena *arena,
					   const struct hp_filter *filter,
					   struct hp_row **ret_rows, size_t *ret_count);

/* HP_NOT_FOUND also for an erased one: what is said of it now would not go with it any more. */
HP_MUST_CHECK enum hp_status hp_store_find_key(struct hp_store *store, const char *id,
					       int64_t *ret_key);

/* ---- erasure ---- */

/*
 * Takes the texts out of a request in a final state: canonical bytes, operation, resource, summary,
 * session, audience, reasons, notes, what was signed, and the digests that a guess could be tried
 * on. Who, when, which state, tier, classes and how it was decided stay. Its leaves have bodies of
 * their own. HP_CONFLICT: not final, or erased already.
 */
HP_MUST_CHECK enum hp_status hp_store_erase_request(struct hp_store *store, int64_t key,
						    const char *by, int64_t at_ms);
/* Keys of requests that may be erased and were submitted up to `before_ms`, oldest first. */
HP_MUST_CHECK enum hp_status hp_store_erasable(struct hp_store *store, struct hp_arena *arena,
					       int64_t before_ms, size_t limit,
					       int64_t **ret_keys, size_t *ret_count);

/* Whose erasure takes a leaf's body along: a request's key, or of what was refused and is no
 * request. A leaf that is about neither keeps its body for ever. */
enum { HP_STORE_NOTHING = 0, HP_STORE_REFUSED = -1 };
HP_MUST_CHECK enum hp_status hp_store_add_leaf_about(struct hp_store *store, int64_t about,
						     uint64_t seq, int64_t at_ms);
/* Takes body and salt out of at most `limit` leaves about this, made up to `before_ms`; says which,
 * in order. */
HP_MUST_CHECK enum hp_status hp_store_erase_leaves(struct hp_store *store, struct hp_arena *arena,
						   int64_t about, int64_t before_ms, size_t limit,
						   int64_t **ret_seqs, size_t *ret_count);
/* Moves the write-ahead log into the database and empties it, so that no old page is left in it.
 * HP_UNAVAILABLE: somebody reads an old page just now, try again later. Between transactions. */
HP_MUST_CHECK enum hp_status hp_store_truncate_wal(struct hp_store *store);

/* The oldest granted request of this audience and environment with key > after_key.
 * HP_NOT_FOUND. */
HP_MUST_CHECK enum hp_status hp_store_next_granted(struct hp_store *store, struct hp_arena *arena,
						   const char *audience, const char *environment,
						   int64_t after_key, struct hp_row *ret_row);
/* The request this claimer claimed with this nonce, in any state. HP_NOT_FOUND. */
HP_MUST_CHECK enum hp_status hp_store_by_nonce(struct hp_store *store, struct hp_arena *arena,
					       const char *claimer, const uint8_t nonce[16],
					       struct hp_row *ret_row);
/* Keys of pending, granted, executing and rolling_back requests of this scope (NULL: any). */
HP_MUST_CHECK enum hp_status hp_store_in_scope(struct hp_store *store, struct hp_arena *arena,
					       const char *requester, const char *session,
					       int64_t **ret_keys, size_t *ret_count);
/* Executing requests of this scope (NULL: any) that are told to stop. */
HP_MUST_CHECK enum hp_status hp_store_count_stopping(struct hp_store *store, const char *requester,
						     const char *session, int64_t *ret_count);
/* Sets row.stop of one executing or rolling_back request. HP_CONFLICT when it is in neither. */
HP_MUST_CHECK enum hp_status hp_store_set_stop(struct hp_store *store, int64_t key, bool stop);
/* Whole rows with a key > after_key, the oldest first: for who compares them with the log. */
HP_MUST_CHECK enum hp_status hp_store_rows(struct hp_store *store, struct hp_arena *arena,
					   int64_t after_key, size_t limit,
					   struct hp_row **ret_rows, size_t *ret_count);
/* Rows of each table that a request has parts in; and `strays`: whether the log's tables have rows of
 * a place below 0, which no reader ever comes to. */
struct hp_store_totals {
	int64_t requests, canonicals, votes, notes, steps, strays;
};
HP_MUST_CHECK enum hp_status hp_store_count_rows(struct hp_store *store,
						 struct hp_store_totals *ret_totals);
/* Rows in each state, HP_STATE_COUNT of them. */
HP_MUST_CHECK enum hp_status hp_store_count_states(struct hp_store *store,
						   int64_t ret_counts[HP_STATE_COUNT]);

/* One of an agent's requests, as far as it is counted. */
struct hp_stored_brief {
	enum hp_state state;
	bool approved;	     /* by people: its quorum was reached */
	struct hp_str flags; /* HP-canon list of str */
	int64_t submitted_ms;
};
/* The newest of the agent's requests, at most `most`. */
HP_MUST_CHECK enum hp_status hp_store_newest(struct hp_store *store, struct hp_arena *arena,
					     const char *agent, size_t most,
					     struct hp_stored_brief **ret_briefs,
					     size_t *ret_count);

/* ---- votes, notes, history ---- */

struct hp_stored_vote {
	const char *by, *person;
	bool approve;
	struct hp_str body;
	uint8_t signature[64], sign_public[32];
	int64_t at_ms;
};
/* One vote a person: a deny replaces that person's approve, anything else is HP_CONFLICT.
 * HP_NOT_FOUND: no such request. */
HP_MUST_CHECK enum hp_status hp_store_put_vote(struct hp_store *store, int64_t key,
					       const struct hp_stored_vote *vote);
HP_MUST_CHECK enum hp_status hp_store_votes(struct hp_store *store, struct hp_arena *arena,
					    int64_t key, struct hp_stored_vote **ret_votes,
					    size_t *ret_count);

struct hp_stored_note {
	const char *by, *text;
	int64_t at_ms;
};
HP_MUST_CHECK enum hp_status hp_store_add_note(struct hp_store *store, int64_t key,
					       const struct hp_stored_note *note);
HP_MUST_CHECK enum hp_status hp_store_notes(struct hp_store *store, struct hp_arena *arena,
					    int64_t key, struct hp_stored_note **ret_notes,
					    size_t *ret_count);

struct hp_stored_history {
	int64_t at_ms;
	enum hp_state state;
	const char *by, *reason;
};
HP_MUST_CHECK enum hp_status hp_store_history(struct hp_store *store, struct hp_arena *arena,
					      int64_t key, struct hp_stored_history **ret_history,
					      size_t *ret_count);

/* ---- halts ---- */

struct hp_stored_halt {
	const char *agent, *session; /* "" : all agents; all sessions */
	const char *by, *reason;
	int64_t at_ms;
};
/* HP_CONFLICT when that very scope is halted already / not halted. */
HP_MUST_CHECK enum hp_status hp_store_add_halt(struct hp_store *store,
					       const struct hp_stored_halt *halt);
HP_MUST_CHECK enum hp_status hp_store_remove_halt(struct hp_store *store, const char *agent,
						  const char *session);
HP_MUST_CHECK enum hp_status hp_store_halts(struct hp_store *store, struct hp_arena *arena,
					    struct hp_stored_halt **ret_halts, size_t *ret_count);
/* The oldest that covers this session of an agent. HP_NOT_FOUND: none does. Cost does not depend on
 * how many there are. */
HP_MUST_CHECK enum hp_status hp_store_covering_halt(struct hp_store *store, struct hp_arena *arena,
						    const char *agent, const char *session,
						    struct hp_stored_halt *ret_halt);

/* ---- tasks (core/task.h) ---- */

struct hp_stored_task {
	int64_t key; /* order of opening; set by add */
	const char *agent, *session, *owner, *by, *person, *reason, *environment;
	struct hp_str operations, resources; /* HP-canon lists of str */
	int64_t opened_ms;
	struct hp_due until;
	bool closed; /* by a person */
};
HP_MUST_CHECK enum hp_status hp_store_add_task(struct hp_store *store, struct hp_stored_task *task);
/* The last one of the session, open or not. HP_NOT_FOUND: it never had any. */
HP_MUST_CHECK enum hp_status hp_store_last_task(struct hp_store *store, struct hp_arena *arena,
						const char *agent, const char *session,
						struct hp_stored_task *ret_task);
/* HP_CONFLICT when it is closed. */
HP_MUST_CHECK enum hp_status hp_store_close_task(struct hp_store *store, int64_t key,
						 int64_t at_ms);
/* Those with key > after_key that nobody closed and whose wall clock has not run out, in the order
 * of opening, at most `limit`; of one agent and of one owner's agents (NULL: any). */
HP_MUST_CHECK enum hp_status hp_store_open_tasks(struct hp_store *store, struct hp_arena *arena,
						 const char *agent, const char *owner,
						 int64_t wall_ms, int64_t after_key, size_t limit,
						 struct hp_stored_task **ret_tasks,
						 size_t *ret_count);

/* ---- spot checks ---- */

/* Puts a request into the queue of spot checks. It leaves it when somebody has looked at it, and
 * when its grant ends without having been claimed. */
HP_MUST_CHECK enum hp_status hp_store_sample(struct hp_store *store, int64_t key);
struct hp_stored_spot_check {
	const char *by, *person, *note; /* "" for none */
	bool ok;
	int64_t at_ms;
};
/* One a person: HP_CONFLICT. HP_NOT_FOUND: no such request. */
HP_MUST_CHECK enum hp_status hp_store_add_spot_check(struct hp_store *store, int64_t key,
						     const struct hp_stored_spot_check *check);
HP_MUST_CHECK enum hp_status hp_store_spot_checks(struct hp_store *store, struct hp_arena *arena,
						  int64_t key,
						  struct hp_stored_spot_check **ret_checks,
						  size_t *ret_count);

/* ---- meters: what layer 3 counts (core/gateway.h) ---- */

/* HP_NOT_FOUND: a new one. */
HP_MUST_CHECK enum hp_status hp_store_get_meter(struct hp_store *store, struct hp_arena *arena,
						const char *agent, const char *name,
						struct hp_str *ret_state);
HP_MUST_CHECK enum hp_status hp_store_put_meter(struct hp_store *store, const char *agent,
						const char *name, struct hp_str state);
/* Meters of the agent whose names begin with `prefix`. */
HP_MUST_CHECK enum hp_status hp_store_count_meters(struct hp_store *store, const char *agent,
						   const char *prefix, int64_t *ret_count);
/* Pending requests of the agent, counted up to `most`. */
HP_MUST_CHECK enum hp_status hp_store_count_pending(struct hp_store *store, const char *agent,
						    int64_t most, int64_t *ret_count);

/* What the meters remember of one request. */
struct hp_metered {
	const char *agent;
	int64_t at_ms, cost_micros;
	bool asked; /* people were asked about it */
	int64_t chain_resources, chain_micros; /* what it added to the chains of its classes */
	uint8_t deed[32];
};
HP_MUST_CHECK enum hp_status hp_store_add_metered(struct hp_store *store, int64_t key,
						  const struct hp_metered *metered);
/* HP_NOT_FOUND: a person's request, or one from before there were meters. */
HP_MUST_CHECK enum hp_status hp_store_get_metered(struct hp_store *store, struct hp_arena *arena,
						  int64_t key, struct hp_metered *ret_metered);
HP_MUST_CHECK enum hp_status hp_store_settle_metered(struct hp_store *store, int64_t key,
						     int64_t cost_micros);
/* People denied it; and when they last denied such a deed of this agent (HP_NOT_FOUND: never). */
HP_MUST_CHECK enum hp_status hp_store_deny_metered(struct hp_store *store, int64_t key,
						   int64_t at_ms);
HP_MUST_CHECK enum hp_status hp_store_last_denied(struct hp_store *store, const char *agent,
						  const uint8_t deed[32], int64_t *ret_at_ms);
/* Costs of the agent's requests after `from_ms`, summed by `slice_ms` and by kind. */
struct hp_stored_cost {
	int64_t at_ms, cost_micros;
	bool asked;
};
HP_MUST_CHECK enum hp_status hp_store_costs(struct hp_store *store, struct hp_arena *arena,
					    const char *agent, int64_t from_ms, int64_t slice_ms,
					    struct hp_stored_cost **ret_costs, size_t *ret_count);

/* ---- settings: small named values that must survive (event_seq, last wall clock, …) ---- */

HP_MUST_CHECK enum hp_status hp_store_get_int(struct hp_store *store, const char *name,
					      int64_t fallback, int64_t *ret_value);
HP_MUST_CHECK enum hp_status hp_store_put_int(struct hp_store *store, const char *name,
					      int64_t value);
/* HP_NOT_FOUND. */
HP_MUST_CHECK enum hp_status hp_store_get_text(struct hp_store *store, struct hp_arena *arena,
					       const char *name, const char **ret_text);
HP_MUST_CHECK enum hp_status hp_store_put_text(struct hp_store *store, const char *name,
					       const char *text);

/* ---- the log ---- */

struct hp_stored_leaf {
	uint64_t seq;
	struct hp_str leaf;
	struct hp_str body, salt; /* p NULL once erased */
};
/* HP_CONFLICT when seq is not the next one. */
HP_MUST_CHECK enum hp_status hp_store_add_leaf(struct hp_store *store,
					       const struct hp_stored_leaf *leaf);
HP_MUST_CHECK enum hp_status hp_store_leaves(struct hp_store *store, struct hp_arena *arena,
					     uint64_t from, size_t limit,
					     struct hp_stored_leaf **ret_leaves,
					     size_t *ret_count);
/* The last `limit` leaves about this request, newest first; erased ones are not among them. */
HP_MUST_CHECK enum hp_status hp_store_leaves_about(struct hp_store *store,
						   struct hp_arena *arena, int64_t key,
						   size_t limit,
						   struct hp_stored_leaf **ret_leaves,
						   size_t *ret_count);
HP_MUST_CHECK enum hp_status hp_store_leaf_count(struct hp_store *store, uint64_t *ret_count);
/* Shapes of hp_merkle_get and hp_merkle_put; context is the store. */
enum hp_status hp_store_node_get(void *store, uint64_t index, struct hp_hash *ret_hash);
enum hp_status hp_store_node_put(void *store, uint64_t index, const struct hp_hash *hash);

/* For who reads the log whole: tree nodes from an index on, in their order. */
struct hp_stored_node {
	uint64_t index;
	struct hp_hash hash;
};
HP_MUST_CHECK enum hp_status hp_store_nodes(struct hp_store *store, struct hp_arena *arena,
					    uint64_t from, size_t limit,
					    struct hp_stored_node **ret_nodes, size_t *ret_count);

/* Signed checkpoints kept. */
struct hp_stored_checkpoint {
	uint64_t size;
	struct hp_str text;
};
/* Those of at least `from` leaves, the smallest first. */
HP_MUST_CHECK enum hp_status hp_store_checkpoints(struct hp_store *store, struct hp_arena *arena,
						  uint64_t from, size_t limit,
						  struct hp_stored_checkpoint **ret_checkpoints,
						  size_t *ret_count);
HP_MUST_CHECK enum hp_status hp_store_add_checkpoint(struct hp_store *store, uint64_t size,
						     const char *text);
/* The newest, or NULL in *ret_text when there is none. */
HP_MUST_CHECK enum hp_status hp_store_last_checkpoint(struct hp_store *store,
						      struct hp_arena *arena,
						      uint64_t *ret_size, const char **ret_text);

#endif
