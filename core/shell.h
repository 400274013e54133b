/*
 * shell - what a command line does: wrappers looked through, inline code looked into.
 *
 * Private to classify. Commands are argument vectors; shell text occurs only inside them (`sh -c`).
 * Threads: as the arena.
 */
#ifndef HP_CORE_SHELL_H
#define HP_CORE_SHELL_H

#include "core/shell_tools.h"
#include "core/things.h"

struct hp_shell_word {
	const char *text; /* folded, case kept */
	bool disguised;
};

/* Adds the things of a command. `depth` counts the commands it is within. */
void hp_shell_command(struct hp_things *things, const struct hp_shell_word *argv, size_t argc,
		      unsigned depth);

/* Adds the things of each simple command of shell text; the caller has said `unknown`. */
void hp_shell_text(struct hp_things *things, const char *text, unsigned depth);

/* Adds what the words of a program in another language look like: the commands, SQL and calls that
 * its strings and names spell. The caller has said `unknown`. */
void hp_shell_code(struct hp_things *things, const char *text, unsigned depth);

/* Adds the one thing of `aws SERVICE VERB …`. */
void hp_aws_command(struct hp_things *things, const struct hp_shell_tool *tool,
		    const struct hp_shell_word *argv, size_t argc);

#endif
