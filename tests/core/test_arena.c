#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "core/arena.h"
#include "core/buf.h"

Test(arena, pieces_are_zeroed_aligned_and_apart)
{
	struct hp_arena arena;
	unsigned char *pieces[2000];
	hp_arena_init(&arena);
	for (size_t i = 0; i < 2000; i++) {
		size_t bytes = i % 67;
		pieces[i] = hp_arena_alloc(&arena, bytes);
		cr_assert_not_null(pieces[i]);
		cr_assert_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		for (size_t j = 0; j < bytes; j++)
			cr_assert_eq(pieces[i][j], 0);
		memset(pieces[i], (int)(i & 255), bytes);
	}
	for (size_t i = 0; i < 2000; i++)
		for (size_t j = 0; j < i % 67; j++)
			cr_assert_eq(pieces[i][j], (i & 255), "piece %zu was overwritten", i);
	hp_arena_release(&arena);
}

Test(arena, large_pieces_get_their_own_chunk)
{
	struct hp_arena arena = {0};
	unsigned char *large = hp_arena_alloc(&arena, 1 << 20);
	cr_assert_not_null(large);
	memset(large, 0xee, 1 << 20);
	unsigned char *small = hp_arena_alloc(&arena, 1);
	cr_assert_eq(*small, 0);
	hp_arena_release(&arena);
}

Test(arena, failure_is_sticky_until_reset)
{
	struct hp_arena arena = {0};
	cr_assert_null(hp_arena_array(&arena, SIZE_MAX / 4, 8));
	cr_assert(arena.failed);
	cr_assert_null(hp_arena_alloc(&arena, 1));
	cr_assert_null(hp_arena_strdup(&arena, "a"));
	cr_assert_null(hp_arena_printf(&arena, "%d", 1));
	hp_arena_reset(&arena);
	cr_assert_not_null(hp_arena_alloc(&arena, 1));
	cr_assert_null(hp_arena_alloc(&arena, SIZE_MAX));
	cr_assert(arena.failed);
	hp_arena_reset(&arena);
	cr_assert_null(hp_arena_copy(&arena, "", SIZE_MAX));
	cr_assert(arena.failed, "an overflowing copy must not pass unseen");
	hp_arena_release(&arena);
	cr_assert_not(arena.failed);
}

Test(arena, reset_forgets_and_zeroes_again)
{
	struct hp_arena arena = {0};
	for (int i = 0; i < 100; i++)
		memset(hp_arena_alloc(&arena, 1000), 0xff, 1000);
	hp_arena_reset(&arena);
	const unsigned char *again = hp_arena_alloc(&arena, 1000);
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(again[i], 0);
	hp_arena_release(&arena);
	hp_arena_release(&arena);
	hp_arena_release(NULL);
}

Test(arena, texts_end_in_nul)
{
	struct hp_arena arena = {0};
	const char *copy = hp_arena_copy(&arena, "a\0b", 3);
	cr_assert_eq(memcmp(copy, "a\0b", 4), 0);
	cr_assert_str_eq(hp_arena_copy(&arena, NULL, 0), "");
	cr_assert_str_eq(hp_arena_strdup(&arena, "word"), "word");
	cr_assert_null(hp_arena_strdup(&arena, NULL));
	cr_assert_not(arena.failed);
	cr_assert_str_eq(hp_arena_printf(&arena, "%s-%d", "word", 7), "word-7");
	hp_arena_release(&arena);
}

Test(buf, text_grows_and_stays_terminated)
{
	struct hp_buf buf = {0};
	cr_assert_str_eq(hp_buf_text(&buf), "");
	hp_buf_add(&buf, NULL, 0);
	for (int i = 0; i < 500; i++) {
		hp_buf_printf(&buf, "%03d", i);
		cr_assert_eq(buf.len, (size_t)(i + 1) * 3);
		cr_assert_eq(buf.data[buf.len], 0);
	}
	cr_assert_eq(memcmp(buf.data, "000001002", 9), 0);
	cr_assert_str_eq(hp_buf_text(&buf) + 1497, "499");
	hp_buf_reset(&buf);
	cr_assert_str_eq(hp_buf_text(&buf), "");
	hp_buf_add_hex(&buf, "\x00\x9f\xff", 3);
	hp_buf_add_byte(&buf, '.');
	hp_buf_add_text(&buf, "end");
	cr_assert_str_eq(hp_buf_text(&buf), "009fff.end");
	hp_buf_release(&buf);
	hp_buf_release(&buf);
	hp_buf_release(NULL);
}

Test(buf, failure_is_sticky_and_keeps_what_was_there)
{
	struct hp_buf buf = {0};
	hp_buf_add_text(&buf, "kept");
	hp_buf_add(&buf, "", SIZE_MAX / 2);
	cr_assert(buf.failed);
	hp_buf_add_text(&buf, "more");
	hp_buf_add_hex(&buf, "a", 1);
	hp_buf_printf(&buf, "%d", 1);
	cr_assert_str_eq(hp_buf_text(&buf), "kept");
	hp_buf_reset(&buf);
	cr_assert_not(buf.failed);
	hp_buf_release(&buf);
}
