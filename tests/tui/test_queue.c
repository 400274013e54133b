/* The queue: sorting, filter, selection, listings and events (model.h 1, 5, 6). */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/tui/feed.h"
#include "tui/control.h"
#include "tui/view.h"

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

TestSuite(queue, .init = start, .fini = stop);

static const char *
shown(size_t index)
{
	hp_queue_refresh(&feed.model.queue);
	cr_assert_lt(index, feed.model.queue.view_count);
	return feed.model.queue.view[index]->id;
}

static void
put(const struct feed_request *request, uint64_t seq, int64_t now_ms)
{
	hp_queue_put(&feed.model, feed_summary(&feed, request), seq, now_ms);
	hp_queue_refresh(&feed.model.queue);
}

Test(queue, riskiest_first_then_the_nearest_deadline)
{
	struct feed_request requests[7];
	for (int i = 0; i < 7; i++)
		requests[i] = feed_request(i + 1);
	requests[0].tier = "autonomous";
	requests[1].environment = "development";
	requests[2].deadline_ms -= 1000;
	requests[3].effect = "escalate";
	requests[4].effect = "no such effect"; /* what is not known counts as grave */
	requests[4].deadline_ms += 1000;
	requests[5].environment = "moon"; /* below production, above staging */
	feed_list(&feed, requests, 7);
	static const int expected[] = {4, 5, 3, 7, 6, 2, 1};
	for (size_t i = 0; i < 7; i++)
		cr_expect_str_eq(shown(i), feed_id(&feed, expected[i]), "place %zu", i);
}

Test(queue, arrivals_and_departures_do_not_move_the_selection)
{
	struct feed_request mine = feed_request(5), grave = feed_request(1);
	feed_list(&feed, &mine, 1);
	cr_assert_str_eq(feed.model.queue.selected, feed_id(&feed, 5));
	grave.effect = "escalate";
	put(&grave, 11, 0);
	cr_assert_eq(hp_queue_selected(&feed.model.queue), 1);
	cr_assert_str_eq(feed.model.queue.selected, feed_id(&feed, 5));
	grave.state = "denied";
	put(&grave, 12, 0);
	hp_model_tick(&feed.model, HP_LINGER_MS);
	hp_queue_refresh(&feed.model.queue);
	cr_assert_eq(feed.model.queue.view_count, 1);
	cr_assert_str_eq(feed.model.queue.selected, feed_id(&feed, 5));
}

Test(queue, rows_linger_a_minute_after_they_left)
{
	struct feed_request requests[] = {feed_request(1), feed_request(2), feed_request(3)};
	feed_list(&feed, requests, 3); /* the first is selected */
	requests[1].state = "granted";
	put(&requests[1], 11, 5000);
	hp_model_tick(&feed.model, 5000 + HP_LINGER_MS - 1);
	cr_assert_not_null(hp_queue_find(&feed.model.queue, feed_id(&feed, 2)));
	hp_model_tick(&feed.model, 5000 + HP_LINGER_MS);
	cr_assert_null(hp_queue_find(&feed.model.queue, feed_id(&feed, 2)));
	cr_assert_not_null(hp_queue_find(&feed.model.queue, feed_id(&feed, 3)));
}

Test(queue, selected_and_open_rows_stay_however_old)
{
	struct feed_request requests[] = {feed_request(1), feed_request(2)};
	requests[0].deadline_ms = requests[1].deadline_ms = FEED_NOW_MS + 1000;
	feed_list(&feed, requests, 2);
	hp_pinned_open(&feed.model, hp_queue_find(&feed.model.queue, feed_id(&feed, 2)));
	hp_model_tick(&feed.model, 100 * HP_LINGER_MS);
	cr_assert_eq(feed.model.queue.count, 2);
}

