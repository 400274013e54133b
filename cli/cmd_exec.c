/* exec: a command under a grant. Whatever keeps it from running is exit 125 (protocol.md). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/fields.h"
#include "cli/output.h"
#include "core/lifecycle.h"
#include "core/limits.h"
#include "core/redact.h"
#include "core/text.h"
#include "enforce/exec.h"

/* "run kubectl delete pod x", cut where a character ends. */
static struct hp_value *
make_summary(struct hp_cli *cli)
{
	struct hp_buf text = {0};
	hp_buf_add_text(&text, "run");
	for (size_t i = 0; i < cli->arg_count; i++)
		hp_buf_printf(&text, " %s", cli->args[i]);
	size_t len = text.len;
	if (len > HP_LIMIT_SUMMARY_BYTES)
		for (len = HP_LIMIT_SUMMARY_BYTES; len > 0 && (text.data[len] & 0xc0) == 0x80;)
			len--;
	struct hp_value *summary = hp_value_strn(&cli->arena, hp_buf_text(&text), len);
	hp_buf_release(&text);
	return summary;
}

static void
fill_action(struct hp_cli *cli, struct hp_value *action, const char *program, const char *cwd)
{
	struct hp_arena *arena = &cli->arena;
	struct hp_value *argv = hp_value_array(arena);
	const char *name = strrchr(cli->args[0], '/');
	hp_array_add(arena, argv, hp_value_str(arena, program));
	for (size_t i = 1; i < cli->arg_count; i++)
		hp_array_add(arena, argv, hp_value_str(arena, cli->args[i]));
	hp_map_set_str(arena, action, "operation",
		       hp_arena_printf(arena, "shell:%s", name ? name + 1 : cli->args[0]));
	hp_map_set(arena, action, "command", argv);
	/* An executor elsewhere has its own directories. */
	if (!hp_cli_flag(cli, "audience"))
		hp_map_set_str(arena, action, "cwd", cwd);
}

/* The whole message; what was not given says so. */
static int
make_message(struct hp_cli *cli, const char *program, const char *cwd, struct hp_value **ret_map)
{
	struct hp_arena *arena = &cli->arena;
	struct hp_value *map = hp_cli_message(cli, "submit"), *action = hp_value_map(arena);
	hp_map_set_str(arena, map, "id", hp_fields_new_id(arena));
	hp_map_set(arena, map, "action", action);
	hp_map_set(arena, map, "summary", make_summary(cli));
	hp_map_set_str(arena, map, "why", "(not given)");
	hp_map_set(arena, map, "impact", hp_value_map(arena));
	hp_map_set(arena, map, "alternatives", hp_value_array(arena));
	hp_map_set(arena, map, "rollback", hp_value_nil(arena));
	fill_action(cli, action, program, cwd);
	int exit_code = hp_fields_apply(cli, map);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	struct hp_request request;
	struct hp_error err = {0};
	enum hp_status status = hp_request_parse(arena, map, HP_REQUEST_WIRE, &request, &err);
	if (status != HP_OK)
		return hp_cli_fail(cli, status, &err);
	*ret_map = map;
	return HP_EXIT_OK;
}

static void
tell(void *context, const char *remark)
{
	hp_cli_note(context, "%s", remark);
}

/* An agent reads it, so it is redacted here too: an executor may have been another program. A person
 * at a terminal is shown it escaped. */
static void
print_output(struct hp_cli *cli, struct hp_redact *redact, const char *output)
{
	struct hp_buf text = {0};
	size_t len = strlen(output);
	enum hp_status status = HP_OK;
	if (isatty(STDOUT_FILENO))
		hp_text_escape(&text, output, len, HP_TEXT_NEWLINES);
	else
		status = hp_redact_text(redact, output, len, &text, NULL, NULL);
	if (status == HP_OK && !text.failed)
		fwrite(hp_buf_text(&text), 1, text.len, stdout);
	else
		hp_cli_error(cli, HP_EXIT_INTERNAL, "the output is withheld: it could not be judged");
	hp_buf_release(&text);
}

static int
finish(struct hp_cli *cli, struct hp_redact *redact, const struct hp_exec_result *result)
{
	if (result->end == HP_EXEC_RAN)
		return result->exit_code;
	if (result->end == HP_EXEC_NOT_RUN)
		return hp_cli_error(cli, HP_EXIT_NOT_RUN, "not run: %s", result->reason);
	print_output(cli, redact, result->output);
	hp_cli_note(cli, "run by the executor: %s", result->state);
	return result->exit_code;
}

static int
run(struct hp_cli *cli, struct hp_value *message)
{
	const struct hp_redact_config rules = {.groups = HP_REDACT_ALL};
	struct hp_exec_result result;
	struct hp_error err = {0};
	struct hp_exec exec = {
		.client = cli->client,
		.message = message,
		.audience = "executor",
		.timeout_ms = cli->deadline_ms < 0 ? -1 : hp_cli_left_ms(cli, INT32_MAX),
		.tell = tell,
		.context = cli,
	};
	enum hp_status status = hp_redact_new(&rules, &exec.redact, &err);
	if (status == HP_OK)
		status = hp_exec_run(&cli->arena, &exec, &result, &err);
	int exit_code = status == HP_OK ? finish(cli, exec.redact, &result)
					: hp_cli_fail(cli, status, &err);
	hp_redact_free(exec.redact);
	return exit_code;
}

int
hp_cmd_exec(struct hp_cli *cli)
{
	struct hp_value *message = NULL;
	char *cwd = getcwd(NULL, 0);
	int exit_code;
	/* What an executor is asked by name to run need not be here. */
	const char *program = !cwd			     ? NULL
			      : hp_cli_flag(cli, "audience") ? cli->args[0]
							     : hp_cli_find_program(cli, cwd, cli->args[0]);
	bool ran = false;
	if (!cwd)
		exit_code = hp_cli_usage(cli, "cannot tell the working directory");
	else if (!program)
		exit_code = hp_cli_usage(cli, "no program \"%s\"",
					 hp_text_safe(&cli->arena, cli->args[0], 0));
	else if (!hp_cli_require(cli, "environment"))
		exit_code = HP_EXIT_USAGE;
	else
		exit_code = make_message(cli, program, cwd, &message);
	free(cwd);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_cli_connect(cli, HP_SIDE_AGENTS);
	if (exit_code == HP_EXIT_OK) {
		exit_code = run(cli, message);
		ran = true;
	}
	return ran ? exit_code : HP_EXIT_NOT_RUN;
}
