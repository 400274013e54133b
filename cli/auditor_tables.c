/*
 * The tables, which the broker works with, against what the log says.
 *
 * Rows of `request` come in the order of their first leaves, so that they are read in one pass
 * beside the log. What no leaf covers is not compared: content hash, flags, longest deadline, nonce,
 * lease and stop, which are the broker's working values.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/auditor.h"
#include "core/msgpack.h"
#include "core/request.h"

enum { ROWS_AT_ONCE = 32 };

struct hp_auditor_tables {
	struct hp_store *store;
	struct hp_problems *problems;
	struct hp_arena page, scratch;
	struct hp_row *rows; /* read and not yet taken: [at, count) */
	size_t count, at;
	int64_t last_key;
	bool ended;
	enum hp_status status; /* the first failure of the store; hooks do nothing after it */
	int64_t requests, canonicals, votes; /* rows accounted for */
};

/* What a request remembers of its row until it has been told whole. */
struct kept {
	enum hp_state state;
	const char *reason, *by, *claimer;
	struct hp_due due;
	unsigned approvals, extensions;
	bool action;
};

enum hp_status
hp_auditor_tables_new(struct hp_store *store, struct hp_problems *problems,
		    struct hp_auditor_tables **ret_tables)
{
	struct hp_auditor_tables *tables = calloc(1, sizeof *tables);
	if (!tables)
		return HP_NOMEM;
	tables->store = store;
	tables->problems = problems;
	tables->last_key = INT64_MIN;
	*ret_tables = tables;
	return HP_OK;
}

void
hp_auditor_tables_free(struct hp_auditor_tables *tables)
{
	if (!tables)
		return;
	hp_arena_release(&tables->page);
	hp_arena_release(&tables->scratch);
	free(tables);
}

static bool
fail(struct hp_auditor_tables *tables, enum hp_status status)
{
	if (tables->status == HP_OK)
		tables->status = status;
	return false;
}

/* The next row in order; NULL: none, or a failure. */
static struct hp_row *
peek(struct hp_auditor_tables *tables)
{
	if (tables->at == tables->count && !tables->ended && tables->status == HP_OK) {
		hp_arena_reset(&tables->page);
		enum hp_status status = hp_store_rows(tables->store, &tables->page,
						      tables->last_key, ROWS_AT_ONCE,
						      &tables->rows, &tables->count);
		tables->at = 0;
		if (status != HP_OK) {
			fail(tables, status);
			tables->count = 0;
		}
		tables->ended = tables->count == 0;
	}
	return tables->at < tables->count ? &tables->rows[tables->at] : NULL;
}

static void
take(struct hp_auditor_tables *tables)
{
	tables->last_key = tables->rows[tables->at++].key;
	tables->requests++;
}

static void
unknown(struct hp_auditor_tables *tables, const struct hp_row *row)
{
	hp_problems_add(tables->problems, HP_NO_SEQ,
			"request %s: the log does not know it, the table does", row->id);
}

/* The row of this id, which stands next unless rows were added, removed or moved. */
static struct hp_row *
find_row(struct hp_auditor_tables *tables, const struct hp_replay_request *request)
{
	struct hp_row *row = peek(tables), elsewhere;
	if (row && strcmp(row->id, request->id) == 0)
		return row;
	enum hp_status status =
		hp_store_get(tables->store, &tables->scratch, request->id, &elsewhere);
	if (status != HP_OK && status != HP_NOT_FOUND) {
		fail(tables, status);
		return NULL;
	}
	while (status == HP_OK && row && row->key < elsewhere.key) {
		unknown(tables, row);
		take(tables);
		row = peek(tables);
	}
	if (row && strcmp(row->id, request->id) == 0)
		return row;
	hp_problems_add(tables->problems, request->seq,
			"request %s: the log knows it, the table does not", request->id);
	return NULL;
}

/* ---- one request's columns ---- */

static void
differs(struct hp_auditor_tables *tables, const struct hp_replay_request *request, const char *what)
{
	hp_problems_add(tables->problems, request->seq,
			"request %s: %s is not what the log says", request->id, what);
}

static void
compare_text(struct hp_auditor_tables *tables, const struct hp_replay_request *request,
	     const char *what, const char *got, const char *wanted)
{
	if (strcmp(got, wanted) != 0)
		differs(tables, request, what);
}

static bool
same_bytes(struct hp_str got, struct hp_str wanted)
{
	return got.len == wanted.len && (!got.len || memcmp(got.p, wanted.p, got.len) == 0);
}

