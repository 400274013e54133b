/* A call as a request of the broker: what exactly, and why, as far as the agent says. */
#include <string.h>

#include "core/json.h"
#include "enforce/mcp_gateway.h"

enum { RESOURCES_MAX = 16, RESOURCE_BYTES = 1024 };

/* What carries a call to the server and differs from one try to the next: no part of it. */
static bool
is_carrier(struct hp_mcp_text text, struct hp_mcp_span key)
{
	static const char *const names[] = {"progressToken", "traceparent", "tracestate",
					    "baggage",
					    "io.modelcontextprotocol/protocolVersion",
					    "io.modelcontextprotocol/clientInfo",
					    "io.modelcontextprotocol/clientCapabilities",
					    "io.modelcontextprotocol/logLevel"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (hp_mcp_key_is(text, key, names[i]))
			return true;
	return false;
}

static void
add_member(struct hp_mcp_text text, const struct hp_mcp_part *part, bool *any, struct hp_buf *buf)
{
	if (*any)
		hp_buf_add_byte(buf, ',');
	*any = true;
	hp_mcp_add_span(buf, text, part->key);
	hp_buf_add_byte(buf, ':');
}

/* The object without the member `name`; as it was when it has none. */
static void
add_without(struct hp_mcp_text text, struct hp_mcp_span object, const char *name,
	    struct hp_buf *buf)
{
	struct hp_mcp_part part;
	bool any = false;
	size_t at = 0;
	if (hp_mcp_member(text, object, name).to == 0) {
		hp_mcp_add_span(buf, text, object);
		return;
	}
	hp_buf_add_byte(buf, '{');
	while (hp_mcp_next(text, object, &at, &part)) {
		if (hp_mcp_key_is(text, part.key, name))
			continue;
		add_member(text, &part, &any, buf);
		hp_mcp_add_span(buf, text, part.value);
	}
	hp_buf_add_byte(buf, '}');
}

/* _meta without the carriers; nothing at all when nothing is left. */
static void
add_meta(struct hp_mcp_text text, const struct hp_mcp_part *meta, bool *any, struct hp_buf *buf)
{
	struct hp_mcp_part part;
	bool some = false;
	size_t at = 0;
	while (hp_mcp_next(text, meta->value, &at, &part)) {
		if (is_carrier(text, part.key))
			continue;
		if (!some) {
			add_member(text, meta, any, buf);
			hp_buf_add_byte(buf, '{');
		}
		add_member(text, &part, &some, buf);
		hp_mcp_add_span(buf, text, part.value);
	}
	if (some)
		hp_buf_add_byte(buf, '}');
}

void
hp_mcp_request_payload(const struct hp_mcp_message *message, struct hp_buf *buf)
{
	struct hp_mcp_text text = message->text;
	struct hp_mcp_part part;
	bool any = false;
	size_t at = 0;
	hp_buf_add_byte(buf, '{');
	while (hp_mcp_next(text, message->params_at, &at, &part)) {
		if (hp_mcp_key_is(text, part.key, "_meta")) {
			add_meta(text, &part, &any, buf);
			continue;
		}
		add_member(text, &part, &any, buf);
		if (hp_mcp_key_is(text, part.key, "arguments"))
			add_without(text, part.value, HP_MCP_REASONS, buf);
		else
			hp_mcp_add_span(buf, text, part.value);
	}
	hp_buf_add_byte(buf, '}');
}

void
hp_mcp_request_line(const struct hp_mcp_message *message, struct hp_buf *buf)
{
	struct hp_mcp_span arguments =
		hp_mcp_member(message->text, message->params_at, "arguments");
	struct hp_buf stripped = {0};
	add_without(message->text, arguments, HP_MCP_REASONS, &stripped);
	hp_mcp_add_spliced(buf, message->text, arguments, hp_buf_text(&stripped), stripped.len);
	if (stripped.failed)
		buf->failed = true;
	hp_buf_release(&stripped);
}

/* --- the request --- */

/* Without the agent's reasons. */
static struct hp_value *
copy_arguments(struct hp_arena *arena, const struct hp_value *arguments)
{
	struct hp_value *copy = hp_value_map(arena);
	for (size_t i = 0; i < hp_value_count(arguments); i++) {
		const struct hp_pair *pair = &arguments->map.pairs[i];
		if (pair->key.len != strlen(HP_MCP_REASONS) ||
		    memcmp(pair->key.p, HP_MCP_REASONS, pair->key.len) != 0)
			hp_map_setn(arena, copy, pair->key.p, pair->key.len,
				    hp_value_copy(arena, pair->value));
	}
	return copy;
}

static void
add_resource(struct hp_arena *arena, struct hp_value *resources, const struct hp_value *value)
{
	if (value->type == HP_STR && value->str.len > 0 && value->str.len <= RESOURCE_BYTES &&
	    strlen(value->str.p) == value->str.len && resources->array.count < RESOURCES_MAX)
		hp_array_add(arena, resources, hp_value_str(arena, value->str.p));
}

/* What tools commonly call the thing they touch; the arguments themselves are judged as well. */
static struct hp_value *
find_resources(struct hp_arena *arena, const struct hp_value *arguments)
{
	static const char *const keys[] = {"path", "paths", "file", "files", "file_path", "source",
					   "destination", "uri", "url", "resource", "resources"};
	struct hp_value *resources = hp_value_array(arena);
	for (size_t i = 0; resources && i < sizeof keys / sizeof keys[0]; i++) {
		const struct hp_value *value = hp_map_get(arguments, keys[i]);
		if (value && value->type == HP_STR)
			add_resource(arena, resources, value);
		for (size_t j = 0; value && value->type == HP_ARRAY && j < value->array.count; j++)
			add_resource(arena, resources, value->array.items[j]);
	}
	return hp_value_count(resources) > 0 ? resources : NULL;
}

/* "filesystem/write_file {"path": …", cut where a character ends. */
static struct hp_value *
make_summary(struct hp_arena *arena, const char *server, const char *tool,
	     const struct hp_value *arguments)
{
	struct hp_buf text = {0};
	hp_buf_printf(&text, "%s/%s ", server, tool);
	hp_json_dump(arguments, HP_JSON_LINE, &text);
	size_t len = text.len;
	if (len > HP_LIMIT_SUMMARY_BYTES)
		for (len = HP_LIMIT_SUMMARY_BYTES; len > 0 && (text.data[len] & 0xc0) == 0x80;)
			len--;
	struct hp_value *summary = hp_value_strn(arena, hp_buf_text(&text), len);
	hp_buf_release(&text);
	return summary;
}

/* What every request of the gateway has. */
static struct hp_value *
make_message(struct hp_mcp *mcp, struct hp_arena *arena, const char *operation,
	     struct hp_value **ret_action)
{
	char id[HP_UUID_BYTES];
	struct hp_value *map = hp_value_map(arena), *action = hp_value_map(arena);
	hp_crypto_uuid(id);
	hp_map_set_str(arena, map, "type", "submit");
	hp_map_set_str(arena, map, "id", id);
	if (mcp->config->agent)
		hp_map_set_str(arena, map, "for", mcp->config->agent);
	hp_map_set_str(arena, action, "operation", operation);
	hp_map_set_str(arena, action, "environment", mcp->config->environment);
	hp_map_set(arena, map, "action", action);
	hp_map_set_str(arena, map, "session", mcp->config->session);
	*ret_action = action;
	return map;
}

/* One of the agent's reasons, or what stands for none. What is no such thing the request's own
 * check names. */
static void
set_reason(struct hp_arena *arena, struct hp_value *map, const char *name,
	   const struct hp_value *reasons, struct hp_value *none)
{
	const struct hp_value *value = hp_map_get(reasons, name);
	hp_map_set(arena, map, name, value ? hp_value_copy(arena, value) : none);
}

/* A tool that says of itself that it destroys is not undone because an agent says so. */
static void
raise_impact(struct hp_arena *arena, struct hp_value *map)
{
	const struct hp_value *impact = hp_map_get(map, "impact");
	struct hp_value *raised = hp_value_map(arena);
	if (!impact || impact->type != HP_MAP)
		return;
	for (size_t i = 0; i < impact->map.count; i++)
		if (strcmp(impact->map.pairs[i].key.p, "reversible") != 0)
			hp_map_set(arena, raised, impact->map.pairs[i].key.p,
				   impact->map.pairs[i].value);
	hp_map_set_bool(arena, raised, "reversible", false);
	for (size_t i = 0; i < map->map.count; i++)
		if (strcmp(map->map.pairs[i].key.p, "impact") == 0)
			map->map.pairs[i].value = raised;
}

static enum hp_status
check_reasons(const struct hp_value *reasons, struct hp_error *err)
{
	static const char *const known[] = {"why", "alternatives", "rollback", "impact"};
	if (reasons && reasons->type != HP_MAP)
		return hp_fail(err, HP_INVALID, HP_MCP_REASONS " is no object");
	for (size_t i = 0; i < hp_value_count(reasons); i++) {
		bool found = false;
		for (size_t j = 0; j < sizeof known / sizeof known[0]; j++)
			found |= strcmp(reasons->map.pairs[i].key.p, known[j]) == 0;
		if (!found)
			return hp_fail(err, HP_INVALID, HP_MCP_REASONS
				       " has something other than why, alternatives, rollback and "
				       "impact");
	}
	/* An operation or command would be for an executor to run: there is none behind us. */
	const struct hp_value *rollback = hp_map_get(reasons, "rollback");
	if (hp_map_get(rollback, "operation") || hp_map_get(rollback, "command"))
		return hp_fail(err, HP_INVALID,
			       HP_MCP_REASONS ".rollback has only a plan and its minutes");
	return HP_OK;
}

enum hp_status
hp_mcp_request_call(struct hp_mcp *mcp, struct hp_mcp_call *call, struct hp_error *err)
{
	struct hp_arena *arena = &call->ask.arena;
	const struct hp_value *given = hp_map_get(call->params, "arguments");
	const struct hp_value *reasons = hp_map_get(given, HP_MCP_REASONS);
	const char *operation =
		hp_arena_printf(arena, "mcp:%s/%s", mcp->config->server, call->tool);
	struct hp_value *action, *map = make_message(mcp, arena, operation, &action);
	struct hp_value *arguments = copy_arguments(arena, given);
	enum hp_status status = check_reasons(reasons, err);
	if (status != HP_OK)
		return status;
	if (call->payload.len > HP_LIMIT_STRING_BYTES)
		return hp_fail(err, HP_TOO_LARGE,
			       "the call has %zu bytes; %u can be judged. Make it in smaller parts",
			       call->payload.len, HP_LIMIT_STRING_BYTES);
	hp_map_set(arena, action, "resources", find_resources(arena, arguments));
	hp_map_set(arena, action, "arguments", arguments);
	hp_map_set_bin(arena, action, "payload", call->payload.data, call->payload.len);
	hp_map_set(arena, map, "summary",
		   make_summary(arena, mcp->config->server, call->tool, arguments));
	set_reason(arena, map, "why", reasons, hp_value_str(arena, "(not given)"));
	set_reason(arena, map, "impact", reasons, hp_value_map(arena));
	set_reason(arena, map, "alternatives", reasons, hp_value_array(arena));
	set_reason(arena, map, "rollback", reasons, hp_value_nil(arena));
	if (hp_mcp_tools_is_grave(mcp, call->tool))
		raise_impact(arena, map);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	return hp_mcp_ask_begin(&call->ask, map, mcp->now_ms, err);
}

enum hp_status
hp_mcp_request_change(struct hp_mcp *mcp, const struct hp_value *difference, struct hp_error *err)
{
	struct hp_mcp_ask *ask = &mcp->tools.change;
	struct hp_arena *arena = &ask->arena;
	const char *server = mcp->config->server;
	struct hp_value *action, *map = make_message(
		mcp, arena, hp_arena_printf(arena, "mcp:%s/" HP_MCP_CHANGED, server),
		&action);
	struct hp_value *impact = hp_value_map(arena);
	hp_map_set(arena, action, "arguments", hp_value_copy(arena, difference));
	hp_map_set(arena, map, "summary",
		   make_summary(arena, server, HP_MCP_CHANGED, difference));
	hp_map_set_str(arena, map, "why",
		       "The MCP server offers other tools than those that were accepted. What a "
		       "tool says of itself is read by the model: a changed text can make it act "
		       "otherwise. Until a person accepts the list no tool of this server is "
		       "called.");
	hp_map_set_int(arena, impact, "resources_affected", 1);
	hp_map_set_bool(arena, impact, "reversible", true);
	hp_map_set(arena, map, "impact", impact);
	hp_map_set(arena, map, "alternatives", hp_value_array(arena));
	hp_map_set(arena, map, "rollback", hp_value_nil(arena));
	hp_map_set(arena, map, "evidence", hp_value_copy(arena, mcp->tools.shown));
	return hp_mcp_ask_begin(ask, map, mcp->now_ms, err);
}
