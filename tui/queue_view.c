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

static bool
holds(const char *text, const char *part, size_t len)
{
	for (; *text; text++) {
		if (strncasecmp(text, part, len) == 0)
			return true;
	}
	return len == 0;
}

/* One word of a filter; `env:` and its like look in one column, others in all. */
static bool
word_matches(const struct hp_row *row, const char *word, size_t len)
{
	const struct {
		const char *prefix, *text;
	} columns[] = {
		{"env:", row->environment},
		{"class:", row->classes},
		{"agent:", row->requester},
		{"tier:", row->tier},
	};
	const char *const all[] = {row->operation,   row->resource, row->requester, row->summary,
	                           row->environment, row->classes,  row->tier,      row->id};

	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
		size_t prefix = strlen(columns[i].prefix);
		if (len >= prefix && strncasecmp(word, columns[i].prefix, prefix) == 0)
			return holds(columns[i].text, word + prefix, len - prefix);
	}
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (holds(all[i], word, len))
			return true;
	}
	return false;
}

bool
hp_row_matches(const struct hp_row *row, const char *filter)
{
	for (;;) {
		filter += strspn(filter, " ");
		size_t len = strcspn(filter, " ");
		if (len == 0)
			return true;
		if (!word_matches(row, filter, len))
			return false;
		filter += len;
	}
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
	if (!queue->selected[0] || !hp_queue_find(queue, queue->selected))
		hp_queue_select(queue, 0);
}

size_t
hp_queue_selected(const struct hp_queue *queue)
{
	for (size_t i = 0; i < queue->view_count; i++) {
		if (strcmp(queue->view[i]->id, queue->selected) == 0)
			return i;
	}
	return 0;
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

bool
hp_queue_set_filter(struct hp_queue *queue, const char *filter)
{
	if (strlen(filter) >= sizeof queue->filter)
		return false;
	snprintf(queue->filter, sizeof queue->filter, "%s", filter);
	queue->dirty = true;
	hp_queue_refresh(queue);
	const struct hp_row *row = hp_queue_find(queue, queue->selected);
	if (!row || !hp_row_matches(row, queue->filter))
		hp_queue_select(queue, 0);
	return true;
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
