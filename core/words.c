#include "core/words.h"

static bool
is_upper(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static bool
is_lower(char byte)
{
	return byte >= 'a' && byte <= 'z';
}

static bool
is_word(char byte)
{
	return is_upper(byte) || is_lower(byte) || (byte >= '0' && byte <= '9') ||
	       (unsigned char)byte >= 0x80;
}

/* Whether a new word begins at text[at], by case alone. */
static bool
is_case_change(const char *text, size_t len, size_t at)
{
	if (!is_upper(text[at]))
		return false;
	if (!is_upper(text[at - 1]))
		return true;
	return at + 1 < len && is_lower(text[at + 1]); /* the S of HTTPServer */
}

void
hp_words_split(struct hp_buf *buf, const char *text, size_t len, bool at_case)
{
	bool any = false, inside = false;
	size_t start = 0;
	for (size_t at = 0; at <= len; at++) {
		bool word = at < len && is_word(text[at]);
		bool end = inside && (!word || (at_case && is_case_change(text, len, at)));
		if (end) {
			if (any)
				hp_buf_add_byte(buf, ' ');
			hp_buf_add(buf, text + start, at - start);
			any = true;
		}
		if (end || !inside)
			start = at;
		inside = word;
	}
}

bool
hp_words_walk(const struct hp_value *value, bool keys, hp_words_visit *visit, void *context)
{
	if (!value)
		return true;
	switch (value->type) {
	case HP_STR:
		return visit(context, value->str.p, value->str.len);
	case HP_ARRAY:
		for (size_t i = 0; i < value->array.count; i++)
			if (!hp_words_walk(value->array.items[i], keys, visit, context))
				return false;
		return true;
	case HP_MAP:
		for (size_t i = 0; i < value->map.count; i++) {
			const struct hp_pair *pair = &value->map.pairs[i];
			if (keys && !visit(context, pair->key.p, pair->key.len))
				return false;
			if (!hp_words_walk(pair->value, keys, visit, context))
				return false;
		}
		return true;
	default:
		return true;
	}
}
