#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/vote.h"
#include "proto/link.h"
#include "tests/proto/fake_broker.h"

/* Every test: a broker that takes `everywhere` on all sockets and `agent` on agents alone. */
static struct fake_broker fake;
static struct hp_keyfile everywhere, agent, stranger;
static struct hp_arena arena;
static struct hp_error err;

enum {
	LONG_MS = 20000, /* a limit that nobody may wait for */
	SOON_MS = 5000,	 /* "at once" of a slow machine */
};

static void
setup(void)
{
	fake_broker_init(&fake);
	hp_keyfile_generate("everywhere", &everywhere);
	hp_keyfile_generate("agent", &agent);
	hp_keyfile_generate("stranger", &stranger);
	fake_broker_accept(&fake, &everywhere, FAKE_CONTROL | FAKE_AGENTS | FAKE_EVENTS);
	fake_broker_accept(&fake, &agent, FAKE_AGENTS);
	fake_broker_start(&fake);
}

static void
teardown(void)
{
	fake_broker_release(&fake);
	hp_arena_release(&arena);
}

static struct hp_value *
message(const char *type)
{
	struct hp_value *map = hp_value_map(&arena);
	hp_map_set_str(&arena, map, "type", type);
	return map;
}

static struct hp_client *
must_connect(const struct hp_keyfile *key, enum hp_client_side side)
{
	struct hp_client *client = NULL;
	enum hp_status status = hp_client_new(&fake.info, key, side, LONG_MS, &client, &err);
	cr_assert_eq(status, HP_OK, "%s: %s", hp_status_text(status), err.message);
	return client;
}

static void
must_ping(struct hp_client *client, const char *type)
{
	const struct hp_value *reply = NULL;
	enum hp_status status =
		hp_client_call(client, &arena, message(type), LONG_MS, &reply, &err);
	cr_assert_eq(status, HP_OK, "%s: %s", hp_status_text(status), err.message);
	cr_assert(hp_value_is(hp_map_get(reply, "type"), "pong"));
}

Test(client, control_comes_first, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&everywhere, HP_SIDE_CONTROL_FIRST);
	cr_assert(hp_client_on_control(client));
	cr_assert(hp_client_connected(client));
	cr_assert_eq(hp_client_connections(client), 1);
	must_ping(client, "ping");
	must_ping(client, "ping");
	hp_client_free(client);
}

Test(client, agents_come_second, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_CONTROL_FIRST);
	cr_assert(!hp_client_on_control(client));
	must_ping(client, "ping");
	hp_client_free(client);
}

Test(client, agents_are_reached_without_control, .init = setup, .fini = teardown)
{
	fake.info.control = "ipc:///nonexistent/holdpoint/control";
	struct hp_client *client = must_connect(&agent, HP_SIDE_CONTROL_FIRST);
	cr_assert(!hp_client_on_control(client));
	hp_client_free(client);
}

Test(client, identity_is_the_brokers_word, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_AGENTS);
	const struct hp_value *reply = NULL;
	cr_assert_eq(hp_client_call(client, &arena, message("whoami"), LONG_MS, &reply, &err),
		     HP_OK);
	cr_assert(hp_value_is(hp_map_get(reply, "principal"), "someone"));
	hp_client_free(client);
}

/* `expected` within `SOON_MS` although LONG_MS would be allowed, and a message that says why. */
static void
must_fail(const struct hp_keyfile *key, enum hp_client_side side, enum hp_status expected,
	  const char *words)
{
	struct hp_client *client = NULL;
	int64_t before = hp_link_now_ms();
	enum hp_status status = hp_client_new(&fake.info, key, side, LONG_MS, &client, &err);
	cr_assert_eq(status, expected, "%s: %s", hp_status_text(status), err.message);
	cr_assert_null(client);
	cr_assert(hp_link_now_ms() - before < SOON_MS);
	cr_assert_not_null(strstr(err.message, words), "%s", err.message);
}

Test(client, a_refused_key_is_told_at_once, .init = setup, .fini = teardown)
{
	must_fail(&stranger, HP_SIDE_CONTROL_FIRST, HP_REFUSED, "refuses this key");
	must_fail(&stranger, HP_SIDE_AGENTS, HP_REFUSED, "agents socket refuses this key");
	must_fail(&agent, HP_SIDE_CONTROL, HP_REFUSED, "control socket refuses this key");
}

