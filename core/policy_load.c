/*
 * Loading: text → tree → shape → filled from the default → compiled, section by section. This file
 * holds the way, the names (environments and classes), and how a load error is told.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy_rules.h"
#include "core/schema.h"
#include "core/text.h"
#include "core/yaml.h"

/* --- load errors --- */

static enum hp_status
refuse_text(struct hp_error *err, const struct hp_value *at, const char *field,
	    const char *message)
{
	unsigned line = at ? at->line : 0;
	if (!err)
		return HP_INVALID;
	snprintf(err->message, sizeof err->message, "%s: %s%s", field, message,
		 line ? "" : " (the shipped default, which this file does not replace)");
	snprintf(err->field, sizeof err->field, "%s", field);
	err->line = line;
	err->column = at ? at->column : 0;
	return HP_INVALID;
}

enum hp_status
hp_policy_refuse(struct hp_error *err, const struct hp_value *at, const char *field,
		 const char *format, ...)
{
	char message[384];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	return refuse_text(err, at, field, message);
}

enum hp_status
hp_policy_refuse_name(struct hp_error *err, const struct hp_value *at, const char *field,
		      const char *what, const char *const *known, size_t count)
{
	struct hp_arena arena = {0};
	struct hp_buf buf = {0};
	const char *name = at && at->type == HP_STR ? at->str.p : "";
	const char *safe = hp_text_safe(&arena, name, HP_TEXT_ASCII);
	hp_buf_printf(&buf, "no %s \"%s\"; there are ", what, safe ? safe : "");
	for (size_t i = 0; i < count && i < 16; i++)
		hp_buf_printf(&buf, "%s%s", i ? ", " : "", known[i]);
	if (count > 16)
		hp_buf_add_text(&buf, ", ...");
	enum hp_status status = refuse_text(err, at, field, hp_buf_text(&buf));
	hp_buf_release(&buf);
	hp_arena_release(&arena);
	return status;
}

/* --- names --- */

size_t
hp_policy_find_environment(const struct hp_policy *policy, const char *name)
{
	size_t i = 0;
	while (i < policy->environment_count &&
	       strcmp(policy->environments[i].name, name) != 0)
		i++;
	return i;
}

size_t
hp_policy_find_class(const struct hp_policy *policy, const char *name)
{
	size_t i = 0;
	while (i < policy->class_count && strcmp(policy->classes[i], name) != 0)
		i++;
	return i;
}

enum hp_status
hp_policy_class_bits(const struct hp_policy *policy, const struct hp_value *list,
		     const char *field, uint64_t *ret_bits, struct hp_error *err)
{
	uint64_t bits = 0;
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *item = hp_array_get(list, i);
		size_t class = hp_policy_find_class(policy, item->str.p);
		if (class < policy->class_count)
			bits |= UINT64_C(1) << class;
		else if (item->line)
			return hp_policy_refuse_name(err, item, field, "class", policy->classes,
						     policy->class_count);
	}
	*ret_bits = bits;
	return HP_OK;
}

static enum hp_status
refuse_environment(const struct hp_policy *policy, const struct hp_value *at, const char *field,
		   struct hp_error *err)
{
	const char *names[HP_LIMIT_ENVIRONMENTS];
	for (size_t i = 0; i < policy->environment_count; i++)
		names[i] = policy->environments[i].name;
	return hp_policy_refuse_name(err, at, field, "environment", names,
				     policy->environment_count);
}

enum hp_status
hp_policy_environment_bits(const struct hp_policy *policy, const struct hp_value *list,
			   const char *field, uint32_t *ret_bits, struct hp_error *err)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *item = hp_array_get(list, i);
		size_t environment = hp_policy_find_environment(policy, item->str.p);
		if (environment < policy->environment_count)
			bits |= UINT32_C(1) << environment;
		else if (item->line)
			return refuse_environment(policy, item, field, err);
	}
	*ret_bits = bits;
	return HP_OK;
}

/* --- environments and classes --- */

/* Names with a meaning of their own in some other section. */
static bool
is_reserved(const char *name)
{
	static const char *const reserved[] = {"all", "other", "task_scope", "unknown"};
	for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
		if (strcmp(reserved[i], name) == 0)
			return true;
	return false;
}

static enum hp_status
check_name(const struct hp_value *name, const char *field, bool taken, struct hp_error *err)
{
	if (is_reserved(name->str.p))
		return hp_policy_refuse(err, name, field, "\"%s\" is reserved", name->str.p);
	if (taken)
		return hp_policy_refuse(err, name, field, "\"%s\" is there twice", name->str.p);
	return HP_OK;
}

