#include "tests/broker/made_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/msgpack.h"
#include "core/request.h"
#include "core/vote.h"

struct hp_arena made_arena;
static struct hp_store *store;
static struct hp_audit *audit;
static const uint8_t seed[HP_SIGN_SEED_BYTES] = {42};
static unsigned batch = 1, calls;
static struct hp_clock now = {.wall_ms = 1767225600000, .boottime_ms = 60000, .boot_id = {7}};

void
made_must(enum hp_status status, const char *what)
{
	if (status == HP_OK)
		return;
	fprintf(stderr, "make_log: %s: %s (%s)\n", what, hp_status_text(status),
		store ? hp_store_error(store) : "");
	exit(1);
}

static void
begin(void)
{
	now.wall_ms += 1000;
	now.boottime_ms += 1000;
	if (calls == 0)
		made_must(hp_store_begin(store), "begin");
}

static void
flush(void)
{
	if (calls == 0)
		return;
	calls = 0;
	made_must(hp_store_commit(store), "commit");
	hp_audit_committed(audit);
	made_must(hp_store_checkpoint_wal(store), "move the write-ahead log");
}

static void
commit(void)
{
	if (++calls >= batch)
		flush();
}

void
made_batch(unsigned count)
{
	flush();
	batch = count;
}

uint64_t
made_size(void)
{
	return hp_audit_size(audit);
}

static void
record(const char *event, const char *actor, const struct hp_row *row, const struct hp_value *body)
{
	struct hp_error err = {0};
	struct hp_audit_entry entry = {
		.event = event,
		.actor = actor,
		.request = row ? row->id : "",
		.digest = row ? row->digest : NULL,
		.body = body,
		.about = row ? row->key : HP_STORE_NOTHING,
	};
	enum hp_status status = hp_audit_append(audit, &now, &entry, &err);
	made_must(status, err.message);
}

/* ---- people ---- */

/* In the order of their names, as a directory has them. */
static const struct person {
	const char *name, *person, *role, *owner;
	uint8_t seed[HP_SIGN_SEED_BYTES];
} people[] = {
	{"agent", "", "agent", "Olga", {3}}, {"ana", "Ana", "reviewer", "", {1}},
	{"ben", "Ben", "reviewer", "", {2}}, {"exec", "", "executor", "", {4}},
	{"gateway", "", "gateway", "", {5}}, {"root", "Root", "admin", "", {6}},
};

static const char policy_text[] = "# made";
static uint8_t policy_version[HP_HASH_BYTES];

static struct hp_value *
list_of(const char *word)
{
	struct hp_value *list = hp_value_array(&made_arena);
	hp_array_add(&made_arena, list, hp_value_str(&made_arena, word));
	return list;
}

static struct hp_value *
entry_of(const struct person *who)
{
	struct hp_value *entry = hp_value_map(&made_arena);
	struct hp_buf key = {0};
	uint8_t public_key[HP_SIGN_PUBLIC_BYTES];
	hp_crypto_sign_public(who->seed, public_key);
	hp_crypto_add_base64(&key, public_key, sizeof public_key);
	hp_map_set_str(&made_arena, entry, "name", who->name);
	hp_map_set_str(&made_arena, entry, "person", who->person);
	if (*who->owner)
		hp_map_set_str(&made_arena, entry, "owner", who->owner);
	hp_map_set(&made_arena, entry, "roles", list_of(who->role));
	hp_map_set(&made_arena, entry, "groups", list_of("oncall"));
	hp_map_set_str(&made_arena, entry, "sign_public", hp_buf_text(&key));
	if (strcmp(who->role, "executor") == 0) {
		hp_map_set_str(&made_arena, entry, "audience", "executor");
		hp_map_set(&made_arena, entry, "environments", list_of("production"));
	}
	hp_buf_release(&key);
	return entry;
}

static void
record_people(void)
{
	struct hp_value *body = hp_value_map(&made_arena), *list = hp_value_array(&made_arena);
	struct hp_value *policy = hp_value_map(&made_arena);
	const struct hp_str text = {policy_text, strlen(policy_text)};
	hp_crypto_sha256(&text, 1, policy_version);
	hp_map_set_bin(&made_arena, policy, "version", policy_version, sizeof policy_version);
	hp_map_set_bin(&made_arena, policy, "text", text.p, text.len);
	for (size_t i = 0; i < sizeof people / sizeof people[0]; i++)
		hp_array_add(&made_arena, list, entry_of(&people[i]));
	hp_map_set_int(&made_arena, body, "first", 0);
	hp_map_set(&made_arena, body, "principals", list);
	begin();
	record("policy", "broker", NULL, policy);
	record("principals", "broker", NULL, body);
	commit();
}

