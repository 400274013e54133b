#include "core/report_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/msgpack.h"
#include "core/units.h"

enum { BUCKETS = 4096, ID_BYTES = 40 };

/* A pending request: when it began to wait. */
struct hp_report_waiting {
	char id[ID_BYTES];
	int64_t since_ms;
	struct hp_report_waiting *next;
};

/* ---- tallies ---- */

static void
cite(struct hp_report_row *row, const struct hp_report_event *event)
{
	size_t at = row->cited_count < HP_REPORT_CITED ? row->cited_count++ : HP_REPORT_CITED - 1;
	struct hp_report_cited *cited = &row->cited[at];
	cited->seq = event->seq;
	cited->wall_ms = event->wall_ms;
	snprintf(cited->event, sizeof cited->event, "%s", event->event);
	snprintf(cited->actor, sizeof cited->actor, "%s", event->actor);
	snprintf(cited->request, sizeof cited->request, "%s", event->request);
}

static struct hp_report_row *
find_row(struct hp_report *report, struct hp_report_tally *tally, const char *label)
{
	for (size_t i = 0; i < tally->row_count; i++)
		if (strcmp(tally->rows[i].label, label) == 0)
			return &tally->rows[i];
	if (!tally->rows)
		tally->rows = hp_arena_array(&report->arena, HP_REPORT_ROWS, sizeof *tally->rows);
	bool last = tally->row_count == HP_REPORT_ROWS - 1;
	if (tally->row_count == HP_REPORT_ROWS)
		return &tally->rows[HP_REPORT_ROWS - 1];
	const char *copy = hp_arena_strdup(&report->arena, last ? "(others)" : label);
	if (!tally->rows || !copy) {
		report->failed = true;
		return &tally->all;
	}
	struct hp_report_row *row = &tally->rows[tally->row_count++];
	*row = (struct hp_report_row){.label = copy};
	return row;
}

struct hp_report_row *
hp_report_add(struct hp_report *report, struct hp_report_tally *tally, const char *label,
	      int64_t count)
{
	static struct hp_report_row nowhere;
	if (!report->in_range) {
		nowhere = (struct hp_report_row){0};
		return &nowhere;
	}
	tally->all.count += count;
	cite(&tally->all, report->now);
	if (!label)
		return &tally->all;
	struct hp_report_row *row = find_row(report, tally, label);
	if (row != &tally->all) {
		row->count += count;
		cite(row, report->now);
	}
	return row;
}

/* The class of a duration: exact below 32 ms, then 32 classes to a doubling. */
static size_t
class_of(int64_t ms)
{
	uint64_t left = ms > 0 ? (uint64_t)ms : 0;
	unsigned shift = 0;
	while (left >> shift >= 64)
		shift++;
	size_t class = shift * 32 + (size_t)(left >> shift);
	return class < HP_REPORT_CLASSES ? class : HP_REPORT_CLASSES - 1;
}

/* The least duration of a class. */
static int64_t
least_of(size_t class)
{
	if (class < 64)
		return (int64_t)class;
	unsigned shift = (unsigned)(class / 32 - 1);
	return (int64_t)((class - shift * 32) << shift);
}

static void
add_time(struct hp_report *report, struct hp_report_row *row, int64_t ms)
{
	if (!row->times)
		row->times = hp_arena_array(&report->arena, 1, sizeof *row->times);
	if (!row->times) {
		report->failed = true;
		return;
	}
	row->times->classes[class_of(ms)]++;
	if (ms > row->times->most_ms)
		row->times->most_ms = ms;
}

void
hp_report_add_ms(struct hp_report *report, struct hp_report_tally *tally, const char *label,
		 int64_t ms)
{
	if (!report->in_range || ms < 0)
		return;
	struct hp_report_row *row = hp_report_add(report, tally, label, 1);
	add_time(report, &tally->all, ms);
	if (row != &tally->all)
		add_time(report, row, ms);
}

int64_t
hp_report_quantile(const struct hp_report_row *row, unsigned percent)
{
	int64_t wanted = (row->count * percent + 99) / 100, seen = 0;
	for (size_t i = 0; row->times && i < HP_REPORT_CLASSES; i++) {
		seen += row->times->classes[i];
		if (seen >= wanted && seen > 0)
			return least_of(i);
	}
	return 0;
}

void
hp_report_add_day(struct hp_buf *buf, int64_t wall_ms)
{
	struct hp_buf time = {0};
	hp_units_add_time(&time, wall_ms);
	hp_buf_add(buf, time.data, time.len < 10 ? time.len : 10);
	hp_buf_release(&time);
}

/* ---- what waits ---- */

