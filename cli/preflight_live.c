/* Preflight's probes at the live broker: review, timeout, rollback, trial settings. */
#include <string.h>
#include <time.h>

#include "cli/fields.h"
#include "cli/preflight.h"
#include "core/lifecycle.h"
#include "core/text.h"

enum {
	CALL_MS = 10000,
	PROBE_S = 2,	      /* until a probe expires */
	LATE_MS = 15 * 1000, /* an expiry later than this is none */
	LOOKED_AT = 100,      /* gated requests of late */
};

const struct hp_value *
hp_live_call(struct hp_live *live, struct hp_client *client, struct hp_value *map,
	     enum hp_check check)
{
	struct hp_error err = {0};
	const struct hp_value *reply = NULL;
	enum hp_status status = hp_client_call(client, &live->cli->arena, map,
					       hp_cli_left_ms(live->cli, CALL_MS + LATE_MS), &reply,
					       &err);
	if (status == HP_OK)
		return reply;
	hp_preflight_say(live->report, check, HP_NOT_CHECKED, NULL, "the broker did not answer: %s",
			 err.message);
	return NULL;
}

bool
hp_live_refused(struct hp_live *live, const struct hp_value *reply, const char *type,
		enum hp_check check)
{
	struct hp_arena *arena = &live->cli->arena;
	if (hp_value_is(hp_map_get(reply, "type"), type))
		return false;
	hp_preflight_say(live->report, check, HP_NOT_CHECKED, NULL, "the broker says %s: %s",
			 hp_text_safe(arena, hp_map_get_str(reply, "code", "nothing"), 0),
			 hp_text_safe(arena, hp_map_get_str(reply, "message", ""), 0));
	return true;
}

/* ---- trial settings ---- */

void
hp_live_trial(struct hp_live *live)
{
	const struct hp_value *reply = hp_live_call(
		live, live->cli->client, hp_cli_message(live->cli, "stats"), HP_CHECK_TRIAL);
	if (!reply || hp_live_refused(live, reply, "stats", HP_CHECK_TRIAL))
		return;
	const struct hp_value *stats = hp_map_get(reply, "stats");
	if (hp_map_get_int(stats, "trial", 1))
		hp_preflight_say(live->report, HP_CHECK_TRIAL, HP_FAILED,
				 "take `trial` out of holdpoint.yaml and restart the broker",
				 "the broker says that it serves a trial instance");
	else
		hp_preflight_say(live->report, HP_CHECK_TRIAL, HP_PASSED, NULL,
				 "the broker says that this is no trial instance");
	if (hp_map_get_int(stats, "same_uid_allowed", 1))
		hp_preflight_say(live->report, HP_CHECK_REVIEW, HP_FAILED,
				 "take `same_uid` out of holdpoint.yaml and restart the broker",
				 "the broker counts votes from a user that also runs agents");
	else
		hp_preflight_say(live->report, HP_CHECK_REVIEW, HP_PASSED, NULL,
				 "the broker refuses votes from a user that also runs agents");
}

/* ---- one probe's life ---- */

static struct hp_value *
about(struct hp_live *live, const char *type)
{
	struct hp_value *map = hp_cli_message(live->cli, type);
	hp_map_set_str(&live->cli->arena, map, "id", live->id);
	return map;
}

static bool
ask(struct hp_live *live)
{
	struct hp_arena *arena = &live->cli->arena;
	struct hp_error err = {0};
	struct hp_value *map = NULL;
	if (hp_preflight_held(live->report, live->who, &map, &err) != HP_OK) {
		hp_preflight_say(live->report, HP_CHECK_TIMEOUT, HP_NOT_CHECKED, NULL, "%s",
				 err.message);
		return false;
	}
	const char *id = hp_fields_new_id(arena);
	hp_map_set_str(arena, map, "type", "submit");
	hp_map_set_str(arena, map, "id", id);
	hp_map_set_int(arena, map, "ttl_s", PROBE_S);
	const struct hp_value *reply = hp_live_call(live, live->prober, map, HP_CHECK_TIMEOUT);
	if (!reply || hp_live_refused(live, reply, "receipt", HP_CHECK_TIMEOUT))
		return false;
	live->id = id;
	if (hp_value_is(hp_map_get(reply, "state"), "pending"))
		return true;
	hp_preflight_say(live->report, HP_CHECK_TIMEOUT, HP_FAILED,
			 "reload, so that the broker judges by the policy that is here",
			 "a probe that this policy holds is %s at the broker",
			 hp_text_safe(arena, hp_map_get_str(reply, "state", "?"), 0));
	return false;
}

