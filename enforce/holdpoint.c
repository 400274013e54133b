#include "enforce/holdpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto.h"
#include "core/json.h"
#include "core/lifecycle.h"
#include "core/request.h"
#include "core/text.h"
#include "enforce/ours.h"
#include "enforce/spawn.h"
#include "enforce/talk.h"
#include "proto/file.h"

enum { REPLY_MS = 10000 };

struct holdpoint {
	struct hp_arena arena;
	struct hp_client *client;
	char message[512];
};

struct holdpoint_request {
	struct holdpoint *session;
	struct hp_arena kept;	/* what was asked, and its receipt: for as long as it lives */
	struct hp_arena answer; /* of the last call */
	struct hp_arena before; /* of the one before: its strings may be what this one is to say */
	struct hp_request request;
	const struct hp_value *receipt;
	uint8_t nonce[16]; /* one claim, however often it is sent */
	long lease_ms;
	const char *state, *reason; /* in `answer` */
	struct hp_buf json;
};

/* ---- sessions ---- */

static int
fail(struct holdpoint *session, enum hp_status status, const struct hp_error *err)
{
	static const int results[] = {
		[HP_INVALID] = HOLDPOINT_INVALID,	   [HP_TOO_LARGE] = HOLDPOINT_INVALID,
		[HP_NOT_FOUND] = HOLDPOINT_INVALID,	   [HP_REFUSED] = HOLDPOINT_UNAUTHORISED,
		[HP_UNAVAILABLE] = HOLDPOINT_UNAVAILABLE,  [HP_TIMEOUT] = HOLDPOINT_UNAVAILABLE,
		[HP_BAD_SIGNATURE] = HOLDPOINT_UNAUTHORISED, [HP_UNSUPPORTED] = HOLDPOINT_INVALID,
	};
	snprintf(session->message, sizeof session->message, "%s",
		 err && err->message[0] ? err->message : hp_status_text(status));
	bool known = (size_t)status < sizeof results / sizeof *results && results[status];
	return known ? results[status] : HOLDPOINT_FAILED;
}

static enum hp_status
read_passphrase(void *context, const char *name, struct hp_buf *buf, struct hp_error *err)
{
	const char *path = getenv("HOLDPOINT_PASSPHRASE_FILE");
	if (!path || !*path)
		return hp_fail(err, HP_UNAVAILABLE,
			       "the key of %s is sealed: set HOLDPOINT_PASSPHRASE_FILE", name);
	enum hp_status status = hp_file_read_secret(path, buf, err);
	if (status == HP_OK && buf->len > 0 && buf->data[buf->len - 1] == '\n')
		buf->data[--buf->len] = '\0';
	return status;
}

static const char *
path_of(const char *given, const char *variable, struct hp_error *err)
{
	const char *path = given ? given : getenv(variable);
	if (path && *path)
		return path;
	hp_fail(err, HP_INVALID, "no file given, and %s is not set", variable);
	return NULL;
}

static enum hp_status
open_session(struct holdpoint *session, const char *key_file, const char *broker_file,
	     int timeout_ms, struct hp_error *err)
{
	struct hp_broker_info info;
	struct hp_keyfile key;
	const char *key_path = path_of(key_file, "HOLDPOINT_KEY", err);
	const char *broker_path = key_path ? path_of(broker_file, "HOLDPOINT_BROKER", err) : NULL;
	if (!broker_path)
		return HP_INVALID;
	enum hp_status status = hp_broker_info_read(&session->arena, broker_path, &info, err);
	if (status != HP_OK)
		return status == HP_NOMEM ? status : HP_INVALID;
	status = hp_keyfile_read(key_path, read_passphrase, NULL, &key, err);
	if (status != HP_OK)
		return status == HP_NOMEM ? status : HP_INVALID;
	status = hp_client_new(&info, &key, HP_SIDE_AGENTS, timeout_ms, &session->client, err);
	hp_keyfile_release(&key);
	return status;
}

int
holdpoint_connect(const char *key_file, const char *broker_file, int timeout_ms,
		  struct holdpoint **ret_session)
{
	struct holdpoint *session = calloc(1, sizeof *session);
	struct hp_error err = {0};
	*ret_session = session;
	if (!session)
		return HOLDPOINT_FAILED;
	enum hp_status status = hp_crypto_start();
	if (status == HP_OK)
		status = open_session(session, key_file, broker_file, timeout_ms, &err);
	return status == HP_OK ? HOLDPOINT_OK : fail(session, status, &err);
}

void
holdpoint_close(struct holdpoint *session)
{
	if (!session)
		return;
	hp_client_free(session->client);
	hp_arena_release(&session->arena);
	free(session);
}

