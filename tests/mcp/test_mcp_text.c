/* Places in a text, messages, ids: the gateway's ground, case by case. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "enforce/mcp_ids.h"
#include "enforce/mcp_message.h"

static struct hp_mcp_text
text_of(const char *text)
{
	return (struct hp_mcp_text){text, strlen(text)};
}

Test(mcp_text, a_member_is_found_by_what_its_key_reads_as)
{
	static const struct {
		const char *text, *name, *value;
	} cases[] = {
		{"{\"a\":1,\"b\":2}", "b", "2"},
		{" { \"a\" : \"x,}\" , \"b\" : [ 1 , {} ] } ", "b", "[ 1 , {} ]"},
		{"{\"a\":{\"b\":1}}", "b", ""},
		{"{\"\\u0061\":1}", "a", "1"},
		{"{\"\\u006\\u0031\":1}", "a", ""},
		{"{\"a\\\\\":1,\"a\":2}", "a", "2"},
		{"{\"a\\\"b\":1}", "a\"b", "1"},
		{"{\"a\":\"\\\\\",\"b\":true}", "b", "true"},
		{"{\"ab\":1}", "a", ""},
		{"{\"a\":1}", "ab", ""},
		{"{\"\":7}", "", "7"},
		{"{}", "a", ""},
		{"[\"a\",1]", "a", ""},
		{"\"a\"", "a", ""},
		{"", "a", ""},
		{"{\"a\":-1.50e+1}", "a", "-1.50e+1"},
		/* No JSON: nothing is read beyond it. */
		{"{", "a", ""},
		{"{\"a\"", "a", ""},
		{"{\"a\":", "a", ""},
		{"{\"a\":\"", "a", "\""},
		{"{\"a", "a", ""},
		{"{\"a\\", "a", ""},
		{"{\"\\u00", "a", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_mcp_text text = text_of(cases[i].text);
		struct hp_mcp_span at = hp_mcp_member(text, hp_mcp_whole(text), cases[i].name);
		struct hp_buf value = {0};
		hp_mcp_add_span(&value, text, at);
		cr_expect_str_eq(hp_buf_text(&value), cases[i].value, "%s", cases[i].text);
		hp_buf_release(&value);
	}
}

Test(mcp_text, parts_come_in_order)
{
	struct hp_mcp_text text = text_of("{\"a\":[1, \"two\" ,{\"x\":[]},null]}");
	struct hp_mcp_span list = hp_mcp_member(text, hp_mcp_whole(text), "a");
	static const char *const values[] = {"1", "\"two\"", "{\"x\":[]}", "null"};
	struct hp_mcp_part part;
	size_t at = 0, i = 0;
	while (hp_mcp_next(text, list, &at, &part)) {
		cr_assert_lt(i, 4);
		cr_expect_eq(part.value.to - part.value.from, strlen(values[i]));
		cr_expect_eq(memcmp(text.p + part.value.from, values[i], strlen(values[i])), 0);
		cr_expect_eq(part.key.to, 0);
		i++;
	}
	cr_expect_eq(i, 4);
}

