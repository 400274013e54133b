/* Erasure in the store: what has ended, once; what was said goes, what happened stays. */
#include "tests/core/vectors.h"

#include "core/checkpoint.h"
#include "tests/broker/store_fixture.h"

static struct fixture f;

static void
open_it(void)
{
	fixture_open(&f);
}

static void
close_it(void)
{
	fixture_close(&f);
}

TestSuite(store_erase, .init = open_it, .fini = close_it);

static enum hp_status
erase(int64_t key)
{
	fixture_begin(&f);
	enum hp_status status = hp_store_erase_request(f.store, key, "ann", 99);
	fixture_commit(&f);
	return status;
}

Test(store_erase, only_what_has_ended_and_once)
{
	for (int state = 0; state < HP_STATE_COUNT; state++) {
		bool final = hp_state_is_final((enum hp_state)state);
		struct hp_row row = fixture_insert(&f, (unsigned)state + 1, (enum hp_state)state);
		cr_expect_eq(erase(row.key), final ? HP_OK : HP_CONFLICT, "%s",
			     hp_state_name((enum hp_state)state));
		cr_expect_eq(erase(row.key), HP_CONFLICT);
	}
	cr_expect_eq(erase(999), HP_CONFLICT);
}

Test(store_erase, what_was_said_goes_and_what_happened_stays)
{
	static const uint8_t zeros[HP_HASH_BYTES];
	struct hp_row was = fixture_insert(&f, 1, HP_STATE_DENIED);
	cr_assert_eq(erase(was.key), HP_OK);
	struct hp_row is = fixture_get(&f, was.key);
	const char *const gone[] = {is.session, is.audience, is.operation,
				    is.resource, is.summary, is.reason};
	for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
		cr_expect_str_empty(gone[i], "text %zu", i);
	cr_expect_null(is.canonical.p);
	cr_expect_null(is.action.p);
	cr_expect_null(is.salt.p);
	cr_expect_arr_eq(is.content_hash, zeros, sizeof zeros);
	cr_expect_arr_eq(is.action_digest, zeros, sizeof zeros);
	cr_expect_eq(is.erased_ms, 99);
	cr_expect_str_eq(is.erased_by, "ann");
	cr_expect_str_eq(is.id, was.id);
	cr_expect_str_eq(is.requester, was.requester);
	cr_expect_str_eq(is.owner, was.owner);
	cr_expect_str_eq(is.tier, was.tier);
	cr_expect_str_eq(is.environment, was.environment);
	cr_expect_eq(is.state, was.state);
	cr_expect_eq(is.submitted_ms, was.submitted_ms);
	cr_expect_arr_eq(is.digest, was.digest, sizeof was.digest);
}

Test(store_erase, the_oldest_that_have_ended_are_due_first)
{
	int64_t *keys;
	size_t count;
	for (unsigned n = 1; n <= 6; n++)
		fixture_insert(&f, n, n == 2 ? HP_STATE_PENDING : HP_STATE_EXPIRED);
	cr_assert_eq(erase(1), HP_OK);
	cr_assert_eq(hp_store_erasable(f.store, &f.arena, 1700000000005, 2, &keys, &count), HP_OK);
	cr_assert_eq(count, 2);
	cr_expect_eq(keys[0], 3);
	cr_expect_eq(keys[1], 4);
	cr_assert_eq(hp_store_erasable(f.store, &f.arena, 1700000000003, 9, &keys, &count), HP_OK);
	cr_expect_eq(count, 1);
	cr_assert_eq(hp_store_erasable(f.store, &f.arena, 1700000000002, 9, &keys, &count), HP_OK);
	cr_expect_eq(count, 0);
}

static void
add_leaf(uint64_t seq, const char *event, const char *request, int64_t about)
{
	static const uint8_t boot[16];
	struct hp_buf leaf = {0};
	const struct hp_leaf fields = {.seq = seq, .wall_ms = (int64_t)(1000 + seq),
				       .boot_id = boot, .event = event, .actor = "ann",
				       .request = request};
	cr_assert_eq(hp_leaf_encode(&fields, &leaf), HP_OK);
	fixture_begin(&f);
	const struct hp_stored_leaf stored = {.seq = seq,
					      .leaf = {(const char *)leaf.data, leaf.len},
					      .body = fixture_str("body"),
					      .salt = fixture_str("salt")};
	cr_assert_eq(hp_store_add_leaf(f.store, &stored), HP_OK);
	if (about != HP_STORE_NOTHING)
		cr_assert_eq(hp_store_add_leaf_about(f.store, about, seq, fields.wall_ms), HP_OK);
	fixture_commit(&f);
	hp_buf_release(&leaf);
}

