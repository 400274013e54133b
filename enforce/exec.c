#include "enforce/exec.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/lifecycle.h"
#include "core/request.h"
#include "core/text.h"
#include "enforce/ours.h"
#include "enforce/pins.h"
#include "enforce/signals.h"
#include "enforce/spawn.h"
#include "enforce/supervise.h"
#include "enforce/talk.h"

enum {
	REPLY_MS = 10000,  /* a plain call */
	TIDY_MS = 3000,	   /* a withdrawal on the way out */
	REPORT_MS = 30000, /* the truth about what happened is worth waiting for a broker */
	CLAIM_TRIES = 3,   /* with one nonce: the same claim, the same reply */
	REASON_MAX = 400,
};

struct run {
	struct hp_arena *arena;
	const struct hp_exec *exec;
	struct hp_talk talk;
	struct hp_request request;
	struct hp_exec_result *result;
	struct hp_error *err;
	uint8_t nonce[16]; /* one claim, however often it is sent */
	bool lost; /* the claim's lease is over */
	bool hand_over; /* it was withdrawn, to be asked for an executor */
};

/* Ends it without having run. Always HP_OK, for `return not_run(…)`. */
static HP_PRINTF(2, 3) enum hp_status
not_run(struct run *run, const char *format, ...)
{
	char text[REASON_MAX * 2];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	run->result->end = HP_EXEC_NOT_RUN;
	run->result->reason = hp_arena_strdup(run->arena, text);
	return run->result->reason ? HP_OK : hp_fail(run->err, HP_NOMEM, "out of memory");
}

static HP_PRINTF(2, 3) void
tell(struct run *run, const char *format, ...)
{
	char text[REASON_MAX * 2];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (run->exec->tell)
		run->exec->tell(run->exec->context, text);
}

/* A string of a reply, escaped, at most REASON_MAX columns. */
static const char *
said(struct run *run, const struct hp_value *reply, const char *key)
{
	const char *safe = hp_text_safe(run->arena, hp_map_get_str(reply, key, ""), 0);
	if (!safe)
		return "";
	size_t fit = hp_text_fit(safe, strlen(safe), REASON_MAX);
	return fit == strlen(safe) ? safe : hp_arena_copy(run->arena, safe, fit);
}

static struct hp_value *
message(struct run *run, const char *type)
{
	struct hp_value *map = hp_value_map(run->arena);
	hp_map_set_str(run->arena, map, "type", type);
	hp_map_set_str(run->arena, map, "id", run->request.id);
	return map;
}

/* Nobody waits any longer; whether that ended it. Silence would, in time. */
static bool
withdraw(struct run *run, const char *reason)
{
	struct hp_talk last = {.client = run->exec->client, .arena = run->arena, .deadline_ms = -1};
	struct hp_value *map = message(run, "withdraw");
	const struct hp_value *reply;
	hp_map_set_str(run->arena, map, "reason", reason);
	if (hp_talk(&last, map, TIDY_MS, &reply, NULL) == HP_OK)
		return hp_value_is(hp_map_get(reply, "state"), "withdrawn");
	tell(run, "could not withdraw %s; it will expire", run->request.id);
	return false;
}

/* A call failed before anything ran: say why, and take back what may have been asked. */
static enum hp_status
give_up(struct run *run, enum hp_status status, bool asked)
{
	if (status == HP_NOMEM || status == HP_IO)
		return status;
	if (asked)
		withdraw(run, run->talk.signal ? "interrupted" : "the broker did not answer");
	return not_run(run, "%s", run->err->message);
}

static bool
is_error(const struct hp_value *reply)
{
	return hp_value_is(hp_map_get(reply, "type"), "error");
}

static enum hp_status
refused(struct run *run, const struct hp_value *reply)
{
	return not_run(run, "%s: %s", hp_code_name(hp_client_code(reply)),
		       said(run, reply, "message"));
}

/* "denied by ana: not tonight" */
static enum hp_status
not_granted(struct run *run, const struct hp_value *reply)
{
	const char *by = said(run, reply, "by"), *why = said(run, reply, "reason");
	if (!*why && !*by && *said(run, reply, "message")) /* a receipt's begins with its state */
		return not_run(run, "%s", said(run, reply, "message"));
	return not_run(run, "%s%s%s%s%s", said(run, reply, "state"), *by ? " by " : "", by,
		       *why ? ": " : "", why);
}

/* --- claiming --- */

