/*
 * made_log - a log and its tables as a broker leaves them, composed step by step.
 *
 * Each call is one transaction, a second after the one before, unless made_batch() lets many share
 * one. What fails ends the program with a message.
 */
#ifndef HP_TESTS_BROKER_MADE_LOG_H
#define HP_TESTS_BROKER_MADE_LOG_H

#include "broker/audit.h"

#define MADE_INSTANCE "hp.example/made"

/* Where rows and bodies live; reset between requests that are done with. */
extern struct hp_arena made_arena;

enum { MADE_ANA = 1, MADE_BEN = 2 }; /* reviewers, persons Ana and Ben */

void made_must(enum hp_status status, const char *what);

/* DIR/holdpoint.db and DIR/checkpoint.lock, new, with who is enrolled and a policy. */
void made_open(const char *dir);
/* Signs the rest, closes, and prints the log's verifier key. */
void made_close(void);
/* So many calls make one transaction. */
void made_batch(unsigned calls);
uint64_t made_size(void);

struct hp_row made_submit(unsigned n, const char *effect, enum hp_state state, unsigned needed);
void made_move(struct hp_row *row, enum hp_state to, const char *actor, const char *reason);
/* The vote of one of the two; `to` differs from the present state where it decides. */
void made_decide(struct hp_row *row, unsigned who, bool approve, enum hp_state to);
/* A note and an extension. */
void made_discuss(struct hp_row *row);
/* Halts the agent's session s1, and this request with it. */
void made_halt(struct hp_row *row);
/* A leaf of its own about this, and nothing else. */
void made_progress(const struct hp_row *row, const char *text);
void made_checkpoint(void);

#endif
