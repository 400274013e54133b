#include <stdio.h>
#include <string.h>

#include "tui/view.h"

enum { HEAD_LINES = 3, SEQ_X = 3, TIME_X = 14, EVENT_X = 30, ACTOR_X = 50, REQUEST_X = 66 };

/* --- what is known of the log as a whole --- */

static void
draw_check(struct hp_screen *screen, const struct hp_ledger *ledger, struct hp_area area)
{
	static const enum hp_style styles[] = {
		[HP_LEDGER_UNCHECKED] = HP_STYLE_PLAIN,
		[HP_LEDGER_CHECKING] = HP_STYLE_PLAIN,
		[HP_LEDGER_GOOD] = HP_STYLE_STRONG,
		[HP_LEDGER_BAD] = HP_STYLE_ALERT,
	};
	enum { BAR_COLUMNS = 20 };
	char text[200];
	uint64_t done = ledger->counted, all = ledger->size ? ledger->size : 1;

	if (ledger->phase == HP_LEDGER_BAD || ledger->problem[0])
		snprintf(text, sizeof text, "NOT TRUE  %s", ledger->problem);
	else if (ledger->phase == HP_LEDGER_GOOD)
		snprintf(text, sizeof text, "verified  all %llu leaves give the signed root",
		         (unsigned long long)ledger->good_size);
	else if (ledger->phase == HP_LEDGER_CHECKING)
		snprintf(text, sizeof text, "verifying %llu of %llu leaves",
		         (unsigned long long)done, (unsigned long long)ledger->size);
	else
		snprintf(text, sizeof text, "verify    not yet: v reads every leaf and compares");
	int x = 1 + hp_screen_puts(screen, area.y, area.x + 1, area.columns - 1,
	                           styles[ledger->phase], text);
	if (ledger->phase != HP_LEDGER_CHECKING)
		return;
	int full = (int)(done * BAR_COLUMNS / all);
	for (int i = 0; i < full; i++)
		hp_screen_puts(screen, area.y, area.x + x + 2 + i, 1, HP_STYLE_PLAIN,
		               hp_screen_glyph(screen, HP_GLYPH_BAR));
}

static void
draw_anchors(struct hp_screen *screen, const struct hp_model *model, struct hp_area area,
             int64_t now_ms)
{
	const struct hp_ledger *ledger = model->ledger;
	int64_t age_s = (hp_model_broker_ms(model, now_ms) - ledger->anchored_ms) / 1000;

	if (ledger->anchors < 0)
		hp_screen_puts(screen, area.y, area.x + 1, area.columns - 1, HP_STYLE_PLAIN,
		               "anchors   the broker does not say");
	else if (ledger->anchors == 0)
		hp_screen_puts(screen, area.y, area.x + 1, area.columns - 1, HP_STYLE_FLAG,
		               "anchors   none: who runs the broker could rewrite the log");
	else if (ledger->anchored_ms > 0)
		hp_screen_printf(screen, area.y, area.x + 1, area.columns - 1,
		                 ledger->anchors_failing > 0 ? HP_STYLE_FLAG : HP_STYLE_PLAIN,
		                 "anchors   %lld, %lld failing; all have one %lld s old",
		                 (long long)ledger->anchors, (long long)ledger->anchors_failing,
		                 (long long)(age_s > 0 ? age_s : 0));
	else
		hp_screen_printf(screen, area.y, area.x + 1, area.columns - 1,
		                 ledger->anchors_failing > 0 ? HP_STYLE_FLAG : HP_STYLE_PLAIN,
		                 "anchors   %lld, %lld failing; not all have taken one yet",
		                 (long long)ledger->anchors, (long long)ledger->anchors_failing);
}

