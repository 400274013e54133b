/*
 * A request's life in the broker, at times that the test sets: timers before messages, two clocks,
 * a clock that goes backwards. Handlers are called as the loop calls them, without sockets.
 * Numbers in names are the invariants of core/lifecycle.h.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/outbox.h"
#include "core/vote.h"

enum { MINUTE = 60 * 1000 };

static char home[128];
static struct hp_broker *broker;

/*
 * Few classes, since those of the shipped default are slow to compile, and room for more than it
 * lets one agent's chain grow. The rest is the shipped default.
 */
static const char policy[] =
	"classes: [{name: read, match: [\"*:List*\"]}, {name: minor_update, match: []}, "
	"{name: patch, match: []}, {name: create, match: [\"*:Create*\"]}, "
	"{name: modify_data, match: []}, {name: bulk_modify, match: []}, "
	"{name: delete, match: [\"*:Delete*\"]}, {name: create_environment, match: []}, "
	"{name: delete_environment, match: []}]\n"
	"agent_constraints: {change_magnitude: {hard_max_resources_affected: 50000}, "
	"destructive_actions: []}\n"
	"gateway: {redaction: {rules: []}}\n";

static void
setup(void)
{
	char command[512];
	struct hp_error err = {0};
	const char *build = getenv("HP_BUILDDIR");
	snprintf(home, sizeof home, "/tmp/hp-life-%ld", (long)getpid());
	snprintf(command, sizeof command, "%s/holdpoint init %s >/dev/null", build ? build : ".",
		 home);
	cr_assert_eq(system(command), 0, "%s", command);
	snprintf(command, sizeof command, "%s/policy.yaml", home);
	FILE *file = fopen(command, "w");
	cr_assert_not_null(file, "%s", command);
	cr_assert_neq(fputs(policy, file), EOF);
	cr_assert_eq(fclose(file), 0);
	cr_assert_eq(hp_broker_open(home, false, &broker, &err), HP_OK, "%s", err.message);
}

static void
teardown(void)
{
	char command[512];
	hp_broker_close(broker);
	snprintf(command, sizeof command, "rm -rf %s", home);
	cr_assert_eq(system(command), 0);
}

static void
advance(int64_t wall_ms, int64_t boottime_ms)
{
	broker->clock.wall_ms += wall_ms;
	broker->clock.boottime_ms += boottime_ms;
}

/* One turn in which `who` sends `map`: timers, the message, commit. The reply, in the turn's arena. */
static const struct hp_value *
turn(enum hp_message type, const char *who, struct hp_value *map, hp_handler *handler)
{
	struct hp_envelope envelope = {0};
	struct hp_call call = {
		.broker = broker,
		.who = hp_directory_by_name(broker->directory, who),
		.door = HP_DOOR_CONTROL,
		.uid = -1,
		.type = type,
		.map = map,
		.envelope = &envelope,
	};
	broker->frozen = broker->clock.wall_ms < hp_audit_last_wall_ms(broker->audit);
	cr_assert_eq(hp_store_begin(broker->store), HP_OK);
	hp_timers_run(broker);
	const struct hp_value *reply = handler ? handler(&call) : NULL;
	cr_assert_not(broker->fatal);
	cr_assert_eq(hp_store_commit(broker->store), HP_OK);
	hp_audit_committed(broker->audit);
	return reply;
}

static const char *
code_of(const struct hp_value *reply)
{
	return hp_map_get_str(reply, "code", "ok");
}

