#include "cli/trial.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/checkpoint.h"
#include "core/json.h"
#include "core/policy.h"
#include "core/text.h"
#include "proto/file.h"
#include "proto/instance.h"
#include "proto/keyfile.h"

enum { IPC_PATH_BYTES = 107 }; /* sun_path less its NUL (trust.md, trap 5) */

#define LIST(...) (const char *const[]){__VA_ARGS__}
#define EVERY_GROUP .groups = LIST("oncall", "dba", "leads", "admins"), .group_count = 4

/* Who a trial needs to play the whole story (protocol.md, "Instance directory"). */
static const struct hp_principal seats[] = {
	{.name = "demo-agent", .roles = HP_ROLE_AGENT, .mode = HP_MODE_AUTONOMOUS,
	 .owner = "developer"},
	{.name = "demo-agent-supervised", .roles = HP_ROLE_AGENT, .mode = HP_MODE_SUPERVISED,
	 .owner = "developer"},
	{.name = "gateway", .roles = HP_ROLE_GATEWAY,
	 .agents = LIST("demo-agent", "demo-agent-supervised"), .agent_count = 2},
	{.name = "executor", .roles = HP_ROLE_EXECUTOR, .audience = "executor",
	 .environments = LIST("production"), .environment_count = 1},
	{.name = "developer", .roles = HP_ROLE_HUMAN, .person = "developer"},
	{.name = "reviewer", .roles = HP_ROLE_REVIEWER, .person = "reviewer", EVERY_GROUP},
	{.name = "reviewer2", .roles = HP_ROLE_REVIEWER, .person = "reviewer2", EVERY_GROUP},
	{.name = "admin", .roles = HP_ROLE_ADMIN, .person = "admin"},
	{.name = "auditor", .roles = HP_ROLE_AUDITOR, .person = "auditor"},
};
enum { SEAT_COUNT = sizeof seats / sizeof seats[0] };

/* In the order in which they move into an existing directory. */
const char *const hp_trial_parts[] = {
	"state",       "run",	      "keys",	      "principals.d", "broker.json",
	"policy.yaml", "example.yaml", "executor.yaml", "pretend", "holdpoint.yaml", NULL,
};

static const char example[] =
	"# A request as an agent would write it: what exactly, why, what it touches, what else\n"
	"# was considered, how to undo it. Its confidence is below what the policy asks for, so a\n"
	"# person decides.\n"
	"action:\n"
	"  operation: lambda:UpdateFunctionConfiguration\n"
	"  environment: production\n"
	"  resources: [\"function/cost-refresh-prod\"]\n"
	"  arguments:\n"
	"    FunctionName: cost-refresh-prod\n"
	"    Environment: {Variables: {RETRY_STALE_ROWS: \"true\"}}\n"
	"  audience: executor\n"
	"summary: Let the refresh job retry stale cost rows\n"
	"why: |\n"
	"  Only the rows of 2025-12 are stale; the refresh job skips rows that failed once. With\n"
	"  this setting it tries them again on its next run, in ten minutes.\n"
	"impact: {resources_affected: 1, cost_usd: 0, downtime_s: 0, users_affected: 0, "
	"reversible: true}\n"
	"alternatives:\n"
	"  - approach: Delete and recreate the stack\n"
	"    rejected_because: hours of downtime for a few stale rows\n"
	"  - approach: Wait for the monthly rebuild\n"
	"    rejected_because: customers see wrong figures until then\n"
	"rollback:\n"
	"  plan: Unset RETRY_STALE_ROWS\n"
	"  operation: lambda:UpdateFunctionConfiguration\n"
	"  minutes: 1\n"
	"confidence: 0.62\n"
	"session: fix-cost-explorer-7\n"
	"branch: remediate\n";

/* What the trial's executor runs in place of a cloud's tools. */
static const char pretend[] = "#!/bin/sh\n"
			      "# Changes nothing: it only says what it was granted.\n"
			      "printf 'pretending to run %s\\n' \"$HOLDPOINT_ACTION\"\n";

static const char *
in(const struct hp_trial *trial, const char *name)
{
	return hp_arena_printf(trial->arena, "%s/%s", trial->dir, name);
}

