/*
 * prompt - one line typed by a person on the controlling terminal.
 *
 * Invariants: what was typed before the question stood there is thrown away (console.md, truth 2);
 * the terminal is put back as it was, also when a signal ends the question; /dev/tty is used, so
 * that a pipe on standard input answers nothing.
 */
#ifndef HP_CLI_PROMPT_H
#define HP_CLI_PROMPT_H

#include <stdbool.h>

#include "core/buf.h"

/* Shows `question`, appends the line without its end. HP_UNAVAILABLE: no terminal. HP_REFUSED: the
 * person gave up (end of file or a signal; the signal is raised again when it is fatal). */
HP_MUST_CHECK enum hp_status hp_prompt(const char *question, bool echo, struct hp_buf *buf,
				       struct hp_error *err);

#endif
