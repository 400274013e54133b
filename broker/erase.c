#include "broker/erase.h"

#include "broker/hide.h"
#include "broker/log.h"
#include "broker/reply.h"

enum {
	REQUESTS_A_TURN = 8,
	LEAVES_A_LEAF = 1024,	/* sequence numbers in one body */
	LOOK_AGAIN_MS = 60000,	/* by age: at least as often, and ten times in an erase_after */
	WAL_AGAIN_MS = 1000,
};

/* Why: an admin's words, or the setting that says it. */
struct cause {
	const char *by, *reason; /* reason NULL: by age */
};

static void
record(struct hp_broker *broker, const struct cause *cause, const struct hp_row *row,
       const int64_t *seqs, size_t count)
{
	struct hp_arena *arena = &broker->arena;
	struct hp_value *body = hp_value_map(arena), *leaves = hp_value_array(arena);
	for (size_t i = 0; i < count; i++)
		hp_array_add(arena, leaves, hp_value_int(arena, seqs[i]));
	hp_map_set_str(arena, body, "cause", cause->reason ? "asked" : "age");
	if (cause->reason)
		hp_map_set_str(arena, body, "reason", cause->reason);
	else
		hp_map_set_int(arena, body, "erase_after_ms", broker->config.erase_after_ms);
	hp_map_set(arena, body, "leaves", leaves);
	hp_record_about(broker, "erase", cause->by, row, HP_STORE_NOTHING, body);
	broker->erased_wal = true;
}

/* The bodies about this, with their leaves that say so; how many. */
static size_t
erase_bodies(struct hp_broker *broker, const struct cause *cause, const struct hp_row *row)
{
	size_t count = LEAVES_A_LEAF, total = 0;
	while (count == LEAVES_A_LEAF && !broker->fatal) {
		int64_t *seqs = NULL;
		if (hp_store_erase_leaves(broker->store, &broker->arena, row->key, INT64_MAX,
					  LEAVES_A_LEAF, &seqs, &count) != HP_OK) {
			hp_store_failed(broker, "erasing bodies");
			return total;
		}
		if (count || !total)
			record(broker, cause, row, seqs, count);
		total += count;
	}
	return total;
}

/* One request that has ended; *ret_leaves of it. HP_CODE_conflict: it has not, or is erased. */
static enum hp_code
erase(struct hp_broker *broker, struct hp_row *row, const struct cause *cause, size_t *ret_leaves)
{
	enum hp_status status = hp_store_erase_request(broker->store, row->key, cause->by,
						       broker->clock.wall_ms);
	if (status == HP_CONFLICT)
		return HP_CODE_conflict;
	if (status != HP_OK) {
		hp_store_failed(broker, "erasing a request");
		return HP_CODE_unavailable;
	}
	row->erased_ms = broker->clock.wall_ms;
	row->erased_by = cause->by;
	*ret_leaves = erase_bodies(broker, cause, row);
	broker->counters.erasures++;
	HP_LOG("info", "erase", "request", row->id, "by", cause->by);
	return HP_CODE_ok;
}

struct hp_value *
hp_handle_erase(struct hp_call *call)
{
	struct hp_broker *broker = call->broker;
	struct hp_arena *arena = &broker->arena;
	struct hp_row row;
	struct hp_value *refusal;
	if (!hp_reply_find(call, &row, &refusal))
		return refusal;
	if (row.erased_ms)
		return hp_refuse(call, HP_CODE_final, NULL, "the request was erased already, by %s",
				 row.erased_by);
	const struct cause cause = {
		.by = call->who->name,
		.reason = hp_hide_field(call, "reason"),
	};
	size_t leaves = 0;
	enum hp_code code = erase(broker, &row, &cause, &leaves);
	if (broker->fatal)
		return NULL;
	if (code != HP_CODE_ok)
		return hp_refuse(call, code, NULL,
				 "only a request that has ended is erased; this one is %s",
				 hp_state_name(row.state));
	struct hp_value *reply = hp_reply_new(broker, "erased");
	hp_map_set_str(arena, reply, "id", row.id);
	hp_map_set_str(arena, reply, "erased_by", row.erased_by);
	hp_map_set_int(arena, reply, "erased_ms", row.erased_ms);
	hp_map_set_int(arena, reply, "leaves", (int64_t)leaves);
	return reply;
}

/* ---- by age ---- */

/* What was refused and is no request: its leaves alone. False: there may be more. */
static bool
erase_refused(struct hp_broker *broker, const struct cause *cause, int64_t before_ms)
{
	int64_t *seqs = NULL;
	size_t count = 0;
	if (hp_store_erase_leaves(broker->store, &broker->arena, HP_STORE_REFUSED, before_ms,
				  LEAVES_A_LEAF, &seqs, &count) != HP_OK) {
		hp_store_failed(broker, "erasing bodies");
		return true;
	}
	if (count)
		record(broker, cause, NULL, seqs, count);
	return count < LEAVES_A_LEAF;
}

void
hp_erase_run(struct hp_broker *broker)
{
	static const struct cause age = {.by = "broker"};
	int64_t after_ms = broker->config.erase_after_ms, now_ms = broker->clock.boottime_ms;
	int64_t *keys = NULL;
	size_t count = 0, leaves;
	if (after_ms < 0 || now_ms < broker->erase_due_ms || broker->frozen || broker->fatal)
		return;
	int64_t before_ms = broker->clock.wall_ms - after_ms;
	if (hp_store_erasable(broker->store, &broker->arena, before_ms, REQUESTS_A_TURN, &keys,
			      &count) != HP_OK) {
		hp_store_failed(broker, "looking for what to erase");
		return;
	}
	for (size_t i = 0; i < count && !broker->fatal; i++) {
		struct hp_row row;
		if (hp_store_get_key(broker->store, &broker->arena, keys[i], &row) != HP_OK)
			hp_store_failed(broker, "reading a request");
		else
			(void)erase(broker, &row, &age, &leaves);
	}
	bool done = count < REQUESTS_A_TURN;
	if (done && !broker->fatal)
		done = erase_refused(broker, &age, before_ms);
	int64_t again_ms = after_ms / 10 < LOOK_AGAIN_MS ? after_ms / 10 : LOOK_AGAIN_MS;
	broker->erase_due_ms = now_ms + (done ? again_ms : 0);
}

int64_t
hp_erase_next_ms(const struct hp_broker *broker)
{
	int64_t wait_ms = -1;
	if (broker->config.erase_after_ms >= 0 && !broker->frozen) {
		wait_ms = broker->erase_due_ms - broker->clock.boottime_ms;
		wait_ms = wait_ms > 0 ? wait_ms : 0;
	}
	if (broker->erased_wal && (wait_ms < 0 || wait_ms > WAL_AGAIN_MS))
		wait_ms = WAL_AGAIN_MS;
	return wait_ms;
}

void
hp_erase_finish(struct hp_broker *broker)
{
	if (!broker->erased_wal)
		return;
	enum hp_status status = hp_store_truncate_wal(broker->store);
	if (status == HP_UNAVAILABLE) {
		if (!broker->erased_wal_said)
			HP_LOG("warning", "erase-waits", "reason",
			       "somebody reads the database: what was erased is still in its "
			       "write-ahead log until they have gone");
		broker->erased_wal_said = true;
		return;
	}
	if (status != HP_OK)
		hp_store_failed(broker, "emptying the write-ahead log");
	broker->erased_wal = broker->erased_wal_said = false;
}
