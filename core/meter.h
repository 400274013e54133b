/*
 * meter - what layer 3 counts with: token buckets, rolling windows, a requester's own pace.
 *
 * Plain structs and integers: no clock, no store. A state goes out as bytes and comes back from
 * them (invariant 8 of lifecycle.h: a restart loses nothing); the bytes are this program's own.
 *
 * Invariants:
 *  1. Time never goes backwards inside a meter: a `now` before the last one counts as the last one,
 *     so turning a clock back gives no tokens and forgets no spending.
 *  2. Sums saturate; nothing wraps.
 *  3. A window never counts less than what lies inside it: its oldest slice counts whole.
 * Threads: no state.
 */
#ifndef HP_CORE_METER_H
#define HP_CORE_METER_H

#include "core/buf.h"
#include "core/value.h"

/* ---- token buckets (RFC 2698's, in packets) ---- */

enum { HP_TOKEN_MICROS = 1000000 };

struct hp_bucket {
	int64_t tokens_micros;
	int64_t at_ms;	/* when they were counted */
	int64_t thirds; /* of a micro-token, left over: one token a minute is 16⅔ a millisecond */
};

/* A full bucket. */
void hp_bucket_init(struct hp_bucket *bucket, int64_t burst, int64_t now_ms);
/* Adds what has come since; never more than `burst`, also when the policy lowered it. */
void hp_bucket_fill(struct hp_bucket *bucket, int64_t per_minute, int64_t burst, int64_t now_ms);
/* Takes one token; false: there is none. Fill first. */
bool hp_bucket_take(struct hp_bucket *bucket);
/* Until there is one; 0 when there is. */
int64_t hp_bucket_wait_ms(const struct hp_bucket *bucket, int64_t per_minute);
void hp_bucket_encode(const struct hp_bucket *bucket, struct hp_buf *buf);
HP_MUST_CHECK enum hp_status hp_bucket_decode(struct hp_str bytes, struct hp_bucket *ret_bucket);

/* ---- rolling windows ---- */

/* A window is counted in so many slices, and one more that it covers only in part. */
enum { HP_WINDOW_SLICES = 64, HP_WINDOW_RING = HP_WINDOW_SLICES + 1 };

struct hp_window {
	int64_t slice_ms;
	int64_t newest; /* number of the newest slice, since 1970 */
	int64_t sums[HP_WINDOW_RING]; /* slice n at n % RING */
};

void hp_window_init(struct hp_window *window, int64_t window_ms, int64_t now_ms);
/* Lets go of what has left the window. */
void hp_window_advance(struct hp_window *window, int64_t now_ms);
int64_t hp_window_sum(const struct hp_window *window);
/* Adds now; the moment that it is counted at, for a later change. Advance first. */
int64_t hp_window_add(struct hp_window *window, int64_t now_ms, int64_t amount);
/* Changes what was added at `at_ms`; nothing when that has left the window. */
void hp_window_change(struct hp_window *window, int64_t at_ms, int64_t delta);
void hp_window_encode(const struct hp_window *window, struct hp_buf *buf);
/* Reads one from the front of `bytes` and moves that on. */
HP_MUST_CHECK enum hp_status hp_window_decode(struct hp_str *bytes, int64_t window_ms,
					      struct hp_window *ret_window);

/* ---- budgets: two windows of money ---- */

/* What policy let through alone, and what people were asked about: an approval beyond the budget
 * does not take from under somebody who was within it. */
struct hp_budget {
	struct hp_window granted, asked;
};

void hp_budget_init(struct hp_budget *budget, int64_t window_ms, int64_t now_ms);
void hp_budget_advance(struct hp_budget *budget, int64_t now_ms);
int64_t hp_budget_sum(const struct hp_budget *budget);
void hp_budget_encode(const struct hp_budget *budget, struct hp_buf *buf);
HP_MUST_CHECK enum hp_status hp_budget_decode(struct hp_str bytes, int64_t window_ms,
					      struct hp_budget *ret_budget);

/* ---- pace: how much somebody asks, against its own past ---- */

enum {
	HP_PACE_SLICE_MS = 10 * 60 * 1000,
	HP_PACE_HISTORY = 6, /* slices before anything can be far above the past */
	HP_PACE_FACTOR = 8,  /* "far above" */
	HP_PACE_LEAST = 20,  /* requests in a slice that are never too many */
};

struct hp_pace {
	int64_t slice;	   /* number of this one, since 1970 */
	int64_t count;	   /* in it */
	int64_t mean_milli; /* requests a slice, exponentially weighted: the last ones by 1/8 */
	int64_t history;   /* slices seen, this one not */
};

void hp_pace_init(struct hp_pace *pace, int64_t now_ms);
/* Counts one request; whether it is far above the past. `ret_first`: it is the slice's first such. */
bool hp_pace_count(struct hp_pace *pace, int64_t now_ms, bool *ret_first);
void hp_pace_encode(const struct hp_pace *pace, struct hp_buf *buf);
HP_MUST_CHECK enum hp_status hp_pace_decode(struct hp_str bytes, struct hp_pace *ret_pace);

/* ---- families ---- */

/*
 * What kind of thing a resource is, lower-cased into `ret_family` (cut to fit): the service and type
 * of an ARN (arn:aws:rds:…:db:orders → "arn:aws:rds:db"), the first two parts of a path or URL, else
 * the name up to its first digit or separator (orders-db-7 → "orders").
 */
void hp_meter_family(const char *resource, size_t len, char *ret_family, size_t size);

#endif