static bool
is_encoding(struct hp_str got, const struct hp_value *value)
{
	struct hp_buf buf = {0};
	bool same = hp_msgpack_encode(value, &buf, NULL) == HP_OK &&
		    same_bytes(got, (struct hp_str){(const char *)buf.data, buf.len});
	hp_buf_release(&buf);
	return same;
}

/* The frozen quorum. A log of before it told of widenings takes them from the row. */
static bool
check_quorum(struct hp_auditor_tables *tables, struct hp_replay_request *request,
	     const struct hp_row *row)
{
	struct hp_arena *scratch = &tables->scratch;
	const struct hp_value *frozen;
	struct hp_quorum quorum;
	if (request->widenings_said)
		return is_encoding(row->quorum, hp_quorum_freeze(scratch, &request->quorum));
	if (!row->quorum.p ||
	    hp_msgpack_decode_canonical(scratch, row->quorum.p, row->quorum.len, &frozen, NULL) !=
		    HP_OK ||
	    hp_quorum_thaw(&request->arena, frozen, &quorum, NULL) != HP_OK ||
	    !hp_value_equal(hp_quorum_to_value(scratch, &quorum),
			    hp_quorum_to_value(scratch, &request->quorum)))
		return false;
	request->quorum = quorum;
	return true;
}

