#include "core/problems.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"

enum { TEXT_BYTES = 1024 };

void
hp_problems_release(struct hp_problems *problems)
{
	for (size_t i = 0; i < problems->kept; i++)
		hp_buf_release(&problems->list[i].text);
	*problems = (struct hp_problems){0};
}

void
hp_problems_addv(struct hp_problems *problems, uint64_t seq, const char *prefix,
		 const char *format, va_list args)
{
	char text[TEXT_BYTES];
	size_t at = problems->kept;
	struct hp_problem problem = {.seq = seq};
	problems->count++;
	while (at > 0 && problems->list[at - 1].seq > seq)
		at--;
	if (at == HP_PROBLEMS_KEPT)
		return;
	vsnprintf(text, sizeof text, format, args);
	hp_text_escape(&problem.text, prefix, strlen(prefix), HP_TEXT_ASCII);
	hp_text_escape(&problem.text, text, strlen(text), HP_TEXT_ASCII);
	problems->failed |= problem.text.failed;
	if (problems->kept == HP_PROBLEMS_KEPT)
		hp_buf_release(&problems->list[--problems->kept].text);
	memmove(&problems->list[at + 1], &problems->list[at],
		(problems->kept - at) * sizeof problem);
	problems->list[at] = problem;
	problems->kept++;
}

void
hp_problems_add(struct hp_problems *problems, uint64_t seq, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	hp_problems_addv(problems, seq, "", format, args);
	va_end(args);
}
