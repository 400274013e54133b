/* Lists beside the queue, the log, how the reviewer is doing (lists.h, ledger.h, care.h). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/crypto.h"
#include "core/msgpack.h"
#include "tests/tui/feed.h"
#include "tui/view.h"

static struct feed feed;
static struct hp_model *const model = &feed.model;

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

TestSuite(lists, .init = start, .fini = stop);

/* --- history --- */

static struct hp_value *
page_of(int first, int count, const char *next)
{
	struct feed_request requests[8];
	for (int i = 0; i < count; i++) {
		requests[i] = feed_request(first + i);
		requests[i].state = "denied";
	}
	struct hp_value *reply = feed_listing(&feed, requests, (size_t)count, 1);
	if (next)
		hp_map_set_str(&feed.arena, reply, "next", next);
	return reply;
}

static void
take(const struct hp_value *reply)
{
	hp_rows_page(&model->history, reply, model->escape);
	hp_rows_refresh(&model->history);
}

Test(lists, pages_of_the_history)
{
	struct hp_rows *rows = &model->history;
	hp_rows_reload(rows);
	cr_expect(rows->wanted);
	take(page_of(1, 3, feed_id(&feed, 3)));
	cr_expect_eq(rows->view_count, 3);
	cr_expect_not(rows->complete);
	rows->wanted = false;
	hp_rows_fit(rows, 2);
	cr_expect(rows->wanted, "the window comes near the end");
	take(page_of(4, 2, NULL));
	cr_expect_eq(rows->view_count, 5);
	cr_expect(rows->complete);
	hp_rows_move(rows, 4, 0);
	cr_expect_str_eq(hp_rows_selected(rows)->id, feed_id(&feed, 5));
}

Test(lists, what_comes_does_not_move_the_selection)
{
	struct hp_rows *rows = &model->history;
	hp_rows_reload(rows);
	take(page_of(2, 3, NULL));
	hp_rows_move(rows, 1, 0);
	cr_expect_str_eq(hp_rows_selected(rows)->id, feed_id(&feed, 3));
	struct feed_request fresh = feed_request(1);
	hp_rows_event(rows, feed_event(&feed, &fresh, "request.pending", 11), true, model->escape);
	hp_rows_refresh(rows);
	cr_expect_str_eq(rows->view[0]->id, feed_id(&feed, 1));
	cr_expect_str_eq(hp_rows_selected(rows)->id, feed_id(&feed, 3));
	fresh.state = "granted";
	hp_rows_event(rows, feed_event(&feed, &fresh, "request.granted", 12), true, model->escape);
	cr_expect_eq(rows->count, 4);
	cr_expect_eq(rows->all[0]->state, HP_STATE_GRANTED);
}

Test(lists, a_page_that_was_asked_for_before_a_reload_is_not_taken)
{
	struct hp_rows *rows = &model->history;
	hp_rows_reload(rows);
	take(page_of(1, 2, feed_id(&feed, 2)));
	rows->asked = true; /* the second page */
	rows->wanted = false;
	hp_rows_reload(rows);
	take(page_of(3, 2, NULL));
	cr_expect_eq(rows->count, 2);
	cr_expect(rows->wanted);
	cr_expect_str_empty(rows->after);
}

Test(lists, a_lost_page_is_asked_for_again_and_a_refusal_is_told)
{
	struct hp_rows *rows = &model->history;
	hp_rows_reload(rows);
	rows->wanted = false;
	take(NULL);
	cr_expect(rows->wanted);
	struct hp_value *error = hp_value_map(&feed.arena);
	hp_map_set_str(&feed.arena, error, "type", "error");
	hp_map_set_str(&feed.arena, error, "message", "no\x1b[2J");
	take(error);
	cr_expect(strstr(rows->problem, "no<U+001B>[2J"), "%s", rows->problem);
}

Test(lists, the_history_is_bounded)
{
	struct hp_rows *rows = &model->history;
	hp_rows_reload(rows);
	take(page_of(1, 1, NULL));
	struct feed_request request = feed_request(1);
	for (int i = 0; i < HP_ROWS_KEPT + 10; i++) {
		request.number = 2 + i;
		hp_rows_event(rows, feed_event(&feed, &request, "request.pending", 1), true,
		              model->escape);
	}
	cr_expect_eq(rows->count, HP_ROWS_KEPT);
	cr_expect_str_eq(rows->all[0]->id, feed_id(&feed, HP_ROWS_KEPT + 11));
}

