#include "broker/canary.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "broker/zap.h"

enum { PATIENCE_MS = 3000 };

static bool
hurry(void *socket)
{
	int linger_ms = 0;
	return zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms) == 0;
}

/* A connection attempt with its handshake watched. */
struct probe {
	void *socket, *monitor;
};

static void
probe_close(struct probe *probe)
{
	if (probe->socket)
		zmq_socket_monitor(probe->socket, NULL, 0);
	if (probe->monitor)
		zmq_close(probe->monitor);
	if (probe->socket)
		zmq_close(probe->socket);
}

static bool
probe_open(struct hp_broker *broker, int type, const char *endpoint,
	   const uint8_t secret[HP_CURVE_BYTES], const uint8_t public_key[HP_CURVE_BYTES],
	   struct probe *ret_probe)
{
	const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
			   ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
			   ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
	char monitor[48];
	snprintf(monitor, sizeof monitor, "inproc://holdpoint.canary.%u", broker->probes++);
	struct probe probe = {.socket = zmq_socket(broker->zmq, type),
			      .monitor = zmq_socket(broker->zmq, ZMQ_PAIR)};
	bool good = probe.socket && probe.monitor && hurry(probe.socket) &&
		    hurry(probe.monitor) &&
		    zmq_setsockopt(probe.socket, ZMQ_CURVE_SERVERKEY, broker->key.curve_public,
				   HP_CURVE_BYTES) == 0 &&
		    zmq_setsockopt(probe.socket, ZMQ_CURVE_SECRETKEY, secret, HP_CURVE_BYTES) == 0 &&
		    zmq_setsockopt(probe.socket, ZMQ_CURVE_PUBLICKEY, public_key,
				   HP_CURVE_BYTES) == 0 &&
		    zmq_socket_monitor(probe.socket, monitor, events) == 0 &&
		    zmq_connect(probe.monitor, monitor) == 0 &&
		    zmq_connect(probe.socket, endpoint) == 0;
	if (!good) {
		probe_close(&probe);
		return false;
	}
	*ret_probe = probe;
	return true;
}

static int64_t
now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The handshake's outcome as a monitor event, answering authentication meanwhile, everybody's; 0 when
 * its time is over. */
static uint16_t
probe_wait(struct hp_broker *broker, struct probe *probe)
{
	int64_t until_ms = now_ms() + PATIENCE_MS;
	for (int64_t left; (left = until_ms - now_ms()) > 0;) {
		zmq_pollitem_t items[] = {
			{.socket = hp_zap_socket(broker->zap), .events = ZMQ_POLLIN},
			{.socket = probe->monitor, .events = ZMQ_POLLIN},
		};
		if (zmq_poll(items, 2, left) < 0)
			return 0;
		hp_zap_run(broker);
		uint8_t event[6];
		if (!(items[1].revents & ZMQ_POLLIN) ||
		    zmq_recv(probe->monitor, event, sizeof event, 0) != sizeof event)
			continue;
		zmq_recv(probe->monitor, NULL, 0, 0); /* the address frame */
		uint16_t id;
		memcpy(&id, event, sizeof id);
		return id;
	}
	return 0;
}

