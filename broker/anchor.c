/* One place: a checkpoint written to a file, or to syslog; the newest one read back. */
#include "broker/anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "broker/log.h"

static const char syslog_socket[] = "/dev/log";

static bool
fail(struct hp_error *err, const char *what)
{
	hp_fail(err, HP_IO, "%s: %s", what, strerror(errno));
	return false;
}

/* A new file is durable once its directory is. */
static bool
sync_directory(const char *path, struct hp_error *err)
{
	struct hp_buf dir = {0};
	const char *slash = strrchr(path, '/');
	hp_buf_add(&dir, path, slash ? (size_t)(slash - path) + 1 : 0);
	hp_buf_add_text(&dir, ".");
	int fd = dir.failed ? -1 : open(hp_buf_text(&dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;
	if (!synced)
		fail(err, "cannot sync its directory");
	if (fd >= 0)
		close(fd);
	hp_buf_release(&dir);
	return synced;
}

/* Opened anew each time: it may have been rotated away, or its mount have come back. */
static int
open_file(const char *path, struct stat *st, struct hp_error *err)
{
	/* Not blocking: a FIFO without a reader is an error and not a wait. */
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
		      0640);
	if (fd < 0) {
		fail(err, "cannot open it");
		return -1;
	}
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	hp_fail(err, HP_IO, "it is not a regular file");
	close(fd);
	return -1;
}

static bool
write_file(const char *path, const char *text, struct hp_error *err)
{
	struct stat st;
	struct hp_buf record = {0};
	char last = '\n';
	int fd = open_file(path, &st, err);
	if (fd < 0)
		return false;
	/* A record that a full disk tore off does not run into this one. */
	if (st.st_size > 0 && (pread(fd, &last, 1, st.st_size - 1) != 1 || last != '\n'))
		hp_buf_add_text(&record, "\n");
	hp_buf_add_text(&record, text);
	hp_buf_add_text(&record, "\n");
	bool good = false;
	errno = record.failed ? ENOMEM : ENOSPC; /* of a write that was cut short */
	if (record.failed || write(fd, record.data, record.len) != (ssize_t)record.len)
		fail(err, "cannot append to it");
	else if (fsync(fd) != 0)
		fail(err, "cannot sync it");
	else
		good = st.st_size > 0 || sync_directory(path, err);
	close(fd);
	hp_buf_release(&record);
	return good;
}

/* syslog(3) tells nobody when there is no daemon; so its socket is looked for. */
static bool
write_syslog(const char *text, struct hp_error *err)
{
	char copy[1024], *rest = NULL;
	if (access(syslog_socket, W_OK) != 0) {
		hp_fail(err, HP_IO, "cannot reach %s: %s", syslog_socket, strerror(errno));
		return false;
	}
	if (strlen(text) >= sizeof copy) {
		hp_fail(err, HP_IO, "the checkpoint is too long for a line");
		return false;
	}
	strcpy(copy, text);
	const char *origin = strtok_r(copy, "\n", &rest), *size = strtok_r(NULL, "\n", &rest);
	const char *root = strtok_r(NULL, "\n", &rest), *note = strtok_r(NULL, "\n", &rest);
	const char *signature = note ? strrchr(note, ' ') : NULL;
	if (!signature) {
		hp_fail(err, HP_IO, "the checkpoint has another form");
		return false;
	}
	syslog(LOG_AUTH | LOG_NOTICE, "checkpoint %s %s %s%s", origin, size, root, signature);
	return true;
}

bool
hp_anchor_write(const struct hp_config_anchor *anchor, const char *text, struct hp_error *err)
{
	return anchor->file ? write_file(anchor->file, text, err) : write_syslog(text, err);
}

/* ---- at a start ---- */

enum { TAIL_BYTES = 64 * 1024 }; /* some two hundred checkpoints */

/* The end of the file. HP_NOT_FOUND: there is none. */
static enum hp_status
read_tail(const char *path, struct hp_buf *tail)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? HP_NOT_FOUND : HP_IO;
	enum hp_status status = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? HP_OK : HP_IO;
	off_t at = status == HP_OK && st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0;
	char piece[4096];
	ssize_t got;
	while (status == HP_OK && (got = pread(fd, piece, sizeof piece, at)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			status = HP_IO;
		else
			hp_buf_add(tail, piece, (size_t)got);
		at += got;
	}
	close(fd);
	return tail->failed ? HP_NOMEM : status;
}

enum hp_status
hp_anchors_check(const struct hp_broker *broker, struct hp_error *err)
{
	enum hp_status status = HP_OK;
	for (size_t i = 0; status == HP_OK && i < broker->config.anchor_count; i++) {
		const char *path = broker->config.anchors[i].file;
		struct hp_buf tail = {0};
		enum hp_status got = path ? read_tail(path, &tail) : HP_NOT_FOUND;
		if (got == HP_OK)
			status = hp_audit_witness(broker->audit, path,
						  (struct hp_str){hp_buf_text(&tail), tail.len},
						  err);
		else if (path)
			HP_LOG("warning", "anchor-unread", "anchor", path, "reason",
			       got == HP_NOT_FOUND ? "there is no such file yet"
						   : "it cannot be read");
		hp_buf_release(&tail);
	}
	return status;
}
