/* A report as text and as a tree for JSON. */
#include <inttypes.h>
#include <string.h>

#include "core/report_private.h"
#include "core/text.h"
#include "core/units.h"

/* ---- JSON ---- */

static struct hp_value *
cited_value(struct hp_arena *arena, const struct hp_report_row *row)
{
	struct hp_value *list = hp_value_array(arena);
	for (size_t i = 0; i < row->cited_count; i++)
		hp_array_add(arena, list, hp_value_uint(arena, row->cited[i].seq));
	return list;
}

static void
set_row(struct hp_arena *arena, struct hp_value *map, const struct hp_report_figure *figure,
	const struct hp_report_row *row)
{
	hp_map_set_int(arena, map, "count", row->count);
	if (figure->kind == TIME && row->times) {
		hp_map_set_int(arena, map, "median_ms", hp_report_quantile(row, 50));
		hp_map_set_int(arena, map, "p90_ms", hp_report_quantile(row, 90));
		hp_map_set_int(arena, map, "most_ms", row->times->most_ms);
	}
	hp_map_set(arena, map, "leaves", cited_value(arena, row));
}

static struct hp_value *
figure_value(struct hp_arena *arena, const struct hp_report_figure *figure,
	     const struct hp_report_tally *tally)
{
	struct hp_value *map = hp_value_map(arena), *rows = hp_value_array(arena);
	hp_map_set_str(arena, map, "article", hp_report_headings[figure->article].number);
	hp_map_set_str(arena, map, "name", figure->name);
	hp_map_set_str(arena, map, "title", figure->title);
	hp_map_set_str(arena, map, "query", figure->query);
	set_row(arena, map, figure, &tally->all);
	for (size_t i = 0; i < tally->row_count; i++) {
		struct hp_value *row = hp_value_map(arena);
		hp_map_set_str(arena, row, "label", tally->rows[i].label);
		set_row(arena, row, figure, &tally->rows[i]);
		hp_array_add(arena, rows, row);
	}
	hp_map_set(arena, map, "rows", rows);
	return map;
}

static struct hp_value *
check_value(struct hp_arena *arena, const struct hp_report *report,
	    const struct hp_report_check *check)
{
	bool shown = false;
	const char *text = check->judge(report, arena, &shown);
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "name", check->name);
	hp_map_set_str(arena, map, "question", check->question);
	hp_map_set_bool(arena, map, "shown", shown);
	hp_map_set_str(arena, map, "text", text ? text : "");
	hp_map_set_str(arena, map, "query", check->query);
	return map;
}

static void
set_time(struct hp_arena *arena, struct hp_value *map, const char *key, int64_t ms)
{
	if (ms == INT64_MIN || ms == INT64_MAX)
		hp_map_set(arena, map, key, hp_value_nil(arena));
	else
		hp_map_set_int(arena, map, key, ms);
}

struct hp_value *
hp_report_to_value(const struct hp_report *report, struct hp_arena *arena)
{
	struct hp_value *map = hp_value_map(arena), *proof = hp_value_map(arena);
	struct hp_value *checks = hp_value_array(arena), *figures = hp_value_array(arena);
	hp_map_set_str(arena, map, "type", "report");
	hp_map_set_str(arena, map, "statement", HP_REPORT_STATEMENT);
	hp_map_set_str(arena, map, "instance", report->instance);
	set_time(arena, map, "from_ms", report->from_ms);
	set_time(arena, map, "to_ms", report->to_ms);
	hp_map_set(arena, map, "leaves", hp_value_uint(arena, report->counted));
	hp_map_set_bool(arena, proof, "verified", report->proof.verified);
	hp_map_set(arena, proof, "leaves", hp_value_uint(arena, report->proof.leaves));
	hp_map_set(arena, proof, "checkpoints", hp_value_uint(arena, report->proof.checkpoints));
	hp_map_set(arena, proof, "anchored", hp_value_uint(arena, report->proof.anchored));
	hp_map_set_str(arena, proof, "text", report->proof.text ? report->proof.text : "");
	hp_map_set(arena, map, "verification", proof);
	for (size_t i = 0; i < hp_report_check_count; i++)
		hp_array_add(arena, checks, check_value(arena, report, &hp_report_checks[i]));
	hp_map_set_str(arena, map, "checks_from", "log");
	hp_map_set(arena, map, "checks", checks);
	for (size_t i = 0; i < hp_report_figure_count; i++)
		hp_array_add(arena, figures,
			     figure_value(arena, &hp_report_figures[i], &report->tallies[i]));
	hp_map_set(arena, map, "figures", figures);
	return map;
}

