/*
 * The dialogs: what stands between a key and an order. Each has one target, fixed when it opens.
 */
#include <stdio.h>
#include <string.h>

#include "core/units.h"
#include "tui/view.h"

const struct hp_preset hp_deny_presets[] = {
	{'1', "not needed: do something smaller"},
	{'2', "wrong target or environment"},
	{'3', "no rollback: give one and ask again"},
	{'4', "too much at once: split it and ask again"},
	{'5', "not now: ask again when somebody can watch"},
	{'6', NULL},
};
const size_t hp_deny_preset_count = sizeof hp_deny_presets / sizeof hp_deny_presets[0];

static unsigned enter_approve(struct hp_model *model);
static unsigned enter_deny(struct hp_model *model);
static unsigned enter_deny_words(struct hp_model *model);
static unsigned enter_extend(struct hp_model *model);
static unsigned enter_extend_why(struct hp_model *model);
static unsigned enter_note(struct hp_model *model);
static unsigned enter_filter(struct hp_model *model);
static unsigned enter_halt(struct hp_model *model);
static unsigned enter_halt_why(struct hp_model *model);
static unsigned enter_resume(struct hp_model *model);
static unsigned enter_resume_why(struct hp_model *model);
static unsigned enter_deny_all_words(struct hp_model *model);
static unsigned enter_check(struct hp_model *model);
static unsigned enter_command(struct hp_model *model);

static const struct kind {
	const char *title, *prompt;
	bool has_target;
	enum hp_deed deed;
	size_t max; /* bytes of text */
	unsigned (*enter)(struct hp_model *model);
} kinds[HP_DIALOG_COUNT] = {
	[HP_DIALOG_APPROVE] = {"approve", "> ", true, HP_DEED_APPROVE, 23, enter_approve},
	[HP_DIALOG_DENY] = {"deny", "", true, HP_DEED_DENY, 0, enter_deny},
	[HP_DIALOG_DENY_WORDS] = {"deny", "why: ", true, HP_DEED_DENY, HP_LIMIT_REASON_BYTES,
                                  enter_deny_words},
	[HP_DIALOG_EXTEND] = {"extend", "by: ", true, HP_DEED_EXTEND, 16, enter_extend},
	[HP_DIALOG_EXTEND_WHY] = {"extend", "why: ", true, HP_DEED_EXTEND, HP_LIMIT_REASON_BYTES,
                                  enter_extend_why},
	[HP_DIALOG_NOTE] = {"note", "note: ", true, HP_DEED_NOTE, HP_LIMIT_REASON_BYTES,
                            enter_note},
	[HP_DIALOG_FILTER] = {"filter", "show only: ", false, HP_DEED_NOTE, HP_LIMIT_SUMMARY_BYTES,
                              enter_filter},
	[HP_DIALOG_HALT] = {"halt an agent", "name of the agent: ", false, HP_DEED_NOTE,
                            HP_LIMIT_NAME_BYTES, enter_halt},
	[HP_DIALOG_HALT_WHY] = {"halt", "why: ", false, HP_DEED_NOTE, HP_LIMIT_REASON_BYTES,
                                enter_halt_why},
	[HP_DIALOG_RESUME] = {"resume an agent", "name of the agent: ", false, HP_DEED_NOTE,
                              HP_LIMIT_NAME_BYTES, enter_resume},
	[HP_DIALOG_RESUME_WHY] = {"resume", "why: ", false, HP_DEED_NOTE, HP_LIMIT_REASON_BYTES,
                                  enter_resume_why},
	[HP_DIALOG_DENY_ALL] = {"deny all pending", "", false, HP_DEED_DENY, 0, enter_deny},
	[HP_DIALOG_DENY_ALL_WORDS] = {"deny all pending", "why: ", false, HP_DEED_DENY,
                                      HP_LIMIT_REASON_BYTES, enter_deny_all_words},
	[HP_DIALOG_CHECK_OK] = {"spot check: all is well with", "note, if any: ", true,
                                HP_DEED_CHECK, HP_LIMIT_REASON_BYTES, enter_check},
	[HP_DIALOG_CHECK_CONCERN] = {"spot check: a concern about", "what: ", true, HP_DEED_CHECK,
                                     HP_LIMIT_REASON_BYTES, enter_check},
	[HP_DIALOG_COMMAND] = {"command", ":", false, HP_DEED_NOTE, HP_LIMIT_SUMMARY_BYTES,
                               enter_command},
};

