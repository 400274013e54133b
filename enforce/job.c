#include "enforce/job.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lifecycle.h"
#include "core/limits.h"
#include "core/text.h"
#include "enforce/spawn.h"

enum {
	HALT_GRACE_MS = 400,	/* a halt is over within a second, stubborn programs too */
	STOP_GRACE_MS = 2000,	/* our own limits give more time for a last word */
	LEASE_MARGIN_MS = 1500, /* everything is dead when the lease ends */
	REPLY_MS = 10000,	/* a report is said again after so much silence */
	REPORT_MS = 120000,	/* and given up after so much */
	HELD_POLL_MS = 2000,
	TEXT_EVERY_MS = 1000, /* each text is a leaf of the log */
	QUIET_MS = 100,
	REPORT_BYTES = 60 * 1024, /* of HP_LIMIT_STRING_BYTES; the rest is for what we add */
};

static HP_PRINTF(2, 3) void
tell(const struct hp_job *job, const char *format, ...)
{
	char text[800], line[900];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	snprintf(line, sizeof line, "%s: %s", job->id, text);
	if (job->executor->tell)
		job->executor->tell(job->executor->context, line);
}

/* --- what is to be reported --- */

static void
will_report(struct hp_job *job, const char *result, const char *why)
{
	if (why)
		job->why = why;
	job->result = result;
	job->phase = HP_JOB_REPORT;
	job->report_seq = 0;
	job->report_until_ms = hp_enforce_now_ms() + REPORT_MS;
	tell(job, "%s%s%s", result, job->why ? ": " : "", job->why ? job->why : "");
}

/* Nothing was run, and nothing will be. */
static void
refuse(struct hp_job *job, const struct hp_error *err)
{
	const char *why = hp_text_safe(&job->arena, err->message, 0);
	job->begun = true;
	will_report(job, "failed", why ? why : "refused");
}

/* The last of what it printed, and why it was stopped. */
static const char *
report_output(const struct hp_job *job, struct hp_arena *arena)
{
	const char *text = hp_buf_text(&job->said);
	size_t len = job->said.len, from = len > REPORT_BYTES ? len - REPORT_BYTES : 0;
	while (from < len && ((unsigned char)text[from] & 0xc0) == 0x80)
		from++;
	if (job->why && len == 0)
		return job->why;
	const char *output =
		hp_arena_printf(arena, "%s%s%s%s%s", from ? "[the beginning is left out]\n" : "",
				text + from, job->why ? "\n[" : "", job->why ? job->why : "",
				job->why ? "]" : "");
	return output ? output : "";
}

static void
send_report(struct hp_job *job, struct hp_arena *arena)
{
	struct hp_client *client = job->executor->client;
	int64_t now_ms = hp_enforce_now_ms();
	if (job->report_seq && now_ms - job->report_sent_ms < REPLY_MS)
		return;
	if (now_ms > job->report_until_ms) {
		tell(job, "the result could not be reported; the request will be in state unknown");
		job->phase = HP_JOB_DONE;
		return;
	}
	struct hp_value *map = hp_value_map(arena);
	const char *output = report_output(job, arena);
	hp_map_set_str(arena, map, "type", "report");
	hp_map_set_str(arena, map, "id", job->id);
	hp_map_set_str(arena, map, "result", job->result);
	if (job->has_exit_code)
		hp_map_set_int(arena, map, "exit_code", job->exit_code);
	if (*output)
		hp_map_set_str(arena, map, "output", output);
	uint64_t seq;
	if (hp_client_send(client, arena, map, &seq, NULL) != HP_OK)
		return;
	job->report_seq = seq;
	job->report_sent_ms = now_ms;
}

/* --- the rollback that was approved with it --- */

static void
begin_rollback(struct hp_job *job)
{
	struct hp_error err = {0};
	job->why = NULL;
	job->has_exit_code = false;
	if (hp_job_start(job, true, &err) != HP_OK) {
		will_report(job, "rollback_failed", hp_text_safe(&job->arena, err.message, 0));
		return;
	}
	tell(job, "rolling back");
	job->phase = HP_JOB_ROLLBACK;
}

/* The broker waits for the second word. */
static void
answer_failure(struct hp_job *job, bool stopped)
{
	job->halted |= stopped;
	if (!job->ran) {
		job->has_exit_code = false;
		will_report(job, "rolled_back", "nothing was run, so there is nothing to undo");
	} else if (job->ending) {
		will_report(job, "rollback_failed", "the executor ended before the rollback");
	} else if (job->halted) {
		tell(job, "halted: the rollback waits for an admin");
		job->phase = HP_JOB_HELD;
	} else {
		begin_rollback(job);
	}
}

static void
hear_report(struct hp_job *job, const struct hp_value *reply)
{
	job->report_seq = 0;
	if (hp_client_code(reply) != HP_CODE_ok) {
		/* An earlier try had arrived, or the lease had ended: it is not ours any more. */
		tell(job, "the report was not taken: %.300s",
		     hp_text_safe(&job->arena, hp_map_get_str(reply, "message", ""), 0));
		job->phase = HP_JOB_DONE;
		return;
	}
	if (hp_value_is(hp_map_get(reply, "state"), hp_state_name(HP_STATE_ROLLING_BACK)) &&
	    strcmp(job->result, "failed") == 0)
		answer_failure(job, hp_map_get_bool(reply, "stop", false));
	else
		job->phase = HP_JOB_DONE;
}

