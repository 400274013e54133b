/* The server's list of tools: mcp_tools.h has the states and the rules. */
#include "enforce/mcp_tools.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "enforce/mcp_gateway.h"

enum {
	LIST_MS = 30000, /* a server that takes longer to name its tools */
	SHOWN_MAX = 8,	 /* definitions that a person is shown whole */
	SHOWN_BYTES = 4096,
};

/* --- states --- */

static HP_PRINTF(2, 3) void
refuse(struct hp_mcp *mcp, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(mcp->tools.why, sizeof mcp->tools.why, format, args);
	va_end(args);
	mcp->tools.state = HP_MCP_TOOLS_REFUSED;
	mcp->tools.again = true;
	hp_mcp_tell(mcp, "%s", mcp->tools.why);
}

static void
accept_list(struct hp_mcp *mcp)
{
	struct hp_mcp_tools *tools = &mcp->tools;
	struct hp_error err = {0};
	enum hp_status status = hp_mcp_pin_write(mcp->config->pins, tools->listed, &err);
	hp_arena_release(&tools->pin_arena);
	tools->pinned = NULL;
	if (status == HP_OK)
		tools->pinned = hp_value_copy(&tools->pin_arena, tools->listed);
	if (tools->pinned && !tools->pin_arena.failed)
		tools->state = HP_MCP_TOOLS_ACCEPTED;
	else
		refuse(mcp, "the server's tools cannot be pinned: %.400s",
		       status == HP_OK ? "out of memory" : err.message);
}

/* What the client saw is no longer the list. A client of the modern era listens elsewhere. */
static void
tell_client(struct hp_mcp *mcp)
{
	static const char line[] =
		"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}";
	if (!mcp->tools.meta.len)
		hp_mcp_writer_add_line(&mcp->to_client,
				       (struct hp_mcp_text){line, sizeof line - 1});
}

/* What the broker still has to hear of it is the calls' business. */
static void
drop_change(struct hp_mcp *mcp)
{
	hp_mcp_calls_adopt(mcp, &mcp->tools.change);
	mcp->tools.asking = false;
}

static void
ask_person(struct hp_mcp *mcp, const struct hp_value *difference)
{
	struct hp_error err = {0};
	struct hp_buf text = {0};
	drop_change(mcp);
	mcp->tools.state = HP_MCP_TOOLS_CHANGED;
	hp_json_dump(difference, HP_JSON_LINE, &text);
	hp_mcp_tell(mcp, "the server's tools are not those that were accepted: %.400s",
		    hp_buf_text(&text));
	hp_buf_release(&text);
	enum hp_status status = hp_mcp_request_change(mcp, difference, &err);
	mcp->tools.asking = status == HP_OK;
	mcp->tools.change.wanted = true;
	if (status != HP_OK)
		refuse(mcp, "the server's tools changed, and nobody can be asked: %.400s",
		       err.message);
}

/* The whole list is there. */
static void
finish(struct hp_mcp *mcp)
{
	struct hp_mcp_tools *tools = &mcp->tools;
	if (tools->arena.failed) {
		refuse(mcp, "out of memory for the server's tools");
		return;
	}
	if (!tools->pinned) {
		accept_list(mcp);
		if (tools->state == HP_MCP_TOOLS_ACCEPTED)
			hp_mcp_tell(mcp, "pinned %zu tools of \"%s\" in %s",
				    hp_value_count(tools->listed), mcp->config->server,
				    mcp->config->pins);
		return;
	}
	const struct hp_value *difference =
		hp_mcp_pin_compare(&mcp->arena, tools->pinned, tools->listed);
	if (!difference)
		tools->state = HP_MCP_TOOLS_ACCEPTED;
	else
		ask_person(mcp, difference);
}

/* --- listing --- */

