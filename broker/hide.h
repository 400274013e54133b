/*
 * hide - what peers write, without what redaction finds, before it is stored, sent on or logged
 * (policy.md, "Evaluation" 8).
 *
 * A submit is redacted by its evaluation (hp_verdict.shown). Everything else that a peer says goes
 * through here once, where its handler reads it.
 *
 * Invariant: what cannot be judged is withheld, never passed on.
 */
#ifndef HP_BROKER_HIDE_H
#define HP_BROKER_HIDE_H

#include "broker/broker.h"

/* A value, or the same redacted, in the turn's arena; NULL gives NULL. */
const struct hp_value *hp_hide(struct hp_broker *broker, const struct hp_value *value);

/* A text of the message being answered; "" when it is absent. */
const char *hp_hide_field(const struct hp_call *call, const char *key);

/* A text as one line that is safe to show: redacted, then escaped. */
const char *hp_hide_line(struct hp_broker *broker, const char *text);

/*
 * An error of the message's fields quotes the message, and cuts what it quotes: a secret cut in half
 * is found by no rule. Where the message holds one, the error is made again of its redacted fields.
 */
void hp_hide_error(const struct hp_call *call, struct hp_error *err);

#endif
