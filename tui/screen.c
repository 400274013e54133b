#include "tui/screen.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>

#include "core/crypto.h"
#include "core/text.h"
#include "tui/input.h"

static const char *const glyphs[2][HP_GLYPH_COUNT] = {
	{
		[HP_GLYPH_RULE] = "─",
		[HP_GLYPH_SELECTED] = "▸",
		[HP_GLYPH_BAR] = "█",
		[HP_GLYPH_HALF] = "▌",
		[HP_GLYPH_DOT] = "·",
		[HP_GLYPH_MORE] = "…",
	},
	{
		[HP_GLYPH_RULE] = "-",
		[HP_GLYPH_SELECTED] = ">",
		[HP_GLYPH_BAR] = "#",
		[HP_GLYPH_HALF] = " ",
		[HP_GLYPH_DOT] = "-",
		[HP_GLYPH_MORE] = "...",
	},
};

const char *
hp_screen_glyph(const struct hp_screen *screen, enum hp_glyph glyph)
{
	return glyphs[screen->ascii][glyph];
}

/* --- the terminal --- */

static void
start_colors(struct hp_screen *screen, bool no_color)
{
	const char *refused = getenv("NO_COLOR");

	screen->color = !no_color && !(refused && *refused) && has_colors();
	if (!screen->color)
		return;
	start_color();
	use_default_colors();
	init_pair(1, COLOR_RED, -1);
}

enum hp_status
hp_screen_open(bool no_color, bool ascii, struct hp_screen *ret_screen, struct hp_error *err)
{
	struct hp_screen screen = {0};

	set_escdelay(25);
	SCREEN *terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		return hp_fail(err, HP_UNSUPPORTED, "the terminal cannot be opened" HP_SCREEN_HINT);
	set_term(terminal);
	screen.terminal = terminal;
	screen.ascii = ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	start_colors(&screen, no_color);
	cbreak();
	noecho();
	nonl();
	/* By default a drawing stops half-way when keys are waiting. Then what was drawn would not
	 * be what is on screen. */
	typeahead(-1);
	hp_input_open(&screen);
	*ret_screen = screen;
	return HP_OK;
}

void
hp_screen_close(struct hp_screen *screen)
{
	if (!screen->terminal)
		return;
	hp_input_close(screen);
	endwin();
	delscreen(screen->terminal);
	screen->terminal = NULL;
}

void
hp_screen_suspend(struct hp_screen *screen)
{
	def_prog_mode();
	endwin();
}

void
hp_screen_resume(struct hp_screen *screen)
{
	reset_prog_mode();
	refresh();
}

/* --- drawing --- */

void
hp_screen_begin(struct hp_screen *screen)
{
	getmaxyx(stdscr, screen->rows, screen->columns);
	screen->cursor_y = screen->rows - 1;
	screen->cursor_x = screen->columns - 1;
	erase();
}

void
hp_screen_flush(struct hp_screen *screen, bool all)
{
	if (all)
		redrawwin(stdscr);
	move(screen->cursor_y, screen->cursor_x);
	wnoutrefresh(stdscr);
	doupdate();
}

void
hp_screen_bell(void)
{
	beep();
}

void
hp_screen_copy(const char *text)
{
	struct hp_buf sequence = {0};

	hp_buf_add_text(&sequence, "\033]52;c;");
	hp_crypto_add_base64(&sequence, text, strlen(text));
	hp_buf_add_text(&sequence, "\a");
	/* Best effort: a terminal that cannot take it loses nothing. */
	if (!sequence.failed && write(STDOUT_FILENO, sequence.data, sequence.len) < 0)
		beep();
	hp_buf_release(&sequence);
}

void
hp_screen_notify(const char *text)
{
	struct hp_buf sequence = {0};

	hp_buf_add_text(&sequence, "\033]9;");
	for (; *text; text++) {
		if (*text >= ' ' && *text <= '~')
			hp_buf_add_byte(&sequence, (uint8_t)*text);
	}
	hp_buf_add_text(&sequence, "\a");
	if (!sequence.failed && write(STDOUT_FILENO, sequence.data, sequence.len) < 0)
		beep();
	hp_buf_release(&sequence);
}

static attr_t
attributes(const struct hp_screen *screen, enum hp_style style)
{
	static const attr_t plain[HP_STYLE_COUNT] = {
		[HP_STYLE_PLAIN] = A_NORMAL, [HP_STYLE_STRONG] = A_BOLD,
		[HP_STYLE_FLAG] = A_BOLD,    [HP_STYLE_ALERT] = A_REVERSE | A_BOLD,
		[HP_STYLE_DIM] = A_NORMAL,
	};

	if (screen->color && style == HP_STYLE_FLAG)
		return A_BOLD | (attr_t)COLOR_PAIR(1);
	return plain[style];
}

int
hp_screen_put(struct hp_screen *screen, int y, int x, int max, enum hp_style style,
              const char *text, size_t len)
{
	const char *more = hp_screen_glyph(screen, HP_GLYPH_MORE);
	int mark = (int)hp_text_width(more, strlen(more));
	size_t width = hp_text_width(text, len);

	if (max > screen->columns - x)
		max = screen->columns - x;
	if (y < 0 || y >= screen->rows || x < 0 || max <= 0)
		return 0;
	attrset(attributes(screen, style));
	if (width <= (size_t)max) {
		mvaddnstr(y, x, text, (int)len);
	} else {
		size_t fit = max > mark ? hp_text_fit(text, len, (size_t)(max - mark)) : 0;
		mvaddnstr(y, x, text, (int)fit);
		mvaddnstr(y, x + (int)hp_text_width(text, fit), more, max < mark ? max : -1);
		width = hp_text_width(text, fit) + (size_t)mark;
	}
	attrset(A_NORMAL);
	return (int)width;
}

int
hp_screen_puts(struct hp_screen *screen, int y, int x, int max, enum hp_style style,
               const char *text)
{
	return hp_screen_put(screen, y, x, max, style, text, strlen(text));
}

int
hp_screen_printf(struct hp_screen *screen, int y, int x, int max, enum hp_style style,
                 const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return hp_screen_puts(screen, y, x, max, style, text);
}

void
hp_screen_rule(struct hp_screen *screen, int y, int x, int columns)
{
	const char *rule = hp_screen_glyph(screen, HP_GLYPH_RULE);

	for (int i = 0; i < columns; i++)
		hp_screen_puts(screen, y, x + i, 1, HP_STYLE_DIM, rule);
}
