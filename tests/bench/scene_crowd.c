/* Many who are connected: agents that wait for an answer, reviewers that are told of everything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/msgpack.h"
#include "core/principal.h"
#include "proto/file.h"
#include "tests/bench/figures.h"
#include "tests/bench/servers.h"
#include "tests/bench/site.h"

enum { WAIT_MS = 60000, QUIET_S = 2, WINDOW = 64 };

/* Keys of `count` principals of a kind, enrolled before the broker starts. */
static struct hp_keyfile *
enrol(const char *home, const char *kind, const char *lines, size_t count)
{
	struct hp_keyfile *keys = calloc(count, sizeof *keys);
	struct hp_error err = {0};
	if (!keys)
		bench_die("out of memory");
	for (size_t i = 0; i < count; i++) {
		struct hp_buf text = {0};
		char curve[41];
		const char *name = bench_format("%s-%zu", kind, i);
		hp_keyfile_generate(name, &keys[i]);
		hp_z85_encode(keys[i].curve_public, curve);
		hp_buf_add_text(&text, lines);
		hp_buf_printf(&text, "curve_public: \"%s\"\nsign_public: \"", curve);
		hp_crypto_add_base64(&text, keys[i].sign_public, HP_SIGN_PUBLIC_BYTES);
		hp_buf_add_text(&text, "\"\n");
		if (hp_file_write(bench_format("%s/principals.d/%s.yaml", home, name), text.data,
				  text.len, 0644, HP_FILE_NEW, &err) != HP_OK)
			bench_die("%s", err.message);
		hp_buf_release(&text);
	}
	return keys;
}

static void
ask_link(struct hp_link *link, struct hp_arena *arena, struct hp_value *map, uint64_t seq)
{
	struct hp_buf buf = {0};
	hp_map_set(arena, map, "seq", hp_value_uint(arena, seq));
	if (hp_msgpack_encode(map, &buf, NULL) != HP_OK ||
	    hp_link_send(link, buf.data, buf.len) != HP_OK)
		bench_die("cannot send: %s", zmq_strerror(zmq_errno()));
	hp_buf_release(&buf);
}

/* The next reply of a link, which must be of this type. */
static void
await(struct hp_link *link, struct hp_arena *arena, const char *type)
{
	struct hp_link_message message;
	enum hp_status status;
	hp_link_message_init(&message);
	while ((status = hp_link_receive(link, arena, &message)) == HP_NOT_FOUND) {
		zmq_pollitem_t item = {.socket = link->socket, .events = ZMQ_POLLIN};
		if (zmq_poll(&item, 1, SITE_ANSWER_MS) <= 0)
			bench_die("no answer in %d s", SITE_ANSWER_MS / 1000);
	}
	if (status != HP_OK || !hp_value_is(hp_map_get(message.map, "type"), type))
		bench_die("expected %s, found: %s", type,
			  hp_map_get_str(message.map, "message", "another reply"));
	hp_link_message_close(&message);
}

/* A window of one, on another connection: what others notice. */
static struct point
submit_singly(struct site *site, struct peer *peer)
{
	struct samples samples = {0};
	drive(peer, &site->submit, 1, site->seconds, 0, &samples);
	return samples_sum_up(&samples);
}

struct crowd {
	struct hp_keyfile *keys;
	struct peer *peers;
	size_t count;
};

static void
gather(struct site *site, const char *home, struct crowd *crowd)
{
	struct hp_arena names = {0}, arena = {0};
	struct hp_broker_info info;
	char id[HP_UUID_BYTES] = {0};
	site_read_info(&names, home, &info);
	for (size_t i = 0; i < crowd->count; i++) {
		struct peer *peer = &crowd->peers[i];
		struct samples samples = {0};
		site_connect(site, peer, info.agents, info.curve_public, &crowd->keys[i]);
		struct message held = site->held;
		drive(peer, &held, 1, 0, 1, &samples); /* writes the id into the message */
		free(samples.us);
		memcpy(id, held.bytes.data + held.id_at, 36);
		struct hp_value *wait = site_message(&arena, "wait");
		hp_map_set_str(&arena, wait, "id", id);
		hp_map_set_str(&arena, wait, "until", "decided");
		hp_map_set_int(&arena, wait, "timeout_ms", WAIT_MS);
		ask_link(&peer->link, &arena, wait, 7);
		hp_arena_reset(&arena);
	}
	hp_arena_release(&names);
	hp_arena_release(&arena);
}