/* Our own request, for the page at `cursor` (NULL: the first). */
static void
send_list(struct hp_mcp *mcp, const struct hp_value *cursor)
{
	struct hp_mcp_tools *tools = &mcp->tools;
	struct hp_buf line = {0};
	char id[32];
	snprintf(id, sizeof id, "holdpoint:%u", ++tools->requests);
	tools->own = (struct hp_mcp_id){.type = HP_STR, .str = {id, strlen(id)}};
	tools->own.text = tools->own.str;
	tools->own = hp_mcp_id_copy(&tools->arena, &tools->own);
	if (hp_mcp_ids_add(&mcp->ids, HP_MCP_TO_SERVER, &tools->own, HP_MCP_ASKED_OWN) != HP_OK) {
		refuse(mcp, "the server's tools cannot be listed: too many requests are open");
		return;
	}
	hp_buf_printf(&line, "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"tools/list\","
			     "\"params\":{",
		      id);
	if (cursor) {
		hp_buf_add_text(&line, "\"cursor\":");
		hp_json_dump(cursor, HP_JSON_LINE, &line);
	}
	if (tools->meta.len)
		hp_buf_printf(&line, "%s\"_meta\":%s", cursor ? "," : "",
			      hp_buf_text(&tools->meta));
	hp_buf_add_text(&line, "}}\n");
	hp_mcp_writer_add(&mcp->to_server, &line);
	hp_buf_release(&line);
	tools->since_ms = mcp->now_ms;
}

/* A modern client's _meta without its progress token: the server wants the rest from us too. */
static void
keep_meta(struct hp_mcp *mcp, const struct hp_mcp_message *request)
{
	struct hp_mcp_span meta = hp_mcp_member(request->text, request->params_at, "_meta");
	struct hp_mcp_part part;
	struct hp_buf *buf = &mcp->tools.meta;
	size_t at = 0;
	hp_buf_reset(buf);
	if (!hp_mcp_is_modern(request))
		return;
	hp_buf_add_byte(buf, '{');
	while (hp_mcp_next(request->text, meta, &at, &part)) {
		if (hp_mcp_key_is(request->text, part.key, "progressToken"))
			continue;
		if (buf->len > 1)
			hp_buf_add_byte(buf, ',');
		hp_mcp_add_span(buf, request->text, part.key);
		hp_buf_add_byte(buf, ':');
		hp_mcp_add_span(buf, request->text, part.value);
	}
	hp_buf_add_byte(buf, '}');
}

static void
begin(struct hp_mcp *mcp)
{
	struct hp_mcp_tools *tools = &mcp->tools;
	hp_arena_reset(&tools->arena);
	tools->listed = hp_value_map(&tools->arena);
	tools->grave = hp_value_map(&tools->arena);
	tools->shown = hp_value_array(&tools->arena);
	tools->pages = 0;
	tools->state = HP_MCP_TOOLS_LISTING;
	send_list(mcp, NULL);
}

void
hp_mcp_tools_want(struct hp_mcp *mcp, const struct hp_mcp_message *request)
{
	bool again = mcp->tools.state == HP_MCP_TOOLS_REFUSED && mcp->tools.again;
	if (mcp->tools.state != HP_MCP_TOOLS_UNKNOWN && !again)
		return;
	keep_meta(mcp, request);
	begin(mcp);
}

void
hp_mcp_tools_forget(struct hp_mcp *mcp)
{
	struct hp_mcp_tools *tools = &mcp->tools;
	if (tools->state == HP_MCP_TOOLS_UNKNOWN)
		return;
	hp_mcp_ids_remove(&mcp->ids, hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_SERVER, &tools->own));
	hp_mcp_tools_withdraw(mcp, "the server's tools changed again");
	begin(mcp);
}

/* What a person has to see of a tool that is not as it was pinned. */
static void
show(struct hp_mcp *mcp, const struct hp_value *definition, const char *name, const char *hex)
{
	struct hp_mcp_tools *tools = &mcp->tools;
	const struct hp_value *pin = hp_map_get(tools->pinned, name);
	struct hp_buf text = {0};
	if (!tools->pinned || (pin && hp_value_is(pin, hex)) ||
	    hp_value_count(tools->shown) >= SHOWN_MAX)
		return;
	hp_json_dump(definition, HP_JSON_INDENT, &text);
	if (text.len > SHOWN_BYTES) { /* ASCII: it may be cut anywhere */
		text.len = SHOWN_BYTES;
		hp_buf_add_text(&text, " ...");
	}
	struct hp_value *item = hp_value_map(&tools->arena);
	hp_map_set_str(&tools->arena, item, "label",
		       hp_arena_printf(&tools->arena, "%s %s", pin ? "changed:" : "new:", name));
	hp_map_set(&tools->arena, item, "text",
		   hp_value_strn(&tools->arena, hp_buf_text(&text), text.len));
	hp_array_add(&tools->arena, tools->shown, item);
	hp_buf_release(&text);
}

