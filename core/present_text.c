#include "core/present_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/units.h"
#include "core/urging.h"

#define INDENT "  " /* of an item's further lines */

void
hp_page_section(struct hp_page *page, enum hp_section section)
{
	page->section = section;
	page->first = true;
	page->kind = "";
	page->flags = 0;
	hp_buf_reset(&page->line);
}

void
hp_page_kind(struct hp_page *page, const char *kind)
{
	page->kind = kind;
}

const char *
hp_page_dot(const struct hp_page *page)
{
	return page->ascii ? "-" : "·";
}

const char *
hp_page_arrow(const struct hp_page *page)
{
	return page->ascii ? "->" : "→";
}

static const char *
frame(const struct hp_page *page)
{
	return page->ascii ? "| " : "│ ";
}

void
hp_page_say(struct hp_page *page, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	hp_buf_add_text(&page->line, text);
}

void
hp_page_flag(struct hp_page *page, const char *why)
{
	hp_page_say(page, " %s%s%s", page->ascii ? "!" : "⚑", why ? " " : "", why ? why : "");
	page->flags |= HP_LINE_FLAGGED;
}

static unsigned
escape_flags(const struct hp_page *page, bool marks)
{
	return (page->ascii ? HP_TEXT_ASCII : 0) | (marks ? HP_TEXT_MARK : 0);
}

static void
theirs(struct hp_page *page, const char *text, size_t len, bool marks)
{
	page->escape(&page->line, text, len, escape_flags(page, marks));
	if (marks && hp_text_mixed_script(text, len))
		hp_page_flag(page, "mixed scripts");
	else if (marks && hp_text_has_non_ascii(text, len))
		hp_page_flag(page, "not ASCII");
}

void
hp_page_theirs(struct hp_page *page, const struct hp_value *text, bool marks)
{
	if (text && text->type == HP_STR)
		theirs(page, text->str.p, text->str.len, marks);
	else if (text)
		hp_page_value(page, text);
}

void
hp_page_theirs_str(struct hp_page *page, const char *text)
{
	theirs(page, text, strlen(text), false);
}

/* Characters of a string that needs no quotes: none that a shell or JSON gives a meaning. */
static bool
is_bare(const struct hp_str *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_./:=@%+,";
	if (text->len == 0)
		return false;
	for (size_t i = 0; i < text->len; i++) {
		if (!text->p[i] || !strchr(allowed, text->p[i]))
			return false;
	}
	return true;
}

static void
add_string(struct hp_page *page, const struct hp_str *text)
{
	struct hp_buf quoted = {0};

	if (is_bare(text)) {
		theirs(page, text->p, text->len, true);
		return;
	}
	hp_buf_add_byte(&quoted, '"');
	for (size_t i = 0; i < text->len; i++) {
		if (text->p[i] == '"' || text->p[i] == '\\')
			hp_buf_add_byte(&quoted, '\\');
		hp_buf_add_byte(&quoted, (uint8_t)text->p[i]);
	}
	hp_buf_add_byte(&quoted, '"');
	page->failed |= quoted.failed;
	if (!quoted.failed)
		theirs(page, (const char *)quoted.data, quoted.len, true);
	hp_buf_release(&quoted);
}

static void
add_map(struct hp_page *page, const struct hp_value *map)
{
	hp_page_say(page, "{");
	for (size_t i = 0; i < map->map.count; i++) {
		if (i > 0)
			hp_page_say(page, ", ");
		add_string(page, &map->map.pairs[i].key);
		hp_page_say(page, ": ");
		hp_page_value(page, map->map.pairs[i].value);
	}
	hp_page_say(page, "}");
}

/* Depth is bounded by the decoder (HP_LIMIT_DEPTH). */
void
hp_page_value(struct hp_page *page, const struct hp_value *value)
{
	switch (value ? value->type : HP_NIL) {
	case HP_NIL:
		hp_page_say(page, "null");
		break;
	case HP_BOOL:
		hp_page_say(page, value->boolean ? "true" : "false");
		break;
	case HP_INT:
		hp_page_say(page, "%" PRId64, value->integer);
		break;
	case HP_UINT:
		hp_page_say(page, "%" PRIu64, value->natural);
		break;
	case HP_FLOAT:
		hp_units_add_real(&page->line, value->real);
		break;
	case HP_STR:
		add_string(page, &value->str);
		break;
	case HP_BIN:
		hp_page_say(page, "%zu bytes ", value->str.len);
		hp_buf_add_hex(&page->line, value->str.p, value->str.len);
		break;
	case HP_ARRAY:
		hp_page_say(page, "[");
		for (size_t i = 0; i < value->array.count; i++) {
			if (i > 0)
				hp_page_say(page, ", ");
			hp_page_value(page, value->array.items[i]);
		}
		hp_page_say(page, "]");
		break;
	case HP_MAP:
		add_map(page, value);
		break;
	}
}

void
hp_page_count(struct hp_page *page, int64_t number)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" PRId64, number);

	for (int i = 0; i < len; i++) {
		if (i > 0 && digits[i - 1] != '-' && (len - i) % 3 == 0)
			hp_buf_add_byte(&page->line, ' ');
		hp_buf_add_byte(&page->line, (uint8_t)digits[i]);
	}
}

static bool
grow(struct hp_page *page)
{
	size_t capacity = page->capacity ? page->capacity * 2 : 64;
	struct hp_present_line *lines = hp_arena_array(page->arena, capacity, sizeof *lines);

	if (!lines) {
		page->failed = true;
		return false;
	}
	if (page->count)
		memcpy(lines, page->lines, page->count * sizeof *lines);
	page->lines = lines;
	page->capacity = capacity;
	return true;
}

