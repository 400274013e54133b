/*
 * cage - a command that cannot outlive who watches it: the executor's way to run things.
 *
 *   executor ──control──► keeper ──► command ──► whatever it starts
 *            ◄──result───          (own session, no terminal, null input)
 *
 * The keeper is a fork of the executor that does nothing but wait. It is the reaper of all that the
 * command leaves behind, however often that forks or calls setsid(2).
 *
 * Invariants:
 *  1. The end of `control`, by hp_cage_kill() or because the executor is gone (kill -9 too), kills
 *     everything that the command started. So does the command's own end: nothing goes on after it.
 *  2. If the keeper is killed the kernel kills the command with it; what that had started remains,
 *     and only a control group (the systemd unit has one) ends it too.
 *  3. The command has exactly the environment, directory, user and limits of the specification,
 *     /dev/null to read, one pipe to write, no other descriptor, and can gain no privileges.
 * Needs hp_signals_open() before (a SIGCHLD only wakes the loop). Threads: one.
 */
#ifndef HP_ENFORCE_CAGE_H
#define HP_ENFORCE_CAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/status.h"
#include "enforce/pins.h"

/* Whom a command runs as. */
struct hp_cage_user {
	const char *name, *home;
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t group_count;
};

struct hp_cage_spec {
	const char *const *argv; /* NULL-terminated; argv[0] is the program's path */
	const char *const *env;	 /* NULL-terminated NAME=VALUE */
	struct hp_pinned_program program;
	int cwd;			 /* an open directory; -1: "/" */
	const struct hp_cage_user *user; /* NULL: ours */
	int64_t cpu_s;			 /* RLIMIT_CPU, of each process */
};

struct hp_cage {
	pid_t keeper; /* 0: none */
	pid_t group;  /* of the command */
	int control, result, output; /* ours; -1: closed */
	bool ended;
	int exit_code;	    /* when ended: its own, or 128 + signal */
	int64_t kill_at_ms; /* when the cage is to be closed, 0: not stopping */
};

/* HP_NOT_FOUND, HP_REFUSED, HP_INVALID (the directory), HP_IO: nothing runs. Does not close what
 * the specification holds. */
HP_MUST_CHECK enum hp_status hp_cage_start(const struct hp_cage_spec *spec, struct hp_cage *ret_cage,
					   struct hp_error *err);
/* SIGTERM to the command's group, and everything is killed at most `grace_ms` later. */
void hp_cage_stop(struct hp_cage *cage, int grace_ms);
/* Kills what is due. Milliseconds until then, -1: nothing is due. */
int hp_cage_turn(struct hp_cage *cage);
/* Reads the end from `result` when it is there: call it when that is readable. */
void hp_cage_reap(struct hp_cage *cage);
/* Kills everything that is left, and waits for it. Takes a zeroed cage with descriptors -1. */
void hp_cage_release(struct hp_cage *cage);

#endif
