#include "core/hint.h"

#include <ctype.h>
#include <string.h>

/* Edits (insert, delete, change, swap of neighbours) from `a` to `b`; 9 stands for too many. */
static unsigned
edits(const char *a, size_t a_len, const char *b)
{
	enum { WIDEST = 40, MANY = 9 };
	unsigned char rows[3][WIDEST + 1];
	size_t b_len = strlen(b);
	if (a_len > WIDEST || b_len > WIDEST)
		return MANY;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned char)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned char *now = rows[i % 3], *before = rows[(i + 2) % 3];
		const unsigned char *first = rows[(i + 1) % 3];
		now[0] = (unsigned char)i;
		for (size_t j = 1; j <= b_len; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);
			unsigned best = before[j - 1] + (x != y);
			if (before[j] + 1u < best)
				best = before[j] + 1u;
			if (now[j - 1] + 1u < best)
				best = now[j - 1] + 1u;
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]) && first[j - 2] + 1u < best)
				best = first[j - 2] + 1u;
			now[j] = (unsigned char)best;
		}
	}
	return rows[a_len % 3][b_len];
}

void
hp_hint_try(struct hp_hint *hint, const char *candidate)
{
	unsigned distance = edits(hint->word.p, hint->word.len, candidate);
	unsigned most = hint->word.len < 4 ? 1 : hint->word.len < 9 ? 2 : 3;
	if (distance > most || distance >= strlen(candidate) ||
	    (hint->best && distance >= hint->edits))
		return;
	hint->edits = distance;
	hint->best = candidate;
}
