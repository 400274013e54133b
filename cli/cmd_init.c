/*
 * cmd_init - a working trial instance in one step.
 *
 * Everybody's secrets lie together here, so it is for trying only; `trial: true` says so. The
 * directory appears whole or not at all: it is built under another name, read back as the broker
 * reads it, and moved.
 */
#include <errno.h>
#include <dirent.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/output.h"
#include "core/checkpoint.h"
#include "core/json.h"
#include "core/policy.h"
#include "core/text.h"
#include "proto/file.h"
#include "proto/instance.h"

enum { IPC_PATH_BYTES = 107 }; /* sun_path less its NUL (trust.md, trap 5) */

#define LIST(...) (const char *const[]){__VA_ARGS__}
#define EVERY_GROUP .groups = LIST("oncall", "dba", "leads", "admins"), .group_count = 4

/* Who a trial needs to play the whole story (protocol.md, "Instance directory"). */
static const struct hp_principal seats[] = {
	{.name = "demo-agent", .roles = HP_ROLE_AGENT, .mode = HP_MODE_AUTONOMOUS,
	 .owner = "developer"},
	{.name = "demo-agent-supervised", .roles = HP_ROLE_AGENT, .mode = HP_MODE_SUPERVISED,
	 .owner = "developer"},
	{.name = "gateway", .roles = HP_ROLE_GATEWAY,
	 .agents = LIST("demo-agent", "demo-agent-supervised"), .agent_count = 2},
	{.name = "executor", .roles = HP_ROLE_EXECUTOR, .audience = "executor",
	 .environments = LIST("production"), .environment_count = 1},
	{.name = "developer", .roles = HP_ROLE_HUMAN, .person = "developer"},
	{.name = "reviewer", .roles = HP_ROLE_REVIEWER, .person = "reviewer", EVERY_GROUP},
	{.name = "reviewer2", .roles = HP_ROLE_REVIEWER, .person = "reviewer2", EVERY_GROUP},
	{.name = "admin", .roles = HP_ROLE_ADMIN, .person = "admin"},
	{.name = "auditor", .roles = HP_ROLE_AUDITOR, .person = "auditor"},
};
enum { SEAT_COUNT = sizeof seats / sizeof seats[0] };

/* Top of an instance, in the order in which it moves into an existing directory. */
static const char *const parts[] = {
	"state",       "run",	      "keys",	      "principals.d", "broker.json",
	"policy.yaml", "example.yaml", "executor.yaml", "pretend", "holdpoint.yaml",
};
enum { PART_COUNT = sizeof parts / sizeof parts[0] };

static const char example[] =
	"# A request as an agent would write it: what exactly, why, what it touches, what else\n"
	"# was considered, how to undo it. Its confidence is below what the policy asks for, so a\n"
	"# person decides.\n"
	"action:\n"
	"  operation: lambda:UpdateFunctionConfiguration\n"
	"  environment: production\n"
	"  resources: [\"function/cost-refresh-prod\"]\n"
	"  arguments:\n"
	"    FunctionName: cost-refresh-prod\n"
	"    Environment: {Variables: {RETRY_STALE_ROWS: \"true\"}}\n"
	"  audience: executor\n"
	"summary: Let the refresh job retry stale cost rows\n"
	"why: |\n"
	"  Only the rows of 2025-12 are stale; the refresh job skips rows that failed once. With\n"
	"  this setting it tries them again on its next run, in ten minutes.\n"
	"impact: {resources_affected: 1, cost_usd: 0, downtime_s: 0, users_affected: 0, "
	"reversible: true}\n"
	"alternatives:\n"
	"  - approach: Delete and recreate the stack\n"
	"    rejected_because: hours of downtime for a few stale rows\n"
	"  - approach: Wait for the monthly rebuild\n"
	"    rejected_because: customers see wrong figures until then\n"
	"rollback:\n"
	"  plan: Unset RETRY_STALE_ROWS\n"
	"  operation: lambda:UpdateFunctionConfiguration\n"
	"  minutes: 1\n"
	"confidence: 0.62\n"
	"session: fix-cost-explorer-7\n"
	"branch: remediate\n";

/* What the trial's executor runs in place of a cloud's tools. */
static const char pretend[] = "#!/bin/sh\n"
			      "# Changes nothing: it only says what it was granted.\n"
			      "printf 'pretending to run %s\\n' \"$HOLDPOINT_ACTION\"\n";

