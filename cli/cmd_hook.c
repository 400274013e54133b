/* hook: a coding agent's hook. Whatever goes wrong is a deny in its host's form (enforce/hook.h). */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/fields.h"
#include "core/limits.h"
#include "core/text.h"
#include "enforce/ask.h"
#include "enforce/hook.h"
#include "enforce/signals.h"
#include "enforce/spawn.h"

enum {
	MARGIN_MS = 5000, /* between our answer and the host's patience */
	LIMIT_MIN_MS = 10000,
	LIMIT_MAX_MS = 4 * 3600 * 1000,
	SETTINGS_LIMIT_MS = 600000, /* what the printed settings ask for: time for a person */
	INPUT_MS = 5000,  /* a host that keeps standard input open has said it all by then */
};

/* One hook call. */
struct hooking {
	struct hp_cli *cli;
	const struct hp_hook_host *host;
	const struct hp_hook_event *event;
	int64_t deadline_ms;
	const char *id; /* NULL: nothing was asked */
	struct hp_hook_verdict verdict;
};

static void
refuse(struct hooking *hooking, const char *reason)
{
	const char *text = hp_arena_printf(&hooking->cli->arena, "Denied by holdpoint%s%s: %s",
					   hooking->id ? " " : "", hooking->id ? hooking->id : "",
					   reason);
	hooking->verdict = (struct hp_hook_verdict){.reason = text ? text : "Denied by holdpoint"};
}

/* ---- what the host says ---- */

/*
 * Until its end, until it has been silent for INPUT_MS, or until it is too late to ask. What is over
 * the limit is read and forgotten: a host that cannot finish writing may not read the answer.
 */
static bool
read_input(struct hooking *hooking, struct hp_buf *text, struct hp_error *err)
{
	char piece[16384];
	bool over = false;
	while (hp_enforce_now_ms() < hooking->deadline_ms) {
		struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
		int ready = poll(&in, 1, INPUT_MS);
		ssize_t got = ready > 0 ? read(STDIN_FILENO, piece, sizeof piece) : ready;
		if (got < 0 && errno == EINTR && !hp_signals_take())
			continue;
		if (got < 0) {
			hp_fail(err, HP_IO, "cannot read the call: %s", strerror(errno));
			return false;
		}
		if (got == 0)
			break;
		over |= text->len + (size_t)got > HP_LIMIT_HOOK_BYTES;
		if (!over)
			hp_buf_add(text, piece, (size_t)got);
	}
	if (over)
		hp_fail(err, HP_TOO_LARGE, "the call is over %u bytes: more than a person can review",
			HP_LIMIT_HOOK_BYTES);
	else if (text->failed)
		hp_fail(err, HP_NOMEM, "out of memory");
	return !over && !text->failed;
}

static bool
parse_input(struct hooking *hooking, struct hp_hook_call *ret_call)
{
	struct hp_cli *cli = hooking->cli;
	struct hp_buf text = {0};
	struct hp_error err = {0};
	enum hp_status status = HP_IO;
	if (read_input(hooking, &text, &err))
		status = hp_hook_parse(&cli->arena, hooking->host, hp_buf_text(&text), text.len,
				       ret_call, &err);
	hp_buf_release(&text);
	if (ret_call->event)
		hooking->event = ret_call->event;
	if (status != HP_OK)
		refuse(hooking, err.message);
	return status == HP_OK;
}

/* ---- what the broker says ---- */

/* `message` NULL: of a tool that needs no grant. */
static void
ask(struct hooking *hooking, struct hp_value *message, const char *session)
{
	struct hp_cli *cli = hooking->cli;
	struct hp_talk talk = {.client = cli->client, .arena = &cli->arena,
			       .deadline_ms = hooking->deadline_ms};
	struct hp_asked asked;
	enum hp_status status =
		message ? hp_ask_detached(&talk, message, hooking->id, &asked)
			: hp_ask_free(&talk, hp_cli_option(cli, "for"), session, &asked);
	if (status != HP_OK) {
		refuse(hooking, "out of memory");
		return;
	}
	if (!asked.granted) {
		refuse(hooking, asked.reason);
		return;
	}
	const char *text = message ? hp_arena_printf(&cli->arena, "holdpoint %s: %s", hooking->id,
						     asked.reason)
				   : "";
	hooking->verdict = (struct hp_hook_verdict){true, asked.by_person, text ? text : ""};
}

static void
connect_and_ask(struct hooking *hooking, struct hp_value *message, const char *id,
		const char *session)
{
	struct hp_cli *cli = hooking->cli;
	struct hp_buf messages = {0};
	cli->messages = &messages;
	int exit_code = hp_cli_connect(cli, HP_SIDE_AGENTS);
	cli->messages = NULL;
	if (exit_code != HP_EXIT_OK) {
		refuse(hooking, hp_buf_text(&messages));
	} else {
		hooking->id = id;
		ask(hooking, message, session);
	}
	hp_buf_release(&messages);
}

