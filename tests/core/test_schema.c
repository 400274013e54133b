#include "tests/core/vectors.h"

#include <math.h>

#include "core/schema.h"

static const char *const effects[] = {"allow", "hold", "block", NULL};
static const struct hp_field word = {.kinds = HP_K_ENUM, .words = effects};
static const struct hp_field short_text = {.kinds = HP_K_STR, .min = 1, .max = 8};
static const struct hp_field inner[] = {
	{.name = "operation", .kinds = HP_K_STR, .required = true, .min = 1, .max = 10},
	{.name = "resources", .kinds = HP_K_LIST, .max = 3, .item = &short_text},
	{.name = "environment", .kinds = HP_K_STR},
	{.name = "arguments", .kinds = HP_K_MAP},
	{.name = NULL},
};
static const struct hp_field step = {.kinds = HP_K_MAP, .fields = inner};
static const struct hp_field fields[] = {
	{.name = "id", .kinds = HP_K_UUID},
	{.name = "action", .kinds = HP_K_MAP, .fields = inner},
	{.name = "steps", .kinds = HP_K_LIST, .item = &step},
	{.name = "patches", .kinds = HP_K_LIST},
	{.name = "count", .kinds = HP_K_INT, .min = 1, .max = 5},
	{.name = "level", .kinds = HP_K_INT, .min = -5},
	{.name = "at_least", .kinds = HP_K_INT, .min = 3, .max = 0},
	{.name = "natural", .kinds = HP_K_INT, .min = 0, .max = INT64_MAX},
	{.name = "any_int", .kinds = HP_K_INT},
	{.name = "ratio", .kinds = HP_K_NUMBER, .min = 0, .max = 1},
	{.name = "cost", .kinds = HP_K_NUMBER, .min = 1, .max = 0},
	{.name = "trial", .kinds = HP_K_BOOL},
	{.name = "key", .kinds = HP_K_BIN, .min = 2, .max = 2},
	{.name = "effect", .kinds = HP_K_ENUM, .words = effects},
	{.name = "timeout", .kinds = HP_K_DURATION, .min = 1000, .max = 3600000},
	{.name = "size", .kinds = HP_K_SIZE, .max = 4096},
	{.name = "name", .kinds = HP_K_NAME},
	{.name = "by_name", .kinds = HP_K_MAP_OF, .item = &word, .max = 2},
	{.name = "free", .kinds = HP_K_ANY},
	{.name = "who", .kinds = HP_K_NAME | HP_K_LIST, .item = &short_text},
	{.name = NULL},
};

Test(schema, good_maps_pass)
{
	static const char *const cases[] = {
		"{}",
		"{id: 00000000-0000-4000-8000-00000000000F}",
		"{action: {operation: a}}",
		"{action: {operation: abcdefghij, resources: [], environment: ''}}",
		"{action: {operation: a, arguments: {x: [1]}}}",
		"{action: {operation: a, resources: [a, b, abcdefgh]}}",
		"{steps: [{operation: a}, {operation: b}]}",
		"{patches: [1, a, ~]}",
		"{count: 1, level: -5, at_least: 3}",
		"{count: 5, level: 0, at_least: 99999999999}",
		"{any_int: -9223372036854775808}",
		"{ratio: 0}", "{ratio: 1}", "{ratio: 0.5}", "{ratio: 1.0}",
		"{trial: false}",
		"{effect: hold}",
		"{timeout: 1s}", "{timeout: 1h}", "{timeout: 90s}",
		"{size: 0}", "{size: 4096}", "{size: 4KiB}", "{size: '12'}",
		"{name: a}", "{name: A9._-z}",
		"{name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}",
		"{by_name: {}}", "{by_name: {x: allow, y: block}}", "{by_name: {x: ~}}",
		"{free: 1}", "{free: [{}]}",
		"{who: ana}", "{who: [ana, ben]}",
		"{count: ~, action: ~, name: ~}", /* nil means absent */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_error err = {0};
		const struct hp_value *value = NULL;
		cr_assert_eq(hp_yaml_load(&arena, cases[i], strlen(cases[i]), &value, &err), HP_OK,
			     "%s: %s", cases[i], err.message);
		cr_expect_eq(hp_schema_check(value, fields, "file", &err), HP_OK, "%s: %s",
			     cases[i], err.message);
		hp_arena_release(&arena);
	}
}