Test(lists, a_filter_of_the_history)
{
	hp_view_change(model, HP_VIEW_HISTORY);
	take(page_of(1, 3, NULL));
	hp_view_filter(model, "01936f2a-0002");
	cr_expect_eq(model->history.view_count, 1);
	cr_expect_str_eq(hp_rows_selected(&model->history)->id, feed_id(&feed, 2));
	cr_expect_str_empty(model->queue.filter, "the queue has its own");
	hp_view_filter(model, "");
	cr_expect_eq(model->history.view_count, 3);
	cr_expect_str_eq(hp_rows_selected(&model->history)->id, feed_id(&feed, 2));
}

/* --- agents --- */

static struct hp_value *
agents_reply(const char *const *names, size_t count, const char *next)
{
	struct hp_arena *arena = &feed.arena;
	struct hp_value *reply = hp_value_map(arena), *items = hp_value_array(arena);
	for (size_t i = 0; i < count; i++) {
		struct hp_value *item = hp_value_map(arena);
		hp_map_set_str(arena, item, "name", names[i]);
		hp_map_set_str(arena, item, "mode", "autonomous");
		hp_map_set_bool(arena, item, "halted", i == 1);
		hp_array_add(arena, items, item);
	}
	hp_map_set_str(arena, reply, "type", "agents");
	hp_map_set(arena, reply, "items", items);
	if (next)
		hp_map_set_str(arena, reply, "next", next);
	return reply;
}

Test(lists, agents_are_shown_when_all_pages_are_there)
{
	static const char *const first[] = {"a", "b"}, *const second[] = {"c"};
	struct hp_agents *agents = &model->agents;
	hp_view_change(model, HP_VIEW_AGENTS);
	struct hp_value *want = hp_agents_want(model, &feed.arena, 1000);
	cr_assert_not_null(want);
	cr_expect_null(hp_agents_want(model, &feed.arena, 1000), "one at a time");
	hp_agents_take(model, agents_reply(first, 2, "b"), 1000);
	cr_expect_not(agents->has_listed);
	want = hp_agents_want(model, &feed.arena, 1000);
	cr_expect(hp_value_is(hp_map_get(want, "after"), "b"));
	hp_agents_take(model, agents_reply(second, 1, NULL), 1000);
	hp_agents_refresh(agents);
	cr_expect_eq(agents->view_count, 3);
	cr_expect_null(hp_agents_want(model, &feed.arena, 1000 + HP_AGENTS_EVERY_MS - 1));
	cr_expect_not_null(hp_agents_want(model, &feed.arena, 1000 + HP_AGENTS_EVERY_MS));
	hp_agents_take(model, NULL, 7000);
	hp_agents_move(agents, 1, 0);
	cr_expect_str_eq(hp_agents_selected(agents)->name, "b");
	cr_expect(hp_agents_selected(agents)->halted);
	static const char *const others[] = {"aa", "b"};
	cr_assert_not_null(hp_agents_want(model, &feed.arena, 9000));
	hp_agents_take(model, agents_reply(others, 2, NULL), 9000);
	cr_expect_str_eq(hp_agents_selected(agents)->name, "b", "it stays selected");
}

/* --- care --- */

Test(lists, fatigue)
{
	struct hp_care care = {0};
	size_t row = 0;
	int64_t median_ms = 0, now_ms = 0;

	for (int i = 0; i < 4; i++)
		hp_care_note(&care, true, 3000, now_ms += 1000);
	cr_expect_not(hp_care_is_tired(&care, now_ms, &row, &median_ms));
	hp_care_note(&care, true, 60000, now_ms += 1000);
	cr_expect(hp_care_is_tired(&care, now_ms, &row, &median_ms));
	cr_expect_eq(row, 5);
	cr_expect_eq(median_ms, 3000);
	cr_expect_not(hp_care_is_tired(&care, now_ms + HP_CARE_HOUR_MS, &row, &median_ms),
	              "an hour later");
	hp_care_note(&care, false, 3000, now_ms += 1000);
	cr_expect_not(hp_care_is_tired(&care, now_ms, &row, &median_ms), "a denial ends the row");
	for (int i = 0; i < 9; i++)
		hp_care_note(&care, true, 90000, now_ms += 1000);
	cr_expect_not(hp_care_is_tired(&care, now_ms, &row, &median_ms), "slow ones are read");
	for (int i = 0; i < 2 * HP_CARE_KEPT; i++)
		hp_care_note(&care, true, 90000, now_ms += 1000);
	cr_expect(hp_care_is_tired(&care, now_ms, &row, &median_ms));
	cr_expect_eq(row, HP_CARE_KEPT);
}

/* --- the log --- */

enum { LEAVES = 37 };

static uint8_t seed[HP_SIGN_SEED_BYTES] = {7};
static struct hp_hash hashes[LEAVES + 8];
static const char *vkey;
static int tampered = -1; /* the leaf that is not what was logged */