/* Its bytes as the broker shows them: the digest to vote on, and the policy that judged it. */
static bool
look(struct hp_live *live)
{
	struct hp_error err = {0};
	const struct hp_value *canonical = NULL;
	const struct hp_value *reply =
		hp_live_call(live, live->prober, about(live, "show"), HP_CHECK_TIMEOUT);
	if (!reply || hp_live_refused(live, reply, "request", HP_CHECK_TIMEOUT))
		return false;
	const struct hp_value *bytes = hp_map_get(reply, "canonical");
	if (!bytes || bytes->type != HP_BIN ||
	    hp_request_open_canonical(&live->cli->arena, bytes->str.p, bytes->str.len, &canonical,
				      &err) != HP_OK) {
		hp_preflight_say(live->report, HP_CHECK_TIMEOUT, HP_FAILED, NULL,
				 "the broker shows a probe that cannot be read: %s", err.message);
		return false;
	}
	hp_request_digest(bytes->str.p, bytes->str.len, live->digest);
	const uint8_t *version = hp_map_get_bin(canonical, "policy", HP_HASH_BYTES);
	if (version && memcmp(version, hp_policy_version(live->report->policy),
			      HP_HASH_BYTES) == 0)
		hp_preflight_say(live->report, HP_CHECK_DESTRUCTIVE, HP_PASSED, NULL,
				 "the broker judged a probe by the very policy that is judged here");
	else
		hp_preflight_say(live->report, HP_CHECK_DESTRUCTIVE, HP_FAILED,
				 "reload, and see why if it fails",
				 "the broker judges by another policy than the one here");
	return true;
}

static int64_t
wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Who asked votes for it: with the right signature, over the right bytes. */
static void
release_own(struct hp_live *live)
{
	struct hp_error err = {0};
	struct hp_value *map = NULL;
	enum hp_status status = hp_client_make_decide(
		&live->cli->arena, &live->key, live->cli->info.instance, live->id, live->digest,
		true, HP_PROBE_SUMMARY, wall_ms(), &map, &err);
	if (status != HP_OK) {
		hp_preflight_say(live->report, HP_CHECK_REVIEW, HP_NOT_CHECKED, NULL, "%s",
				 err.message);
		return;
	}
	const struct hp_value *reply = hp_live_call(live, live->prober, map, HP_CHECK_REVIEW);
	if (!reply)
		return;
	const char *code = hp_map_get_str(reply, "code", "");
	if (strcmp(code, "self_approval") == 0)
		hp_preflight_say(live->report, HP_CHECK_REVIEW, HP_PASSED, NULL,
				 "%s asked a probe and voted for it: the broker refused "
				 "(self_approval)",
				 live->who->name);
	else if (hp_value_is(hp_map_get(reply, "type"), "error"))
		hp_preflight_say(live->report, HP_CHECK_REVIEW, HP_NOT_CHECKED, NULL,
				 "%s voted for its own probe and was refused, but for another "
				 "reason: %s",
				 live->who->name, hp_text_safe(&live->cli->arena, code, 0));
	else
		hp_preflight_say(live->report, HP_CHECK_REVIEW, HP_FAILED, "halt, and report this",
				 "the broker took %s's vote for its own probe", live->who->name);
}

