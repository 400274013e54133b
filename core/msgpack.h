/*
 * msgpack - MessagePack in and out: a bounded pre-scan, a decoder, one canonical encoder.
 *
 * Invariants:
 *  1. Nothing is decoded that the pre-scan did not pass: depth ≤ HP_LIMIT_DEPTH, containers
 *     ≤ HP_LIMIT_ELEMENTS, strings ≤ HP_LIMIT_STRING_BYTES, declared lengths within the bytes that
 *     are left, no ext, map keys str and unique, str valid UTF-8, floats finite, no trailing byte.
 *     The scan is iterative: its memory is bounded whatever the input (trust.md, trap 9).
 *  2. Encoding is HP-canon (trust.md): shortest forms, non-negative integers unsigned, floats
 *     float64, map keys ascending bytewise. encode(decode(x)) == x exactly when x is canonical.
 * Source: the MessagePack specification; trust.md "Canonical MessagePack".
 */
#ifndef HP_CORE_MSGPACK_H
#define HP_CORE_MSGPACK_H

#include "core/buf.h"
#include "core/value.h"

/* Decodes exactly `len` bytes. HP_INVALID / HP_TOO_LARGE with the byte offset in the message.
 * Accepts non-canonical encodings (clients need not be canonical). */
HP_MUST_CHECK enum hp_status hp_msgpack_decode(struct hp_arena *arena, const void *bytes,
					       size_t len, const struct hp_value **ret_value,
					       struct hp_error *err);

/* As hp_msgpack_decode, and requires HP-canon: re-encodes and compares. */
HP_MUST_CHECK enum hp_status hp_msgpack_decode_canonical(struct hp_arena *arena,
							 const void *bytes, size_t len,
							 const struct hp_value **ret_value,
							 struct hp_error *err);

/* Appends HP-canon of `value` to `buf`. HP_INVALID for what HP-canon cannot hold (non-finite
 * float, bad UTF-8, duplicate keys, too deep); HP_NOMEM. */
HP_MUST_CHECK enum hp_status hp_msgpack_encode(const struct hp_value *value, struct hp_buf *buf,
					       struct hp_error *err);

#endif