static void
check_texts(struct hp_auditor_tables *tables, const struct hp_replay_request *request,
	    const struct hp_row *row, const struct hp_value *canonical)
{
	const struct hp_value *first = hp_array_get(hp_map_get(canonical, "resources"), 0);
	const struct {
		const char *name, *got;
	} texts[] = {
		{"requester", row->requester}, {"owner", row->owner},
		{"mode", row->mode},	       {"tier", row->tier},
		{"effect", row->effect},       {"environment", row->environment},
		{"operation", row->operation}, {"summary", row->summary},
		{"session", row->session},     {"audience", row->audience},
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		compare_text(tables, request, texts[i].name, texts[i].got,
			     hp_map_get_str(canonical, texts[i].name, ""));
	compare_text(tables, request, "resource", row->resource,
		     first && first->type == HP_STR ? first->str.p : "");
	compare_text(tables, request, "via", row->via, request->via);
}

static void
check_fixed(struct hp_auditor_tables *tables, struct hp_replay_request *request,
	    const struct hp_row *row, const struct hp_value *canonical, struct hp_str bytes)
{
	const struct hp_value *classes = hp_map_get(canonical, "class");
	size_t resources = hp_value_count(hp_map_get(canonical, "resources"));
	uint8_t action[HP_HASH_BYTES];
	check_texts(tables, request, row, canonical);
	if (!is_encoding(row->classes, classes))
		differs(tables, request, "classes");
	if (!same_bytes(row->canonical, bytes))
		differs(tables, request, "canonical");
	if (!check_quorum(tables, request, row))
		differs(tables, request, "quorum");
	if (row->needed != request->needed)
		differs(tables, request, "needed");
	if (row->resource_count < 0 || (uint64_t)row->resource_count != resources)
		differs(tables, request, "resource_count");
	if (memcmp(row->action_digest, request->action_digest, sizeof row->action_digest) != 0)
		differs(tables, request, "action_digest");
	if (!row->action.p || row->salt.len != HP_SALT_BYTES)
		return;
	hp_request_action_digest((const uint8_t *)row->salt.p, row->action.p, row->action.len,
				 action);
	if (memcmp(action, request->action_digest, sizeof action) != 0)
		differs(tables, request, "action");
}

static bool
same_time(const struct hp_due *got, const struct hp_replay_time *wanted)
{
	return got->wall_ms == wanted->wall_ms && got->boottime_ms == wanted->boottime_ms &&
	       memcmp(got->boot_id, wanted->boot_id, sizeof got->boot_id) == 0;
}

static void
keep(struct hp_auditor_tables *tables, struct hp_replay_request *request, const struct hp_row *row)
{
	struct hp_arena *arena = &request->arena;
	struct kept *kept = hp_arena_alloc(arena, sizeof *kept);
	if (!kept)
		return;
	*kept = (struct kept){
		.state = row->state,
		.reason = hp_arena_strdup(arena, row->reason),
		.by = hp_arena_strdup(arena, row->by),
		.claimer = hp_arena_strdup(arena, row->claimer),
		.due = row->due,
		.approvals = row->approvals,
		.extensions = row->extensions,
		.action = row->action.p || row->salt.p,
	};
	tables->canonicals += row->canonical.p != NULL;
	request->row = kept;
	request->row_key = row->key;
}

static void
submitted(void *context, struct hp_replay_request *request, const struct hp_value *canonical,
	  struct hp_str bytes)
{
	struct hp_auditor_tables *tables = context;
	if (tables->status != HP_OK)
		return;
	hp_arena_reset(&tables->scratch);
	const struct hp_row *row = find_row(tables, request);
	if (!row)
		return;
	if (memcmp(row->digest, request->digest, sizeof row->digest) != 0)
		differs(tables, request, "digest");
	if (row->submitted_ms != request->submitted.wall_ms ||
	    !same_time(&row->submitted_at, &request->submitted))
		differs(tables, request, "submitted_ms");
	if (canonical)
		check_fixed(tables, request, row, canonical, bytes);
	keep(tables, request, row);
	take(tables);
}

/* ---- what moved ---- */

static bool
is_policys(const char *by, const struct hp_replay_step *first)
{
	return !*by || strcmp(by, "policy") == 0 || strcmp(by, first->by) == 0;
}

static void
check_moves(struct hp_auditor_tables *tables, const struct hp_replay_request *request,
	    const struct kept *kept)
{
	const struct hp_replay_step *last = &request->steps[request->step_count - 1];
	static const struct hp_due none;
	size_t approvals = 0;
	for (size_t i = 0; i < request->vote_count; i++)
		approvals += request->votes[i].approve && !request->votes[i].replaced;
	if (kept->state != last->state)
		differs(tables, request, "state");
	if (kept->extensions != request->extensions)
		differs(tables, request, "extensions");
	if (!request->blind && strcmp(kept->claimer, request->claimer) != 0)
		differs(tables, request, "claimer");
	if (last->state == HP_STATE_PENDING && kept->approvals > approvals)
		differs(tables, request, "approvals");
	if (request->step_count == 1 ? !is_policys(kept->by, last)
				     : strcmp(kept->by, last->by) != 0)
		differs(tables, request, "moved_by");
	if (request->step_count > 1 && last->reason && strcmp(kept->reason, last->reason) != 0)
		differs(tables, request, "reason");
	if (hp_state_is_final(last->state)) {
		if (memcmp(&kept->due, &none, sizeof none) != 0)
			differs(tables, request, "due_wall_ms");
		if (kept->action)
			differs(tables, request, "action");
	} else if ((last->state == HP_STATE_PENDING || last->state == HP_STATE_GRANTED) &&
		   request->due.wall_ms && !same_time(&kept->due, &request->due)) {
		differs(tables, request, "due_wall_ms");
	}
}

static void
check_history(struct hp_auditor_tables *tables, const struct hp_replay_request *request,
	      const struct kept *kept)
{
	struct hp_stored_history *lines = NULL;
	size_t count = 0;
	enum hp_status status = hp_store_history(tables->store, &tables->scratch,
						 request->row_key, &lines, &count);
	if (status != HP_OK) {
		fail(tables, status);
		return;
	}
	bool same = count == request->step_count;
	for (size_t i = 0; same && i < count; i++) {
		const struct hp_replay_step *step = &request->steps[i];
		same = lines[i].state == step->state && lines[i].at_ms == step->at_ms &&
		       (i == 0 ? is_policys(lines[i].by, step)
			       : strcmp(lines[i].by, step->by) == 0) &&
		       (i == 0 || !step->reason || strcmp(lines[i].reason, step->reason) == 0);
	}
	if (same && count)
		same = strcmp(lines[count - 1].by, kept->by) == 0 &&
		       (request->blind || strcmp(lines[count - 1].reason, kept->reason) == 0);
	if (!same)
		differs(tables, request, "history");
}

static bool
same_vote(const struct hp_stored_vote *got, const struct hp_replay_vote *wanted)
{
	return strcmp(got->by, wanted->by) == 0 && got->approve == wanted->approve &&
	       same_bytes(got->body, wanted->body) && got->at_ms == wanted->at_ms &&
	       memcmp(got->signature, wanted->signature, sizeof got->signature) == 0 &&
	       memcmp(got->sign_public, wanted->sign_public, sizeof got->sign_public) == 0;
}

static void
check_votes(struct hp_auditor_tables *tables, const struct hp_replay_request *request)
{
	struct hp_stored_vote *rows = NULL;
	size_t count = 0, wanted = 0, found = 0;
	enum hp_status status = hp_store_votes(tables->store, &tables->scratch, request->row_key,
					       &rows, &count);
	if (status != HP_OK) {
		fail(tables, status);
		return;
	}
	tables->votes += (int64_t)count;
	if (request->blind) /* whose bodies are erased in the table too */
		return;
	for (size_t i = 0; i < request->vote_count; i++) {
		const struct hp_replay_vote *vote = &request->votes[i];
		if (vote->replaced)
			continue;
		wanted++;
		for (size_t j = 0; j < count; j++)
			found += strcmp(rows[j].person, vote->person) == 0 &&
				 same_vote(&rows[j], vote);
	}
	if (count != wanted || found != wanted)
		differs(tables, request, "votes");
}

static void
left(void *context, struct hp_replay_request *request)
{
	struct hp_auditor_tables *tables = context;
	if (tables->status != HP_OK)
		return;
	const struct kept *kept = request->row;
	if (!kept || !request->step_count)
		return;
	hp_arena_reset(&tables->scratch);
	check_moves(tables, request, kept);
	check_history(tables, request, kept);
	check_votes(tables, request);
}

static void
noted(void *context, uint64_t seq, const char *id, int64_t row_key, unsigned n, const char *by,
      const struct hp_value *text, int64_t at_ms)
{
	struct hp_auditor_tables *tables = context;
	struct hp_stored_note *notes = NULL;
	size_t count = 0;
	if (tables->status != HP_OK)
		return;
	hp_arena_reset(&tables->scratch);
	enum hp_status status =
		hp_store_notes(tables->store, &tables->scratch, row_key, &notes, &count);
	if (status != HP_OK)
		fail(tables, status);
	else if (n >= count || strcmp(notes[n].by, by) != 0 || notes[n].at_ms != at_ms ||
		 (text && !hp_value_is(text, notes[n].text)))
		hp_problems_add(tables->problems, seq,
				"request %s: notes is not what the log says", id);
}

const struct hp_replay_hooks hp_auditor_table_hooks = {
	.submitted = submitted,
	.left = left,
	.noted = noted,
};

/* ---- the end ---- */

static bool
same_halt(const struct hp_stored_halt *got, const struct hp_replay_halt *wanted)
{
	return strcmp(got->agent, wanted->agent) == 0 &&
	       strcmp(got->session, wanted->session) == 0 && strcmp(got->by, wanted->by) == 0 &&
	       strcmp(got->reason, wanted->reason) == 0 && got->at_ms == wanted->at_ms;
}

static void
check_halts(struct hp_auditor_tables *tables, const struct hp_replay *replay)
{
	const struct hp_replay_halt *wanted;
	struct hp_stored_halt *halts = NULL;
	size_t count = 0, found = 0, wanted_count = hp_replay_halted(replay, &wanted);
	enum hp_status status =
		hp_store_halts(tables->store, &tables->scratch, &halts, &count);
	if (status != HP_OK) {
		fail(tables, status);
		return;
	}
	for (size_t i = 0; i < wanted_count; i++)
		for (size_t j = 0; j < count; j++)
			found += same_halt(&halts[j], &wanted[i]);
	if (count != wanted_count || found != wanted_count)
		hp_problems_add(tables->problems, HP_NO_SEQ,
				"what is halted is not what the log says");
}

enum hp_status
hp_auditor_tables_finish(struct hp_auditor_tables *tables, const struct hp_replay *replay)
{
	const struct hp_replay_counts *counts = hp_replay_counted(replay);
	struct hp_store_totals totals;
	const struct hp_row *row;
	while ((row = peek(tables))) {
		unknown(tables, row);
		take(tables);
	}
	if (tables->status == HP_OK)
		tables->status = hp_store_count_rows(tables->store, &totals);
	if (tables->status != HP_OK)
		return tables->status;
	hp_arena_reset(&tables->scratch);
	check_halts(tables, replay);
	const struct {
		const char *table;
		int64_t got, wanted;
	} rows[] = {
		{"request_canonical", totals.canonicals, tables->canonicals},
		{"vote", totals.votes, tables->votes},
		{"note", totals.notes, (int64_t)counts->notes},
		{"history", totals.steps, (int64_t)counts->steps},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].got != rows[i].wanted && !tables->problems->count)
			hp_problems_add(tables->problems, HP_NO_SEQ,
					"table %s has %lld rows, the log makes %lld",
					rows[i].table, (long long)rows[i].got,
					(long long)rows[i].wanted);
	if (totals.strays)
		hp_problems_add(tables->problems, HP_NO_SEQ,
				"the log's tables have rows of a place below 0");
	return tables->status;
}
