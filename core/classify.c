#include "core/classify.h"

#include <stdlib.h>
#include <string.h>

#include "core/classifier.h"
#include "core/limits.h"
#include "core/names.h"
#include "core/shell.h"
#include "core/sql.h"
#include "core/text.h"
#include "core/words.h"
#include "core/zero.h"

#define FILE_BYTES_MAX 1024u /* a longer string is no file's name */

static enum hp_status
check_names(struct hp_classifier *classifier, const struct hp_class_rule *classes, size_t count,
            struct hp_error *err)
{
	if (count > HP_LIMIT_CLASSES)
		return hp_fail(err, HP_TOO_LARGE, "%zu classes, at most %u", count,
		               HP_LIMIT_CLASSES);
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(classes[i].name, "read"))
			classifier->read = UINT64_C(1) << i;
		if (!strcmp(classes[i].name, "modify_iam"))
			classifier->modify_iam = UINT64_C(1) << i;
		for (size_t j = 0; j < i; j++)
			if (!strcmp(classes[i].name, classes[j].name))
				return hp_fail_at(
					err, HP_INVALID, classes[i].line, 0,
					"class \"%s\" is given twice",
					hp_text_safe(&classifier->arena, classes[i].name, 0));
	}
	return HP_OK;
}

enum hp_status
hp_classifier_new(const struct hp_class_rule *classes, size_t class_count,
                  const struct hp_environment_rule *environments, size_t environment_count,
                  size_t default_environment, struct hp_classifier **ret_classifier,
                  struct hp_error *err)
{
	struct hp_classifier *classifier = calloc(1, sizeof *classifier);
	if (!classifier)
		return hp_fail(err, HP_NOMEM, "out of memory compiling classes");
	enum hp_status status = check_names(classifier, classes, class_count, err);
	if (status == HP_OK)
		status = hp_environments_init(&classifier->environments, &classifier->arena,
		                              environments, environment_count, default_environment,
		                              err);
	if (status == HP_OK)
		status = hp_class_globs_compile(classifier, classes, class_count, err);
	if (status != HP_OK) {
		hp_classifier_free(classifier);
		return status;
	}
	*ret_classifier = classifier;
	return HP_OK;
}

void
hp_classifier_free(struct hp_classifier *classifier)
{
	if (!classifier)
		return;
	hp_globs_free(classifier->globs);
	hp_globs_free(classifier->files);
	hp_arena_release(&classifier->arena);
	free(classifier);
}

/* Classes that the globs of one thing's subjects name, and those that `!` globs take away. */
struct hits {
	uint64_t named, excepted;
	bool abbreviated; /* of the subject being looked at */
};

static void
on_match(void *context, unsigned id)
{
	struct hits *hits = context;
	struct hp_class_glob glob = hp_class_glob_of(id);
	if (glob.abbreviated && !hits->abbreviated)
		return;
	if (glob.excepts)
		hits->excepted |= UINT64_C(1) << glob.class;
	else
		hits->named |= UINT64_C(1) << glob.class;
}

/*
 * The classes of a thing by its globs and by its level in AWS's catalogue. Whatever the policy
 * says, what changes something is no `read`, and what manages permissions is `modify_iam`.
 */
static uint64_t
classes_of(const struct hp_classifier *classifier, enum hp_aws_level level, const struct hits *hits)
{
	const struct hp_class_level *said = &classifier->levels[level];
	uint64_t set = (hits->named | said->named) & ~(hits->excepted | said->excepted);
	if (level >= HP_AWS_TAGGING)
		set &= ~classifier->read;
	if (level == HP_AWS_PERMISSIONS)
		set |= classifier->modify_iam;
	return set;
}

