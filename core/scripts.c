#include "core/scripts.h"

#include <utf8proc.h>

/* Bits, so that a word collects a set. Scripts without a name here are told apart by the table. */
enum { NONE = 0, LATIN = 1, CJK = 2, FULLWIDTH = 4, FIRST_OTHER = 8 };

/*
 * Ranges of letters by script, ascending (Unicode 15.0, Scripts.txt, rounded to blocks). A `script`
 * of 0 means one of its own. Styled letters (mathematical, letterlike) are no script of a language:
 * beside plain Latin they are a disguise.
 */
static const struct {
	utf8proc_int32_t first, last;
	unsigned script;
} ranges[] = {
	{0x41, 0x24f, LATIN},     {0x250, 0x2af, LATIN},       {0x370, 0x3ff, 8},
	{0x400, 0x52f, 16},       {0x530, 0x58f, 32},          {0x590, 0x5ff, 64},
	{0x600, 0x6ff, 128},      {0x700, 0x74f, 256},         {0x750, 0x77f, 128},
	{0x8a0, 0x8ff, 128},      {0x10a0, 0x10ff, 512},       {0x1100, 0x11ff, CJK},
	{0x13a0, 0x13ff, 1024},   {0x1c80, 0x1c8f, 16},        {0x1c90, 0x1cbf, 512},
	{0x1d00, 0x1dbf, LATIN},  {0x1e00, 0x1eff, LATIN},     {0x1f00, 0x1fff, 8},
	{0x2100, 0x214f, 2048},   {0x2c60, 0x2c7f, LATIN},     {0x2c80, 0x2cff, 4096},
	{0x2d00, 0x2d2f, 512},    {0x2de0, 0x2dff, 16},        {0x2e80, 0x9fff, CJK},
	{0xa4d0, 0xa4ff, 8192},   {0xa640, 0xa69f, 16},        {0xa720, 0xa7ff, LATIN},
	{0xa960, 0xa97f, CJK},    {0xab30, 0xab6f, LATIN},     {0xab70, 0xabbf, 1024},
	{0xac00, 0xd7ff, CJK},    {0xf900, 0xfaff, CJK},       {0xfb00, 0xfb06, LATIN},
	{0xfb13, 0xfb17, 32},     {0xfb1d, 0xfb4f, 64},        {0xfb50, 0xfdff, 128},
	{0xfe70, 0xfeff, 128},    {0xff21, 0xff5a, FULLWIDTH}, {0xff66, 0xffdc, CJK},
	{0x1d400, 0x1d7ff, 2048}, {0x20000, 0x3ffff, CJK},
};

/* Scripts that the table does not name: a bit for each of 16 residues of their 128-point block. */
#define UNNAMED_SHIFT 14

static unsigned
script_of(utf8proc_int32_t point)
{
	size_t low = 0, high = sizeof ranges / sizeof *ranges;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (point > ranges[middle].last)
			low = middle + 1;
		else if (point < ranges[middle].first)
			high = middle;
		else
			return ranges[middle].script;
	}
	return 1u << (UNNAMED_SHIFT + ((unsigned)point >> 7) % 16);
}

/* Whether `point` belongs to a word; `ret_script` gets its bit, NONE for what goes with all. */
static bool
is_word(utf8proc_int32_t point, unsigned *ret_script)
{
	*ret_script = NONE;
	if (point < 0x80) {
		bool letter = (point | 0x20) >= 'a' && (point | 0x20) <= 'z';
		if (letter)
			*ret_script = LATIN;
		return letter || (point >= '0' && point <= '9') || point == '_';
	}
	const utf8proc_property_t *property = utf8proc_get_property(point);
	switch (property->category) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LO:
	case UTF8PROC_CATEGORY_ND:
	case UTF8PROC_CATEGORY_NL:
		if (!property->ignorable)
			*ret_script = script_of(point);
		return true;
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_NO:
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ME:
		return true;
	default:
		return property->ignorable;
	}
}

static bool
is_mixed(unsigned scripts)
{
	if (!(scripts & (scripts - 1))) /* none or one */
		return false;
	return scripts != (LATIN | CJK) && scripts != (FULLWIDTH | CJK);
}

size_t
hp_script_word(const char *text, size_t len, bool *ret_mixed)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)text;
	unsigned scripts = NONE;
	bool inside = false;
	size_t at = 0;
	while (at < len) {
		utf8proc_int32_t point;
		utf8proc_ssize_t step =
			utf8proc_iterate(p + at, (utf8proc_ssize_t)(len - at), &point);
		unsigned script = NONE;
		bool word = step > 0 && is_word(point, &script);
		if (at && word != inside)
			break;
		inside = word;
		scripts |= script;
		at += step > 0 ? (size_t)step : 1;
	}
	*ret_mixed = is_mixed(scripts);
	return at;
}
