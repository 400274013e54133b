#include "core/gateway.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/evaluate.h"
#include "core/gateway_private.h"
#include "core/units.h"

/* ---- what all parts need ---- */

void
hp_meter_say(struct hp_metering *metering, unsigned layer, const char *rule, enum hp_effect effect,
	     unsigned line, const char *message)
{
	if (metering->finding_count < HP_METER_FINDINGS)
		metering->findings[metering->finding_count++] = (struct hp_finding){
			.layer = layer,
			.rule = rule,
			.effect = effect,
			.message = message,
			.line = line,
		};
}

void
hp_meter_change(struct hp_metering *metering, const char *name, struct hp_buf *take_state)
{
	struct hp_arena *arena = metering->arena;
	struct hp_gateway_change *change = hp_arena_alloc(arena, sizeof *change);
	const char *copy = take_state->failed
				   ? NULL
				   : hp_arena_copy(arena, take_state->data, take_state->len);
	if (!copy || !name)
		arena->failed = true;
	if (change && copy) {
		*change = (struct hp_gateway_change){name, {copy, take_state->len},
						     metering->changes};
		metering->changes = change;
	}
	hp_buf_release(take_state);
}

void
hp_meter_know(struct hp_metering *metering, const char *environment, const char *const *classes,
	      size_t count)
{
	const struct hp_policy *policy = metering->policy;
	metering->environment = hp_policy_find_environment(policy, environment);
	if (metering->environment == policy->environment_count)
		metering->environment = policy->default_environment;
	for (size_t i = 0; i < count; i++) {
		size_t class = hp_policy_find_class(policy, classes[i]);
		if (class < policy->class_count)
			metering->set |= UINT64_C(1) << class;
		else
			metering->unknown = true;
	}
}

bool
hp_meter_rate_applies(const struct hp_metering *metering, const struct hp_policy_rate *rate)
{
	return (rate->any_environment || rate->environment == metering->environment) &&
	       (metering->unknown || !metering->set || (metering->set & ~rate->except));
}

enum hp_status
hp_meter_read_bucket(struct hp_metering *metering, const char *name,
		     const struct hp_policy_rate *rate, struct hp_bucket **ret_bucket)
{
	const struct hp_gateway_source *source = metering->asked->source;
	struct hp_bucket *bucket = hp_arena_alloc(metering->arena, sizeof *bucket);
	struct hp_str state;
	if (!name || !bucket)
		return HP_NOMEM;
	enum hp_status status = source->read(source->context, name, &state);
	if (status == HP_OK)
		status = hp_bucket_decode(state, bucket);
	else if (status == HP_NOT_FOUND) {
		hp_bucket_init(bucket, rate->burst, metering->asked->now_ms);
		status = HP_OK;
	}
	if (status != HP_OK)
		return status;
	hp_bucket_fill(bucket, rate->per_minute, rate->burst, metering->asked->now_ms);
	*ret_bucket = bucket;
	return HP_OK;
}

/* A window that the policy did not have before is summed up from the records. */
static enum hp_status
rebuild(struct hp_metering *metering, const struct hp_policy_budget *rule,
	struct hp_budget *budget)
{
	const struct hp_gateway_source *source = metering->asked->source;
	struct hp_spent *spent = NULL;
	size_t count = 0;
	hp_budget_init(budget, rule->window_ms, metering->asked->now_ms);
	enum hp_status status =
		source->spent(source->context, metering->asked->now_ms - rule->window_ms,
			      budget->granted.slice_ms, &spent, &count);
	for (size_t i = 0; status == HP_OK && i < count; i++)
		hp_window_change(spent[i].asked ? &budget->asked : &budget->granted,
				 spent[i].at_ms, spent[i].cost_micros);
	return status;
}

enum hp_status
hp_meter_read_budget(struct hp_metering *metering, const struct hp_policy_budget *rule,
		     struct hp_budget **ret_budget)
{
	const struct hp_gateway_source *source = metering->asked->source;
	struct hp_budget *budget = hp_arena_alloc(metering->arena, sizeof *budget);
	const char *name = hp_arena_printf(metering->arena, "budget %s", rule->meter);
	struct hp_str state;
	if (!name || !budget)
		return HP_NOMEM;
	enum hp_status status = source->read(source->context, name, &state);
	if (status == HP_NOT_FOUND)
		status = rebuild(metering, rule, budget);
	else if (status == HP_OK)
		status = hp_budget_decode(state, rule->window_ms, budget);
	if (status != HP_OK)
		return status;
	hp_budget_advance(budget, metering->asked->now_ms);
	*ret_budget = budget;
	return HP_OK;
}

