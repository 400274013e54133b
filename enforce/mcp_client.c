/* Lines of the client: what goes on to the server, and what waits first. */
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "enforce/mcp_gateway.h"

enum { PARKED_MAX = 16 };

static void
forward(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	hp_mcp_writer_add_line(&mcp->to_server, message->text);
}

/* `id_text` NULL: it is not known whose. */
static void
answer_error(struct hp_mcp *mcp, const char *id_text, enum hp_mcp_code code, const char *why)
{
	struct hp_buf line = {0};
	hp_mcp_add_error(&line, id_text, code, why);
	hp_mcp_writer_add(&mcp->to_client, &line);
	hp_buf_release(&line);
}

static const char *
id_text(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	return hp_arena_copy(&mcp->arena, message->id.text.p, message->id.text.len);
}

/* --- requests --- */

/* Until our own listing has been judged; then it goes to the server like any other. */
static void
park(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	struct hp_mcp_parked **end = &mcp->parked, *parked = NULL;
	if (mcp->parked_count < PARKED_MAX)
		parked = calloc(1, sizeof *parked);
	if (parked)
		hp_buf_add(&parked->line, message->text.p, message->text.len);
	if (!parked || parked->line.failed) {
		free(parked);
		answer_error(mcp, id_text(mcp, message), HP_MCP_TOO_MANY,
			     "too many lists are asked for at once");
		hp_mcp_ids_remove(&mcp->ids, hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_SERVER,
							     &message->id));
		return;
	}
	while (*end)
		end = &(*end)->next;
	*end = parked;
	mcp->parked_count++;
}

void
hp_mcp_client_unpark(struct hp_mcp *mcp, bool send)
{
	if (send && (mcp->tools.state == HP_MCP_TOOLS_UNKNOWN ||
		     mcp->tools.state == HP_MCP_TOOLS_LISTING))
		return;
	while (mcp->parked) {
		struct hp_mcp_parked *parked = mcp->parked;
		mcp->parked = parked->next;
		if (send)
			hp_mcp_writer_add_line(&mcp->to_server,
					       (struct hp_mcp_text){hp_buf_text(&parked->line),
								    parked->line.len});
		hp_buf_release(&parked->line);
		free(parked);
	}
	mcp->parked_count = 0;
}

static enum hp_mcp_asked
kind_of(const char *method)
{
	static const struct {
		const char *method;
		enum hp_mcp_asked asked;
	} known[] = {
		{"tools/list", HP_MCP_ASKED_TOOLS},
		{"tools/call", HP_MCP_ASKED_CALL},
	};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(method, known[i].method) == 0)
			return known[i].asked;
	return HP_MCP_ASKED_OTHER;
}

static void
take_request(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	enum hp_mcp_asked asked = kind_of(message->method);
	enum hp_status status =
		hp_mcp_ids_add(&mcp->ids, HP_MCP_TO_SERVER, &message->id, asked);
	if (status != HP_OK) {
		answer_error(mcp, id_text(mcp, message),
			     status == HP_CONFLICT ? HP_MCP_INVALID_REQUEST : HP_MCP_TOO_MANY,
			     status == HP_CONFLICT ? "a request with this id is open"
						   : "too many requests are open");
		return;
	}
	if (asked == HP_MCP_ASKED_CALL) {
		hp_mcp_call_new(mcp, message);
	} else if (asked == HP_MCP_ASKED_TOOLS) {
		hp_mcp_tools_want(mcp, message);
		park(mcp, message);
	} else {
		forward(mcp, message);
	}
}

/* --- notifications and answers --- */

static void
take_cancelled(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	struct hp_mcp_id id = hp_mcp_id_read(
		message->text, hp_map_get(message->params, "requestId"),
		hp_mcp_member(message->text, message->params_at, "requestId"));
	struct hp_mcp_open *open = hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_SERVER, &id);
	struct hp_mcp_call *call = hp_mcp_call_find(mcp, &id);
	if (!open || open->asked == HP_MCP_ASKED_OWN)
		return; /* answered already, or never asked */
	if (call && hp_mcp_call_cancel(mcp, call))
		return;
	open->cancelled = true;
	forward(mcp, message);
}

/* A call without an id would be no less of a call to many a server. */
static void
take_notification(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	static const char prefix[] = "notifications/";
	if (strcmp(message->method, "notifications/cancelled") == 0)
		take_cancelled(mcp, message);
	else if (strncmp(message->method, prefix, sizeof prefix - 1) == 0)
		forward(mcp, message);
	else
		answer_error(mcp, NULL, HP_MCP_INVALID_REQUEST, "a request has an id");
}

static void
take_answer(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	struct hp_mcp_open *open = hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_CLIENT, &message->id);
	if (!open) {
		hp_mcp_tell(mcp, "the client answered what the server did not ask");
		return;
	}
	hp_mcp_ids_remove(&mcp->ids, open);
	forward(mcp, message);
}

/* An id that was found in what is no message: only if it is one. */
static const char *
scanned_id(struct hp_mcp *mcp, struct hp_mcp_scan *scan)
{
	bool method;
	const char *text = hp_mcp_scan_id(scan, &method);
	const struct hp_value *value;
	if (!*text || !method ||
	    hp_json_load(&mcp->arena, text, strlen(text), &value, NULL) != HP_OK ||
	    (value->type != HP_INT && value->type != HP_STR))
		return NULL;
	return hp_arena_strdup(&mcp->arena, text);
}

void
hp_mcp_client_line(struct hp_mcp *mcp, struct hp_mcp_text line)
{
	struct hp_mcp_message message;
	enum hp_mcp_code code;
	struct hp_error err = {0};
	if (hp_mcp_parse(&mcp->arena, line, &message, &code, &err) != HP_OK) {
		struct hp_mcp_scan scan = {0};
		hp_mcp_scan_add(&scan, line.p, line.len);
		answer_error(mcp, scanned_id(mcp, &scan), code, err.message);
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
hp_mcp_client_too_long(struct hp_mcp *mcp)
{
	answer_error(mcp, scanned_id(mcp, &mcp->from_client.scan), HP_MCP_INVALID_REQUEST,
		     hp_arena_printf(&mcp->arena, "a message is at most %u bytes long",
				     HP_LIMIT_MCP_LINE_BYTES));
}
