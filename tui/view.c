/* The table of views, and what they share. */
#include "tui/view.h"

#include <stdio.h>
#include <string.h>

#include "core/units.h"

static const struct {
	const struct hp_view *view;
	const char *what;
} views[HP_VIEW_COUNT] = {
#define HP_VIEW(name, id, what) {&hp_view_##name, what},
#include "tui/views.def"
#undef HP_VIEW
};

const struct hp_view *
hp_view_at(unsigned index)
{
	return views[index].view;
}

const char *
hp_view_what(unsigned index)
{
	return views[index].what;
}

const struct hp_view *
hp_view_current(const struct hp_model *model)
{
	return views[model->view].view;
}

unsigned
hp_view_change(struct hp_model *model, enum hp_view_id id)
{
	model->help = false;
	model->focus = HP_FOCUS_QUEUE;
	model->view = id;
	if (hp_view_current(model)->enter)
		hp_view_current(model)->enter(model);
	return HP_CHANGED_PANE | HP_CHANGED_FLUSH;
}

bool
hp_view_filter(struct hp_model *model, const char *filter)
{
	const struct hp_view *view = hp_view_current(model);

	if (strlen(filter) > HP_LIMIT_SUMMARY_BYTES)
		return false;
	snprintf(view->filter(model), HP_LIMIT_SUMMARY_BYTES + 1, "%s", filter);
	view->filtered(model);
	return true;
}

const char *
hp_view_filter_text(struct hp_model *model)
{
	return hp_view_current(model)->filter(model);
}

unsigned
hp_view_open_row(struct hp_model *model, const struct hp_row *row)
{
	if (!row) {
		hp_model_say(model, false, "nothing is selected");
		return HP_CHANGED_SCREEN;
	}
	if (model->pinned.phase == HP_PIN_NONE || model->pinned.phase == HP_PIN_REFUSED ||
	    strcmp(model->pinned.id, row->id) != 0)
		hp_pinned_open(model, row);
	model->focus = HP_FOCUS_REQUEST;
	return HP_CHANGED_PANE | HP_CHANGED_FLUSH;
}

/* --- helpers --- */

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

void
hp_view_time(int64_t wall_ms, char out[24])
{
	struct hp_buf text = {0};

	hp_units_add_time(&text, wall_ms);
	/* Out of 2026-11-22T03:12:44Z. */
	if (!text.failed && text.len == 20)
		snprintf(out, 24, "%.5s %.8s", hp_buf_text(&text) + 5, hp_buf_text(&text) + 11);
	else
		snprintf(out, 24, "?");
	hp_buf_release(&text);
}

void
hp_view_marks(struct hp_screen *screen, const struct hp_model *model, struct hp_area area,
              const char *id, bool selected, bool focused)
{
	if (selected)
		hp_screen_puts(screen, area.y, area.x + 1, 1, HP_STYLE_STRONG,
		               hp_screen_glyph(screen, HP_GLYPH_SELECTED));
	if (model->pinned.phase != HP_PIN_NONE && strcmp(id, model->pinned.id) == 0)
		hp_screen_puts(screen, area.y, area.x, 1, HP_STYLE_STRONG, "*");
	if (selected && focused) {
		screen->cursor_y = area.y;
		screen->cursor_x = area.x + 1;
	}
}

/* The end of a name says more than its beginning. */
static void
draw_tail(struct hp_screen *screen, int y, int x, int max, enum hp_style style, const char *text)
{
	const char *more = hp_screen_glyph(screen, HP_GLYPH_MORE);
	int mark = screen->ascii ? 3 : 1, len = (int)strlen(text);

	if (len > max && max > mark) {
		hp_screen_puts(screen, y, x, mark, style, more);
		text += len - (max - mark);
		x += mark;
		max -= mark;
	}
	hp_screen_puts(screen, y, x, max, style, text);
}

void
hp_view_subject(struct hp_screen *screen, const struct hp_row *row, struct hp_area area,
                enum hp_style style)
{
	enum { DETAIL_X = 8, RESOURCE_COLUMNS_MIN = 18, MORE_COLUMNS = 8 };
	int used = hp_screen_puts(screen, area.y, area.x + DETAIL_X,
	                          area.columns - DETAIL_X - RESOURCE_COLUMNS_MIN, style,
	                          row->operation);
	int rest = area.columns - DETAIL_X - used - 3;

	if (row->resources > 1) {
		rest -= MORE_COLUMNS;
		hp_screen_printf(screen, area.y, area.x + area.columns - MORE_COLUMNS,
		                 MORE_COLUMNS - 1, style, "+%lld", (long long)row->resources - 1);
	}
	draw_tail(screen, area.y, area.x + DETAIL_X + used + 2, rest, HP_STYLE_PLAIN,
	          row->resource);
}

void
hp_view_empty(struct hp_screen *screen, struct hp_area area, bool focused, const char *why)
{
	enum { TEXT_X = 3 };

	hp_screen_puts(screen, area.y, area.x + TEXT_X, area.columns - TEXT_X, HP_STYLE_PLAIN, why);
	if (focused) {
		screen->cursor_y = area.y;
		screen->cursor_x = area.x + 1;
	}
}
