/*
 * mcp_tools - the server's list of tools, pinned: what was accepted once stays, or is asked about.
 *
 * The text of a tool is read by the model, so whoever can change it can make the model act. The
 * gateway lists the tools itself before the first call and whenever the server says that they
 * changed:
 *
 *   unknown ─► listing ─► accepted            no pin yet, or equal to it
 *                 │     └► changed ─► accepted   a person approved mcp:SERVER/tools-changed
 *                 │             └► refused       a person denied it: until the list changes again
 *                 └► refused                     the server cannot list its tools
 * Invariants:
 *  1. The first list is pinned as it is, and this is said; every later one has to be equal to the
 *     pin, tool by tool (mcp_list.h 1), or be accepted by a vote: a grant without one is none.
 *  2. Until then no call is asked for, and tools that are new or other are not shown.
 *  3. The pin is written whole and durable before the list counts as accepted.
 *  4. What ends otherwise (expired, no broker) denies the calls that wait; the next call lists and
 *     asks again.
 * The pin's file is its user's: it keeps a server from changing unseen, not that user from editing
 * it. Threads: one.
 */
#ifndef HP_ENFORCE_MCP_TOOLS_H
#define HP_ENFORCE_MCP_TOOLS_H

#include "core/value.h"

/* The pin of a file: name → hash in hexadecimal; NULL when there is none yet. */
HP_MUST_CHECK enum hp_status hp_mcp_pin_read(const char *path, struct hp_arena *arena,
					     struct hp_value **ret_pin, struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_mcp_pin_write(const char *path, const struct hp_value *pin,
					      struct hp_error *err);
/* {added, removed, changed}: lists of names, each cut to what a person reads, and `list`, the hash
 * of the whole new one. Empty lists are left out; NULL when both are the same. */
struct hp_value *hp_mcp_pin_compare(struct hp_arena *arena, const struct hp_value *pinned,
				    const struct hp_value *listed);

#endif
