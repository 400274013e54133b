/*
 * fuzz - what every fuzz target shares.
 *
 * A target feeds bytes to one parser and checks what must hold whatever the bytes are: no crash,
 * no leak, and the properties that FUZZ_CHECK states.
 */
#ifndef HP_TESTS_FUZZ_H
#define HP_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert() it is never compiled out. */
#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* A refusal says why, in bytes that may go to any terminal. */
static inline void
fuzz_check_error(enum hp_status status, const struct hp_error *err)
{
	if (status == HP_OK)
		return;
	FUZZ_CHECK(err->message[0]);
	for (const char *p = err->message; *p; p++)
		FUZZ_CHECK(*p >= 0x20 && *p < 0x7f);
	for (const char *p = err->field; *p; p++)
		FUZZ_CHECK(*p >= 0x20 && *p < 0x7f);
}

#endif
