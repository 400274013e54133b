#include "proto/message.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "core/lifecycle.h"
#include "core/limits.h"
#include "core/request.h"

/* What every message carries. `seq` is any unsigned integer: check_seq() looks at it, since a field
 * range ends at INT64_MAX. */
#define COMMON                                                                                     \
	{.name = "type", .kinds = HP_K_STR, .required = true},                                     \
	{.name = "seq", .kinds = HP_K_ANY, .required = true}
#define ID {.name = "id", .kinds = HP_K_UUID, .required = true}
#define END {.name = NULL}

enum {
	MAX_EXIT_CODE = INT32_MAX,
	MAX_LEASE_S = 24 * 3600, /* the policy's lease_max is what binds; this bounds arithmetic */
};
#define MAX_EXTENSION_MS (INT64_C(30) * 24 * 3600 * 1000) /* likewise: max_timeout binds */
#define MAX_COST_USD INT64_C(1000000000000)		  /* in micro-dollars within 63 bits */

static const char *const until_words[] = {"decided", "done", "stop", NULL};
static const char *const decision_words[] = {"approve", "deny", NULL};
static const char *const report_words[] = {"succeeded", "failed", "rolled_back",
					   "rollback_failed", NULL};
static const char *const settle_words[] = {"succeeded", "failed", NULL};
static const char *const scope_words[] = {"all", "agent", "session", NULL};
static const char *const finding_words[] = {"ok", "concern", NULL};
static const char *const state_words[] = {
	"blocked", "pending", "granted", "executing", "succeeded", "failed", "rolling_back",
	"rolled_back", "rollback_failed", "unknown", "released", "denied", "expired", "withdrawn",
	"halted", "lapsed", NULL,
};

static const struct hp_field no_fields[] = {COMMON, END};

static const struct hp_field id_fields[] = {COMMON, ID, END};

static const struct hp_field hello_fields[] = {
	COMMON,
	{.name = "client", .kinds = HP_K_STR, .max = HP_LIMIT_SUMMARY_BYTES},
	{.name = "for", .kinds = HP_K_NAME},
	{.name = "session", .kinds = HP_K_STR, .max = HP_LIMIT_NAME_BYTES},
	END,
};

/* What `submit` has beside the request; hp_message_check() puts the request's own fields in. */
static const struct hp_field submit_fields[] = {
	COMMON,
	{.name = "for", .kinds = HP_K_NAME},
	END,
};

static const struct hp_field wait_fields[] = {
	COMMON,
	ID,
	{.name = "until", .kinds = HP_K_ENUM, .required = true, .words = until_words},
	{.name = "timeout_ms", .kinds = HP_K_INT, .required = true, .max = HP_LIMIT_WAIT_MS},
	END,
};

static const struct hp_field withdraw_fields[] = {
	COMMON,
	ID,
	{.name = "reason", .kinds = HP_K_STR, .max = HP_LIMIT_REASON_BYTES},
	END,
};

static const struct hp_field list_fields[] = {
	COMMON,
	{.name = "state", .kinds = HP_K_ENUM, .words = state_words},
	{.name = "requester", .kinds = HP_K_STR, .max = HP_LIMIT_NAME_BYTES},
	{.name = "environment", .kinds = HP_K_STR, .max = HP_LIMIT_NAME_BYTES},
	{.name = "tier", .kinds = HP_K_STR, .max = HP_LIMIT_NAME_BYTES},
	{.name = "session", .kinds = HP_K_STR, .max = HP_LIMIT_NAME_BYTES},
	{.name = "spot_checks", .kinds = HP_K_BOOL},
	{.name = "text", .kinds = HP_K_STR, .max = HP_LIMIT_SUMMARY_BYTES},
	{.name = "limit", .kinds = HP_K_INT, .min = 1, .max = HP_LIMIT_LIST_ITEMS},
	{.name = "after", .kinds = HP_K_UUID},
	END,
};

