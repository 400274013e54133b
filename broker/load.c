/*
 * load - the policy and the principals, read from the instance.
 *
 * A file that does not load leaves what was in force and says where it is broken. Principals that
 * load are taken even where the policy is not: a revocation must bite, also when it leaves too few
 * people for a quorum (then requests expire, which is a no). A policy that is new, or the first,
 * must be one whose quorums can be filled. What is taken has its leaves: the whole policy text, and
 * every entry, so that the log tells which rules and keys were in force when (trust.md).
 */
#include <stdio.h>
#include <string.h>

#include "broker/log.h"
#include "broker/outbox.h"
#include "broker/sockets.h"
#include "proto/file.h"
#include "proto/instance.h"

/* A leaf of principals is read in one message: it ends with the first of these. */
enum { PRINCIPALS_A_LEAF = 128, PRINCIPALS_A_LEAF_BYTES = 96 * 1024 };

/* Whether these bytes are the policy in force: compiling it anew would hold everybody up. */
static bool
is_in_force(const struct hp_broker *broker, const struct hp_buf *text)
{
	uint8_t version[HP_HASH_BYTES];
	const struct hp_str part = {hp_buf_text(text), text->len};
	hp_crypto_sha256(&part, 1, version);
	return broker->policy &&
	       memcmp(version, hp_policy_version(broker->policy), sizeof version) == 0;
}

/* What is in force stays so, also when a revocation leaves too few people for it. */
static void
warn_unfillable(const struct hp_broker *broker, const struct hp_directory *directory,
		const char *path)
{
	struct hp_error err = {0};
	if (hp_policy_check_quorums(broker->policy, directory, &err) == HP_OK)
		return;
	hp_instance_locate(&err, path);
	HP_LOG("warning", "quorum-unfillable", "reason", err.message, "effect",
	       "requests that need it will expire");
}

static enum hp_status
compile_policy(const struct hp_directory *directory, const struct hp_buf *text, const char *path,
	       struct hp_policy **ret_policy, struct hp_error *err)
{
	struct hp_policy *policy = NULL;
	enum hp_status status = hp_policy_load(hp_buf_text(text), text->len, &policy, err);
	if (status == HP_OK)
		status = hp_policy_check_quorums(policy, directory, err);
	if (status == HP_OK) {
		*ret_policy = policy;
		return HP_OK;
	}
	hp_instance_locate(err, path);
	hp_policy_free(policy);
	return status;
}

/* The policy file, compiled; *ret_policy stays NULL where it is the one in force. */
static enum hp_status
read_policy(struct hp_broker *broker, const struct hp_directory *directory,
	    struct hp_policy **ret_policy, struct hp_error *err)
{
	struct hp_buf text = {0};
	const char *path = hp_instance_path(&broker->arena, broker->home, "policy.yaml");
	enum hp_status status = path ? hp_file_read(path, &text, err) : HP_NOMEM;
	if (status == HP_OK && text.len > HP_LIMIT_POLICY_BYTES)
		status = hp_fail(err, HP_TOO_LARGE, "%s: a policy holds at most %u KiB", path,
				 HP_LIMIT_POLICY_BYTES / 1024);
	else if (status == HP_OK && is_in_force(broker, &text))
		warn_unfillable(broker, directory, path);
	else if (status == HP_OK)
		status = compile_policy(directory, &text, path, ret_policy, err);
	hp_buf_release(&text);
	return status;
}

static void
record_policy(struct hp_broker *broker, const char *actor)
{
	struct hp_arena *arena = &broker->arena;
	size_t len;
	const char *text = hp_policy_text(broker->policy, &len);
	struct hp_value *body = hp_value_map(arena);
	hp_map_set_bin(arena, body, "version", hp_policy_version(broker->policy), HP_HASH_BYTES);
	hp_map_set_bin(arena, body, "text", text, len); /* bin: any length, any bytes */
	hp_record(broker, "policy", actor, NULL, body, false);
	struct hp_value *event = hp_value_map(arena);
	hp_map_set_bin(arena, event, "version", hp_policy_version(broker->policy), HP_HASH_BYTES);
	hp_outbox_event(broker, "policy", event);
}

/* About what an entry takes in a leaf. */
static size_t
entry_bytes(const struct hp_principal *who)
{
	size_t bytes = 512 + HP_LIMIT_NAME_BYTES * (who->group_count + who->environment_count);
	for (size_t i = 0; i < who->operation_count; i++)
		bytes += strlen(who->operations[i]) + 2;
	for (size_t i = 0; i < who->agent_count; i++)
		bytes += strlen(who->agents[i]) + 2;
	return bytes;
}

