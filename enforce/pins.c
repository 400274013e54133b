#include "enforce/pins.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/crypto.h"
#include "core/text.h"

static enum hp_status
fail_path(struct hp_error *err, enum hp_status status, const char *path, const char *what)
{
	struct hp_buf safe = {0};
	hp_text_escape(&safe, path, strlen(path), 0);
	hp_fail(err, status, "\"%.300s\" %s", hp_buf_text(&safe), what);
	hp_buf_release(&safe);
	return status;
}

/* 32 bytes, or as many in hexadecimal. */
static bool
read_hash(const struct hp_value *value, uint8_t ret_hash[HP_HASH_BYTES])
{
	if (value && value->type == HP_BIN && value->str.len == HP_HASH_BYTES) {
		memcpy(ret_hash, value->str.p, HP_HASH_BYTES);
		return true;
	}
	return value && value->type == HP_STR &&
	       hp_crypto_hex(value->str.p, value->str.len, ret_hash, HP_HASH_BYTES) == HP_OK;
}

/* A file piece by piece, wherever its offset stands: a program may be large. */
struct reading {
	int fd;
	off_t at;
	char piece[65536];
};

static enum hp_status
next_piece(void *context, struct hp_str *ret_piece)
{
	struct reading *reading = context;
	ssize_t got;
	while ((got = pread(reading->fd, reading->piece, sizeof reading->piece, reading->at)) < 0 &&
	       errno == EINTR)
		;
	if (got < 0)
		return HP_IO;
	reading->at += got;
	*ret_piece = (struct hp_str){reading->piece, (size_t)got};
	return HP_OK;
}

static enum hp_status
open_file(const char *path, int *ret_fd, struct hp_error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return fail_path(err, errno == ENOENT || errno == ENOTDIR ? HP_NOT_FOUND : HP_IO,
				 path, errno == ENOENT ? "does not exist" : "cannot be opened");
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return fail_path(err, HP_REFUSED, path, "is no regular file");
	}
	*ret_fd = fd;
	return HP_OK;
}

static enum hp_status
verify_open(int fd, const char *path, const uint8_t wanted[HP_HASH_BYTES], struct hp_error *err)
{
	struct reading reading = {.fd = fd};
	uint8_t found[HP_HASH_BYTES];
	if (hp_crypto_sha256_pieces(next_piece, &reading, found) != HP_OK)
		return fail_path(err, HP_IO, path, "cannot be read");
	return memcmp(wanted, found, sizeof found) == 0
		       ? HP_OK
		       : fail_path(err, HP_CONFLICT, path,
				   "is not the file that was asked about any more");
}

/* Verifies one; the program's is the file that is open already. */
static enum hp_status
verify_one(const struct hp_value *file, const char *program, bool program_only,
	   struct hp_pinned_program *opened, struct hp_error *err)
{
	const char *path = hp_map_get_str(file, "path", "");
	uint8_t wanted[HP_HASH_BYTES];
	int fd = -1;
	if (!read_hash(hp_map_get(file, "sha256"), wanted) || *path != '/')
		return hp_fail(err, HP_INVALID,
			       "a pinned file needs an absolute path and its SHA-256");
	if (program && strcmp(path, program) == 0) {
		opened->pinned = true;
		return verify_open(opened->fd, path, wanted, err);
	}
	if (program_only)
		return HP_OK;
	enum hp_status status = open_file(path, &fd, err);
	if (status != HP_OK)
		return status;
	status = verify_open(fd, path, wanted, err);
	close(fd);
	return status;
}

enum hp_status
hp_pins_verify(const struct hp_value *files, struct hp_error *err)
{
	enum hp_status status = HP_OK;
	for (size_t i = 0; i < hp_value_count(files) && status == HP_OK; i++)
		status = verify_one(hp_array_get(files, i), NULL, false, NULL, err);
	return status;
}

static enum hp_status
check_program(const char *path, struct hp_pinned_program *program, struct hp_error *err)
{
	struct stat st;
	char first[2] = {0};
	if (fstat(program->fd, &st) != 0 || pread(program->fd, first, sizeof first, 0) < 0)
		return fail_path(err, HP_IO, path, "cannot be read");
	if (!(st.st_mode & 0111))
		return fail_path(err, HP_REFUSED, path, "cannot be executed");
	if ((st.st_mode & 022) || (st.st_uid != 0 && st.st_uid != geteuid()))
		return fail_path(err, HP_REFUSED, path,
				 "can be changed by others than root and the executor");
	program->script = first[0] == '#' && first[1] == '!';
	return HP_OK;
}

enum hp_status
hp_pins_open(const char *path, const struct hp_value *files, bool program_only,
	     struct hp_pinned_program *ret_program, struct hp_error *err)
{
	struct hp_pinned_program program = {.fd = -1};
	enum hp_status status = open_file(path, &program.fd, err);
	if (status != HP_OK)
		return status;
	status = check_program(path, &program, err);
	for (size_t i = 0; i < hp_value_count(files) && status == HP_OK; i++)
		status = verify_one(hp_array_get(files, i), path, program_only, &program, err);
	if (status == HP_OK)
		*ret_program = program;
	else
		close(program.fd);
	return status;
}
