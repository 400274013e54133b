/*
 * The frames of one message: each is a length byte and its bytes. Whatever comes is taken whole, and
 * what can be answered is answered to where it came from.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <zmq.h>

#include "proto/frames.h"

static void *router, *dealer;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	void *context = zmq_ctx_new();
	FUZZ_CHECK(context && (router = zmq_socket(context, ZMQ_ROUTER)) &&
		   (dealer = zmq_socket(context, ZMQ_DEALER)));
	FUZZ_CHECK(zmq_bind(router, "inproc://frames") == 0 &&
		   zmq_connect(dealer, "inproc://frames") == 0);
	return 0;
}

/* The reply's frames are what was sent in front of the delimiter, it, and the two of a message. */
static void
check_reply(const struct hp_frames *frames)
{
	char part[256];
	int more = 1, count = 0, len = 0, protocol = -1;
	size_t more_len = sizeof more;
	FUZZ_CHECK(hp_frames_send(router, &frames->envelope, "x", 1) == HP_OK);
	for (; more; count++) {
		len = zmq_recv(dealer, part, sizeof part, ZMQ_DONTWAIT);
		FUZZ_CHECK(len >= 0);
		FUZZ_CHECK(zmq_getsockopt(dealer, ZMQ_RCVMORE, &more, &more_len) == 0);
		if (len == 5 && more && memcmp(part, "HPP/1", 5) == 0)
			protocol = count;
	}
	/* the router took the first frame, its id, for itself; two more follow the envelope */
	FUZZ_CHECK(count == (int)frames->envelope.count + 1);
	FUZZ_CHECK(protocol == count - 2 && len == 1 && part[0] == 'x');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_frames frames = {0};
	for (size_t at = 0; at < size;) {
		size_t len = data[at++];
		if (len > size - at)
			len = size - at;
		FUZZ_CHECK(zmq_send(dealer, data + at, len,
				    ZMQ_DONTWAIT | (at + len < size ? ZMQ_SNDMORE : 0)) ==
			   (int)len);
		at += len;
	}
	if (!size)
		return 0;
	FUZZ_CHECK(hp_frames_receive(router, &frames) == HP_OK);
	FUZZ_CHECK(frames.envelope.count <= HP_FRAMES_MAX);
	FUZZ_CHECK(frames.dropped || frames.bad_protocol || frames.has_payload);
	if (!frames.dropped)
		check_reply(&frames);
	hp_frames_release(&frames);
	FUZZ_CHECK(hp_frames_receive(router, &frames) == HP_NOT_FOUND);
	return 0;
}
