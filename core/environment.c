/* The environment of a deed, by words; see classify.h. */
#include <ctype.h>
#include <string.h>

#include "core/classifier.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/words.h"

#define HASH_START 2166136261u /* FNV-1a */
#define HASH_PRIME 16777619u

static uint32_t
hash_step(uint32_t hash, char byte)
{
	return (hash ^ (unsigned char)byte) * HASH_PRIME;
}

static bool
is_word_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9');
}

static char
lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

static bool
equal(const char *text, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(text[i]) != word[i])
			return false;
	return true;
}

static const struct hp_environment_word *
find(const struct hp_environments *environments, const char *text, size_t len, uint32_t hash)
{
	if (len > environments->longest)
		return NULL;
	for (size_t slot = hash;; slot++) {
		const struct hp_environment_word *word =
			&environments->words[slot & (environments->slots - 1)];
		if (!word->word)
			return NULL;
		if (word->hash == hash && word->len == len && equal(text, word->word, len))
			return word;
	}
}

static const char *
lower_copy(struct hp_arena *arena, const char *text)
{
	char *copy = hp_arena_strdup(arena, text);
	for (char *p = copy; p && *p; p++)
		*p = lower(*p);
	return copy;
}

static enum hp_status
add_word(struct hp_environments *environments, struct hp_arena *arena, size_t environment,
         const struct hp_environment_rule *rule, const char *text, struct hp_error *err)
{
	size_t len = strlen(text);
	uint32_t hash = HASH_START;
	const char *word = lower_copy(arena, text);
	if (!word)
		return HP_NOMEM;
	for (size_t i = 0; i < len; i++) {
		if (!is_word_byte(text[i]))
			len = 0;
		hash = hash_step(hash, word[i]);
	}
	if (!len)
		return hp_fail_at(
			err, HP_INVALID, rule->line, 0,
			"environment \"%s\": \"%s\" is not one word of letters and digits",
			hp_text_safe(arena, rule->name, 0), hp_text_safe(arena, text, 0));
	if (find(environments, word, len, hash))
		return HP_OK; /* a stricter environment has it */
	size_t slot = hash & (environments->slots - 1);
	while (environments->words[slot].word)
		slot = (slot + 1) & (environments->slots - 1);
	environments->words[slot] =
		(struct hp_environment_word){word, hash, (uint32_t)len, environment};
	return HP_OK;
}

/* The table is at most half full, so that a search ends soon; `longest` is set before it is used.
 */
static enum hp_status
make_table(struct hp_environments *environments, struct hp_arena *arena,
           const struct hp_environment_rule *rules, size_t count)
{
	size_t words = 0;
	for (size_t i = 0; i < count; i++) {
		words += rules[i].word_count;
		for (size_t j = 0; j < rules[i].word_count; j++) {
			size_t len = strlen(rules[i].words[j]);
			if (len > environments->longest)
				environments->longest = len;
		}
	}
	environments->slots = 16;
	while (environments->slots < 2 * words)
		environments->slots *= 2;
	environments->words =
		hp_arena_array(arena, environments->slots, sizeof *environments->words);
	environments->names = hp_arena_array(arena, count, sizeof *environments->names);
	return environments->words && environments->names ? HP_OK : HP_NOMEM;
}

enum hp_status
hp_environments_init(struct hp_environments *environments, struct hp_arena *arena,
                     const struct hp_environment_rule *rules, size_t count, size_t fallback,
                     struct hp_error *err)
{
	if (!count || fallback >= count)
		return hp_fail(err, HP_INVALID, "no default environment");
	if (count > HP_LIMIT_ENVIRONMENTS)
		return hp_fail(err, HP_TOO_LARGE, "%zu environments, at most %u", count,
		               HP_LIMIT_ENVIRONMENTS);
	enum hp_status status = make_table(environments, arena, rules, count);
	if (status != HP_OK)
		return status;
	environments->count = count;
	environments->fallback = fallback;
	for (size_t i = 0; i < count; i++) {
		environments->names[i] = lower_copy(arena, rules[i].name);
		if (!environments->names[i])
			return HP_NOMEM;
		for (size_t j = 0; j < rules[i].word_count; j++) {
			status =
				add_word(environments, arena, i, &rules[i], rules[i].words[j], err);
			if (status != HP_OK)
				return status;
		}
	}
	return HP_OK;
}

/* The strictest found so far. */
struct search {
	const struct hp_environments *environments;
	size_t best; /* count: none */
	const char *word;
	bool failed;
};

static void
search_folded(struct search *search, const char *text, size_t len)
{
	for (size_t at = 0; at < len; at++) {
		if (!is_word_byte(text[at]))
			continue;
		size_t start = at;
		uint32_t hash = HASH_START;
		for (; at < len && is_word_byte(text[at]); at++)
			hash = hash_step(hash, lower(text[at]));
		const struct hp_environment_word *word =
			find(search->environments, text + start, at - start, hash);
		if (word && word->environment < search->best) {
			search->best = word->environment;
			search->word = word->word;
		}
	}
}

/* One string of the deed; false once the strictest of all is found. */
static bool
search_text(void *context, const char *text, size_t len)
{
	struct search *search = context;
	if (!hp_text_has_non_ascii(text, len)) {
		search_folded(search, text, len);
		return search->best > 0;
	}
	struct hp_buf folded = {0};
	hp_text_fold(&folded, text, len, true);
	search->failed |= folded.failed;
	search_folded(search, hp_buf_text(&folded), folded.len);
	hp_buf_release(&folded);
	return search->best > 0 && !search->failed;
}

/*
 * What the agent says: a name, or a word that names one. Something else is not understood, and
 * counts as the default.
 */
static void
search_claim(struct search *search, const char *claimed)
{
	if (!claimed || !*claimed)
		return;
	for (size_t i = 0; i < search->environments->count; i++)
		if (!strcasecmp(claimed, search->environments->names[i]))
			search->best = i;
	search_text(search, claimed, strlen(claimed));
	if (search->best == search->environments->count)
		search->best = search->environments->fallback;
	search->word = "";
}

enum hp_status
hp_classify_environment(const struct hp_classifier *classifier, struct hp_arena *arena,
                        const char *claimed, const struct hp_deed *deed, size_t *ret_environment,
                        const char **ret_word, struct hp_error *err)
{
	const struct hp_environments *environments = &classifier->environments;
	struct search search = {environments, environments->count, "", false};
	const char *operation = deed->operation ? deed->operation : "";
	search_claim(&search, claimed);
	(void)(search_text(&search, operation, strlen(operation)) &&
	       hp_words_walk(deed->resources, false, search_text, &search) &&
	       hp_words_walk(deed->command, false, search_text, &search) &&
	       hp_words_walk(deed->arguments, true, search_text, &search));
	if (search.failed)
		return hp_fail(err, HP_NOMEM, "out of memory reading the action's words");
	*ret_environment = search.best < environments->count ? search.best : environments->fallback;
	if (ret_word)
		*ret_word = search.word;
	return HP_OK;
}
