/*
 * loop - natural batching: one turn, one clock read, one transaction.
 *
 * Each turn: due timers → control socket → some of the agents' → parked calls → COMMIT → replies →
 * events. While the COMMIT's fsync runs, libzmq's I/O thread (which does the CURVE crypto) fills the
 * next batch, so batches grow with load: one message a commit when idle, hundreds when busy.
 *
 * Replies leave at the turn's end, so what agents ask for is bounded in time too, not only in number:
 * a few hundred long lists would keep a reviewer waiting for a second. Who is alone gets a long turn,
 * where a commit costs least for each message; once somebody else has spoken lately turns are short,
 * so that nobody waits long behind another's flood. A message on the control socket ends the agents'
 * share at once; the next turn is its own, and the one after that the agents' again, whoever speaks.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "broker/anchor.h"
#include "broker/erase.h"
#include "broker/log.h"
#include "broker/outbox.h"
#include "broker/park.h"
#include "broker/refusals.h"
#include "broker/zap.h"

enum {
	CHECKPOINT_AFTER_MS = 1000, /* leaves stay unsigned at most this long */
	LONGEST_WAIT_MS = 10000,
	CONTROL_PER_TURN = 1024,
	/* Of one turn for agents' messages; one message may take it over that. */
	ALONE_US = 5000,
	SHARED_US = 1000,
	SHARED_FOR_MS = 1000, /* a turn is shared so long after two have spoken */
	LOOK_US = 250,	      /* so often the control socket is looked at meanwhile */
	REPLIES_BYTES = 16 * 1024 * 1024, /* a door's replies in one turn; the rest comes next */
};

/* ---- one turn ---- */

static int64_t
monotonic_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool
is_waiting(void *socket)
{
	int events = 0;
	size_t len = sizeof events;
	return zmq_getsockopt(socket, ZMQ_EVENTS, &events, &len) == 0 && (events & ZMQ_POLLIN);
}

/* The agents' share of one turn. */
struct share {
	int64_t began_us, look_us;
};

static bool
is_over(struct hp_broker *broker, struct share *share)
{
	bool shared = broker->clock.boottime_ms < broker->shared_until_ms;
	int64_t now_us = monotonic_us();
	if (now_us - share->began_us >= (shared ? SHARED_US : ALONE_US))
		return true;
	if (now_us < share->look_us)
		return false;
	share->look_us = now_us + LOOK_US;
	return is_waiting(broker->sockets[HP_DOOR_CONTROL]);
}

/* Remembers who spoke last, and that it was not the one before. */
static void
hear(struct hp_broker *broker, enum hp_door door, const struct hp_frames *frames)
{
	uint64_t peer = hp_envelope_peer(&frames->envelope) ^ (uint64_t)door;
	if (peer == broker->heard)
		return;
	broker->heard = peer;
	broker->shared_until_ms = broker->clock.boottime_ms + SHARED_FOR_MS;
}

/* How many messages were taken from a door. */
static int64_t
drain(struct hp_broker *broker, enum hp_door door, int64_t most)
{
	size_t before = hp_outbox_bytes(broker->outbox);
	struct share share = {.began_us = monotonic_us()};
	int64_t i = 0;
	for (; i < most && !broker->fatal; i++) {
		struct hp_frames frames;
		if (i > 0 && door == HP_DOOR_AGENTS && is_over(broker, &share))
			return i;
		if (hp_outbox_bytes(broker->outbox) - before > REPLIES_BYTES)
			return i;
		enum hp_status status = hp_frames_receive(broker->sockets[door], &frames);
		if (status == HP_NOT_FOUND)
			return i;
		if (status != HP_OK) {
			HP_LOG("error", "receive", "reason", zmq_strerror(zmq_errno()));
			broker->fatal = true;
			return i;
		}
		hear(broker, door, &frames);
		hp_dispatch(broker, door, &frames);
		hp_frames_release(&frames);
	}
	return i;
}

static void
read_freeze(struct hp_broker *broker)
{
	bool frozen = broker->clock.wall_ms < hp_audit_last_wall_ms(broker->audit);
	if (frozen != broker->frozen)
		HP_LOG(frozen ? "error" : "info", frozen ? "clock-frozen" : "clock-caught-up",
		       "reason",
		       frozen ? "the wall clock is behind the last leaf: nothing is granted"
			      : "the wall clock has caught up with the log");
	broker->frozen = frozen;
}

/* Commits; false: indeterminate, nothing may leave (trust.md, trap 6). */
static bool
commit(struct hp_broker *broker, uint64_t leaves_before)
{
	if (broker->event_seq_changed &&
	    hp_store_put_int(broker->store, "event_seq", (int64_t)broker->event_seq) != HP_OK)
		hp_store_failed(broker, "storing the event number");
	broker->event_seq_changed = false;
	if (broker->arena.failed && !broker->fatal) {
		HP_LOG("error", "out-of-memory", "doing", "a turn");
		broker->fatal = true;
	}
	if (broker->fatal)
		return false;
	if (hp_store_commit(broker->store) != HP_OK) {
		hp_store_failed(broker, "committing");
		return false;
	}
	broker->counters.commits++;
	hp_audit_committed(broker->audit);
	if (hp_audit_size(broker->audit) != leaves_before && !broker->checkpoint_due_ms)
		broker->checkpoint_due_ms = broker->clock.boottime_ms + CHECKPOINT_AFTER_MS;
	return true;
}

