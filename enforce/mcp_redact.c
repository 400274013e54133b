#include "enforce/mcp_redact.h"

#include <string.h>

#include "core/json.h"

struct walk {
	struct hp_mcp_text text;
	struct hp_buf *buf;
	size_t done; /* of the text: written */
	unsigned keys;
	enum hp_status status;
};

/* Where in the message we are: what is a handle at the top is data further down. */
struct place {
	const struct hp_value *parent; /* of the original */
	unsigned depth;
	bool data; /* inside structured content: nothing there is the protocol's */
};

static void
splice(struct walk *walk, struct hp_mcp_span span, const struct hp_value *with)
{
	hp_mcp_add_span(walk->buf, walk->text, (struct hp_mcp_span){walk->done, span.from});
	hp_json_dump(with, HP_JSON_LINE, walk->buf);
	walk->done = span.to;
}

static bool
key_is(const struct hp_str *key, const char *name)
{
	return key->len == strlen(name) && memcmp(key->p, name, key->len) == 0;
}

/* What the protocol reads back, or base64 that is no text. */
static bool
is_left_alone(const struct place *place, const struct hp_str *key)
{
	static const struct {
		const char *name;
		unsigned from, to; /* depths */
	} handles[] = {
		{"jsonrpc", 0, 0},	 {"id", 0, 0},		{"method", 0, 0},
		{"requestId", 1, 1},	 {"progressToken", 1, 1}, {"nextCursor", 1, 1},
		{"requestState", 1, 1}, {"resultType", 1, 1},	{"taskId", 1, 3},
	};
	if (place->data)
		return false;
	for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++)
		if (place->depth >= handles[i].from && place->depth <= handles[i].to &&
		    key_is(key, handles[i].name))
			return true;
	const struct hp_value *type = hp_map_get(place->parent, "type");
	if (key_is(key, "data"))
		return hp_value_is(type, "image") || hp_value_is(type, "audio");
	return key_is(key, "blob") && hp_map_get(place->parent, "uri");
}

/* A number that had to go keeps its type. */
static void
splice_number(struct walk *walk, struct hp_mcp_span span, const struct hp_value *now)
{
	static const struct hp_value zero = {.type = HP_INT};
	if (now->type == HP_STR)
		splice(walk, span, &zero);
}

/* A key that had to go; numbered, for two of them must not become one. */
static void
splice_key(struct walk *walk, struct hp_mcp_span span, const struct hp_str *was,
	   const struct hp_str *now)
{
	struct hp_buf name = {0};
	if (was->len == now->len && memcmp(was->p, now->p, was->len) == 0)
		return;
	hp_buf_add(&name, now->p, now->len);
	hp_buf_printf(&name, " %u", ++walk->keys);
	splice(walk, span,
	       &(struct hp_value){.type = HP_STR, .str = {hp_buf_text(&name), name.len}});
	walk->buf->failed |= name.failed;
	hp_buf_release(&name);
}

static void walk_value(struct walk *walk, const struct place *place, struct hp_mcp_span span,
		       const struct hp_value *was, const struct hp_value *now);

/* The text's parts beside the trees', which are in the same order: value.h 4. */
static void
walk_map(struct walk *walk, const struct place *place, struct hp_mcp_span span,
	 const struct hp_value *was, const struct hp_value *now)
{
	struct hp_mcp_part part;
	size_t at = 0, i = 0;
	for (; walk->status == HP_OK && hp_mcp_next(walk->text, span, &at, &part); i++) {
		if (i >= was->map.count) {
			walk->status = HP_INVALID;
			return;
		}
		const struct hp_pair *pair = &was->map.pairs[i];
		struct place inside = {was, place->depth + 1, place->data};
		if (is_left_alone(&(struct place){was, place->depth, place->data}, &pair->key))
			continue;
		if (key_is(&pair->key, "structuredContent") && place->depth == 1)
			inside.data = true;
		splice_key(walk, part.key, &pair->key, &now->map.pairs[i].key);
		walk_value(walk, &inside, part.value, pair->value, now->map.pairs[i].value);
	}
	if (walk->status == HP_OK && i != was->map.count)
		walk->status = HP_INVALID;
}

static void
walk_value(struct walk *walk, const struct place *place, struct hp_mcp_span span,
	   const struct hp_value *was, const struct hp_value *now)
{
	struct hp_mcp_part part;
	struct place inside = {was, place->depth + 1, place->data};
	size_t at = 0, i = 0;
	switch (was->type) {
	case HP_STR:
		if (was->str.len != now->str.len ||
		    memcmp(was->str.p, now->str.p, was->str.len) != 0)
			splice(walk, span, now);
		break;
	case HP_INT:
	case HP_FLOAT:
		splice_number(walk, span, now);
		break;
	case HP_ARRAY:
		for (; walk->status == HP_OK && i < was->array.count &&
		       hp_mcp_next(walk->text, span, &at, &part);
		     i++)
			walk_value(walk, &inside, part.value, was->array.items[i],
				   now->array.items[i]);
		if (walk->status == HP_OK && i != was->array.count)
			walk->status = HP_INVALID;
		break;
	case HP_MAP:
		walk_map(walk, place, span, was, now);
		break;
	default:
		break;
	}
}

enum hp_status
hp_mcp_redact(struct hp_redact *set, struct hp_arena *arena, const struct hp_mcp_message *message,
	      struct hp_buf *buf, size_t *ret_hits)
{
	struct hp_redact_part whole = {.field = "", .value = message->map};
	struct walk walk = {.text = message->text, .buf = buf};
	size_t before = buf->len;
	enum hp_status status = hp_redact_values(set, arena, &whole, 1);
	if (status != HP_OK)
		return status;
	if (whole.report.total > 0)
		walk_value(&walk, &(struct place){0}, hp_mcp_whole(message->text), message->map,
			   whole.value);
	hp_mcp_add_span(buf, walk.text, (struct hp_mcp_span){walk.done, walk.text.len});
	if (walk.status == HP_OK && (buf->failed || arena->failed))
		walk.status = HP_NOMEM;
	if (walk.status == HP_OK)
		*ret_hits = whole.report.total;
	else if (buf->data) {
		buf->len = before;
		buf->data[before] = '\0';
	}
	return walk.status;
}
