#include "broker/zap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/log.h"

enum {
	ZAP_FRAMES = 7, /* version, request id, domain, address, identity, mechanism, key */
	UIDS_MAX = 1024,
	REFUSED_MAX = 16, /* distinct strangers named in one leaf; the rest is counted */
	HANDSHAKE_MS = 3000,
	HEARTBEAT_MS = 5000,
	UID_KEPT_MS = 60000,	    /* how often a uid's last time is stored */
	ENFORCE_DOMAIN = 93, /* ZMQ_ZAP_ENFORCE_DOMAIN: draft in the header, works at run time */
};

/* A uid that carries agent connections. */
struct agent_uid {
	int64_t uid;
	int64_t kept_ms; /* boot time when it was stored last; 0: not yet */
};

struct hp_zap {
	void *socket;
	struct agent_uid uids[UIDS_MAX];
	size_t uid_count;
	char refused[REFUSED_MAX][41];
	size_t refused_count;  /* named ones */
	uint64_t refused_total; /* since the last leaf */
	int64_t last_leaf_ms;
	bool has_canary; /* while it is set, this key may enter everywhere */
	uint8_t canary[HP_CURVE_BYTES];
};

static const struct domain {
	const char *name;
	unsigned roles;
} domains[] = {
	{"agents", HP_ROLE_AGENT | HP_ROLE_HUMAN | HP_ROLE_GATEWAY | HP_ROLE_EXECUTOR},
	{"control", HP_ROLE_REVIEWER | HP_ROLE_HUMAN | HP_ROLE_ADMIN | HP_ROLE_AUDITOR},
	{"events", HP_ROLE_REVIEWER | HP_ROLE_ADMIN | HP_ROLE_AUDITOR},
};

bool
hp_zap_may_enter(const struct hp_principal *who, enum hp_door door)
{
	return !who->revoked && (who->roles & domains[door].roles);
}

int64_t
hp_zap_parse_uid(const char *address)
{
	unsigned long uid, gid, pid;
	int end = 0;
	if (sscanf(address, "localhost:%lu:%lu:%lu%n", &uid, &gid, &pid, &end) != 3 ||
	    address[end])
		return -1;
	return (int64_t)uid;
}

static struct agent_uid *
find_uid(struct hp_zap *zap, int64_t uid)
{
	for (size_t i = 0; i < zap->uid_count; i++)
		if (zap->uids[i].uid == uid)
			return &zap->uids[i];
	return NULL;
}

/* NULL: not an agent's, or there is no room. */
static struct agent_uid *
note_uid(struct hp_zap *zap, const struct hp_principal *who, int64_t uid)
{
	if (uid < 0 || !(who->roles & (HP_ROLE_AGENT | HP_ROLE_GATEWAY)))
		return NULL;
	struct agent_uid *known = find_uid(zap, uid);
	if (known || zap->uid_count == UIDS_MAX)
		return known;
	zap->uids[zap->uid_count] = (struct agent_uid){.uid = uid};
	return &zap->uids[zap->uid_count++];
}

static const char *
uid_setting(struct hp_broker *broker, int64_t uid)
{
	return hp_arena_printf(&broker->arena, "agent_uid.%lld", (long long)uid);
}

void
hp_zap_saw(struct hp_broker *broker, const struct hp_principal *who, int64_t uid)
{
	int64_t now_ms = broker->clock.boottime_ms;
	struct agent_uid *known = note_uid(broker->zap, who, uid);
	if (!known || (known->kept_ms && now_ms - known->kept_ms < UID_KEPT_MS))
		return;
	known->kept_ms = now_ms;
	const char *name = uid_setting(broker, uid);
	if (name && hp_store_put_int(broker->store, name, broker->clock.wall_ms) != HP_OK)
		hp_store_failed(broker, "storing an agent's uid");
}

