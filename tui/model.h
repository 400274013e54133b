/*
 * model - all that the console knows: the queue, the open request, the dialog. No curses, no
 * sockets, no clock reads: wire maps, named actions and moments come in, orders go out.
 *
 * Invariants (console.md's numbers):
 *  1. The open request is pinned by id and digest; so is a dialog's target and the selection by id.
 *     Nothing that arrives changes them.
 *  2. Decisions arm HP_ARM_MS after the pane was last drawn anew (hp_model_drawn).
 *  3. Approving is refused until the last line of WHAT and of ROLLBACK has been drawn.
 *  4. Approving sends only after the confirmation was typed in full; nothing approves in bulk.
 *  5. Rows hold escaped ASCII; the open request is laid out by core/present.
 *  6. Moments named `…_ms` are the broker's when they come from it; `now_ms` is the console's
 *     steady clock. hp_model_broker_ms() is the only bridge between the two; the local wall clock
 *     is never read.
 *  7. While the broker is lost nothing can be ordered; the open request and a dialog stay.
 * Threads: one at a time.
 */
#ifndef HP_TUI_MODEL_H
#define HP_TUI_MODEL_H

#include "core/lifecycle.h"
#include "core/limits.h"
#include "core/present.h"
#include "core/value.h"
#include "tui/care.h"
#include "tui/ledger.h"
#include "tui/lists.h"
#include "tui/related.h"
#include "tui/row.h"

enum {
	HP_ARM_MS = 400,           /* truth 2 */
	HP_LINGER_MS = 60000,      /* a row stays that long after it left `pending` */
	HP_LAST_MINUTE_MS = 60000, /* bold, and one bell */
	HP_QUIET_MS = 1000,        /* no two bells for arrivals within it */
	HP_ROWS_MAX = 20000,       /* of one queue: bounds what a broker can make us keep */
};

/* What a handler changed: bits. Only the loop draws. */
enum hp_changed {
	HP_CHANGED_NOTHING = 0,
	HP_CHANGED_SCREEN = 1 << 0, /* draw */
	HP_CHANGED_PANE = 1 << 1,   /* draw and disarm: what decisions act on looks different */
	HP_CHANGED_FLUSH = 1 << 2,  /* after drawing, drop what was typed ahead */
	HP_CHANGED_ALL = 1 << 3,    /* repaint the whole terminal (^L) */
	HP_CHANGED_COPY = 1 << 4,   /* `copied` goes to the clipboard */
	HP_CHANGED_QUIT = 1 << 5,
	HP_CHANGED_MAN = 1 << 6, /* the manual page takes the terminal for a while */
};

struct hp_queue {
	struct hp_row **rows; /* by id */
	size_t count, capacity;
	struct hp_row **view; /* what the filter lets through, riskiest first */
	size_t view_count;
	bool dirty;                 /* view must be made anew */
	char selected[HP_ID_BYTES]; /* "" for none */
	bool chosen;                /* by the person, not by us */
	size_t top;                 /* first row on screen */
	size_t height;              /* rows on screen at the last drawing */
	char filter[HP_LIMIT_SUMMARY_BYTES + 1];
	unsigned sweep;
	bool sweeping;
	uint64_t seq;    /* of the newest event or listing seen */
	bool has_listed; /* one whole listing has come in: what comes now is new */
};

enum hp_pin_phase {
	HP_PIN_NONE,    /* no request is open */
	HP_PIN_LOADING, /* asked for */
	HP_PIN_READY,
	HP_PIN_REFUSED, /* its bytes are not what they must be: `problem` says why; no decisions */
};

struct hp_pinned {
	enum hp_pin_phase phase;
	char id[HP_ID_BYTES];
	uint8_t digest[HP_HASH_BYTES];
	char problem[160];
	struct hp_arena canonical_arena, reply_arena, page_arena;
	struct hp_str bytes; /* the canonical bytes themselves */
	const struct hp_value *canonical; /* decoded from the bytes whose digest was checked */
	const struct hp_value *reply;     /* the newest `request` message */
	enum hp_state state;
	int64_t deadline_ms, submitted_ms, approvals, needed;
	char requester[HP_LIMIT_NAME_BYTES * 8]; /* escaped */
	bool want_show;                          /* something happened to it: ask again */
	bool asked_at_zero;                      /* its time ran out and the broker was asked */
	struct hp_present page;
	size_t columns; /* the page was laid out for; 0: not laid out */
	bool ascii;
	size_t top, height; /* first line on screen, lines on screen at the last drawing */
	bool raw; /* the page is the canonical bytes */
	bool what_seen, rollback_seen;
	int64_t drawn_ms; /* steady: when it was first on screen; 0: not yet */
};

