/*
 * mcp_redact - what a server says, before the agent's model reads it.
 *
 * Invariants:
 *  1. Every string of params, result and error is judged, with the key before it, wherever it is:
 *     text, structured content, resources, error data, progress and log messages, task results. A
 *     string stays a string; a number that has to go becomes 0 and a key another key, so a result
 *     still has its schema's types.
 *  2. Only what was found is spliced; the rest of the line goes on as it came.
 *  3. Left alone are what the protocol itself reads back (ids, tokens, cursors, task ids, the state
 *     of a request) and the base64 of images, audio and blobs.
 *  4. Fail closed: HP_OK or the line is withheld.
 * Threads: as the set.
 */
#ifndef HP_ENFORCE_MCP_REDACT_H
#define HP_ENFORCE_MCP_REDACT_H

#include "core/redact.h"
#include "enforce/mcp_message.h"

/* Appends the message without what nobody should see and without a line end; *ret_hits: how much
 * that was. With none the text is as it came. */
HP_MUST_CHECK enum hp_status hp_mcp_redact(struct hp_redact *set, struct hp_arena *arena,
					   const struct hp_mcp_message *message,
					   struct hp_buf *buf, size_t *ret_hits);

#endif
