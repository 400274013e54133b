/* Checking the log: the whole tree against its checkpoint, and one leaf's inclusion. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tui/model.h"

/* --- the right edge of a tree --- */

void
hp_ledger_add(struct hp_hash peaks[64], uint64_t size, const struct hp_hash *leaf)
{
	struct hp_hash hash = *leaf;
	unsigned level = 0;

	for (; size >> level & 1; level++)
		hp_merkle_node_hash(&peaks[level], &hash, &hash);
	peaks[level] = hash;
}

void
hp_ledger_root(const struct hp_hash peaks[64], uint64_t size, struct hp_hash *ret_root)
{
	struct hp_hash root;
	bool any = false;

	hp_crypto_sha256(NULL, 0, root.bytes); /* RFC 6962: the empty tree */
	for (unsigned level = 0; level < 64; level++) {
		if (!(size >> level & 1))
			continue;
		if (any)
			hp_merkle_node_hash(&peaks[level], &root, &root);
		else
			root = peaks[level];
		any = true;
	}
	*ret_root = root;
}

/* --- the whole tree --- */

static HP_PRINTF(2, 3) unsigned
condemn(struct hp_ledger *ledger, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ledger->problem, sizeof ledger->problem, format, args);
	va_end(args);
	ledger->phase = HP_LEDGER_BAD;
	return HP_CHANGED_SCREEN;
}

unsigned
hp_ledger_verify(struct hp_ledger *ledger)
{
	if (ledger->phase == HP_LEDGER_CHECKING)
		return HP_CHANGED_NOTHING;
	ledger->phase = HP_LEDGER_CHECKING;
	ledger->counted = ledger->good_size = ledger->bad_bodies = 0;
	ledger->problem[0] = '\0';
	ledger->due_ms = 0;
	return HP_CHANGED_SCREEN;
}

/* Whether leaves that the newest checkpoint covers are still to be read. */
static bool
is_behind(const struct hp_ledger *ledger)
{
	return (ledger->phase == HP_LEDGER_CHECKING || ledger->phase == HP_LEDGER_GOOD) &&
	       ledger->has_checkpoint && ledger->counted < ledger->size;
}

struct hp_value *
hp_ledger_want_check(struct hp_model *model, struct hp_arena *arena, int64_t now_ms)
{
	struct hp_ledger *ledger = model->ledger;

	if (!ledger || !is_behind(ledger) || ledger->check_asked)
		return NULL;
	struct hp_value *map = hp_value_map(arena);
	uint64_t left = ledger->size - ledger->counted;
	hp_map_set_str(arena, map, "type", "audit");
	hp_map_set(arena, map, "from", hp_value_uint(arena, ledger->counted));
	hp_map_set_int(arena, map, "limit",
	               left < HP_LIMIT_AUDIT_ITEMS ? (int64_t)left : HP_LIMIT_AUDIT_ITEMS);
	ledger->check_asked = true;
	return map;
}

/* A body that is there must be the one whose hash the leaf holds. */
static bool
body_fits(struct hp_arena *scratch, const struct hp_value *entry, const struct hp_value *leaf)
{
	const struct hp_value *body = hp_map_get(entry, "body");
	const uint8_t *salt = hp_map_get_bin(entry, "salt", HP_SALT_BYTES);
	struct hp_leaf decoded;
	uint8_t hash[HP_HASH_BYTES];

	if (hp_leaf_decode(scratch, leaf->str.p, leaf->str.len, &decoded, NULL) != HP_OK)
		return false;
	if (!body || !salt)
		return true;
	hp_leaf_body_hash(salt, body->str.p, body->str.len, hash);
	return body->type == HP_BIN && memcmp(hash, decoded.body_hash, sizeof hash) == 0;
}

/* The tree is as large as the checkpoint: its root must be the one that was signed. */
static unsigned
compare(struct hp_ledger *ledger)
{
	struct hp_hash root;

	if (ledger->counted != ledger->size)
		return HP_CHANGED_SCREEN;
	hp_ledger_root(ledger->peaks, ledger->counted, &root);
	if (memcmp(root.bytes, ledger->root.bytes, sizeof root.bytes) != 0)
		return condemn(ledger,
		               "the %llu leaves are not what was signed: changed or forked",
		               (unsigned long long)ledger->size);
	if (ledger->bad_bodies)
		return condemn(ledger, "%llu bodies are not what their leaves promise",
		               (unsigned long long)ledger->bad_bodies);
	ledger->phase = HP_LEDGER_GOOD;
	ledger->good_size = ledger->size;
	return HP_CHANGED_SCREEN;
}

