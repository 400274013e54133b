/*
 * cmd_enrol - who may connect, and as what: enrol and revoke write principals.d; reload tells the
 * broker.
 *
 * Invariants: an entry is written only if the whole directory still loads with it, and read back
 * as the broker reads it. A revocation that a running broker did not take is a failure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/output.h"
#include "core/policy.h"
#include "core/text.h"
#include "core/yaml.h"
#include "proto/file.h"
#include "proto/instance.h"

/* ---- the directory with one entry more, or changed ---- */

static enum hp_status
directory_with(struct hp_cli *cli, const struct hp_directory *before,
	       const struct hp_principal *entry, struct hp_directory **ret_after,
	       struct hp_error *err)
{
	size_t count = hp_directory_count(before), at = count;
	struct hp_principal *all = hp_arena_array(&cli->arena, count + 1, sizeof *all);
	if (!all)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		all[i] = *hp_directory_at(before, i);
		if (strcmp(all[i].name, entry->name) == 0)
			at = i;
	}
	all[at] = *entry;
	return hp_directory_new(all, at == count ? count + 1 : count, ret_after, err);
}

/* HP_NOT_FOUND: there is no policy yet. */
static enum hp_status
read_policy(struct hp_cli *cli, const char *home, struct hp_policy **ret_policy,
	    struct hp_error *err)
{
	struct hp_buf text = {0};
	const char *path = hp_instance_path(&cli->arena, home, "policy.yaml");
	enum hp_status status = path ? hp_file_read(path, &text, err)
				     : hp_fail(err, HP_NOMEM, "out of memory");
	if (status == HP_OK) {
		status = hp_policy_load(hp_buf_text(&text), text.len, ret_policy, err);
		if (status != HP_OK)
			hp_instance_locate(err, path);
	}
	hp_buf_release(&text);
	return status;
}

/*
 * A broker does not start with a policy that its principals cannot fill. That is said and not
 * refused: an instance is peopled one by one, and a lost key must not wait for its successor.
 */
static void
warn_of_policy(struct hp_cli *cli, const char *home, const struct hp_directory *after)
{
	struct hp_error err = {0};
	struct hp_policy *policy = NULL;
	enum hp_status status = read_policy(cli, home, &policy, &err);
	if (status == HP_OK)
		status = hp_policy_check_quorums(policy, after, &err);
	if (status != HP_OK && status != HP_NOT_FOUND)
		hp_cli_note(cli, "warning: no broker will start with this: %s", err.message);
	hp_policy_free(policy);
}

static int
check_whole(struct hp_cli *cli, const char *home, const struct hp_directory *before,
	    const struct hp_principal *entry)
{
	struct hp_error err = {0};
	struct hp_directory *after = NULL;
	enum hp_status status = directory_with(cli, before, entry, &after, &err);
	if (status != HP_OK)
		return hp_cli_fail_file(cli, status, &err);
	warn_of_policy(cli, home, after);
	hp_directory_free(after);
	return HP_EXIT_OK;
}

/* ---- telling the broker ---- */

static bool
knows_key(const struct hp_cli *cli)
{
	const char *key = getenv("HOLDPOINT_KEY"), *as = getenv("HOLDPOINT_AS");
	return cli->key || cli->as || (key && *key) || (as && *as);
}

/* Whether somebody may be serving the control socket: a socket file alone can be a dead broker's,
 * so ipc is tried. Elsewhere only a call can tell. */
static bool
is_served(struct hp_cli *cli, const char *home)
{
	static const char scheme[] = "ipc://";
	struct hp_broker_info info;
	const char *path = hp_instance_path(&cli->arena, home, "broker.json");
	if (!path || hp_broker_info_read(&cli->arena, path, &info, NULL) != HP_OK)
		return false;
	if (strncmp(info.control, scheme, sizeof scheme - 1) != 0)
		return true;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *socket_path = info.control + sizeof scheme - 1;
	if (strlen(socket_path) >= sizeof address.sun_path)
		return false;
	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool served = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
	if (fd >= 0)
		close(fd);
	return served;
}

