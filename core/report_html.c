/*
 * A report as one page of HTML: no scripts, nothing from elsewhere, readable in light, dark and print.
 *
 * Every text goes through add(), which makes controls visible and escapes what HTML would read. A
 * chart is a small SVG of bars beside the table that has the same numbers.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/report_private.h"
#include "core/text.h"
#include "core/units.h"

enum { BARS = 12, COLUMNS = 60, BAR_WIDTH = 240, COLUMN_HEIGHT = 64 };

static const char head[] =
	"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'\">\n<style>\n"
	":root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--page:#fff;--line:#d0d7de;"
	"--bar:#2f6f9f;--good:#1a6b34;--bad:#a4262c}\n"
	"@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa4af;--page:#14181d;"
	"--line:#363c44;--bar:#6fb3e0;--good:#6cc784;--bad:#ff8f87}}\n"
	"body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);"
	"max-width:62rem;margin:2rem auto;padding:0 1rem}\n"
	"h1{font-size:1.6rem;margin:0}h2{margin:2.2rem 0 .5rem;border-bottom:2px solid var(--line);"
	"padding-bottom:.2rem}h3{font-size:1.05rem;margin:1.4rem 0 .2rem}\n"
	"h3 b{float:right;font-variant-numeric:tabular-nums}\n"
	".query{color:var(--soft);font-size:.85rem;margin:.1rem 0 .4rem}\n"
	".note{border-left:4px solid var(--bar);padding:.3rem .8rem;margin:1rem 0}\n"
	".bad{border-color:var(--bad)}\n"
	"table{border-collapse:collapse;width:100%;font-size:.92rem}\n"
	"td,th{text-align:left;padding:.2rem .7rem .2rem 0;border-bottom:1px solid var(--line);"
	"vertical-align:top;overflow-wrap:anywhere}\n"
	"td:first-child{width:36%}td.leaves{width:22%}\n"
	".n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
	".leaves{color:var(--soft);white-space:nowrap;font-size:.85rem}\n"
	".yes{color:var(--good)}.no{color:var(--bad)}a{color:inherit}\n"
	"svg{display:block;fill:var(--bar);max-width:100%}td svg{margin:.35rem 0}\n"
	"@media print{:root{--ink:#000;--soft:#444;--page:#fff;--line:#999;--bar:#555;"
	"--good:#000;--bad:#000}body{max-width:none;margin:0}h2{break-after:avoid}"
	"section,tr{break-inside:avoid}svg{print-color-adjust:exact}}\n"
	"</style>\n";

/* A text of the log, or of ours. */
static void
add(struct hp_buf *buf, const char *text)
{
	static const struct {
		char c;
		const char *entity;
	} entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
	struct hp_arena arena = {0};
	const char *safe = hp_text_safe(&arena, text, 0);
	for (const char *c = safe ? safe : ""; *c; c++) {
		size_t i = 0;
		while (i < 5 && entities[i].c != *c)
			i++;
		if (i < 5)
			hp_buf_add_text(buf, entities[i].entity);
		else
			hp_buf_add_byte(buf, (uint8_t)*c);
	}
	hp_arena_release(&arena);
}

static void
add_leaf(struct hp_buf *buf, uint64_t seq)
{
	hp_buf_printf(buf, "<a href=\"#leaf-%" PRIu64 "\">%" PRIu64 "</a>", seq, seq);
}

static void
add_cited(struct hp_buf *buf, const struct hp_report_row *row)
{
	for (size_t i = 0; i < row->cited_count; i++) {
		bool skips = i + 1 == HP_REPORT_CITED && row->count > HP_REPORT_CITED;
		hp_buf_add_text(buf, i == 0 ? "leaves " : skips ? " … " : " ");
		add_leaf(buf, row->cited[i].seq);
	}
}

static int64_t
amount(const struct hp_report_figure *figure, const struct hp_report_row *row)
{
	return figure->kind == TIME ? hp_report_quantile(row, 50) : row->count;
}

static int64_t
most(const struct hp_report_figure *figure, const struct hp_report_tally *tally)
{
	int64_t most = 1;
	for (size_t i = 0; i < tally->row_count; i++)
		if (amount(figure, &tally->rows[i]) > most)
			most = amount(figure, &tally->rows[i]);
	return most;
}

