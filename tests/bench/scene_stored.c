/* What a request costs, and how long a list or a look takes, with few and with many in the store; and
 * the broker's memory. */
#include <string.h>
#include <sys/stat.h>

#include "tests/bench/figures.h"
#include "tests/bench/fill.h"
#include "tests/bench/servers.h"
#include "tests/bench/site.h"

enum { CALLS = 200, PAGE = 50, WINDOW = 64, SMALL = 1000 };

/* What one size of store gave; zeros before there was one. */
struct costs {
	double submit_us, newest_ms, denied_ms, own_ms, show_ms;
};

/* Median of some calls, in milliseconds. */
static double
time_lists(struct hp_client *client, const char *key, const char *value)
{
	struct hp_arena arena = {0};
	struct samples samples = {.seconds = 1};
	for (size_t i = 0; i < CALLS; i++) {
		hp_arena_reset(&arena);
		struct hp_value *list = site_message(&arena, "list");
		hp_map_set_int(&arena, list, "limit", PAGE);
		if (key)
			hp_map_set_str(&arena, list, key, value);
		int64_t start_us = bench_now_us();
		site_call(client, &arena, list, "requests");
		samples_add(&samples, bench_now_us() - start_us);
	}
	hp_arena_release(&arena);
	return samples_sum_up(&samples).p50_ms;
}

static double
time_shows(struct hp_client *client, size_t stored)
{
	struct hp_arena arena = {0};
	struct samples samples = {.seconds = 1};
	char id[HP_UUID_BYTES];
	for (size_t i = 0; i < CALLS; i++) {
		hp_arena_reset(&arena);
		struct hp_value *show = site_message(&arena, "show");
		fill_id(i * 7919 % stored, id);
		hp_map_set_str(&arena, show, "id", id);
		int64_t start_us = bench_now_us();
		site_call(client, &arena, show, "request");
		samples_add(&samples, bench_now_us() - start_us);
	}
	hp_arena_release(&arena);
	return samples_sum_up(&samples).p50_ms;
}

static void
tell(size_t stored, const struct costs *costs, const struct costs *small)
{
	const struct {
		const char *what, *unit;
		double value, before, at_most;
	} lines[] = {
		{"processor time of a submit", "us", costs->submit_us, small->submit_us, 1.15},
		{"list of the newest, p50", "ms", costs->newest_ms, small->newest_ms, 1.5},
		{"list of the denied, p50", "ms", costs->denied_ms, small->denied_ms, 1.5},
		{"list of one agent's, p50", "ms", costs->own_ms, small->own_ms, 1.5},
		{"show of any, p50", "ms", costs->show_ms, small->show_ms, 0},
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		figure(bench_format("%zu stored: %s", stored, lines[i].what), lines[i].value,
		       lines[i].unit,
		       (struct figure_beside){.floor = lines[i].before,
					      .ratio_at_most = lines[i].before > 0
								       ? lines[i].at_most
								       : 0});
}

static struct costs
measure(struct site *site, const char *home, size_t stored)
{
	struct peer broker;
	struct samples samples = {0};
	struct costs costs;
	site_start_broker(site, home, &broker);
	struct hp_client *reviewer = site_client(home, "reviewer", HP_SIDE_CONTROL);
	costs.newest_ms = time_lists(reviewer, NULL, NULL);
	costs.denied_ms = time_lists(reviewer, "state", "denied");
	costs.own_ms = time_lists(reviewer, "requester", "demo-agent");
	costs.show_ms = time_shows(reviewer, stored);
	drive(&broker, &site->submit, WINDOW, site->seconds, 0, &samples);
	costs.submit_us = samples_sum_up(&samples).cpu_us;
	hp_client_free(reviewer);
	site_stop(&broker);
	return costs;
}

/* Beside each size stands the smallest one, in the place of a floor. */
void
scene_stored(struct site *site)
{
	const char *home = site_make_home(site);
	struct costs small = {0};
	size_t filled = 0;
	figures_scene(bench_format("a store that fills (ratios are to %d)", SMALL));
	for (size_t stored = SMALL; stored <= site->stored; stored *= 10) {
		if (stored != SMALL && stored * 10 <= site->stored)
			continue; /* the smallest and the two largest */
		struct stat st;
		fill_store(home, filled, stored, false);
		filled = stored;
		struct costs costs = measure(site, home, stored);
		tell(stored, &costs, &small);
		if (stat(bench_format("%s/state/holdpoint.db", home), &st) == 0)
			figure(bench_format("%zu stored: the database", stored),
			       (double)st.st_size / 1048576, "MiB", (struct figure_beside){0});
		if (stored == SMALL)
			small = costs;
	}
}

void
scene_pending(struct site *site)
{
	const char *home = site_make_home(site);
	struct peer broker;
	site_start_broker(site, home, &broker);
	figures_scene("memory");
	figure("idle", bench_resident_mib(broker.pid), "MiB", (struct figure_beside){.at_most = 40});
	site_stop(&broker);
	fill_store(home, 0, site->pending, true);
	site_start_broker(site, home, &broker);
	struct hp_client *reviewer = site_client(home, "reviewer", HP_SIDE_CONTROL);
	double list_ms = time_lists(reviewer, "state", "pending");
	time_shows(reviewer, site->pending);
	figure(bench_format("%zu pending, listed and looked at", site->pending),
	       bench_resident_mib(broker.pid), "MiB", (struct figure_beside){.at_most = 120});
	figure(bench_format("%zu pending: list of them, p50", site->pending), list_ms, "ms",
	       (struct figure_beside){0});
	hp_client_free(reviewer);
	site_stop(&broker);
}
