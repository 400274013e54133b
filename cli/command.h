/*
 * command - what every command of `holdpoint` stands on: its arguments, its broker, its output.
 *
 * Purpose: a command is one function from `struct hp_cli` to an exit code (enum hp_exit). Its name,
 * arguments, options and help are one row of commands.def; nothing else knows them.
 *
 * Invariants:
 *  1. Data goes to standard output, messages to standard error, each one line "holdpoint: …" that
 *     says what failed, where, and what was expected (protocol.md "Command line").
 *  2. A command prints its own failures and returns their exit code; nobody above prints again.
 *  3. Options were checked against the table before a command runs: it sees only its own.
 *  4. A stranger's text reaches the terminal only through hp_text_safe() or hp_json_dump().
 * Threads: one.
 */
#ifndef HP_CLI_COMMAND_H
#define HP_CLI_COMMAND_H

#include "core/buf.h"
#include "core/value.h"
#include "proto/client.h"
#include "proto/keyfile.h"
#include "proto/message.h"

struct hp_cli;

struct hp_option {
	const char *name;     /* long, without dashes; NULL ends a table */
	char letter;	      /* short form; 0: none */
	const char *argument; /* what the help calls its value; NULL: a flag */
	const char *help;
};

/* Positional arguments: at most this many, or everything behind "--" is a command to run. */
enum { HP_ARGS_COMMAND = -1 };

struct hp_command {
	const char *name; /* "keygen", or two words: "policy check" */
	int (*run)(struct hp_cli *cli);
	const char *group;     /* heading of the overview */
	const char *arguments; /* of the usage line; "" for none */
	int min_args, max_args;
	const char *help; /* one line */
	const struct hp_option *options;
};

/* One option as given, in order. */
struct hp_given {
	const struct hp_option *option;
	const char *value; /* "" for a flag */
};

struct hp_cli {
	struct hp_arena arena; /* lives as long as the command */
	const struct hp_command *command;

	/* Global options, NULL or false when not given. */
	const char *home, *broker, *key, *as;
	bool json, quiet, no_color, no_input, help, version;
	int64_t deadline_ms; /* of --timeout, on hp_cli_now_ms(); -1: none */
	struct hp_buf *messages; /* where messages go instead of standard error; NULL: there */

	/* Arguments: positional ones, or with HP_ARGS_COMMAND the words behind "--"; with `help`
	 * the words to explain. */
	const char **args;
	size_t arg_count;
	struct hp_given *given;
	size_t given_count;

	/* After hp_cli_connect(). Wiped and freed by main. */
	struct hp_client *client;
	struct hp_keyfile keyfile;
	bool has_key;
	struct hp_broker_info info;
};

/* The table, in the order of commands.def; ends with a row whose name is NULL. */
extern const struct hp_command hp_commands[];
extern const struct hp_option hp_global_options[];

#define HP_COMMAND(name, run, group, arguments, min, max, help, options)                           \
	int run(struct hp_cli *cli);
#include "cli/commands.def"
#undef HP_COMMAND

/* Reads the command line into `cli`. HP_EXIT_OK, or HP_EXIT_USAGE with the reason printed. */
int hp_cli_parse(struct hp_cli *cli, int argc, char **argv);

/* The value of an option of this command (the last one given); NULL when not given. */
const char *hp_cli_option(const struct hp_cli *cli, const char *name);
bool hp_cli_flag(const struct hp_cli *cli, const char *name);
/* Each value of a repeatable option in turn: start with *at = 0; NULL at the end. */
const char *hp_cli_next(const struct hp_cli *cli, const char *name, size_t *at);
/* Whole numbers and durations. HP_EXIT_OK, or HP_EXIT_USAGE with the reason printed; `ret` keeps
 * its value when the option is not given. */
int hp_cli_option_int(struct hp_cli *cli, const char *name, int64_t min, int64_t max,
		      int64_t *ret);
int hp_cli_option_duration(struct hp_cli *cli, const char *name, int64_t *ret_ms);
/* "pii,secrets" as groups of core/redact.h; all of them when not given. As above. */
int hp_cli_option_rules(struct hp_cli *cli, const char *name, unsigned *ret_groups);
/* An option that has to be there. NULL with the reason printed. */
const char *hp_cli_require(struct hp_cli *cli, const char *name);

