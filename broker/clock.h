/*
 * clock - what time a turn has: read once, never twice (lifecycle.md, "Clocks").
 *
 * CLOCK_BOOTTIME elapses through suspend and cannot be set; the wall clock is what people mean.
 * Whichever runs out first denies. Tests fill the struct themselves.
 */
#ifndef HP_BROKER_CLOCK_H
#define HP_BROKER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/store.h"

struct hp_clock {
	int64_t wall_ms;     /* UTC */
	int64_t boottime_ms; /* since this boot */
	uint8_t boot_id[16]; /* /proc/sys/kernel/random/boot_id */
};

/* HP_IO when the system does not tell: the broker must not serve. */
HP_MUST_CHECK enum hp_status hp_clock_read(struct hp_clock *ret_clock);

/* The moment `after_ms` from now, on all clocks. */
struct hp_due hp_clock_after(const struct hp_clock *clock, int64_t after_ms);

/* Whether `due` has come: either clock says so; boot time counts only within its own boot. */
bool hp_clock_is_due(const struct hp_clock *clock, const struct hp_due *due);

#endif
