#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "core/redact.h"
#include "core/text.h"
#include "core/units.h"

#define OPTIONS(...) ((const struct hp_option[]){__VA_ARGS__, {0}})
const struct hp_command hp_commands[] = {
#define HP_COMMAND(...) {__VA_ARGS__},
#include "cli/commands.def"
#undef HP_COMMAND
	{0},
};

const struct hp_option hp_global_options[] = {
	{"help", 'h', NULL, "this text, or a command's"},
	{"version", 0, NULL, "the version"},
	{"home", 0, "DIR", "instance directory ($HOLDPOINT_HOME)"},
	{"broker", 0, "FILE", "broker.json ($HOLDPOINT_BROKER, else HOME's)"},
	{"key", 0, "FILE", "your key ($HOLDPOINT_KEY)"},
	{"as", 0, "NAME", "the key HOME/keys/NAME.key ($HOLDPOINT_AS)"},
	{"json", 0, NULL, "print JSON"},
	{"timeout", 0, "DUR", "give up after DUR, as 2s, 30m or 4h"},
	{"quiet", 'q', NULL, "no headings, no remarks"},
	{"no-color", 0, NULL, "no colour ($NO_COLOR, or no terminal)"},
	{"no-input", 0, NULL, "never ask"},
	{0},
};

/* getopt_long's values: above every character, so that a short option is never mistaken. */
enum { LONG_BASE = 0x100, OPTIONS_MAX = 64 };

/* The options allowed at one place, in getopt's form and ours. */
struct grammar {
	struct option longs[OPTIONS_MAX + 1];
	const struct hp_option *ours[OPTIONS_MAX];
	char shorts[2 * OPTIONS_MAX + 3];
	size_t count;
};

static void
grammar_add(struct grammar *grammar, const struct hp_option *options)
{
	char *at = grammar->shorts + strlen(grammar->shorts);
	for (; options->name && grammar->count < OPTIONS_MAX; options++) {
		int takes = options->argument ? required_argument : no_argument;
		grammar->longs[grammar->count] = (struct option){
			options->name, takes, NULL, LONG_BASE + (int)grammar->count};
		grammar->ours[grammar->count++] = options;
		if (!options->letter)
			continue;
		*at++ = options->letter;
		if (options->argument)
			*at++ = ':';
	}
}

static const struct hp_option *
grammar_find(const struct grammar *grammar, int value)
{
	if (value >= LONG_BASE)
		return grammar->ours[value - LONG_BASE];
	for (size_t i = 0; i < grammar->count; i++)
		if (grammar->ours[i]->letter == value)
			return grammar->ours[i];
	return NULL;
}

static bool
is_global(const struct hp_option *option)
{
	size_t count = sizeof hp_global_options / sizeof hp_global_options[0];
	return option >= hp_global_options && option < hp_global_options + count;
}

static int
set_timeout(struct hp_cli *cli, const char *value)
{
	struct hp_error err = {0};
	int64_t ms;
	if (hp_units_duration(value, &ms, &err) != HP_OK)
		return hp_cli_usage(cli, "--timeout: %s", err.message);
	cli->deadline_ms = hp_cli_now_ms() + ms;
	return HP_EXIT_OK;
}

static int
set_global(struct hp_cli *cli, const struct hp_option *option, const char *value)
{
	const struct {
		const char *name;
		const char **text;
		bool *flag;
	} targets[] = {
		{"help", NULL, &cli->help},	    {"version", NULL, &cli->version},
		{"home", &cli->home, NULL},	    {"broker", &cli->broker, NULL},
		{"key", &cli->key, NULL},	    {"as", &cli->as, NULL},
		{"json", NULL, &cli->json},	    {"quiet", NULL, &cli->quiet},
		{"no-color", NULL, &cli->no_color}, {"no-input", NULL, &cli->no_input},
	};
	if (strcmp(option->name, "timeout") == 0)
		return set_timeout(cli, value);
	for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
		if (strcmp(option->name, targets[i].name) != 0)
			continue;
		if (targets[i].flag)
			*targets[i].flag = true;
		else if (*value == '\0')
			return hp_cli_usage(cli, "--%s needs a value that is not empty",
					    option->name);
		else
			*targets[i].text = value;
	}
	return HP_EXIT_OK;
}

