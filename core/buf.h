/*
 * buf - a growing byte buffer for encoders and output.
 *
 * Invariants:
 *  1. `data[len]` is 0 whenever data is not NULL, so text can be used as a C string.
 *  2. A failed growth is sticky (`failed`); later appends do nothing. Check once at the end.
 * Threads: one at a time.
 */
#ifndef HP_CORE_BUF_H
#define HP_CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

struct hp_buf {
	uint8_t *data;
	size_t len;
	size_t capacity;
	bool failed;
};

/* Frees the bytes; the buffer is empty and usable again. Takes NULL and a zeroed buffer. */
void hp_buf_release(struct hp_buf *buf);

/* Empties, keeping the memory. Clears `failed`. */
void hp_buf_reset(struct hp_buf *buf);

void hp_buf_add(struct hp_buf *buf, const void *bytes, size_t len);
void hp_buf_add_byte(struct hp_buf *buf, uint8_t byte);
void hp_buf_add_text(struct hp_buf *buf, const char *text);
void hp_buf_printf(struct hp_buf *buf, const char *format, ...) HP_PRINTF(2, 3);

/* Lower-case hexadecimal of `bytes`. */
void hp_buf_add_hex(struct hp_buf *buf, const void *bytes, size_t len);

/* The text so far as a C string, borrowed until the next change; "" when empty. */
const char *hp_buf_text(const struct hp_buf *buf);

#endif
