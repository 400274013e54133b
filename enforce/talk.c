#include "enforce/talk.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <zmq.h>

#include "core/lifecycle.h"
#include "enforce/signals.h"
#include "enforce/spawn.h"

enum {
	POLL_MS = 20000,	/* one long poll */
	PATIENCE_MS = 5000,	/* beyond it */
	LAST_PATIENCE_MS = 1500, /* the same at a deadline, which a mute broker overruns by so much:
				    a hook's host takes silence for a yes soon after */
	AWAY_MS = 120000,	/* how long a broker may be away while we wait */
	RECONNECT_POLL_MS = 200, /* the client tells of a connection only when asked */
};

int
hp_talk_left_ms(const struct hp_talk *talk, int cap_ms)
{
	if (talk->deadline_ms < 0)
		return cap_ms;
	int64_t left = talk->deadline_ms - hp_enforce_now_ms();
	return left < 0 ? 0 : left < cap_ms ? (int)left : cap_ms;
}

/* Waits for a reply or a signal. */
static enum hp_status
pause_for(struct hp_talk *talk, int ms, struct hp_error *err)
{
	zmq_pollitem_t items[] = {
		{.socket = hp_client_socket(talk->client), .events = ZMQ_POLLIN},
		{.fd = hp_signals_fd(), .events = ZMQ_POLLIN},
	};
	int count = hp_signals_fd() >= 0 ? 2 : 1;
	int rc = zmq_poll(items, count, ms < RECONNECT_POLL_MS ? ms : RECONNECT_POLL_MS);
	if (rc < 0 && errno != EINTR)
		return hp_fail(err, HP_IO, "cannot wait for the broker: %s", zmq_strerror(errno));
	for (int number; (number = hp_signals_take()) != 0;) {
		if (number != SIGCHLD && !talk->signal)
			talk->signal = number;
	}
	if (talk->signal)
		return hp_fail(err, HP_REFUSED, "interrupted by SIG%s", sigabbrev_np(talk->signal));
	return HP_OK;
}

static enum hp_status
send_in_time(struct hp_talk *talk, struct hp_value *map, int64_t until_ms, uint64_t *ret_seq,
	     struct hp_error *err)
{
	for (;;) {
		enum hp_status status =
			hp_client_send(talk->client, talk->arena, map, ret_seq, err);
		if (status != HP_UNAVAILABLE)
			return status;
		int64_t left = until_ms - hp_enforce_now_ms();
		if (left <= 0)
			return status;
		status = pause_for(talk, (int)left, err);
		if (status != HP_OK)
			return status;
		(void)hp_client_connected(talk->client);
	}
}

enum hp_status
hp_talk(struct hp_talk *talk, struct hp_value *map, int patience_ms,
	const struct hp_value **ret_reply, struct hp_error *err)
{
	int64_t until_ms = hp_enforce_now_ms() + hp_talk_left_ms(talk, patience_ms);
	uint64_t seq, got;
	enum hp_status status = send_in_time(talk, map, until_ms, &seq, err);
	unsigned connections = hp_client_connections(talk->client);
	while (status == HP_OK) {
		const struct hp_value *reply;
		while ((status = hp_client_receive(talk->client, talk->arena, &got, &reply)) ==
		       HP_OK) {
			if (got != seq)
				continue; /* of a call given up on */
			*ret_reply = reply;
			return HP_OK;
		}
		if (status != HP_NOT_FOUND)
			return hp_fail(err, status, "%s", hp_status_text(status));
		if (!hp_client_connected(talk->client) ||
		    hp_client_connections(talk->client) != connections)
			return hp_fail(err, HP_UNAVAILABLE,
				       "the connection was lost before the broker answered");
		int64_t left = until_ms - hp_enforce_now_ms();
		if (left <= 0)
			return hp_fail(err, HP_TIMEOUT, "the broker did not answer in time");
		status = pause_for(talk, (int)left, err);
	}
	return status;
}

static bool
reached(const struct hp_value *reply, bool done)
{
	enum hp_state state;
	if (!hp_state_parse(hp_map_get_str(reply, "state", ""), &state))
		return true; /* an error, or a state beyond our table: not ours to wait for */
	return done ? hp_state_is_final(state) : hp_state_is_decided(state);
}

static struct hp_value *
wait_message(struct hp_arena *arena, const char *id, bool done, int poll_ms)
{
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "wait");
	hp_map_set_str(arena, map, "id", id);
	hp_map_set_str(arena, map, "until", done ? "done" : "decided");
	hp_map_set_int(arena, map, "timeout_ms", poll_ms);
	return map;
}

enum hp_status
hp_talk_until(struct hp_talk *talk, const char *id, bool done, const struct hp_value **ret_reply,
	      struct hp_error *err)
{
	const struct hp_value *last = NULL;
	int64_t heard_ms = hp_enforce_now_ms();
	for (;;) {
		int poll_ms = hp_talk_left_ms(talk, POLL_MS);
		/* The broker answers when the poll ends, which may be the deadline: not cut. */
		int patience_ms = poll_ms < POLL_MS ? LAST_PATIENCE_MS : PATIENCE_MS;
		struct hp_talk patient = {talk->client, talk->arena, -1, 0};
		enum hp_status status =
			hp_talk(&patient, wait_message(talk->arena, id, done, poll_ms),
				poll_ms + patience_ms, &last, err);
		talk->signal = patient.signal;
		bool away = status == HP_TIMEOUT || status == HP_UNAVAILABLE;
		if (status == HP_OK)
			heard_ms = hp_enforce_now_ms();
		else if (!away || hp_enforce_now_ms() - heard_ms > AWAY_MS)
			return status;
		bool over = hp_talk_left_ms(talk, 1) == 0;
		if (over && !last)
			return status == HP_OK ? HP_TIMEOUT : status;
		if (last && (over || reached(last, done))) {
			*ret_reply = last;
			return HP_OK;
		}
	}
}
