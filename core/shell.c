#include "core/shell_line.h"

#include <ctype.h>
#include <string.h>

#include "core/sql.h"

/* The words from `at` on, joined as a shell would be given them. */
static const char *
join(struct hp_shell_line *line, size_t at)
{
	size_t bytes = 1;
	for (size_t i = at; i < line->argc; i++)
		bytes += strlen(line->argv[i].text) + 1;
	char *text = hp_arena_alloc(line->things->arena, bytes), *end = text;
	if (!text)
		return "";
	for (size_t i = at; i < line->argc; i++) {
		end = stpcpy(end, line->argv[i].text);
		if (i + 1 < line->argc)
			*end++ = ' ';
	}
	return text;
}

static void
command_from(struct hp_shell_line *line, size_t at)
{
	if (at < line->argc)
		hp_shell_command(line->things, line->argv + at, line->argc - at, line->depth + 1);
}

/* find -exec COMMAND ; */
static void
inner_exec(struct hp_shell_line *line)
{
	for (size_t at = 1; at < line->argc; at++) {
		const char *word = line->argv[at].text;
		if (!hp_shell_listed(" -exec -execdir -ok -okdir ", word, strlen(word)))
			continue;
		size_t first = at + 1, last = first;
		while (last < line->argc && strcmp(line->argv[last].text, ";") &&
		       strcmp(line->argv[last].text, "+"))
			last++;
		hp_shell_command(line->things, line->argv + first, last - first, line->depth + 1);
		at = last;
	}
}

/* docker exec CONTAINER COMMAND, kubectl exec POD -- COMMAND, docker run IMAGE COMMAND */
static void
inner_run(struct hp_shell_line *line, const struct hp_shell_path *path)
{
	size_t at = 0;
	for (size_t i = 0; i < path->count && !at; i++)
		if (!strcasecmp(path->words[i], "exec") || !strcasecmp(path->words[i], "run"))
			at = path->at[i] + 1;
	if (!at)
		return;
	for (; at < line->argc && hp_shell_option_at(line, at).kind != HP_OPTION_NONE;
	     at = hp_shell_after_option(line, at))
		if (hp_shell_option_at(line, at).kind == HP_OPTION_UNSURE)
			line->things->unknown = true;
	for (at++; at < line->argc; at = hp_shell_after_option(line, at)) {
		enum hp_shell_option_kind kind = hp_shell_option_at(line, at).kind;
		if (kind == HP_OPTION_END)
			at++;
		if (kind == HP_OPTION_END || kind == HP_OPTION_NONE)
			break;
	}
	command_from(line, at);
}

/* bq query 'DROP TABLE t', gcloud … execute-sql --sql=TEXT. It only adds: what else such a command
 * does is its path's to say. */
static void
inner_sql(struct hp_shell_line *line, const struct hp_shell_path *path)
{
	static const char option[] = "--sql";
	const size_t len = sizeof option - 1;
	bool query = path->count && !strcasecmp(path->words[0], "query");
	for (size_t at = 1; at < line->argc; at++) {
		const char *word = line->argv[at].text, *sql = NULL;
		if (!strncmp(word, option, len) && word[len] == '=')
			sql = word + len + 1;
		else if (!strcmp(word, option) && at + 1 < line->argc)
			sql = line->argv[at + 1].text;
		else if (query && at > path->at[0] && word[0] != '-')
			sql = word;
		if (sql)
			hp_sql_things(line->things, sql, strlen(sql));
	}
}

/* A command line that was meant for a shell: `|` and `;` are words here, yet who knows later. */
static void
split_operators(struct hp_shell_line *line)
{
	for (size_t at = 1; at < line->argc; at++) {
		const char *word = line->argv[at].text;
		if (!hp_shell_listed(" ; | || & && |& ", word, strlen(word)))
			continue;
		line->things->unknown = true;
		command_from(line, at + 1);
		line->argc = at;
	}
}

