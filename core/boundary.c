#include "core/boundary.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/evaluate.h"
#include "core/limits.h"
#include "core/schema.h"
#include "core/text.h"
#include "core/units.h"
#include "core/yaml.h"

enum {
	PATH_BYTES = 4095,
	SIGN_CHARS = 44, /* 32 bytes in base64 */
	DEFAULT_PARALLEL = 4,
	MAX_PARALLEL = 32, /* each parks a wait at the broker, which has HP_LIMIT_WAITS_PER_PEER */
	DEFAULT_TIMEOUT_MS = 15 * 60 * 1000,
	DEFAULT_OUTPUT_BYTES = 1024 * 1024,
};
#define MAX_TIMEOUT_MS (INT64_C(24) * 3600 * 1000)
#define MAX_OUTPUT_BYTES (INT64_C(16) * 1024 * 1024)
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const struct hp_field glob_item = {
	.kinds = HP_K_STR, .min = 1, .max = HP_LIMIT_OPERATION_BYTES,
};
static const struct hp_field path_item = {.kinds = HP_K_STR, .min = 1, .max = PATH_BYTES};
static const struct hp_field variable_item = {.kinds = HP_K_STR, .min = 1, .max = 256};
static const struct hp_field votes_item = {
	.kinds = HP_K_INT, .min = 0, .max = HP_LIMIT_QUORUM_SLOTS * HP_LIMIT_QUORUM_SLOTS,
};

static const struct hp_field reviewer_fields[] = {
	{.name = "name", .kinds = HP_K_NAME, .required = true},
	{.name = "person", .kinds = HP_K_STR, .required = true, .min = 1,
	 .max = HP_LIMIT_NAME_BYTES},
	{.name = "sign_public", .kinds = HP_K_STR, .required = true, .min = SIGN_CHARS,
	 .max = SIGN_CHARS},
	{0},
};
static const struct hp_field reviewer_item = {.kinds = HP_K_MAP, .fields = reviewer_fields};

#define LIST(named, of) .name = named, .kinds = HP_K_LIST, .max = HP_LIMIT_ELEMENTS, .item = &(of)

static const struct hp_field fields[] = {
	{.name = "environment", .kinds = HP_K_NAME, .required = true},
	{.name = "audience", .kinds = HP_K_NAME, .required = true},
	{LIST("operations", glob_item), .required = true, .min = 1},
	{.name = "programs", .kinds = HP_K_MAP_OF, .required = true, .max = HP_LIMIT_ELEMENTS,
	 .item = &path_item},
	{.name = "path", .kinds = HP_K_STR, .min = 1, .max = PATH_BYTES},
	{LIST("env", variable_item)},
	{LIST("cwd_roots", path_item)},
	{LIST("reviewers", reviewer_item), .required = true},
	{.name = "min_votes", .kinds = HP_K_MAP_OF, .required = true, .max = 64,
	 .item = &votes_item},
	{.name = "max_parallel", .kinds = HP_K_INT, .min = 1, .max = MAX_PARALLEL},
	{.name = "timeout", .kinds = HP_K_DURATION, .min = 1000, .max = MAX_TIMEOUT_MS},
	{.name = "output_limit", .kinds = HP_K_SIZE, .min = 1024, .max = MAX_OUTPUT_BYTES},
	{.name = "user", .kinds = HP_K_NAME},
	{0},
};

struct reader {
	struct hp_arena *arena;
	const struct hp_value *file;
	struct hp_error *err;
};

static HP_PRINTF(4, 5) enum hp_status
refuse(const struct reader *reader, const struct hp_value *at, const char *field,
       const char *format, ...)
{
	char message[400];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	if (reader->err)
		snprintf(reader->err->field, sizeof reader->err->field, "%s", field);
	return hp_fail_at(reader->err, HP_INVALID, at ? at->line : 0, at ? at->column : 0,
			  "\"%s\" %s", field, message);
}

