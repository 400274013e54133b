#include "tui/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/message.h"

void
hp_model_init(struct hp_model *model, const char *instance, bool ascii, hp_present_escape *escape)
{
	*model = (struct hp_model){
		.instance = instance,
		.ascii = ascii,
		.escape = escape ? escape : hp_text_escape,
		.want_list = true,
	};
}

void
hp_model_release(struct hp_model *model)
{
	hp_queue_release(&model->queue);
	hp_pinned_release(&model->pinned);
	hp_related_release(&model->related);
	hp_rows_release(&model->history);
	hp_rows_release(&model->checks);
	hp_agents_release(&model->agents);
	hp_ledger_free(model->ledger);
	hp_bulk_release(&model->bulk);
}

void
hp_model_say(struct hp_model *model, bool is_error, const char *format, ...)
{
	struct hp_buf safe = {0};
	char text[sizeof model->message];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* What the person typed may stand in it, and be cut anywhere. */
	model->escape(&safe, text, strlen(text), HP_TEXT_ASCII);
	snprintf(model->message, sizeof model->message, "%s",
	         safe.failed ? "?" : hp_buf_text(&safe));
	hp_buf_release(&safe);
	model->message_is_error = is_error;
}

/* A stranger's string as one line of ASCII in a fixed buffer, cut at its end if need be. */
static void
keep_safe(const struct hp_model *model, const struct hp_value *text, char *out, size_t size)
{
	struct hp_buf safe = {0};

	if (text && text->type == HP_STR)
		model->escape(&safe, text->str.p, text->str.len, HP_TEXT_ASCII);
	snprintf(out, size, "%s", safe.failed ? "?" : hp_buf_text(&safe));
	hp_buf_release(&safe);
}

/* --- time --- */

int64_t
hp_model_broker_ms(const struct hp_model *model, int64_t now_ms)
{
	return now_ms + model->offset_ms;
}

int64_t
hp_model_left(const struct hp_model *model, int64_t deadline_ms, int64_t now_ms)
{
	int64_t at = hp_model_broker_ms(model, now_ms);

	return deadline_ms > at ? deadline_ms - at : 0;
}

void
hp_model_drawn(struct hp_model *model, int64_t now_ms)
{
	model->armed_ms = now_ms + HP_ARM_MS;
	if (model->pinned.phase == HP_PIN_READY && !model->pinned.drawn_ms)
		model->pinned.drawn_ms = now_ms;
}

bool
hp_model_is_armed(const struct hp_model *model, int64_t now_ms)
{
	return now_ms >= model->armed_ms;
}

/* --- the broker's word --- */

static void
join_roles(struct hp_model *model, const struct hp_value *roles)
{
	size_t used = 0;

	model->roles[0] = '\0';
	model->is_admin = false;
	for (size_t i = 0; i < hp_value_count(roles) && used < sizeof model->roles; i++) {
		char role[HP_LIMIT_NAME_BYTES];
		model->is_admin |= hp_value_is(hp_array_get(roles, i), "admin");
		keep_safe(model, hp_array_get(roles, i), role, sizeof role);
		used += (size_t)snprintf(model->roles + used, sizeof model->roles - used, "%s%s",
		                         i ? " " : "", role);
	}
}

unsigned
hp_model_welcome(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	const struct hp_value *broker_ms = hp_map_get(reply, "now_ms");
	const struct hp_value *halted = hp_map_get(reply, "halted");
	unsigned changed = HP_CHANGED_NOTHING;
	bool was_halted = model->halted;

	if (!broker_ms || broker_ms->type != HP_INT)
		return HP_CHANGED_NOTHING;
	model->offset_ms = broker_ms->integer - now_ms;
	model->has_clock = true;
	model->halted =
		halted && (halted->type == HP_BOOL ? halted->boolean : hp_value_count(halted) > 0);
	if (!model->principal[0]) {
		keep_safe(model, hp_map_get(reply, "principal"), model->principal,
		          sizeof model->principal);
		join_roles(model, hp_map_get(reply, "roles"));
		changed |= HP_CHANGED_SCREEN;
	}
	if (model->lost) {
		model->lost = false;
		model->want_list = true;
		hp_rows_reload(&model->history);
		hp_rows_reload(&model->checks);
		model->pinned.want_show = model->pinned.phase != HP_PIN_NONE;
		hp_model_say(model, false, "the broker is back");
		changed |= HP_CHANGED_PANE;
	}
	if (model->halted != was_halted)
		changed |= HP_CHANGED_SCREEN;
	return changed;
}

unsigned
hp_model_lose(struct hp_model *model, const char *why, int64_t since_ms)
{
	if (model->lost && strcmp(model->lost_why, why) == 0)
		return HP_CHANGED_NOTHING;
	if (!model->lost)
		model->lost_since_ms = since_ms;
	model->lost = true;
	snprintf(model->lost_why, sizeof model->lost_why, "%s", why);
	return HP_CHANGED_PANE;
}

/* What an event says of the open request, ahead of the `show` that follows it. */
static unsigned
touch_pinned(struct hp_model *model, const struct hp_value *event)
{
	struct hp_pinned *pinned = &model->pinned;
	enum hp_state state;

	if (pinned->phase == HP_PIN_NONE || !hp_value_is(hp_map_get(event, "id"), pinned->id))
		return HP_CHANGED_NOTHING;
	pinned->want_show = true;
	if (hp_state_parse(hp_map_get_str(event, "state", ""), &state))
		pinned->state = state;
	return HP_CHANGED_SCREEN;
}

