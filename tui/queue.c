/*
 * The queue as the broker tells it: rows by id, listings, events, and how long rows stay.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy.h"
#include "tui/model.h"

/* --- rows --- */

/* Weights of words; what is not known counts as the strictest but one named first. */
struct weight {
	const char *word;
	unsigned weight;
};

static const struct weight tiers[] = {
	{"gated", 3}, {"supervised", 1}, {"autonomous", 0}, {NULL, 2}};
static const struct weight environments[] = {
	{"production", 3}, {"staging", 1}, {"development", 0}, {NULL, 2}};

static unsigned
weigh(const struct weight *weights, const char *word)
{
	while (weights->word && strcmp(weights->word, word) != 0)
		weights++;
	return weights->weight;
}

static unsigned
risk_of(const struct hp_row *row)
{
	enum hp_effect effect = HP_EFFECT_ESCALATE;

	if (!hp_effect_parse(row->effect, &effect))
		effect = HP_EFFECT_ESCALATE;
	return (unsigned)effect * 16 + weigh(tiers, row->tier) * 4 +
	       weigh(environments, row->environment);
}

static bool
is_id(const struct hp_value *id)
{
	if (!id || id->type != HP_STR || id->str.len != HP_ID_BYTES - 1)
		return false;
	for (size_t i = 0; i < id->str.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? id->str.p[i] != '-' : !isxdigit((unsigned char)id->str.p[i]))
			return false;
	}
	return true;
}

/* Adds an escaped string and its NUL; returns where it starts. */
static size_t
add_safe(const struct hp_model *model, struct hp_buf *text, const struct hp_value *value)
{
	size_t start = text->len;

	if (value && value->type == HP_STR)
		model->escape(text, value->str.p, value->str.len, HP_TEXT_ASCII);
	hp_buf_add_byte(text, '\0');
	return start;
}

static size_t
add_list(const struct hp_model *model, struct hp_buf *text, const struct hp_value *list)
{
	size_t start = text->len;

	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *item = hp_array_get(list, i);
		if (i > 0)
			hp_buf_add_text(text, ",");
		if (item && item->type == HP_STR)
			model->escape(text, item->str.p, item->str.len, HP_TEXT_ASCII);
	}
	hp_buf_add_byte(text, '\0');
	return start;
}

/* Takes over all strings of a summary; false without memory, the row untouched. */
static bool
set_strings(const struct hp_model *model, struct hp_row *row, const struct hp_value *summary)
{
	struct hp_buf text = {0};
	size_t tier = add_safe(model, &text, hp_map_get(summary, "tier"));
	size_t effect = add_safe(model, &text, hp_map_get(summary, "effect"));
	size_t environment = add_safe(model, &text, hp_map_get(summary, "environment"));
	size_t classes = add_list(model, &text, hp_map_get(summary, "class"));
	size_t operation = add_safe(model, &text, hp_map_get(summary, "operation"));
	size_t resource = add_safe(model, &text, hp_map_get(summary, "resource"));
	size_t requester = add_safe(model, &text, hp_map_get(summary, "requester"));
	size_t words = add_safe(model, &text, hp_map_get(summary, "summary"));

	if (text.failed) {
		hp_buf_release(&text);
		return false;
	}
	free(row->text);
	row->text = (char *)text.data;
	row->tier = row->text + tier;
	row->effect = row->text + effect;
	row->environment = row->text + environment;
	row->classes = row->text + classes;
	row->operation = row->text + operation;
	row->resource = row->text + resource;
	row->requester = row->text + requester;
	row->summary = row->text + words;
	row->risk = risk_of(row);
	return true;
}

static void
free_row(struct hp_row *row)
{
	if (row)
		free(row->text);
	free(row);
}

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
	free_row(queue->rows[at]);
	memmove(queue->rows + at, queue->rows + at + 1,
	        (queue->count - at - 1) * sizeof queue->rows[0]);
	queue->count--;
	queue->view_count = 0; /* it may hold the freed row */
	queue->dirty = true;
}

void
hp_queue_release(struct hp_queue *queue)
{
	for (size_t i = 0; i < queue->count; i++)
		free_row(queue->rows[i]);
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

static bool
is_gated(const struct hp_row *row)
{
	return strcmp(row->tier, "supervised") != 0 && strcmp(row->tier, "autonomous") != 0;
}

unsigned
hp_queue_put(struct hp_model *model, const struct hp_value *summary, uint64_t seq, int64_t now_ms)
{
	struct hp_queue *queue = &model->queue;
	const struct hp_value *id = hp_map_get(summary, "id");
	const uint8_t *digest = hp_map_get_bin(summary, "digest", HP_HASH_BYTES);
	enum hp_state state;

	if (!is_id(id) || !digest || !hp_state_parse(hp_map_get_str(summary, "state", ""), &state))
		return HP_CHANGED_NOTHING;
	struct hp_row *row = hp_queue_find(queue, id->str.p);
	bool is_new = !row;
	if (row && row->seq > seq) {
		row->sweep = queue->sweep;
		return HP_CHANGED_NOTHING;
	}
	if (is_new) {
		if (state != HP_STATE_PENDING)
			return HP_CHANGED_NOTHING;
		row = insert(queue, id->str.p);
		if (!row)
			return HP_CHANGED_NOTHING;
	}
	queue->dirty = true;
	if (!set_strings(model, row, summary)) {
		if (is_new) {
			bool found;
			remove_at(queue, locate(queue, id->str.p, &found));
		}
		return HP_CHANGED_NOTHING;
	}
	memcpy(row->digest, digest, HP_HASH_BYTES);
	row->seq = seq;
	row->sweep = queue->sweep;
	row->submitted_ms = hp_map_get_int(summary, "submitted_ms", 0);
	row->deadline_ms = hp_map_get_int(summary, "deadline_ms", row->deadline_ms);
	row->approvals = hp_map_get_int(summary, "approvals", 0);
	row->needed = hp_map_get_int(summary, "needed", 0);
	row->resources = hp_map_get_int(summary, "resources", 0);
	set_state(row, state, now_ms);
	if (is_new && queue->has_listed && is_gated(row))
		model->bell = true;
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
	queue->dirty = true;
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
	if (is_id(next) && hp_value_count(items) > 0)
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