static enum hp_status
judge_thing(const struct hp_classifier *classifier, const struct hp_things *things, size_t index,
            size_t *steps_left, struct hp_classes *classes)
{
	const struct hp_thing *thing = &things->things[index];
	size_t end = index + 1 < things->count ? thing[1].first : things->subject_count;
	struct hits hits = {0};
	uint64_t program = 0; /* what the first subject alone says */
	enum hp_aws_level level = HP_AWS_UNLISTED;
	for (size_t i = thing->first; i < end; i++) {
		const struct hp_subject *subject = &things->subjects[i];
		enum hp_aws_level listed = hp_aws_level_of(subject->p, subject->len);
		level = listed > level ? listed : level;
		hits.abbreviated = subject->abbreviated;
		enum hp_status status = hp_globs_scan(classifier->globs, subject->p, subject->len,
		                                      steps_left, on_match, &hits);
		if (status != HP_OK)
			return status;
		if (i == thing->first)
			program = hits.named;
	}
	uint64_t set = classes_of(classifier, level, &hits);
	if (!set || (thing->ambiguous && !(program & ~hits.excepted)) ||
	    (thing->disguised && set == classifier->read) ||
	    (level == HP_AWS_PERMISSIONS && !classifier->modify_iam))
		classes->unknown = true;
	classes->set |= set;
	return HP_OK;
}

