/*
 * dispatch - from a message's bytes to the handler that answers it.
 *
 * Order of checks (protocol.md): decode, type, role, fields; object and state are the handler's.
 */
#ifndef HP_BROKER_DISPATCH_H
#define HP_BROKER_DISPATCH_H

#include "broker/broker.h"

/* Answers a parked call anew: its key is looked up again, so that a revocation bites here too. */
void hp_dispatch_again(struct hp_broker *broker, enum hp_door door, struct hp_envelope *envelope,
		       const char *key, int64_t uid, struct hp_peer peer,
		       const struct hp_buf *message);

/* An error reply whose leaf stands for several refusals, and is written elsewhere (meters.c). */
struct hp_value *hp_refuse_again(struct hp_call *call, enum hp_code code, const char *message);

#endif
