#include <criterion/criterion.h>
#include <string.h>

#include "core/sql.h"
#include "tests/core/things_text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void
check(const char *sql, const char *expect)
{
	struct hp_arena arena = {0};
	struct hp_things things = {.arena = &arena};
	hp_sql_things(&things, sql, strlen(sql));
	const char *text = things_text(&arena, &things);
	cr_expect_str_eq(text, expect, "%s: %s", sql, text);
	hp_arena_release(&arena);
}

struct sql_case {
	const char *sql, *things;
};

static void
check_all(const struct sql_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(cases[i].sql, cases[i].things);
}

Test(sql, names_verb_and_object)
{
	static const struct sql_case cases[] = {
		{"SELECT 1", "sql:select"},
		{"  (select 1) ; ", "sql:select"},
		{"drop table if exists a", "sql:drop,sql:drop-table"},
		{"DROP DATABASE prod", "sql:drop,sql:drop-database"},
		{"truncate users", "sql:truncate,sql:truncate-table"},
		{"alter table t add c int", "sql:alter,sql:alter-table"},
		{"alter table t drop column c",
	         "sql:alter,sql:alter-table; sql:drop,sql:drop-column"},
		{"create or replace view v as select 1", "sql:create,sql:create-view"},
		{"create unique index concurrently i on t(a)", "sql:create,sql:create-index"},
		{"create materialized view v as select 1", "sql:create,sql:create-view"},
		{"create user x", "sql:create,sql:create-user"},
		{"grant select, delete on t to x", "sql:grant,sql:grant-select"},
		{"revoke grant option for all on t from x", "sql:revoke,sql:revoke-grant"},
		{"insert into t values (1)", "sql:insert"},
		{"show create table x", "sql:show,sql:show-create"},
		{"set role admin", "sql:set,sql:set-role"},
		{"call purge()", "sql:call,sql:call-purge; sql:call-purge"},
		{"copy t to stdout", "sql:copy,sql:copy-to"},
		{"copy t to program 'rm'", "sql:copy,sql:copy-to; unknown"},
		{"vacuum full t", "sql:vacuum,sql:vacuum-t"},
		{"frobnicate", "sql:frobnicate"},
		{"select * into new from t", "sql:select; sql:select-into"},
		{"exec('drop table x')", "sql:exec"},
	};
	check_all(cases, COUNT(cases));
}

Test(sql, tells_statements_of_all_rows)
{
	static const struct sql_case cases[] = {
		{"delete from t", "sql:delete,sql:delete-all"},
		{"delete from t where id=1", "sql:delete"},
		{"delete from t where 1=1", "sql:delete,sql:delete-all"},
		{"delete from t where true or (1 = 1)", "sql:delete,sql:delete-all"},
		{"delete from t where \"id\" = 'x'", "sql:delete"},
		{"update t set a=1", "sql:update,sql:update-all"},
		{"update t set a=(select 1 where true) where b=2", "sql:update"},
		{"update t set a=(select b from u where u.id=t.id)", "sql:update,sql:update-all"},
		{"delete from t where true returning id", "sql:delete,sql:delete-all"},
	};
	check_all(cases, COUNT(cases));
}

Test(sql, finds_every_statement)
{
	static const struct sql_case cases[] = {
		{"select 1; drop table x", "sql:select; sql:drop,sql:drop-table"},
		{"begin; select 1; commit", "sql:select"},
		{"begin transaction", ""},
		{"begin delete from x end", "sql:delete,sql:delete-all"},
		{"with x as (delete from t returning *) select * from x",
	         "sql:delete,sql:delete-all; sql:select"},
		{"with x as (select 1) update t set a=1 where b=2", "sql:update"},
		{"with recursive x(n) as (select 1) select * from x", "sql:select"},
		{"with nothing", "unknown"},
		{"explain delete from t", "sql:explain"},
		{"explain analyze delete from t", "sql:explain; sql:delete,sql:delete-all"},
		{"explain (analyze, buffers) select 1", "sql:explain; sql:select"},
		{"explain analyze frobnicate", "sql:explain; unknown"},
		{"select 1 drop table x", "sql:select; sql:drop,sql:drop-table"},
		{"select 1 exec xp_cmdshell 'x'", "sql:select; sql:exec,sql:exec-xp_cmdshell"},
		{"insert into t values (1) on conflict do update set a=1", "sql:insert"},
		{"insert into t values (1) on duplicate key update a=1", "sql:insert"},
		{"merge into t using s on a=b when matched then delete", "sql:merge"},
		{"create function f() returns void as $$ begin delete from t; end $$",
	         "sql:create,sql:create-function; sql:delete,sql:delete-all"},
		{"do $$ begin truncate users; end $$",
	         "sql:do,sql:do-begin; sql:truncate,sql:truncate-table"},
		{"create trigger x after delete on t for each row execute function f()",
	         "sql:create,sql:create-trigger; sql:execute,sql:execute-function"},
	};
	check_all(cases, COUNT(cases));
}

Test(sql, a_select_may_do_more_than_read)
{
	static const struct sql_case cases[] = {
		{"select pg_terminate_backend(1)", "sql:select; sql:call-pg_terminate_backend"},
		{"select pg_size_pretty(pg_table_size('t')), pg_get_viewdef(1)", "sql:select"},
		{"select lo_import('x'), dblink_exec('x')",
	         "sql:select; sql:call-lo_import; sql:call-dblink_exec"},
		{"select public.delete_user (1)", "sql:select; sql:call-delete_user"},
		{"select \"Delete_User\"(1)", "sql:select; sql:call-delete_user"},
		{"select utl_http.request('x') from dual", "sql:select; sql:call-utl_http"},
		{"with a as (select set_config('x','y',false)) select * from a",
	         "sql:select; sql:call-set_config"},
		{"select delete_flag, count(*), lower(a), date_trunc('day', b) from drop_log "
	         "where drop_log.x in (1)",
	         "sql:select"},
	};
	check_all(cases, COUNT(cases));
}

