/* Validators: arithmetic on what the patterns found. No table of rules, no context. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "core/redact_judge.h"

/* By character, ASCII only, whatever the locale: bit n tells whether it is of enum hp_redact_chars n.
 * Digits, letters that are hexadecimal digits, other letters, _ and -, what tokens have besides. */
enum { D = 0xfe, H = 0xfc, L = 0xf8, W = 0xf0, T = 0x20, B = 0x40, P = 0xc0 };
_Static_assert(HP_CHARS_PATH == 7, "a byte holds all of them");

const uint8_t hp_redact_classes[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 0x00 */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 0x10 */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, B, 0, W, T, P, /* 0x20 */
	D, D, D, D, D, D, D, D, D, D, 0, 0, 0, B, 0, 0, /* 0x30 */
	0, H, H, H, H, H, H, L, L, L, L, L, L, L, L, L, /* 0x40 */
	L, L, L, L, L, L, L, L, L, L, L, 0, 0, 0, 0, W, /* 0x50 */
	0, H, H, H, H, H, H, L, L, L, L, L, L, L, L, L, /* 0x60 */
	L, L, L, L, L, L, L, L, L, L, L, 0, 0, 0, T, 0, /* 0x70 */
};

size_t
hp_redact_run(const struct hp_redact_text *text, size_t at, enum hp_redact_chars chars, size_t most)
{
	size_t end = text->len - at > most ? at + most : text->len;
	while (at < end && hp_redact_is(text->p[at], chars))
		at++;
	return at;
}

static bool
is_letter(char c)
{
	return hp_redact_is(c, HP_CHARS_ALNUM) && !hp_redact_is(c, HP_CHARS_DIGIT);
}

static bool
is_part(char c)
{
	return hp_redact_is(c, HP_CHARS_ALNUM) || c == '_';
}

bool
hp_redact_is_before(const struct hp_redact_text *text, size_t at)
{
	return text->len - at >= 10 && memcmp(text->p + at, "[REDACTED:", 10) == 0;
}

bool
hp_redact_is_behind(const struct hp_redact_text *text, size_t at)
{
	size_t start = at > 0 && text->p[at - 1] == ']' ? at - 1 : 0;
	size_t least = start > HP_REDACT_NAME_BYTES ? start - HP_REDACT_NAME_BYTES : 0;
	while (start > least && hp_redact_is(text->p[start - 1], HP_CHARS_WORD))
		start--;
	return start >= 10 && hp_redact_is_before(text, start - 10);
}

/* "5" of ".5", "-5" and "a_5" is part of something larger; the "." of "5." ends a sentence. What was
 * replaced beside it was a part too. */
bool
hp_redact_stands_alone(const struct hp_redact_text *text, size_t from, size_t to)
{
	const char *p = text->p;
	if (from > 0 && is_part(p[from - 1]))
		return false;
	if (from > 1 && (p[from - 1] == '.' || p[from - 1] == '-') &&
	    (is_part(p[from - 2]) || hp_redact_is_behind(text, from - 1)))
		return false;
	if (to == text->len)
		return true;
	if (is_part(p[to]))
		return false;
	return !(text->len - to > 1 && (p[to] == '.' || p[to] == '-') &&
	         (is_part(p[to + 1]) || hp_redact_is_before(text, to + 1)));
}

/* ISO/IEC 7812-1, annex B. */
bool
hp_redact_luhn(const char *digits, size_t count)
{
	unsigned sum = 0;
	for (size_t i = 0; i < count; i++) {
		unsigned digit = (unsigned)(digits[count - 1 - i] - '0');
		if (i % 2)
			digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
		sum += digit;
	}
	return count > 0 && sum % 10 == 0;
}

