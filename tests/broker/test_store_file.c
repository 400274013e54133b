/* The store's file: private, one broker's, read at rest, bounded, and without what was erased. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

TestSuite(store_file, .init = start, .fini = stop);

Test(store_file, file_is_private_and_survives_reopening)
{
	struct stat st;
	cr_assert_eq(stat(f.path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
	struct hp_row row = fixture_insert(&f, 1, HP_STATE_PENDING);
	fixture_reopen(&f);
	struct hp_row again = fixture_get(&f, row.key);
	fixture_expect_row(&again, &row);
}

Test(store_file, a_second_broker_is_refused)
{
	struct hp_store *second = NULL;
	struct hp_error err = {0};
	cr_assert_eq(hp_store_open(f.path, &second, &err), HP_CONFLICT);
	cr_assert_null(second);
	char holder[64];
	snprintf(holder, sizeof holder, "process %ld holds it", (long)getpid());
	cr_assert(strstr(err.message, holder), "%s", err.message);
}

Test(store_file, other_files_are_refused)
{
	static const struct {
		const char *sql;
		enum hp_status status;
		const char *why;
	} cases[] = {
		{"PRAGMA application_id=7", HP_REFUSED, "not a database of holdpoint"},
		{"PRAGMA application_id=0x48506f31; PRAGMA user_version=99", HP_UNSUPPORTED,
		 "its schema has version 99"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_error err = {0};
		hp_store_close(f.store);
		f.store = NULL;
		cr_assert_str_eq(fixture_sql(&f, cases[i].sql), "");
		cr_assert_eq(hp_store_open(f.path, &f.store, &err), cases[i].status);
		cr_assert(strstr(err.message, cases[i].why), "%s", err.message);
	}
	unlink(f.path);
	cr_assert_str_eq(fixture_sql(&f, "CREATE TABLE stranger(x)"), "");
	cr_assert_eq(hp_store_open(f.path, &f.store, NULL), HP_REFUSED);
	FILE *garbage = fopen(f.path, "w");
	fprintf(garbage, "%0512d", 0);
	fclose(garbage);
	struct hp_error err = {0};
	cr_assert_eq(hp_store_open(f.path, &f.store, &err), HP_IO);
	cr_assert(strstr(err.message, "file is not a database"), "%s", err.message);
	cr_assert_eq(hp_store_open("/nonexistent/holdpoint.db", &f.store, NULL), HP_IO);
	cr_assert_null(f.store);
}

Test(store_file, reading_only_sees_one_moment_and_creates_nothing)
{
	struct hp_store *reader = NULL;
	int64_t counts[HP_STATE_COUNT];
	struct hp_row row;
	fixture_insert(&f, 1, HP_STATE_PENDING);
	cr_assert_eq(hp_store_open_readonly(f.path, &reader, NULL), HP_OK);
	fixture_insert(&f, 2, HP_STATE_PENDING);
	cr_assert_eq(hp_store_count_states(reader, counts), HP_OK);
	cr_assert_eq(counts[HP_STATE_PENDING], 1);
	cr_assert_eq(hp_store_get_key(reader, &f.arena, 1, &row), HP_OK);
	cr_assert_eq(hp_store_get_key(reader, &f.arena, 2, &row), HP_NOT_FOUND);
	cr_assert_eq(hp_store_begin(reader), HP_REFUSED);
	hp_store_close(reader);

	const char *absent = fixture_file(&f, "absent.db");
	cr_assert_eq(hp_store_open_readonly(absent, &reader, NULL), HP_NOT_FOUND);
	cr_assert_neq(access(absent, F_OK), 0);
}

Test(store_file, a_database_at_rest_is_read_where_nothing_can_be_written)
{
	struct hp_store *reader = NULL;
	struct hp_error err = {0};
	struct hp_row row;
	char odd[sizeof f.path];
	fixture_insert(&f, 1, HP_STATE_PENDING);
	hp_store_close(f.store);
	f.store = NULL;
	snprintf(odd, sizeof odd, "%s/odd %%41?#.db", f.dir); /* a path, not a part of a URI */
	cr_assert_eq(rename(f.path, odd), 0);
	cr_assert_eq(chmod(f.dir, 0555), 0);
	cr_assert_eq(chmod(odd, 0444), 0);
	uid_t me = geteuid();
	cr_assert(me != 0 || seteuid(65534) == 0); /* root may write anywhere */
	enum hp_status status = hp_store_open_readonly(odd, &reader, &err);
	cr_assert_eq(status, HP_OK, "%s", err.message);
	cr_assert_eq(hp_store_get_key(reader, &f.arena, 1, &row), HP_OK);
	hp_store_close(reader);
	cr_assert(me != 0 || seteuid(0) == 0);
	cr_assert_eq(chmod(f.dir, 0700), 0);
	cr_assert_eq(access(hp_arena_printf(&f.arena, "%s-wal", odd), F_OK), -1);
}

