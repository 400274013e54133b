/* policy test: cases in a file, each a request and what a policy must make of it. */
#include <stdio.h>
#include <string.h>

#include "cli/fields.h"
#include "cli/offline.h"
#include "cli/output.h"
#include "core/limits.h"
#include "core/text.h"

static const struct hp_field name_item = {.kinds = HP_K_STR, .min = 1};
#define NAMES .kinds = HP_K_STR | HP_K_LIST, .item = &name_item

static const struct hp_field expect_fields[] = {
	{.name = "verdict", .kinds = HP_K_STR},
	{.name = "effect", .kinds = HP_K_STR},
	{.name = "environment", .kinds = HP_K_STR},
	{.name = "tier", .kinds = HP_K_STR},
	{.name = "class", NAMES},
	{.name = "not_class", NAMES},
	{.name = "rule", NAMES},
	{0},
};

static const struct hp_field case_fields[] = {
	{.name = "name", .kinds = HP_K_STR, .required = true, .min = 1},
	{.name = "as", .kinds = HP_K_STR},
	{.name = "request", .kinds = HP_K_MAP, .required = true},
	{.name = "expect", .kinds = HP_K_MAP, .required = true, .fields = expect_fields},
	{0},
};

/* One run: what each case said, kept apart until it is known how to print it. */
struct tally {
	struct hp_cli *cli;
	const struct hp_offline *offline;
	const char *path;
	struct hp_value *cases; /* [{name, line, differences}] */
	size_t failed;
};

static void
differ(struct tally *tally, struct hp_value *differences, const char *what, const char *expected,
       const char *found)
{
	struct hp_arena *arena = &tally->cli->arena;
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "what", what);
	hp_map_set_str(arena, map, "expected", expected);
	hp_map_set_str(arena, map, "found", found);
	hp_array_add(arena, differences, map);
}

static void
compare_word(struct tally *tally, struct hp_value *differences, const struct hp_value *expect,
	     const struct hp_value *found, const char *key)
{
	const char *wanted = hp_map_get_str(expect, key, NULL);
	if (wanted && !hp_value_is(hp_map_get(found, key), wanted))
		differ(tally, differences, key, wanted, hp_map_get_str(found, key, ""));
}

static bool
has_class(const struct hp_value *found, const char *name)
{
	const struct hp_value *classes = hp_map_get(found, "class");
	for (size_t i = 0; i < hp_value_count(classes); i++)
		if (hp_value_is(hp_array_get(classes, i), name))
			return true;
	return false;
}

static bool
has_rule(const struct hp_value *found, const char *name)
{
	const struct hp_value *findings = hp_map_get(found, "findings");
	for (size_t i = 0; i < hp_value_count(findings); i++)
		if (hp_value_is(hp_map_get(hp_array_get(findings, i), "rule"), name))
			return true;
	return false;
}

/* The names under `key`, a string or a list of them, each have to be (or not be) in `found`. */
static void
compare_names(struct tally *tally, struct hp_value *differences, const struct hp_value *expect,
	      const struct hp_value *found, const char *key)
{
	const struct hp_value *wanted = hp_map_get(expect, key);
	bool single = wanted && wanted->type == HP_STR, absent = strcmp(key, "not_class") == 0;
	bool rule = strcmp(key, "rule") == 0;
	for (size_t i = 0; i < (single ? 1 : hp_value_count(wanted)); i++) {
		const char *name = single ? wanted->str.p : hp_array_get(wanted, i)->str.p;
		bool there = rule ? has_rule(found, name) : has_class(found, name);
		if (there == absent)
			differ(tally, differences, key, name,
			       rule ? "no such finding"
				    : hp_out_list(tally->cli, hp_map_get(found, "class")));
	}
}

static void
compare(struct tally *tally, struct hp_value *differences, const struct hp_value *expect,
	const struct hp_value *found)
{
	static const char *const words[] = {"verdict", "effect", "environment", "tier"};
	static const char *const names[] = {"class", "not_class", "rule"};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		compare_word(tally, differences, expect, found, words[i]);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		compare_names(tally, differences, expect, found, names[i]);
}

