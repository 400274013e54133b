#include "tests/tui/feed.h"

#include <criterion/criterion.h>

#include "core/msgpack.h"
#include "core/request.h"

void
feed_init(struct feed *feed)
{
	*feed = (struct feed){0};
	hp_model_init(&feed->model, FEED_INSTANCE, false, NULL);
}

void
feed_release(struct feed *feed)
{
	hp_model_release(&feed->model);
	hp_arena_release(&feed->arena);
}

struct feed_request
feed_request(int number)
{
	return (struct feed_request){
		.number = number,
		.tier = "gated",
		.effect = "hold",
		.environment = "production",
		.operation = "rds:DeleteDBInstance",
		.resource = "db/orders-ro",
		.deadline_ms = FEED_NOW_MS + 300000,
		.state = "pending",
		.needed = 2,
	};
}

const char *
feed_id(struct feed *feed, int number)
{
	return hp_arena_printf(&feed->arena, "01936f2a-%04d-7000-8000-000000000000", number);
}

static struct hp_value *
list_of(struct hp_arena *arena, const char *text)
{
	struct hp_value *list = hp_value_array(arena);

	hp_array_add(arena, list, hp_value_str(arena, text));
	return list;
}

static struct hp_value *
impact(struct hp_arena *arena)
{
	static const char *const keys[] = {"resources_affected", "cost_usd", "downtime_s",
	                                   "users_affected",     "note",     "reversible"};
	struct hp_value *map = hp_value_map(arena);

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		hp_map_set(arena, map, keys[i], hp_value_nil(arena));
	return map;
}

