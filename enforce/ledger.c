#include "enforce/ledger.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/limits.h"
#include "core/text.h"

enum {
	ID_BYTES = 16,
	ID_CHARS = 36,
	LINE_BYTES = ID_CHARS + 1,
};

struct id {
	uint8_t bytes[ID_BYTES];
};

/* The ids as an open hash table; an all-zero slot is free, and the nil UUID has a flag. */
struct hp_ledger {
	int fd;
	bool failed;
	struct id *slots;
	size_t capacity, count; /* capacity: a power of two, at most three quarters full */
	bool has_nil;
};

static enum hp_status
fail_path(struct hp_error *err, enum hp_status status, const char *path, const char *reason)
{
	struct hp_buf safe = {0};
	hp_text_escape(&safe, path, strlen(path), 0);
	hp_fail(err, status, "%s: %s", hp_buf_text(&safe), reason);
	hp_buf_release(&safe);
	return status;
}

/* "01936f2a-…" in lower or upper case. */
static bool
parse_id(const char *text, size_t len, struct id *ret_id)
{
	struct id id = {{0}};
	size_t digits = 0;
	if (len != ID_CHARS)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		unsigned char c = (unsigned char)tolower((unsigned char)text[i]);
		if (dash != (c == '-') || (!dash && !isxdigit(c)))
			return false;
		if (dash)
			continue;
		unsigned value = c - (isdigit(c) ? (unsigned)'0' : 'a' - 10u);
		id.bytes[digits / 2] |= (uint8_t)(digits % 2 ? value : value << 4);
		digits++;
	}
	*ret_id = id;
	return true;
}

static bool
is_nil(const struct id *id)
{
	static const struct id nil;
	return memcmp(id, &nil, sizeof nil) == 0;
}

/* Where the id is or would be. Ids are agents' to choose, so all bytes count (FNV-1a). */
static struct id *
slot_of(const struct hp_ledger *ledger, const struct id *id)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < ID_BYTES; i++)
		hash = (hash ^ id->bytes[i]) * UINT64_C(0x100000001b3);
	for (size_t at = hash ^ hash >> 32;; at++) {
		struct id *slot = &ledger->slots[at & (ledger->capacity - 1)];
		if (is_nil(slot) || memcmp(slot, id, sizeof *id) == 0)
			return slot;
	}
}

static bool
holds(const struct hp_ledger *ledger, const struct id *id)
{
	return is_nil(id) ? ledger->has_nil : !is_nil(slot_of(ledger, id));
}

static bool
make_room(struct hp_ledger *ledger)
{
	if ((ledger->count + 1) * 4 <= ledger->capacity * 3)
		return true;
	struct hp_ledger old = *ledger;
	ledger->capacity = old.capacity * 2;
	ledger->slots = calloc(ledger->capacity, sizeof *ledger->slots);
	if (!ledger->slots) {
		*ledger = old;
		return false;
	}
	for (size_t i = 0; i < old.capacity; i++)
		if (!is_nil(&old.slots[i]))
			*slot_of(ledger, &old.slots[i]) = old.slots[i];
	free(old.slots);
	return true;
}

static bool
add(struct hp_ledger *ledger, const struct id *id)
{
	if (holds(ledger, id))
		return true;
	if (!make_room(ledger))
		return false;
	if (is_nil(id))
		ledger->has_nil = true;
	else
		*slot_of(ledger, id) = *id;
	ledger->count++;
	return true;
}

/* --- the file --- */

/* Whole lines are ids; *ret_whole is where they end. */
static enum hp_status
read_lines(struct hp_ledger *ledger, const struct hp_buf *file, off_t *ret_whole,
	   struct hp_error *err)
{
	const char *text = hp_buf_text(file);
	size_t at = 0;
	struct id id;
	for (; at + LINE_BYTES <= file->len; at += LINE_BYTES) {
		if (text[at + ID_CHARS] != '\n' || !parse_id(text + at, ID_CHARS, &id))
			return hp_fail(err, HP_INVALID,
				       "the ledger's line %zu is no request id; what was begun "
				       "cannot be told", at / LINE_BYTES + 1);
		if (!add(ledger, &id))
			return hp_fail(err, HP_NOMEM, "out of memory");
	}
	for (size_t i = at; i < file->len; i++)
		if (!isxdigit((unsigned char)text[i]) && text[i] != '-')
			return hp_fail(err, HP_INVALID,
				       "the ledger's line %zu is no request id; what was begun "
				       "cannot be told", at / LINE_BYTES + 1);
	*ret_whole = (off_t)at;
	return HP_OK;
}

