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

enum { PRINCIPALS_A_LEAF = 128 }; /* an entry is about 400 bytes: well within one message */

static bool
is_in_force(const struct hp_broker *broker, const struct hp_policy *policy)
{
	return broker->policy && memcmp(hp_policy_version(policy), hp_policy_version(broker->policy),
					HP_HASH_BYTES) == 0;
}

static enum hp_status
read_text(struct hp_broker *broker, const struct hp_directory *directory,
	  const struct hp_buf *text, const char *path, struct hp_policy **ret_policy,
	  struct hp_error *err)
{
	enum hp_status status = hp_policy_load(hp_buf_text(text), text->len, ret_policy, err);
	if (status == HP_OK)
		status = hp_policy_check_quorums(*ret_policy, directory, err);
	if (status == HP_OK)
		return HP_OK;
	hp_instance_locate(err, path);
	if (!*ret_policy || !is_in_force(broker, *ret_policy))
		return status;
	HP_LOG("warning", "quorum-unfillable", "reason", err->message, "effect",
	       "requests that need it will expire");
	return HP_OK;
}

/* The policy file, compiled. */
static enum hp_status
read_policy(struct hp_broker *broker, const struct hp_directory *directory,
	    struct hp_policy **ret_policy, struct hp_error *err)
{
	struct hp_buf text = {0};
	struct hp_policy *policy = NULL;
	const char *path = hp_instance_path(&broker->arena, broker->home, "policy.yaml");
	enum hp_status status = path ? hp_file_read(path, &text, err) : HP_NOMEM;
	if (status == HP_OK && text.len > HP_LIMIT_POLICY_BYTES)
		status = hp_fail(err, HP_TOO_LARGE, "%s: a policy holds at most %u KiB", path,
				 HP_LIMIT_POLICY_BYTES / 1024);
	else if (status == HP_OK)
		status = read_text(broker, directory, &text, path, &policy, err);
	hp_buf_release(&text);
	if (status == HP_OK)
		*ret_policy = policy;
	else
		hp_policy_free(policy);
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

/* The entries in leaves of a bounded size; the one whose `first` is 0 begins a new set. */
static void
record_principals(struct hp_broker *broker, const char *actor)
{
	struct hp_arena *arena = &broker->arena;
	size_t count = hp_directory_count(broker->directory);
	for (size_t first = 0; first < count; first += PRINCIPALS_A_LEAF) {
		struct hp_value *body = hp_value_map(arena), *list = hp_value_array(arena);
		for (size_t i = first; i < count && i < first + PRINCIPALS_A_LEAF; i++) {
			const struct hp_principal *who = hp_directory_at(broker->directory, i);
			struct hp_value *entry = hp_principal_to_value(arena, who);
			hp_map_set_str(arena, entry, "name", who->name);
			hp_array_add(arena, list, entry);
		}
		hp_map_set_int(arena, body, "first", (int64_t)first);
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
	enum hp_status status = hp_sockets_reopen_events(broker, err);
	if (status != HP_OK)
		broker->fatal = true; /* a revoked reader must not go on reading */
	return status;
}

enum hp_status
hp_broker_load(struct hp_broker *broker, const char *actor, struct hp_error *err)
{
	struct hp_arena memory = {0};
	struct hp_directory *directory = NULL;
	struct hp_policy *policy = NULL;
	struct hp_error why = {0}, policy_err = {0};
	enum hp_status status = hp_instance_principals(&memory, broker->home, &directory, &why);
	if (status != HP_OK) {
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
	if (policy_status == HP_OK && status == HP_OK) {
		hp_policy_free(broker->policy);
		broker->policy = policy;
		record_policy(broker, actor);
	} else {
		hp_policy_free(policy);
	}
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
