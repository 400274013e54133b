#include "proto/link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/msgpack.h"
#include "core/text.h"
#include "proto/message.h"

enum {
	LINGER_MS = 250,	     /* for what was sent just before the end */
	RECONNECT_MS = 100,	     /* doubled up to the maximum */
	RECONNECT_MAX_MS = 2000,
	HANDSHAKE_MS = 3000,
	HEARTBEAT_MS = 5000,
	HEARTBEAT_DEAD_MS = 15000,
	REPLY_MAX_BYTES = 16 * 1024 * 1024, /* pages of audit leaves are the largest */
	FAILED_HANDSHAKES = 2, /* one may be a broker that is just being restarted */
};

int64_t
hp_link_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool
set_options(void *socket, const uint8_t server_key[HP_CURVE_BYTES], const struct hp_keyfile *key)
{
	static const struct {
		int option, value;
	} rows[] = {
		{ZMQ_LINGER, LINGER_MS},
		{ZMQ_IMMEDIATE, 1}, /* nothing waits for a broker that is not there */
		{ZMQ_RECONNECT_IVL, RECONNECT_MS},
		{ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS},
		{ZMQ_CONNECT_TIMEOUT, HANDSHAKE_MS},
		{ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
		{ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS},
		{ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_DEAD_MS},
		{ZMQ_IPV6, 1},
	};
	const int64_t max_bytes = REPLY_MAX_BYTES;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!set_int(socket, rows[i].option, rows[i].value))
			return false;
	return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_bytes, sizeof max_bytes) == 0 &&
	       zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, HP_CURVE_BYTES) == 0 &&
	       zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, key->curve_public,
			      HP_CURVE_BYTES) == 0 &&
	       zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, key->curve_secret,
			      HP_CURVE_BYTES) == 0;
}

/* A PAIR at the other end of the socket's monitor. It has no high-water mark, for a full one would
 * stop libzmq's I/O thread. */
static void *
open_monitor(void *context, void *socket)
{
	enum {
		EVENTS = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED |
			 ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
			 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH,
	};
	char address[64];
	snprintf(address, sizeof address, "inproc://monitor-%p", socket);
	if (zmq_socket_monitor(socket, address, EVENTS) != 0)
		return NULL;
	void *monitor = zmq_socket(context, ZMQ_PAIR);
	if (monitor && set_int(monitor, ZMQ_RCVHWM, 0) && set_int(monitor, ZMQ_LINGER, 0) &&
	    zmq_connect(monitor, address) == 0)
		return monitor;
	if (monitor)
		zmq_close(monitor);
	zmq_socket_monitor(socket, NULL, 0);
	return NULL;
}

/* The next event that is there; false when there is none. */
static bool
next_event(void *monitor, uint16_t *ret_event, uint32_t *ret_value)
{
	uint8_t frame[8];
	int len;
	do
		len = zmq_recv(monitor, frame, sizeof frame, ZMQ_DONTWAIT);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return false;
	uint16_t event = 0;
	uint32_t value = 0;
	if (len >= 6) {
		memcpy(&event, frame, sizeof event);
		memcpy(&value, frame + 2, sizeof value);
	}
	int more;
	size_t size = sizeof more;
	while (zmq_getsockopt(monitor, ZMQ_RCVMORE, &more, &size) == 0 && more)
		if (zmq_recv(monitor, frame, sizeof frame, ZMQ_DONTWAIT) < 0 && errno != EINTR)
			break;
	*ret_event = event;
	*ret_value = value;
	return true;
}

/* While the first handshake is awaited. */
struct attempt {
	const char *what, *raw, *endpoint; /* endpoint: raw, made visible */
	bool reached;		     /* something accepted the connection */
	unsigned failed;
};

static const char ipc[] = "ipc://";

/* Why nothing is there, as far as the file system knows. */
static const char *
absence(const char *endpoint)
{
	if (strncmp(endpoint, ipc, sizeof ipc - 1) != 0)
		return "";
	const char *path = endpoint + sizeof ipc - 1;
	if (access(path, F_OK) != 0)
		return errno == EACCES ? " (no access to its directory)" : " (no such socket)";
	return access(path, W_OK) != 0 ? " (no write access to the socket)" : "";
}

