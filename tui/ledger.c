/* The log's newest leaves, as a person reads them; and what the broker says of its anchors. */
#include "tui/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/msgpack.h"
#include "tui/model.h"

enum { STATS_EVERY_MS = 5000 };

struct hp_ledger *
hp_ledger_new(void)
{
	struct hp_ledger *ledger = calloc(1, sizeof *ledger);

	if (!ledger)
		return NULL;
	ledger->view = calloc(HP_LEDGER_KEPT, sizeof *ledger->view);
	ledger->anchors = ledger->anchors_failing = ledger->anchored_ms = -1;
	if (ledger->view)
		return ledger;
	free(ledger);
	return NULL;
}

void
hp_ledger_free(struct hp_ledger *ledger)
{
	if (!ledger)
		return;
	for (size_t i = 0; i < ledger->count; i++)
		free(ledger->leaves[i].text);
	hp_arena_release(&ledger->scratch);
	free(ledger->view);
	free(ledger);
}

/* --- leaves --- */

struct hp_value *
hp_ledger_want_leaves(struct hp_model *model, struct hp_arena *arena, int64_t now_ms)
{
	struct hp_ledger *ledger = model->ledger;

	if (!ledger || model->view != HP_VIEW_AUDIT || ledger->leaves_asked ||
	    !ledger->has_checkpoint || ledger->next >= ledger->size)
		return NULL;
	struct hp_value *map = hp_value_map(arena);
	uint64_t left = ledger->size - ledger->next;
	hp_map_set_str(arena, map, "type", "audit");
	hp_map_set(arena, map, "from", hp_value_uint(arena, ledger->next));
	hp_map_set_int(arena, map, "limit", left < HP_LEDGER_PAGE ? (int64_t)left : HP_LEDGER_PAGE);
	ledger->leaves_asked = true;
	return map;
}

static size_t
add_safe(struct hp_buf *text, const char *word, hp_present_escape *escape)
{
	size_t start = text->len;

	escape(text, word, strlen(word), HP_TEXT_ASCII);
	hp_buf_add_byte(text, '\0');
	return start;
}

/* The body as one line of JSON, escaped. */
static size_t
add_body(struct hp_buf *text, struct hp_arena *scratch, const struct hp_value *body,
         hp_present_escape *escape)
{
	const struct hp_value *value;
	struct hp_buf json = {0};
	size_t start = text->len;

	if (body && body->type == HP_BIN && body->str.len > HP_LEDGER_BODY_BYTES) {
		hp_buf_printf(text, "(%zu bytes: see holdpoint audit export)", body->str.len);
	} else if (body && body->type == HP_BIN &&
	           hp_msgpack_decode(scratch, body->str.p, body->str.len, &value, NULL) == HP_OK) {
		hp_json_dump(value, HP_JSON_LINE, &json);
		escape(text, hp_buf_text(&json), json.len, HP_TEXT_ASCII);
		hp_buf_release(&json);
	}
	hp_buf_add_byte(text, '\0');
	return start;
}

/* False: it cannot be read. */
static bool
read_leaf(struct hp_ledger *ledger, const struct hp_value *entry, hp_present_escape *escape,
          struct hp_ledger_leaf *leaf)
{
	const struct hp_value *bytes = hp_map_get(entry, "leaf"), *body = hp_map_get(entry, "body");
	const uint8_t *salt = hp_map_get_bin(entry, "salt", HP_SALT_BYTES);
	uint8_t hash[HP_HASH_BYTES] = {0};
	struct hp_leaf decoded;
	struct hp_buf text = {0};

	if (!bytes || bytes->type != HP_BIN ||
	    hp_leaf_decode(&ledger->scratch, bytes->str.p, bytes->str.len, &decoded, NULL) != HP_OK)
		return false;
	size_t event = add_safe(&text, decoded.event, escape);
	size_t actor = add_safe(&text, decoded.actor, escape);
	size_t request = add_safe(&text, decoded.request, escape);
	size_t words = add_body(&text, &ledger->scratch, body, escape);
	if (text.failed) {
		hp_buf_release(&text);
		return false;
	}
	if (body && salt && body->type == HP_BIN)
		hp_leaf_body_hash(salt, body->str.p, body->str.len, hash);
	*leaf = (struct hp_ledger_leaf){
		.seq = decoded.seq,
		.wall_ms = decoded.wall_ms,
		.erased = !body || !salt,
		.body_fits = memcmp(hash, decoded.body_hash, sizeof hash) == 0,
		.text = (char *)text.data,
	};
	leaf->event = leaf->text + event;
	leaf->actor = leaf->text + actor;
	leaf->request = leaf->text + request;
	leaf->body = leaf->text + words;
	hp_merkle_leaf_hash(bytes->str.p, bytes->str.len, &leaf->hash);
	snprintf(leaf->key, sizeof leaf->key, "%llu", (unsigned long long)leaf->seq);
	return true;
}

