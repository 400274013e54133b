/*
 * erase - taking out of the record what was said, not that it was (trust.md "Audit log").
 *
 * Purpose: personal data, or a secret that nobody found in time, can be made to go: by an admin,
 * one request at a time, or of all that has grown older than `erase_after`. The tree stays whole:
 * a leaf holds only a salted hash of its body, and body and salt lie beside it.
 *
 * Invariants:
 *  1. Only what has ended is erased; every erasure is a leaf, `erase`, whose body lists the
 *     sequence numbers of the leaves that it took the bodies of. A body that is gone and is not
 *     listed in a later leaf was tampered with.
 *  2. Leaves are never deleted, by any retention.
 *  3. Once the write-ahead log is emptied, right after the commit, no file of the database holds
 *     the text any more. While another process reads an old page that is put off, and said.
 *  4. A turn erases a bounded number of requests by age; nobody waits for the rest.
 */
#ifndef HP_BROKER_ERASE_H
#define HP_BROKER_ERASE_H

#include "broker/broker.h"

/* What is due by age, some of it, in the turn's transaction; and when to look again. */
void hp_erase_run(struct hp_broker *broker);
int64_t hp_erase_next_ms(const struct hp_broker *broker); /* -1: never */

/* After a commit: empties the write-ahead log where something was erased. */
void hp_erase_finish(struct hp_broker *broker);

#endif
