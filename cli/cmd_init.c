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
#include "cli/trial.h"
#include "core/text.h"
#include "proto/instance.h"

/* What is being made. */
struct build {
	struct hp_cli *cli;
	struct hp_trial trial;
	bool into; /* the target exists, empty, and is filled */
};

/* ---- where ---- */

static enum hp_status
fail_dir(struct build *build, enum hp_status status, const char *dir, const char *reason,
	 struct hp_error *err)
{
	return hp_fail(err, status, "%s: %s", hp_text_safe(build->trial.arena, dir, 0), reason);
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
	enum hp_status status = hp_instance_home(build->trial.arena, given, &whole, err);
	if (status != HP_OK)
		return status;
	if (lstat(whole, &st) == 0) {
		if ((status = check_empty(build, whole, err)) != HP_OK)
			return status;
		if (!realpath(whole, real))
			return fail_dir(build, HP_IO, whole, strerror(errno), err);
		build->into = true;
		build->trial.target = hp_arena_strdup(build->trial.arena, real);
		build->trial.dir = hp_arena_printf(build->trial.arena, "%s/.tmp-XXXXXX", real);
	} else {
		char *parent = hp_arena_strdup(build->trial.arena, whole);
		char *name = hp_arena_strdup(build->trial.arena, whole);
		if (!parent || !name)
			return hp_fail(err, HP_NOMEM, "out of memory");
		if (!realpath(dirname(parent), real))
			return fail_dir(build, HP_INVALID, whole,
					"its parent directory does not exist", err);
		build->trial.target = hp_arena_printf(build->trial.arena, "%s/%s",
						strcmp(real, "/") ? real : "", basename(name));
		build->trial.dir = hp_arena_printf(build->trial.arena, "%s.tmp-XXXXXX", build->trial.target);
	}
	return build->trial.arena->failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
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
	for (size_t i = 0; hp_trial_parts[i]; i++) {
		const char *from = hp_instance_path(build->trial.arena, build->trial.dir, hp_trial_parts[i]);
		const char *to = hp_instance_path(build->trial.arena, build->trial.target, hp_trial_parts[i]);
		if (from && to && rename(from, to) == 0)
			continue;
		enum hp_status status = fail_dir(build, HP_IO, build->trial.target, strerror(errno), err);
		while (i-- > 0)
			if ((to = hp_instance_path(build->trial.arena, build->trial.target, hp_trial_parts[i])))
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
			rmdir(build->trial.dir);
		return status;
	}
	/* The agents of other users must get at run/ and broker.json. */
	if (chmod(build->trial.dir, 0755) != 0 || rename(build->trial.dir, build->trial.target) != 0)
		return fail_dir(build, errno == ENOTEMPTY || errno == EEXIST ? HP_CONFLICT : HP_IO,
				build->trial.target, strerror(errno), err);
	return HP_OK;
}

static enum hp_status
make_instance(struct build *build, const char *given, struct hp_error *err)
{
	enum hp_status status = choose_place(build, given, err);
	if (status == HP_OK)
		status = hp_trial_name(&build->trial, err);
	if (status != HP_OK)
		return status;
	char *dir = hp_arena_strdup(build->trial.arena, build->trial.dir);
	if (!dir)
		return hp_fail(err, HP_NOMEM, "out of memory");
	if (!mkdtemp(dir))
		return fail_dir(build, HP_IO, build->trial.target, strerror(errno), err);
	build->trial.dir = dir;
	status = hp_trial_write(&build->trial, err);
	if (status == HP_OK)
		status = hp_trial_check(&build->trial, err);
	if (status == HP_OK)
		status = move(build, err);
	if (status != HP_OK)
		remove_tree(build->trial.dir);
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
	const char *word = hp_arena_strdup(build->trial.arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return word ? word : "";
}

static int
print_next(struct build *build)
{
	struct hp_arena *arena = build->trial.arena;
	const char *home = shell_word(build, build->trial.target);
	const char *file = shell_word(
		build, hp_instance_path(arena, build->trial.target, "example.yaml"));
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
		hp_map_set_str(arena, map, "home", build->trial.target);
		hp_map_set_str(arena, map, "instance", build->trial.instance);
		for (size_t i = 0; i < 3; i++)
			hp_array_add(arena, list, hp_value_str(arena, commands[i]));
		hp_map_set(arena, map, "commands", list);
		return hp_out_json(build->cli, map);
	}
	hp_cli_note(build->cli,
		    "a trial instance, with everybody's keys, is in %s; each of these in a "
		    "terminal of its own:",
		    hp_text_safe(arena, build->trial.target, 0));
	for (size_t i = 0; i < 3; i++)
		puts(hp_text_safe(arena, commands[i], 0));
	return HP_EXIT_OK;
}

int
hp_cmd_init(struct hp_cli *cli)
{
	struct build build = {.cli = cli, .trial = {.arena = &cli->arena}};
	struct hp_error err = {0};
	enum hp_status status = make_instance(&build, cli->args[0], &err);
	hp_buf_release(&build.trial.reviewers);
	return status == HP_OK ? print_next(&build) : hp_cli_fail(cli, status, &err);
}
