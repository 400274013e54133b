#include "tui/input.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>

/* Keys come through a pad of their own: reading from the standard window would refresh it. */
void
hp_input_open(struct hp_screen *screen)
{
	WINDOW *pad = newpad(1, 1);

	if (pad) {
		keypad(pad, TRUE);
		nodelay(pad, TRUE);
	}
	screen->keys = pad;
}

void
hp_input_close(struct hp_screen *screen)
{
	if (screen->keys)
		delwin(screen->keys);
	screen->keys = NULL;
}

static uint32_t
translate(wint_t key)
{
	switch (key) {
	case KEY_UP:
		return HP_KEY_UP;
	case KEY_DOWN:
		return HP_KEY_DOWN;
	case KEY_PPAGE:
		return HP_KEY_PAGE_UP;
	case KEY_NPAGE:
		return HP_KEY_PAGE_DOWN;
	case KEY_HOME:
		return HP_KEY_HOME;
	case KEY_END:
		return HP_KEY_END;
	case KEY_ENTER:
		return HP_KEY_ENTER;
	case KEY_BACKSPACE:
	case KEY_DC:
		return HP_KEY_ERASE;
	case KEY_F(1):
	case KEY_F(2):
	case KEY_F(3):
	case KEY_F(4):
	case KEY_F(5):
	case KEY_F(6):
		return HP_KEY_F1 + (uint32_t)key - KEY_F(1);
	case KEY_F(10):
		return HP_KEY_F10;
	default:
		return HP_KEY_OTHER;
	}
}

enum hp_input
hp_input_read(struct hp_screen *screen, uint32_t *ret_key)
{
	wint_t key;

	if (!screen->keys)
		return HP_INPUT_NONE;
	switch (wget_wch(screen->keys, &key)) {
	case KEY_CODE_YES:
		if (key == KEY_RESIZE)
			return HP_INPUT_RESIZE;
		*ret_key = translate(key);
		return HP_INPUT_KEY;
	case OK:
		*ret_key = key == '\r' || key == '\n'  ? HP_KEY_ENTER
		           : key == 27                 ? HP_KEY_ESCAPE
		           : key == 127 || key == '\b' ? HP_KEY_ERASE
		                                       : (uint32_t)key;
		return HP_INPUT_KEY;
	default:
		return HP_INPUT_NONE;
	}
}

void
hp_input_flush(struct hp_screen *screen)
{
	flushinp();
}
