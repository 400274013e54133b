#include "enforce/mcp_line.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_BYTES = 64 * 1024,
	/* What a pipe that poll calls writable takes without blocking: pipe(7), PIPE_BUF. */
	WRITE_BYTES = 4096,
};

void
hp_mcp_reader_release(struct hp_mcp_reader *reader)
{
	hp_buf_release(&reader->buf);
}

/* Drops what was given out. */
static void
compact(struct hp_mcp_reader *reader)
{
	if (!reader->done)
		return;
	struct hp_buf *buf = &reader->buf;
	memmove(buf->data, buf->data + reader->done, buf->len - reader->done);
	buf->len -= reader->done;
	reader->seen -= reader->done;
	reader->done = 0;
}

void
hp_mcp_reader_fill(struct hp_mcp_reader *reader, int fd)
{
	static char piece[READ_BYTES];
	compact(reader);
	ssize_t len = read(fd, piece, sizeof piece);
	if (len < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (len <= 0) {
		reader->ended = true;
		return;
	}
	hp_buf_add(&reader->buf, piece, (size_t)len);
	if (reader->buf.failed) /* we would lose our place in the stream */
		reader->ended = true;
}

/* A line is over the limit: remember whose it is, and forget it. */
static void
swallow(struct hp_mcp_reader *reader, size_t len)
{
	if (!reader->too_long)
		reader->scan = (struct hp_mcp_scan){0};
	reader->too_long = true;
	hp_mcp_scan_add(&reader->scan, (const char *)reader->buf.data + reader->done, len);
	reader->done += len;
	reader->seen = reader->done;
}

enum hp_mcp_read
hp_mcp_reader_next(struct hp_mcp_reader *reader, struct hp_mcp_text *ret_line)
{
	struct hp_buf *buf = &reader->buf;
	if (buf->failed || reader->done >= buf->len)
		return HP_MCP_READ_NONE;
	const char *from = (const char *)buf->data + reader->done;
	const char *end = memchr(buf->data + reader->seen, '\n', buf->len - reader->seen);
	if (!end) {
		reader->seen = buf->len;
		if (reader->too_long || buf->len - reader->done > HP_LIMIT_MCP_LINE_BYTES)
			swallow(reader, buf->len - reader->done);
		return HP_MCP_READ_NONE;
	}
	size_t len = (size_t)(end - from);
	if (reader->too_long || len > HP_LIMIT_MCP_LINE_BYTES) {
		swallow(reader, len + 1);
		reader->too_long = false;
		return HP_MCP_READ_TOO_LONG;
	}
	*ret_line = (struct hp_mcp_text){from, len};
	reader->done += len + 1;
	reader->seen = reader->done;
	return HP_MCP_READ_LINE;
}

void
hp_mcp_writer_release(struct hp_mcp_writer *writer)
{
	hp_buf_release(&writer->buf);
}

static void
add(struct hp_mcp_writer *writer, const void *bytes, size_t len, bool end)
{
	struct hp_buf *buf = &writer->buf;
	if (writer->broken)
		return;
	if (writer->done == buf->len) {
		hp_buf_reset(buf);
		writer->done = 0;
	}
	hp_buf_add(buf, bytes, len);
	if (end)
		hp_buf_add_byte(buf, '\n');
	if (buf->failed) /* half a line would be another message */
		writer->broken = true;
}

void
hp_mcp_writer_add_line(struct hp_mcp_writer *writer, struct hp_mcp_text line)
{
	add(writer, line.p, line.len, true);
}

void
hp_mcp_writer_add(struct hp_mcp_writer *writer, const struct hp_buf *bytes)
{
	if (bytes->failed)
		writer->broken = true;
	add(writer, bytes->data, bytes->len, false);
}

bool
hp_mcp_writer_pending(const struct hp_mcp_writer *writer)
{
	return !writer->broken && writer->done < writer->buf.len;
}

bool
hp_mcp_writer_full(const struct hp_mcp_writer *writer)
{
	return hp_mcp_writer_pending(writer) &&
	       writer->buf.len - writer->done > HP_LIMIT_MCP_QUEUE_BYTES;
}

void
hp_mcp_writer_flush(struct hp_mcp_writer *writer, int fd)
{
	if (!hp_mcp_writer_pending(writer))
		return;
	const uint8_t *from = writer->buf.data + writer->done;
	size_t left = writer->buf.len - writer->done;
	ssize_t len = send(fd, from, left, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (len < 0 && errno == ENOTSOCK)
		len = write(fd, from, left < WRITE_BYTES ? left : WRITE_BYTES);
	if (len > 0)
		writer->done += (size_t)len;
	else if (len < 0 && errno != EINTR && errno != EAGAIN)
		writer->broken = true;
	if (writer->done == writer->buf.len) {
		hp_buf_reset(&writer->buf);
		writer->done = 0;
	} else if (writer->done > HP_LIMIT_MCP_LINE_BYTES) {
		memmove(writer->buf.data, writer->buf.data + writer->done,
			writer->buf.len - writer->done);
		writer->buf.len -= writer->done;
		writer->done = 0;
	}
}
