#include "core/meter.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- numbers ---- */

static int64_t
plus(int64_t a, int64_t b)
{
	int64_t sum;
	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static void
put(struct hp_buf *buf, int64_t number)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
	hp_buf_add(buf, bytes, sizeof bytes);
}

static int64_t
get(struct hp_str *bytes)
{
	uint64_t number = 0;
	for (size_t i = 0; i < 8; i++)
		number = number << 8 | (uint8_t)bytes->p[i];
	bytes->p += 8;
	bytes->len -= 8;
	return (int64_t)number;
}

/* ---- token buckets ---- */

void
hp_bucket_init(struct hp_bucket *bucket, int64_t burst, int64_t now_ms)
{
	*bucket = (struct hp_bucket){.tokens_micros = burst * HP_TOKEN_MICROS, .at_ms = now_ms};
}

void
hp_bucket_fill(struct hp_bucket *bucket, int64_t per_minute, int64_t burst, int64_t now_ms)
{
	/* 10^6 micro-tokens in 60,000 ms are 50 thirds of one in each. */
	int64_t full = burst * HP_TOKEN_MICROS;
	int64_t thirds_a_ms = per_minute * 50, thirds, elapsed_ms;
	if (now_ms > bucket->at_ms) {
		if (__builtin_sub_overflow(now_ms, bucket->at_ms, &elapsed_ms) ||
		    __builtin_mul_overflow(elapsed_ms, thirds_a_ms, &thirds))
			thirds = INT64_MAX - 2;
		thirds = plus(thirds, bucket->thirds);
		bucket->tokens_micros = plus(bucket->tokens_micros, thirds / 3);
		bucket->thirds = thirds % 3;
		bucket->at_ms = now_ms;
	}
	if (bucket->tokens_micros >= full) {
		bucket->tokens_micros = full;
		bucket->thirds = 0;
	}
}

bool
hp_bucket_take(struct hp_bucket *bucket)
{
	if (bucket->tokens_micros < HP_TOKEN_MICROS)
		return false;
	bucket->tokens_micros -= HP_TOKEN_MICROS;
	return true;
}

int64_t
hp_bucket_wait_ms(const struct hp_bucket *bucket, int64_t per_minute)
{
	int64_t missing = HP_TOKEN_MICROS - bucket->tokens_micros;
	if (missing <= 0)
		return 0;
	int64_t thirds = missing * 3 - bucket->thirds, thirds_a_ms = per_minute * 50;
	return (thirds + thirds_a_ms - 1) / thirds_a_ms;
}

void
hp_bucket_encode(const struct hp_bucket *bucket, struct hp_buf *buf)
{
	put(buf, bucket->tokens_micros);
	put(buf, bucket->at_ms);
	put(buf, bucket->thirds);
}

enum hp_status
hp_bucket_decode(struct hp_str bytes, struct hp_bucket *ret_bucket)
{
	if (bytes.len != 24)
		return HP_INVALID;
	struct hp_bucket bucket;
	bucket.tokens_micros = get(&bytes);
	bucket.at_ms = get(&bytes);
	bucket.thirds = get(&bytes);
	if (bucket.tokens_micros < 0 || bucket.thirds < 0 || bucket.thirds > 2)
		return HP_INVALID;
	*ret_bucket = bucket;
	return HP_OK;
}

/* ---- rolling windows ---- */

static int64_t
slice_of(const struct hp_window *window, int64_t at_ms)
{
	return at_ms > 0 ? at_ms / window->slice_ms : 0;
}

void
hp_window_init(struct hp_window *window, int64_t window_ms, int64_t now_ms)
{
	*window = (struct hp_window){
		.slice_ms = (window_ms + HP_WINDOW_SLICES - 1) / HP_WINDOW_SLICES,
	};
	window->newest = slice_of(window, now_ms);
}

void
hp_window_advance(struct hp_window *window, int64_t now_ms)
{
	int64_t now = slice_of(window, now_ms);
	if (now <= window->newest)
		return;
	if (now - window->newest >= HP_WINDOW_RING)
		memset(window->sums, 0, sizeof window->sums);
	else
		while (window->newest < now)
			window->sums[++window->newest % HP_WINDOW_RING] = 0;
	window->newest = now;
}

