/*
 * Hooks: the first byte picks the host, the rest is its call. What is read makes a request that
 * reads back; a shell line that is split has no byte that a shell would act on outside quotes; the
 * answer to anything is one line of ASCII or nothing, and never silence for a no.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/request.h"
#include "enforce/hook.h"

static void
check_line(struct hp_arena *arena, const struct hp_value *input)
{
	const char *line = hp_map_get_str(input, "command", NULL);
	struct hp_value *argv = line ? hp_hook_split(arena, line) : NULL;
	if (!argv)
		return;
	FUZZ_CHECK(hp_value_count(argv) > 0 && !strchr(hp_array_get(argv, 0)->str.p, '='));
	if (!strpbrk(line, "'\"")) {
		FUZZ_CHECK(!strpbrk(line, "|&;<>()$`\\*?[]{}\n\r"));
		size_t bytes = 0;
		for (size_t i = 0; i < hp_value_count(argv); i++)
			bytes += hp_array_get(argv, i)->str.len;
		size_t blanks = 0;
		for (const char *p = line; *p; p++)
			blanks += *p == ' ' || *p == '\t';
		FUZZ_CHECK(bytes + blanks == strlen(line));
	}
}

static void
check_answer(const struct hp_hook_event *event, const struct hp_hook_verdict *verdict)
{
	struct hp_buf out = {0}, err = {0};
	int exit_code = hp_hook_answer(event, verdict, &out, &err);
	FUZZ_CHECK(verdict->granted ? exit_code == 0 : exit_code == 2 || out.len > 0);
	FUZZ_CHECK(exit_code == 0 || out.len == 0);
	for (size_t i = 0; i < out.len; i++)
		FUZZ_CHECK((out.data[i] >= 0x20 && out.data[i] < 0x7f) || i + 1 == out.len);
	hp_buf_release(&out);
	hp_buf_release(&err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"claude-code", "codex", "gemini", "kiro"};
	if (!size)
		return 0;
	const struct hp_hook_host *host = hp_hook_host_find(names[data[0] % 4]);
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	struct hp_hook_call call;
	struct hp_value *map = NULL;
	struct hp_hook_verdict verdict = {.reason = "Denied by holdpoint"};
	enum hp_status status =
		hp_hook_parse(&arena, host, (const char *)data + 1, size - 1, &call, &err);
	fuzz_check_error(status, &err);
	if (status == HP_OK) {
		struct hp_request request;
		check_line(&arena, call.input);
		status = hp_hook_message(&arena, host, &call, "production",
					 "00000000-0000-4000-8000-000000000000", &map, &err);
		fuzz_check_error(status, &err);
		if (status == HP_OK)
			status = hp_request_parse(&arena, map, HP_REQUEST_WIRE, &request, &err);
		fuzz_check_error(status, &err);
		verdict.granted = status == HP_OK;
		verdict.by_person = data[0] & 4;
	}
	check_answer(call.event ? call.event : hp_hook_event_find(host, NULL), &verdict);
	hp_arena_release(&arena);
	return 0;
}
