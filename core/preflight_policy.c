/* Preflight's checks of what agents may do (1), may never do alone (2), and how much at once (7). */
#include <inttypes.h>
#include <string.h>

#include "core/gateway.h"
#include "core/policy_rules.h"
#include "core/preflight.h"

static bool
speaks(const struct hp_verdict *verdict, const char *rule)
{
	size_t len = strlen(rule);
	for (size_t i = 0; i < verdict->finding_count; i++)
		if (strncmp(verdict->findings[i].rule, rule, len) == 0)
			return true;
	return false;
}

/* ---- 1: permission scoping ---- */

struct scoping {
	struct hp_names anywhere, anything, taskless;
	size_t agents;
};

/* Tries an operation that nobody needs, in every environment: only an agent's own bounds know it. */
static enum hp_status
probe_agent(struct hp_preflight *preflight, const struct hp_principal *agent,
	    struct scoping *scoping, struct hp_error *err)
{
	const struct hp_policy *policy = preflight->policy;
	bool somewhere_refused = false, refused = false, taskless = false;
	struct hp_arena arena = {0};
	enum hp_status status = HP_OK;
	for (size_t i = 0; status == HP_OK && i < policy->environment_count; i++) {
		struct hp_verdict verdict;
		status = hp_preflight_evaluate(
			policy, &arena, agent,
			hp_preflight_probe(&arena, "holdpoint-preflight:NobodyNeedsThis",
					   policy->environments[i].name),
			true, &verdict, err);
		if (status != HP_OK)
			break;
		bool bound = speaks(&verdict, "principal.environments");
		somewhere_refused |= bound;
		refused |= speaks(&verdict, "principal.operations");
		if (i <= policy->production && !bound &&
		    !speaks(&verdict, "permissions.task_scope"))
			taskless = true;
		hp_arena_reset(&arena);
	}
	hp_arena_release(&arena);
	if (policy->environment_count == 1 && agent->environment_count)
		somewhere_refused = true; /* there is no other one that a probe could name */
	if (!somewhere_refused)
		hp_names_add(preflight->arena, &scoping->anywhere, agent->name);
	if (!refused)
		hp_names_add(preflight->arena, &scoping->anything, agent->name);
	if (taskless)
		hp_names_add(preflight->arena, &scoping->taskless, agent->name);
	return status;
}

enum hp_status
hp_preflight_scoping(struct hp_preflight *preflight, struct hp_error *err)
{
	struct scoping scoping = {0};
	const char *production = preflight->policy->environments[preflight->policy->production].name;
	for (size_t i = 0; i < hp_directory_count(preflight->directory); i++) {
		const struct hp_principal *one = hp_directory_at(preflight->directory, i);
		if (one->revoked || !(one->roles & HP_ROLE_AGENT))
			continue;
		scoping.agents++;
		enum hp_status status = probe_agent(preflight, one, &scoping, err);
		if (status != HP_OK)
			return status;
	}
	if (!scoping.agents) {
		hp_preflight_say(preflight, HP_CHECK_SCOPING, HP_NOT_CHECKED, NULL,
				 "no agent is enrolled");
		return HP_OK;
	}
	if (scoping.anywhere.count)
		hp_preflight_say(preflight, HP_CHECK_SCOPING, HP_FAILED,
				 "give each agent `environments` in principals.d, then reload",
				 "a probe in each environment is refused by no bound of %s",
				 hp_names_text(preflight->arena, &scoping.anywhere));
	if (scoping.anything.count)
		hp_preflight_say(preflight, HP_CHECK_SCOPING, HP_FAILED,
				 "give each agent `operations` in principals.d, then reload",
				 "a probe of an operation that nobody needs is refused by no bound "
				 "of %s",
				 hp_names_text(preflight->arena, &scoping.anything));
	if (!scoping.anywhere.count && !scoping.anything.count)
		hp_preflight_say(preflight, HP_CHECK_SCOPING, HP_PASSED, NULL,
				 "probes as each agent (%zu of them) of what nobody needs, in each "
				 "environment: all are bound in environment and operation",
				 scoping.agents);
	if (scoping.taskless.count)
		hp_preflight_say(preflight, HP_CHECK_SCOPING, HP_WARNED,
				 "set permissions.task_scope to required there, and open a task for "
				 "each session",
				 "in %s these need no open task: %s", production,
				 hp_names_text(preflight->arena, &scoping.taskless));
	return HP_OK;
}

/* ---- 2: destructive blocklist ---- */

