/*
 * An executor's boundary: whatever is accepted allows only what it names, and its numbers are in
 * their ranges.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/boundary.h"

static void
check(const struct hp_boundary *boundary)
{
	FUZZ_CHECK(boundary->environment[0] && boundary->audience[0]);
	FUZZ_CHECK(boundary->operation_count >= 1);
	FUZZ_CHECK(boundary->max_parallel >= 1 && boundary->max_parallel <= 32);
	FUZZ_CHECK(boundary->timeout_ms >= 1000);
	FUZZ_CHECK(boundary->output_limit_bytes >= 1024);
	FUZZ_CHECK(boundary->path[0] == '/');
	FUZZ_CHECK(!hp_boundary_passes(boundary, "PATH"));
	FUZZ_CHECK(!hp_boundary_passes(boundary, "LD_PRELOAD"));
	for (size_t i = 0; i < boundary->program_count; i++) {
		const char *path = boundary->programs[i].path;
		FUZZ_CHECK(path[0] == '/' && path[1] && !strstr(path, "/../"));
		FUZZ_CHECK(hp_boundary_program(boundary, boundary->programs[i].name));
	}
	for (size_t i = 0; i < boundary->tier_count; i++)
		FUZZ_CHECK(boundary->min_votes[i].votes <= boundary->reviewer_count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	struct hp_boundary boundary;
	enum hp_status status =
		hp_boundary_parse(&arena, (const char *)data, size, &boundary, &err);
	fuzz_check_error(status, &err);
	if (status == HP_OK)
		check(&boundary);
	hp_arena_release(&arena);
	return 0;
}
