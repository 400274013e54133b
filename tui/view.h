/*
 * view - what can fill a part of the screen: one const table of operations a view.
 *
 * A view draws the model into its area and parks the cursor when it has the focus; it changes
 * nothing but what was on screen (scroll clamps, `seen`). frame.c says who gets which area.
 */
#ifndef HP_TUI_VIEW_H
#define HP_TUI_VIEW_H

#include "tui/model.h"
#include "tui/screen.h"

struct hp_view {
	const char *name;
	void (*draw)(struct hp_screen *screen, struct hp_model *model, struct hp_area area,
	             bool focused, int64_t now_ms);
	/* Keys worth a line at the bottom, drawn into one line of `columns`; NULL: none. */
	void (*hint)(struct hp_screen *screen, struct hp_model *model, int y, int64_t now_ms);
};

extern const struct hp_view hp_view_queue;
extern const struct hp_view hp_view_request;
extern const struct hp_view hp_view_help;
extern const struct hp_view hp_view_dialog;

/* Lines that the dialog needs at this width. */
int hp_view_dialog_rows(const struct hp_screen *screen, const struct hp_model *model);

/* Hints one after another, as many as fit whole. */
void hp_view_hints(struct hp_screen *screen, int y, const char *const *hints, size_t count);

/* "07:48", "1h05m". */
void hp_view_left(int64_t left_ms, char out[16]);

/* Draws everything. False when the terminal is too small for anything but saying so. */
bool hp_frame_draw(struct hp_screen *screen, struct hp_model *model, int64_t now_ms);

#endif