static void
keep(struct hp_ledger *ledger, const struct hp_ledger_leaf *leaf)
{
	if (ledger->count == HP_LEDGER_KEPT) {
		free(ledger->leaves[0].text);
		ledger->count--;
		memmove(ledger->leaves, ledger->leaves + 1,
		        ledger->count * sizeof ledger->leaves[0]);
	}
	ledger->leaves[ledger->count++] = *leaf;
	ledger->dirty = true;
}

unsigned
hp_ledger_take_leaves(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	struct hp_ledger *ledger = model->ledger;
	const struct hp_value *entries = hp_map_get(reply, "entries");

	ledger->leaves_asked = false;
	hp_arena_reset(&ledger->scratch);
	for (size_t i = 0; i < hp_value_count(entries); i++) {
		struct hp_ledger_leaf leaf;
		if (!read_leaf(ledger, hp_array_get(entries, i), model->escape, &leaf) ||
		    leaf.seq != ledger->next)
			break;
		keep(ledger, &leaf);
		ledger->next++;
	}
	if (reply && ledger->next < ledger->size && hp_value_count(entries) == 0)
		ledger->next = ledger->size; /* it does not give them: do not ask for ever */
	return HP_CHANGED_SCREEN;
}

static const char *
key_of(const void *list, size_t index)
{
	const struct hp_ledger *ledger = list;

	return ledger->leaves[ledger->view[index]].key;
}

void
hp_ledger_refresh(struct hp_ledger *ledger)
{
	bool at_top = ledger->cursor.index == 0;

	if (!ledger->dirty)
		return;
	ledger->dirty = false;
	ledger->view_count = 0;
	for (size_t i = ledger->count; i-- > 0;) {
		const struct hp_ledger_leaf *leaf = &ledger->leaves[i];
		char text[512];
		snprintf(text, sizeof text, "%s %s %s", leaf->event, leaf->actor, leaf->request);
		if (hp_words_match(text, ledger->filter))
			ledger->view[ledger->view_count++] = i;
	}
	if (at_top) /* it is the newest that is followed */
		hp_cursor_move(&ledger->cursor, ledger, ledger->view_count, key_of, 0);
	else
		hp_cursor_follow(&ledger->cursor, ledger, ledger->view_count, key_of);
}

unsigned
hp_ledger_move(struct hp_ledger *ledger, long lines, long pages)
{
	long height = ledger->cursor.height ? (long)ledger->cursor.height : 1;

	hp_ledger_refresh(ledger);
	hp_cursor_move(&ledger->cursor, ledger, ledger->view_count, key_of, lines + pages * height);
	return HP_CHANGED_SCREEN;
}

const struct hp_ledger_leaf *
hp_ledger_selected(struct hp_ledger *ledger)
{
	hp_ledger_refresh(ledger);
	return ledger->cursor.index < ledger->view_count
	               ? &ledger->leaves[ledger->view[ledger->cursor.index]]
	               : NULL;
}

/* --- anchors --- */

struct hp_value *
hp_ledger_want_stats(struct hp_model *model, struct hp_arena *arena, int64_t now_ms)
{
	struct hp_ledger *ledger = model->ledger;

	if (!ledger || model->view != HP_VIEW_AUDIT || ledger->stats_asked ||
	    now_ms < ledger->stats_due_ms)
		return NULL;
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "stats");
	ledger->stats_asked = true;
	ledger->stats_due_ms = now_ms + STATS_EVERY_MS;
	return map;
}

unsigned
hp_ledger_take_stats(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	struct hp_ledger *ledger = model->ledger;
	const struct hp_value *stats = hp_map_get(reply, "stats");

	ledger->stats_asked = false;
	if (!stats)
		return HP_CHANGED_NOTHING;
	ledger->anchors = hp_map_get_int(stats, "anchors", -1);
	ledger->anchors_failing = hp_map_get_int(stats, "anchors_failing", -1);
	ledger->anchored_ms = hp_map_get_int(stats, "anchored_ms", -1);
	return HP_CHANGED_SCREEN;
}
