#include "core/present.h"

#include <string.h>

#include "core/present_text.h"
#include "core/units.h"
#include "core/vote.h"

#define WORDS "(the agent's words)"

static const char *const labels[HP_SECTION_COUNT] = {
	[HP_SECTION_WHAT] = "WHAT",
	[HP_SECTION_WHY] = "WHY",
	[HP_SECTION_IMPACT] = "IMPACT",
	[HP_SECTION_ALTERNATIVES] = "ALTERNAT.",
	[HP_SECTION_ROLLBACK] = "ROLLBACK",
	[HP_SECTION_EVIDENCE] = "EVIDENCE",
	[HP_SECTION_BY] = "BY",
	[HP_SECTION_RULES] = "RULES",
	[HP_SECTION_QUORUM] = "QUORUM",
	[HP_SECTION_NOTES] = "NOTES",
	[HP_SECTION_HISTORY] = "HISTORY",
	[HP_SECTION_DIGEST] = "DIGEST",
};

const char *
hp_present_label(enum hp_section section)
{
	return labels[section];
}

static void
quote_value(struct hp_page *page, const struct hp_value *text, const char *tail)
{
	if (text && text->type == HP_STR)
		hp_page_quote(page, text->str.p, text->str.len, tail);
}

/* "kind value", one item; nothing when absent. */
static void
field(struct hp_page *page, const char *kind, const struct hp_value *value)
{
	if (!value)
		return;
	hp_page_say(page, "%s ", kind);
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
		hp_page_say(page, "%s ", kind);
		hp_page_value(page, &key);
		hp_page_say(page, " = ");
		hp_page_value(page, map->map.pairs[i].value);
		hp_page_item(page, NULL);
	}
}

static void
command(struct hp_page *page, const struct hp_value *argv)
{
	if (!argv)
		return;
	hp_page_say(page, "command");
	for (size_t i = 0; i < hp_value_count(argv); i++) {
		hp_page_say(page, " ");
		hp_page_value(page, hp_array_get(argv, i));
	}
	hp_page_item(page, NULL);
}

static void
files(struct hp_page *page, const struct hp_value *list)
{
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *file = hp_array_get(list, i);
		hp_page_say(page, "file ");
		hp_page_theirs(page, hp_map_get(file, "path"), true);
		hp_page_item(page, NULL);
		hp_page_say(page, "  sha256 ");
		hp_page_theirs(page, hp_map_get(file, "sha256"), false);
		hp_page_item(page, NULL);
	}
}

static void
what(struct hp_page *page, const struct hp_value *canonical)
{
	const struct hp_value *classes = hp_map_get(canonical, "class");

	hp_page_section(page, HP_SECTION_WHAT);
	hp_page_theirs(page, hp_map_get(canonical, "operation"), true);
	hp_page_item(page, NULL);
	hp_page_say(page, "environment ");
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
	each(page, "resource", hp_map_get(canonical, "resources"));
	pairs(page, "argument", hp_map_get(canonical, "arguments"));
	command(page, hp_map_get(canonical, "command"));
	field(page, "cwd", hp_map_get(canonical, "cwd"));
	pairs(page, "env", hp_map_get(canonical, "env"));
	files(page, hp_map_get(canonical, "files"));
	field(page, "audience", hp_map_get(canonical, "audience"));
}

static void
why(struct hp_page *page, const struct hp_value *canonical)
{
	hp_page_section(page, HP_SECTION_WHY);
	quote_value(page, hp_map_get(canonical, "summary"), WORDS);
	quote_value(page, hp_map_get(canonical, "why"), NULL);
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

static void
impact_of(struct hp_page *page, const struct hp_value *canonical)
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
		hp_page_say(page, "down ");
		hp_units_add_span(&page->line, number <= INT64_MAX / 1000 ? number * 1000 : number);
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
	quote_value(page, hp_map_get(impact, "note"), WORDS);
}

static void
alternatives(struct hp_page *page, const struct hp_value *canonical)
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
		quote_value(page, hp_map_get(one, "approach"), i ? NULL : WORDS);
		if (!hp_map_get(one, "rejected_because"))
			continue;
		hp_page_say(page, "not taken because:");
		hp_page_item(page, NULL);
		quote_value(page, hp_map_get(one, "rejected_because"), NULL);
	}
}

static void
rollback(struct hp_page *page, const struct hp_value *canonical)
{
	const struct hp_value *plan = hp_map_get(canonical, "rollback");

	hp_page_section(page, HP_SECTION_ROLLBACK);
	if (!plan) {
		hp_page_say(page, "none");
		hp_page_flag(page, NULL);
		hp_page_item(page, NULL);
		return;
	}
	quote_value(page, hp_map_get(plan, "plan"), WORDS);
	field(page, "operation", hp_map_get(plan, "operation"));
	command(page, hp_map_get(plan, "command"));
	pairs(page, "argument", hp_map_get(plan, "arguments"));
	field(page, "minutes", hp_map_get(plan, "minutes"));
	if (!hp_map_get(plan, "operation") && !hp_map_get(plan, "command")) {
		hp_page_say(page, "by hand: nothing of it can be run");
		hp_page_flag(page, NULL);
		hp_page_item(page, NULL);
	}
}

