/* The subjects of one command line; see shell_line.h. */
#include "core/shell_line.h"

#include <ctype.h>
#include <string.h>

#include "core/zero.h"

#define CANDIDATES_MAX 4     /* words that may be the subcommand, when options leave it open */
#define SPELLED_MAX_BYTES 40 /* a longer word or option is data, no subcommand */
#define OBJECTS_MAX 16       /* kinds of objects in one kubectl command */

size_t
hp_shell_after_option(const struct hp_shell_line *line, size_t at)
{
	struct hp_shell_option option = hp_shell_option_at(line, at);
	bool next = option.kind == HP_OPTION_VALUED ||
	            ((option.kind == HP_OPTION_CODE || option.kind == HP_OPTION_SCRIPT) &&
	             !option.value);
	return at + (next ? 2 : 1);
}

static bool
is_spelled(const char *word)
{
	size_t len = strlen(word);
	if (!len || len > SPELLED_MAX_BYTES)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)word[i]) && !strchr("_.:@+-", word[i]) &&
		    (unsigned char)word[i] < 0x80)
			return false;
	return true;
}

/* Words of release tracks say nothing. */
static bool
is_track(const struct hp_shell_line *line, const char *word)
{
	return line->tool && (line->tool->flags & HP_SHELL_VERBS) &&
	       hp_shell_listed(" alpha beta preview ", word, strlen(word));
}

/* How many words a command path may have. */
static size_t
path_words(const struct hp_shell_line *line)
{
	if (!line->tool)
		return 1;
	if (line->tool->kind != HP_SHELL_TOOL) /* `words` has another meaning */
		return 0;
	return line->tool->words < HP_SHELL_PATH_WORDS ? line->tool->words : HP_SHELL_PATH_WORDS;
}

static struct hp_shell_path
read_path(const struct hp_shell_line *line)
{
	struct hp_shell_path path = {0};
	size_t words = path_words(line);
	bool verbs = line->tool && (line->tool->flags & HP_SHELL_VERBS), found = false;
	for (size_t at = 1; at < line->argc && path.count < words && !found;) {
		const char *word = line->argv[at].text;
		struct hp_shell_option option = hp_shell_option_at(line, at);
		if (option.kind == HP_OPTION_END)
			break;
		if (option.kind == HP_OPTION_NONE) {
			bool spelled = is_spelled(word);
			if (!spelled && !path.ambiguous)
				break;
			found = verbs && path.count && hp_shell_is_verb(word);
			if (spelled && !is_track(line, word)) {
				path.at[path.count] = at;
				path.words[path.count++] = word;
			}
		} else if (option.kind == HP_OPTION_UNSURE) {
			if (path.count && !path.ambiguous)
				break;
			path.ambiguous = true;
			words = CANDIDATES_MAX;
		}
		at = option.kind == HP_OPTION_NONE ? at + 1 : hp_shell_after_option(line, at);
	}
	path.verbless = verbs && !found && path.count > 1;
	return path;
}

/* `-`, word, `-`, word … of the first `count` words of a path. */
static const char *
path_text(struct hp_shell_line *line, const struct hp_shell_path *path, size_t count)
{
	size_t bytes = 1;
	for (size_t i = 0; i < count; i++)
		bytes += strlen(path->words[i]) + 1;
	char *text = hp_arena_alloc(line->things->arena, bytes), *end = text;
	if (!text)
		return "";
	for (size_t i = 0; i < count; i++) {
		*end++ = '-';
		end = stpcpy(end, path->words[i]);
	}
	return text;
}

