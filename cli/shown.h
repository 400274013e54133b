/*
 * shown - one request as served, checked, ready to be looked at and decided on.
 *
 * Invariant: the digest is our own over the very bytes that are shown; a broker whose digest or
 * whose id and instance differ is not believed (protocol.md "approve").
 */
#ifndef HP_CLI_SHOWN_H
#define HP_CLI_SHOWN_H

#include "cli/command.h"

struct hp_shown {
	const struct hp_value *reply;	  /* the broker's `request` */
	const struct hp_value *canonical; /* decoded from its bytes; NULL: they were erased */
	uint8_t digest[HP_HASH_BYTES];
};

/* HP_EXIT_OK or printed. An erased request has nothing to decide on: look at `canonical`. */
int hp_shown_fetch(struct hp_cli *cli, const char *id, struct hp_shown *ret_shown);

/* The whole request in labelled sections on standard output. */
int hp_shown_print(struct hp_cli *cli, const struct hp_shown *shown);

#endif
