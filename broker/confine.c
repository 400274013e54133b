#include "broker/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/log.h"

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* ABI 3; newer than Debian 12's headers */
#endif

/* What a place of the broker's own may see done to it. */
enum {
	WRITES = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
		 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK,
	/* … and what nothing may. */
	OTHERS = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
		 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
		 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		 LANDLOCK_ACCESS_FS_MAKE_SYM,
};

struct rules {
	int fd;
	uint64_t writes;
	struct hp_error *err;
};

static enum hp_status
allow_dir(const struct rules *rules, const char *dir)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rules->writes};
	rule.parent_fd = open(dir, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return hp_fail(rules->err, HP_IO, "%s: cannot open: %s", dir, strerror(errno));
	long rc = syscall(SYS_landlock_add_rule, rules->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	int error = errno;
	close(rule.parent_fd);
	return rc == 0 ? HP_OK
		       : hp_fail(rules->err, HP_IO, "%s: cannot be set apart: %s", dir,
				 strerror(error));
}

/* The directory of a file that is replaced or made there. */
static enum hp_status
allow_dir_of(const struct rules *rules, const char *path)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');
	int len = slash ? (int)(slash - path) : 0;
	snprintf(dir, sizeof dir, "%.*s", len, path);
	return allow_dir(rules, len ? dir : slash ? "/" : ".");
}

static enum hp_status
allow_endpoint(const struct rules *rules, const char *endpoint)
{
	static const char ipc[] = "ipc://";
	return strncmp(endpoint, ipc, sizeof ipc - 1) == 0
		       ? allow_dir_of(rules, endpoint + sizeof ipc - 1)
		       : HP_OK;
}

static enum hp_status
allow_all(const struct rules *rules, const struct hp_config *config)
{
	enum hp_status status;
	if ((status = allow_dir(rules, config->state_dir)) != HP_OK ||
	    (status = allow_dir(rules, config->run_dir)) != HP_OK ||
	    (status = allow_dir_of(rules, config->lock_file)) != HP_OK ||
	    (status = allow_endpoint(rules, config->agents)) != HP_OK ||
	    (status = allow_endpoint(rules, config->control)) != HP_OK ||
	    (status = allow_endpoint(rules, config->events)) != HP_OK)
		return status;
	for (size_t i = 0; i < config->anchor_count; i++)
		if (config->anchors[i].file &&
		    (status = allow_dir_of(rules, config->anchors[i].file)) != HP_OK)
			HP_LOG("error", "confine", "anchor", config->anchors[i].file, "reason",
			       rules->err->message); /* it fails as an anchor, and says so */
	return HP_OK;
}

static enum hp_status
confine_files(const struct hp_config *config, struct hp_error *err)
{
#ifdef HP_COVERAGE /* its counts go beside the objects */
	return HP_OK;
#endif
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1) {
		HP_LOG("info", "confine", "reason", "this kernel has no Landlock");
		return HP_OK;
	}
	struct rules rules = {.writes = WRITES, .err = err};
	if (abi >= 3)
		rules.writes |= LANDLOCK_ACCESS_FS_TRUNCATE;
	struct landlock_ruleset_attr attr = {.handled_access_fs = rules.writes | OTHERS};
	rules.fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	if (rules.fd < 0)
		return hp_fail(err, HP_IO, "cannot be confined: %s", strerror(errno));
	enum hp_status status = allow_all(&rules, config);
	if (status == HP_OK && syscall(SYS_landlock_restrict_self, rules.fd, 0) != 0)
		status = hp_fail(err, HP_IO, "cannot be confined: %s", strerror(errno));
	close(rules.fd);
	return status;
}

enum hp_status
hp_confine(const struct hp_config *config, struct hp_error *err)
{
	const struct rlimit none = {0};
	(void)setrlimit(RLIMIT_CORE, &none);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return hp_fail(err, HP_IO, "cannot give up new privileges: %s", strerror(errno));
	return confine_files(config, err);
}