static enum hp_status
claim(struct run *run, const struct hp_value **ret_reply)
{
	enum hp_status status = HP_OK;
	for (int tries = 0; tries < CLAIM_TRIES; tries++) {
		struct hp_value *map = message(run, "claim");
		hp_map_set_bin(run->arena, map, "nonce", run->nonce, sizeof run->nonce);
		hp_map_set_int(run->arena, map, "timeout_ms", 0);
		status = hp_talk(&run->talk, map, REPLY_MS, ret_reply, run->err);
		if (status != HP_TIMEOUT && status != HP_UNAVAILABLE)
			break;
	}
	return status;
}

/* --- waiting --- */

/* The requester may not run this tier: nobody should be kept from sleep for it. */
static enum hp_status
not_ours_to_run(struct run *run, const struct hp_value *refusal)
{
	if (run->exec->audience && !run->request.audience) {
		withdraw(run, "it is for an executor to run");
		run->hand_over = true;
		return HP_OK;
	}
	withdraw(run, "it cannot be run by who asked");
	return not_run(run, "%s; name one with --audience", said(run, refusal, "message"));
}

/* Waits for persons, unless what they grant could not be claimed from here: a claim that comes too
 * early is answered by `status`, one that may never come by `unauthorised`. */
static enum hp_status
await_persons(struct run *run, const struct hp_value **ret_reply)
{
	const struct hp_value *reply = NULL;
	if (!run->request.audience) {
		enum hp_status status = claim(run, &reply);
		if (status != HP_OK)
			return give_up(run, status, true);
		if (hp_client_code(reply) == HP_CODE_unauthorised)
			return not_ours_to_run(run, reply);
	}
	tell(run, "%s waits for a decision", run->request.id);
	enum hp_status status =
		hp_talk_until(&run->talk, run->request.id, false, &reply, run->err);
	if (status != HP_OK)
		return give_up(run, status, true);
	*ret_reply = reply;
	return HP_OK;
}

/* Granted, or further already: an executor may be quick; or the early claim came just after the
 * grant, and its nonce gets it again. */
static bool
was_granted(const struct hp_value *reply)
{
	static const bool granted[HP_STATE_COUNT] = {
		[HP_STATE_GRANTED] = true,	   [HP_STATE_EXECUTING] = true,
		[HP_STATE_SUCCEEDED] = true,	   [HP_STATE_FAILED] = true,
		[HP_STATE_ROLLING_BACK] = true,	   [HP_STATE_ROLLED_BACK] = true,
		[HP_STATE_ROLLBACK_FAILED] = true, [HP_STATE_UNKNOWN] = true,
		[HP_STATE_RELEASED] = true,
	};
	enum hp_state state;
	return hp_state_parse(hp_map_get_str(reply, "state", ""), &state) && granted[state];
}

/* Until it is granted. HP_OK with *ret_granted, or with the result. */
static enum hp_status
await_decision(struct run *run, const struct hp_value *receipt, bool *ret_granted)
{
	const struct hp_value *reply = receipt;
	if (hp_value_is(hp_map_get(receipt, "state"), "pending")) {
		reply = NULL;
		enum hp_status status = await_persons(run, &reply);
		if (status != HP_OK || !reply)
			return status;
		if (is_error(reply))
			return refused(run, reply);
	}
	if (hp_value_is(hp_map_get(reply, "state"), "pending")) {
		withdraw(run, "not waited for any longer");
		return not_run(run, "no decision in time; withdrawn");
	}
	*ret_granted = was_granted(reply);
	return *ret_granted ? HP_OK : not_granted(run, reply);
}

/* Somebody else runs it: an executor of its audience. */
static enum hp_status
await_executor(struct run *run)
{
	const struct hp_value *reply;
	tell(run, "granted; waiting for the executor \"%s\"",
	     hp_text_safe(run->arena, run->request.audience, 0));
	enum hp_status status =
		hp_talk_until(&run->talk, run->request.id, true, &reply, run->err);
	if (status != HP_OK)
		return give_up(run, status, true);
	if (is_error(reply))
		return refused(run, reply);
	enum hp_state state;
	if (!hp_state_parse(hp_map_get_str(reply, "state", ""), &state) ||
	    !hp_state_is_final(state)) {
		if (withdraw(run, "not waited for any longer"))
			return not_run(run, "no executor took it in time; withdrawn");
		return not_run(run, "not done in time (%s); an executor may still run it",
			       said(run, reply, "state"));
	}
	if (state == HP_STATE_DENIED || state == HP_STATE_EXPIRED || state == HP_STATE_HALTED ||
	    state == HP_STATE_LAPSED || state == HP_STATE_WITHDRAWN)
		return not_granted(run, reply);
	const struct hp_value *code = hp_map_get(reply, "exit_code");
	const char *output = hp_map_get_str(reply, "output", "");
	if (!code && state != HP_STATE_SUCCEEDED && *output)
		return not_run(run, "the executor refused: %s", said(run, reply, "output"));
	run->result->end = HP_EXEC_DONE;
	run->result->state = hp_state_name(state);
	run->result->exit_code =
		(int)hp_map_get_int(reply, "exit_code", state == HP_STATE_SUCCEEDED ? 0 : 1);
	/* Of which the system keeps eight bits; what failed is no success to who asked. */
	if (state != HP_STATE_SUCCEEDED && (run->result->exit_code & 0xff) == 0)
		run->result->exit_code = 1;
	run->result->output = output;
	return HP_OK;
}

