/*
 * things_text - what was found in a deed, as one line for comparison.
 *
 * Subjects of a thing are joined by `,`, things by `; `; an ambiguous thing begins with `?`; then
 * `unknown`.
 */
#ifndef HP_TESTS_CORE_THINGS_TEXT_H
#define HP_TESTS_CORE_THINGS_TEXT_H

#include "core/buf.h"
#include "core/things.h"

static inline const char *
things_text(struct hp_arena *arena, const struct hp_things *things)
{
	struct hp_buf buf = {0};
	for (size_t i = 0; i < things->count; i++) {
		const struct hp_thing *thing = &things->things[i];
		size_t end = i + 1 < things->count ? thing[1].first : things->subject_count;
		hp_buf_add_text(&buf, i ? "; " : "");
		hp_buf_add_text(&buf, thing->ambiguous ? "?" : "");
		for (size_t j = thing->first; j < end; j++) {
			hp_buf_add_text(&buf, j > thing->first ? "," : "");
			hp_buf_add(&buf, things->subjects[j].p, things->subjects[j].len);
		}
	}
	if (things->unknown)
		hp_buf_add_text(&buf, buf.len || things->count ? "; unknown" : "unknown");
	if (things->overflow)
		hp_buf_add_text(&buf, "; overflow");
	const char *text = hp_arena_strdup(arena, hp_buf_text(&buf));
	hp_buf_release(&buf);
	return text;
}

#endif