static void
tool_command(struct hp_shell_line *line)
{
	unsigned flags = line->tool ? line->tool->flags : 0;
	if (!(flags & HP_SHELL_EXEC))
		split_operators(line);
	struct hp_shell_path path = hp_shell_line_spell(line);
	for (size_t at = 1; at < line->argc; at = hp_shell_after_option(line, at)) {
		enum hp_shell_option_kind kind = hp_shell_option_at(line, at).kind;
		if (kind == HP_OPTION_END || (path.count && at > path.at[0]))
			break;
		if (kind == HP_OPTION_SCRIPT) /* git -c alias.x='!…' */
			line->things->unknown = true;
	}
	if (flags & HP_SHELL_EXEC)
		inner_exec(line);
	if (flags & HP_SHELL_INNER)
		inner_run(line, &path);
	if (flags & HP_SHELL_QUERY)
		inner_sql(line, &path);
}

static bool
is_assignment(const char *word)
{
	size_t len =
		strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
	return len && word[len] == '=' && !isdigit((unsigned char)word[0]);
}

static void
wrapper_command(struct hp_shell_line *line)
{
	size_t at = 1;
	bool unsure = false;
	while (at < line->argc) {
		struct hp_shell_option option = hp_shell_option_at(line, at);
		if (option.kind == HP_OPTION_NONE)
			break;
		if (option.kind == HP_OPTION_CODE) { /* env -S TEXT, flock -c TEXT, sudo -s */
			line->things->unknown = true;
			hp_shell_text(line->things,
			              option.value ? option.value : join(line, at + 1),
			              line->depth + 1);
			at++;
			continue;
		}
		if (option.kind == HP_OPTION_UNSURE) {
			if (!unsure)
				command_from(line, at + 2);
			line->things->unknown = unsure = true;
		}
		at = hp_shell_after_option(line, at);
		if (option.kind == HP_OPTION_END)
			break;
	}
	if (line->tool->flags & HP_SHELL_ASSIGNMENTS)
		while (at < line->argc && is_assignment(line->argv[at].text))
			at++;
	at += line->tool->words;
	if (at < line->argc && hp_shell_option_at(line, at).kind == HP_OPTION_CODE) {
		line->things->unknown = true; /* flock FILE -c TEXT */
		hp_shell_text(line->things, join(line, at + 1), line->depth + 1);
	} else if (at < line->argc)
		command_from(line, at);
	else
		tool_command(line);
}

static void
shell_command(struct hp_shell_line *line)
{
	bool code = false;
	line->things->unknown = true;
	for (size_t at = 1; at < line->argc; at++) {
		struct hp_shell_option option = hp_shell_option_at(line, at);
		if (option.kind == HP_OPTION_END && !code) {
			command_from(line, at + 1); /* runuser -u NAME -- COMMAND */
			return;
		}
		if (option.kind == HP_OPTION_VALUED)
			at++;
		if (option.kind == HP_OPTION_CODE)
			code = true;
		if (option.kind == HP_OPTION_CODE && option.value)
			hp_shell_text(line->things, option.value, line->depth + 1);
		if (option.kind != HP_OPTION_NONE || !code)
			continue;
		hp_shell_text(line->things, line->argv[at].text, line->depth + 1);
		command_from(line, at + 1); /* what `"$0"` and `"$@"` would run */
		command_from(line, at + 2);
		return;
	}
	if (!code)
		tool_command(line); /* a script, or standard input */
}

static void
code_command(struct hp_shell_line *line)
{
	size_t first_word = 0;
	bool code = false;
	for (size_t at = 1; at < line->argc && !code; at = hp_shell_after_option(line, at)) {
		struct hp_shell_option option = hp_shell_option_at(line, at);
		if (option.kind == HP_OPTION_NONE && !first_word)
			first_word = at;
		if (option.kind == HP_OPTION_SCRIPT)
			line->things->unknown = true;
		if (option.kind == HP_OPTION_CODE && !option.value)
			hp_shell_code(line->things, join(line, at + 1), line->depth + 1);
		else if (option.kind == HP_OPTION_CODE)
			hp_shell_code(line->things, option.value, line->depth + 1);
		code = option.kind == HP_OPTION_CODE;
	}
	if (!code && (line->tool->flags & HP_SHELL_FIRST_WORD) && first_word) {
		hp_shell_code(line->things, line->argv[first_word].text, line->depth + 1);
		code = true;
	}
	if (code)
		line->things->unknown = true;
	else
		tool_command(line);
}

