/*
 * trial - what a trial instance holds: everybody's keys and entries, settings, policy, an executor's
 * boundary, a request to try. For trying only; `trial: true` says so (protocol.md, "Instance directory").
 */
#ifndef HP_CLI_TRIAL_H
#define HP_CLI_TRIAL_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/status.h"

/* What is being made. The first three are the caller's. */
struct hp_trial {
	struct hp_arena *arena;
	const char *target;   /* where it will be */
	const char *dir;      /* where it is built: exists, empty */
	const char *instance; /* its name */
	const char *agents, *control, *events;
	struct hp_buf reviewers; /* of executor.yaml; to be released */
};

/* Top of an instance, NULL-terminated. */
extern const char *const hp_trial_parts[];

/* Its name and endpoints. HP_INVALID: the target is no place for sockets. */
HP_MUST_CHECK enum hp_status hp_trial_name(struct hp_trial *trial, struct hp_error *err);
/* Everything, into `dir`. */
HP_MUST_CHECK enum hp_status hp_trial_write(struct hp_trial *trial, struct hp_error *err);
/* Reads it all back as the broker will. */
HP_MUST_CHECK enum hp_status hp_trial_check(struct hp_trial *trial, struct hp_error *err);

#endif
