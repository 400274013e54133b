/* Judges of secrets: tokens that say what they are, and values behind words that say it. */
#include <string.h>

#include "core/redact_judge.h"

#define TOKEN_BYTES 8192u    /* the longest token; a tail beyond it is judged on its own */
#define VALUE_BYTES 4096u    /* the longest value behind a word */
#define VALUE_GAP 48u        /* more than lies between a word and its value */
#define ARMOUR_BYTES 24576u  /* the longest armoured key; less than the reach */

/* --- tokens --- */

/* A token's run is read once: whatever else of this rule begins inside it has the same end. */
static bool
take_token(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
           struct hp_redact_span *span)
{
	span->to = hp_redact_run(text, span->to, rule->chars, TOKEN_BYTES);
	span->until = span->to;
	while (span->to > span->from && strchr(".~-", text->p[span->to - 1]))
		span->to--; /* the end of a sentence */
	return span->to - span->from >= rule->min;
}

bool
hp_redact_judge_token(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                      struct hp_redact_span *span)
{
	return take_token(rule, text, span);
}

/* For prefixes that words of a language may have too. */
bool
hp_redact_judge_random(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                       struct hp_redact_span *span)
{
	return take_token(rule, text, span) &&
	       hp_redact_is_random(text->p + span->from, span->to - span->from);
}

/* For what is of one length: a longer run is something else. */
bool
hp_redact_judge_exact(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                      struct hp_redact_span *span)
{
	return take_token(rule, text, span) &&
	       hp_redact_run(text, span->to, HP_CHARS_WORD, 1) == span->to &&
	       hp_redact_is_random(text->p + span->from, span->to - span->from);
}

/* SG.id.secret */
bool
hp_redact_judge_dotted(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                       struct hp_redact_span *span)
{
	size_t body = span->from + 3;
	return take_token(rule, text, span) && memchr(text->p + body, '.', span->to - body);
}

/* Three parts (RFC 7515), or five (RFC 7516), the second empty or not. */
bool
hp_redact_judge_jwt(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                    struct hp_redact_span *span)
{
	size_t at = span->to, parts = 1;
	for (;; parts++) {
		at = hp_redact_run(text, at, rule->chars, TOKEN_BYTES);
		if (parts == 5 || at == text->len || text->p[at] != '.')
			break;
		at++;
	}
	span->until = span->to = at;
	if (text->p[at - 1] == '.')
		span->to--;
	return parts >= 3 && span->to - span->from >= rule->min;
}

/* --- keys over many lines --- */

static bool
begins(const struct hp_redact_text *text, size_t at, const char *what)
{
	size_t len = strlen(what);
	return text->len - at >= len && memcmp(text->p + at, what, len) == 0;
}

static bool
is_line_end(const struct hp_redact_text *text, size_t at)
{
	char c = text->p[at];
	return c == '\n' || c == '\r' || c == ' ' || c == '\t' || c == '"' || c == '\'' ||
	       c == ',' || c == '>' || c == '+';
}

/* Over blanks, quotes and \n as source code and JSON write lines. */
static size_t
skip_line_ends(const struct hp_redact_text *text, size_t at)
{
	for (; at < text->len; at++) {
		if (text->p[at] == '\\' && at + 1 < text->len && strchr("nrt\\\"", text->p[at + 1]))
			at++;
		else if (!is_line_end(text, at))
			break;
	}
	return at;
}

/* Lines of base64, and headers such as "DEK-Info: …", until something else comes. */
static size_t
skip_key_lines(const struct hp_redact_text *text, size_t at)
{
	size_t last = at, end = at;
	for (;;) {
		at = skip_line_ends(text, end);
		end = hp_redact_run(text, at, HP_CHARS_BASE64, ARMOUR_BYTES);
		if (end - last > ARMOUR_BYTES || end - at < 16)
			return last;
		last = end;
	}
}

/*
 * -----BEGIN … PRIVATE KEY-----. Cut off before its end it is still a key: then what looks like its
 * lines goes. Nothing inside a key has five dashes, so each byte is read for one key only.
 */
