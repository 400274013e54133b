/*
 * mcp_ids - the requests that wait for an answer, of both directions.
 *
 * Both sides number their requests themselves and may use the same numbers, as integers or as
 * strings; so a request is known by (direction, type, id). What is answered and was not asked goes
 * nowhere.
 * Invariants:
 *  1. No two open requests of one direction have equal ids.
 *  2. At most HP_LIMIT_MCP_REQUESTS a direction; what the client cancelled makes room first, oldest
 *     first, since its server need not answer it any more.
 * Threads: one.
 */
#ifndef HP_ENFORCE_MCP_IDS_H
#define HP_ENFORCE_MCP_IDS_H

#include "enforce/mcp_message.h"

enum hp_mcp_way {
	HP_MCP_TO_SERVER,
	HP_MCP_TO_CLIENT,
};

enum hp_mcp_asked {
	HP_MCP_ASKED_OTHER,
	HP_MCP_ASKED_TOOLS, /* tools/list of the client */
	HP_MCP_ASKED_CALL,  /* tools/call: a hp_mcp_call knows more */
	HP_MCP_ASKED_OWN,   /* tools/list of the gateway */
};

struct hp_mcp_open {
	struct hp_mcp_open *next;
	struct hp_arena arena; /* of the id */
	struct hp_mcp_id id;
	enum hp_mcp_way way;
	enum hp_mcp_asked asked;
	bool cancelled;
};

struct hp_mcp_ids {
	struct hp_mcp_open *first; /* oldest first */
	size_t counts[2];
};

void hp_mcp_ids_release(struct hp_mcp_ids *ids);
/* HP_CONFLICT: such an id is open; HP_UNAVAILABLE: too many; HP_NOMEM. */
HP_MUST_CHECK enum hp_status hp_mcp_ids_add(struct hp_mcp_ids *ids, enum hp_mcp_way way,
					    const struct hp_mcp_id *id, enum hp_mcp_asked asked);
/* NULL: not open. */
struct hp_mcp_open *hp_mcp_ids_find(const struct hp_mcp_ids *ids, enum hp_mcp_way way,
				    const struct hp_mcp_id *id);
/* Takes NULL. */
void hp_mcp_ids_remove(struct hp_mcp_ids *ids, struct hp_mcp_open *open);

#endif
