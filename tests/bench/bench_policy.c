/*
 * bench_policy - evaluations a second, and what they cost by number of rules and of meters.
 *
 *   bench_policy [--seconds S] [--json] [--machine TEXT] DIR
 *
 * Requests of each kind that agents make, parsed once and judged again and again; in DIR a database
 * for the meters of layer 3. Processor time of this thread, so a busy machine counts less.
 *
 * The floors, each measured in the same run: of an evaluation, SHA-256 of the request's canonical
 * content, which the broker computes of each request besides; of meters, reading and writing as
 * many rows of the store as one submit does, and nothing else.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/store.h"
#include "core/gateway.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/policy.h"
#include "core/yaml.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static double seconds = 1;
static bool json;
static struct hp_value *rows; /* for --json */
static struct hp_arena kept;  /* requests, the report */

static const struct {
	const char *name, *text;
} asked[] = {
	{"cloud, Kiro's deletion",
	 "action: {operation: cloudformation:DeleteStack, environment: production, resources: "
	 "['arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/prod-cost-explorer-cn-north-1'], "
	 "arguments: {StackName: prod-cost-explorer-cn-north-1, RetainResources: []}, command: [aws, "
	 "cloudformation, delete-stack, --stack-name, prod-cost-explorer-cn-north-1]}\n"
	 "impact: {resources_affected: 14, reversible: false}\nalternatives: []\n"},
	{"cloud, a patch and its way back",
	 "action: {operation: 'lambda:UpdateFunctionConfiguration', environment: production, "
	 "resources: [function/cost-refresh-prod], arguments: {Environment: {RETRY: '1'}}}\n"
	 "impact: {resources_affected: 1, reversible: true}\nconfidence: 0.9\n"
	 "rollback: {plan: as before, operation: 'lambda:UpdateFunctionConfiguration'}\n"},
	{"cloud, a read", "action: {operation: 'ec2:DescribeInstances', environment: production, "
			  "resources: [i-0abc]}\n"},
	{"command, kubectl get", "action: {operation: 'shell:kubectl', environment: production, "
				 "command: [kubectl, -n, shop, get, pods, -o, wide]}\n"},
	{"command, a shell's line",
	 "action: {operation: 'shell:bash', environment: staging, command: [bash, -c, "
	 "'cd /srv && git pull --rebase && make test']}\nimpact: {resources_affected: 1}\n"},
	{"SQL, a query",
	 "action: {operation: 'sql:query', environment: production, arguments: {sql: "
	 "'select id, name from customers where deleted_at is null order by id'}}\n"},
	{"tool, a file written",
	 "action: {operation: 'mcp:filesystem/write_file', environment: staging, arguments: "
	 "{path: /srv/app.conf, content: 'workers = 4'}}\nimpact: {resources_affected: 1}\n"},
};
static struct hp_request requests[COUNT(asked)];

static const struct hp_principal agent = {.name = "agent",
					  .roles = HP_ROLE_AGENT,
					  .mode = HP_MODE_SUPERVISED,
					  .person = "",
					  .owner = "dev",
					  .audience = ""};

_Noreturn static void
die(const char *what)
{
	fprintf(stderr, "bench_policy: %s\n", what);
	exit(1);
}

static void
must(enum hp_status status, const struct hp_error *err)
{
	if (status != HP_OK)
		die(err && err->message[0] ? err->message : hp_status_text(status));
}

static double
cpu_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Microseconds that one call takes, of those that fit into the time. */
static double
measure(void (*call)(void *context), void *context)
{
	double start = cpu_seconds(), spent;
	size_t count = 0;
	do {
		for (int i = 0; i < 64; i++, count++)
			call(context);
		spent = cpu_seconds() - start;
	} while (spent < seconds);
	return spent / (double)count * 1e6;
}

static void
report_number(struct hp_value *row, const char *name, double value)
{
	hp_map_set(&kept, row, name, hp_value_float(&kept, value));
}

/* A line of a table. */
static void
tell(const char *table, const char *what, double micros, double beside)
{
	struct hp_value *row = hp_value_map(&kept);
	if (!json)
		printf("%-34s %9.2f us %11.0f/s %8.2f\n", what, micros, 1e6 / micros,
		       micros / beside);
	hp_map_set_str(&kept, row, "table", table);
	hp_map_set_str(&kept, row, "what", hp_arena_strdup(&kept, what));
	report_number(row, "microseconds", micros);
	report_number(row, "per_second", 1e6 / micros);
	report_number(row, "ratio", micros / beside);
	hp_array_add(&kept, rows, row);
}

