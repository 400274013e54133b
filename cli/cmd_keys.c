/*
 * cmd_keys - who holds which key: keygen and principals.
 */
#include <string.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/output.h"
#include "core/principal.h"
#include "core/text.h"
#include "proto/instance.h"

/* The public line stands alone on standard output, ready for `enrol`. */
static int
print_public(struct hp_cli *cli, const struct hp_keyfile *key)
{
	struct hp_buf line = {0};
	hp_keyfile_add_public_line(&line, key);
	if (line.failed) {
		hp_buf_release(&line);
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	}
	int exit_code = HP_EXIT_OK;
	if (cli->json) {
		struct hp_value *map = hp_value_map(&cli->arena);
		hp_map_set_str(&cli->arena, map, "name", key->name);
		hp_map_set_str(&cli->arena, map, "public_line", hp_buf_text(&line));
		exit_code = hp_out_json(cli, map);
	} else {
		puts(hp_buf_text(&line));
	}
	hp_buf_release(&line);
	return exit_code;
}

/* No broker is asked, and no request looked for: what is missing is a file or an option. */
static int
not_made(struct hp_cli *cli, enum hp_status status, const struct hp_error *err)
{
	return status == HP_NOT_FOUND || status == HP_UNAVAILABLE || status == HP_REFUSED
		       ? hp_cli_fail_file(cli, status, err)
		       : hp_cli_fail(cli, status, err);
}

int
hp_cmd_keygen(struct hp_cli *cli)
{
	const char *name = cli->args[0], *path = hp_cli_require(cli, "output");
	if (!path)
		return HP_EXIT_USAGE;
	if (!hp_keyfile_is_name(name))
		return hp_cli_usage(cli,
				    "\"%s\" is no name: expected up to 64 letters, digits, \".\", "
				    "\"_\" and \"-\", a letter or digit first",
				    hp_text_safe(&cli->arena, name, 0));
	struct hp_error err = {0};
	struct hp_buf passphrase = {0};
	struct hp_keyfile key;
	bool seal = hp_cli_flag(cli, "seal");
	enum hp_status status =
		seal ? hp_cli_new_passphrase(cli, name, &passphrase, &err) : HP_OK;
	hp_keyfile_generate(name, &key);
	if (status == HP_OK)
		status = hp_keyfile_write(path, &key, seal ? hp_buf_text(&passphrase) : NULL,
					  passphrase.len, &err);
	int exit_code = status == HP_OK ? print_public(cli, &key) : not_made(cli, status, &err);
	hp_keyfile_release(&key);
	if (passphrase.data)
		hp_crypto_wipe(passphrase.data, passphrase.capacity);
	hp_buf_release(&passphrase);
	return exit_code;
}

static int
print_json(struct hp_cli *cli, const struct hp_directory *directory)
{
	struct hp_value *map = hp_value_map(&cli->arena), *list = hp_value_array(&cli->arena);
	for (size_t i = 0; i < hp_directory_count(directory); i++) {
		const struct hp_principal *principal = hp_directory_at(directory, i);
		struct hp_value *item = hp_value_map(&cli->arena);
		const struct hp_value *entry = hp_principal_to_value(&cli->arena, principal);
		hp_map_set_str(&cli->arena, item, "name", principal->name);
		for (size_t j = 0; j < hp_value_count(entry); j++)
			hp_map_set(&cli->arena, item, entry->map.pairs[j].key.p,
				   entry->map.pairs[j].value);
		hp_array_add(&cli->arena, list, item);
	}
	hp_map_set(&cli->arena, map, "principals", list);
	if (cli->arena.failed)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	return hp_out_json(cli, map);
}

/* What binds this entry beside role and person, as words: "owner=… mode=…". */
static const char *
bounds(struct hp_cli *cli, const struct hp_value *entry)
{
	static const char *const keys[] = {"groups",	 "mode",   "owner", "environments",
					   "operations", "audience", "agents"};
	const char *text = "";
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const struct hp_value *value = hp_map_get(entry, keys[i]);
		if (!value)
			continue;
		const char *shown = value->type == HP_ARRAY ? hp_out_list(cli, value)
							    : hp_out_word(cli, value);
		text = hp_arena_printf(&cli->arena, "%s%s%s=%s", text, *text ? " " : "", keys[i],
				       shown);
		if (!text)
			return "";
	}
	return *text ? text : "-";
}

static int
print_table(struct hp_cli *cli, const struct hp_directory *directory)
{
	static const char *const headings[] = {"NAME", "ROLES", "PERSON", "KEY", "BOUNDS", NULL};
	struct hp_table table;
	hp_table_init(&table, cli, headings);
	for (size_t i = 0; i < hp_directory_count(directory); i++) {
		const struct hp_principal *principal = hp_directory_at(directory, i);
		const struct hp_value *entry = hp_principal_to_value(&cli->arena, principal);
		const char *const cells[] = {
			principal->name,
			hp_out_list(cli, hp_map_get(entry, "roles")),
			hp_out_word(cli, hp_map_get(entry, "person")),
			principal->revoked ? "revoked" : "valid",
			bounds(cli, entry),
		};
		hp_table_add(&table, cells);
	}
	return hp_table_print(&table);
}

int
hp_cmd_principals(struct hp_cli *cli)
{
	struct hp_error err = {0};
	struct hp_directory *directory;
	const char *home = hp_cli_home(cli);
	if (!home)
		return HP_EXIT_USAGE;
	enum hp_status status = hp_instance_principals(&cli->arena, home, &directory, &err);
	if (status != HP_OK)
		return hp_cli_fail_file(cli, status, &err);
	int exit_code = cli->json ? print_json(cli, directory) : print_table(cli, directory);
	hp_directory_free(directory);
	return exit_code;
}
