/*
 * gateway - layer 3, and the chains of layer 1: which meters a request turns, what they say, and
 * what they hold afterwards (policy.md, "Evaluation" 5 to 7).
 *
 * Pure: states of meters come in through a source and go out as a list of changes, which the caller
 * writes together with the request or not at all. Meters are an agent's; people have none.
 *
 * Invariants:
 *  1. Findings are only added: nothing that a meter says lowers an effect (policy.h 1).
 *  2. A meter that cannot be read is an error, and an error is no allow.
 *  3. A request that is blocked reserves nothing and starts no chain; it still uses its token.
 *     One that ends without running gives back what it reserved, and leaves its chains.
 *  4. The records of what was spent are what counts; a budget's meter is a sum of them that can be
 *     made anew (a window that the policy did not have before).
 * Threads: no state.
 */
#ifndef HP_CORE_GATEWAY_H
#define HP_CORE_GATEWAY_H

#include "core/meter.h"
#include "core/policy.h"

/* Sums of what was spent, by time and kind. */
struct hp_spent {
	int64_t at_ms, cost_micros;
	bool asked; /* people were asked about it */
};

/* Where the meters of one agent are kept. */
struct hp_gateway_source {
	void *context;
	/* The state of a meter. HP_NOT_FOUND: it is new. */
	enum hp_status (*read)(void *context, const char *name, struct hp_str *ret_state);
	/* Meters whose names begin with `prefix`. */
	enum hp_status (*count)(void *context, const char *prefix, int64_t *ret_count);
	/* Requests that wait for people, counted up to `most`. */
	enum hp_status (*pending)(void *context, int64_t most, int64_t *ret_count);
	/* When people last denied this deed. HP_NOT_FOUND: never. */
	enum hp_status (*denied)(void *context, const uint8_t deed[HP_HASH_BYTES],
				 int64_t *ret_at_ms);
	/* What was spent after `from_ms`, summed over `slice_ms`. */
	enum hp_status (*spent)(void *context, int64_t from_ms, int64_t slice_ms,
				struct hp_spent **ret_spent, size_t *ret_count);
};

/* A meter's new state. */
struct hp_gateway_change {
	const char *name;
	struct hp_str state;
	struct hp_gateway_change *next;
};

enum hp_gateway_answer {
	HP_GATEWAY_PASS,    /* stored, whatever the verdict */
	HP_GATEWAY_BYTES,   /* over bytes_per_day: not stored at all */
	HP_GATEWAY_PENDING, /* over pending_cap: not stored at all */
};

struct hp_gateway_result {
	enum hp_gateway_answer answer;
	const char *why; /* of a refusal */
	struct hp_gateway_change *changes;
	/* What to remember of the request. */
	bool metered; /* false: a person's, nothing to remember */
	int64_t at_ms, cost_micros;
	bool asked;
	int64_t chain_resources, chain_micros;
	uint8_t deed[HP_HASH_BYTES];
	/* What was unusual enough for an event. */
	const char *anomalies[4];
	size_t anomaly_count;
};

struct hp_gateway_asked {
	const struct hp_policy *policy;
	struct hp_arena *arena;
	const struct hp_principal *requester;
	const struct hp_gateway_source *source;
	int64_t now_ms; /* wall clock: meters outlive a boot */
};

/* Turns the meters of a request that policy has judged; its verdict gets their findings. */
HP_MUST_CHECK enum hp_status hp_gateway_submit(const struct hp_gateway_asked *asked,
					       const struct hp_request *request, int64_t bytes,
					       struct hp_verdict *verdict,
					       struct hp_gateway_result *ret_result,
					       struct hp_error *err);

/* What is known of a granted request when it is to be claimed. */
struct hp_gateway_grant {
	const char *environment;
	const char *const *classes;
	size_t class_count;
	int64_t cost_micros;
	bool asked;
};
/* HP_OK: it may run, and these are the changes if it does. HP_REFUSED: not now, *ret_why. */
HP_MUST_CHECK enum hp_status hp_gateway_claim(const struct hp_gateway_asked *asked,
					      const struct hp_gateway_grant *grant,
					      struct hp_gateway_change **ret_changes,
					      const char **ret_why, struct hp_error *err);

/* What is said while a request runs and at its end: so many bytes, which count as those of requests
 * do. HP_REFUSED: there is no room for them today; nothing is changed. */
HP_MUST_CHECK enum hp_status hp_gateway_words(const struct hp_gateway_asked *asked, int64_t bytes,
					      struct hp_gateway_change **ret_changes,
					      struct hp_error *err);

/* A request that ended without running, and what it had added to the chains of its classes. */
struct hp_gateway_link {
	const char *environment;
	const char *const *classes;
	size_t class_count;
	int64_t at_ms, resources, cost_micros;
};
HP_MUST_CHECK enum hp_status hp_gateway_unlink(const struct hp_gateway_asked *asked,
					       const struct hp_gateway_link *link,
					       struct hp_gateway_change **ret_changes,
					       struct hp_error *err);

/* Changes when the cost of `was` turns out to be `cost_micros`. The requester is not looked at. */
HP_MUST_CHECK enum hp_status hp_gateway_settle(const struct hp_gateway_asked *asked,
					       const struct hp_spent *was, int64_t cost_micros,
					       struct hp_gateway_change **ret_changes,
					       struct hp_error *err);

/* How the meters of an agent stand. */
struct hp_gateway_rate {
	const char *rule, *environment; /* "": any */
	int64_t left, burst, per_minute; /* requests */
};
struct hp_gateway_spend {
	const char *rule;
	int64_t window_ms, spent_micros, cap_micros; /* spent or reserved */
};
struct hp_gateway_report {
	struct hp_gateway_rate *rates;
	size_t rate_count;
	struct hp_gateway_spend *spends;
	size_t spend_count;
};
/* Only looks: changes nothing. */
HP_MUST_CHECK enum hp_status hp_gateway_look(const struct hp_gateway_asked *asked,
					     struct hp_gateway_report *ret_report,
					     struct hp_error *err);

#endif