static const struct {
	const char *operation, *command;
} corpus[] = {
#define HP_DESTRUCTIVE(operation, command) {operation, command},
#include "core/preflight_corpus.def"
#undef HP_DESTRUCTIVE
};
enum { CORPUS = sizeof corpus / sizeof corpus[0] };

/* Agents of either mode, without bounds. */
static const struct hp_principal unbound[] = {
	{.name = "an autonomous agent", .roles = HP_ROLE_AGENT, .mode = HP_MODE_AUTONOMOUS,
	 .person = "", .owner = "", .audience = ""},
	{.name = "a supervised agent", .roles = HP_ROLE_AGENT, .mode = HP_MODE_SUPERVISED,
	 .person = "", .owner = "", .audience = ""},
};
enum { UNBOUND = sizeof unbound / sizeof unbound[0] };

/* Words are split at spaces; a tab stands for a space inside one. */
static struct hp_value *
words_of(struct hp_arena *arena, const char *text)
{
	struct hp_value *list = hp_value_array(arena);
	while (*text) {
		size_t len = strcspn(text, " ");
		char *word = hp_arena_copy(arena, text, len);
		for (char *c = word; c && *c; c++)
			*c = *c == '\t' ? ' ' : *c;
		if (word)
			hp_array_add(arena, list, hp_value_str(arena, word));
		text += len + (text[len] == ' ');
	}
	return list;
}

static enum hp_status
judge_corpus(struct hp_preflight *preflight, const struct hp_principal *agent,
	     const char *environment, struct hp_error *err)
{
	struct hp_arena arena = {0};
	struct hp_names allowed = {0};
	size_t blocked = 0;
	enum hp_status status = HP_OK;
	for (size_t i = 0; status == HP_OK && i < CORPUS; i++) {
		struct hp_verdict verdict;
		struct hp_value *map =
			hp_preflight_probe(&arena, corpus[i].operation, environment);
		struct hp_value *action = map ? map->map.pairs[0].value : NULL;
		if (corpus[i].command)
			hp_map_set(&arena, action, "command", words_of(&arena, corpus[i].command));
		status = hp_preflight_evaluate(preflight->policy, &arena, agent, map, false,
					       &verdict, err);
		if (status == HP_OK && verdict.effect <= HP_EFFECT_LOG)
			hp_names_add(preflight->arena, &allowed,
				     corpus[i].command ? corpus[i].command : corpus[i].operation);
		blocked += status == HP_OK && verdict.effect == HP_EFFECT_BLOCK;
		hp_arena_reset(&arena);
	}
	hp_arena_release(&arena);
	if (status == HP_OK && allowed.count)
		hp_preflight_say(preflight, HP_CHECK_DESTRUCTIVE, HP_FAILED,
				 "tighten agent_constraints or permissions; `policy explain` says "
				 "which rule speaks",
				 "%s in %s is allowed without anybody being asked: %s", agent->name,
				 environment, hp_names_text(preflight->arena, &allowed));
	else if (status == HP_OK)
		hp_preflight_say(preflight, HP_CHECK_DESTRUCTIVE, HP_PASSED, NULL,
				 "%d destructive actions as %s in %s: %zu blocked, %zu wait for "
				 "people, none allowed",
				 CORPUS, agent->name, environment, blocked,
				 (size_t)CORPUS - blocked);
	return status;
}

enum hp_status
hp_preflight_destructive(struct hp_preflight *preflight, struct hp_error *err)
{
	const struct hp_policy *policy = preflight->policy;
	enum hp_status status = HP_OK;
	for (size_t i = 0; status == HP_OK && i < UNBOUND; i++)
		status = judge_corpus(preflight, &unbound[i],
				      policy->environments[policy->production].name, err);
	return status;
}

/* ---- 7: blast radius ---- */

/* Whether a read of so many resources at this cost meets `rule`. */
static enum hp_status
meets(struct hp_preflight *preflight, const char *rule, int64_t resources, int64_t usd,
      bool *ret_meets, struct hp_error *err)
{
	struct hp_arena arena = {0};
	struct hp_verdict verdict;
	const struct hp_policy *policy = preflight->policy;
	struct hp_value *map = hp_preflight_probe(&arena, "ecs:DescribeServices",
						  policy->environments[policy->production].name);
	hp_preflight_set_impact(&arena, map, "resources_affected", hp_value_int(&arena, resources));
	hp_preflight_set_impact(&arena, map, "cost_usd", hp_value_int(&arena, usd));
	enum hp_status status =
		hp_preflight_evaluate(policy, &arena, &unbound[0], map, false, &verdict, err);
	if (status == HP_OK)
		*ret_meets = speaks(&verdict, rule) && verdict.effect > HP_EFFECT_LOG;
	hp_arena_release(&arena);
	return status;
}

