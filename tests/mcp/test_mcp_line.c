/* Lines in and out of descriptors, lists, and redaction of whole messages. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "enforce/mcp_line.h"
#include "enforce/mcp_list.h"
#include "enforce/mcp_redact.h"
#include "enforce/mcp_tools.h"

static void
feed(struct hp_mcp_reader *reader, const char *bytes, size_t len)
{
	int ends[2];
	cr_assert_eq(pipe(ends), 0);
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	cr_assert_eq(write(ends[1], bytes, len), (ssize_t)len);
	close(ends[1]);
	for (size_t got = 0; got < len; got += 64 * 1024)
		hp_mcp_reader_fill(reader, ends[0]);
	close(ends[0]);
}

Test(mcp_line, lines_come_whole_however_they_arrive)
{
	static const char stream[] = "one\n\ntwo\r\nlast";
	struct hp_mcp_reader reader = {0};
	struct hp_mcp_text line;
	static const char *const lines[] = {"one", "", "two\r"};
	size_t count = 0;
	for (size_t i = 0; i < sizeof stream - 1; i++) {
		feed(&reader, stream + i, 1);
		while (hp_mcp_reader_next(&reader, &line) == HP_MCP_READ_LINE) {
			cr_assert_lt(count, 3);
			cr_expect_eq(line.len, strlen(lines[count]));
			cr_expect_eq(memcmp(line.p, lines[count], line.len), 0);
			count++;
		}
	}
	cr_expect_eq(count, 3, "what has no end is no line");
	hp_mcp_reader_release(&reader);
}

Test(mcp_line, one_that_is_too_long_is_told_once_with_its_id)
{
	enum { PIECE = 256 * 1024 };
	struct hp_mcp_reader reader = {0};
	struct hp_mcp_text line;
	static char filler[PIECE];
	bool method;
	memset(filler, 'x', sizeof filler);
	feed(&reader, "{\"a\":\"", 6);
	for (size_t done = 0; done <= HP_LIMIT_MCP_LINE_BYTES + PIECE; done += PIECE) {
		feed(&reader, filler, sizeof filler);
		cr_assert_eq(hp_mcp_reader_next(&reader, &line), HP_MCP_READ_NONE);
		cr_assert_leq(reader.buf.len, HP_LIMIT_MCP_LINE_BYTES + 2 * PIECE);
	}
	feed(&reader, "\",\"id\":5}\nnext\n", 15);
	cr_assert_eq(hp_mcp_reader_next(&reader, &line), HP_MCP_READ_TOO_LONG);
	cr_expect_str_eq(hp_mcp_scan_id(&reader.scan, &method), "5");
	cr_assert_eq(hp_mcp_reader_next(&reader, &line), HP_MCP_READ_LINE);
	cr_expect_eq(memcmp(line.p, "next", 4), 0);
	hp_mcp_reader_release(&reader);
}

Test(mcp_line, a_writer_never_blocks_and_says_when_it_is_full)
{
	struct hp_mcp_writer writer = {0};
	static char line[1 << 20];
	int ends[2];
	cr_assert_eq(pipe(ends), 0);
	memset(line, 'y', sizeof line);
	while (!hp_mcp_writer_full(&writer))
		hp_mcp_writer_add_line(&writer, (struct hp_mcp_text){line, sizeof line});
	cr_expect_gt(writer.buf.len, HP_LIMIT_MCP_QUEUE_BYTES);
	/* As poll would: one small write at a time goes into a pipe with room. */
	hp_mcp_writer_flush(&writer, ends[1]);
	cr_expect_eq(writer.done, 4096);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	hp_mcp_writer_flush(&writer, ends[1]);
	cr_expect(writer.broken && !hp_mcp_writer_pending(&writer) && !hp_mcp_writer_full(&writer));
	close(ends[1]);
	hp_mcp_writer_release(&writer);
}

static struct hp_mcp_message
parse(struct hp_arena *arena, const char *text)
{
	struct hp_mcp_message message = {0};
	enum hp_mcp_code code;
	struct hp_error err = {0};
	cr_assert_eq(hp_mcp_parse(arena, (struct hp_mcp_text){text, strlen(text)}, &message, &code,
				  &err),
		     HP_OK, "%s: %s", text, err.message);
	return message;
}

/* --- redaction --- */

#define RESULT "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":"
#define KEY "AKIA" "Z7QXAMPLEKEY2345"

