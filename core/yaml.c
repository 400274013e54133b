#include "core/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "core/json.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/units.h"

#define MAX_DEPTH 64

/* One open collection. */
struct frame {
	struct hp_value *container;
	bool has_key; /* the last pair of a map waits for its value */
};

struct loader {
	struct hp_arena *arena;
	struct hp_error *err;
	yaml_parser_t parser;
	struct hp_value *root;
	struct frame stack[MAX_DEPTH];
	unsigned depth;
	unsigned nodes;
	unsigned documents;
	bool parser_failed; /* libyaml itself could not read on */
};

static enum hp_status
fail_at_mark(const struct loader *l, const yaml_mark_t *mark, const char *reason)
{
	return hp_fail_at(l->err, HP_INVALID, (unsigned)mark->line + 1, (unsigned)mark->column + 1,
			  "%s", reason);
}

/* As above, about a stretch of the source, which stands quoted between `before` and `after`. */
static enum hp_status
fail_about(const struct loader *l, const yaml_mark_t *mark, const char *before,
	   const struct hp_str *text, const char *after)
{
	struct hp_buf shown = {0};
	hp_text_escape(&shown, text->p, text->len < 40 ? text->len : 40, HP_TEXT_ASCII);
	enum hp_status status = hp_fail_at(l->err, HP_INVALID, (unsigned)mark->line + 1,
					   (unsigned)mark->column + 1, "%s\"%s\"%s", before,
					   hp_buf_text(&shown), after);
	hp_buf_release(&shown);
	return status;
}

