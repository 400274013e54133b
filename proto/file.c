#include "proto/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/text.h"

/* `path` made fit for a terminal, and the system's reason. */
static enum hp_status
fail_path(struct hp_error *err, enum hp_status status, const char *path, const char *what,
	  const char *reason)
{
	struct hp_buf shown = {0};
	hp_text_escape(&shown, path, strlen(path), 0);
	hp_fail(err, status, "%s: %s%s%s", hp_buf_text(&shown), what, reason ? ": " : "",
		reason ? reason : "");
	hp_buf_release(&shown);
	return status;
}

static enum hp_status
fail_errno(struct hp_error *err, const char *path, const char *what)
{
	enum hp_status status = errno == ENOENT || errno == ENOTDIR ? HP_NOT_FOUND : HP_IO;
	return fail_path(err, status, path, what, strerror(errno));
}

static enum hp_status
read_all(int fd, const char *path, struct hp_buf *buf, struct hp_error *err)
{
	uint8_t chunk[16384];
	size_t total = 0;
	size_t used = 0; /* of the chunk: wiping all of it costs more than reading a small file */
	enum hp_status status = HP_OK;

	while (status == HP_OK) {
		ssize_t got = read(fd, chunk, sizeof chunk);
		if (got == 0)
			break;
		if (got > 0 && (size_t)got > used)
			used = (size_t)got;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			status = fail_errno(err, path, "cannot read");
		else if ((total += (size_t)got) > HP_LIMIT_FILE_BYTES)
			status = fail_path(err, HP_TOO_LARGE, path, "too large",
					   "more than 16 MiB");
		else
			hp_buf_add(buf, chunk, (size_t)got);
	}
	explicit_bzero(chunk, used); /* it may have been a key */
	if (status == HP_OK && buf->failed)
		status = fail_path(err, HP_NOMEM, path, "out of memory", NULL);
	return status;
}

/* What others may not do with a file; who could have replaced it must be us or root. */
struct guard {
	mode_t barred;
	const char *refusal, *expected;
};
static const struct guard secret = {077, "others can read or write this secret", "0600"};
static const struct guard guarded = {022, "others can write this file", "0644 or less"};

static enum hp_status
check_guard(int fd, const char *path, const struct guard *guard, struct hp_error *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return fail_errno(err, path, "cannot open");
	if (st.st_mode & guard->barred) {
		char reason[64];
		snprintf(reason, sizeof reason, "its mode is %04o, expected %s",
			 (unsigned)(st.st_mode & 07777), guard->expected);
		return fail_path(err, HP_REFUSED, path, guard->refusal, reason);
	}
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return fail_path(err, HP_REFUSED, path,
				 guard == &secret ? "this secret belongs to another user"
						  : "this file belongs to another user",
				 NULL);
	return HP_OK;
}

static enum hp_status
read_path(const char *path, const struct guard *guard, struct hp_buf *buf, struct hp_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fail_errno(err, path, "cannot open");
	enum hp_status status = guard ? check_guard(fd, path, guard, err) : HP_OK;
	if (status == HP_OK)
		status = read_all(fd, path, buf, err);
	close(fd);
	return status;
}

enum hp_status
hp_file_read(const char *path, struct hp_buf *buf, struct hp_error *err)
{
	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", buf, err);
	return read_path(path, NULL, buf, err);
}

enum hp_status
hp_file_read_secret(const char *path, struct hp_buf *buf, struct hp_error *err)
{
	return read_path(path, &secret, buf, err);
}

enum hp_status
hp_file_read_guarded(const char *path, struct hp_buf *buf, struct hp_error *err)
{
	return read_path(path, &guarded, buf, err);
}

/* To be freed; NULL without memory. */
static char *
directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return !slash	       ? strdup(".")
	       : slash == path ? strdup("/")
			       : strndup(path, (size_t)(slash - path));
}

/* A name is durable only with its directory. */
static enum hp_status
sync_directory_of(const char *path, struct hp_error *err)
{
	char *dir = directory_of(path);
	if (!dir)
		return fail_path(err, HP_NOMEM, path, "out of memory", NULL);
	enum hp_status status = HP_OK;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		status = fail_errno(err, dir, "cannot sync");
	if (fd >= 0)
		close(fd);
	free(dir);
	return status;
}

