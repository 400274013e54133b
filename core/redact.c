#include "core/redact.h"

#include <stdlib.h>
#include <string.h>

#include "core/redact_set.h"

unsigned
hp_redact_group(const char *word)
{
	static const struct {
		const char *word;
		unsigned group;
	} groups[] = {{"pii", HP_REDACT_PII}, {"phi", HP_REDACT_PHI}, {"secrets", HP_REDACT_SECRETS}};
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		if (strcmp(word, groups[i].word) == 0)
			return groups[i].group;
	return 0;
}

const char *
hp_redact_kind(const struct hp_redact *set, unsigned rule)
{
	return rule < hp_redact_rule_count ? hp_redact_rules[rule].kind
	                                   : set->own[rule - hp_redact_rule_count];
}

/* --- compiling --- */

/* "]" or a blank in a kind would let a text say what was not redacted. */
static enum hp_status
take_name(struct hp_redact *set, size_t i, const struct hp_redact_pattern *pattern,
          struct hp_error *err)
{
	const char *name = pattern->name ? pattern->name : "pattern";
	size_t len = strlen(name);
	if (len == 0 || len > HP_REDACT_NAME_BYTES ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != len)
		return hp_fail_at(err, HP_INVALID, pattern->line, 0,
		                  "a redaction pattern's name is 1 to %u of a-z, 0-9, _ and -",
		                  HP_REDACT_NAME_BYTES);
	memcpy(set->own[i], name, len + 1);
	return HP_OK;
}

static enum hp_status
compile(struct hp_redact *set, const struct hp_redact_config *config, struct hp_error *err)
{
	size_t count = 0;
	enum hp_status status = HP_OK;
	struct hp_pattern *patterns =
		calloc(hp_redact_rule_count + config->pattern_count, sizeof *patterns);
	if (!patterns)
		return hp_fail(err, HP_NOMEM, "out of memory compiling redaction rules");
	for (size_t i = 0; i < hp_redact_rule_count; i++) {
		const struct hp_redact_rule *rule = &hp_redact_rules[i];
		if (rule->group & config->groups)
			patterns[count++] = (struct hp_pattern){
				rule->expression, rule->flags | HP_PATTERN_SPAN, (unsigned)i, 0};
	}
	size_t shipped = count;
	for (size_t i = 0; i < config->pattern_count && status == HP_OK; i++) {
		const struct hp_redact_pattern *own = &config->patterns[i];
		status = take_name(set, i, own, err);
		patterns[count++] = (struct hp_pattern){own->expression,
		                                        HP_PATTERN_SPAN | HP_PATTERN_UNTRIED,
		                                        (unsigned)(hp_redact_rule_count + i),
		                                        own->line};
	}
	if (status == HP_OK)
		status = hp_pattern_set_new(patterns, shipped, &set->patterns, err);
	if (status == HP_OK)
		status = hp_pattern_set_new(patterns + shipped, config->pattern_count, &set->owns, err);
	free(patterns);
	return status;
}

enum hp_status
hp_redact_new(const struct hp_redact_config *config, struct hp_redact **ret_set,
              struct hp_error *err)
{
	if (config->pattern_count > HP_PATTERN_COUNT)
		return hp_fail(err, HP_TOO_LARGE, "%zu redaction patterns, at most %u",
		               config->pattern_count, HP_PATTERN_COUNT);
	struct hp_redact *set = calloc(1, sizeof *set);
	enum hp_status status = HP_NOMEM;
	if (set) {
		set->own_count = config->pattern_count;
		set->own = calloc(config->pattern_count + 1, sizeof *set->own);
		set->until = calloc(hp_redact_rule_count, sizeof *set->until);
	}
	if (set && set->own && set->until)
		status = compile(set, config, err);
	else
		hp_fail(err, HP_NOMEM, "out of memory compiling redaction rules");
	if (status != HP_OK) {
		hp_redact_free(set);
		return status;
	}
	*ret_set = set;
	return HP_OK;
}

void
hp_redact_free(struct hp_redact *set)
{
	if (!set)
		return;
	hp_pattern_set_free(set->patterns);
	hp_pattern_set_free(set->owns);
	hp_buf_release(&set->text);
	free(set->pieces);
	free(set->places);
	free(set->until);
	free(set->own);
	free(set);
}

/* --- judging a window --- */

#define PREFIX_BYTES 32u /* of the longest expression, before the run that its judge reads */

static bool
add_mark(struct hp_redact_marks *marks, struct hp_redact_mark mark)
{
	if (marks->count == marks->capacity) {
		size_t capacity = marks->capacity ? 2 * marks->capacity : 64;
		struct hp_redact_mark *items = realloc(marks->items, capacity * sizeof *items);
		if (!items) {
			marks->failed = true;
			return false;
		}
		marks->items = items;
		marks->capacity = capacity;
	}
	marks->items[marks->count++] = mark;
	return true;
}

