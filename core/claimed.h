/*
 * claimed - a `claimed` reply, believed only as far as it proves itself.
 *
 * Purpose: an executor trusts no broker. What it runs must be what the canonical bytes say, what
 * the people it knows have signed, and what its own file allows.
 *
 * Invariants:
 *  1. hp_claimed_open() recomputes both digests: of the action with its salt, against the one
 *     inside the canonical bytes; of the canonical bytes, which the votes must name.
 *  2. What runs is what was shown: operation, resources, command, directory, files, audience and
 *     what a rollback runs are equal in the action and in the canonical bytes, to the byte.
 *     Arguments, values of variables and a rollback's prose may be hidden there as
 *     "[REDACTED:kind]": texts and keys in part, numbers and bytes whole, nothing else (policy.md,
 *     Redaction).
 *  3. A vote counts by the name, person and key of the boundary's file. One that contradicts itself
 *     or the file, or whose signature fails, refuses the whole claim: somebody changed it.
 *  4. The owner's vote never counts, and a deny of anybody known refuses.
 * Every refusal names what failed, in one line fit for a log. Threads: no state.
 */
#ifndef HP_CORE_CLAIMED_H
#define HP_CORE_CLAIMED_H

#include "core/boundary.h"
#include "core/request.h"

struct hp_claimed {
	const char *id;
	struct hp_request request; /* id, action and rollback; nothing else is in it */
	const struct hp_value *canonical;
	uint8_t digest[HP_HASH_BYTES]; /* of the canonical bytes */
	const struct hp_value *votes;
	const char *environment, *tier, *owner; /* of the canonical; owner "" for none */
	int64_t lease_ms;
};

/* Decodes and recomputes (1, 2). HP_INVALID or HP_CONFLICT with the reason. Borrows `reply`. */
HP_MUST_CHECK enum hp_status hp_claimed_open(struct hp_arena *arena, const struct hp_value *reply,
					     const char *instance, struct hp_claimed *ret_claimed,
					     struct hp_error *err);

/* Verifies the votes against the file's keys (3, 4), and that they are as many distinct persons as
 * the tier's `min_votes` and the canonical's own quorum ask for. HP_REFUSED, HP_BAD_SIGNATURE. */
HP_MUST_CHECK enum hp_status hp_claimed_check_votes(const struct hp_claimed *claimed,
						    const struct hp_boundary *boundary,
						    const char *instance, struct hp_error *err);

/* What the boundary says to it: environment, audience, operations, programs, names of variables.
 * Directories and hashes of files are for who opens them. HP_REFUSED. */
HP_MUST_CHECK enum hp_status hp_claimed_check_bounds(const struct hp_claimed *claimed,
						     const struct hp_boundary *boundary,
						     struct hp_error *err);

/* The program that runs an action or rollback (of `operation` and `command`, either may be NULL);
 * NULL: none is known here. */
const char *hp_claimed_program(const struct hp_boundary *boundary, const char *operation,
			       const struct hp_value *command);

/* Whether there is something to run when it fails. */
bool hp_claimed_has_rollback(const struct hp_claimed *claimed);

#endif
