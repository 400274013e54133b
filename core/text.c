#include "core/text.h"

#include <string.h>
#include <utf8proc.h>

#include "core/scripts.h"

#define MARKS_MAX 4 /* combining marks on one character; more is a flood */

/* What is written so far: whether a mark would land on a character of the text. */
struct escaper {
	struct hp_buf *buf;
	unsigned flags;
	bool has_base;
	unsigned marks;
};

bool
hp_text_is_utf8(const char *text, size_t len)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)text;
	for (size_t at = 0; at < len;) {
		if (len - at >= 4) { /* most text is ASCII, and short */
			size_t step = len - at >= 8 ? 8 : 4;
			uint32_t four[2];
			memcpy(four, p + at, 4);
			memcpy(four + 1, p + at + step - 4, 4);
			if (!((four[0] | four[1]) & 0x80808080u)) {
				at += step;
				continue;
			}
		}
		if (p[at] < 0x80) {
			at++;
			continue;
		}
		utf8proc_int32_t point;
		utf8proc_ssize_t step =
			utf8proc_iterate(p + at, (utf8proc_ssize_t)(len - at), &point);
		if (step <= 0)
			return false;
		at += (size_t)step;
	}
	return true;
}

/* The next code point and its length; an invalid byte is -1 and 1. */
static size_t
decode(const char *text, size_t len, utf8proc_int32_t *ret_point)
{
	utf8proc_ssize_t step =
		utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)len, ret_point);
	if (step > 0)
		return (size_t)step;
	*ret_point = -1;
	return 1;
}

/* What a terminal would not show, would obey, or would show as a gap of its own choosing. */
static bool
is_hidden(const utf8proc_property_t *property, utf8proc_int32_t point)
{
	switch (property->category) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return true;
	case UTF8PROC_CATEGORY_ZS: /* the common three: space, no-break space, ideographic */
		return point != 0x20 && point != 0xa0 && point != 0x3000;
	default: /* variation selectors, fillers, joiners of other categories; the blank Braille */
		return property->ignorable || point == 0x2800;
	}
}

static bool
is_mark(const utf8proc_property_t *property)
{
	return property->category == UTF8PROC_CATEGORY_MN ||
	       property->category == UTF8PROC_CATEGORY_MC ||
	       property->category == UTF8PROC_CATEGORY_ME;
}

/* A mark after our own characters would change how they look. */
static void
end_base(struct escaper *escaper)
{
	escaper->has_base = false;
	escaper->marks = 0;
}

static void
add_point(struct escaper *escaper, const char *bytes, size_t len, utf8proc_int32_t point)
{
	const utf8proc_property_t *property = utf8proc_get_property(point);
	bool mark = is_mark(property);
	bool escaped = is_hidden(property, point) ||
	               (mark && (!escaper->has_base || escaper->marks == MARKS_MAX)) ||
	               ((escaper->flags & HP_TEXT_ASCII) && point >= 0x80);
	if (escaped) {
		/* A flood stays one: what follows has no base either. */
		hp_buf_printf(escaper->buf, "<U+%04X>", (unsigned)point);
		end_base(escaper);
		return;
	}
	hp_buf_add(escaper->buf, bytes, len);
	escaper->marks = mark ? escaper->marks + 1 : 0;
	escaper->has_base = true;
}

static size_t
printable_run(const char *text, size_t len)
{
	size_t run = 0;
	while (run < len && text[run] >= 0x20 && text[run] < 0x7f)
		run++;
	return run;
}

static void
escape_span(struct escaper *escaper, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t run = printable_run(text + at, len - at);
		if (run) {
			hp_buf_add(escaper->buf, text + at, run);
			escaper->has_base = true;
			escaper->marks = 0;
			at += run;
			continue;
		}
		if (text[at] == '\n' && (escaper->flags & HP_TEXT_NEWLINES)) {
			hp_buf_add_byte(escaper->buf, '\n');
			end_base(escaper);
			at++;
			continue;
		}
		utf8proc_int32_t point;
		size_t step = decode(text + at, len - at, &point);
		if (point < 0) {
			hp_buf_printf(escaper->buf, "<0x%02X>", (unsigned char)text[at]);
			end_base(escaper);
		} else {
			add_point(escaper, text + at, step, point);
		}
		at += step;
	}
}

static void
escape_marked(struct escaper *escaper, const char *text, size_t len)
{
	bool quotes = !(escaper->flags & HP_TEXT_ASCII);
	for (size_t at = 0; at < len;) {
		bool mixed;
		size_t step = hp_script_word(text + at, len - at, &mixed);
		if (!mixed) {
			escape_span(escaper, text + at, step);
		} else {
			if (quotes)
				hp_buf_add_text(escaper->buf, "«");
			end_base(escaper);
			escape_span(escaper, text + at, step);
			hp_buf_add_text(escaper->buf, quotes ? "»<mixed>" : "<mixed>");
			end_base(escaper);
		}
		at += step;
	}
}

void
hp_text_escape(struct hp_buf *buf, const char *text, size_t len, unsigned flags)
{
	struct escaper escaper = {.buf = buf, .flags = flags};
	if (flags & HP_TEXT_MARK)
		escape_marked(&escaper, text, len);
	else
		escape_span(&escaper, text, len);
}

const char *
hp_text_safen(struct hp_arena *arena, const char *text, size_t len, unsigned flags)
{
	if (printable_run(text, len) == len)
		return hp_arena_copy(arena, text, len);
	struct hp_buf buf = {0};
	hp_text_escape(&buf, text, len, flags);
	const char *safe = NULL;
	if (buf.failed)
		arena->failed = true;
	else
		safe = hp_arena_copy(arena, hp_buf_text(&buf), buf.len);
	hp_buf_release(&buf);
	return safe;
}

const char *
hp_text_safe(struct hp_arena *arena, const char *text, unsigned flags)
{
	return text ? hp_text_safen(arena, text, strlen(text), flags) : "";
}

bool
hp_text_mixed_script(const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		bool mixed;
		at += hp_script_word(text + at, len - at, &mixed);
		if (mixed)
			return true;
	}
	return false;
}

bool
hp_text_has_non_ascii(const char *text, size_t len)
{
	for (size_t at = 0; at < len; at++)
		if ((unsigned char)text[at] >= 0x80)
			return true;
	return false;
}
