/* Reading a whole log past the verifier: a database, its nodes and tables beside it; or an export. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cli/auditor.h"
#include "core/limits.h"
#include "core/text.h"
#include "proto/file.h"

enum {
	LEAVES_AT_ONCE = 256,
	NODES_AT_ONCE = 1024,
	SIGNED_WITHIN_MS = 3000, /* a broker signs what it commits within a second */
	LOOK_AGAIN_MS = 20,
	PROGRESS_MS = 200,
	KEPT_BYTES = 32 << 20, /* of freed memory, for the next page of leaves */
};

/* ---- progress ---- */

void
hp_auditor_progress_show(struct hp_auditor_progress *progress, uint64_t leaves)
{
	int64_t now_ms = hp_cli_now_ms();
	if (!progress->shown_ms) {
		progress->shown_ms = now_ms;
		return;
	}
	if (now_ms - progress->shown_ms < PROGRESS_MS || progress->cli->quiet ||
	    !isatty(STDERR_FILENO))
		return;
	progress->shown_ms = now_ms;
	progress->shown = true;
	if (progress->total)
		fprintf(stderr, "\r%llu of %llu leaves, %d %%", (unsigned long long)leaves,
			(unsigned long long)progress->total,
			(int)((double)leaves / (double)progress->total * 100));
	else
		fprintf(stderr, "\r%llu leaves", (unsigned long long)leaves);
	fflush(stderr);
}

void
hp_auditor_progress_end(struct hp_auditor_progress *progress)
{
	if (progress->shown)
		fputs("\r                                                        \r", stderr);
	progress->shown = false;
}

/* ---- witnesses ---- */

static int
add_witness(struct hp_cli *cli, struct hp_verify *verify, enum hp_witness kind, const char *text,
	    size_t len, const uint64_t *size)
{
	if (hp_verify_witness(verify, kind, text, len, size) == HP_OK)
		return HP_EXIT_OK;
	return hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
}

/* Up to where the text can be taken apart although more of it may come: behind an empty line that
 * does not stand inside a checkpoint. 0: nowhere. */
static size_t
whole_part(const struct hp_buf *text)
{
	for (size_t i = text->len; i > 4; i--)
		if (text->data[i - 4] == '\n' && text->data[i - 5] == '\n' &&
		    text->data[i - 3] < 0x80 && text->data[i - 2] < 0x80)
			return i - 3;
	return 0;
}

/* The checkpoints in the first `len` bytes, which are taken off. */
static int
take_checkpoints(struct hp_cli *cli, struct hp_verify *verify, struct hp_buf *text, size_t len,
		 size_t *skipped)
{
	struct hp_str rest = {hp_buf_text(text), len}, checkpoint;
	int exit_code = HP_EXIT_OK;
	while (exit_code == HP_EXIT_OK && hp_checkpoint_next(&rest, &checkpoint, skipped))
		exit_code = add_witness(cli, verify, HP_WITNESS_ANCHOR, checkpoint.p,
					checkpoint.len, NULL);
	if (len)
		memmove(text->data, text->data + len, text->len - len);
	text->len -= len;
	return exit_code;
}

/* An anchor grows for as long as its log: it is read piece by piece. */
static int
read_anchor(struct hp_cli *cli, struct hp_verify *verify, FILE *file, size_t *skipped)
{
	struct hp_buf text = {0};
	char piece[64 * 1024];
	size_t got;
	int exit_code = HP_EXIT_OK;
	while (exit_code == HP_EXIT_OK && (got = fread(piece, 1, sizeof piece, file)) > 0) {
		hp_buf_add(&text, piece, got);
		if (text.failed || text.len > HP_LIMIT_FILE_BYTES)
			exit_code = hp_cli_error(cli, text.failed ? HP_EXIT_INTERNAL : HP_EXIT_USAGE,
						 "the anchor has no checkpoint in %u bytes",
						 HP_LIMIT_FILE_BYTES);
		else
			exit_code = take_checkpoints(cli, verify, &text, whole_part(&text), skipped);
	}
	if (exit_code == HP_EXIT_OK)
		exit_code = take_checkpoints(cli, verify, &text, text.len, skipped);
	hp_buf_release(&text);
	return exit_code;
}