static void
title(const char *what, const char *ratio)
{
	if (!json)
		printf("\n%-34s %12s %13s %8s\n", what, "each", "", ratio);
}

/* --- evaluations --- */

struct judging {
	const struct hp_policy *policy;
	const struct hp_request *requests;
	size_t count;
	struct hp_arena arena;
};

static void
judge(void *context)
{
	struct judging *judging = context;
	struct hp_verdict verdict;
	struct hp_error err = {0};
	for (size_t i = 0; i < judging->count; i++) {
		hp_arena_reset(&judging->arena);
		must(hp_policy_evaluate(judging->policy, &judging->arena, &agent,
					&judging->requests[i], &verdict, &err),
		     &err);
	}
}

static void
hash(void *context)
{
	const struct judging *judging = context;
	static const uint8_t key[HP_HASH_BYTES];
	uint8_t digest[HP_HASH_BYTES];
	size_t bytes;
	for (size_t i = 0; i < judging->count; i++)
		must(hp_request_content_mac(&judging->requests[i], key, digest, &bytes), NULL);
}

/* Microseconds of one evaluation; of several requests the mean. */
static double
micros_of(void (*call)(void *), const struct hp_policy *policy, const struct hp_request *list,
	  size_t count)
{
	struct judging judging = {.policy = policy, .requests = list, .count = count};
	double micros = measure(call, &judging) / (double)count;
	hp_arena_release(&judging.arena);
	return micros;
}

static struct hp_policy *
load(const char *text, size_t len)
{
	struct hp_policy *policy = NULL;
	struct hp_error err = {0};
	must(hp_policy_load(text, len, &policy, &err), &err);
	return policy;
}

/* Rules as people write them: exact, open at either end or both, of commands. */
static void
add_rules(struct hp_buf *text, size_t count)
{
	static const char *const forms[] = {"acme%zu:Update", "acme%zu:*", "*:Update%zu",
					    "*:*Thing%zu*", "shell:acme%zu-push-force"};
	for (size_t i = 0; i < count; i++) {
		hp_buf_add_text(text, i ? ", \"" : "\"");
		for (const char *p = forms[i % COUNT(forms)]; *p; p++)
			if (*p == '%') {
				hp_buf_printf(text, "%zu", i);
				p += 2;
			} else {
				hp_buf_add_byte(text, (uint8_t)*p);
			}
		hp_buf_add_byte(text, '"');
	}
}

/* The shipped policy with so many more rules in its first class. */
static struct hp_policy *
load_extended(size_t more)
{
	static const char start[] = "    match: [\n";
	const char *shipped = hp_policy_default_text(), *at = strstr(shipped, start);
	struct hp_buf text = {0};
	if (!at)
		die("the shipped policy has changed its form");
	at += sizeof start - 1;
	hp_buf_add(&text, shipped, (size_t)(at - shipped));
	add_rules(&text, more);
	hp_buf_add_text(&text, more ? ",\n" : "");
	hp_buf_add_text(&text, at);
	struct hp_policy *policy = load(hp_buf_text(&text), text.len);
	hp_buf_release(&text);
	return policy;
}

/* A policy whose classes have so many rules and no others. */
static struct hp_policy *
load_only(size_t rules)
{
	struct hp_buf text = {0};
	hp_buf_add_text(&text, "version: 1\nclasses: [{name: read, match: [");
	add_rules(&text, rules);
	hp_buf_add_text(&text, "]}]\n");
	struct hp_policy *policy = load(hp_buf_text(&text), text.len);
	hp_buf_release(&text);
	return policy;
}

static void
parse_requests(void)
{
	for (size_t i = 0; i < COUNT(asked); i++) {
		const struct hp_value *map = NULL;
		struct hp_error err = {0};
		must(hp_yaml_load(&kept, asked[i].text, strlen(asked[i].text), &map, &err), &err);
		must(hp_request_parse(&kept, map, HP_REQUEST_EXEC, &requests[i], &err), &err);
	}
}

static void
load_shipped(void *context)
{
	(void)context;
	hp_policy_free(load_extended(0));
}

