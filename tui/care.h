/*
 * care - how the person at the console is doing: decisions of this hour, seen from here alone.
 *
 * Approving ever faster is how a reviewer becomes a rubber stamp; nobody notices it alone. Time to
 * decide is counted from the moment the request was first on screen to the decision's order.
 * Threads: one at a time. No clock: `now_ms` is the console's steady one.
 */
#ifndef HP_TUI_CARE_H
#define HP_TUI_CARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HP_CARE_KEPT = 64,
	HP_CARE_HOUR_MS = 3600 * 1000,
	HP_CARE_ROW = 5,               /* approvals in a row from which a fast hand is told of */
	HP_CARE_FAST_MS = 20 * 1000,   /* median under it is fast */
	HP_CARE_LONG_ROW = 10,         /* from here on whatever the speed */
};

struct hp_care {
	struct {
		int64_t at_ms, took_ms;
		bool approved;
	} decisions[HP_CARE_KEPT]; /* a ring */
	size_t count;              /* ever */
};

void hp_care_note(struct hp_care *care, bool approved, int64_t took_ms, int64_t now_ms);
/* Whether the last hour looks like fatigue; approvals in a row, and their median time. */
bool hp_care_is_tired(const struct hp_care *care, int64_t now_ms, size_t *ret_row,
                      int64_t *ret_median_ms);

#endif
