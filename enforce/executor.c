#include "enforce/executor.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "core/text.h"
#include "enforce/job.h"
#include "enforce/signals.h"
#include "enforce/spawn.h"
#include "proto/file.h"

enum {
	NONCE_BYTES = 16,
	CLAIM_POLL_MS = 20000,
	PATIENCE_MS = 10000, /* beyond it: a mute broker is asked again */
	FAREWELL_MS = 2000,  /* for the answer to the last claim's withdrawal */
	BACKOFF_MS = 1000,
	TICK_MS = 500, /* how late a lost connection may be noticed */
};

struct loop {
	struct hp_executor *executor;
	struct hp_job **jobs; /* max_parallel of them; NULL: free */
	size_t running;
	struct hp_job *claimed; /* the last one, until its claim's nonce has done its duty */
	struct hp_arena arena;	/* of one turn */
	uint8_t nonce[NONCE_BYTES];
	uint64_t claim_seq; /* 0: not out */
	int64_t claim_sent_ms, claim_after_ms;
	uint64_t farewell_seq; /* of its withdrawal; 0: not out */
	unsigned connections;
	int ends; /* how often we were asked to */
	struct hp_error *err;
	enum hp_status failed;
};

/* --- the nonce --- */

static enum hp_status
new_nonce(struct loop *loop)
{
	struct hp_buf hex = {0};
	hp_crypto_random(loop->nonce, sizeof loop->nonce);
	hp_buf_add_hex(&hex, loop->nonce, sizeof loop->nonce);
	hp_buf_add_byte(&hex, '\n');
	enum hp_status status =
		hex.failed ? hp_fail(loop->err, HP_NOMEM, "out of memory")
			   : hp_file_write(loop->executor->nonce_path, hex.data, hex.len, 0600,
					   HP_FILE_REPLACE, loop->err);
	hp_buf_release(&hex);
	return status;
}

/* The nonce of a claim that may have been taken when we died. */
static enum hp_status
old_nonce(struct loop *loop)
{
	struct hp_buf hex = {0};
	struct hp_error err = {0};
	enum hp_status status = hp_file_read_secret(loop->executor->nonce_path, &hex, &err);
	bool good = status == HP_OK && hex.len == 2 * NONCE_BYTES + 1 &&
		    hp_crypto_hex(hp_buf_text(&hex), 2 * NONCE_BYTES, loop->nonce, NONCE_BYTES) ==
			    HP_OK;
	hp_buf_release(&hex);
	if (good)
		return HP_OK;
	if (status != HP_OK && status != HP_NOT_FOUND) {
		if (loop->err)
			*loop->err = err;
		return status;
	}
	return new_nonce(loop);
}

/* --- claiming --- */

static void
say(struct loop *loop, const char *line)
{
	if (loop->executor->tell)
		loop->executor->tell(loop->executor->context, line);
}

/* The next grant is not to be taken for somebody who ends; what was taken already is heard of. */
static void
withdraw_claim(struct loop *loop)
{
	if (!loop->claim_seq)
		return;
	struct hp_value *map = hp_value_map(&loop->arena);
	hp_map_set_str(&loop->arena, map, "type", "claim");
	hp_map_set_bin(&loop->arena, map, "nonce", loop->nonce, sizeof loop->nonce);
	hp_map_set_bool(&loop->arena, map, "withdraw", true);
	hp_map_set_int(&loop->arena, map, "timeout_ms", 0);
	loop->claim_sent_ms = hp_enforce_now_ms();
	if (hp_client_send(loop->executor->client, &loop->arena, map, &loop->farewell_seq, NULL) !=
	    HP_OK)
		loop->farewell_seq = 0;
}

/* Whether there is nothing to wait for any more. */
static bool
is_over(const struct loop *loop)
{
	if (!loop->ends || loop->running)
		return false;
	return !loop->farewell_seq || loop->ends > 1 ||
	       hp_enforce_now_ms() - loop->claim_sent_ms >= FAREWELL_MS;
}

static void
send_claim(struct loop *loop)
{
	struct hp_client *client = loop->executor->client;
	int64_t now_ms = hp_enforce_now_ms();
	struct hp_error err = {0};
	if (!hp_client_connected(client) || hp_client_connections(client) != loop->connections) {
		loop->connections = hp_client_connections(client);
		loop->claim_seq = loop->farewell_seq = 0;
	}
	if (loop->claim_seq && now_ms - loop->claim_sent_ms > CLAIM_POLL_MS + PATIENCE_MS)
		loop->claim_seq = 0;
	if (loop->claim_seq || loop->claimed || loop->ends || now_ms < loop->claim_after_ms ||
	    loop->running >= loop->executor->boundary->max_parallel)
		return;
	struct hp_value *map = hp_value_map(&loop->arena);
	hp_map_set_str(&loop->arena, map, "type", "claim");
	hp_map_set_bin(&loop->arena, map, "nonce", loop->nonce, sizeof loop->nonce);
	hp_map_set_int(&loop->arena, map, "timeout_ms", CLAIM_POLL_MS);
	enum hp_status status = hp_client_send(client, &loop->arena, map, &loop->claim_seq, &err);
	loop->claim_sent_ms = now_ms;
	if (status == HP_REFUSED && loop->running == 0) { /* what runs goes on until its lease ends */
		loop->failed = hp_fail(loop->err, status, "%s", err.message);
	} else if (status != HP_OK) {
		loop->claim_seq = 0;
	}
}