/* --- reporting --- */

static const struct hp_value *
report(struct run *run, const char *result, const int *exit_code, const char *output)
{
	/* The command has ended: neither its deadline nor ^C shortens the truth about it. */
	struct hp_talk last = {.client = run->exec->client, .arena = run->arena};
	const struct hp_value *reply;
	enum hp_status status;
	int tries = 0;
	last.deadline_ms = hp_enforce_now_ms() + (run->lost ? TIDY_MS : REPORT_MS);
	do {
		struct hp_value *map = message(run, "report");
		hp_map_set_str(run->arena, map, "result", result);
		if (exit_code)
			hp_map_set_int(run->arena, map, "exit_code", *exit_code);
		if (output)
			hp_map_set_str(run->arena, map, "output", output);
		last.signal = 0;
		tries++;
		status = hp_talk(&last, map, REPLY_MS, &reply, NULL);
	} while (status != HP_OK && hp_talk_left_ms(&last, 1) > 0);
	if (status == HP_OK && !is_error(reply))
		return reply;
	if (status == HP_OK && tries > 1 && hp_client_code(reply) == HP_CODE_final)
		return NULL; /* an earlier try had arrived */
	if (status == HP_OK)
		tell(run, "the result was not taken: %s: %s",
		     hp_code_name(hp_client_code(reply)), said(run, reply, "message"));
	else
		tell(run, "the result could not be reported; the request will be in state unknown");
	return NULL;
}

/* After `failed` with a rollback that has an operation the broker waits for a second word. What the
 * operation means is for an executor to know; here only a command could run, and there is none. */
static void
report_failure(struct run *run, const int *exit_code, const char *output)
{
	const struct hp_value *reply = report(run, "failed", exit_code, output);
	if (!hp_value_is(hp_map_get(reply, "state"), "rolling_back"))
		return;
	tell(run, "the rollback was not run: exec runs nothing but its own command");
	(void)report(run, "rollback_failed", NULL, "exec does not run rollbacks");
}

/* --- running --- */

static enum hp_status
not_started(struct run *run, const struct hp_error *why)
{
	report_failure(run, NULL, why->message);
	return not_run(run, "%s", why->message);
}

static enum hp_status
run_command(struct run *run, const struct hp_value *claimed)
{
	struct hp_error err = {0};
	enum hp_status status = hp_pins_verify(run->request.files, &err);
	if (status != HP_OK)
		return not_started(run, &err);
	struct hp_supervised job = {
		.talk = &run->talk,
		.id = run->request.id,
		.command = run->request.command,
		.cwd = run->request.cwd,
		.lease_ms = hp_map_get_int(claimed, "lease_ms", 0),
		.redact = run->exec->redact,
	};
	status = hp_supervise(&job, &err);
	if (status != HP_OK)
		return not_started(run, &err);
	run->lost = job.lost;
	if (job.stopped)
		tell(run, "stopped: %s", job.stopped);
	if (job.stopped && job.exit_code == 0) /* it took its leave politely, and is not done */
		job.exit_code = 128 + SIGTERM;
	run->result->end = HP_EXEC_RAN;
	run->result->exit_code = job.exit_code;
	if (job.exit_code == 0)
		(void)report(run, "succeeded", &job.exit_code, NULL);
	else
		report_failure(run, &job.exit_code, job.stopped);
	return HP_OK;
}

static enum hp_status
after_grant(struct run *run, const struct hp_value *receipt)
{
	const struct hp_value *reply;
	if (run->request.audience)
		return await_executor(run);
	enum hp_status status = claim(run, &reply);
	if (status != HP_OK)
		return give_up(run, status, true);
	if (hp_client_code(reply) == HP_CODE_unauthorised)
		return not_ours_to_run(run, reply);
	if (is_error(reply))
		return refused(run, reply);
	if (!hp_value_is(hp_map_get(reply, "type"), "claimed"))
		return not_granted(run, reply);
	if (!hp_ours_is(run->arena, &run->request, receipt, reply)) {
		struct hp_error err = {0};
		hp_fail(&err, HP_CONFLICT,
			"digest_mismatch: what was granted is not what was asked");
		return not_started(run, &err);
	}
	return run_command(run, reply);
}

