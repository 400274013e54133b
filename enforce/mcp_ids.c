#include "enforce/mcp_ids.h"

#include <stdlib.h>

void
hp_mcp_ids_release(struct hp_mcp_ids *ids)
{
	while (ids->first)
		hp_mcp_ids_remove(ids, ids->first);
}

struct hp_mcp_open *
hp_mcp_ids_find(const struct hp_mcp_ids *ids, enum hp_mcp_way way, const struct hp_mcp_id *id)
{
	for (struct hp_mcp_open *open = ids->first; open; open = open->next)
		if (open->way == way && hp_mcp_id_equal(&open->id, id))
			return open;
	return NULL;
}

void
hp_mcp_ids_remove(struct hp_mcp_ids *ids, struct hp_mcp_open *open)
{
	struct hp_mcp_open **at = &ids->first;
	while (*at && *at != open)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = open->next;
	ids->counts[open->way]--;
	hp_arena_release(&open->arena);
	free(open);
}

/* The oldest that nobody waits for any more. */
static struct hp_mcp_open *
expendable(const struct hp_mcp_ids *ids, enum hp_mcp_way way)
{
	struct hp_mcp_open *open = ids->first;
	while (open && (open->way != way || !open->cancelled))
		open = open->next;
	return open;
}

enum hp_status
hp_mcp_ids_add(struct hp_mcp_ids *ids, enum hp_mcp_way way, const struct hp_mcp_id *id,
	       enum hp_mcp_asked asked)
{
	if (hp_mcp_ids_find(ids, way, id))
		return HP_CONFLICT;
	if (ids->counts[way] >= HP_LIMIT_MCP_REQUESTS)
		hp_mcp_ids_remove(ids, expendable(ids, way));
	if (ids->counts[way] >= HP_LIMIT_MCP_REQUESTS)
		return HP_UNAVAILABLE;
	struct hp_mcp_open *open = calloc(1, sizeof *open), **end = &ids->first;
	if (!open)
		return HP_NOMEM;
	open->id = hp_mcp_id_copy(&open->arena, id);
	open->way = way;
	open->asked = asked;
	if (open->arena.failed) {
		hp_arena_release(&open->arena);
		free(open);
		return HP_NOMEM;
	}
	while (*end)
		end = &(*end)->next;
	*end = open;
	ids->counts[way]++;
	return HP_OK;
}
