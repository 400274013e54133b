/*
 * handle_task - a person opens a scope for one session of an agent, looks at what is open, closes it
 * (core/task.h); and the look that submit and claim take at it.
 *
 * Invariants:
 *  1. Agents and what acts for them open and close nothing, nor does anybody over a connection whose
 *     user also runs agents (same_uid): where tasks are required they are permissions.
 *  2. A session has one open task. Who owns an agent cannot widen what a reviewer narrowed: only who
 *     opened a task, a reviewer or an admin closes it, and it has to be closed before another opens.
 *  3. A task ends by either clock, as a deadline does.
 */
#include <string.h>

#include "broker/hide.h"
#include "broker/log.h"
#include "broker/reply.h"
#include "broker/zap.h"
#include "core/msgpack.h"
#include "core/task.h"
#include "core/text.h"

static bool
is_open(const struct hp_broker *broker, const struct hp_stored_task *task)
{
	return !task->closed && !hp_clock_is_due(&broker->clock, &task->until);
}

/* ---- submit and claim ---- */

static struct hp_globs
globs_of(struct hp_broker *broker, struct hp_str bytes)
{
	const struct hp_value *list = hp_reply_decode(broker, bytes);
	size_t count = hp_value_count(list);
	const char **items = hp_arena_array(&broker->arena, count + 1, sizeof *items);
	struct hp_globs globs = {items, 0};
	for (size_t i = 0; items && i < count; i++)
		if (hp_array_get(list, i)->type == HP_STR)
			items[globs.count++] = hp_array_get(list, i)->str.p;
	return globs;
}

enum hp_status
hp_judge_task(struct hp_broker *broker, const struct hp_principal *requester,
	      const struct hp_request *request, struct hp_verdict *verdict, struct hp_error *err)
{
	struct hp_stored_task stored;
	struct hp_task task;
	enum hp_status status = HP_NOT_FOUND;
	if (request->session)
		status = hp_store_last_task(broker->store, &broker->arena, requester->name,
					    request->session, &stored);
	if (status == HP_OK)
		task = (struct hp_task){
			.session = stored.session,
			.operations = globs_of(broker, stored.operations),
			.resources = globs_of(broker, stored.resources),
			.environment = stored.environment,
			.open = is_open(broker, &stored),
		};
	else if (status != HP_NOT_FOUND) {
		hp_store_failed(broker, "reading a task");
		return hp_fail(err, status, "the session's task cannot be read");
	}
	return hp_task_judge(broker->policy, &broker->arena, requester, request,
			     status == HP_OK ? &task : NULL, verdict, err);
}

/* ---- open, list, close ---- */

static struct hp_value *
task_value(struct hp_broker *broker, const struct hp_stored_task *task, struct hp_value *map)
{
	struct hp_arena *arena = &broker->arena;
	hp_map_set_int(arena, map, "id", task->key);
	hp_map_set_str(arena, map, "agent", task->agent);
	hp_map_set_str(arena, map, "session", task->session);
	hp_map_set_str(arena, map, "state", task->closed ? "closed" : "open");
	hp_map_set(arena, map, "operations", hp_reply_decode(broker, task->operations));
	hp_map_set(arena, map, "resources", hp_reply_decode(broker, task->resources));
	hp_map_set_str(arena, map, "environment", task->environment);
	hp_map_set_str(arena, map, "by", task->by);
	hp_map_set_str(arena, map, "reason", task->reason);
	hp_map_set_int(arena, map, "opened_ms", task->opened_ms);
	hp_map_set_int(arena, map, "until_ms", task->until.wall_ms);
	return map;
}

/* Whether this caller may open tasks for the agent that the message names, or close them. NULL: it
 * may, and *ret_agent is that agent. */