/* What is being made. */
struct build {
	struct hp_cli *cli;
	struct hp_arena *arena;
	const char *target;   /* where it will be */
	const char *dir;      /* where it is built */
	bool into;	      /* the target exists, empty, and is filled */
	const char *instance; /* its name */
	const char *agents, *control, *events;
	struct hp_buf reviewers; /* of executor.yaml */
};

static const char *
in(const struct build *build, const char *name)
{
	return hp_arena_printf(build->arena, "%s/%s", build->dir, name);
}

/* ---- where ---- */

static enum hp_status
fail_dir(struct build *build, enum hp_status status, const char *dir, const char *reason,
	 struct hp_error *err)
{
	return hp_fail(err, status, "%s: %s", hp_text_safe(build->arena, dir, 0), reason);
}

static enum hp_status
check_empty(struct build *build, const char *path, struct hp_error *err)
{
	DIR *dir = opendir(path);
	if (!dir)
		return fail_dir(build, errno == ENOTDIR ? HP_CONFLICT : HP_IO, path,
				errno == ENOTDIR ? "exists and is no directory" : strerror(errno),
				err);
	const struct dirent *entry;
	bool empty = true;
	while ((entry = readdir(dir)))
		empty &= strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(dir);
	return empty ? HP_OK : fail_dir(build, HP_CONFLICT, path, "exists and is not empty", err);
}

/* The target without symbolic links, and a directory of its own to build in. One that exists may be
 * a mount point or somebody's working directory, so it stays and is filled from inside. */
static enum hp_status
choose_place(struct build *build, const char *given, struct hp_error *err)
{
	const char *whole;
	char real[PATH_MAX];
	struct stat st;
	enum hp_status status = hp_instance_home(build->arena, given, &whole, err);
	if (status != HP_OK)
		return status;
	if (lstat(whole, &st) == 0) {
		if ((status = check_empty(build, whole, err)) != HP_OK)
			return status;
		if (!realpath(whole, real))
			return fail_dir(build, HP_IO, whole, strerror(errno), err);
		build->into = true;
		build->target = hp_arena_strdup(build->arena, real);
		build->dir = hp_arena_printf(build->arena, "%s/.tmp-XXXXXX", real);
	} else {
		char *parent = hp_arena_strdup(build->arena, whole);
		char *name = hp_arena_strdup(build->arena, whole);
		if (!parent || !name)
			return hp_fail(err, HP_NOMEM, "out of memory");
		if (!realpath(dirname(parent), real))
			return fail_dir(build, HP_INVALID, whole,
					"its parent directory does not exist", err);
		build->target = hp_arena_printf(build->arena, "%s/%s",
						strcmp(real, "/") ? real : "", basename(name));
		build->dir = hp_arena_printf(build->arena, "%s.tmp-XXXXXX", build->target);
	}
	return build->arena->failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
}

static enum hp_status
choose_names(struct build *build, struct hp_error *err)
{
	const char *target = build->target;
	size_t longest = strlen(target) + strlen("/run/control");
	uint8_t id[4];
	if (!hp_text_is_utf8(target, strlen(target)))
		return fail_dir(build, HP_INVALID, target, "the path is not UTF-8", err);
	if (longest > IPC_PATH_BYTES)
		return hp_fail(err, HP_INVALID,
			       "%s: the path is %zu bytes too long for its sockets (at most %d)",
			       hp_text_safe(build->arena, target, 0), longest - IPC_PATH_BYTES,
			       IPC_PATH_BYTES - (int)strlen("/run/control"));
	hp_crypto_random(id, sizeof id);
	build->instance = hp_arena_printf(build->arena, "trial/%02x%02x%02x%02x", id[0], id[1],
					  id[2], id[3]);
	build->agents = hp_arena_printf(build->arena, "ipc://%s/run/agents", target);
	build->control = hp_arena_printf(build->arena, "ipc://%s/run/control", target);
	build->events = hp_arena_printf(build->arena, "ipc://%s/run/events", target);
	return build->arena->failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
}

/* ---- what ---- */

