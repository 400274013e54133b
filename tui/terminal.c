/*
 * Whether there is a terminal that can show the console, before anything is written to it.
 * term.h's macros take the names of half our fields: it stands last and in a file of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/text.h"
#include "tui/screen.h"

#include <curses.h>
#include <term.h>

static enum hp_status
ask_terminfo(const char *term, const char *shown, struct hp_error *err)
{
	int found = 0;
	bool able;

	if (!*term || setupterm(term, STDOUT_FILENO, &found) != OK)
		return hp_fail(
			err, HP_UNSUPPORTED,
			"terminfo does not know this terminal (TERM is \"%s\")" HP_SCREEN_HINT
			", or try TERM=xterm-256color",
			shown);
	able = cursor_address && clear_screen;
	del_curterm(cur_term);
	if (!able)
		return hp_fail(
			err, HP_UNSUPPORTED,
			"this terminal (TERM is \"%s\") cannot show the console" HP_SCREEN_HINT,
			shown);
	return HP_OK;
}

enum hp_status
hp_screen_check(struct hp_error *err)
{
	struct hp_arena arena = {0};
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return hp_fail(err, HP_UNSUPPORTED, "the console needs a terminal" HP_SCREEN_HINT);
	const char *shown = hp_text_safe(&arena, term ? term : "", HP_TEXT_ASCII);
	enum hp_status status = ask_terminfo(term ? term : "", shown ? shown : "?", err);
	hp_arena_release(&arena);
	return status;
}
