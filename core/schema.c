#include "core/schema.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "core/hint.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/units.h"

/* Where the validator stands: a chain on the stack, rendered only when something is wrong. */
struct spot {
	const struct spot *up;
	const struct hp_str *key; /* NULL: a list item, or the whole */
	size_t index;
};

struct check {
	const char *what;
	struct hp_error *err;
};

/* Texts: everything a stranger wrote goes through here. */

#define SHOWN_BYTES 32 /* of quoted input, before escapes */

static void
add_quoted(struct hp_buf *buf, const struct hp_str *str)
{
	hp_buf_add_byte(buf, '"');
	hp_text_escape(buf, str->p, str->len < SHOWN_BYTES ? str->len : SHOWN_BYTES,
		       HP_TEXT_ASCII);
	hp_buf_add_text(buf, str->len > SHOWN_BYTES ? "...\"" : "\"");
}

/* Dotted path: action.resources[2]. */
static void
add_path(struct hp_buf *buf, const struct spot *spot)
{
	if (!spot->up)
		return;
	add_path(buf, spot->up);
	if (!spot->key) {
		hp_buf_printf(buf, "[%zu]", spot->index);
		return;
	}
	if (spot->up->up)
		hp_buf_add_byte(buf, '.');
	hp_text_escape(buf, spot->key->p,
		       spot->key->len < SHOWN_BYTES ? spot->key->len : SHOWN_BYTES,
		       HP_TEXT_ASCII);
}

static struct spot
below(const struct spot *up, const struct hp_str *key, size_t index)
{
	return (struct spot){.up = up, .key = key, .index = index};
}

/* Fails with `text`, at `line`:`column`, about the field at `spot`. */
static enum hp_status
fail(const struct check *c, const struct spot *spot, unsigned line, unsigned column,
     const struct hp_buf *text)
{
	struct hp_buf path = {0};
	if (!c->err)
		return HP_INVALID;
	add_path(&path, spot);
	size_t keep = path.len < sizeof c->err->field ? path.len : sizeof c->err->field - 1;
	memcpy(c->err->field, hp_buf_text(&path), keep);
	c->err->field[keep] = '\0';
	hp_buf_release(&path);
	return hp_fail_at(c->err, HP_INVALID, line, column, "%s", hp_buf_text(text));
}

/* Begins a message with the field at fault: "action.environment", or the name of the whole. */
static void
add_subject(struct hp_buf *text, const struct check *c, const struct spot *spot)
{
	if (!spot->up) {
		hp_buf_add_text(text, c->what);
		return;
	}
	hp_buf_add_byte(text, '"');
	add_path(text, spot);
	hp_buf_add_byte(text, '"');
}

static void
add_hint(struct hp_buf *text, const struct hp_hint *hint)
{
	if (hint->best)
		hp_buf_printf(text, " (did you mean \"%s\"?)", hint->best);
}

/* What was expected, and what was found. */

static const struct {
	enum hp_kind kind;
	const char *name;
} kinds[] = {
	{HP_K_BOOL, "true or false"},
	{HP_K_INT, "an integer"},
	{HP_K_NUMBER, "a number"},
	{HP_K_STR, "a string"},
	{HP_K_BIN, "a bin"},
	{HP_K_LIST, "a list"},
	{HP_K_MAP, "a map"},
	{HP_K_DURATION, "a duration such as 90s, 30m or 4h"},
	{HP_K_ENUM, "a word"},
	{HP_K_UUID, "a UUID"},
	{HP_K_NAME, "a name of letters, digits, \".\", \"_\" and \"-\""},
	{HP_K_MAP_OF, "a map"},
	{HP_K_SIZE, "a size such as 512, 64KiB or 10MiB"},
};

