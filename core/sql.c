#include "core/sql.h"

#include <ctype.h>
#include <string.h>

#include "core/shell_tools.h"

#define SPELLED_MAX_BYTES 40 /* of a verb or object; longer is spelled without */

/* Tokens of one statement. */
struct statement {
	struct hp_things *things;
	const struct hp_sql_token *tokens;
	size_t count;
};

static bool
listed(const struct hp_sql_token *token, const char *list)
{
	char word[SPELLED_MAX_BYTES];
	if (token->kind != HP_SQL_WORD || token->len >= sizeof word)
		return false;
	for (size_t i = 0; i < token->len; i++)
		word[i] = (char)tolower((unsigned char)token->p[i]);
	return hp_shell_listed(list, word, token->len);
}

static bool
is_mark(const struct hp_sql_token *token, char mark)
{
	return token->kind == HP_SQL_MARK && *token->p == mark;
}

/* The word as a C string in the arena; "" when it is too long to be a keyword. */
static const char *
word_text(struct hp_things *things, const struct hp_sql_token *token)
{
	const char *text = token->len > SPELLED_MAX_BYTES
	                           ? NULL
	                           : hp_arena_copy(things->arena, token->p, token->len);
	return text ? text : "";
}

static struct statement
from(const struct statement *statement, size_t at)
{
	return (struct statement){statement->things, statement->tokens + at, statement->count - at};
}

bool
hp_sql_begins(const char *word)
{
	struct hp_sql_token token = {HP_SQL_WORD, word, strlen(word)};
	return listed(&token, " select insert update delete drop truncate alter create grant "
	                      "revoke merge with replace ");
}

/* What stands between a verb and the kind of object it is about. */
static bool
is_modifier(const struct hp_sql_token *token)
{
	return listed(token, " or replace temp temporary unique if exists not global local "
	                     "unlogged external materialized recursive concurrently public force "
	                     "definer virtual transient hybrid dynamic aggregate clustered "
	                     "nonclustered columnstore fulltext spatial bitmap secure default "
	                     "foreign large full online offline only trusted procedural "
	                     "constraint session ");
}

static void
spell_object(const struct statement *statement, const char *verb)
{
	for (size_t i = 1; i < statement->count; i++) {
		const struct hp_sql_token *token = &statement->tokens[i];
		if (token->kind != HP_SQL_WORD || is_modifier(token))
			continue;
		const char *object = word_text(statement->things, token);
		if (*object)
			hp_things_spell(statement->things, "sql:", verb, "-", object, NULL);
		return;
	}
}

/* The first token with this word at the statement's own level, from `at` on; count: none. */
static size_t
find_word(const struct statement *statement, size_t at, const char *list)
{
	size_t open = 0;
	for (; at < statement->count; at++) {
		const struct hp_sql_token *token = &statement->tokens[at];
		if (is_mark(token, '('))
			open++;
		else if (is_mark(token, ')') && !open)
			return statement->count; /* the end of a subquery */
		else if (is_mark(token, ')'))
			open--;
		else if (!open && listed(token, list))
			return at;
	}
	return at;
}

/* UPDATE or DELETE of all rows: no WHERE, or one without a name in it (`1=1`, `true`). */
static bool
is_of_all_rows(const struct statement *statement)
{
	size_t where = find_word(statement, 1, " where "), open = 0;
	for (size_t i = where + 1; i < statement->count; i++) {
		const struct hp_sql_token *token = &statement->tokens[i];
		if (token->kind == HP_SQL_NAME)
			return false;
		open += is_mark(token, '(');
		if (is_mark(token, ')') && !open--)
			return true; /* the end of a subquery */
		if (listed(token, " returning order limit "))
			return true;
		if (token->kind == HP_SQL_WORD &&
		    !listed(token, " true false not and or is null in between like "))
			return false;
	}
	return true;
}

