/*
 * The bytes a person decides on, the bytes that run, and their digests (trust.md "Canonical
 * MessagePack"). Made once, at submit; everybody else verifies.
 */
#include <stdio.h>
#include <string.h>

#include "core/limits.h"
#include "core/msgpack.h"
#include "core/policy.h"
#include "core/request.h"
#include "core/text.h"

#define ACTION_DOMAIN "holdpoint/action/v1"
#define REQUEST_DOMAIN "holdpoint/request/v1"

/* With the closing NUL, which is the domain's separator on the wire too. */
#define DOMAIN(text) {text, sizeof text}

enum hp_status
hp_request_content_mac(const struct hp_request *request, const uint8_t key[HP_HASH_BYTES],
		       uint8_t ret_mac[HP_HASH_BYTES], size_t *ret_bytes)
{
	struct hp_buf buf = {0};
	enum hp_status status = hp_msgpack_encode(request->map, &buf, NULL);
	if (status == HP_OK) {
		hp_crypto_mac(key, buf.data, buf.len, ret_mac);
		*ret_bytes = buf.len;
	}
	hp_buf_release(&buf);
	return status;
}

enum hp_status
hp_request_action_bytes(const struct hp_request *request, struct hp_buf *buf)
{
	/* Shallow copies on the stack: the encoder only reads. */
	struct hp_value action = *request->action;
	struct hp_value rollback = {.type = HP_NIL};
	if (request->rollback)
		rollback = *request->rollback;
	struct hp_pair pairs[] = {
		{.key = {"action", 6}, .value = &action},
		{.key = {"rollback", 8}, .value = &rollback},
	};
	struct hp_value map = {.type = HP_MAP, .map = {pairs, 2, 2}};
	return hp_msgpack_encode(&map, buf, NULL);
}

void
hp_request_action_digest(const uint8_t salt[HP_SALT_BYTES], const void *action_bytes, size_t len,
			 uint8_t ret_digest[HP_HASH_BYTES])
{
	const struct hp_str parts[] = {
		DOMAIN(ACTION_DOMAIN),
		{(const char *)salt, HP_SALT_BYTES},
		{action_bytes, len},
	};
	hp_crypto_sha256(parts, sizeof parts / sizeof parts[0], ret_digest);
}

void
hp_request_digest(const void *canonical, size_t len, uint8_t ret_digest[HP_HASH_BYTES])
{
	const struct hp_str parts[] = {DOMAIN(REQUEST_DOMAIN), {canonical, len}};
	hp_crypto_sha256(parts, sizeof parts / sizeof parts[0], ret_digest);
}

/* --- making --- */

/* A borrowed subtree, or nil: the map below lives no longer than what it borrows. */
static struct hp_value *
lend(struct hp_arena *arena, const struct hp_value *value)
{
	struct hp_value *node = value ? hp_arena_alloc(arena, sizeof *node) : hp_value_nil(arena);
	if (node && value)
		*node = *value; /* shares the children */
	return node;
}

static struct hp_value *
text_or_nil(struct hp_arena *arena, const char *text)
{
	return text && *text ? hp_value_str(arena, text) : hp_value_nil(arena);
}

static struct hp_value *
natural_or_nil(struct hp_arena *arena, int64_t number)
{
	return number < 0 ? hp_value_nil(arena) : hp_value_int(arena, number);
}

/* The six keys, always, so that "unsaid" is something a person is shown. */
static struct hp_value *
impact_value(struct hp_arena *arena, const struct hp_request *request)
{
	struct hp_value *impact = hp_value_map(arena);
	hp_map_set(arena, impact, "cost_usd", natural_or_nil(arena, request->cost_usd_micros));
	hp_map_set(arena, impact, "downtime_s", natural_or_nil(arena, request->downtime_s));
	hp_map_set(arena, impact, "note", lend(arena, hp_map_get(request->impact, "note")));
	hp_map_set(arena, impact, "resources_affected",
		   natural_or_nil(arena, request->resources_affected));
	hp_map_set(arena, impact, "reversible",
		   request->reversible == HP_UNSAID
			   ? hp_value_nil(arena)
			   : hp_value_bool(arena, request->reversible == HP_YES));
	hp_map_set(arena, impact, "users_affected", natural_or_nil(arena, request->users_affected));
	return impact;
}

static struct hp_value *
class_value(struct hp_arena *arena, const struct hp_verdict *verdict)
{
	struct hp_value *list = hp_value_array(arena);
	for (size_t i = 0; i < verdict->class_count; i++)
		hp_array_add(arena, list, hp_value_str(arena, verdict->classes[i]));
	return list;
}

