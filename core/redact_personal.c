/* Judges of what tells who somebody is, and of what a patient's file holds. */
#include <arpa/inet.h>
#include <string.h>

#include "core/redact_judge.h"

#define LOCAL_BYTES 64u   /* of an address before its @ (RFC 5321, 4.5.3.1.1) */
#define DOMAIN_BYTES 255u /* and behind it */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* --- e-mail --- */

static bool
is_local(char c)
{
	return hp_redact_is(c, HP_CHARS_ALNUM) || (c && strchr("!#$%&*+-._~", c)) ||
	       (unsigned char)c >= 0x80;
}

/* Where the domain that begins at `at` ends: with the last label that can be a top one, which has
 * another before it and no digit first. 0: nowhere. */
static size_t
domain_end(const struct hp_redact_text *text, size_t at)
{
	const char *p = text->p;
	size_t end = 0, most = text->len - at > DOMAIN_BYTES ? at + DOMAIN_BYTES : text->len;
	bool top = false;
	for (; at < most; at++) {
		bool letter = hp_redact_is(p[at], HP_CHARS_ALNUM) || (unsigned char)p[at] >= 0x80;
		if (p[at] == '.' && at + 1 < most && p[at + 1] != '-' && p[at + 1] != '.')
			top = !is_digit(p[at + 1]);
		else if (!letter && p[at] != '-')
			break;
		else if (letter && top && p[at - 1] != '.')
			end = at + 1;
	}
	return end;
}

bool
hp_redact_judge_email(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                      struct hp_redact_span *span)
{
	(void)rule;
	const char *p = text->p;
	size_t from = span->from, end = domain_end(text, span->from + 2);
	size_t least = from > LOCAL_BYTES ? from - LOCAL_BYTES : 0;
	if (!end)
		return false;
	while (from > least && is_local(p[from - 1]))
		from--;
	while (from < span->from && ((unsigned char)p[from] & 0xc0) == 0x80)
		from++; /* began inside a character */
	/* its last letter may be all of the next one's local part: until is not the end */
	span->from = from;
	span->to = end;
	return true;
}

/* --- telephones --- */

/*
 * Digits in groups, at most one separator apart (or ") "): how many, and where the last whole group
 * within `most` digits ends.
 */
static size_t
count_digits(const struct hp_redact_text *text, size_t at, size_t most, const char *separators,
             size_t *ret_end)
{
	size_t count = 0, kept = 0, gap = 0;
	for (; at < text->len; at++) {
		char c = text->p[at];
		if (is_digit(c)) {
			if (++count > most)
				break;
			gap = 0;
			if (at + 1 == text->len || (text->p[at + 1] != '_' &&
			                            !hp_redact_is(text->p[at + 1], HP_CHARS_ALNUM))) {
				kept = count;
				*ret_end = at + 1;
			}
		} else if (!c || !strchr(separators, c) ||
		           (++gap > 1 && text->p[at - 1] != ')' && c != '(')) {
			break;
		}
	}
	return kept;
}

/* ITU-T E.164: + and at most 15 digits. Without any grouping few digits are a sum or an offset. */
bool
hp_redact_judge_phone(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                      struct hp_redact_span *span)
{
	size_t end = span->to, count = count_digits(text, span->from + 1, 15, " .-()", &end);
	bool grouped = end - span->from > count + 1;
	if (count < rule->min + !grouped)
		return false;
	*span = (struct hp_redact_span){span->from, end, end};
	return true;
}

/* 415-555-2671, (415) 555-2671; the country's 1 before it. */
bool
hp_redact_judge_nanp(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                     struct hp_redact_span *span)
{
	(void)rule;
	const char *p = text->p;
	size_t from = span->from;
	if (from >= 2 && p[from - 2] == '1' && strchr(" .-", p[from - 1]) && p[from - 1] &&
	    hp_redact_stands_alone(text, from - 2, span->to))
		from -= 2;
	if (!hp_redact_stands_alone(text, from, span->to) && p[from] != '(')
		return false;
	if (span->to < text->len && hp_redact_is(p[span->to], HP_CHARS_ALNUM))
		return false;
	if (p[span->from] != '(' && p[span->from + 3] != p[span->from + 7])
		return false;
	*span = (struct hp_redact_span){from, span->to, span->to};
	return true;
}

/* --- numbers with check digits --- */

/* The digits of a number whose groups have single blanks or dashes between them. */
static size_t
gather(const struct hp_redact_text *text, size_t at, char *digits, size_t most, size_t *ends)
{
	size_t count = 0;
	for (; at < text->len && count < most; at++) {
		if (is_digit(text->p[at])) {
			digits[count] = text->p[at];
			ends[count++] = at + 1;
		} else if ((text->p[at] != ' ' && text->p[at] != '-') || at + 1 == text->len ||
		           !is_digit(text->p[at + 1])) {
			break;
		}
	}
	return count;
}

