#include "core/msgpack.h"

#include <math.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/text.h"

/* What a lead byte announces. */
enum kind { BAD, NIL, BOOL, UINT, INT, FLOAT, STR, BIN, ARRAY, MAP, EXT };

struct token {
	enum kind kind;
	unsigned width;	 /* bytes of the number that followed; 0: it was in the lead byte */
	uint64_t number; /* value, bits of a float, or length */
	size_t offset;	 /* of the lead byte */
};

/* One open container; `done` of its items or pairs have been started. */
struct frame {
	struct hp_value *container;
	size_t done;
	bool ascending; /* every key so far is above the one before it, so none repeats */
};

struct decoder {
	struct hp_arena *arena;
	struct hp_error *err;
	const uint8_t *start, *at, *end;
	size_t owed; /* values that are still to come; each takes a byte at least */
	bool loose;  /* something so far is not as HP-canon writes it */
	unsigned depth;
	struct frame stack[HP_LIMIT_DEPTH];
};

static enum hp_status
fail_at_byte(const struct decoder *d, size_t offset, enum hp_status status, const char *reason)
{
	return hp_fail(d->err, status, "at byte %zu: %s", offset, reason);
}

static size_t
left(const struct decoder *d)
{
	return (size_t)(d->end - d->at);
}

/* The lead bytes 0xc0 … 0xdf. */
static const struct {
	enum kind kind;
	unsigned width;
} forms[32] = {
	{NIL, 0}, {BAD, 0}, {BOOL, 0},  {BOOL, 0},  {BIN, 1},  {BIN, 2},  {BIN, 4},   {EXT, 0},
	{EXT, 0}, {EXT, 0}, {FLOAT, 4}, {FLOAT, 8}, {UINT, 1}, {UINT, 2}, {UINT, 4},  {UINT, 8},
	{INT, 1}, {INT, 2}, {INT, 4},   {INT, 8},   {EXT, 0},  {EXT, 0},  {EXT, 0},   {EXT, 0},
	{EXT, 0}, {STR, 1}, {STR, 2},   {STR, 4},   {ARRAY, 2}, {ARRAY, 4}, {MAP, 2}, {MAP, 4},
};

static struct token
classify(uint8_t lead)
{
	if (lead < 0x80)
		return (struct token){UINT, 0, lead, 0};
	if (lead < 0x90)
		return (struct token){MAP, 0, lead & 0x0f, 0};
	if (lead < 0xa0)
		return (struct token){ARRAY, 0, lead & 0x0f, 0};
	if (lead < 0xc0)
		return (struct token){STR, 0, lead & 0x1f, 0};
	if (lead >= 0xe0)
		return (struct token){INT, 1, lead, 0};
	return (struct token){forms[lead - 0xc0].kind, forms[lead - 0xc0].width, lead & 1, 0};
}

/* Whether HP-canon would have announced the same in the same form: the shortest, with a negative
 * number signed and any other unsigned; a float always in eight bytes. */
static bool
is_shortest(const struct token *token)
{
	uint64_t number = token->number;
	uint64_t below; /* what the next shorter form still holds */
	switch (token->kind) {
	case FLOAT:
		return token->width == 8;
	case INT:
		below = token->width == 1 ? 32 : (uint64_t)1 << (token->width * 4 - 1);
		return number >> (token->width * 8 - 1) && -number << (64 - token->width * 8) >>
		       (64 - token->width * 8) > below;
	case UINT:
	case STR:
	case BIN:
	case ARRAY:
	case MAP:
		below = token->width > 1	      ? ((uint64_t)1 << (token->width * 4)) - 1
			: token->kind == UINT	      ? 0x7f
			: token->kind == STR	      ? 31
						      : 0;
		if (token->kind == ARRAY || token->kind == MAP)
			below = token->width > 2 ? 0xffff : 15;
		return token->width == 0 || number > below ||
		       (token->kind == BIN && token->width == 1);
	default:
		return true;
	}
}

