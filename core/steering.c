/*
 * Environment variables that make a harmless program do something else: load a library, run a
 * pager, search other directories. A command beside one of them is not what its name says.
 *
 * Names are those that loaders, shells, interpreters and the usual tools document; a prefix stands
 * for a family. Harmless members of a family (GIT_AUTHOR_NAME) are taken along: not to know is to
 * ask.
 */
#include <string.h>

#include "core/evaluate.h"
#include "core/text.h"

static const char *const families[] = {
	"LD_",	"DYLD_", "GCONV_", "GLIBC_", "MALLOC_",	 "BASH_",    "PYTHON",
	"PERL", "RUBY",	 "NODE_",  "NPM_",   "npm_config_", "GIT_", "KUBECTL_",
	"HELM_", "TF_CLI_", "DOCKER_", "JAVA_", "_JAVA", "JDK_JAVA",
};

static const char *const names[] = {
	"PATH",	 "ENV",	    "IFS",	    "SHELL",	     "SHELLOPTS", "PS4",
	"PAGER", "MANPAGER", "SYSTEMD_PAGER", "AWS_PAGER",   "EDITOR",	  "VISUAL",
	"BROWSER", "LESSOPEN", "LESSCLOSE", "PROMPT_COMMAND", "CLASSPATH", "KUBECONFIG",
	"RIPGREP_CONFIG_PATH", "AWS_CONFIG_FILE", "PSQLRC", "PGSERVICEFILE",
};

static bool
steers(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		size_t prefix = strlen(families[i]);
		if (len >= prefix && memcmp(families[i], name, prefix) == 0)
			return true;
	}
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return true;
	return false;
}

/* `NAME=value` words, as `env` and shells take them. */
static const char *
find_in_command(struct hp_arena *arena, const struct hp_value *command)
{
	for (size_t i = 0; i < hp_value_count(command); i++) {
		const struct hp_value *word = hp_array_get(command, i);
		const char *equals = memchr(word->str.p, '=', word->str.len);
		if (equals && steers(word->str.p, (size_t)(equals - word->str.p)))
			return hp_arena_copy(arena, word->str.p, (size_t)(equals - word->str.p));
	}
	return NULL;
}

const char *
hp_steering_find(struct hp_arena *arena, const struct hp_value *env,
		 const struct hp_value *command)
{
	const char *found = NULL;
	if (!hp_value_count(command))
		return NULL;
	for (size_t i = 0; !found && i < hp_value_count(env); i++) {
		const struct hp_str *key = &env->map.pairs[i].key;
		if (steers(key->p, key->len))
			found = hp_arena_copy(arena, key->p, key->len);
	}
	if (!found)
		found = find_in_command(arena, command);
	return found ? hp_text_safe(arena, found, HP_TEXT_ASCII) : NULL;
}
