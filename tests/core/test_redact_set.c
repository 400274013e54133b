/* Sets, overlaps, streams and trees: what holds whatever the rules are. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/json.h"
#include "core/redact.h"
#include "tests/stride.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct hp_redact *
make(unsigned groups, const struct hp_redact_pattern *patterns, size_t count)
{
	struct hp_redact_config config = {groups, patterns, count};
	struct hp_redact *set = NULL;
	struct hp_error err = {0};
	cr_assert_eq(hp_redact_new(&config, &set, &err), HP_OK, "%s", err.message);
	return set;
}

/* Hits as "kind:from-to " each. */
static void
note_hit(void *context, const struct hp_redact_hit *hit)
{
	hp_buf_printf(context, "%s:%zu-%zu ", hit->kind, hit->from, hit->to);
}

static void
redact(struct hp_redact *set, const char *text, size_t len, struct hp_buf *out, struct hp_buf *hits)
{
	cr_assert_eq(hp_redact_text(set, text, len, out, hits ? note_hit : NULL, hits), HP_OK);
}

/* In pieces of so many bytes. */
static void
redact_pieces(struct hp_redact *set, const char *text, size_t len, size_t piece, struct hp_buf *out,
              struct hp_buf *hits)
{
	struct hp_redact_stream *stream;
	cr_assert_eq(hp_redact_stream_new(set, note_hit, hits, &stream), HP_OK);
	for (size_t at = 0; at < len; at += piece)
		cr_assert_eq(hp_redact_stream_add(stream, text + at,
		                                  len - at < piece ? len - at : piece, out),
		             HP_OK);
	cr_assert_eq(hp_redact_stream_finish(stream, out), HP_OK);
	hp_redact_stream_free(stream);
}

static bool
same(const struct hp_buf *a, const struct hp_buf *b)
{
	return a->len == b->len && (!a->len || memcmp(a->data, b->data, a->len) == 0);
}

Test(redact_set, own_patterns_have_names_and_lines)
{
	static const struct hp_redact_pattern patterns[] = {
		{"\\bACME-[0-9]{4}\\b", "acme-id", 7},
		{"(?i)project ?x", NULL, 8},
	};
	struct hp_redact *set = make(0, patterns, 2);
	struct hp_buf out = {0}, hits = {0};
	redact(set, "ACME-1234 of PROJECT x, ACME-12345", 34, &out, &hits);
	cr_expect_str_eq(hp_buf_text(&out), "[REDACTED:acme-id] of [REDACTED:pattern], ACME-12345");
	cr_expect_str_eq(hp_buf_text(&hits), "acme-id:0-9 pattern:13-22 ");
	hp_buf_release(&out);
	hp_buf_release(&hits);
	hp_redact_free(set);
}

Test(redact_set, refuses_bad_patterns_where_they_stand)
{
	static const struct {
		struct hp_redact_pattern pattern;
		const char *message;
	} cases[] = {
		{{"a(", NULL, 3}, "Missing close parenthesis"},
		{{"a*", NULL, 4}, "matches the empty text"},
		{{"a", "", 5}, "name is 1 to 64"},
		{{"a", "Mixed", 6}, "name is 1 to 64"},
		{{"a", "x]y", 7}, "name is 1 to 64"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hp_redact_pattern patterns[] = {{"fine", NULL, 1}, cases[i].pattern};
		struct hp_redact_config config = {HP_REDACT_ALL, patterns, 2};
		struct hp_redact *set = NULL;
		struct hp_error err = {0};
		cr_expect_eq(hp_redact_new(&config, &set, &err), HP_INVALID, "%zu", i);
		cr_expect_null(set);
		cr_expect_eq(err.line, cases[i].pattern.line);
		cr_expect_not_null(strstr(err.message, cases[i].message), "%s", err.message);
	}
}

Test(redact_set, an_empty_set_changes_nothing)
{
	struct hp_redact *set = make(0, NULL, 0);
	struct hp_buf out = {0};
	redact(set, "AKIAIOSFODNN7EXAMPLE\0\xff", 22, &out, NULL);
	cr_expect(out.len == 22 && memcmp(out.data, "AKIAIOSFODNN7EXAMPLE\0\xff", 22) == 0);
	hp_buf_reset(&out);
	redact(set, "", 0, &out, NULL);
	cr_expect_eq(out.len, 0);
	hp_buf_release(&out);
	hp_redact_free(set);
	hp_redact_free(NULL);
}

/* Overlapping hits become one: the longest names it, the leftmost of equal ones. */
Test(redact_set, overlaps_are_one_hit)
{
	static const struct hp_redact_pattern patterns[] = {
		{"abcd", "left", 1},  {"cdefgh", "long", 2},  {"ghij", "right", 3},
		{"xxyy", "first", 4}, {"yyzz", "second", 5},  {"q+", "run", 6},
		{"m", "one", 7},      {"\\xc3", "half", 8},    {"n.{3}", "tail", 9},
	};
	static const struct {
		const char *text, *wanted, *hits;
	} cases[] = {
		{"-abcdefghij-", "-[REDACTED:long]-", "long:1-11 "},
		{"-abcd-cdefgh-", "-[REDACTED:left]-[REDACTED:long]-", "left:1-5 long:6-12 "},
		{"-xxyyzz-", "-[REDACTED:first]-", "first:1-7 "},
		{"-qqqqq-", "-[REDACTED:run]-", "run:1-6 "},
		{"mm-m", "[REDACTED:one]-[REDACTED:one]", "one:0-2 one:3-4 "},
		{"abcdxxyy", "[REDACTED:left][REDACTED:first]", "left:0-4 first:4-8 "},
		{"\xc3\xa9!", "[REDACTED:half]!", "half:0-2 "},      /* never half a character */
		{"na\xe2\x82\xac!", "[REDACTED:tail]!", "tail:0-5 "}, /* nor at its end */
	};
	struct hp_redact *set = make(0, patterns, COUNT(patterns));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hp_buf out = {0}, hits = {0};
		redact(set, cases[i].text, strlen(cases[i].text), &out, &hits);
		cr_expect_str_eq(hp_buf_text(&out), cases[i].wanted, "%s", hp_buf_text(&out));
		cr_expect_str_eq(hp_buf_text(&hits), cases[i].hits, "%s", hp_buf_text(&hits));
		hp_buf_release(&out);
		hp_buf_release(&hits);
	}
	hp_redact_free(set);
}

