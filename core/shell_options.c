/* Finding a program and telling its options from its words; see shell_tools.h. */
#include <string.h>

#include "core/shell_tools.h"

#define WORD_MAX_BYTES 60 /* no listed word is longer */
#define NAME_MAX_BYTES 24 /* no program of the tables has a longer name */

static const struct hp_shell_tool *
search(const struct hp_shell_name *names, size_t count, const char *name)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(names[middle].name, name);
		if (!order)
			return names[middle].tool;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static const struct hp_shell_tool *
find(const char *name)
{
	const struct hp_shell_tool *tool = search(hp_shell_tools, hp_shell_tools_count, name);
	return tool ? tool : search(hp_shell_runners, hp_shell_runners_count, name);
}

const struct hp_shell_tool *
hp_shell_tool_find(const char *name)
{
	const struct hp_shell_tool *tool = find(name);
	size_t len = strlen(name);
	if (tool || len >= NAME_MAX_BYTES)
		return tool;
	/* python3.11, psql-15, gcc-12: versions do not change what options mean */
	char bare[NAME_MAX_BYTES];
	while (len && strchr("0123456789.-", name[len - 1]))
		len--;
	memcpy(bare, name, len);
	bare[len] = 0;
	return len ? find(bare) : NULL;
}

bool
hp_shell_listed(const char *list, const char *word, size_t len)
{
	char key[WORD_MAX_BYTES + 3];
	if (!list || !len || len > WORD_MAX_BYTES || memchr(word, ' ', len))
		return false;
	key[0] = ' ';
	memcpy(key + 1, word, len);
	key[len + 1] = ' ';
	key[len + 2] = 0;
	return strstr(list, key) != NULL;
}

/* Words that end a command path of gcloud, az and their like. */
bool
hp_shell_is_verb(const char *word)
{
	static const char verbs[] =
		" abandon accept access activate add allow apply approve assign attach authorize bind "
		"cancel check clear clone close complete configure connect convert copy cordon "
		"cp create deactivate deallocate decrypt delete demote deny deploy deprovision "
		"describe destroy detach diagnose disable disassociate download drain drop du "
		"enable encrypt evict exec execute export failover find flush generate get "
		"grant import init insert install invoke kill list login logout ls merge migrate "
		"modify move mv open patch pause perform ping preview print promote provision "
		"publish pull purge push put query read reboot recreate recover redeploy "
		"refresh register reimage reinstall reject remove rename renew reopen repair "
		"replace reset resize resolve restart restore resume retire retry revoke rm "
		"rollback rotate scale scp send set show ssh start status stop submit suspend "
		"swap switch sync tail terminate transfer truncate unassign unbind undelete "
		"undeploy uninstall unlock unmount unpublish unregister unset untag update "
		"upgrade upload validate verify view wait wipe write ";
	size_t len = strlen(word);
	/* add-iam-policy-binding, set-autoscaling, delete-access-config … */
	const char *dash = strchr(word, '-');
	return hp_shell_listed(verbs, word, len) ||
	       (dash && hp_shell_listed(verbs, word, (size_t)(dash - word)));
}

static struct hp_shell_option
whole(enum hp_shell_option_kind kind, const char *value)
{
	if (kind == HP_OPTION_VALUED && value)
		kind = HP_OPTION_PLAIN;
	return (struct hp_shell_option){.kind = kind, .value = value};
}

/* By the lists alone: HP_OPTION_NONE when in none. */
static enum hp_shell_option_kind
listed_kind(const struct hp_shell_tool *tool, const char *option, size_t len)
{
	if (hp_shell_listed(tool->code, option, len))
		return HP_OPTION_CODE;
	if (hp_shell_listed(tool->script, option, len))
		return HP_OPTION_SCRIPT;
	if (hp_shell_listed(tool->valued, option, len))
		return HP_OPTION_VALUED;
	if (hp_shell_listed(tool->plain, option, len) ||
	    hp_shell_listed(tool->attached, option, len))
		return HP_OPTION_PLAIN;
	return HP_OPTION_NONE;
}

/* `-abc`: letters until one that takes a value. */
static struct hp_shell_option
read_cluster(const struct hp_shell_tool *tool, const char *word)
{
	bool unsure = false;
	for (const char *letter = word + 1; *letter; letter++) {
		const char option[] = {'-', *letter, 0};
		enum hp_shell_option_kind kind = listed_kind(tool, option, 2);
		const char *rest = letter[1] ? letter + 1 : NULL;
		if (hp_shell_listed(tool->attached, option, 2))
			break;
		if (kind == HP_OPTION_NONE)
			unsure = true;
		else if (kind == HP_OPTION_CODE && tool->kind == HP_SHELL_SHELL)
			return whole(kind, NULL); /* sh -ce TEXT: what follows c is options */
		else if (kind != HP_OPTION_PLAIN)
			return whole(kind, rest);
	}
	return whole(unsure ? HP_OPTION_UNSURE : HP_OPTION_PLAIN, NULL);
}

struct hp_shell_option
hp_shell_read_option(const struct hp_shell_tool *tool, const char *word)
{
	static const struct hp_shell_tool nothing = {0};
	bool slashes = tool && tool->code && tool->code[1] == '/'; /* cmd.exe */
	if (!tool)
		tool = &nothing;
	if (word[0] != '-' || !word[1]) {
		/* +o of a shell, - of env */
		bool listed = (word[0] == '+' || word[0] == '-') &&
		              listed_kind(tool, word, strlen(word)) != HP_OPTION_NONE;
		if (!slashes && !listed)
			return whole(HP_OPTION_NONE, NULL);
	}
	if (!strcmp(word, "--"))
		return whole(HP_OPTION_END, NULL);
	size_t len = strcspn(word, "=");
	const char *value = word[len] ? word + len + 1 : NULL;
	enum hp_shell_option_kind kind = listed_kind(tool, word, len);
	if (kind != HP_OPTION_NONE)
		return whole(kind, value);
	if (slashes)
		return whole(HP_OPTION_NONE, NULL);
	if (word[1] == '-' || (tool->flags & HP_SHELL_LONG))
		return whole(value ? HP_OPTION_PLAIN : HP_OPTION_UNSURE, NULL);
	return read_cluster(tool, word);
}
