/*
 * fields - a request made from a file, from options, or from both; options win.
 *
 * Invariant: the result has passed hp_request_parse(), so what is wrong is said before anything is
 * sent, with file, line and column where there are some.
 */
#ifndef HP_CLI_FIELDS_H
#define HP_CLI_FIELDS_H

#include "cli/command.h"
#include "core/request.h"

/* Reads a YAML or JSON file ("-": standard input) into the arena. HP_EXIT_OK or printed. */
int hp_fields_load(struct hp_cli *cli, const char *path, const struct hp_value **ret_value);

/* Says what is wrong with a request and where: in `path`, or NULL for options. */
int hp_fields_refuse(struct hp_cli *cli, enum hp_status status, const char *path,
		     struct hp_error *err);

/* The value of `key`, to change; NULL when absent, nil or of another type. */
struct hp_value *hp_fields_map(struct hp_value *map, const char *key);
/* Sets or replaces. */
void hp_fields_put(struct hp_arena *arena, struct hp_value *map, const char *key,
		   struct hp_value *value);

/* Puts the REQUEST_OPTIONS of this command into `map`. HP_EXIT_OK or printed. */
int hp_fields_apply(struct hp_cli *cli, struct hp_value *map);

/* A random UUID (version 4) in lower case. */
const char *hp_fields_new_id(struct hp_arena *arena);

#endif
