/* policy check, show, explain: one policy file, read as the broker reads it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/explained.h"
#include "cli/fields.h"
#include "cli/offline.h"
#include "cli/output.h"
#include "core/json.h"
#include "core/text.h"
#include "proto/file.h"
#include "proto/instance.h"

/* --- check --- */

struct lint {
	struct hp_cli *cli;
	const char *path;
	struct hp_value *warnings;
};

static void
warn(void *context, unsigned line, const char *message)
{
	struct lint *lint = context;
	struct hp_arena *arena = &lint->cli->arena;
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_int(arena, map, "line", line);
	hp_map_set_str(arena, map, "message", message);
	hp_array_add(arena, lint->warnings, map);
	if (!lint->cli->json)
		printf("%s:%u: warning: %s\n", lint->path, line, message);
}

static bool
is_directory(const char *path)
{
	struct stat info;
	return path && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Where there are principals, they have to be able to fill its quorums. */
static int
check_quorums(struct hp_cli *cli, struct hp_offline *offline)
{
	struct hp_error err = {0};
	const char *home = hp_cli_home(cli);
	if (!home)
		return HP_EXIT_USAGE;
	if (!is_directory(hp_instance_path(&cli->arena, home, "principals.d"))) {
		hp_cli_note(cli,
			    "no principals in %s: whether quorums can be filled was not checked",
			    hp_text_safe(&cli->arena, home, 0));
		return HP_EXIT_OK;
	}
	int exit_code = hp_offline_open_principals(cli, offline);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	enum hp_status status = hp_policy_check_quorums(offline->policy, offline->directory, &err);
	return status == HP_OK ? HP_EXIT_OK : hp_fields_refuse(cli, status, offline->path, &err);
}

int
hp_cmd_policy_check(struct hp_cli *cli)
{
	struct hp_offline offline = {0};
	int exit_code = hp_offline_open_policy(cli, &offline, cli->arg_count ? cli->args[0] : NULL);
	if (exit_code == HP_EXIT_OK)
		exit_code = check_quorums(cli, &offline);
	if (exit_code == HP_EXIT_OK) {
		struct hp_arena *arena = &cli->arena;
		struct lint lint = {cli, hp_text_safe(arena, offline.path, 0),
				    hp_value_array(arena)};
		struct hp_value *version =
			hp_value_bin(arena, hp_policy_version(offline.policy), HP_HASH_BYTES);
		hp_policy_lint(offline.policy, warn, &lint);
		struct hp_value *map = hp_value_map(arena);
		hp_map_set_str(arena, map, "file", offline.path);
		hp_map_set(arena, map, "version", version);
		hp_map_set(arena, map, "warnings", lint.warnings);
		if (cli->json)
			exit_code = hp_out_json(cli, map);
		else
			printf("%s: ok, version %s\n", lint.path, hp_out_hex(cli, version));
	}
	hp_offline_release(&offline);
	return exit_code;
}

/* --- show --- */

static int
show(struct hp_cli *cli, const char *file, const struct hp_policy *policy)
{
	size_t len;
	const char *text = hp_policy_text(policy, &len);
	if (!cli->json) {
		fwrite(text, 1, len, stdout); /* the operator's own file, byte for byte */
		return HP_EXIT_OK;
	}
	struct hp_arena *arena = &cli->arena;
	struct hp_value *map = hp_value_map(arena);
	hp_map_set(arena, map, "file", hp_value_str(arena, file));
	hp_map_set_bin(arena, map, "version", hp_policy_version(policy), HP_HASH_BYTES);
	hp_map_set(arena, map, "text", hp_value_strn(arena, text, len));
	return hp_out_json(cli, map);
}

int
hp_cmd_policy_show(struct hp_cli *cli)
{
	struct hp_offline offline = {0};
	struct hp_error err = {0};
	int exit_code;
	if (hp_cli_flag(cli, "default")) {
		const char *text = hp_policy_default_text();
		enum hp_status status = hp_policy_load(text, strlen(text), &offline.policy, &err);
		exit_code = status == HP_OK ? HP_EXIT_OK : hp_cli_fail(cli, status, &err);
	} else {
		exit_code = hp_offline_open_policy(cli, &offline, NULL);
	}
	if (exit_code == HP_EXIT_OK)
		exit_code = show(cli, offline.path, offline.policy);
	hp_offline_release(&offline);
	return exit_code;
}

/* --- explain --- */

static int
explain_file(struct hp_cli *cli, const struct hp_offline *offline, const char *path)
{
	const struct hp_value *map = NULL;
	struct hp_verdict verdict;
	struct hp_error err = {0};
	const char *as = hp_offline_as(cli);
	if (!as)
		return hp_cli_usage(cli, "as whom? give --as NAME");
	int exit_code = hp_fields_load(cli, path, &map);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	enum hp_status status = hp_offline_judge(offline, &cli->arena, as, map,
						 HP_REQUEST_FILE, &verdict, &err);
	if (status == HP_INVALID || status == HP_TOO_LARGE)
		return hp_fields_refuse(cli, status, path, &err);
	if (status != HP_OK)
		return hp_cli_fail(cli, status, &err);
	return cli->json ? hp_out_json(cli, hp_offline_to_value(&cli->arena, &verdict))
			 : hp_explained_print(cli, offline, as, &verdict);
}

static const struct hp_field line_fields[] = {
	{.name = "as", .kinds = HP_K_STR},
	{.name = "request", .kinds = HP_K_MAP, .required = true},
	{0},
};

/* One line of input to one of output. */
static enum hp_status
explain_line(struct hp_cli *cli, const struct hp_offline *offline, struct hp_arena *arena,
	     const char *line, size_t len, const struct hp_value **ret_answer,
	     struct hp_error *err)
{
	const struct hp_value *map;
	struct hp_verdict verdict;
	enum hp_status status = hp_json_load(arena, line, len, &map, err);
	if (status == HP_OK)
		status = hp_schema_check(map, line_fields, "line", err);
	if (status != HP_OK)
		return status;
	const char *as = hp_map_get_str(map, "as", hp_offline_as(cli));
	if (!as)
		return hp_fail(err, HP_INVALID, "as whom? give \"as\" or --as NAME");
	status = hp_offline_judge(offline, arena, as, hp_map_get(map, "request"), HP_REQUEST_EXEC,
				  &verdict, err);
	if (status == HP_OK)
		*ret_answer = hp_offline_to_value(arena, &verdict);
	return status;
}

static struct hp_value *
error_answer(struct hp_arena *arena, enum hp_status status, const struct hp_error *err)
{
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "error");
	hp_map_set_str(arena, map, "code",
		       hp_code_name(status == HP_NOT_FOUND ? HP_CODE_not_found
							   : HP_CODE_malformed));
	hp_map_set_str(arena, map, "message", err->message);
	if (err->field[0])
		hp_map_set_str(arena, map, "field", err->field);
	return map;
}

