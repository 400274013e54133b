/* Meters: small states by agent and name, and what each request of an agent cost. */
#include "broker/store_sqlite.h"

#include <string.h>

enum hp_status
hp_store_get_meter(struct hp_store *store, struct hp_arena *arena, const char *agent,
		   const char *name, struct hp_str *ret_state)
{
	static const char sql[] = "SELECT state FROM meter WHERE agent = ? AND name = ?";
	struct hp_str state = {0};
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, agent);
	hp_query_text(&query, name);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK)
		state = hp_query_read_str(&query, arena);
	status = hp_query_end(&query, arena, status);
	if (status == HP_OK)
		*ret_state = state;
	return status;
}

enum hp_status
hp_store_put_meter(struct hp_store *store, const char *agent, const char *name,
		   struct hp_str state)
{
	static const char sql[] =
		"INSERT INTO meter(agent, name, state) VALUES(?,?,?)"
		" ON CONFLICT(agent, name) DO UPDATE SET state = excluded.state";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_text(&query, agent);
	hp_query_text(&query, name);
	hp_query_must_str(&query, state);
	return hp_query_run(&query);
}

/* One number out of one row; none: `fallback` stays. */
static enum hp_status
read_number(struct hp_query *query, int64_t *ret_number)
{
	int64_t number = 0;
	enum hp_status status = hp_query_row(query);
	if (status == HP_OK)
		number = hp_query_read_int(query);
	status = hp_query_end(query, NULL, status);
	if (status == HP_OK)
		*ret_number = number;
	return status;
}

enum hp_status
hp_store_count_meters(struct hp_store *store, const char *agent, const char *prefix,
		      int64_t *ret_count)
{
	/* Names are text in UTF-8: nothing sorts behind a prefix and this. */
	static const char sql[] = "SELECT count(*) FROM meter WHERE agent = ?1 AND name >= ?2"
				  " AND name < ?2 || char(1114111)";
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, agent);
	hp_query_text(&query, prefix);
	return read_number(&query, ret_count);
}

enum hp_status
hp_store_count_pending(struct hp_store *store, const char *agent, int64_t most, int64_t *ret_count)
{
	static const char sql[] = "SELECT count(*) FROM (SELECT 1 FROM request"
				  " WHERE requester = ? AND state = 'pending' LIMIT ?)";
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, agent);
	hp_query_int(&query, most);
	return read_number(&query, ret_count);
}

enum hp_status
hp_store_add_metered(struct hp_store *store, int64_t key, const struct hp_metered *metered)
{
	static const char sql[] = "INSERT INTO metered(request, agent, at_ms, cost_micros, asked,"
				  " chain_resources, chain_micros, deed) VALUES(?,?,?,?,?,?,?,?)";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, key);
	hp_query_text(&query, metered->agent);
	hp_query_int(&query, metered->at_ms);
	hp_query_int(&query, metered->cost_micros);
	hp_query_int(&query, metered->asked);
	hp_query_int(&query, metered->chain_resources);
	hp_query_int(&query, metered->chain_micros);
	hp_query_blob(&query, metered->deed, sizeof metered->deed);
	return hp_query_run(&query);
}

enum hp_status
hp_store_get_metered(struct hp_store *store, struct hp_arena *arena, int64_t key,
		     struct hp_metered *ret_metered)
{
	static const char sql[] =
		"SELECT agent, at_ms, cost_micros, asked, chain_resources, chain_micros, deed"
		" FROM metered WHERE request = ?";
	struct hp_metered metered = {0};
	struct hp_query query = hp_query_start(store, sql);
	hp_query_int(&query, key);
	enum hp_status status = hp_query_row(&query);
	if (status == HP_OK) {
		metered.agent = hp_query_read_text(&query, arena);
		metered.at_ms = hp_query_read_int(&query);
		metered.cost_micros = hp_query_read_int(&query);
		metered.asked = hp_query_read_int(&query) != 0;
		metered.chain_resources = hp_query_read_int(&query);
		metered.chain_micros = hp_query_read_int(&query);
		(void)hp_query_read_bytes(&query, metered.deed, sizeof metered.deed);
	}
	status = hp_query_end(&query, arena, status);
	if (status == HP_OK)
		*ret_metered = metered;
	return status;
}

enum hp_status
hp_store_settle_metered(struct hp_store *store, int64_t key, int64_t cost_micros)
{
	static const char sql[] = "UPDATE metered SET cost_micros = ? WHERE request = ?";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, cost_micros);
	hp_query_int(&query, key);
	return hp_query_change(&query);
}

enum hp_status
hp_store_deny_metered(struct hp_store *store, int64_t key, int64_t at_ms)
{
	static const char sql[] = "UPDATE metered SET denied_ms = ? WHERE request = ?";
	struct hp_query query = hp_query_start_write(store, sql);
	hp_query_int(&query, at_ms);
	hp_query_int(&query, key);
	return hp_query_change(&query);
}

enum hp_status
hp_store_last_denied(struct hp_store *store, const char *agent, const uint8_t deed[32],
		     int64_t *ret_at_ms)
{
	static const char sql[] =
		"SELECT denied_ms FROM metered WHERE agent = ? AND deed = ?"
		" AND denied_ms IS NOT NULL ORDER BY denied_ms DESC LIMIT 1";
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, agent);
	hp_query_blob(&query, deed, 32);
	return read_number(&query, ret_at_ms);
}

static void
read_cost(struct hp_query *query, struct hp_arena *arena, void *item)
{
	struct hp_stored_cost *cost = item;
	(void)arena;
	cost->at_ms = hp_query_read_int(query);
	cost->asked = hp_query_read_int(query) != 0;
	cost->cost_micros = hp_query_read_int(query);
}

enum hp_status
hp_store_costs(struct hp_store *store, struct hp_arena *arena, const char *agent, int64_t from_ms,
	       int64_t slice_ms, struct hp_stored_cost **ret_costs, size_t *ret_count)
{
	/* A sum beyond 64 bits must not fail the store: total() is a float, and is cut. */
	static const char sql[] =
		"SELECT max(at_ms), asked, CAST(min(total(cost_micros), 9e18) AS INTEGER)"
		" FROM metered WHERE agent = ?1 AND at_ms > ?2 AND cost_micros > 0"
		" GROUP BY at_ms / ?3, asked";
	void *costs;
	struct hp_query query = hp_query_start(store, sql);
	hp_query_text(&query, agent);
	hp_query_int(&query, from_ms);
	hp_query_int(&query, slice_ms);
	enum hp_status status = hp_query_collect(&query, arena, sizeof(struct hp_stored_cost),
						 read_cost, &costs, ret_count);
	if (status == HP_OK)
		*ret_costs = costs;
	return status;
}
