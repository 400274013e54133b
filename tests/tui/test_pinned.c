/* The open request: what is trusted, what has been seen, what may be done (model.h 1, 2, 3). */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/tui/feed.h"

static struct feed feed;

static void
start(void)
{
	feed_init(&feed);
}

static void
stop(void)
{
	feed_release(&feed);
}

TestSuite(pinned, .init = start, .fini = stop);

static const char *
refusal(enum hp_deed deed)
{
	const char *why = hp_pinned_refuses(&feed.model, deed, 0);
	return why ? why : "";
}

Test(pinned, nothing_can_be_done_to_nothing)
{
	for (int deed = HP_DEED_APPROVE; deed <= HP_DEED_NOTE; deed++)
		cr_expect_str_eq(refusal((enum hp_deed)deed), "no request is open");
}

Test(pinned, is_fixed_when_it_is_opened)
{
	struct feed_request requests[] = {feed_request(1), feed_request(2)};
	uint8_t digest[HP_HASH_BYTES];
	feed_list(&feed, requests, 2);
	feed_open(&feed, &requests[0], 60, 0);
	memcpy(digest, feed.model.pinned.digest, sizeof digest);
	/* Another request's answer, or the same id with another announced digest, moves nothing. */
	cr_assert_eq(hp_pinned_load(&feed.model, feed_show(&feed, &requests[1])),
	             HP_CHANGED_NOTHING);
	struct feed_request changed = requests[0];
	changed.resource = "db/all";
	hp_queue_put(&feed.model, feed_summary(&feed, &changed), 20, 0);
	cr_assert_str_eq(feed.model.pinned.id, feed_id(&feed, 1));
	cr_assert_arr_eq(feed.model.pinned.digest, digest, sizeof digest);
}

Test(pinned, content_must_have_the_announced_digest)
{
	struct feed_request one = feed_request(1), other = feed_request(1);
	feed_list(&feed, &one, 1);
	hp_pinned_open(&feed.model, hp_queue_find(&feed.model.queue, feed_id(&feed, 1)));
	cr_assert_str_eq(refusal(HP_DEED_APPROVE), "loading");
	other.resource = "db/all";
	hp_pinned_load(&feed.model, feed_show(&feed, &other));
	cr_assert_eq(feed.model.pinned.phase, HP_PIN_REFUSED);
	cr_assert_null(feed.model.pinned.canonical);
	for (int deed = HP_DEED_APPROVE; deed <= HP_DEED_NOTE; deed++)
		cr_expect_str_eq(refusal((enum hp_deed)deed), "its content is not trusted");
}

Test(pinned, an_erased_request_says_so)
{
	struct feed_request one = feed_request(1);
	feed_list(&feed, &one, 1);
	hp_pinned_open(&feed.model, hp_queue_find(&feed.model.queue, feed_id(&feed, 1)));
	const struct hp_value *whole = feed_show(&feed, &one);
	struct hp_value *reply = hp_value_map(&feed.arena);
	for (size_t i = 0; i < whole->map.count; i++)
		if (strcmp(whole->map.pairs[i].key.p, "canonical") != 0)
			hp_map_set(&feed.arena, reply, whole->map.pairs[i].key.p,
			           hp_value_copy(&feed.arena, whole->map.pairs[i].value));
	hp_map_set_int(&feed.arena, reply, "erased_ms", 1795317164999);
	hp_map_set_str(&feed.arena, reply, "erased_by", "ada\033");
	hp_pinned_load(&feed.model, reply);
	cr_assert_eq(feed.model.pinned.phase, HP_PIN_REFUSED);
	cr_assert_str_eq(feed.model.pinned.problem,
	                 "what it said was erased 2026-11-22T03:12:44Z by ada<U+001B>");
	cr_expect_str_eq(refusal(HP_DEED_APPROVE), "its content is not trusted");
}

Test(pinned, every_flipped_byte_is_refused)
{
	struct feed_request one = feed_request(1);
	feed_list(&feed, &one, 1);
	const struct hp_row *row = hp_queue_find(&feed.model.queue, feed_id(&feed, 1));
	struct hp_value *reply = feed_show(&feed, &one);
	const struct hp_value *bytes = hp_map_get(reply, "canonical");
	size_t len = bytes->str.len;
	for (size_t i = 0; i < len; i++) {
		char *flipped = hp_arena_copy(&feed.arena, bytes->str.p, len);
		flipped[i] ^= 1;
		struct hp_value swapped = {.type = HP_BIN, .str = {flipped, len}};
		struct hp_pair *pair = reply->map.pairs;
		while (strcmp(pair->key.p, "canonical") != 0)
			pair++;
		struct hp_value *kept = pair->value;
		pair->value = &swapped;
		hp_pinned_open(&feed.model, row);
		hp_pinned_load(&feed.model, reply);
		pair->value = kept;
		cr_assert_eq(feed.model.pinned.phase, HP_PIN_REFUSED, "byte %zu", i);
	}
	hp_pinned_open(&feed.model, row);
	hp_pinned_load(&feed.model, reply);
	cr_assert_eq(feed.model.pinned.phase, HP_PIN_READY);
}

