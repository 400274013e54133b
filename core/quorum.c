#include "core/quorum.h"

#include <limits.h>
#include <string.h>

#include "core/limits.h"
#include "core/schema.h"

/* Places that a matching can fill. A quorum that needs more is never met: fail closed. */
enum { PLACES_MAX = 256, COUNT_MAX = PLACES_MAX / HP_LIMIT_QUORUM_SLOTS };

static bool
shares(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
	for (size_t i = 0; i < a_count; i++)
		for (size_t j = 0; j < b_count; j++)
			if (strcmp(a[i], b[j]) == 0)
				return true;
	return false;
}

/* Whether someone of these groups may fill that slot at that age. */
static bool
fits(const struct hp_quorum *quorum, const struct hp_quorum_slot *slot, const char *const *groups,
     size_t group_count, int64_t age_ms)
{
	if (shares(groups, group_count, slot->groups, slot->group_count))
		return true;
	for (size_t i = 0; i < quorum->widening_count; i++) {
		const struct hp_quorum_widening *widening = &quorum->widenings[i];
		if (age_ms >= widening->after_ms &&
		    shares(groups, group_count, widening->groups, widening->group_count))
			return true;
	}
	return false;
}

unsigned
hp_quorum_needed(const struct hp_quorum *quorum)
{
	unsigned needed = 0;
	for (size_t i = 0; i < quorum->slot_count; i++) {
		unsigned count = quorum->slots[i].count;
		needed = count > UINT_MAX - needed ? UINT_MAX : needed + count;
	}
	return needed;
}

/* A matching of persons to places, as it grows. */
struct matching {
	const struct hp_quorum *quorum;
	const struct hp_voter *voters;
	size_t voter_count;
	int64_t age_ms;
	unsigned used[HP_LIMIT_QUORUM_SLOTS];  /* places taken of each slot */
	unsigned first[HP_LIMIT_QUORUM_SLOTS]; /* where its places begin in `by` */
	size_t by[PLACES_MAX];		       /* the voter in each place */
	bool tried[HP_LIMIT_QUORUM_SLOTS];
};

/* A person may stand in the list twice; what fits one of the entries fits the person. */
static bool
person_fits(const struct matching *matching, size_t voter, size_t slot)
{
	const struct hp_voter *voters = matching->voters;
	for (size_t i = voter; i < matching->voter_count; i++)
		if ((i == voter || strcmp(voters[i].person, voters[voter].person) == 0) &&
		    fits(matching->quorum, &matching->quorum->slots[slot], voters[i].groups,
			 voters[i].group_count, matching->age_ms))
			return true;
	return false;
}

/*
 * Finds the voter a place, moving those who sit already to other places if need be (an augmenting
 * path). Each slot is tried once, so the recursion is no deeper than HP_LIMIT_QUORUM_SLOTS.
 */
static bool
seat(struct matching *matching, size_t voter)
{
	for (size_t slot = 0; slot < matching->quorum->slot_count; slot++) {
		if (matching->tried[slot] || !person_fits(matching, voter, slot))
			continue;
		matching->tried[slot] = true;
		size_t *by = matching->by + matching->first[slot];
		if (matching->used[slot] < matching->quorum->slots[slot].count) {
			by[matching->used[slot]++] = voter;
			return true;
		}
		for (unsigned i = 0; i < matching->used[slot]; i++) {
			if (seat(matching, by[i])) {
				by[i] = voter;
				return true;
			}
		}
	}
	return false;
}

/* Whether the list has this person further up; nobody is no person. */
static bool
is_repeat(const struct hp_voter *voters, size_t voter)
{
	if (!voters[voter].person || !voters[voter].person[0])
		return true;
	for (size_t i = 0; i < voter; i++)
		if (voters[i].person && strcmp(voters[i].person, voters[voter].person) == 0)
			return true;
	return false;
}

unsigned
hp_quorum_filled(const struct hp_quorum *quorum, const struct hp_voter *voters, size_t count,
		 int64_t age_ms)
{
	struct matching matching = {
		.quorum = quorum, .voters = voters, .voter_count = count, .age_ms = age_ms,
	};
	unsigned filled = 0, places = 0;
	if (quorum->slot_count > HP_LIMIT_QUORUM_SLOTS || hp_quorum_needed(quorum) > PLACES_MAX)
		return 0;
	for (size_t slot = 0; slot < quorum->slot_count; slot++) {
		matching.first[slot] = places;
		places += quorum->slots[slot].count;
	}
	for (size_t voter = 0; voter < count; voter++) {
		if (is_repeat(voters, voter))
			continue;
		memset(matching.tried, 0, sizeof matching.tried);
		filled += seat(&matching, voter);
	}
	return filled;
}

bool
hp_quorum_met(const struct hp_quorum *quorum, const struct hp_voter *voters, size_t count,
	      int64_t age_ms)
{
	unsigned needed = hp_quorum_needed(quorum);
	return needed && hp_quorum_filled(quorum, voters, count, age_ms) == needed;
}

bool
hp_quorum_eligible(const struct hp_quorum *quorum, const char *const *groups, size_t group_count,
		   int64_t age_ms)
{
	for (size_t i = 0; i < quorum->slot_count; i++)
		if (quorum->slots[i].count &&
		    fits(quorum, &quorum->slots[i], groups, group_count, age_ms))
			return true;
	return false;
}

