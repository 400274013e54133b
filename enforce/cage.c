#include "enforce/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/text.h"
#include "enforce/cage_keeper.h"
#include "enforce/spawn.h"

enum {
	OPEN_FILES = 1024, /* what programs expect; a broker's neighbour may have raised ours */
};

/* What the command is made of; everything open here is closed on exec. */
struct making {
	const struct hp_cage_spec *spec;
	int control[2], result[2], output[2];
	int null;
};

static _Noreturn void
give_up(int report, enum hp_status status)
{
	const struct hp_cage_word word = {.status = status, .error = errno};
	ssize_t done = write(report, &word, sizeof word);
	_exit(done == (ssize_t)sizeof word ? 125 : 126);
}

static bool
set_limit(int resource, rlim_t most)
{
	struct rlimit limit;
	if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
		return false;
	if (limit.rlim_max < most)
		most = limit.rlim_max;
	limit = (struct rlimit){most, most};
	return setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

/* Groups first: without the user there is no right to change them. */
static bool
become_user(const struct hp_cage_user *user)
{
	return !user || (setgroups(user->group_count, user->groups) == 0 &&
			 setresgid(user->gid, user->gid, user->gid) == 0 &&
			 setresuid(user->uid, user->uid, user->uid) == 0);
}

static void
plain_signals(void)
{
	const struct sigaction plain = {.sa_handler = SIG_DFL};
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		sigaction(number, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Between fork and execve: async-signal-safe calls only. The parent-death signal comes after the
 * change of user, which clears it. */
static _Noreturn void
become_command(const struct making *making, int report, pid_t keeper)
{
	const struct hp_cage_spec *spec = making->spec;
	union {
		const char *const *borrowed;
		char *const *as_execve_wants;
	} argv = {.borrowed = spec->argv}, env = {.borrowed = spec->env};
	setsid();
	umask(022);
	if (dup2(making->null, STDIN_FILENO) < 0 || dup2(making->output[1], STDOUT_FILENO) < 0 ||
	    dup2(making->output[1], STDERR_FILENO) < 0)
		give_up(report, HP_IO);
	if (!set_limit(RLIMIT_CORE, 0) || !set_limit(RLIMIT_NOFILE, OPEN_FILES) ||
	    !set_limit(RLIMIT_CPU, (rlim_t)spec->cpu_s) || !become_user(spec->user) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		give_up(report, HP_IO);
	if (getppid() != keeper) /* it died before prctl */
		_exit(126);
	if ((spec->cwd >= 0 ? fchdir(spec->cwd) : chdir("/")) != 0)
		give_up(report, HP_INVALID);
	plain_signals();
	if (!spec->program.pinned)
		execve(spec->argv[0], argv.as_execve_wants, env.as_execve_wants);
	else if (!spec->program.script || fcntl(spec->program.fd, F_SETFD, 0) == 0)
		fexecve(spec->program.fd, argv.as_execve_wants, env.as_execve_wants);
	give_up(report, errno == ENOENT   ? HP_NOT_FOUND
			: errno == EACCES ? HP_REFUSED
					  : HP_IO);
}

/* Everything else that the executor has open is no business of the keeper's: its sockets, its key
 * files, and the control of other cages. */
static void
close_all_but(int *kept, size_t count)
{
	int from = STDERR_FILENO + 1;
	for (size_t i = 1; i < count; i++)
		for (size_t j = i; j > 0 && kept[j - 1] > kept[j]; j--) {
			int other = kept[j];
			kept[j] = kept[j - 1];
			kept[j - 1] = other;
		}
	for (size_t i = 0; i < count; i++) {
		if (kept[i] > from)
			close_range((unsigned)from, (unsigned)kept[i] - 1, 0);
		if (kept[i] >= from)
			from = kept[i] + 1;
	}
	close_range((unsigned)from, ~0U, 0);
}

static _Noreturn void
become_keeper(const struct making *making)
{
	int report[2];
	int kept[] = {making->control[0],	 making->result[1], making->output[1], making->null,
		      making->spec->program.fd, making->spec->cwd};
	close_all_but(kept, sizeof kept / sizeof kept[0]);
	struct hp_cage_word word = {.status = HP_OK};
	hp_keeper_prepare();
	pid_t keeper = getpid();
	if (pipe2(report, O_CLOEXEC) != 0 || (word.group = fork()) < 0) {
		word.status = HP_IO;
		word.error = errno;
	} else if (word.group == 0) {
		become_command(making, report[1], keeper);
	} else {
		ssize_t got;
		struct hp_cage_word failure;
		close(report[1]);
		while ((got = read(report[0], &failure, sizeof failure)) < 0 && errno == EINTR)
			;
		if (got == (ssize_t)sizeof failure) {
			word.status = failure.status;
			word.error = failure.error;
		} else if (got != 0) {
			word.status = HP_IO;
			word.error = EIO;
		}
		close(report[0]);
	}
	close(making->output[1]);
	close(making->null);
	close(making->spec->program.fd);
	if (making->spec->cwd >= 0)
		close(making->spec->cwd);
	hp_keeper_run(making->control[0], making->result[1], &word);
}

static void
close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
		pair[i] = -1;
	}
}

static bool
open_pipes(struct making *making)
{
	making->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return making->null >= 0 && pipe2(making->control, O_CLOEXEC) == 0 &&
	       pipe2(making->result, O_CLOEXEC) == 0 && pipe2(making->output, O_CLOEXEC) == 0 &&
	       fcntl(making->output[0], F_SETFL, O_NONBLOCK) == 0;
}

/* Handlers of ours must not run in the keeper: it is forked with everything blocked. */
static pid_t
fork_keeper(const struct making *making)
{
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		become_keeper(making);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static enum hp_status
explain(const struct hp_cage_spec *spec, const struct hp_cage_word *word, struct hp_error *err)
{
	struct hp_buf safe = {0};
	hp_text_escape(&safe, spec->argv[0], strlen(spec->argv[0]), 0);
	enum hp_status status =
		word->status == HP_INVALID
			? hp_fail(err, word->status, "cannot go to the directory: %s",
				  strerror(word->error))
			: hp_fail(err, word->status, "cannot run \"%.300s\": %s",
				  hp_buf_text(&safe), strerror(word->error));
	hp_buf_release(&safe);
	return status;
}

static bool
read_word(int fd, struct hp_cage_word *ret_word)
{
	ssize_t got;
	while ((got = read(fd, ret_word, sizeof *ret_word)) < 0 && errno == EINTR)
		;
	return got == (ssize_t)sizeof *ret_word;
}

enum hp_status
hp_cage_start(const struct hp_cage_spec *spec, struct hp_cage *ret_cage, struct hp_error *err)
{
	struct making making = {spec, {-1, -1}, {-1, -1}, {-1, -1}, -1};
	struct hp_cage cage = {.control = -1, .result = -1, .output = -1};
	struct hp_cage_word word = {.status = HP_IO};
	if (open_pipes(&making))
		cage.keeper = fork_keeper(&making);
	word.error = errno;
	if (cage.keeper > 0) {
		cage.control = making.control[1];
		cage.result = making.result[0];
		cage.output = making.output[0];
		making.control[1] = making.result[0] = making.output[0] = -1;
	} else {
		cage.keeper = 0;
	}
	close_pair(making.control);
	close_pair(making.result);
	close_pair(making.output);
	if (making.null >= 0)
		close(making.null);
	if (cage.keeper > 0 && !read_word(cage.result, &word))
		word = (struct hp_cage_word){.status = HP_IO, .error = EIO};
	cage.group = word.group;
	if (word.status == HP_OK) {
		*ret_cage = cage;
		return HP_OK;
	}
	hp_cage_release(&cage);
	return explain(spec, &word, err);
}

/* Without its control the keeper kills everything. */
static void
close_control(struct hp_cage *cage)
{
	if (cage->control >= 0)
		close(cage->control);
	cage->control = -1;
}

void
hp_cage_stop(struct hp_cage *cage, int grace_ms)
{
	if (cage->kill_at_ms || cage->ended || cage->keeper <= 0)
		return;
	cage->kill_at_ms = hp_enforce_now_ms() + (grace_ms > 0 ? grace_ms : 0);
	kill(-cage->group, SIGTERM);
	kill(-cage->group, SIGCONT); /* what is stopped must hear it */
	if (grace_ms <= 0)
		close_control(cage);
}

int
hp_cage_turn(struct hp_cage *cage)
{
	enum { STUCK_MS = 500 };
	if (!cage->kill_at_ms || cage->ended || cage->keeper <= 0)
		return -1;
	int64_t left = cage->kill_at_ms - hp_enforce_now_ms();
	if (left > 0)
		return (int)left;
	close_control(cage);
	/* A keeper that was stopped by a signal cannot do its work; the kernel does it then. */
	if (left < -STUCK_MS) {
		kill(-cage->group, SIGKILL);
		kill(cage->keeper, SIGCONT);
	}
	return STUCK_MS;
}

void
hp_cage_reap(struct hp_cage *cage)
{
	struct hp_cage_word word;
	if (cage->ended || cage->keeper <= 0)
		return;
	cage->ended = true;
	if (read_word(cage->result, &word)) {
		cage->exit_code = word.exit_code;
	} else { /* somebody killed the keeper, and so its command */
		kill(-cage->group, SIGKILL);
		cage->exit_code = 128 + SIGKILL;
	}
}

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
hp_cage_release(struct hp_cage *cage)
{
	close_control(cage);
	if (cage->keeper > 0) {
		int status;
		while (waitpid(cage->keeper, &status, 0) < 0 && errno == EINTR)
			;
	}
	close_one(&cage->result);
	close_one(&cage->output);
	cage->keeper = 0;
}
