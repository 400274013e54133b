/* Tasks in the store: the last one of a session counts; open ones in pages; a file without them. */
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

TestSuite(store_task, .init = start, .fini = stop);

static int64_t
add(const char *agent, const char *session, const char *owner, int64_t until_ms)
{
	struct hp_stored_task task = {
		.agent = agent,
		.session = session,
		.owner = owner,
		.by = "by",
		.person = "person",
		.reason = "reason",
		.environment = "environment",
		.operations = fixture_str("operations"),
		.resources = fixture_str("resources"),
		.opened_ms = 1000,
		.until = {.wall_ms = until_ms, .boottime_ms = 7, .boot_id = {3}},
	};
	fixture_begin(&f);
	cr_assert_eq(hp_store_add_task(f.store, &task), HP_OK);
	fixture_commit(&f);
	return task.key;
}

Test(store_task, the_last_one_of_a_session_counts)
{
	struct hp_stored_task task;
	add("ann", "s", "olga", 2000);
	int64_t key = add("ann", "s", "olga", 3000);
	add("ann", "t", "olga", 4000);
	add("bob", "s", "olga", 5000);
	fixture_reopen(&f);
	cr_assert_eq(hp_store_last_task(f.store, &f.arena, "ann", "s", &task), HP_OK);
	cr_expect_eq(task.key, key);
	cr_expect_str_eq(task.agent, "ann");
	cr_expect_str_eq(task.session, "s");
	cr_expect_str_eq(task.owner, "olga");
	cr_expect_str_eq(task.by, "by");
	cr_expect_str_eq(task.person, "person");
	cr_expect_str_eq(task.reason, "reason");
	cr_expect_str_eq(task.environment, "environment");
	cr_expect_str_eq(task.operations.p, "operations");
	cr_expect_str_eq(task.resources.p, "resources");
	cr_expect_eq(task.opened_ms, 1000);
	cr_expect_eq(task.until.wall_ms, 3000);
	cr_expect_eq(task.until.boottime_ms, 7);
	cr_expect_eq(task.until.boot_id[0], 3);
	cr_expect_not(task.closed);
	cr_expect_eq(hp_store_last_task(f.store, &f.arena, "ann", "u", &task), HP_NOT_FOUND);
}

Test(store_task, one_is_closed_once)
{
	struct hp_stored_task task;
	int64_t key = add("ann", "s", "olga", 2000);
	fixture_begin(&f);
	cr_assert_eq(hp_store_close_task(f.store, key, 1500), HP_OK);
	cr_expect_eq(hp_store_close_task(f.store, key, 1600), HP_CONFLICT);
	cr_expect_eq(hp_store_close_task(f.store, key + 1, 1600), HP_CONFLICT);
	fixture_commit(&f);
	fixture_reopen(&f);
	cr_assert_eq(hp_store_last_task(f.store, &f.arena, "ann", "s", &task), HP_OK);
	cr_expect(task.closed);
}

Test(store_task, open_ones_are_listed_in_their_order)
{
	static const struct {
		const char *agent, *owner;
		int64_t wall_ms, after;
		size_t limit;
		const char *keys;
	} cases[] = {
		{NULL, NULL, 1000, 0, 9, " 1 3 4 5"},   {NULL, NULL, 2000, 0, 9, " 3 4 5"},
		{"ann", NULL, 1000, 0, 9, " 1 3"},	 {NULL, "olga", 1000, 0, 9, " 1 3 4"},
		{"ann", "olga", 1000, 0, 9, " 1 3"},	 {NULL, NULL, 1000, 3, 9, " 4 5"},
		{NULL, NULL, 1000, 0, 2, " 1 3"},	 {"cat", NULL, 1000, 0, 9, ""},
		{NULL, NULL, INT64_MAX, 0, 9, ""},
	};
	add("ann", "a", "olga", 2000);
	int64_t closed = add("ann", "b", "olga", 9000);
	add("ann", "c", "olga", 9000);
	add("bob", "a", "olga", 8000);
	add("bob", "b", "pete", 7000);
	fixture_begin(&f);
	cr_assert_eq(hp_store_close_task(f.store, closed, 1500), HP_OK);
	fixture_commit(&f);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_stored_task *tasks;
		size_t count;
		const char *keys = "";
		cr_assert_eq(hp_store_open_tasks(f.store, &f.arena, cases[i].agent, cases[i].owner,
						 cases[i].wall_ms, cases[i].after, cases[i].limit,
						 &tasks, &count),
			     HP_OK);
		for (size_t j = 0; j < count; j++)
			keys = hp_arena_printf(&f.arena, "%s %lld", keys, (long long)tasks[j].key);
		cr_expect_str_eq(keys, cases[i].keys, "case %zu: %s", i, keys);
	}
}

Test(store_task, a_file_without_tasks_gets_them)
{
	struct hp_stored_task task;
	fixture_insert(&f, 1, HP_STATE_PENDING);
	hp_store_close(f.store);
	f.store = NULL;
	cr_assert_str_empty(fixture_sql(&f, FIXTURE_TO_VERSION_2));
	fixture_reopen(&f);
	add("ann", "s", "olga", 2000);
	fixture_reopen(&f);
	cr_expect_eq(hp_store_last_task(f.store, &f.arena, "ann", "s", &task), HP_OK);
	cr_expect_str_eq(fixture_get(&f, 1).id, fixture_row(&f, 1, HP_STATE_PENDING).id);
}