static void
hear_claim_error(struct loop *loop, const struct hp_value *reply)
{
	enum hp_code code = hp_client_code(reply);
	const char *message = hp_text_safe(&loop->arena, hp_map_get_str(reply, "message", ""), 0);
	if (code == HP_CODE_final) { /* what this nonce claimed is over */
		loop->failed = new_nonce(loop);
	} else if (code == HP_CODE_unauthorised || code == HP_CODE_malformed) {
		loop->failed = hp_fail(loop->err, HP_REFUSED, "%s: %.400s", hp_code_name(code),
				       message);
	} else {
		loop->claim_after_ms = hp_enforce_now_ms() + BACKOFF_MS;
		say(loop, hp_arena_printf(&loop->arena, "cannot claim: %s: %s",
					  hp_code_name(code), message));
	}
}

static void
hear_claim(struct loop *loop, const struct hp_value *reply)
{
	loop->claim_seq = 0;
	if (hp_client_code(reply) != HP_CODE_ok) {
		hear_claim_error(loop, reply);
		return;
	}
	if (!hp_value_is(hp_map_get(reply, "type"), "claimed"))
		return; /* nothing to do */
	const char *id = hp_map_get_str(reply, "id", "");
	size_t free_slot = loop->executor->boundary->max_parallel;
	for (size_t i = 0; i < loop->executor->boundary->max_parallel; i++) {
		if (!loop->jobs[i])
			free_slot = i;
		else if (strcmp(loop->jobs[i]->id, id) == 0)
			return; /* said twice */
	}
	if (free_slot == loop->executor->boundary->max_parallel)
		return; /* not asked for: its lease ends */
	if (hp_job_new(loop->executor, reply, &loop->jobs[free_slot]) != HP_OK)
		return; /* no memory: it is claimed again with the same nonce */
	loop->claimed = loop->jobs[free_slot];
	loop->running++;
}

/* --- the loop --- */

static void
hear_job(struct loop *loop, uint64_t seq, const struct hp_value *reply)
{
	for (size_t i = 0; i < loop->executor->boundary->max_parallel; i++)
		if (loop->jobs[i] && hp_job_hear(loop->jobs[i], seq, reply))
			break;
}

static void
hear_all(struct loop *loop)
{
	const struct hp_value *reply;
	uint64_t seq;
	while (hp_client_receive(loop->executor->client, &loop->arena, &seq, &reply) == HP_OK) {
		if (seq == loop->farewell_seq) {
			loop->farewell_seq = 0;
			if (hp_client_code(reply) != HP_CODE_ok)
				continue; /* nothing was taken, and we end */
		} else if (seq != loop->claim_seq) {
			hear_job(loop, seq, reply);
			continue;
		}
		hear_claim(loop, reply);
	}
}

static void
take_signals(struct loop *loop)
{
	for (int number; (number = hp_signals_take()) != 0;) {
		if (number == SIGCHLD)
			continue; /* the cages' results say it */
		loop->ends++;
		if (loop->ends == 1)
			withdraw_claim(loop);
		if (loop->ends == 1 && loop->running)
			say(loop, "told to end: what runs is waited for; once more stops it");
		for (size_t i = 0; loop->ends > 1 && i < loop->executor->boundary->max_parallel;
		     i++)
			if (loop->jobs[i])
				hp_job_end(loop->jobs[i]);
	}
}

/* What a keeper that was killed has left to us; never a keeper that is awaited elsewhere. */
static void
reap_strays(const struct loop *loop)
{
	siginfo_t info = {0};
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid > 0) {
		for (size_t i = 0; i < loop->executor->boundary->max_parallel; i++)
			if (loop->jobs[i] && loop->jobs[i]->cage.keeper == info.si_pid)
				return;
		if (waitpid(info.si_pid, NULL, WNOHANG) <= 0)
			return;
		info.si_pid = 0;
	}
}

