/*
 * How an agent's meters stand: for people who look. Nothing is written.
 */
#include <string.h>

#include "core/gateway_private.h"

static enum hp_status
read_rates(struct hp_metering *metering, struct hp_gateway_report *report)
{
	const struct hp_policy_gateway *gateway = &metering->policy->gateway;
	const struct hp_policy_environment *environments = metering->policy->environments;
	struct hp_gateway_rate *rates =
		hp_arena_array(metering->arena, gateway->rate_count + 1, sizeof *rates);
	for (size_t i = 0; rates && i < gateway->rate_count; i++) {
		const struct hp_policy_rate *rate = &gateway->rates[i];
		struct hp_bucket *bucket = NULL;
		enum hp_status status = hp_meter_read_bucket(
			metering, hp_arena_printf(metering->arena, "rate %s", rate->meter), rate,
			&bucket);
		if (status != HP_OK)
			return status;
		rates[i] = (struct hp_gateway_rate){
			.rule = rate->rule,
			.environment = rate->any_environment ? "" : environments[rate->environment].name,
			.left = bucket->tokens_micros / HP_TOKEN_MICROS,
			.burst = rate->burst,
			.per_minute = rate->per_minute,
		};
	}
	report->rates = rates;
	report->rate_count = gateway->rate_count;
	return rates ? HP_OK : HP_NOMEM;
}

static enum hp_status
read_budgets(struct hp_metering *metering, struct hp_gateway_report *report)
{
	const struct hp_policy_gateway *gateway = &metering->policy->gateway;
	struct hp_gateway_spend *spends =
		hp_arena_array(metering->arena, gateway->budget_count + 1, sizeof *spends);
	for (size_t i = 0; spends && i < gateway->budget_count; i++) {
		const struct hp_policy_budget *rule = &gateway->budgets[i];
		struct hp_budget *budget = NULL;
		enum hp_status status = hp_meter_read_budget(metering, rule, &budget);
		if (status != HP_OK)
			return status;
		spends[i] = (struct hp_gateway_spend){
			.rule = rule->rule,
			.window_ms = rule->window_ms,
			.spent_micros = hp_budget_sum(budget),
			.cap_micros = rule->cap_micros,
		};
	}
	report->spends = spends;
	report->spend_count = gateway->budget_count;
	return spends ? HP_OK : HP_NOMEM;
}

enum hp_status
hp_gateway_look(const struct hp_gateway_asked *asked, struct hp_gateway_report *ret_report,
		struct hp_error *err)
{
	struct hp_gateway_report report = {0};
	struct hp_metering *metering;
	enum hp_status status = hp_meter_begin(asked, &metering, err);
	if (status != HP_OK)
		return status;
	status = read_rates(metering, &report);
	if (status == HP_OK)
		status = read_budgets(metering, &report);
	status = hp_meter_end(metering, status, err);
	if (status == HP_OK)
		*ret_report = report;
	return status;
}