/* A pattern of the policy is reported at each of its ends, and may end inside a character. */
static bool
take_own(const struct hp_redact_window *window, unsigned id, size_t from, size_t to)
{
	const struct hp_redact_text *text = window->text;
	struct hp_redact_marks *marks = window->marks;
	for (int i = 0; i < 3 && from > 0 && ((unsigned char)text->p[from] & 0xc0) == 0x80; i++)
		from--;
	for (int i = 0; i < 3 && to < text->len && ((unsigned char)text->p[to] & 0xc0) == 0x80; i++)
		to++;
	struct hp_redact_mark mark = {window->base + from, window->base + to, id};
	struct hp_redact_mark *last =
		marks->count > window->first ? &marks->items[marks->count - 1] : NULL;
	if (last && last->rule == id && mark.from <= last->to && mark.to >= last->from) {
		if (mark.from < last->from)
			last->from = mark.from;
		if (mark.to > last->to)
			last->to = mark.to;
		return true;
	}
	return add_mark(marks, mark);
}

/* Whether it is a hit only because a neighbour was replaced before (redact_judge.h 3). */
static bool
is_left_over(const struct hp_redact_rule *rule, const struct hp_redact_text *text, size_t from,
             const struct hp_redact_span *span)
{
	bool bounded = rule->group != HP_REDACT_SECRETS || strncmp(rule->expression, "\\b", 2) == 0;
	return bounded && (hp_redact_is_behind(text, from) ||
	                   hp_redact_is_behind(text, span->from) ||
	                   hp_redact_is_before(text, span->to));
}

bool
hp_redact_take(const struct hp_redact_window *window, unsigned id, size_t from, size_t to)
{
	struct hp_redact *set = window->set;
	if (from == to)
		return true;
	if (id >= hp_redact_rule_count)
		return take_own(window, id, from, to);
	if (window->lies_at + from < set->until[id])
		return true;
	const struct hp_redact_rule *rule = &hp_redact_rules[id];
	struct hp_redact_span span = {from, to, from + 1};
	bool hit = rule->judge(rule, window->text, &span);
	/* the beginning of another may still be the end of this one's run */
	size_t until = span.until > from + PREFIX_BYTES ? span.until - PREFIX_BYTES : from + 1;
	set->until[id] = window->lies_at + until;
	if (!hit || is_left_over(rule, window->text, from, &span))
		return true;
	return add_mark(window->marks, (struct hp_redact_mark){window->base + span.from,
	                                                       window->base + span.to, id});
}

static int
by_place(const void *a, const void *b)
{
	const struct hp_redact_mark *x = a, *y = b;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to > y->to ? -1 : 1;
	return (x->rule > y->rule) - (x->rule < y->rule);
}

/* They come in the order of their ends, which is nearly always that of their beginnings too. */
static void
sort_marks(struct hp_redact_marks *marks)
{
	for (size_t i = 1; i < marks->count; i++)
		if (by_place(&marks->items[i - 1], &marks->items[i]) > 0) {
			qsort(marks->items, marks->count, sizeof *marks->items, by_place);
			return;
		}
}

/* --- writing --- */

static unsigned
group_of(unsigned rule)
{
	return rule < hp_redact_rule_count ? hp_redact_rules[rule].group : HP_REDACT_OWN;
}

/* `text` begins at offset `base` and holds what is not written yet, up to `to`. */
static void
write_text(struct hp_redact_pass *pass, const struct hp_redact_text *text, size_t base, size_t to)
{
	if (to <= pass->done)
		return;
	if (pass->buf)
		hp_buf_add(pass->buf, text->p + (pass->done - base), to - pass->done);
	pass->done = to;
}

static void
close_hit(struct hp_redact_pass *pass, const struct hp_redact_text *text, size_t base)
{
	const char *kind = hp_redact_kind(pass->set, pass->open.rule);
	struct hp_redact_hit hit = {kind, group_of(pass->open.rule), pass->open.from, pass->open.to};
	write_text(pass, text, base, hit.from);
	if (pass->buf) {
		hp_buf_add_text(pass->buf, "[REDACTED:");
		hp_buf_add_text(pass->buf, kind);
		hp_buf_add_byte(pass->buf, ']');
	}
	pass->done = hit.to;
	if (pass->tell)
		pass->tell(pass->context, &hit);
	pass->open.to = 0;
}

static void
fuse(struct hp_redact_pass *pass, const struct hp_redact_mark *mark,
     const struct hp_redact_text *text, size_t base)
{
	struct hp_redact_mark *open = &pass->open;
	size_t len = mark->to - mark->from;
	if (open->to && (mark->from < open->to ||
	                 (mark->from == open->to && strcmp(hp_redact_kind(pass->set, open->rule),
	                                                   hp_redact_kind(pass->set, mark->rule)) == 0))) {
		if (mark->to > open->to)
			open->to = mark->to;
		if (len > pass->longest) {
			pass->longest = len;
			open->rule = mark->rule;
		}
		return;
	}
	if (open->to)
		close_hit(pass, text, base);
	*open = *mark;
	pass->longest = len;
}

