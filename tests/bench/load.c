#include "tests/bench/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/msgpack.h"
#include "core/yaml.h"
#include "tests/bench/servers.h"

enum { ANSWER_MS = 30000 };

static size_t
find(const struct hp_buf *buf, const char *text, size_t len)
{
	const uint8_t *at = memmem(buf->data, buf->len, text, len);
	if (!at)
		bench_die("the request does not hold what it should");
	return (size_t)(at - buf->data);
}

void
message_make(struct message *message, const char *yaml)
{
	struct hp_arena arena = {0};
	const struct hp_value *map;
	struct hp_error err = {0};
	if (hp_yaml_load(&arena, yaml, strlen(yaml), &map, &err) != HP_OK)
		bench_die("request:%u: %s", err.line, err.message);
	struct hp_value *copy = hp_value_copy(&arena, map);
	copy->map.pairs[1].value = hp_value_uint(&arena, UINT64_C(1) << 40); /* nine bytes */
	if (hp_msgpack_encode(copy, &message->bytes, &err) != HP_OK)
		bench_die("request: %s", err.message);
	message->id_at = find(&message->bytes, "00000000-0000-4000", 18);
	message->seq_at = find(&message->bytes, "\xa3seq\xcf", 5) + 5;
	hp_arena_release(&arena);
}

/* A fresh random id, as uuid4() gives, and the number. */
static void
number_message(struct message *message, uint64_t seq)
{
	static uint64_t state = 0x9e3779b97f4a7c15;
	if (state == 0x9e3779b97f4a7c15)
		hp_crypto_random(&state, sizeof state);
	char *id = (char *)message->bytes.data + message->id_at;
	for (size_t i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23 || i == 14 || i == 19)
			continue;
		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		id[i] = "0123456789abcdef"[state >> 60];
	}
	for (size_t i = 0; i < 8; i++)
		message->bytes.data[message->seq_at + i] =
			(uint8_t)(((UINT64_C(1) << 40) + seq) >> (56 - 8 * i));
}

void
samples_add(struct samples *samples, int64_t us)
{
	if (samples->count == samples->capacity) {
		samples->capacity = samples->capacity ? samples->capacity * 2 : 65536;
		samples->us = realloc(samples->us, samples->capacity * sizeof *samples->us);
		if (!samples->us)
			bench_die("out of memory");
	}
	samples->us[samples->count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

/* Takes the replies that are there; each must be a receipt, in the order of the messages. */
static void
take_replies(struct peer *peer, int64_t *sent_at_us, size_t window, struct samples *samples)
{
	struct hp_link *link = &peer->link;
	zmq_msg_t frame;
	zmq_msg_init(&frame);
	while (zmq_msg_recv(&frame, link->socket, ZMQ_DONTWAIT) >= 0) {
		if (zmq_msg_more(&frame))
			continue;
		const uint8_t *bytes = zmq_msg_data(&frame);
		size_t len = zmq_msg_size(&frame);
		const uint8_t *re = memmem(bytes, len, "\xa2re\xcf", 4);
		uint64_t seq = 0;
		for (size_t i = 0; re && i < 8; i++)
			seq = seq << 8 | re[4 + i];
		if (seq - (UINT64_C(1) << 40) != peer->received ||
		    !memmem(bytes, len, "\xa4type\xa7receipt", 13))
			bench_die("not the receipt expected: %.*s", (int)len, (const char *)bytes);
		samples_add(samples, bench_now_us() - sent_at_us[peer->received % window]);
		peer->received++;
		peer->reply_bytes = len;
	}
	zmq_msg_close(&frame);
}

/* Keeps `window` messages unanswered for so long, or until so many are sent; then drains. */
void
drive(struct peer *peer, struct message *message, size_t window, double seconds, uint64_t count,
      struct samples *samples)
{
	int64_t *sent_at_us = calloc(window, sizeof *sent_at_us);
	double cpu_before = bench_cpu_seconds(peer->pid);
	int64_t start_us = bench_now_us(), end_us = start_us + (int64_t)(seconds * 1e6);
	uint64_t last = peer->sent + count;
	if (!sent_at_us)
		bench_die("out of memory");
	for (bool sending = true; sending || peer->received < peer->sent;) {
		sending = count ? peer->sent < last : bench_now_us() < end_us;
		while (sending && peer->sent - peer->received < window) {
			number_message(message, peer->sent);
			sent_at_us[peer->sent % window] = bench_now_us();
			enum hp_status status = hp_link_send(&peer->link, message->bytes.data,
							     message->bytes.len);
			if (status == HP_UNAVAILABLE && peer->sent > peer->received)
				break; /* the queue is full: libzmq's high-water mark */
			if (status != HP_OK)
				bench_die("cannot send: %s", zmq_strerror(errno));
			peer->sent++;
			sending = !count || peer->sent < last;
		}
		if (peer->received == peer->sent)
			break;
		zmq_pollitem_t item = {.socket = peer->link.socket, .events = ZMQ_POLLIN};
		if (zmq_poll(&item, 1, ANSWER_MS) <= 0)
			bench_die("no answer in %d s", ANSWER_MS / 1000);
		take_replies(peer, sent_at_us, window, samples);
	}
	samples->seconds += (double)(bench_now_us() - start_us) / 1e6;
	samples->cpu_seconds += bench_cpu_seconds(peer->pid) - cpu_before;
	free(sent_at_us);
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

struct point
samples_sum_up(struct samples *samples)
{
	if (samples->count == 0)
		bench_die("nothing was answered");
	qsort(samples->us, samples->count, sizeof *samples->us, by_size);
	struct point point = {
		.rate = (double)samples->count / samples->seconds,
		.p50_ms = samples->us[samples->count / 2] / 1e3,
		.p99_ms = samples->us[samples->count * 99 / 100] / 1e3,
		.cpu_us = samples->cpu_seconds * 1e6 / (double)samples->count,
	};
	free(samples->us);
	*samples = (struct samples){0};
	return point;
}