static int
add_anchor(struct hp_cli *cli, struct hp_verify *verify, struct hp_verify_result *result,
	   const char *path)
{
	const char *shown = hp_text_safe(&cli->arena, path, 0);
	FILE *file = fopen(path, "re");
	size_t skipped = 0;
	if (!file)
		return hp_cli_error(cli, HP_EXIT_USAGE, "cannot read \"%s\": %s", shown,
				    strerror(errno));
	int exit_code = read_anchor(cli, verify, file, &skipped);
	if (exit_code == HP_EXIT_OK && ferror(file))
		exit_code = hp_cli_error(cli, HP_EXIT_USAGE, "cannot read \"%s\"", shown);
	fclose(file);
	if (exit_code != HP_EXIT_OK)
		return exit_code;
	if (!result->witnesses[HP_WITNESS_ANCHOR])
		return hp_cli_error(cli, HP_EXIT_USAGE, "\"%s\": there is no checkpoint in it",
				    shown);
	if (skipped)
		hp_cli_note(cli, "\"%s\": %zu lines are no checkpoint", shown, skipped);
	return HP_EXIT_OK;
}

/* ---- a database ---- */

struct database {
	struct hp_store *store;
	struct hp_auditor_tables *tables;
	struct hp_arena leaves, node_page;
	struct hp_stored_node *nodes; /* read and not yet taken: [at, count) */
	size_t count, at;
	uint64_t from; /* the next page's first index */
};

static enum hp_status
next_node(struct database *database, uint64_t *ret_index, struct hp_hash *ret_hash)
{
	if (database->at == database->count) {
		hp_arena_reset(&database->node_page);
		enum hp_status status =
			hp_store_nodes(database->store, &database->node_page, database->from,
				       NODES_AT_ONCE, &database->nodes, &database->count);
		database->at = 0;
		if (status != HP_OK) {
			database->count = 0;
			return status;
		}
		if (!database->count)
			return HP_NOT_FOUND;
		database->from = database->nodes[database->count - 1].index + 1;
	}
	*ret_index = database->nodes[database->at].index;
	*ret_hash = database->nodes[database->at++].hash;
	return HP_OK;
}

/* The verifier's hooks have one context: the database. */
static enum hp_status
node_hook(void *context, uint64_t *ret_index, struct hp_hash *ret_hash)
{
	return next_node(context, ret_index, ret_hash);
}

static void
submitted_hook(void *context, struct hp_replay_request *request, const struct hp_value *canonical,
	       struct hp_str bytes)
{
	struct database *database = context;
	hp_auditor_table_hooks.submitted(database->tables, request, canonical, bytes);
}

static void
left_hook(void *context, struct hp_replay_request *request)
{
	struct database *database = context;
	hp_auditor_table_hooks.left(database->tables, request);
}

static void
noted_hook(void *context, uint64_t seq, const char *id, int64_t row_key, unsigned n,
	   const char *by, const struct hp_value *text, int64_t at_ms)
{
	struct database *database = context;
	hp_auditor_table_hooks.noted(database->tables, seq, id, row_key, n, by, text, at_ms);
}

static const struct hp_replay_hooks hooks = {submitted_hook, left_hook, noted_hook};

struct kept {
	struct hp_cli *cli;
	struct hp_verify *verify;
};

static int
add_kept(void *context, uint64_t size, struct hp_str text)
{
	const struct kept *kept = context;
	return add_witness(kept->cli, kept->verify, HP_WITNESS_KEPT, text.p, text.len, &size);
}

