/* What hangs on requests, halts and their scopes, settings, the log's rows, and the triggers. */
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

TestSuite(store_record, .init = start, .fini = stop);

/* ---- scope of a halt ---- */

Test(store_record, a_scope_holds_what_can_still_run)
{
	struct hp_row rows[HP_STATE_COUNT];
	for (unsigned state = 0; state < HP_STATE_COUNT; state++) {
		rows[state] = fixture_row(&f, state, (enum hp_state)state);
		rows[state].requester = state % 2 ? "odd" : "even";
		rows[state].session = state < 4 ? "early" : "late";
		fixture_begin(&f);
		cr_assert_eq(hp_store_insert(f.store, &rows[state]), HP_OK);
		fixture_commit(&f);
	}
	static const struct {
		const char *requester, *session;
		enum hp_state states[4];
		size_t count;
	} cases[] = {
		{NULL, NULL, {HP_STATE_PENDING, HP_STATE_GRANTED, HP_STATE_EXECUTING,
			      HP_STATE_ROLLING_BACK}, 4},
		{"odd", NULL, {HP_STATE_PENDING, HP_STATE_EXECUTING}, 2},
		{"even", NULL, {HP_STATE_GRANTED, HP_STATE_ROLLING_BACK}, 2},
		{"even", "late", {HP_STATE_ROLLING_BACK}, 1},
		{NULL, "early", {HP_STATE_PENDING, HP_STATE_GRANTED, HP_STATE_EXECUTING}, 3},
		{"nobody", NULL, {0}, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t *keys;
		size_t count;
		cr_assert_eq(hp_store_in_scope(f.store, &f.arena, cases[i].requester,
					       cases[i].session, &keys, &count),
			     HP_OK);
		cr_assert_eq(count, cases[i].count, "case %zu", i);
		for (size_t j = 0; j < count; j++)
			cr_assert_eq(keys[j], rows[cases[i].states[j]].key, "case %zu", i);
	}
}

Test(store_record, only_what_runs_can_be_told_to_stop)
{
	for (unsigned state = 0; state < HP_STATE_COUNT; state++) {
		struct hp_row row = fixture_insert(&f, state, (enum hp_state)state);
		bool runs = state == HP_STATE_EXECUTING || state == HP_STATE_ROLLING_BACK;
		fixture_begin(&f);
		cr_assert_eq(hp_store_set_stop(f.store, row.key, true), runs ? HP_OK : HP_CONFLICT);
		fixture_commit(&f);
		cr_assert_eq(fixture_get(&f, row.key).stop, runs);
	}
}

/* Which halt covers a session: its `at_ms`; 0 none. */
static int64_t
covering(const char *agent, const char *session)
{
	struct hp_stored_halt halt = {0};
	enum hp_status status =
		hp_store_covering_halt(f.store, &f.arena, agent, session, &halt);
	cr_assert(status == HP_OK || status == HP_NOT_FOUND);
	return status == HP_OK ? halt.at_ms : 0;
}

Test(store_record, a_halt_covers_its_scope_and_the_oldest_counts)
{
	static const struct hp_stored_halt halts[] = {
		{"bot", "s1", "ben", "odd", 6},
		{"bot", "", "ben", "odder", 4},
		{"", "", "ana", "all", 5},
	};
	/* What covers (bot, s1), (bot, s2), (bot, ""), (cat, s1) after each of them. */
	static const int64_t expected[][4] = {{6, 0, 0, 0}, {4, 4, 4, 0}, {4, 4, 4, 5}};
	fixture_begin(&f);
	for (size_t i = 0; i < 3; i++) {
		cr_assert_eq(hp_store_add_halt(f.store, &halts[i]), HP_OK);
		cr_expect_eq(covering("bot", "s1"), expected[i][0]);
		cr_expect_eq(covering("bot", "s2"), expected[i][1]);
		cr_expect_eq(covering("bot", ""), expected[i][2]);
		cr_expect_eq(covering("cat", "s1"), expected[i][3]);
	}
	cr_assert_eq(hp_store_commit(f.store), HP_OK);
}

Test(store_record, halts_are_kept_once_a_scope)
{
	struct hp_stored_halt all = {"", "", "ana", "stop everything", 5};
	struct hp_stored_halt one = {"bot", "s1", "ben", "odd", 6}, *halts;
	size_t count;
	fixture_begin(&f);
	cr_assert_eq(hp_store_add_halt(f.store, &one), HP_OK);
	cr_assert_eq(hp_store_add_halt(f.store, &all), HP_OK);
	cr_assert_eq(hp_store_add_halt(f.store, &one), HP_CONFLICT);
	cr_assert_eq(hp_store_remove_halt(f.store, "bot", ""), HP_CONFLICT);
	fixture_commit(&f);
	fixture_reopen(&f);
	cr_assert_eq(hp_store_halts(f.store, &f.arena, &halts, &count), HP_OK);
	cr_assert_eq(count, 2);
	cr_assert_str_eq(halts[0].agent, "");
	cr_assert_str_eq(halts[0].session, "");
	cr_assert_str_eq(halts[0].by, "ana");
	cr_assert_str_eq(halts[1].agent, "bot");
	cr_assert_str_eq(halts[1].session, "s1");
	cr_assert_str_eq(halts[1].reason, "odd");
	cr_assert_eq(halts[1].at_ms, 6);
	fixture_begin(&f);
	cr_assert_eq(hp_store_remove_halt(f.store, "bot", "s1"), HP_OK);
	cr_assert_eq(hp_store_remove_halt(f.store, "bot", "s1"), HP_CONFLICT);
	fixture_commit(&f);
	cr_assert_eq(hp_store_halts(f.store, &f.arena, &halts, &count), HP_OK);
	cr_assert_eq(count, 1);
}

/* ---- votes and notes ---- */

Test(store_record, one_vote_a_person_and_a_deny_replaces_an_approve)
{
	static const struct {
		const char *person, *by;
		bool approve;
		enum hp_status status;
	} steps[] = {
		{"ana", "ana-laptop", true, HP_OK},
		{"ana", "ana-phone", true, HP_CONFLICT}, /* a second key of one person */
		{"ben", "ben", false, HP_OK},
		{"ben", "ben", true, HP_CONFLICT},
		{"ben", "ben", false, HP_CONFLICT},
		{"ana", "ana-phone", false, HP_OK},
	};
	struct hp_row row = fixture_insert(&f, 1, HP_STATE_PENDING);
	struct hp_stored_vote vote = {.signature = {1, 2, 3}, .sign_public = {4, 5, 6}}, *votes;
	size_t count;
	fixture_begin(&f);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		vote.person = steps[i].person;
		vote.by = steps[i].by;
		vote.approve = steps[i].approve;
		vote.at_ms = (int64_t)i;
		vote.body = fixture_str(steps[i].by);
		cr_assert_eq(hp_store_put_vote(f.store, row.key, &vote), steps[i].status, "%zu", i);
	}
	cr_assert_eq(hp_store_put_vote(f.store, 999, &vote), HP_NOT_FOUND);
	fixture_commit(&f);
	cr_assert_eq(hp_store_votes(f.store, &f.arena, row.key, &votes, &count), HP_OK);
	cr_assert_eq(count, 2);
	cr_assert_str_eq(votes[0].person, "ben");
	cr_assert_str_eq(votes[1].person, "ana");
	cr_assert_str_eq(votes[1].by, "ana-phone");
	cr_assert_not(votes[1].approve);
	cr_assert_eq(votes[1].at_ms, 5);
	cr_assert_eq(votes[1].body.len, strlen("ana-phone"));
	cr_assert_arr_eq(votes[1].signature, vote.signature, sizeof vote.signature);
	cr_assert_arr_eq(votes[1].sign_public, vote.sign_public, sizeof vote.sign_public);
	cr_assert_eq(hp_store_votes(f.store, &f.arena, 999, &votes, &count), HP_OK);
	cr_assert_eq(count, 0);
}

