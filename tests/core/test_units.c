#include <criterion/criterion.h>
#include <math.h>

#include "core/units.h"

Test(units, durations)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{"250ms", 250},	  {"0s", 0},		 {"2s", 2000},
		{"90s", 90000},	  {"30m", 1800000},	 {"4h", 14400000},
		{"7d", 604800000}, {"007s", 7000},
		{"9223372036854775807ms", INT64_MAX},	 {"106751991167d", 9223372036828800000},
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		int64_t ms = -1;
		cr_expect_eq(hp_units_duration(good[i].text, &ms, NULL), HP_OK, "%s", good[i].text);
		cr_expect_eq(ms, good[i].ms, "%s", good[i].text);
	}
	static const char *const bad[] = {
		"", "s", "5", "-5s", "+5s", " 5s", "5s ", "5 s", "1.5h", "1h30m", "5S", "5sec",
		"5M", "0x5s", "5mss", "\xd9\xa5s",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int64_t ms = -1;
		cr_expect_eq(hp_units_duration(bad[i], &ms, NULL), HP_INVALID, "%s", bad[i]);
		cr_expect_eq(ms, -1, "%s", bad[i]);
	}
}

Test(units, durations_are_refused_in_words)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"10 minutes", "\"10 minutes\" is not a duration such as 90s, 30m or 4h"},
		{"5\x1b", "\"5<U+001B>\" is not a duration such as 90s, 30m or 4h"},
		{"9223372036854775808ms", "\"9223372036854775808ms\" is too long a duration"},
		{"106751991168d", "\"106751991168d\" is too long a duration"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_error err = {0};
		int64_t ms;
		cr_expect_eq(hp_units_duration(cases[i].text, &ms, &err), HP_INVALID);
		cr_expect_str_eq(err.message, cases[i].message);
	}
}

Test(units, sizes)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {
		{"0", 0},	       {"512", 512},	       {"10KiB", 10240},
		{"64MiB", 67108864},   {"1GiB", 1073741824},   {"2TiB", 2199023255552},
		{"8388607TiB", 9223370937343148032},
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		int64_t bytes = -1;
		cr_expect_eq(hp_units_size(good[i].text, &bytes, NULL), HP_OK, "%s", good[i].text);
		cr_expect_eq(bytes, good[i].bytes, "%s", good[i].text);
	}
	static const char *const bad[] = {"",	 "KiB", "-1",	"1 KiB", "1KB",
					  "1MB", "1kib", "1B", "1.5MiB"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int64_t bytes = -1;
		cr_expect_eq(hp_units_size(bad[i], &bytes, NULL), HP_INVALID, "%s", bad[i]);
		cr_expect_eq(bytes, -1);
	}
	struct hp_error err = {0};
	int64_t bytes;
	cr_expect_eq(hp_units_size("8388608TiB", &bytes, &err), HP_INVALID);
	cr_expect_str_eq(err.message, "\"8388608TiB\" is too large a size");
	cr_expect_eq(hp_units_size("1MB", &bytes, &err), HP_INVALID);
	cr_expect_str_eq(err.message, "\"1MB\" is not a size such as 512, 64KiB or 10MiB");
}

static struct hp_value
real(double number)
{
	return (struct hp_value){.type = HP_FLOAT, .real = number};
}

static struct hp_value
integer(int64_t number)
{
	return (struct hp_value){.type = HP_INT, .integer = number};
}

