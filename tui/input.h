/*
 * input - keys of the terminal as code points and enum hp_key (control.h).
 *
 * Typed-ahead keys can be thrown away; that is how a key never reaches a request that the person
 * had not seen when pressing it (console.md 2).
 */
#ifndef HP_TUI_INPUT_H
#define HP_TUI_INPUT_H

#include "tui/control.h"
#include "tui/screen.h"

void hp_input_open(struct hp_screen *screen);
void hp_input_close(struct hp_screen *screen);

enum hp_input { HP_INPUT_NONE, HP_INPUT_KEY, HP_INPUT_RESIZE };

/* The next key that is there, without waiting. */
enum hp_input hp_input_read(struct hp_screen *screen, uint32_t *ret_key);
/* Drops all that was typed and not read. */
void hp_input_flush(struct hp_screen *screen);

#endif
