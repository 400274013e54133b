#include "core/pattern.h"

#include <ctype.h>
#include <hs/hs.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

#define QUOTED_MAX 80 /* bytes of an expression in an error message */

struct hp_pattern_set {
	hs_database_t *database; /* NULL: an empty set */
	hs_scratch_t *scratch;
	bool utf8; /* subjects must be checked: the engine trusts them */
	/* Untried patterns are looked for in vectors of one: on blocks of more than 255 bytes Vectorscan
	 * 5.4.9 writes past a buffer for some, such as `x+y` with start-of-match (VectorCamp/vectorscan,
	 * pull request 392). Only blocks are searched backwards, which is what does it. */
	bool vectored;
};

static unsigned
compile_flags(unsigned flags)
{
	unsigned out = HS_FLAG_DOTALL;
	if (flags & HP_PATTERN_CASELESS)
		out |= HS_FLAG_CASELESS;
	if (flags & HP_PATTERN_UTF8)
		out |= HS_FLAG_UTF8;
	if (flags & HP_PATTERN_SPAN)
		return out | HS_FLAG_SOM_LEFTMOST;
	return out | HS_FLAG_ALLOWEMPTY | (flags & HP_PATTERN_ONCE ? HS_FLAG_SINGLEMATCH : 0);
}

static enum hp_status
refuse(const struct hp_pattern *pattern, struct hp_error *err, const char *reason)
{
	struct hp_buf quoted = {0};
	size_t len = strlen(pattern->expression);
	bool cut = len > QUOTED_MAX;
	hp_text_escape(&quoted, pattern->expression, cut ? QUOTED_MAX : len, HP_TEXT_ASCII);
	enum hp_status status =
		hp_fail_at(err, HP_INVALID, pattern->line, 0, "pattern \"%s\"%s: %s",
	                   hp_buf_text(&quoted), cut ? " …" : "", reason);
	hp_buf_release(&quoted);
	return status;
}

/* How many positions an expression has once its counted repeats are unrolled, and whether a repeat
 * without end stands within another. */
struct unrolled {
	size_t total[HP_PATTERN_DEPTH + 1]; /* of each open group */
	bool loops[HP_PATTERN_DEPTH + 1];   /* it has a repeat without end */
	size_t depth;
	size_t last;	 /* of the last atom, which a repeat multiplies */
	bool last_loops; /* the last atom has such a repeat within */
	bool nested;
};

static const char *
skip_class(const char *p)
{
	p += p[1] == '^';
	p += p[1] == ']'; /* a first ] is literal */
	for (p++; *p && *p != ']'; p++)
		if (*p == '\\' && p[1])
			p++;
	return p;
}

/* \x{…}, \p{…} are one atom. */
static const char *
skip_escape(const char *p)
{
	if (p[1])
		p++;
	if (strchr("xpP", *p) && p[1] == '{')
		p += strcspn(p, "}");
	return p;
}

/* The larger bound of {m}, {m,}, {m,n}. */
static size_t
repeat_bound(const char *p)
{
	size_t largest = 1, bound = 0;
	for (p++; *p && *p != '}'; p++) {
		bound = isdigit((unsigned char)*p) ? bound * 10 + (size_t)(*p - '0') : 0;
		if (bound > HP_PATTERN_POSITIONS)
			return bound;
		if (bound > largest)
			largest = bound;
	}
	return largest;
}

static void
add_atom(struct unrolled *size, size_t atom, bool loops)
{
	size->total[size->depth] += atom;
	size->last = atom;
	size->last_loops = loops;
}

/* `*`, `+` or `{n,}` behind the last atom. */
static void
add_loop(struct unrolled *size)
{
	size->nested |= size->last_loops;
	size->loops[size->depth] = size->last_loops = true;
}

static bool
is_open_ended(const char *p)
{
	size_t len = strcspn(p, "}");
	return p[len] && p[len - 1] == ',';
}