Test(redact_set, shipped_rules_overlap)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"password=bob@example.com", "password=[REDACTED:password]"},
		{"postgres://u:pw@db.example.com/x", "postgres://u:[REDACTED:email]/x"},
		{"token: ghp_16C7e42F292c6912E7710c838347Ae178B4a", "token: [REDACTED:github_token]"},
		{"phone: 415-555-2671", "phone: [REDACTED:phone]"},
		{"ssn 123-45-6789", "ssn [REDACTED:ssn]"},
	};
	struct hp_redact *set = make(HP_REDACT_ALL, NULL, 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hp_buf out = {0};
		redact(set, cases[i].text, strlen(cases[i].text), &out, NULL);
		cr_expect_str_eq(hp_buf_text(&out), cases[i].wanted, "%s", hp_buf_text(&out));
		hp_buf_release(&out);
	}
	hp_redact_free(set);
}

static const char sample[] =
	"mail bob@example.com, card 4111 1111 1111 1111, GB82 WEST 1234 5698 7654 32;\n"
	"+1 (415) 555-2671 ssn 123-45-6789 from 2001:db8::1 and 203.0.113.7, DOB: 1980-03-12\n"
	"AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY password=hunter2\n"
	"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"
	"\0\xff\xfe binary \x80 eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVm\n";

/* In two pieces at every place, and in pieces of one byte. */
Test(redact_set, a_stream_is_the_whole)
{
	struct hp_redact *set = make(HP_REDACT_ALL, NULL, 0);
	size_t len = sizeof sample - 1;
	struct hp_buf whole = {0}, hits = {0};
	redact(set, sample, len, &whole, &hits);
	for (size_t piece = 1; piece <= len; piece++) {
		struct hp_buf out = {0}, told = {0};
		redact_pieces(set, sample, len, piece, &out, &told);
		cr_assert(same(&out, &whole), "pieces of %zu", piece);
		cr_assert(same(&told, &hits), "pieces of %zu", piece);
		hp_buf_release(&out);
		hp_buf_release(&told);
	}
	hp_buf_release(&whole);
	hp_buf_release(&hits);
	hp_redact_free(set);
}

