/*
 * schema: whatever a file holds, a refusal names field and reason in ASCII, and what passes is what
 * the table says.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/schema.h"
#include "core/units.h"
#include "core/yaml.h"

static const char *const words[] = {"allow", "hold", "block", NULL};
static const struct hp_field word = {.kinds = HP_K_ENUM, .words = words};
static const struct hp_field part[] = {
	{.name = "name", .kinds = HP_K_NAME, .required = true},
	{.name = "text", .kinds = HP_K_STR, .min = 1, .max = 8},
	{.name = NULL},
};
static const struct hp_field part_item = {.kinds = HP_K_MAP, .fields = part};
static const struct hp_field fields[] = {
	{.name = "id", .kinds = HP_K_UUID},
	{.name = "part", .kinds = HP_K_MAP, .fields = part},
	{.name = "parts", .kinds = HP_K_LIST, .item = &part_item, .max = 3},
	{.name = "words", .kinds = HP_K_MAP_OF, .item = &word, .min = 1, .max = 0},
	{.name = "count", .kinds = HP_K_INT, .min = -1, .max = 5},
	{.name = "ratio", .kinds = HP_K_NUMBER, .min = 0, .max = 1},
	{.name = "trial", .kinds = HP_K_BOOL},
	{.name = "timeout", .kinds = HP_K_DURATION, .min = 1000, .max = 60000},
	{.name = "size", .kinds = HP_K_SIZE | HP_K_LIST, .max = 4096},
	{.name = "free", .kinds = HP_K_ANY},
	{.name = NULL},
};

static void
check_passed(const struct hp_value *map)
{
	int64_t amount = hp_map_get_int(map, "count", 0);
	FUZZ_CHECK(amount >= -1 && amount <= 5);
	const struct hp_value *value = hp_map_get(map, "timeout");
	if (value) {
		FUZZ_CHECK(hp_units_duration(value->str.p, &amount, NULL) == HP_OK);
		FUZZ_CHECK(amount >= 1000 && amount <= 60000);
	}
	value = hp_map_get(map, "part");
	if (value) {
		FUZZ_CHECK(hp_map_get(value, "name"));
		FUZZ_CHECK(strlen(hp_map_get(value, "name")->str.p) ==
			   hp_map_get(value, "name")->str.len);
	}
	value = hp_map_get(map, "ratio");
	if (value)
		FUZZ_CHECK(hp_units_basis_points(value, &amount, NULL) == HP_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	const struct hp_value *value = NULL;
	if (hp_yaml_load(&arena, (const char *)data, size, &value, NULL) == HP_OK) {
		enum hp_status status = hp_schema_check(value, fields, "file", &err);
		FUZZ_CHECK(status == HP_OK || status == HP_INVALID);
		FUZZ_CHECK(hp_schema_check(value, fields, "file", NULL) == status);
		fuzz_check_error(status, &err);
		if (status == HP_OK)
			check_passed(value);
	}
	hp_arena_release(&arena);
	return 0;
}
