/*
 * mcp_list - a page of tools/list: what each tool is, and how the client gets to see it.
 *
 * Invariants:
 *  1. A tool's hash is SHA-256 over its definition with sorted keys: another order is no change,
 *     any other difference is one.
 *  2. The page that goes on is the server's own text, with a property `_holdpoint` spliced into
 *     each input schema, and without the tools that are not to be seen.
 *  3. Annotations are a server's words: they may make a call graver, never lighter.
 * Threads: no state.
 */
#ifndef HP_ENFORCE_MCP_LIST_H
#define HP_ENFORCE_MCP_LIST_H

#include "core/crypto.h"
#include "enforce/mcp_message.h"

/* The argument with which an agent gives its reasons. */
#define HP_MCP_REASONS "_holdpoint"
/* What the gateway itself asks for in the place of a tool: no tool may be called so. */
#define HP_MCP_CHANGED "tools-changed"

struct hp_mcp_tool {
	const char *name;
	uint8_t hash[HP_HASH_BYTES];
	bool destructive; /* says so itself */
};

/* The tools of a result, at most HP_LIMIT_MCP_TOOLS; in `arena`. HP_INVALID: it is no list, or has
 * a tool without a usable name, or one twice. `ret_cursor`: of the next page; NULL: the last. */
HP_MUST_CHECK enum hp_status hp_mcp_list_read(struct hp_arena *arena,
					      const struct hp_value *result,
					      struct hp_mcp_tool **ret_tools, size_t *ret_count,
					      const struct hp_value **ret_cursor,
					      struct hp_error *err);

/* Appends the message without a line end; `visible` says of each tool of hp_mcp_list_read() whether
 * the client sees it. */
void hp_mcp_list_rewrite(const struct hp_mcp_message *message, const bool *visible, size_t count,
			 struct hp_buf *buf);

#endif
