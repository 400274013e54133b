/*
 * zap - who may connect: ZeroMQ's authentication requests, answered from the directory.
 *
 * Invariants:
 *  1. Bound before any other socket; every socket has a domain and enforces it (trust.md, trap 1).
 *  2. User-Id is the Z85 of the CURVE key, so that each message is looked up by key again (trap 3).
 *  3. Agents, gateways and executors never enter `control` or `events`.
 * Source: ZeroMQ RFC 27 (ZAP).
 */
#ifndef HP_BROKER_ZAP_H
#define HP_BROKER_ZAP_H

#include "broker/broker.h"

/* Binds the handler in broker->zmq. */
HP_MUST_CHECK enum hp_status hp_zap_open(struct hp_broker *broker, struct hp_zap **ret_zap,
					 struct hp_error *err);
void hp_zap_close(struct hp_zap *zap);
void *hp_zap_socket(struct hp_zap *zap);

/* Answers all requests that are there. */
void hp_zap_run(struct hp_broker *broker);

/* Leaves for refused handshakes since the last call, coalesced (in an open transaction). */
void hp_zap_record(struct hp_broker *broker);

/* Whether this principal belongs on that socket. */
bool hp_zap_may_enter(const struct hp_principal *who, enum hp_door door);

/* UID of "localhost:UID:GID:PID"; -1 for any other address. */
int64_t hp_zap_parse_uid(const char *address);

/*
 * The same-uid rule. Remembers, through a restart too, that this uid carries agent connections
 * (needs an open transaction); whether it does, or did while what it asked may still be open. A
 * uid of -1 is nobody's.
 */
void hp_zap_saw(struct hp_broker *broker, const struct hp_principal *who, int64_t uid);
bool hp_zap_is_agent_uid(struct hp_broker *broker, int64_t uid);

/* Sets CURVE server, domain and limits on a socket that will be bound. */
HP_MUST_CHECK enum hp_status hp_zap_guard(struct hp_broker *broker, void *socket,
					  const char *domain, struct hp_error *err);

/* For the start's probes: a key that enters everywhere, until NULL takes it back; and to forget what
 * they had refused. */
void hp_zap_let_in(struct hp_broker *broker, const uint8_t *key);
void hp_zap_forget_refused(struct hp_broker *broker);

#endif
