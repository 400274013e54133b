/* sandbox - a temporary directory for one test, and files in it. */
#ifndef HP_TESTS_SANDBOX_H
#define HP_TESTS_SANDBOX_H

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char sandbox[32];

static inline int
sandbox_remove(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	return remove(path);
}

static inline void
sandbox_open(void)
{
	strcpy(sandbox, "/tmp/hp-test-XXXXXX");
	cr_assert_not_null(mkdtemp(sandbox));
}

static inline void
sandbox_close(void)
{
	nftw(sandbox, sandbox_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path inside; good until the fourth call from here. */
static inline const char *
sandbox_path(const char *name)
{
	static char paths[4][160];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof paths[0], "%s/%s", sandbox, name);
	return path;
}

static inline const char *
sandbox_write(const char *name, const char *text, mode_t mode)
{
	const char *path = sandbox_path(name);
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file, "%s", path);
	fputs(text, file);
	fclose(file);
	cr_assert_eq(chmod(path, mode), 0);
	return path;
}

/* How many entries a directory of the sandbox has ("." is the sandbox itself). */
static inline int
sandbox_count(const char *name)
{
	char command[256];
	int count = -1;
	snprintf(command, sizeof command, "ls -A '%s' | wc -l", sandbox_path(name));
	FILE *pipe = popen(command, "r");
	cr_assert_eq(fscanf(pipe, "%d", &count), 1);
	pclose(pipe);
	return count;
}

#endif