static void
add_words(struct hp_buf *text, const char *const *words)
{
	for (size_t i = 0; words && words[i]; i++)
		hp_buf_printf(text, "%s\"%s\"", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

static void
add_expected(struct hp_buf *text, const struct hp_field *field)
{
	bool first = true;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (!(field->kinds & kinds[i].kind))
			continue;
		hp_buf_add_text(text, first ? "" : " or ");
		if (kinds[i].kind == HP_K_ENUM)
			add_words(text, field->words);
		else
			hp_buf_add_text(text, kinds[i].name);
		first = false;
	}
}

/* Strings are shown where their text is at fault, otherwise the type says enough. */
static void
add_found(struct hp_buf *text, const struct hp_value *value, bool show)
{
	hp_buf_add_text(text, ", found ");
	if (show && value->type == HP_STR)
		add_quoted(text, &value->str);
	else if (value->type == HP_UINT)
		hp_buf_add_text(text, "an integer over 63 bits");
	else if (show && value->type == HP_INT && value->integer < 0)
		hp_buf_printf(text, "%" PRId64, value->integer);
	else
		hp_buf_add_text(text, hp_type_name(value->type));
}

static enum hp_status
fail_kind(const struct check *c, const struct spot *spot, const struct hp_field *field,
	  const struct hp_value *value)
{
	static const unsigned texts = HP_K_DURATION | HP_K_ENUM | HP_K_UUID | HP_K_NAME | HP_K_SIZE;
	struct hp_buf text = {0};
	struct hp_hint hint = {.word = value->type == HP_STR ? value->str : (struct hp_str){0}};
	add_subject(&text, c, spot);
	hp_buf_add_text(&text, " must be ");
	add_expected(&text, field);
	add_found(&text, value, field->kinds & (texts | HP_K_BOOL | HP_K_INT | HP_K_NUMBER));
	if (value->type == HP_STR && field->kinds & HP_K_ENUM)
		for (size_t i = 0; field->words && field->words[i]; i++)
			hp_hint_try(&hint, field->words[i]);
	add_hint(&text, &hint);
	enum hp_status status = fail(c, spot, value->line, value->column, &text);
	hp_buf_release(&text);
	return status;
}

/* Ranges. */

static bool
has_max(const struct hp_field *field)
{
	return field->max >= field->min && field->max < INT64_MAX && (field->min || field->max);
}

static void
add_amount(struct hp_buf *text, int64_t amount, enum hp_kind kind)
{
	if (kind == HP_K_DURATION)
		hp_units_add_span(text, amount);
	else
		hp_buf_printf(text, "%" PRId64, amount);
}

/* " must be 1 to 128 bytes long, found 200". */
static enum hp_status
fail_range(const struct check *c, const struct spot *spot, const struct hp_field *field,
	   const struct hp_value *value, enum hp_kind kind, int64_t amount)
{
	bool counted = kind == HP_K_LIST || kind == HP_K_MAP_OF;
	bool length = kind == HP_K_STR || kind == HP_K_BIN;
	struct hp_buf text = {0};
	add_subject(&text, c, spot);
	hp_buf_add_text(&text, counted ? " must have " : " must be ");
	if (!has_max(field)) {
		hp_buf_add_text(&text, "at least ");
		add_amount(&text, field->min, kind);
	} else if (field->min == field->max) {
		hp_buf_add_text(&text, "exactly ");
		add_amount(&text, field->min, kind);
	} else if (!field->min && (length || counted)) {
		hp_buf_add_text(&text, "at most ");
		add_amount(&text, field->max, kind);
	} else {
		add_amount(&text, field->min, kind);
		hp_buf_add_text(&text, " to ");
		add_amount(&text, field->max, kind);
	}
	hp_buf_add_text(&text, counted ? " items" : length || kind == HP_K_SIZE ? " bytes" : "");
	hp_buf_add_text(&text, length ? " long, found " : ", found ");
	if (value->type == HP_FLOAT)
		hp_units_add_real(&text, value->real);
	else if (value->type == HP_UINT)
		hp_buf_printf(&text, "%" PRIu64, value->natural);
	else
		add_amount(&text, amount, kind);
	enum hp_status status = fail(c, spot, value->line, value->column, &text);
	hp_buf_release(&text);
	return status;
}

static enum hp_status
check_range(const struct check *c, const struct spot *spot, const struct hp_field *field,
	    const struct hp_value *value, enum hp_kind kind, int64_t amount)
{
	bool bounded = field->min || field->max;
	if (bounded && (amount < field->min || (has_max(field) && amount > field->max)))
		return fail_range(c, spot, field, value, kind, amount);
	return HP_OK;
}

static enum hp_status
check_number(const struct check *c, const struct spot *spot, const struct hp_field *field,
	     const struct hp_value *value)
{
	bool bounded = field->min || field->max;
	double real = value->type == HP_FLOAT ? value->real : (double)value->natural;
	if (bounded && (!(real >= (double)field->min) ||
			(has_max(field) && !(real <= (double)field->max))))
		return fail_range(c, spot, field, value, HP_K_NUMBER, 0);
	return HP_OK;
}

/* Shapes of strings. All are told the length, so that a NUL inside does not end the check. */

static bool
is_uuid(const struct hp_str *str)
{
	if (str->len != 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? str->p[i] != '-' : !isxdigit((unsigned char)str->p[i]))
			return false;
	}
	return true;
}