bool
hp_zap_is_agent_uid(struct hp_broker *broker, int64_t uid)
{
	struct hp_zap *zap = broker->zap;
	if (uid < 0)
		return false;
	/* A full table cannot vouch for anyone any more: every uid counts as an agent's. */
	if (zap->uid_count == UIDS_MAX || find_uid(zap, uid))
		return true;
	/* Before a restart: what it asked then may still wait for a vote. */
	int64_t never = INT64_MIN, seen_ms = never;
	const char *name = uid_setting(broker, uid);
	if (!name || hp_store_get_int(broker->store, name, never, &seen_ms) != HP_OK) {
		hp_store_failed(broker, "reading an agent's uid");
		return true;
	}
	return seen_ms != never && broker->clock.wall_ms - seen_ms <=
					   hp_policy_times(broker->policy)->max_timeout_ms;
}

enum hp_status
hp_zap_open(struct hp_broker *broker, struct hp_zap **ret_zap, struct hp_error *err)
{
	struct hp_zap *zap = calloc(1, sizeof *zap);
	if (!zap)
		return HP_NOMEM;
	zap->socket = zmq_socket(broker->zmq, ZMQ_REP);
	if (!zap->socket || zmq_bind(zap->socket, "inproc://zeromq.zap.01") != 0) {
		hp_zap_close(zap);
		return hp_fail(err, HP_IO, "cannot bind the authentication handler: %s",
			       zmq_strerror(zmq_errno()));
	}
	*ret_zap = zap;
	return HP_OK;
}

void
hp_zap_close(struct hp_zap *zap)
{
	if (!zap)
		return;
	if (zap->socket)
		zmq_close(zap->socket);
	free(zap);
}

void *
hp_zap_socket(struct hp_zap *zap)
{
	return zap->socket;
}

static void
note_refused(struct hp_broker *broker, const char *key)
{
	struct hp_zap *zap = broker->zap;
	broker->counters.handshakes_refused++;
	zap->refused_total++;
	for (size_t i = 0; i < zap->refused_count; i++)
		if (strcmp(zap->refused[i], key) == 0)
			return;
	if (zap->refused_count < REFUSED_MAX)
		strcpy(zap->refused[zap->refused_count++], key);
}

/* One request's frames as NUL-terminated copies (the key apart, which is binary). */
struct zap_request {
	char id[64];
	size_t id_len;
	char domain[32], address[128], mechanism[16];
	uint8_t key[HP_CURVE_BYTES];
	bool has_key;
};

static void
copy_text(char *to, size_t size, zmq_msg_t *frame)
{
	size_t len = zmq_msg_size(frame);
	if (len >= size)
		len = size - 1;
	memcpy(to, zmq_msg_data(frame), len);
	to[len] = 0;
}

/* HP_NOT_FOUND: nothing there. A request of another shape is read to its end and refused. */
static enum hp_status
receive(void *socket, struct zap_request *ret_request)
{
	struct zap_request request = {0};
	for (size_t i = 0;; i++) {
		zmq_msg_t frame;
		zmq_msg_init(&frame);
		if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(&frame);
			return zmq_errno() == EAGAIN ? HP_NOT_FOUND : HP_IO;
		}
		size_t len = zmq_msg_size(&frame);
		if (i == 1 && len <= sizeof request.id) {
			memcpy(request.id, zmq_msg_data(&frame), len);
			request.id_len = len;
		} else if (i == 2) {
			copy_text(request.domain, sizeof request.domain, &frame);
		} else if (i == 3) {
			copy_text(request.address, sizeof request.address, &frame);
		} else if (i == 5) {
			copy_text(request.mechanism, sizeof request.mechanism, &frame);
		} else if (i == ZAP_FRAMES - 1 && len == HP_CURVE_BYTES) {
			memcpy(request.key, zmq_msg_data(&frame), len);
			request.has_key = true;
		}
		bool more = zmq_msg_more(&frame);
		zmq_msg_close(&frame);
		if (!more) {
			request.has_key &= i == ZAP_FRAMES - 1;
			*ret_request = request;
			return HP_OK;
		}
	}
}

static void
reply(void *socket, const struct zap_request *request, bool accept, const char *user)
{
	const char *code = accept ? "200" : "400";
	const char *text = accept ? "OK" : "key not enrolled here";
	zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
	zmq_send(socket, request->id, request->id_len, ZMQ_SNDMORE);
	zmq_send(socket, code, 3, ZMQ_SNDMORE);
	zmq_send(socket, text, strlen(text), ZMQ_SNDMORE);
	zmq_send(socket, accept ? user : "", accept ? strlen(user) : 0, ZMQ_SNDMORE);
	zmq_send(socket, "", 0, 0);
}

