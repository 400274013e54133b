/* The agents as the broker counts them: listed whole, page by page, then shown at once. */
#include <stdio.h>
#include <string.h>

#include "core/units.h"
#include "tui/model.h"

void
hp_agents_release(struct hp_agents *agents)
{
	hp_arena_release(&agents->shown.arena);
	hp_arena_release(&agents->next.arena);
	hp_arena_release(&agents->view_arena);
	*agents = (struct hp_agents){0};
}

struct hp_value *
hp_agents_want(struct hp_model *model, struct hp_arena *arena, int64_t now_ms)
{
	struct hp_agents *agents = &model->agents;

	if (model->view != HP_VIEW_AGENTS || agents->asked ||
	    (!agents->after[0] && now_ms < agents->due_ms))
		return NULL;
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "agents");
	if (agents->after[0])
		hp_map_set_str(arena, map, "after", agents->after);
	agents->asked = true;
	return map;
}

/* A stranger's word as escaped text in the listing's arena. */
static const char *
keep(const struct hp_model *model, struct hp_arena *arena, const struct hp_value *text)
{
	struct hp_buf safe = {0};

	if (text && text->type == HP_STR)
		model->escape(&safe, text->str.p, text->str.len, HP_TEXT_ASCII);
	const char *copy = safe.failed ? "?" : hp_arena_copy(arena, hp_buf_text(&safe), safe.len);
	hp_buf_release(&safe);
	return copy ? copy : "";
}

static const char *
span(struct hp_arena *arena, int64_t ms)
{
	struct hp_buf words = {0};

	hp_units_add_span(&words, ms);
	const char *copy = hp_arena_copy(arena, hp_buf_text(&words), words.len);
	hp_buf_release(&words);
	return copy ? copy : "";
}

static void
read_rates(const struct hp_model *model, struct hp_arena *arena, const struct hp_value *rates,
           struct hp_agent *agent, const char **lines)
{
	for (size_t i = 0; i < hp_value_count(rates); i++) {
		const struct hp_value *rate = hp_array_get(rates, i);
		const char *environment = keep(model, arena, hp_map_get(rate, "environment"));
		int64_t left = hp_map_get_int(rate, "left", 0);
		int64_t burst = hp_map_get_int(rate, "burst", 0);
		if (burst > 0 && (agent->rate_burst == 0 ||
		                  left * agent->rate_burst < agent->rate_left * burst)) {
			agent->rate_left = left;
			agent->rate_burst = burst;
		}
		lines[agent->line_count++] = hp_arena_printf(
			arena, "rate      %lld of %lld requests left, %lld a minute, in %s (%s)",
			(long long)left, (long long)burst,
			(long long)hp_map_get_int(rate, "per_minute", 0),
			*environment ? environment : "any environment",
			keep(model, arena, hp_map_get(rate, "rule")));
	}
}

static void
read_spend(const struct hp_model *model, struct hp_arena *arena, const struct hp_value *spend,
           struct hp_agent *agent, const char **lines)
{
	for (size_t i = 0; i < hp_value_count(spend); i++) {
		const struct hp_value *one = hp_array_get(spend, i);
		int64_t spent = hp_map_get_int(one, "spent_micros", 0);
		int64_t cap = hp_map_get_int(one, "cap_micros", 0);
		/* Whole cents are enough, and do not overflow. */
		int64_t percent = cap >= 10000 ? spent / 10000 * 100 / (cap / 10000) : 100;
		if (percent > agent->spent_percent)
			agent->spent_percent = percent;
		lines[agent->line_count++] = hp_arena_printf(
			arena, "spend     $%lld.%02d of $%lld.%02d in %s (%s)",
			(long long)(spent / 1000000), (int)(spent / 10000 % 100),
			(long long)(cap / 1000000), (int)(cap / 10000 % 100),
			span(arena, hp_map_get_int(one, "window_ms", 0)),
			keep(model, arena, hp_map_get(one, "rule")));
	}
}

static void
read_agent(const struct hp_model *model, struct hp_arena *arena, const struct hp_value *item,
           struct hp_agent *agent)
{
	const struct hp_value *rates = hp_map_get(item, "rates");
	const struct hp_value *spend = hp_map_get(item, "spend");
	const char **lines = hp_arena_array(
		arena, hp_value_count(rates) + hp_value_count(spend) + 2, sizeof *lines);

	*agent = (struct hp_agent){
		.name = keep(model, arena, hp_map_get(item, "name")),
		.mode = keep(model, arena, hp_map_get(item, "mode")),
		.owner = keep(model, arena, hp_map_get(item, "owner")),
		.halted = hp_map_get_bool(item, "halted", false),
		.pending = hp_map_get_int(item, "pending", 0),
		.asked = hp_map_get_int(item, "asked", 0),
		.approved = hp_map_get_int(item, "approved", 0),
		.denied = hp_map_get_int(item, "denied", 0),
		.expired = hp_map_get_int(item, "expired", 0),
		.blocked = hp_map_get_int(item, "blocked", 0),
		.anomalies = hp_map_get_int(item, "anomalies", 0),
		.last_ms = hp_map_get_int(item, "last_ms", 0),
		.spent_percent = -1,
		.lines = lines,
	};
	if (!lines)
		return;
	lines[agent->line_count++] = hp_arena_printf(
		arena,
		"last day  %lld asked: %lld approved, %lld denied, %lld expired, %lld blocked, "
		"%lld anomalies",
		(long long)agent->asked, (long long)agent->approved, (long long)agent->denied,
		(long long)agent->expired, (long long)agent->blocked, (long long)agent->anomalies);
	if (!rates || !spend)
		lines[agent->line_count++] = "rate      unknown: its meters cannot be read";
	read_rates(model, arena, rates, agent, lines);
	read_spend(model, arena, spend, agent, lines);
}

