/*
 * timers - silence is a no: deadlines, grants nobody claimed, leases nobody renewed. They run before
 * messages in each turn, so a vote in the turn of its deadline loses (lifecycle invariant 2). When
 * more are due than one turn moves, a request's own timer still runs before a message about it.
 */
#include "broker/broker.h"
#include "broker/log.h"
#include "broker/meters.h"

enum { BATCH = 64 }; /* requests moved in one turn, all read at once; the rest follows in the next */

static const struct timer {
	enum hp_state state;
	enum hp_event event;
	const char *reason;
} timers[] = {
	{HP_STATE_PENDING, HP_EVENT_DEADLINE, "nobody approved it before its deadline"},
	{HP_STATE_GRANTED, HP_EVENT_GRANT_TTL, "nobody claimed it in time"},
	{HP_STATE_EXECUTING, HP_EVENT_LEASE_END, "its enforcement point stopped answering"},
	{HP_STATE_ROLLING_BACK, HP_EVENT_LEASE_END, "its enforcement point stopped answering"},
};

static void
fire(struct hp_broker *broker, struct hp_row *row)
{
	for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
		if (timers[i].state != row->state)
			continue;
		row->due = (struct hp_due){0};
		hp_transition(broker, row, timers[i].event, "broker", timers[i].reason, NULL);
		return;
	}
	HP_LOG("error", "timer", "request", row->id, "reason", "a timer in a state without one");
	broker->fatal = true;
}

void
hp_timer_run_one(struct hp_broker *broker, struct hp_row *row)
{
	if (hp_clock_is_due(&broker->clock, &row->due))
		fire(broker, row);
}

void
hp_timers_run(struct hp_broker *broker)
{
	struct hp_due now = hp_clock_after(&broker->clock, 0);
	struct hp_row *rows = NULL;
	size_t count = 0;
	if (hp_store_due(broker->store, &broker->arena, &now, BATCH, &rows, &count) != HP_OK) {
		hp_store_failed(broker, "reading timers");
		return;
	}
	for (size_t i = 0; i < count && !broker->fatal; i++)
		fire(broker, &rows[i]);
	hp_meters_flush(broker);
}
