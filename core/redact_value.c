/*
 * Trees: every text in its place, judged with the word that stands before it.
 *
 * The texts of all trees are laid one behind the other, NULs between them, and scanned at once: a
 * request has dozens of short texts, and what a scan costs to begin would be most of it. Each match
 * is then judged within the text that it lies in, as if that were all (redact.h 5). A policy's own
 * patterns may be anchored, or cross a NUL: they scan each value by itself.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/redact_set.h"
#include "core/text.h"

enum {
	DEPTH_MAX = 128,  /* deeper than any parser goes; a tree built by hand is refused beyond */
	WORD_BYTES = 64,  /* of a key, from its end, that the value is judged with */
	VALUE_BYTES = 4,  /* no shipped rule finds anything in a shorter value … */
	KEY_BYTES = 6,	  /* … or key */
	NUMBER_BYTES = 32,
	SHOWN_BYTES = 48, /* of a key in a path */
};

/* A text to be judged: [from, to) of set->text, from value_at on what may be replaced. */
struct hp_redact_piece {
	size_t from, value_at, to;
	size_t part, place;
	bool worded;	     /* a word and "=" stand before the value */
	bool text;	     /* a str or key, of which the rest stays; else all of it is replaced */
	struct hp_str shown; /* what it becomes; p NULL: it stays */
};

/* Where a value stands, for paths. */
struct hp_redact_place {
	size_t parent;
	const struct hp_str *key; /* NULL: an item */
	size_t index;		  /* of the item; of the key's piece plus one, 0: none */
};

struct walk {
	struct hp_redact *set;
	struct hp_arena *arena;
	struct hp_redact_part *parts;
	struct hp_redact_report *reports;
	size_t part;
	size_t piece_count, place_count;
	enum hp_status status;

	/* judging */
	struct hp_redact_pass pass;
	struct hp_redact_text text; /* of the piece */
	size_t piece;		    /* whose matches come */
	size_t own_marks;	    /* where those of the policy's own patterns begin */
	struct hp_buf out;
	size_t done;

	bool applying;
};

/* The word before a value: a key, or an option of a command. */
struct word {
	const char *p;
	size_t len;
};

/* --- collecting --- */

static void *
grow(struct walk *walk, void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	size_t more = *capacity ? 2 * *capacity : 64;
	void *grown = realloc(items, more * size);
	if (grown)
		*capacity = more;
	else
		walk->status = HP_NOMEM;
	return grown ? grown : items;
}

static size_t
add_place(struct walk *walk, struct hp_redact_place place)
{
	struct hp_redact *set = walk->set;
	set->places = grow(walk, set->places, walk->place_count, &set->place_capacity,
			   sizeof *set->places);
	if (walk->status != HP_OK)
		return 0;
	set->places[walk->place_count] = place;
	return walk->place_count++;
}

static void
add_piece(struct walk *walk, const struct word *word, struct hp_str text, bool is_text, size_t place)
{
	struct hp_redact *set = walk->set;
	struct hp_buf *buf = &set->text;
	set->pieces = grow(walk, set->pieces, walk->piece_count, &set->piece_capacity,
			   sizeof *set->pieces);
	if (walk->status != HP_OK)
		return;
	hp_buf_add_byte(buf, 0);
	struct hp_redact_piece *piece = &set->pieces[walk->piece_count++];
	*piece = (struct hp_redact_piece){
		.from = buf->len, .part = walk->part, .place = place, .text = is_text};
	if (word && word->len) {
		size_t cut = word->len > WORD_BYTES ? word->len - WORD_BYTES : 0;
		hp_buf_add(buf, word->p + cut, word->len - cut);
		hp_buf_add_byte(buf, '=');
		piece->worded = true;
	}
	piece->value_at = buf->len;
	hp_buf_add(buf, text.p, text.len);
	piece->to = buf->len;
}

/* The next piece's outcome, put where it belongs. */
static bool
apply(struct walk *walk, struct hp_str *text)
{
	const struct hp_redact_piece *piece = &walk->set->pieces[walk->piece++];
	if (piece->shown.p)
		*text = piece->shown;
	return piece->shown.p;
}

static void
apply_value(struct walk *walk, struct hp_value *value)
{
	if (apply(walk, &value->str))
		value->type = HP_STR;
}

