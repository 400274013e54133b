#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/pattern.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct seen {
	size_t count;
	unsigned ids[64];
	size_t from[64], to[64];
	size_t stop_after; /* 0: never */
};

static bool
on_match(void *context, unsigned id, size_t from, size_t to)
{
	struct seen *seen = context;
	cr_assert_lt(seen->count, COUNT(seen->ids));
	seen->ids[seen->count] = id;
	seen->from[seen->count] = from;
	seen->to[seen->count++] = to;
	return seen->count != seen->stop_after;
}

static struct seen
scan(const struct hp_pattern *patterns, size_t count, const char *subject, size_t len)
{
	struct hp_pattern_set *set;
	struct hp_error err = {0};
	struct seen seen = {0};
	cr_assert_eq(hp_pattern_set_new(patterns, count, &set, &err), HP_OK, "%s", err.message);
	cr_assert_eq(hp_pattern_set_scan(set, subject, len, on_match, &seen), HP_OK);
	hp_pattern_set_free(set);
	return seen;
}

static bool
glob_matches(const char *glob, const char *subject, size_t len)
{
	struct hp_buf expression = {0};
	hp_pattern_add_glob(&expression, glob);
	struct hp_pattern pattern = {hp_buf_text(&expression), HP_PATTERN_ONCE, 1, 0};
	struct seen seen = scan(&pattern, 1, subject, len);
	hp_buf_release(&expression);
	return seen.count;
}

/* The plain meaning of a glob, to judge the expressions by. */
static bool
glob_is(const char *glob, const char *subject)
{
	if (!*glob)
		return !*subject;
	if (*glob == '*')
		return glob_is(glob + 1, subject) || (*subject && glob_is(glob, subject + 1));
	return *subject && (*glob == '?' || *glob == *subject) && glob_is(glob + 1, subject + 1);
}

