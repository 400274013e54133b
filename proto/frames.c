#include "proto/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/message.h"

/* A routing id has at most 255 bytes and REQ correlation ids four: nobody needs more than this to
 * be found again, and a parked long poll keeps it. */
enum { ENVELOPE_MAX_BYTES = 4096 };

static void
put_length(struct hp_buf *buf, size_t len)
{
	for (unsigned shift = 0; shift < 32; shift += 8)
		hp_buf_add_byte(buf, (uint8_t)(len >> shift));
}

static size_t
get_length(const uint8_t *bytes)
{
	return (size_t)bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 |
	       (size_t)bytes[3] << 24;
}

void
hp_envelope_release(struct hp_envelope *envelope)
{
	if (!envelope)
		return;
	free(envelope->bytes);
	*envelope = (struct hp_envelope){0};
}

uint64_t
hp_envelope_peer(const struct hp_envelope *envelope)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t len = envelope->count ? get_length(envelope->bytes) : 0;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ envelope->bytes[4 + i]) * 0x100000001b3u;
	return hash;
}

void
hp_frames_release(struct hp_frames *frames)
{
	if (!frames)
		return;
	hp_envelope_release(&frames->envelope);
	if (frames->has_payload)
		zmq_msg_close(&frames->payload);
	frames->has_payload = false;
}

/* One message while its frames come in. */
struct reader {
	struct hp_buf envelope;
	size_t envelope_count;
	bool in_body; /* behind the delimiter */
	bool dropped;
	bool bad_protocol;
	size_t body_count;
	struct hp_frames *out; /* gets the payload only */
};

static void
take_envelope_frame(struct reader *reader, zmq_msg_t *frame)
{
	size_t len = zmq_msg_size(frame);
	if (reader->envelope_count == HP_FRAMES_MAX ||
	    reader->envelope.len + 4 + len > ENVELOPE_MAX_BYTES) {
		reader->dropped = true;
		return;
	}
	put_length(&reader->envelope, len);
	hp_buf_add(&reader->envelope, zmq_msg_data(frame), len);
	if (reader->envelope.failed) { /* without memory: not a frame of it is kept */
		reader->envelope_count = 0;
		reader->dropped = true;
		return;
	}
	reader->envelope_count++;
	reader->in_body = len == 0;
}

static void
take_body_frame(struct reader *reader, zmq_msg_t *frame)
{
	const size_t len = sizeof HP_PROTOCOL - 1;
	size_t index = reader->body_count++;
	if (index == 0) {
		reader->bad_protocol = zmq_msg_size(frame) != len ||
				       memcmp(zmq_msg_data(frame), HP_PROTOCOL, len) != 0;
	} else if (index == 1) {
		zmq_msg_init(&reader->out->payload);
		zmq_msg_move(&reader->out->payload, frame);
		reader->out->has_payload = true;
	} else {
		reader->bad_protocol = true;
	}
}

/* The next frame. A signal does not part a message; only its first frame may be missing. */
static int
receive_frame(void *router, zmq_msg_t *frame)
{
	int rc;
	do
		rc = zmq_msg_recv(frame, router, ZMQ_DONTWAIT);
	while (rc < 0 && errno == EINTR);
	return rc;
}

static enum hp_status
read_all(void *router, struct reader *reader)
{
	bool more = true;
	for (bool first = true; more; first = false) {
		zmq_msg_t frame;
		zmq_msg_init(&frame);
		if (receive_frame(router, &frame) < 0) {
			zmq_msg_close(&frame);
			return first && errno == EAGAIN ? HP_NOT_FOUND : HP_IO;
		}
		more = zmq_msg_more(&frame);
		if (!reader->dropped && reader->in_body)
			take_body_frame(reader, &frame);
		else if (!reader->dropped)
			take_envelope_frame(reader, &frame);
		zmq_msg_close(&frame);
	}
	return HP_OK;
}

enum hp_status
hp_frames_receive(void *router, struct hp_frames *ret_frames)
{
	struct hp_frames got = {0};
	struct reader reader = {.out = &got};
	enum hp_status status = read_all(router, &reader);

	if (status != HP_OK) {
		hp_frames_release(&got);
		hp_buf_release(&reader.envelope);
		return status;
	}
	*ret_frames = (struct hp_frames){
		.envelope = {reader.envelope.data, reader.envelope.len, reader.envelope_count},
		.dropped = reader.dropped || !reader.in_body,
		.bad_protocol = reader.bad_protocol || reader.body_count != 2,
	};
	if (got.has_payload) { /* libzmq's messages are moved, never copied as structs */
		zmq_msg_init(&ret_frames->payload);
		zmq_msg_move(&ret_frames->payload, &got.payload);
		zmq_msg_close(&got.payload);
		ret_frames->has_payload = true;
	}
	return HP_OK;
}

static int
send_frame(void *router, const void *bytes, size_t len, int flags)
{
	int rc;
	do
		rc = zmq_send(router, bytes, len, ZMQ_DONTWAIT | flags);
	while (rc < 0 && errno == EINTR);
	return rc;
}

enum hp_status
hp_frames_send(void *router, const struct hp_envelope *envelope, const void *payload, size_t len)
{
	const uint8_t *bytes = envelope->bytes;
	for (size_t i = 0, at = 0; i < envelope->count; i++) {
		size_t frame_len = get_length(bytes + at);
		if (send_frame(router, bytes + at + 4, frame_len, ZMQ_SNDMORE) < 0) {
			/* With ROUTER_MANDATORY only the routing id can miss its peer; once it is
			 * taken libzmq drops the rest itself if the peer goes (trap 4). */
			bool gone = errno == EHOSTUNREACH || errno == EAGAIN;
			return i == 0 && gone ? HP_UNAVAILABLE : HP_IO;
		}
		at += 4 + frame_len;
	}
	if (send_frame(router, HP_PROTOCOL, sizeof HP_PROTOCOL - 1, ZMQ_SNDMORE) < 0 ||
	    send_frame(router, payload, len, 0) < 0)
		return HP_IO;
	return HP_OK;
}