static struct hp_value *
entry(int seq)
{
	struct hp_arena *arena = &feed.arena;
	struct hp_buf bytes = {0}, body = {0};
	struct hp_value *map = hp_value_map(arena), *words = hp_value_map(arena);
	uint8_t salt[HP_SALT_BYTES] = {(uint8_t)seq}, boot[16] = {0};
	struct hp_leaf leaf = {.seq = (uint64_t)seq, .wall_ms = 1000 + seq, .boot_id = boot,
	                       .event = "vote", .actor = seq == tampered ? "mallory" : "ana",
	                       .request = ""};

	hp_map_set_str(arena, words, "note", "x");
	cr_assert_eq(hp_msgpack_encode(words, &body, NULL), HP_OK);
	hp_leaf_body_hash(salt, body.data, body.len, leaf.body_hash);
	cr_assert_eq(hp_leaf_encode(&leaf, &bytes), HP_OK);
	hp_merkle_leaf_hash(bytes.data, bytes.len, &hashes[seq]);
	hp_map_set_int(arena, map, "seq", seq);
	hp_map_set_bin(arena, map, "leaf", bytes.data, bytes.len);
	hp_map_set_bin(arena, map, "body", body.data, body.len);
	hp_map_set_bin(arena, map, "salt", salt, sizeof salt);
	hp_buf_release(&bytes);
	hp_buf_release(&body);
	return map;
}

static struct hp_value *
entries(int from, int count)
{
	struct hp_value *reply = hp_value_map(&feed.arena), *list = hp_value_array(&feed.arena);
	for (int i = from; i < from + count; i++)
		hp_array_add(&feed.arena, list, entry(i));
	hp_map_set_str(&feed.arena, reply, "type", "entries");
	hp_map_set(&feed.arena, reply, "entries", list);
	return reply;
}

static struct hp_value *
checkpoint(int size, bool forged)
{
	struct hp_hash peaks[64] = {0};
	struct hp_buf text = {0};
	struct hp_checkpoint made = {.origin = "log.example/x", .size = (uint64_t)size};
	uint8_t other[HP_SIGN_SEED_BYTES] = {8};
	struct hp_value *reply = hp_value_map(&feed.arena);
	int was = tampered;

	tampered = -1;
	for (int i = 0; i < size; i++) {
		entry(i);
		hp_ledger_add(peaks, (uint64_t)i, &hashes[i]);
	}
	tampered = was;
	hp_ledger_root(peaks, (uint64_t)size, &made.root);
	hp_checkpoint_sign(&text, &made, forged ? other : seed);
	hp_map_set_str(&feed.arena, reply, "type", "checkpoint");
	hp_map_set_str(&feed.arena, reply, "text", hp_buf_text(&text));
	hp_buf_release(&text);
	return reply;
}

static struct hp_ledger *
open_log(void)
{
	uint8_t public_key[HP_SIGN_PUBLIC_BYTES];
	struct hp_buf text = {0};

	tampered = -1;
	cr_assert_eq(hp_crypto_start(), HP_OK);
	hp_crypto_sign_public(seed, public_key);
	hp_checkpoint_add_vkey(&text, "log.example/x", public_key);
	vkey = hp_arena_copy(&feed.arena, hp_buf_text(&text), text.len);
	hp_buf_release(&text);
	model->log_key = vkey;
	hp_view_change(model, HP_VIEW_AUDIT);
	cr_assert_not_null(model->ledger);
	return model->ledger;
}

/* Answers every want for leaves of the check, `page` at a time. */
static void
check_all(int page)
{
	struct hp_value *want;
	while ((want = hp_ledger_want_check(model, &feed.arena, 0)) != NULL) {
		int from = (int)hp_map_get_int(want, "from", -1);
		int limit = (int)hp_map_get_int(want, "limit", -1);
		hp_ledger_take_check(model, entries(from, limit < page ? limit : page), 0);
	}
}

Test(lists, the_root_of_every_size_is_rfc_6962s)
{
	struct hp_hash peaks[64] = {0}, root, again;
	hp_ledger_root(peaks, 0, &root);
	uint8_t empty[HP_HASH_BYTES];
	hp_crypto_sha256(NULL, 0, empty);
	cr_expect_arr_eq(root.bytes, empty, sizeof empty);
	for (int size = 1; size <= LEAVES; size++) {
		entry(size - 1);
		hp_ledger_add(peaks, (uint64_t)size - 1, &hashes[size - 1]);
		hp_ledger_root(peaks, (uint64_t)size, &root);
		/* Pairs, level by level, an odd one going up as it is: the same tree. */
		struct hp_hash level[LEAVES];
		memcpy(level, hashes, sizeof level);
		int count = size;
		while (count > 1) {
			int next = 0;
			for (int i = 0; i + 1 < count; i += 2)
				hp_merkle_node_hash(&level[i], &level[i + 1], &level[next++]);
			if (count % 2)
				level[next++] = level[count - 1];
			count = next;
		}
		again = level[0];
		cr_expect_arr_eq(root.bytes, again.bytes, sizeof root.bytes, "%d leaves", size);
	}
}

