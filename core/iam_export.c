#include "core/iam_export.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/aws_actions.h"

#define QUOTED 3u           /* quotes and comma around a pattern */
#define NAME_MAX_BYTES 128u /* of an action whose beginning may stand for others */
#define UNHEARD_OF "Whatever"

const char *const hp_iam_common_services[] = {
	/* clang-format off */
	"ec2", "s3", "iam", "cloudwatch", "logs", "rds", "lambda", "dynamodb", "cloudformation",
	"ecs", "eks", "ecr", "elasticloadbalancing", "autoscaling", "route53", "sqs", "sns", "kms",
	"cloudtrail", "sts", "tag", "ssm", "events", "states", "apigateway", "elasticache", "acm",
	"cloudfront", "elasticbeanstalk", "secretsmanager", "config", "health", "ce", "athena",
	"glue", "kinesis", "firehose", "redshift", "es", "efs", "elasticfilesystem", "backup",
	"codebuild", "codepipeline", "codedeploy", "organizations", "guardduty", "securityhub",
	"application-autoscaling", "xray", "batch", "budgets", "wafv2", "servicequotas", "kafka",
	"pi", "cognito-idp", "trustedadvisor", "inspector2", "access-analyzer", "dms", "sagemaker",
	"bedrock", "elasticmapreduce", "resource-groups", "servicediscovery", "appsync", "support",
	/* clang-format on */
	NULL,
};

/* One action of the service being looked at. */
struct action {
	const char *name;
	bool allowed;
};

struct service {
	const char *name;
	size_t name_len;
	struct action *actions; /* sorted by name */
	size_t count;
	hp_iam_judge *judge;
	void *context;
	struct hp_buf *let, *denied; /* lists of quoted patterns, when emitting */
};

static int
by_name(const void *a, const void *b)
{
	return strcasecmp(((const struct action *)a)->name, ((const struct action *)b)->name);
}

/* Where the word that begins at `at` ends: "Get|Object|ACL|s". */
static size_t
word_end(const char *name, size_t at)
{
	if (!name[at])
		return at;
	for (at++; name[at]; at++)
		if (isupper((unsigned char)name[at]) &&
		    (!isupper((unsigned char)name[at - 1]) || islower((unsigned char)name[at + 1])))
			break;
	return at;
}

static size_t
cost_of(const struct service *service, size_t name_len)
{
	return service->name_len + 1 + name_len + QUOTED;
}

static void
put(struct hp_buf *list, const struct service *service, const char *name, size_t len, bool open)
{
	hp_buf_add_text(list, list->len ? ",\"" : "\"");
	hp_buf_add_text(list, service->name);
	hp_buf_add_byte(list, ':');
	hp_buf_add(list, name, len);
	hp_buf_add_text(list, open ? "*\"" : "\"");
}

/* Whether an action that AWS does not have yet, but begins so, would be allowed. */
static bool
may_open(const struct service *service, const char *prefix, size_t len)
{
	char name[NAME_MAX_BYTES + sizeof UNHEARD_OF];
	if (!len || len > NAME_MAX_BYTES)
		return false;
	memcpy(name, prefix, len);
	memcpy(name + len, UNHEARD_OF, sizeof UNHEARD_OF);
	return service->judge(service->context, service->name, name);
}

/* `prefix*`, and the blocked ones that it lets through denied one by one. Returns its characters. */
static size_t
let_prefix(const struct service *service, const char *prefix, size_t len, bool emit)
{
	size_t cost = cost_of(service, len + 1);
	if (emit)
		put(service->let, service, prefix, len, true);
	for (size_t i = 0; i < service->count; i++) {
		const struct action *action = &service->actions[i];
		if (action->allowed || strncasecmp(action->name, prefix, len))
			continue;
		cost += cost_of(service, strlen(action->name));
		if (emit)
			put(service->denied, service, action->name, strlen(action->name), false);
	}
	return cost;
}

/*
 * The cheapest patterns for the allowed actions of [first, end), which share `len` characters:
 * either all that begin so, or those of each next word by itself. A pattern ends with a word, so
 * that `Get*` is never cut down to `G*`, which tomorrow's `Grant` would match.
 */