static int
call_reload(struct hp_cli *cli, const struct hp_value **ret_reply)
{
	return hp_cli_ask(cli, hp_cli_message(cli, "reload"), "reloaded", ret_reply);
}

/*
 * Has a running broker read principals.d again, with the key that was given. Without one, or
 * without a broker, it says so. `urgent`: a broker that goes on accepting a key is a failure.
 */
static int
tell_broker(struct hp_cli *cli, const char *home, bool urgent)
{
	const struct hp_value *reply;
	if (!is_served(cli, home)) {
		hp_cli_note(cli, "no broker runs here: it reads the entry when it starts");
		return HP_EXIT_OK;
	}
	if (!knows_key(cli)) {
		static const char advice[] =
			"a running broker was not told: run \"holdpoint reload\" as an admin";
		if (urgent)
			return hp_cli_error(cli, HP_EXIT_UNAVAILABLE,
					    "written, but %s; until then the key works", advice);
		hp_cli_note(cli, "%s", advice);
		return HP_EXIT_OK;
	}
	int exit_code = hp_cli_connect(cli, HP_SIDE_CONTROL);
	if (exit_code == HP_EXIT_OK)
		exit_code = call_reload(cli, &reply);
	if (exit_code == HP_EXIT_OK)
		return HP_EXIT_OK;
	hp_cli_error(cli, exit_code, "written, but the broker did not take it%s",
		     urgent ? ": until it does, the key works" : "");
	return urgent ? exit_code : HP_EXIT_OK;
}

/* ---- enrol ---- */

static void
set_list(struct hp_cli *cli, struct hp_value *map, const char *key, const char *option)
{
	struct hp_value *list = NULL;
	const char *value;
	for (size_t at = 0; (value = hp_cli_next(cli, option, &at));) {
		if (!list)
			list = hp_value_array(&cli->arena);
		hp_array_add(&cli->arena, list, hp_value_str(&cli->arena, value));
	}
	hp_map_set(&cli->arena, map, key, list);
}

/* The options as the map that stands in a file, to be judged by the same reader. */
static struct hp_value *
entry_of_options(struct hp_cli *cli, const struct hp_keyfile *key)
{
	static const struct {
		const char *key, *option;
		bool list;
	} rows[] = {
		{"roles", "role", true},	    {"person", "person", false},
		{"groups", "group", true},	    {"mode", "mode", false},
		{"owner", "owner", false},	    {"environments", "environment", true},
		{"operations", "operation", true}, {"audience", "audience", false},
		{"agents", "agent", true},
	};
	struct hp_value *map = hp_value_map(&cli->arena);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].list)
			set_list(cli, map, rows[i].key, rows[i].option);
		else if (hp_cli_option(cli, rows[i].option))
			hp_map_set_str(&cli->arena, map, rows[i].key,
				       hp_cli_option(cli, rows[i].option));
	}
	char curve[41];
	struct hp_buf sign = {0};
	hp_z85_encode(key->curve_public, curve);
	hp_crypto_add_base64(&sign, key->sign_public, sizeof key->sign_public);
	hp_map_set_str(&cli->arena, map, "curve_public", curve);
	hp_map_set_str(&cli->arena, map, "sign_public", hp_buf_text(&sign));
	hp_buf_release(&sign);
	return map;
}

