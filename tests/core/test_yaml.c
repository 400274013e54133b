#include "tests/core/vectors.h"

#include "core/json.h"
#include "core/limits.h"

static enum hp_status
load(struct hp_arena *arena, const char *text, const struct hp_value **ret_value,
     struct hp_error *err)
{
	return hp_yaml_load(arena, text, strlen(text), ret_value, err);
}

Test(yaml, scalars_follow_the_core_schema)
{
	static const struct {
		const char *yaml, *json;
	} cases[] = {
		{"", "{}"},
		{"# only a comment\n", "{}"},
		{"---\n...\n", "{}"},
		{"\xef\xbb\xbf" "a: 1", "{\"a\":1}"},
		{"[~, null, Null, NULL, nUll]", "[null,null,null,null,\"nUll\"]"},
		{"a:", "{\"a\":null}"},
		{"[true, True, TRUE, false, False, FALSE]", "[true,true,true,false,false,false]"},
		{"[yes, no, on, off, y, n, tRue]",
		 "[\"yes\",\"no\",\"on\",\"off\",\"y\",\"n\",\"tRue\"]"},
		{"[0, 7, -7, +7, 0o17, 0x1F, 0xff]", "[0,7,-7,7,15,31,255]"},
		{"[0o8, 0xg, -0x1, 0b1, 1_000, 1:30, '1', \"0x1\"]",
		 "[\"0o8\",\"0xg\",\"-0x1\",\"0b1\",\"1_000\",\"1:30\",\"1\",\"0x1\"]"},
		{"[9223372036854775807, 9223372036854775808, 18446744073709551615, "
		 "-9223372036854775808]",
		 "[9223372036854775807,9223372036854775808,18446744073709551615,"
		 "-9223372036854775808]"},
		{"[0xffffffffffffffff, 0o1777777777777777777777]",
		 "[18446744073709551615,18446744073709551615]"},
		{"[1., .5, -1.5, 1e3, 1E-3, +.5e1, 0.0, -0.0, 00.5]",
		 "[1.0,0.5,-1.5,1000.0,0.001,5.0,0.0,-0.0,0.5]"},
		{"[., -, +, e3, 1e, 1e+, .e1, 1.2.3, 2026-11-22]",
		 "[\".\",\"-\",\"+\",\"e3\",\"1e\",\"1e+\",\".e1\",\"1.2.3\",\"2026-11-22\"]"},
		{"\"\\0\\x41\\u00e9\\/\"", "\"\\u0000A\\u00e9/\""},
		{"a: |\n  two\n  lines\nb: >-\n  one\n  line\n",
		 "{\"a\":\"two\\nlines\\n\",\"b\":\"one line\"}"},
		{"1: a\ntrue: b\n~: c\n\"\": d\n\"<<\": e\n",
		 "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\",\"\":\"d\",\"<<\":\"e\"}"},
		{"{a: {b: [1, {c: d}]}, e: []}", "{\"a\":{\"b\":[1,{\"c\":\"d\"}]},\"e\":[]}"},
		{"- [a: 1]\n- b: 2\n", "[[{\"a\":1}],{\"b\":2}]"},
		{"%YAML 1.2\n---\na: 1\n", "{\"a\":1}"},
		/* JSON is YAML here, surrogate pairs and all. */
		{"{\"a\":1,\"b\":[true,null,-1.5e3],\"c\":\"\\/\"}",
		 "{\"a\":1,\"b\":[true,null,-1500.0],\"c\":\"/\"}"},
		{" \n{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"\\ud83d\\ude00\"}"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_buf buf = {0};
		struct hp_error err = {0};
		const struct hp_value *value = NULL;
		cr_assert_eq(load(&arena, cases[i].yaml, &value, &err), HP_OK, "%s: %s",
			     cases[i].yaml, err.message);
		hp_json_dump(value, HP_JSON_LINE, &buf);
		cr_expect_str_eq(hp_buf_text(&buf), cases[i].json);
		hp_buf_release(&buf);
		hp_arena_release(&arena);
	}
}

Test(yaml, refusals_say_where)
{
	static const struct {
		const char *yaml;
		enum hp_status status;
		unsigned line, column;
		const char *message;
	} cases[] = {
		{"a: &x 1", HP_INVALID, 1, 4, "anchors are not supported"},
		{"a: &x [1]", HP_INVALID, 1, 4, "anchors are not supported"},
		{"&x a: 1", HP_INVALID, 1, 1, "anchors are not supported"},
		{"a: 1\nb: *a", HP_INVALID, 2, 4, "aliases are not supported"},
		{"a: !!str 1", HP_INVALID, 1, 4, "tags are not supported"},
		{"a: ! 1", HP_INVALID, 1, 4, "tags are not supported"},
		{"!x {}", HP_INVALID, 1, 1, "tags are not supported"},
		{"a:\n  <<: {b: 1}", HP_INVALID, 2, 3, "merge keys are not supported"},
		{"b: 1\na: 2\nb: 3\na: 4", HP_INVALID, 3, 1, "duplicate key \"b\""},
		{"{\"a\": 1, \"a\": 2}", HP_INVALID, 1, 10, "duplicate key \"a\""},
		{"a: {\"\\e[2J\": 1, \"\\e[2J\": 2}", HP_INVALID, 1, 17,
		 "duplicate key \"<U+001B>[2J\""},
		{"a: 1\n---\nb: 2", HP_INVALID, 2, 1,
		 "a second document starts here; only one is read"},
		{"? [a]\n: 1", HP_INVALID, 1, 3, "a key must be a string"},
		{"? {a: 1}\n: 1", HP_INVALID, 1, 3, "a key must be a string"},
		{"? \n: 1", HP_INVALID, 1, 2, "a key is missing"},
		{"mode: 0600", HP_INVALID, 1, 7,
		 "integer \"0600\" has a leading zero; quote it if it is text"},
		{"[-007]", HP_INVALID, 1, 2,
		 "integer \"-007\" has a leading zero; quote it if it is text"},
		{"[18446744073709551616]", HP_INVALID, 1, 2,
		 "integer \"18446744073709551616\" is out of range; quote it if it is text"},
		{"[-9223372036854775809]", HP_INVALID, 1, 2,
		 "integer \"-9223372036854775809\" is out of range; quote it if it is text"},
		{"[0x10000000000000000]", HP_INVALID, 1, 2,
		 "integer \"0x10000000000000000\" is out of range; quote it if it is text"},
		{"[-.inf]", HP_INVALID, 1, 2,
		 "\"-.inf\" is not a finite number; quote it if it is text"},
		{"[.NaN]", HP_INVALID, 1, 2,
		 "\".NaN\" is not a finite number; quote it if it is text"},
		{"[1e999]", HP_INVALID, 1, 2,
		 "number \"1e999\" is out of range; quote it if it is text"},
		{"a: 1\n b: 2", HP_INVALID, 2, 3, "mapping values are not allowed in this context"},
		{"a: [1, 2\n", HP_INVALID, 2, 1,
		 "did not find expected ',' or ']' while parsing a flow sequence"},
		{"a: \"x\n", HP_INVALID, 2, 1,
		 "found unexpected end of stream while scanning a quoted scalar"},
		{"\xc3\xa9: 1\n\xc3\xa9x: \"\xff\"", HP_INVALID, 2, 6,
		 "invalid leading UTF-8 octet"},
		{"a: \"\x01\"", HP_INVALID, 1, 5, "control characters are not allowed"},
		{"a:\n\t- b", HP_INVALID, 2, 1,
		 "found character that cannot start any token while scanning for the next token"},
		{"{\"a\":\"\\ud83d\"}", HP_INVALID, 1, 9,
		 "found invalid Unicode character escape code while parsing a quoted scalar"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_error err = {0};
		const struct hp_value *value = NULL;
		cr_expect_eq(load(&arena, cases[i].yaml, &value, &err), cases[i].status, "%s",
			     cases[i].yaml);
		cr_expect(err.line == cases[i].line && err.column == cases[i].column,
			  "%s: %u:%u", cases[i].yaml, err.line, err.column);
		cr_expect_str_eq(err.message, cases[i].message, "%s: %s", cases[i].yaml,
				 err.message);
		cr_expect_null(value);
		hp_arena_release(&arena);
	}
}

Test(yaml, every_node_knows_its_place)
{
	static const char text[] = "# head\n"
				   "first: 1\n"
				   "second:\n"
				   "  - a\n"
				   "  - {\xc3\xa9: \"x\", deep: [~]}\n";
	struct hp_arena arena = {0};
	const struct hp_value *root = NULL;
	cr_assert_eq(load(&arena, text, &root, NULL), HP_OK);
	cr_expect(root->line == 2 && root->column == 1);
	const struct hp_pair *pairs = root->map.pairs;
	cr_expect(pairs[0].line == 2 && pairs[0].column == 1);
	cr_expect(pairs[0].value->line == 2 && pairs[0].value->column == 8);
	cr_expect(pairs[1].line == 3 && pairs[1].column == 1);
	const struct hp_value *list = pairs[1].value;
	cr_expect(list->line == 4 && list->column == 3);
	const struct hp_value *map = list->array.items[1];
	cr_expect(map->line == 5 && map->column == 5);
	/* Columns are characters, not bytes. */
	cr_expect(map->map.pairs[1].line == 5 && map->map.pairs[1].column == 14);
	const struct hp_value *deep = map->map.pairs[1].value->array.items[0];
	cr_expect(deep->line == 5 && deep->column == 21 && deep->type == HP_NIL);
	hp_arena_release(&arena);
}

/* `count` times `open`, in one line. */
static enum hp_status
load_nested(const char *open, int count, struct hp_error *err)
{
	struct hp_arena arena = {0};
	struct hp_buf buf = {0};
	const struct hp_value *value = NULL;
	for (int i = 0; i < count; i++)
		hp_buf_add_text(&buf, open);
	for (int i = 0; i < count; i++)
		hp_buf_add_text(&buf, *open == '[' ? "]" : "}");
	enum hp_status status = hp_yaml_load(&arena, hp_buf_text(&buf), buf.len, &value, err);
	hp_buf_release(&buf);
	hp_arena_release(&arena);
	return status;
}

Test(yaml, depth_is_bounded)
{
	struct hp_error err = {0};
	cr_expect_eq(load_nested("[", 64, NULL), HP_OK);
	cr_expect_eq(load_nested("[", 65, &err), HP_TOO_LARGE);
	cr_expect(err.line == 1 && err.column == 65);
	cr_expect_str_eq(err.message, "nested deeper than 64");
	cr_expect_eq(load_nested("{a: ", 64, NULL), HP_OK);
	cr_expect_eq(load_nested("{a: ", 65, NULL), HP_TOO_LARGE);
	cr_expect_eq(load_nested("[", 100000, NULL), HP_TOO_LARGE);
}

Test(yaml, length_is_bounded)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	const struct hp_value *value = NULL;
	cr_assert_eq(hp_yaml_load(&arena, "", HP_LIMIT_FILE_BYTES + 1u, &value, &err),
		     HP_TOO_LARGE);
	cr_assert_str_eq(err.message, "over 16777216 bytes");
	hp_arena_release(&arena);
}

Test(yaml, values_are_counted)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	const struct hp_value *value = NULL;
	size_t len = 2 * (HP_LIMIT_YAML_NODES + 1) + 1;
	char *text = malloc(len);
	for (size_t i = 0; i < len; i++)
		text[i] = i % 2 ? '1' : ',';
	text[0] = '[';
	text[len - 1] = ']';
	cr_expect_eq(hp_yaml_load(&arena, text, len, &value, &err), HP_TOO_LARGE);
	cr_expect_str_eq(err.message, "over 2000000 values");
	cr_expect_null(value);
	free(text);
	hp_arena_release(&arena);
}

