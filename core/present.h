/*
 * present - one request as a person reads it before deciding: sections of labelled lines.
 *
 * Purpose: console and command line show the same words in the same order, made from the canonical
 * bytes and nothing else that the vote would not cover, followed by what the broker adds (votes,
 * notes, history).
 *
 * Invariants:
 *  1. Every string of a stranger goes through the escape function; what it gives is wrapped, never
 *     cut. WHAT and ROLLBACK hold every field of the action and of the rollback.
 *  2. A line of a stranger's prose starts with the frame `│ ` (`| ` in ASCII), so that a line break
 *     in it cannot pass for a section of ours. In WHAT a value's further lines are indented by two,
 *     and only by two: an item's first line starts with a word of ours.
 *  3. Text in the action that mixes scripts, or holds anything but ASCII, is marked.
 * Source: console.md (3, 5) and its layout. Threads: as the arena.
 */
#ifndef HP_CORE_PRESENT_H
#define HP_CORE_PRESENT_H

#include "core/crypto.h"
#include "core/text.h"

enum hp_section {
	HP_SECTION_WHAT,
	HP_SECTION_WHY,
	HP_SECTION_IMPACT,
	HP_SECTION_ALTERNATIVES,
	HP_SECTION_ROLLBACK,
	HP_SECTION_EVIDENCE,
	HP_SECTION_BY,
	HP_SECTION_RULES,
	HP_SECTION_QUORUM,
	HP_SECTION_NOTES,
	HP_SECTION_HISTORY,
	HP_SECTION_AGENT,
	HP_SECTION_RESOURCE,
	HP_SECTION_SESSION,
	HP_SECTION_DIGEST,
	HP_SECTION_COUNT,
};

enum hp_present_line_flags {
	HP_LINE_QUOTED = 1 << 0,  /* a stranger's prose, framed */
	HP_LINE_FLAGGED = 1 << 1, /* carries a red flag, shown as a character of its text too */
	HP_LINE_FIRST = 1 << 2,   /* the first line of its section: draw the label before it */
};

struct hp_present_line {
	enum hp_section section;
	unsigned flags;
	const char *text; /* escaped, at most `columns` less HP_PRESENT_LABEL wide */
	size_t len;
};

struct hp_present {
	const struct hp_present_line *lines;
	size_t count;
	size_t last[HP_SECTION_COUNT]; /* index of a section's last line */
};

enum { HP_PRESENT_LABEL = 10, HP_PRESENT_COLUMNS_MIN = 40 }; /* terminal columns */

/* Makes a stranger's text safe for one kind of terminal; flags as of hp_text_escape(). */
typedef void hp_present_escape(struct hp_buf *buf, const char *text, size_t len, unsigned flags);

/* Lists of summaries that the broker gave, newest first; NULL: none. */
struct hp_present_related {
	const struct hp_value *agent;    /* this agent's requests */
	const struct hp_value *denied;   /* those of them that were denied */
	const struct hp_value *resource; /* requests about the first resource, whoever asked */
	const struct hp_value *session;  /* this agent's, of the same session */
};

/* The newest of `denied` that this request is nearly a copy of: operation, first resource and
 * summary are alike. NULL: none, or no memory. */
const struct hp_value *hp_present_original(const struct hp_value *canonical,
                                           const struct hp_value *denied);

struct hp_present_options {
	size_t columns; /* of a whole line, label included; at least HP_PRESENT_COLUMNS_MIN */
	bool ascii;     /* 7-bit frames and marks, and strangers' text as `<U+…>` */
	hp_present_escape *escape; /* NULL: hp_text_escape */
	const struct hp_present_related *related; /* NULL: not shown */
};

/*
 * Lays out `canonical` (as hp_request_open_canonical gives it) and what `reply`, the broker's
 * `request` message, adds; `reply` may be NULL. Lives in `arena`. HP_NOMEM.
 */
HP_MUST_CHECK enum hp_status
hp_present_request(struct hp_arena *arena, const struct hp_value *canonical,
                   const struct hp_value *reply, const uint8_t digest[HP_HASH_BYTES],
                   const struct hp_present_options *options, struct hp_present *ret_present);

/*
 * The canonical bytes themselves: how many, then sixteen a line in hexadecimal, the printable ASCII
 * of them beside it. No sections: every line is HP_SECTION_DIGEST's. HP_NOMEM.
 */
HP_MUST_CHECK enum hp_status hp_present_bytes(struct hp_arena *arena, const void *bytes, size_t len,
                                              const struct hp_present_options *options,
                                              struct hp_present *ret_present);

/* "WHAT", "WHY" …: at most HP_PRESENT_LABEL - 1 columns. */
const char *hp_present_label(enum hp_section section);

/* What a person types to approve. */
struct hp_confirmation {
	char text[24];
	const char *what; /* "the resource's name", "this code", "yes": for the question */
};

/*
 * Gated: the last part of the first resource's name (behind the last `/` or `:`), or of the
 * operation when there is no resource. Where that is over 20 characters, empty, or holds anything
 * but visible ASCII: a 4-character code made from the digest. Other tiers: "yes".
 */
void hp_present_confirmation(const struct hp_value *canonical, const uint8_t digest[HP_HASH_BYTES],
                             struct hp_confirmation *ret_confirmation);

#endif
