#include <stdio.h>
#include <string.h>

#include "tui/safe.h"
#include "tui/view.h"

enum { TARGET_LINES = 3 };

/* What the dialog acts on, in one paragraph: it must be read next to the key that does it. */
static const char *
target_text(struct hp_arena *arena, const struct hp_screen *screen, const struct hp_model *model)
{
	const struct hp_value *canonical = model->pinned.canonical;
	const struct hp_value *resources = hp_map_get(canonical, "resources");
	const struct hp_value *parts[] = {
		hp_map_get(canonical, "operation"), hp_map_get(canonical, "environment"),
		hp_map_get(canonical, "requester"), hp_array_get(resources, 0)};
	static const char *const before[] = {"", " in ", " for ", ": "};
	unsigned flags = HP_TEXT_MARK | (screen->ascii ? HP_TEXT_ASCII : 0);
	struct hp_buf text = {0};
	const char *copy;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (!parts[i] || parts[i]->type != HP_STR)
			continue;
		hp_buf_add_text(&text, before[i]);
		model->escape(&text, parts[i]->str.p, parts[i]->str.len, flags);
	}
	if (hp_value_count(resources) > 1)
		hp_buf_printf(&text, " and %zu more", hp_value_count(resources) - 1);
	copy = text.failed ? NULL : hp_arena_copy(arena, hp_buf_text(&text), text.len);
	hp_buf_release(&text);
	return copy ? copy : "";
}

/* Draws the target over at most TARGET_LINES lines; a cut shows. Lines used. */
static int
draw_target(struct hp_screen *screen, const struct hp_model *model, int y, bool draw_it)
{
	struct hp_arena arena = {0};
	const char *text = target_text(&arena, screen, model);
	struct hp_text_line *lines;
	size_t count = 0, columns = (size_t)screen->columns - 2;
	int used = 0;

	if (hp_text_wrap(&arena, text, strlen(text), columns, &lines, &count) != HP_OK)
		count = 0;
	for (size_t i = 0; i < count && used < TARGET_LINES; i++, used++) {
		bool last = used == TARGET_LINES - 1;
		/* The last line takes the rest, so that hp_screen_put() shows the cut. */
		size_t len = last ? strlen(text) - lines[i].start : lines[i].len;
		if (draw_it)
			hp_screen_put(screen, y + used, 1, (int)columns, HP_STYLE_STRONG,
			              text + lines[i].start, len);
	}
	hp_arena_release(&arena);
	return used;
}

/* The typed text; when it is longer than the line, its end. */
static void
draw_input(struct hp_screen *screen, const struct hp_model *model, int y)
{
	const struct hp_dialog *dialog = &model->dialog;
	const char *prompt = hp_dialog_prompt(dialog->kind), *text;
	int x = 1 + (int)strlen(prompt), room = screen->columns - x - 1;
	struct hp_buf safe = {0};

	hp_screen_puts(screen, y, 1, screen->columns - 1, HP_STYLE_STRONG, prompt);
	hp_tui_escape(&safe, dialog->text, dialog->len, screen->ascii ? HP_TEXT_ASCII : 0);
	text = hp_buf_text(&safe);
	while (hp_text_width(text, strlen(text)) > (size_t)room) {
		do
			text++;
		while (((unsigned char)*text & 0xC0) == 0x80);
	}
	x += hp_screen_puts(screen, y, x, room, HP_STYLE_PLAIN, text);
	screen->cursor_y = y;
	screen->cursor_x = x;
	hp_buf_release(&safe);
}

/* How many lines stand between the target and the footer. */
static int
middle_rows(const struct hp_dialog *dialog)
{
	if (dialog->kind == HP_DIALOG_DENY || dialog->kind == HP_DIALOG_DENY_ALL)
		return (int)hp_deny_preset_count;
	return dialog->kind == HP_DIALOG_APPROVE || dialog->kind == HP_DIALOG_FILTER ? 2 : 1;
}

