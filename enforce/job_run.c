/* What a job runs, in what surroundings, and what it prints. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/json.h"
#include "core/text.h"
#include "enforce/job.h"
#include "enforce/spawn.h"

/* --- surroundings --- */

/* NAME=VALUE, as many as there are; a full list fails at the end. */
struct variables {
	struct hp_arena *arena;
	const char **items;
	size_t count;
};

static void
set(struct variables *variables, const char *name, const char *value)
{
	variables->items[variables->count++] =
		hp_arena_printf(variables->arena, "%s=%s", name, value);
}

static const char *
json_of(struct hp_arena *arena, const struct hp_value *value)
{
	struct hp_buf json = {0};
	hp_json_dump(value, HP_JSON_LINE, &json);
	const char *text = json.failed ? NULL : hp_arena_strdup(arena, hp_buf_text(&json));
	hp_buf_release(&json);
	return text;
}

/* PATH of the file; the account's HOME, USER, LOGNAME; the request's id; a whole action that has no
 * command to say what it is; and the variables of the file: the request's value, else ours. */
static const char *const *
make_env(struct hp_job *job, const struct hp_value *deed, bool has_command)
{
	enum { OWN = 8 };
	const struct hp_boundary *boundary = job->executor->boundary;
	const struct hp_cage_user *user = job->executor->user;
	struct variables all = {.arena = &job->arena};
	all.items = hp_arena_array(&job->arena, boundary->env_count + OWN, sizeof *all.items);
	if (!all.items)
		return NULL;
	set(&all, "PATH", boundary->path);
	set(&all, "HOLDPOINT_ID", job->id);
	if (user) {
		set(&all, "HOME", user->home);
		set(&all, "USER", user->name);
		set(&all, "LOGNAME", user->name);
	}
	const char *action = has_command ? "" : json_of(&job->arena, deed);
	if (!action)
		return NULL;
	if (!has_command)
		set(&all, "HOLDPOINT_ACTION", action);
	for (size_t i = 0; i < boundary->env_count; i++) {
		const char *name = boundary->env[i];
		const char *value =
			hp_map_get_str(job->claimed.request.env, name, getenv(name));
		if (value)
			set(&all, name, value);
	}
	return job->arena.failed ? NULL : all.items;
}

