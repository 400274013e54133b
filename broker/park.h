/*
 * park - long polls that wait for something to happen.
 *
 * A `wait` waits for its request to reach a point, a `claim` for something to claim; either ends at
 * its own time limit with what is true then. Parked calls are memory only: after a restart clients
 * ask again (lifecycle invariant 9).
 * Invariants:
 *  1. A key has at most HP_LIMIT_WAITS_PER_PEER parked calls, and one claim of a nonce.
 *  2. A call whose connection has closed is forgotten and not answered: a claim that nobody hears
 *     would take a grant. A peer that falls silent without closing is cut off by heartbeats (zap.c).
 */
#ifndef HP_BROKER_PARK_H
#define HP_BROKER_PARK_H

#include "broker/broker.h"

struct hp_parking *hp_parking_new(void);
void hp_parking_free(struct hp_parking *parking);

/*
 * Parks the call until `id` changes or `timeout_ms` passes; then the call's handler runs again, on the same message, with its time limit 0 once that has passed.
 * Takes the envelope over. False when this key has too many (answer `queue_full`).
 */
bool hp_park(struct hp_call *call, const char *id, int64_t timeout_ms);

/*
 * Parks a claim of anything granted. `after` other than 0: it has not looked at all grants yet, and
 * runs again in the next turn, which comes at once; hp_park_after() is then where to go on.
 */
bool hp_park_claim(struct hp_call *call, int64_t after, int64_t timeout_ms);
int64_t hp_park_after(const struct hp_call *call);

/* Ends the parked claim of this key and nonce, if there is one, with a status that says nothing. */
void hp_park_end_claim(struct hp_call *call, const uint8_t nonce[16]);

/* The refusal of a call that could not be parked. */
struct hp_value *hp_park_refuse(struct hp_call *call);

/* How long a parked call still has; the message's own timeout_ms for one that was not parked. */
int64_t hp_park_left_ms(const struct hp_call *call);

/* The state or the stop of `id` changed in this turn; `granted`: there is something to claim. What
 * is said while parked calls run is heard in the next turn, which then comes at once. */
void hp_park_touch(struct hp_broker *broker, const char *id, bool granted);

/* Runs again whatever was touched or is out of time, in the order in which it was parked. */
void hp_park_run(struct hp_broker *broker);

/* Milliseconds to the next time limit; -1 for none. */
int64_t hp_park_next_ms(const struct hp_broker *broker);

#endif