bool
hp_meter_budget_repeats(const struct hp_policy_gateway *gateway, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (gateway->budgets[i].window_ms == gateway->budgets[index].window_ms)
			return true;
	return false;
}

void
hp_meter_change_budget(struct hp_metering *metering, const struct hp_policy_budget *rule,
	      const struct hp_budget *budget)
{
	struct hp_buf state = {0};
	hp_budget_encode(budget, &state);
	hp_meter_change(metering, hp_arena_printf(metering->arena, "budget %s", rule->meter),
			&state);
}

void
hp_meter_change_bucket(struct hp_metering *metering, const char *kind, const struct hp_policy_rate *rate,
	      const struct hp_bucket *bucket)
{
	struct hp_buf state = {0};
	hp_bucket_encode(bucket, &state);
	hp_meter_change(metering, hp_arena_printf(metering->arena, "%s %s", kind, rate->meter),
			&state);
}

enum hp_status
hp_meter_begin(const struct hp_gateway_asked *asked, struct hp_metering **ret_metering, struct hp_error *err)
{
	struct hp_metering *metering = hp_arena_alloc(asked->arena, sizeof *metering);
	if (!metering)
		return hp_fail(err, HP_NOMEM, "out of memory");
	metering->asked = asked;
	metering->policy = asked->policy;
	metering->arena = asked->arena;
	*ret_metering = metering;
	return HP_OK;
}

enum hp_status
hp_meter_end(const struct hp_metering *metering, enum hp_status status, struct hp_error *err)
{
	if (metering->arena->failed)
		status = HP_NOMEM;
	if (status == HP_INVALID)
		return hp_fail(err, status, "a meter of \"%s\" cannot be read",
			       metering->asked->requester->name);
	return status == HP_OK || status == HP_REFUSED
		       ? status
		       : hp_fail(err, status, "meters: %s", hp_status_text(status));
}

/* ---- submit ---- */

/* The day's bytes as they stand; only where the policy has a limit for them. */
static enum hp_status
read_bytes(struct hp_metering *metering)
{
	const struct hp_gateway_source *source = metering->asked->source;
	struct hp_str state;
	if (!(metering->bytes = hp_arena_alloc(metering->arena, sizeof *metering->bytes)))
		return HP_NOMEM;
	enum hp_status status = source->read(source->context, "bytes", &state);
	if (status == HP_OK)
		status = hp_window_decode(&state, HP_METER_DAY_MS, metering->bytes);
	else if (status == HP_NOT_FOUND) {
		hp_window_init(metering->bytes, HP_METER_DAY_MS, metering->asked->now_ms);
		status = HP_OK;
	}
	if (status == HP_OK)
		hp_window_advance(metering->bytes, metering->asked->now_ms);
	return status;
}

static void
change_bytes(struct hp_metering *metering)
{
	struct hp_buf state = {0};
	hp_window_encode(metering->bytes, &state);
	hp_meter_change(metering, "bytes", &state);
}

static enum hp_status
judge_bytes(struct hp_metering *metering, int64_t bytes, struct hp_gateway_result *result)
{
	int64_t most = metering->policy->gateway.bytes_per_day;
	enum hp_status status = most ? read_bytes(metering) : HP_OK;
	if (!most || status != HP_OK)
		return status;
	if (hp_window_sum(metering->bytes) > most - bytes) {
		result->answer = HP_GATEWAY_BYTES;
		result->why = hp_arena_printf(metering->arena,
					      "%s has sent all the %" PRId64
					      " bytes of requests that it may in 24 hours",
					      metering->asked->requester->name, most);
	}
	hp_window_add(metering->bytes, metering->asked->now_ms, bytes);
	return HP_OK;
}