const char *
hp_dialog_title(enum hp_dialog_kind kind)
{
	return kinds[kind].title;
}

const char *
hp_dialog_prompt(enum hp_dialog_kind kind)
{
	return kinds[kind].prompt;
}

bool
hp_dialog_has_target(enum hp_dialog_kind kind)
{
	return kinds[kind].has_target;
}

/* --- opening and closing --- */

static void
set_text(struct hp_dialog *dialog, const char *text)
{
	snprintf(dialog->text, sizeof dialog->text, "%s", text);
	dialog->len = strlen(dialog->text);
}

unsigned
hp_dialog_open(struct hp_model *model, enum hp_dialog_kind kind)
{
	struct hp_dialog *dialog = &model->dialog;

	*dialog = (struct hp_dialog){.kind = kind};
	if (kinds[kind].has_target) {
		memcpy(dialog->id, model->pinned.id, sizeof dialog->id);
		memcpy(dialog->digest, model->pinned.digest, sizeof dialog->digest);
	}
	if (kind == HP_DIALOG_APPROVE)
		hp_present_confirmation(model->pinned.canonical, dialog->digest,
		                        &dialog->confirmation);
	if (kind == HP_DIALOG_EXTEND)
		set_text(dialog, "15m");
	if (kind == HP_DIALOG_FILTER)
		set_text(dialog, hp_view_filter_text(model));
	model->message[0] = '\0';
	return HP_CHANGED_PANE | HP_CHANGED_FLUSH;
}

unsigned
hp_dialog_close(struct hp_model *model)
{
	model->dialog = (struct hp_dialog){0};
	return HP_CHANGED_PANE | HP_CHANGED_FLUSH;
}

/* The next step of the same dialog: same target, nothing typed. */
static unsigned
go_on(struct hp_model *model, enum hp_dialog_kind kind)
{
	model->dialog.kind = kind;
	set_text(&model->dialog, "");
	model->message[0] = '\0';
	return HP_CHANGED_PANE | HP_CHANGED_FLUSH;
}

/* --- sending --- */

static unsigned
send_order(struct hp_model *model, struct hp_order *order, const char *text)
{
	const struct hp_dialog *dialog = &model->dialog;

	memcpy(order->id, dialog->id, sizeof order->id);
	memcpy(order->digest, dialog->digest, sizeof order->digest);
	snprintf(order->text, sizeof order->text, "%s", text);
	if (!hp_model_order(model, order))
		return HP_CHANGED_SCREEN;
	if (order->kind == HP_ORDER_DECIDE)
		hp_care_note(&model->care, order->approve, dialog->now_ms - model->pinned.drawn_ms,
		             dialog->now_ms);
	hp_model_say(model, false, "sent, waiting for the broker");
	return hp_dialog_close(model);
}

static unsigned
complain(struct hp_model *model, const char *what)
{
	hp_model_say(model, true, "%s", what);
	return HP_CHANGED_SCREEN;
}

static bool
is_blank(const char *text)
{
	return text[strspn(text, " ")] == '\0';
}

static unsigned
enter_approve(struct hp_model *model)
{
	struct hp_dialog *dialog = &model->dialog;
	struct hp_order order = {.kind = HP_ORDER_DECIDE, .approve = true};

	if (strcmp(dialog->text, dialog->confirmation.text) != 0) {
		set_text(dialog, "");
		return complain(model, "that is not what was asked for: nothing sent");
	}
	return send_order(model, &order, "");
}

