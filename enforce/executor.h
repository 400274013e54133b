/*
 * executor - claims what its audience was granted, checks it again, runs it, reports.
 *
 * Invariants:
 *  1. It believes the broker nothing that it can check itself (core/claimed.h), and runs nothing
 *     that its own file does not allow, although the broker says yes.
 *  2. A request is begun at most once, in this process or a later one: its id is on disk before its
 *     command starts (ledger.h). One that was begun before is not reported on, since nobody here
 *     knows how it ended: its lease ends and a person settles it.
 *  3. Nothing starts before a `progress` was answered after the claim: the lease stands.
 *  4. A nonce is on disk before it claims, and is used until its claim is begun or over: what was
 *     claimed when an executor died is taken up again, if it had not begun.
 *  5. After a halt the rollback waits until an admin has resumed. Where nothing was run there is
 *     nothing to undo, and nothing is run to undo it.
 * Threads: one.
 */
#ifndef HP_ENFORCE_EXECUTOR_H
#define HP_ENFORCE_EXECUTOR_H

#include "core/boundary.h"
#include "core/redact.h"
#include "enforce/cage.h"
#include "enforce/ledger.h"
#include "proto/client.h"

struct hp_executor {
	struct hp_client *client;
	const char *instance; /* of the broker.json */
	const struct hp_boundary *boundary;
	struct hp_ledger *ledger;
	struct hp_redact *redact;
	const struct hp_cage_user *user; /* NULL: as whom we run */
	const char *nonce_path;
	void (*ready)(void *context);		       /* claims are taken from now on */
	void (*tell)(void *context, const char *line); /* one line, escaped */
	void *context;
};

/* Whether the boundary's programs are there and only root and we can change them, and its directory
 * roots are there: what would be found out at 3 a.m. otherwise. */
HP_MUST_CHECK enum hp_status hp_executor_check(const struct hp_boundary *boundary,
					       struct hp_error *err);

/*
 * Whom `user` (NULL: nobody else) stands for, in `arena`; *ret_user NULL for ourselves. HP_NOT_FOUND;
 * HP_REFUSED: only root becomes somebody else.
 */
HP_MUST_CHECK enum hp_status hp_executor_user(struct hp_arena *arena, const char *user,
					      const struct hp_cage_user **ret_user,
					      struct hp_error *err);

/*
 * Runs until SIGTERM or SIGINT: then nothing more is claimed and what runs ends by itself; a second
 * one stops it. HP_OK; HP_REFUSED: the broker refuses this key or role; HP_IO.
 */
HP_MUST_CHECK enum hp_status hp_executor_run(struct hp_executor *executor, struct hp_error *err);

#endif
