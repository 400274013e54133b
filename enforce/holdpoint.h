/*
 * holdpoint.h - libholdpoint: ask before you act, from C or whatever calls C.
 *
 *	struct holdpoint *session;
 *	struct holdpoint_request *request;
 *	int result = holdpoint_connect(NULL, NULL, 5000, &session);
 *	if (result == HOLDPOINT_OK)
 *		result = holdpoint_submit(session, json, &request);
 *	if (result == HOLDPOINT_PENDING)
 *		result = holdpoint_wait(request, -1);
 *	if (result == HOLDPOINT_OK)
 *		result = holdpoint_claim(request);
 *	if (result == HOLDPOINT_OK)
 *		… do exactly what was asked, and holdpoint_report() how it went …
 *
 * Every function returns an enum holdpoint_result: the exit codes of holdpoint(1). Nothing but
 * HOLDPOINT_OK from holdpoint_claim() is a yes, and it is one once.
 *
 * A session is one connection under one key; requests borrow it. Threads: one at a time for a
 * session and its requests. Strings that are returned live until the next call about their object has
 * returned: they may be handed to it.
 * The library installs no signal handlers, writes to no stream and keeps no global state.
 * The wire behind it: holdpoint-protocol(7).
 */
#ifndef HOLDPOINT_H
#define HOLDPOINT_H

#ifdef __cplusplus
extern "C" {
#endif

enum holdpoint_result {
	HOLDPOINT_OK = 0,
	HOLDPOINT_FAILED = 1,	  /* internal; or the action failed */
	HOLDPOINT_INVALID = 2,	  /* a bad argument, file or request */
	HOLDPOINT_DENIED = 3,	  /* or withdrawn */
	HOLDPOINT_EXPIRED = 4,	  /* or granted and not claimed in time */
	HOLDPOINT_BLOCKED = 5,	  /* nobody can approve it */
	HOLDPOINT_HALTED = 6,
	HOLDPOINT_NOT_FOUND = 7,
	HOLDPOINT_UNAVAILABLE = 8, /* no broker, or no answer in time */
	HOLDPOINT_UNAUTHORISED = 9,
	HOLDPOINT_CONFLICT = 10,  /* somebody else was first, or what was granted is not what was
				     asked */
	HOLDPOINT_PENDING = 12,	  /* people have been asked */
};

struct holdpoint;
struct holdpoint_request;

/*
 * Connects within `timeout_ms`. `key_file` NULL: $HOLDPOINT_KEY; `broker_file` NULL:
 * $HOLDPOINT_BROKER. Sealed keys need $HOLDPOINT_PASSPHRASE_FILE. *ret_session is set but without
 * memory, also on failure, for holdpoint_message(); close it then too.
 */
int holdpoint_connect(const char *key_file, const char *broker_file, int timeout_ms,
		      struct holdpoint **ret_session);
/* Takes NULL. Its requests must be freed before. */
void holdpoint_close(struct holdpoint *session);
/* What the last failed call about the session said: one line, escaped; "" for none. */
const char *holdpoint_message(const struct holdpoint *session);

/*
 * Asks. `json` is a request as `holdpoint submit -f` takes it; an id is made where it has none.
 * HOLDPOINT_OK: granted, HOLDPOINT_PENDING: people are asked, HOLDPOINT_BLOCKED …; a request that
 * was sent before, with the same id and content, is answered by its current state.
 * *ret_request is set for every answer of the broker about it, to be freed; NULL otherwise.
 */
int holdpoint_submit(struct holdpoint *session, const char *json,
		     struct holdpoint_request **ret_request);
void holdpoint_request_free(struct holdpoint_request *request);

/* Until it is decided, at most `timeout_ms` (-1: as long as it takes; a broker that is away for two
 * minutes ends it). HOLDPOINT_PENDING: not yet. */
int holdpoint_wait(struct holdpoint_request *request, int timeout_ms);

/* Takes up the grant, once: HOLDPOINT_OK means go, now. The library has verified that what was
 * granted is what was asked, byte for byte. Tiers that their requester may not run itself:
 * HOLDPOINT_UNAUTHORISED. */
int holdpoint_claim(struct holdpoint_request *request);
/* How long the claim lasts without a word, in milliseconds; 0 before a claim. */
long holdpoint_lease_ms(const struct holdpoint_request *request);
/* Says that it goes on (`text` may be NULL) and renews the lease. *ret_stop is set to 1 when it
 * must stop at once, 0 otherwise; stop as well when this fails until the lease has ended. */
int holdpoint_progress(struct holdpoint_request *request, const char *text, int *ret_stop);
/* How it ended: `succeeded` not 0 or 0; `exit_code` -1: none; `output` may be NULL. */
int holdpoint_report(struct holdpoint_request *request, int succeeded, int exit_code,
		     const char *output);
/* Takes it back; `reason` may be NULL. */
int holdpoint_withdraw(struct holdpoint_request *request, const char *reason);

/* Its id, its last known state ("pending"), the reason or message of the last answer (escaped), and
 * the whole last answer as one line of JSON. */
const char *holdpoint_request_id(const struct holdpoint_request *request);
const char *holdpoint_request_state(const struct holdpoint_request *request);
const char *holdpoint_request_reason(const struct holdpoint_request *request);
const char *holdpoint_request_json(const struct holdpoint_request *request);

#ifdef __cplusplus
}
#endif

#endif
