/*
 * reads - what the views ask the broker for, beside the queue and the open request: one row each.
 *
 * `want` gives the next message, made in `arena`, or NULL; it is called again until it does, as
 * long as there is room. `take` gets the answer in its arena, or NULL when none came; it is called
 * once for each message that was given. Nothing here knows of sockets (session.c does).
 */
#ifndef HP_TUI_READS_H
#define HP_TUI_READS_H

#include "tui/model.h"

struct hp_read {
	struct hp_value *(*want)(struct hp_model *model, struct hp_arena *arena, int64_t now_ms);
	unsigned (*take)(struct hp_model *model, const struct hp_value *reply, int64_t now_ms);
};
extern const struct hp_read hp_reads[];
extern const size_t hp_read_count;

#endif
