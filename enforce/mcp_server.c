/* Lines of the server: judged, redacted, and only to who asked. */
#include <inttypes.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "core/units.h"
#include "enforce/mcp_gateway.h"
#include "enforce/mcp_redact.h"

static void
to_client(struct hp_mcp *mcp, struct hp_buf *line)
{
	hp_buf_add_byte(line, '\n');
	hp_mcp_writer_add(&mcp->to_client, line);
}

static const char *
id_text(struct hp_mcp *mcp, const struct hp_mcp_id *id)
{
	return hp_arena_copy(&mcp->arena, id->text.p, id->text.len);
}

static void
answer_error(struct hp_mcp *mcp, const struct hp_mcp_id *id, enum hp_mcp_code code,
	     const char *why)
{
	struct hp_buf line = {0};
	hp_mcp_add_error(&line, id_text(mcp, id), code, why);
	hp_mcp_writer_add(&mcp->to_client, &line);
	hp_buf_release(&line);
}

/* Redacted to the client; false: it was withheld. */
static bool
forward(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	struct hp_buf line = {0};
	size_t hits = 0;
	enum hp_status status = hp_mcp_redact(mcp->redact, &mcp->arena, message, &line, &hits);
	if (status == HP_OK)
		to_client(mcp, &line);
	else
		hp_mcp_tell(mcp, "a message of the server could not be judged and is withheld: %s",
			    hp_status_text(status));
	hp_buf_release(&line);
	return status == HP_OK;
}

/* --- answers --- */

/* What the record says of a result: the beginning of its first text, redacted. */
static const char *
outcome(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	const struct hp_value *result = hp_map_get(message->map, "result");
	const struct hp_value *first = hp_array_get(hp_map_get(result, "content"), 0);
	const struct hp_value *text = hp_map_get(first, "text");
	struct hp_buf safe = {0};
	if (message->kind == HP_MCP_ERROR)
		text = hp_map_get(hp_map_get(message->map, "error"), "message");
	if (!text || text->type != HP_STR)
		return hp_map_get(result, "task") ||
				       hp_value_is(hp_map_get(result, "resultType"), "task")
			       ? "it goes on as a task of the server"
			       : "";
	const char *told = "";
	if (hp_redact_text(mcp->redact, text->str.p, text->str.len, &safe, NULL, NULL) == HP_OK) {
		size_t len = safe.len;
		if (len > HP_LIMIT_MCP_TOLD_BYTES)
			for (len = HP_LIMIT_MCP_TOLD_BYTES;
			     len > 0 && (safe.data[len] & 0xc0) == 0x80;)
				len--;
		told = hp_arena_copy(&mcp->arena, hp_buf_text(&safe), len);
	}
	hp_buf_release(&safe);
	return told ? told : "";
}

static bool
says_failed(const struct hp_mcp_message *message)
{
	return message->kind == HP_MCP_ERROR ||
	       hp_map_get_bool(hp_map_get(message->map, "result"), "isError", false);
}

static void
take_page(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	struct hp_buf line = {0};
	struct hp_error err = {0};
	if (message->kind == HP_MCP_ERROR) {
		forward(mcp, message);
		return;
	}
	enum hp_status status = hp_mcp_tools_page(mcp, message, &line, &err);
	if (status == HP_OK)
		to_client(mcp, &line);
	else
		answer_error(mcp, &message->id, HP_MCP_INTERNAL_ERROR,
			     hp_arena_printf(&mcp->arena,
					     "the server's list of tools is not usable: %s",
					     err.message));
	hp_buf_release(&line);
}

static void
pass_on(struct hp_mcp *mcp, const struct hp_mcp_message *message, enum hp_mcp_asked asked)
{
	if (asked == HP_MCP_ASKED_TOOLS)
		take_page(mcp, message);
	else if (!forward(mcp, message))
		answer_error(mcp, &message->id, HP_MCP_INTERNAL_ERROR,
			     "the server's answer could not be judged and is withheld");
}

