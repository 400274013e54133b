/* The bytes that are decided on and those that run, against tests/vectors/trust.json. */
#include "tests/core/vectors.h"

#include "core/limits.h"
#include "core/msgpack.h"
#include "core/policy.h"
#include "core/request.h"

#define ID "01936f2a-7c00-7000-8000-000000000001"

/* --- the vectors of trust.json --- */

struct vectors {
	struct hp_arena arena;
	struct hp_str action, salt, action_digest, canonical, digest;
	const struct hp_value *map;
};

static struct vectors
vectors(void)
{
	struct vectors v = {0};
	struct hp_error err = {0};
	const struct hp_value *action = load_vectors(&v.arena, "action");
	const struct hp_value *request = load_vectors(&v.arena, "request");
	v.action = from_hex(&v.arena, hp_map_get_str(action, "hex", ""));
	v.salt = from_hex(&v.arena, hp_map_get_str(action, "salt", ""));
	v.action_digest = from_hex(&v.arena, hp_map_get_str(action, "digest", ""));
	v.canonical = from_hex(&v.arena, hp_map_get_str(request, "canonical_hex", ""));
	v.digest = from_hex(&v.arena, hp_map_get_str(request, "digest", ""));
	cr_assert_eq(hp_request_open_canonical(&v.arena, v.canonical.p, v.canonical.len, &v.map,
					       &err),
		     HP_OK, "%s", err.message);
	return v;
}

/* The submit that the vectors' canonical bytes came from. */
static struct hp_request
vector_request(struct vectors *v)
{
	struct hp_request request = {0};
	struct hp_error err = {0};
	const struct hp_value *both = NULL;
	struct hp_value *map = hp_value_map(&v->arena), *impact = hp_value_map(&v->arena);
	cr_assert_eq(hp_msgpack_decode(&v->arena, v->action.p, v->action.len, &both, &err), HP_OK);
	hp_map_set_int(&v->arena, impact, "resources_affected", 14);
	hp_map_set(&v->arena, impact, "cost_usd", hp_value_float(&v->arena, 1.5));
	hp_map_set_int(&v->arena, impact, "downtime_s", 46800);
	hp_map_set_bool(&v->arena, impact, "reversible", false);
	hp_map_set_str(&v->arena, map, "id", ID);
	hp_map_set(&v->arena, map, "action", hp_value_copy(&v->arena, hp_map_get(both, "action")));
	hp_map_set_str(&v->arena, map, "summary", "Delete CloudFormation stack");
	hp_map_set_str(&v->arena, map, "why", "drift");
	hp_map_set(&v->arena, map, "impact", impact);
	hp_map_set(&v->arena, map, "alternatives", hp_value_array(&v->arena));
	hp_map_set(&v->arena, map, "rollback",
		   hp_value_copy(&v->arena, hp_map_get(both, "rollback")));
	hp_map_set(&v->arena, map, "confidence", hp_value_float(&v->arena, 0.93));
	cr_assert_eq(hp_request_parse(&v->arena, map, HP_REQUEST_WIRE, &request, &err), HP_OK,
		     "%s", err.message);
	return request;
}

Test(canonical, action_bytes_and_digest_of_the_vector)
{
	struct vectors v = vectors();
	struct hp_request request = vector_request(&v);
	struct hp_buf buf = {0};
	uint8_t digest[HP_HASH_BYTES];
	cr_assert_eq(hp_request_action_bytes(&request, &buf), HP_OK);
	cr_assert_eq(buf.len, v.action.len);
	cr_assert_arr_eq(buf.data, v.action.p, buf.len);
	hp_request_action_digest((const uint8_t *)v.salt.p, buf.data, buf.len, digest);
	cr_assert_arr_eq(digest, v.action_digest.p, sizeof digest);
	hp_buf_release(&buf);
	hp_arena_release(&v.arena);
}

