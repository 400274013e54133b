/*
 * manual - the manual page, one key away.
 */
#ifndef HP_TUI_MANUAL_H
#define HP_TUI_MANUAL_H

#include <stdbool.h>

/* Runs man(1) on `page` and waits for it; the caller has given the terminal away. False when there
 * is no man or no such page. Keyboard signals are man's while it runs. */
bool hp_manual_show(const char *page);

#endif
