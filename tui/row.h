/*
 * row - one request as lists show it: the broker's summary, escaped.
 *
 * Invariant 5 of model.h: all strings of a row are ASCII and safe for any terminal.
 * Threads: one at a time.
 */
#ifndef HP_TUI_ROW_H
#define HP_TUI_ROW_H

#include "core/lifecycle.h"
#include "core/limits.h"
#include "core/present.h"
#include "core/value.h"

enum { HP_ID_BYTES = 37 }; /* a UUID and its NUL */

/* One request in a list. Strings are escaped ASCII (truth 5). */
struct hp_row {
	char id[HP_ID_BYTES];
	uint8_t digest[HP_HASH_BYTES];
	enum hp_state state;
	int64_t submitted_ms, deadline_ms; /* the broker's clock */
	int64_t left_ms; /* steady: when it was seen to leave pending; 0: not yet */
	int64_t approvals, needed;
	int64_t resources; /* how many */
	uint64_t seq;      /* event_seq up to which this is known */
	unsigned sweep;    /* the listing that saw it last */
	unsigned risk;     /* sort key, greater first */
	bool rang;         /* for the last minute */
	const char *tier, *effect, *environment, *classes, *operation, *resource, *requester,
		*summary;
	char *text; /* owns the strings */
};

bool hp_row_is_id(const struct hp_value *id);
/* Takes over a summary's fields but its id; false, the row untouched, without memory or when a
 * field is not what it must be. */
bool hp_row_read(struct hp_row *row, const struct hp_value *summary, hp_present_escape *escape);
void hp_row_free(struct hp_row *row);
/* Whether every word of the filter is found: `env:` and its like look in one column. */
bool hp_row_matches(const struct hp_row *row, const char *filter);
/* Whether `text` has all words of the filter, upper and lower case the same. */
bool hp_words_match(const char *text, const char *filter);
/* Its tier wants typed confirmation and a bell: any but the two that are known to be milder. */
bool hp_row_is_gated(const struct hp_row *row);

#endif
