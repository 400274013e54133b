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
	DETAIL_X = 8,
	RESOURCE_COLUMNS_MIN = 18,
	NARROW_COLUMNS = 76,
};

void
hp_view_left(int64_t left_ms, char out[16])
{
	/* Rounded up: 0:00 is shown when nothing is left, not before. */
	long long seconds = (left_ms + 999) / 1000;

	if (seconds < 3600)
		snprintf(out, 16, "%02d:%02d", (int)(seconds / 60), (int)(seconds % 60));
	else if (seconds < 36000)
		snprintf(out, 16, "%dh%02dm", (int)(seconds / 3600), (int)(seconds / 60 % 60));
	else
		snprintf(out, 16, "%4dh", (int)(seconds / 3600 % 10000));
}

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

/* The end of a name says more than its beginning. */
static void
draw_tail(struct hp_screen *screen, int y, int x, int max, const char *text)
{
	const char *more = hp_screen_glyph(screen, HP_GLYPH_MORE);
	int mark = screen->ascii ? 3 : 1, len = (int)strlen(text);

	if (len > max && max > mark) {
		hp_screen_puts(screen, y, x, mark, HP_STYLE_PLAIN, more);
		text += len - (max - mark);
		x += mark;
		max -= mark;
	}
	hp_screen_puts(screen, y, x, max, HP_STYLE_PLAIN, text);
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
	bool open = model->pinned.phase != HP_PIN_NONE && strcmp(row->id, model->pinned.id) == 0;
	enum hp_style style = selected && focused ? HP_STYLE_STRONG : HP_STYLE_PLAIN;
	int used, rest;

	if (selected)
		hp_screen_puts(screen, area.y, area.x + 1, 1, HP_STYLE_STRONG,
		               hp_screen_glyph(screen, HP_GLYPH_SELECTED));
	if (open)
		hp_screen_puts(screen, area.y, area.x, 1, HP_STYLE_STRONG, "*");
	if (selected && focused) {
		screen->cursor_y = area.y;
		screen->cursor_x = area.x + 1;
	}
	draw_first_line(screen, model, row, area, style, now_ms);
	used = hp_screen_puts(screen, area.y + 1, area.x + DETAIL_X,
	                      area.columns - DETAIL_X - RESOURCE_COLUMNS_MIN, style,
	                      row->operation);
	rest = area.columns - DETAIL_X - used - 3;
	if (row->resources > 1) {
		rest -= 8;
		hp_screen_printf(screen, area.y + 1, area.x + area.columns - 8, 7, style, "+%lld",
		                 (long long)row->resources - 1);
	}
	draw_tail(screen, area.y + 1, area.x + DETAIL_X + used + 2, rest, row->resource);
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
		hp_screen_puts(screen, area.y, area.x + TIME_X, area.columns - TIME_X,
		               HP_STYLE_PLAIN, why);
		if (focused) {
			screen->cursor_y = area.y;
			screen->cursor_x = area.x + 1;
		}
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

const struct hp_view hp_view_queue = {.name = "queue", .draw = draw, .hint = hint};
