/* watch: events as they happen, and a command for each. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "cli/command.h"
#include "cli/output.h"
#include "core/json.h"
#include "core/text.h"
#include "enforce/signals.h"
#include "enforce/spawn.h"

enum {
	SUBSCRIBE_MS = 5000,
	TICK_MS = 1000, /* how late a lost broker is noticed */
};

struct watching {
	struct hp_cli *cli;
	struct hp_cli printer; /* the same, but that its arena lives for one event */
	struct hp_arena arena; /* of one event */
	const char *command;   /* NULL: print */
	int64_t last_seq;      /* -1: none yet */
	unsigned connections;
	bool lost, ended;
};

/* time, event, id, state, environment, requester, operation */
static void
print_line(struct watching *watching, const struct hp_value *event)
{
	struct hp_cli *cli = &watching->printer;
	static const char *const words[] = {"id", "state", "environment", "requester", "agent"};
	printf("%s  %-18s", hp_out_time(cli, hp_map_get_int(event, "at_ms", -1)),
	       hp_out_word(cli, hp_map_get(event, "type")));
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		const struct hp_value *value = hp_map_get(event, words[i]);
		if (value)
			printf("  %s", hp_out_word(cli, value));
	}
	if (hp_map_get(event, "operation"))
		printf("  %s", hp_out_text(cli, hp_map_get(event, "operation")));
	putchar('\n');
}

/* The operator wrote the command, so the operator's shell reads it; nothing of the event is in it,
 * only on its standard input. */
static void
run_command(struct watching *watching, const char *json, size_t len)
{
	struct hp_cli *cli = watching->cli;
	const char *const argv[] = {"/bin/sh", "-c", watching->command, NULL};
	const struct hp_spawn spawn = {.argv = argv, .input = json, .input_bytes = len};
	struct hp_child child;
	struct hp_error err = {0};
	if (hp_child_start(&spawn, &child, &err) != HP_OK) {
		hp_cli_error(cli, HP_EXIT_INTERNAL, "%s", err.message);
		return;
	}
	while (!child.ended) {
		zmq_pollitem_t item = {.fd = hp_signals_fd(), .events = ZMQ_POLLIN};
		(void)zmq_poll(&item, 1, TICK_MS);
		for (int number; (number = hp_signals_take()) != 0;) {
			if (number == SIGCHLD)
				continue;
			watching->ended = true;
			hp_child_signal(&child, number);
		}
		hp_child_reap(&child);
		if (hp_cli_timed_out(cli))
			hp_child_stop(&child, HP_SPAWN_GRACE_MS);
		(void)hp_child_turn(&child);
	}
	if (child.exit_code != 0)
		hp_cli_note(cli, "the command for an event ended with %d", child.exit_code);
	hp_child_release(&child);
}

static void
take_event(struct watching *watching, const struct hp_value *event)
{
	struct hp_cli *cli = watching->cli;
	int64_t seq = hp_map_get_int(event, "event_seq", -1);
	if (watching->last_seq >= 0 && seq > watching->last_seq + 1)
		hp_cli_error(cli, HP_EXIT_OK, "%lld events were missed; see: holdpoint list --all",
			     (long long)(seq - watching->last_seq - 1));
	watching->last_seq = seq;
	if (!cli->json && !watching->command) {
		print_line(watching, event);
		return;
	}
	struct hp_buf json = {0};
	hp_json_dump(event, HP_JSON_LINE, &json);
	hp_buf_add_byte(&json, '\n');
	if (json.failed)
		hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	else if (watching->command)
		run_command(watching, hp_buf_text(&json), json.len);
	else
		fputs(hp_buf_text(&json), stdout);
	hp_buf_release(&json);
}

/* Tells of a broker that went, and of one that came back, once each. */
static void
mind_connection(struct watching *watching)
{
	struct hp_client *client = watching->cli->client;
	bool lost = !hp_client_connected(client);
	unsigned connections = hp_client_connections(client);
	if (lost && !watching->lost)
		hp_cli_error(watching->cli, HP_EXIT_OK, "the broker is lost; trying again");
	else if (!lost && connections != watching->connections)
		hp_cli_error(watching->cli, HP_EXIT_OK,
			     "connected again; events may have been missed");
	watching->lost = lost;
	if (!lost)
		watching->connections = connections;
}

static int
follow(struct watching *watching)
{
	struct hp_cli *cli = watching->cli;
	const struct hp_value *event;
	while (!watching->ended && !hp_cli_timed_out(cli) && !ferror(stdout)) {
		while (!watching->ended &&
		       hp_client_event(cli->client, &watching->arena, &event) == HP_OK) {
			take_event(watching, event);
			hp_arena_reset(&watching->arena);
			hp_arena_reset(&watching->printer.arena);
		}
		fflush(stdout);
		zmq_pollitem_t items[] = {
			{.socket = hp_client_events_socket(cli->client), .events = ZMQ_POLLIN},
			{.fd = hp_signals_fd(), .events = ZMQ_POLLIN},
		};
		(void)zmq_poll(items, 2, hp_cli_left_ms(cli, TICK_MS));
		for (int number; (number = hp_signals_take()) != 0;)
			watching->ended |= number != SIGCHLD;
		mind_connection(watching);
	}
	return HP_EXIT_OK;
}

int
hp_cmd_watch(struct hp_cli *cli)
{
	struct hp_error err = {0};
	struct watching watching = {
		.cli = cli, .command = hp_cli_option(cli, "exec"), .last_seq = -1};
	int exit_code = hp_cli_connect(cli, HP_SIDE_CONTROL_FIRST);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	enum hp_status status =
		hp_client_subscribe(cli->client, hp_cli_left_ms(cli, SUBSCRIBE_MS), &err);
	if (status == HP_OK)
		status = hp_signals_open(&err);
	if (status != HP_OK)
		return hp_cli_fail(cli, status, &err);
	watching.printer = *cli;
	watching.printer.arena = (struct hp_arena){0};
	watching.connections = hp_client_connections(cli->client);
	exit_code = follow(&watching);
	hp_signals_close();
	hp_arena_release(&watching.arena);
	hp_arena_release(&watching.printer.arena);
	hp_crypto_wipe(&watching.printer.keyfile, sizeof watching.printer.keyfile);
	return exit_code;
}
