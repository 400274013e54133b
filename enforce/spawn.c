#include "enforce/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/text.h"

/* What went wrong between fork and execve, through a pipe that execve closes. */
struct failure {
	enum hp_status status;
	int error;
};

int64_t
hp_enforce_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Standard input in memory: a pipe could block us against a child that does not read. */
static int
make_input(const struct hp_spawn *spawn)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	const char *at = spawn->input;
	for (size_t left = spawn->input_bytes; fd >= 0 && left > 0;) {
		ssize_t done = write(fd, at, left);
		if (done <= 0) {
			close(fd);
			return -1;
		}
		at += done;
		left -= (size_t)done;
	}
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Hands the terminal's foreground to `group`. We may be in the background then: without SIGTTOU. */
static void
set_foreground(int tty, pid_t group)
{
	sigset_t block, old;
	sigemptyset(&block);
	sigaddset(&block, SIGTTOU);
	sigprocmask(SIG_BLOCK, &block, &old);
	tcsetpgrp(tty, group);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static _Noreturn void
give_up(int report, enum hp_status status)
{
	const struct failure failure = {status, errno};
	ssize_t done = write(report, &failure, sizeof failure);
	_exit(done == (ssize_t)sizeof failure ? 125 : 126);
}

/* Between fork and execve: async-signal-safe calls only. */
static _Noreturn void
become(const struct hp_spawn *spawn, int tty, int input, int report, pid_t parent)
{
	setpgid(0, 0);
	if (tty >= 0)
		set_foreground(tty, getpid());
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it died before prctl */
		_exit(126);
	struct sigaction plain = {.sa_handler = SIG_DFL};
	sigaction(SIGPIPE, &plain, NULL);
	if (input >= 0 && dup2(input, STDIN_FILENO) < 0)
		give_up(report, HP_IO);
	if (spawn->pipe > 0 && dup2(spawn->pipe, STDIN_FILENO) < 0)
		give_up(report, HP_IO);
	if ((spawn->output > 0 && dup2(spawn->output, STDOUT_FILENO) < 0) ||
	    (spawn->errors > 0 && dup2(spawn->errors, STDERR_FILENO) < 0))
		give_up(report, HP_IO);
	if (spawn->cwd && chdir(spawn->cwd) != 0)
		give_up(report, HP_INVALID);
	union {
		const char *const *borrowed;
		char *const *as_execve_wants;
	} argv = {.borrowed = spawn->argv};
	execv(spawn->argv[0], argv.as_execve_wants);
	give_up(report, errno == ENOENT   ? HP_NOT_FOUND
			: errno == EACCES ? HP_REFUSED
					  : HP_IO);
}

static enum hp_status
explain(const struct hp_spawn *spawn, const struct failure *failure, struct hp_error *err)
{
	const char *subject = failure->status == HP_INVALID ? spawn->cwd : spawn->argv[0];
	struct hp_buf safe = {0};
	hp_text_escape(&safe, subject, strlen(subject), 0);
	enum hp_status status = hp_fail(err, failure->status, "cannot %s \"%s\": %s",
					failure->status == HP_INVALID ? "go to" : "run",
					hp_buf_text(&safe), strerror(failure->error));
	hp_buf_release(&safe);
	return status;
}

/* A terminal whose foreground is ours to hand on, or -1. */
static int
open_terminal(void)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty >= 0 && tcgetpgrp(tty) != getpgrp()) {
		close(tty);
		return -1;
	}
	return tty;
}

