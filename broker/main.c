/*
 * holdpointd - the policy decision point. See holdpointd(8).
 */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/log.h"
#include "proto/instance.h"

static const char usage[] =
	"usage: holdpointd [--home DIR] [--rebase REASON]\n"
	"\n"
	"Serves one holdpoint instance in the foreground; prints \"ready\" on standard output once it\n"
	"accepts connections. SIGHUP reloads policy and principals, SIGTERM ends it cleanly.\n"
	"\n"
	"  --home DIR   instance directory (default $HOLDPOINT_HOME, $XDG_CONFIG_HOME/holdpoint,\n"
	"               ~/.config/holdpoint)\n"
	"  --rebase REASON\n"
	"               accept a database that the checkpoint lock does not vouch for; the reason\n"
	"               becomes an entry of the log. Serves nothing; start again without it\n"
	"  -h, --help   this text\n"
	"  --version    version\n"
	"\n"
	"See holdpointd(8).\n";

static int
signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	/* Before any thread exists, so that libzmq's inherit the mask. */
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Of a start that failed: a file to mend, an instance that is somebody's, or the system. */
static int
exit_code(enum hp_status status)
{
	switch (status) {
	case HP_INVALID:
	case HP_NOT_FOUND:
	case HP_TOO_LARGE:
	case HP_REFUSED:
	case HP_UNSUPPORTED:
		return HP_EXIT_USAGE;
	case HP_CONFLICT:
	case HP_BAD_SIGNATURE:
		return HP_EXIT_CONFLICT;
	default:
		return HP_EXIT_INTERNAL;
	}
}

static int
say_failed(enum hp_status status, const struct hp_error *err)
{
	fprintf(stderr, "holdpointd: %s\n",
		err->message[0] ? err->message : hp_status_text(status));
	return exit_code(status);
}

static int
rebase(const char *home, const char *reason)
{
	struct hp_error err = {0};
	uint64_t size = 0;
	umask(077);
	if (!*reason || strlen(reason) > HP_LIMIT_REASON_BYTES) {
		fprintf(stderr, "holdpointd: --rebase: expected a reason of 1 to %u bytes\n",
			HP_LIMIT_REASON_BYTES);
		return HP_EXIT_USAGE;
	}
	enum hp_status status = hp_broker_rebase(home, reason, &size, &err);
	if (status != HP_OK)
		return say_failed(status, &err);
	printf("rebased: %llu leaves; the reason is the last of them\n", (unsigned long long)size);
	return HP_EXIT_OK;
}

enum { KEPT_BYTES = 16 << 20 }; /* of freed memory */

static int
serve(const char *home)
{
	struct hp_broker *broker = NULL;
	struct hp_error err = {0};
	umask(077);
	/* A turn's replies come and go: memory given back between turns costs a fault a page. */
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	int signal_fd = signals();
	if (signal_fd < 0) {
		fputs("holdpointd: cannot take signals\n", stderr);
		return HP_EXIT_INTERNAL;
	}
	enum hp_status status = hp_broker_open(home, true, &broker, &err);
	if (status != HP_OK) {
		close(signal_fd);
		return say_failed(status, &err);
	}
	HP_LOG("info", "ready", "instance", broker->config.instance, "agents",
	       broker->config.agents, "control", broker->config.control);
	puts("ready");
	fflush(stdout);
	hp_notify("READY=1");
	int code = hp_broker_serve(broker, signal_fd);
	hp_notify("STOPPING=1");
	HP_LOG(code ? "error" : "info", "stopped", "reason",
	       code ? "the store or the log cannot be trusted; start again to recover"
		    : "asked to");
	hp_broker_close(broker);
	close(signal_fd);
	return code ? HP_EXIT_INTERNAL : HP_EXIT_OK;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"home", required_argument, NULL, 'H'},
		{"rebase", required_argument, NULL, 'R'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	const char *given = NULL, *reason = NULL, *home = NULL;
	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		switch (c) {
		case 'H':
			given = optarg;
			break;
		case 'R':
			reason = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return HP_EXIT_OK;
		case 'V':
			puts("holdpointd " HP_VERSION);
			return HP_EXIT_OK;
		default:
			fputs("holdpointd: try --help\n", stderr);
			return HP_EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "holdpointd: takes no argument, found \"%s\"\n", argv[optind]);
		return HP_EXIT_USAGE;
	}
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	int code;
	if (hp_instance_home(&arena, given, &home, &err) != HP_OK) {
		fprintf(stderr, "holdpointd: %s\n", err.message);
		code = HP_EXIT_USAGE;
	} else {
		code = reason ? rebase(home, reason) : serve(home);
	}
	hp_arena_release(&arena);
	return code;
}