static void
add_groups(struct hp_arena *arena, struct hp_value *map, const char *const *groups, size_t count)
{
	struct hp_value *list = hp_value_array(arena);
	for (size_t i = 0; i < count; i++)
		hp_array_add(arena, list, hp_value_str(arena, groups[i]));
	hp_map_set(arena, map, "groups", list);
}

struct hp_value *
hp_quorum_to_value(struct hp_arena *arena, const struct hp_quorum *quorum)
{
	struct hp_value *list = hp_value_array(arena);
	for (size_t i = 0; i < quorum->slot_count; i++) {
		struct hp_value *map = hp_value_map(arena);
		add_groups(arena, map, quorum->slots[i].groups, quorum->slots[i].group_count);
		hp_map_set_int(arena, map, "count", quorum->slots[i].count);
		hp_array_add(arena, list, map);
	}
	return list;
}

struct hp_value *
hp_quorum_freeze(struct hp_arena *arena, const struct hp_quorum *quorum)
{
	struct hp_value *frozen = hp_value_map(arena), *widenings = hp_value_array(arena);
	for (size_t i = 0; i < quorum->widening_count; i++) {
		const struct hp_quorum_widening *widening = &quorum->widenings[i];
		struct hp_value *map = hp_value_map(arena);
		hp_map_set_int(arena, map, "after_ms", widening->after_ms);
		add_groups(arena, map, widening->groups, widening->group_count);
		hp_array_add(arena, widenings, map);
	}
	hp_map_set(arena, frozen, "slots", hp_quorum_to_value(arena, quorum));
	hp_map_set(arena, frozen, "widenings", widenings);
	return frozen;
}

#define GROUPS {.name = "groups", .kinds = HP_K_LIST, .required = true, .min = 0, \
		.max = HP_LIMIT_GROUPS, .item = &group_item}

static const struct hp_field group_item = {.kinds = HP_K_NAME};
static const struct hp_field slot_fields[] = {
	GROUPS,
	{.name = "count", .kinds = HP_K_INT, .required = true, .min = 1, .max = COUNT_MAX},
	{.name = NULL},
};
static const struct hp_field widening_fields[] = {
	GROUPS,
	{.name = "after_ms", .kinds = HP_K_INT, .required = true, .min = 0, .max = INT64_MAX},
	{.name = NULL},
};
static const struct hp_field slot_item = {.kinds = HP_K_MAP, .fields = slot_fields};
static const struct hp_field widening_item = {.kinds = HP_K_MAP, .fields = widening_fields};
static const struct hp_field frozen_fields[] = {
	{.name = "slots", .kinds = HP_K_LIST, .required = true, .min = 0,
	 .max = HP_LIMIT_QUORUM_SLOTS, .item = &slot_item},
	{.name = "widenings", .kinds = HP_K_LIST, .required = true, .min = 0,
	 .max = HP_LIMIT_QUORUM_SLOTS, .item = &widening_item},
	{.name = NULL},
};

static const char *const *
thaw_groups(struct hp_arena *arena, const struct hp_value *map, size_t *ret_count)
{
	const struct hp_value *list = hp_map_get(map, "groups");
	const char **groups = hp_arena_array(arena, hp_value_count(list), sizeof *groups);
	*ret_count = groups ? hp_value_count(list) : 0;
	for (size_t i = 0; i < *ret_count; i++)
		groups[i] = hp_arena_strdup(arena, hp_array_get(list, i)->str.p);
	return groups;
}

enum hp_status
hp_quorum_thaw(struct hp_arena *arena, const struct hp_value *frozen,
	       struct hp_quorum *ret_quorum, struct hp_error *err)
{
	enum hp_status status = hp_schema_check(frozen, frozen_fields, "quorum", err);
	if (status)
		return status;
	const struct hp_value *slot_list = hp_map_get(frozen, "slots");
	const struct hp_value *widening_list = hp_map_get(frozen, "widenings");
	size_t slot_count = hp_value_count(slot_list);
	size_t widening_count = hp_value_count(widening_list);
	struct hp_quorum_slot *slots = hp_arena_array(arena, slot_count, sizeof *slots);
	struct hp_quorum_widening *widenings =
		hp_arena_array(arena, widening_count, sizeof *widenings);
	for (size_t i = 0; slots && i < slot_count; i++) {
		const struct hp_value *map = hp_array_get(slot_list, i);
		slots[i].groups = thaw_groups(arena, map, &slots[i].group_count);
		slots[i].count = (unsigned)hp_map_get_int(map, "count", 0);
	}
	for (size_t i = 0; widenings && i < widening_count; i++) {
		const struct hp_value *map = hp_array_get(widening_list, i);
		widenings[i].groups = thaw_groups(arena, map, &widenings[i].group_count);
		widenings[i].after_ms = hp_map_get_int(map, "after_ms", INT64_MAX);
	}
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	*ret_quorum = (struct hp_quorum){
		.slots = slots,
		.slot_count = slot_count,
		.widenings = widenings,
		.widening_count = widening_count,
	};
	return HP_OK;
}
