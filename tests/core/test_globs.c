/* Globs as a set: the table, every small glob against a plain matcher, and the bound on steps. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "core/globs.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void
note(void *context, unsigned id)
{
	*(uint64_t *)context |= UINT64_C(1) << id;
}

static uint64_t
matches(const struct hp_globs *globs, const char *subject)
{
	uint64_t found = 0;
	size_t steps = SIZE_MAX;
	cr_assert_eq(hp_globs_scan(globs, subject, strlen(subject), &steps, note, &found), HP_OK);
	return found;
}

static struct hp_globs *
make(const char *const *list, size_t count)
{
	struct hp_globs *globs = hp_globs_new();
	cr_assert(globs);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(hp_globs_add(globs, list[i], strlen(list[i]), (unsigned)i), HP_OK);
	return globs;
}

/* As one would read the rules aloud. */
static bool
plainly(const char *glob, const char *subject)
{
	if (!*glob)
		return !*subject;
	if (*glob == '*')
		return plainly(glob + 1, subject) || (*subject && plainly(glob, subject + 1));
	return *subject && (*glob == '?' || *glob == *subject) && plainly(glob + 1, subject + 1);
}

Test(globs, one_set_tells_all_that_match)
{
	static const char *const list[] = {
		"shell:git",  "shell:git-*", "*:get*",	 "*", "", "shell:g?t", "**:**", "a*b*c",
		"shell:git*", "*secret*",    "\xd1\x80*", "?", "*?",
	};
	static const struct {
		const char *subject;
		const char *ids; /* letters from `a` on */
	} cases[] = {
		{"shell:git", "adfgim"},  {"shell:git-push", "bdgim"}, {"s3:getobject", "cdgm"},
		{"", "de"},		  {"x", "dlm"},		     {"abc", "dhm"},
		{"a--b--b--c", "dhm"},	  {"abcd", "dm"},	     {"x:getsecrets", "cdgjm"},
		{"\xd1\x80\xd0\xb6", "dkm"}, {"SHELL:git", "dgm"},   {":", "dglm"},
	};
	struct hp_globs *globs = make(list, COUNT(list));
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t want = 0;
		for (const char *id = cases[i].ids; *id; id++)
			want |= UINT64_C(1) << (*id - 'a');
		cr_expect_eq(matches(globs, cases[i].subject), want, "%s: %#lx, not %#lx",
			     cases[i].subject, (unsigned long)matches(globs, cases[i].subject),
			     (unsigned long)want);
	}
	hp_globs_free(globs);
}

/* The text number `n` over an alphabet, of at most `room` letters. */
static size_t
spell(size_t n, const char *alphabet, char *text, size_t room)
{
	size_t len = 0, letters = strlen(alphabet);
	for (; n && len < room; n = (n - 1) / letters)
		text[len++] = alphabet[(n - 1) % letters];
	text[len] = 0;
	return len;
}

Test(globs, every_short_glob_is_what_it_says)
{
	enum { GLOBS = 1365, SUBJECTS = 127, SET = 64 }; /* of 5 letters of 4, of 6 of 2 */
	for (size_t first = 0; first < GLOBS; first += SET) {
		struct hp_globs *globs = hp_globs_new();
		char glob[8], subject[8];
		for (size_t i = 0; i < SET; i++) {
			size_t len = spell(first + i, "ab*?", glob, 6);
			cr_assert_eq(hp_globs_add(globs, glob, len, (unsigned)i), HP_OK);
		}
		for (size_t n = 0; n < SUBJECTS; n++) {
			spell(n, "ab", subject, 6);
			uint64_t found = matches(globs, subject);
			for (size_t i = 0; i < SET; i++) {
				spell(first + i, "ab*?", glob, 6);
				cr_assert_eq(found >> i & 1, plainly(glob, subject), "%s, %s", glob,
					     subject);
			}
		}
		hp_globs_free(globs);
	}
}

Test(globs, beginnings)
{
	struct hp_globs *globs = hp_globs_new();
	const char *glob = "git-*-output";
	cr_assert_eq(hp_globs_add_beginnings(globs, glob, strlen(glob), 7, 3), HP_OK);
	cr_expect(matches(globs, "git-log-o"));
	cr_expect(matches(globs, "git-a-b-outp"));
	cr_expect(matches(globs, "git-log-output"));
	cr_expect_not(matches(globs, "git-log-"));
	cr_expect_not(matches(globs, "git-log-outputs"));
	cr_expect_not(matches(globs, "git-log-op"));
	hp_globs_free(globs);
}

Test(globs, work_is_bounded)
{
	enum { LETTERS = 4000 };
	struct hp_globs *globs = hp_globs_new();
	static char glob[2 * LETTERS + 1], subject[LETTERS];
	for (size_t i = 0; i < LETTERS; i++)
		memcpy(glob + 2 * i, "*a", 2);
	memset(subject, 'a', sizeof subject);
	cr_assert_eq(hp_globs_add(globs, glob, 2 * LETTERS, 0), HP_OK);
	uint64_t found = 0;
	size_t steps = 1000000;
	cr_expect_eq(hp_globs_scan(globs, subject, sizeof subject, &steps, note, &found),
		     HP_TOO_LARGE);
	cr_expect_eq(found, 0);
	steps = 20000000;
	cr_expect_eq(hp_globs_scan(globs, subject, sizeof subject, &steps, note, &found), HP_OK);
	cr_expect_eq(found, 1);
	cr_expect_leq(20000000 - steps, LETTERS * (LETTERS + 1), "quadratic at most");
	hp_globs_free(globs);
}

Test(globs, an_empty_set_matches_nothing)
{
	struct hp_globs *globs = hp_globs_new();
	cr_expect_eq(matches(globs, ""), 0);
	cr_expect_eq(matches(globs, "x"), 0);
	hp_globs_free(globs);
	hp_globs_free(NULL);
}
