/*
 * policy - four layers from one file: load, evaluate, explain.
 *
 * Invariants (policy.md):
 *  1. allow < log < hold < admin < escalate < block; the maximum over all findings wins and nothing
 *     lowers an effect.
 *  2. Every layer speaks, without short-circuit; each finding names layer, rule, effect, message
 *     and the line of the file.
 *  3. Unknown fails closed: unknown key → load error; unknown class in production, engine failure,
 *     missing rule → no allow.
 *  4. The version is SHA-256 of the file's bytes.
 *  5. What redaction finds in a request is quoted by no finding.
 * Threads: immutable after load but for the pattern sets' scratch: one thread at a time.
 */
#ifndef HP_CORE_POLICY_H
#define HP_CORE_POLICY_H

#include "core/principal.h"
#include "core/quorum.h"
#include "core/request.h"

enum hp_effect {
	HP_EFFECT_ALLOW,
	HP_EFFECT_LOG,
	HP_EFFECT_HOLD,
	HP_EFFECT_ADMIN,
	HP_EFFECT_ESCALATE,
	HP_EFFECT_BLOCK,
	HP_EFFECT_COUNT,
};
const char *hp_effect_name(enum hp_effect effect);
bool hp_effect_parse(const char *name, enum hp_effect *ret_effect);
/* The wire's verdict: allow, log, hold (hold, admin, escalate) or block. */
const char *hp_effect_verdict(enum hp_effect effect);

struct hp_finding {
	unsigned layer; /* 1–4 */
	const char *rule; /* "destructive_actions[0]" */
	enum hp_effect effect;
	const char *message; /* plain words, escaped */
	unsigned line;	     /* of the policy file; 0: a shipped default */
};

/* What evaluation says. Everything borrows the arena it was made in, or the policy. */
struct hp_verdict {
	enum hp_effect effect;
	const char *environment;	/* derived */
	const char *const *classes;	/* derived, in the policy's order; "unknown" last */
	size_t class_count;
	const char *tier;
	const struct hp_finding *findings; /* strictest first, then by layer */
	size_t finding_count;
	struct hp_quorum quorum;	/* empty unless hold, admin, escalate */
	const char *const *flags;	/* short words for a queue: "no-alternatives" "no-rollback"
					   "environment-differs" "irreversible"
					   "no-confidence" "low-confidence"
					   "unknown-class" "resources-unsaid" */
	size_t flag_count;
	int64_t resources_affected; /* max(claimed, listed); -1 missing */
	unsigned asked;		    /* which kinds of approval its findings ask for (private) */
	bool pure_read;
	int64_t spot_check_bp; /* the tier's share for spot checks; 0 for people */
	/* The request as it may be stored, shown and quoted: without what redaction found. The
	 * request itself where that is nothing. */
	const struct hp_request *shown;
};

/* Times of layer 4, all in milliseconds. */
struct hp_policy_times {
	int64_t timeout_ms, max_timeout_ms;
	int64_t extend_by_ms;
	unsigned extend_times;
	int64_t grant_ttl_ms;
	int64_t lease_ms, lease_max_ms;
};

struct hp_policy;

/* The shipped default policy text (what `init` writes); borrowed, NUL-terminated. */
const char *hp_policy_default_text(void);

/*
 * Parses, validates and compiles. `text` is copied. HP_INVALID with line and column; HP_UNSUPPORTED:
 * the pattern engine does not know this processor; HP_TOO_LARGE over HP_LIMIT_POLICY_BYTES.
 */
HP_MUST_CHECK enum hp_status hp_policy_load(const char *text, size_t len,
					    struct hp_policy **ret_policy, struct hp_error *err);
void hp_policy_free(struct hp_policy *policy);

/*
 * Refuses a policy whose approval rules these principals cannot fill (HP_INVALID with line): a
 * group without a reviewer, or fewer distinct persons than a rule counts. Whose agents will ask
 * is not known here, and an owner has no vote: where owners review, keep one person more than the
 * count.
 */
HP_MUST_CHECK enum hp_status hp_policy_check_quorums(const struct hp_policy *policy,
						     const struct hp_directory *directory,
						     struct hp_error *err);

/*
 * Calls `warn` for what is legal and surely not meant: rules and tiers that nothing reaches,
 * classes that no row of the matrix speaks for. `line` is the file's.
 */
typedef void hp_policy_warning(void *context, unsigned line, const char *message);
void hp_policy_lint(const struct hp_policy *policy, hp_policy_warning *warn, void *context);

const uint8_t *hp_policy_version(const struct hp_policy *policy); /* HP_HASH_BYTES */
const char *hp_policy_text(const struct hp_policy *policy, size_t *ret_len);
const struct hp_policy_times *hp_policy_times(const struct hp_policy *policy);
/* Whether policy lets the requester of a request of this tier run it itself. */
bool hp_policy_self_run(const struct hp_policy *policy, const char *tier);
/*
 * Whether a request of this digest is one of the share that people look at afterwards. The rule is
 * public, so that an auditor can draw the same sample: the digest's first 8 bytes as a big-endian
 * number, modulo 10,000, lie below the share in basis points. The digest covers a salt of the
 * broker's, so nobody who asks can choose it.
 */
bool hp_policy_samples(int64_t share_bp, const uint8_t digest[HP_HASH_BYTES]);
/* Whether the policy knows an environment or class of this name. */
bool hp_policy_has_environment(const struct hp_policy *policy, const char *name);

/*
 * Judges `request` of `requester`. Pure: no clock, no store, no meters. Anything but HP_OK means
 * the request must not be allowed (HP_NOMEM, engine failure).
 */
HP_MUST_CHECK enum hp_status hp_policy_evaluate(const struct hp_policy *policy,
						struct hp_arena *arena,
						const struct hp_principal *requester,
						const struct hp_request *request,
						struct hp_verdict *ret_verdict,
						struct hp_error *err);

/*
 * Redacts a text, or every text of a tree, by the policy's rules. *value is the same one when nothing
 * is found, else a copy in `arena`.
 * Anything but HP_OK: it was not judged, and must be withheld.
 */
HP_MUST_CHECK enum hp_status hp_policy_redact(const struct hp_policy *policy,
					      struct hp_arena *arena,
					      const struct hp_value **value);

/* Findings as the wire's list [{layer, rule, effect, message, line}]. */
struct hp_value *hp_findings_to_value(struct hp_arena *arena, const struct hp_finding *findings,
				      size_t count);

#endif
