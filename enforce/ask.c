#include "enforce/ask.h"

#include <stdio.h>
#include <string.h>

#include "core/crypto.h"
#include "core/lifecycle.h"
#include "core/text.h"

enum {
	REPLY_MS = 10000, /* a plain call */
	TIDY_MS = 2000,	  /* a withdrawal on the way out */
	CLAIM_TRIES = 3,  /* with one nonce: the same claim, the same reply */
	REASON_MAX = 400, /* columns */
};

struct asking {
	struct hp_talk *talk;
	const char *id;
	struct hp_asked *asked;
	uint8_t nonce[16]; /* one claim, however often it is sent */
	struct hp_error err;
};

static struct hp_value *
message_of(struct asking *asking, const char *type)
{
	struct hp_value *map = hp_value_map(asking->talk->arena);
	hp_map_set_str(asking->talk->arena, map, "type", type);
	hp_map_set_str(asking->talk->arena, map, "id", asking->id);
	return map;
}

static const char *
said(struct asking *asking, const struct hp_value *reply, const char *key)
{
	struct hp_arena *arena = asking->talk->arena;
	const char *safe = hp_text_safe(arena, hp_map_get_str(reply, key, ""), 0);
	size_t len = safe ? strlen(safe) : 0, fit = safe ? hp_text_fit(safe, len, REASON_MAX) : 0;
	const char *cut = fit == len ? safe : hp_arena_copy(arena, safe, fit);
	return cut ? cut : "";
}

static void
no(struct asking *asking, const char *reason)
{
	asking->asked->granted = false;
	asking->asked->reason = reason ? reason : "out of memory";
}

static void
withdraw(struct asking *asking, const char *reason)
{
	struct hp_talk last = {.client = asking->talk->client, .arena = asking->talk->arena,
			       .deadline_ms = -1};
	struct hp_value *map = message_of(asking, "withdraw");
	const struct hp_value *reply;
	hp_map_set_str(last.arena, map, "reason", reason);
	if (hp_talk(&last, map, TIDY_MS, &reply, NULL) != HP_OK)
		return; /* it expires by itself */
}

/* The broker did not answer, or we were interrupted. */
static void
give_up(struct asking *asking)
{
	const char *reason = hp_arena_printf(asking->talk->arena, "%s", asking->err.message);
	withdraw(asking, asking->talk->signal ? "interrupted" : "the broker did not answer");
	no(asking, reason);
}

/* Notes the state of a reply; "denied by ana: not tonight" where it is a no. */
static void
hear(struct asking *asking, const struct hp_value *reply)
{
	struct hp_arena *arena = asking->talk->arena;
	if (hp_value_is(hp_map_get(reply, "type"), "error")) {
		no(asking, hp_arena_printf(arena, "%s: %s", hp_code_name(hp_client_code(reply)),
					   said(asking, reply, "message")));
		return;
	}
	if (!hp_state_parse(hp_map_get_str(reply, "state", ""), &asking->asked->state))
		asking->asked->state = HP_STATE_COUNT;
	const char *message = said(asking, reply, "message"); /* a receipt's: says it all */
	const char *by = said(asking, reply, "by"), *why = said(asking, reply, "reason");
	if (*message)
		no(asking, message);
	else
		no(asking, hp_arena_printf(arena, "%s%s%s%s%s", said(asking, reply, "state"),
					   *by ? " by " : "", by, *why ? ": " : "", why));
}

/* HP_OK with the broker's answer, whatever it is; otherwise given up. */
static enum hp_status
claim(struct asking *asking, const struct hp_value **ret_reply)
{
	enum hp_status status = HP_UNAVAILABLE;
	for (int tries = 0; tries < CLAIM_TRIES; tries++) {
		struct hp_value *map = message_of(asking, "claim");
		hp_map_set_bin(asking->talk->arena, map, "nonce", asking->nonce,
			       sizeof asking->nonce);
		hp_map_set_bool(asking->talk->arena, map, "detached", true);
		hp_map_set_int(asking->talk->arena, map, "timeout_ms", 0);
		status = hp_talk(asking->talk, map, REPLY_MS, ret_reply, &asking->err);
		if (status != HP_TIMEOUT && status != HP_UNAVAILABLE)
			break;
	}
	if (status != HP_OK)
		give_up(asking);
	return status;
}

