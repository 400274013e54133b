#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/lifecycle.h"
#include "proto/message.h"

#define UUID "\"id\": \"0b54fd6a-6a3e-4a6b-9c43-0d9f3a7b8c11\""
#define COMMON(type) "\"type\": \"" type "\", \"seq\": 7"
#define REQUEST                                                                                    \
	UUID ", \"action\": {\"operation\": \"k8s:Restart\", \"environment\": \"staging\"}, "      \
	     "\"summary\": \"s\", \"why\": \"w\", \"impact\": {}, \"alternatives\": [], "          \
	     "\"rollback\": null"

/* The least that each message is. `digest`, `signature` and `nonce` stand as [length]. */
static const struct {
	enum hp_message message;
	const char *json;
	const char *required; /* besides type and seq */
} least[] = {
	{HP_MSG_hello, COMMON("hello") ", \"client\": \"test\"", ""},
	{HP_MSG_submit, COMMON("submit") ", " REQUEST,
	 "id action summary why impact alternatives"},
	{HP_MSG_wait, COMMON("wait") ", " UUID ", \"until\": \"decided\", \"timeout_ms\": 0",
	 "id until timeout_ms"},
	{HP_MSG_withdraw, COMMON("withdraw") ", " UUID, "id"},
	{HP_MSG_list, COMMON("list"), ""},
	{HP_MSG_show, COMMON("show") ", " UUID, "id"},
	{HP_MSG_decide,
	 COMMON("decide") ", " UUID ", \"digest\": [32], \"decision\": \"deny\", "
			  "\"reason\": \"\", \"at_ms\": 1, \"signature\": [64]",
	 "id digest decision reason at_ms signature"},
	{HP_MSG_extend, COMMON("extend") ", " UUID ", \"by_ms\": 1, \"reason\": \"r\"",
	 "id by_ms reason"},
	{HP_MSG_note, COMMON("note") ", " UUID ", \"text\": \"t\"", "id text"},
	{HP_MSG_claim, COMMON("claim") ", \"nonce\": [16], \"timeout_ms\": 60000",
	 "nonce timeout_ms"},
	{HP_MSG_progress, COMMON("progress") ", " UUID, "id"},
	{HP_MSG_report, COMMON("report") ", " UUID ", \"result\": \"succeeded\"", "id result"},
	{HP_MSG_settle, COMMON("settle") ", " UUID ", \"result\": \"failed\", \"reason\": \"r\"",
	 "id result reason"},
	{HP_MSG_halt, COMMON("halt") ", \"scope\": \"all\", \"reason\": \"r\"", "scope reason"},
	{HP_MSG_resume, COMMON("resume") ", \"scope\": \"all\", \"reason\": \"r\"",
	 "scope reason"},
	{HP_MSG_task,
	 COMMON("task") ", \"agent\": \"a\", \"session\": \"s\", \"operations\": [\"o\"], "
			"\"resources\": [], \"environment\": \"e\", \"for_s\": 1, \"reason\": \"r\"",
	 "agent session operations resources environment for_s reason"},
	{HP_MSG_agents, COMMON("agents"), ""},
	{HP_MSG_erase, COMMON("erase") ", " UUID ", \"reason\": \"r\"", "id reason"},
	{HP_MSG_tasks, COMMON("tasks"), ""},
	{HP_MSG_task_close,
	 COMMON("task_close") ", \"agent\": \"a\", \"session\": \"s\", \"reason\": \"r\"",
	 "agent session reason"},
	{HP_MSG_spot_check, COMMON("spot_check") ", " UUID ", \"finding\": \"ok\"", "id finding"},
	{HP_MSG_audit, COMMON("audit") ", \"from\": 0, \"limit\": 1000", "from limit"},
	{HP_MSG_checkpoint, COMMON("checkpoint"), ""},
	{HP_MSG_proof, COMMON("proof"), ""},
	{HP_MSG_reload, COMMON("reload"), ""},
	{HP_MSG_stats, COMMON("stats"), ""},
	{HP_MSG_ping, COMMON("ping"), ""},
};
enum { LEAST_COUNT = sizeof least / sizeof least[0] };

static struct hp_arena arena;