enum hp_status
hp_child_start(const struct hp_spawn *spawn, struct hp_child *ret_child, struct hp_error *err)
{
	int report[2], input = -1;
	if (spawn->input && (input = make_input(spawn)) < 0)
		return hp_fail(err, HP_IO, "cannot hold the input: %s", strerror(errno));
	if (pipe2(report, O_CLOEXEC) != 0) {
		if (input >= 0)
			close(input);
		return hp_fail(err, HP_IO, "cannot make a pipe: %s", strerror(errno));
	}
	struct hp_child child = {.tty = open_terminal()};
	/* In a pipeline the others of our group may need the foreground; then the child gets it
	 * when it asks (see hp_child_reap). */
	bool alone = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !spawn->input;
	pid_t parent = getpid();
	child.pid = fork();
	if (child.pid == 0)
		become(spawn, alone ? child.tty : -1, input, report[1], parent);
	int error = errno;
	close(report[1]);
	if (input >= 0)
		close(input);
	struct failure failure = {HP_OK, 0};
	ssize_t got = 0;
	if (child.pid > 0) {
		setpgid(child.pid, child.pid); /* whoever is first */
		while ((got = read(report[0], &failure, sizeof failure)) < 0 && errno == EINTR)
			;
	}
	close(report[0]);
	if (child.pid > 0 && got == 0) {
		*ret_child = child;
		return HP_OK;
	}
	if (child.pid > 0 && got != (ssize_t)sizeof failure)
		failure = (struct failure){HP_IO, EIO};
	if (child.pid < 0)
		failure = (struct failure){HP_IO, error};
	hp_child_release(&child);
	return explain(spawn, &failure, err);
}

/* ^Z, or a read of the terminal from the background. */
static void
stopped(struct hp_child *child, int number)
{
	if (child->tty < 0 || child->kill_at_ms)
		return;
	bool wants_terminal = number == SIGTTIN || number == SIGTTOU;
	if (!wants_terminal || tcgetpgrp(child->tty) != getpgrp()) {
		set_foreground(child->tty, getpgrp());
		raise(SIGSTOP); /* until the shell's fg or bg */
	}
	if (tcgetpgrp(child->tty) == getpgrp())
		set_foreground(child->tty, child->pid);
	hp_child_signal(child, SIGCONT);
}

void
hp_child_reap(struct hp_child *child)
{
	int status;
	while (!child->ended && child->pid > 0) {
		pid_t pid = waitpid(child->pid, &status, WNOHANG | WUNTRACED);
		if (pid != child->pid)
			return;
		if (WIFSTOPPED(status)) {
			stopped(child, WSTOPSIG(status));
			continue;
		}
		child->ended = true;
		child->exit_code = WIFEXITED(status) ? WEXITSTATUS(status)
						     : 128 + WTERMSIG(status);
	}
}

void
hp_child_signal(const struct hp_child *child, int number)
{
	if (child->pid > 0)
		kill(-child->pid, number);
}

void
hp_child_stop(struct hp_child *child, int grace_ms)
{
	if (child->kill_at_ms || child->ended)
		return;
	child->kill_at_ms = hp_enforce_now_ms() + (grace_ms > 0 ? grace_ms : 0);
	hp_child_signal(child, SIGTERM);
	hp_child_signal(child, SIGCONT); /* what is stopped must hear it */
}

int
hp_child_turn(struct hp_child *child)
{
	if (!child->kill_at_ms || child->ended)
		return -1;
	int64_t left = child->kill_at_ms - hp_enforce_now_ms();
	if (left > 0)
		return (int)left;
	hp_child_signal(child, SIGKILL);
	return HP_SPAWN_GRACE_MS;
}

void
hp_child_release(struct hp_child *child)
{
	if (child->pid > 0) {
		/* What a child that ended by itself left in the background is its own affair; a
		 * group that was told to stop ends here, whole. */
		if (!child->ended || child->kill_at_ms)
			hp_child_signal(child, SIGKILL);
		while (!child->ended) {
			int status;
			if (waitpid(child->pid, &status, 0) < 0 && errno != EINTR)
				break;
			child->ended = WIFEXITED(status) || WIFSIGNALED(status);
		}
	}
	if (child->tty >= 0) {
		if (child->pid > 0 && tcgetpgrp(child->tty) == child->pid)
			set_foreground(child->tty, getpgrp());
		close(child->tty);
	}
	*child = (struct hp_child){.tty = -1, .ended = true, .exit_code = child->exit_code};
}