Test(client, no_listener_is_told_at_once, .init = setup, .fini = teardown)
{
	fake.info.agents = "ipc:///nonexistent/holdpoint/agents";
	must_fail(&agent, HP_SIDE_AGENTS, HP_UNAVAILABLE, "no such socket");
	fake.info.agents = "tcp://127.0.0.1:1";
	must_fail(&agent, HP_SIDE_AGENTS, HP_UNAVAILABLE, "no broker listens at tcp://127.0.0.1:1");
	fake_broker_stop(&fake); /* leaves its sockets behind, like a broker that was killed */
	fake.info.agents = fake.endpoints[1];
	must_fail(&agent, HP_SIDE_CONTROL_FIRST, HP_UNAVAILABLE, "no broker listens at ipc://");
}

Test(client, a_bad_endpoint_is_invalid, .init = setup, .fini = teardown)
{
	static const struct {
		const char *endpoint;
		enum hp_status expected;
	} rows[] = {
		{"", HP_INVALID},
		{"nonsense", HP_INVALID},
		{"udp://127.0.0.1:1", HP_INVALID},
		{"ipc://", HP_INVALID},
		{"tcp://127.0.0.1", HP_INVALID},
		{"tcp://127.0.0.1:99999", HP_UNAVAILABLE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hp_client *client = NULL;
		fake.info.agents = rows[i].endpoint;
		enum hp_status status =
			hp_client_new(&fake.info, &agent, HP_SIDE_AGENTS, LONG_MS, &client, &err);
		cr_expect_eq(status, rows[i].expected, "\"%s\": %s", rows[i].endpoint,
			     err.message);
		cr_expect_null(client);
	}
}

Test(client, another_brokers_key_is_no_broker, .init = setup, .fini = teardown)
{
	memcpy(fake.info.curve_public, stranger.curve_public, HP_CURVE_BYTES);
	must_fail(&agent, HP_SIDE_AGENTS, HP_UNAVAILABLE, "not the broker whose key is expected");
}

Test(client, a_socket_without_curve_is_no_broker, .init = setup, .fini = teardown)
{
	void *context = zmq_ctx_new(), *router = zmq_socket(context, ZMQ_ROUTER);
	char endpoint[64];
	size_t len = sizeof endpoint;
	cr_assert_eq(zmq_bind(router, "tcp://127.0.0.1:*"), 0);
	cr_assert_eq(zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &len), 0);
	fake.info.agents = endpoint;
	must_fail(&agent, HP_SIDE_AGENTS, HP_UNAVAILABLE, "not the broker whose key is expected");
	zmq_close(router);
	zmq_ctx_term(context);
}

Test(client, a_silent_listener_costs_the_limit_and_no_more, .init = setup, .fini = teardown)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	char endpoint[64];
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	cr_assert_eq(listen(fd, 8), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
	fake.info.agents = endpoint;
	struct hp_client *client = NULL;
	int64_t before = hp_link_now_ms();
	cr_assert_eq(hp_client_new(&fake.info, &agent, HP_SIDE_AGENTS, 200, &client, &err),
		     HP_UNAVAILABLE);
	cr_assert(hp_link_now_ms() - before >= 200);
	cr_assert(hp_link_now_ms() - before < SOON_MS);
	cr_assert_not_null(strstr(err.message, "in time"), "%s", err.message);
	close(fd);
}

/* Invariant 1. */
Test(client, junk_is_ignored, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_AGENTS);
	must_ping(client, "junk");
	must_ping(client, "ping");
	hp_client_free(client);
}

Test(client, replies_find_their_messages, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_AGENTS);
	uint64_t held, got;
	const struct hp_value *reply;
	cr_assert_eq(hp_client_receive(client, &arena, &got, &reply), HP_NOT_FOUND);
	cr_assert_eq(hp_client_send(client, &arena, message("hold"), &held, &err), HP_OK);
	must_ping(client, "ping"); /* answered before the one held */
	must_ping(client, "ping"); /* and that one arrives during this call */
	cr_assert_eq(hp_client_receive(client, &arena, &got, &reply), HP_OK);
	cr_assert_eq(got, held);
	cr_assert_eq(hp_map_get_int(reply, "re", -1), (int64_t)held);
	cr_assert_eq(hp_client_receive(client, &arena, &got, &reply), HP_NOT_FOUND);
	hp_client_free(client);
}

Test(client, a_window_of_messages, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_AGENTS);
	enum { COUNT = 300 };
	bool seen[COUNT + 2] = {false};
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t seq;
		cr_assert_eq(hp_client_send(client, &arena, message("ping"), &seq, &err), HP_OK,
			     "%s", err.message);
		cr_assert_eq(seq, i + 1);
	}
	for (unsigned answered = 0; answered < COUNT;) {
		zmq_pollitem_t item = {.socket = hp_client_socket(client), .events = ZMQ_POLLIN};
		cr_assert(zmq_poll(&item, 1, LONG_MS) > 0);
		uint64_t seq;
		const struct hp_value *reply;
		while (hp_client_receive(client, &arena, &seq, &reply) == HP_OK) {
			cr_assert(seq >= 1 && seq <= COUNT && !seen[seq]);
			seen[seq] = true;
			answered++;
		}
	}
	hp_client_free(client);
}

