#include "enforce/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static const int caught[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { CAUGHT_COUNT = sizeof caught / sizeof caught[0] };

static int ends[2] = {-1, -1};
static struct sigaction before[CAUGHT_COUNT];

static void
note(int number)
{
	int saved = errno;
	uint8_t byte = (uint8_t)number;
	/* A full pipe holds signals enough. */
	if (write(ends[1], &byte, 1) < 0)
		errno = saved;
	errno = saved;
}

enum hp_status
hp_signals_open(struct hp_error *err)
{
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return hp_fail(err, HP_IO, "cannot make a pipe: %s", strerror(errno));
	struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < CAUGHT_COUNT; i++) {
		sigaction(caught[i], NULL, &before[i]);
		if (caught[i] == SIGCHLD || before[i].sa_handler != SIG_IGN)
			sigaction(caught[i], &action, NULL);
	}
	return HP_OK;
}

void
hp_signals_close(void)
{
	if (ends[0] < 0)
		return;
	for (size_t i = 0; i < CAUGHT_COUNT; i++)
		sigaction(caught[i], &before[i], NULL);
	close(ends[0]);
	close(ends[1]);
	ends[0] = ends[1] = -1;
}

int
hp_signals_fd(void)
{
	return ends[0];
}

int
hp_signals_take(void)
{
	uint8_t byte;
	return read(ends[0], &byte, 1) == 1 ? byte : 0;
}
