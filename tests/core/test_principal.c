#include "tests/core/vectors.h"

#include "core/limits.h"
#include "core/principal.h"

/* RFC 32's second test case, and base64 of 32 bytes. */
#define KEY "curve_public: 'JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6'\n"
#define SIGN "sign_public: A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n"

static enum hp_status
parse(struct hp_arena *arena, const char *name, const char *text, struct hp_principal *ret,
      struct hp_error *err)
{
	const struct hp_value *map;
	enum hp_status status = hp_yaml_load(arena, text, strlen(text), &map, err);
	cr_assert_eq(status, HP_OK, "%s: %s", text, err->message);
	return hp_principal_parse(arena, name, map, ret, err);
}

static struct hp_principal
read_good(struct hp_arena *arena, const char *name, const char *text)
{
	struct hp_principal principal = {0};
	struct hp_error err = {0};
	cr_assert_eq(parse(arena, name, text, &principal, &err), HP_OK, "%s: %s", text,
		     err.message);
	return principal;
}

Test(principal, an_agent_with_everything)
{
	struct hp_arena arena = {0};
	struct hp_principal agent = read_good(&arena, "kiro-1",
					      "roles: [agent]\n"
					      "mode: supervised\n"
					      "owner: Ana Nováková\n"
					      "environments: [staging, development]\n"
					      "operations: ['k8s:*', \"sql:query\"]\n" KEY SIGN);
	cr_assert_str_eq(agent.name, "kiro-1");
	cr_assert_eq(agent.roles, HP_ROLE_AGENT);
	cr_assert_eq(agent.mode, HP_MODE_SUPERVISED);
	cr_assert_str_eq(agent.owner, "Ana Nováková");
	cr_assert_str_eq(agent.person, "");
	cr_assert_str_eq(agent.audience, "");
	cr_assert_str_eq(hp_principal_owner(&agent), "Ana Nováková");
	cr_assert_eq(agent.environment_count, 2);
	cr_assert_str_eq(agent.environments[1], "development");
	cr_assert_eq(agent.operation_count, 2);
	cr_assert_str_eq(agent.operations[0], "k8s:*");
	cr_assert_eq(agent.group_count, 0);
	cr_assert_eq(agent.agent_count, 0);
	cr_assert_eq(agent.curve_public[0], 0x8e);
	cr_assert_eq(agent.curve_public[31], 0xb7);
	cr_assert(agent.has_sign);
	cr_assert_eq(agent.sign_public[0], 0x03);
	cr_assert_eq(agent.sign_public[31], 0xb8);
	cr_assert_not(agent.revoked);
	hp_arena_release(&arena);
}

