/* Trees: every string in its place, judged with the word that stands before it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/redact_set.h"
#include "core/text.h"

/* Deeper than any parser goes; a tree built by hand that is deeper is refused. */
#define DEPTH_MAX 128u

struct walk {
	struct hp_redact *set;
	struct hp_arena *arena;
	struct hp_redact_report report;
	struct hp_buf path;
	enum hp_status status;
};

/* The word before a value: a key, or an option of a command. */
struct word {
	const char *p;
	size_t len;
};

/* Of the text in set->text: what is before value_at is the word. */
struct place {
	struct walk *walk;
	size_t value_at;
	bool kept;	    /* the value cannot be changed */
	bool silent;	    /* nothing is reported */
	struct hp_buf *buf; /* the redacted value; NULL: not wanted */
	size_t done;
	bool any;
};

static void
report(struct walk *walk, const struct hp_redact_hit *hit, size_t len, bool kept)
{
	struct hp_redact_report *all = &walk->report;
	all->total++;
	all->kept += kept;
	all->groups |= hit->group;
	if (all->count == HP_REDACT_FOUND_MAX)
		return;
	if (!all->items)
		all->items = hp_arena_array(walk->arena, HP_REDACT_FOUND_MAX, sizeof *all->items);
	const char *field = hp_arena_strdup(walk->arena, hp_buf_text(&walk->path));
	if (all->items && field)
		all->items[all->count++] =
			(struct hp_redact_found){field, hit->kind, hit->group, len, kept};
}

static void
on_hit(void *context, const struct hp_redact_hit *hit)
{
	struct place *place = context;
	const char *p = hp_buf_text(&place->walk->set->text);
	size_t from = hit->from > place->value_at ? hit->from : place->value_at;
	if (hit->to <= place->value_at)
		return; /* keys are judged on their own */
	if (!place->silent)
		report(place->walk, hit, hit->to - from, place->kept);
	place->any = true;
	if (!place->buf)
		return;
	hp_buf_add(place->buf, p + place->done, from - place->done);
	hp_buf_add_text(place->buf, "[REDACTED:");
	hp_buf_add_text(place->buf, hit->kind);
	hp_buf_add_byte(place->buf, ']');
	place->done = hit->to;
}

/* Judges "word=value" and reports what is in the value. */
static bool
judge(struct walk *walk, const struct word *word, const char *p, size_t len, struct place *place)
{
	struct hp_buf *text = &walk->set->text;
	hp_buf_reset(text);
	if (word) {
		hp_buf_add(text, word->p, word->len);
		hp_buf_add_byte(text, '=');
	}
	place->walk = walk;
	place->done = place->value_at = text->len;
	hp_buf_add(text, p, len);
	struct hp_redact_pass pass = {.set = walk->set, .tell = on_hit, .context = place};
	struct hp_redact_text whole = {hp_buf_text(text), text->len, word ? place->value_at : SIZE_MAX};
	walk->status = text->failed ? HP_NOMEM : len ? hp_redact_whole(&pass, &whole) : HP_OK;
	hp_redact_pass_release(&pass);
	if (walk->status == HP_OK && place->any && place->buf)
		hp_buf_add(place->buf, whole.p + place->done, whole.len - place->done);
	return walk->status == HP_OK && place->any;
}

static void
redact_string(struct walk *walk, const struct word *word, struct hp_value *value)
{
	struct hp_buf buf = {0};
	struct place place = {.buf = &buf};
	if (judge(walk, word, value->str.p, value->str.len, &place)) {
		const char *text = hp_arena_copy(walk->arena, hp_buf_text(&buf), buf.len);
		if (!text || buf.failed)
			walk->status = HP_NOMEM;
		else
			value->str = (struct hp_str){text, buf.len};
	}
	hp_buf_release(&buf);
}