static int
unknown_option(struct hp_cli *cli, const struct grammar *grammar, const char *word, int letter)
{
	const char *safe = hp_text_safe(&cli->arena, word, 0);
	if (letter > 0 && letter < LONG_BASE && strncmp(word, "--", 2) != 0)
		return hp_cli_usage(cli, "no option -%s",
				    hp_text_safe(&cli->arena, (char[]){(char)letter, '\0'}, 0));
	struct hp_nearest nearest = {.text = word + strspn(word, "-")};
	for (size_t i = 0; i < grammar->count; i++)
		hp_nearest_try(&nearest, grammar->ours[i]->name);
	if (nearest.best)
		return hp_cli_usage(cli, "no option \"%s\"; did you mean --%s?", safe,
				    nearest.best);
	return hp_cli_usage(cli, "no option \"%s\"", safe);
}

/* One result of getopt_long: `word` is the element it came from. */
static int
take_option(struct hp_cli *cli, const struct grammar *grammar, int found, const char *word)
{
	if (found == ':') {
		const struct hp_option *option = grammar_find(grammar, optopt);
		return hp_cli_usage(cli, "--%s needs a value (%s)", option->name,
				    option->argument);
	}
	if (found == '?') {
		if (optopt >= LONG_BASE)
			return hp_cli_usage(cli, "--%s takes no value",
					    grammar->ours[optopt - LONG_BASE]->name);
		return unknown_option(cli, grammar, word, optopt);
	}
	const struct hp_option *option = grammar_find(grammar, found);
	/* getopt accepts unique beginnings; a script that used one would break when an option is
	 * added, so only whole names count. */
	if (found >= LONG_BASE && strcspn(word + 2, "=") != strlen(option->name))
		return unknown_option(cli, grammar, word, 0);
	const char *value = option->argument ? optarg : "";
	if (is_global(option))
		return set_global(cli, option, value);
	cli->given[cli->given_count++] = (struct hp_given){option, value};
	return HP_EXIT_OK;
}

/* Reads options of argv[1…] until the end, "--", or (unless `whole`) the first argument.
 * `ret_next` is the index of what follows; arguments go to cli->args. */
static int
read_options(struct hp_cli *cli, struct grammar *grammar, int argc, char **argv, bool whole,
	     int *ret_next)
{
	opterr = 0;
	optind = 0; /* glibc: start afresh */
	grammar->shorts[0] = whole ? '-' : '+';
	for (;;) {
		const char *word = argv[optind > 0 ? optind : 1];
		int found = getopt_long(argc, argv, grammar->shorts, grammar->longs, NULL);
		if (found == -1)
			break;
		if (found == 1) {
			cli->args[cli->arg_count++] = optarg;
			continue;
		}
		int exit_code = take_option(cli, grammar, found, word);
		if (exit_code != HP_EXIT_OK)
			return exit_code;
	}
	*ret_next = optind;
	return HP_EXIT_OK;
}

bool
hp_command_starts(const struct hp_command *command, const char *word)
{
	size_t len = strlen(word);
	return strncmp(command->name, word, len) == 0 &&
	       (command->name[len] == '\0' || command->name[len] == ' ');
}

const struct hp_command *
hp_command_find(const char *name)
{
	for (const struct hp_command *command = hp_commands; command->name; command++)
		if (strcmp(command->name, name) == 0)
			return command;
	return NULL;
}

static int
unknown_command(struct hp_cli *cli, const char *name)
{
	struct hp_nearest nearest = {.text = name};
	for (const struct hp_command *command = hp_commands; command->name; command++)
		hp_nearest_try(&nearest, command->name);
	const char *safe = hp_text_safe(&cli->arena, name, 0);
	if (nearest.best)
		return hp_cli_usage(cli, "no command \"%s\"; did you mean \"%s\"?", safe,
				    nearest.best);
	return hp_cli_usage(cli, "no command \"%s\"; see: holdpoint help", safe);
}