bool
hp_redact_judge_armour(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                       struct hp_redact_span *span)
{
	(void)rule;
	size_t at = span->to, most = text->len - at > 40 ? at + 40 : text->len;
	while (at < most && ((text->p[at] >= 'A' && text->p[at] <= 'Z') || text->p[at] == ' '))
		at++;
	if (!begins(text, at, "-----") ||
	    !memmem(text->p + span->to, at - span->to, "PRIVATE KEY", 11))
		return false;
	at += 5;
	size_t left = text->len - at > ARMOUR_BYTES ? ARMOUR_BYTES : text->len - at;
	const char *dashes = memmem(text->p + at, left, "-----", 5);
	size_t end = dashes ? (size_t)(dashes - text->p) : 0;
	if (dashes && begins(text, end, "-----END ")) {
		most = text->len - end > 64 ? end + 64 : text->len;
		for (end += 9; end < most && text->p[end] != '-' && text->p[end] != '\n'; end++)
			;
		span->to = begins(text, end, "-----") ? end + 5 : end;
	} else {
		span->to = skip_key_lines(text, at);
	}
	span->until = span->to;
	return true;
}

/* Private-Lines: N, then N lines */
bool
hp_redact_judge_putty(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                      struct hp_redact_span *span)
{
	(void)rule;
	size_t at = hp_redact_run(text, span->to, HP_CHARS_DIGIT, 4);
	span->from = skip_line_ends(text, at);
	span->to = skip_key_lines(text, at);
	if (span->to <= span->from)
		return false;
	span->until = span->to;
	return true;
}

/* --- by where they stand --- */

/* "AKIA…" and then, a separator further, 40 characters that can only be its secret. */
bool
hp_redact_judge_aws_pair(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                         struct hp_redact_span *span)
{
	(void)rule;
	size_t at = span->to, most = text->len - at > 8 ? at + 8 : text->len;
	while (at < most && text->p[at] && strchr(" \t\r\n,;:|=\"'", text->p[at]))
		at++;
	size_t end = hp_redact_run(text, at, HP_CHARS_BASE64, 41);
	if (at == span->to || end - at != 40 || !hp_redact_is_random(text->p + at, 40))
		return false;
	*span = (struct hp_redact_span){at, end, end};
	return true;
}

/* Not a value but where one would stand: $VAR, ${VAR}, {{ var }}, <password>, %s, ****, [… */
static bool
begins_placeholder(char c)
{
	return c == '\0' || strchr("$<{[(*%@", c);
}

static bool
is_placeholder(const char *p, size_t len)
{
	static const char *const words[] = {
		"null",     "none",     "nil",      "true",    "false",   "string", "text",
		"password", "required", "optional", "changed", "changeme", "hidden", "masked",
		"redacted", "undefined", "empty",   "unset",   "secret",  "token",  "example",
	};
	if (len == 0 || begins_placeholder(p[0]))
		return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == len && strncasecmp(p, words[i], len) == 0)
			return true;
	for (size_t i = 1; i < len; i++)
		if (p[i] != p[0])
			return false;
	return p[0] == 'x' || p[0] == 'X' || p[0] == '.' || p[0] == '-' || p[0] == '#';
}

/* scheme://user:password@host (RFC 3986, 3.2.1) */
bool
hp_redact_judge_url(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                    struct hp_redact_span *span)
{
	size_t at = span->to, colon = 0, last = 0;
	size_t most = text->len - at > 512 ? at + 512 : text->len;
	for (; at < most && text->p[at] && !strchr("/?# \t\r\n\"'<>\\`[]", text->p[at]); at++) {
		if (text->p[at] == ':' && !colon)
			colon = at;
		if (text->p[at] == '@')
			last = at;
	}
	if (!colon || last <= colon)
		return false;
	span->from = colon + 1;
	span->to = last;
	return span->to - span->from >= rule->min &&
	       !is_placeholder(text->p + span->from, span->to - span->from);
}

