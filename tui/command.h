/*
 * command - the console's command line (`:`), made from commands.def.
 */
#ifndef HP_TUI_COMMAND_H
#define HP_TUI_COMMAND_H

#include "tui/model.h"

/* For the help page. */
size_t hp_command_count(void);
void hp_command_describe(size_t index, const char **ret_name, const char **ret_arguments,
                         const char **ret_help);

#endif
