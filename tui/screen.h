/*
 * screen - the terminal: opened and given back, written in cells, never past an edge.
 *
 * Invariants (console.md 5, 7):
 *  1. Text given to hp_screen_put() is escaped already; it is clipped by columns, and a cut shows.
 *  2. Meaning never rests on colour alone; colours are the terminal's own on its own background.
 *  3. Drawing goes to memory; hp_screen_flush() writes the difference once.
 * Only screen.c and input.c know curses. Threads: one.
 */
#ifndef HP_TUI_SCREEN_H
#define HP_TUI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum hp_style {
	HP_STYLE_PLAIN,
	HP_STYLE_STRONG, /* labels, the selected row, the last minute */
	HP_STYLE_FLAG,   /* red flags, errors; the text carries a mark too */
	HP_STYLE_ALERT,  /* broker lost, halted, dead dialog: reversed */
	HP_STYLE_DIM,    /* chrome */
	HP_STYLE_COUNT,
};

enum hp_glyph {
	HP_GLYPH_RULE,
	HP_GLYPH_SELECTED,
	HP_GLYPH_BAR,
	HP_GLYPH_HALF,
	HP_GLYPH_DOT,
	HP_GLYPH_MORE,
	HP_GLYPH_COUNT,
};

struct hp_screen {
	int rows, columns;
	bool ascii, color;
	int cursor_y, cursor_x; /* where the hardware cursor is parked */
	void *keys;             /* input.c's */
	void *terminal;
};

struct hp_area {
	int y, x, rows, columns;
};

/* What a person can do where the console cannot run. */
#define HP_SCREEN_HINT "; use holdpoint list, show, approve and deny instead"

/* HP_UNSUPPORTED with a message: no terminal, TERM=dumb, or one that terminfo does not know. */
HP_MUST_CHECK enum hp_status hp_screen_check(struct hp_error *err);
/* Takes over the terminal. HP_UNSUPPORTED as above. */
HP_MUST_CHECK enum hp_status hp_screen_open(bool no_color, bool ascii, struct hp_screen *ret_screen,
                                            struct hp_error *err);
void hp_screen_close(struct hp_screen *screen);

/* Gives the terminal to another program for a while, and takes it back. */
void hp_screen_suspend(struct hp_screen *screen);
void hp_screen_resume(struct hp_screen *screen);

/* Starts a drawing; reads the size. */
void hp_screen_begin(struct hp_screen *screen);
/* Writes the difference; `all` repaints everything. */
void hp_screen_flush(struct hp_screen *screen, bool all);
void hp_screen_bell(void);
/* Tells the desktop, OSC 9: what is no printable ASCII is left out. */
void hp_screen_notify(const char *text);
/* Hands `text` (printable ASCII) to the terminal's clipboard, OSC 52. */
void hp_screen_copy(const char *text);

/* Writes at most `max` columns; where text is cut, its last column says so. Columns written. */
int hp_screen_put(struct hp_screen *screen, int y, int x, int max, enum hp_style style,
                  const char *text, size_t len);
int hp_screen_puts(struct hp_screen *screen, int y, int x, int max, enum hp_style style,
                   const char *text);
int hp_screen_printf(struct hp_screen *screen, int y, int x, int max, enum hp_style style,
                     const char *format, ...) HP_PRINTF(6, 7);
/* A line of rule glyphs. */
void hp_screen_rule(struct hp_screen *screen, int y, int x, int columns);
const char *hp_screen_glyph(const struct hp_screen *screen, enum hp_glyph glyph);

#endif
