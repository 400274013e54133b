/*
 * cage_keeper - what the process between an executor and its command does. Private to cage.
 *
 * It runs in a fork of a process with threads: async-signal-safe calls only.
 */
#ifndef HP_ENFORCE_CAGE_KEEPER_H
#define HP_ENFORCE_CAGE_KEEPER_H

#include <sys/types.h>

#include "core/status.h"

/* On the result pipe: one at the start, and one at the end if it started. */
struct hp_cage_word {
	enum hp_status status; /* of the start; HP_OK: it runs */
	int error;	       /* errno of the start */
	pid_t group;
	int exit_code; /* at the end */
};

/* Becomes the reaper, deaf to everything but SIGKILL; SIGCHLD stays blocked. */
void hp_keeper_prepare(void);

/* Says `start`, waits for the end of the command or of `control`, kills all that is left, says the
 * end. Never returns. */
_Noreturn void hp_keeper_run(int control, int result, const struct hp_cage_word *start);

#endif
