/* The store's requests: what is inserted comes back, moves are conditional, timers are found. */
#include <criterion/criterion.h>
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

TestSuite(store, .init = start, .fini = stop);

static void
claim(struct hp_row *row, const char *claimer, uint8_t nonce)
{
	row->state = HP_STATE_EXECUTING;
	row->claimer = claimer;
	row->has_nonce = true;
	memset(row->nonce, nonce, sizeof row->nonce);
}

static enum hp_status
move(struct hp_row *row, enum hp_state from, int64_t at_ms)
{
	fixture_begin(&f);
	enum hp_status status = hp_store_move(f.store, row, from, at_ms);
	fixture_commit(&f);
	return status;
}

/* ---- insert and get ---- */

Test(store, every_column_comes_back)
{
	struct hp_row row = fixture_row(&f, 5, HP_STATE_EXECUTING);
	row.via = "gateway";
	row.due = (struct hp_due){.wall_ms = 11, .boottime_ms = 12, .boot_id = {13}};
	row.lease_end_max = (struct hp_due){.wall_ms = 21, .boottime_ms = 22, .boot_id = {23}};
	row.approvals = 2;
	row.extensions = 4;
	row.lease_ms = 60000;
	row.stop = true;
	claim(&row, "exec-1", 9);
	fixture_begin(&f);
	cr_assert_eq(hp_store_insert(f.store, &row), HP_OK);
	fixture_commit(&f);
	cr_assert_eq(row.key, 1);
	struct hp_row by_id, by_key = fixture_get(&f, row.key);
	cr_assert_eq(hp_store_get(f.store, &f.arena, row.id, &by_id), HP_OK);
	fixture_expect_row(&by_id, &row);
	fixture_expect_row(&by_key, &row);
}

Test(store, absent_things_come_back_absent)
{
	struct hp_row row = fixture_row(&f, 5, HP_STATE_BLOCKED);
	row.action = row.salt = row.quorum = row.classes = (struct hp_str){0};
	fixture_begin(&f);
	cr_assert_eq(hp_store_insert(f.store, &row), HP_OK);
	fixture_commit(&f);
	struct hp_row got = fixture_get(&f, row.key);
	cr_assert_null(got.action.p);
	cr_assert_null(got.salt.p);
	cr_assert_eq(got.quorum.len, 0);
	cr_assert_eq(got.due.wall_ms, 0);
	cr_assert_not(got.has_nonce);
	cr_assert_eq(hp_store_get(f.store, &f.arena, "nobody", &got), HP_NOT_FOUND);
	cr_assert_eq(hp_store_get_key(f.store, &f.arena, 77, &got), HP_NOT_FOUND);
}

Test(store, an_id_is_taken_once)
{
	struct hp_row first = fixture_insert(&f, 1, HP_STATE_PENDING);
	struct hp_row other = fixture_row(&f, 2, HP_STATE_PENDING);
	struct hp_row third = fixture_row(&f, 3, HP_STATE_PENDING);
	other.id = first.id;
	fixture_begin(&f);
	cr_assert_eq(hp_store_insert(f.store, &other), HP_CONFLICT);
	cr_assert_eq(hp_store_insert(f.store, &third), HP_OK); /* the turn goes on */
	fixture_commit(&f);
	struct hp_row got = fixture_get(&f, first.key);
	fixture_expect_row(&got, &first);
	cr_assert_eq(hp_store_get(f.store, &f.arena, third.id, &got), HP_OK);
}

Test(store, a_rollback_leaves_nothing)
{
	int64_t counts[HP_STATE_COUNT];
	struct hp_row kept = fixture_insert(&f, 1, HP_STATE_PENDING), got;
	struct hp_row lost = fixture_row(&f, 2, HP_STATE_PENDING);
	fixture_begin(&f);
	cr_assert_eq(hp_store_insert(f.store, &lost), HP_OK);
	struct hp_row moved = kept;
	moved.state = HP_STATE_GRANTED;
	cr_assert_eq(hp_store_move(f.store, &moved, HP_STATE_PENDING, 1), HP_OK);
	cr_assert_eq(hp_store_put_int(f.store, "event_seq", 9), HP_OK);
	hp_store_rollback(f.store);
	hp_store_rollback(f.store); /* harmless */
	cr_assert_eq(hp_store_get(f.store, &f.arena, lost.id, &got), HP_NOT_FOUND);
	got = fixture_get(&f, kept.key);
	fixture_expect_row(&got, &kept);
	cr_assert_eq(hp_store_count_states(f.store, counts), HP_OK);
	cr_assert_eq(counts[HP_STATE_PENDING], 1);
	cr_assert_eq(counts[HP_STATE_GRANTED], 0);
}

