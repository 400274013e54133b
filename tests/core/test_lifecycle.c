#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/lifecycle.h"

/* The codes of the matrix below. */
static const struct {
	const char *code;
	enum hp_state state;
} codes[] = {
	{"blck", HP_STATE_BLOCKED},	{"pend", HP_STATE_PENDING},
	{"gran", HP_STATE_GRANTED},	{"exec", HP_STATE_EXECUTING},
	{"succ", HP_STATE_SUCCEEDED},	{"fail", HP_STATE_FAILED},
	{"rlbk", HP_STATE_ROLLING_BACK}, {"rbed", HP_STATE_ROLLED_BACK},
	{"rbfl", HP_STATE_ROLLBACK_FAILED}, {"unkn", HP_STATE_UNKNOWN},
	{"rels", HP_STATE_RELEASED},	{"deni", HP_STATE_DENIED},
	{"expi", HP_STATE_EXPIRED},	{"wdrn", HP_STATE_WITHDRAWN},
	{"hltd", HP_STATE_HALTED},	{"laps", HP_STATE_LAPSED},
};

static const enum hp_event columns[] = {
	HP_EVENT_APPROVE, HP_EVENT_QUORUM, HP_EVENT_DENY, HP_EVENT_DEADLINE, HP_EVENT_EXTEND,
	HP_EVENT_WITHDRAW, HP_EVENT_HALT, HP_EVENT_CLAIM, HP_EVENT_CLAIM_DETACHED,
	HP_EVENT_GRANT_TTL, HP_EVENT_PROGRESS, HP_EVENT_SUCCEEDED, HP_EVENT_FAILED,
	HP_EVENT_FAILED_ROLLBACK, HP_EVENT_ROLLED_BACK, HP_EVENT_ROLLBACK_FAILED,
	HP_EVENT_LEASE_END, HP_EVENT_SETTLE_SUCCEEDED, HP_EVENT_SETTLE_FAILED,
};

enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* Every state with every event: the next state, "." for a conflict, "#" for final. */
static const struct {
	enum hp_state state;
	const char *cells;
} matrix[] = {
	/*                        appr quor deny dead extd wdrw halt clai deta gttl
	 *                        prog succ fail frlb rbed rbfl lend sets setf */
	{HP_STATE_BLOCKED,	 "#    #    #    #    #    #    #    #    #    #    "
				 "#    #    #    #    #    #    #    #    #"},
	{HP_STATE_PENDING,	 "pend gran deni expi pend wdrn hltd .    .    .    "
				 ".    .    .    .    .    .    .    .    ."},
	{HP_STATE_GRANTED,	 ".    .    deni .    .    wdrn hltd exec rels laps "
				 ".    .    .    .    .    .    .    .    ."},
	{HP_STATE_EXECUTING,	 ".    .    .    .    .    .    exec .    .    .    "
				 "exec succ fail rlbk .    .    unkn .    ."},
	{HP_STATE_SUCCEEDED,	 "#    #    #    #    #    #    #    #    #    #    "
				 "#    #    #    #    #    #    #    #    #"},
	{HP_STATE_FAILED,	 "#    #    #    #    #    #    #    #    #    #    "
				 "#    #    #    #    #    #    #    #    #"},
	{HP_STATE_ROLLING_BACK,	 ".    .    .    .    .    .    rlbk .    .    .    "
				 "rlbk .    .    .    rbed rbfl unkn .    ."},
	{HP_STATE_ROLLED_BACK,	 "#    #    #    #    #    #    #    #    #    #    "
				 "#    #    #    #    #    #    #    #    #"},
	{HP_STATE_ROLLBACK_FAILED, "#    #    #    #    #    #    #    #    #    #    "
				 "#    #    #    #    #    #    #    #    #"},
	{HP_STATE_UNKNOWN,	 ".    .    .    .    .    .    .    .    .    .    "
				 ".    .    .    .    .    .    .    succ fail"},
	{HP_STATE_RELEASED,	 "#    #    #    #    #    #    #    #    #    #    "
				 "#    #    #    #    #    #    #    #    #"},
	{HP_STATE_DENIED,	 "#    #    #    #    #    #    #    #    #    #    "
				 "#    #    #    #    #    #    #    #    #"},
	{HP_STATE_EXPIRED,	 "#    #    #    #    #    #    #    #    #    #    "
				 "#    #    #    #    #    #    #    #    #"},
	{HP_STATE_WITHDRAWN,	 "#    #    #    #    #    #    #    #    #    #    "
				 "#    #    #    #    #    #    #    #    #"},
	{HP_STATE_HALTED,	 "#    #    #    #    #    #    #    #    #    #    "
				 "#    #    #    #    #    #    #    #    #"},
	{HP_STATE_LAPSED,	 "#    #    #    #    #    #    #    #    #    #    "
				 "#    #    #    #    #    #    #    #    #"},
};

