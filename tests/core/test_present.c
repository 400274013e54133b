/* One request as a person reads it (present.h's invariants by number). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/present.h"
#include "core/vote.h"

static struct hp_arena arena;
static uint8_t digest[HP_HASH_BYTES] = {1, 2, 3, 4};

static void
stop(void)
{
	hp_arena_release(&arena);
}

TestSuite(present, .fini = stop);

static const struct hp_value *
json(const char *text)
{
	const struct hp_value *value = NULL;
	struct hp_error err = {0};

	cr_assert_eq(hp_json_load(&arena, text, strlen(text), &value, &err), HP_OK, "%s",
	             err.message);
	return value;
}

static struct hp_present
present(const struct hp_value *canonical, const struct hp_value *reply, size_t columns, bool ascii)
{
	const struct hp_present_options options = {.columns = columns, .ascii = ascii};
	struct hp_present page;

	cr_assert_eq(hp_present_request(&arena, canonical, reply, digest, &options, &page), HP_OK);
	return page;
}

/* The lines of one section, joined by newlines. */
static const char *
section(const struct hp_present *page, enum hp_section section)
{
	struct hp_buf text = {0};

	for (size_t i = 0; i < page->count; i++) {
		if (page->lines[i].section != section)
			continue;
		hp_buf_add(&text, page->lines[i].text, page->lines[i].len);
		hp_buf_add_text(&text, "\n");
	}
	const char *copy = hp_arena_copy(&arena, hp_buf_text(&text), text.len);
	hp_buf_release(&text);
	return copy;
}

static const char *
show(const char *canonical, enum hp_section which)
{
	struct hp_present page = present(json(canonical), NULL, 80, false);

	return section(&page, which);
}

Test(present, what_holds_every_field_of_the_action)
{
	cr_assert_str_eq(
		show("{\"operation\": \"s3:DeleteBucket\", \"environment\": \"production\","
	             " \"class\": [\"delete\", \"bulk_modify\"], \"tier\": \"gated\","
	             " \"effect\": \"escalate\", \"resources\": [\"a\", \"b c\"],"
	             " \"arguments\": {\"Force\": true, \"N\": [1, 2.5, null, {\"k\": \"v w\"}]},"
	             " \"command\": [\"/bin/rm\", \"-rf\", \"a b\", \"\", \"q\\\"\\\\\"],"
	             " \"cwd\": \"/srv\", \"env\": {\"A B\": \"1\"},"
	             " \"files\": [{\"path\": \"x.sql\", \"sha256\": \"00ff\", \"mode\": 7}],"
	             " \"audience\": \"executor\","
	             " \"findings\": [{\"rule\": \"environment\", \"message\": \"said staging\"},"
	             "  {\"rule\": \"payload\", \"message\": \"9 bytes\"}]}",
	             HP_SECTION_WHAT),
		"s3:DeleteBucket\n"
		"environment production · class delete, bulk_modify · tier gated ·\n"
		"  escalate\n"
		"environment said staging ⚑\n"
		"resource a\n"
		"resource b c\n"
		"argument Force = true\n"
		"argument N = [1, 2.5, null, {k: \"v w\"}]\n"
		"command /bin/rm -rf \"a b\" \"\" \"q\\\"\\\\\"\n"
		"cwd /srv\n"
		"env \"A B\" = 1\n"
		"file x.sql\n"
		"file's sha256 00ff\n"
		"also mode = 7\n"
		"payload 9 bytes\n"
		"audience executor\n");
}

Test(present, what_is_absent_is_said_where_it_matters)
{
	cr_assert_str_eq(show("{}", HP_SECTION_ROLLBACK), "none ⚑\n");
	cr_assert_str_eq(show("{}", HP_SECTION_ALTERNATIVES), "none given ⚑\n");
	cr_assert_str_eq(show("{}", HP_SECTION_IMPACT),
	                 "resources not said · cost not said · downtime not said · users not\n"
	                 "  said · reversible not said ⚑\n");
}