/* Reads one lead byte and the number behind it. */
static enum hp_status
read_token(struct decoder *d, struct token *ret_token)
{
	size_t offset = (size_t)(d->at - d->start);
	if (d->at == d->end)
		return fail_at_byte(d, offset, HP_INVALID, "it ends too early");
	uint8_t lead = *d->at++;
	struct token token = classify(lead);
	token.offset = offset;
	if (token.kind == BAD || token.kind == EXT)
		return fail_at_byte(d, offset, HP_INVALID,
				    token.kind == EXT ? "extension types are not supported"
						      : "0xc1 is not a value");
	if (token.width && lead < 0xe0) {
		if (left(d) < token.width)
			return fail_at_byte(d, offset, HP_INVALID, "it ends too early");
		token.number = 0;
		for (unsigned i = 0; i < token.width; i++)
			token.number = token.number << 8 | *d->at++;
		d->loose |= !is_shortest(&token);
	}
	d->owed--;
	*ret_token = token;
	return HP_OK;
}

static size_t
limit_of(bool is_str)
{
	return is_str ? HP_LIMIT_STRING_BYTES : HP_LIMIT_BIN_BYTES;
}

/* Takes the bytes that a str or bin token announces. */
static enum hp_status
read_bytes(struct decoder *d, const struct token *token, struct hp_str *ret_str)
{
	if (token->number > left(d))
		return fail_at_byte(d, token->offset, HP_INVALID,
				    "a string is longer than the message");
	if (token->number > limit_of(token->kind == STR))
		return fail_at_byte(d, token->offset, HP_TOO_LARGE,
				    token->kind == STR ? "a string is over 64 KiB"
						       : "a bin is over 256 KiB");
	size_t len = (size_t)token->number;
	const char *bytes = (const char *)d->at;
	if (token->kind == STR && !hp_text_is_utf8(bytes, len))
		return fail_at_byte(d, token->offset, HP_INVALID, "a string is not valid UTF-8");
	char *copy = hp_arena_copy(d->arena, bytes, len);
	if (!copy)
		return hp_fail(d->err, HP_NOMEM, "out of memory");
	d->at += len;
	*ret_str = (struct hp_str){copy, len};
	return HP_OK;
}

/*
 * Room for the announced items. Every one of them takes a byte of the message at least, and so do
 * all that the containers around still wait for: memory stays in proportion to bytes received.
 */