/* Keys stay apart: the second one of a map that became something else says so. */
static void
apply_key(struct walk *walk, struct hp_str *key, size_t *changed)
{
	if (!apply(walk, key) || ++*changed == 1)
		return;
	char *text = hp_arena_printf(walk->arena, "%.*s %zu", (int)key->len, key->p, *changed);
	if (text)
		*key = (struct hp_str){text, strlen(text)};
}

/* One text of a tree; false: too short for any rule, and no piece of its own. */
static bool
take(struct walk *walk, const struct word *word, struct hp_str text, size_t least, bool is_text,
     size_t place)
{
	if (text.len < (walk->set->own_count ? 1 : least))
		return false;
	if (!walk->applying)
		add_piece(walk, word, text, is_text, place);
	return true;
}

static void
take_number(struct walk *walk, const struct word *word, struct hp_value *value, size_t place)
{
	char digits[NUMBER_BYTES] = "";
	int len = 0;
	if (value->type == HP_INT)
		len = snprintf(digits, sizeof digits, "%" PRId64, value->integer);
	else if (value->type == HP_UINT)
		len = snprintf(digits, sizeof digits, "%" PRIu64, value->natural);
	else if (fabs(value->real) < 1e19 && trunc(value->real) == value->real)
		len = snprintf(digits, sizeof digits, "%.0f", value->real);
	if (take(walk, word, (struct hp_str){digits, (size_t)len}, VALUE_BYTES, false, place) &&
	    walk->applying)
		apply_value(walk, value);
}

static void walk_value(struct walk *walk, const struct word *word, struct hp_value *value,
		       size_t place, unsigned depth);

static void
walk_array(struct walk *walk, const struct word *word, struct hp_value *value, size_t place,
	   unsigned depth)
{
	struct word option = {0};
	for (size_t i = 0; i < value->array.count && walk->status == HP_OK; i++) {
		struct hp_value *item = value->array.items[i];
		bool is_option = item->type == HP_STR && item->str.len && item->str.p[0] == '-';
		struct word next = is_option ? (struct word){item->str.p, item->str.len}
					     : (struct word){0};
		size_t at = walk->applying
				    ? 0
				    : add_place(walk, (struct hp_redact_place){place, NULL, i});
		walk_value(walk, option.len ? &option : word, item, at, depth + 1);
		option = next;
	}
}

static void
walk_map(struct walk *walk, struct hp_value *value, size_t place, unsigned depth)
{
	size_t changed = 0;
	for (size_t i = 0; i < value->map.count && walk->status == HP_OK; i++) {
		struct hp_pair *pair = &value->map.pairs[i];
		struct word word = {pair->key.p, pair->key.len};
		size_t at = walk->applying
				    ? 0
				    : add_place(walk, (struct hp_redact_place){place, &pair->key, 0});
		if (take(walk, NULL, pair->key, KEY_BYTES, true, at)) {
			if (walk->applying)
				apply_key(walk, &pair->key, &changed);
			else if (walk->status == HP_OK)
				walk->set->places[at].index = walk->piece_count;
		}
		if (walk->status == HP_OK)
			walk_value(walk, &word, pair->value, at, depth + 1);
	}
}

/* Collects the texts of a tree; or, once they are judged, puts in what they become. Both go the
 * same way, so that the n-th text is the n-th piece. A tree is changed only while applying. */
static void
walk_value(struct walk *walk, const struct word *word, struct hp_value *value, size_t place,
	   unsigned depth)
{
	if (depth > DEPTH_MAX) {
		walk->status = HP_TOO_LARGE;
		return;
	}
	switch (value->type) {
	case HP_STR:
	case HP_BIN:
		if (take(walk, word, value->str, VALUE_BYTES, value->type == HP_STR, place) &&
		    walk->applying)
			apply_value(walk, value);
		break;
	case HP_INT:
	case HP_UINT:
	case HP_FLOAT:
		take_number(walk, word, value, place);
		break;
	case HP_ARRAY:
		walk_array(walk, word, value, place, depth);
		break;
	case HP_MAP:
		walk_map(walk, value, place, depth);
		break;
	default:
		break;
	}
}

/* --- judging --- */

/* A key as a part of a path: without what is secret in it, and fit to be shown. */
static void
add_path(const struct walk *walk, size_t place, struct hp_buf *path)
{
	const struct hp_redact *set = walk->set;
	const struct hp_redact_place *at = &set->places[place];
	if (at->parent == SIZE_MAX)
		return;
	add_path(walk, at->parent, path);
	if (!at->key) {
		hp_buf_printf(path, "[%zu]", at->index);
		return;
	}
	struct hp_str key = *at->key;
	if (at->index && set->pieces[at->index - 1].shown.p)
		key = set->pieces[at->index - 1].shown;
	if (path->len)
		hp_buf_add_byte(path, '.');
	hp_text_escape(path, key.p, key.len < SHOWN_BYTES ? key.len : SHOWN_BYTES, HP_TEXT_ASCII);
}

