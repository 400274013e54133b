/*
 * output - what commands print as data: JSON, tables, and lists of named values.
 *
 * Invariants:
 *  1. Plain output is stable: the same columns and names whatever the terminal; colour only on a
 *     terminal without NO_COLOR, TERM=dumb or --no-color (protocol.md "Command line").
 *  2. Cells and values are escaped by the caller (hp_out_text) or are holdpoint's own words.
 *  3. Columns are separated by two spaces or more; only the last one may hold spaces.
 */
#ifndef HP_CLI_OUTPUT_H
#define HP_CLI_OUTPUT_H

#include "cli/command.h"

/* Whether to colour, and whether characters beyond ASCII can be shown (the locale says). */
bool hp_out_colour(const struct hp_cli *cli);
bool hp_out_ascii(void);
/* Columns of the terminal, 80 elsewhere. */
size_t hp_out_columns(void);

/* The value as one line of JSON. Returns an exit code. */
int hp_out_json(struct hp_cli *cli, const struct hp_value *value);

/* A stranger's string, escaped to one line; "-" when absent or empty. */
const char *hp_out_text(struct hp_cli *cli, const struct hp_value *string);
/* Likewise; spaces are escaped too: for a column that is not the last. */
const char *hp_out_word(struct hp_cli *cli, const struct hp_value *string);
/* The strings of a list, joined by ","; "-" for none. */
const char *hp_out_list(struct hp_cli *cli, const struct hp_value *list);
/* UTC, or "-" for less than 0. */
const char *hp_out_time(struct hp_cli *cli, int64_t wall_ms);
/* "DATE by NAME" of what was erased; NULL for what was not. */
const char *hp_out_erased(struct hp_cli *cli, const struct hp_value *reply);
/* Lower-case hexadecimal of a bin, "-" when absent. */
const char *hp_out_hex(struct hp_cli *cli, const struct hp_value *bin);

/* "name          value", for one object. Nothing when value is NULL. */
void hp_out_field(const char *name, const char *value);

struct hp_table {
	struct hp_cli *cli;
	const char *const *headings; /* NULL-terminated */
	size_t columns;
	const char **cells;
	size_t count, capacity; /* of cells */
};
void hp_table_init(struct hp_table *table, struct hp_cli *cli, const char *const *headings);
/* One row of as many cells as there are headings. */
void hp_table_add(struct hp_table *table, const char *const *cells);
/* Headings (not with -q) and rows. */
int hp_table_print(const struct hp_table *table);

/* "finding       LAYER EFFECT RULE:LINE MESSAGE" each. */
void hp_out_findings(struct hp_cli *cli, const struct hp_value *findings);

/* A reply `receipt` or `status`: all of it; with -q the id alone. */
int hp_out_receipt(struct hp_cli *cli, const struct hp_value *receipt);
int hp_out_status(struct hp_cli *cli, const struct hp_value *status);
/* The exit code that a request's state gives (protocol.md "Command line"). */
int hp_out_state_exit(const struct hp_value *reply);

#endif
