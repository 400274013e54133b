/*
 * SQL of any dialect: tokens lie in the text in their order; what is found is within its bounds;
 * and nothing that closes hides the statement behind it.
 */
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <string.h>

#include "core/buf.h"
#include "core/sql.h"

static bool
is_closed(struct hp_arena *arena, const char *text, size_t len, bool escapes)
{
	struct hp_sql_tokens tokens = {0};
	hp_sql_lex(arena, text, len, escapes, &tokens);
	const char *at = text;
	for (size_t i = 0; i < tokens.count; i++) {
		const struct hp_sql_token *token = &tokens.list[i];
		FUZZ_CHECK(token->p >= at && token->p + token->len <= text + len);
		FUZZ_CHECK(token->kind != HP_SQL_MARK || token->len == 1);
		at = token->p;
	}
	return !tokens.open && !tokens.backslashes;
}

/* Whether a statement was found by this name, or it was said that not all is understood. */
static bool
is_seen(const struct hp_things *things, const char *subject)
{
	bool seen = things->unknown || things->overflow;
	for (size_t i = 0; i < things->subject_count; i++)
		seen |= strcmp(things->subjects[i].p, subject) == 0;
	return seen;
}

static void
check_things(const struct hp_things *things)
{
	FUZZ_CHECK(things->subject_count <= HP_SUBJECTS_MAX && things->work <= HP_THINGS_WORK_MAX);
	for (size_t i = 0; i < things->subject_count; i++) {
		const struct hp_subject *subject = &things->subjects[i];
		FUZZ_CHECK(strncmp(subject->p, "sql:", 4) == 0 &&
			   strlen(subject->p) == subject->len);
		for (size_t j = 0; j < subject->len; j++)
			FUZZ_CHECK(!isupper((unsigned char)subject->p[j]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char more[] = "\n;drop table t";
	struct hp_arena arena = {0};
	struct hp_things things = {.arena = &arena}, both = {.arena = &arena};
	struct hp_buf longer = {0};
	const char *text = hp_arena_copy(&arena, (const char *)data, size);
	if (!text || strlen(text) != size)
		goto out;
	hp_sql_things(&things, text, size);
	check_things(&things);
	const char *code = hp_sql_code(&arena, text, size);
	FUZZ_CHECK(code && strlen(code) <= 2 * size + 1);
	hp_buf_add(&longer, text, size);
	hp_buf_add_text(&longer, more);
	if (is_closed(&arena, text, size, true) && is_closed(&arena, text, size, false)) {
		hp_sql_things(&both, hp_buf_text(&longer), longer.len);
		FUZZ_CHECK(is_seen(&both, "sql:drop-table"));
	}
out:
	hp_buf_release(&longer);
	hp_arena_release(&arena);
	return 0;
}
