/*
 * preflight - the article's eight checks, as far as the policy and the principals alone can prove
 * them: by judging probes, not by reading settings. cli/preflight_live.c adds what needs a broker.
 *
 * Invariants:
 *  1. A check's result is the worst of its findings; what could not be looked at is "not checked",
 *     which is no pass. No finding at all is "not checked" too.
 *  2. Findings say what was tried and what came of it, and, unless passed, what to do.
 *  3. Agents are judged without their own bounds where the policy is to be proved: bounds only add
 *     blocks, so what is stopped without them is stopped with them.
 * Threads: no state. Source: policy.md "preflight".
 */
#ifndef HP_CORE_PREFLIGHT_H
#define HP_CORE_PREFLIGHT_H

#include "core/policy.h"

enum hp_check {
	HP_CHECK_TRIAL,
	HP_CHECK_SCOPING,
	HP_CHECK_DESTRUCTIVE,
	HP_CHECK_REVIEW,
	HP_CHECK_TIMEOUT,
	HP_CHECK_ROLLBACK,
	HP_CHECK_AUDIT,
	HP_CHECK_RADIUS,
	HP_CHECK_ISOLATION,
	HP_CHECK_COUNT,
};
/* "permission-scoping" … */
const char *hp_check_name(enum hp_check check);

/* From best to worst. */
enum hp_check_result { HP_PASSED, HP_NOT_CHECKED, HP_WARNED, HP_FAILED };
/* "passed", "not-checked", "warned", "failed". */
const char *hp_check_result_name(enum hp_check_result result);

struct hp_preflight_finding {
	enum hp_check check;
	enum hp_check_result result;
	const char *evidence; /* plain words, escaped */
	const char *todo;     /* NULL: nothing */
};

enum { HP_PREFLIGHT_FINDINGS = 64 };

struct hp_preflight {
	struct hp_arena *arena;
	const struct hp_policy *policy;
	const struct hp_directory *directory;
	struct hp_preflight_finding findings[HP_PREFLIGHT_FINDINGS];
	size_t count;
};

/* Adds a finding; `todo` is borrowed, and NULL where there is nothing to do. */
void hp_preflight_say(struct hp_preflight *preflight, enum hp_check check,
		      enum hp_check_result result, const char *todo, const char *format, ...)
	HP_PRINTF(5, 6);
enum hp_check_result hp_preflight_result(const struct hp_preflight *preflight, enum hp_check check);

/* Checks 1, 2, 3 (quorums), 7 and 8, judged by this policy for these principals. */
HP_MUST_CHECK enum hp_status hp_preflight_judge(struct hp_preflight *preflight,
						struct hp_error *err);
/* Its parts: preflight_policy.c and preflight_people.c. */
HP_MUST_CHECK enum hp_status hp_preflight_scoping(struct hp_preflight *preflight,
						  struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_preflight_destructive(struct hp_preflight *preflight,
						      struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_preflight_radius(struct hp_preflight *preflight,
						 struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_preflight_people(struct hp_preflight *preflight,
						 struct hp_error *err);
HP_MUST_CHECK enum hp_status hp_preflight_executors(struct hp_preflight *preflight,
						    struct hp_error *err);

/* Whether each tool of an MCP server has a tier for what it does: `names` is a list of names, or of
 * maps with a `name`, as `tools/list` answers. HP_INVALID for another list. */
HP_MUST_CHECK enum hp_status hp_preflight_tools(struct hp_preflight *preflight, const char *server,
						const struct hp_value *names,
						struct hp_error *err);

/* What every probe says of itself, so that nobody takes it for a wish. */
#define HP_PROBE_SUMMARY "preflight probe"
#define HP_PROBE_WHY "preflight probe: it is never run, and expires or is withdrawn by itself"

/* A probe of this operation; fields that do not matter are filled in. */
struct hp_value *hp_preflight_probe(struct hp_arena *arena, const char *operation,
				    const char *environment);
/* Sets or replaces one of its impacts. */
void hp_preflight_set_impact(struct hp_arena *arena, struct hp_value *map, const char *key,
			     struct hp_value *value);
/*
 * A probe that, asked by `asker`, is held for people: irreversible, without command or audience, in
 * the mildest environment where it is. HP_NOT_FOUND: there is none.
 */
HP_MUST_CHECK enum hp_status hp_preflight_held(const struct hp_preflight *preflight,
					       const struct hp_principal *asker,
					       struct hp_value **ret_map, struct hp_error *err);
/* Judges a probe; its verdict lives in `arena`. */
HP_MUST_CHECK enum hp_status hp_preflight_evaluate(const struct hp_policy *policy,
						   struct hp_arena *arena,
						   const struct hp_principal *asker,
						   const struct hp_value *map, bool with_task_scope,
						   struct hp_verdict *ret_verdict,
						   struct hp_error *err);
/* The tier of what cannot be undone. */
const char *hp_preflight_gated(const struct hp_policy *policy);

/* Up to five names, and how many more. */
struct hp_names {
	const char *text;
	size_t count;
};
void hp_names_add(struct hp_arena *arena, struct hp_names *names, const char *name);
const char *hp_names_text(struct hp_arena *arena, const struct hp_names *names);

#endif