static bool
is_below(const char *path, const char *root)
{
	size_t len = strlen(root);
	if (strcmp(root, "/") == 0)
		return true;
	return strncmp(path, root, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Opens the directory and looks where it really is: links and ".." have been followed by then. */
static enum hp_status
open_cwd(const struct hp_boundary *boundary, const char *cwd, int *ret_fd, struct hp_error *err)
{
	char link[64], real[PATH_MAX], root[PATH_MAX];
	int fd = open(cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return hp_fail(err, HP_INVALID, "cannot go to the request's directory: %s",
			       strerror(errno));
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, real, sizeof real - 1);
	real[len > 0 ? len : 0] = '\0';
	for (size_t i = 0; len > 0 && i < boundary->cwd_root_count; i++) {
		if (realpath(boundary->cwd_roots[i], root) && is_below(real, root)) {
			*ret_fd = fd;
			return HP_OK;
		}
	}
	close(fd);
	return hp_fail(err, HP_REFUSED,
		       "the executor's file does not allow the request's directory");
}

static const char *const *
make_argv(struct hp_job *job, const char *program, const struct hp_value *command)
{
	size_t count = hp_value_count(command);
	const char **argv = hp_arena_array(&job->arena, count + 2, sizeof *argv);
	for (size_t i = 1; argv && i < count; i++)
		argv[i] = hp_array_get(command, i)->str.p;
	if (argv)
		argv[0] = program;
	return argv;
}

/* --- starting --- */

static void
forget_output(struct hp_job *job)
{
	hp_output_release(&job->output);
	job->output = (struct hp_output){.set = job->executor->redact};
	hp_buf_reset(&job->said);
	job->printed_bytes = job->told_bytes = 0;
}

static enum hp_status
start(struct hp_job *job, bool rollback, struct hp_cage_spec *spec, struct hp_error *err)
{
	const struct hp_request *request = &job->claimed.request;
	const struct hp_value *deed = rollback ? request->rollback : request->action;
	const struct hp_value *command = hp_map_get(deed, "command");
	const char *program = hp_claimed_program(job->executor->boundary,
						 hp_map_get_str(deed, "operation", NULL), command);
	if (!program)
		return hp_fail(err, HP_REFUSED, "the executor's file names no program for it");
	spec->argv = make_argv(job, program, command);
	spec->env = make_env(job, deed, command != NULL);
	if (!spec->argv || !spec->env)
		return hp_fail(err, HP_NOMEM, "out of memory");
	enum hp_status status = hp_pins_open(program, request->files, rollback, &spec->program,
					     err);
	if (status != HP_OK)
		return status;
	status = hp_cage_start(spec, &job->cage, err);
	close(spec->program.fd);
	return status;
}

enum hp_status
hp_job_start(struct hp_job *job, bool rollback, struct hp_error *err)
{
	enum { CPU_SPARE_S = 5 };
	const struct hp_request *request = &job->claimed.request;
	const struct hp_boundary *boundary = job->executor->boundary;
	struct hp_cage_spec spec = {
		.cwd = -1,
		.user = job->executor->user,
		.cpu_s = boundary->timeout_ms / 1000 + CPU_SPARE_S,
	};
	forget_output(job);
	enum hp_status status =
		request->cwd ? open_cwd(boundary, request->cwd, &spec.cwd, err) : HP_OK;
	if (status == HP_OK)
		status = start(job, rollback, &spec, err);
	if (spec.cwd >= 0)
		close(spec.cwd);
	if (status == HP_OK)
		job->deadline_ms = hp_enforce_now_ms() + boundary->timeout_ms;
	return status;
}

void
hp_job_stop(struct hp_job *job, const char *why, int grace_ms)
{
	if (!job->why && !job->cage.ended)
		job->why = why;
	hp_cage_stop(&job->cage, grace_ms);
}

/* --- what it prints --- */

/* Moves what may be shown by now into `said`. */
static void
take_output(struct hp_job *job, bool all)
{
	struct hp_buf text = {0};
	bool was_failed = job->output.failed;
	if (hp_output_take(&job->output, all, &text) == HP_OK)
		hp_output_add_utf8(&job->said, hp_buf_text(&text), text.len);
	else if (!was_failed)
		hp_buf_add_text(&job->said, "\n[output withheld: it could not be judged]\n");
	hp_buf_release(&text);
}

/* true: more may be there. */
static bool
read_some(struct hp_job *job)
{
	char piece[65536];
	ssize_t got = job->cage.output < 0 ? 0 : read(job->cage.output, piece, sizeof piece);
	if (got < 0)
		return errno == EINTR;
	if (got == 0) {
		if (job->cage.output >= 0)
			close(job->cage.output);
		job->cage.output = -1;
		return false;
	}
	job->printed_bytes += (size_t)got;
	job->heard_ms = hp_enforce_now_ms();
	if (hp_output_add(&job->output, piece, (size_t)got) != HP_OK)
		take_output(job, false); /* says that it is withheld, once */
	return true;
}

bool
hp_job_watch(struct hp_job *job)
{
	enum { AT_ONCE = 16, LIMIT_GRACE_MS = 500 };
	size_t limit = (size_t)job->executor->boundary->output_limit_bytes;
	struct hp_cage *cage = &job->cage;
	for (int i = 0; i < AT_ONCE && job->printed_bytes <= limit && read_some(job); i++)
		;
	if (job->printed_bytes > limit)
		hp_job_stop(job, "it printed more than the executor's output_limit",
			    LIMIT_GRACE_MS);
	zmq_pollitem_t item = {.fd = cage->result, .events = ZMQ_POLLIN};
	if (!cage->ended && cage->result >= 0 && zmq_poll(&item, 1, 0) > 0)
		hp_cage_reap(cage);
	if (!cage->ended) {
		take_output(job, false);
		return false;
	}
	while (job->printed_bytes <= limit && read_some(job)) /* all writers are gone */
		;
	take_output(job, true);
	hp_cage_release(cage);
	return true;
}
