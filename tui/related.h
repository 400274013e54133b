/*
 * related - what was asked before the open request: four lists of the broker's, asked for once when
 * its content is there, shown when all four are.
 * Threads: one at a time.
 */
#ifndef HP_TUI_RELATED_H
#define HP_TUI_RELATED_H

#include "core/present.h"

struct hp_model;

enum hp_related_kind {
	HP_RELATED_AGENT,
	HP_RELATED_DENIED,
	HP_RELATED_RESOURCE,
	HP_RELATED_SESSION,
	HP_RELATED_COUNT,
};

struct hp_related {
	struct hp_arena arena;
	const struct hp_value *lists[HP_RELATED_COUNT]; /* NULL: none, or refused */
	bool had[HP_RELATED_COUNT];
	bool flying[HP_RELATED_COUNT]; /* asked for */
	bool stale[HP_RELATED_COUNT];  /* for a request that is no longer open */
	bool whole;                    /* all have come */
	struct hp_present_related shown;
};

/* Another request is open. */
void hp_related_forget(struct hp_related *related);
void hp_related_release(struct hp_related *related);
/* As hp_read's (reads.h). */
struct hp_value *hp_related_want(struct hp_model *model, enum hp_related_kind kind,
                                 struct hp_arena *arena);
unsigned hp_related_take(struct hp_model *model, enum hp_related_kind kind,
                         const struct hp_value *reply);

#endif