/* The bodies taken about this; a string such as "0 2". */
static const char *
take(int64_t about, int64_t before_ms, size_t limit)
{
	int64_t *seqs;
	size_t count;
	const char *list = "";
	fixture_begin(&f);
	cr_assert_eq(hp_store_erase_leaves(f.store, &f.arena, about, before_ms, limit, &seqs,
					   &count),
		     HP_OK);
	fixture_commit(&f);
	for (size_t i = 0; i < count; i++)
		list = hp_arena_printf(&f.arena, "%s%s%lld", list, i ? " " : "",
				       (long long)seqs[i]);
	return list;
}

Test(store_erase, bodies_go_by_what_they_are_about_and_leaves_stay)
{
	struct hp_stored_leaf *leaves;
	size_t count;
	add_leaf(0, "start", "", HP_STORE_NOTHING);
	add_leaf(1, "request.pending", "x", 7);
	add_leaf(2, "refused", "", HP_STORE_REFUSED);
	add_leaf(3, "vote", "x", 7);
	add_leaf(4, "refused", "", HP_STORE_REFUSED);
	cr_expect_str_eq(take(7, INT64_MAX, 1), "1");
	cr_expect_str_eq(take(7, INT64_MAX, 9), "3");
	cr_expect_str_eq(take(7, INT64_MAX, 9), "");
	cr_expect_str_eq(take(HP_STORE_REFUSED, 1003, 9), "2");
	cr_assert_eq(hp_store_leaves(f.store, &f.arena, 0, 9, &leaves, &count), HP_OK);
	cr_assert_eq(count, 5);
	for (size_t i = 0; i < count; i++) {
		bool kept = i == 0 || i == 4;
		cr_expect_eq(leaves[i].body.p != NULL, kept, "leaf %zu", i);
		cr_expect_eq(leaves[i].salt.p != NULL, kept, "leaf %zu", i);
		cr_expect_not_null(leaves[i].leaf.p);
	}
}

Test(store_erase, an_older_file_learns_what_its_leaves_are_about)
{
	struct hp_row row = fixture_insert(&f, 1, HP_STATE_BLOCKED);
	add_leaf(0, "start", "", HP_STORE_NOTHING);
	add_leaf(1, "request.blocked", row.id, HP_STORE_NOTHING);
	add_leaf(2, "refused", "", HP_STORE_NOTHING);
	add_leaf(3, "vote", "of-no-request", HP_STORE_NOTHING);
	hp_store_close(f.store);
	f.store = NULL;
	cr_assert_str_empty(fixture_sql(&f, FIXTURE_TO_VERSION_2));
	fixture_reopen(&f);
	cr_expect_str_eq(take(row.key, INT64_MAX, 9), "1");
	cr_expect_str_eq(take(HP_STORE_REFUSED, INT64_MAX, 9), "2");
	cr_expect_eq(erase(row.key), HP_OK);
}

Test(store_erase, the_database_itself_refuses_another_erasure)
{
	static const struct {
		const char *sql, *error;
	} cases[] = {
		{"UPDATE request SET summary = '' WHERE key = 1", "only what has ended is erased, and once"},
		{"UPDATE request SET erased_ms = 1 WHERE key = 1", "only what has ended is erased, and once"},
		{"UPDATE request SET summary = '' WHERE key = 2", "only what has ended is erased, and once"},
		{"UPDATE request SET erased_ms = 1 WHERE key = 3", "only what has ended is erased, and once"},
		{"DELETE FROM request_canonical WHERE key = 2", "canonical bytes are kept"},
		{"UPDATE request SET erased_ms = 1, summary = '' WHERE key = 2", ""},
		{"DELETE FROM request_canonical WHERE key = 2", ""},
	};
	fixture_insert(&f, 1, HP_STATE_PENDING);
	fixture_insert(&f, 2, HP_STATE_DENIED);
	struct hp_row erased = fixture_insert(&f, 3, HP_STATE_DENIED);
	cr_assert_eq(erase(erased.key), HP_OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_expect_str_eq(fixture_sql(&f, cases[i].sql), cases[i].error, "case %zu: %s", i,
				 cases[i].sql);
}