/* A hit in the piece; its path is known when all of them are. */
static void
on_hit(void *context, const struct hp_redact_hit *hit)
{
	struct walk *walk = context;
	const struct hp_redact_piece *piece = &walk->set->pieces[walk->piece];
	struct hp_redact_report *report = &walk->reports[piece->part];
	size_t value_at = piece->value_at - piece->from;
	size_t from = hit->from > value_at ? hit->from : value_at;
	if (hit->to <= value_at)
		return; /* words are judged where they stand themselves */
	if (piece->text)
		hp_buf_add(&walk->out, walk->text.p + walk->done, from - walk->done);
	if (piece->text || !walk->out.len) {
		hp_buf_add_text(&walk->out, "[REDACTED:");
		hp_buf_add_text(&walk->out, hit->kind);
		hp_buf_add_byte(&walk->out, ']');
	}
	walk->done = hit->to;
	report->total++;
	report->groups |= hit->group;
	if (!report->items)
		report->items =
			hp_arena_array(walk->arena, HP_REDACT_FOUND_MAX, sizeof *report->items);
	if (report->items && report->count < HP_REDACT_FOUND_MAX)
		report->items[report->count++] =
			(struct hp_redact_found){NULL, hit->kind, hit->group, hit->to - from};
}

static void
set_paths(struct walk *walk, const struct hp_redact_piece *piece, size_t first)
{
	struct hp_redact_report *report = &walk->reports[piece->part];
	struct hp_buf path = {0};
	hp_buf_add_text(&path, walk->parts[piece->part].field);
	add_path(walk, piece->place, &path);
	const char *field = hp_arena_strdup(walk->arena, hp_buf_text(&path));
	for (size_t i = first; i < report->count; i++)
		report->items[i].field = field;
	walk->arena->failed |= path.failed;
	hp_buf_release(&path);
}

static void
begin_piece(struct walk *walk)
{
	const struct hp_redact_piece *piece = &walk->set->pieces[walk->piece];
	walk->text = (struct hp_redact_text){
		.p = hp_buf_text(&walk->set->text) + piece->from,
		.len = piece->to - piece->from,
		.value_at = piece->worded ? piece->value_at - piece->from : SIZE_MAX,
	};
}

/* A match of the policy's own patterns: they see the value alone, since they may be anchored. */
static bool
on_own(void *context, unsigned id, size_t from, size_t to)
{
	struct walk *walk = context;
	const struct hp_redact_piece *piece = &walk->set->pieces[walk->piece];
	const struct hp_redact_window window = {
		.set = walk->set,
		.text = &walk->text,
		.marks = &walk->pass.marks,
		.first = walk->own_marks,
	};
	size_t value_at = piece->value_at - piece->from;
	return hp_redact_take(&window, id, value_at + from, value_at + to);
}

static void
judge_own(struct walk *walk)
{
	const struct hp_redact *set = walk->set;
	const struct hp_redact_piece *piece = &set->pieces[walk->piece];
	walk->own_marks = walk->pass.marks.count;
	enum hp_status status = hp_pattern_set_scan(
		set->owns, hp_buf_text(&set->text) + piece->value_at, piece->to - piece->value_at,
		on_own, walk);
	if (status != HP_OK)
		walk->status = status;
}

/* All matches in the piece are judged: what it becomes. */
static void
finish_piece(struct walk *walk)
{
	struct hp_redact_piece *piece = &walk->set->pieces[walk->piece];
	struct hp_redact_pass *pass = &walk->pass;
	size_t first = walk->reports[piece->part].count;
	if (walk->set->own_count)
		judge_own(walk);
	if (pass->marks.count) {
		hp_buf_reset(&walk->out);
		walk->done = piece->value_at - piece->from;
		pass->done = 0;
		hp_redact_settle(pass, &walk->text, 0, walk->text.len, true);
		if (walk->out.len) {
			if (piece->text)
				hp_buf_add(&walk->out, walk->text.p + walk->done,
					   walk->text.len - walk->done);
			piece->shown.len = walk->out.len;
			piece->shown.p = hp_arena_copy(walk->arena, hp_buf_text(&walk->out),
						       walk->out.len);
			set_paths(walk, piece, first);
		}
	}
	if (++walk->piece < walk->piece_count)
		begin_piece(walk);
}

