/* gateway.redaction: what a hit does where it stands, and what is left of the request to show. */
#include "tests/core/judging.h"

#include "core/json.h"

#define TOKEN "ghp_0123456789abcdefghijABCDEFGHIJ012345"
/* All other rules out of the way, and few classes, so that loading is quick. */
#define FREE                                                                                       \
	"classes: [{name: read, match: [\"*\"]}]\n"                                                \
	"permissions: {production: {other: {human: allow, supervised: allow, autonomous: allow}}, " \
	"other: {other: {human: allow, supervised: allow, autonomous: allow}}}\n"                  \
	"tiers: [{name: any, effect: allow}]\n"                                                    \
	"agent_constraints: {destructive_actions: [], environment_rules: {production: "            \
	"{allowed_operations: [read]}}}\n"
#define ASK(of_action, rest)                                                                       \
	"{action: {operation: \"x:Do\", environment: dev" of_action "}, impact: "                  \
	"{resources_affected: 1, reversible: true}, alternatives: [], confidence: 1" rest "}"
#define PLAN ", rollback: {plan: p}"
#define RULE "gateway.redaction"

static const struct {
	const char *request, *effect; /* NULL: no finding */
	const char *says;
} burdens[] = {
	{ASK(", arguments: {n: 1}", PLAN), NULL, NULL},
	/* what runs, and where */
	{ASK(", resources: [a, \"k " TOKEN "\"]", PLAN), "block", "resources[1] (github_token, 40 bytes)"},
	{ASK(", command: [curl, \"" TOKEN "\"]", PLAN), "block", "command[1] (github_token, 40 bytes)"},
	{ASK(", command: [mysql, --password, hunter2x]", PLAN), "block", "command[2] (password, 8 bytes)"},
	{ASK(", cwd: \"/" TOKEN "\"", PLAN), "block", "cwd (github_token"},
	{ASK(", audience: \"" TOKEN "\"", PLAN), "block", "audience (github_token"},
	{ASK(", files: [{path: \"/" TOKEN "\", sha256: "
	     "\"0000000000000000000000000000000000000000000000000000000000000000\"}]", PLAN),
	 "block", "files[0].path (github_token"},
	{ASK("", PLAN ", session: \"" TOKEN "\""), "block", "session (github_token"},
	{ASK("", PLAN ", branch: \"" TOKEN "\""), "block", "branch (github_token"},
	{ASK("", ", rollback: {plan: \"" TOKEN "\"}"), "block", "rollback.plan (github_token"},
	{ASK("", ", rollback: {operation: \"x:" TOKEN "\"}"), "block", "rollback.operation (github_token"},
	{ASK("", ", rollback: {command: [a, \"" TOKEN "\"]}"), "block", "rollback.command[1] (github_token"},
	{ASK("", ", rollback: {plan: p, arguments: {k: \"" TOKEN "\"}}"), "block",
	 "rollback.arguments.k (github_token"},
	/* what goes with it */
	{ASK(", arguments: {token: \"" TOKEN "\"}", PLAN), "hold",
	 "arguments.token (github_token, 40 bytes); needs one person of oncall"},
	{ASK(", arguments: {card: 4111111111111111}", PLAN), "hold", "arguments.card (card, 16 bytes)"},
	{ASK(", arguments: {\"" TOKEN "\": 1}", PLAN), "hold",
	 "arguments.[REDACTED:github_token] (github_token, 40 bytes)"},
	{ASK(", env: {DB_PASSWORD: hunter2x}", PLAN), "hold", "env.DB_PASSWORD (password, 8 bytes)"},
	/* what is said about it */
	{ASK("", PLAN ", why: \"mail bob@example.com\""), "allow", "redacted: why (email, 15 bytes)"},
	{ASK("", PLAN ", summary: \"" TOKEN "\""), "allow", "redacted: summary (github_token"},
	{ASK("", PLAN ", evidence: [{label: log, text: \"" TOKEN "\"}]"), "allow", "evidence[0].text ("},
	/* all of it at once: each burden has its finding, and not every hit is listed */
	{ASK(", arguments: {a: [a@b.example, b@b.example, c@b.example, d@b.example, e@b.example]}", PLAN),
	 "hold", "arguments.a[3] (email, 11 bytes) and 1 more;"},
};

