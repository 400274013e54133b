/* What each figure counts. One function a row of report_figures.def; labels are words of the log. */
#include <string.h>

#include "core/report_private.h"
#include "core/units.h"

enum { FAST_MS = 5000 };

#define COUNTS(name)                                                                               \
	static void count_##name(struct hp_report *report, struct hp_report_tally *tally,          \
				 const struct hp_report_event *event)

static bool
is(const struct hp_report_event *event, const char *name)
{
	return strcmp(event->event, name) == 0;
}

static const char *
word(const struct hp_value *map, const char *key)
{
	const char *text = hp_map_get_str(map, key, "");
	return *text ? text : "(not said)";
}

/* A leaf of this event counts once, under a word of its body. */
static void
count_word(struct hp_report *report, struct hp_report_tally *tally,
	   const struct hp_report_event *event, const char *name, const char *key)
{
	if (is(event, name))
		hp_report_add(report, tally, event->body ? word(event->body, key) : "(erased)", 1);
}

/* A leaf of this event counts once. */
static void
count_event(struct hp_report *report, struct hp_report_tally *tally,
	    const struct hp_report_event *event, const char *name)
{
	if (is(event, name))
		hp_report_add(report, tally, NULL, 1);
}

/* ---- Art. 9 ---- */

static void
count_canonical(struct hp_report *report, struct hp_report_tally *tally,
		const struct hp_report_event *event, const char *key)
{
	if (event->canonical)
		hp_report_add(report, tally, word(event->canonical, key), 1);
}

COUNTS(actions)
{
	if (event->canonical)
		hp_report_add(report, tally, NULL, 1);
}

COUNTS(actions_by_day)
{
	struct hp_buf day = {0};
	if (!event->canonical || !report->in_range)
		return;
	hp_report_add_day(&day, event->wall_ms);
	hp_report_add(report, tally, hp_buf_text(&day), 1);
	hp_buf_release(&day);
}

COUNTS(actions_by_tier) { count_canonical(report, tally, event, "tier"); }
COUNTS(actions_by_environment) { count_canonical(report, tally, event, "environment"); }
COUNTS(actions_by_effect) { count_canonical(report, tally, event, "effect"); }

COUNTS(actions_by_class)
{
	const struct hp_value *classes = hp_map_get(event->canonical, "class");
	for (size_t i = 0; i < hp_value_count(classes); i++) {
		const struct hp_value *class = hp_array_get(classes, i);
		if (class->type == HP_STR)
			hp_report_add(report, tally, class->str.p, 1);
	}
	if (event->canonical && !hp_value_count(classes))
		hp_report_add(report, tally, "(none)", 1);
}

COUNTS(how_classified)
{
	const struct hp_value *first =
		hp_array_get(hp_map_get(event->canonical, "findings"), 0);
	if (!event->canonical)
		return;
	const char *label = first ? hp_arena_printf(&report->scratch, "layer %lld: %s",
						    (long long)hp_map_get_int(first, "layer", 0),
						    word(first, "rule"))
				  : "(no finding: the tier's own effect)";
	hp_report_add(report, tally, label ? label : "", 1);
}

COUNTS(policy_versions)
{
	struct hp_buf label = {0};
	const uint8_t *version = hp_map_get_bin(event->body, "version", HP_HASH_BYTES);
	if (!is(event, "policy") || !version || !report->in_range)
		return;
	hp_buf_add_hex(&label, version, 8);
	hp_buf_add_text(&label, " since ");
	size_t known = label.len;
	for (size_t i = 0; i < tally->row_count; i++)
		if (strncmp(tally->rows[i].label, hp_buf_text(&label), known) == 0) {
			hp_report_add(report, tally, tally->rows[i].label, 1);
			hp_buf_release(&label);
			return;
		}
	hp_units_add_time(&label, event->wall_ms);
	hp_buf_printf(&label, " by %s", event->actor);
	hp_report_add(report, tally, hp_buf_text(&label), 1);
	hp_buf_release(&label);
}

/* ---- Art. 12 ---- */

COUNTS(leaves_by_event) { hp_report_add(report, tally, event->event, 1); }
COUNTS(key_history) { if (is(event, "principals")) hp_report_take_keys(report, tally, event); }

COUNTS(anchors)
{
	if (!is(event, "anchor"))
		return;
	const char *label = hp_arena_printf(
		&report->scratch, "%s %s", word(event->body, "anchor"),
		hp_map_get_bool(event->body, "failing", false) ? "failed" : "came back");
	hp_report_add(report, tally, label ? label : "", 1);
}

COUNTS(erasures)
{
	if (is(event, "erase"))
		hp_report_add(report, tally, word(event->body, "cause"),
			      (int64_t)hp_value_count(hp_map_get(event->body, "leaves")));
}

COUNTS(restarts)
{
	if (is(event, "start") || is(event, "rebase"))
		hp_report_add(report, tally, event->event, 1);
}

/* ---- Art. 14 ---- */

static bool
approves(const struct hp_report_event *event)
{
	return hp_value_is(hp_map_get(event->body, "decision"), "approve");
}

/* Whose vote a leaf is; NULL for another leaf, and for one whose body is erased. */
static const char *
voter(const struct hp_report_event *event)
{
	return is(event, "vote") && event->body ? word(event->body, "person") : NULL;
}

COUNTS(decisions)
{
	if (!is(event, "vote"))
		return;
	const char *person = voter(event);
	const char *label = person ? hp_arena_printf(&report->scratch, "%s: %s", person,
						     word(event->body, "decision"))
				   : "(erased)";
	hp_report_add(report, tally, label ? label : "", 1);
}

COUNTS(time_to_decide)
{
	if (voter(event))
		hp_report_add_ms(report, tally, voter(event), event->waited_ms);
}