Test(lists, a_true_log_is_verified_and_stays_so_as_it_grows)
{
	struct hp_ledger *ledger = open_log();
	hp_ledger_take_checkpoint(model, checkpoint(LEAVES, false), 0);
	cr_assert(ledger->has_checkpoint, "%s", ledger->problem);
	cr_expect_null(hp_ledger_want_check(model, &feed.arena, 0), "not before it is asked for");
	hp_ledger_verify(ledger);
	check_all(10);
	cr_expect_eq(ledger->phase, HP_LEDGER_GOOD, "%s", ledger->problem);
	hp_ledger_take_checkpoint(model, checkpoint(LEAVES + 5, false), 0);
	check_all(2);
	cr_expect_eq(ledger->phase, HP_LEDGER_GOOD, "%s", ledger->problem);
	cr_expect_eq(ledger->good_size, LEAVES + 5);
}

Test(lists, a_log_that_was_changed_is_told_of)
{
	struct hp_ledger *ledger = open_log();
	hp_ledger_take_checkpoint(model, checkpoint(LEAVES, false), 0);
	tampered = 11;
	hp_ledger_verify(ledger);
	check_all(10);
	cr_expect_eq(ledger->phase, HP_LEDGER_BAD);
	cr_expect(strstr(ledger->problem, "changed or forked"), "%s", ledger->problem);
	hp_ledger_take_checkpoint(model, checkpoint(LEAVES, false), 0);
	cr_expect_eq(ledger->phase, HP_LEDGER_BAD, "and stays so");
}

Test(lists, leaves_that_are_kept_back_are_told_of)
{
	struct hp_ledger *ledger = open_log();
	hp_ledger_take_checkpoint(model, checkpoint(LEAVES, false), 0);
	hp_ledger_verify(ledger);
	cr_assert_not_null(hp_ledger_want_check(model, &feed.arena, 0));
	hp_ledger_take_check(model, entries(0, 0), 0);
	cr_expect_eq(ledger->phase, HP_LEDGER_BAD);
	cr_expect(strstr(ledger->problem, "does not give leaf 0"), "%s", ledger->problem);
}

Test(lists, a_forged_or_shrunken_checkpoint_is_told_of)
{
	struct hp_ledger *ledger = open_log();
	hp_ledger_take_checkpoint(model, checkpoint(LEAVES, true), 0);
	cr_expect_not(ledger->has_checkpoint);
	cr_expect_eq(ledger->phase, HP_LEDGER_BAD);
	cr_expect(strstr(ledger->problem, "does not verify"), "%s", ledger->problem);
	hp_ledger_free(ledger);
	model->ledger = NULL;
	ledger = open_log();
	hp_ledger_take_checkpoint(model, checkpoint(LEAVES, false), 0);
	hp_ledger_take_checkpoint(model, checkpoint(LEAVES - 1, false), 0);
	cr_expect_eq(ledger->phase, HP_LEDGER_BAD);
	cr_expect(strstr(ledger->problem, "shorter"), "%s", ledger->problem);
}

Test(lists, the_newest_leaves_are_followed)
{
	struct hp_ledger *ledger = open_log();
	hp_ledger_take_checkpoint(model, checkpoint(10, false), 0);
	cr_assert_not_null(hp_ledger_want_leaves(model, &feed.arena, 0));
	hp_ledger_take_leaves(model, entries(0, 10), 0);
	cr_expect_eq(hp_ledger_selected(ledger)->seq, 9);
	hp_ledger_take_checkpoint(model, checkpoint(12, false), 0);
	hp_ledger_take_leaves(model, entries(10, 2), 0);
	cr_expect_eq(hp_ledger_selected(ledger)->seq, 11, "the newest one stays on top");
	hp_ledger_move(ledger, 3, 0);
	hp_ledger_take_checkpoint(model, checkpoint(13, false), 0);
	hp_ledger_take_leaves(model, entries(12, 1), 0);
	cr_expect_eq(hp_ledger_selected(ledger)->seq, 8, "another one stays selected");
	cr_expect(hp_ledger_selected(ledger)->body_fits);
	cr_expect_str_eq(hp_ledger_selected(ledger)->body, "{\"note\":\"x\"}");
}