Test(client, messages_in_flight_are_bounded, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_AGENTS);
	uint64_t seq;
	enum hp_status status = HP_OK;
	unsigned sent = 0;
	while (sent < 5000 && status == HP_OK) {
		status = hp_client_send(client, &arena, message("swallow"), &seq, &err);
		sent += status == HP_OK;
	}
	cr_assert_eq(status, HP_UNAVAILABLE);
	cr_assert(sent <= 1024);
	hp_client_free(client);
}

/* Invariant 3. */
Test(client, silence_times_out, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_AGENTS);
	const struct hp_value *reply = NULL;
	cr_assert_eq(hp_client_call(client, &arena, message("swallow"), 50, &reply, &err),
		     HP_TIMEOUT);
	cr_assert_null(reply);
	must_ping(client, "ping");
	hp_client_free(client);
}

Test(client, a_map_may_be_sent_again, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_AGENTS);
	struct hp_value *map = message("ping");
	const struct hp_value *reply;
	for (int64_t i = 1; i <= 3; i++) {
		cr_assert_eq(hp_client_call(client, &arena, map, LONG_MS, &reply, &err), HP_OK);
		cr_assert_eq(hp_map_get_int(reply, "re", 0), i);
		cr_assert_eq(hp_value_count(map), 2);
	}
	hp_client_free(client);
}

Test(client, too_large_is_not_sent, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_AGENTS);
	static char text[HP_LIMIT_STRING_BYTES];
	const struct hp_value *reply;
	struct hp_value *map = message("ping");
	for (int i = 0; i < 5; i++)
		hp_map_set(&arena, map, (char[]){(char)('a' + i), '\0'},
			   hp_value_bin(&arena, text, sizeof text));
	cr_assert_eq(hp_client_call(client, &arena, map, LONG_MS, &reply, &err), HP_TOO_LARGE);
	must_ping(client, "ping");
	hp_client_free(client);
}

/* Invariant 2. */
Test(client, a_lost_broker_comes_back, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_AGENTS);
	const struct hp_value *reply;
	uint64_t seq;
	must_ping(client, "ping");
	cr_assert_eq(hp_client_send(client, &arena, message("hold"), &seq, &err), HP_OK);
	fake_broker_stop(&fake);
	int64_t before = hp_link_now_ms();
	enum hp_status status =
		hp_client_call(client, &arena, message("ping"), 300, &reply, &err);
	cr_assert_eq(status, HP_UNAVAILABLE, "%s: %s", hp_status_text(status), err.message);
	cr_assert(hp_link_now_ms() - before < SOON_MS);
	cr_assert(!hp_client_connected(client));
	fake_broker_start(&fake);
	must_ping(client, "ping"); /* waits for the connection by itself */
	cr_assert(hp_client_connected(client));
	cr_assert_eq(hp_client_connections(client), 2);
	cr_assert_eq(hp_client_receive(client, &arena, &seq, &reply), HP_NOT_FOUND);
	hp_client_free(client);
}

static void *
stop_soon(void *context)
{
	fake_broker_stop(context);
	return NULL;
}

Test(client, a_call_ends_with_its_connection, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_AGENTS);
	const struct hp_value *reply;
	pthread_t thread;
	int64_t before = hp_link_now_ms();
	must_ping(client, "ping");
	cr_assert_eq(pthread_create(&thread, NULL, stop_soon, &fake), 0);
	cr_assert_eq(hp_client_call(client, &arena, message("swallow"), LONG_MS, &reply, &err),
		     HP_UNAVAILABLE);
	pthread_join(thread, NULL);
	cr_assert(hp_link_now_ms() - before < SOON_MS);
	hp_client_free(client);
}

Test(client, a_key_revoked_meanwhile_is_refused, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_AGENTS);
	const struct hp_value *reply;
	fake_broker_stop(&fake);
	fake.accepted_count = 1; /* `agent` is no more */
	fake_broker_start(&fake);
	int64_t before = hp_link_now_ms();
	enum hp_status status;
	do /* the first may still find the old connection */
		status = hp_client_call(client, &arena, message("ping"), LONG_MS, &reply, &err);
	while (status == HP_UNAVAILABLE && hp_link_now_ms() - before < SOON_MS);
	cr_assert_eq(status, HP_REFUSED, "%s: %s", hp_status_text(status), err.message);
	hp_client_free(client);
}