/* The thing of one verb with what stands behind it. */
static void
spell_statement(const struct statement *statement, bool whole)
{
	struct hp_things *things = statement->things;
	const struct hp_sql_token *verb = &statement->tokens[0];
	const char *name = word_text(things, verb);
	hp_things_begin(things);
	if (!*name || !hp_things_spend(things, statement->count)) {
		things->unknown = true;
		return;
	}
	hp_things_spell(things, "sql:", name, NULL);
	if (listed(verb, " update delete ")) {
		if (whole && is_of_all_rows(statement))
			hp_things_spell(things, "sql:", name, "-all", NULL);
	} else if (listed(verb, " truncate ")) {
		hp_things_spell(things, "sql:truncate-table", NULL);
	} else if (listed(verb, " copy ")) {
		size_t way = find_word(statement, 1, " to from ");
		if (way < statement->count)
			hp_things_spell(things, "sql:copy-",
			                word_text(things, &statement->tokens[way]), NULL);
		if (find_word(statement, 1, " program ") < statement->count)
			things->unknown = true;
	} else if (listed(verb, " select ")) {
		if (find_word(statement, 1, " into ") < statement->count) {
			hp_things_begin(things);
			hp_things_spell(things, "sql:select-into", NULL);
		}
	} else if (!listed(verb, " insert replace merge values with ")) {
		spell_object(statement, name);
	}
}

/* Whether the word at `at` begins an action of its own rather than being a name or a clause. */
static bool
is_action(const struct statement *statement, size_t at)
{
	static const char verbs[] = " insert update delete merge drop truncate alter create grant "
				    "revoke exec execute call kill shutdown replace ";
	const struct hp_sql_token *token = &statement->tokens[at], *before = token - 1;
	if (!listed(token, verbs) || at + 1 == statement->count)
		return false;
	const struct hp_sql_token *next = token + 1;
	if (listed(token, " replace "))
		return listed(next, " into ");
	if (listed(before, " for on before after of or key do commit show with revoke select by "
	                   "where and as distinct only column instead privilege ") ||
	    is_mark(before, '.') || is_mark(before, ',') || is_mark(before, '='))
		return false;
	if (is_mark(next, '('))
		return listed(token, " exec execute ");
	bool sigil = next->kind == HP_SQL_MARK && strchr("[@#:$", *next->p);
	return (next->kind == HP_SQL_WORD && !listed(next, " join union ")) ||
	       next->kind == HP_SQL_NAME || sigil;
}

/* Actions inside: of a WITH, of a function's body, of dialects that need no `;` in between. */
static void
spell_actions(const struct statement *statement, size_t end)
{
	for (size_t at = 1; at < end; at++) {
		if (!is_action(statement, at))
			continue;
		struct statement inner = from(statement, at);
		spell_statement(&inner, !listed(&statement->tokens[at - 1], " then "));
	}
}

/* psql's \d, sqlite's .tables: harmless ones look at the catalogue. */
static void
meta_command(const struct statement *statement)
{
	struct hp_things *things = statement->things;
	const struct hp_sql_token *name = &statement->tokens[1];
	char mark = *statement->tokens[0].p;
	bool harmless = statement->count > 1 && name->kind == HP_SQL_WORD;
	for (size_t i = 1; i < statement->count; i++)
		harmless &= !is_mark(&statement->tokens[i], mark);
	if (mark == '\\')
		harmless = harmless && (tolower((unsigned char)*name->p) == 'd' ||
		                        listed(name, " l list conninfo x timing z "));
	else
		harmless = harmless &&
		           listed(name, " tables schema databases indexes indices mode headers "
		                        "header show width nullvalue separator stats timeout ");
	hp_things_begin(things);
	if (harmless)
		hp_things_spell(things, "sql:describe", NULL);
	else
		things->unknown = true;
}

static void explain(const struct statement *statement);
static void with(const struct statement *statement);

