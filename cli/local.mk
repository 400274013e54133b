# cli: holdpoint, the command line. One table of commands; one file a family.
noinst_LIBRARIES += cli/libhpcli.a
cli_libhpcli_a_SOURCES = \
	%D%/command.h %D%/commands.def %D%/options.c %D%/arguments.c %D%/help.c %D%/messages.c \
	%D%/prompt.h %D%/prompt.c %D%/connect.c %D%/requests.c %D%/output.h %D%/output.c \
	%D%/fields.h %D%/fields.c %D%/shown.h %D%/offline.h %D%/offline.c \
	%D%/explained.h %D%/explained.c \
	%D%/cmd_ask.c %D%/cmd_audit.c %D%/cmd_erase.c %D%/cmd_console.c %D%/cmd_decide.c %D%/cmd_exec.c \
	%D%/cmd_list.c %D%/cmd_policy.c %D%/cmd_policy_test.c %D%/cmd_policy_export.c \
	%D%/preflight.h %D%/cmd_preflight.c %D%/preflight_live.c %D%/preflight_audit.c \
	%D%/cmd_show.c %D%/cmd_stop.c %D%/cmd_task.c \
	%D%/cmd_watch.c
cli_libhpcli_a_SOURCES += %D%/trial.h %D%/trial.c %D%/cmd_init.c %D%/cmd_keys.c %D%/cmd_enrol.c

bin_PROGRAMS += holdpoint
holdpoint_SOURCES = %D%/main.c
holdpoint_LDADD = cli/libhpcli.a enforce/libhpenforce.a broker/libhpstore.a $(TUI_LIBS) $(SQLITE_LIBS)
cli_libhpcli_a_SOURCES += %D%/cmd_redact.c
cli_libhpcli_a_SOURCES += %D%/cmd_hook.c
cli_libhpcli_a_SOURCES += %D%/auditor.h %D%/auditor.c %D%/auditor_verify.c %D%/auditor_export.c \
	%D%/auditor_tables.c %D%/cmd_audit_verify.c %D%/cmd_audit_export.c
cli_libhpcli_a_SOURCES += %D%/cmd_executor.c
cli_libhpcli_a_SOURCES += %D%/cmd_mcp.c %D%/program.c
cli_libhpcli_a_SOURCES += %D%/cmd_audit_report.c
