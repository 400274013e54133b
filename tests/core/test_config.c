#include "tests/core/vectors.h"

#include "core/config.h"

#define HOME "/srv/hp"

static enum hp_status
parse(struct hp_arena *arena, const char *text, struct hp_config *config, struct hp_error *err)
{
	return hp_config_parse(arena, text, strlen(text), HOME, config, err);
}

Test(config, the_least_file_has_sane_defaults)
{
	struct hp_arena arena = {0};
	struct hp_config config = {0};
	struct hp_error err = {0};
	cr_assert_eq(parse(&arena, "instance: hp.example/prod\n", &config, &err), HP_OK, "%s",
		     err.message);
	cr_assert_str_eq(config.instance, "hp.example/prod");
	cr_assert_str_eq(config.agents, "ipc://" HOME "/run/agents");
	cr_assert_str_eq(config.control, "ipc://" HOME "/run/control");
	cr_assert_str_eq(config.events, "ipc://" HOME "/run/events");
	cr_assert_str_eq(config.state_dir, HOME "/state");
	cr_assert_str_eq(config.run_dir, HOME "/run");
	cr_assert_str_eq(config.lock_file, HOME "/state/checkpoint.lock");
	cr_assert_eq(config.max_messages_per_turn, 256);
	cr_assert_eq(config.max_connections, 4096);
	cr_assert_eq(config.anchor_count, 0);
	cr_assert_eq(config.erase_after_ms, -1);
	cr_assert_not(config.trial);
	cr_assert_not(config.same_uid_allow);
	hp_arena_release(&arena);
}

Test(config, every_key_is_read)
{
	struct hp_arena arena = {0};
	struct hp_config config = {0};
	struct hp_error err = {0};
	cr_assert_eq(parse(&arena,
			   "instance: hp.example/log1\n"
			   "agents: \"tcp://*:7001\"\n"
			   "control: ipc:///run/holdpoint/control\n"
			   "events: ipc://sockets/events\n"
			   "state_dir: /var/lib/holdpoint\n"
			   "run_dir: /run/holdpoint\n"
			   "lock_file: ../lock\n"
			   "limits: {messages_per_turn: 64, connections: 100}\n"
			   "anchors: [{file: /mnt/a}, syslog, {file: b}, {syslog: true}]\n"
			   "erase_after: 30d\n"
			   "same_uid: allow\n"
			   "trial: true\n",
			   &config, &err),
		     HP_OK, "%s", err.message);
	cr_assert_str_eq(config.agents, "tcp://*:7001");
	cr_assert_str_eq(config.control, "ipc:///run/holdpoint/control");
	cr_assert_str_eq(config.events, "ipc://" HOME "/sockets/events");
	cr_assert_str_eq(config.state_dir, "/var/lib/holdpoint");
	cr_assert_str_eq(config.run_dir, "/run/holdpoint");
	cr_assert_eq(config.erase_after_ms, 30LL * 24 * 3600 * 1000);
	cr_assert_eq(config.anchor_count, 4);
	cr_assert_str_eq(config.anchors[0].file, "/mnt/a");
	cr_assert_null(config.anchors[1].file);
	cr_assert_str_eq(config.anchors[2].file, HOME "/b");
	cr_assert_null(config.anchors[3].file);
	cr_assert_str_eq(config.lock_file, HOME "/../lock");
	cr_assert_eq(config.max_messages_per_turn, 64);
	cr_assert_eq(config.max_connections, 100);
	cr_assert(config.trial);
	cr_assert(config.same_uid_allow);
	hp_arena_release(&arena);
}

#define I "instance: hp\n"
#define LONG                                                                                       \
	"/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789" \
	"/0123456789/01234567"

