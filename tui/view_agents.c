#include <stdio.h>
#include <string.h>

#include "tui/view.h"

/* Columns of the table; where there is little room the right ones go. */
enum { NAME_X = 3, MODE_X = 24, OWNER_X = 36, NUMBERS_X = 47, NUMBER_COLUMNS = 6 };

static void
print_pending(const struct hp_agent *agent, char out[48])
{
	snprintf(out, 48, "%lld", (long long)agent->pending);
}

static void
print_approved(const struct hp_agent *agent, char out[48])
{
	snprintf(out, 48, "%lld", (long long)agent->approved);
}

static void
print_denied(const struct hp_agent *agent, char out[48])
{
	snprintf(out, 48, "%lld", (long long)agent->denied);
}

static void
print_odd(const struct hp_agent *agent, char out[48])
{
	snprintf(out, 48, "%lld", (long long)agent->anomalies);
}

static void
print_spend(const struct hp_agent *agent, char out[48])
{
	if (agent->spent_percent >= 0)
		snprintf(out, 48, "%lld%%", (long long)agent->spent_percent);
	else
		snprintf(out, 48, "-");
}

static void
print_rate(const struct hp_agent *agent, char out[48])
{
	if (agent->rate_burst > 0)
		snprintf(out, 48, "%lld/%lld", (long long)agent->rate_left,
		         (long long)agent->rate_burst);
	else
		snprintf(out, 48, "-");
}

static void
print_asked(const struct hp_agent *agent, char out[48])
{
	snprintf(out, 48, "%lld", (long long)agent->asked);
}

static const struct {
	const char *title;
	void (*print)(const struct hp_agent *agent, char out[48]);
} columns[] = {
	{"WAIT", print_pending}, {"YES", print_approved}, {"NO", print_denied},
	{"ODD", print_odd},      {"SPEND", print_spend},  {"ASKED", print_asked},
	{"RATE", print_rate},
};

enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

/* Where the numbers begin: owner and mode make room on a narrow terminal. */
static int
numbers_x(const struct hp_area *area)
{
	return area->columns >= 76 ? NUMBERS_X : MODE_X + 12;
}

static void
draw_head(struct hp_screen *screen, struct hp_area area)
{
	int x = numbers_x(&area);

	hp_screen_puts(screen, area.y, area.x + NAME_X, MODE_X - NAME_X, HP_STYLE_STRONG, "AGENT");
	hp_screen_puts(screen, area.y, area.x + MODE_X, OWNER_X - MODE_X, HP_STYLE_STRONG, "MODE");
	if (x == NUMBERS_X)
		hp_screen_puts(screen, area.y, area.x + OWNER_X, NUMBERS_X - OWNER_X,
		               HP_STYLE_STRONG, "OWNER");
	for (size_t i = 0; i < COLUMN_COUNT; i++, x += NUMBER_COLUMNS)
		if (x + NUMBER_COLUMNS <= area.columns)
			hp_screen_printf(screen, area.y, area.x + x, NUMBER_COLUMNS,
			                 HP_STYLE_STRONG, "%5s", columns[i].title);
}

static void
draw_row(struct hp_screen *screen, const struct hp_agent *agent, struct hp_area area, bool selected)
{
	enum hp_style style = selected ? HP_STYLE_STRONG : HP_STYLE_PLAIN;
	int x = numbers_x(&area);

	if (agent->halted)
		hp_screen_puts(screen, area.y, area.x + NAME_X, MODE_X - NAME_X - 9, style,
		               agent->name);
	else
		hp_screen_puts(screen, area.y, area.x + NAME_X, MODE_X - NAME_X - 1, style,
		               agent->name);
	if (agent->halted)
		hp_screen_puts(screen, area.y, area.x + MODE_X - 8, 7, HP_STYLE_ALERT, "HALTED");
	hp_screen_puts(screen, area.y, area.x + MODE_X, OWNER_X - MODE_X - 1, style, agent->mode);
	if (x == NUMBERS_X)
		hp_screen_puts(screen, area.y, area.x + OWNER_X, NUMBERS_X - OWNER_X - 1, style,
		               agent->owner);
	for (size_t i = 0; i < COLUMN_COUNT; i++, x += NUMBER_COLUMNS) {
		char number[48];
		columns[i].print(agent, number);
		if (x + NUMBER_COLUMNS <= area.columns)
			hp_screen_printf(screen, area.y, area.x + x, NUMBER_COLUMNS, style, "%5s",
			                 number);
	}
}