/* All 33 keys, in the order of their bytes, which the encoder then need not make. */
static struct hp_value *
canonical_value(struct hp_arena *arena, const struct hp_request *request,
		const struct hp_verdict *verdict, const struct hp_request_facts *facts)
{
	const struct hp_value *action = request->action, *asked = request->map;
	struct hp_value *map = hp_value_map(arena);
#define LEND(from, key) hp_map_set(arena, map, key, lend(arena, hp_map_get(from, key)))
	hp_map_set_bin(arena, map, "action_digest", facts->action_digest, HP_HASH_BYTES);
	LEND(asked, "alternatives");
	LEND(action, "arguments");
	LEND(action, "audience");
	LEND(asked, "branch");
	hp_map_set(arena, map, "class", class_value(arena, verdict));
	LEND(action, "command");
	hp_map_set(arena, map, "confidence", natural_or_nil(arena, request->confidence_bp));
	LEND(action, "cwd");
	hp_map_set_str(arena, map, "effect", hp_effect_name(verdict->effect));
	LEND(action, "env");
	hp_map_set_str(arena, map, "environment", verdict->environment);
	LEND(asked, "evidence");
	LEND(action, "files");
	hp_map_set(arena, map, "findings",
		   hp_findings_to_value(arena, verdict->findings, verdict->finding_count));
	hp_map_set(arena, map, "id", text_or_nil(arena, request->id));
	hp_map_set(arena, map, "impact", impact_value(arena, request));
	hp_map_set_str(arena, map, "instance", facts->instance);
	hp_map_set_str(arena, map, "mode", facts->mode);
	LEND(action, "operation");
	hp_map_set(arena, map, "owner", text_or_nil(arena, facts->owner));
	hp_map_set_bin(arena, map, "policy", facts->policy_version, HP_HASH_BYTES);
	hp_map_set(arena, map, "quorum", hp_quorum_to_value(arena, &verdict->quorum));
	hp_map_set_str(arena, map, "requester", facts->requester);
	LEND(action, "resources");
	LEND(asked, "rollback");
	LEND(asked, "session");
	hp_map_set_int(arena, map, "submitted_ms", facts->submitted_ms);
	LEND(asked, "summary");
	LEND(asked, "supersedes");
	hp_map_set_str(arena, map, "tier", verdict->tier);
	hp_map_set_int(arena, map, "v", 1);
	LEND(asked, "why");
#undef LEND
	return map;
}

enum hp_status
hp_request_canonical(struct hp_arena *arena, const struct hp_request *request,
		     const struct hp_verdict *verdict, const struct hp_request_facts *facts,
		     struct hp_buf *buf, struct hp_error *err)
{
	struct hp_value *map = canonical_value(arena, request, verdict, facts);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");

	size_t before = buf->len;
	enum hp_status status = hp_msgpack_encode(map, buf, err);
	/* `show` serves these bytes as one bin: what cannot be shown cannot be asked. */
	if (status == HP_OK && buf->len - before > HP_LIMIT_CANONICAL_BYTES)
		status = hp_fail(err, HP_TOO_LARGE,
				 "request: %zu bytes in canonical form, more than the %u that can "
				 "be shown to a person",
				 buf->len - before, HP_LIMIT_CANONICAL_BYTES);
	return status;
}

/* --- opening --- */

static const struct hp_field any_item = {.kinds = HP_K_ANY};
static const struct hp_field name_item = {.kinds = HP_K_STR, .min = 1,
					  .max = HP_LIMIT_NAME_BYTES};
static const struct hp_field map_item = {.kinds = HP_K_MAP};

static const struct hp_field finding_fields[] = {
	{.name = "layer", .kinds = HP_K_INT, .required = true, .min = 1, .max = 4},
	{.name = "rule", .kinds = HP_K_STR, .required = true},
	{.name = "effect", .kinds = HP_K_STR, .required = true},
	{.name = "message", .kinds = HP_K_STR, .required = true},
	{.name = "line", .kinds = HP_K_INT, .required = true, .min = 0, .max = UINT32_MAX},
	{0},
};
static const struct hp_field finding_item = {.kinds = HP_K_MAP, .fields = finding_fields};

static const struct hp_field slot_fields[] = {
	{.name = "groups", .kinds = HP_K_LIST, .required = true, .item = &name_item},
	{.name = "count", .kinds = HP_K_INT, .required = true, .min = 1, .max = UINT16_MAX},
	{0},
};
static const struct hp_field slot_item = {.kinds = HP_K_MAP, .fields = slot_fields};