bool
hp_redact_is_card(const char *digits, size_t count)
{
	/* Issuers: first six digits, and bits of the lengths they use. */
#define LENGTH(n) (1u << (n))
	static const struct {
		unsigned from, to, lengths;
	} issuers[] = {
		{222100, 272099, LENGTH(16)},                            /* Mastercard */
		{300000, 305999, LENGTH(14)},                            /* Diners Club */
		{340000, 349999, LENGTH(15)},                            /* American Express */
		{352800, 358999, LENGTH(16) | LENGTH(19)},               /* JCB */
		{360000, 369999, LENGTH(14) | LENGTH(16) | LENGTH(19)},  /* Diners Club */
		{370000, 379999, LENGTH(15)},                            /* American Express */
		{380000, 399999, LENGTH(14) | LENGTH(16)},               /* Diners Club */
		{400000, 499999, LENGTH(13) | LENGTH(16) | LENGTH(19)},  /* Visa */
		{500000, 509999, LENGTH(16) | LENGTH(19)},               /* Maestro, Elo */
		{510000, 559999, LENGTH(16)},                            /* Mastercard */
		{560000, 589999, LENGTH(16) | LENGTH(18) | LENGTH(19)},  /* Maestro */
		{600000, 699999, LENGTH(16) | LENGTH(17) | LENGTH(18) | LENGTH(19)}, /* others */
	};
#undef LENGTH
	if (count < 13 || count > 19)
		return false;
	unsigned prefix = 0;
	for (size_t i = 0; i < 6; i++)
		prefix = prefix * 10 + (unsigned)(digits[i] - '0');
	for (size_t i = 0; i < sizeof issuers / sizeof *issuers; i++)
		if (prefix >= issuers[i].from && prefix <= issuers[i].to &&
		    issuers[i].lengths >> count & 1)
			return hp_redact_luhn(digits, count);
	return false;
}

/* The length of each country's IBANs, from the registry of ISO 13616 (SWIFT). */
size_t
hp_redact_iban_length(const char *country)
{
	static const char table[] =
		"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28"
		"EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26"
		"IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28"
		"NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25"
		"SV28TL23TN24TR26UA29VA22VG24XK20YE30";
	int a = toupper((unsigned char)country[0]), b = toupper((unsigned char)country[1]);
	for (const char *row = table; *row; row += 4)
		if (row[0] == a && row[1] == b)
			return (size_t)((row[2] - '0') * 10 + row[3] - '0');
	return 0;
}

/* ISO 13616-1, 6: the first four characters go to the end, A is 10 … Z is 35; the rest by 97 is 1. */
bool
hp_redact_is_iban(const char *text, size_t len)
{
	const uint64_t much = UINT64_C(1) << 56; /* a hundred times that still fits */
	uint64_t rest = 0;
	if (hp_redact_iban_length(text) != len)
		return false;
	for (size_t i = 0, at = 4; i < len; i++, at = at + 1 < len ? at + 1 : 0) {
		char c = text[at];
		if (hp_redact_is(c, HP_CHARS_DIGIT))
			rest = rest * 10 + (unsigned)(c - '0');
		else
			rest = rest * 100 + (unsigned)((c | 0x20) - 'a' + 10);
		if (rest > much)
			rest %= 97;
	}
	return rest % 97 == 1;
}

static unsigned
number(const char *digits, size_t count)
{
	unsigned value = 0;
	for (size_t i = 0; i < count; i++)
		value = value * 10 + (unsigned)(digits[i] - '0');
	return value;
}

/* SSA POMS RM 10201.035: no area 000, 666 or 900 to 999; no group 00; no serial 0000. */
bool
hp_redact_is_ssn(const char *digits)
{
	unsigned area = number(digits, 3);
	return area != 0 && area != 666 && area < 900 && number(digits + 3, 2) != 0 &&
	       number(digits + 5, 4) != 0;
}

/* IRS Publication 4757: 9xx, fourth and fifth digit 50 to 65, 70 to 88, 90 to 92, 94 to 99. */
bool
hp_redact_is_itin(const char *digits)
{
	unsigned group = number(digits + 3, 2);
	return digits[0] == '9' && group >= 50 && !(group > 65 && group < 70) && group != 89 &&
	       group != 93;
}

double
hp_redact_bits(const char *text, size_t len)
{
	unsigned counts[256] = {0};
	for (size_t i = 0; i < len; i++)
		counts[(unsigned char)text[i]]++;
	double bits = len ? (double)len * log2((double)len) : 0;
	for (size_t i = 0; i < len; i++) { /* each character once, then it counts nothing */
		unsigned *count = &counts[(unsigned char)text[i]];
		if (*count > 1)
			bits -= *count * log2(*count);
		*count = 0;
	}
	return bits;
}

bool
hp_redact_is_random(const char *text, size_t len)
{
	bool digit = false, letter = false;
	for (size_t i = 0; i < len; i++) {
		digit |= hp_redact_is(text[i], HP_CHARS_DIGIT);
		letter |= is_letter(text[i]);
	}
	return digit && letter && hp_redact_bits(text, len) >= 30;
}

