/*
 * The frame: header, queue, rule, request, and either two lines of hints or the dialog. Heights
 * depend on the terminal and on the focus alone, never on what arrives.
 */
#include <stdio.h>
#include <string.h>

#include "core/units.h"
#include "tui/view.h"

enum {
	ROWS_MIN = 18,
	COLUMNS_MIN = 60,
	WIDE_COLUMNS = 120, /* from here on queue left, request right */
	HINT_ROWS = 2,
	QUEUE_ROWS_MIN = 4,
};

void
hp_view_hints(struct hp_screen *screen, int y, const char *const *hints, size_t count)
{
	int x = 1;

	for (size_t i = 0; i < count; i++) {
		int width = (int)strlen(hints[i]);
		if (x + width > screen->columns)
			return;
		hp_screen_puts(screen, y, x, width, HP_STYLE_PLAIN, hints[i]);
		x += width + 2;
	}
}

static void
draw_header(struct hp_screen *screen, const struct hp_model *model, int64_t now_ms)
{
	const char *dot = hp_screen_glyph(screen, HP_GLYPH_DOT);
	struct hp_buf clock = {0};
	size_t pending, escalated, row;
	int64_t median_ms;
	char who[80];
	int x;

	x = 1 + hp_screen_puts(screen, 0, 1, 9, HP_STYLE_STRONG, "holdpoint") + 2;
	hp_queue_counts(model, now_ms, &pending, &escalated);
	if (model->lost)
		x += hp_screen_printf(screen, 0, x, screen->columns - x - 10, HP_STYLE_ALERT,
		                      " BROKER LOST %d s: %s ",
		                      (int)((now_ms - model->lost_since_ms) / 1000),
		                      model->lost_why);
	else
		x += hp_screen_printf(screen, 0, x, screen->columns - x - 10, HP_STYLE_PLAIN,
		                      "%zu pending %s %zu escalated", pending, dot, escalated);
	if (model->halted)
		x += 2 + hp_screen_puts(screen, 0, x + 2, screen->columns - x - 12, HP_STYLE_ALERT,
		                        " HALTED ");
	if (hp_care_is_tired(&model->care, now_ms, &row, &median_ms))
		x += 2 + hp_screen_printf(screen, 0, x + 2, screen->columns - x - 12, HP_STYLE_FLAG,
		                          "%zu approved in a row, median %d s", row,
		                          (int)(median_ms / 1000));
	snprintf(who, sizeof who, "%.30s %s %.40s", model->principal, dot, model->roles);
	int at = screen->columns - 12 - (int)hp_text_width(who, strlen(who));
	if (at > x + 1 && model->principal[0])
		hp_screen_puts(screen, 0, at, screen->columns - at - 11, HP_STYLE_PLAIN, who);
	if (model->has_clock) {
		hp_units_add_time(&clock, hp_model_broker_ms(model, now_ms));
		/* The time of day, out of 2026-11-22T03:12:44Z. */
		if (!clock.failed && clock.len == 20)
			hp_screen_puts(screen, 0, screen->columns - 10, 9, HP_STYLE_PLAIN,
			               hp_buf_text(&clock) + 11);
	}
	hp_buf_release(&clock);
}

/* " text " into a rule, ending at `end`; returns where it starts, so that more goes before it. */
static int
inlay(struct hp_screen *screen, int y, int end, enum hp_style style, const char *text)
{
	int width = (int)hp_text_width(text, strlen(text)) + 2, x = end - width;

	if (x < 2)
		return end;
	hp_screen_puts(screen, y, x, 1, style, " ");
	hp_screen_puts(screen, y, x + 1, width - 2, style, text);
	hp_screen_puts(screen, y, x + width - 1, 1, style, " ");
	return x - 2;
}

/* The rule names the open request, its time, and which of its lines are on screen. */
static void
draw_rule(struct hp_screen *screen, struct hp_model *model, int y, size_t body_rows, bool focused,
          int64_t now_ms)
{
	struct hp_pinned *pinned = &model->pinned;
	const struct hp_view *view = hp_view_current(model);
	const struct hp_place place = view->place(model);
	const char *filter = hp_view_filter_text(model);
	enum hp_style style = focused ? HP_STYLE_STRONG : HP_STYLE_PLAIN;
	enum hp_state state = hp_pinned_state(model, now_ms);
	char text[HP_LIMIT_SUMMARY_BYTES + 32], left[16];
	int end = screen->columns - 2;

	hp_screen_rule(screen, y, 0, screen->columns);
	if (view->over_request && pinned->phase == HP_PIN_READY &&
	    hp_pinned_visible(pinned, body_rows)) {
		snprintf(text, sizeof text, "%zu-%zu/%zu", pinned->top + 1,
		         pinned->top + hp_pinned_visible(pinned, body_rows), pinned->page.count);
		end = inlay(screen, y, end, style, text);
	}
	if (view->over_request && pinned->phase != HP_PIN_NONE) {
		hp_view_left(hp_model_left(model, pinned->deadline_ms, now_ms), left);
		end = inlay(screen, y, end, style,
		            state == HP_STATE_PENDING ? left
		            : state < HP_STATE_COUNT  ? hp_state_name(state)
		                                      : "closed");
		snprintf(text, sizeof text, "request %.13s", pinned->id);
		end = inlay(screen, y, end, style, text);
	}
	snprintf(text, sizeof text, " %s %zu-%zu/%zu ", view->name, place.first, place.last,
	         place.count);
	const char *shown = (int)strlen(text) <= end - 4 ? text : text + 1 + strlen(view->name);
	int x = 2 + hp_screen_puts(screen, y, 2, end - 4, HP_STYLE_PLAIN, shown) + 2;
	if (filter[0]) {
		struct hp_buf safe = {0};
		model->escape(&safe, filter, strlen(filter), HP_TEXT_ASCII);
		hp_screen_printf(screen, y, x, end - x - 1, HP_STYLE_STRONG, " filter %s ",
		                 hp_buf_text(&safe));
		hp_buf_release(&safe);
	}
}

