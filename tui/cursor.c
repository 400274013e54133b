#include <stdio.h>
#include <string.h>

#include "tui/lists.h"

void
hp_cursor_follow(struct hp_cursor *cursor, const void *list, size_t count, hp_cursor_key *key)
{
	for (size_t i = 0; i < count && cursor->key[0]; i++) {
		if (strcmp(key(list, i), cursor->key) == 0) {
			cursor->index = i;
			return;
		}
	}
	hp_cursor_move(cursor, list, count, key, 0);
}

void
hp_cursor_move(struct hp_cursor *cursor, const void *list, size_t count, hp_cursor_key *key,
               long by)
{
	long at = (long)cursor->index + by, last = (long)count - 1;

	if (last < 0) {
		cursor->index = 0;
		return;
	}
	cursor->index = (size_t)(at < 0 ? 0 : at > last ? last : at);
	snprintf(cursor->key, sizeof cursor->key, "%s", key(list, cursor->index));
}

void
hp_cursor_fit(struct hp_cursor *cursor, size_t count, size_t height)
{
	cursor->height = height;
	if (height == 0)
		return;
	if (cursor->index < cursor->top)
		cursor->top = cursor->index;
	if (cursor->index >= cursor->top + height)
		cursor->top = cursor->index - height + 1;
	if (cursor->top + height > count)
		cursor->top = count > height ? count - height : 0;
}

struct hp_place
hp_place_of(size_t top, size_t height, size_t count)
{
	size_t last = top + height < count ? top + height : count;

	return (struct hp_place){.first = count ? top + 1 : 0, .last = last, .count = count};
}
