/* redact: standard input to standard output, without what nobody should see. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "core/json.h"
#include "core/redact.h"
#include "core/text.h"

enum { PIECE_BYTES = 64 * 1024, KINDS_MAX = 256 /* more than there are rules */ };

/* What was hidden: kinds in the order of their first hit. */
struct tally {
	const char *kinds[KINDS_MAX];
	int64_t counts[KINDS_MAX];
	size_t count;
};

static void
on_hit(void *context, const struct hp_redact_hit *hit)
{
	struct tally *tally = context;
	for (size_t i = 0; i < tally->count; i++)
		if (strcmp(tally->kinds[i], hit->kind) == 0) {
			tally->counts[i]++;
			return;
		}
	if (tally->count < KINDS_MAX) {
		tally->kinds[tally->count] = hit->kind;
		tally->counts[tally->count++] = 1;
	}
}

/* Nothing that is not judged goes out: at a failure the rest is withheld. */
static int
filter(struct hp_cli *cli, struct hp_redact_stream *stream)
{
	static char piece[PIECE_BYTES];
	struct hp_buf out = {0};
	enum hp_status status = HP_OK;
	int exit_code = HP_EXIT_OK;
	for (bool ended = false; !ended && exit_code == HP_EXIT_OK;) {
		ssize_t len = read(STDIN_FILENO, piece, sizeof piece);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0) {
			exit_code = hp_cli_error(cli, HP_EXIT_INTERNAL,
			                         "cannot read standard input: %s", strerror(errno));
			break;
		}
		ended = len == 0;
		status = ended ? hp_redact_stream_finish(stream, &out)
			       : hp_redact_stream_add(stream, piece, (size_t)len, &out);
		if (status != HP_OK)
			exit_code = hp_cli_error(cli, HP_EXIT_INTERNAL,
			                         "cannot judge the text, the rest is withheld: %s",
			                         hp_status_text(status));
		else if (out.len && fwrite(out.data, 1, out.len, stdout) != out.len)
			exit_code = HP_EXIT_INTERNAL; /* main says so */
		hp_buf_reset(&out);
	}
	hp_buf_release(&out);
	return exit_code;
}

static int
print_counts(struct hp_cli *cli, const struct tally *tally)
{
	struct hp_buf json = {0};
	struct hp_value *map = hp_value_map(&cli->arena);
	for (size_t i = 0; i < tally->count; i++)
		hp_map_set_int(&cli->arena, map, tally->kinds[i], tally->counts[i]);
	if (!cli->arena.failed)
		hp_json_dump(map, HP_JSON_LINE, &json);
	int exit_code = HP_EXIT_OK;
	if (cli->arena.failed || json.failed || fprintf(stderr, "%s\n", hp_buf_text(&json)) < 0)
		exit_code = hp_cli_error(cli, HP_EXIT_INTERNAL, "cannot print the counts");
	hp_buf_release(&json);
	return exit_code;
}

int
hp_cmd_redact(struct hp_cli *cli)
{
	struct hp_redact_config config = {0};
	struct hp_redact *set = NULL;
	struct hp_redact_stream *stream = NULL;
	struct hp_error err = {0};
	struct tally tally = {.count = 0};
	int exit_code = hp_cli_option_rules(cli, "rules", &config.groups);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	enum hp_status status = hp_redact_new(&config, &set, &err);
	if (status == HP_OK && (status = hp_redact_stream_new(set, on_hit, &tally, &stream)) != HP_OK)
		hp_fail(&err, status, "out of memory");
	exit_code = status == HP_OK ? filter(cli, stream) : hp_cli_fail(cli, status, &err);
	if (exit_code == HP_EXIT_OK && cli->json)
		exit_code = print_counts(cli, &tally);
	hp_redact_stream_free(stream);
	hp_redact_free(set);
	return exit_code;
}
