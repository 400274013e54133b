/* policy export: the policy in the words of another gate. */
#include <stdio.h>
#include <string.h>

#include "cli/offline.h"
#include "core/iam_export.h"
#include "core/text.h"

/* An agent of no name: what holds for it holds for each of its mode. */
static struct hp_principal
agent_of(enum hp_mode mode)
{
	return (struct hp_principal){.name = "agent",
	                             .roles = HP_ROLE_AGENT,
	                             .mode = mode,
	                             .person = "",
	                             .owner = "",
	                             .audience = ""};
}

struct asking {
	const struct hp_policy *policy;
	struct hp_principal agent;
	const char *environment;
	struct hp_arena arena; /* of one request */
	enum hp_status status; /* the first failure */
	struct hp_error err;
};

/* The least that could be asked for: one thing, to be undone. */
static const struct hp_value *
ask_for(struct hp_arena *arena, const char *service, const char *action, const char *environment)
{
	struct hp_value *request = hp_value_map(arena), *what = hp_value_map(arena),
			*impact = hp_value_map(arena);
	hp_map_set_str(arena, what, "operation",
		       hp_arena_printf(arena, "%s:%s", service, action));
	hp_map_set(arena, what, "environment", hp_value_str(arena, environment));
	hp_map_set_int(arena, impact, "resources_affected", 1);
	hp_map_set(arena, impact, "reversible", hp_value_bool(arena, true));
	hp_map_set(arena, request, "action", what);
	hp_map_set(arena, request, "impact", impact);
	return request;
}

/* Whether an agent may do it without asking anybody. */
static bool
may(void *context, const char *service, const char *action)
{
	struct asking *asking = context;
	struct hp_request request;
	struct hp_verdict verdict;
	if (asking->status != HP_OK)
		return false;
	hp_arena_reset(&asking->arena);
	asking->status = hp_request_parse(
		&asking->arena, ask_for(&asking->arena, service, action, asking->environment),
		HP_REQUEST_EXEC, &request, &asking->err);
	if (asking->status == HP_OK)
		asking->status = hp_policy_evaluate(asking->policy, &asking->arena, &asking->agent,
						    &request, &verdict, &asking->err);
	return asking->status == HP_OK && verdict.effect <= HP_EFFECT_LOG;
}

static int
read_mode(struct hp_cli *cli, enum hp_mode *ret_mode)
{
	const char *mode = hp_cli_option(cli, "mode");
	if (!mode || !strcmp(mode, "autonomous"))
		*ret_mode = HP_MODE_AUTONOMOUS;
	else if (!strcmp(mode, "supervised"))
		*ret_mode = HP_MODE_SUPERVISED;
	else
		return hp_cli_usage(cli, "--mode: expected autonomous or supervised, found \"%s\"",
				    hp_text_safe(&cli->arena, mode, 0));
	return HP_EXIT_OK;
}

/* The services of --service, or NULL for the common ones. */
static const char *const *
given_services(struct hp_cli *cli)
{
	const char **list = hp_arena_array(&cli->arena, cli->given_count + 1, sizeof *list);
	size_t count = 0, at = 0;
	for (const char *name; list && (name = hp_cli_next(cli, "service", &at));)
		list[count++] = name;
	if (list)
		list[count] = NULL;
	return count ? list : NULL;
}

static int
export_iam(struct hp_cli *cli, const struct hp_policy *policy, enum hp_mode mode)
{
	const char *environment = hp_cli_option(cli, "environment");
	const char *const *services = given_services(cli);
	struct asking asking = {.policy = policy, .agent = agent_of(mode)};
	struct hp_buf json = {0};
	struct hp_error err = {0};
	size_t count = 0;
	asking.environment = environment ? environment : "production";
	if (!hp_policy_has_environment(policy, asking.environment))
		return hp_cli_usage(cli, "the policy has no environment \"%s\"",
				    hp_text_safe(&cli->arena, asking.environment, 0));
	enum hp_status status =
		hp_iam_export(may, &asking, services ? services : hp_iam_common_services,
			      services != NULL, &json, &count, &err);
	int exit_code = HP_EXIT_OK;
	if (asking.status != HP_OK)
		exit_code = hp_cli_fail(cli, asking.status, &asking.err);
	else if (status == HP_NOT_FOUND || status == HP_TOO_LARGE)
		exit_code = hp_cli_usage(cli, "--service: %s", err.message);
	else if (status != HP_OK)
		exit_code = hp_cli_fail(cli, status, &err);
	else
		puts(hp_buf_text(&json));
	if (exit_code == HP_EXIT_OK)
		hp_cli_note(cli, "%zu characters of %u; all that is not allowed is denied, and "
				 "all of the services other than the %zu that have room",
			    json.len, HP_IAM_DOCUMENT_BYTES, count);
	hp_buf_release(&json);
	hp_arena_release(&asking.arena);
	return exit_code;
}

int
hp_cmd_policy_export(struct hp_cli *cli)
{
	struct hp_offline offline = {0};
	enum hp_mode mode = HP_MODE_AUTONOMOUS;
	if (strcmp(cli->args[0], "aws-iam"))
		return hp_cli_usage(cli, "expected aws-iam, found \"%s\"",
				    hp_text_safe(&cli->arena, cli->args[0], 0));
	int exit_code = read_mode(cli, &mode);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_offline_open_policy(cli, &offline, hp_cli_option(cli, "policy"));
	if (exit_code == HP_EXIT_OK)
		exit_code = export_iam(cli, offline.policy, mode);
	hp_offline_release(&offline);
	return exit_code;
}