static const struct {
	const char *yaml, *field;
	unsigned line, column;
	const char *message;
} refusals[] = {
	{"[1]", "", 1, 1, "file must be a map, found list"},
	{"text", "", 1, 1, "file must be a map, found string"},
	/* Unknown keys, with a hint when one is near. */
	{"{pathces: []}", "pathces", 1, 2, "unknown key \"pathces\" (did you mean \"patches\"?)"},
	{"{coutn: 1}", "coutn", 1, 2, "unknown key \"coutn\" (did you mean \"count\"?)"},
	{"{Timeout: 1s}", "Timeout", 1, 2, "unknown key \"Timeout\" (did you mean \"timeout\"?)"},
	{"{TIMEOUT: 1s}", "TIMEOUT", 1, 2, "unknown key \"TIMEOUT\" (did you mean \"timeout\"?)"},
	{"{di: 1}", "di", 1, 2, "unknown key \"di\" (did you mean \"id\"?)"},
	{"{by-name: {}}", "by-name", 1, 2, "unknown key \"by-name\" (did you mean \"by_name\"?)"},
	{"{zebra: 1}", "zebra", 1, 2, "unknown key \"zebra\""},
	{"{x: 1}", "x", 1, 2, "unknown key \"x\""},
	{"count: 1\naction:\n  operation: a\n  enviroment: b\n", "action.enviroment", 4, 3,
	 "unknown key \"enviroment\" in \"action\" (did you mean \"environment\"?)"},
	{"steps:\n- operation: a\n- operation: b\n  x: 1", "steps[1].x", 4, 3,
	 "unknown key \"x\" in \"steps[1]\""},
	{"{\"\\e[2J\\u202e\": 1}", "<U+001B>[2J<U+202E>", 1, 2,
	 "unknown key \"<U+001B>[2J<U+202E>\""},
	{"{\"sc\\u043epe\": 1}", "sc<U+043E>pe", 1, 2, "unknown key \"sc<U+043E>pe\""},
	{"{\"count\\0\": 1}", "count<U+0000>", 1, 2,
	 "unknown key \"count<U+0000>\" (did you mean \"count\"?)"},
	{"{? aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa : 1}",
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1, 4,
	 "unknown key \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\""},
	/* Missing: at the map, with the whole path. */
	{"count: 1\naction: {}", "action.operation", 2, 9, "\"action.operation\" is missing"},
	{"action: {operation: ~}", "action.operation", 1, 9, "\"action.operation\" is missing"},
	/* Wrong type. */
	{"{action: {operation: a, environment: 5}}", "action.environment", 1, 38,
	 "\"action.environment\" must be a string, found integer"},
	{"{action: []}", "action", 1, 10, "\"action\" must be a map, found list"},
	{"{patches: {}}", "patches", 1, 11, "\"patches\" must be a list, found map"},
	{"{steps: [1]}", "steps[0]", 1, 10, "\"steps[0]\" must be a map, found integer"},
	{"{steps: [~]}", "steps[0]", 1, 10, "\"steps[0]\" must be a map, found nil"},
	{"{count: 1.0}", "count", 1, 9, "\"count\" must be an integer, found float"},
	{"{count: \"1\"}", "count", 1, 9, "\"count\" must be an integer, found \"1\""},
	{"{any_int: 18446744073709551615}", "any_int", 1, 11,
	 "\"any_int\" must be an integer, found an integer over 63 bits"},
	{"{trial: yes}", "trial", 1, 9, "\"trial\" must be true or false, found \"yes\""},
	{"{trial: 1}", "trial", 1, 9, "\"trial\" must be true or false, found integer"},
	{"{key: ab}", "key", 1, 7, "\"key\" must be a bin, found string"},
	{"{ratio: []}", "ratio", 1, 9, "\"ratio\" must be a number, found list"},
	/* Ranges. */
	{"{count: 0}", "count", 1, 9, "\"count\" must be 1 to 5, found 0"},
	{"{count: 6}", "count", 1, 9, "\"count\" must be 1 to 5, found 6"},
	{"{level: -6}", "level", 1, 9, "\"level\" must be -5 to 0, found -6"},
	{"{at_least: 2}", "at_least", 1, 12, "\"at_least\" must be at least 3, found 2"},
	{"{natural: -1}", "natural", 1, 11, "\"natural\" must be at least 0, found -1"},
	{"{ratio: 1.5}", "ratio", 1, 9, "\"ratio\" must be 0 to 1, found 1.5"},
	{"{ratio: -1}", "ratio", 1, 9, "\"ratio\" must be 0 to 1, found -1"},
	{"{ratio: 18446744073709551615}", "ratio", 1, 9,
	 "\"ratio\" must be 0 to 1, found 18446744073709551615"},
	{"{action: {operation: ''}}", "action.operation", 1, 22,
	 "\"action.operation\" must be 1 to 10 bytes long, found 0"},
	{"{action: {operation: abcdefghijk}}", "action.operation", 1, 22,
	 "\"action.operation\" must be 1 to 10 bytes long, found 11"},
	{"{action: {operation: a, resources: [a, b, c, d]}}", "action.resources", 1, 36,
	 "\"action.resources\" must have at most 3 items, found 4"},
	{"{action: {operation: a, resources: [a, 7]}}", "action.resources[1]", 1, 40,
	 "\"action.resources[1]\" must be a string, found integer"},
	{"{by_name: {a: hold, b: hold, c: hold}}", "by_name", 1, 11,
	 "\"by_name\" must have at most 2 items, found 3"},
	/* Shapes of strings. */
	{"{effect: blocked}", "effect", 1, 10,
	 "\"effect\" must be \"allow\", \"hold\" or \"block\", found \"blocked\" "
	 "(did you mean \"block\"?)"},
	{"{effect: \"hold\\0\"}", "effect", 1, 10,
	 "\"effect\" must be \"allow\", \"hold\" or \"block\", found \"hold<U+0000>\" "
	 "(did you mean \"hold\"?)"},
	{"{effect: 3}", "effect", 1, 10,
	 "\"effect\" must be \"allow\", \"hold\" or \"block\", found integer"},
	{"{by_name: {x: hld}}", "by_name.x", 1, 15,
	 "\"by_name.x\" must be \"allow\", \"hold\" or \"block\", found \"hld\" "
	 "(did you mean \"hold\"?)"},
	{"{timeout: 10 minutes}", "timeout", 1, 11,
	 "\"timeout\" must be a duration such as 90s, 30m or 4h, found \"10 minutes\""},
	{"{timeout: \"5s\\0\"}", "timeout", 1, 11,
	 "\"timeout\" must be a duration such as 90s, 30m or 4h, found \"5s<U+0000>\""},
	{"{timeout: 30}", "timeout", 1, 11,
	 "\"timeout\" must be a duration such as 90s, 30m or 4h, found integer"},
	{"{timeout: 2h}", "timeout", 1, 11, "\"timeout\" must be 1 s to 1 h, found 2 h"},
	{"{size: 1MB}", "size", 1, 8,
	 "\"size\" must be a size such as 512, 64KiB or 10MiB, found \"1MB\""},
	{"{size: -1}", "size", 1, 8,
	 "\"size\" must be a size such as 512, 64KiB or 10MiB, found -1"},
	{"{size: 5KiB}", "size", 1, 8, "\"size\" must be 0 to 4096 bytes, found 5120"},
	{"{id: 00000000-0000-4000-8000-00000000000}", "id", 1, 6,
	 "\"id\" must be a UUID, found \"00000000-0000-4000-8000-00000000...\""},
	{"{id: 00000000-0000-4000-8000-00000000000g}", "id", 1, 6,
	 "\"id\" must be a UUID, found \"00000000-0000-4000-8000-00000000...\""},
	{"{id: 00000000x0000-4000-8000-000000000000}", "id", 1, 6,
	 "\"id\" must be a UUID, found \"00000000x0000-4000-8000-00000000...\""},
	{"{name: ''}", "name", 1, 8,
	 "\"name\" must be a name of letters, digits, \".\", \"_\" and \"-\", found \"\""},
	{"{name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab}", "name", 1, 8,
	 "\"name\" must be a name of letters, digits, \".\", \"_\" and \"-\", "
	 "found \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\""},
	{"{name: .hidden}", "name", 1, 8,
	 "\"name\" must be a name of letters, digits, \".\", \"_\" and \"-\", found \".hidden\""},
	{"{name: a/b}", "name", 1, 8,
	 "\"name\" must be a name of letters, digits, \".\", \"_\" and \"-\", found \"a/b\""},
	{"{name: \"ana\\0x\"}", "name", 1, 8,
	 "\"name\" must be a name of letters, digits, \".\", \"_\" and \"-\", "
	 "found \"ana<U+0000>x\""},
	{"{who: 5}", "who", 1, 7,
	 "\"who\" must be a list or a name of letters, digits, \".\", \"_\" and \"-\", "
	 "found integer"},
	/* The first thing wrong in the source is the one named. */
	{"{zebra: 1, count: 0}", "zebra", 1, 2, "unknown key \"zebra\""},
	{"{count: 0, zebra: 1}", "count", 1, 9, "\"count\" must be 1 to 5, found 0"},
};

