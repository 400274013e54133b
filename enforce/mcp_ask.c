#include "enforce/mcp_ask.h"

#include <string.h>

#include "core/text.h"
#include "enforce/ours.h"

static const char NOT_MADE[] = "given up before it was made";

enum {
	POLL_MS = 20000,    /* one long poll */
	REPLY_MS = 8000,    /* beyond it; then it is sent again */
	SILENCE_MS = 20000, /* of the broker, beyond a poll, until we take it for gone */
	AWAY_MS = 10000,    /* the connection broke: a restart takes a second or two */
	AGAIN_MS = 2000,    /* a poll was refused for want of room: look again then */
	REASON_COLUMNS = 400,
};

enum hp_status
hp_mcp_ask_begin(struct hp_mcp_ask *ask, struct hp_value *message, int64_t now_ms,
		 struct hp_error *err)
{
	ask->message = message;
	ask->ended = HP_STATE_COUNT;
	ask->heard_ms = now_ms;
	hp_crypto_random(ask->nonce, sizeof ask->nonce);
	if (ask->arena.failed || !message)
		return hp_fail(err, HP_NOMEM, "out of memory");
	return hp_request_parse(&ask->arena, message, HP_REQUEST_WIRE, &ask->request, err);
}

void
hp_mcp_ask_release(struct hp_mcp_ask *ask)
{
	hp_arena_release(&ask->arena);
}

bool
hp_mcp_ask_is_over(const struct hp_mcp_ask *ask)
{
	return ask->state >= HP_MCP_ASK_REFUSED;
}

static void
end(struct hp_mcp_ask *ask, enum hp_mcp_ask_state state, const char *why)
{
	ask->state = state;
	ask->why = why ? why : "out of memory";
	ask->seq = ask->stop_seq = 0;
}

/* A word of a reply: a stranger's text, one line, not too long. */
static const char *
said(struct hp_mcp_ask *ask, const struct hp_value *reply, const char *key)
{
	const char *safe = hp_text_safe(&ask->arena, hp_map_get_str(reply, key, ""), 0);
	if (!safe)
		return "";
	size_t fit = hp_text_fit(safe, strlen(safe), REASON_COLUMNS);
	return fit == strlen(safe) ? safe : hp_arena_copy(&ask->arena, safe, fit);
}

static void
refuse_error(struct hp_mcp_ask *ask, enum hp_mcp_ask_state state, const struct hp_value *reply)
{
	const char *field = said(ask, reply, "field");
	end(ask, state,
	    hp_arena_printf(&ask->arena, "%s: %s%s%s%s", hp_code_name(hp_client_code(reply)),
			    said(ask, reply, "message"), *field ? " (" : "", field,
			    *field ? ")" : ""));
}

/* "denied by ana: not tonight" */
static void
refuse_state(struct hp_mcp_ask *ask, const struct hp_value *reply)
{
	const char *by = said(ask, reply, "by"), *why = said(ask, reply, "reason");
	if (!*why)
		why = said(ask, reply, "message"); /* a receipt's */
	if (!hp_state_parse(hp_map_get_str(reply, "state", ""), &ask->ended))
		ask->ended = HP_STATE_COUNT;
	end(ask, HP_MCP_ASK_REFUSED,
	    hp_arena_printf(&ask->arena, "%s%s%s%s%s", said(ask, reply, "state"),
			    *by ? " by " : "", by, *why ? ": " : "", why));
}

static bool
is_error(const struct hp_value *reply)
{
	return hp_value_is(hp_map_get(reply, "type"), "error");
}

/* pending, granted, or not to be */
static void
hear_state(struct hp_mcp_ask *ask, const struct hp_value *reply)
{
	const struct hp_value *state = hp_map_get(reply, "state");
	if (is_error(reply))
		refuse_error(ask, HP_MCP_ASK_REFUSED, reply);
	else if (hp_value_is(state, "pending"))
		ask->state = HP_MCP_ASK_HELD;
	else if (hp_value_is(state, "granted"))
		ask->state = HP_MCP_ASK_GRANTED;
	else
		refuse_state(ask, reply);
}