Test(principal, every_role_by_itself)
{
	static const struct {
		const char *text;
		unsigned roles;
		enum hp_mode mode;
		const char *owner;
	} cases[] = {
		{"roles: [agent]\nmode: autonomous\nowner: dev\n" KEY, HP_ROLE_AGENT,
		 HP_MODE_AUTONOMOUS, "dev"},
		{"roles: [human]\nperson: dev\n" KEY, HP_ROLE_HUMAN, HP_MODE_HUMAN, "dev"},
		{"roles: [reviewer]\nperson: ana\ngroups: [oncall, dba]\n" KEY SIGN,
		 HP_ROLE_REVIEWER, HP_MODE_AUTONOMOUS, "ana"},
		{"roles: [gateway]\nagents: [kiro-1, kiro-2]\n" KEY, HP_ROLE_GATEWAY,
		 HP_MODE_AUTONOMOUS, ""},
		{"roles: [gateway]\nowner: d\n" KEY, HP_ROLE_GATEWAY, HP_MODE_AUTONOMOUS, "d"},
		{"roles: [executor]\naudience: executor\nenvironments: [production]\n" KEY,
		 HP_ROLE_EXECUTOR, HP_MODE_AUTONOMOUS, ""},
		{"roles: [admin]\nperson: cy\n" KEY, HP_ROLE_ADMIN, HP_MODE_AUTONOMOUS, "cy"},
		{"roles: [admin]\n" KEY, HP_ROLE_ADMIN, HP_MODE_AUTONOMOUS, ""},
		{"roles: [auditor]\n" KEY, HP_ROLE_AUDITOR, HP_MODE_AUTONOMOUS, ""},
		{"roles: [human, reviewer, admin, auditor]\nperson: ana\n" KEY SIGN,
		 HP_ROLE_HUMAN | HP_ROLE_REVIEWER | HP_ROLE_ADMIN | HP_ROLE_AUDITOR,
		 HP_MODE_HUMAN, "ana"},
		{"roles: [agent, executor]\nmode: supervised\nowner: dev\naudience: a\n"
		 "environments: [staging]\n" KEY,
		 HP_ROLE_AGENT | HP_ROLE_EXECUTOR, HP_MODE_SUPERVISED, "dev"},
		{"{roles: [auditor], groups: [], agents: [], owner: null, revoked: false,\n" KEY
		 "}", HP_ROLE_AUDITOR, HP_MODE_AUTONOMOUS, ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_principal read = read_good(&arena, "x", cases[i].text);
		cr_assert_eq(read.roles, cases[i].roles, "case %zu", i);
		cr_assert_eq(read.mode, cases[i].mode, "case %zu", i);
		cr_assert_str_eq(hp_principal_owner(&read), cases[i].owner, "case %zu", i);
		hp_arena_release(&arena);
	}
}

#define AGENT "mode: autonomous\nowner: dev\n"

/* What is refused, where, and a part of why. */
static const struct {
	const char *text, *field, *why;
	unsigned line, column;
} refused[] = {
	/* machines do not release */
	{"roles: [agent, reviewer]\nperson: a\n" AGENT KEY SIGN, "roles",
	 "role 'agent' excludes role 'reviewer'", 1, 1},
	{"roles: [admin, agent]\n" AGENT KEY, "roles", "role 'agent' excludes role 'admin'", 1, 1},
	{"roles: [gateway, reviewer]\nperson: a\n" KEY SIGN, "roles",
	 "role 'gateway' excludes role 'reviewer'", 1, 1},
	{KEY "roles: [gateway, admin]\n", "roles", "role 'gateway' excludes role 'admin'", 2, 1},
	{"roles: [executor, reviewer]\nperson: a\naudience: a\nenvironments: [p]\n" KEY SIGN,
	 "roles", "role 'executor' excludes role 'reviewer'", 1, 1},
	{"roles: [executor, admin]\naudience: a\nenvironments: [p]\n" KEY, "roles",
	 "role 'executor' excludes role 'admin'", 1, 1},
	{"roles: [agent, human]\nperson: a\n" AGENT KEY, "roles",
	 "role 'agent' excludes role 'human'", 1, 1},
	{"{roles: [gateway, admin], " KEY "}", "roles", "role 'gateway' excludes role 'admin'", 1,
	 2},
	/* what a role needs */
	{"roles: [agent]\nowner: dev\n" KEY, "mode", "role 'agent' needs 'mode'", 1, 1},
	{"roles: [agent]\nmode: supervised\n" KEY, "owner", "role 'agent' needs 'owner'", 1, 1},
	{"roles: [human]\n" KEY, "person", "role 'human' needs 'person'", 1, 1},
	{"roles: [reviewer]\n" KEY SIGN, "person", "role 'reviewer' needs 'person'", 1, 1},
	{"roles: [reviewer]\nperson: a\n" KEY, "sign_public",
	 "role 'reviewer' needs 'sign_public'", 1, 1},
	{"roles: [reviewer]\nperson: a\nsign_public: ~\n" KEY, "sign_public",
	 "role 'reviewer' needs 'sign_public'", 3, 1},
	{"roles: [executor]\nenvironments: [p]\n" KEY, "audience",
	 "role 'executor' needs 'audience'", 1, 1},
	{"roles: [executor]\naudience: a\n" KEY, "environments",
	 "exactly one environment, not 0", 1, 1},
	{"roles: [executor]\naudience: a\nenvironments: []\n" KEY, "environments",
	 "exactly one environment, not 0", 3, 1},
	{"roles: [executor]\naudience: a\nenvironments: [p, q]\n" KEY, "environments",
	 "exactly one environment, not 2", 3, 1},
	/* what says nothing for the roles */
	{"roles: [human]\nperson: a\nmode: supervised\n" KEY, "mode", "'mode' is for an agent only",
	 3, 1},
	{"roles: [human]\nperson: a\nowner: b\n" KEY, "owner", "'owner' is for an agent", 3, 1},
	{"roles: [agent]\nperson: a\n" AGENT KEY, "person", "'person' is for a human", 2, 1},
	{"roles: [gateway]\naudience: a\n" KEY, "audience", "'audience' is for an executor only", 2,
	 1},
	{"roles: [agent]\nagents: [b]\n" AGENT KEY, "agents", "'agents' is for a gateway only", 2,
	 1},
	/* keys and values */
	{"roles: [auditor]\n" KEY "curve_secret: x\n", "curve_secret", "curve_secret", 3, 1},
	{"roles: [auditor]\n" KEY "  \nrole: x\n", "role", "role", 4, 1},
	{"{}", "roles", "roles", 1, 1},
	{"roles: []\n" KEY, "roles", "roles", 1, 8},
	{"roles: agent\n" KEY, "roles", "roles", 1, 8},
	{"roles: [root]\n" KEY, "roles[0]", "root", 1, 9},
	{"roles: [Agent]\n" KEY, "roles[0]", "Agent", 1, 9},
	{"roles: [auditor]\n", "curve_public", "curve_public", 1, 1},
	{"roles: [agent]\nmode: human\nowner: dev\n" KEY, "mode", "human", 2, 7},
	{"roles: [auditor]\nrevoked: 'yes'\n" KEY, "revoked", "revoked", 2, 10},
	{"roles: [auditor]\ngroups: [a b]\n" KEY, "groups[0]", "groups[0]", 2, 10},
	{"roles: [auditor]\ngroups: ['']\n" KEY, "groups[0]", "groups[0]", 2, 10},
	{"roles: [auditor]\noperations: ['']\n" KEY, "operations[0]", "operations[0]", 2, 14},
	{"roles: [auditor]\noperations: [\"a\\0b\"]\n" KEY, "operations",
	 "'operations[0]' holds a NUL", 2, 1},
	{"roles: [auditor]\ncurve_public: 'JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh'\n",
	 "curve_public", "curve_public", 2, 15},
	{"roles: [auditor]\ncurve_public: 'JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{L~6'\n",
	 "curve_public", "not Z85", 2, 1},
	{"roles: [auditor]\ncurve_public: \"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh\\0\"\n",
	 "curve_public", "not Z85", 2, 1},
	{"roles: [auditor]\n" KEY "sign_public: A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMb==\n",
	 "sign_public", "not base64", 3, 1},
	{"roles: [auditor]\n" KEY "sign_public: A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n",
	 "sign_public", "not base64", 3, 1},
	/* persons are what they look like */
	{"roles: [human]\nperson: ''\n" KEY, "person", "person", 2, 9},
	{"roles: [human]\nperson: 7\n" KEY, "person", "person", 2, 9},
	{"roles: [human]\nperson: ' a'\n" KEY, "person", "spaces to spare", 2, 1},
	{"roles: [human]\nperson: 'a '\n" KEY, "person", "spaces to spare", 2, 1},
	{"roles: [human]\nperson: 'á '\n" KEY, "person", "spaces to spare: '<U+00E1> '", 2, 1},
	{"roles: [human]\nperson: 'a  b'\n" KEY, "person", "spaces to spare", 2, 1},
	{"roles: [human]\nperson: \"a\\nb\"\n" KEY, "person", "a<U+000A>b", 2, 1},
	{"roles: [human]\nperson: \"a\\0b\"\n" KEY, "person", "a<U+0000>b", 2, 1},
	{"roles: [human]\nperson: \"a\\u200bb\"\n" KEY, "person", "a<U+200B>b", 2, 1},
	{"roles: [agent]\nmode: supervised\nowner: \"\\u202eana\"\n" KEY, "owner", "<U+202E>ana", 3,
	 1},
};

Test(principal, what_is_refused_where_and_why)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_principal read = {.name = "kept"};
		struct hp_error err = {0};
		cr_assert_eq(parse(&arena, "x", refused[i].text, &read, &err), HP_INVALID, "%s",
			     refused[i].text);
		cr_assert_not_null(strstr(err.message, refused[i].why), "%s: %s", refused[i].text,
				   err.message);
		cr_assert_str_eq(err.field, refused[i].field, "%s", refused[i].text);
		cr_assert_eq(err.line, refused[i].line, "%s: line %u", refused[i].text, err.line);
		cr_assert_eq(err.column, refused[i].column, "%s: column %u", refused[i].text,
			     err.column);
		const struct hp_value *map;
		cr_assert_eq(hp_yaml_load(&arena, refused[i].text, strlen(refused[i].text), &map,
					  NULL), HP_OK);
		cr_assert_eq(hp_principal_parse(&arena, "x", map, &read, NULL), HP_INVALID);
		cr_assert_str_eq(read.name, "kept");
		hp_arena_release(&arena);
	}
}

