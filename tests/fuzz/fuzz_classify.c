/*
 * classify: any operation, command line and SQL; never a crash, never slow, and what must hold of
 * every deed. The input's words are separated by NULs; the first byte says how they are used.
 */
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <string.h>

#include "core/classify.h"

#define WORDS_MAX 64

static const char *const read_globs[] = {
	"*:Get*", "*/read_*", "shell:ls", "shell:kubectl-get*", "sql:select", "!shell:ls-x"};
static const char *const delete_globs[] = {"*:Delete*", "*/delete_*", "shell:rm", "sql:d*"};
static const struct hp_class_rule classes[] = {{"read", read_globs, 6, 0},
                                               {"delete", delete_globs, 4, 0}};
static const char *const production[] = {"prod"}, *const development[] = {"dev"};
static const struct hp_environment_rule environments[] = {{"production", production, 1, 0},
                                                          {"development", development, 1, 0}};

static struct hp_classifier *classifier;

static struct hp_classes
classify(struct hp_arena *arena, const struct hp_deed *deed, bool *ret_done)
{
	struct hp_classes found = {0};
	struct hp_error err = {0};
	enum hp_status status = hp_classify(classifier, arena, deed, &found, &err);
	FUZZ_CHECK(status == HP_OK || status == HP_TOO_LARGE);
	fuzz_check_error(status, &err);
	FUZZ_CHECK(status != HP_OK || found.set || found.unknown);
	*ret_done = status == HP_OK;
	return found;
}

/* sudo in front changes nothing but the depth of what is nested. */
static void
check_wrapped(struct hp_arena *arena, const struct hp_value *command, struct hp_classes plain)
{
	struct hp_value *wrapped = hp_value_array(arena);
	const struct hp_value *first = hp_array_get(command, 0);
	bool done;
	if (!first || !first->str.len || !isalpha((unsigned char)first->str.p[0]) ||
	    memchr(first->str.p, '=', first->str.len) || plain.unknown)
		return;
	hp_array_add(arena, wrapped, hp_value_str(arena, "sudo"));
	for (size_t i = 0; i < hp_value_count(command); i++)
		hp_array_add(arena, wrapped, hp_value_copy(arena, hp_array_get(command, i)));
	struct hp_deed deed = {.command = wrapped};
	struct hp_classes found = classify(arena, &deed, &done);
	FUZZ_CHECK(!done || found.unknown || found.set == plain.set);
}

static void
check_words(struct hp_arena *arena, const struct hp_deed *deed)
{
	const char *const *texts;
	size_t count;
	if (hp_classify_words(classifier, arena, deed, &texts, &count, NULL) != HP_OK)
		return;
	for (size_t i = 0; i < count; i++) {
		const char *text = texts[i];
		FUZZ_CHECK(*text && *text != ' ');
		for (const char *p = text; *p; p++) {
			FUZZ_CHECK(isalnum((unsigned char)*p) || *p == ' ' ||
			           (unsigned char)*p >= 0x80);
			FUZZ_CHECK(*p != ' ' || (p[1] && p[1] != ' '));
		}
	}
}

static void
check_environment(struct hp_arena *arena, const struct hp_deed *deed)
{
	size_t environment;
	const char *word;
	static const char *const claims[] = {"production", "development", "qa", ""};
	for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
		FUZZ_CHECK(hp_classify_environment(classifier, arena, claims[i], deed, &environment,
		                                   &word, NULL) == HP_OK);
		FUZZ_CHECK(environment < 2 && word);
		FUZZ_CHECK(environment == 0 || i == 1 || i == 3);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_deed deed = {0};
	if (!classifier && hp_classifier_new(classes, 2, environments, 2, 0, &classifier, NULL))
		abort();
	if (size < 2)
		return 0;
	unsigned mode = data[0] & 3;
	struct hp_value *words = hp_value_array(&arena), *map = hp_value_map(&arena);
	for (size_t at = 1; at < size && hp_value_count(words) < WORDS_MAX;) {
		const uint8_t *end = memchr(data + at, 0, size - at);
		size_t len = end ? (size_t)(end - data) - at : size - at;
		hp_array_add(&arena, words, hp_value_strn(&arena, (const char *)data + at, len));
		at += len + 1;
	}
	if (mode == 1) { /* an operation beside its command */
		deed.operation = hp_array_get(words, 0)->str.p;
		deed.command = words;
	} else if (mode == 2) { /* SQL */
		deed.operation = "sql:query";
		hp_map_set(&arena, map, "sql", words);
		deed.arguments = map;
	} else { /* a command, or one within a shell */
		deed.command = words;
	}
	if (mode == 3) {
		words = hp_value_array(&arena);
		hp_array_add(&arena, words, hp_value_str(&arena, "sh"));
		hp_array_add(&arena, words, hp_value_str(&arena, "-c"));
		hp_array_add(&arena, words,
		             hp_value_strn(&arena, (const char *)data + 1, size - 1));
		deed.command = words;
	}
	bool done;
	struct hp_classes found = classify(&arena, &deed, &done);
	FUZZ_CHECK(!done || mode != 3 || found.unknown);
	if (done && mode == 0)
		check_wrapped(&arena, deed.command, found);
	check_words(&arena, &deed);
	check_environment(&arena, &deed);
	hp_arena_release(&arena);
	return 0;
}
