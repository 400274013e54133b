/*
 * config - holdpoint.yaml: how one instance is laid out and bounded.
 *
 * Relative paths are meant from the instance directory; the reader makes them absolute.
 * Unknown keys are errors with line and column. Source: protocol.md "Instance directory".
 */
#ifndef HP_CORE_CONFIG_H
#define HP_CORE_CONFIG_H

#include "core/value.h"

struct hp_config_anchor {
	const char *file; /* NULL: syslog */
};

struct hp_config {
	const char *instance;			 /* checkpoint origin, e.g. "hp.example/prod" */
	const char *agents, *control, *events;	 /* endpoints; absolute ipc:// or tcp:// */
	const char *state_dir, *run_dir, *lock_file;
	int64_t max_messages_per_turn;		 /* limits.messages_per_turn, default 256 */
	int64_t max_connections;		 /* limits.connections, default 4096 */
	const struct hp_config_anchor *anchors;	 /* where else checkpoints go */
	size_t anchor_count;
	int64_t erase_after_ms;			 /* of a request's submission; -1: never */
	bool same_uid_allow;			 /* only with trial */
	bool trial;
};

/* Parses and validates; strings live in `arena`. `home` is the absolute instance directory. */
HP_MUST_CHECK enum hp_status hp_config_parse(struct hp_arena *arena, const char *text, size_t len,
					     const char *home, struct hp_config *ret_config,
					     struct hp_error *err);

#endif