static enum hp_status
no_memory(const struct reader *reader)
{
	return hp_fail(reader->err, HP_NOMEM, "out of memory");
}

/* What is compared and run is what it looks like: no NUL, no control character. */
static bool
is_plain(const struct hp_str *text)
{
	for (size_t i = 0; i < text->len; i++)
		if ((unsigned char)text->p[i] < ' ' || text->p[i] == 127)
			return false;
	return true;
}

/* "/a/b": absolute, and nothing in it that is another spelling of something else. */
static bool
is_path(const struct hp_str *text)
{
	if (!is_plain(text) || text->p[0] != '/')
		return false;
	for (const char *at = text->p; (at = strchr(at, '/')); at++) {
		size_t len = strcspn(at + 1, "/");
		if ((len == 0 && text->len > 1) || (len == 1 && at[1] == '.') ||
		    (len == 2 && at[1] == '.' && at[2] == '.'))
			return false;
	}
	return true;
}

static enum hp_status
check_texts(const struct reader *reader, const char *field, bool (*good)(const struct hp_str *text),
	    const char *wanted)
{
	const struct hp_value *list = hp_map_get(reader->file, field);
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *item = hp_array_get(list, i);
		char path[64];
		snprintf(path, sizeof path, "%s[%zu]", field, i);
		if (!good(&item->str))
			return refuse(reader, item, path, "must be %s", wanted);
	}
	return HP_OK;
}

/* A variable that decides which code a program loads would make `programs` a suggestion. */
static bool
is_variable(const struct hp_str *text)
{
	static const char *const barred[] = {"PATH", "IFS", "ENV", "BASH_ENV", "SHELLOPTS"};
	for (size_t i = 0; i < text->len; i++)
		if (!isalnum((unsigned char)text->p[i]) && text->p[i] != '_')
			return false;
	for (size_t i = 0; i < sizeof barred / sizeof barred[0]; i++)
		if (strcmp(text->p, barred[i]) == 0)
			return false;
	return !isdigit((unsigned char)text->p[0]) && strncmp(text->p, "LD_", 3) != 0;
}

static const char *const *
read_texts(const struct reader *reader, const char *field, size_t *ret_count)
{
	const struct hp_value *list = hp_map_get(reader->file, field);
	size_t count = hp_value_count(list);
	const char **texts = hp_arena_array(reader->arena, count + 1, sizeof *texts);
	for (size_t i = 0; texts && i < count; i++)
		texts[i] = hp_array_get(list, i)->str.p;
	*ret_count = texts ? count : 0;
	return texts;
}

/* --- maps --- */

static enum hp_status
check_key(const struct reader *reader, const struct hp_pair *pair, const char *field)
{
	const struct hp_value at = {.line = pair->line, .column = pair->column};
	if (pair->key.len == 0 || pair->key.len > HP_LIMIT_OPERATION_BYTES || !is_plain(&pair->key))
		return refuse(reader, &at, field,
			      "has a name that is empty, long or not plain text");
	if (pair->value->type == HP_NIL) /* absent elsewhere; here it would be a zero */
		return refuse(reader, &at, field, "has a name without a value");
	return HP_OK;
}

static enum hp_status
read_programs(const struct reader *reader, struct hp_boundary *boundary)
{
	const struct hp_value *map = hp_map_get(reader->file, "programs");
	size_t count = hp_value_count(map);
	struct hp_boundary_program *programs =
		hp_arena_array(reader->arena, count + 1, sizeof *programs);
	if (!programs)
		return no_memory(reader);
	for (size_t i = 0; i < count; i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		enum hp_status status = check_key(reader, pair, "programs");
		if (status != HP_OK)
			return status;
		if (memchr(pair->key.p, '/', pair->key.len))
			return refuse(reader, pair->value, "programs",
				      "has a name with a \"/\" in it; it is {name: path}");
		if (!is_path(&pair->value->str) || pair->value->str.len == 1)
			return refuse(reader, pair->value, "programs",
				      "must name absolute paths, without \".\" and \"..\"");
		programs[i] = (struct hp_boundary_program){pair->key.p, pair->value->str.p};
	}
	boundary->programs = programs;
	boundary->program_count = count;
	return HP_OK;
}

