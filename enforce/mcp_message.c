#include "enforce/mcp_message.h"

#include <inttypes.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"

#define MODERN_KEY "io.modelcontextprotocol/protocolVersion"

static enum hp_status
invalid(enum hp_mcp_code *ret_code, struct hp_error *err, const char *why)
{
	*ret_code = HP_MCP_INVALID_REQUEST;
	return hp_fail(err, HP_INVALID, "%s", why);
}

/* A string that C sees whole, as names have to be. */
static const char *
name_of(const struct hp_value *value)
{
	return value && value->type == HP_STR && strlen(value->str.p) == value->str.len
		       ? value->str.p
		       : NULL;
}

struct hp_mcp_id
hp_mcp_id_read(struct hp_mcp_text text, const struct hp_value *value, struct hp_mcp_span at)
{
	struct hp_mcp_id id = {.type = HP_NIL};
	if (!value || (value->type != HP_INT && value->type != HP_STR) ||
	    at.to - at.from > HP_LIMIT_MCP_ID_BYTES || at.to <= at.from)
		return id;
	id.type = value->type;
	if (value->type == HP_INT)
		id.integer = value->integer;
	else
		id.str = value->str;
	id.text = (struct hp_str){text.p + at.from, at.to - at.from};
	return id;
}

bool
hp_mcp_id_equal(const struct hp_mcp_id *a, const struct hp_mcp_id *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == HP_STR)
		return a->str.len == b->str.len && memcmp(a->str.p, b->str.p, a->str.len) == 0;
	return a->type == HP_INT && a->integer == b->integer;
}

struct hp_mcp_id
hp_mcp_id_copy(struct hp_arena *arena, const struct hp_mcp_id *id)
{
	struct hp_mcp_id copy = *id;
	if (id->type == HP_STR)
		copy.str.p = hp_arena_copy(arena, id->str.p, id->str.len);
	if (id->type != HP_NIL)
		copy.text.p = hp_arena_copy(arena, id->text.p, id->text.len);
	return copy;
}

/* Readers that end a line at a carriage return too would find other messages in this one. One at
 * the end is a client's way to end lines. */
static bool
holds_lines(struct hp_mcp_text text)
{
	const char *at = memchr(text.p, '\r', text.len);
	return at && at + 1 < text.p + text.len;
}

/* Whether a key is one of the NULL-terminated `names` to readers that take no heed of case, and not
 * to others. */
static bool
holds_lookalike(const struct hp_value *map, const char *const *names)
{
	bool found = false;
	for (size_t i = 0; i < map->map.count && !found; i++) {
		const struct hp_str *key = &map->map.pairs[i].key;
		struct hp_buf folded = {0};
		hp_text_fold(&folded, key->p, key->len, true);
		found = folded.failed;
		for (size_t j = 0; names[j] && !found; j++)
			found = strcmp(hp_buf_text(&folded), names[j]) == 0 &&
				strcmp(key->p, names[j]) != 0;
		hp_buf_release(&folded);
	}
	return found;
}

/* Which of the four it is; false: none of them. */
static bool
read_kind(const struct hp_value *map, const struct hp_value *id, struct hp_mcp_message *message)
{
	bool result = false, error = false, method = false, params = false;
	for (size_t i = 0; i < map->map.count; i++) { /* nil counts too: hp_map_get hides it */
		const struct hp_str *key = &map->map.pairs[i].key;
		result |= key->len == 6 && memcmp(key->p, "result", 6) == 0;
		error |= key->len == 5 && memcmp(key->p, "error", 5) == 0;
		method |= key->len == 6 && memcmp(key->p, "method", 6) == 0;
		params |= key->len == 6 && memcmp(key->p, "params", 6) == 0;
	}
	if (method && !result && !error)
		message->kind = id ? HP_MCP_REQUEST : HP_MCP_NOTIFICATION;
	else if (result && !error && !method && !params && id)
		message->kind = HP_MCP_RESULT;
	else if (error && !result && !method && !params)
		message->kind = HP_MCP_ERROR;
	else
		return false;
	return true;
}

static enum hp_status
read_request(struct hp_mcp_message *message, enum hp_mcp_code *ret_code, struct hp_error *err)
{
	static const char *const names[] = {"name", "arguments", "_meta", NULL};
	message->method = name_of(hp_map_get(message->map, "method"));
	message->params = hp_map_get(message->map, "params");
	if (!message->method || !*message->method)
		return invalid(ret_code, err, "\"method\" is no name");
	if (message->params && message->params->type != HP_MAP)
		return invalid(ret_code, err, "\"params\" is no object");
	if (message->params && holds_lookalike(message->params, names))
		return invalid(ret_code, err,
			       "a member of \"params\" only looks like one that is known");
	if (message->params)
		message->params_at = hp_mcp_member(message->text, hp_mcp_whole(message->text),
						   "params");
	return HP_OK;
}

