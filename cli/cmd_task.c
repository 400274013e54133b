/* task, task list, task close: scopes for an agent's session. */
#include "cli/command.h"
#include "cli/output.h"

#include <string.h>

static int
print_task(struct hp_cli *cli, const struct hp_value *task)
{
	if (cli->json)
		return hp_out_json(cli, task);
	hp_out_field("agent", hp_out_text(cli, hp_map_get(task, "agent")));
	hp_out_field("session", hp_out_text(cli, hp_map_get(task, "session")));
	hp_out_field("state", hp_out_text(cli, hp_map_get(task, "state")));
	hp_out_field("operations", hp_out_list(cli, hp_map_get(task, "operations")));
	hp_out_field("resources", hp_out_list(cli, hp_map_get(task, "resources")));
	hp_out_field("environment", hp_out_text(cli, hp_map_get(task, "environment")));
	hp_out_field("until", hp_out_time(cli, hp_map_get_int(task, "until_ms", -1)));
	hp_out_field("by", hp_out_text(cli, hp_map_get(task, "by")));
	hp_out_field("reason", hp_out_text(cli, hp_map_get(task, "reason")));
	return HP_EXIT_OK;
}

/* Every value of a repeatable option; `fallback`, which may be NULL, when there is none. */
static struct hp_value *
list_option(struct hp_cli *cli, const char *name, const char *fallback)
{
	struct hp_value *list = hp_value_array(&cli->arena);
	size_t at = 0;
	for (const char *value; (value = hp_cli_next(cli, name, &at));)
		hp_array_add(&cli->arena, list, hp_value_str(&cli->arena, value));
	if (hp_value_count(list) == 0 && fallback)
		hp_array_add(&cli->arena, list, hp_value_str(&cli->arena, fallback));
	return list;
}

/* Text options that have to be there, by their names on the wire too. */
static int
set_required(struct hp_cli *cli, struct hp_value *map, const char *const *names)
{
	for (; *names; names++) {
		const char *value = hp_cli_require(cli, *names);
		if (!value)
			return HP_EXIT_USAGE;
		hp_map_set_str(&cli->arena, map, *names, value);
	}
	return HP_EXIT_OK;
}

static int
send(struct hp_cli *cli, struct hp_value *map)
{
	const struct hp_value *reply = NULL;
	int exit_code = hp_cli_connect(cli, HP_SIDE_CONTROL_FIRST);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_cli_ask(cli, map, "task", &reply);
	return exit_code ? exit_code : print_task(cli, reply);
}

int
hp_cmd_task(struct hp_cli *cli)
{
	static const char *const names[] = {"agent", "session", "environment", "reason", NULL};
	struct hp_value *map = hp_cli_message(cli, "task");
	int64_t for_ms = 0;
	int exit_code = set_required(cli, map, names);
	if (exit_code == HP_EXIT_OK &&
	    (!hp_cli_require(cli, "operation") || !hp_cli_require(cli, "for")))
		exit_code = HP_EXIT_USAGE;
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_cli_option_duration(cli, "for", &for_ms);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (for_ms < 1000)
		return hp_cli_usage(cli, "--for: a task is open for a second at least");
	hp_map_set_int(&cli->arena, map, "for_s", for_ms / 1000);
	hp_map_set(&cli->arena, map, "operations", list_option(cli, "operation", NULL));
	hp_map_set(&cli->arena, map, "resources", list_option(cli, "resource", "*"));
	return send(cli, map);
}

int
hp_cmd_task_close(struct hp_cli *cli)
{
	static const char *const names[] = {"agent", "session", "reason", NULL};
	struct hp_value *map = hp_cli_message(cli, "task_close");
	int exit_code = set_required(cli, map, names);
	return exit_code ? exit_code : send(cli, map);
}

/* All pages, as one reply. */
static int
fetch(struct hp_cli *cli, struct hp_value *ret_whole)
{
	struct hp_value *items = hp_value_array(&cli->arena);
	const char *agent = hp_cli_option(cli, "agent");
	int64_t after = 0;
	do {
		const struct hp_value *reply = NULL;
		struct hp_value *map = hp_cli_message(cli, "tasks");
		if (agent)
			hp_map_set_str(&cli->arena, map, "agent", agent);
		if (after)
			hp_map_set_int(&cli->arena, map, "after", after);
		int exit_code = hp_cli_ask(cli, map, "tasks", &reply);
		if (exit_code != HP_EXIT_OK)
			return exit_code;
		const struct hp_value *page = hp_map_get(reply, "items");
		for (size_t i = 0; i < hp_value_count(page); i++)
			hp_array_add(&cli->arena, items,
				     hp_value_copy(&cli->arena, hp_array_get(page, i)));
		int64_t next = hp_map_get_int(reply, "next", 0);
		after = next > after ? next : 0;
	} while (after);
	hp_map_set(&cli->arena, ret_whole, "items", items);
	return HP_EXIT_OK;
}

int
hp_cmd_task_list(struct hp_cli *cli)
{
	static const char *const headings[] = {"AGENT", "SESSION",    "ENVIRONMENT", "UNTIL",
					       "BY",	"OPERATIONS", "RESOURCES",   "REASON", NULL};
	struct hp_value *whole = hp_cli_message(cli, "tasks");
	struct hp_table table;
	int exit_code = hp_cli_connect(cli, HP_SIDE_CONTROL_FIRST);
	if (exit_code == HP_EXIT_OK)
		exit_code = fetch(cli, whole);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (cli->json)
		return hp_out_json(cli, whole);
	const struct hp_value *items = hp_map_get(whole, "items");
	if (hp_value_count(items) == 0) {
		hp_cli_note(cli, "no open tasks");
		return HP_EXIT_OK;
	}
	hp_table_init(&table, cli, headings);
	for (size_t i = 0; i < hp_value_count(items); i++) {
		const struct hp_value *task = hp_array_get(items, i);
		const char *const cells[] = {
			hp_out_word(cli, hp_map_get(task, "agent")),
			hp_out_word(cli, hp_map_get(task, "session")),
			hp_out_word(cli, hp_map_get(task, "environment")),
			hp_out_time(cli, hp_map_get_int(task, "until_ms", -1)),
			hp_out_word(cli, hp_map_get(task, "by")),
			hp_out_list(cli, hp_map_get(task, "operations")),
			hp_out_list(cli, hp_map_get(task, "resources")),
			hp_out_text(cli, hp_map_get(task, "reason")),
		};
		hp_table_add(&table, cells);
	}
	return hp_table_print(&table);
}
