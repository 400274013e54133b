/* preflight: what an instance is missing, proved by probes. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fields.h"
#include "cli/offline.h"
#include "cli/output.h"
#include "cli/preflight.h"
#include "core/text.h"
#include "proto/instance.h"

enum { CONNECT_MS = 5000 };

/* ---- keys that lie together ---- */

static const char *
key_path(struct hp_cli *cli, const char *name)
{
	const char *home = hp_cli_home(cli);
	return home ? hp_arena_printf(&cli->arena, "%s/keys/%s.key", home, name) : NULL;
}

/* Whether HOME/keys has a key of this principal that can be used from here as it is. */
static bool
is_open_key(struct hp_cli *cli, const struct hp_principal *who)
{
	struct hp_keyfile key;
	const char *path = key_path(cli, who->name);
	if (who->revoked || !path || hp_keyfile_read(path, NULL, NULL, &key, NULL) != HP_OK)
		return false;
	bool own = memcmp(key.curve_public, who->curve_public, sizeof key.curve_public) == 0;
	hp_keyfile_release(&key);
	return own;
}

static void
check_keys(struct hp_live *live)
{
	struct hp_preflight *report = live->report;
	struct hp_names people = {0}, executors = {0};
	bool has_executor = false;
	for (size_t i = 0; i < hp_directory_count(report->directory); i++) {
		const struct hp_principal *who = hp_directory_at(report->directory, i);
		has_executor |= !who->revoked && (who->roles & HP_ROLE_EXECUTOR);
		if (!is_open_key(live->cli, who))
			continue;
		if (who->roles & (HP_ROLE_REVIEWER | HP_ROLE_ADMIN))
			hp_names_add(report->arena, &people, who->name);
		if (who->roles & HP_ROLE_EXECUTOR)
			hp_names_add(report->arena, &executors, who->name);
	}
	if (people.count)
		hp_preflight_say(report, HP_CHECK_REVIEW, HP_FAILED,
				 "each makes a key of one's own elsewhere (keygen), the admin enrols "
				 "it, and these are revoked",
				 "user %u can read secret keys of who decides in the instance's "
				 "keys/: %s",
				 (unsigned)getuid(), hp_names_text(report->arena, &people));
	else
		hp_preflight_say(report, HP_CHECK_REVIEW, HP_PASSED, NULL,
				 "no secret key of a reviewer or admin lies in the instance's keys/");
	if (executors.count)
		hp_preflight_say(report, HP_CHECK_ISOLATION, HP_FAILED,
				 "give each executor a key and a user of its own",
				 "user %u can read the executors' secret keys in the instance's "
				 "keys/: %s",
				 (unsigned)getuid(), hp_names_text(report->arena, &executors));
	else if (has_executor)
		hp_preflight_say(report, HP_CHECK_ISOLATION, HP_NOT_CHECKED, NULL,
				 "that each executor runs as a user of its own cannot be seen from "
				 "here");
}

/* ---- who asks the probes ---- */

static const struct hp_principal *
principal_of(const struct hp_directory *directory, const struct hp_keyfile *key)
{
	const struct hp_principal *who = hp_directory_by_key(directory, key->curve_public);
	return who && (who->roles & HP_ROLE_HUMAN) ? who : NULL;
}

/* --probe, else the caller where that is a human, else a human's key in the instance. NULL: none. */
static const char *
choose_probe(struct hp_live *live)
{
	struct hp_cli *cli = live->cli;
	const struct hp_directory *directory = live->report->directory;
	const char *given = hp_cli_option(cli, "probe");
	if (given)
		return strchr(given, '/') ? given : key_path(cli, given);
	for (size_t i = 0; i < hp_directory_count(directory); i++) {
		const struct hp_principal *who = hp_directory_at(directory, i);
		if ((who->roles & HP_ROLE_HUMAN) && is_open_key(cli, who))
			return key_path(cli, who->name);
	}
	return NULL;
}