/* Whether `name` is `word`, or `word` and a second one. */
bool hp_command_starts(const struct hp_command *command, const char *word);
/* The row of a whole name; NULL. */
const struct hp_command *hp_command_find(const char *name);

/* What cli->help asks for: cli->command, cli->args, or everything. Returns the exit code. */
int hp_help(struct hp_cli *cli);

/* The word nearest to `text`, for a hint; NULL when none is near. Call for each candidate. */
struct hp_nearest {
	const char *text;
	const char *best;
	size_t distance;
};
void hp_nearest_try(struct hp_nearest *nearest, const char *candidate);

/* "holdpoint: COMMAND: message" on standard error, and the exit code for it. */
int hp_cli_usage(struct hp_cli *cli, const char *format, ...) HP_PRINTF(2, 3);
int hp_cli_error(struct hp_cli *cli, int exit_code, const char *format, ...) HP_PRINTF(3, 4);
/* Prints err->message and maps the status to its exit code. */
int hp_cli_fail(struct hp_cli *cli, enum hp_status status, const struct hp_error *err);
/* As above for a file of the user's: whatever is wrong with it, exit 2 (or 1 without memory). */
int hp_cli_fail_file(struct hp_cli *cli, enum hp_status status, const struct hp_error *err);
/* A remark on standard error; silent with -q. */
void hp_cli_note(struct hp_cli *cli, const char *format, ...) HP_PRINTF(2, 3);

/* The absolute path of a program as a shell in `cwd` would find it; NULL when there is none. */
const char *hp_cli_find_program(struct hp_cli *cli, const char *cwd, const char *name);

/* Milliseconds of a clock that never jumps; and what --timeout leaves of `cap_ms`. */
int64_t hp_cli_now_ms(void);
int hp_cli_left_ms(const struct hp_cli *cli, int cap_ms);
bool hp_cli_timed_out(const struct hp_cli *cli);

/* Whether to ask a person: standard input and error are terminals and --no-input is not given. */
bool hp_cli_interactive(const struct hp_cli *cli);

/* The absolute instance directory; NULL with the reason printed. */
const char *hp_cli_home(struct hp_cli *cli);
/* A hp_passphrase_source: $HOLDPOINT_PASSPHRASE_FILE, else the terminal. `context` is the cli. */
enum hp_status hp_cli_passphrase(void *context, const char *name, struct hp_buf *buf,
				 struct hp_error *err);
/* A new passphrase for a seal, asked twice on the terminal. */
enum hp_status hp_cli_new_passphrase(struct hp_cli *cli, const char *name, struct hp_buf *buf,
				     struct hp_error *err);

/* Reads broker.json alone, into cli->info. HP_EXIT_OK or printed. */
int hp_cli_load_broker(struct hp_cli *cli);
/* Reads the key and broker.json without connecting. HP_EXIT_OK or printed. */
int hp_cli_load_key(struct hp_cli *cli);
/* Connects as --key or --as say. HP_EXIT_OK or printed. */
int hp_cli_connect(struct hp_cli *cli, enum hp_client_side side);
/* A message of `type`, in the arena. */
struct hp_value *hp_cli_message(struct hp_cli *cli, const char *type);
/* HP_EXIT_OK unless `reply` is an error, which is printed and becomes its exit code. */
int hp_cli_check_reply(struct hp_cli *cli, const struct hp_value *reply);
/* Calls, and accepts only a reply of type `expected`; anything else is printed. */
int hp_cli_ask(struct hp_cli *cli, struct hp_value *map, const char *expected,
	       const struct hp_value **ret_reply);
/* Connects for one request: `given` is its id or at least 4 characters of its beginning, looked up
 * by the broker's `list` unless whole. HP_EXIT_OK and the id in lower case, or printed, ambiguous
 * ones with candidates. */
int hp_cli_connect_to(struct hp_cli *cli, enum hp_client_side side, const char *given,
		      const char **ret_id);

/* Long polls until the request is decided (or `done`: in a final state) or --timeout ends; a broker
 * that restarts meanwhile is waited for. HP_EXIT_OK with the last `status`, reached or not. */
int hp_cli_wait(struct hp_cli *cli, const char *id, bool done, const struct hp_value **ret_status);

#endif
