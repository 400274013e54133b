/*
 * make_log - a database as a broker leaves it, for those who check one: `make_log DIR` writes
 * DIR/holdpoint.db and DIR/checkpoint.lock and prints the log's verifier key. With `small`, a log of
 * two requests, and DIR/old.db, a copy from before its last leaves.
 *
 * Twelve requests go every way that the lifecycle has, with signed votes, notes, an extension and a
 * halt. Leaves are composed as the broker composes them.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/broker/made_log.h"

/* A database that nobody writes at the moment may be copied, with its write-ahead log. */
static void
copy(const char *dir)
{
	const char *command = hp_arena_printf(
		&made_arena, "cp '%s/holdpoint.db' '%s/old.db' && cp '%s/holdpoint.db-wal' '%s/old.db-wal'",
		dir, dir, dir, dir);
	made_must(command && system(command) == 0 ? HP_OK : HP_IO, "copy");
}

static void
live_shortly(const char *dir)
{
	struct hp_row row = made_submit(1, "escalate", HP_STATE_PENDING, 2);
	made_discuss(&row);
	made_decide(&row, MADE_ANA, true, HP_STATE_PENDING);
	made_decide(&row, MADE_BEN, true, HP_STATE_GRANTED);
	made_checkpoint();
	copy(dir);
	made_move(&row, HP_STATE_EXECUTING, "exec", "");
	made_move(&row, HP_STATE_SUCCEEDED, "exec", "");
	made_submit(3, "block", HP_STATE_BLOCKED, 0);
	made_checkpoint();
}

static void
live(void)
{
	struct hp_row row = made_submit(1, "escalate", HP_STATE_PENDING, 2);
	made_discuss(&row);
	made_decide(&row, MADE_ANA, true, HP_STATE_PENDING);
	made_decide(&row, MADE_BEN, true, HP_STATE_GRANTED);
	made_move(&row, HP_STATE_EXECUTING, "exec", "");
	made_move(&row, HP_STATE_SUCCEEDED, "exec", "");
	made_checkpoint();
	row = made_submit(2, "escalate", HP_STATE_PENDING, 2);
	made_decide(&row, MADE_BEN, false, HP_STATE_DENIED);
	made_submit(3, "block", HP_STATE_BLOCKED, 0);
	row = made_submit(4, "allow", HP_STATE_GRANTED, 0);
	made_move(&row, HP_STATE_LAPSED, "broker", "nobody claimed it in time");
	row = made_submit(5, "log", HP_STATE_GRANTED, 0);
	made_move(&row, HP_STATE_RELEASED, "gateway", "");
	row = made_submit(6, "hold", HP_STATE_PENDING, 1);
	made_move(&row, HP_STATE_EXPIRED, "broker", "nobody approved it before its deadline");
	made_checkpoint();
	row = made_submit(7, "hold", HP_STATE_PENDING, 2);
	made_decide(&row, MADE_ANA, true, HP_STATE_PENDING);
	row = made_submit(8, "hold", HP_STATE_PENDING, 1);
	made_halt(&row);
	row = made_submit(9, "allow", HP_STATE_GRANTED, 0);
	made_move(&row, HP_STATE_EXECUTING, "exec", "");
	made_move(&row, HP_STATE_ROLLING_BACK, "exec", "exit code 1");
	made_move(&row, HP_STATE_ROLLED_BACK, "exec", "");
	row = made_submit(10, "allow", HP_STATE_GRANTED, 0);
	made_move(&row, HP_STATE_EXECUTING, "exec", "");
	made_move(&row, HP_STATE_UNKNOWN, "broker", "its enforcement point stopped answering");
	made_move(&row, HP_STATE_SUCCEEDED, "ben", "looked at it");
	row = made_submit(11, "hold", HP_STATE_PENDING, 1);
	made_move(&row, HP_STATE_WITHDRAWN, "agent", "");
	row = made_submit(12, "hold", HP_STATE_PENDING, 1);
	made_decide(&row, MADE_ANA, true, HP_STATE_GRANTED);
	made_decide(&row, MADE_ANA, false, HP_STATE_DENIED);
	row = made_submit(13, "allow", HP_STATE_GRANTED, 0);
	made_move(&row, HP_STATE_EXECUTING, "exec", "");
	made_checkpoint();
}

int
main(int argc, char **argv)
{
	if (argc != 2 && (argc != 3 || strcmp(argv[2], "small") != 0))
		return 2;
	made_open(argv[1]);
	if (argc == 3)
		live_shortly(argv[1]);
	else
		live();
	made_close();
	return 0;
}
