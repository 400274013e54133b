#include "core/units.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/text.h"

struct unit {
	const char *suffix;
	int64_t factor;
};

static const struct unit durations[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static const struct unit sizes[] = {
	{"", 1},	  {"KiB", 1 << 10},	   {"MiB", 1 << 20},
	{"GiB", 1 << 30}, {"TiB", (int64_t)1 << 40}, {NULL, 0},
};

/* Fails with `text` shown, as far as a line of an error goes. */
static enum hp_status
refuse(struct hp_error *err, const char *text, const char *reason)
{
	struct hp_buf shown = {0};
	hp_text_escape(&shown, text, strnlen(text, 32), HP_TEXT_ASCII);
	enum hp_status status =
		hp_fail(err, HP_INVALID, "\"%s\" %s", hp_buf_text(&shown), reason);
	hp_buf_release(&shown);
	return status;
}

enum reading { READ_OK, READ_NO_NUMBER, READ_OVERFLOW };

/* Digits, then one of the suffixes; nothing before, between or behind. */
static enum reading
read_with_unit(const char *text, const struct unit *units, int64_t *ret_amount)
{
	int64_t amount = 0;
	size_t digits = strspn(text, "0123456789");
	if (!digits)
		return READ_NO_NUMBER;
	bool overflow = false;
	for (size_t i = 0; i < digits; i++)
		overflow |= __builtin_mul_overflow(amount, 10, &amount) ||
			    __builtin_add_overflow(amount, text[i] - '0', &amount);
	for (; units->suffix; units++) {
		if (strcmp(text + digits, units->suffix) != 0)
			continue;
		overflow |= __builtin_mul_overflow(amount, units->factor, &amount);
		if (overflow)
			return READ_OVERFLOW;
		*ret_amount = amount;
		return READ_OK;
	}
	return READ_NO_NUMBER;
}

enum hp_status
hp_units_duration(const char *text, int64_t *ret_ms, struct hp_error *err)
{
	switch (read_with_unit(text, durations, ret_ms)) {
	case READ_OK:
		return HP_OK;
	case READ_OVERFLOW:
		return refuse(err, text, "is too long a duration");
	default:
		return refuse(err, text, "is not a duration such as 90s, 30m or 4h");
	}
}

enum hp_status
hp_units_size(const char *text, int64_t *ret_bytes, struct hp_error *err)
{
	switch (read_with_unit(text, sizes, ret_bytes)) {
	case READ_OK:
		return HP_OK;
	case READ_OVERFLOW:
		return refuse(err, text, "is too large a size");
	default:
		return refuse(err, text, "is not a size such as 512, 64KiB or 10MiB");
	}
}

enum hp_status
hp_units_real(const char *text, double *ret_real, struct hp_error *err)
{
	/* glibc has this locale ready made; a program for a terminal runs in the user's. */
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c)
		return hp_fail(err, HP_NOMEM, "out of memory");
	locale_t before = uselocale(c);
	char *end;
	double real = strtod(text, &end);
	uselocale(before);
	freelocale(c);
	if (end == text || *end || !strchr("+-.0123456789", *text) || strpbrk(text, "xXnN"))
		return refuse(err, text, "is not a number");
	if (!isfinite(real))
		return refuse(err, text, "is too large a number");
	*ret_real = real;
	return HP_OK;
}

/* A finite double as ±0.DIGITS × 10^exponent with the fewest digits that read back the same. */
struct decimal {
	bool negative;
	char digits[20];
	int count;
	int exponent;
};

static struct decimal
to_decimal(double real)
{
	struct decimal decimal = {.negative = signbit(real)};
	char text[40];
	real = fabs(real);
	for (int places = 0; places < 17; places++) {
		snprintf(text, sizeof text, "%.*e", places, real);
		if (strtod(text, NULL) == real) /* same locale on both sides */
			break;
	}
	const char *p = text;
	for (; *p != 'e'; p++)
		if (*p >= '0' && *p <= '9')
			decimal.digits[decimal.count++] = *p;
	decimal.exponent = atoi(p + 1) + 1;
	return decimal;
}

void
hp_units_add_real(struct hp_buf *buf, double real)
{
	if (!isfinite(real)) {
		hp_buf_add_text(buf, "null");
		return;
	}
	struct decimal d = to_decimal(real);
	if (d.negative)
		hp_buf_add_byte(buf, '-');
	if (d.exponent > 16 || d.exponent < -3) {
		hp_buf_add(buf, d.digits, 1);
		if (d.count > 1)
			hp_buf_add_byte(buf, '.');
		hp_buf_add(buf, d.digits + 1, (size_t)d.count - 1);
		hp_buf_printf(buf, "e%+03d", d.exponent - 1);
		return;
	}
	int before = d.exponent > 0 ? d.exponent : 0;
	if (!before)
		hp_buf_add_byte(buf, '0');
	for (int i = 0; i < before; i++)
		hp_buf_add_byte(buf, (uint8_t)(i < d.count ? d.digits[i] : '0'));
	hp_buf_add_byte(buf, '.');
	for (int i = d.exponent; i < 0; i++)
		hp_buf_add_byte(buf, '0');
	if (before < d.count)
		hp_buf_add(buf, d.digits + before, (size_t)(d.count - before));
	else
		hp_buf_add_byte(buf, '0');
}