/* Signs and locks what is committed, where a reply needs it or it is time. */
static bool
checkpoint(struct hp_broker *broker)
{
	struct hp_error err = {0};
	bool due = broker->checkpoint_due_ms &&
		   broker->checkpoint_due_ms <= broker->clock.boottime_ms;
	if (!broker->checkpoint_now && !due)
		return true;
	if (hp_broker_checkpoint(broker, &err) != HP_OK) {
		HP_LOG("error", "checkpoint-failed", "reason", err.message);
		broker->fatal = true;
		return false;
	}
	broker->checkpoint_due_ms = 0;
	broker->checkpoint_now = false;
	return true;
}

/* The event of the newest checkpoint: in the turn after it, since an event has a number to store. */
static void
tell_checkpoint(struct hp_broker *broker)
{
	struct hp_arena *arena = &broker->arena;
	uint64_t size = 0;
	const char *text = hp_audit_checkpoint_text(broker->audit, &size);
	if (!text || size == broker->checkpoint_told)
		return;
	broker->checkpoint_told = size;
	struct hp_value *event = hp_value_map(arena);
	hp_map_set(arena, event, "size", hp_value_uint(arena, size));
	hp_map_set_str(arena, event, "text", text);
	hp_outbox_event(broker, "checkpoint", event);
}

void
hp_broker_turn(struct hp_broker *broker)
{
	uint64_t leaves_before = hp_audit_size(broker->audit);
	broker->counters.turns++;
	hp_arena_reset(&broker->arena);
	read_freeze(broker);
	hp_disk_check(&broker->disk);
	hp_zap_run(broker);
	if (hp_store_begin(broker->store) != HP_OK) {
		hp_store_failed(broker, "beginning a transaction");
		return;
	}
	tell_checkpoint(broker);
	hp_timers_run(broker);
	hp_erase_run(broker);
	bool people_spoke = drain(broker, HP_DOOR_CONTROL, CONTROL_PER_TURN) > 0;
	broker->agents_waited = people_spoke && !broker->agents_waited;
	if (!broker->agents_waited)
		drain(broker, HP_DOOR_AGENTS, broker->config.max_messages_per_turn);
	hp_park_run(broker);
	hp_zap_record(broker);
	hp_anchors_tell(broker);
	hp_refusals_flush(broker);
	if (!commit(broker, leaves_before)) {
		hp_store_rollback(broker->store);
		return;
	}
	if (!checkpoint(broker))
		return;
	hp_erase_finish(broker);
	if (!broker->fatal)
		hp_outbox_flush(broker);
	/* Behind the replies: it takes ten milliseconds now and then, and nobody waits for it. */
	if (!broker->fatal && hp_store_checkpoint_wal(broker->store) != HP_OK)
		hp_store_failed(broker, "checkpointing the WAL");
}

/* ---- forever ---- */

static void
sooner(int64_t *wait_ms, int64_t in_ms)
{
	if (in_ms >= 0 && in_ms < *wait_ms)
		*wait_ms = in_ms;
}

static int64_t
next_wait_ms(struct hp_broker *broker)
{
	int64_t wait_ms = LONGEST_WAIT_MS, timer_ms = -1;
	struct hp_due now = hp_clock_after(&broker->clock, 0);
	if (hp_store_next_due(broker->store, &now, &timer_ms) != HP_OK)
		hp_store_failed(broker, "reading timers");
	sooner(&wait_ms, timer_ms);
	sooner(&wait_ms, hp_park_next_ms(broker));
	sooner(&wait_ms, hp_erase_next_ms(broker));
	if (broker->checkpoint_due_ms) {
		int64_t in_ms = broker->checkpoint_due_ms - broker->clock.boottime_ms;
		sooner(&wait_ms, in_ms > 0 ? in_ms : 0);
	}
	return wait_ms;
}

static void
reload(struct hp_broker *broker)
{
	struct hp_error err = {0};
	hp_notify("RELOADING=1");
	if (hp_store_begin(broker->store) != HP_OK) {
		hp_store_failed(broker, "beginning a transaction");
		return;
	}
	uint64_t before = hp_audit_size(broker->audit);
	if (hp_broker_load(broker, "broker", &err) != HP_OK)
		HP_LOG("error", "reload", "reason", err.message);
	if (commit(broker, before) && checkpoint(broker))
		hp_outbox_flush(broker);
	hp_notify("READY=1");
}

/* The signals that are there; false: stop. */
static bool
take_signals(struct hp_broker *broker, int signal_fd)
{
	struct signalfd_siginfo info;
	while (read(signal_fd, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo != SIGHUP)
			return false;
		reload(broker);
	}
	return true;
}

int
hp_broker_serve(struct hp_broker *broker, int signal_fd)
{
	bool running = true;
	while (running && !broker->fatal) {
		zmq_pollitem_t items[] = {
			{.fd = signal_fd, .events = ZMQ_POLLIN},
			{.socket = hp_zap_socket(broker->zap), .events = ZMQ_POLLIN},
			{.socket = broker->sockets[HP_DOOR_CONTROL], .events = ZMQ_POLLIN},
			{.socket = broker->sockets[HP_DOOR_AGENTS], .events = ZMQ_POLLIN},
			{.fd = hp_anchors_fd(broker->anchors), .events = ZMQ_POLLIN},
		};
		int polled = broker->anchors ? 5 : 4;
		if (zmq_poll(items, polled, next_wait_ms(broker)) < 0 && errno != EINTR) {
			HP_LOG("error", "poll", "reason", zmq_strerror(zmq_errno()));
			return 1;
		}
		if (hp_clock_read(&broker->clock) != HP_OK) {
			HP_LOG("error", "clock", "reason", "the system does not tell the time");
			return 1;
		}
		running = take_signals(broker, signal_fd);
		if (!broker->fatal)
			hp_broker_turn(broker);
	}
	if (broker->fatal)
		return 1;
	broker->checkpoint_now = true;
	return checkpoint(broker) ? 0 : 1;
}
