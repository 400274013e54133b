/* A text that comes in pieces: the windows of redact_set.h, filled one after the other. */
#include <stdlib.h>
#include <string.h>

#include "core/redact_set.h"

#define HELD_BYTES (HP_REDACT_BEHIND_BYTES + HP_REDACT_STRIDE_BYTES + HP_REDACT_REACH_BYTES)

struct hp_redact_stream {
	struct hp_redact_pass pass;
	char *held; /* the text from offset `base` on */
	size_t len, base;
	size_t own; /* where the next window's own part begins */
	enum hp_status failure;
};

enum hp_status
hp_redact_stream_new(struct hp_redact *set, hp_redact_tell *tell, void *context,
                     struct hp_redact_stream **ret_stream)
{
	struct hp_redact_stream *stream = calloc(1, sizeof *stream);
	if (stream)
		stream->held = malloc(HELD_BYTES);
	if (!stream || !stream->held) {
		free(stream);
		return HP_NOMEM;
	}
	stream->pass = (struct hp_redact_pass){.set = set, .tell = tell, .context = context};
	*ret_stream = stream;
	return HP_OK;
}

void
hp_redact_stream_free(struct hp_redact_stream *stream)
{
	if (!stream)
		return;
	hp_redact_pass_release(&stream->pass);
	explicit_bzero(stream->held, HELD_BYTES);
	free(stream->held);
	free(stream);
}

/* Judges the next window and lets go of what no later one sees. */
static void
judge(struct hp_redact_stream *stream, struct hp_buf *buf, bool last)
{
	struct hp_redact_text text = {stream->held, stream->len, SIZE_MAX};
	size_t next = stream->own + HP_REDACT_STRIDE_BYTES;
	size_t end = next + HP_REDACT_REACH_BYTES - stream->base;
	if (text.len > end)
		text.len = end;
	stream->pass.buf = buf;
	size_t before = buf->len;
	stream->failure =
		hp_redact_judge_window(&stream->pass, &text, stream->base, stream->own, next, last);
	stream->own = next;
	if (stream->failure != HP_OK && buf->data && buf->len > before) {
		buf->len = before;
		buf->data[before] = 0;
	}
	if (last || stream->failure != HP_OK)
		return;
	size_t drop = next - HP_REDACT_BEHIND_BYTES - stream->base;
	memmove(stream->held, stream->held + drop, stream->len - drop);
	stream->len -= drop;
	stream->base += drop;
}

enum hp_status
hp_redact_stream_add(struct hp_redact_stream *stream, const char *piece, size_t len,
                     struct hp_buf *buf)
{
	while (len > 0 && stream->failure == HP_OK) {
		size_t full = stream->own + HP_REDACT_STRIDE_BYTES + HP_REDACT_REACH_BYTES - stream->base;
		size_t take = full - stream->len < len ? full - stream->len : len;
		memcpy(stream->held + stream->len, piece, take);
		stream->len += take;
		piece += take;
		len -= take;
		if (stream->len == full)
			judge(stream, buf, false);
	}
	return stream->failure;
}

enum hp_status
hp_redact_stream_finish(struct hp_redact_stream *stream, struct hp_buf *buf)
{
	bool last = false;
	while (!last && stream->failure == HP_OK) {
		last = stream->base + stream->len <= stream->own + HP_REDACT_STRIDE_BYTES;
		judge(stream, buf, last);
	}
	return stream->failure;
}
