/*
 * classifier - the inside of struct hp_classifier, shared by classify and environment.
 *
 * Private. Immutable once made.
 * Threads: as the globs: one at a time.
 */
#ifndef HP_CORE_CLASSIFIER_H
#define HP_CORE_CLASSIFIER_H

#include "core/aws_actions.h"
#include "core/classify.h"
#include "core/globs.h"

/* A word that names an environment, in an open-addressed table. */
struct hp_environment_word {
	const char *word; /* lower case; NULL: a free slot */
	uint32_t hash, len;
	size_t environment;
};

struct hp_environments {
	struct hp_environment_word *words;
	size_t slots;       /* a power of two */
	size_t longest;     /* bytes of the longest word */
	const char **names; /* lower case */
	size_t count;
	size_t fallback;
};

/* Steps of hp_globs_scan() for one deed: a tenth of a second at most, whatever globs a policy has.
 * A long command takes ten thousand with the shipped ones. */
enum { HP_CLASSIFY_STEPS = 1 << 24 };

/* Classes that are given and taken for what the catalogue of AWS actions says. */
struct hp_class_level {
	uint64_t named, excepted;
};

struct hp_classifier {
	struct hp_arena arena; /* of everything below */
	struct hp_globs *globs;
	struct hp_globs *files; /* those that begin with `file:`, without that */
	uint64_t read, modify_iam; /* the bits of the classes of these names; 0: there is none */
	struct hp_class_level levels[HP_AWS_LEVELS];
	struct hp_environments environments;
};

/* What a match of `globs` means, by its id. */
struct hp_class_glob {
	size_t class;
	bool excepts;     /* it is a `!` glob */
	bool abbreviated; /* it holds for abbreviated long options alone */
};
struct hp_class_glob hp_class_glob_of(unsigned id);

/* Makes `globs`, `files` and `levels` of the classifier; its `read` is known. */
HP_MUST_CHECK enum hp_status hp_class_globs_compile(struct hp_classifier *classifier,
                                                    const struct hp_class_rule *classes,
                                                    size_t count, struct hp_error *err);

HP_MUST_CHECK enum hp_status hp_environments_init(struct hp_environments *environments,
                                                  struct hp_arena *arena,
                                                  const struct hp_environment_rule *rules,
                                                  size_t count, size_t fallback,
                                                  struct hp_error *err);

#endif
