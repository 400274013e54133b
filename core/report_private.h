/*
 * report_private - what report.c, the figures and the outputs share.
 *
 * Purpose: figures add to tallies by hp_report_add() alone, which minds the range, the bounds and the
 * leaves that are cited; outputs only read.
 */
#ifndef HP_CORE_REPORT_PRIVATE_H
#define HP_CORE_REPORT_PRIVATE_H

#include "core/limits.h"
#include "core/report.h"

enum {
	HP_REPORT_ROWS = 200, /* of a figure; the rest is "(others)" */
	HP_REPORT_CITED = 4,  /* leaves of a row: the first ones, and the last */
	HP_REPORT_CLASSES = 64 * 32, /* of durations: 32 to a doubling */
};

enum hp_report_article { ART_9, ART_12, ART_14, FATIGUE, ART_15, HP_REPORT_ARTICLES };
enum hp_report_kind { COUNT, TABLE, DAYS, TIME };

struct hp_report_times {
	uint32_t classes[HP_REPORT_CLASSES];
	int64_t most_ms;
};

/* A leaf that a row cites: copied, since it may be the last of very many. */
struct hp_report_cited {
	uint64_t seq;
	int64_t wall_ms;
	char event[32], actor[HP_LIMIT_NAME_BYTES + 1], request[40];
};

struct hp_report_row {
	const char *label;
	int64_t count;
	int64_t of; /* what a share is of; a run so far */
	struct hp_report_cited cited[HP_REPORT_CITED];
	size_t cited_count;
	struct hp_report_times *times; /* of a TIME */
};

struct hp_report_tally {
	struct hp_report_row all; /* its label is NULL */
	struct hp_report_row *rows;
	size_t row_count;
};

/* A leaf as the figures see it. */
struct hp_report_event {
	uint64_t seq;
	int64_t wall_ms;
	const char *event, *actor, *request;
	const struct hp_value *body;	  /* nil: erased, or no map */
	const struct hp_value *canonical; /* NULL: not a request's first leaf, or erased */
	int64_t waited_ms;		  /* since the request's request.pending; -1: not waiting */
};

struct hp_report_key; /* of a principal: report_keys.c */

struct hp_report {
	struct hp_arena arena; /* as long as the report */
	struct hp_arena scratch; /* of one leaf */
	const char *instance;
	int64_t from_ms, to_ms;
	bool in_range; /* this leaf */
	const struct hp_report_event *now;
	bool failed;
	uint64_t leaves, counted; /* read; in the range */
	struct hp_report_proof proof;
	struct hp_report_tally *tallies;
	struct hp_report_waiting **waiting; /* pending requests by id: a table of lists */
	struct hp_report_key **keys;	    /* principals by name: a table of lists */
	unsigned generation;		    /* of the set of principals */
	uint64_t keys_seq;		    /* of its last leaf, with its time and actor */
	int64_t keys_ms;
	char keys_by[HP_LIMIT_NAME_BYTES + 1];
	/* for the checks */
	int64_t destructive, destructive_let, held, held_undoable, most_resources, caps;
	unsigned agents, agents_bounded, executors, executors_bounded;
};

struct hp_report_figure {
	enum hp_report_article article;
	const char *name, *title;
	enum hp_report_kind kind;
	const char *query;
	void (*count)(struct hp_report *report, struct hp_report_tally *tally,
		      const struct hp_report_event *event);
};
extern const struct hp_report_figure hp_report_figures[];
extern const size_t hp_report_figure_count;

/* What an article is called: "Art. 9", "Risk management". */
struct hp_report_heading {
	const char *number, *title;
};
extern const struct hp_report_heading hp_report_headings[HP_REPORT_ARTICLES];

/* One of the eight checks, as far as the log shows it. */
struct hp_report_check {
	const char *name, *question, *query;
	const char *(*judge)(const struct hp_report *report, struct hp_arena *arena, bool *ret_shown);
};
extern const struct hp_report_check hp_report_checks[];
extern const size_t hp_report_check_count;

/* Adds to a figure's sum and to the row of `label` (NULL: none), and cites the leaf; only of leaves
 * in the range. Returns the row, or the sum's; never NULL. */
struct hp_report_row *hp_report_add(struct hp_report *report, struct hp_report_tally *tally,
				    const char *label, int64_t count);
void hp_report_add_ms(struct hp_report *report, struct hp_report_tally *tally, const char *label,
		      int64_t ms);
/* The duration that `percent` of all do not exceed. */
int64_t hp_report_quantile(const struct hp_report_row *row, unsigned percent);

/* "3", of times "3, median 2 s, …" with `between` before the word; a moment, or `open` for none. */
void hp_report_add_amount(struct hp_buf *buf, const struct hp_report_figure *figure,
			  const struct hp_report_row *row, const char *between);
void hp_report_add_moment(struct hp_buf *buf, int64_t ms, const char *open);

/* "2026-11-28" (UTC). */
void hp_report_add_day(struct hp_buf *buf, int64_t wall_ms);
/* Facts that the checks need, of a request's first leaf. */
void hp_report_note(struct hp_report *report, const struct hp_report_event *event);
/* A leaf principals, against the set before: rows of key_history, and who is bounded. */
void hp_report_take_keys(struct hp_report *report, struct hp_report_tally *tally,
			 const struct hp_report_event *event);
void hp_report_finish_keys(struct hp_report *report, struct hp_report_tally *key_history);
void hp_report_free_keys(struct hp_report *report);

/* The figure of this name. */
const struct hp_report_tally *hp_report_tally_of(const struct hp_report *report, const char *name);

#define HP_REPORT_STATEMENT                                                                        \
	"This report supports the assessment of conformity with Regulation (EU) 2024/1689; it "    \
	"does not establish conformity."

#endif
