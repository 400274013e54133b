/* Keys, dialogs and the orders they give (model.h 1, 2, 4, 7). */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/tui/feed.h"
#include "tui/control.h"

enum { LATER_MS = 1000 }; /* armed */

static struct feed feed;
static struct hp_model *const model = &feed.model;

static void
start(void)
{
	struct feed_request one = feed_request(1);

	feed_init(&feed);
	feed_list(&feed, &one, 1);
	feed_open(&feed, &one, 60, 0);
}

static void
stop(void)
{
	feed_release(&feed);
}

TestSuite(control, .init = start, .fini = stop);

static unsigned
press(uint32_t key)
{
	return hp_control_key(model, key, LATER_MS);
}

static void
type(const char *text)
{
	for (; *text; text++)
		press((unsigned char)*text);
}

static const struct hp_order *
only_order(void)
{
	cr_assert_eq(model->order_count, 1);
	return &model->orders[0];
}

Test(control, every_row_of_the_table_is_whole)
{
	for (size_t i = 0; i < hp_action_count; i++) {
		cr_expect_not_null(hp_actions[i].act);
		cr_expect(hp_actions[i].help && *hp_actions[i].help);
		cr_expect(strlen(hp_actions[i].help) <= 46, "%s fits 60 columns",
		          hp_actions[i].name);
		for (size_t j = i + 1; j < hp_action_count; j++) {
			cr_expect_neq(hp_actions[i].key, hp_actions[j].key, "%s and %s",
			              hp_actions[i].name, hp_actions[j].name);
			cr_expect(!hp_actions[i].other_key ||
			                  hp_actions[i].other_key != hp_actions[j].other_key,
			          "%s and %s", hp_actions[i].name, hp_actions[j].name);
		}
	}
}

Test(control, names_of_keys)
{
	static const struct {
		uint32_t key;
		const char *name;
	} cases[] = {{'a', "a"},
	             {HP_CTRL('d'), "^D"},
	             {'\t', "Tab"},
	             {HP_KEY_ENTER, "Enter"},
	             {HP_KEY_PAGE_UP, "PgUp"},
	             {'?', "?"}};
	char buffer[8];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_expect_str_eq(hp_control_key_name(cases[i].key, buffer), cases[i].name);
}

Test(control, deciding_keys_arm_after_the_drawing)
{
	static const char keys[] = "adem";
	for (size_t i = 0; i < strlen(keys); i++) {
		hp_control_key(model, (uint32_t)keys[i], HP_ARM_MS - 1);
		cr_expect_eq(model->dialog.kind, HP_DIALOG_NONE, "%c too soon", keys[i]);
		cr_expect(model->message_is_error && model->message[0]);
		unsigned changed = hp_control_key(model, (uint32_t)keys[i], HP_ARM_MS);
		cr_expect_neq(model->dialog.kind, HP_DIALOG_NONE, "%c", keys[i]);
		cr_expect_eq(changed & (HP_CHANGED_PANE | HP_CHANGED_FLUSH),
		             HP_CHANGED_PANE | HP_CHANGED_FLUSH);
		hp_dialog_close(model);
	}
}

Test(control, deciding_keys_do_nothing_in_the_queue)
{
	static const char keys[] = "adem";
	model->focus = HP_FOCUS_QUEUE;
	for (size_t i = 0; i < strlen(keys); i++) {
		press((uint32_t)keys[i]);
		cr_expect_eq(model->dialog.kind, HP_DIALOG_NONE, "%c", keys[i]);
	}
}

Test(control, no_single_key_orders_anything)
{
	for (uint32_t key = 1; key < 0x100; key++) {
		press(key);
		cr_expect_eq(model->order_count, 0, "key %u", key);
		if (model->dialog.kind)
			hp_dialog_close(model);
		model->help = false;
		model->focus = HP_FOCUS_REQUEST;
	}
}

Test(control, approving_sends_the_pinned_id_and_digest)
{
	press('a');
	cr_assert_str_eq(model->dialog.confirmation.text, "orders-ro");
	type("orders-ro");
	press(HP_KEY_ENTER);
	const struct hp_order *order = only_order();
	cr_assert_eq(order->kind, HP_ORDER_DECIDE);
	cr_assert(order->approve);
	cr_assert_str_eq(order->id, feed_id(&feed, 1));
	cr_assert_arr_eq(order->digest, model->pinned.digest, HP_HASH_BYTES);
	cr_assert_eq(model->dialog.kind, HP_DIALOG_NONE);
}

Test(control, anything_but_the_confirmation_sends_nothing)
{
	static const char *const wrong[] = {"",          "o",          "orders-r",   "orders-roo",
	                                    "Orders-ro", " orders-ro", "orders-ro ", "yes"};
	press('a');
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		type(wrong[i]);
		press(HP_KEY_ENTER);
		cr_expect_eq(model->order_count, 0, "\"%s\"", wrong[i]);
		cr_expect_eq(model->dialog.kind, HP_DIALOG_APPROVE);
		cr_expect_eq(model->dialog.len, 0);
	}
}

