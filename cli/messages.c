#include "cli/command.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* One line on standard error, "holdpoint: COMMAND: …". */
static HP_PRINTF(2, 0) void
say(const struct hp_cli *cli, const char *format, va_list args)
{
	if (cli->messages) {
		char line[512];
		vsnprintf(line, sizeof line, format, args);
		hp_buf_printf(cli->messages, "%s%s", cli->messages->len ? "; " : "", line);
		return;
	}
	fflush(stdout); /* a terminal shows both in the order they were made */
	fputs("holdpoint: ", stderr);
	if (cli->command)
		fprintf(stderr, "%s: ", cli->command->name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int
hp_cli_usage(struct hp_cli *cli, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(cli, format, args);
	va_end(args);
	return HP_EXIT_USAGE;
}

int
hp_cli_error(struct hp_cli *cli, int exit_code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(cli, format, args);
	va_end(args);
	return exit_code;
}

void
hp_cli_note(struct hp_cli *cli, const char *format, ...)
{
	if (cli->quiet)
		return;
	va_list args;
	va_start(args, format);
	say(cli, format, args);
	va_end(args);
}

static int
exit_of(enum hp_status status)
{
	static const int exits[] = {
		[HP_OK] = HP_EXIT_OK,
		[HP_NOMEM] = HP_EXIT_INTERNAL,
		[HP_INVALID] = HP_EXIT_USAGE,
		[HP_TOO_LARGE] = HP_EXIT_USAGE,
		[HP_NOT_FOUND] = HP_EXIT_NOT_FOUND,
		[HP_REFUSED] = HP_EXIT_UNAUTHORISED,
		[HP_CONFLICT] = HP_EXIT_CONFLICT,
		[HP_BAD_SIGNATURE] = HP_EXIT_UNAUTHORISED,
		[HP_IO] = HP_EXIT_INTERNAL,
		[HP_UNAVAILABLE] = HP_EXIT_UNAVAILABLE,
		[HP_TIMEOUT] = HP_EXIT_UNAVAILABLE,
		[HP_UNSUPPORTED] = HP_EXIT_USAGE,
	};
	return exits[status];
}

int
hp_cli_fail(struct hp_cli *cli, enum hp_status status, const struct hp_error *err)
{
	const char *message = err && err->message[0] ? err->message : hp_status_text(status);
	return hp_cli_error(cli, exit_of(status), "%s", message);
}

int
hp_cli_fail_file(struct hp_cli *cli, enum hp_status status, const struct hp_error *err)
{
	hp_cli_fail(cli, status, err);
	return status == HP_NOMEM ? HP_EXIT_INTERNAL : HP_EXIT_USAGE;
}

int64_t
hp_cli_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int
hp_cli_left_ms(const struct hp_cli *cli, int cap_ms)
{
	if (cli->deadline_ms < 0)
		return cap_ms;
	int64_t left = cli->deadline_ms - hp_cli_now_ms();
	return left < 0 ? 0 : left < cap_ms ? (int)left : cap_ms;
}

bool
hp_cli_timed_out(const struct hp_cli *cli)
{
	return hp_cli_left_ms(cli, INT_MAX) == 0;
}

bool
hp_cli_interactive(const struct hp_cli *cli)
{
	return !cli->no_input && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}
