#include "cli/command.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>

/* exec's own codes are the command's (protocol.md); and a hook's host takes all but one for a yes. */
static int
not_begun(const struct hp_cli *cli, int exit_code)
{
	if (cli->command && cli->command->run == hp_cmd_exec)
		return HP_EXIT_NOT_RUN;
	return cli->command && cli->command->run == hp_cmd_hook ? HP_EXIT_USAGE : exit_code;
}

static int
run(struct hp_cli *cli, int argc, char **argv)
{
	int exit_code = hp_cli_parse(cli, argc, argv);
	if (exit_code != HP_EXIT_OK)
		return not_begun(cli, exit_code);
	if (cli->version) {
		puts("holdpoint " HP_VERSION);
		return HP_EXIT_OK;
	}
	if (cli->help)
		return hp_help(cli);
	struct hp_error err = {0};
	enum hp_status status = hp_crypto_start();
	if (status != HP_OK) {
		hp_fail(&err, status, "the cryptographic library does not start");
		return not_begun(cli, hp_cli_fail(cli, status, &err));
	}
	return cli->command->run(cli);
}

/* Output that did not arrive must not look like success. */
static int
flush(struct hp_cli *cli, int exit_code)
{
	bool failed = ferror(stdout) != 0;
	if (fclose(stdout) != 0 || failed)
		return hp_cli_error(cli, exit_code ? exit_code : HP_EXIT_INTERNAL,
				    "cannot write to standard output");
	return exit_code;
}

int
main(int argc, char **argv)
{
	struct hp_cli cli = {.deadline_ms = -1};
	signal(SIGPIPE, SIG_IGN);
	setlocale(LC_CTYPE, "");
	int exit_code = flush(&cli, run(&cli, argc, argv));
	hp_client_free(cli.client);
	if (cli.has_key)
		hp_keyfile_release(&cli.keyfile);
	hp_arena_release(&cli.arena);
	return exit_code;
}