static int
open_prober(struct hp_live *live)
{
	struct hp_cli *cli = live->cli;
	struct hp_error err = {0};
	if (!hp_cli_flag(cli, "probe") &&
	    (live->who = principal_of(live->report->directory, &cli->keyfile))) {
		live->key = cli->keyfile;
	} else {
		const char *path = choose_probe(live);
		if (!path)
			return HP_EXIT_OK;
		enum hp_status status =
			hp_keyfile_read(path, hp_cli_passphrase, cli, &live->key, &err);
		if (status != HP_OK)
			return hp_cli_fail_file(cli, status, &err);
		live->who = principal_of(live->report->directory, &live->key);
		if (!live->who)
			return hp_cli_usage(cli, "--probe: %s is not the key of an enrolled human",
					    hp_text_safe(&cli->arena, path, 0));
	}
	enum hp_status status =
		hp_client_new(&cli->info, &live->key, HP_SIDE_CONTROL_FIRST,
			      hp_cli_left_ms(cli, CONNECT_MS), &live->prober, &err);
	return status == HP_OK ? HP_EXIT_OK : hp_cli_fail(cli, status, &err);
}

/* ---- the report ---- */

static int
print_json(struct hp_cli *cli, const struct hp_preflight *report, enum hp_check_result worst)
{
	struct hp_arena *arena = &cli->arena;
	struct hp_value *whole = hp_cli_message(cli, "preflight"), *checks = hp_value_array(arena);
	hp_map_set_str(arena, whole, "result", worst == HP_FAILED ? "failed" : "passed");
	for (int i = 0; i < HP_CHECK_COUNT; i++) {
		struct hp_value *check = hp_value_map(arena), *findings = hp_value_array(arena);
		enum hp_check_result result = hp_preflight_result(report, (enum hp_check)i);
		hp_map_set_int(arena, check, "number", i);
		hp_map_set_str(arena, check, "name", hp_check_name((enum hp_check)i));
		hp_map_set_str(arena, check, "result", hp_check_result_name(result));
		for (size_t j = 0; j < report->count; j++) {
			const struct hp_preflight_finding *one = &report->findings[j];
			struct hp_value *map = hp_value_map(arena);
			if (one->check != (enum hp_check)i)
				continue;
			hp_map_set_str(arena, map, "result", hp_check_result_name(one->result));
			hp_map_set_str(arena, map, "evidence", one->evidence);
			if (one->todo)
				hp_map_set_str(arena, map, "todo", one->todo);
			hp_array_add(arena, findings, map);
		}
		hp_map_set(arena, check, "findings", findings);
		hp_array_add(arena, checks, check);
	}
	hp_map_set(arena, whole, "checks", checks);
	return hp_out_json(cli, whole);
}

static void
print_todo(const struct hp_preflight *report)
{
	bool headed = false;
	for (int i = 0; i < HP_CHECK_COUNT; i++)
		for (size_t j = 0; j < report->count; j++) {
			const struct hp_preflight_finding *one = &report->findings[j];
			if (one->check != (enum hp_check)i || !one->todo)
				continue;
			if (!headed)
				puts("\nwhat to do:");
			headed = true;
			printf("  %d %s: %s\n", i, hp_check_name(one->check), one->todo);
		}
}

static int
print_table(struct hp_cli *cli, const struct hp_preflight *report)
{
	static const char *const headings[] = {"NO", "CHECK", "RESULT", "EVIDENCE", NULL};
	struct hp_table table;
	hp_table_init(&table, cli, headings);
	for (int i = 0; i < HP_CHECK_COUNT; i++)
		for (size_t j = 0; j < report->count; j++) {
			const struct hp_preflight_finding *one = &report->findings[j];
			if (one->check != (enum hp_check)i)
				continue;
			const char *const cells[] = {
				hp_arena_printf(&cli->arena, "%d", i),
				hp_check_name(one->check),
				hp_check_result_name(one->result),
				one->evidence,
			};
			hp_table_add(&table, cells);
		}
	int exit_code = hp_table_print(&table);
	if (exit_code == HP_EXIT_OK)
		print_todo(report);
	return exit_code;
}