static int
read_public_line(struct hp_cli *cli, const char *name, struct hp_keyfile *ret_key)
{
	struct hp_error err = {0};
	struct hp_buf line = {0};
	if (hp_cli_interactive(cli))
		hp_cli_note(cli, "paste the public line, then end with ctrl-D");
	enum hp_status status = hp_file_read("-", &line, &err);
	if (status == HP_OK && line.len == 0)
		status = hp_fail(&err, HP_INVALID,
				 "expected a public line of keygen on standard input");
	else if (status == HP_OK && strlen(hp_buf_text(&line)) != line.len)
		status = hp_fail(&err, HP_INVALID, "public line: it holds a NUL");
	if (status == HP_OK)
		status = hp_keyfile_parse_public_line(hp_buf_text(&line), ret_key, &err);
	hp_buf_release(&line);
	if (status != HP_OK)
		return hp_cli_fail_file(cli, status, &err);
	/* A vote is signed over the name in the key file: another one would never verify. */
	if (strcmp(ret_key->name, name) != 0)
		return hp_cli_usage(cli, "the public line is that of \"%s\", not \"%s\"",
				    ret_key->name, hp_text_safe(&cli->arena, name, 0));
	return HP_EXIT_OK;
}

/* Writes the entry's file after reading its text back as the broker will. */
static int
write_entry(struct hp_cli *cli, const char *path, const struct hp_buf *text,
	    const struct hp_principal *entry, enum hp_file_mode how)
{
	struct hp_error err = {0};
	struct hp_principal again;
	const struct hp_value *map;
	enum hp_status status =
		text->failed ? hp_fail(&err, HP_NOMEM, "out of memory")
			     : hp_yaml_load(&cli->arena, hp_buf_text(text), text->len, &map, &err);
	if (status == HP_OK)
		status = hp_principal_parse(&cli->arena, entry->name, map, &again, &err);
	if (status != HP_OK)
		return hp_cli_fail_file(cli, status, &err);
	status = hp_file_write(path, text->data, text->len, 0644, how, &err);
	return status == HP_OK ? HP_EXIT_OK : hp_cli_fail(cli, status, &err);
}

static const char *
entry_path(struct hp_cli *cli, const char *home, const char *name)
{
	return hp_arena_printf(&cli->arena, "%s/principals.d/%s.yaml", home, name);
}

/* Its file would be the same: somebody repeats what was broken off before the broker was told. */
static bool
is_same(struct hp_cli *cli, const struct hp_principal *old, const struct hp_principal *entry)
{
	struct hp_buf was = {0}, is = {0};
	hp_instance_add_entry(&cli->arena, old, &was);
	hp_instance_add_entry(&cli->arena, entry, &is);
	bool same = !was.failed && !is.failed && !strcmp(hp_buf_text(&was), hp_buf_text(&is));
	hp_buf_release(&was);
	hp_buf_release(&is);
	return same;
}

static int
enrol_entry(struct hp_cli *cli, const char *home, const struct hp_directory *before,
	    const struct hp_principal *entry)
{
	const struct hp_principal *old = hp_directory_by_name(before, entry->name);
	const char *path = entry_path(cli, home, entry->name);
	struct hp_buf text = {0};

	if (!path)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	if (old && is_same(cli, old, entry)) {
		hp_cli_note(cli, "\"%s\" is enrolled already, just so", entry->name);
		return tell_broker(cli, home, false);
	}
	if (old)
		return hp_cli_error(cli, HP_EXIT_CONFLICT, "\"%s\" is enrolled already%s",
				    entry->name,
				    old->revoked ? " and revoked; its name stays taken" : "");
	int exit_code = check_whole(cli, home, before, entry);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	hp_instance_add_entry(&cli->arena, entry, &text);
	exit_code = write_entry(cli, path, &text, entry, HP_FILE_NEW);
	hp_buf_release(&text);
	return exit_code == HP_EXIT_OK ? tell_broker(cli, home, false) : exit_code;
}