static void
take_answer(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	struct hp_mcp_open *open = hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_SERVER, &message->id);
	if (message->id.type == HP_NIL) {
		forward(mcp, message); /* an error about a line: the client may know which */
		return;
	}
	if (!open) {
		hp_mcp_tell(mcp, "the server answered what was not asked, or twice");
		return;
	}
	struct hp_mcp_call *call = hp_mcp_call_find(mcp, &message->id);
	if (call && call->state != HP_MCP_CALL_SENT && call->state != HP_MCP_CALL_OVER) {
		hp_mcp_tell(mcp, "the server answered a call that it was not given");
		return;
	}
	enum hp_mcp_asked asked = open->asked;
	bool wanted = !open->cancelled;
	hp_mcp_ids_remove(&mcp->ids, open);
	if (asked == HP_MCP_ASKED_OWN)
		hp_mcp_tools_hear_list(mcp, message);
	else if (wanted)
		pass_on(mcp, message, asked);
	if (call && call->state == HP_MCP_CALL_SENT)
		hp_mcp_call_done(mcp, call, says_failed(message), outcome(mcp, message));
}

/* --- notifications and requests --- */

static struct hp_mcp_text
text_of(struct hp_mcp *mcp, struct hp_buf *buf)
{
	const char *copy = hp_arena_copy(&mcp->arena, hp_buf_text(buf), buf->len);
	struct hp_mcp_text text = {copy ? copy : "", copy ? buf->len : 0};
	if (buf->failed)
		text.len = 0;
	hp_buf_release(buf);
	return text;
}

/* The notification with `offset` added to a number of its params. */
static struct hp_mcp_text
add_offset(struct hp_mcp *mcp, struct hp_mcp_text text, const struct hp_value *params,
	   const char *name, int64_t offset)
{
	const struct hp_value *value = hp_map_get(params, name);
	struct hp_mcp_span at = hp_mcp_member(
		text, hp_mcp_member(text, hp_mcp_whole(text), "params"), name);
	struct hp_buf number = {0}, line = {0};
	if (!value || (value->type != HP_INT && value->type != HP_FLOAT))
		return text;
	if (value->type == HP_FLOAT || value->integer > INT64_MAX - offset)
		hp_units_add_real(&number, value->type == HP_FLOAT
						   ? value->real + (double)offset
						   : (double)value->integer + (double)offset);
	else
		hp_buf_printf(&number, "%" PRId64, value->integer + offset);
	hp_mcp_add_spliced(&line, text, at, hp_buf_text(&number), number.len);
	hp_buf_release(&number);
	return text_of(mcp, &line);
}

/* What the client was told while the call was held counts on. */
static void
take_progress(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	struct hp_mcp_id token = hp_mcp_progress_token(message);
	struct hp_mcp_call *call = hp_mcp_call_by_token(mcp, &token);
	struct hp_mcp_message moved;
	struct hp_error err = {0};
	enum hp_mcp_code code;
	if (!call || call->offset == 0) {
		forward(mcp, message);
		return;
	}
	struct hp_mcp_text text =
		add_offset(mcp, message->text, message->params, "progress", call->offset);
	text = add_offset(mcp, text, message->params, "total", call->offset);
	if (hp_mcp_parse(&mcp->arena, text, &moved, &code, &err) == HP_OK)
		forward(mcp, &moved);
}

static void
take_notification(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	if (strcmp(message->method, "notifications/progress") == 0) {
		take_progress(mcp, message);
		return;
	}
	if (strcmp(message->method, "notifications/tools/list_changed") == 0)
		hp_mcp_tools_forget(mcp);
	if (strcmp(message->method, "notifications/cancelled") == 0) {
		struct hp_mcp_id id = hp_mcp_id_read(
			message->text, hp_map_get(message->params, "requestId"),
			hp_mcp_member(message->text, message->params_at, "requestId"));
		hp_mcp_ids_remove(&mcp->ids, hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_CLIENT, &id));
	}
	forward(mcp, message);
}

