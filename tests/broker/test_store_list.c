/* Pages of requests: filters, order, paging; and that no look-up walks the whole table. */
#include <criterion/criterion.h>
#include <string.h>

#include "broker/store_sqlite.h"
#include "store_fixture.h"

static struct fixture f;

/* Key 1 … 12, alternating in all that a filter names. */
static void
start(void)
{
	static const char *const requesters[] = {"alpha", "beta", "gamma"};
	fixture_open(&f);
	fixture_begin(&f);
	for (unsigned n = 1; n <= 12; n++) {
		struct hp_row row = fixture_row(&f, n, n % 2 ? HP_STATE_PENDING : HP_STATE_DENIED);
		row.requester = requesters[n % 3];
		row.owner = n % 4 ? "ana" : "alpha"; /* a person who is called like an agent */
		row.via = n == 5 ? "gateway" : "";
		row.environment = n <= 6 ? "production" : "staging";
		row.tier = n % 5 ? "gated" : "supervised";
		if (n == 7) {
			row.summary = "Löschen der \xef\xbd\xb0\xd0\xb0lt";
			row.operation = "CloudFormation:DeleteStack";
		}
		cr_assert_eq(hp_store_insert(f.store, &row), HP_OK);
	}
	fixture_commit(&f);
}

static void
stop(void)
{
	fixture_close(&f);
}

TestSuite(store_list, .init = start, .fini = stop);

/* Keys as text: "12 11 …". */
static const char *
list(const struct hp_filter *filter)
{
	struct hp_row *rows;
	size_t count;
	const char *keys = "";
	enum hp_status status = hp_store_list(f.store, &f.arena, filter, &rows, &count);
	cr_assert_eq(status, HP_OK, "%s", hp_store_error(f.store));
	for (size_t i = 0; i < count; i++)
		keys = hp_arena_printf(&f.arena, "%s%s%lld", keys, i ? " " : "",
				       (long long)rows[i].key);
	return keys;
}

