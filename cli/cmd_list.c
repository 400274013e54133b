/* list: requests in a table. */
#include "cli/command.h"
#include "cli/output.h"
#include "core/limits.h"
#include "core/text.h"

static const char *const headings[] = {
	"ID",	 "STATE",    "TIER",	  "ENVIRONMENT", "CLASS",    "REQUESTER",
	"VOTES", "DEADLINE", "OPERATION", "RESOURCE",	 NULL,
};

static void
add_row(struct hp_cli *cli, struct hp_table *table, const struct hp_value *item)
{
	const char *votes = hp_arena_printf(&cli->arena, "%lld/%lld",
					    (long long)hp_map_get_int(item, "approvals", 0),
					    (long long)hp_map_get_int(item, "needed", 0));
	const char *erased = hp_out_erased(cli, item);
	const char *const cells[] = {
		hp_out_word(cli, hp_map_get(item, "id")),
		hp_out_word(cli, hp_map_get(item, "state")),
		hp_out_word(cli, hp_map_get(item, "tier")),
		hp_out_word(cli, hp_map_get(item, "environment")),
		hp_out_list(cli, hp_map_get(item, "class")),
		hp_out_word(cli, hp_map_get(item, "requester")),
		votes ? votes : "-",
		hp_out_time(cli, hp_map_get_int(item, "deadline_ms", -1)),
		hp_out_word(cli, hp_map_get(item, "operation")),
		erased ? hp_arena_printf(&cli->arena, "erased %s", erased)
		       : hp_out_text(cli, hp_map_get(item, "resource")),
	};
	hp_table_add(table, cells);
}

/* The filters of one page. */
static struct hp_value *
page_message(struct hp_cli *cli, int64_t limit, const char *after)
{
	static const char *const filters[] = {"state", "requester", "environment", "tier", "text"};
	struct hp_value *map = hp_cli_message(cli, "list");
	for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
		if (hp_cli_flag(cli, filters[i]))
			hp_map_set_str(&cli->arena, map, filters[i],
				       hp_cli_option(cli, filters[i]));
	if (hp_cli_flag(cli, "spot-checks"))
		hp_map_set_bool(&cli->arena, map, "spot_checks", true);
	else if (!hp_cli_flag(cli, "state") && !hp_cli_flag(cli, "all"))
		hp_map_set_str(&cli->arena, map, "state", "pending");
	hp_map_set_int(&cli->arena, map, "limit", limit);
	if (after)
		hp_map_set_str(&cli->arena, map, "after", after);
	return map;
}

/* All pages up to `limit`, as one reply: the newest event_seq would promise too much, so it is the
 * first page's. */
static int
fetch(struct hp_cli *cli, int64_t limit, const struct hp_value **ret_items,
      struct hp_value **ret_reply)
{
	struct hp_value *items = hp_value_array(&cli->arena);
	struct hp_value *whole = hp_cli_message(cli, "requests");
	const struct hp_value *reply = NULL;
	const char *after = NULL;
	do {
		int64_t left = limit - (int64_t)hp_value_count(items);
		int64_t page = left < HP_LIMIT_LIST_ITEMS ? left : HP_LIMIT_LIST_ITEMS;
		const struct hp_value *before = reply;
		int exit_code =
			hp_cli_ask(cli, page_message(cli, page, after), "requests", &reply);
		if (exit_code != HP_EXIT_OK)
			return exit_code;
		if (!before)
			hp_map_set(&cli->arena, whole, "event_seq",
				   hp_value_copy(&cli->arena, hp_map_get(reply, "event_seq")));
		const struct hp_value *list = hp_map_get(reply, "items");
		for (size_t i = 0; i < hp_value_count(list); i++)
			hp_array_add(&cli->arena, items,
				     hp_value_copy(&cli->arena, hp_array_get(list, i)));
		after = hp_value_count(list) ? hp_map_get_str(reply, "next", NULL) : NULL;
	} while (after && (int64_t)hp_value_count(items) < limit);
	hp_map_set(&cli->arena, whole, "items", items);
	if (after)
		hp_map_set_str(&cli->arena, whole, "next", after);
	*ret_items = items;
	*ret_reply = whole;
	return HP_EXIT_OK;
}

int
hp_cmd_list(struct hp_cli *cli)
{
	int64_t limit = INT64_MAX;
	const struct hp_value *items = NULL;
	struct hp_value *whole = NULL;
	if (hp_cli_flag(cli, "all") && hp_cli_flag(cli, "state"))
		return hp_cli_usage(cli, "give --all or --state, not both");
	int exit_code = hp_cli_option_int(cli, "limit", 1, INT32_MAX, &limit);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_cli_connect(cli, HP_SIDE_CONTROL_FIRST);
	if (exit_code == HP_EXIT_OK)
		exit_code = fetch(cli, limit, &items, &whole);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (cli->json)
		return hp_out_json(cli, whole);
	if (hp_value_count(items) == 0) {
		hp_cli_note(cli, "no such requests");
		return HP_EXIT_OK;
	}
	struct hp_table table;
	hp_table_init(&table, cli, headings);
	for (size_t i = 0; i < hp_value_count(items); i++)
		add_row(cli, &table, hp_array_get(items, i));
	return hp_table_print(&table);
}
