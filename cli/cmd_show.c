/* show, and what approve and deny look at. */
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/shown.h"
#include "core/present.h"
#include "core/request.h"
#include "core/text.h"
#include "core/vote.h"

enum { WIDEST = 120 }; /* longer lines are no easier to read */

int
hp_shown_fetch(struct hp_cli *cli, const char *id, struct hp_shown *ret_shown)
{
	struct hp_shown shown = {0};
	struct hp_error err = {0};
	struct hp_value *map = hp_cli_message(cli, "show");
	hp_map_set_str(&cli->arena, map, "id", id);
	int exit_code = hp_cli_ask(cli, map, "request", &shown.reply);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	const struct hp_value *bytes = hp_map_get(shown.reply, "canonical");
	const uint8_t *digest = hp_map_get_bin(shown.reply, "digest", HP_HASH_BYTES);
	if (!bytes && digest && hp_out_erased(cli, shown.reply)) {
		memcpy(shown.digest, digest, HP_HASH_BYTES);
		*ret_shown = shown;
		return HP_EXIT_OK;
	}
	if (!bytes || bytes->type != HP_BIN || !digest)
		return hp_cli_error(cli, HP_EXIT_INTERNAL,
				    "the broker's reply lacks the request or its digest");
	hp_request_digest(bytes->str.p, bytes->str.len, shown.digest);
	if (memcmp(digest, shown.digest, HP_HASH_BYTES) != 0)
		return hp_cli_error(cli, HP_EXIT_CONFLICT,
				    "digest_mismatch: the broker's digest is not that of the "
				    "request it shows; do not decide on it");
	enum hp_status status = hp_request_open_canonical(&cli->arena, bytes->str.p,
							  bytes->str.len, &shown.canonical, &err);
	if (status != HP_OK)
		return hp_cli_fail(cli, status, &err);
	if (!hp_value_is(hp_map_get(shown.canonical, "id"), id) ||
	    !hp_value_is(hp_map_get(shown.canonical, "instance"), cli->info.instance))
		return hp_cli_error(cli, HP_EXIT_CONFLICT,
				    "digest_mismatch: the broker shows another request than %s",
				    id);
	*ret_shown = shown;
	return HP_EXIT_OK;
}

/* What is left of an erased request. */
static int
print_erased(struct hp_cli *cli, const struct hp_shown *shown)
{
	static const struct {
		const char *label, *key;
	} words[] = {{"STATE", "state"},	{"ID", "id"},	  {"REQUESTER", "requester"},
		     {"ENVIRON.", "environment"}, {"TIER", "tier"}, {"EFFECT", "effect"}};
	const struct hp_value *history = hp_map_get(shown->reply, "history");
	printf("%-*s%s: what it said is gone\n", HP_PRESENT_LABEL, "ERASED",
	       hp_out_erased(cli, shown->reply));
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		printf("%-*s%s\n", HP_PRESENT_LABEL, words[i].label,
		       hp_out_text(cli, hp_map_get(shown->reply, words[i].key)));
	printf("%-*s%s\n", HP_PRESENT_LABEL, "CLASS",
	       hp_out_list(cli, hp_map_get(shown->reply, "class")));
	for (size_t i = 0; i < hp_value_count(history); i++) {
		const struct hp_value *step = hp_array_get(history, i);
		printf("%-*s%s  %s by %s\n", HP_PRESENT_LABEL, i ? "" : "HISTORY",
		       hp_out_time(cli, hp_map_get_int(step, "at_ms", -1)),
		       hp_out_text(cli, hp_map_get(step, "state")),
		       hp_out_text(cli, hp_map_get(step, "by")));
	}
	printf("%-*s%s\n", HP_PRESENT_LABEL, "DIGEST",
	       hp_out_hex(cli, hp_map_get(shown->reply, "digest")));
	return HP_EXIT_OK;
}

