/* Denying all that is pending of one agent. What it denies is fixed before the reason is asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/model.h"

void
hp_bulk_release(struct hp_bulk *bulk)
{
	free(bulk->items);
	*bulk = (struct hp_bulk){0};
}

bool
hp_bulk_begin(struct hp_model *model, const char *agent)
{
	struct hp_bulk *bulk = &model->bulk;
	const struct hp_queue *queue = &model->queue;

	if (bulk->running) {
		hp_model_say(model, true, "denials are still being sent: nothing done");
		return false;
	}
	hp_bulk_release(bulk);
	bulk->items = calloc(queue->count + 1, sizeof *bulk->items);
	for (size_t i = 0; bulk->items && i < queue->count; i++) {
		const struct hp_row *row = queue->rows[i];
		if (row->state != HP_STATE_PENDING || strcmp(row->requester, agent) != 0)
			continue;
		memcpy(bulk->items[bulk->count].id, row->id, HP_ID_BYTES);
		memcpy(bulk->items[bulk->count++].digest, row->digest, HP_HASH_BYTES);
	}
	snprintf(bulk->agent, sizeof bulk->agent, "%.*s", (int)HP_LIMIT_NAME_BYTES, agent);
	if (bulk->count)
		return true;
	hp_model_say(model, true, "nothing of \"%.64s\" is pending: nothing done", agent);
	return false;
}

unsigned
hp_bulk_send(struct hp_model *model, const char *reason)
{
	struct hp_bulk *bulk = &model->bulk;

	snprintf(bulk->reason, sizeof bulk->reason, "%s", reason);
	bulk->running = true;
	hp_model_say(model, false, "denying %zu requests of %s", bulk->count, bulk->agent);
	return HP_CHANGED_SCREEN;
}

bool
hp_bulk_next(struct hp_model *model, struct hp_order *ret_order)
{
	struct hp_bulk *bulk = &model->bulk;

	if (!bulk->running || bulk->sent == bulk->count)
		return false;
	*ret_order = (struct hp_order){.kind = HP_ORDER_DECIDE, .in_bulk = true};
	memcpy(ret_order->id, bulk->items[bulk->sent].id, HP_ID_BYTES);
	memcpy(ret_order->digest, bulk->items[bulk->sent].digest, HP_HASH_BYTES);
	snprintf(ret_order->text, sizeof ret_order->text, "%s", bulk->reason);
	bulk->sent++;
	return true;
}

unsigned
hp_bulk_answer(struct hp_model *model, const struct hp_value *reply)
{
	struct hp_bulk *bulk = &model->bulk;
	bool ok = reply && !hp_value_is(hp_map_get(reply, "type"), "error");

	bulk->done += ok;
	bulk->refused += !ok;
	if (bulk->done + bulk->refused < bulk->count)
		return HP_CHANGED_NOTHING;
	hp_model_say(model, bulk->refused > 0, "denied %zu requests of %s%s", bulk->done,
	             bulk->agent, bulk->refused ? "; others were refused or not answered" : "");
	hp_bulk_release(bulk);
	return HP_CHANGED_SCREEN;
}
