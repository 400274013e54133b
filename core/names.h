/*
 * names - what an operation's name says.
 *
 * Private to classify; the naming of subjects is in classify.h.
 * Threads: as the arena.
 */
#ifndef HP_CORE_NAMES_H
#define HP_CORE_NAMES_H

#include "core/things.h"

/* Whether the operation is `sql:…` or a tool of a database, so that its arguments may be SQL. */
bool hp_name_is_database(const char *operation);

/* Whether it only says "run this SQL", so that the SQL alone counts. */
bool hp_name_is_neutral(const char *operation);

/* Adds the thing of an operation (folded, case kept). */
void hp_name_things(struct hp_things *things, const char *operation, bool disguised);

#endif
