#include <stdio.h>
#include <string.h>

#include "tui/view.h"

/* A label stands at its section's first line, and again where the window cuts a section. */
static void
draw_line(struct hp_screen *screen, const struct hp_pinned *pinned, size_t index,
          struct hp_area area, int y)
{
	const struct hp_present_line *line = &pinned->page.lines[index];
	int label = pinned->raw ? 0 : HP_PRESENT_LABEL;
	enum hp_style style = line->flags & HP_LINE_FLAGGED ? HP_STYLE_FLAG : HP_STYLE_PLAIN;

	if (label && ((line->flags & HP_LINE_FIRST) || index == pinned->top))
		hp_screen_puts(screen, y, area.x + 1, HP_PRESENT_LABEL - 1,
		               line->flags & HP_LINE_FIRST ? HP_STYLE_STRONG : HP_STYLE_PLAIN,
		               hp_present_label(line->section));
	hp_screen_put(screen, y, area.x + 1 + label, area.columns - label - 1, style, line->text,
	              line->len);
}

static void
draw_page(struct hp_screen *screen, struct hp_model *model, struct hp_area area)
{
	struct hp_pinned *pinned = &model->pinned;
	size_t visible, below;

	hp_pinned_fit(pinned, (size_t)area.rows);
	visible = hp_pinned_visible(pinned, (size_t)area.rows);
	below = pinned->page.count - pinned->top - visible;
	for (size_t i = 0; i < visible; i++)
		draw_line(screen, pinned, pinned->top + i, area, area.y + (int)i);
	if (below)
		hp_screen_printf(screen, area.y + area.rows - 1, area.x + 1, area.columns - 1,
		                 HP_STYLE_STRONG, "%s %zu more line%s",
		                 hp_screen_glyph(screen, HP_GLYPH_MORE), below,
		                 below == 1 ? "" : "s");
	hp_pinned_note_drawn(pinned);
}

/* Who sees this for the first time needs three lines; who knows them has opened a request. */
static void
draw_welcome(struct hp_screen *screen, struct hp_area area)
{
	static const char *const lines[] = {
		"Enter opens the selected request; j and ^D go to its end.",
		"a approves it, by its name typed; d denies it, with a why.",
		"Silence denies it too. H halts an agent, ? explains all.",
	};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0] && (int)i < area.rows; i++)
		hp_screen_puts(screen, area.y + (int)i, area.x + 1, area.columns - 1,
		               HP_STYLE_PLAIN, lines[i]);
}

static void
draw(struct hp_screen *screen, struct hp_model *model, struct hp_area area, bool focused,
     int64_t now_ms)
{
	const struct hp_pinned *pinned = &model->pinned;
	const char *text = NULL;
	enum hp_style style = HP_STYLE_PLAIN;

	if (focused) {
		screen->cursor_y = area.y;
		screen->cursor_x = area.x + 1;
	}
	if (pinned->phase == HP_PIN_NONE) {
		draw_welcome(screen, area);
	} else if (pinned->phase == HP_PIN_LOADING) {
		text = "loading the request";
	} else if (pinned->phase == HP_PIN_REFUSED ||
	           hp_pinned_lay_out(model, (size_t)area.columns - 1) != HP_OK) {
		text = pinned->problem;
		style = HP_STYLE_ALERT;
	}
	if (text)
		hp_screen_puts(screen, area.y, area.x + 1, area.columns - 1, style, text);
	else
		draw_page(screen, model, area);
}

static void
hint(struct hp_screen *screen, struct hp_model *model, int y, int64_t now_ms)
{
	const char *approve = hp_pinned_refuses(model, HP_DEED_APPROVE, now_ms);
	const char *deny = hp_pinned_refuses(model, HP_DEED_DENY, now_ms);
	char approve_hint[80] = "a approve", deny_hint[80] = "d deny";
	const char *const hints[] = {approve_hint, deny_hint,   "e extend",
	                             "m note",     "y copy id", "b bytes"};

	if (model->view == HP_VIEW_CHECKS && approve && deny) {
		snprintf(approve_hint, sizeof approve_hint, "o all is well");
		snprintf(deny_hint, sizeof deny_hint, "c a concern");
		hp_view_hints(screen, y, hints, 2);
		return;
	}
	if (approve && deny)
		snprintf(approve_hint, sizeof approve_hint, "no approving, no denying: %s", deny);
	else if (approve)
		snprintf(approve_hint, sizeof approve_hint, "a approve (%s)", approve);
	if (approve && deny)
		hp_view_hints(screen, y, hints, 1);
	else
		hp_view_hints(screen, y, hints, sizeof hints / sizeof hints[0]);
}

const struct hp_view hp_view_request = {.name = "request", .draw = draw, .hint = hint};
