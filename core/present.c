#include "core/present.h"

#include <string.h>

#include "core/present_text.h"

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
	[HP_SECTION_AGENT] = "AGENT",
	[HP_SECTION_RESOURCE] = "RESOURCE",
	[HP_SECTION_SESSION] = "SESSION",
	[HP_SECTION_DIGEST] = "DIGEST",
};

const char *
hp_present_label(enum hp_section section)
{
	return labels[section];
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

	hp_present_what(&page, canonical);
	hp_present_why(&page, canonical);
	hp_present_impact(&page, canonical);
	hp_present_alternatives(&page, canonical);
	hp_present_rollback(&page, canonical);
	hp_present_evidence(&page, canonical);
	hp_present_by(&page, canonical);
	hp_present_rules(&page, canonical);
	hp_present_quorum(&page, canonical, reply, digest);
	hp_present_notes(&page, canonical, hp_map_get(reply, "notes"));
	hp_present_spot_checks(&page, hp_map_get(reply, "spot_checks"));
	hp_present_history(&page, hp_map_get(reply, "history"));
	hp_present_related(&page, canonical, options->related);
	hp_present_identity(&page, canonical, digest);
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