static const char *const delete_class[] = {"delete"};
static const char *const oncall[] = {"oncall"};
static const struct hp_quorum_slot two_of_oncall = {.groups = oncall, .group_count = 1, .count = 2};
static const struct hp_finding destructive = {
	.layer = 1,
	.rule = "destructive_actions[0]",
	.effect = HP_EFFECT_ESCALATE,
	.message = "Destructive action detected. Routing to human approval.",
	.line = 3,
};
static const struct hp_verdict escalated = {
	.effect = HP_EFFECT_ESCALATE,
	.environment = "production",
	.classes = delete_class,
	.class_count = 1,
	.tier = "gated",
	.findings = &destructive,
	.finding_count = 1,
	.quorum = {.slots = &two_of_oncall, .slot_count = 1},
};

static struct hp_request_facts
vector_facts(const struct vectors *v)
{
	static const uint8_t no_policy[HP_HASH_BYTES];
	return (struct hp_request_facts){
		.instance = "hp.example/log1",
		.requester = "kiro",
		.owner = "ana",
		.mode = "autonomous",
		.submitted_ms = 1767225600000,
		.policy_version = no_policy,
		.action_digest = (const uint8_t *)v->action_digest.p,
	};
}

Test(canonical, canonical_bytes_and_digest_of_the_vector)
{
	struct vectors v = vectors();
	struct hp_request request = vector_request(&v);
	struct hp_request_facts facts = vector_facts(&v);
	struct hp_buf buf = {0};
	struct hp_error err = {0};
	uint8_t digest[HP_HASH_BYTES];
	cr_assert_eq(hp_request_canonical(&v.arena, &request, &escalated, &facts, &buf, &err),
		     HP_OK, "%s", err.message);
	cr_assert_eq(buf.len, v.canonical.len);
	cr_assert_arr_eq(buf.data, v.canonical.p, buf.len);
	hp_request_digest(buf.data, buf.len, digest);
	cr_assert_arr_eq(digest, v.digest.p, sizeof digest);
	hp_buf_release(&buf);
	hp_arena_release(&v.arena);
}

Test(canonical, canonical_is_appended)
{
	struct vectors v = vectors();
	struct hp_request request = vector_request(&v);
	struct hp_request_facts facts = vector_facts(&v);
	struct hp_buf buf = {0};
	hp_buf_add_text(&buf, "before");
	cr_assert_eq(hp_request_canonical(&v.arena, &request, &escalated, &facts, &buf, NULL),
		     HP_OK);
	cr_assert_eq(buf.len, 6 + v.canonical.len);
	cr_assert_arr_eq(buf.data + 6, v.canonical.p, v.canonical.len);
	hp_buf_release(&buf);
	hp_arena_release(&v.arena);
}

