#include "tests/core/vectors.h"

#include "core/boundary.h"

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define ANA "{name: ana, person: ana, sign_public: \"" KEY_A "\"}"
/* Seven lines; what a case adds is on the eighth. */
#define LEAST                                                                                      \
	"environment: production\n"                                                                \
	"audience: executor\n"                                                                     \
	"operations: [\"shell:*\"]\n"                                                              \
	"programs: {sh: /bin/sh}\n"                                                                \
	"reviewers: [" ANA "]\n"                                                                   \
	"min_votes:\n"                                                                             \
	"  gated: 1\n"

static enum hp_status
parse(struct hp_arena *arena, const char *text, struct hp_boundary *boundary, struct hp_error *err)
{
	return hp_boundary_parse(arena, text, strlen(text), boundary, err);
}

Test(boundary, the_least_file_has_sane_defaults)
{
	struct hp_arena arena = {0};
	struct hp_boundary b = {0};
	struct hp_error err = {0};
	cr_assert_eq(parse(&arena, LEAST, &b, &err), HP_OK, "%s", err.message);
	cr_assert_str_eq(b.environment, "production");
	cr_assert_str_eq(b.audience, "executor");
	cr_assert_eq(b.operation_count, 1);
	cr_assert_eq(b.program_count, 1);
	cr_assert_eq(b.env_count, 0);
	cr_assert_eq(b.cwd_root_count, 0);
	cr_assert_eq(b.reviewer_count, 1);
	cr_assert_eq(b.tier_count, 1);
	cr_assert_eq(b.min_votes[0].votes, 1);
	cr_assert_eq(b.max_parallel, 4);
	cr_assert_eq(b.timeout_ms, 15 * 60 * 1000);
	cr_assert_eq(b.output_limit_bytes, 1024 * 1024);
	cr_assert_null(b.user);
	cr_assert_str_eq(b.path, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	hp_arena_release(&arena);
}

Test(boundary, every_key_is_read)
{
	struct hp_arena arena = {0};
	struct hp_boundary b = {0};
	struct hp_error err = {0};
	cr_assert_eq(parse(&arena,
			   LEAST "  grave: 0\n"
				 "path: /usr/bin:/bin\n"
				 "env: [AWS_PROFILE, _x1]\n"
				 "cwd_roots: [/, /srv/a]\n"
				 "max_parallel: 32\n"
				 "timeout: 2h\n"
				 "output_limit: 64KiB\n"
				 "user: nobody\n",
			   &b, &err),
		     HP_OK, "%s", err.message);
	cr_assert_str_eq(b.path, "/usr/bin:/bin");
	cr_assert(hp_boundary_passes(&b, "AWS_PROFILE"));
	cr_assert(hp_boundary_passes(&b, "_x1"));
	cr_assert_not(hp_boundary_passes(&b, "AWS"));
	cr_assert_not(hp_boundary_passes(&b, ""));
	cr_assert_str_eq(b.cwd_roots[1], "/srv/a");
	cr_assert_eq(b.tier_count, 2);
	cr_assert_eq(b.max_parallel, 32);
	cr_assert_eq(b.timeout_ms, 2 * 3600 * 1000);
	cr_assert_eq(b.output_limit_bytes, 64 * 1024);
	cr_assert_str_eq(b.user, "nobody");
	hp_arena_release(&arena);
}

Test(boundary, nothing_is_allowed_that_is_not_named)
{
	static const struct {
		const char *operation;
		bool allowed;
	} operations[] = {
		{"shell:", true},     {"shell:rm", true}, {"Shell:rm", false}, {"shell", false},
		{"xshell:rm", false}, {"", false},
	};
	static const struct {
		const char *word, *path;
	} programs[] = {
		{"sh", "/bin/sh"}, {"/bin/sh", "/bin/sh"}, {"SH", NULL},	 {"", NULL},
		{"./sh", NULL},	   {"/bin/sh/", NULL},	   {"/bin/../bin/sh", NULL},
	};
	struct hp_arena arena = {0};
	struct hp_boundary b;
	cr_assert_eq(parse(&arena, LEAST, &b, NULL), HP_OK);
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
		cr_expect_eq(hp_boundary_allows(&b, operations[i].operation),
			     operations[i].allowed, "%s", operations[i].operation);
	for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
		const char *path = hp_boundary_program(&b, programs[i].word);
		cr_expect((!path && !programs[i].path) ||
				  (path && programs[i].path && !strcmp(path, programs[i].path)),
			  "%s", programs[i].word);
	}
	hp_arena_release(&arena);
}