static enum hp_status
add_page(struct hp_mcp *mcp, const struct hp_value *result, const struct hp_value **ret_cursor,
	 struct hp_error *err)
{
	struct hp_mcp_tools *tools = &mcp->tools;
	struct hp_mcp_tool *list;
	size_t count;
	enum hp_status status =
		hp_mcp_list_read(&mcp->arena, result, &list, &count, ret_cursor, err);
	if (status != HP_OK)
		return status;
	if (tools->listed->map.count + count > HP_LIMIT_MCP_TOOLS)
		return hp_fail(err, HP_TOO_LARGE, "over %u tools", HP_LIMIT_MCP_TOOLS);
	for (size_t i = 0; i < count; i++) {
		struct hp_buf hex = {0};
		if (hp_map_get(tools->listed, list[i].name))
			return hp_fail(err, HP_INVALID, "two tools have one name");
		hp_buf_add_hex(&hex, list[i].hash, sizeof list[i].hash);
		hp_map_set_str(&tools->arena, tools->listed, list[i].name, hp_buf_text(&hex));
		if (list[i].destructive)
			hp_map_set_bool(&tools->arena, tools->grave, list[i].name, true);
		show(mcp, hp_array_get(hp_map_get(result, "tools"), i), list[i].name,
		     hp_buf_text(&hex));
		hp_buf_release(&hex);
	}
	return HP_OK;
}

void
hp_mcp_tools_hear_list(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	struct hp_error err = {0};
	const struct hp_value *cursor = NULL;
	if (mcp->tools.state != HP_MCP_TOOLS_LISTING)
		return;
	if (message->kind == HP_MCP_ERROR) {
		const char *why = hp_map_get_str(hp_map_get(message->map, "error"), "message", "");
		refuse(mcp, "the server cannot list its tools: %.400s",
		       hp_text_safe(&mcp->arena, why, HP_TEXT_ASCII));
		return;
	}
	enum hp_status status =
		add_page(mcp, hp_map_get(message->map, "result"), &cursor, &err);
	if (status != HP_OK)
		refuse(mcp, "the server's list of tools is not usable: %.400s", err.message);
	else if (!cursor)
		finish(mcp);
	else if (++mcp->tools.pages >= HP_LIMIT_MCP_PAGES)
		refuse(mcp, "the server's list of tools has over %u pages", HP_LIMIT_MCP_PAGES);
	else
		send_list(mcp, cursor);
}

/* --- for others --- */

enum hp_status
hp_mcp_tools_load(struct hp_mcp *mcp, struct hp_error *err)
{
	return hp_mcp_pin_read(mcp->config->pins, &mcp->tools.pin_arena, &mcp->tools.pinned, err);
}

/* Only what is as it was pinned. A list that nobody could make ours shows nothing. */
enum hp_status
hp_mcp_tools_page(struct hp_mcp *mcp, const struct hp_mcp_message *message, struct hp_buf *buf,
		  struct hp_error *err)
{
	struct hp_mcp_tools *tools = &mcp->tools;
	struct hp_mcp_tool *list;
	size_t count, hidden = 0;
	const struct hp_value *cursor;
	enum hp_status status =
		hp_mcp_list_read(&mcp->arena, hp_map_get(message->map, "result"), &list, &count,
				 &cursor, err);
	if (status != HP_OK)
		return status;
	bool *visible = hp_arena_array(&mcp->arena, count + 1, sizeof *visible);
	if (!visible)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		struct hp_buf hex = {0};
		hp_buf_add_hex(&hex, list[i].hash, sizeof list[i].hash);
		visible[i] = hp_value_is(hp_map_get(tools->pinned, list[i].name),
					 hp_buf_text(&hex));
		hidden += !visible[i];
		hp_buf_release(&hex);
	}
	hp_mcp_list_rewrite(message, visible, count, buf);
	/* A server that tells the client of tools that it did not tell us. */
	if (hidden && tools->state == HP_MCP_TOOLS_ACCEPTED)
		hp_mcp_tools_forget(mcp);
	return buf->failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
}

