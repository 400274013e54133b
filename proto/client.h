/*
 * client - one authenticated session with a broker: calls, long polls, events.
 *
 * Uses a DEALER with an empty delimiter, so several requests may be in flight; replies are matched
 * by `re`. It connects to `control` first and on refusal to `agents` (protocol.md).
 * Invariants:
 *  1. A reply that does not decode, is not HPP/1, or answers nobody is ignored, never trusted.
 *  2. After the broker is lost the socket reconnects by itself; calls in flight time out.
 *  3. Nothing blocks longer than the caller's time limit.
 *  4. A message may be lost with its connection; ids and nonces make it safe to send it again.
 * Threads: one at a time.
 */
#ifndef HP_PROTO_CLIENT_H
#define HP_PROTO_CLIENT_H

#include "core/value.h"
#include "proto/keyfile.h"
#include "proto/message.h"

struct hp_client;

enum hp_client_side { HP_SIDE_CONTROL_FIRST, HP_SIDE_AGENTS, HP_SIDE_CONTROL };

/*
 * Connects and completes the CURVE handshake within `timeout_ms`. HP_UNAVAILABLE: no broker there;
 * HP_REFUSED: a broker is there and refuses this key (unknown, revoked, or wrong socket);
 * HP_INVALID: a bad endpoint. The message says which. Copies what it needs.
 */
HP_MUST_CHECK enum hp_status hp_client_new(const struct hp_broker_info *info,
					   const struct hp_keyfile *key,
					   enum hp_client_side side, int timeout_ms,
					   struct hp_client **ret_client, struct hp_error *err);
void hp_client_free(struct hp_client *client);

/* Whether the session is on the control socket. */
bool hp_client_on_control(const struct hp_client *client);

/*
 * Sends `map` (a map without `seq`, which is added) and waits for its reply. HP_OK for any decoded
 * reply, error replies included. HP_TIMEOUT: no answer; HP_UNAVAILABLE: no broker, or the
 * connection was lost before the answer; HP_REFUSED: the broker came back and refuses this key
 * (final: libzmq does not try again); HP_TOO_LARGE. The reply lives in `arena`.
 */
HP_MUST_CHECK enum hp_status hp_client_call(struct hp_client *client, struct hp_arena *arena,
					    struct hp_value *map, int timeout_ms,
					    const struct hp_value **ret_reply,
					    struct hp_error *err);

/* Sends without waiting; `ret_seq` names the reply. */
HP_MUST_CHECK enum hp_status hp_client_send(struct hp_client *client, struct hp_arena *arena,
					    struct hp_value *map, uint64_t *ret_seq,
					    struct hp_error *err);
/* The next reply that is there, without waiting. HP_NOT_FOUND: none. Replies that came in during
 * hp_client_call() are kept for this, so drain it after a call: the socket does not show them. */
HP_MUST_CHECK enum hp_status hp_client_receive(struct hp_client *client, struct hp_arena *arena,
					       uint64_t *ret_seq,
					       const struct hp_value **ret_reply);

/* Subscribes to all events (SUB socket). HP_REFUSED as above. */
HP_MUST_CHECK enum hp_status hp_client_subscribe(struct hp_client *client, int timeout_ms,
						 struct hp_error *err);
/* The next event, without waiting. HP_NOT_FOUND: none. The map has event_seq, type, at_ms. */
HP_MUST_CHECK enum hp_status hp_client_event(struct hp_client *client, struct hp_arena *arena,
					     const struct hp_value **ret_event);

/* Sockets for the caller's zmq_poll beside its own fds; events is NULL before a subscribe. */
void *hp_client_socket(struct hp_client *client);
void *hp_client_events_socket(struct hp_client *client);

/* Whether the broker (and, after a subscribe, its event socket) is connected at this moment. */
bool hp_client_connected(struct hp_client *client);
/* How many connections have been made so far. When it changes, events may have been missed and sent
 * messages were lost: list again. */
unsigned hp_client_connections(struct hp_client *client);

/* The error code of a reply: HP_CODE_ok when it is none. */
enum hp_code hp_client_code(const struct hp_value *reply);

/*
 * Makes a complete `decide` message with the signed vote. `digest` must be what the caller computed
 * with hp_request_digest() from the canonical bytes that the person saw, never what a reply says it
 * is. `reason` may be NULL. HP_INVALID for a reason that cannot be encoded.
 */
HP_MUST_CHECK enum hp_status hp_client_make_decide(struct hp_arena *arena,
						   const struct hp_keyfile *key,
						   const char *instance, const char *id,
						   const uint8_t digest[HP_HASH_BYTES],
						   bool approve, const char *reason,
						   int64_t at_ms, struct hp_value **ret_map,
						   struct hp_error *err);

#endif
