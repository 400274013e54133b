#include "broker/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "broker/log.h"
#include "core/limits.h"

enum {
	MIB = 1024 * 1024,
	LOW_BYTES = 48 * MIB,	/* free and reserved together: from here on no new work … */
	GOOD_BYTES = 64 * MIB,	/* … until there is so much again */
	NEARLY_FULL_BYTES = 8 * MIB, /* a turn's writes and a WAL fit well into it */
};

/* What is free, to others than root; -1: not told. */
static int64_t
free_bytes(const struct hp_disk *disk)
{
	struct statvfs info;
	char dir[sizeof disk->reserve];
	snprintf(dir, sizeof dir, "%s", disk->reserve);
	char *slash = strrchr(dir, '/');
	if (!slash)
		return -1;
	*slash = '\0';
	return statvfs(dir, &info) == 0 ? (int64_t)info.f_bavail * (int64_t)info.f_frsize : -1;
}

static void
give_up(struct hp_disk *disk)
{
	if (truncate(disk->reserve, 0) != 0 && errno != ENOENT)
		HP_LOG("error", "disk-reserve", "path", disk->reserve, "reason", strerror(errno));
	disk->held = false;
}

static void
take(struct hp_disk *disk)
{
	int fd = open(disk->reserve, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int error = fd < 0 ? errno : posix_fallocate(fd, 0, HP_DISK_RESERVE_BYTES);
	if (fd >= 0)
		close(fd);
	disk->held = !error;
	if (error) {
		HP_LOG("error", "disk-reserve", "path", disk->reserve, "reason", strerror(error));
		give_up(disk);
	}
}

void
hp_disk_open(struct hp_disk *disk, const char *state_dir)
{
	struct stat info;
	*disk = (struct hp_disk){0};
	int len = snprintf(disk->reserve, sizeof disk->reserve, "%s/reserve", state_dir);
	if (len < 0 || (size_t)len >= sizeof disk->reserve)
		disk->reserve[0] = '\0';
	disk->held = disk->reserve[0] && stat(disk->reserve, &info) == 0 &&
		     (uint64_t)info.st_blocks * 512 >= HP_DISK_RESERVE_BYTES;
	hp_disk_check(disk);
}

void
hp_disk_check(struct hp_disk *disk)
{
	int64_t unused = disk->reserve[0] ? free_bytes(disk) : -1;
	int64_t total = unused + (disk->held ? (int64_t)HP_DISK_RESERVE_BYTES : 0);
	bool low = unused < 0 || total < (disk->low ? GOOD_BYTES : LOW_BYTES);
	if (low != disk->low)
		HP_LOG(low ? "error" : "info", low ? "disk-low" : "disk-good", "reason",
		       unused < 0 ? "the file system of the database does not tell what is free"
		       : low	  ? "the disk is nearly full: no new work is taken"
				  : "there is room again");
	disk->low = low;
	if (disk->held && unused >= 0 && unused < NEARLY_FULL_BYTES)
		give_up(disk);
	else if (!disk->held && !low && total > GOOD_BYTES)
		take(disk);
}
