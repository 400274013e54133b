/*
 * Chains: requests of one (agent, environment, class) inside ten minutes count together, so that
 * five deletes of one resource are one delete of five. Reading is no change, and makes no chain.
 */
#include <inttypes.h>
#include <stdio.h>

#include "core/gateway_private.h"

static const char *
class_name(const struct hp_policy *policy, size_t class)
{
	return class < policy->class_count ? policy->classes[class] : "unknown";
}

static bool
chains(const struct hp_metering *metering, size_t class)
{
	if (class == metering->policy->class_count)
		return metering->unknown;
	uint64_t bit = UINT64_C(1) << class;
	return (metering->set & bit) && bit != metering->policy->read;
}

static const char *
meter_name(const struct hp_metering *metering, size_t class)
{
	return hp_arena_printf(metering->arena, "chain %s %s",
			       metering->policy->environments[metering->environment].name,
			       class_name(metering->policy, class));
}

static enum hp_status
read_chain(struct hp_metering *metering, size_t class)
{
	const struct hp_gateway_source *source = metering->asked->source;
	struct hp_str state = {0};
	const char *name = meter_name(metering, class);
	metering->chains[class] =
		hp_arena_alloc(metering->arena, sizeof *metering->chains[class]);
	if (!name || !metering->chains[class])
		return HP_NOMEM;
	struct hp_window *resources = &metering->chains[class]->resources;
	struct hp_window *cost = &metering->chains[class]->cost;
	enum hp_status status = source->read(source->context, name, &state);
	if (status == HP_NOT_FOUND) {
		hp_window_init(resources, HP_METER_CHAIN_MS, metering->asked->now_ms);
		hp_window_init(cost, HP_METER_CHAIN_MS, metering->asked->now_ms);
		return HP_OK;
	}
	if (status == HP_OK)
		status = hp_window_decode(&state, HP_METER_CHAIN_MS, resources);
	if (status == HP_OK)
		status = hp_window_decode(&state, HP_METER_CHAIN_MS, cost);
	if (status != HP_OK)
		return status;
	hp_window_advance(resources, metering->asked->now_ms);
	hp_window_advance(cost, metering->asked->now_ms);
	return HP_OK;
}

/* One cap over the sum; a request that is over it alone has been told of already. */
static void
judge_resources(struct hp_metering *metering, size_t class, const char *rule, int64_t cap,
		enum hp_effect effect, unsigned line)
{
	int64_t before = hp_window_sum(&metering->chains[class]->resources), sum;
	if (metering->resources > cap || !before)
		return;
	if (__builtin_add_overflow(before, metering->resources, &sum))
		sum = INT64_MAX;
	if (sum <= cap)
		return;
	hp_meter_say(metering, 1, rule, effect, line,
		     hp_arena_printf(metering->arena,
				     "%" PRId64 " resources affected together with other requests "
				     "of class %s in %s in the last 10 minutes; the cap is %" PRId64,
				     sum, class_name(metering->policy, class),
				     metering->verdict->environment, cap));
}

static void
judge_cost(struct hp_metering *metering, size_t class, const struct hp_policy_magnitude *cap)
{
	int64_t own = metering->request->cost_usd_micros, sum;
	int64_t before = hp_window_sum(&metering->chains[class]->cost);
	if (own < 0)
		own = 0;
	if (own > cap->max_cost_micros || !before || !own)
		return;
	if (__builtin_add_overflow(before, own, &sum))
		sum = INT64_MAX;
	if (sum <= cap->max_cost_micros)
		return;
	hp_meter_say(metering, 1, "change_magnitude.max_cost_impact_usd", cap->effect,
		     cap->cost_line,
		     hp_arena_printf(metering->arena,
				     "costs $%" PRId64 ".%02" PRId64 " together with other requests "
				     "of class %s in %s in the last 10 minutes; the cap is $%" PRId64
				     ".%02" PRId64,
				     sum / 1000000, sum / 10000 % 100,
				     class_name(metering->policy, class),
				     metering->verdict->environment,
				     cap->max_cost_micros / 1000000,
				     cap->max_cost_micros / 10000 % 100));
}

enum hp_status
hp_meter_judge_chains(struct hp_metering *metering)
{
	const struct hp_policy_magnitude *cap = &metering->policy->magnitude;
	for (size_t class = 0; class <= metering->policy->class_count; class++) {
		if (!chains(metering, class))
			continue;
		enum hp_status status = read_chain(metering, class);
		if (status != HP_OK)
			return status;
		judge_resources(metering, class, "change_magnitude.max_resources_affected",
				cap->max_resources, cap->effect, cap->resources_line);
		judge_resources(metering, class, "change_magnitude.hard_max_resources_affected",
				cap->hard_max_resources, HP_EFFECT_BLOCK, cap->hard_line);
		judge_cost(metering, class, cap);
	}
	return HP_OK;
}

static void
change_chain(struct hp_metering *metering, size_t class)
{
	struct hp_buf state = {0};
	hp_window_encode(&metering->chains[class]->resources, &state);
	hp_window_encode(&metering->chains[class]->cost, &state);
	hp_meter_change(metering, meter_name(metering, class), &state);
}

void
hp_meter_charge_chains(struct hp_metering *metering)
{
	int64_t now_ms = metering->asked->now_ms, cost = metering->request->cost_usd_micros;
	for (size_t class = 0; class <= metering->policy->class_count; class++) {
		if (!metering->chains[class])
			continue;
		hp_window_add(&metering->chains[class]->resources, now_ms, metering->resources);
		hp_window_add(&metering->chains[class]->cost, now_ms, cost > 0 ? cost : 0);
		change_chain(metering, class);
	}
}

enum hp_status
hp_meter_leave_chains(struct hp_metering *metering, const struct hp_gateway_link *link)
{
	for (size_t class = 0; class <= metering->policy->class_count; class++) {
		if (!chains(metering, class))
			continue;
		enum hp_status status = read_chain(metering, class);
		if (status != HP_OK)
			return status;
		hp_window_change(&metering->chains[class]->resources, link->at_ms,
				 -link->resources);
		hp_window_change(&metering->chains[class]->cost, link->at_ms, -link->cost_micros);
		change_chain(metering, class);
	}
	return HP_OK;
}
