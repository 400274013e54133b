/* Loading layer 4: times, who may release what, and the tiers. */
#include <stdio.h>
#include <string.h>

#include "core/policy_rules.h"
#include "core/units.h"

/* --- times --- */

static int64_t
duration(const struct hp_value *map, const char *key)
{
	int64_t ms = 0;
	const struct hp_value *value = hp_map_get(map, key);
	/* The shape was checked: a duration that does not parse cannot be here. */
	if (!value || hp_units_duration(value->str.p, &ms, NULL) != HP_OK)
		return 0;
	return ms;
}

static enum hp_status
load_times(struct hp_policy *policy, const struct hp_value *approvals, struct hp_error *err)
{
	const struct hp_value *extend = hp_map_get(approvals, "extend");
	struct hp_policy_times *times = &policy->times;
	*times = (struct hp_policy_times){
		.timeout_ms = duration(approvals, "timeout"),
		.max_timeout_ms = duration(approvals, "max_timeout"),
		.extend_by_ms = duration(extend, "by"),
		.extend_times = (unsigned)hp_map_get_int(extend, "times", 0),
		.grant_ttl_ms = duration(approvals, "grant_ttl"),
		.lease_ms = duration(approvals, "lease"),
		.lease_max_ms = duration(approvals, "lease_max"),
	};
	const struct {
		int64_t less, more;
		const char *key, *than;
	} order[] = {
		{times->timeout_ms, times->max_timeout_ms, "timeout", "max_timeout"},
		{times->lease_ms, times->lease_max_ms, "lease", "lease_max"},
	};
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		const struct hp_value *at = hp_map_get(approvals, order[i].key);
		char field[128];
		/* Point at the one that the file itself says. */
		if (!at->line)
			at = hp_map_get(approvals, order[i].than);
		snprintf(field, sizeof field, "approvals.%s", order[i].key);
		if (order[i].less > order[i].more)
			return hp_policy_refuse(err, at, field, "longer than %s", order[i].than);
	}
	return HP_OK;
}

/* --- slots and rules --- */

static bool
has_group(const struct hp_quorum_slot *slot, const char *group)
{
	for (size_t i = 0; i < slot->group_count; i++)
		if (strcmp(slot->groups[i], group) == 0)
			return true;
	return false;
}

static bool
same_groups(const struct hp_quorum_slot *a, const struct hp_quorum_slot *b)
{
	for (size_t i = 0; i < a->group_count; i++)
		if (!has_group(b, a->groups[i]))
			return false;
	return a->group_count == b->group_count; /* each list holds a group once */
}

static enum hp_status
load_groups(struct hp_policy *policy, const struct hp_value *list, const char *field,
	    const char *const **ret_groups, size_t *ret_count, struct hp_error *err)
{
	size_t count = hp_value_count(list);
	const char **groups = hp_arena_array(&policy->arena, count + 1, sizeof *groups);
	if (!groups)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		const struct hp_value *item = hp_array_get(list, i);
		struct hp_quorum_slot so_far = {.groups = groups, .group_count = i};
		if (has_group(&so_far, item->str.p))
			return hp_policy_refuse(err, item, field, "group \"%s\" is there twice",
						item->str.p);
		groups[i] = item->str.p;
	}
	*ret_groups = groups;
	*ret_count = count;
	return HP_OK;
}

static enum hp_status
load_slots(struct hp_policy *policy, const struct hp_value *list, const char *field,
	   struct hp_policy_rule *rule, struct hp_error *err)
{
	size_t count = hp_value_count(list);
	struct hp_quorum_slot *slots = hp_arena_array(&policy->arena, count, sizeof *slots);
	if (!slots)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		const struct hp_value *item = hp_array_get(list, i);
		enum hp_status status =
			load_groups(policy, hp_map_get(item, "groups"), field, &slots[i].groups,
				    &slots[i].group_count, err);
		if (status != HP_OK)
			return status;
		slots[i].count = (unsigned)hp_map_get_int(item, "count", 1);
		for (size_t j = 0; j < i; j++)
			if (same_groups(&slots[i], &slots[j]))
				return hp_policy_refuse(err, item, field,
							"the same groups twice; ask once with a "
							"higher count");
	}
	rule->slots = slots;
	rule->slot_count = count;
	return HP_OK;
}

