/* Preflight's checks of who releases (3) and who runs (8), as far as the entries tell. */
#include <stdlib.h>
#include <string.h>

#include "core/policy_rules.h"
#include "core/preflight.h"
#include "core/text.h"

/* ---- 3: peer review ---- */

/* Whether the rules can be filled when nobody of this person votes. */
static enum hp_status
check_without(const struct hp_preflight *preflight, const char *person, struct hp_error *err)
{
	size_t total = hp_directory_count(preflight->directory), count = 0;
	struct hp_principal *others = calloc(total + 1, sizeof *others);
	struct hp_directory *directory = NULL;
	if (!others)
		return hp_fail(err, HP_NOMEM, "out of memory");
	for (size_t i = 0; i < total; i++) {
		const struct hp_principal *one = hp_directory_at(preflight->directory, i);
		if (!(one->roles & HP_ROLE_REVIEWER) || strcmp(one->person, person) != 0)
			others[count++] = *one;
	}
	enum hp_status status = hp_directory_new(others, count, &directory, err);
	if (status == HP_OK)
		status = hp_policy_check_quorums(preflight->policy, directory, err);
	hp_directory_free(directory);
	free(others);
	return status;
}

static bool
reviews(const struct hp_directory *directory, const char *person)
{
	for (size_t i = 0; i < hp_directory_count(directory); i++) {
		const struct hp_principal *one = hp_directory_at(directory, i);
		if (!one->revoked && (one->roles & HP_ROLE_REVIEWER) &&
		    strcmp(one->person, person) == 0)
			return true;
	}
	return false;
}

/* Owners who also review: without them it must go on. Each once: they are in name order of agents,
 * so an owner is looked at with its first agent. */
static enum hp_status
check_owners(struct hp_preflight *preflight, size_t *ret_owners, struct hp_error *err)
{
	const struct hp_directory *directory = preflight->directory;
	const char *last = "";
	for (size_t i = 0; i < hp_directory_count(directory); i++) {
		const struct hp_principal *agent = hp_directory_at(directory, i);
		struct hp_error why = {0};
		if (agent->revoked || !(agent->roles & HP_ROLE_AGENT) || !*agent->owner ||
		    strcmp(agent->owner, last) == 0 || !reviews(directory, agent->owner))
			continue;
		last = agent->owner;
		++*ret_owners;
		enum hp_status status = check_without(preflight, agent->owner, &why);
		if (status == HP_INVALID)
			hp_preflight_say(preflight, HP_CHECK_REVIEW, HP_FAILED,
					 "enrol one more reviewer, of another person",
					 "what %s asks cannot be released without its owner %s: %s",
					 hp_text_safe(preflight->arena, agent->name, HP_TEXT_ASCII),
					 hp_text_safe(preflight->arena, agent->owner, HP_TEXT_ASCII),
					 why.message);
		else if (status != HP_OK)
			return hp_fail(err, status, "%s", why.message);
	}
	return HP_OK;
}

enum hp_status
hp_preflight_people(struct hp_preflight *preflight, struct hp_error *err)
{
	struct hp_error why = {0};
	size_t owners = 0;
	enum hp_status status =
		hp_policy_check_quorums(preflight->policy, preflight->directory, &why);
	if (status == HP_INVALID) {
		hp_preflight_say(preflight, HP_CHECK_REVIEW, HP_FAILED,
				 "enrol reviewers, or ask for fewer", "%s", why.message);
		return HP_OK;
	}
	if (status != HP_OK)
		return hp_fail(err, status, "%s", why.message);
	size_t before = preflight->count;
	status = check_owners(preflight, &owners, err);
	if (status == HP_OK && preflight->count == before)
		hp_preflight_say(preflight, HP_CHECK_REVIEW, HP_PASSED, NULL,
				 "every rule can be filled by distinct persons%s",
				 owners ? ", also without the owners who review" : "");
	return status;
}

/* ---- 8: environment isolation ---- */

/* Where a request that says another environment, and means this executor, is judged to be. */
static enum hp_status
probe_audience(struct hp_preflight *preflight, const struct hp_principal *executor,
	       struct hp_names *reached, struct hp_error *err)
{
	static const struct hp_principal agent = {
		.name = "an agent", .roles = HP_ROLE_AGENT, .mode = HP_MODE_SUPERVISED,
		.person = "", .owner = "", .audience = "",
	};
	const struct hp_policy *policy = preflight->policy;
	const char *home = executor->environments[0];
	struct hp_arena arena = {0};
	enum hp_status status = HP_OK;
	for (size_t i = 0; status == HP_OK && i < policy->environment_count; i++) {
		const char *said = policy->environments[i].name;
		struct hp_verdict verdict;
		if (strcmp(said, home) == 0)
			continue;
		struct hp_value *map = hp_preflight_probe(&arena, "ecs:UpdateService", said);
		struct hp_value *action = map ? map->map.pairs[0].value : NULL;
		hp_map_set_str(&arena, action, "audience", executor->audience);
		status = hp_preflight_evaluate(policy, &arena, &agent, map, false, &verdict, err);
		/* Judged to be there, it is judged by that environment's rules; else the
		 * executor's claim is for another environment, and refused. Milder than what it
		 * claims for would be neither. */
		if (status == HP_OK && strcmp(verdict.environment, home) == 0 &&
		    hp_policy_find_environment(policy, home) > i)
			hp_names_add(preflight->arena, reached, executor->name);
		hp_arena_reset(&arena);
	}
	hp_arena_release(&arena);
	return status;
}

enum hp_status
hp_preflight_executors(struct hp_preflight *preflight, struct hp_error *err)
{
	struct hp_names wide = {0}, reached = {0}, unknown = {0};
	size_t executors = 0;
	for (size_t i = 0; i < hp_directory_count(preflight->directory); i++) {
		const struct hp_principal *one = hp_directory_at(preflight->directory, i);
		if (one->revoked || !(one->roles & HP_ROLE_EXECUTOR))
			continue;
		executors++;
		if (one->environment_count != 1 || !*one->audience) {
			hp_names_add(preflight->arena, &wide, one->name);
			continue;
		}
		if (!hp_policy_has_environment(preflight->policy, one->environments[0]))
			hp_names_add(preflight->arena, &unknown, one->name);
		enum hp_status status = probe_audience(preflight, one, &reached, err);
		if (status != HP_OK)
			return status;
	}
	if (!executors)
		hp_preflight_say(preflight, HP_CHECK_ISOLATION, HP_NOT_CHECKED, NULL,
				 "no executor is enrolled");
	if (wide.count)
		hp_preflight_say(preflight, HP_CHECK_ISOLATION, HP_FAILED,
				 "enrol each with one --environment and an --audience",
				 "these executors have not exactly one environment: %s",
				 hp_names_text(preflight->arena, &wide));
	if (unknown.count)
		hp_preflight_say(preflight, HP_CHECK_ISOLATION, HP_WARNED,
				 "name an environment of the policy",
				 "the policy does not know the environment of %s: it can claim "
				 "nothing",
				 hp_names_text(preflight->arena, &unknown));
	if (reached.count)
		hp_preflight_say(preflight, HP_CHECK_ISOLATION, HP_FAILED,
				 "take the environment's words out of the audience's name",
				 "a request for another environment reaches %s",
				 hp_names_text(preflight->arena, &reached));
	if (executors && !wide.count && !reached.count)
		hp_preflight_say(preflight, HP_CHECK_ISOLATION, HP_PASSED, NULL,
				 "executors have one environment and a key each (%zu of them); "
				 "probes for other environments that name their audience are not "
				 "theirs to claim",
				 executors);
	return HP_OK;
}