enum hp_dialog_kind {
	HP_DIALOG_NONE,
	HP_DIALOG_APPROVE,
	HP_DIALOG_DENY,       /* a key picks a preset reason */
	HP_DIALOG_DENY_WORDS, /* own words */
	HP_DIALOG_EXTEND,     /* how long */
	HP_DIALOG_EXTEND_WHY,
	HP_DIALOG_NOTE,
	HP_DIALOG_FILTER,
	HP_DIALOG_HALT, /* which agent */
	HP_DIALOG_HALT_WHY,
	HP_DIALOG_RESUME,
	HP_DIALOG_RESUME_WHY,
	HP_DIALOG_DENY_ALL,       /* a key picks a preset reason, for all pending of one agent */
	HP_DIALOG_DENY_ALL_WORDS, /* own words */
	HP_DIALOG_CHECK_OK,
	HP_DIALOG_CHECK_CONCERN,
	HP_DIALOG_COMMAND,
	HP_DIALOG_COUNT,
};

struct hp_dialog {
	enum hp_dialog_kind kind;
	char id[HP_ID_BYTES]; /* the target, fixed when the dialog opened (truth 1) */
	uint8_t digest[HP_HASH_BYTES];
	struct hp_confirmation confirmation;
	char text[HP_LIMIT_REASON_BYTES + 1]; /* what is typed */
	size_t len;
	char agent[HP_LIMIT_NAME_BYTES + 1]; /* of a halt or resume; "": all */
	int64_t by_ms;                       /* of an extension */
	int64_t now_ms;                      /* of the key that is being taken */
	char dead[80];                       /* why it can send no more; "" while alive */
};

/* What the console wants of the broker. */
enum hp_order_kind {
	HP_ORDER_DECIDE,
	HP_ORDER_EXTEND,
	HP_ORDER_NOTE,
	HP_ORDER_HALT,
	HP_ORDER_RESUME,
	HP_ORDER_CHECK,
};

struct hp_order {
	enum hp_order_kind kind;
	char id[HP_ID_BYTES];
	uint8_t digest[HP_HASH_BYTES];
	bool approve; /* of a spot check: nothing to complain of */
	int64_t by_ms;
	bool in_bulk; /* one of a bulk denial */
	char agent[HP_LIMIT_NAME_BYTES + 1]; /* "": all */
	char text[HP_LIMIT_REASON_BYTES + 1];
};

/* Denying all that is pending of one agent: fixed when it was asked for, sent one by one. There is
 * no such thing for approving (invariant 4). */
struct hp_bulk {
	struct hp_bulk_item {
		char id[HP_ID_BYTES];
		uint8_t digest[HP_HASH_BYTES];
	} *items;
	size_t count, sent, done, refused;
	bool running;
	char agent[HP_LIMIT_NAME_BYTES + 1];
	char reason[HP_LIMIT_REASON_BYTES + 1];
};

/* Which pane keys go to: the view's list, or the open request beside it. */
enum hp_focus { HP_FOCUS_QUEUE, HP_FOCUS_REQUEST };

enum hp_view_id {
#define HP_VIEW(name, id, what) HP_VIEW_##id,
#include "tui/views.def"
#undef HP_VIEW
	HP_VIEW_COUNT,
};

struct hp_model {
	/* fixed */
	const char *instance;
	const char *log_key; /* the log's verifier key; NULL: unknown */
	bool ascii;
	hp_present_escape *escape;

	/* the broker */
	bool has_clock;
	int64_t offset_ms; /* broker's clock less ours */
	char principal[HP_LIMIT_NAME_BYTES * 8], roles[HP_LIMIT_NAME_BYTES * 8]; /* escaped */
	bool is_admin;
	bool halted;
	bool lost; /* no answer for too long */
	char lost_why[80];
	int64_t lost_since_ms;
	bool want_list; /* ask for the whole queue */

