/*
 * offline - a policy file and the principals of an instance, offline: what policy commands share.
 *
 * Invariants: no broker, no clock, no meters (policy.md "policy check and explain need no broker").
 * The default policy is HOME/policy.yaml; principals are always those of HOME.
 */
#ifndef HP_CLI_OFFLINE_H
#define HP_CLI_OFFLINE_H

#include "cli/command.h"
#include "core/policy.h"

struct hp_offline {
	const char *path; /* of the policy */
	struct hp_policy *policy;
	struct hp_directory *directory; /* NULL: not opened */
};

/* `path` NULL: the instance's. HP_EXIT_OK, or printed with file and place. Release anyway. */
int hp_offline_open_policy(struct hp_cli *cli, struct hp_offline *offline, const char *path);
int hp_offline_open_principals(struct hp_cli *cli, struct hp_offline *offline);
/* Whom to judge by default: --as, $HOLDPOINT_AS; NULL. */
const char *hp_offline_as(const struct hp_cli *cli);
void hp_offline_release(struct hp_offline *offline);

/*
 * Judges the request in `map` as if `as` asked it. HP_INVALID: the request (position and field);
 * HP_NOT_FOUND: no such principal, or none that asks.
 */
HP_MUST_CHECK enum hp_status
hp_offline_judge(const struct hp_offline *offline, struct hp_arena *arena, const char *as,
		 const struct hp_value *map, enum hp_request_source source,
		 struct hp_verdict *ret_verdict, struct hp_error *err);

/* {verdict, effect, environment, class, tier, findings, quorum}. */
struct hp_value *hp_offline_to_value(struct hp_arena *arena, const struct hp_verdict *verdict);

#endif