/* The sample at every place around the border of two windows: found like anywhere else. */
Test(redact_set, borders_of_windows_hide_nothing, .timeout = 300)
{
	struct hp_redact *set = make(HP_REDACT_ALL, NULL, 0);
	size_t len = sizeof sample - 1, total = HP_REDACT_STRIDE_BYTES + HP_REDACT_REACH_BYTES + 4096;
	char *text = malloc(total);
	struct hp_buf alone = {0};
	cr_assert_not_null(text);
	redact(set, sample, len, &alone, NULL);
	for (size_t shift = 0; shift <= len + 2 * HP_REDACT_BEHIND_BYTES; shift += 5) {
		size_t at = HP_REDACT_STRIDE_BYTES + HP_REDACT_BEHIND_BYTES - shift;
		struct hp_buf out = {0}, pieces = {0}, hits = {0};
		memset(text, ' ', total);
		memcpy(text + at, sample, len);
		redact(set, text, total, &out, NULL);
		cr_assert_eq(out.len, total - len + alone.len, "at %zu", at);
		cr_assert(memcmp(out.data + at, alone.data, alone.len) == 0, "at %zu", at);
		if (shift % 60 == 0) {
			redact_pieces(set, text, total, 7777, &pieces, &hits);
			cr_assert(same(&out, &pieces), "at %zu", at);
		}
		hp_buf_release(&out);
		hp_buf_release(&pieces);
		hp_buf_release(&hits);
	}
	hp_buf_release(&alone);
	free(text);
	hp_redact_free(set);
}

/* A hit that is longer than all that a stream may hold. */
Test(redact_set, a_hit_without_end_is_one_hit)
{
	static const struct hp_redact_pattern pattern = {"z", "z", 1};
	struct hp_redact *set = make(0, &pattern, 1);
	size_t total = 3 * HP_REDACT_STRIDE_BYTES + 17;
	char *text = malloc(total);
	cr_assert_not_null(text);
	memset(text, 'z', total);
	text[0] = text[total - 1] = '-';
	struct hp_buf out = {0}, hits = {0}, whole = {0};
	redact_pieces(set, text, total, 100000, &out, &hits);
	cr_expect_str_eq(hp_buf_text(&out), "-[REDACTED:z]-");
	redact(set, text, total, &whole, NULL);
	cr_expect(same(&out, &whole));
	hp_buf_release(&out);
	hp_buf_release(&hits);
	hp_buf_release(&whole);
	free(text);
	hp_redact_free(set);
}

