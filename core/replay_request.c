/* One request's leaves: how it begins, how its deadline moves, how its state moves. */
#include <string.h>

#include "core/replay_private.h"
#include "core/request.h"

static bool
same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static int64_t
add_ms(int64_t a, int64_t b)
{
	int64_t sum;
	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static int64_t
span_ms(int64_t from, int64_t to)
{
	int64_t span;
	if (__builtin_sub_overflow(to, from, &span))
		return to > from ? INT64_MAX : INT64_MIN;
	return span;
}

bool
hp_replay_is_late(const struct hp_replay *replay, const struct hp_replay_time *due)
{
	const struct hp_leaf *leaf = replay->leaf;
	if (due->wall_ms == 0)
		return false;
	return leaf->wall_ms >= due->wall_ms ||
	       (memcmp(leaf->boot_id, due->boot_id, sizeof due->boot_id) == 0 &&
		leaf->boottime_ms >= due->boottime_ms);
}

int64_t
hp_replay_age_ms(const struct hp_replay *replay, const struct hp_replay_time *then)
{
	const struct hp_leaf *leaf = replay->leaf;
	int64_t by_wall = span_ms(then->wall_ms, leaf->wall_ms);
	int64_t by_boot = span_ms(then->boottime_ms, leaf->boottime_ms);
	bool same_boot = memcmp(leaf->boot_id, then->boot_id, sizeof then->boot_id) == 0;
	return same_boot && by_boot < by_wall ? by_boot : by_wall;
}

bool
hp_replay_frozen(const struct hp_replay *replay)
{
	return replay->leaf->wall_ms < replay->latest_wall_ms;
}

bool
hp_replay_owns(const struct hp_replay *replay, const struct hp_replay_request *request,
	       const char *person)
{
	const struct hp_replay_person *requester =
		hp_replay_people_find(&replay->people, request->requester);
	if (!*person)
		return false;
	return same(person, request->owner) ||
	       (requester && (same(person, requester->owner) ||
			      (!*requester->owner && same(person, requester->person))));
}

static bool
is_halted(const struct hp_replay *replay, const struct hp_replay_request *request)
{
	for (size_t i = 0; i < replay->halt_count; i++) {
		const struct hp_replay_halt *halt = &replay->halts[i];
		if (!*halt->agent || (same(halt->agent, request->requester) &&
				      (!*halt->session || same(halt->session, request->session))))
			return true;
	}
	return false;
}

/* The deadline that the leaf at hand sets, by both clocks; an extension keeps the boot it began in. */
static void
set_due(const struct hp_replay *replay, struct hp_replay_request *request, bool extend)
{
	const struct hp_value *deadline = hp_map_get(replay->body, "deadline_ms");
	const struct hp_leaf *leaf = replay->leaf;
	struct hp_replay_time due = {0};
	if (deadline && deadline->type == HP_INT) {
		due.wall_ms = deadline->integer;
		due.boottime_ms =
			add_ms(leaf->boottime_ms, span_ms(leaf->wall_ms, due.wall_ms));
		memcpy(due.boot_id, leaf->boot_id, sizeof due.boot_id);
		if (extend && request->due.wall_ms) {
			due.boottime_ms = add_ms(request->due.boottime_ms,
						 span_ms(request->due.wall_ms, due.wall_ms));
			memcpy(due.boot_id, request->due.boot_id, sizeof due.boot_id);
		}
	}
	request->due = due;
}

/* ---- its first leaf ---- */

static const char *
keep(struct hp_replay_request *request, const struct hp_value *map, const char *key)
{
	const char *text = hp_arena_strdup(&request->arena, hp_map_get_str(map, key, ""));
	return text ? text : "";
}

/* Who may fill which place: the canonical bytes' slots, and the leaf's widenings. */
static bool
read_quorum(struct hp_replay *replay, struct hp_replay_request *request,
	    const struct hp_value *canonical)
{
	struct hp_arena *scratch = replay->scratch;
	struct hp_value *frozen = hp_value_map(scratch);
	const struct hp_value *slots = hp_map_get(canonical, "quorum");
	const struct hp_value *widenings = hp_map_get(replay->body, "widenings");
	hp_map_set(scratch, frozen, "slots",
		   slots ? hp_value_copy(scratch, slots) : hp_value_array(scratch));
	hp_map_set(scratch, frozen, "widenings",
		   widenings ? hp_value_copy(scratch, widenings) : hp_value_array(scratch));
	if (!frozen || hp_quorum_thaw(&request->arena, frozen, &request->quorum, NULL) != HP_OK)
		return hp_replay_bad(replay, "its quorum is not as it must be");
	request->widenings_said = widenings != NULL;
	request->needed = hp_quorum_needed(&request->quorum);
	if (hp_map_get_int(replay->body, "needed", 0) != (int64_t)request->needed)
		return hp_replay_bad(replay, "needs another number of persons than its canonical "
					     "bytes say");
	return true;
}

/* The one who asked was enrolled, owned by whom it says, and judged by the policy in force. */
static void
check_asked(struct hp_replay *replay, const struct hp_replay_request *request,
	    const struct hp_value *canonical)
{
	const unsigned asking = HP_ROLE_AGENT | HP_ROLE_HUMAN;
	const struct hp_replay_person *who =
		hp_replay_people_find(&replay->people, request->requester);
	const uint8_t *policy = hp_map_get_bin(canonical, "policy", HP_HASH_BYTES);
	if (!who || who->revoked || !(who->roles & asking))
		hp_replay_bad(replay, "\"%s\" was nobody who may ask at that time",
			      request->requester);
	else if (!same(request->owner, *who->owner ? who->owner : who->person))
		hp_replay_bad(replay, "the owner of \"%s\" was not \"%s\"", request->requester,
			      request->owner);
	if (replay->has_policy && (!policy || memcmp(policy, replay->policy, HP_HASH_BYTES) != 0))
		hp_replay_bad(replay, "judged by a policy that was not in force");
	if (is_halted(replay, request))
		hp_replay_bad(replay, "asked while its agent or session was halted");
}

/* The facts of its canonical bytes, which live as long as the request. */
static void
read_facts(struct hp_replay *replay, struct hp_replay_request *request,
	   const struct hp_value *canonical)
{
	const uint8_t *action = hp_map_get_bin(canonical, "action_digest", HP_HASH_BYTES);
	request->known = true;
	request->requester = keep(request, canonical, "requester");
	request->owner = keep(request, canonical, "owner");
	request->effect = keep(request, canonical, "effect");
	request->audience = keep(request, canonical, "audience");
	request->environment = keep(request, canonical, "environment");
	request->session = keep(request, canonical, "session");
	request->via = keep(request, replay->body, "via");
	if (action)
		memcpy(request->action_digest, action, HP_HASH_BYTES);
}

/* The canonical bytes of the leaf at hand; false: there are none that hold. */
static bool
open_canonical(struct hp_replay *replay, struct hp_replay_request *request,
	       const struct hp_value **ret_canonical, struct hp_str *ret_bytes)
{
	const struct hp_value *bytes = hp_map_get(replay->body, "canonical");
	struct hp_error err = {0};
	uint8_t digest[HP_HASH_BYTES];
	if (!bytes || bytes->type != HP_BIN)
		return hp_replay_bad(replay, "begins without its canonical bytes");
	if (hp_request_open_canonical(replay->scratch, bytes->str.p, bytes->str.len, ret_canonical,
				      &err) != HP_OK)
		return hp_replay_bad(replay, "its canonical bytes are none: %s", err.message);
	hp_request_digest(bytes->str.p, bytes->str.len, digest);
	if (memcmp(digest, request->digest, HP_HASH_BYTES) != 0)
		hp_replay_bad(replay, "carries another digest than the request has");
	memcpy(request->digest, digest, sizeof digest);
	*ret_bytes = bytes->str;
	return true;
}

static void
check_canonical(struct hp_replay *replay, struct hp_replay_request *request,
		const struct hp_value *canonical)
{
	const struct hp_leaf *leaf = replay->leaf;
	read_facts(replay, request, canonical);
	const char *other =
		!hp_value_is(hp_map_get(canonical, "id"), leaf->request)	    ? "id"
		: !hp_value_is(hp_map_get(canonical, "instance"), replay->instance) ? "instance"
		: hp_map_get_int(canonical, "submitted_ms", -1) != leaf->wall_ms
			? "submitted_ms"
		: !same(request->requester, leaf->actor) ? "requester"
							 : NULL;
	if (other)
		hp_replay_bad(replay, "its canonical bytes have another %s", other);
	if (read_quorum(replay, request, canonical))
		check_asked(replay, request, canonical);
}

void
hp_replay_submitted(struct hp_replay *replay, struct hp_replay_request *request)
{
	const struct hp_value *canonical = NULL;
	struct hp_str bytes = {0};
	if (replay->body && open_canonical(replay, request, &canonical, &bytes))
		check_canonical(replay, request, canonical);
	if (replay->hooks && replay->hooks->submitted)
		replay->hooks->submitted(replay->context, request, canonical, bytes);
}

/* ---- its deadline ---- */

/* Whether the leaf's actor was then enrolled in this role. */
static bool
acts_as(const struct hp_replay *replay, enum hp_role role)
{
	const struct hp_replay_person *who =
		hp_replay_people_find(&replay->people, replay->leaf->actor);
	return who && !who->revoked && (who->roles & role);
}

void
hp_replay_extended(struct hp_replay *replay, struct hp_replay_request *request)
{
	enum hp_state state = request->step_count ? request->steps[request->step_count - 1].state
						  : HP_STATE_PENDING;
	request->extensions++;
	if (state != HP_STATE_PENDING)
		hp_replay_bad(replay, "extended while %s", hp_state_name(state));
	else if (hp_replay_is_late(replay, &request->due))
		hp_replay_bad(replay, "extended after the deadline");
	else if (!acts_as(replay, HP_ROLE_REVIEWER))
		hp_replay_bad(replay, "extended by \"%s\", who is no reviewer", replay->leaf->actor);
	set_due(replay, request, true);
}

/* ---- its state ---- */

static void
check_first(struct hp_replay *replay, struct hp_replay_request *request, enum hp_state to)
{
	const char *effect = request->effect;
	enum hp_state wanted = same(effect, "allow") || same(effect, "log") ? HP_STATE_GRANTED
			       : same(effect, "block")			      ? HP_STATE_BLOCKED
									      : HP_STATE_PENDING;
	if (!request->known)
		return; /* said already */
	if (to != wanted)
		hp_replay_bad(replay, "the policy's effect is %s, the request begins as %s",
			      effect, hp_state_name(to));
	else if (to == HP_STATE_PENDING && request->needed < 1)
		hp_replay_bad(replay, "nobody is needed to release it");
	else if (to == HP_STATE_GRANTED && hp_replay_frozen(replay))
		hp_replay_bad(replay, "granted while the clock was behind the log");
}

/* Whom this request may go to: its executor, its gateway, or, without either's help, who asked. */
static bool
may_claim(const struct hp_replay *replay, const struct hp_replay_request *request)
{
	const struct hp_replay_person *who =
		hp_replay_people_find(&replay->people, replay->leaf->actor);
	if (!who || who->revoked)
		return false;
	if (who->roles & HP_ROLE_EXECUTOR)
		return *request->audience && same(who->audience, request->audience) &&
		       same(who->environment, request->environment);
	if (who->roles & HP_ROLE_GATEWAY)
		return same(who->name, request->via);
	return same(who->name, request->requester);
}

static void
check_claim(struct hp_replay *replay, struct hp_replay_request *request)
{
	const uint8_t *action = hp_map_get_bin(replay->body, "action_digest", HP_HASH_BYTES);
	const char *claimer = hp_map_get_str(replay->body, "claimer", "");
	if (!replay->body) { /* erased: it was who the leaf says */
		request->claimer = hp_arena_strdup(&request->arena, replay->leaf->actor);
		return;
	}
	request->claimer = keep(request, replay->body, "claimer");
	if (!same(claimer, replay->leaf->actor))
		hp_replay_bad(replay, "claimed by another than its claimer");
	if (!request->known || request->blind)
		return;
	if (!may_claim(replay, request))
		hp_replay_bad(replay, "claimed by \"%s\", who is not its enforcement point",
			      replay->leaf->actor);
	if (action && memcmp(action, request->action_digest, HP_HASH_BYTES) != 0)
		hp_replay_bad(replay, "another action was claimed than was granted");
	if (hp_replay_is_late(replay, &request->due))
		hp_replay_bad(replay, "claimed after the grant had ended");
	if (hp_replay_frozen(replay))
		hp_replay_bad(replay, "claimed while the clock was behind the log");
	if (is_halted(replay, request))
		hp_replay_bad(replay, "claimed while its agent or session was halted");
	if (request->needed)
		hp_replay_check_quorum(replay, request, "claimed");
}

static bool
was_denied(const struct hp_replay_request *request, const char *by)
{
	for (size_t i = 0; i < request->vote_count; i++)
		if (!request->votes[i].approve && same(request->votes[i].by, by))
			return true;
	return false;
}

/* By whom and under what conditions, once the table lets it. */
static void
check_move(struct hp_replay *replay, struct hp_replay_request *request, enum hp_state from,
	   enum hp_state to)
{
	const char *actor = replay->leaf->actor;
	bool settled = from == HP_STATE_UNKNOWN;
	switch (to) {
	case HP_STATE_GRANTED:
		if (request->known && !request->blind)
			hp_replay_check_quorum(replay, request, "granted");
		break;
	case HP_STATE_EXECUTING:
	case HP_STATE_RELEASED:
		check_claim(replay, request);
		break;
	case HP_STATE_DENIED:
		if (!request->blind && !was_denied(request, actor))
			hp_replay_bad(replay, "denied, and nobody did");
		break;
	case HP_STATE_WITHDRAWN:
		if (request->known && !same(actor, request->requester) &&
		    !same(actor, request->via))
			hp_replay_bad(replay, "withdrawn by \"%s\", who did not ask", actor);
		break;
	case HP_STATE_SUCCEEDED:
	case HP_STATE_FAILED:
	case HP_STATE_ROLLING_BACK:
	case HP_STATE_ROLLED_BACK:
	case HP_STATE_ROLLBACK_FAILED:
		if (settled && !acts_as(replay, HP_ROLE_REVIEWER))
			hp_replay_bad(replay, "settled by \"%s\", who is no reviewer", actor);
		if (!settled && *request->claimer && !same(actor, request->claimer))
			hp_replay_bad(replay, "reported by \"%s\", who did not claim it", actor);
		break;
	default:
		break;
	}
}

static bool
event_by_name(const char *name, enum hp_event *ret_event)
{
	for (unsigned event = 0; event < HP_EVENT_COUNT; event++)
		if (same(name, hp_event_name((enum hp_event)event))) {
			*ret_event = (enum hp_event)event;
			return true;
		}
	return false;
}

/* Whether the table has the step: by the cause that the leaf names, by any where it is erased. */
static bool
follows(const struct hp_replay *replay, enum hp_state from, enum hp_state to)
{
	enum hp_event event;
	enum hp_state next;
	if (replay->body)
		return event_by_name(hp_map_get_str(replay->body, "cause", ""), &event) &&
		       hp_lifecycle_step(from, event, &next) == HP_OK && next == to;
	for (unsigned any = 0; any < HP_EVENT_COUNT; any++)
		if (hp_lifecycle_step(from, (enum hp_event)any, &next) == HP_OK && next == to)
			return true;
	return false;
}

static void
add_step(struct hp_replay *replay, struct hp_replay_request *request, enum hp_state to)
{
	if (request->step_count == request->step_room) {
		size_t room = request->step_room ? request->step_room * 2 : 6;
		struct hp_replay_step *more =
			hp_arena_array(&request->arena, room, sizeof *more);
		if (!more)
			return;
		if (request->step_count)
			memcpy(more, request->steps, request->step_count * sizeof *more);
		request->steps = more;
		request->step_room = room;
	}
	request->steps[request->step_count++] = (struct hp_replay_step){
		.state = to,
		.at_ms = replay->leaf->wall_ms,
		.by = hp_arena_strdup(&request->arena, replay->leaf->actor),
		.reason = replay->body ? keep(request, replay->body, "reason") : NULL,
	};
	replay->counts.steps++;
}

void
hp_replay_moved(struct hp_replay *replay, struct hp_replay_request *request, enum hp_state to)
{
	if (!request->step_count) {
		if (to != HP_STATE_BLOCKED && to != HP_STATE_PENDING && to != HP_STATE_GRANTED)
			hp_replay_bad(replay, "from nothing to %s", hp_state_name(to));
		else if (!request->blind)
			check_first(replay, request, to);
	} else {
		enum hp_state from = request->steps[request->step_count - 1].state;
		if (!follows(replay, from, to))
			hp_replay_bad(replay, "from %s to %s%s", hp_state_name(from),
				      hp_state_name(to),
				      hp_state_is_final(from) ? ": a final state never changes"
							      : "");
		else
			check_move(replay, request, from, to);
	}
	set_due(replay, request, false);
	add_step(replay, request, to);
}
