#include "tests/proto/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "core/limits.h"
#include "proto/file.h"

static struct hp_error err;
static bool killed_at_sync, without_proc;

/* In the place of the C library's. */
int
access(const char *path, int mode)
{
	if (without_proc)
		return -1;
	return faccessat(AT_FDCWD, path, mode, 0);
}

int
fsync(int fd)
{
	if (killed_at_sync)
		raise(SIGKILL);
	return (int)syscall(SYS_fsync, fd);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;
	cr_assert_eq(stat(path, &st), 0, "%s", path);
	return st.st_mode & 07777;
}

static void
expect_content(const char *path, const char *expected)
{
	struct hp_buf buf = {0};
	cr_expect_eq(hp_file_read(path, &buf, &err), HP_OK, "%s", err.message);
	cr_expect_str_eq(hp_buf_text(&buf), expected);
	hp_buf_release(&buf);
}

Test(file, reads_whole, .init = sandbox_open, .fini = sandbox_close)
{
	expect_content(sandbox_write("a", "text\n", 0644), "text\n");
	expect_content(sandbox_write("empty", "", 0644), "");
	struct hp_buf buf = {0};
	hp_buf_add_text(&buf, "before ");
	cr_expect_eq(hp_file_read(sandbox_path("a"), &buf, &err), HP_OK);
	cr_expect_str_eq(hp_buf_text(&buf), "before text\n");
	hp_buf_release(&buf);
}

Test(file, says_what_it_cannot_read, .init = sandbox_open, .fini = sandbox_close)
{
	struct hp_buf buf = {0};
	cr_expect_eq(hp_file_read(sandbox_path("no"), &buf, &err), HP_NOT_FOUND);
	cr_expect_not_null(strstr(err.message, "/no: cannot open: No such file"), "%s",
			   err.message);
	cr_expect_eq(hp_file_read(sandbox, &buf, &err), HP_IO);
	cr_expect_not_null(strstr(err.message, "Is a directory"), "%s", err.message);
	cr_expect_eq(hp_file_read(sandbox_path("\x1b[2J"), &buf, &err), HP_NOT_FOUND);
	cr_expect_null(strchr(err.message, '\x1b'));
	cr_expect_eq(buf.len, 0);
	hp_buf_release(&buf);
}

Test(file, is_bounded, .init = sandbox_open, .fini = sandbox_close)
{
	struct hp_buf buf = {0};
	const char *path = sandbox_write("big", "", 0644);
	cr_assert_eq(truncate(path, HP_LIMIT_FILE_BYTES), 0);
	cr_expect_eq(hp_file_read(path, &buf, &err), HP_OK);
	cr_expect_eq(buf.len, (size_t)HP_LIMIT_FILE_BYTES);
	hp_buf_reset(&buf);
	cr_assert_eq(truncate(path, (off_t)HP_LIMIT_FILE_BYTES + 1), 0);
	cr_expect_eq(hp_file_read(path, &buf, &err), HP_TOO_LARGE);
	cr_expect_eq(hp_file_read("/dev/zero", &buf, &err), HP_TOO_LARGE);
	hp_buf_release(&buf);
}

Test(file, secrets_are_nobody_elses, .init = sandbox_open, .fini = sandbox_close)
{
	static const struct {
		mode_t mode;
		enum hp_status expected;
	} rows[] = {
		{0600, HP_OK},	    {0400, HP_OK},	{0700, HP_OK},	    {0640, HP_REFUSED},
		{0604, HP_REFUSED}, {0620, HP_REFUSED}, {0602, HP_REFUSED}, {0610, HP_REFUSED},
		{0644, HP_REFUSED}, {0666, HP_REFUSED},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hp_buf buf = {0};
		const char *path = sandbox_write("key", "secret", 0600);
		cr_assert_eq(chmod(path, rows[i].mode), 0);
		cr_expect_eq(hp_file_read_secret(path, &buf, &err), rows[i].expected, "%o",
			     rows[i].mode);
		cr_expect_str_eq(hp_buf_text(&buf), rows[i].expected == HP_OK ? "secret" : "");
		hp_buf_release(&buf);
		unlink(path);
	}
	cr_expect_not_null(strstr(err.message, "its mode is 0666, expected 0600"), "%s",
			   err.message);
	struct hp_buf buf = {0};
	cr_expect_eq(hp_file_read_secret(sandbox_path("no"), &buf, &err), HP_NOT_FOUND);
}

Test(file, a_secret_of_another_user, .init = sandbox_open, .fini = sandbox_close)
{
	if (geteuid() != 0)
		cr_skip("only root can give files away");
	struct hp_buf buf = {0};
	const char *path = sandbox_write("key", "secret", 0600);
	cr_assert_eq(chown(path, 12345, 12345), 0);
	cr_expect_eq(hp_file_read_secret(path, &buf, &err), HP_REFUSED);
	cr_expect_not_null(strstr(err.message, "another user"), "%s", err.message);
}