void
scene_agents(struct site *site)
{
	const char *home = site_make_home(site);
	struct crowd crowd = {.count = site->agents};
	struct peer broker = {0};
	struct hp_arena arena = {0};
	crowd.keys = enrol(home, "agent",
			   "roles: [agent]\nmode: supervised\nowner: developer\n", crowd.count);
	crowd.peers = calloc(crowd.count, sizeof *crowd.peers);
	if (!crowd.peers)
		bench_die("out of memory");
	site_start_broker(site, home, &broker);
	for (size_t i = 0; i < crowd.count; i++)
		crowd.peers[i].pid = broker.pid;
	struct point quiet = submit_singly(site, &broker);
	int64_t start_us = bench_now_us();
	gather(site, home, &crowd);
	double gather_s = (double)(bench_now_us() - start_us) / 1e6;
	struct point among = submit_singly(site, &broker);
	double cpu_before = bench_cpu_seconds(broker.pid);
	zmq_poll(NULL, 0, QUIET_S * 1000);
	double idle_cpu = (bench_cpu_seconds(broker.pid) - cpu_before) / QUIET_S;
	double resident = bench_resident_mib(broker.pid);

	/* All at once: a halt of every agent ends all that they wait for. */
	struct hp_client *admin = site_client(home, "admin", HP_SIDE_CONTROL);
	struct hp_value *halt = site_message(&arena, "halt");
	hp_map_set_str(&arena, halt, "scope", "all");
	hp_map_set_str(&arena, halt, "reason", "the benchmark ends");
	start_us = bench_now_us();
	site_call(admin, &arena, halt, "halted");
	for (size_t i = 0; i < crowd.count; i++)
		await(&crowd.peers[i].link, &arena, "status");
	double told_ms = (double)(bench_now_us() - start_us) / 1e3;

	figures_scene(bench_format("%zu agents that wait, each with its own key", crowd.count));
	figure("connected, asked and waiting after", gather_s, "s", (struct figure_beside){0});
	figure("processor time of the waiting broker", idle_cpu * 100, "%",
	       (struct figure_beside){0});
	figure("memory", resident, "MiB", (struct figure_beside){0});
	figure("another's submits, window 1, beside none", among.rate, "/s",
	       (struct figure_beside){.floor = quiet.rate});
	figure("their processor time", among.cpu_us, "us",
	       (struct figure_beside){.floor = quiet.cpu_us});
	figure("a halt: all have their answer after", told_ms, "ms", (struct figure_beside){0});
	hp_client_free(admin);
	for (size_t i = 0; i < crowd.count; i++)
		hp_link_close(&crowd.peers[i].link);
	site_stop(&broker);
	free(crowd.peers);
	free(crowd.keys);
	hp_arena_release(&arena);
}

static size_t
count_events(struct hp_link *link, struct hp_arena *arena)
{
	struct hp_link_message message;
	size_t count = 0;
	hp_link_message_init(&message);
	while (hp_link_receive(link, arena, &message) == HP_OK) {
		count += message.topic_len == strlen("request.granted");
		hp_arena_reset(arena);
	}
	hp_link_message_close(&message);
	return count;
}

void
scene_reviewers(struct site *site)
{
	const char *home = site_make_home(site);
	struct hp_link *links = calloc(site->reviewers, sizeof *links);
	struct hp_broker_info info;
	struct hp_keyfile *keys = enrol(
		home, "reviewer",
		"roles: [reviewer]\nperson: somebody\ngroups: [oncall]\n", site->reviewers);
	struct hp_arena arena = {0}, scratch = {0};
	struct hp_error err = {0};
	struct samples alone = {0}, told = {0};
	struct peer broker;
	size_t events = 0;
	if (!links)
		bench_die("out of memory");
	site_start_broker(site, home, &broker);
	site_read_info(&arena, home, &info);
	drive(&broker, &site->submit, WINDOW, site->seconds, 0, &alone);
	for (size_t i = 0; i < site->reviewers; i++)
		if (hp_link_open(site->context, ZMQ_SUB, "events", info.events, info.curve_public,
				 &keys[i], hp_link_now_ms() + SITE_ANSWER_MS, &links[i], &err) !=
			    HP_OK ||
		    zmq_setsockopt(links[i].socket, ZMQ_SUBSCRIBE, "", 0) != 0)
			bench_die("%s", err.message);
	/* A PUB socket reads its subscriptions when it sends: what it sends first may miss some. */
	drive(&broker, &site->submit, WINDOW, 0, WINDOW, &alone);
	zmq_poll(NULL, 0, 500);
	for (size_t i = 0; i < site->reviewers; i++)
		(void)count_events(&links[i], &scratch);
	/* What a queue holds is read after each round, so that none is lost to a full one. */
	uint64_t before = broker.received;
	int64_t end_us = bench_now_us() + (int64_t)(site->seconds * 1e6);
	while (bench_now_us() < end_us) {
		drive(&broker, &site->submit, WINDOW, 0, 500, &told);
		for (size_t i = 0; i < site->reviewers; i++)
			events += count_events(&links[i], &scratch);
	}
	zmq_poll(NULL, 0, 500);
	for (size_t i = 0; i < site->reviewers; i++)
		events += count_events(&links[i], &scratch);
	double expected = (double)(broker.received - before) * (double)site->reviewers;
	struct point told_point = samples_sum_up(&told), alone_point = samples_sum_up(&alone);
	figures_scene(bench_format("%zu reviewers that are told of everything", site->reviewers));
	figure("submits, window 64, beside no reviewers", told_point.rate, "/s",
	       (struct figure_beside){.floor = alone_point.rate});
	figure("submits: p99", told_point.p99_ms, "ms",
	       (struct figure_beside){.floor = alone_point.p99_ms});
	figure("submits: processor time of one", told_point.cpu_us, "us",
	       (struct figure_beside){.floor = alone_point.cpu_us});
	figure("events that came, of all", 100 * (double)events / expected, "%",
	       (struct figure_beside){0});
	for (size_t i = 0; i < site->reviewers; i++)
		hp_link_close(&links[i]);
	site_stop(&broker);
	free(keys);
	free(links);
	hp_arena_release(&arena);
	hp_arena_release(&scratch);
}