Test(store_record, notes_keep_their_order)
{
	struct hp_row row = fixture_insert(&f, 1, HP_STATE_PENDING);
	struct hp_row other = fixture_insert(&f, 2, HP_STATE_PENDING);
	struct hp_stored_note *notes;
	size_t count;
	fixture_begin(&f);
	for (int i = 0; i < 20; i++) {
		struct hp_stored_note note = {"ana", hp_arena_printf(&f.arena, "note %d", i),
					      100 - i};
		cr_assert_eq(hp_store_add_note(f.store, i % 2 ? other.key : row.key, &note), HP_OK);
	}
	cr_assert_eq(hp_store_add_note(f.store, 99, &(struct hp_stored_note){"a", "b", 1}),
		     HP_NOT_FOUND);
	fixture_commit(&f);
	cr_assert_eq(hp_store_notes(f.store, &f.arena, row.key, &notes, &count), HP_OK);
	cr_assert_eq(count, 10);
	for (size_t i = 0; i < count; i++) {
		cr_assert_str_eq(notes[i].text, hp_arena_printf(&f.arena, "note %zu", 2 * i));
		cr_assert_eq(notes[i].at_ms, 100 - 2 * (int64_t)i);
	}
}

/* ---- settings ---- */

Test(store_record, settings_survive)
{
	int64_t value = -1;
	const char *text = NULL;
	cr_assert_eq(hp_store_get_int(f.store, "event_seq", 42, &value), HP_OK);
	cr_assert_eq(value, 42);
	cr_assert_eq(hp_store_get_text(f.store, &f.arena, "policy", &text), HP_NOT_FOUND);
	fixture_begin(&f);
	cr_assert_eq(hp_store_put_int(f.store, "event_seq", 7), HP_OK);
	cr_assert_eq(hp_store_put_int(f.store, "event_seq", INT64_MIN), HP_OK);
	cr_assert_eq(hp_store_put_text(f.store, "policy", "one"), HP_OK);
	cr_assert_eq(hp_store_put_text(f.store, "policy", "two"), HP_OK);
	fixture_commit(&f);
	fixture_reopen(&f);
	cr_assert_eq(hp_store_get_int(f.store, "event_seq", 42, &value), HP_OK);
	cr_assert_eq(value, INT64_MIN);
	cr_assert_eq(hp_store_get_text(f.store, &f.arena, "policy", &text), HP_OK);
	cr_assert_str_eq(text, "two");
	cr_assert_eq(hp_store_get_int(f.store, "policy", 3, &value), HP_OK); /* no number */
	cr_assert_eq(value, 3);
}

