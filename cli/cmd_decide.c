/* approve, deny, extend, note, settle, spot-check: what a reviewer says. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/shown.h"
#include "core/present.h"
#include "core/text.h"

static int64_t
wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --digest, whole: shortened it would be a promise about nothing. */
static int
read_digest(struct hp_cli *cli, uint8_t ret_digest[HP_HASH_BYTES])
{
	const char *text = hp_cli_option(cli, "digest");
	if (!text || hp_crypto_hex(text, strlen(text), ret_digest, HP_HASH_BYTES) == HP_OK)
		return HP_EXIT_OK;
	return hp_cli_usage(cli, "--digest: expected 64 hexadecimal digits, not \"%s\"",
			    hp_text_safe(&cli->arena, text, 0));
}

/* The whole request, then the typed confirmation (console.md, truth 4). */
static int
confirm(struct hp_cli *cli, const struct hp_shown *shown)
{
	struct hp_confirmation wanted;
	struct hp_buf typed = {0};
	struct hp_error err = {0};
	int exit_code = hp_shown_print(cli, shown);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	fflush(stdout);
	hp_present_confirmation(shown->canonical, shown->digest, &wanted);
	const char *question = hp_arena_printf(&cli->arena, "\nto approve type %s, %s: ",
					       wanted.what, wanted.text);
	if (!question)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	enum hp_status status = hp_prompt(question, true, &typed, &err);
	if (status == HP_UNAVAILABLE)
		exit_code = hp_cli_usage(cli, "%s: give --digest", err.message);
	else if (status != HP_OK || strcmp(hp_buf_text(&typed), wanted.text) != 0)
		exit_code = hp_cli_usage(cli, "not approved: that was not %s", wanted.what);
	hp_buf_release(&typed);
	return exit_code;
}

static int
vote(struct hp_cli *cli, const char *id, const uint8_t digest[HP_HASH_BYTES], bool approve,
     const char *reason)
{
	struct hp_value *map = NULL;
	const struct hp_value *reply = NULL;
	struct hp_error err = {0};
	enum hp_status status =
		hp_client_make_decide(&cli->arena, &cli->keyfile, cli->info.instance, id, digest,
				      approve, reason, wall_ms(), &map, &err);
	if (status != HP_OK)
		return hp_cli_fail(cli, status, &err);
	int exit_code = hp_cli_ask(cli, map, "status", &reply);
	return exit_code ? exit_code : hp_out_status(cli, reply);
}

static int
decide(struct hp_cli *cli, bool approve)
{
	const char *id, *reason = hp_cli_require(cli, "reason");
	uint8_t wanted[HP_HASH_BYTES];
	struct hp_shown shown;
	if (!reason)
		return HP_EXIT_USAGE;
	int exit_code = read_digest(cli, wanted);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	bool sighted = hp_cli_flag(cli, "digest");
	if (approve && !sighted && cli->json)
		return hp_cli_usage(cli, "with --json --digest is needed: the digest of what you "
					 "saw (holdpoint show)");
	if (approve && !sighted && !(hp_cli_interactive(cli) && isatty(STDOUT_FILENO)))
		return hp_cli_usage(cli, "without a terminal --digest is needed: the digest of "
					 "what you saw (holdpoint show)");
	exit_code = hp_cli_connect_to(cli, HP_SIDE_CONTROL_FIRST, cli->args[0], &id);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_shown_fetch(cli, id, &shown);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (!shown.canonical)
		return hp_cli_error(cli, HP_EXIT_CONFLICT, "final: the request was erased %s",
				    hp_out_erased(cli, shown.reply));
	if (sighted && memcmp(wanted, shown.digest, HP_HASH_BYTES) != 0)
		return hp_cli_error(cli, HP_EXIT_CONFLICT,
				    "digest_mismatch: %s is not the request with that digest", id);
	if (approve && !sighted)
		exit_code = confirm(cli, &shown);
	return exit_code ? exit_code : vote(cli, id, shown.digest, approve, reason);
}

int
hp_cmd_approve(struct hp_cli *cli)
{
	return decide(cli, true);
}

int
hp_cmd_deny(struct hp_cli *cli)
{
	return decide(cli, false);
}

/* A message about one request that a `status` answers. */
static int
send_about(struct hp_cli *cli, struct hp_value *map)
{
	const char *id;
	const struct hp_value *reply = NULL;
	int exit_code = hp_cli_connect_to(cli, HP_SIDE_CONTROL_FIRST, cli->args[0], &id);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	hp_map_set_str(&cli->arena, map, "id", id);
	exit_code = hp_cli_ask(cli, map, "status", &reply);
	return exit_code ? exit_code : hp_out_status(cli, reply);
}

int
hp_cmd_extend(struct hp_cli *cli)
{
	int64_t by_ms = 0;
	const char *reason;
	if (!hp_cli_require(cli, "by") || !(reason = hp_cli_require(cli, "reason")))
		return HP_EXIT_USAGE;
	int exit_code = hp_cli_option_duration(cli, "by", &by_ms);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	struct hp_value *map = hp_cli_message(cli, "extend");
	hp_map_set_int(&cli->arena, map, "by_ms", by_ms);
	hp_map_set_str(&cli->arena, map, "reason", reason);
	return send_about(cli, map);
}

int
hp_cmd_note(struct hp_cli *cli)
{
	if (!*cli->args[1])
		return hp_cli_usage(cli, "the note is empty");
	struct hp_value *map = hp_cli_message(cli, "note");
	hp_map_set_str(&cli->arena, map, "text", cli->args[1]);
	return send_about(cli, map);
}

int
hp_cmd_settle(struct hp_cli *cli)
{
	const char *result = hp_cli_require(cli, "result"), *reason;
	if (!result || !(reason = hp_cli_require(cli, "reason")))
		return HP_EXIT_USAGE;
	if (strcmp(result, "succeeded") != 0 && strcmp(result, "failed") != 0)
		return hp_cli_usage(cli, "--result: expected succeeded or failed, not \"%s\"",
				    hp_text_safe(&cli->arena, result, 0));
	struct hp_value *map = hp_cli_message(cli, "settle");
	hp_map_set_str(&cli->arena, map, "result", result);
	hp_map_set_str(&cli->arena, map, "reason", reason);
	return send_about(cli, map);
}

int
hp_cmd_spot_check(struct hp_cli *cli)
{
	const char *finding = cli->args[1], *note = hp_cli_option(cli, "note");
	if (strcmp(finding, "ok") != 0 && strcmp(finding, "concern") != 0)
		return hp_cli_usage(cli, "expected ok or concern, not \"%s\"",
				    hp_text_safe(&cli->arena, finding, 0));
	struct hp_value *map = hp_cli_message(cli, "spot_check");
	hp_map_set_str(&cli->arena, map, "finding", finding);
	if (note)
		hp_map_set_str(&cli->arena, map, "note", note);
	return send_about(cli, map);
}
