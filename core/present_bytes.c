/* The bytes that were hashed, for who wants to see them. */
#include <stdio.h>
#include <string.h>

#include "core/present.h"

enum { PER_LINE = 16, OFFSET = 10, TEXT_AT = OFFSET + 3 * PER_LINE + 1, LINE_BYTES = TEXT_AT + 17 };

static const char *
dump_line(struct hp_arena *arena, const uint8_t *bytes, size_t len, size_t at)
{
	char *line = hp_arena_alloc(arena, LINE_BYTES);

	if (!line)
		return NULL;
	memset(line, ' ', LINE_BYTES);
	snprintf(line, LINE_BYTES, "%08zx", at);
	line[8] = ' ';
	for (size_t i = 0; i < PER_LINE && at + i < len; i++) {
		static const char digits[] = "0123456789abcdef";
		uint8_t byte = bytes[at + i];
		line[OFFSET + 3 * i] = digits[byte >> 4];
		line[OFFSET + 3 * i + 1] = digits[byte & 15];
		line[TEXT_AT + i] = byte >= ' ' && byte <= '~' ? (char)byte : '.';
		line[TEXT_AT + i + 1] = '\0';
	}
	return line;
}

enum hp_status
hp_present_bytes(struct hp_arena *arena, const void *bytes, size_t len,
                 const struct hp_present_options *options, struct hp_present *ret_present)
{
	size_t count = 1 + (len + PER_LINE - 1) / PER_LINE;
	struct hp_present_line *lines = hp_arena_array(arena, count, sizeof *lines);
	const char *head = hp_arena_printf(
		arena, "%zu canonical bytes: what the digest and every vote cover", len);

	if (!lines || !head)
		return HP_NOMEM;
	for (size_t i = 0; i < count; i++) {
		const char *text =
			i ? dump_line(arena, bytes, len, (i - 1) * PER_LINE) : head;
		if (!text)
			return HP_NOMEM;
		lines[i] = (struct hp_present_line){
			.section = HP_SECTION_DIGEST, .text = text, .len = strlen(text)};
		/* Narrow terminals get the hexadecimal part whole; the text beside it is cut. */
		if (i && lines[i].len > options->columns)
			lines[i].len = TEXT_AT - 2;
	}
	*ret_present = (struct hp_present){.lines = lines, .count = count};
	ret_present->last[HP_SECTION_DIGEST] = count - 1;
	return HP_OK;
}