/* ---- the log ---- */

Test(store_record, leaves_stand_in_order_without_gaps)
{
	static const uint64_t wrong[] = {1, 7, UINT64_MAX >> 1};
	struct hp_stored_leaf *leaves;
	uint64_t size = 99;
	size_t count;
	fixture_begin(&f);
	for (size_t i = 0; i < 3; i++)
		cr_assert_eq(hp_store_add_leaf(f.store, &(struct hp_stored_leaf){
								.seq = wrong[i],
								.leaf = fixture_str("x")}),
			     HP_CONFLICT);
	for (uint64_t seq = 0; seq < 10; seq++) {
		struct hp_stored_leaf leaf = {
			.seq = seq,
			.leaf = fixture_str(hp_arena_printf(&f.arena, "leaf %d", (int)seq)),
			.body = seq == 3 ? (struct hp_str){0} : fixture_str("body"),
			.salt = seq == 3 ? (struct hp_str){0} : fixture_str("salt"),
		};
		cr_assert_eq(hp_store_add_leaf(f.store, &leaf), HP_OK);
		cr_assert_eq(hp_store_add_leaf(f.store, &leaf), HP_CONFLICT);
	}
	fixture_commit(&f);
	cr_assert_eq(hp_store_leaf_count(f.store, &size), HP_OK);
	cr_assert_eq(size, 10);
	cr_assert_eq(hp_store_leaves(f.store, &f.arena, 2, 4, &leaves, &count), HP_OK);
	cr_assert_eq(count, 4);
	cr_assert_eq(leaves[0].seq, 2);
	cr_assert_str_eq(leaves[0].leaf.p, "leaf 2");
	cr_assert_str_eq(leaves[0].body.p, "body");
	cr_assert_null(leaves[1].body.p);
	cr_assert_null(leaves[1].salt.p);
	cr_assert_eq(hp_store_leaves(f.store, &f.arena, UINT64_MAX, 4, &leaves, &count), HP_OK);
	cr_assert_eq(count, 0);
}

