/* audit erase: what was said of a request that has ended goes, that it was stays. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/output.h"

int
hp_cmd_audit_erase(struct hp_cli *cli)
{
	const struct hp_value *reply = NULL;
	const char *given = hp_cli_require(cli, "request"), *id;
	const char *reason = given ? hp_cli_require(cli, "reason") : NULL;
	if (!reason)
		return HP_EXIT_USAGE;
	int exit_code = hp_cli_connect_to(cli, HP_SIDE_CONTROL, given, &id);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	struct hp_value *map = hp_cli_message(cli, "erase");
	hp_map_set_str(&cli->arena, map, "id", id);
	hp_map_set_str(&cli->arena, map, "reason", reason);
	exit_code = hp_cli_ask(cli, map, "erased", &reply);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (cli->json)
		return hp_out_json(cli, reply);
	if (cli->quiet) {
		puts(hp_out_text(cli, hp_map_get(reply, "id")));
		return HP_EXIT_OK;
	}
	hp_out_field("id", hp_out_text(cli, hp_map_get(reply, "id")));
	hp_out_field("erased", hp_out_erased(cli, reply));
	hp_out_field("leaves", hp_arena_printf(&cli->arena, "%lld, their bodies",
					       (long long)hp_map_get_int(reply, "leaves", 0)));
	return HP_EXIT_OK;
}