static enum hp_status
write_all(int fd, const char *path, const void *bytes, size_t len, mode_t mode,
	  struct hp_error *err)
{
	const uint8_t *next = bytes;
	while (len > 0) {
		ssize_t put = write(fd, next, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fail_errno(err, path, "cannot write");
		next += put;
		len -= (size_t)put;
	}
	if (fchmod(fd, mode) != 0 || fsync(fd) != 0)
		return fail_errno(err, path, "cannot write");
	return HP_OK;
}

/* A file being written. It has no name until it is whole, so that whoever is killed meanwhile leaves
 * no secret behind; where it is to replace another, or the file system cannot do that, it has one. */
struct draft {
	int fd; /* -1: none */
	struct hp_buf name; /* empty: none */
	char link[32];	    /* through which it can be named */
};

static bool
open_unnamed(const char *path, struct draft *draft)
{
	char *dir = directory_of(path);
	draft->fd = dir ? open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600) : -1;
	free(dir);
	snprintf(draft->link, sizeof draft->link, "/proc/self/fd/%d", draft->fd);
	if (draft->fd < 0 || access(draft->link, F_OK) == 0)
		return draft->fd >= 0;
	close(draft->fd);
	draft->fd = -1;
	return false;
}

static enum hp_status
open_named(const char *path, struct draft *draft, struct hp_error *err)
{
	hp_buf_printf(&draft->name, "%s.tmp-XXXXXX", path);
	if (draft->name.failed)
		return fail_path(err, HP_NOMEM, path, "out of memory", NULL);
	draft->fd = mkostemp((char *)draft->name.data, O_CLOEXEC); /* 0600 until write_all() */
	return draft->fd < 0 ? fail_errno(err, path, "cannot create") : HP_OK;
}

/* The finished draft becomes `path`; a link and not rename() where nothing may be lost. */
static enum hp_status
publish(struct draft *draft, const char *path, enum hp_file_mode how, struct hp_error *err)
{
	const char *name = hp_buf_text(&draft->name);
	if (how == HP_FILE_REPLACE) {
		if (rename(name, path) != 0)
			return fail_errno(err, path, "cannot replace");
	} else if (linkat(AT_FDCWD, *name ? name : draft->link, AT_FDCWD, path,
			  *name ? 0 : AT_SYMLINK_FOLLOW) != 0) {
		return errno == EEXIST ? fail_path(err, HP_CONFLICT, path, "already exists", NULL)
				       : fail_errno(err, path, "cannot create");
	} else if (*name) {
		unlink(name);
	}
	return sync_directory_of(path, err);
}

enum hp_status
hp_file_write(const char *path, const void *bytes, size_t len, mode_t mode, enum hp_file_mode how,
	      struct hp_error *err)
{
	struct draft draft = {.fd = -1};
	enum hp_status status = HP_OK;
	if (how == HP_FILE_REPLACE || !open_unnamed(path, &draft))
		status = open_named(path, &draft, err);
	bool named = draft.fd >= 0 && draft.name.len;
	if (status == HP_OK)
		status = write_all(draft.fd, path, bytes, len, mode, err);
	if (status == HP_OK)
		status = publish(&draft, path, how, err);
	if (draft.fd >= 0 && close(draft.fd) != 0 && status == HP_OK)
		status = fail_errno(err, path, "cannot write");
	if (status != HP_OK && named)
		unlink(hp_buf_text(&draft.name));
	hp_buf_release(&draft.name);
	return status;
}

enum hp_status
hp_file_make_dir(const char *path, mode_t mode, struct hp_error *err)
{
	if (mkdir(path, 0700) == 0) {
		if (chmod(path, mode) != 0) /* whatever the umask says */
			return fail_errno(err, path, "cannot set the mode");
		return sync_directory_of(path, err);
	}
	if (errno != EEXIST)
		return fail_errno(err, path, "cannot make directory");
	struct stat st;
	if (stat(path, &st) != 0)
		return fail_errno(err, path, "cannot make directory");
	if (!S_ISDIR(st.st_mode))
		return fail_path(err, HP_CONFLICT, path, "exists and is no directory", NULL);
	return HP_OK;
}