/* The first rule of an effect is the one that speaks; a later one of it is never reached. */
static struct hp_policy_rule *
rule_for(const struct hp_policy *policy, enum hp_effect effect)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].effect == effect)
			return &policy->rules[i];
	return NULL;
}

static enum hp_status
load_rules(struct hp_policy *policy, const struct hp_value *list, struct hp_error *err)
{
	for (size_t i = 0; i < hp_value_count(list); i++) {
		char field[128];
		const struct hp_value *item = hp_array_get(list, i);
		enum hp_effect effect = HP_EFFECT_HOLD;
		if (!hp_effect_parse(hp_map_get_str(item, "effect", ""), &effect))
			return hp_policy_refuse(err, item, "approvals.rules", "no such effect");
		snprintf(field, sizeof field, "approvals.rules[%zu].require", i);
		struct hp_policy_rule rule = {
			.effect = effect,
			.line = item->line,
			.column = item->column,
			.reachable = !rule_for(policy, effect),
			.shipped = !item->line,
		};
		enum hp_status status =
			load_slots(policy, hp_map_get(item, "require"), field, &rule, err);
		if (status != HP_OK)
			return status;
		policy->rules[policy->rule_count++] = rule;
	}
	return HP_OK;
}

/* The file's rules, then the shipped ones (policy_merge): an effect that the file has no rule for
 * is released as shipped, never by nobody in particular. */
static enum hp_status
load_all_rules(struct hp_policy *policy, const struct hp_value *list, struct hp_error *err)
{
	policy->rules = hp_arena_array(&policy->arena, hp_value_count(list) + 1,
				       sizeof *policy->rules);
	if (!policy->rules)
		return hp_fail(err, HP_NOMEM, "out of memory");
	enum hp_status status = load_rules(policy, list, err);
	for (unsigned i = 0; status == HP_OK && i < HP_POLICY_APPROVABLE; i++) {
		enum hp_effect effect = (enum hp_effect)(HP_EFFECT_HOLD + i);
		if (!rule_for(policy, effect))
			status = hp_policy_refuse(err, list, "approvals.rules",
						  "no rule for effect \"%s\"",
						  hp_effect_name(effect));
	}
	return status;
}

static enum hp_status
load_widenings(struct hp_policy *policy, const struct hp_value *list, struct hp_error *err)
{
	size_t count = hp_value_count(list);
	struct hp_arena *arena = &policy->arena;
	policy->widenings = hp_arena_array(arena, count + 1, sizeof *policy->widenings);
	policy->widening_lines = hp_arena_array(arena, count + 1, sizeof *policy->widening_lines);
	policy->widening_columns =
		hp_arena_array(arena, count + 1, sizeof *policy->widening_columns);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		char field[128];
		const struct hp_value *item = hp_array_get(list, i);
		struct hp_quorum_widening *widening = &policy->widenings[i];
		snprintf(field, sizeof field, "approvals.escalate_after[%zu].groups", i);
		enum hp_status status =
			load_groups(policy, hp_map_get(item, "groups"), field, &widening->groups,
				    &widening->group_count, err);
		if (status != HP_OK)
			return status;
		widening->after_ms = duration(item, "after");
		policy->widening_lines[i] = item->line;
		policy->widening_columns[i] = item->column;
	}
	policy->widening_count = count;
	return HP_OK;
}

/* --- quorums: one for each set of effects that can ask together --- */

/* Slots of the same groups merge with the larger count; others stand side by side. */
static enum hp_status
join(struct hp_quorum_slot *slots, size_t *count, const struct hp_policy_rule *rule)
{
	for (size_t i = 0; i < rule->slot_count; i++) {
		size_t at = 0;
		while (at < *count && !same_groups(&slots[at], &rule->slots[i]))
			at++;
		if (at == *count && at == HP_LIMIT_QUORUM_SLOTS)
			return HP_TOO_LARGE;
		if (at == *count)
			slots[(*count)++] = rule->slots[i];
		else if (slots[at].count < rule->slots[i].count)
			slots[at].count = rule->slots[i].count;
	}
	return HP_OK;
}

