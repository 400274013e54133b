#include "cli/prompt.h"

#include <errno.h>
#include <fcntl.h>
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

/* Without SA_RESTART, so that the read ends. */
static void
catch_signals(struct sigaction old[FATAL_COUNT])
{
	struct sigaction action = {.sa_handler = catch};
	sigemptyset(&action.sa_mask);
	caught = 0;
	for (size_t i = 0; i < FATAL_COUNT; i++)
		sigaction(fatal_signals[i], &action, &old[i]);
}

static void
restore_signals(const struct sigaction old[FATAL_COUNT])
{
	for (size_t i = 0; i < FATAL_COUNT; i++)
		sigaction(fatal_signals[i], &old[i], NULL);
}

static enum hp_status
read_line(int tty, struct hp_buf *buf, struct hp_error *err)
{
	for (size_t len = 0; len < LONGEST_LINE; len++) {
		uint8_t byte;
		ssize_t got = read(tty, &byte, 1);
		if (got < 0 && errno == EINTR && !caught)
			continue;
		if (got <= 0)
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
	struct sigaction old[FATAL_COUNT];
	catch_signals(old);
	during = before;
	if (!echo)
		during.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(tty, TCSAFLUSH, &during);
	show(tty, question);
	enum hp_status status = read_line(tty, buf, err);
	if (!echo || status != HP_OK)
		show(tty, "\n");
	tcsetattr(tty, TCSAFLUSH, &before);
	restore_signals(old);
	close(tty);
	if (caught)
		raise(caught);
	return status == HP_OK && buf->failed ? hp_fail(err, HP_NOMEM, "out of memory") : status;
}
