/*
 * Canonical bytes, as a reviewer's client opens what a broker sent: what opens has one encoding, and
 * is laid out in lines of this terminal that hold nothing a terminal would act on.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/buf.h"
#include "core/msgpack.h"
#include "core/present.h"
#include "core/request.h"

static void
check_lines(struct hp_arena *arena, const struct hp_value *map, const uint8_t *digest, bool ascii)
{
	const struct hp_present_options options = {.columns = 80, .ascii = ascii};
	struct hp_present shown;
	struct hp_confirmation confirmation;
	if (hp_present_request(arena, map, NULL, digest, &options, &shown) != HP_OK)
		return;
	for (size_t i = 0; i < shown.count; i++) {
		const struct hp_present_line *line = &shown.lines[i];
		FUZZ_CHECK(hp_text_width(line->text, line->len) <= 80 - HP_PRESENT_LABEL);
		for (size_t j = 0; j < line->len; j++) {
			unsigned char byte = (unsigned char)line->text[j];
			FUZZ_CHECK(byte >= 0x20 && byte != 0x7f && (!ascii || byte < 0x80));
		}
	}
	hp_present_confirmation(map, digest, &confirmation);
	FUZZ_CHECK(confirmation.text[0] && confirmation.what);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_buf again = {0};
	struct hp_error err = {0};
	const struct hp_value *map = NULL;
	enum hp_status status = hp_request_open_canonical(&arena, data, size, &map, &err);
	fuzz_check_error(status, &err);
	if (status == HP_OK) {
		uint8_t digest[HP_HASH_BYTES];
		FUZZ_CHECK(hp_msgpack_encode(map, &again, NULL) == HP_OK);
		FUZZ_CHECK(again.len == size && memcmp(again.data, data, size) == 0);
		hp_request_digest(data, size, digest);
		check_lines(&arena, map, digest, true);
		check_lines(&arena, map, digest, false);
	}
	hp_buf_release(&again);
	hp_arena_release(&arena);
	return 0;
}