Test(client, events_come_to_subscribers, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&everywhere, HP_SIDE_CONTROL);
	const struct hp_value *event = NULL;
	cr_assert_eq(hp_client_event(client, &arena, &event), HP_NOT_FOUND);
	cr_assert_null(hp_client_events_socket(client));
	cr_assert_eq(hp_client_subscribe(client, LONG_MS, &err), HP_OK, "%s", err.message);
	cr_assert_eq(hp_client_subscribe(client, LONG_MS, &err), HP_OK);
	cr_assert(hp_client_connected(client));
	cr_assert_eq(hp_client_connections(client), 2);
	zmq_pollitem_t item = {.socket = hp_client_events_socket(client), .events = ZMQ_POLLIN};
	int64_t before = hp_link_now_ms();
	enum hp_status status;
	do { /* a subscription reaches the publisher a moment after the handshake */
		must_ping(client, "publish");
		zmq_poll(&item, 1, 20);
		status = hp_client_event(client, &arena, &event);
	} while (status == HP_NOT_FOUND && hp_link_now_ms() - before < SOON_MS);
	cr_assert_eq(status, HP_OK);
	cr_assert_eq(hp_map_get_int(event, "event_seq", -1), 3); /* the others are malformed */
	hp_client_free(client);
}

Test(client, events_are_refused_to_agents, .init = setup, .fini = teardown)
{
	struct hp_client *client = must_connect(&agent, HP_SIDE_AGENTS);
	int64_t before = hp_link_now_ms();
	cr_assert_eq(hp_client_subscribe(client, LONG_MS, &err), HP_REFUSED);
	cr_assert(hp_link_now_ms() - before < SOON_MS);
	cr_assert_not_null(strstr(err.message, "events"), "%s", err.message);
	cr_assert_null(hp_client_events_socket(client));
	must_ping(client, "ping");
	hp_client_free(client);
}

Test(client, codes_of_replies)
{
	static const struct {
		const char *type, *code;
		enum hp_code expected;
	} rows[] = {
		{"pong", NULL, HP_CODE_ok},
		{"pong", "conflict", HP_CODE_ok},
		{"error", "conflict", HP_CODE_conflict},
		{"error", "malformed", HP_CODE_malformed},
		{"error", "ok", HP_CODE_unsupported},
		{"error", "of a later version", HP_CODE_unsupported},
		{"error", NULL, HP_CODE_unsupported},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hp_value *map = message(rows[i].type);
		hp_map_set_str(&arena, map, "code", rows[i].code);
		cr_expect_eq(hp_client_code(map), rows[i].expected, "row %zu", i);
	}
	cr_expect_eq(hp_client_code(NULL), HP_CODE_ok);
	hp_arena_release(&arena);
}

/* The message a person's client makes is one the broker takes, and its signature is over the body
 * that anybody can make again from it. */
Test(client, a_vote_is_signed_over_what_was_seen)
{
	static const char id[] = "0b54fd6a-6a3e-4a6b-9c43-0d9f3a7b8c11";
	static const uint8_t digest[HP_HASH_BYTES] = {1, 2, 3};
	struct hp_keyfile key;
	cr_assert_eq(hp_crypto_start(), HP_OK);
	hp_keyfile_generate("rosa", &key);
	for (int approve = 0; approve <= 1; approve++) {
		struct hp_value *map;
		struct hp_buf body = {0};
		cr_assert_eq(hp_client_make_decide(&arena, &key, "hp.example/prod", id, digest,
						   approve, approve ? NULL : "too large", 12345,
						   &map, &err),
			     HP_OK, "%s", err.message);
		hp_map_set_int(&arena, map, "seq", 1);
		cr_expect_eq(hp_message_check(HP_MSG_decide, map, &err), HP_OK, "%s", err.message);
		const struct hp_vote vote = {
			.instance = "hp.example/prod",
			.request = hp_map_get_str(map, "id", NULL),
			.digest = hp_map_get_bin(map, "digest", HP_HASH_BYTES),
			.approve = hp_value_is(hp_map_get(map, "decision"), "approve"),
			.reason = hp_map_get_str(map, "reason", NULL),
			.by = "rosa",
			.at_ms = hp_map_get_int(map, "at_ms", 0),
		};
		cr_expect_eq(vote.approve, approve);
		cr_expect_str_eq(vote.reason, approve ? "" : "too large");
		cr_assert_eq(hp_vote_encode(&vote, &body), HP_OK);
		const uint8_t *signature = hp_map_get_bin(map, "signature", HP_SIGNATURE_BYTES);
		cr_assert_not_null(signature);
		cr_expect_eq(hp_vote_verify(body.data, body.len, key.sign_public, signature),
			     HP_OK);
		hp_buf_release(&body);
	}
	hp_arena_release(&arena);
}