static enum hp_status
make_quorum(struct hp_policy *policy, unsigned asked, struct hp_error *err)
{
	struct hp_quorum_slot *slots =
		hp_arena_array(&policy->arena, HP_LIMIT_QUORUM_SLOTS, sizeof *slots);
	size_t count = 0;
	unsigned places = 0;
	if (!slots)
		return hp_fail(err, HP_NOMEM, "out of memory");
	/* Strictest first, which is the order a person reads them in. */
	for (unsigned i = HP_POLICY_APPROVABLE; i-- > 0;) {
		const struct hp_policy_rule *rule =
			rule_for(policy, (enum hp_effect)(HP_EFFECT_HOLD + i));
		if ((asked & 1u << i) && join(slots, &count, rule) != HP_OK)
			places = HP_LIMIT_QUORUM_SLOTS + 1;
	}
	for (size_t i = 0; i < count; i++)
		places += slots[i].count;
	if (places > HP_LIMIT_QUORUM_SLOTS) {
		struct hp_value at = {.line = policy->rules[0].line,
				      .column = policy->rules[0].column};
		return hp_policy_refuse(err, &at, "approvals.rules",
					"together they ask for more than %u persons",
					HP_LIMIT_QUORUM_SLOTS);
	}
	policy->quorums[asked] = (struct hp_quorum){
		.slots = slots,
		.slot_count = count,
		.widenings = policy->widenings,
		.widening_count = count ? policy->widening_count : 0,
	};
	return HP_OK;
}

static void
add_persons(struct hp_buf *buf, const struct hp_quorum_slot *slot)
{
	static const char *const words[] = {"no",   "one", "two",   "three", "four", "five",
					    "six",  "seven", "eight", "nine",  "ten"};
	if (slot->count < sizeof words / sizeof words[0])
		hp_buf_add_text(buf, words[slot->count]);
	else
		hp_buf_printf(buf, "%u", slot->count);
	hp_buf_add_text(buf, slot->count == 1 ? " person of " : " persons of ");
	for (size_t i = 0; i < slot->group_count; i++)
		hp_buf_printf(buf, "%s%s", i ? " or " : "", slot->groups[i]);
}

static enum hp_status
describe(struct hp_policy *policy, struct hp_error *err)
{
	struct hp_buf buf = {0};
	policy->needs[HP_EFFECT_ALLOW] = "is allowed";
	policy->needs[HP_EFFECT_LOG] = "is allowed and logged";
	policy->needs[HP_EFFECT_BLOCK] = "is blocked";
	for (unsigned i = 0; i < HP_POLICY_APPROVABLE; i++) {
		const struct hp_quorum *quorum = &policy->quorums[1u << i];
		hp_buf_reset(&buf);
		hp_buf_add_text(&buf, "needs ");
		for (size_t j = 0; j < quorum->slot_count; j++) {
			hp_buf_add_text(&buf, j ? " and " : "");
			add_persons(&buf, &quorum->slots[j]);
		}
		policy->needs[HP_EFFECT_HOLD + i] =
			hp_arena_strdup(&policy->arena, hp_buf_text(&buf));
	}
	bool failed = buf.failed || policy->arena.failed;
	hp_buf_release(&buf);
	return failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
}

enum hp_status
hp_policy_load_approvals(struct hp_policy *policy, const struct hp_value *file,
			 struct hp_error *err)
{
	const struct hp_value *approvals = hp_map_get(file, "approvals");
	enum hp_status status = load_times(policy, approvals, err);
	if (status == HP_OK)
		status = load_all_rules(policy, hp_map_get(approvals, "rules"), err);
	if (status == HP_OK)
		status = load_widenings(policy, hp_map_get(approvals, "escalate_after"), err);
	for (unsigned asked = 0; status == HP_OK && asked < HP_POLICY_QUORUMS; asked++)
		status = make_quorum(policy, asked, err);
	return status == HP_OK ? describe(policy, err) : status;
}

/* --- tiers --- */

