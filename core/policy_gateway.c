/* Loading layer 3: rates, budgets, anomalies, caps. Redaction has rules of its own (redact.h). */
#include <stdio.h>
#include <string.h>

#include "core/policy_rules.h"
#include "core/units.h"

/*
 * What a rate counts names its meter, not its place in the list: reordering rules or changing a
 * number in the file gives nobody a full bucket. `nth` tells rules apart that count the same.
 */
static const char *
rate_meter(struct hp_policy *policy, const struct hp_policy_rate *rate, size_t nth)
{
	struct hp_buf buf = {0};
	hp_buf_add_text(&buf, rate->any_environment
				      ? "*"
				      : policy->environments[rate->environment].name);
	for (uint64_t left = rate->except; left; left &= left - 1)
		hp_buf_printf(&buf, " -%s", policy->classes[__builtin_ctzll(left)]);
	hp_buf_printf(&buf, " %zu", nth);
	const char *name = buf.failed ? NULL
				      : hp_arena_strdup(&policy->arena, hp_buf_text(&buf));
	if (buf.failed)
		policy->arena.failed = true;
	hp_buf_release(&buf);
	return name;
}

static size_t
count_same(const struct hp_policy_rate *rates, size_t index)
{
	size_t same = 0;
	for (size_t i = 0; i < index; i++)
		same += rates[i].any_environment == rates[index].any_environment &&
			rates[i].environment == rates[index].environment &&
			rates[i].except == rates[index].except;
	return same;
}

static enum hp_effect
effect_of(const struct hp_value *item)
{
	enum hp_effect effect = HP_EFFECT_BLOCK;
	if (!hp_effect_parse(hp_map_get_str(item, "effect", ""), &effect))
		return HP_EFFECT_BLOCK;
	return effect;
}

static enum hp_status
load_rate(struct hp_policy *policy, const struct hp_value *item, size_t index,
	  struct hp_error *err)
{
	char field[128];
	struct hp_policy_rate *rate = &policy->gateway.rates[index];
	const struct hp_value *environment = hp_map_get(item, "environment");
	*rate = (struct hp_policy_rate){
		.rule = hp_arena_printf(&policy->arena, "gateway.rate_limits[%zu]", index),
		.any_environment = !environment,
		.per_minute = hp_map_get_int(item, "per_minute", 1),
		.effect = effect_of(item),
		.line = item->line,
	};
	rate->burst = hp_map_get_int(item, "burst", rate->per_minute);
	snprintf(field, sizeof field, "gateway.rate_limits[%zu].except", index);
	enum hp_status status = hp_policy_class_bits(policy, hp_map_get(item, "except"), field,
						     &rate->except, err);
	if (status != HP_OK)
		return status;
	if (environment) {
		rate->environment = hp_policy_find_environment(policy, environment->str.p);
		snprintf(field, sizeof field, "gateway.rate_limits[%zu].environment", index);
		if (rate->environment == policy->environment_count)
			return hp_policy_refuse(err, environment, field, "no environment \"%s\"",
						environment->str.p);
	}
	rate->meter = rate_meter(policy, rate, count_same(policy->gateway.rates, index));
	return HP_OK;
}

static enum hp_status
load_rates(struct hp_policy *policy, const struct hp_value *list, struct hp_error *err)
{
	struct hp_policy_gateway *gateway = &policy->gateway;
	size_t count = hp_value_count(list);
	gateway->rates = hp_arena_array(&policy->arena, count + 1, sizeof *gateway->rates);
	for (size_t i = 0; gateway->rates && i < count; i++) {
		enum hp_status status = load_rate(policy, hp_array_get(list, i), i, err);
		if (status != HP_OK)
			return status;
		gateway->rate_count = i + 1;
	}
	return HP_OK;
}

static enum hp_status
load_budgets(struct hp_policy *policy, const struct hp_value *list, struct hp_error *err)
{
	struct hp_policy_gateway *gateway = &policy->gateway;
	struct hp_arena *arena = &policy->arena;
	size_t count = hp_value_count(list);
	gateway->budgets = hp_arena_array(arena, count + 1, sizeof *gateway->budgets);
	for (size_t i = 0; gateway->budgets && i < count; i++) {
		char field[128];
		struct hp_error why = {0};
		struct hp_policy_budget *budget = &gateway->budgets[i];
		const struct hp_value *item = hp_array_get(list, i);
		const struct hp_value *cap = hp_map_get(item, "max_cost_usd");
		snprintf(field, sizeof field, "gateway.budgets[%zu].max_cost_usd", i);
		if (hp_units_usd_micros(cap, &budget->cap_micros, &why) != HP_OK)
			return hp_policy_refuse(err, cap, field, "%s", why.message);
		snprintf(field, sizeof field, "gateway.budgets[%zu].window", i);
		const struct hp_value *window = hp_map_get(item, "window");
		if (hp_units_duration(window->str.p, &budget->window_ms, &why) != HP_OK)
			return hp_policy_refuse(err, window, field, "%s", why.message);
		budget->rule = hp_arena_printf(arena, "gateway.budgets[%zu]", i);
		budget->meter = hp_arena_printf(arena, "%lld", (long long)budget->window_ms);
		budget->effect = effect_of(item);
		budget->line = item->line;
		gateway->budget_count = i + 1;
	}
	return HP_OK;
}

static struct hp_policy_anomaly
load_anomaly(const struct hp_value *map, const char *key)
{
	const struct hp_value *value = hp_map_get(map, key);
	return (struct hp_policy_anomaly){
		.on = value != NULL,
		.effect = !value || hp_value_is(value, "alert") ? HP_EFFECT_ALLOW : HP_EFFECT_HOLD,
		.line = value ? value->line : 0,
	};
}

/* A size is a number of bytes, or words for one. */
static enum hp_status
load_size(const struct hp_value *value, int64_t *ret_bytes, struct hp_error *err)
{
	struct hp_error why = {0};
	*ret_bytes = 0;
	if (value && value->type == HP_INT)
		*ret_bytes = value->integer;
	else if (value && hp_units_size(value->str.p, ret_bytes, &why) != HP_OK)
		return hp_policy_refuse(err, value, "gateway.bytes_per_day", "%s", why.message);
	return HP_OK;
}

enum hp_status
hp_policy_load_gateway(struct hp_policy *policy, const struct hp_value *file, struct hp_error *err)
{
	struct hp_policy_gateway *gateway = &policy->gateway;
	const struct hp_value *section = hp_map_get(file, "gateway");
	const struct hp_value *anomaly = hp_map_get(section, "anomaly");
	enum hp_status status = load_rates(policy, hp_map_get(section, "rate_limits"), err);
	if (status == HP_OK)
		status = load_budgets(policy, hp_map_get(section, "budgets"), err);
	if (status == HP_OK)
		status = load_size(hp_map_get(section, "bytes_per_day"), &gateway->bytes_per_day,
				   err);
	if (status != HP_OK)
		return status;
	gateway->pending_cap = hp_map_get_int(section, "pending_cap", 0);
	gateway->first_time = load_anomaly(anomaly, "first_time");
	gateway->asked_again = load_anomaly(anomaly, "asked_again");
	gateway->rate = load_anomaly(anomaly, "rate");
	return policy->arena.failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
}
