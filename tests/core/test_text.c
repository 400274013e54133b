#include <criterion/criterion.h>
#include <string.h>
#include <utf8proc.h>

#include "core/confusables.h"
#include "core/json.h"
#include "core/text.h"
#include "tests/core/vectors.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct hp_buf out;

static const char *
escape(const char *text, size_t len, unsigned flags)
{
	hp_buf_reset(&out);
	hp_text_escape(&out, text, len, flags);
	cr_assert_not(out.failed);
	return hp_buf_text(&out);
}

static const char *
fold(const char *text, bool lower)
{
	hp_buf_reset(&out);
	hp_text_fold(&out, text, strlen(text), lower);
	return hp_buf_text(&out);
}

static void
release(void)
{
	hp_buf_release(&out);
}

TestSuite(text, .fini = release);

/* What must not reach a terminal, by name rather than by the code under test. */
static bool
is_forbidden(utf8proc_int32_t point)
{
	static const utf8proc_int32_t ranges[][2] = {
		{0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},        {0x34f, 0x34f},
		{0x61c, 0x61c},   {0x115f, 0x1160}, {0x17b4, 0x17b5},    {0x180b, 0x180f},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},    {0x3164, 0x3164},
		{0xd800, 0xf8ff}, {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f},    {0xfeff, 0xfeff},
		{0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xe0000, 0x10ffff},
	};
	for (size_t i = 0; i < COUNT(ranges); i++)
		if (point >= ranges[i][0] && point <= ranges[i][1])
			return true;
	return (point & 0xfffe) == 0xfffe || utf8proc_category(point) == UTF8PROC_CATEGORY_CN;
}

static void
check_visible(const char *label, const char *text, size_t len, bool newlines)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)text;
	size_t marks = 0;
	for (size_t at = 0; at < len;) {
		utf8proc_int32_t point;
		utf8proc_ssize_t step =
			utf8proc_iterate(p + at, (utf8proc_ssize_t)(len - at), &point);
		cr_assert_gt(step, 0, "%s: invalid utf-8 at %zu", label, at);
		cr_assert((newlines && point == '\n') || !is_forbidden(point), "%s: U+%04X at %zu",
		          label, (unsigned)point, at);
		bool mark = utf8proc_category(point) == UTF8PROC_CATEGORY_MN;
		marks = mark ? marks + 1 : 0;
		cr_assert_leq(marks, 4, "%s: a flood of marks at %zu", label, at);
		at += (size_t)step;
	}
}

