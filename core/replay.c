#include "core/replay.h"

#include <stdlib.h>
#include <string.h>

#include "core/replay_private.h"

#define REQUEST_TOPIC "request."

bool
hp_replay_bad(struct hp_replay *replay, const char *format, ...)
{
	const struct hp_leaf *leaf = replay->leaf;
	const char *prefix = hp_arena_printf(replay->scratch, "leaf %llu (%s%s%s): ",
					     (unsigned long long)leaf->seq, leaf->event,
					     *leaf->request ? " " : "", leaf->request);
	va_list args;
	va_start(args, format);
	hp_problems_addv(replay->problems, leaf->seq, prefix ? prefix : "", format, args);
	va_end(args);
	return false;
}

enum hp_status
hp_replay_new(const char *instance, struct hp_problems *problems,
	      const struct hp_replay_hooks *hooks, void *context, struct hp_replay **ret_replay)
{
	struct hp_replay *replay = calloc(1, sizeof *replay);
	if (!replay)
		return HP_NOMEM;
	replay->instance = instance;
	replay->problems = problems;
	replay->hooks = hooks;
	replay->context = context;
	*ret_replay = replay;
	return HP_OK;
}

static void
free_request(struct hp_replay_request *request)
{
	if (!request)
		return;
	hp_arena_release(&request->arena);
	free(request);
}

void
hp_replay_free(struct hp_replay *replay)
{
	if (!replay)
		return;
	for (size_t i = 0; i < replay->index.room; i++)
		free_request(replay->index.entries[i].open);
	free(replay->index.entries);
	hp_arena_release(&replay->people.arena);
	hp_arena_release(&replay->halts_arena);
	free(replay->halts);
	free(replay->missing);
	free(replay);
}

/* ---- leaves that are about no request ---- */

static void
take_policy(struct hp_replay *replay)
{
	const uint8_t *version = hp_map_get_bin(replay->body, "version", HP_HASH_BYTES);
	const struct hp_value *text = hp_map_get(replay->body, "text");
	uint8_t hash[HP_HASH_BYTES];
	replay->has_policy = version != NULL;
	if (!replay->body)
		return;
	if (!version || !text || text->type != HP_BIN) {
		hp_replay_bad(replay, "does not hold a policy");
		return;
	}
	hp_crypto_sha256(&text->str, 1, hash);
	if (memcmp(hash, version, sizeof hash) != 0)
		hp_replay_bad(replay, "the policy's version is not the hash of its text");
	memcpy(replay->policy, version, sizeof replay->policy);
}

static void
take_principals(struct hp_replay *replay)
{
	if (!replay->body) {
		hp_arena_release(&replay->people.arena);
		replay->people = (struct hp_replay_people){0};
	} else if (!hp_replay_people_take(&replay->people, replay->body)) {
		hp_replay_bad(replay, "does not hold principals as it must");
	}
}

static struct hp_replay_halt *
find_halt(struct hp_replay *replay, const char *agent, const char *session)
{
	for (size_t i = 0; i < replay->halt_count; i++)
		if (strcmp(replay->halts[i].agent, agent) == 0 &&
		    strcmp(replay->halts[i].session, session) == 0)
			return &replay->halts[i];
	return NULL;
}

static enum hp_status
take_halt(struct hp_replay *replay)
{
	struct hp_arena *arena = &replay->halts_arena;
	const char *agent = hp_map_get_str(replay->body, "agent", "");
	const char *session = hp_map_get_str(replay->body, "session", "");
	if (!replay->body || find_halt(replay, agent, session))
		return HP_OK;
	struct hp_replay_halt *more =
		realloc(replay->halts, (replay->halt_count + 1) * sizeof *more);
	if (!more)
		return HP_NOMEM;
	replay->halts = more;
	more[replay->halt_count++] = (struct hp_replay_halt){
		.agent = hp_arena_strdup(arena, agent),
		.session = hp_arena_strdup(arena, session),
		.by = hp_arena_strdup(arena, replay->leaf->actor),
		.reason = hp_arena_strdup(arena, hp_map_get_str(replay->body, "reason", "")),
		.at_ms = replay->leaf->wall_ms,
	};
	return arena->failed ? HP_NOMEM : HP_OK;
}

