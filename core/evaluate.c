/*
 * Judging one request: derive, then let every layer speak (policy.md, "Evaluation").
 *
 * No layer reads what another found, and none stops the others: the order of the calls below only
 * orders findings of equal weight.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/evaluate.h"
#include "core/text.h"

/* --- findings --- */

void
hp_judge_say(struct hp_judge *judge, unsigned layer, const char *rule, enum hp_effect effect,
	     unsigned line, const char *message)
{
	if (effect > judge->effect)
		judge->effect = effect;
	judge->asked |= hp_policy_ask_bit(effect);
	if (judge->count == HP_JUDGE_FINDINGS) {
		judge->left_out++;
		return;
	}
	judge->findings[judge->count++] = (struct hp_finding){
		.layer = layer,
		.rule = rule,
		.effect = effect,
		.message = message,
		.line = line,
	};
}

void
hp_judge_sayf(struct hp_judge *judge, unsigned layer, const char *rule, enum hp_effect effect,
	      unsigned line, const char *format, ...)
{
	char message[512];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	hp_judge_say(judge, layer, rule, effect, line, hp_arena_strdup(judge->arena, message));
}

/* --- what it really is: environment, classes, size --- */

static bool
rollback_runs(const struct hp_request *request)
{
	return request->rollback && (hp_map_get(request->rollback, "operation") ||
				     hp_map_get(request->rollback, "command"));
}

size_t
hp_deeds_of(const struct hp_request *request, struct hp_deed ret_deeds[HP_DEEDS])
{
	ret_deeds[0] = (struct hp_deed){
		.operation = request->operation,
		.command = request->command,
		.arguments = request->arguments,
		.resources = request->resources,
	};
	if (!rollback_runs(request))
		return 1;
	/* The rollback is a second action on the same things (policy.md, Evaluation 1). */
	ret_deeds[1] = (struct hp_deed){
		.operation = hp_map_get_str(request->rollback, "operation", NULL),
		.command = hp_map_get(request->rollback, "command"),
		.arguments = hp_map_get(request->rollback, "arguments"),
		.resources = request->resources,
	};
	return HP_DEEDS;
}

static void
look_at_variables(struct hp_judge *judge, size_t deed, struct hp_classes *classes)
{
	const char *name = hp_steering_find(judge->arena, judge->request->env,
					    judge->deeds[deed].command);
	if (!name)
		return;
	classes->unknown = true;
	hp_judge_sayf(judge, 2, "env", HP_EFFECT_ALLOW, 0,
		      "%sthe variable %s can make the command do something else: unknown",
		      deed ? "in the rollback: " : "", name);
}

