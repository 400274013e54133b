/*
 * The queue as it is looked at: filter, order, selection. The selection is an id, never an index.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/model.h"

enum hp_state
hp_row_state(const struct hp_model *model, const struct hp_row *row, int64_t now_ms)
{
	if (row->state == HP_STATE_PENDING && model->has_clock &&
	    hp_model_left(model, row->deadline_ms, now_ms) == 0)
		return HP_STATE_EXPIRED;
	return row->state;
}

/* Risk, then deadline; the rest only makes the order total, so that equal rows never swap. */
static int
by_risk(const void *left, const void *right)
{
	const struct hp_row *a = *(struct hp_row *const *)left;
	const struct hp_row *b = *(struct hp_row *const *)right;

	if (a->risk != b->risk)
		return a->risk > b->risk ? -1 : 1;
	if (a->deadline_ms != b->deadline_ms)
		return a->deadline_ms < b->deadline_ms ? -1 : 1;
	return strcmp(a->id, b->id);
}

/* Where a row stands in `view`, or belongs. */
static size_t
place_of(const struct hp_queue *queue, const struct hp_row *row)
{
	size_t low = 0, high = queue->view_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (by_risk(&queue->view[middle], &row) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
hp_queue_unplace(struct hp_queue *queue, const struct hp_row *row)
{
	size_t at = place_of(queue, row);

	if (queue->dirty || at == queue->view_count || queue->view[at] != row)
		return;
	queue->view_count--;
	memmove(queue->view + at, queue->view + at + 1,
	        (queue->view_count - at) * sizeof queue->view[0]);
}

void
hp_queue_place(struct hp_queue *queue, struct hp_row *row)
{
	size_t at = place_of(queue, row);

	if (queue->dirty || !hp_row_matches(row, queue->filter))
		return;
	memmove(queue->view + at + 1, queue->view + at,
	        (queue->view_count - at) * sizeof queue->view[0]);
	queue->view[at] = row;
	queue->view_count++;
	if (!queue->selected[0])
		hp_queue_select(queue, 0);
}

void
hp_queue_refresh(struct hp_queue *queue)
{
	if (!queue->dirty)
		return;
	queue->dirty = false;
	queue->view_count = 0;
	for (size_t i = 0; i < queue->count; i++) {
		if (hp_row_matches(queue->rows[i], queue->filter))
			queue->view[queue->view_count++] = queue->rows[i];
	}
	if (queue->view_count)
		qsort(queue->view, queue->view_count, sizeof queue->view[0], by_risk);
	/* Until all are known, who has not chosen one is on the riskiest. */
	bool follows = !queue->has_listed && !queue->chosen;
	if (follows || !queue->selected[0] || !hp_queue_find(queue, queue->selected))
		hp_queue_select(queue, 0);
}

size_t
hp_queue_selected(const struct hp_queue *queue)
{
	const struct hp_row *row = hp_queue_find(queue, queue->selected);
	size_t at = row ? place_of(queue, row) : queue->view_count;

	return at < queue->view_count && queue->view[at] == row ? at : 0;
}

void
hp_queue_select(struct hp_queue *queue, size_t index)
{
	queue->selected[0] = '\0';
	if (index < queue->view_count)
		memcpy(queue->selected, queue->view[index]->id, HP_ID_BYTES);
}

void
hp_queue_scroll(struct hp_queue *queue, size_t height)
{
	size_t selected = hp_queue_selected(queue);

	queue->height = height;
	if (height == 0)
		return;
	if (selected < queue->top)
		queue->top = selected;
	if (selected >= queue->top + height)
		queue->top = selected - height + 1;
	if (queue->top + height > queue->view_count)
		queue->top = queue->view_count > height ? queue->view_count - height : 0;
}

void
hp_queue_filtered(struct hp_queue *queue)
{
	queue->dirty = true;
	hp_queue_refresh(queue);
	const struct hp_row *row = hp_queue_find(queue, queue->selected);
	if (!row || !hp_row_matches(row, queue->filter))
		hp_queue_select(queue, 0);
}

void
hp_queue_counts(const struct hp_model *model, int64_t now_ms, size_t *ret_pending,
                size_t *ret_escalated)
{
	size_t pending = 0, escalated = 0;

	for (size_t i = 0; i < model->queue.count; i++) {
		const struct hp_row *row = model->queue.rows[i];
		if (hp_row_state(model, row, now_ms) != HP_STATE_PENDING)
			continue;
		pending++;
		escalated += strcmp(row->effect, "escalate") == 0;
	}
	*ret_pending = pending;
	*ret_escalated = escalated;
}
