/*
 * file - files of an instance: read whole and bounded, written whole and durable.
 *
 * Errors name the path and the system's reason. No function follows its write half-way: a reader
 * sees the old file or the new one. Whoever is killed while it writes a new file leaves nothing, where
 * the file system has unnamed files (O_TMPFILE: ext4, xfs, btrfs, tmpfs); else PATH.tmp-XXXXXX.
 */
#ifndef HP_PROTO_FILE_H
#define HP_PROTO_FILE_H

#include <sys/types.h>

#include "core/buf.h"
#include "core/value.h"

/* Appends the whole file. HP_NOT_FOUND, HP_TOO_LARGE (HP_LIMIT_FILE_BYTES), HP_IO. "-" is standard
 * input. */
HP_MUST_CHECK enum hp_status hp_file_read(const char *path, struct hp_buf *buf,
					  struct hp_error *err);

/* As above, refusing (HP_REFUSED) a file that others than the owner can read or write (mode & 077),
 * or that belongs to neither the caller nor root. */
HP_MUST_CHECK enum hp_status hp_file_read_secret(const char *path, struct hp_buf *buf,
						 struct hp_error *err);

/* As hp_file_read(), refusing (HP_REFUSED) a file that others than its owner can write (mode & 022),
 * or that belongs to neither the caller nor root: one that says what may be done. */
HP_MUST_CHECK enum hp_status hp_file_read_guarded(const char *path, struct hp_buf *buf,
						  struct hp_error *err);

enum hp_file_mode {
	HP_FILE_NEW,	 /* HP_CONFLICT if it exists */
	HP_FILE_REPLACE, /* temporary file, fsync, rename, fsync of the directory */
};
HP_MUST_CHECK enum hp_status hp_file_write(const char *path, const void *bytes, size_t len,
					   mode_t mode, enum hp_file_mode how,
					   struct hp_error *err);

/* Like mkdir -p for one level: exists as a directory is fine. */
HP_MUST_CHECK enum hp_status hp_file_make_dir(const char *path, mode_t mode,
					      struct hp_error *err);

#endif