bool
hp_redact_base64_holds(const char *text, size_t len, char c)
{
	unsigned held = 0, bits = 0;
	bool found = false;
	for (size_t i = 0; i < len && text[i] != '='; i++) {
		unsigned char ch = (unsigned char)text[i];
		unsigned value = isdigit(ch)    ? ch - '0' + 52u
		                 : isupper(ch)  ? ch - 'A' + 0u
		                 : islower(ch)  ? ch - 'a' + 26u
		                 : ch == '+' || ch == '-' ? 62u
		                                          : 63u;
		held = held << 6 | value;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		unsigned byte = held >> bits & 0xff;
		if (byte < 0x20 || byte == 0x7f)
			return false;
		found |= byte == (unsigned char)c;
	}
	return found;
}

/* --- dates --- */

static size_t
digits_at(const struct hp_redact_text *text, size_t at, size_t most)
{
	return hp_redact_run(text, at, HP_CHARS_DIGIT, most) - at;
}

static bool
is_year(unsigned year, size_t digits)
{
	return digits == 2 || (digits == 4 && year >= 1850 && year <= 2150);
}

/* 1980-03-12, 12.03.1980, 3/12/80: three numbers and one separator. */
static size_t
numeric_date(const struct hp_redact_text *text, size_t at)
{
	size_t start = at, widths[3];
	unsigned values[3];
	char separator = 0;
	for (size_t i = 0; i < 3; i++) {
		widths[i] = digits_at(text, at, 5);
		if (widths[i] == 0 || widths[i] == 3 || widths[i] > 4)
			return 0;
		values[i] = number(text->p + at, widths[i]);
		at += widths[i];
		if (i == 2)
			break;
		if (at == text->len || !strchr("-/. ", text->p[at]) || !text->p[at] ||
		    (separator && text->p[at] != separator))
			return 0;
		separator = text->p[at++];
	}
	size_t year = widths[0] == 4 ? 0 : 2, a = year ? values[0] : values[1],
	       b = year ? values[1] : values[2];
	if (!is_year(values[year], widths[year]) || !a || !b || a > 31 || b > 31 || (a > 12 && b > 12))
		return 0;
	return at - start;
}

/* 19800312, 12031980 */
static size_t
compact_date(const struct hp_redact_text *text, size_t at)
{
	if (digits_at(text, at, 9) != 8)
		return 0;
	const char *p = text->p + at;
	return is_year(number(p, 4), 4) || is_year(number(p + 4, 4), 4) ? 8 : 0;
}

static size_t
month_at(const struct hp_redact_text *text, size_t at)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	size_t end = at;
	while (end < text->len && end - at < 10 && is_letter(text->p[end]))
		end++;
	if (end - at < 3)
		return 0;
	char name[3];
	for (size_t i = 0; i < 3; i++)
		name[i] = text->p[at + i] | 0x20; /* letters, all of them */
	for (const char *month = months; *month; month += 3)
		if (memcmp(name, month, 3) == 0)
			return end - at;
	return 0;
}

static size_t
blanks_at(const struct hp_redact_text *text, size_t at)
{
	size_t end = at;
	while (end < text->len && end - at < 3 && strchr(" ,.-/", text->p[end]) && text->p[end])
		end++;
	return end - at;
}

/* 12 March 1980, March 12th, 1980, 12-Mar-80 */
static size_t
named_date(const struct hp_redact_text *text, size_t at)
{
	size_t start = at, month = month_at(text, at), day, year;
	if (month) {
		at += month;
		at += blanks_at(text, at);
	}
	day = digits_at(text, at, 3);
	if (day == 0 || day > 2)
		return 0;
	at += day;
	static const char endings[] = "stndrdth";
	bool letter = at < text->len && is_letter(text->p[at]);
	for (size_t i = 0; letter && i < 8 && text->len - at >= 2; i += 2)
		if (strncasecmp(text->p + at, endings + i, 2) == 0) {
			at += 2;
			break;
		}
	at += blanks_at(text, at);
	if (!month) {
		month = month_at(text, at);
		if (!month)
			return 0;
		at += month;
		at += blanks_at(text, at);
	}
	year = digits_at(text, at, 5);
	if (year > 4 || !is_year(number(text->p + at, year), year))
		return 0;
	return at + year - start;
}

size_t
hp_redact_date(const struct hp_redact_text *text, size_t at)
{
	size_t len = numeric_date(text, at);
	if (!len)
		len = compact_date(text, at);
	return len ? len : named_date(text, at);
}