/* What is no string keeps its type; what is in it is reported. */
static void
look_at(struct walk *walk, const struct word *word, const struct hp_value *value)
{
	char digits[32];
	struct place place = {.kept = true};
	switch (value->type) {
	case HP_INT:
		snprintf(digits, sizeof digits, "%" PRId64, value->integer);
		(void)judge(walk, word, digits, strlen(digits), &place);
		break;
	case HP_UINT:
		snprintf(digits, sizeof digits, "%" PRIu64, value->natural);
		(void)judge(walk, word, digits, strlen(digits), &place);
		break;
	case HP_BIN:
		(void)judge(walk, word, value->str.p, value->str.len, &place);
		break;
	default:
		break;
	}
}

static void redact(struct walk *walk, const struct word *word, struct hp_value *value,
		   unsigned depth);

static void
cut_path(struct walk *walk, size_t len)
{
	walk->path.len = len;
	if (walk->path.data)
		walk->path.data[len] = 0;
}

static void
redact_array(struct walk *walk, const struct word *word, struct hp_value *value, unsigned depth)
{
	struct word option = {0};
	size_t path = walk->path.len;
	for (size_t i = 0; i < value->array.count && walk->status == HP_OK; i++) {
		struct hp_value *item = value->array.items[i];
		bool is_option = item->type == HP_STR && item->str.len && item->str.p[0] == '-';
		hp_buf_printf(&walk->path, "[%zu]", i);
		redact(walk, option.len ? &option : word, item, depth + 1);
		option = is_option ? (struct word){item->str.p, item->str.len} : (struct word){0};
		cut_path(walk, path);
	}
}

/* The key as a part of the path: without what is secret in it, and fit to be shown. */
static void
enter_key(struct walk *walk, const struct hp_str *key)
{
	struct hp_buf shown = {0};
	struct place place = {.silent = true, .buf = &shown}, again = {.kept = true};
	if (walk->path.len)
		hp_buf_add_byte(&walk->path, '.');
	bool any = judge(walk, NULL, key->p, key->len, &place);
	hp_text_escape(&walk->path, any ? hp_buf_text(&shown) : key->p, any ? shown.len : key->len,
	               HP_TEXT_ASCII);
	if (any) /* reported once the path is there */
		(void)judge(walk, NULL, key->p, key->len, &again);
	hp_buf_release(&shown);
}

static void
redact_map(struct walk *walk, struct hp_value *value, unsigned depth)
{
	size_t path = walk->path.len;
	for (size_t i = 0; i < value->map.count && walk->status == HP_OK; i++) {
		const struct hp_pair *pair = &value->map.pairs[i];
		struct word word = {pair->key.p, pair->key.len};
		enter_key(walk, &pair->key);
		if (walk->status == HP_OK)
			redact(walk, &word, pair->value, depth + 1);
		cut_path(walk, path);
	}
}

static void
redact(struct walk *walk, const struct word *word, struct hp_value *value, unsigned depth)
{
	if (depth > DEPTH_MAX) {
		walk->status = HP_TOO_LARGE;
		return;
	}
	switch (value->type) {
	case HP_STR:
		redact_string(walk, word, value);
		break;
	case HP_ARRAY:
		redact_array(walk, word, value, depth);
		break;
	case HP_MAP:
		redact_map(walk, value, depth);
		break;
	default:
		look_at(walk, word, value);
		break;
	}
}

enum hp_status
hp_redact_value(struct hp_redact *set, struct hp_arena *arena, const char *field,
                const struct hp_value *value, struct hp_value **ret_value,
                struct hp_redact_report *ret_report)
{
	struct walk walk = {.set = set, .arena = arena};
	struct hp_value *copy = hp_value_copy(arena, value);
	hp_buf_add_text(&walk.path, field);
	if (copy)
		redact(&walk, NULL, copy, 0);
	else if (value)
		walk.status = HP_NOMEM;
	if (walk.status == HP_OK && (arena->failed || walk.path.failed))
		walk.status = HP_NOMEM;
	hp_buf_release(&walk.path);
	if (walk.status != HP_OK)
		return walk.status;
	*ret_value = copy;
	*ret_report = walk.report;
	return HP_OK;
}
