#include "tui/related.h"

#include <string.h>

#include "tui/model.h"

enum { NEWEST = 50 };

void
hp_related_forget(struct hp_related *related)
{
	hp_arena_reset(&related->arena);
	for (size_t i = 0; i < HP_RELATED_COUNT; i++) {
		related->lists[i] = NULL;
		related->had[i] = false;
		related->stale[i] = related->flying[i];
	}
	related->whole = false;
}

void
hp_related_release(struct hp_related *related)
{
	hp_arena_release(&related->arena);
	*related = (struct hp_related){0};
}

/* The first resource as far as the field takes it, cut between characters. */
static struct hp_value *
needle(struct hp_arena *arena, const struct hp_value *resource)
{
	size_t len = resource->str.len;

	if (len > HP_LIMIT_SUMMARY_BYTES) {
		len = HP_LIMIT_SUMMARY_BYTES;
		while (len && ((unsigned char)resource->str.p[len] & 0xC0) == 0x80)
			len--;
	}
	return hp_value_strn(arena, resource->str.p, len);
}

static const struct hp_value *
first_resource(const struct hp_model *model)
{
	return hp_array_get(hp_map_get(model->pinned.canonical, "resources"), 0);
}

/* Whether there is such a list of the open request at all. */
static bool
exists(const struct hp_model *model, enum hp_related_kind kind)
{
	const struct hp_value *resource = first_resource(model);

	if (kind == HP_RELATED_RESOURCE)
		return resource && resource->type == HP_STR && resource->str.len > 0;
	return kind != HP_RELATED_SESSION ||
	       *hp_map_get_str(model->pinned.canonical, "session", "") != '\0';
}

/* All four are there, or will not be. */
static unsigned
settle(struct hp_model *model)
{
	struct hp_related *related = &model->related;

	for (size_t i = 0; i < HP_RELATED_COUNT; i++) {
		if (!related->had[i] && exists(model, (enum hp_related_kind)i))
			return HP_CHANGED_NOTHING;
	}
	if (related->whole)
		return HP_CHANGED_NOTHING;
	related->whole = true;
	related->shown = (struct hp_present_related){
		.agent = related->lists[HP_RELATED_AGENT],
		.denied = related->lists[HP_RELATED_DENIED],
		.resource = related->lists[HP_RELATED_RESOURCE],
		.session = related->lists[HP_RELATED_SESSION],
	};
	if (hp_present_original(model->pinned.canonical, related->shown.denied))
		hp_model_say(model, true, "nearly a copy of one that was denied: see AGENT");
	model->pinned.columns = 0; /* lay it out anew */
	return model->dialog.kind ? HP_CHANGED_PANE : HP_CHANGED_PANE | HP_CHANGED_FLUSH;
}

struct hp_value *
hp_related_want(struct hp_model *model, enum hp_related_kind kind, struct hp_arena *arena)
{
	struct hp_related *related = &model->related;
	const struct hp_value *canonical = model->pinned.canonical;

	if (model->pinned.phase != HP_PIN_READY || related->had[kind] || related->flying[kind] ||
	    !exists(model, kind))
		return NULL;
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "list");
	hp_map_set_int(arena, map, "limit", NEWEST);
	if (kind == HP_RELATED_RESOURCE)
		hp_map_set(arena, map, "text", needle(arena, first_resource(model)));
	else
		hp_map_set_str(arena, map, "requester", hp_map_get_str(canonical, "requester", ""));
	if (kind == HP_RELATED_DENIED)
		hp_map_set_str(arena, map, "state", hp_state_name(HP_STATE_DENIED));
	if (kind == HP_RELATED_SESSION)
		hp_map_set_str(arena, map, "session", hp_map_get_str(canonical, "session", ""));
	related->flying[kind] = true;
	return map;
}

/* A text search finds parts: only the very resource counts. */
static const struct hp_value *
same_resource(const struct hp_model *model, struct hp_arena *arena, const struct hp_value *items)
{
	const struct hp_value *mine = first_resource(model);
	struct hp_value *list = hp_value_array(arena);

	for (size_t i = 0; i < hp_value_count(items); i++) {
		const struct hp_value *item = hp_array_get(items, i);
		const struct hp_value *resource = hp_map_get(item, "resource");
		if (resource && hp_value_equal(resource, mine))
			hp_array_add(arena, list, hp_value_copy(arena, item));
	}
	return list;
}

unsigned
hp_related_take(struct hp_model *model, enum hp_related_kind kind, const struct hp_value *reply)
{
	struct hp_related *related = &model->related;
	const struct hp_value *items = hp_map_get(reply, "items");
	bool stale = related->stale[kind];

	related->flying[kind] = related->stale[kind] = false;
	if (stale || !reply || model->pinned.phase != HP_PIN_READY)
		return HP_CHANGED_NOTHING;
	related->had[kind] = true;
	if (items && items->type == HP_ARRAY)
		related->lists[kind] = kind == HP_RELATED_RESOURCE
		                               ? same_resource(model, &related->arena, items)
		                               : hp_value_copy(&related->arena, items);
	return settle(model);
}