static enum hp_status
turn(struct loop *loop)
{
	size_t most = loop->executor->boundary->max_parallel;
	zmq_pollitem_t items[2 + 2 * 64];
	int count = 2, wait_ms = TICK_MS;
	hp_arena_reset(&loop->arena);
	hear_all(loop);
	for (size_t i = 0; i < most; i++) {
		struct hp_job *job = loop->jobs[i];
		if (!job)
			continue;
		wait_ms = hp_job_turn(job, &loop->arena, wait_ms);
		if (job == loop->claimed && (job->begun || job->phase == HP_JOB_DONE)) {
			loop->claimed = NULL;
			loop->failed = new_nonce(loop);
		}
		if (job->phase == HP_JOB_DONE) {
			hp_job_free(job);
			loop->jobs[i] = NULL;
			loop->running--;
			wait_ms = 0;
		} else {
			count += hp_job_items(job, items + count);
		}
	}
	send_claim(loop);
	if (loop->failed != HP_OK || is_over(loop))
		return loop->failed;
	items[0] = (zmq_pollitem_t){.fd = hp_signals_fd(), .events = ZMQ_POLLIN};
	items[1] = (zmq_pollitem_t){.socket = hp_client_socket(loop->executor->client),
				    .events = ZMQ_POLLIN};
	(void)zmq_poll(items, count, wait_ms);
	take_signals(loop);
	reap_strays(loop);
	return HP_OK;
}

static enum hp_status
run(struct loop *loop)
{
	enum hp_status status = old_nonce(loop);
	if (status == HP_OK && loop->executor->ready)
		loop->executor->ready(loop->executor->context);
	while (status == HP_OK && !is_over(loop))
		status = turn(loop);
	for (size_t i = 0; i < loop->executor->boundary->max_parallel; i++)
		hp_job_free(loop->jobs[i]);
	hp_arena_release(&loop->arena);
	return status;
}

enum hp_status
hp_executor_run(struct hp_executor *executor, struct hp_error *err)
{
	struct loop loop = {
		.executor = executor,
		.err = err,
		.connections = hp_client_connections(executor->client),
	};
	loop.jobs = calloc(executor->boundary->max_parallel, sizeof(struct hp_job *));
	if (!loop.jobs)
		return hp_fail(err, HP_NOMEM, "out of memory");
	/* What a killed keeper leaves behind comes to us, and not to init. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	enum hp_status status = hp_signals_open(err);
	if (status == HP_OK) {
		status = run(&loop);
		hp_signals_close();
	}
	free(loop.jobs);
	return status;
}

/* --- before it runs --- */

enum hp_status
hp_executor_check(const struct hp_boundary *boundary, struct hp_error *err)
{
	for (size_t i = 0; i < boundary->program_count; i++) {
		struct hp_pinned_program program;
		enum hp_status status =
			hp_pins_open(boundary->programs[i].path, NULL, false, &program, err);
		if (status != HP_OK)
			return status;
		close(program.fd);
	}
	for (size_t i = 0; i < boundary->cwd_root_count; i++) {
		struct stat st;
		if (stat(boundary->cwd_roots[i], &st) != 0 || !S_ISDIR(st.st_mode))
			return hp_fail(err, HP_NOT_FOUND, "\"%.300s\" of cwd_roots is no directory",
				       boundary->cwd_roots[i]);
	}
	return HP_OK;
}

enum hp_status
hp_executor_user(struct hp_arena *arena, const char *name, const struct hp_cage_user **ret_user,
		 struct hp_error *err)
{
	enum { GROUPS_MAX = 256 };
	gid_t groups[GROUPS_MAX];
	int count = GROUPS_MAX;
	if (!name) {
		*ret_user = NULL;
		return HP_OK;
	}
	errno = 0;
	const struct passwd *entry = getpwnam(name);
	if (!entry)
		return hp_fail(err, HP_NOT_FOUND, "there is no user \"%s\"", name);
	if (entry->pw_uid == geteuid()) {
		*ret_user = NULL;
		return HP_OK;
	}
	if (geteuid() != 0)
		return hp_fail(err, HP_REFUSED, "only root can run commands as \"%s\"", name);
	if (getgrouplist(name, entry->pw_gid, groups, &count) < 0)
		return hp_fail(err, HP_IO, "cannot tell the groups of \"%s\"", name);
	struct hp_cage_user *user = hp_arena_alloc(arena, sizeof *user);
	gid_t *own = hp_arena_array(arena, (size_t)count, sizeof *own);
	if (!user || !own)
		return hp_fail(err, HP_NOMEM, "out of memory");
	memcpy(own, groups, (size_t)count * sizeof *own);
	*user = (struct hp_cage_user){
		.name = hp_arena_strdup(arena, name),
		.home = hp_arena_strdup(arena, entry->pw_dir),
		.uid = entry->pw_uid,
		.gid = entry->pw_gid,
		.groups = own,
		.group_count = (size_t)count,
	};
	if (arena->failed)
		return hp_fail(err, HP_NOMEM, "out of memory");
	*ret_user = user;
	return HP_OK;
}
