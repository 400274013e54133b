#include "core/task.h"

#include <string.h>

#include "core/evaluate.h"
#include "core/text.h"

/* Every rule of this file speaking once. */
enum { TASK_FINDINGS = 5 };

struct scope {
	const struct hp_policy *policy;
	struct hp_arena *arena;
	const struct hp_request *request;
	const struct hp_task *task;
	const char *environment; /* derived */
	struct hp_finding findings[TASK_FINDINGS];
	size_t count;
};

static void
say(struct scope *scope, const char *rule, unsigned line, const char *message)
{
	scope->findings[scope->count++] = (struct hp_finding){
		.layer = 2,
		.rule = rule,
		.effect = HP_EFFECT_BLOCK,
		.message = message,
		.line = line,
	};
}

static const char *
safe(struct scope *scope, const char *text)
{
	return hp_text_safe(scope->arena, text, HP_TEXT_ASCII);
}

static void
judge_environment(struct scope *scope)
{
	const struct hp_globs said = {&scope->task->environment, 1};
	const struct hp_globs folded = hp_bounds_fold(scope->arena, &said);
	if (!hp_bounds_match(scope->arena, &folded, scope->environment))
		say(scope, "task.environment", 0,
		    hp_arena_printf(scope->arena,
				    "%s is outside the task of session \"%s\", which is for %s",
				    scope->environment, safe(scope, scope->task->session),
				    safe(scope, scope->task->environment)));
}

static enum hp_status
judge_operations(struct scope *scope)
{
	struct hp_deed deeds[HP_DEEDS];
	const char *outside = NULL;
	size_t count = hp_deeds_of(scope->request, deeds);
	enum hp_status status = hp_bounds_check(scope->arena, &scope->task->operations, deeds,
						count, &outside);
	if (outside)
		say(scope, "task.operations", 0,
		    hp_arena_printf(scope->arena, "%s is outside the task of session \"%s\"",
				    outside, safe(scope, scope->task->session)));
	return status;
}

/* "*" asks for no name; anything else can be shown to hold only of what is named. */
static bool
is_any(const struct hp_globs *globs)
{
	for (size_t i = 0; i < globs->count; i++)
		if (strcmp(globs->items[i], "*") == 0)
			return true;
	return globs->count == 0;
}

static void
judge_resources(struct scope *scope)
{
	const struct hp_task *task = scope->task;
	const struct hp_value *named = scope->request->resources;
	const struct hp_globs folded = hp_bounds_fold(scope->arena, &task->resources);
	if (!hp_value_count(named) && !is_any(&task->resources)) {
		say(scope, "task.resources", 0,
		    hp_arena_printf(scope->arena,
				    "it names no resource, and the task of session \"%s\" is for "
				    "some only",
				    safe(scope, task->session)));
		return;
	}
	for (size_t i = 0; i < hp_value_count(named); i++) {
		const char *resource = hp_array_get(named, i)->str.p;
		if (hp_bounds_match(scope->arena, &folded, resource))
			continue;
		say(scope, "task.resources", 0,
		    hp_arena_printf(scope->arena, "%s is outside the task of session \"%s\"",
				    safe(scope, resource), safe(scope, task->session)));
		return;
	}
}

static void
judge_required(struct scope *scope)
{
	const struct hp_policy *policy = scope->policy;
	const char *session = scope->request->session;
	size_t i = hp_policy_find_environment(policy, scope->environment);
	if (i == policy->environment_count || !policy->environments[i].task_required ||
	    (scope->task && scope->task->open))
		return;
	say(scope, policy->environments[i].task_rule, policy->environments[i].task_line,
	    hp_arena_printf(scope->arena,
			    "in %s an agent needs an open task, and %s%s%s has none",
			    scope->environment, session ? "session \"" : "a request without a session",
			    session ? safe(scope, session) : "", session ? "\"" : ""));
}

static enum hp_status
judge(struct scope *scope)
{
	const struct hp_task *task = scope->task;
	judge_required(scope);
	if (!task)
		return HP_OK;
	if (!task->open) {
		say(scope, "task", 0,
		    hp_arena_printf(scope->arena,
				    "the task of session \"%s\" has ended: nothing is in its scope",
				    safe(scope, task->session)));
		return HP_OK;
	}
	judge_environment(scope);
	judge_resources(scope);
	return judge_operations(scope);
}

enum hp_status
hp_task_judge(const struct hp_policy *policy, struct hp_arena *arena,
	      const struct hp_principal *requester, const struct hp_request *request,
	      const struct hp_task *task, struct hp_verdict *verdict, struct hp_error *err)
{
	struct scope scope = {
		.policy = policy,
		.arena = arena,
		.request = request,
		.task = task,
		.environment = verdict->environment,
	};
	if (hp_policy_column(requester) == HP_MODE_HUMAN)
		return HP_OK;
	enum hp_status status = judge(&scope);
	if (status == HP_OK && scope.count)
		status = hp_verdict_add(policy, arena, verdict, scope.findings, scope.count);
	if (status == HP_OK && arena->failed)
		status = HP_NOMEM;
	return status == HP_OK ? HP_OK : hp_fail(err, status, "task: %s", hp_status_text(status));
}
