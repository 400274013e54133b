/*
 * refusals - every refusal has its leaf; a flood of them has some, and one that counts the rest.
 *
 * Whoever is refused can be refused again at once, so leaves of refusals are what a hostile peer could
 * fill the disk with.
 * Invariants:
 *  1. Of one peer, so many refusals in a second have a leaf of their own; all others of that second
 *     are counted in one more.
 *  2. On a disk that is low it is one, without what was asked, and none of peers beyond the table:
 *     the room is for what stops things.
 */
#ifndef HP_BROKER_REFUSALS_H
#define HP_BROKER_REFUSALS_H

#include "broker/broker.h"

struct hp_refusals *hp_refusals_new(void);
void hp_refusals_free(struct hp_refusals *refusals);

/*
 * One more refusal of this principal, or (`name` NULL) of a stranger's key, NULL for none. True: it
 * is to have a leaf of its own.
 */
bool hp_refusals_add(struct hp_broker *broker, const char *name, const char *key);

/*
 * What was asked, whole, into the body of the leaf that hp_refusals_add() said it is to have: `asked`,
 * HP-canon of the submit without what redaction finds. Of one peer, so many bytes of it in a second
 * are kept; of what goes beyond the body has `asked_bytes` alone.
 */
void hp_refusals_asked(struct hp_broker *broker, const char *name, const struct hp_value *submit,
		       struct hp_value *body);

/* Leaves that count, for seconds that are over (in an open transaction); each turn. */
void hp_refusals_flush(struct hp_broker *broker);

#endif