/* Answers come one by one, so that a program may ask line by line too. */
static int
explain_lines(struct hp_cli *cli, const struct hp_offline *offline)
{
	struct hp_arena arena = {0};
	struct hp_buf json = {0};
	char *line = NULL;
	size_t room = 0, number = 0, bad = 0;
	ssize_t len;
	while ((len = getline(&line, &room, stdin)) >= 0) {
		struct hp_error err = {0};
		const struct hp_value *answer = NULL;
		number++;
		if (len > 0 && line[len - 1] == '\n')
			len--;
		enum hp_status status = explain_line(cli, offline, &arena, line, (size_t)len,
						     &answer, &err);
		if (status != HP_OK) {
			answer = error_answer(&arena, status, &err);
			bad++;
		}
		hp_buf_reset(&json);
		hp_json_dump(answer, HP_JSON_LINE, &json);
		if (status == HP_NOMEM || arena.failed || json.failed)
			break;
		puts(hp_buf_text(&json));
		if (fflush(stdout) != 0)
			break;
		hp_arena_reset(&arena);
	}
	bool stopped = len >= 0, unread = ferror(stdin) != 0;
	free(line);
	hp_buf_release(&json);
	hp_arena_release(&arena);
	if (stopped)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "stopped at line %zu: %s", number,
				    ferror(stdout) ? "cannot write" : "out of memory");
	if (unread)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "cannot read standard input");
	if (bad > 0)
		return hp_cli_usage(cli, "%zu of %zu lines could not be judged", bad, number);
	return HP_EXIT_OK;
}

int
hp_cmd_policy_explain(struct hp_cli *cli)
{
	struct hp_offline offline = {0};
	const char *path = hp_cli_require(cli, "file");
	if (!path)
		return HP_EXIT_USAGE;
	int exit_code = hp_offline_open_policy(cli, &offline, hp_cli_option(cli, "policy"));
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_offline_open_principals(cli, &offline);
	if (exit_code == HP_EXIT_OK)
		exit_code = strcmp(path, "-") == 0 ? explain_lines(cli, &offline)
						   : explain_file(cli, &offline, path);
	hp_offline_release(&offline);
	return exit_code;
}