const char *
holdpoint_message(const struct holdpoint *session)
{
	return session ? session->message : "out of memory";
}

/* ---- answers ---- */

static struct hp_talk
talk_of(struct holdpoint_request *request, int64_t deadline_ms)
{
	return (struct hp_talk){.client = request->session->client, .arena = &request->answer,
				.deadline_ms = deadline_ms};
}

static struct hp_value *
message_of(struct holdpoint_request *request, const char *type)
{
	struct hp_arena last = request->answer;
	request->answer = request->before;
	request->before = last;
	hp_arena_reset(&request->answer);
	const char *reason = hp_arena_strdup(&request->answer, request->reason);
	request->reason = reason ? reason : ""; /* there may be no answer to replace it */
	struct hp_value *map = hp_value_map(&request->answer);
	hp_map_set_str(&request->answer, map, "type", type);
	hp_map_set_str(&request->answer, map, "id", request->request.id);
	return map;
}

/* Notes what a reply says; returns what it means. */
static int
hear(struct holdpoint_request *request, const struct hp_value *reply)
{
	struct hp_arena *arena = &request->answer;
	enum hp_code code = hp_client_code(reply);
	enum hp_state state;
	const char *reason = hp_map_get_str(reply, "reason", NULL);
	hp_buf_reset(&request->json);
	hp_json_dump(reply, HP_JSON_LINE, &request->json);
	reason = hp_text_safe(arena, reason ? reason : hp_map_get_str(reply, "message", ""), 0);
	request->reason = reason ? reason : "";
	if (hp_value_is(hp_map_get(reply, "type"), "error")) {
		struct hp_error err = {0};
		hp_fail(&err, HP_INVALID, "%s: %s", hp_code_name(code), request->reason);
		fail(request->session, HP_INVALID, &err);
		return code == HP_CODE_ok ? HOLDPOINT_FAILED : hp_code_exit(code);
	}
	if (!hp_state_parse(hp_map_get_str(reply, "state", ""), &state))
		return HOLDPOINT_FAILED;
	request->state = hp_state_name(state);
	return hp_state_exit(state);
}

static int
call(struct holdpoint_request *request, struct hp_value *map, const struct hp_value **ret_reply)
{
	struct hp_talk talk = talk_of(request, -1);
	struct hp_error err = {0};
	enum hp_status status = hp_talk(&talk, map, REPLY_MS, ret_reply, &err);
	return status == HP_OK ? HOLDPOINT_OK : fail(request->session, status, &err);
}

static int
call_and_hear(struct holdpoint_request *request, struct hp_value *map)
{
	const struct hp_value *reply;
	int result = call(request, map, &reply);
	return result == HOLDPOINT_OK ? hear(request, reply) : result;
}

/* ---- asking ---- */

static enum hp_status
read_request(struct holdpoint_request *request, const char *json, struct hp_value **ret_map,
	     struct hp_error *err)
{
	struct hp_arena *arena = &request->kept;
	const struct hp_value *loaded;
	enum hp_status status = hp_json_load(arena, json, strlen(json), &loaded, err);
	if (status != HP_OK)
		return status;
	if (loaded->type != HP_MAP)
		return hp_fail(err, HP_INVALID, "a request is an object");
	struct hp_value *map = hp_value_copy(arena, loaded);
	if (!hp_map_get(map, "id")) {
		char id[HP_UUID_BYTES];
		hp_crypto_uuid(id);
		hp_map_set_str(arena, map, "id", id);
	}
	status = hp_request_parse(arena, map, HP_REQUEST_WIRE, &request->request, err);
	if (status == HP_OK)
		hp_map_set_str(arena, map, "type", "submit");
	*ret_map = map;
	return status == HP_OK && arena->failed ? HP_NOMEM : status;
}

int
holdpoint_submit(struct holdpoint *session, const char *json,
		 struct holdpoint_request **ret_request)
{
	struct holdpoint_request *request = calloc(1, sizeof *request);
	struct hp_value *map = NULL;
	const struct hp_value *reply;
	struct hp_error err = {0};
	*ret_request = NULL;
	if (!request)
		return fail(session, HP_NOMEM, NULL);
	request->session = session;
	request->state = request->reason = "";
	hp_crypto_random(request->nonce, sizeof request->nonce);
	enum hp_status status = read_request(request, json, &map, &err);
	int result = status == HP_OK ? call(request, map, &reply) : fail(session, status, &err);
	if (result != HOLDPOINT_OK) {
		holdpoint_request_free(request);
		return result;
	}
	result = hear(request, reply);
	request->receipt = hp_value_copy(&request->kept, reply);
	if (hp_value_is(hp_map_get(reply, "type"), "error") || !request->receipt)
		holdpoint_request_free(request);
	else
		*ret_request = request;
	return result;
}

