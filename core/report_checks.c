/*
 * The article's eight checks, as far as the log shows them. `holdpoint preflight` proves them by
 * probes; a log can only say what came up. "not shown" means that nothing did, or that it went wrong.
 */
#include <inttypes.h>
#include <string.h>

#include "core/report_private.h"

/* Classes whose name begins with one of these. */
static bool
is_destructive(const struct hp_value *classes)
{
	static const char *const words[] = {"delete", "terminate", "drop", "destroy", "purge", "wipe"};
	for (size_t i = 0; i < hp_value_count(classes); i++)
		for (size_t j = 0; j < sizeof words / sizeof words[0]; j++) {
			const struct hp_value *class = hp_array_get(classes, i);
			if (class->type == HP_STR &&
			    strncmp(class->str.p, words[j], strlen(words[j])) == 0)
				return true;
		}
	return false;
}

void
hp_report_note(struct hp_report *report, const struct hp_report_event *event)
{
	const struct hp_value *canonical = event->canonical;
	const struct hp_value *rollback = hp_map_get(canonical, "rollback");
	const struct hp_value *findings = hp_map_get(canonical, "findings");
	bool let = strcmp(event->event, "request.granted") == 0;
	int64_t resources = hp_map_get_int(hp_map_get(canonical, "impact"), "resources_affected", 0);
	bool agent = hp_value_is(hp_map_get(canonical, "mode"), "supervised") ||
		     hp_value_is(hp_map_get(canonical, "mode"), "autonomous");
	if (agent && is_destructive(hp_map_get(canonical, "class"))) {
		report->destructive++;
		report->destructive_let += let;
	}
	if (strcmp(event->event, "request.pending") == 0) {
		report->held++;
		report->held_undoable += hp_map_get(rollback, "operation") != NULL ||
					 hp_map_get(rollback, "command") != NULL;
	}
	if (let && resources > report->most_resources)
		report->most_resources = resources;
	for (size_t i = 0; i < hp_value_count(findings); i++)
		report->caps += strncmp(hp_map_get_str(hp_array_get(findings, i), "rule", ""),
					"change_magnitude.", 17) == 0;
}

#define JUDGES(name)                                                                               \
	static const char *judge_##name(const struct hp_report *report, struct hp_arena *arena,    \
					bool *ret_shown)

JUDGES(scoping)
{
	*ret_shown = report->agents && report->agents == report->agents_bounded;
	return hp_arena_printf(arena, "%u of %u agents are bound to environments and operations",
			       report->agents_bounded, report->agents);
}

JUDGES(blocklist)
{
	*ret_shown = report->destructive && !report->destructive_let;
	return hp_arena_printf(arena,
			       "%" PRId64 " destructive actions asked for, %" PRId64
			       " let through without a person",
			       report->destructive, report->destructive_let);
}

JUDGES(review)
{
	int64_t held = report->held;
	*ret_shown = held && report->proof.verified;
	return hp_arena_printf(arena, "%" PRId64 " actions waited for people; that none was granted "
			       "without its votes is %s", held,
			       report->proof.verified ? "verified" : "NOT verified");
}

JUDGES(timeout)
{
	const struct hp_report_tally *ended = hp_report_tally_of(report, "not_decided");
	int64_t expired = 0;
	for (size_t i = 0; i < ended->row_count; i++)
		if (strcmp(ended->rows[i].label, "request.expired") == 0)
			expired = ended->rows[i].count;
	*ret_shown = expired > 0;
	return hp_arena_printf(arena, "%" PRId64 " actions that nobody decided expired, which is a no",
			       expired);
}

JUDGES(rollback)
{
	*ret_shown = report->held && report->held == report->held_undoable;
	return hp_arena_printf(arena, "%" PRId64 " of %" PRId64 " held actions had a rollback that can "
			       "be run", report->held_undoable, report->held);
}

JUDGES(trail)
{
	*ret_shown = report->proof.verified;
	return report->proof.text ? report->proof.text : "";
}

JUDGES(blast)
{
	*ret_shown = report->caps > 0;
	return hp_arena_printf(arena, "%" PRId64 " findings by the caps on size and cost; the largest "
			       "action let through without a person said %" PRId64 " resources",
			       report->caps, report->most_resources);
}

JUDGES(isolation)
{
	*ret_shown = report->executors && report->executors == report->executors_bounded;
	return hp_arena_printf(arena, "%u of %u executors are bound to one environment",
			       report->executors_bounded, report->executors);
}

const struct hp_report_check hp_report_checks[] = {
	{"permission_scoping", "Has each agent only the permissions that it needs?",
	 "the last leaves principals: agents with environments and operations", judge_scoping},
	{"destructive_blocklist", "Are destructive actions blocked or gated?",
	 "first leaves of agents' requests whose class begins delete, terminate, drop, destroy, purge "
	 "or wipe; those that were granted at once", judge_blocklist},
	{"peer_review", "Do people review what agents change?",
	 "leaves request.pending, and the replay of the verification", judge_review},
	{"timeout", "Is what nobody approves rejected?", "leaves request.expired", judge_timeout},
	{"rollback", "Can what is done be undone?",
	 "leaves request.pending whose canonical `rollback` has an operation or a command",
	 judge_rollback},
	{"audit_trail", "Is every action logged with its reasoning?", "the verification of the log",
	 judge_trail},
	{"blast_radius", "Are there caps on how much one action affects?",
	 "findings change_magnitude; `resources_affected` of requests granted at once", judge_blast},
	{"environment_isolation", "Are production and the rest apart?",
	 "the last leaves principals: executors with exactly one environment", judge_isolation},
};
const size_t hp_report_check_count = sizeof hp_report_checks / sizeof hp_report_checks[0];
