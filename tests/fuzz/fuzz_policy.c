/*
 * Policy files: a refusal has its place and printable words; what loads judges every request, and
 * says "allow" of nothing that its findings do not allow.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/policy.h"
#include "core/yaml.h"

static const char *const requests[] = {
	"{action: {operation: \"s3:ListBuckets\", environment: staging}}",
	"{action: {operation: \"cloudformation:DeleteStack\", environment: production, resources: "
	"[prod-x]}, impact: {resources_affected: 60, cost_usd: 2000, reversible: false}}",
	"{action: {operation: frobnicate, environment: nowhere, command: [sh, -c, \"rm -rf x\"]}, "
	"rollback: {operation: \"rds:CreateDBInstance\"}, confidence: 0.1}",
};

static const struct hp_principal askers[] = {
	{.name = "person", .roles = HP_ROLE_HUMAN, .mode = HP_MODE_HUMAN, .person = "ana"},
	{.name = "kiro", .roles = HP_ROLE_AGENT, .mode = HP_MODE_AUTONOMOUS, .owner = "ana"},
	{.name = "q", .roles = HP_ROLE_AGENT, .mode = HP_MODE_SUPERVISED, .owner = "ana"},
};

static void
check_verdict(const struct hp_policy *policy, const struct hp_verdict *verdict)
{
	enum hp_effect strictest = HP_EFFECT_ALLOW;
	for (size_t i = 0; i < verdict->finding_count; i++) {
		const struct hp_finding *finding = &verdict->findings[i];
		FUZZ_CHECK(finding->layer >= 1 && finding->layer <= 4);
		FUZZ_CHECK(*finding->rule && *finding->message);
		if (finding->effect > strictest)
			strictest = finding->effect;
	}
	FUZZ_CHECK(verdict->effect == strictest);
	FUZZ_CHECK(hp_policy_has_environment(policy, verdict->environment));
	FUZZ_CHECK(*verdict->tier && verdict->class_count);
	bool asks = verdict->effect >= HP_EFFECT_HOLD && verdict->effect < HP_EFFECT_BLOCK;
	FUZZ_CHECK(asks == (hp_quorum_needed(&verdict->quorum) > 0));
}

static void
check_request(const struct hp_policy *policy, const char *text, const struct hp_principal *asker)
{
	struct hp_arena arena = {0};
	struct hp_request request;
	struct hp_verdict verdict;
	struct hp_error err = {0};
	const struct hp_value *map = NULL;
	FUZZ_CHECK(hp_yaml_load(&arena, text, strlen(text), &map, NULL) == HP_OK);
	FUZZ_CHECK(hp_request_parse(&arena, map, HP_REQUEST_EXEC, &request, NULL) == HP_OK);
	enum hp_status status =
		hp_policy_evaluate(policy, &arena, asker, &request, &verdict, &err);
	fuzz_check_error(status, &err);
	if (status == HP_OK)
		check_verdict(policy, &verdict);
	hp_arena_release(&arena);
}

static void
ignore(void *context, unsigned line, const char *message)
{
	FUZZ_CHECK(*message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_policy *policy = NULL;
	struct hp_error err = {0};
	enum hp_status status = hp_policy_load((const char *)data, size, &policy, &err);
	FUZZ_CHECK((status == HP_OK) == (policy != NULL));
	fuzz_check_error(status, &err);
	for (size_t i = 0; policy && i < 9; i++)
		check_request(policy, requests[i / 3], &askers[i % 3]);
	if (policy)
		hp_policy_lint(policy, ignore, NULL);
	hp_policy_free(policy);
	return 0;
}
