/*
 * faultd - holdpointd on a disk, a memory and a clock that fail when they are told to.
 *
 * The real main(), the real everything; beneath it, by environment:
 *	FAULT_DISK=KIND:N[+]  the N-th operation of SQLite's file layer or of the lock file's writer
 *			      fails: io (half of it is written), full, drop (it is said to be done),
 *			      kill; with + every one from there on
 *	FAULT_ALLOC=N	      the N-th allocation of our own code fails
 *	FAULT_CLOCK=FILE      "WALL BOOT ID": milliseconds added to the clocks and a boot's number,
 *			      read again at each turn
 *	FAULT_COUNT=FILE      at exit: how many operations and allocations there were
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/clock.h"
#include "tests/broker/fault_vfs.h"

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

static unsigned long allocations, failing_allocation;
static const char *clock_file, *count_file;

/* ---- allocations of our own objects (the linker wraps them; libraries keep the real ones) ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool
fails(void)
{
	if (++allocations != failing_allocation)
		return false;
	errno = ENOMEM;
	return true;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

/* ---- the lock file's writer ---- */

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

static bool
struck(int *ret_errno)
{
	int result = fault_vfs_step();
	*ret_errno = result == SQLITE_FULL ? ENOSPC : EIO;
	return result != SQLITE_OK && result != FAULT_DROP;
}

ssize_t
__wrap_write(int fd, const void *bytes, size_t len)
{
	int error;
	if (fd > STDERR_FILENO && struck(&error)) {
		(void)!__real_write(fd, bytes, len / 2);
		errno = error;
		return -1;
	}
	return __real_write(fd, bytes, len);
}

int
__wrap_fsync(int fd)
{
	int error;
	if (struck(&error)) {
		errno = error;
		return -1;
	}
	return __real_fsync(fd);
}

int
__wrap_rename(const char *from, const char *to)
{
	int error;
	if (struck(&error)) {
		errno = error;
		return -1;
	}
	return __real_rename(from, to);
}

/* ---- clocks ---- */

enum hp_status __real_hp_clock_read(struct hp_clock *ret_clock);
enum hp_status __wrap_hp_clock_read(struct hp_clock *ret_clock);

enum hp_status
__wrap_hp_clock_read(struct hp_clock *ret_clock)
{
	enum hp_status status = __real_hp_clock_read(ret_clock);
	long long wall = 0, boot = 0;
	int id = 0;
	FILE *file = clock_file && status == HP_OK ? fopen(clock_file, "r") : NULL;
	if (!file)
		return status;
	if (fscanf(file, "%lld %lld %d", &wall, &boot, &id) == 3) {
		ret_clock->wall_ms += wall;
		ret_clock->boottime_ms += boot;
		ret_clock->boot_id[0] ^= (uint8_t)id;
	}
	fclose(file);
	return status;
}

/* ---- setting up ---- */

static void
count(void)
{
	FILE *file = fopen(count_file, "w");
	if (!file)
		return;
	fprintf(file, "%u %lu\n", fault_vfs_steps(), allocations);
	fclose(file);
}

static void
arm_disk(const char *spec)
{
	static const struct {
		const char *name;
		int result;
	} kinds[] = {{"io", SQLITE_IOERR_WRITE}, {"full", SQLITE_FULL}, {"drop", FAULT_DROP},
		     {"kill", FAULT_KILL}};
	const char *colon = strchr(spec, ':');
	for (size_t i = 0; colon && i < sizeof kinds / sizeof kinds[0]; i++)
		if (strlen(kinds[i].name) == (size_t)(colon - spec) &&
		    strncmp(spec, kinds[i].name, (size_t)(colon - spec)) == 0) {
			fault_vfs_arm((unsigned)strtoul(colon + 1, NULL, 10), kinds[i].result,
				      strchr(colon, '+'));
			return;
		}
	fprintf(stderr, "faultd: no fault \"%s\"\n", spec);
	exit(64);
}

int
__wrap_main(int argc, char **argv)
{
	const char *disk = getenv("FAULT_DISK"), *alloc = getenv("FAULT_ALLOC");
	clock_file = getenv("FAULT_CLOCK");
	count_file = getenv("FAULT_COUNT");
	fault_vfs_install();
	if (disk)
		arm_disk(disk);
	failing_allocation = alloc ? strtoul(alloc, NULL, 10) : 0;
	if (count_file)
		atexit(count);
	return __real_main(argc, argv);
}