/* Kinds of Kubernetes objects that have other names. */
static const char *
kind_of(const char *name)
{
	static const struct {
		const char *names, *kind;
	} kinds[] = {
		{" ns namespaces ", "namespace"},
		{" po pods ", "pod"},
		{" deploy deployments ", "deployment"},
		{" svc services ", "service"},
		{" secrets ", "secret"},
		{" cm configmaps ", "configmap"},
		{" no nodes ", "node"},
		{" sts statefulsets ", "statefulset"},
		{" ds daemonsets ", "daemonset"},
		{" rs replicasets ", "replicaset"},
		{" jobs ", "job"},
		{" cj cronjobs ", "cronjob"},
		{" pv persistentvolumes ", "persistentvolume"},
		{" pvc persistentvolumeclaims ", "persistentvolumeclaim"},
		{" sa serviceaccounts ", "serviceaccount"},
		{" crd crds customresourcedefinitions ", "customresourcedefinition"},
		{" ing ingresses ", "ingress"},
		{" roles ", "role"},
		{" clusterroles ", "clusterrole"},
		{" rolebindings ", "rolebinding"},
		{" clusterrolebindings ", "clusterrolebinding"},
		{" project projects ", "namespace"},
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (hp_shell_listed(kinds[i].names, name, strlen(name)))
			return kinds[i].kind;
	return name;
}

/* `ns/prod`, `pod,svc`, `deployments.v1.apps`: a spelling for each kind named. */
static size_t
spell_kinds(struct hp_shell_line *line, const char *verb, const char *word)
{
	size_t found = 0;
	for (const char *p = word; *p && found < OBJECTS_MAX; found++) {
		size_t len = strcspn(p, ",/.");
		char *name = hp_arena_copy(line->things->arena, p, len);
		if (!name)
			break;
		for (size_t i = 0; i < len; i++)
			name[i] = (char)tolower((unsigned char)name[i]);
		if (is_spelled(name))
			hp_things_spell(line->things, "shell:", line->name, "-", verb, "-",
			                kind_of(name), NULL);
		p += strcspn(p, ",");
		p += *p == ',';
	}
	return found;
}

static void
spell_objects(struct hp_shell_line *line, const struct hp_shell_path *path)
{
	size_t found = 0;
	for (size_t at = path->at[0] + 1; at < line->argc && found < OBJECTS_MAX;) {
		enum hp_shell_option_kind kind = hp_shell_option_at(line, at).kind;
		if (kind == HP_OPTION_END)
			break;
		if (kind != HP_OPTION_NONE) {
			at = hp_shell_after_option(line, at);
			continue;
		}
		if (!found || strchr(line->argv[at].text, '/'))
			found += spell_kinds(line, path->words[0], line->argv[at].text);
		at++;
	}
}

/* How many words the shortest spelling has: a path up to a verb means nothing before it. */
static size_t
first_level(const struct hp_shell_line *line, const struct hp_shell_path *path)
{
	bool verbs = line->tool && (line->tool->flags & HP_SHELL_VERBS);
	return verbs && path->count ? path->count : 1;
}

static void
spell_path(struct hp_shell_line *line, struct hp_thing *thing, const struct hp_shell_path *path)
{
	for (size_t i = 0; i < path->count; i++)
		thing->ambiguous |= line->argv[path->at[i]].disguised;
	thing->ambiguous |= (path->ambiguous && path->count) || path->verbless;
	if (path->ambiguous) {
		for (size_t i = 0; i < path->count; i++)
			hp_things_spell(line->things, "shell:", line->name, "-", path->words[i],
			                NULL);
		return;
	}
	unsigned flags = line->tool ? line->tool->flags : 0;
	size_t levels = (flags & HP_SHELL_OBJECT) && path->count ? 1 : path->count;
	for (size_t i = first_level(line, path); i <= levels; i++)
		hp_things_spell(line->things, "shell:", line->name, path_text(line, path, i), NULL);
	if ((flags & HP_SHELL_OBJECT) && path->count)
		spell_objects(line, path);
}

static void
spell_long(struct hp_shell_line *line, const char *path, const char *option, size_t len)
{
	char name[SPELLED_MAX_BYTES + 1];
	if (!len || len > SPELLED_MAX_BYTES)
		return;
	memcpy(name, option, len);
	name[len] = 0;
	if (is_spelled(name))
		hp_things_spell(line->things, "shell:", line->name, path, "-", name, NULL);
}

/* Each letter of `-abc` once. Where a value is attached (`-o/etc/x`) its letters come along. */
static void
spell_letters(struct hp_shell_line *line, const char *path, const char *letters)
{
	uint64_t seen[2] = {0};
	for (; isalnum((unsigned char)*letters); letters++) {
		const char letter[] = {(char)tolower((unsigned char)*letters), 0};
		uint64_t bit = UINT64_C(1) << (*letter & 63);
		if (seen[*letter >> 6] & bit)
			continue;
		seen[*letter >> 6] |= bit;
		hp_things_spell(line->things, "shell:", line->name, path, "-", letter, NULL);
	}
}

static void
spell_option(struct hp_shell_line *line, const char *path, const char *word)
{
	bool one_dash_words = line->tool && (line->tool->flags & HP_SHELL_LONG);
	bool is_long = word[0] == '-' && word[1] == '-';
	const char *name = word + strspn(word, "-+/");
	size_t len = strcspn(name, "=");
	size_t before = line->things->subject_count;
	spell_long(line, path, name, len);
	if (is_long && line->things->subject_count > before)
		hp_things_may_abbreviate(line->things);
	if (!is_long && !one_dash_words && len > 1)
		spell_letters(line, path, name);
}

/* `shell:git-push-force`; for programs of no table also `shell:rm-r` beside `shell:rm-x-r`. */
static void
spell_options(struct hp_shell_line *line, const struct hp_shell_path *path)
{
	unsigned flags = line->tool ? line->tool->flags : 0;
	size_t levels = path->ambiguous ? 0 : path->count;
	for (size_t at = 1; at < line->argc; at = hp_shell_after_option(line, at)) {
		const char *word = line->argv[at].text;
		enum hp_shell_option_kind kind = hp_shell_option_at(line, at).kind;
		if (kind == HP_OPTION_END && !(flags & HP_SHELL_EXEC)) /* find -- . -delete */
			break;
		if (kind == HP_OPTION_NONE || kind == HP_OPTION_END)
			continue;
		bool early = !levels || at < path->at[0];
		if (early || !line->tool)
			spell_option(line, "", word);
		for (size_t i = first_level(line, path); !early && i <= levels; i++)
			spell_option(line, path_text(line, path, i), word);
	}
}

/* curl -X DELETE */
static void
spell_method(struct hp_shell_line *line)
{
	static const char *const options[] = {"-X", "--request", "--method"};
	for (size_t at = 1; at < line->argc; at++) {
		const char *word = line->argv[at].text;
		for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
			size_t len = strlen(options[i]);
			if (strncmp(word, options[i], len))
				continue;
			const char *method = word + len;
			if (!*method && at + 1 < line->argc)
				method = line->argv[at + 1].text;
			method += *method == '=';
			if (is_spelled(method))
				hp_things_spell(line->things, "shell:", line->name, "-", method,
				                NULL);
		}
	}
}

