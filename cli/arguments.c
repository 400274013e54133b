#include "cli/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "core/units.h"

/* Edit distance of two short words; anything longer than the row is no near miss. */
static size_t
distance(const char *a, const char *b)
{
	enum { LONGEST = 32 };
	size_t row[LONGEST + 1], len = strlen(b);
	if (len > LONGEST || strlen(a) > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (; *a; a++) {
		size_t diagonal = row[0]++;
		for (size_t j = 1; j <= len; j++) {
			size_t change = diagonal + (*a != b[j - 1]);
			diagonal = row[j];
			size_t shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			row[j] = change < shift ? change : shift;
		}
	}
	return row[len];
}

void
hp_nearest_try(struct hp_nearest *nearest, const char *candidate)
{
	size_t len = strlen(nearest->text), far = distance(nearest->text, candidate);
	/* A beginning is meant however much is missing. */
	if (len >= 2 && strncmp(candidate, nearest->text, len) == 0)
		far = 0;
	if (far <= 2 && far * 2 < len && (!nearest->best || far < nearest->distance)) {
		nearest->best = candidate;
		nearest->distance = far;
	}
}

const char *
hp_cli_option(const struct hp_cli *cli, const char *name)
{
	const char *value = NULL;
	for (size_t i = 0; i < cli->given_count; i++)
		if (strcmp(cli->given[i].option->name, name) == 0)
			value = cli->given[i].value;
	return value;
}

bool
hp_cli_flag(const struct hp_cli *cli, const char *name)
{
	return hp_cli_option(cli, name) != NULL;
}

const char *
hp_cli_next(const struct hp_cli *cli, const char *name, size_t *at)
{
	while (*at < cli->given_count) {
		const struct hp_given *given = &cli->given[(*at)++];
		if (strcmp(given->option->name, name) == 0)
			return given->value;
	}
	return NULL;
}

int
hp_cli_option_int(struct hp_cli *cli, const char *name, int64_t min, int64_t max, int64_t *ret)
{
	const char *text = hp_cli_option(cli, name);
	if (!text)
		return HP_EXIT_OK;
	char *end;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno || end == text || *end || number < min || number > max)
		return hp_cli_usage(cli,
				    "--%s: expected a whole number from %lld to %lld, not \"%s\"",
				    name, (long long)min, (long long)max,
				    hp_text_safe(&cli->arena, text, 0));
	*ret = number;
	return HP_EXIT_OK;
}

int
hp_cli_option_duration(struct hp_cli *cli, const char *name, int64_t *ret_ms)
{
	const char *text = hp_cli_option(cli, name);
	struct hp_error err = {0};
	if (text && hp_units_duration(text, ret_ms, &err) != HP_OK)
		return hp_cli_usage(cli, "--%s: %s", name, err.message);
	return HP_EXIT_OK;
}

const char *
hp_cli_require(struct hp_cli *cli, const char *name)
{
	const char *value = hp_cli_option(cli, name);
	if (value && *value)
		return value;
	hp_cli_usage(cli, "--%s is needed%s", name, value ? " and may not be empty" : "");
	return NULL;
}