/* ---- requests ---- */

static struct hp_str
encoded(const struct hp_value *value)
{
	struct hp_buf buf = {0};
	made_must(hp_msgpack_encode(value, &buf, NULL), "encode");
	struct hp_str bytes = {hp_arena_copy(&made_arena, buf.data, buf.len), buf.len};
	hp_buf_release(&buf);
	return bytes;
}

static struct hp_value *
quorum_of(unsigned needed)
{
	struct hp_value *slots = hp_value_array(&made_arena), *slot = hp_value_map(&made_arena);
	struct hp_value *groups = hp_value_array(&made_arena);
	hp_array_add(&made_arena, groups, hp_value_str(&made_arena, "oncall"));
	hp_map_set(&made_arena, slot, "groups", groups);
	hp_map_set_int(&made_arena, slot, "count", needed);
	if (needed > 0)
		hp_array_add(&made_arena, slots, slot);
	return slots;
}

static struct hp_str
canonical_of(const struct hp_row *row)
{
	static const char *const absent[] = {
		"arguments", "command", "cwd", "env", "files", "why", "alternatives", "rollback",
		"confidence", "branch", "evidence", "supersedes",
	};
	static const char *const impacts[] = {"resources_affected", "cost_usd", "downtime_s",
					      "users_affected", "reversible", "note"};
	struct hp_value *map = hp_value_map(&made_arena), *resources = hp_value_array(&made_arena);
	struct hp_value *impact = hp_value_map(&made_arena);
	const struct {
		const char *key, *text;
	} texts[] = {
		{"instance", MADE_INSTANCE},	    {"id", row->id},
		{"requester", row->requester}, {"owner", row->owner},
		{"mode", row->mode},	    {"environment", row->environment},
		{"tier", row->tier},	    {"effect", row->effect},
		{"operation", row->operation}, {"audience", row->audience},
		{"summary", row->summary},  {"session", row->session},
	};
	for (size_t i = 0; i < sizeof impacts / sizeof impacts[0]; i++)
		hp_map_set(&made_arena, impact, impacts[i], hp_value_nil(&made_arena));
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		hp_map_set(&made_arena, map, absent[i], hp_value_nil(&made_arena));
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		hp_map_set_str(&made_arena, map, texts[i].key, texts[i].text);
	hp_array_add(&made_arena, resources, hp_value_str(&made_arena, row->resource));
	hp_map_set_int(&made_arena, map, "v", 1);
	hp_map_set_int(&made_arena, map, "submitted_ms", row->submitted_ms);
	hp_map_set(&made_arena, map, "class", hp_value_array(&made_arena));
	hp_map_set(&made_arena, map, "resources", resources);
	hp_map_set(&made_arena, map, "impact", impact);
	hp_map_set(&made_arena, map, "findings", hp_value_array(&made_arena));
	hp_map_set(&made_arena, map, "quorum", quorum_of(row->needed));
	hp_map_set_bin(&made_arena, map, "policy", policy_version, sizeof policy_version);
	hp_map_set_bin(&made_arena, map, "action_digest", row->action_digest, HP_HASH_BYTES);
	return encoded(map);
}

static struct hp_str
frozen_quorum(unsigned needed)
{
	struct hp_value *frozen = hp_value_map(&made_arena);
	hp_map_set(&made_arena, frozen, "slots", quorum_of(needed));
	hp_map_set(&made_arena, frozen, "widenings", hp_value_array(&made_arena));
	return encoded(frozen);
}