static enum hp_status
read_reviewers(const struct reader *reader, struct hp_boundary *boundary)
{
	const struct hp_value *list = hp_map_get(reader->file, "reviewers");
	size_t count = hp_value_count(list);
	struct hp_boundary_reviewer *reviewers =
		hp_arena_array(reader->arena, count + 1, sizeof *reviewers);
	if (!reviewers)
		return no_memory(reader);
	for (size_t i = 0; i < count; i++) {
		const struct hp_value *item = hp_array_get(list, i);
		const struct hp_value *key = hp_map_get(item, "sign_public");
		const struct hp_value *person = hp_map_get(item, "person");
		char field[64];
		snprintf(field, sizeof field, "reviewers[%zu]", i);
		reviewers[i].name = hp_map_get_str(item, "name", "");
		reviewers[i].person = person->str.p;
		if (!is_plain(&person->str))
			return refuse(reader, person, field, "has a person that is not plain text");
		if (hp_crypto_base64(key->str.p, key->str.len, reviewers[i].sign_public,
				     HP_SIGN_PUBLIC_BYTES) != HP_OK)
			return refuse(reader, key, field,
				      "must have 32 bytes in base64 as \"sign_public\"");
		for (size_t j = 0; j < i; j++) {
			if (strcmp(reviewers[i].name, reviewers[j].name) == 0)
				return refuse(reader, item, field, "has the name of reviewers[%zu]",
					      j);
			if (memcmp(reviewers[i].sign_public, reviewers[j].sign_public,
				   HP_SIGN_PUBLIC_BYTES) == 0)
				return refuse(reader, key, field, "has the key of reviewers[%zu]",
					      j);
		}
	}
	boundary->reviewers = reviewers;
	boundary->reviewer_count = count;
	return HP_OK;
}

static unsigned
count_persons(const struct hp_boundary *boundary)
{
	unsigned persons = 0;
	for (size_t i = 0; i < boundary->reviewer_count; i++) {
		size_t j = 0;
		while (strcmp(boundary->reviewers[i].person, boundary->reviewers[j].person) != 0)
			j++;
		persons += j == i;
	}
	return persons;
}

static enum hp_status
read_min_votes(const struct reader *reader, struct hp_boundary *boundary)
{
	const struct hp_value *map = hp_map_get(reader->file, "min_votes");
	size_t count = hp_value_count(map);
	unsigned persons = count_persons(boundary);
	struct hp_boundary_tier *tiers = hp_arena_array(reader->arena, count + 1, sizeof *tiers);
	if (!tiers)
		return no_memory(reader);
	for (size_t i = 0; i < count; i++) {
		const struct hp_pair *pair = &map->map.pairs[i];
		enum hp_status status = check_key(reader, pair, "min_votes");
		if (status != HP_OK)
			return status;
		if (pair->value->integer > persons)
			return refuse(reader, pair->value, "min_votes",
				      "asks for more votes than \"reviewers\" has persons (%u)",
				      persons);
		tiers[i] = (struct hp_boundary_tier){pair->key.p, (unsigned)pair->value->integer};
	}
	boundary->min_votes = tiers;
	boundary->tier_count = count;
	return HP_OK;
}

/* --- the rest --- */