Test(queue, expiry_is_the_brokers_to_say)
{
	struct feed_request one = feed_request(1);
	feed_list(&feed, &one, 1);
	const struct hp_row *row = hp_queue_find(&feed.model.queue, feed_id(&feed, 1));
	cr_assert_eq(hp_row_state(&feed.model, row, 299999), HP_STATE_PENDING);
	cr_assert_eq(hp_row_state(&feed.model, row, 300000), HP_STATE_EXPIRED);
	/* Another word of the broker moves the clock, in either direction. */
	hp_model_welcome(&feed.model, feed_welcome(&feed, FEED_NOW_MS), 300000);
	cr_assert_eq(hp_row_state(&feed.model, row, 300000), HP_STATE_PENDING);
	cr_assert_eq(hp_model_left(&feed.model, row->deadline_ms, 300000), 300000);
}

Test(queue, an_extension_brings_a_row_back)
{
	struct feed_request requests[] = {feed_request(1), feed_request(2)};
	requests[1].deadline_ms = FEED_NOW_MS + 1000;
	feed_list(&feed, requests, 2);
	requests[1].deadline_ms = FEED_NOW_MS + 900000;
	put(&requests[1], 11, 2000);
	const struct hp_row *row = hp_queue_find(&feed.model.queue, feed_id(&feed, 2));
	cr_assert_eq(hp_row_state(&feed.model, row, 2000), HP_STATE_PENDING);
	hp_model_tick(&feed.model, 2000 + HP_LINGER_MS);
	cr_assert_not_null(hp_queue_find(&feed.model.queue, feed_id(&feed, 2)));
}

Test(queue, older_words_do_not_undo_newer_ones)
{
	struct feed_request one = feed_request(1);
	feed_list(&feed, &one, 1);
	one.state = "denied";
	put(&one, 20, 0);
	one.state = "pending";
	put(&one, 19, 0);
	cr_assert_eq(hp_queue_find(&feed.model.queue, feed_id(&feed, 1))->state, HP_STATE_DENIED);
}

Test(queue, a_listing_sweeps_what_it_does_not_show)
{
	struct feed_request requests[] = {feed_request(1), feed_request(2)};
	feed_list(&feed, requests, 2);
	feed_list(&feed, requests, 1);
	const struct hp_row *row = hp_queue_find(&feed.model.queue, feed_id(&feed, 2));
	cr_assert_eq(row->state, HP_STATE_COUNT);
	size_t pending, escalated;
	hp_queue_counts(&feed.model, 0, &pending, &escalated);
	cr_assert_eq(pending, 1);
}

Test(queue, pages_are_one_sweep)
{
	struct feed_request first = feed_request(1), second = feed_request(2);
	struct hp_value *page = feed_listing(&feed, &first, 1, 10);
	char after[HP_ID_BYTES];
	feed_list(&feed, (struct feed_request[]){first, second}, 2);
	hp_map_set_str(&feed.arena, page, "next", feed_id(&feed, 1));
	hp_queue_page(&feed.model, page, true, after, 0);
	cr_assert_str_eq(after, feed_id(&feed, 1));
	hp_queue_page(&feed.model, feed_listing(&feed, &second, 1, 12), false, after, 0);
	cr_assert_str_empty(after);
	cr_assert_eq(hp_queue_find(&feed.model.queue, feed_id(&feed, 1))->state, HP_STATE_PENDING);
	cr_assert_eq(hp_queue_find(&feed.model.queue, feed_id(&feed, 2))->state, HP_STATE_PENDING);
}

Test(queue, a_gap_in_the_events_asks_for_a_listing)
{
	struct feed_request one = feed_request(1), two = feed_request(2);
	feed_list(&feed, &one, 1);
	feed.model.want_list = false;
	hp_model_event(&feed.model, feed_event(&feed, &two, "request.pending", 11), 0);
	cr_assert_not(feed.model.want_list);
	cr_assert_eq(feed.model.queue.count, 2);
	hp_model_event(&feed.model, feed_event(&feed, &two, "vote", 13), 0);
	cr_assert(feed.model.want_list);
}

