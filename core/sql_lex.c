/* Tokens of SQL; see sql.h. */
#include <ctype.h>
#include <string.h>

#include "core/buf.h"
#include "core/sql.h"

struct lexer {
	struct hp_arena *arena;
	const char *p, *end;
	bool escapes;
	struct hp_sql_tokens *tokens;
};

static void
add(struct lexer *lexer, enum hp_sql_kind kind, const char *p, size_t len)
{
	struct hp_sql_tokens *tokens = lexer->tokens;
	if (tokens->count == tokens->capacity) {
		size_t capacity = tokens->capacity ? tokens->capacity * 2 : 32;
		struct hp_sql_token *list = hp_arena_array(lexer->arena, capacity, sizeof *list);
		if (!list)
			return;
		if (tokens->count)
			memcpy(list, tokens->list, tokens->count * sizeof *list);
		tokens->list = list;
		tokens->capacity = capacity;
	}
	tokens->list[tokens->count++] = (struct hp_sql_token){kind, p, len};
}

/* From an opening quote to behind its closing one. */
static void
quoted(struct lexer *lexer, enum hp_sql_kind kind)
{
	const char *start = lexer->p, quote = *lexer->p++;
	bool closed = false;
	while (lexer->p < lexer->end && !closed) {
		char byte = *lexer->p++;
		if (byte == '\\' && quote != '`') {
			lexer->tokens->backslashes = true;
			if (lexer->escapes && lexer->p < lexer->end)
				lexer->p++;
		} else if (byte == quote) {
			closed = lexer->p == lexer->end || *lexer->p != quote;
			lexer->p += !closed;
		}
	}
	if (!closed)
		lexer->tokens->open = true;
	add(lexer, kind, start, (size_t)(lexer->p - start));
}

/*
 * Whether `--` begins a comment. MySQL wants a space behind it and else reads `1--1; DROP …` as
 * arithmetic and a second statement; so without the space it is one only when it hides no
 * statement.
 */
static bool
is_line_comment(const struct lexer *lexer)
{
	const char *p = lexer->p;
	if (lexer->end - p < 2 || p[0] != '-' || p[1] != '-')
		return false;
	if (lexer->end - p == 2 || isspace((unsigned char)p[2]))
		return true;
	const char *line = memchr(p, '\n', (size_t)(lexer->end - p));
	return !memchr(p, ';', (size_t)((line ? line : lexer->end) - p));
}

static void
line_comment(struct lexer *lexer)
{
	while (lexer->p < lexer->end && *lexer->p != '\n')
		lexer->p++;
}

/* Comments end at the first closing mark: dialects that nest them see less than we do. */
static void
block_comment(struct lexer *lexer)
{
	const char *p = lexer->p + 2;
	if (p < lexer->end && *p == 'M')
		p++;
	if (p < lexer->end && *p == '!') { /* MySQL, MariaDB: code, behind a version */
		lexer->p = p + 1;
		while (lexer->p < lexer->end && isdigit((unsigned char)*lexer->p))
			lexer->p++;
		return;
	}
	for (p = lexer->p + 2; p < lexer->end; p++)
		if (p[0] == '*' && p + 1 < lexer->end && p[1] == '/') {
			lexer->p = p + 2;
			return;
		}
	lexer->tokens->open = true;
	lexer->p = lexer->end;
}

static bool
is_word_byte(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_' || (unsigned char)byte >= 0x80;
}

static void
run(struct lexer *lexer)
{
	const char *start = lexer->p;
	enum hp_sql_kind kind = HP_SQL_MARK;
	if (isdigit((unsigned char)*start)) {
		kind = HP_SQL_LITERAL;
		while (lexer->p < lexer->end &&
		       (isdigit((unsigned char)*lexer->p) || *lexer->p == '.'))
			lexer->p++;
	} else if (is_word_byte(*start)) {
		kind = HP_SQL_WORD;
		while (lexer->p < lexer->end && is_word_byte(*lexer->p))
			lexer->p++;
	} else {
		lexer->p++;
	}
	add(lexer, kind, start, (size_t)(lexer->p - start));
}

void
hp_sql_lex(struct hp_arena *arena, const char *text, size_t len, bool escapes,
           struct hp_sql_tokens *ret_tokens)
{
	*ret_tokens = (struct hp_sql_tokens){0};
	struct lexer lexer = {arena, text, text + len, escapes, ret_tokens};
	while (lexer.p < lexer.end) {
		const char *p = lexer.p;
		char next = lexer.end - p > 1 ? p[1] : 0;
		if (isspace((unsigned char)*p) || !*p)
			lexer.p++;
		else if (*p == '\'')
			quoted(&lexer, HP_SQL_LITERAL);
		else if (*p == '"' || *p == '`')
			quoted(&lexer, HP_SQL_NAME);
		else if (is_line_comment(&lexer))
			line_comment(&lexer);
		else if (*p == '/' && next == '*')
			block_comment(&lexer);
		else if (*p == '*' && next == '/')
			lexer.p += 2; /* the end of an executable comment */
		else
			run(&lexer);
	}
}

const char *
hp_sql_code(struct hp_arena *arena, const char *text, size_t len)
{
	struct hp_sql_tokens tokens;
	hp_sql_lex(arena, text, len, false, &tokens);
	if (tokens.backslashes || tokens.open)
		return text;
	char *code = hp_arena_alloc(arena, 2 * len + 1), *end = code;
	if (!code)
		return "";
	for (size_t i = 0; i < tokens.count; i++) {
		const struct hp_sql_token *token = &tokens.list[i];
		/* a quoted name may be a string to MySQL; one that is called is no string */
		bool called = i + 1 < tokens.count && *tokens.list[i + 1].p == '(';
		if (token->kind == HP_SQL_LITERAL || (token->kind == HP_SQL_NAME && !called))
			continue;
		memcpy(end, token->p, token->len);
		end += token->len;
		*end++ = ' ';
	}
	return code;
}
