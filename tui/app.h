/*
 * app - the console: a person's terminal onto one broker.
 *
 * Purpose: `holdpoint console` is one call. It owns the terminal and its own broker session for as
 * long as it runs and gives both back on return, whatever happened.
 *
 * Invariants: console.md's eight truths; model.h, gate.h and screen.h carry them by number.
 * Threads: one; a second console in one process is not supported (curses has one screen).
 */
#ifndef HP_TUI_APP_H
#define HP_TUI_APP_H

#include <stdbool.h>

#include "proto/keyfile.h"

struct hp_console_options {
	const struct hp_broker_info *broker; /* borrowed for the call */
	const struct hp_keyfile *key;        /* borrowed for the call */
	bool no_color; /* monochrome; $NO_COLOR and a colourless terminal imply it */
	bool no_bell, no_notify; /* for new and expiring requests: BEL, OSC 9 */
	bool ascii;    /* 7-bit chrome; a locale other than UTF-8 implies it */
};

/*
 * Runs until the person quits. Returns an exit code (enum hp_exit): 0; 2 without a usable terminal;
 * 8 without a broker; 9 when the broker refuses the key. What went wrong stands on standard error.
 */
int hp_console_run(const struct hp_console_options *options);

#endif