/* ---- as text and as a page ---- */

void
hp_report_add_amount(struct hp_buf *buf, const struct hp_report_figure *figure,
		     const struct hp_report_row *row, const char *between)
{
	hp_buf_printf(buf, "%" PRId64, row->count);
	if (figure->kind != TIME || !row->times)
		return;
	hp_buf_printf(buf, "%s median ", between);
	hp_units_add_span(buf, hp_report_quantile(row, 50));
	hp_buf_add_text(buf, ", 90 % within ");
	hp_units_add_span(buf, hp_report_quantile(row, 90));
	hp_buf_add_text(buf, ", longest ");
	hp_units_add_span(buf, row->times->most_ms);
}

void
hp_report_add_moment(struct hp_buf *buf, int64_t ms, const char *open)
{
	if (ms == INT64_MIN || ms == INT64_MAX)
		hp_buf_add_text(buf, open);
	else
		hp_units_add_time(buf, ms);
}

/* ---- text ---- */

static void
add_safe(struct hp_buf *buf, const char *text)
{
	struct hp_arena arena = {0};
	const char *safe = hp_text_safe(&arena, text, HP_TEXT_ASCII);
	hp_buf_add_text(buf, safe ? safe : "");
	hp_arena_release(&arena);
}

static void
add_cited(struct hp_buf *buf, const struct hp_report_row *row)
{
	for (size_t i = 0; i < row->cited_count; i++) {
		bool skips = i + 1 == HP_REPORT_CITED && row->cited_count == HP_REPORT_CITED &&
			     row->count > HP_REPORT_CITED;
		hp_buf_printf(buf, "%s%" PRIu64, i == 0 ? "  leaves " : skips ? " .. " : " ",
			      row->cited[i].seq);
	}
}

static void
add_figure(struct hp_buf *buf, const struct hp_report_figure *figure,
	   const struct hp_report_tally *tally)
{
	hp_buf_printf(buf, "\n  %s: ", figure->title);
	hp_report_add_amount(buf, figure, &tally->all, ":");
	if (!tally->row_count)
		add_cited(buf, &tally->all);
	hp_buf_printf(buf, "\n    counted: %s\n", figure->query);
	for (size_t i = 0; i < tally->row_count; i++) {
		const struct hp_report_row *row = &tally->rows[i];
		hp_buf_add_text(buf, "    ");
		size_t start = buf->len;
		add_safe(buf, row->label);
		while (buf->len < start + 34 && !buf->failed)
			hp_buf_add_byte(buf, ' ');
		hp_buf_add_text(buf, "  ");
		hp_report_add_amount(buf, figure, row, ":");
		add_cited(buf, row);
		hp_buf_add_byte(buf, '\n');
	}
}

void
hp_report_add_text(const struct hp_report *report, struct hp_buf *buf)
{
	struct hp_arena arena = {0};
	hp_buf_printf(buf, "Audit report of %s\n", report->instance);
	hp_report_add_moment(buf, report->from_ms, "the beginning");
	hp_buf_add_text(buf, " to ");
	hp_report_add_moment(buf, report->to_ms, "the end");
	hp_buf_printf(buf, ": %" PRIu64 " of %" PRIu64 " leaves\n", report->counted, report->leaves);
	add_safe(buf, report->proof.text ? report->proof.text : "");
	hp_buf_add_text(buf, "\n" HP_REPORT_STATEMENT "\n\nThe eight checks, as the log shows them "
			     "(`holdpoint preflight` proves them)\n");
	for (size_t i = 0; i < hp_report_check_count; i++) {
		const struct hp_report_check *check = &hp_report_checks[i];
		bool shown = false;
		const char *text = check->judge(report, &arena, &shown);
		hp_buf_printf(buf, "  %-9s  %-22s ", shown ? "shown" : "not shown", check->name);
		add_safe(buf, text ? text : "");
		hp_buf_printf(buf, "\n    counted: %s\n", check->query);
	}
	for (size_t i = 0; i < hp_report_figure_count; i++) {
		const struct hp_report_figure *figure = &hp_report_figures[i];
		const struct hp_report_heading *heading = &hp_report_headings[figure->article];
		if (i == 0 || figure[-1].article != figure->article)
			hp_buf_printf(buf, "\n%s  %s\n", heading->number, heading->title);
		add_figure(buf, figure, &report->tallies[i]);
	}
	hp_arena_release(&arena);
}