/* A held creation in production, submitted now. */
static const struct hp_value *
submit(const char *id, int64_t ttl_s)
{
	struct hp_arena *a = &broker->arena;
	struct hp_value *map = hp_value_map(a), *action = hp_value_map(a);
	struct hp_value *impact = hp_value_map(a), *resources = hp_value_array(a);
	hp_map_set_str(a, action, "operation", "rds:CreateDBInstanceReadReplica");
	hp_map_set_str(a, action, "environment", "production");
	hp_array_add(a, resources, hp_value_str(a, "orders-ro"));
	hp_map_set(a, action, "resources", resources);
	hp_map_set_str(a, action, "audience", "executor");
	hp_map_set_int(a, impact, "resources_affected", 1);
	hp_map_set_bool(a, impact, "reversible", true);
	hp_map_set_str(a, map, "id", id);
	hp_map_set(a, map, "action", action);
	hp_map_set_str(a, map, "summary", "Add a read replica");
	hp_map_set_str(a, map, "why", "reports slow down the primary");
	hp_map_set(a, map, "impact", impact);
	hp_map_set(a, map, "alternatives", hp_value_array(a));
	hp_map_set(a, map, "rollback", hp_value_nil(a));
	hp_map_set_str(a, map, "session", "s");
	if (ttl_s)
		hp_map_set_int(a, map, "ttl_s", ttl_s);
	return turn(HP_MSG_submit, "demo-agent-supervised", map, hp_handle_submit);
}

static const struct hp_value *
show(const char *id)
{
	struct hp_value *map = hp_value_map(&broker->arena);
	hp_map_set_str(&broker->arena, map, "id", id);
	return turn(HP_MSG_show, "reviewer", map, hp_handle_show);
}

static const char *
state_of(const char *id)
{
	return hp_map_get_str(show(id), "state", "?");
}

static const struct hp_value *
decide(const char *who, const char *id, const uint8_t digest[32], bool approve)
{
	struct hp_arena *a = &broker->arena;
	struct hp_keyfile key;
	char path[256];
	snprintf(path, sizeof path, "%s/keys/%s.key", home, who);
	cr_assert_eq(hp_keyfile_read(path, NULL, NULL, &key, NULL), HP_OK);
	struct hp_vote vote = {
		.instance = broker->config.instance, .request = id, .digest = digest,
		.approve = approve, .reason = "because", .by = who,
		.at_ms = broker->clock.wall_ms,
	};
	uint8_t signature[HP_SIGNATURE_BYTES];
	cr_assert_eq(hp_vote_sign(&vote, key.sign_secret, signature), HP_OK);
	hp_keyfile_release(&key);
	struct hp_value *map = hp_value_map(a);
	hp_map_set_str(a, map, "id", id);
	hp_map_set_bin(a, map, "digest", digest, 32);
	hp_map_set_str(a, map, "decision", approve ? "approve" : "deny");
	hp_map_set_str(a, map, "reason", vote.reason);
	hp_map_set_int(a, map, "at_ms", vote.at_ms);
	hp_map_set_bin(a, map, "signature", signature, sizeof signature);
	return turn(HP_MSG_decide, who, map, hp_handle_decide);
}

static const struct hp_value *
claim(const char *id, int64_t lease_s)
{
	static uint8_t nonce[16];
	struct hp_arena *a = &broker->arena;
	struct hp_value *map = hp_value_map(a);
	nonce[0]++;
	hp_map_set_str(a, map, "id", id);
	hp_map_set_bin(a, map, "nonce", nonce, sizeof nonce);
	hp_map_set_int(a, map, "timeout_ms", 0);
	if (lease_s)
		hp_map_set_int(a, map, "lease_s", lease_s);
	return turn(HP_MSG_claim, "executor", map, hp_handle_claim);
}

static const struct hp_value *
progress(const char *id)
{
	struct hp_value *map = hp_value_map(&broker->arena);
	hp_map_set_str(&broker->arena, map, "id", id);
	return turn(HP_MSG_progress, "executor", map, hp_handle_progress);
}

/* A task for the session "s" of the agent that asks, open for an hour. */
static const struct hp_value *
open_task(const char *operation)
{
	struct hp_arena *a = &broker->arena;
	struct hp_value *map = hp_value_map(a), *any = hp_value_array(a), *one = hp_value_array(a);
	hp_array_add(a, one, hp_value_str(a, operation));
	hp_array_add(a, any, hp_value_str(a, "*"));
	hp_map_set_str(a, map, "agent", "demo-agent-supervised");
	hp_map_set_str(a, map, "session", "s");
	hp_map_set(a, map, "operations", one);
	hp_map_set(a, map, "resources", any);
	hp_map_set_str(a, map, "environment", "*");
	hp_map_set_int(a, map, "for_s", 3600);
	hp_map_set_str(a, map, "reason", "because");
	return turn(HP_MSG_task, "developer", map, hp_handle_task);
}

