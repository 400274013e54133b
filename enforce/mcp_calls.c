/* Calls, from arrival to result: parked ─► asked ─► sent ─► over. */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "enforce/mcp_gateway.h"

enum {
	BEAT_MS = 12000,       /* clients that count idleness start again at each progress */
	PATIENCE_MS = 45000,   /* without progress: most clients give up after 60 s */
	CANCELLED_MS = 10000,  /* a cancelled call may still answer; then nobody knows */
};

static void
call_free(struct hp_mcp_call *call)
{
	hp_mcp_ask_release(&call->ask);
	hp_buf_release(&call->line);
	hp_buf_release(&call->payload);
	hp_arena_release(&call->arena);
	free(call);
}

static void
remove_call(struct hp_mcp *mcp, struct hp_mcp_call *call)
{
	struct hp_mcp_call **at = &mcp->calls;
	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	mcp->call_count--;
	call_free(call);
}

static bool
is_attached(const struct hp_mcp_call *call)
{
	return call->id.type != HP_NIL;
}

struct hp_mcp_call *
hp_mcp_call_find(struct hp_mcp *mcp, const struct hp_mcp_id *id)
{
	for (struct hp_mcp_call *call = mcp->calls; call; call = call->next)
		if (is_attached(call) && hp_mcp_id_equal(&call->id, id))
			return call;
	return NULL;
}

struct hp_mcp_call *
hp_mcp_call_by_token(struct hp_mcp *mcp, const struct hp_mcp_id *token)
{
	for (struct hp_mcp_call *call = mcp->calls; call; call = call->next)
		if (call->state == HP_MCP_CALL_SENT && token->type != HP_NIL &&
		    hp_mcp_id_equal(&call->token, token))
			return call;
	return NULL;
}

/* --- answers --- */

/* The client gets its answer now; the id is free again. */
static void
answer(struct hp_mcp *mcp, struct hp_mcp_call *call, const char *text)
{
	struct hp_buf line = {0};
	if (!is_attached(call))
		return;
	hp_mcp_add_refusal(&line, call->id.text.p, call->modern,
			   text ? text : "Denied by holdpoint: out of memory.");
	hp_mcp_writer_add(&mcp->to_client, &line);
	hp_buf_release(&line);
	hp_mcp_ids_remove(&mcp->ids, hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_SERVER, &call->id));
	call->id = (struct hp_mcp_id){.type = HP_NIL};
}

static const char *
request_id(const struct hp_mcp_call *call)
{
	return call->ask.request.id ? call->ask.request.id : "";
}

static void
refuse(struct hp_mcp *mcp, struct hp_mcp_call *call, const char *why)
{
	const char *id = request_id(call);
	answer(mcp, call,
	       hp_arena_printf(&mcp->arena, "Denied by holdpoint%s%s: %s. Do not retry.",
			       *id ? " " : "", id, why));
	call->state = HP_MCP_CALL_OVER;
}

/* Told to come again: what it asked stands, and the decision is kept for an equal call. */
static void
detach(struct hp_mcp *mcp, struct hp_mcp_call *call)
{
	answer(mcp, call,
	       hp_arena_printf(&mcp->arena,
			       "holdpoint %s is pending: a person has to approve this call. "
			       "Nothing has been done yet. Call again with identical arguments "
			       "to learn the decision.",
			       request_id(call)));
	call->token = (struct hp_mcp_id){.type = HP_NIL};
	call->ask.wanted = false;
}

/* --- arrival --- */

static void
refuse_new(struct hp_mcp *mcp, const struct hp_mcp_message *message, const char *why)
{
	struct hp_buf line = {0};
	const char *id = hp_arena_copy(&mcp->arena, message->id.text.p, message->id.text.len);
	hp_mcp_add_refusal(&line, id, hp_mcp_is_modern(message), why);
	hp_mcp_writer_add(&mcp->to_client, &line);
	hp_buf_release(&line);
	hp_mcp_ids_remove(&mcp->ids,
			  hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_SERVER, &message->id));
}

/* Id, token and line of this try: the request may be of an earlier one. */
static bool
attach(struct hp_mcp *mcp, struct hp_mcp_call *call, const struct hp_mcp_message *message)
{
	struct hp_mcp_id token = hp_mcp_call_token(message);
	struct hp_buf line = {0};
	hp_mcp_request_line(message, &line);
	hp_buf_release(&call->line);
	call->line = line;
	call->id = hp_mcp_id_copy(&call->arena, &message->id);
	call->token = hp_mcp_id_copy(&call->arena, &token);
	call->modern = hp_mcp_is_modern(message);
	call->progress = call->offset = 0;
	call->arrived_ms = mcp->now_ms;
	call->beat_ms = 0;
	return !line.failed && !call->arena.failed;
}

