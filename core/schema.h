/*
 * schema - field tables → located errors: one validator for wire messages, files and requests.
 *
 * A format is a const table of fields. Validation names the first thing wrong: the dotted field
 * path in err->field, its line and column where the source has them, and in the message what was
 * expected and what was found. Unknown keys are errors, with the nearest known key as a hint.
 * nil means absent.
 */
#ifndef HP_CORE_SCHEMA_H
#define HP_CORE_SCHEMA_H

#include "core/value.h"

/* What a field may hold; a set of bits. */
enum hp_kind {
	HP_K_BOOL = 1 << 0,
	HP_K_INT = 1 << 1,	/* integer in [min, max] */
	HP_K_NUMBER = 1 << 2,	/* integer or float in [min, max] */
	HP_K_STR = 1 << 3,	/* length in bytes in [min, max] */
	HP_K_BIN = 1 << 4,	/* length in bytes in [min, max] */
	HP_K_LIST = 1 << 5,	/* count in [min, max]; items by `item` */
	HP_K_MAP = 1 << 6,	/* fields by `fields`; NULL: anything */
	HP_K_DURATION = 1 << 7, /* string like 90s, 30m, 4h, 7d; range in milliseconds */
	HP_K_ANY = 1 << 8,
	HP_K_ENUM = 1 << 9,	/* a string out of `words` */
	HP_K_UUID = 1 << 10,	/* RFC 9562 text form, any case */
	HP_K_NAME = 1 << 11,	/* [A-Za-z0-9][A-Za-z0-9._-]*, ≤ HP_LIMIT_NAME_BYTES */
	HP_K_MAP_OF = 1 << 12,	/* a map with free keys, values by `item`; count in [min, max] */
	HP_K_SIZE = 1 << 13,	/* integer bytes, or a string like 64MiB */
};

struct hp_field {
	const char *name;	/* NULL ends a table; ignored in an item description */
	unsigned kinds;		/* enum hp_kind bits */
	bool required;
	int64_t min, max;	/* both 0: no bound; max < min or INT64_MAX: only min */
	const struct hp_field *fields;	/* for HP_K_MAP */
	const struct hp_field *item;	/* for HP_K_LIST and HP_K_MAP_OF; NULL: anything */
	const char *const *words;	/* for HP_K_ENUM, NULL-terminated */
};

/*
 * Checks `value` (a map) against `fields`. HP_INVALID with field, position and message; messages
 * show quoted input only through the visible escape. HP_NOMEM for NULL, what a failed arena gives.
 * `what` names the whole, e.g. "policy".
 */
HP_MUST_CHECK enum hp_status hp_schema_check(const struct hp_value *value,
					     const struct hp_field *fields, const char *what,
					     struct hp_error *err);

#endif
