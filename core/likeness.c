#include "core/likeness.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

static int
by_value(const void *left, const void *right)
{
	uint16_t a = *(const uint16_t *)left, b = *(const uint16_t *)right;

	return (a > b) - (a < b);
}

static size_t
pairs_of(const char *text, size_t len, uint16_t pairs[HP_LIKENESS_BYTES])
{
	size_t count = 0;

	if (len > HP_LIKENESS_BYTES)
		len = HP_LIKENESS_BYTES;
	for (size_t i = 0; i + 1 < len; i++) {
		unsigned first = (unsigned)tolower((unsigned char)text[i]);
		unsigned second = (unsigned)tolower((unsigned char)text[i + 1]);
		pairs[count++] = (uint16_t)(first << 8 | second);
	}
	qsort(pairs, count, sizeof pairs[0], by_value);
	return count;
}

unsigned
hp_likeness(const char *a, size_t a_len, const char *b, size_t b_len)
{
	uint16_t left[HP_LIKENESS_BYTES], right[HP_LIKENESS_BYTES];
	size_t left_count = pairs_of(a, a_len, left), right_count = pairs_of(b, b_len, right);
	size_t i = 0, j = 0, common = 0;

	if (left_count + right_count == 0)
		return a_len == b_len && strncasecmp(a, b, a_len) == 0 ? 100 : 0;
	while (i < left_count && j < right_count) {
		int order = by_value(&left[i], &right[j]);
		common += order == 0;
		i += order <= 0;
		j += order >= 0;
	}
	return (unsigned)(200 * common / (left_count + right_count));
}
