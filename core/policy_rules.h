/*
 * policy_rules - a policy as it is judged by: what policy_load makes and evaluate reads.
 *
 * Private to core/policy*.c, core/effect.c and core/evaluate.c.
 *
 * Invariants:
 *  1. Names are resolved: classes are bits, environments are indices (0 the strictest), so that
 *     evaluation compares integers and walks no list of names.
 *  2. Messages and rule names that do not depend on a request are made at load.
 *  3. A line of 0 marks what came from the shipped default.
 */
#ifndef HP_CORE_POLICY_RULES_H
#define HP_CORE_POLICY_RULES_H

#include "core/classify.h"
#include "core/limits.h"
#include "core/pattern.h"
#include "core/policy.h"
#include "core/redact.h"

enum { HP_POLICY_MODES = 3 };	      /* enum hp_mode: the matrix's columns */
enum { HP_POLICY_DESTRUCTIVE = 64 };  /* destructive_actions of one policy */
enum { HP_POLICY_APPROVABLE = 3 };    /* hold, admin, escalate */
enum { HP_POLICY_QUORUMS = 1 << HP_POLICY_APPROVABLE };

/* One cell's row, for one class in one environment. */
struct hp_policy_row {
	const char *rule; /* "permissions.production.delete" */
	unsigned line;
	bool own;	  /* a row of its own, not `other` */
	bool said;	  /* some row speaks for it; else it is blocked */
	enum hp_effect effect[HP_POLICY_MODES];
	const char *message[HP_POLICY_MODES];
};

struct hp_policy_environment {
	const char *name;
	unsigned line;
	const char *const *words; /* folded to lower case */
	size_t word_count;
	struct hp_policy_row *rows; /* one a class, then the one of `unknown` */
	bool task_required;
	const char *task_rule; /* "permissions.task_scope.production" */
	unsigned task_line;
};

/* agent_constraints.environment_rules of one environment. */
struct hp_policy_operations {
	bool present;
	uint64_t allowed, blocked; /* class bits */
	const char *allowed_rule, *blocked_rule;
	unsigned allowed_line, blocked_line;
	const char *const *messages; /* one a class, then the one of `unknown` */
};

struct hp_policy_destructive {
	const char *rule;    /* "destructive_actions[0]" */
	const char *message; /* the file's words */
	enum hp_effect effect;
	uint32_t scope; /* environment bits */
	unsigned line;
};

struct hp_policy_magnitude {
	int64_t max_resources, hard_max_resources, max_cost_micros;
	enum hp_effect effect;
	unsigned resources_line, hard_line, cost_line;
};

struct hp_policy_confidence {
	int64_t min_bp;
	enum hp_effect effect;
	unsigned line;
};

struct hp_policy_context {
	bool require_alternatives, require_rollback;
	unsigned alternatives_line, rollback_line;
};

/* --- layer 3 --- */

enum { HP_POLICY_PATTERNS = 64 }; /* gateway.redaction.patterns: the engine compiles them at load */
enum { HP_POLICY_RATES = 32, HP_POLICY_BUDGETS = 16 }; /* each is read and written at a submit */

struct hp_policy_rate {
	const char *rule;  /* "gateway.rate_limits[0]" */
	const char *meter; /* "production -read 0": what it counts, whatever it allows */
	bool any_environment;
	size_t environment;
	uint64_t except; /* class bits */
	int64_t per_minute, burst;
	enum hp_effect effect;
	unsigned line;
};

struct hp_policy_budget {
	const char *rule;  /* "gateway.budgets[0]" */
	const char *meter; /* "86400000", the window */
	int64_t window_ms, cap_micros;
	enum hp_effect effect;
	unsigned line;
};

/* What an anomaly does: a finding of this effect, or nothing (off). */
struct hp_policy_anomaly {
	bool on;
	enum hp_effect effect;
	unsigned line;
};

struct hp_policy_gateway {
	struct hp_policy_rate *rates;
	size_t rate_count;
	struct hp_policy_budget *budgets;
	size_t budget_count;
	struct hp_policy_anomaly first_time, asked_again, rate;
	int64_t pending_cap, bytes_per_day; /* 0: none */
};

struct hp_policy_tier {
	const char *name;
	const char *rule; /* "tiers.gated" */
	const char *message;
	bool any_class, any_environment;
	uint64_t classes;
	uint32_t environments;
	enum hp_effect effect;
	int64_t spot_check_bp; /* the share that is sampled, in basis points */
	bool self_run;
	unsigned line;
};

struct hp_policy_rule {
	enum hp_effect effect;
	const struct hp_quorum_slot *slots;
	size_t slot_count;
	unsigned line, column;
	bool reachable;
	bool shipped; /* appended from the default */
};

struct hp_policy {
	struct hp_arena arena;
	const char *text;
	size_t text_len;
	uint8_t version[HP_HASH_BYTES];