/* Words are compared with the pieces between non-alphanumerics: another one could never match,
 * and an environment that is never recognised is a hole. */
static enum hp_status
load_words(struct hp_policy *policy, const struct hp_value *list, const char *field,
	   struct hp_policy_environment *environment, struct hp_error *err)
{
	size_t count = hp_value_count(list);
	const char **words = hp_arena_array(&policy->arena, count + 1, sizeof *words);
	for (size_t i = 0; words && i < count; i++) {
		const struct hp_value *item = hp_array_get(list, i);
		char *word = hp_arena_copy(&policy->arena, item->str.p, item->str.len);
		for (size_t j = 0; word && j < item->str.len; j++) {
			if (!isalnum((unsigned char)word[j]) || (unsigned char)word[j] > 127)
				return hp_policy_refuse(err, item, field,
							"a word of letters and digits only can "
							"match (names are split at all else)");
			word[j] = (char)tolower((unsigned char)word[j]);
		}
		words[i] = word;
	}
	environment->words = words;
	environment->word_count = count;
	return HP_OK;
}

static enum hp_status
load_environments(struct hp_policy *policy, const struct hp_value *list, struct hp_error *err)
{
	size_t count = hp_value_count(list);
	policy->environments =
		hp_arena_array(&policy->arena, count, sizeof *policy->environments);
	for (size_t i = 0; policy->environments && i < count; i++) {
		char field[128];
		const struct hp_value *item = hp_array_get(list, i);
		const struct hp_value *name = hp_map_get(item, "name");
		snprintf(field, sizeof field, "environments[%zu].name", i);
		bool taken = hp_policy_find_environment(policy, name->str.p) < i;
		enum hp_status status = check_name(name, field, taken, err);
		if (status != HP_OK)
			return status;
		struct hp_policy_environment *environment = &policy->environments[i];
		environment->name = name->str.p;
		environment->line = item->line;
		snprintf(field, sizeof field, "environments[%zu].words", i);
		status = load_words(policy, hp_map_get(item, "words"), field, environment, err);
		if (status != HP_OK)
			return status;
		policy->environment_count = i + 1;
	}
	return policy->arena.failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
}

/*
 * `production` in the rules means the environment of that name and stricter ones; a file that has
 * none of that name means its strictest by it. So no renaming makes production disappear.
 */
static enum hp_status
load_default_environment(struct hp_policy *policy, const struct hp_value *file,
			 struct hp_error *err)
{
	const struct hp_value *name = hp_map_get(file, "default_environment");
	size_t production = hp_policy_find_environment(policy, "production");
	policy->production = production < policy->environment_count ? production : 0;
	policy->default_environment = hp_policy_find_environment(policy, name->str.p);
	if (policy->default_environment < policy->environment_count)
		return HP_OK;
	if (name->line)
		return refuse_environment(policy, name, "default_environment", err);
	policy->default_environment = policy->production;
	return HP_OK;
}

static const char *const *
texts_of(struct hp_arena *arena, const struct hp_value *list)
{
	size_t count = hp_value_count(list);
	const char **texts = hp_arena_array(arena, count + 1, sizeof *texts);
	for (size_t i = 0; texts && i < count; i++)
		texts[i] = hp_array_get(list, i)->str.p;
	return texts;
}

enum hp_status
hp_policy_load_classifier(struct hp_policy *policy, const struct hp_value *file,
			  struct hp_error *err)
{
	const struct hp_value *list = hp_map_get(file, "classes");
	struct hp_arena *arena = &policy->arena;
	struct hp_class_rule *classes =
		hp_arena_array(arena, policy->class_count, sizeof *classes);
	struct hp_environment_rule *environments =
		hp_arena_array(arena, policy->environment_count, sizeof *environments);
	if (!classes || !environments)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < policy->class_count; i++) {
		const struct hp_value *match = hp_map_get(hp_array_get(list, i), "match");
		classes[i] = (struct hp_class_rule){
			.name = policy->classes[i],
			.globs = texts_of(arena, match),
			.glob_count = hp_value_count(match),
			.line = policy->class_lines[i],
		};
	}
	for (size_t i = 0; i < policy->environment_count; i++)
		environments[i] = (struct hp_environment_rule){
			.name = policy->environments[i].name,
			.words = policy->environments[i].words,
			.word_count = policy->environments[i].word_count,
			.line = policy->environments[i].line,
		};
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	return hp_classifier_new(classes, policy->class_count, environments,
				 policy->environment_count, policy->default_environment,
				 &policy->classifier, err);
}

