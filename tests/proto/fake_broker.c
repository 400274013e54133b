#include "tests/proto/fake_broker.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/msgpack.h"
#include "proto/frames.h"

static const char *const domains[3] = {"control", "agents", "events"};

void
fake_broker_init(struct fake_broker *fake)
{
	*fake = (struct fake_broker){.dir = "/tmp/hp-fake-XXXXXX"};
	cr_assert_not_null(mkdtemp(fake->dir));
	cr_assert_eq(hp_crypto_start(), HP_OK);
	hp_keyfile_generate("broker", &fake->key);
	for (size_t i = 0; i < 3; i++)
		snprintf(fake->endpoints[i], sizeof fake->endpoints[i], "ipc://%s/%s", fake->dir,
			 domains[i]);
	fake->info = (struct hp_broker_info){
		.instance = "test",
		.control = fake->endpoints[0],
		.agents = fake->endpoints[1],
		.events = fake->endpoints[2],
		.log_key = "none",
	};
	memcpy(fake->info.curve_public, fake->key.curve_public, HP_CURVE_BYTES);
}

void
fake_broker_accept(struct fake_broker *fake, const struct hp_keyfile *key, unsigned sockets)
{
	cr_assert(fake->accepted_count < FAKE_KEYS);
	memcpy(fake->accepted[fake->accepted_count].curve_public, key->curve_public,
	       HP_CURVE_BYTES);
	fake->accepted[fake->accepted_count++].sockets = sockets;
}

/* RFC 27: version, request id, domain, address, identity, mechanism, credentials. */
static void
answer_zap(struct fake_broker *fake, void *zap)
{
	uint8_t frames[7][256];
	int lens[7] = {0};
	for (size_t i = 0; i < 7; i++)
		lens[i] = zmq_recv(zap, frames[i], sizeof frames[i] - 1, 0);
	frames[2][lens[2]] = '\0';
	unsigned index = 0;
	const char *user = NULL;
	for (unsigned bit = 0; bit < 3; bit++)
		if (strcmp((char *)frames[2], domains[bit]) == 0)
			index = 1u << bit;
	for (size_t i = 0; i < fake->accepted_count; i++)
		if (lens[6] == HP_CURVE_BYTES && (fake->accepted[i].sockets & index) &&
		    memcmp(fake->accepted[i].curve_public, frames[6], HP_CURVE_BYTES) == 0)
			user = "someone";
	zmq_send(zap, "1.0", 3, ZMQ_SNDMORE);
	zmq_send(zap, frames[1], (size_t)lens[1], ZMQ_SNDMORE);
	zmq_send(zap, user ? "200" : "400", 3, ZMQ_SNDMORE);
	zmq_send(zap, "", 0, ZMQ_SNDMORE);
	zmq_send(zap, user ? user : "", user ? strlen(user) : 0, ZMQ_SNDMORE);
	zmq_send(zap, "", 0, 0);
}

static void
encode(struct hp_buf *buf, struct hp_arena *arena, const char *type, const struct hp_value *seq,
       const char *principal)
{
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", type);
	hp_map_set(arena, map, "re", hp_value_copy(arena, seq));
	if (principal)
		hp_map_set_str(arena, map, "principal", principal);
	cr_assert_eq(hp_msgpack_encode(map, buf, NULL), HP_OK);
}

static void
send_raw(void *router, const struct hp_envelope *envelope, const char *const *frames, size_t count)
{
	size_t id_len = (size_t)envelope->bytes[0]; /* envelope: routing id, delimiter */
	zmq_send(router, envelope->bytes + 4, id_len, ZMQ_SNDMORE);
	for (size_t i = 0; i < count; i++)
		zmq_send(router, frames[i], strlen(frames[i]), i + 1 < count ? ZMQ_SNDMORE : 0);
}

