/* Preflight's sixth check: what was written of a probe, proved here, with the log's own key. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli/preflight.h"
#include "core/checkpoint.h"
#include "core/limits.h"
#include "core/text.h"
#include "proto/file.h"
#include "proto/instance.h"

enum {
	PAGES = 50,	       /* of the log, looked through for the probe */
	ANCHOR_MS = 5000,      /* anchors are written behind the log */
	ANCHOR_PAUSE_MS = 100,
};

/* The probe's first leaf, as the broker hands it out. */
struct found {
	uint64_t seq;
	struct hp_str leaf, body;
	const uint8_t *salt;
};

struct log_key {
	const char *origin;
	uint8_t public_key[HP_SIGN_PUBLIC_BYTES];
};

static void
fail(struct hp_live *live, const char *what, const char *why)
{
	hp_preflight_say(live->report, HP_CHECK_AUDIT, HP_FAILED,
			 "stop, and have the log looked at (holdpointd logs why)", "%s: %s", what,
			 why);
}

static bool
read_key(struct hp_live *live, struct log_key *ret_key)
{
	struct hp_error err = {0};
	if (hp_checkpoint_parse_vkey(&live->cli->arena, live->cli->info.log_key, &ret_key->origin,
				     ret_key->public_key, &err) == HP_OK)
		return true;
	fail(live, "broker.json's log_key", err.message);
	return false;
}

/* Whether this entry is the first leaf about the probe. */
static bool
is_it(struct hp_live *live, const struct hp_value *entry, struct found *ret_found)
{
	struct hp_leaf leaf;
	const struct hp_value *bytes = hp_map_get(entry, "leaf"), *body = hp_map_get(entry, "body");
	if (!bytes || bytes->type != HP_BIN ||
	    hp_leaf_decode(&live->cli->arena, bytes->str.p, bytes->str.len, &leaf, NULL) != HP_OK ||
	    strcmp(leaf.request, live->id) != 0)
		return false;
	*ret_found = (struct found){
		.seq = leaf.seq,
		.leaf = bytes->str,
		.body = body && body->type == HP_BIN ? body->str : (struct hp_str){0},
		.salt = hp_map_get_bin(entry, "salt", HP_SALT_BYTES),
	};
	return leaf.digest && memcmp(leaf.digest, live->digest, HP_HASH_BYTES) == 0;
}

static bool
find(struct hp_live *live, struct found *ret_found)
{
	struct hp_arena *arena = &live->cli->arena;
	uint64_t from = live->leaves_before;
	for (int page = 0; page < PAGES; page++) {
		struct hp_value *map = hp_cli_message(live->cli, "audit");
		hp_map_set_int(arena, map, "from", (int64_t)from);
		hp_map_set_int(arena, map, "limit", HP_LIMIT_AUDIT_ITEMS);
		const struct hp_value *reply =
			hp_live_call(live, live->cli->client, map, HP_CHECK_AUDIT);
		if (!reply || hp_live_refused(live, reply, "entries", HP_CHECK_AUDIT))
			return false;
		const struct hp_value *entries = hp_map_get(reply, "entries");
		size_t count = hp_value_count(entries);
		for (size_t i = 0; i < count; i++)
			if (is_it(live, hp_array_get(entries, i), ret_found))
				return true;
		if (!count)
			break;
		from += count;
	}
	fail(live, "the probe", "no leaf of the log tells of it");
	return false;
}

/* The body is the one that the leaf commits to, and nothing else would be. */
static bool
body_holds(struct hp_live *live, const struct found *found)
{
	struct hp_leaf leaf;
	uint8_t hash[HP_HASH_BYTES];
	if (!found->body.p || !found->salt ||
	    hp_leaf_decode(&live->cli->arena, found->leaf.p, found->leaf.len, &leaf, NULL) != HP_OK)
		return false;
	hp_leaf_body_hash(found->salt, found->body.p, found->body.len, hash);
	return memcmp(hash, leaf.body_hash, sizeof hash) == 0;
}

static void
prove(struct hp_live *live, const struct log_key *key, const struct found *found)
{
	struct hp_arena *arena = &live->cli->arena;
	struct hp_value *map = hp_cli_message(live->cli, "proof");
	struct hp_checkpoint checkpoint;
	struct hp_error err = {0};
	struct hp_hash hash, other;
	uint64_t index = 0;
	hp_map_set_int(arena, map, "leaf", (int64_t)found->seq);
	const struct hp_value *reply = hp_live_call(live, live->cli->client, map, HP_CHECK_AUDIT);
	if (!reply || hp_live_refused(live, reply, "proof", HP_CHECK_AUDIT))
		return;
	const char *text = hp_map_get_str(reply, "text", "");
	hp_merkle_leaf_hash(found->leaf.p, found->leaf.len, &hash);
	hp_merkle_leaf_hash(found->leaf.p, found->leaf.len - 1, &other);
	enum hp_status status = hp_checkpoint_verify_proof(text, strlen(text), key->origin,
							   key->public_key, &hash, &index,
							   &checkpoint, &err);
	if (status != HP_OK || index != found->seq) {
		fail(live, "the proof of the probe's leaf",
		     status == HP_OK ? "it is another leaf's" : err.message);
		return;
	}
	if (!body_holds(live, found)) {
		fail(live, "the probe's leaf", "its body is not the one that it commits to");
		return;
	}
	if (hp_checkpoint_verify_proof(text, strlen(text), key->origin, key->public_key, &other,
				       &index, &checkpoint, &err) == HP_OK) {
		fail(live, "the proof of the probe's leaf", "it proves other bytes too");
		return;
	}
	hp_preflight_say(live->report, HP_CHECK_AUDIT, HP_PASSED, NULL,
			 "the probe is leaf %" PRIu64 "; its proof under the signed checkpoint "
			 "verifies here, and with a byte less it does not",
			 found->seq);
}

