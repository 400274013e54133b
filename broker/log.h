/*
 * log - one structured line a fact on standard error: time, level, event, key=value ….
 *
 * Values are escaped, so no stranger's byte reaches a terminal or forges a line. Secrets and request
 * texts are never logged; ids, names and reasons are.
 */
#ifndef HP_BROKER_LOG_H
#define HP_BROKER_LOG_H

#include "core/status.h"

/* `pairs` alternates key and value (C strings), NULL-terminated. */
void hp_log(const char *level, const char *event, const char *const *pairs);

#define HP_LOG(level, event, ...) hp_log(level, event, (const char *const[]){__VA_ARGS__, NULL})

/* systemd's readiness protocol: a datagram to $NOTIFY_SOCKET (sd_notify(3)); nothing without it. */
void hp_notify(const char *state);

#endif
