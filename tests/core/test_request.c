#include "tests/core/vectors.h"

#include <math.h>

#include "core/limits.h"
#include "core/msgpack.h"
#include "core/policy.h"
#include "core/request.h"

#define ID "01936f2a-7c00-7000-8000-000000000001"

/* A request that is right in everything, in parts that a case replaces. */
#define ACTION "{operation: \"k8s:Restart\", environment: staging, resources: [deploy/api]}"
#define IMPACT "{resources_affected: 1, reversible: true}"
#define REST "summary: Restart api, why: OOM loop, impact: " IMPACT ", alternatives: [], rollback: null"
#define WHOLE "{id: " ID ", action: " ACTION ", " REST "}"

static const struct hp_value *
yaml(struct hp_arena *arena, const char *text)
{
	const struct hp_value *value = NULL;
	struct hp_error err = {0};
	cr_assert_eq(hp_yaml_load(arena, text, strlen(text), &value, &err), HP_OK, "%s: %s", text,
		     err.message);
	return value;
}

static struct hp_request
parse(struct hp_arena *arena, const char *text)
{
	struct hp_request request = {0};
	struct hp_error err = {0};
	cr_assert_eq(hp_request_parse(arena, yaml(arena, text), HP_REQUEST_WIRE, &request, &err),
		     HP_OK, "%s: %s", text, err.message);
	return request;
}

/* --- what is refused --- */