static void
draw_head(struct hp_screen *screen, const struct hp_model *model, struct hp_area area,
          int64_t now_ms)
{
	const struct hp_ledger *ledger = model->ledger;
	struct hp_buf root = {0};

	hp_buf_add_hex(&root, ledger->root.bytes, 8);
	if (ledger->has_checkpoint)
		hp_screen_printf(screen, area.y, area.x + 1, area.columns - 1, HP_STYLE_PLAIN,
		                 "signed    %llu leaves, root %s..., by the log's key",
		                 (unsigned long long)ledger->size, hp_buf_text(&root));
	else
		hp_screen_puts(screen, area.y, area.x + 1, area.columns - 1, HP_STYLE_PLAIN,
		               "signed    asking for the checkpoint");
	hp_buf_release(&root);
	area.y++;
	draw_check(screen, ledger, area);
	area.y++;
	draw_anchors(screen, model, area, now_ms);
}

/* --- leaves --- */

static void
draw_leaf(struct hp_screen *screen, const struct hp_ledger_leaf *leaf, struct hp_area area,
          enum hp_style style)
{
	char time[24];

	hp_view_time(leaf->wall_ms, time);
	hp_screen_printf(screen, area.y, area.x + SEQ_X, TIME_X - SEQ_X - 1, style, "%10s",
	                 leaf->key);
	hp_screen_puts(screen, area.y, area.x + TIME_X, EVENT_X - TIME_X - 1, style, time);
	hp_screen_puts(screen, area.y, area.x + EVENT_X, ACTOR_X - EVENT_X - 1, style, leaf->event);
	hp_screen_puts(screen, area.y, area.x + ACTOR_X,
	               area.columns > REQUEST_X ? REQUEST_X - ACTOR_X - 1
	                                        : area.columns - ACTOR_X,
	               style, leaf->actor);
	if (area.columns > REQUEST_X)
		hp_screen_printf(screen, area.y, area.x + REQUEST_X, area.columns - REQUEST_X,
		                 style, "%.13s", leaf->request);
}

static void
draw(struct hp_screen *screen, struct hp_model *model, struct hp_area area, bool focused,
     int64_t now_ms)
{
	struct hp_ledger *ledger = model->ledger;

	if (!ledger) {
		hp_view_empty(screen, area, focused, "out of memory");
		return;
	}
	draw_head(screen, model, area, now_ms);
	area.y += HEAD_LINES;
	area.rows -= HEAD_LINES;
	size_t height = area.rows > 0 ? (size_t)area.rows : 0;
	hp_ledger_refresh(ledger);
	hp_cursor_fit(&ledger->cursor, ledger->view_count, height);
	if (ledger->view_count == 0)
		hp_view_empty(screen, area, focused,
		              ledger->filter[0] ? "nothing matches the filter (Esc shows all)"
		                                : "no leaves yet");
	for (size_t i = 0; i < height && ledger->cursor.top + i < ledger->view_count; i++) {
		size_t at = ledger->cursor.top + i;
		bool selected = at == ledger->cursor.index;
		struct hp_area row = {area.y + (int)i, area.x, 1, area.columns};
		hp_view_marks(screen, model, row, "", selected, focused);
		draw_leaf(screen, &ledger->leaves[ledger->view[at]], row,
		          selected ? HP_STYLE_STRONG : HP_STYLE_PLAIN);
	}
}

/* The body over as many lines as there are. */
static void
draw_body(struct hp_screen *screen, const struct hp_ledger_leaf *leaf, struct hp_area area)
{
	struct hp_arena arena = {0};
	struct hp_text_line *lines;
	size_t count = 0, rows = area.rows > 0 ? (size_t)area.rows : 0;

	if (hp_text_wrap(&arena, leaf->body, strlen(leaf->body), (size_t)area.columns - 2, &lines,
	                 &count) != HP_OK)
		count = 0;
	for (size_t i = 0; i < count && i < rows; i++) {
		if (i + 1 == rows && count > rows)
			hp_screen_printf(screen, area.y + (int)i, area.x + 1, area.columns - 1,
			                 HP_STYLE_STRONG, "%s %zu more lines",
			                 hp_screen_glyph(screen, HP_GLYPH_MORE), count - i);
		else
			hp_screen_put(screen, area.y + (int)i, area.x + 1, area.columns - 1,
			              HP_STYLE_PLAIN, leaf->body + lines[i].start, lines[i].len);
	}
	hp_arena_release(&arena);
}