/* JSON has no bin: a list of one number stands for so many bytes. */
static struct hp_value *
with_bins(const struct hp_value *map)
{
	static const uint8_t bytes[128];
	struct hp_value *copy = hp_value_map(&arena);
	for (size_t i = 0; i < map->map.count; i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		const struct hp_value *first = hp_array_get(pair->value, 0);
		bool bin = hp_value_count(pair->value) == 1 && first && first->type == HP_INT;
		hp_map_set(&arena, copy, pair->key.p,
			   bin ? hp_value_bin(&arena, bytes, (size_t)first->integer)
			       : hp_value_copy(&arena, pair->value));
	}
	return copy;
}

/* `base` with the pairs of `change` in place of its own; null takes a pair away. */
static struct hp_value *
make(const char *base, const char *change)
{
	const struct hp_value *maps[2];
	const char *const texts[] = {base, change};
	for (size_t i = 0; i < 2; i++) {
		const char *text = hp_arena_printf(&arena, "{%s}", texts[i]);
		struct hp_error err = {0};
		cr_assert_eq(hp_json_load(&arena, text, strlen(text), &maps[i], &err), HP_OK,
			     "%s: %s", text, err.message);
	}
	struct hp_value *merged = with_bins(maps[0]), *over = with_bins(maps[1]);
	for (size_t i = 0; i < over->map.count; i++) {
		const struct hp_pair *pair = &over->map.pairs[i];
		size_t j = 0;
		while (j < merged->map.count && strcmp(merged->map.pairs[j].key.p, pair->key.p))
			j++;
		if (j < merged->map.count)
			merged->map.pairs[j].value = pair->value;
		else
			hp_map_set(&arena, merged, pair->key.p, pair->value);
	}
	return merged;
}

static const char *
base_of(enum hp_message message)
{
	for (size_t i = 0; i < LEAST_COUNT; i++)
		if (least[i].message == message)
			return least[i].json;
	cr_assert(false, "no base for %s", hp_message_name(message));
	return "";
}

static void
teardown(void)
{
	hp_arena_release(&arena);
}

Test(message, the_least_passes, .fini = teardown)
{
	cr_assert_eq((int)LEAST_COUNT, (int)HP_MSG_COUNT);
	for (size_t i = 0; i < LEAST_COUNT; i++) {
		struct hp_error err = {0};
		cr_expect_eq(hp_message_check(least[i].message, make(least[i].json, ""), &err),
			     HP_OK, "%s: %s", hp_message_name(least[i].message), err.message);
	}
}

Test(message, every_required_field_is_named_when_missing, .fini = teardown)
{
	for (size_t i = 0; i < LEAST_COUNT; i++) {
		char names[128];
		snprintf(names, sizeof names, "type seq %s", least[i].required);
		char *rest;
		for (char *name = strtok_r(names, " ", &rest); name;
		     name = strtok_r(NULL, " ", &rest)) {
			struct hp_error err = {0};
			const char *gone = hp_arena_printf(&arena, "\"%s\": null", name);
			enum hp_status status = hp_message_check(
				least[i].message, make(least[i].json, gone), &err);
			cr_expect_eq(status, HP_INVALID, "%s without %s",
				     hp_message_name(least[i].message), name);
			cr_expect_str_eq(err.field, name, "%s without %s: %s",
					 hp_message_name(least[i].message), name, err.message);
		}
	}
}

Test(message, unknown_fields_are_named, .fini = teardown)
{
	for (size_t i = 0; i < LEAST_COUNT; i++) {
		struct hp_error err = {0};
		enum hp_status status = hp_message_check(
			least[i].message, make(least[i].json, "\"surprise\": 1"), &err);
		cr_expect_eq(status, HP_INVALID, "%s", hp_message_name(least[i].message));
		cr_expect_str_eq(err.field, "surprise");
	}
}

#define OTHER_ID "\"1c54fd6a-6a3e-4a6b-9c43-0d9f3a7b8c11\""