Test(schema, refusals_name_field_place_and_reason)
{
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_error err = {0};
		const struct hp_value *value = NULL;
		const char *yaml = refusals[i].yaml;
		cr_assert_eq(hp_yaml_load(&arena, yaml, strlen(yaml), &value, &err), HP_OK,
			     "%s: %s", yaml, err.message);
		cr_expect_eq(hp_schema_check(value, fields, "file", &err), HP_INVALID, "%s", yaml);
		cr_expect_str_eq(err.message, refusals[i].message, "%s", err.message);
		cr_expect_str_eq(err.field, refusals[i].field, "%s: %s", yaml, err.field);
		cr_expect(err.line == refusals[i].line && err.column == refusals[i].column,
			  "%s: %u:%u", yaml, err.line, err.column);
		cr_expect_eq(hp_schema_check(value, fields, "file", NULL), HP_INVALID);
		hp_arena_release(&arena);
	}
}

Test(schema, bins_have_lengths)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	struct hp_value *map = hp_value_map(&arena);
	hp_map_set_bin(&arena, map, "key", "\0\1", 2);
	cr_expect_eq(hp_schema_check(map, fields, "message", &err), HP_OK);
	map->map.count = 0;
	hp_map_set_bin(&arena, map, "key", "\0\1\2", 3);
	cr_expect_eq(hp_schema_check(map, fields, "message", &err), HP_INVALID);
	cr_expect_str_eq(err.message, "\"key\" must be exactly 2 bytes long, found 3");
	cr_expect_eq(err.line, 0);
	hp_arena_release(&arena);
}

