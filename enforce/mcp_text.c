#include "enforce/mcp_text.h"

#include <string.h>

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t
skip_space(struct hp_mcp_text text, size_t at)
{
	while (at < text.len && is_space(text.p[at]))
		at++;
	return at;
}

/* Behind the closing quote of the string that begins at `at`. */
static size_t
skip_string(struct hp_mcp_text text, size_t at)
{
	for (at++; at < text.len && text.p[at] != '"'; at++)
		at += text.p[at] == '\\';
	return at < text.len ? at + 1 : text.len;
}

static size_t
skip_value(struct hp_mcp_text text, size_t at)
{
	size_t depth = 0;
	do {
		if (at >= text.len)
			return text.len;
		switch (text.p[at]) {
		case '"':
			at = skip_string(text, at);
			break;
		case '{':
		case '[':
			depth++;
			at++;
			break;
		case '}':
		case ']':
			depth -= depth > 0;
			at++;
			break;
		default: /* a number or a word; between parts also what separates them */
			at++;
			while (at < text.len && !strchr("\"{}[],: \t\r\n", text.p[at]))
				at++;
			break;
		}
	} while (depth > 0);
	return at;
}

struct hp_mcp_span
hp_mcp_whole(struct hp_mcp_text text)
{
	size_t from = skip_space(text, 0);
	return (struct hp_mcp_span){from, skip_value(text, from)};
}

bool
hp_mcp_next(struct hp_mcp_text text, struct hp_mcp_span container, size_t *at,
	    struct hp_mcp_part *ret_part)
{
	struct hp_mcp_text inside = {text.p, container.to < text.len ? container.to : text.len};
	if (container.from >= inside.len || container.to <= container.from)
		return false;
	char open = text.p[container.from];
	size_t i = *at ? *at : container.from + 1;
	if (open != '{' && open != '[')
		return false;
	i = skip_space(inside, i);
	if (i < inside.len && inside.p[i] == ',')
		i = skip_space(inside, i + 1);
	if (i >= inside.len || inside.p[i] == '}' || inside.p[i] == ']')
		return false;
	struct hp_mcp_part part = {0};
	if (open == '{') {
		if (inside.p[i] != '"')
			return false;
		part.key = (struct hp_mcp_span){i, skip_string(inside, i)};
		i = skip_space(inside, part.key.to);
		if (i >= inside.len || inside.p[i] != ':')
			return false;
		i = skip_space(inside, i + 1);
	}
	part.value = (struct hp_mcp_span){i, skip_value(inside, i)};
	if (part.value.to <= part.value.from)
		return false;
	*at = part.value.to;
	*ret_part = part;
	return true;
}

/* What the escape at `*at` stands for, 0 when it is not ASCII; *at moves behind it. */
static char
unescape(struct hp_mcp_text text, size_t *at)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = *at + 1 < text.len ? text.p[*at + 1] : 0;
	*at += 2;
	if (c != 'u') {
		const char *known = c ? strchr(from, c) : NULL;
		return known ? to[known - from] : 0;
	}
	unsigned code = 0;
	for (int i = 0; i < 4; i++, (*at)++) {
		char digit = *at < text.len ? text.p[*at] : 0;
		unsigned value = digit >= '0' && digit <= '9' ? (unsigned)(digit - '0')
				 : (digit | 32) >= 'a' && (digit | 32) <= 'f'
					 ? (unsigned)((digit | 32) - 'a' + 10)
					 : 0x1000;
		code = code * 16 + value;
	}
	return code < 0x80 ? (char)code : 0;
}

bool
hp_mcp_key_is(struct hp_mcp_text text, struct hp_mcp_span key, const char *name)
{
	size_t at = key.from + 1, end = key.to - 1;
	if (key.to < key.from + 2)
		return false;
	struct hp_mcp_text inside = {text.p, end};
	while (at < end) {
		char c = text.p[at];
		if (c == '\\')
			c = unescape(inside, &at);
		else
			at++;
		if (!*name || c != *name++)
			return false;
	}
	return *name == '\0';
}

struct hp_mcp_span
hp_mcp_member(struct hp_mcp_text text, struct hp_mcp_span object, const char *name)
{
	struct hp_mcp_part part;
	size_t at = 0;
	if (object.to > object.from && object.from < text.len && text.p[object.from] == '{')
		while (hp_mcp_next(text, object, &at, &part))
			if (hp_mcp_key_is(text, part.key, name))
				return part.value;
	return (struct hp_mcp_span){0, 0};
}

void
hp_mcp_add_span(struct hp_buf *buf, struct hp_mcp_text text, struct hp_mcp_span span)
{
	hp_buf_add(buf, text.p + span.from, span.to - span.from);
}

void
hp_mcp_add_spliced(struct hp_buf *buf, struct hp_mcp_text text, struct hp_mcp_span span,
		   const char *with, size_t len)
{
	hp_buf_add(buf, text.p, span.from);
	hp_buf_add(buf, with, len);
	hp_buf_add(buf, text.p + span.to, text.len - span.to);
}

/* --- the scan --- */

/* Bytes of a key at depth 1; longer ones are none that matter. */
static void
scan_key(struct hp_mcp_scan *scan, char c)
{
	if (scan->key_len < sizeof scan->key)
		scan->key[scan->key_len++] = c;
}

static bool
scan_key_is(const struct hp_mcp_scan *scan, const char *name)
{
	return scan->key_len == strlen(name) && memcmp(scan->key, name, scan->key_len) == 0;
}

static void
scan_id(struct hp_mcp_scan *scan, char c)
{
	if (scan->id_len < sizeof scan->id - 1)
		scan->id[scan->id_len++] = c;
	else
		scan->broken = true;
}

static void
scan_string(struct hp_mcp_scan *scan, char c)
{
	if (scan->in_id)
		scan_id(scan, c);
	bool ends = c == '"' && !scan->escaped;
	scan->escaped = c == '\\' && !scan->escaped;
	if (ends)
		scan->in_string = false;
	else if (scan->depth == 1 && !scan->after_colon)
		scan_key(scan, c);
}

static void
scan_colon(struct hp_mcp_scan *scan)
{
	if (scan->depth != 1)
		return;
	scan->after_colon = true;
	scan->has_method |= scan_key_is(scan, "method");
	if (scan_key_is(scan, "id")) {
		scan->twice |= scan->id_len > 0;
		scan->in_id = true;
	}
}

static void
scan_plain(struct hp_mcp_scan *scan, char c)
{
	switch (c) {
	case '"':
		if (scan->in_id)
			scan_id(scan, c);
		else if (scan->depth == 1 && !scan->after_colon)
			scan->key_len = 0;
		scan->in_string = true;
		break;
	case '{':
	case '[':
		scan->broken |= scan->in_id;
		scan->depth++;
		break;
	case '}':
	case ']':
		scan->depth -= scan->depth > 0;
		scan->in_id = false;
		break;
	case ':':
		scan_colon(scan);
		break;
	case ',':
		if (scan->depth == 1)
			scan->in_id = scan->after_colon = false;
		break;
	default:
		if (scan->in_id && !is_space(c))
			scan_id(scan, c);
		break;
	}
}

void
hp_mcp_scan_add(struct hp_mcp_scan *scan, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (scan->in_string)
			scan_string(scan, p[i]);
		else
			scan_plain(scan, p[i]);
	}
}

const char *
hp_mcp_scan_id(struct hp_mcp_scan *scan, bool *ret_method)
{
	*ret_method = scan->has_method;
	scan->id[scan->id_len] = '\0';
	return scan->broken || scan->twice || scan->depth > 0 || scan->in_string ? "" : scan->id;
}
