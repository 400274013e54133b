/*
 * classify - what an action really is: environment and classes derived, never trusted.
 *
 * Operation and command are classified separately; what matches nothing is `unknown`; all classes
 * count. Source: policy.md, "Evaluation" 1 and 2.
 *
 * A deed is turned into *things*, each with one or more *subjects*: spellings that class globs are
 * matched against, folded (text.h) and lower-cased, so `Delete`, `delete` and `dеlete` are equal.
 * A class holds for a thing when one of its globs matches any spelling and none of its `!` globs
 * matches any spelling (the order within the list does not matter). A thing without a class is
 * `unknown`. The classes of a deed are those of all its things.
 *
 * | thing                          | subjects                                                    |
 * |--------------------------------|-------------------------------------------------------------|
 * | operation `rds:StopDBCluster`  | `rds:stopdbcluster`                                         |
 * | operation `mcp:fs/writeFile`   | `mcp:fs/writefile` and, in words, `mcp:fs/write_file`       |
 * | bare `read_config` `readConfig`| `/read_config` and `:read_config`: what `*` + `/read_*` or  |
 * |                                | `*:Read*` say of a verb holds for it too                    |
 * | bare `mcp__fs__write_file`     | as `mcp:fs/write_file`                                      |
 * | operation `shell:NAME` beside  | none of its own when the command runs NAME (any spelling    |
 * | a command                      | below); otherwise `shell:name`                              |
 * | operation `sql:query` (execute | none of its own; neither has `mcp:postgres/query` or another|
 * | exec run statement)            | database tool of such a name, when it carries SQL text      |
 * | command `rm -rf x`             | `shell:rm` `shell:rm-x` `shell:rm-rf` `shell:rm-r` …        |
 * | `git -C d push --force o main` | `shell:git` `shell:git-c` `shell:git-push`                  |
 * |                                | `shell:git-push-force`                                      |
 * | `kubectl -n x delete ns/prod`  | `shell:kubectl` `shell:kubectl-delete`                      |
 * |                                | `shell:kubectl-delete-namespace`                            |
 * | `gcloud compute instances      | `shell:gcloud` `shell:gcloud-compute-instances-delete`      |
 * | delete v`                      |                                                             |
 * | `aws s3api delete-bucket …`    | `s3api:deletebucket` and, the IAM prefix, `s3:deletebucket` |
 * | `aws s3 rm s3://b --recursive` | `s3:rm` `s3:deleteobject` `s3:rm-recursive`                 |
 * | `psql -c "drop table t"`       | as SQL (`-f FILE`: also unknown)                            |
 * | SQL `DELETE FROM t`            | `sql:delete` `sql:delete-all` (update, delete, no WHERE)    |
 * | SQL `DROP TABLE t`             | `sql:drop` `sql:drop-table`                                 |
 * | SQL `WITH … DELETE`            | `sql:delete`, and each verb inside as a thing               |
 * | SQL `SELECT … INTO t`          | `sql:select`, and the thing `sql:select-into`               |
 * | SQL `SELECT lo_unlink(1)`      | `sql:select`, and the thing `sql:call-lo_unlink`            |
 * | SQL `EXPLAIN …`                | `sql:explain`; with ANALYZE also what it runs               |
 * | psql `\dt`, sqlite `.tables`   | `sql:describe`                                              |
 * | `git push o :branch +branch`   | also `shell:git-push-delete` `shell:git-push-force`         |
 * | `curl -X DELETE u`             | `shell:curl` `shell:curl-delete` `shell:curl-x`             |
 * | `find . -exec rm {} ;`         | `shell:find` `shell:find-exec`, and the thing `shell:rm`    |
 * | any word of the command, any   | besides: `file:WORD`, which `file:` globs alone are held    |
 * | resource or string argument    | against; it adds classes and is never unknown               |
 * | `sh -c`, `python -c`, `eval`,  | unknown, and each simple command of the text as above       |
 * | `ssh h cmd`, `a; b` in one word|                                                             |
 *
 * In general a command gives `shell:ARGV0` (base name), `shell:ARGV0-WORD` for its subcommand (the
 * first word that is no option), and `shell:ARGV0[-WORD…]-OPTION` for each option, its dashes and
 * `=value` cut off; clusters of letters also one by one. Longer command paths are known for git,
 * kubectl, docker, gcloud, az and other tools of shell_tools.c; of gcloud, az and the like a path
 * counts only up to its first verb, and without one is unknown as well. Wrappers (sudo, env, nice,
 * timeout, xargs, nohup and others of shell_runners.c) are looked through. A subcommand that cannot
 * be told from an option's value is unknown as well, unless the program alone has a class. A long
 * option that is cut short (`--outp`) meets the globs of the whole one, but only upwards: `!` globs
 * of `read`, and the others of every other class.
 *
 * So `read: ["shell:find", "!shell:find-delete", "!shell:find-exec*"]` says what it seems to say.
 * AWS's own catalogue (aws_actions.h) knows `service:Action` by its access level. A list names all
 * actions of a level by `@aws-list`, `@aws-read`, `@aws-tagging`, `@aws-write`, `@aws-permissions`,
 * with `!` too; nothing that is written in a request matches these but by being such an action.
 * Whatever the lists say, no listed action above `read` is of the class `read`, and one that manages
 * permissions is `modify_iam`, or unknown where there is no such class. An action that is not
 * listed goes by the globs alone.
 *
 * Folding may raise, never lower: a name that is `read` only after look-alikes were replaced is
 * unknown as well. The class named `read` is special: of a command whose only class it is, and of
 * the arguments of a deed whose only class it is, destructive words see the names of options and
 * SQL less literals, but no data. Transaction control (BEGIN, COMMIT …) is no thing.
 *
 * A claimed environment that names none counts as the default: not understood is not harmless.
 * Threads: as the globs inside: one at a time.
 */
#ifndef HP_CORE_CLASSIFY_H
#define HP_CORE_CLASSIFY_H

#include "core/request.h"

struct hp_class_rule {
	const char *name;
	const char *const *globs; /* "!" excepts; any case */
	size_t glob_count;
	unsigned line;
};

struct hp_environment_rule {
	const char *name;
	const char *const *words; /* letters and digits alone; any case */
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
	uint64_t set;	   /* bit i: classes[i] */
	bool unknown;	   /* something matched nothing */
	bool read;	   /* `read` is all that it is */
	bool read_command; /* … that its command is */
	bool sql_command;  /* its command carries SQL */
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
 * the data of pure reads; folded with case kept, split into words by single spaces. In arena.
 * `classes` is what hp_classify() said of the deed; a caller who knows worse sets its `unknown`. */
HP_MUST_CHECK enum hp_status hp_classify_words_of(struct hp_arena *arena,
						  const struct hp_deed *deed,
						  const struct hp_classes *classes,
						  const char *const **ret_texts, size_t *ret_count,
						  struct hp_error *err);

/* As above for a deed that has not been classified. */
HP_MUST_CHECK enum hp_status hp_classify_words(const struct hp_classifier *classifier,
					       struct hp_arena *arena, const struct hp_deed *deed,
					       const char *const **ret_texts, size_t *ret_count,
					       struct hp_error *err);

#endif