/* git push origin :branch deletes, +branch forces. */
static void
spell_refspecs(struct hp_shell_line *line, const struct hp_shell_path *path)
{
	if (!path->count || strcasecmp(path->words[0], "push"))
		return;
	for (size_t at = path->at[0] + 1; at < line->argc; at++) {
		const char *word = line->argv[at].text;
		if (*word == ':' && word[1])
			hp_things_spell(line->things, "shell:", line->name, "-push-delete", NULL);
		if (*word == '+')
			hp_things_spell(line->things, "shell:", line->name, "-push-force", NULL);
	}
}

/* Whether a word of `git checkout` can only be a path. */
static bool
is_pathspec(const char *word)
{
	size_t len = strlen(word);
	return *word == ':' || !strcmp(word, ".") || !strcmp(word, "..") ||
	       !strncmp(word, "./", 2) || !strncmp(word, "../", 3) ||
	       (len && word[len - 1] == '/');
}

/* Whether `git restore` keeps to the index: --staged (-S) without --worktree (-W). */
static bool
is_staged_only(const struct hp_shell_line *line, size_t at)
{
	bool staged = false;
	for (; at < line->argc && strcmp(line->argv[at].text, "--"); at++) {
		const char *word = line->argv[at].text;
		bool letters = word[0] == '-' && word[1] != '-';
		if (!strncmp(word, "--w", 3) || (letters && strchr(word, 'W')))
			return false;
		staged |= !strcmp(word, "--staged") || (letters && strchr(word, 'S'));
	}
	return staged;
}

/* git checkout [TREE] -- PATH, git checkout ., git restore PATH: what was not committed is lost. */
static void
spell_discards(struct hp_shell_line *line, const struct hp_shell_path *path)
{
	bool restores = path->count && !strcasecmp(path->words[0], "restore");
	if (!path->count || (!restores && strcasecmp(path->words[0], "checkout")))
		return;
	size_t at = path->at[0] + 1;
	bool discards = restores && !is_staged_only(line, at);
	for (bool paths = false; !restores && at < line->argc; at++) {
		const char *word = line->argv[at].text;
		discards |= paths || is_pathspec(word) || !strncmp(word, "--pathspec", 10) ||
			    !strncmp(word, "--ou", 4) || !strncmp(word, "--th", 4);
		paths |= !strcmp(word, "--");
	}
	if (discards)
		hp_things_spell(line->things, "shell:", line->name, "-", path->words[0], "-discard",
				NULL);
}

/* kubectl scale --replicas=0, docker service scale web=0 */
static void
spell_zero(struct hp_shell_line *line, const struct hp_shell_path *path)
{
	if (hp_zero_command(line->argv, line->argc, line->tool->flags & HP_SHELL_VERBS))
		hp_things_spell(line->things, "shell:", line->name,
				path_text(line, path, path->count), "-to-zero", NULL);
}

struct hp_shell_path
hp_shell_line_spell(struct hp_shell_line *line)
{
	struct hp_thing *thing = hp_things_begin(line->things);
	struct hp_shell_path path = read_path(line);
	thing->disguised = line->argv[0].disguised;
	hp_things_spell(line->things, "shell:", line->name, NULL);
	spell_path(line, thing, &path);
	spell_options(line, &path);
	if (line->tool && (line->tool->flags & HP_SHELL_METHOD))
		spell_method(line);
	if (line->tool && (line->tool->flags & HP_SHELL_GIT)) {
		spell_refspecs(line, &path);
		spell_discards(line, &path);
	} else if (line->tool) {
		spell_zero(line, &path);
	}
	return path;
}
