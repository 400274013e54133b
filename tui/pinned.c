/*
 * The open request. What decisions act on is fixed in hp_pinned_open() and nowhere else; what is
 * read is decoded from the very bytes whose digest was computed here (invariants 1 and 3).
 */
#include <stdio.h>
#include <string.h>

#include "core/request.h"
#include "core/text.h"
#include "core/units.h"
#include "tui/model.h"

void
hp_pinned_release(struct hp_pinned *pinned)
{
	hp_arena_release(&pinned->canonical_arena);
	hp_arena_release(&pinned->reply_arena);
	hp_arena_release(&pinned->page_arena);
	*pinned = (struct hp_pinned){0};
}

void
hp_pinned_open(struct hp_model *model, const struct hp_row *row)
{
	struct hp_pinned *pinned = &model->pinned;

	hp_pinned_release(pinned);
	hp_related_forget(&model->related);
	pinned->phase = HP_PIN_LOADING;
	memcpy(pinned->id, row->id, sizeof pinned->id);
	memcpy(pinned->digest, row->digest, sizeof pinned->digest);
	pinned->state = row->state;
	pinned->submitted_ms = row->submitted_ms;
	pinned->deadline_ms = row->deadline_ms;
	pinned->approvals = row->approvals;
	pinned->needed = row->needed;
	snprintf(pinned->requester, sizeof pinned->requester, "%s", row->requester);
	pinned->want_show = true;
}

static unsigned
refuse(struct hp_pinned *pinned, const char *why)
{
	pinned->phase = HP_PIN_REFUSED;
	snprintf(pinned->problem, sizeof pinned->problem, "%s", why);
	return HP_CHANGED_PANE;
}

/* Decodes a copy of the bytes, so that what is shown lives as long as the pin. NULL: `problem`. */
static const char *
open_bytes(struct hp_model *model, const struct hp_value *bytes)
{
	struct hp_pinned *pinned = &model->pinned;
	char *copy = hp_arena_copy(&pinned->canonical_arena, bytes->str.p, bytes->str.len);
	const struct hp_value *map;

	if (!copy)
		return "out of memory";
	if (hp_request_open_canonical(&pinned->canonical_arena, copy, bytes->str.len, &map, NULL))
		return "the broker's bytes of this request cannot be read";
	if (!hp_value_is(hp_map_get(map, "id"), pinned->id))
		return "the bytes are another request's";
	if (!hp_value_is(hp_map_get(map, "instance"), model->instance))
		return "the request belongs to another instance";
	pinned->canonical = map;
	pinned->bytes = (struct hp_str){copy, bytes->str.len};
	return NULL;
}

/* An erased request has no content any more: who made it go, and when. NULL: it was not erased. */
static const char *
erased(struct hp_model *model, const struct hp_value *reply)
{
	struct hp_arena *arena = &model->pinned.canonical_arena;
	struct hp_buf time = {0};
	int64_t at_ms = hp_map_get_int(reply, "erased_ms", -1);
	if (at_ms < 0)
		return NULL;
	hp_units_add_time(&time, at_ms);
	const char *text = hp_arena_printf(
		arena, "what it said was erased %s by %s", hp_buf_text(&time),
		hp_text_safe(arena, hp_map_get_str(reply, "erased_by", ""), HP_TEXT_ASCII));
	hp_buf_release(&time);
	return text ? text : "what it said was erased";
}

static const char *
check_content(struct hp_model *model, const struct hp_value *reply)
{
	struct hp_pinned *pinned = &model->pinned;
	const struct hp_value *bytes = hp_map_get(reply, "canonical");
	uint8_t digest[HP_HASH_BYTES];

	if (!bytes || bytes->type != HP_BIN) {
		const char *why = erased(model, reply);
		return why ? why : "the broker shows no content";
	}
	hp_request_digest(bytes->str.p, bytes->str.len, digest);
	if (memcmp(digest, pinned->digest, sizeof digest) != 0)
		return "the content is not what the queue announced: its digest differs";
	return pinned->canonical ? NULL : open_bytes(model, bytes);
}

/* The row follows what `show` said, so that queue and pane never disagree. */
static void
tell_row(struct hp_model *model)
{
	struct hp_row *row = hp_queue_find(&model->queue, model->pinned.id);

	if (!row || row->state == HP_STATE_PENDING)
		return; /* listing and events keep pending rows */
	if (model->pinned.state != HP_STATE_PENDING)
		row->state = model->pinned.state;
}

/* Whether nothing that is on screen differs: `show` is asked often, and only news disarms. */
static bool
is_same_story(const struct hp_value *a, const struct hp_value *b)
{
	static const char *const keys[] = {"state", "deadline_ms", "approvals", "needed",
	                                   "votes", "notes",       "history",   "spot_checks"};
	const struct hp_value nil = {.type = HP_NIL};

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const struct hp_value *left = hp_map_get(a, keys[i]);
		const struct hp_value *right = hp_map_get(b, keys[i]);
		if (!hp_value_equal(left ? left : &nil, right ? right : &nil))
			return false;
	}
	return true;
}

