/*
 * shell_line - one command line being read, and its spelling.
 *
 * Private to shell.
 * Threads: as the arena.
 */
#ifndef HP_CORE_SHELL_LINE_H
#define HP_CORE_SHELL_LINE_H

#include "core/shell.h"

#define HP_SHELL_PATH_WORDS 6 /* of a command path: `gcloud compute instance-groups managed …` */

struct hp_shell_line {
	struct hp_things *things;
	const struct hp_shell_word *argv;
	size_t argc;
	unsigned depth;
	const char *name;                 /* base name of argv[0], lower case */
	const struct hp_shell_tool *tool; /* NULL: a program of no table */
	struct hp_shell_option *options;  /* one a word; read when first asked for */
};

/* The subcommand, and the subcommand's subcommand. */
struct hp_shell_path {
	const char *words[HP_SHELL_PATH_WORDS];
	size_t at[HP_SHELL_PATH_WORDS]; /* their places in argv */
	size_t count;
	bool ambiguous; /* each word alone may be the subcommand */
	bool verbless; /* no word is a known verb: the last may be a name of the agent's choosing */
};

static inline struct hp_shell_option
hp_shell_option_at(const struct hp_shell_line *line, size_t at)
{
	struct hp_shell_option *option = &line->options[at];
	if (option->kind == HP_OPTION_UNREAD)
		*option = hp_shell_read_option(line->tool, line->argv[at].text);
	return *option;
}

/* The place behind an option and its value. */
size_t hp_shell_after_option(const struct hp_shell_line *line, size_t at);

/* Adds the thing of a program with its command path and options. */
struct hp_shell_path hp_shell_line_spell(struct hp_shell_line *line);

#endif