/* The newest checkpoint in an anchor's file that is this log's; 0: none. */
static uint64_t
anchored_size(struct hp_live *live, const struct log_key *key, const char *path,
	      struct hp_error *err)
{
	struct hp_buf buf = {0};
	uint64_t size = 0;
	if (hp_file_read(path, &buf, err) == HP_OK) {
		struct hp_str rest = {hp_buf_text(&buf), buf.len}, text;
		size_t skipped = 0;
		while (hp_checkpoint_next(&rest, &text, &skipped)) {
			struct hp_checkpoint checkpoint;
			if (hp_checkpoint_verify(text.p, text.len, key->origin, key->public_key,
						 &checkpoint, NULL) == HP_OK &&
			    checkpoint.size > size)
				size = checkpoint.size;
		}
	}
	(void)live;
	hp_buf_release(&buf);
	return size;
}

static void
pause_ms(long ms)
{
	const struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	nanosleep(&span, NULL);
}

/* Whether the file holds a checkpoint over the probe, by now or soon. */
static void
check_anchor(struct hp_live *live, const struct log_key *key, const char *path, uint64_t seq)
{
	const char *shown = hp_text_safe(&live->cli->arena, path, 0);
	int64_t end_ms = hp_cli_now_ms() + ANCHOR_MS;
	struct hp_error err = {0};
	uint64_t size = 0;
	while ((size = anchored_size(live, key, path, &err)) <= seq && !err.message[0] &&
	       hp_cli_now_ms() < end_ms && !hp_cli_timed_out(live->cli))
		pause_ms(ANCHOR_PAUSE_MS);
	if (size > seq)
		hp_preflight_say(live->report, HP_CHECK_AUDIT, HP_PASSED, NULL,
				 "the anchor %s holds a signed checkpoint over all that", shown);
	else if (err.message[0])
		hp_preflight_say(live->report, HP_CHECK_AUDIT, HP_NOT_CHECKED, NULL,
				 "the anchor cannot be read from here: %s", err.message);
	else
		hp_preflight_say(live->report, HP_CHECK_AUDIT, HP_FAILED,
				 "see that the broker can write it",
				 "the anchor %s holds no checkpoint over all that", shown);
}

static void
check_anchors(struct hp_live *live, const struct log_key *key, const struct found *found)
{
	struct hp_config config;
	struct hp_error err = {0};
	const char *home = hp_cli_home(live->cli);
	const struct hp_value *reply = hp_live_call(
		live, live->cli->client, hp_cli_message(live->cli, "stats"), HP_CHECK_AUDIT);
	if (!home || !reply || hp_live_refused(live, reply, "stats", HP_CHECK_AUDIT))
		return;
	const struct hp_value *stats = hp_map_get(reply, "stats");
	if (!hp_map_get_int(stats, "anchors", 0)) {
		hp_preflight_say(live->report, HP_CHECK_AUDIT, HP_FAILED,
				 "add `anchors` to holdpoint.yaml, out of the broker's reach, and "
				 "restart it",
				 "the broker has no anchor: who has its key and its database can "
				 "write another history");
		return;
	}
	if (hp_map_get_int(stats, "anchors_failing", 0))
		hp_preflight_say(live->report, HP_CHECK_AUDIT, HP_FAILED,
				 "see that the broker can write it",
				 "the broker cannot write one of its anchors");
	if (hp_instance_config(&live->cli->arena, home, &config, &err) != HP_OK) {
		hp_preflight_say(live->report, HP_CHECK_AUDIT, HP_NOT_CHECKED, NULL,
				 "the anchors are not known here: %s", err.message);
		return;
	}
	for (size_t i = 0; i < config.anchor_count; i++)
		if (config.anchors[i].file)
			check_anchor(live, key, config.anchors[i].file, found->seq);
}

void
hp_live_audit(struct hp_live *live)
{
	struct log_key key;
	/* Without a probe the anchors have to hold what was there before. */
	struct found found = {.seq = live->leaves_before ? live->leaves_before - 1 : 0};
	if (!read_key(live, &key))
		return;
	if (!live->id)
		hp_preflight_say(live->report, HP_CHECK_AUDIT, HP_NOT_CHECKED, NULL,
				 "there is no probe to look up in the log");
	else if (find(live, &found))
		prove(live, &key, &found);
	else
		return;
	check_anchors(live, &key, &found);
}
