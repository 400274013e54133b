#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "core/meter.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define NOW INT64_C(1795300000000)

static struct hp_str
bytes_of(const struct hp_buf *buf)
{
	return (struct hp_str){(const char *)buf->data, buf->len};
}

/* --- token buckets --- */

/* Takes as many as there are. */
static int
drain(struct hp_bucket *bucket)
{
	int taken = 0;
	while (hp_bucket_take(bucket))
		taken++;
	return taken;
}

Test(meter, a_bucket_gives_its_burst_and_then_its_rate)
{
	static const struct {
		int64_t after_ms;
		int taken;
		int64_t wait_ms;
	} steps[] = {
		{0, 5, 12000},	   {11999, 0, 1},   {12000, 1, 12000}, {18000, 0, 6000},
		{36000, 2, 12000}, {96000, 5, 12000}, {DAY, 5, 12000},
	};
	struct hp_bucket bucket;
	hp_bucket_init(&bucket, 5, NOW);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		hp_bucket_fill(&bucket, 5, 5, NOW + steps[i].after_ms);
		cr_expect_eq(drain(&bucket), steps[i].taken, "step %zu", i);
		cr_expect_eq(hp_bucket_wait_ms(&bucket, 5), steps[i].wait_ms,
			     "step %zu: %" PRId64, i, hp_bucket_wait_ms(&bucket, 5));
	}
}

Test(meter, a_bucket_loses_no_part_of_a_token)
{
	/* 7 a minute, filled every millisecond for an hour: 420, to the token. */
	struct hp_bucket bucket;
	int taken = 0;
	hp_bucket_init(&bucket, 1, NOW);
	taken -= drain(&bucket);
	taken = 0;
	for (int64_t ms = 1; ms <= HOUR; ms++) {
		hp_bucket_fill(&bucket, 7, 1, NOW + ms);
		taken += hp_bucket_take(&bucket);
	}
	cr_expect_geq(taken, 419, "%d", taken);
	cr_expect_leq(taken, 420, "%d", taken);
}

Test(meter, a_clock_that_goes_backwards_gives_no_tokens)
{
	struct hp_bucket bucket;
	hp_bucket_init(&bucket, 5, NOW);
	cr_assert_eq(drain(&bucket), 5);
	hp_bucket_fill(&bucket, 5, 5, NOW - DAY);
	cr_expect_eq(drain(&bucket), 0);
	hp_bucket_fill(&bucket, 5, 5, NOW);
	cr_expect_eq(drain(&bucket), 0, "the same time twice");
	hp_bucket_fill(&bucket, 5, 5, NOW + 12000);
	cr_expect_eq(drain(&bucket), 1);
}

Test(meter, a_bucket_takes_the_extremes)
{
	struct hp_bucket bucket;
	hp_bucket_init(&bucket, INT32_MAX, 0);
	bucket.tokens_micros = 0;
	hp_bucket_fill(&bucket, INT32_MAX, INT32_MAX, INT64_MAX);
	cr_expect_eq(bucket.tokens_micros, (int64_t)INT32_MAX * HP_TOKEN_MICROS);
	hp_bucket_fill(&bucket, 1, 3, INT64_MAX);
	cr_expect_eq(drain(&bucket), 3, "a burst that the policy lowered");
}

Test(meter, a_bucket_survives_as_bytes)
{
	struct hp_bucket bucket, back;
	struct hp_buf buf = {0};
	hp_bucket_init(&bucket, 5, NOW);
	hp_bucket_take(&bucket);
	hp_bucket_fill(&bucket, 7, 5, NOW + 1);
	hp_bucket_encode(&bucket, &buf);
	cr_assert_eq(hp_bucket_decode(bytes_of(&buf), &back), HP_OK);
	cr_expect_eq(back.tokens_micros, bucket.tokens_micros);
	cr_expect_eq(back.at_ms, NOW + 1);
	cr_expect_eq(back.thirds, bucket.thirds);
	for (size_t len = 0; len < buf.len; len++)
		cr_expect_eq(hp_bucket_decode((struct hp_str){(char *)buf.data, len}, &back),
			     HP_INVALID);
	buf.data[0] = 0xff; /* less than no tokens */
	cr_expect_eq(hp_bucket_decode(bytes_of(&buf), &back), HP_INVALID);
	hp_buf_release(&buf);
}