static void
hear_receipt(struct hp_mcp_ask *ask, const struct hp_value *reply)
{
	ask->receipt = hp_value_copy(&ask->arena, reply);
	hear_state(ask, reply);
}

/* A poll that found no room at the broker is no answer to the request. */
static void
hear_wait(struct hp_mcp_ask *ask, const struct hp_value *reply, int64_t now_ms)
{
	enum hp_code code = hp_client_code(reply);
	if (code == HP_CODE_queue_full || code == HP_CODE_rate_limited)
		ask->next_ms = now_ms + AGAIN_MS;
	else
		hear_state(ask, reply);
}

static unsigned
count_approvals(const struct hp_value *claimed)
{
	const struct hp_value *votes = hp_map_get(claimed, "votes");
	unsigned count = 0;
	for (size_t i = 0; i < hp_value_count(votes); i++)
		count += hp_value_is(hp_map_get(hp_array_get(votes, i), "decision"), "approve");
	return count;
}

static void
hear_claim(struct hp_mcp_ask *ask, const struct hp_value *reply, int64_t now_ms)
{
	if (!hp_value_is(hp_map_get(reply, "type"), "claimed")) {
		hear_state(ask, reply);
		return;
	}
	ask->state = HP_MCP_ASK_RUNNING;
	ask->approvals = count_approvals(reply);
	ask->lease_ms = hp_map_get_int(reply, "lease_ms", 0);
	ask->lease_end_ms = ask->sent_ms + ask->lease_ms;
	ask->progress_ms = now_ms; /* the lease began before its reply came */
	if (hp_ours_is(&ask->arena, &ask->request, ask->receipt, reply))
		return;
	hp_mcp_ask_report(ask, false, "digest_mismatch: what was granted is not what was asked",
			  now_ms);
	ask->why = "digest_mismatch: what was granted is not what was asked";
}

static void
hear_progress(struct hp_mcp_ask *ask, const struct hp_value *reply)
{
	if (is_error(reply)) {
		refuse_error(ask, HP_MCP_ASK_STOPPED, reply);
	} else if (hp_map_get_bool(reply, "stop", false)) {
		end(ask, HP_MCP_ASK_STOPPED, "the broker said stop");
	} else {
		ask->lease_end_ms = ask->sent_ms + ask->lease_ms;
		ask->progress_ms = ask->sent_ms + ask->lease_ms / 3;
	}
}

static void
hear_stop(struct hp_mcp_ask *ask, const struct hp_value *reply, int64_t now_ms)
{
	if (is_error(reply))
		ask->stop_sent_ms = now_ms + SILENCE_MS; /* `progress` tells it too, later */
	else if (hp_map_get_bool(reply, "stop", false) && ask->state == HP_MCP_ASK_RUNNING)
		end(ask, HP_MCP_ASK_STOPPED, "the broker said stop");
}

/* A claim on its way may have been first: then it was taken and is not made. */
static void
hear_withdraw(struct hp_mcp_ask *ask, const struct hp_value *reply, int64_t now_ms)
{
	ask->state = HP_MCP_ASK_OVER;
	if (hp_client_code(reply) == HP_CODE_conflict)
		hp_mcp_ask_report(ask, false, NOT_MADE, now_ms);
}

