/*
 * explained - a verdict for a person at a terminal: what, by which layer, and who may say yes.
 */
#ifndef HP_CLI_EXPLAINED_H
#define HP_CLI_EXPLAINED_H

#include "cli/offline.h"

/*
 * Prints the verdict on what `as` asks: named values, then each layer's findings, strictest first,
 * with their places in the policy file. Returns an exit code.
 */
int hp_explained_print(struct hp_cli *cli, const struct hp_offline *offline, const char *as,
		       const struct hp_verdict *verdict);

#endif