static void
expect(enum hp_state state, enum hp_event event, const char *cell)
{
	const enum hp_state untouched = HP_STATE_COUNT;
	enum hp_state next = untouched;
	enum hp_status status = hp_lifecycle_step(state, event, &next);
	const char *from = hp_state_name(state), *by = hp_event_name(event);
	if (strcmp(cell, ".") == 0 || strcmp(cell, "#") == 0) {
		enum hp_status want = cell[0] == '.' ? HP_CONFLICT : HP_REFUSED;
		cr_assert_eq(status, want, "%s by %s: %s", from, by, hp_status_text(status));
		cr_assert_eq(next, untouched, "%s by %s: output touched", from, by);
		return;
	}
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		if (strcmp(cell, codes[i].code) != 0)
			continue;
		cr_assert_eq(status, HP_OK, "%s by %s: %s", from, by, hp_status_text(status));
		cr_assert_eq(next, codes[i].state, "%s by %s: %s", from, by, hp_state_name(next));
		return;
	}
	cr_assert_fail("unknown cell %s", cell);
}

Test(lifecycle, every_state_with_every_event_is_as_written_here)
{
	cr_assert_eq(COLUMNS, HP_EVENT_COUNT);
	cr_assert_eq(sizeof matrix / sizeof matrix[0], HP_STATE_COUNT);
	for (size_t row = 0; row < HP_STATE_COUNT; row++) {
		const char *at = matrix[row].cells;
		cr_assert_eq(matrix[row].state, row);
		for (size_t column = 0; column < COLUMNS; column++) {
			char cell[8];
			int used = 0;
			cr_assert_eq(columns[column], column);
			cr_assert_eq(sscanf(at, "%7s%n", cell, &used), 1);
			expect(matrix[row].state, columns[column], cell);
			at += used;
		}
		cr_assert_eq(strspn(at, " "), strlen(at));
	}
}

Test(lifecycle, invariant_3_what_is_final_and_what_is_not)
{
	for (unsigned state = 0; state < HP_STATE_COUNT; state++) {
		bool open = state == HP_STATE_PENDING || state == HP_STATE_GRANTED ||
			    state == HP_STATE_EXECUTING || state == HP_STATE_ROLLING_BACK ||
			    state == HP_STATE_UNKNOWN;
		cr_assert_eq(hp_state_is_final(state), !open, "%s", hp_state_name(state));
		cr_assert_eq(hp_state_is_decided(state), state != HP_STATE_PENDING, "%s",
			     hp_state_name(state));
	}
}

/* Invariant 1: the only ways into `granted` are policy, at submit, and a filled quorum. */
Test(lifecycle, invariant_1_only_a_quorum_grants)
{
	for (unsigned state = 0; state < HP_STATE_COUNT; state++) {
		for (unsigned event = 0; event < HP_EVENT_COUNT; event++) {
			enum hp_state next = HP_STATE_COUNT;
			if (hp_lifecycle_step(state, event, &next) || next != HP_STATE_GRANTED)
				continue;
			cr_assert_eq(state, HP_STATE_PENDING);
			cr_assert_eq(event, HP_EVENT_QUORUM);
		}
	}
}

/* Invariant 4: nothing runs but by a claim in `granted`, and never twice. */
Test(lifecycle, invariant_4_only_a_claim_of_a_grant_runs)
{
	for (unsigned state = 0; state < HP_STATE_COUNT; state++) {
		for (unsigned event = 0; event < HP_EVENT_COUNT; event++) {
			enum hp_state next = HP_STATE_COUNT;
			if (hp_lifecycle_step(state, event, &next) || state == next ||
			    (next != HP_STATE_EXECUTING && next != HP_STATE_RELEASED))
				continue;
			cr_assert_eq(state, HP_STATE_GRANTED);
			cr_assert_eq(event, next == HP_STATE_EXECUTING ? HP_EVENT_CLAIM
								       : HP_EVENT_CLAIM_DETACHED);
		}
	}
}

