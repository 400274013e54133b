#include "enforce/supervise.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "enforce/lease.h"
#include "enforce/relay.h"
#include "enforce/signals.h"
#include "enforce/spawn.h"

enum { TICK_MS = 500 /* how late a lost connection may be noticed */ };

struct watch {
	struct hp_supervised *job;
	struct hp_child child;
	struct hp_lease lease;
	struct hp_arena arena; /* of one turn */
	struct hp_relay relays[2];
	size_t relay_count;
	bool hurry; /* a signal came when the command had ended: its reader is not waited for */
};

static void
stop(struct watch *watch, const char *why, int grace_ms)
{
	if (!watch->job->stopped && !watch->child.ended)
		watch->job->stopped = why;
	hp_child_stop(&watch->child, grace_ms);
}

static void
hear_all(struct watch *watch)
{
	struct hp_client *client = watch->job->talk->client;
	const struct hp_value *reply;
	uint64_t seq;
	while (hp_client_receive(client, &watch->arena, &seq, &reply) == HP_OK) {
		enum hp_lease_word word = hp_lease_hear(&watch->lease, seq, reply);
		if (word == HP_LEASE_STOP)
			stop(watch, "the broker said stop", HP_SPAWN_GRACE_MS);
		else if (word == HP_LEASE_OVER)
			stop(watch, "the broker says that the claim has ended", HP_SPAWN_GRACE_MS);
	}
}

static void
take_signals(struct watch *watch)
{
	for (int number; (number = hp_signals_take()) != 0;) {
		if (number == SIGCHLD)
			hp_child_reap(&watch->child);
		else if (watch->child.ended)
			watch->hurry = true;
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
	const struct hp_lease *lease = &watch->lease;
	int grace_ms = lease->lease_ms / 4 < HP_SPAWN_GRACE_MS ? (int)(lease->lease_ms / 4)
								: HP_SPAWN_GRACE_MS;
	if (hp_lease_left_ms(lease, grace_ms) <= 0 && !watch->child.ended) {
		watch->job->lost = true;
		stop(watch, "the lease ended without an answer of the broker",
		     (int)hp_lease_left_ms(lease, 0));
	}
	if (hp_talk_left_ms(watch->job->talk, TICK_MS) == 0)
		stop(watch, "its time is over", HP_SPAWN_GRACE_MS);
	int wait_ms = sooner(hp_lease_left_ms(lease, grace_ms), TICK_MS);
	wait_ms = hp_lease_wait_ms(lease, wait_ms);
	int kill_ms = hp_child_turn(&watch->child);
	if (kill_ms >= 0)
		wait_ms = kill_ms < TICK_MS ? kill_ms : TICK_MS;
	for (size_t i = 0; i < watch->relay_count; i++)
		wait_ms = hp_relay_wait_ms(&watch->relays[i], wait_ms);
	wait_ms = hp_talk_left_ms(watch->job->talk, wait_ms);
	return wait_ms > 0 ? wait_ms : 10; /* what is overdue was begun; let it happen */
}

static void
turn(struct watch *watch)
{
	zmq_pollitem_t items[2 + 2 * 2] = {
		{.fd = hp_signals_fd(), .events = ZMQ_POLLIN},
		{.socket = hp_client_socket(watch->job->talk->client), .events = ZMQ_POLLIN},
	};
	int count = 2;
	hp_arena_reset(&watch->arena);
	hear_all(watch);
	hp_lease_send(&watch->lease, watch->job->talk->client, &watch->arena, NULL);
	int wait_ms = mind_time(watch);
	for (size_t i = 0; i < watch->relay_count; i++)
		count += hp_relay_items(&watch->relays[i], items + count);
	/* Without a poll we would be blind; the lease still ends it. */
	(void)zmq_poll(items, count, wait_ms);
	take_signals(watch);
	for (size_t i = 0; i < watch->relay_count; i++) {
		if (watch->child.ended)
			hp_relay_finish(&watch->relays[i]);
		hp_relay_turn(&watch->relays[i]);
	}
}

/* --- what it prints --- */

static bool
same_file(int a, int b)
{
	struct stat x, y;
	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static enum hp_status
add_relay(struct watch *watch, int to, int *ret_writer, struct hp_error *err)
{
	struct hp_relay *relay = &watch->relays[watch->relay_count];
	enum hp_status status = hp_relay_open(relay, watch->job->redact, to, err);
	if (status != HP_OK)
		return status;
	watch->relay_count++;
	*ret_writer = relay->writer;
	return HP_OK;
}

/* A person at a terminal sees what is there; where both go to one place they stay in order. */
static enum hp_status
open_relays(struct watch *watch, struct hp_spawn *spawn, struct hp_error *err)
{
	enum hp_status status = HP_OK;
	if (!watch->job->redact)
		return HP_OK;
	if (!isatty(STDOUT_FILENO))
		status = add_relay(watch, STDOUT_FILENO, &spawn->output, err);
	if (status != HP_OK || isatty(STDERR_FILENO))
		return status;
	if (spawn->output && same_file(STDOUT_FILENO, STDERR_FILENO))
		spawn->errors = spawn->output;
	else
		status = add_relay(watch, STDERR_FILENO, &spawn->errors, err);
	return status;
}

static bool
printing(const struct watch *watch)
{
	bool busy = false;
	for (size_t i = 0; i < watch->relay_count; i++)
		busy |= hp_relay_busy(&watch->relays[i]);
	return busy;
}

static enum hp_status
run(struct watch *watch, struct hp_spawn *spawn, struct hp_error *err)
{
	struct hp_supervised *job = watch->job;
	enum hp_status status = open_relays(watch, spawn, err);
	hp_lease_begin(&watch->lease, job->talk->client, job->id, job->lease_ms);
	if (status == HP_OK)
		status = hp_child_start(spawn, &watch->child, err);
	if (status == HP_OK) {
		for (size_t i = 0; i < watch->relay_count; i++)
			hp_relay_started(&watch->relays[i]);
		/* A reader that sleeps must not keep us beyond the lease. */
		while (!watch->child.ended || (printing(watch) && !watch->hurry &&
					       hp_lease_left_ms(&watch->lease, 0) > 0))
			turn(watch);
		job->exit_code = watch->child.exit_code;
		hp_child_release(&watch->child);
	}
	for (size_t i = 0; i < watch->relay_count; i++)
		hp_relay_close(&watch->relays[i]);
	hp_arena_release(&watch->arena);
	return status;
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
	struct hp_spawn spawn = {.argv = argv, .cwd = job->cwd};
	return run(&watch, &spawn, err);
}
