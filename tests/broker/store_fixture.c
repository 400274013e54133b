#include "store_fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
fixture_open(struct fixture *fixture)
{
	*fixture = (struct fixture){0};
	snprintf(fixture->dir, sizeof fixture->dir, "/tmp/hp-test-XXXXXX");
	cr_assert_not_null(mkdtemp(fixture->dir));
	snprintf(fixture->path, sizeof fixture->path, "%s/holdpoint.db", fixture->dir);
	fixture_reopen(fixture);
}

void
fixture_reopen(struct fixture *fixture)
{
	struct hp_error err = {0};
	hp_store_close(fixture->store);
	fixture->store = NULL;
	enum hp_status status = hp_store_open(fixture->path, &fixture->store, &err);
	cr_assert_eq(status, HP_OK, "%s", err.message);
}

void
fixture_close(struct fixture *fixture)
{
	hp_store_close(fixture->store);
	hp_arena_release(&fixture->arena);
	DIR *dir = opendir(fixture->dir);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	cr_assert_eq(rmdir(fixture->dir), 0);
}

const char *
fixture_file(struct fixture *fixture, const char *name)
{
	return hp_arena_printf(&fixture->arena, "%s/%s", fixture->dir, name);
}

void
fixture_begin(struct fixture *fixture)
{
	cr_assert_eq(hp_store_begin(fixture->store), HP_OK, "%s", hp_store_error(fixture->store));
}

void
fixture_commit(struct fixture *fixture)
{
	cr_assert_eq(hp_store_commit(fixture->store), HP_OK, "%s",
		     hp_store_error(fixture->store));
}

struct hp_str
fixture_str(const char *text)
{
	return (struct hp_str){text, strlen(text)};
}

static void
fill(uint8_t *bytes, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(seed * 31 + i);
}

struct hp_row
fixture_row(struct fixture *fixture, unsigned n, enum hp_state state)
{
	struct hp_row row = {
		.tier = "gated",
		.effect = "escalate",
		.environment = "production",
		.mode = "autonomous",
		.via = "",
		.audience = "executor",
		.reason = "the policy says so",
		.by = "policy",
		.claimer = "",
		.state = state,
		.resource_count = 3,
		.submitted_ms = 1700000000000 + n,
		.max_deadline_ms = 1700000900000 + n,
		.needed = 2,
		.classes = fixture_str("\x91\xa6" "delete"),
		.flags = fixture_str("\x90"),
		.quorum = fixture_str("quorum"),
	};
	const struct {
		const char **column;
		const char *name;
	} named[] = {
		{&row.requester, "agent"},	 {&row.owner, "owner"},
		{&row.session, "session"},	 {&row.operation, "k8s:Restart"},
		{&row.resource, "deploy/api"},	 {&row.summary, "Restart number"},
	};
	for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
		*named[i].column = hp_arena_printf(&fixture->arena, "%s-%u", named[i].name, n);
	row.id = hp_arena_printf(&fixture->arena, "%08x-0000-4000-8000-%012x", n * 2654435761u, n);
	row.canonical = fixture_str(hp_arena_printf(&fixture->arena, "canonical bytes of %u", n));
	row.action = fixture_str(hp_arena_printf(&fixture->arena, "action %u", n));
	row.salt = fixture_str(hp_arena_printf(&fixture->arena, "%032u", n));
	fill(row.content_hash, sizeof row.content_hash, n);
	fill(row.digest, sizeof row.digest, n + 1);
	fill(row.action_digest, sizeof row.action_digest, n + 2);
	row.submitted_at = (struct hp_due){.wall_ms = row.submitted_ms, .boottime_ms = 5000 + n};
	fill(row.submitted_at.boot_id, sizeof row.submitted_at.boot_id, 7);
	return row;
}

struct hp_row
fixture_insert(struct fixture *fixture, unsigned n, enum hp_state state)
{
	struct hp_row row = fixture_row(fixture, n, state);
	fixture_begin(fixture);
	cr_assert_eq(hp_store_insert(fixture->store, &row), HP_OK, "%s",
		     hp_store_error(fixture->store));
	fixture_commit(fixture);
	return row;
}

struct hp_row
fixture_get(struct fixture *fixture, int64_t key)
{
	struct hp_row row;
	cr_assert_eq(hp_store_get_key(fixture->store, &fixture->arena, key, &row), HP_OK);
	return row;
}

