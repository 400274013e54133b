/* The aws command line, judged as the API calls it makes; see shell.h. */
#include <ctype.h>
#include <string.h>

#include "core/shell.h"
#include "core/sql.h"
#include "core/zero.h"

#define NAME_MAX_BYTES 64 /* of a service or a verb */

/* The command line's names of services whose IAM prefix differs. */
static const char *
iam_prefix(const char *service)
{
	static const struct {
		const char *services, *prefix;
	} prefixes[] = {
		{" s3api s3control ", "s3"},
		{" elb elbv2 ", "elasticloadbalancing"},
		{" stepfunctions ", "states"},
		{" emr ", "elasticmapreduce"},
		{" efs ", "elasticfilesystem"},
		{" configservice ", "config"},
		{" deploy ", "codedeploy"},
		{" opensearch ", "es"},
		{" apigatewayv2 ", "apigateway"},
		{" docdb neptune ", "rds"},
		{" sesv2 ", "ses"},
		{" sso-admin ", "sso"},
		{" cloudhsmv2 ", "cloudhsm"},
		{" lexv2-models ", "lex"},
		{" cognito ", "cognito-idp"},
		{" wafv2-regional ", "wafv2"},
		{" ddb ", "dynamodb"},
		{" resourcegroupstaggingapi ", "tag"},
	};
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (hp_shell_listed(prefixes[i].services, service, strlen(service)))
			return prefixes[i].prefix;
	return NULL;
}

/* `delete-db-instance` is the API's DeleteDbInstance: without dashes, in any case. */
static const char *
api_verb(struct hp_things *things, const char *word)
{
	char *verb = hp_arena_alloc(things->arena, strlen(word) + 1), *end = verb;
	if (!verb)
		return "";
	for (const char *p = word; *p; p++)
		if (*p != '-')
			*end++ = *p;
	return verb;
}

/* Whether `aws s3 cp` brings a file here: only then is the last s3:// word followed by another. */
static bool
is_download(const struct hp_shell_word *argv, size_t argc)
{
	const char *behind = NULL;
	for (size_t at = 0; at < argc; at++)
		if (!strncmp(argv[at].text, "s3://", 5))
			behind = at + 1 < argc ? argv[at + 1].text : NULL;
	return behind && (behind[0] != '-' || !behind[1]);
}

/* Whether a download to `path` may replace something of the machine's own. */
static bool
is_elsewhere(const char *path)
{
	static const char *const harmless[] = {"/tmp/", "/var/tmp/", "/dev/stdout", "/dev/null"};
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		if (!strncmp(path, harmless[i], strlen(harmless[i])) && !strstr(path, "/.."))
			return false;
	return *path == '/' || *path == '~' || *path == '\\' || strstr(path, "..") ||
	       (isalpha((unsigned char)path[0]) && path[1] == ':');
}

/* `get-object … OUTFILE`, `s3 cp s3://b/k PATH`: what is read lands in a file. */
static void
look_at_target(struct hp_things *things, const struct hp_shell_word *argv, size_t argc)
{
	if (argc && is_elsewhere(argv[argc - 1].text))
		things->unknown = true;
}

/* What the file commands of `aws s3` do to objects and buckets; argv begins behind the command. */
static void
spell_s3(struct hp_things *things, const char *verb, const struct hp_shell_word *argv, size_t argc)
{
	static const struct {
		const char *command, *action;
	} actions[] = {
		{"ls", "ListBucket"},   {"rm", "DeleteObject"}, {"rb", "DeleteBucket"},
		{"mb", "CreateBucket"}, {"mv", "DeleteObject"}, {"website", "PutBucketWebsite"},
	};
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (!strcasecmp(verb, actions[i].command))
			hp_things_spell(things, "s3:", actions[i].action, NULL);
	if (hp_shell_listed(" cp mv sync ", verb, strlen(verb)))
		hp_things_spell(things, "s3:", is_download(argv, argc) ? "GetObject" : "PutObject",
		                NULL);
	for (size_t at = 0; at < argc; at++) {
		if (strncmp(argv[at].text, "--", 2))
			continue;
		const char *name = argv[at].text + 2;
		size_t len = strcspn(name, "=");
		if (!len || len > NAME_MAX_BYTES)
			continue;
		hp_things_spell(things, "s3:", verb, "-",
		                hp_arena_printf(things->arena, "%.*s", (int)len, name), NULL);
		if (!strcmp(name, "delete"))
			hp_things_spell(things, "s3:DeleteObject", NULL);
	}
}