static void
joined_command(struct hp_shell_line *line)
{
	size_t at = 1, words = line->tool->words;
	line->things->unknown = true;
	while (at < line->argc) {
		enum hp_shell_option_kind kind = hp_shell_option_at(line, at).kind;
		if (kind == HP_OPTION_NONE && !words--)
			break;
		at = kind == HP_OPTION_NONE ? at + 1 : hp_shell_after_option(line, at);
	}
	if (at < line->argc)
		hp_shell_text(line->things, join(line, at), line->depth + 1);
	else
		tool_command(line);
}

static void
sql_command(struct hp_shell_line *line)
{
	bool found = false;
	size_t words = 0;
	for (size_t at = 1; at < line->argc; at = hp_shell_after_option(line, at)) {
		struct hp_shell_option option = hp_shell_option_at(line, at);
		const char *next = at + 1 < line->argc ? line->argv[at + 1].text : "";
		const char *sql =
			option.kind == HP_OPTION_CODE ? option.value ? option.value : next : NULL;
		if (option.kind == HP_OPTION_NONE && words++ >= line->tool->words)
			sql = line->argv[at].text;
		if (option.kind == HP_OPTION_SCRIPT || option.kind == HP_OPTION_UNSURE)
			line->things->unknown = true;
		found |= sql || option.kind == HP_OPTION_SCRIPT;
		if (sql)
			hp_sql_things(line->things, sql, strlen(sql));
		const char *value = option.value ? option.value : next;
		if (option.kind == HP_OPTION_SCRIPT && value[0] == '|') { /* psql -o '|command' */
			hp_shell_text(line->things, value + 1, line->depth + 1);
		}
	}
	if (!found)
		tool_command(line);
}

static void
aws_command(struct hp_shell_line *line)
{
	hp_aws_command(line->things, line->tool, line->argv, line->argc);
}

/* The base name, lower case, without a Windows suffix. */
static const char *
program_name(struct hp_things *things, const char *path)
{
	const char *base = path;
	for (const char *p = path; *p; p++)
		if ((*p == '/' || *p == '\\') && p[1])
			base = p + 1;
	size_t len = strlen(base);
	if (len > 4 && !strcasecmp(base + len - 4, ".exe"))
		len -= 4;
	char *name = hp_arena_copy(things->arena, base, len);
	if (!name)
		return "";
	for (size_t i = 0; i < len; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	return name;
}

void
hp_shell_command(struct hp_things *things, const struct hp_shell_word *argv, size_t argc,
                 unsigned depth)
{
	static void (*const handlers[])(struct hp_shell_line *) = {
		[HP_SHELL_TOOL] = tool_command,     [HP_SHELL_WRAPPER] = wrapper_command,
		[HP_SHELL_SHELL] = shell_command,   [HP_SHELL_CODE] = code_command,
		[HP_SHELL_JOINED] = joined_command, [HP_SHELL_SQL] = sql_command,
		[HP_SHELL_AWS] = aws_command,
	};
	struct hp_shell_line line = {.things = things, .argv = argv, .argc = argc, .depth = depth};
	if (!argc || !argv[0].text[0] || depth > HP_THINGS_DEPTH_MAX) {
		things->unknown = true;
		return;
	}
	if (!hp_things_spend(things, argc))
		return;
	if (argv[0].text[strcspn(argv[0].text, " \t\n;|&<>()`$\"'")]) {
		things->unknown = true; /* a shell line in the place of a program */
		hp_shell_text(things, join(&line, 0), depth + 1);
		return;
	}
	line.name = program_name(things, argv[0].text);
	line.tool = hp_shell_tool_find(line.name);
	line.options = hp_arena_array(things->arena, argc, sizeof *line.options);
	if (!line.options)
		return;
	hp_things_runs(things, line.name);
	handlers[line.tool ? line.tool->kind : HP_SHELL_TOOL](&line);
}
