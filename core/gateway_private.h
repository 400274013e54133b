/*
 * gateway_private - one request before its meters.
 *
 * Private to core/gateway*.c.
 */
#ifndef HP_CORE_GATEWAY_PRIVATE_H
#define HP_CORE_GATEWAY_PRIVATE_H

#include "core/gateway.h"
#include "core/policy_rules.h"

enum {
	HP_METER_FINDINGS = HP_POLICY_RATES + HP_POLICY_BUDGETS + 2 * (HP_LIMIT_CLASSES + 1) + 4,
	HP_METER_CHAIN_MS = 10 * 60 * 1000,
	HP_METER_DAY_MS = 24 * 3600 * 1000,
	HP_METER_FAMILIES = 32,	       /* told apart in one request */
	HP_METER_FAMILIES_KEPT = 4096, /* of one agent: the names are its own choice */
	HP_METER_NAME_BYTES = 128,     /* of a family */
};

struct hp_metering {
	const struct hp_gateway_asked *asked;
	const struct hp_policy *policy;
	struct hp_arena *arena;
	const struct hp_request *request;
	struct hp_verdict *verdict;
	size_t environment;
	uint64_t set; /* class bits */
	bool unknown;

	/* As read, to be written if the request passes. */
	struct hp_bucket *buckets[HP_POLICY_RATES]; /* NULL: the rule is not about it */
	bool taken[HP_POLICY_RATES];
	struct hp_budget *budgets[HP_POLICY_BUDGETS];
	struct {
		struct hp_window resources, cost;
	} *chains[HP_LIMIT_CLASSES + 1]; /* the last one: unknown */
	struct hp_window *bytes;
	struct hp_pace *pace;
	int64_t cost_micros, resources;

	struct hp_finding findings[HP_METER_FINDINGS];
	size_t finding_count;
	const char *flags[4];
	size_t flag_count;
	struct hp_gateway_change *changes;
};

void hp_meter_say(struct hp_metering *metering, unsigned layer, const char *rule,
		  enum hp_effect effect, unsigned line, const char *message);
/* Remembers a state to be written; takes the bytes over. */
void hp_meter_change(struct hp_metering *metering, const char *name, struct hp_buf *take_state);
/* Class bits and environment of names; what the policy does not know is unknown. */
void hp_meter_know(struct hp_metering *metering, const char *environment,
		   const char *const *classes, size_t count);
bool hp_meter_rate_applies(const struct hp_metering *metering, const struct hp_policy_rate *rate);
HP_MUST_CHECK enum hp_status hp_meter_read_bucket(struct hp_metering *metering, const char *name,
						  const struct hp_policy_rate *rate,
						  struct hp_bucket **ret_bucket);
HP_MUST_CHECK enum hp_status hp_meter_read_budget(struct hp_metering *metering,
						  const struct hp_policy_budget *rule,
						  struct hp_budget **ret_budget);
void hp_meter_change_bucket(struct hp_metering *metering, const char *kind,
			    const struct hp_policy_rate *rate, const struct hp_bucket *bucket);
void hp_meter_change_budget(struct hp_metering *metering, const struct hp_policy_budget *rule,
			    const struct hp_budget *budget);
HP_MUST_CHECK enum hp_status hp_meter_begin(const struct hp_gateway_asked *asked,
					    struct hp_metering **ret_metering,
					    struct hp_error *err);
/* `status` with its message. */
HP_MUST_CHECK enum hp_status hp_meter_end(const struct hp_metering *metering, enum hp_status status,
					  struct hp_error *err);
/* Whether an earlier budget has the same window, and so the same meter. */
bool hp_meter_budget_repeats(const struct hp_policy_gateway *gateway, size_t index);

/* gateway_chain.c: layer 1 over several requests. */
HP_MUST_CHECK enum hp_status hp_meter_judge_chains(struct hp_metering *metering);
void hp_meter_charge_chains(struct hp_metering *metering);
HP_MUST_CHECK enum hp_status hp_meter_leave_chains(struct hp_metering *metering,
						   const struct hp_gateway_link *link);

/* gateway_anomaly.c */
HP_MUST_CHECK enum hp_status hp_meter_judge_anomalies(struct hp_metering *metering,
						      struct hp_gateway_result *result);
void hp_meter_charge_pace(struct hp_metering *metering);

#endif
