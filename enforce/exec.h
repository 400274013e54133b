/*
 * exec - ask, wait, claim, run, report: one command under one grant, run by the one who asked.
 *
 * Invariants:
 *  1. Nothing runs before the broker's `claimed` for this very action: the action digest over our
 *     own bytes and the broker's salt is the one that was decided on, and pinned files still have
 *     their hashes.
 *  2. The group is killed when the broker says stop, when it refuses a `progress`, and when the
 *     lease ends without an answered one (lifecycle.h 7, 11).
 *  3. What is not waited for any longer is withdrawn. So is what policy does not let who asks run,
 *     at once, before a person is asked; it is asked again for the executor's audience.
 * Threads: one; it handles the signals of enforce/signals.h meanwhile.
 */
#ifndef HP_ENFORCE_EXEC_H
#define HP_ENFORCE_EXEC_H

#include "core/redact.h"
#include "proto/client.h"

struct hp_exec {
	struct hp_client *client;
	struct hp_value *message; /* a whole `submit`; its action.command is what runs */
	const char *audience;	  /* whom a request goes to that who asks may not run; NULL: nobody */
	struct hp_redact *redact; /* what the command prints, to anything but a terminal */
	int64_t timeout_ms;	  /* of everything before the command runs, and of it; -1: none */
	void (*tell)(void *context, const char *remark); /* may be NULL */
	void *context;
};

enum hp_exec_end {
	HP_EXEC_RAN,	 /* here: exit_code is the command's own */
	HP_EXEC_DONE,	 /* by an executor: `state` says how it ended */
	HP_EXEC_NOT_RUN, /* `reason` says why not */
};

struct hp_exec_result {
	enum hp_exec_end end;
	int exit_code;
	const char *output; /* of HP_EXEC_DONE: what the executor reported; "" for nothing */
	const char *state;
	const char *reason; /* one line, escaped; in the arena */
};

/*
 * Runs it. HP_OK whenever `ret_result` says how it ended; anything else (HP_NOMEM, HP_IO) means it
 * did not run.
 */
HP_MUST_CHECK enum hp_status hp_exec_run(struct hp_arena *arena, const struct hp_exec *exec,
					 struct hp_exec_result *ret_result, struct hp_error *err);

#endif
