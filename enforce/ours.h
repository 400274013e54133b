/*
 * ours - what was granted is what was asked, byte for byte, before anything runs under the grant.
 *
 * For whoever asks and runs it too: exec, the MCP gateway. (An executor runs what others asked, and
 * trusts the broker less: core/claimed.h.) Threads: no state.
 */
#ifndef HP_ENFORCE_OURS_H
#define HP_ENFORCE_OURS_H

#include "core/request.h"

/*
 * Whether `claimed` is the grant of `request`: the action digest over our own bytes and the broker's
 * salt is the one that `receipt` told (receipt.action_digest) and that people decided on, under our
 * id. False too without memory.
 */
bool hp_ours_is(struct hp_arena *arena, const struct hp_request *request,
		const struct hp_value *receipt, const struct hp_value *claimed);

#endif