int
hp_cmd_enrol(struct hp_cli *cli)
{
	struct hp_error err = {0};
	struct hp_keyfile key;
	struct hp_principal entry;
	struct hp_directory *before;
	const char *name = cli->args[0], *home = hp_cli_home(cli);

	if (!home || !hp_cli_require(cli, "role"))
		return HP_EXIT_USAGE;
	int exit_code = read_public_line(cli, name, &key);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	const struct hp_value *map = entry_of_options(cli, &key);
	if (cli->arena.failed)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	enum hp_status status = hp_principal_parse(&cli->arena, key.name, map, &entry, &err);
	if (status == HP_OK)
		status = hp_instance_principals(&cli->arena, home, &before, &err);
	if (status != HP_OK)
		return hp_cli_fail_file(cli, status, &err);
	exit_code = enrol_entry(cli, home, before, &entry);
	hp_directory_free(before);
	return exit_code;
}

/* ---- revoke ---- */

/* The file as its owner wrote it with `revoked: true` behind; made anew where that cannot be. */
static void
revoked_text(struct hp_cli *cli, const char *path, const struct hp_principal *entry,
	     struct hp_buf *buf)
{
	const struct hp_value *map;
	struct hp_principal again;
	if (hp_file_read(path, buf, NULL) == HP_OK && buf->len > 0) {
		if (buf->data[buf->len - 1] != '\n')
			hp_buf_add_byte(buf, '\n');
		hp_buf_add_text(buf, "revoked: true\n");
		if (!buf->failed &&
		    hp_yaml_load(&cli->arena, hp_buf_text(buf), buf->len, &map, NULL) == HP_OK &&
		    hp_principal_parse(&cli->arena, entry->name, map, &again, NULL) == HP_OK &&
		    again.revoked)
			return;
	}
	hp_buf_reset(buf);
	hp_instance_add_entry(&cli->arena, entry, buf);
}

static int
revoke_entry(struct hp_cli *cli, const char *home, const struct hp_directory *before,
	     const struct hp_principal *old)
{
	struct hp_principal entry = *old;
	struct hp_buf text = {0};
	const char *path = entry_path(cli, home, entry.name);

	if (!path)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	if (old->revoked) {
		hp_cli_note(cli, "\"%s\" is revoked already", entry.name);
		return tell_broker(cli, home, true);
	}
	entry.revoked = true;
	int exit_code = check_whole(cli, home, before, &entry);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	revoked_text(cli, path, &entry, &text);
	exit_code = write_entry(cli, path, &text, &entry, HP_FILE_REPLACE);
	hp_buf_release(&text);
	return exit_code == HP_EXIT_OK ? tell_broker(cli, home, true) : exit_code;
}

int
hp_cmd_revoke(struct hp_cli *cli)
{
	struct hp_error err = {0};
	struct hp_directory *before;
	const char *name = cli->args[0], *home = hp_cli_home(cli);
	if (!home)
		return HP_EXIT_USAGE;
	enum hp_status status = hp_instance_principals(&cli->arena, home, &before, &err);
	if (status != HP_OK)
		return hp_cli_fail_file(cli, status, &err);
	const struct hp_principal *old = hp_directory_by_name(before, name);
	int exit_code = old ? revoke_entry(cli, home, before, old)
			    : hp_cli_error(cli, HP_EXIT_NOT_FOUND, "no principal \"%s\"",
					   hp_text_safe(&cli->arena, name, 0));
	hp_directory_free(before);
	return exit_code;
}

/* ---- reload ---- */

int
hp_cmd_reload(struct hp_cli *cli)
{
	const struct hp_value *reply = NULL;
	int exit_code = hp_cli_connect(cli, HP_SIDE_CONTROL);
	if (exit_code == HP_EXIT_OK)
		exit_code = call_reload(cli, &reply);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (cli->json)
		return hp_out_json(cli, reply);
	char count[24];
	snprintf(count, sizeof count, "%lld",
		 (long long)hp_map_get_int(reply, "principals", 0));
	hp_out_field("policy", hp_out_hex(cli, hp_map_get(reply, "policy")));
	hp_out_field("principals", count);
	return HP_EXIT_OK;
}