Test(file, new_files_never_replace, .init = sandbox_open, .fini = sandbox_close)
{
	const char *path = sandbox_path("new");
	umask(077);
	cr_expect_eq(hp_file_write(path, "one", 3, 0644, HP_FILE_NEW, &err), HP_OK);
	cr_expect_eq(mode_of(path), 0644, "whatever the umask");
	cr_expect_eq(hp_file_write(path, "two", 3, 0644, HP_FILE_NEW, &err), HP_CONFLICT);
	cr_expect_not_null(strstr(err.message, "/new: already exists"), "%s", err.message);
	expect_content(path, "one");
	cr_assert_eq(symlink("nowhere", sandbox_path("link")), 0);
	cr_expect_eq(hp_file_write(sandbox_path("link"), "x", 1, 0600, HP_FILE_NEW, &err),
		     HP_CONFLICT, "a dangling link is not followed");
	cr_expect_eq(sandbox_count("."), 2, "no temporary file stays");
}

Test(file, replaces_whole, .init = sandbox_open, .fini = sandbox_close)
{
	const char *path = sandbox_write("old", "old and longer", 0644);
	int before = open(path, O_RDONLY);
	char text[32] = {0};
	cr_expect_eq(hp_file_write(path, "new", 3, 0600, HP_FILE_REPLACE, &err), HP_OK);
	expect_content(path, "new");
	cr_expect_eq(mode_of(path), 0600);
	cr_expect_eq(read(before, text, sizeof text - 1), 14, "who read before reads the old one");
	cr_expect_str_eq(text, "old and longer");
	close(before);
	cr_expect_eq(hp_file_write(path, NULL, 0, 0600, HP_FILE_REPLACE, &err), HP_OK);
	expect_content(path, "");
	cr_expect_eq(sandbox_count("."), 1);
}

Test(file, a_failed_write_leaves_nothing, .init = sandbox_open, .fini = sandbox_close)
{
	cr_assert_eq(mkdir(sandbox_path("dir"), 0700), 0);
	cr_expect_eq(hp_file_write(sandbox_path("dir"), "x", 1, 0600, HP_FILE_REPLACE, &err),
		     HP_IO);
	cr_expect_eq(hp_file_write(sandbox_path("no/file"), "x", 1, 0600, HP_FILE_NEW, &err),
		     HP_NOT_FOUND);
	cr_expect_eq(sandbox_count("."), 1);
	cr_expect_eq(hp_file_write("/dev/full/x", "x", 1, 0600, HP_FILE_NEW, &err), HP_NOT_FOUND);
}

Test(file, who_is_killed_leaves_no_secret, .init = sandbox_open, .fini = sandbox_close)
{
	pid_t child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		killed_at_sync = true;
		(void)!hp_file_write(sandbox_path("key"), "secret", 6, 0600, HP_FILE_NEW, &err);
		_exit(0);
	}
	int code = 0;
	cr_assert_eq(waitpid(child, &code, 0), child);
	cr_assert(WIFSIGNALED(code) && WTERMSIG(code) == SIGKILL);
	cr_expect_eq(sandbox_count("."), 0);
	cr_expect_eq(hp_file_write(sandbox_path("key"), "secret", 6, 0600, HP_FILE_NEW, &err),
		     HP_OK, "%s", err.message);
	cr_expect_eq(sandbox_count("."), 1);
}

Test(file, a_name_does_where_there_is_no_other_way, .init = sandbox_open, .fini = sandbox_close)
{
	without_proc = true;
	cr_expect_eq(hp_file_write(sandbox_path("new"), "one", 3, 0644, HP_FILE_NEW, &err), HP_OK);
	cr_expect_eq(hp_file_write(sandbox_path("new"), "two", 3, 0644, HP_FILE_NEW, &err),
		     HP_CONFLICT);
	without_proc = false;
	expect_content(sandbox_path("new"), "one");
	cr_expect_eq(mode_of(sandbox_path("new")), 0644);
	cr_expect_eq(sandbox_count("."), 1);
}

Test(file, makes_directories, .init = sandbox_open, .fini = sandbox_close)
{
	const char *path = sandbox_path("run");
	umask(077);
	cr_expect_eq(hp_file_make_dir(path, 0711, &err), HP_OK);
	cr_expect_eq(mode_of(path), 0711);
	cr_expect_eq(hp_file_make_dir(path, 0700, &err), HP_OK);
	cr_expect_eq(mode_of(path), 0711, "one that exists is left as it is");
	cr_expect_eq(hp_file_make_dir(sandbox_path("a/b"), 0700, &err), HP_NOT_FOUND);
	cr_expect_eq(hp_file_make_dir(sandbox_write("file", "", 0600), 0700, &err), HP_CONFLICT);
}