	struct hp_queue queue;
	struct hp_pinned pinned;
	struct hp_related related; /* to the open request */
	struct hp_rows history;
	struct hp_rows checks; /* that wait for a spot check */
	struct hp_agents agents;
	struct hp_ledger *ledger; /* NULL until it is looked at */
	struct hp_dialog dialog;
	struct hp_bulk bulk;
	struct hp_care care;
	enum hp_view_id view;
	enum hp_focus focus;
	bool help;
	size_t help_top, help_last; /* first line on screen, and how far it can go */
	int64_t armed_ms;           /* decisions count from here */
	char message[240];
	bool message_is_error;
	bool bell; /* ring once; the loop clears it */
	char notice[200]; /* for the desktop (OSC 9), printable ASCII; the loop clears it */
	int64_t quiet_until_ms;
	bool bell_off, notice_off; /* switched off by the person */
	char copied[2 * HP_HASH_BYTES + 1]; /* what HP_CHANGED_COPY hands to the clipboard */

	struct hp_order orders[4]; /* waiting to be sent, oldest first */
	size_t order_count;
};

void hp_model_init(struct hp_model *model, const char *instance, bool ascii,
                   hp_present_escape *escape);
void hp_model_release(struct hp_model *model);

/* --- the broker's word; each returns enum hp_changed bits --- */

/* A `welcome`: sets the clock, the name, the halt; ends a loss. */
unsigned hp_model_welcome(struct hp_model *model, const struct hp_value *reply, int64_t now_ms);
/* The broker is not to be heard since then. */
unsigned hp_model_lose(struct hp_model *model, const char *why, int64_t since_ms);
/* An event. A gap in event_seq sets want_list. */
unsigned hp_model_event(struct hp_model *model, const struct hp_value *event, int64_t now_ms);
/* Passing time: expiry, rows that have lingered, the last minute's bell. */
unsigned hp_model_tick(struct hp_model *model, int64_t now_ms);
/* What the broker answered to an order. */
unsigned hp_model_answer(struct hp_model *model, const struct hp_order *order,
                         const struct hp_value *reply);

/* --- time --- */

int64_t hp_model_broker_ms(const struct hp_model *model, int64_t now_ms);
/* Milliseconds to `deadline_ms`, never under 0. */
int64_t hp_model_left(const struct hp_model *model, int64_t deadline_ms, int64_t now_ms);
/* The pane was drawn anew: decisions arm from `now_ms` on. */
void hp_model_drawn(struct hp_model *model, int64_t now_ms);
bool hp_model_is_armed(const struct hp_model *model, int64_t now_ms);

void hp_model_say(struct hp_model *model, bool is_error, const char *format, ...) HP_PRINTF(3, 4);
/* Queues an order; false when too many wait. */
bool hp_model_order(struct hp_model *model, const struct hp_order *order);
/* Hands text to the clipboard: its first `sizeof copied` bytes. */
unsigned hp_model_copy(struct hp_model *model, const char *text);

/* --- bulk.c --- */

/* Fixes the set: all that is pending of this agent now. False, with a message: there is none. */
bool hp_bulk_begin(struct hp_model *model, const char *agent);
unsigned hp_bulk_send(struct hp_model *model, const char *reason);
/* The next order, if there is one. */
bool hp_bulk_next(struct hp_model *model, struct hp_order *ret_order);
/* What became of one: NULL when no answer came. */
unsigned hp_bulk_answer(struct hp_model *model, const struct hp_value *reply);
void hp_bulk_release(struct hp_bulk *bulk);

/* --- command.c --- */

/* Does what a command line says, or says why not. */
unsigned hp_command_run(struct hp_model *model, const char *line, int64_t now_ms);

/* --- queue.c --- */

/* One page of a `list` reply; `first` starts a new sweep, and without `next` the sweep ends: rows
 * it did not see have left. Returns changes; `ret_after` is "" or the id to go on from. */
unsigned hp_queue_page(struct hp_model *model, const struct hp_value *reply, bool first,
                       char ret_after[HP_ID_BYTES], int64_t now_ms);
/* A request's summary, from a listing or an event that has one. */
unsigned hp_queue_put(struct hp_model *model, const struct hp_value *summary, uint64_t seq,
                      int64_t now_ms);