static enum hp_status
open_container(struct decoder *d, const struct token *token, struct hp_value *slot)
{
	bool is_map = token->kind == MAP;
	size_t room = left(d) > d->owed ? left(d) - d->owed : 0;
	if (token->number > (is_map ? room / 2 : room))
		return fail_at_byte(d, token->offset, HP_INVALID,
				    "a container announces more items than the message holds");
	if (token->number > HP_LIMIT_ELEMENTS)
		return fail_at_byte(d, token->offset, HP_TOO_LARGE,
				    "a container has over 4096 items");
	if (d->depth == HP_LIMIT_DEPTH)
		return fail_at_byte(d, token->offset, HP_TOO_LARGE,
				    "containers nest deeper than 16");
	size_t count = (size_t)token->number;
	slot->type = is_map ? HP_MAP : HP_ARRAY;
	d->stack[d->depth++] = (struct frame){.container = slot, .ascending = true};
	d->owed += is_map ? 2 * count : count;
	if (!count)
		return HP_OK;
	struct hp_value *nodes = hp_arena_array(d->arena, count, sizeof *nodes);
	if (is_map) {
		slot->map.pairs = hp_arena_array(d->arena, count, sizeof *slot->map.pairs);
		slot->map.count = slot->map.capacity = count;
	} else {
		slot->array.items = hp_arena_array(d->arena, count, sizeof *slot->array.items);
		slot->array.count = slot->array.capacity = count;
	}
	if (d->arena->failed)
		return hp_fail(d->err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		if (is_map)
			slot->map.pairs[i].value = &nodes[i];
		else
			slot->array.items[i] = &nodes[i];
	return HP_OK;
}

static void
set_integer(struct hp_value *slot, const struct token *token)
{
	slot->type = HP_INT;
	switch (token->kind == INT ? token->width : 0) {
	case 1:
		slot->integer = (int8_t)token->number;
		break;
	case 2:
		slot->integer = (int16_t)token->number;
		break;
	case 4:
		slot->integer = (int32_t)token->number;
		break;
	case 8:
		slot->integer = (int64_t)token->number;
		break;
	default:
		slot->type = token->number > INT64_MAX ? HP_UINT : HP_INT;
		slot->natural = token->number;
	}
}

static enum hp_status
set_float(const struct decoder *d, struct hp_value *slot, const struct token *token)
{
	slot->type = HP_FLOAT;
	if (token->width == 4) {
		uint32_t bits = (uint32_t)token->number;
		float narrow;
		memcpy(&narrow, &bits, sizeof narrow);
		slot->real = narrow;
	} else
		memcpy(&slot->real, &token->number, sizeof slot->real);
	return isfinite(slot->real) ? HP_OK
				    : fail_at_byte(d, token->offset, HP_INVALID,
						   "a float is infinite or not a number");
}

/* Reads one value into `slot`; a container is opened, its items come next. */
static enum hp_status
read_value(struct decoder *d, struct hp_value *slot)
{
	struct token token;
	enum hp_status status = read_token(d, &token);
	if (status)
		return status;
	switch (token.kind) {
	case BOOL:
		slot->type = HP_BOOL;
		slot->boolean = token.number;
		return HP_OK;
	case UINT:
	case INT:
		set_integer(slot, &token);
		return HP_OK;
	case FLOAT:
		return set_float(d, slot, &token);
	case STR:
	case BIN:
		slot->type = token.kind == STR ? HP_STR : HP_BIN;
		return read_bytes(d, &token, &slot->str);
	case ARRAY:
	case MAP:
		return open_container(d, &token, slot);
	default:
		slot->type = HP_NIL;
		return HP_OK;
	}
}

static enum hp_status
read_key(struct decoder *d, struct frame *frame)
{
	struct token token;
	enum hp_status status = read_token(d, &token);
	if (status)
		return status;
	if (token.kind != STR)
		return fail_at_byte(d, token.offset, HP_INVALID, "a map key is not a string");
	struct hp_pair *pair = &frame->container->map.pairs[frame->done];
	status = read_bytes(d, &token, &pair->key);
	if (!status && frame->done && hp_key_compare(&pair[-1].key, &pair->key) >= 0)
		frame->ascending = false;
	d->loose |= !frame->ascending;
	return status;
}

/* A map whose keys came ascending, as our own encoder writes them, has no duplicates. */
static enum hp_status
check_unique(const struct decoder *d, const struct frame *frame)
{
	const struct hp_pair *twice = NULL;
	if (frame->container->type != HP_MAP || frame->ascending)
		return HP_OK;
	if (hp_map_duplicate(frame->container, &twice))
		return hp_fail(d->err, HP_NOMEM, "out of memory");
	if (!twice)
		return HP_OK;
	struct hp_str shown = {twice->key.p, twice->key.len < 40 ? twice->key.len : 40};
	struct hp_buf key = {0};
	hp_text_escape(&key, shown.p, shown.len, HP_TEXT_ASCII);
	enum hp_status status = hp_fail(d->err, HP_INVALID,
					"duplicate key \"%s\"",
					hp_buf_text(&key));
	hp_buf_release(&key);
	return status;
}

/* Where the next value goes: closes what is full; NULL at the end. Reads the key of a pair. */
static enum hp_status
next_slot(struct decoder *d, struct hp_value **ret_slot)
{
	*ret_slot = NULL;
	while (d->depth) {
		struct frame *frame = &d->stack[d->depth - 1];
		struct hp_value *container = frame->container;
		enum hp_status status = HP_OK;
		if (frame->done < hp_value_count(container)) {
			if (container->type == HP_MAP)
				status = read_key(d, frame);
			*ret_slot = container->type == HP_MAP
					    ? container->map.pairs[frame->done].value
					    : container->array.items[frame->done];
			frame->done++;
			return status;
		}
		status = check_unique(d, frame);
		if (status)
			return status;
		d->depth--;
	}
	return HP_OK;
}

static enum hp_status
decode(struct hp_arena *arena, const void *bytes, size_t len, const struct hp_value **ret_value,
       bool *ret_loose, struct hp_error *err)
{
	struct decoder d = {
		.arena = arena, .err = err, .start = bytes, .at = bytes, .owed = 1,
	};
	d.end = len ? d.start + len : d.start;
	struct hp_value *root = hp_value_nil(arena), *slot = root;
	if (!root)
		return hp_fail(err, HP_NOMEM, "out of memory");
	while (slot) {
		enum hp_status status = read_value(&d, slot);
		if (!status)
			status = next_slot(&d, &slot);
		if (status)
			return status;
	}
	if (d.at != d.end)
		return fail_at_byte(&d, (size_t)(d.at - d.start), HP_INVALID,
				    "bytes follow the value");
	*ret_value = root;
	*ret_loose = d.loose;
	return HP_OK;
}

enum hp_status
hp_msgpack_decode(struct hp_arena *arena, const void *bytes, size_t len,
		  const struct hp_value **ret_value, struct hp_error *err)
{
	bool loose;
	return decode(arena, bytes, len, ret_value, &loose, err);
}

/* Every form is judged as it is read: encoding anew and comparing would cost as much again. That the
 * two ways agree is what the fuzz target checks. */
enum hp_status
hp_msgpack_decode_canonical(struct hp_arena *arena, const void *bytes, size_t len,
			    const struct hp_value **ret_value, struct hp_error *err)
{
	const struct hp_value *value = NULL;
	bool loose = false;
	enum hp_status status = decode(arena, bytes, len, &value, &loose, err);
	if (!status && loose)
		status = hp_fail(err, HP_INVALID, "not in canonical form (HP-canon)");
	if (!status)
		*ret_value = value;
	return status;
}

/* Encoding. */

struct encoder {
	msgpack_packer packer; /* writes to `buf` */
	struct hp_buf *buf;
	struct hp_error *err;
	unsigned depth;
};

/* As hp_buf_add(), but the closing NUL is left for the end: there are many and small ones. */
static inline void
append(struct hp_buf *buf, const void *bytes, size_t len)
{
	if (buf->failed || len >= buf->capacity - buf->len) {
		hp_buf_add(buf, bytes, len);
		return;
	}
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
}

static int
write_bytes(void *data, const char *bytes, size_t len)
{
	struct hp_buf *buf = data;
	append(buf, bytes, len);
	return buf->failed ? -1 : 0;
}

static enum hp_status encode(struct encoder *e, const struct hp_value *value);

/* What no reader takes is not written either. */
static enum hp_status
check_length(const struct encoder *e, size_t len, bool is_str)
{
	return len <= limit_of(is_str)
		       ? HP_OK
		       : hp_fail(e->err, HP_TOO_LARGE, "a %s of %zu bytes is over %u KiB",
				 is_str ? "string" : "bin", len, (unsigned)limit_of(is_str) / 1024);
}

static enum hp_status
encode_str(struct encoder *e, const struct hp_str *str)
{
	if (!hp_text_is_utf8(str->p, str->len))
		return hp_fail(e->err, HP_INVALID, "a string is not valid UTF-8");
	if (str->len < 32) { /* most are keys: one byte that says so (fixstr) */
		uint8_t head = (uint8_t)(0xa0 | str->len);
		append(e->buf, &head, 1);
	} else {
		msgpack_pack_str(&e->packer, str->len);
	}
	append(e->buf, str->p, str->len);
	return check_length(e, str->len, true);
}

static enum hp_status
encode_pairs(struct encoder *e, const struct hp_pair *const *sorted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i && hp_key_compare(&sorted[i - 1]->key, &sorted[i]->key) == 0)
			return hp_fail(e->err, HP_INVALID, "a map has two equal keys");
		enum hp_status status = encode_str(e, &sorted[i]->key);
		if (!status)
			status = encode(e, sorted[i]->value);
		if (status)
			return status;
	}
	return HP_OK;
}

