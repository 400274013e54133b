/* text: any bytes in; what comes out is visible, fits, hides nothing and folds to a fixed point. */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <utf8proc.h>

#include "core/text.h"

static void
check_visible(const struct hp_buf *out, unsigned flags)
{
	const utf8proc_uint8_t *p = out->data;
	size_t marks = 0;
	for (size_t at = 0; at < out->len;) {
		utf8proc_int32_t point;
		utf8proc_ssize_t step =
			utf8proc_iterate(p + at, (utf8proc_ssize_t)(out->len - at), &point);
		FUZZ_CHECK(step > 0);
		at += (size_t)step;
		if (point == '\n' && (flags & HP_TEXT_NEWLINES))
			continue;
		const char *category = utf8proc_category_string(point);
		FUZZ_CHECK(category[0] != 'C');
		FUZZ_CHECK(strcmp(category, "Zl") && strcmp(category, "Zp"));
		FUZZ_CHECK(!utf8proc_get_property(point)->ignorable);
		FUZZ_CHECK(point < 0x80 || !(flags & HP_TEXT_ASCII));
		marks = category[0] == 'M' ? marks + 1 : 0;
		FUZZ_CHECK(marks <= 4);
	}
}

static void
check_layout(const char *text, size_t len, size_t columns)
{
	struct hp_arena arena = {0};
	struct hp_text_line *lines;
	size_t count, at = 0;
	size_t fit = hp_text_fit(text, len, columns);
	FUZZ_CHECK(fit <= len && hp_text_width(text, fit) <= columns);
	FUZZ_CHECK(hp_text_is_utf8(text, fit));
	if (hp_text_wrap(&arena, text, len, columns, &lines, &count) != HP_OK)
		abort();
	FUZZ_CHECK(count >= 1);
	for (size_t i = 0; i < count; i++) {
		FUZZ_CHECK(lines[i].start >= at && lines[i].start + lines[i].len <= len);
		for (; at < lines[i].start; at++)
			FUZZ_CHECK(text[at] == ' ' || text[at] == '\n');
		FUZZ_CHECK(!memchr(text + at, '\n', lines[i].len));
		FUZZ_CHECK(columns < 2 || hp_text_width(text + at, lines[i].len) <= columns);
		at += lines[i].len;
	}
	for (; at < len; at++)
		FUZZ_CHECK(text[at] == ' ' || text[at] == '\n');
	hp_arena_release(&arena);
}

static void
check_fold(const char *text, size_t len)
{
	struct hp_buf once = {0}, twice = {0}, kept = {0};
	hp_text_fold(&once, text, len, true);
	hp_text_fold(&twice, (const char *)once.data, once.len, true);
	FUZZ_CHECK(hp_text_is_utf8(hp_buf_text(&once), once.len));
	FUZZ_CHECK(once.len == twice.len);
	FUZZ_CHECK(!once.len || !memcmp(once.data, twice.data, once.len));
	hp_text_fold(&kept, text, len, false);
	hp_buf_reset(&twice);
	hp_text_fold(&twice, (const char *)kept.data, kept.len, true);
	FUZZ_CHECK(once.len == twice.len);
	FUZZ_CHECK(!once.len || !memcmp(once.data, twice.data, once.len));
	for (size_t i = 0; i < once.len; i++)
		FUZZ_CHECK(once.data[i] < 'A' || once.data[i] > 'Z');
	hp_buf_release(&once);
	hp_buf_release(&twice);
	hp_buf_release(&kept);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_buf out = {0}, again = {0};
	if (!size)
		return 0;
	unsigned flags = data[0] & 7;
	size_t columns = data[0] >> 3;
	char *text = malloc(size); /* exact, so that a byte too far is seen */
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	hp_text_escape(&out, text, size - 1, flags);
	check_visible(&out, flags);
	check_layout(hp_buf_text(&out), out.len, columns);
	if (!(flags & HP_TEXT_MARK)) {
		hp_text_escape(&again, hp_buf_text(&out), out.len, flags);
		FUZZ_CHECK(again.len == out.len);
		FUZZ_CHECK(!out.len || !memcmp(again.data, out.data, out.len));
	}
	check_fold(text, size - 1);
	(void)hp_text_mixed_script(text, size - 1);
	free(text);
	hp_buf_release(&out);
	hp_buf_release(&again);
	return 0;
}
