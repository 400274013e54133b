/*
 * task - a scope that a person opens for one session of one agent: what it may do, to what, where
 * and until when (policy.md, "Evaluation" 9). Layer 2.
 *
 * Pure: whether a task is still open is the caller's clock to say.
 *
 * Invariants:
 *  1. A task only narrows: its findings block or are absent, and the matrix speaks besides.
 *  2. A session that ever had a task has nothing outside an open one: when its task ends, by time or
 *     by a person, everything is outside until a person opens another.
 *  3. Patterns are globs as those of a principal's `operations`, on text folded on both sides.
 *     Operation, command and rollback must each be within; so must every resource. A request that
 *     names no resource is within only where the task says "*" or nothing at all.
 * Threads: no state.
 */
#ifndef HP_CORE_TASK_H
#define HP_CORE_TASK_H

#include "core/policy.h"

struct hp_globs {
	const char *const *items;
	size_t count;
};

struct hp_task {
	const char *session;
	struct hp_globs operations, resources;
	const char *environment; /* a glob over the derived environment */
	bool open;
};

/*
 * Adds to `verdict` what the session's task says of the request, and what the policy says of a
 * session without an open one (`permissions.task_scope`). `task` is the session's last one, NULL
 * when it never had any. People have no tasks.
 */
HP_MUST_CHECK enum hp_status hp_task_judge(const struct hp_policy *policy, struct hp_arena *arena,
					   const struct hp_principal *requester,
					   const struct hp_request *request,
					   const struct hp_task *task, struct hp_verdict *verdict,
					   struct hp_error *err);

#endif