static void
send_held(struct hp_job *job, struct hp_arena *arena)
{
	struct hp_client *client = job->executor->client;
	uint64_t seq;
	if (job->ending) {
		will_report(job, "rollback_failed", "the executor ended before the rollback");
		return;
	}
	if (job->held_seq)
		return;
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "wait");
	hp_map_set_str(arena, map, "id", job->id);
	hp_map_set_str(arena, map, "until", "done");
	hp_map_set_int(arena, map, "timeout_ms", HELD_POLL_MS);
	if (hp_client_send(client, arena, map, &seq, NULL) == HP_OK)
		job->held_seq = seq;
}

static void
hear_held(struct hp_job *job, const struct hp_value *reply)
{
	job->held_seq = 0;
	if (hp_client_code(reply) != HP_CODE_ok ||
	    !hp_value_is(hp_map_get(reply, "state"), hp_state_name(HP_STATE_ROLLING_BACK))) {
		tell(job, "the rollback is not ours to run any more");
		job->phase = HP_JOB_DONE;
	} else if (!hp_map_get_bool(reply, "stop", true)) {
		job->halted = false;
		begin_rollback(job);
	}
}

/* --- beginning --- */

enum hp_status
hp_job_new(const struct hp_executor *executor, const struct hp_value *reply,
	   struct hp_job **ret_job)
{
	struct hp_job *job = calloc(1, sizeof *job);
	struct hp_error err = {0};
	if (!job)
		return HP_NOMEM;
	job->executor = executor;
	job->cage = (struct hp_cage){.control = -1, .result = -1, .output = -1};
	const struct hp_value *own = hp_value_copy(&job->arena, reply);
	job->id = hp_text_safe(&job->arena, hp_map_get_str(own, "id", ""), 0);
	if (!own || job->arena.failed) {
		hp_job_free(job);
		return HP_NOMEM;
	}
	hp_lease_begin(&job->lease, executor->client, job->id,
		       hp_map_get_int(own, "lease_ms", 0));
	job->connections = hp_client_connections(executor->client);
	enum hp_status status =
		hp_claimed_open(&job->arena, own, executor->instance, &job->claimed, &err);
	if (status == HP_OK)
		status = hp_claimed_check_votes(&job->claimed, executor->boundary,
						executor->instance, &err);
	if (status == HP_OK)
		status = hp_claimed_check_bounds(&job->claimed, executor->boundary, &err);
	if (status != HP_OK)
		refuse(job, &err);
	*ret_job = job;
	return HP_OK;
}

void
hp_job_free(struct hp_job *job)
{
	if (!job)
		return;
	hp_cage_release(&job->cage);
	hp_output_release(&job->output);
	hp_buf_release(&job->said);
	hp_arena_release(&job->arena);
	free(job);
}

/* The lease stands: now or never. */
static void
begin(struct hp_job *job)
{
	struct hp_error err = {0};
	if (job->halted || job->ending) {
		hp_fail(&err, HP_REFUSED, "%s before it had begun",
			job->halted ? "halted" : "the executor ended");
		refuse(job, &err);
		return;
	}
	enum hp_status status = hp_ledger_begin(job->executor->ledger, job->id, &err);
	job->begun = true;
	if (status == HP_CONFLICT) {
		job->why = "refused: this executor has begun it before, and does not know how "
			   "that ended";
		tell(job, "%s", job->why);
		job->phase = HP_JOB_NOTE;
		return;
	}
	if (status == HP_OK)
		status = hp_job_start(job, false, &err);
	if (status != HP_OK) {
		refuse(job, &err);
		return;
	}
	job->ran = true;
	job->phase = HP_JOB_ACTION;
	tell(job, "runs");
}

/* --- replies --- */

static bool
is_running(const struct hp_job *job)
{
	return job->phase == HP_JOB_ACTION || job->phase == HP_JOB_ROLLBACK;
}

static void
hear_lease(struct hp_job *job, enum hp_lease_word word)
{
	if (word == HP_LEASE_STOP) {
		job->halted = true;
		if (is_running(job))
			hp_job_stop(job, "halted", HALT_GRACE_MS);
	} else if (word == HP_LEASE_OVER) {
		if (is_running(job)) {
			hp_job_stop(job, "the broker says that the claim has ended", HALT_GRACE_MS);
		} else if (job->phase != HP_JOB_REPORT) {
			tell(job, "the claim has ended");
			job->begun = true;
			job->phase = HP_JOB_DONE;
		}
	}
	if (job->phase == HP_JOB_CONFIRM && job->lease.confirmed)
		begin(job);
}