/* HP_TIMEOUT: nothing decided yet. */
static enum hp_status
judge(struct attempt *attempt, uint16_t event, uint32_t value, struct hp_error *err)
{
	switch (event) {
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		return HP_OK;
	case ZMQ_EVENT_CONNECTED:
		attempt->reached = true;
		return HP_TIMEOUT;
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
		if (value == 400)
			return hp_fail(err, HP_REFUSED,
				       "the broker's %s socket refuses this key (unknown, revoked, "
				       "or without a role there)",
				       attempt->what);
		attempt->failed++; /* 300, 500: its ZAP handler is in trouble */
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: /* libzmq will not try again */
		attempt->failed = FAILED_HANDSHAKES;
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
		attempt->failed++;
		break;
	case ZMQ_EVENT_CONNECT_RETRIED:
		if (attempt->reached)
			return HP_TIMEOUT;
		return hp_fail(err, HP_UNAVAILABLE, "no broker listens at %s%s", attempt->endpoint,
			       absence(attempt->raw));
	default:
		return HP_TIMEOUT;
	}
	if (attempt->failed < FAILED_HANDSHAKES)
		return HP_TIMEOUT;
	return hp_fail(err, HP_UNAVAILABLE,
		       "what listens at %s is not the broker whose key is expected",
		       attempt->endpoint);
}

static enum hp_status
await_handshake(struct hp_link *link, struct attempt *attempt, int64_t deadline_ms,
		struct hp_error *err)
{
	for (;;) {
		uint16_t event;
		uint32_t value;
		while (next_event(link->monitor, &event, &value)) {
			enum hp_status status = judge(attempt, event, value, err);
			if (status != HP_TIMEOUT)
				return status;
		}
		int64_t left = deadline_ms - hp_link_now_ms();
		if (left <= 0)
			return hp_fail(err, HP_UNAVAILABLE, "no answer from %s in time",
				       attempt->endpoint);
		zmq_pollitem_t item = {.socket = link->monitor, .events = ZMQ_POLLIN};
		if (zmq_poll(&item, 1, (long)left) < 0 && errno != EINTR)
			return hp_fail(err, HP_IO, "cannot wait for %s: %s", attempt->endpoint,
				       zmq_strerror(errno));
	}
}

static enum hp_status
connect_link(struct hp_link *link, struct attempt *attempt, int64_t deadline_ms,
	     struct hp_error *err)
{
	if (zmq_connect(link->socket, attempt->raw) != 0) {
		bool ours = errno == EINVAL || errno == EPROTONOSUPPORT || errno == ENODEV ||
			    errno == ENAMETOOLONG || errno == ENOCOMPATPROTO;
		return hp_fail(err, ours ? HP_INVALID : HP_IO, "cannot connect to %s: %s",
			       attempt->endpoint, zmq_strerror(errno));
	}
	enum hp_status status = await_handshake(link, attempt, deadline_ms, err);
	if (status == HP_OK) {
		link->connected = true;
		link->times = 1;
	}
	return status;
}

enum hp_status
hp_link_open(void *context, int type, const char *what, const char *endpoint,
	     const uint8_t server_key[HP_CURVE_BYTES], const struct hp_keyfile *key,
	     int64_t deadline_ms, struct hp_link *ret_link, struct hp_error *err)
{
	struct hp_link link = {.socket = zmq_socket(context, type)};
	struct hp_buf shown = {0};
	enum hp_status status;

	hp_text_escape(&shown, endpoint, strlen(endpoint), 0);
	struct attempt attempt = {what, endpoint, hp_buf_text(&shown), false, 0};
	if (!link.socket)
		status = hp_fail(err, HP_IO, "cannot make a socket: %s", zmq_strerror(errno));
	else if (!set_options(link.socket, server_key, key) ||
		 (type == ZMQ_SUB && zmq_setsockopt(link.socket, ZMQ_SUBSCRIBE, "", 0) != 0) ||
		 !(link.monitor = open_monitor(context, link.socket)))
		status = hp_fail(err, HP_IO, "cannot set up the %s socket: %s", what,
				 zmq_strerror(errno));
	else
		status = connect_link(&link, &attempt, deadline_ms, err);
	hp_buf_release(&shown);
	if (status != HP_OK)
		hp_link_close(&link);
	else
		*ret_link = link;
	return status;
}

