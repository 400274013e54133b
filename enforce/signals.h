/*
 * signals - signals as bytes on a pipe, so that one poll waits for them, sockets and children.
 *
 * Invariants: handlers only write one byte; what they replaced is put back by hp_signals_close().
 * A signal that was ignored when we started (nohup) stays ignored. One instance a process.
 */
#ifndef HP_ENFORCE_SIGNALS_H
#define HP_ENFORCE_SIGNALS_H

#include <stdbool.h>

#include "core/status.h"

/* Catches SIGCHLD, SIGINT, SIGTERM, SIGHUP and SIGQUIT. HP_IO. */
HP_MUST_CHECK enum hp_status hp_signals_open(struct hp_error *err);
void hp_signals_close(void);
/* Readable when a signal waits. */
int hp_signals_fd(void);
/* The next signal that waits, or 0. */
int hp_signals_take(void);

#endif