/* --- windows --- */

Test(meter, a_window_counts_what_lies_in_it)
{
	static const struct {
		int64_t at_ms, add, sum;
	} steps[] = {
		{0, 900, 900},	     {HOUR, 50, 950},	   {DAY - 1, 0, 950},
		{DAY + HOUR / 2, 0, 50}, {DAY + 2 * HOUR, 7, 7}, {3 * DAY, 0, 0},
	};
	struct hp_window window;
	hp_window_init(&window, DAY, NOW);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		hp_window_advance(&window, NOW + steps[i].at_ms);
		hp_window_add(&window, NOW + steps[i].at_ms, steps[i].add);
		cr_expect_eq(hp_window_sum(&window), steps[i].sum, "step %zu: %" PRId64, i,
			     hp_window_sum(&window));
	}
}

Test(meter, a_window_never_forgets_too_early)
{
	/* Whatever the phase of its slices. */
	for (int64_t phase = 0; phase < DAY / 64; phase += 997) {
		struct hp_window window;
		hp_window_init(&window, DAY, NOW + phase);
		hp_window_add(&window, NOW + phase, 1);
		hp_window_advance(&window, NOW + phase + DAY - 1);
		cr_assert_eq(hp_window_sum(&window), 1, "phase %" PRId64, phase);
		hp_window_advance(&window, NOW + phase + DAY + 2 * DAY / 64);
		cr_assert_eq(hp_window_sum(&window), 0, "phase %" PRId64, phase);
	}
}

Test(meter, a_clock_that_goes_backwards_forgets_nothing)
{
	struct hp_window window;
	hp_window_init(&window, DAY, NOW);
	cr_expect_eq(hp_window_add(&window, NOW, 10), NOW);
	hp_window_advance(&window, NOW - 5 * DAY);
	int64_t at_ms = hp_window_add(&window, NOW - 5 * DAY, 20);
	cr_expect_gt(at_ms, NOW - DAY / 64, "it counts at the newest slice");
	cr_expect_eq(hp_window_sum(&window), 30);
	hp_window_change(&window, at_ms, -20);
	cr_expect_eq(hp_window_sum(&window), 10, "and can be taken back from there");
}

Test(meter, a_settlement_changes_what_was_reserved)
{
	struct hp_window window;
	hp_window_init(&window, DAY, NOW);
	hp_window_add(&window, NOW, 900);
	hp_window_advance(&window, NOW + 5 * HOUR);
	hp_window_add(&window, NOW + 5 * HOUR, 50);
	hp_window_change(&window, NOW, -500);
	cr_expect_eq(hp_window_sum(&window), 450);
	hp_window_change(&window, NOW, -100000);
	cr_expect_eq(hp_window_sum(&window), 50, "never below nothing");
	hp_window_advance(&window, NOW + DAY + 2 * HOUR);
	hp_window_change(&window, NOW, 700);
	cr_expect_eq(hp_window_sum(&window), 50, "what has left the window is left alone");
	hp_window_add(&window, NOW + DAY + 2 * HOUR, INT64_MAX);
	hp_window_add(&window, NOW + DAY + 2 * HOUR, INT64_MAX);
	cr_expect_eq(hp_window_sum(&window), INT64_MAX, "sums saturate");
}

