/*
 * request - what an agent asks: parsed, normalised, digested, and the bytes a person decides on.
 *
 * Invariants:
 *  1. hp_request_parse() is the only reader of a request, from the wire and from files alike.
 *  2. `canonical` holds exactly the 33 keys of trust.md; it is stored and served as bytes and never
 *     re-made. digest = SHA-256(holdpoint/request/v1 00 ‖ canonical).
 *  3. The rollback that runs is inside action_digest (lifecycle invariant 10).
 * Source: protocol.md "The request"; trust.md "Canonical MessagePack".
 */
#ifndef HP_CORE_REQUEST_H
#define HP_CORE_REQUEST_H

#include "core/crypto.h"
#include "core/schema.h"

struct hp_verdict;   /* core/policy.h */
struct hp_principal; /* core/principal.h */

/* Fields of a submit message's request part, without type, seq and for. */
extern const struct hp_field hp_request_fields[];

enum hp_tristate { HP_UNSAID = -1, HP_NO = 0, HP_YES = 1 };

struct hp_request {
	const struct hp_value *map; /* as sent, less `type`, `seq`, `for` */
	const char *id;		    /* "" when a file leaves it out */
	const struct hp_value *action, *rollback, *impact; /* rollback NULL: none */
	const char *operation, *environment;		   /* as claimed */
	const struct hp_value *resources, *arguments, *command, *env, *files; /* NULL: absent */
	const struct hp_value *payload;
	const char *audience, *cwd; /* NULL: absent */
	const char *summary, *why;
	const struct hp_value *alternatives, *evidence;
	const char *session, *branch, *supersedes; /* NULL: absent */
	int64_t resources_affected, cost_usd_micros, downtime_s, users_affected; /* -1 unsaid */
	enum hp_tristate reversible;
	int64_t confidence_bp; /* -1 unsaid */
	int64_t ttl_ms;	       /* -1 unsaid */
};

enum hp_request_source {
	HP_REQUEST_WIRE, /* all required fields */
	HP_REQUEST_FILE, /* `id` may be missing */
	HP_REQUEST_EXEC, /* also impact, alternatives, rollback, summary, why may be missing */
};

/* Validates and reads. `map` may also hold type, seq and for, which are ignored here (the message
 * table checks them). Pointers borrow the arena and map. `id` is lower-cased. */
HP_MUST_CHECK enum hp_status hp_request_parse(struct hp_arena *arena, const struct hp_value *map,
					      enum hp_request_source source,
					      struct hp_request *ret_request,
					      struct hp_error *err);

/* The same request in other words: `map` is request->map but for its texts. Numbers stay those of
 * the request. For what is redacted; nothing is checked again. */
void hp_request_reworded(const struct hp_request *request, const struct hp_value *map,
			 struct hp_request *ret_request);

/* HMAC-SHA-256 of HP-canon of the map as sent: equal content of a repeated submit (idempotency).
 * Keyed, because it outlives the action: without the key what was erased or redacted cannot be
 * guessed back from it. *ret_bytes is the size of what was sent. */
HP_MUST_CHECK enum hp_status hp_request_content_mac(const struct hp_request *request,
						    const uint8_t key[HP_HASH_BYTES],
						    uint8_t ret_mac[HP_HASH_BYTES],
						    size_t *ret_bytes);

/* Appends HP-canon({action, rollback}): what the claimer gets and the digest covers. */
HP_MUST_CHECK enum hp_status hp_request_action_bytes(const struct hp_request *request,
						     struct hp_buf *buf);
void hp_request_action_digest(const uint8_t salt[HP_SALT_BYTES], const void *action_bytes,
			      size_t len, uint8_t ret_digest[HP_HASH_BYTES]);

struct hp_request_facts {
	const char *instance;
	const char *requester, *owner;
	const char *mode; /* hp_mode_name */
	int64_t submitted_ms;
	const uint8_t *policy_version; /* HP_HASH_BYTES */
	const uint8_t *action_digest;  /* HP_HASH_BYTES */
};

/* Appends the canonical bytes. */
HP_MUST_CHECK enum hp_status hp_request_canonical(struct hp_arena *arena,
						  const struct hp_request *request,
						  const struct hp_verdict *verdict,
						  const struct hp_request_facts *facts,
						  struct hp_buf *buf, struct hp_error *err);
void hp_request_digest(const void *canonical, size_t len, uint8_t ret_digest[HP_HASH_BYTES]);

/* Strictly decodes canonical bytes (HP-canon, exactly the 33 keys, v = 1): for clients that render
 * from them. HP_INVALID otherwise. */
HP_MUST_CHECK enum hp_status hp_request_open_canonical(struct hp_arena *arena, const void *bytes,
						       size_t len,
						       const struct hp_value **ret_map,
						       struct hp_error *err);

#endif