/* The command that argv[0…] names, and how many words that took. */
static int
find_command(struct hp_cli *cli, int argc, char **argv, int *ret_words)
{
	const char *word = argv[0], *second = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
	/* Two words first: `task list` is no `task` with an argument. */
	const char *name = second ? hp_arena_printf(&cli->arena, "%s %s", word, second) : NULL;
	*ret_words = 2;
	cli->command = name ? hp_command_find(name) : NULL;
	if (cli->command)
		return HP_EXIT_OK;
	*ret_words = 1;
	cli->command = *word ? hp_command_find(word) : NULL;
	if (cli->command)
		return HP_EXIT_OK;
	struct hp_buf choices = {0};
	for (const struct hp_command *command = hp_commands; command->name; command++)
		if (*word && hp_command_starts(command, word))
			hp_buf_printf(&choices, "%s%s", choices.len ? ", " : "",
				      command->name + strlen(word) + 1);
	int exit_code = HP_EXIT_OK;
	if (choices.len == 0) {
		exit_code = unknown_command(cli, word);
	} else if (second) {
		exit_code = unknown_command(cli, name ? name : word);
	} else if (argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		cli->help = true;
		cli->args[cli->arg_count++] = word;
	} else {
		exit_code = hp_cli_usage(cli, "%s needs one of: %s", word, hp_buf_text(&choices));
	}
	hp_buf_release(&choices);
	return exit_code;
}

static int
check_arguments(struct hp_cli *cli, size_t before_dashes)
{
	const struct hp_command *command = cli->command;
	if (command->max_args == HP_ARGS_COMMAND && before_dashes > 0)
		return hp_cli_usage(cli, "unexpected \"%s\": the command to run stands behind --",
				    hp_text_safe(&cli->arena, cli->args[0], 0));
	if (cli->arg_count < (size_t)command->min_args)
		return hp_cli_usage(cli, "expected %s", command->arguments);
	if (command->max_args != HP_ARGS_COMMAND && cli->arg_count > (size_t)command->max_args)
		return hp_cli_usage(cli, "unexpected argument \"%s\"",
				    hp_text_safe(&cli->arena, cli->args[command->max_args], 0));
	return HP_EXIT_OK;
}

static int
parse_command(struct hp_cli *cli, int argc, char **argv)
{
	int words, next;
	int exit_code = find_command(cli, argc, argv, &words);
	if (exit_code != HP_EXIT_OK || cli->help)
		return exit_code;
	struct grammar grammar = {.shorts = "-:"};
	grammar_add(&grammar, hp_global_options);
	grammar_add(&grammar, cli->command->options);
	argc -= words - 1;
	argv += words - 1;
	exit_code = read_options(cli, &grammar, argc, argv, true, &next);
	if (exit_code != HP_EXIT_OK || cli->help || cli->version)
		return exit_code;
	size_t before_dashes = cli->arg_count;
	for (; next < argc; next++)
		cli->args[cli->arg_count++] = argv[next];
	return check_arguments(cli, before_dashes);
}

int
hp_cli_parse(struct hp_cli *cli, int argc, char **argv)
{
	size_t room = (size_t)(argc > 0 ? argc : 0) + 1;
	cli->args = hp_arena_array(&cli->arena, room, sizeof *cli->args);
	cli->given = hp_arena_array(&cli->arena, room, sizeof *cli->given);
	if (!cli->args || !cli->given)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	struct grammar grammar = {.shorts = "+:"};
	grammar_add(&grammar, hp_global_options);
	int next = 1;
	int exit_code = read_options(cli, &grammar, argc, argv, false, &next);
	if (exit_code != HP_EXIT_OK || cli->version)
		return exit_code;
	if (next < argc && strcmp(argv[next], "help") == 0) {
		cli->help = true;
		for (next++; next < argc; next++)
			if (argv[next][0] != '-')
				cli->args[cli->arg_count++] = argv[next];
		return HP_EXIT_OK;
	}
	if (next < argc)
		return parse_command(cli, argc - next, argv + next);
	if (cli->help)
		return HP_EXIT_OK;
	return hp_cli_usage(cli, "expected a command; see: holdpoint help");
}

int
hp_cli_option_rules(struct hp_cli *cli, const char *name, unsigned *ret_groups)
{
	const char *list = hp_cli_option(cli, name);
	unsigned groups = 0;
	if (!list) {
		*ret_groups = HP_REDACT_ALL;
		return HP_EXIT_OK;
	}
	for (;;) {
		size_t len = strcspn(list, ",");
		const char *word = hp_arena_copy(&cli->arena, list, len);
		unsigned group = word ? hp_redact_group(word) : 0;
		if (!group)
			return hp_cli_usage(cli, "--%s: no rules \"%s\"; there are pii, phi, secrets",
			                    name,
			                    word ? hp_text_safe(&cli->arena, word, 0) : "");
		groups |= group;
		if (!list[len])
			break;
		list += len + 1;
	}
	*ret_groups = groups;
	return HP_EXIT_OK;
}
