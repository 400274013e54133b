/*
 * session - the console's side of the wire: the model's wants go out, the broker's words come in.
 *
 * Never waits: everything is sent and received without blocking, answers are matched to what was
 * asked. A `hello` each HP_BEAT_MS is the heartbeat, because its `welcome` carries the broker's
 * clock and halt; silence for HP_SILENCE_MS is a loss (truth 8: shown within 2 s).
 * Events are hints: where they are refused or missed, the queue is listed again and again.
 * Threads: one at a time.
 */
#ifndef HP_TUI_SESSION_H
#define HP_TUI_SESSION_H

#include "proto/client.h"
#include "tui/model.h"

enum {
	HP_BEAT_MS = 500,
	HP_SILENCE_MS = 1500,
	HP_ANSWER_MS = 5000,  /* an order without answer is reported as such */
	HP_RELIST_MS = 20000, /* with events */
	HP_POLL_MS = 2000,    /* without */
	HP_CONNECT_MS = 1800, /* to connect at the start, before it is said that nothing answers */
	HP_SLOW_MS = 8000,    /* and once more, where a slow line may be why */
	HP_SUBSCRIBE_MS = 450, /* for the events, beside twice what connecting took */
};

struct hp_session;

/* Connects to `control` and subscribes. HP_UNAVAILABLE or HP_REFUSED as hp_client_new(). What
 * listens on another machine and does not answer in time is waited for once more: `say_slow` is
 * called before that. */
HP_MUST_CHECK enum hp_status hp_session_new(const struct hp_broker_info *info,
                                            const struct hp_keyfile *key,
                                            void (*say_slow)(const char *why),
                                            struct hp_session **ret_session, struct hp_error *err);
void hp_session_free(struct hp_session *session);

/* Receives all there is, times out what is late, sends what the model wants. hp_changed bits. */
unsigned hp_session_turn(struct hp_session *session, struct hp_model *model, int64_t now_ms);

/* When there is something to do again without news from the sockets. */
int64_t hp_session_due_ms(const struct hp_session *session, int64_t now_ms);

/* Sockets for the loop's poll; `events` may be NULL. */
void *hp_session_socket(struct hp_session *session);
void *hp_session_events_socket(struct hp_session *session);

#endif
