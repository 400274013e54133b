/*
 * reply - the wire's shapes, made from stored rows: summary, status, receipt.
 *
 * Invariant: nil means absent; strings that are "" in the store are left out.
 */
#ifndef HP_BROKER_REPLY_H
#define HP_BROKER_REPLY_H

#include "broker/broker.h"

/*
 * What the parts of a reply take at most. A submit is accepted only if all that can ever be said of
 * it fits a message (handle_submit.c): `show` has canonical bytes, votes, notes and story; `claimed`
 * canonical bytes, votes and the action.
 */
enum {
	HP_REPLY_VOTE_BYTES = 5 * 1024,	  /* its reason has 4 KiB at most */
	HP_REPLY_NOTES_BYTES = 16 * 1024, /* of all notes of a request together */
	HP_REPLY_STORY_BYTES = 30 * 1024, /* six steps with their reasons, and the summary */
};

/* Of a request that people are to look at, among its flags. */
#define HP_FLAG_SPOT_CHECK "spot-check"

/* {id, state, tier, effect, environment, class, operation, resource, resources, requester, summary,
 * submitted_ms, deadline_ms, approvals, needed, flags, digest} */
struct hp_value *hp_reply_summary(struct hp_broker *broker, const struct hp_row *row);

/* `status`, with notes. NULL (fatal) when the store fails. */
struct hp_value *hp_reply_status(struct hp_broker *broker, const struct hp_row *row);

/* The current `receipt` of a request; and its first one, from what was just found. */
struct hp_value *hp_reply_receipt(struct hp_broker *broker, const struct hp_row *row);
struct hp_value *hp_reply_first_receipt(struct hp_broker *broker, const struct hp_row *row,
					const struct hp_verdict *verdict);

/* [{by, at_ms, text}]; [{by, person, decision, at_ms, body, signature, sign_public}];
 * [{at_ms, state, by, reason}]; [{by, person, at_ms, finding, note}]. NULL (fatal) when the store
 * fails. */
struct hp_value *hp_reply_notes(struct hp_broker *broker, int64_t key);
struct hp_value *hp_reply_votes(struct hp_broker *broker, const struct hp_stored_vote *votes,
				size_t count);
struct hp_value *hp_reply_history(struct hp_broker *broker, int64_t key);
struct hp_value *hp_reply_spot_checks(struct hp_broker *broker, int64_t key);

/* A node that shares what is below `value` (NULL: nil), for a map that does not outlive it. */
struct hp_value *hp_reply_lend(struct hp_arena *arena, const struct hp_value *value);

/* HP-canon bytes as a value; nil when absent or unreadable. */
struct hp_value *hp_reply_decode(struct hp_broker *broker, struct hp_str bytes);

/* An empty reply of this type. */
struct hp_value *hp_reply_new(struct hp_broker *broker, const char *type);

/* The answer to a claim when there is nothing to claim: a `status` without an id. */
struct hp_value *hp_reply_nothing(struct hp_broker *broker);

/* A field that holds an id, as ids are stored: in lower case. NULL when it is absent. */
const char *hp_reply_id(const struct hp_call *call, const char *field);

/*
 * The row of the call's `id`, if this caller may see it. False: *ret_refusal is the `not_found`
 * (another's id too), or NULL when the broker is fatal.
 */
bool hp_reply_find(struct hp_call *call, struct hp_row *ret_row, struct hp_value **ret_refusal);

/* Whether `who` asked for this request: by itself, or as the gateway it came through. */
bool hp_reply_is_requester(const struct hp_principal *who, const struct hp_row *row);

#endif