Test(store_list, filters_narrow_and_combine)
{
	static const struct {
		struct hp_filter filter;
		const char *keys;
	} cases[] = {
		{{.limit = 50}, "12 11 10 9 8 7 6 5 4 3 2 1"},
		{{.limit = 3}, "12 11 10"},
		{{.limit = 0}, ""},
		{{.limit = 50, .has_state = true, .state = HP_STATE_PENDING}, "11 9 7 5 3 1"},
		{{.limit = 50, .has_state = true, .state = HP_STATE_DENIED}, "12 10 8 6 4 2"},
		{{.limit = 50, .has_state = true, .state = HP_STATE_BLOCKED}, ""},
		{{.limit = 50, .requester = "alpha"}, "12 9 6 3"},
		{{.limit = 50, .requester = "Alpha"}, ""},
		{{.limit = 50, .environment = "production"}, "6 5 4 3 2 1"},
		{{.limit = 50, .tier = "supervised"}, "10 5"},
		{{.limit = 50, .tier = "supervised", .environment = "staging"}, "10"},
		{{.limit = 50, .requester = "alpha", .has_state = true, .state = HP_STATE_DENIED},
		 "12 6"},
		{{.limit = 50, .requester = "alpha", .has_state = true, .state = HP_STATE_PENDING},
		 "9 3"},
		{{.limit = 2, .has_state = true, .state = HP_STATE_DENIED,
		  .environment = "production"}, "6 4"},
		/* Who may see what: a name is not a person. */
		{{.limit = 50, .owner_or_requester = "alpha"}, "12 9 6 3"},
		{{.limit = 50, .owner_or_requester = "alpha", .person = "alpha"}, "12 9 8 6 4 3"},
		{{.limit = 50, .owner_or_requester = "gateway"}, "5"},
		{{.limit = 50, .owner_or_requester = "gateway", .person = "alpha"}, "12 8 5 4"},
		{{.limit = 50, .owner_or_requester = "ana"}, ""},
		{{.limit = 50, .owner_or_requester = ""}, ""},
		{{.limit = 50, .owner_or_requester = "beta", .requester = "alpha"}, ""},
		{{.limit = 50, .owner_or_requester = "alpha", .has_state = true,
		  .state = HP_STATE_PENDING}, "9 3"},
		{{.limit = 50, .owner_or_requester = "alpha", .has_state = true,
		  .state = HP_STATE_DENIED}, "12 6"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_assert_str_eq(list(&cases[i].filter), cases[i].keys, "case %zu", i);
}

Test(store_list, text_is_sought_without_case)
{
	const char *id = fixture_get(&f, 3).id;
	const struct {
		const char *text, *keys;
	} cases[] = {
		{"", "12 11 10 9 8 7 6 5 4 3 2 1"},
		{"NUMBER-3", "3"},		 /* summary */
		{"deletestack", "7"},		 /* operation */
		{"Deploy/API-1", "12 11 10 1"},	 /* resource */
		{"GAMM", "11 8 5 2"},		 /* requester */
		{"LÖSCHEN", "7"},		 /* beyond ASCII */
		{"alt", "7"},			 /* a Cyrillic a is found as the Latin one */
		{"%", ""},
		{"_", ""},
		{"production", ""}, /* not a field that is searched */
		{id, "3"},
		{hp_arena_copy(&f.arena, id, 6), "3"},
		{id + 1, ""}, /* part of an id, but no prefix */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_filter filter = {.text = cases[i].text, .limit = 50};
		cr_assert_str_eq(list(&filter), cases[i].keys, "\"%s\"", cases[i].text);
	}
	struct hp_filter both = {.text = "gamma", .limit = 50, .has_state = true,
				 .state = HP_STATE_PENDING};
	cr_assert_str_eq(list(&both), "11 5");
	both.owner_or_requester = "alpha";
	cr_assert_str_eq(list(&both), "");
}

Test(store_list, pages_follow_each_other)
{
	static const struct hp_filter filters[] = {
		{.limit = 0},
		{.has_state = true, .state = HP_STATE_DENIED},
		{.requester = "beta"},
		{.owner_or_requester = "alpha", .person = "alpha"},
		{.text = "deploy"},
		{.environment = "staging"},
	};
	for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
		for (size_t size = 1; size <= 5; size++) {
			struct hp_filter filter = filters[i];
			const char *pages = "";
			filter.limit = 50;
			const char *whole = list(&filter);
			filter.limit = size;
			for (;;) {
				struct hp_row *rows;
				size_t count;
				const char *page = list(&filter);
				cr_assert_eq(hp_store_list(f.store, &f.arena, &filter, &rows,
							   &count), HP_OK);
				if (count == 0)
					break;
				pages = hp_arena_printf(&f.arena, "%s%s%s", pages,
							*pages ? " " : "", page);
				filter.after = rows[count - 1].id;
			}
			cr_assert_str_eq(pages, whole, "filter %zu, pages of %zu", i, size);
		}
}

Test(store_list, a_page_after_nothing_is_not_found)
{
	struct hp_filter filter = {.after = "00000000-0000-4000-8000-ffffffffffff", .limit = 5};
	struct hp_row *rows;
	size_t count;
	cr_assert_eq(hp_store_list(f.store, &f.arena, &filter, &rows, &count), HP_NOT_FOUND);
}

Test(store_list, items_are_whole_but_for_the_large_columns)
{
	struct hp_filter filter = {.limit = 1};
	struct hp_row *rows;
	size_t count;
	cr_assert_eq(hp_store_list(f.store, &f.arena, &filter, &rows, &count), HP_OK);
	struct hp_row wanted = fixture_get(&f, 12);
	wanted.canonical = wanted.action = wanted.salt = wanted.quorum = (struct hp_str){0};
	fixture_expect_row(&rows[0], &wanted);
}

Test(store_list, spot_checks_are_a_queue_with_the_same_filters)
{
	struct hp_stored_spot_check check = {.by = "r", .person = "p", .note = "", .ok = true, .at_ms = 9};
	struct hp_stored_spot_check *checks;
	size_t count;
	struct hp_filter filter = {.spot_checks = true, .limit = 50};
	struct hp_row row;
	cr_assert_str_eq(list(&filter), "");
	fixture_begin(&f);
	for (unsigned n = 13; n <= 16; n++) {
		row = fixture_row(&f, n, HP_STATE_GRANTED);
		row.environment = n == 14 ? "staging" : "production";
		cr_assert_eq(hp_store_insert(f.store, &row), HP_OK);
		cr_assert_eq(hp_store_sample(f.store, row.key), HP_OK);
	}
	cr_expect_eq(hp_store_sample(f.store, 99), HP_NOT_FOUND);
	fixture_commit(&f);
	fixture_reopen(&f);
	cr_assert_str_eq(list(&filter), "16 15 14 13");
	filter.limit = 1;
	cr_assert_str_eq(list(&filter), "16");
	filter.limit = 50;
	filter.environment = "staging";
	cr_assert_str_eq(list(&filter), "14");
	filter.environment = NULL;
	fixture_begin(&f);
	row = fixture_get(&f, 13); /* taken up, and looked at */
	row.state = HP_STATE_EXECUTING;
	cr_assert_eq(hp_store_move(f.store, &row, HP_STATE_GRANTED, 1), HP_OK);
	row.state = HP_STATE_SUCCEEDED;
	cr_assert_eq(hp_store_move(f.store, &row, HP_STATE_EXECUTING, 2), HP_OK);
	row = fixture_get(&f, 14); /* never taken up */
	row.state = HP_STATE_LAPSED;
	cr_assert_eq(hp_store_move(f.store, &row, HP_STATE_GRANTED, 1), HP_OK);
	row = fixture_get(&f, 15); /* taken up, and never heard of again */
	row.state = HP_STATE_RELEASED;
	cr_assert_eq(hp_store_move(f.store, &row, HP_STATE_GRANTED, 1), HP_OK);
	fixture_commit(&f);
	cr_assert_str_eq(list(&filter), "16 15 13");
	fixture_begin(&f);
	cr_assert_eq(hp_store_add_spot_check(f.store, 13, &check), HP_OK);
	cr_expect_eq(hp_store_add_spot_check(f.store, 13, &check), HP_CONFLICT);
	check.person = "q";
	check.ok = false;
	check.note = "n";
	check.at_ms = 10;
	cr_assert_eq(hp_store_add_spot_check(f.store, 13, &check), HP_OK);
	cr_expect_eq(hp_store_add_spot_check(f.store, 99, &check), HP_NOT_FOUND);
	fixture_commit(&f);
	fixture_reopen(&f);
	cr_assert_str_eq(list(&filter), "16 15");
	cr_assert_eq(hp_store_spot_checks(f.store, &f.arena, 13, &checks, &count), HP_OK);
	cr_assert_eq(count, 2);
	cr_expect_str_eq(checks[0].person, "p");
	cr_expect(checks[0].ok);
	cr_expect_str_eq(checks[1].note, "n");
	cr_expect_not(checks[1].ok);
}

/* Old requests are found by id, and by any filter within the rows a page may look at. */
Test(store_list, one_page_looks_at_so_many_rows)
{
	fixture_begin(&f);
	for (unsigned n = 13; n <= HP_STORE_SEARCHED_ROWS + 10; n++) {
		struct hp_row row = fixture_row(&f, n, HP_STATE_BLOCKED);
		cr_assert_eq(hp_store_insert(f.store, &row), HP_OK);
	}
	fixture_commit(&f);
	struct hp_filter filter = {.environment = "staging", .limit = 50};
	cr_assert_str_eq(list(&filter), "12 11"); /* 10 and older lie behind the limit */
	filter = (struct hp_filter){.text = "alpha", .limit = 50};
	cr_assert_str_eq(list(&filter), "12");
	filter.has_state = true;
	filter.state = HP_STATE_PENDING;
	cr_assert_str_eq(list(&filter), "9 3"); /* an active state is searched whole */
	filter = (struct hp_filter){.text = fixture_get(&f, 4).id, .limit = 50};
	cr_assert_str_eq(list(&filter), "4");
}

Test(store_list, no_look_up_walks_a_table)
{
	static const struct hp_filter filters[] = {
		{.limit = 5, .tier = "gated"},
		{.limit = 5, .has_state = true, .state = HP_STATE_DENIED},
		{.limit = 5, .requester = "beta"},
		{.limit = 5, .owner_or_requester = "alpha", .person = "alpha"},
		{.limit = 5, .text = "abcdef"},
	};
	struct hp_stored_task task, *tasks;
	struct hp_due now = {.wall_ms = 1, .boottime_ms = 1};
	struct hp_row row = fixture_row(&f, 13, HP_STATE_GRANTED), *rows;
	uint8_t nonce[16] = {0};
	int64_t *keys, next;
	size_t count;
	fixture_reopen(&f);
	fixture_begin(&f);
	cr_assert_eq(hp_store_insert(f.store, &row), HP_OK);
	row.state = HP_STATE_DENIED;
	cr_assert_eq(hp_store_move(f.store, &row, HP_STATE_GRANTED, 1), HP_OK);
	fixture_commit(&f);
	for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
		list(&filters[i]);
	cr_assert_eq(hp_store_get(f.store, &f.arena, row.id, &row), HP_OK);
	cr_assert_eq(hp_store_due(f.store, &f.arena, &now, 5, &rows, &count), HP_OK);
	cr_assert_eq(hp_store_next_due(f.store, &now, &next), HP_OK);
	cr_assert_eq(hp_store_next_granted(f.store, &f.arena, "a", "b", 0, &row), HP_NOT_FOUND);
	cr_assert_eq(hp_store_by_nonce(f.store, &f.arena, "a", nonce, &row), HP_NOT_FOUND);
	cr_assert_eq(hp_store_in_scope(f.store, &f.arena, "a", "b", &keys, &count), HP_OK);
	cr_assert_eq(hp_store_last_task(f.store, &f.arena, "a", "b", &task), HP_NOT_FOUND);
	cr_assert_eq(hp_store_open_tasks(f.store, &f.arena, NULL, NULL, 1, 0, 5, &tasks, &count),
		     HP_OK);
	for (size_t i = 0; i < HP_STORE_STATEMENTS; i++) {
		sqlite3_stmt *stmt = f.store->statements[i].stmt;
		if (!stmt || strstr(sqlite3_sql(stmt), "GROUP BY")) /* the count at start-up */
			continue;
		cr_assert_eq(sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0), 0, "%s",
			     sqlite3_sql(stmt));
		cr_assert_eq(sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_AUTOINDEX, 0), 0, "%s",
			     sqlite3_sql(stmt));
	}
}
