/*
 * report - what a log says to who must show that people oversee (EU AI Act Art. 9, 12, 14, 15).
 *
 * Purpose: one table of figures (report_figures.def): each has a name, the article it supports, the
 * words that say what was counted, and the function that counts. Leaves stream past once; text, JSON
 * and HTML are made from the same result.
 *
 * Invariants:
 *  1. Nothing is judged: a figure says what was counted and cites leaves by sequence number. The
 *     report supports conformity and does not establish it, and says so.
 *  2. Memory is bounded: HP_REPORT_ROWS rows a figure, some leaves cited of each, and what is pending
 *     or enrolled at one time. Times are kept in classes of 3 % width.
 *  3. Leaves before the range are read for what they leave behind (who is enrolled, what is pending)
 *     and not counted.
 *  4. Output is escaped: texts of the log stand in it. The HTML needs nothing from elsewhere.
 * Threads: one at a time.
 */
#ifndef HP_CORE_REPORT_H
#define HP_CORE_REPORT_H

#include "core/buf.h"
#include "core/checkpoint.h"
#include "core/value.h"

struct hp_report;

struct hp_report_options {
	const char *instance;
	int64_t from_ms, to_ms; /* leaves of [from, to); INT64_MIN and INT64_MAX: all */
};
HP_MUST_CHECK enum hp_status hp_report_new(const struct hp_report_options *options,
					   struct hp_report **ret_report);
void hp_report_free(struct hp_report *report);

/* The next leaf, in order; `body` p NULL: erased. HP_NOMEM. */
HP_MUST_CHECK enum hp_status hp_report_leaf(struct hp_report *report, const struct hp_leaf *leaf,
					    struct hp_str body);

/* What the verification came to; before the output. */
struct hp_report_proof {
	bool verified;
	uint64_t leaves, checkpoints, anchored; /* all there are; kept and lock's; an anchor's */
	const char *text;			/* one line of words */
};
void hp_report_finish(struct hp_report *report, const struct hp_report_proof *proof);

/* {instance, from_ms, to_ms, verification, checks, figures: [{article, name, title, query, count,
 * rows, leaves …}]} */
struct hp_value *hp_report_to_value(const struct hp_report *report, struct hp_arena *arena);
void hp_report_add_text(const struct hp_report *report, struct hp_buf *buf);
void hp_report_add_html(const struct hp_report *report, struct hp_buf *buf);

#endif
