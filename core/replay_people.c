#include <string.h>

#include "core/limits.h"
#include "core/replay_private.h"

static const char *const *
read_groups(struct hp_arena *arena, const struct hp_value *list, size_t *ret_count)
{
	size_t count = hp_value_count(list);
	const char **groups = count ? hp_arena_array(arena, count, sizeof *groups) : NULL;
	*ret_count = groups ? count : 0;
	for (size_t i = 0; i < *ret_count; i++) {
		const struct hp_value *item = hp_array_get(list, i);
		groups[i] = hp_arena_strdup(arena, item->type == HP_STR ? item->str.p : "");
	}
	return groups;
}

/* An executor stands in one environment; one that lists several may claim nothing. */
static const char *
read_environment(const struct hp_value *list)
{
	const struct hp_value *one = hp_value_count(list) == 1 ? hp_array_get(list, 0) : NULL;
	return one && one->type == HP_STR ? one->str.p : "";
}

static const struct hp_replay_person *
read_entry(struct hp_arena *arena, const struct hp_value *entry)
{
	struct hp_replay_person *person = hp_arena_alloc(arena, sizeof *person);
	const struct hp_value *roles = hp_map_get(entry, "roles");
	const struct hp_value *key = hp_map_get(entry, "sign_public");
	enum hp_role role;
	if (!person)
		return NULL;
	person->name = hp_arena_strdup(arena, hp_map_get_str(entry, "name", ""));
	person->person = hp_arena_strdup(arena, hp_map_get_str(entry, "person", ""));
	person->owner = hp_arena_strdup(arena, hp_map_get_str(entry, "owner", ""));
	person->audience = hp_arena_strdup(arena, hp_map_get_str(entry, "audience", ""));
	person->environment =
		hp_arena_strdup(arena, read_environment(hp_map_get(entry, "environments")));
	person->groups = read_groups(arena, hp_map_get(entry, "groups"), &person->group_count);
	person->revoked = hp_map_get_bool(entry, "revoked", false);
	person->has_sign = key && key->type == HP_STR &&
			   hp_crypto_base64(key->str.p, key->str.len, person->sign_public,
					    sizeof person->sign_public) == HP_OK;
	for (size_t i = 0; i < hp_value_count(roles); i++) {
		const struct hp_value *word = hp_array_get(roles, i);
		if (word->type == HP_STR && hp_role_parse(word->str.p, &role))
			person->roles |= (unsigned)role;
	}
	return person;
}

/* Entries come in name order, each name once. */
static bool
append(struct hp_replay_people *people, const struct hp_replay_person *person)
{
	if (people->count == people->room) {
		size_t room = people->room ? people->room * 2 : 64;
		const struct hp_replay_person **more =
			hp_arena_array(&people->arena, room, sizeof *more);
		if (!more)
			return true; /* the arena has failed, which is asked at the end */
		if (people->count)
			memcpy(more, people->sorted, people->count * sizeof *more);
		people->sorted = more;
		people->room = room;
	}
	if (!*person->name ||
	    (people->count && strcmp(people->sorted[people->count - 1]->name, person->name) >= 0))
		return false;
	people->sorted[people->count++] = person;
	return true;
}

bool
hp_replay_people_take(struct hp_replay_people *people, const struct hp_value *body)
{
	const struct hp_value *list = hp_map_get(body, "principals");
	bool sound = list && list->type == HP_ARRAY;
	int64_t first = hp_map_get_int(body, "first", 0);
	if (first == 0) {
		hp_arena_release(&people->arena);
		*people = (struct hp_replay_people){0};
	}
	people->known = true;
	if ((uint64_t)first != people->count ||
	    people->count + hp_value_count(list) > HP_LIMIT_PRINCIPALS)
		return false;
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_replay_person *person =
			read_entry(&people->arena, hp_array_get(list, i));
		if (person)
			sound &= append(people, person);
	}
	return sound;
}

const struct hp_replay_person *
hp_replay_people_find(const struct hp_replay_people *people, const char *name)
{
	size_t low = 0, high = people->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(people->sorted[middle]->name, name);
		if (order == 0)
			return people->sorted[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