unsigned
hp_ledger_take_check(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	struct hp_ledger *ledger = model->ledger;
	const struct hp_value *entries = hp_map_get(reply, "entries");

	ledger->check_asked = false;
	if (!reply || !is_behind(ledger))
		return HP_CHANGED_NOTHING;
	if (hp_value_count(entries) == 0)
		return condemn(ledger, "the broker does not give leaf %llu of %llu",
		               (unsigned long long)ledger->counted,
		               (unsigned long long)ledger->size);
	hp_arena_reset(&ledger->scratch);
	for (size_t i = 0; i < hp_value_count(entries) && ledger->counted < ledger->size; i++) {
		const struct hp_value *entry = hp_array_get(entries, i);
		const struct hp_value *leaf = hp_map_get(entry, "leaf");
		int64_t seq = hp_map_get_int(entry, "seq", -1);
		struct hp_hash hash;
		if (!leaf || leaf->type != HP_BIN || seq < 0 || (uint64_t)seq != ledger->counted)
			return condemn(ledger, "the broker does not give leaf %llu of %llu",
			               (unsigned long long)ledger->counted,
			               (unsigned long long)ledger->size);
		ledger->bad_bodies += !body_fits(&ledger->scratch, entry, leaf);
		hp_merkle_leaf_hash(leaf->str.p, leaf->str.len, &hash);
		hp_ledger_add(ledger->peaks, ledger->counted++, &hash);
	}
	return compare(ledger);
}

/* --- the checkpoint --- */

struct hp_value *
hp_ledger_want_checkpoint(struct hp_model *model, struct hp_arena *arena, int64_t now_ms)
{
	struct hp_ledger *ledger = model->ledger;

	if (!ledger || (model->view != HP_VIEW_AUDIT && ledger->phase != HP_LEDGER_CHECKING) ||
	    ledger->checkpoint_asked || now_ms < ledger->due_ms)
		return NULL;
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "checkpoint");
	ledger->checkpoint_asked = true;
	ledger->due_ms = now_ms + HP_LEDGER_EVERY_MS;
	return map;
}

/* A checkpoint whose signature verified, held against what is known already. */
static unsigned
accept_checkpoint(struct hp_ledger *ledger, const struct hp_checkpoint *checkpoint)
{
	bool same_size = ledger->has_checkpoint && checkpoint->size == ledger->size;

	if (ledger->has_checkpoint && checkpoint->size < ledger->size)
		return condemn(ledger, "the log has become shorter: %llu leaves after %llu",
		               (unsigned long long)checkpoint->size,
		               (unsigned long long)ledger->size);
	if (same_size && memcmp(checkpoint->root.bytes, ledger->root.bytes, HP_HASH_BYTES) != 0)
		return condemn(ledger, "two checkpoints of %llu leaves differ: the log was forked",
		               (unsigned long long)ledger->size);
	if (!ledger->has_checkpoint)
		ledger->next = checkpoint->size > HP_LEDGER_KEPT
		                       ? checkpoint->size - HP_LEDGER_KEPT
		                       : 0;
	ledger->has_checkpoint = true;
	ledger->size = checkpoint->size;
	ledger->root = checkpoint->root;
	if (ledger->phase == HP_LEDGER_CHECKING && ledger->counted == ledger->size)
		return compare(ledger);
	return same_size ? HP_CHANGED_NOTHING : HP_CHANGED_SCREEN;
}

/* Verifies the broker's text. HP_OK or why not. */
static enum hp_status
read_checkpoint(struct hp_model *model, const char *text, struct hp_checkpoint *ret_checkpoint,
                struct hp_error *err)
{
	struct hp_arena *scratch = &model->ledger->scratch;
	uint8_t key[HP_SIGN_PUBLIC_BYTES];
	const char *origin;

	hp_arena_reset(scratch);
	if (!model->log_key || !*model->log_key)
		return hp_fail(err, HP_UNSUPPORTED, "broker.json names no log key");
	enum hp_status status =
		hp_checkpoint_parse_vkey(scratch, model->log_key, &origin, key, err);
	return status == HP_OK ? hp_checkpoint_verify(text, strlen(text), origin, key,
	                                              ret_checkpoint, err)
	                       : status;
}

