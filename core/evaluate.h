/*
 * evaluate - one request before its judges: what was derived of it, and what the layers say.
 *
 * Private to core/evaluate.c and core/judge*.c.
 */
#ifndef HP_CORE_EVALUATE_H
#define HP_CORE_EVALUATE_H

#include "core/policy_rules.h"
#include "core/task.h"

/* Room for every rule speaking once: destructive_actions, each class in two layers, the rest. */
enum { HP_JUDGE_FINDINGS = HP_POLICY_DESTRUCTIVE + 2 * (HP_LIMIT_CLASSES + 1) + 32 };

enum hp_flag {
	HP_FLAG_NO_ALTERNATIVES = 1 << 0,
	HP_FLAG_NO_ROLLBACK = 1 << 1,
	HP_FLAG_ENVIRONMENT_DIFFERS = 1 << 2,
	HP_FLAG_IRREVERSIBLE = 1 << 3,
	HP_FLAG_NO_CONFIDENCE = 1 << 4,
	HP_FLAG_LOW_CONFIDENCE = 1 << 5,
	HP_FLAG_UNKNOWN_CLASS = 1 << 6,
	HP_FLAG_RESOURCES_UNSAID = 1 << 7,
};
enum { HP_FLAG_COUNT = 8 };

enum { HP_DEEDS = 2 }; /* of one request: the action, and a rollback that runs */

struct hp_judge {
	const struct hp_policy *policy;
	struct hp_arena *arena;
	const struct hp_principal *requester;
	const struct hp_request *request;
	const struct hp_request *shown; /* what may be quoted of it */
	enum hp_mode column;
	bool agent; /* not a person */

	/* Derived. */
	struct hp_deed deeds[HP_DEEDS]; /* the action, then a rollback that runs */
	struct hp_classes classes[HP_DEEDS];
	size_t deed_count;
	uint64_t set; /* classes of both */
	bool unknown, pure_read;
	bool redacted, payload_redacted; /* something of the request; of its payload */
	size_t environment;
	bool production;
	int64_t resources; /* -1: the agent does not say */
	size_t tier;

	/* Found. */
	enum hp_effect effect;
	unsigned asked; /* hp_policy_ask_bit()s */
	unsigned flags; /* enum hp_flag */
	size_t count, left_out;
	struct hp_finding findings[HP_JUDGE_FINDINGS];
};

/* Adds a finding; `rule` and `message` must live as long as the verdict. */
void hp_judge_say(struct hp_judge *judge, unsigned layer, const char *rule, enum hp_effect effect,
		  unsigned line, const char *message);
void hp_judge_sayf(struct hp_judge *judge, unsigned layer, const char *rule, enum hp_effect effect,
		   unsigned line, const char *format, ...) HP_PRINTF(6, 7);

/* What would run: the action, then a rollback that has an operation or a command. Returns how many. */
size_t hp_deeds_of(const struct hp_request *request, struct hp_deed ret_deeds[HP_DEEDS]);

/* The verdict with findings made after it: a stricter one, or the same (policy.h, invariant 1). */
HP_MUST_CHECK enum hp_status hp_verdict_add(const struct hp_policy *policy, struct hp_arena *arena,
					    struct hp_verdict *verdict,
					    const struct hp_finding *findings, size_t count);

/* Strictest first, then by layer; equal ones stay in the order they were said. */
void hp_findings_sort(struct hp_finding *findings, size_t count);

/* Layer 3, as far as it is a matter of one request; finds judge->shown. */
HP_MUST_CHECK enum hp_status hp_judge_redaction(struct hp_judge *judge, struct hp_error *err);
/* Redacts what the other layers' findings quote, where the request had something to redact. */
HP_MUST_CHECK enum hp_status hp_judge_redact_findings(struct hp_judge *judge, struct hp_error *err);
/* Layer 1. */
HP_MUST_CHECK enum hp_status hp_judge_constraints(struct hp_judge *judge, struct hp_error *err);
/* Layer 2. */
HP_MUST_CHECK enum hp_status hp_judge_permissions(struct hp_judge *judge, struct hp_error *err);
/* Layer 4: chooses the tier. */
void hp_judge_tier(struct hp_judge *judge);

/* The name of a variable that makes the command something else than its name says, escaped; NULL
 * when there is none. Looks at `env` and at NAME=value words of the command. */
const char *hp_steering_find(struct hp_arena *arena, const struct hp_value *env,
			     const struct hp_value *command);

/* The name outside these operations, escaped; NULL when all are within. */
HP_MUST_CHECK enum hp_status hp_bounds_check(struct hp_arena *arena,
					     const struct hp_globs *operations,
					     const struct hp_deed *deeds, size_t count,
					     const char **ret_outside);
/* Globs folded once, for many texts. */
struct hp_globs hp_bounds_fold(struct hp_arena *arena, const struct hp_globs *globs);
/* Whether one of the globs matches the text, whole; it is folded here. False when the arena fails. */
bool hp_bounds_match(struct hp_arena *arena, const struct hp_globs *folded, const char *text);
/* Whether a folded text matches a folded glob, whole. */
bool hp_bounds_glob(const char *glob, const char *text);

#endif
