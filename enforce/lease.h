/*
 * lease - the right to go on with what was claimed, and how it is kept.
 *
 * Invariants (lifecycle.h 7, 11):
 *  1. A `wait until:stop` is always out and `progress` goes every third of the lease, so a halt is
 *     heard at once.
 *  2. The lease counts from when a `progress` was sent that was answered, not from its answer.
 *  3. Losing the broker ends nothing before the lease ends.
 * Threads: one.
 */
#ifndef HP_ENFORCE_LEASE_H
#define HP_ENFORCE_LEASE_H

#include "proto/client.h"

struct hp_lease {
	const char *id;
	int64_t lease_ms;
	int64_t end_ms; /* on hp_enforce_now_ms() */
	int64_t next_progress_ms, progress_sent_ms;
	uint64_t progress_seq, stop_seq; /* 0: not out */
	unsigned connections;
	bool confirmed; /* a `progress` was answered: it stood after the claim */
	bool stopped;	/* the last word was to stop; then only `progress` asks again */
};

enum hp_lease_word {
	HP_LEASE_NOT_MINE, /* the reply answers something else */
	HP_LEASE_STANDS,
	HP_LEASE_STOP,	/* a halt: end it now */
	HP_LEASE_OVER, /* the claim has ended */
};

/* Begins now; the first `progress` is due at once. Leases of less than a second cannot be kept:
 * they are treated as one. `id` is borrowed. */
void hp_lease_begin(struct hp_lease *lease, struct hp_client *client, const char *id,
		    int64_t lease_ms);
/*
 * Sends what has to be out; a broker that is away gets it at a later turn. `text` (may be NULL)
 * goes with a `progress`, which it makes due; true when it has been sent.
 */
bool hp_lease_send(struct hp_lease *lease, struct hp_client *client, struct hp_arena *arena,
		   const char *text);
/* What a reply means. */
enum hp_lease_word hp_lease_hear(struct hp_lease *lease, uint64_t seq,
				 const struct hp_value *reply);
/* Until its end less `margin_ms`; ≤ 0: over. */
int64_t hp_lease_left_ms(const struct hp_lease *lease, int margin_ms);
/* Until a `progress` has to go, at most `cap_ms`. */
int hp_lease_wait_ms(const struct hp_lease *lease, int cap_ms);

#endif
