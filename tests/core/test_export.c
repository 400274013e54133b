/* Lines of an export: out and in, and what is refused. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/checkpoint.h"
#include "core/export.h"
#include "core/limits.h"

static struct hp_arena arena;

static void
close_arena(void)
{
	hp_arena_release(&arena);
}

TestSuite(export, .fini = close_arena);

static const struct hp_export_line *
a_line(bool erased)
{
	static const uint8_t boot_id[16] = {1};
	static struct hp_buf leaf;
	static struct hp_export_line line;
	const struct hp_leaf fields = {
		.seq = 7, .wall_ms = 1767225600000, .boot_id = boot_id, .boottime_ms = 5,
		.event = "note", .actor = "ana", .request = "r\xc3\xa9",
	};
	hp_buf_release(&leaf);
	cr_assert_eq(hp_leaf_encode(&fields, &leaf), HP_OK);
	line = (struct hp_export_line){
		.seq = 7,
		.leaf = {(const char *)leaf.data, leaf.len},
		.body = {erased ? NULL : "\x80", erased ? 0 : 1},
		.salt = {erased ? NULL : "salt", erased ? 0 : 4},
	};
	return &line;
}

static char *
text_of(const struct hp_export_line *line)
{
	struct hp_buf buf = {0};
	cr_assert_eq(hp_export_add_leaf(&buf, &arena, line), HP_OK);
	cr_assert_eq(buf.data[buf.len - 1], '\n');
	char *text = hp_arena_copy(&arena, buf.data, buf.len - 1);
	hp_buf_release(&buf);
	return text;
}

Test(export, a_line_comes_back_as_it_went_out)
{
	for (int erased = 0; erased < 2; erased++) {
		const struct hp_export_line *line = a_line(erased);
		struct hp_export_line back;
		const char *text = text_of(line);
		cr_assert_eq(hp_export_parse(&arena, text, strlen(text), &back, NULL), HP_OK);
		cr_assert_null(back.checkpoint.p);
		cr_assert_eq(back.seq, 7);
		cr_assert_eq(back.leaf.len, line->leaf.len);
		cr_assert_arr_eq(back.leaf.p, line->leaf.p, line->leaf.len);
		cr_assert_eq(back.body.p == NULL, erased);
		cr_assert_eq(back.salt.p == NULL, erased);
		for (const char *c = text; *c; c++)
			cr_assert(*c >= 0x20 && *c < 0x7f, "a line is ASCII");
	}
}

Test(export, a_checkpoint_comes_back)
{
	struct hp_buf buf = {0};
	struct hp_export_line back;
	hp_export_add_checkpoint(&buf, "origin\n1\n\xe2\x80\x94");
	cr_assert_eq(hp_export_parse(&arena, hp_buf_text(&buf), buf.len - 1, &back, NULL), HP_OK);
	cr_assert_str_eq(back.checkpoint.p, "origin\n1\n\xe2\x80\x94");
	hp_buf_release(&buf);
}

static void
assert_refused(const char *text, const char *reason)
{
	struct hp_export_line line;
	struct hp_error err = {0};
	cr_assert_eq(hp_export_parse(&arena, text, strlen(text), &line, &err), HP_INVALID, "%s",
		     text);
	cr_assert_not_null(strstr(err.message, reason), "%s: %s", text, err.message);
}

Test(export, what_stands_beside_a_leaf_is_what_it_says)
{
	static const struct {
		const char *before, *after, *reason;
	} cases[] = {
		{"\"event\":\"note\"", "\"event\":\"vote\"", "'event'"},
		{"\"actor\":\"ana\"", "\"actor\":\"ben\"", "'actor'"},
		{"\"request\":\"r", "\"request\":\"x", "'request'"},
		{"1767225600000", "1767225600001", "'wall_ms'"},
		{"\"body\":\"80\"", "\"body\":\"8\"", "'body' is not lower-case hex"},
		{"\"body\":\"80\"", "\"body\":\"AA\"", "'body' is not lower-case hex"},
		{"\"salt\":", "\"pepper\":", "pepper"},
		{"\"seq\":7", "\"seq\":-7", "seq"},
		{"\"seq\":7,", "", "seq"},
		{"\"seq\":7", "\"seq\":7,\"seq\":7", "duplicate"},
		{"}", "", ""},
	};
	const char *text = text_of(a_line(false));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *at = strstr(text, cases[i].before);
		cr_assert_not_null(at, "%s", cases[i].before);
		char *changed = hp_arena_printf(&arena, "%.*s%s%s", (int)(at - text), text,
						cases[i].after, at + strlen(cases[i].before));
		assert_refused(changed, cases[i].reason);
	}
	assert_refused("[]", "expected an object");
	assert_refused("", "");
	assert_refused("{\"checkpoint\":1}", "checkpoint");
	assert_refused("{\"checkpoint\":\"a\",\"seq\":1}", "seq");
}

Test(export, a_line_is_bounded)
{
	struct hp_export_line line;
	char *long_text = hp_arena_alloc(&arena, HP_LIMIT_EXPORT_LINE_BYTES + 2);
	memset(long_text, ' ', HP_LIMIT_EXPORT_LINE_BYTES + 1);
	cr_assert_eq(hp_export_parse(&arena, long_text, HP_LIMIT_EXPORT_LINE_BYTES + 1, &line, NULL),
		     HP_TOO_LARGE);
}

Test(export, what_is_no_leaf_is_not_exported)
{
	struct hp_buf buf = {0};
	const struct hp_export_line line = {.leaf = {"\x90", 1}};
	cr_assert_eq(hp_export_add_leaf(&buf, &arena, &line), HP_INVALID);
	hp_buf_release(&buf);
}