static struct hp_value *
refuse_caller(struct hp_call *call, const struct hp_principal **ret_agent)
{
	struct hp_broker *broker = call->broker;
	const struct hp_principal *who = call->who;
	const char *name = hp_map_get_str(call->map, "agent", "");
	const struct hp_principal *agent = hp_directory_by_name(broker->directory, name);
	if (who->roles & (HP_ROLE_AGENT | HP_ROLE_GATEWAY | HP_ROLE_EXECUTOR))
		return hp_refuse(call, HP_CODE_unauthorised, NULL,
				 "what acts for agents opens and closes no tasks");
	if (!broker->config.same_uid_allow && hp_zap_is_agent_uid(broker, call->uid))
		return hp_refuse(call, HP_CODE_unauthorised, NULL,
				 "this connection's user also runs agents: it opens and closes no "
				 "tasks (same_uid)");
	if (!agent || agent->revoked || !(agent->roles & HP_ROLE_AGENT))
		return hp_refuse(call, HP_CODE_not_found, "agent", "no agent \"%s\"",
				 hp_hide_line(broker, name));
	if (!(who->roles & (HP_ROLE_REVIEWER | HP_ROLE_ADMIN)) &&
	    (!*who->person || strcmp(hp_principal_owner(agent), who->person) != 0))
		return hp_refuse(call, HP_CODE_unauthorised, "agent",
				 "\"%s\" does not own the agent \"%s\"", who->name, agent->name);
	*ret_agent = agent;
	return NULL;
}

/* Room for one more, and no open one of the same session. NULL: so it is. */
static struct hp_value *
refuse_another(struct hp_call *call, const struct hp_stored_task *task)
{
	struct hp_broker *broker = call->broker;
	struct hp_stored_task last, *open = NULL;
	size_t count = 0;
	enum hp_status status = hp_store_last_task(broker->store, &broker->arena, task->agent,
						   task->session, &last);
	if (status != HP_OK && status != HP_NOT_FOUND)
		return hp_store_failed(broker, "reading a task");
	if (status == HP_OK && is_open(broker, &last))
		return hp_refuse(call, HP_CODE_conflict, "session",
				 "that session has an open task, of %s: close it first", last.by);
	if (hp_store_open_tasks(broker->store, &broker->arena, task->agent, NULL,
				broker->clock.wall_ms, 0, HP_LIMIT_TASKS, &open, &count) != HP_OK)
		return hp_store_failed(broker, "reading tasks");
	if (count >= HP_LIMIT_TASKS)
		return hp_refuse(call, HP_CODE_queue_full, "agent",
				 "\"%s\" has %u open tasks, which is all that one agent may",
				 task->agent, HP_LIMIT_TASKS);
	return NULL;
}

/* A scope is compared with requests as it stands, so nothing in it can be redacted; and a request that
 * it would let through with a secret in its place is blocked. NULL: it holds none. */
static struct hp_value *
refuse_secret(struct hp_call *call)
{
	static const char *const compared[] = {"session", "operations", "resources", "environment"};
	for (size_t i = 0; i < sizeof compared / sizeof compared[0]; i++) {
		const struct hp_value *value = hp_map_get(call->map, compared[i]);
		if (hp_hide(call->broker, value) != value)
			return hp_refuse(call, HP_CODE_malformed, compared[i],
					 "a scope cannot hold what is redacted in requests");
	}
	return NULL;
}

static struct hp_value *
tell(struct hp_call *call, const struct hp_stored_task *task, const char *reason)
{
	struct hp_broker *broker = call->broker;
	struct hp_value *body = task_value(broker, task, hp_value_map(&broker->arena));
	if (reason)
		hp_map_set_str(&broker->arena, body, "closed_reason", reason);
	hp_record(broker, "task", call->who->name, NULL, body, true);
	HP_LOG("info", "task", "state", task->closed ? "closed" : "open", "agent", task->agent,
	       "session", task->session, "by", call->who->name);
	return broker->fatal ? NULL : task_value(broker, task, hp_reply_new(broker, "task"));
}

static struct hp_value *
open_task(struct hp_call *call, struct hp_stored_task *task)
{
	struct hp_broker *broker = call->broker;
	struct hp_value *refusal = refuse_another(call, task);
	if (refusal || broker->fatal)
		return refusal;
	if (hp_store_add_task(broker->store, task) != HP_OK)
		return hp_store_failed(broker, "storing a task");
	return tell(call, task, NULL);
}

