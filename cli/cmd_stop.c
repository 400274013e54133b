/* halt and resume. */
#include "cli/command.h"
#include "cli/output.h"

/* Whatever the reply says beside its type, "name value" each. */
static int
print_reply(struct hp_cli *cli, const struct hp_value *reply)
{
	if (cli->json)
		return hp_out_json(cli, reply);
	for (size_t i = 0; i < hp_value_count(reply); i++) {
		const struct hp_pair *pair = &reply->map.pairs[i];
		const struct hp_value key = {.type = HP_STR, .str = pair->key};
		const char *name = hp_out_word(cli, &key);
		if (hp_value_is(&key, "type") || hp_value_is(&key, "re"))
			continue;
		if (pair->value->type == HP_INT)
			hp_out_field(name, hp_arena_printf(&cli->arena, "%lld",
							   (long long)pair->value->integer));
		else if (pair->value->type == HP_ARRAY)
			hp_out_field(name, hp_out_list(cli, pair->value));
		else if (pair->value->type == HP_STR)
			hp_out_field(name, hp_out_text(cli, pair->value));
	}
	return HP_EXIT_OK;
}

static int
send_scope(struct hp_cli *cli, const char *type, const char *expected)
{
	const char *agent = hp_cli_option(cli, "agent"), *session = hp_cli_option(cli, "session");
	const struct hp_value *reply = NULL;
	bool all = hp_cli_flag(cli, "all");
	if (all == (agent != NULL))
		return hp_cli_usage(cli, "give --all or --agent NAME");
	if (session && !agent)
		return hp_cli_usage(cli, "--session needs --agent: sessions belong to one");
	const char *reason = hp_cli_require(cli, "reason");
	if (!reason)
		return HP_EXIT_USAGE;
	int exit_code = hp_cli_connect(cli, HP_SIDE_CONTROL_FIRST);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	struct hp_value *map = hp_cli_message(cli, type);
	hp_map_set_str(&cli->arena, map, "scope", all ? "all" : session ? "session" : "agent");
	if (agent)
		hp_map_set_str(&cli->arena, map, "agent", agent);
	if (session)
		hp_map_set_str(&cli->arena, map, "session", session);
	hp_map_set_str(&cli->arena, map, "reason", reason);
	exit_code = hp_cli_ask(cli, map, expected, &reply);
	return exit_code ? exit_code : print_reply(cli, reply);
}

int
hp_cmd_halt(struct hp_cli *cli)
{
	return send_scope(cli, "halt", "halted");
}

int
hp_cmd_resume(struct hp_cli *cli)
{
	return send_scope(cli, "resume", "resumed");
}
