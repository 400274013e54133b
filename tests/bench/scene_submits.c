/* Durable submits a second at several windows, beside the floor (floor.h); the two take turns, so that
 * a disk that is slow for a while is slow for both. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/figures.h"
#include "tests/bench/floor.h"
#include "tests/bench/servers.h"
#include "tests/bench/site.h"

enum {
	WARM_UP = 2000, /* submits from which the shape of one is measured */
	ROUNDS = 4,	/* in which broker and floor take turns */
};

/* Rows and bytes of each table of the broker's database, indexes left out. */
static void
measure_tables(const char *path, struct floor_shape *ret_shape)
{
	static const char list_sql[] = "SELECT name FROM sqlite_schema WHERE type = 'table' "
				       "AND name NOT LIKE 'sqlite_%' ORDER BY name";
	struct floor_shape shape = {0};
	sqlite3 *db;
	sqlite3_stmt *names, *sizes;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, list_sql, -1, &names, NULL) != SQLITE_OK)
		bench_die("%s: %s", path, sqlite3_errmsg(db));
	while (sqlite3_step(names) == SQLITE_ROW && shape.count < FLOOR_TABLES) {
		const char *name = (const char *)sqlite3_column_text(names, 0);
		const char *sql =
			bench_format("SELECT (SELECT count(*) FROM \"%s\"), "
				     "(SELECT sum(payload) FROM dbstat WHERE name = '%s')",
				     name, name);
		if (sqlite3_prepare_v2(db, sql, -1, &sizes, NULL) != SQLITE_OK ||
		    sqlite3_step(sizes) != SQLITE_ROW)
			bench_die("%s: %s", sql, sqlite3_errmsg(db));
		shape.tables[shape.count++] = (struct floor_table){
			sqlite3_column_double(sizes, 0), sqlite3_column_double(sizes, 1)};
		sqlite3_finalize(sizes);
	}
	sqlite3_finalize(names);
	sqlite3_close(db);
	*ret_shape = shape;
}

static void
measure_shape(struct peer *broker, struct message *message, const char *database,
	      struct floor_shape *ret_shape)
{
	struct floor_shape before, after;
	struct samples ignored = {0};
	measure_tables(database, &before);
	drive(broker, message, 64, 0, WARM_UP, &ignored);
	measure_tables(database, &after);
	for (size_t i = 0; i < after.count; i++) {
		after.tables[i].rows = (after.tables[i].rows - before.tables[i].rows) / WARM_UP;
		after.tables[i].bytes = (after.tables[i].bytes - before.tables[i].bytes) / WARM_UP;
	}
	after.reply_bytes = broker->reply_bytes;
	free(ignored.us);
	*ret_shape = after;
}

/* The floor runs as this program again: its key and its shape go by file and argument. */
static void
start_floor(struct site *site, const struct floor_shape *shape, struct peer *ret_peer)
{
	struct hp_keyfile own, client;
	struct hp_error err = {0};
	struct hp_buf text = {0};
	const char *key_path = bench_format("%s/floor.key", site->dir);
	const char *endpoint = bench_format("ipc://%s/floor", site->dir);
	hp_keyfile_generate("floor", &own);
	hp_keyfile_generate("client", &client);
	if (hp_keyfile_write(key_path, &own, NULL, 0, &err) != HP_OK)
		bench_die("%s", err.message);
	hp_buf_printf(&text, "%zu", shape->reply_bytes);
	for (size_t i = 0; i < shape->count; i++)
		hp_buf_printf(&text, ",%.9g:%.9g", shape->tables[i].rows, shape->tables[i].bytes);
	*ret_peer = (struct peer){0};
	ret_peer->pid = bench_start((const char *[]){"/proc/self/exe", "--floor",
						     bench_format("%s/floor.db", site->dir),
						     endpoint, key_path, hp_buf_text(&text), NULL});
	site_connect(site, ret_peer, endpoint, own.curve_public, &client);
	hp_buf_release(&text);
	hp_keyfile_release(&own);
	hp_keyfile_release(&client);
}

int
scene_be_floor(char **argv)
{
	struct hp_keyfile key;
	struct hp_error err = {0};
	struct floor_shape shape = {0};
	char *at;
	if (hp_keyfile_read(argv[4], NULL, NULL, &key, &err) != HP_OK)
		bench_die("%s", err.message);
	shape.reply_bytes = strtoul(argv[5], &at, 10);
	while (*at == ',' && shape.count < FLOOR_TABLES) {
		struct floor_table *table = &shape.tables[shape.count++];
		table->rows = strtod(at + 1, &at);
		table->bytes = *at == ':' ? strtod(at + 1, &at) : 0;
	}
	return floor_serve(argv[2], argv[3], &key, &shape);
}

static void
tell(size_t window, const struct point *ours, const struct point *floor)
{
	bool wide = window == 256; /* the window that has aims */
	figure(bench_format("window %zu: submits", window), ours->rate, "/s",
	       (struct figure_beside){.floor = floor->rate, .ratio_at_least = wide ? 0.6 : 0});
	figure(bench_format("window %zu: p50", window), ours->p50_ms, "ms",
	       (struct figure_beside){.floor = floor->p50_ms});
	figure(bench_format("window %zu: p99", window), ours->p99_ms, "ms",
	       (struct figure_beside){.floor = floor->p99_ms, .ratio_at_most = wide ? 2 : 0});
	figure(bench_format("window %zu: processor time of one", window), ours->cpu_us, "us",
	       (struct figure_beside){.floor = floor->cpu_us});
}

void
scene_submits(struct site *site)
{
	const char *home = site_make_home(site);
	struct peer broker, floor;
	struct floor_shape shape;
	site_start_broker(site, home, &broker);
	measure_shape(&broker, &site->submit, bench_format("%s/state/holdpoint.db", home), &shape);
	start_floor(site, &shape, &floor);
	figures_scene("submits of one client, granted by policy");
	figure("bytes of a submit", (double)site->submit.bytes.len, "B", (struct figure_beside){0});
	figure("bytes of its receipt", (double)shape.reply_bytes, "B", (struct figure_beside){0});
	figure("rows that it leaves", floor_rows(&shape), "", (struct figure_beside){0});
	figure("bytes that it leaves", floor_bytes(&shape), "B", (struct figure_beside){0});
	for (size_t i = 0; i < site->window_count; i++) {
		size_t window = site->windows[i];
		struct samples ours = {0}, theirs = {0};
		for (int round = 0; round < ROUNDS; round++) {
			drive(&floor, &site->submit, window, site->seconds / ROUNDS, 0, &theirs);
			drive(&broker, &site->submit, window, site->seconds / ROUNDS, 0, &ours);
		}
		struct point our_point = samples_sum_up(&ours);
		struct point floor_point = samples_sum_up(&theirs);
		tell(window, &our_point, &floor_point);
	}
	site_stop(&broker);
	site_stop(&floor);
}
