/* Meters after the verdict: looked at again when a grant is claimed, put right by what it cost. */
#include <inttypes.h>

#include "core/gateway_private.h"

/* Grants that were saved up and are used at once are as fast as asking was slow. */
static enum hp_status
claim_rates(struct hp_metering *metering, const char **ret_why)
{
	const struct hp_policy_gateway *gateway = &metering->policy->gateway;
	for (size_t i = 0; i < gateway->rate_count; i++) {
		const struct hp_policy_rate *rate = &gateway->rates[i];
		struct hp_bucket *bucket;
		if (rate->effect != HP_EFFECT_BLOCK || !hp_meter_rate_applies(metering, rate))
			continue;
		enum hp_status status = hp_meter_read_bucket(
			metering, hp_arena_printf(metering->arena, "claim %s", rate->meter), rate,
			&bucket);
		if (status != HP_OK)
			return status;
		if (!hp_bucket_take(bucket)) {
			*ret_why = hp_arena_printf(
				metering->arena,
				"%s: more than %" PRId64 " are started a minute; the next one in "
				"%" PRId64 " s",
				rate->rule, rate->per_minute,
				(hp_bucket_wait_ms(bucket, rate->per_minute) + 999) / 1000);
			return HP_REFUSED;
		}
		hp_meter_change_bucket(metering, "claim", rate, bucket);
	}
	return HP_OK;
}

/* The sums hold this request already. What people approved was approved with the budget in sight;
 * what a budget blocks, nobody can approve. */
static enum hp_status
claim_budgets(struct hp_metering *metering, const struct hp_gateway_grant *grant,
	      const char **ret_why)
{
	const struct hp_policy_gateway *gateway = &metering->policy->gateway;
	for (size_t i = 0; grant->cost_micros && i < gateway->budget_count; i++) {
		const struct hp_policy_budget *rule = &gateway->budgets[i];
		struct hp_budget *budget;
		if (rule->effect <= HP_EFFECT_LOG ||
		    (grant->asked && rule->effect != HP_EFFECT_BLOCK))
			continue;
		enum hp_status status = hp_meter_read_budget(metering, rule, &budget);
		if (status != HP_OK)
			return status;
		int64_t used = rule->effect == HP_EFFECT_BLOCK ? hp_budget_sum(budget)
							       : hp_window_sum(&budget->granted);
		if (used <= rule->cap_micros)
			continue;
		*ret_why = hp_arena_printf(metering->arena,
					   "%s: $%" PRId64 ".%02" PRId64
					   " are spent or reserved by now, of $%" PRId64
					   ".%02" PRId64,
					   rule->rule, used / 1000000, used / 10000 % 100,
					   rule->cap_micros / 1000000,
					   rule->cap_micros / 10000 % 100);
		return HP_REFUSED;
	}
	return HP_OK;
}

enum hp_status
hp_gateway_claim(const struct hp_gateway_asked *asked, const struct hp_gateway_grant *grant,
		 struct hp_gateway_change **ret_changes, const char **ret_why,
		 struct hp_error *err)
{
	struct hp_metering *metering = NULL;
	const char *why = NULL;
	if (hp_policy_column(asked->requester) == HP_MODE_HUMAN) {
		*ret_changes = NULL;
		return HP_OK;
	}
	enum hp_status status = hp_meter_begin(asked, &metering, err);
	if (status != HP_OK)
		return status;
	hp_meter_know(metering, grant->environment, grant->classes, grant->class_count);
	status = claim_budgets(metering, grant, &why);
	if (status == HP_OK)
		status = claim_rates(metering, &why);
	status = hp_meter_end(metering, status, err);
	if (status == HP_REFUSED)
		*ret_why = why;
	if (status == HP_OK)
		*ret_changes = metering->changes;
	return status;
}

enum hp_status
hp_gateway_unlink(const struct hp_gateway_asked *asked, const struct hp_gateway_link *link,
		  struct hp_gateway_change **ret_changes, struct hp_error *err)
{
	struct hp_metering *metering = NULL;
	enum hp_status status = hp_meter_begin(asked, &metering, err);
	if (status != HP_OK)
		return status;
	hp_meter_know(metering, link->environment, link->classes, link->class_count);
	status = hp_meter_leave_chains(metering, link);
	if (status == HP_OK && asked->arena->failed)
		status = HP_NOMEM;
	if (status != HP_OK)
		return hp_fail(err, status, "chains: %s", hp_status_text(status));
	*ret_changes = metering->changes;
	return HP_OK;
}

enum hp_status
hp_gateway_settle(const struct hp_gateway_asked *asked, const struct hp_spent *was,
		  int64_t cost_micros, struct hp_gateway_change **ret_changes, struct hp_error *err)
{
	struct hp_metering *metering = NULL;
	const struct hp_policy_gateway *gateway = &asked->policy->gateway;
	enum hp_status status = hp_meter_begin(asked, &metering, err);
	for (size_t i = 0; status == HP_OK && i < gateway->budget_count; i++) {
		struct hp_budget *budget;
		if (hp_meter_budget_repeats(gateway, i))
			continue;
		status = hp_meter_read_budget(metering, &gateway->budgets[i], &budget);
		if (status != HP_OK)
			break;
		hp_window_change(was->asked ? &budget->asked : &budget->granted, was->at_ms,
				 cost_micros - was->cost_micros);
		hp_meter_change_budget(metering, &gateway->budgets[i], budget);
	}
	if (status == HP_OK && asked->arena->failed)
		status = HP_NOMEM;
	if (status != HP_OK)
		return hp_fail(err, status, "budgets: %s", hp_status_text(status));
	*ret_changes = metering->changes;
	return HP_OK;
}
