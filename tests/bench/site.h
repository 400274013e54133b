/*
 * site - instances that a benchmark makes, serves and talks to; and its scenes.
 */
#ifndef HP_TESTS_BENCH_SITE_H
#define HP_TESTS_BENCH_SITE_H

#include "core/value.h"
#include "proto/client.h"
#include "tests/bench/load.h"

enum { SITE_WINDOWS = 8, SITE_ANSWER_MS = 30000 };

struct site {
	const char *build, *dir;
	void *context;
	double seconds; /* for each figure of a rate */
	size_t windows[SITE_WINDOWS], window_count;
	size_t stored; /* the largest store */
	size_t pending, agents, reviewers;
	struct message submit, held; /* granted at once; waiting for a person */
	unsigned homes;
};

/* A new trial instance whose caps do not stop a load: its directory. */
const char *site_make_home(struct site *site);
void site_read_key(const char *home, const char *name, struct hp_keyfile *ret_key);
void site_read_info(struct hp_arena *arena, const char *home, struct hp_broker_info *ret_info);

/* Serves `home`, and connects to its socket for agents as the supervised demo agent. */
void site_start_broker(struct site *site, const char *home, struct peer *ret_peer);
void site_stop(struct peer *peer);
/* Connects `peer`, whose process runs, with a CURVE key. */
void site_connect(struct site *site, struct peer *peer, const char *endpoint,
		  const uint8_t server_key[HP_CURVE_BYTES], const struct hp_keyfile *key);

/* A session as `name`. */
struct hp_client *site_client(const char *home, const char *name, enum hp_client_side side);
/* A call whose reply must be of this type. */
const struct hp_value *site_call(struct hp_client *client, struct hp_arena *arena,
				 struct hp_value *map, const char *type);
struct hp_value *site_message(struct hp_arena *arena, const char *type);

/* ---- scenes, each a heading and its figures ---- */

void scene_submits(struct site *site);
void scene_cycles(struct site *site);
void scene_stored(struct site *site);
void scene_pending(struct site *site);
void scene_agents(struct site *site);
void scene_reviewers(struct site *site);

/* This program as the floor's server: argv as scene_submits() starts it. */
int scene_be_floor(char **argv);

#endif