Test(queue, events_that_a_listing_covers_change_nothing)
{
	struct feed_request one = feed_request(1);
	feed_list(&feed, &one, 1);
	feed.model.want_list = false;
	one.state = "denied";
	hp_model_event(&feed.model, feed_event(&feed, &one, "request.denied", 10), 0);
	cr_assert_eq(hp_queue_find(&feed.model.queue, feed_id(&feed, 1))->state, HP_STATE_PENDING);
	cr_assert_not(feed.model.want_list);
}

Test(queue, bells)
{
	struct feed_request first = feed_request(1), gated = feed_request(2),
			    free = feed_request(3);
	free.tier = "supervised";
	feed_list(&feed, &first, 1);
	cr_assert_not(feed.model.bell, "what was there before is not new");
	put(&free, 11, 0);
	cr_assert_not(feed.model.bell);
	put(&gated, 12, 0);
	cr_assert(feed.model.bell);
	feed.model.bell = false;
	hp_model_tick(&feed.model, 300000 - HP_LAST_MINUTE_MS - 1);
	cr_assert_not(feed.model.bell);
	hp_model_tick(&feed.model, 300000 - HP_LAST_MINUTE_MS);
	cr_assert(feed.model.bell);
	feed.model.bell = false;
	hp_model_tick(&feed.model, 300000 - HP_LAST_MINUTE_MS + 1);
	cr_assert_not(feed.model.bell, "once");
}

Test(queue, what_is_no_summary_is_ignored)
{
	static const char *const ids[] = {"", "short", "01936f2a-0001-7000-8000-00000000000g",
	                                  "01936f2a00001-7000-8000-000000000000",
	                                  "../../etc/passwd-0001-7000-8000-0000"};
	struct feed_request one = feed_request(1);
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		struct hp_value *summary = feed_summary(&feed, &one);
		summary->map.pairs[0].value = hp_value_str(&feed.arena, ids[i]);
		hp_queue_put(&feed.model, summary, 1, 0);
		cr_expect_eq(feed.model.queue.count, 0, "%s", ids[i]);
	}
	one.state = "levitating";
	put(&one, 1, 0);
	cr_assert_eq(feed.model.queue.count, 0);
	hp_queue_put(&feed.model, hp_value_nil(&feed.arena), 1, 0);
	hp_queue_put(&feed.model, NULL, 1, 0);
	cr_assert_eq(feed.model.queue.count, 0);
}

Test(queue, rows_hold_visible_ascii_only)
{
	struct feed_request one = feed_request(1);
	one.operation = "a\x1b[2J\xe2\x80\xae";
	one.resource = "pr\xd0\xbe"
		       "d";
	feed_list(&feed, &one, 1);
	const struct hp_row *row = hp_queue_find(&feed.model.queue, feed_id(&feed, 1));
	cr_assert_str_eq(row->operation, "a<U+001B>[2J<U+202E>");
	cr_assert_str_eq(row->resource, "pr<U+043E>d");
}

Test(queue, filters)
{
	static const struct {
		const char *filter;
		bool matches;
	} cases[] = {
		{"", true},
		{"   ", true},
		{"delete", true},
		{"ORDERS", true},
		{"orders rds", true},
		{"orders moon", false},
		{"env:prod", true},
		{"env:PROD tier:gated class:del agent:ki", true},
		{"env:staging", false},
		{"agent:prod", false},
		{"agent:", true},
		{"01936f2a-0001", true},
		{"summary", true},
		{"env:prod\x1b", false},
	};
	struct feed_request one = feed_request(1);
	feed_list(&feed, &one, 1);
	const struct hp_row *row = hp_queue_find(&feed.model.queue, feed_id(&feed, 1));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_expect_eq(hp_row_matches(row, cases[i].filter), cases[i].matches, "\"%s\"",
		             cases[i].filter);
}