Test(mcp_text, a_scan_finds_the_id_of_what_is_no_message)
{
	static const struct {
		const char *text, *id;
		bool method;
	} cases[] = {
		{"{\"id\":7,\"method\":\"x\"}", "7", true},
		{"{\"result\":{\"id\":1,\"method\":2},\"id\":\"a,}\"}", "\"a,}\"", false},
		{"{\"result\":\"\\\"id\\\":9\",\"id\" : 8 }", "8", false},
		{"{\"id\":1,\"n\":9223372036854775808}", "1", false},
		{"{\"id\":1,\"id\":2}", "", false},
		{"{\"id\":{\"a\":1}}", "", false},
		{"{\"id\":1", "", false},
		{"{\"idx\":1}", "", false},
		{"{\"a\":\"id\",\"b\":1}", "", false},
		{"[{\"id\":1}]", "", false},
		{"hello", "", false},
		{"", "", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_mcp_scan whole = {0}, pieces = {0};
		bool method = false;
		hp_mcp_scan_add(&whole, cases[i].text, strlen(cases[i].text));
		for (const char *at = cases[i].text; *at; at++)
			hp_mcp_scan_add(&pieces, at, 1);
		cr_expect_str_eq(hp_mcp_scan_id(&whole, &method), cases[i].id, "%s", cases[i].text);
		cr_expect_eq(method, cases[i].method, "%s", cases[i].text);
		cr_expect_str_eq(hp_mcp_scan_id(&pieces, &method), cases[i].id, "%s",
				 cases[i].text);
	}
}

Test(mcp_text, a_scan_gives_up_on_an_id_without_end)
{
	struct hp_mcp_scan scan = {0};
	bool method;
	hp_mcp_scan_add(&scan, "{\"id\":\"", 7);
	for (int i = 0; i < 100000; i++)
		hp_mcp_scan_add(&scan, "x", 1);
	hp_mcp_scan_add(&scan, "\"}", 2);
	cr_expect_str_eq(hp_mcp_scan_id(&scan, &method), "");
}

/* --- messages --- */

#define RPC "{\"jsonrpc\":\"2.0\","

Test(mcp_message, a_line_is_one_of_four_or_refused)
{
	static const struct {
		const char *text;
		enum hp_mcp_code code; /* 0: accepted */
		enum hp_mcp_kind kind;
	} cases[] = {
		{RPC "\"id\":1,\"method\":\"a\"}", 0, HP_MCP_REQUEST},
		{RPC "\"id\":\"\",\"method\":\"a\",\"params\":{}}", 0, HP_MCP_REQUEST},
		{RPC "\"method\":\"a\"}", 0, HP_MCP_NOTIFICATION},
		{RPC "\"id\":1,\"result\":null}", 0, HP_MCP_RESULT},
		{RPC "\"id\":1,\"error\":{}}", 0, HP_MCP_ERROR},
		{RPC "\"id\":null,\"error\":{}}", 0, HP_MCP_ERROR},
		{RPC "\"error\":{}}", 0, HP_MCP_ERROR},
		{RPC "\"id\":null,\"method\":\"a\"}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":true,\"method\":\"a\"}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":null,\"result\":1}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"result\":1}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":1,\"result\":1,\"error\":{}}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":1,\"result\":1,\"params\":{}}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":1,\"method\":\"\"}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":1,\"method\":\"a\\u0000b\"}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":1,\"method\":7}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":1,\"method\":\"a\",\"params\":[]}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":1}", HP_MCP_INVALID_REQUEST, 0},
		{"{\"id\":1,\"method\":\"a\"}", HP_MCP_INVALID_REQUEST, 0},
		{"[]", HP_MCP_INVALID_REQUEST, 0},
		{"7", HP_MCP_INVALID_REQUEST, 0},
		{"{} {}", HP_MCP_PARSE_ERROR, 0},
		{RPC "\"id\":1,\"id\":1,\"method\":\"a\"}", HP_MCP_PARSE_ERROR, 0},
		{RPC "\"id\":1,\"\\u0069d\":1,\"method\":\"a\"}", HP_MCP_PARSE_ERROR, 0},
		{"", HP_MCP_PARSE_ERROR, 0},
		{RPC "\"id\":1,\"method\":\"a\"}\r", 0, HP_MCP_REQUEST},
		{RPC "\"id\":1,\"method\":\"a\\rb\"}", 0, HP_MCP_REQUEST},
		{RPC "\"id\":1,\r\"method\":\"a\"}", HP_MCP_INVALID_REQUEST, 0},
		{"\r" RPC "\"id\":1,\"method\":\"a\"}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":1,\"method\":\"a\"}\r\r", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":1,\"method\":\"a\",\"METHOD\":\"b\"}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":1,\"result\":{},\"paramſ\":{}}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":1,\"method\":\"a\",\"params\":{\"Arguments\":{}}}", HP_MCP_INVALID_REQUEST, 0},
		{RPC "\"id\":1,\"method\":\"a\",\"params\":{\"x\":{\"Name\":1}},\"more\":1}", 0, HP_MCP_REQUEST},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct hp_arena arena = {0};
		struct hp_mcp_message message;
		struct hp_error err = {0};
		enum hp_mcp_code code;
		enum hp_status status =
			hp_mcp_parse(&arena, text_of(cases[i].text), &message, &code, &err);
		if (cases[i].code == 0) {
			cr_assert_eq(status, HP_OK, "%s: %s", cases[i].text, err.message);
			cr_expect_eq(message.kind, cases[i].kind, "%s", cases[i].text);
		} else {
			cr_expect_neq(status, HP_OK, "%s", cases[i].text);
			cr_expect_eq(code, cases[i].code, "%s", cases[i].text);
		}
		hp_arena_release(&arena);
	}
}

static struct hp_mcp_id
id_of(struct hp_arena *arena, const char *text)
{
	struct hp_mcp_message message = {0};
	enum hp_mcp_code code;
	const char *line = hp_arena_printf(arena, RPC "\"id\":%s,\"method\":\"a\"}", text);
	cr_assert_eq(hp_mcp_parse(arena, text_of(line), &message, &code, NULL), HP_OK);
	return message.id;
}

Test(mcp_message, ids_are_equal_by_type_and_value)
{
	struct hp_arena arena = {0};
	struct hp_mcp_id one = id_of(&arena, "1"), text = id_of(&arena, "\"1\""),
			 spelled = id_of(&arena, "\"\\u0031\""), minus = id_of(&arena, "-0"),
			 zero = id_of(&arena, "0");
	cr_expect(!hp_mcp_id_equal(&one, &text));
	cr_expect(hp_mcp_id_equal(&text, &spelled));
	cr_expect(hp_mcp_id_equal(&minus, &zero));
	cr_expect_eq(spelled.text.len, 8, "an id is echoed as it came");
	cr_expect(!hp_mcp_id_equal(&(struct hp_mcp_id){0}, &(struct hp_mcp_id){0}),
		  "no id equals nothing");
	hp_arena_release(&arena);
}

Test(mcp_ids, a_request_is_known_by_direction_type_and_id)
{
	struct hp_arena arena = {0};
	struct hp_mcp_ids ids = {0};
	struct hp_mcp_id one = id_of(&arena, "1"), text = id_of(&arena, "\"1\"");
	cr_assert_eq(hp_mcp_ids_add(&ids, HP_MCP_TO_SERVER, &one, HP_MCP_ASKED_CALL), HP_OK);
	cr_expect_eq(hp_mcp_ids_add(&ids, HP_MCP_TO_SERVER, &one, HP_MCP_ASKED_OTHER),
		     HP_CONFLICT);
	cr_expect_eq(hp_mcp_ids_add(&ids, HP_MCP_TO_SERVER, &text, HP_MCP_ASKED_OTHER), HP_OK);
	cr_expect_eq(hp_mcp_ids_add(&ids, HP_MCP_TO_CLIENT, &one, HP_MCP_ASKED_OTHER), HP_OK);
	cr_expect_eq(hp_mcp_ids_find(&ids, HP_MCP_TO_SERVER, &one)->asked, HP_MCP_ASKED_CALL);
	hp_mcp_ids_remove(&ids, hp_mcp_ids_find(&ids, HP_MCP_TO_SERVER, &one));
	hp_mcp_ids_remove(&ids, NULL);
	cr_expect_null(hp_mcp_ids_find(&ids, HP_MCP_TO_SERVER, &one));
	cr_expect_not_null(hp_mcp_ids_find(&ids, HP_MCP_TO_CLIENT, &one));
	hp_mcp_ids_release(&ids);
	hp_arena_release(&arena);
}

Test(mcp_ids, what_was_cancelled_makes_room_and_nothing_else)
{
	struct hp_arena arena = {0};
	struct hp_mcp_ids ids = {0};
	char text[16];
	for (unsigned i = 0; i < HP_LIMIT_MCP_REQUESTS; i++) {
		snprintf(text, sizeof text, "%u", i);
		struct hp_mcp_id id = id_of(&arena, text);
		cr_assert_eq(hp_mcp_ids_add(&ids, HP_MCP_TO_SERVER, &id, HP_MCP_ASKED_OTHER),
			     HP_OK);
	}
	struct hp_mcp_id more = id_of(&arena, "\"more\""), seven = id_of(&arena, "7");
	cr_expect_eq(hp_mcp_ids_add(&ids, HP_MCP_TO_SERVER, &more, HP_MCP_ASKED_OTHER),
		     HP_UNAVAILABLE);
	cr_expect_eq(hp_mcp_ids_add(&ids, HP_MCP_TO_CLIENT, &more, HP_MCP_ASKED_OTHER), HP_OK);
	hp_mcp_ids_find(&ids, HP_MCP_TO_SERVER, &seven)->cancelled = true;
	cr_expect_eq(hp_mcp_ids_add(&ids, HP_MCP_TO_SERVER, &more, HP_MCP_ASKED_OTHER), HP_OK);
	cr_expect_null(hp_mcp_ids_find(&ids, HP_MCP_TO_SERVER, &seven));
	hp_mcp_ids_release(&ids);
	hp_arena_release(&arena);
}

Test(mcp_message, what_the_gateway_says_are_messages)
{
	struct hp_buf buf = {0};
	hp_mcp_add_error(&buf, NULL, HP_MCP_PARSE_ERROR, "\"\n\xe2\x80\xae");
	hp_mcp_add_error(&buf, "7", HP_MCP_TOO_MANY, "x");
	hp_mcp_add_refusal(&buf, "\"a\"", false, "no");
	hp_mcp_add_refusal(&buf, "\"a\"", true, "no");
	hp_mcp_add_progress(&buf, "1", 3, "wait");
	hp_mcp_add_cancelled(&buf, "2", "stop");
	cr_expect_str_eq(
		hp_buf_text(&buf),
		RPC "\"id\":null,\"error\":{\"code\":-32700,\"message\":\"\\\"\\n\\u202e\"}}\n" RPC
		    "\"id\":7,\"error\":{\"code\":-31002,\"message\":\"x\"}}\n" RPC
		    "\"id\":\"a\",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"no\"}],"
		    "\"isError\":true}}\n" RPC
		    "\"id\":\"a\",\"result\":{\"resultType\":\"complete\",\"content\":[{\"type\":"
		    "\"text\",\"text\":\"no\"}],\"isError\":true}}\n" RPC
		    "\"method\":\"notifications/progress\",\"params\":{\"progressToken\":1,"
		    "\"progress\":3,\"message\":\"wait\"}}\n" RPC
		    "\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":2,"
		    "\"reason\":\"stop\"}}\n");
	hp_buf_release(&buf);
}