Test(policy_redaction, a_hit_weighs_by_where_it_stands)
{
	static const char *const whoever[] = {"demo-agent", "developer"};
	struct hp_policy *policy = load(FREE);
	for (size_t i = 0; i < 2 * (sizeof burdens / sizeof *burdens); i++) {
		struct hp_arena arena = {0};
		const char *request = burdens[i / 2].request, *effect = burdens[i / 2].effect;
		struct hp_verdict verdict = judge(policy, &arena, whoever[i % 2], request);
		const struct hp_finding *found = find(&verdict, RULE);
		const char *story = told(&arena, &verdict);
		cr_expect_str_eq(hp_effect_name(verdict.effect), effect ? effect : "allow", "%s: %s",
				 request, story);
		cr_expect_eq(found != NULL, effect != NULL, "%s: %s", request, story);
		if (found) {
			cr_expect_eq(found->layer, 3);
			cr_expect_not_null(strstr(found->message, burdens[i / 2].says), "%s", story);
		}
		cr_expect_null(strstr(story, TOKEN), "%s", story);
		hp_arena_release(&arena);
	}
	hp_policy_free(policy);
}

/* --- what may be shown --- */

static const char *
json_of(struct hp_arena *arena, const struct hp_value *value)
{
	struct hp_buf buf = {0};
	hp_json_dump(value, HP_JSON_LINE, &buf);
	const char *text = hp_arena_strdup(arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return text;
}

Test(policy_redaction, a_clean_request_is_shown_itself)
{
	struct hp_arena arena = {0};
	struct hp_policy *policy = load(FREE);
	const struct hp_value *map = NULL;
	struct hp_request request;
	struct hp_verdict verdict;
	static const char text[] = ASK(", arguments: {a: b}", PLAN);
	cr_assert_eq(hp_yaml_load(&arena, text, strlen(text), &map, NULL), HP_OK);
	cr_assert_eq(hp_request_parse(&arena, map, HP_REQUEST_EXEC, &request, NULL), HP_OK);
	cr_assert_eq(hp_policy_evaluate(policy, &arena, asker("demo-agent"), &request, &verdict, NULL),
		     HP_OK);
	cr_expect_eq(verdict.shown, &request);
	hp_policy_free(policy);
	hp_arena_release(&arena);
}

Test(policy_redaction, what_is_shown_has_all_but_the_hits)
{
	struct hp_arena arena = {0};
	struct hp_policy *policy = load(FREE);
	struct hp_verdict verdict =
		judge(policy, &arena, "demo-agent",
		      ASK(", resources: [a], arguments: {n: 7, token: \"" TOKEN "\"}, "
			  "command: [run, \"" TOKEN "\"]",
			  PLAN ", why: \"for bob@example.com\", ttl_s: 60"));
	const struct hp_request *shown = verdict.shown;
	cr_expect_str_eq(json_of(&arena, shown->arguments),
			 "{\"n\":7,\"token\":\"[REDACTED:github_token]\"}");
	cr_expect_str_eq(json_of(&arena, shown->command), "[\"run\",\"[REDACTED:github_token]\"]");
	cr_expect_str_eq(json_of(&arena, shown->resources), "[\"a\"]");
	cr_expect_str_eq(shown->why, "for [REDACTED:email]");
	cr_expect_str_eq(shown->operation, "x:Do");
	cr_expect_eq(shown->ttl_ms, 60000);
	cr_expect_eq(shown->resources_affected, 1);
	cr_expect_null(strstr(json_of(&arena, shown->map), TOKEN));
	cr_expect_eq(hp_value_count(shown->map), 7);
	hp_policy_free(policy);
	hp_arena_release(&arena);
}

Test(policy_redaction, findings_quote_no_secret)
{
	static const char *const requests[] = {
		"{action: {operation: \"x:Do\", environment: \"" TOKEN "\"}, rollback: {plan: p}}",
		"{action: {operation: \"x:Do\", environment: dev, env: {\"" TOKEN "\": x}}, rollback: {plan: p}}",
	};
	struct hp_policy *policy = load("");
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		struct hp_arena arena = {0};
		struct hp_verdict verdict = judge(policy, &arena, "demo-agent", requests[i]);
		const char *story = told(&arena, &verdict);
		cr_expect_null(strstr(story, "0123456789abcdefghij"), "%s", story);
		cr_expect_not_null(strstr(story, RULE), "%s", story);
		hp_arena_release(&arena);
	}
	hp_policy_free(policy);
}