Test(pattern, globs_are_anchored_and_cross_everything)
{
	static const struct {
		const char *glob, *subject;
		bool match;
	} cases[] = {
		{"*:get*", "s3:getobject", true},
		{"*:get*", "s3:forget", false},
		{"shell:ls", "shell:ls", true},
		{"shell:ls", "shell:lsof", false},
		{"shell:ls", "xshell:ls", false},
		{"shell:ls", "shell:ls\n", false}, /* where a regex's $ would match */
		{"a*c", "a/b:\n\r c", true},
		{"*", "", true},
		{"*", "anything\nat all", true},
		{"**", "", true},
		{"", "", true},
		{"", "x", false},
		{"a?c", "a\nc", true},
		{"a?c", "ac", false},
		{"a?c", "abbc", false},
		{"*.b+(c)[d]{2}^$|\\", "x.b+(c)[d]{2}^$|\\", true},
		{"a.c", "abc", false},
		{"a b_c-d", "a b_c-d", true},
		{"*a*b*", "xxaxxbxx", true},
		{"*a*b*", "b a", false},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(
			glob_matches(cases[i].glob, cases[i].subject, strlen(cases[i].subject)),
			cases[i].match, "%s on %s", cases[i].glob, cases[i].subject);
	cr_expect(glob_matches("a*b", "a\0b", 3));
}

/* Every glob and subject of three characters against the plain meaning. */
Test(pattern, globs_mean_what_they_say)
{
	static const char glob_bytes[] = "ab*?", subject_bytes[] = "ab";
	for (unsigned g = 0; g < 4 * 4 * 4 * 4; g++) {
		char glob[5] = {0};
		for (unsigned i = 0; i < 4; i++)
			glob[i] = glob_bytes[g >> (2 * i) & 3];
		struct hp_buf expression = {0};
		hp_pattern_add_glob(&expression, glob);
		struct hp_pattern pattern = {hp_buf_text(&expression), HP_PATTERN_ONCE, 1, 0};
		struct hp_pattern_set *set;
		cr_assert_eq(hp_pattern_set_new(&pattern, 1, &set, NULL), HP_OK, "%s", glob);
		for (unsigned len = 0; len < 5; len++)
			for (unsigned s = 0; s < 1u << len; s++) {
				char subject[5] = {0};
				for (unsigned i = 0; i < len; i++)
					subject[i] = subject_bytes[s >> i & 1];
				struct seen seen = {0};
				cr_assert_eq(
					hp_pattern_set_scan(set, subject, len, on_match, &seen),
					HP_OK);
				cr_expect_eq(seen.count != 0, glob_is(glob, subject), "%s on '%s'",
				             glob, subject);
			}
		hp_pattern_set_free(set);
		hp_buf_release(&expression);
	}
}

Test(pattern, literals_are_literal)
{
	char all[256];
	for (unsigned i = 1; i < 128; i++)
		all[i - 1] = (char)i;
	struct hp_buf expression = {0};
	hp_pattern_add_literal(&expression, all, 127);
	struct hp_pattern pattern = {hp_buf_text(&expression), 0, 3, 0};
	cr_expect_eq(scan(&pattern, 1, all, 127).count, 1);
	all[50] ^= 1;
	cr_expect_eq(scan(&pattern, 1, all, 127).count, 0);
	hp_buf_release(&expression);
}

Test(pattern, one_pass_tells_all_matches)
{
	static const struct hp_pattern patterns[] = {
		{"\\bdelete\\b", HP_PATTERN_CASELESS, 7, 0},
		{"\\bdrop\\b", HP_PATTERN_CASELESS, 7, 0},
		{"stack", 0, 9, 0},
	};
	struct seen seen = scan(patterns, 3, "DELETE stack drop", 17);
	cr_assert_eq(seen.count, 3);
	cr_expect(seen.ids[0] == 7 && seen.to[0] == 6);
	cr_expect(seen.ids[1] == 9 && seen.to[1] == 12);
	cr_expect(seen.ids[2] == 7 && seen.to[2] == 17);
	cr_expect_eq(scan(patterns, 3, "undeleted dropdown", 18).count, 0);
}

Test(pattern, flags_are_honoured)
{
	struct hp_pattern pattern = {"a.b", HP_PATTERN_SPAN, 1, 0};
	struct seen seen = scan(&pattern, 1, "xxa\nbxx", 7);
	cr_assert_eq(seen.count, 1);
	cr_expect(seen.from[0] == 2 && seen.to[0] == 5);
	pattern = (struct hp_pattern){"a", HP_PATTERN_ONCE, 1, 0};
	cr_expect_eq(scan(&pattern, 1, "aaaa", 4).count, 1);
	pattern.flags = 0;
	cr_expect_eq(scan(&pattern, 1, "aaaa", 4).count, 4);
	cr_expect_eq(scan(&pattern, 1, "AAAA", 4).count, 0);
	pattern.flags = HP_PATTERN_CASELESS;
	cr_expect_eq(scan(&pattern, 1, "AAAA", 4).count, 4);
	pattern = (struct hp_pattern){"\\Aa.b\\z", HP_PATTERN_UTF8, 1, 0};
	cr_expect_eq(scan(&pattern, 1, "aéb", 4).count, 1);
	pattern.flags = 0;
	cr_expect_eq(scan(&pattern, 1, "aéb", 4).count, 0);
}

Test(pattern, utf8_sets_refuse_other_bytes)
{
	struct hp_pattern pattern = {"a", HP_PATTERN_UTF8, 1, 0};
	struct hp_pattern_set *set;
	struct seen seen = {0};
	cr_assert_eq(hp_pattern_set_new(&pattern, 1, &set, NULL), HP_OK);
	cr_expect_eq(hp_pattern_set_scan(set, "a\xff", 2, on_match, &seen), HP_INVALID);
	cr_expect_eq(seen.count, 0);
	hp_pattern_set_free(set);
}

Test(pattern, a_callback_may_stop)
{
	struct hp_pattern pattern = {"a", 0, 1, 0};
	struct hp_pattern_set *set;
	struct seen seen = {.stop_after = 2};
	cr_assert_eq(hp_pattern_set_new(&pattern, 1, &set, NULL), HP_OK);
	cr_expect_eq(hp_pattern_set_scan(set, "aaaaaa", 6, on_match, &seen), HP_OK);
	cr_expect_eq(seen.count, 2);
	hp_pattern_set_free(set);
}

Test(pattern, an_empty_set_matches_nothing)
{
	struct seen seen = scan(NULL, 0, "anything", 8);
	cr_expect_eq(seen.count, 0);
	hp_pattern_set_free(NULL);
}

Test(pattern, refuses_what_it_cannot_compile_with_its_line)
{
	static char long_one[HP_PATTERN_BYTES + 2];
	static char deep[2 * (HP_PATTERN_DEPTH + 1) + 1];
	memset(long_one, 'a', sizeof long_one - 1);
	memset(deep, '(', HP_PATTERN_DEPTH + 1);
	memset(deep + HP_PATTERN_DEPTH + 1, ')', HP_PATTERN_DEPTH + 1);
	const struct {
		const char *expression, *message;
	} cases[] = {
		{"a(b", "pattern \"a(b\": Missing close parenthesis"},
		{"(?=x)y", "pattern \"(?=x)y\": Zero-width assertions are not supported"},
		{"(a)\\1", "pattern \"(a)\\1\": Back-references are unsupported"},
		{"x{1,4097}", "pattern \"x{1,4097}\": too much to unroll"},
		{"(x{1,500}){99999999999999999999}", "too much to unroll"},
		{"(ab[c{](d\\{){64}){64}", "too much to unroll"},
		{deep, "too much to unroll"},
		{"\x1b[2J", "pattern \"<U+001B>[2J\""},
		{"a\xff", "pattern \"a<0xFF>\": not valid utf-8"},
		{long_one, "longer than 4096 bytes"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hp_pattern patterns[] = {{"fine", 0, 1, 3},
		                                {cases[i].expression, 0, 2, 41 + (unsigned)i}};
		struct hp_pattern_set *set = NULL;
		struct hp_error err = {0};
		cr_expect_eq(hp_pattern_set_new(patterns, 2, &set, &err), HP_INVALID, "%zu", i);
		cr_expect_null(set);
		cr_expect_eq(err.line, 41 + i);
		cr_expect_not_null(strstr(err.message, cases[i].message), "%s", err.message);
	}
}

Test(pattern, hostile_patterns_are_refused_or_quick)
{
	static const struct {
		const char *expression;
		bool plain, span; /* whether they compile */
	} cases[] = {
		{"(a+)+$", true, true},
		{"(x{1,1000}){1,1000}", false, false},
		{"((a|b){1,100}c){1,100}x", false, false},
		{"(.{1,200}a){1,200}", false, false},
		{"(((a{1,30}){1,30}){1,30}){1,30}", false, false},
		{"[a-z]{1,600}[0-9]{1,600}[a-z]{1,600}x", true, false},
		{"(foo|bar|baz|qux|[a-f]+x){1,300}y", false, false},
		{"[A-Za-z0-9_-]{36,255}", true, false},
		{"[A-Za-z0-9_-]{36}", true, true},
		{"\\x{41}\\p{Lu}[]{9000}]{3}", true, true},
		{"((((((((((a?){2}){2}){2}){2}){2}){2}){2}){2}){2}){2}b", true, false},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		for (unsigned span = 0; span < 2; span++) {
			struct hp_pattern pattern = {cases[i].expression,
			                             HP_PATTERN_UTF8 | (span ? HP_PATTERN_SPAN : 0),
			                             1, 0};
			struct hp_pattern_set *set = NULL;
			bool compiles = hp_pattern_set_new(&pattern, 1, &set, NULL) == HP_OK;
			cr_expect_eq(compiles, span ? cases[i].span : cases[i].plain, "%s span %u",
			             cases[i].expression, span);
			hp_pattern_set_free(set);
		}
}

Test(pattern, a_thousand_globs_in_one_set)
{
	static char text[1000][32];
	static struct hp_pattern patterns[1000];
	for (unsigned i = 0; i < 1000; i++) {
		struct hp_buf expression = {0};
		snprintf(text[i], sizeof text[i], "*:verb%u*", i);
		hp_pattern_add_glob(&expression, text[i]);
		strcpy(text[i], hp_buf_text(&expression));
		hp_buf_release(&expression);
		patterns[i] = (struct hp_pattern){text[i], HP_PATTERN_ONCE, i, 0};
	}
	struct seen seen = scan(patterns, 1000, "s3:verb77x", 10);
	cr_expect_eq(seen.count, 2); /* 7 and 77 */
}

static bool
count_one(void *context, unsigned id, size_t from, size_t to)
{
	(void)id;
	(void)from;
	(void)to;
	++*(size_t *)context;
	return true;
}

/* Vectorscan 5.4.9 ends the program for these, on blocks of more than 255 bytes. */
Test(pattern, an_operators_patterns_do_not_end_the_program)
{
	static const char *const expressions[] = {"x+y", "x+x+y", "[a-z]+@x",
						  "(a|b)*cd"};
	static char subject[5000];
	memset(subject, 'x', sizeof subject);
	memcpy(subject + 4990, "xyabcd@x", 8);
	for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
		struct hp_pattern pattern = {expressions[i],
					     HP_PATTERN_SPAN | HP_PATTERN_UNTRIED, 1, 0};
		struct hp_pattern_set *set = NULL;
		struct hp_error err = {0};
		size_t found = 0;
		cr_assert_eq(hp_pattern_set_new(&pattern, 1, &set, &err), HP_OK, "%s", err.message);
		cr_assert_eq(hp_pattern_set_scan(set, subject, sizeof subject, count_one, &found),
			     HP_OK);
		cr_expect(found > 0, "%s", expressions[i]);
		hp_pattern_set_free(set);
	}
}