/* Whatever stands behind it: the file is at fault, and not who reads it. */
Test(store_file, a_damaged_row_is_damage_also_where_others_follow)
{
	struct hp_store *reader = NULL;
	struct hp_stored_node *nodes;
	size_t count;
	struct hp_error err = {0};
	fixture_insert(&f, 1, HP_STATE_PENDING);
	fixture_insert(&f, 2, HP_STATE_EXECUTING);
	cr_assert_str_eq(fixture_sql(&f, "INSERT INTO node VALUES (0, x'00'), (1, zeroblob(32))"), "");
	cr_assert_eq(hp_store_open_readonly(f.path, &reader, NULL), HP_OK);
	cr_assert_eq(hp_store_nodes(reader, &f.arena, 0, 10, &nodes, &count), HP_IO);
	cr_assert(hp_store_is_damaged(reader), "%s", hp_store_error(reader));
	cr_assert_str_eq(hp_store_error(reader), "a stored row is damaged");
	hp_store_close(reader);

	cr_assert_str_eq(fixture_sql(&f, "UPDATE request SET state = 'aaa' WHERE key = 1"), "");
	cr_assert_eq(hp_store_open_readonly(f.path, &reader, &err), HP_INVALID, "%s", err.message);
}

Test(store_file, write_ahead_log_stays_bounded)
{
	struct stat st;
	const char *wal = hp_arena_printf(&f.arena, "%s-wal", f.path);
	static char large[60000];
	memset(large, 'x', sizeof large - 1);
	for (unsigned i = 0; i < 1500; i++) { /* 90 MB in all */
		struct hp_row row = fixture_row(&f, i, HP_STATE_PENDING);
		row.canonical = (struct hp_str){large, sizeof large - 1};
		fixture_begin(&f);
		cr_assert_eq(hp_store_insert(f.store, &row), HP_OK);
		fixture_commit(&f);
		cr_assert_eq(hp_store_checkpoint_wal(f.store), HP_OK);
		if (i % 100 == 0)
			hp_arena_reset(&f.arena), wal = hp_arena_printf(&f.arena, "%s-wal", f.path);
	}
	cr_assert_eq(stat(wal, &st), 0);
	cr_assert_lt(st.st_size, 32 << 20);
}

Test(store_file, a_reader_does_not_fail_the_wal_checkpoint)
{
	struct hp_store *reader = NULL;
	static char large[60000];
	memset(large, 'x', sizeof large - 1);
	fixture_insert(&f, 1000, HP_STATE_PENDING);
	cr_assert_eq(hp_store_open_readonly(f.path, &reader, NULL), HP_OK);
	for (unsigned i = 0; i < 400; i++) {
		struct hp_row row = fixture_row(&f, i, HP_STATE_PENDING);
		row.canonical = (struct hp_str){large, sizeof large - 1};
		fixture_begin(&f);
		cr_assert_eq(hp_store_insert(f.store, &row), HP_OK);
		fixture_commit(&f);
		cr_assert_eq(hp_store_checkpoint_wal(f.store), HP_OK);
	}
	hp_store_close(reader);
	cr_assert_eq(hp_store_checkpoint_wal(f.store), HP_OK);
}

/* How often `bytes` stand in the database file and what lies beside it. */
static unsigned
occurrences(const char *bytes)
{
	static const char *const names[] = {"", "-wal"};
	unsigned found = 0;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		static char content[1 << 20];
		FILE *file = fopen(hp_arena_printf(&f.arena, "%s%s", f.path, names[i]), "rb");
		size_t len = file ? fread(content, 1, sizeof content, file) : 0;
		if (file)
			fclose(file);
		cr_assert_lt(len, sizeof content);
		for (char *at = content; len > 0; found++) {
			at = memmem(at, (size_t)(content + len - at), bytes, strlen(bytes));
			if (!at)
				break;
			at++;
		}
	}
	return found;
}

Test(store_file, erased_bytes_are_overwritten)
{
	static const char secret[] = "the password is swordfish";
	struct hp_row row = fixture_row(&f, 1, HP_STATE_PENDING);
	row.action = fixture_str(secret);
	fixture_begin(&f);
	cr_assert_eq(hp_store_insert(f.store, &row), HP_OK);
	fixture_commit(&f);
	fixture_reopen(&f);
	cr_assert_eq(occurrences(secret), 1);
	row.state = HP_STATE_DENIED;
	fixture_begin(&f);
	cr_assert_eq(hp_store_move(f.store, &row, HP_STATE_PENDING, 1), HP_OK);
	fixture_commit(&f);
	fixture_reopen(&f); /* a stop moves the log into the database */
	cr_assert_eq(occurrences(secret), 0);
}