/* A low-entropy secret could be searched for with the hash of the bytes around it. */
Test(policy_redaction, a_payload_with_a_hit_has_no_hash)
{
	static const struct {
		const char *bytes;
		bool hashed;
	} cases[] = {{"{\"n\": 1}", true}, {"password=hunter2x", false}};
	struct hp_policy *policy = load(FREE);
	for (size_t i = 0; i < 2; i++) {
		struct hp_arena arena = {0};
		const struct hp_value *map = NULL;
		static const char text[] = ASK("", PLAN);
		cr_assert_eq(hp_yaml_load(&arena, text, strlen(text), &map, NULL), HP_OK);
		struct hp_value *action = hp_value_copy(&arena, hp_map_get(map, "action"));
		struct hp_value *copy = hp_value_copy(&arena, map);
		hp_map_set_bin(&arena, action, "payload", cases[i].bytes, strlen(cases[i].bytes));
		for (size_t j = 0; j < copy->map.count; j++)
			if (strcmp(copy->map.pairs[j].key.p, "action") == 0)
				copy->map.pairs[j].value = action;
		struct hp_verdict verdict = judge_map(policy, &arena, asker("demo-agent"), copy);
		const char *story = told(&arena, &verdict);
		cr_expect_eq(strstr(story, "bytes, SHA-256") != NULL, cases[i].hashed, "%s", story);
		cr_expect_eq(find(&verdict, RULE) == NULL, cases[i].hashed, "%s", story);
		hp_arena_release(&arena);
	}
	hp_policy_free(policy);
}

/* --- the section --- */

Test(policy_redaction, each_part_of_the_section_is_left_out_by_itself)
{
	static const struct {
		const char *gateway, *why, *shown;
	} cases[] = {
		{"", "bob@example.com", "[REDACTED:email]"},
		{"gateway: {pending_cap: 3}\n", "bob@example.com", "[REDACTED:email]"},
		{"gateway: {redaction: {patterns: [\"x[0-9]\"]}}\n", "bob@example.com x1",
		 "[REDACTED:email] [REDACTED:pattern]"},
		{"gateway: {redaction: {patterns: [{name: own, pattern: \"x[0-9]\"}]}}\n", "x1",
		 "[REDACTED:own]"},
		{"gateway: {redaction: {rules: [secrets]}}\n", "bob@example.com " TOKEN,
		 "bob@example.com [REDACTED:github_token]"},
		{"gateway: {redaction: {rules: []}}\n", TOKEN, TOKEN},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct hp_arena arena = {0};
		struct hp_buf text = {0}, ask = {0};
		hp_buf_printf(&text, "%s%s", FREE, cases[i].gateway);
		hp_buf_printf(&ask, ASK("", PLAN ", why: \"%s\""), cases[i].why);
		struct hp_policy *policy = load(hp_buf_text(&text));
		struct hp_verdict verdict = judge(policy, &arena, "demo-agent", hp_buf_text(&ask));
		cr_expect_str_eq(verdict.shown->why, cases[i].shown, "%s", cases[i].gateway);
		hp_policy_free(policy);
		hp_arena_release(&arena);
		hp_buf_release(&text);
		hp_buf_release(&ask);
	}
}

Test(policy_redaction, other_texts_are_redacted_by_the_same_rules)
{
	struct hp_arena arena = {0};
	struct hp_policy *policy = load(FREE), *off = load(FREE "gateway: {redaction: {rules: []}}\n");
	struct hp_value *clean = hp_value_str(&arena, "nothing here");
	struct hp_value *nuls = hp_value_strn(&arena, "a\0 " TOKEN, 43);
	const struct hp_value *value = clean;
	cr_assert_eq(hp_policy_redact(policy, &arena, &value), HP_OK);
	cr_expect_eq(value, clean);
	value = nuls;
	cr_assert_eq(hp_policy_redact(policy, &arena, &value), HP_OK);
	cr_expect_eq(value->str.len, 3 + strlen("[REDACTED:github_token]"));
	value = nuls;
	cr_assert_eq(hp_policy_redact(off, &arena, &value), HP_OK);
	cr_expect_eq(value, nuls);
	hp_policy_free(policy);
	hp_policy_free(off);
	hp_arena_release(&arena);
}
