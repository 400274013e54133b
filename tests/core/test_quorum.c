#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/limits.h"
#include "core/msgpack.h"
#include "core/quorum.h"
#include "core/yaml.h"

#define G(...) (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / \
						     sizeof(const char *)

static const struct hp_voter ana = {"ana", G("oncall")};
static const struct hp_voter bo = {"bo", G("oncall", "dba")};
static const struct hp_voter cy = {"cy", G("dba")};
static const struct hp_voter di = {"di", G("leads")};
static const struct hp_voter nobody = {"", G("oncall", "dba", "leads")};

static const struct hp_quorum_slot two_oncall[] = {{G("oncall"), 2}};
static const struct hp_quorum_slot oncall_and_dba[] = {{G("oncall"), 1}, {G("dba"), 1}};
static const struct hp_quorum_slot either[] = {{G("oncall", "dba"), 2}};
static const struct hp_quorum_widening leads_later[] = {{600000, G("leads")}};

static unsigned
filled(const struct hp_quorum *quorum, int64_t age_ms, size_t count, ...)
{
	struct hp_voter voters[8];
	va_list args;
	va_start(args, count);
	for (size_t i = 0; i < count; i++)
		voters[i] = *va_arg(args, const struct hp_voter *);
	va_end(args);
	return hp_quorum_filled(quorum, voters, count, age_ms);
}

Test(quorum, invariant_1_one_person_fills_one_place)
{
	const struct hp_quorum two = {.slots = two_oncall, .slot_count = 1};
	const struct hp_quorum both = {.slots = oncall_and_dba, .slot_count = 2};
	cr_assert_eq(hp_quorum_needed(&two), 2);
	cr_assert_eq(filled(&two, 0, 0), 0);
	cr_assert_eq(filled(&two, 0, 1, &ana), 1);
	cr_assert_eq(filled(&two, 0, 2, &ana, &ana), 1);
	cr_assert_eq(filled(&two, 0, 2, &ana, &bo), 2);
	cr_assert_eq(filled(&two, 0, 3, &ana, &cy, &di), 1);
	cr_assert_eq(filled(&both, 0, 1, &bo), 1);
	cr_assert_eq(filled(&both, 0, 2, &bo, &bo), 1);
}

/* Counting, or taking the first slot that fits, would leave the second empty. */
Test(quorum, who_fits_two_slots_takes_the_one_that_nobody_else_can)
{
	const struct hp_quorum both = {.slots = oncall_and_dba, .slot_count = 2};
	cr_assert_eq(filled(&both, 0, 2, &bo, &ana), 2);
	cr_assert_eq(filled(&both, 0, 2, &ana, &bo), 2);
	cr_assert_eq(filled(&both, 0, 2, &bo, &cy), 2);
	cr_assert_eq(filled(&both, 0, 3, &bo, &cy, &ana), 2);
	cr_assert_eq(filled(&both, 0, 2, &ana, &di), 1);
}

Test(quorum, a_slot_takes_any_of_its_groups)
{
	const struct hp_quorum quorum = {.slots = either, .slot_count = 1};
	cr_assert_eq(filled(&quorum, 0, 2, &ana, &cy), 2);
	cr_assert_eq(filled(&quorum, 0, 3, &ana, &bo, &cy), 2);
	cr_assert_eq(filled(&quorum, 0, 1, &di), 0);
}

Test(quorum, a_widening_lets_more_vote_and_needs_as_many)
{
	const struct hp_quorum quorum = {
		.slots = two_oncall, .slot_count = 1,
		.widenings = leads_later, .widening_count = 1,
	};
	cr_assert_eq(hp_quorum_needed(&quorum), 2);
	cr_assert_eq(filled(&quorum, 599999, 2, &ana, &di), 1);
	cr_assert_eq(filled(&quorum, 600000, 2, &ana, &di), 2);
	cr_assert_eq(filled(&quorum, 600000, 1, &di), 1);
	cr_assert_eq(filled(&quorum, INT64_MIN, 2, &ana, &di), 1);
	cr_assert_not(hp_quorum_eligible(&quorum, di.groups, di.group_count, 599999));
	cr_assert(hp_quorum_eligible(&quorum, di.groups, di.group_count, 600000));
	cr_assert(hp_quorum_eligible(&quorum, ana.groups, ana.group_count, 0));
	cr_assert_not(hp_quorum_eligible(&quorum, cy.groups, cy.group_count, 600000));
	cr_assert_not(hp_quorum_eligible(&quorum, NULL, 0, 600000));
}

