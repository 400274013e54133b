/* The layers themselves. Layer 3 (gateway) keeps meters and is not a matter of one request. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/evaluate.h"
#include "core/text.h"

static const char *
environment_name(const struct hp_judge *judge)
{
	return judge->policy->environments[judge->environment].name;
}

/* Whether the class comes from the rollback alone, which a reviewer must be told. */
static bool
only_in_rollback(const struct hp_judge *judge, size_t class)
{
	if (judge->deed_count < 2)
		return false;
	if (class == judge->policy->class_count)
		return !judge->classes[0].unknown;
	return !(judge->classes[0].set & UINT64_C(1) << class);
}

/* --- layer 1: destructive words --- */

struct words {
	uint64_t found; /* rules */
	const char *text[HP_POLICY_DESTRUCTIVE];
	size_t end[HP_POLICY_DESTRUCTIVE];
	bool in_rollback[HP_POLICY_DESTRUCTIVE];
	const char *current;
	bool rollback;
};

static bool
note_word(void *context, unsigned id, size_t from, size_t to)
{
	struct words *words = context;
	if (words->found & UINT64_C(1) << id)
		return true;
	words->found |= UINT64_C(1) << id;
	words->text[id] = words->current;
	words->end[id] = to;
	words->in_rollback[id] = words->rollback;
	return true;
}

/* The word that ends at `end`, shown to a person. */
static const char *
word_at(struct hp_arena *arena, const char *text, size_t end)
{
	size_t start;
	if (end && text[end - 1] == ' ')
		end--;
	for (start = end; start && text[start - 1] != ' ';)
		start--;
	char *word = hp_arena_copy(arena, text + start, end - start);
	return word ? hp_text_safe(arena, word, HP_TEXT_ASCII) : "";
}

static void
tell_words(struct hp_judge *judge, const struct words *words)
{
	for (size_t i = 0; i < judge->policy->destructive_count; i++) {
		const struct hp_policy_destructive *rule = &judge->policy->destructive[i];
		if (!(words->found & UINT64_C(1) << i) ||
		    !(rule->scope & UINT32_C(1) << judge->environment))
			continue;
		hp_judge_sayf(judge, 1, rule->rule, rule->effect, rule->line, "%s (\"%s\"%s)",
			      rule->message, word_at(judge->arena, words->text[i], words->end[i]),
			      words->in_rollback[i] ? " in the rollback" : "");
	}
}

static enum hp_status
judge_words(struct hp_judge *judge, struct hp_error *err)
{
	const struct hp_policy *policy = judge->policy;
	struct words words;
	words.found = 0;
	if (!(policy->destructive_scope & UINT32_C(1) << judge->environment))
		return HP_OK;
	for (size_t i = 0; i < judge->deed_count; i++) {
		const char *const *texts;
		size_t count;
		enum hp_status status =
			hp_classify_words_of(judge->arena, &judge->deeds[i], &judge->classes[i],
					     &texts, &count, err);
		words.rollback = i > 0;
		for (size_t j = 0; status == HP_OK && j < count; j++) {
			words.current = texts[j];
			status = hp_pattern_set_scan(policy->destructive_set, texts[j],
						     strlen(texts[j]), note_word, &words);
		}
		if (status != HP_OK)
			return hp_fail(err, status, "destructive_actions: %s",
				       hp_status_text(status));
	}
	tell_words(judge, &words);
	return HP_OK;
}

/* --- layer 1: size, lists, confidence, context --- */

static void
judge_magnitude(struct hp_judge *judge)
{
	const struct hp_policy_magnitude *cap = &judge->policy->magnitude;
	int64_t cost = judge->request->cost_usd_micros;
	if (judge->resources < 0)
		judge->flags |= HP_FLAG_RESOURCES_UNSAID;
	if (judge->resources < 0 && !judge->pure_read)
		hp_judge_sayf(judge, 1, "change_magnitude.max_resources_affected", cap->effect,
			      cap->resources_line,
			      "the agent does not say how many resources are affected: counted as "
			      "over the cap of %" PRId64,
			      cap->max_resources);
	if (judge->resources > cap->max_resources)
		hp_judge_sayf(judge, 1, "change_magnitude.max_resources_affected", cap->effect,
			      cap->resources_line,
			      "%" PRId64 " resources affected; the cap is %" PRId64,
			      judge->resources, cap->max_resources);
	if (judge->resources > cap->hard_max_resources)
		hp_judge_sayf(judge, 1, "change_magnitude.hard_max_resources_affected",
			      HP_EFFECT_BLOCK, cap->hard_line,
			      "%" PRId64 " resources affected; more than %" PRId64
			      " is never allowed in one action",
			      judge->resources, cap->hard_max_resources);
	if (cost > cap->max_cost_micros)
		hp_judge_sayf(judge, 1, "change_magnitude.max_cost_impact_usd", cap->effect,
			      cap->cost_line,
			      "costs $%" PRId64 ".%02" PRId64 "; the cap is $%" PRId64
			      ".%02" PRId64,
			      cost / 1000000, cost / 10000 % 100, cap->max_cost_micros / 1000000,
			      cap->max_cost_micros / 10000 % 100);
}