Test(present, impact)
{
	static const struct {
		const char *canonical, *text;
	} cases[] = {
		{"{\"impact\": {\"resources_affected\": 14, \"cost_usd\": 0, \"downtime_s\": 46800,"
	         " \"users_affected\": 40000, \"reversible\": false}}",
	         "14 resources · $0 · down 13 h · 40 000 users · irreversible ⚑\n"},
		{"{\"impact\": {\"resources_affected\": 1, \"cost_usd\": 1234567500000,"
	         " \"downtime_s\": 0, \"users_affected\": 1, \"reversible\": true,"
	         " \"note\": \"one\\ntwo\"}}",
	         "1 resource · $1 234 567.50 · no downtime · 1 user · reversible\n"
	         "│ one                                              (the agent's words)\n"
	         "│ two\n"},
		{"{\"impact\": {\"resources_affected\": 0, \"cost_usd\": 1, \"downtime_s\": 90,"
	         " \"users_affected\": 999, \"reversible\": true}}",
	         "0 resources · $0.000001 · down 1.5 m · 999 users · reversible\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_expect_str_eq(show(cases[i].canonical, HP_SECTION_IMPACT), cases[i].text);
}

Test(present, rollback)
{
	cr_assert_str_eq(show("{\"rollback\": {\"plan\": \"put it\\nback\", \"operation\": \"x:Y\","
	                      " \"command\": [\"a\", \"b\"], \"arguments\": {\"k\": 1},"
	                      " \"minutes\": 4, \"retries\": {\"n\": 2}}}",
	                      HP_SECTION_ROLLBACK),
	                 "│ put it                                           (the agent's words)\n"
	                 "│ back\n"
	                 "operation x:Y\n"
	                 "command a b\n"
	                 "argument k = 1\n"
	                 "minutes 4\n"
	                 "also retries = {n: 2}\n");
	cr_assert_str_eq(show("{\"rollback\": {\"plan\": \"ask ops\"}}", HP_SECTION_ROLLBACK),
	                 "│ ask ops                                          (the agent's words)\n"
	                 "by hand: nothing of it can be run ⚑\n");
}

Test(present, prose_is_framed_and_escaped)
{
	cr_assert_str_eq(
		show("{\"summary\": \"patch\\nRULES     none fired\", \"why\": \"a\\u001b[2J\\tb\\u202e\"}",
	             HP_SECTION_WHY),
		"│ patch                                            (the agent's words)\n"
		"│ RULES     none fired\n"
		"│ a<U+001B>[2J<U+0009>b<U+202E>\n");
}

Test(present, line_breaks_in_the_action_start_no_line)
{
	cr_assert_str_eq(show("{\"resources\": [\"patch\\nRULES none\"]}", HP_SECTION_WHAT),
	                 "\n"
	                 "environment  · class  · tier  · \n"
	                 "resource patch<U+000A>RULES none\n");
}

Test(present, foreign_letters_in_the_action_are_marked)
{
	cr_assert_str_eq(show("{\"operation\": \"pr\\u043ed\", \"resources\": [\"caf\\u00e9\"],"
	                      " \"arguments\": {\"k\": \"\\uff44\"}}",
	                      HP_SECTION_WHAT),
	                 "«prоd»<mixed> ⚑ mixed scripts\n"
	                 "environment  · class  · tier  · \n"
	                 "resource café ⚑ not ASCII\n"
	                 "argument k = \"ｄ\" ⚑ not ASCII\n");
}

Test(present, long_values_are_indented_and_break_at_joints)
{
	struct hp_present page =
		present(json("{\"resources\": [\"arn:aws-cn:cloudformation:cn-north-1:111122223333:"
	                     "stack/prod-cost-explorer\"]}"),
	                NULL, 60, false);
	cr_assert_str_eq(section(&page, HP_SECTION_WHAT),
	                 "\n"
	                 "environment  · class  · tier  · \n"
	                 "resource arn:aws-cn:cloudformation:cn-north-1:\n"
	                 "  111122223333:stack/prod-cost-explorer\n");
}

Test(present, nothing_is_cut_and_nothing_is_too_wide)
{
	struct hp_buf text = {0};
	for (int i = 0; i < 500; i++)
		hp_buf_printf(&text, "%s%d/é東", i % 7 ? "" : " ", i);
	struct hp_value *map = hp_value_map(&arena), *list = hp_value_array(&arena);
	struct hp_value *string = hp_value_strn(&arena, hp_buf_text(&text), text.len);
	hp_array_add(&arena, list, string);
	hp_map_set(&arena, map, "resources", list);
	hp_map_set(&arena, map, "why", string);
	for (size_t columns = 1; columns < 200; columns += 7) {
		struct hp_present page = present(map, NULL, columns, false);
		size_t room =
			(columns < HP_PRESENT_COLUMNS_MIN ? HP_PRESENT_COLUMNS_MIN : columns) -
			HP_PRESENT_LABEL;
		size_t digits = 0, wanted = 0;
		for (size_t i = 0; i < page.count; i++) {
			const struct hp_present_line *line = &page.lines[i];
			cr_assert_leq(hp_text_width(line->text, line->len), room, "%.*s",
			              (int)line->len, line->text);
			if (line->section == HP_SECTION_WHY)
				for (size_t j = 0; j < line->len; j++)
					digits += line->text[j] >= '0' && line->text[j] <= '9';
		}
		for (size_t j = 0; j < text.len; j++)
			wanted += text.data[j] >= '0' && text.data[j] <= '9';
		cr_assert_eq(digits, wanted, "at %zu columns", columns);
	}
	hp_buf_release(&text);
}

Test(present, long_text_is_laid_out_in_time)
{
	struct hp_buf text = {0};
	for (size_t i = 0; i < 64 * 1024; i++)
		hp_buf_add_text(&text, "x");
	struct hp_value *map = hp_value_map(&arena);
	hp_map_set(&arena, map, "why", hp_value_strn(&arena, hp_buf_text(&text), text.len));
	struct hp_present page = present(map, NULL, 80, false);
	cr_assert_gt(page.count, 64 * 1024 / 70);
	hp_buf_release(&text);
}

Test(present, ascii_is_ascii)
{
	struct hp_present page = present(
		json("{\"operation\": \"caf\\u00e9\", \"why\": \"\\u6771\\u4eac\","
	             " \"findings\": [{\"layer\": 1, \"message\": \"m\", \"effect\": \"hold\","
	             " \"rule\": \"r\", \"line\": 3}]}"),
		NULL, 80, true);
	for (size_t i = 0; i < page.count; i++)
		for (size_t j = 0; j < page.lines[i].len; j++)
			cr_assert(page.lines[i].text[j] >= ' ' && page.lines[i].text[j] <= '~',
			          "%s", page.lines[i].text);
	cr_assert_str_eq(section(&page, HP_SECTION_WHY), "| <U+6771><U+4EAC>\n");
	cr_assert_str_eq(
		section(&page, HP_SECTION_RULES),
		"1 m -> hold (r)                                          policy.yaml:3\n");
}

Test(present, spot_checks_stand_among_the_notes)
{
	struct hp_present page = present(
		json("{\"summary\": \"s\"}"),
		json("{\"spot_checks\": [{\"by\": \"ada\", \"person\": \"ada\", \"at_ms\": 0,"
	             " \"finding\": \"concern\", \"note\": \"three\\u001b, not two\"},"
	             " {\"by\": \"bo\", \"at_ms\": 0, \"finding\": \"ok\"}]}"),
		80, true);
	cr_assert_str_eq(section(&page, HP_SECTION_NOTES),
	                 "ada, 1970-01-01T00:00:00Z, spot check: concern\n"
	                 "| three<U+001B>, not two\n"
	                 "bo, 1970-01-01T00:00:00Z, spot check: ok\n");
}

Test(present, sections_come_in_order_and_their_ends_are_known)
{
	struct hp_present page = present(
		json("{\"summary\": \"s\", \"evidence\": [{\"label\": \"l\", \"text\": \"t\"}],"
	             " \"findings\": [{}], \"quorum\": [{\"groups\": [\"a\", \"b\"],"
	             " \"count\": 2}]}"),
		json("{\"approvals\": 1, \"needed\": 2, \"notes\": [{\"by\": \"n\","
	             " \"text\": \"x\"}], \"history\": [{\"state\": \"pending\"}]}"),
		80, false);
	enum hp_section expected = HP_SECTION_WHAT;
	for (size_t i = 0; i < page.count; i++) {
		bool first = page.lines[i].flags & HP_LINE_FIRST;
		if (expected == HP_SECTION_AGENT)
			expected = HP_SECTION_DIGEST; /* nothing related was given */
		bool last = i + 1 == page.count || page.lines[i + 1].section != expected;
		cr_assert_eq(page.lines[i].section, expected);
		cr_assert_eq(first, i == 0 || page.lines[i - 1].section != expected);
		cr_assert_leq(strlen(hp_present_label(expected)), HP_PRESENT_LABEL - 1);
		if (last)
			cr_assert_eq(page.last[expected++], i);
	}
	cr_assert_eq(expected, HP_SECTION_COUNT);
}

/* A vote as the broker serves it, signed with this seed. */
static struct hp_value *
served_vote(const uint8_t *on, bool approve, bool break_signature)
{
	uint8_t seed[HP_SIGN_SEED_BYTES] = {7}, key[HP_SIGN_PUBLIC_BYTES];
	uint8_t signature[HP_SIGNATURE_BYTES];
	const struct hp_vote vote = {.instance = "i",
	                             .request = "r",
	                             .digest = on,
	                             .approve = approve,
	                             .reason = "because\nof this",
	                             .by = "mia",
	                             .at_ms = 0};
	struct hp_value *map = hp_value_map(&arena);
	struct hp_buf body = {0};

	hp_crypto_sign_public(seed, key);
	cr_assert_eq(hp_vote_encode(&vote, &body), HP_OK);
	cr_assert_eq(hp_vote_sign(&vote, seed, signature), HP_OK);
	signature[0] ^= break_signature;
	hp_map_set_str(&arena, map, "by", "mia");
	hp_map_set_str(&arena, map, "person", "Mia");
	hp_map_set_bin(&arena, map, "body", body.data, body.len);
	hp_map_set_bin(&arena, map, "signature", signature, sizeof signature);
	hp_map_set_bin(&arena, map, "sign_public", key, sizeof key);
	hp_buf_release(&body);
	return map;
}

Test(present, votes_are_shown_as_they_were_signed)
{
	static const uint8_t other[HP_HASH_BYTES] = {9};
	struct hp_value *votes = hp_value_array(&arena), *reply = hp_value_map(&arena);
	struct hp_value *lie = served_vote(digest, false, false), *empty = hp_value_map(&arena);

	cr_assert_eq(hp_crypto_start(), HP_OK);
	hp_map_set_str(&arena, lie, "decision", "approve");
	hp_map_set_str(&arena, empty, "by", "nobody");
	hp_array_add(&arena, votes, served_vote(digest, true, false));
	hp_array_add(&arena, votes, lie);
	hp_array_add(&arena, votes, served_vote(digest, true, true));
	hp_array_add(&arena, votes, served_vote(other, true, false));
	hp_array_add(&arena, votes, empty);
	hp_map_set(&arena, reply, "votes", votes);
	struct hp_present page = present(json("{}"), reply, 80, false);
	cr_assert_str_eq(section(&page, HP_SECTION_QUORUM),
	                 "0 of 0 given\n"
	                 "mia (Mia): approve, 1970-01-01T00:00:00Z\n"
	                 "│ because\n"
	                 "│ of this\n"
	                 "mia (Mia): deny, 1970-01-01T00:00:00Z\n"
	                 "│ because\n"
	                 "│ of this\n"
	                 "mia (Mia): a vote whose signature does not verify ⚑\n"
	                 "mia (Mia): a vote on other content ⚑\n"
	                 "nobody (): a vote that cannot be read ⚑\n");
}

static void
mark(struct hp_buf *buf, const char *text, size_t len, unsigned flags)
{
	hp_buf_printf(buf, "<%.*s>", (int)len, text);
}

Test(present, every_strangers_string_goes_through_the_escape)
{
	const struct hp_present_options options = {.columns = 100, .escape = mark};
	struct hp_present page;
	const struct hp_value *canonical = json(
		"{\"operation\": \"X\", \"environment\": \"X\", \"class\": [\"X\"],"
		" \"tier\": \"X\", \"effect\": \"X\", \"resources\": [\"X\"],"
		" \"arguments\": {\"X\": \"X\"}, \"command\": [\"X\"], \"cwd\": \"X\","
		" \"env\": {\"X\": \"X\"}, \"files\": [{\"path\": \"X\", \"sha256\": \"X\"}],"
		" \"audience\": \"X\", \"summary\": \"X\", \"why\": \"X\","
		" \"impact\": {\"note\": \"X\"}, \"alternatives\": [{\"approach\": \"X\","
		" \"rejected_because\": \"X\"}], \"rollback\": {\"plan\": \"X\","
		" \"operation\": \"X\", \"command\": [\"X\"], \"arguments\": {\"X\": \"X\"}},"
		" \"session\": \"X\", \"branch\": \"X\", \"requester\": \"X\", \"owner\": \"X\","
		" \"mode\": \"X\", \"supersedes\": \"X\", \"id\": \"X\","
		" \"evidence\": [{\"label\": \"X\", \"text\": \"X\"}],"
		" \"findings\": [{\"rule\": \"X\", \"message\": \"X\", \"effect\": \"X\"}],"
		" \"quorum\": [{\"groups\": [\"X\"], \"count\": 1}]}");
	const struct hp_value *reply =
		json("{\"notes\": [{\"by\": \"X\", \"text\": \"X\"}], \"votes\": [{\"by\": \"X\","
	             " \"person\": \"X\"}], \"history\": [{\"state\": \"X\", \"by\": \"X\","
	             " \"reason\": \"X\"}]}");
	cr_assert_eq(hp_present_request(&arena, canonical, reply, digest, &options, &page), HP_OK);
	size_t found = 0;
	for (size_t i = 0; i < page.count; i++) {
		const char *text = page.lines[i].text;
		for (const char *x = strchr(text, 'X'); x; x = strchr(x + 1, 'X')) {
			cr_expect(x > text && x[-1] == '<' && x[1] == '>', "%s", text);
			found++;
		}
	}
	cr_assert_eq(found, 45, "each of the 45 strings above once, found %zu", found);
}

Test(present, confirmations)
{
	static const struct {
		const char *canonical, *text, *what;
	} cases[] = {
		{"{\"tier\": \"gated\", \"resources\": [\"db/orders-ro\", \"x\"]}", "orders-ro",
	         "the resource's name"},
		{"{\"tier\": \"gated\", \"resources\": [\"arn:aws:s3:::bucket\"]}", "bucket",
	         "the resource's name"},
		{"{\"tier\": \"gated\", \"resources\": [\"plain\"]}", "plain",
	         "the resource's name"},
		{"{\"tier\": \"gated\", \"resources\": [\"db/12345678901234567890\"]}",
	         "12345678901234567890", "the resource's name"},
		{"{\"tier\": \"gated\", \"resources\": [\"db/123456789012345678901\"]}", "bcde",
	         "this code"},
		{"{\"tier\": \"gated\", \"resources\": [\"db/\"]}", "bcde", "this code"},
		{"{\"tier\": \"gated\", \"resources\": [\"db/a b\"]}", "bcde", "this code"},
		{"{\"tier\": \"gated\", \"resources\": [\"db/caf\\u00e9\"]}", "bcde", "this code"},
		{"{\"tier\": \"gated\", \"resources\": [7]}", "bcde", "this code"},
		{"{\"tier\": \"gated\", \"operation\": \"k8s:Restart\", \"resources\": []}",
	         "Restart", "the operation's name"},
		{"{\"tier\": \"supervised\", \"resources\": [\"db/x\"]}", "yes", "the word"},
		{"{\"tier\": \"autonomous\"}", "yes", "the word"},
		{"{\"resources\": [\"db/x\"]}", "x", "the resource's name"},
		{"{\"tier\": \"new one\", \"resources\": [\"db/x\"]}", "x", "the resource's name"},
		{"{}", "bcde", "this code"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_confirmation confirmation;
		hp_present_confirmation(json(cases[i].canonical), digest, &confirmation);
		cr_expect_str_eq(confirmation.text, cases[i].text, "%s", cases[i].canonical);
		cr_expect_str_eq(confirmation.what, cases[i].what, "%s", cases[i].canonical);
	}
}

/* --- what was asked before --- */

static const char *
related(const char *canonical, const struct hp_present_related *lists, enum hp_section which)
{
	const struct hp_present_options options = {.columns = 80, .related = lists};
	struct hp_present page;

	cr_assert_eq(hp_present_request(&arena, json(canonical), NULL, digest, &options, &page),
	             HP_OK);
	return section(&page, which);
}

#define MINE                                                                                       \
	"{\"id\": \"1\", \"operation\": \"rds:DeleteDBInstance\", \"resources\": [\"db/orders\"],"     \
	"\"summary\": \"drop the old replica\", \"session\": \"s\"}"

Test(present, related_requests_but_not_this_one)
{
	struct hp_present_related lists = {
		.agent = json("[{\"id\": \"1\", \"state\": \"pending\"},"
	                      "{\"id\": \"2\", \"state\": \"denied\", \"submitted_ms\": 0,"
	                      " \"operation\": \"x:Y\", \"resource\": \"r\"}]"),
		.resource = json("[{\"id\": \"1\"}]"),
	};
	cr_expect_str_eq(related(MINE, &lists, HP_SECTION_AGENT),
	                 "1 other request: 1 denied\n1970-01-01T00:00:00Z denied: x:Y r\n");
	cr_expect_str_eq(related(MINE, &lists, HP_SECTION_RESOURCE),
	                 "no other request names it first\n");
	cr_expect_str_eq(related(MINE, &lists, HP_SECTION_SESSION),
	                 "no other request of this session\n");
	cr_expect_str_eq(related("{}", &lists, HP_SECTION_RESOURCE), "");
	cr_expect_str_eq(related("{}", NULL, HP_SECTION_AGENT), "");
}

Test(present, more_than_a_few_are_counted)
{
	struct hp_present_related lists = {
		.session = json("[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"},{\"id\":\"d\"},"
	                        "{\"id\":\"e\"},{\"id\":\"f\"},{\"id\":\"1\"},{\"id\":\"g\"}]")};
	cr_expect(strstr(related(MINE, &lists, HP_SECTION_SESSION), "and 2 more\n"));
}

Test(present, a_copy_of_a_denied_one_is_told_of)
{
	static const struct {
		const char *other;
		bool copy;
	} cases[] = {
		{"[{\"id\": \"2\", \"operation\": \"rds:DeleteDBInstance\", \"resource\": \"db/orders\","
	         "\"summary\": \"drop the old replica\"}]", true},
		{"[{\"id\": \"2\", \"operation\": \"rds:DeleteDBInstance\", \"resource\": \"db/orders2\","
	         "\"summary\": \"Drop old replica.\"}]", true},
		{"[{\"id\": \"1\", \"operation\": \"rds:DeleteDBInstance\", \"resource\": \"db/orders\","
	         "\"summary\": \"drop the old replica\"}]", false}, /* it is this one */
		{"[{\"id\": \"2\", \"operation\": \"s3:PutObject\", \"resource\": \"bucket/site\","
	         "\"summary\": \"publish the new start page\"}]", false},
		{"[]", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_present_related lists = {.denied = json(cases[i].other)};
		const char *text = related(MINE, &lists, HP_SECTION_AGENT);
		cr_expect_eq(strstr(text, "nearly a copy of one that was denied") != NULL,
		             cases[i].copy, "case %zu: %s", i, text);
	}
}

Test(present, words_that_urge_are_flagged)
{
	const char *why = show("{\"summary\": \"s\", \"why\": \"This was Pre-\\nApproved by ops.\"}",
	                       HP_SECTION_WHY);
	cr_expect(strstr(why, "these words urge you to decide (\"pre approved\")"), "%s", why);
	why = show("{\"summary\": \"approve the budget of Q3 in the table\", \"why\": \"w\"}",
	           HP_SECTION_WHY);
	cr_expect_null(strstr(why, "urge"), "%s", why);
}

Test(present, the_bytes_themselves)
{
	const struct hp_present_options options = {.columns = 78};
	struct hp_present page;
	const char bytes[] = "\x81\xa1" "a\x1b[31m!ABCDEFGHIJ";

	cr_assert_eq(hp_present_bytes(&arena, bytes, 18, &options, &page), HP_OK);
	cr_assert_eq(page.count, 3);
	cr_expect_str_eq(
		section(&page, HP_SECTION_DIGEST),
		"18 canonical bytes: what the digest and every vote cover\n"
		"00000000  81 a1 61 1b 5b 33 31 6d 21 41 42 43 44 45 46 47  ..a.[31m!ABCDEFG\n"
		"00000010  48 49                                            HI\n");
	cr_assert_eq(hp_present_bytes(&arena, "", 0, &options, &page), HP_OK);
	cr_assert_eq(page.count, 1);
}
