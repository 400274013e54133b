#include <criterion/criterion.h>
#include <string.h>

#include "broker/clock.h"

static const struct hp_clock noon = {.wall_ms = 1000000, .boottime_ms = 5000, .boot_id = {1, 2, 3}};

Test(clock, after_moves_every_clock)
{
	struct hp_due due = hp_clock_after(&noon, 250);
	cr_assert_eq(due.wall_ms, 1000250);
	cr_assert_eq(due.boottime_ms, 5250);
	cr_assert_arr_eq(due.boot_id, noon.boot_id, 16);
}

Test(clock, a_moment_too_far_away_does_not_wrap_into_the_past)
{
	struct hp_due due = hp_clock_after(&noon, INT64_MAX);
	cr_assert_eq(due.wall_ms, INT64_MAX);
	cr_assert_eq(due.boottime_ms, INT64_MAX);
	cr_assert_not(hp_clock_is_due(&noon, &due));
}

/* lifecycle.md "Clocks": either clock denies; after a reboot the wall clock alone. */
Test(clock, either_clock_is_enough)
{
	static const struct {
		int64_t wall_ms, boottime_ms;
		bool same_boot, due;
	} cases[] = {
		{999999, 4999, true, false}, {1000000, 0, true, true},
		{0, 5000, true, true},	     {0, 5000, false, false},
		{999999, 9999, false, false}, {1000000, 0, false, true},
	};
	struct hp_due due = hp_clock_after(&noon, 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_clock now = {.wall_ms = cases[i].wall_ms,
				       .boottime_ms = cases[i].boottime_ms};
		memcpy(now.boot_id, noon.boot_id, cases[i].same_boot ? 16 : 0);
		cr_assert_eq(hp_clock_is_due(&now, &due), cases[i].due, "case %zu", i);
	}
}

Test(clock, no_timer_is_never_due)
{
	struct hp_due none = {0};
	struct hp_clock end = {.wall_ms = INT64_MAX, .boottime_ms = INT64_MAX};
	cr_assert_not(hp_clock_is_due(&end, &none));
}

Test(clock, the_system_is_read)
{
	static const uint8_t zeros[16];
	struct hp_clock first, second;
	cr_assert_eq(hp_clock_read(&first), HP_OK);
	cr_assert_eq(hp_clock_read(&second), HP_OK);
	cr_assert_gt(first.wall_ms, INT64_C(1600000000000));
	cr_assert_geq(second.boottime_ms, first.boottime_ms);
	cr_assert_arr_eq(first.boot_id, second.boot_id, 16);
	cr_assert_arr_neq(first.boot_id, zeros, 16);
}