static void
evidence(struct hp_page *page, const struct hp_value *canonical)
{
	const struct hp_value *list = hp_map_get(canonical, "evidence");

	hp_page_section(page, HP_SECTION_EVIDENCE);
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *one = hp_array_get(list, i);
		quote_value(page, hp_map_get(one, "label"), WORDS);
		quote_value(page, hp_map_get(one, "text"), NULL);
	}
}

/* One fact about the one who asks, behind a separator. */
static void
fact(struct hp_page *page, const char *kind, const struct hp_value *value)
{
	if (!value)
		return;
	hp_page_say(page, " %s %s ", hp_page_dot(page), kind);
	hp_page_theirs(page, value, false);
}

static void
by(struct hp_page *page, const struct hp_value *canonical)
{
	int64_t confidence = hp_map_get_int(canonical, "confidence", -1);

	hp_page_section(page, HP_SECTION_BY);
	hp_page_theirs(page, hp_map_get(canonical, "requester"), true);
	hp_page_say(page, " (");
	hp_page_theirs(page, hp_map_get(canonical, "mode"), false);
	hp_page_say(page, ")");
	fact(page, "owner", hp_map_get(canonical, "owner"));
	hp_page_say(page, " %s asked ", hp_page_dot(page));
	hp_units_add_time(&page->line, hp_map_get_int(canonical, "submitted_ms", 0));
	hp_page_item(page, NULL);
	if (confidence < 0)
		hp_page_say(page, "confidence not said");
	else
		hp_page_say(page, "confidence %d.%02d %%", (int)(confidence / 100),
		            (int)(confidence % 100));
	fact(page, "session", hp_map_get(canonical, "session"));
	fact(page, "branch", hp_map_get(canonical, "branch"));
	fact(page, "supersedes", hp_map_get(canonical, "supersedes"));
	hp_page_item(page, NULL);
}

static void
rules(struct hp_page *page, const struct hp_value *canonical)
{
	const struct hp_value *findings = hp_map_get(canonical, "findings");
	struct hp_buf where = {0};

	hp_page_section(page, HP_SECTION_RULES);
	for (size_t i = 0; i < hp_value_count(findings); i++) {
		const struct hp_value *one = hp_array_get(findings, i);
		int line = (int)hp_map_get_int(one, "line", 0);

		hp_buf_reset(&where);
		if (line > 0)
			hp_buf_printf(&where, "policy.yaml:%d", line);
		else
			hp_buf_add_text(&where, "built in");
		hp_page_say(page, "%d ", (int)hp_map_get_int(one, "layer", 0));
		hp_page_theirs(page, hp_map_get(one, "message"), false);
		hp_page_say(page, " %s ", hp_page_arrow(page));
		hp_page_theirs(page, hp_map_get(one, "effect"), false);
		hp_page_say(page, " (");
		hp_page_theirs(page, hp_map_get(one, "rule"), false);
		hp_page_say(page, ")");
		hp_page_item(page, hp_buf_text(&where));
	}
	page->failed |= where.failed;
	hp_buf_release(&where);
}

/* The vote inside its signed body: what was signed, not what stands beside it. */
static void
vote(struct hp_page *page, const struct hp_value *one)
{
	const struct hp_value *body = hp_map_get(one, "body");
	struct hp_vote said;

	hp_page_theirs(page, hp_map_get(one, "by"), false);
	hp_page_say(page, " (");
	hp_page_theirs(page, hp_map_get(one, "person"), false);
	hp_page_say(page, ")");
	if (!body || body->type != HP_BIN ||
	    hp_vote_decode(page->arena, body->str.p, body->str.len, &said, NULL) != HP_OK) {
		hp_page_say(page, ": a vote that cannot be read");
		hp_page_flag(page, NULL);
		hp_page_item(page, NULL);
		return;
	}
	hp_page_say(page, said.approve ? ": approve, " : ": deny, ");
	hp_units_add_time(&page->line, said.at_ms);
	hp_page_item(page, NULL);
	if (said.reason[0])
		hp_page_quote(page, said.reason, strlen(said.reason), NULL);
}

static void
quorum(struct hp_page *page, const struct hp_value *canonical, const struct hp_value *reply)
{
	const struct hp_value *slots = hp_map_get(canonical, "quorum");
	const struct hp_value *votes = hp_map_get(reply, "votes");

	hp_page_section(page, HP_SECTION_QUORUM);
	if (reply) {
		hp_page_count(page, hp_map_get_int(reply, "approvals", 0));
		hp_page_say(page, " of ");
		hp_page_count(page, hp_map_get_int(reply, "needed", 0));
		hp_page_say(page, " given");
		hp_page_item(page, NULL);
	}
	for (size_t i = 0; i < hp_value_count(slots); i++) {
		const struct hp_value *slot = hp_array_get(slots, i);
		const struct hp_value *groups = hp_map_get(slot, "groups");
		hp_page_count(page, hp_map_get_int(slot, "count", 0));
		hp_page_say(page, " of ");
		for (size_t j = 0; j < hp_value_count(groups); j++) {
			hp_page_say(page, "%s", j ? " or " : "");
			hp_page_theirs(page, hp_array_get(groups, j), false);
		}
		hp_page_item(page, NULL);
	}
	for (size_t i = 0; i < hp_value_count(votes); i++)
		vote(page, hp_array_get(votes, i));
}

