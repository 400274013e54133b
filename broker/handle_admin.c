/*
 * handle_admin - the broker about itself and its log: hello, ping, stats, reload, audit, checkpoint,
 * proof.
 */
#include <string.h>

#include "broker/anchor.h"
#include "broker/log.h"
#include "broker/outbox.h"
#include "broker/reply.h"

struct hp_value *
hp_handle_hello(struct hp_call *call)
{
	static const enum hp_role all[] = {HP_ROLE_AGENT,    HP_ROLE_HUMAN, HP_ROLE_REVIEWER,
					   HP_ROLE_GATEWAY,  HP_ROLE_EXECUTOR,
					   HP_ROLE_ADMIN,    HP_ROLE_AUDITOR};
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	const struct hp_principal *asks = call->who;
	struct hp_value *refusal;
	if (hp_map_get(call->map, "for") && !(asks = hp_find_requester(call, &refusal)))
		return refusal;
	struct hp_value *reply = hp_reply_new(broker, "welcome"), *roles = hp_value_array(arena);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (call->who->roles & all[i])
			hp_array_add(arena, roles, hp_value_str(arena, hp_role_name(all[i])));
	hp_map_set_str(arena, reply, "broker", "holdpointd");
	hp_map_set_str(arena, reply, "version", HP_VERSION);
	hp_map_set_str(arena, reply, "instance", broker->config.instance);
	hp_map_set_str(arena, reply, "principal", call->who->name);
	hp_map_set(arena, reply, "roles", roles);
	if (*call->who->person)
		hp_map_set_str(arena, reply, "person", call->who->person);
	hp_map_set_int(arena, reply, "now_ms", broker->clock.wall_ms);
	const char *session = hp_map_get_str(call->map, "session", "");
	hp_map_set_bool(arena, reply, "halted", hp_halted(broker, asks->name, session));
	return broker->fatal ? NULL : reply;
}

struct hp_value *
hp_handle_ping(struct hp_call *call)
{
	struct hp_value *reply = hp_reply_new(call->broker, "pong");
	hp_map_set_int(&call->broker->arena, reply, "now_ms", call->broker->clock.wall_ms);
	return reply;
}

struct hp_value *
hp_handle_stats(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	const struct hp_counters *n = &broker->counters;
	int64_t states[HP_STATE_COUNT] = {0};
	struct hp_stored_halt *halts = NULL;
	size_t halt_count = 0;
	if (hp_store_count_states(broker->store, states) != HP_OK ||
	    hp_store_halts(broker->store, arena, &halts, &halt_count) != HP_OK)
		return hp_store_failed(broker, "counting");
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"messages_total", n->messages},
		{"refusals_total", n->refusals},
		{"submits_total", n->submits},
		{"votes_total", n->votes},
		{"claims_total", n->claims},
		{"turns_total", n->turns},
		{"commits_total", n->commits},
		{"events_total", n->events},
		{"handshakes_refused_total", n->handshakes_refused},
		{"erasures_total", n->erasures},
		{"erasures_unfinished", broker->erased_wal},
		{"leaves", hp_audit_size(broker->audit)},
		{"halts", halt_count},
		{"principals", hp_directory_count(broker->directory)},
		{"clock_frozen", broker->frozen},
		{"disk_low", broker->disk.low},
		{"trial", broker->config.trial},
		{"same_uid_allowed", broker->config.same_uid_allow},
		{"anchors", hp_anchors_count(broker->anchors)},
		{"anchors_failing", hp_anchors_failing(broker->anchors)},
		{"anchored_ms", (uint64_t)hp_anchors_written_ms(broker->anchors)},
	};
	struct hp_value *reply = hp_reply_new(broker, "stats"), *stats = hp_value_map(arena);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		hp_map_set(arena, stats, rows[i].name, hp_value_uint(arena, rows[i].value));
	for (int state = 0; state < HP_STATE_COUNT; state++)
		hp_map_set_int(arena, stats,
			       hp_arena_printf(arena, "requests_%s",
					       hp_state_name((enum hp_state)state)),
			       states[state]);
	hp_map_set(arena, reply, "stats", stats);
	return reply;
}

