/*
 * mcp_text - places in the original text of a JSON message, so that what is changed is spliced and
 * everything else goes on byte for byte.
 *
 * A parser's tree cannot be written back as it was: 0.1 becomes 0.10000000000000001, escapes and
 * spaces change (trust.md, trap 10). What was approved are bytes, so bytes are what we keep.
 * Invariants:
 *  1. Everything but the scan works on text that hp_json_load() accepted: one value, no duplicate
 *     keys, valid UTF-8. Given other text it finds nothing, and never looks beyond it.
 *  2. Keys are compared as a parser reads them: "\u005fx" is "_x".
 *  3. The scan trusts nothing: it is for lines that are no JSON, or too long to keep, and what it
 *     finds only says whom to tell of the error.
 * Threads: no state.
 */
#ifndef HP_ENFORCE_MCP_TEXT_H
#define HP_ENFORCE_MCP_TEXT_H

#include "core/buf.h"
#include "core/limits.h"

/* Bytes [from, to) of a text; empty: nothing there. */
struct hp_mcp_span {
	size_t from, to;
};

struct hp_mcp_text {
	const char *p;
	size_t len;
};

/* A member of an object or an item of an array. */
struct hp_mcp_part {
	struct hp_mcp_span key; /* with its quotes; empty in an array */
	struct hp_mcp_span value;
};

/* The one value of the text. */
struct hp_mcp_span hp_mcp_whole(struct hp_mcp_text text);

/* Each part of the container at `container` in turn: start with *at = 0; false at the end. */
bool hp_mcp_next(struct hp_mcp_text text, struct hp_mcp_span container, size_t *at,
		 struct hp_mcp_part *ret_part);

/* The value of member `name` of the object at `object`; empty when there is none. */
struct hp_mcp_span hp_mcp_member(struct hp_mcp_text text, struct hp_mcp_span object,
				 const char *name);
/* Whether a key, with its quotes, reads as `name` (ASCII). */
bool hp_mcp_key_is(struct hp_mcp_text text, struct hp_mcp_span key, const char *name);

void hp_mcp_add_span(struct hp_buf *buf, struct hp_mcp_text text, struct hp_mcp_span span);
/* The text with `with` in the place of `span`, which may be empty: inserted there. */
void hp_mcp_add_spliced(struct hp_buf *buf, struct hp_mcp_text text, struct hp_mcp_span span,
			const char *with, size_t len);

/* The top-level "id" of something that may be anything, in pieces. */
struct hp_mcp_scan {
	unsigned depth;
	bool in_string, escaped, after_colon, broken;
	bool has_method, twice;
	char key[8]; /* the string that was read last at depth 1, cut */
	size_t key_len;
	char id[HP_LIMIT_MCP_ID_BYTES + 2]; /* its text */
	size_t id_len;
	bool in_id;
};
void hp_mcp_scan_add(struct hp_mcp_scan *scan, const char *p, size_t len);
/* The id's text when it can be told; "" otherwise. `ret_method`: there is a "method" too. */
const char *hp_mcp_scan_id(struct hp_mcp_scan *scan, bool *ret_method);

#endif
