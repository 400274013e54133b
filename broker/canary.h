/*
 * canary - at the start, before it says that it is ready, the broker tries its own doors.
 *
 * Invariants:
 *  1. Proved on the bound sockets: a stranger's key is refused, on each of them (trust.md, trap 1).
 *  2. Proved on an ipc socket made for it: an accepted peer's uid can be read (trap 5). Not on a
 *     client's: a message that a client had ready when the broker came back would be eaten.
 */
#ifndef HP_BROKER_CANARY_H
#define HP_BROKER_CANARY_H

#include "broker/broker.h"

/* HP_IO: one of them does not hold, and the broker must not serve. */
HP_MUST_CHECK enum hp_status hp_canary_run(struct hp_broker *broker, struct hp_error *err);

#endif
