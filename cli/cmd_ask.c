/* submit, wait, withdraw: what the one who asks needs. */
#include <string.h>

#include "cli/command.h"
#include "cli/fields.h"
#include "cli/output.h"
#include "core/text.h"

/* What options alone cannot say as empty is empty; a file has to say it. */
static void
fill(struct hp_cli *cli, struct hp_value *map)
{
	struct hp_arena *arena = &cli->arena;
	hp_map_set(arena, map, "impact", hp_value_map(arena));
	hp_map_set(arena, map, "alternatives", hp_value_array(arena));
	hp_map_set(arena, map, "rollback", hp_value_nil(arena));
}

static void
put_command(struct hp_cli *cli, struct hp_value *map)
{
	struct hp_arena *arena = &cli->arena;
	if (cli->arg_count == 0)
		return;
	struct hp_value *action = hp_fields_map(map, "action"), *argv = hp_value_array(arena);
	if (!action) {
		action = hp_value_map(arena);
		hp_fields_put(arena, map, "action", action);
	}
	for (size_t i = 0; i < cli->arg_count; i++)
		hp_array_add(arena, argv, hp_value_str(arena, cli->args[i]));
	hp_fields_put(arena, action, "command", argv);
}

/* A file is a request, not a message: what makes it one is ours to say. */
static int
refuse_message_keys(struct hp_cli *cli, const char *path, const struct hp_value *map)
{
	static const char *const keys[] = {"type", "seq", "for"};
	for (size_t i = 0; i < hp_value_count(map); i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		for (size_t j = 0; j < sizeof keys / sizeof keys[0]; j++) {
			if (strcmp(pair->key.p, keys[j]) != 0)
				continue;
			struct hp_error err = {0};
			enum hp_status status =
				hp_fail_at(&err, HP_INVALID, pair->line, pair->column,
					   "request: unknown key \"%s\"", keys[j]);
			return hp_fields_refuse(cli, status, path, &err);
		}
	}
	return HP_EXIT_OK;
}

/* The request as a message without its type. */
static int
read_request(struct hp_cli *cli, struct hp_value **ret_map)
{
	const char *path = hp_cli_option(cli, "file");
	struct hp_value *map;
	if (path) {
		const struct hp_value *file = NULL;
		int exit_code = hp_fields_load(cli, path, &file);
		if (exit_code != HP_EXIT_OK)
			return exit_code;
		map = hp_value_copy(&cli->arena, file);
	} else {
		map = hp_value_map(&cli->arena);
		fill(cli, map);
	}
	/* Anything but a map is refused below, with its place. */
	if (map && map->type == HP_MAP) {
		int exit_code = refuse_message_keys(cli, path, map);
		if (exit_code == HP_EXIT_OK)
			exit_code = hp_fields_apply(cli, map);
		if (exit_code != HP_EXIT_OK)
			return exit_code;
		put_command(cli, map);
	}
	if (cli->arena.failed)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	struct hp_request request;
	struct hp_error err = {0};
	enum hp_status status =
		hp_request_parse(&cli->arena, map, HP_REQUEST_FILE, &request, &err);
	if (status != HP_OK)
		return hp_fields_refuse(cli, status, path, &err);
	if (!*request.id)
		hp_fields_put(&cli->arena, map, "id",
			      hp_value_str(&cli->arena, hp_fields_new_id(&cli->arena)));
	*ret_map = map;
	return HP_EXIT_OK;
}

int
hp_cmd_submit(struct hp_cli *cli)
{
	struct hp_value *map = NULL;
	const struct hp_value *reply = NULL;
	int exit_code = read_request(cli, &map);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_cli_connect(cli, HP_SIDE_AGENTS);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	hp_fields_put(&cli->arena, map, "type", hp_value_str(&cli->arena, "submit"));
	if (hp_cli_flag(cli, "for"))
		hp_fields_put(&cli->arena, map, "for",
			      hp_value_str(&cli->arena, hp_cli_option(cli, "for")));
	const char *id = hp_map_get_str(map, "id", "");
	exit_code = hp_cli_ask(cli, map, "receipt", &reply);
	if (exit_code == HP_EXIT_UNAVAILABLE)
		hp_cli_note(cli, "it may have arrived all the same: ask again with --id %s", id);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (!hp_cli_flag(cli, "wait") || hp_out_state_exit(reply) != HP_EXIT_PENDING) {
		exit_code = hp_out_receipt(cli, reply);
		return exit_code ? exit_code : hp_out_state_exit(reply);
	}
	hp_cli_note(cli, "%s waits for a decision until %s", id,
		    hp_out_time(cli, hp_map_get_int(reply, "deadline_ms", -1)));
	exit_code = hp_cli_wait(cli, id, false, &reply);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_out_status(cli, reply);
	return exit_code ? exit_code : hp_out_state_exit(reply);
}

int
hp_cmd_wait(struct hp_cli *cli)
{
	const char *until = hp_cli_option(cli, "until"), *id;
	const struct hp_value *reply = NULL;
	bool done = until && strcmp(until, "done") == 0;
	if (until && !done && strcmp(until, "decided") != 0)
		return hp_cli_usage(cli, "--until: expected decided or done, not \"%s\"",
				    hp_text_safe(&cli->arena, until, 0));
	int exit_code = hp_cli_connect_to(cli, HP_SIDE_CONTROL_FIRST, cli->args[0], &id);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_cli_wait(cli, id, done, &reply);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_out_status(cli, reply);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	/* Until done, a request that may run is still under way. */
	exit_code = hp_out_state_exit(reply);
	bool running = hp_value_is(hp_map_get(reply, "state"), "granted") ||
		       hp_value_is(hp_map_get(reply, "state"), "executing");
	return done && running ? HP_EXIT_PENDING : exit_code;
}

int
hp_cmd_withdraw(struct hp_cli *cli)
{
	const char *id;
	const struct hp_value *reply = NULL;
	int exit_code = hp_cli_connect_to(cli, HP_SIDE_AGENTS, cli->args[0], &id);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	struct hp_value *map = hp_cli_message(cli, "withdraw");
	hp_map_set_str(&cli->arena, map, "id", id);
	if (hp_cli_flag(cli, "reason"))
		hp_map_set_str(&cli->arena, map, "reason", hp_cli_option(cli, "reason"));
	exit_code = hp_cli_ask(cli, map, "status", &reply);
	return exit_code ? exit_code : hp_out_status(cli, reply);
}
