/*
 * disk - room kept so that halt and deny always commit (lifecycle.md, "Fairness").
 *
 * A file of HP_DISK_RESERVE_BYTES lies beside the database. When the file system runs low, new work
 * is refused while there is still room for everything else; when it is nearly full the reserve is
 * given up, and what stops things (deny, halt, withdraw, timers) and what ends them (progress,
 * report, settle) goes on in its place.
 *
 * Invariants:
 *  1. Low is decided before anything is written in a turn, by what is free and what is reserved
 *     together: giving up the reserve does not end it.
 *  2. A refusal for want of room is counted and has no leaf, which would need some. Nor is kept what
 *     peers could go on saying: texts of progress, outputs, refused requests (refusals.h).
 *  3. Nothing here fails a turn: a file system that tells nothing counts as low.
 * Threads: the broker's.
 */
#ifndef HP_BROKER_DISK_H
#define HP_BROKER_DISK_H

#include <stdbool.h>

struct hp_disk {
	char reserve[4096]; /* path of the file */
	bool held;	    /* the file has its bytes */
	bool low;
};

/* Before the database is opened: takes what an earlier run has kept, or gives it up at once. */
void hp_disk_open(struct hp_disk *disk, const char *state_dir);

/* Looks again, once a turn. */
void hp_disk_check(struct hp_disk *disk);

#endif
