/* Meters by agent and name, what requests cost, and a file from before there were any. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "store_fixture.h"

static struct fixture f;

static void
start(void)
{
	fixture_open(&f);
}

static void
stop(void)
{
	fixture_close(&f);
}

TestSuite(store_meter, .init = start, .fini = stop);

static const char *
meter(const char *agent, const char *name)
{
	struct hp_str state;
	enum hp_status status = hp_store_get_meter(f.store, &f.arena, agent, name, &state);
	if (status == HP_NOT_FOUND)
		return "none";
	cr_assert_eq(status, HP_OK);
	return state.p;
}

static void
put(const char *agent, const char *name, const char *state)
{
	cr_assert_eq(hp_store_put_meter(f.store, agent, name, fixture_str(state)), HP_OK);
}

Test(store_meter, meters_are_an_agents_own_and_survive)
{
	fixture_begin(&f);
	put("ann", "pace", "one");
	put("bob", "pace", "two");
	put("ann", "pace", "three");
	fixture_commit(&f);
	fixture_begin(&f);
	put("ann", "pace", "lost");
	hp_store_rollback(f.store);
	fixture_reopen(&f);
	cr_expect_str_eq(meter("ann", "pace"), "three");
	cr_expect_str_eq(meter("bob", "pace"), "two");
	cr_expect_str_eq(meter("ann", "bytes"), "none");
	cr_expect_str_eq(meter("an", "pace"), "none");
}

Test(store_meter, meters_are_counted_by_prefix)
{
	static const char *const names[] = {"family a", "family z", "family \xf0\x9f\x98\x80",
					    "familiar", "famil", "fb", "bytes"};
	static const struct {
		const char *agent, *prefix;
		int64_t count;
	} cases[] = {{"ann", "family ", 3}, {"ann", "fam", 5}, {"ann", "", 7}, {"bob", "", 0}};
	fixture_begin(&f);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		put("ann", names[i], "x");
	fixture_commit(&f);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t count = -1;
		cr_assert_eq(hp_store_count_meters(f.store, cases[i].agent, cases[i].prefix,
						   &count),
			     HP_OK);
		cr_expect_eq(count, cases[i].count, "%s \"%s\": %" PRId64, cases[i].agent,
			     cases[i].prefix, count);
	}
}

Test(store_meter, pending_requests_are_counted_up_to_a_number)
{
	static const enum hp_state states[] = {HP_STATE_PENDING, HP_STATE_GRANTED, HP_STATE_PENDING,
					       HP_STATE_PENDING, HP_STATE_DENIED};
	int64_t count = -1;
	for (unsigned i = 0; i < sizeof states / sizeof states[0]; i++) {
		struct hp_row row = fixture_row(&f, i, states[i]);
		row.requester = i == 3 ? "bob" : "ann";
		fixture_begin(&f);
		cr_assert_eq(hp_store_insert(f.store, &row), HP_OK);
		fixture_commit(&f);
	}
	cr_assert_eq(hp_store_count_pending(f.store, "ann", 20, &count), HP_OK);
	cr_expect_eq(count, 2);
	cr_assert_eq(hp_store_count_pending(f.store, "ann", 1, &count), HP_OK);
	cr_expect_eq(count, 1);
}

/* The nth request of the agent, with its cost. */
static int64_t
spend(unsigned n, const char *agent, int64_t at_ms, int64_t cost_micros, bool asked)
{
	struct hp_row row = fixture_insert(&f, n, HP_STATE_PENDING);
	struct hp_metered metered = {.agent = agent, .at_ms = at_ms, .cost_micros = cost_micros,
				     .asked = asked, .chain_resources = 3, .chain_micros = 4};
	metered.deed[0] = (uint8_t)(cost_micros % 251);
	fixture_begin(&f);
	cr_assert_eq(hp_store_add_metered(f.store, row.key, &metered), HP_OK);
	fixture_commit(&f);
	return row.key;
}

Test(store_meter, costs_are_summed_by_time_and_kind)
{
	struct hp_stored_cost *costs;
	size_t count;
	spend(1, "ann", 900, 1, false);
	spend(2, "ann", 1100, 10, false);
	spend(3, "ann", 1200, 20, false);
	spend(4, "ann", 1300, 30, true);
	spend(5, "ann", 2100, 40, false);
	spend(6, "ann", 2200, 0, false);
	spend(7, "bob", 1100, 500, false);
	cr_assert_eq(hp_store_costs(f.store, &f.arena, "ann", 1000, 1000, &costs, &count), HP_OK);
	cr_assert_eq(count, 3);
	int64_t granted = 0, asked = 0;
	for (size_t i = 0; i < count; i++)
		*(costs[i].asked ? &asked : &granted) += costs[i].cost_micros;
	cr_expect_eq(granted, 70);
	cr_expect_eq(asked, 30);
	spend(8, "cat", 1500, INT64_MAX, false);
	spend(9, "cat", 1500, INT64_MAX, false);
	cr_assert_eq(hp_store_costs(f.store, &f.arena, "cat", 1000, 1000, &costs, &count), HP_OK);
	cr_assert_eq(count, 1);
	cr_expect_eq(costs[0].cost_micros, INT64_C(9000000000000000000), "the sum is cut");
}

Test(store_meter, a_request_is_settled_and_denied)
{
	struct hp_metered metered;
	int64_t at_ms = 0;
	int64_t key = spend(1, "ann", 900, 7, true);
	uint8_t deed[32] = {7};
	cr_expect_eq(hp_store_last_denied(f.store, "ann", deed, &at_ms), HP_NOT_FOUND);
	fixture_begin(&f);
	cr_assert_eq(hp_store_settle_metered(f.store, key, 5), HP_OK);
	cr_assert_eq(hp_store_deny_metered(f.store, key, 1234), HP_OK);
	cr_expect_eq(hp_store_settle_metered(f.store, key + 1, 5), HP_CONFLICT);
	fixture_commit(&f);
	fixture_reopen(&f);
	cr_assert_eq(hp_store_get_metered(f.store, &f.arena, key, &metered), HP_OK);
	cr_expect_str_eq(metered.agent, "ann");
	cr_expect_eq(metered.at_ms, 900);
	cr_expect_eq(metered.cost_micros, 5);
	cr_expect(metered.asked);
	cr_expect_eq(metered.chain_resources, 3);
	cr_expect_eq(metered.chain_micros, 4);
	cr_expect_arr_eq(metered.deed, deed, sizeof deed);
	cr_assert_eq(hp_store_last_denied(f.store, "ann", deed, &at_ms), HP_OK);
	cr_expect_eq(at_ms, 1234);
	cr_expect_eq(hp_store_last_denied(f.store, "bob", deed, &at_ms), HP_NOT_FOUND);
	cr_expect_eq(hp_store_get_metered(f.store, &f.arena, key + 1, &metered), HP_NOT_FOUND);
}

Test(store_meter, a_file_without_meters_gets_them)
{
	fixture_insert(&f, 1, HP_STATE_PENDING);
	hp_store_close(f.store);
	f.store = NULL;
	cr_assert_str_empty(fixture_sql(&f, FIXTURE_TO_VERSION_2));
	cr_assert_str_empty(fixture_sql(&f, "DROP TABLE meter; DROP TABLE metered;"
					    "DROP INDEX request_pending; PRAGMA user_version=1"));
	fixture_reopen(&f);
	fixture_begin(&f);
	put("ann", "pace", "one");
	fixture_commit(&f);
	fixture_reopen(&f);
	cr_expect_str_eq(meter("ann", "pace"), "one");
}