struct hp_row
made_submit(unsigned n, const char *effect, enum hp_state state, unsigned needed)
{
	begin();
	struct hp_row row = {
		.id = hp_arena_printf(&made_arena, "%08x-0000-4000-8000-000000000000", n),
		.requester = "agent", .owner = "Olga", .via = n % 2 ? "gateway" : "",
		.mode = "autonomous", .session = n > 8 ? "s2" : "s1", .audience = "executor",
		.tier = "gated",
		.effect = effect, .environment = "production", .operation = "k8s:Restart",
		.resource = "deploy/api", .summary = "Restart api", .reason = "",
		.by = state == HP_STATE_PENDING ? "" : "policy", .claimer = "",
		.classes = {"\x90", 1}, .flags = {"\x90", 1}, .resource_count = 1,
		.needed = needed, .state = state, .submitted_ms = now.wall_ms,
		.submitted_at = hp_clock_after(&now, 0), .max_deadline_ms = now.wall_ms + 3600000,
	};
	uint8_t salt[HP_SALT_BYTES] = {(uint8_t)n};
	struct hp_value *action = hp_value_map(&made_arena), *body = hp_value_map(&made_arena);
	hp_map_set_int(&made_arena, action, "n", n);
	struct hp_str bytes = encoded(action);
	hp_request_action_digest(salt, bytes.p, bytes.len, row.action_digest);
	if (state != HP_STATE_BLOCKED) {
		row.action = bytes;
		row.salt = (struct hp_str){hp_arena_copy(&made_arena, salt, sizeof salt), sizeof salt};
		row.due = hp_clock_after(&now, 900000);
		hp_map_set_int(&made_arena, body, "deadline_ms", row.due.wall_ms);
	}
	row.canonical = canonical_of(&row);
	row.quorum = frozen_quorum(needed);
	hp_request_digest(row.canonical.p, row.canonical.len, row.digest);
	made_must(hp_store_insert(store, &row), "insert");
	hp_map_set_str(&made_arena, body, "state", hp_state_name(state));
	hp_map_set_int(&made_arena, body, "needed", needed);
	if (needed)
		hp_map_set(&made_arena, body, "widenings", hp_value_array(&made_arena));
	hp_map_set_bin(&made_arena, body, "canonical", row.canonical.p, row.canonical.len);
	if (*row.via)
		hp_map_set_str(&made_arena, body, "via", row.via);
	record(hp_arena_printf(&made_arena, "request.%s", hp_state_name(state)), row.requester, &row,
	       body);
	commit();
	return row;
}

/* The event that the table has for this step. */
static const char *
cause_of(enum hp_state from, enum hp_state to)
{
	for (unsigned event = 0; event < HP_EVENT_COUNT; event++) {
		enum hp_state next;
		if (hp_lifecycle_step(from, (enum hp_event)event, &next) == HP_OK && next == to)
			return hp_event_name((enum hp_event)event);
	}
	return "none";
}

/* Moves in a transaction that is open. */
static void
step(struct hp_row *row, enum hp_state to, const char *actor, const char *reason)
{
	struct hp_value *body = hp_value_map(&made_arena);
	enum hp_state from = row->state;
	row->state = to;
	row->by = actor;
	row->reason = reason;
	row->due = (struct hp_due){0};
	hp_map_set_str(&made_arena, body, "state", hp_state_name(to));
	hp_map_set_str(&made_arena, body, "from", hp_state_name(from));
	hp_map_set_str(&made_arena, body, "cause", cause_of(from, to));
	if (*reason)
		hp_map_set_str(&made_arena, body, "reason", reason);
	if (to == HP_STATE_GRANTED || to == HP_STATE_EXECUTING)
		row->due = hp_clock_after(&now, 600000);
	if (to == HP_STATE_GRANTED)
		hp_map_set_int(&made_arena, body, "deadline_ms", row->due.wall_ms);
	if (to == HP_STATE_EXECUTING || to == HP_STATE_RELEASED) {
		row->claimer = actor;
		row->has_nonce = true;
		memcpy(row->nonce, row->id, sizeof row->nonce);
		hp_map_set_str(&made_arena, body, "claimer", actor);
	}
	made_must(hp_store_move(store, row, from, now.wall_ms), "move");
	record(hp_arena_printf(&made_arena, "request.%s", hp_state_name(to)), actor, row, body);
}

void
made_move(struct hp_row *row, enum hp_state to, const char *actor, const char *reason)
{
	begin();
	step(row, to, actor, reason);
	commit();
}