static const char id[] = "01936f2a-7c00-7000-8000-000000000001";

TestSuite(life, .init = setup, .fini = teardown);

/* The digest of the request under test, kept out of the turn's arena. */
static const uint8_t *
digest_of(const struct hp_value *receipt)
{
	static uint8_t digest[32];
	cr_assert_str_eq(hp_map_get_str(receipt, "state", ""), "pending", "%s",
			 hp_map_get_str(receipt, "message", ""));
	memcpy(digest, hp_map_get_bin(receipt, "digest", 32), 32);
	return digest;
}

Test(life, i2_a_vote_in_the_turn_of_its_deadline_loses)
{
	const uint8_t *digest = digest_of(submit(id, 60));
	advance(MINUTE, MINUTE);
	cr_assert_str_eq(code_of(decide("reviewer", id, digest, true)), "expired");
	cr_assert_str_eq(state_of(id), "expired");
}

Test(life, i2_a_vote_a_millisecond_earlier_wins)
{
	const uint8_t *digest = digest_of(submit(id, 60));
	advance(MINUTE - 1, MINUTE - 1);
	cr_assert_str_eq(code_of(decide("reviewer", id, digest, true)), "ok");
	cr_assert_str_eq(state_of(id), "granted");
}

Test(life, i2_a_vote_loses_also_when_more_is_due_than_one_turn_moves)
{
	enum { MANY = 600 };
	char last[sizeof id];
	uint8_t digest[32];
	for (int i = 0; i < MANY; i++) {
		snprintf(last, sizeof last, "%.28s%08x", id, i);
		memcpy(digest, digest_of(submit(last, 60)), sizeof digest);
	}
	advance(MINUTE, MINUTE);
	cr_assert_str_eq(code_of(decide("reviewer", last, digest, true)), "expired");
	cr_assert_str_eq(state_of(last), "expired");
}

Test(life, i2_either_clock_denies)
{
	digest_of(submit(id, 60));
	advance(0, MINUTE); /* the wall clock was stopped or set back in between */
	cr_assert_str_eq(state_of(id), "expired");
}

Test(life, i2_the_wall_clock_alone_denies)
{
	digest_of(submit(id, 60));
	advance(MINUTE, 0);
	cr_assert_str_eq(state_of(id), "expired");
}

Test(life, i2_after_a_reboot_only_the_wall_clock_counts)
{
	digest_of(submit(id, 60));
	broker->clock.boot_id[0] ^= 1;
	broker->clock.boottime_ms += 1000 * (int64_t)MINUTE;
	advance(MINUTE - 1, 0);
	cr_assert_str_eq(state_of(id), "pending");
	advance(1, 0);
	cr_assert_str_eq(state_of(id), "expired");
}

/* Puts the reviewer into these groups only, as a reload does. */
static void
regroup(const char *groups)
{
	char command[512];
	struct hp_error err = {0};
	snprintf(command, sizeof command,
		 "sed -i 's/^groups: .*/groups: [%s]/' %s/principals.d/reviewer.yaml", groups, home);
	cr_assert_eq(system(command), 0);
	cr_assert_eq(hp_store_begin(broker->store), HP_OK);
	cr_assert_eq(hp_broker_load(broker, "broker", &err), HP_OK, "%s", err.message);
	cr_assert_eq(hp_store_commit(broker->store), HP_OK);
	hp_audit_committed(broker->audit);
}

Test(life, i12_a_clock_put_forward_widens_no_rule)
{
	regroup("leads"); /* who may vote after ten minutes */
	const uint8_t *digest = digest_of(submit(id, 0));
	advance(10 * MINUTE, MINUTE);
	cr_assert_str_eq(code_of(decide("reviewer", id, digest, true)), "not_eligible");
	advance(0, 9 * MINUTE - 1);
	cr_assert_str_eq(code_of(decide("reviewer", id, digest, true)), "not_eligible");
	advance(0, 1);
	cr_assert_str_eq(code_of(decide("reviewer", id, digest, true)), "ok");
	cr_assert_str_eq(state_of(id), "granted");
}

