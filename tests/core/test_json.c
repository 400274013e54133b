#include "tests/core/vectors.h"

#include <locale.h>
#include <math.h>

#include "core/json.h"
#include "core/limits.h"

static void
assert_line(const struct hp_value *value, const char *expected)
{
	struct hp_buf buf = {0};
	hp_json_dump(value, HP_JSON_LINE, &buf);
	cr_expect_str_eq(hp_buf_text(&buf), expected);
	hp_buf_release(&buf);
}

Test(json, text_comes_back_in_ascii)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"null", "null"},
		{" true ", "true"},
		{"[]", "[]"},
		{"{}", "{}"},
		{"{ \"b\" : 1, \"a\" : [ 2 , { } ] }", "{\"b\":1,\"a\":[2,{}]}"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"9223372036854775807", "9223372036854775807"},
		{"0.1", "0.1"},
		{"1.0", "1.0"},
		{"-0.0", "-0.0"},
		{"100.0", "100.0"},
		{"0.29", "0.29"},
		{"1e22", "1e+22"},
		{"1e16", "1e+16"},
		{"1e15", "1000000000000000.0"},
		{"9007199254740993.0", "9007199254740992.0"},
		{"0.0001", "0.0001"},
		{"0.00001", "1e-05"},
		{"0.1e-6", "1e-07"},
		{"5e-324", "5e-324"},
		{"1.7976931348623157e308", "1.7976931348623157e+308"},
		{"\"\\u0000\\b\\t\\n\\f\\r\\\"\\\\\\/\"", "\"\\u0000\\b\\t\\n\\f\\r\\\"\\\\/\""},
		{"\"\\u001b[2J \x7f\"", "\"\\u001b[2J \\u007f\""},
		{"\"\xc3\xa9 \xe2\x80\xae \xf0\x9f\x98\x80\"",
		 "\"\\u00e9 \\u202e \\ud83d\\ude00\""},
		{"\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\""},
		{"{\"\xc3\xa9\":0}", "{\"\\u00e9\":0}"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_error err = {0};
		const struct hp_value *value = NULL;
		cr_assert_eq(hp_json_load(&arena, cases[i].in, strlen(cases[i].in), &value, &err),
			     HP_OK, "%s: %s", cases[i].in, err.message);
		assert_line(value, cases[i].out);
		hp_arena_release(&arena);
	}
}

Test(json, what_only_the_wire_holds_is_spelled)
{
	struct hp_arena arena = {0};
	assert_line(hp_value_uint(&arena, UINT64_MAX), "18446744073709551615");
	assert_line(hp_value_bin(&arena, "\0\xff\x1b", 3), "\"00ff1b\"");
	assert_line(hp_value_bin(&arena, "", 0), "\"\"");
	assert_line(hp_value_float(&arena, NAN), "null");
	assert_line(hp_value_float(&arena, -INFINITY), "null");
	assert_line(hp_value_str(&arena, "a\xff" "b\xed\xa0\x80"),
		    "\"a\\ufffdb\\ufffd\\ufffd\\ufffd\"");
	assert_line(NULL, "null");
	hp_arena_release(&arena);
}

Test(json, a_person_gets_it_indented)
{
	static const char text[] = "{\"a\":[1,{\"b\":[]}],\"c\":{}}";
	struct hp_arena arena = {0};
	struct hp_buf buf = {0};
	const struct hp_value *value = NULL;
	cr_assert_eq(hp_json_load(&arena, text, strlen(text), &value, NULL), HP_OK);
	hp_json_dump(value, HP_JSON_INDENT, &buf);
	cr_assert_str_eq(hp_buf_text(&buf), "{\n"
					    "  \"a\": [\n"
					    "    1,\n"
					    "    {\n"
					    "      \"b\": []\n"
					    "    }\n"
					    "  ],\n"
					    "  \"c\": {}\n"
					    "}");
	hp_buf_release(&buf);
	hp_arena_release(&arena);
}

