/*
 * boundary - executor.yaml: what one executor runs, whatever a broker says.
 *
 * It is the runtime boundary outside the broker: one environment, one audience, the operations and
 * programs that are known here, and the keys of the people whose votes count.
 *
 * Invariants:
 *  1. Nothing is allowed that the file does not name: no programs, nothing runs; a tier without
 *     `min_votes` is refused; a vote counts by the key and the person in this file alone.
 *  2. `sign_public` and `name` are unique. Persons may repeat: one person's keys are one vote.
 *  3. Paths are absolute. Whether they exist is for who runs them to find out.
 * Unknown keys are errors with line and column. Source: protocol.md "Instance directory".
 * Threads: no state.
 */
#ifndef HP_CORE_BOUNDARY_H
#define HP_CORE_BOUNDARY_H

#include "core/crypto.h"

struct hp_boundary_program {
	const char *name; /* a command's first word; or an operation, for actions without a command */
	const char *path;
};

struct hp_boundary_reviewer {
	const char *name, *person;
	uint8_t sign_public[HP_SIGN_PUBLIC_BYTES];
};

struct hp_boundary_tier {
	const char *name;
	unsigned votes; /* of distinct persons */
};

struct hp_boundary {
	const char *environment, *audience;
	const char *const *operations; /* globs, case counts */
	size_t operation_count;
	const struct hp_boundary_program *programs;
	size_t program_count;
	const char *path;	     /* PATH of what runs */
	const char *const *env;	     /* names that a request may set, or that are handed on */
	size_t env_count;
	const char *const *cwd_roots; /* none: no request may name a directory */
	size_t cwd_root_count;
	const struct hp_boundary_reviewer *reviewers;
	size_t reviewer_count;
	const struct hp_boundary_tier *min_votes;
	size_t tier_count;
	unsigned max_parallel;
	int64_t timeout_ms;	     /* of one command */
	int64_t output_limit_bytes; /* of one command; more ends it */
	const char *user;	     /* NULL: the executor's own */
};

/* Strings live in `arena`. HP_INVALID with field and position. */
HP_MUST_CHECK enum hp_status hp_boundary_parse(struct hp_arena *arena, const char *text,
					       size_t len, struct hp_boundary *ret_boundary,
					       struct hp_error *err);

/* Whether a pattern of `operations` holds. */
bool hp_boundary_allows(const struct hp_boundary *boundary, const char *operation);
/* The absolute path that a command's first word means: the name or the path of a program. NULL:
 * none is known here. */
const char *hp_boundary_program(const struct hp_boundary *boundary, const char *word);
bool hp_boundary_passes(const struct hp_boundary *boundary, const char *variable);

#endif