static void
read_halts(const struct hp_model *model, struct hp_agent_set *set, const struct hp_value *halts)
{
	struct hp_arena *arena = &set->arena;
	const char **lines = hp_arena_array(arena, hp_value_count(halts) + 1, sizeof *lines);

	set->halts = lines;
	set->halt_count = 0;
	for (size_t i = 0; lines && i < hp_value_count(halts); i++) {
		const struct hp_value *halt = hp_array_get(halts, i);
		const char *agent = keep(model, arena, hp_map_get(halt, "agent"));
		const char *session = keep(model, arena, hp_map_get(halt, "session"));
		struct hp_buf at = {0};
		hp_units_add_time(&at, hp_map_get_int(halt, "at_ms", 0));
		lines[set->halt_count++] = hp_arena_printf(
			arena, "halted    %s%s%s by %s at %s", *agent ? agent : "all agents",
			*session ? " session " : "", session,
			keep(model, arena, hp_map_get(halt, "by")), hp_buf_text(&at));
		hp_buf_release(&at);
	}
}

static bool
reserve(struct hp_agent_set *set, size_t more)
{
	size_t capacity = set->count + more;

	if (capacity > HP_AGENTS_KEPT)
		return false;
	struct hp_agent *items = hp_arena_array(&set->arena, capacity + 1, sizeof *items);
	if (!items)
		return false;
	if (set->count)
		memcpy(items, set->items, set->count * sizeof *items);
	set->items = items;
	return true;
}

/* The listing is whole: it is what is shown from now on. */
static unsigned
finish(struct hp_agents *agents, int64_t now_ms)
{
	struct hp_agent_set old = agents->shown;

	agents->shown = agents->next;
	agents->next = (struct hp_agent_set){0};
	hp_arena_release(&old.arena);
	agents->after[0] = '\0';
	agents->due_ms = now_ms + HP_AGENTS_EVERY_MS;
	agents->has_listed = agents->dirty = true;
	return HP_CHANGED_SCREEN;
}

unsigned
hp_agents_take(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	struct hp_agents *agents = &model->agents;
	struct hp_agent_set *set = &agents->next;
	const struct hp_value *items = hp_map_get(reply, "items");

	agents->asked = false;
	if (!agents->after[0]) { /* a new listing */
		hp_arena_release(&set->arena);
		*set = (struct hp_agent_set){0};
	}
	if (!reply || !items || items->type != HP_ARRAY) {
		agents->after[0] = '\0';
		agents->due_ms = now_ms + (reply ? HP_AGENTS_EVERY_MS : 0);
		if (reply)
			snprintf(agents->problem, sizeof agents->problem,
			         "the broker does not list them to you");
		return HP_CHANGED_SCREEN;
	}
	agents->problem[0] = '\0';
	bool fits = reserve(set, hp_value_count(items));
	for (size_t i = 0; fits && i < hp_value_count(items); i++)
		read_agent(model, &set->arena, hp_array_get(items, i), &set->items[set->count++]);
	read_halts(model, set, hp_map_get(reply, "halts"));
	const char *next = hp_map_get_str(reply, "next", "");
	if (!fits || !*next || strlen(next) >= sizeof agents->after)
		return finish(agents, now_ms);
	snprintf(agents->after, sizeof agents->after, "%s", next);
	return HP_CHANGED_NOTHING;
}

static const char *
key_of(const void *list, size_t index)
{
	const struct hp_agents *agents = list;

	return agents->view[index]->name;
}

void
hp_agents_refresh(struct hp_agents *agents)
{
	if (!agents->dirty)
		return;
	agents->dirty = false;
	hp_arena_reset(&agents->view_arena);
	struct hp_agent **view =
		hp_arena_array(&agents->view_arena, agents->shown.count + 1, sizeof *view);
	agents->view_count = 0;
	for (size_t i = 0; view && i < agents->shown.count; i++) {
		struct hp_agent *agent = &agents->shown.items[i];
		char text[512];
		snprintf(text, sizeof text, "%s %s %s%s", agent->name, agent->mode, agent->owner,
		         agent->halted ? " halted" : "");
		if (hp_words_match(text, agents->filter))
			view[agents->view_count++] = agent;
	}
	agents->view = view;
	hp_cursor_follow(&agents->cursor, agents, agents->view_count, key_of);
}

unsigned
hp_agents_move(struct hp_agents *agents, long lines, long pages)
{
	long height = agents->cursor.height ? (long)agents->cursor.height : 1;

	hp_agents_refresh(agents);
	hp_cursor_move(&agents->cursor, agents, agents->view_count, key_of, lines + pages * height);
	return HP_CHANGED_SCREEN;
}

const struct hp_agent *
hp_agents_selected(struct hp_agents *agents)
{
	hp_agents_refresh(agents);
	return agents->cursor.index < agents->view_count ? agents->view[agents->cursor.index]
	                                                 : NULL;
}
