/*
 * anchor - signed checkpoints, put where who owns the database cannot take them back.
 *
 * The lock file stops a rollback that its owner did not mean. Against one who can write both, only
 * what lies elsewhere helps: a file on another machine's mount, or one that can only be appended
 * to; syslog, which may forward it. `audit verify --anchor` compares a log with it.
 *
 * Invariants:
 *  1. A place that fails, or hangs, never holds the broker up: a thread of its own writes, from a
 *     queue of bounded length; where it is full the oldest is given up, which a newer one covers.
 *  2. A failure is said once when it begins and once when it ends: line of the log, leaf, event.
 *  3. A file's record is the checkpoint's text and an empty line, appended and synced, always on
 *     lines of its own (hp_checkpoint_next() reads it back). A syslog line is "checkpoint ORIGIN
 *     SIZE ROOT SIGNATURE", of which the text can be made again.
 * Threads: everything here is called by the broker's one; the thread behind it touches only the
 * queue and the places' state, under its mutex.
 */
#ifndef HP_BROKER_ANCHOR_H
#define HP_BROKER_ANCHOR_H

#include "broker/broker.h"

/* Writes one checkpoint to one place and waits for it to be durable. False: why is in `err`. */
HP_MUST_CHECK bool hp_anchor_write(const struct hp_config_anchor *anchor, const char *text,
				   struct hp_error *err);

struct hp_anchors;

/* The places of the configuration; *ret_anchors is NULL where there are none. */
HP_MUST_CHECK enum hp_status hp_anchors_open(const struct hp_config *config,
					     struct hp_anchors **ret_anchors,
					     struct hp_error *err);
/* Writes what is queued, for some seconds at most. */
void hp_anchors_close(struct hp_anchors *anchors);

/* Queues a copy. */
void hp_anchors_put(struct hp_anchors *anchors, const char *text);
/* Readable when there is news; -1 without anchors. */
int hp_anchors_fd(const struct hp_anchors *anchors);
/* Log, leaf and event for each place that began or ceased to fail; in an open transaction. */
void hp_anchors_tell(struct hp_broker *broker);
size_t hp_anchors_count(const struct hp_anchors *anchors);
size_t hp_anchors_failing(struct hp_anchors *anchors);
/* Wall clock: since when every place has taken a checkpoint, the slowest one's last; 0: one has not
 * yet since the start, or there are none. */
int64_t hp_anchors_written_ms(struct hp_anchors *anchors);

/*
 * At a start: the newest checkpoint of this log in each file must be one of this database, as the
 * lock file's must (hp_audit_witness). A file that cannot be read is said, no more.
 */
HP_MUST_CHECK enum hp_status hp_anchors_check(const struct hp_broker *broker,
					      struct hp_error *err);

#endif
