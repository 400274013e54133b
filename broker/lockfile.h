/*
 * lockfile - one holder at a time: an flock() on a side file.
 *
 * SQLite's own exclusive mode would shut out readers (`audit verify`), and a pid file lies after a
 * crash. The kernel drops an flock with the process, however it ends.
 */
#ifndef HP_BROKER_LOCKFILE_H
#define HP_BROKER_LOCKFILE_H

#include "core/status.h"

/*
 * Creates `path` (0600) when absent and locks it; the lock lives as long as *ret_fd is open. The
 * file stays afterwards: removing it would let two holders lock two files of one name. HP_CONFLICT
 * names the process that holds it; HP_IO.
 */
HP_MUST_CHECK enum hp_status hp_lockfile_take(const char *path, int *ret_fd,
					      struct hp_error *err);

#endif
