#include <criterion/criterion.h>

#include "core/value.h"

Test(value, nil_is_absent)
{
	struct hp_arena arena = {0};
	struct hp_value *map = hp_value_map(&arena);
	hp_map_set(&arena, map, "gone", hp_value_nil(&arena));
	hp_map_set_int(&arena, map, "here", 7);
	cr_assert_null(hp_map_get(map, "gone"));
	cr_assert_null(hp_map_get(map, "never"));
	cr_assert_eq(hp_map_get_int(map, "here", 0), 7);
	cr_assert_null(hp_map_get(NULL, "here"));
	hp_arena_release(&arena);
}

Test(value, naturals_fit_integers_when_they_can)
{
	struct hp_arena arena = {0};
	cr_assert_eq(hp_value_uint(&arena, INT64_MAX)->type, HP_INT);
	cr_assert_eq(hp_value_uint(&arena, (uint64_t)INT64_MAX + 1)->type, HP_UINT);
	hp_arena_release(&arena);
}

Test(value, copies_are_deep_and_equal)
{
	struct hp_arena a = {0}, b = {0};
	struct hp_value *list = hp_value_array(&a);
	for (int i = 0; i < 100; i++)
		hp_array_add(&a, list, hp_value_int(&a, i));
	struct hp_value *map = hp_value_map(&a);
	hp_map_set(&a, map, "list", list);
	hp_map_set_bin(&a, map, "bin", "\0\1", 2);
	struct hp_value *copy = hp_value_copy(&b, map);
	cr_assert(hp_value_equal(map, copy));
	hp_arena_release(&a);
	cr_assert_eq(hp_value_count(hp_map_get(copy, "list")), 100);
	cr_assert_eq(hp_map_get_bin(copy, "bin", 2)[1], 1);
	hp_arena_release(&b);
}

Test(value, maps_are_equal_in_any_order)
{
	struct hp_arena arena = {0};
	struct hp_value *x = hp_value_map(&arena), *y = hp_value_map(&arena);
	hp_map_set_int(&arena, x, "a", 1);
	hp_map_set_int(&arena, x, "b", 2);
	hp_map_set_int(&arena, y, "b", 2);
	hp_map_set_int(&arena, y, "a", 1);
	cr_assert(hp_value_equal(x, y));
	hp_map_set_int(&arena, y, "c", 3);
	cr_assert_not(hp_value_equal(x, y));
	hp_arena_release(&arena);
}

Test(value, maps_sort_by_bytes)
{
	static const struct hp_str keys[] = {{"b", 1}, {"\xc3\xa9", 2}, {"", 0}, {"aa", 2},
					     {"a\0", 2}, {"a", 1}};
	static const size_t order[] = {2, 5, 4, 3, 0, 1};
	const struct hp_pair *sorted[6], *twice = NULL;
	struct hp_arena arena = {0};
	struct hp_value *map = hp_value_map(&arena);
	for (size_t i = 0; i < 6; i++)
		hp_map_setn(&arena, map, keys[i].p, keys[i].len, hp_value_nil(&arena));
	hp_map_sort(map, sorted);
	for (size_t i = 0; i < 6; i++)
		cr_expect_eq(sorted[i], &map->map.pairs[order[i]]);
	cr_assert_eq(hp_map_duplicate(map, &twice), HP_OK);
	cr_expect_null(twice);
	hp_arena_release(&arena);
}

Test(value, the_first_repetition_of_the_source_is_found)
{
	static const char *const keys[] = {"z", "a", "y", "z", "y", "a", "z"};
	struct hp_arena arena = {0};
	const struct hp_pair *twice = NULL;
	for (size_t others = 0; others < 200; others += 50) {
		struct hp_value *map = hp_value_map(&arena);
		for (size_t i = 0; i < others; i++)
			hp_map_set(&arena, map, hp_arena_printf(&arena, "other%zu", i),
				   hp_value_nil(&arena));
		for (size_t i = 0; i < 7; i++)
			hp_map_set(&arena, map, keys[i], hp_value_nil(&arena));
		cr_assert_eq(hp_map_duplicate(map, &twice), HP_OK);
		cr_expect_eq(twice, &map->map.pairs[others + 3]);
	}
	hp_arena_release(&arena);
}
