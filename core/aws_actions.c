#include "core/aws_actions.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* The actions of one service and level. */
struct group {
	const char *service;
	enum hp_aws_level level;
	uint32_t first, count; /* in `starts` */
};

/*
 * names:  the actions' names, each with its NUL; within a group sorted without regard to case
 * starts: where each begins
 * groups: sorted by service
 */
#include "core/aws_actions.inc"

#define GROUPS (sizeof groups / sizeof *groups)
#define ACTIONS (sizeof starts / sizeof *starts)

/* As strcasecmp(), of a text that does not end. */
static int
compare(const char *text, size_t len, const char *name)
{
	int order = strncasecmp(text, name, len);
	return order ? order : -(name[len] != 0);
}

static bool
has(const struct group *group, const char *action, size_t len)
{
	size_t low = group->first, high = low + group->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(action, len, names + starts[middle]);
		if (!order)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

/* The first group of a service, or where it would be. */
static size_t
find_service(const char *service, size_t len)
{
	size_t low = 0, high = GROUPS;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(service, len, groups[middle].service) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum hp_aws_level
hp_aws_level_of(const char *name, size_t len)
{
	const char *colon = memchr(name, ':', len);
	if (!colon || memchr(name, 0, len))
		return HP_AWS_UNLISTED;
	size_t service_len = (size_t)(colon - name), action_len = len - service_len - 1;
	for (size_t i = find_service(name, service_len);
	     i < GROUPS && !compare(name, service_len, groups[i].service); i++)
		if (has(&groups[i], colon + 1, action_len))
			return groups[i].level;
	return HP_AWS_UNLISTED;
}

size_t
hp_aws_action_count(void)
{
	return ACTIONS;
}

struct hp_aws_action
hp_aws_action_at(size_t index)
{
	size_t low = 0, high = GROUPS; /* the group is in [low, high) */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (groups[middle].first <= index)
			low = middle;
		else
			high = middle;
	}
	return (struct hp_aws_action){groups[low].service, names + starts[index],
	                              groups[low].level};
}
