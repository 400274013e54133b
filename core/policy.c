/* What others ask of a loaded policy, and whether its principals can fill it. */
#include "core/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy_rules.h"

const uint8_t *
hp_policy_version(const struct hp_policy *policy)
{
	return policy->version;
}

const char *
hp_policy_text(const struct hp_policy *policy, size_t *ret_len)
{
	*ret_len = policy->text_len;
	return policy->text;
}

const struct hp_policy_times *
hp_policy_times(const struct hp_policy *policy)
{
	return &policy->times;
}

bool
hp_policy_self_run(const struct hp_policy *policy, const char *tier)
{
	for (size_t i = 0; i < policy->tier_count; i++)
		if (strcmp(policy->tiers[i].name, tier) == 0)
			return policy->tiers[i].self_run;
	return false;
}

bool
hp_policy_samples(int64_t share_bp, const uint8_t digest[HP_HASH_BYTES])
{
	uint64_t number = 0;
	for (size_t i = 0; i < 8; i++)
		number = number << 8 | digest[i];
	return (int64_t)(number % 10000) < share_bp;
}

bool
hp_policy_has_environment(const struct hp_policy *policy, const char *name)
{
	return hp_policy_find_environment(policy, name) < policy->environment_count;
}

/* --- quorums --- */

/* The asking effects that some rule of this policy can come to: no one needs a group `admins`
 * under a policy that never asks for it. `hold` is always among them (what cannot be undone). */
static unsigned
asked_by(const struct hp_policy *policy)
{
	unsigned asked = hp_policy_ask_bit(HP_EFFECT_HOLD) |
			 hp_policy_ask_bit(policy->magnitude.effect) |
			 hp_policy_ask_bit(policy->confidence.effect);
	for (size_t i = 0; i < policy->destructive_count; i++)
		asked |= hp_policy_ask_bit(policy->destructive[i].effect);
	for (size_t i = 0; i < policy->tier_count; i++)
		asked |= hp_policy_ask_bit(policy->tiers[i].effect);
	for (size_t i = 0; i < policy->gateway.rate_count; i++)
		asked |= hp_policy_ask_bit(policy->gateway.rates[i].effect);
	for (size_t i = 0; i < policy->gateway.budget_count; i++)
		asked |= hp_policy_ask_bit(policy->gateway.budgets[i].effect);
	for (size_t i = 0; i < policy->environment_count; i++)
		for (size_t j = 0; j <= policy->class_count; j++)
			for (size_t mode = 0; mode < HP_POLICY_MODES; mode++)
				asked |= hp_policy_ask_bit(
					policy->environments[i].rows[j].effect[mode]);
	return asked;
}

static enum hp_status
check_groups(const struct hp_directory *directory, const char *const *groups, size_t count,
	     const struct hp_value *at, const char *field, struct hp_error *err)
{
	for (size_t i = 0; i < count; i++)
		if (!hp_directory_reviewers(directory, &groups[i], 1, ""))
			return hp_policy_refuse(err, at, field,
						"no reviewer is in group \"%s\"", groups[i]);
	return HP_OK;
}

static enum hp_status
check_rule(const struct hp_policy_rule *rule, size_t index, const struct hp_directory *directory,
	   struct hp_error *err)
{
	char field[128];
	struct hp_value at = {.line = rule->line, .column = rule->column};
	snprintf(field, sizeof field, "approvals.rules[%zu]", index);
	for (size_t i = 0; i < rule->slot_count; i++) {
		const struct hp_quorum_slot *slot = &rule->slots[i];
		enum hp_status status = check_groups(directory, slot->groups, slot->group_count,
						     &at, field, err);
		if (status != HP_OK)
			return status;
		unsigned persons =
			hp_directory_reviewers(directory, slot->groups, slot->group_count, "");
		if (persons < slot->count)
			return hp_policy_refuse(err, &at, field,
						"asks for %u persons of %s%s, and there %s %u",
						slot->count, slot->groups[0],
						slot->group_count > 1 ? " and others" : "",
						persons == 1 ? "is" : "are", persons);
	}
	return HP_OK;
}

/* One person may be in every group and still fills one place: the slots of a rule must be fillable
 * by distinct persons. (That several rules meet in one request is not asked for here: it is rare,
 * and a small team would have to leave out rules that it can fill one by one.) */
static enum hp_status
check_together(const struct hp_policy *policy, const struct hp_policy_rule *rule, size_t index,
	       const struct hp_voter *voters, size_t count, struct hp_error *err)
{
	char field[128];
	const struct hp_quorum *quorum = &policy->quorums[hp_policy_ask_bit(rule->effect)];
	struct hp_value at = {.line = rule->line, .column = rule->column};
	unsigned needed = hp_quorum_needed(quorum);
	unsigned filled = hp_quorum_filled(quorum, voters, count, 0);
	if (filled >= needed)
		return HP_OK;
	snprintf(field, sizeof field, "approvals.rules[%zu]", index);
	return hp_policy_refuse(err, &at, field,
				"needs %u distinct persons, and these groups fill %u places",
				needed, filled);
}

