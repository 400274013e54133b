/*
 * classify - what an action really is: environment and classes derived, never trusted.
 *
 * Operation and command are classified separately; what matches nothing is `unknown`; all classes
 * count. Wrappers (sudo, env, nice, timeout, xargs, nohup) are looked through; a shell, interpreter
 * or eval with inline code is `unknown` plus whatever its text matches. Subjects are folded
 * (text.h) before matching. Source: policy.md, "Evaluation" 1 and 2.
 */
#ifndef HP_CORE_CLASSIFY_H
#define HP_CORE_CLASSIFY_H

#include "core/pattern.h"
#include "core/request.h"

struct hp_class_rule {
	const char *name;
	const char *const *globs; /* "!" excepts */
	size_t glob_count;
	unsigned line;
};

struct hp_environment_rule {
	const char *name;
	const char *const *words;
	size_t word_count;
	unsigned line;
};

struct hp_classifier;

HP_MUST_CHECK enum hp_status hp_classifier_new(const struct hp_class_rule *classes,
					       size_t class_count,
					       const struct hp_environment_rule *environments,
					       size_t environment_count,
					       size_t default_environment,
					       struct hp_classifier **ret_classifier,
					       struct hp_error *err);
void hp_classifier_free(struct hp_classifier *classifier);

/* One thing to run: an action, or a rollback as a second action. NULL parts are absent. */
struct hp_deed {
	const char *operation;
	const struct hp_value *command;	  /* [str] */
	const struct hp_value *arguments; /* map */
	const struct hp_value *resources; /* [str] */
};

struct hp_classes {
	uint64_t set;	/* bit i: classes[i] */
	bool unknown;	/* something matched nothing */
};

/* Classes of one deed. */
HP_MUST_CHECK enum hp_status hp_classify(const struct hp_classifier *classifier,
					 struct hp_arena *arena, const struct hp_deed *deed,
					 struct hp_classes *ret_classes, struct hp_error *err);

/* Index of the strictest environment that `claimed` or any word of the deed names; the default when
 * nothing matches. `ret_word` gets the deciding word ("" for claimed or default). */
HP_MUST_CHECK enum hp_status hp_classify_environment(const struct hp_classifier *classifier,
						     struct hp_arena *arena, const char *claimed,
						     const struct hp_deed *deed,
						     size_t *ret_environment,
						     const char **ret_word, struct hp_error *err);

/* The texts that destructive patterns look at: operation, command elements, string arguments, less
 * the data of pure reads; folded with case kept, split into words by single spaces. In arena. */
HP_MUST_CHECK enum hp_status hp_classify_words(const struct hp_classifier *classifier,
					       struct hp_arena *arena, const struct hp_deed *deed,
					       const char *const **ret_texts, size_t *ret_count,
					       struct hp_error *err);

#endif
