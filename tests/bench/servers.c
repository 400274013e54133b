#include "tests/bench/servers.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/arena.h"

enum { SERVERS_MAX = 8, ARGUMENTS_MAX = 8 };

static struct {
	pid_t pid;
	FILE *out; /* stays open: a server may write more */
} servers[SERVERS_MAX];

static struct hp_arena texts;

void
bench_die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("bench_broker: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

const char *
bench_format(const char *format, ...)
{
	char text[4096];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	const char *kept = hp_arena_strdup(&texts, text);
	if (!kept)
		bench_die("out of memory");
	return kept;
}

int64_t
bench_now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* In a child. */
_Noreturn static void
become(const char *const *argv)
{
	char *copy[ARGUMENTS_MAX] = {0};
	for (size_t i = 0; i + 1 < ARGUMENTS_MAX && argv[i]; i++)
		copy[i] = strdup(argv[i]);
	execv(copy[0], copy);
	_exit(127);
}

pid_t
bench_start(const char *const *argv)
{
	int fds[2];
	char line[16] = "";
	size_t slot = 0;
	while (slot < SERVERS_MAX && servers[slot].pid)
		slot++;
	if (slot == SERVERS_MAX || pipe(fds) != 0)
		bench_die("%s: no room for another server", argv[0]);
	pid_t pid = fork();
	if (pid < 0)
		bench_die("fork: %s", strerror(errno));
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		become(argv);
	}
	servers[slot].pid = pid;
	close(fds[1]);
	servers[slot].out = fdopen(fds[0], "r");
	if (!servers[slot].out || !fgets(line, sizeof line, servers[slot].out) ||
	    strcmp(line, "ready\n") != 0)
		bench_die("%s did not start", argv[0]);
	return pid;
}

void
bench_stop(pid_t pid)
{
	for (size_t i = 0; i < SERVERS_MAX; i++) {
		if (servers[i].pid != pid)
			continue;
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
		if (servers[i].out)
			fclose(servers[i].out);
		servers[i].pid = 0;
		servers[i].out = NULL;
	}
}

void
bench_end(void)
{
	for (size_t i = 0; i < SERVERS_MAX; i++)
		if (servers[i].pid)
			bench_stop(servers[i].pid);
	hp_arena_release(&texts);
}

void
bench_run(const char *const *argv)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(127);
		become(argv);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		bench_die("%s %s failed", argv[0], argv[1]);
}

double
bench_cpu_seconds(pid_t pid)
{
	char path[64], line[512];
	unsigned long user = 0, kernel = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	const char *at = file && fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			  &kernel) != 2)
		bench_die("%s: cannot read it", path);
	fclose(file);
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

double
bench_resident_mib(pid_t pid)
{
	char path[64], line[256];
	unsigned long kib = 0;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "VmRSS: %lu kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	if (!kib)
		bench_die("%s: cannot read it", path);
	return (double)kib / 1024;
}
