#include "enforce/mcp_list.h"

#include <string.h>

#include "core/json.h"

/* What an agent may say with a call. Short: it is read by a model, once for every tool. */
static const char reasons_schema[] =
	"{\"type\":\"object\",\"description\":\"For the people who may have to approve this call; "
	"the tool itself does not get it. Give it for anything that changes something.\","
	"\"properties\":{"
	"\"why\":{\"type\":\"string\",\"description\":\"why this call, in the end\"},"
	"\"alternatives\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
	"\"approach\":{\"type\":\"string\"},\"rejected_because\":{\"type\":\"string\"}},"
	"\"required\":[\"approach\"],\"additionalProperties\":false}},"
	"\"rollback\":{\"type\":\"object\",\"description\":\"how to undo it\",\"properties\":{"
	"\"plan\":{\"type\":\"string\"},\"minutes\":{\"type\":\"number\"}},"
	"\"required\":[\"plan\"],\"additionalProperties\":false},"
	"\"impact\":{\"type\":\"object\",\"properties\":{"
	"\"resources_affected\":{\"type\":\"integer\"},\"cost_usd\":{\"type\":\"number\"},"
	"\"downtime_s\":{\"type\":\"integer\"},\"users_affected\":{\"type\":\"integer\"},"
	"\"reversible\":{\"type\":\"boolean\"},\"note\":{\"type\":\"string\"}},"
	"\"additionalProperties\":false}},\"additionalProperties\":false}";

/* A copy with sorted keys. Depth is bounded by the parser. */
static struct hp_value *
sorted(struct hp_arena *arena, const struct hp_value *value)
{
	size_t count = hp_value_count(value);
	struct hp_value *copy;
	if (value->type == HP_ARRAY) {
		copy = hp_value_array(arena);
		for (size_t i = 0; i < count; i++)
			hp_array_add(arena, copy, sorted(arena, value->array.items[i]));
		return copy;
	}
	if (value->type != HP_MAP)
		return hp_value_copy(arena, value);
	const struct hp_pair **pairs = hp_arena_array(arena, count + 1, sizeof(struct hp_pair *));
	copy = hp_value_map(arena);
	if (!pairs || !copy)
		return NULL;
	hp_map_sort(value, pairs);
	for (size_t i = 0; i < count; i++)
		hp_map_setn(arena, copy, pairs[i]->key.p, pairs[i]->key.len,
			    sorted(arena, pairs[i]->value));
	return copy;
}

static enum hp_status
hash_tool(struct hp_arena *arena, const struct hp_value *tool, uint8_t ret_hash[HP_HASH_BYTES])
{
	struct hp_buf text = {0};
	hp_json_dump(sorted(arena, tool), HP_JSON_LINE, &text);
	const struct hp_str part = {hp_buf_text(&text), text.len};
	bool failed = text.failed || arena->failed;
	hp_crypto_sha256(&part, 1, ret_hash);
	hp_buf_release(&text);
	return failed ? HP_NOMEM : HP_OK;
}

static enum hp_status
read_tool(struct hp_arena *arena, const struct hp_value *value, struct hp_mcp_tool *tool,
	  struct hp_error *err)
{
	const struct hp_value *name = hp_map_get(value, "name");
	const struct hp_value *annotations = hp_map_get(value, "annotations");
	if (!name || name->type != HP_STR || !name->str.len ||
	    strlen(name->str.p) != name->str.len || name->str.len > HP_LIMIT_OPERATION_BYTES)
		return hp_fail(err, HP_INVALID, "a tool without a usable name");
	if (strcmp(name->str.p, HP_MCP_CHANGED) == 0)
		return hp_fail(err, HP_INVALID, "a tool named " HP_MCP_CHANGED);
	tool->name = name->str.p;
	tool->destructive = hp_map_get_bool(annotations, "destructiveHint", false) &&
			    !hp_map_get_bool(annotations, "readOnlyHint", false);
	enum hp_status status = hash_tool(arena, value, tool->hash);
	return status == HP_OK ? HP_OK : hp_fail(err, status, "out of memory");
}