/* |real| × 10^places as an integer; false when it does not fit. */
static bool
scale(double real, int places, bool round_up, int64_t *ret_scaled)
{
	struct decimal d = to_decimal(real);
	int64_t amount = 0;
	bool rest = false;
	for (int i = 0; i < d.count || i < d.exponent + places; i++) {
		char digit = i < d.count ? d.digits[i] : '0';
		if (i >= d.exponent + places) {
			rest |= digit != '0';
			continue;
		}
		if (__builtin_mul_overflow(amount, 10, &amount) ||
		    __builtin_add_overflow(amount, digit - '0', &amount))
			return false;
	}
	return !__builtin_add_overflow(amount, rest && round_up, ret_scaled);
}

enum hp_status
hp_units_usd_micros(const struct hp_value *number, int64_t *ret_micros, struct hp_error *err)
{
	int64_t micros;
	if (number->type == HP_INT) {
		if (number->integer < 0)
			return hp_fail(err, HP_INVALID, "a cost cannot be negative");
		if (__builtin_mul_overflow(number->integer, 1000000, &micros))
			return hp_fail(err, HP_INVALID, "a cost is too large");
	} else if (number->type == HP_FLOAT) {
		if (number->real < 0)
			return hp_fail(err, HP_INVALID, "a cost cannot be negative");
		if (!isfinite(number->real) || !scale(number->real, 6, true, &micros))
			return hp_fail(err, HP_INVALID, "a cost is too large");
	} else if (number->type == HP_UINT)
		return hp_fail(err, HP_INVALID, "a cost is too large");
	else
		return hp_fail(err, HP_INVALID, "a cost must be a number, found %s",
			       hp_type_name(number->type));
	*ret_micros = micros;
	return HP_OK;
}

enum hp_status
hp_units_basis_points(const struct hp_value *number, int64_t *ret_bp, struct hp_error *err)
{
	double real = number->type == HP_INT	 ? (double)number->integer
		      : number->type == HP_FLOAT ? number->real
						 : -1;
	int64_t bp;
	if (!(real >= 0 && real <= 1) || !scale(real, 4, false, &bp))
		return hp_fail(err, HP_INVALID, "a ratio must be a number from 0 to 1");
	*ret_bp = bp;
	return HP_OK;
}

void
hp_units_add_time(struct hp_buf *buf, int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
	struct tm tm;
	if (!gmtime_r(&seconds, &tm)) {
		hp_buf_printf(buf, "%" PRId64 "ms", wall_ms);
		return;
	}
	hp_buf_printf(buf, "%04ld-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900L, tm.tm_mon + 1,
		      tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Days from 1970-01-01 of a day of the Gregorian calendar: years begin in March, so that the leap
 * day is the last one. */
static int64_t
days_of(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1, era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400, of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

enum hp_status
hp_units_time(const char *text, int64_t *ret_ms)
{
	int year, month, day, hour = 0, minute = 0, second = 0;
	struct hp_buf again = {0};
	if (strlen(text) == 10 ? sscanf(text, "%4d-%2d-%2d", &year, &month, &day) != 3
			       : sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &year, &month, &day,
					&hour, &minute, &second) != 6)
		return HP_INVALID;
	int64_t ms = (days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * 1000;
	hp_units_add_time(&again, ms); /* the one spelling of a moment that there is */
	bool same = !again.failed && (strlen(text) == 10 || strlen(text) == again.len) &&
		    strncmp(hp_buf_text(&again), text, strlen(text)) == 0;
	hp_buf_release(&again);
	if (!same)
		return HP_INVALID;
	*ret_ms = ms;
	return HP_OK;
}

void
hp_units_add_left(struct hp_buf *buf, int64_t ms)
{
	int64_t seconds = ms > 0 ? ms / 1000 : 0;
	if (seconds < 3600)
		hp_buf_printf(buf, "%d:%02d", (int)(seconds / 60), (int)(seconds % 60));
	else
		hp_buf_printf(buf, "%" PRId64 "h%02dm", seconds / 3600,
			      (int)(seconds / 60 % 60));
}

void
hp_units_add_span(struct hp_buf *buf, int64_t ms)
{
	/* `below`: what reads better in the next unit, in tenths of this one. */
	static const struct {
		uint64_t ms, below;
		const char *name;
	} spans[] = {
		{1000, 600, "s"}, {60000, 600, "m"}, {3600000, 240, "h"}, {86400000, 0, "d"},
	};
	uint64_t span = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
	if (ms < 0)
		hp_buf_add_byte(buf, '-');
	if (span < 1000) {
		hp_buf_printf(buf, "%d ms", (int)span);
		return;
	}
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		uint64_t unit = spans[i].ms;
		uint64_t tenths = span / unit * 10 + (span % unit * 10 + unit / 2) / unit;
		if (spans[i].below && tenths >= spans[i].below)
			continue;
		hp_buf_printf(buf, "%" PRIu64, tenths / 10);
		if (tenths % 10)
			hp_buf_printf(buf, ".%d", (int)(tenths % 10));
		hp_buf_printf(buf, " %s", spans[i].name);
		return;
	}
}
