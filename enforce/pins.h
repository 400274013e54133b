/*
 * pins - files that were named with their hash still have it when it matters.
 * Source: protocol.md, action.files.
 */
#ifndef HP_ENFORCE_PINS_H
#define HP_ENFORCE_PINS_H

#include "core/value.h"

/* `files` is [{path, sha256}], NULL: none. HP_CONFLICT names the first file that differs; a file
 * that cannot be read is an error of hp_file_read(). */
HP_MUST_CHECK enum hp_status hp_pins_verify(const struct hp_value *files, struct hp_error *err);

#endif