static bool
is_transaction(const struct statement *statement)
{
	const struct hp_sql_token *verb = statement->tokens;
	if (listed(verb, " commit rollback savepoint release end abort "))
		return true;
	return listed(verb, " begin start ") &&
	       (statement->count == 1 ||
	        listed(verb + 1,
	               " transaction tran work deferred immediate exclusive isolation read "));
}

/* `(SELECT …)`, and BEGIN of a block. */
static struct statement
unwrap(struct statement statement)
{
	while (statement.count &&
	       (is_mark(statement.tokens, '(') ||
	        (listed(statement.tokens, " begin ") && !is_transaction(&statement))))
		statement = from(&statement, 1);
	return statement;
}

/* A backslash within a statement is a command to the client; MySQL's final \\G is none. */
static bool
has_client_command(const struct statement *statement)
{
	for (size_t i = 1; i < statement->count; i++)
		if (is_mark(&statement->tokens[i], '\\') &&
		    (i + 2 != statement->count || !listed(&statement->tokens[i + 1], " g ")))
			return true;
	return false;
}

static void
judge(struct statement statement)
{
	statement = unwrap(statement);
	if (!statement.count) { /* nothing but parentheses */
		statement.things->unknown = true;
		return;
	}
	const struct hp_sql_token *verb = statement.tokens;
	if (is_mark(verb, '\\') || is_mark(verb, '.')) {
		meta_command(&statement);
		return;
	}
	if (verb->kind != HP_SQL_WORD || has_client_command(&statement))
		statement.things->unknown = true;
	if (verb->kind != HP_SQL_WORD)
		return;
	if (listed(verb, " explain ")) {
		explain(&statement);
	} else if (listed(verb, " with ")) {
		with(&statement);
	} else if (is_transaction(&statement)) {
		spell_actions(&statement, statement.count); /* itself it does nothing */
	} else {
		spell_statement(&statement, true);
		if (!listed(verb, " grant revoke "))
			spell_actions(&statement, statement.count);
	}
}

/* EXPLAIN only plans; EXPLAIN ANALYZE runs. */
static void
explain(const struct statement *statement)
{
	size_t verb = 1;
	bool analyze = false;
	hp_things_begin(statement->things);
	hp_things_spell(statement->things, "sql:explain", NULL);
	for (; verb < statement->count; verb++) {
		const struct hp_sql_token *token = &statement->tokens[verb];
		analyze |= listed(token, " analyze analyse ");
		if (listed(token, " select insert update delete merge with values create execute "
		                  "declare refresh replace table "))
			break;
	}
	if (analyze && verb < statement->count)
		judge(from(statement, verb));
	else if (analyze)
		statement->things->unknown = true;
}

static void
with(const struct statement *statement)
{
	size_t main = find_word(statement, 1,
	                        " select insert update delete merge values table "
	                        "replace ");
	spell_actions(statement, main);
	if (main == statement->count)
		statement->things->unknown = true;
	else
		judge(from(statement, main));
}

static void
judge_tokens(struct hp_things *things, const struct hp_sql_tokens *tokens)
{
	size_t first = 0;
	bool any = false;
	for (size_t at = 0; tokens->count && at <= tokens->count; at++) {
		if (at < tokens->count && !is_mark(&tokens->list[at], ';'))
			continue;
		if (at > first) {
			any = true;
			judge((struct statement){things, tokens->list + first, at - first});
			hp_sql_calls(things, tokens->list + first, at - first);
		}
		first = at + 1;
	}
	if (tokens->open || !any)
		things->unknown = true;
}

void
hp_sql_things(struct hp_things *things, const char *text, size_t len)
{
	struct hp_sql_tokens tokens;
	if (!hp_things_spend(things, len))
		return;
	hp_sql_lex(things->arena, text, len, false, &tokens);
	judge_tokens(things, &tokens);
	if (!tokens.backslashes)
		return;
	hp_sql_lex(things->arena, text, len, true, &tokens);
	judge_tokens(things, &tokens);
}
