/*
 * yaml - strict YAML in: one document, no anchors, aliases, tags, merge keys or duplicates.
 *
 * Plain scalars follow the YAML 1.2 core schema (null ~ true false, integers, 0x…, 0o…, floats);
 * everything quoted is a string. Refused besides, since they read differently elsewhere or mean
 * nothing here: integers with a leading zero, numbers out of range, infinities, NaN. Keys are
 * strings as spelled. Every node and key carries line and column.
 *
 * JSON is YAML here, so one loader serves both for requests. Where libyaml gives up on JSON
 * (surrogate pairs, very long keys), the JSON loader reads it, without lines and columns.
 */
#ifndef HP_CORE_YAML_H
#define HP_CORE_YAML_H

#include "core/value.h"

/* An empty or nil document is an empty map. Bounded by HP_LIMIT_YAML_NODES and depth 64. */
HP_MUST_CHECK enum hp_status hp_yaml_load(struct hp_arena *arena, const char *text, size_t len,
					  const struct hp_value **ret_value, struct hp_error *err);

#endif