void
holdpoint_request_free(struct holdpoint_request *request)
{
	if (!request)
		return;
	hp_arena_release(&request->kept);
	hp_arena_release(&request->answer);
	hp_arena_release(&request->before);
	hp_buf_release(&request->json);
	free(request);
}

int
holdpoint_wait(struct holdpoint_request *request, int timeout_ms)
{
	struct hp_talk talk =
		talk_of(request, timeout_ms < 0 ? -1 : hp_enforce_now_ms() + timeout_ms);
	struct hp_error err = {0};
	const struct hp_value *reply;
	(void)message_of(request, "wait"); /* a fresh arena */
	enum hp_status status = hp_talk_until(&talk, request->request.id, false, &reply, &err);
	return status == HP_OK ? hear(request, reply) : fail(request->session, status, &err);
}

/* ---- acting ---- */

int
holdpoint_claim(struct holdpoint_request *request)
{
	const struct hp_value *reply;
	struct hp_value *map = message_of(request, "claim");
	hp_map_set_bin(&request->answer, map, "nonce", request->nonce, sizeof request->nonce);
	hp_map_set_int(&request->answer, map, "timeout_ms", 0);
	int result = call(request, map, &reply);
	if (result != HOLDPOINT_OK)
		return result;
	if (!hp_value_is(hp_map_get(reply, "type"), "claimed")) {
		/* A status is never a yes: granted means that it could not be claimed just now. */
		result = hear(request, reply);
		return result == HOLDPOINT_OK ? HOLDPOINT_CONFLICT : result;
	}
	if (!hp_ours_is(&request->answer, &request->request, request->receipt, reply)) {
		struct hp_error err = {0};
		hp_fail(&err, HP_CONFLICT, "what was granted is not what was asked");
		(void)holdpoint_report(request, 0, -1, err.message);
		fail(request->session, HP_CONFLICT, &err);
		return HOLDPOINT_CONFLICT;
	}
	request->lease_ms = (long)hp_map_get_int(reply, "lease_ms", 0);
	request->state = hp_state_name(HP_STATE_EXECUTING);
	request->reason = "";
	hp_buf_reset(&request->json);
	hp_json_dump(reply, HP_JSON_LINE, &request->json);
	return HOLDPOINT_OK;
}

long
holdpoint_lease_ms(const struct holdpoint_request *request)
{
	return request->lease_ms;
}

int
holdpoint_progress(struct holdpoint_request *request, const char *text, int *ret_stop)
{
	struct hp_value *map = message_of(request, "progress");
	const struct hp_value *reply;
	if (text)
		hp_map_set_str(&request->answer, map, "text", text);
	int result = call(request, map, &reply);
	if (result != HOLDPOINT_OK)
		return result;
	*ret_stop = hp_map_get_bool(reply, "stop", true);
	result = hear(request, reply);
	return *ret_stop ? HOLDPOINT_HALTED : result;
}

int
holdpoint_report(struct holdpoint_request *request, int succeeded, int exit_code,
		 const char *output)
{
	struct hp_value *map = message_of(request, "report");
	hp_map_set_str(&request->answer, map, "result", succeeded ? "succeeded" : "failed");
	if (exit_code >= 0)
		hp_map_set_int(&request->answer, map, "exit_code", exit_code);
	if (output)
		hp_map_set_str(&request->answer, map, "output", output);
	const struct hp_value *reply;
	int result = call(request, map, &reply);
	if (result != HOLDPOINT_OK)
		return result;
	result = hear(request, reply);
	/* What was reported has been taken, also a failure. */
	return hp_value_is(hp_map_get(reply, "type"), "error") ? result : HOLDPOINT_OK;
}

int
holdpoint_withdraw(struct holdpoint_request *request, const char *reason)
{
	struct hp_value *map = message_of(request, "withdraw");
	if (reason)
		hp_map_set_str(&request->answer, map, "reason", reason);
	int result = call_and_hear(request, map);
	return strcmp(request->state, hp_state_name(HP_STATE_WITHDRAWN)) == 0 ? HOLDPOINT_OK
									       : result;
}

const char *
holdpoint_request_id(const struct holdpoint_request *request)
{
	return request->request.id;
}

const char *
holdpoint_request_state(const struct holdpoint_request *request)
{
	return request->state;
}

const char *
holdpoint_request_reason(const struct holdpoint_request *request)
{
	return request->reason;
}

const char *
holdpoint_request_json(const struct holdpoint_request *request)
{
	return hp_buf_text(&request->json);
}
