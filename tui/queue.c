/*
 * The queue as the broker tells it: rows by id, listings, events, and how long rows stay.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/model.h"

/* --- the set, by id --- */

/* Index of `id`, or where it belongs. */
static size_t
locate(const struct hp_queue *queue, const char *id, bool *ret_found)
{
	size_t low = 0, high = queue->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(queue->rows[middle]->id, id);
		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = false;
	return low;
}

struct hp_row *
hp_queue_find(const struct hp_queue *queue, const char *id)
{
	bool found;
	size_t at = locate(queue, id, &found);

	return found ? queue->rows[at] : NULL;
}

static bool
reserve(struct hp_queue *queue)
{
	if (queue->count < queue->capacity)
		return true;
	size_t capacity = queue->capacity ? queue->capacity * 2 : 64;
	struct hp_row **rows = reallocarray(queue->rows, capacity, sizeof *rows);
	if (rows)
		queue->rows = rows;
	struct hp_row **view = reallocarray(queue->view, capacity, sizeof *view);
	if (view)
		queue->view = view;
	if (!rows || !view)
		return false;
	queue->capacity = capacity;
	return true;
}

static struct hp_row *
insert(struct hp_queue *queue, const char *id)
{
	bool found;
	size_t at = locate(queue, id, &found);
	struct hp_row *row =
		queue->count < HP_ROWS_MAX && reserve(queue) ? calloc(1, sizeof *row) : NULL;
	if (!row)
		return NULL;
	snprintf(row->id, sizeof row->id, "%s", id);
	memmove(queue->rows + at + 1, queue->rows + at,
	        (queue->count - at) * sizeof queue->rows[0]);
	queue->rows[at] = row;
	queue->count++;
	return row;
}

static void
remove_at(struct hp_queue *queue, size_t at)
{
	hp_queue_unplace(queue, queue->rows[at]);
	hp_row_free(queue->rows[at]);
	memmove(queue->rows + at, queue->rows + at + 1,
	        (queue->count - at - 1) * sizeof queue->rows[0]);
	queue->count--;
	if (queue->dirty)
		queue->view_count = 0; /* it may hold the freed row */
}

void
hp_queue_release(struct hp_queue *queue)
{
	for (size_t i = 0; i < queue->count; i++)
		hp_row_free(queue->rows[i]);
	free(queue->rows);
	free(queue->view);
	*queue = (struct hp_queue){0};
}

/* --- what the broker lists --- */

static void
set_state(struct hp_row *row, enum hp_state state, int64_t now_ms)
{
	if (state == HP_STATE_PENDING)
		row->left_ms = 0;
	else if (row->left_ms == 0)
		row->left_ms = now_ms;
	row->state = state;
}

/* A new gated request rings and is told of; a flood of them once a second. */
static void
announce(struct hp_model *model, const struct hp_row *row, int64_t now_ms)
{
	if (now_ms < model->quiet_until_ms)
		return;
	model->quiet_until_ms = now_ms + HP_QUIET_MS;
	model->bell = true;
	snprintf(model->notice, sizeof model->notice, "holdpoint: %.20s %.40s %.40s by %.64s",
	         row->tier, row->environment, row->classes, row->requester);
}

/* Whether a summary says nothing new. The digest stands for all that never changes; a listing of ten
 * thousand rows that are known must not hold up a key. */
static bool
is_known(const struct hp_row *row, const struct hp_value *summary)
{
	const uint8_t *digest = hp_map_get_bin(summary, "digest", HP_HASH_BYTES);

	return digest && memcmp(digest, row->digest, HP_HASH_BYTES) == 0 &&
	       row->state < HP_STATE_COUNT &&
	       hp_value_is(hp_map_get(summary, "state"), hp_state_name(row->state)) &&
	       hp_map_get_int(summary, "deadline_ms", row->deadline_ms) == row->deadline_ms &&
	       hp_map_get_int(summary, "approvals", 0) == row->approvals &&
	       hp_map_get_int(summary, "needed", 0) == row->needed;
}