static unsigned
enter_deny(struct hp_model *model)
{
	return complain(model, "press the key of a reason");
}

static unsigned
enter_deny_words(struct hp_model *model)
{
	struct hp_order order = {.kind = HP_ORDER_DECIDE, .approve = false};

	if (is_blank(model->dialog.text))
		return complain(model, "the agent needs a reason: type one");
	return send_order(model, &order, model->dialog.text);
}

static unsigned
enter_extend(struct hp_model *model)
{
	int64_t by_ms;

	if (hp_units_duration(model->dialog.text, &by_ms, NULL) != HP_OK || by_ms <= 0)
		return complain(model, "a time like 15m or 1h is needed");
	model->dialog.by_ms = by_ms;
	return go_on(model, HP_DIALOG_EXTEND_WHY);
}

static unsigned
enter_extend_why(struct hp_model *model)
{
	struct hp_order order = {.kind = HP_ORDER_EXTEND, .by_ms = model->dialog.by_ms};

	if (is_blank(model->dialog.text))
		return complain(model, "an extension needs a reason: type one");
	return send_order(model, &order, model->dialog.text);
}

static unsigned
enter_note(struct hp_model *model)
{
	struct hp_order order = {.kind = HP_ORDER_NOTE};

	if (is_blank(model->dialog.text))
		return complain(model, "the note is empty");
	return send_order(model, &order, model->dialog.text);
}

static unsigned
enter_check(struct hp_model *model)
{
	struct hp_order order = {.kind = HP_ORDER_CHECK,
	                         .approve = model->dialog.kind == HP_DIALOG_CHECK_OK};

	if (!order.approve && is_blank(model->dialog.text))
		return complain(model, "a concern needs its words: type some");
	return send_order(model, &order, model->dialog.text);
}

static unsigned
enter_filter(struct hp_model *model)
{
	hp_view_filter(model, model->dialog.text);
	return hp_dialog_close(model);
}

/* The typed name of an agent, then the next question. */
static unsigned
take_agent(struct hp_model *model, enum hp_dialog_kind next)
{
	if (is_blank(model->dialog.text))
		return complain(model, "type the agent's name");
	snprintf(model->dialog.agent, sizeof model->dialog.agent, "%.*s", (int)HP_LIMIT_NAME_BYTES,
	         model->dialog.text);
	return go_on(model, next);
}

static unsigned
enter_halt(struct hp_model *model)
{
	return take_agent(model, HP_DIALOG_HALT_WHY);
}

static unsigned
enter_resume(struct hp_model *model)
{
	return take_agent(model, HP_DIALOG_RESUME_WHY);
}

/* Halts or resumes dialog.agent, "" being all. */
static unsigned
stop_or_go(struct hp_model *model, enum hp_order_kind kind)
{
	struct hp_order order = {.kind = kind};

	if (is_blank(model->dialog.text))
		return complain(model, "it needs a reason: type one");
	memcpy(order.agent, model->dialog.agent, sizeof order.agent);
	return send_order(model, &order, model->dialog.text);
}

static unsigned
enter_halt_why(struct hp_model *model)
{
	return stop_or_go(model, HP_ORDER_HALT);
}

static unsigned
enter_resume_why(struct hp_model *model)
{
	return stop_or_go(model, HP_ORDER_RESUME);
}

static unsigned
enter_deny_all_words(struct hp_model *model)
{
	if (is_blank(model->dialog.text))
		return complain(model, "the agent needs a reason: type one");
	hp_bulk_send(model, model->dialog.text);
	return hp_dialog_close(model);
}

static unsigned
enter_command(struct hp_model *model)
{
	struct hp_dialog typed = model->dialog;
	unsigned changed = hp_dialog_close(model);

	return changed | hp_command_run(model, typed.text, typed.now_ms);
}

/* --- keys --- */

