/*
 * mcp_line - lines in from a descriptor, lines out to one, without ever blocking.
 *
 * Invariants:
 *  1. A line is at most HP_LIMIT_MCP_LINE_BYTES. A longer one is read to its end and told once,
 *     with the id that the scan of mcp_text.h found in it; no part of it is given out.
 *  2. Descriptors are neither closed nor changed: nonblocking mode would reach others that have
 *     the same open file. Reads and writes are made only when poll says so, and writes are small.
 *  3. What waits to be written is bounded by who adds to it: see hp_mcp_writer_full().
 * Threads: one.
 */
#ifndef HP_ENFORCE_MCP_LINE_H
#define HP_ENFORCE_MCP_LINE_H

#include "enforce/mcp_text.h"

struct hp_mcp_reader {
	struct hp_buf buf;
	size_t done; /* of buf: given out */
	size_t seen; /* of buf: looked at, no line end */
	bool ended;  /* nothing more comes */
	bool too_long;
	struct hp_mcp_scan scan; /* of a line that is too long */
};

enum hp_mcp_read {
	HP_MCP_READ_LINE,     /* a line, without its end */
	HP_MCP_READ_TOO_LONG, /* `scan` says whose */
	HP_MCP_READ_NONE,     /* wait for more */
};

void hp_mcp_reader_release(struct hp_mcp_reader *reader);
/* Reads once, when poll says readable; at the end of input or an error the reader has ended. */
void hp_mcp_reader_fill(struct hp_mcp_reader *reader, int fd);
/* The next line; it is borrowed until the next fill. A last line without an end is none. */
enum hp_mcp_read hp_mcp_reader_next(struct hp_mcp_reader *reader, struct hp_mcp_text *ret_line);

struct hp_mcp_writer {
	struct hp_buf buf;
	size_t done;
	bool broken; /* the peer does not read any more; what is added is forgotten */
};

void hp_mcp_writer_release(struct hp_mcp_writer *writer);
/* Adds a line that has no end yet, or bytes that have. */
void hp_mcp_writer_add_line(struct hp_mcp_writer *writer, struct hp_mcp_text line);
void hp_mcp_writer_add(struct hp_mcp_writer *writer, const struct hp_buf *bytes);
bool hp_mcp_writer_pending(const struct hp_mcp_writer *writer);
/* Whether so much waits that its source should not be read for now. */
bool hp_mcp_writer_full(const struct hp_mcp_writer *writer);
/* Writes some. Call when poll says writable. */
void hp_mcp_writer_flush(struct hp_mcp_writer *writer, int fd);

#endif
