/* The places of an instance: a queue, the thread that writes from it, and what becomes of each. */
#include "broker/anchor.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "broker/log.h"

enum {
	QUEUE = 64,	    /* checkpoints that wait for a slow place */
	TEXT_BYTES = 1024,  /* more than any checkpoint: an origin has at most 128 bytes */
	LAST_WORDS_S = 5,   /* how long a stop waits for them */
	REASON_BYTES = 512, /* as an error's message */
};

struct place {
	struct hp_config_anchor anchor;
	const char *name;
	bool failing, news;
	int64_t written_ms; /* wall clock: when it last took a checkpoint; 0: not yet */
	char reason[REASON_BYTES];
};

struct hp_anchors {
	pthread_mutex_t mutex;
	pthread_cond_t more, ended_now;
	pthread_t thread;
	bool stopping, ended;
	char queue[QUEUE][TEXT_BYTES]; /* a ring */
	size_t first, waiting;
	size_t writing; /* the place that is being written to; place_count: none */
	int event_fd;
	size_t place_count;
	struct place places[];
};

/* With the mutex held. */
static void
set_failing(struct hp_anchors *anchors, struct place *place, bool failing, const char *reason)
{
	const uint64_t one = 1;
	if (place->failing == failing)
		return;
	place->failing = failing;
	place->news = !place->news; /* what began and ended before anybody looked is no news */
	snprintf(place->reason, sizeof place->reason, "%s", reason);
	if (write(anchors->event_fd, &one, sizeof one) < 0) {
		/* full: it is readable already */
	}
}

static int64_t
wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Writes one text everywhere; with the mutex held, but for the writing. */
static void
write_everywhere(struct hp_anchors *anchors, const char *text)
{
	for (size_t i = 0; i < anchors->place_count; i++) {
		struct hp_error err = {0};
		anchors->writing = i;
		pthread_mutex_unlock(&anchors->mutex);
		bool good = hp_anchor_write(&anchors->places[i].anchor, text, &err);
		pthread_mutex_lock(&anchors->mutex);
		set_failing(anchors, &anchors->places[i], !good, err.message);
		if (good)
			anchors->places[i].written_ms = wall_ms();
	}
	anchors->writing = anchors->place_count;
}

static void *
work(void *context)
{
	struct hp_anchors *anchors = context;
	char text[TEXT_BYTES];
	pthread_mutex_lock(&anchors->mutex);
	for (;;) {
		while (!anchors->waiting && !anchors->stopping)
			pthread_cond_wait(&anchors->more, &anchors->mutex);
		if (!anchors->waiting)
			break;
		memcpy(text, anchors->queue[anchors->first], sizeof text);
		anchors->first = (anchors->first + 1) % QUEUE;
		anchors->waiting--;
		write_everywhere(anchors, text);
	}
	anchors->ended = true;
	pthread_cond_signal(&anchors->ended_now);
	pthread_mutex_unlock(&anchors->mutex);
	return NULL;
}

enum hp_status
hp_anchors_open(const struct hp_config *config, struct hp_anchors **ret_anchors,
		struct hp_error *err)
{
	if (!config->anchor_count)
		return HP_OK;
	struct hp_anchors *anchors =
		calloc(1, sizeof *anchors + config->anchor_count * sizeof anchors->places[0]);
	if (!anchors)
		return hp_fail(err, HP_NOMEM, "out of memory");
	anchors->place_count = anchors->writing = config->anchor_count;
	for (size_t i = 0; i < config->anchor_count; i++) {
		anchors->places[i].anchor = config->anchors[i];
		anchors->places[i].name =
			config->anchors[i].file ? config->anchors[i].file : "syslog";
	}
	openlog("holdpointd", LOG_PID, LOG_AUTH);
	anchors->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&anchors->mutex, NULL);
	pthread_cond_init(&anchors->more, NULL);
	pthread_cond_init(&anchors->ended_now, NULL);
	int error = anchors->event_fd < 0 ? errno : pthread_create(&anchors->thread, NULL, work, anchors);
	if (!error) {
		*ret_anchors = anchors;
		return HP_OK;
	}
	if (anchors->event_fd >= 0)
		close(anchors->event_fd);
	free(anchors);
	return hp_fail(err, HP_IO, "cannot start the writer of anchors: %s", strerror(error));
}

