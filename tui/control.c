#include "tui/control.h"

#include <stdio.h>
#include <string.h>

#include "tui/view.h"

/* --- moving --- */

static unsigned
move_help(struct hp_model *model, long lines)
{
	long top = (long)model->help_top + lines, last = (long)model->help_last;

	model->help_top = (size_t)(top < 0 ? 0 : top > last ? last : top);
	return HP_CHANGED_SCREEN;
}

/* Moves in whatever has the focus: by lines, or by pages of what is on screen. */
static unsigned
move(struct hp_model *model, long lines, long pages)
{
	if (model->help)
		return move_help(model, lines + pages * 10);
	if (model->focus == HP_FOCUS_QUEUE)
		return hp_view_current(model)->move(model, lines, pages);
	/* One line of overlap, and one that `… n more lines` takes. */
	long height = model->pinned.height > 3 ? (long)model->pinned.height - 2 : 1;
	hp_pinned_scroll(&model->pinned, lines + pages * height);
	return HP_CHANGED_SCREEN;
}

enum { FAR = 1 << 28 };

static unsigned
act_down(struct hp_model *model, int64_t now_ms)
{
	return move(model, 1, 0);
}

static unsigned
act_up(struct hp_model *model, int64_t now_ms)
{
	return move(model, -1, 0);
}

static unsigned
act_page_down(struct hp_model *model, int64_t now_ms)
{
	return move(model, 0, 1);
}

static unsigned
act_page_up(struct hp_model *model, int64_t now_ms)
{
	return move(model, 0, -1);
}

static unsigned
act_first(struct hp_model *model, int64_t now_ms)
{
	return move(model, -FAR, 0);
}

static unsigned
act_last(struct hp_model *model, int64_t now_ms)
{
	return move(model, FAR, 0);
}

/* --- opening and panes --- */

static unsigned
act_open(struct hp_model *model, int64_t now_ms)
{
	if (model->focus == HP_FOCUS_REQUEST)
		return HP_CHANGED_NOTHING;
	return hp_view_current(model)->open(model, now_ms);
}

/* From the request's pane to the list; there, to all of the list; there, to the queue. */
static unsigned
act_back(struct hp_model *model, int64_t now_ms)
{
	if (model->focus == HP_FOCUS_REQUEST) {
		model->focus = HP_FOCUS_QUEUE;
		return HP_CHANGED_PANE | HP_CHANGED_FLUSH;
	}
	if (!*hp_view_filter_text(model) && model->view != HP_VIEW_QUEUE)
		return hp_view_change(model, HP_VIEW_QUEUE);
	hp_view_filter(model, "");
	return HP_CHANGED_SCREEN;
}

static unsigned
act_change_pane(struct hp_model *model, int64_t now_ms)
{
	if (!hp_view_current(model)->over_request)
		return hp_view_change(model, HP_VIEW_QUEUE);
	if (model->focus == HP_FOCUS_QUEUE && model->pinned.phase == HP_PIN_NONE)
		return act_open(model, now_ms);
	model->focus = model->focus == HP_FOCUS_QUEUE ? HP_FOCUS_REQUEST : HP_FOCUS_QUEUE;
	return HP_CHANGED_PANE | HP_CHANGED_FLUSH;
}

/* In the queue from the open request on, not from the selection: that may be elsewhere. */
static unsigned
open_beside(struct hp_model *model, long step, int64_t now_ms)
{
	if (!hp_view_current(model)->over_request)
		return hp_view_current(model)->move(model, step, 0);
	if (model->view == HP_VIEW_QUEUE) {
		if (model->pinned.phase != HP_PIN_NONE &&
		    hp_queue_find(&model->queue, model->pinned.id))
			memcpy(model->queue.selected, model->pinned.id, HP_ID_BYTES);
		else
			step = 0;
	}
	hp_view_current(model)->move(model, step, 0);
	model->focus = HP_FOCUS_QUEUE;
	return act_open(model, now_ms);
}

static unsigned
act_open_next(struct hp_model *model, int64_t now_ms)
{
	return open_beside(model, 1, now_ms);
}

static unsigned
act_open_previous(struct hp_model *model, int64_t now_ms)
{
	return open_beside(model, -1, now_ms);
}

