/*
 * link - one CURVE socket to one endpoint, and what its monitor says about it.
 *
 * Purpose: libzmq hides connections; a person who holds a wrong key or whose broker is down must be
 * told so at once, not after a silent timeout. The monitor tells.
 * Invariants:
 *  1. The broker is known by its key: no other peer completes the handshake.
 *  2. A lost connection comes back by itself, with what was queued for the old one forgotten.
 * Internal to proto; client.h is the interface. Threads: as the client.
 */
#ifndef HP_PROTO_LINK_H
#define HP_PROTO_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

#include "core/crypto.h"
#include "core/value.h"
#include "proto/keyfile.h"

struct hp_link {
	void *socket, *monitor;
	bool connected;
	bool refused;	 /* the last attempt to reconnect was refused for the key */
	unsigned times;	 /* how often a handshake was completed */
};

/* A clock for time limits: milliseconds, never set, never back. */
int64_t hp_link_now_ms(void);

/* Connects `type` (ZMQ_DEALER, ZMQ_SUB) and waits for the handshake until `deadline_ms` of that
 * clock. Statuses as hp_client_new(). `what` names the socket in messages: "control". */
HP_MUST_CHECK enum hp_status hp_link_open(void *context, int type, const char *what,
					  const char *endpoint,
					  const uint8_t server_key[HP_CURVE_BYTES],
					  const struct hp_keyfile *key, int64_t deadline_ms,
					  struct hp_link *ret_link, struct hp_error *err);
/* Takes a zeroed link. */
void hp_link_close(struct hp_link *link);

/* Sends "" · HPP/1 · payload without waiting. HP_UNAVAILABLE: no room or no connection; HP_IO.
 * errno is left as libzmq set it. */
HP_MUST_CHECK enum hp_status hp_link_send(struct hp_link *link, const void *payload, size_t len);

/* One message as received: topic (empty for a reply) · HPP/1 · map. */
struct hp_link_message {
	zmq_msg_t frames[3];
	const char *topic; /* borrows frames[0] */
	size_t topic_len;
	const struct hp_value *map; /* in the arena */
};
void hp_link_message_init(struct hp_link_message *message);
void hp_link_message_close(struct hp_link_message *message);

/* The next message of that form, without waiting; others are consumed and forgotten. `message` may
 * be used again and again before it is closed. HP_NOT_FOUND: none; HP_NOMEM. */
HP_MUST_CHECK enum hp_status hp_link_receive(struct hp_link *link, struct hp_arena *arena,
					     struct hp_link_message *message);

/* Reads what the monitor has to say by now. */
void hp_link_update(struct hp_link *link);

#endif