/* The same person by two entries: one place, by the groups of both. */
Test(quorum, two_entries_of_a_person_are_one_voter)
{
	const struct hp_voter again = {"ana", G("dba")};
	const struct hp_quorum both = {.slots = oncall_and_dba, .slot_count = 2};
	const struct hp_quorum dba = {.slots = oncall_and_dba + 1, .slot_count = 1};
	cr_assert_eq(filled(&both, 0, 2, &ana, &again), 1);
	cr_assert_eq(filled(&both, 0, 3, &ana, &again, &cy), 2);
	cr_assert_eq(filled(&both, 0, 3, &again, &ana, &cy), 2);
	cr_assert_eq(filled(&dba, 0, 2, &ana, &again), 1);
	cr_assert_eq(filled(&dba, 0, 2, &again, &ana), 1);
}

Test(quorum, unknown_fails_closed)
{
	static struct hp_quorum_slot many[HP_LIMIT_QUORUM_SLOTS + 1];
	const struct hp_quorum_slot huge[] = {{G("oncall"), UINT32_MAX}, {G("dba"), 2}};
	const struct hp_quorum_slot groupless[] = {{NULL, 0, 1}};
	const struct hp_quorum_slot countless[] = {{G("oncall"), 0}};
	const struct hp_quorum none = {0};
	const struct hp_quorum two = {.slots = two_oncall, .slot_count = 1};
	struct hp_quorum quorum = {.slots = many, .slot_count = HP_LIMIT_QUORUM_SLOTS + 1};
	const struct hp_voter personless = {NULL, G("oncall")};
	for (size_t i = 0; i <= HP_LIMIT_QUORUM_SLOTS; i++)
		many[i] = two_oncall[0];
	cr_assert_eq(filled(&quorum, 0, 2, &ana, &bo), 0);
	quorum = (struct hp_quorum){.slots = huge, .slot_count = 2};
	cr_assert_eq(hp_quorum_needed(&quorum), UINT32_MAX);
	cr_assert_eq(filled(&quorum, 0, 2, &ana, &bo), 0);
	quorum = (struct hp_quorum){.slots = groupless, .slot_count = 1};
	cr_assert_eq(filled(&quorum, 0, 2, &ana, &bo), 0);
	quorum = (struct hp_quorum){.slots = countless, .slot_count = 1};
	cr_assert_eq(filled(&quorum, 0, 1, &ana), 0);
	cr_assert_not(hp_quorum_eligible(&quorum, ana.groups, ana.group_count, 0));
	cr_assert_eq(filled(&two, 0, 2, &nobody, &personless), 0);
	cr_assert_eq(hp_quorum_needed(&none), 0);
	cr_assert_not(hp_quorum_met(&none, &ana, 1, 0));
	cr_assert_not(hp_quorum_met(&two, &ana, 1, 0));
	const struct hp_voter enough[] = {ana, bo};
	cr_assert(hp_quorum_met(&two, enough, 2, 0));
}

/* The most that the places hold: 16 slots of 16, 256 persons. */
Test(quorum, the_largest_quorum_can_be_filled)
{
	static struct hp_quorum_slot slots[HP_LIMIT_QUORUM_SLOTS];
	static struct hp_voter voters[257];
	static char names[257][8];
	for (size_t i = 0; i < HP_LIMIT_QUORUM_SLOTS; i++)
		slots[i] = (struct hp_quorum_slot){two_oncall[0].groups, 1, 16};
	for (size_t i = 0; i < 257; i++) {
		snprintf(names[i], sizeof names[i], "p%zu", i);
		voters[i] = (struct hp_voter){names[i], ana.groups, ana.group_count};
	}
	const struct hp_quorum quorum = {.slots = slots, .slot_count = HP_LIMIT_QUORUM_SLOTS};
	cr_assert_eq(hp_quorum_needed(&quorum), 256);
	cr_assert_eq(hp_quorum_filled(&quorum, voters, 255, 0), 255);
	cr_assert(hp_quorum_met(&quorum, voters, 256, 0));
	cr_assert(hp_quorum_met(&quorum, voters, 257, 0));
}

/* ---- against brute force ---- */

enum { GROUP_COUNT = 5, MOST_SLOTS = 4, MOST_VOTERS = 6, PERSONS = 7 };

static const char *const all_groups[GROUP_COUNT] = {"a", "b", "c", "d", "e"};
static const char *const all_persons[PERSONS] = {"", "p", "q", "r", "s", "t", "u"};

/* A random case, its groups as bits too, so that the checker shares nothing with the code. */
struct instance {
	struct hp_quorum_slot slots[MOST_SLOTS];
	unsigned slot_groups[MOST_SLOTS], widened;
	struct hp_quorum_widening widening;
	struct hp_voter voters[MOST_VOTERS];
	unsigned voter_groups[MOST_VOTERS], voter_person[MOST_VOTERS];
	size_t slot_count, voter_count;
	int64_t age_ms;
	const char *names[MOST_SLOTS + MOST_VOTERS + 1][GROUP_COUNT];
};