/* Days as columns: each has its date and number as its title. */
static void
add_columns(struct hp_buf *buf, const struct hp_report_figure *figure,
	    const struct hp_report_tally *tally)
{
	size_t first = tally->row_count > COLUMNS ? tally->row_count - COLUMNS : 0;
	int64_t top = most(figure, tally);
	hp_buf_printf(buf, "<svg role=\"img\" aria-label=\"");
	add(buf, figure->title);
	hp_buf_printf(buf, "\" width=\"%zu\" height=\"%d\">", (tally->row_count - first) * 14,
		      COLUMN_HEIGHT);
	for (size_t i = first; i < tally->row_count; i++) {
		int height = (int)(tally->rows[i].count * (COLUMN_HEIGHT - 4) / top) + 2;
		hp_buf_printf(buf, "<rect x=\"%zu\" y=\"%d\" width=\"12\" height=\"%d\"><title>",
			      (i - first) * 14, COLUMN_HEIGHT - height, height);
		add(buf, tally->rows[i].label);
		hp_buf_printf(buf, ": %" PRId64 "</title></rect>", tally->rows[i].count);
	}
	hp_buf_add_text(buf, "</svg>\n<p class=\"query\">");
	add(buf, tally->rows[first].label);
	hp_buf_add_text(buf, " to ");
	add(buf, tally->rows[tally->row_count - 1].label);
	hp_buf_printf(buf, ", at most %" PRId64 " a day</p>\n", top);
}

static void
add_rows(struct hp_buf *buf, const struct hp_report_figure *figure,
	 const struct hp_report_tally *tally)
{
	int64_t top = most(figure, tally);
	bool bars = tally->row_count > 1 && tally->row_count <= BARS && top > 1;
	hp_buf_add_text(buf, "<table>\n");
	for (size_t i = 0; i < tally->row_count; i++) {
		const struct hp_report_row *row = &tally->rows[i];
		hp_buf_add_text(buf, "<tr><td>");
		add(buf, row->label);
		hp_buf_add_text(buf, "</td>");
		if (bars)
			hp_buf_printf(buf, "<td><svg aria-hidden=\"true\" width=\"%d\" height=\"10\">"
					   "<rect width=\"%d\" height=\"10\"/></svg></td>",
				      BAR_WIDTH,
				      (int)(amount(figure, row) * (BAR_WIDTH - 2) / top) + 2);
		hp_buf_add_text(buf, "<td class=\"n\">");
		hp_report_add_amount(buf, figure, row, ",");
		hp_buf_add_text(buf, "</td><td class=\"leaves\">");
		add_cited(buf, row);
		hp_buf_add_text(buf, "</td></tr>\n");
	}
	hp_buf_add_text(buf, "</table>\n");
}

static void
add_figure(struct hp_buf *buf, const struct hp_report_figure *figure,
	   const struct hp_report_tally *tally)
{
	hp_buf_printf(buf, "<section id=\"%s\">\n<h3><b>", figure->name);
	hp_report_add_amount(buf, figure, &tally->all, ",");
	hp_buf_add_text(buf, "</b>");
	add(buf, figure->title);
	hp_buf_add_text(buf, "</h3>\n<p class=\"query\">Counted: ");
	add(buf, figure->query);
	if (!tally->row_count && tally->all.cited_count) {
		hp_buf_add_text(buf, "; ");
		add_cited(buf, &tally->all);
	}
	hp_buf_add_text(buf, "</p>\n");
	if (figure->kind == DAYS && tally->row_count)
		add_columns(buf, figure, tally);
	else if (tally->row_count)
		add_rows(buf, figure, tally);
	hp_buf_add_text(buf, "</section>\n");
}

static void
add_checks(struct hp_buf *buf, const struct hp_report *report)
{
	struct hp_arena arena = {0};
	hp_buf_add_text(buf, "<h2>The eight checks, as the log shows them</h2>\n<p class=\"query\">From "
			     "the log alone, which shows what came up and no more; holdpoint preflight "
			     "proves each by a probe.</p>\n<table>\n");
	for (size_t i = 0; i < hp_report_check_count; i++) {
		const struct hp_report_check *check = &hp_report_checks[i];
		bool shown = false;
		const char *text = check->judge(report, &arena, &shown);
		hp_buf_printf(buf, "<tr id=\"%s\"><td>", check->name);
		add(buf, check->question);
		hp_buf_printf(buf, "</td><td class=\"n %s\">%s</td><td>", shown ? "yes" : "no",
			      shown ? "✓ shown" : "✗ not shown");
		add(buf, text ? text : "");
		hp_buf_add_text(buf, "<div class=\"query\">Counted: ");
		add(buf, check->query);
		hp_buf_add_text(buf, "</div></td></tr>\n");
	}
	hp_buf_add_text(buf, "</table>\n");
	hp_arena_release(&arena);
}

