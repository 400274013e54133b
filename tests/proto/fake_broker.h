/*
 * fake_broker - a peer for client tests: CURVE ROUTERs and a PUB behind a ZAP handler, one thread.
 *
 * It answers by the message's `type`:
 *   ping     pong
 *   swallow  nothing
 *   junk     replies of every malformed kind, then pong
 *   hold     nothing now; the next message is answered first, then this one
 *   publish  an event whose topic lies, one that has none, a good one; then pong
 *   whoami   pong with `principal` = the User-Id that ZAP gave
 */
#ifndef HP_TESTS_FAKE_BROKER_H
#define HP_TESTS_FAKE_BROKER_H

#include <pthread.h>

#include "proto/client.h"

enum { FAKE_CONTROL = 1, FAKE_AGENTS = 2, FAKE_EVENTS = 4, FAKE_KEYS = 8 };

struct fake_broker {
	char dir[64];
	struct hp_broker_info info;
	char endpoints[3][96];
	struct hp_keyfile key;
	struct {
		uint8_t curve_public[HP_CURVE_BYTES];
		unsigned sockets; /* FAKE_… bits */
	} accepted[FAKE_KEYS];
	size_t accepted_count;
	void *context, *stop;
	pthread_t thread;
	bool running;
};

/* Fills in keys and endpoints in a new temporary directory; does not start. */
void fake_broker_init(struct fake_broker *fake);
void fake_broker_accept(struct fake_broker *fake, const struct hp_keyfile *key, unsigned sockets);
void fake_broker_start(struct fake_broker *fake);
void fake_broker_stop(struct fake_broker *fake);
/* Stops if needed and removes the directory. */
void fake_broker_release(struct fake_broker *fake);

#endif