Test(yaml, wide_maps_are_searched_in_time)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	struct hp_buf buf = {0};
	const struct hp_value *value = NULL;
	for (int i = 50000; i > 0; i--)
		hp_buf_printf(&buf, "key%d: 1\n", i);
	cr_assert_eq(hp_yaml_load(&arena, hp_buf_text(&buf), buf.len, &value, NULL), HP_OK);
	cr_assert_eq(hp_value_count(value), 50000);
	hp_buf_add_text(&buf, "key777: 1\n");
	cr_assert_eq(hp_yaml_load(&arena, hp_buf_text(&buf), buf.len, &value, &err), HP_INVALID);
	cr_assert_str_eq(err.message, "duplicate key \"key777\"");
	cr_assert_eq(err.line, 50001);
	hp_buf_release(&buf);
	hp_arena_release(&arena);
}

Test(yaml, fixtures_load)
{
	static const char *const files[] = {
		"tests/fixtures/article-policy.yaml", "tests/fixtures/kiro-delete.yaml",
		"tests/fixtures/kiro-patch.yaml",     "tests/fixtures/hostile-text.json",
	};
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_error err = {0};
		const struct hp_value *value = NULL;
		size_t len = 0;
		char *text = read_source(files[i], &len);
		cr_expect_eq(hp_yaml_load(&arena, text, len, &value, &err), HP_OK, "%s:%u:%u: %s",
			     files[i], err.line, err.column, err.message);
		free(text);
		hp_arena_release(&arena);
	}
}