Test(message, fields_and_their_limits, .fini = teardown)
{
	static const struct {
		enum hp_message message;
		const char *change;
		const char *field; /* NULL: fine */
	} rows[] = {
		{HP_MSG_ping, "\"seq\": 0", NULL},
		{HP_MSG_ping, "\"seq\": 9223372036854775807", NULL},
		{HP_MSG_ping, "\"seq\": -1", "seq"},
		{HP_MSG_ping, "\"seq\": \"1\"", "seq"},
		{HP_MSG_ping, "\"seq\": 1.5", "seq"},
		{HP_MSG_ping, "\"type\": \"pong\"", "type"},
		{HP_MSG_ping, "\"type\": 3", "type"},
		{HP_MSG_hello, "\"client\": 3", "client"},
		{HP_MSG_hello, "\"for\": \"agent\", \"session\": \"s\"", NULL},
		{HP_MSG_hello, "\"for\": \"\"", "for"},
		{HP_MSG_hello, "\"session\": 1", "session"},
		{HP_MSG_submit, "\"for\": \"demo-agent\"", NULL},
		{HP_MSG_submit, "\"for\": \"../x\"", "for"},
		{HP_MSG_submit, "\"id\": \"42\"", "id"},
		{HP_MSG_submit, "\"action\": {\"operation\": \"x\"}", "action.environment"},
		{HP_MSG_submit, "\"impact\": {\"surprise\": 1}", "impact.surprise"},
		{HP_MSG_submit, "\"timeout_ms\": 1", "timeout_ms"},
		{HP_MSG_wait, "\"id\": \"0B54FD6A-6A3E-4A6B-9C43-0D9F3A7B8C11\"", NULL},
		{HP_MSG_wait, "\"id\": \"0b54\"", "id"},
		{HP_MSG_wait, "\"until\": \"done\"", NULL},
		{HP_MSG_wait, "\"until\": \"stop\"", NULL},
		{HP_MSG_wait, "\"until\": \"never\"", "until"},
		{HP_MSG_wait, "\"timeout_ms\": 60000", NULL},
		{HP_MSG_wait, "\"timeout_ms\": 60001", "timeout_ms"},
		{HP_MSG_wait, "\"timeout_ms\": -1", "timeout_ms"},
		{HP_MSG_withdraw, "\"reason\": \"r\"", NULL},
		{HP_MSG_list, "\"limit\": 1", NULL},
		{HP_MSG_list, "\"limit\": 500", NULL},
		{HP_MSG_list, "\"limit\": 0", "limit"},
		{HP_MSG_list, "\"limit\": 501", "limit"},
		{HP_MSG_list, "\"state\": \"rolled_back\"", NULL},
		{HP_MSG_list, "\"state\": \"bad\"", "state"},
		{HP_MSG_list, "\"after\": " OTHER_ID, NULL},
		{HP_MSG_list, "\"after\": \"x\"", "after"},
		{HP_MSG_list,
		 "\"requester\": \"a\", \"environment\": \"b\", \"tier\": \"c\", \"text\": \"d\"",
		 NULL},
		{HP_MSG_decide, "\"digest\": [31]", "digest"},
		{HP_MSG_decide, "\"digest\": [33]", "digest"},
		{HP_MSG_decide, "\"digest\": \"00\"", "digest"},
		{HP_MSG_decide, "\"signature\": [63]", "signature"},
		{HP_MSG_decide, "\"signature\": [65]", "signature"},
		{HP_MSG_decide, "\"decision\": \"approve\"", NULL},
		{HP_MSG_decide, "\"decision\": \"maybe\"", "decision"},
		{HP_MSG_decide, "\"at_ms\": -5", NULL}, /* bad_signature, says the broker */
		{HP_MSG_decide, "\"at_ms\": \"now\"", "at_ms"},
		{HP_MSG_extend, "\"by_ms\": 0", "by_ms"},
		{HP_MSG_extend, "\"by_ms\": 9223372036854775807", "by_ms"},
		{HP_MSG_extend, "\"reason\": \"\"", "reason"},
		{HP_MSG_note, "\"text\": \"\"", "text"},
		{HP_MSG_claim, "\"nonce\": [15]", "nonce"},
		{HP_MSG_claim, "\"nonce\": [17]", "nonce"},
		{HP_MSG_claim, "\"timeout_ms\": 60001", "timeout_ms"},
		{HP_MSG_claim, UUID ", \"detached\": true, \"lease_s\": 60", NULL},
		{HP_MSG_claim, "\"lease_s\": 0", "lease_s"},
		{HP_MSG_claim, "\"detached\": 1", "detached"},
		{HP_MSG_claim, "\"withdraw\": true", NULL},
		{HP_MSG_claim, "\"withdraw\": \"yes\"", "withdraw"},
		{HP_MSG_progress, "\"text\": \"half\"", NULL},
		{HP_MSG_report,
		 "\"exit_code\": -1, \"output\": \"\", \"resources_affected\": 0, "
		 "\"cost_usd\": 0.5",
		 NULL},
		{HP_MSG_report, "\"result\": \"rolled_back\"", NULL},
		{HP_MSG_report, "\"result\": \"rollback_failed\"", NULL},
		{HP_MSG_report, "\"result\": \"done\"", "result"},
		{HP_MSG_report, "\"exit_code\": 2147483648", "exit_code"},
		{HP_MSG_report, "\"resources_affected\": -1", "resources_affected"},
		{HP_MSG_report, "\"cost_usd\": -0.5", "cost_usd"},
		{HP_MSG_settle, "\"result\": \"rolled_back\"", "result"},
		{HP_MSG_settle, "\"reason\": \"\"", "reason"},
		{HP_MSG_audit, "\"limit\": 1001", "limit"},
		{HP_MSG_audit, "\"limit\": 0", "limit"},
		{HP_MSG_audit, "\"from\": -1", "from"},
		{HP_MSG_proof, "\"leaf\": 0, \"size\": 1", NULL},
		{HP_MSG_proof, "\"size\": 0", "size"},
		/* A halt says exactly what it stops. */
		{HP_MSG_halt, "\"scope\": \"agent\", \"agent\": \"a\"", NULL},
		{HP_MSG_halt, "\"scope\": \"session\", \"agent\": \"a\", \"session\": \"s\"", NULL},
		{HP_MSG_halt, "\"scope\": \"agent\"", "agent"},
		{HP_MSG_halt, "\"scope\": \"session\", \"agent\": \"a\"", "session"},
		{HP_MSG_halt, "\"scope\": \"session\", \"session\": \"s\"", "agent"},
		{HP_MSG_halt, "\"agent\": \"a\"", "agent"},
		{HP_MSG_halt, "\"session\": \"s\"", "session"},
		{HP_MSG_halt, "\"scope\": \"agent\", \"agent\": \"a\", \"session\": \"s\"",
		 "session"},
		{HP_MSG_resume, "\"scope\": \"agent\"", "agent"},
		{HP_MSG_halt, "\"scope\": \"world\"", "scope"},
		{HP_MSG_halt, "\"reason\": \"\"", "reason"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hp_error err = {0};
		enum hp_status status = hp_message_check(
			rows[i].message, make(base_of(rows[i].message), rows[i].change), &err);
		cr_expect_eq(status, rows[i].field ? HP_INVALID : HP_OK, "%s with %s: %s",
			     hp_message_name(rows[i].message), rows[i].change, err.message);
		if (rows[i].field)
			cr_expect_str_eq(err.field, rows[i].field, "%s with %s: %s",
					 hp_message_name(rows[i].message), rows[i].change,
					 err.message);
	}
}

Test(message, seq_may_use_all_64_bits, .fini = teardown)
{
	struct hp_value *map = hp_value_map(&arena);
	hp_map_set_str(&arena, map, "type", "ping");
	hp_map_set(&arena, map, "seq", hp_value_uint(&arena, UINT64_MAX));
	cr_expect_eq(hp_message_check(HP_MSG_ping, map, NULL), HP_OK);
}

Test(message, a_string_is_not_cut_at_its_nul, .fini = teardown)
{
	struct hp_value *map = hp_value_map(&arena);
	hp_map_set(&arena, map, "type", hp_value_strn(&arena, "ping\0pong", 9));
	hp_map_set_int(&arena, map, "seq", 1);
	cr_expect_eq(hp_message_check(HP_MSG_ping, map, NULL), HP_INVALID);
}

Test(message, every_state_can_be_listed, .fini = teardown)
{
	for (unsigned i = 0; i < HP_STATE_COUNT; i++) {
		const char *change = hp_arena_printf(&arena, "\"state\": \"%s\"",
						     hp_state_name((enum hp_state)i));
		cr_expect_eq(hp_message_check(HP_MSG_list, make(base_of(HP_MSG_list), change),
					      NULL),
			     HP_OK, "%s", change);
	}
}

#define A HP_ROLE_AGENT
#define H HP_ROLE_HUMAN
#define R HP_ROLE_REVIEWER
#define G HP_ROLE_GATEWAY
#define E HP_ROLE_EXECUTOR
#define M HP_ROLE_ADMIN
#define U HP_ROLE_AUDITOR
#define ALL (A | H | R | G | E | M | U)

/* protocol.md's column "who", written down a second time. */
Test(message, who_may_send_what)
{
	static const struct {
		const char *name;
		unsigned roles;
		bool control_only;
	} rows[] = {
		{"hello", ALL, false},		   {"submit", A | H | G, false},
		{"wait", ALL, false},		   {"withdraw", A | H | G, false},
		{"list", ALL, false},		   {"show", ALL, false},
		{"decide", R | H, true},	   {"extend", R, true},
		{"note", R | A | H | G, false},	   {"claim", E | G | A | H, false},
		{"progress", E | G | A | H, false}, {"report", E | G | A | H, false},
		{"settle", R, true},		   {"halt", R | M | H, true},
		{"agents", U | M | R | H, true},	   {"erase", M, true},
		{"task", H | R | M, true},	   {"tasks", H | R | M | U | A, false},
		{"task_close", H | R | M, true},   {"spot_check", R, true},
		{"resume", M, true},		   {"audit", U | M | R, true},
		{"checkpoint", U | M | R, true},   {"proof", U | M | R, true},
		{"reload", M, true},		   {"stats", ALL, true},
		{"ping", ALL, false},
	};
	cr_assert_eq(sizeof rows / sizeof rows[0], (size_t)HP_MSG_COUNT);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		enum hp_message message;
		cr_assert_eq(hp_message_parse(rows[i].name, &message), HP_OK);
		cr_expect_str_eq(hp_message_name(message), rows[i].name);
		cr_expect_eq(hp_message_roles(message), rows[i].roles, "%s", rows[i].name);
		cr_expect_eq(hp_message_control_only(message), rows[i].control_only, "%s",
			     rows[i].name);
	}
}

