#include "broker/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/zap.h"
#include "proto/file.h"

static const char ipc[] = "ipc://";

enum hp_status
hp_sockets_lock(struct hp_broker *broker, struct hp_error *err)
{
	const char *dir = broker->config.run_dir;
	enum hp_status status = hp_file_make_dir(dir, 0711, err);
	if (status != HP_OK)
		return status;
	const char *path = hp_arena_printf(&broker->config_arena, "%s/lock", dir);
	if (!path)
		return HP_NOMEM;
	broker->run_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (broker->run_lock < 0)
		return hp_fail(err, HP_IO, "cannot open %s: %s", path, strerror(errno));
	if (flock(broker->run_lock, LOCK_EX | LOCK_NB) != 0)
		return hp_fail(err, HP_CONFLICT, "another holdpointd serves this instance (%s)",
			       path);
	return HP_OK;
}

/* One descriptor a connection, and some for everything else. */
static void
raise_descriptors(int64_t connections)
{
	struct rlimit limit;
	rlim_t want = (rlim_t)connections + 256;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
		return;
	limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static enum hp_status
open_one(struct hp_broker *broker, int type, const char *domain, const char *endpoint,
	 void **ret_socket, struct hp_error *err)
{
	void *socket = zmq_socket(broker->zmq, type);
	if (!socket)
		return hp_fail(err, HP_IO, "cannot make the %s socket: %s", domain,
			       zmq_strerror(zmq_errno()));
	enum hp_status status = hp_zap_guard(broker, socket, domain, err);
	if (status == HP_OK && zmq_bind(socket, endpoint) != 0)
		status = hp_fail(err, HP_IO, "cannot bind %s to %s: %s", domain, endpoint,
				 zmq_strerror(zmq_errno()));
	if (status == HP_OK && strncmp(endpoint, ipc, strlen(ipc)) == 0 &&
	    chmod(endpoint + strlen(ipc), 0666) != 0)
		status = hp_fail(err, HP_IO, "cannot open %s to all users: %s", endpoint,
				 strerror(errno));
	if (status != HP_OK) {
		zmq_close(socket);
		return status;
	}
	*ret_socket = socket;
	return HP_OK;
}

enum hp_status
hp_sockets_open(struct hp_broker *broker, struct hp_error *err)
{
	const struct hp_config *config = &broker->config;
	enum hp_status status;
	raise_descriptors(config->max_connections);
	broker->zmq = zmq_ctx_new();
	if (!broker->zmq)
		return hp_fail(err, HP_IO, "cannot start ZeroMQ: %s", zmq_strerror(zmq_errno()));
	if ((status = hp_zap_open(broker, &broker->zap, err)) != HP_OK ||
	    (status = open_one(broker, ZMQ_ROUTER, "agents", config->agents,
			       &broker->sockets[HP_DOOR_AGENTS], err)) != HP_OK ||
	    (status = open_one(broker, ZMQ_ROUTER, "control", config->control,
			       &broker->sockets[HP_DOOR_CONTROL], err)) != HP_OK)
		return status;
	return open_one(broker, ZMQ_PUB, "events", config->events, &broker->events, err);
}

/*
 * Unbinds a socket and waits until its endpoint is free. libzmq closes a listener in its own thread:
 * bound again too early, a tcp port is still taken, and an ipc path is removed under the new one.
 */
static enum hp_status
unbind(struct hp_broker *broker, void *socket, struct hp_error *err)
{
	enum { PATIENCE_MS = 2000 };
	char watch[48], endpoint[256] = "";
	size_t size = sizeof endpoint;
	int no_wait = 0;
	/* An inproc name is free late: each has its own. */
	snprintf(watch, sizeof watch, "inproc://holdpoint.unbind.%u", broker->unbinds++);
	void *monitor = zmq_socket(broker->zmq, ZMQ_PAIR);
	zmq_pollitem_t item = {.socket = monitor, .events = ZMQ_POLLIN};
	bool closed = monitor &&
		      zmq_setsockopt(monitor, ZMQ_LINGER, &no_wait, sizeof no_wait) == 0 &&
		      zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0 &&
		      zmq_socket_monitor(socket, watch, ZMQ_EVENT_CLOSED) == 0 &&
		      zmq_connect(monitor, watch) == 0 && zmq_unbind(socket, endpoint) == 0 &&
		      zmq_poll(&item, 1, PATIENCE_MS) == 1;
	zmq_socket_monitor(socket, NULL, 0);
	if (monitor)
		zmq_close(monitor);
	return closed ? HP_OK : hp_fail(err, HP_IO, "cannot unbind %s: %s", endpoint,
					zmq_strerror(zmq_errno()));
}

enum hp_status
hp_sockets_reopen_events(struct hp_broker *broker, struct hp_error *err)
{
	int no_wait = 0;
	enum hp_status status = HP_OK;
	if (broker->events) {
		status = unbind(broker, broker->events, err);
		zmq_setsockopt(broker->events, ZMQ_LINGER, &no_wait, sizeof no_wait);
		zmq_close(broker->events);
		broker->events = NULL;
	}
	return status == HP_OK ? open_one(broker, ZMQ_PUB, "events", broker->config.events,
					  &broker->events, err)
			       : status;
}

void
hp_sockets_close(struct hp_broker *broker)
{
	for (size_t i = 0; i < HP_DOOR_COUNT; i++)
		if (broker->sockets[i])
			zmq_close(broker->sockets[i]);
	if (broker->events)
		zmq_close(broker->events);
	hp_zap_close(broker->zap);
	if (broker->zmq)
		zmq_ctx_term(broker->zmq);
	if (broker->run_lock >= 0)
		close(broker->run_lock);
}