COUNTS(time_waiting)
{
	if (is(event, "request.granted") || is(event, "request.denied"))
		hp_report_add_ms(report, tally, event->event, event->waited_ms);
}

COUNTS(not_decided)
{
	if (is(event, "request.expired") || is(event, "request.lapsed") ||
	    is(event, "request.withdrawn"))
		hp_report_add(report, tally, event->event, 1);
}

COUNTS(taken_back)
{
	if (is(event, "request.denied") && hp_value_is(hp_map_get(event->body, "from"), "granted"))
		hp_report_add(report, tally, NULL, 1);
}

COUNTS(halts)
{
	if (!is(event, "halt") && !is(event, "resume"))
		return;
	const char *label = hp_arena_printf(&report->scratch, "%s: %s", event->event,
					    word(event->body, "scope"));
	hp_report_add(report, tally, label ? label : "", 1);
}

COUNTS(halted) { count_event(report, tally, event, "request.halted"); }

COUNTS(halt_stopped)
{
	if (hp_map_get(event->body, "stopped_ms"))
		hp_report_add_ms(report, tally, NULL, hp_map_get_int(event->body, "stopped_ms", -1));
}

COUNTS(halt_last)
{
	if (hp_map_get_int(event->body, "stopping", -1) == 0 && !is(event, "halt"))
		hp_report_add_ms(report, tally, NULL, hp_map_get_int(event->body, "stopped_ms", -1));
}

COUNTS(unanswered) { count_event(report, tally, event, "request.unknown"); }
COUNTS(spot_checks) { count_word(report, tally, event, "spot_check", "finding"); }

/* ---- Art. 15 ---- */

COUNTS(blocked) { count_event(report, tally, event, "request.blocked"); }

COUNTS(refused)
{
	if (!is(event, "refused"))
		return;
	const char *label = event->body ? hp_map_get_str(event->body, "code", "again, or a handshake")
					: "(erased)";
	hp_report_add(report, tally, label, hp_map_get_int(event->body, "count", 1));
}

COUNTS(strangers)
{
	if (is(event, "refused") && strcmp(event->actor, "unknown") == 0)
		hp_report_add(report, tally, NULL, hp_map_get_int(event->body, "count", 1));
}

/* Whether any text in the value, which is of bounded depth, was redacted. */
static bool
is_redacted(const struct hp_value *value)
{
	if (!value)
		return false;
	if (value->type == HP_STR)
		return value->str.len && strstr(value->str.p, "[REDACTED:") != NULL;
	if (value->type == HP_ARRAY)
		for (size_t i = 0; i < value->array.count; i++)
			if (is_redacted(value->array.items[i]))
				return true;
	if (value->type == HP_MAP)
		for (size_t i = 0; i < value->map.count; i++)
			if (is_redacted(value->map.pairs[i].value))
				return true;
	return false;
}

COUNTS(redactions)
{
	if (event->canonical && report->in_range && is_redacted(event->canonical))
		hp_report_add(report, tally, NULL, 1);
}

/* Findings whose rule is one of these, or begins with the only one. */
static void
count_findings(struct hp_report *report, struct hp_report_tally *tally,
	       const struct hp_report_event *event, const char *const *rules, bool prefix)
{
	const struct hp_value *findings = hp_map_get(event->canonical, "findings");
	for (size_t i = 0; i < hp_value_count(findings); i++) {
		const char *rule = hp_map_get_str(hp_array_get(findings, i), "rule", "");
		for (size_t j = 0; rules[j]; j++)
			if (prefix ? strncmp(rule, rules[j], strlen(rules[j])) == 0
				   : strcmp(rule, rules[j]) == 0)
				hp_report_add(report, tally, rule, 1);
	}
}

COUNTS(evasions)
{
	static const char *const rules[] = {"environment", "env", "classes", NULL};
	count_findings(report, tally, event, rules, false);
}

COUNTS(anomalies)
{
	static const char *const rules[] = {"gateway.anomaly", NULL};
	count_findings(report, tally, event, rules, true);
}

/* ---- fatigue ---- */

COUNTS(approve_time)
{
	if (voter(event) && approves(event))
		hp_report_add_ms(report, tally, voter(event), event->waited_ms);
}

COUNTS(approved_fast)
{
	if (voter(event) && approves(event) && event->waited_ms >= 0 && event->waited_ms <= FAST_MS)
		hp_report_add(report, tally, voter(event), 1);
}

COUNTS(in_a_row)
{
	if (!voter(event) || !report->in_range)
		return;
	struct hp_report_row *row = hp_report_add(report, tally, voter(event), 0);
	row->of = approves(event) ? row->of + 1 : 0;
	if (row->of > row->count)
		row->count = row->of;
	if (row->count > tally->all.count)
		tally->all.count = row->count;
}

/* `of` counts what was approved; the percentage is made at the end. */
COUNTS(approved_share)
{
	if (voter(event))
		hp_report_add(report, tally, voter(event), 1)->of += approves(event);
}

const struct hp_report_figure hp_report_figures[] = {
#define HP_FIGURE(article, name, title, kind, query) {article, #name, title, kind, query, count_##name},
#include "core/report_figures.def"
#undef HP_FIGURE
};
const size_t hp_report_figure_count = sizeof hp_report_figures / sizeof hp_report_figures[0];

const struct hp_report_heading hp_report_headings[HP_REPORT_ARTICLES] = {
	[ART_9] = {"Art. 9", "Risk management"},
	[ART_12] = {"Art. 12", "Record-keeping"},
	[ART_14] = {"Art. 14", "Human oversight"},
	[FATIGUE] = {"Art. 14", "Signals of fatigue"},
	[ART_15] = {"Art. 15", "Accuracy, robustness and cybersecurity"},
};