int64_t
hp_window_sum(const struct hp_window *window)
{
	int64_t sum = 0;
	for (size_t i = 0; i < HP_WINDOW_RING; i++)
		sum = plus(sum, window->sums[i]);
	return sum;
}

int64_t
hp_window_add(struct hp_window *window, int64_t now_ms, int64_t amount)
{
	int64_t *sum = &window->sums[window->newest % HP_WINDOW_RING];
	*sum = plus(*sum, amount);
	return slice_of(window, now_ms) < window->newest ? window->newest * window->slice_ms
							 : now_ms;
}

void
hp_window_change(struct hp_window *window, int64_t at_ms, int64_t delta)
{
	int64_t slice = slice_of(window, at_ms);
	if (slice > window->newest)
		slice = window->newest;
	if (window->newest - slice >= HP_WINDOW_RING)
		return;
	int64_t *sum = &window->sums[slice % HP_WINDOW_RING];
	*sum = plus(*sum, delta);
	if (*sum < 0)
		*sum = 0;
}

/* Most windows hold a few things: only the slices with something in them, by age. */
void
hp_window_encode(const struct hp_window *window, struct hp_buf *buf)
{
	uint8_t count = 0;
	for (size_t i = 0; i < HP_WINDOW_RING; i++)
		count = (uint8_t)(count + (window->sums[i] != 0));
	put(buf, window->newest);
	hp_buf_add_byte(buf, count);
	for (int64_t age = 0; age < HP_WINDOW_RING && age <= window->newest; age++) {
		int64_t sum = window->sums[(window->newest - age) % HP_WINDOW_RING];
		if (!sum)
			continue;
		hp_buf_add_byte(buf, (uint8_t)age);
		put(buf, sum);
	}
}

enum hp_status
hp_window_decode(struct hp_str *bytes, int64_t window_ms, struct hp_window *ret_window)
{
	struct hp_str rest = *bytes;
	struct hp_window window;
	hp_window_init(&window, window_ms, 0);
	if (rest.len < 9)
		return HP_INVALID;
	window.newest = get(&rest);
	size_t count = (uint8_t)*rest.p++;
	rest.len--;
	if (window.newest < 0 || rest.len < count * 9)
		return HP_INVALID;
	for (size_t i = 0; i < count; i++) {
		int64_t age = (uint8_t)*rest.p++;
		rest.len--;
		int64_t sum = get(&rest);
		if (age >= HP_WINDOW_RING || age > window.newest || sum < 0)
			return HP_INVALID;
		window.sums[(window.newest - age) % HP_WINDOW_RING] = sum;
	}
	*ret_window = window;
	*bytes = rest;
	return HP_OK;
}

/* ---- budgets ---- */

void
hp_budget_init(struct hp_budget *budget, int64_t window_ms, int64_t now_ms)
{
	hp_window_init(&budget->granted, window_ms, now_ms);
	hp_window_init(&budget->asked, window_ms, now_ms);
}

void
hp_budget_advance(struct hp_budget *budget, int64_t now_ms)
{
	hp_window_advance(&budget->granted, now_ms);
	hp_window_advance(&budget->asked, now_ms);
}

int64_t
hp_budget_sum(const struct hp_budget *budget)
{
	return plus(hp_window_sum(&budget->granted), hp_window_sum(&budget->asked));
}

void
hp_budget_encode(const struct hp_budget *budget, struct hp_buf *buf)
{
	hp_window_encode(&budget->granted, buf);
	hp_window_encode(&budget->asked, buf);
}

enum hp_status
hp_budget_decode(struct hp_str bytes, int64_t window_ms, struct hp_budget *ret_budget)
{
	struct hp_budget budget;
	enum hp_status status = hp_window_decode(&bytes, window_ms, &budget.granted);
	if (status == HP_OK)
		status = hp_window_decode(&bytes, window_ms, &budget.asked);
	if (status != HP_OK || bytes.len)
		return HP_INVALID;
	*ret_budget = budget;
	return HP_OK;
}

/* ---- pace ---- */

void
hp_pace_init(struct hp_pace *pace, int64_t now_ms)
{
	*pace = (struct hp_pace){.slice = now_ms / HP_PACE_SLICE_MS};
}

