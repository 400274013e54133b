#include "tui/manual.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>

extern char **environ;

static bool
run(const char *page)
{
	char man[] = "man", name[64];
	char *const arguments[] = {man, name, NULL};
	posix_spawnattr_t attributes;
	sigset_t reset;
	pid_t child;
	int status = 0;
	size_t len = 0;

	for (; len < sizeof name - 1 && page[len]; len++)
		name[len] = page[len];
	name[len] = '\0';
	if (posix_spawnattr_init(&attributes) != 0)
		return false;
	sigemptyset(&reset);
	sigaddset(&reset, SIGINT);
	sigaddset(&reset, SIGQUIT);
	posix_spawnattr_setsigdefault(&attributes, &reset);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	int failed = posix_spawnp(&child, man, NULL, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	if (failed)
		return false;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool
hp_manual_show(const char *page)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;

	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	bool shown = run(page);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	return shown;
}