static enum hp_status
judge(const struct hp_classifier *classifier, const struct hp_things *things,
      struct hp_classes *ret_classes, struct hp_error *err)
{
	struct hp_classes classes = {.unknown = things->unknown};
	size_t steps_left = HP_CLASSIFY_STEPS;
	if (things->arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory classifying an action");
	if (things->overflow)
		return hp_fail(err, HP_TOO_LARGE, "the action has too many parts to classify");
	for (size_t i = 0; i < things->count; i++) {
		enum hp_status status = judge_thing(classifier, things, i, &steps_left, &classes);
		if (status != HP_OK)
			return hp_fail(err, status,
			               "the action takes too long to hold against the classes");
	}
	*ret_classes = classes;
	return HP_OK;
}

static void
collect_command(struct hp_things *things, const struct hp_value *command)
{
	size_t count = hp_value_count(command);
	struct hp_shell_word *argv = hp_arena_array(things->arena, count + 1, sizeof *argv);
	for (size_t i = 0; argv && i < count; i++) {
		const struct hp_value *item = hp_array_get(command, i);
		argv[i].text = "";
		if (item->type == HP_STR)
			argv[i].text = hp_things_fold(things, item->str.p, item->str.len,
			                              &argv[i].disguised);
		if (item->type != HP_STR || strlen(item->str.p) != item->str.len)
			things->unknown = true; /* nothing that could be run */
	}
	if (argv && count)
		hp_shell_command(things, argv, count, 0);
}

static bool
is_sql_argument(const struct hp_pair *pair, bool database)
{
	static const char *const anywhere[] = {"sql",           "sqls",         "sqlStatement",
	                                       "sql_statement", "SqlStatement", "sqlQuery",
	                                       "sql_query"};
	static const char *const databases[] = {
		"query",        "statement",   "queries",   "statements", "queryString",
		"query_string", "QueryString", "Statement", "Sql",        "Sqls"};
	for (size_t i = 0; i < sizeof anywhere / sizeof *anywhere; i++)
		if (!strcasecmp(pair->key.p, anywhere[i]))
			return true;
	for (size_t i = 0; database && i < sizeof databases / sizeof *databases; i++)
		if (!strcasecmp(pair->key.p, databases[i]))
			return true;
	return false;
}

static bool
on_sql(void *context, const char *text, size_t len)
{
	struct hp_things *things = context;
	const char *folded = hp_things_fold(things, text, len, NULL);
	hp_sql_things(things, folded, strlen(folded));
	if (strlen(folded) != len && !hp_text_has_non_ascii(text, len))
		things->unknown = true; /* a NUL in it: what follows it is not looked at */
	return true;
}

/* Whether the arguments carried SQL. */
static bool
collect_sql(struct hp_things *things, const struct hp_deed *deed, bool database)
{
	bool found = false;
	if (!deed->arguments || deed->arguments->type != HP_MAP)
		return false;
	for (size_t i = 0; i < deed->arguments->map.count; i++) {
		const struct hp_pair *pair = &deed->arguments->map.pairs[i];
		if (pair->value->type == HP_NIL || !is_sql_argument(pair, database))
			continue;
		found = true;
		if (pair->value->type != HP_STR && pair->value->type != HP_ARRAY)
			things->unknown = true;
		hp_words_walk(pair->value, false, on_sql, things);
	}
	return found;
}

/* `claim` is what hp_things found the command to run. */
static void
collect_operation(struct hp_things *things, const struct hp_deed *deed, const char *operation,
                  bool disguised, bool claim_seen)
{
	bool database = hp_name_is_database(operation);
	bool sql = collect_sql(things, deed, database);
	bool neutral = hp_name_is_neutral(operation) &&
	               (!strncasecmp(operation, "sql:", 4) || (database && sql));
	if (neutral && !sql && !hp_value_count(deed->command))
		things->unknown = true;
	if (neutral || claim_seen)
		return;
	hp_name_things(things, operation, disguised);
	if (hp_zero_arguments(deed->arguments))
		hp_things_spell(things, operation, "-to-zero", NULL);
}

/* Words and strings that may name a file, held against the `file:` globs. */
struct files {
	const struct hp_classifier *classifier;
	struct hp_buf folded;
	size_t steps_left;
	uint64_t set;
	enum hp_status status;
};

static bool
on_file(void *context, const char *text, size_t len)
{
	struct files *files = context;
	struct hits hits = {0};
	if (!len || len > FILE_BYTES_MAX || !strpbrk(text, "/._"))
		return true;
	hp_buf_reset(&files->folded);
	hp_text_fold(&files->folded, text, len, true);
	files->status = files->folded.failed
	                        ? HP_NOMEM
	                        : hp_globs_scan(files->classifier->files,
	                                        hp_buf_text(&files->folded), files->folded.len,
	                                        &files->steps_left, on_match, &hits);
	files->set |= hits.named & ~hits.excepted;
	return files->status == HP_OK;
}

/* What a file opens, whatever reads or names it (`cat ~/.aws/credentials`). Only adds classes. */
static enum hp_status
judge_files(const struct hp_classifier *classifier, const struct hp_deed *deed, uint64_t *set,
            struct hp_error *err)
{
	struct files files = {.classifier = classifier, .steps_left = HP_CLASSIFY_STEPS};
	(void)(hp_words_walk(deed->command, false, on_file, &files) &&
	       hp_words_walk(deed->resources, false, on_file, &files) &&
	       hp_words_walk(deed->arguments, false, on_file, &files));
	hp_buf_release(&files.folded);
	if (files.status != HP_OK)
		return hp_fail(err, files.status, "holding the action's files against the classes: %s",
		               hp_status_text(files.status));
	*set |= files.set;
	return HP_OK;
}

static bool
says_sql(const struct hp_things *things)
{
	for (size_t i = 0; i < things->subject_count; i++)
		if (!strncmp(things->subjects[i].p, "sql:", 4))
			return true;
	return false;
}

enum hp_status
hp_classify(const struct hp_classifier *classifier, struct hp_arena *arena,
            const struct hp_deed *deed, struct hp_classes *ret_classes, struct hp_error *err)
{
	struct hp_things operation = {.arena = arena}, command = {.arena = arena};
	struct hp_classes of_operation, of_command;
	bool disguised = false, has_command = hp_value_count(deed->command) > 0;
	const char *name = NULL;
	if (deed->operation)
		name = hp_things_fold(&operation, deed->operation, strlen(deed->operation),
		                      &disguised);
	if (has_command && name && !strncasecmp(name, "shell:", 6))
		command.claimed = name;
	if (has_command)
		collect_command(&command, deed->command);
	if (name)
		collect_operation(&operation, deed, name, disguised, command.claimed_seen);
	enum hp_status status = judge(classifier, &operation, &of_operation, err);
	if (status == HP_OK)
		status = judge(classifier, &command, &of_command, err);
	if (status != HP_OK)
		return status;
	struct hp_classes both = {
		.set = of_operation.set | of_command.set,
		.unknown = of_operation.unknown || of_command.unknown,
		.sql_command = says_sql(&command),
	};
	if ((name || has_command) && !operation.count && !command.count)
		both.unknown = true;
	status = judge_files(classifier, deed, &both.set, err);
	if (status != HP_OK)
		return status;
	uint64_t read = classifier->read;
	both.read = read && both.set == read && !both.unknown;
	both.read_command = read && of_command.set == read && !of_command.unknown;
	*ret_classes = both;
	return HP_OK;
}

/* Texts for destructive patterns, in the arena. */
struct texts {
	struct hp_arena *arena;
	const char **list;
	size_t count, capacity;
	struct hp_buf folded, words;
};

static void
add_words(struct texts *texts)
{
	if (!texts->words.len)
		return;
	if (texts->count == texts->capacity) {
		size_t capacity = texts->capacity ? texts->capacity * 2 : 16;
		const char **list = hp_arena_array(texts->arena, capacity, sizeof *list);
		if (!list)
			return;
		for (size_t i = 0; i < texts->count; i++)
			list[i] = texts->list[i];
		texts->list = list;
		texts->capacity = capacity;
	}
	texts->list[texts->count++] =
		hp_arena_copy(texts->arena, texts->words.data, texts->words.len);
}

/* A text in words; where case changes split it also unsplit, for dElEtE. */
static bool
add_text(void *context, const char *text, size_t len)
{
	struct texts *texts = context;
	if (hp_text_has_non_ascii(text, len)) {
		hp_buf_reset(&texts->folded);
		hp_text_fold(&texts->folded, text, len, false);
		text = hp_buf_text(&texts->folded);
		len = texts->folded.len;
	}
	hp_buf_reset(&texts->words);
	hp_words_split(&texts->words, text, len, true);
	size_t split = texts->words.len;
	add_words(texts);
	hp_buf_reset(&texts->words);
	hp_words_split(&texts->words, text, len, false);
	if (texts->words.len != split)
		add_words(texts);
	if (texts->folded.failed || texts->words.failed)
		texts->arena->failed = true;
	return !texts->arena->failed;
}

static void
add_sql_code(struct texts *texts, const char *sql, size_t len)
{
	const char *code = hp_sql_code(texts->arena, sql, len);
	add_text(texts, code, strlen(code));
}

/* Of a pure read the program, the names of its options, and SQL less literals. */
static void
add_read_command(struct texts *texts, const struct hp_value *command, bool sql)
{
	bool options = true;
	for (size_t i = 0; i < hp_value_count(command); i++) {
		const struct hp_value *item = hp_array_get(command, i);
		if (item->type != HP_STR)
			continue;
		const char *word = item->str.p;
		if (!strcmp(word, "--"))
			options = false;
		else if (!i)
			add_text(texts, word, item->str.len);
		else if (options && *word == '-')
			add_text(texts, word, strcspn(word, "="));
		else if (sql && strchr(word, ' '))
			add_sql_code(texts, word, item->str.len);
	}
}

static void
add_read_arguments(struct texts *texts, const struct hp_deed *deed)
{
	bool database = deed->operation && hp_name_is_database(deed->operation);
	if (!deed->arguments || deed->arguments->type != HP_MAP)
		return;
	for (size_t i = 0; i < deed->arguments->map.count; i++) {
		const struct hp_pair *pair = &deed->arguments->map.pairs[i];
		if (pair->value->type == HP_STR && is_sql_argument(pair, database))
			add_sql_code(texts, pair->value->str.p, pair->value->str.len);
	}
}

enum hp_status
hp_classify_words_of(struct hp_arena *arena, const struct hp_deed *deed,
                     const struct hp_classes *classes, const char *const **ret_texts,
                     size_t *ret_count, struct hp_error *err)
{
	struct texts texts = {.arena = arena};
	if (deed->operation)
		add_text(&texts, deed->operation, strlen(deed->operation));
	if (classes->read_command && !classes->unknown)
		add_read_command(&texts, deed->command, classes->sql_command);
	else
		hp_words_walk(deed->command, false, add_text, &texts);
	if (classes->read && !classes->unknown)
		add_read_arguments(&texts, deed);
	else
		hp_words_walk(deed->arguments, false, add_text, &texts);
	hp_buf_release(&texts.folded);
	hp_buf_release(&texts.words);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory reading an action's words");
	*ret_texts = texts.list;
	*ret_count = texts.count;
	return HP_OK;
}

enum hp_status
hp_classify_words(const struct hp_classifier *classifier, struct hp_arena *arena,
                  const struct hp_deed *deed, const char *const **ret_texts, size_t *ret_count,
                  struct hp_error *err)
{
	struct hp_classes classes;
	enum hp_status status = hp_classify(classifier, arena, deed, &classes, err);
	return status != HP_OK
	               ? status
	               : hp_classify_words_of(arena, deed, &classes, ret_texts, ret_count, err);
}
