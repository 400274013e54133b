#include "cli/command.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "cli/prompt.h"
#include "core/text.h"
#include "proto/file.h"
#include "proto/instance.h"

enum {
	CONNECT_MS = 5000, /* a broker at the other end of the world, and a busy one */
	REPLY_MS = 10000,  /* for a plain call */
};

const char *
hp_cli_home(struct hp_cli *cli)
{
	struct hp_error err = {0};
	const char *home;
	enum hp_status status = hp_instance_home(&cli->arena, cli->home, &home, &err);
	if (status == HP_OK)
		return home;
	hp_cli_fail(cli, status, &err);
	return NULL;
}

static const char *
from_environment(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

/* A passphrase file holds the passphrase and, as editors make it, one line end. */
static enum hp_status
passphrase_file(const char *path, struct hp_buf *buf, struct hp_error *err)
{
	enum hp_status status = hp_file_read_secret(path, buf, err);
	if (status == HP_OK && buf->len > 0 && buf->data[buf->len - 1] == '\n')
		buf->data[--buf->len] = '\0';
	if (status == HP_OK && buf->len == 0)
		return hp_fail(err, HP_INVALID, "%s: the passphrase is empty", path);
	return status;
}

enum hp_status
hp_cli_passphrase(void *context, const char *name, struct hp_buf *buf, struct hp_error *err)
{
	struct hp_cli *cli = context;
	const char *path = from_environment("HOLDPOINT_PASSPHRASE_FILE");
	if (path)
		return passphrase_file(path, buf, err);
	if (cli->no_input)
		return hp_fail(err, HP_UNAVAILABLE,
			       "the key of %s is sealed: set HOLDPOINT_PASSPHRASE_FILE or leave "
			       "--no-input out",
			       hp_text_safe(&cli->arena, name, 0));
	const char *question = hp_arena_printf(&cli->arena, "passphrase of %s: ",
					       hp_text_safe(&cli->arena, name, 0));
	if (!question)
		return hp_fail(err, HP_NOMEM, "out of memory");
	return hp_prompt(question, false, buf, err);
}

enum hp_status
hp_cli_new_passphrase(struct hp_cli *cli, const char *name, struct hp_buf *buf,
		      struct hp_error *err)
{
	enum hp_status status = hp_cli_passphrase(cli, name, buf, err);
	if (status != HP_OK || from_environment("HOLDPOINT_PASSPHRASE_FILE"))
		return status;
	if (buf->len == 0)
		return hp_fail(err, HP_INVALID, "the passphrase is empty");
	struct hp_buf again = {0};
	status = hp_prompt("the same again: ", false, &again, err);
	if (status == HP_OK &&
	    (again.len != buf->len || memcmp(again.data, buf->data, buf->len) != 0))
		status = hp_fail(err, HP_INVALID, "the two passphrases differ");
	if (again.data)
		hp_crypto_wipe(again.data, again.capacity);
	hp_buf_release(&again);
	return status;
}

static int
is_key(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return len > 4 && strcmp(entry->d_name + len - 4, ".key") == 0;
}

/* The names of HOME/keys/NAME.key, in order, joined by ", "; how many. */
static size_t
list_keys(struct hp_cli *cli, const char *dir, const char **ret_names)
{
	struct dirent **entries = NULL;
	int count = dir ? scandir(dir, &entries, is_key, alphasort) : 0;
	const char *names = "";
	for (int i = 0; i < count; i++) {
		entries[i]->d_name[strlen(entries[i]->d_name) - 4] = '\0';
		const char *more =
			hp_arena_printf(&cli->arena, "%s%s%s", names, i ? ", " : "",
					hp_text_safe(&cli->arena, entries[i]->d_name, 0));
		names = more ? more : names;
		free(entries[i]);
	}
	free(entries);
	*ret_names = names;
	return count > 0 ? (size_t)count : 0;
}

static const char *
named_key(struct hp_cli *cli, const char *name)
{
	if (strchr(name, '/') || *name == '.') {
		hp_cli_usage(cli, "--as: expected a principal's name, not \"%s\"",
			     hp_text_safe(&cli->arena, name, 0));
		return NULL;
	}
	const char *home = hp_cli_home(cli);
	return home ? hp_arena_printf(&cli->arena, "%s/keys/%s.key", home, name) : NULL;
}

/* Whose key: options before the environment, a file before a name; the only key there is last. */
static const char *
choose_key(struct hp_cli *cli)
{
	if (cli->key && cli->as) {
		hp_cli_usage(cli, "give --key or --as, not both");
		return NULL;
	}
	if (cli->key)
		return cli->key;
	if (cli->as)
		return named_key(cli, cli->as);
	const char *key = from_environment("HOLDPOINT_KEY"), *as = from_environment("HOLDPOINT_AS");
	if (key)
		return key;
	if (as)
		return named_key(cli, as);
	const char *home = hp_cli_home(cli), *names;
	if (!home)
		return NULL;
	const char *dir = hp_instance_path(&cli->arena, home, "keys");
	size_t count = list_keys(cli, dir, &names);
	if (count == 1)
		return hp_arena_printf(&cli->arena, "%s/%s.key", dir, names);
	if (count == 0)
		hp_cli_usage(cli, "whose key? give --key FILE or --as NAME (%s has none)",
			     dir ? hp_text_safe(&cli->arena, dir, 0) : "the instance");
	else
		hp_cli_usage(cli, "whose key? give --as NAME (one of %s) or --key FILE", names);
	return NULL;
}

int
hp_cli_load_broker(struct hp_cli *cli)
{
	struct hp_error err = {0};
	const char *path = cli->broker ? cli->broker : from_environment("HOLDPOINT_BROKER");
	if (!path) {
		const char *home = hp_cli_home(cli);
		path = home ? hp_instance_path(&cli->arena, home, "broker.json") : NULL;
		if (!path)
			return HP_EXIT_USAGE;
	}
	enum hp_status status = hp_broker_info_read(&cli->arena, path, &cli->info, &err);
	return status == HP_OK ? HP_EXIT_OK : hp_cli_fail_file(cli, status, &err);
}

int
hp_cli_load_key(struct hp_cli *cli)
{
	int exit_code = hp_cli_load_broker(cli);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	const char *path = choose_key(cli);
	if (!path)
		return HP_EXIT_USAGE;
	struct hp_error err = {0};
	enum hp_status status =
		hp_keyfile_read(path, hp_cli_passphrase, cli, &cli->keyfile, &err);
	if (status != HP_OK)
		return hp_cli_fail_file(cli, status, &err);
	cli->has_key = true;
	return HP_EXIT_OK;
}

int
hp_cli_connect(struct hp_cli *cli, enum hp_client_side side)
{
	int exit_code = hp_cli_load_key(cli);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	struct hp_error err = {0};
	enum hp_status status = hp_client_new(&cli->info, &cli->keyfile, side,
					      hp_cli_left_ms(cli, CONNECT_MS), &cli->client, &err);
	return status == HP_OK ? HP_EXIT_OK : hp_cli_fail(cli, status, &err);
}

struct hp_value *
hp_cli_message(struct hp_cli *cli, const char *type)
{
	struct hp_value *map = hp_value_map(&cli->arena);
	hp_map_set_str(&cli->arena, map, "type", type);
	return map;
}

/* "the code's name: the broker's words (field)". */
int
hp_cli_check_reply(struct hp_cli *cli, const struct hp_value *reply)
{
	if (!hp_value_is(hp_map_get(reply, "type"), "error"))
		return HP_EXIT_OK;
	enum hp_code code = hp_client_code(reply);
	const char *field = hp_map_get_str(reply, "field", NULL);
	const char *message = hp_map_get_str(reply, "message", "no message");
	message = hp_text_safe(&cli->arena, message, 0);
	if (code == HP_CODE_ok)
		return hp_cli_error(cli, HP_EXIT_INTERNAL,
				    "an error that this version does not know: %s", message);
	if (field)
		return hp_cli_error(cli, hp_code_exit(code), "%s: %s (%s)", hp_code_name(code),
				    message, hp_text_safe(&cli->arena, field, 0));
	return hp_cli_error(cli, hp_code_exit(code), "%s: %s", hp_code_name(code), message);
}

int
hp_cli_ask(struct hp_cli *cli, struct hp_value *map, const char *expected,
	   const struct hp_value **ret_reply)
{
	struct hp_error err = {0};
	const struct hp_value *reply = NULL;
	if (cli->arena.failed)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	enum hp_status status = hp_client_call(cli->client, &cli->arena, map,
					       hp_cli_left_ms(cli, REPLY_MS), &reply, &err);
	if (status != HP_OK)
		return hp_cli_fail(cli, status, &err);
	int exit_code = hp_cli_check_reply(cli, reply);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	const char *type = hp_map_get_str(reply, "type", "");
	if (!hp_value_is(hp_map_get(reply, "type"), expected))
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "expected the reply \"%s\", not \"%s\"",
				    expected, hp_text_safe(&cli->arena, type, 0));
	*ret_reply = reply;
	return HP_EXIT_OK;
}