/* A message made at load, told of the rollback where it is that one's. */
static void
say_of_class(struct hp_judge *judge, size_t class, unsigned layer, const char *rule,
	     enum hp_effect effect, unsigned line, const char *message)
{
	if (only_in_rollback(judge, class))
		hp_judge_sayf(judge, layer, rule, effect, line, "in the rollback: %s", message);
	else
		hp_judge_say(judge, layer, rule, effect, line, message);
}

static void
judge_operation(struct hp_judge *judge, const struct hp_policy_operations *rules, size_t class)
{
	uint64_t bit = class < judge->policy->class_count ? UINT64_C(1) << class : 0;
	if (rules->blocked & bit)
		say_of_class(judge, class, 1, rules->blocked_rule, HP_EFFECT_BLOCK,
			     rules->blocked_line, rules->messages[class]);
	else if (!(rules->allowed & bit))
		say_of_class(judge, class, 1, rules->allowed_rule, HP_EFFECT_HOLD,
			     rules->allowed_line, rules->messages[class]);
}

static void
judge_operations(struct hp_judge *judge)
{
	const struct hp_policy_operations *rules = &judge->policy->operations[judge->environment];
	if (!rules->present)
		return;
	for (uint64_t left = judge->set; left; left &= left - 1)
		judge_operation(judge, rules, (size_t)__builtin_ctzll(left));
	if (judge->unknown)
		judge_operation(judge, rules, judge->policy->class_count);
}

static void
judge_confidence(struct hp_judge *judge)
{
	const struct hp_policy_confidence *rule = &judge->policy->confidence;
	int64_t said = judge->request->confidence_bp;
	if (said < 0) {
		judge->flags |= HP_FLAG_NO_CONFIDENCE;
		hp_judge_say(judge, 1, "confidence.min", HP_EFFECT_ALLOW, rule->line,
			     "the agent does not say how sure it is");
	} else if (said < rule->min_bp) {
		judge->flags |= HP_FLAG_LOW_CONFIDENCE;
		hp_judge_sayf(judge, 1, "confidence.min", rule->effect, rule->line,
			      "the agent is %" PRId64 "%% sure; at least %" PRId64
			      "%% is asked for",
			      said / 100, rule->min_bp / 100);
	}
}

/* A read has nothing to put back and little to choose from: it is flagged, never held for it. */
static void
judge_context(struct hp_judge *judge)
{
	const struct hp_policy_context *rule = &judge->policy->context;
	bool must = !judge->pure_read;
	if (!hp_value_count(judge->request->alternatives)) {
		judge->flags |= HP_FLAG_NO_ALTERNATIVES;
		hp_judge_say(judge, 1, "context.alternatives",
			     must && rule->require_alternatives ? HP_EFFECT_HOLD : HP_EFFECT_ALLOW,
			     rule->alternatives_line, "the agent considered no alternatives");
	}
	if (!judge->request->rollback) {
		judge->flags |= HP_FLAG_NO_ROLLBACK;
		hp_judge_say(judge, 1, "context.rollback",
			     must && rule->require_rollback ? HP_EFFECT_HOLD : HP_EFFECT_ALLOW,
			     rule->rollback_line, "the agent gives no way back (rollback)");
	}
}

enum hp_status
hp_judge_constraints(struct hp_judge *judge, struct hp_error *err)
{
	if (!judge->agent) /* layer 1 binds agents, not humans */
		return HP_OK;
	enum hp_status status = judge_words(judge, err);
	if (status != HP_OK)
		return status;
	judge_magnitude(judge);
	judge_operations(judge);
	judge_confidence(judge);
	judge_context(judge);
	return HP_OK;
}

/* --- layer 2: the matrix and the requester's own bounds --- */

static void
judge_class(struct hp_judge *judge, size_t class)
{
	const struct hp_policy_row *row =
		&judge->policy->environments[judge->environment].rows[class];
	enum hp_effect effect = row->effect[judge->column];
	if (effect > HP_EFFECT_ALLOW)
		say_of_class(judge, class, 2, row->rule, effect, row->line,
			     row->message[judge->column]);
}

