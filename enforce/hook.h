/*
 * hook - a coding agent's tool call, asked for before its host runs it.
 *
 * A host (hook_hosts.def) starts a hook for each tool call, gives it JSON on standard input, and
 * reads a verdict from its output and exit code. The host runs the tool, so a grant is claimed
 * `detached`.
 *
 * Invariants:
 *  1. The tool goes ahead only after the broker's `claimed` for a request that says exactly what
 *     the host told; a tool of the host's own that touches nothing (kind OWN) after the broker's
 *     word that no halt covers the agent.
 *  2. Everything else is a deny in the one form that this host honours for this event: hosts go on
 *     when a hook crashes or is late, so it must be said, and in time.
 *  3. What is said is one line, escaped: it is the agent's to read and may quote a stranger.
 * Threads: one.
 */
#ifndef HP_ENFORCE_HOOK_H
#define HP_ENFORCE_HOOK_H

#include "core/buf.h"
#include "core/value.h"

enum hp_hook_form {
	HP_HOOK_QUIET,		    /* exit 0 and no word: the host's own rules go on */
	HP_HOOK_EXIT_2,		    /* exit 2, no output, the reason on standard error */
	HP_HOOK_PRE_TOOL_USE,	    /* {"hookSpecificOutput": {…"permissionDecision"…}} */
	HP_HOOK_PERMISSION_REQUEST, /* {"hookSpecificOutput": {…"decision": {"behavior"…}}} */
	HP_HOOK_DECISION,	    /* {"decision": …, "reason": …} */
};

enum hp_hook_tool_kind {
	HP_HOOK_SHELL, /* `command` is a shell line */
	HP_HOOK_FILE,  /* one file, named by a path */
	HP_HOOK_PATCH, /* `command` is a patch that names its files */
	HP_HOOK_AWS,   /* `service_name`, `operation_name` */
	HP_HOOK_CALL,  /* its arguments say it all */
	HP_HOOK_OWN,   /* the host's own bookkeeping: nothing outside the conversation */
};

enum hp_hook_host_id {
#define HP_HOOK_HOST(host, name, limit_ms) HP_HOOK_##host,
#define HP_HOOK_EVENT(host, event, pass, allow, deny)
#define HP_HOOK_TOOL(host, tool, kind, operation)
#include "enforce/hook_hosts.def"
#undef HP_HOOK_HOST
#undef HP_HOOK_EVENT
#undef HP_HOOK_TOOL
};

struct hp_hook_host {
	enum hp_hook_host_id id;
	const char *name;
	int limit_ms;
};

struct hp_hook_event {
	enum hp_hook_host_id host;
	const char *name;
	enum hp_hook_form pass, allow, deny;
};

struct hp_hook_tool {
	enum hp_hook_host_id host;
	const char *name;
	enum hp_hook_tool_kind kind;
	const char *operation;
};

/* The host of this name; NULL. */
const struct hp_hook_host *hp_hook_host_find(const char *name);
/* "claude-code, codex …", for usage messages. */
extern const char hp_hook_host_names[];
/* The event of this name; the host's first one with NULL; NULL when it has none of the name. */
const struct hp_hook_event *hp_hook_event_find(const struct hp_hook_host *host, const char *name);

/* One call as the host told it. Borrows the arena. */
struct hp_hook_call {
	const struct hp_hook_event *event; /* set on failure too: how a deny is told */
	const struct hp_hook_tool *tool;   /* NULL: of no table */
	const char *tool_name;
	const char *server; /* of an MCP tool, whose name there is tool_name; NULL */
	const struct hp_value *input; /* map */
	const char *session, *cwd;    /* NULL: not told */
};

/* Reads the host's JSON. HP_INVALID: not what this host sends; HP_NOMEM. */
HP_MUST_CHECK enum hp_status hp_hook_parse(struct hp_arena *arena, const struct hp_hook_host *host,
					   const char *text, size_t len,
					   struct hp_hook_call *ret_call, struct hp_error *err);

/*
 * The `submit` for a call, with this id. A shell line that is one plain command becomes its argv;
 * any other is `/bin/sh -c LINE`, which policy judges by its text and as unknown. HP_INVALID: the
 * input does not say what the tool would do.
 */
HP_MUST_CHECK enum hp_status hp_hook_message(struct hp_arena *arena,
					     const struct hp_hook_host *host,
					     const struct hp_hook_call *call,
					     const char *environment, const char *id,
					     struct hp_value **ret_map, struct hp_error *err);

/* The argv of a shell line that is one plain command: words and quotes, nothing that a shell would
 * expand, redirect, join or substitute. NULL: it is more than that. */
struct hp_value *hp_hook_split(struct hp_arena *arena, const char *line);

/* What the host is told. */
struct hp_hook_verdict {
	bool granted;
	bool by_person;	    /* who was asked, not policy alone */
	const char *reason; /* one line, escaped */
};

/* Appends to what goes to standard output and standard error; returns the exit code. */
int hp_hook_answer(const struct hp_hook_event *event, const struct hp_hook_verdict *verdict,
		   struct hp_buf *out, struct hp_buf *err);

/* Appends the settings (JSON) that make `host` run `command` for every tool call and wait for it
 * `limit_ms`. */
void hp_hook_settings(const struct hp_hook_host *host, const char *command, int64_t limit_ms,
		      struct hp_buf *out);

#endif