static enum hp_status
canary_refused(struct hp_broker *broker, const char *name, int type, const char *endpoint,
	       struct hp_error *err)
{
	uint8_t secret[HP_CURVE_BYTES], public_key[HP_CURVE_BYTES];
	struct probe probe;
	hp_crypto_curve_keypair(secret, public_key);
	if (!probe_open(broker, type, endpoint, secret, public_key, &probe))
		return hp_fail(err, HP_IO, "cannot probe %s: %s", name, zmq_strerror(zmq_errno()));
	uint16_t outcome = probe_wait(broker, &probe);
	probe_close(&probe);
	if (outcome != ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
		return hp_fail(err, HP_IO,
			       "the %s socket did not refuse a stranger's key (event %u): not "
			       "serving",
			       name, outcome);
	return HP_OK;
}

/* A guarded socket for a probe alone: what clients send meanwhile stays where it belongs. */
static void *
probe_door(struct hp_broker *broker, const char *endpoint, struct hp_error *err)
{
	void *door = zmq_socket(broker->zmq, ZMQ_ROUTER);
	if (door && hp_zap_guard(broker, door, "control", err) == HP_OK &&
	    hurry(door) && zmq_bind(door, endpoint) == 0)
		return door;
	hp_fail(err, HP_IO, "cannot bind a probe to %s: %s", endpoint, zmq_strerror(zmq_errno()));
	if (door)
		zmq_close(door);
	return NULL;
}

/* The uid that a message through this door is seen to come from; -1: none. */
static int64_t
probe_uid(struct hp_broker *broker, struct probe *probe, void *door)
{
	zmq_pollitem_t item = {.socket = door, .events = ZMQ_POLLIN};
	struct hp_frames frames;
	if (probe_wait(broker, probe) != ZMQ_EVENT_HANDSHAKE_SUCCEEDED ||
	    zmq_send(probe->socket, "", 0, ZMQ_SNDMORE) != 0 ||
	    zmq_send(probe->socket, HP_PROTOCOL, 5, ZMQ_SNDMORE) != 5 ||
	    zmq_send(probe->socket, "canary", 6, 0) != 6 || zmq_poll(&item, 1, PATIENCE_MS) != 1 ||
	    hp_frames_receive(door, &frames) != HP_OK)
		return -1;
	const char *address =
		frames.has_payload ? zmq_msg_gets(&frames.payload, "Peer-Address") : NULL;
	int64_t uid = address ? hp_zap_parse_uid(address) : -1;
	hp_frames_release(&frames);
	return uid;
}

/* An accepted peer's uid must be readable on ipc, or the same-uid rule would be blind. */
static enum hp_status
canary_uid(struct hp_broker *broker, struct hp_error *err)
{
	uint8_t secret[HP_CURVE_BYTES], public_key[HP_CURVE_BYTES];
	struct probe probe;
	int64_t uid = -1;
	const char *endpoint = hp_arena_printf(&broker->config_arena, "ipc://%s/canary",
					       broker->config.run_dir);
	if (!endpoint)
		return HP_NOMEM;
	void *door = probe_door(broker, endpoint, err);
	if (!door)
		return HP_IO;
	hp_crypto_curve_keypair(secret, public_key);
	hp_zap_let_in(broker, public_key);
	bool opened = probe_open(broker, ZMQ_DEALER, endpoint, secret, public_key, &probe);
	if (opened) {
		uid = probe_uid(broker, &probe, door);
		probe_close(&probe);
	}
	zmq_close(door);
	hp_zap_let_in(broker, NULL);
	if (!opened)
		return hp_fail(err, HP_IO, "cannot probe %s: %s", endpoint,
			       zmq_strerror(zmq_errno()));
	if (uid < 0)
		return hp_fail(err, HP_IO,
			       "this libzmq does not tell the uid of an ipc peer, so the same-uid "
			       "rule cannot hold: not serving");
	return HP_OK;
}

enum hp_status
hp_canary_run(struct hp_broker *broker, struct hp_error *err)
{
	const struct {
		const char *name;
		void *socket;
		int type; /* of a client: another would fail for the wrong reason */
	} doors[] = {
		{"agents", broker->sockets[HP_DOOR_AGENTS], ZMQ_DEALER},
		{"control", broker->sockets[HP_DOOR_CONTROL], ZMQ_DEALER},
		{"events", broker->events, ZMQ_SUB},
	};
	for (size_t i = 0; i < sizeof doors / sizeof doors[0]; i++) {
		char endpoint[256] = "";
		size_t size = sizeof endpoint;
		if (zmq_getsockopt(doors[i].socket, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0)
			return hp_fail(err, HP_IO, "cannot find the %s endpoint", doors[i].name);
		enum hp_status status = canary_refused(broker, doors[i].name, doors[i].type,
						       endpoint, err);
		if (status == HP_OK && i == HP_DOOR_CONTROL && strncmp(endpoint, "ipc://", 6) == 0)
			status = canary_uid(broker, err);
		if (status != HP_OK)
			return status;
	}
	hp_zap_forget_refused(broker);
	return HP_OK;
}