static void
decide(struct hooking *hooking)
{
	struct hp_cli *cli = hooking->cli;
	struct hp_hook_call call = {0};
	struct hp_value *message;
	struct hp_error err = {0};
	if (!parse_input(hooking, &call))
		return;
	if (call.tool && call.tool->kind == HP_HOOK_OWN) { /* a halt stops these too */
		connect_and_ask(hooking, NULL, NULL, call.session);
		return;
	}
	const char *id = hp_fields_new_id(&cli->arena), *agent = hp_cli_option(cli, "for");
	struct hp_request request;
	enum hp_status status = hp_hook_message(&cli->arena, hooking->host, &call,
						hp_cli_option(cli, "environment"), id, &message,
						&err);
	if (status == HP_OK)
		status = hp_request_parse(&cli->arena, message, HP_REQUEST_WIRE, &request, &err);
	if (status != HP_OK) {
		refuse(hooking, err.message);
		return;
	}
	if (agent)
		hp_map_set_str(&cli->arena, message, "for", agent);
	connect_and_ask(hooking, message, id, NULL);
}

/* ---- settings ---- */

/* A word as a shell reads it. */
static void
add_word(struct hp_buf *command, const char *option, const char *word)
{
	if (!word)
		return;
	hp_buf_printf(command, " %s", option);
	hp_buf_add_text(command, *option ? " " : "");
	if (word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			      "_-./:@+,")] == '\0' && *word) {
		hp_buf_add_text(command, word);
		return;
	}
	hp_buf_add_byte(command, '\'');
	for (const char *p = word; *p; p++)
		if (*p == '\'')
			hp_buf_add_text(command, "'\\''");
		else
			hp_buf_add_byte(command, (uint8_t)*p);
	hp_buf_add_byte(command, '\'');
}

static int
print_settings(struct hp_cli *cli, const struct hp_hook_host *host, int64_t limit_ms)
{
	struct hp_buf command = {0}, out = {0};
	hp_buf_printf(&command, "holdpoint hook %s", host->name);
	add_word(&command, "--environment", hp_cli_option(cli, "environment"));
	add_word(&command, "--for", hp_cli_option(cli, "for"));
	add_word(&command, "--home", cli->home);
	add_word(&command, "--broker", cli->broker);
	add_word(&command, "--key", cli->key);
	add_word(&command, "--as", cli->as);
	hp_buf_printf(&command, " --limit %llds", (long long)(limit_ms / 1000));
	hp_hook_settings(host, hp_buf_text(&command), limit_ms, &out);
	bool failed = command.failed || out.failed ||
		      fwrite(hp_buf_text(&out), 1, out.len, stdout) != out.len;
	hp_buf_release(&command);
	hp_buf_release(&out);
	if (failed)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "cannot write the settings");
	return HP_EXIT_OK;
}

static int
answer(const struct hooking *hooking)
{
	struct hp_buf out = {0}, err = {0};
	int exit_code = hp_hook_answer(hooking->event, &hooking->verdict, &out, &err);
	bool written = fwrite(hp_buf_text(&out), 1, out.len, stdout) == out.len &&
		       fflush(stdout) == 0;
	fwrite(hp_buf_text(&err), 1, err.len, stderr);
	hp_buf_release(&out);
	hp_buf_release(&err);
	return written ? exit_code : HP_EXIT_USAGE; /* what is not said would be a yes */
}

int
hp_cmd_hook(struct hp_cli *cli)
{
	struct hooking hooking = {.cli = cli, .host = hp_hook_host_find(cli->args[0])};
	struct hp_error err = {0};
	if (!hooking.host)
		return hp_cli_usage(cli, "no host \"%s\"; there are%s",
				    hp_text_safe(&cli->arena, cli->args[0], 0), hp_hook_host_names);
	bool settings = hp_cli_flag(cli, "print-config");
	int64_t limit_ms = settings ? SETTINGS_LIMIT_MS : hooking.host->limit_ms;
	int exit_code = hp_cli_option_duration(cli, "limit", &limit_ms);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (limit_ms < LIMIT_MIN_MS || limit_ms > LIMIT_MAX_MS)
		return hp_cli_usage(cli, "--limit: expected 10s to 4h");
	if (!hp_cli_require(cli, "environment"))
		return HP_EXIT_USAGE;
	if (settings)
		return print_settings(cli, hooking.host, limit_ms);
	hooking.event = hp_hook_event_find(hooking.host, NULL);
	hooking.deadline_ms = hp_enforce_now_ms() + hp_cli_left_ms(cli, (int)limit_ms - MARGIN_MS);
	cli->no_input = true;
	if (hp_signals_open(&err) != HP_OK)
		refuse(&hooking, err.message);
	else
		decide(&hooking);
	hp_signals_close();
	return answer(&hooking);
}