static enum hp_status
judge_rates(struct hp_metering *metering)
{
	const struct hp_policy_gateway *gateway = &metering->policy->gateway;
	for (size_t i = 0; i < gateway->rate_count; i++) {
		const struct hp_policy_rate *rate = &gateway->rates[i];
		if (!hp_meter_rate_applies(metering, rate))
			continue;
		enum hp_status status = hp_meter_read_bucket(
			metering, hp_arena_printf(metering->arena, "rate %s", rate->meter), rate,
			&metering->buckets[i]);
		if (status != HP_OK)
			return status;
		struct hp_bucket *bucket = metering->buckets[i];
		if (hp_bucket_take(bucket))
			continue;
		hp_meter_say(metering, 3, rate->rule, rate->effect, rate->line,
			     hp_arena_printf(metering->arena,
					     "more than %" PRId64 " requests a minute (at most "
					     "%" PRId64 " at once); the next one in %" PRId64 " s",
					     rate->per_minute, rate->burst,
					     (hp_bucket_wait_ms(bucket, rate->per_minute) + 999) /
						     1000));
	}
	return HP_OK;
}

/* What it may cost: as it says; else as much as one action may, but for what only reads. */
static int64_t
cost_of(const struct hp_metering *metering)
{
	int64_t said = metering->request->cost_usd_micros;
	if (said >= 0)
		return said;
	return metering->verdict->pure_read ? 0 : metering->policy->magnitude.max_cost_micros;
}

static void
tell_budget(struct hp_metering *metering, const struct hp_policy_budget *rule, int64_t used)
{
	struct hp_buf window = {0};
	int64_t cost = metering->cost_micros;
	bool said = metering->request->cost_usd_micros >= 0;
	hp_units_add_span(&window, rule->window_ms);
	hp_meter_say(metering, 3, rule->rule, rule->effect, rule->line,
		     hp_arena_printf(metering->arena,
				     "costs $%" PRId64 ".%02" PRId64 "%s; of $%" PRId64
				     ".%02" PRId64 " in %s, $%" PRId64 ".%02" PRId64
				     " are spent or reserved",
				     cost / 1000000, cost / 10000 % 100,
				     said ? "" : " (it does not say, so the cap of one action)",
				     rule->cap_micros / 1000000, rule->cap_micros / 10000 % 100,
				     hp_buf_text(&window), used / 1000000, used / 10000 % 100));
	hp_buf_release(&window);
}

static enum hp_status
judge_budgets(struct hp_metering *metering)
{
	const struct hp_policy_gateway *gateway = &metering->policy->gateway;
	metering->cost_micros = cost_of(metering);
	for (size_t i = 0; metering->cost_micros && i < gateway->budget_count; i++) {
		const struct hp_policy_budget *rule = &gateway->budgets[i];
		enum hp_status status =
			hp_meter_read_budget(metering, rule, &metering->budgets[i]);
		if (status != HP_OK)
			return status;
		int64_t used = hp_budget_sum(metering->budgets[i]);
		if (used > rule->cap_micros - metering->cost_micros)
			tell_budget(metering, rule, used);
	}
	return HP_OK;
}

static enum hp_status
judge_pending(struct hp_metering *metering, struct hp_gateway_result *result)
{
	const struct hp_gateway_source *source = metering->asked->source;
	int64_t cap = metering->policy->gateway.pending_cap, count = 0;
	enum hp_effect effect = metering->verdict->effect;
	if (!cap || effect <= HP_EFFECT_LOG || effect >= HP_EFFECT_BLOCK)
		return HP_OK;
	enum hp_status status = source->pending(source->context, cap, &count);
	if (status == HP_OK && count >= cap) {
		result->answer = HP_GATEWAY_PENDING;
		result->why = hp_arena_printf(metering->arena,
					      "%s has %" PRId64 " requests waiting for people, "
					      "which is all that it may",
					      metering->asked->requester->name, count);
	}
	return status;
}

/* The verdict with what the meters found: a stricter one, or the same. */
static enum hp_status
add_findings(struct hp_metering *metering)
{
	struct hp_verdict *verdict = metering->verdict;
	const char **flags = hp_arena_array(metering->arena,
					    verdict->flag_count + metering->flag_count + 1,
					    sizeof *flags);
	if (!flags)
		return HP_NOMEM;
	for (size_t i = 0; i < verdict->flag_count; i++)
		flags[i] = verdict->flags[i];
	for (size_t i = 0; i < metering->flag_count; i++)
		flags[verdict->flag_count++] = metering->flags[i];
	verdict->flags = flags;
	return hp_verdict_add(metering->policy, metering->arena, verdict, metering->findings,
			      metering->finding_count);
}