static enum hp_status
ask_and_run(struct run *run, struct hp_value *message)
{
	const struct hp_value *receipt;
	enum hp_status status =
		hp_request_parse(run->arena, message, HP_REQUEST_WIRE, &run->request, run->err);
	if (status != HP_OK)
		return status == HP_NOMEM ? status : not_run(run, "%s", run->err->message);
	if (!run->request.command)
		return not_run(run, "the request has no command");
	status = hp_talk(&run->talk, message, REPLY_MS, &receipt, run->err);
	if (status != HP_OK)
		return give_up(run, status, true);
	if (is_error(receipt))
		return refused(run, receipt);
	bool granted = false;
	status = await_decision(run, receipt, &granted);
	return status == HP_OK && granted ? after_grant(run, receipt) : status;
}

/* --- for an executor --- */

/* A copy of `map` without `seq` and what `names` (NULL-terminated) says. */
static struct hp_value *
copy_without(struct hp_arena *arena, const struct hp_value *map, const char *const *names)
{
	struct hp_value *copy = hp_value_map(arena);
	for (size_t i = 0; i < hp_value_count(map); i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		const char *const *name = names;
		while (*name && strcmp(*name, pair->key.p) != 0)
			name++;
		if (!*name)
			hp_map_set(arena, copy, pair->key.p, pair->value);
	}
	return copy;
}

/* The same for the executor, in place of what was withdrawn: with the program's bare name, which
 * its file maps, and without our directory, since it has its own. */
static struct hp_value *
for_executor(struct run *run)
{
	static const char *const of_message[] = {"seq", "id", "action", "supersedes", NULL};
	static const char *const of_action[] = {"command", "cwd", "audience", NULL};
	struct hp_arena *arena = run->arena;
	char id[HP_UUID_BYTES];
	const struct hp_value *command = run->request.command;
	const char *program = hp_array_get(command, 0)->str.p, *slash = strrchr(program, '/');
	struct hp_value *map = copy_without(arena, run->exec->message, of_message);
	struct hp_value *action = copy_without(arena, run->request.action, of_action);
	struct hp_value *argv = hp_value_array(arena);
	hp_array_add(arena, argv, hp_value_str(arena, slash ? slash + 1 : program));
	for (size_t i = 1; i < hp_value_count(command); i++)
		hp_array_add(arena, argv, hp_value_copy(arena, hp_array_get(command, i)));
	hp_map_set(arena, action, "command", argv);
	hp_map_set_str(arena, action, "audience", run->exec->audience);
	hp_crypto_uuid(id);
	hp_map_set_str(arena, map, "id", id);
	hp_map_set_str(arena, map, "supersedes", run->request.id);
	hp_map_set(arena, map, "action", action);
	return map;
}

static enum hp_status
ask_twice(struct run *run)
{
	enum hp_status status = ask_and_run(run, run->exec->message);
	if (status != HP_OK || !run->hand_over)
		return status;
	struct hp_value *map = for_executor(run);
	if (run->arena->failed)
		return hp_fail(run->err, HP_NOMEM, "out of memory");
	tell(run, "policy does not let who asks run it: asking for the executor \"%s\"",
	     hp_text_safe(run->arena, run->exec->audience, 0));
	return ask_and_run(run, map);
}

enum hp_status
hp_exec_run(struct hp_arena *arena, const struct hp_exec *exec, struct hp_exec_result *ret_result,
	    struct hp_error *err)
{
	struct hp_exec_result result = {.end = HP_EXEC_NOT_RUN};
	struct hp_error own = {0};
	struct run run = {
		.arena = arena,
		.exec = exec,
		.talk = {.client = exec->client, .arena = arena, .deadline_ms = -1},
		.result = &result,
		.err = err ? err : &own,
	};
	if (exec->timeout_ms >= 0)
		run.talk.deadline_ms = hp_enforce_now_ms() + exec->timeout_ms;
	enum hp_status status = hp_signals_open(run.err);
	if (status != HP_OK)
		return status;
	hp_crypto_random(run.nonce, sizeof run.nonce);
	status = ask_twice(&run);
	hp_signals_close();
	if (status == HP_OK)
		*ret_result = result;
	return status;
}