Test(mcp_redact, what_is_found_is_spliced_and_nothing_else)
{
	static const struct {
		const char *in, *out; /* out NULL: as it was */
	} cases[] = {
		{RESULT "{\"n\": 0.10, \"t\": \"plain\"} }", NULL},
		{RESULT "{\"n\": 0.10, \"t\": \"" KEY "\"} }",
		 RESULT "{\"n\": 0.10, \"t\": \"[REDACTED:aws_access_key]\"} }"},
		{RESULT "{\"content\":[{\"type\":\"image\",\"data\":\"" KEY "\"}]}}", NULL},
		{RESULT "{\"content\":[{\"type\":\"text\",\"data\":\"" KEY "\"}]}}",
		 RESULT "{\"content\":[{\"type\":\"text\",\"data\":\"[REDACTED:aws_access_key]\"}]}}"},
		{RESULT "{\"contents\":[{\"uri\":\"a\",\"blob\":\"" KEY "\"}]}}", NULL},
		{RESULT "{\"nextCursor\":\"" KEY "\"}}", NULL},
		{RESULT "{\"structuredContent\":{\"nextCursor\":\"" KEY "\",\"type\":\"image\","
			"\"data\":\"" KEY "\"}}}",
		 RESULT "{\"structuredContent\":{\"nextCursor\":\"[REDACTED:aws_access_key]\",\"type\":"
			"\"image\",\"data\":\"[REDACTED:aws_access_key]\"}}}"},
		{RESULT "{\"card\":4111111111111111,\"n\":7}}",
		 RESULT "{\"card\":0,\"n\":7}}"},
		{RESULT "{\"" KEY "\":1,\"x\":[[\"" KEY "\"]]}}",
		 RESULT "{\"[REDACTED:aws_access_key] 1\":1,\"x\":[[\"[REDACTED:aws_access_key]\"]]}}"},
	};
	const struct hp_redact_config config = {.groups = HP_REDACT_ALL};
	struct hp_redact *set;
	cr_assert_eq(hp_redact_new(&config, &set, NULL), HP_OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_buf buf = {0};
		size_t hits;
		struct hp_mcp_message message = parse(&arena, cases[i].in);
		cr_assert_eq(hp_mcp_redact(set, &arena, &message, &buf, &hits), HP_OK);
		cr_expect_str_eq(hp_buf_text(&buf), cases[i].out ? cases[i].out : cases[i].in);
		hp_buf_release(&buf);
		hp_arena_release(&arena);
	}
	hp_redact_free(set);
}

/* --- lists --- */

static struct hp_mcp_tool *
list(struct hp_arena *arena, const char *tools, size_t *ret_count)
{
	struct hp_mcp_tool *read = NULL;
	const struct hp_value *cursor;
	struct hp_mcp_message message =
		parse(arena, hp_arena_printf(arena, RESULT "{\"tools\":%s}}", tools));
	return hp_mcp_list_read(arena, hp_map_get(message.map, "result"), &read, ret_count,
				&cursor, NULL) == HP_OK
		       ? read
		       : NULL;
}

Test(mcp_list, order_is_no_change_and_everything_else_is)
{
	static const struct {
		const char *tools;
		bool same;
	} cases[] = {
		{"[{\"inputSchema\":{\"b\":2,\"a\":[1,2]},\"name\":\"t\"}]", true},
		{"[ {\"name\" : \"\\u0074\",\"inputSchema\":{\"a\":[1,2],\"b\":2}} ]", true},
		{"[{\"name\":\"t\",\"inputSchema\":{\"a\":[2,1],\"b\":2}}]", false},
		{"[{\"name\":\"t\",\"inputSchema\":{\"a\":[1,2],\"b\":2.0}}]", false},
		{"[{\"name\":\"t\",\"inputSchema\":{\"a\":[1,2],\"b\":2},\"title\":\"\"}]", false},
	};
	struct hp_arena arena = {0};
	size_t count;
	struct hp_mcp_tool *first = list(
		&arena, "[{\"name\":\"t\",\"inputSchema\":{\"a\":[1,2],\"b\":2}}]", &count);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_mcp_tool *other = list(&arena, cases[i].tools, &count);
		cr_assert(other && count == 1);
		cr_expect_eq(memcmp(first->hash, other->hash, HP_HASH_BYTES) == 0, cases[i].same,
			     "%s", cases[i].tools);
	}
	hp_arena_release(&arena);
}

Test(mcp_list, a_list_that_is_none_is_refused)
{
	static const char *const cases[] = {
		"{}", "[{}]", "[{\"name\":\"\"}]", "[{\"name\":7}]", "[{\"name\":\"a\\u0000\"}]",
		"[{\"name\":\"tools-changed\"}]", "[{\"name\":\"a\"},{\"name\":\"a\"}]",
	};
	struct hp_arena arena = {0};
	size_t count;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_expect_null(list(&arena, cases[i], &count), "%s", cases[i]);
	hp_arena_release(&arena);
}

Test(mcp_list, a_difference_names_what_a_person_has_to_look_at)
{
	struct hp_arena arena = {0};
	struct hp_value *pinned = hp_value_map(&arena), *listed = hp_value_map(&arena);
	hp_map_set_str(&arena, pinned, "same", "1");
	hp_map_set_str(&arena, pinned, "changed", "1");
	hp_map_set_str(&arena, pinned, "gone", "1");
	cr_expect_null(hp_mcp_pin_compare(&arena, pinned, hp_value_copy(&arena, pinned)));
	hp_map_set_str(&arena, listed, "changed", "2");
	hp_map_set_str(&arena, listed, "same", "1");
	for (int i = 0; i < 100; i++)
		hp_map_set_str(&arena, listed, hp_arena_printf(&arena, "new%d", i), "1");
	const struct hp_value *difference = hp_mcp_pin_compare(&arena, pinned, listed);
	cr_expect_eq(hp_value_count(hp_map_get(difference, "added")), 65, "cut to a page");
	cr_expect(hp_value_is(hp_array_get(hp_map_get(difference, "added"), 64), "and 36 more"));
	cr_expect(hp_value_is(hp_array_get(hp_map_get(difference, "removed"), 0), "gone"));
	cr_expect(hp_value_is(hp_array_get(hp_map_get(difference, "changed"), 0), "changed"));
	cr_expect_eq(strlen(hp_map_get_str(difference, "list", "")), 64);
	hp_arena_release(&arena);
}