static struct hp_value *
rollback(struct hp_arena *arena)
{
	struct hp_value *map = hp_value_map(arena);

	hp_map_set_str(arena, map, "plan", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15");
	hp_map_set_str(arena, map, "operation", "x:Restore");
	return map;
}

static struct hp_value *
canonical_map(struct feed *feed, const struct feed_request *request)
{
	static const char *const absent[] = {"arguments", "command",   "cwd",        "env",
	                                     "files",     "audience",  "confidence", "session",
	                                     "branch",    "supersedes"};
	static const char *const empty[] = {"alternatives", "evidence", "findings", "quorum"};
	struct hp_arena *arena = &feed->arena;
	struct hp_value *map = hp_value_map(arena);
	uint8_t zero[HP_HASH_BYTES] = {0};

	hp_map_set_int(arena, map, "v", 1);
	hp_map_set_str(arena, map, "instance", FEED_INSTANCE);
	hp_map_set_str(arena, map, "id", feed_id(feed, request->number));
	hp_map_set_str(arena, map, "requester", "kiro");
	hp_map_set_str(arena, map, "owner", "ben");
	hp_map_set_str(arena, map, "mode", "autonomous");
	hp_map_set_int(arena, map, "submitted_ms", FEED_NOW_MS);
	hp_map_set_str(arena, map, "environment", request->environment);
	hp_map_set(arena, map, "class", list_of(arena, "delete"));
	hp_map_set_str(arena, map, "tier", request->tier);
	hp_map_set_str(arena, map, "effect", request->effect);
	hp_map_set_str(arena, map, "operation", request->operation);
	hp_map_set(arena, map, "resources", list_of(arena, request->resource));
	hp_map_set_str(arena, map, "summary", "summary");
	hp_map_set_str(arena, map, "why", "why");
	hp_map_set(arena, map, "impact", impact(arena));
	hp_map_set(arena, map, "rollback",
	           request->with_rollback ? rollback(arena) : hp_value_nil(arena));
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		hp_map_set(arena, map, absent[i], hp_value_nil(arena));
	for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
		hp_map_set(arena, map, empty[i], hp_value_array(arena));
	hp_map_set_bin(arena, map, "policy", zero, sizeof zero);
	hp_map_set_bin(arena, map, "action_digest", zero, sizeof zero);
	return map;
}

static struct hp_value *
canonical(struct feed *feed, const struct feed_request *request, uint8_t digest[HP_HASH_BYTES])
{
	struct hp_buf bytes = {0};

	cr_assert_eq(hp_msgpack_encode(canonical_map(feed, request), &bytes, NULL), HP_OK);
	hp_request_digest(bytes.data, bytes.len, digest);
	struct hp_value *value = hp_value_bin(&feed->arena, bytes.data, bytes.len);
	hp_buf_release(&bytes);
	return value;
}

struct hp_value *
feed_summary(struct feed *feed, const struct feed_request *request)
{
	struct hp_arena *arena = &feed->arena;
	struct hp_value *map = hp_value_map(arena);
	uint8_t digest[HP_HASH_BYTES];

	canonical(feed, request, digest);
	hp_map_set_str(arena, map, "id", feed_id(feed, request->number));
	hp_map_set_str(arena, map, "state", request->state);
	hp_map_set_str(arena, map, "tier", request->tier);
	hp_map_set_str(arena, map, "effect", request->effect);
	hp_map_set_str(arena, map, "environment", request->environment);
	hp_map_set(arena, map, "class", list_of(arena, "delete"));
	hp_map_set_str(arena, map, "operation", request->operation);
	hp_map_set_str(arena, map, "resource", request->resource);
	hp_map_set_int(arena, map, "resources", 1);
	hp_map_set_str(arena, map, "requester", "kiro");
	hp_map_set_str(arena, map, "summary", "summary");
	hp_map_set_int(arena, map, "submitted_ms", FEED_NOW_MS);
	hp_map_set_int(arena, map, "deadline_ms", request->deadline_ms);
	hp_map_set_int(arena, map, "approvals", request->approvals);
	hp_map_set_int(arena, map, "needed", request->needed);
	hp_map_set_bin(arena, map, "digest", digest, sizeof digest);
	return map;
}

struct hp_value *
feed_listing(struct feed *feed, const struct feed_request *requests, size_t count,
             uint64_t event_seq)
{
	struct hp_arena *arena = &feed->arena;
	struct hp_value *map = hp_value_map(arena), *items = hp_value_array(arena);

	for (size_t i = 0; i < count; i++)
		hp_array_add(arena, items, feed_summary(feed, &requests[i]));
	hp_map_set_str(arena, map, "type", "requests");
	hp_map_set(arena, map, "items", items);
	hp_map_set(arena, map, "event_seq", hp_value_uint(arena, event_seq));
	return map;
}

struct hp_value *
feed_show(struct feed *feed, const struct feed_request *request)
{
	struct hp_value *map = feed_summary(feed, request);
	uint8_t digest[HP_HASH_BYTES];

	hp_map_set_str(&feed->arena, map, "type", "request");
	hp_map_set(&feed->arena, map, "canonical", canonical(feed, request, digest));
	hp_map_set(&feed->arena, map, "votes", hp_value_array(&feed->arena));
	hp_map_set(&feed->arena, map, "notes", hp_value_array(&feed->arena));
	hp_map_set(&feed->arena, map, "history", hp_value_array(&feed->arena));
	return map;
}

struct hp_value *
feed_event(struct feed *feed, const struct feed_request *request, const char *topic, uint64_t seq)
{
	struct hp_value *map = feed_summary(feed, request);

	hp_map_set_str(&feed->arena, map, "type", topic);
	hp_map_set(&feed->arena, map, "event_seq", hp_value_uint(&feed->arena, seq));
	return map;
}

struct hp_value *
feed_welcome(struct feed *feed, int64_t now_ms)
{
	struct hp_value *map = hp_value_map(&feed->arena);

	hp_map_set_str(&feed->arena, map, "type", "welcome");
	hp_map_set_str(&feed->arena, map, "principal", "ana");
	hp_map_set(&feed->arena, map, "roles", list_of(&feed->arena, "reviewer"));
	hp_map_set_int(&feed->arena, map, "now_ms", now_ms);
	hp_map_set_bool(&feed->arena, map, "halted", false);
	return map;
}

void
feed_list(struct feed *feed, const struct feed_request *requests, size_t count)
{
	char after[HP_ID_BYTES];

	hp_model_welcome(&feed->model, feed_welcome(feed, FEED_NOW_MS), 0);
	hp_queue_page(&feed->model, feed_listing(feed, requests, count, 10), true, after, 0);
	cr_assert_str_empty(after);
	hp_queue_refresh(&feed->model.queue);
}

void
feed_draw(struct feed *feed, size_t rows)
{
	cr_assert_eq(hp_pinned_lay_out(&feed->model, 80), HP_OK);
	hp_pinned_fit(&feed->model.pinned, rows);
	hp_pinned_note_drawn(&feed->model.pinned);
}

void
feed_open(struct feed *feed, const struct feed_request *request, size_t rows, int64_t now_ms)
{
	struct hp_model *model = &feed->model;
	const struct hp_row *row = hp_queue_find(&model->queue, feed_id(feed, request->number));

	cr_assert_not_null(row);
	hp_pinned_open(model, row);
	model->focus = HP_FOCUS_REQUEST;
	cr_assert(hp_pinned_load(model, feed_show(feed, request)) & HP_CHANGED_PANE);
	cr_assert_eq(model->pinned.phase, HP_PIN_READY, "%s", model->pinned.problem);
	feed_draw(feed, rows);
	hp_model_drawn(model, now_ms);
}
