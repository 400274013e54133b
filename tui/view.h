/*
 * view - what can fill a part of the screen: one const table of operations a view.
 *
 * A view draws the model into its area and parks the cursor when it has the focus; drawing changes
 * nothing but what was on screen (scroll clamps, `seen`). frame.c says who gets which area.
 * The views of views.def have a list and, below or beside it, a detail: the open request, or what
 * there is to say of the selected item. Help and dialog have neither.
 */
#ifndef HP_TUI_VIEW_H
#define HP_TUI_VIEW_H

#include "tui/model.h"
#include "tui/screen.h"

struct hp_view {
	const char *name;
	bool over_request; /* its detail is the open request */
	int row_lines;     /* of one item */
	void (*draw)(struct hp_screen *screen, struct hp_model *model, struct hp_area area,
	             bool focused, int64_t now_ms);
	/* NULL where it is over_request. */
	void (*detail)(struct hp_screen *screen, struct hp_model *model, struct hp_area area,
	               int64_t now_ms);
	/* Keys worth a line at the bottom; NULL: none. */
	void (*hint)(struct hp_screen *screen, struct hp_model *model, int y, int64_t now_ms);

	/* The view comes on screen: what it shows is asked for. NULL: nothing to ask. */
	void (*enter)(struct hp_model *model);
	unsigned (*move)(struct hp_model *model, long lines, long pages);
	/* Enter on the selected item. */
	unsigned (*open)(struct hp_model *model, int64_t now_ms);
	/* The filter's text (HP_LIMIT_SUMMARY_BYTES and its NUL), and that it has changed. */
	char *(*filter)(struct hp_model *model);
	void (*filtered)(struct hp_model *model);
	struct hp_place (*place)(const struct hp_model *model);
};

#define HP_VIEW(name, id, what) extern const struct hp_view hp_view_##name;
#include "tui/views.def"
#undef HP_VIEW
extern const struct hp_view hp_view_request;
extern const struct hp_view hp_view_help;
extern const struct hp_view hp_view_dialog;

/* --- view.c: the views of views.def --- */

const struct hp_view *hp_view_at(unsigned index);
/* What views.def says of it. */
const char *hp_view_what(unsigned index);
const struct hp_view *hp_view_current(const struct hp_model *model);
unsigned hp_view_change(struct hp_model *model, enum hp_view_id id);
/* Of the view on screen. False: too long. */
bool hp_view_filter(struct hp_model *model, const char *filter);
const char *hp_view_filter_text(struct hp_model *model);
/* Pins a row of a list and goes to its pane. */
unsigned hp_view_open_row(struct hp_model *model, const struct hp_row *row);

/* --- helpers of views --- */

/* Lines that the dialog needs at this width. */
int hp_view_dialog_rows(const struct hp_screen *screen, const struct hp_model *model);
/* Hints one after another, as many as fit whole. */
void hp_view_hints(struct hp_screen *screen, int y, const char *const *hints, size_t count);
/* "07:48", "1h05m". */
void hp_view_left(int64_t left_ms, char out[16]);
/* "11-22 03:12:44", UTC. */
void hp_view_time(int64_t wall_ms, char out[24]);
/* The marks of a row: selected (with the cursor, when focused) and open. */
void hp_view_marks(struct hp_screen *screen, const struct hp_model *model, struct hp_area area,
                   const char *id, bool selected, bool focused);
/* A request's second line: operation and the end of the first resource. */
void hp_view_subject(struct hp_screen *screen, const struct hp_row *row, struct hp_area area,
                     enum hp_style style);
/* What stands where there is no item. */
void hp_view_empty(struct hp_screen *screen, struct hp_area area, bool focused, const char *why);

/* A list of requests of any state, two lines each; `none` stands where there are none. */
void hp_view_rows_draw(struct hp_screen *screen, const struct hp_model *model, struct hp_rows *rows,
                       struct hp_area area, bool focused, int64_t now_ms, const char *none);
struct hp_place hp_view_rows_place(const struct hp_rows *rows);

/* Draws everything. False when the terminal is too small for anything but saying so. */
bool hp_frame_draw(struct hp_screen *screen, struct hp_model *model, int64_t now_ms);

#endif