static void
notes(struct hp_page *page, const struct hp_value *list)
{
	hp_page_section(page, HP_SECTION_NOTES);
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *one = hp_array_get(list, i);
		hp_page_theirs(page, hp_map_get(one, "by"), false);
		hp_page_say(page, ", ");
		hp_units_add_time(&page->line, hp_map_get_int(one, "at_ms", 0));
		hp_page_item(page, NULL);
		quote_value(page, hp_map_get(one, "text"), NULL);
	}
}

static void
history(struct hp_page *page, const struct hp_value *list)
{
	hp_page_section(page, HP_SECTION_HISTORY);
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *one = hp_array_get(list, i);
		hp_units_add_time(&page->line, hp_map_get_int(one, "at_ms", 0));
		hp_page_say(page, " ");
		hp_page_theirs(page, hp_map_get(one, "state"), false);
		if (hp_map_get(one, "by")) {
			hp_page_say(page, " by ");
			hp_page_theirs(page, hp_map_get(one, "by"), false);
		}
		hp_page_item(page, NULL);
		quote_value(page, hp_map_get(one, "reason"), NULL);
	}
}

static void
identity(struct hp_page *page, const struct hp_value *canonical,
         const uint8_t digest[HP_HASH_BYTES])
{
	hp_page_section(page, HP_SECTION_DIGEST);
	hp_buf_add_hex(&page->line, digest, HP_HASH_BYTES);
	hp_page_item(page, NULL);
	hp_page_say(page, "request ");
	hp_page_theirs(page, hp_map_get(canonical, "id"), false);
	hp_page_item(page, NULL);
}

enum hp_status
hp_present_request(struct hp_arena *arena, const struct hp_value *canonical,
                   const struct hp_value *reply, const uint8_t digest[HP_HASH_BYTES],
                   const struct hp_present_options *options, struct hp_present *ret_present)
{
	size_t columns = options->columns < HP_PRESENT_COLUMNS_MIN ? HP_PRESENT_COLUMNS_MIN
	                                                           : options->columns;
	struct hp_page page = {
		.arena = arena,
		.escape = options->escape ? options->escape : hp_text_escape,
		.columns = columns - HP_PRESENT_LABEL,
		.ascii = options->ascii,
	};

	what(&page, canonical);
	why(&page, canonical);
	impact_of(&page, canonical);
	alternatives(&page, canonical);
	rollback(&page, canonical);
	evidence(&page, canonical);
	by(&page, canonical);
	rules(&page, canonical);
	quorum(&page, canonical, reply);
	notes(&page, hp_map_get(reply, "notes"));
	history(&page, hp_map_get(reply, "history"));
	identity(&page, canonical, digest);
	hp_buf_release(&page.line);
	if (page.failed || arena->failed)
		return HP_NOMEM;

	*ret_present = (struct hp_present){.lines = page.lines, .count = page.count};
	for (size_t i = 0; i < page.count; i++)
		ret_present->last[page.lines[i].section] = i;
	return HP_OK;
}

static bool
typeable(const char *text, size_t len)
{
	if (len == 0 || len > 20)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	}
	return true;
}

void
hp_present_confirmation(const struct hp_value *canonical, const uint8_t digest[HP_HASH_BYTES],
                        struct hp_confirmation *ret_confirmation)
{
	static const char letters[32] = "abcdefghjkmnpqrstuvwxyz234567890"; /* no i, l, o, 1 */
	const struct hp_value *subject = hp_array_get(hp_map_get(canonical, "resources"), 0);
	struct hp_confirmation *confirmation = ret_confirmation;

	*confirmation = (struct hp_confirmation){.text = "yes", .what = "the word"};
	if (hp_value_is(hp_map_get(canonical, "tier"), "supervised") ||
	    hp_value_is(hp_map_get(canonical, "tier"), "autonomous"))
		return;
	confirmation->what = subject ? "the resource's name" : "the operation's name";
	if (!subject)
		subject = hp_map_get(canonical, "operation");
	if (subject && subject->type == HP_STR) {
		size_t len = subject->str.len, from = len;
		while (from > 0 && subject->str.p[from - 1] != '/' &&
		       subject->str.p[from - 1] != ':')
			from--;
		if (typeable(subject->str.p + from, len - from)) {
			memset(confirmation->text, 0, sizeof confirmation->text);
			memcpy(confirmation->text, subject->str.p + from, len - from);
			return;
		}
	}
	confirmation->what = "this code";
	for (size_t i = 0; i < 4; i++)
		confirmation->text[i] = letters[digest[i] % 32];
	confirmation->text[4] = '\0';
}
