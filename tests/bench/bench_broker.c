/*
 * bench_broker - what the broker's work costs, beside the least that it could cost here.
 *
 *   bench_broker [--scene NAME]… [--seconds S] [--windows 1,16,256,1024] [--stored N] [--pending N]
 *                [--agents N] [--reviewers N] [--json] [--machine TEXT] BUILDDIR EMPTYDIR
 *
 * Spawns holdpointd on trial instances, and the floor (floor.h), under EMPTYDIR. Processor time is
 * the server's for each message, all its threads together: on a machine that others use too it is
 * the figure to believe.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/figures.h"
#include "tests/bench/servers.h"
#include "tests/bench/site.h"

enum { WINDOW_MAX = 4096, SOCKETS_MAX = 16384, CROWD_MAX = 3000 };

static const char granted[] =
	"type: submit\n"
	"seq: 0\n"
	"id: 00000000-0000-4000-8000-000000000000\n"
	"action:\n"
	"  operation: lambda:UpdateFunctionConfiguration\n"
	"  environment: development\n"
	"  resources: [\"function/cost-refresh-dev\"]\n"
	"  arguments:\n"
	"    FunctionName: cost-refresh-dev\n"
	"    Environment: {Variables: {RETRY_STALE_ROWS: \"true\"}}\n"
	"  audience: executor\n"
	"summary: Let the refresh job retry stale cost rows\n"
	"why: Only the rows of 2025-12 are stale; the refresh job skips rows that failed once.\n"
	"  With this setting it tries them again on its next run, in ten minutes.\n"
	"impact: {resources_affected: 1, cost_usd: 0, downtime_s: 0, users_affected: 0, "
	"reversible: true}\n"
	"alternatives:\n"
	"  - approach: Delete and recreate the stack\n"
	"    rejected_because: hours of downtime for a few stale rows\n"
	"rollback:\n"
	"  plan: Unset RETRY_STALE_ROWS\n"
	"  operation: lambda:UpdateFunctionConfiguration\n"
	"  minutes: 1\n"
	"confidence: 0.88\n"
	"session: fix-cost-explorer-7\n"
	"branch: remediate\n";

/* What the policy wants a person for. */
static const char held[] =
	"type: submit\n"
	"seq: 0\n"
	"id: 00000000-0000-4000-8000-000000000000\n"
	"action:\n"
	"  operation: lambda:UpdateFunctionConfiguration\n"
	"  environment: production\n"
	"  resources: [\"function/cost-refresh-prod\"]\n"
	"  arguments:\n"
	"    FunctionName: cost-refresh-prod\n"
	"    Environment: {Variables: {RETRY_STALE_ROWS: \"true\"}}\n"
	"  audience: executor\n"
	"summary: Let the refresh job retry stale cost rows\n"
	"why: Only the rows of 2025-12 are stale; the refresh job skips rows that failed once.\n"
	"  With this setting it tries them again on its next run, in ten minutes.\n"
	"impact: {resources_affected: 1, cost_usd: 0, downtime_s: 0, users_affected: 0, "
	"reversible: true}\n"
	"alternatives:\n"
	"  - approach: Delete and recreate the stack\n"
	"    rejected_because: hours of downtime for a few stale rows\n"
	"rollback:\n"
	"  plan: Unset RETRY_STALE_ROWS\n"
	"  operation: lambda:UpdateFunctionConfiguration\n"
	"  minutes: 1\n"
	"confidence: 0.62\n"
	"session: fix-cost-explorer-7\n"
	"branch: remediate\n";