Test(json, refusals_say_where)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *message;
	} cases[] = {
		{"", 1, 0, "unexpected token near end of file"},
		{"{\"a\":1,\n \"a\":2}", 2, 4, "duplicate object key near '\"a\"'"},
		{"{} {}", 1, 4, "end of file expected near '{'"},
		{"[1,]", 1, 4, "unexpected token near ']'"},
		{"\"\xff\"", 1, 1, "unable to decode byte 0xff near '\"'"},
		{"[1, 2\n\n oops]", 3, 5, "']' expected near 'oops'"},
		{"nu\xe2\x80\xae", 1, 2, "invalid token near 'nu'"},
		{"[\"\x01\"]", 1, 2, "control character 0x1 near '\"'"},
		{"[1e999]", 1, 6, "real number overflow near '1e999'"},
		{"9223372036854775808", 1, 19, "too big integer near '9223372036854775808'"},
		{"NaN", 1, 3, "invalid token near 'NaN'"},
		{"'a'", 1, 1, "invalid token near '''"},
		{"[01]", 1, 2, "invalid token near '0'"},
		{"\"\\ud83d\"", 1, 8, "invalid Unicode '\\uD83D' near '\"\\ud83d\"'"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_error err = {0};
		const struct hp_value *value = NULL;
		cr_expect_eq(hp_json_load(&arena, cases[i].text, strlen(cases[i].text), &value,
					  &err),
			     HP_INVALID, "%s", cases[i].text);
		cr_expect(err.line == cases[i].line && err.column == cases[i].column,
			  "%s: %u:%u", cases[i].text, err.line, err.column);
		cr_expect_str_eq(err.message, cases[i].message);
		cr_expect_null(value);
		hp_arena_release(&arena);
	}
}

Test(json, depth_is_bounded_before_anything_recurses)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	const struct hp_value *value = NULL;
	size_t len = 1000000;
	char *text = malloc(len);
	memset(text, '[', len);
	cr_expect_eq(hp_json_load(&arena, text, len, &value, &err), HP_TOO_LARGE);
	cr_expect(err.line == 1 && err.column == 65, "%u:%u", err.line, err.column);
	cr_expect_str_eq(err.message, "nested deeper than 64");
	memset(text + 64, ']', 64);
	cr_expect_eq(hp_json_load(&arena, text, 128, &value, NULL), HP_OK);
	memset(text, '[', len);
	text[0] = ' ';
	text[1] = '\n';
	cr_expect_eq(hp_json_load(&arena, text, len, &value, &err), HP_TOO_LARGE);
	cr_expect(err.line == 2 && err.column == 65, "%u:%u", err.line, err.column);
	/* Inside a string, also behind an escaped quote, a bracket is a letter … */
	memset(text, '[', len);
	memcpy(text, "\"\\\"", 3);
	text[1000] = '"';
	cr_expect_eq(hp_json_load(&arena, text, 1001, &value, NULL), HP_OK);
	cr_expect_eq(value->str.len, 998);
	/* … but not behind a string that ends in an escaped backslash. */
	memset(text, '[', len);
	memcpy(text, "[\"\\\\\",", 6);
	memset(text + 500, ']', 495);
	cr_expect_eq(hp_json_load(&arena, text, 995, &value, NULL), HP_TOO_LARGE);
	free(text);
	hp_arena_release(&arena);
}

Test(json, too_long_is_said)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	const struct hp_value *value = NULL;
	cr_assert_eq(hp_json_load(&arena, "", HP_LIMIT_FILE_BYTES + 1u, &value, &err),
		     HP_TOO_LARGE);
	cr_assert_str_eq(err.message, "over 16777216 bytes");
	hp_arena_release(&arena);
}

/* The console runs in the user's locale, where a decimal may have a comma. */
Test(json, numbers_do_not_follow_the_locale)
{
	static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
	struct hp_arena arena = {0};
	const struct hp_value *value = NULL;
	size_t i = 0;
	while (i < 4 && !setlocale(LC_ALL, commas[i]))
		i++;
	cr_assert_eq(hp_json_load(&arena, "[0.5,1.25e300]", 14, &value, NULL), HP_OK);
	assert_line(value, "[0.5,1.25e+300]");
	hp_arena_release(&arena);
}

Test(json, hostile_text_survives_and_stays_ascii)
{
	struct hp_arena arena = {0};
	struct hp_buf buf = {0};
	const struct hp_value *value = NULL, *again = NULL;
	size_t len = 0;
	char *text = read_source("tests/fixtures/hostile-text.json", &len);
	cr_assert_eq(hp_json_load(&arena, text, len, &value, NULL), HP_OK);
	hp_json_dump(value, HP_JSON_LINE, &buf);
	for (size_t i = 0; i < buf.len; i++)
		cr_assert(buf.data[i] >= 0x20 && buf.data[i] < 0x7f, "byte 0x%02x", buf.data[i]);
	cr_assert_eq(hp_json_load(&arena, hp_buf_text(&buf), buf.len, &again, NULL), HP_OK);
	cr_assert(hp_value_equal(value, again));
	free(text);
	hp_buf_release(&buf);
	hp_arena_release(&arena);
}