/* The smallest number that meets the rule; -1: not even HUGE. */
static enum hp_status
find_cap(struct hp_preflight *preflight, const char *rule, bool of_cost, int64_t huge,
	 int64_t *ret_cap, struct hp_error *err)
{
	int64_t low = 0, high = huge; /* low does not meet it, high does */
	bool met = false;
	enum hp_status status =
		meets(preflight, rule, of_cost ? 0 : high, of_cost ? high : 0, &met, err);
	if (status != HP_OK)
		return status;
	*ret_cap = -1;
	if (!met)
		return HP_OK;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		status = meets(preflight, rule, of_cost ? 0 : middle, of_cost ? middle : 0, &met,
			       err);
		if (status != HP_OK)
			return status;
		*(met ? &high : &low) = middle;
	}
	*ret_cap = high;
	return HP_OK;
}

/* Meters of an agent that nobody has: what they hold is the changes so far, the newest first. */
struct meters {
	struct hp_arena arena;
	struct hp_gateway_change *states;
};

static enum hp_status
read_meter(void *context, const char *name, struct hp_str *ret_state)
{
	const struct meters *meters = context;
	for (const struct hp_gateway_change *one = meters->states; one; one = one->next)
		if (strcmp(one->name, name) == 0) {
			*ret_state = one->state;
			return HP_OK;
		}
	return HP_NOT_FOUND;
}

static enum hp_status
count_meters(void *context, const char *prefix, int64_t *ret_count)
{
	*ret_count = 0; /* families of resources: the probes name none */
	return HP_OK;
}

static enum hp_status
count_pending(void *context, int64_t most, int64_t *ret_count)
{
	*ret_count = 0;
	return HP_OK;
}

static enum hp_status
find_denied(void *context, const uint8_t deed[HP_HASH_BYTES], int64_t *ret_at_ms)
{
	return HP_NOT_FOUND;
}

static enum hp_status
find_spent(void *context, int64_t from_ms, int64_t slice_ms, struct hp_spent **ret_spent,
	   size_t *ret_count)
{
	*ret_spent = NULL;
	*ret_count = 0;
	return HP_OK;
}

static void
keep(struct meters *meters, struct hp_gateway_change *changes)
{
	while (changes) {
		struct hp_gateway_change *next = changes->next, *old = meters->states;
		while (old && strcmp(old->name, changes->name) != 0)
			old = old->next;
		if (old) {
			old->state = changes->state;
		} else {
			changes->next = meters->states;
			meters->states = changes;
		}
		changes = next;
	}
}

/* One more probe of the burst; what it met is set. */
static enum hp_status
ask_once(struct hp_preflight *preflight, struct meters *meters, bool *ret_rate, bool *ret_budget,
	 struct hp_error *err)
{
	enum { COST_USD = 100 };
	const struct hp_policy *policy = preflight->policy;
	const struct hp_gateway_source source = {
		.context = meters, .read = read_meter, .count = count_meters,
		.pending = count_pending, .denied = find_denied, .spent = find_spent,
	};
	const struct hp_gateway_asked asked = {
		.policy = policy, .arena = &meters->arena, .requester = &unbound[1],
		.source = &source, .now_ms = INT64_C(1000000000000),
	};
	struct hp_gateway_result result;
	struct hp_request request;
	struct hp_verdict verdict;
	struct hp_value *map =
		hp_preflight_probe(&meters->arena, "lambda:UpdateFunctionConfiguration",
				   policy->environments[policy->production].name);
	hp_preflight_set_impact(&meters->arena, map, "cost_usd",
				hp_value_int(&meters->arena, COST_USD));
	enum hp_status status =
		hp_request_parse(&meters->arena, map, HP_REQUEST_FILE, &request, err);
	if (status == HP_OK)
		status = hp_policy_evaluate(policy, &meters->arena, &unbound[1], &request, &verdict,
					    err);
	if (status == HP_OK)
		status = hp_gateway_submit(&asked, &request, 0, &verdict, &result, err);
	if (status != HP_OK)
		return status;
	*ret_rate |= speaks(&verdict, "gateway.rate_limits");
	*ret_budget |= speaks(&verdict, "gateway.budgets");
	keep(meters, result.changes);
	return HP_OK;
}

