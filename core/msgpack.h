/*
 * msgpack - MessagePack in and out: a bounded decoder, one canonical encoder.
 *
 * Invariants:
 *  1. Accepted is only: depth ≤ HP_LIMIT_DEPTH, containers ≤ HP_LIMIT_ELEMENTS, strings and bins
 *     ≤ HP_LIMIT_STRING_BYTES, bins ≤ HP_LIMIT_BIN_BYTES, no ext, map keys str and unique, str valid UTF-8, floats finite, no
 *     trailing byte. Checking and decoding are one pass, so the two cannot disagree.
 *  2. Decoding does not recurse, and a container gets memory only when the bytes left can hold its
 *     items and all that the containers around it still wait for: memory stays within a constant
 *     (about 80 bytes) a byte received, whatever lengths are announced (trust.md, trap 9).
 *  3. Encoding is HP-canon (trust.md): shortest forms, non-negative integers unsigned, floats
 *     float64, map keys ascending bytewise. encode(decode(x)) == x exactly when x is canonical.
 *     What invariant 1 refuses is not written either.
 * Source: the MessagePack specification; trust.md "Canonical MessagePack".
 */
#ifndef HP_CORE_MSGPACK_H
#define HP_CORE_MSGPACK_H

#include "core/buf.h"
#include "core/value.h"

/*
 * Decodes exactly `len` bytes. HP_INVALID, or HP_TOO_LARGE for what is over a limit, with the byte
 * offset in the message. Accepts non-canonical encodings (clients need not be canonical). The
 * caller bounds `len`.
 */
HP_MUST_CHECK enum hp_status hp_msgpack_decode(struct hp_arena *arena, const void *bytes,
					       size_t len, const struct hp_value **ret_value,
					       struct hp_error *err);

/* As hp_msgpack_decode, and requires HP-canon. */
HP_MUST_CHECK enum hp_status hp_msgpack_decode_canonical(struct hp_arena *arena,
							 const void *bytes, size_t len,
							 const struct hp_value **ret_value,
							 struct hp_error *err);

/*
 * Appends HP-canon of `value` to `buf`; on failure appends nothing. HP_INVALID for what HP-canon
 * cannot hold (non-finite float, bad UTF-8, duplicate keys), HP_TOO_LARGE for what is over a limit;
 * HP_NOMEM, and the buffer has failed.
 */
HP_MUST_CHECK enum hp_status hp_msgpack_encode(const struct hp_value *value, struct hp_buf *buf,
					       struct hp_error *err);

#endif
