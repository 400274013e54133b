/*
 * relay - a command's output on its way to ours, redacted, without ever blocking who supervises.
 *
 * Invariants: never more than PIPE_BUF bytes are written at once, and only after a poll for it, so
 * a reader that sleeps holds up nothing but its own text; then the command's pipe is not read.
 * Threads: one.
 */
#ifndef HP_ENFORCE_RELAY_H
#define HP_ENFORCE_RELAY_H

#include <zmq.h>

#include "enforce/output.h"

struct hp_relay {
	int from, to;	   /* from: ours to close; -1: not relayed, or ended */
	int writer;	   /* the command's end, until it has started; -1 */
	struct hp_output output;
	struct hp_buf out; /* to be written */
	size_t written;
	int64_t heard_ms, oldest_ms; /* of what waits */
	bool all; /* the command has ended: everything that is there goes out */
};

/* Relays to `to` through a pipe whose end `writer` the command gets. HP_IO. */
HP_MUST_CHECK enum hp_status hp_relay_open(struct hp_relay *relay, struct hp_redact *set, int to,
					   struct hp_error *err);
void hp_relay_close(struct hp_relay *relay);
/* The command has started: its end is its own now. */
void hp_relay_started(struct hp_relay *relay);
/* The command has ended: what it printed goes out, then no more is read. */
void hp_relay_finish(struct hp_relay *relay);
/* Whether something is still to be read or written. */
bool hp_relay_busy(const struct hp_relay *relay);
/* What to poll for, up to two; and after the poll. */
int hp_relay_items(const struct hp_relay *relay, zmq_pollitem_t items[2]);
void hp_relay_turn(struct hp_relay *relay);
/* How long the next poll may take at most. */
int hp_relay_wait_ms(const struct hp_relay *relay, int cap_ms);

#endif