static enum hp_status
check_entries(const struct hp_directory *directory, struct hp_error *err)
{
	for (size_t i = 0; i < hp_directory_count(directory); i++) {
		const struct hp_principal *who = hp_directory_at(directory, i);
		if (entry_bytes(who) > PRINCIPALS_A_LEAF_BYTES)
			return hp_fail(err, HP_TOO_LARGE,
				       "principal '%s' lists more than %d KiB of operations and agents",
				       who->name, PRINCIPALS_A_LEAF_BYTES / 1024);
	}
	return HP_OK;
}

/* The entries in leaves of a bounded size; the one whose `first` is 0 begins a new set. */
static void
record_principals(struct hp_broker *broker, const char *actor)
{
	struct hp_arena *arena = &broker->arena;
	size_t count = hp_directory_count(broker->directory);
	for (size_t i = 0; i < count;) {
		struct hp_value *body = hp_value_map(arena), *list = hp_value_array(arena);
		size_t first = i, bytes = 0;
		hp_map_set_int(arena, body, "first", (int64_t)first);
		do {
			const struct hp_principal *who = hp_directory_at(broker->directory, i);
			struct hp_value *entry = hp_principal_to_value(arena, who);
			hp_map_set_str(arena, entry, "name", who->name);
			hp_array_add(arena, list, entry);
			bytes += entry_bytes(who);
		} while (++i < count && i < first + PRINCIPALS_A_LEAF &&
			 bytes < PRINCIPALS_A_LEAF_BYTES);
		hp_map_set(arena, body, "principals", list);
		hp_record(broker, "principals", actor, NULL, body, false);
	}
}

/* Whether somebody who could read events before may not any more. */
static bool
lost_subscriber(const struct hp_directory *before, const struct hp_directory *after)
{
	const unsigned readers = HP_ROLE_REVIEWER | HP_ROLE_ADMIN | HP_ROLE_AUDITOR;
	for (size_t i = 0; before && i < hp_directory_count(before); i++) {
		const struct hp_principal *was = hp_directory_at(before, i);
		const struct hp_principal *is = hp_directory_by_key(after, was->curve_public);
		if ((was->roles & readers) && !was->revoked &&
		    (!is || is->revoked || !(is->roles & readers)))
			return true;
	}
	return false;
}

/* Puts new principals in force. */
static enum hp_status
take_principals(struct hp_broker *broker, struct hp_arena *take_memory,
		struct hp_directory *take_directory, const char *actor, struct hp_error *err)
{
	bool cut = lost_subscriber(broker->directory, take_directory);
	hp_directory_free(broker->directory);
	hp_arena_release(&broker->principals_arena);
	broker->directory = take_directory;
	broker->principals_arena = *take_memory;
	record_principals(broker, actor);
	if (!cut || broker->fatal)
		return HP_OK;
	struct hp_error why = {0};
	enum hp_status status = hp_sockets_reopen_events(broker, &why);
	if (status == HP_OK)
		return HP_OK;
	HP_LOG("error", "events-lost", "reason", why.message);
	broker->fatal = true; /* a start may bind it again; without it nobody hears of anything */
	return hp_fail(err, status, "%s", why.message);
}

enum hp_status
hp_broker_load(struct hp_broker *broker, const char *actor, struct hp_error *err)
{
	struct hp_arena memory = {0};
	struct hp_directory *directory = NULL;
	struct hp_policy *policy = NULL;
	struct hp_error why = {0}, policy_err = {0};
	enum hp_status status = hp_instance_principals(&memory, broker->home, &directory, &why);
	if (status == HP_OK)
		status = check_entries(directory, &why);
	if (status != HP_OK) {
		hp_directory_free(directory);
		hp_arena_release(&memory);
		return hp_fail(err, status, "%s%s", why.message,
			       broker->policy ? " (all that is in force stays)" : "");
	}
	enum hp_status policy_status = read_policy(broker, directory, &policy, &policy_err);
	if (policy_status != HP_OK && !broker->policy) { /* the first load: nothing to fall back on */
		hp_directory_free(directory);
		hp_arena_release(&memory);
		if (err)
			*err = policy_err;
		return policy_status;
	}
	status = take_principals(broker, &memory, directory, actor, err);
	if (policy) {
		hp_policy_free(broker->policy);
		broker->policy = policy;
	}
	if (policy_status == HP_OK && status == HP_OK)
		record_policy(broker, actor);
	if (broker->fatal)
		return status != HP_OK ? status : hp_fail(err, HP_IO, "cannot record the load");
	char count[24];
	snprintf(count, sizeof count, "%zu", hp_directory_count(directory));
	HP_LOG("info", "loaded", "by", actor, "principals", count, "policy",
	       policy_status == HP_OK ? "taken" : "kept");
	if (policy_status == HP_OK)
		return HP_OK;
	return hp_fail(err, policy_status, "%s (the policy in force stays; principals are taken)",
		       policy_err.message);
}