Test(control, the_confirmation_arms_too)
{
	press('a');
	hp_model_drawn(model, LATER_MS);
	type("orders-ro");
	hp_control_key(model, HP_KEY_ENTER, LATER_MS + HP_ARM_MS - 1);
	cr_assert_eq(model->order_count, 0);
	cr_assert_str_eq(model->dialog.text, "orders-ro");
	hp_control_key(model, HP_KEY_ENTER, LATER_MS + HP_ARM_MS);
	cr_assert_eq(model->order_count, 1);
}

Test(control, presets_deny_with_a_second_key)
{
	for (size_t i = 0; i < hp_deny_preset_count; i++) {
		press('d');
		cr_assert_eq(model->dialog.kind, HP_DIALOG_DENY);
		press((unsigned char)hp_deny_presets[i].key);
		if (!hp_deny_presets[i].reason) {
			cr_assert_eq(model->dialog.kind, HP_DIALOG_DENY_WORDS);
			hp_dialog_close(model);
			continue;
		}
		cr_assert_not(only_order()->approve);
		cr_assert_str_eq(only_order()->text, hp_deny_presets[i].reason);
		model->order_count = 0;
	}
}

Test(control, presets_arm_too)
{
	press('d');
	hp_model_drawn(model, LATER_MS);
	hp_control_key(model, '1', LATER_MS + HP_ARM_MS - 1);
	cr_assert_eq(model->order_count, 0);
	hp_control_key(model, '1', LATER_MS + HP_ARM_MS);
	cr_assert_eq(model->order_count, 1);
}

Test(control, other_keys_of_the_deny_dialog_do_nothing)
{
	press('d');
	for (uint32_t key = 1; key < 0x100; key++) {
		if (key >= '1' && key <= '6')
			continue;
		press(key);
		cr_expect_eq(model->order_count, 0, "key %u", key);
		cr_expect_eq(model->dialog.kind, HP_DIALOG_DENY, "key %u", key);
	}
	press(HP_KEY_ENTER);
	cr_assert_eq(model->order_count, 0);
}

Test(control, reasons_may_not_be_blank)
{
	static const struct {
		const char *keys;
		enum hp_dialog_kind kind;
	} cases[] = {{"d6", HP_DIALOG_DENY_WORDS}, {"m", HP_DIALOG_NOTE}, {"H", HP_DIALOG_HALT}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		type(cases[i].keys);
		cr_assert_eq(model->dialog.kind, cases[i].kind);
		press(HP_KEY_ENTER);
		type("   ");
		press(HP_KEY_ENTER);
		cr_expect_eq(model->order_count, 0);
		cr_expect_eq(model->dialog.kind, cases[i].kind);
		hp_dialog_close(model);
	}
}

Test(control, extensions)
{
	static const char *const wrong[] = {"", "soon", "0s", "-5m", "15", "1e3m"};
	press('e');
	cr_assert_str_eq(model->dialog.text, "15m");
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		press(HP_CTRL('u'));
		type(wrong[i]);
		press(HP_KEY_ENTER);
		cr_expect_eq(model->dialog.kind, HP_DIALOG_EXTEND, "\"%s\"", wrong[i]);
	}
	press(HP_CTRL('u'));
	type("1h");
	press(HP_KEY_ENTER);
	cr_assert_eq(model->dialog.kind, HP_DIALOG_EXTEND_WHY);
	type("because");
	press(HP_KEY_ENTER);
	cr_assert_eq(only_order()->kind, HP_ORDER_EXTEND);
	cr_assert_eq(only_order()->by_ms, 3600000);
	cr_assert_str_eq(only_order()->text, "because");
}

Test(control, halts)
{
	press('H');
	type("kiro");
	press(HP_KEY_ENTER);
	type("runs wild");
	press(HP_KEY_ENTER);
	cr_assert_eq(only_order()->kind, HP_ORDER_HALT);
	cr_assert_str_eq(only_order()->agent, "kiro");
	cr_assert_str_eq(only_order()->text, "runs wild");
}

Test(control, text_is_edited_by_characters)
{
	press('m');
	press('a');
	press(0xE9);
	press(0x6771);
	press(0x1F680);
	cr_assert_str_eq(model->dialog.text, "a\xc3\xa9\xe6\x9d\xb1\xf0\x9f\x9a\x80");
	press(HP_KEY_ERASE);
	press(HP_KEY_ERASE);
	cr_assert_str_eq(model->dialog.text, "a\xc3\xa9");
	press(HP_KEY_ERASE);
	press(HP_KEY_ERASE);
	press(HP_KEY_ERASE);
	cr_assert_str_eq(model->dialog.text, "");
	press(0x07);
	press(0x9B);
	press(HP_KEY_UP);
	press(HP_KEY_OTHER);
	cr_assert_str_eq(model->dialog.text, "");
}