static int
report_all(struct hp_cli *cli, const struct hp_preflight *report)
{
	size_t failed = 0;
	for (int i = 0; i < HP_CHECK_COUNT; i++)
		failed += hp_preflight_result(report, (enum hp_check)i) == HP_FAILED;
	int exit_code = cli->json ? print_json(cli, report, failed ? HP_FAILED : HP_PASSED)
				  : print_table(cli, report);
	if (exit_code != HP_EXIT_OK || !failed)
		return exit_code;
	return hp_cli_error(cli, HP_EXIT_CHECK_FAILED, "%zu of %d checks failed", failed,
			    HP_CHECK_COUNT);
}

/* ---- the command ---- */

/* --tools: a list, or a map with one under `tools`, also inside the answer's `result`. */
static int
check_tools(struct hp_live *live)
{
	struct hp_cli *cli = live->cli;
	struct hp_error err = {0};
	const struct hp_value *file = NULL;
	const char *path = hp_cli_option(cli, "tools"), *server = hp_cli_option(cli, "server");
	if (!path != !server)
		return hp_cli_usage(cli, "--tools and --server go together");
	if (!path)
		return HP_EXIT_OK;
	int exit_code = hp_fields_load(cli, path, &file);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	const struct hp_value *inner = hp_map_get(file, "result");
	const struct hp_value *tools = hp_map_get(inner ? inner : file, "tools");
	if (!tools)
		tools = file;
	if (tools->type != HP_ARRAY)
		return hp_cli_usage(cli, "--tools: %s holds no list of tools",
				    hp_text_safe(&cli->arena, path, 0));
	enum hp_status status = hp_preflight_tools(live->report, server, tools, &err);
	if (status == HP_OK)
		return HP_EXIT_OK;
	return hp_cli_usage(cli, "--tools: %s: %s", hp_text_safe(&cli->arena, path, 0),
			    err.message);
}

static int
run(struct hp_live *live)
{
	struct hp_cli *cli = live->cli;
	struct hp_error err = {0};
	const struct hp_value *reply = NULL;
	int exit_code = hp_cli_connect(cli, HP_SIDE_CONTROL);
	if (exit_code == HP_EXIT_OK)
		exit_code = open_prober(live);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_cli_ask(cli, hp_cli_message(cli, "stats"), "stats", &reply);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	live->leaves_before = (uint64_t)hp_map_get_int(hp_map_get(reply, "stats"), "leaves", 0);
	hp_live_trial(live);
	enum hp_status status = hp_preflight_judge(live->report, &err);
	if (status != HP_OK)
		return hp_cli_fail(cli, status, &err);
	exit_code = check_tools(live);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	check_keys(live);
	hp_live_probe(live);
	hp_live_rollback(live);
	hp_live_audit(live);
	return report_all(cli, live->report);
}

int
hp_cmd_preflight(struct hp_cli *cli)
{
	struct hp_offline offline = {0};
	struct hp_preflight *report = hp_arena_alloc(&cli->arena, sizeof *report);
	struct hp_live live = {.cli = cli, .report = report};
	int exit_code = hp_offline_open_policy(cli, &offline, NULL);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_offline_open_principals(cli, &offline);
	if (exit_code == HP_EXIT_OK && !report)
		exit_code = hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	if (exit_code == HP_EXIT_OK) {
		*report = (struct hp_preflight){
			.arena = &cli->arena,
			.policy = offline.policy,
			.directory = offline.directory,
		};
		exit_code = run(&live);
	}
	hp_client_free(live.prober);
	hp_keyfile_release(&live.key);
	hp_offline_release(&offline);
	return exit_code;
}