static uint32_t
next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static size_t
name_groups(unsigned bits, const char *names[GROUP_COUNT])
{
	size_t count = 0;
	for (unsigned i = 0; i < GROUP_COUNT; i++)
		if (bits & 1u << i)
			names[count++] = all_groups[i];
	return count;
}

static void
make_instance(struct instance *made, uint64_t *state)
{
	memset(made, 0, sizeof *made);
	made->slot_count = next_random(state) % (MOST_SLOTS + 1);
	made->voter_count = next_random(state) % (MOST_VOTERS + 1);
	made->age_ms = next_random(state) % 20;
	unsigned later = next_random(state) & next_random(state) & 31;
	made->widening.after_ms = next_random(state) % 20;
	made->widening.groups = made->names[MOST_SLOTS + MOST_VOTERS];
	made->widening.group_count = name_groups(later, made->names[MOST_SLOTS + MOST_VOTERS]);
	made->widened = made->age_ms >= made->widening.after_ms ? later : 0;
	for (size_t i = 0; i < made->slot_count; i++) {
		made->slot_groups[i] = next_random(state) & next_random(state) & 31;
		made->slots[i].groups = made->names[i];
		made->slots[i].group_count = name_groups(made->slot_groups[i], made->names[i]);
		made->slots[i].count = 1 + next_random(state) % 3;
	}
	for (size_t i = 0; i < made->voter_count; i++) {
		const char **names = made->names[MOST_SLOTS + i];
		made->voter_groups[i] = next_random(state) & 31;
		made->voter_person[i] = next_random(state) % 3 ? (unsigned)i + 1
							       : next_random(state) % PERSONS;
		made->voters[i].person = all_persons[made->voter_person[i]];
		made->voters[i].groups = names;
		made->voters[i].group_count = name_groups(made->voter_groups[i], names);
	}
}

/* The most places that persons `person`… can take, by trying everything. */
static unsigned
try_all(const struct instance *made, unsigned person, unsigned left[MOST_SLOTS])
{
	if (person == PERSONS)
		return 0;
	unsigned groups = 0, best = try_all(made, person + 1, left);
	for (size_t i = 0; i < made->voter_count; i++)
		if (made->voter_person[i] == person)
			groups |= made->voter_groups[i];
	for (size_t slot = 0; slot < made->slot_count; slot++) {
		if (!left[slot] || !(groups & (made->slot_groups[slot] | made->widened)))
			continue;
		left[slot]--;
		unsigned filled_here = 1 + try_all(made, person + 1, left);
		left[slot]++;
		if (filled_here > best)
			best = filled_here;
	}
	return best;
}

Test(quorum, fills_as_many_places_as_brute_force_finds)
{
	uint64_t state = 20250607; /* fixed: a failure can be repeated */
	unsigned seen[16] = {0};
	for (unsigned round = 0; round < 30000; round++) {
		struct instance made;
		unsigned left[MOST_SLOTS] = {0}, needed = 0;
		make_instance(&made, &state);
		for (size_t i = 0; i < made.slot_count; i++)
			needed += left[i] = made.slots[i].count;
		const struct hp_quorum quorum = {
			.slots = made.slots, .slot_count = made.slot_count,
			.widenings = &made.widening, .widening_count = 1,
		};
		unsigned want = try_all(&made, 1, left);
		cr_assert_eq(hp_quorum_needed(&quorum), needed, "round %u", round);
		cr_assert_eq(hp_quorum_filled(&quorum, made.voters, made.voter_count, made.age_ms),
			     want, "round %u: %u expected", round, want);
		cr_assert_eq(hp_quorum_met(&quorum, made.voters, made.voter_count, made.age_ms),
			     needed && want == needed, "round %u", round);
		seen[want]++;
	}
	for (unsigned places = 0; places <= 5; places++)
		cr_assert_gt(seen[places], 100, "too few cases fill %u places", places);
}

/* ---- to and from values ---- */

static void
assert_json_like(const struct hp_value *value, const char *hex)
{
	struct hp_buf bytes = {0}, text = {0};
	cr_assert_eq(hp_msgpack_encode(value, &bytes, NULL), HP_OK);
	hp_buf_add_hex(&text, bytes.data, bytes.len);
	cr_assert_str_eq(hp_buf_text(&text), hex);
	hp_buf_release(&bytes);
	hp_buf_release(&text);
}

Test(quorum, the_wire_shows_groups_and_count)
{
	struct hp_arena arena = {0};
	const struct hp_quorum both = {.slots = oncall_and_dba, .slot_count = 2};
	const struct hp_quorum none = {0};
	/* [{"count": 1, "groups": ["oncall"]}, {"count": 1, "groups": ["dba"]}] */
	assert_json_like(hp_quorum_to_value(&arena, &both),
			 "9282a5636f756e7401a667726f75707391a66f6e63616c6c"
			 "82a5636f756e7401a667726f75707391a3646261");
	assert_json_like(hp_quorum_to_value(&arena, &none), "90");
	hp_arena_release(&arena);
}

