#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/frames.h"

/* Our own buffers grow by realloc (the linker wraps it); libraries keep theirs. */
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
static int growths_until_none;

void *
__wrap_realloc(void *memory, size_t size)
{
	return growths_until_none > 0 && --growths_until_none == 0 ? NULL
								    : __real_realloc(memory, size);
}

static void *context, *router;
static char endpoint[64] = "inproc://frames";

static void
setup(void)
{
	const int yes = 1;
	context = zmq_ctx_new();
	router = zmq_socket(context, ZMQ_ROUTER);
	zmq_setsockopt(router, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes);
	cr_assert_eq(zmq_bind(router, endpoint), 0);
}

static void
teardown(void)
{
	zmq_close(router);
	zmq_ctx_term(context);
}

static void *
connect_as(int type)
{
	const int no = 0;
	void *socket = zmq_socket(context, type);
	zmq_setsockopt(socket, ZMQ_LINGER, &no, sizeof no);
	cr_assert_eq(zmq_connect(socket, endpoint), 0);
	return socket;
}

/* Frames are C strings; "~" is an empty frame; NULL ends. */
static void
send_frames(void *socket, const char *const *frames)
{
	for (size_t i = 0; frames[i]; i++) {
		size_t len = strcmp(frames[i], "~") ? strlen(frames[i]) : 0;
		int flags = frames[i + 1] ? ZMQ_SNDMORE : 0;
		cr_assert_eq(zmq_send(socket, frames[i], len, flags), (int)len);
	}
}

static void
expect_frames(void *socket, const char *const *frames)
{
	for (size_t i = 0; frames[i]; i++) {
		char text[600];
		int more, len = zmq_recv(socket, text, sizeof text - 1, 0);
		size_t size = sizeof more;
		cr_assert(len >= 0);
		text[len] = '\0';
		cr_expect_str_eq(text, strcmp(frames[i], "~") ? frames[i] : "");
		zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
		cr_assert_eq(more, frames[i + 1] != NULL);
	}
}

static void
must_receive(struct hp_frames *frames)
{
	zmq_pollitem_t item = {.socket = router, .events = ZMQ_POLLIN};
	cr_assert_eq(zmq_poll(&item, 1, 10000), 1);
	cr_assert_eq(hp_frames_receive(router, frames), HP_OK);
}

Test(frames, a_whole_message_and_its_answer, .init = setup, .fini = teardown)
{
	struct hp_frames frames;
	void *dealer = connect_as(ZMQ_DEALER);
	send_frames(dealer, (const char *const[]){"~", "HPP/1", "payload", NULL});
	must_receive(&frames);
	cr_expect(!frames.dropped && !frames.bad_protocol && frames.has_payload);
	cr_expect_eq(frames.envelope.count, 2);
	cr_expect_eq(zmq_msg_size(&frames.payload), 7);
	cr_expect_eq(memcmp(zmq_msg_data(&frames.payload), "payload", 7), 0);
	cr_expect_eq(hp_frames_send(router, &frames.envelope, "reply", 5), HP_OK);
	/* The same envelope serves again: a long poll may answer later, more than once. */
	cr_expect_eq(hp_frames_send(router, &frames.envelope, "", 0), HP_OK);
	expect_frames(dealer, (const char *const[]){"~", "HPP/1", "reply", NULL});
	expect_frames(dealer, (const char *const[]){"~", "HPP/1", "~", NULL});
	hp_frames_release(&frames);
	cr_expect_eq(hp_frames_receive(router, &frames), HP_NOT_FOUND);
	zmq_close(dealer);
}

Test(frames, the_envelope_is_echoed_whole, .init = setup, .fini = teardown)
{
	struct hp_frames frames;
	void *dealer = connect_as(ZMQ_DEALER);
	send_frames(dealer, (const char *const[]){"proxy", "\x01\x02", "~", "HPP/1", "p", NULL});
	must_receive(&frames);
	cr_expect_eq(frames.envelope.count, 4);
	cr_expect_eq(hp_frames_send(router, &frames.envelope, "r", 1), HP_OK);
	expect_frames(dealer, (const char *const[]){"proxy", "\x01\x02", "~", "HPP/1", "r", NULL});
	hp_frames_release(&frames);
	zmq_close(dealer);
}

Test(frames, req_works, .init = setup, .fini = teardown)
{
	struct hp_frames frames;
	void *req = connect_as(ZMQ_REQ);
	send_frames(req, (const char *const[]){"HPP/1", "p", NULL});
	must_receive(&frames);
	cr_expect(!frames.dropped && !frames.bad_protocol);
	cr_expect_eq(hp_frames_send(router, &frames.envelope, "r", 1), HP_OK);
	expect_frames(req, (const char *const[]){"HPP/1", "r", NULL});
	hp_frames_release(&frames);
	zmq_close(req);
}

