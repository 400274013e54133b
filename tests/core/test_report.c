/* The report's engine: ranges, bounds, durations, citations, keys; whatever a log holds. */
#include "tests/core/vectors.h"

#include <stdio.h>

#include "core/msgpack.h"
#include "core/report.h"

static struct hp_arena arena;
static struct hp_report *report;
static uint64_t next;

static void
begin(int64_t from_ms, int64_t to_ms)
{
	const struct hp_report_options options = {"hp.example/<t>", from_ms, to_ms};
	next = 0;
	cr_assert_eq(hp_report_new(&options, &report), HP_OK);
}

static void
start(void)
{
	begin(INT64_MIN, INT64_MAX);
}

static void
stop(void)
{
	hp_report_free(report);
	hp_arena_release(&arena);
}

TestSuite(report, .init = start, .fini = stop);

static void
feed(int64_t wall_ms, const char *event, const char *actor, const char *request,
     const struct hp_value *body)
{
	static const uint8_t boot[16];
	const struct hp_leaf leaf = {.seq = next++, .wall_ms = wall_ms, .boot_id = boot,
				     .event = event, .actor = actor, .request = request};
	struct hp_buf bytes = {0};
	if (body)
		cr_assert_eq(hp_msgpack_encode(body, &bytes, NULL), HP_OK);
	const struct hp_str text = {body ? (const char *)bytes.data : NULL, bytes.len};
	cr_assert_eq(hp_report_leaf(report, &leaf, text), HP_OK);
	hp_buf_release(&bytes);
}

static const struct hp_value *
finish(void)
{
	const struct hp_report_proof proof = {.verified = true, .leaves = next, .text = "it verifies"};
	hp_report_finish(report, &proof);
	return hp_report_to_value(report, &arena);
}

static const struct hp_value *
figure(const struct hp_value *value, const char *name)
{
	const struct hp_value *figures = hp_map_get(value, "figures");
	for (size_t i = 0; i < hp_value_count(figures); i++)
		if (hp_value_is(hp_map_get(hp_array_get(figures, i), "name"), name))
			return hp_array_get(figures, i);
	cr_assert_fail("no figure %s", name);
	return NULL;
}

/* The row of this label; NULL. */
static const struct hp_value *
row(const struct hp_value *of, const char *label)
{
	const struct hp_value *rows = hp_map_get(of, "rows");
	for (size_t i = 0; i < hp_value_count(rows); i++)
		if (hp_value_is(hp_map_get(hp_array_get(rows, i), "label"), label))
			return hp_array_get(rows, i);
	return NULL;
}

static const struct hp_value *
vote(const char *person, const char *decision)
{
	struct hp_value *body = hp_value_map(&arena);
	hp_map_set_str(&arena, body, "person", person);
	hp_map_set_str(&arena, body, "decision", decision);
	return body;
}

static void
decide(const char *id, int64_t from_ms, int64_t after_ms, const char *person, const char *decision)
{
	feed(from_ms, "request.pending", "agent", id, hp_value_map(&arena));
	feed(from_ms + after_ms, "vote", "ann", id, vote(person, decision));
	feed(from_ms + after_ms, strcmp(decision, "approve") == 0 ? "request.granted" : "request.denied",
	     "ann", id, hp_value_map(&arena));
}

Test(report, an_empty_log_has_every_figure)
{
	const struct hp_value *value = finish();
	cr_assert_geq(hp_value_count(hp_map_get(value, "figures")), 30);
	cr_assert_eq(hp_value_count(hp_map_get(value, "checks")), 8);
	for (size_t i = 0; i < hp_value_count(hp_map_get(value, "figures")); i++)
		cr_expect_eq(hp_map_get_int(hp_array_get(hp_map_get(value, "figures"), i), "count", -1), 0);
}

Test(report, times_are_within_three_percent_and_their_ends_exact)
{
	static const int64_t all[] = {0, 1, 31, 63, 64, 1000, 4999, 60000, 3600000, 86400000};
	enum { COUNT = sizeof all / sizeof all[0] };
	char id[40];
	for (int i = 0; i < COUNT; i++) {
		hp_report_free(report);
		begin(INT64_MIN, INT64_MAX);
		snprintf(id, sizeof id, "r%d", i);
		decide(id, 1000, all[i], "Ann", "approve");
		const struct hp_value *times = figure(finish(), "time_to_decide");
		int64_t median = hp_map_get_int(times, "median_ms", -1);
		cr_expect_eq(hp_map_get_int(times, "most_ms", -1), all[i]);
		cr_expect(median <= all[i] && median >= all[i] - all[i] / 32, "%lld of %lld",
			  (long long)median, (long long)all[i]);
	}
}

Test(report, people_are_told_apart_and_runs_end_with_a_denial)
{
	static const char *const decisions[] = {"approve", "approve", "deny", "approve"};
	char id[40];
	for (int i = 0; i < 4; i++) {
		snprintf(id, sizeof id, "r%d", i);
		decide(id, 1000 * i, i == 3 ? 9000 : 10, i == 3 ? "Bob" : "Ann", decisions[i]);
	}
	const struct hp_value *value = finish();
	cr_expect_eq(hp_map_get_int(row(figure(value, "in_a_row"), "Ann"), "count", -1), 2);
	cr_expect_eq(hp_map_get_int(row(figure(value, "approved_share"), "Ann"), "count", -1), 66);
	cr_expect_eq(hp_map_get_int(row(figure(value, "approved_share"), "Bob"), "count", -1), 100);
	cr_expect_eq(hp_map_get_int(row(figure(value, "approved_fast"), "Ann"), "count", -1), 2);
	cr_expect_null(row(figure(value, "approved_fast"), "Bob"));
}

