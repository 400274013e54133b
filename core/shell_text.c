/* Text that a shell or an interpreter would run; see shell.h. */
#include <ctype.h>
#include <string.h>

#include "core/buf.h"
#include "core/shell.h"
#include "core/sql.h"

#define WORDS_MAX 256     /* of one simple command within text; the rest is dropped, being data */
#define FRAGMENTS_MAX 512 /* of a program in another language */
#define TEXT_COST 512     /* of looking at any text, however short */

/* One simple command being collected. A word is built in `text`, which never outgrows the source.
 */
struct parser {
	struct hp_things *things;
	const char *p;
	unsigned depth;
	struct hp_shell_word words[WORDS_MAX];
	size_t count;
	char *text, *word, *end; /* the buffer, the current word, its end */
	bool in_word;
	bool redirect; /* the next word is a file */
};

static void
begin_word(struct parser *parser)
{
	if (!parser->in_word)
		parser->word = parser->end;
	parser->in_word = true;
}

static void
add_byte(struct parser *parser, char byte)
{
	begin_word(parser);
	*parser->end++ = byte;
}

static void
end_word(struct parser *parser)
{
	if (!parser->in_word)
		return;
	*parser->end++ = 0;
	parser->in_word = false;
	if (!parser->redirect && parser->count < WORDS_MAX)
		parser->words[parser->count++].text = parser->word;
	parser->redirect = false;
}

static bool
is_keyword(const char *word)
{
	return hp_shell_listed(" if then elif else fi while until do done for case esac select in "
	                       "function time ! { } coproc ",
	                       word, strlen(word));
}

static bool
is_assignment(const char *word)
{
	size_t len = 0;
	while (isalnum((unsigned char)word[len]) || word[len] == '_')
		len++;
	return len && (word[len] == '=' || (word[len] == '+' && word[len + 1] == '='));
}

static void
sql_words(struct parser *parser, size_t first, size_t count)
{
	struct hp_buf sql = {0};
	for (size_t i = first; i < count; i++) {
		hp_buf_add_text(&sql, parser->words[i].text);
		hp_buf_add_byte(&sql, ' ');
	}
	const char *text =
		sql.failed ? NULL : hp_arena_copy(parser->things->arena, sql.data, sql.len);
	if (text)
		hp_sql_things(parser->things, text, sql.len);
	else
		parser->things->arena->failed = true;
	hp_buf_release(&sql);
}

static void
end_command(struct parser *parser)
{
	end_word(parser);
	parser->redirect = false;
	size_t first = 0, count = parser->count;
	parser->count = 0;
	while (first < count &&
	       (is_keyword(parser->words[first].text) || is_assignment(parser->words[first].text)))
		first++;
	if (first == count)
		return;
	if (hp_sql_begins(parser->words[first].text)) /* a line of a here-document, or code */
		sql_words(parser, first, count);
	hp_shell_command(parser->things, parser->words + first, count - first, parser->depth);
}

/* The bytes up to the `)` that closes, quotes aside; `p` is behind the `(`. */
static size_t
enclosed(const char *p)
{
	size_t open = 1;
	char quote = 0;
	size_t at = 0;
	for (; p[at]; at++) {
		if (p[at] == '\\' && p[at + 1] && quote != '\'')
			at++;
		else if (quote)
			quote = p[at] == quote ? 0 : quote;
		else if (p[at] == '\'' || p[at] == '"')
			quote = p[at];
		else if (p[at] == '(')
			open++;
		else if (p[at] == ')' && !--open)
			break;
	}
	return at;
}

static size_t
backquoted(const char *p)
{
	size_t at = 0;
	for (; p[at] && p[at] != '`'; at++)
		if (p[at] == '\\' && p[at + 1])
			at++;
	return at;
}

/* `$(…)` or `…` at `p`: what is inside is a command of its own. Gives back the bytes it takes. */
static size_t
substitution(struct parser *parser, const char *p)
{
	size_t opening = p[0] == '`' ? 1 : 2;
	size_t len = p[0] == '`' ? backquoted(p + 1) : enclosed(p + 2);
	char *inner = hp_arena_copy(parser->things->arena, p + opening, len);
	if (inner)
		hp_shell_text(parser->things, inner, parser->depth + 1);
	return opening + len + (p[opening + len] != 0);
}

static bool
is_substitution(const char *p)
{
	return p[0] == '`' || (p[0] == '$' && p[1] == '(');
}

static void
single_quoted(struct parser *parser)
{
	begin_word(parser);
	for (parser->p++; *parser->p && *parser->p != '\''; parser->p++)
		add_byte(parser, *parser->p);
	parser->p += *parser->p != 0;
}

