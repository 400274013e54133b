# tui: the console. The model knows neither curses nor sockets.
noinst_LIBRARIES += tui/libhptui.a
tui_libhptui_a_SOURCES = \
	%D%/app.h %D%/app.c \
	%D%/model.h %D%/row.h %D%/row.c %D%/care.h %D%/care.c %D%/model.c \
	%D%/lists.h %D%/cursor.c %D%/rows.c %D%/agents.c %D%/bulk.c \
	%D%/ledger.h %D%/ledger.c %D%/ledger_check.c %D%/reads.h %D%/reads.c %D%/related.h %D%/related.c \
	%D%/commands.def %D%/command.h %D%/command.c \
	 %D%/queue.c %D%/queue_view.c %D%/pinned.c %D%/dialog.c \
	%D%/actions.def %D%/control.h %D%/control.c \
	%D%/session.h %D%/session.c \
	%D%/safe.h %D%/safe.c %D%/screen.h %D%/screen.c %D%/terminal.c \
	%D%/input.h %D%/input.c %D%/manual.h %D%/manual.c \
	%D%/views.def %D%/view.h %D%/view.c %D%/frame.c %D%/view_history.c \
	%D%/view_checks.c %D%/view_agents.c %D%/view_audit.c %D%/view_queue.c %D%/view_request.c %D%/view_help.c \
	%D%/view_dialog.c
TUI_LIBS = tui/libhptui.a $(PROTO_LIBS) $(NCURSES_LIBS)