bool
hp_mcp_ask_hear(struct hp_mcp_ask *ask, uint64_t seq, const struct hp_value *reply,
		int64_t now_ms)
{
	if (seq == 0 || (seq != ask->seq && seq != ask->stop_seq))
		return false;
	ask->heard_ms = now_ms;
	if (seq == ask->stop_seq) {
		ask->stop_seq = 0;
		hear_stop(ask, reply, now_ms);
		return true;
	}
	ask->seq = 0;
	switch (ask->state) {
	case HP_MCP_ASK_SUBMITTING:
		hear_receipt(ask, reply);
		break;
	case HP_MCP_ASK_HELD:
		hear_wait(ask, reply, now_ms);
		break;
	case HP_MCP_ASK_CLAIMING:
		hear_claim(ask, reply, now_ms);
		break;
	case HP_MCP_ASK_RUNNING:
		hear_progress(ask, reply);
		break;
	case HP_MCP_ASK_WITHDRAWING:
		hear_withdraw(ask, reply, now_ms);
		break;
	case HP_MCP_ASK_REPORTING:
		ask->state = HP_MCP_ASK_OVER;
		break;
	default:
		break;
	}
	return true;
}

/* --- sending --- */

static struct hp_value *
message(struct hp_mcp_ask *ask, struct hp_arena *scratch, const char *type)
{
	struct hp_value *map = hp_value_map(scratch);
	hp_map_set_str(scratch, map, "type", type);
	hp_map_set_str(scratch, map, "id", ask->request.id);
	return map;
}

static struct hp_value *
wait_message(struct hp_mcp_ask *ask, struct hp_arena *scratch, const char *until)
{
	struct hp_value *map = message(ask, scratch, "wait");
	hp_map_set_str(scratch, map, "until", until);
	hp_map_set_int(scratch, map, "timeout_ms", POLL_MS);
	return map;
}

/* What its state sends; NULL: nothing now. */
static struct hp_value *
due(struct hp_mcp_ask *ask, struct hp_arena *scratch, int64_t now_ms)
{
	struct hp_value *map;
	switch (ask->state) {
	case HP_MCP_ASK_SUBMITTING:
		return hp_value_copy(scratch, ask->message);
	case HP_MCP_ASK_HELD:
		return now_ms < ask->next_ms ? NULL : wait_message(ask, scratch, "decided");
	case HP_MCP_ASK_CLAIMING:
		map = message(ask, scratch, "claim");
		hp_map_set_bin(scratch, map, "nonce", ask->nonce, sizeof ask->nonce);
		hp_map_set_int(scratch, map, "timeout_ms", 0);
		return map;
	case HP_MCP_ASK_RUNNING:
		return now_ms < ask->progress_ms ? NULL : message(ask, scratch, "progress");
	case HP_MCP_ASK_REPORTING:
	case HP_MCP_ASK_WITHDRAWING:
		return hp_value_copy(scratch, ask->last);
	default:
		return NULL;
	}
}

/* An answer went with its connection, or does not come: the message goes out again. */
static void
forget_lost(struct hp_mcp_ask *ask, struct hp_client *client, int64_t now_ms)
{
	bool connected = hp_client_connected(client);
	int poll_ms = ask->state == HP_MCP_ASK_HELD ? POLL_MS : 0;
	if (!connected || hp_client_connections(client) != ask->connections)
		ask->seq = ask->stop_seq = 0;
	if (ask->seq && now_ms - ask->sent_ms > poll_ms + REPLY_MS)
		ask->seq = 0;
	if (connected)
		ask->away_ms = 0;
	else if (!ask->away_ms)
		ask->away_ms = now_ms;
	ask->connections = hp_client_connections(client);
}

/* Whether the broker was silent, or away, for too long. */
static bool
is_lost(const struct hp_mcp_ask *ask, int64_t now_ms)
{
	return now_ms - ask->heard_ms > SILENCE_MS + POLL_MS ||
	       (ask->state != HP_MCP_ASK_HELD && now_ms - ask->heard_ms > SILENCE_MS) ||
	       (ask->away_ms && now_ms - ask->away_ms > AWAY_MS);
}