struct hp_value *
hp_handle_task(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	const struct hp_principal *agent = NULL;
	struct hp_buf operations = {0}, resources = {0};
	struct hp_value *reply = refuse_caller(call, &agent);
	if (reply || (reply = refuse_secret(call)))
		return reply;
	if (broker->frozen)
		return hp_refuse(call, HP_CODE_unavailable, NULL,
				 "the broker's clock went backwards: no task is opened until it has "
				 "caught up with the log");
	if (hp_msgpack_encode(hp_map_get(call->map, "operations"), &operations, NULL) != HP_OK ||
	    hp_msgpack_encode(hp_map_get(call->map, "resources"), &resources, NULL) != HP_OK) {
		broker->fatal = true;
	} else {
		struct hp_stored_task task = {
			.agent = agent->name,
			.session = hp_map_get_str(call->map, "session", ""),
			.owner = hp_principal_owner(agent),
			.by = call->who->name,
			.person = call->who->person,
			.reason = hp_hide_field(call, "reason"),
			.environment = hp_map_get_str(call->map, "environment", ""),
			.operations = {(const char *)operations.data, operations.len},
			.resources = {(const char *)resources.data, resources.len},
			.opened_ms = broker->clock.wall_ms,
			.until = hp_clock_after(&broker->clock,
						hp_map_get_int(call->map, "for_s", 0) * 1000),
		};
		reply = open_task(call, &task);
	}
	hp_buf_release(&operations);
	hp_buf_release(&resources);
	return reply;
}

/* About what a task takes on the wire; its keys, names and numbers are under 1 KiB. */
static size_t
task_bytes(const struct hp_stored_task *task)
{
	return 1024 + task->operations.len + task->resources.len + strlen(task->reason);
}

struct hp_value *
hp_handle_tasks(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	const struct hp_principal *who = call->who;
	const char *agent = hp_map_get_str(call->map, "agent", NULL), *owner = NULL;
	struct hp_stored_task *tasks = NULL;
	size_t count = 0, shown = 0, bytes = 512;
	if (who->roles & HP_ROLE_AGENT) {
		if (agent && strcmp(agent, who->name) != 0)
			return hp_refuse(call, HP_CODE_unauthorised, "agent",
					 "an agent sees its own tasks");
		agent = who->name;
	} else if (!(who->roles & (HP_ROLE_REVIEWER | HP_ROLE_ADMIN | HP_ROLE_AUDITOR))) {
		owner = who->person;
	}
	if (hp_store_open_tasks(broker->store, arena, agent, owner, broker->clock.wall_ms,
				hp_map_get_int(call->map, "after", 0), HP_LIMIT_LIST_ITEMS + 1,
				&tasks, &count) != HP_OK)
		return hp_store_failed(broker, "reading tasks");
	struct hp_value *reply = hp_reply_new(broker, "tasks");
	struct hp_value *items = hp_value_array(arena);
	for (; shown < count && shown < HP_LIMIT_LIST_ITEMS; shown++) {
		bytes += task_bytes(&tasks[shown]);
		if (shown && bytes > HP_LIMIT_MESSAGE_BYTES)
			break;
		if (is_open(broker, &tasks[shown]))
			hp_array_add(arena, items,
				     task_value(broker, &tasks[shown], hp_value_map(arena)));
	}
	hp_map_set(arena, reply, "items", items);
	if (shown < count)
		hp_map_set_int(arena, reply, "next", tasks[shown - 1].key);
	hp_map_set_int(arena, reply, "now_ms", broker->clock.wall_ms);
	return reply;
}

struct hp_value *
hp_handle_task_close(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	const struct hp_principal *agent = NULL;
	struct hp_stored_task task;
	struct hp_value *refusal = refuse_caller(call, &agent);
	if (refusal)
		return refusal;
	enum hp_status status =
		hp_store_last_task(broker->store, &broker->arena, agent->name,
				   hp_map_get_str(call->map, "session", ""), &task);
	if (status != HP_OK && status != HP_NOT_FOUND)
		return hp_store_failed(broker, "reading a task");
	if (status == HP_NOT_FOUND || !is_open(broker, &task))
		return hp_refuse(call, HP_CODE_conflict, "session",
				 "that session has no open task");
	if (!(call->who->roles & (HP_ROLE_REVIEWER | HP_ROLE_ADMIN)) &&
	    strcmp(task.person, call->who->person) != 0)
		return hp_refuse(call, HP_CODE_unauthorised, "session",
				 "%s opened that task: only who opened it, a reviewer or an admin "
				 "closes it",
				 task.by);
	if (hp_store_close_task(broker->store, task.key, broker->clock.wall_ms) != HP_OK)
		return hp_store_failed(broker, "closing a task");
	task.closed = true;
	return tell(call, &task, hp_hide_field(call, "reason"));
}
