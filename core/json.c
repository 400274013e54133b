#include "core/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <utf8proc.h>

#include "core/limits.h"
#include "core/text.h"
#include "core/units.h"

#define MAX_DEPTH (HP_LIMIT_DEPTH * 4)

/*
 * Measures the nesting before jansson, which recurses, sees the text. Brackets inside strings do
 * not count; whether the text is JSON at all is jansson's to say.
 */
static enum hp_status
check_depth(const char *text, size_t len, struct hp_error *err)
{
	unsigned depth = 0, line = 1, column = 0;
	bool in_string = false, escaped = false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		column += ((unsigned char)c & 0xc0) != 0x80;
		if (c == '\n') {
			line++;
			column = 0;
		}
		if (in_string) {
			in_string = escaped || c != '"';
			escaped = !escaped && c == '\\';
		} else if (c == '"')
			in_string = true;
		else if (c == '[' || c == '{') {
			if (++depth > MAX_DEPTH)
				return hp_fail_at(err, HP_TOO_LARGE, line, column,
						  "nested deeper than %u", MAX_DEPTH);
		} else if ((c == ']' || c == '}') && depth)
			depth--;
	}
	return HP_OK;
}

static struct hp_value *
convert(struct hp_arena *arena, json_t *json)
{
	struct hp_value *value, *item;
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		value = hp_value_map(arena);
		for (void *i = json_object_iter(json); i; i = json_object_iter_next(json, i)) {
			item = convert(arena, json_object_iter_value(i));
			hp_map_set(arena, value, json_object_iter_key(i), item);
		}
		return value;
	case JSON_ARRAY:
		value = hp_value_array(arena);
		for (size_t i = 0; i < json_array_size(json); i++)
			hp_array_add(arena, value, convert(arena, json_array_get(json, i)));
		return value;
	case JSON_STRING:
		return hp_value_strn(arena, json_string_value(json), json_string_length(json));
	case JSON_INTEGER:
		return hp_value_int(arena, json_integer_value(json));
	case JSON_REAL:
		return hp_value_float(arena, json_real_value(json));
	case JSON_TRUE:
	case JSON_FALSE:
		return hp_value_bool(arena, json_is_true(json));
	default:
		return hp_value_nil(arena);
	}
}

/* jansson's reasons quote what stands there: a stranger's text. */
static enum hp_status
refuse(const json_error_t *error, struct hp_error *err)
{
	struct hp_buf reason = {0};
	if (json_error_code(error) == json_error_out_of_memory)
		return hp_fail(err, HP_NOMEM, "out of memory");
	hp_text_escape(&reason, error->text, strlen(error->text), HP_TEXT_ASCII);
	enum hp_status status = hp_fail_at(
		err, HP_INVALID, error->line > 0 ? (unsigned)error->line : 0,
		error->column > 0 ? (unsigned)error->column : 0, "%s", hp_buf_text(&reason));
	hp_buf_release(&reason);
	return status;
}

enum hp_status
hp_json_load(struct hp_arena *arena, const char *text, size_t len,
	     const struct hp_value **ret_value, struct hp_error *err)
{
	json_error_t error;
	if (len > HP_LIMIT_FILE_BYTES)
		return hp_fail(err, HP_TOO_LARGE, "over %u bytes", HP_LIMIT_FILE_BYTES);
	enum hp_status status = check_depth(text, len, err);
	if (status)
		return status;
	json_t *json = json_loadb(text, len,
				  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
				  &error);
	if (!json)
		return refuse(&error, err);
	struct hp_value *value = convert(arena, json);
	json_decref(json);
	if (!value || arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	*ret_value = value;
	return HP_OK;
}

/* Output. */

struct dump {
	struct hp_buf *buf;
	enum hp_json_style style;
	unsigned depth;
};

/* `unit` is a UTF-16 code unit. */
static void
add_escape(struct hp_buf *buf, unsigned unit)
{
	static const char letters[] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
		['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\',
	};
	if (unit < sizeof letters && letters[unit])
		hp_buf_printf(buf, "\\%c", letters[unit]);
	else
		hp_buf_printf(buf, "\\u%04x", unit);
}

static void
add_string(struct hp_buf *buf, const struct hp_str *str)
{
	const uint8_t *p = (const uint8_t *)str->p;
	size_t left = str->len;
	hp_buf_add_byte(buf, '"');
	while (left) {
		size_t plain = 0;
		while (plain < left && p[plain] >= 0x20 && p[plain] < 0x7f && p[plain] != '"' &&
		       p[plain] != '\\')
			plain++;
		hp_buf_add(buf, p, plain);
		p += plain;
		left -= plain;
		if (!left)
			break;
		utf8proc_int32_t c;
		utf8proc_ssize_t bytes = utf8proc_iterate(p, (utf8proc_ssize_t)left, &c);
		if (bytes <= 0) {
			c = 0xfffd;
			bytes = 1;
		}
		if (c > 0xffff) {
			add_escape(buf, 0xd800 + (((unsigned)c - 0x10000) >> 10));
			add_escape(buf, 0xdc00 + (((unsigned)c - 0x10000) & 0x3ff));
		} else
			add_escape(buf, (unsigned)c);
		p += bytes;
		left -= (size_t)bytes;
	}
	hp_buf_add_byte(buf, '"');
}

static void
break_line(const struct dump *d)
{
	if (d->style != HP_JSON_INDENT)
		return;
	hp_buf_add_byte(d->buf, '\n');
	for (unsigned i = 0; i < d->depth; i++)
		hp_buf_add_text(d->buf, "  ");
}

static void add_value(struct dump *d, const struct hp_value *value);

static void
add_container(struct dump *d, const struct hp_value *value)
{
	bool is_map = value->type == HP_MAP;
	size_t count = hp_value_count(value);
	hp_buf_add_byte(d->buf, is_map ? '{' : '[');
	d->depth++;
	for (size_t i = 0; i < count; i++) {
		if (i)
			hp_buf_add_byte(d->buf, ',');
		break_line(d);
		if (is_map) {
			add_string(d->buf, &value->map.pairs[i].key);
			hp_buf_add_text(d->buf, d->style == HP_JSON_INDENT ? ": " : ":");
		}
		add_value(d, is_map ? value->map.pairs[i].value : value->array.items[i]);
	}
	d->depth--;
	if (count)
		break_line(d);
	hp_buf_add_byte(d->buf, is_map ? '}' : ']');
}

static void
add_value(struct dump *d, const struct hp_value *value)
{
	switch (value ? value->type : HP_NIL) {
	case HP_NIL:
		hp_buf_add_text(d->buf, "null");
		break;
	case HP_BOOL:
		hp_buf_add_text(d->buf, value->boolean ? "true" : "false");
		break;
	case HP_INT:
		hp_buf_printf(d->buf, "%" PRId64, value->integer);
		break;
	case HP_UINT:
		hp_buf_printf(d->buf, "%" PRIu64, value->natural);
		break;
	case HP_FLOAT:
		hp_units_add_real(d->buf, value->real);
		break;
	case HP_STR:
		add_string(d->buf, &value->str);
		break;
	case HP_BIN:
		hp_buf_add_byte(d->buf, '"');
		hp_buf_add_hex(d->buf, value->str.p, value->str.len);
		hp_buf_add_byte(d->buf, '"');
		break;
	case HP_ARRAY:
	case HP_MAP:
		add_container(d, value);
		break;
	}
}

void
hp_json_dump(const struct hp_value *value, enum hp_json_style style, struct hp_buf *buf)
{
	struct dump d = {.buf = buf, .style = style};
	add_value(&d, value);
}
