/*
 * lists - what the views beside the queue show: requests of all states, agents.
 *
 * Each list is asked for while its view is on screen (hp_…_want) and takes the answer (hp_…_take);
 * no sockets here. The selection is a key, never an index: what arrives does not move it.
 * Strings are escaped (model.h 5).
 * Threads: one at a time.
 */
#ifndef HP_TUI_LISTS_H
#define HP_TUI_LISTS_H

#include "tui/row.h"

struct hp_model;

/* --- cursor.c: which item is selected, and the window around it --- */

enum { HP_CURSOR_KEY_BYTES = HP_LIMIT_NAME_BYTES + 1 };

struct hp_cursor {
	char key[HP_CURSOR_KEY_BYTES]; /* of the selected item; "" for none */
	size_t index, top, height;
};

/* The key of item `index`; at most HP_CURSOR_KEY_BYTES with its NUL. */
typedef const char *hp_cursor_key(const void *list, size_t index);

/* Finds the selected item again after the list has changed; a neighbour when it is gone. */
void hp_cursor_follow(struct hp_cursor *cursor, const void *list, size_t count, hp_cursor_key *key);
/* Moves by so many items; clamps. */
void hp_cursor_move(struct hp_cursor *cursor, const void *list, size_t count, hp_cursor_key *key,
                    long by);
/* Which items of a list are on screen, from 1; 0-0/0 when it is empty. */
struct hp_place {
	size_t first, last, count;
};

struct hp_place hp_place_of(size_t top, size_t height, size_t count);

/* Keeps the selected item inside a window of `height`. */
void hp_cursor_fit(struct hp_cursor *cursor, size_t count, size_t height);

/* --- rows.c: requests, newest first --- */

enum {
	HP_ROWS_KEPT = 5000, /* of one list */
	HP_ROWS_PAGE = 100,  /* asked for at once: a person sees the first of them */
};

struct hp_rows {
	struct hp_row **all;  /* newest first */
	struct hp_row **view; /* what the filter lets through */
	size_t count, capacity, view_count;
	bool dirty;  /* view must be made anew */
	bool wanted; /* ask for a page: the first one, unless `after` names where to go on */
	bool asked;  /* a page is on its way */
	bool stale;  /* and no longer wanted */
	bool complete, has_listed;
	char after[HP_ID_BYTES];
	struct hp_cursor cursor;
	char filter[HP_LIMIT_SUMMARY_BYTES + 1];
	char problem[160]; /* what the broker said instead of a list; "" */
};

void hp_rows_release(struct hp_rows *rows);
/* Asks for everything again, from the newest on. What is there stays until it comes. */
void hp_rows_reload(struct hp_rows *rows);
/* One page; NULL: none came. enum hp_changed. */
unsigned hp_rows_page(struct hp_rows *rows, const struct hp_value *reply,
                      hp_present_escape *escape);
/* What an event says of a request: its row follows, and a new one (`insert`) stands on top. */
unsigned hp_rows_event(struct hp_rows *rows, const struct hp_value *event, bool insert,
                       hp_present_escape *escape);
/* Makes `view` current. */
void hp_rows_refresh(struct hp_rows *rows);
unsigned hp_rows_move(struct hp_rows *rows, long lines, long pages);
/* NULL: nothing is selected. */
const struct hp_row *hp_rows_selected(struct hp_rows *rows);
/* Fits the window to `height` rows, and asks for more where it comes near the end. */
void hp_rows_fit(struct hp_rows *rows, size_t height);

/* --- agents.c --- */

enum { HP_AGENTS_KEPT = 1000, HP_AGENTS_EVERY_MS = 5000 };

struct hp_agent {
	const char *name, *mode, *owner;
	bool halted;
	int64_t pending, asked, approved, denied, expired, blocked, anomalies, last_ms;
	int64_t rate_left, rate_burst; /* of the tightest rate; burst 0: none */
	int64_t spent_percent;         /* of the tightest budget; -1: none */
	const char *const *lines;      /* more of it, line by line */
	size_t line_count;
};

/* One whole listing. */
struct hp_agent_set {
	struct hp_arena arena;
	struct hp_agent *items; /* in the arena */
	size_t count, capacity;
	const char *const *halts; /* in words */
	size_t halt_count;
};

struct hp_agents {
	struct hp_agent_set shown, next; /* a listing is shown when it is whole */
	struct hp_agent *const *view;    /* what the filter lets through; in view_arena */
	size_t view_count;
	struct hp_arena view_arena;
	bool dirty, asked, has_listed;
	int64_t due_ms; /* steady: ask again */
	char after[HP_CURSOR_KEY_BYTES];
	struct hp_cursor cursor;
	size_t detail_top;
	char filter[HP_LIMIT_SUMMARY_BYTES + 1];
	char problem[160];
};

void hp_agents_release(struct hp_agents *agents);
/* The next message, or NULL when none is due. */
struct hp_value *hp_agents_want(struct hp_model *model, struct hp_arena *arena, int64_t now_ms);
unsigned hp_agents_take(struct hp_model *model, const struct hp_value *reply, int64_t now_ms);
void hp_agents_refresh(struct hp_agents *agents);
unsigned hp_agents_move(struct hp_agents *agents, long lines, long pages);
const struct hp_agent *hp_agents_selected(struct hp_agents *agents);

#endif