Test(frames, what_is_malformed, .init = setup, .fini = teardown)
{
	static const struct {
		const char *frames[24];
		bool dropped, bad_protocol, has_payload;
	} rows[] = {
		/* No delimiter: nobody to answer. */
		{{"HPP/1", "p"}, true, true, false},
		{{"p"}, true, true, false},
		{{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15",
		  "~", "HPP/1", "p"},
		 true, true, false},
		/* Answerable, and wrong. */
		{{"~"}, false, true, false},
		{{"~", "HPP/1"}, false, true, false},
		{{"~", "HPP/2", "p"}, false, true, true},
		{{"~", "HPP/10", "p"}, false, true, true},
		{{"~", "~", "p"}, false, true, true},
		{{"~", "HPP/1", "p", "more"}, false, true, true},
		{{"~", "HPP/1", "p", "~"}, false, true, true},
		/* The largest envelope there is: routing id, 14 frames, delimiter. */
		{{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "~",
		  "HPP/1", "p"},
		 false, false, true},
		{{"~", "HPP/1", "~"}, false, false, true},
	};
	void *dealer = connect_as(ZMQ_DEALER);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hp_frames frames;
		send_frames(dealer, rows[i].frames);
		must_receive(&frames);
		cr_expect_eq(frames.dropped, rows[i].dropped, "row %zu", i);
		if (!rows[i].dropped)
			cr_expect_eq(frames.bad_protocol, rows[i].bad_protocol, "row %zu", i);
		cr_expect_eq(frames.has_payload, rows[i].has_payload, "row %zu", i);
		hp_frames_release(&frames);
		/* All its frames are gone: the next one is read from its start. */
		cr_expect_eq(hp_frames_receive(router, &frames), HP_NOT_FOUND, "row %zu", i);
	}
	zmq_close(dealer);
}

Test(frames, a_fat_envelope_is_dropped, .init = setup, .fini = teardown)
{
	static char fat[5000];
	struct hp_frames frames;
	void *dealer = connect_as(ZMQ_DEALER);
	zmq_send(dealer, fat, sizeof fat, ZMQ_SNDMORE);
	send_frames(dealer, (const char *const[]){"~", "HPP/1", "p", NULL});
	must_receive(&frames);
	cr_expect(frames.dropped);
	hp_frames_release(&frames);
	zmq_close(dealer);
}

/* trust.md, trap 4. */
/* Found by dev/fault alloc: frames were counted that nobody had kept. */
Test(frames, an_envelope_without_memory_is_dropped, .init = setup, .fini = teardown)
{
	static char wide[600]; /* the second growth */
	struct hp_frames frames;
	void *dealer = connect_as(ZMQ_DEALER);
	for (int nth = 1; nth <= 2; nth++) {
		zmq_send(dealer, wide, sizeof wide, ZMQ_SNDMORE);
		send_frames(dealer, (const char *const[]){"~", "HPP/1", "p", NULL});
		growths_until_none = nth;
		must_receive(&frames);
		cr_expect_eq(growths_until_none, 0);
		cr_expect(frames.dropped);
		cr_expect_eq(frames.envelope.count, 0);
		(void)hp_envelope_peer(&frames.envelope);
		hp_frames_release(&frames);
		cr_expect_eq(hp_frames_receive(router, &frames), HP_NOT_FOUND);
	}
	zmq_close(dealer);
}

Test(frames, a_peer_that_is_gone_costs_its_reply_only, .init = setup, .fini = teardown)
{
	struct hp_frames first, second;
	void *gone = connect_as(ZMQ_DEALER), *here = connect_as(ZMQ_DEALER);
	send_frames(gone, (const char *const[]){"~", "HPP/1", "p", NULL});
	must_receive(&first);
	send_frames(here, (const char *const[]){"~", "HPP/1", "p", NULL});
	must_receive(&second);
	zmq_close(gone);
	/* inproc: the router learns of it with the next command it reads */
	zmq_pollitem_t item = {.socket = router, .events = ZMQ_POLLIN};
	enum hp_status status = HP_OK;
	for (int i = 0; i < 1000 && status == HP_OK; i++) {
		zmq_poll(&item, 1, 10);
		status = hp_frames_send(router, &first.envelope, "r", 1);
	}
	cr_expect_eq(status, HP_UNAVAILABLE);
	cr_expect_eq(hp_frames_send(router, &second.envelope, "r", 1), HP_OK);
	expect_frames(here, (const char *const[]){"~", "HPP/1", "r", NULL});
	hp_frames_release(&first);
	hp_frames_release(&second);
	zmq_close(here);
}

Test(frames, a_peer_that_does_not_read_blocks_nobody, .init = setup, .fini = teardown)
{
	struct hp_frames lazy, other;
	void *dealer = connect_as(ZMQ_DEALER), *reader = connect_as(ZMQ_DEALER);
	send_frames(dealer, (const char *const[]){"~", "HPP/1", "p", NULL});
	must_receive(&lazy);
	send_frames(reader, (const char *const[]){"~", "HPP/1", "p", NULL});
	must_receive(&other);
	enum hp_status status = HP_OK;
	int sent = 0;
	while (status == HP_OK && sent < 100000)
		sent += (status = hp_frames_send(router, &lazy.envelope, "r", 1)) == HP_OK;
	cr_expect_eq(status, HP_UNAVAILABLE);
	cr_expect_eq(hp_frames_send(router, &other.envelope, "r", 1), HP_OK);
	expect_frames(reader, (const char *const[]){"~", "HPP/1", "r", NULL});
	hp_frames_release(&lazy);
	hp_frames_release(&other);
	zmq_close(dealer);
	zmq_close(reader);
}

Test(frames, releasing_nothing)
{
	struct hp_frames frames = {0};
	hp_frames_release(&frames);
	hp_frames_release(NULL);
	hp_envelope_release(NULL);
}
