#include <stdio.h>
#include <string.h>

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

static void
draw_action(struct hp_screen *screen, int y, const struct hp_area *area,
            const struct hp_action *action)
{
	char first[8], second[8];

	if (action->other_key)
		hp_screen_printf(screen, y, area->x + 2, 12, HP_STYLE_STRONG, "%s %s",
		                 hp_control_key_name(action->key, first),
		                 hp_control_key_name(action->other_key, second));
	else
		hp_screen_puts(screen, y, area->x + 2, 12, HP_STYLE_STRONG,
		               hp_control_key_name(action->key, first));
	hp_screen_puts(screen, y, area->x + 14, area->columns - 14, HP_STYLE_PLAIN, action->help);
}

static void
draw(struct hp_screen *screen, struct hp_model *model, struct hp_area area, bool focused,
     int64_t now_ms)
{
	size_t count = hp_action_count + WORD_COUNT, height = (size_t)area.rows, shown = height;

	model->help_last = count > height ? count - height : 0;
	if (model->help_top > model->help_last)
		model->help_top = model->help_last;
	if (model->help_top < model->help_last)
		shown--;
	for (size_t i = 0; i < shown && model->help_top + i < count; i++) {
		size_t at = model->help_top + i;
		int y = area.y + (int)i;
		if (at < hp_action_count)
			draw_action(screen, y, &area, &hp_actions[at]);
		else
			hp_screen_puts(screen, y, area.x + 2, area.columns - 2, HP_STYLE_PLAIN,
			               words[at - hp_action_count]);
	}
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
	static const char *const hints[] = {"Esc back", "j k scroll"};

	hp_view_hints(screen, y, hints, sizeof hints / sizeof hints[0]);
}

const struct hp_view hp_view_help = {.name = "help", .draw = draw, .hint = hint};