/* The canonical bytes are served as one bin, and stand in a leaf's body. */
Test(canonical, what_cannot_be_shown_is_too_large)
{
	enum { PART = 32 * 1024 };
	static const struct {
		size_t bytes;
		enum hp_status expected;
	} cases[] = {
		{HP_LIMIT_CANONICAL_BYTES - 4000, HP_OK},
		{HP_LIMIT_CANONICAL_BYTES, HP_TOO_LARGE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct vectors v = vectors();
		struct hp_request request = vector_request(&v);
		struct hp_request_facts facts = vector_facts(&v);
		struct hp_value *map = hp_value_copy(&v.arena, request.map);
		struct hp_value *evidence = hp_value_array(&v.arena);
		struct hp_error err = {0};
		struct hp_buf buf = {0};
		for (size_t left = cases[i].bytes; left;) {
			size_t len = left < PART ? left : PART;
			struct hp_value *item = hp_value_map(&v.arena);
			char *text = hp_arena_alloc(&v.arena, len + 1);
			memset(text, 'x', len);
			hp_map_set_str(&v.arena, item, "label", "log");
			hp_map_set_str(&v.arena, item, "text", text);
			hp_array_add(&v.arena, evidence, item);
			left -= len;
		}
		hp_map_set(&v.arena, map, "evidence", evidence);
		cr_assert_eq(hp_request_parse(&v.arena, map, HP_REQUEST_WIRE, &request, NULL),
			     HP_OK);
		cr_assert_eq(hp_request_canonical(&v.arena, &request, &escalated, &facts, &buf,
						  &err),
			     cases[i].expected, "%s", err.message);
		hp_buf_release(&buf);
		hp_arena_release(&v.arena);
	}
}

/* --- opening --- */

static enum hp_status
open_value(struct hp_arena *arena, const struct hp_value *value, struct hp_error *err)
{
	struct hp_buf buf = {0};
	const struct hp_value *map = NULL;
	cr_assert_eq(hp_msgpack_encode(value, &buf, NULL), HP_OK);
	enum hp_status status = hp_request_open_canonical(arena, buf.data, buf.len, &map, err);
	hp_buf_release(&buf);
	return status;
}

/* Without one pair, by index. */
static struct hp_value *
without(struct hp_arena *arena, const struct hp_value *map, size_t index)
{
	struct hp_value *out = hp_value_map(arena);
	for (size_t i = 0; i < map->map.count; i++)
		if (i != index)
			hp_map_setn(arena, out, map->map.pairs[i].key.p, map->map.pairs[i].key.len,
				    map->map.pairs[i].value);
	return out;
}

Test(canonical, canonical_needs_each_of_its_keys)
{
	struct vectors v = vectors();
	cr_assert_eq(hp_value_count(v.map), 33);
	cr_assert_eq(open_value(&v.arena, v.map, NULL), HP_OK);
	for (size_t i = 0; i < 33; i++)
		cr_assert_eq(open_value(&v.arena, without(&v.arena, v.map, i), NULL), HP_INVALID,
			     "without %s", v.map->map.pairs[i].key.p);
	hp_arena_release(&v.arena);
}

Test(canonical, canonical_takes_no_other_key_or_version)
{
	struct vectors v = vectors();
	struct hp_error err = {0};
	struct hp_value *more = hp_value_copy(&v.arena, v.map);
	hp_map_set_int(&v.arena, more, "state", 1);
	cr_assert_eq(open_value(&v.arena, more, &err), HP_INVALID);
	cr_assert_not_null(strstr(err.message, "unknown key \"state\""), "%s", err.message);
	for (size_t i = 0; i < 33; i++) {
		if (strcmp(v.map->map.pairs[i].key.p, "v") != 0)
			continue;
		struct hp_value *other = without(&v.arena, v.map, i);
		hp_map_set_int(&v.arena, other, "v", 1);
		cr_assert_eq(open_value(&v.arena, other, NULL), HP_OK);
		other = without(&v.arena, v.map, i);
		hp_map_set_int(&v.arena, other, "v", 2);
		cr_assert_eq(open_value(&v.arena, other, NULL), HP_INVALID);
	}
	hp_arena_release(&v.arena);
}

Test(canonical, canonical_bytes_cut_anywhere_do_not_open)
{
	struct vectors v = vectors();
	for (size_t len = 0; len < v.canonical.len; len++) {
		struct hp_arena arena = {0};
		const struct hp_value *map = NULL;
		cr_assert_eq(hp_request_open_canonical(&arena, v.canonical.p, len, &map, NULL),
			     HP_INVALID, "at %zu", len);
		cr_assert_null(map);
		hp_arena_release(&arena);
	}
	hp_arena_release(&v.arena);
}

/* Not every flip breaks the form, but every one changes the digest. */
Test(canonical, flipped_canonical_bytes_have_another_digest)
{
	struct vectors v = vectors();
	char *bytes = hp_arena_copy(&v.arena, v.canonical.p, v.canonical.len);
	for (size_t i = 0; i < v.canonical.len; i++) {
		uint8_t digest[HP_HASH_BYTES];
		bytes[i] ^= 1;
		hp_request_digest(bytes, v.canonical.len, digest);
		cr_assert_neq(memcmp(digest, v.digest.p, sizeof digest), 0, "at %zu", i);
		bytes[i] ^= 1;
	}
	hp_arena_release(&v.arena);
}
