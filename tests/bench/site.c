#include "tests/bench/site.h"

#include <stdlib.h>

#include "tests/bench/servers.h"

/* Thousands of requests of one agent are one chain, far over the caps of one action; and so many
 * that wait would fill its queue. */
const char *
site_make_home(struct site *site)
{
	const char *home = bench_format("%s/hp%u", site->dir, site->homes++);
	bench_run((const char *[]){bench_format("%s/holdpoint", site->build), "--quiet", "init",
				   home, NULL});
	bench_run((const char *[]){"/bin/sed", "-i", "-E",
				   "s/(max_resources_affected): [0-9]+/\\1: 100000000/",
				   bench_format("%s/policy.yaml", home), NULL});
	return home;
}

void
site_read_key(const char *home, const char *name, struct hp_keyfile *ret_key)
{
	struct hp_error err = {0};
	if (hp_keyfile_read(bench_format("%s/keys/%s.key", home, name), NULL, NULL, ret_key,
			    &err) != HP_OK)
		bench_die("%s", err.message);
}

void
site_read_info(struct hp_arena *arena, const char *home, struct hp_broker_info *ret_info)
{
	struct hp_error err = {0};
	if (hp_broker_info_read(arena, bench_format("%s/broker.json", home), ret_info, &err) !=
	    HP_OK)
		bench_die("%s", err.message);
}

void
site_connect(struct site *site, struct peer *peer, const char *endpoint,
	     const uint8_t server_key[HP_CURVE_BYTES], const struct hp_keyfile *key)
{
	struct hp_error err = {0};
	if (hp_link_open(site->context, ZMQ_DEALER, "agents", endpoint, server_key, key,
			 hp_link_now_ms() + SITE_ANSWER_MS, &peer->link, &err) != HP_OK)
		bench_die("%s", err.message);
}

void
site_start_broker(struct site *site, const char *home, struct peer *ret_peer)
{
	struct hp_arena arena = {0};
	struct hp_broker_info info;
	struct hp_keyfile key;
	*ret_peer = (struct peer){0};
	site_read_key(home, "demo-agent-supervised", &key);
	ret_peer->pid = bench_start((const char *[]){bench_format("%s/holdpointd", site->build),
						     "--home", home, NULL});
	site_read_info(&arena, home, &info);
	site_connect(site, ret_peer, info.agents, info.curve_public, &key);
	hp_keyfile_release(&key);
	hp_arena_release(&arena);
}

void
site_stop(struct peer *peer)
{
	hp_link_close(&peer->link);
	bench_stop(peer->pid);
}

struct hp_client *
site_client(const char *home, const char *name, enum hp_client_side side)
{
	struct hp_arena arena = {0};
	struct hp_broker_info info;
	struct hp_keyfile key;
	struct hp_client *client = NULL;
	struct hp_error err = {0};
	site_read_key(home, name, &key);
	site_read_info(&arena, home, &info);
	if (hp_client_new(&info, &key, side, SITE_ANSWER_MS, &client, &err) != HP_OK)
		bench_die("%s: %s", name, err.message);
	hp_keyfile_release(&key);
	hp_arena_release(&arena);
	return client;
}

struct hp_value *
site_message(struct hp_arena *arena, const char *type)
{
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", type);
	return map;
}

const struct hp_value *
site_call(struct hp_client *client, struct hp_arena *arena, struct hp_value *map, const char *type)
{
	const struct hp_value *reply = NULL;
	struct hp_error err = {0};
	if (hp_client_call(client, arena, map, SITE_ANSWER_MS, &reply, &err) != HP_OK)
		bench_die("%s: %s", hp_map_get_str(map, "type", ""), err.message);
	if (!hp_value_is(hp_map_get(reply, "type"), type))
		bench_die("%s: expected %s, found: %s", hp_map_get_str(map, "type", ""), type,
			  hp_map_get_str(reply, "message", "another reply"));
	return reply;
}