Test(meter, a_budget_survives_as_bytes)
{
	struct hp_budget budget, back;
	struct hp_buf buf = {0};
	hp_budget_init(&budget, DAY, NOW);
	hp_window_add(&budget.granted, NOW, 900);
	hp_budget_advance(&budget, NOW + 3 * HOUR);
	hp_window_add(&budget.granted, NOW + 3 * HOUR, 50);
	hp_window_add(&budget.asked, NOW + 3 * HOUR, 7);
	hp_budget_encode(&budget, &buf);
	cr_expect_lt(buf.len, 64, "%zu bytes", buf.len);
	cr_assert_eq(hp_budget_decode(bytes_of(&buf), DAY, &back), HP_OK);
	cr_expect_eq(hp_window_sum(&back.granted), 950);
	cr_expect_eq(hp_budget_sum(&back), 957);
	hp_budget_advance(&back, NOW + DAY + HOUR);
	cr_expect_eq(hp_budget_sum(&back), 57, "each in its slice");
	for (size_t len = 0; len < buf.len; len++)
		cr_expect_eq(hp_budget_decode((struct hp_str){(char *)buf.data, len}, DAY, &back),
			     HP_INVALID);
	hp_buf_add_byte(&buf, 0);
	cr_expect_eq(hp_budget_decode(bytes_of(&buf), DAY, &back), HP_INVALID, "nothing behind");
	buf.data[9] = HP_WINDOW_RING; /* an age outside the window */
	buf.len--;
	cr_expect_eq(hp_budget_decode(bytes_of(&buf), DAY, &back), HP_INVALID);
	hp_buf_release(&buf);
}

/* --- pace --- */

/* Counts `times` in the slice `n`; how many of them were too many. */
static int
ask(struct hp_pace *pace, int64_t n, int times, int *ret_first)
{
	int busy = 0;
	for (int i = 0; i < times; i++) {
		bool first;
		busy += hp_pace_count(pace, NOW + n * HP_PACE_SLICE_MS, &first);
		*ret_first += first;
	}
	return busy;
}

Test(meter, a_pace_is_measured_against_its_own_past)
{
	static const struct {
		const char *name;
		int usual, slices, burst, busy;
	} cases[] = {
		{"no history, nothing to compare", 2, 5, 500, 0},
		{"a few more than usual", 2, 12, 20, 0},
		{"far more", 2, 12, 60, 40},
		{"a busy agent may be busy", 50, 12, 300, 0},
		{"but not eight times as busy", 50, 12, 500, 100},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_pace pace, back;
		struct hp_buf buf = {0};
		int first = 0;
		hp_pace_init(&pace, NOW);
		for (int n = 0; n < cases[i].slices; n++)
			cr_expect_eq(ask(&pace, n, cases[i].usual, &first), 0);
		hp_pace_encode(&pace, &buf);
		cr_assert_eq(hp_pace_decode(bytes_of(&buf), &back), HP_OK);
		int busy = ask(&back, cases[i].slices, cases[i].burst, &first);
		cr_expect_eq(busy, cases[i].busy, "%s: %d", cases[i].name, busy);
		cr_expect_eq(first, cases[i].busy > 0, "%s", cases[i].name);
		for (size_t len = 0; len < buf.len; len++)
			cr_expect_eq(hp_pace_decode((struct hp_str){(char *)buf.data, len}, &back),
				     HP_INVALID);
		hp_buf_release(&buf);
	}
}

/* --- families --- */

Test(meter, families)
{
	static const struct {
		const char *resource, *family;
	} cases[] = {
		{"orders-db-7", "orders"},
		{"Orders", "orders"},
		{"orders", "orders"},
		{"i-0abc123", "i"},
		{"123", "123"},
		{"", ""},
		{"arn:aws:rds:eu-west-1:123456789012:db:orders", "arn:aws:rds:db"},
		{"arn:aws:s3:::bucket/key", "arn:aws:s3:bucket"},
		{"arn:aws:s3:::bucket", "arn:aws:s3"},
		{"arn:aws", "arn:aws"},
		{"/etc/nginx/nginx.conf", "/etc/nginx"},
		{"deploy/api", "deploy/api"},
		{"prod/deploy/api", "prod/deploy"},
		{"https://api.example.com/v1/users/7", "https://api.example.com"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char family[32];
		hp_meter_family(cases[i].resource, strlen(cases[i].resource), family,
				sizeof family);
		cr_expect_str_eq(family, cases[i].family, "\"%s\" → \"%s\", wanted \"%s\"",
				 cases[i].resource, family, cases[i].family);
	}
	char tiny[4];
	hp_meter_family("arn:aws:rds:x:y:db:z", 20, tiny, sizeof tiny);
	cr_expect_str_eq(tiny, "arn", "cut to fit");
}