static void
mind_time(struct hp_mcp_ask *ask, int64_t now_ms)
{
	if (ask->state == HP_MCP_ASK_RUNNING) {
		int64_t grace_ms = ask->lease_ms / 4 < 1000 ? ask->lease_ms / 4 : 1000;
		if (now_ms >= ask->lease_end_ms - grace_ms)
			end(ask, HP_MCP_ASK_STOPPED,
			    "the lease ended without an answer of the broker");
	} else if (ask->state == HP_MCP_ASK_GRANTED || !is_lost(ask, now_ms)) {
		return;
	} else if (ask->state < HP_MCP_ASK_RUNNING) {
		end(ask, HP_MCP_ASK_REFUSED,
		    "the broker is gone, and nothing runs without a grant");
	} else {
		ask->state = HP_MCP_ASK_OVER;
	}
}

static void
send_stop_poll(struct hp_mcp_ask *ask, struct hp_client *client, struct hp_arena *scratch,
	       int64_t now_ms)
{
	if (ask->state != HP_MCP_ASK_RUNNING || ask->stop_seq || now_ms < ask->stop_sent_ms)
		return;
	if (hp_client_send(client, scratch, wait_message(ask, scratch, "stop"), &ask->stop_seq,
			   NULL) == HP_OK)
		ask->stop_sent_ms = now_ms;
}

void
hp_mcp_ask_turn(struct hp_mcp_ask *ask, struct hp_client *client, struct hp_arena *scratch,
		int64_t now_ms)
{
	if (hp_mcp_ask_is_over(ask))
		return;
	forget_lost(ask, client, now_ms);
	mind_time(ask, now_ms);
	if (ask->state == HP_MCP_ASK_GRANTED && ask->wanted) {
		ask->state = HP_MCP_ASK_CLAIMING;
		ask->heard_ms = now_ms;
	}
	struct hp_value *map = ask->seq ? NULL : due(ask, scratch, now_ms);
	if (map) {
		struct hp_error err = {0};
		enum hp_status status = hp_client_send(client, scratch, map, &ask->seq, &err);
		ask->sent |= status == HP_OK;
		if (status == HP_OK)
			ask->sent_ms = now_ms;
		else if (status != HP_UNAVAILABLE && ask->state == HP_MCP_ASK_RUNNING)
			end(ask, HP_MCP_ASK_STOPPED, hp_arena_strdup(&ask->arena, err.message));
		else if (status != HP_UNAVAILABLE)
			end(ask, HP_MCP_ASK_REFUSED, hp_arena_strdup(&ask->arena, err.message));
	}
	send_stop_poll(ask, client, scratch, now_ms);
}

/* --- ends --- */

static void
set_last(struct hp_mcp_ask *ask, enum hp_mcp_ask_state state, const char *type, int64_t now_ms)
{
	ask->state = state;
	ask->seq = ask->stop_seq = 0;
	ask->heard_ms = now_ms;
	ask->last = message(ask, &ask->arena, type);
}

void
hp_mcp_ask_report(struct hp_mcp_ask *ask, bool succeeded, const char *output, int64_t now_ms)
{
	set_last(ask, HP_MCP_ASK_REPORTING, "report", now_ms);
	hp_map_set_str(&ask->arena, ask->last, "result", succeeded ? "succeeded" : "failed");
	if (output && *output)
		hp_map_set_str(&ask->arena, ask->last, "output", output);
}

void
hp_mcp_ask_withdraw(struct hp_mcp_ask *ask, const char *reason, int64_t now_ms)
{
	if (ask->state == HP_MCP_ASK_RUNNING)
		hp_mcp_ask_report(ask, false, NOT_MADE, now_ms);
	if (ask->state >= HP_MCP_ASK_RUNNING)
		return;
	if (!ask->sent) {
		ask->state = HP_MCP_ASK_OVER;
		return;
	}
	ask->wanted = false;
	set_last(ask, HP_MCP_ASK_WITHDRAWING, "withdraw", now_ms);
	hp_map_set_str(&ask->arena, ask->last, "reason", reason);
}