static enum hp_status
check_twice(struct hp_arena *arena, const struct hp_mcp_tool *tools, size_t count,
	    struct hp_error *err)
{
	struct hp_value *names = hp_value_map(arena);
	const struct hp_pair *twice = NULL;
	for (size_t i = 0; i < count; i++)
		hp_map_set_bool(arena, names, tools[i].name, true);
	if (arena->failed || hp_map_duplicate(names, &twice) != HP_OK)
		return hp_fail(err, HP_NOMEM, "out of memory");
	return twice ? hp_fail(err, HP_INVALID, "two tools have one name") : HP_OK;
}

enum hp_status
hp_mcp_list_read(struct hp_arena *arena, const struct hp_value *result,
		 struct hp_mcp_tool **ret_tools, size_t *ret_count,
		 const struct hp_value **ret_cursor, struct hp_error *err)
{
	const struct hp_value *list = hp_map_get(result, "tools");
	size_t count = hp_value_count(list);
	if (!list || list->type != HP_ARRAY)
		return hp_fail(err, HP_INVALID, "no list of tools");
	if (count > HP_LIMIT_MCP_TOOLS)
		return hp_fail(err, HP_TOO_LARGE, "over %u tools", HP_LIMIT_MCP_TOOLS);
	struct hp_mcp_tool *tools = hp_arena_array(arena, count + 1, sizeof *tools);
	if (!tools)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		enum hp_status status = read_tool(arena, hp_array_get(list, i), &tools[i], err);
		if (status != HP_OK)
			return status;
	}
	enum hp_status status = check_twice(arena, tools, count, err);
	if (status != HP_OK)
		return status;
	*ret_tools = tools;
	*ret_count = count;
	*ret_cursor = hp_map_get(result, "nextCursor");
	return HP_OK;
}

/* --- rewriting --- */

/* The tool's text with our property first among those of its input schema. A schema that has one of
 * that name, or that is no object, stays as it is. */
static void
add_tool(struct hp_mcp_text text, struct hp_mcp_span tool, struct hp_buf *buf)
{
	struct hp_mcp_span schema = hp_mcp_member(text, tool, "inputSchema"), at = tool;
	struct hp_mcp_span properties = hp_mcp_member(text, schema, "properties");
	struct hp_mcp_part part;
	struct hp_buf more = {0};
	size_t first = 0;
	if (schema.to > schema.from && text.p[schema.from] == '{' &&
	    (properties.to == properties.from || text.p[properties.from] == '{') &&
	    hp_mcp_member(text, properties, HP_MCP_REASONS).to == 0) {
		bool own = properties.to > properties.from;
		struct hp_mcp_span object = own ? properties : schema;
		bool any = hp_mcp_next(text, object, &first, &part);
		at.to = object.from + 1; /* behind the brace */
		hp_buf_printf(&more, own ? "\"%s\":%s%s" : "\"properties\":{\"%s\":%s}%s",
			      HP_MCP_REASONS, reasons_schema, any ? "," : "");
	} else {
		at.to = at.from;
	}
	hp_mcp_add_span(buf, text, (struct hp_mcp_span){tool.from, at.to});
	hp_buf_add(buf, more.data, more.len);
	hp_mcp_add_span(buf, text, (struct hp_mcp_span){at.to, tool.to});
	if (more.failed)
		buf->failed = true;
	hp_buf_release(&more);
}

void
hp_mcp_list_rewrite(const struct hp_mcp_message *message, const bool *visible, size_t count,
		    struct hp_buf *buf)
{
	struct hp_mcp_text text = message->text;
	struct hp_mcp_span result = hp_mcp_member(text, hp_mcp_whole(text), "result");
	struct hp_mcp_span list = hp_mcp_member(text, result, "tools");
	struct hp_mcp_part part;
	bool any = false;
	size_t at = 0;
	hp_mcp_add_span(buf, text, (struct hp_mcp_span){0, list.from + 1});
	for (size_t i = 0; i < count && hp_mcp_next(text, list, &at, &part); i++) {
		if (!visible[i])
			continue;
		if (any)
			hp_buf_add_byte(buf, ',');
		any = true;
		add_tool(text, part.value, buf);
	}
	hp_buf_add_byte(buf, ']');
	hp_mcp_add_span(buf, text, (struct hp_mcp_span){list.to, text.len});
}