static void
detail(struct hp_screen *screen, struct hp_model *model, struct hp_area area, int64_t now_ms)
{
	struct hp_ledger *ledger = model->ledger;
	const struct hp_ledger_leaf *leaf = ledger ? hp_ledger_selected(ledger) : NULL;

	if (!leaf)
		return;
	hp_screen_printf(screen, area.y, area.x + 1, area.columns - 1, HP_STYLE_STRONG,
	                 "leaf %s  %.40s by %.64s", leaf->key, leaf->event, leaf->actor);
	if (leaf->request[0])
		hp_screen_printf(screen, area.y + 1, area.x + 1, area.columns - 1, HP_STYLE_PLAIN,
		                 "request %.36s", leaf->request);
	if (ledger->proof_said[0] && ledger->proof_seq == leaf->seq)
		hp_screen_puts(screen, area.y + 2, area.x + 1, area.columns - 1,
		               ledger->proof_holds ? HP_STYLE_STRONG : HP_STYLE_FLAG,
		               ledger->proof_said);
	else
		hp_screen_puts(screen, area.y + 2, area.x + 1, area.columns - 1, HP_STYLE_PLAIN,
		               "Enter asks for its proof of inclusion and verifies it");
	hp_screen_puts(screen, area.y + 3, area.x + 1, area.columns - 1,
	               leaf->erased || leaf->body_fits ? HP_STYLE_PLAIN : HP_STYLE_ALERT,
	               leaf->erased      ? "its body is erased; the leaf keeps its hash"
	               : leaf->body_fits ? "its body, which has the hash that the leaf holds:"
	                                 : "ITS BODY IS NOT WHAT THE LEAF PROMISES:");
	area.y += 4;
	area.rows -= 4;
	draw_body(screen, leaf, area);
}

static void
hint(struct hp_screen *screen, struct hp_model *model, int y, int64_t now_ms)
{
	static const char *const hints[] = {"v verify the whole log", "Enter prove the leaf",
	                                    "j k move", "/ filter"};

	hp_view_hints(screen, y, hints, sizeof hints / sizeof hints[0]);
}

static void
enter(struct hp_model *model)
{
	if (!model->ledger)
		model->ledger = hp_ledger_new();
	if (model->ledger)
		model->ledger->due_ms = model->ledger->stats_due_ms = 0;
}

static unsigned
move(struct hp_model *model, long lines, long pages)
{
	return model->ledger ? hp_ledger_move(model->ledger, lines, pages) : HP_CHANGED_NOTHING;
}

static unsigned
open_selected(struct hp_model *model, int64_t now_ms)
{
	return model->ledger ? hp_ledger_prove(model->ledger) : HP_CHANGED_NOTHING;
}

static char *
filter(struct hp_model *model)
{
	static char none[HP_LIMIT_SUMMARY_BYTES + 1];

	return model->ledger ? model->ledger->filter : none;
}

static void
filtered(struct hp_model *model)
{
	if (!model->ledger)
		return;
	model->ledger->dirty = true;
	hp_ledger_refresh(model->ledger);
}

static struct hp_place
place(const struct hp_model *model)
{
	const struct hp_ledger *ledger = model->ledger;

	return ledger ? hp_place_of(ledger->cursor.top, ledger->cursor.height, ledger->view_count)
	              : (struct hp_place){0};
}

const struct hp_view hp_view_audit = {
	.name = "audit",
	.row_lines = 1,
	.draw = draw,
	.detail = detail,
	.hint = hint,
	.enter = enter,
	.move = move,
	.open = open_selected,
	.filter = filter,
	.filtered = filtered,
	.place = place,
};
