#include "tui/reads.h"

/* The next page of a list; NULL: none is wanted. */
static struct hp_value *
want_page(struct hp_rows *rows, bool visible, struct hp_arena *arena)
{
	if (!visible || !rows->wanted || rows->asked)
		return NULL;
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "list");
	hp_map_set_int(arena, map, "limit", HP_ROWS_PAGE);
	if (rows->after[0])
		hp_map_set_str(arena, map, "after", rows->after);
	rows->wanted = false;
	rows->asked = true;
	return map;
}

static struct hp_value *
want_history(struct hp_model *model, struct hp_arena *arena, int64_t now_ms)
{
	return want_page(&model->history, model->view == HP_VIEW_HISTORY, arena);
}

static struct hp_value *
want_checks(struct hp_model *model, struct hp_arena *arena, int64_t now_ms)
{
	struct hp_value *map = want_page(&model->checks, model->view == HP_VIEW_CHECKS, arena);

	if (map)
		hp_map_set_bool(arena, map, "spot_checks", true);
	return map;
}

static unsigned
take_checks(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	return hp_rows_page(&model->checks, reply, model->escape);
}

static unsigned
take_history(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	return hp_rows_page(&model->history, reply, model->escape);
}

static struct hp_value *
want_agent(struct hp_model *model, struct hp_arena *arena, int64_t now_ms)
{
	return hp_related_want(model, HP_RELATED_AGENT, arena);
}

static unsigned
take_agent(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	return hp_related_take(model, HP_RELATED_AGENT, reply);
}

static struct hp_value *
want_denied(struct hp_model *model, struct hp_arena *arena, int64_t now_ms)
{
	return hp_related_want(model, HP_RELATED_DENIED, arena);
}

static unsigned
take_denied(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	return hp_related_take(model, HP_RELATED_DENIED, reply);
}

static struct hp_value *
want_resource(struct hp_model *model, struct hp_arena *arena, int64_t now_ms)
{
	return hp_related_want(model, HP_RELATED_RESOURCE, arena);
}

static unsigned
take_resource(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	return hp_related_take(model, HP_RELATED_RESOURCE, reply);
}

static struct hp_value *
want_session(struct hp_model *model, struct hp_arena *arena, int64_t now_ms)
{
	return hp_related_want(model, HP_RELATED_SESSION, arena);
}

static unsigned
take_session(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	return hp_related_take(model, HP_RELATED_SESSION, reply);
}

const struct hp_read hp_reads[] = {
	{want_agent, take_agent},
	{want_denied, take_denied},
	{want_resource, take_resource},
	{want_session, take_session},
	{want_history, take_history},
	{want_checks, take_checks},
	{hp_agents_want, hp_agents_take},
	{hp_ledger_want_checkpoint, hp_ledger_take_checkpoint},
	{hp_ledger_want_leaves, hp_ledger_take_leaves},
	{hp_ledger_want_check, hp_ledger_take_check},
	{hp_ledger_want_proof, hp_ledger_take_proof},
	{hp_ledger_want_stats, hp_ledger_take_stats},
};
const size_t hp_read_count = sizeof hp_reads / sizeof hp_reads[0];