/* `at_ms` has no range here: one out of range is `bad_signature` (protocol.md). */
static const struct hp_field decide_fields[] = {
	COMMON,
	ID,
	{.name = "digest", .kinds = HP_K_BIN, .required = true, .min = HP_HASH_BYTES,
	 .max = HP_HASH_BYTES},
	{.name = "decision", .kinds = HP_K_ENUM, .required = true, .words = decision_words},
	{.name = "reason", .kinds = HP_K_STR, .required = true, .max = HP_LIMIT_REASON_BYTES},
	{.name = "at_ms", .kinds = HP_K_INT, .required = true},
	{.name = "signature", .kinds = HP_K_BIN, .required = true, .min = HP_SIGNATURE_BYTES,
	 .max = HP_SIGNATURE_BYTES},
	END,
};

#define REASON                                                                                     \
	{.name = "reason", .kinds = HP_K_STR, .required = true, .min = 1,                          \
	 .max = HP_LIMIT_REASON_BYTES}

static const struct hp_field extend_fields[] = {
	COMMON,
	ID,
	{.name = "by_ms", .kinds = HP_K_INT, .required = true, .min = 1, .max = MAX_EXTENSION_MS},
	REASON,
	END,
};

static const struct hp_field note_fields[] = {
	COMMON,
	ID,
	{.name = "text", .kinds = HP_K_STR, .required = true, .min = 1,
	 .max = HP_LIMIT_REASON_BYTES},
	END,
};

static const struct hp_field claim_fields[] = {
	COMMON,
	{.name = "id", .kinds = HP_K_UUID},
	{.name = "nonce", .kinds = HP_K_BIN, .required = true, .min = 16, .max = 16},
	{.name = "detached", .kinds = HP_K_BOOL},
	{.name = "withdraw", .kinds = HP_K_BOOL},
	{.name = "lease_s", .kinds = HP_K_INT, .min = 1, .max = MAX_LEASE_S},
	{.name = "timeout_ms", .kinds = HP_K_INT, .required = true, .max = HP_LIMIT_WAIT_MS},
	END,
};

static const struct hp_field progress_fields[] = {
	COMMON,
	ID,
	{.name = "text", .kinds = HP_K_STR, .max = HP_LIMIT_REASON_BYTES},
	END,
};

static const struct hp_field report_fields[] = {
	COMMON,
	ID,
	{.name = "result", .kinds = HP_K_ENUM, .required = true, .words = report_words},
	{.name = "exit_code", .kinds = HP_K_INT, .min = INT32_MIN, .max = MAX_EXIT_CODE},
	{.name = "output", .kinds = HP_K_STR, .max = HP_LIMIT_STRING_BYTES},
	{.name = "resources_affected", .kinds = HP_K_INT, .max = INT32_MAX},
	{.name = "cost_usd", .kinds = HP_K_NUMBER, .max = MAX_COST_USD},
	END,
};

static const struct hp_field settle_fields[] = {
	COMMON,
	ID,
	{.name = "result", .kinds = HP_K_ENUM, .required = true, .words = settle_words},
	REASON,
	END,
};

static const struct hp_field erase_fields[] = {COMMON, ID, REASON, END};

static const struct hp_field halt_fields[] = {
	COMMON,
	{.name = "scope", .kinds = HP_K_ENUM, .required = true, .words = scope_words},
	{.name = "agent", .kinds = HP_K_NAME},
	{.name = "session", .kinds = HP_K_STR, .min = 1, .max = HP_LIMIT_NAME_BYTES},
	REASON,
	END,
};

static const struct hp_field glob_item = {.kinds = HP_K_STR, .min = 1, .max = HP_LIMIT_GLOB_BYTES};
#define SESSION                                                                                    \
	{.name = "session", .kinds = HP_K_STR, .required = true, .min = 1,                         \
	 .max = HP_LIMIT_NAME_BYTES}

static const struct hp_field task_fields[] = {
	COMMON,
	{.name = "agent", .kinds = HP_K_NAME, .required = true},
	SESSION,
	{.name = "operations", .kinds = HP_K_LIST, .required = true, .min = 1,
	 .max = HP_LIMIT_TASK_GLOBS, .item = &glob_item},
	{.name = "resources", .kinds = HP_K_LIST, .required = true, .min = 0,
	 .max = HP_LIMIT_TASK_GLOBS, .item = &glob_item},
	{.name = "environment", .kinds = HP_K_STR, .required = true, .min = 1,
	 .max = HP_LIMIT_NAME_BYTES},
	{.name = "for_s", .kinds = HP_K_INT, .required = true, .min = 1, .max = HP_LIMIT_TASK_S},
	REASON,
	END,
};

