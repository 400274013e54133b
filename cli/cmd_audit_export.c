/* audit export, audit prove: what an auditor carries away. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/auditor.h"
#include "cli/output.h"
#include "core/export.h"
#include "core/text.h"

enum { LEAVES_AT_ONCE = 256 };

/* ---- export ---- */

static int
print_buf(struct hp_cli *cli, struct hp_buf *buf)
{
	if (buf->failed)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	if (buf->len && fwrite(buf->data, 1, buf->len, stdout) != buf->len)
		return HP_EXIT_INTERNAL; /* main says of what failed here */
	hp_buf_reset(buf);
	return HP_EXIT_OK;
}

/* One leaf's line. What cannot be decoded is not exported as if it were a log. */
static int
print_leaf(struct hp_cli *cli, struct hp_buf *buf, struct hp_arena *scratch,
	   const struct hp_stored_leaf *leaf)
{
	const struct hp_export_line line = {
		.seq = leaf->seq, .leaf = leaf->leaf, .body = leaf->body, .salt = leaf->salt};
	hp_arena_reset(scratch);
	enum hp_status status = hp_export_add_leaf(buf, scratch, &line);
	if (status == HP_NOMEM)
		return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	if (status != HP_OK)
		return hp_cli_error(cli, HP_EXIT_CHECK_FAILED,
				    "leaf %" PRIu64 " is damaged: audit verify says more", leaf->seq);
	return print_buf(cli, buf);
}

/* Leaves up to `size`, which the newest checkpoint vouches for. */
static int
print_leaves(struct hp_cli *cli, struct hp_store *store, uint64_t size, struct hp_buf *buf)
{
	struct hp_arena page = {0}, scratch = {0};
	struct hp_stored_leaf *leaves = NULL;
	size_t count = LEAVES_AT_ONCE;
	uint64_t next = 0;
	int exit_code = HP_EXIT_OK;
	while (exit_code == HP_EXIT_OK && next < size && count == LEAVES_AT_ONCE) {
		hp_arena_reset(&page);
		enum hp_status status =
			hp_store_leaves(store, &page, next, LEAVES_AT_ONCE, &leaves, &count);
		if (status != HP_OK)
			exit_code = hp_auditor_store_failed(cli, store, status);
		for (size_t i = 0; exit_code == HP_EXIT_OK && i < count && leaves[i].seq < size;
		     i++) {
			exit_code = print_leaf(cli, buf, &scratch, &leaves[i]);
			next = leaves[i].seq + 1;
		}
	}
	hp_arena_release(&page);
	hp_arena_release(&scratch);
	return exit_code;
}

struct printer {
	struct hp_cli *cli;
	struct hp_buf *buf;
};

static int
print_checkpoint(void *context, uint64_t size, struct hp_str text)
{
	const struct printer *printer = context;
	hp_export_add_checkpoint(printer->buf, text.p);
	return print_buf(printer->cli, printer->buf);
}

int
hp_cmd_audit_export(struct hp_cli *cli)
{
	struct hp_store *store = NULL;
	struct hp_buf buf = {0};
	const char *db = hp_cli_option(cli, "db"), *text = NULL;
	uint64_t size = 0;
	int exit_code = db ? HP_EXIT_OK : hp_auditor_own_database(cli, &db);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_auditor_open(cli, db, &store);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	enum hp_status status = hp_store_last_checkpoint(store, &cli->arena, &size, &text);
	if (status != HP_OK)
		exit_code = hp_auditor_store_failed(cli, store, status);
	if (exit_code == HP_EXIT_OK)
		exit_code = print_leaves(cli, store, size, &buf);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_auditor_each_kept(cli, store, print_checkpoint,
						 &(struct printer){cli, &buf});
	hp_buf_release(&buf);
	hp_store_close(store);
	return exit_code;
}

/* ---- prove ---- */

/* The leaf itself, for its hash, as the broker serves it. */
static int
ask_leaf(struct hp_cli *cli, uint64_t seq, struct hp_hash *ret_hash)
{
	const struct hp_value *reply = NULL;
	struct hp_value *message = hp_cli_message(cli, "audit");
	hp_map_set_int(&cli->arena, message, "from", (int64_t)seq);
	hp_map_set_int(&cli->arena, message, "limit", 1);
	int exit_code = hp_cli_ask(cli, message, "entries", &reply);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	const struct hp_value *entry = hp_array_get(hp_map_get(reply, "entries"), 0);
	const struct hp_value *leaf = hp_map_get(entry, "leaf");
	if (!leaf || leaf->type != HP_BIN || hp_map_get_int(entry, "seq", -1) != (int64_t)seq)
		return hp_cli_error(cli, HP_EXIT_NOT_FOUND, "there is no leaf %" PRIu64, seq);
	hp_merkle_leaf_hash(leaf->str.p, leaf->str.len, ret_hash);
	return HP_EXIT_OK;
}