Test(principal, names_are_file_names_and_not_the_brokers)
{
	static const char good[] = "roles: [auditor]\n" KEY;
	static const char *const wrong[] = {
		"", ".", "..", ".x", "-x", "_x", "a/b", "a b", "a\n", "ä", "broker", "policy", "unknown",
		"a123456789b123456789c123456789d123456789e123456789f123456789g1234",
	};
	static const char *const right[] = {
		"a", "7", "Ana.B_c-d", "brokers", "Policy",
		"a123456789b123456789c123456789d123456789e123456789f123456789g123",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_principal read;
		struct hp_error err = {0};
		cr_assert_eq(parse(&arena, wrong[i], good, &read, &err), HP_INVALID, "'%s'",
			     wrong[i]);
		hp_arena_release(&arena);
	}
	for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
		struct hp_arena arena = {0};
		cr_assert_str_eq(read_good(&arena, right[i], good).name, right[i]);
		hp_arena_release(&arena);
	}
}

Test(principal, an_entry_goes_there_and_back)
{
	static const char *const texts[] = {
		"roles: [agent]\nmode: supervised\nowner: dev\nenvironments: [staging]\n"
		"operations: ['k8s:*']\n" KEY SIGN,
		"roles: [human, reviewer]\nperson: ana\ngroups: [oncall, dba]\n" KEY SIGN
		"revoked: true\n",
		"roles: [gateway]\nowner: dev\nagents: [kiro]\n" KEY,
		"roles: [executor]\nenvironments: [production]\naudience: executor\n" KEY,
		"roles: [human]\nperson: a\n" KEY,
		"roles: [gateway]\nowner: b\n" KEY,
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct hp_arena arena = {0};
		const struct hp_value *map;
		struct hp_principal first = read_good(&arena, "x", texts[i]);
		struct hp_value *written = hp_principal_to_value(&arena, &first);
		cr_assert_eq(hp_yaml_load(&arena, texts[i], strlen(texts[i]), &map, NULL), HP_OK);
		cr_assert(hp_value_equal(written, map), "%s", texts[i]);
		hp_arena_release(&arena);
	}
}