static void
take_request(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	enum hp_status status =
		hp_mcp_ids_add(&mcp->ids, HP_MCP_TO_CLIENT, &message->id, HP_MCP_ASKED_OTHER);
	if (status == HP_OK && forward(mcp, message))
		return;
	if (status == HP_OK)
		hp_mcp_ids_remove(&mcp->ids, hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_CLIENT,
							     &message->id));
	struct hp_buf line = {0};
	hp_mcp_add_error(&line, id_text(mcp, &message->id), HP_MCP_INVALID_REQUEST,
			 status == HP_CONFLICT ? "a request with this id is open"
					       : "the request cannot be passed on");
	hp_mcp_writer_add(&mcp->to_server, &line);
	hp_buf_release(&line);
}

/* --- lines --- */

/* What is no message may still be an answer that somebody waits for: they get an error. */
static void
fail_answer(struct hp_mcp *mcp, struct hp_mcp_scan *scan, const char *why)
{
	bool method;
	const char *text = hp_mcp_scan_id(scan, &method);
	const struct hp_value *value;
	struct hp_mcp_id id = {.type = HP_NIL};
	if (*text && !method &&
	    hp_json_load(&mcp->arena, text, strlen(text), &value, NULL) == HP_OK)
		id = hp_mcp_id_read((struct hp_mcp_text){text, strlen(text)}, value,
				    (struct hp_mcp_span){0, strlen(text)});
	struct hp_mcp_open *open = hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_SERVER, &id);
	struct hp_mcp_call *call = hp_mcp_call_find(mcp, &id);
	hp_mcp_tell(mcp, "the server wrote what is no message, and it is withheld: %s", why);
	if (!open || (call && call->state != HP_MCP_CALL_SENT))
		return;
	if (open->asked == HP_MCP_ASKED_OWN)
		return; /* its time runs out: fail closed */
	if (!open->cancelled)
		answer_error(mcp, &open->id, HP_MCP_INTERNAL_ERROR,
			     hp_arena_printf(&mcp->arena,
					     "the server's answer is withheld by holdpoint: %s",
					     why));
	hp_mcp_ids_remove(&mcp->ids, open);
	if (call)
		hp_mcp_call_lost(mcp, call);
}

void
hp_mcp_server_line(struct hp_mcp *mcp, struct hp_mcp_text line)
{
	struct hp_mcp_message message;
	enum hp_mcp_code code;
	struct hp_error err = {0};
	if (hp_mcp_parse(&mcp->arena, line, &message, &code, &err) != HP_OK) {
		struct hp_mcp_scan scan = {0};
		hp_mcp_scan_add(&scan, line.p, line.len);
		fail_answer(mcp, &scan, err.message);
		return;
	}
	switch (message.kind) {
	case HP_MCP_REQUEST:
		take_request(mcp, &message);
		break;
	case HP_MCP_NOTIFICATION:
		take_notification(mcp, &message);
		break;
	case HP_MCP_RESULT:
	case HP_MCP_ERROR:
		take_answer(mcp, &message);
		break;
	}
}

void
hp_mcp_server_too_long(struct hp_mcp *mcp)
{
	fail_answer(mcp, &mcp->from_server.scan,
		    hp_arena_printf(&mcp->arena, "it is over %u bytes long",
				    HP_LIMIT_MCP_LINE_BYTES));
}

void
hp_mcp_server_gone(struct hp_mcp *mcp)
{
	struct hp_mcp_open *next;
	for (struct hp_mcp_open *open = mcp->ids.first; open; open = next) {
		next = open->next;
		if (open->way != HP_MCP_TO_SERVER)
			continue;
		if (!open->cancelled && open->asked != HP_MCP_ASKED_OWN)
			answer_error(mcp, &open->id, HP_MCP_SERVER_GONE, "the server has ended");
		hp_mcp_ids_remove(&mcp->ids, open);
	}
	hp_mcp_calls_withdraw(mcp, "the server has ended");
	hp_mcp_tools_withdraw(mcp, "the server has ended");
}
