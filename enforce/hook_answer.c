/* hook_answer - verdicts and settings in the shapes that the hosts read. */
#include <string.h>

#include "core/json.h"
#include "core/value.h"
#include "enforce/hook.h"

enum { EXIT_DENY = 2 };

static void
pre_tool_use(struct hp_arena *arena, struct hp_value *map, const struct hp_hook_verdict *verdict)
{
	struct hp_value *inner = hp_value_map(arena);
	hp_map_set_str(arena, inner, "hookEventName", "PreToolUse");
	hp_map_set_str(arena, inner, "permissionDecision", verdict->granted ? "allow" : "deny");
	hp_map_set_str(arena, inner, "permissionDecisionReason", verdict->reason);
	hp_map_set(arena, map, "hookSpecificOutput", inner);
}

static void
permission_request(struct hp_arena *arena, struct hp_value *map,
		   const struct hp_hook_verdict *verdict)
{
	struct hp_value *inner = hp_value_map(arena), *decision = hp_value_map(arena);
	hp_map_set_str(arena, decision, "behavior", verdict->granted ? "allow" : "deny");
	if (!verdict->granted)
		hp_map_set_str(arena, decision, "message", verdict->reason);
	hp_map_set_str(arena, inner, "hookEventName", "PermissionRequest");
	hp_map_set(arena, inner, "decision", decision);
	hp_map_set(arena, map, "hookSpecificOutput", inner);
}

static void
decision(struct hp_arena *arena, struct hp_value *map, const struct hp_hook_verdict *verdict)
{
	hp_map_set_str(arena, map, "decision", verdict->granted ? "allow" : "deny");
	if (!verdict->granted)
		hp_map_set_str(arena, map, "reason", verdict->reason);
}

int
hp_hook_answer(const struct hp_hook_event *event, const struct hp_hook_verdict *verdict,
	       struct hp_buf *out, struct hp_buf *err)
{
	typedef void fill(struct hp_arena *, struct hp_value *, const struct hp_hook_verdict *);
	static fill *const shapes[] = {
		[HP_HOOK_PRE_TOOL_USE] = pre_tool_use,
		[HP_HOOK_PERMISSION_REQUEST] = permission_request,
		[HP_HOOK_DECISION] = decision,
	};
	enum hp_hook_form form = !verdict->granted    ? event->deny
				 : verdict->by_person ? event->allow
						      : event->pass;
	if (form == HP_HOOK_EXIT_2) {
		hp_buf_printf(err, "%s\n", verdict->reason);
		return EXIT_DENY;
	}
	if (form == HP_HOOK_QUIET)
		return 0;
	struct hp_arena arena = {0};
	struct hp_value *map = hp_value_map(&arena);
	shapes[form](&arena, map, verdict);
	if (!arena.failed)
		hp_json_dump(map, HP_JSON_LINE, out);
	hp_buf_add_byte(out, '\n');
	bool failed = arena.failed || out->failed;
	hp_arena_release(&arena);
	if (!failed)
		return 0;
	/* Every host takes an empty output with this code for a deny. */
	hp_buf_reset(out);
	return EXIT_DENY;
}

/* ---- settings ---- */

static struct hp_value *
entry(struct hp_arena *arena, const char *command, const char *unit, int64_t limit)
{
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "command");
	hp_map_set_str(arena, map, "command", command);
	hp_map_set_int(arena, map, unit, limit);
	return map;
}

/* {"matcher": "*", "hooks": [entry]}; no matcher means all. */
static struct hp_value *
group(struct hp_arena *arena, const char *matcher, struct hp_value *hook)
{
	struct hp_value *map = hp_value_map(arena), *list = hp_value_array(arena);
	if (matcher)
		hp_map_set_str(arena, map, "matcher", matcher);
	hp_array_add(arena, list, hook);
	hp_map_set(arena, map, "hooks", list);
	return map;
}

static struct hp_value *
claude_code(struct hp_arena *arena, const char *command, int64_t limit_ms)
{
	struct hp_value *hook = entry(arena, command, "timeout", limit_ms / 1000);
	hp_map_set_str(arena, hook, "onFailure", "block"); /* older versions ignore it */
	return group(arena, "*", hook);
}

static struct hp_value *
codex(struct hp_arena *arena, const char *command, int64_t limit_ms)
{
	return group(arena, NULL, entry(arena, command, "timeout", limit_ms / 1000));
}

static struct hp_value *
gemini(struct hp_arena *arena, const char *command, int64_t limit_ms)
{
	struct hp_value *hook = entry(arena, command, "timeout", limit_ms);
	hp_map_set_str(arena, hook, "name", "holdpoint");
	return group(arena, ".*", hook);
}

static struct hp_value *
kiro(struct hp_arena *arena, const char *command, int64_t limit_ms)
{
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "matcher", "*");
	hp_map_set_str(arena, map, "command", command);
	hp_map_set_int(arena, map, "timeout_ms", limit_ms);
	return map;
}

void
hp_hook_settings(const struct hp_hook_host *host, const char *command, int64_t limit_ms,
		 struct hp_buf *out)
{
	static struct hp_value *(*const makers[])(struct hp_arena *, const char *, int64_t) = {
		[HP_HOOK_CLAUDE_CODE] = claude_code, [HP_HOOK_CODEX] = codex,
		[HP_HOOK_GEMINI] = gemini,	     [HP_HOOK_KIRO] = kiro,
	};
	struct hp_arena arena = {0};
	struct hp_value *map = hp_value_map(&arena), *hooks = hp_value_map(&arena);
	struct hp_value *list = hp_value_array(&arena);
	hp_array_add(&arena, list, makers[host->id](&arena, command, limit_ms));
	hp_map_set(&arena, hooks, hp_hook_event_find(host, NULL)->name, list);
	hp_map_set(&arena, map, "hooks", hooks);
	if (arena.failed)
		out->failed = true;
	else
		hp_json_dump(map, HP_JSON_INDENT, out);
	hp_buf_add_byte(out, '\n');
	hp_arena_release(&arena);
}
