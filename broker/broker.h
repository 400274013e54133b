/*
 * broker - the policy decision point's one state, private to broker/.
 *
 * One thread owns all of this. A turn (loop.c) reads the clock once, runs due timers, drains the
 * sockets into handlers, commits once, and only then lets replies and events out.
 *
 * Invariants (numbers of core/lifecycle.h in brackets):
 *  1. Nothing leaves the outbox before its COMMIT [5]; a claim's reply also waits for the
 *     checkpoint lock.
 *  2. What is authoritative lives in the store; everything here can be rebuilt from it [8].
 *  3. `fatal` means that the store or the log cannot be trusted any more: the turn is abandoned,
 *     nothing is sent, the process exits and the next start recovers.
 *  4. Identity comes from CURVE by ZAP, looked up anew for every message, never from a payload.
 */
#ifndef HP_BROKER_BROKER_H
#define HP_BROKER_BROKER_H

#include "broker/audit.h"
#include "broker/clock.h"
#include "broker/disk.h"
#include "broker/store.h"
#include "core/config.h"
#include "core/limits.h"
#include "core/policy.h"
#include "proto/frames.h"
#include "proto/keyfile.h"
#include "proto/message.h"

/* The two ROUTERs: one for who asks and acts, one for people who decide. */
enum hp_door { HP_DOOR_AGENTS, HP_DOOR_CONTROL, HP_DOOR_COUNT };

struct hp_outbox; /* outbox.h */
struct hp_parking; /* park.h */
struct hp_refusals; /* refusals.h */
struct hp_anchors; /* anchor.h */
struct hp_zap;	   /* zap.h */
struct hp_meters;  /* meters.h */

/* Counters for `stats`; since the start of this process. */
struct hp_counters {
	uint64_t messages, refusals, submits, votes, claims, turns, commits, events;
	uint64_t handshakes_refused, erasures;
};

struct hp_broker {
	/* where and as whom */
	const char *home;
	struct hp_arena config_arena;
	struct hp_config config;
	struct hp_keyfile key;
	uint8_t content_key[HP_HASH_BYTES]; /* of requests' content_hash; made from `key` */
	int run_lock; /* descriptor; -1 none */

	/* what is authoritative, and the rules it is judged by */
	struct hp_store *store;
	struct hp_audit *audit;
	struct hp_policy *policy;
	struct hp_arena principals_arena;
	struct hp_directory *directory;

	/* sockets */
	void *zmq;
	void *sockets[HP_DOOR_COUNT];
	void *events;
	unsigned unbinds, probes; /* so far: they number monitors, whose inproc names are free late */
	struct hp_zap *zap;

	/* this turn */
	struct hp_clock clock;
	struct hp_arena arena;
	struct hp_disk disk;
	bool frozen; /* the wall clock is behind the last leaf: nothing is granted or claimed */
	bool fatal;
	uint64_t heard;		 /* the connection that spoke last */
	int64_t shared_until_ms; /* boot time: until then a turn is short, since two have spoken */
	bool agents_waited;	 /* the last turn was for the control socket alone */
	bool checkpoint_now; /* a reply of this turn needs the lock to be durable */

	/* caches */
	struct hp_outbox *outbox;
	struct hp_parking *parking;
	struct hp_refusals *refusals;
	struct hp_meters *meters;
	struct hp_anchors *anchors; /* NULL: none */
	uint64_t event_seq; /* last one given out */
	bool event_seq_changed;
	int64_t checkpoint_due_ms; /* boot time; 0: nothing unsigned */
	uint64_t checkpoint_told;  /* size of the one whose event was sent last */
	uint64_t checkpoint_anchored; /* of the one given to the anchors last */
	int64_t erase_due_ms; /* boot time: when to look for what is to be erased by age */
	bool erased_wal;      /* the write-ahead log has what was erased, and is to be emptied */
	bool erased_wal_said; /* that it cannot be yet */
	struct hp_counters counters;
};

/* The connection that a message came in by (park.c looks whether it is still there). */
struct hp_peer {
	int fd;		/* -1: libzmq does not tell */
	uint64_t inode; /* of the socket; 0: not looked at yet */
};

/* One message being answered. */
struct hp_call {
	struct hp_broker *broker;
	const struct hp_principal *who;
	enum hp_door door;
	int64_t uid; /* of an ipc peer; -1 otherwise */
	struct hp_peer peer;
	enum hp_message type;
	uint64_t seq;
	const struct hp_value *map;
	struct hp_envelope *envelope; /* taken over by hp_park_… */
};

/* Answers one message: a reply in the turn's arena, or NULL when the call was parked or the broker
 * is fatal. */
typedef struct hp_value *hp_handler(struct hp_call *call);

/* handlers, one file a family */
hp_handler hp_handle_hello, hp_handle_ping, hp_handle_stats, hp_handle_reload;
hp_handler hp_handle_submit, hp_handle_withdraw;
hp_handler hp_handle_wait, hp_handle_list, hp_handle_show;
hp_handler hp_handle_decide, hp_handle_extend, hp_handle_note, hp_handle_settle;
hp_handler hp_handle_claim, hp_handle_progress, hp_handle_report;
hp_handler hp_handle_halt, hp_handle_resume;
hp_handler hp_handle_agents;
hp_handler hp_handle_task, hp_handle_tasks, hp_handle_task_close;
hp_handler hp_handle_spot_check;
hp_handler hp_handle_audit, hp_handle_checkpoint, hp_handle_proof, hp_handle_erase;

/* ---- broker.c: life ---- */