Test(queue, a_filter_moves_the_selection_only_off_hidden_rows)
{
	struct feed_request requests[] = {feed_request(1), feed_request(2), feed_request(3)};
	requests[2].environment = "staging";
	feed_list(&feed, requests, 3);
	hp_queue_select(&feed.model.queue, 1);
	hp_view_filter(&feed.model, "env:production");
	cr_assert_str_eq(feed.model.queue.selected, feed_id(&feed, 2));
	hp_view_filter(&feed.model, "env:staging");
	cr_assert_str_eq(feed.model.queue.selected, feed_id(&feed, 3));
	hp_view_filter(&feed.model, "xyzzy");
	cr_assert_str_empty(feed.model.queue.selected);
	hp_view_filter(&feed.model, "");
	cr_assert_eq(feed.model.queue.view_count, 3);
}

Test(queue, the_window_follows_the_selection)
{
	struct feed_request requests[20];
	for (int i = 0; i < 20; i++)
		requests[i] = feed_request(i + 1);
	feed_list(&feed, requests, 20);
	struct hp_queue *queue = &feed.model.queue;
	hp_queue_scroll(queue, 5);
	hp_control_key(&feed.model, 'G', 0);
	hp_queue_scroll(queue, 5);
	cr_assert_eq(queue->top, 15);
	hp_control_key(&feed.model, 'k', 0);
	hp_queue_scroll(queue, 5);
	cr_assert_eq(queue->top, 15);
	cr_assert_eq(hp_queue_selected(queue), 18);
	hp_control_key(&feed.model, HP_KEY_PAGE_UP, 0);
	hp_queue_scroll(queue, 5);
	cr_assert_eq(hp_queue_selected(queue), 13);
	cr_assert_eq(queue->top, 13);
	hp_control_key(&feed.model, 'g', 0);
	hp_queue_scroll(queue, 5);
	cr_assert_eq(queue->top, 0);
	hp_view_filter(&feed.model, "01936f2a-0003");
	hp_queue_scroll(queue, 5);
	cr_assert_eq(queue->top, 0);
}

Test(queue, is_bounded)
{
	char after[HP_ID_BYTES];
	for (int page = 0; page < 5; page++) {
		struct hp_value *items = hp_value_array(&feed.arena);
		struct feed_request one = feed_request(1);
		struct hp_value *summary = feed_summary(&feed, &one);
		for (int i = 0; i < 5000; i++) {
			struct hp_value *copy = hp_value_copy(&feed.arena, summary);
			copy->map.pairs[0].value = hp_value_str(
				&feed.arena,
				hp_arena_printf(&feed.arena, "%08x-0001-7000-8000-000000000000",
			                        page * 5000 + i));
			hp_array_add(&feed.arena, items, copy);
		}
		struct hp_value *reply = hp_value_map(&feed.arena);
		hp_map_set(&feed.arena, reply, "items", items);
		hp_queue_page(&feed.model, reply, page == 0, after, 0);
	}
	cr_assert_eq(feed.model.queue.count, HP_ROWS_MAX);
}

Test(queue, a_listing_of_what_is_known_makes_nothing_anew)
{
	struct feed_request requests[2] = {feed_request(1), feed_request(2)};
	char after[HP_ID_BYTES];
	feed_list(&feed, requests, 2);
	hp_queue_refresh(&feed.model.queue);
	const char *text = feed.model.queue.rows[0]->text;
	hp_queue_page(&feed.model, feed_listing(&feed, requests, 2, 11), true, after, 1000);
	cr_expect_not(feed.model.queue.dirty);
	cr_expect_eq(feed.model.queue.rows[0]->text, text, "it was not even read again");
	cr_expect_eq(feed.model.queue.rows[0]->seq, 11);
	requests[0].approvals = 1;
	hp_queue_page(&feed.model, feed_listing(&feed, requests, 2, 12), true, after, 2000);
	cr_expect_eq(hp_queue_find(&feed.model.queue, feed_id(&feed, 1))->approvals, 1);
	requests[1].deadline_ms -= 60000;
	hp_queue_page(&feed.model, feed_listing(&feed, requests, 2, 13), true, after, 3000);
	cr_expect_str_eq(shown(0), feed_id(&feed, 2), "and what is new finds its place");
}
