/*
 * What was asked before: by the same agent, about the same resource, in the same session. From the
 * broker's lists, which no vote covers; shown behind everything that it does.
 */
#include <string.h>

#include "core/lifecycle.h"
#include "core/likeness.h"
#include "core/present_text.h"
#include "core/units.h"

enum { SHOWN = 5, NEAR_PERCENT = 80 };

static bool
is_this(const struct hp_value *item, const struct hp_value *canonical)
{
	const struct hp_value *id = hp_map_get(canonical, "id");

	return id && id->type == HP_STR && hp_value_is(hp_map_get(item, "id"), id->str.p);
}

/* One request on one line. */
static void
line(struct hp_page *page, const struct hp_value *item, bool with_agent)
{
	hp_units_add_time(&page->line, hp_map_get_int(item, "submitted_ms", 0));
	hp_page_say(page, " ");
	hp_page_theirs(page, hp_map_get(item, "state"), false);
	hp_page_say(page, ": ");
	if (with_agent) {
		hp_page_theirs(page, hp_map_get(item, "requester"), false);
		hp_page_say(page, " ");
	}
	hp_page_theirs(page, hp_map_get(item, "operation"), true);
	if (hp_map_get(item, "resource")) {
		hp_page_say(page, " ");
		hp_page_theirs(page, hp_map_get(item, "resource"), true);
	}
	hp_page_item(page, NULL);
}

/* The newest of a list but this one; how many there were is said when they are more. */
static void
lines(struct hp_page *page, const struct hp_value *list, const struct hp_value *canonical,
      const char *none, bool with_agent)
{
	size_t others = 0;

	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *item = hp_array_get(list, i);
		if (is_this(item, canonical))
			continue;
		if (others++ < SHOWN)
			line(page, item, with_agent);
	}
	if (others > SHOWN)
		hp_page_say(page, "and %zu more", others - SHOWN);
	else if (others == 0)
		hp_page_say(page, "%s", none);
	if (others > SHOWN || others == 0)
		hp_page_item(page, NULL);
}

/* What two requests are compared by. */
static void
add_gist(struct hp_buf *gist, const struct hp_value *operation, const struct hp_value *resource,
         const struct hp_value *summary)
{
	const struct hp_value *const parts[] = {operation, resource, summary};

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i] && parts[i]->type == HP_STR)
			hp_buf_add(gist, parts[i]->str.p, parts[i]->str.len);
		hp_buf_add_byte(gist, ' ');
	}
}

const struct hp_value *
hp_present_original(const struct hp_value *canonical, const struct hp_value *denied)
{
	const struct hp_value *found = NULL;
	struct hp_buf mine = {0}, other = {0};

	add_gist(&mine, hp_map_get(canonical, "operation"),
	         hp_array_get(hp_map_get(canonical, "resources"), 0),
	         hp_map_get(canonical, "summary"));
	for (size_t i = 0; !found && i < hp_value_count(denied); i++) {
		const struct hp_value *item = hp_array_get(denied, i);
		hp_buf_reset(&other);
		add_gist(&other, hp_map_get(item, "operation"), hp_map_get(item, "resource"),
		         hp_map_get(item, "summary"));
		if (!is_this(item, canonical) && !mine.failed && !other.failed &&
		    hp_likeness(hp_buf_text(&mine), mine.len, hp_buf_text(&other), other.len) >=
		            NEAR_PERCENT)
			found = item;
	}
	hp_buf_release(&mine);
	hp_buf_release(&other);
	return found;
}

static void
agent(struct hp_page *page, const struct hp_value *canonical,
      const struct hp_present_related *related)
{
	const struct hp_value *original = hp_present_original(canonical, related->denied);
	int counts[HP_STATE_COUNT] = {0};
	size_t all = 0;

	for (size_t i = 0; i < hp_value_count(related->agent); i++) {
		const struct hp_value *item = hp_array_get(related->agent, i);
		enum hp_state state;
		if (is_this(item, canonical) ||
		    !hp_state_parse(hp_map_get_str(item, "state", ""), &state))
			continue;
		counts[state]++;
		all++;
	}
	hp_page_section(page, HP_SECTION_AGENT);
	if (original) {
		hp_page_say(page, "nearly a copy of one that was denied");
		hp_page_flag(page, NULL);
		hp_page_item(page, NULL);
		line(page, original, false);
	}
	if (all) {
		hp_page_say(page, "%zu other request%s:", all, all == 1 ? "" : "s");
		for (size_t state = 0; state < HP_STATE_COUNT; state++) {
			if (counts[state])
				hp_page_say(page, " %d %s", counts[state],
				            hp_state_name((enum hp_state)state));
		}
		hp_page_item(page, NULL);
	}
	lines(page, related->agent, canonical, "it has asked nothing else", false);
}

void
hp_present_related(struct hp_page *page, const struct hp_value *canonical,
                   const struct hp_present_related *related)
{
	if (!related)
		return;
	agent(page, canonical, related);
	if (hp_array_get(hp_map_get(canonical, "resources"), 0)) {
		hp_page_section(page, HP_SECTION_RESOURCE);
		lines(page, related->resource, canonical, "no other request names it first", true);
	}
	if (hp_map_get(canonical, "session")) {
		hp_page_section(page, HP_SECTION_SESSION);
		lines(page, related->session, canonical, "no other request of this session",
		      false);
	}
}
