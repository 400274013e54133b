/*
 * preflight - the checks that need a broker: probes asked, left to expire, looked up in the log.
 *
 * Invariants:
 *  1. A probe says so (HP_PROBE_WHY), has no command and no audience, cannot be undone, and ends by
 *     itself in two seconds: nothing can come of it but its place in the log. Whatever goes wrong,
 *     it is withdrawn.
 *  2. Probes are asked with a human's key: an agent's would mark this user as one that runs agents
 *     (same_uid), and its owner's votes from here would not count any more.
 *  3. A broker that does not answer makes a check "not checked", never passed.
 */
#ifndef HP_CLI_PREFLIGHT_H
#define HP_CLI_PREFLIGHT_H

#include "cli/command.h"
#include "core/preflight.h"

struct hp_live {
	struct hp_cli *cli; /* whose client reads the log and the queue */
	struct hp_preflight *report;

	/* who asks */
	struct hp_client *prober; /* NULL: nobody */
	struct hp_keyfile key;
	const struct hp_principal *who;

	/* the probe, once it is asked */
	const char *id; /* NULL: none */
	uint8_t digest[HP_HASH_BYTES];
	uint64_t leaves_before; /* of the log */
};

/* The reply to a message, error replies included; NULL when there is none, with the reason said as
 * a "not checked" of `check`. */
const struct hp_value *hp_live_call(struct hp_live *live, struct hp_client *client,
				    struct hp_value *map, enum hp_check check);
/* Why a reply is no `type`, as a "not checked" of `check`. False: it is one. */
bool hp_live_refused(struct hp_live *live, const struct hp_value *reply, const char *type,
		     enum hp_check check);

/* 0: what is in force there. */
void hp_live_trial(struct hp_live *live);
/* 3 and 4: asks the probe, tries to release it as its owner, lets it expire, tries to claim it. */
void hp_live_probe(struct hp_live *live);
/* 5: what gated requests of late say of the way back. */
void hp_live_rollback(struct hp_live *live);
/* 6: the probe's leaf, its proof, the checkpoint, the anchors. */
void hp_live_audit(struct hp_live *live);

#endif