void
hp_link_close(struct hp_link *link)
{
	if (link->socket) {
		zmq_socket_monitor(link->socket, NULL, 0);
		zmq_close(link->socket);
	}
	if (link->monitor)
		zmq_close(link->monitor);
	*link = (struct hp_link){0};
}

void
hp_link_update(struct hp_link *link)
{
	uint16_t event;
	uint32_t value;
	if (!link->monitor)
		return;
	while (next_event(link->monitor, &event, &value)) {
		switch (event) {
		case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
			link->connected = true;
			link->refused = false;
			link->times++;
			break;
		case ZMQ_EVENT_DISCONNECTED:
			link->connected = false;
			break;
		case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
			link->connected = false;
			link->refused = value == 400;
			break;
		default:
			break;
		}
	}
}

static int
send_frame(void *socket, const void *bytes, size_t len, int flags)
{
	int rc;
	do
		rc = zmq_send(socket, bytes, len, ZMQ_DONTWAIT | flags);
	while (rc < 0 && errno == EINTR);
	return rc;
}

enum hp_status
hp_link_send(struct hp_link *link, const void *payload, size_t len)
{
	if (send_frame(link->socket, "", 0, ZMQ_SNDMORE) < 0)
		return errno == EAGAIN ? HP_UNAVAILABLE : HP_IO;
	if (send_frame(link->socket, HP_PROTOCOL, sizeof HP_PROTOCOL - 1, ZMQ_SNDMORE) < 0 ||
	    send_frame(link->socket, payload, len, 0) < 0)
		return HP_IO;
	return HP_OK;
}

void
hp_link_message_init(struct hp_link_message *message)
{
	*message = (struct hp_link_message){0};
	for (size_t i = 0; i < 3; i++)
		zmq_msg_init(&message->frames[i]);
}

void
hp_link_message_close(struct hp_link_message *message)
{
	for (size_t i = 0; i < 3; i++)
		zmq_msg_close(&message->frames[i]);
}

/* One message into three frames. HP_NOT_FOUND: nothing there. HP_INVALID: one of another shape. */
static enum hp_status
receive_frames(void *socket, zmq_msg_t frames[3])
{
	zmq_msg_t spare; /* for what is too many */
	size_t got = 0;
	bool more = true;
	int rc = 0;

	zmq_msg_init(&spare);
	while (more) {
		zmq_msg_t *frame = got < 3 ? &frames[got] : &spare;
		do
			rc = zmq_msg_recv(frame, socket, ZMQ_DONTWAIT);
		while (rc < 0 && errno == EINTR);
		more = rc >= 0 && zmq_msg_more(frame);
		if (rc >= 0)
			got++;
	}
	zmq_msg_close(&spare);
	if (rc < 0 && got == 0)
		return HP_NOT_FOUND;
	return got == 3 ? HP_OK : HP_INVALID;
}

static bool
is_protocol(zmq_msg_t *frame)
{
	const size_t len = sizeof HP_PROTOCOL - 1;
	return zmq_msg_size(frame) == len && memcmp(zmq_msg_data(frame), HP_PROTOCOL, len) == 0;
}

enum hp_status
hp_link_receive(struct hp_link *link, struct hp_arena *arena, struct hp_link_message *message)
{
	zmq_msg_t *frames = message->frames;
	for (;;) {
		enum hp_status status = receive_frames(link->socket, frames);
		if (status == HP_NOT_FOUND)
			return status;
		if (status == HP_OK && is_protocol(&frames[1]) &&
		    hp_msgpack_decode(arena, zmq_msg_data(&frames[2]), zmq_msg_size(&frames[2]),
				      &message->map, NULL) == HP_OK &&
		    message->map->type == HP_MAP) {
			message->topic = zmq_msg_data(&frames[0]);
			message->topic_len = zmq_msg_size(&frames[0]);
			return HP_OK;
		}
		if (arena->failed)
			return HP_NOMEM;
	}
}