static void
draw_hints(struct hp_screen *screen, struct hp_model *model, const struct hp_view *view,
           int64_t now_ms)
{
	static const char *const always[] = {"H halt", ": command", "1-5 views", "? help", "M man",
	                                     "q quit"};
	int y = screen->rows - HINT_ROWS;

	view->hint(screen, model, y, now_ms);
	if (model->message[0])
		hp_screen_puts(screen, y + 1, 1, screen->columns - 1,
		               model->message_is_error ? HP_STYLE_FLAG : HP_STYLE_STRONG,
		               model->message);
	else if (!model->help)
		hp_view_hints(screen, y + 1, always, sizeof always / sizeof always[0]);
}

/* Rows of the queue in the stacked layout: few while a request is read, half of the screen while
 * the queue is. */
static int
queue_rows(const struct hp_screen *screen, const struct hp_model *model)
{
	int rows = QUEUE_ROWS_MIN;

	if (!hp_view_current(model)->over_request)
		rows = (screen->rows - 4) * 3 / 5;
	else if (model->focus == HP_FOCUS_QUEUE)
		rows = (screen->rows - 4) / 2 / 2 * 2;
	else if (screen->rows > 30)
		rows = screen->rows / 4 / 2 * 2;
	return rows < QUEUE_ROWS_MIN ? QUEUE_ROWS_MIN : rows;
}

static void
draw_panes(struct hp_screen *screen, struct hp_model *model, int bottom, int64_t now_ms)
{
	const struct hp_view *view = hp_view_current(model);
	bool in_queue = model->focus == HP_FOCUS_QUEUE;
	struct hp_area queue = {.y = 1, .columns = screen->columns}, body = queue;
	int rule;

	if (screen->columns >= WIDE_COLUMNS && view->over_request) {
		rule = 1;
		queue.y = body.y = rule + 1;
		queue.rows = body.rows = bottom - body.y;
		queue.columns = screen->columns * 2 / 5;
		body.x = queue.columns + 2;
		body.columns = screen->columns - body.x;
	} else {
		queue.rows = queue_rows(screen, model);
		rule = queue.y + queue.rows;
		body.y = rule + 1;
		body.rows = bottom - body.y;
	}
	view->draw(screen, model, queue, in_queue, now_ms);
	if (view->over_request)
		hp_view_request.draw(screen, model, body, !in_queue, now_ms);
	else
		view->detail(screen, model, body, now_ms);
	draw_rule(screen, model, rule, (size_t)body.rows, !in_queue, now_ms);
}

static bool
draw_too_small(struct hp_screen *screen)
{
	char text[80];
	int len = snprintf(text, sizeof text, "too small: %dx%d, needs %dx%d", screen->columns,
	                   screen->rows, COLUMNS_MIN, ROWS_MIN);

	for (int y = 0, at = 0; y < screen->rows && at < len; y++, at += screen->columns)
		hp_screen_put(screen, y, 0, screen->columns, HP_STYLE_PLAIN, text + at,
		              (size_t)(len - at < screen->columns ? len - at : screen->columns));
	screen->cursor_y = screen->cursor_x = 0;
	return false;
}

bool
hp_frame_draw(struct hp_screen *screen, struct hp_model *model, int64_t now_ms)
{
	int bottom = screen->rows - HINT_ROWS;

	if (screen->rows < ROWS_MIN || screen->columns < COLUMNS_MIN)
		return draw_too_small(screen);
	draw_header(screen, model, now_ms);
	if (model->help) {
		struct hp_area area = {1, 0, bottom - 1, screen->columns};
		hp_view_help.draw(screen, model, area, true, now_ms);
		draw_hints(screen, model, &hp_view_help, now_ms);
		return true;
	}
	if (model->dialog.kind != HP_DIALOG_NONE)
		bottom = screen->rows - hp_view_dialog_rows(screen, model);
	draw_panes(screen, model, bottom, now_ms);
	if (model->dialog.kind != HP_DIALOG_NONE) {
		struct hp_area area = {bottom, 0, screen->rows - bottom, screen->columns};
		hp_view_dialog.draw(screen, model, area, true, now_ms);
	} else {
		draw_hints(screen, model,
		           model->focus == HP_FOCUS_QUEUE ? hp_view_current(model)
		                                          : &hp_view_request,
		           now_ms);
	}
	return true;
}
