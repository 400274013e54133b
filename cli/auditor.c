/* Where a log lies: the instance's own, a copy, an export; and which key signs it. */
#include <string.h>
#include <sys/stat.h>

#include "cli/auditor.h"
#include "core/config.h"
#include "core/text.h"
#include "proto/instance.h"

/* The key that is named, or else the one of the instance's broker.json. */
int
hp_auditor_find_key(struct hp_cli *cli, struct hp_auditor_place *place)
{
	struct hp_error err = {0};
	const char *vkey = hp_cli_option(cli, "log-key");
	bool given = vkey != NULL;
	if (!given) {
		int exit_code = hp_cli_load_broker(cli);
		if (exit_code != HP_EXIT_OK)
			return exit_code;
		vkey = cli->info.log_key;
	}
	enum hp_status status = hp_checkpoint_parse_vkey(&cli->arena, vkey, &place->origin,
							 place->key, &err);
	if (status == HP_OK)
		return HP_EXIT_OK;
	return given ? hp_cli_usage(cli, "--log-key: %s", err.message)
		     : hp_cli_fail_file(cli, status, &err);
}

static int
own_database(struct hp_cli *cli, struct hp_auditor_place *place)
{
	struct hp_config config;
	struct hp_error err = {0};
	const char *home = hp_cli_home(cli);
	if (!home)
		return HP_EXIT_USAGE;
	enum hp_status status = hp_instance_config(&cli->arena, home, &config, &err);
	if (status != HP_OK)
		return hp_cli_fail_file(cli, status, &err);
	place->state_dir = config.state_dir;
	place->db = hp_arena_printf(&cli->arena, "%s/holdpoint.db", config.state_dir);
	place->lock = config.lock_file;
	return place->db ? HP_EXIT_OK : hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
}

int
hp_auditor_own_database(struct hp_cli *cli, const char **ret_path)
{
	struct hp_auditor_place place = {0};
	int exit_code = own_database(cli, &place);
	if (exit_code == HP_EXIT_OK)
		*ret_path = place.db;
	return exit_code;
}

int
hp_auditor_locate(struct hp_cli *cli, struct hp_auditor_place *ret_place)
{
	struct hp_auditor_place place = {
		.db = hp_cli_option(cli, "db"),
		.export_file = hp_cli_option(cli, "export"),
		.anchor = hp_cli_option(cli, "anchor"),
	};
	int exit_code = HP_EXIT_OK;
	if (place.db && place.export_file)
		return hp_cli_usage(cli, "give --db or --export, not both");
	if (!place.db && !place.export_file)
		exit_code = own_database(cli, &place);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_auditor_find_key(cli, &place);
	if (exit_code == HP_EXIT_OK)
		*ret_place = place;
	return exit_code;
}

int
hp_auditor_open(struct hp_cli *cli, const char *path, struct hp_store **ret_store)
{
	struct hp_error err = {0};
	struct stat st;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return hp_cli_error(cli, HP_EXIT_USAGE, "cannot open database \"%s\": it is no file",
				    hp_text_safe(&cli->arena, path, 0));
	enum hp_status status = hp_store_open_readonly(path, ret_store, &err);
	switch (status) {
	case HP_OK:
		return HP_EXIT_OK;
	case HP_INVALID:
		return hp_cli_error(cli, HP_EXIT_CHECK_FAILED, "%s", err.message);
	case HP_IO:
	case HP_NOMEM:
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "%s", err.message);
	default:
		return hp_cli_fail_file(cli, status, &err);
	}
}

int
hp_auditor_store_failed(struct hp_cli *cli, const struct hp_store *store, enum hp_status status)
{
	if (status == HP_NOMEM)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	return hp_cli_error(cli,
			    hp_store_is_damaged(store) ? HP_EXIT_CHECK_FAILED : HP_EXIT_INTERNAL,
			    "the database could not be read to its end: %s",
			    hp_text_safe(&cli->arena, hp_store_error(store), 0));
}

int
hp_auditor_each_kept(struct hp_cli *cli, struct hp_store *store, hp_auditor_kept *visit,
		     void *context)
{
	enum { AT_ONCE = 256 };
	struct hp_arena page = {0};
	struct hp_stored_checkpoint *list = NULL;
	size_t count = AT_ONCE;
	uint64_t from = 0;
	int exit_code = HP_EXIT_OK;
	while (exit_code == HP_EXIT_OK && count == AT_ONCE) {
		hp_arena_reset(&page);
		enum hp_status status =
			hp_store_checkpoints(store, &page, from, AT_ONCE, &list, &count);
		if (status != HP_OK)
			exit_code = hp_auditor_store_failed(cli, store, status);
		for (size_t i = 0; exit_code == HP_EXIT_OK && i < count; i++) {
			struct hp_str text = list[i].text;
			exit_code = visit(context, list[i].size,
					  text.p ? text : (struct hp_str){"", 0});
			from = list[i].size + 1;
		}
	}
	hp_arena_release(&page);
	return exit_code;
}