/* ---- moves ---- */

Test(store, a_move_writes_its_columns_and_no_others)
{
	struct hp_row row = fixture_insert(&f, 1, HP_STATE_PENDING);
	struct hp_row wanted = row;
	wanted.state = HP_STATE_GRANTED;
	wanted.reason = "looks right";
	wanted.by = "ana";
	wanted.approvals = 2;
	wanted.extensions = 1;
	wanted.due = (struct hp_due){.wall_ms = 31, .boottime_ms = 32, .boot_id = {33}};
	struct hp_row given = wanted;
	given.summary = given.owner = "another";
	given.needed = 0;
	cr_assert_eq(move(&given, HP_STATE_PENDING, 99), HP_OK);
	struct hp_row got = fixture_get(&f, row.key);
	fixture_expect_row(&got, &wanted);
}

Test(store, a_move_needs_the_state_the_caller_saw)
{
	struct hp_row row = fixture_insert(&f, 1, HP_STATE_PENDING);
	struct hp_row moved = row;
	moved.state = HP_STATE_EXECUTING;
	cr_assert_eq(move(&moved, HP_STATE_GRANTED, 1), HP_CONFLICT);
	moved.key = 1234;
	cr_assert_eq(move(&moved, HP_STATE_PENDING, 1), HP_CONFLICT);
	struct hp_row got = fixture_get(&f, row.key);
	fixture_expect_row(&got, &row);
}

Test(store, a_final_state_never_changes)
{
	unsigned finals = 0;
	for (unsigned state = 0; state < HP_STATE_COUNT; state++) {
		struct hp_row row = fixture_insert(&f, state, (enum hp_state)state);
		bool is_final = hp_state_is_final((enum hp_state)state);
		finals += is_final;
		struct hp_row moved = row;
		moved.state = HP_STATE_GRANTED;
		cr_assert_eq(move(&moved, (enum hp_state)state, 1), is_final ? HP_CONFLICT : HP_OK,
			     "%s", hp_state_name((enum hp_state)state));
		/* Nor by anyone's own SQL. */
		const char *sql = hp_arena_printf(
			&f.arena, "UPDATE request SET state = '%s' WHERE key = %lld",
			hp_state_name((enum hp_state)state), (long long)row.key);
		cr_assert_str_eq(fixture_sql(&f, sql),
				 is_final ? "a final state never changes" : "");
	}
	cr_assert_eq(finals, 11);
}

Test(store, a_final_move_erases_the_action)
{
	struct hp_row row = fixture_insert(&f, 1, HP_STATE_GRANTED);
	claim(&row, "exec-1", 1);
	cr_assert_eq(move(&row, HP_STATE_GRANTED, 1), HP_OK);
	cr_assert_not_null(fixture_get(&f, row.key).action.p);
	row.state = HP_STATE_UNKNOWN; /* not final: a person settles it */
	cr_assert_eq(move(&row, HP_STATE_EXECUTING, 2), HP_OK);
	cr_assert_not_null(fixture_get(&f, row.key).action.p);
	row.state = HP_STATE_SUCCEEDED;
	cr_assert_eq(move(&row, HP_STATE_UNKNOWN, 3), HP_OK);
	struct hp_row got = fixture_get(&f, row.key);
	cr_assert_null(got.action.p);
	cr_assert_null(got.salt.p);
	cr_assert_not_null(got.canonical.p);
}