unsigned
hp_ledger_take_checkpoint(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	struct hp_ledger *ledger = model->ledger;
	struct hp_checkpoint checkpoint;
	struct hp_error err = {0};

	ledger->checkpoint_asked = false;
	if (!reply || ledger->phase == HP_LEDGER_BAD)
		return HP_CHANGED_NOTHING;
	if (!hp_value_is(hp_map_get(reply, "type"), "checkpoint")) {
		bool said = ledger->problem[0] != '\0';
		snprintf(ledger->problem, sizeof ledger->problem,
		         "the broker does not show its log to you");
		if (ledger->phase == HP_LEDGER_CHECKING)
			ledger->phase = HP_LEDGER_UNCHECKED;
		return said ? HP_CHANGED_NOTHING : HP_CHANGED_SCREEN;
	}
	if (read_checkpoint(model, hp_map_get_str(reply, "text", ""), &checkpoint, &err) != HP_OK)
		return condemn(ledger, "the checkpoint does not verify: %.100s", err.message);
	return accept_checkpoint(ledger, &checkpoint);
}

/* --- one leaf --- */

unsigned
hp_ledger_prove(struct hp_ledger *ledger)
{
	const struct hp_ledger_leaf *leaf = hp_ledger_selected(ledger);

	if (!leaf)
		return HP_CHANGED_NOTHING;
	ledger->proof_seq = leaf->seq;
	ledger->proof_wanted = true;
	ledger->proof_holds = false;
	snprintf(ledger->proof_said, sizeof ledger->proof_said, "asking for the proof");
	return HP_CHANGED_SCREEN;
}

struct hp_value *
hp_ledger_want_proof(struct hp_model *model, struct hp_arena *arena, int64_t now_ms)
{
	struct hp_ledger *ledger = model->ledger;

	if (!ledger || !ledger->proof_wanted || ledger->proof_asked)
		return NULL;
	struct hp_value *map = hp_value_map(arena);
	hp_map_set_str(arena, map, "type", "proof");
	hp_map_set(arena, map, "leaf", hp_value_uint(arena, ledger->proof_seq));
	ledger->proof_wanted = false;
	ledger->proof_asked = true;
	return map;
}

static const struct hp_ledger_leaf *
find_leaf(const struct hp_ledger *ledger, uint64_t seq)
{
	for (size_t i = 0; i < ledger->count; i++) {
		if (ledger->leaves[i].seq == seq)
			return &ledger->leaves[i];
	}
	return NULL;
}

unsigned
hp_ledger_take_proof(struct hp_model *model, const struct hp_value *reply, int64_t now_ms)
{
	struct hp_ledger *ledger = model->ledger;
	const struct hp_ledger_leaf *leaf = find_leaf(ledger, ledger->proof_seq);
	const char *text = hp_map_get_str(reply, "text", ""), *origin;
	uint8_t key[HP_SIGN_PUBLIC_BYTES];
	struct hp_checkpoint checkpoint;
	struct hp_error err = {0};
	uint64_t index = 0;

	ledger->proof_asked = false;
	ledger->proof_holds = false;
	if (!leaf || !reply || !hp_value_is(hp_map_get(reply, "type"), "proof")) {
		snprintf(ledger->proof_said, sizeof ledger->proof_said, "no proof was given");
		return HP_CHANGED_SCREEN;
	}
	hp_arena_reset(&ledger->scratch);
	enum hp_status status = hp_checkpoint_parse_vkey(
		&ledger->scratch, model->log_key ? model->log_key : "", &origin, key, &err);
	if (status == HP_OK)
		status = hp_checkpoint_verify_proof(text, strlen(text), origin, key, &leaf->hash,
		                                    &index, &checkpoint, &err);
	ledger->proof_holds = status == HP_OK && index == leaf->seq;
	if (ledger->proof_holds)
		snprintf(ledger->proof_said, sizeof ledger->proof_said,
		         "leaf %llu stands in the signed checkpoint of %llu leaves",
		         (unsigned long long)leaf->seq, (unsigned long long)checkpoint.size);
	else
		snprintf(ledger->proof_said, sizeof ledger->proof_said,
		         "the proof of leaf %llu does not hold: %.90s",
		         (unsigned long long)leaf->seq,
		         status == HP_OK ? "it is another leaf's" : err.message);
	return HP_CHANGED_SCREEN;
}