Test(pinned, content_belongs_to_this_instance)
{
	struct feed_request one = feed_request(1);
	feed.model.instance = "elsewhere";
	feed_list(&feed, &one, 1);
	hp_pinned_open(&feed.model, hp_queue_find(&feed.model.queue, feed_id(&feed, 1)));
	hp_pinned_load(&feed.model, feed_show(&feed, &one));
	cr_assert_eq(feed.model.pinned.phase, HP_PIN_REFUSED);
}

Test(pinned, errors_and_unknown_states_are_refused)
{
	struct feed_request one = feed_request(1);
	struct hp_value *error = hp_value_map(&feed.arena);
	feed_list(&feed, &one, 1);
	hp_pinned_open(&feed.model, hp_queue_find(&feed.model.queue, feed_id(&feed, 1)));
	hp_map_set_str(&feed.arena, error, "type", "error");
	hp_pinned_load(&feed.model, error);
	cr_assert_eq(feed.model.pinned.phase, HP_PIN_REFUSED);
	one.state = "levitating";
	hp_pinned_open(&feed.model, hp_queue_find(&feed.model.queue, feed_id(&feed, 1)));
	hp_pinned_load(&feed.model, feed_show(&feed, &one));
	cr_assert_eq(feed.model.pinned.phase, HP_PIN_REFUSED);
}

Test(pinned, an_unchanged_answer_disarms_nothing)
{
	struct feed_request one = feed_request(1);
	feed_list(&feed, &one, 1);
	feed_open(&feed, &one, 60, 0);
	struct hp_value *again = feed_show(&feed, &one);
	hp_map_set_int(&feed.arena, again, "now_ms", 12345);
	cr_assert_eq(hp_pinned_load(&feed.model, again), HP_CHANGED_NOTHING);
	one.approvals = 1;
	cr_assert_eq(hp_pinned_load(&feed.model, feed_show(&feed, &one)),
	             HP_CHANGED_PANE | HP_CHANGED_FLUSH);
	feed.model.dialog.kind =
		HP_DIALOG_NOTE; /* what is typed into a dialog is not thrown away */
	one.approvals = 2;
	cr_assert_eq(hp_pinned_load(&feed.model, feed_show(&feed, &one)), HP_CHANGED_PANE);
}

Test(pinned, approving_needs_both_ends_on_screen)
{
	struct feed_request one = feed_request(1);
	one.with_rollback = true;
	feed_list(&feed, &one, 1);
	struct hp_pinned *pinned = &feed.model.pinned;
	feed_open(&feed, &one, 3, 0);
	cr_assert_str_eq(refusal(HP_DEED_APPROVE), "scroll to the end of WHAT first");
	cr_assert_str_eq(refusal(HP_DEED_DENY), "");
	/* The window's last line is `… n more lines`: what it hides has not been seen. */
	size_t end = pinned->page.last[HP_SECTION_WHAT];
	feed_draw(&feed, end + 1);
	cr_assert_not(pinned->what_seen);
	feed_draw(&feed, end + 2);
	cr_assert(pinned->what_seen);
	cr_assert_str_eq(refusal(HP_DEED_APPROVE), "scroll to the end of ROLLBACK first");
	size_t rollback = pinned->page.last[HP_SECTION_ROLLBACK];
	pinned->height = 3;
	hp_pinned_scroll(pinned, (long)rollback + 1); /* behind it */
	feed_draw(&feed, 3);
	cr_assert_not(pinned->rollback_seen);
	hp_pinned_scroll(pinned, -1);
	feed_draw(&feed, 3);
	cr_assert(pinned->rollback_seen);
	cr_assert_str_eq(refusal(HP_DEED_APPROVE), "");
}

