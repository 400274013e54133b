/*
 * problems - what a verification found wrong, the lowest sequence numbers first.
 *
 * Invariants: texts are one line, safe for any terminal, whatever strangers' names they quote. Only
 * the first HP_PROBLEMS_KEPT are kept, all are counted: a log that is wrong everywhere costs no
 * memory. Threads: one at a time.
 */
#ifndef HP_CORE_PROBLEMS_H
#define HP_CORE_PROBLEMS_H

#include <stdarg.h>
#include <stdint.h>

#include "core/buf.h"

enum { HP_PROBLEMS_KEPT = 20 };

/* Of what has no place in the log. */
#define HP_NO_SEQ UINT64_MAX

struct hp_problem {
	uint64_t seq;
	struct hp_buf text;
};

struct hp_problems {
	struct hp_problem list[HP_PROBLEMS_KEPT];
	size_t kept;
	uint64_t count;
	bool failed; /* for want of memory: something is wrong, but its text is lost */
};

void hp_problems_release(struct hp_problems *problems);
/* The formatted text may hold strangers' strings: it is escaped here. */
void hp_problems_add(struct hp_problems *problems, uint64_t seq, const char *format, ...)
	HP_PRINTF(3, 4);
void hp_problems_addv(struct hp_problems *problems, uint64_t seq, const char *prefix,
		      const char *format, va_list args) HP_PRINTF(4, 0);

#endif