/* Whether it is still there to be claimed, once it is over. */
static void
claim_expired(struct hp_live *live)
{
	uint8_t nonce[16];
	struct hp_arena *arena = &live->cli->arena;
	struct hp_value *map = about(live, "claim");
	hp_crypto_random(nonce, sizeof nonce);
	hp_map_set_bin(arena, map, "nonce", nonce, sizeof nonce);
	hp_map_set_int(arena, map, "timeout_ms", 0);
	const struct hp_value *reply = hp_live_call(live, live->prober, map, HP_CHECK_TIMEOUT);
	if (!reply)
		return;
	if (hp_value_is(hp_map_get(reply, "type"), "error")) {
		hp_preflight_say(live->report, HP_CHECK_TIMEOUT, HP_PASSED, NULL,
				 "claiming it afterwards was refused (%s)",
				 hp_text_safe(arena, hp_map_get_str(reply, "code", ""), 0));
		return;
	}
	hp_preflight_say(live->report, HP_CHECK_TIMEOUT, HP_FAILED, "halt, and report this",
			 "a probe that expired could be claimed");
	map = about(live, "report");
	hp_map_set_str(arena, map, "result", "failed");
	(void)hp_live_call(live, live->prober, map, HP_CHECK_TIMEOUT);
}

static void
let_expire(struct hp_live *live)
{
	struct hp_arena *arena = &live->cli->arena;
	struct hp_value *map = about(live, "wait");
	int64_t start_ms = hp_cli_now_ms();
	hp_map_set_str(arena, map, "until", "decided");
	hp_map_set_int(arena, map, "timeout_ms", LATE_MS);
	const struct hp_value *reply = hp_live_call(live, live->prober, map, HP_CHECK_TIMEOUT);
	if (!reply || hp_live_refused(live, reply, "status", HP_CHECK_TIMEOUT))
		return;
	const char *state = hp_map_get_str(reply, "state", "?");
	int64_t took_ms = hp_cli_now_ms() - start_ms;
	if (strcmp(state, "expired") == 0) {
		hp_preflight_say(live->report, HP_CHECK_TIMEOUT, HP_PASSED, NULL,
				 "a probe that nobody answered was denied (expired) after %lld.%lld s",
				 (long long)(took_ms / 1000), (long long)(took_ms / 100 % 10));
		claim_expired(live);
	} else if (strcmp(state, "pending") == 0) {
		hp_preflight_say(live->report, HP_CHECK_TIMEOUT, HP_FAILED, "report this",
				 "a probe with a deadline of %d s still waits after %d s", PROBE_S,
				 LATE_MS / 1000);
	} else {
		hp_preflight_say(live->report, HP_CHECK_TIMEOUT, HP_NOT_CHECKED, NULL,
				 "somebody answered the probe in its two seconds: it is %s",
				 hp_text_safe(arena, state, 0));
	}
}

/* Nothing that was asked here is left behind; a refusal says that it is over already. */
static void
withdraw(struct hp_live *live)
{
	struct hp_error err = {0};
	const struct hp_value *reply = NULL;
	struct hp_value *map = about(live, "withdraw");
	hp_map_set_str(&live->cli->arena, map, "reason", HP_PROBE_SUMMARY);
	(void)!hp_client_call(live->prober, &live->cli->arena, map, CALL_MS, &reply, &err);
}

void
hp_live_probe(struct hp_live *live)
{
	if (!live->prober) {
		static const enum hp_check lost[] = {HP_CHECK_DESTRUCTIVE, HP_CHECK_REVIEW,
						     HP_CHECK_TIMEOUT};
		for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++)
			hp_preflight_say(live->report, lost[i], HP_NOT_CHECKED,
					 "give --probe, the key of an enrolled human",
					 "nobody here may ask the broker a probe");
		return;
	}
	bool over = false;
	if (ask(live) && look(live)) {
		release_own(live);
		let_expire(live);
		over = hp_preflight_result(live->report, HP_CHECK_TIMEOUT) == HP_PASSED;
	}
	if (live->id && !over)
		withdraw(live);
}

/* ---- rollback ---- */

struct gated {
	size_t seen, runnable;
};