Test(pinned, what_was_seen_is_forgotten_with_the_pin)
{
	struct feed_request requests[] = {feed_request(1), feed_request(2)};
	feed_list(&feed, requests, 2);
	feed_open(&feed, &requests[0], 60, 0);
	cr_assert_str_eq(refusal(HP_DEED_APPROVE), "");
	feed_open(&feed, &requests[1], 3, 0);
	cr_assert_str_eq(refusal(HP_DEED_APPROVE), "scroll to the end of WHAT first");
}

Test(pinned, windows_stay_inside_the_page)
{
	struct feed_request one = feed_request(1);
	feed_list(&feed, &one, 1);
	feed_open(&feed, &one, 5, 0);
	struct hp_pinned *pinned = &feed.model.pinned;
	static const long moves[] = {-5, 1000000, 1, -1, -1000000, 3};
	for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
		hp_pinned_scroll(pinned, moves[i]);
		cr_assert_leq(pinned->top + hp_pinned_visible(pinned, 5), pinned->page.count);
	}
	for (size_t height = 0; height < 200; height++) {
		hp_pinned_fit(pinned, height);
		cr_assert_leq(pinned->top + hp_pinned_visible(pinned, height), pinned->page.count);
	}
	cr_assert_eq(pinned->top, 0, "all fits");
}

Test(pinned, states_and_deeds)
{
	static const struct {
		const char *state;
		bool deny, extend;
	} cases[] = {
		{"pending", true, true},   {"granted", true, false},    {"denied", false, false},
		{"expired", false, false}, {"executing", false, false}, {"halted", false, false},
		{"unknown", false, false}, {"withdrawn", false, false},
	};
	struct feed_request one = feed_request(1);
	feed_list(&feed, &one, 1);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		one.state = cases[i].state;
		feed_open(&feed, &one, 60, 0);
		bool pending = strcmp(one.state, "pending") == 0;
		cr_expect_str_eq(refusal(HP_DEED_APPROVE), pending ? "" : one.state);
		cr_expect_str_eq(refusal(HP_DEED_DENY), cases[i].deny ? "" : one.state);
		cr_expect_str_eq(refusal(HP_DEED_EXTEND), cases[i].extend ? "" : one.state);
		cr_expect_str_eq(refusal(HP_DEED_NOTE), "");
	}
}

Test(pinned, time_runs_out_by_the_brokers_clock)
{
	struct feed_request one = feed_request(1);
	feed_list(&feed, &one, 1);
	feed_open(&feed, &one, 60, 0);
	feed.model.pinned.want_show = false;
	cr_assert_null(hp_pinned_refuses(&feed.model, HP_DEED_APPROVE, 299999));
	hp_model_tick(&feed.model, 299999);
	cr_assert_not(feed.model.pinned.want_show);
	cr_assert_str_eq(hp_pinned_refuses(&feed.model, HP_DEED_APPROVE, 300000), "expired");
	cr_assert_str_eq(hp_pinned_refuses(&feed.model, HP_DEED_DENY, 300000), "expired");
	hp_model_tick(&feed.model, 300000);
	cr_assert(feed.model.pinned.want_show, "the broker is asked");
}

Test(pinned, a_lost_broker_turns_everything_off)
{
	struct feed_request one = feed_request(1);
	feed_list(&feed, &one, 1);
	feed_open(&feed, &one, 60, 0);
	cr_assert_eq(hp_model_lose(&feed.model, "gone", 5), HP_CHANGED_PANE);
	cr_assert_eq(hp_model_lose(&feed.model, "gone", 6), HP_CHANGED_NOTHING);
	for (int deed = HP_DEED_APPROVE; deed <= HP_DEED_NOTE; deed++)
		cr_expect_str_eq(refusal((enum hp_deed)deed), "the broker is lost");
	feed.model.want_list = false;
	hp_model_welcome(&feed.model, feed_welcome(&feed, FEED_NOW_MS + 10), 10);
	cr_assert(feed.model.want_list && feed.model.pinned.want_show);
	cr_assert_str_eq(refusal(HP_DEED_APPROVE), "");
	cr_assert_str_eq(feed.model.pinned.id, feed_id(&feed, 1));
}

Test(pinned, events_are_told_at_once)
{
	struct feed_request one = feed_request(1);
	feed_list(&feed, &one, 1);
	feed_open(&feed, &one, 60, 0);
	feed.model.pinned.want_show = false;
	one.state = "denied";
	hp_model_event(&feed.model, feed_event(&feed, &one, "request.denied", 11), 0);
	cr_assert(feed.model.pinned.want_show);
	cr_assert_str_eq(refusal(HP_DEED_APPROVE), "denied");
}