/* SQL that an API call carries. */
static void
sql_options(struct hp_things *things, const struct hp_shell_word *argv, size_t argc)
{
	static const char *const options[] = {"--sql", "--query-string", "--statement"};
	for (size_t at = 1; at < argc; at++)
		for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
			const char *word = argv[at].text;
			size_t len = strlen(options[i]);
			if (strncmp(word, options[i], len) || (word[len] && word[len] != '='))
				continue;
			const char *sql = word[len]       ? word + len + 1
			                  : at + 1 < argc ? argv[at + 1].text
			                                  : "";
			hp_sql_things(things, sql, strlen(sql));
		}
}

/* The next word that is no option of the command line itself; argc when there is none. */
static size_t
next_word(struct hp_things *things, const struct hp_shell_tool *tool,
          const struct hp_shell_word *argv, size_t argc, size_t at)
{
	while (at < argc) {
		struct hp_shell_option option = hp_shell_read_option(tool, argv[at].text);
		if (option.kind == HP_OPTION_NONE)
			break;
		if (option.kind == HP_OPTION_UNSURE || option.kind == HP_OPTION_END)
			things->unknown = true;
		at += option.kind == HP_OPTION_VALUED ? 2 : 1;
	}
	return at < argc ? at : argc;
}

void
hp_aws_command(struct hp_things *things, const struct hp_shell_tool *tool,
               const struct hp_shell_word *argv, size_t argc)
{
	size_t service_at = next_word(things, tool, argv, argc, 1);
	size_t verb_at = next_word(things, tool, argv, argc, service_at + 1);
	struct hp_thing *thing = hp_things_begin(things);
	thing->disguised = argv[0].disguised;
	if (service_at == argc || verb_at == argc ||
	    strlen(argv[service_at].text) > NAME_MAX_BYTES ||
	    strlen(argv[verb_at].text) > NAME_MAX_BYTES) {
		hp_things_spell(things, "shell:aws", NULL);
		for (size_t at = 1; at < argc; at++)
			if (argv[at].text[0] == '-')
				hp_things_spell(things, "shell:aws-",
				                argv[at].text + strspn(argv[at].text, "-"), NULL);
		return;
	}
	const char *service = argv[service_at].text, *verb = argv[verb_at].text;
	const char *prefix = iam_prefix(service);
	thing->disguised |= argv[service_at].disguised | argv[verb_at].disguised;
	hp_things_runs(things, hp_arena_printf(things->arena, "aws-%s", service));
	hp_things_runs(things, hp_arena_printf(things->arena, "aws-%s-%s", service, verb));
	hp_things_spell(things, service, ":", api_verb(things, verb), NULL);
	look_at_target(things, argv + verb_at + 1, argc - verb_at - 1);
	if (prefix)
		hp_things_spell(things, prefix, ":", api_verb(things, verb), NULL);
	if (hp_zero_command(argv + verb_at, argc - verb_at, true))
		hp_things_spell(things, prefix ? prefix : service, ":", api_verb(things, verb),
				"-to-zero", NULL);
	if (!strcasecmp(service, "s3"))
		spell_s3(things, verb, argv + verb_at + 1, argc - verb_at - 1);
	if (strcasecmp(service, "logs")) /* whose queries are no SQL and only read */
		sql_options(things, argv, argc);
}