enum hp_status
hp_mcp_parse(struct hp_arena *arena, struct hp_mcp_text text, struct hp_mcp_message *ret_message,
	     enum hp_mcp_code *ret_code, struct hp_error *err)
{
	static const char *const names[] = {"jsonrpc", "id", "method", "params", "result", "error",
					    NULL};
	struct hp_mcp_message message = {.text = text};
	*ret_code = HP_MCP_PARSE_ERROR;
	enum hp_status status = hp_json_load(arena, text.p, text.len, &message.map, err);
	if (status != HP_OK)
		return status;
	if (message.map->type == HP_ARRAY)
		return invalid(ret_code, err, "batches are not accepted");
	if (message.map->type != HP_MAP)
		return invalid(ret_code, err, "a message is an object");
	if (holds_lines(text))
		return invalid(ret_code, err, "a message is one line: it holds a carriage return");
	if (holds_lookalike(message.map, names))
		return invalid(ret_code, err, "a member only looks like one that is known");
	if (!hp_value_is(hp_map_get(message.map, "jsonrpc"), "2.0"))
		return invalid(ret_code, err, "\"jsonrpc\" is not \"2.0\"");
	struct hp_mcp_span id_at = hp_mcp_member(text, hp_mcp_whole(text), "id");
	const struct hp_value *id = hp_map_get(message.map, "id");
	message.id = hp_mcp_id_read(text, id, id_at);
	if (!read_kind(message.map, id, &message))
		return invalid(ret_code, err,
			       "neither a request nor a notification, a result or an error");
	bool null_id = !id && id_at.to > id_at.from;
	if ((id && message.id.type == HP_NIL) || (null_id && message.kind != HP_MCP_ERROR))
		return invalid(ret_code, err,
			       "an id is an integer or a string that is not too long");
	if (message.kind == HP_MCP_REQUEST || message.kind == HP_MCP_NOTIFICATION)
		status = read_request(&message, ret_code, err);
	if (status == HP_OK)
		*ret_message = message;
	return status;
}

struct hp_mcp_id
hp_mcp_call_token(const struct hp_mcp_message *message)
{
	struct hp_mcp_span meta = hp_mcp_member(message->text, message->params_at, "_meta");
	return hp_mcp_id_read(message->text,
			      hp_map_get(hp_map_get(message->params, "_meta"), "progressToken"),
			      hp_mcp_member(message->text, meta, "progressToken"));
}

struct hp_mcp_id
hp_mcp_progress_token(const struct hp_mcp_message *message)
{
	return hp_mcp_id_read(message->text, hp_map_get(message->params, "progressToken"),
			      hp_mcp_member(message->text, message->params_at, "progressToken"));
}

bool
hp_mcp_is_modern(const struct hp_mcp_message *request)
{
	return hp_map_get(hp_map_get(request->params, "_meta"), MODERN_KEY) != NULL;
}

void
hp_mcp_add_string(struct hp_buf *buf, const char *text)
{
	const struct hp_value value = {.type = HP_STR, .str = {text, strlen(text)}};
	hp_json_dump(&value, HP_JSON_LINE, buf);
}

void
hp_mcp_add_error(struct hp_buf *buf, const char *id_text, enum hp_mcp_code code,
		 const char *message)
{
	hp_buf_printf(buf, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,\"message\":",
		      id_text ? id_text : "null", code);
	hp_mcp_add_string(buf, message);
	hp_buf_add_text(buf, "}}\n");
}

void
hp_mcp_add_refusal(struct hp_buf *buf, const char *id_text, bool modern, const char *why)
{
	hp_buf_printf(buf, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{%s\"content\":[{\"type\":"
			   "\"text\",\"text\":",
		      id_text, modern ? "\"resultType\":\"complete\"," : "");
	hp_mcp_add_string(buf, why);
	hp_buf_add_text(buf, "}],\"isError\":true}}\n");
}

void
hp_mcp_add_progress(struct hp_buf *buf, const char *token_text, int64_t progress,
		    const char *message)
{
	hp_buf_printf(buf, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":"
			   "{\"progressToken\":%s,\"progress\":%" PRId64 ",\"message\":",
		      token_text, progress);
	hp_mcp_add_string(buf, message);
	hp_buf_add_text(buf, "}}\n");
}

void
hp_mcp_add_cancelled(struct hp_buf *buf, const char *id_text, const char *reason)
{
	hp_buf_printf(buf, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":"
			   "{\"requestId\":%s,\"reason\":",
		      id_text);
	hp_mcp_add_string(buf, reason);
	hp_buf_add_text(buf, "}}\n");
}
