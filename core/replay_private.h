/*
 * replay_private - what the files of the replay share, and nobody else sees.
 */
#ifndef HP_CORE_REPLAY_PRIVATE_H
#define HP_CORE_REPLAY_PRIVATE_H

#include "core/principal.h"
#include "core/replay.h"

/* ---- replay_index.c: every request ever seen, by its id ---- */

enum { HP_REPLAY_ID_BYTES = 16, HP_REPLAY_DIGEST_BYTES = 16 };

struct hp_replay_entry {
	uint8_t id[HP_REPLAY_ID_BYTES];		/* the UUID */
	uint8_t digest[HP_REPLAY_DIGEST_BYTES]; /* its beginning, once it is final */
	struct hp_replay_request *open;		/* NULL: final */
	int64_t row_key;
	uint8_t state, notes;
	bool used;
};

struct hp_replay_index {
	struct hp_replay_entry *entries; /* a power of two of them, open addressing */
	size_t room, count;
	uint64_t secret[2]; /* a stranger's ids cannot be chosen to collide */
};

/* False: not a UUID in its one spelling. */
bool hp_replay_id(const char *text, uint8_t ret_id[HP_REPLAY_ID_BYTES]);
/* The entry of this id; NULL: none. */
struct hp_replay_entry *hp_replay_index_find(const struct hp_replay_index *index,
					     const uint8_t id[HP_REPLAY_ID_BYTES]);
/* The entry, made if need be; NULL: no memory. Moves the others. */
struct hp_replay_entry *hp_replay_index_get(struct hp_replay_index *index,
					    const uint8_t id[HP_REPLAY_ID_BYTES]);

/* ---- replay_people.c: who was enrolled ---- */

/* An entry of the last leaves `principals`, as far as votes and claims are concerned. */
struct hp_replay_person {
	const char *name, *person, *owner, *audience, *environment;
	unsigned roles;
	const char *const *groups;
	size_t group_count;
	uint8_t sign_public[HP_SIGN_PUBLIC_BYTES];
	bool has_sign, revoked;
};

struct hp_replay_people {
	struct hp_arena arena;
	const struct hp_replay_person **sorted; /* by name */
	size_t count, room;
	bool known; /* a leaf has said who there is */
};

/* Takes a leaf `principals`; its `first` 0 begins a new set. False: it is not as it must be. */
bool hp_replay_people_take(struct hp_replay_people *people, const struct hp_value *body);
/* NULL: nobody. */
const struct hp_replay_person *hp_replay_people_find(const struct hp_replay_people *people,
						     const char *name);

/* ---- replay.c ---- */

/* A leaf without its body, until a later leaf `erase` lists it. */
struct hp_replay_missing {
	uint64_t seq;
	uint64_t whose; /* the beginning of its request's id; 0: of none */
	bool excused;
};

struct hp_replay {
	const char *instance;
	struct hp_problems *problems;
	const struct hp_replay_hooks *hooks;
	void *context;
	struct hp_replay_index index;
	struct hp_replay_people people;
	struct hp_replay_counts counts;
	struct hp_replay_halt *halts;
	size_t halt_count;
	struct hp_arena halts_arena;
	struct hp_replay_missing *missing; /* in their order */
	size_t missing_count, missing_room;
	uint8_t policy[HP_HASH_BYTES]; /* the version in force */
	bool has_policy;
	int64_t latest_wall_ms; /* of all leaves, or since the operator set it anew */
	/* the leaf at hand */
	const struct hp_leaf *leaf;
	const struct hp_value *body; /* NULL: erased */
	struct hp_arena *scratch;
};

/* Notes a problem of the leaf at hand. Always false. */
bool hp_replay_bad(struct hp_replay *replay, const char *format, ...) HP_PRINTF(2, 3);
bool hp_replay_is_late(const struct hp_replay *replay, const struct hp_replay_time *due);
/* Milliseconds from `then` to the leaf at hand, by the clock that says less. */
int64_t hp_replay_age_ms(const struct hp_replay *replay, const struct hp_replay_time *then);
bool hp_replay_frozen(const struct hp_replay *replay);
/* Whether the person owns what is asked: then, or by what is enrolled now. */
bool hp_replay_owns(const struct hp_replay *replay, const struct hp_replay_request *request,
		    const char *person);

/* ---- replay_vote.c ---- */

/* A leaf `vote`. */
void hp_replay_vote(struct hp_replay *replay, struct hp_replay_request *request);
/* The quorum as of the leaf at hand: a grant, or its claim (`what`). */
void hp_replay_check_quorum(struct hp_replay *replay, struct hp_replay_request *request,
			    const char *what);

/* ---- replay_request.c ---- */

/* A leaf of an open request: its first one, a move, an extension. */
void hp_replay_submitted(struct hp_replay *replay, struct hp_replay_request *request);
void hp_replay_extended(struct hp_replay *replay, struct hp_replay_request *request);
void hp_replay_moved(struct hp_replay *replay, struct hp_replay_request *request,
		     enum hp_state to);

#endif
