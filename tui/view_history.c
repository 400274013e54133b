#include <stdio.h>
#include <string.h>

#include "tui/view.h"

enum { ROW_LINES = 2, TIME_X = 3, STATE_X = 18, TEXT_X = 34, VOTES_COLUMNS = 5, NAME_COLUMNS = 13 };

static void
draw_row(struct hp_screen *screen, const struct hp_model *model, const struct hp_row *row,
         struct hp_area area, bool selected, bool focused, int64_t now_ms)
{
	enum hp_style style = selected && focused ? HP_STYLE_STRONG : HP_STYLE_PLAIN;
	enum hp_state state = hp_row_state(model, row, now_ms);
	int votes_x = area.columns - VOTES_COLUMNS, name_x = votes_x - NAME_COLUMNS;
	char time[24];

	hp_view_marks(screen, model, area, row->id, selected, focused);
	hp_view_time(row->submitted_ms, time);
	hp_screen_puts(screen, area.y, area.x + TIME_X, STATE_X - TIME_X - 1, style, time);
	hp_screen_puts(screen, area.y, area.x + STATE_X, TEXT_X - STATE_X - 1, HP_STYLE_STRONG,
	               hp_state_name(state));
	hp_screen_printf(screen, area.y, area.x + TEXT_X, name_x - TEXT_X - 1, style,
	                 "%.64s %.200s", row->environment, row->classes);
	hp_screen_puts(screen, area.y, area.x + name_x, NAME_COLUMNS - 1, style, row->requester);
	if (row->needed > 0)
		hp_screen_printf(screen, area.y, area.x + votes_x, VOTES_COLUMNS - 1, style,
		                 "%d/%d", (int)row->approvals, (int)row->needed);
	area.y++;
	hp_view_subject(screen, row, area, style);
}

void
hp_view_rows_draw(struct hp_screen *screen, const struct hp_model *model, struct hp_rows *rows,
                  struct hp_area area, bool focused, int64_t now_ms, const char *none)
{
	size_t height = (size_t)(area.rows / ROW_LINES);

	hp_rows_fit(rows, height);
	if (rows->view_count == 0)
		hp_view_empty(screen, area, focused,
		              rows->problem[0]    ? rows->problem
		              : !rows->has_listed ? "listing the requests"
		              : rows->filter[0]   ? "nothing matches the filter (Esc shows all)"
		                                  : none);
	for (size_t i = 0; i < height && rows->cursor.top + i < rows->view_count; i++) {
		struct hp_area row = {area.y + (int)i * ROW_LINES, area.x, ROW_LINES, area.columns};
		size_t at = rows->cursor.top + i;
		draw_row(screen, model, rows->view[at], row, at == rows->cursor.index, focused,
		         now_ms);
	}
}

struct hp_place
hp_view_rows_place(const struct hp_rows *rows)
{
	return hp_place_of(rows->cursor.top, rows->cursor.height, rows->view_count);
}

static void
draw(struct hp_screen *screen, struct hp_model *model, struct hp_area area, bool focused,
     int64_t now_ms)
{
	hp_view_rows_draw(screen, model, &model->history, area, focused, now_ms,
	                  "there has been no request");
}

static void
hint(struct hp_screen *screen, struct hp_model *model, int y, int64_t now_ms)
{
	static const char *const hints[] = {"Enter open", "j k move", "n next", "/ filter",
	                                    "Tab request", "Esc all"};

	hp_view_hints(screen, y, hints, sizeof hints / sizeof hints[0]);
}

static void
enter(struct hp_model *model)
{
	if (!model->history.has_listed)
		hp_rows_reload(&model->history);
}

static unsigned
move(struct hp_model *model, long lines, long pages)
{
	return hp_rows_move(&model->history, lines, pages);
}

static unsigned
open_selected(struct hp_model *model, int64_t now_ms)
{
	return hp_view_open_row(model, hp_rows_selected(&model->history));
}

static char *
filter(struct hp_model *model)
{
	return model->history.filter;
}

static void
filtered(struct hp_model *model)
{
	model->history.dirty = true;
	hp_rows_refresh(&model->history);
}

static struct hp_place
place(const struct hp_model *model)
{
	return hp_view_rows_place(&model->history);
}

const struct hp_view hp_view_history = {
	.name = "history",
	.over_request = true,
	.row_lines = ROW_LINES,
	.draw = draw,
	.hint = hint,
	.enter = enter,
	.move = move,
	.open = open_selected,
	.filter = filter,
	.filtered = filtered,
	.place = place,
};