static void
take_resume(struct hp_replay *replay)
{
	const struct hp_replay_person *who =
		hp_replay_people_find(&replay->people, replay->leaf->actor);
	struct hp_replay_halt *halt = find_halt(replay, hp_map_get_str(replay->body, "agent", ""),
						hp_map_get_str(replay->body, "session", ""));
	if (!replay->body)
		return;
	if (!who || who->revoked || !(who->roles & HP_ROLE_ADMIN))
		hp_replay_bad(replay, "resumed by \"%s\", who is no admin", replay->leaf->actor);
	if (!halt)
		hp_replay_bad(replay, "what was not halted was resumed");
	else
		*halt = replay->halts[--replay->halt_count];
}

/* ---- erasures ---- */

/* Which request: the beginning of its id, which nobody can make 0 and still be a request's. */
static uint64_t
whose(const struct hp_leaf *leaf)
{
	uint8_t id[HP_REPLAY_ID_BYTES];
	uint64_t start = 0;
	if (hp_replay_id(leaf->request, id))
		memcpy(&start, id, sizeof start);
	return start;
}

static enum hp_status
miss(struct hp_replay *replay)
{
	const struct hp_leaf *leaf = replay->leaf;
	replay->counts.erased++;
	if (!*leaf->request && strcmp(leaf->event, "refused") != 0) {
		hp_replay_bad(replay, "its body is gone, and such a body is never erased");
		return HP_OK;
	}
	if (replay->missing_count == replay->missing_room) {
		size_t room = replay->missing_room ? replay->missing_room * 2 : 64;
		struct hp_replay_missing *more = realloc(replay->missing, room * sizeof *more);
		if (!more)
			return HP_NOMEM;
		replay->missing = more;
		replay->missing_room = room;
	}
	replay->missing[replay->missing_count++] =
		(struct hp_replay_missing){.seq = leaf->seq, .whose = whose(leaf)};
	return HP_OK;
}