static enum hp_status
check_rules(const struct hp_policy *policy, const struct hp_directory *directory,
	    const struct hp_voter *voters, size_t count, struct hp_error *err)
{
	unsigned asked = asked_by(policy);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct hp_policy_rule *rule = &policy->rules[i];
		if (!rule->reachable || !(asked & hp_policy_ask_bit(rule->effect)))
			continue;
		enum hp_status status = check_rule(rule, i, directory, err);
		if (status == HP_OK)
			status = check_together(policy, rule, i, voters, count, err);
		if (status != HP_OK)
			return status;
	}
	return HP_OK;
}

static enum hp_status
check_widenings(const struct hp_policy *policy, const struct hp_directory *directory,
		struct hp_error *err)
{
	for (size_t i = 0; i < policy->widening_count; i++) {
		char field[128];
		const struct hp_quorum_widening *widening = &policy->widenings[i];
		struct hp_value at = {.line = policy->widening_lines[i],
				      .column = policy->widening_columns[i]};
		snprintf(field, sizeof field, "approvals.escalate_after[%zu]", i);
		enum hp_status status = check_groups(directory, widening->groups,
						     widening->group_count, &at, field, err);
		if (status != HP_OK)
			return status;
	}
	return HP_OK;
}

enum hp_status
hp_policy_check_quorums(const struct hp_policy *policy, const struct hp_directory *directory,
			struct hp_error *err)
{
	size_t count = 0, total = hp_directory_count(directory);
	struct hp_voter *voters = calloc(total + 1, sizeof *voters);
	if (!voters)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < total; i++) {
		const struct hp_principal *one = hp_directory_at(directory, i);
		if (!one->revoked && (one->roles & HP_ROLE_REVIEWER) && one->group_count)
			voters[count++] = (struct hp_voter){
				.person = one->person,
				.groups = one->groups,
				.group_count = one->group_count,
			};
	}
	enum hp_status status = check_rules(policy, directory, voters, count, err);
	free(voters);
	return status == HP_OK ? check_widenings(policy, directory, err) : status;
}

/* --- lint --- */

static void
lint_rules(const struct hp_policy *policy, hp_policy_warning *warn, void *context)
{
	char message[256];
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct hp_policy_rule *rule = &policy->rules[i];
		if (rule->reachable || rule->shipped)
			continue;
		snprintf(message, sizeof message,
			 "approvals.rules[%zu]: never reached; an earlier rule takes \"%s\"", i,
			 hp_effect_name(rule->effect));
		warn(context, rule->line, message);
	}
}

/* Whether an earlier tier takes everything that this one could. */
static bool
is_shadowed(const struct hp_policy *policy, size_t index)
{
	const struct hp_policy_tier *tier = &policy->tiers[index];
	for (size_t i = 0; i < index; i++) {
		const struct hp_policy_tier *earlier = &policy->tiers[i];
		bool classes = earlier->any_class ||
			       (!tier->any_class && !(tier->classes & ~earlier->classes));
		bool environments =
			earlier->any_environment ||
			(!tier->any_environment && !(tier->environments & ~earlier->environments));
		if (classes && environments)
			return true;
	}
	return false;
}

static void
lint_tiers(const struct hp_policy *policy, hp_policy_warning *warn, void *context)
{
	char message[256];
	for (size_t i = 0; i < policy->tier_count; i++) {
		const struct hp_policy_tier *tier = &policy->tiers[i];
		if (!tier->line || !is_shadowed(policy, i))
			continue;
		snprintf(message, sizeof message,
			 "tiers[%zu]: never reached; earlier tiers take all that \"%s\" could", i,
			 tier->name);
		warn(context, tier->line, message);
	}
}

static void
lint_rows(const struct hp_policy *policy, hp_policy_warning *warn, void *context)
{
	char message[256];
	for (size_t i = 0; i < policy->environment_count; i++)
		for (size_t j = 0; j < policy->class_count; j++) {
			const struct hp_policy_row *row = &policy->environments[i].rows[j];
			if (row->own || row->said || !row->line)
				continue;
			snprintf(message, sizeof message,
				 "%s: class \"%s\" has no row and there is no row `other`: it is "
				 "blocked in %s",
				 row->rule, policy->classes[j], policy->environments[i].name);
			warn(context, row->line, message);
		}
}

void
hp_policy_lint(const struct hp_policy *policy, hp_policy_warning *warn, void *context)
{
	lint_rules(policy, warn, context);
	lint_tiers(policy, warn, context);
	lint_rows(policy, warn, context);
}