static size_t
let_range(const struct service *service, size_t first, size_t end, size_t len, bool emit)
{
	const struct action *actions = service->actions;
	size_t whole = may_open(service, actions[first].name, len)
	                       ? let_prefix(service, actions[first].name, len, false)
	                       : SIZE_MAX;
	size_t parts = 0;
	for (int pass = 0; pass < 2; pass++) { /* first the cost, then the patterns */
		for (size_t i = first; i < end;) {
			size_t next = word_end(actions[i].name, len), to = i + 1;
			bool any = actions[i].allowed, leaf = next == len;
			for (; !leaf && to < end; to++) {
				if (strncasecmp(actions[to].name, actions[i].name, next))
					break;
				any |= actions[to].allowed;
			}
			size_t cost = 0;
			if (any && to == i + 1)
				cost = cost_of(service, strlen(actions[i].name));
			else if (any)
				cost = let_range(service, i, to, next, pass);
			if (pass && any && to == i + 1)
				put(service->let, service, actions[i].name, strlen(actions[i].name),
				    false);
			parts += pass ? 0 : cost;
			i = to;
		}
		if (!emit || whole <= parts)
			break;
	}
	if (emit && whole <= parts)
		let_prefix(service, actions[first].name, len, true);
	return whole < parts ? whole : parts;
}

/* The actions of a service, sorted. */
static enum hp_status
read_service(struct service *service, struct hp_error *err)
{
	size_t total = hp_aws_action_count(), first = 0;
	while (first < total && strcasecmp(hp_aws_action_at(first).service, service->name))
		first++;
	service->count = 0;
	while (first + service->count < total &&
	       !strcasecmp(hp_aws_action_at(first + service->count).service, service->name))
		service->count++;
	if (!service->count)
		return hp_fail(err, HP_NOT_FOUND, "no actions of \"%s\" are known",
		               service->name);
	service->name = hp_aws_action_at(first).service;
	service->name_len = strlen(service->name);
	service->actions = calloc(service->count, sizeof *service->actions);
	if (!service->actions)
		return hp_fail(err, HP_NOMEM, "out of memory writing a boundary");
	for (size_t i = 0; i < service->count; i++) {
		const char *name = hp_aws_action_at(first + i).name;
		bool allowed = service->judge(service->context, service->name, name);
		service->actions[i] = (struct action){name, allowed};
	}
	qsort(service->actions, service->count, sizeof *service->actions, by_name);
	return HP_OK;
}

static void
write_document(struct hp_buf *json, const struct hp_buf *let, const struct hp_buf *denied)
{
	hp_buf_add_text(json, "{\"Version\":\"2012-10-17\",\"Statement\":["
	                      "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},"
	                      "{\"Effect\":\"Deny\",");
	hp_buf_add_text(json, let->len ? "\"NotAction\":[" : "\"Action\":\"*\"");
	hp_buf_add(json, let->data, let->len);
	hp_buf_add_text(json, let->len ? "],\"Resource\":\"*\"}" : ",\"Resource\":\"*\"}");
	if (denied->len) {
		hp_buf_add_text(json, ",{\"Effect\":\"Deny\",\"Action\":[");
		hp_buf_add(json, denied->data, denied->len);
		hp_buf_add_text(json, "],\"Resource\":\"*\"}");
	}
	hp_buf_add_text(json, "]}");
}

enum hp_status
hp_iam_export(hp_iam_judge *judge, void *context, const char *const *services, bool must_fit,
              struct hp_buf *json, size_t *ret_count, struct hp_error *err)
{
	struct hp_buf let = {0}, denied = {0}, frame = {0};
	enum hp_status status = HP_OK;
	size_t taken = 0, count = 0;
	write_document(&frame, &(struct hp_buf){0}, &(struct hp_buf){0});
	/* An empty NotAction would be "Action": the rest of both lists is counted in. */
	size_t room = HP_IAM_DOCUMENT_BYTES - frame.len - 64;
	for (size_t i = 0; services[i] && status == HP_OK; i++) {
		struct service service = {.name = services[i], .judge = judge, .context = context,
		                          .let = &let, .denied = &denied};
		status = read_service(&service, err);
		if (status == HP_NOT_FOUND && !must_fit) {
			status = HP_OK; /* AWS has given it up */
			continue;
		}
		size_t cost = status == HP_OK ? let_range(&service, 0, service.count, 0, false) : 0;
		if (status == HP_OK && cost > room - taken && must_fit)
			status = hp_fail(err, HP_TOO_LARGE,
			                 "%s does not fit: a boundary may have %u characters",
			                 service.name, HP_IAM_DOCUMENT_BYTES);
		else if (status == HP_OK && cost <= room - taken) {
			let_range(&service, 0, service.count, 0, true);
			taken += cost;
			count++;
		}
		free(service.actions);
	}
	if (status == HP_OK) {
		write_document(json, &let, &denied);
		if (let.failed || denied.failed || frame.failed || json->failed)
			status = hp_fail(err, HP_NOMEM, "out of memory writing a boundary");
		*ret_count = count;
	}
	hp_buf_release(&let);
	hp_buf_release(&denied);
	hp_buf_release(&frame);
	return status;
}