static enum hp_status
encode_map(struct encoder *e, const struct hp_value *map)
{
	const struct hp_pair *few[32], **sorted = few;
	size_t count = map->map.count;
	if (count > sizeof few / sizeof few[0]) {
		sorted = calloc(count, sizeof *sorted);
		if (!sorted)
			return hp_fail(e->err, HP_NOMEM, "out of memory");
	}
	hp_map_sort(map, sorted);
	msgpack_pack_map(&e->packer, count);
	enum hp_status status = encode_pairs(e, sorted, count);
	if (sorted != few)
		free(sorted);
	return status;
}

static enum hp_status
encode_array(struct encoder *e, const struct hp_value *array)
{
	msgpack_pack_array(&e->packer, array->array.count);
	for (size_t i = 0; i < array->array.count; i++) {
		enum hp_status status = encode(e, array->array.items[i]);
		if (status)
			return status;
	}
	return HP_OK;
}

static enum hp_status
encode_container(struct encoder *e, const struct hp_value *value)
{
	if (hp_value_count(value) > HP_LIMIT_ELEMENTS)
		return hp_fail(e->err, HP_TOO_LARGE, "a %s has over 4096 items",
			       hp_type_name(value->type));
	if (e->depth == HP_LIMIT_DEPTH)
		return hp_fail(e->err, HP_TOO_LARGE, "containers nest deeper than 16");
	e->depth++;
	enum hp_status status =
		value->type == HP_MAP ? encode_map(e, value) : encode_array(e, value);
	e->depth--;
	return status;
}

