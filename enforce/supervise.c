#include "enforce/supervise.h"

#include <errno.h>
#include <signal.h>
#include <zmq.h>

#include "enforce/signals.h"
#include "enforce/spawn.h"

enum {
	STOP_POLL_MS = 30000, /* one `wait until:stop` */
	TICK_MS = 500,	      /* how late a lost connection may be noticed */
	LEASE_MIN_MS = 1000,  /* shorter ones cannot be kept; they are treated as this */
};

struct watch {
	struct hp_supervised *job;
	struct hp_child child;
	struct hp_arena arena; /* of one turn */
	int64_t lease_end_ms;
	int64_t next_progress_ms;
	int64_t progress_sent_ms;
	uint64_t progress_seq, stop_seq; /* 0: not out */
	unsigned connections;
};

static void
stop(struct watch *watch, const char *why, int grace_ms)
{
	if (!watch->job->stopped && !watch->child.ended)
		watch->job->stopped = why;
	hp_child_stop(&watch->child, grace_ms);
}

static struct hp_value *
message(struct watch *watch, const char *type)
{
	struct hp_value *map = hp_value_map(&watch->arena);
	hp_map_set_str(&watch->arena, map, "type", type);
	hp_map_set_str(&watch->arena, map, "id", watch->job->id);
	return map;
}

/* Sends what has to be out. A broker that is away gets it at a later turn. */
static void
send_due(struct watch *watch, int64_t now_ms)
{
	struct hp_client *client = watch->job->talk->client;
	uint64_t seq;
	if (!hp_client_connected(client) || hp_client_connections(client) != watch->connections) {
		watch->connections = hp_client_connections(client);
		watch->progress_seq = watch->stop_seq = 0; /* went with the connection */
	}
	if (!watch->stop_seq) {
		struct hp_value *map = message(watch, "wait");
		hp_map_set_str(&watch->arena, map, "until", "stop");
		hp_map_set_int(&watch->arena, map, "timeout_ms", STOP_POLL_MS);
		if (hp_client_send(client, &watch->arena, map, &seq, NULL) == HP_OK)
			watch->stop_seq = seq;
	}
	if (!watch->progress_seq && now_ms >= watch->next_progress_ms &&
	    hp_client_send(client, &watch->arena, message(watch, "progress"), &seq, NULL) ==
		    HP_OK) {
		watch->progress_seq = seq;
		watch->progress_sent_ms = now_ms;
	}
}

static void
renew(struct watch *watch, int64_t from_ms)
{
	int64_t lease_ms = watch->job->lease_ms;
	watch->lease_end_ms = from_ms + lease_ms;
	watch->next_progress_ms = from_ms + lease_ms / 3;
}

/* One reply. An error to `progress` means that the claim is not ours any more; `wait` is only the
 * faster messenger, and what it cannot tell `progress` will. */
static void
hear(struct watch *watch, uint64_t seq, const struct hp_value *reply)
{
	bool error = hp_client_code(reply) != HP_CODE_ok ||
		     hp_value_is(hp_map_get(reply, "type"), "error");
	if (!error && hp_map_get_bool(reply, "stop", false))
		stop(watch, "the broker said stop", HP_SPAWN_GRACE_MS);
	if (seq == watch->stop_seq && !error) {
		watch->stop_seq = 0;
	} else if (seq == watch->progress_seq) {
		watch->progress_seq = 0;
		if (error)
			stop(watch, "the broker says that the claim has ended", HP_SPAWN_GRACE_MS);
		else
			renew(watch, watch->progress_sent_ms);
	}
}

static void
hear_all(struct watch *watch)
{
	struct hp_client *client = watch->job->talk->client;
	const struct hp_value *reply;
	uint64_t seq;
	while (hp_client_receive(client, &watch->arena, &seq, &reply) == HP_OK)
		hear(watch, seq, reply);
}

static void
take_signals(struct watch *watch)
{
	for (int number; (number = hp_signals_take()) != 0;) {
		if (number == SIGCHLD)
			hp_child_reap(&watch->child);
		else
			hp_child_signal(&watch->child, number);
	}
}

static int
sooner(int64_t left_ms, int wait_ms)
{
	return left_ms < 0 ? 0 : left_ms < wait_ms ? (int)left_ms : wait_ms;
}

/* Ends the command when its time is over; how long the next poll may take. */
static int
mind_time(struct watch *watch)
{
	int64_t lease_ms = watch->job->lease_ms, now_ms = hp_enforce_now_ms();
	int grace_ms = lease_ms / 4 < HP_SPAWN_GRACE_MS ? (int)(lease_ms / 4) : HP_SPAWN_GRACE_MS;
	if (now_ms >= watch->lease_end_ms - grace_ms && !watch->child.ended) {
		watch->job->lost = true;
		stop(watch, "the lease ended without an answer of the broker",
		     (int)(watch->lease_end_ms - now_ms));
	}
	if (hp_talk_left_ms(watch->job->talk, TICK_MS) == 0)
		stop(watch, "its time is over", HP_SPAWN_GRACE_MS);
	int wait_ms = sooner(watch->lease_end_ms - grace_ms - now_ms, TICK_MS);
	if (!watch->progress_seq)
		wait_ms = sooner(watch->next_progress_ms - now_ms, wait_ms);
	int kill_ms = hp_child_turn(&watch->child);
	if (kill_ms >= 0)
		wait_ms = kill_ms < TICK_MS ? kill_ms : TICK_MS;
	wait_ms = hp_talk_left_ms(watch->job->talk, wait_ms);
	return wait_ms > 0 ? wait_ms : 10; /* what is overdue was begun; let it happen */
}

static void
turn(struct watch *watch)
{
	hp_arena_reset(&watch->arena);
	hear_all(watch);
	send_due(watch, hp_enforce_now_ms());
	int wait_ms = mind_time(watch);
	zmq_pollitem_t items[] = {
		{.fd = hp_signals_fd(), .events = ZMQ_POLLIN},
		{.socket = hp_client_socket(watch->job->talk->client), .events = ZMQ_POLLIN},
	};
	/* Without a poll we would be blind; the lease still ends it. */
	(void)zmq_poll(items, 2, wait_ms);
	take_signals(watch);
}

enum hp_status
hp_supervise(struct hp_supervised *job, struct hp_error *err)
{
	struct watch watch = {.job = job};
	size_t count = hp_value_count(job->command);
	const char **argv = hp_arena_array(job->talk->arena, count + 1, sizeof *argv);
	if (!argv)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		argv[i] = hp_array_get(job->command, i)->str.p;
	if (count == 0 || *argv[0] != '/')
		return hp_fail(err, HP_INVALID, "the command has no absolute program");
	if (job->lease_ms < LEASE_MIN_MS)
		job->lease_ms = LEASE_MIN_MS;
	renew(&watch, hp_enforce_now_ms());
	watch.next_progress_ms = 0; /* at once: the lease began before the claim's reply came */
	watch.connections = hp_client_connections(job->talk->client);
	const struct hp_spawn spawn = {.argv = argv, .cwd = job->cwd};
	enum hp_status status = hp_child_start(&spawn, &watch.child, err);
	if (status != HP_OK)
		return status;
	while (!watch.child.ended)
		turn(&watch);
	job->exit_code = watch.child.exit_code;
	hp_child_release(&watch.child);
	hp_arena_release(&watch.arena);
	return HP_OK;
}
