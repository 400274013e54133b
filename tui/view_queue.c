#include <stdio.h>
#include <string.h>

#include "tui/view.h"

enum {
	ROW_LINES = 2,
	TIME_X = 3, /* after the marks */
	BAR_X = 9,
	BAR_COLUMNS = 9,
	TEXT_X = 19,
	VOTES_COLUMNS = 11,
	NAME_COLUMNS = 13,
	NARROW_COLUMNS = 76,
};

/* How much of its time a row has left, in half cells. */
static void
draw_bar(struct hp_screen *screen, int y, int x, enum hp_style style, int64_t left_ms,
         int64_t total_ms)
{
	int64_t halves = total_ms > 0 ? (left_ms * BAR_COLUMNS * 2 + total_ms - 1) / total_ms : 0;

	if (halves > BAR_COLUMNS * 2)
		halves = BAR_COLUMNS * 2;
	for (int i = 0; halves > 0; i++, halves -= 2)
		hp_screen_puts(screen, y, x + i, 1, style,
		               hp_screen_glyph(screen, halves > 1 ? HP_GLYPH_BAR : HP_GLYPH_HALF));
}

/* Time and bar of a pending row; of another, what became of it. */
static void
draw_time(struct hp_screen *screen, const struct hp_model *model, const struct hp_row *row,
          struct hp_area area, bool with_bar, enum hp_style style, int64_t now_ms)
{
	enum hp_state state = hp_row_state(model, row, now_ms);
	int64_t left_ms = hp_model_left(model, row->deadline_ms, now_ms);
	char left[16];

	if (state != HP_STATE_PENDING) {
		hp_screen_puts(screen, area.y, area.x + TIME_X,
		               with_bar ? TEXT_X - TIME_X - 1 : BAR_X - TIME_X, HP_STYLE_STRONG,
		               state < HP_STATE_COUNT ? hp_state_name(state) : "closed");
		return;
	}
	if (left_ms <= HP_LAST_MINUTE_MS)
		style = HP_STYLE_STRONG;
	hp_view_left(left_ms, left);
	hp_screen_puts(screen, area.y, area.x + TIME_X, 6, style, left);
	if (with_bar)
		draw_bar(screen, area.y, area.x + BAR_X, style, left_ms,
		         row->deadline_ms - row->submitted_ms);
}

/* Where there is little room the bar goes, and what makes a request grave stays. */
static void
draw_first_line(struct hp_screen *screen, const struct hp_model *model, const struct hp_row *row,
                struct hp_area area, enum hp_style style, int64_t now_ms)
{
	bool narrow = area.columns < NARROW_COLUMNS, held = strcmp(row->effect, "hold") == 0;
	int votes_x = area.columns - (narrow ? VOTES_COLUMNS - 6 : VOTES_COLUMNS);
	int name_x = votes_x - NAME_COLUMNS, text_x = narrow ? BAR_X + 1 : TEXT_X;

	draw_time(screen, model, row, area, !narrow, style, now_ms);
	hp_screen_printf(screen, area.y, area.x + text_x, name_x - text_x - 1, style,
	                 "%.64s%s%.64s %.64s %.200s", narrow && !held ? "" : row->tier,
	                 narrow || held ? "" : "/", held ? "" : row->effect, row->environment,
	                 row->classes);
	hp_screen_puts(screen, area.y, area.x + name_x, NAME_COLUMNS - 1, style, row->requester);
	hp_screen_printf(screen, area.y, area.x + votes_x, VOTES_COLUMNS - 1, style, "%d/%d%s",
	                 (int)row->approvals, (int)row->needed, narrow ? "" : " votes");
}

static void
draw_row(struct hp_screen *screen, const struct hp_model *model, const struct hp_row *row,
         struct hp_area area, bool focused, int64_t now_ms)
{
	bool selected = strcmp(row->id, model->queue.selected) == 0;
	enum hp_style style = selected && focused ? HP_STYLE_STRONG : HP_STYLE_PLAIN;

	hp_view_marks(screen, model, area, row->id, selected, focused);
	draw_first_line(screen, model, row, area, style, now_ms);
	area.y++;
	hp_view_subject(screen, row, area, style);
}

static void
draw(struct hp_screen *screen, struct hp_model *model, struct hp_area area, bool focused,
     int64_t now_ms)
{
	struct hp_queue *queue = &model->queue;
	size_t height = (size_t)(area.rows / ROW_LINES);

	hp_queue_refresh(queue);
	hp_queue_scroll(queue, height);
	if (queue->view_count == 0) {
		const char *why = !queue->has_listed ? "listing the requests"
		                  : queue->filter[0] ? "nothing matches the filter (Esc shows all)"
		                                     : "no request is waiting";
		hp_view_empty(screen, area, focused, why);
	}
	for (size_t i = 0; i < height && queue->top + i < queue->view_count; i++) {
		struct hp_area row = {area.y + (int)i * ROW_LINES, area.x, ROW_LINES, area.columns};
		draw_row(screen, model, queue->view[queue->top + i], row, focused, now_ms);
	}
}

static void
hint(struct hp_screen *screen, struct hp_model *model, int y, int64_t now_ms)
{
	static const char *const hints[] = {"Enter open", "j k move",    "n next",
	                                    "/ filter",   "Tab request", "G last"};

	hp_view_hints(screen, y, hints, sizeof hints / sizeof hints[0]);
}

/* --- keys --- */

static unsigned
move(struct hp_model *model, long lines, long pages)
{
	struct hp_queue *queue = &model->queue;
	long height = queue->height ? (long)queue->height : 1;
	long last = (long)queue->view_count - 1;
	long at = (long)hp_queue_selected(queue) + lines + pages * height;

	queue->chosen = true;
	if (last < 0)
		return HP_CHANGED_NOTHING;
	hp_queue_select(queue, (size_t)(at < 0 ? 0 : at > last ? last : at));
	return HP_CHANGED_SCREEN;
}

static unsigned
open_selected(struct hp_model *model, int64_t now_ms)
{
	const struct hp_row *row = hp_queue_find(&model->queue, model->queue.selected);

	model->queue.chosen = true;
	if (row)
		return hp_view_open_row(model, row);
	hp_model_say(model, false, "no request is waiting");
	return HP_CHANGED_SCREEN;
}

static char *
filter(struct hp_model *model)
{
	return model->queue.filter;
}

static void
filtered(struct hp_model *model)
{
	hp_queue_filtered(&model->queue);
}

static struct hp_place
place(const struct hp_model *model)
{
	const struct hp_queue *queue = &model->queue;

	return hp_place_of(queue->top, queue->height, queue->view_count);
}

const struct hp_view hp_view_queue = {
	.name = "queue",
	.over_request = true,
	.row_lines = ROW_LINES,
	.draw = draw,
	.hint = hint,
	.move = move,
	.open = open_selected,
	.filter = filter,
	.filtered = filtered,
	.place = place,
};
