/* JSON: what is loaded is dumped in ASCII, in both styles, and loads again as the same value. */
#include "tests/fuzz/fuzz.h"

#include "core/json.h"

static void
check_dump(struct hp_arena *arena, const struct hp_value *value, enum hp_json_style style)
{
	struct hp_buf buf = {0};
	const struct hp_value *again = NULL;
	hp_json_dump(value, style, &buf);
	for (size_t i = 0; i < buf.len; i++)
		FUZZ_CHECK((buf.data[i] >= 0x20 && buf.data[i] < 0x7f) ||
			   (style == HP_JSON_INDENT && buf.data[i] == '\n'));
	FUZZ_CHECK(hp_json_load(arena, hp_buf_text(&buf), buf.len, &again, NULL) == HP_OK);
	FUZZ_CHECK(hp_value_equal(value, again));
	hp_buf_release(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	const struct hp_value *value = NULL;
	enum hp_status status = hp_json_load(&arena, (const char *)data, size, &value, &err);
	FUZZ_CHECK((status == HP_OK) == (value != NULL));
	fuzz_check_error(status, &err);
	if (value) {
		check_dump(&arena, value, HP_JSON_LINE);
		check_dump(&arena, value, HP_JSON_INDENT);
	}
	hp_arena_release(&arena);
	return 0;
}
