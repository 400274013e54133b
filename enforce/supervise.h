/*
 * supervise - runs a claimed command while its lease stands, and not a moment longer.
 *
 * Invariants (lifecycle.h 7, 11):
 *  1. A `wait until:stop` is always out and `progress` goes every third of the lease, so a halt
 *     reaches the group at once.
 *  2. The lease counts from when a `progress` was sent that was answered, not from its answer. When
 *     it ends without one, the group is dead by then.
 *  3. Losing the broker stops nothing before the lease ends.
 */
#ifndef HP_ENFORCE_SUPERVISE_H
#define HP_ENFORCE_SUPERVISE_H

#include "enforce/talk.h"

struct hp_supervised {
	struct hp_talk *talk; /* its deadline also ends the command */
	const char *id;
	const struct hp_value *command; /* [str], an absolute program first */
	const char *cwd;		/* NULL: ours */
	int64_t lease_ms;

	int exit_code;	     /* its own, or 128 + signal */
	const char *stopped; /* why we ended it; NULL: it ended by itself */
	bool lost;	     /* the lease ended: there is nobody to report to */
};

/* Needs hp_signals_open(). HP_OK when it ran; else it did not start. */
HP_MUST_CHECK enum hp_status hp_supervise(struct hp_supervised *job, struct hp_error *err);

#endif