Test(quorum, what_is_frozen_thaws_as_it_was)
{
	struct hp_arena arena = {0};
	const struct hp_quorum quorum = {
		.slots = oncall_and_dba, .slot_count = 2,
		.widenings = leads_later, .widening_count = 1,
	};
	const struct hp_quorum none = {0};
	struct hp_quorum read = {0};
	struct hp_error err = {0};
	struct hp_value *frozen = hp_quorum_freeze(&arena, &quorum);
	cr_assert_eq(hp_quorum_thaw(&arena, frozen, &read, &err), HP_OK, "%s", err.message);
	cr_assert(hp_value_equal(hp_quorum_freeze(&arena, &read), frozen));
	cr_assert_eq(read.slot_count, 2);
	cr_assert_eq(read.slots[1].count, 1);
	cr_assert_str_eq(read.slots[1].groups[0], "dba");
	cr_assert_eq(read.widening_count, 1);
	cr_assert_eq(read.widenings[0].after_ms, 600000);
	cr_assert_str_eq(read.widenings[0].groups[0], "leads");
	cr_assert_eq(hp_quorum_thaw(&arena, hp_quorum_freeze(&arena, &none), &read, &err), HP_OK);
	cr_assert_eq(hp_quorum_needed(&read), 0);
	hp_arena_release(&arena);
}

/* As text, each with one thing wrong. */
Test(quorum, a_frozen_quorum_that_is_not_one_is_refused)
{
	static const struct {
		const char *text, *field;
	} cases[] = {
		{"{}", "slots"},
		{"{slots: []}", "widenings"},
		{"{widenings: []}", "slots"},
		{"{slots: [], widenings: [], more: 1}", "more"},
		{"{slots: {}, widenings: []}", "slots"},
		{"{slots: [{groups: [a]}], widenings: []}", "slots[0].count"},
		{"{slots: [{count: 1}], widenings: []}", "slots[0].groups"},
		{"{slots: [{groups: [a], count: 0}], widenings: []}", "slots[0].count"},
		{"{slots: [{groups: [a], count: 17}], widenings: []}", "slots[0].count"},
		{"{slots: [{groups: [a], count: '2'}], widenings: []}", "slots[0].count"},
		{"{slots: [{groups: [1], count: 2}], widenings: []}", "slots[0].groups[0]"},
		{"{slots: [{groups: [a], count: 2, least: 1}], widenings: []}", "slots[0].least"},
		{"{slots: [], widenings: [{groups: [a]}]}", "widenings[0].after_ms"},
		{"{slots: [], widenings: [{after_ms: 1}]}", "widenings[0].groups"},
		{"{slots: [], widenings: [{after_ms: -1, groups: [a]}]}",
		 "widenings[0].after_ms"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		const struct hp_value *frozen;
		struct hp_quorum read = {.slot_count = 77};
		struct hp_error err = {0};
		cr_assert_eq(hp_yaml_load(&arena, cases[i].text, strlen(cases[i].text), &frozen,
					  NULL), HP_OK);
		cr_assert_eq(hp_quorum_thaw(&arena, frozen, &read, &err), HP_INVALID, "%s",
			     cases[i].text);
		cr_assert_str_eq(err.field, cases[i].field, "%s: %s", cases[i].text, err.message);
		cr_assert_eq(read.slot_count, 77);
		hp_arena_release(&arena);
	}
}

Test(quorum, sixteen_slots_and_widenings_thaw_and_no_more)
{
	struct hp_arena arena = {0};
	struct hp_quorum_slot slots[HP_LIMIT_QUORUM_SLOTS + 1];
	struct hp_quorum_widening widenings[HP_LIMIT_QUORUM_SLOTS + 1];
	struct hp_quorum read;
	for (size_t i = 0; i <= HP_LIMIT_QUORUM_SLOTS; i++) {
		slots[i] = two_oncall[0];
		widenings[i] = (struct hp_quorum_widening){0, NULL, 0};
	}
	for (unsigned more = 0; more < 3; more++) {
		const struct hp_quorum quorum = {
			.slots = slots, .slot_count = HP_LIMIT_QUORUM_SLOTS + (more == 1),
			.widenings = widenings,
			.widening_count = HP_LIMIT_QUORUM_SLOTS + (more == 2),
		};
		cr_assert_eq(hp_quorum_thaw(&arena, hp_quorum_freeze(&arena, &quorum), &read,
					    NULL),
			     more ? HP_INVALID : HP_OK, "%u", more);
	}
	cr_assert_eq(read.slot_count, HP_LIMIT_QUORUM_SLOTS);
	cr_assert_eq(read.widening_count, HP_LIMIT_QUORUM_SLOTS);
	hp_arena_release(&arena);
}
