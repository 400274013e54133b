#include "tui/safe.h"

#include <string.h>
#include <wchar.h>

/* One code point of valid UTF-8; `ret_len` is at least 1. */
static uint32_t
decode(const unsigned char *text, size_t left, size_t *ret_len)
{
	size_t len = text[0] < 0x80 ? 1 : text[0] < 0xE0 ? 2 : text[0] < 0xF0 ? 3 : 4;
	uint32_t point = len == 1 ? text[0] : text[0] & (0x7Fu >> len);

	if (len > left)
		len = left;
	for (size_t i = 1; i < len; i++)
		point = point << 6 | (text[i] & 0x3F);
	*ret_len = len;
	return point;
}

void
hp_tui_escape(struct hp_buf *buf, const char *text, size_t len, unsigned flags)
{
	struct hp_buf safe = {0};
	size_t step;

	hp_text_escape(&safe, text, len, flags);
	if (safe.failed)
		buf->failed = true;
	for (size_t i = 0; !safe.failed && i < safe.len; i += step) {
		uint32_t point = decode(safe.data + i, safe.len - i, &step);
		const char *bytes = (const char *)safe.data + i;
		if (point < 0x80 || wcwidth((wchar_t)point) == (int)hp_text_width(bytes, step))
			hp_buf_add(buf, bytes, step);
		else
			hp_buf_printf(buf, "<U+%04X>", (unsigned)point);
	}
	hp_buf_release(&safe);
}