static void
draw(struct hp_screen *screen, struct hp_model *model, struct hp_area area, bool focused,
     int64_t now_ms)
{
	struct hp_agents *agents = &model->agents;
	size_t height = (size_t)(area.rows > 1 ? area.rows - 1 : 0);

	hp_agents_refresh(agents);
	hp_cursor_fit(&agents->cursor, agents->view_count, height);
	draw_head(screen, area);
	area.y++;
	if (agents->view_count == 0)
		hp_view_empty(screen, area, focused,
		              agents->problem[0]    ? agents->problem
		              : !agents->has_listed ? "listing the agents"
		              : agents->filter[0]   ? "nothing matches the filter (Esc shows all)"
		                                    : "there are no agents");
	for (size_t i = 0; i < height && agents->cursor.top + i < agents->view_count; i++) {
		struct hp_area row = {area.y + (int)i, area.x, 1, area.columns};
		size_t at = agents->cursor.top + i;
		bool selected = at == agents->cursor.index;
		hp_view_marks(screen, model, row, "", selected, focused);
		draw_row(screen, agents->view[at], row, selected);
	}
}

static void
draw_lines(struct hp_screen *screen, struct hp_area *area, enum hp_style style,
           const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count && area->rows > 0; i++, area->y++, area->rows--) {
		if (area->rows == 1 && count - i > 1)
			hp_screen_printf(screen, area->y, area->x + 1, area->columns - 1,
			                 HP_STYLE_STRONG, "%s %zu more lines",
			                 hp_screen_glyph(screen, HP_GLYPH_MORE), count - i);
		else
			hp_screen_puts(screen, area->y, area->x + 1, area->columns - 1, style,
			               lines[i]);
	}
}

static void
detail(struct hp_screen *screen, struct hp_model *model, struct hp_area area, int64_t now_ms)
{
	const struct hp_agent *agent = hp_agents_selected(&model->agents);
	char time[24] = "never";

	if (agent) {
		if (agent->last_ms)
			hp_view_time(agent->last_ms, time);
		hp_screen_printf(screen, area.y++, area.x + 1, area.columns - 1, HP_STYLE_STRONG,
		                 "%.64s  %.20s, owned by %.64s; asked last: %s", agent->name,
		                 agent->mode, *agent->owner ? agent->owner : "nobody", time);
		area.rows--;
		draw_lines(screen, &area, HP_STYLE_PLAIN, agent->lines, agent->line_count);
	}
	draw_lines(screen, &area, HP_STYLE_FLAG, model->agents.shown.halts,
	           model->agents.shown.halt_count);
}

static void
hint(struct hp_screen *screen, struct hp_model *model, int y, int64_t now_ms)
{
	const char *const hints[] = {"Enter its requests", "H halt",
	                             model->is_admin ? "R resume" : "R resume (admins)",
	                             "/ filter", ": deny agent:NAME"};

	hp_view_hints(screen, y, hints, sizeof hints / sizeof hints[0]);
}

static void
enter(struct hp_model *model)
{
	model->agents.due_ms = 0;
}

static unsigned
move(struct hp_model *model, long lines, long pages)
{
	return hp_agents_move(&model->agents, lines, pages);
}

/* Its requests are the history's, filtered. */
static unsigned
open_selected(struct hp_model *model, int64_t now_ms)
{
	const struct hp_agent *agent = hp_agents_selected(&model->agents);
	char words[HP_LIMIT_SUMMARY_BYTES + 1];

	if (!agent)
		return HP_CHANGED_NOTHING;
	snprintf(words, sizeof words, "agent:%.*s", (int)HP_LIMIT_NAME_BYTES, agent->name);
	unsigned changed = hp_view_change(model, HP_VIEW_HISTORY);
	hp_view_filter(model, words);
	return changed;
}

static char *
filter(struct hp_model *model)
{
	return model->agents.filter;
}

static void
filtered(struct hp_model *model)
{
	model->agents.dirty = true;
	hp_agents_refresh(&model->agents);
}

static struct hp_place
place(const struct hp_model *model)
{
	const struct hp_agents *agents = &model->agents;

	return hp_place_of(agents->cursor.top, agents->cursor.height, agents->view_count);
}

const struct hp_view hp_view_agents = {
	.name = "agents",
	.row_lines = 1,
	.draw = draw,
	.detail = detail,
	.hint = hint,
	.enter = enter,
	.move = move,
	.open = open_selected,
	.filter = filter,
	.filtered = filtered,
	.place = place,
};