static void
hash_call(const struct hp_mcp_call *call, uint8_t ret_hash[HP_HASH_BYTES])
{
	const struct hp_str parts[] = {{call->tool, strlen(call->tool) + 1},
				       {hp_buf_text(&call->payload), call->payload.len}};
	hp_crypto_sha256(parts, 2, ret_hash);
}

/* One of the same tool and bytes that was told to come again. */
static struct hp_mcp_call *
find_equal(struct hp_mcp *mcp, const struct hp_mcp_call *wanted)
{
	for (struct hp_mcp_call *call = mcp->calls; call; call = call->next)
		if (!is_attached(call) && call->state == HP_MCP_CALL_ASKED &&
		    memcmp(call->hash, wanted->hash, sizeof call->hash) == 0)
			return call;
	return NULL;
}

/* Room for one more: the oldest that was told to come again, and did not, goes. */
static bool
make_room(struct hp_mcp *mcp)
{
	if (mcp->call_count < HP_LIMIT_MCP_CALLS)
		return true;
	for (struct hp_mcp_call *call = mcp->calls; call; call = call->next) {
		if (is_attached(call) || call->state != HP_MCP_CALL_ASKED)
			continue;
		hp_mcp_ask_withdraw(&call->ask, "its agent did not come back for it", mcp->now_ms);
		call->state = HP_MCP_CALL_OVER;
		return mcp->call_count < HP_LIMIT_MCP_CALLS * 2;
	}
	return false;
}

static struct hp_mcp_call *
read_call(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	struct hp_mcp_call *call = calloc(1, sizeof *call);
	if (!call)
		return NULL;
	call->ask.ended = HP_STATE_COUNT;
	call->params = hp_value_copy(&call->arena, message->params);
	call->tool = hp_map_get_str(call->params, "name", "");
	hp_mcp_request_payload(message, &call->payload);
	hash_call(call, call->hash);
	if (call->payload.failed || !attach(mcp, call, message)) {
		call_free(call);
		return NULL;
	}
	return call;
}

/* What is wrong with a call before anybody is asked; NULL: nothing. */
static const char *
object_to(const struct hp_mcp_message *message)
{
	const struct hp_value *name = hp_map_get(message->params, "name");
	const struct hp_value *arguments = hp_map_get(message->params, "arguments");
	if (!name || name->type != HP_STR || !name->str.len ||
	    strlen(name->str.p) != name->str.len)
		return "a call names its tool";
	if (arguments && arguments->type != HP_MAP)
		return "\"arguments\" is no object";
	return NULL;
}

void
hp_mcp_call_new(struct hp_mcp *mcp, const struct hp_mcp_message *message)
{
	const char *wrong = object_to(message);
	if (wrong) {
		struct hp_buf line = {0};
		const char *id =
			hp_arena_copy(&mcp->arena, message->id.text.p, message->id.text.len);
		hp_mcp_add_error(&line, id, HP_MCP_INVALID_PARAMS, wrong);
		hp_mcp_writer_add(&mcp->to_client, &line);
		hp_buf_release(&line);
		hp_mcp_ids_remove(&mcp->ids, hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_SERVER,
							     &message->id));
		return;
	}
	struct hp_mcp_call *call = read_call(mcp, message), **end = &mcp->calls;
	if (!call) {
		refuse_new(mcp, message, "Denied by holdpoint: out of memory.");
		return;
	}
	struct hp_mcp_call *equal = find_equal(mcp, call);
	if (equal) {
		call_free(call);
		if (!attach(mcp, equal, message))
			refuse(mcp, equal, "out of memory");
		return;
	}
	if (!make_room(mcp)) {
		call_free(call);
		refuse_new(mcp, message,
			   "Denied by holdpoint: too many calls wait already. Call again later.");
		return;
	}
	while (*end)
		end = &(*end)->next;
	*end = call;
	mcp->call_count++;
	hp_mcp_tools_want(mcp, message);
}

/* --- time --- */

static void
ask(struct hp_mcp *mcp, struct hp_mcp_call *call)
{
	struct hp_error err = {0};
	enum hp_status status = hp_mcp_request_call(mcp, call, &err);
	call->state = HP_MCP_CALL_ASKED;
	if (status == HP_OK)
		return;
	/* Not a word of it went to the broker. */
	answer(mcp, call,
	       hp_arena_printf(&mcp->arena, "Denied by holdpoint: %s%s%s%s. Nothing was done.",
			       err.message, *err.field ? " (" : "", err.field,
			       *err.field ? ")" : ""));
	call->state = HP_MCP_CALL_OVER;
}

