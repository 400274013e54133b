/* audit report: what the log says to who must show that people oversee; offline. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/auditor.h"
#include "cli/output.h"
#include "core/export.h"
#include "core/limits.h"
#include "core/report.h"
#include "core/text.h"
#include "core/units.h"
#include "proto/file.h"

enum { LEAVES_AT_ONCE = 256 };

/* A day or a moment, UTC: "2026-11-28", "2026-11-28T14:00:00Z". */
static int
option_time(struct hp_cli *cli, const char *name, int64_t *ret_ms)
{
	const char *text = hp_cli_option(cli, name);
	if (!text || hp_units_time(text, ret_ms) == HP_OK)
		return HP_EXIT_OK;
	return hp_cli_usage(cli, "--%s: expected a day or a time such as 2026-11-28 or "
				 "2026-11-28T14:00:00Z, found \"%s\"", name,
			    hp_text_safe(&cli->arena, text, 0));
}

/* One leaf that the verification has looked at; a damaged one ends what is counted. */
static enum hp_status
take_leaf(struct hp_report *report, struct hp_arena *arena, struct hp_str bytes, struct hp_str body)
{
	struct hp_leaf leaf;
	enum hp_status status = hp_leaf_decode(arena, bytes.p, bytes.len, &leaf, NULL);
	return status == HP_OK ? hp_report_leaf(report, &leaf, body) : status;
}

/* `most`: what the verification saw; a broker may have gone on since. */
static int
read_database(struct hp_cli *cli, const char *path, uint64_t most, struct hp_report *report)
{
	struct hp_store *store = NULL;
	struct hp_arena page = {0};
	struct hp_stored_leaf *leaves = NULL;
	size_t count = LEAVES_AT_ONCE;
	uint64_t from = 0;
	int exit_code = hp_auditor_open(cli, path, &store);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	enum hp_status status = HP_OK;
	while (status == HP_OK && count == LEAVES_AT_ONCE && from < most) {
		hp_arena_reset(&page);
		status = hp_store_leaves(store, &page, from, LEAVES_AT_ONCE, &leaves, &count);
		for (size_t i = 0; status == HP_OK && i < count && leaves[i].seq < most; i++)
			status = take_leaf(report, &page, leaves[i].leaf, leaves[i].body);
		from += count;
	}
	if (status != HP_OK && status != HP_INVALID)
		exit_code = hp_auditor_store_failed(cli, store, status);
	hp_arena_release(&page);
	hp_store_close(store);
	return exit_code;
}

static enum hp_status
read_lines(FILE *file, uint64_t most, struct hp_report *report)
{
	struct hp_arena arena = {0};
	char *text = NULL;
	size_t size = 0;
	ssize_t len;
	enum hp_status status = HP_OK;
	uint64_t seen = 0;
	while (status == HP_OK && seen < most && (len = getline(&text, &size, file)) > 0) {
		struct hp_export_line line;
		hp_arena_reset(&arena);
		status = hp_export_parse(&arena, text, (size_t)len - (text[len - 1] == '\n'), &line,
					 NULL);
		if (status == HP_OK && !line.checkpoint.p) {
			status = take_leaf(report, &arena, line.leaf, line.body);
			seen++;
		}
	}
	free(text);
	hp_arena_release(&arena);
	return status == HP_INVALID ? HP_OK : status;
}

static int
read_export(struct hp_cli *cli, const char *path, uint64_t most, struct hp_report *report)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return hp_cli_usage(cli, "cannot read \"%s\": %s", hp_text_safe(&cli->arena, path, 0),
				    strerror(errno));
	enum hp_status status = read_lines(file, most, report);
	fclose(file);
	return status == HP_OK ? HP_EXIT_OK : hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
}

