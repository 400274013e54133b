/* The matching side of text.h: what looks the same becomes the same. */
#include <utf8proc.h>

#include "core/confusables.h"
#include "core/text.h"

#define EXPANSION_MAX 32 /* code points of one decomposition; Unicode's longest is 18 */

/* ASCII, by far the most of what arrives, needs no tables. */
static size_t
ascii_run(const char *text, size_t len)
{
	size_t run = 0;
	while (run < len && (unsigned char)text[run] < 0x80)
		run++;
	return run;
}

static void
add_ascii(struct hp_buf *buf, const char *text, size_t len, bool lower)
{
	size_t start = buf->len;
	hp_buf_add(buf, text, len);
	if (buf->failed || !lower)
		return;
	for (size_t at = start; at < buf->len; at++)
		if (buf->data[at] >= 'A' && buf->data[at] <= 'Z')
			buf->data[at] |= 0x20;
}

static void
add_folded(struct hp_buf *buf, utf8proc_int32_t point, bool lower)
{
	utf8proc_uint8_t bytes[4];
	point = hp_confusable_map(point);
	if (lower) /* a small letter may have a look-alike that its capital has not */
		point = utf8proc_tolower(hp_confusable_map(utf8proc_tolower(point)));
	hp_buf_add(buf, bytes, (size_t)utf8proc_encode_char(point, bytes));
}

/* Controls stay: unlike these they part words, as in `prod\bx`. */
static bool
is_dropped(utf8proc_int32_t point)
{
	switch (utf8proc_category(point)) {
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CS:
		return true;
	default:
		return false;
	}
}

/* Marks go too: `délete` is no better than `dеlete`. Hangul syllables stay composed (NFKC). */
static void
fold_point(struct hp_buf *buf, utf8proc_int32_t point, bool lower)
{
	utf8proc_int32_t parts[EXPANSION_MAX];
	if (is_dropped(point))
		return;
	if ((point >= 0xac00 && point <= 0xd7a3) || hp_confusable_map(point) != point) {
		add_folded(buf, point, lower);
		return;
	}
	utf8proc_ssize_t count = utf8proc_decompose_char(
		point, parts, EXPANSION_MAX,
		UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_IGNORE | UTF8PROC_STRIPMARK, NULL);
	if (count < 0 || count > EXPANSION_MAX) {
		add_folded(buf, point, lower);
		return;
	}
	for (utf8proc_ssize_t i = 0; i < count; i++)
		add_folded(buf, parts[i], lower);
}

void
hp_text_fold(struct hp_buf *buf, const char *text, size_t len, bool lower)
{
	for (size_t at = 0; at < len;) {
		size_t run = ascii_run(text + at, len - at);
		if (run) {
			add_ascii(buf, text + at, run, lower);
			at += run;
			continue;
		}
		utf8proc_int32_t point;
		utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
		                                         (utf8proc_ssize_t)(len - at), &point);
		if (step > 0)
			fold_point(buf, point, lower);
		else
			hp_buf_add_text(buf, "\xef\xbf\xbd"); /* U+FFFD: a byte of no character */
		at += step > 0 ? (size_t)step : 1;
	}
}
