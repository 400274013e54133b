/*
 * What was asked: the action in full, and the agent's reasons in its own words.
 */
#include "core/present_text.h"
#include "core/units.h"

#define WORDS "(the agent's words)"

/* "kind value", one item; nothing when absent. */
static void
field(struct hp_page *page, const char *kind, const struct hp_value *value)
{
	if (!value)
		return;
	hp_page_kind(page, kind);
	hp_page_theirs(page, value, true);
	hp_page_item(page, NULL);
}

static void
each(struct hp_page *page, const char *kind, const struct hp_value *list)
{
	for (size_t i = 0; i < hp_value_count(list); i++)
		field(page, kind, hp_array_get(list, i));
}

static void
pairs(struct hp_page *page, const char *kind, const struct hp_value *map)
{
	if (!map || map->type != HP_MAP)
		return;
	for (size_t i = 0; i < map->map.count; i++) {
		struct hp_value key = {.type = HP_STR, .str = map->map.pairs[i].key};
		hp_page_kind(page, kind);
		hp_page_value(page, &key);
		hp_page_say(page, " = ");
		hp_page_value(page, map->map.pairs[i].value);
		hp_page_item(page, NULL);
	}
}

/* Pairs that this version has no line for: shown as they are, never left out. */
static void
others(struct hp_page *page, const struct hp_value *map, const char *const *known)
{
	if (!map || map->type != HP_MAP)
		return;
	for (size_t i = 0; i < map->map.count; i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		struct hp_value key = {.type = HP_STR, .str = pair->key};
		size_t k = 0;
		while (known[k] && !hp_value_is(&key, known[k]))
			k++;
		if (known[k] || pair->value->type == HP_NIL)
			continue;
		hp_page_kind(page, "also");
		hp_page_value(page, &key);
		hp_page_say(page, " = ");
		hp_page_value(page, pair->value);
		hp_page_item(page, NULL);
	}
}

static void
command(struct hp_page *page, const struct hp_value *argv)
{
	if (!argv)
		return;
	hp_page_kind(page, "command");
	for (size_t i = 0; i < hp_value_count(argv); i++) {
		hp_page_say(page, "%s", i ? " " : "");
		hp_page_value(page, hp_array_get(argv, i));
	}
	hp_page_item(page, NULL);
}

static void
files(struct hp_page *page, const struct hp_value *list)
{
	static const char *const known[] = {"path", "sha256", NULL};

	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *file = hp_array_get(list, i);
		const struct hp_value *hash = hp_map_get(file, "sha256");
		hp_page_kind(page, "file");
		hp_page_theirs(page, hp_map_get(file, "path"), true);
		hp_page_item(page, NULL);
		hp_page_kind(page, "file's sha256");
		if (hash && hash->type == HP_BIN)
			hp_buf_add_hex(&page->line, hash->str.p, hash->str.len);
		else
			hp_page_theirs(page, hash, true);
		hp_page_item(page, NULL);
		others(page, file, known);
	}
}

/* What policy found out about the action itself stands with it: the environment that the agent
 * claimed, the payload that is too long to show. */
static void
found(struct hp_page *page, const struct hp_value *canonical, const char *rule, bool is_flag)
{
	const struct hp_value *findings = hp_map_get(canonical, "findings");

	for (size_t i = 0; i < hp_value_count(findings); i++) {
		const struct hp_value *one = hp_array_get(findings, i);
		if (!hp_value_is(hp_map_get(one, "rule"), rule))
			continue;
		hp_page_kind(page, rule);
		hp_page_theirs(page, hp_map_get(one, "message"), false);
		if (is_flag)
			hp_page_flag(page, NULL);
		hp_page_item(page, NULL);
	}
}

void
hp_present_what(struct hp_page *page, const struct hp_value *canonical)
{
	const struct hp_value *classes = hp_map_get(canonical, "class");

	hp_page_section(page, HP_SECTION_WHAT);
	hp_page_theirs(page, hp_map_get(canonical, "operation"), true);
	hp_page_item(page, NULL);
	hp_page_kind(page, "environment");
	hp_page_theirs(page, hp_map_get(canonical, "environment"), true);
	hp_page_say(page, " %s class ", hp_page_dot(page));
	for (size_t i = 0; i < hp_value_count(classes); i++) {
		hp_page_say(page, "%s", i ? ", " : "");
		hp_page_theirs(page, hp_array_get(classes, i), true);
	}
	hp_page_say(page, " %s tier ", hp_page_dot(page));
	hp_page_theirs(page, hp_map_get(canonical, "tier"), true);
	hp_page_say(page, " %s ", hp_page_dot(page));
	hp_page_theirs(page, hp_map_get(canonical, "effect"), true);
	hp_page_item(page, NULL);
	found(page, canonical, "environment", true);
	each(page, "resource", hp_map_get(canonical, "resources"));
	pairs(page, "argument", hp_map_get(canonical, "arguments"));
	command(page, hp_map_get(canonical, "command"));
	field(page, "cwd", hp_map_get(canonical, "cwd"));
	pairs(page, "env", hp_map_get(canonical, "env"));
	files(page, hp_map_get(canonical, "files"));
	found(page, canonical, "payload", false);
	field(page, "audience", hp_map_get(canonical, "audience"));
}