/* What the verification came to, in one line. */
static struct hp_report_proof
proof_of(struct hp_cli *cli, const struct hp_auditor_place *place,
	 const struct hp_verify_result *result)
{
	struct hp_report_proof proof = {
		.verified = result->problems.count == 0,
		.leaves = result->leaves,
		.checkpoints = result->witnesses[HP_WITNESS_KEPT] + result->witnesses[HP_WITNESS_LOCK],
		.anchored = result->witnesses[HP_WITNESS_ANCHOR],
	};
	const char *against = place->anchor ? "an anchor"
			      : place->lock ? "the lock file"
					    : "no lock file and no anchor";
	proof.text = proof.verified
			     ? hp_arena_printf(&cli->arena,
					       "The log verifies: %" PRIu64 " leaves, %" PRIu64
					       " checkpoints, %" PRIu64 " of an anchor, %" PRIu64
					       " bodies erased; compared with %s.",
					       proof.leaves, proof.checkpoints, proof.anchored,
					       result->counts.erased, against)
			     : hp_arena_printf(&cli->arena,
					       "THE LOG DOES NOT VERIFY (%" PRIu64 " problems): %s. "
					       "What follows is of its first %" PRIu64
					       " leaves and may be wrong.",
					       result->problems.count,
					       result->problems.kept
						       ? hp_buf_text(&result->problems.list[0].text)
						       : "",
					       proof.leaves);
	if (!proof.text)
		proof.text = "";
	return proof;
}

static int
write_html(struct hp_cli *cli, const struct hp_report *report, const char *path)
{
	struct hp_buf page = {0};
	struct hp_error err = {0};
	int exit_code = HP_EXIT_OK;
	hp_report_add_html(report, &page);
	if (page.failed)
		exit_code = hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	else if (strcmp(path, "-") == 0)
		fwrite(page.data, 1, page.len, stdout);
	else if (hp_file_write(path, page.data, page.len, 0644, HP_FILE_REPLACE, &err) != HP_OK)
		exit_code = hp_cli_usage(cli, "%s", err.message);
	hp_buf_release(&page);
	return exit_code;
}

static int
print(struct hp_cli *cli, const struct hp_report *report)
{
	const char *html = hp_cli_option(cli, "html");
	struct hp_buf text = {0};
	if (html)
		return write_html(cli, report, html);
	if (cli->json)
		return hp_out_json(cli, hp_report_to_value(report, &cli->arena));
	hp_report_add_text(report, &text);
	if (!text.failed)
		fputs(hp_buf_text(&text), stdout);
	bool failed = text.failed;
	hp_buf_release(&text);
	return failed ? hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory") : HP_EXIT_OK;
}

static int
make(struct hp_cli *cli, const struct hp_auditor_place *place, struct hp_report_options *options)
{
	struct hp_verify_result result = {0};
	struct hp_report *report = NULL;
	int exit_code = hp_auditor_verify(cli, place, &result);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	options->instance = place->origin;
	if (hp_report_new(options, &report) != HP_OK)
		exit_code = hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	else
		exit_code = place->db ? read_database(cli, place->db, result.leaves, report)
				      : read_export(cli, place->export_file, result.leaves, report);
	struct hp_report_proof proof = proof_of(cli, place, &result);
	if (exit_code == HP_EXIT_OK) {
		hp_report_finish(report, &proof);
		exit_code = print(cli, report);
	}
	hp_report_free(report);
	hp_problems_release(&result.problems);
	if (exit_code == HP_EXIT_OK && !proof.verified)
		return hp_cli_error(cli, HP_EXIT_CHECK_FAILED, "the log does not verify");
	return exit_code;
}

int
hp_cmd_audit_report(struct hp_cli *cli)
{
	struct hp_auditor_place place;
	struct hp_report_options options = {.from_ms = INT64_MIN, .to_ms = INT64_MAX};
	if (cli->json && hp_cli_option(cli, "html"))
		return hp_cli_usage(cli, "give --json or --html, not both");
	int exit_code = option_time(cli, "from", &options.from_ms);
	if (exit_code == HP_EXIT_OK)
		exit_code = option_time(cli, "to", &options.to_ms);
	if (exit_code == HP_EXIT_OK && options.from_ms >= options.to_ms)
		exit_code = hp_cli_usage(cli, "--from must be before --to");
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_auditor_locate(cli, &place);
	return exit_code == HP_EXIT_OK ? make(cli, &place, &options) : exit_code;
}
