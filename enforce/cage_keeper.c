#include "enforce/cage_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct keeper {
	pid_t command;
	bool ended;
	int exit_code;
};

void
hp_keeper_prepare(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN}, plain = {.sa_handler = SIG_DFL};
	sigset_t child;
	for (int number = 1; number < NSIG; number++)
		sigaction(number, number == SIGCHLD ? &plain : &ignore, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
	setpgid(0, 0);
	prctl(PR_SET_NAME, "holdpoint-keep");
	/* It holds a copy of the executor's memory: not for the command to look at. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static void
take(struct keeper *keeper, pid_t pid, int status)
{
	if (pid != keeper->command || (!WIFEXITED(status) && !WIFSIGNALED(status)))
		return;
	keeper->ended = true;
	keeper->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What has ended by now. false: there are no children. */
static bool
reap(struct keeper *keeper)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		take(keeper, pid, status);
	return pid == 0;
}

/* SIGKILL to each child of ours. A number read here is a child until we reap it: never another's. */
static void
kill_children(void)
{
	char text[4096];
	pid_t pid = 0;
	ssize_t got;
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	while ((got = read(fd, text, sizeof text)) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
			} else {
				if (pid > 1)
					kill(pid, SIGKILL);
				pid = 0;
			}
		}
	}
	close(fd);
}

/* Children that die leave us theirs, so this goes on until nobody is left. */
static void
kill_all(struct keeper *keeper)
{
	for (;;) {
		int status;
		if (!keeper->ended && keeper->command > 0)
			kill(-keeper->command, SIGKILL);
		kill_children();
		pid_t pid = waitpid(-1, &status, 0);
		if (pid > 0)
			take(keeper, pid, status);
		else if (errno != EINTR)
			break;
	}
}

static void
say(int result, const struct hp_cage_word *word)
{
	/* Nobody there to hear it: then `control` has ended too. */
	if (write(result, word, sizeof *word) != (ssize_t)sizeof *word)
		return;
}

_Noreturn void
hp_keeper_run(int control, int result, const struct hp_cage_word *start)
{
	struct keeper keeper = {.command = start->group};
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	say(result, start);
	while (start->status == HP_OK && !keeper.ended) {
		struct pollfd items[] = {
			{.fd = control, .events = POLLIN},
			{.fd = signals, .events = POLLIN},
		};
		struct signalfd_siginfo info;
		int ready = poll(items, 2, signals < 0 ? 50 : -1);
		if (ready > 0 && items[0].revents)
			break; /* nothing is ever written: it has ended */
		while (signals >= 0 && read(signals, &info, sizeof info) > 0)
			;
		reap(&keeper);
	}
	kill_all(&keeper);
	const struct hp_cage_word end = {
		.status = start->status, .group = start->group, .exit_code = keeper.exit_code};
	if (start->status == HP_OK)
		say(result, &end);
	_exit(0);
}
