#include "tests/core/vectors.h"

#include <math.h>

#include "core/request.h"

#define ID "01936f2a-7c00-7000-8000-000000000001"

/* A request that is right in everything, in parts that a case replaces. */
#define ACTION "{operation: \"k8s:Restart\", environment: staging, resources: [deploy/api]}"
#define IMPACT "{resources_affected: 1, reversible: true}"
#define REST                                                                                       \
	"summary: Restart api, why: OOM loop, impact: " IMPACT ", alternatives: [], rollback: null"
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
	{"{id: " ID ", action: " ACTION ", summary: \"a\\0b\", why: x, impact: " IMPACT
	 ", alternatives: [], rollback: null}",
	 "summary", "cannot hold NUL"},
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
		"cost_usd: 0.0000011, downtime_s: 7, users_affected: 9, reversible: false, "
		"note: n}, "
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
	static const uint8_t key[2][HP_HASH_BYTES] = {{1}, {2}};
	uint8_t hash[3][HP_HASH_BYTES];
	size_t bytes;
	struct hp_request first = parse(&arena, a), second = parse(&arena, b);
	cr_assert_eq(hp_request_content_mac(&first, key[0], hash[0], &bytes), HP_OK);
	cr_assert_eq(hp_request_content_mac(&second, key[0], hash[1], &bytes), HP_OK);
	cr_assert_eq(hp_request_content_mac(&first, key[1], hash[2], &bytes), HP_OK);
	cr_expect_neq(memcmp(hash[0], hash[2], HP_HASH_BYTES), 0, "nothing without the key");
	hp_arena_release(&arena);
	return memcmp(hash[0], hash[1], HP_HASH_BYTES) == 0;
}

Test(request, equal_content_has_one_hash)
{
	cr_assert(same_content(WHOLE, WHOLE));
	cr_assert(same_content(WHOLE, "{seq: 9, type: submit, " REST ", action: " ACTION ", id: "
				      "01936F2A-7C00-7000-8000-000000000001}"),
		  "order, envelope and the id's case do not count");
	cr_assert_not(
		same_content(WHOLE, "{id: " ID ", action: " ACTION ", session: s, " REST "}"));
	cr_assert_not(same_content(WHOLE, "{id: " ID ", action: {operation: \"k8s:Restart\", "
					  "environment: staging, resources: [deploy/apj]}, " REST
					  "}"));
}

/* --- what no parser lets in --- */

static void
replace(struct hp_value *map, const char *key, struct hp_value *value)
{
	for (size_t i = 0; i < map->map.count; i++)
		if (strcmp(map->map.pairs[i].key.p, key) == 0)
			map->map.pairs[i].value = value;
}

/* No loader gives them; this does not rely on it. */
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
		cr_assert_eq(hp_request_parse(&arena, map, HP_REQUEST_WIRE, &request, &err), HP_OK,
			     "%s: %s", cases->map.pairs[i].key.p, err.message);
		cr_assert(hp_value_equal(hp_map_get(request.map, "why"), hostile));
		replace(map, "summary", hp_value_copy(&arena, hostile));
		cr_assert_eq(hp_request_parse(&arena, map, HP_REQUEST_WIRE, &request, &err),
			     nul ? HP_INVALID : HP_OK, "%s", cases->map.pairs[i].key.p);
		replace(map, "summary", hp_value_str(&arena, "Restart api"));
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