static const struct {
	const char *text, *field, *message;
} bad[] = {
	{"[]", "", "must be a map"},
	{"{action: " ACTION ", " REST "}", "id", "\"id\" is missing"},
	{"{id: nonsense, action: " ACTION ", " REST "}", "id", "must be a UUID"},
	{"{id: " ID ", " REST "}", "action", "\"action\" is missing"},
	{"{id: " ID ", action: {operation: x}, " REST "}", "action.environment", "is missing"},
	{"{id: " ID ", action: {environment: x}, " REST "}", "action.operation", "is missing"},
	{"{id: " ID ", action: {operation: \"\", environment: x}, " REST "}", "action.operation",
	 "1 to 128 bytes"},
	{"{id: " ID ", action: {operation: x, environment: y, shell: z}, " REST "}",
	 "action.shell", "unknown key \"shell\""},
	{"{id: " ID ", action: {operation: x, environment: y, command: []}, " REST "}",
	 "action.command", "1 to 4096 items"},
	{"{id: " ID ", action: {operation: x, environment: y, command: rm -rf}, " REST "}",
	 "action.command", "must be a list"},
	{"{id: " ID ", action: {operation: x, environment: y, command: [\"\", a]}, " REST "}",
	 "action.command", "must begin with a program"},
	{"{id: " ID ", action: {operation: x, environment: y, command: [\"a\\0b\"]}, " REST "}",
	 "action.command[0]", "cannot hold NUL"},
	{"{id: " ID ", action: {operation: \"a\\0b\", environment: y}, " REST "}",
	 "action.operation", "cannot hold NUL"},
	{"{id: " ID ", action: {operation: x, environment: \"y\\0z\"}, " REST "}",
	 "action.environment", "cannot hold NUL"},
	{"{id: " ID ", action: {operation: x, environment: y, resources: [\"a\\0b\"]}, " REST "}",
	 "action.resources[0]", "cannot hold NUL"},
	{"{id: " ID ", action: {operation: x, environment: y, cwd: \"/\\0\"}, " REST "}",
	 "action.cwd", "cannot hold NUL"},
	{"{id: " ID ", action: {operation: x, environment: y, env: {\"A=B\": c}}, " REST "}",
	 "action.env", "cannot be empty or hold ="},
	{"{id: " ID ", action: {operation: x, environment: y, env: {A: null}}, " REST "}",
	 "action.env", "must be a string"},
	{"{id: " ID ", action: {operation: x, environment: y, env: {A: 1}}, " REST "}",
	 "action.env.A", "must be a string"},
	{"{id: " ID ", action: {operation: x, environment: y, files: [{path: /a}]}, " REST "}",
	 "action.files[0].sha256", "is missing"},
	{"{id: " ID ", action: {operation: x, environment: y, files: [{path: /a, sha256: "
	 "\"0123456789012345678901234567890123456789012345678901234567890123zz\"}]}, " REST "}",
	 "action.files[0].sha256", "32 to 64 bytes"},
	{"{id: " ID ", action: {operation: x, environment: y, files: [{path: /a, sha256: "
	 "\"zz23456789012345678901234567890123456789012345678901234567890123\"}]}, " REST "}",
	 "action.files[0].sha256", "64 hexadecimal digits"},
	{"{id: " ID ", action: " ACTION ", why: w, impact: {}, alternatives: [], rollback: null}",
	 "summary", "is missing"},
	{"{id: " ID ", action: " ACTION ", summary: s, impact: {}, alternatives: [], "
	 "rollback: null}",
	 "why", "is missing"},
	{"{id: " ID ", action: " ACTION ", summary: s, why: w, alternatives: [], rollback: null}",
	 "impact", "is missing"},
	{"{id: " ID ", action: " ACTION ", summary: s, why: w, impact: {}, rollback: null}",
	 "alternatives", "is missing"},
	{"{id: " ID ", action: " ACTION ", summary: s, why: w, impact: {}, alternatives: []}",
	 "rollback", "\"rollback\" is missing"},
	{"{id: " ID ", action: " ACTION ", summary: s, why: w, impact: {}, alternatives: [], "
	 "rollback: {}}",
	 "rollback", "a plan, an operation or a command"},
	{"{id: " ID ", action: " ACTION ", summary: s, why: w, impact: {}, alternatives: [], "
	 "rollback: {operation: \"a\\0b\"}}",
	 "rollback.operation", "cannot hold NUL"},
	{"{id: " ID ", action: " ACTION ", summary: s, why: w, impact: {}, alternatives: [], "
	 "rollback: {command: [\"\"]}}",
	 "rollback.command", "must begin with a program"},
	{"{id: " ID ", action: " ACTION ", summary: s, why: w, impact: {resources_affected: -1}, "
	 "alternatives: [], rollback: null}",
	 "impact.resources_affected", "found -1"},
	{"{id: " ID ", action: " ACTION ", summary: s, why: w, impact: {cost_usd: -0.01}, "
	 "alternatives: [], rollback: null}",
	 "impact.cost_usd", "must be"},
	{"{id: " ID ", action: " ACTION ", summary: s, why: w, impact: {cost_usd: 1.0e+18}, "
	 "alternatives: [], rollback: null}",
	 "impact.cost_usd", "impact.cost_usd"},
	{"{id: " ID ", action: " ACTION ", summary: s, why: w, impact: {reversible: maybe}, "
	 "alternatives: [], rollback: null}",
	 "impact.reversible", "true or false"},
	{"{id: " ID ", action: " ACTION ", summary: s, why: w, impact: {}, "
	 "alternatives: [{rejected_because: r}], rollback: null}",
	 "alternatives[0].approach", "is missing"},
	{"{id: " ID ", action: " ACTION ", " REST ", confidence: 1.01}", "confidence", "0 to 1"},
	{"{id: " ID ", action: " ACTION ", " REST ", ttl_s: 0}", "ttl_s", "must be"},
	{"{id: " ID ", action: " ACTION ", " REST ", ttl_s: 1.5}", "ttl_s", "must be an integer"},
	{"{id: " ID ", action: " ACTION ", " REST ", session: \"a\\0b\"}", "session", "NUL"},
	{"{id: " ID ", action: " ACTION ", " REST ", branch: \"a\\0b\"}", "branch", "NUL"},
	{"{id: " ID ", action: " ACTION ", " REST ", supersedes: old}", "supersedes", "a UUID"},
	{"{id: " ID ", action: " ACTION ", " REST ", evidence: [{label: l}]}", "evidence[0].text",
	 "is missing"},
	{"{id: " ID ", action: " ACTION ", " REST ", colour: red}", "colour", "unknown key"},
};

Test(request, what_is_wrong_is_named)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_request request = {.summary = "untouched"};
		struct hp_error err = {0};
		enum hp_status status = hp_request_parse(&arena, yaml(&arena, bad[i].text),
							 HP_REQUEST_WIRE, &request, &err);
		cr_assert_eq(status, HP_INVALID, "%s", bad[i].text);
		cr_assert_str_eq(err.field, bad[i].field, "%s: %s", bad[i].text, err.message);
		cr_assert_not_null(strstr(err.message, bad[i].message), "%s: %s", bad[i].text,
				   err.message);
		cr_assert_str_eq(request.summary, "untouched");
		hp_arena_release(&arena);
	}
}