static enum hp_status
derive_classes(struct hp_judge *judge, struct hp_error *err)
{
	for (size_t i = 0; i < judge->deed_count; i++) {
		struct hp_classes found = {0};
		enum hp_status status = hp_classify(judge->policy->classifier, judge->arena,
						    &judge->deeds[i], &found, err);
		if (status != HP_OK)
			return status;
		/* Nothing recognised is not nothing to fear. */
		if (!found.set)
			found.unknown = true;
		look_at_variables(judge, i, &found);
		judge->classes[i] = found;
		judge->set |= found.set;
		judge->unknown |= found.unknown;
	}
	judge->pure_read = !judge->unknown && judge->set == judge->policy->read;
	return HP_OK;
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
environment_has(const struct hp_policy_environment *environment, const char *word, size_t len)
{
	for (size_t i = 0; i < environment->word_count; i++)
		if (strlen(environment->words[i]) == len &&
		    memcmp(environment->words[i], word, len) == 0)
			return true;
	return false;
}

/* The strictest environment with a word of `folded`; the count when there is none. */
static size_t
environment_of_words(const struct hp_policy *policy, const char *folded)
{
	size_t found = policy->environment_count;
	while (*folded) {
		size_t len = 0;
		while (is_alnum(folded[len]))
			len++;
		for (size_t i = 0; len && i < found; i++)
			if (environment_has(&policy->environments[i], folded, len))
				found = i;
		folded += len ? len : 1;
	}
	return found;
}

/* The environment that the agent names, by its name or by a word of it; the count when the policy
 * knows neither. */
static enum hp_status
find_claimed(const struct hp_judge *judge, size_t *ret_environment)
{
	const struct hp_policy *policy = judge->policy;
	const char *claimed = judge->request->environment;
	size_t found = hp_policy_find_environment(policy, claimed);
	if (found == policy->environment_count) {
		struct hp_buf folded = {0};
		hp_text_fold(&folded, claimed, strlen(claimed), true);
		found = hp_policy_find_environment(policy, hp_buf_text(&folded));
		if (found == policy->environment_count)
			found = environment_of_words(policy, hp_buf_text(&folded));
		bool failed = folded.failed;
		hp_buf_release(&folded);
		if (failed)
			return HP_NOMEM;
	}
	*ret_environment = found;
	return HP_OK;
}

/*
 * Resources, and what else steers where the action lands: AWS_PROFILE=prod, a directory, the
 * executor meant. They can only make the environment stricter.
 */
static const struct hp_value *
places_of(struct hp_judge *judge)
{
	const struct hp_request *request = judge->request;
	if (!request->cwd && !request->audience && !hp_value_count(request->env))
		return request->resources;
	struct hp_value *places = hp_value_array(judge->arena);
	for (size_t i = 0; i < hp_value_count(request->resources); i++)
		hp_array_add(judge->arena, places, request->resources->array.items[i]);
	for (size_t i = 0; i < hp_value_count(request->env); i++)
		hp_array_add(judge->arena, places, request->env->map.pairs[i].value);
	if (request->cwd)
		hp_array_add(judge->arena, places, hp_value_str(judge->arena, request->cwd));
	if (request->audience)
		hp_array_add(judge->arena, places, hp_value_str(judge->arena, request->audience));
	return places;
}

static void
tell_environment(struct hp_judge *judge, bool known, size_t claimed, const char *word)
{
	const struct hp_policy *policy = judge->policy;
	const char *name = policy->environments[judge->environment].name;
	const char *said = hp_text_safe(judge->arena, judge->shown->environment, HP_TEXT_ASCII);
	if (known && claimed == judge->environment)
		return;
	judge->flags |= HP_FLAG_ENVIRONMENT_DIFFERS;
	if (*word)
		hp_judge_sayf(judge, 2, "environment", HP_EFFECT_ALLOW,
			      policy->environments[judge->environment].line,
			      "the agent said \"%s\"; the word \"%s\" makes it %s", said,
			      hp_text_safe(judge->arena, word, HP_TEXT_ASCII), name);
	else
		hp_judge_sayf(judge, 2, "environment", HP_EFFECT_ALLOW,
			      policy->environments[judge->environment].line,
			      "the agent said \"%s\", which this policy does not know: treated "
			      "as %s",
			      said, name);
}

static enum hp_status
derive_environment(struct hp_judge *judge, struct hp_error *err)
{
	const struct hp_policy *policy = judge->policy;
	const char *deciding = "";
	size_t claimed = 0;
	enum hp_status status = find_claimed(judge, &claimed);
	if (status != HP_OK)
		return hp_fail(err, status, "out of memory");
	bool known = claimed < policy->environment_count;
	if (!known)
		claimed = policy->default_environment;
	judge->environment = claimed;
	for (size_t i = 0; i < judge->deed_count; i++) {
		struct hp_deed deed = judge->deeds[i];
		const char *word = "";
		size_t found = claimed;
		deed.resources = i ? NULL : places_of(judge);
		status = hp_classify_environment(policy->classifier, judge->arena,
						 policy->environments[claimed].name, &deed, &found,
						 &word, err);
		if (status != HP_OK)
			return status;
		if (found < judge->environment) {
			judge->environment = found;
			deciding = word;
		}
	}
	judge->production = judge->environment <= policy->production;
	tell_environment(judge, known, claimed, deciding);
	return HP_OK;
}

static void
derive_size(struct hp_judge *judge)
{
	const struct hp_request *request = judge->request;
	int64_t listed = (int64_t)hp_value_count(request->resources);
	judge->resources = request->resources_affected;
	if (judge->resources >= 0 && judge->resources < listed)
		judge->resources = listed;
}

enum hp_mode
hp_policy_column(const struct hp_principal *requester)
{
	if (requester->mode == HP_MODE_SUPERVISED || requester->mode == HP_MODE_AUTONOMOUS)
		return requester->mode;
	if (requester->mode != HP_MODE_HUMAN ||
	    (requester->roles & (HP_ROLE_AGENT | HP_ROLE_GATEWAY | HP_ROLE_EXECUTOR)))
		return HP_MODE_AUTONOMOUS;
	return HP_MODE_HUMAN;
}

/* --- the answer --- */

/* Strictest first, then by layer; equal ones stay in the order they were said. */
void
hp_findings_sort(struct hp_finding *findings, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct hp_finding moved = findings[i];
		size_t at = i;
		for (; at > 0; at--) {
			const struct hp_finding *before = &findings[at - 1];
			if (before->effect > moved.effect ||
			    (before->effect == moved.effect && before->layer <= moved.layer))
				break;
			findings[at] = findings[at - 1];
		}
		findings[at] = moved;
	}
}