Test(report, what_is_before_the_range_is_remembered_and_not_counted)
{
	hp_report_free(report);
	begin(5000, 6000);
	feed(1000, "request.pending", "agent", "r", hp_value_map(&arena));
	feed(1500, "refused", "x", "", hp_value_map(&arena));
	feed(5500, "vote", "ann", "r", vote("Ann", "deny"));
	feed(6000, "refused", "x", "", hp_value_map(&arena));
	const struct hp_value *value = finish();
	cr_expect_eq(hp_map_get_int(value, "leaves", -1), 1);
	cr_expect_eq(hp_map_get_int(figure(value, "refused"), "count", -1), 0);
	cr_expect_eq(hp_map_get_int(figure(value, "time_to_decide"), "most_ms", -1), 4500);
}

Test(report, rows_are_bounded_and_the_rest_is_others)
{
	char code[24];
	for (int i = 0; i < 1000; i++) {
		struct hp_value *body = hp_value_map(&arena);
		snprintf(code, sizeof code, "code-%d", i);
		hp_map_set_str(&arena, body, "code", code);
		feed(i, "refused", "x", "", body);
	}
	const struct hp_value *refused = figure(finish(), "refused");
	cr_expect_eq(hp_value_count(hp_map_get(refused, "rows")), 200);
	cr_expect_eq(hp_map_get_int(row(refused, "(others)"), "count", -1), 801);
	cr_expect_eq(hp_map_get_int(refused, "count", -1), 1000);
	const struct hp_value *cited = hp_map_get(refused, "leaves");
	cr_assert_eq(hp_value_count(cited), 4);
	cr_expect_eq(hp_array_get(cited, 0)->natural, 0);
	cr_expect_eq(hp_array_get(cited, 3)->natural, 999);
}

static struct hp_value *
principal(const char *name, const char *key, bool revoked)
{
	struct hp_value *entry = hp_value_map(&arena);
	hp_map_set_str(&arena, entry, "name", name);
	hp_map_set_str(&arena, entry, "sign_public", key);
	hp_map_set_str(&arena, entry, "curve_public", "curve");
	if (revoked)
		hp_map_set_bool(&arena, entry, "revoked", true);
	return entry;
}

static void
load(int64_t first, struct hp_value *one, struct hp_value *two)
{
	struct hp_value *body = hp_value_map(&arena), *list = hp_value_array(&arena);
	hp_array_add(&arena, list, one);
	if (two)
		hp_array_add(&arena, list, two);
	hp_map_set_int(&arena, body, "first", first);
	hp_map_set(&arena, body, "principals", list);
	feed((int64_t)next * 1000, "principals", "admin", "", body);
}

Test(report, a_key_has_its_history)
{
	static const char *const told[] = {
		"ann enrolled, signing key k1", "bob enrolled, signing key k2",
		"cid enrolled, signing key k3", "bob given another key, signing key k4",
		"bob revoked, signing key k4",	"cid removed, signing key k3",
		"cid enrolled, signing key k3", "bob removed, signing key k4",
	};
	load(0, principal("ann", "k1", false), principal("bob", "k2", false));
	load(2, principal("cid", "k3", false), NULL); /* the same set goes on */
	load(0, principal("ann", "k1", false), principal("bob", "k4", false));
	load(2, principal("cid", "k3", false), NULL);
	load(0, principal("ann", "k1", false), principal("bob", "k4", true));
	load(0, principal("ann", "k1", false), principal("bob", "k4", true)); /* cid was not in the last */
	load(0, principal("ann", "k1", false), principal("cid", "k3", false));
	const struct hp_value *rows = hp_map_get(figure(finish(), "key_history"), "rows");
	size_t count = sizeof told / sizeof told[0];
	cr_assert_eq(hp_value_count(rows), count, "%zu", hp_value_count(rows));
	for (size_t i = 0; i < count; i++) {
		const char *label = hp_map_get_str(hp_array_get(rows, i), "label", "");
		cr_expect_not_null(strstr(label, told[i]), "%zu: %s", i, label);
	}
}

Test(report, a_hostile_log_stays_text)
{
	static const char hostile[] = "</td><script>\"'&\033[31m\u202e";
	struct hp_buf text = {0}, html = {0};
	struct hp_value *body = hp_value_map(&arena);
	hp_map_set_str(&arena, body, "code", hostile);
	feed(0, "refused", hostile, hostile, body);
	feed(0, hostile, hostile, hostile, hp_value_bin(&arena, "x", 1));
	feed(0, "vote", "x", "y", NULL);
	feed(0, "erase", "x", "y", hp_value_array(&arena));
	finish();
	hp_report_add_text(report, &text);
	hp_report_add_html(report, &html);
	const struct hp_buf *const outputs[] = {&text, &html};
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < outputs[i]->len; j++)
			cr_assert(outputs[i]->data[j] >= ' ' || outputs[i]->data[j] == '\n',
				  "%zu: byte %zu", i, j);
	cr_expect_null(strstr(hp_buf_text(&html), "<script"));
	cr_expect_null(strstr(hp_buf_text(&html), "\u202e"));
	cr_expect_null(strstr(hp_buf_text(&html), "example/<t>"));
	cr_expect_not_null(strstr(hp_buf_text(&html), "&lt;/td&gt;&lt;script&gt;&quot;&#39;&amp;&lt;U+001B"));
	hp_buf_release(&text);
	hp_buf_release(&html);
}