unsigned
hp_model_event(struct hp_model *model, const struct hp_value *event, int64_t now_ms)
{
	struct hp_queue *queue = &model->queue;
	int64_t seq = hp_map_get_int(event, "event_seq", -1);
	unsigned changed = touch_pinned(model, event);

	if (seq < 0 || (uint64_t)seq <= queue->seq)
		return changed;
	if ((uint64_t)seq != queue->seq + 1) {
		model->want_list = true;
		hp_rows_reload(&model->history);
		hp_rows_reload(&model->checks);
		model->pinned.want_show = model->pinned.phase != HP_PIN_NONE;
	}
	queue->seq = (uint64_t)seq;
	if (hp_map_get(event, "id") && hp_map_get(event, "operation")) {
		changed |= hp_queue_put(model, event, (uint64_t)seq, now_ms);
		changed |= hp_rows_event(&model->history, event, true, model->escape);
		changed |= hp_rows_event(&model->checks, event, false, model->escape);
	}
	if (hp_value_is(hp_map_get(event, "type"), "halt") ||
	    hp_value_is(hp_map_get(event, "type"), "resume"))
		model->agents.due_ms = 0;
	return changed;
}

unsigned
hp_model_tick(struct hp_model *model, int64_t now_ms)
{
	struct hp_pinned *pinned = &model->pinned;
	unsigned changed;

	if (!model->has_clock)
		return HP_CHANGED_NOTHING;
	changed = hp_queue_tick(model, now_ms);
	if (pinned->phase == HP_PIN_READY && pinned->state == HP_STATE_PENDING &&
	    hp_model_left(model, pinned->deadline_ms, now_ms) == 0) {
		if (!pinned->asked_at_zero) {
			pinned->asked_at_zero = true;
			pinned->want_show = true;
			changed |= HP_CHANGED_SCREEN;
		}
	} else {
		pinned->asked_at_zero = false;
	}
	return changed | hp_dialog_tick(model, now_ms);
}

/* --- orders --- */

bool
hp_model_order(struct hp_model *model, const struct hp_order *order)
{
	size_t room = sizeof model->orders / sizeof model->orders[0];

	if (model->order_count == room) {
		hp_model_say(model, true, "too much waits to be sent: nothing done");
		return false;
	}
	model->orders[model->order_count++] = *order;
	return true;
}

unsigned
hp_model_copy(struct hp_model *model, const char *text)
{
	snprintf(model->copied, sizeof model->copied, "%s", text);
	hp_model_say(model, false, "copied: %s", model->copied);
	return HP_CHANGED_COPY | HP_CHANGED_SCREEN;
}

static const char *
order_verb(const struct hp_order *order)
{
	switch (order->kind) {
	case HP_ORDER_DECIDE:
		return order->approve ? "approval" : "denial";
	case HP_ORDER_EXTEND:
		return "extension";
	case HP_ORDER_NOTE:
		return "note";
	case HP_ORDER_HALT:
		return "halt";
	case HP_ORDER_RESUME:
		return "resume";
	case HP_ORDER_CHECK:
		return "spot check";
	}
	return "order";
}

static void
say_done(struct hp_model *model, const struct hp_order *order, const struct hp_value *reply)
{
	char state[32];

	if (order->kind == HP_ORDER_HALT || order->kind == HP_ORDER_RESUME) {
		hp_model_say(model, false, "%s: %s",
		             order->kind == HP_ORDER_HALT ? "halted" : "resumed",
		             order->agent[0] ? order->agent : "all");
		model->agents.due_ms = 0; /* look again */
		return;
	}
	if (order->kind == HP_ORDER_CHECK) {
		hp_model_say(model, false, "spot check recorded: request %.13s", order->id);
		hp_rows_reload(&model->checks);
		return;
	}
	keep_safe(model, hp_map_get(reply, "state"), state, sizeof state);
	hp_model_say(model, false, "%s recorded: request %.13s is %s, %d/%d votes",
	             order_verb(order), order->id, state,
	             (int)hp_map_get_int(reply, "approvals", 0),
	             (int)hp_map_get_int(reply, "needed", 0));
}

unsigned
hp_model_answer(struct hp_model *model, const struct hp_order *order, const struct hp_value *reply)
{
	char code[64], why[160];

	if (order->in_bulk)
		return hp_bulk_answer(model, reply);
	if (!reply) {
		hp_model_say(model, true,
		             "no answer to the %s: it may or may not count; look again",
		             order_verb(order));
	} else if (hp_value_is(hp_map_get(reply, "type"), "error")) {
		keep_safe(model, hp_map_get(reply, "code"), code, sizeof code);
		keep_safe(model, hp_map_get(reply, "message"), why, sizeof why);
		hp_model_say(model, true, "%s refused (%s): %s", order_verb(order), code, why);
	} else {
		say_done(model, order, reply);
	}
	if (strcmp(order->id, model->pinned.id) == 0)
		model->pinned.want_show = true;
	return HP_CHANGED_SCREEN;
}