/* HP_EXIT_OK whether it passes or not; anything else is a case that cannot be run. */
static int
run_case(struct tally *tally, const struct hp_value *one)
{
	struct hp_cli *cli = tally->cli;
	struct hp_verdict verdict;
	struct hp_error err = {0};
	enum hp_status status = hp_schema_check(one, case_fields, "case", &err);
	if (status != HP_OK)
		return hp_fields_refuse(cli, status, tally->path, &err);
	const char *as = hp_map_get_str(one, "as", hp_offline_as(cli));
	if (!as)
		status = hp_fail_at(&err, HP_INVALID, one->line, one->column,
				    "case: as whom? give \"as\" or --as NAME");
	else
		status = hp_offline_judge(tally->offline, &cli->arena, as,
					  hp_map_get(one, "request"), HP_REQUEST_EXEC, &verdict,
					  &err);
	if (status == HP_NOT_FOUND) {
		err.line = one->line;
		err.column = one->column;
	}
	if (status != HP_OK)
		return hp_fields_refuse(cli, status, tally->path, &err);
	struct hp_value *found = hp_offline_to_value(&cli->arena, &verdict);
	struct hp_value *differences = hp_value_array(&cli->arena);
	compare(tally, differences, hp_map_get(one, "expect"), found);
	struct hp_value *map = hp_value_map(&cli->arena);
	hp_map_set_str(&cli->arena, map, "name", hp_map_get_str(one, "name", ""));
	hp_map_set_int(&cli->arena, map, "line", one->line);
	hp_map_set(&cli->arena, map, "differences", differences);
	hp_array_add(&cli->arena, tally->cases, map);
	tally->failed += hp_value_count(differences) > 0;
	return HP_EXIT_OK;
}

static void
print_case(struct tally *tally, const struct hp_value *one)
{
	struct hp_cli *cli = tally->cli;
	const struct hp_value *differences = hp_map_get(one, "differences");
	if (hp_value_count(differences) == 0)
		return;
	printf("%s:%lld: %s\n", hp_text_safe(&cli->arena, tally->path, 0),
	       (long long)hp_map_get_int(one, "line", 0),
	       hp_out_text(cli, hp_map_get(one, "name")));
	for (size_t i = 0; i < hp_value_count(differences); i++) {
		const struct hp_value *each = hp_array_get(differences, i);
		printf("  %-12s expected %s, found %s\n", hp_map_get_str(each, "what", ""),
		       hp_out_text(cli, hp_map_get(each, "expected")),
		       hp_out_text(cli, hp_map_get(each, "found")));
	}
}

static int
print_tally(struct tally *tally)
{
	struct hp_cli *cli = tally->cli;
	size_t passed = hp_value_count(tally->cases) - tally->failed;
	int exit_code = HP_EXIT_OK;
	if (cli->arena.failed)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	if (cli->json) {
		struct hp_value *map = hp_value_map(&cli->arena);
		hp_map_set_int(&cli->arena, map, "passed", (int64_t)passed);
		hp_map_set_int(&cli->arena, map, "failed", (int64_t)tally->failed);
		hp_map_set(&cli->arena, map, "cases", tally->cases);
		exit_code = hp_out_json(cli, map);
	} else {
		for (size_t i = 0; i < hp_value_count(tally->cases); i++)
			print_case(tally, hp_array_get(tally->cases, i));
		printf("%zu passed, %zu failed\n", passed, tally->failed);
	}
	return exit_code ? exit_code : tally->failed ? HP_EXIT_CHECK_FAILED : HP_EXIT_OK;
}

static int
run_all(struct tally *tally)
{
	const struct hp_value *list = NULL;
	int exit_code = hp_fields_load(tally->cli, tally->path, &list);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (hp_value_count(list) == 0 || list->type != HP_ARRAY) {
		struct hp_error err = {0};
		const char *found = list->type == HP_ARRAY ? "an empty one"
							   : hp_type_name(list->type);
		enum hp_status status = hp_fail_at(&err, HP_INVALID, list->line, list->column,
						   "expected a list of cases, found %s", found);
		return hp_fields_refuse(tally->cli, status, tally->path, &err);
	}
	for (size_t i = 0; i < hp_value_count(list); i++) {
		exit_code = run_case(tally, hp_array_get(list, i));
		if (exit_code != HP_EXIT_OK)
			return exit_code;
	}
	return print_tally(tally);
}

int
hp_cmd_policy_test(struct hp_cli *cli)
{
	struct hp_offline offline = {0};
	struct tally tally = {.cli = cli,
			      .offline = &offline,
			      .path = cli->args[0],
			      .cases = hp_value_array(&cli->arena)};
	int exit_code = hp_offline_open_policy(cli, &offline, hp_cli_option(cli, "policy"));
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_offline_open_principals(cli, &offline);
	if (exit_code == HP_EXIT_OK)
		exit_code = run_all(&tally);
	hp_offline_release(&offline);
	return exit_code;
}