static void
judge_unknown(struct hp_judge *judge)
{
	const struct hp_policy *policy = judge->policy;
	judge->flags |= HP_FLAG_UNKNOWN_CLASS;
	judge_class(judge, policy->class_count);
	/* Unknown fails closed in production, whatever the matrix says of `other`. */
	hp_judge_sayf(judge, 2, "classes", judge->production ? HP_EFFECT_HOLD : HP_EFFECT_ALLOW,
		      policy->classes_line, "%sno class of the policy matches%s",
		      only_in_rollback(judge, policy->class_count) ? "in the rollback: " : "",
		      judge->set ? " a part of this action" : " this action");
}

static bool
is_bound_to(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return count == 0;
}

static enum hp_status
judge_bounds(struct hp_judge *judge, struct hp_error *err)
{
	const struct hp_principal *asker = judge->requester;
	const char *outside = NULL;
	if (!is_bound_to(asker->environments, asker->environment_count, environment_name(judge)))
		hp_judge_sayf(judge, 2, "principal.environments", HP_EFFECT_BLOCK, 0,
			      "%s may not act in %s", asker->name, environment_name(judge));
	const struct hp_globs operations = {asker->operations, asker->operation_count};
	enum hp_status status = HP_OK;
	if (operations.count)
		status = hp_bounds_check(judge->arena, &operations, judge->deeds,
					 judge->deed_count, &outside);
	if (status != HP_OK)
		return hp_fail(err, status, "%s", hp_status_text(status));
	if (outside)
		hp_judge_sayf(judge, 2, "principal.operations", HP_EFFECT_BLOCK, 0,
			      "%s is outside the operations of %s", outside, asker->name);
	return status;
}

enum hp_status
hp_judge_permissions(struct hp_judge *judge, struct hp_error *err)
{
	for (uint64_t left = judge->set; left; left &= left - 1)
		judge_class(judge, (size_t)__builtin_ctzll(left));
	if (judge->unknown)
		judge_unknown(judge);
	return judge_bounds(judge, err);
}

/* --- layer 4: tiers, and what a reviewer must know --- */

static void
tell_payload(struct hp_judge *judge)
{
	const struct hp_value *payload = judge->request->payload;
	struct hp_buf hex = {0};
	uint8_t hash[HP_HASH_BYTES];
	if (!payload)
		return;
	if (judge->payload_redacted) { /* what is hidden could be guessed from it */
		hp_judge_sayf(judge, 4, "payload", HP_EFFECT_ALLOW, 0,
			      "payload of %zu bytes; its SHA-256 is not told, as it holds what is "
			      "redacted",
			      payload->str.len);
		return;
	}
	hp_crypto_sha256(&payload->str, 1, hash);
	hp_buf_add_hex(&hex, hash, sizeof hash);
	hp_judge_sayf(judge, 4, "payload", HP_EFFECT_ALLOW, 0, "payload of %zu bytes, SHA-256 %s",
		      payload->str.len, hp_buf_text(&hex));
	if (hex.failed)
		judge->arena->failed = true;
	hp_buf_release(&hex);
}

/* What cannot be undone is gated, whoever asks. In production, not saying so is saying no. */
static bool
judge_reversible(struct hp_judge *judge)
{
	enum hp_tristate said = judge->request->reversible;
	const char *needs = judge->policy->needs[HP_EFFECT_HOLD];
	if (said == HP_NO) {
		judge->flags |= HP_FLAG_IRREVERSIBLE;
		hp_judge_sayf(judge, 4, "reversible", HP_EFFECT_HOLD, 0, "cannot be undone: %s",
			      needs);
		return true;
	}
	if (said == HP_UNSAID && judge->production && !judge->pure_read) {
		hp_judge_sayf(judge, 4, "reversible", HP_EFFECT_HOLD, 0,
			      "a change in %s that is not said to be reversible: %s",
			      environment_name(judge), needs);
		return true;
	}
	return false;
}

static bool
tier_holds(const struct hp_policy_tier *tier, const struct hp_judge *judge)
{
	bool classes = tier->any_class || (!judge->unknown && !(judge->set & ~tier->classes));
	return classes && (tier->any_environment ||
			   (tier->environments & UINT32_C(1) << judge->environment));
}

/*
 * Every request gets a tier (Art. 9). Its effect is a floor for agents; what a person may do is
 * the matrix's own column, which a floor for agents would make meaningless.
 */
void
hp_judge_tier(struct hp_judge *judge)
{
	const struct hp_policy *policy = judge->policy;
	bool irreversible = judge_reversible(judge);
	judge->tier = policy->gated;
	for (size_t i = 0; !irreversible && i < policy->tier_count; i++)
		if (tier_holds(&policy->tiers[i], judge)) {
			judge->tier = i;
			break;
		}
	const struct hp_policy_tier *tier = &policy->tiers[judge->tier];
	if (judge->agent && tier->effect > HP_EFFECT_ALLOW)
		hp_judge_say(judge, 4, tier->rule, tier->effect, tier->line, tier->message);
	tell_payload(judge);
}