Test(life, i12_a_vote_of_who_left_the_group_fills_no_place_at_the_claim)
{
	const uint8_t *digest = digest_of(submit(id, 0));
	decide("reviewer", id, digest, true);
	regroup("dba");
	cr_assert_str_eq(code_of(claim(id, 0)), "conflict");
	cr_assert_str_eq(state_of(id), "lapsed");
}

Test(life, i1_a_clock_gone_backwards_freezes_grants_but_not_denials)
{
	const uint8_t *digest = digest_of(submit(id, 0));
	advance(-1000, 0);
	cr_assert_str_eq(code_of(decide("reviewer", id, digest, true)), "unavailable");
	/* The refusal's own leaf is older than the latest: only a real catch-up thaws. */
	cr_assert_str_eq(code_of(decide("reviewer", id, digest, true)), "unavailable");
	cr_assert_str_eq(code_of(decide("reviewer", id, digest, false)), "ok");
	cr_assert_str_eq(state_of(id), "denied");
}

Test(life, i4_a_frozen_clock_lets_nothing_be_claimed)
{
	const uint8_t *digest = digest_of(submit(id, 0));
	decide("reviewer", id, digest, true);
	advance(-1000, 0);
	cr_assert_str_eq(code_of(claim(id, 0)), "unavailable");
	advance(1000, 0);
	cr_assert_str_eq(code_of(claim(id, 0)), "ok");
}

Test(life, a_grant_that_nobody_claims_lapses)
{
	const uint8_t *digest = digest_of(submit(id, 0));
	decide("reviewer", id, digest, true);
	advance(30 * MINUTE, 30 * MINUTE);
	cr_assert_str_eq(state_of(id), "lapsed");
	cr_assert_str_eq(code_of(claim(id, 0)), "final");
}

Test(life, i3_a_deny_takes_an_approval_back)
{
	const uint8_t *digest = digest_of(submit(id, 0));
	decide("reviewer", id, digest, true);
	cr_assert_str_eq(code_of(decide("reviewer", id, digest, false)), "ok");
	cr_assert_str_eq(state_of(id), "denied");
	cr_assert_str_eq(code_of(claim(id, 0)), "final");
}

Test(life, i11_a_lease_ends_without_progress)
{
	const uint8_t *digest = digest_of(submit(id, 0));
	decide("reviewer", id, digest, true);
	cr_assert_str_eq(code_of(claim(id, 10)), "ok");
	advance(9999, 9999);
	cr_assert_str_eq(code_of(progress(id)), "ok");
	advance(9999, 9999);
	cr_assert_str_eq(state_of(id), "executing");
	advance(1, 1);
	cr_assert_str_eq(state_of(id), "unknown");
	cr_assert_str_eq(code_of(progress(id)), "conflict");
}

Test(life, i11_progress_renews_no_further_than_lease_max)
{
	const uint8_t *digest = digest_of(submit(id, 0));
	decide("reviewer", id, digest, true);
	cr_assert_str_eq(code_of(claim(id, 1800)), "ok");
	for (int i = 0; i < 2; i++) { /* the shipped lease_max is an hour */
		advance(29 * MINUTE, 29 * MINUTE);
		cr_assert_str_eq(code_of(progress(id)), "ok");
	}
	advance(2 * MINUTE, 2 * MINUTE);
	cr_assert_str_eq(state_of(id), "unknown");
}

Test(life, an_extension_has_its_limits)
{
	digest_of(submit(id, 60));
	for (int i = 0; i < 3; i++) {
		struct hp_value *map = hp_value_map(&broker->arena);
		hp_map_set_str(&broker->arena, map, "id", id);
		hp_map_set_int(&broker->arena, map, "by_ms", 15 * MINUTE);
		hp_map_set_str(&broker->arena, map, "reason", "looking");
		cr_assert_str_eq(code_of(turn(HP_MSG_extend, "reviewer", map, hp_handle_extend)),
				 i < 2 ? "ok" : "conflict");
	}
	struct hp_value *map = hp_value_map(&broker->arena);
	hp_map_set_str(&broker->arena, map, "id", id);
	hp_map_set_int(&broker->arena, map, "by_ms", 15 * MINUTE + 1);
	hp_map_set_str(&broker->arena, map, "reason", "looking");
	cr_assert_str_eq(code_of(turn(HP_MSG_extend, "reviewer", map, hp_handle_extend)), "conflict");
	advance(31 * MINUTE - 1, 31 * MINUTE - 1);
	cr_assert_str_eq(state_of(id), "pending");
	advance(1, 1);
	cr_assert_str_eq(state_of(id), "expired");
}