static void
look_at(struct hp_live *live, const struct hp_value *item, struct gated *gated)
{
	struct hp_arena *arena = &live->cli->arena;
	const struct hp_value *canonical = NULL;
	struct hp_value *map = hp_cli_message(live->cli, "show");
	if (hp_value_is(hp_map_get(item, "summary"), HP_PROBE_SUMMARY))
		return;
	hp_map_set_str(arena, map, "id", hp_map_get_str(item, "id", ""));
	const struct hp_value *reply =
		hp_live_call(live, live->cli->client, map, HP_CHECK_ROLLBACK);
	const struct hp_value *bytes = hp_map_get(reply, "canonical");
	if (!bytes || bytes->type != HP_BIN ||
	    hp_request_open_canonical(arena, bytes->str.p, bytes->str.len, &canonical, NULL) !=
		    HP_OK)
		return;
	const struct hp_value *rollback = hp_map_get(canonical, "rollback");
	gated->seen++;
	gated->runnable += hp_map_get(rollback, "operation") || hp_map_get(rollback, "command");
}

/* How many requests are in this state, up to one page; -1: not told. */
static int64_t
count_in(struct hp_live *live, const char *state)
{
	struct hp_value *map = hp_cli_message(live->cli, "list");
	hp_map_set_str(&live->cli->arena, map, "state", state);
	hp_map_set_int(&live->cli->arena, map, "limit", LOOKED_AT);
	const struct hp_value *reply =
		hp_live_call(live, live->cli->client, map, HP_CHECK_ROLLBACK);
	return reply ? (int64_t)hp_value_count(hp_map_get(reply, "items")) : -1;
}

static void
tell_runs(struct hp_live *live)
{
	int64_t back = count_in(live, "rolled_back"), failed = count_in(live, "rollback_failed");
	if (failed > 0)
		hp_preflight_say(live->report, HP_CHECK_ROLLBACK, HP_WARNED,
				 "look at what `list --state rollback_failed` shows",
				 "%lld rollbacks failed", (long long)failed);
	if (back > 0)
		hp_preflight_say(live->report, HP_CHECK_ROLLBACK, HP_PASSED, NULL,
				 "%lld actions that failed were rolled back by their executors",
				 (long long)back);
	else
		hp_preflight_say(live->report, HP_CHECK_ROLLBACK, HP_NOT_CHECKED, NULL,
				 "no executor has rolled anything back yet, and a probe never runs "
				 "anything");
}

void
hp_live_rollback(struct hp_live *live)
{
	struct gated gated = {0};
	struct hp_value *map = hp_cli_message(live->cli, "list");
	hp_map_set_str(&live->cli->arena, map, "tier", hp_preflight_gated(live->report->policy));
	hp_map_set_int(&live->cli->arena, map, "limit", LOOKED_AT);
	const struct hp_value *reply =
		hp_live_call(live, live->cli->client, map, HP_CHECK_ROLLBACK);
	if (!reply || hp_live_refused(live, reply, "requests", HP_CHECK_ROLLBACK))
		return;
	const struct hp_value *items = hp_map_get(reply, "items");
	for (size_t i = 0; i < hp_value_count(items); i++)
		look_at(live, hp_array_get(items, i), &gated);
	if (!gated.seen)
		hp_preflight_say(live->report, HP_CHECK_ROLLBACK, HP_NOT_CHECKED, NULL,
				 "no gated request yet that could say how it is undone");
	else if (gated.runnable * 2 < gated.seen)
		hp_preflight_say(live->report, HP_CHECK_ROLLBACK, HP_WARNED,
				 "set agent_constraints.context.rollback to require",
				 "only %zu of the latest %zu gated requests bring a rollback that "
				 "can be run",
				 gated.runnable, gated.seen);
	else
		hp_preflight_say(live->report, HP_CHECK_ROLLBACK, HP_PASSED, NULL,
				 "%zu of the latest %zu gated requests bring a rollback that can be "
				 "run",
				 gated.runnable, gated.seen);
	tell_runs(live);
}