/* The longest prefix that ends with a group and is a card. */
bool
hp_redact_judge_card(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                     struct hp_redact_span *span)
{
	char digits[20];
	size_t ends[20];
	size_t count = gather(text, span->from, digits, 20, ends);
	size_t from = span->from;
	span->until = hp_redact_run(text, from, HP_CHARS_DIGIT, 64);
	for (; count >= rule->min; count--)
		if (hp_redact_stands_alone(text, from, ends[count - 1]) &&
		    hp_redact_is_card(digits, count)) {
			*span = (struct hp_redact_span){from, ends[count - 1], ends[count - 1]};
			return true;
		}
	return false;
}

bool
hp_redact_judge_iban(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                     struct hp_redact_span *span)
{
	char compact[35];
	size_t ends[35], count = 0, at = span->from;
	for (; at < text->len && count < 35; at++) {
		if (hp_redact_is(text->p[at], HP_CHARS_ALNUM)) {
			compact[count] = text->p[at];
			ends[count++] = at + 1;
		} else if ((text->p[at] != ' ' && text->p[at] != '-') || count % 4 != 0) {
			break;
		}
	}
	size_t len = hp_redact_iban_length(compact);
	if (len < rule->min || len > count || !hp_redact_is_iban(compact, len) ||
	    !hp_redact_stands_alone(text, span->from, ends[len - 1]))
		return false;
	*span = (struct hp_redact_span){span->from, ends[len - 1], ends[len - 1]};
	return true;
}

static void
nine_digits(const char *p, char *digits)
{
	memcpy(digits, p, 3);
	memcpy(digits + 3, p + 4, 2);
	memcpy(digits + 5, p + 7, 4);
}

bool
hp_redact_judge_ssn(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                    struct hp_redact_span *span)
{
	char digits[9];
	(void)rule;
	nine_digits(text->p + span->from, digits);
	return hp_redact_is_ssn(digits) && hp_redact_stands_alone(text, span->from, span->to);
}

bool
hp_redact_judge_itin(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                     struct hp_redact_span *span)
{
	char digits[9];
	(void)rule;
	nine_digits(text->p + span->from, digits);
	return hp_redact_is_itin(digits) && hp_redact_stands_alone(text, span->from, span->to);
}

/* --- addresses of machines --- */

/* Those that are everybody's: this host, no host, a netmask. */
static bool
is_nobodys(const unsigned *octets)
{
	return octets[0] == 127 || octets[0] == 255 || octets[0] == 0;
}

bool
hp_redact_judge_ipv4(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                     struct hp_redact_span *span)
{
	(void)rule;
	unsigned octets[4];
	span->from += !is_digit(text->p[span->from]); /* what has to be before it */
	size_t at = span->from;
	for (size_t i = 0; i < 4; i++) {
		size_t start = at;
		for (octets[i] = 0; at < text->len && is_digit(text->p[at]) && at - start < 3; at++)
			octets[i] = octets[i] * 10 + (unsigned)(text->p[at] - '0');
		if (octets[i] > 255 || (at - start > 1 && text->p[start] == '0'))
			return false;
		if (i < 3)
			at++;
	}
	if (!hp_redact_stands_alone(text, span->from, at) || is_nobodys(octets))
		return false;
	*span = (struct hp_redact_span){span->from, at, at};
	return true;
}

/* RFC 4291, 2.2. "12:30:45" and "add::bad" are none. */
bool
hp_redact_judge_ipv6(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                     struct hp_redact_span *span)
{
	(void)rule;
	struct in6_addr address;
	char copy[INET6_ADDRSTRLEN];
	const char *p = text->p;
	size_t from = span->from;
	bool digit = false;
	if (!hp_redact_is(p[from], HP_CHARS_HEX) && p[from] != ':')
		from++; /* what has to be before it */
	size_t at = from;
	while (at < text->len && at - from < sizeof copy - 1 &&
	       (hp_redact_is(p[at], HP_CHARS_HEX) || p[at] == ':' || p[at] == '.'))
		digit |= is_digit(p[at++]);
	while (at > from && (p[at - 1] == '.' || (p[at - 1] == ':' && at - from > 2 &&
	                                          p[at - 2] != ':')))
		at--; /* of a sentence */
	if (!digit || (at < text->len && (hp_redact_is(p[at], HP_CHARS_ALNUM) || p[at] == '_')))
		return false;
	memcpy(copy, p + from, at - from);
	copy[at - from] = '\0';
	if (inet_pton(AF_INET6, copy, &address) != 1 || IN6_IS_ADDR_LOOPBACK(&address) ||
	    IN6_IS_ADDR_UNSPECIFIED(&address))
		return false;
	*span = (struct hp_redact_span){from, at, at};
	return true;
}

