#include "cli/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { LONGEST_LINE = 4096 };

static const int fatal_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { FATAL_COUNT = sizeof fatal_signals / sizeof fatal_signals[0] };

static volatile sig_atomic_t caught;

static void
catch(int number)
{
	caught = number;
}

/* Who handled the signals before, and which of them were let through. */
struct handled {
	struct sigaction actions[FATAL_COUNT];
	sigset_t mask;
};

/* Blocked but for the wait in read_line(): one that came a moment before it would be missed. */
static void
catch_signals(struct handled *before)
{
	struct sigaction action = {.sa_handler = catch};
	sigset_t block;
	sigemptyset(&action.sa_mask);
	sigemptyset(&block);
	caught = 0;
	for (size_t i = 0; i < FATAL_COUNT; i++) {
		sigaddset(&block, fatal_signals[i]);
		sigaction(fatal_signals[i], NULL, &before->actions[i]);
		if (before->actions[i].sa_handler != SIG_IGN)
			sigaction(fatal_signals[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &block, &before->mask);
}

static void
restore_signals(const struct handled *before)
{
	for (size_t i = 0; i < FATAL_COUNT; i++)
		sigaction(fatal_signals[i], &before->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

static enum hp_status
read_line(int tty, const sigset_t *mask, struct hp_buf *buf, struct hp_error *err)
{
	for (size_t len = 0; len < LONGEST_LINE; len++) {
		struct pollfd wait = {.fd = tty, .events = POLLIN};
		uint8_t byte;
		int ready = ppoll(&wait, 1, NULL, mask);
		if (ready < 0 && errno == EINTR && !caught)
			continue;
		if (ready <= 0 || caught || read(tty, &byte, 1) != 1)
			return hp_fail(err, HP_REFUSED, "nothing was typed");
		if (byte == '\n' || byte == '\r')
			return HP_OK;
		hp_buf_add_byte(buf, byte);
	}
	return hp_fail(err, HP_TOO_LARGE, "that line is too long");
}

static void
show(int tty, const char *text)
{
	size_t len = strlen(text);
	while (len > 0) {
		ssize_t done = write(tty, text, len);
		if (done <= 0)
			return;
		text += done;
		len -= (size_t)done;
	}
}

enum hp_status
hp_prompt(const char *question, bool echo, struct hp_buf *buf, struct hp_error *err)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios before, during;
	if (tty < 0 || tcgetattr(tty, &before) != 0) {
		if (tty >= 0)
			close(tty);
		return hp_fail(err, HP_UNAVAILABLE, "there is no terminal to ask on");
	}
	struct handled old;
	catch_signals(&old);
	during = before;
	if (!echo)
		during.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(tty, TCSAFLUSH, &during);
	show(tty, question);
	enum hp_status status = read_line(tty, &old.mask, buf, err);
	if (!echo || status != HP_OK)
		show(tty, "\n");
	tcsetattr(tty, TCSAFLUSH, &before);
	restore_signals(&old);
	close(tty);
	if (caught)
		raise(caught);
	return status == HP_OK && buf->failed ? hp_fail(err, HP_NOMEM, "out of memory") : status;
}
