/* The shape of escaped text: columns, cuts and lines. */
#include <utf8proc.h>

#include "core/text.h"

/* One grapheme: a character with its marks. */
struct grapheme {
	size_t bytes;
	size_t columns;
};

static size_t
columns_of(utf8proc_int32_t point)
{
	/* utf8proc gives spacing marks no column, terminals give them one; too wide is harmless. */
	if (utf8proc_category(point) == UTF8PROC_CATEGORY_MC)
		return 1;
	int width = utf8proc_charwidth(point);
	return width > 0 ? (size_t)width : 0;
}

static struct grapheme
next_grapheme(const char *text, size_t len)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)text;
	struct grapheme found = {0};
	utf8proc_int32_t last = -1, state = 0;
	while (found.bytes < len) {
		if (p[found.bytes] < 0x80 && found.bytes) /* ASCII never joins what is before */
			break;
		if (p[0] < 0x80 && (len == 1 || p[1] < 0x80))
			return (struct grapheme){1, p[0] >= 0x20 && p[0] < 0x7f};
		utf8proc_int32_t point;
		utf8proc_ssize_t step = utf8proc_iterate(
			p + found.bytes, (utf8proc_ssize_t)(len - found.bytes), &point);
		if (step <= 0) { /* not escaped text; still one byte after the other */
			if (!found.bytes)
				found = (struct grapheme){1, 1};
			break;
		}
		if (found.bytes && utf8proc_grapheme_break_stateful(last, point, &state))
			break;
		found.columns += columns_of(point);
		found.bytes += (size_t)step;
		last = point;
	}
	return found;
}

size_t
hp_text_width(const char *text, size_t len)
{
	size_t columns = 0;
	for (size_t at = 0; at < len;) {
		struct grapheme next = next_grapheme(text + at, len - at);
		columns += next.columns;
		at += next.bytes;
	}
	return columns;
}

size_t
hp_text_fit(const char *text, size_t len, size_t columns)
{
	size_t at = 0;
	while (at < len) {
		struct grapheme next = next_grapheme(text + at, len - at);
		if (next.columns > columns)
			break;
		columns -= next.columns;
		at += next.bytes;
	}
	return at;
}

static size_t
skip_spaces(const char *text, size_t len, size_t at)
{
	while (at < len && text[at] == ' ')
		at++;
	return at;
}

/* Where the line after a break at `at` begins: past the spaces, and past a newline behind them. */
static size_t
after_break(const char *text, size_t len, size_t at)
{
	at = skip_spaces(text, len, at);
	return at < len && text[at] == '\n' ? at + 1 : at;
}

/* Lays out the line that begins at `start`; gives back where the next one begins. */
static size_t
next_line(const char *text, size_t len, size_t columns, size_t start, struct hp_text_line *ret_line)
{
	size_t at = start, used = 0;
	size_t gap = start; /* the last space after a word; `start`: none */
	bool word = false;
	while (at < len && text[at] != '\n') {
		struct grapheme next = next_grapheme(text + at, len - at);
		bool space = text[at] == ' ';
		if (space && word)
			gap = at;
		word = !space;
		if (used + next.columns > columns && at > start) {
			size_t end = gap > start ? gap : at;
			*ret_line = (struct hp_text_line){start, end - start};
			return gap > start ? after_break(text, len, end) : at;
		}
		used += next.columns;
		at += next.bytes;
	}
	*ret_line = (struct hp_text_line){start, at - start};
	return at < len ? at + 1 : len;
}

enum hp_status
hp_text_wrap(struct hp_arena *arena, const char *text, size_t len, size_t columns,
             struct hp_text_line **ret_lines, size_t *ret_count)
{
	size_t count = 0, at = 0;
	struct hp_text_line line;
	if (!columns)
		columns = 1;
	do {
		at = next_line(text, len, columns, at, &line);
		count++;
	} while (at < len);
	struct hp_text_line *lines = hp_arena_array(arena, count, sizeof *lines);
	if (!lines)
		return HP_NOMEM;
	at = 0;
	for (size_t i = 0; i < count; i++)
		at = next_line(text, len, columns, at, &lines[i]);
	*ret_lines = lines;
	*ret_count = count;
	return HP_OK;
}