static double
seconds_of(struct hp_redact *set, const char *pattern, size_t total)
{
	char *text = malloc(total);
	struct hp_buf out = {0};
	struct timespec from, to;
	cr_assert_not_null(text);
	for (size_t i = 0, len = strlen(pattern); i < total; i++)
		text[i] = pattern[i % len];
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	redact(set, text, total, &out, NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	hp_buf_release(&out);
	free(text);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* 1 MB of what begins like a hit and is none: four times the text, at most about four times the
 * time, and never seconds. */
Test(redact_set, near_matches_cost_linear_time, .timeout = 300)
{
	static const char *const patterns[] = {
		"4111 1111 1111 1112 ", "411111111111111 ", "4", "ghp_0123456789abcdefghij ", "ghp_",
		"eyJaaaaaaaaaa", "eyJaaaaaaaaaa.", "a@b ", "a@", "a@a.", "aaaaaaaaaaaaaaaa@", "1.1.",
		"::a", "a:", "://a", "://a:", "-----BEGIN PRIVATE KEY-----", "-----BEGIN ",
		"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n", "Private-Lines: 1",
		"password=x ", "password=\"", "password", "token=aaaaaaaaaaaaaaaaaaaa", "secret_key",
		"token=", "token=$", "password=", "password:", "pwd=/", "token='", "token=\"a ", "secret:1a",
		"dob 1/", "dob (", "dob ,,,,,,,,", "phone 1 ", "+12345678 ", "+1 2 3 4 ", "GB82 WEST ",
		"AKIAIOSFODNN7EXAMPLE,", "sk-proj-aaaaaaaaaaaaaaaa", "bearer aaaaaaaa",
		"basic QWxhZGRpbjpv", "[REDACTED:", "\x80",
	};
	struct hp_redact *set = make(HP_REDACT_ALL, NULL, 0);
	for (size_t i = 0; i < COUNT(patterns); i++) {
		double small = seconds_of(set, patterns[i], 256 * 1024 / stride(8));
		double large = seconds_of(set, patterns[i], 1024 * 1024 / stride(8));
		cr_expect_lt(large, 12 * small + 0.1, "%s: %f s, then %f s", patterns[i], small,
		             large);
		cr_expect_lt(large, 5, "%s: %f s", patterns[i], large);
	}
	hp_redact_free(set);
}

struct tree {
	struct hp_arena arena;
	struct hp_redact_report report;
	struct hp_buf json, fields;
};

static void
redact_tree(struct hp_redact *set, const char *json, struct tree *tree)
{
	const struct hp_value *value;
	struct hp_error err = {0};
	*tree = (struct tree){0};
	cr_assert_eq(hp_json_load(&tree->arena, json, strlen(json), &value, &err), HP_OK, "%s",
	             err.message);
	struct hp_redact_part part = {.field = "", .value = value};
	cr_assert_eq(hp_redact_values(set, &tree->arena, &part, 1), HP_OK);
	tree->report = part.report;
	hp_json_dump(part.value, HP_JSON_LINE, &tree->json);
	cr_expect_eq(part.value == value, part.report.total == 0, "copied only where it must");
	for (size_t i = 0; i < tree->report.count; i++) {
		const struct hp_redact_found *found = &tree->report.items[i];
		hp_buf_printf(&tree->fields, "%s:%s:%zu ", found->field, found->kind, found->len);
	}
}

static void
release_tree(struct tree *tree)
{
	hp_arena_release(&tree->arena);
	hp_buf_release(&tree->json);
	hp_buf_release(&tree->fields);
}

Test(redact_set, trees_keep_their_shape)
{
	static const struct {
		const char *json, *wanted, *fields;
	} cases[] = {
		{"{\"why\":\"ask bob@example.com\",\"n\":1}",
	         "{\"why\":\"ask [REDACTED:email]\",\"n\":1}", "why:email:15 "},
		{"{\"a\":[{\"b\":\"x\"},\"AKIAIOSFODNN7EXAMPLE\"]}",
	         "{\"a\":[{\"b\":\"x\"},\"[REDACTED:aws_access_key]\"]}",
	         "a[1]:aws_access_key:20 "},
		/* the key is the word before the value */
		{"{\"password\":\"correct horse\",\"env\":{\"DB_PASSWORD\":\"swordfish\"}}",
	         "{\"password\":\"[REDACTED:password]\",\"env\":{\"DB_PASSWORD\":"
	         "\"[REDACTED:password]\"}}",
	         "password:password:13 env.DB_PASSWORD:password:9 "},
		{"{\"dob\":\"1980-03-12\",\"born\":\"yes\",\"date\":\"1980-03-12\"}",
	         "{\"dob\":\"[REDACTED:date_of_birth]\",\"born\":\"yes\",\"date\":\"1980-03-12\"}",
	         "dob:date_of_birth:10 "},
		{"[\"mysql\",\"--password\",\"hunter2x\",\"-u\",\"root\"]",
	         "[\"mysql\",\"--password\",\"[REDACTED:password]\",\"-u\",\"root\"]",
	         "[2]:password:8 "},
		{"[\"--password=hunter2x\"]", "[\"--password=[REDACTED:password]\"]", "[0]:password:8 "},
		/* what is no string becomes one */
		{"{\"card\":4111111111111111,\"ssn\":123456789,\"n\":1980,\"f\":4111111111111111.0}",
	         "{\"card\":\"[REDACTED:card]\",\"ssn\":\"[REDACTED:ssn]\",\"n\":1980,"
	         "\"f\":\"[REDACTED:card]\"}",
	         "card:card:16 ssn:ssn:9 f:card:16 "},
		{"{\"bob@example.com\":1}", "{\"[REDACTED:email]\":1}", "[REDACTED:email]:email:15 "},
		/* two keys that become the same stay two */
		{"{\"a@example.com\":{\"x\":\"203.0.113.7\"},\"b@example.com\":2,\"c\":3}",
	         "{\"[REDACTED:email]\":{\"x\":\"[REDACTED:ip_address]\"},"
	         "\"[REDACTED:email] 2\":2,\"c\":3}",
	         "[REDACTED:email]:email:13 [REDACTED:email].x:ip_address:11 "
	         "[REDACTED:email]:email:13 "},
		/* each text is judged by itself: nothing reaches into the next */
		{"[\"password=\",\"hunter2x\",\"a -----BEGIN RSA PRIVATE KEY-----\",\"AAAAAAAAAAAAAAAAAAAA\"]",
	         "[\"password=\",\"hunter2x\",\"a [REDACTED:private_key]\",\"AAAAAAAAAAAAAAAAAAAA\"]",
	         "[2]:private_key:31 "},
		{"[\"1.2.3.4\",\"x\",\"::1:2\",\"555-867\",\"5309\"]",
	         "[\"[REDACTED:ip_address]\",\"x\",\"[REDACTED:ip_address]\",\"555-867\",\"5309\"]",
	         "[0]:ip_address:7 [2]:ip_address:5 "},
		{"{\"x\":null,\"y\":true,\"z\":1.5,\"\":\"\",\"s\":\"plain\"}",
	         "{\"x\":null,\"y\":true,\"z\":1.5,\"\":\"\",\"s\":\"plain\"}", ""},
		{"\"bob@example.com\"", "\"[REDACTED:email]\"", ":email:15 "},
	};
	struct hp_redact *set = make(HP_REDACT_ALL, NULL, 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tree tree;
		redact_tree(set, cases[i].json, &tree);
		cr_expect_str_eq(hp_buf_text(&tree.json), cases[i].wanted, "%s",
		                 hp_buf_text(&tree.json));
		cr_expect_str_eq(hp_buf_text(&tree.fields), cases[i].fields, "%s: %s",
		                 cases[i].json, hp_buf_text(&tree.fields));
		cr_expect_eq(tree.report.total, tree.report.count);
		release_tree(&tree);
	}
	hp_redact_free(set);
}

Test(redact_set, a_report_counts_what_it_does_not_list)
{
	struct hp_redact *set = make(HP_REDACT_ALL, NULL, 0);
	struct hp_arena arena = {0};
	struct hp_value *list = hp_value_array(&arena);
	for (unsigned i = 0; i < 1000; i++)
		hp_array_add(&arena, list, hp_value_str(&arena, "bob@example.com"));
	hp_array_add(&arena, list, hp_value_int(&arena, 4111111111111111));
	hp_array_add(&arena, list, hp_value_bin(&arena, "key AKIAIOSFODNN7EXAMPLE", 24));
	struct hp_redact_part part = {.field = "list", .value = list};
	cr_assert_eq(hp_redact_values(set, &arena, &part, 1), HP_OK);
	const struct hp_redact_report *report = &part.report;
	cr_expect_eq(report->total, 1002);
	cr_expect_eq(report->count, HP_REDACT_FOUND_MAX);
	cr_expect_eq(report->groups, HP_REDACT_PII | HP_REDACT_SECRETS);
	cr_expect_str_eq(report->items[255].field, "list[255]");
	cr_expect(hp_value_is(hp_array_get(part.value, 999), "[REDACTED:email]"));
	cr_expect(hp_value_is(hp_array_get(part.value, 1001), "[REDACTED:aws_access_key]"));
	cr_expect(hp_value_is(hp_array_get(list, 999), "bob@example.com"), "the tree given stays");
	part = (struct hp_redact_part){.field = ""};
	cr_assert_eq(hp_redact_values(set, &arena, &part, 1), HP_OK);
	cr_expect_null(part.value);
	cr_expect_eq(part.report.total, 0);
	hp_arena_release(&arena);
	hp_redact_free(set);
}

/* Trees judged together have reports of their own. */
Test(redact_set, trees_are_judged_together)
{
	static const struct hp_redact_pattern own[] = {{"^x[0-9]+$", "own", 1}, {"a.*z", "long", 2}};
	for (size_t owns = 0; owns <= 2; owns += 2) {
		struct hp_redact *set = make(HP_REDACT_ALL, own, owns);
		struct hp_arena arena = {0};
		struct hp_redact_part parts[] = {
			{.field = "one", .value = hp_value_str(&arena, "plain a")},
			{.field = "two", .value = hp_value_str(&arena, "mail bob@example.com")},
			{.field = "three"},
			{.field = "four", .value = hp_value_str(&arena, "x12")},
			{.field = "five", .value = hp_value_str(&arena, "z 203.0.113.7")},
		};
		cr_assert_eq(hp_redact_values(set, &arena, parts, COUNT(parts)), HP_OK);
		cr_expect_eq(parts[0].report.total, 0);
		cr_expect(hp_value_is(parts[0].value, "plain a"));
		cr_expect(hp_value_is(parts[1].value, "mail [REDACTED:email]"));
		cr_expect_str_eq(parts[1].report.items[0].field, "two");
		cr_expect_null(parts[2].value);
		cr_expect(hp_value_is(parts[3].value, owns ? "[REDACTED:own]" : "x12"));
		cr_expect(hp_value_is(parts[4].value, "z [REDACTED:ip_address]"));
		hp_arena_release(&arena);
		hp_redact_free(set);
	}
}

/* Fail closed: no output at all, not even what was there before it. */
Test(redact_set, a_tree_too_deep_is_refused)
{
	struct hp_redact *set = make(HP_REDACT_ALL, NULL, 0);
	struct hp_arena arena = {0};
	struct hp_value *tree = hp_value_str(&arena, "x");
	for (unsigned i = 0; i < 200; i++) {
		struct hp_value *list = hp_value_array(&arena);
		hp_array_add(&arena, list, tree);
		tree = list;
	}
	struct hp_redact_part part = {.field = "", .value = tree};
	cr_expect_eq(hp_redact_values(set, &arena, &part, 1), HP_TOO_LARGE);
	cr_expect_eq(part.value, tree);
	hp_arena_release(&arena);
	hp_redact_free(set);
}