enum hp_mcp_may
hp_mcp_tools_may(struct hp_mcp *mcp, const char *tool, const char **ret_why)
{
	struct hp_mcp_tools *tools = &mcp->tools;
	switch (tools->state) {
	case HP_MCP_TOOLS_ACCEPTED:
		if (hp_map_get(tools->pinned, tool))
			return HP_MCP_MAY;
		*ret_why = "the server does not list such a tool";
		return HP_MCP_MAY_NOT;
	case HP_MCP_TOOLS_REFUSED:
		*ret_why = tools->why;
		return HP_MCP_MAY_NOT;
	default:
		return HP_MCP_MAY_LATER;
	}
}

bool
hp_mcp_tools_is_grave(const struct hp_mcp *mcp, const char *tool)
{
	return hp_map_get(mcp->tools.grave, tool) != NULL;
}

/* --- the person's answer --- */

static void
turn_change(struct hp_mcp *mcp)
{
	struct hp_mcp_tools *tools = &mcp->tools;
	struct hp_mcp_ask *ask = &tools->change;
	hp_mcp_ask_turn(ask, mcp->config->client, &mcp->arena, mcp->now_ms);
	if (tools->state != HP_MCP_TOOLS_CHANGED)
		return;
	if (ask->why && !(ask->state == HP_MCP_ASK_RUNNING)) {
		bool by_person = ask->ended == HP_STATE_DENIED;
		refuse(mcp, "the server's tools changed, and the new ones are not accepted: %.300s",
		       ask->why);
		tools->again = !by_person;
		return;
	}
	if (ask->state != HP_MCP_ASK_RUNNING)
		return;
	if (ask->approvals == 0) {
		refuse(mcp, "the server's tools changed, and the policy lets that through without "
			    "a person: give mcp:*/tools-changed a rule that holds it");
		tools->again = false;
		hp_mcp_ask_report(ask, false, tools->why, mcp->now_ms);
		drop_change(mcp);
		return;
	}
	accept_list(mcp);
	bool accepted = tools->state == HP_MCP_TOOLS_ACCEPTED;
	hp_mcp_ask_report(ask, accepted, accepted ? "pinned" : tools->why, mcp->now_ms);
	drop_change(mcp);
	if (accepted) {
		hp_mcp_tell(mcp, "the server's new tools were accepted and pinned");
		tell_client(mcp);
	}
}

void
hp_mcp_tools_turn(struct hp_mcp *mcp)
{
	struct hp_mcp_tools *tools = &mcp->tools;
	if (tools->state == HP_MCP_TOOLS_LISTING && mcp->now_ms - tools->since_ms > LIST_MS) {
		hp_mcp_ids_remove(&mcp->ids,
				  hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_SERVER, &tools->own));
		refuse(mcp, "the server does not list its tools");
	}
	if (tools->asking)
		turn_change(mcp);
}

bool
hp_mcp_tools_hear(struct hp_mcp *mcp, uint64_t seq, const struct hp_value *reply)
{
	return mcp->tools.asking &&
	       hp_mcp_ask_hear(&mcp->tools.change, seq, reply, mcp->now_ms);
}

void
hp_mcp_tools_withdraw(struct hp_mcp *mcp, const char *reason)
{
	if (!mcp->tools.asking)
		return;
	hp_mcp_ask_withdraw(&mcp->tools.change, reason, mcp->now_ms);
	drop_change(mcp);
}

void
hp_mcp_tools_release(struct hp_mcp *mcp)
{
	hp_mcp_ask_release(&mcp->tools.change);
	hp_arena_release(&mcp->tools.arena);
	hp_arena_release(&mcp->tools.pin_arena);
	hp_buf_release(&mcp->tools.meta);
}
