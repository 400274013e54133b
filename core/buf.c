#include "core/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
hp_buf_release(struct hp_buf *buf)
{
	if (!buf)
		return;
	free(buf->data);
	*buf = (struct hp_buf){0};
}

void
hp_buf_reset(struct hp_buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = 0;
}

static bool
grow(struct hp_buf *buf, size_t more)
{
	if (buf->failed || more > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4) {
		buf->failed = true;
		return false;
	}
	size_t need = buf->len + more + 1;
	size_t capacity = buf->capacity ? buf->capacity * 2 : 512;
	if (capacity < need)
		capacity = need;
	uint8_t *data = realloc(buf->data, capacity);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

/* Room for `more` bytes and the closing NUL. */
static bool
reserve(struct hp_buf *buf, size_t more)
{
	return (!buf->failed && more < buf->capacity - buf->len) || grow(buf, more);
}

void
hp_buf_add(struct hp_buf *buf, const void *bytes, size_t len)
{
	if (!reserve(buf, len))
		return;
	if (len)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = 0;
}

void
hp_buf_add_byte(struct hp_buf *buf, uint8_t byte)
{
	hp_buf_add(buf, &byte, 1);
}

void
hp_buf_add_text(struct hp_buf *buf, const char *text)
{
	hp_buf_add(buf, text, strlen(text));
}

void
hp_buf_printf(struct hp_buf *buf, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		buf->failed = true;
	else if (reserve(buf, (size_t)len)) {
		vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

void
hp_buf_add_hex(struct hp_buf *buf, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;
	for (size_t i = 0; i < len; i++) {
		hp_buf_add_byte(buf, (uint8_t)digits[p[i] >> 4]);
		hp_buf_add_byte(buf, (uint8_t)digits[p[i] & 15]);
	}
}

const char *
hp_buf_text(const struct hp_buf *buf)
{
	return buf->data ? (const char *)buf->data : "";
}
