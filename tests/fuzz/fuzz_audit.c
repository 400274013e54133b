/*
 * What an auditor reads from somebody else: lines of an export, which come out as they went in; and
 * a log whose bodies are anybody's, replayed leaf by leaf: whatever they say is at most a problem,
 * told in one line that any terminal can show.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/export.h"
#include "core/msgpack.h"
#include "core/replay.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	FUZZ_CHECK(hp_crypto_start() == HP_OK);
	return 0;
}

static bool
same(struct hp_str a, struct hp_str b)
{
	return !a.p == !b.p && a.len == b.len && (!a.len || memcmp(a.p, b.p, a.len) == 0);
}

static void
read_line(const char *text, size_t size)
{
	struct hp_arena arena = {0};
	struct hp_error err = {0};
	struct hp_export_line line, again;
	struct hp_buf buf = {0};
	enum hp_status status = hp_export_parse(&arena, text, size, &line, &err);
	FUZZ_CHECK(status == HP_OK || status == HP_INVALID || status == HP_TOO_LARGE);
	fuzz_check_error(status, &err);
	if (status == HP_OK && line.checkpoint.p) {
		if (strlen(line.checkpoint.p) == line.checkpoint.len) {
			hp_export_add_checkpoint(&buf, line.checkpoint.p);
			FUZZ_CHECK(hp_export_parse(&arena, hp_buf_text(&buf), buf.len - 1, &again,
						   NULL) == HP_OK);
			FUZZ_CHECK(same(line.checkpoint, again.checkpoint));
		}
	} else if (status == HP_OK && hp_export_add_leaf(&buf, &arena, &line) == HP_OK) {
		FUZZ_CHECK(hp_export_parse(&arena, hp_buf_text(&buf), buf.len - 1, &again, NULL) ==
			   HP_OK);
		FUZZ_CHECK(line.seq == again.seq && same(line.leaf, again.leaf) &&
			   same(line.body, again.body) && same(line.salt, again.salt));
	}
	for (size_t i = 0; i < buf.len; i++)
		FUZZ_CHECK((buf.data[i] >= 0x20 && buf.data[i] < 0x7f) || i == buf.len - 1);
	hp_buf_release(&buf);
	hp_arena_release(&arena);
}

static const char *const events[] = {
	"request.pending", "request.granted", "request.blocked", "request.executing",
	"request.succeeded", "request.denied", "request.unknown", "vote", "note", "extend",
	"principals", "policy", "halt", "resume", "erase", "rebase",
};
static const char *const ids[] = {"", "00000000-0000-4000-8000-000000000001",
				  "00000000-0000-4000-8000-000000000002", "odd"};
static const char *const actors[] = {"ana", "ben", "agent", "exec\x1b[2J"};

/* Pieces of four bytes that say which leaf, and then a body's length and bytes. */
static void
replay(const uint8_t *data, size_t size)
{
	static const uint8_t zeros[HP_HASH_BYTES];
	struct hp_problems problems = {0};
	struct hp_arena scratch = {0};
	struct hp_replay *replay = NULL;
	FUZZ_CHECK(hp_replay_new("hp.example/log1", &problems, NULL, NULL, &replay) == HP_OK);
	for (uint64_t seq = 0; size >= 4; seq++) {
		size_t len = data[3] < size - 4 ? data[3] : size - 4;
		const struct hp_value *body = NULL;
		struct hp_leaf leaf = {
			.seq = seq,
			.wall_ms = (int64_t)((uint64_t)data[2] << (data[1] >> 2) & INT64_MAX),
			.boot_id = zeros,
			.boottime_ms = data[2],
			.event = events[data[0] & 15],
			.actor = actors[data[0] >> 4 & 3],
			.request = ids[data[1] & 3],
			.digest = zeros,
		};
		hp_arena_reset(&scratch);
		if (hp_msgpack_decode(&scratch, data + 4, len, &body, NULL) == HP_OK &&
		    body->type != HP_MAP)
			body = NULL;
		FUZZ_CHECK(hp_replay_leaf(replay, &leaf, body, &scratch) == HP_OK);
		data += 4 + len;
		size -= 4 + len;
	}
	FUZZ_CHECK(hp_replay_finish(replay) == HP_OK);
	for (size_t i = 0; i < problems.kept; i++)
		for (const char *c = hp_buf_text(&problems.list[i].text); *c; c++)
			FUZZ_CHECK(*c >= 0x20 && *c < 0x7f);
	hp_replay_free(replay);
	hp_problems_release(&problems);
	hp_arena_release(&scratch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_line((const char *)data, size);
	replay(data, size);
	return 0;
}
