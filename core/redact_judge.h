/*
 * redact_judge - inside redact: one rule, one candidate, and the judges that decide on it.
 *
 * Invariants:
 *  1. A judge reads forward from its candidate, or back over at most HP_REDACT_BEHIND_BYTES.
 *  2. It sets `until` where the run that it read ends: candidates of the same rule before that
 *     would read the same again, and are not judged. So all judging is linear (redact.h 1).
 *  3. A replacement makes no new hits (redact.h 4): what was glued to a hit, and for that reason
 *     was no hit itself, is none when it is glued to "[REDACTED:…]"; no gap between a word and its
 *     value crosses a bracket; and no part of a value passes where the whole did not.
 * Threads: no state.
 */
#ifndef HP_CORE_REDACT_JUDGE_H
#define HP_CORE_REDACT_JUDGE_H

#include "core/redact.h"

struct hp_redact_text {
	const char *p;
	size_t len;
	size_t value_at; /* where a value known to be whole begins (hp_redact_value); else SIZE_MAX */
};

struct hp_redact_span {
	size_t from, to; /* in: the candidate; out: the hit */
	size_t until;	 /* out, see invariant 2; at least the candidate's `from` + 1 */
};

/* Characters that the rest of a token is of. */
enum hp_redact_chars {
	HP_CHARS_NONE,
	HP_CHARS_DIGIT,
	HP_CHARS_HEX,
	HP_CHARS_ALNUM,
	HP_CHARS_WORD,	 /* alnum _ - */
	HP_CHARS_DOTTED, /* alnum _ - . ~ */
	HP_CHARS_BASE64, /* alnum + / = _ - */
	HP_CHARS_PATH,	 /* alnum _ - / */
};

struct hp_redact_rule;
typedef bool hp_redact_judge(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
			     struct hp_redact_span *span);

struct hp_redact_rule {
	unsigned group;
	const char *kind;
	const char *expression;
	unsigned flags; /* of enum hp_pattern_flags, SPAN besides */
	hp_redact_judge *judge;
	enum hp_redact_chars chars;
	size_t min; /* bytes of the whole, or of the value behind a word */
};

/* redact_rules.c: the table. */
extern const struct hp_redact_rule hp_redact_rules[];
extern const size_t hp_redact_rule_count;

#define HP_REDACT_RULE(group, kind, expression, flags, judge, chars, min)                          \
	hp_redact_judge hp_redact_judge_##judge;
#include "core/redact_rules.def"
#undef HP_REDACT_RULE

/* redact_validate.c: what is pure arithmetic. */
extern const uint8_t hp_redact_classes[256];
static inline bool
hp_redact_is(char c, enum hp_redact_chars chars)
{
	return hp_redact_classes[(unsigned char)c] >> chars & 1;
}
/* Where the run of such characters from `at` ends; `at` + `most` at the latest. */
size_t hp_redact_run(const struct hp_redact_text *text, size_t at, enum hp_redact_chars chars,
		     size_t most);
/* Whether nothing of a word or number touches [from, to). */
bool hp_redact_stands_alone(const struct hp_redact_text *text, size_t from, size_t to);
/* Whether a replacement ends at `at`, or begins there. */
bool hp_redact_is_behind(const struct hp_redact_text *text, size_t at);
bool hp_redact_is_before(const struct hp_redact_text *text, size_t at);
bool hp_redact_luhn(const char *digits, size_t count);
/* A number that some issuer gives out: prefix, length and Luhn. */
bool hp_redact_is_card(const char *digits, size_t count);
/* Of a country's IBANs; 0: it has none. */
size_t hp_redact_iban_length(const char *country);
/* ISO 13616, without blanks: country, its length, mod 97. */
bool hp_redact_is_iban(const char *text, size_t len);
/* Nine digits: whether the Social Security Administration may have given them out, or the IRS. */
bool hp_redact_is_ssn(const char *digits);
bool hp_redact_is_itin(const char *digits);
/* Bytes of a date at `at`; 0 for none. */
size_t hp_redact_date(const struct hp_redact_text *text, size_t at);
/*
 * Information in bits, by the frequencies of its own characters: length × Shannon entropy. It never
 * shrinks when text grows, so no part of a refused value passes alone.
 */
double hp_redact_bits(const char *text, size_t len);
/* Whether it looks made by a machine: digits and letters, and about as varied as chance makes. */
bool hp_redact_is_random(const char *text, size_t len);
/* Whether it decodes (RFC 4648) to printable text that holds `c`. */
bool hp_redact_base64_holds(const char *text, size_t len, char c);

#endif
