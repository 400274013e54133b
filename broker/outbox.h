/*
 * outbox - replies and events of a turn, kept back until its COMMIT.
 *
 * Invariant: nothing added here is sent before hp_outbox_flush(), which the loop calls only after
 * the commit (and, where needed, the checkpoint lock) is durable.
 */
#ifndef HP_BROKER_OUTBOX_H
#define HP_BROKER_OUTBOX_H

#include "broker/broker.h"

struct hp_outbox *hp_outbox_new(void);
void hp_outbox_free(struct hp_outbox *outbox);

/* Takes the envelope over. `map` gets `re` = seq (nil when `has_seq` is false). A map that does not
 * fit a message becomes the error `too_large`. */
void hp_outbox_reply(struct hp_broker *broker, enum hp_door door, struct hp_envelope *take_envelope,
		     bool has_seq, uint64_t seq, struct hp_value *map);

/* An event: gives it the next event_seq. `map` gets event_seq, type and at_ms. */
void hp_outbox_event(struct hp_broker *broker, const char *topic, struct hp_value *map);

/* A reply that needs the checkpoint made after the commit: `checkpoint`, or the proof of a leaf. */
void hp_outbox_checkpoint(struct hp_broker *broker, struct hp_call *call);
void hp_outbox_proof(struct hp_broker *broker, struct hp_call *call, uint64_t leaf_seq);

/* Sends all replies in order, then all events, and forgets them. */
void hp_outbox_flush(struct hp_broker *broker);
/* What waits to be sent. */
size_t hp_outbox_bytes(const struct hp_outbox *outbox);

#endif
