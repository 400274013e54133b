#include "proto/instance.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/json.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/yaml.h"
#include "proto/file.h"

static const char *
get_env(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

/* What was asked for, or the default of the user; not yet absolute. */
static const char *
choose_home(struct hp_arena *arena, const char *given)
{
	const char *dir = given ? given : get_env("HOLDPOINT_HOME");
	if (dir)
		return dir;
	if ((dir = get_env("XDG_CONFIG_HOME")))
		return hp_arena_printf(arena, "%s/holdpoint", dir);
	if ((dir = get_env("HOME")))
		return hp_arena_printf(arena, "%s/.config/holdpoint", dir);
	return NULL;
}

enum hp_status
hp_instance_home(struct hp_arena *arena, const char *given, const char **ret_home,
		 struct hp_error *err)
{
	if (given && !*given)
		return hp_fail(err, HP_INVALID, "the instance directory has an empty name");
	const char *dir = choose_home(arena, given);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	if (!dir)
		return hp_fail(err, HP_NOT_FOUND,
			       "no instance directory: give --home or set HOLDPOINT_HOME");
	char *home;
	if (*dir == '/') {
		home = hp_arena_strdup(arena, dir);
	} else {
		char *cwd = getcwd(NULL, 0);
		if (!cwd)
			return hp_fail(err, HP_IO, "cannot tell the working directory: %s",
				       strerror(errno));
		home = hp_arena_printf(arena, "%s/%s", strcmp(cwd, "/") ? cwd : "", dir);
		free(cwd);
	}
	if (!home)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t len = strlen(home); len > 1 && home[len - 1] == '/'; len--)
		home[len - 1] = '\0';
	*ret_home = home;
	return HP_OK;
}

const char *
hp_instance_path(struct hp_arena *arena, const char *home, const char *name)
{
	return hp_arena_printf(arena, "%s/%s", strcmp(home, "/") ? home : "", name);
}

void
hp_instance_locate(struct hp_error *err, const char *path)
{
	if (!err)
		return;
	struct hp_buf text = {0};
	hp_text_escape(&text, path, strlen(path), 0);
	if (err->line && err->column)
		hp_buf_printf(&text, ":%u:%u", err->line, err->column);
	else if (err->line)
		hp_buf_printf(&text, ":%u", err->line);
	hp_buf_printf(&text, ": %s", err->message);
	if (!text.failed)
		snprintf(err->message, sizeof err->message, "%s", hp_buf_text(&text));
	hp_buf_release(&text);
}

enum hp_status
hp_instance_config(struct hp_arena *arena, const char *home, struct hp_config *ret_config,
		   struct hp_error *err)
{
	struct hp_buf text = {0};
	const char *path = hp_instance_path(arena, home, "holdpoint.yaml");
	enum hp_status status = path ? hp_file_read(path, &text, err)
				     : hp_fail(err, HP_NOMEM, "out of memory");
	if (status == HP_OK) {
		status = hp_config_parse(arena, hp_buf_text(&text), text.len, home, ret_config,
					 err);
		if (status != HP_OK)
			hp_instance_locate(err, path);
	}
	hp_buf_release(&text);
	return status;
}

enum hp_status
hp_instance_boundary(struct hp_arena *arena, const char *path, struct hp_boundary *ret_boundary,
		     struct hp_error *err)
{
	struct hp_buf text = {0};
	enum hp_status status = hp_file_read_guarded(path, &text, err);
	if (status == HP_OK) {
		status = hp_boundary_parse(arena, hp_buf_text(&text), text.len, ret_boundary, err);
		if (status != HP_OK)
			hp_instance_locate(err, path);
	}
	hp_buf_release(&text);
	return status;
}

static const char suffix[] = ".yaml";

/* Length of the principal's name in a file's name; 0 for other files, also half-written and hidden
 * ones. */