static bool
is_name(const struct hp_str *str)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	return str->len && str->len <= HP_LIMIT_NAME_BYTES && !strchr("._-", *str->p) &&
	       strspn(str->p, letters) == str->len;
}

static bool
is_word(const struct hp_value *value, const char *const *words)
{
	for (size_t i = 0; words && words[i]; i++)
		if (hp_value_is(value, words[i]))
			return true;
	return false;
}

static enum hp_status
check_str(const struct check *c, const struct spot *spot, const struct hp_field *field,
	  const struct hp_value *value)
{
	const struct hp_str *str = &value->str;
	bool whole = strlen(str->p) == str->len;
	int64_t amount;
	if ((field->kinds & HP_K_ENUM && is_word(value, field->words)) ||
	    (field->kinds & HP_K_UUID && is_uuid(str)) ||
	    (field->kinds & HP_K_NAME && is_name(str)))
		return HP_OK;
	if (field->kinds & HP_K_DURATION && whole &&
	    hp_units_duration(str->p, &amount, NULL) == HP_OK)
		return check_range(c, spot, field, value, HP_K_DURATION, amount);
	if (field->kinds & HP_K_SIZE && whole && hp_units_size(str->p, &amount, NULL) == HP_OK)
		return check_range(c, spot, field, value, HP_K_SIZE, amount);
	if (field->kinds & HP_K_STR)
		return check_range(c, spot, field, value, HP_K_STR, (int64_t)str->len);
	return fail_kind(c, spot, field, value);
}

/* Containers. */

static enum hp_status check_value(const struct check *c, const struct spot *spot,
				  const struct hp_field *field, const struct hp_value *value);

static enum hp_status
check_list(const struct check *c, const struct spot *spot, const struct hp_field *field,
	   const struct hp_value *list)
{
	enum hp_status status = check_range(c, spot, field, list, HP_K_LIST,
					    (int64_t)list->array.count);
	for (size_t i = 0; !status && field->item && i < list->array.count; i++) {
		struct spot here = below(spot, NULL, i);
		status = check_value(c, &here, field->item, list->array.items[i]);
	}
	return status;
}

static enum hp_status
check_map_of(const struct check *c, const struct spot *spot, const struct hp_field *field,
	     const struct hp_value *map)
{
	enum hp_status status = check_range(c, spot, field, map, HP_K_MAP_OF,
					    (int64_t)map->map.count);
	for (size_t i = 0; !status && field->item && i < map->map.count; i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		struct spot here = below(spot, &pair->key, 0);
		if (pair->value->type != HP_NIL)
			status = check_value(c, &here, field->item, pair->value);
	}
	return status;
}

static enum hp_status
fail_unknown(const struct check *c, const struct spot *spot, const struct hp_field *fields,
	     const struct hp_pair *pair)
{
	struct hp_buf text = {0};
	struct spot here = below(spot, &pair->key, 0);
	struct hp_hint hint = {.word = pair->key};
	hp_buf_add_text(&text, "unknown key ");
	add_quoted(&text, &pair->key);
	if (spot->up) {
		hp_buf_add_text(&text, " in ");
		add_subject(&text, c, spot);
	}
	for (const struct hp_field *f = fields; f->name; f++)
		hp_hint_try(&hint, f->name);
	add_hint(&text, &hint);
	enum hp_status status = fail(c, &here, pair->line, pair->column, &text);
	hp_buf_release(&text);
	return status;
}