Test(principal, roles_and_modes_have_the_wires_names)
{
	static const char *const roles[] = {"agent", "human", "reviewer", "gateway", "executor",
					    "admin", "auditor"};
	for (unsigned i = 0; i < 7; i++) {
		enum hp_role role = 0;
		cr_assert_str_eq(hp_role_name(1u << i), roles[i]);
		cr_assert(hp_role_parse(roles[i], &role));
		cr_assert_eq(role, 1u << i);
	}
	enum hp_role role = HP_ROLE_ADMIN;
	cr_assert_not(hp_role_parse("root", &role));
	cr_assert_not(hp_role_parse("", &role));
	cr_assert_not(hp_role_parse(NULL, &role));
	cr_assert_eq(role, HP_ROLE_ADMIN);
	cr_assert_str_eq(hp_role_name(HP_ROLE_AGENT | HP_ROLE_HUMAN), "");
	cr_assert_str_eq(hp_role_name(0), "");
	cr_assert_str_eq(hp_role_name(1u << 7), "");
	cr_assert_str_eq(hp_mode_name(HP_MODE_HUMAN), "human");
	cr_assert_str_eq(hp_mode_name(HP_MODE_SUPERVISED), "supervised");
	cr_assert_str_eq(hp_mode_name(HP_MODE_AUTONOMOUS), "autonomous");
	cr_assert_str_eq(hp_mode_name((enum hp_mode)3), "");
}

/* ---- Z85 ---- */

/* ZeroMQ RFC 32: the specification's example, four times, and its test case. */
Test(principal, z85_is_that_of_rfc_32)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
		{"HelloWorldHelloWorldHelloWorldHelloWorld",
		 "864fd26fb559f75b864fd26fb559f75b864fd26fb559f75b864fd26fb559f75b"},
		{"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
		 "8e0bdd697628b91d8f245587ee95c5b04d48963f79259877b49cd9063aead3b7"},
		{"0000000000000000000000000000000000000000",
		 "0000000000000000000000000000000000000000000000000000000000000000"},
		{"%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0",
		 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	};
	struct hp_arena arena = {0};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_str bytes = from_hex(&arena, cases[i].hex);
		uint8_t read[HP_CURVE_BYTES];
		char text[41];
		hp_z85_encode((const uint8_t *)bytes.p, text);
		cr_assert_str_eq(text, cases[i].text);
		cr_assert_eq(hp_z85_decode(cases[i].text, read), HP_OK);
		cr_assert_arr_eq(read, bytes.p, sizeof read);
	}
	hp_arena_release(&arena);
}

/* Every string that decodes encodes back to itself: a key has one spelling. */
Test(principal, z85_is_strict)
{
	static const char *const wrong[] = {
		"", "HelloWorld", "HelloWorldHelloWorldHelloWorldHelloWorl",
		"HelloWorldHelloWorldHelloWorldHelloWorldX",
		"HelloWorldHelloWorldHelloWorldHello orld",
		"HelloWorldHelloWorldHelloWorldHello\"orld",
		"HelloWorldHelloWorldHelloWorldHello\xc3\xa4ld",
		"%nSc1%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0", /* 2^32 */
		"%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0%nSc0#####",
	};
	uint8_t read[HP_CURVE_BYTES] = {9};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		cr_assert_eq(hp_z85_decode(wrong[i], read), HP_INVALID, "%s", wrong[i]);
	cr_assert_eq(read[0], 9);
	for (size_t at = 0; at < 40; at++) {
		for (int byte = 1; byte < 256; byte++) {
			char text[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6", again[41];
			text[at] = (char)byte;
			if (hp_z85_decode(text, read))
				continue;
			hp_z85_encode(read, again);
			cr_assert_str_eq(again, text);
		}
	}
}