Test(message, unknown_types)
{
	static const char *const names[] = {"", "Ping", "pin", "pings", "pong", "error", "ok"};
	enum hp_message message = HP_MSG_submit;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		cr_expect_eq(hp_message_parse(names[i], &message), HP_NOT_FOUND, "%s", names[i]);
	cr_expect_eq(message, HP_MSG_submit);
}

Test(message, codes_and_their_exits)
{
	static const struct {
		const char *name;
		int exit;
	} rows[] = {
		{"malformed", 2},    {"too_large", 2},	   {"unauthorised", 9},
		{"not_found", 7},    {"conflict", 10},	   {"digest_mismatch", 10},
		{"not_eligible", 9}, {"self_approval", 9}, {"already_voted", 10},
		{"final", 10},	     {"expired", 4},	   {"halted", 6},
		{"rate_limited", 10}, {"queue_full", 10},  {"bad_signature", 9},
		{"unavailable", 8},  {"unsupported", 2},
	};
	cr_assert_eq(sizeof rows / sizeof rows[0] + 1, (size_t)HP_CODE_COUNT);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		enum hp_code code = hp_code_parse(rows[i].name);
		cr_expect_neq(code, HP_CODE_ok, "%s", rows[i].name);
		cr_expect_str_eq(hp_code_name(code), rows[i].name);
		cr_expect_eq(hp_code_exit(code), rows[i].exit, "%s", rows[i].name);
	}
	cr_expect_eq(hp_code_parse("ok"), HP_CODE_ok);
	cr_expect_eq(hp_code_parse("no_such"), HP_CODE_ok);
	cr_expect_eq(hp_code_exit(HP_CODE_ok), 0);
}