static void
emit(struct hp_page *page, const struct hp_buf *text, unsigned flags)
{
	if (text->failed || (page->count == page->capacity && !grow(page))) {
		page->failed = true;
		return;
	}
	page->lines[page->count++] = (struct hp_present_line){
		.section = page->section,
		.flags = flags | (page->first ? HP_LINE_FIRST : 0),
		.text = hp_arena_copy(page->arena, hp_buf_text(text), text->len),
		.len = text->len,
	};
	page->first = false;
}

/* How a paragraph is laid out: what stands before each line, and the tail of the first. */
struct shape {
	const char *head, *rest; /* before the first line, before the others */
	const char *tail;
	unsigned flags;
};

static void
add_line(struct hp_page *page, const struct shape *shape, const char *prefix, const char *text,
         size_t len, const char *tail)
{
	struct hp_buf out = {0};

	hp_buf_add_text(&out, prefix);
	hp_buf_add(&out, text, len);
	if (tail) {
		size_t used = hp_text_width(hp_buf_text(&out), out.len);
		size_t width = hp_text_width(tail, strlen(tail));
		for (; used + width < page->columns; used++)
			hp_buf_add_byte(&out, ' ');
		hp_buf_add_text(&out, tail);
	}
	emit(page, &out, shape->flags);
	hp_buf_release(&out);
}

/* Where a name may be broken so that its parts stay whole. */
static size_t
prefer_joint(const char *text, size_t len)
{
	for (size_t end = len; end > len / 2; end--) {
		if (strchr("/:,;=&?", text[end - 1]))
			return end;
	}
	return len;
}

/* The first line of escaped text: its bytes, and where the next line starts. */
static bool
first_line(struct hp_page *page, const char *text, size_t len, size_t columns, size_t *ret_len,
           size_t *ret_next)
{
	/* A column takes a character of 4 bytes and 4 marks of at most 4 (text.h 3): enough to
	 * see one line and the beginning of another, so that long text is not laid out n times. */
	size_t slice = len < columns * 40 ? len : columns * 40, count;
	struct hp_text_line *lines;

	while (slice < len && ((unsigned char)text[slice] & 0xC0) == 0x80)
		slice++;
	if (hp_text_wrap(page->arena, text, slice, columns, &lines, &count) != HP_OK)
		return false;
	*ret_len = lines[0].len;
	*ret_next = count > 1 ? lines[1].start : slice;
	/* Broken inside a word: nothing was dropped between the lines. */
	if (count > 1 && lines[1].start == lines[0].start + lines[0].len) {
		*ret_len = prefer_joint(text + lines[0].start, lines[0].len);
		*ret_next = lines[0].start + *ret_len;
	}
	return true;
}

/* Lays out escaped text: the first line narrower where a tail stands, the others indented. */
static void
lay_out(struct hp_page *page, const struct shape *shape, const char *text, size_t len)
{
	size_t head = hp_text_width(shape->head, strlen(shape->head));
	size_t rest = hp_text_width(shape->rest, strlen(shape->rest));
	size_t tail = shape->tail ? hp_text_width(shape->tail, strlen(shape->tail)) + 2 : 0;
	size_t used, next, room = page->columns - head;
	bool first = true;

	room = tail < room ? room - tail : 1;
	do {
		if (!first_line(page, text, len, room, &used, &next)) {
			page->failed = true;
			return;
		}
		add_line(page, shape, first ? shape->head : shape->rest, text, used,
		         first ? shape->tail : NULL);
		/* A closing line break starts no line of its own. */
		text += next;
		len -= next;
		room = page->columns - rest;
		first = false;
	} while (len > 0 && !page->failed);
}

void
hp_page_item(struct hp_page *page, const char *tail)
{
	char head[32];
	struct shape shape = {.head = head, .rest = INDENT, .tail = tail, .flags = page->flags};

	snprintf(head, sizeof head, "%s%s", page->kind, *page->kind ? " " : "");
	if (page->line.failed)
		page->failed = true;
	else
		lay_out(page, &shape, hp_buf_text(&page->line), page->line.len);
	hp_buf_reset(&page->line);
	page->kind = "";
	page->flags = 0;
}

void
hp_page_quote(struct hp_page *page, const char *text, size_t len, const char *tail)
{
	struct shape shape = {
		.head = frame(page), .rest = frame(page), .tail = tail, .flags = HP_LINE_QUOTED};
	struct hp_buf safe = {0};

	while (len && text[len - 1] == '\n')
		len--;
	page->escape(&safe, text, len, escape_flags(page, true) | HP_TEXT_NEWLINES);
	if (safe.failed)
		page->failed = true;
	else
		lay_out(page, &shape, hp_buf_text(&safe), safe.len);
	hp_buf_release(&safe);
}

void
hp_page_quote_value(struct hp_page *page, const struct hp_value *text, const char *tail)
{
	if (text && text->type == HP_STR) {
		hp_page_quote(page, text->str.p, text->str.len, tail);
	} else if (text) {
		hp_page_value(page, text);
		hp_page_item(page, tail);
	}
}

void
hp_page_plea(struct hp_page *page, const struct hp_value *text, const char *tail)
{
	const char *urge = NULL;

	hp_page_quote_value(page, text, tail);
	if (text && text->type == HP_STR)
		urge = hp_urging_find(text->str.p, text->str.len);
	if (!urge)
		return;
	hp_page_say(page, "these words urge you to decide (\"%s\")", urge);
	hp_page_flag(page, NULL);
	hp_page_item(page, NULL);
}
