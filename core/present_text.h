/*
 * present_text - the lines of a presentation while they are being made. Private to present*.c.
 *
 * Text is composed in `line` from words of ours (hp_page_say) and strangers' strings
 * (hp_page_theirs), then laid out by hp_page_item() or hp_page_quote(), which empty it.
 */
#ifndef HP_CORE_PRESENT_TEXT_H
#define HP_CORE_PRESENT_TEXT_H

#include "core/present.h"

struct hp_page {
	struct hp_arena *arena;
	hp_present_escape *escape;
	size_t columns; /* of a line's text, without the label */
	bool ascii;
	enum hp_section section;
	bool first; /* the section has no line yet */
	struct hp_buf line;
	const char *kind; /* of the item being composed; "" for none */
	unsigned flags;   /* of the line being composed */
	struct hp_present_line *lines;
	size_t count, capacity;
	bool failed;
};

void hp_page_section(struct hp_page *page, enum hp_section section);
/* The word of ours that starts an item; a literal. The item's text is laid out behind it. */
void hp_page_kind(struct hp_page *page, const char *kind);

/* Words of ours, plain printf. */
void hp_page_say(struct hp_page *page, const char *format, ...) HP_PRINTF(2, 3);
/* A stranger's string on one line; with `marks`, mixed scripts and non-ASCII are flagged. */
void hp_page_theirs(struct hp_page *page, const struct hp_value *text, bool marks);
void hp_page_theirs_str(struct hp_page *page, const char *text);
/* Any value, in a form from which it can be read back: JSON, with bare words left bare. */
void hp_page_value(struct hp_page *page, const struct hp_value *value);
/* The red flag, behind a space. */
void hp_page_flag(struct hp_page *page, const char *why);

/* Lays out what was composed; `tail` (ours) goes to the right end of the first line if it fits. */
void hp_page_item(struct hp_page *page, const char *tail);
/* A stranger's prose, framed, line breaks kept; `tail` as above. */
void hp_page_quote(struct hp_page *page, const char *text, size_t len, const char *tail);

/* The same of a value; what is no string is shown as an item. NULL: nothing. */
void hp_page_quote_value(struct hp_page *page, const struct hp_value *text, const char *tail);

/* As hp_page_quote_value(), of the one who wants the yes: what urges the reviewer is flagged. */
void hp_page_plea(struct hp_page *page, const struct hp_value *text, const char *tail);

/* "40 000" */
void hp_page_count(struct hp_page *page, int64_t number);
/* Separator and arrow of this page's character set. */
const char *hp_page_dot(const struct hp_page *page);
const char *hp_page_arrow(const struct hp_page *page);

/* The sections: present_asked.c from the canonical map, present_story.c also from the reply. */
void hp_present_what(struct hp_page *page, const struct hp_value *canonical);
void hp_present_why(struct hp_page *page, const struct hp_value *canonical);
void hp_present_impact(struct hp_page *page, const struct hp_value *canonical);
void hp_present_alternatives(struct hp_page *page, const struct hp_value *canonical);
void hp_present_rollback(struct hp_page *page, const struct hp_value *canonical);
void hp_present_evidence(struct hp_page *page, const struct hp_value *canonical);
void hp_present_by(struct hp_page *page, const struct hp_value *canonical);
void hp_present_rules(struct hp_page *page, const struct hp_value *canonical);
void hp_present_quorum(struct hp_page *page, const struct hp_value *canonical,
                       const struct hp_value *reply, const uint8_t digest[HP_HASH_BYTES]);
void hp_present_notes(struct hp_page *page, const struct hp_value *canonical,
                      const struct hp_value *list);
/* What people found who looked afterwards, among the notes. */
void hp_present_spot_checks(struct hp_page *page, const struct hp_value *list);
void hp_present_history(struct hp_page *page, const struct hp_value *list);
void hp_present_related(struct hp_page *page, const struct hp_value *canonical,
                        const struct hp_present_related *related);
void hp_present_identity(struct hp_page *page, const struct hp_value *canonical,
                         const uint8_t digest[HP_HASH_BYTES]);

#endif