bool
hp_job_hear(struct hp_job *job, uint64_t seq, const struct hp_value *reply)
{
	enum hp_lease_word word = hp_lease_hear(&job->lease, seq, reply);
	if (word != HP_LEASE_NOT_MINE)
		hear_lease(job, word);
	else if (seq && seq == job->report_seq)
		hear_report(job, reply);
	else if (seq && seq == job->held_seq)
		hear_held(job, reply);
	else
		return false;
	return true;
}

/* --- turns --- */

/* What has been printed since, at most one message; NULL: nothing to say yet. */
static const char *
next_text(struct hp_job *job, struct hp_arena *arena)
{
	int64_t now_ms = hp_enforce_now_ms();
	size_t waiting = job->said.len - job->told_bytes;
	if (!is_running(job) || !waiting || now_ms - job->told_ms < TEXT_EVERY_MS ||
	    (now_ms - job->heard_ms < QUIET_MS && now_ms - job->told_ms < 2 * TEXT_EVERY_MS))
		return NULL;
	const char *text = hp_buf_text(&job->said) + job->told_bytes;
	enum { LEFT_OUT_BYTES = 40, MOST = HP_LIMIT_REASON_BYTES - LEFT_OUT_BYTES };
	if (waiting <= MOST)
		return hp_arena_copy(arena, text, waiting);
	size_t skip = waiting - MOST;
	while (((unsigned char)text[skip] & 0xc0) == 0x80)
		skip++;
	return hp_arena_printf(arena, "[%zu bytes left out]\n%s", skip, text + skip);
}

static void
mind_lease(struct hp_job *job, struct hp_arena *arena)
{
	const char *text = job->phase == HP_JOB_NOTE ? job->why : next_text(job, arena);
	if (job->phase == HP_JOB_REPORT || job->phase == HP_JOB_DONE)
		return;
	if (hp_lease_send(&job->lease, job->executor->client, arena, text)) {
		job->told_bytes = job->said.len;
		job->told_ms = hp_enforce_now_ms();
		if (job->phase == HP_JOB_NOTE)
			job->phase = HP_JOB_DONE;
	}
	int margin_ms = job->lease.lease_ms / 4 < LEASE_MARGIN_MS ? (int)(job->lease.lease_ms / 4)
								   : LEASE_MARGIN_MS;
	if (hp_lease_left_ms(&job->lease, margin_ms) > 0)
		return;
	if (is_running(job)) {
		hp_job_stop(job, "the lease ended without an answer of the broker",
			    margin_ms / 2);
	} else {
		tell(job, "the lease ended without an answer of the broker");
		job->begun = true;
		job->phase = HP_JOB_DONE;
	}
}

static void
ended(struct hp_job *job)
{
	bool good = job->cage.exit_code == 0 && !job->why;
	job->exit_code = job->cage.exit_code;
	job->has_exit_code = true;
	if (job->phase == HP_JOB_ACTION)
		will_report(job, good ? "succeeded" : "failed", NULL);
	else
		will_report(job, good ? "rolled_back" : "rollback_failed", NULL);
}

/* A reply that went with its connection will not come. */
static void
mind_connection(struct hp_job *job)
{
	struct hp_client *client = job->executor->client;
	if (hp_client_connected(client) && hp_client_connections(client) == job->connections)
		return;
	job->connections = hp_client_connections(client);
	job->report_seq = job->held_seq = 0;
}

int
hp_job_turn(struct hp_job *job, struct hp_arena *arena, int cap_ms)
{
	int wait_ms = cap_ms;
	mind_connection(job);
	if (is_running(job)) {
		if (hp_enforce_now_ms() >= job->deadline_ms)
			hp_job_stop(job, "it ran longer than the executor's timeout",
				    STOP_GRACE_MS);
		if (hp_job_watch(job))
			ended(job);
	}
	mind_lease(job, arena);
	if (job->phase == HP_JOB_REPORT)
		send_report(job, arena);
	if (job->phase == HP_JOB_HELD)
		send_held(job, arena);
	if (is_running(job)) {
		int64_t left = job->deadline_ms - hp_enforce_now_ms();
		int kill_ms = hp_cage_turn(&job->cage);
		wait_ms = left < 0 ? wait_ms : left < wait_ms ? (int)left : wait_ms;
		wait_ms = kill_ms >= 0 && kill_ms < wait_ms ? kill_ms : wait_ms;
		if (job->said.len > job->told_bytes && wait_ms > QUIET_MS)
			wait_ms = QUIET_MS;
	}
	return wait_ms;
}

int
hp_job_items(const struct hp_job *job, zmq_pollitem_t items[2])
{
	int count = 0;
	if (!is_running(job))
		return 0;
	size_t limit = (size_t)job->executor->boundary->output_limit_bytes;
	if (job->cage.output >= 0 && job->printed_bytes <= limit)
		items[count++] = (zmq_pollitem_t){.fd = job->cage.output, .events = ZMQ_POLLIN};
	if (job->cage.result >= 0)
		items[count++] = (zmq_pollitem_t){.fd = job->cage.result, .events = ZMQ_POLLIN};
	return count;
}

void
hp_job_end(struct hp_job *job)
{
	job->ending = true;
	if (is_running(job))
		hp_job_stop(job, "the executor was told to end", STOP_GRACE_MS);
}