#define NATURAL .kinds = HP_K_INT, .min = 0, .max = INT64_MAX
#define DIGEST .kinds = HP_K_BIN, .required = true, .min = HP_HASH_BYTES, .max = HP_HASH_BYTES

static const struct hp_field impact_fields[] = {
	{.name = "resources_affected", NATURAL},
	{.name = "cost_usd", NATURAL},
	{.name = "downtime_s", NATURAL},
	{.name = "users_affected", NATURAL},
	{.name = "reversible", .kinds = HP_K_BOOL},
	{.name = "note", .kinds = HP_K_STR},
	{0},
};
enum { IMPACT_KEYS = sizeof impact_fields / sizeof impact_fields[0] - 1 };

static const struct hp_field canonical_fields[] = {
	{.name = "v", .kinds = HP_K_INT, .required = true, .min = 1, .max = 1},
	{.name = "instance", .kinds = HP_K_STR, .required = true, .min = 1, .max = 4096},
	{.name = "id", .kinds = HP_K_UUID},
	{.name = "requester", .kinds = HP_K_STR, .required = true, .min = 1, .max = 4096},
	{.name = "owner", .kinds = HP_K_STR},
	{.name = "mode", .kinds = HP_K_STR, .required = true},
	{.name = "submitted_ms", NATURAL, .required = true},
	{.name = "environment", .kinds = HP_K_STR, .required = true},
	{.name = "class", .kinds = HP_K_LIST, .required = true, .item = &name_item},
	{.name = "tier", .kinds = HP_K_STR, .required = true},
	{.name = "effect", .kinds = HP_K_STR, .required = true},
	/* longer than a request's may be: redaction makes it so */
	{.name = "operation", .kinds = HP_K_STR, .required = true, .min = 1,
	 .max = HP_LIMIT_STRING_BYTES},
	{.name = "resources", .kinds = HP_K_LIST, .item = &any_item},
	{.name = "arguments", .kinds = HP_K_MAP},
	{.name = "command", .kinds = HP_K_LIST, .item = &any_item},
	{.name = "cwd", .kinds = HP_K_STR},
	{.name = "env", .kinds = HP_K_MAP},
	{.name = "files", .kinds = HP_K_LIST, .item = &map_item},
	{.name = "audience", .kinds = HP_K_STR},
	{.name = "summary", .kinds = HP_K_STR},
	{.name = "why", .kinds = HP_K_STR},
	{.name = "impact", .kinds = HP_K_MAP, .required = true, .fields = impact_fields},
	{.name = "alternatives", .kinds = HP_K_LIST, .item = &map_item},
	{.name = "rollback", .kinds = HP_K_MAP},
	{.name = "confidence", .kinds = HP_K_INT, .min = 0, .max = 10000},
	{.name = "session", .kinds = HP_K_STR},
	{.name = "branch", .kinds = HP_K_STR},
	{.name = "evidence", .kinds = HP_K_LIST, .item = &map_item},
	{.name = "supersedes", .kinds = HP_K_UUID},
	{.name = "findings", .kinds = HP_K_LIST, .required = true, .item = &finding_item},
	{.name = "quorum", .kinds = HP_K_LIST, .required = true, .item = &slot_item},
	{.name = "policy", DIGEST},
	{.name = "action_digest", DIGEST},
	{0},
};
enum { CANONICAL_KEYS = sizeof canonical_fields / sizeof canonical_fields[0] - 1 };
_Static_assert(CANONICAL_KEYS == 33, "trust.md names exactly 33 keys");

enum hp_status
hp_request_open_canonical(struct hp_arena *arena, const void *bytes, size_t len,
			  const struct hp_value **ret_map, struct hp_error *err)
{
	const struct hp_value *map;
	enum hp_status status = hp_msgpack_decode_canonical(arena, bytes, len, &map, err);
	if (status == HP_TOO_LARGE) /* whatever is wrong with the bytes, they are not a request's */
		return HP_INVALID;
	if (status != HP_OK)
		return status;
	status = hp_schema_check(map, canonical_fields, "canonical request", err);
	if (status != HP_OK)
		return status;
	/* Keys are unique and known, so the count says that none is missing; nil ones are there. */
	if (hp_value_count(map) != CANONICAL_KEYS)
		return hp_fail(err, HP_INVALID, "canonical request: expected %d keys, found %zu",
			       CANONICAL_KEYS, hp_value_count(map));
	size_t impact_keys = hp_value_count(hp_map_get(map, "impact"));
	if (impact_keys != IMPACT_KEYS)
		return hp_fail(err, HP_INVALID,
			       "canonical request: expected %d keys of impact, found %zu",
			       IMPACT_KEYS, impact_keys);
	*ret_map = map;
	return HP_OK;
}