static const struct {
	const char *name;
	void (*run)(struct site *site);
} scenes[] = {
	{"submits", scene_submits}, {"cycles", scene_cycles},	    {"stored", scene_stored},
	{"pending", scene_pending}, {"agents", scene_agents}, {"reviewers", scene_reviewers},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

static void
parse_windows(struct site *site, char *text)
{
	char *rest;
	site->window_count = 0;
	for (char *word = strtok_r(text, ",", &rest); word && site->window_count < SITE_WINDOWS;
	     word = strtok_r(NULL, ",", &rest)) {
		size_t window = strtoul(word, NULL, 10);
		if (window < 1 || window > WINDOW_MAX)
			bench_die("--windows: expected 1 to %d, not \"%s\"", WINDOW_MAX, word);
		site->windows[site->window_count++] = window;
	}
}

static size_t
parse_count(const char *option, const char *text, size_t most)
{
	char *end;
	unsigned long long count = strtoull(text, &end, 10);
	if (*end || count < 1 || count > most)
		bench_die("--%s: expected 1 to %zu, not \"%s\"", option, most, text);
	return (size_t)count;
}

static void
choose(bool chosen[SCENES], const char *name)
{
	for (size_t i = 0; i < SCENES; i++)
		if (strcmp(scenes[i].name, name) == 0) {
			chosen[i] = true;
			return;
		}
	bench_die("--scene: there is no \"%s\"", name);
}

/* False: not as the head of this file says. */
static bool
parse(int argc, char **argv, struct site *site, bool chosen[SCENES], bool *ret_json,
      const char **ret_machine)
{
	static const struct option options[] = {
		{"scene", required_argument, NULL, 'n'},    {"seconds", required_argument, NULL, 's'},
		{"windows", required_argument, NULL, 'w'},  {"stored", required_argument, NULL, 't'},
		{"pending", required_argument, NULL, 'p'},  {"agents", required_argument, NULL, 'a'},
		{"reviewers", required_argument, NULL, 'r'}, {"json", no_argument, NULL, 'j'},
		{"machine", required_argument, NULL, 'm'},  {0},
	};
	bool any = false;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (c) {
		case 'n':
			choose(chosen, optarg);
			any = true;
			break;
		case 's':
			site->seconds = strtod(optarg, NULL);
			break;
		case 'w':
			parse_windows(site, optarg);
			break;
		case 't':
			site->stored = parse_count("stored", optarg, 10000000);
			break;
		case 'p':
			site->pending = parse_count("pending", optarg, 1000000);
			break;
		case 'a':
			site->agents = parse_count("agents", optarg, CROWD_MAX);
			break;
		case 'r':
			site->reviewers = parse_count("reviewers", optarg, CROWD_MAX);
			break;
		case 'j':
			*ret_json = true;
			break;
		case 'm':
			*ret_machine = optarg;
			break;
		default:
			return false;
		}
	}
	for (size_t i = 0; !any && i < SCENES; i++)
		chosen[i] = true;
	return argc - optind == 2 && site->seconds > 0 && site->window_count > 0;
}

int
main(int argc, char **argv)
{
	struct site site = {
		.windows = {1, 16, 256, 1024},
		.window_count = 4,
		.seconds = 10,
		.stored = 100000,
		.pending = 10000,
		.agents = 1000,
		.reviewers = 50,
	};
	bool chosen[SCENES] = {false}, json = false;
	const char *machine = "";
	if (hp_crypto_start() != HP_OK)
		bench_die("the cryptographic library does not start");
	if (argc == 6 && strcmp(argv[1], "--floor") == 0)
		return scene_be_floor(argv);
	if (!parse(argc, argv, &site, chosen, &json, &machine)) {
		fputs("usage: bench_broker [--scene NAME]... [--seconds S] [--windows N,...]\n"
		      "    [--stored N] [--pending N] [--agents N] [--reviewers N] [--json]\n"
		      "    [--machine TEXT] BUILDDIR EMPTYDIR\n",
		      stderr);
		return 2;
	}
	site.build = argv[optind];
	site.dir = argv[optind + 1];
	atexit(bench_end);
	site.context = zmq_ctx_new();
	zmq_ctx_set(site.context, ZMQ_MAX_SOCKETS, SOCKETS_MAX);
	message_make(&site.submit, granted);
	message_make(&site.held, held);
	figures_begin(json, machine);
	for (size_t i = 0; i < SCENES; i++)
		if (chosen[i])
			scenes[i].run(&site);
	figures_end();
	zmq_ctx_term(site.context);
	hp_buf_release(&site.submit.bytes);
	hp_buf_release(&site.held.bytes);
	return 0;
}