static void
turn_parked(struct hp_mcp *mcp, struct hp_mcp_call *call)
{
	const char *why;
	switch (hp_mcp_tools_may(mcp, call->tool, &why)) {
	case HP_MCP_MAY:
		ask(mcp, call);
		break;
	case HP_MCP_MAY_NOT:
		refuse(mcp, call, why);
		break;
	case HP_MCP_MAY_LATER:
		break;
	}
}

/* Granted and claimed: now, and only now, the server gets it. */
static void
send_call(struct hp_mcp *mcp, struct hp_mcp_call *call)
{
	hp_mcp_writer_add_line(&mcp->to_server, (struct hp_mcp_text){hp_buf_text(&call->line),
								     call->line.len});
	hp_buf_release(&call->line);
	call->state = HP_MCP_CALL_SENT;
	call->offset = call->progress ? call->progress + 1 : 0; /* a server may begin at 0 */
}

/* The server's tools may have changed since it was asked: then no grant is taken up either. */
static void
turn_asked(struct hp_mcp *mcp, struct hp_mcp_call *call)
{
	struct hp_mcp_ask *ask = &call->ask;
	const char *why = "the server's tools have changed meanwhile";
	if (!is_attached(call))
		return; /* what was decided is kept for who comes for it */
	enum hp_mcp_may may = hp_mcp_tools_may(mcp, call->tool, &why);
	ask->wanted = may == HP_MCP_MAY;
	if (ask->why) {
		refuse(mcp, call, ask->why);
	} else if (ask->state == HP_MCP_ASK_RUNNING && may == HP_MCP_MAY) {
		send_call(mcp, call);
	} else if (ask->state == HP_MCP_ASK_RUNNING || may == HP_MCP_MAY_NOT) {
		hp_mcp_ask_withdraw(ask, why, mcp->now_ms);
		refuse(mcp, call, why);
	}
}

void
hp_mcp_call_lost(struct hp_mcp *mcp, struct hp_mcp_call *call)
{
	hp_mcp_tell(mcp, "%s: how the call of \"%s\" ended is not known", request_id(call),
		    hp_text_safe(&mcp->arena, call->tool, 0));
	hp_mcp_ask_release(&call->ask);
	call->ask = (struct hp_mcp_ask){.state = HP_MCP_ASK_OVER, .ended = HP_STATE_COUNT};
	call->state = HP_MCP_CALL_OVER;
}

/* The claim ended under the call: the server is told to stop, and its answer, if one comes, goes
 * nowhere. */
static void
turn_sent(struct hp_mcp *mcp, struct hp_mcp_call *call)
{
	if (call->cancelled && mcp->now_ms - call->ended_ms > CANCELLED_MS) {
		hp_mcp_call_lost(mcp, call);
		return;
	}
	if (call->ask.state != HP_MCP_ASK_STOPPED)
		return;
	struct hp_buf line = {0};
	struct hp_mcp_open *open = hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_SERVER, &call->id);
	hp_mcp_add_cancelled(&line, call->id.text.p, "stopped by holdpoint");
	hp_mcp_writer_add(&mcp->to_server, &line);
	hp_buf_reset(&line);
	if (!call->cancelled) {
		hp_mcp_add_refusal(
			&line, call->id.text.p, call->modern,
			hp_arena_printf(&mcp->arena,
					"Stopped by holdpoint %s: %s. The server was told to stop; "
					"what it had done by then is not known. Do not retry.",
					request_id(call), call->ask.why));
		hp_mcp_writer_add(&mcp->to_client, &line);
	}
	hp_buf_release(&line);
	if (open)
		open->cancelled = true;
	call->state = HP_MCP_CALL_OVER;
}

static const char *
waits_for(struct hp_mcp *mcp, const struct hp_mcp_call *call)
{
	if (mcp->tools.state == HP_MCP_TOOLS_CHANGED)
		return "holdpoint: the server's tools changed; a person has to accept them";
	if (call->state == HP_MCP_CALL_PARKED)
		return "holdpoint: looking at the server's tools";
	return hp_arena_printf(&mcp->arena, "holdpoint: %s waits for a person's approval",
			       request_id(call));
}