/* What the meters hold once the request is stored. */
static void
charge(struct hp_metering *metering, struct hp_gateway_result *result)
{
	const struct hp_policy_gateway *gateway = &metering->policy->gateway;
	bool blocked = metering->verdict->effect == HP_EFFECT_BLOCK;
	if (blocked) /* what was not let through is still new the next time */
		metering->changes = NULL;
	for (size_t i = 0; i < gateway->rate_count; i++)
		if (metering->buckets[i])
			hp_meter_change_bucket(metering, "rate", &gateway->rates[i], metering->buckets[i]);
	hp_meter_charge_pace(metering);
	if (metering->bytes)
		change_bytes(metering);
	result->at_ms = metering->asked->now_ms;
	result->asked = metering->verdict->effect > HP_EFFECT_LOG;
	if (blocked)
		return;
	result->cost_micros = metering->cost_micros;
	result->chain_resources = metering->resources;
	result->chain_micros = metering->request->cost_usd_micros;
	if (result->chain_micros < 0)
		result->chain_micros = 0;
	hp_meter_charge_chains(metering);
	for (size_t i = 0; i < gateway->budget_count; i++) {
		struct hp_budget *budget = metering->budgets[i];
		if (!budget || hp_meter_budget_repeats(gateway, i))
			continue;
		int64_t at_ms =
			hp_window_add(result->asked ? &budget->asked : &budget->granted,
				      metering->asked->now_ms, metering->cost_micros);
		if (at_ms > result->at_ms) /* after a clock that went backwards */
			result->at_ms = at_ms;
		hp_meter_change_budget(metering, &gateway->budgets[i], budget);
	}
}

static enum hp_status
judge(struct hp_metering *metering, int64_t bytes, struct hp_gateway_result *result)
{
	enum hp_status status = judge_bytes(metering, bytes, result);
	if (status != HP_OK || result->answer != HP_GATEWAY_PASS)
		return status;
	status = hp_meter_judge_chains(metering);
	if (status == HP_OK)
		status = judge_rates(metering);
	if (status == HP_OK)
		status = judge_budgets(metering);
	if (status == HP_OK)
		status = hp_meter_judge_anomalies(metering, result);
	if (status == HP_OK)
		status = add_findings(metering);
	if (status == HP_OK)
		status = judge_pending(metering, result);
	if (status == HP_OK && result->answer == HP_GATEWAY_PASS)
		charge(metering, result);
	return status;
}

enum hp_status
hp_gateway_submit(const struct hp_gateway_asked *asked, const struct hp_request *request,
		  int64_t bytes, struct hp_verdict *verdict, struct hp_gateway_result *ret_result,
		  struct hp_error *err)
{
	struct hp_metering *metering = NULL;
	struct hp_gateway_result result = {.answer = HP_GATEWAY_PASS};
	if (hp_policy_column(asked->requester) == HP_MODE_HUMAN) {
		*ret_result = result;
		return HP_OK;
	}
	enum hp_status status = hp_meter_begin(asked, &metering, err);
	if (status != HP_OK)
		return status;
	metering->request = request;
	metering->verdict = verdict;
	hp_meter_know(metering, verdict->environment, verdict->classes, verdict->class_count);
	metering->resources = verdict->resources_affected;
	if (metering->resources < 0) /* unsaid; over the cap by itself */
		metering->resources = (int64_t)hp_value_count(request->resources);
	if (metering->resources < 1 && verdict->resources_affected < 0)
		metering->resources = 1;
	status = hp_meter_end(metering, judge(metering, bytes, &result), err);
	if (status != HP_OK)
		return status;
	result.metered = true;
	result.changes = metering->changes;
	*ret_result = result;
	return HP_OK;
}

enum hp_status
hp_gateway_words(const struct hp_gateway_asked *asked, int64_t bytes,
		 struct hp_gateway_change **ret_changes, struct hp_error *err)
{
	struct hp_metering *metering = NULL;
	int64_t most = asked->policy->gateway.bytes_per_day;
	if (!most || hp_policy_column(asked->requester) == HP_MODE_HUMAN) {
		*ret_changes = NULL;
		return HP_OK;
	}
	enum hp_status status = hp_meter_begin(asked, &metering, err);
	if (status != HP_OK)
		return status;
	status = read_bytes(metering);
	if (status == HP_OK && hp_window_sum(metering->bytes) > most - bytes)
		return HP_REFUSED;
	if (status == HP_OK) {
		hp_window_add(metering->bytes, metering->asked->now_ms, bytes);
		change_bytes(metering);
	}
	status = hp_meter_end(metering, status, err);
	if (status == HP_OK)
		*ret_changes = metering->changes;
	return status;
}