static enum hp_status
check_globs(const struct hp_value *match, const char *field, struct hp_error *err)
{
	for (size_t i = 0; i < hp_value_count(match); i++) {
		const struct hp_value *glob = hp_array_get(match, i);
		if (memchr(glob->str.p, '\0', glob->str.len) || strcmp(glob->str.p, "!") == 0)
			return hp_policy_refuse(err, glob, field, "a glob cannot be empty or "
								  "hold NUL");
	}
	return HP_OK;
}

enum hp_status
hp_policy_load_classes(struct hp_policy *policy, const struct hp_value *file, struct hp_error *err)
{
	enum hp_status status = load_environments(policy, hp_map_get(file, "environments"), err);
	if (status == HP_OK)
		status = load_default_environment(policy, file, err);
	if (status != HP_OK)
		return status;

	const struct hp_value *list = hp_map_get(file, "classes");
	size_t count = hp_value_count(list);
	policy->classes_line = list->line;
	policy->classes = hp_arena_array(&policy->arena, count, sizeof *policy->classes);
	policy->class_lines = hp_arena_array(&policy->arena, count, sizeof *policy->class_lines);
	if (!policy->classes || !policy->class_lines)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		char field[128];
		const struct hp_value *item = hp_array_get(list, i);
		const struct hp_value *name = hp_map_get(item, "name");
		snprintf(field, sizeof field, "classes[%zu].name", i);
		bool taken = hp_policy_find_class(policy, name->str.p) < i;
		status = check_name(name, field, taken, err);
		snprintf(field, sizeof field, "classes[%zu].match", i);
		if (status == HP_OK)
			status = check_globs(hp_map_get(item, "match"), field, err);
		if (status != HP_OK)
			return status;
		policy->classes[i] = name->str.p;
		policy->class_lines[i] = item->line;
		policy->class_count = i + 1;
	}
	size_t read = hp_policy_find_class(policy, "read");
	policy->read = read < count ? UINT64_C(1) << read : 0;
	return HP_OK;
}

/* --- the way --- */

static enum hp_status
load_sections(struct hp_policy *policy, const struct hp_value *file, struct hp_error *err)
{
	static enum hp_status (*const load[])(struct hp_policy *, const struct hp_value *,
					      struct hp_error *) = {
		hp_policy_load_classes,	    hp_policy_load_approvals,	 hp_policy_load_tiers,
		hp_policy_load_constraints, hp_policy_load_permissions, hp_policy_load_gateway,
		hp_policy_load_redaction,   hp_policy_load_classifier, /* the slow parts, last */
	};
	for (size_t i = 0; i < sizeof load / sizeof load[0]; i++) {
		enum hp_status status = load[i](policy, file, err);
		if (status != HP_OK)
			return status;
	}
	return HP_OK;
}

static enum hp_status
load(struct hp_policy *policy, const char *text, size_t len, struct hp_error *err)
{
	struct hp_str part = {text, len};
	const struct hp_value *file;
	if (len > HP_LIMIT_POLICY_BYTES)
		return hp_fail(err, HP_TOO_LARGE, "%zu bytes of policy, at most %u", len,
			       HP_LIMIT_POLICY_BYTES);
	hp_crypto_sha256(&part, 1, policy->version);
	policy->text = hp_arena_copy(&policy->arena, text, len);
	policy->text_len = len;
	if (!policy->text)
		return hp_fail(err, HP_NOMEM, "out of memory");
	enum hp_status status = hp_yaml_load(&policy->arena, policy->text, len, &file, err);
	if (status == HP_OK)
		status = hp_policy_shape(&policy->arena, file, err);
	if (status == HP_OK)
		status = hp_policy_merge(&policy->arena, file, &file, err);
	if (status == HP_OK)
		status = load_sections(policy, file, err);
	return status;
}

enum hp_status
hp_policy_load(const char *text, size_t len, struct hp_policy **ret_policy, struct hp_error *err)
{
	struct hp_policy *policy = calloc(1, sizeof *policy);
	if (!policy)
		return hp_fail(err, HP_NOMEM, "out of memory");
	enum hp_status status = load(policy, text, len, err);
	if (status == HP_OK)
		*ret_policy = policy;
	else
		hp_policy_free(policy);
	return status;
}

void
hp_policy_free(struct hp_policy *policy)
{
	if (!policy)
		return;
	hp_classifier_free(policy->classifier);
	hp_pattern_set_free(policy->destructive_set);
	hp_redact_free(policy->redact);
	hp_arena_release(&policy->arena);
	free(policy);
}
