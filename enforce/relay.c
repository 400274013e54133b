#include "enforce/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "enforce/spawn.h"

enum {
	QUIET_MS = 50,	/* after so much silence what is there goes out */
	LATEST_MS = 500, /* and after so much without any, too */
	BACKLOG_BYTES = 256 * 1024,
};

enum hp_status
hp_relay_open(struct hp_relay *relay, struct hp_redact *set, int to, struct hp_error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
		return hp_fail(err, HP_IO, "cannot make a pipe: %s", strerror(errno));
	*relay = (struct hp_relay){
		.from = ends[0], .to = to, .writer = ends[1], .output = {.set = set}};
	return HP_OK;
}

static void
close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
hp_relay_close(struct hp_relay *relay)
{
	close_end(&relay->from);
	close_end(&relay->writer);
	hp_output_release(&relay->output);
	hp_buf_release(&relay->out);
}

void
hp_relay_started(struct hp_relay *relay)
{
	close_end(&relay->writer);
}

static size_t
backlog(const struct hp_relay *relay)
{
	return relay->out.len - relay->written;
}

bool
hp_relay_busy(const struct hp_relay *relay)
{
	return relay->from >= 0 || backlog(relay) > 0;
}

/* Nothing more comes, or can be judged, or is wanted. */
static void
end(struct hp_relay *relay)
{
	if (hp_output_take(&relay->output, true, &relay->out) != HP_OK)
		hp_buf_add_text(&relay->out, "\n[output withheld: it could not be judged]\n");
	close_end(&relay->from);
}

static void
read_some(struct hp_relay *relay)
{
	char piece[65536];
	if (relay->from < 0 || backlog(relay) > BACKLOG_BYTES)
		return;
	ssize_t got = read(relay->from, piece, sizeof piece);
	int64_t now_ms = hp_enforce_now_ms();
	if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
		if (relay->all && errno == EAGAIN)
			end(relay); /* something that it left behind still holds the pipe */
		return;
	}
	if (got <= 0 || hp_output_add(&relay->output, piece, (size_t)got) != HP_OK) {
		end(relay);
		return;
	}
	relay->heard_ms = now_ms;
	if (!relay->oldest_ms)
		relay->oldest_ms = now_ms;
}

static void
write_some(struct hp_relay *relay)
{
	struct pollfd item = {.fd = relay->to, .events = POLLOUT};
	while (backlog(relay) > 0 && poll(&item, 1, 0) > 0) {
		size_t len = backlog(relay) < PIPE_BUF ? backlog(relay) : PIPE_BUF;
		ssize_t put = write(relay->to, relay->out.data + relay->written, len);
		if (put < 0 && (errno == EINTR || errno == EAGAIN))
			return;
		if (put < 0) { /* nobody reads any more: the command is to feel it */
			hp_buf_reset(&relay->out);
			relay->written = 0;
			close_end(&relay->from);
			return;
		}
		relay->written += (size_t)put;
	}
	if (backlog(relay) == 0) {
		hp_buf_reset(&relay->out);
		relay->written = 0;
	}
}

void
hp_relay_finish(struct hp_relay *relay)
{
	relay->all = true;
}

static int64_t
due_ms(const struct hp_relay *relay)
{
	int64_t quiet = relay->heard_ms + QUIET_MS, latest = relay->oldest_ms + LATEST_MS;
	return quiet < latest ? quiet : latest;
}

void
hp_relay_turn(struct hp_relay *relay)
{
	read_some(relay);
	if (relay->oldest_ms && hp_enforce_now_ms() >= due_ms(relay)) {
		relay->oldest_ms = 0;
		if (relay->from >= 0 &&
		    hp_output_take(&relay->output, false, &relay->out) != HP_OK)
			end(relay);
	}
	write_some(relay);
}

int
hp_relay_items(const struct hp_relay *relay, zmq_pollitem_t items[2])
{
	int count = 0;
	if (relay->from >= 0 && backlog(relay) <= BACKLOG_BYTES)
		items[count++] = (zmq_pollitem_t){.fd = relay->from, .events = ZMQ_POLLIN};
	if (backlog(relay) > 0)
		items[count++] = (zmq_pollitem_t){.fd = relay->to, .events = ZMQ_POLLOUT};
	return count;
}

int
hp_relay_wait_ms(const struct hp_relay *relay, int cap_ms)
{
	if (!relay->oldest_ms)
		return cap_ms;
	int64_t left = due_ms(relay) - hp_enforce_now_ms();
	return left < 0 ? 0 : left < cap_ms ? (int)left : cap_ms;
}