static struct hp_replay_missing *
find_missing(const struct hp_replay *replay, uint64_t seq)
{
	size_t low = 0, high = replay->missing_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (replay->missing[middle].seq == seq)
			return &replay->missing[middle];
		if (replay->missing[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The bodies that it says are gone: each once, each of what the leaf itself is about. A refusal that
 * names a request goes with it, and only its body said which. */
static void
take_erase(struct hp_replay *replay)
{
	const struct hp_value *list = hp_map_get(replay->body, "leaves");
	uint64_t of = whose(replay->leaf);
	for (size_t i = 0; i < hp_value_count(list); i++) {
		const struct hp_value *seq = hp_array_get(list, i);
		int64_t number = seq && seq->type == HP_INT ? seq->integer : -1;
		struct hp_replay_missing *missing =
			number < 0 ? NULL : find_missing(replay, (uint64_t)number);
		if (!missing)
			hp_replay_bad(replay, "says that the body of leaf %lld is erased, and it "
					      "is not", (long long)number);
		else if ((missing->whose && missing->whose != of) || missing->excused)
			hp_replay_bad(replay, "erased the body of leaf %lld, which is not of what "
					      "it is about", (long long)number);
		else
			missing->excused = true;
	}
}

/* ---- leaves about a request ---- */

static enum hp_status
open_request(struct hp_replay *replay, const uint8_t id[HP_REPLAY_ID_BYTES],
	     struct hp_replay_entry **ret_entry)
{
	struct hp_replay_entry *entry = hp_replay_index_get(&replay->index, id);
	struct hp_replay_request *request = entry ? calloc(1, sizeof *request) : NULL;
	if (!request)
		return HP_NOMEM;
	request->id = hp_arena_strdup(&request->arena, replay->leaf->request);
	request->requester = request->owner = request->effect = request->audience = "";
	request->environment = request->session = request->via = request->claimer = "";
	request->submitted = (struct hp_replay_time){
		.wall_ms = replay->leaf->wall_ms,
		.boottime_ms = replay->leaf->boottime_ms,
	};
	memcpy(request->submitted.boot_id, replay->leaf->boot_id,
	       sizeof request->submitted.boot_id);
	if (replay->leaf->digest)
		memcpy(request->digest, replay->leaf->digest, HP_HASH_BYTES);
	entry->open = request;
	replay->counts.requests++;
	*ret_entry = entry;
	return HP_OK;
}

/* Its last state: what is compared beside the log is compared now, and what is left is one entry. */
static void
close_request(struct hp_replay *replay, struct hp_replay_entry *entry)
{
	struct hp_replay_request *request = entry->open;
	if (replay->hooks && replay->hooks->left)
		replay->hooks->left(replay->context, request);
	memcpy(entry->digest, request->digest, sizeof entry->digest);
	entry->row_key = request->row_key;
	if (request->step_count)
		entry->state = (uint8_t)request->steps[request->step_count - 1].state;
	entry->open = NULL;
	free_request(request);
}

/* What may still be said of a request that is final: anything that does not move it. */
static void
check_closed(struct hp_replay *replay, const struct hp_replay_entry *entry)
{
	const char *event = replay->leaf->event;
	const char *was = hp_state_name((enum hp_state)entry->state);
	if (hp_map_get(replay->body, "canonical"))
		hp_replay_bad(replay, "submitted twice");
	else if (strncmp(event, REQUEST_TOPIC, strlen(REQUEST_TOPIC)) == 0)
		hp_replay_bad(replay, "from %s to %s: a final state never changes", was,
			      event + strlen(REQUEST_TOPIC));
	else if (strcmp(event, "vote") == 0)
		hp_replay_bad(replay, "a vote on a request that is %s", was);
	else if (strcmp(event, "extend") == 0)
		hp_replay_bad(replay, "extended while %s", was);
}

static void
move_request(struct hp_replay *replay, struct hp_replay_request *request, const char *word)
{
	enum hp_state to;
	const char *said = hp_map_get_str(replay->body, "state", word);
	const char *from = request->step_count
				   ? hp_state_name(request->steps[request->step_count - 1].state)
				   : "nothing";
	if (strcmp(said, word) != 0)
		hp_replay_bad(replay, "says that it is %s", said);
	else if (!hp_state_parse(word, &to))
		hp_replay_bad(replay, "from %s to %s", from, word);
	else
		hp_replay_moved(replay, request, to);
}

static void
open_leaf(struct hp_replay *replay, struct hp_replay_entry *entry, bool first)
{
	struct hp_replay_request *request = entry->open;
	const char *event = replay->leaf->event;
	bool moves = strncmp(event, REQUEST_TOPIC, strlen(REQUEST_TOPIC)) == 0;
	request->seq = replay->leaf->seq;
	request->blind |= replay->body == NULL;
	if (first)
		hp_replay_submitted(replay, request);
	else if (!first && hp_map_get(replay->body, "canonical"))
		hp_replay_bad(replay, "submitted twice");
	if (moves)
		move_request(replay, request, event + strlen(REQUEST_TOPIC));
	else if (strcmp(event, "vote") == 0)
		hp_replay_vote(replay, request);
	else if (strcmp(event, "extend") == 0)
		hp_replay_extended(replay, request);
}

static void
take_note(struct hp_replay *replay, struct hp_replay_entry *entry)
{
	const struct hp_leaf *leaf = replay->leaf;
	unsigned n = entry->notes++;
	int64_t row_key = entry->open ? entry->open->row_key : entry->row_key;
	replay->counts.notes++;
	if (replay->hooks && replay->hooks->noted)
		replay->hooks->noted(replay->context, leaf->seq, leaf->request, row_key, n,
				     leaf->actor, hp_map_get(replay->body, "text"),
				     leaf->wall_ms);
}

static enum hp_status
request_leaf(struct hp_replay *replay)
{
	const struct hp_leaf *leaf = replay->leaf;
	uint8_t id[HP_REPLAY_ID_BYTES];
	bool first = false;
	if (!hp_replay_id(leaf->request, id)) {
		hp_replay_bad(replay, "its request is no UUID");
		return HP_OK;
	}
	struct hp_replay_entry *entry = hp_replay_index_find(&replay->index, id);
	if (!entry && strncmp(leaf->event, REQUEST_TOPIC, strlen(REQUEST_TOPIC)) != 0) {
		hp_replay_bad(replay, "is about a request that nobody has submitted");
		return HP_OK;
	}
	if (!entry) {
		enum hp_status status = open_request(replay, id, &entry);
		if (status != HP_OK)
			return status;
		first = true;
	}
	const uint8_t *digest = entry->open ? entry->open->digest : entry->digest;
	size_t digest_bytes = entry->open ? HP_HASH_BYTES : sizeof entry->digest;
	if (!leaf->digest || memcmp(leaf->digest, digest, digest_bytes) != 0)
		hp_replay_bad(replay, "carries another digest than the request has");
	if (entry->open)
		open_leaf(replay, entry, first);
	else
		check_closed(replay, entry);
	if (strcmp(leaf->event, "note") == 0)
		take_note(replay, entry);
	struct hp_replay_request *request = entry->open;
	if (!request)
		return HP_OK;
	if (request->arena.failed)
		return HP_NOMEM;
	if (request->step_count &&
	    hp_state_is_final(request->steps[request->step_count - 1].state))
		close_request(replay, entry);
	return HP_OK;
}

enum hp_status
hp_replay_leaf(struct hp_replay *replay, const struct hp_leaf *leaf, const struct hp_value *body,
	       struct hp_arena *scratch)
{
	enum hp_status status = HP_OK;
	replay->leaf = leaf;
	replay->body = body;
	replay->scratch = scratch;
	if (!body)
		status = miss(replay);
	if (strcmp(leaf->event, "policy") == 0)
		take_policy(replay);
	else if (strcmp(leaf->event, "principals") == 0)
		take_principals(replay);
	else if (strcmp(leaf->event, "halt") == 0)
		status = take_halt(replay);
	else if (strcmp(leaf->event, "resume") == 0)
		take_resume(replay);
	else if (strcmp(leaf->event, "erase") == 0)
		take_erase(replay);
	else if (strcmp(leaf->event, "rebase") == 0)
		replay->latest_wall_ms = leaf->wall_ms;
	if (*leaf->request && status == HP_OK)
		status = request_leaf(replay);
	if (leaf->wall_ms > replay->latest_wall_ms)
		replay->latest_wall_ms = leaf->wall_ms;
	if (scratch->failed || replay->people.arena.failed || replay->halts_arena.failed)
		return HP_NOMEM;
	return status;
}

enum hp_status
hp_replay_finish(struct hp_replay *replay)
{
	for (size_t i = 0; i < replay->index.room; i++) {
		struct hp_replay_entry *entry = &replay->index.entries[i];
		if (entry->open)
			close_request(replay, entry);
	}
	for (size_t i = 0; i < replay->missing_count; i++)
		if (!replay->missing[i].excused)
			hp_problems_add(replay->problems, replay->missing[i].seq,
					"leaf %llu: its body is gone and no leaf says that it was "
					"erased", (unsigned long long)replay->missing[i].seq);
	return replay->problems->failed ? HP_NOMEM : HP_OK;
}

const struct hp_replay_counts *
hp_replay_counted(const struct hp_replay *replay)
{
	return &replay->counts;
}

size_t
hp_replay_halted(const struct hp_replay *replay, const struct hp_replay_halt **ret_halts)
{
	*ret_halts = replay->halts;
	return replay->halt_count;
}

bool
hp_replay_knows(const struct hp_replay *replay, const char *id)
{
	uint8_t bytes[HP_REPLAY_ID_BYTES];
	return hp_replay_id(id, bytes) && hp_replay_index_find(&replay->index, bytes);
}
