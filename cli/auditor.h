/*
 * auditor - a log at rest or in use, read and verified without its broker: what audit commands share.
 *
 * Invariants:
 *  1. Nothing is written, nothing locked: a broker may go on serving what is read.
 *  2. The lock file is read before the database, so that an honest one never vouches for more than
 *     the database holds.
 *  3. What a file says is escaped before it is shown.
 * Threads: one.
 */
#ifndef HP_CLI_AUDITOR_H
#define HP_CLI_AUDITOR_H

#include "broker/store.h"
#include "cli/command.h"
#include "core/verify.h"

/* Where a log lies, and what vouches for it. Strings live in the cli's arena. */
struct hp_auditor_place {
	const char *db, *export_file; /* one of them; the other NULL */
	const char *lock, *anchor;    /* NULL: none */
	const char *state_dir;	      /* of the instance's own database; NULL otherwise */
	const char *origin;	      /* the instance, as its verifier key says */
	uint8_t key[HP_SIGN_PUBLIC_BYTES];
};

/* Fills it from --db, --export, --anchor and --log-key where the command has them, else from the
 * instance: its database, its lock file, the key of its broker.json. HP_EXIT_OK, or printed. */
int hp_auditor_locate(struct hp_cli *cli, struct hp_auditor_place *ret_place);

/* Parts of it: the key and its origin alone; the path of the instance's own database. */
int hp_auditor_find_key(struct hp_cli *cli, struct hp_auditor_place *place);
int hp_auditor_own_database(struct hp_cli *cli, const char **ret_path);

/* HP_EXIT_OK, or printed: HP_EXIT_USAGE for what is no database of holdpoint, HP_EXIT_CHECK_FAILED
 * for one that is damaged. */
int hp_auditor_open(struct hp_cli *cli, const char *path, struct hp_store **ret_store);
/* Prints what the store came back with, and its exit code. */
int hp_auditor_store_failed(struct hp_cli *cli, const struct hp_store *store, enum hp_status status);

/* Every checkpoint that the database keeps, from the oldest on; `text` is "" where it has none. A visit
 * that is not HP_EXIT_OK ends it, and so does a store that fails, which is printed. */
typedef int hp_auditor_kept(void *context, uint64_t size, struct hp_str text);
int hp_auditor_each_kept(struct hp_cli *cli, struct hp_store *store, hp_auditor_kept *visit,
			 void *context);

/*
 * Verifies all of it; long work shows its progress on a terminal. HP_EXIT_OK when it could be read:
 * then `ret_result` says whether it is as it must be (no problems), and is released with
 * hp_problems_release(). Otherwise printed: a file that is not there or is no log.
 */
int hp_auditor_verify(struct hp_cli *cli, const struct hp_auditor_place *place,
		    struct hp_verify_result *ret_result);

/* As `audit verify --json` prints it. */
struct hp_value *hp_auditor_verdict(struct hp_arena *arena, const struct hp_auditor_place *place,
				  const struct hp_verify_result *result);

/* ---- between the files of this family ---- */

/* The tables of a database against the log, by hooks of the replay. */
struct hp_auditor_tables;
extern const struct hp_replay_hooks hp_auditor_table_hooks;
HP_MUST_CHECK enum hp_status hp_auditor_tables_new(struct hp_store *store,
						 struct hp_problems *problems,
						 struct hp_auditor_tables **ret_tables);
void hp_auditor_tables_free(struct hp_auditor_tables *tables);
/* After the last leaf. HP_IO, HP_NOMEM: also of what the hooks met. */
HP_MUST_CHECK enum hp_status hp_auditor_tables_finish(struct hp_auditor_tables *tables,
						    const struct hp_replay *replay);

/* Leaves read so far, now and then, on standard error of a terminal. */
struct hp_auditor_progress {
	struct hp_cli *cli;
	uint64_t total; /* 0: unknown */
	int64_t shown_ms;
	bool shown;
};
void hp_auditor_progress_show(struct hp_auditor_progress *progress, uint64_t leaves);
void hp_auditor_progress_end(struct hp_auditor_progress *progress);

/* A file of lines of JSON. */
int hp_auditor_verify_export(struct hp_cli *cli, const struct hp_auditor_place *place,
			   struct hp_verify *verify, struct hp_verify_result *result);

#endif