/* Everything in one auditable order; HP_OK and a broker that accepts connections, or a message that
 * says which step failed. `confine`: this process serves and does nothing else (confine.h). */
HP_MUST_CHECK enum hp_status hp_broker_open(const char *home, bool confine,
					    struct hp_broker **ret_broker, struct hp_error *err);
void hp_broker_close(struct hp_broker *broker);

/*
 * Accepts the instance's database as it is, although the checkpoint lock does not vouch for it: a
 * leaf says why, and the lock is replaced. Serves nothing. HP_CONFLICT: the log does not even agree
 * with itself, or a broker serves it.
 */
HP_MUST_CHECK enum hp_status hp_broker_rebase(const char *home, const char *reason,
					      uint64_t *ret_size, struct hp_error *err);

/* Signs what is committed, keeps it (hp_audit_checkpoint) and gives it to the anchors. */
HP_MUST_CHECK enum hp_status hp_broker_checkpoint(struct hp_broker *broker, struct hp_error *err);

/* ---- loop.c ---- */

/* Serves until SIGTERM or SIGINT on `signal_fd` (0), or until fatal (1). */
int hp_broker_serve(struct hp_broker *broker, int signal_fd);

/* One transaction's worth of work at the clock in broker->clock; tests call it with their own. */
void hp_broker_turn(struct hp_broker *broker);

/* ---- timers.c ---- */

/* Moves requests whose timer is due, a bounded number in one turn. */
void hp_timers_run(struct hp_broker *broker);
/* Moves this one if its timer is due: handlers call it before they judge a row they have read. */
void hp_timer_run_one(struct hp_broker *broker, struct hp_row *row);

/* ---- dispatch.c ---- */

/* Decodes, identifies, checks and answers one message into the outbox. */
void hp_dispatch(struct hp_broker *broker, enum hp_door door, struct hp_frames *frames);

/* An error reply, and the refusal's leaf. `field` may be NULL. */
struct hp_value *hp_refuse(struct hp_call *call, enum hp_code code, const char *field,
			   const char *format, ...) HP_PRINTF(4, 5);

/* The store failed: marks the broker fatal and returns NULL, for handlers to return. */
struct hp_value *hp_store_failed(struct hp_broker *broker, const char *doing);

/* ---- transition.c ---- */

/*
 * Moves `row` by `event`: table, conditional update, leaf, event, waiters, all in this turn's
 * transaction. row->due must hold the new state's timer. `reason` and `detail` (a map, merged into
 * the leaf's body) may be NULL. HP_CODE_ok, or why not (final, conflict); nothing is changed then.
 */
enum hp_code hp_transition(struct hp_broker *broker, struct hp_row *row, enum hp_event event,
			   const char *actor, const char *reason, struct hp_value *detail);

/* A leaf, and with `publish` the event of the same topic. `row` may be NULL; body may be NULL. */
void hp_record(struct hp_broker *broker, const char *topic, const char *actor,
	       const struct hp_row *row, struct hp_value *body, bool publish);

/* A leaf whose body goes with what it is `about` (store.h), though `row` may be another or NULL.
 * hp_record() is about its row. */
void hp_record_about(struct hp_broker *broker, const char *topic, const char *actor,
		     const struct hp_row *row, int64_t about, struct hp_value *body);

/* ---- load.c: policy and principals ---- */

/* Reads both from the instance (load.c says what is taken when one of them is broken). Adds their
 * leaves (in an open transaction) and cuts off subscribers whose key is gone. Principals move in
 * memory: a caller's struct hp_principal is invalid afterwards. */
HP_MUST_CHECK enum hp_status hp_broker_load(struct hp_broker *broker, const char *actor,
					    struct hp_error *err);

/* ---- halts ---- */

/* Whether a halt covers this agent and session. A store failure counts as halted and is fatal. */
bool hp_halted(struct hp_broker *broker, const char *agent, const char *session);

/* ---- tasks (handle_task.c) ---- */

/* Adds to `verdict` what the session's task says of a request (core/task.h); at submit and at claim.
 * Fatal on a store failure. */
HP_MUST_CHECK enum hp_status hp_judge_task(struct hp_broker *broker,
					   const struct hp_principal *requester,
					   const struct hp_request *request,
					   struct hp_verdict *verdict, struct hp_error *err);

/*
 * Puts into a leaf of a request that is told to stop how long ago the earliest halt that covers it
 * was, as `name`; and when it `stops` now, how many others of that halt still run, as `stopping`.
 * Where those are 0 the leaf measures how fast the halt took hold (Art. 14).
 */
void hp_halt_measure(struct hp_broker *broker, const struct hp_row *row, const char *name,
		     bool stops, struct hp_value *body);

/* ---- gateways (handle_submit.c) ---- */

/* The agent of this name if this gateway speaks for it and both are in force; NULL otherwise. */
const struct hp_principal *hp_spoken_for(const struct hp_broker *broker,
					 const struct hp_principal *gateway, const char *agent);

/* Whom a message is about: its sender, or the agent that its gateway names in `for`. NULL:
 * *ret_refusal says why not. */
const struct hp_principal *hp_find_requester(struct hp_call *call, struct hp_value **ret_refusal);

/* ---- voters (handle_decide.c) ---- */

/* Places filled by the votes of `row` whose voters are still enrolled, unrevoked reviewers with the
 * same key and person, none of them the owner. Fatal on a store failure (returns 0). */
unsigned hp_votes_standing(struct hp_broker *broker, const struct hp_row *row,
			   const struct hp_stored_vote *votes, size_t count);

#endif
