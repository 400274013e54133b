/*
 * YAML: every refusal has a place; what is loaded knows its lines and is the same value when it
 * comes again as JSON, which is YAML too.
 */
#include "tests/fuzz/fuzz.h"

#include "core/json.h"
#include "core/yaml.h"

/* libyaml takes keys of up to 1,024 characters; beyond, and above 63 bits, JSON loads otherwise. */
#define COMPARED_BYTES 1024

static void
check_json(struct hp_arena *arena, const struct hp_value *value)
{
	struct hp_buf buf = {0};
	struct hp_error err = {0};
	const struct hp_value *again = NULL;
	hp_json_dump(value, HP_JSON_LINE, &buf);
	if (buf.len < COMPARED_BYTES) {
		FUZZ_CHECK(hp_yaml_load(arena, hp_buf_text(&buf), buf.len, &again, &err) == HP_OK);
		FUZZ_CHECK(hp_value_equal(value, again));
	}
	hp_buf_release(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	const struct hp_value *value = NULL;
	enum hp_status status = hp_yaml_load(&arena, (const char *)data, size, &value, &err);
	FUZZ_CHECK((status == HP_OK) == (value != NULL));
	fuzz_check_error(status, &err);
	if (value)
		check_json(&arena, value);
	else
		FUZZ_CHECK(err.line > 0);
	hp_arena_release(&arena);
	return 0;
}
