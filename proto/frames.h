/*
 * frames - the multipart form of HPP/1 on a ROUTER: envelope · "" · "HPP/1" · map.
 *
 * Invariants: the envelope (all frames up to and including the first empty one) is echoed whole and
 * never interpreted. A message without the empty delimiter is dropped (protocol.md).
 */
#ifndef HP_PROTO_FRAMES_H
#define HP_PROTO_FRAMES_H

#include <zmq.h>

#include "core/buf.h"
#include "core/status.h"

enum { HP_FRAMES_MAX = 16 }; /* envelope frames of a client: routing id, delimiter, and proxies */

/* Where a reply goes: an owned copy of the envelope, so that a long poll can be parked. */
struct hp_envelope {
	uint8_t *bytes; /* frames as u32 little-endian length + bytes */
	size_t len;
	size_t count;
};
void hp_envelope_release(struct hp_envelope *envelope);

/* A number of the connection it came by, the same for all its messages; others' may collide (FNV-1a
 * of the routing id). */
uint64_t hp_envelope_peer(const struct hp_envelope *envelope);

/* One message received. `payload` borrows `message` until hp_frames_release(). */
struct hp_frames {
	struct hp_envelope envelope;
	bool dropped;	   /* no delimiter: nothing to answer */
	bool bad_protocol; /* the frame behind the envelope is not "HPP/1", or frames are missing or
			      left over: answer `malformed` or `unsupported` */
	zmq_msg_t payload; /* the map's bytes; also carries User-Id and Peer-Address (trap 2) */
	bool has_payload;
};

/* Receives one whole message without waiting. HP_NOT_FOUND: nothing there. HP_IO. All frames of a
 * message are always consumed. */
HP_MUST_CHECK enum hp_status hp_frames_receive(void *router, struct hp_frames *ret_frames);
void hp_frames_release(struct hp_frames *frames);

/* Sends envelope, protocol and payload without waiting. HP_UNAVAILABLE when the peer is gone or its
 * queue is full (EHOSTUNREACH, EAGAIN): the reply is lost and that is all. HP_IO otherwise. */
HP_MUST_CHECK enum hp_status hp_frames_send(void *router, const struct hp_envelope *envelope,
					    const void *payload, size_t len);

#endif