static const struct hp_field tasks_fields[] = {
	COMMON,
	{.name = "agent", .kinds = HP_K_NAME},
	{.name = "after", .kinds = HP_K_INT, .min = 1, .max = INT64_MAX},
	END,
};

static const struct hp_field task_close_fields[] = {
	COMMON,
	{.name = "agent", .kinds = HP_K_NAME, .required = true},
	SESSION,
	REASON,
	END,
};

static const struct hp_field spot_check_fields[] = {
	COMMON,
	ID,
	{.name = "finding", .kinds = HP_K_ENUM, .required = true, .words = finding_words},
	{.name = "note", .kinds = HP_K_STR, .max = HP_LIMIT_SPOT_NOTE_BYTES},
	END,
};

static const struct hp_field audit_fields[] = {
	COMMON,
	{.name = "from", .kinds = HP_K_INT, .required = true, .max = INT64_MAX},
	{.name = "limit", .kinds = HP_K_INT, .required = true, .min = 1,
	 .max = HP_LIMIT_AUDIT_ITEMS},
	END,
};

static const struct hp_field agents_fields[] = {
	COMMON,
	{.name = "limit", .kinds = HP_K_INT, .min = 1, .max = HP_LIMIT_AGENT_ITEMS},
	{.name = "after", .kinds = HP_K_NAME},
	END,
};

/* The contract's `seq` of a proof is the message's own: the leaf meant. A client that numbers its
 * messages says `leaf` as well, and that counts. */
static const struct hp_field proof_fields[] = {
	COMMON,
	{.name = "leaf", .kinds = HP_K_INT, .max = INT64_MAX},
	{.name = "size", .kinds = HP_K_INT, .min = 1, .max = INT64_MAX},
	END,
};

struct message_row {
	const char *name;
	unsigned roles;
	bool control_only;
	const struct hp_field *fields;
};

static const struct message_row messages[HP_MSG_COUNT] = {
#define HP_MESSAGE(type, role_bits, control, field_table)                                          \
	[HP_MSG_##type] = {#type, role_bits, control, field_table},
#include "proto/messages.def"
#undef HP_MESSAGE
};

struct code_row {
	const char *name;
	int exit;
};

static const struct code_row codes[HP_CODE_COUNT] = {
	[HP_CODE_ok] = {"ok", HP_EXIT_OK},
#define HP_ERROR(code, exit_code) [HP_CODE_##code] = {#code, exit_code},
#include "proto/errors.def"
#undef HP_ERROR
};

const char *
hp_message_name(enum hp_message message)
{
	assert((unsigned)message < HP_MSG_COUNT);
	return messages[message].name;
}

enum hp_status
hp_message_parse(const char *type, enum hp_message *ret_message)
{
	for (unsigned i = 0; i < HP_MSG_COUNT; i++) {
		if (strcmp(messages[i].name, type) == 0) {
			*ret_message = (enum hp_message)i;
			return HP_OK;
		}
	}
	return HP_NOT_FOUND;
}

unsigned
hp_message_roles(enum hp_message message)
{
	assert((unsigned)message < HP_MSG_COUNT);
	return messages[message].roles;
}

bool
hp_message_control_only(enum hp_message message)
{
	assert((unsigned)message < HP_MSG_COUNT);
	return messages[message].control_only;
}

static enum hp_status
fail_field(struct hp_error *err, const char *field, const char *message)
{
	if (err) {
		size_t len = strlen(field);
		assert(len < sizeof err->field);
		memcpy(err->field, field, len + 1);
	}
	return hp_fail(err, HP_INVALID, "%s", message);
}

static enum hp_status
check_seq(const struct hp_value *map, struct hp_error *err)
{
	const struct hp_value *seq = hp_map_get(map, "seq");
	if (seq && (seq->type == HP_UINT || (seq->type == HP_INT && seq->integer >= 0)))
		return HP_OK;
	return fail_field(err, "seq", "seq: expected an unsigned integer");
}

/* A halt that names more or less than its scope has been misunderstood by somebody. */
static enum hp_status
check_scope(const struct hp_value *map, struct hp_error *err)
{
	static const struct {
		const char *scope;
		bool agent, session;
	} rows[] = {{"all", false, false}, {"agent", true, false}, {"session", true, true}};
	const struct hp_value *scope = hp_map_get(map, "scope");
	bool agent = hp_map_get(map, "agent") != NULL;
	bool session = hp_map_get(map, "session") != NULL;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (!hp_value_is(scope, rows[i].scope))
			continue;
		if (agent != rows[i].agent)
			return fail_field(err, "agent",
					  agent ? "agent: not with scope \"all\""
						: "agent: required by this scope");
		if (session != rows[i].session)
			return fail_field(err, "session",
					  session ? "session: only with scope \"session\""
						  : "session: required by scope \"session\"");
		return HP_OK;
	}
	return fail_field(err, "scope", "scope: expected all, agent or session");
}