static void
report_findings(struct hp_judge *judge, struct hp_verdict *verdict)
{
	hp_findings_sort(judge->findings, judge->count);
	size_t count = judge->count;
	size_t left_out = judge->left_out;
	if (count > HP_LIMIT_FINDINGS) {
		left_out += count - (HP_LIMIT_FINDINGS - 1);
		count = HP_LIMIT_FINDINGS - 1;
	}
	struct hp_finding *findings =
		hp_arena_array(judge->arena, count + 1, sizeof *findings);
	if (!findings)
		return;
	memcpy(findings, judge->findings, count * sizeof *findings);
	if (left_out)
		findings[count++] = (struct hp_finding){
			.layer = 4,
			.rule = "findings",
			.effect = HP_EFFECT_ALLOW,
			.message = hp_arena_printf(judge->arena,
						   "%zu more findings, none stricter than these",
						   left_out),
		};
	verdict->findings = findings;
	verdict->finding_count = count;
}

static void
report_classes(struct hp_judge *judge, struct hp_verdict *verdict)
{
	const char **names =
		hp_arena_array(judge->arena, judge->policy->class_count + 1, sizeof *names);
	if (!names)
		return;
	for (uint64_t left = judge->set; left; left &= left - 1)
		names[verdict->class_count++] = judge->policy->classes[__builtin_ctzll(left)];
	if (judge->unknown)
		names[verdict->class_count++] = "unknown";
	verdict->classes = names;
}

static void
report_flags(struct hp_judge *judge, struct hp_verdict *verdict)
{
	static const char *const words[HP_FLAG_COUNT] = {
		"no-alternatives", "no-rollback",    "environment-differs",
		"irreversible",	   "no-confidence",  "low-confidence",
		"unknown-class",   "resources-unsaid",
	};
	const char **flags = hp_arena_array(judge->arena, HP_FLAG_COUNT, sizeof *flags);
	for (unsigned i = 0; flags && i < HP_FLAG_COUNT; i++)
		if (judge->flags & (1u << i))
			flags[verdict->flag_count++] = words[i];
	verdict->flags = flags;
}

static enum hp_status
report(struct hp_judge *judge, struct hp_verdict *ret_verdict, struct hp_error *err)
{
	const struct hp_policy *policy = judge->policy;
	struct hp_verdict verdict = {
		.effect = judge->effect,
		.environment = policy->environments[judge->environment].name,
		.tier = policy->tiers[judge->tier].name,
		.resources_affected = judge->resources,
		.asked = judge->asked,
		.pure_read = judge->pure_read,
		.spot_check_bp = judge->agent ? policy->tiers[judge->tier].spot_check_bp : 0,
		.shown = judge->shown,
	};
	report_classes(judge, &verdict);
	report_findings(judge, &verdict);
	report_flags(judge, &verdict);
	if (judge->effect < HP_EFFECT_BLOCK)
		verdict.quorum = policy->quorums[judge->asked];
	if (judge->arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	*ret_verdict = verdict;
	return HP_OK;
}

enum hp_status
hp_policy_evaluate(const struct hp_policy *policy, struct hp_arena *arena,
		   const struct hp_principal *requester, const struct hp_request *request,
		   struct hp_verdict *ret_verdict, struct hp_error *err)
{
	struct hp_judge judge; /* findings are not worth clearing */
	judge.policy = policy;
	judge.arena = arena;
	judge.requester = requester;
	judge.request = request;
	judge.column = hp_policy_column(requester);
	judge.agent = judge.column != HP_MODE_HUMAN;
	judge.set = 0;
	judge.unknown = judge.pure_read = judge.production = false;
	judge.effect = HP_EFFECT_ALLOW;
	judge.asked = judge.flags = 0;
	judge.count = judge.left_out = 0;

	judge.deed_count = hp_deeds_of(request, judge.deeds);
	enum hp_status status = hp_judge_redaction(&judge, err);
	if (status == HP_OK)
		status = derive_classes(&judge, err);
	if (status == HP_OK)
		status = derive_environment(&judge, err);
	if (status != HP_OK)
		return status;
	derive_size(&judge);

	status = hp_judge_constraints(&judge, err);
	if (status == HP_OK)
		status = hp_judge_permissions(&judge, err);
	if (status != HP_OK)
		return status;
	hp_judge_tier(&judge);
	status = hp_judge_redact_findings(&judge, err);
	if (status != HP_OK)
		return status;
	return report(&judge, ret_verdict, err);
}