Test(schema, not_a_number_is_in_no_range)
{
	struct hp_arena arena = {0};
	struct hp_value *map = hp_value_map(&arena);
	hp_map_set(&arena, map, "ratio", hp_value_float(&arena, NAN));
	cr_expect_eq(hp_schema_check(map, fields, "message", NULL), HP_INVALID);
	map->map.count = 0;
	hp_map_set(&arena, map, "cost", hp_value_float(&arena, NAN));
	cr_expect_eq(hp_schema_check(map, fields, "message", NULL), HP_INVALID);
	hp_arena_release(&arena);
}

/* A path of hostile keys is cut, never overrun, and stays ASCII. */
Test(schema, long_paths_are_cut)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	struct hp_field nest[12];
	struct hp_value *value = hp_value_int(&arena, 1);
	for (size_t i = 0; i < 11; i++)
		nest[i] = (struct hp_field){.kinds = HP_K_MAP_OF, .item = &nest[i + 1]};
	nest[11] = (struct hp_field){.kinds = HP_K_STR};
	for (size_t i = 0; i < 11; i++) {
		struct hp_value *map = hp_value_map(&arena);
		hp_map_set(&arena, map, "\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b", value);
		value = map;
	}
	struct hp_value *root = hp_value_map(&arena);
	hp_map_set(&arena, root, "top", value);
	nest[0].name = "top";
	struct hp_field top[] = {nest[0], {.name = NULL}};
	cr_assert_eq(hp_schema_check(root, top, "message", &err), HP_INVALID);
	cr_assert_eq(strlen(err.field), sizeof err.field - 1);
	cr_assert_leq(strlen(err.message), sizeof err.message - 1);
	for (const char *p = err.message; *p; p++)
		cr_assert(*p >= 0x20 && *p < 0x7f);
	hp_arena_release(&arena);
}
