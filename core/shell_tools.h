/*
 * shell_tools - what is known about the command lines of common programs.
 *
 * Private to classify. A row says how a program's options are told from its words, and what the
 * words are: a subcommand, another command to run, code, SQL.
 *
 * Lists of options are strings of ` -x --long `, each between spaces. `valued` take the next word,
 * `attached` may have a value within the same word and never take the next, `plain` take none. An
 * option in no list leaves it open whether the next word is its value: the reader then fails
 * closed. Threads: constant data.
 */
#ifndef HP_CORE_SHELL_TOOLS_H
#define HP_CORE_SHELL_TOOLS_H

#include <stdbool.h>
#include <stddef.h>

#define HP_SHELL_NO_WORDS 99u /* no word has a meaning by its place */

enum hp_shell_kind {
	HP_SHELL_TOOL,    /* `words` words of its command path */
	HP_SHELL_WRAPPER, /* runs the command behind its options and `words` words of its own */
	HP_SHELL_SHELL,   /* `code` options: the first word is shell text */
	HP_SHELL_CODE,    /* `code` options: a program in another language */
	HP_SHELL_JOINED,  /* the words behind `words` of its own, joined, are shell text (ssh, eval)
	                   */
	HP_SHELL_SQL,     /* `code` options, or the words behind the first `words`, are SQL */
	HP_SHELL_AWS,
};

enum hp_shell_flags {
	HP_SHELL_OBJECT = 1 << 0,      /* the word behind the path is a kind of object (kubectl) */
	HP_SHELL_VERBS = 1 << 1,       /* the path ends at the first verb (gcloud, az) */
	HP_SHELL_LONG = 1 << 2,        /* one dash begins a whole word (find -delete) */
	HP_SHELL_ASSIGNMENTS = 1 << 3, /* NAME=value words before the command (env, sudo) */
	HP_SHELL_FIRST_WORD = 1 << 4,  /* code is the first word, without an option (awk) */
	HP_SHELL_METHOD = 1 << 5,      /* -X METHOD is the verb (curl) */
	HP_SHELL_EXEC = 1 << 6,        /* -exec COMMAND ; (find) */
	HP_SHELL_GIT = 1 << 8,         /* `push` takes :branch and +branch, `checkout` paths */
	HP_SHELL_INNER = 1 << 7,       /* `exec` and `run` subcommands run a command elsewhere */
	HP_SHELL_QUERY = 1 << 9,       /* SQL behind `query` and `--sql`, beside all else (bq) */
};

struct hp_shell_tool {
	enum hp_shell_kind kind;
	unsigned words;
	unsigned flags;
	const char *valued, *plain, *attached; /* NULL: none */
	const char *code;
	const char *script; /* options that read code from a file: what it does is unknown */
};

struct hp_shell_name {
	const char *name; /* base name, lower case */
	const struct hp_shell_tool *tool;
};

/* Both ascending by name: programs that do something themselves, and those that run another. */
extern const struct hp_shell_name hp_shell_tools[], hp_shell_runners[];
extern const size_t hp_shell_tools_count, hp_shell_runners_count;

/* The row of a program's base name, lower case; NULL when nothing is known. `python3.11` is
 * `python`. */
const struct hp_shell_tool *hp_shell_tool_find(const char *name);

/* Whether ` word ` stands in a list of words between spaces. */
bool hp_shell_listed(const char *list, const char *word, size_t len);

/* Whether a word of a command path says what is done (create, delete, list …). */
bool hp_shell_is_verb(const char *word);

enum hp_shell_option_kind {
	HP_OPTION_UNREAD, /* not looked at yet; never given back */
	HP_OPTION_NONE,   /* no option: a word */
	HP_OPTION_END,    /* `--` */
	HP_OPTION_PLAIN,  /* no value, or within the word */
	HP_OPTION_VALUED, /* the next word is its value */
	HP_OPTION_UNSURE, /* the next word may be its value */
	HP_OPTION_CODE,   /* code: in `value`, or the next word when that is NULL */
	HP_OPTION_SCRIPT, /* code from a file: the next word, or within */
};

struct hp_shell_option {
	enum hp_shell_option_kind kind;
	const char *value; /* what is within the word; NULL: nothing */
};

/* Reads one word of a command line by the row of its program (NULL: nothing known). */
struct hp_shell_option hp_shell_read_option(const struct hp_shell_tool *tool, const char *word);

#endif