static int
prove_by_broker(struct hp_cli *cli, uint64_t seq, struct hp_hash *ret_leaf, const char **ret_text)
{
	const struct hp_value *reply = NULL;
	int exit_code = hp_cli_connect(cli, HP_SIDE_CONTROL_FIRST);
	if (exit_code == HP_EXIT_OK)
		exit_code = ask_leaf(cli, seq, ret_leaf);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	struct hp_value *message = hp_cli_message(cli, "proof");
	hp_map_set_int(&cli->arena, message, "leaf", (int64_t)seq);
	exit_code = hp_cli_ask(cli, message, "proof", &reply);
	if (exit_code == HP_EXIT_OK)
		*ret_text = hp_map_get_str(reply, "text", "");
	return exit_code;
}

/* Under the newest checkpoint that the database keeps. */
static enum hp_status
make_proof(struct hp_cli *cli, struct hp_store *store, uint64_t seq, struct hp_hash *ret_leaf,
	   const char **ret_text)
{
	struct hp_hash proof[HP_MERKLE_PROOF_MAX];
	struct hp_stored_leaf *leaf = NULL;
	struct hp_buf buf = {0};
	const char *checkpoint = NULL;
	uint64_t size = 0;
	size_t count = 0;
	enum hp_status status = hp_store_leaves(store, &cli->arena, seq, 1, &leaf, &count);
	if (status == HP_OK)
		status = hp_store_last_checkpoint(store, &cli->arena, &size, &checkpoint);
	if (status == HP_OK && (!count || leaf->seq != seq || seq >= size))
		return HP_NOT_FOUND;
	if (status == HP_OK) {
		hp_merkle_leaf_hash(leaf->leaf.p, leaf->leaf.len, ret_leaf);
		status = hp_merkle_inclusion(seq, size, hp_store_node_get, store, proof, &count);
	}
	if (status == HP_NOT_FOUND) /* of a node */
		return HP_BAD_SIGNATURE;
	if (status != HP_OK)
		return status;
	hp_checkpoint_add_proof(&buf, seq, proof, count, checkpoint);
	*ret_text = hp_arena_copy(&cli->arena, hp_buf_text(&buf), buf.len);
	status = buf.failed || !*ret_text ? HP_NOMEM : HP_OK;
	hp_buf_release(&buf);
	return status;
}

static int
prove_by_database(struct hp_cli *cli, const char *db, uint64_t seq, struct hp_hash *ret_leaf,
		  const char **ret_text)
{
	struct hp_store *store = NULL;
	int exit_code = hp_auditor_open(cli, db, &store);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	enum hp_status status = make_proof(cli, store, seq, ret_leaf, ret_text);
	if (status == HP_NOT_FOUND)
		exit_code = hp_cli_error(cli, HP_EXIT_NOT_FOUND,
					 "no leaf %" PRIu64 " under the newest checkpoint", seq);
	else if (status == HP_BAD_SIGNATURE)
		exit_code = hp_cli_error(cli, HP_EXIT_CHECK_FAILED,
					 "a node of the tree is missing: audit verify says more");
	else if (status != HP_OK)
		exit_code = hp_auditor_store_failed(cli, store, status);
	hp_store_close(store);
	return exit_code;
}

int
hp_cmd_audit_prove(struct hp_cli *cli)
{
	struct hp_auditor_place place;
	struct hp_checkpoint checkpoint;
	struct hp_error err = {0};
	struct hp_hash leaf;
	const char *text = "", *db = hp_cli_option(cli, "db");
	uint64_t seq, index = 0;
	char *end;
	errno = 0;
	seq = strtoull(cli->args[0], &end, 10);
	if (!*cli->args[0] || *end || errno || cli->args[0][0] == '-' || seq > INT64_MAX)
		return hp_cli_usage(cli, "expected a sequence number, not \"%s\"",
				    hp_text_safe(&cli->arena, cli->args[0], 0));
	int exit_code = hp_auditor_find_key(cli, &place);
	if (exit_code == HP_EXIT_OK)
		exit_code = db ? prove_by_database(cli, db, seq, &leaf, &text)
			       : prove_by_broker(cli, seq, &leaf, &text);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	enum hp_status status =
		hp_checkpoint_verify_proof(text, strlen(text), place.origin, place.key, &leaf,
					   &index, &checkpoint, &err);
	if (status == HP_OK && index != seq)
		status = hp_fail(&err, HP_BAD_SIGNATURE, "it is of leaf %" PRIu64, index);
	if (status != HP_OK)
		return hp_cli_error(cli, HP_EXIT_CHECK_FAILED, "the proof does not hold: %s",
				    err.message);
	if (cli->json) {
		struct hp_value *map = hp_value_map(&cli->arena);
		hp_map_set_str(&cli->arena, map, "text", text);
		return hp_out_json(cli, map);
	}
	fputs(text, stdout); /* verified: the origin is ours, the rest numbers and base64 */
	return HP_EXIT_OK;
}