/* The mean takes in the slice that has ended, and an empty one for each that nothing came in. */
static void
turn_over(struct hp_pace *pace, int64_t now)
{
	enum { FORGOTTEN = 512 }; /* empty slices after which no mean is left */
	for (int64_t left = now - pace->slice, i = 0; i < left && i < FORGOTTEN; i++) {
		int64_t count_milli = i ? 0 : pace->count * 1000;
		pace->mean_milli = pace->history ? pace->mean_milli - pace->mean_milli / 8 +
							   count_milli / 8
						 : count_milli;
		if (pace->history < INT32_MAX)
			pace->history++;
	}
	pace->slice = now;
	pace->count = 0;
}

bool
hp_pace_count(struct hp_pace *pace, int64_t now_ms, bool *ret_first)
{
	int64_t now = now_ms / HP_PACE_SLICE_MS;
	if (now > pace->slice)
		turn_over(pace, now);
	if (pace->count < INT32_MAX)
		pace->count++;
	int64_t most = pace->mean_milli * HP_PACE_FACTOR / 1000;
	if (most < HP_PACE_LEAST)
		most = HP_PACE_LEAST;
	*ret_first = pace->history >= HP_PACE_HISTORY && pace->count == most + 1;
	return pace->history >= HP_PACE_HISTORY && pace->count > most;
}

void
hp_pace_encode(const struct hp_pace *pace, struct hp_buf *buf)
{
	put(buf, pace->slice);
	put(buf, pace->count);
	put(buf, pace->mean_milli);
	put(buf, pace->history);
}

enum hp_status
hp_pace_decode(struct hp_str bytes, struct hp_pace *ret_pace)
{
	if (bytes.len != 32)
		return HP_INVALID;
	struct hp_pace pace;
	pace.slice = get(&bytes);
	pace.count = get(&bytes);
	pace.mean_milli = get(&bytes);
	pace.history = get(&bytes);
	if (pace.count < 0 || pace.count > INT32_MAX || pace.mean_milli < 0 || pace.history < 0 ||
	    pace.mean_milli > (int64_t)INT32_MAX * 1000)
		return HP_INVALID;
	*ret_pace = pace;
	return HP_OK;
}

/* ---- families ---- */

struct family {
	char *text;
	size_t len, size;
};

static void
add_part(struct family *family, const char *part, size_t len, char before)
{
	if (before && family->len + 1 < family->size)
		family->text[family->len++] = before;
	for (size_t i = 0; i < len && family->len + 1 < family->size; i++)
		family->text[family->len++] = (char)tolower((unsigned char)part[i]);
}

/* The end of a part that starts at `from`: the next of `stops`, or the end. */
static size_t
part_end(const char *text, size_t len, size_t from, const char *stops)
{
	while (from < len && !(text[from] && strchr(stops, text[from])))
		from++;
	return from;
}

/* arn:PARTITION:SERVICE:REGION:ACCOUNT:TYPE[:/]NAME; some services have no type. */
static void
add_arn(struct family *family, const char *text, size_t len)
{
	size_t starts[7], count = 0, at = 0;
	for (; count < 6 && at <= len; count++) {
		starts[count] = at;
		at = part_end(text, len, at, ":") + 1;
	}
	for (size_t i = 0; i < 3 && i < count; i++)
		add_part(family, text + starts[i], part_end(text, len, starts[i], ":") - starts[i],
			 i ? ':' : 0);
	if (count < 6)
		return;
	size_t end = part_end(text, len, starts[5], ":/");
	if (end < len)
		add_part(family, text + starts[5], end - starts[5], ':');
}

void
hp_meter_family(const char *resource, size_t len, char *ret_family, size_t size)
{
	struct family family = {.text = ret_family, .size = size};
	const char *scheme = NULL;
	for (size_t i = 0; i + 3 <= len && !scheme; i++)
		if (memcmp(resource + i, "://", 3) == 0)
			scheme = resource + i;
	if (len > 4 && strncasecmp(resource, "arn:", 4) == 0) {
		add_arn(&family, resource, len);
	} else if (scheme || memchr(resource, '/', len)) {
		size_t from = scheme ? (size_t)(scheme - resource) + 3 : 0;
		from = part_end(resource, len, from + (from < len && resource[from] == '/'), "/");
		if (!scheme && from < len)
			from = part_end(resource, len, from + 1, "/");
		add_part(&family, resource, from, 0);
	} else {
		size_t end = part_end(resource, len, 0, "0123456789-_.: @#");
		add_part(&family, resource, end ? end : len, 0);
	}
	ret_family[family.len] = 0;
}