static size_t
entry_name_len(const char *file)
{
	const size_t suffix_len = sizeof suffix - 1;
	size_t len = strlen(file);
	if (*file == '.' || len <= suffix_len || strcmp(file + len - suffix_len, suffix) != 0)
		return 0;
	return len - suffix_len;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of all entries of `path`, sorted. */
static enum hp_status
list_names(struct hp_arena *arena, const char *path, const char ***ret_names, size_t *ret_count,
	   struct hp_error *err)
{
	DIR *dir = opendir(path);
	if (!dir) {
		hp_fail(err, HP_IO, "cannot open: %s", strerror(errno));
		hp_instance_locate(err, path);
		return HP_IO;
	}
	const char **names = NULL;
	size_t count = 0, capacity = 0;
	enum hp_status status = HP_OK;
	const struct dirent *entry;

	while (status == HP_OK && (errno = 0, entry = readdir(dir))) {
		size_t len = entry_name_len(entry->d_name);
		if (!len)
			continue;
		if (count == capacity) {
			size_t wider = capacity ? capacity * 2 : 64;
			const char **grown = hp_arena_array(arena, wider, sizeof *grown);
			if (grown && count)
				memcpy(grown, names, count * sizeof *grown);
			names = grown;
			capacity = wider;
		}
		char *name = hp_arena_copy(arena, entry->d_name, len);
		if (!names || !name)
			status = hp_fail(err, HP_NOMEM, "out of memory");
		else if (count == HP_LIMIT_PRINCIPALS)
			status = hp_fail(err, HP_TOO_LARGE, "more than %u principals",
					 HP_LIMIT_PRINCIPALS);
		else
			names[count++] = name;
	}
	if (status == HP_OK && errno)
		status = hp_fail(err, HP_IO, "cannot read: %s", strerror(errno));
	closedir(dir);
	if (status != HP_OK) {
		hp_instance_locate(err, path);
		return status;
	}
	if (count)
		qsort(names, count, sizeof *names, by_name);
	*ret_names = names;
	*ret_count = count;
	return HP_OK;
}

static enum hp_status
read_entry(struct hp_arena *arena, const char *dir, const char *name,
	   struct hp_principal *ret_principal, struct hp_error *err)
{
	struct hp_buf text = {0};
	const struct hp_value *map;
	const char *path = hp_arena_printf(arena, "%s/%s%s", dir, name, suffix);
	enum hp_status status = path ? hp_file_read(path, &text, err)
				     : hp_fail(err, HP_NOMEM, "out of memory");
	if (status == HP_OK) {
		status = hp_yaml_load(arena, hp_buf_text(&text), text.len, &map, err);
		if (status == HP_OK)
			status = hp_principal_parse(arena, name, map, ret_principal, err);
		if (status != HP_OK)
			hp_instance_locate(err, path);
	}
	hp_buf_release(&text);
	return status;
}

enum hp_status
hp_instance_principals(struct hp_arena *arena, const char *home,
		       struct hp_directory **ret_directory, struct hp_error *err)
{
	const char *dir = hp_instance_path(arena, home, "principals.d");
	if (!dir)
		return hp_fail(err, HP_NOMEM, "out of memory");
	const char **names;
	size_t count;
	enum hp_status status = list_names(arena, dir, &names, &count, err);
	if (status != HP_OK)
		return status;
	struct hp_principal *principals = hp_arena_array(arena, count + 1, sizeof *principals);
	if (!principals)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < count && status == HP_OK; i++)
		status = read_entry(arena, dir, names[i], &principals[i], err);
	if (status != HP_OK)
		return status;
	status = hp_directory_new(principals, count, ret_directory, err);
	if (status != HP_OK)
		hp_instance_locate(err, dir);
	return status;
}

void
hp_instance_add_entry(struct hp_arena *arena, const struct hp_principal *principal,
		      struct hp_buf *buf)
{
	const struct hp_value *map = hp_principal_to_value(arena, principal);
	for (size_t i = 0; i < hp_value_count(map); i++) {
		hp_buf_printf(buf, "%s: ", map->map.pairs[i].key.p);
		hp_json_dump(map->map.pairs[i].value, HP_JSON_LINE, buf);
		hp_buf_add_byte(buf, '\n');
	}
	buf->failed |= arena->failed;
}