static enum hp_status
read_file(int fd, const char *path, struct hp_buf *file, struct hp_error *err)
{
	char chunk[65536];
	for (;;) {
		ssize_t got = read(fd, chunk, sizeof chunk);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_path(err, HP_IO, path, strerror(errno));
		if (got == 0)
			return file->failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
		hp_buf_add(file, chunk, (size_t)got);
	}
}

/* The file's name is durable only with its directory. */
static bool
sync_directory(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool good = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	free(copy);
	return good;
}

static enum hp_status
open_file(struct hp_ledger *ledger, const char *path, struct hp_error *err)
{
	struct stat st;
	ledger->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (ledger->fd < 0)
		return fail_path(err, HP_IO, path, strerror(errno));
	if (flock(ledger->fd, LOCK_EX | LOCK_NB) != 0)
		return fail_path(err, HP_CONFLICT, path, "another executor uses this ledger");
	if (fstat(ledger->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return fail_path(err, HP_IO, path, "it is no regular file");
	if ((st.st_mode & 022) || (st.st_uid != geteuid() && st.st_uid != 0))
		return fail_path(err, HP_REFUSED, path, "others can write this ledger");
	off_t whole = 0;
	struct hp_buf file = {0};
	enum hp_status status = read_file(ledger->fd, path, &file, err);
	if (status == HP_OK)
		status = read_lines(ledger, &file, &whole, err);
	hp_buf_release(&file);
	if (status == HP_OK && whole != st.st_size &&
	    (ftruncate(ledger->fd, whole) != 0 || fsync(ledger->fd) != 0))
		status = fail_path(err, HP_IO, path, strerror(errno));
	if (status == HP_OK && !sync_directory(path))
		status = fail_path(err, HP_IO, path, "its directory cannot be synced");
	return status;
}

enum hp_status
hp_ledger_open(const char *path, struct hp_ledger **ret_ledger, struct hp_error *err)
{
	enum { FIRST_CAPACITY = 1024 };
	struct hp_ledger *ledger = calloc(1, sizeof *ledger);
	if (!ledger)
		return hp_fail(err, HP_NOMEM, "out of memory");
	ledger->fd = -1;
	ledger->capacity = FIRST_CAPACITY;
	ledger->slots = calloc(ledger->capacity, sizeof *ledger->slots);
	enum hp_status status = ledger->slots ? open_file(ledger, path, err)
					      : hp_fail(err, HP_NOMEM, "out of memory");
	if (status != HP_OK)
		hp_ledger_close(ledger);
	else
		*ret_ledger = ledger;
	return status;
}

void
hp_ledger_close(struct hp_ledger *ledger)
{
	if (!ledger)
		return;
	if (ledger->fd >= 0)
		close(ledger->fd);
	free(ledger->slots);
	free(ledger);
}

enum hp_status
hp_ledger_begin(struct hp_ledger *ledger, const char *text, struct hp_error *err)
{
	struct id id;
	char line[LINE_BYTES];
	if (ledger->failed)
		return hp_fail(err, HP_IO, "the ledger could not be written before");
	if (!parse_id(text, strlen(text), &id))
		return hp_fail(err, HP_INVALID, "the request has no id that a ledger can hold");
	if (holds(ledger, &id))
		return hp_fail(err, HP_CONFLICT,
			       "conflict: this executor has begun the request before");
	for (size_t i = 0; i < ID_CHARS; i++)
		line[i] = (char)tolower((unsigned char)text[i]);
	line[ID_CHARS] = '\n';
	if (!add(ledger, &id))
		return hp_fail(err, HP_NOMEM, "out of memory");
	ssize_t put = write(ledger->fd, line, sizeof line);
	if (put != (ssize_t)sizeof line || fsync(ledger->fd) != 0) {
		ledger->failed = true; /* a torn line in the middle would spoil the rest */
		return hp_fail(err, HP_IO, "the ledger cannot be written: %s",
			       put < 0 || put == (ssize_t)sizeof line ? strerror(errno)
								       : "no space");
	}
	return HP_OK;
}

size_t
hp_ledger_count(const struct hp_ledger *ledger)
{
	return ledger->count;
}
