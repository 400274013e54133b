/* console: hands the terminal to tui. */
#include "cli/command.h"
#include "tui/app.h"

int
hp_cmd_console(struct hp_cli *cli)
{
	if (cli->json)
		return hp_cli_usage(cli, "there is no JSON of a console; see list and watch");
	int exit_code = hp_cli_load_key(cli);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	const struct hp_console_options options = {
		.broker = &cli->info,
		.key = &cli->keyfile,
		.no_color = cli->no_color,
		.ascii = hp_cli_flag(cli, "ascii"),
		.no_bell = hp_cli_flag(cli, "no-bell"),
		.no_notify = hp_cli_flag(cli, "no-notify"),
	};
	return hp_console_run(&options);
}
