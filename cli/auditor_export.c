/* A log as lines of JSON: verified from a file of them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/auditor.h"
#include "core/export.h"
#include "core/limits.h"
#include "core/text.h"

/* The lines of a file, one after the other. */
struct lines {
	FILE *file;
	char piece[64 * 1024];
	size_t len, at;
	struct hp_buf line;
	uint64_t number;
	bool cut;   /* the last line has no end */
	bool huge;  /* the line is longer than any is */
};

/* False: no more. */
static bool
fill(struct lines *lines)
{
	lines->at = 0;
	lines->len = fread(lines->piece, 1, sizeof lines->piece, lines->file);
	return lines->len > 0;
}

/* The next line, without its end, in lines->line. Of one that is too long only the beginning. */
static bool
next_line(struct lines *lines)
{
	bool any = false;
	hp_buf_reset(&lines->line);
	lines->huge = false;
	lines->number++;
	while (lines->at < lines->len || fill(lines)) {
		const char *from = lines->piece + lines->at;
		const char *end = memchr(from, '\n', lines->len - lines->at);
		size_t len = end ? (size_t)(end - from) : lines->len - lines->at;
		any = true;
		lines->huge |= lines->line.len + len > HP_LIMIT_EXPORT_LINE_BYTES;
		if (!lines->huge)
			hp_buf_add(&lines->line, from, len);
		lines->at += len + (end != NULL);
		if (end)
			return true;
	}
	lines->cut = any;
	return any;
}

static bool
starts(const struct hp_buf *line, const char *text)
{
	return strncmp(hp_buf_text(line), text, strlen(text)) == 0;
}

/* Reading, and what is wrong with a line: where the next leaf should have stood. */
struct reading {
	struct hp_cli *cli;
	struct hp_verify *verify;
	struct hp_verify_result *result;
	struct lines *lines;
	uint64_t leaves, last_size;
	bool has_checkpoint, stopped;
};

static void
bad_line(struct reading *reading, const char *why)
{
	hp_problems_add(&reading->result->problems, reading->leaves, "line %" PRIu64 ": %s",
			reading->lines->number, why);
}

/* One line; HP_INVALID: it is none, which is told. */
static enum hp_status
parse(struct reading *reading, struct hp_arena *arena, struct hp_export_line *ret_line)
{
	struct lines *lines = reading->lines;
	struct hp_error err = {0};
	enum hp_status status = HP_INVALID;
	hp_arena_reset(arena);
	if (lines->line.failed)
		return HP_NOMEM;
	if (lines->huge)
		hp_fail(&err, status, "it is longer than any line of an export");
	else if (lines->cut)
		hp_fail(&err, status, "it is cut short");
	else
		status = hp_export_parse(arena, hp_buf_text(&lines->line), lines->line.len,
					 ret_line, &err);
	if (status == HP_OK || status == HP_NOMEM)
		return status;
	bad_line(reading, err.message);
	return HP_INVALID;
}

/* Checkpoints stand behind the leaves, the newest last. */
static enum hp_status
take_checkpoint(struct reading *reading, const struct hp_export_line *line)
{
	uint64_t size;
	char digits[24] = "";
	const char *first = memchr(line->checkpoint.p, '\n', line->checkpoint.len);
	if (first && sscanf(first + 1, "%19[0-9]", digits) == 1 &&
	    sscanf(digits, "%" SCNu64, &size) == 1) {
		if (reading->has_checkpoint && size <= reading->last_size)
			bad_line(reading, "the checkpoints are out of order");
		reading->last_size = size;
		reading->has_checkpoint = true;
	}
	return hp_verify_witness(reading->verify, HP_WITNESS_KEPT, line->checkpoint.p,
				 line->checkpoint.len, NULL);
}

/* First the checkpoints, so that each is compared when the leaves come to its size. *ret_sound: it
 * looks like an export at all. */
static enum hp_status
read_checkpoints(struct reading *reading, bool *ret_sound)
{
	struct hp_arena arena = {0};
	struct hp_export_line line;
	enum hp_status status = HP_OK;
	while (status == HP_OK && next_line(reading->lines)) {
		bool leaf = starts(&reading->lines->line, "{\"seq\":");
		*ret_sound |= leaf;
		reading->leaves += leaf;
		if (!starts(&reading->lines->line, "{\"checkpoint\":"))
			continue;
		*ret_sound = true;
		status = parse(reading, &arena, &line);
		if (status == HP_OK)
			status = take_checkpoint(reading, &line);
		if (status == HP_INVALID)
			status = HP_OK;
	}
	hp_arena_release(&arena);
	return status;
}

/* Then the leaves; the first line that is none ends what can be believed. */
static enum hp_status
read_leaves(struct reading *reading)
{
	struct hp_auditor_progress progress = {.cli = reading->cli, .total = reading->leaves};
	struct hp_arena arena = {0};
	struct hp_export_line line;
	enum hp_status status = HP_OK;
	bool behind = false;
	reading->leaves = 0;
	while (status == HP_OK && next_line(reading->lines)) {
		bool checkpoint = starts(&reading->lines->line, "{\"checkpoint\":");
		behind |= checkpoint;
		if (checkpoint)
			continue;
		status = parse(reading, &arena, &line);
		if (status == HP_OK && behind) {
			bad_line(reading, "a leaf behind the checkpoints");
			status = HP_INVALID;
		}
		if (status == HP_OK)
			status = line.checkpoint.p
					 ? HP_INVALID
					 : hp_verify_leaf(reading->verify, line.seq, line.leaf,
							  line.body, line.salt, NULL);
		reading->leaves += status == HP_OK;
		hp_auditor_progress_show(&progress, reading->leaves);
	}
	hp_auditor_progress_end(&progress);
	hp_arena_release(&arena);
	return status == HP_INVALID || status == HP_REFUSED ? HP_OK : status;
}

static enum hp_status
read_export(struct reading *reading, bool *ret_sound)
{
	struct lines *lines = reading->lines;
	enum hp_status status = read_checkpoints(reading, ret_sound);
	if (status != HP_OK || !*ret_sound)
		return status;
	if (ferror(lines->file) || fseek(lines->file, 0, SEEK_SET) != 0)
		return HP_IO;
	lines->at = lines->len = 0;
	lines->number = 0;
	lines->cut = false;
	status = read_leaves(reading);
	if (status == HP_OK)
		status = hp_verify_finish(reading->verify);
	return status == HP_OK && ferror(lines->file) ? HP_IO : status;
}

int
hp_auditor_verify_export(struct hp_cli *cli, const struct hp_auditor_place *place,
		       struct hp_verify *verify, struct hp_verify_result *result)
{
	static struct lines lines;
	struct reading reading = {
		.cli = cli, .verify = verify, .result = result, .lines = &lines};
	const char *shown = hp_text_safe(&cli->arena, place->export_file, 0);
	bool sound = false;
	int exit_code = HP_EXIT_OK;
	lines.file = fopen(place->export_file, "re");
	if (!lines.file)
		return hp_cli_error(cli, HP_EXIT_USAGE, "cannot read \"%s\": %s", shown,
				    strerror(errno));
	enum hp_status status = read_export(&reading, &sound);
	if (status == HP_NOMEM)
		exit_code = hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	else if (status != HP_OK)
		exit_code = hp_cli_error(cli, HP_EXIT_USAGE, "cannot read \"%s\" twice: %s", shown,
					 strerror(errno));
	else if (!sound)
		exit_code = hp_cli_error(cli, HP_EXIT_USAGE,
					 "\"%s\": it is no export of a log", shown);
	fclose(lines.file);
	hp_buf_release(&lines.line);
	return exit_code;
}