static void
draw_middle(struct hp_screen *screen, const struct hp_model *model, int y)
{
	const struct hp_dialog *dialog = &model->dialog;

	switch (dialog->kind) {
	case HP_DIALOG_DENY:
	case HP_DIALOG_DENY_ALL:
		for (size_t i = 0; i < hp_deny_preset_count; i++)
			hp_screen_printf(screen, y + (int)i, 1, screen->columns - 1, HP_STYLE_PLAIN,
			                 "%c  %s", hp_deny_presets[i].key,
			                 hp_deny_presets[i].reason ? hp_deny_presets[i].reason
			                                           : "own words");
		screen->cursor_y = y;
		screen->cursor_x = 1;
		return;
	case HP_DIALOG_APPROVE:
		hp_screen_printf(screen, y++, 1, screen->columns - 1, HP_STYLE_PLAIN,
		                 "To approve request %.13s type %s: %s", dialog->id,
		                 dialog->confirmation.what, dialog->confirmation.text);
		break;
	case HP_DIALOG_FILTER:
		hp_screen_puts(screen, y++, 1, screen->columns - 1, HP_STYLE_PLAIN,
		               "words, and env: class: agent: tier: in any order; all must match");
		break;
	default:
		break;
	}
	draw_input(screen, model, y);
}

int
hp_view_dialog_rows(const struct hp_screen *screen, const struct hp_model *model)
{
	const struct hp_dialog *dialog = &model->dialog;
	struct hp_screen measure = *screen;
	int target =
		hp_dialog_has_target(dialog->kind) ? draw_target(&measure, model, 0, false) : 0;

	return 1 + target + middle_rows(dialog) + 1;
}

static void
draw_footer(struct hp_screen *screen, const struct hp_model *model, int y)
{
	const struct hp_dialog *dialog = &model->dialog;
	const char *dot = hp_screen_glyph(screen, HP_GLYPH_DOT);

	if (dialog->dead[0])
		hp_screen_printf(screen, y, 1, screen->columns - 1, HP_STYLE_ALERT,
		                 "%s %s Esc closes", dialog->dead, dot);
	else if (model->message[0])
		hp_screen_puts(screen, y, 1, screen->columns - 1, HP_STYLE_FLAG, model->message);
	else if (dialog->kind == HP_DIALOG_DENY || dialog->kind == HP_DIALOG_DENY_ALL)
		hp_screen_printf(screen, y, 1, screen->columns - 1, HP_STYLE_PLAIN,
		                 "a key sends the denial with its reason %s Esc leaves", dot);
	else
		hp_screen_printf(
			screen, y, 1, screen->columns - 1, HP_STYLE_PLAIN, "Enter %s %s Esc leaves",
			dialog->kind == HP_DIALOG_FILTER    ? "filters"
			: dialog->kind == HP_DIALOG_COMMAND ? "does it"
			: dialog->kind == HP_DIALOG_EXTEND || dialog->kind == HP_DIALOG_HALT ||
					  dialog->kind == HP_DIALOG_RESUME
				? "goes on"
				: "sends",
			dot);
}

/* What is about to be done, and to what. */
static void
draw_title(struct hp_screen *screen, const struct hp_model *model, int y)
{
	const struct hp_dialog *dialog = &model->dialog;
	const char *title = hp_dialog_title(dialog->kind);
	struct hp_buf safe = {0};
	char text[HP_LIMIT_NAME_BYTES * 8 + 64];

	model->escape(&safe, dialog->agent, strlen(dialog->agent), HP_TEXT_ASCII);
	switch (dialog->kind) {
	case HP_DIALOG_HALT_WHY:
	case HP_DIALOG_RESUME_WHY:
		snprintf(text, sizeof text, " %s %s ", title,
		         dialog->agent[0] ? hp_buf_text(&safe) : "ALL agents");
		break;
	case HP_DIALOG_DENY_ALL:
	case HP_DIALOG_DENY_ALL_WORDS:
		snprintf(text, sizeof text, " %s of %s: %zu requests ", title, hp_buf_text(&safe),
		         model->bulk.count);
		break;
	default:
		if (hp_dialog_has_target(dialog->kind))
			snprintf(text, sizeof text, " %s request %.13s ", title, dialog->id);
		else
			snprintf(text, sizeof text, " %s ", title);
	}
	hp_buf_release(&safe);
	hp_screen_puts(screen, y, 2, screen->columns - 4, HP_STYLE_STRONG, text);
}

static void
draw(struct hp_screen *screen, struct hp_model *model, struct hp_area area, bool focused,
     int64_t now_ms)
{
	const struct hp_dialog *dialog = &model->dialog;
	int y = area.y;

	hp_screen_rule(screen, y, 0, screen->columns);
	draw_title(screen, model, y);
	y++;
	if (hp_dialog_has_target(dialog->kind))
		y += draw_target(screen, model, y, true);
	draw_middle(screen, model, y);
	draw_footer(screen, model, area.y + area.rows - 1);
}

const struct hp_view hp_view_dialog = {.name = "dialog", .draw = draw};
