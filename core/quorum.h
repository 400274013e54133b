/*
 * quorum - who may release, and whether enough distinct persons have.
 *
 * A quorum is a union of slots {groups, count}. One person fills one place of one slot, so slots
 * are filled by a maximum matching of persons to places, not by counting (lifecycle invariant 1).
 * Widenings add groups to every slot after a time; they never lower a count.
 * Unknown fails closed: a quorum beyond HP_LIMIT_QUORUM_SLOTS slots of as many places is never
 * filled, a voter without a person fills nothing, and what needs nobody is not met.
 * Threads: no state.
 */
#ifndef HP_CORE_QUORUM_H
#define HP_CORE_QUORUM_H

#include "core/value.h"

struct hp_quorum_slot {
	const char *const *groups; /* any of these */
	size_t group_count;
	unsigned count; /* distinct persons */
};

struct hp_quorum_widening {
	int64_t after_ms; /* since submit */
	const char *const *groups;
	size_t group_count;
};

struct hp_quorum {
	const struct hp_quorum_slot *slots;
	size_t slot_count;
	const struct hp_quorum_widening *widenings;
	size_t widening_count;
};

/* A person who voted approve (or would): distinct `person`s only. */
struct hp_voter {
	const char *person;
	const char *const *groups;
	size_t group_count;
};

/* Places to fill: Σ count. */
unsigned hp_quorum_needed(const struct hp_quorum *quorum);

/* Places filled at best by these voters, `age_ms` after submit. A person in the list twice counts
 * once, with the groups of all the entries. Allocates nothing. */
unsigned hp_quorum_filled(const struct hp_quorum *quorum, const struct hp_voter *voters,
			  size_t count, int64_t age_ms);

/* Whether every place is filled, and there is at least one. */
bool hp_quorum_met(const struct hp_quorum *quorum, const struct hp_voter *voters, size_t count,
		   int64_t age_ms);

/* Whether a person of these groups fits any slot at that age. */
bool hp_quorum_eligible(const struct hp_quorum *quorum, const char *const *groups,
			size_t group_count, int64_t age_ms);

/* The wire's [{groups, count}], and the stored form with widenings, to and from values. */
struct hp_value *hp_quorum_to_value(struct hp_arena *arena, const struct hp_quorum *quorum);
struct hp_value *hp_quorum_freeze(struct hp_arena *arena, const struct hp_quorum *quorum);
HP_MUST_CHECK enum hp_status hp_quorum_thaw(struct hp_arena *arena, const struct hp_value *frozen,
					    struct hp_quorum *ret_quorum, struct hp_error *err);

#endif
