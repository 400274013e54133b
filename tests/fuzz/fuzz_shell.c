/*
 * Command lines: the first byte says whether the rest is words (parted by NULs), shell text or a
 * program in another language. What is found is within its bounds, what is unknown stays so, and a
 * command in front of a text is found whatever the text is.
 */
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <string.h>

#include "core/buf.h"
#include "core/shell.h"

enum { WORDS_MAX = 64 };

static void
check_things(const struct hp_things *things)
{
	FUZZ_CHECK(things->subject_count <= HP_SUBJECTS_MAX && things->work <= HP_THINGS_WORK_MAX);
	for (size_t i = 0; i < things->subject_count; i++) {
		const struct hp_subject *subject = &things->subjects[i];
		FUZZ_CHECK(subject->len && strlen(subject->p) == subject->len);
		for (size_t j = 0; j < subject->len; j++)
			FUZZ_CHECK(!isupper((unsigned char)subject->p[j]));
	}
}

static void
read_words(struct hp_things *things, const char *text, size_t size)
{
	struct hp_shell_word words[WORDS_MAX];
	size_t count = 0;
	for (size_t at = 0; at < size && count < WORDS_MAX; at += strlen(text + at) + 1) {
		struct hp_shell_word *word = &words[count++];
		word->text = hp_things_fold(things, text + at, strlen(text + at), &word->disguised);
	}
	if (count)
		hp_shell_command(things, words, count, 0);
}

static void
check_first(struct hp_arena *arena, const char *text, size_t size)
{
	struct hp_things things = {.arena = arena, .unknown = true};
	struct hp_buf line = {0};
	bool seen = false;
	hp_buf_add_text(&line, "rm -rf /data\n");
	hp_buf_add(&line, text, size);
	hp_shell_text(&things, hp_buf_text(&line), 0);
	for (size_t i = 0; i < things.subject_count; i++)
		seen |= strcmp(things.subjects[i].p, "shell:rm") == 0;
	FUZZ_CHECK(seen || things.overflow);
	hp_buf_release(&line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_things things = {.arena = &arena};
	if (!size)
		return 0;
	const char *text = hp_arena_copy(&arena, (const char *)data + 1, size - 1);
	if (data[0] % 3 == 0) {
		read_words(&things, text, size - 1);
	} else {
		things.unknown = true;
		if (data[0] % 3 == 1)
			hp_shell_text(&things, text, 0);
		else
			hp_shell_code(&things, text, 0);
		FUZZ_CHECK(things.unknown);
		check_first(&arena, text, strlen(text));
	}
	check_things(&things);
	hp_arena_release(&arena);
	return 0;
}
