#include "enforce/hook.h"

#include <string.h>

#include "core/json.h"
#include "core/limits.h"

/* ---- the tables ---- */

#define HP_HOOK_HOST(host, name, limit_ms)
#define HP_HOOK_EVENT(host, event, pass, allow, deny)
#define HP_HOOK_TOOL(host, tool, kind, operation)

static const struct hp_hook_host hosts[] = {
#undef HP_HOOK_HOST
#define HP_HOOK_HOST(host, name, limit_ms) {HP_HOOK_##host, name, limit_ms},
#include "enforce/hook_hosts.def"
#undef HP_HOOK_HOST
#define HP_HOOK_HOST(host, name, limit_ms)
};

static const struct hp_hook_event events[] = {
#undef HP_HOOK_EVENT
#define HP_HOOK_EVENT(host, event, pass, allow, deny)                                              \
	{HP_HOOK_##host, event, HP_HOOK_##pass, HP_HOOK_##allow, HP_HOOK_##deny},
#include "enforce/hook_hosts.def"
#undef HP_HOOK_EVENT
#define HP_HOOK_EVENT(host, event, pass, allow, deny)
};

static const struct hp_hook_tool tools[] = {
#undef HP_HOOK_TOOL
#define HP_HOOK_TOOL(host, tool, kind, operation) {HP_HOOK_##host, tool, HP_HOOK_##kind, operation},
#include "enforce/hook_hosts.def"
#undef HP_HOOK_TOOL
#define HP_HOOK_TOOL(host, tool, kind, operation)
};

const char hp_hook_host_names[] =
#undef HP_HOOK_HOST
#define HP_HOOK_HOST(host, name, limit_ms) " " name
#include "enforce/hook_hosts.def"
	;
#undef HP_HOOK_HOST
#undef HP_HOOK_EVENT
#undef HP_HOOK_TOOL

#define COUNT(table) (sizeof(table) / sizeof *(table))

const struct hp_hook_host *
hp_hook_host_find(const char *name)
{
	for (size_t i = 0; i < COUNT(hosts); i++)
		if (strcmp(hosts[i].name, name) == 0)
			return &hosts[i];
	return NULL;
}

const struct hp_hook_event *
hp_hook_event_find(const struct hp_hook_host *host, const char *name)
{
	for (size_t i = 0; i < COUNT(events); i++)
		if (events[i].host == host->id && (!name || strcmp(events[i].name, name) == 0))
			return &events[i];
	return NULL;
}

static const struct hp_hook_tool *
find_tool(const struct hp_hook_host *host, const char *name)
{
	for (size_t i = 0; i < COUNT(tools); i++)
		if (tools[i].host == host->id && strcmp(tools[i].name, name) == 0)
			return &tools[i];
	return NULL;
}

/* ---- what the host says ---- */

/*
 * Takes an MCP tool's name apart: `mcp__server__tool` (Claude Code, Codex), `@server/tool` (Kiro).
 * Gemini joins with single underscores, which cannot be told from those of a name; it says server
 * and tool beside it, in `mcp_context`, and without that the joined name stays whole.
 */
static void
read_mcp_name(struct hp_arena *arena, const struct hp_value *context, struct hp_hook_call *call)
{
	static const char prefix[] = "mcp__";
	const char *name = call->tool_name, *server = NULL, *tool = NULL;
	size_t len = 0;
	if (context) {
		server = hp_map_get_str(context, "server_name", NULL);
		tool = hp_map_get_str(context, "tool_name", NULL);
		len = server ? strlen(server) : 0;
	} else if (strncmp(name, prefix, sizeof prefix - 1) == 0) {
		server = name + sizeof prefix - 1;
		tool = strstr(server, "__");
		len = tool ? (size_t)(tool - server) : 0;
		tool = tool ? tool + 2 : NULL;
	} else if (*name == '@') {
		server = name + 1;
		len = strcspn(server, "/");
		tool = server[len] ? server + len + 1 : NULL;
	}
	if (!len || !tool || !*tool)
		return;
	call->server = hp_arena_copy(arena, server, len);
	call->tool_name = tool;
}

/* Texts are read up to their first NUL; behind one something could hide. */
static enum hp_status
check_nuls(const struct hp_value *map, struct hp_error *err)
{
	for (size_t i = 0; map && map->type == HP_MAP && i < map->map.count; i++) {
		const struct hp_value *value = map->map.pairs[i].value;
		if (value->type == HP_STR && memchr(value->str.p, 0, value->str.len))
			return hp_fail(err, HP_INVALID, "a text of the call holds a NUL character");
	}
	return HP_OK;
}

enum hp_status
hp_hook_parse(struct hp_arena *arena, const struct hp_hook_host *host, const char *text, size_t len,
	      struct hp_hook_call *ret_call, struct hp_error *err)
{
	const struct hp_value *map;
	struct hp_hook_call call = {.event = hp_hook_event_find(host, NULL)};
	*ret_call = call;
	enum hp_status status = hp_json_load(arena, text, len, &map, err);
	if (status != HP_OK)
		return status;
	if (map->type != HP_MAP)
		return hp_fail(err, HP_INVALID, "expected an object, found %s",
			       hp_type_name(map->type));
	const char *event = hp_map_get_str(map, "hook_event_name", NULL);
	if (!event)
		return hp_fail(err, HP_INVALID, "\"hook_event_name\" is missing");
	call.event = hp_hook_event_find(host, event);
	if (!call.event)
		return hp_fail(err, HP_INVALID, "no hook \"%.*s\" of %s is known",
			       (int)strspn(event, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
						  "XYZ"),
			       event, host->name);
	ret_call->event = call.event;
	call.tool_name = hp_map_get_str(map, "tool_name", NULL);
	if (!call.tool_name || !*call.tool_name)
		return hp_fail(err, HP_INVALID, "\"tool_name\" is missing");
	call.input = hp_map_get(map, "tool_input");
	if (!call.input || call.input->type != HP_MAP)
		return hp_fail(err, HP_INVALID, "\"tool_input\" is no object");
	const struct hp_value *context = hp_map_get(map, "mcp_context");
	if ((status = check_nuls(map, err)) != HP_OK ||
	    (status = check_nuls(call.input, err)) != HP_OK ||
	    (status = check_nuls(context, err)) != HP_OK)
		return status;
	call.session = hp_map_get_str(map, "session_id", NULL);
	call.cwd = hp_map_get_str(map, "cwd", NULL);
	call.tool = find_tool(host, call.tool_name);
	if (!call.tool)
		read_mcp_name(arena, context, &call);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	*ret_call = call;
	return HP_OK;
}

/* ---- what is asked ---- */

/* What is being made of a call. */
struct draft {
	struct hp_arena *arena;
	const struct hp_hook_call *call;
	struct hp_value *action, *resources, *impact;
	struct hp_error *err;
};

static void
copy_input(const struct draft *draft, const char *const *left_out, size_t count)
{
	struct hp_value *arguments = hp_value_map(draft->arena);
	const struct hp_value *input = draft->call->input;
	for (size_t i = 0; i < input->map.count; i++) {
		const struct hp_pair *pair = &input->map.pairs[i];
		bool out = false;
		for (size_t j = 0; j < count; j++)
			out |= strcmp(pair->key.p, left_out[j]) == 0;
		if (!out)
			hp_map_setn(draft->arena, arguments, pair->key.p, pair->key.len,
				    pair->value);
	}
	if (hp_value_count(arguments))
		hp_map_set(draft->arena, draft->action, "arguments", arguments);
}

static void
copy_all(const struct draft *draft)
{
	copy_input(draft, NULL, 0);
}

/* An operation of its own, or the tool's name; one that is too long is refused by the request. */
static void
set_operation(const struct draft *draft)
{
	const struct hp_hook_call *call = draft->call;
	const char *operation = call->tool_name;
	if (call->tool && *call->tool->operation)
		operation = call->tool->operation;
	else if (call->server)
		operation = hp_arena_printf(draft->arena, "mcp:%s/%s", call->server,
					    call->tool_name);
	hp_map_set_str(draft->arena, draft->action, "operation", operation);
}

static enum hp_status
draft_shell(struct draft *draft)
{
	static const char *const left_out[] = {"command", "description"};
	struct hp_arena *arena = draft->arena;
	const char *line = hp_map_get_str(draft->call->input, "command", NULL);
	if (!line || !line[strspn(line, " \t\r\n")])
		return hp_fail(draft->err, HP_INVALID, "the tool's \"command\" is missing");
	struct hp_value *argv = hp_hook_split(arena, line);
	if (!argv) {
		argv = hp_value_array(arena);
		hp_array_add(arena, argv, hp_value_str(arena, "/bin/sh"));
		hp_array_add(arena, argv, hp_value_str(arena, "-c"));
		hp_array_add(arena, argv, hp_value_str(arena, line));
	}
	if (arena->failed)
		return hp_fail(draft->err, HP_NOMEM, "out of memory");
	const char *program = hp_array_get(argv, 0)->str.p, *slash = strrchr(program, '/');
	hp_map_set_str(arena, draft->action, "operation",
		       hp_arena_printf(arena, "shell:%s", slash ? slash + 1 : program));
	hp_map_set(arena, draft->action, "command", argv);
	if (draft->call->cwd)
		hp_map_set_str(arena, draft->action, "cwd", draft->call->cwd);
	copy_input(draft, left_out, sizeof left_out / sizeof *left_out);
	return HP_OK;
}

static enum hp_status
draft_file(struct draft *draft)
{
	static const char *const paths[] = {"file_path", "notebook_path", "absolute_path", "path",
					    "dir_path"};
	set_operation(draft);
	copy_all(draft);
	for (size_t i = 0; i < COUNT(paths); i++) {
		const char *path = hp_map_get_str(draft->call->input, paths[i], NULL);
		if (!path)
			continue;
		hp_array_add(draft->arena, draft->resources, hp_value_str(draft->arena, path));
		hp_map_set_int(draft->arena, draft->impact, "resources_affected", 1);
		break;
	}
	return HP_OK;
}

/* What may stand before a mark: the host takes any white space there, that beyond ASCII too. */
static size_t
padding(const char *line)
{
	size_t len = 0;
	while (line[len] && line[len] != '\n' &&
	       ((unsigned char)line[len] <= ' ' || (unsigned char)line[len] >= 0x80))
		len++;
	return len;
}

/* "*** Update File: path": each file is a resource; one that goes makes it a deletion. */
static enum hp_status
draft_patch(struct draft *draft)
{
	static const char *const marks[] = {"*** Add File: ", "*** Update File: ",
					    "*** Delete File: ", "*** Move to: "};
	struct hp_arena *arena = draft->arena;
	const char *patch = hp_map_get_str(draft->call->input, "command", NULL);
	bool deletes = false;
	if (!patch)
		patch = hp_map_get_str(draft->call->input, "input", "");
	for (const char *line = patch; *line;) {
		line += padding(line);
		size_t len = strcspn(line, "\n");
		for (size_t i = 0; i < COUNT(marks); i++) {
			size_t mark = strlen(marks[i]);
			if (len <= mark || strncmp(line, marks[i], mark) != 0)
				continue;
			hp_array_add(arena, draft->resources,
				     hp_value_strn(arena, line + mark, len - mark));
			deletes |= i >= 2;
		}
		line += len + (line[len] == '\n');
	}
	size_t files = hp_value_count(draft->resources);
	if (!files)
		return hp_fail(draft->err, HP_INVALID, "the patch names no file");
	hp_map_set_int(arena, draft->impact, "resources_affected", (int64_t)files);
	hp_map_set_str(arena, draft->action, "operation",
		       deletes ? "delete_file" : draft->call->tool->operation);
	copy_all(draft);
	return HP_OK;
}

/* As the command that it is: `aws SERVICE OPERATION`. */
static enum hp_status
draft_aws(struct draft *draft)
{
	struct hp_arena *arena = draft->arena;
	const char *service = hp_map_get_str(draft->call->input, "service_name", NULL);
	const char *operation = hp_map_get_str(draft->call->input, "operation_name", NULL);
	if (!service || !*service || !operation || !*operation)
		return hp_fail(draft->err, HP_INVALID,
			       "the tool's \"service_name\" or \"operation_name\" is missing");
	struct hp_value *argv = hp_value_array(arena);
	hp_array_add(arena, argv, hp_value_str(arena, "aws"));
	hp_array_add(arena, argv, hp_value_str(arena, service));
	hp_array_add(arena, argv, hp_value_str(arena, operation));
	hp_map_set_str(arena, draft->action, "operation", "shell:aws");
	hp_map_set(arena, draft->action, "command", argv);
	copy_all(draft);
	return HP_OK;
}

static enum hp_status
draft_call(struct draft *draft)
{
	set_operation(draft);
	copy_all(draft);
	return HP_OK;
}

/* "claude-code Bash: git push --force", cut where a character ends. */
static struct hp_value *
make_summary(const struct draft *draft, const struct hp_hook_host *host)
{
	const struct hp_value *first = hp_array_get(draft->resources, 0);
	const char *line = hp_map_get_str(draft->call->input, "command", NULL);
	struct hp_buf text = {0};
	hp_buf_printf(&text, "%s %s%s%s", host->name, draft->call->tool_name,
		      first || line ? ": " : "",
		      first ? first->str.p : line ? line : "");
	size_t len = text.len;
	if (len > HP_LIMIT_SUMMARY_BYTES)
		for (len = HP_LIMIT_SUMMARY_BYTES; len > 0 && (text.data[len] & 0xc0) == 0x80;)
			len--;
	for (size_t i = 0; i < len; i++)
		if (text.data[i] == '\n' || text.data[i] == '\r' || text.data[i] == '\t')
			text.data[i] = ' ';
	struct hp_value *summary = hp_value_strn(draft->arena, hp_buf_text(&text), len);
	hp_buf_release(&text);
	return summary;
}

enum hp_status
hp_hook_message(struct hp_arena *arena, const struct hp_hook_host *host,
		const struct hp_hook_call *call, const char *environment, const char *id,
		struct hp_value **ret_map, struct hp_error *err)
{
	static enum hp_status (*const drafters[])(struct draft *) = {
		[HP_HOOK_SHELL] = draft_shell, [HP_HOOK_FILE] = draft_file,
		[HP_HOOK_PATCH] = draft_patch, [HP_HOOK_AWS] = draft_aws,
		[HP_HOOK_CALL] = draft_call,   [HP_HOOK_OWN] = draft_call,
	};
	struct draft draft = {arena, call, hp_value_map(arena), hp_value_array(arena),
			      hp_value_map(arena), err};
	enum hp_status status = drafters[call->tool ? call->tool->kind : HP_HOOK_CALL](&draft);
	if (status != HP_OK)
		return status;
	hp_map_set_str(arena, draft.action, "environment", environment);
	if (hp_value_count(draft.resources))
		hp_map_set(arena, draft.action, "resources", draft.resources);
	const char *why = hp_map_get_str(call->input, "description", "");
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "submit");
	hp_map_set_str(arena, map, "id", id);
	hp_map_set(arena, map, "action", draft.action);
	hp_map_set(arena, map, "summary", make_summary(&draft, host));
	hp_map_set_str(arena, map, "why", *why ? why : "(not given)");
	hp_map_set(arena, map, "impact", draft.impact);
	hp_map_set(arena, map, "alternatives", hp_value_array(arena));
	hp_map_set(arena, map, "rollback", hp_value_nil(arena));
	if (call->session)
		hp_map_set_str(arena, map, "session", call->session);
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	*ret_map = map;
	return HP_OK;
}