static enum hp_status
read_numbers(const struct reader *reader, struct hp_boundary *boundary)
{
	const struct hp_value *timeout = hp_map_get(reader->file, "timeout");
	const struct hp_value *limit = hp_map_get(reader->file, "output_limit");
	boundary->max_parallel =
		(unsigned)hp_map_get_int(reader->file, "max_parallel", DEFAULT_PARALLEL);
	boundary->timeout_ms = DEFAULT_TIMEOUT_MS;
	boundary->output_limit_bytes = DEFAULT_OUTPUT_BYTES;
	enum hp_status status = HP_OK;
	if (timeout)
		status = hp_units_duration(timeout->str.p, &boundary->timeout_ms, reader->err);
	if (status == HP_OK && limit && limit->type == HP_INT)
		boundary->output_limit_bytes = limit->integer;
	else if (status == HP_OK && limit)
		status = hp_units_size(limit->str.p, &boundary->output_limit_bytes, reader->err);
	return status;
}

/* PATH of directories that are what they look like: an empty or relative one means wherever the
 * command happens to be. */
static enum hp_status
read_path(const struct reader *reader, struct hp_boundary *boundary)
{
	const struct hp_value *value = hp_map_get(reader->file, "path");
	boundary->path = value ? value->str.p : DEFAULT_PATH;
	bool good = !value || is_plain(&value->str);
	for (const char *at = boundary->path; good; at++) {
		good = *at == '/';
		at += strcspn(at, ":");
		if (!*at)
			break;
	}
	return good ? HP_OK
		    : refuse(reader, value, "path",
			     "must be absolute directories, with \":\" between them");
}

enum hp_status
hp_boundary_parse(struct hp_arena *arena, const char *text, size_t len,
		  struct hp_boundary *ret_boundary, struct hp_error *err)
{
	struct reader reader = {.arena = arena, .err = err};
	struct hp_boundary boundary = {0};
	enum hp_status status = hp_yaml_load(arena, text, len, &reader.file, err);
	if (status == HP_OK)
		status = hp_schema_check(reader.file, fields, "boundary", err);
	if (status == HP_OK)
		status = check_texts(&reader, "operations", is_plain, "plain text");
	if (status == HP_OK)
		status = check_texts(&reader, "cwd_roots", is_path,
				     "an absolute path, without \".\" and \"..\"");
	if (status == HP_OK)
		status = check_texts(&reader, "env", is_variable,
				     "the name of a variable, and none that decides which code a "
				     "program loads");
	if (status == HP_OK)
		status = read_path(&reader, &boundary);
	if (status == HP_OK)
		status = read_programs(&reader, &boundary);
	if (status == HP_OK)
		status = read_reviewers(&reader, &boundary);
	if (status == HP_OK)
		status = read_min_votes(&reader, &boundary);
	if (status == HP_OK)
		status = read_numbers(&reader, &boundary);
	if (status != HP_OK)
		return status;
	boundary.environment = hp_map_get_str(reader.file, "environment", "");
	boundary.audience = hp_map_get_str(reader.file, "audience", "");
	boundary.user = hp_map_get_str(reader.file, "user", NULL);
	boundary.operations = read_texts(&reader, "operations", &boundary.operation_count);
	boundary.env = read_texts(&reader, "env", &boundary.env_count);
	boundary.cwd_roots = read_texts(&reader, "cwd_roots", &boundary.cwd_root_count);
	if (arena->failed)
		return no_memory(&reader);
	*ret_boundary = boundary;
	return HP_OK;
}

bool
hp_boundary_allows(const struct hp_boundary *boundary, const char *operation)
{
	for (size_t i = 0; i < boundary->operation_count; i++)
		if (hp_bounds_glob(boundary->operations[i], operation))
			return true;
	return false;
}

const char *
hp_boundary_program(const struct hp_boundary *boundary, const char *word)
{
	for (size_t i = 0; i < boundary->program_count; i++)
		if (strcmp(word, boundary->programs[i].name) == 0 ||
		    strcmp(word, boundary->programs[i].path) == 0)
			return boundary->programs[i].path;
	return NULL;
}

bool
hp_boundary_passes(const struct hp_boundary *boundary, const char *variable)
{
	for (size_t i = 0; i < boundary->env_count; i++)
		if (strcmp(boundary->env[i], variable) == 0)
			return true;
	return false;
}