static const struct {
	const char *text;
	unsigned line, column;
	const char *field, *message;
} bad[] = {
	{"", 1, 1, "environment", "is missing"},
	{"environment: production\n", 1, 1, "audience", "is missing"},
	{LEAST "shell: /bin/sh\n", 8, 1, "shell", "unknown key"},
	{LEAST "operation: [x]\n", 8, 1, "operation", "did you mean \"operations\"?"},
	{LEAST "  a: -1\n", 8, 6, "min_votes.a", "0 to"},
	{LEAST "  a: 2\n", 8, 6, "min_votes", "more votes than \"reviewers\" has persons (1)"},
	{LEAST "  \"\": 0\n", 8, 3, "min_votes", "empty"},
	{LEAST "  a:\n", 8, 3, "min_votes", "a name without a value"},
	{LEAST "env: [~]\n", 8, 7, "env[0]", "string"},
	{LEAST "cwd_roots: [null]\n", 8, 13, "cwd_roots[0]", "string"},
	{"environment: e\naudience: a\noperations: [~]\nprograms: {}\nreviewers: []\nmin_votes: {}\n", 3,
	 14, "operations[0]", "string"},
	{"environment: e\naudience: a\noperations: [x]\nprograms: {sh}\nreviewers: []\nmin_votes: {}\n", 4,
	 12, "programs", "a name without a value"},
	{"environment: e\naudience: a\noperations: [x]\nprograms: {}\nreviewers: [~]\nmin_votes: {}\n", 5,
	 13, "reviewers[0]", "map"},
	{LEAST "path: bin\n", 8, 7, "path", "absolute directories"},
	{LEAST "path: \"/bin:\"\n", 8, 7, "path", "absolute directories"},
	{LEAST "path: \"/bin::/usr/bin\"\n", 8, 7, "path", "absolute directories"},
	{LEAST "path: \"/bin:.\"\n", 8, 7, "path", "absolute directories"},
	{LEAST "env: [PATH]\n", 8, 7, "env[0]", "decides which code"},
	{LEAST "env: [A, LD_PRELOAD]\n", 8, 10, "env[1]", "decides which code"},
	{LEAST "env: [BASH_ENV]\n", 8, 7, "env[0]", "decides which code"},
	{LEAST "env: [\"A=B\"]\n", 8, 7, "env[0]", "the name of a variable"},
	{LEAST "env: [\"1A\"]\n", 8, 7, "env[0]", "the name of a variable"},
	{LEAST "env: [\"A\\0\"]\n", 8, 7, "env[0]", "the name of a variable"},
	{LEAST "cwd_roots: [srv]\n", 8, 13, "cwd_roots[0]", "an absolute path"},
	{LEAST "cwd_roots: [/srv/]\n", 8, 13, "cwd_roots[0]", "an absolute path"},
	{LEAST "cwd_roots: [/srv/../etc]\n", 8, 13, "cwd_roots[0]", "an absolute path"},
	{LEAST "cwd_roots: [\"/a\\nb\"]\n", 8, 13, "cwd_roots[0]", "an absolute path"},
	{LEAST "max_parallel: 0\n", 8, 15, "max_parallel", "1 to 32"},
	{LEAST "max_parallel: 33\n", 8, 15, "max_parallel", "1 to 32"},
	{LEAST "timeout: 10\n", 8, 10, "timeout", "a duration"},
	{LEAST "timeout: 2d\n", 8, 10, "timeout", "to"},
	{LEAST "output_limit: 1GiB\n", 8, 15, "output_limit", "to"},
	{LEAST "user: \"a b\"\n", 8, 7, "user", "a name"},
	{LEAST "audience: x\n", 8, 1, "", "audience"},
	{"environment: e\naudience: a\noperations: []\nprograms: {}\nreviewers: []\nmin_votes: {}\n", 3,
	 13, "operations", "1 to"},
	{"environment: e\naudience: a\noperations: [x]\nprograms: {sh: sh}\nreviewers: []\n"
	 "min_votes: {}\n", 4, 16, "programs", "absolute paths"},
	{"environment: e\naudience: a\noperations: [x]\nprograms: {sh: /}\nreviewers: []\n"
	 "min_votes: {}\n", 4, 16, "programs", "absolute paths"},
	{"environment: e\naudience: a\noperations: [x]\nprograms: {/bin/sh: /bin/sh}\n"
	 "reviewers: []\nmin_votes: {}\n", 4, 21, "programs", "with a \"/\" in it"},
	{"environment: e\naudience: a\noperations: [x]\nprograms: {}\n"
	 "reviewers: [" ANA ", " ANA "]\nmin_votes: {}\n", 5, 100, "reviewers[1]",
	 "the name of reviewers[0]"},
	{"environment: e\naudience: a\noperations: [x]\nprograms: {}\n"
	 "reviewers: [" ANA ", {name: ben, person: ben, sign_public: \"" KEY_A "\"}]\n"
	 "min_votes: {}\n", 5, 138, "reviewers[1]", "the key of reviewers[0]"},
	{"environment: e\naudience: a\noperations: [x]\nprograms: {}\n"
	 "reviewers: [{name: ben, person: ben, sign_public: "
	 "\"!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!\"}]\nmin_votes: {}\n", 5, 51,
	 "reviewers[0]", "32 bytes in base64"},
	{"- a\n", 1, 1, "", "must be a map"},
};

Test(boundary, what_is_wrong_has_its_place)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_boundary boundary = {.environment = "untouched"};
		struct hp_error err = {0};
		cr_expect_eq(parse(&arena, bad[i].text, &boundary, &err), HP_INVALID, "%s",
			     bad[i].text);
		cr_expect_str_eq(boundary.environment, "untouched");
		cr_expect_eq(err.line, bad[i].line, "%s%u:%u", bad[i].text, err.line, err.column);
		cr_expect_eq(err.column, bad[i].column, "%s%u:%u", bad[i].text, err.line,
			     err.column);
		cr_expect_str_eq(err.field, bad[i].field, "%s%s", bad[i].text, err.field);
		cr_expect_not_null(strstr(err.message, bad[i].message), "%s%s", bad[i].text,
				   err.message);
		hp_arena_release(&arena);
	}
}

/* One person with two keys is one vote, so a file that asks for two can never be satisfied. */
Test(boundary, persons_are_counted_not_keys)
{
	struct hp_arena arena = {0};
	struct hp_boundary boundary;
	struct hp_error err = {0};
	const char *text = "environment: e\naudience: a\noperations: [x]\nprograms: {}\n"
			   "reviewers: [" ANA ", {name: ana2, person: ana, sign_public: \"" KEY_B
			   "\"}]\nmin_votes: {gated: 2}\n";
	cr_assert_eq(parse(&arena, text, &boundary, &err), HP_INVALID);
	cr_assert_not_null(strstr(err.message, "(1)"), "%s", err.message);
	hp_arena_release(&arena);
}
