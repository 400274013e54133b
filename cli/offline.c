#include "cli/offline.h"

#include <stdlib.h>

#include "cli/fields.h"
#include "core/text.h"
#include "proto/file.h"
#include "proto/instance.h"

int
hp_offline_open_policy(struct hp_cli *cli, struct hp_offline *offline, const char *path)
{
	struct hp_buf text = {0};
	struct hp_error err = {0};
	if (!path) {
		const char *home = hp_cli_home(cli);
		path = home ? hp_instance_path(&cli->arena, home, "policy.yaml") : NULL;
		if (!path)
			return HP_EXIT_USAGE;
	}
	offline->path = path;
	enum hp_status status = hp_file_read(path, &text, &err);
	int exit_code = HP_EXIT_OK;
	if (status != HP_OK) {
		exit_code = hp_cli_fail_file(cli, status, &err);
	} else {
		status = hp_policy_load(hp_buf_text(&text), text.len, &offline->policy, &err);
		if (status != HP_OK)
			exit_code = hp_fields_refuse(cli, status, path, &err);
	}
	hp_buf_release(&text);
	return exit_code;
}

int
hp_offline_open_principals(struct hp_cli *cli, struct hp_offline *offline)
{
	struct hp_error err = {0};
	const char *home = hp_cli_home(cli);
	if (!home)
		return HP_EXIT_USAGE;
	enum hp_status status =
		hp_instance_principals(&cli->arena, home, &offline->directory, &err);
	return status == HP_OK ? HP_EXIT_OK : hp_cli_fail_file(cli, status, &err);
}

const char *
hp_offline_as(const struct hp_cli *cli)
{
	const char *name = cli->as ? cli->as : getenv("HOLDPOINT_AS");
	return name && *name ? name : NULL;
}

void
hp_offline_release(struct hp_offline *offline)
{
	hp_policy_free(offline->policy);
	hp_directory_free(offline->directory);
	*offline = (struct hp_offline){0};
}

enum hp_status
hp_offline_judge(const struct hp_offline *offline, struct hp_arena *arena, const char *as,
		 const struct hp_value *map, enum hp_request_source source,
		 struct hp_verdict *ret_verdict, struct hp_error *err)
{
	const unsigned asking = HP_ROLE_AGENT | HP_ROLE_HUMAN;
	const struct hp_principal *who = hp_directory_by_name(offline->directory, as);
	struct hp_request request;
	if (!who || who->revoked)
		return hp_fail(err, HP_NOT_FOUND, "no principal \"%s\" in principals.d",
			       hp_text_safe(arena, as, 0));
	if (!(who->roles & asking))
		return hp_fail(err, HP_NOT_FOUND, "\"%s\" is no agent and no human: it never asks",
			       hp_text_safe(arena, as, 0));
	enum hp_status status = hp_request_parse(arena, map, source, &request, err);
	if (status != HP_OK)
		return status;
	return hp_policy_evaluate(offline->policy, arena, who, &request, ret_verdict, err);
}

struct hp_value *
hp_offline_to_value(struct hp_arena *arena, const struct hp_verdict *verdict)
{
	struct hp_value *map = hp_value_map(arena), *classes = hp_value_array(arena);
	for (size_t i = 0; i < verdict->class_count; i++)
		hp_array_add(arena, classes, hp_value_str(arena, verdict->classes[i]));
	hp_map_set_str(arena, map, "verdict", hp_effect_verdict(verdict->effect));
	hp_map_set_str(arena, map, "effect", hp_effect_name(verdict->effect));
	hp_map_set_str(arena, map, "environment", verdict->environment);
	hp_map_set(arena, map, "class", classes);
	hp_map_set_str(arena, map, "tier", verdict->tier);
	hp_map_set(arena, map, "findings",
		   hp_findings_to_value(arena, verdict->findings, verdict->finding_count));
	hp_map_set(arena, map, "quorum", hp_quorum_to_value(arena, &verdict->quorum));
	return map;
}