#define HP_VIEW(name, id, what)                                                                    \
	static unsigned act_view_##name(struct hp_model *model, int64_t now_ms)                    \
	{                                                                                          \
		return hp_view_change(model, HP_VIEW_##id);                                        \
	}
#include "tui/views.def"
#undef HP_VIEW

/* --- deeds --- */

/* Opens the dialog of a deed, or says why not. Keys act on the open request only while the person
 * is in its pane, so that a key meant for the selected row cannot hit another. */
static unsigned
begin(struct hp_model *model, enum hp_dialog_kind kind, enum hp_deed deed, int64_t now_ms)
{
	const char *why;

	if (model->focus != HP_FOCUS_REQUEST)
		why = "open the request first: Enter";
	else
		why = hp_pinned_refuses(model, deed, now_ms);
	if (!why && !hp_model_is_armed(model, now_ms))
		why = "the screen has just changed: look, and press again";
	if (!why)
		return hp_dialog_open(model, kind);
	hp_model_say(model, true, "%s: nothing done", why);
	return HP_CHANGED_SCREEN;
}

static unsigned
act_approve(struct hp_model *model, int64_t now_ms)
{
	return begin(model, HP_DIALOG_APPROVE, HP_DEED_APPROVE, now_ms);
}

static unsigned
act_deny(struct hp_model *model, int64_t now_ms)
{
	return begin(model, HP_DIALOG_DENY, HP_DEED_DENY, now_ms);
}

static unsigned
act_extend(struct hp_model *model, int64_t now_ms)
{
	return begin(model, HP_DIALOG_EXTEND, HP_DEED_EXTEND, now_ms);
}

static unsigned
act_note(struct hp_model *model, int64_t now_ms)
{
	return begin(model, HP_DIALOG_NOTE, HP_DEED_NOTE, now_ms);
}

static unsigned
act_check_ok(struct hp_model *model, int64_t now_ms)
{
	return begin(model, HP_DIALOG_CHECK_OK, HP_DEED_CHECK, now_ms);
}

static unsigned
act_check_concern(struct hp_model *model, int64_t now_ms)
{
	return begin(model, HP_DIALOG_CHECK_CONCERN, HP_DEED_CHECK, now_ms);
}

static unsigned
act_raw(struct hp_model *model, int64_t now_ms)
{
	if (model->pinned.phase != HP_PIN_READY) {
		hp_model_say(model, false, "no request is open");
		return HP_CHANGED_SCREEN;
	}
	model->pinned.raw = !model->pinned.raw;
	model->pinned.columns = 0;
	model->pinned.top = 0;
	return HP_CHANGED_PANE | HP_CHANGED_FLUSH;
}

static unsigned
act_copy(struct hp_model *model, int64_t now_ms)
{
	return model->pinned.phase == HP_PIN_NONE ? HP_CHANGED_NOTHING
	                                          : hp_model_copy(model, model->pinned.id);
}

static unsigned
act_copy_digest(struct hp_model *model, int64_t now_ms)
{
	struct hp_buf hex = {0};
	unsigned changed = HP_CHANGED_NOTHING;

	if (model->pinned.phase == HP_PIN_NONE)
		return HP_CHANGED_NOTHING;
	hp_buf_add_hex(&hex, model->pinned.digest, HP_HASH_BYTES);
	if (!hex.failed)
		changed = hp_model_copy(model, hp_buf_text(&hex));
	hp_buf_release(&hex);
	return changed;
}

static unsigned
act_halt(struct hp_model *model, int64_t now_ms)
{
	if (!model->lost)
		return hp_dialog_open(model, HP_DIALOG_HALT);
	hp_model_say(model, true, "the broker is lost: nothing done");
	return HP_CHANGED_SCREEN;
}

static unsigned
act_resume(struct hp_model *model, int64_t now_ms)
{
	if (model->is_admin && !model->lost)
		return hp_dialog_open(model, HP_DIALOG_RESUME);
	hp_model_say(model, true, "%s: nothing done",
	             model->lost ? "the broker is lost" : "only an admin resumes");
	return HP_CHANGED_SCREEN;
}

static unsigned
act_verify(struct hp_model *model, int64_t now_ms)
{
	unsigned changed = model->view == HP_VIEW_AUDIT ? HP_CHANGED_SCREEN
	                                                : hp_view_change(model, HP_VIEW_AUDIT);

	return changed | (model->ledger ? hp_ledger_verify(model->ledger) : HP_CHANGED_NOTHING);
}

static unsigned
act_command(struct hp_model *model, int64_t now_ms)
{
	return hp_dialog_open(model, HP_DIALOG_COMMAND);
}

static unsigned
act_man(struct hp_model *model, int64_t now_ms)
{
	return HP_CHANGED_MAN;
}

static unsigned
act_filter(struct hp_model *model, int64_t now_ms)
{
	return hp_dialog_open(model, HP_DIALOG_FILTER);
}

/* --- the rest --- */

static unsigned
act_repaint(struct hp_model *model, int64_t now_ms)
{
	return HP_CHANGED_ALL | HP_CHANGED_PANE;
}

static unsigned
act_help(struct hp_model *model, int64_t now_ms)
{
	model->help = !model->help;
	model->help_top = 0;
	return HP_CHANGED_PANE | HP_CHANGED_FLUSH;
}

static unsigned
act_quit(struct hp_model *model, int64_t now_ms)
{
	return model->help ? act_help(model, now_ms) : HP_CHANGED_QUIT;
}

const struct hp_action hp_actions[] = {
#define HP_ACTION(name, key, other_key, help) {#name, key, other_key, help, act_##name},
#include "tui/actions.def"
#undef HP_ACTION
};
const size_t hp_action_count = sizeof hp_actions / sizeof hp_actions[0];

/* --- keys --- */

static size_t
encode_utf8(uint32_t key, char out[4])
{
	if (key < 0x80) {
		out[0] = (char)key;
		return 1;
	}
	if (key < 0x800) {
		out[0] = (char)(0xC0 | key >> 6);
		out[1] = (char)(0x80 | (key & 0x3F));
		return 2;
	}
	if (key < 0x10000) {
		out[0] = (char)(0xE0 | key >> 12);
		out[1] = (char)(0x80 | (key >> 6 & 0x3F));
		out[2] = (char)(0x80 | (key & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | key >> 18);
	out[1] = (char)(0x80 | (key >> 12 & 0x3F));
	out[2] = (char)(0x80 | (key >> 6 & 0x3F));
	out[3] = (char)(0x80 | (key & 0x3F));
	return 4;
}

static unsigned
dialog_key(struct hp_model *model, uint32_t key, int64_t now_ms)
{
	char utf8[4];

	switch (key) {
	case HP_KEY_ESCAPE:
		return hp_dialog_close(model);
	case HP_KEY_ENTER:
		return hp_dialog_enter(model, now_ms);
	case HP_KEY_ERASE:
		return hp_dialog_erase(model, false);
	case HP_CTRL('u'):
		return hp_dialog_erase(model, true);
	case HP_CTRL('l'):
		return act_repaint(model, now_ms);
	}
	if (key < ' ' || key == 0x7F || (key >= 0x80 && key < 0xA0) || key > 0x10FFFF)
		return HP_CHANGED_NOTHING;
	return hp_dialog_type(model, utf8, encode_utf8(key, utf8), now_ms);
}

/* What works while the help page covers everything. */
static bool
works_in_help(const struct hp_action *action)
{
	static const char *const names[] = {"down", "up",   "page_down", "page_up", "first",
	                                    "last", "help", "repaint",   "quit", "man"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(action->name, names[i]) == 0)
			return true;
	}
	return false;
}

unsigned
hp_control_key(struct hp_model *model, uint32_t key, int64_t now_ms)
{
	bool had_message = model->message[0] != '\0';

	hp_queue_refresh(&model->queue);
	model->message[0] = '\0';
	if (model->dialog.kind != HP_DIALOG_NONE)
		return dialog_key(model, key, now_ms) |
		       (had_message ? HP_CHANGED_SCREEN : HP_CHANGED_NOTHING);
	if (model->help && key == HP_KEY_ESCAPE)
		key = '?';
	for (size_t i = 0; i < hp_action_count && key != HP_KEY_NONE; i++) {
		if (hp_actions[i].key != key && hp_actions[i].other_key != key)
			continue;
		if (model->help && !works_in_help(&hp_actions[i]))
			break;
		return hp_actions[i].act(model, now_ms) | HP_CHANGED_SCREEN;
	}
	return had_message ? HP_CHANGED_SCREEN : HP_CHANGED_NOTHING;
}

const char *
hp_control_key_name(uint32_t key, char buffer[8])
{
	static const struct {
		uint32_t key;
		const char *name;
	} names[] = {
		{HP_KEY_ENTER, "Enter"}, {HP_KEY_ESCAPE, "Esc"},   {HP_KEY_UP, "Up"},
		{HP_KEY_DOWN, "Down"},   {HP_KEY_PAGE_UP, "PgUp"}, {HP_KEY_PAGE_DOWN, "PgDn"},
		{HP_KEY_HOME, "Home"},   {HP_KEY_END, "End"},      {HP_KEY_F1, "F1"},
		{HP_KEY_F2, "F2"},       {HP_KEY_F3, "F3"},        {HP_KEY_F4, "F4"},
		{HP_KEY_F5, "F5"},       {HP_KEY_F6, "F6"},        {HP_KEY_F10, "F10"},
		{'\t', "Tab"},
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (names[i].key == key)
			return names[i].name;
	}
	if (key < ' ')
		snprintf(buffer, 8, "^%c", (int)(key | 0x40));
	else
		snprintf(buffer, 8, "%c", (int)key);
	return buffer;
}
