/*
 * control - keys → named actions → functions on the model.
 *
 * A dialog takes every key first, then the help page, then the table of actions.def. Handlers
 * return what changed (enum hp_changed); nothing is drawn here.
 */
#ifndef HP_TUI_CONTROL_H
#define HP_TUI_CONTROL_H

#include "tui/model.h"

/* Keys that are no characters lie above Unicode. */
enum hp_key {
	HP_KEY_NONE = 0,
	HP_KEY_ENTER = 0x110000,
	HP_KEY_ESCAPE,
	HP_KEY_UP,
	HP_KEY_DOWN,
	HP_KEY_PAGE_UP,
	HP_KEY_PAGE_DOWN,
	HP_KEY_HOME,
	HP_KEY_END,
	HP_KEY_ERASE, /* backspace */
	HP_KEY_F1,
	HP_KEY_F2,
	HP_KEY_F3,
	HP_KEY_F4,
	HP_KEY_F5,
	HP_KEY_F6,
	HP_KEY_F10,
	HP_KEY_OTHER, /* known to the terminal, of no use here */
};

#define HP_CTRL(letter) ((letter)&0x1F)

struct hp_action {
	const char *name;
	uint32_t key, other_key;
	const char *help;
	unsigned (*act)(struct hp_model *model, int64_t now_ms);
};
extern const struct hp_action hp_actions[];
extern const size_t hp_action_count;

/* One key: a Unicode code point or enum hp_key. */
unsigned hp_control_key(struct hp_model *model, uint32_t key, int64_t now_ms);

/* "Enter", "^D", "a": for the help page. */
const char *hp_control_key_name(uint32_t key, char buffer[8]);

#endif
