/*
 * fault_vfs - SQLite's file layer with a fault in it: the n-th write, sync or truncation fails,
 * once or from then on.
 */
#ifndef HP_TESTS_BROKER_FAULT_VFS_H
#define HP_TESTS_BROKER_FAULT_VFS_H

#include <stdbool.h>

/* Becomes the default file layer of this process. */
void fault_vfs_install(void);
/* The `nth` operation from now (1: the next) ends with `result`; 0: none. */
void fault_vfs_arm(unsigned nth, int result, bool for_good);
/* In place of a result: the process is killed in the middle of the operation. */
#define FAULT_KILL (-1)
/* Or it is left out and said to be done: a disk that lies. */
#define FAULT_DROP (-2)

/* Counts one operation of somebody else's (a wrapped system call): SQLITE_OK where it may go on. */
int fault_vfs_step(void);

/* Files synced, and operations of all kinds, so far. */
unsigned fault_vfs_syncs(void);
unsigned fault_vfs_steps(void);
/* Whether the fault has struck since it was armed. */
bool fault_vfs_struck(void);

#endif
