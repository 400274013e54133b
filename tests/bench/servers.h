/*
 * servers - what a benchmark of the broker starts, and what these processes use.
 */
#ifndef HP_TESTS_BENCH_SERVERS_H
#define HP_TESTS_BENCH_SERVERS_H

#include <stdint.h>
#include <sys/types.h>

#include "core/status.h"

/* One line on standard error, and the end; atexit(bench_end) takes the children along. */
_Noreturn void bench_die(const char *format, ...) HP_PRINTF(1, 2);

/* A text that lives as long as the program. */
const char *bench_format(const char *format, ...) HP_PRINTF(1, 2);

int64_t bench_now_us(void);

/* Starts a server and waits until it says "ready". */
pid_t bench_start(const char *const *argv);
void bench_stop(pid_t pid);
/* Stops all that run, and frees all texts. */
void bench_end(void);

/* Runs a command to its end, which must be a good one. */
void bench_run(const char *const *argv);

/* Processor time of all its threads so far: what a busy machine does not blur. */
double bench_cpu_seconds(pid_t pid);
/* Memory that it has in use (VmRSS). */
double bench_resident_mib(pid_t pid);

#endif