/* Keeps a waiting client waiting, or sends it away in time. */
static void
keep_alive(struct hp_mcp *mcp, struct hp_mcp_call *call)
{
	int64_t waited_ms = mcp->now_ms - call->arrived_ms;
	int64_t hold_ms = mcp->config->hold_ms;
	bool held = call->ask.state == HP_MCP_ASK_HELD ||
		    (call->ask.state == HP_MCP_ASK_GRANTED && !call->ask.wanted);
	if (!is_attached(call) || (call->state != HP_MCP_CALL_PARKED && !held))
		return;
	if (call->token.type == HP_NIL && (hold_ms < 0 || hold_ms > PATIENCE_MS))
		hold_ms = PATIENCE_MS;
	if (hold_ms >= 0 && waited_ms >= hold_ms) {
		if (call->state == HP_MCP_CALL_ASKED)
			detach(mcp, call);
		else {
			answer(mcp, call,
			       hp_arena_printf(&mcp->arena, "%s. Nothing has been done yet. Call "
							    "again with identical arguments.",
					       waits_for(mcp, call)));
			call->state = HP_MCP_CALL_OVER;
		}
		return;
	}
	if (call->token.type == HP_NIL || mcp->now_ms < call->beat_ms)
		return;
	struct hp_buf line = {0};
	hp_mcp_add_progress(&line, call->token.text.p, ++call->progress, waits_for(mcp, call));
	hp_mcp_writer_add(&mcp->to_client, &line);
	hp_buf_release(&line);
	call->beat_ms = mcp->now_ms + BEAT_MS;
}

void
hp_mcp_calls_turn(struct hp_mcp *mcp)
{
	for (struct hp_mcp_call *call = mcp->calls, *next; call; call = next) {
		next = call->next;
		if (call->state == HP_MCP_CALL_PARKED)
			turn_parked(mcp, call);
		if (call->state == HP_MCP_CALL_ASKED)
			turn_asked(mcp, call);
		if (call->ask.message)
			hp_mcp_ask_turn(&call->ask, mcp->config->client, &mcp->arena, mcp->now_ms);
		if (call->state == HP_MCP_CALL_SENT)
			turn_sent(mcp, call);
		keep_alive(mcp, call);
		if (call->state == HP_MCP_CALL_OVER &&
		    (!call->ask.message || hp_mcp_ask_is_over(&call->ask)))
			remove_call(mcp, call);
	}
}

bool
hp_mcp_calls_hear(struct hp_mcp *mcp, uint64_t seq, const struct hp_value *reply)
{
	for (struct hp_mcp_call *call = mcp->calls; call; call = call->next)
		if (call->ask.message && hp_mcp_ask_hear(&call->ask, seq, reply, mcp->now_ms))
			return true;
	return false;
}

/* --- ends --- */

bool
hp_mcp_call_cancel(struct hp_mcp *mcp, struct hp_mcp_call *call)
{
	struct hp_mcp_open *open = hp_mcp_ids_find(&mcp->ids, HP_MCP_TO_SERVER, &call->id);
	if (call->state == HP_MCP_CALL_SENT) {
		call->cancelled = true;
		call->ended_ms = mcp->now_ms;
		if (open)
			open->cancelled = true;
		return false;
	}
	if (call->ask.message)
		hp_mcp_ask_withdraw(&call->ask, "cancelled by its client", mcp->now_ms);
	hp_mcp_ids_remove(&mcp->ids, open);
	call->id = (struct hp_mcp_id){.type = HP_NIL};
	call->state = HP_MCP_CALL_OVER;
	return true;
}

void
hp_mcp_call_done(struct hp_mcp *mcp, struct hp_mcp_call *call, bool failed, const char *output)
{
	hp_mcp_ask_report(&call->ask, !failed, output, mcp->now_ms);
	call->state = HP_MCP_CALL_OVER;
}

void
hp_mcp_calls_adopt(struct hp_mcp *mcp, struct hp_mcp_ask *ask)
{
	struct hp_mcp_call *call = ask->message ? calloc(1, sizeof *call) : NULL;
	if (call) {
		call->state = HP_MCP_CALL_OVER;
		call->ask = *ask;
		call->next = mcp->calls;
		mcp->calls = call;
		mcp->call_count++;
	} else {
		hp_mcp_ask_release(ask);
	}
	*ask = (struct hp_mcp_ask){0};
}

void
hp_mcp_calls_withdraw(struct hp_mcp *mcp, const char *reason)
{
	for (struct hp_mcp_call *call = mcp->calls; call; call = call->next) {
		if (call->state == HP_MCP_CALL_SENT || call->state == HP_MCP_CALL_OVER)
			continue;
		if (call->ask.message)
			hp_mcp_ask_withdraw(&call->ask, reason, mcp->now_ms);
		call->state = HP_MCP_CALL_OVER;
	}
}

bool
hp_mcp_calls_untold(const struct hp_mcp *mcp)
{
	for (const struct hp_mcp_call *call = mcp->calls; call; call = call->next)
		if (call->ask.message && (call->ask.state == HP_MCP_ASK_REPORTING ||
					  call->ask.state == HP_MCP_ASK_WITHDRAWING))
			return true;
	return false;
}

void
hp_mcp_calls_release(struct hp_mcp *mcp)
{
	while (mcp->calls)
		remove_call(mcp, mcp->calls);
}
