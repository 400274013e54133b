#include "tests/bench/fill.h"

#include <stdio.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/store.h"
#include "tests/bench/servers.h"

enum { BATCH = 100000, DAY_MS = 86400000, CANONICAL_BYTES = 1900, ACTION_BYTES = 400 };

/* Spread as random ids are, and the same again for the same number (SplitMix64's finaliser). */
static uint64_t
spread(uint64_t n)
{
	n = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
	n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
	return n ^ n >> 31;
}

void
fill_id(size_t n, char ret_id[HP_UUID_BYTES])
{
	uint64_t a = spread(n), b = spread(~(uint64_t)n);
	snprintf(ret_id, HP_UUID_BYTES, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(a >> 32),
		 (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff), (unsigned)(b >> 52),
		 (unsigned long long)(b & 0xffffffffffff));
}

static struct hp_row
make_row(size_t n, const struct hp_clock *clock, bool pending, char id[HP_UUID_BYTES])
{
	static const enum hp_state states[] = {HP_STATE_SUCCEEDED, HP_STATE_SUCCEEDED,
					       HP_STATE_DENIED, HP_STATE_EXPIRED, HP_STATE_LAPSED};
	static const char *const requesters[] = {"demo-agent-supervised", "demo-agent", "agent-a",
						 "agent-b"};
	static char canonical[CANONICAL_BYTES], action[ACTION_BYTES], salt[HP_SALT_BYTES];
	struct hp_row row = {
		.id = id,
		.requester = requesters[n % 4],
		.owner = "developer",
		.via = "",
		.mode = "supervised",
		.session = "fix-cost-explorer-7",
		.audience = "executor",
		.tier = "gated",
		.effect = "escalate",
		.environment = "production",
		.operation = "lambda:UpdateFunctionConfiguration",
		.resource = "function/cost-refresh-prod",
		.summary = "Let the refresh job retry stale cost rows",
		.classes = {"\x91\xa6update", 8},
		.flags = {"\x90", 1},
		.quorum = {"\x90", 1},
		.canonical = {canonical, sizeof canonical},
		.resource_count = 1,
		.submitted_ms = clock->wall_ms,
		.submitted_at = hp_clock_after(clock, 0),
		.max_deadline_ms = clock->wall_ms + DAY_MS,
		.needed = 1,
		.state = pending ? HP_STATE_PENDING : states[n % 5],
		.reason = "",
		.by = pending ? "" : "reviewer",
		.claimer = "",
	};
	uint64_t bits = spread(n);
	memcpy(row.digest, &bits, sizeof bits);
	memcpy(row.content_hash, &bits, sizeof bits);
	if (pending) {
		row.due = hp_clock_after(clock, DAY_MS);
		row.action = (struct hp_str){action, sizeof action};
		row.salt = (struct hp_str){salt, sizeof salt};
	}
	return row;
}

void
fill_store(const char *home, size_t from, size_t to, bool pending)
{
	struct hp_store *store = NULL;
	struct hp_error err = {0};
	struct hp_clock clock;
	char id[HP_UUID_BYTES];
	if (hp_clock_read(&clock) != HP_OK ||
	    hp_store_open(bench_format("%s/state/holdpoint.db", home), &store, &err) != HP_OK)
		bench_die("%s", err.message);
	for (size_t n = from; n < to;) {
		enum hp_status status = hp_store_begin(store);
		for (size_t i = 0; status == HP_OK && i < BATCH && n < to; i++, n++) {
			fill_id(n, id);
			struct hp_row row = make_row(n, &clock, pending, id);
			status = hp_store_insert(store, &row);
		}
		if (status == HP_OK)
			status = hp_store_commit(store);
		if (status == HP_OK)
			status = hp_store_checkpoint_wal(store);
		if (status != HP_OK)
			bench_die("cannot fill the store: %s", hp_store_error(store));
	}
	hp_store_close(store);
}
