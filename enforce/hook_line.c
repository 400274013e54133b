/*
 * hook_line - a shell line that is one plain command, and no more.
 *
 * The host gives its line to a shell. It becomes an argv only where every shell would make the same
 * words of it (POSIX.1-2017, Shell Command Language 2.2 and 2.3); the least doubt leaves it whole.
 */
#include <string.h>

#include "enforce/hook.h"

/* What a shell may act on outside quotes, within double quotes, and where a word begins (`~` also
 * behind `:` and `=`; `=` is zsh's). */
static const char active[] = "|&;<>()$`\\*?[]{}\n\r";
static const char active_quoted[] = "$`\\!";
static const char active_first[] = "#~=";

/* First words that begin something else than a plain command. */
static const char *const reserved[] = {"!",	"{",	"}",	 "case", "coproc",   "do",
				       "done",	"elif", "else",	 "esac", "fi",	     "for",
				       "function", "if", "in",	 "select", "then", "time",
				       "until",	"while"};

static bool
is_plain_first(const char *word)
{
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (strcmp(word, reserved[i]) == 0)
			return false;
	return *word && !strchr(word, '=');
}

/* Whether the unquoted byte at `p` stands for itself; `start` is where its word began. */
static bool
is_itself(const char *p, const char *start)
{
	if (strchr(active, *p))
		return false;
	if (p == start)
		return !strchr(active_first, *p);
	return *p != '~' || (p[-1] != ':' && p[-1] != '=');
}

/* Appends the word at *p; false when it is not plain. */
static bool
read_word(const char **p, struct hp_buf *word)
{
	const char *start = *p;
	for (; **p && **p != ' ' && **p != '\t'; (*p)++) {
		if (**p != '\'' && **p != '"') {
			if (!is_itself(*p, start))
				return false;
			hp_buf_add_byte(word, (uint8_t)**p);
			continue;
		}
		char quote = **p;
		for ((*p)++; **p != quote; (*p)++) {
			if (!**p || (quote == '"' && strchr(active_quoted, **p)))
				return false;
			hp_buf_add_byte(word, (uint8_t)**p);
		}
	}
	return true;
}

struct hp_value *
hp_hook_split(struct hp_arena *arena, const char *line)
{
	struct hp_value *argv = hp_value_array(arena);
	struct hp_buf word = {0};
	bool plain = true;
	for (const char *p = line + strspn(line, " \t"); plain && *p; p += strspn(p, " \t")) {
		hp_buf_release(&word);
		plain = read_word(&p, &word) && !word.failed;
		if (plain && !hp_value_count(argv))
			plain = is_plain_first(hp_buf_text(&word));
		if (plain)
			hp_array_add(arena, argv, hp_value_strn(arena, hp_buf_text(&word), word.len));
	}
	hp_buf_release(&word);
	return plain && hp_value_count(argv) ? argv : NULL;
}