/* Whether it unrolls to what compiles in a moment: the engine's time is not linear in this. */
static bool
is_bounded(const char *expression, bool *ret_nested)
{
	struct unrolled size = {0};
	for (const char *p = expression; *p; p++) {
		if (*p == '{') {
			size_t more = size.last * (repeat_bound(p) - 1);
			size.total[size.depth] += more;
			size.last += more;
			if (is_open_ended(p))
				add_loop(&size);
			p += strcspn(p, "}");
			p -= !*p;
		} else if (*p == '(') {
			if (size.depth == HP_PATTERN_DEPTH)
				return false;
			size.total[++size.depth] = 0;
			size.loops[size.depth] = false;
			p += p[1] == '?' ? 1 : 0; /* (?:…) and its like repeat nothing */
		} else if (*p == ')' && size.depth) {
			size.depth--;
			size.loops[size.depth] |= size.loops[size.depth + 1];
			add_atom(&size, size.total[size.depth + 1], size.loops[size.depth + 1]);
		} else if (*p == '*' || *p == '+') {
			add_loop(&size);
		} else {
			if (*p == '[')
				p = skip_class(p);
			else if (*p == '\\')
				p = skip_escape(p);
			add_atom(&size, 1, false);
			if (!*p)
				break;
		}
		if (size.total[size.depth] > HP_PATTERN_POSITIONS)
			return false;
	}
	*ret_nested = size.nested;
	return true;
}

static enum hp_status
check_bounds(const struct hp_pattern *patterns, size_t count, struct hp_error *err)
{
	if (count > HP_PATTERN_COUNT)
		return hp_fail(err, HP_TOO_LARGE, "%zu patterns in one set, at most %u", count,
		               HP_PATTERN_COUNT);
	for (size_t i = 0; i < count; i++) {
		const char *expression = patterns[i].expression;
		bool nested = false;
		if (strlen(expression) > HP_PATTERN_BYTES)
			return refuse(&patterns[i], err, "longer than 4096 bytes");
		if (!is_bounded(expression, &nested))
			return refuse(
				&patterns[i], err,
				"too much to unroll: over 4096 positions, or groups too deep");
		/* Measured: with start-of-match Vectorscan 5.4.9 finds nothing of `(ab+)+c` in texts of
		 * 124 bytes and more. A pattern that misses silently is worse than none. */
		if (nested && (patterns[i].flags & HP_PATTERN_UNTRIED) &&
		    (patterns[i].flags & HP_PATTERN_SPAN))
			return refuse(&patterns[i], err,
				      "a repeat without end within another: the engine may miss it; "
				      "write it with one");
		if (!hp_text_is_utf8(expression, strlen(expression)))
			return refuse(&patterns[i], err, "not valid utf-8");
	}
	return HP_OK;
}

static enum hp_status
compile_failed(const struct hp_pattern *patterns, size_t count, hs_compile_error_t *failure,
               struct hp_error *err)
{
	if (!failure)
		return hp_fail(err, HP_NOMEM, "out of memory compiling patterns");
	enum hp_status status;
	const char *reason = strstr(failure->message, "empty buffer") ? "matches the empty text"
								      : failure->message;
	if (failure->expression >= 0 && (size_t)failure->expression < count)
		status = refuse(&patterns[failure->expression], err, reason);
	else
		status = hp_fail(err, HP_INVALID, "patterns: %s", reason);
	hs_free_compile_error(failure);
	return status;
}

static enum hp_status
compile(struct hp_pattern_set *set, const struct hp_pattern *patterns, size_t count,
        struct hp_error *err)
{
	enum hp_status status = HP_OK;
	hs_compile_error_t *failure = NULL;
	const char **expressions = calloc(count, sizeof *expressions);
	unsigned *flags = calloc(count, sizeof *flags), *ids = calloc(count, sizeof *ids);
	if (!expressions || !flags || !ids) {
		status = hp_fail(err, HP_NOMEM, "out of memory compiling patterns");
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		expressions[i] = patterns[i].expression;
		flags[i] = compile_flags(patterns[i].flags);
		ids[i] = patterns[i].id;
		set->utf8 |= (patterns[i].flags & HP_PATTERN_UTF8) != 0;
		set->vectored |= (patterns[i].flags & HP_PATTERN_UNTRIED) != 0;
	}
	if (hs_compile_multi(expressions, flags, ids, (unsigned)count,
	                     set->vectored ? HS_MODE_VECTORED : HS_MODE_BLOCK, NULL,
	                     &set->database, &failure) != HS_SUCCESS)
		status = compile_failed(patterns, count, failure, err);
	else if (hs_alloc_scratch(set->database, &set->scratch) != HS_SUCCESS)
		status = hp_fail(err, HP_NOMEM, "out of memory for the pattern engine");
out:
	free(ids);
	free(flags);
	free(expressions);
	return status;
}

