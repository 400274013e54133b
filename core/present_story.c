/*
 * What became of it: who asked, which rules spoke, who voted, what was noted.
 */
#include <string.h>

#include "core/present_text.h"
#include "core/units.h"
#include "core/vote.h"

/* One fact about the one who asks, behind a separator. */
static void
fact(struct hp_page *page, const char *kind, const struct hp_value *value)
{
	if (!value)
		return;
	hp_page_say(page, " %s %s ", hp_page_dot(page), kind);
	hp_page_theirs(page, value, false);
}

void
hp_present_by(struct hp_page *page, const struct hp_value *canonical)
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
	else if (confidence % 100)
		hp_page_say(page, "confidence %d.%02d %%", (int)(confidence / 100),
		            (int)(confidence % 100));
	else
		hp_page_say(page, "confidence %d %%", (int)(confidence / 100));
	fact(page, "session", hp_map_get(canonical, "session"));
	fact(page, "branch", hp_map_get(canonical, "branch"));
	fact(page, "supersedes", hp_map_get(canonical, "supersedes"));
	hp_page_item(page, NULL);
}

void
hp_present_rules(struct hp_page *page, const struct hp_value *canonical)
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

/* Why a vote as served is no vote on these bytes; NULL when it is one. */
static const char *
vote_fault(struct hp_page *page, const struct hp_value *one, const uint8_t digest[HP_HASH_BYTES],
           struct hp_vote *ret_said)
{
	const struct hp_value *body = hp_map_get(one, "body");
	const uint8_t *signature = hp_map_get_bin(one, "signature", HP_SIGNATURE_BYTES);
	const uint8_t *key = hp_map_get_bin(one, "sign_public", HP_SIGN_PUBLIC_BYTES);

	if (!body || body->type != HP_BIN || !signature || !key ||
	    hp_vote_decode(page->arena, body->str.p, body->str.len, ret_said, NULL) != HP_OK)
		return "a vote that cannot be read";
	if (hp_vote_verify(body->str.p, body->str.len, key, signature) != HP_OK)
		return "a vote whose signature does not verify";
	if (memcmp(ret_said->digest, digest, HP_HASH_BYTES) != 0)
		return "a vote on other content";
	return NULL;
}

/* The vote inside its signed body: what was signed, not what stands beside it. */
static void
vote(struct hp_page *page, const struct hp_value *one, const uint8_t digest[HP_HASH_BYTES])
{
	struct hp_vote said;
	const char *fault = vote_fault(page, one, digest, &said);

	hp_page_theirs(page, hp_map_get(one, "by"), false);
	hp_page_say(page, " (");
	hp_page_theirs(page, hp_map_get(one, "person"), false);
	hp_page_say(page, "): ");
	if (fault) {
		hp_page_say(page, "%s", fault);
		hp_page_flag(page, NULL);
		hp_page_item(page, NULL);
		return;
	}
	hp_page_say(page, said.approve ? "approve, " : "deny, ");
	hp_units_add_time(&page->line, said.at_ms);
	hp_page_item(page, NULL);
	if (said.reason[0])
		hp_page_quote(page, said.reason, strlen(said.reason), NULL);
}

void
hp_present_quorum(struct hp_page *page, const struct hp_value *canonical,
                  const struct hp_value *reply, const uint8_t digest[HP_HASH_BYTES])
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
		vote(page, hp_array_get(votes, i), digest);
}

void
hp_present_notes(struct hp_page *page, const struct hp_value *canonical,
                 const struct hp_value *list)
{
	const char *requester = hp_map_get_str(canonical, "requester", "");

	hp_page_section(page, HP_SECTION_NOTES);
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *one = hp_array_get(list, i);
		hp_page_theirs(page, hp_map_get(one, "by"), false);
		hp_page_say(page, ", ");
		hp_units_add_time(&page->line, hp_map_get_int(one, "at_ms", 0));
		hp_page_item(page, NULL);
		if (hp_value_is(hp_map_get(one, "by"), requester))
			hp_page_plea(page, hp_map_get(one, "text"), NULL);
		else
			hp_page_quote_value(page, hp_map_get(one, "text"), NULL);
	}
}

void
hp_present_spot_checks(struct hp_page *page, const struct hp_value *list)
{
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *one = hp_array_get(list, i);
		hp_page_theirs(page, hp_map_get(one, "by"), false);
		hp_page_say(page, ", ");
		hp_units_add_time(&page->line, hp_map_get_int(one, "at_ms", 0));
		hp_page_say(page, ", spot check: ");
		hp_page_theirs(page, hp_map_get(one, "finding"), false);
		hp_page_item(page, NULL);
		hp_page_quote_value(page, hp_map_get(one, "note"), NULL);
	}
}

void
hp_present_history(struct hp_page *page, const struct hp_value *list)
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
		hp_page_quote_value(page, hp_map_get(one, "reason"), NULL);
	}
}

void
hp_present_identity(struct hp_page *page, const struct hp_value *canonical,
                    const uint8_t digest[HP_HASH_BYTES])
{
	hp_page_section(page, HP_SECTION_DIGEST);
	hp_buf_add_hex(&page->line, digest, HP_HASH_BYTES);
	hp_page_item(page, NULL);
	hp_page_kind(page, "request");
	hp_page_theirs(page, hp_map_get(canonical, "id"), false);
	hp_page_item(page, NULL);
}