/* ---- the leaves that are cited ---- */

static int
by_seq(const void *a, const void *b)
{
	const struct hp_report_cited *x = *(const struct hp_report_cited *const *)a;
	const struct hp_report_cited *y = *(const struct hp_report_cited *const *)b;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Adds what the row cites to the list. */
static size_t
collect(const struct hp_report_row *row, const struct hp_report_cited **list, size_t count)
{
	for (size_t i = 0; i < row->cited_count; i++)
		list[count++] = &row->cited[i];
	return count;
}

/* All that is cited, in order, some of it more than once; to be freed. */
static const struct hp_report_cited **
collect_all(const struct hp_report *report, size_t *ret_count)
{
	size_t rows = hp_report_figure_count, count = 0;
	for (size_t i = 0; i < hp_report_figure_count; i++)
		rows += report->tallies[i].row_count;
	const struct hp_report_cited **list =
		malloc(rows * HP_REPORT_CITED * sizeof(const struct hp_report_cited *));
	for (size_t i = 0; list && i < hp_report_figure_count; i++) {
		count = collect(&report->tallies[i].all, list, count);
		for (size_t j = 0; j < report->tallies[i].row_count; j++)
			count = collect(&report->tallies[i].rows[j], list, count);
	}
	if (list)
		qsort(list, count, sizeof(const struct hp_report_cited *), by_seq);
	*ret_count = count;
	return list;
}

static void
add_index(struct hp_buf *buf, const struct hp_report *report)
{
	size_t count = 0;
	const struct hp_report_cited **cited = collect_all(report, &count);
	buf->failed |= !cited;
	hp_buf_add_text(buf, "<h2>Leaves cited</h2>\n<p class=\"query\">By sequence number; holdpoint "
			     "audit prove SEQ proves that one is in the log.</p>\n<table>\n<tr><th "
			     "class=\"n\">leaf</th><th>time</th><th>event</th><th>by</th><th>request"
			     "</th></tr>\n");
	for (size_t i = 0; cited && i < count; i++) {
		if (i && cited[i]->seq == cited[i - 1]->seq)
			continue;
		hp_buf_printf(buf, "<tr id=\"leaf-%" PRIu64 "\"><td class=\"n\">%" PRIu64 "</td><td>",
			      cited[i]->seq, cited[i]->seq);
		hp_units_add_time(buf, cited[i]->wall_ms);
		const char *const texts[] = {cited[i]->event, cited[i]->actor, cited[i]->request};
		for (size_t j = 0; j < 3; j++) {
			hp_buf_add_text(buf, "</td><td>");
			add(buf, texts[j]);
		}
		hp_buf_add_text(buf, "</td></tr>\n");
	}
	free(cited);
	hp_buf_add_text(buf, "</table>\n");
}

void
hp_report_add_html(const struct hp_report *report, struct hp_buf *buf)
{
	hp_buf_add_text(buf, head);
	hp_buf_add_text(buf, "<title>Audit report of ");
	add(buf, report->instance);
	hp_buf_add_text(buf, "</title>\n</head>\n<body>\n<h1>Audit report of ");
	add(buf, report->instance);
	hp_buf_add_text(buf, "</h1>\n<p>");
	hp_report_add_moment(buf, report->from_ms, "The beginning");
	hp_buf_add_text(buf, " to ");
	hp_report_add_moment(buf, report->to_ms, "the end");
	hp_buf_printf(buf, ": %" PRIu64 " of %" PRIu64 " leaves.</p>\n<p class=\"note%s\">",
		      report->counted, report->leaves, report->proof.verified ? "" : " bad");
	add(buf, report->proof.text ? report->proof.text : "");
	hp_buf_add_text(buf, "</p>\n<p class=\"note\">");
	add(buf, HP_REPORT_STATEMENT);
	hp_buf_add_text(buf, "</p>\n");
	add_checks(buf, report);
	for (size_t i = 0; i < hp_report_figure_count; i++) {
		const struct hp_report_figure *figure = &hp_report_figures[i];
		const struct hp_report_heading *heading = &hp_report_headings[figure->article];
		if (i == 0 || figure[-1].article != figure->article)
			hp_buf_printf(buf, "<h2>%s: %s</h2>\n", heading->number, heading->title);
		add_figure(buf, figure, &report->tallies[i]);
	}
	add_index(buf, report);
	hp_buf_add_text(buf, "</body>\n</html>\n");
}