/* --- behind words --- */

/*
 * Over what may stand between a word and its value: blanks, quotes, punctuation, "number", "is", a
 * format in parentheses. Returns where the value would begin.
 */
static size_t
skip_gap(const struct hp_redact_text *text, size_t at)
{
	static const char *const words[] = {"identifier", "number", "no", "num", "nr", "id",
	                                    "is",         "was",    "on", "at",  "in"};
	size_t most = text->len - at > 48 ? at + 48 : text->len;
	while (at < most) {
		char c = text->p[at];
		if (c == '(' && at + 1 < most && !is_digit(text->p[at + 1])) {
			const char *end = memchr(text->p + at, ')', most - at);
			if (!end || memchr(text->p + at, '[', (size_t)(end - text->p) - at))
				return at;
			at = (size_t)(end - text->p) + 1;
			continue;
		}
		if (c && strchr(" \t\r\n\"'`:=#>*|_.,-\\/", c)) {
			at++;
			continue;
		}
		size_t i = 0, len = 0;
		if (!c || !strchr("INWOAinwoa", c))
			break;
		for (; i < sizeof words / sizeof *words; i++) {
			len = strlen(words[i]);
			if (most - at > len && strncasecmp(text->p + at, words[i], len) == 0 &&
			    !hp_redact_is(text->p[at + len], HP_CHARS_ALNUM))
				break;
		}
		if (i == sizeof words / sizeof *words)
			break;
		at += len;
	}
	return at;
}

/* Where the value behind the word begins; the text's end when the word goes on. */
static size_t
behind(const struct hp_redact_text *text, const struct hp_redact_span *span)
{
	size_t at = span->to;
	size_t end = hp_redact_run(text, at, HP_CHARS_ALNUM, 12);
	static const char *const endings[] = {"s", "id", "number", "no", "num"};
	if (end > at) {
		size_t i = 0;
		while (i < 5 && (strlen(endings[i]) != end - at ||
		                 strncasecmp(text->p + at, endings[i], end - at) != 0))
			i++;
		if (i == 5 && !is_digit(text->p[at]))
			return text->len;
		if (i < 5)
			at = end;
	}
	return skip_gap(text, at);
}

bool
hp_redact_judge_phone_word(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                           struct hp_redact_span *span)
{
	size_t from = behind(text, span), end = from;
	if (from < text->len && text->p[from] == '+')
		return false; /* found by itself */
	size_t count = count_digits(text, from, 15, " .-()/", &end);
	if (count < rule->min)
		return false;
	*span = (struct hp_redact_span){from, end, span->to};
	return true;
}

/* Nine digits, however written. */
static bool
take_nine(const struct hp_redact_text *text, struct hp_redact_span *span,
          bool valid(const char *digits))
{
	char digits[10];
	size_t ends[10], from = behind(text, span);
	size_t count = gather(text, from, digits, 10, ends);
	if (count < 9 || !valid(digits) || !hp_redact_stands_alone(text, from, ends[8]))
		return false;
	*span = (struct hp_redact_span){from, ends[8], span->to};
	return true;
}

bool
hp_redact_judge_ssn_word(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                         struct hp_redact_span *span)
{
	(void)rule;
	return take_nine(text, span, hp_redact_is_ssn);
}

bool
hp_redact_judge_itin_word(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                          struct hp_redact_span *span)
{
	(void)rule;
	return take_nine(text, span, hp_redact_is_itin);
}

bool
hp_redact_judge_birth(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                      struct hp_redact_span *span)
{
	(void)rule;
	size_t from = behind(text, span), len = from < text->len ? hp_redact_date(text, from) : 0;
	if (!len)
		return false;
	*span = (struct hp_redact_span){from, from + len, span->to};
	return true;
}

/* A number of some office: letters and dashes may be part of it, but most of it are digits. */
bool
hp_redact_judge_record(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                       struct hp_redact_span *span)
{
	size_t from = behind(text, span), end = hp_redact_run(text, from, HP_CHARS_WORD, 24);
	size_t digits = 0;
	for (size_t i = from; i < end; i++)
		digits += is_digit(text->p[i]);
	if (rule->min > 6) { /* NHS: 943 476 5919 */
		size_t last = end, count = count_digits(text, from, 12, " -", &last);
		if (count > digits) {
			digits = count;
			end = last;
		}
	}
	if (digits < 4 || end - from < rule->min || 2 * digits < end - from)
		return false;
	*span = (struct hp_redact_span){from, end, span->to};
	return true;
}