static struct hp_report_waiting **
find_waiting(struct hp_report *report, const char *id)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	for (const char *c = id; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	struct hp_report_waiting **at = &report->waiting[hash % BUCKETS];
	while (*at && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	return at;
}

static void
begin_waiting(struct hp_report *report, const struct hp_report_event *event)
{
	struct hp_report_waiting **at = find_waiting(report, event->request);
	if (*at || strlen(event->request) >= ID_BYTES)
		return;
	*at = calloc(1, sizeof **at);
	if (!*at) {
		report->failed = true;
		return;
	}
	strcpy((*at)->id, event->request);
	(*at)->since_ms = event->wall_ms;
}

/* How long the request of this leaf has waited; forgets it once it no longer does. */
static int64_t
waited(struct hp_report *report, const struct hp_report_event *event)
{
	if (!*event->request)
		return -1;
	struct hp_report_waiting **at = find_waiting(report, event->request), *found = *at;
	if (!found)
		return -1;
	int64_t ms = event->wall_ms - found->since_ms;
	if (strncmp(event->event, "request.", 8) == 0) {
		*at = found->next;
		free(found);
	}
	return ms > 0 ? ms : 0;
}

/* ---- life ---- */

enum hp_status
hp_report_new(const struct hp_report_options *options, struct hp_report **ret_report)
{
	struct hp_report *report = calloc(1, sizeof *report);
	if (!report)
		return HP_NOMEM;
	report->from_ms = options->from_ms;
	report->to_ms = options->to_ms;
	report->instance = hp_arena_strdup(&report->arena, options->instance);
	report->tallies = hp_arena_array(&report->arena, hp_report_figure_count,
					 sizeof *report->tallies);
	report->waiting = calloc(BUCKETS, sizeof(struct hp_report_waiting *));
	if (!report->instance || !report->tallies || !report->waiting) {
		hp_report_free(report);
		return HP_NOMEM;
	}
	*ret_report = report;
	return HP_OK;
}

void
hp_report_free(struct hp_report *report)
{
	if (!report)
		return;
	for (size_t i = 0; report->waiting && i < BUCKETS; i++)
		while (report->waiting[i]) {
			struct hp_report_waiting *next = report->waiting[i]->next;
			free(report->waiting[i]);
			report->waiting[i] = next;
		}
	free(report->waiting);
	hp_report_free_keys(report);
	hp_arena_release(&report->scratch);
	hp_arena_release(&report->arena);
	free(report);
}

static const struct hp_value *
decode(struct hp_report *report, struct hp_str bytes)
{
	const struct hp_value *value = NULL;
	enum hp_status status = HP_INVALID;
	if (bytes.p)
		status = hp_msgpack_decode(&report->scratch, bytes.p, bytes.len, &value, NULL);
	report->failed |= status == HP_NOMEM;
	return status == HP_OK && value->type == HP_MAP ? value : NULL;
}

enum hp_status
hp_report_leaf(struct hp_report *report, const struct hp_leaf *leaf, struct hp_str body)
{
	hp_arena_reset(&report->scratch);
	report->in_range = leaf->wall_ms >= report->from_ms && leaf->wall_ms < report->to_ms;
	report->leaves++;
	report->counted += report->in_range;
	struct hp_report_event event = {
		.seq = leaf->seq,
		.wall_ms = leaf->wall_ms,
		.event = leaf->event,
		.actor = leaf->actor,
		.request = leaf->request,
		.body = decode(report, body),
	};
	const struct hp_value *canonical = hp_map_get(event.body, "canonical");
	if (canonical && canonical->type == HP_BIN)
		event.canonical = decode(report, canonical->str);
	report->now = &event;
	event.waited_ms = waited(report, &event);
	if (strcmp(event.event, "request.pending") == 0)
		begin_waiting(report, &event);
	if (event.canonical && report->in_range)
		hp_report_note(report, &event);
	for (size_t i = 0; i < hp_report_figure_count; i++)
		hp_report_figures[i].count(report, &report->tallies[i], &event);
	report->now = NULL;
	return report->failed || report->scratch.failed ? HP_NOMEM : HP_OK;
}

/* Most first; days in their order. */
static int
by_count(const void *a, const void *b)
{
	const struct hp_report_row *x = a, *y = b;
	return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->label, y->label);
}

static int
by_label(const void *a, const void *b)
{
	const struct hp_report_row *x = a, *y = b;
	return strcmp(x->label, y->label);
}

void
hp_report_finish(struct hp_report *report, const struct hp_report_proof *proof)
{
	report->proof = *proof;
	report->proof.text = hp_arena_strdup(&report->arena, proof->text);
	for (size_t i = 0; i < hp_report_figure_count; i++)
		if (strcmp(hp_report_figures[i].name, "key_history") == 0)
			hp_report_finish_keys(report, &report->tallies[i]);
	for (size_t i = 0; i < hp_report_figure_count; i++) {
		struct hp_report_tally *tally = &report->tallies[i];
		const char *name = hp_report_figures[i].name;
		if (strcmp(name, "approved_share") == 0)
			for (size_t j = 0; j < tally->row_count; j++)
				tally->rows[j].count = tally->rows[j].of * 100 / tally->rows[j].count;
		/* What has an order of its own keeps it. */
		if (tally->row_count && strcmp(name, "key_history") != 0 &&
		    strcmp(name, "policy_versions") != 0)
			qsort(tally->rows, tally->row_count, sizeof tally->rows[0],
			      hp_report_figures[i].kind == DAYS ? by_label : by_count);
	}
}

const struct hp_report_tally *
hp_report_tally_of(const struct hp_report *report, const char *name)
{
	for (size_t i = 0; i < hp_report_figure_count; i++)
		if (strcmp(hp_report_figures[i].name, name) == 0)
			return &report->tallies[i];
	return &report->tallies[0];
}
