/* The loop: descriptors, the broker, the server's process, and the end of it all. */
#include "enforce/mcp.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "enforce/mcp_gateway.h"
#include "enforce/signals.h"
#include "enforce/spawn.h"

enum {
	TICK_MS = 250,	       /* how late time and lost connections may be noticed */
	LINES_A_TURN = 64,     /* of one side, before the other has its turn */
	CLOSED_MS = 2000,      /* for the server to end by itself once its input is closed */
	GRACE_MS = 2000,       /* from SIGTERM to SIGKILL */
	FAREWELL_MS = 5000,    /* for the broker and the client to take what is left */
};

/* The end comes in steps, each bounded: see mind_end(). */
enum phase {
	SERVING,
	CLOSING,  /* the client is gone: the server's input is closed */
	STOPPING, /* it was told to stop */
	FAREWELL, /* it is gone: what is left goes to client and broker */
};

struct gateway {
	struct hp_mcp mcp;
	struct hp_child child;
	int in, out; /* the server's standard input and output; -1: closed */
	enum phase phase;
	int64_t phase_ms; /* since when */
};

void
hp_mcp_tell(struct hp_mcp *mcp, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (mcp->config->tell)
		mcp->config->tell(mcp->config->context, text);
}

/* --- the server's process --- */

static void
close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static enum hp_status
start_server(struct gateway *gateway, struct hp_error *err)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
		int error = errno;
		close_end(&in[0]);
		close_end(&in[1]);
		return hp_fail(err, HP_IO, "cannot make a pipe: %s", strerror(error));
	}
	const struct hp_spawn spawn = {
		.argv = gateway->mcp.config->argv, .pipe = in[0], .output = out[1]};
	enum hp_status status = hp_child_start(&spawn, &gateway->child, err);
	close_end(&in[0]);
	close_end(&out[1]);
	/* Our own ends only: nobody else has these open files. */
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	gateway->in = in[1];
	gateway->out = out[0];
	return status;
}

/* --- one turn --- */

static bool
take_lines(struct hp_mcp *mcp, struct hp_mcp_reader *reader, bool client)
{
	struct hp_mcp_text line;
	for (int i = 0; i < LINES_A_TURN; i++) {
		switch (hp_mcp_reader_next(reader, &line)) {
		case HP_MCP_READ_NONE:
			return false;
		case HP_MCP_READ_LINE:
			(client ? hp_mcp_client_line : hp_mcp_server_line)(mcp, line);
			break;
		case HP_MCP_READ_TOO_LONG:
			(client ? hp_mcp_client_too_long : hp_mcp_server_too_long)(mcp);
			break;
		}
	}
	return true; /* there may be more */
}

static void
hear_broker(struct hp_mcp *mcp)
{
	const struct hp_value *reply;
	uint64_t seq;
	while (hp_client_receive(mcp->config->client, &mcp->arena, &seq, &reply) == HP_OK)
		if (!hp_mcp_calls_hear(mcp, seq, reply))
			(void)hp_mcp_tools_hear(mcp, seq, reply);
}

static void
enter(struct gateway *gateway, enum phase phase)
{
	gateway->phase = phase;
	gateway->phase_ms = gateway->mcp.now_ms;
}

/* Nobody is there to be answered. */
static void
begin_end(struct gateway *gateway, const char *why)
{
	struct hp_mcp *mcp = &gateway->mcp;
	if (gateway->phase != SERVING)
		return;
	enter(gateway, CLOSING);
	hp_mcp_client_unpark(mcp, false);
	hp_mcp_calls_withdraw(mcp, why);
	hp_mcp_tools_withdraw(mcp, why);
}

static void
take_signals(struct gateway *gateway)
{
	for (int number; (number = hp_signals_take()) != 0;) {
		if (number == SIGCHLD)
			hp_child_reap(&gateway->child);
		else
			begin_end(gateway, "the gateway was told to stop");
	}
}

static bool
client_is_done(const struct gateway *gateway)
{
	const struct hp_mcp *mcp = &gateway->mcp;
	return !hp_mcp_writer_pending(&mcp->to_client);
}

/* True: it is over. */
static bool
mind_end(struct gateway *gateway)
{
	struct hp_mcp *mcp = &gateway->mcp;
	if (mcp->from_client.ended || mcp->to_client.broken)
		begin_end(gateway, "the client is gone");
	int64_t since_ms = mcp->now_ms - gateway->phase_ms;
	if (gateway->phase == CLOSING && !hp_mcp_writer_pending(&mcp->to_server))
		close_end(&gateway->in);
	if (gateway->phase == CLOSING && since_ms > CLOSED_MS) {
		close_end(&gateway->in);
		hp_child_stop(&gateway->child, GRACE_MS);
		enter(gateway, STOPPING);
	}
	if (gateway->phase == STOPPING)
		(void)hp_child_turn(&gateway->child);
	/* A grandchild may hold the pipe open: once told to go, the process itself counts. */
	bool silent = gateway->out < 0 || (gateway->child.ended && gateway->phase != SERVING);
	if (gateway->phase != FAREWELL && silent) {
		close_end(&gateway->in);
		close_end(&gateway->out);
		hp_mcp_client_unpark(mcp, false);
		hp_mcp_server_gone(mcp);
		enter(gateway, FAREWELL);
	}
	if (gateway->phase != FAREWELL)
		return false;
	/* It has closed its output, or is gone. */
	since_ms = mcp->now_ms - gateway->phase_ms;
	if (since_ms > CLOSED_MS)
		hp_child_stop(&gateway->child, GRACE_MS);
	(void)hp_child_turn(&gateway->child);
	return since_ms > FAREWELL_MS ||
	       (gateway->child.ended && client_is_done(gateway) && !hp_mcp_calls_untold(mcp));
}