enum hp_status
hp_trial_name(struct hp_trial *trial, struct hp_error *err)
{
	const char *target = trial->target;
	size_t longest = strlen(target) + strlen("/run/control");
	uint8_t id[4];
	if (!hp_text_is_utf8(target, strlen(target)))
		return hp_fail(err, HP_INVALID, "%s: the path is not UTF-8",
			       hp_text_safe(trial->arena, target, 0));
	if (longest > IPC_PATH_BYTES)
		return hp_fail(err, HP_INVALID,
			       "%s: the path is %zu bytes too long for its sockets (at most %d)",
			       hp_text_safe(trial->arena, target, 0), longest - IPC_PATH_BYTES,
			       IPC_PATH_BYTES - (int)strlen("/run/control"));
	hp_crypto_random(id, sizeof id);
	trial->instance = hp_arena_printf(trial->arena, "trial/%02x%02x%02x%02x", id[0], id[1],
					  id[2], id[3]);
	trial->agents = hp_arena_printf(trial->arena, "ipc://%s/run/agents", target);
	trial->control = hp_arena_printf(trial->arena, "ipc://%s/run/control", target);
	trial->events = hp_arena_printf(trial->arena, "ipc://%s/run/events", target);
	return trial->arena->failed ? hp_fail(err, HP_NOMEM, "out of memory") : HP_OK;
}