struct hp_value *
hp_handle_reload(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	struct hp_error err = {0};
	/* The caller's entry lives in the directory that this may replace: from here on it is looked
	 * up anew by name, or gone. */
	struct hp_principal caller = {.name = hp_arena_strdup(arena, call->who->name)};
	enum hp_status status = hp_broker_load(broker, caller.name, &err);
	if (broker->fatal || !caller.name)
		return NULL;
	if (status != HP_OK) {
		HP_LOG("error", "reload", "by", caller.name, "reason", err.message);
		struct hp_call again = *call;
		again.who = &caller;
		return hp_refuse(&again, HP_CODE_malformed, NULL, "%s", err.message);
	}
	struct hp_value *reply = hp_reply_new(broker, "reloaded");
	hp_map_set_bin(arena, reply, "policy", hp_policy_version(broker->policy), HP_HASH_BYTES);
	hp_map_set_int(arena, reply, "principals",
		       (int64_t)hp_directory_count(broker->directory));
	return reply;
}

static struct hp_value *
entry_of(struct hp_arena *arena, const struct hp_stored_leaf *leaf)
{
	struct hp_value *entry = hp_value_map(arena);
	hp_map_set(arena, entry, "seq", hp_value_uint(arena, leaf->seq));
	hp_map_set_bin(arena, entry, "leaf", leaf->leaf.p, leaf->leaf.len);
	if (leaf->body.p)
		hp_map_set_bin(arena, entry, "body", leaf->body.p, leaf->body.len);
	if (leaf->salt.p)
		hp_map_set_bin(arena, entry, "salt", leaf->salt.p, leaf->salt.len);
	return entry;
}

struct hp_value *
hp_handle_audit(struct hp_call *call)
{
	enum { AT_ONCE = 16, ENTRY_BYTES = 128 };
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	uint64_t from = (uint64_t)hp_map_get_int(call->map, "from", 0);
	size_t limit = (size_t)hp_map_get_int(call->map, "limit", HP_LIMIT_AUDIT_ITEMS);
	struct hp_value *reply = hp_reply_new(broker, "entries"), *list = hp_value_array(arena);
	size_t bytes = ENTRY_BYTES, given = 0, count = AT_ONCE;
	/* Few at once: bodies may be large. A reply ends before it grows past a message; its first
	 * entry is always given, or a reader could not get past it. */
	while (given < limit && count == AT_ONCE) {
		struct hp_stored_leaf *leaves = NULL;
		if (hp_store_leaves(broker->store, arena, from + given, AT_ONCE, &leaves, &count) !=
		    HP_OK)
			return hp_store_failed(broker, "reading the log");
		for (size_t i = 0; i < count && given < limit; i++) {
			bytes += leaves[i].leaf.len + leaves[i].body.len + ENTRY_BYTES;
			if (given && bytes > HP_LIMIT_MESSAGE_BYTES)
				goto out;
			hp_array_add(arena, list, entry_of(arena, &leaves[i]));
			given++;
		}
	}
out:
	hp_map_set(arena, reply, "entries", list);
	return reply;
}

struct hp_value *
hp_handle_checkpoint(struct hp_call *call)
{
	hp_outbox_checkpoint(call->broker, call);
	return NULL;
}

struct hp_value *
hp_handle_proof(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	/* The message's own `seq` is the leaf meant, unless `leaf` says another (message.c). */
	uint64_t leaf = (uint64_t)hp_map_get_int(call->map, "leaf", (int64_t)call->seq);
	uint64_t size = hp_audit_size(broker->audit);
	if (leaf >= size)
		return hp_refuse(call, HP_CODE_not_found, "leaf", "no leaf %llu in %llu",
				 (unsigned long long)leaf, (unsigned long long)size);
	if (hp_map_get_int(call->map, "size", (int64_t)size) != (int64_t)size)
		return hp_refuse(call, HP_CODE_unsupported, "size",
				 "proofs are made under the newest checkpoint, of %llu leaves",
				 (unsigned long long)size);
	hp_outbox_proof(broker, call, leaf);
	return NULL;
}