/* Line and column of a byte offset: the reader's errors come without a mark. */
static yaml_mark_t
mark_of(const char *text, size_t offset)
{
	yaml_mark_t mark = {0};
	for (size_t i = 0; i < offset; i++)
		if (text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else
			mark.column += ((unsigned char)text[i] & 0xc0) != 0x80;
	return mark;
}

/* libyaml's own reasons are constant texts in English. */
static enum hp_status
fail_parse(struct loader *l, const char *text, size_t len)
{
	const yaml_parser_t *parser = &l->parser;
	yaml_mark_t mark = parser->problem_mark;
	const char *problem = parser->problem ? parser->problem : "not YAML";
	l->parser_failed = true;
	if (parser->error == YAML_MEMORY_ERROR)
		return hp_fail(l->err, HP_NOMEM, "out of memory");
	if (parser->error == YAML_READER_ERROR)
		mark = mark_of(text, parser->problem_offset < len ? parser->problem_offset : len);
	return hp_fail_at(l->err, HP_INVALID, (unsigned)mark.line + 1, (unsigned)mark.column + 1,
			  "%s%s%s", problem, parser->context ? " " : "",
			  parser->context ? parser->context : "");
}

/* Plain scalars: the core schema of YAML 1.2 (chapter 10.3). */

struct word {
	const char *text;
	enum hp_type type;
	bool boolean;
};

static const struct word words[] = {
	{"", HP_NIL, false},	   {"~", HP_NIL, false},	 {"null", HP_NIL, false},
	{"Null", HP_NIL, false},   {"NULL", HP_NIL, false},	 {"true", HP_BOOL, true},
	{"True", HP_BOOL, true},   {"TRUE", HP_BOOL, true},	 {"false", HP_BOOL, false},
	{"False", HP_BOOL, false}, {"FALSE", HP_BOOL, false},
};

static bool
is_sign(char c)
{
	return c == '-' || c == '+';
}

/* Digits of `base` and nothing else, at least one. */
static bool
all_digits(const char *text, const char *digits)
{
	return *text && !text[strspn(text, digits)];
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool
looks_real(const char *text)
{
	static const char decimal[] = "0123456789";
	text += is_sign(*text);
	size_t before = strspn(text, decimal), after = 0;
	text += before;
	if (*text == '.') {
		after = strspn(++text, decimal);
		text += after;
	}
	if (!before && !after)
		return false;
	if (!*text)
		return true;
	if (*text != 'e' && *text != 'E')
		return false;
	text++;
	return all_digits(text + is_sign(*text), decimal);
}

static bool
is_infinite_or_nan(const char *text)
{
	static const char *const names[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"};
	text += is_sign(*text);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(text, names[i]) == 0)
			return true;
	return false;
}

/* Reads digits that are known to be there. False: over 64 bits. */
static bool
read_integer(const char *text, unsigned base, uint64_t *ret_integer)
{
	uint64_t integer = 0;
	for (; *text; text++) {
		unsigned digit = *text <= '9' ? (unsigned)(*text - '0')
					      : (unsigned)((*text | 0x20) - 'a') + 10;
		if (__builtin_mul_overflow(integer, base, &integer) ||
		    __builtin_add_overflow(integer, digit, &integer))
			return false;
	}
	*ret_integer = integer;
	return true;
}

static enum hp_status
set_integer(const struct loader *l, const yaml_mark_t *mark, const char *digits, unsigned base,
	    struct hp_value *value)
{
	bool negative = *value->str.p == '-';
	uint64_t natural;
	/* YAML 1.1 reads these in octal, 1.2 in decimal, and an account id is meant as text. */
	if (base == 10 && digits[0] == '0' && digits[1])
		return fail_about(l, mark, "integer ", &value->str,
				  " has a leading zero; quote it if it is text");
	if (!read_integer(digits, base, &natural) ||
	    (negative && natural > (uint64_t)INT64_MAX + 1))
		return fail_about(l, mark, "integer ", &value->str,
				  " is out of range; quote it if it is text");
	value->type = natural > INT64_MAX && !negative ? HP_UINT : HP_INT;
	value->natural = negative ? 0 - natural : natural;
	return HP_OK;
}

/* Turns the string `value` into what it spells. */
static enum hp_status
resolve_plain(const struct loader *l, const yaml_mark_t *mark, struct hp_value *value)
{
	static const char decimal[] = "0123456789", octal[] = "01234567",
			  hexadecimal[] = "0123456789abcdefABCDEF";
	const char *text = value->str.p;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(text, words[i].text) == 0) {
			value->type = words[i].type;
			value->boolean = words[i].boolean;
			return HP_OK;
		}
	if (all_digits(text + is_sign(*text), decimal))
		return set_integer(l, mark, text + is_sign(*text), 10, value);
	if (strncmp(text, "0o", 2) == 0 && all_digits(text + 2, octal))
		return set_integer(l, mark, text + 2, 8, value);
	if (strncmp(text, "0x", 2) == 0 && all_digits(text + 2, hexadecimal))
		return set_integer(l, mark, text + 2, 16, value);
	if (is_infinite_or_nan(text))
		return fail_about(l, mark, "", &value->str,
				  " is not a finite number; quote it if it is text");
	if (!looks_real(text))
		return HP_OK;
	double real;
	if (hp_units_real(text, &real, NULL))
		return fail_about(l, mark, "number ", &value->str,
				  " is out of range; quote it if it is text");
	value->type = HP_FLOAT;
	value->real = real;
	return HP_OK;
}

/* Building the tree. */

static enum hp_status
check_node(struct loader *l, const yaml_event_t *event, const yaml_char_t *anchor,
	   const yaml_char_t *tag)
{
	if (anchor)
		return fail_at_mark(l, &event->start_mark, "anchors are not supported");
	if (tag)
		return fail_at_mark(l, &event->start_mark, "tags are not supported");
	if (++l->nodes > HP_LIMIT_YAML_NODES)
		return hp_fail_at(l->err, HP_TOO_LARGE, (unsigned)event->start_mark.line + 1,
				  (unsigned)event->start_mark.column + 1, "over %u values",
				  HP_LIMIT_YAML_NODES);
	return HP_OK;
}

static enum hp_status
add_key(struct loader *l, struct frame *frame, const yaml_event_t *event)
{
	const char *key = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (plain && !len)
		return fail_at_mark(l, &event->start_mark, "a key is missing");
	if (plain && strcmp(key, "<<") == 0)
		return fail_at_mark(l, &event->start_mark, "merge keys are not supported");
	/* The value replaces this nil, or the document is refused. */
	struct hp_value *map = frame->container;
	hp_map_setn(l->arena, map, key, len, hp_value_nil(l->arena));
	if (l->arena->failed)
		return hp_fail(l->err, HP_NOMEM, "out of memory");
	struct hp_pair *pair = &map->map.pairs[map->map.count - 1];
	pair->line = (unsigned)event->start_mark.line + 1;
	pair->column = (unsigned)event->start_mark.column + 1;
	frame->has_key = true;
	return HP_OK;
}

/* Puts a finished or just opened node where the innermost open collection wants it. */
static void
place(struct loader *l, struct hp_value *value, const yaml_mark_t *mark)
{
	value->line = (unsigned)mark->line + 1;
	value->column = (unsigned)mark->column + 1;
	if (!l->depth) {
		l->root = value;
		return;
	}
	struct frame *frame = &l->stack[l->depth - 1];
	struct hp_value *container = frame->container;
	if (container->type == HP_MAP) {
		container->map.pairs[container->map.count - 1].value = value;
		frame->has_key = false;
	} else
		hp_array_add(l->arena, container, value);
}

static enum hp_status
on_scalar(struct loader *l, const yaml_event_t *event)
{
	struct frame *frame = l->depth ? &l->stack[l->depth - 1] : NULL;
	enum hp_status status =
		check_node(l, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (status)
		return status;
	if (frame && frame->container->type == HP_MAP && !frame->has_key)
		return add_key(l, frame, event);
	struct hp_value *value =
		hp_value_strn(l->arena, (const char *)event->data.scalar.value,
			      event->data.scalar.length);
	if (!value)
		return hp_fail(l->err, HP_NOMEM, "out of memory");
	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		status = resolve_plain(l, &event->start_mark, value);
	if (!status)
		place(l, value, &event->start_mark);
	return status;
}

static enum hp_status
on_open(struct loader *l, const yaml_event_t *event)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;
	struct frame *frame = l->depth ? &l->stack[l->depth - 1] : NULL;
	enum hp_status status =
		is_map ? check_node(l, event, event->data.mapping_start.anchor,
				    event->data.mapping_start.tag)
		       : check_node(l, event, event->data.sequence_start.anchor,
				    event->data.sequence_start.tag);
	if (status)
		return status;
	if (frame && frame->container->type == HP_MAP && !frame->has_key)
		return fail_at_mark(l, &event->start_mark, "a key must be a string");
	if (l->depth == MAX_DEPTH)
		return hp_fail_at(l->err, HP_TOO_LARGE, (unsigned)event->start_mark.line + 1,
				  (unsigned)event->start_mark.column + 1,
				  "nested deeper than %d", MAX_DEPTH);
	struct hp_value *value = is_map ? hp_value_map(l->arena) : hp_value_array(l->arena);
	if (!value)
		return hp_fail(l->err, HP_NOMEM, "out of memory");
	place(l, value, &event->start_mark);
	l->stack[l->depth++] = (struct frame){.container = value};
	return HP_OK;
}

static enum hp_status
on_close(struct loader *l, const yaml_event_t *event)
{
	const struct hp_value *container = l->stack[--l->depth].container;
	const struct hp_pair *twice = NULL;
	if (container->type != HP_MAP)
		return HP_OK;
	if (hp_map_duplicate(container, &twice))
		return hp_fail(l->err, HP_NOMEM, "out of memory");
	if (!twice)
		return HP_OK;
	yaml_mark_t mark = {.line = twice->line - 1, .column = twice->column - 1};
	return fail_about(l, &mark, "duplicate key ", &twice->key, "");
}

static enum hp_status
on_document(struct loader *l, const yaml_event_t *event)
{
	return l->documents++ ? fail_at_mark(l, &event->start_mark,
					     "a second document starts here; only one is read")
			      : HP_OK;
}

static enum hp_status
on_alias(struct loader *l, const yaml_event_t *event)
{
	return fail_at_mark(l, &event->start_mark, "aliases are not supported");
}

static enum hp_status (*const handlers[])(struct loader *, const yaml_event_t *) = {
	[YAML_DOCUMENT_START_EVENT] = on_document, [YAML_ALIAS_EVENT] = on_alias,
	[YAML_SCALAR_EVENT] = on_scalar,	   [YAML_SEQUENCE_START_EVENT] = on_open,
	[YAML_MAPPING_START_EVENT] = on_open,	   [YAML_SEQUENCE_END_EVENT] = on_close,
	[YAML_MAPPING_END_EVENT] = on_close,
};

static enum hp_status
load(struct loader *l, const char *text, size_t len)
{
	enum hp_status status = HP_OK;
	for (bool more = true; more && !status;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&l->parser, &event))
			return fail_parse(l, text, len);
		size_t type = (size_t)event.type;
		if (type < sizeof handlers / sizeof handlers[0] && handlers[type])
			status = handlers[type](l, &event);
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	if (!status && l->arena->failed)
		status = hp_fail(l->err, HP_NOMEM, "out of memory");
	return status;
}

