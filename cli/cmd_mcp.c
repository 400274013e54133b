/* mcp: an MCP server behind the gateway (enforce/mcp.h), which stands in its place. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "core/limits.h"
#include "core/text.h"
#include "enforce/mcp.h"
#include "proto/file.h"

enum { SERVER_NAME_MAX = 64 };

/* A part of operations and of a file's name. */
static bool
is_name(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	size_t len = strlen(name);
	return len > 0 && len <= SERVER_NAME_MAX && *name != '.' && strspn(name, allowed) == len;
}

static int
read_server(struct hp_cli *cli, const char **ret_server)
{
	const char *given = hp_cli_option(cli, "server");
	const char *slash = strrchr(cli->args[0], '/');
	const char *name = given ? given : slash ? slash + 1 : cli->args[0];
	if (!is_name(name))
		return hp_cli_usage(cli,
				    "--server: expected a name of letters, digits, \".\", \"_\" "
				    "and \"-\", not \"%s\"",
				    hp_text_safe(&cli->arena, name, 0));
	*ret_server = name;
	return HP_EXIT_OK;
}

/* Every directory above `path` that is not there yet. */
static enum hp_status
make_dirs(struct hp_cli *cli, const char *path, struct hp_error *err)
{
	char *dir = hp_arena_strdup(&cli->arena, path);
	for (char *at = dir ? strchr(dir + 1, '/') : NULL; at; at = strchr(at + 1, '/')) {
		*at = '\0';
		enum hp_status status = hp_file_make_dir(dir, 0700, err);
		if (status != HP_OK)
			return status;
		*at = '/';
	}
	return dir ? HP_OK : hp_fail(err, HP_NOMEM, "out of memory");
}

/* What cannot be in a file's name is "_" there. */
static const char *
as_name(struct hp_cli *cli, const char *text)
{
	char *name = hp_arena_strdup(&cli->arena, text);
	for (char *at = name; at && *at; at++)
		if (!is_name((char[]){'x', *at, '\0'}))
			*at = '_';
	return name && *name ? name : "_";
}

/* --pins, or a file of the user's own state, for this instance, environment and server. */
static int
find_pins(struct hp_cli *cli, const struct hp_mcp_config *config, const char **ret_path)
{
	struct hp_error err = {0};
	const char *given = hp_cli_option(cli, "pins");
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (given) {
		*ret_path = given;
		return HP_EXIT_OK;
	}
	if (!state || *state != '/') {
		if (!home || *home != '/')
			return hp_cli_usage(cli, "where to pin the server's tools? give --pins "
						 "FILE, or set HOME");
		state = hp_arena_printf(&cli->arena, "%s/.local/state", home);
	}
	const char *path = hp_arena_printf(
		&cli->arena, "%s/holdpoint/mcp/%s/%s.%s.json", state ? state : "",
		as_name(cli, cli->info.instance), as_name(cli, config->environment),
		config->server);
	if (!path)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	enum hp_status status = make_dirs(cli, path, &err);
	if (status != HP_OK)
		return hp_cli_fail_file(cli, status, &err);
	*ret_path = path;
	return HP_EXIT_OK;
}

/* Whether we speak for ourselves or for an agent is the key's affair: said before anybody waits. */
static int
check_principal(struct hp_cli *cli, const char *agent)
{
	const struct hp_value *reply;
	int exit_code = hp_cli_ask(cli, hp_cli_message(cli, "hello"), "welcome", &reply);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	const struct hp_value *roles = hp_map_get(reply, "roles");
	bool gateway = false;
	for (size_t i = 0; i < hp_value_count(roles); i++)
		gateway |= hp_value_is(hp_array_get(roles, i), "gateway");
	if (gateway && !agent)
		return hp_cli_usage(cli, "this key is a gateway's: give --for AGENT");
	if (!gateway && agent)
		return hp_cli_usage(cli, "--for: this key is no gateway's");
	return HP_EXIT_OK;
}

static const char *
make_session(struct hp_cli *cli, const char *server)
{
	char id[HP_UUID_BYTES];
	const char *given = hp_cli_option(cli, "session");
	hp_crypto_uuid(id);
	return given ? given : hp_arena_printf(&cli->arena, "mcp-%.40s-%.8s", server, id);
}

static void
tell(void *context, const char *remark)
{
	hp_cli_note(context, "%s", remark);
}

/* An absolute program first. */
static int
make_argv(struct hp_cli *cli, const char *const **ret_argv)
{
	char *cwd = getcwd(NULL, 0);
	const char *program = cwd ? hp_cli_find_program(cli, cwd, cli->args[0]) : NULL;
	const char **argv = hp_arena_array(&cli->arena, cli->arg_count + 1, sizeof *argv);
	free(cwd);
	if (!program)
		return hp_cli_usage(cli, "no program \"%s\"",
				    hp_text_safe(&cli->arena, cli->args[0], 0));
	if (!argv)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	argv[0] = program;
	for (size_t i = 1; i < cli->arg_count; i++)
		argv[i] = cli->args[i];
	*ret_argv = argv;
	return HP_EXIT_OK;
}

static int
read_config(struct hp_cli *cli, struct hp_mcp_config *config)
{
	config->environment = hp_cli_require(cli, "environment");
	config->agent = hp_cli_option(cli, "for");
	if (!config->environment)
		return HP_EXIT_USAGE;
	int exit_code = make_argv(cli, &config->argv);
	if (exit_code == HP_EXIT_OK)
		exit_code = read_server(cli, &config->server);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_cli_option_rules(cli, "redact", &config->redact);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_cli_option_duration(cli, "hold", &config->hold_ms);
	return exit_code;
}

int
hp_cmd_mcp(struct hp_cli *cli)
{
	struct hp_mcp_config config = {.hold_ms = -1, .tell = tell, .context = cli};
	struct hp_error err = {0};
	int server_code = 0;
	int exit_code = read_config(cli, &config);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_cli_connect(cli, HP_SIDE_AGENTS);
	if (exit_code == HP_EXIT_OK)
		exit_code = check_principal(cli, config.agent);
	if (exit_code == HP_EXIT_OK)
		exit_code = find_pins(cli, &config, &config.pins);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	config.client = cli->client;
	config.session = make_session(cli, config.server);
	if (!config.session)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	enum hp_status status = hp_mcp_run(&config, &server_code, &err);
	return status == HP_OK ? server_code : hp_cli_fail(cli, status, &err);
}
