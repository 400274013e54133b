/* audit checkpoint, stats: what the broker says about itself. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "core/checkpoint.h"
#include "core/text.h"

int
hp_cmd_audit_checkpoint(struct hp_cli *cli)
{
	const struct hp_value *reply = NULL;
	struct hp_error err = {0};
	struct hp_checkpoint checkpoint;
	uint8_t key[HP_SIGN_PUBLIC_BYTES];
	const char *origin;
	int exit_code = hp_cli_connect(cli, HP_SIDE_CONTROL_FIRST);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_cli_ask(cli, hp_cli_message(cli, "checkpoint"), "checkpoint",
				       &reply);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	const char *text = hp_map_get_str(reply, "text", "");
	enum hp_status status =
		hp_checkpoint_parse_vkey(&cli->arena, cli->info.log_key, &origin, key, &err);
	if (status == HP_OK)
		status = hp_checkpoint_verify(text, strlen(text), origin, key, &checkpoint, &err);
	if (status != HP_OK)
		return hp_cli_error(cli, HP_EXIT_CHECK_FAILED, "the checkpoint does not verify: %s",
				    err.message);
	if (cli->json)
		return hp_out_json(cli, reply);
	fputs(text, stdout); /* verified: the origin is ours, the rest numbers and base64 */
	return HP_EXIT_OK;
}

/* Prometheus's names are [a-zA-Z_:][a-zA-Z0-9_:]*. */
static const char *
metric_name(struct hp_cli *cli, const struct hp_str *key)
{
	char *name = hp_arena_copy(&cli->arena, key->p, key->len);
	for (char *at = name; at && *at; at++)
		if (!isalnum((unsigned char)*at))
			*at = '_';
	return name ? name : "";
}

static void
print_metric(struct hp_cli *cli, const struct hp_pair *pair)
{
	static const char total[] = "_total";
	const char *name = metric_name(cli, &pair->key);
	size_t len = strlen(name), tail = sizeof total - 1;
	bool counter = len > tail && strcmp(name + len - tail, total) == 0;
	printf("# TYPE holdpoint_%s %s\nholdpoint_%s %lld\n", name, counter ? "counter" : "gauge",
	       name, (long long)pair->value->integer);
}

int
hp_cmd_stats(struct hp_cli *cli)
{
	const struct hp_value *reply = NULL;
	bool prometheus = hp_cli_flag(cli, "prometheus");
	if (prometheus && cli->json)
		return hp_cli_usage(cli, "give --json or --prometheus, not both");
	int exit_code = hp_cli_connect(cli, HP_SIDE_CONTROL);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_cli_ask(cli, hp_cli_message(cli, "stats"), "stats", &reply);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (cli->json)
		return hp_out_json(cli, reply);
	const struct hp_value *stats = hp_map_get(reply, "stats");
	if (!stats || stats->type != HP_MAP)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "the broker's reply lacks its counters");
	for (size_t i = 0; i < stats->map.count; i++) {
		const struct hp_pair *pair = &stats->map.pairs[i];
		const struct hp_value key = {.type = HP_STR, .str = pair->key};
		if (pair->value->type != HP_INT)
			continue;
		if (prometheus)
			print_metric(cli, pair);
		else
			printf("%-31s %lld\n", hp_out_word(cli, &key),
			       (long long)pair->value->integer);
	}
	return HP_EXIT_OK;
}