Test(sql, data_is_no_code)
{
	static const struct sql_case cases[] = {
		{"SELECT * FROM t WHERE x='drop table y' -- delete", "sql:select"},
		{"/* drop table x; */ select 1", "sql:select"},
		{"select ';' ; select \"drop;\"", "sql:select; sql:select"},
		{"select 'it''s; drop table x'", "sql:select"},
		{"select update from t", "sql:select"},
		{"select a, delete from t", "sql:select"},
		{"select t.drop from t order by delete", "sql:select"},
		{"select * from t for update", "sql:select"},
		{"create table t (a int references b on delete cascade)",
	         "sql:create,sql:create-table"},
		{"select replace(a,'x','y'), insert(a,1,2,'x'), truncate(1.5, 1) from t",
	         "sql:select"},
		{"select 1 --drop it", "sql:select"},
	};
	check_all(cases, COUNT(cases));
}

/* Where dialects disagree, the reading that sees more statements counts. */
Test(sql, no_dialect_hides_a_statement)
{
	static const struct sql_case cases[] = {
		/* the standard ends the literal at the backslash, MySQL does not */
		{"SELECT '\\'; DROP TABLE x; --'",
	         "sql:select; sql:drop,sql:drop-table; sql:select"},
		{"SELECT '\\'', '; DROP TABLE x; --'",
	         "sql:select; sql:drop,sql:drop-table; sql:select"},
		/* MySQL wants a space behind -- */
		{"select 1 --1; drop table x", "sql:select; sql:drop,sql:drop-table"},
		/* # begins a comment for MySQL alone */
		{"select 1 # 2; drop table x", "sql:select; sql:drop,sql:drop-table"},
		/* executable comments */
		{"/*!50000 drop table x */", "sql:drop,sql:drop-table"},
		{"/*M! drop table x */", "sql:drop,sql:drop-table"},
		/* nested comments end early for some */
		{"/* /* */ drop table x; -- */", "sql:drop,sql:drop-table"},
		/* dollar quotes are no quotes for MySQL */
		{"select $$; drop table x; $$", "sql:select; sql:drop,sql:drop-table; unknown"},
		{"select [a;] drop table x", "sql:select; unknown"},
	};
	check_all(cases, COUNT(cases));
}

Test(sql, what_is_not_understood_is_unknown)
{
	static const struct sql_case cases[] = {
		{"", "unknown"},
		{"-- only a comment", "unknown"},
		{";", "unknown"},
		{"/*!;", "unknown"},
		{"((", "unknown"},
		{"select 'open", "sql:select; unknown"},
		{"select 1 /* open", "sql:select; unknown"},
		{"'drop'", "unknown"},
		{"42", "unknown"},
		{"\\dt", "sql:describe"},
		{"\\d+ users", "sql:describe"},
		{"\\conninfo", "sql:describe"},
		{"\\! rm -rf /", "; unknown"},
		{"\\dt \\! rm", "; unknown"},
		{"\\i file.sql", "; unknown"},
		{"select 1 \\g |sh", "sql:select; unknown"},
		{"select 1\\G", "sql:select"},
		{".tables", "sql:describe"},
		{".shell rm", "; unknown"},
		{".show\n.system rm", "; unknown"},
	};
	check_all(cases, COUNT(cases));
}

Test(sql, long_texts_cost_little)
{
	struct hp_arena arena = {0};
	struct hp_things things = {.arena = &arena};
	struct hp_buf sql = {0};
	for (int i = 0; i < 7000; i++)
		hp_buf_add_text(&sql, "delete x ");
	hp_sql_things(&things, hp_buf_text(&sql), sql.len);
	cr_expect(things.overflow);
	hp_arena_release(&arena);

	/* the same a thousand times is one thing */
	things = (struct hp_things){.arena = &arena};
	hp_buf_reset(&sql);
	for (int i = 0; i < 5000; i++)
		hp_buf_add_text(&sql, "insert into t values (1);");
	hp_sql_things(&things, hp_buf_text(&sql), sql.len);
	cr_expect_not(things.overflow);
	hp_things_begin(&things);
	cr_expect_leq(things.count, 2);
	hp_buf_release(&sql);
	hp_arena_release(&arena);
}

Test(sql, deep_nesting_does_not_recurse)
{
	struct hp_arena arena = {0};
	struct hp_things things = {.arena = &arena};
	struct hp_buf sql = {0};
	for (int i = 0; i < 60000; i++)
		hp_buf_add_text(&sql, i % 2 ? "begin " : "(");
	hp_buf_add_text(&sql, "drop table x");
	hp_sql_things(&things, hp_buf_text(&sql), sql.len);
	cr_expect_str_eq(things_text(&arena, &things), "sql:drop,sql:drop-table");
	hp_buf_release(&sql);
	hp_arena_release(&arena);
}

Test(sql, code_has_no_literals)
{
	static const struct sql_case cases[] = {
		{"select a from t where b = 'drop table' -- delete", "select a from t where b = "},
		{"select \"drop\", \"drop\"(1) from delete_log",
	         "select , \"drop\" ( ) from delete_log "},
		{"select '\\'' drop", "select '\\'' drop"}, /* dialects disagree: all of it */
		{"select 'open drop", "select 'open drop"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hp_arena arena = {0};
		cr_expect_str_eq(hp_sql_code(&arena, cases[i].sql, strlen(cases[i].sql)),
		                 cases[i].things);
		hp_arena_release(&arena);
	}
}
