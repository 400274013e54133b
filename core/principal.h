/*
 * principal - who may connect, and as what: one entry a file of principals.d.
 *
 * Invariants:
 *  1. People are counted by `person`, never by key.
 *  2. agent, gateway and executor exclude reviewer and admin; agent excludes human. A key that says
 *     nothing for the entry's roles is refused.
 *  3. Names and CURVE keys are unique in a directory; a revoked entry keeps both taken and never
 *     matches a key.
 *  4. A person is spelled one way in a directory (no two spellings that look alike), and one
 *     signing key belongs to one person.
 * Threads: a directory is immutable once built.
 */
#ifndef HP_CORE_PRINCIPAL_H
#define HP_CORE_PRINCIPAL_H

#include "core/crypto.h"

enum hp_role {
	HP_ROLE_AGENT = 1 << 0,
	HP_ROLE_HUMAN = 1 << 1,
	HP_ROLE_REVIEWER = 1 << 2,
	HP_ROLE_GATEWAY = 1 << 3,
	HP_ROLE_EXECUTOR = 1 << 4,
	HP_ROLE_ADMIN = 1 << 5,
	HP_ROLE_AUDITOR = 1 << 6,
};

/* How a requester is judged: the matrix's columns. */
enum hp_mode { HP_MODE_HUMAN, HP_MODE_SUPERVISED, HP_MODE_AUTONOMOUS };

struct hp_principal {
	const char *name;
	unsigned roles;		/* enum hp_role bits */
	const char *person;	/* "" for none */
	const char *owner;	/* an agent's: a person; "" for none */
	enum hp_mode mode;	/* of who is neither agent nor human: autonomous, the strictest */
	const char *const *groups;
	size_t group_count;
	const char *const *environments; /* bound; none = all */
	size_t environment_count;
	const char *const *operations; /* globs; none = all */
	size_t operation_count;
	const char *audience;	/* an executor's; "" for none */
	const char *const *agents; /* a gateway's */
	size_t agent_count;
	uint8_t curve_public[HP_CURVE_BYTES];
	uint8_t sign_public[HP_SIGN_PUBLIC_BYTES];
	bool has_sign;
	bool revoked;
};

/* One parsed and validated entry. `name` is the file's name less ".yaml". Keys: curve_public as
 * Z85 (40 characters, ZeroMQ RFC 32), sign_public as base64. */
HP_MUST_CHECK enum hp_status hp_principal_parse(struct hp_arena *arena, const char *name,
						const struct hp_value *map,
						struct hp_principal *ret_principal,
						struct hp_error *err);

/* The entry as a map to write to a file (YAML flow is JSON; see proto/file.h). NULL: no memory. */
struct hp_value *hp_principal_to_value(struct hp_arena *arena,
				       const struct hp_principal *principal);

/* "agent", "reviewer" …; "" for no single role. */
const char *hp_role_name(enum hp_role role);
bool hp_role_parse(const char *name, enum hp_role *ret_role);
const char *hp_mode_name(enum hp_mode mode);

/* Whose person must not release what this principal asks: an agent's owner, a human's person; ""
 * for a machine without an owner. */
const char *hp_principal_owner(const struct hp_principal *principal);

/* A set with look-up by name and by CURVE key; borrows the principals' memory. HP_INVALID for what
 * invariants 3 and 4 forbid, HP_TOO_LARGE over HP_LIMIT_PRINCIPALS. */
struct hp_directory;
HP_MUST_CHECK enum hp_status hp_directory_new(const struct hp_principal *principals, size_t count,
					      struct hp_directory **ret_directory,
					      struct hp_error *err);
void hp_directory_free(struct hp_directory *directory);
size_t hp_directory_count(const struct hp_directory *directory);
/* In name order. */
const struct hp_principal *hp_directory_at(const struct hp_directory *directory, size_t index);
/* NULL when absent. By key: never a revoked one. */
const struct hp_principal *hp_directory_by_name(const struct hp_directory *directory,
						const char *name);
const struct hp_principal *hp_directory_by_key(const struct hp_directory *directory,
					       const uint8_t curve_public[HP_CURVE_BYTES]);
/* Distinct persons with an unrevoked reviewer entry in any of `groups`, other than `owner`. */
unsigned hp_directory_reviewers(const struct hp_directory *directory, const char *const *groups,
				size_t group_count, const char *owner);

/* Z85 of 32 bytes (40 characters + NUL), and back. Source: ZeroMQ RFC 32. */
void hp_z85_encode(const uint8_t bytes[HP_CURVE_BYTES], char ret_text[41]);
HP_MUST_CHECK enum hp_status hp_z85_decode(const char *text, uint8_t ret_bytes[HP_CURVE_BYTES]);

#endif
