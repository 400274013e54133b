#include "core/things.h"

#include <stdarg.h>
#include <string.h>

#include "core/text.h"

/* Room for one more in an array of the arena; false without memory. */
static bool
reserve(struct hp_arena *arena, void **array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return true;
	size_t larger = *capacity ? *capacity * 2 : 16;
	void *grown = hp_arena_array(arena, larger, size);
	if (!grown)
		return false;
	if (count)
		memcpy(grown, *array, count * size);
	*array = grown;
	*capacity = larger;
	return true;
}

bool
hp_things_spend(struct hp_things *things, size_t amount)
{
	if (amount > HP_THINGS_WORK_MAX - things->work)
		things->overflow = true;
	else
		things->work += amount;
	return !things->overflow && !things->arena->failed;
}

static bool
same_thing(const struct hp_things *things, size_t a, size_t b)
{
	const struct hp_thing *x = &things->things[a], *y = &things->things[b];
	size_t y_end = b + 1 < things->count ? things->things[b + 1].first : things->subject_count;
	size_t count = things->things[a + 1].first - x->first;
	if (y_end - y->first != count || x->ambiguous != y->ambiguous ||
	    x->disguised != y->disguised)
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(things->subjects[x->first + i].p, things->subjects[y->first + i].p))
			return false;
	return true;
}

/* A thing said again (a thousand INSERTs) is the same thing. */
static void
drop_repeated(struct hp_things *things)
{
	if (things->count < 2 || !same_thing(things, things->count - 2, things->count - 1))
		return;
	things->count--;
	things->subject_count = things->things[things->count].first;
}

struct hp_thing *
hp_things_begin(struct hp_things *things)
{
	drop_repeated(things);
	void *array = things->things;
	if (things->count >= HP_SUBJECTS_MAX)
		things->overflow = true;
	if (things->overflow || !reserve(things->arena, &array, things->count, &things->capacity,
	                                 sizeof *things->things))
		return &things->spare;
	things->things = array;
	struct hp_thing *thing = &things->things[things->count++];
	*thing = (struct hp_thing){.first = things->subject_count};
	return thing;
}

static void
lower(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] |= 0x20;
}

/* Lower case beyond ASCII, for names of other scripts that a policy may list. */
static struct hp_subject
lower_folded(struct hp_arena *arena, const char *text, size_t len)
{
	struct hp_buf buf = {0};
	hp_text_fold(&buf, text, len, true);
	struct hp_subject out = {.len = buf.len};
	out.p = buf.failed ? NULL : hp_arena_copy(arena, hp_buf_text(&buf), buf.len);
	if (buf.failed)
		arena->failed = true;
	hp_buf_release(&buf);
	return out;
}

static void
add_subject(struct hp_things *things, struct hp_subject subject)
{
	void *array = things->subjects;
	if (!subject.p)
		return;
	if (things->subject_count >= HP_SUBJECTS_MAX)
		things->overflow = true;
	if (things->overflow || !reserve(things->arena, &array, things->subject_count,
	                                 &things->subject_capacity, sizeof *things->subjects))
		return;
	things->subjects = array;
	things->subjects[things->subject_count++] = subject;
	if (things->claimed && !strcasecmp(subject.p, things->claimed))
		things->claimed_seen = true;
}

void
hp_things_spell(struct hp_things *things, const char *part, ...)
{
	size_t len = 0;
	va_list list;
	va_start(list, part);
	for (const char *p = part; p; p = va_arg(list, const char *))
		len += strlen(p);
	va_end(list);
	char *text = hp_arena_alloc(things->arena, len + 1), *end = text;
	if (!text)
		return;
	va_start(list, part);
	for (const char *p = part; p; p = va_arg(list, const char *))
		end = stpcpy(end, p);
	va_end(list);
	lower(text, len);
	struct hp_subject subject = {text, len, false};
	if (hp_text_has_non_ascii(text, len))
		subject = lower_folded(things->arena, text, len);
	add_subject(things, subject);
}

void
hp_things_may_abbreviate(struct hp_things *things)
{
	if (things->subject_count)
		things->subjects[things->subject_count - 1].abbreviated = true;
}

void
hp_things_runs(struct hp_things *things, const char *name)
{
	static const char prefix[] = "shell:";
	if (name && things->claimed && !strncmp(things->claimed, prefix, sizeof prefix - 1) &&
	    !strcasecmp(things->claimed + sizeof prefix - 1, name))
		things->claimed_seen = true;
}

const char *
hp_things_fold(struct hp_things *things, const char *text, size_t len, bool *ret_disguised)
{
	bool plain = !hp_text_has_non_ascii(text, len);
	if (ret_disguised)
		*ret_disguised = !plain;
	if (plain)
		return text;
	struct hp_buf buf = {0};
	hp_text_fold(&buf, text, len, false);
	const char *folded =
		buf.failed ? NULL : hp_arena_copy(things->arena, hp_buf_text(&buf), buf.len);
	if (buf.failed)
		things->arena->failed = true;
	hp_buf_release(&buf);
	return folded ? folded : "";
}