void
hp_present_why(struct hp_page *page, const struct hp_value *canonical)
{
	hp_page_section(page, HP_SECTION_WHY);
	hp_page_plea(page, hp_map_get(canonical, "summary"), WORDS);
	hp_page_plea(page, hp_map_get(canonical, "why"), NULL);
}

/* Micro-dollars; whole cents where they are whole. */
static void
money(struct hp_page *page, int64_t micros)
{
	hp_page_say(page, "$");
	hp_page_count(page, micros / 1000000);
	int fraction = (int)(micros % 1000000);
	if (fraction % 10000)
		hp_page_say(page, ".%06d", fraction);
	else if (fraction)
		hp_page_say(page, ".%02d", fraction / 10000);
}

/* One number of the impact, or that the agent did not give it. */
static bool
claimed(struct hp_page *page, const struct hp_value *impact, const char *key,
        const char *what_it_is, int64_t *ret_number)
{
	*ret_number = hp_map_get_int(impact, key, -1);
	if (*ret_number >= 0)
		return true;
	hp_page_say(page, "%s not said", what_it_is);
	return false;
}

void
hp_present_impact(struct hp_page *page, const struct hp_value *canonical)
{
	const struct hp_value *impact = hp_map_get(canonical, "impact");
	const struct hp_value *reversible = hp_map_get(impact, "reversible");
	const char *dot = hp_page_dot(page);
	int64_t number;

	hp_page_section(page, HP_SECTION_IMPACT);
	if (claimed(page, impact, "resources_affected", "resources", &number)) {
		hp_page_count(page, number);
		hp_page_say(page, number == 1 ? " resource" : " resources");
	}
	hp_page_say(page, " %s ", dot);
	if (claimed(page, impact, "cost_usd", "cost", &number))
		money(page, number);
	hp_page_say(page, " %s ", dot);
	if (claimed(page, impact, "downtime_s", "downtime", &number)) {
		hp_page_say(page, number ? "down " : "no downtime");
		if (number)
			hp_units_add_span(&page->line,
			                  number <= INT64_MAX / 1000 ? number * 1000 : INT64_MAX);
	}
	hp_page_say(page, " %s ", dot);
	if (claimed(page, impact, "users_affected", "users", &number)) {
		hp_page_count(page, number);
		hp_page_say(page, number == 1 ? " user" : " users");
	}
	hp_page_say(page, " %s ", dot);
	if (reversible && reversible->type == HP_BOOL && reversible->boolean) {
		hp_page_say(page, "reversible");
	} else {
		hp_page_say(page, reversible ? "irreversible" : "reversible not said");
		hp_page_flag(page, NULL);
	}
	hp_page_item(page, NULL);
	hp_page_plea(page, hp_map_get(impact, "note"), WORDS);
}

void
hp_present_alternatives(struct hp_page *page, const struct hp_value *canonical)
{
	const struct hp_value *list = hp_map_get(canonical, "alternatives");

	hp_page_section(page, HP_SECTION_ALTERNATIVES);
	if (hp_value_count(list) == 0) {
		hp_page_say(page, "none given");
		hp_page_flag(page, NULL);
		hp_page_item(page, NULL);
	}
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *one = hp_array_get(list, i);
		hp_page_plea(page, hp_map_get(one, "approach"), i ? NULL : WORDS);
		if (!hp_map_get(one, "rejected_because"))
			continue;
		hp_page_say(page, "not taken because:");
		hp_page_item(page, NULL);
		hp_page_plea(page, hp_map_get(one, "rejected_because"), NULL);
	}
}

void
hp_present_rollback(struct hp_page *page, const struct hp_value *canonical)
{
	static const char *const known[] = {"plan",      "operation", "command",
	                                    "arguments", "minutes",   NULL};
	const struct hp_value *plan = hp_map_get(canonical, "rollback");

	hp_page_section(page, HP_SECTION_ROLLBACK);
	if (!plan) {
		hp_page_say(page, "none");
		hp_page_flag(page, NULL);
		hp_page_item(page, NULL);
		return;
	}
	hp_page_plea(page, hp_map_get(plan, "plan"), WORDS);
	field(page, "operation", hp_map_get(plan, "operation"));
	command(page, hp_map_get(plan, "command"));
	pairs(page, "argument", hp_map_get(plan, "arguments"));
	field(page, "minutes", hp_map_get(plan, "minutes"));
	others(page, plan, known);
	if (!hp_map_get(plan, "operation") && !hp_map_get(plan, "command")) {
		hp_page_say(page, "by hand: nothing of it can be run");
		hp_page_flag(page, NULL);
		hp_page_item(page, NULL);
	}
}

void
hp_present_evidence(struct hp_page *page, const struct hp_value *canonical)
{
	const struct hp_value *list = hp_map_get(canonical, "evidence");

	hp_page_section(page, HP_SECTION_EVIDENCE);
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *one = hp_array_get(list, i);
		hp_page_plea(page, hp_map_get(one, "label"), WORDS);
		hp_page_plea(page, hp_map_get(one, "text"), NULL);
	}
}
