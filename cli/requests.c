#include "cli/command.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "core/buf.h"
#include "core/limits.h"
#include "core/text.h"
#include "enforce/spawn.h"
#include "enforce/talk.h"

enum { ID_LEN = 36, SHORTEST = 4, CANDIDATES_SHOWN = 5 };

/* Hex digits with hyphens where a UUID has them. */
static bool
is_beginning(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
		if (hyphen ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}

static const char *
lower(struct hp_arena *arena, const char *text)
{
	char *copy = hp_arena_strdup(arena, text);
	for (char *at = copy; at && *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return copy;
}

/* Those of one page whose id begins with `prefix`; the first few are named in `found`. */
static size_t
match_page(struct hp_cli *cli, const struct hp_value *items, const char *prefix, size_t count,
	   const char **ret_id, struct hp_buf *found)
{
	for (size_t i = 0; i < hp_value_count(items); i++) {
		const struct hp_value *item = hp_array_get(items, i);
		const char *id = hp_map_get_str(item, "id", "");
		if (strlen(id) != ID_LEN || !is_beginning(id, ID_LEN) ||
		    strncmp(id, prefix, strlen(prefix)) != 0)
			continue;
		if (count++ == 0)
			*ret_id = id;
		if (count <= CANDIDATES_SHOWN)
			hp_buf_printf(found, "%s%s (%s)", count > 1 ? ", " : "", id,
				      hp_text_safe(&cli->arena,
						   hp_map_get_str(item, "operation", ""), 0));
	}
	return count;
}

static int
search(struct hp_cli *cli, const char *prefix, const char **ret_id)
{
	struct hp_buf found = {0};
	const char *id = NULL, *after = NULL;
	size_t count = 0;
	int exit_code;
	do {
		const struct hp_value *reply = NULL;
		struct hp_value *map = hp_cli_message(cli, "list");
		hp_map_set_str(&cli->arena, map, "text", prefix);
		hp_map_set_int(&cli->arena, map, "limit", HP_LIMIT_LIST_ITEMS);
		if (after)
			hp_map_set_str(&cli->arena, map, "after", after);
		exit_code = hp_cli_ask(cli, map, "requests", &reply);
		if (exit_code != HP_EXIT_OK)
			break;
		count = match_page(cli, hp_map_get(reply, "items"), prefix, count, &id, &found);
		after = hp_map_get_str(reply, "next", NULL);
	} while (after && count < CANDIDATES_SHOWN);
	if (exit_code == HP_EXIT_OK && count == 0)
		exit_code = hp_cli_error(cli, HP_EXIT_NOT_FOUND,
					 "no request of yours or before you begins with \"%s\"",
					 prefix);
	if (exit_code == HP_EXIT_OK && count > 1)
		exit_code = hp_cli_usage(cli, "\"%s\" begins several requests: %s%s", prefix,
					 hp_buf_text(&found),
					 count > CANDIDATES_SHOWN || after ? ", ..." : "");
	if (exit_code == HP_EXIT_OK)
		*ret_id = id;
	hp_buf_release(&found);
	return exit_code;
}

int
hp_cli_connect_to(struct hp_cli *cli, enum hp_client_side side, const char *given,
		  const char **ret_id)
{
	size_t len = strlen(given);
	if (len > ID_LEN || !is_beginning(given, len))
		return hp_cli_usage(cli, "expected a request's id or its beginning, not \"%s\"",
				    hp_text_safe(&cli->arena, given, 0));
	if (len < SHORTEST)
		return hp_cli_usage(cli,
				    "\"%s\" is too short for an id: give at least %d characters",
				    given, SHORTEST);
	const char *prefix = lower(&cli->arena, given);
	if (!prefix)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	int exit_code = hp_cli_connect(cli, side);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (len < ID_LEN)
		return search(cli, prefix, ret_id);
	*ret_id = prefix;
	return HP_EXIT_OK;
}

int
hp_cli_wait(struct hp_cli *cli, const char *id, bool done, const struct hp_value **ret_status)
{
	struct hp_error err = {0};
	const struct hp_value *reply = NULL;
	struct hp_talk talk = {.client = cli->client, .arena = &cli->arena, .deadline_ms = -1};
	if (cli->deadline_ms >= 0)
		talk.deadline_ms = hp_enforce_now_ms() + hp_cli_left_ms(cli, INT_MAX);
	enum hp_status status = hp_talk_until(&talk, id, done, &reply, &err);
	if (status != HP_OK)
		return hp_cli_fail(cli, status, &err);
	int exit_code = hp_cli_check_reply(cli, reply);
	if (exit_code == HP_EXIT_OK)
		*ret_status = reply;
	return exit_code;
}