unsigned
hp_pinned_load(struct hp_model *model, const struct hp_value *reply)
{
	struct hp_pinned *pinned = &model->pinned;
	enum hp_state state;

	if (hp_value_is(hp_map_get(reply, "type"), "error"))
		return refuse(pinned, "the broker does not show this request to you");
	if (!hp_value_is(hp_map_get(reply, "id"), pinned->id))
		return HP_CHANGED_NOTHING;
	const char *problem = check_content(model, reply);
	if (problem)
		return refuse(pinned, problem);
	if (!hp_state_parse(hp_map_get_str(reply, "state", ""), &state))
		return refuse(pinned, "the request is in a state that this console does not know");

	if (pinned->phase == HP_PIN_READY && is_same_story(pinned->reply, reply))
		return HP_CHANGED_NOTHING;
	hp_arena_reset(&pinned->reply_arena);
	pinned->reply = hp_value_copy(&pinned->reply_arena, reply);
	if (!pinned->reply || pinned->reply_arena.failed) {
		pinned->reply = NULL;
		return refuse(pinned, "out of memory");
	}
	pinned->phase = HP_PIN_READY;
	pinned->state = state;
	pinned->deadline_ms = hp_map_get_int(reply, "deadline_ms", pinned->deadline_ms);
	pinned->submitted_ms = hp_map_get_int(pinned->canonical, "submitted_ms", 0);
	pinned->approvals = hp_map_get_int(reply, "approvals", 0);
	pinned->needed = hp_map_get_int(reply, "needed", 0);
	pinned->columns = 0;
	tell_row(model);
	/* Behind a dialog only votes and notes change: what is being typed there stays. */
	return model->dialog.kind ? HP_CHANGED_PANE : HP_CHANGED_PANE | HP_CHANGED_FLUSH;
}

enum hp_status
hp_pinned_lay_out(struct hp_model *model, size_t columns)
{
	struct hp_pinned *pinned = &model->pinned;
	const struct hp_present_options options = {
		.columns = columns,
		.ascii = model->ascii,
		.escape = model->escape,
		.related = model->related.whole ? &model->related.shown : NULL,
	};

	if (pinned->phase != HP_PIN_READY || pinned->columns == columns)
		return HP_OK;
	hp_arena_reset(&pinned->page_arena);
	enum hp_status status =
		pinned->raw ? hp_present_bytes(&pinned->page_arena, pinned->bytes.p,
	                                       pinned->bytes.len, &options, &pinned->page)
			    : hp_present_request(&pinned->page_arena, pinned->canonical,
	                                         pinned->reply, pinned->digest, &options,
	                                         &pinned->page);
	if (status == HP_OK)
		pinned->columns = columns;
	else
		refuse(pinned, "out of memory");
	return status;
}

/* --- the window --- */

size_t
hp_pinned_visible(const struct hp_pinned *pinned, size_t height)
{
	if (pinned->top + height >= pinned->page.count)
		return pinned->page.count - pinned->top;
	return height ? height - 1 : 0;
}

void
hp_pinned_scroll(struct hp_pinned *pinned, long lines)
{
	size_t count = pinned->page.count, height = pinned->height;
	size_t last = count > height ? count - height : 0;
	long top = (long)pinned->top + lines;

	pinned->top = top < 0 ? 0 : (size_t)top > last ? last : (size_t)top;
}

static bool
is_visible(const struct hp_pinned *pinned, size_t line)
{
	return line >= pinned->top &&
	       line < pinned->top + hp_pinned_visible(pinned, pinned->height);
}

void
hp_pinned_fit(struct hp_pinned *pinned, size_t height)
{
	pinned->height = height;
	hp_pinned_scroll(pinned, 0);
}

void
hp_pinned_note_drawn(struct hp_pinned *pinned)
{
	if (pinned->phase != HP_PIN_READY || !pinned->columns || pinned->raw)
		return; /* bytes are no substitute for reading it */
	pinned->what_seen |= is_visible(pinned, pinned->page.last[HP_SECTION_WHAT]);
	pinned->rollback_seen |= is_visible(pinned, pinned->page.last[HP_SECTION_ROLLBACK]);
}

/* --- the gate --- */

enum hp_state
hp_pinned_state(const struct hp_model *model, int64_t now_ms)
{
	const struct hp_pinned *pinned = &model->pinned;

	if (pinned->state == HP_STATE_PENDING && model->has_clock &&
	    hp_model_left(model, pinned->deadline_ms, now_ms) == 0)
		return HP_STATE_EXPIRED;
	return pinned->state;
}

/* Whether a deed fits the state. A denial takes a grant back until it is claimed (lifecycle
 * invariant 3); a note may be left at any time. */
static bool
fits(enum hp_deed deed, enum hp_state state)
{
	if (deed == HP_DEED_CHECK)
		return state != HP_STATE_PENDING; /* the rest the broker knows */
	return state == HP_STATE_PENDING || deed == HP_DEED_NOTE ||
	       (deed == HP_DEED_DENY && state == HP_STATE_GRANTED);
}

const char *
hp_pinned_refuses(const struct hp_model *model, enum hp_deed deed, int64_t now_ms)
{
	const struct hp_pinned *pinned = &model->pinned;
	enum hp_state state = hp_pinned_state(model, now_ms);

	if (pinned->phase == HP_PIN_NONE)
		return "no request is open";
	if (model->lost)
		return "the broker is lost";
	if (pinned->phase == HP_PIN_LOADING)
		return "loading";
	if (pinned->phase == HP_PIN_REFUSED)
		return "its content is not trusted";
	if (!fits(deed, state))
		return state < HP_STATE_COUNT ? hp_state_name(state) : "no longer pending";
	if (deed == HP_DEED_APPROVE && !pinned->what_seen)
		return "scroll to the end of WHAT first";
	if (deed == HP_DEED_APPROVE && !pinned->rollback_seen)
		return "scroll to the end of ROLLBACK first";
	return NULL;
}