/* Takes the answer to a claim; false when it may never be ours to run: nobody should be kept from
 * sleep for it. */
static bool
take(struct asking *asking, const struct hp_value *reply)
{
	if (hp_value_is(hp_map_get(reply, "type"), "claimed") &&
	    hp_value_is(hp_map_get(reply, "id"), asking->id)) {
		asking->asked->granted = true;
		return true;
	}
	hear(asking, reply);
	if (hp_client_code(reply) != HP_CODE_unauthorised)
		return true;
	withdraw(asking, "it cannot be run by who asked");
	return false;
}

/* Waits for people. A claim that comes too early is answered by `status`, one that may never come
 * by `unauthorised`. */
static void
await(struct asking *asking)
{
	const struct hp_value *reply = NULL;
	asking->asked->by_person = true;
	if (claim(asking, &reply) != HP_OK || !take(asking, reply) || asking->asked->granted)
		return;
	if (hp_talk_until(asking->talk, asking->id, false, &reply, &asking->err) != HP_OK) {
		give_up(asking);
		return;
	}
	hear(asking, reply);
	if (asking->asked->state == HP_STATE_PENDING) {
		withdraw(asking, "not waited for any longer");
		no(asking, "no decision in time; withdrawn");
	}
}

enum hp_status
hp_ask_detached(struct hp_talk *talk, struct hp_value *message, const char *id,
		struct hp_asked *ret_asked)
{
	struct hp_asked asked = {.state = HP_STATE_COUNT};
	struct asking asking = {.talk = talk, .id = id, .asked = &asked};
	const struct hp_value *reply;
	hp_crypto_random(asking.nonce, sizeof asking.nonce);
	if (hp_talk(talk, message, REPLY_MS, &reply, &asking.err) != HP_OK)
		give_up(&asking);
	else
		hear(&asking, reply);
	if (asked.state == HP_STATE_PENDING)
		await(&asking);
	if (asked.state == HP_STATE_GRANTED && !asked.granted) {
		const char *granted = asked.reason; /* "granted by ana: go on" */
		if (claim(&asking, &reply) == HP_OK && take(&asking, reply) && asked.granted)
			asked.reason = granted;
	}
	if (talk->arena->failed)
		return HP_NOMEM;
	*ret_asked = asked;
	return HP_OK;
}

enum hp_status
hp_ask_free(struct hp_talk *talk, const char *agent, const char *session,
	    struct hp_asked *ret_asked)
{
	struct hp_asked asked = {.state = HP_STATE_COUNT};
	struct asking asking = {.talk = talk, .asked = &asked};
	struct hp_value *map = hp_value_map(talk->arena);
	const struct hp_value *reply;
	hp_map_set_str(talk->arena, map, "type", "hello");
	if (agent)
		hp_map_set_str(talk->arena, map, "for", agent);
	if (session)
		hp_map_set_str(talk->arena, map, "session", session);
	if (hp_talk(talk, map, REPLY_MS, &reply, &asking.err) != HP_OK)
		no(&asking, hp_arena_printf(talk->arena, "%s", asking.err.message));
	else if (!hp_value_is(hp_map_get(reply, "type"), "welcome"))
		hear(&asking, reply);
	else if (hp_map_get_bool(reply, "halted", true))
		no(&asking, "halted: only an admin resumes");
	else
		asked.granted = true;
	if (talk->arena->failed)
		return HP_NOMEM;
	*ret_asked = asked;
	return HP_OK;
}
