#include "broker/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/text.h"

static enum hp_status
fail_path(struct hp_error *err, enum hp_status status, const char *path, const char *reason)
{
	struct hp_arena arena = {0};
	const char *shown = hp_text_safe(&arena, path, 0);
	hp_fail(err, status, "cannot lock \"%s\": %s", shown ? shown : "", reason);
	hp_arena_release(&arena);
	return status;
}

/* The holder left its pid in the file; a hint for a person, not part of the locking. */
static enum hp_status
fail_held(struct hp_error *err, const char *path, int fd)
{
	char reason[64] = "another process holds it";
	char pid[16] = "";
	ssize_t got = pread(fd, pid, sizeof pid - 1, 0);
	if (got > 0 && strspn(pid, "0123456789") == (size_t)got)
		snprintf(reason, sizeof reason, "process %s holds it", pid);
	return fail_path(err, HP_CONFLICT, path, reason);
}

enum hp_status
hp_lockfile_take(const char *path, int *ret_fd, struct hp_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (fd < 0)
		return fail_path(err, HP_IO, path, strerror(errno));
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EINTR)
			continue;
		enum hp_status status = errno == EWOULDBLOCK
						? fail_held(err, path, fd)
						: fail_path(err, HP_IO, path, strerror(errno));
		close(fd);
		return status;
	}
	char pid[16];
	int len = snprintf(pid, sizeof pid, "%ld", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)len, 0) != len) {
		enum hp_status status = fail_path(err, HP_IO, path, strerror(errno));
		close(fd);
		return status;
	}
	*ret_fd = fd;
	return HP_OK;
}