/* A descriptor that nothing is wanted of is left out: its hang-up would wake us for nothing. */
static zmq_pollitem_t
item(int fd, bool wanted, short events)
{
	return (zmq_pollitem_t){.fd = wanted ? fd : -1, .events = events};
}

/* Reads from a side only while the other takes what it is sent. */
static void
poll_all(struct gateway *gateway, bool more)
{
	struct hp_mcp *mcp = &gateway->mcp;
	bool room = !hp_mcp_writer_full(&mcp->to_client);
	bool listen = gateway->phase == SERVING && room && !hp_mcp_writer_full(&mcp->to_server);
	zmq_pollitem_t items[] = {
		item(hp_signals_fd(), true, ZMQ_POLLIN),
		{.socket = hp_client_socket(mcp->config->client), .events = ZMQ_POLLIN},
		item(STDIN_FILENO, listen, ZMQ_POLLIN),
		item(STDOUT_FILENO, hp_mcp_writer_pending(&mcp->to_client), ZMQ_POLLOUT),
		item(gateway->out, room, ZMQ_POLLIN),
		item(gateway->in, hp_mcp_writer_pending(&mcp->to_server), ZMQ_POLLOUT),
	};
	enum { SIGNALS, BROKER, CLIENT_IN, CLIENT_OUT, SERVER_OUT, SERVER_IN, COUNT };
	int rc = zmq_poll(items, COUNT, more ? 0 : TICK_MS);
	if (rc <= 0)
		return;
	if (items[CLIENT_IN].revents)
		hp_mcp_reader_fill(&mcp->from_client, STDIN_FILENO);
	if (items[CLIENT_OUT].revents)
		hp_mcp_writer_flush(&mcp->to_client, STDOUT_FILENO);
	if (items[SERVER_OUT].revents)
		hp_mcp_reader_fill(&mcp->from_server, gateway->out);
	if (items[SERVER_IN].revents)
		hp_mcp_writer_flush(&mcp->to_server, gateway->in);
}

/* True: it is over. */
static bool
turn(struct gateway *gateway)
{
	struct hp_mcp *mcp = &gateway->mcp;
	hp_arena_reset(&mcp->arena);
	mcp->now_ms = hp_enforce_now_ms();
	take_signals(gateway);
	hear_broker(mcp);
	bool more = take_lines(mcp, &mcp->from_server, false);
	if (gateway->phase == SERVING)
		more |= take_lines(mcp, &mcp->from_client, true);
	if (!more && mcp->from_server.ended)
		close_end(&gateway->out);
	hp_mcp_tools_turn(mcp);
	hp_mcp_client_unpark(mcp, true);
	hp_mcp_calls_turn(mcp);
	if (mind_end(gateway))
		return true;
	poll_all(gateway, more);
	return false;
}

static void
release(struct gateway *gateway)
{
	struct hp_mcp *mcp = &gateway->mcp;
	close_end(&gateway->in);
	close_end(&gateway->out);
	hp_child_release(&gateway->child);
	hp_mcp_client_unpark(mcp, false);
	hp_mcp_calls_release(mcp);
	hp_mcp_tools_release(mcp);
	hp_mcp_ids_release(&mcp->ids);
	hp_mcp_reader_release(&mcp->from_client);
	hp_mcp_reader_release(&mcp->from_server);
	hp_mcp_writer_release(&mcp->to_client);
	hp_mcp_writer_release(&mcp->to_server);
	hp_redact_free(mcp->redact);
	hp_arena_release(&mcp->arena);
}

enum hp_status
hp_mcp_run(const struct hp_mcp_config *config, int *ret_exit_code, struct hp_error *err)
{
	struct gateway gateway = {.mcp.config = config, .child.tty = -1, .in = -1, .out = -1};
	const struct hp_redact_config rules = {.groups = config->redact};
	enum hp_status status = hp_redact_new(&rules, &gateway.mcp.redact, err);
	gateway.child.ended = true;
	if (status == HP_OK)
		status = hp_mcp_tools_load(&gateway.mcp, err);
	if (status == HP_OK)
		status = hp_signals_open(err);
	if (status == HP_OK) {
		status = start_server(&gateway, err);
		while (status == HP_OK && !turn(&gateway))
			;
	}
	if (status == HP_OK) {
		hp_child_release(&gateway.child);
		*ret_exit_code = gateway.child.exit_code;
	}
	release(&gateway);
	hp_signals_close();
	return status;
}