struct hp_row *hp_queue_find(const struct hp_queue *queue, const char *id);
/* Makes `view` current; the selection stays on its id. */
void hp_queue_refresh(struct hp_queue *queue);
/* Takes a row out of `view`, and puts it in where it belongs, unless all of it is to be made anew.
 * A row is taken out before what it is sorted by changes. */
void hp_queue_unplace(struct hp_queue *queue, const struct hp_row *row);
void hp_queue_place(struct hp_queue *queue, struct hp_row *row);
/* Index of the selected row in `view`; 0 when there is none. */
size_t hp_queue_selected(const struct hp_queue *queue);
void hp_queue_select(struct hp_queue *queue, size_t index);
/* Keeps the selected row inside a window of `height` rows. */
void hp_queue_scroll(struct hp_queue *queue, size_t height);
/* The filter has changed: the selection goes to a row that it lets through. */
void hp_queue_filtered(struct hp_queue *queue);
/* `expired` once the broker's clock has passed the deadline of a pending row. */
enum hp_state hp_row_state(const struct hp_model *model, const struct hp_row *row, int64_t now_ms);
void hp_queue_counts(const struct hp_model *model, int64_t now_ms, size_t *ret_pending,
                     size_t *ret_escalated);
unsigned hp_queue_tick(struct hp_model *model, int64_t now_ms);
void hp_queue_release(struct hp_queue *queue);

/* --- pinned.c --- */

/* Pins a row: from here on only hp_pinned_open changes what decisions act on. */
void hp_pinned_open(struct hp_model *model, const struct hp_row *row);
/* A `request` reply, or an error to `show`. */
unsigned hp_pinned_load(struct hp_model *model, const struct hp_value *reply);
/* Lays the page out for `columns`, if it is not. HP_NOMEM. */
HP_MUST_CHECK enum hp_status hp_pinned_lay_out(struct hp_model *model, size_t columns);
/* How many lines of the page a pane of `height` shows: one fewer where `… n more lines` stands. */
size_t hp_pinned_visible(const struct hp_pinned *pinned, size_t height);
/* Fits the window into a pane of `height` lines, to be called before it is drawn … */
void hp_pinned_fit(struct hp_pinned *pinned, size_t height);
/* … and after: what the window shows has been on screen. */
void hp_pinned_note_drawn(struct hp_pinned *pinned);
/* Moves the window; clamps. */
void hp_pinned_scroll(struct hp_pinned *pinned, long lines);
enum hp_state hp_pinned_state(const struct hp_model *model, int64_t now_ms);
void hp_pinned_release(struct hp_pinned *pinned);

/* What is done with an open request, and so what the gate asks of it. */
enum hp_deed { HP_DEED_APPROVE, HP_DEED_DENY, HP_DEED_EXTEND, HP_DEED_NOTE, HP_DEED_CHECK };

/* Why a deed cannot be done to the open request now; NULL when it can. Arming is not part of it:
 * it passes by itself. */
const char *hp_pinned_refuses(const struct hp_model *model, enum hp_deed deed, int64_t now_ms);

/* --- dialog.c --- */

struct hp_preset {
	char key;
	const char *reason; /* NULL: own words */
};
extern const struct hp_preset hp_deny_presets[];
extern const size_t hp_deny_preset_count;

/* Opens a dialog; on the open request, where its kind has a target. */
unsigned hp_dialog_open(struct hp_model *model, enum hp_dialog_kind kind);
unsigned hp_dialog_close(struct hp_model *model);
/* One character in UTF-8. A deny dialog takes it as the key of a preset. */
unsigned hp_dialog_type(struct hp_model *model, const char *utf8, size_t len, int64_t now_ms);
unsigned hp_dialog_erase(struct hp_model *model, bool everything);
unsigned hp_dialog_enter(struct hp_model *model, int64_t now_ms);
/* Kills the dialog when its target can no longer be dealt with. It stays on screen: what the
 * person goes on typing must not fall through to the commands. */
unsigned hp_dialog_tick(struct hp_model *model, int64_t now_ms);
/* "approve" …, and what is asked for: "why: ". */
const char *hp_dialog_title(enum hp_dialog_kind kind);
const char *hp_dialog_prompt(enum hp_dialog_kind kind);
bool hp_dialog_has_target(enum hp_dialog_kind kind);

#endif
