/*
 * feed - wire maps for the units of the console's model, as a broker would send them.
 */
#ifndef HP_TESTS_TUI_FEED_H
#define HP_TESTS_TUI_FEED_H

#include "tui/model.h"

#define FEED_INSTANCE "test.example/holdpoint"

enum { FEED_NOW_MS = 1000000 }; /* the broker's clock where a test's steady clock is 0 */

struct feed {
	struct hp_arena arena;
	struct hp_model model;
};

void feed_init(struct feed *feed);
void feed_release(struct feed *feed);

/* Request `number`: its id, canonical bytes and their digest. */
struct feed_request {
	int number;
	const char *tier, *effect, *environment, *operation, *resource;
	int64_t deadline_ms;
	const char *state;
	int approvals, needed;
	bool with_rollback; /* a long one */
};
struct feed_request feed_request(int number);
const char *feed_id(struct feed *feed, int number);

/* The request's summary, as in a listing. */
struct hp_value *feed_summary(struct feed *feed, const struct feed_request *request);
/* One page with these requests. */
struct hp_value *feed_listing(struct feed *feed, const struct feed_request *requests, size_t count,
                              uint64_t event_seq);
/* The answer to `show`. */
struct hp_value *feed_show(struct feed *feed, const struct feed_request *request);
struct hp_value *feed_event(struct feed *feed, const struct feed_request *request,
                            const char *topic, uint64_t seq);
struct hp_value *feed_welcome(struct feed *feed, int64_t now_ms);

/* Lists these requests at steady time 0, with the clock set. */
void feed_list(struct feed *feed, const struct feed_request *requests, size_t count);
/* Opens one of them and has its content drawn on `rows` lines at 80 columns, at `now_ms`. */
void feed_open(struct feed *feed, const struct feed_request *request, size_t rows, int64_t now_ms);
/* As the request view does it. */
void feed_draw(struct feed *feed, size_t rows);

#endif