Test(units, dollars_round_up_from_what_was_written)
{
	const struct {
		struct hp_value number;
		int64_t micros;
	} good[] = {
		{integer(0), 0},	       {integer(1000), 1000000000},
		{real(0.0), 0},		       {real(-0.0), 0},
		{real(0.1), 100000},	       {real(1.1), 1100000},
		{real(2.000003), 2000003},     {real(0.000001), 1},
		{real(0.0000001), 1},	       {real(1e-300), 1},
		{real(1.0000000001), 1000001}, {real(4.35), 4350000},
		{real(1e12), 1000000000000000000},
		{integer(9223372036854), 9223372036854000000},
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		int64_t micros = -1;
		cr_expect_eq(hp_units_usd_micros(&good[i].number, &micros, NULL), HP_OK, "%zu", i);
		cr_expect_eq(micros, good[i].micros, "%zu: %lld", i, (long long)micros);
	}
	const struct {
		struct hp_value number;
		const char *message;
	} bad[] = {
		{integer(-1), "a cost cannot be negative"},
		{real(-0.01), "a cost cannot be negative"},
		{integer(9223372036855), "a cost is too large"},
		{real(1e13), "a cost is too large"},
		{real(1e300), "a cost is too large"},
		{real(INFINITY), "a cost is too large"},
		{real(NAN), "a cost is too large"},
		{{.type = HP_UINT, .natural = UINT64_MAX}, "a cost is too large"},
		{{.type = HP_BOOL}, "a cost must be a number, found boolean"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct hp_error err = {0};
		int64_t micros = -1;
		cr_expect_eq(hp_units_usd_micros(&bad[i].number, &micros, &err), HP_INVALID);
		cr_expect_str_eq(err.message, bad[i].message);
		cr_expect_eq(micros, -1);
	}
}

Test(units, ratios_round_down_from_what_was_written)
{
	const struct {
		struct hp_value number;
		int64_t bp;
	} good[] = {
		{integer(0), 0},    {integer(1), 10000}, {real(1.0), 10000}, {real(0.7), 7000},
		{real(0.29), 2900}, {real(0.57), 5700},	 {real(0.93), 9300}, {real(0.88), 8800},
		{real(0.99999), 9999}, {real(0.00009), 0}, {real(0.0001), 1}, {real(1e-320), 0},
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		int64_t bp = -1;
		cr_expect_eq(hp_units_basis_points(&good[i].number, &bp, NULL), HP_OK, "%zu", i);
		cr_expect_eq(bp, good[i].bp, "%zu: %lld", i, (long long)bp);
	}
	const struct hp_value bad[] = {
		integer(-1), integer(2), real(1.0000001), real(-0.1), real(NAN), real(INFINITY),
		{.type = HP_STR, .str = {"1", 1}}, {.type = HP_UINT, .natural = UINT64_MAX},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct hp_error err = {0};
		int64_t bp = -1;
		cr_expect_eq(hp_units_basis_points(&bad[i], &bp, &err), HP_INVALID, "%zu", i);
		cr_expect_str_eq(err.message, "a ratio must be a number from 0 to 1");
		cr_expect_eq(bp, -1);
	}
}

Test(units, reals)
{
	static const struct {
		const char *text;
		double number;
	} good[] = {
		{"0.1", 0.1},	 {"1.", 1}, {".5", 0.5},
		{"-2e3", -2000}, {"+1", 1}, {"1e-400", 0},
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		double number = -1;
		cr_expect_eq(hp_units_real(good[i].text, &number, NULL), HP_OK, "%s", good[i].text);
		cr_expect(number == good[i].number, "%s: %g", good[i].text, number);
	}
	static const char *const bad[] = {"", " 1", "1 ", "0x10", "inf", "-inf", "nan", "+NAN",
					  "1,5", "1e999", "abc", "--1", "."};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		double number = -1;
		cr_expect_eq(hp_units_real(bad[i], &number, NULL), HP_INVALID, "%s", bad[i]);
		cr_expect(number == -1);
	}
}

/* Doubles of every size, by bits, read back the same. */
Test(units, reals_read_back_the_same)
{
	uint64_t seed = 1;
	for (int i = 0; i < 20000; i++) {
		double number, back = 0;
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		memcpy(&number, &seed, sizeof number);
		if (!isfinite(number))
			continue;
		struct hp_buf buf = {0};
		hp_units_add_real(&buf, number);
		cr_assert_eq(hp_units_real(hp_buf_text(&buf), &back, NULL), HP_OK);
		cr_assert(back == number, "%a: %s", number, hp_buf_text(&buf));
		hp_buf_release(&buf);
	}
}

static void
assert_text(void (*add)(struct hp_buf *, int64_t), int64_t ms, const char *expected)
{
	struct hp_buf buf = {0};
	add(&buf, ms);
	cr_expect_str_eq(hp_buf_text(&buf), expected);
	hp_buf_release(&buf);
}

Test(units, times)
{
	assert_text(hp_units_add_time, 0, "1970-01-01T00:00:00Z");
	assert_text(hp_units_add_time, 1795317164999, "2026-11-22T03:12:44Z");
	assert_text(hp_units_add_time, -1, "1969-12-31T23:59:59Z");
	assert_text(hp_units_add_time, 253402300800000, "10000-01-01T00:00:00Z");
	/* Whatever comes, it ends. */
	struct hp_buf buf = {0};
	hp_units_add_time(&buf, INT64_MAX);
	hp_units_add_time(&buf, INT64_MIN);
	cr_assert_gt(buf.len, 0);
	hp_buf_release(&buf);
}

Test(units, time_left)
{
	assert_text(hp_units_add_left, INT64_MIN, "0:00");
	assert_text(hp_units_add_left, -1, "0:00");
	assert_text(hp_units_add_left, 999, "0:00");
	assert_text(hp_units_add_left, 468000, "7:48");
	assert_text(hp_units_add_left, 3599999, "59:59");
	assert_text(hp_units_add_left, 3600000, "1h00m");
	assert_text(hp_units_add_left, 3900000, "1h05m");
	assert_text(hp_units_add_left, 90000000, "25h00m");
}

Test(units, spans)
{
	assert_text(hp_units_add_span, 0, "0 ms");
	assert_text(hp_units_add_span, 250, "250 ms");
	assert_text(hp_units_add_span, 999, "999 ms");
	assert_text(hp_units_add_span, 1000, "1 s");
	assert_text(hp_units_add_span, 2500, "2.5 s");
	assert_text(hp_units_add_span, 59949, "59.9 s");
	assert_text(hp_units_add_span, 59960, "1 m");
	assert_text(hp_units_add_span, 90000, "1.5 m");
	assert_text(hp_units_add_span, 1800000, "30 m");
	assert_text(hp_units_add_span, 46800000, "13 h");
	assert_text(hp_units_add_span, 86400000, "1 d");
	assert_text(hp_units_add_span, 129600000, "1.5 d");
	assert_text(hp_units_add_span, 604800000, "7 d");
	assert_text(hp_units_add_span, -2500, "-2.5 s");
	assert_text(hp_units_add_span, INT64_MAX, "106751991167.3 d");
	assert_text(hp_units_add_span, INT64_MIN, "-106751991167.3 d");
}
