/* Requests of any state, newest first, page by page as far as somebody looks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/model.h"

void
hp_rows_release(struct hp_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		hp_row_free(rows->all[i]);
	free(rows->all);
	free(rows->view);
	*rows = (struct hp_rows){0};
}

void
hp_rows_reload(struct hp_rows *rows)
{
	rows->wanted = true;
	rows->stale = rows->asked;
	rows->after[0] = '\0';
}

static bool
reserve(struct hp_rows *rows)
{
	if (rows->count < rows->capacity)
		return true;
	size_t capacity = rows->capacity ? rows->capacity * 2 : 2 * HP_ROWS_PAGE;
	struct hp_row **all = reallocarray(rows->all, capacity, sizeof *all);
	if (all)
		rows->all = all;
	struct hp_row **view = reallocarray(rows->view, capacity, sizeof *view);
	if (view)
		rows->view = view;
	if (!all || !view)
		return false;
	rows->capacity = capacity;
	return true;
}

/* Adds at the end or on top. What cannot be read, or has no room, is left out. */
static void
add(struct hp_rows *rows, const struct hp_value *summary, bool on_top, hp_present_escape *escape)
{
	const struct hp_value *id = hp_map_get(summary, "id");
	struct hp_row *row = NULL;

	if (on_top && rows->count >= HP_ROWS_KEPT) {
		hp_row_free(rows->all[--rows->count]);
		rows->view_count = 0;
	}
	if (hp_row_is_id(id) && rows->count < HP_ROWS_KEPT && reserve(rows))
		row = calloc(1, sizeof *row);
	if (!row)
		return;
	snprintf(row->id, sizeof row->id, "%s", id->str.p);
	if (!hp_row_read(row, summary, escape)) {
		hp_row_free(row);
		return;
	}
	if (on_top)
		memmove(rows->all + 1, rows->all, rows->count * sizeof *rows->all);
	rows->all[on_top ? 0 : rows->count] = row;
	rows->count++;
	rows->dirty = true;
}

static void
clear(struct hp_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		hp_row_free(rows->all[i]);
	rows->count = rows->view_count = 0;
	rows->dirty = true;
}

unsigned
hp_rows_page(struct hp_rows *rows, const struct hp_value *reply, hp_present_escape *escape)
{
	const struct hp_value *items = hp_map_get(reply, "items");
	const struct hp_value *next = hp_map_get(reply, "next");

	rows->asked = false;
	if (!reply || rows->stale) {
		rows->wanted = true;
		rows->stale = false;
		return HP_CHANGED_NOTHING;
	}
	if (!items || items->type != HP_ARRAY) {
		struct hp_buf why = {0};
		const char *message = hp_map_get_str(reply, "message", "");
		escape(&why, message, strlen(message), HP_TEXT_ASCII);
		snprintf(rows->problem, sizeof rows->problem, "the broker does not list them: %s",
		         hp_buf_text(&why));
		hp_buf_release(&why);
		rows->complete = true;
		return HP_CHANGED_SCREEN;
	}
	rows->problem[0] = '\0';
	if (!rows->after[0])
		clear(rows);
	for (size_t i = 0; i < hp_value_count(items); i++)
		add(rows, hp_array_get(items, i), false, escape);
	rows->complete = !hp_row_is_id(next) || hp_value_count(items) == 0 ||
	                 rows->count >= HP_ROWS_KEPT;
	rows->after[0] = '\0';
	if (!rows->complete)
		snprintf(rows->after, sizeof rows->after, "%s", next->str.p);
	rows->has_listed = true;
	return HP_CHANGED_SCREEN;
}

unsigned
hp_rows_event(struct hp_rows *rows, const struct hp_value *event, bool insert,
              hp_present_escape *escape)
{
	const struct hp_value *id = hp_map_get(event, "id");

	if (!rows->has_listed || !hp_row_is_id(id))
		return HP_CHANGED_NOTHING;
	for (size_t i = 0; i < rows->count; i++) {
		if (strcmp(rows->all[i]->id, id->str.p) != 0)
			continue;
		rows->dirty = true;
		(void)hp_row_read(rows->all[i], event, escape); /* else it stays as it was */
		return HP_CHANGED_SCREEN;
	}
	if (insert)
		add(rows, event, true, escape);
	return insert ? HP_CHANGED_SCREEN : HP_CHANGED_NOTHING;
}

static const char *
key_of(const void *list, size_t index)
{
	const struct hp_rows *rows = list;

	return rows->view[index]->id;
}

void
hp_rows_refresh(struct hp_rows *rows)
{
	if (!rows->dirty)
		return;
	rows->dirty = false;
	rows->view_count = 0;
	for (size_t i = 0; i < rows->count; i++) {
		if (hp_row_matches(rows->all[i], rows->filter))
			rows->view[rows->view_count++] = rows->all[i];
	}
	hp_cursor_follow(&rows->cursor, rows, rows->view_count, key_of);
}

unsigned
hp_rows_move(struct hp_rows *rows, long lines, long pages)
{
	long height = rows->cursor.height ? (long)rows->cursor.height : 1;

	hp_rows_refresh(rows);
	hp_cursor_move(&rows->cursor, rows, rows->view_count, key_of, lines + pages * height);
	return HP_CHANGED_SCREEN;
}

const struct hp_row *
hp_rows_selected(struct hp_rows *rows)
{
	hp_rows_refresh(rows);
	return rows->cursor.index < rows->view_count ? rows->view[rows->cursor.index] : NULL;
}

void
hp_rows_fit(struct hp_rows *rows, size_t height)
{
	hp_rows_refresh(rows);
	hp_cursor_fit(&rows->cursor, rows->view_count, height);
	if (!rows->complete && rows->after[0] &&
	    rows->cursor.top + 2 * height + 1 >= rows->view_count)
		rows->wanted = true;
}