Test(store, history_has_a_line_for_each_state)
{
	static const struct {
		enum hp_state state;
		const char *by, *reason;
		int64_t at_ms;
	} wanted[] = {
		{HP_STATE_PENDING, "policy", "the policy says so", 1700000000001},
		{HP_STATE_GRANTED, "ana", "fine", 10},
		{HP_STATE_EXECUTING, "exec-1", "", 20},
		{HP_STATE_FAILED, "exec-1", "exit code 1", 30},
	};
	const size_t steps = sizeof wanted / sizeof wanted[0];
	struct hp_row row = fixture_insert(&f, 1, HP_STATE_PENDING);
	for (size_t i = 1; i < steps; i++) {
		enum hp_state from = row.state;
		row.approvals++; /* a move that stays adds no line */
		cr_assert_eq(move(&row, from, 5), HP_OK);
		row.state = wanted[i].state;
		row.by = wanted[i].by;
		row.reason = wanted[i].reason;
		cr_assert_eq(move(&row, from, wanted[i].at_ms), HP_OK);
	}
	struct hp_stored_history *lines;
	size_t count;
	cr_assert_eq(hp_store_history(f.store, &f.arena, row.key, &lines, &count), HP_OK);
	cr_assert_eq(count, steps);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(lines[i].state, wanted[i].state);
		cr_assert_eq(lines[i].at_ms, wanted[i].at_ms);
		cr_assert_str_eq(lines[i].by, wanted[i].by);
		cr_assert_str_eq(lines[i].reason, wanted[i].reason);
	}
}

Test(store, states_are_counted)
{
	int64_t counts[HP_STATE_COUNT];
	struct hp_row row = fixture_insert(&f, 1, HP_STATE_PENDING);
	fixture_insert(&f, 2, HP_STATE_PENDING);
	fixture_insert(&f, 3, HP_STATE_BLOCKED);
	row.state = HP_STATE_DENIED;
	cr_assert_eq(move(&row, HP_STATE_PENDING, 1), HP_OK);
	for (int again = 0; again < 2; again++) {
		cr_assert_eq(hp_store_count_states(f.store, counts), HP_OK);
		for (unsigned state = 0; state < HP_STATE_COUNT; state++)
			cr_assert_eq(counts[state], state == HP_STATE_PENDING	? 1
						    : state == HP_STATE_BLOCKED ? 1
						    : state == HP_STATE_DENIED	? 1
										: 0);
		fixture_reopen(&f);
	}
}

/* ---- timers ---- */

static void
insert_due(unsigned n, int64_t wall_ms, int64_t boottime_ms, uint8_t boot)
{
	struct hp_row row = fixture_row(&f, n, HP_STATE_PENDING);
	row.due = (struct hp_due){.wall_ms = wall_ms, .boottime_ms = boottime_ms};
	memset(row.due.boot_id, boot, sizeof row.due.boot_id);
	fixture_begin(&f);
	cr_assert_eq(hp_store_insert(f.store, &row), HP_OK);
	fixture_commit(&f);
}