enum hp_status
hp_pattern_set_new(const struct hp_pattern *patterns, size_t count, struct hp_pattern_set **ret_set,
                   struct hp_error *err)
{
	enum hp_status status = check_bounds(patterns, count, err);
	if (status != HP_OK)
		return status;
	if (count && hs_valid_platform() != HS_SUCCESS)
		return hp_fail(err, HP_UNSUPPORTED,
		               "the pattern engine does not know this processor");
	struct hp_pattern_set *set = calloc(1, sizeof *set);
	if (!set)
		return hp_fail(err, HP_NOMEM, "out of memory compiling patterns");
	if (count)
		status = compile(set, patterns, count, err);
	if (status != HP_OK) {
		hp_pattern_set_free(set);
		return status;
	}
	*ret_set = set;
	return HP_OK;
}

void
hp_pattern_set_free(struct hp_pattern_set *set)
{
	if (!set)
		return;
	hs_free_scratch(set->scratch);
	hs_free_database(set->database);
	free(set);
}

struct scan {
	hp_pattern_match *match;
	void *context;
};

static int
on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	const struct scan *scan = context;
	return scan->match(scan->context, id, (size_t)from, (size_t)to) ? 0 : 1;
}

enum hp_status
hp_pattern_set_scan(const struct hp_pattern_set *set, const char *subject, size_t len,
                    hp_pattern_match *match, void *context)
{
	if (!set->database)
		return HP_OK;
	if (len > UINT32_MAX)
		return HP_TOO_LARGE;
	if (set->utf8 && !hp_text_is_utf8(subject, len))
		return HP_INVALID;
	struct scan scan = {match, context};
	const unsigned bytes = (unsigned)len;
	hs_error_t done = set->vectored ? hs_scan_vector(set->database, &subject, &bytes, 1, 0,
	                                                 set->scratch, on_match, &scan)
	                                : hs_scan(set->database, subject, bytes, 0, set->scratch,
	                                          on_match, &scan);
	switch (done) {
	case HS_SUCCESS:
	case HS_SCAN_TERMINATED:
		return HP_OK;
	case HS_NOMEM:
		return HP_NOMEM;
	default:
		return HP_IO;
	}
}

void
hp_pattern_add_literal(struct hp_buf *buf, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)text[i];
		if (byte < 0x20 || byte == 0x7f)
			hp_buf_printf(buf, "\\x%02x", byte);
		else if (byte >= 0x80 || isalnum(byte))
			hp_buf_add_byte(buf, byte);
		else
			hp_buf_printf(buf, "\\%c", byte);
	}
}

/* A `*` at either end needs no expression: leaving the anchor out says the same, and is cheaper. */
void
hp_pattern_add_glob(struct hp_buf *buf, const char *glob)
{
	size_t len = strlen(glob);
	size_t first = strspn(glob, "*"), last = len;
	while (last > first && glob[last - 1] == '*')
		last--;
	if (first == last) {
		hp_buf_add_text(buf, len ? ".*" : "\\A\\z");
		return;
	}
	if (!first)
		hp_buf_add_text(buf, "\\A");
	for (size_t i = first; i < last; i++) {
		if (glob[i] == '*') {
			if (glob[i - 1] != '*')
				hp_buf_add_text(buf, ".*");
		} else if (glob[i] == '?') {
			hp_buf_add_byte(buf, '.');
		} else {
			hp_pattern_add_literal(buf, glob + i, 1);
		}
	}
	if (last == len)
		hp_buf_add_text(buf, "\\z");
}