/* The vote of people[who]; `to` differs from the present state where the vote decides. */
void
made_decide(struct hp_row *row, unsigned who, bool approve, enum hp_state to)
{
	struct hp_vote vote = {
		.instance = MADE_INSTANCE, .request = row->id, .digest = row->digest,
		.approve = approve, .reason = "seen", .by = people[who].name,
	};
	struct hp_stored_vote stored = {
		.by = people[who].name, .person = people[who].person, .approve = approve};
	struct hp_buf body = {0};
	struct hp_value *leaf = hp_value_map(&made_arena);
	begin();
	stored.at_ms = vote.at_ms = now.wall_ms - 500;
	made_must(hp_vote_encode(&vote, &body), "vote");
	made_must(hp_vote_sign(&vote, people[who].seed, stored.signature), "sign");
	hp_crypto_sign_public(people[who].seed, stored.sign_public);
	stored.body = (struct hp_str){(const char *)body.data, body.len};
	made_must(hp_store_put_vote(store, row->key, &stored), "put vote");
	hp_map_set_str(&made_arena, leaf, "decision", approve ? "approve" : "deny");
	hp_map_set_str(&made_arena, leaf, "person", stored.person);
	hp_map_set_bin(&made_arena, leaf, "body", body.data, body.len);
	hp_map_set_bin(&made_arena, leaf, "signature", stored.signature, sizeof stored.signature);
	hp_map_set_bin(&made_arena, leaf, "sign_public", stored.sign_public, sizeof stored.sign_public);
	record("vote", stored.by, row, leaf);
	row->approvals += approve;
	if (to != row->state)
		step(row, to, stored.by, "seen");
	else
		made_must(hp_store_move(store, row, to, now.wall_ms), "count");
	commit();
	hp_buf_release(&body);
}

void
made_discuss(struct hp_row *row)
{
	struct hp_value *body = hp_value_map(&made_arena);
	begin();
	hp_map_set_str(&made_arena, body, "text", "why now?");
	struct hp_stored_note note = {"ana", "why now?", now.wall_ms};
	made_must(hp_store_add_note(store, row->key, &note), "note");
	record("note", "ana", row, body);
	body = hp_value_map(&made_arena);
	row->due.wall_ms += 60000;
	row->due.boottime_ms += 60000;
	row->extensions++;
	made_must(hp_store_move(store, row, HP_STATE_PENDING, now.wall_ms), "extend");
	hp_map_set_int(&made_arena, body, "deadline_ms", row->due.wall_ms);
	record("extend", "ana", row, body);
	commit();
}

void
made_halt(struct hp_row *row)
{
	struct hp_value *body = hp_value_map(&made_arena);
	struct hp_stored_halt stop = {"agent", "s1", "ana", "odd", 0};
	begin();
	stop.at_ms = now.wall_ms;
	made_must(hp_store_add_halt(store, &stop), "halt");
	step(row, HP_STATE_HALTED, "ana", "odd");
	hp_map_set_str(&made_arena, body, "agent", "agent");
	hp_map_set_str(&made_arena, body, "session", "s1");
	hp_map_set_str(&made_arena, body, "reason", "odd");
	record("halt", "ana", NULL, body);
	commit();
}

void
made_checkpoint(void)
{
	struct hp_error err = {0};
	flush();
	enum hp_status status = hp_audit_checkpoint(audit, &err);
	made_must(status, err.message);
}

void
made_progress(const struct hp_row *row, const char *text)
{
	struct hp_value *body = hp_value_map(&made_arena);
	begin();
	hp_map_set_str(&made_arena, body, "text", text);
	record("progress", row->claimer, row, body);
	commit();
}

void
made_open(const char *dir)
{
	struct hp_error err = {0};
	made_must(hp_crypto_start(), "crypto");
	const char *path = hp_arena_printf(&made_arena, "%s/holdpoint.db", dir);
	const char *lock = hp_arena_printf(&made_arena, "%s/checkpoint.lock", dir);
	enum hp_status status = hp_store_open(path, &store, &err);
	if (status == HP_OK)
		status = hp_audit_open(store, MADE_INSTANCE, seed, lock, &audit, &err);
	made_must(status, err.message);
	record_people();
}

void
made_close(void)
{
	uint8_t public_key[HP_SIGN_PUBLIC_BYTES];
	struct hp_buf vkey = {0};
	made_checkpoint();
	hp_crypto_sign_public(seed, public_key);
	hp_checkpoint_add_vkey(&vkey, MADE_INSTANCE, public_key);
	puts(hp_buf_text(&vkey));
	hp_buf_release(&vkey);
	hp_audit_close(audit);
	hp_store_close(store);
	hp_arena_release(&made_arena);
}