Test(store_record, nodes_are_written_once)
{
	struct hp_hash hash = {{1, 2, 3}}, other = {{4}}, got;
	fixture_begin(&f);
	cr_assert_eq(hp_store_node_get(f.store, 5, &got), HP_NOT_FOUND);
	cr_assert_eq(hp_store_node_put(f.store, 5, &hash), HP_OK);
	cr_assert_eq(hp_store_node_put(f.store, 5, &other), HP_CONFLICT);
	fixture_commit(&f);
	cr_assert_eq(hp_store_node_get(f.store, 5, &got), HP_OK);
	cr_assert_arr_eq(got.bytes, hash.bytes, sizeof hash.bytes);
}

Test(store_record, the_newest_checkpoint_is_the_largest)
{
	const char *text = "";
	uint64_t size = 9;
	cr_assert_eq(hp_store_last_checkpoint(f.store, &f.arena, &size, &text), HP_OK);
	cr_assert_null(text);
	fixture_begin(&f);
	cr_assert_eq(hp_store_add_checkpoint(f.store, 0, "empty"), HP_OK);
	cr_assert_eq(hp_store_add_checkpoint(f.store, 300, "large"), HP_OK);
	cr_assert_eq(hp_store_add_checkpoint(f.store, 20, "small"), HP_OK);
	cr_assert_eq(hp_store_add_checkpoint(f.store, 20, "again"), HP_CONFLICT);
	fixture_commit(&f);
	cr_assert_eq(hp_store_last_checkpoint(f.store, &f.arena, &size, &text), HP_OK);
	cr_assert_eq(size, 300);
	cr_assert_str_eq(text, "large");
}

Test(store_record, the_database_itself_refuses_to_rewrite_the_past)
{
	static const struct {
		const char *sql, *error;
	} cases[] = {
		{"DELETE FROM leaf", "leaves are kept"},
		{"UPDATE leaf SET leaf = x'00'", "leaves are fixed"},
		{"UPDATE leaf SET seq = 5", "leaves are fixed"},
		{"UPDATE leaf SET body = NULL, salt = NULL", ""}, /* erasure */
		{"DELETE FROM node", "nodes are kept"},
		{"UPDATE node SET hash = x'00'", "nodes are fixed"},
		{"DELETE FROM request", "requests are kept"},
		{"UPDATE request SET owner = 'me'", "requests are fixed"},
		{"UPDATE request_canonical SET canonical = x'00'", "canonical bytes are fixed"},
	};
	fixture_insert(&f, 1, HP_STATE_PENDING);
	fixture_begin(&f);
	cr_assert_eq(hp_store_add_leaf(f.store, &(struct hp_stored_leaf){
							.leaf = fixture_str("leaf"),
							.body = fixture_str("body"),
							.salt = fixture_str("salt")}),
		     HP_OK);
	cr_assert_eq(hp_store_node_put(f.store, 0, &(struct hp_hash){{1}}), HP_OK);
	fixture_commit(&f);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_assert_str_eq(fixture_sql(&f, cases[i].sql), cases[i].error);
}