static void
double_quoted(struct parser *parser)
{
	begin_word(parser);
	for (parser->p++; *parser->p && *parser->p != '"';) {
		if (*parser->p == '\\' && parser->p[1] && strchr("\"\\$`", parser->p[1])) {
			parser->p++;
			add_byte(parser, *parser->p++);
		} else if (is_substitution(parser->p)) {
			parser->p += substitution(parser, parser->p);
		} else {
			add_byte(parser, *parser->p++);
		}
	}
	parser->p += *parser->p != 0;
}

static void
redirection(struct parser *parser)
{
	/* the 2 of 2>file is no word */
	bool descriptor = parser->in_word;
	for (const char *p = parser->word; descriptor && p < parser->end; p++)
		descriptor = isdigit((unsigned char)*p) != 0;
	if (descriptor) {
		parser->end = parser->word;
		parser->in_word = false;
	}
	end_word(parser);
	while (*parser->p && strchr("<>|&-", *parser->p))
		parser->p++;
	parser->redirect = true;
}

static void
comment(struct parser *parser)
{
	while (*parser->p && *parser->p != '\n')
		parser->p++;
}

/* rm${IFS}-rf: the variable that is nearly always a space. */
static size_t
field_separator(const char *p)
{
	if (!strncmp(p, "${IFS}", 6))
		return 6;
	return !strncmp(p, "$IFS", 4) ? 4 : 0;
}

/* One step of the text outside quotes. */
static void
step(struct parser *parser)
{
	char byte = *parser->p;
	size_t separator = field_separator(parser->p);
	if (separator) {
		end_word(parser);
		parser->p += separator;
	} else if (byte == '$' && (parser->p[1] == '\'' || parser->p[1] == '"'))
		parser->p++; /* $'…' is quoted too */
	else if (byte == '\'')
		single_quoted(parser);
	else if (byte == '"')
		double_quoted(parser);
	else if (byte == '\\' && parser->p[1] == '\n')
		parser->p += 2;
	else if (byte == '\\' && parser->p[1]) {
		add_byte(parser, parser->p[1]);
		parser->p += 2;
	} else if (is_substitution(parser->p)) {
		begin_word(parser);
		parser->p += substitution(parser, parser->p);
	} else if (byte == '#' && !parser->in_word)
		comment(parser);
	else if (byte == '>' || (byte == '<' && parser->p[1] != '('))
		redirection(parser);
	else if (strchr(";|&\n()", byte)) {
		end_command(parser);
		parser->p++;
	} else if (isspace((unsigned char)byte)) {
		end_word(parser);
		parser->p++;
	} else {
		add_byte(parser, byte);
		parser->p++;
	}
}

void
hp_shell_text(struct hp_things *things, const char *text, unsigned depth)
{
	size_t len = strlen(text);
	if (depth > HP_THINGS_DEPTH_MAX || !hp_things_spend(things, len + TEXT_COST))
		return;
	struct parser *parser = hp_arena_alloc(things->arena, sizeof *parser);
	/* every word ends in a NUL, and there is at most one more word than bytes */
	char *buffer = hp_arena_alloc(things->arena, 2 * len + 2);
	if (!parser || !buffer)
		return;
	*parser = (struct parser){.things = things, .p = text, .depth = depth};
	parser->text = parser->word = parser->end = buffer;
	while (*parser->p)
		step(parser);
	end_command(parser);
}

/* `ec2.terminate_instances`: the last name says what is called. */
static void
spell_call(struct hp_things *things, const char *word)
{
	const char *name = strrchr(word, '.');
	name = name ? name + 1 : word;
	if (*name)
		hp_things_spell(things, "/", name, NULL);
	if (*name)
		hp_things_spell(things, ":", name, NULL);
}

static void
fragment(struct hp_things *things, const char *text, size_t len, unsigned depth)
{
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	char *copy = len ? hp_arena_copy(things->arena, text, len) : NULL;
	if (!copy)
		return;
	if (strpbrk(copy, " \t|;&")) {
		hp_shell_text(things, copy, depth + 1);
		return;
	}
	if (!isalpha((unsigned char)*copy) && !strchr("./_", *copy))
		return; /* a number, an option, an operator */
	struct hp_shell_word word = {copy, false};
	hp_shell_command(things, &word, 1, depth + 1);
	hp_things_begin(things);
	spell_call(things, copy);
}

void
hp_shell_code(struct hp_things *things, const char *text, unsigned depth)
{
	size_t len = strlen(text), count = 0;
	if (depth > HP_THINGS_DEPTH_MAX || !hp_things_spend(things, len))
		return;
	for (size_t at = 0; at < len && count < FRAGMENTS_MAX;) {
		size_t run = strcspn(text + at, "\"'`()[]{},;=\n");
		if (run) {
			fragment(things, text + at, run, depth);
			count++;
		}
		at += run + 1;
	}
}