unsigned
hp_queue_put(struct hp_model *model, const struct hp_value *summary, uint64_t seq, int64_t now_ms)
{
	struct hp_queue *queue = &model->queue;
	const struct hp_value *id = hp_map_get(summary, "id");
	const char *pending = hp_state_name(HP_STATE_PENDING);

	if (!hp_row_is_id(id))
		return HP_CHANGED_NOTHING;
	struct hp_row *row = hp_queue_find(queue, id->str.p);
	bool is_new = !row;
	if (row && row->seq > seq) {
		row->sweep = queue->sweep;
		return HP_CHANGED_NOTHING;
	}
	if (row && is_known(row, summary)) {
		row->seq = seq;
		row->sweep = queue->sweep;
		return HP_CHANGED_NOTHING;
	}
	if (is_new && hp_value_is(hp_map_get(summary, "state"), pending))
		row = insert(queue, id->str.p);
	if (!row)
		return HP_CHANGED_NOTHING;
	if (queue->sweeping && !queue->has_listed)
		queue->dirty = true; /* many are coming */
	if (!is_new)
		hp_queue_unplace(queue, row);
	if (!hp_row_read(row, summary, model->escape)) {
		if (is_new) {
			bool found;
			remove_at(queue, locate(queue, id->str.p, &found));
		} else {
			hp_queue_place(queue, row);
		}
		return HP_CHANGED_NOTHING;
	}
	row->seq = seq;
	row->sweep = queue->sweep;
	set_state(row, row->state, now_ms);
	hp_queue_place(queue, row);
	if (is_new && queue->has_listed && hp_row_is_gated(row))
		announce(model, row, now_ms);
	return HP_CHANGED_SCREEN;
}

/* Rows that a whole listing did not show are pending no longer; how they ended it does not say. */
static void
end_sweep(struct hp_queue *queue, int64_t now_ms)
{
	for (size_t i = 0; i < queue->count; i++) {
		struct hp_row *row = queue->rows[i];
		if (row->sweep != queue->sweep && row->state == HP_STATE_PENDING)
			set_state(row, HP_STATE_COUNT, now_ms);
	}
	queue->sweeping = false;
	queue->has_listed = true;
}

unsigned
hp_queue_page(struct hp_model *model, const struct hp_value *reply, bool first,
              char ret_after[HP_ID_BYTES], int64_t now_ms)
{
	struct hp_queue *queue = &model->queue;
	const struct hp_value *items = hp_map_get(reply, "items");
	const struct hp_value *next = hp_map_get(reply, "next");
	int64_t seq = hp_map_get_int(reply, "event_seq", 0);
	unsigned changed = HP_CHANGED_SCREEN;

	ret_after[0] = '\0';
	if (first) {
		queue->sweep++;
		queue->sweeping = true;
	}
	for (size_t i = 0; i < hp_value_count(items); i++)
		changed |= hp_queue_put(model, hp_array_get(items, i), seq < 0 ? 0 : (uint64_t)seq,
		                        now_ms);
	if (first && seq > 0 && (uint64_t)seq > queue->seq)
		queue->seq = (uint64_t)seq;
	if (hp_row_is_id(next) && hp_value_count(items) > 0)
		snprintf(ret_after, HP_ID_BYTES, "%s", next->str.p);
	else
		end_sweep(queue, now_ms);
	return changed;
}

/* --- time --- */

/* Whether a row has stood as ended for its minute. The selected and the open one stay (truth 1). */
static bool
is_over(const struct hp_model *model, const struct hp_row *row, int64_t now_ms)
{
	if (strcmp(row->id, model->queue.selected) == 0 || strcmp(row->id, model->pinned.id) == 0)
		return false;
	if (row->state == HP_STATE_PENDING)
		return hp_model_broker_ms(model, now_ms) - row->deadline_ms >= HP_LINGER_MS;
	return now_ms - row->left_ms >= HP_LINGER_MS;
}

unsigned
hp_queue_tick(struct hp_model *model, int64_t now_ms)
{
	struct hp_queue *queue = &model->queue;
	unsigned changed = HP_CHANGED_NOTHING;

	if (model->lost)
		return HP_CHANGED_NOTHING; /* a deadline may have been extended meanwhile */
	for (size_t i = queue->count; i-- > 0;) {
		struct hp_row *row = queue->rows[i];
		if (is_over(model, row, now_ms)) {
			remove_at(queue, i);
			changed |= HP_CHANGED_SCREEN;
			continue;
		}
		int64_t left = hp_model_left(model, row->deadline_ms, now_ms);
		if (row->state == HP_STATE_PENDING && !row->rang && left <= HP_LAST_MINUTE_MS) {
			row->rang = true;
			model->bell |= left > 0;
			changed |= HP_CHANGED_SCREEN;
		} else if (left > HP_LAST_MINUTE_MS) {
			row->rang = false; /* it was extended */
		}
	}
	return changed;
}