static void
bench_requests(void)
{
	struct hp_policy *policy = load_extended(0), *more = load_extended(100);
	double floor = micros_of(hash, policy, requests, COUNT(requests));
	title("evaluation", "x floor");
	for (size_t i = 0; i < COUNT(requests); i++)
		tell("evaluation", asked[i].name, micros_of(judge, policy, &requests[i], 1),
		     micros_of(hash, policy, &requests[i], 1));
	tell("evaluation", "all of these", micros_of(judge, policy, requests, COUNT(requests)),
	     floor);
	tell("evaluation", "all, and 100 more rules",
	     micros_of(judge, more, requests, COUNT(requests)), floor);
	tell("evaluation", "floor: SHA-256 of the content", floor, floor);
	tell("evaluation", "loading the shipped policy", measure(load_shipped, NULL), floor);
	hp_policy_free(more);
	hp_policy_free(policy);
}

static void
bench_rules(void)
{
	static const size_t counts[] = {1, 10, 100, 1000};
	double first = 0;
	title("by rules in all", "x first");
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct hp_policy *policy = load_only(counts[i]);
		double micros = micros_of(judge, policy, requests, COUNT(requests));
		first = i ? first : micros;
		tell("rules", hp_arena_printf(&kept, "%zu", counts[i]), micros, first);
		hp_policy_free(policy);
	}
}

/* --- meters --- */

struct metering {
	struct hp_store *store;
	struct hp_policy *policy;
	struct hp_arena arena;
	struct hp_principal who;
	char name[HP_LIMIT_NAME_BYTES];
	size_t agents, turn;
	size_t reads, writes; /* of the last submit */
	int64_t now_ms;
};

static enum hp_status
read_meter(void *context, const char *name, struct hp_str *ret_state)
{
	struct metering *metering = context;
	metering->reads++;
	return hp_store_get_meter(metering->store, &metering->arena, metering->name, name,
				  ret_state);
}

static enum hp_status
count_meters(void *context, const char *prefix, int64_t *ret_count)
{
	struct metering *metering = context;
	return hp_store_count_meters(metering->store, metering->name, prefix, ret_count);
}

static enum hp_status
count_pending(void *context, int64_t most, int64_t *ret_count)
{
	struct metering *metering = context;
	return hp_store_count_pending(metering->store, metering->name, most, ret_count);
}

static enum hp_status
last_denied(void *context, const uint8_t deed[HP_HASH_BYTES], int64_t *ret_at_ms)
{
	struct metering *metering = context;
	return hp_store_last_denied(metering->store, metering->name, deed, ret_at_ms);
}

static enum hp_status
nothing_spent(void *context, int64_t from_ms, int64_t slice_ms, struct hp_spent **ret_spent,
	      size_t *ret_count)
{
	(void)context;
	(void)from_ms;
	(void)slice_ms;
	*ret_spent = NULL;
	*ret_count = 0;
	return HP_OK;
}

/* One submit of the next agent, judged before and by its meters, which are written. */
static void
charge(void *context)
{
	struct metering *metering = context;
	const struct hp_gateway_source source = {.context = metering,
						 .read = read_meter,
						 .count = count_meters,
						 .pending = count_pending,
						 .denied = last_denied,
						 .spent = nothing_spent};
	const struct hp_gateway_asked gateway = {metering->policy, &metering->arena, &metering->who,
						 &source, metering->now_ms += 50};
	struct hp_gateway_result result = {0};
	struct hp_verdict verdict;
	struct hp_error err = {0};
	metering->who.name = metering->name;
	size_t number = metering->turn++ * 7919 % metering->agents; /* not in order */
	snprintf(metering->name, sizeof metering->name, "agent-%zu", number);
	hp_arena_reset(&metering->arena);
	metering->reads = metering->writes = 0;
	must(hp_policy_evaluate(metering->policy, &metering->arena, &metering->who, &requests[6],
				&verdict, &err),
	     &err);
	must(hp_gateway_submit(&gateway, &requests[6], 500, &verdict, &result, &err), &err);
	for (struct hp_gateway_change *one = result.changes; one; one = one->next) {
		must(hp_store_put_meter(metering->store, metering->name, one->name, one->state),
		     NULL);
		metering->writes++;
	}
}

/* As many reads and writes of rows as the last submit, of as many agents. */
static void
touch(void *context)
{
	struct metering *metering = context;
	static const uint8_t bytes[64];
	struct hp_str state = {(const char *)bytes, sizeof bytes};
	size_t number = metering->turn++ * 7919 % metering->agents;
	snprintf(metering->name, sizeof metering->name, "agent-%zu", number);
	hp_arena_reset(&metering->arena);
	for (size_t i = 0; i < metering->reads; i++) {
		struct hp_str found;
		char name[32];
		snprintf(name, sizeof name, "floor %zu", i);
		enum hp_status status = hp_store_get_meter(metering->store, &metering->arena,
							   metering->name, name, &found);
		must(status == HP_NOT_FOUND ? HP_OK : status, NULL);
		if (i < metering->writes)
			must(hp_store_put_meter(metering->store, metering->name, name, state),
			     NULL);
	}
}