static int
read_leaves(struct hp_cli *cli, struct database *database, struct hp_verify *verify)
{
	struct hp_auditor_progress progress = {.cli = cli};
	struct hp_stored_leaf *leaves = NULL;
	size_t count = LEAVES_AT_ONCE;
	uint64_t from = 0;
	enum hp_status status = hp_store_leaf_count(database->store, &progress.total);
	while (status == HP_OK && count == LEAVES_AT_ONCE) {
		hp_arena_reset(&database->leaves);
		status = hp_store_leaves(database->store, &database->leaves, from, LEAVES_AT_ONCE,
					 &leaves, &count);
		for (size_t i = 0; status == HP_OK && i < count; i++) {
			status = hp_verify_leaf(verify, leaves[i].seq, leaves[i].leaf,
						leaves[i].body, leaves[i].salt, NULL);
			from = leaves[i].seq + 1;
		}
		hp_auditor_progress_show(&progress, from);
	}
	hp_auditor_progress_end(&progress);
	if (status == HP_REFUSED) /* a problem, told; the rest is not believed */
		status = HP_OK;
	if (status == HP_OK)
		status = hp_verify_finish(verify);
	if (status == HP_OK && !hp_verify_is_broken(verify))
		status = hp_auditor_tables_finish(database->tables, hp_verify_replay(verify));
	return status == HP_OK ? HP_EXIT_OK
			       : hp_auditor_store_failed(cli, database->store, status);
}