/* Authorization: Bearer TOKEN (RFC 6750) */
bool
hp_redact_judge_bearer(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                       struct hp_redact_span *span)
{
	size_t at = span->from + 7;
	span->to = hp_redact_run(text, at, HP_CHARS_DOTTED, TOKEN_BYTES);
	span->to = hp_redact_run(text, span->to, HP_CHARS_BASE64, TOKEN_BYTES);
	span->from = at;
	return span->to - at >= rule->min && hp_redact_is_random(text->p + at, span->to - at);
}

/* Authorization: Basic, base64 of user:password (RFC 7617) */
bool
hp_redact_judge_basic(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                      struct hp_redact_span *span)
{
	size_t at = span->from + 6;
	span->to = hp_redact_run(text, at, rule->chars, VALUE_BYTES);
	span->from = at;
	return span->to - at >= rule->min &&
	       hp_redact_base64_holds(text->p + at, span->to - at, ':');
}

/* --- words and values --- */

struct value {
	size_t from, to;
	char separator; /* '=' also for := and =>; ':'; ' ' for an option's; '>' of XML */
	bool quoted;
};

/* What may follow a word within its name: "secret_key_base", "password2". */
static size_t
skip_suffix(const struct hp_redact_text *text, size_t at)
{
	static const char *const suffixes[] = {"key", "access", "base", "value", "string",
	                                       "text", "word", "hash"};
	for (int turn = 0; turn < 3; turn++) {
		size_t start = at;
		if (at < text->len && (text->p[at] == '_' || text->p[at] == '-'))
			at++;
		size_t begin = at;
		bool may = at < text->len && hp_redact_is(text->p[at], HP_CHARS_ALNUM);
		for (size_t i = 0; may && i < sizeof suffixes / sizeof *suffixes; i++) {
			size_t len = strlen(suffixes[i]);
			if (text->len - at >= len &&
			    strncasecmp(text->p + at, suffixes[i], len) == 0) {
				at += len;
				break;
			}
		}
		if (at == begin)
			at = hp_redact_run(text, at, HP_CHARS_DIGIT, 2);
		if (at == begin)
			return start;
	}
	return at;
}

/* Blanks, quotes and the backslashes before them. */
static size_t
skip_quotes(const struct hp_redact_text *text, size_t at, char *ret_quote)
{
	for (size_t n = 0; n < 8 && at < text->len; n++, at++) {
		char c = text->p[at];
		if (c == '"' || c == '\'' || c == '`')
			*ret_quote = c;
		else if (c != ' ' && c != '\t' && c != '\\')
			break;
	}
	return at;
}

static size_t
value_end(const struct hp_redact_text *text, const struct value *value, char quote)
{
	size_t at = value->from;
	size_t most = text->len - at > VALUE_BYTES ? at + VALUE_BYTES : text->len;
	const char *stops = value->quoted ? "\r\n" : " \t\r\n,;&\"'`<>)]}|";
	for (; at < most; at++) {
		char c = text->p[at];
		if (value->quoted && c == quote)
			break;
		if (c == '\0' || strchr(stops, c) || (c == '[' && hp_redact_is_before(text, at)))
			break;
	}
	while (value->quoted && at > value->from && at < most && text->p[at - 1] == '\\')
		at--; /* of an escaped quote */
	return at;
}

