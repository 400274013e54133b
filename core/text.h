/*
 * text - strangers' text, made safe to look at and fair to compare.
 *
 * Invariants:
 *  1. hp_text_escape() is the only way agent text reaches a terminal, a log line or a plain export.
 *     Its output holds no C0/C1 control, no bidi control, no zero-width, tag, variation selector,
 *     BOM, unassigned, private-use, surrogate or noncharacter code point: each is shown as
 *     `<U+202E>`; invalid UTF-8 bytes as `<0xFF>`. Escaped, never stripped (trust.md, trap 8).
 *  2. hp_text_fold() is for matching only, never shown.
 *  3. Widths are terminal columns by utf8proc; runs of combining marks beyond 4 are escaped, and so
 *     is a mark with nothing of the same text before it.
 * A literal `<U+202E>` in the text is left alone: escaping twice changes nothing.
 * Source: Unicode UAX #15 (NFKC), UTS #39 (confusables of ASCII letters), UAX #11 (width).
 */
#ifndef HP_CORE_TEXT_H
#define HP_CORE_TEXT_H

#include "core/buf.h"
#include "core/value.h"

enum hp_text_flags {
	HP_TEXT_NEWLINES = 1 << 0, /* keep \n (the caller lays out lines); otherwise <U+000A> */
	HP_TEXT_ASCII = 1 << 1,	   /* every non-ASCII character as <U+…> */
	HP_TEXT_MARK = 1 << 2,	   /* mixed-script words as «…»<mixed>; with ASCII …<mixed> */
};

bool hp_text_is_utf8(const char *text, size_t len);

/* Appends the visible form of `len` bytes to `buf`. */
void hp_text_escape(struct hp_buf *buf, const char *text, size_t len, unsigned flags);

/* As above for a C string into an arena; NULL gives "". Never NULL unless the arena failed. */
const char *hp_text_safe(struct hp_arena *arena, const char *text, unsigned flags);

/* As hp_text_safe for `len` bytes, which may hold NULs. */
const char *hp_text_safen(struct hp_arena *arena, const char *text, size_t len, unsigned flags);

/* Columns of already escaped UTF-8 text. */
size_t hp_text_width(const char *text, size_t len);

/* Bytes of the longest prefix of escaped text that fits `columns`, never splitting a grapheme. */
size_t hp_text_fit(const char *text, size_t len, size_t columns);

/* One laid-out line of escaped text: bytes [start, start + len). */
struct hp_text_line {
	size_t start, len;
};

/*
 * Breaks escaped text (with HP_TEXT_NEWLINES) into lines of at most `columns` (≥ 1), at spaces
 * where there are some (the spaces at a break are in no line), hard otherwise. A final newline ends
 * the last line. An array in `arena`; at least one line.
 */
HP_MUST_CHECK enum hp_status hp_text_wrap(struct hp_arena *arena, const char *text, size_t len,
					  size_t columns, struct hp_text_line **ret_lines,
					  size_t *ret_count);

/*
 * The form that patterns match (policy.md, Evaluation 2): NFKC, confusables of ASCII letters,
 * digits and delimiters mapped to ASCII; marks, zero-width and other ignorables, private-use and
 * unassigned characters dropped; lower-cased when `lower` (a case change is a word boundary for
 * destructive patterns, so they want it kept). Appends to buf.
 */
void hp_text_fold(struct hp_buf *buf, const char *text, size_t len, bool lower);

/* Whether a word of the text mixes scripts (Latin with Cyrillic …), or holds any non-ASCII. */
bool hp_text_mixed_script(const char *text, size_t len);
bool hp_text_has_non_ascii(const char *text, size_t len);

#endif
