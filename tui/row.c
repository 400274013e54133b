#include "tui/row.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy.h"

/* Weights of words; what is not known counts as the strictest but one named first. */
struct weight {
	const char *word;
	unsigned weight;
};

static const struct weight tiers[] = {
	{"gated", 3}, {"supervised", 1}, {"autonomous", 0}, {NULL, 2}};
static const struct weight environments[] = {
	{"production", 3}, {"staging", 1}, {"development", 0}, {NULL, 2}};

static unsigned
weigh(const struct weight *weights, const char *word)
{
	while (weights->word && strcmp(weights->word, word) != 0)
		weights++;
	return weights->weight;
}

static unsigned
risk_of(const struct hp_row *row)
{
	enum hp_effect effect = HP_EFFECT_ESCALATE;

	if (!hp_effect_parse(row->effect, &effect))
		effect = HP_EFFECT_ESCALATE;
	return (unsigned)effect * 16 + weigh(tiers, row->tier) * 4 +
	       weigh(environments, row->environment);
}

bool
hp_row_is_id(const struct hp_value *id)
{
	if (!id || id->type != HP_STR || id->str.len != HP_ID_BYTES - 1)
		return false;
	for (size_t i = 0; i < id->str.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? id->str.p[i] != '-' : !isxdigit((unsigned char)id->str.p[i]))
			return false;
	}
	return true;
}

/* Adds an escaped string and its NUL; returns where it starts. */
static size_t
add_safe(hp_present_escape *escape, struct hp_buf *text, const struct hp_value *value)
{
	size_t start = text->len;

	if (value && value->type == HP_STR)
		escape(text, value->str.p, value->str.len, HP_TEXT_ASCII);
	hp_buf_add_byte(text, '\0');
	return start;
}

static size_t
add_list(hp_present_escape *escape, struct hp_buf *text, const struct hp_value *list)
{
	size_t start = text->len;

	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *item = hp_array_get(list, i);
		if (i > 0)
			hp_buf_add_text(text, ",");
		if (item && item->type == HP_STR)
			escape(text, item->str.p, item->str.len, HP_TEXT_ASCII);
	}
	hp_buf_add_byte(text, '\0');
	return start;
}

/* Takes over all strings of a summary; false without memory, the row untouched. */
static bool
set_strings(hp_present_escape *escape, struct hp_row *row, const struct hp_value *summary)
{
	struct hp_buf text = {0};
	size_t tier = add_safe(escape, &text, hp_map_get(summary, "tier"));
	size_t effect = add_safe(escape, &text, hp_map_get(summary, "effect"));
	size_t environment = add_safe(escape, &text, hp_map_get(summary, "environment"));
	size_t classes = add_list(escape, &text, hp_map_get(summary, "class"));
	size_t operation = add_safe(escape, &text, hp_map_get(summary, "operation"));
	size_t resource = add_safe(escape, &text, hp_map_get(summary, "resource"));
	size_t requester = add_safe(escape, &text, hp_map_get(summary, "requester"));
	size_t words = add_safe(escape, &text, hp_map_get(summary, "summary"));

	if (text.failed) {
		hp_buf_release(&text);
		return false;
	}
	free(row->text);
	row->text = (char *)text.data;
	row->tier = row->text + tier;
	row->effect = row->text + effect;
	row->environment = row->text + environment;
	row->classes = row->text + classes;
	row->operation = row->text + operation;
	row->resource = row->text + resource;
	row->requester = row->text + requester;
	row->summary = row->text + words;
	row->risk = risk_of(row);
	return true;
}

void
hp_row_free(struct hp_row *row)
{
	if (row)
		free(row->text);
	free(row);
}

bool
hp_row_read(struct hp_row *row, const struct hp_value *summary, hp_present_escape *escape)
{
	const uint8_t *digest = hp_map_get_bin(summary, "digest", HP_HASH_BYTES);
	enum hp_state state;

	if (!digest || !hp_state_parse(hp_map_get_str(summary, "state", ""), &state) ||
	    !set_strings(escape, row, summary))
		return false;
	memcpy(row->digest, digest, HP_HASH_BYTES);
	row->state = state;
	row->submitted_ms = hp_map_get_int(summary, "submitted_ms", 0);
	row->deadline_ms = hp_map_get_int(summary, "deadline_ms", row->deadline_ms);
	row->approvals = hp_map_get_int(summary, "approvals", 0);
	row->needed = hp_map_get_int(summary, "needed", 0);
	row->resources = hp_map_get_int(summary, "resources", 0);
	return true;
}

bool
hp_row_is_gated(const struct hp_row *row)
{
	return strcmp(row->tier, "supervised") != 0 && strcmp(row->tier, "autonomous") != 0;
}

/* --- filters --- */

static bool
holds(const char *text, const char *part, size_t len)
{
	for (; *text; text++) {
		if (strncasecmp(text, part, len) == 0)
			return true;
	}
	return len == 0;
}

/* One word of a filter; `env:` and its like look in one column, others in all. */
static bool
word_matches(const struct hp_row *row, const char *word, size_t len)
{
	const struct {
		const char *prefix, *text;
	} columns[] = {
		{"env:", row->environment},
		{"class:", row->classes},
		{"agent:", row->requester},
		{"tier:", row->tier},
	};
	const char *const all[] = {row->operation,   row->resource, row->requester, row->summary,
	                           row->environment, row->classes,  row->tier,      row->id};

	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
		size_t prefix = strlen(columns[i].prefix);
		if (len >= prefix && strncasecmp(word, columns[i].prefix, prefix) == 0)
			return holds(columns[i].text, word + prefix, len - prefix);
	}
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (holds(all[i], word, len))
			return true;
	}
	return false;
}

bool
hp_row_matches(const struct hp_row *row, const char *filter)
{
	for (;;) {
		filter += strspn(filter, " ");
		size_t len = strcspn(filter, " ");
		if (len == 0)
			return true;
		if (!word_matches(row, filter, len))
			return false;
		filter += len;
	}
}

bool
hp_words_match(const char *text, const char *filter)
{
	for (;;) {
		filter += strspn(filter, " ");
		size_t len = strcspn(filter, " ");
		if (len == 0)
			return true;
		if (!holds(text, filter, len))
			return false;
		filter += len;
	}
}