/* The separator behind a word and the value behind that. */
static bool
find_value(const struct hp_redact_text *text, size_t word, size_t word_end, struct value *ret)
{
	char quote = 0, closing = 0;
	size_t at = skip_suffix(text, word_end), before = at;
	if (at == text->value_at - 1 && text->value_at != SIZE_MAX) {
		*ret = (struct value){text->value_at, text->len, '=', true};
		return true;
	}
	at = skip_quotes(text, at, &closing);
	if (at == text->len)
		return false;
	if (text->p[at] == ':' || text->p[at] == '=' || text->p[at] == '>') {
		ret->separator = text->p[at++];
		if (at < text->len && (text->p[at] == '=' || text->p[at] == '>')) {
			ret->separator = '=';
			at++;
		}
		if (ret->separator != '>')
			at = skip_quotes(text, at, &quote);
	} else { /* PASSWORD 'x', --password x */
		bool option = word >= 2 && text->p[word - 1] == '-';
		bool opened = closing && text->p[at - 1] == closing; /* not /etc/passwd' x */
		if (at == before || (!opened && !option))
			return false;
		ret->separator = ' ';
		quote = opened ? closing : 0;
	}
	if (at == text->len || begins_placeholder(text->p[at]))
		return false; /* before it is read: there may be another word in it */
	ret->from = at;
	ret->quoted = quote != 0;
	ret->to = value_end(text, ret, quote);
	if (ret->separator == '>' && (ret->to == text->len || text->p[ret->to] != '<'))
		return false;
	return ret->to > at;
}

/* Kinds of characters: capitals, small letters, digits, anything else. */
static unsigned
variety(const char *p, size_t len)
{
	unsigned seen = 0;
	for (size_t i = 0; i < len; i++) {
		if (hp_redact_is(p[i], HP_CHARS_DIGIT))
			seen |= 1;
		else if (hp_redact_is(p[i], HP_CHARS_ALNUM))
			seen |= p[i] & 0x20 ? 2 : 4;
		else
			seen |= 8;
	}
	return (unsigned)__builtin_popcount(seen);
}

/*
 * A word inside the value has a value that ends where this one does, and that is covered, or as
 * little by chance as this one; but at the very end of it the word's value may lie beyond.
 */
static void
skip_value(struct hp_redact_span *span, const struct value *value)
{
	size_t end = value->to > VALUE_GAP ? value->to - VALUE_GAP : 0;
	if (end > span->until)
		span->until = end;
}

static bool
take_value(struct hp_redact_span *span, const struct value *value)
{
	skip_value(span, value);
	span->from = value->from;
	span->to = value->to;
	return true;
}

/* People choose passwords, so hardly any measure of chance applies; prose about passwords has no
 * quotes and no "=", and its words are letters alone. */
bool
hp_redact_judge_password(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                         struct hp_redact_span *span)
{
	struct value value = {0};
	if (!find_value(text, span->from, span->to, &value))
		return false;
	const char *p = text->p + value.from;
	size_t len = value.to - value.from;
	if (rule->expression[1] == 'w' && *p == '/') { /* $PWD is a directory */
		skip_value(span, &value);
		return false;
	}
	if (len < rule->min || is_placeholder(p, len))
		return false;
	if (!value.quoted && value.separator != '=' && (variety(p, len) < 2 || len < 6))
		return false;
	return hp_redact_bits(p, len) >= 6 && take_value(span, &value);
}

/* Keys come from a generator: long, mixed and varied. */
bool
hp_redact_judge_secret(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                       struct hp_redact_span *span)
{
	struct value value = {0};
	size_t word_end = span->to;
	if (text->p[word_end - 1] == '=') /* the separator is part of the expression */
		word_end--;
	if (!find_value(text, span->from, word_end, &value))
		return false;
	const char *p = text->p + value.from;
	const char *blank = memchr(p, ' ', value.to - value.from);
	if (blank) /* a quoted sentence; a key is at most its first word */
		value.to = (size_t)(blank - text->p);
	size_t len = value.to - value.from;
	if (len < rule->min || is_placeholder(p, len))
		return false;
	if (!blank)
		skip_value(span, &value);
	return hp_redact_is_random(p, len) && take_value(span, &value);
}

/* SQL: IDENTIFIED BY 'x' */
bool
hp_redact_judge_identified(const struct hp_redact_rule *rule, const struct hp_redact_text *text,
                           struct hp_redact_span *span)
{
	struct value value = {.from = span->to, .quoted = true};
	value.to = value_end(text, &value, text->p[span->to - 1]);
	if (value.to - value.from < rule->min ||
	    is_placeholder(text->p + value.from, value.to - value.from))
		return false;
	return take_value(span, &value);
}
