/* Effects, their names and the words of the policy file: one table, read both ways. */
#include <string.h>

#include "core/evaluate.h"

static const struct {
	const char *name, *verdict;
} effects[HP_EFFECT_COUNT] = {
	[HP_EFFECT_ALLOW] = {"allow", "allow"}, [HP_EFFECT_LOG] = {"log", "log"},
	[HP_EFFECT_HOLD] = {"hold", "hold"},	[HP_EFFECT_ADMIN] = {"admin", "hold"},
	[HP_EFFECT_ESCALATE] = {"escalate", "hold"}, [HP_EFFECT_BLOCK] = {"block", "block"},
};

const char *const hp_effect_words[] = {"allow", "log", "hold", "admin", "escalate", "block", NULL};

static const struct {
	const char *word;
	enum hp_effect effect;
} policy_words[] = {
	{"BLOCK", HP_EFFECT_BLOCK},
	{"BLOCK_AND_ESCALATE", HP_EFFECT_ESCALATE},
	{"REQUIRE_APPROVAL", HP_EFFECT_HOLD},
	{"REQUIRE_APPROVAL_IF_EXCEEDED", HP_EFFECT_HOLD},
};

const char *
hp_effect_name(enum hp_effect effect)
{
	return (unsigned)effect < HP_EFFECT_COUNT ? effects[effect].name : "block";
}

const char *
hp_effect_verdict(enum hp_effect effect)
{
	return (unsigned)effect < HP_EFFECT_COUNT ? effects[effect].verdict : "block";
}

bool
hp_effect_parse(const char *name, enum hp_effect *ret_effect)
{
	for (unsigned i = 0; i < HP_EFFECT_COUNT; i++)
		if (strcmp(effects[i].name, name) == 0) {
			*ret_effect = (enum hp_effect)i;
			return true;
		}
	return false;
}

enum hp_effect
hp_effect_of_word(const char *word)
{
	for (size_t i = 0; i < sizeof policy_words / sizeof policy_words[0]; i++)
		if (strcmp(policy_words[i].word, word) == 0)
			return policy_words[i].effect;
	return HP_EFFECT_BLOCK;
}

struct hp_value *
hp_findings_to_value(struct hp_arena *arena, const struct hp_finding *findings, size_t count)
{
	struct hp_value *list = hp_value_array(arena);
	for (size_t i = 0; i < count; i++) {
		struct hp_value *map = hp_value_map(arena);
		hp_map_set_str(arena, map, "effect", hp_effect_name(findings[i].effect));
		hp_map_set_int(arena, map, "layer", findings[i].layer);
		hp_map_set_int(arena, map, "line", findings[i].line);
		hp_map_set_str(arena, map, "message", findings[i].message);
		hp_map_set_str(arena, map, "rule", findings[i].rule);
		hp_array_add(arena, list, map);
	}
	return list;
}

enum hp_status
hp_verdict_add(const struct hp_policy *policy, struct hp_arena *arena, struct hp_verdict *verdict,
	       const struct hp_finding *findings, size_t count)
{
	size_t total = verdict->finding_count + count;
	struct hp_finding *all = hp_arena_array(arena, total + 1, sizeof *all);
	if (!all)
		return HP_NOMEM;
	for (size_t i = 0; i < verdict->finding_count; i++)
		all[i] = verdict->findings[i];
	for (size_t i = 0; i < count; i++) {
		all[verdict->finding_count + i] = findings[i];
		verdict->asked |= hp_policy_ask_bit(findings[i].effect);
		if (findings[i].effect > verdict->effect)
			verdict->effect = findings[i].effect;
	}
	hp_findings_sort(all, total);
	if (total > HP_LIMIT_FINDINGS) { /* the least of them */
		all[HP_LIMIT_FINDINGS - 1].rule = "findings";
		all[HP_LIMIT_FINDINGS - 1].message =
			hp_arena_printf(arena, "%zu more findings are left out",
					total - (HP_LIMIT_FINDINGS - 1));
		total = HP_LIMIT_FINDINGS;
	}
	verdict->findings = all;
	verdict->finding_count = total;
	verdict->quorum = (struct hp_quorum){0};
	if (verdict->effect < HP_EFFECT_BLOCK)
		verdict->quorum = policy->quorums[verdict->asked];
	return HP_OK;
}