Test(control, text_is_bounded)
{
	press('m');
	for (unsigned i = 0; i < HP_LIMIT_REASON_BYTES + 100; i++)
		press('x');
	cr_assert_eq(model->dialog.len, HP_LIMIT_REASON_BYTES);
	press(HP_KEY_ENTER);
	cr_assert_eq(strlen(only_order()->text), HP_LIMIT_REASON_BYTES);
}

Test(control, a_dialog_dies_with_its_target_and_swallows_keys)
{
	static const char *const openers[] = {"a", "d", "d6", "e"};
	for (size_t i = 0; i < sizeof openers / sizeof openers[0]; i++) {
		model->pinned.state = HP_STATE_PENDING;
		type(openers[i]);
		cr_assert_neq(model->dialog.kind, HP_DIALOG_NONE);
		enum hp_dialog_kind kind = model->dialog.kind;
		cr_assert_eq(hp_dialog_tick(model, LATER_MS), HP_CHANGED_NOTHING);
		model->pinned.state = HP_STATE_DENIED;
		cr_assert_eq(hp_dialog_tick(model, LATER_MS), HP_CHANGED_PANE);
		cr_expect_str_eq(model->dialog.dead, "denied: nothing was sent");
		type("1orders-roqd1aH");
		press(HP_KEY_ENTER);
		cr_expect_eq(model->order_count, 0);
		cr_expect_eq(model->dialog.kind, kind);
		press(HP_KEY_ESCAPE);
		cr_expect_eq(model->dialog.kind, HP_DIALOG_NONE);
	}
}

Test(control, a_note_outlives_the_decision)
{
	press('m');
	type("too late?");
	model->pinned.state = HP_STATE_DENIED;
	cr_assert_eq(hp_dialog_tick(model, LATER_MS), HP_CHANGED_NOTHING);
	press(HP_KEY_ENTER);
	cr_assert_eq(only_order()->kind, HP_ORDER_NOTE);
}

Test(control, nothing_is_sent_without_a_broker)
{
	press('a');
	type("orders-ro");
	hp_model_lose(model, "gone", LATER_MS);
	cr_assert_eq(hp_dialog_tick(model, LATER_MS), HP_CHANGED_NOTHING, "it may come back");
	press(HP_KEY_ENTER);
	cr_assert_eq(model->order_count, 0);
	cr_assert_str_eq(model->dialog.text, "orders-ro");
	press(HP_KEY_ESCAPE);
	press('H');
	cr_assert_eq(model->dialog.kind, HP_DIALOG_NONE);
	press('/');
	cr_assert_eq(model->dialog.kind, HP_DIALOG_FILTER, "looking still works");
}

Test(control, orders_are_bounded)
{
	struct hp_order order = {.kind = HP_ORDER_NOTE};
	size_t room = sizeof model->orders / sizeof model->orders[0];
	for (size_t i = 0; i < room; i++)
		cr_assert(hp_model_order(model, &order));
	cr_assert_not(hp_model_order(model, &order));
	cr_assert_eq(model->order_count, room);
}

Test(control, answers)
{
	struct hp_order order = {.kind = HP_ORDER_DECIDE, .approve = true};
	memcpy(order.id, model->pinned.id, sizeof order.id);
	struct hp_value *reply = hp_value_map(&feed.arena);
	hp_map_set_str(&feed.arena, reply, "type", "error");
	hp_map_set_str(&feed.arena, reply, "code", "self_approval");
	hp_map_set_str(&feed.arena, reply, "message", "you own \x1b");
	model->pinned.want_show = false;
	hp_model_answer(model, &order, reply);
	cr_assert_str_eq(model->message, "approval refused (self_approval): you own <U+001B>");
	cr_assert(model->pinned.want_show);
	hp_model_answer(model, &order, NULL);
	cr_assert_str_eq(model->message,
	                 "no answer to the approval: it may or may not count; look again");
	cr_assert(model->message_is_error);
}

Test(control, help_takes_only_its_own_keys)
{
	press('?');
	cr_assert(model->help);
	type("adeHny/");
	cr_assert_eq(model->dialog.kind, HP_DIALOG_NONE);
	cr_assert(model->help);
	cr_assert_not(press('q') & HP_CHANGED_QUIT);
	cr_assert_not(model->help);
	press('?');
	press(HP_KEY_ESCAPE);
	cr_assert_not(model->help);
	cr_assert(press('q') & HP_CHANGED_QUIT);
}

Test(control, q_is_a_letter_in_a_dialog)
{
	press('m');
	cr_assert_not(press('q') & HP_CHANGED_QUIT);
	cr_assert_str_eq(model->dialog.text, "q");
}