Test(life, a_ttl_longer_than_the_policys_longest_is_cut)
{
	const struct hp_value *receipt = submit(id, 7 * 24 * 3600);
	int64_t left_ms = hp_map_get_int(receipt, "deadline_ms", 0) - broker->clock.wall_ms;
	cr_assert_eq(left_ms, 4 * 60 * (int64_t)MINUTE);
}

Test(life, i11_a_late_report_and_progress_come_after_the_lease)
{
	const uint8_t *digest = digest_of(submit(id, 0));
	decide("reviewer", id, digest, true);
	claim(id, 10);
	advance(10 * 1000, 10 * 1000);
	struct hp_value *map = hp_value_map(&broker->arena);
	hp_map_set_str(&broker->arena, map, "id", id);
	hp_map_set_str(&broker->arena, map, "result", "succeeded");
	cr_assert_str_eq(code_of(turn(HP_MSG_report, "executor", map, hp_handle_report)),
			 "conflict");
	cr_assert_str_eq(state_of(id), "unknown");
}

Test(life, i8_a_restart_loses_nothing)
{
	struct hp_error err = {0};
	const uint8_t *digest = digest_of(submit(id, 0));
	decide("reviewer", id, digest, true);
	hp_broker_close(broker);
	cr_assert_eq(hp_broker_open(home, false, &broker, &err), HP_OK, "%s", err.message);
	cr_assert_str_eq(state_of(id), "granted");
	cr_assert_str_eq(code_of(claim(id, 0)), "ok");
}


Test(life, a_rebase_believes_the_clock_again)
{
	struct hp_error err = {0};
	uint64_t size = 0;
	advance(24 * 60 * (int64_t)MINUTE, 0); /* a clock a day ahead leaves its leaf behind */
	submit(id, 0);
	hp_broker_close(broker);
	cr_assert_eq(hp_broker_open(home, false, &broker, &err), HP_OK, "%s", err.message);
	cr_assert(broker->frozen);
	hp_broker_close(broker);
	cr_assert_eq(hp_broker_rebase(home, "the clock was wrong", &size, &err), HP_OK, "%s",
		     err.message);
	cr_assert_eq(hp_broker_open(home, false, &broker, &err), HP_OK, "%s", err.message);
	cr_assert_not(broker->frozen);
	cr_assert_gt(hp_audit_size(broker->audit), size);
}

/* A task ends by either clock, and then nothing is in its scope. */
Test(life, a_task_ends_by_either_clock)
{
	static const struct {
		int64_t wall_ms, boottime_ms;
		const char *state;
	} cases[] = {
		{60 * MINUTE - 1, 60 * MINUTE - 1, "pending"},
		{60 * MINUTE, 0, "blocked"},
		{0, 60 * MINUTE, "blocked"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char asked[sizeof id];
		memcpy(asked, id, sizeof id);
		asked[sizeof id - 2] = (char)('2' + i);
		cr_assert_str_eq(code_of(open_task("rds:*")), "ok");
		cr_assert_str_eq(code_of(open_task("*")), "conflict", "a session has one");
		advance(cases[i].wall_ms, cases[i].boottime_ms);
		const struct hp_value *receipt = submit(asked, 0);
		cr_assert_str_eq(hp_map_get_str(receipt, "state", ""), cases[i].state,
				 "case %zu: %s", i, hp_map_get_str(receipt, "message", ""));
		advance(60 * MINUTE, 60 * MINUTE); /* over by now in any case */
	}
}

Test(life, a_clock_that_goes_backwards_opens_no_task)
{
	submit(id, 0);
	advance(-1000, 0);
	cr_assert_str_eq(code_of(open_task("*")), "unavailable");
}