static void
send_junk(void *router, const struct hp_envelope *envelope)
{
	/* Each would be {"re": 1} or nothing if a client were careless. */
	static const char *const rows[][5] = {
		{"", "HPP/1", "\xc1", NULL},
		{"", "HPP/1", "\x93\x01\x02\x03", NULL},
		{"", "HPP/2", "\x81\xa2re\x01", NULL},
		{"", "HPP/1", "\x81\xa2re\x01", "more", NULL},
		{"", "HPP/1", NULL},
		{"x", "HPP/1", "\x81\xa2re\x01", NULL},
		{"", "HPP/1", "\x81\xa2re\xff", NULL},
		{"", "HPP/1", "\x81\xa2re\x2a", NULL},
		{"", "HPP/1", "\x81\xa2re\xc0", NULL},
		{"", "HPP/1", "\x82\xa2re\x01\xa2re\x01", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t count = 0;
		while (rows[i][count])
			count++;
		send_raw(router, envelope, rows[i], count);
	}
}

static void
publish(void *pub)
{
	static const char *const topics[] = {"policy", "note", "note", "note"};
	struct hp_arena arena = {0};
	for (int i = 0; i < 4; i++) {
		struct hp_buf buf = {0};
		struct hp_value *map = hp_value_map(&arena);
		hp_map_set_str(&arena, map, "type", "note");
		if (i != 1)
			hp_map_set_int(&arena, map, "event_seq", i);
		hp_map_set_int(&arena, map, "at_ms", 5);
		cr_assert_eq(hp_msgpack_encode(map, &buf, NULL), HP_OK);
		zmq_send(pub, topics[i], strlen(topics[i]), ZMQ_SNDMORE);
		zmq_send(pub, i == 2 ? "HPP/9" : "HPP/1", 5, ZMQ_SNDMORE);
		zmq_send(pub, buf.data, buf.len, 0);
		hp_buf_release(&buf);
	}
	hp_arena_release(&arena);
}

/* A message that `hold` set aside. */
struct held {
	struct hp_envelope envelope;
	struct hp_buf reply;
};

static void
answer(void *router, void *pub, struct held *held)
{
	struct hp_frames frames;
	struct hp_arena arena = {0};
	struct hp_buf reply = {0};
	const struct hp_value *map;
	if (hp_frames_receive(router, &frames) != HP_OK)
		return;
	cr_assert(!frames.dropped && !frames.bad_protocol && frames.has_payload);
	cr_assert_eq(hp_msgpack_decode(&arena, zmq_msg_data(&frames.payload),
				       zmq_msg_size(&frames.payload), &map, NULL), HP_OK);
	const struct hp_value *type = hp_map_get(map, "type"), *seq = hp_map_get(map, "seq");
	bool who = hp_value_is(type, "whoami");
	encode(&reply, &arena, "pong", seq, who ? zmq_msg_gets(&frames.payload, "User-Id") : NULL);
	if (hp_value_is(type, "junk"))
		send_junk(router, &frames.envelope);
	if (hp_value_is(type, "publish"))
		publish(pub);
	if (hp_value_is(type, "hold")) {
		*held = (struct held){frames.envelope, reply};
		frames.envelope = (struct hp_envelope){0};
		reply = (struct hp_buf){0};
	} else if (!hp_value_is(type, "swallow")) {
		(void)!hp_frames_send(router, &frames.envelope, reply.data, reply.len);
		if (held->envelope.bytes)
			(void)!hp_frames_send(router, &held->envelope, held->reply.data,
					      held->reply.len);
		hp_envelope_release(&held->envelope);
		hp_buf_release(&held->reply);
	}
	hp_buf_release(&reply);
	hp_frames_release(&frames);
	hp_arena_release(&arena);
}

static void *
open_server(struct fake_broker *fake, int type, size_t index)
{
	const int yes = 1, no = 0;
	void *socket = zmq_socket(fake->context, type);
	cr_assert_not_null(socket);
	zmq_setsockopt(socket, ZMQ_LINGER, &no, sizeof no);
	zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes);
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, fake->key.curve_secret, HP_CURVE_BYTES);
	zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domains[index], strlen(domains[index]));
	if (type == ZMQ_ROUTER)
		zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes);
	cr_assert_eq(zmq_bind(socket, fake->endpoints[index]), 0, "%s", zmq_strerror(errno));
	return socket;
}

static void *
serve(void *context)
{
	struct fake_broker *fake = context;
	struct held held = {0};
	void *stop = zmq_socket(fake->context, ZMQ_PAIR);
	void *zap = zmq_socket(fake->context, ZMQ_REP);
	const int no = 0;
	zmq_setsockopt(zap, ZMQ_LINGER, &no, sizeof no);
	zmq_bind(zap, "inproc://zeromq.zap.01");
	void *control = open_server(fake, ZMQ_ROUTER, 0);
	void *agents = open_server(fake, ZMQ_ROUTER, 1);
	void *events = open_server(fake, ZMQ_PUB, 2);
	zmq_connect(stop, "inproc://stop");
	zmq_send(stop, "", 0, 0); /* ready */
	for (;;) {
		zmq_pollitem_t items[] = {
			{.socket = stop, .events = ZMQ_POLLIN},
			{.socket = zap, .events = ZMQ_POLLIN},
			{.socket = control, .events = ZMQ_POLLIN},
			{.socket = agents, .events = ZMQ_POLLIN},
		};
		zmq_poll(items, 4, -1);
		if (items[0].revents)
			break;
		if (items[1].revents)
			answer_zap(fake, zap);
		if (items[2].revents)
			answer(control, events, &held);
		if (items[3].revents)
			answer(agents, events, &held);
	}
	hp_envelope_release(&held.envelope);
	hp_buf_release(&held.reply);
	void *const sockets[] = {stop, zap, control, agents, events};
	for (size_t i = 0; i < 5; i++)
		zmq_close(sockets[i]);
	return NULL;
}

void
fake_broker_start(struct fake_broker *fake)
{
	char byte;
	fake->context = zmq_ctx_new();
	fake->stop = zmq_socket(fake->context, ZMQ_PAIR);
	zmq_bind(fake->stop, "inproc://stop");
	cr_assert_eq(pthread_create(&fake->thread, NULL, serve, fake), 0);
	cr_assert_eq(zmq_recv(fake->stop, &byte, 1, 0), 0);
	fake->running = true;
}

void
fake_broker_stop(struct fake_broker *fake)
{
	if (!fake->running)
		return;
	zmq_send(fake->stop, "", 0, 0);
	pthread_join(fake->thread, NULL);
	zmq_close(fake->stop);
	zmq_ctx_term(fake->context);
	fake->running = false;
}

void
fake_broker_release(struct fake_broker *fake)
{
	fake_broker_stop(fake);
	for (size_t i = 0; i < 3; i++)
		unlink(fake->endpoints[i] + strlen("ipc://"));
	cr_assert_eq(rmdir(fake->dir), 0);
}