	struct hp_policy_environment *environments;
	size_t environment_count;
	size_t default_environment;
	size_t production; /* this one and stricter ones are production */

	const char **classes;
	unsigned *class_lines;
	size_t class_count;
	uint64_t read; /* the bit of class `read`, 0 when there is none */
	unsigned classes_line;
	struct hp_classifier *classifier;

	struct hp_policy_destructive *destructive;
	size_t destructive_count;
	struct hp_pattern_set *destructive_set;
	uint32_t destructive_scope; /* the union of their scopes */
	struct hp_policy_magnitude magnitude;
	struct hp_policy_operations operations[HP_LIMIT_ENVIRONMENTS];
	struct hp_policy_confidence confidence;
	struct hp_policy_context context;
	struct hp_policy_gateway gateway;
	struct hp_redact *redact; /* NULL: nothing is redacted */
	unsigned redaction_line;

	struct hp_policy_times times;
	struct hp_policy_rule *rules;
	size_t rule_count;
	struct hp_quorum_widening *widenings;
	unsigned *widening_lines, *widening_columns;
	size_t widening_count;
	struct hp_quorum quorums[HP_POLICY_QUORUMS]; /* by hp_policy_ask_bit()s */
	const char *needs[HP_EFFECT_COUNT];	     /* "needs two persons of oncall" */

	struct hp_policy_tier *tiers;
	size_t tier_count;
	size_t gated; /* the tier of what cannot be undone */
};

/* NULL-terminated words for tables of fields. */
extern const char *const hp_effect_words[];
/* BLOCK, BLOCK_AND_ESCALATE, REQUIRE_APPROVAL, REQUIRE_APPROVAL_IF_EXCEEDED; else block. */
enum hp_effect hp_effect_of_word(const char *word);

/* The bit of an effect in a quorum's index; 0 for what nobody approves. */
static inline unsigned
hp_policy_ask_bit(enum hp_effect effect)
{
	return effect >= HP_EFFECT_HOLD && effect < HP_EFFECT_BLOCK
		       ? 1u << (effect - HP_EFFECT_HOLD)
		       : 0;
}

/*
 * The parts of loading, in their order; each reads its sections of `file`, which is complete
 * (policy_merge) and of the right shape (policy_fields).
 */
HP_MUST_CHECK enum hp_status hp_policy_shape(struct hp_arena *arena, const struct hp_value *file,
					     struct hp_error *err);
/* `file`, what it leaves out filled from the shipped default; lines of the filled parts are 0. */
HP_MUST_CHECK enum hp_status hp_policy_merge(struct hp_arena *arena, const struct hp_value *file,
					     const struct hp_value **ret_file,
					     struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_policy_load_classes(struct hp_policy *policy,
						    const struct hp_value *file,
						    struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_policy_load_approvals(struct hp_policy *policy,
						      const struct hp_value *file,
						      struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_policy_load_tiers(struct hp_policy *policy,
						  const struct hp_value *file,
						  struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_policy_load_constraints(struct hp_policy *policy,
							const struct hp_value *file,
							struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_policy_load_permissions(struct hp_policy *policy,
							const struct hp_value *file,
							struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_policy_load_gateway(struct hp_policy *policy,
						    const struct hp_value *file,
						    struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_policy_load_redaction(struct hp_policy *policy,
						      const struct hp_value *file,
						      struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_policy_load_classifier(struct hp_policy *policy,
						       const struct hp_value *file,
						       struct hp_error *err);

/* Looks a name up; the count when absent. */
size_t hp_policy_find_environment(const struct hp_policy *policy, const char *name);
size_t hp_policy_find_class(const struct hp_policy *policy, const char *name);

/* Whom a requester is judged as: what speaks for software is never judged as a person. */
enum hp_mode hp_policy_column(const struct hp_principal *requester);

/* A load error at `at`, telling whether it lies in the file or in the shipped default. */
enum hp_status hp_policy_refuse(struct hp_error *err, const struct hp_value *at, const char *field,
				const char *format, ...) HP_PRINTF(4, 5);
/* The same for a name that is not among the known ones, which the message lists. */
enum hp_status hp_policy_refuse_name(struct hp_error *err, const struct hp_value *at,
				     const char *field, const char *what, const char *const *known,
				     size_t count);

/* The bits of a list of class or environment names. Names of the shipped default that this file
 * does not have are left out: they can never be derived. */
HP_MUST_CHECK enum hp_status hp_policy_class_bits(const struct hp_policy *policy,
						  const struct hp_value *list, const char *field,
						  uint64_t *ret_bits, struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_policy_environment_bits(const struct hp_policy *policy,
							const struct hp_value *list,
							const char *field, uint32_t *ret_bits,
							struct hp_error *err);

#endif
