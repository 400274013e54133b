/*
 * instance - one instance directory: where things lie, and its files read.
 *
 * Source: protocol.md "Instance directory". Paths are absolute.
 */
#ifndef HP_PROTO_INSTANCE_H
#define HP_PROTO_INSTANCE_H

#include "core/boundary.h"
#include "core/config.h"
#include "core/principal.h"

/* Absolute instance directory: `given` (--home), $HOLDPOINT_HOME, $XDG_CONFIG_HOME/holdpoint,
 * ~/.config/holdpoint. It need not exist. */
HP_MUST_CHECK enum hp_status hp_instance_home(struct hp_arena *arena, const char *given,
					      const char **ret_home, struct hp_error *err);

/* home/name in the arena. */
const char *hp_instance_path(struct hp_arena *arena, const char *home, const char *name);

/* holdpoint.yaml; messages carry "path:line:column: ". */
HP_MUST_CHECK enum hp_status hp_instance_config(struct hp_arena *arena, const char *home,
						struct hp_config *ret_config,
						struct hp_error *err);

/* principals.d/ *.yaml, in name order. `arena` must live as long as the directory. */
HP_MUST_CHECK enum hp_status hp_instance_principals(struct hp_arena *arena, const char *home,
						    struct hp_directory **ret_directory,
						    struct hp_error *err);

/* An executor's boundary; refused (HP_REFUSED) when others than its owner could change it. */
HP_MUST_CHECK enum hp_status hp_instance_boundary(struct hp_arena *arena, const char *path,
						  struct hp_boundary *ret_boundary,
						  struct hp_error *err);

/* Appends the text of a principal's file: readable YAML, one key a line, strings JSON-quoted. */
void hp_instance_add_entry(struct hp_arena *arena, const struct hp_principal *principal,
			   struct hp_buf *buf);

/* Rewrites err->message as "path:line:column: message" (position only where known). */
void hp_instance_locate(struct hp_error *err, const char *path);

#endif
