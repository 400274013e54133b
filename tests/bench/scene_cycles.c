/*
 * Whole cycles, one after the other: submit → held → a person's signed vote → claim → report. Four
 * commits each, and one more before the claim is answered.
 */
#include <string.h>
#include <time.h>

#include "core/msgpack.h"
#include "tests/bench/figures.h"
#include "tests/bench/servers.h"
#include "tests/bench/site.h"

struct actors {
	struct hp_client *agent, *reviewer, *executor;
	struct hp_keyfile reviewer_key;
	struct hp_broker_info info;
	struct hp_arena arena;	 /* of the run */
	struct hp_arena scratch; /* of one cycle */
};

static int64_t
wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
cycle(struct actors *actors, const struct message *held)
{
	struct hp_arena *arena = &actors->scratch;
	const struct hp_value *map = NULL;
	struct hp_error err = {0};
	struct hp_value *decide = NULL;
	char id[HP_UUID_BYTES];
	uint8_t nonce[16];

	hp_arena_reset(arena);
	hp_crypto_uuid(id);
	hp_crypto_random(nonce, sizeof nonce);
	if (hp_msgpack_decode(arena, held->bytes.data, held->bytes.len, &map, &err) != HP_OK)
		bench_die("%s", err.message);
	struct hp_value *submit = hp_value_map(arena);
	for (size_t i = 0; i < map->map.count; i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		if (strcmp(pair->key.p, "id") == 0)
			hp_map_set_str(arena, submit, "id", id);
		else if (strcmp(pair->key.p, "seq") != 0)
			hp_map_set(arena, submit, pair->key.p, pair->value);
	}
	const struct hp_value *receipt = site_call(actors->agent, arena, submit, "receipt");
	const uint8_t *digest = hp_map_get_bin(receipt, "digest", HP_HASH_BYTES);
	if (!digest || !hp_value_is(hp_map_get(receipt, "state"), "pending"))
		bench_die("a request that should wait is %s: %s",
			  hp_map_get_str(receipt, "state", "?"),
			  hp_map_get_str(receipt, "message", ""));
	if (hp_client_make_decide(arena, &actors->reviewer_key, actors->info.instance, id, digest,
				  true, NULL, wall_ms(), &decide, &err) != HP_OK)
		bench_die("%s", err.message);
	site_call(actors->reviewer, arena, decide, "status");
	struct hp_value *claim = site_message(arena, "claim");
	hp_map_set_str(arena, claim, "id", id);
	hp_map_set_bin(arena, claim, "nonce", nonce, sizeof nonce);
	hp_map_set_int(arena, claim, "timeout_ms", 0);
	site_call(actors->executor, arena, claim, "claimed");
	struct hp_value *report = site_message(arena, "report");
	hp_map_set_str(arena, report, "id", id);
	hp_map_set_str(arena, report, "result", "succeeded");
	hp_map_set_int(arena, report, "exit_code", 0);
	site_call(actors->executor, arena, report, "status");
}

void
scene_cycles(struct site *site)
{
	const char *home = site_make_home(site);
	struct peer broker;
	struct samples samples = {0};
	struct actors actors = {0};
	site_start_broker(site, home, &broker);
	site_read_key(home, "reviewer", &actors.reviewer_key);
	site_read_info(&actors.arena, home, &actors.info);
	actors.agent = site_client(home, "demo-agent-supervised", HP_SIDE_AGENTS);
	actors.reviewer = site_client(home, "reviewer", HP_SIDE_CONTROL);
	actors.executor = site_client(home, "executor", HP_SIDE_AGENTS);

	double cpu_before = bench_cpu_seconds(broker.pid);
	int64_t start_us = bench_now_us(), now_us = start_us;
	while ((double)(now_us - start_us) < site->seconds * 1e6) {
		cycle(&actors, &site->held);
		int64_t end_us = bench_now_us();
		samples_add(&samples, end_us - now_us);
		now_us = end_us;
	}
	samples.seconds = (double)(now_us - start_us) / 1e6;
	samples.cpu_seconds = bench_cpu_seconds(broker.pid) - cpu_before;
	struct point point = samples_sum_up(&samples);
	figures_scene("whole cycles, one after the other");
	figure("cycles", point.rate, "/s", (struct figure_beside){0});
	figure("a cycle, p50", point.p50_ms, "ms", (struct figure_beside){0});
	figure("a cycle, p99", point.p99_ms, "ms", (struct figure_beside){0});
	figure("the broker's processor time for one", point.cpu_us, "us", (struct figure_beside){0});
	hp_client_free(actors.agent);
	hp_client_free(actors.reviewer);
	hp_client_free(actors.executor);
	hp_arena_release(&actors.scratch);
	hp_arena_release(&actors.arena);
	hp_keyfile_release(&actors.reviewer_key);
	site_stop(&broker);
}