/* JSON starts with a bracket or brace; nothing that a person writes as YAML by lines does. */
static bool
looks_json(const char *text, size_t len)
{
	size_t i = 0;
	while (i < len && strchr(" \t\r\n", text[i]) && text[i])
		i++;
	return i < len && (text[i] == '{' || text[i] == '[');
}

enum hp_status
hp_yaml_load(struct hp_arena *arena, const char *text, size_t len,
	     const struct hp_value **ret_value, struct hp_error *err)
{
	struct loader l = {.arena = arena, .err = err};
	if (len > HP_LIMIT_FILE_BYTES)
		return hp_fail(err, HP_TOO_LARGE, "over %u bytes", HP_LIMIT_FILE_BYTES);
	if (!yaml_parser_initialize(&l.parser))
		return hp_fail(err, HP_NOMEM, "out of memory");
	yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.parser, (const unsigned char *)text, len);
	enum hp_status status = load(&l, text, len);
	yaml_parser_delete(&l.parser);
	/* libyaml does not know JSON's surrogate pairs, nor keys of over 1,024 characters. */
	if (status && l.parser_failed && looks_json(text, len) &&
	    hp_json_load(arena, text, len, ret_value, NULL) == HP_OK)
		return HP_OK;
	if (status)
		return status;
	if (!l.root || l.root->type == HP_NIL) {
		l.root = hp_value_map(arena);
		if (!l.root)
			return hp_fail(err, HP_NOMEM, "out of memory");
		l.root->line = l.root->column = 1;
	}
	*ret_value = l.root;
	return HP_OK;
}