/* The request's own fields and those of the message in one table, so that an unknown key is held
 * against all of them. */
static enum hp_status
check_submit(const struct hp_value *map, struct hp_error *err)
{
	struct hp_field table[64];
	size_t count = 0;
	const struct hp_field *const parts[] = {submit_fields, hp_request_fields};

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		for (const struct hp_field *field = parts[i]; field->name; field++) {
			assert(count + 1 < sizeof table / sizeof table[0]);
			table[count++] = *field;
		}
	}
	table[count] = (struct hp_field)END;
	return hp_schema_check(map, table, "submit", err);
}

enum hp_status
hp_message_check(enum hp_message message, const struct hp_value *map, struct hp_error *err)
{
	assert((unsigned)message < HP_MSG_COUNT);
	const struct message_row *row = &messages[message];
	enum hp_status status = row->fields == submit_fields
					? check_submit(map, err)
					: hp_schema_check(map, row->fields, row->name, err);
	if (status == HP_OK && !hp_value_is(hp_map_get(map, "type"), row->name))
		status = fail_field(err, "type", "type: another message's");
	if (status == HP_OK)
		status = check_seq(map, err);
	if (status == HP_OK && row->fields == halt_fields)
		status = check_scope(map, err);
	return status;
}

const char *
hp_code_name(enum hp_code code)
{
	assert((unsigned)code < HP_CODE_COUNT);
	return codes[code].name;
}

enum hp_code
hp_code_parse(const char *name)
{
	for (unsigned i = 1; i < HP_CODE_COUNT; i++)
		if (strcmp(codes[i].name, name) == 0)
			return (enum hp_code)i;
	return HP_CODE_ok;
}

int
hp_code_exit(enum hp_code code)
{
	assert((unsigned)code < HP_CODE_COUNT);
	return codes[code].exit;
}

int
hp_state_exit(enum hp_state state)
{
	static const int exits[HP_STATE_COUNT] = {
		[HP_STATE_BLOCKED] = HP_EXIT_BLOCKED,
		[HP_STATE_PENDING] = HP_EXIT_PENDING,
		[HP_STATE_GRANTED] = HP_EXIT_OK,
		[HP_STATE_EXECUTING] = HP_EXIT_OK,
		[HP_STATE_SUCCEEDED] = HP_EXIT_OK,
		[HP_STATE_FAILED] = HP_EXIT_INTERNAL,
		[HP_STATE_ROLLING_BACK] = HP_EXIT_INTERNAL,
		[HP_STATE_ROLLED_BACK] = HP_EXIT_INTERNAL,
		[HP_STATE_ROLLBACK_FAILED] = HP_EXIT_INTERNAL,
		[HP_STATE_UNKNOWN] = HP_EXIT_INTERNAL,
		[HP_STATE_RELEASED] = HP_EXIT_OK,
		[HP_STATE_DENIED] = HP_EXIT_DENIED,
		[HP_STATE_EXPIRED] = HP_EXIT_EXPIRED,
		[HP_STATE_WITHDRAWN] = HP_EXIT_DENIED,
		[HP_STATE_HALTED] = HP_EXIT_HALTED,
		[HP_STATE_LAPSED] = HP_EXIT_EXPIRED,
	};
	return (unsigned)state < HP_STATE_COUNT ? exits[state] : HP_EXIT_INTERNAL;
}
