/* MCP: lines of a client ('c' first) and of a server, without a broker. Whatever they are, what
 * goes out is whole messages, and no call reaches the server, since nothing was granted. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "enforce/mcp_gateway.h"
#include "enforce/mcp_redact.h"

static struct hp_redact *rules;

static void
setup(void)
{
	const struct hp_redact_config config = {.groups = HP_REDACT_ALL};
	if (!rules)
		FUZZ_CHECK(hp_crypto_start() == HP_OK &&
			   hp_redact_new(&config, &rules, NULL) == HP_OK);
}

static bool
parses(struct hp_arena *arena, struct hp_mcp_text text, struct hp_mcp_message *message)
{
	enum hp_mcp_code code;
	struct hp_error err = {0};
	enum hp_status status = hp_mcp_parse(arena, text, message, &code, &err);
	fuzz_check_error(status, &err);
	return status == HP_OK;
}

/* What is cut out of a call is the reasons, and nothing else. */
static void
check_call(struct hp_arena *arena, const struct hp_mcp_message *message)
{
	struct hp_buf line = {0}, payload = {0};
	struct hp_mcp_message cut;
	struct hp_value *was = hp_value_map(arena);
	const struct hp_value *arguments = hp_map_get(message->params, "arguments");
	if (!arguments || arguments->type != HP_MAP)
		return;
	hp_mcp_request_line(message, &line);
	hp_mcp_request_payload(message, &payload);
	FUZZ_CHECK(parses(arena, (struct hp_mcp_text){hp_buf_text(&line), line.len}, &cut));
	const struct hp_value *now = hp_map_get(cut.params, "arguments");
	FUZZ_CHECK(!hp_map_get(now, HP_MCP_REASONS));
	for (size_t i = 0; i < arguments->map.count; i++)
		if (strcmp(arguments->map.pairs[i].key.p, HP_MCP_REASONS) != 0)
			hp_map_setn(arena, was, arguments->map.pairs[i].key.p,
				    arguments->map.pairs[i].key.len, arguments->map.pairs[i].value);
	FUZZ_CHECK(hp_value_equal(was, now) && hp_mcp_id_equal(&message->id, &cut.id));
	hp_buf_release(&line);
	hp_buf_release(&payload);
}

/* A list says the same with our property in it; redacted, it is a message still. */
static void
check_answer(struct hp_arena *arena, const struct hp_mcp_message *message)
{
	struct hp_buf line = {0};
	struct hp_mcp_message again;
	struct hp_mcp_tool *tools;
	const struct hp_value *cursor;
	size_t count, hits;
	if (message->kind == HP_MCP_RESULT &&
	    hp_mcp_list_read(arena, hp_map_get(message->map, "result"), &tools, &count, &cursor,
			     NULL) == HP_OK) {
		bool *visible = hp_arena_array(arena, count + 1, sizeof *visible);
		memset(visible, 1, count);
		hp_mcp_list_rewrite(message, visible, count, &line);
		FUZZ_CHECK(parses(arena, (struct hp_mcp_text){hp_buf_text(&line), line.len},
				  &again));
		FUZZ_CHECK(hp_value_count(hp_map_get(hp_map_get(again.map, "result"), "tools")) ==
			   count);
	}
	hp_buf_reset(&line);
	FUZZ_CHECK(hp_mcp_redact(rules, arena, message, &line, &hits) == HP_OK);
	FUZZ_CHECK(parses(arena, (struct hp_mcp_text){hp_buf_text(&line), line.len}, &again));
	FUZZ_CHECK(again.kind == message->kind && again.id.type == message->id.type);
	FUZZ_CHECK(message->id.type == HP_NIL || hp_mcp_id_equal(&again.id, &message->id));
	bool same = line.len == message->text.len &&
		    memcmp(line.data, message->text.p, line.len) == 0;
	FUZZ_CHECK(hits > 0 || same);
	hp_buf_release(&line);
}

static void
check_out(struct hp_arena *arena, const struct hp_mcp_writer *writer, bool to_server)
{
	const char *at = hp_buf_text(&writer->buf), *end = at + writer->buf.len;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct hp_mcp_message message;
		FUZZ_CHECK(stop != NULL);
		/* Our own word about a line without an id has a null one: that parses too. */
		FUZZ_CHECK(parses(arena, (struct hp_mcp_text){at, (size_t)(stop - at)}, &message));
		FUZZ_CHECK(!to_server || message.kind != HP_MCP_REQUEST ||
			   strcmp(message.method, "tools/call") != 0);
		at = stop + 1;
	}
}

static void
feed(struct hp_mcp *mcp, bool client, struct hp_mcp_text line)
{
	struct hp_mcp_message message;
	struct hp_arena arena = {0};
	if (parses(&arena, line, &message)) {
		if (message.kind == HP_MCP_REQUEST)
			check_call(&arena, &message);
		check_answer(&arena, &message);
	}
	hp_arena_release(&arena);
	(client ? hp_mcp_client_line : hp_mcp_server_line)(mcp, line);
	hp_mcp_client_unpark(mcp, true);
	hp_arena_reset(&mcp->arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hp_mcp_config config = {.environment = "staging", .server = "fuzzed",
					     .session = "s", .pins = "/dev/null/pins",
					     .hold_ms = -1};
	struct hp_mcp mcp = {.config = &config};
	const char *at = (const char *)data, *end = at + size;
	setup();
	mcp.redact = rules;
	mcp.tools.pinned = hp_value_map(&mcp.tools.pin_arena);
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);
		if (len > 0)
			feed(&mcp, *at == 'c', (struct hp_mcp_text){at + 1, len - 1});
		at += len + 1;
	}
	check_out(&mcp.arena, &mcp.to_client, false);
	check_out(&mcp.arena, &mcp.to_server, true);
	hp_mcp_client_unpark(&mcp, false);
	hp_mcp_calls_release(&mcp);
	hp_mcp_tools_release(&mcp);
	hp_mcp_ids_release(&mcp.ids);
	hp_mcp_writer_release(&mcp.to_client);
	hp_mcp_writer_release(&mcp.to_server);
	hp_arena_release(&mcp.arena);
	return 0;
}