void
hp_redact_settle(struct hp_redact_pass *pass, const struct hp_redact_text *text, size_t base,
		 size_t settled, bool last)
{
	struct hp_redact_marks *marks = &pass->marks;
	size_t i = 0;
	sort_marks(marks);
	for (; i < marks->count && (last || marks->items[i].from < settled); i++)
		fuse(pass, &marks->items[i], text, base);
	if (i < marks->count)
		memmove(marks->items, marks->items + i, (marks->count - i) * sizeof *marks->items);
	marks->count -= i;
	if (pass->open.to && (last || pass->open.to < settled))
		close_hit(pass, text, base);
	write_text(pass, text, base, pass->open.to && pass->open.from < settled ? pass->open.from : settled);
}

/* The candidates that begin in [from, to) of the text are its own. */
struct owned {
	struct hp_redact_window window;
	size_t from, to;
};

static bool
on_match(void *context, unsigned id, size_t from, size_t to)
{
	const struct owned *owned = context;
	return from < owned->from || from >= owned->to || hp_redact_take(&owned->window, id, from, to);
}

enum hp_status
hp_redact_judge_window(struct hp_redact_pass *pass, const struct hp_redact_text *text, size_t base,
                       size_t own_from, size_t own_to, bool last)
{
	struct hp_redact *set = pass->set;
	struct owned owned = {
		.window = {set, text, base, 0, &pass->marks, pass->marks.count},
		.from = own_from - base,
		.to = own_to - base,
	};
	memset(set->until, 0, hp_redact_rule_count * sizeof *set->until);
	enum hp_status status =
		hp_pattern_set_scan(set->patterns, text->p, text->len, on_match, &owned);
	if (status == HP_OK)
		status = hp_pattern_set_scan(set->owns, text->p, text->len, on_match, &owned);
	if (status != HP_OK)
		return status;
	if (pass->marks.failed)
		return HP_NOMEM;
	size_t settled = last ? base + text->len : own_to - HP_REDACT_BEHIND_BYTES;
	hp_redact_settle(pass, text, base, settled, last);
	return pass->buf && pass->buf->failed ? HP_NOMEM : HP_OK;
}

void
hp_redact_pass_release(struct hp_redact_pass *pass)
{
	free(pass->marks.items);
	pass->marks = (struct hp_redact_marks){0};
}

/* --- a text that is there --- */

enum hp_status
hp_redact_whole(struct hp_redact_pass *pass, const struct hp_redact_text *text)
{
	enum hp_status status = HP_OK;
	size_t own = 0;
	do {
		size_t base = own > HP_REDACT_BEHIND_BYTES ? own - HP_REDACT_BEHIND_BYTES : 0;
		size_t left = text->len - own;
		bool last = left <= HP_REDACT_STRIDE_BYTES;
		size_t reach = HP_REDACT_STRIDE_BYTES + HP_REDACT_REACH_BYTES;
		size_t end = left > reach ? own + reach : text->len;
		struct hp_redact_text part = {text->p + base, end - base, text->value_at};
		if (part.value_at != SIZE_MAX)
			part.value_at = part.value_at > base ? part.value_at - base : SIZE_MAX;
		status = hp_redact_judge_window(pass, &part, base, own, own + HP_REDACT_STRIDE_BYTES, last);
		own += HP_REDACT_STRIDE_BYTES;
	} while (status == HP_OK && own < text->len);
	return status;
}

enum hp_status
hp_redact_find(struct hp_redact *set, const char *text, size_t len, hp_redact_tell *tell,
               void *context)
{
	struct hp_redact_pass pass = {.set = set, .tell = tell, .context = context};
	enum hp_status status =
		len ? hp_redact_whole(&pass, &(struct hp_redact_text){text, len, SIZE_MAX}) : HP_OK;
	hp_redact_pass_release(&pass);
	return status;
}

enum hp_status
hp_redact_text(struct hp_redact *set, const char *text, size_t len, struct hp_buf *buf,
               hp_redact_tell *tell, void *context)
{
	struct hp_redact_pass pass = {.set = set, .tell = tell, .context = context, .buf = buf};
	size_t before = buf->len;
	enum hp_status status =
		len ? hp_redact_whole(&pass, &(struct hp_redact_text){text, len, SIZE_MAX}) : HP_OK;
	hp_redact_pass_release(&pass);
	if (status != HP_OK && buf->data && buf->len > before) {
		buf->len = before;
		buf->data[before] = 0;
	}
	return status;
}
