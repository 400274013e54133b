/*
 * units - durations, sizes, money, ratios and times between text and integers.
 * Invariant: all arithmetic is integer and checked; out of range is HP_INVALID, never wrapped.
 */
#ifndef HP_CORE_UNITS_H
#define HP_CORE_UNITS_H

#include <stdint.h>

#include "core/buf.h"
#include "core/value.h"

/* "250ms" "2s" "30m" "4h" "7d" → milliseconds. */
HP_MUST_CHECK enum hp_status hp_units_duration(const char *text, int64_t *ret_ms,
					       struct hp_error *err);

/* "64MiB" "10KiB" "512" "1GiB" → bytes. */
HP_MUST_CHECK enum hp_status hp_units_size(const char *text, int64_t *ret_bytes,
					   struct hp_error *err);

/*
 * Dollars and ratios may be floats. They are taken for the decimal number that they were written
 * as (the shortest that reads back the same), so 0.29 is 2900 basis points although the double
 * nearest to it lies below.
 */

/* A number value in dollars → micro-dollars, rounded up. HP_INVALID when negative or too large. */
HP_MUST_CHECK enum hp_status hp_units_usd_micros(const struct hp_value *number,
						 int64_t *ret_micros, struct hp_error *err);

/* A number 0–1 → basis points, rounded down. */
HP_MUST_CHECK enum hp_status hp_units_basis_points(const struct hp_value *number, int64_t *ret_bp,
						   struct hp_error *err);

/*
 * The real number that `text` spells, always with a point for decimals, whatever the locale.
 * HP_INVALID for anything else and for what a double cannot hold.
 */
HP_MUST_CHECK enum hp_status hp_units_real(const char *text, double *ret_real,
					   struct hp_error *err);

/*
 * The fewest digits that read back as the same double, always with a point or an exponent, so
 * that 1.0 stays a float: "0.1", "1.0", "1e+22". Non-finite: "null".
 */
void hp_units_add_real(struct hp_buf *buf, double real);

/* "2026-11-22T03:12:44Z" (UTC, seconds). */
void hp_units_add_time(struct hp_buf *buf, int64_t wall_ms);

/* The reverse, strictly; also "2026-11-22", the day's beginning. HP_INVALID. */
HP_MUST_CHECK enum hp_status hp_units_time(const char *text, int64_t *ret_ms);

/* "7:48" under an hour, else "1h05m"; negative as "0:00". For people. */
void hp_units_add_left(struct hp_buf *buf, int64_t ms);

/* "13 h", "30 m", "2.5 s": the shortest exact-enough words for a duration. */
void hp_units_add_span(struct hp_buf *buf, int64_t ms);

#endif