static enum hp_status
write_text(struct hp_trial *trial, const char *name, const struct hp_buf *text, struct hp_error *err)
{
	const char *path = in(trial, name);
	if (!path || text->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	return hp_file_write(path, text->data, text->len, 0644, HP_FILE_NEW, err);
}

static enum hp_status
write_constant(struct hp_trial *trial, const char *name, const char *text, struct hp_error *err)
{
	struct hp_buf buf = {0};
	hp_buf_add_text(&buf, text);
	enum hp_status status = write_text(trial, name, &buf, err);
	hp_buf_release(&buf);
	return status;
}

static enum hp_status
make_dirs(struct hp_trial *trial, struct hp_error *err)
{
	static const struct {
		const char *name;
		mode_t mode;
	} rows[] = {{"state", 0700}, {"run", 0711}, {"keys", 0700}, {"principals.d", 0755}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *path = in(trial, rows[i].name);
		enum hp_status status = path ? hp_file_make_dir(path, rows[i].mode, err)
					     : hp_fail(err, HP_NOMEM, "out of memory");
		if (status != HP_OK)
			return status;
	}
	return HP_OK;
}

static enum hp_status
write_key(struct hp_trial *trial, const char *name, struct hp_keyfile *ret_key, struct hp_error *err)
{
	const char *path = hp_arena_printf(trial->arena, "%s/keys/%s.key", trial->dir, name);
	if (!path)
		return hp_fail(err, HP_NOMEM, "out of memory");
	hp_keyfile_generate(name, ret_key);
	return hp_keyfile_write(path, ret_key, NULL, 0, err);
}

static enum hp_status
write_seat(struct hp_trial *trial, const struct hp_principal *seat, struct hp_error *err)
{
	struct hp_principal entry = *seat;
	struct hp_keyfile key = {0};
	struct hp_buf text = {0};
	enum hp_status status = write_key(trial, seat->name, &key, err);
	memcpy(entry.curve_public, key.curve_public, sizeof entry.curve_public);
	memcpy(entry.sign_public, key.sign_public, sizeof entry.sign_public);
	entry.has_sign = true;
	hp_keyfile_release(&key);
	if (seat->roles & HP_ROLE_REVIEWER) {
		hp_buf_printf(&trial->reviewers, "  - {name: %s, person: %s, sign_public: \"",
			      seat->name, seat->person);
		hp_crypto_add_base64(&trial->reviewers, entry.sign_public,
				     sizeof entry.sign_public);
		hp_buf_add_text(&trial->reviewers, "\"}\n");
	}
	if (status == HP_OK) {
		const char *name =
			hp_arena_printf(trial->arena, "principals.d/%s.yaml", seat->name);
		hp_instance_add_entry(trial->arena, &entry, &text);
		status = name ? write_text(trial, name, &text, err)
			      : hp_fail(err, HP_NOMEM, "out of memory");
	}
	hp_buf_release(&text);
	return status;
}

static enum hp_status
write_broker(struct hp_trial *trial, struct hp_error *err)
{
	struct hp_keyfile key = {0};
	struct hp_buf vkey = {0};
	const char *path = in(trial, "broker.json");
	enum hp_status status = write_key(trial, "broker", &key, err);
	if (status == HP_OK) {
		hp_checkpoint_add_vkey(&vkey, trial->instance, key.sign_public);
		struct hp_broker_info info = {
			.instance = trial->instance,
			.agents = trial->agents,
			.control = trial->control,
			.events = trial->events,
			.log_key = hp_buf_text(&vkey),
		};
		memcpy(info.curve_public, key.curve_public, sizeof info.curve_public);
		status = path && !vkey.failed ? hp_broker_info_write(path, &info, err)
					      : hp_fail(err, HP_NOMEM, "out of memory");
	}
	hp_keyfile_release(&key);
	hp_buf_release(&vkey);
	return status;
}

static void
add_setting(struct hp_trial *trial, struct hp_buf *buf, const char *key, const char *value)
{
	hp_buf_printf(buf, "%s: ", key);
	hp_json_dump(hp_value_str(trial->arena, value), HP_JSON_LINE, buf);
	hp_buf_add_byte(buf, '\n');
}

static enum hp_status
write_config(struct hp_trial *trial, struct hp_error *err)
{
	struct hp_buf text = {0};
	hp_buf_add_text(&text, "# One instance of holdpoint; see holdpoint-config(5).\n");
	add_setting(trial, &text, "instance", trial->instance);
	add_setting(trial, &text, "agents", trial->agents);
	add_setting(trial, &text, "control", trial->control);
	add_setting(trial, &text, "events", trial->events);
	hp_buf_add_text(&text,
			"state_dir: state\n"
			"run_dir: run\n"
			"# In production on another mount: it shows a database rolled back.\n"
			"lock_file: state/checkpoint.lock\n"
			"# For trying only: everybody's keys lie in keys/, and people and agents\n"
			"# may share a user.\n"
			"trial: true\n"
			"same_uid: allow\n");
	text.failed |= trial->arena->failed;
	enum hp_status status = write_text(trial, "holdpoint.yaml", &text, err);
	hp_buf_release(&text);
	return status;
}

/* The executor's own boundary, and the program that it knows. */
static enum hp_status
write_executor(struct hp_trial *trial, struct hp_error *err)
{
	struct hp_buf text = {0};
	const char *program = hp_instance_path(trial->arena, trial->target, "pretend");
	struct hp_buf path = {0};
	hp_json_dump(hp_value_str(trial->arena, program), HP_JSON_LINE, &path);
	hp_buf_printf(&text,
		      "# What the executor runs, whatever the broker says; see "
		      "holdpoint-executor(8).\n"
		      "environment: production\n"
		      "audience: executor\n"
		      "operations: [\"lambda:*\", \"rds:*\", \"shell:*\"]\n"
		      "programs:\n"
		      "  \"lambda:UpdateFunctionConfiguration\": %s\n"
		      "  \"rds:CreateDBInstanceReadReplica\": %s\n"
		      "  echo: /bin/echo\n"
		      "cwd_roots: [/tmp]\n"
		      "# Whose votes count here: keys and persons are not the broker's to say.\n"
		      "reviewers:\n%s"
		      "# At least so many persons; a tier that is not here is not run.\n"
		      "min_votes: {autonomous: 0, supervised: 0, gated: 1}\n"
		      "max_parallel: 4\n"
		      "timeout: 15m\n"
		      "output_limit: 1MiB\n",
		      hp_buf_text(&path), hp_buf_text(&path), hp_buf_text(&trial->reviewers));
	text.failed |= path.failed | trial->reviewers.failed | trial->arena->failed;
	enum hp_status status = write_text(trial, "executor.yaml", &text, err);
	if (status == HP_OK)
		status = write_constant(trial, "pretend", pretend, err);
	if (status == HP_OK && chmod(in(trial, "pretend"), 0755) != 0)
		status = hp_fail(err, HP_IO, "%s: %s", hp_text_safe(trial->arena, trial->dir, 0),
				 strerror(errno));
	hp_buf_release(&text);
	hp_buf_release(&path);
	return status;
}

enum hp_status
hp_trial_write(struct hp_trial *trial, struct hp_error *err)
{
	enum hp_status status = make_dirs(trial, err);
	for (size_t i = 0; i < SEAT_COUNT && status == HP_OK; i++)
		status = write_seat(trial, &seats[i], err);
	if (status == HP_OK)
		status = write_broker(trial, err);
	if (status == HP_OK)
		status = write_constant(trial, "policy.yaml", hp_policy_default_text(), err);
	if (status == HP_OK)
		status = write_constant(trial, "example.yaml", example, err);
	if (status == HP_OK)
		status = write_executor(trial, err);
	if (status == HP_OK)
		status = write_config(trial, err);
	return status;
}

enum hp_status
hp_trial_check(struct hp_trial *trial, struct hp_error *err)
{
	struct hp_config config;
	struct hp_boundary boundary;
	struct hp_directory *directory = NULL;
	struct hp_policy *policy = NULL;
	const char *text = hp_policy_default_text();
	enum hp_status status = hp_instance_config(trial->arena, trial->dir, &config, err);
	if (status == HP_OK)
		status = hp_instance_principals(trial->arena, trial->dir, &directory, err);
	if (status == HP_OK)
		status = hp_instance_boundary(trial->arena, in(trial, "executor.yaml"), &boundary,
					      err);
	if (status == HP_OK)
		status = hp_policy_load(text, strlen(text), &policy, err);
	if (status == HP_OK)
		status = hp_policy_check_quorums(policy, directory, err);
	hp_policy_free(policy);
	hp_directory_free(directory);
	return status;
}
