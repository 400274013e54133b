#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "enforce/output.h"

#define KEY "AKIA" "IOSFODNN7" "EXAMPLA"
#define HIDDEN "[REDACTED:aws_access_key]"

static struct hp_redact *
make_set(void)
{
	const struct hp_redact_config config = {.groups = HP_REDACT_ALL};
	struct hp_redact *set = NULL;
	cr_assert_eq(hp_redact_new(&config, &set, NULL), HP_OK);
	return set;
}

static void
add(struct hp_output *output, const char *text)
{
	cr_assert_eq(hp_output_add(output, text, strlen(text)), HP_OK);
}

static void
expect(struct hp_output *output, bool all, const char *wanted)
{
	struct hp_buf buf = {0};
	cr_expect_eq(hp_output_take(output, all, &buf), HP_OK);
	cr_expect_str_eq(hp_buf_text(&buf), wanted);
	hp_buf_release(&buf);
}

Test(output, whole_lines_once)
{
	struct hp_redact *set = make_set();
	struct hp_output output = {.set = set};
	expect(&output, false, "");
	add(&output, "one\ntw");
	expect(&output, false, "one\n");
	expect(&output, false, "");
	add(&output, "o\nthree");
	expect(&output, false, "two\n");
	cr_expect_eq(hp_output_waiting(&output), 5);
	expect(&output, true, "three");
	expect(&output, true, "");
	add(&output, "50%\r60%\r70");
	expect(&output, false, "50%\r60%\r");
	hp_output_release(&output);
	hp_redact_free(set);
}

/* However a secret is cut it comes out hidden, and once. */
Test(output, a_secret_in_pieces_is_hidden)
{
	static const char text[] = "a " KEY " b\nkey: " KEY "\n";
	struct hp_redact *set = make_set();
	for (size_t cut = 0; cut < sizeof text; cut++) {
		struct hp_output output = {.set = set};
		struct hp_buf buf = {0};
		cr_assert_eq(hp_output_add(&output, text, cut), HP_OK);
		cr_assert_eq(hp_output_take(&output, false, &buf), HP_OK);
		cr_assert_eq(hp_output_add(&output, text + cut, sizeof text - 1 - cut), HP_OK);
		cr_assert_eq(hp_output_take(&output, true, &buf), HP_OK);
		cr_expect_str_eq(hp_buf_text(&buf), "a " HIDDEN " b\nkey: " HIDDEN "\n", "cut at %zu",
				 cut);
		hp_buf_release(&buf);
		hp_output_release(&output);
	}
	hp_redact_free(set);
}

Test(output, a_key_of_many_lines_is_hidden_line_by_line)
{
	static const char body[] = "MIIEowIBAAKCAQEAqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq\n";
	struct hp_redact *set = make_set();
	struct hp_output output = {.set = set};
	add(&output, "before\n");
	expect(&output, false, "before\n");
	add(&output, "-----BEGIN RSA PRIVATE KEY-----\n");
	struct hp_buf buf = {0};
	cr_assert_eq(hp_output_take(&output, false, &buf), HP_OK);
	for (int i = 0; i < 24; i++) {
		add(&output, body);
		cr_assert_eq(hp_output_take(&output, false, &buf), HP_OK);
	}
	add(&output, "-----END RSA PRIVATE KEY-----\nafter\n");
	cr_assert_eq(hp_output_take(&output, false, &buf), HP_OK);
	cr_expect_null(strstr(hp_buf_text(&buf), "MIIE"), "%s", hp_buf_text(&buf));
	cr_expect_not_null(strstr(hp_buf_text(&buf), "after\n"));
	hp_buf_release(&buf);
	hp_output_release(&output);
	hp_redact_free(set);
}

/* Far more than the context: nothing is lost, nothing comes twice. */
Test(output, much_of_it)
{
	enum { LINES = 20000 };
	struct hp_redact *set = make_set();
	struct hp_output output = {.set = set};
	struct hp_buf all = {0}, wanted = {0};
	for (int i = 0; i < LINES; i++) {
		char line[64];
		snprintf(line, sizeof line, "line %d of many lines\n", i);
		hp_buf_add_text(&wanted, line);
		add(&output, line);
		if (i % 50 == 0)
			cr_assert_eq(hp_output_take(&output, false, &all), HP_OK);
	}
	cr_assert_eq(hp_output_take(&output, true, &all), HP_OK);
	cr_expect_eq(all.len, wanted.len);
	cr_expect_str_eq(hp_buf_text(&all), hp_buf_text(&wanted));
	cr_expect_lt(output.raw.len, 4 * HP_OUTPUT_CONTEXT_BYTES);
	hp_buf_release(&all);
	hp_buf_release(&wanted);
	hp_output_release(&output);
	hp_redact_free(set);
}

/* A line without an end is given out in time, cut between characters. */
Test(output, an_endless_line)
{
	struct hp_redact *set = make_set();
	struct hp_output output = {.set = set};
	struct hp_buf buf = {0};
	for (int i = 0; i < HP_OUTPUT_LINE_BYTES / 2; i++)
		add(&output, "\xc3\xa9");
	cr_assert_eq(hp_output_take(&output, false, &buf), HP_OK);
	cr_expect_gt(buf.len, 0);
	cr_expect_eq(buf.len % 2, 0);
	hp_buf_release(&buf);
	hp_output_release(&output);
	hp_redact_free(set);
}

Test(output, what_is_no_text_becomes_text)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *wanted;
	} rows[] = {
		{"plain\n", 6, "plain\n"},
		{"caf\xc3\xa9", 5, "caf\xc3\xa9"},
		{"\xff", 1, "\xef\xbf\xbd"},
		{"a\0b", 3, "a\xef\xbf\xbd" "b"},
		{"\xc3", 1, "\xef\xbf\xbd"},
		{"\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf0\x9f\x98\x80!", 5, "\xf0\x9f\x98\x80!"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hp_buf buf = {0};
		hp_output_add_utf8(&buf, rows[i].bytes, rows[i].len);
		cr_expect_str_eq(hp_buf_text(&buf), rows[i].wanted, "row %zu", i);
		hp_buf_release(&buf);
	}
}
