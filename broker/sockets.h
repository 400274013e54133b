/*
 * sockets - the three bound sockets: agents, control (ROUTER), events (PUB).
 *
 * Invariant: the authentication handler is bound before any of them (trust.md, trap 1), and the run
 * directory is locked before an ipc path is bound, because a bind silently steals a live one (5).
 */
#ifndef HP_BROKER_SOCKETS_H
#define HP_BROKER_SOCKETS_H

#include "broker/broker.h"

/* Takes the run directory for this process. HP_CONFLICT: another holdpointd serves. */
HP_MUST_CHECK enum hp_status hp_sockets_lock(struct hp_broker *broker, struct hp_error *err);

/* Binds everything; opens the ipc paths to all users (CURVE decides). Needs the lock. */
HP_MUST_CHECK enum hp_status hp_sockets_open(struct hp_broker *broker, struct hp_error *err);
void hp_sockets_close(struct hp_broker *broker);

/* Closes and binds `events` again: every subscriber must authenticate anew. */
HP_MUST_CHECK enum hp_status hp_sockets_reopen_events(struct hp_broker *broker,
						      struct hp_error *err);

#endif