Test(lifecycle, every_state_can_be_reached)
{
	bool reached[HP_STATE_COUNT] = {
		[HP_STATE_BLOCKED] = true, [HP_STATE_PENDING] = true, [HP_STATE_GRANTED] = true,
	};
	for (unsigned round = 0; round < HP_STATE_COUNT; round++)
		for (unsigned state = 0; state < HP_STATE_COUNT; state++)
			for (unsigned event = 0; event < HP_EVENT_COUNT; event++) {
				enum hp_state next;
				if (reached[state] && !hp_lifecycle_step(state, event, &next))
					reached[next] = true;
			}
	for (unsigned state = 0; state < HP_STATE_COUNT; state++)
		cr_assert(reached[state], "%s", hp_state_name(state));
}

Test(lifecycle, what_is_no_state_or_event_fails_closed)
{
	enum hp_state next = HP_STATE_COUNT;
	cr_assert_eq(hp_lifecycle_step((enum hp_state)HP_STATE_COUNT, HP_EVENT_CLAIM, &next),
		     HP_REFUSED);
	cr_assert_eq(hp_lifecycle_step((enum hp_state)-1, HP_EVENT_CLAIM, &next), HP_REFUSED);
	cr_assert_eq(hp_lifecycle_step(HP_STATE_PENDING, (enum hp_event)HP_EVENT_COUNT, &next),
		     HP_CONFLICT);
	cr_assert_eq(hp_lifecycle_step(HP_STATE_PENDING, (enum hp_event)-1, &next), HP_CONFLICT);
	cr_assert_eq(next, HP_STATE_COUNT);
	cr_assert(hp_state_is_final((enum hp_state)77));
	cr_assert(hp_state_is_final((enum hp_state)HP_STATE_COUNT));
	cr_assert_str_eq(hp_state_name((enum hp_state)HP_STATE_COUNT), "invalid");
	cr_assert_str_eq(hp_event_name((enum hp_event)HP_EVENT_COUNT), "invalid");
	cr_assert_str_eq(hp_state_name((enum hp_state)-1), "invalid");
	cr_assert_str_eq(hp_event_name((enum hp_event)-1), "invalid");
}

/* The wire's words, spelled out: a renamed state is another protocol. */
Test(lifecycle, names_are_the_wires_words_and_parse_back)
{
	static const char *const names[] = {
		"blocked",	"pending",	   "granted", "executing", "succeeded",
		"failed",	"rolling_back",	   "rolled_back", "rollback_failed", "unknown",
		"released",	"denied",	   "expired", "withdrawn", "halted", "lapsed",
	};
	static const char *const events[] = {
		"approve", "quorum", "deny", "deadline", "extend", "withdraw", "halt", "claim",
		"claim_detached", "grant_ttl", "progress", "succeeded", "failed",
		"failed_rollback", "rolled_back", "rollback_failed", "lease_end",
		"settle_succeeded", "settle_failed",
	};
	cr_assert_eq(sizeof names / sizeof names[0], HP_STATE_COUNT);
	cr_assert_eq(sizeof events / sizeof events[0], HP_EVENT_COUNT);
	for (unsigned state = 0; state < HP_STATE_COUNT; state++) {
		enum hp_state parsed = HP_STATE_COUNT;
		cr_assert_str_eq(hp_state_name(state), names[state]);
		cr_assert(hp_state_parse(names[state], &parsed));
		cr_assert_eq(parsed, state);
	}
	for (unsigned event = 0; event < HP_EVENT_COUNT; event++)
		cr_assert_str_eq(hp_event_name(event), events[event]);
	static const char *const wrong[] = {"", "Pending", "pending ", "pend", "invalid"};
	enum hp_state parsed = HP_STATE_COUNT;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		cr_assert_not(hp_state_parse(wrong[i], &parsed), "%s", wrong[i]);
	cr_assert_not(hp_state_parse(NULL, &parsed));
	cr_assert_eq(parsed, HP_STATE_COUNT);
}