Test(request, refusals_have_a_place)
{
	struct hp_arena arena = {0};
	struct hp_request request;
	struct hp_error err = {0};
	const char *text = "id: " ID "\naction: " ACTION "\nsummary: s\nwhy: w\nimpact: {}\n"
			   "alternatives: []\nrollback:\n  command:\n    - ls\n    - \"a\\0\"\n";
	cr_assert_eq(hp_request_parse(&arena, yaml(&arena, text), HP_REQUEST_WIRE, &request, &err),
		     HP_INVALID);
	cr_assert_eq(err.line, 10);
	cr_assert_eq(err.column, 7);
	hp_arena_release(&arena);
}

/* --- what may be left out, and where --- */

Test(request, each_source_asks_for_its_own)
{
	static const struct {
		const char *text;
		bool wire, file, exec;
	} cases[] = {
		{WHOLE, true, true, true},
		{"{action: " ACTION ", " REST "}", false, true, true},
		{"{action: " ACTION "}", false, false, true},
		{"{id: " ID ", action: " ACTION "}", false, false, true},
		{"{" REST "}", false, false, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_request request;
		const struct hp_value *map = yaml(&arena, cases[i].text);
		const bool expected[] = {cases[i].wire, cases[i].file, cases[i].exec};
		for (int source = HP_REQUEST_WIRE; source <= HP_REQUEST_EXEC; source++)
			cr_assert_eq(hp_request_parse(&arena, map, (enum hp_request_source)source,
						      &request, NULL) == HP_OK,
				     expected[source], "case %zu source %d", i, source);
		hp_arena_release(&arena);
	}
}

/* --- what is read --- */

Test(request, every_field_is_read)
{
	struct hp_arena arena = {0};
	struct hp_request request = parse(
		&arena,
		"{type: submit, seq: 4, for: kiro, id: 01936F2A-7C00-7000-8000-000000000001, "
		"action: {operation: \"s3:PutObject\", environment: production, resources: [a, b], "
		"arguments: {Key: k}, command: [/bin/ls, -l], cwd: /srv, env: {LANG: C}, "
		"files: [{path: /a, sha256: "
		"\"0123456789012345678901234567890123456789012345678901234567890123\"}], "
		"audience: executor}, summary: s, why: w, impact: {resources_affected: 3, "
		"cost_usd: 0.0000011, downtime_s: 7, users_affected: 9, reversible: false, note: n}, "
		"alternatives: [{approach: a, rejected_because: b}], "
		"rollback: {plan: p, operation: o, command: [c], arguments: {x: 1}, minutes: 0.5}, "
		"confidence: 0.93999, session: se, branch: br, ttl_s: 60, "
		"supersedes: 01936F2A-7C00-7000-8000-00000000000A, "
		"evidence: [{label: l, text: t}]}");
	cr_assert_str_eq(request.id, ID);
	cr_assert_str_eq(request.operation, "s3:PutObject");
	cr_assert_str_eq(request.environment, "production");
	cr_assert_eq(hp_value_count(request.resources), 2);
	cr_assert_str_eq(hp_map_get_str(request.arguments, "Key", ""), "k");
	cr_assert_eq(hp_value_count(request.command), 2);
	cr_assert_str_eq(request.cwd, "/srv");
	cr_assert_str_eq(hp_map_get_str(request.env, "LANG", ""), "C");
	cr_assert_eq(hp_value_count(request.files), 1);
	cr_assert_str_eq(request.audience, "executor");
	cr_assert_null(request.payload);
	cr_assert_str_eq(request.summary, "s");
	cr_assert_str_eq(request.why, "w");
	cr_assert_eq(request.resources_affected, 3);
	cr_assert_eq(request.cost_usd_micros, 2, "micro-dollars are rounded up");
	cr_assert_eq(request.downtime_s, 7);
	cr_assert_eq(request.users_affected, 9);
	cr_assert_eq(request.reversible, HP_NO);
	cr_assert_eq(hp_value_count(request.alternatives), 1);
	cr_assert_str_eq(hp_map_get_str(request.rollback, "plan", ""), "p");
	cr_assert_eq(request.confidence_bp, 9399, "basis points are rounded down");
	cr_assert_str_eq(request.session, "se");
	cr_assert_str_eq(request.branch, "br");
	cr_assert_eq(request.ttl_ms, 60000);
	cr_assert_str_eq(request.supersedes, "01936f2a-7c00-7000-8000-00000000000a");
	cr_assert_eq(hp_value_count(request.evidence), 1);
	cr_assert_null(hp_map_get(request.map, "type"));
	cr_assert_null(hp_map_get(request.map, "seq"));
	cr_assert_null(hp_map_get(request.map, "for"));
	cr_assert_str_eq(hp_map_get_str(request.map, "id", ""), ID);
	hp_arena_release(&arena);
}

Test(request, the_unsaid_is_told_from_the_said)
{
	struct hp_arena arena = {0};
	struct hp_request request = parse(&arena, "{id: " ID ", action: {operation: o, "
						  "environment: e}, summary: s, why: w, "
						  "impact: {}, alternatives: [], rollback: null}");
	cr_assert_null(request.resources);
	cr_assert_null(request.arguments);
	cr_assert_null(request.command);
	cr_assert_null(request.cwd);
	cr_assert_null(request.audience);
	cr_assert_null(request.rollback);
	cr_assert_null(request.session);
	cr_assert_null(request.branch);
	cr_assert_null(request.supersedes);
	cr_assert_eq(request.resources_affected, -1);
	cr_assert_eq(request.cost_usd_micros, -1);
	cr_assert_eq(request.downtime_s, -1);
	cr_assert_eq(request.users_affected, -1);
	cr_assert_eq(request.reversible, HP_UNSAID);
	cr_assert_eq(request.confidence_bp, -1);
	cr_assert_eq(request.ttl_ms, -1);
	hp_arena_release(&arena);
}

/* --- idempotency --- */

static bool
same_content(const char *a, const char *b)
{
	struct hp_arena arena = {0};
	uint8_t hash[2][HP_HASH_BYTES];
	struct hp_request first = parse(&arena, a), second = parse(&arena, b);
	cr_assert_eq(hp_request_content_hash(&first, hash[0]), HP_OK);
	cr_assert_eq(hp_request_content_hash(&second, hash[1]), HP_OK);
	hp_arena_release(&arena);
	return memcmp(hash[0], hash[1], HP_HASH_BYTES) == 0;
}

Test(request, equal_content_has_one_hash)
{
	cr_assert(same_content(WHOLE, WHOLE));
	cr_assert(same_content(WHOLE, "{seq: 9, type: submit, " REST ", action: " ACTION ", id: "
				      "01936F2A-7C00-7000-8000-000000000001}"),
		  "order, envelope and the id's case do not count");
	cr_assert_not(same_content(WHOLE, "{id: " ID ", action: " ACTION ", session: s, " REST "}"));
	cr_assert_not(same_content(WHOLE, "{id: " ID ", action: {operation: \"k8s:Restart\", "
					  "environment: staging, resources: [deploy/apj]}, " REST
					  "}"));
}

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

Test(request, action_bytes_and_digest_of_the_vector)
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

Test(request, canonical_bytes_and_digest_of_the_vector)
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

Test(request, canonical_is_appended)
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

static void
replace(struct hp_value *map, const char *key, struct hp_value *value)
{
	for (size_t i = 0; i < map->map.count; i++)
		if (strcmp(map->map.pairs[i].key.p, key) == 0)
			map->map.pairs[i].value = value;
}

/* The canonical bytes are served as one bin, and stand in a leaf's body. */
Test(request, what_cannot_be_shown_is_too_large)
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

/* No parser lets them in; this one does not rely on it. */
Test(request, numbers_are_finite)
{
	static const char *const keys[] = {"confidence", "cost_usd", "deep"};
	const double reals[] = {INFINITY, -INFINITY, NAN};
	for (size_t i = 0; i < 9; i++) {
		struct hp_arena arena = {0};
		struct hp_request request = {0};
		struct hp_value *map = hp_value_copy(&arena, yaml(&arena, WHOLE));
		struct hp_value *inner = hp_value_map(&arena), *outer = hp_value_map(&arena);
		struct hp_value *real = hp_value_float(&arena, reals[i % 3]);
		if (i / 3 == 0)
			hp_map_set(&arena, map, keys[0], real);
		hp_map_set(&arena, inner, keys[i / 3], real);
		if (i / 3 == 1)
			replace(map, "impact", inner);
		hp_map_set(&arena, outer, "arguments", inner);
		hp_map_set_str(&arena, outer, "operation", "o");
		hp_map_set_str(&arena, outer, "environment", "e");
		if (i / 3 == 2)
			replace(map, "action", outer);
		cr_assert_eq(hp_request_parse(&arena, map, HP_REQUEST_WIRE, &request, NULL),
			     HP_INVALID, "case %zu", i);
		hp_arena_release(&arena);
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

Test(request, canonical_needs_each_of_its_keys)
{
	struct vectors v = vectors();
	cr_assert_eq(hp_value_count(v.map), 33);
	cr_assert_eq(open_value(&v.arena, v.map, NULL), HP_OK);
	for (size_t i = 0; i < 33; i++)
		cr_assert_eq(open_value(&v.arena, without(&v.arena, v.map, i), NULL), HP_INVALID,
			     "without %s", v.map->map.pairs[i].key.p);
	hp_arena_release(&v.arena);
}

Test(request, canonical_takes_no_other_key_or_version)
{
	struct vectors v = vectors();
	struct hp_error err = {0};
	struct hp_value *more = hp_value_copy(&v.arena, v.map);
	hp_map_set_int(&v.arena, more, "state", 1);
	cr_assert_eq(open_value(&v.arena, more, &err), HP_INVALID);
	cr_assert_not_null(strstr(err.message, "unknown key \"state\""), "%s", err.message);
	struct hp_value *other = hp_value_copy(&v.arena, v.map);
	replace(other, "v", hp_value_int(&v.arena, 2));
	cr_assert_eq(open_value(&v.arena, other, NULL), HP_INVALID);
	hp_arena_release(&v.arena);
}

Test(request, canonical_bytes_cut_anywhere_do_not_open)
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
Test(request, flipped_canonical_bytes_have_another_digest)
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

/* --- strangers' text --- */

/* Each of tests/fixtures/hostile-text.json: free text keeps it byte for byte, exact fields refuse
 * what cannot be run as it is shown (NUL), and nothing crashes. */
Test(request, hostile_text_is_kept_as_it_is)
{
	struct hp_arena arena = {0};
	size_t len;
	char *text = read_source("tests/fixtures/hostile-text.json", &len);
	const struct hp_value *file = NULL;
	cr_assert_eq(hp_yaml_load(&arena, text, len, &file, NULL), HP_OK);
	const struct hp_value *cases = hp_map_get(file, "cases");
	cr_assert_gt(hp_value_count(cases), 10);
	for (size_t i = 0; i < hp_value_count(cases); i++) {
		const struct hp_value *hostile = cases->map.pairs[i].value;
		struct hp_value *map = hp_value_copy(&arena, yaml(&arena, WHOLE));
		struct hp_request request = {0};
		struct hp_error err = {0};
		bool nul = memchr(hostile->str.p, '\0', hostile->str.len) != NULL;
		replace(map, "why", hp_value_copy(&arena, hostile));
		replace(map, "summary", hp_value_copy(&arena, hostile));
		cr_assert_eq(hp_request_parse(&arena, map, HP_REQUEST_WIRE, &request, &err), HP_OK,
			     "%s: %s", cases->map.pairs[i].key.p, err.message);
		cr_assert(hp_value_equal(hp_map_get(request.map, "why"), hostile));
		struct hp_value *action = hp_value_map(&arena);
		hp_map_set(&arena, action, "operation", hp_value_copy(&arena, hostile));
		hp_map_set_str(&arena, action, "environment", "staging");
		replace(map, "action", action);
		cr_assert_eq(hp_request_parse(&arena, map, HP_REQUEST_WIRE, &request, &err),
			     nul ? HP_INVALID : HP_OK, "%s", cases->map.pairs[i].key.p);
	}
	free(text);
	hp_arena_release(&arena);
}
