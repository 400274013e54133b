/* executor: runs what its audience was granted, within a boundary of its own. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/output.h"
#include "core/text.h"
#include "enforce/executor.h"
#include "proto/instance.h"

static void
tell(void *context, const char *line)
{
	hp_cli_note(context, "%s", line);
}

static void
ready(void *context)
{
	puts("ready");
	fflush(stdout);
}

/* Where the ledger lies: --state, else what systemd made, else HOME/state. */
static const char *
state_file(struct hp_cli *cli, const char *audience, const char *what)
{
	const char *dir = hp_cli_option(cli, "state");
	const char *made = getenv("STATE_DIRECTORY");
	if (!dir)
		dir = made && *made ? made : NULL;
	if (!dir) {
		const char *home = hp_cli_home(cli);
		dir = home ? hp_instance_path(&cli->arena, home, "state") : NULL;
	}
	return dir ? hp_arena_printf(&cli->arena, "%s/executor-%s.%s", dir, audience, what) : NULL;
}

static int
read_boundary(struct hp_cli *cli, struct hp_boundary *boundary)
{
	struct hp_error err = {0};
	const char *path = hp_cli_option(cli, "boundary");
	if (!path) {
		const char *home = hp_cli_home(cli);
		path = home ? hp_instance_path(&cli->arena, home, "executor.yaml") : NULL;
		if (!path)
			return HP_EXIT_USAGE;
	}
	enum hp_status status = hp_instance_boundary(&cli->arena, path, boundary, &err);
	if (status == HP_OK && (status = hp_executor_check(boundary, &err)) != HP_OK)
		hp_instance_locate(&err, path);
	return status == HP_OK ? HP_EXIT_OK : hp_cli_fail_file(cli, status, &err);
}

static int
run(struct hp_cli *cli, struct hp_executor *executor)
{
	const struct hp_redact_config rules = {.groups = HP_REDACT_ALL};
	const char *ledger = state_file(cli, executor->boundary->audience, "ledger");
	struct hp_error err = {0};
	executor->nonce_path = state_file(cli, executor->boundary->audience, "nonce");
	if (!ledger || !executor->nonce_path)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	enum hp_status status =
		hp_executor_user(&cli->arena, executor->boundary->user, &executor->user, &err);
	if (status == HP_OK)
		status = hp_redact_new(&rules, &executor->redact, &err);
	if (status == HP_OK)
		status = hp_ledger_open(ledger, &executor->ledger, &err);
	if (status != HP_OK)
		return hp_cli_fail_file(cli, status, &err);
	int exit_code = hp_cli_connect(cli, HP_SIDE_AGENTS);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	executor->client = cli->client;
	executor->instance = cli->info.instance;
	status = hp_executor_run(executor, &err);
	return status == HP_OK ? HP_EXIT_OK : hp_cli_fail(cli, status, &err);
}

int
hp_cmd_executor(struct hp_cli *cli)
{
	struct hp_boundary boundary;
	struct hp_executor executor = {
		.boundary = &boundary, .ready = ready, .tell = tell, .context = cli};
	int exit_code = read_boundary(cli, &boundary);
	if (exit_code == HP_EXIT_OK && hp_cli_flag(cli, "check"))
		hp_cli_note(cli, "%zu programs, %zu reviewers, environment \"%s\": good",
			    boundary.program_count, boundary.reviewer_count,
			    boundary.environment);
	else if (exit_code == HP_EXIT_OK)
		exit_code = run(cli, &executor);
	hp_ledger_close(executor.ledger);
	hp_redact_free(executor.redact);
	return exit_code;
}
