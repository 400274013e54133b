#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"

/* "-f, --file FILE" */
static void
print_option(const struct hp_option *option)
{
	char left[64];
	snprintf(left, sizeof left, "%s%s%s", option->name, option->argument ? " " : "",
		 option->argument ? option->argument : "");
	if (option->letter)
		printf("  -%c, --%-22s %s\n", option->letter, left, option->help);
	else
		printf("      --%-22s %s\n", left, option->help);
}

static void
print_options(const char *heading, const struct hp_option *options)
{
	if (!options->name)
		return;
	printf("\n%s:\n", heading);
	for (; options->name; options++)
		print_option(options);
}

static void
help_command(const struct hp_command *command)
{
	const char *gap = *command->arguments ? " " : "";
	printf("usage: holdpoint %s%s%s%s\n\n%s\n", command->name,
	       command->options->name ? " [options]" : "", gap, command->arguments, command->help);
	print_options("options", command->options);
	print_options("global options", hp_global_options);
}

static void
print_commands(const char *word)
{
	const char *group = "";
	for (const struct hp_command *command = hp_commands; command->name; command++) {
		if (word && !hp_command_starts(command, word))
			continue;
		if (!word && strcmp(group, command->group) != 0)
			printf("\n%s:\n", command->group);
		group = command->group;
		printf("  %-17s %s\n", command->name, command->help);
	}
}

static void
help_all(void)
{
	puts("usage: holdpoint [global options] COMMAND [options] [arguments]\n\n"
	     "The hold point for agents with access to production: ask, decide, stop, check.");
	print_commands(NULL);
	print_options("global options", hp_global_options);
	puts("\nmore on a command: holdpoint help COMMAND");
}

int
hp_help(struct hp_cli *cli)
{
	if (cli->command) {
		help_command(cli->command);
		return HP_EXIT_OK;
	}
	if (cli->arg_count == 0) {
		help_all();
		return HP_EXIT_OK;
	}
	const char *word = cli->args[0];
	const char *name = cli->arg_count > 1
				   ? hp_arena_printf(&cli->arena, "%s %s", word, cli->args[1])
				   : word;
	const struct hp_command *command = name ? hp_command_find(name) : NULL;
	if (command) {
		help_command(command);
		return HP_EXIT_OK;
	}
	size_t known = 0;
	for (command = hp_commands; command->name; command++)
		known += cli->arg_count == 1 && *word && hp_command_starts(command, word);
	if (known == 0)
		return hp_cli_usage(cli, "no command \"%s\"; see: holdpoint help",
				    hp_text_safe(&cli->arena, name, 0));
	print_commands(word);
	return HP_EXIT_OK;
}