Test(text, escapes_are_visible_and_exact)
{
	static const struct {
		const char *text;
		size_t len;
		unsigned flags;
		const char *expect;
	} cases[] = {
#define S(text) text, sizeof(text) - 1
		{S(""), 0, ""},
		{S("plain ~ text"), 0, "plain ~ text"},
		{S("\x1b[2J\a"), 0, "<U+001B>[2J<U+0007>"},
		{S("a\0b\x7f"), 0, "a<U+0000>b<U+007F>"},
		{S("a\nb\r\n"), 0, "a<U+000A>b<U+000D><U+000A>"},
		{S("a\nb\r\n"), HP_TEXT_NEWLINES, "a\nb<U+000D>\n"},
		{S("\tx"), HP_TEXT_NEWLINES, "<U+0009>x"},
		{S("\xc2\x9b"
	           "31m"),
	         0, "<U+009B>31m"},
		{S("a\u202eb\u2066c"), 0, "a<U+202E>b<U+2066>c"},
		{S("d\u200be"), 0, "d<U+200B>e"},
		{S("\U000e0064\ufe0f\U000e0100"), 0, "<U+E0064><U+FE0F><U+E0100>"},
		{S("\ufeff\uffff\ufdd0\ue000\u0378"), 0,
	         "<U+FEFF><U+FFFF><U+FDD0><U+E000><U+0378>"},
		{S("\u2028\u2029\u00ad\u034f\u3164"), 0,
	         "<U+2028><U+2029><U+00AD><U+034F><U+3164>"},
		{S("\u2003\u2800x\u00a0y"), 0, "<U+2003><U+2800>x\u00a0y"},
		{S("\xff\xc3("), 0, "<0xFF><0xC3>("},
		{S("\xed\xa0\x80"), 0, "<0xED><0xA0><0x80>"}, /* a surrogate is no UTF-8 */
		{S("\xc0\xaf"), 0, "<0xC0><0xAF>"},           /* nor is an overlong form */
		{S("é ü 日本"), 0, "é ü 日本"},
		{S("é"), HP_TEXT_ASCII, "<U+00E9>"},
		{S("e\u0301\u0301\u0301\u0301\u0301x"), 0, "e\u0301\u0301\u0301\u0301<U+0301>x"},
		{S("e\u0301\u0301\u0301\u0301\u0301\u0301"), 0,
	         "e\u0301\u0301\u0301\u0301<U+0301><U+0301>"},
		{S("\u0301x"), 0, "<U+0301>x"},                    /* would land on our frame */
		{S("a\n\u0338"), HP_TEXT_NEWLINES, "a\n<U+0338>"}, /* likewise */
		{S("\x1b\u0338"), 0, "<U+001B><U+0338>"},          /* would change our bracket */
		{S("<U+202E>"), 0, "<U+202E>"},
		{S("prоd-stack"), HP_TEXT_MARK, "«prоd»<mixed>-stack"},
		{S("prоd"), HP_TEXT_MARK | HP_TEXT_ASCII, "pr<U+043E>d<mixed>"},
		{S("прод prod é日本API"), HP_TEXT_MARK, "прод prod é日本API"},
		{S("a\u200bа"), HP_TEXT_MARK, "«a<U+200B>а»<mixed>"},
		{S("x \u0301аb"), HP_TEXT_MARK, "x «<U+0301>аb»<mixed>"},
#undef S
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_str_eq(escape(cases[i].text, cases[i].len, cases[i].flags),
		                 cases[i].expect, "case %zu", i);
}

/* The planes where nothing is assigned are sampled. */
static utf8proc_int32_t
next_point(utf8proc_int32_t point)
{
	return point + (point >= 0x32000 && point < 0xe0000 ? 61 : 1);
}

/* Every code point behind a letter, in every mode, and alone. */
Test(text, no_code_point_gets_through)
{
	static const unsigned modes[] = {HP_TEXT_MARK, HP_TEXT_NEWLINES, HP_TEXT_ASCII};
	for (utf8proc_int32_t point = 0; point < 0x110000; point = next_point(point)) {
		utf8proc_uint8_t bytes[8] = {'a'};
		if (!utf8proc_codepoint_valid(point))
			continue;
		size_t len = 1 + (size_t)utf8proc_encode_char(point, bytes + 1);
		const char *text = (const char *)bytes;
		for (size_t i = 0; i < COUNT(modes); i++) {
			escape(text, len, modes[i]);
			check_visible("all", hp_buf_text(&out), out.len,
			              modes[i] & HP_TEXT_NEWLINES);
		}
		cr_assert_not(hp_text_has_non_ascii(hp_buf_text(&out), out.len));
		escape(text + 1, len - 1, 0);
		check_visible("alone", hp_buf_text(&out), out.len, false);
	}
}

static const struct hp_value *
hostile_cases(struct hp_arena *arena)
{
	size_t len;
	char *text = read_source("tests/fixtures/hostile-text.json", &len);
	const struct hp_value *root = NULL;
	struct hp_error err = {0};
	cr_assert_eq(hp_json_load(arena, text, len, &root, &err), HP_OK, "%s", err.message);
	free(text);
	return root;
}

Test(text, every_hostile_case_is_tamed)
{
	struct hp_arena arena = {0};
	const struct hp_value *cases = hp_map_get(hostile_cases(&arena), "cases");
	cr_assert_geq(hp_value_count(cases), 20);
	for (size_t i = 0; i < cases->map.count; i++) {
		const struct hp_str *text = &cases->map.pairs[i].value->str;
		const char *name = cases->map.pairs[i].key.p;
		for (unsigned flags = 0; flags < 8; flags++) {
			escape(text->p, text->len, flags);
			check_visible(name, hp_buf_text(&out), out.len, flags & HP_TEXT_NEWLINES);
			/* escaping what is escaped changes nothing (marks may be added twice) */
			if (flags & HP_TEXT_MARK)
				continue;
			const char *once = hp_arena_strdup(&arena, hp_buf_text(&out));
			cr_expect_str_eq(escape(once, strlen(once), flags), once, "%s", name);
		}
	}
	hp_arena_release(&arena);
}

Test(text, safe_copies_into_the_arena)
{
	struct hp_arena arena = {0};
	cr_expect_str_eq(hp_text_safe(&arena, NULL, 0), "");
	cr_expect_str_eq(hp_text_safe(&arena, "", 0), "");
	cr_expect_str_eq(hp_text_safe(&arena, "a\tb", 0), "a<U+0009>b");
	cr_expect_str_eq(hp_text_safen(&arena, "a\0b", 3, 0), "a<U+0000>b");
	char local[] = "plain";
	const char *copy = hp_text_safe(&arena, local, 0);
	local[0] = 'X';
	cr_expect_str_eq(copy, "plain");
	hp_arena_release(&arena);
}

Test(text, folds_what_looks_alike)
{
	static const struct {
		const char *text, *lower, *kept;
	} cases[] = {
		{"Delete", "delete", "Delete"},
		{"d\u200be\u200bl\u200be\u200bt\u200be", "delete", "delete"},
		{"\uff44\uff45\uff4c\uff45\uff54\uff45", "delete", "delete"},
		{"\uff24eleteStack", "deletestack", "DeleteStack"},
		{"dеlеtе", "delete", "delete"}, /* Cyrillic ie */
		{"DЕLЕTЕ", "delete", "DELETE"}, /* its capital */
		{"prοd", "prod", "prod"},       /* Greek omicron */
		{"prօd", "prod", "prod"},       /* Armenian oh */
		{"ᴅᴇʟᴇᴛᴇ", "delete", "delete"}, /* small capitals */
		{"𝐝𝒆𝓵𝔢𝕥𝖊", "delete", "delete"}, /* mathematical */
		{"ⓓⓔⓛⓔⓣⓔ", "delete", "delete"}, /* circled */
		{"🅓🅔🅛🅔🅣🅔", "delete", "DELETE"}, /* black circles */
		{"🇩🇪🇱🇪🇹🇪", "delete", "DELETE"}, /* regional indicators */
		{"délète", "delete", "delete"},
		{"d\u0336e\u0336lete", "delete", "delete"},
		{"ꓓꓰꓡꓰꓔꓰ", "delete", "DELETE"}, /* Lisu */
		{"ᎠᎬᏞᎬᎢᎬ", "delete", "DELETE"}, /* Cherokee */
		{"İstanbul ıx", "istanbul ix", "Istanbul ix"},
		{"s3∶Get⁄x‐y․z", "s3:get/x-y.z", "s3:Get/x-y.z"},
		{"ﬁle", "file", "file"},
		{"ok\U000e0064\U000e0065", "ok", "ok"},
		{"a\ufe0fb\u2060c\u00add", "abcd", "abcd"},
		{"Привет", "пpиbet", "Пpиbet"}, /* what has no look-alike stays */
		{"日本 한국", "日本 한국", "日本 한국"},
		{"prod\bdev", "prod\bdev", "prod\bdev"}, /* a control parts words */
		{"x\xff", "x\ufffd", "x\ufffd"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cr_expect_str_eq(fold(cases[i].text, true), cases[i].lower, "%zu", i);
		cr_expect_str_eq(fold(cases[i].text, false), cases[i].kept, "%zu", i);
	}
}

Test(text, folding_twice_changes_nothing)
{
	for (utf8proc_int32_t point = 1; point < 0x30000; point++) {
		utf8proc_uint8_t bytes[5] = {0};
		if (!utf8proc_codepoint_valid(point))
			continue;
		utf8proc_encode_char(point, bytes);
		char once[256], kept[256];
		strcpy(once, fold((const char *)bytes, true));
		cr_assert_str_eq(fold(once, true), once, "U+%04X", (unsigned)point);
		strcpy(kept, fold((const char *)bytes, false));
		cr_assert_str_eq(fold(kept, true), once, "U+%04X", (unsigned)point);
	}
}

Test(text, ascii_is_never_mapped_to_ascii)
{
	for (int point = 0; point < 0x80; point++)
		cr_expect_eq(hp_confusable_map(point), point);
	cr_expect_eq(hp_confusable_map(0xa2), 'c'); /* the first of the table */
	cr_expect_eq(hp_confusable_map(0x0430), 'a');
	cr_expect_eq(hp_confusable_map(0x1f189), 'Z'); /* towards its end */
	cr_expect_eq(hp_confusable_map(0x4e2d), 0x4e2d);
}

Test(text, knows_utf8)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{"", true},
		{"a", true},
		{"é", true},
		{"\U0010ffff", true},
		{"\xff", false},
		{"\xc3", false},
		{"\xc0\xaf", false},
		{"\xed\xa0\x80", false},
		{"\xf4\x90\x80\x80", false},
		{"a\x80", false},
		{"\xe2\x82", false},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(hp_text_is_utf8(cases[i].text, strlen(cases[i].text)), cases[i].valid,
		             "%zu", i);
}

Test(text, tells_mixed_scripts)
{
	static const struct {
		const char *text;
		bool mixed, non_ascii;
	} cases[] = {
		{"prod stack", false, false}, {"prоd", true, true},    {"прод", false, true},
		{"pr-од", false, true},       {"prοd", true, true},    {"日本語API", false, true},
		{"naïve", false, true},       {"ａｐｉx", true, true}, {"日本ＡＰＩ", false, true},
		{"x𝐲", true, true},           {"a1_b2", false, false}, {"", false, false},
		{"pr٥d", true, true},         {"κόσμος", false, true}, {"Ꭰb", true, true},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = strlen(cases[i].text);
		cr_expect_eq(hp_text_mixed_script(cases[i].text, len), cases[i].mixed, "%zu", i);
		cr_expect_eq(hp_text_has_non_ascii(cases[i].text, len), cases[i].non_ascii, "%zu",
		             i);
	}
}

Test(text, measures_columns)
{
	static const struct {
		const char *text;
		size_t width;
	} cases[] = {
		{"", 0},     {"abc", 3},        {"é", 1},      {"e\u0301", 1},
		{"日本", 4}, {"\U0001fae8", 2}, {"⚠", 1},      {"👩", 2},
		{"ｄ", 2},   {"<U+202E>", 8},   {"«prоd»", 6}, {"\u0939\u093f", 2},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(hp_text_width(cases[i].text, strlen(cases[i].text)), cases[i].width,
		             "%zu", i);
}

Test(text, fits_whole_graphemes)
{
	static const struct {
		const char *text;
		size_t columns, bytes;
	} cases[] = {
		{"abc", 0, 0},       {"abc", 2, 2},
		{"abc", 9, 3},       {"日本", 1, 0},
		{"日本", 2, 3},      {"日本", 3, 3},
		{"日本", 4, 6},      {"e\u0301x", 1, 3},
		{"ae\u0301x", 1, 1}, {"a\u0301\u0302b", 2, 6},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(hp_text_fit(cases[i].text, strlen(cases[i].text), cases[i].columns),
		             cases[i].bytes, "%zu", i);
}

/* Lines joined by `|`. */
static const char *
wrapped(const char *text, size_t columns)
{
	struct hp_arena arena = {0};
	struct hp_text_line *lines;
	size_t count;
	cr_assert_eq(hp_text_wrap(&arena, text, strlen(text), columns, &lines, &count), HP_OK);
	hp_buf_reset(&out);
	for (size_t i = 0; i < count; i++) {
		if (i)
			hp_buf_add_byte(&out, '|');
		hp_buf_add(&out, text + lines[i].start, lines[i].len);
		if (columns > 1)
			cr_expect_leq(hp_text_width(text + lines[i].start, lines[i].len), columns);
	}
	hp_arena_release(&arena);
	return hp_buf_text(&out);
}

Test(text, wraps_at_spaces_and_hard_otherwise)
{
	static const struct {
		const char *text;
		size_t columns;
		const char *expect;
	} cases[] = {
		{"", 10, ""},
		{"abc", 10, "abc"},
		{"one two three", 7, "one two|three"},
		{"one two three", 8, "one two|three"},
		{"one two three", 3, "one|two|thr|ee"},
		{"one   two", 4, "one|two"},
		{"one   two", 20, "one   two"},
		{"abcdefgh", 3, "abc|def|gh"},
		{"a\nb", 10, "a|b"},
		{"a\n\nb", 10, "a||b"},
		{"a\n", 10, "a"},
		{"\n", 10, ""},
		{"a\n\n", 10, "a|"},
		{"abc\ndef", 3, "abc|def"},
		{"abc   \ndef", 3, "abc|def"},
		{"  indented text", 10, "  indented|text"},
		{"日本語", 4, "日本|語"},
		{"日本", 1, "日|本"},
		{"x abcdefghij", 5, "x|abcde|fghij"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301e\u0301|e\u0301"},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_str_eq(wrapped(cases[i].text, cases[i].columns), cases[i].expect, "%zu",
		                 i);
}

/* Nothing but spaces and newlines at breaks is left out, at any width. */
Test(text, wrapping_hides_nothing)
{
	static const char text[] = "rm  -rf /very/long/path/without/spaces && echo 日本語\n"
				   "  second\n\nlast e\u0301\u0302 line   ";
	char solid[sizeof text], got[sizeof text];
	size_t n = 0;
	for (const char *p = text; *p; p++)
		if (*p != ' ' && *p != '\n')
			solid[n++] = *p;
	solid[n] = 0;
	for (size_t columns = 1; columns < 90; columns++) {
		n = 0;
		for (const char *p = wrapped(text, columns); *p; p++)
			if (*p != ' ' && *p != '|')
				got[n++] = *p;
		got[n] = 0;
		cr_expect_str_eq(got, solid, "%zu columns", columns);
	}
}