/* Many small actions at once, by the very meters that the broker turns. */
static enum hp_status
check_burst(struct hp_preflight *preflight, struct hp_error *err)
{
	enum { BURST = 500 };
	struct meters meters = {0};
	bool rate = false, budget = false;
	int rate_at = 0, budget_at = 0;
	enum hp_status status = HP_OK;
	for (int i = 1; status == HP_OK && i <= BURST && !(rate_at && budget_at); i++) {
		status = ask_once(preflight, &meters, &rate, &budget, err);
		rate_at = rate && !rate_at ? i : rate_at;
		budget_at = budget && !budget_at ? i : budget_at;
	}
	hp_arena_release(&meters.arena);
	if (status != HP_OK)
		return status;
	if (rate_at)
		hp_preflight_say(preflight, HP_CHECK_RADIUS, HP_PASSED, NULL,
				 "of a burst of probes, number %d met a rate limit", rate_at);
	if (budget_at)
		hp_preflight_say(preflight, HP_CHECK_RADIUS, HP_PASSED, NULL,
				 "of probes that cost $100 each, number %d met a budget", budget_at);
	if (!rate_at && !budget_at)
		hp_preflight_say(preflight, HP_CHECK_RADIUS, HP_WARNED,
				 "add gateway.rate_limits and gateway.budgets",
				 "a burst of %d probes, $100 each, met no rate limit and no budget: "
				 "small actions may add up",
				 BURST);
	return HP_OK;
}

enum hp_status
hp_preflight_radius(struct hp_preflight *preflight, struct hp_error *err)
{
	enum { SANE = 10000, HUGE = 1000000000 };
	int64_t hard = -1, usd = -1;
	enum hp_status status =
		find_cap(preflight, "change_magnitude.hard_max_resources_affected", false, HUGE,
			 &hard, err);
	if (status == HP_OK)
		status = find_cap(preflight, "change_magnitude.max_cost_impact_usd", true, HUGE,
				  &usd, err);
	if (status != HP_OK)
		return status;
	if (hard < 0 || hard > SANE)
		hp_preflight_say(preflight, HP_CHECK_RADIUS, HP_FAILED,
				 "set change_magnitude.hard_max_resources_affected",
				 "a probe of %d resources at once is not blocked",
				 hard < 0 ? HUGE : SANE);
	else
		hp_preflight_say(preflight, HP_CHECK_RADIUS, HP_PASSED, NULL,
				 "probes of %" PRId64 " resources and more at once are blocked, "
				 "whoever would approve",
				 hard);
	if (usd < 0)
		hp_preflight_say(preflight, HP_CHECK_RADIUS, HP_FAILED,
				 "set change_magnitude.max_cost_impact_usd",
				 "a probe that costs a billion dollars asks nobody");
	else
		hp_preflight_say(preflight, HP_CHECK_RADIUS, HP_PASSED, NULL,
				 "probes of $%" PRId64 " and more are not allowed without people",
				 usd);
	return check_burst(preflight, err);
}

/* ---- tools of an MCP server ---- */

enum hp_status
hp_preflight_tools(struct hp_preflight *preflight, const char *server,
		   const struct hp_value *names, struct hp_error *err)
{
	const struct hp_policy *policy = preflight->policy;
	struct hp_arena arena = {0};
	struct hp_names unknown = {0};
	enum hp_status status = HP_OK;
	for (size_t i = 0; status == HP_OK && i < hp_value_count(names); i++) {
		struct hp_verdict verdict;
		const struct hp_value *item = hp_array_get(names, i);
		const struct hp_value *name = item->type == HP_MAP ? hp_map_get(item, "name") : item;
		if (!name || name->type != HP_STR)
			return hp_fail(err, HP_INVALID, "tool %zu has no name", i);
		const char *operation =
			hp_arena_printf(&arena, "mcp:%s/%s", server, name->str.p);
		status = hp_preflight_evaluate(
			policy, &arena, &unbound[0],
			hp_preflight_probe(&arena, operation ? operation : "",
					   policy->environments[policy->production].name),
			false, &verdict, err);
		if (status == HP_OK && verdict.class_count &&
		    strcmp(verdict.classes[verdict.class_count - 1], "unknown") == 0)
			hp_names_add(preflight->arena, &unknown, operation);
		hp_arena_reset(&arena);
	}
	hp_arena_release(&arena);
	if (status == HP_OK && unknown.count)
		hp_preflight_say(preflight, HP_CHECK_DESTRUCTIVE, HP_WARNED,
				 "name them in a class of the policy",
				 "no class of the policy matches these tools, so that their tier is "
				 "the last one: %s",
				 hp_names_text(preflight->arena, &unknown));
	else if (status == HP_OK)
		hp_preflight_say(preflight, HP_CHECK_DESTRUCTIVE, HP_PASSED, NULL,
				 "every tool of the server has a class and a tier (%zu of them)",
				 hp_value_count(names));
	return status;
}
