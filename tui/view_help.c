#include <stdio.h>
#include <string.h>

#include "tui/command.h"
#include "tui/control.h"
#include "tui/view.h"

/* No line is wider than the smallest terminal. */
static const char *const words[] = {
	"",
	"Deciding keys act on the open request: marked * in the",
	"queue, named in the rule above it. Never on the selected",
	"row. They count from 0.4 s after the request was drawn or",
	"changed; what was typed before is dropped.",
	"",
	"Approving is off until the end of WHAT and of ROLLBACK has",
	"been on screen, and asks to type what it is about.",
	"",
	"Silence denies: when the time runs out, nothing happens.",
	"All times are the broker's.",
};

enum { WORD_COUNT = sizeof words / sizeof words[0] };

/* A key or a command, and what it does. */
static void
draw_entry(struct hp_screen *screen, int y, const struct hp_area *area, const char *head,
           const char *help)
{
	int used = hp_screen_puts(screen, y, area->x + 2, area->columns - 2, HP_STYLE_STRONG, head);
	int x = used < 12 ? 14 : used + 4;

	hp_screen_puts(screen, y, area->x + x, area->columns - x, HP_STYLE_PLAIN, help);
}

static void
draw_action(struct hp_screen *screen, int y, const struct hp_area *area, size_t index)
{
	const struct hp_action *action = &hp_actions[index];
	char first[8], second[8], head[24];

	snprintf(head, sizeof head, "%s%s%s", hp_control_key_name(action->key, first),
	         action->other_key ? " " : "",
	         action->other_key ? hp_control_key_name(action->other_key, second) : "");
	draw_entry(screen, y, area, head, action->help);
}

static void
draw_command(struct hp_screen *screen, int y, const struct hp_area *area, size_t index)
{
	const char *name, *arguments, *help;
	char head[48];

	hp_command_describe(index, &name, &arguments, &help);
	snprintf(head, sizeof head, ":%s %s", name, arguments);
	draw_entry(screen, y, area, head, help);
}

/* Line `at` of the page: the keys, the commands, the words. */
static void
draw_line(struct hp_screen *screen, int y, const struct hp_area *area, size_t at)
{
	size_t commands = hp_command_count();

	if (at < hp_action_count)
		draw_action(screen, y, area, at);
	else if (at > hp_action_count && at - hp_action_count - 1 < commands)
		draw_command(screen, y, area, at - hp_action_count - 1);
	else if (at > hp_action_count)
		hp_screen_puts(screen, y, area->x + 2, area->columns - 2, HP_STYLE_PLAIN,
		               words[at - hp_action_count - 1 - commands]);
}

static void
draw(struct hp_screen *screen, struct hp_model *model, struct hp_area area, bool focused,
     int64_t now_ms)
{
	size_t count = hp_action_count + 1 + hp_command_count() + WORD_COUNT;
	size_t height = (size_t)area.rows, shown = height;

	model->help_last = count > height ? count - height : 0;
	if (model->help_top > model->help_last)
		model->help_top = model->help_last;
	if (model->help_top < model->help_last)
		shown--;
	for (size_t i = 0; i < shown && model->help_top + i < count; i++)
		draw_line(screen, area.y + (int)i, &area, model->help_top + i);
	if (shown < height)
		hp_screen_printf(screen, area.y + area.rows - 1, area.x + 1, area.columns - 1,
		                 HP_STYLE_STRONG, "%s %zu more lines",
		                 hp_screen_glyph(screen, HP_GLYPH_MORE),
		                 count - model->help_top - shown);
	screen->cursor_y = area.y;
	screen->cursor_x = area.x;
}

static void
hint(struct hp_screen *screen, struct hp_model *model, int y, int64_t now_ms)
{
	static const char *const hints[] = {"Esc back", "j k scroll", "M the manual page"};

	hp_view_hints(screen, y, hints, sizeof hints / sizeof hints[0]);
}

const struct hp_view hp_view_help = {.name = "help", .draw = draw, .hint = hint};