static const struct {
	const char *text;
	enum hp_status status;
	unsigned line, column;
	const char *field, *message;
} bad[] = {
	{"", HP_INVALID, 1, 1, "instance", "\"instance\" is missing"},
	{I "colour: red\n", HP_INVALID, 2, 1, "colour", "unknown key \"colour\""},
	{I "contol: ipc:///x\n", HP_INVALID, 2, 1, "contol", "did you mean \"control\"?"},
	{"instance: a b\n", HP_INVALID, 1, 11, "instance", "printable ASCII without spaces"},
	{"instance: a+b\n", HP_INVALID, 1, 11, "instance", "\"+\""},
	{"instance: \"a\\nb\"\n", HP_INVALID, 1, 11, "instance", "printable ASCII"},
	{"instance: 7\n", HP_INVALID, 1, 11, "instance", "must be a string"},
	{I "agents: http://x\n", HP_INVALID, 2, 9, "agents",
	 "must be ipc://PATH or tcp://HOST:PORT"},
	{I "agents: ipc://\n", HP_INVALID, 2, 9, "agents", "must be ipc://PATH"},
	{I "agents: \"ipc://@abstract\"\n", HP_INVALID, 2, 9, "agents", "must be ipc://PATH"},
	{I "agents: tcp://host\n", HP_INVALID, 2, 9, "agents", "must be ipc://PATH"},
	{I "agents: tcp://:7001\n", HP_INVALID, 2, 9, "agents", "must be ipc://PATH"},
	{I "agents: tcp://host:0\n", HP_INVALID, 2, 9, "agents", "must be ipc://PATH"},
	{I "agents: tcp://host:65536\n", HP_INVALID, 2, 9, "agents", "must be ipc://PATH"},
	{I "agents: tcp://host:70x\n", HP_INVALID, 2, 9, "agents", "must be ipc://PATH"},
	{I "agents: \"tcp://a b:7001\"\n", HP_INVALID, 2, 9, "agents", "must be ipc://PATH"},
	{I "agents: \"ipc:///a\\tb\"\n", HP_INVALID, 2, 9, "agents", "control characters"},
	{I "agents: ipc://" LONG "\n", HP_INVALID, 2, 9, "agents",
	 "has a socket path of 108 bytes, and the system allows 107"},
	{I "run_dir: " LONG "\n", HP_INVALID, 0, 0, "agents", "has a socket path of 115 bytes"},
	{I "agents: tcp://h:1\ncontrol: tcp://h:1\n", HP_INVALID, 3, 10, "control",
	 "is the same endpoint as \"agents\""},
	{I "state_dir: \"\"\n", HP_INVALID, 2, 12, "state_dir", "1 to 4095 bytes"},
	{I "lock_file: \"a\\u0001\"\n", HP_INVALID, 2, 12, "lock_file", "control characters"},
	{I "limits: {messages_per_turn: 0}\n", HP_INVALID, 2, 29, "limits.messages_per_turn",
	 "1 to 65536"},
	{I "limits: {connection: 1}\n", HP_INVALID, 2, 10, "limits.connection",
	 "did you mean \"connections\"?"},
	{I "same_uid: maybe\n", HP_INVALID, 2, 11, "same_uid", "must be \"allow\" or \"refuse\""},
	{I "same_uid: allow\n", HP_INVALID, 2, 11, "same_uid", "only with \"trial: true\""},
	{I "trial: \"yes\"\n", HP_INVALID, 2, 8, "trial", "must be true or false"},
	{I "anchors: [ftp]\n", HP_INVALID, 2, 11, "anchors[0]", "must be one of \"syslog\""},
	{I "anchors: [{file: /a, syslog: true}]\n", HP_INVALID, 2, 11, "anchors[0]",
	 "must be one of"},
	{I "anchors: [{}]\n", HP_INVALID, 2, 11, "anchors[0]", "must be one of"},
	{I "anchors: [{url: x}]\n", HP_INVALID, 2, 12, "anchors[0].url", "unknown key"},
	{I "anchors: [{file: \"/a\\u0007\"}]\n", HP_INVALID, 2, 18, "anchors[0]",
	 "control characters"},
	{I "erase_after: soon\n", HP_INVALID, 2, 14, "erase_after", "a duration"},
	{I "erase_after: 1ms\n", HP_INVALID, 2, 14, "erase_after", "at least 1 s"},
	{I "instance: hp\n", HP_INVALID, 2, 1, "", "instance"},
	{"- a\n", HP_INVALID, 1, 1, "", "must be a map"},
};

Test(config, what_is_wrong_has_its_place)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_config config = {.instance = "untouched"};
		struct hp_error err = {0};
		cr_expect_eq(parse(&arena, bad[i].text, &config, &err), bad[i].status, "%s",
			     bad[i].text);
		cr_expect_str_eq(config.instance, "untouched");
		cr_expect_eq(err.line, bad[i].line, "%s%u:%u", bad[i].text, err.line, err.column);
		cr_expect_eq(err.column, bad[i].column, "%s%u:%u", bad[i].text, err.line,
			     err.column);
		cr_expect_str_eq(err.field, bad[i].field, "%s", bad[i].text);
		cr_expect_not_null(strstr(err.message, bad[i].message), "%s%s", bad[i].text,
				   err.message);
		hp_arena_release(&arena);
	}
}

Test(config, a_path_of_107_bytes_is_fine)
{
	struct hp_arena arena = {0};
	struct hp_config config = {0};
	char text[256];
	snprintf(text, sizeof text, I "agents: ipc://%.107s\n", LONG);
	cr_assert_eq(parse(&arena, text, &config, NULL), HP_OK);
	cr_assert_eq(strlen(config.agents), 6 + 107);
	hp_arena_release(&arena);
}