/* Whether a broker serves this directory: it holds the lock beside the database. */
static bool
is_served(struct hp_cli *cli, const char *state_dir)
{
	const char *path = hp_arena_printf(&cli->arena, "%s/lock", state_dir);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
	if (fd < 0)
		return false;
	bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

static bool
all_signed(struct hp_cli *cli, struct hp_store *store)
{
	uint64_t leaves = 0, size = 0;
	const char *text = NULL;
	return hp_store_leaf_count(store, &leaves) == HP_OK &&
	       hp_store_last_checkpoint(store, &cli->arena, &size, &text) == HP_OK &&
	       size == leaves;
}

static int
read_lock(struct hp_cli *cli, const struct hp_auditor_place *place, struct hp_buf *lock)
{
	struct hp_error err = {0};
	hp_buf_reset(lock);
	enum hp_status status = place->lock ? hp_file_read(place->lock, lock, &err) : HP_OK;
	return status == HP_OK || status == HP_NOT_FOUND ? HP_EXIT_OK
							 : hp_cli_fail_file(cli, status, &err);
}

/* Whether the store's moment is one in which everything is signed, and `lock` its lock file. */
static int
look_signed(struct hp_cli *cli, const struct hp_auditor_place *place, const struct hp_buf *lock,
	    struct hp_store *store, bool *ret_signed)
{
	struct hp_buf again = {0};
	int exit_code = read_lock(cli, place, &again);
	*ret_signed = again.len == lock->len &&
		      (!lock->len || memcmp(again.data, lock->data, lock->len) == 0) &&
		      all_signed(cli, store);
	hp_buf_release(&again);
	return exit_code;
}

/* A moment of a database that a broker writes in which everything is signed, if one comes. */
static int
open_signed(struct hp_cli *cli, const struct hp_auditor_place *place, struct hp_buf *lock,
	    struct hp_store **ret_store, bool *ret_growing)
{
	const struct timespec pause = {.tv_nsec = LOOK_AGAIN_MS * 1000000L};
	int64_t until_ms = hp_cli_now_ms() + SIGNED_WITHIN_MS;
	for (;;) {
		bool is_signed = true;
		int exit_code = read_lock(cli, place, lock);
		if (exit_code == HP_EXIT_OK)
			exit_code = hp_auditor_open(cli, place->db, ret_store);
		if (exit_code == HP_EXIT_OK && place->state_dir)
			exit_code = look_signed(cli, place, lock, *ret_store, &is_signed);
		if (exit_code != HP_EXIT_OK || is_signed || !is_served(cli, place->state_dir))
			return exit_code;
		*ret_growing = hp_cli_now_ms() >= until_ms;
		if (*ret_growing)
			return exit_code;
		hp_store_close(*ret_store);
		*ret_store = NULL;
		nanosleep(&pause, NULL);
	}
}

/* Everything that vouches for the database. */
static int
add_witnesses(struct hp_cli *cli, const struct hp_auditor_place *place, const struct hp_buf *lock,
	      struct hp_store *store, struct hp_verify *verify, struct hp_verify_result *result)
{
	int exit_code = HP_EXIT_OK;
	if (lock->len)
		exit_code = add_witness(cli, verify, HP_WITNESS_LOCK, hp_buf_text(lock), lock->len,
					NULL);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_auditor_each_kept(cli, store, add_kept,
						 &(struct kept){cli, verify});
	if (exit_code == HP_EXIT_OK && place->anchor)
		exit_code = add_anchor(cli, verify, result, place->anchor);
	return exit_code;
}

static int
verify_database(struct hp_cli *cli, const struct hp_auditor_place *place,
		struct hp_verify_result *result)
{
	struct database database = {0};
	struct hp_verify *verify = NULL;
	struct hp_buf lock = {0};
	struct hp_verify_options options = {
		.origin = place->origin,
		.public_key = place->key,
		.next_node = node_hook,
		.hooks = &hooks,
		.context = &database,
	};
	int exit_code = open_signed(cli, place, &lock, &database.store, &options.growing);
	if (exit_code == HP_EXIT_OK &&
	    (hp_verify_new(&options, result, &verify) != HP_OK ||
	     hp_auditor_tables_new(database.store, &result->problems, &database.tables) != HP_OK))
		exit_code = hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	if (exit_code == HP_EXIT_OK && place->lock && !lock.len)
		hp_problems_add(&result->problems, HP_NO_SEQ,
				"lock file \"%s\": it is missing or empty", place->lock);
	if (exit_code == HP_EXIT_OK)
		exit_code = add_witnesses(cli, place, &lock, database.store, verify, result);
	if (exit_code == HP_EXIT_OK)
		exit_code = read_leaves(cli, &database, verify);
	hp_verify_free(verify);
	hp_auditor_tables_free(database.tables);
	hp_store_close(database.store);
	hp_arena_release(&database.leaves);
	hp_arena_release(&database.node_page);
	hp_buf_release(&lock);
	return exit_code;
}

/* ---- an export ---- */

static int
verify_export(struct hp_cli *cli, const struct hp_auditor_place *place,
	      struct hp_verify_result *result)
{
	const struct hp_verify_options options = {
		.origin = place->origin,
		.public_key = place->key,
	};
	struct hp_verify *verify = NULL;
	int exit_code = HP_EXIT_OK;
	if (hp_verify_new(&options, result, &verify) != HP_OK)
		exit_code = hp_cli_error(cli, HP_EXIT_INTERNAL, "out of memory");
	if (exit_code == HP_EXIT_OK && place->anchor)
		exit_code = add_anchor(cli, verify, result, place->anchor);
	if (exit_code == HP_EXIT_OK)
		exit_code = hp_auditor_verify_export(cli, place, verify, result);
	hp_verify_free(verify);
	return exit_code;
}

int
hp_auditor_verify(struct hp_cli *cli, const struct hp_auditor_place *place,
		struct hp_verify_result *ret_result)
{
	struct hp_verify_result result = {0};
	/* Pages of leaves come and go: memory given back between them costs a fault a page. */
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	int exit_code = place->db ? verify_database(cli, place, &result)
				  : verify_export(cli, place, &result);
	if (exit_code == HP_EXIT_OK)
		*ret_result = result;
	else
		hp_problems_release(&result.problems);
	return exit_code;
}
