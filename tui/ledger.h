/*
 * ledger - the audit log as the console follows and checks it. No sockets, no curses.
 *
 * Shown: the newest leaves and the newest checkpoint, whose signature is verified against the key
 * of broker.json before anything of it is believed. On demand, the tree is computed anew from all
 * leaves and compared with the checkpoint's root; from then on every later checkpoint is held
 * against the leaves that came since, so that a log which was rewritten or forked is seen
 * (RFC 6962: the root of a tree proves every leaf and its order). Of one leaf, the inclusion proof
 * is asked for and verified.
 * Threads: one at a time.
 */
#ifndef HP_TUI_LEDGER_H
#define HP_TUI_LEDGER_H

#include "core/checkpoint.h"
#include "tui/lists.h"

enum {
	HP_LEDGER_KEPT = 500,      /* newest leaves in memory */
	HP_LEDGER_PAGE = 100,      /* asked for at once, to be shown */
	HP_LEDGER_EVERY_MS = 1000, /* a new checkpoint */
	HP_LEDGER_BODY_BYTES = 8192, /* of a leaf's body, as text; longer ones say how long */
};

struct hp_ledger_leaf {
	uint64_t seq;
	int64_t wall_ms;
	char key[24]; /* seq in decimals */
	struct hp_hash hash;
	bool erased, body_fits; /* body: gone; or it is what the leaf's hash promises */
	const char *event, *actor, *request, *body;
	char *text; /* owns the strings, escaped */
};

enum hp_ledger_phase {
	HP_LEDGER_UNCHECKED,
	HP_LEDGER_CHECKING, /* leaves are being read */
	HP_LEDGER_GOOD,     /* all leaves give the checkpoint's root */
	HP_LEDGER_BAD,      /* they do not, or something cannot be verified: final */
};

struct hp_ledger {
	/* the newest checkpoint */
	bool has_checkpoint;
	uint64_t size;
	struct hp_hash root;
	char problem[160]; /* why it cannot be believed; "" */

	/* its newest leaves, oldest first */
	struct hp_ledger_leaf leaves[HP_LEDGER_KEPT];
	size_t count;
	uint64_t next; /* the leaf to read next */
	size_t *view;  /* indices of what the filter lets through, newest first */
	size_t view_count;
	bool dirty;
	struct hp_cursor cursor;
	char filter[HP_LIMIT_SUMMARY_BYTES + 1];

	/* the whole tree */
	enum hp_ledger_phase phase;
	uint64_t counted;          /* leaves in `peaks` */
	struct hp_hash peaks[64];  /* roots of the complete subtrees of `counted` leaves */
	uint64_t good_size;        /* of the checkpoint that was matched last */
	uint64_t bad_bodies;       /* whose hash the leaf does not promise */

	/* one leaf's inclusion */
	uint64_t proof_seq;
	bool proof_wanted;
	char proof_said[160]; /* about proof_seq; "" */
	bool proof_holds;

	/* anchors, as the broker counts them; -1: it does not say */
	int64_t anchors, anchors_failing, anchored_ms;

	bool checkpoint_asked, leaves_asked, check_asked, proof_asked, stats_asked;
	int64_t due_ms, stats_due_ms;
	struct hp_arena scratch;
};

struct hp_ledger *hp_ledger_new(void); /* NULL: no memory */
void hp_ledger_free(struct hp_ledger *ledger);

/* Messages that are due, and their answers (NULL: none came). Each pair as in lists.h. */
struct hp_value *hp_ledger_want_checkpoint(struct hp_model *model, struct hp_arena *arena,
                                           int64_t now_ms);
unsigned hp_ledger_take_checkpoint(struct hp_model *model, const struct hp_value *reply,
                                   int64_t now_ms);
struct hp_value *hp_ledger_want_leaves(struct hp_model *model, struct hp_arena *arena,
                                       int64_t now_ms);
unsigned hp_ledger_take_leaves(struct hp_model *model, const struct hp_value *reply,
                               int64_t now_ms);
struct hp_value *hp_ledger_want_check(struct hp_model *model, struct hp_arena *arena,
                                      int64_t now_ms);
unsigned hp_ledger_take_check(struct hp_model *model, const struct hp_value *reply,
                              int64_t now_ms);
struct hp_value *hp_ledger_want_proof(struct hp_model *model, struct hp_arena *arena,
                                      int64_t now_ms);
unsigned hp_ledger_take_proof(struct hp_model *model, const struct hp_value *reply,
                              int64_t now_ms);
struct hp_value *hp_ledger_want_stats(struct hp_model *model, struct hp_arena *arena,
                                      int64_t now_ms);
unsigned hp_ledger_take_stats(struct hp_model *model, const struct hp_value *reply,
                              int64_t now_ms);

/* Starts the check of the whole tree. */
unsigned hp_ledger_verify(struct hp_ledger *ledger);
/* Asks for the proof of the selected leaf. */
unsigned hp_ledger_prove(struct hp_ledger *ledger);

void hp_ledger_refresh(struct hp_ledger *ledger);
unsigned hp_ledger_move(struct hp_ledger *ledger, long lines, long pages);
const struct hp_ledger_leaf *hp_ledger_selected(struct hp_ledger *ledger);

/* The right edge of a tree of `size` leaves. */
void hp_ledger_add(struct hp_hash peaks[64], uint64_t size, const struct hp_hash *leaf);
void hp_ledger_root(const struct hp_hash peaks[64], uint64_t size, struct hp_hash *ret_root);

#endif
