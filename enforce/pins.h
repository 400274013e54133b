/*
 * pins - files that were named with their hash still have it when it matters.
 *
 * Invariant: a program that is pinned is run from the very file that was hashed: whoever puts
 * another one in its place in between changes nothing. Other files are verified just before the
 * program starts, and read by it afterwards: keep them where agents cannot write.
 * Source: protocol.md, action.files.
 */
#ifndef HP_ENFORCE_PINS_H
#define HP_ENFORCE_PINS_H

#include "core/value.h"

/* `files` is [{path, sha256}], NULL: none. HP_CONFLICT names the first file that differs; HP_IO,
 * HP_NOT_FOUND one that cannot be read. */
HP_MUST_CHECK enum hp_status hp_pins_verify(const struct hp_value *files, struct hp_error *err);

struct hp_pinned_program {
	int fd;	     /* of the open program, close-on-exec */
	bool pinned; /* it is one of `files`: run it from `fd` */
	bool script; /* it begins with "#!": its interpreter opens it again, by /dev/fd */
};

/*
 * As above, and opens `program` first; with `program_only` the other files may have changed (what
 * runs to undo something finds them so). HP_REFUSED when the program is no regular file, cannot be
 * executed, or others than root and the caller could change it.
 */
HP_MUST_CHECK enum hp_status hp_pins_open(const char *program, const struct hp_value *files,
					  bool program_only, struct hp_pinned_program *ret_program,
					  struct hp_error *err);

#endif
