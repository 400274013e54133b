#include "fault_vfs.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct faulty_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs faulty_vfs;
static sqlite3_io_methods methods;
static unsigned syncs, steps;
static struct {
	unsigned left; /* operations until the fault; 0: none armed */
	int result;
	bool for_good, struck;
} fault;

static sqlite3_file *
real(sqlite3_file *file)
{
	return ((struct faulty_file *)file)->real;
}

static int
step(void)
{
	steps++;
	if (fault.struck && fault.for_good)
		return fault.result;
	if (fault.left == 0 || --fault.left > 0)
		return SQLITE_OK;
	fault.struck = true;
	return fault.result;
}

int
fault_vfs_step(void)
{
	int result = step();
	if (result == FAULT_KILL)
		kill(getpid(), SIGKILL);
	return result;
}

static int
faulty_close(sqlite3_file *file)
{
	return real(file)->pMethods->xClose(real(file));
}

static int
faulty_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
	return real(file)->pMethods->xRead(real(file), bytes, len, at);
}

/* A failing write leaves half of its bytes behind, as a full disk or a crash does. */
static int
faulty_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	int result = step();
	if (result == FAULT_DROP)
		return SQLITE_OK;
	if (result != SQLITE_OK) {
		(void)real(file)->pMethods->xWrite(real(file), bytes, len / 2, at);
		if (result == FAULT_KILL)
			kill(getpid(), SIGKILL);
		return result;
	}
	return real(file)->pMethods->xWrite(real(file), bytes, len, at);
}

static int
faulty_truncate(sqlite3_file *file, sqlite3_int64 len)
{
	int result = fault_vfs_step();
	if (result == FAULT_DROP)
		return SQLITE_OK;
	return result != SQLITE_OK ? result : real(file)->pMethods->xTruncate(real(file), len);
}

static int
faulty_sync(sqlite3_file *file, int flags)
{
	syncs++;
	int result = fault_vfs_step();
	if (result == FAULT_DROP)
		return SQLITE_OK;
	return result != SQLITE_OK ? result : real(file)->pMethods->xSync(real(file), flags);
}

static int
faulty_size(sqlite3_file *file, sqlite3_int64 *ret_len)
{
	return real(file)->pMethods->xFileSize(real(file), ret_len);
}

static int
faulty_lock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xLock(real(file), level);
}

static int
faulty_unlock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int
faulty_reserved(sqlite3_file *file, int *ret_reserved)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), ret_reserved);
}

static int
faulty_control(sqlite3_file *file, int operation, void *argument)
{
	return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

static int
faulty_sector(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int
faulty_device(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int
faulty_shm_map(sqlite3_file *file, int page, int len, int extend, void volatile **ret_memory)
{
	return real(file)->pMethods->xShmMap(real(file), page, len, extend, ret_memory);
}

static int
faulty_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}

static void
faulty_shm_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int
faulty_shm_unmap(sqlite3_file *file, int remove)
{
	return real(file)->pMethods->xShmUnmap(real(file), remove);
}

static int
faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	struct faulty_file *faulty = (struct faulty_file *)file;
	faulty->real = (sqlite3_file *)(faulty + 1);
	int result = real_vfs->xOpen(real_vfs, name, faulty->real, flags, ret_flags);
	file->pMethods = faulty->real->pMethods ? &methods : NULL;
	return result;
}

void
fault_vfs_install(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	if (!real_vfs)
		abort();
	methods = (sqlite3_io_methods){
		.iVersion = 2, /* shared memory, but no mapped files */
		.xClose = faulty_close,
		.xRead = faulty_read,
		.xWrite = faulty_write,
		.xTruncate = faulty_truncate,
		.xSync = faulty_sync,
		.xFileSize = faulty_size,
		.xLock = faulty_lock,
		.xUnlock = faulty_unlock,
		.xCheckReservedLock = faulty_reserved,
		.xFileControl = faulty_control,
		.xSectorSize = faulty_sector,
		.xDeviceCharacteristics = faulty_device,
		.xShmMap = faulty_shm_map,
		.xShmLock = faulty_shm_lock,
		.xShmBarrier = faulty_shm_barrier,
		.xShmUnmap = faulty_shm_unmap,
	};
	faulty_vfs = *real_vfs;
	faulty_vfs.pNext = NULL;
	faulty_vfs.zName = "faulty";
	faulty_vfs.szOsFile = (int)sizeof(struct faulty_file) + real_vfs->szOsFile;
	faulty_vfs.xOpen = faulty_open;
	if (sqlite3_vfs_register(&faulty_vfs, 1) != SQLITE_OK)
		abort();
}

void
fault_vfs_arm(unsigned nth, int result, bool for_good)
{
	fault.left = nth;
	fault.result = result;
	fault.for_good = for_good;
	fault.struck = false;
}

unsigned
fault_vfs_syncs(void)
{
	return syncs;
}

unsigned
fault_vfs_steps(void)
{
	return steps;
}

bool
fault_vfs_struck(void)
{
	return fault.struck;
}