/* Shares are counted in hundredths of a percent: a smaller one would silently be none. */
static enum hp_status
load_spot_check(struct hp_policy_tier *tier, const struct hp_value *item, size_t index,
		struct hp_error *err)
{
	char field[64];
	struct hp_error why = {0};
	const struct hp_value *share = hp_map_get(item, "spot_check");
	if (!share)
		return HP_OK;
	snprintf(field, sizeof field, "tiers[%zu].spot_check", index);
	if (hp_units_basis_points(share, &tier->spot_check_bp, &why) != HP_OK)
		return hp_policy_refuse(err, share, field, "%s", why.message);
	bool none = share->type == HP_INT ? share->integer == 0 : share->real == 0;
	if (!none && tier->spot_check_bp == 0)
		return hp_policy_refuse(err, share, field,
					"a share is 0, or at least 0.0001 (one in ten thousand)");
	return HP_OK;
}

static enum hp_status
load_tier(struct hp_policy *policy, const struct hp_value *item, size_t index,
	  struct hp_error *err)
{
	char field[128];
	struct hp_policy_tier *tier = &policy->tiers[index];
	const struct hp_value *name = hp_map_get(item, "name");
	const struct hp_value *classes = hp_map_get(item, "classes");
	const struct hp_value *environments = hp_map_get(item, "environments");
	enum hp_effect effect = HP_EFFECT_BLOCK;
	if (!hp_effect_parse(hp_map_get_str(item, "effect", ""), &effect))
		return hp_policy_refuse(err, item, "tiers", "no such effect");
	*tier = (struct hp_policy_tier){
		.name = name->str.p,
		.rule = hp_arena_printf(&policy->arena, "tiers.%s", name->str.p),
		.message = hp_arena_printf(&policy->arena, "tier %s %s", name->str.p,
					   policy->needs[effect]),
		.any_class = !classes,
		.any_environment = !environments,
		.effect = effect,
		.line = item->line,
	};
	if (policy->arena.failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	snprintf(field, sizeof field, "tiers[%zu].classes", index);
	enum hp_status status = hp_policy_class_bits(policy, classes, field, &tier->classes, err);
	snprintf(field, sizeof field, "tiers[%zu].environments", index);
	if (status == HP_OK)
		status = hp_policy_environment_bits(policy, environments, field,
						    &tier->environments, err);
	return status == HP_OK ? load_spot_check(tier, item, index, err) : status;
}

/*
 * The tier of what cannot be undone: the one named `gated`, else the last of the strictest. Several
 * entries may bear one name (supervised, by class and by environment).
 */
static void
choose_gated(struct hp_policy *policy)
{
	size_t strictest = 0;
	for (size_t i = 0; i < policy->tier_count; i++)
		if (policy->tiers[i].effect >= policy->tiers[strictest].effect)
			strictest = i;
	policy->gated = strictest;
	for (size_t i = 0; i < policy->tier_count; i++)
		if (strcmp(policy->tiers[i].name, "gated") == 0)
			policy->gated = i;
}

static enum hp_status
load_self_run(struct hp_policy *policy, const struct hp_value *list, struct hp_error *err)
{
	const char *names[64];
	for (size_t i = 0; i < policy->tier_count; i++)
		names[i] = policy->tiers[i].name;
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *item = hp_array_get(list, i);
		bool found = false;
		for (size_t j = 0; j < policy->tier_count; j++)
			if (strcmp(names[j], item->str.p) == 0)
				policy->tiers[j].self_run = found = true;
		if (!found && item->line)
			return hp_policy_refuse_name(err, item, "approvals.self_run", "tier",
						     names, policy->tier_count);
	}
	return HP_OK;
}

enum hp_status
hp_policy_load_tiers(struct hp_policy *policy, const struct hp_value *file, struct hp_error *err)
{
	const struct hp_value *list = hp_map_get(file, "tiers");
	policy->tiers = hp_arena_array(&policy->arena, hp_value_count(list), sizeof *policy->tiers);
	if (!policy->tiers)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < hp_value_count(list); i++) {
		enum hp_status status = load_tier(policy, hp_array_get(list, i), i, err);
		if (status != HP_OK)
			return status;
		policy->tier_count = i + 1;
	}
	const struct hp_policy_tier *last = &policy->tiers[policy->tier_count - 1];
	if (!last->any_class || !last->any_environment)
		return hp_policy_refuse(err, hp_array_get(list, policy->tier_count - 1), "tiers",
					"the last tier must take whatever the others leave: no "
					"classes, no environments");
	choose_gated(policy);
	return load_self_run(policy, hp_map_get(hp_map_get(file, "approvals"), "self_run"), err);
}
