#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>

enum hp_status
hp_fail(struct hp_error *err, enum hp_status status, const char *format, ...)
{
	if (err) {
		va_list args;
		va_start(args, format);
		vsnprintf(err->message, sizeof err->message, format, args);
		va_end(args);
	}
	return status;
}

enum hp_status
hp_fail_at(struct hp_error *err, enum hp_status status, unsigned line, unsigned column,
	   const char *format, ...)
{
	if (err) {
		va_list args;
		va_start(args, format);
		vsnprintf(err->message, sizeof err->message, format, args);
		va_end(args);
		err->line = line;
		err->column = column;
	}
	return status;
}

const char *
hp_status_text(enum hp_status status)
{
	static const char *const text[] = {
		[HP_OK] = "ok",
		[HP_NOMEM] = "out of memory",
		[HP_INVALID] = "invalid input",
		[HP_TOO_LARGE] = "too large",
		[HP_NOT_FOUND] = "not found",
		[HP_REFUSED] = "refused",
		[HP_CONFLICT] = "conflict",
		[HP_BAD_SIGNATURE] = "bad signature",
		[HP_IO] = "input or output failed",
		[HP_UNAVAILABLE] = "unavailable",
		[HP_TIMEOUT] = "timed out",
		[HP_UNSUPPORTED] = "unsupported",
	};
	if ((unsigned)status >= sizeof text / sizeof text[0] || !text[status])
		return "unknown status";
	return text[status];
}
