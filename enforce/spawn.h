/*
 * spawn - one child in a process group of its own, that can be killed whole and at once.
 *
 * Invariants:
 *  1. argv goes to execve as it is, with an absolute program: no shell, no PATH search here.
 *  2. The group dies with us: hp_child_stop() is SIGTERM and a moment later SIGKILL; the child
 *     itself gets SIGKILL from the kernel when we end without a word.
 *  3. On a terminal the child behaves as a job of the shell: it has the foreground while it runs,
 *     ^Z stops us with it, and the terminal is ours again when it ended.
 * Needs hp_signals_open() before, and every SIGCHLD followed by hp_child_reap(). Threads: one.
 */
#ifndef HP_ENFORCE_SPAWN_H
#define HP_ENFORCE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/status.h"

/* From SIGTERM to SIGKILL: time for a last line, too little to go on with what was stopped. */
enum { HP_SPAWN_GRACE_MS = 1000 };

struct hp_spawn {
	const char *const *argv; /* NULL-terminated */
	const char *cwd;	 /* NULL: ours */
	const void *input;	 /* all of its standard input; NULL: ours */
	size_t input_bytes;
	int output, errors; /* its standard output and error; 0: ours */
	int pipe;	    /* its standard input in place of `input`; 0: none */
};

struct hp_child {
	pid_t pid; /* also its group; 0: none */
	int tty;   /* our controlling terminal, -1: none */
	bool ended;
	int exit_code;	  /* when ended: its own, or 128 + signal */
	int64_t kill_at_ms; /* when SIGKILL is due, 0: not stopping */
};

/* HP_NOT_FOUND, HP_REFUSED (not executable), HP_INVALID (the directory), HP_IO: nothing runs. */
HP_MUST_CHECK enum hp_status hp_child_start(const struct hp_spawn *spawn,
					    struct hp_child *ret_child, struct hp_error *err);
/* After a SIGCHLD: takes up its end, and passes on stops on a terminal. */
void hp_child_reap(struct hp_child *child);
/* To the whole group. */
void hp_child_signal(const struct hp_child *child, int number);
/* Begins to kill the group, SIGKILL at most `grace_ms` later; hp_child_turn() goes on with it. */
void hp_child_stop(struct hp_child *child, int grace_ms);
/* SIGKILL when it is due. Milliseconds until then, -1: nothing is due. */
int hp_child_turn(struct hp_child *child);
/* Kills what is left of the group, waits for the child, and takes the terminal back. */
void hp_child_release(struct hp_child *child);

/* Milliseconds that also pass while the machine sleeps: leases are promises to others. */
int64_t hp_enforce_now_ms(void);

#endif