Test(store, timers_run_out_on_either_clock)
{
	insert_due(1, 1000, 100, 1);
	insert_due(2, 500, 900, 1);
	insert_due(3, 2000, 50, 2); /* another boot: its boot time says nothing here */
	insert_due(4, 0, 0, 1);	    /* no timer */
	static const struct {
		int64_t wall_ms, boottime_ms;
		uint8_t boot;
		size_t limit;
		const char *due; /* numbers, in order */
		int64_t next;
	} cases[] = {
		{400, 10, 1, 9, "", 90},	 /* 1 by boot time before 2 by wall clock */
		{499, 99, 1, 9, "", 1},
		{500, 99, 1, 9, "2", 0},
		{499, 100, 1, 9, "1", 0},
		{500, 100, 1, 9, "21", 0},
		{500, 100, 1, 1, "2", 0},
		{1999, 900, 1, 9, "21", 0},
		{2000, 900, 1, 9, "213", 0},
		{400, 5000, 3, 9, "", 100},	 /* a new boot: wall clock alone */
		{400, 49, 2, 9, "", 1},
		{400, 50, 2, 9, "3", 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_due now = {.wall_ms = cases[i].wall_ms,
				     .boottime_ms = cases[i].boottime_ms};
		memset(now.boot_id, cases[i].boot, sizeof now.boot_id);
		struct hp_row *rows;
		size_t count;
		int64_t next = -7;
		cr_assert_eq(hp_store_due(f.store, &f.arena, &now, cases[i].limit, &rows, &count),
			     HP_OK);
		cr_assert_eq(count, strlen(cases[i].due), "case %zu: %zu rows", i, count);
		for (size_t j = 0; j < count; j++)
			cr_assert_eq(rows[j].key, cases[i].due[j] - '0', "case %zu", i);
		if (count > 0) /* whole rows: the broker moves them */
			cr_assert_not_null(rows[0].action.p);
		cr_assert_eq(hp_store_next_due(f.store, &now, &next), HP_OK);
		cr_assert_eq(next, cases[i].next, "case %zu: in %lld", i, (long long)next);
	}
}

Test(store, no_timer_is_never_due)
{
	struct hp_due now = {.wall_ms = INT64_MAX, .boottime_ms = INT64_MAX};
	struct hp_row *rows;
	size_t count;
	int64_t next;
	insert_due(1, 0, 0, 0);
	cr_assert_eq(hp_store_due(f.store, &f.arena, &now, 9, &rows, &count), HP_OK);
	cr_assert_eq(count, 0);
	cr_assert_eq(hp_store_next_due(f.store, &now, &next), HP_OK);
	cr_assert_eq(next, -1);
}

/* ---- claims and halts ---- */

Test(store, grants_are_handed_out_oldest_first)
{
	struct hp_row first = fixture_insert(&f, 1, HP_STATE_GRANTED), got;
	struct hp_row other = fixture_row(&f, 2, HP_STATE_GRANTED);
	other.audience = "another";
	fixture_begin(&f);
	cr_assert_eq(hp_store_insert(f.store, &other), HP_OK);
	fixture_commit(&f);
	fixture_insert(&f, 3, HP_STATE_PENDING);
	struct hp_row fourth = fixture_insert(&f, 4, HP_STATE_GRANTED);
	static const char exec[] = "executor", prod[] = "production";
#define NEXT(audience, environment, after)                                                         \
	hp_store_next_granted(f.store, &f.arena, audience, environment, after, &got)
	cr_assert_eq(NEXT(exec, prod, 0), HP_OK);
	fixture_expect_row(&got, &first);
	cr_assert_eq(NEXT(exec, prod, first.key), HP_OK);
	fixture_expect_row(&got, &fourth);
	cr_assert_eq(NEXT(exec, prod, fourth.key), HP_NOT_FOUND);
	cr_assert_eq(NEXT(exec, "staging", 0), HP_NOT_FOUND);
	cr_assert_eq(NEXT("another", prod, 0), HP_OK);
	cr_assert_eq(got.key, other.key);
#undef NEXT
}

Test(store, a_claim_is_found_by_its_nonce)
{
	struct hp_row row = fixture_insert(&f, 1, HP_STATE_GRANTED), got;
	struct hp_row second = fixture_insert(&f, 2, HP_STATE_GRANTED);
	claim(&row, "exec-1", 5);
	cr_assert_eq(move(&row, HP_STATE_GRANTED, 1), HP_OK);
	cr_assert_eq(hp_store_by_nonce(f.store, &f.arena, "exec-1", row.nonce, &got), HP_OK);
	fixture_expect_row(&got, &row);
	cr_assert_eq(hp_store_by_nonce(f.store, &f.arena, "exec-2", row.nonce, &got), HP_NOT_FOUND);
	/* The same nonce claims one request, the other stays as it was. */
	struct hp_row before = second;
	claim(&second, "exec-1", 5);
	cr_assert_eq(move(&second, HP_STATE_GRANTED, 2), HP_CONFLICT);
	got = fixture_get(&f, second.key);
	fixture_expect_row(&got, &before);
	row.state = HP_STATE_SUCCEEDED;
	cr_assert_eq(move(&row, HP_STATE_EXECUTING, 3), HP_OK);
	cr_assert_eq(hp_store_by_nonce(f.store, &f.arena, "exec-1", row.nonce, &got), HP_OK);
}
