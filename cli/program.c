/* A command's program, found as a shell would find it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"

static bool
is_program(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* `name` under `dir`, absolute: an empty or relative directory of PATH means the current one. */
static const char *
join(struct hp_cli *cli, const char *cwd, const char *dir, size_t len, const char *name)
{
	if (len > 0 && *dir == '/')
		return hp_arena_printf(&cli->arena, "%.*s/%s", (int)len, dir, name);
	return hp_arena_printf(&cli->arena, "%s/%.*s%s%s", strcmp(cwd, "/") ? cwd : "", (int)len,
			       dir, len ? "/" : "", name);
}

const char *
hp_cli_find_program(struct hp_cli *cli, const char *cwd, const char *name)
{
	if (*name == '/')
		return is_program(name) ? name : NULL;
	if (strchr(name, '/')) {
		const char *path = join(cli, cwd, "", 0, name);
		return path && is_program(path) ? path : NULL;
	}
	const char *dir = getenv("PATH");
	while (dir && *name) {
		size_t len = strcspn(dir, ":");
		const char *path = join(cli, cwd, dir, len, name);
		if (path && is_program(path))
			return path;
		dir = dir[len] ? dir + len + 1 : NULL;
	}
	return NULL;
}
