/*
 * mcp - a transparent gateway between an MCP client and a server: no call without a grant.
 *
 * It stands on standard input and output in the server's place, and runs the server as its child.
 * Every line goes on as it came, but for these:
 *  1. tools/call becomes a request `mcp:SERVER/TOOL` with its arguments and exact bytes. Only when
 *     that was granted and claimed does the call go on; a refusal is a result with `isError`, which
 *     clients show to the model. Under a halt, without a broker, without memory: refused.
 *  2. A call that is held blocks nothing. Progress keeps its client waiting; where there is no
 *     progress token, it is told before its patience ends to call again with identical arguments,
 *     and the decision is kept for that call, once.
 *  3. What nobody waits for is withdrawn: cancelled calls, and all at the end of input.
 *  4. Results, errors, progress, logs and the server's own requests are redacted (mcp_redact.h).
 *  5. The server's list of tools is pinned. When it changes, its tools are not called and what is
 *     new in it is not shown until a person accepts `mcp:SERVER/tools-changed` (mcp_tools.h).
 *  6. What is not understood is answered with an error and goes nowhere. What the server writes
 *     that is no message, or answers nothing, is told on standard error.
 * Both eras of the protocol: with `initialize` (to 2025-11-25) and without (2026-07-28); a
 * request's own _meta tells. Threads: one; one poll for everything.
 * Sources: Model Context Protocol, revisions 2025-06-18, 2025-11-25, 2026-07-28.
 */
#ifndef HP_ENFORCE_MCP_H
#define HP_ENFORCE_MCP_H

#include "core/redact.h"
#include "proto/client.h"

struct hp_mcp_config {
	struct hp_client *client;
	const char *const *argv;   /* the server: an absolute program first, NULL at the end */
	const char *environment, *server;
	const char *agent;	   /* whom a gateway speaks for; NULL: the key's own principal */
	const char *session;
	const char *pins;	   /* the file of the pinned list; made when missing */
	int64_t hold_ms;	   /* how long a call may wait; -1: bounded without token */
	unsigned redact;	   /* of enum hp_redact_group */
	void (*tell)(void *context, const char *remark);
	void *context;
};

/* Runs until the client or the server ends. HP_OK with the server's exit code; else it did not
 * start, or could not go on. */
HP_MUST_CHECK enum hp_status hp_mcp_run(const struct hp_mcp_config *config, int *ret_exit_code,
					struct hp_error *err);

#endif
