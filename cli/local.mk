# cli: holdpoint, the command line. One table of commands; one file a family.
noinst_LIBRARIES += cli/libhpcli.a
cli_libhpcli_a_SOURCES = \
	%D%/command.h %D%/commands.def %D%/options.c %D%/arguments.c %D%/help.c %D%/messages.c \
	%D%/prompt.h %D%/prompt.c %D%/connect.c %D%/ids.c %D%/output.h %D%/output.c
cli_libhpcli_a_SOURCES += %D%/cmd_init.c %D%/cmd_keys.c %D%/cmd_enrol.c
