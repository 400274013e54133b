/*
 * ledger - which requests were begun here, so that none is ever begun twice.
 *
 * Purpose: whatever a broker says, and whatever was going on when an executor was killed, a
 * request's command starts at most once (lifecycle.h 11).
 *
 * Invariants:
 *  1. hp_ledger_begin() returns HP_OK only after the id is on disk, fsynced; only then may the
 *     command start.
 *  2. One process holds a ledger (flock); its lines are only ever appended.
 *  3. A torn last line belongs to a command that was not started: it is cut off. Anything else that
 *     is no id refuses the whole file: what it lost cannot be told.
 * The file holds one id a line, 37 bytes, for ever.
 * Threads: one at a time.
 */
#ifndef HP_ENFORCE_LEDGER_H
#define HP_ENFORCE_LEDGER_H

#include <stddef.h>

#include "core/status.h"

struct hp_ledger;

/* Opens or makes `path` (0600). HP_CONFLICT: another process holds it; HP_INVALID: line N is no id;
 * HP_IO. */
HP_MUST_CHECK enum hp_status hp_ledger_open(const char *path, struct hp_ledger **ret_ledger,
					    struct hp_error *err);
void hp_ledger_close(struct hp_ledger *ledger);

/* HP_CONFLICT: it was begun before. HP_INVALID: no id. HP_IO: it may or may not be on disk; the
 * ledger takes nothing more. */
HP_MUST_CHECK enum hp_status hp_ledger_begin(struct hp_ledger *ledger, const char *id,
					     struct hp_error *err);
size_t hp_ledger_count(const struct hp_ledger *ledger);

#endif
