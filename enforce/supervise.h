/*
 * supervise - runs a claimed command while its lease stands, and not a moment longer.
 *
 * Invariants (lifecycle.h 7, 11): the lease is kept as lease.h says; when it ends without an
 * answer, the group is dead by then. What the command prints to anything but a terminal is an
 * agent's to read, and goes through relay.h.
 */
#ifndef HP_ENFORCE_SUPERVISE_H
#define HP_ENFORCE_SUPERVISE_H

#include "core/redact.h"
#include "enforce/talk.h"

struct hp_supervised {
	struct hp_talk *talk; /* its deadline also ends the command */
	const char *id;
	const struct hp_value *command; /* [str], an absolute program first */
	const char *cwd;		/* NULL: ours */
	int64_t lease_ms;
	struct hp_redact *redact; /* NULL: output is not looked at */

	int exit_code;	     /* its own, or 128 + signal */
	const char *stopped; /* why we ended it; NULL: it ended by itself */
	bool lost;	     /* the lease ended: there is nobody to report to */
};

/* Needs hp_signals_open(). HP_OK when it ran; else it did not start. */
HP_MUST_CHECK enum hp_status hp_supervise(struct hp_supervised *job, struct hp_error *err);

#endif