static enum hp_status
encode(struct encoder *e, const struct hp_value *value)
{
	msgpack_packer *packer = &e->packer;
	if (!value)
		return hp_fail(e->err, HP_INVALID, "a value is missing");
	switch (value->type) {
	case HP_NIL:
		msgpack_pack_nil(packer);
		return HP_OK;
	case HP_BOOL:
		(value->boolean ? msgpack_pack_true : msgpack_pack_false)(packer);
		return HP_OK;
	case HP_INT:
		msgpack_pack_int64(packer, value->integer);
		return HP_OK;
	case HP_UINT:
		msgpack_pack_uint64(packer, value->natural);
		return HP_OK;
	case HP_FLOAT:
		msgpack_pack_double(packer, value->real);
		return isfinite(value->real) ? HP_OK
					     : hp_fail(e->err, HP_INVALID,
						       "a float is infinite or not a number");
	case HP_STR:
		return encode_str(e, &value->str);
	case HP_BIN:
		msgpack_pack_bin(packer, value->str.len);
		msgpack_pack_bin_body(packer, value->str.p, value->str.len);
		return check_length(e, value->str.len, false);
	case HP_ARRAY:
	case HP_MAP:
		return encode_container(e, value);
	}
	return hp_fail(e->err, HP_INVALID, "a value has no type");
}

enum hp_status
hp_msgpack_encode(const struct hp_value *value, struct hp_buf *buf, struct hp_error *err)
{
	struct encoder e = {.buf = buf, .err = err};
	size_t before = buf->len;
	msgpack_packer_init(&e.packer, buf, write_bytes);
	enum hp_status status = encode(&e, value);
	hp_buf_add(buf, "", 0);
	if (buf->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	if (status && buf->data) {
		buf->len = before;
		buf->data[before] = 0;
	}
	return status;
}
