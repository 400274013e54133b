/* Requests that ran without a person's yes and were drawn for one to look at. */
#include "tui/view.h"

static void
draw(struct hp_screen *screen, struct hp_model *model, struct hp_area area, bool focused,
     int64_t now_ms)
{
	hp_view_rows_draw(screen, model, &model->checks, area, focused, now_ms,
	                  "nothing waits for a spot check");
}

static void
hint(struct hp_screen *screen, struct hp_model *model, int y, int64_t now_ms)
{
	static const char *const hints[] = {"Enter open, there: o all is well, c a concern",
	                                    "n next", "/ filter"};

	hp_view_hints(screen, y, hints, sizeof hints / sizeof hints[0]);
}

static void
enter(struct hp_model *model)
{
	hp_rows_reload(&model->checks);
}

static unsigned
move(struct hp_model *model, long lines, long pages)
{
	return hp_rows_move(&model->checks, lines, pages);
}

static unsigned
open_selected(struct hp_model *model, int64_t now_ms)
{
	return hp_view_open_row(model, hp_rows_selected(&model->checks));
}

static char *
filter(struct hp_model *model)
{
	return model->checks.filter;
}

static void
filtered(struct hp_model *model)
{
	model->checks.dirty = true;
	hp_rows_refresh(&model->checks);
}

static struct hp_place
place(const struct hp_model *model)
{
	return hp_view_rows_place(&model->checks);
}

const struct hp_view hp_view_checks = {
	.name = "checks",
	.over_request = true,
	.row_lines = 2,
	.draw = draw,
	.hint = hint,
	.enter = enter,
	.move = move,
	.open = open_selected,
	.filter = filter,
	.filtered = filtered,
	.place = place,
};
