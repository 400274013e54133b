/*
 * The history of keys, and the eight checks, from what the log says of principals and requests.
 *
 * A load of principals is one or more leaves with the whole set; each is set against what was known.
 * A name that a set lacks was removed: that is told when the next set begins, or at the end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/report_private.h"
#include "core/units.h"

enum { BUCKETS = 1024 };

struct hp_report_key {
	struct hp_report_key *next;
	char *name;
	char sign[16], curve[16];    /* the beginning of its keys; "" for none */
	bool revoked, gone, agent, executor, bounded;
	unsigned generation;
};

static struct hp_report_key **
find(struct hp_report *report, const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	for (const char *c = name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	struct hp_report_key **at = &report->keys[hash % BUCKETS];
	while (*at && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

static void
tell(struct hp_report *report, struct hp_report_tally *tally, const struct hp_report_key *key,
     const char *what)
{
	struct hp_buf label = {0};
	if (!report->in_range)
		return;
	hp_units_add_time(&label, report->now->wall_ms);
	hp_buf_printf(&label, " %s %s", key->name, what);
	if (*key->sign)
		hp_buf_printf(&label, ", signing key %s", key->sign);
	hp_buf_printf(&label, ", connection key %s", key->curve);
	hp_report_add(report, tally, hp_buf_text(&label), 1);
	hp_buf_release(&label);
}

/* Who was in the set before and is not in the one that has ended. */
static void
tell_gone(struct hp_report *report, struct hp_report_tally *tally)
{
	for (size_t i = 0; report->keys && i < BUCKETS; i++)
		for (struct hp_report_key *key = report->keys[i]; key; key = key->next) {
			if (key->gone || key->generation == report->generation)
				continue;
			key->gone = true;
			tell(report, tally, key, "removed");
		}
}

static void
copy_head(char to[16], const char *text)
{
	size_t len = strlen(text);
	memcpy(to, text, len < 12 ? len : 12);
	to[len < 12 ? len : 12] = 0;
}

static bool
has_role(const struct hp_value *entry, const char *role)
{
	const struct hp_value *roles = hp_map_get(entry, "roles");
	for (size_t i = 0; i < hp_value_count(roles); i++)
		if (hp_value_is(hp_array_get(roles, i), role))
			return true;
	return false;
}

static void
take_entry(struct hp_report *report, struct hp_report_tally *tally, const struct hp_value *entry)
{
	const char *name = hp_map_get_str(entry, "name", "");
	struct hp_report_key **at = find(report, name), *key = *at, was = {0};
	bool known = key != NULL;
	if (!known) {
		key = *at = calloc(1, sizeof *key);
		if (!key || !(key->name = strdup(name))) {
			report->failed = true;
			return;
		}
	}
	was = *key;
	copy_head(key->sign, hp_map_get_str(entry, "sign_public", ""));
	copy_head(key->curve, hp_map_get_str(entry, "curve_public", ""));
	key->revoked = hp_map_get_bool(entry, "revoked", false);
	key->agent = has_role(entry, "agent");
	key->executor = has_role(entry, "executor");
	size_t environments = hp_value_count(hp_map_get(entry, "environments"));
	key->bounded = key->executor ? environments == 1
				     : environments && hp_value_count(hp_map_get(entry, "operations"));
	key->generation = report->generation;
	key->gone = false;
	const char *what = !known || was.gone		      ? "enrolled"
			   : key->revoked && !was.revoked     ? "revoked"
			   : !key->revoked && was.revoked     ? "taken back into force"
			   : strcmp(key->sign, was.sign) != 0 ||
					     strcmp(key->curve, was.curve) != 0
				   ? "given another key"
				   : NULL;
	if (what)
		tell(report, tally, key, what);
}

/* The last set has ended with the log. */
static void
end_last_set(struct hp_report *report, struct hp_report_tally *tally)
{
	struct hp_report_event event = {.event = "principals", .actor = report->keys_by,
					.request = "", .seq = report->keys_seq,
					.wall_ms = report->keys_ms};
	if (!report->generation)
		return;
	report->now = &event;
	report->in_range = report->keys_ms >= report->from_ms && report->keys_ms < report->to_ms;
	tell_gone(report, tally);
	report->now = NULL;
}

void
hp_report_take_keys(struct hp_report *report, struct hp_report_tally *tally,
		    const struct hp_report_event *event)
{
	const struct hp_value *entries = hp_map_get(event->body, "principals");
	if (!report->keys)
		report->keys = calloc(BUCKETS, sizeof(struct hp_report_key *));
	if (!report->keys) {
		report->failed = true;
		return;
	}
	if (hp_map_get_int(event->body, "first", 0) == 0) {
		if (report->generation)
			tell_gone(report, tally);
		report->generation++;
	}
	for (size_t i = 0; i < hp_value_count(entries); i++)
		take_entry(report, tally, hp_array_get(entries, i));
	report->keys_seq = event->seq;
	report->keys_ms = event->wall_ms;
	snprintf(report->keys_by, sizeof report->keys_by, "%s", event->actor);
}

void
hp_report_finish_keys(struct hp_report *report, struct hp_report_tally *key_history)
{
	end_last_set(report, key_history);
	for (size_t i = 0; report->keys && i < BUCKETS; i++)
		for (struct hp_report_key *key = report->keys[i]; key; key = key->next) {
			if (key->gone || key->revoked || key->generation != report->generation)
				continue;
			report->agents += key->agent;
			report->agents_bounded += key->agent && key->bounded;
			report->executors += key->executor;
			report->executors_bounded += key->executor && key->bounded;
		}
}

void
hp_report_free_keys(struct hp_report *report)
{
	for (size_t i = 0; report->keys && i < BUCKETS; i++)
		while (report->keys[i]) {
			struct hp_report_key *next = report->keys[i]->next;
			free(report->keys[i]->name);
			free(report->keys[i]);
			report->keys[i] = next;
		}
	free(report->keys);
}
