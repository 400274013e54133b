/*
 * mcp_message - one line of MCP: read strictly, and the few lines that the gateway says itself.
 *
 * Invariants:
 *  1. A message is one JSON object with `jsonrpc` "2.0" that is exactly one of request,
 *     notification, result and error. Everything else (batches, duplicate keys, numbers beyond
 *     int64, ids that are neither string nor integer) is refused with the code that JSON-RPC has
 *     for it, and so is what lenient readers understand otherwise than it is judged here: carriage
 *     returns, which end a line to some, and known keys in other case or with letters that look
 *     the same, which are known to some.
 *  2. Ids and progress tokens keep their own text: they are echoed as they came.
 *  3. What is appended is one line of ASCII with its newline.
 * Threads: no state.
 * Sources: JSON-RPC 2.0; Model Context Protocol 2025-11-25 and 2026-07-28, "Base Protocol",
 * "Tools", "Progress".
 */
#ifndef HP_ENFORCE_MCP_MESSAGE_H
#define HP_ENFORCE_MCP_MESSAGE_H

#include "core/value.h"
#include "enforce/mcp_text.h"

enum hp_mcp_kind {
	HP_MCP_REQUEST,
	HP_MCP_NOTIFICATION,
	HP_MCP_RESULT,
	HP_MCP_ERROR, /* its id may be absent: an error about a line without one */
};

enum hp_mcp_code {
	HP_MCP_PARSE_ERROR = -32700,
	HP_MCP_INVALID_REQUEST = -32600,
	HP_MCP_INVALID_PARAMS = -32602,
	HP_MCP_INTERNAL_ERROR = -32603,
	/* Ours, outside what JSON-RPC and MCP keep for themselves. */
	HP_MCP_SERVER_GONE = -31001,
	HP_MCP_TOO_MANY = -31002,
};

/* A request's id or a progress token: a string or an integer. */
struct hp_mcp_id {
	enum hp_type type; /* HP_INT, HP_STR; HP_NIL: none */
	int64_t integer;
	struct hp_str str;
	struct hp_str text; /* as it was written */
};

struct hp_mcp_message {
	enum hp_mcp_kind kind;
	struct hp_mcp_text text;
	const struct hp_value *map;
	struct hp_mcp_id id;
	const char *method;
	const struct hp_value *params; /* a map; NULL: none */
	struct hp_mcp_span params_at;
};

/* Reads one line. On failure *ret_code is what to answer with, `err` why. Borrows `text`; the rest
 * lives in the arena. */
HP_MUST_CHECK enum hp_status hp_mcp_parse(struct hp_arena *arena, struct hp_mcp_text text,
					  struct hp_mcp_message *ret_message,
					  enum hp_mcp_code *ret_code, struct hp_error *err);

bool hp_mcp_id_equal(const struct hp_mcp_id *a, const struct hp_mcp_id *b);
/* A copy that lives in `arena`. */
struct hp_mcp_id hp_mcp_id_copy(struct hp_arena *arena, const struct hp_mcp_id *id);
/* The id or token `value`, written at `at`; type HP_NIL when it is none. */
struct hp_mcp_id hp_mcp_id_read(struct hp_mcp_text text, const struct hp_value *value,
				struct hp_mcp_span at);
/* params._meta.progressToken, or params.progressToken of a notification. */
struct hp_mcp_id hp_mcp_call_token(const struct hp_mcp_message *message);
struct hp_mcp_id hp_mcp_progress_token(const struct hp_mcp_message *message);

/* Whether a request says that it is of the era without `initialize`. */
bool hp_mcp_is_modern(const struct hp_mcp_message *request);

/* --- what the gateway says --- */

/* `id_text` is an id as it came; NULL: null. */
void hp_mcp_add_error(struct hp_buf *buf, const char *id_text, enum hp_mcp_code code,
		      const char *message);
/* A call's result that says why it was not made. */
void hp_mcp_add_refusal(struct hp_buf *buf, const char *id_text, bool modern, const char *why);
void hp_mcp_add_progress(struct hp_buf *buf, const char *token_text, int64_t progress,
			 const char *message);
/* To the server: a call that was let go is not wanted any more. */
void hp_mcp_add_cancelled(struct hp_buf *buf, const char *id_text, const char *reason);
/* A string of JSON, with its quotes. */
void hp_mcp_add_string(struct hp_buf *buf, const char *text);

#endif