static enum hp_status
fail_missing(const struct check *c, const struct spot *spot, const struct hp_field *field,
	     const struct hp_value *map)
{
	struct hp_buf text = {0};
	struct hp_str key = {field->name, strlen(field->name)};
	struct spot here = below(spot, &key, 0);
	add_subject(&text, c, &here);
	hp_buf_add_text(&text, " is missing");
	enum hp_status status = fail(c, &here, map->line, map->column, &text);
	hp_buf_release(&text);
	return status;
}

static const struct hp_field *
find_field(const struct hp_field *fields, const struct hp_str *key)
{
	for (; fields->name; fields++)
		if (*fields->name == *key->p && strlen(fields->name) == key->len &&
		    memcmp(fields->name, key->p, key->len) == 0)
			return fields;
	return NULL;
}

/* In the order of the source, so that the first thing wrong is the one named. */
static enum hp_status
check_fields(const struct check *c, const struct spot *spot, const struct hp_field *fields,
	     const struct hp_value *map)
{
	for (size_t i = 0; i < map->map.count; i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		const struct hp_field *field = find_field(fields, &pair->key);
		if (!field)
			return fail_unknown(c, spot, fields, pair);
		struct spot here = below(spot, &pair->key, 0);
		if (pair->value->type == HP_NIL)
			continue;
		enum hp_status status = check_value(c, &here, field, pair->value);
		if (status)
			return status;
	}
	for (const struct hp_field *field = fields; field->name; field++)
		if (field->required && !hp_map_get(map, field->name))
			return fail_missing(c, spot, field, map);
	return HP_OK;
}

static enum hp_status
check_value(const struct check *c, const struct spot *spot, const struct hp_field *field,
	    const struct hp_value *value)
{
	unsigned set = field->kinds;
	if (set & HP_K_ANY)
		return HP_OK;
	switch (value->type) {
	case HP_BOOL:
		if (set & HP_K_BOOL)
			return HP_OK;
		break;
	case HP_INT:
		if (set & HP_K_SIZE && !(set & (HP_K_INT | HP_K_NUMBER)) && value->integer >= 0)
			return check_range(c, spot, field, value, HP_K_SIZE, value->integer);
		if (set & (HP_K_INT | HP_K_NUMBER))
			return check_range(c, spot, field, value, HP_K_INT, value->integer);
		break;
	case HP_UINT: /* over 63 bits: a number, but no integer that anybody here counts with */
	case HP_FLOAT:
		if (set & HP_K_NUMBER)
			return check_number(c, spot, field, value);
		break;
	case HP_STR:
		return check_str(c, spot, field, value);
	case HP_BIN:
		if (set & HP_K_BIN)
			return check_range(c, spot, field, value, HP_K_BIN,
					   (int64_t)value->str.len);
		break;
	case HP_ARRAY:
		if (set & HP_K_LIST)
			return check_list(c, spot, field, value);
		break;
	case HP_MAP:
		if (set & HP_K_MAP_OF)
			return check_map_of(c, spot, field, value);
		if (set & HP_K_MAP)
			return field->fields ? check_fields(c, spot, field->fields, value)
					     : HP_OK;
		break;
	case HP_NIL:
		break;
	}
	return fail_kind(c, spot, field, value);
}

enum hp_status
hp_schema_check(const struct hp_value *value, const struct hp_field *fields, const char *what,
		struct hp_error *err)
{
	const struct hp_field whole = {.kinds = HP_K_MAP, .fields = fields};
	const struct check c = {.what = what, .err = err};
	const struct spot top = {0};
	if (!value)
		return hp_fail(err, HP_NOMEM, "out of memory");
	return check_value(&c, &top, &whole, value);
}