static enum hp_status
write_text(struct build *build, const char *name, const struct hp_buf *text, struct hp_error *err)
{
	const char *path = in(build, name);
	if (!path || text->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	return hp_file_write(path, text->data, text->len, 0644, HP_FILE_NEW, err);
}

static enum hp_status
write_constant(struct build *build, const char *name, const char *text, struct hp_error *err)
{
	struct hp_buf buf = {0};
	hp_buf_add_text(&buf, text);
	enum hp_status status = write_text(build, name, &buf, err);
	hp_buf_release(&buf);
	return status;
}

static enum hp_status
make_dirs(struct build *build, struct hp_error *err)
{
	static const struct {
		const char *name;
		mode_t mode;
	} rows[] = {{"state", 0700}, {"run", 0711}, {"keys", 0700}, {"principals.d", 0755}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *path = in(build, rows[i].name);
		enum hp_status status = path ? hp_file_make_dir(path, rows[i].mode, err)
					     : hp_fail(err, HP_NOMEM, "out of memory");
		if (status != HP_OK)
			return status;
	}
	return HP_OK;
}

static enum hp_status
write_key(struct build *build, const char *name, struct hp_keyfile *ret_key, struct hp_error *err)
{
	const char *path = hp_arena_printf(build->arena, "%s/keys/%s.key", build->dir, name);
	if (!path)
		return hp_fail(err, HP_NOMEM, "out of memory");
	hp_keyfile_generate(name, ret_key);
	return hp_keyfile_write(path, ret_key, NULL, 0, err);
}

static enum hp_status
write_seat(struct build *build, const struct hp_principal *seat, struct hp_error *err)
{
	struct hp_principal entry = *seat;
	struct hp_keyfile key = {0};
	struct hp_buf text = {0};
	enum hp_status status = write_key(build, seat->name, &key, err);
	memcpy(entry.curve_public, key.curve_public, sizeof entry.curve_public);
	memcpy(entry.sign_public, key.sign_public, sizeof entry.sign_public);
	entry.has_sign = true;
	hp_keyfile_release(&key);
	if (seat->roles & HP_ROLE_REVIEWER) {
		hp_buf_printf(&build->reviewers, "  - {name: %s, person: %s, sign_public: \"",
			      seat->name, seat->person);
		hp_crypto_add_base64(&build->reviewers, entry.sign_public,
				     sizeof entry.sign_public);
		hp_buf_add_text(&build->reviewers, "\"}\n");
	}
	if (status == HP_OK) {
		const char *name =
			hp_arena_printf(build->arena, "principals.d/%s.yaml", seat->name);
		hp_instance_add_entry(build->arena, &entry, &text);
		status = name ? write_text(build, name, &text, err)
			      : hp_fail(err, HP_NOMEM, "out of memory");
	}
	hp_buf_release(&text);
	return status;
}

static enum hp_status
write_broker(struct build *build, struct hp_error *err)
{
	struct hp_keyfile key = {0};
	struct hp_buf vkey = {0};
	const char *path = in(build, "broker.json");
	enum hp_status status = write_key(build, "broker", &key, err);
	if (status == HP_OK) {
		hp_checkpoint_add_vkey(&vkey, build->instance, key.sign_public);
		struct hp_broker_info info = {
			.instance = build->instance,
			.agents = build->agents,
			.control = build->control,
			.events = build->events,
			.log_key = hp_buf_text(&vkey),
		};
		memcpy(info.curve_public, key.curve_public, sizeof info.curve_public);
		status = path && !vkey.failed ? hp_broker_info_write(path, &info, err)
					      : hp_fail(err, HP_NOMEM, "out of memory");
	}
	hp_keyfile_release(&key);
	hp_buf_release(&vkey);
	return status;
}

static void
add_setting(struct build *build, struct hp_buf *buf, const char *key, const char *value)
{
	hp_buf_printf(buf, "%s: ", key);
	hp_json_dump(hp_value_str(build->arena, value), HP_JSON_LINE, buf);
	hp_buf_add_byte(buf, '\n');
}

static enum hp_status
write_config(struct build *build, struct hp_error *err)
{
	struct hp_buf text = {0};
	hp_buf_add_text(&text, "# One instance of holdpoint; see holdpoint-config(5).\n");
	add_setting(build, &text, "instance", build->instance);
	add_setting(build, &text, "agents", build->agents);
	add_setting(build, &text, "control", build->control);
	add_setting(build, &text, "events", build->events);
	hp_buf_add_text(&text,
			"state_dir: state\n"
			"run_dir: run\n"
			"# In production on another mount: it shows a database rolled back.\n"
			"lock_file: state/checkpoint.lock\n"
			"# For trying only: everybody's keys lie in keys/, and people and agents\n"
			"# may share a user.\n"
			"trial: true\n"
			"same_uid: allow\n");
	text.failed |= build->arena->failed;
	enum hp_status status = write_text(build, "holdpoint.yaml", &text, err);
	hp_buf_release(&text);
	return status;
}

/* The executor's own boundary, and the program that it knows. */
static enum hp_status
write_executor(struct build *build, struct hp_error *err)
{
	struct hp_buf text = {0};
	const char *program = hp_instance_path(build->arena, build->target, "pretend");
	struct hp_buf path = {0};
	hp_json_dump(hp_value_str(build->arena, program), HP_JSON_LINE, &path);
	hp_buf_printf(&text,
		      "# What the executor runs, whatever the broker says; see "
		      "holdpoint-executor(8).\n"
		      "environment: production\n"
		      "audience: executor\n"
		      "operations: [\"lambda:*\", \"rds:*\", \"shell:*\"]\n"
		      "programs:\n"
		      "  \"lambda:UpdateFunctionConfiguration\": %s\n"
		      "  \"rds:CreateDBInstanceReadReplica\": %s\n"
		      "  echo: /bin/echo\n"
		      "cwd_roots: [/tmp]\n"
		      "# Whose votes count here: keys and persons are not the broker's to say.\n"
		      "reviewers:\n%s"
		      "# At least so many persons; a tier that is not here is not run.\n"
		      "min_votes: {autonomous: 0, supervised: 0, gated: 1}\n"
		      "max_parallel: 4\n"
		      "timeout: 15m\n"
		      "output_limit: 1MiB\n",
		      hp_buf_text(&path), hp_buf_text(&path), hp_buf_text(&build->reviewers));
	text.failed |= path.failed | build->reviewers.failed | build->arena->failed;
	enum hp_status status = write_text(build, "executor.yaml", &text, err);
	if (status == HP_OK)
		status = write_constant(build, "pretend", pretend, err);
	if (status == HP_OK && chmod(in(build, "pretend"), 0755) != 0)
		status = fail_dir(build, HP_IO, build->dir, strerror(errno), err);
	hp_buf_release(&text);
	hp_buf_release(&path);
	return status;
}

static enum hp_status
write_all(struct build *build, struct hp_error *err)
{
	enum hp_status status = make_dirs(build, err);
	for (size_t i = 0; i < SEAT_COUNT && status == HP_OK; i++)
		status = write_seat(build, &seats[i], err);
	if (status == HP_OK)
		status = write_broker(build, err);
	if (status == HP_OK)
		status = write_constant(build, "policy.yaml", hp_policy_default_text(), err);
	if (status == HP_OK)
		status = write_constant(build, "example.yaml", example, err);
	if (status == HP_OK)
		status = write_executor(build, err);
	if (status == HP_OK)
		status = write_config(build, err);
	return status;
}

/* Reads it all back as the broker will. */
static enum hp_status
check(struct build *build, struct hp_error *err)
{
	struct hp_config config;
	struct hp_boundary boundary;
	struct hp_directory *directory = NULL;
	struct hp_policy *policy = NULL;
	const char *text = hp_policy_default_text();
	enum hp_status status = hp_instance_config(build->arena, build->dir, &config, err);
	if (status == HP_OK)
		status = hp_instance_principals(build->arena, build->dir, &directory, err);
	if (status == HP_OK)
		status = hp_instance_boundary(build->arena, in(build, "executor.yaml"), &boundary,
					      err);
	if (status == HP_OK)
		status = hp_policy_load(text, strlen(text), &policy, err);
	if (status == HP_OK)
		status = hp_policy_check_quorums(policy, directory, err);
	hp_policy_free(policy);
	hp_directory_free(directory);
	return status;
}

/* ---- whole or not at all ---- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)!remove(path);
	return 0;
}

static void
remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Moves the parts into the target that exists; what was moved is taken away again on failure. */
static enum hp_status
move_parts(struct build *build, struct hp_error *err)
{
	for (size_t i = 0; i < PART_COUNT; i++) {
		const char *from = in(build, parts[i]);
		const char *to = hp_instance_path(build->arena, build->target, parts[i]);
		if (from && to && rename(from, to) == 0)
			continue;
		enum hp_status status = fail_dir(build, HP_IO, build->target, strerror(errno), err);
		while (i-- > 0)
			if ((to = hp_instance_path(build->arena, build->target, parts[i])))
				remove_tree(to);
		return status;
	}
	return HP_OK;
}

static enum hp_status
move(struct build *build, struct hp_error *err)
{
	if (build->into) {
		enum hp_status status = move_parts(build, err);
		if (status == HP_OK)
			rmdir(build->dir);
		return status;
	}
	/* The agents of other users must get at run/ and broker.json. */
	if (chmod(build->dir, 0755) != 0 || rename(build->dir, build->target) != 0)
		return fail_dir(build, errno == ENOTEMPTY || errno == EEXIST ? HP_CONFLICT : HP_IO,
				build->target, strerror(errno), err);
	return HP_OK;
}

static enum hp_status
make_instance(struct build *build, const char *given, struct hp_error *err)
{
	enum hp_status status = choose_place(build, given, err);
	if (status == HP_OK)
		status = choose_names(build, err);
	if (status != HP_OK)
		return status;
	char *dir = hp_arena_strdup(build->arena, build->dir);
	if (!dir)
		return hp_fail(err, HP_NOMEM, "out of memory");
	if (!mkdtemp(dir))
		return fail_dir(build, HP_IO, build->target, strerror(errno), err);
	build->dir = dir;
	status = write_all(build, err);
	if (status == HP_OK)
		status = check(build, err);
	if (status == HP_OK)
		status = move(build, err);
	if (status != HP_OK)
		remove_tree(build->dir);
	return status;
}

/* ---- and then ---- */

/* `path` as a word of a shell. */
static const char *
shell_word(struct build *build, const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "/._-+:@%";
	if (path[strspn(path, plain)] == '\0')
		return path;
	struct hp_buf buf = {0};
	hp_buf_add_byte(&buf, '\'');
	for (; *path; path++) {
		if (*path == '\'')
			hp_buf_add_text(&buf, "'\\''");
		else
			hp_buf_add_byte(&buf, (uint8_t)*path);
	}
	hp_buf_add_byte(&buf, '\'');
	const char *word = hp_arena_strdup(build->arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return word ? word : "";
}

static int
print_next(struct build *build)
{
	struct hp_arena *arena = build->arena;
	const char *home = shell_word(build, build->target);
	const char *file = shell_word(
		build, hp_instance_path(arena, build->target, "example.yaml"));
	const char *const commands[] = {
		hp_arena_printf(arena, "holdpointd --home %s", home),
		hp_arena_printf(arena, "holdpoint --home %s --as reviewer console", home),
		hp_arena_printf(arena,
				"holdpoint --home %s --as demo-agent-supervised submit -f %s "
				"--wait",
				home, file),
	};
	if (arena->failed)
		return hp_cli_error(build->cli, HP_EXIT_INTERNAL, "out of memory");
	if (build->cli->json) {
		struct hp_value *map = hp_value_map(arena), *list = hp_value_array(arena);
		hp_map_set_str(arena, map, "home", build->target);
		hp_map_set_str(arena, map, "instance", build->instance);
		for (size_t i = 0; i < 3; i++)
			hp_array_add(arena, list, hp_value_str(arena, commands[i]));
		hp_map_set(arena, map, "commands", list);
		return hp_out_json(build->cli, map);
	}
	hp_cli_note(build->cli,
		    "a trial instance, with everybody's keys, is in %s; each of these in a "
		    "terminal of its own:",
		    hp_text_safe(arena, build->target, 0));
	for (size_t i = 0; i < 3; i++)
		puts(hp_text_safe(arena, commands[i], 0));
	return HP_EXIT_OK;
}

int
hp_cmd_init(struct hp_cli *cli)
{
	struct build build = {.cli = cli, .arena = &cli->arena};
	struct hp_error err = {0};
	enum hp_status status = make_instance(&build, cli->args[0], &err);
	hp_buf_release(&build.reviewers);
	return status == HP_OK ? print_next(&build) : hp_cli_fail(cli, status, &err);
}