/* Matches come in the order of their ends, and so piece by piece. */
static bool
on_match(void *context, unsigned id, size_t from, size_t to)
{
	struct walk *walk = context;
	while (walk->piece < walk->piece_count && to > walk->set->pieces[walk->piece].to)
		finish_piece(walk);
	if (walk->piece == walk->piece_count || walk->status != HP_OK)
		return false;
	const struct hp_redact_piece *piece = &walk->set->pieces[walk->piece];
	if (from + 1 == piece->from)
		from++; /* the NUL before it is what a rule wants to see before its candidate */
	if (from < piece->from || (walk->parts[piece->part].addresses &&
				   strcmp(hp_redact_kind(walk->set, id), "ip_address") == 0))
		return true;
	const struct hp_redact_window window = {
		.set = walk->set,
		.text = &walk->text,
		.lies_at = piece->from,
		.marks = &walk->pass.marks,
	};
	return hp_redact_take(&window, id, from - piece->from, to - piece->from);
}

static void
judge(struct walk *walk)
{
	struct hp_redact *set = walk->set;
	memset(set->until, 0, hp_redact_rule_count * sizeof *set->until);
	walk->pass = (struct hp_redact_pass){.set = set, .tell = on_hit, .context = walk};
	walk->piece = 0;
	if (!walk->piece_count)
		return;
	begin_piece(walk);
	enum hp_status status = hp_pattern_set_scan(set->patterns, hp_buf_text(&set->text),
						    set->text.len, on_match, walk);
	if (walk->status == HP_OK)
		walk->status = status;
	while (walk->piece < walk->piece_count && walk->status == HP_OK)
		finish_piece(walk);
	if (walk->status == HP_OK &&
	    (walk->pass.marks.failed || walk->out.failed || walk->arena->failed))
		walk->status = HP_NOMEM;
	hp_redact_pass_release(&walk->pass);
	hp_buf_release(&walk->out);
}

/* --- the trees --- */

static void
collect(struct walk *walk, size_t count)
{
	hp_buf_reset(&walk->set->text);
	for (walk->part = 0; walk->part < count && walk->status == HP_OK; walk->part++) {
		size_t root = add_place(walk, (struct hp_redact_place){SIZE_MAX, NULL, 0});
		if (!walk->parts[walk->part].value || walk->status != HP_OK)
			continue;
		struct hp_value top = *walk->parts[walk->part].value; /* it is only read */
		walk_value(walk, NULL, &top, root, 0);
	}
	if (walk->status == HP_OK && walk->set->text.failed)
		walk->status = HP_NOMEM;
}

/* A copy of the part with what its pieces become. */
static void
rewrite(struct walk *walk, size_t part, const struct hp_value **ret_value)
{
	const struct hp_redact *set = walk->set;
	struct hp_value *copy = hp_value_copy(walk->arena, walk->parts[part].value);
	if (!copy) {
		walk->status = HP_NOMEM;
		return;
	}
	walk->part = part;
	for (walk->piece = 0; set->pieces[walk->piece].part < part;)
		walk->piece++;
	walk->applying = true;
	walk_value(walk, NULL, copy, 0, 0);
	*ret_value = copy;
}

enum hp_status
hp_redact_values(struct hp_redact *set, struct hp_arena *arena, struct hp_redact_part *parts,
		 size_t count)
{
	struct walk walk = {.set = set, .arena = arena, .parts = parts};
	walk.reports = hp_arena_array(arena, count + 1, sizeof *walk.reports);
	const struct hp_value **values = hp_arena_array(arena, count + 1, sizeof *values);
	if (!walk.reports || !values)
		return HP_NOMEM;
	collect(&walk, count);
	if (walk.status == HP_OK)
		judge(&walk);
	for (size_t i = 0; i < count && walk.status == HP_OK; i++) {
		values[i] = parts[i].value;
		if (walk.reports[i].total)
			rewrite(&walk, i, &values[i]);
	}
	if (walk.status == HP_OK && arena->failed)
		walk.status = HP_NOMEM;
	for (size_t i = 0; i < count && walk.status == HP_OK; i++) {
		parts[i].value = values[i];
		parts[i].report = walk.reports[i];
	}
	return walk.status;
}