/* The shipped policy and everything that layer 3 can count. */
static struct hp_policy *
load_metered(void)
{
	struct hp_buf text = {0};
	const char *shipped = hp_policy_default_text();
	const char *section = strstr(shipped, "\ngateway:\n"), *rest = section ? section + 10 : NULL;
	if (!rest)
		die("the shipped policy has no gateway");
	hp_buf_add(&text, shipped, (size_t)(rest - shipped));
	hp_buf_add_text(&text,
			"  rate_limits: [{environment: staging, per_minute: 1000000, burst: 1000000, "
			"effect: block}]\n"
			"  budgets: [{window: 24h, max_cost_usd: 1000000, effect: hold}]\n"
			"  anomaly: {first_time: alert, asked_again: alert, rate: alert}\n"
			"  pending_cap: 1000\n"
			"  bytes_per_day: 1GiB\n");
	hp_buf_add_text(&text, rest);
	struct hp_policy *policy = load(hp_buf_text(&text), text.len);
	hp_buf_release(&text);
	return policy;
}

static void
open_meters(struct metering *metering, const char *path, size_t agents)
{
	struct hp_error err = {0};
	*metering = (struct metering){.policy = load_metered(),
				      .who = agent,
				      .agents = agents,
				      .now_ms = 1764000000000};
	must(hp_store_open(path, &metering->store, &err), &err);
	must(hp_store_begin(metering->store), NULL);
	for (size_t i = 0; i < agents; i++)
		charge(metering);
}

static void
close_meters(struct metering *metering)
{
	must(hp_store_commit(metering->store), NULL);
	hp_store_close(metering->store);
	hp_policy_free(metering->policy);
	hp_arena_release(&metering->arena);
}

static void
bench_meters(const char *dir)
{
	static const size_t counts[] = {10, 100, 1000, 10000, 100000};
	double first = 0;
	title("a submit, by meters of all agents", "x floor");
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct metering metering;
		int64_t each = 0;
		open_meters(&metering, hp_arena_printf(&kept, "%s/one-%zu.db", dir, i), 1);
		must(hp_store_count_meters(metering.store, metering.name, "", &each), NULL);
		close_meters(&metering);
		size_t agents = (counts[i] + (size_t)each - 1) / (size_t)(each ? each : 1);
		open_meters(&metering, hp_arena_printf(&kept, "%s/%zu.db", dir, counts[i]), agents);
		double micros = measure(charge, &metering), floor = measure(touch, &metering);
		first = i ? first : micros;
		tell("meters", hp_arena_printf(&kept, "%zu of %zu agents", counts[i], agents),
		     micros, floor);
		close_meters(&metering);
		if (i + 1 == COUNT(counts) && !json)
			printf("100,000 meters cost %.2f times what 10 do\n", micros / first);
	}
}

static void
print_json(const char *machine)
{
	struct hp_buf out = {0};
	struct hp_value *map = hp_value_map(&kept);
	hp_map_set_str(&kept, map, "machine", machine);
	hp_map_set(&kept, map, "rows", rows);
	hp_json_dump(map, HP_JSON_LINE, &out);
	if (out.failed || kept.failed)
		die("out of memory");
	puts(hp_buf_text(&out));
	hp_buf_release(&out);
}

int
main(int argc, char **argv)
{
	static const char usage[] = "expected: bench_policy [--seconds S] [--json] [--machine TEXT] DIR";
	static const struct option options[] = {{"seconds", required_argument, NULL, 's'},
						{"json", no_argument, NULL, 'j'},
						{"machine", required_argument, NULL, 'm'},
						{0}};
	const char *machine = "";
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 's')
			seconds = atof(optarg);
		else if (c == 'm')
			machine = optarg;
		else if (c == 'j')
			json = true;
		else
			die(usage);
	}
	if (optind + 1 != argc || !(seconds > 0))
		die(usage);
	rows = hp_value_array(&kept);
	if (!json)
		printf("%s\n", machine);
	parse_requests();
	bench_requests();
	bench_rules();
	bench_meters(argv[optind]);
	if (json)
		print_json(machine);
	hp_arena_release(&kept);
	return 0;
}
