#include "tui/care.h"

#include <stdlib.h>

void
hp_care_note(struct hp_care *care, bool approved, int64_t took_ms, int64_t now_ms)
{
	size_t at = care->count++ % HP_CARE_KEPT;

	care->decisions[at].at_ms = now_ms;
	care->decisions[at].took_ms = took_ms < 0 ? 0 : took_ms;
	care->decisions[at].approved = approved;
}

static int
by_size(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

bool
hp_care_is_tired(const struct hp_care *care, int64_t now_ms, size_t *ret_row,
                 int64_t *ret_median_ms)
{
	int64_t took[HP_CARE_KEPT];
	size_t row = 0;

	for (size_t i = care->count; i-- > 0 && row < HP_CARE_KEPT; row++) {
		size_t at = i % HP_CARE_KEPT;
		if (!care->decisions[at].approved ||
		    now_ms - care->decisions[at].at_ms > HP_CARE_HOUR_MS)
			break;
		took[row] = care->decisions[at].took_ms;
	}
	if (row < HP_CARE_ROW)
		return false;
	qsort(took, row, sizeof took[0], by_size);
	if (row < HP_CARE_LONG_ROW && took[row / 2] >= HP_CARE_FAST_MS)
		return false;
	*ret_row = row;
	*ret_median_ms = took[row / 2];
	return true;
}