const char *
fixture_sql(struct fixture *fixture, const char *sql)
{
	sqlite3 *db = NULL;
	char *message = NULL;
	cr_assert_eq(sqlite3_open(fixture->path, &db), SQLITE_OK);
	sqlite3_exec(db, sql, NULL, NULL, &message);
	const char *copy = hp_arena_strdup(&fixture->arena, message ? message : "");
	sqlite3_free(message);
	sqlite3_close(db);
	return copy;
}

static void
expect_str(const char *column, struct hp_str got, struct hp_str wanted)
{
	cr_assert_eq(got.p == NULL, wanted.p == NULL, "%s", column);
	cr_assert_eq(got.len, wanted.len, "%s", column);
	cr_assert(!got.p || memcmp(got.p, wanted.p, got.len) == 0, "%s", column);
}

static void
expect_due(const char *column, const struct hp_due *got, const struct hp_due *wanted)
{
	cr_assert_eq(got->wall_ms, wanted->wall_ms, "%s", column);
	if (wanted->wall_ms == 0)
		return;
	cr_assert_eq(got->boottime_ms, wanted->boottime_ms, "%s", column);
	cr_assert_arr_eq(got->boot_id, wanted->boot_id, 16, "%s", column);
}

void
fixture_expect_row(const struct hp_row *got, const struct hp_row *wanted)
{
	const struct {
		const char *name;
		long long got, wanted;
	} numbers[] = {
		{"key", got->key, wanted->key},
		{"resource_count", got->resource_count, wanted->resource_count},
		{"submitted_ms", got->submitted_ms, wanted->submitted_ms},
		{"max_deadline_ms", got->max_deadline_ms, wanted->max_deadline_ms},
		{"needed", got->needed, wanted->needed},
		{"state", got->state, wanted->state},
		{"approvals", got->approvals, wanted->approvals},
		{"extensions", got->extensions, wanted->extensions},
		{"has_nonce", got->has_nonce, wanted->has_nonce},
		{"lease_ms", got->lease_ms, wanted->lease_ms},
		{"stop", got->stop, wanted->stop},
	};
	const struct {
		const char *name;
		const char *got, *wanted;
	} texts[] = {
		{"id", got->id, wanted->id},
		{"requester", got->requester, wanted->requester},
		{"owner", got->owner, wanted->owner},
		{"via", got->via, wanted->via},
		{"mode", got->mode, wanted->mode},
		{"session", got->session, wanted->session},
		{"audience", got->audience, wanted->audience},
		{"tier", got->tier, wanted->tier},
		{"effect", got->effect, wanted->effect},
		{"environment", got->environment, wanted->environment},
		{"operation", got->operation, wanted->operation},
		{"resource", got->resource, wanted->resource},
		{"summary", got->summary, wanted->summary},
		{"reason", got->reason, wanted->reason},
		{"by", got->by, wanted->by},
		{"claimer", got->claimer, wanted->claimer},
	};
	const struct {
		const char *name;
		const void *got, *wanted;
		size_t len;
	} bytes[] = {
		{"content_hash", got->content_hash, wanted->content_hash, sizeof got->content_hash},
		{"digest", got->digest, wanted->digest, sizeof got->digest},
		{"action_digest", got->action_digest, wanted->action_digest,
		 sizeof got->action_digest},
		{"nonce", got->nonce, wanted->nonce, sizeof got->nonce},
	};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		cr_assert_eq(numbers[i].got, numbers[i].wanted, "%s", numbers[i].name);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		cr_assert_str_eq(texts[i].got, texts[i].wanted, "%s", texts[i].name);
	for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++)
		cr_assert_arr_eq(bytes[i].got, bytes[i].wanted, bytes[i].len, "%s", bytes[i].name);
	expect_str("classes", got->classes, wanted->classes);
	expect_str("flags", got->flags, wanted->flags);
	expect_str("canonical", got->canonical, wanted->canonical);
	expect_str("quorum", got->quorum, wanted->quorum);
	expect_str("action", got->action, wanted->action);
	expect_str("salt", got->salt, wanted->salt);
	expect_due("submitted_at", &got->submitted_at, &wanted->submitted_at);
	expect_due("due", &got->due, &wanted->due);
	expect_due("lease_end_max", &got->lease_end_max, &wanted->lease_end_max);
}
