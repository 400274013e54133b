/*
 * safe - strangers' text for this very terminal.
 *
 * hp_text_escape() decides what may be shown at all. What is left can still tear the screen: a
 * character whose width the C library and Unicode disagree on moves everything behind it. Such a
 * character is shown as `<U+1FAE8>` too.
 * Threads: reads the locale.
 */
#ifndef HP_TUI_SAFE_H
#define HP_TUI_SAFE_H

#include "core/text.h"

/* An hp_present_escape. */
void hp_tui_escape(struct hp_buf *buf, const char *text, size_t len, unsigned flags);

#endif
