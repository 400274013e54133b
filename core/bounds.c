/*
 * A bound on operations, a principal's own or a task's, applied to what is asked and to what would
 * run.
 *
 * The operation is the agent's word for it; a command beside it is judged by its own names
 * (`shell:kubectl-delete`, or `SERVICE:SomeVerb` for the AWS client), so that a harmless operation
 * cannot carry another program through the bound. Wrappers are not looked through here: `sudo`
 * itself must be within the bound.
 */
#include <ctype.h>
#include <string.h>

#include "core/evaluate.h"
#include "core/text.h"

/* Anchored, case-folded on both sides; `*` crosses everything, `?` is one byte. Linear memory and
 * at most |glob| × |text| steps, both bounded by the request's limits. */
bool
hp_bounds_glob(const char *glob, const char *text)
{
	const char *star = NULL, *retry = NULL;
	while (*text) {
		if (*glob == '*') {
			star = glob++;
			retry = text;
		} else if (*glob && (*glob == '?' || *glob == *text)) {
			glob++;
			text++;
		} else if (star) {
			glob = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

static const char *
fold(struct hp_arena *arena, const char *text)
{
	struct hp_buf buf = {0};
	hp_text_fold(&buf, text, strlen(text), true);
	const char *folded = buf.failed ? NULL : hp_arena_copy(arena, hp_buf_text(&buf), buf.len);
	if (!folded)
		arena->failed = true;
	hp_buf_release(&buf);
	return folded;
}

struct hp_globs
hp_bounds_fold(struct hp_arena *arena, const struct hp_globs *globs)
{
	const char **items = hp_arena_array(arena, globs->count + 1, sizeof *items);
	struct hp_globs folded = {items, 0};
	for (size_t i = 0; items && i < globs->count; i++)
		if ((items[folded.count] = fold(arena, globs->items[i])))
			folded.count++;
	return folded;
}

bool
hp_bounds_match(struct hp_arena *arena, const struct hp_globs *folded, const char *text)
{
	const char *subject = fold(arena, text);
	for (size_t i = 0; subject && i < folded->count; i++)
		if (hp_bounds_glob(folded->items[i], subject))
			return true;
	return false;
}

static const char *
argument(const struct hp_value *command, size_t index)
{
	const struct hp_value *value = hp_array_get(command, index);
	return value && value->type == HP_STR ? value->str.p : NULL;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* `aws lambda update-function-configuration` → `lambda:updatefunctionconfiguration`, as folded. */
static const char *
aws_name(struct hp_arena *arena, const struct hp_value *command)
{
	const char *service = argument(command, 1), *verb = argument(command, 2);
	if (!service || !verb || *service == '-' || *verb == '-')
		return NULL;
	char *name = hp_arena_printf(arena, "%s:%s", service, verb);
	char *to = name ? name + strlen(service) + 1 : NULL;
	for (const char *from = to; from && *from; from++)
		if (*from != '-')
			*to++ = *from;
	if (to)
		*to = '\0';
	return name;
}

static bool
command_within(struct hp_arena *arena, const struct hp_globs *folded,
	       const struct hp_value *command)
{
	const char *path = argument(command, 0), *program = base_name(path ? path : "");
	const char *first = argument(command, 1);
	const char *aws = strcmp(program, "aws") == 0 ? aws_name(arena, command) : NULL;
	if (aws && hp_bounds_match(arena, folded, aws))
		return true;
	if (hp_bounds_match(arena, folded, hp_arena_printf(arena, "shell:%s", program)))
		return true;
	return first && *first != '-' &&
	       hp_bounds_match(arena, folded,
			       hp_arena_printf(arena, "shell:%s-%s", program, first));
}

enum hp_status
hp_bounds_check(struct hp_arena *arena, const struct hp_globs *operations,
		const struct hp_deed *deeds, size_t count, const char **ret_outside)
{
	const char *outside = NULL;
	const struct hp_globs folded = hp_bounds_fold(arena, operations);
	for (size_t i = 0; !outside && i < count; i++) {
		const struct hp_deed *deed = &deeds[i];
		if (deed->operation && !hp_bounds_match(arena, &folded, deed->operation))
			outside = hp_text_safe(arena, deed->operation, HP_TEXT_ASCII);
		else if (deed->command && !command_within(arena, &folded, deed->command))
			outside = hp_text_safe(arena, argument(deed->command, 0), HP_TEXT_ASCII);
	}
	*ret_outside = outside;
	return arena->failed ? HP_NOMEM : HP_OK;
}
