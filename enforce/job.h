/*
 * job - one claimed request on its way through an executor.
 *
 *   CONFIRM ──lease stands──► ACTION ──ended──► REPORT ──taken──► DONE
 *      │ refused, or nothing starts ──────────► REPORT      │ rolling_back
 *      └ begun before ► NOTE ► DONE                         ├ nothing ran ► REPORT
 *                                     ROLLBACK ◄── HELD ◄───┤ after a halt
 *                                         └► REPORT     └───┴► ROLLBACK
 *
 * Private to executor, whose invariants it keeps. Threads: one.
 */
#ifndef HP_ENFORCE_JOB_H
#define HP_ENFORCE_JOB_H

#include <zmq.h>

#include "core/claimed.h"
#include "enforce/executor.h"
#include "enforce/lease.h"
#include "enforce/output.h"

enum hp_job_phase {
	HP_JOB_CONFIRM,
	HP_JOB_ACTION,
	HP_JOB_REPORT,
	HP_JOB_HELD,
	HP_JOB_ROLLBACK,
	HP_JOB_NOTE,
	HP_JOB_DONE,
};

struct hp_job {
	const struct hp_executor *executor;
	struct hp_arena arena; /* of the job */
	const char *id;
	struct hp_claimed claimed;
	enum hp_job_phase phase;
	struct hp_lease lease;
	bool begun;   /* it is in the ledger, or will never be */
	bool ran;     /* its command was started */
	bool halted;  /* the broker said stop, and has not taken it back */
	bool ending;  /* the executor ends: no rollback is begun */
	const char *why; /* refused, not started or stopped; NULL */

	struct hp_cage cage;
	int64_t deadline_ms;
	struct hp_output output;
	struct hp_buf said; /* redacted, UTF-8 */
	size_t printed_bytes, told_bytes; /* told: of said */
	int64_t heard_ms, told_ms;

	const char *result; /* to be reported */
	bool has_exit_code;
	int exit_code;
	uint64_t report_seq, held_seq; /* 0: not out */
	int64_t report_sent_ms, report_until_ms;
	unsigned connections;
};

/* From a `claimed` reply. HP_NOMEM; anything wrong with it becomes a report. */
HP_MUST_CHECK enum hp_status hp_job_new(const struct hp_executor *executor,
					const struct hp_value *reply, struct hp_job **ret_job);
/* Kills what still runs. */
void hp_job_free(struct hp_job *job);

/* A reply; false: it is not this job's. */
bool hp_job_hear(struct hp_job *job, uint64_t seq, const struct hp_value *reply);
/* What is due; `arena` is of this turn. How long the next poll may take, at most `cap_ms`. */
int hp_job_turn(struct hp_job *job, struct hp_arena *arena, int cap_ms);
/* What to poll for, up to two. */
int hp_job_items(const struct hp_job *job, zmq_pollitem_t items[2]);
/* Stops what runs because the executor ends. */
void hp_job_end(struct hp_job *job);

/* --- job_run.c: the part that runs things --- */

/* Begins the action, or its rollback. HP_OK: it runs; else err says why not. */
HP_MUST_CHECK enum hp_status hp_job_start(struct hp_job *job, bool rollback, struct hp_error *err);
/* Reads what was printed, and its end; true: it has ended, with job->cage.exit_code. */
bool hp_job_watch(struct hp_job *job);
/* Stops it, for a reason. */
void hp_job_stop(struct hp_job *job, const char *why, int grace_ms);

#endif