void
hp_anchors_close(struct hp_anchors *anchors)
{
	struct timespec until;
	if (!anchors)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LAST_WORDS_S;
	pthread_mutex_lock(&anchors->mutex);
	anchors->stopping = true;
	pthread_cond_signal(&anchors->more);
	while (!anchors->ended)
		if (pthread_cond_timedwait(&anchors->ended_now, &anchors->mutex, &until) != 0)
			break;
	bool ended = anchors->ended;
	pthread_mutex_unlock(&anchors->mutex);
	if (!ended) { /* it hangs in the system: its memory stays its own */
		HP_LOG("error", "anchor", "reason", "a place does not answer; stopping without it");
		pthread_detach(anchors->thread);
		return;
	}
	pthread_join(anchors->thread, NULL);
	for (size_t i = 0; i < anchors->place_count; i++)
		if (anchors->places[i].news)
			HP_LOG("error", "anchor", "anchor", anchors->places[i].name, "reason",
			       anchors->places[i].reason);
	close(anchors->event_fd);
	pthread_cond_destroy(&anchors->more);
	pthread_cond_destroy(&anchors->ended_now);
	pthread_mutex_destroy(&anchors->mutex);
	free(anchors);
	closelog();
}

void
hp_anchors_put(struct hp_anchors *anchors, const char *text)
{
	if (!anchors || strlen(text) >= TEXT_BYTES)
		return;
	pthread_mutex_lock(&anchors->mutex);
	if (anchors->waiting == QUEUE) {
		anchors->first = (anchors->first + 1) % QUEUE;
		anchors->waiting--;
		if (anchors->writing < anchors->place_count)
			set_failing(anchors, &anchors->places[anchors->writing], true,
				    "it does not answer: checkpoints are skipped");
	}
	snprintf(anchors->queue[(anchors->first + anchors->waiting++) % QUEUE], TEXT_BYTES, "%s",
		 text);
	pthread_cond_signal(&anchors->more);
	pthread_mutex_unlock(&anchors->mutex);
}

int
hp_anchors_fd(const struct hp_anchors *anchors)
{
	return anchors ? anchors->event_fd : -1;
}

static void
tell(struct hp_broker *broker, const struct place *place)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_value *body = hp_value_map(arena);
	hp_map_set_str(arena, body, "anchor", place->name);
	hp_map_set_bool(arena, body, "failing", place->failing);
	if (place->failing)
		hp_map_set_str(arena, body, "reason", place->reason);
	hp_record(broker, "anchor", "broker", NULL, body, true);
	HP_LOG(place->failing ? "error" : "info", "anchor", "anchor", place->name, "reason",
	       place->failing ? place->reason : "it takes checkpoints again");
}

void
hp_anchors_tell(struct hp_broker *broker)
{
	struct hp_anchors *anchors = broker->anchors;
	uint64_t count;
	if (!anchors || read(anchors->event_fd, &count, sizeof count) < 0)
		return;
	for (size_t i = 0; i < anchors->place_count && !broker->fatal; i++) {
		pthread_mutex_lock(&anchors->mutex);
		struct place place = anchors->places[i];
		anchors->places[i].news = false;
		pthread_mutex_unlock(&anchors->mutex);
		if (place.news)
			tell(broker, &place);
	}
}

size_t
hp_anchors_count(const struct hp_anchors *anchors)
{
	return anchors ? anchors->place_count : 0;
}

size_t
hp_anchors_failing(struct hp_anchors *anchors)
{
	size_t failing = 0;
	if (!anchors)
		return 0;
	pthread_mutex_lock(&anchors->mutex);
	for (size_t i = 0; i < anchors->place_count; i++)
		failing += anchors->places[i].failing;
	pthread_mutex_unlock(&anchors->mutex);
	return failing;
}

int64_t
hp_anchors_written_ms(struct hp_anchors *anchors)
{
	int64_t oldest = INT64_MAX;
	if (!anchors)
		return 0;
	pthread_mutex_lock(&anchors->mutex);
	for (size_t i = 0; i < anchors->place_count; i++)
		if (anchors->places[i].written_ms < oldest)
			oldest = anchors->places[i].written_ms;
	pthread_mutex_unlock(&anchors->mutex);
	return oldest;
}