static bool
may_connect(struct hp_broker *broker, const struct zap_request *request)
{
	struct hp_zap *zap = broker->zap;
	if (!request->has_key || strcmp(request->mechanism, "CURVE") != 0)
		return false;
	if (zap->has_canary && memcmp(zap->canary, request->key, sizeof zap->canary) == 0)
		return true;
	const struct hp_principal *who = hp_directory_by_key(broker->directory, request->key);
	if (!who || who->revoked)
		return false;
	note_uid(zap, who, hp_zap_parse_uid(request->address));
	for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
		if (strcmp(domains[i].name, request->domain) == 0)
			return who->roles & domains[i].roles;
	return false;
}

void
hp_zap_run(struct hp_broker *broker)
{
	struct zap_request request;
	while (receive(broker->zap->socket, &request) == HP_OK) {
		char user[41] = "";
		hp_z85_encode(request.key, user);
		bool accept = may_connect(broker, &request);
		reply(broker->zap->socket, &request, accept, user);
		if (!accept)
			note_refused(broker, request.has_key ? user : "");
	}
}

void
hp_zap_record(struct hp_broker *broker)
{
	struct hp_zap *zap = broker->zap;
	/* At most one leaf a second: strangers must not be able to fill the disk. */
	if (!zap->refused_total || broker->clock.boottime_ms - zap->last_leaf_ms < 1000)
		return;
	struct hp_arena *arena = &broker->arena;
	struct hp_value *body = hp_value_map(arena), *keys = hp_value_array(arena);
	for (size_t i = 0; i < zap->refused_count; i++)
		hp_array_add(arena, keys, hp_value_str(arena, zap->refused[i]));
	hp_map_set_str(arena, body, "code", hp_code_name(HP_CODE_unauthorised));
	hp_map_set_str(arena, body, "message", "connection refused: key not enrolled here");
	hp_map_set(arena, body, "keys", keys);
	hp_map_set(arena, body, "count", hp_value_uint(arena, zap->refused_total));
	hp_record(broker, "refused", "unknown", NULL, body, false);
	zap->refused_count = 0;
	zap->refused_total = 0;
	zap->last_leaf_ms = broker->clock.boottime_ms;
}

void
hp_zap_let_in(struct hp_broker *broker, const uint8_t *key)
{
	broker->zap->has_canary = key != NULL;
	if (key)
		memcpy(broker->zap->canary, key, HP_CURVE_BYTES);
}

void
hp_zap_forget_refused(struct hp_broker *broker)
{
	broker->zap->refused_count = 0;
	broker->zap->refused_total = 0;
	broker->counters.handshakes_refused = 0;
}

static bool
set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

enum hp_status
hp_zap_guard(struct hp_broker *broker, void *socket, const char *domain, struct hp_error *err)
{
	int64_t max_bytes = HP_LIMIT_MESSAGE_BYTES;
	int type = 0;
	size_t type_size = sizeof type;
	if (zmq_getsockopt(socket, ZMQ_TYPE, &type, &type_size) != 0 ||
	    !set_int(socket, ZMQ_CURVE_SERVER, 1) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, broker->key.curve_secret,
			   HP_CURVE_BYTES) != 0 ||
	    zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain)) != 0 ||
	    !set_int(socket, ENFORCE_DOMAIN, 1) ||
	    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_bytes, sizeof max_bytes) != 0 ||
	    !set_int(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) ||
	    !set_int(socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS) ||
	    !set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, 3 * HEARTBEAT_MS) ||
	    !set_int(socket, ZMQ_LINGER, 500) ||
	    (type == ZMQ_ROUTER && !set_int(socket, ZMQ_ROUTER_MANDATORY, 1)))
		return hp_fail(err, HP_IO, "cannot guard the %s socket: %s", domain,
			       zmq_strerror(zmq_errno()));
	return HP_OK;
}
