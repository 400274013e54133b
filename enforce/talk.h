/*
 * talk - calls to the broker that a signal or a deadline ends, for whoever waits long.
 *
 * hp_client_call() is deaf to signals; an enforcement point must hear ^C, and must outlive a broker
 * that restarts while a decision is awaited (lifecycle.h 8, 9).
 */
#ifndef HP_ENFORCE_TALK_H
#define HP_ENFORCE_TALK_H

#include "proto/client.h"

struct hp_talk {
	struct hp_client *client;
	struct hp_arena *arena;
	int64_t deadline_ms; /* on hp_enforce_now_ms(); -1: none */
	int signal;	     /* that ended a call; 0: none. Needs hp_signals_open(). */
};

/* What the deadline leaves of `cap_ms`. */
int hp_talk_left_ms(const struct hp_talk *talk, int cap_ms);

/*
 * Sends `map` and awaits its reply for `patience_ms`, less where the deadline is nearer. HP_REFUSED
 * with `signal` set: interrupted. HP_TIMEOUT, HP_UNAVAILABLE (the connection broke: it may or may
 * not have arrived).
 */
HP_MUST_CHECK enum hp_status hp_talk(struct hp_talk *talk, struct hp_value *map, int patience_ms,
				     const struct hp_value **ret_reply, struct hp_error *err);

/*
 * Long polls `id` until it is decided (`done`: final) or the deadline comes: HP_OK with the last
 * reply, which may say pending still, or be an error. A broker that is away for a while is waited
 * for; HP_UNAVAILABLE or HP_TIMEOUT when it stays away.
 */
HP_MUST_CHECK enum hp_status hp_talk_until(struct hp_talk *talk, const char *id, bool done,
					   const struct hp_value **ret_reply,
					   struct hp_error *err);

#endif
