/*
 * sql - what SQL text does, without knowing the database.
 *
 * Private to classify. Dialects disagree on what is a literal or a comment; where they do, the text
 * is read in the way that sees more statements. Literals and comments never count as code, but for
 * MySQL's executable comments and dollar-quoted bodies.
 * Threads: as the arena.
 */
#ifndef HP_CORE_SQL_H
#define HP_CORE_SQL_H

#include "core/things.h"

enum hp_sql_kind {
	HP_SQL_WORD,
	HP_SQL_NAME,    /* a quoted identifier */
	HP_SQL_LITERAL, /* a string or a number */
	HP_SQL_MARK,    /* one character of punctuation */
};

struct hp_sql_token {
	enum hp_sql_kind kind;
	const char *p; /* in the source text */
	size_t len;
};

struct hp_sql_tokens {
	struct hp_sql_token *list;
	size_t count, capacity;
	bool backslashes; /* a literal holds a backslash before a quote: dialects disagree on its
	                     end */
	bool open;        /* a literal, name or comment is not closed */
};

/* Tokens of the text. `escapes`: a backslash in a literal escapes (MySQL), else not (standard). */
void hp_sql_lex(struct hp_arena *arena, const char *text, size_t len, bool escapes,
                struct hp_sql_tokens *ret_tokens);

/* Adds a thing for each statement. Text without one, or that is not understood, is unknown. */
void hp_sql_things(struct hp_things *things, const char *text, size_t len);

/* Adds a thing `sql:call-NAME` for each call of a function that does more than read, and
 * `sql:hashes` where a table of password hashes is named. */
void hp_sql_calls(struct hp_things *things, const struct hp_sql_token *tokens, size_t count);

/* Whether a word is a verb that SQL text to be run may begin with (and no shell command). */
bool hp_sql_begins(const char *word);

/* The text less literals and comments, in the arena; all of it when dialects disagree. */
const char *hp_sql_code(struct hp_arena *arena, const char *text, size_t len);

#endif