/* Why nothing can be sent from this dialog now; NULL when it can. */
static const char *
refuses(const struct hp_model *model, int64_t now_ms)
{
	const struct hp_dialog *dialog = &model->dialog;
	const struct kind *kind = &kinds[dialog->kind];

	if (dialog->dead[0])
		return dialog->dead;
	if (dialog->kind == HP_DIALOG_FILTER || dialog->kind == HP_DIALOG_COMMAND)
		return NULL; /* nothing is sent */
	if (model->lost)
		return "the broker is lost: nothing sent";
	if (!hp_model_is_armed(model, now_ms))
		return "the screen has just changed: look, and press again";
	return kind->has_target ? hp_pinned_refuses(model, kind->deed, now_ms) : NULL;
}

static unsigned
pick_preset(struct hp_model *model, char key, int64_t now_ms)
{
	struct hp_order order = {.kind = HP_ORDER_DECIDE, .approve = false};
	bool all = model->dialog.kind == HP_DIALOG_DENY_ALL;
	const char *why;

	for (size_t i = 0; i < hp_deny_preset_count; i++) {
		if (hp_deny_presets[i].key != key)
			continue;
		if (!hp_deny_presets[i].reason)
			return go_on(model, all ? HP_DIALOG_DENY_ALL_WORDS : HP_DIALOG_DENY_WORDS);
		why = refuses(model, now_ms);
		if (why)
			return complain(model, why);
		if (!all)
			return send_order(model, &order, hp_deny_presets[i].reason);
		hp_bulk_send(model, hp_deny_presets[i].reason);
		return hp_dialog_close(model);
	}
	return complain(model, "press the key of a reason");
}

unsigned
hp_dialog_type(struct hp_model *model, const char *utf8, size_t len, int64_t now_ms)
{
	struct hp_dialog *dialog = &model->dialog;

	if (dialog->dead[0])
		return HP_CHANGED_NOTHING;
	dialog->now_ms = now_ms;
	if (dialog->kind == HP_DIALOG_DENY || dialog->kind == HP_DIALOG_DENY_ALL)
		return len == 1 ? pick_preset(model, utf8[0], now_ms) : HP_CHANGED_NOTHING;
	if (dialog->len + len > kinds[dialog->kind].max)
		return complain(model, "no more fits");
	memcpy(dialog->text + dialog->len, utf8, len);
	dialog->len += len;
	dialog->text[dialog->len] = '\0';
	return HP_CHANGED_SCREEN;
}

unsigned
hp_dialog_erase(struct hp_model *model, bool everything)
{
	struct hp_dialog *dialog = &model->dialog;

	if (dialog->dead[0])
		return HP_CHANGED_NOTHING;
	do {
		/* A whole character: its continuation bytes, then its first. */
		while (dialog->len && ((unsigned char)dialog->text[dialog->len - 1] & 0xC0) == 0x80)
			dialog->len--;
		dialog->len -= dialog->len > 0;
	} while (everything && dialog->len);
	dialog->text[dialog->len] = '\0';
	return HP_CHANGED_SCREEN;
}

unsigned
hp_dialog_enter(struct hp_model *model, int64_t now_ms)
{
	const char *why = refuses(model, now_ms);

	model->dialog.now_ms = now_ms;
	if (model->dialog.dead[0])
		return HP_CHANGED_NOTHING;
	return why ? complain(model, why) : kinds[model->dialog.kind].enter(model);
}

unsigned
hp_dialog_tick(struct hp_model *model, int64_t now_ms)
{
	struct hp_dialog *dialog = &model->dialog;
	const struct kind *kind = &kinds[dialog->kind];
	const char *why;

	if (!dialog->kind || !kind->has_target || dialog->dead[0] || model->lost)
		return HP_CHANGED_NOTHING;
	why = hp_pinned_refuses(model, kind->deed, now_ms);
	if (!why)
		return HP_CHANGED_NOTHING;
	snprintf(dialog->dead, sizeof dialog->dead, "%s: nothing was sent", why);
	return HP_CHANGED_PANE;
}
