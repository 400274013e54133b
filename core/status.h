/*
 * status - what a function came back with, and where the input was wrong.
 *
 * Purpose: one result type for the whole tree. A function that can fail returns `enum hp_status`
 * and must be checked; parsers also fill a `struct hp_error` that names what failed and where.
 *
 * Invariants:
 *  1. Outputs (`ret_…`) are untouched unless HP_OK is returned.
 *  2. `struct hp_error *` may always be NULL.
 *  3. Libraries never log; the caller decides what a person sees.
 * Threads: no state.
 */
#ifndef HP_CORE_STATUS_H
#define HP_CORE_STATUS_H

#define HP_MUST_CHECK __attribute__((warn_unused_result))
#define HP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum hp_status {
	HP_OK = 0,
	HP_NOMEM,	  /* an allocation failed */
	HP_INVALID,	  /* input breaks its format; hp_error says where */
	HP_TOO_LARGE,	  /* input is over a limit of core/limits.h */
	HP_NOT_FOUND,	  /* no such object */
	HP_REFUSED,	  /* not allowed for this caller or in this state */
	HP_CONFLICT,	  /* somebody else was first, or the state moved on */
	HP_BAD_SIGNATURE, /* a signature, seal or proof does not verify */
	HP_IO,		  /* the operating system or the database failed */
	HP_UNAVAILABLE,	  /* the broker does not answer */
	HP_TIMEOUT,	  /* the caller's own time limit passed */
	HP_UNSUPPORTED,	  /* valid, but not offered by this version */
};

/* Where and why input was refused. `line` and `column` count from 1; 0 = unknown. */
struct hp_error {
	char message[512]; /* lower-case, no full stop, quotes its subject, escaped for a terminal */
	char field[128];   /* dotted path of the field at fault, or "" */
	unsigned line;
	unsigned column;
};

/*
 * Fills `err` (may be NULL) with a formatted message and returns `status`, so that a parser can
 * write `return hp_fail(err, HP_INVALID, …)`. Position and field are left as they are.
 */
enum hp_status hp_fail(struct hp_error *err, enum hp_status status, const char *format, ...)
	HP_PRINTF(3, 4);

/* As hp_fail, with a position. */
enum hp_status hp_fail_at(struct hp_error *err, enum hp_status status, unsigned line,
			  unsigned column, const char *format, ...) HP_PRINTF(5, 6);

/* A short lower-case English name of a status, borrowed, never NULL. */
const char *hp_status_text(enum hp_status status);

#endif