int
hp_shown_print(struct hp_cli *cli, const struct hp_shown *shown)
{
	struct hp_present page;
	if (!shown->canonical)
		return print_erased(cli, shown);
	size_t columns = hp_out_columns();
	bool colour = hp_out_colour(cli);
	const struct hp_present_options options = {
		.columns = columns < WIDEST ? columns : WIDEST,
		.ascii = hp_out_ascii(),
	};
	enum hp_status status = hp_present_request(&cli->arena, shown->canonical, shown->reply,
						   shown->digest, &options, &page);
	if (status != HP_OK)
		return hp_cli_fail(cli, status, NULL);
	printf("%-*s%s\n", HP_PRESENT_LABEL, "STATE",
	       hp_out_text(cli, hp_map_get(shown->reply, "state")));
	if (hp_map_get(shown->reply, "deadline_ms"))
		printf("%-*s%s\n", HP_PRESENT_LABEL, "DEADLINE",
		       hp_out_time(cli, hp_map_get_int(shown->reply, "deadline_ms", -1)));
	for (size_t i = 0; i < page.count; i++) {
		const struct hp_present_line *line = &page.lines[i];
		bool bold = colour && (line->flags & HP_LINE_FLAGGED);
		printf("%-*s%s%.*s%s\n", HP_PRESENT_LABEL,
		       line->flags & HP_LINE_FIRST ? hp_present_label(line->section) : "",
		       bold ? "\033[1m" : "", (int)line->len, line->text, bold ? "\033[0m" : "");
	}
	return HP_EXIT_OK;
}

/* What is wrong with a vote as served; NULL when it is a good one on this request. */
static const char *
vote_fault(struct hp_cli *cli, const struct hp_shown *shown, const struct hp_value *vote,
	   struct hp_vote *ret_said)
{
	const struct hp_value *body = hp_map_get(vote, "body");
	const uint8_t *key = hp_map_get_bin(vote, "sign_public", HP_SIGN_PUBLIC_BYTES);
	const uint8_t *signature = hp_map_get_bin(vote, "signature", HP_SIGNATURE_BYTES);
	struct hp_vote said;
	if (!body || body->type != HP_BIN || !key || !signature ||
	    hp_vote_decode(&cli->arena, body->str.p, body->str.len, &said, NULL) != HP_OK)
		return "unreadable";
	*ret_said = said;
	if (hp_vote_verify(body->str.p, body->str.len, key, signature) != HP_OK)
		return "BAD";
	if (memcmp(said.digest, shown->digest, HP_HASH_BYTES) != 0 ||
	    strcmp(said.instance, cli->info.instance) != 0 ||
	    !hp_value_is(hp_map_get(shown->canonical, "id"), said.request) ||
	    !hp_value_is(hp_map_get(vote, "by"), said.by))
		return "of-another";
	return NULL;
}

static int
print_votes(struct hp_cli *cli, const struct hp_shown *shown)
{
	static const char *const headings[] = {"BY", "PERSON", "DECISION", "AT", "SIGNATURE",
					       "REASON", NULL};
	const struct hp_value *votes = hp_map_get(shown->reply, "votes");
	struct hp_table table;
	size_t bad = 0;
	hp_table_init(&table, cli, headings);
	for (size_t i = 0; i < hp_value_count(votes); i++) {
		const struct hp_value *vote = hp_array_get(votes, i);
		struct hp_vote said = {.reason = "", .at_ms = -1};
		const char *fault = shown->canonical ? vote_fault(cli, shown, vote, &said)
						     : "erased";
		const struct hp_value reason = {.type = HP_STR,
						.str = {said.reason, strlen(said.reason)}};
		const char *const cells[] = {
			hp_out_word(cli, hp_map_get(vote, "by")),
			hp_out_word(cli, hp_map_get(vote, "person")),
			!shown->canonical ? hp_out_word(cli, hp_map_get(vote, "decision"))
			: !said.by	  ? "-"
			: said.approve	  ? "approve"
					  : "deny",
			hp_out_time(cli, shown->canonical ? said.at_ms
							  : hp_map_get_int(vote, "at_ms", -1)),
			fault ? fault : "good",
			hp_out_text(cli, &reason),
		};
		hp_table_add(&table, cells);
		bad += shown->canonical && fault;
	}
	int exit_code = hp_table_print(&table);
	if (exit_code == HP_EXIT_OK && bad > 0)
		return hp_cli_error(cli, HP_EXIT_UNAUTHORISED,
				    "bad_signature: %zu of %zu votes do not verify", bad,
				    hp_value_count(votes));
	return exit_code;
}

int
hp_cmd_show(struct hp_cli *cli)
{
	const char *id;
	struct hp_shown shown;
	int exit_code = hp_cli_connect_to(cli, HP_SIDE_CONTROL_FIRST, cli->args[0], &id);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_shown_fetch(cli, id, &shown);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (cli->json) {
		/* The wire's map, and for scripts what its canonical bytes say. */
		struct hp_value *map = hp_value_copy(&cli->arena, shown.reply);
		if (shown.canonical)
			hp_map_set(&cli->arena, map, "request",
				   hp_value_copy(&cli->arena, shown.canonical));
		return hp_out_json(cli, map);
	}
	if (hp_cli_flag(cli, "votes"))
		return print_votes(cli, &shown);
	return hp_shown_print(cli, &shown);
}
